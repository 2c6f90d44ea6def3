package sheet

import (
	"context"
	"slices"

	"github.com/aether-rpa/aether/nodes/sheet/book"
)

// maxFilled bounds the cells that filling merged ranges makes.
const maxFilled = 5_000_000

// view is a part of a sheet seen as rows.
type view struct {
	w     *workbook
	sheet book.Sheet
	at    book.Range
	fill  bool // repeat the value of merged ranges in all their cells
	blank bool // give rows that hold nothing too, up to the last that does

	merges []book.Range
	active []merged
	filled int
	next   int
	seen   int
}

type merged struct {
	book.Range
	cell book.Cell
}

// each calls do with each row of the range that holds something. Cells outside
// of the range are left out; the numbers of rows and columns are the sheet's.
func (v *view) each(ctx context.Context, do func(*book.Row) error) error {
	if v.fill {
		var err error
		if v.merges, err = v.w.Merges(v.sheet); err != nil {
			return err
		}
		slices.SortFunc(v.merges, func(a, b book.Range) int { return a.Row1 - b.Row1 })
	}
	v.next = v.at.Row1
	return v.w.Each(v.sheet, func(r *book.Row) error {
		if v.seen++; v.seen%256 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		if r.Number > v.at.Row2 {
			return book.ErrStop
		}
		if err := v.gap(r.Number, do); err != nil {
			return err
		}
		v.begin(r)
		if err := v.cover(r); err != nil {
			return err
		}
		if r.Number < v.at.Row1 {
			return nil
		}
		v.next = r.Number + 1
		v.crop(r)
		if len(r.Cells) == 0 && !v.blank {
			return nil
		}
		return do(r)
	})
}

// crop leaves out the cells beside the range.
func (v *view) crop(r *book.Row) {
	if v.at.Column1 > 1 || v.at.Column2 < book.MaxColumns {
		r.Cells = slices.DeleteFunc(r.Cells, func(c book.Cell) bool { return c.Column < v.at.Column1 || c.Column > v.at.Column2 })
	}
}

// gap gives the rows before one that the file leaves out.
func (v *view) gap(row int, do func(*book.Row) error) error {
	if !v.blank && len(v.active) == 0 {
		return nil
	}
	for ; v.next < row; v.next++ {
		r := book.Row{Number: v.next}
		if err := v.cover(&r); err != nil {
			return err
		}
		v.crop(&r)
		if len(r.Cells) == 0 && !v.blank {
			continue
		}
		if err := do(&r); err != nil {
			return err
		}
	}
	return nil
}

// begin takes the merged ranges that begin at or before the row.
func (v *view) begin(r *book.Row) {
	for len(v.merges) > 0 && v.merges[0].Row1 <= r.Number {
		m := v.merges[0]
		v.merges = v.merges[1:]
		for _, c := range r.Cells {
			if m.Row1 == r.Number && c.Column == m.Column1 {
				v.active = append(v.active, merged{m, c})
			}
		}
	}
}

// cover fills the cells of a row that merged ranges cover.
func (v *view) cover(r *book.Row) error {
	if len(v.active) == 0 {
		return nil
	}
	v.active = slices.DeleteFunc(v.active, func(m merged) bool { return m.Row2 < r.Number })
	had := len(r.Cells)
	for _, m := range v.active {
		for c := max(m.Column1, v.at.Column1); c <= min(m.Column2, v.at.Column2); c++ {
			if slices.ContainsFunc(r.Cells[:had], func(o book.Cell) bool { return o.Column == c }) {
				continue
			}
			if v.filled++; v.filled > maxFilled {
				return &book.LimitError{Reason: "its merged ranges cover more cells than can be filled"}
			}
			cell := m.cell
			cell.Column = c
			// A computed formula would be computed at the wrong place.
			cell.Formula = cell.Formula && cell.Value == nil
			r.Cells = append(r.Cells, cell)
		}
	}
	if len(r.Cells) > had {
		slices.SortStableFunc(r.Cells, func(a, b book.Cell) int { return a.Column - b.Column })
		r.Cells = slices.CompactFunc(r.Cells, func(a, b book.Cell) bool { return a.Column == b.Column })
	}
	return nil
}
