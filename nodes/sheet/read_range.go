package sheet

import (
	"context"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/nodes/sheet/book"
	"github.com/aether-rpa/aether/value"
)

func init() {
	orders := map[string]string{"orders.xlsx": ordersXLSX}
	node.Register(node.Spec[rangeIn, rangeOut]{
		Type:  "sheet.read_range",
		Title: "Read range",
		Doc: "Reads a range of cells as a list of rows, each a list of values from left to right. Cells that hold nothing are nil. " +
			"Rows and columns at the end that hold nothing are left out unless trim is off. Use sheet.read for tables with column names.",
		Effect: node.Read,
		Examples: []node.Example[rangeIn, rangeOut]{{
			Title: "Four cells",
			Files: orders,
			In:    rangeIn{source: source{File: "orders.xlsx"}, At: "B2:C3"},
			Out: rangeOut{Cells: value.RowsOf([]any{[]any{"Müller", "2026-01-31"}, []any{"Meier", "2026-02-01"}}),
				Rows: 2, Columns: 2, Sheet: "Orders", Range: "B2:C3"},
		}, {
			Title: "A column to its end",
			Files: orders,
			In:    rangeIn{source: source{File: "orders.xlsx"}, At: "D:D"},
			Out:   rangeOut{Cells: value.RowsOf([]any{[]any{"Amount"}, []any{1.5}, []any{2.25}}), Rows: 3, Columns: 1, Sheet: "Orders", Range: "D1:D3"},
		}},
		Run: readRange,
	})
	node.Register(node.Spec[cellIn, cellOut]{
		Type:   "sheet.read_cell",
		Title:  "Read cell",
		Doc:    "Reads one cell. Reading many cells of a file is one sheet.read_cells or sheet.read_range.",
		Effect: node.Read,
		Examples: []node.Example[cellIn, cellOut]{{
			Title: "A date",
			Files: orders,
			In:    cellIn{source: source{File: "orders.xlsx"}, Cell: "C2"},
			Out:   cellOut{Value: "2026-01-31", Type: "date", Cell: "C2", Sheet: "Orders"},
		}, {
			Title: "As Excel shows it",
			Files: orders,
			In:    cellIn{source: source{File: "orders.xlsx"}, Cell: "Orders!C2", reading: reading{Values: "shown"}},
			Out:   cellOut{Value: "01-31-26", Type: "text", Cell: "C2", Sheet: "Orders"},
		}},
		Run: readCell,
	})
	node.Register(node.Spec[cellsIn, cellsOut]{
		Type:   "sheet.read_cells",
		Title:  "Read cells",
		Doc:    "Reads several cells of a workbook, such as the fields of a form, in one go.",
		Effect: node.Read,
		Examples: []node.Example[cellsIn, cellsOut]{{
			Title: "Two fields",
			Files: orders,
			In:    cellsIn{source: source{File: "orders.xlsx"}, Cells: map[string]string{"customer": "B2", "sum": "D2", "note": "F9"}},
			Out:   cellsOut{Values: map[string]any{"customer": "Müller", "sum": 1.5, "note": nil}},
		}},
		Run: readCells,
	})
}

type rangeIn struct {
	source
	where
	At         string `json:"range" doc:"Range to read: A1:D20, A:D, 2:50, Sheet2!B3:C9, or the name of a range or table. Empty is all of the sheet."`
	FillMerged bool   `json:"fill_merged" doc:"Repeat the value of merged cells in each row and column that they cover; else only the first holds it."`
	Trim       bool   `json:"trim" default:"true" doc:"Leave out rows and columns at the end of the range that hold nothing. Off, the list has the size of the range, which must then not be whole columns or rows."`
	reading
}

type rangeOut struct {
	Cells      value.Rows `json:"cells" doc:"List of rows, each a list of values."`
	Rows       int        `json:"rows" doc:"Number of rows."`
	Columns    int        `json:"columns" doc:"Number of columns."`
	Sheet      string     `json:"sheet" doc:"Name of the sheet."`
	Range      string     `json:"range" doc:"Range that was read; empty if there was nothing."`
	ErrorCount int        `json:"error_count" doc:"Number of cells that hold an error value such as #N/A."`
	Uncomputed int        `json:"uncomputed" doc:"Number of formulas whose result is neither in the file nor could be computed; they are nil."`
}

// maxFull bounds the cells of a range that is given in full.
const maxFull = 10_000_000

func readRange(ctx context.Context, env *node.Env, in rangeIn) (rangeOut, error) {
	var out rangeOut
	c, err := in.converter()
	if err != nil {
		return out, err
	}
	err = in.with(ctx, env, func(ctx context.Context, w *workbook) error {
		sheet, at, err := w.place(in.Sheet, in.At)
		if err != nil {
			return err
		}
		out.Sheet = sheet.Name
		if !in.Trim && (at.Open() || at.Cells() > maxFull) {
			return input("give a range with an end, such as A1:D20, or leave trim on", "trim is off, and the range %s is too large to be read in full", at)
		}
		v := view{w: w, sheet: sheet, at: at, fill: in.FillMerged, blank: true}
		if in.Trim {
			// The width must be known before the first row is made.
			err := view{w: w, sheet: sheet, at: at, fill: in.FillMerged}.bounds(ctx, &at)
			if err != nil || at.Row2 == 0 {
				return err
			}
			v.at = at
		}
		out.Range, out.Rows, out.Columns = at.String(), at.Row2-at.Row1+1, at.Column2-at.Column1+1
		out.Cells, err = env.Rows(ctx, func(yield func(any) bool) error {
			next := at.Row1
			put := func(r *book.Row) error {
				list := make([]any, out.Columns)
				for _, cell := range r.Cells {
					if list[cell.Column-at.Column1], err = c.value(ctx, w, sheet.Name, r.Number, cell); err != nil {
						return err
					}
				}
				next = r.Number + 1
				if !yield(list) {
					return node.Failf(node.KindError, "row %d of the sheet could not be stored", r.Number)
				}
				return nil
			}
			if err := v.each(ctx, put); err != nil {
				return err
			}
			for next <= at.Row2 {
				if err := put(&book.Row{Number: next}); err != nil {
					return err
				}
			}
			return nil
		})
		return err
	})
	if err != nil {
		return rangeOut{}, err
	}
	out.ErrorCount, out.Uncomputed = c.errors, c.uncomputed
	return out, nil
}

