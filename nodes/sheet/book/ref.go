package book

import (
	"fmt"
	"strconv"
	"strings"
)

// Range is a rectangle of cells, counted from 1, both corners included. A
// range of whole columns or rows ends at the last row or column there can be.
type Range struct {
	Row1, Column1, Row2, Column2 int
}

// Whole is the range of all cells.
var Whole = Range{1, 1, MaxRows, MaxColumns}

// ColumnName returns the letters of a column.
func ColumnName(n int) string {
	var b [8]byte
	i := len(b)
	for ; n > 0 && i > 0; n = (n - 1) / 26 {
		i--
		b[i] = byte('A' + (n-1)%26)
	}
	return string(b[i:])
}

// CellName returns the name of a cell, for instance B7.
func CellName(row, column int) string { return ColumnName(column) + strconv.Itoa(row) }

// String returns the range as A1:B2; as A1 if it is one cell, as A:B or 1:2 if
// it is whole columns or rows.
func (r Range) String() string {
	switch {
	case r.Row1 == r.Row2 && r.Column1 == r.Column2:
		return CellName(r.Row1, r.Column1)
	case r.Row1 == 1 && r.Row2 == MaxRows && r != Whole:
		return ColumnName(r.Column1) + ":" + ColumnName(r.Column2)
	case r.Column1 == 1 && r.Column2 == MaxColumns && r != Whole:
		return fmt.Sprintf("%d:%d", r.Row1, r.Row2)
	}
	return CellName(r.Row1, r.Column1) + ":" + CellName(r.Row2, r.Column2)
}

// Open reports whether the range has no end of its own: whole columns or rows.
func (r Range) Open() bool { return r.Row2 == MaxRows || r.Column2 == MaxColumns }

// Holds reports whether the cell lies in the range.
func (r Range) Holds(row, column int) bool {
	return row >= r.Row1 && row <= r.Row2 && column >= r.Column1 && column <= r.Column2
}

// Cells returns the number of cells.
func (r Range) Cells() int { return (r.Row2 - r.Row1 + 1) * (r.Column2 - r.Column1 + 1) }

// ParseRange reads A1, A1:B2, A:B, A, 1:2 and 3, in any case and with $ signs;
// corners may be the wrong way round.
func ParseRange(s string) (Range, error) {
	a, b, two := strings.Cut(strings.ReplaceAll(strings.TrimSpace(s), "$", ""), ":")
	if !two {
		b = a
	}
	c1, r1, ok1 := splitRef(a)
	c2, r2, ok2 := splitRef(b)
	if !ok1 || !ok2 || (c1 == 0) != (c2 == 0) || (r1 == 0) != (r2 == 0) {
		return Range{}, fmt.Errorf("%.40q is no range", s)
	}
	if c1 == 0 {
		c1, c2 = 1, MaxColumns
	}
	if r1 == 0 {
		r1, r2 = 1, MaxRows
	}
	r := Range{min(r1, r2), min(c1, c2), max(r1, r2), max(c1, c2)}
	if r.Column2 > MaxColumns {
		return Range{}, fmt.Errorf("the columns of %.40q go beyond XFD, the last there is", s)
	}
	if r.Row2 > MaxRows {
		return Range{}, fmt.Errorf("the rows of %.40q go beyond %d, the last there is", s, MaxRows)
	}
	return r, nil
}

// ParseCell reads the name of one cell.
func ParseCell(s string) (row, column int, err error) {
	r, err := ParseRange(s)
	if err == nil && r.Cells() != 1 {
		err = fmt.Errorf("%.40q is no cell", s)
	}
	return r.Row1, r.Column1, err
}

// splitRef splits B7 into its numbers; a part that is not there is 0.
func splitRef[T string | []byte](s T) (column, row int, ok bool) {
	i := 0
	for ; i < len(s); i++ {
		c := s[i] | 0x20
		if c < 'a' || c > 'z' {
			break
		}
		if column = column*26 + int(c-'a') + 1; column > 1<<20 {
			return 0, 0, false
		}
	}
	digits := i
	for ; i < len(s); i++ {
		c := s[i]
		if c < '0' || c > '9' {
			return 0, 0, false
		}
		if row = row*10 + int(c-'0'); row > 1<<30 {
			return 0, 0, false
		}
	}
	if digits < len(s) && row == 0 {
		return 0, 0, false
	}
	return column, row, len(s) > 0
}
