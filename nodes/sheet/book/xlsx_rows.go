package book

import (
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Each implements Workbook.
func (x *XLSX) Each(sheet Sheet, do func(*Row) error) error {
	if sheet.Kind != "worksheet" {
		return nil
	}
	if err := x.readTexts(); err != nil {
		return err
	}
	r, err := x.a.open(sheet.part)
	if err != nil {
		return err
	}
	defer r.Close()
	s, err := newScanner(r)
	if err != nil {
		return err
	}
	rows := &xlsxRows{x: x, s: s, do: do, sheet: sheet.Name}
	if err := rows.read(); !errors.Is(err, ErrStop) {
		return err
	}
	return nil
}

type xlsxRows struct {
	x     *XLSX
	s     *scanner
	do    func(*Row) error
	sheet string
	row   Row
	buf   []byte
}

func (r *xlsxRows) read() error {
	seen := false
	for {
		t, err := r.s.next()
		switch {
		case errors.Is(err, io.EOF):
			if !seen {
				return bad("its sheet %.40q is empty where its content should be", r.sheet)
			}
			return nil
		case err != nil:
			return err
		case t != tokenStart:
			continue
		case !seen:
			if seen = true; !r.s.is("worksheet") {
				return bad("its sheet %.40q is no worksheet", r.sheet)
			}
		case r.s.is("row") && r.s.depth() == 3:
			if err := r.readRow(); err != nil {
				return err
			}
		}
	}
}

func (r *xlsxRows) readRow() error {
	n := r.row.Number + 1
	if a := r.s.attr("r"); a != nil {
		v, err := strconv.Atoi(string(a))
		if err != nil || v < 1 || v > MaxRows {
			return bad("its sheet %.40q has a row with the number %.20q; they go from 1 to %d", r.sheet, a, MaxRows)
		}
		n = v
	}
	if n <= r.row.Number {
		return bad("in its sheet %.40q row %d comes after row %d", r.sheet, n, r.row.Number)
	}
	if n > MaxRows {
		return bad("its sheet %.40q has more than %d rows", r.sheet, MaxRows)
	}
	r.row = Row{Number: n, Hidden: truth(r.s.attr("hidden")), Cells: r.row.Cells[:0]}
	column, sorted := 0, true
	for depth := r.s.depth(); ; {
		t, err := r.s.next()
		if err != nil {
			return cut(err)
		}
		if t == tokenEnd && r.s.depth() < depth {
			break
		}
		if t != tokenStart || !r.s.is("c") {
			continue
		}
		last := column
		if column, err = r.readCell(column); err != nil {
			return err
		}
		sorted = sorted && column > last
	}
	if !sorted {
		r.sort()
	}
	if len(r.row.Cells) == 0 {
		return nil
	}
	return r.do(&r.row)
}

// sort puts the cells of a careless program in order; of two at the same place
// the later one counts.
func (r *xlsxRows) sort() {
	c := r.row.Cells
	slices.SortStableFunc(c, func(a, b Cell) int { return a.Column - b.Column })
	out := c[:0]
	for _, v := range c {
		if n := len(out); n > 0 && out[n-1].Column == v.Column {
			out[n-1] = v
			continue
		}
		out = append(out, v)
	}
	r.row.Cells = out
}

// readCell reads the cell just opened and returns its column.
func (r *xlsxRows) readCell(last int) (int, error) {
	s := r.s
	column := last + 1
	style, kind := -1, byte('n')
	for _, a := range s.attrs {
		if len(a.name) != 1 {
			continue
		}
		switch a.name[0] {
		case 'r':
			c, row, ok := splitRef(a.value)
			if !ok || c < 1 || c > MaxColumns || row != 0 && row != r.row.Number {
				return 0, bad("its sheet %.40q has a cell with the name %.20q in row %d", r.sheet, a.value, r.row.Number)
			}
			column = c
		case 's':
			style = atoi(a.value)
		case 't':
			kind = kindOf(a.value)
		}
	}
	if column > MaxColumns {
		return 0, bad("row %d of its sheet %.40q has more than %d cells", r.row.Number, r.sheet, MaxColumns)
	}
	if len(r.row.Cells) > 2*MaxColumns {
		return 0, bad("row %d of its sheet %.40q has cells many times over", r.row.Number, r.sheet)
	}
	has, formula, inline, array := false, false, false, false
	r.buf = r.buf[:0]
	for depth := s.depth(); ; {
		t, err := s.next()
		if err != nil {
			return 0, cut(err)
		}
		if t == tokenEnd && s.depth() < depth {
			break
		}
		if t != tokenStart {
			continue
		}
		switch {
		case s.is("v"):
			if r.buf, err = appendText(s, r.buf[:0]); err != nil {
				return 0, err
			}
			has = len(r.buf) > 0 || kind == 'S'
		case s.is("f"):
			formula, array = true, string(s.attr("t")) == "array"
			err = s.skip()
		case s.is("is"):
			r.buf, err = richText(s, r.buf[:0])
			has, inline = true, true
		default:
			err = s.skip()
		}
		if err != nil {
			return 0, err
		}
	}
	if !has && !formula {
		return column, nil
	}
	c := Cell{Column: column, Formula: formula, Array: array, Dated: NoDate}
	if style >= 0 && style < len(r.x.kinds) {
		c.Dated = r.x.kinds[style]
	}
	if has {
		if inline {
			kind = 'i'
		}
		v, err := r.value(kind, c.Dated)
		if err != nil {
			return 0, err
		}
		// An empty text is what a program writes that has no better idea.
		if v == "" && !formula {
			return column, nil
		}
		c.Value = v
	}
	r.row.Cells = append(r.row.Cells, c)
	return column, nil
}

func kindOf(t []byte) byte {
	switch string(t) {
	case "s":
		return 's'
	case "str":
		return 'S'
	case "inlineStr":
		return 'i'
	case "b":
		return 'b'
	case "e":
		return 'e'
	case "d":
		return 'd'
	}
	return 'n'
}

func atoi(b []byte) int {
	n := 0
	for _, c := range b {
		if c < '0' || c > '9' || n > 1<<28 {
			return -1
		}
		n = n*10 + int(c-'0')
	}
	return n
}

func appendText(s *scanner, b []byte) ([]byte, error) {
	for depth := s.depth(); ; {
		t, err := s.next()
		if err != nil {
			return b, cut(err)
		}
		if t == tokenText {
			if len(b) > maxToken {
				return b, tooLarge("it has a text of more than %d MiB", maxToken>>20)
			}
			b = append(b, s.text...)
		}
		if t == tokenEnd && s.depth() < depth {
			return b, nil
		}
	}
}

// value makes a value of the text of a cell.
func (r *xlsxRows) value(kind byte, dated int) (any, error) {
	switch kind {
	case 's':
		n := atoi(r.buf)
		if n < 0 {
			return nil, bad("a cell in row %d of its sheet %.40q refers to the text %.20q", r.row.Number, r.sheet, r.buf)
		}
		return r.x.texts.get(n)
	case 'S':
		r.buf = unescape(r.buf, 0)
		return strings.ToValidUTF8(string(r.buf), "\uFFFD"), nil
	case 'i':
		return strings.ToValidUTF8(string(r.buf), "\uFFFD"), nil
	case 'b':
		return truth(r.buf), nil
	case 'e':
		return Error(strings.ToValidUTF8(string(r.buf), "\uFFFD")), nil
	case 'd':
		if d, ok := isoDate(string(r.buf)); ok {
			return d, nil
		}
		return strings.ToValidUTF8(string(r.buf), "\uFFFD"), nil
	}
	text := strings.TrimSpace(string(r.buf))
	v, ok := Number(text)
	if !ok {
		return strings.ToValidUTF8(text, "\uFFFD"), nil
	}
	if dated == NoDate {
		return v, nil
	}
	f, ok := asFloat(v)
	if !ok {
		return v, nil
	}
	if d, ok := DateOf(f, dated, r.x.Date1904); ok {
		return d, nil
	}
	return v, nil
}

func asFloat(v any) (float64, bool) {
	switch n := v.(type) {
	case int:
		return float64(n), true
	case float64:
		return n, true
	}
	return 0, false
}

// isoDate reads a date as strict xlsx and ods files have it.
func isoDate(s string) (Date, bool) {
	s = strings.TrimSuffix(s, "Z")
	if t, err := time.Parse("2006-01-02", s); err == nil {
		return Date{Kind: Day, Wall: t}, true
	}
	for _, layout := range []string{"2006-01-02T15:04:05", "2006-01-02T15:04"} {
		if t, err := time.Parse(layout, s); err == nil {
			return Date{Kind: Time, Wall: t}, true
		}
	}
	if t, err := time.Parse("15:04:05", s); err == nil {
		return Date{Kind: Clock, Length: t.Sub(time.Date(0, 1, 1, 0, 0, 0, 0, time.UTC))}, true
	}
	return Date{}, false
}