// bounds shrinks a range at its end to the cells that hold something; its Row2
// is 0 if none does.
func (v view) bounds(ctx context.Context, at *book.Range) error {
	right, bottom := 0, 0
	err := v.each(ctx, func(r *book.Row) error {
		right, bottom = max(right, r.Cells[len(r.Cells)-1].Column), r.Number
		return nil
	})
	at.Column2, at.Row2 = right, bottom
	return err
}

type cellIn struct {
	source
	where
	Cell string `json:"cell" is:"required" doc:"Cell to read, for instance B7 or Sheet2!B7, or the name of a cell."`
	reading
}

type cellOut struct {
	Value   any    `json:"value" doc:"Value of the cell; nil if it holds nothing."`
	Type    string `json:"type" doc:"What the value is: text, int, number, bool, date, datetime, time, duration, error or empty."`
	Formula bool   `json:"formula" doc:"Whether the cell has a formula."`
	Cell    string `json:"cell" doc:"Name of the cell, for instance B7."`
	Sheet   string `json:"sheet" doc:"Name of the sheet."`
}

func readCell(ctx context.Context, env *node.Env, in cellIn) (cellOut, error) {
	var out cellOut
	c, err := in.converter()
	if err != nil {
		return out, err
	}
	err = in.with(ctx, env, func(ctx context.Context, w *workbook) error {
		sheet, row, column, err := w.cell(in.Sheet, in.Cell)
		if err != nil {
			return err
		}
		out = cellOut{Type: "empty", Cell: book.CellName(row, column), Sheet: sheet.Name}
		v := view{w: w, sheet: sheet, at: book.Range{Row1: row, Column1: column, Row2: row, Column2: column}}
		return v.each(ctx, func(r *book.Row) error {
			out.Formula = r.Cells[0].Formula
			errors := c.errors
			out.Value, err = c.value(ctx, w, sheet.Name, row, r.Cells[0])
			out.Type = typeOf(out.Value, r.Cells[0].Value)
			if c.errors > errors && out.Value != nil {
				out.Type = "error"
			}
			return err
		})
	})
	if err != nil {
		return cellOut{}, err
	}
	return out, nil
}

// typeOf names what a value is; was is the cell as it was read.
func typeOf(v, was any) string {
	switch v.(type) {
	case nil:
		return "empty"
	case bool:
		return "bool"
	case int:
		return "int"
	case float64:
		return "number"
	}
	if d, ok := was.(book.Date); ok && v != was && (v == d.String() || d.Kind == book.Time) {
		return [...]string{"date", "datetime", "time", "duration"}[d.Kind]
	}
	return "text"
}

type cellsIn struct {
	source
	where
	Cells map[string]string `json:"cells" is:"required" doc:"Cells to read, by the names that their values shall have: customer: B2, total: Sheet2!D9. At most 10,000."`
	reading
}

type cellsOut struct {
	Values map[string]any `json:"values" doc:"Values by the names given; nil of cells that hold nothing."`
}

func readCells(ctx context.Context, env *node.Env, in cellsIn) (cellsOut, error) {
	out := cellsOut{Values: map[string]any{}}
	c, err := in.converter()
	if err != nil {
		return out, err
	}
	if len(in.Cells) > 10_000 {
		return out, input("read the range that holds them with sheet.read_range", "cells names %d cells", len(in.Cells))
	}
	type wanted struct {
		sheet book.Sheet
		at    map[[2]int][]string
		all   book.Range
	}
	err = in.with(ctx, env, func(ctx context.Context, w *workbook) error {
		bySheet := map[string]*wanted{}
		for name, at := range in.Cells {
			sheet, row, column, err := w.cell(in.Sheet, at)
			if err != nil {
				return err
			}
			s := bySheet[sheet.Name]
			if s == nil {
				s = &wanted{sheet: sheet, at: map[[2]int][]string{}, all: book.Range{Row1: row, Column1: column, Row2: row, Column2: column}}
				bySheet[sheet.Name] = s
			}
			s.at[[2]int{row, column}] = append(s.at[[2]int{row, column}], name)
			s.all = book.Range{Row1: min(s.all.Row1, row), Column1: min(s.all.Column1, column), Row2: max(s.all.Row2, row), Column2: max(s.all.Column2, column)}
			out.Values[name] = nil
		}
		for _, s := range bySheet {
			v := view{w: w, sheet: s.sheet, at: s.all}
			err := v.each(ctx, func(r *book.Row) error {
				for _, cell := range r.Cells {
					for _, name := range s.at[[2]int{r.Number, cell.Column}] {
						v, err := c.value(ctx, w, s.sheet.Name, r.Number, cell)
						if err != nil {
							return err
						}
						out.Values[name] = v
					}
				}
				return nil
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return cellsOut{}, err
	}
	return out, nil
}
