package sheet

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/nodes/sheet/book"
	"github.com/aether-rpa/aether/value"
)

func init() {
	orders := map[string]string{"orders.xlsx": ordersXLSX}
	node.Register(node.Spec[writeCellIn, writeCellOut]{
		Type:  "sheet.write_cell",
		Title: "Write cell",
		Doc: "Writes one cell of a workbook: a value, or a formula. Its format stays. Each use opens and writes the whole file, so write many cells with one sheet.write_cells. " +
			"Stored results of formulas are dropped, since they may be wrong now: Excel computes them when it opens the file, sheet.read when it reads it.",
		Effect: node.Idempotent,
		Examples: []node.Example[writeCellIn, writeCellOut]{{
			Title: "An amount",
			Files: orders,
			In:    writeCellIn{changing: changing{File: "orders.xlsx"}, Cell: "D2", Value: 9.99},
			Out:   writeCellOut{File: "orders.xlsx", Sheet: "Orders", Cell: "D2"},
		}, {
			Title: "A formula",
			Files: orders,
			In:    writeCellIn{changing: changing{File: "orders.xlsx", To: "with-sum.xlsx"}, Cell: "D4", Formula: "SUM(D2:D3)"},
			Out:   writeCellOut{File: "with-sum.xlsx", Sheet: "Orders", Cell: "D4"},
		}},
		Check: func(in writeCellIn) error {
			if in.Formula != "" && in.Value != nil {
				return input("give one of them", "there are both a value and a formula")
			}
			return nil
		},
		Run: writeCell,
	})
	node.Register(node.Spec[writeCellsIn, writeCellsOut]{
		Type:   "sheet.write_cells",
		Title:  "Write cells",
		Doc:    "Writes many cells of a workbook at once: values and formulas by the names of their cells. Formats stay. Use it to fill in a form or template.",
		Effect: node.Idempotent,
		Examples: []node.Example[writeCellsIn, writeCellsOut]{{
			Title: "Fill in a form",
			Files: orders,
			In: writeCellsIn{changing: changing{File: "orders.xlsx", To: "filled.xlsx"},
				Cells: map[string]any{"B2": "Ada", "C2": "2026-03-01", "Orders!D2": 3}, FormulaCells: map[string]string{"D4": "=SUM(D2:D3)"}},
			Out: writeCellsOut{File: "filled.xlsx", Count: 4},
		}},
		Run: writeCells,
	})
	node.Register(node.Spec[writeRangeIn, writeRangeOut]{
		Type:   "sheet.write_range",
		Title:  "Write range",
		Doc:    "Writes a list of rows, each a list of values from left to right, into a sheet of a workbook that is there. Formats of the cells stay. A list of plain values is one row.",
		Effect: node.Idempotent,
		Examples: []node.Example[writeRangeIn, writeRangeOut]{{
			Title: "Two rows",
			Files: orders,
			In:    writeRangeIn{changing: changing{File: "orders.xlsx"}, Start: "F1", Cells: value.RowsOf([]any{[]any{"Paid", "When"}, []any{true, "2026-02-03"}})},
			Out:   writeRangeOut{File: "orders.xlsx", Sheet: "Orders", Range: "F1:G2", Rows: 2},
		}},
		Run: writeRange,
	})
	node.Register(node.Spec[clearIn, writeRangeOut]{
		Type:   "sheet.clear_range",
		Title:  "Clear range",
		Doc:    "Empties the cells of a range. Their formats stay unless formats is on.",
		Effect: node.Idempotent,
		Examples: []node.Example[clearIn, writeRangeOut]{{
			Title: "The amounts",
			Files: orders,
			In:    clearIn{changing: changing{File: "orders.xlsx"}, At: "D2:D3"},
			Out:   writeRangeOut{File: "orders.xlsx", Sheet: "Orders", Range: "D2:D3", Rows: 2},
		}},
		Run: clearRange,
	})
}

type writeCellIn struct {
	changing
	where
	Cell    string `json:"cell" is:"required" doc:"Cell to write, for instance B7 or Sheet2!B7, or the name of a cell."`
	Value   any    `json:"value" doc:"Value to write; nil empties the cell. Lists and maps are written as JSON."`
	Formula string `json:"formula" doc:"Formula to write instead of a value, in English notation with commas: SUM(A1:A9). The = may be left out."`
	writing
}

type writeCellOut struct {
	File  string `json:"file" doc:"Path of the file written."`
	Sheet string `json:"sheet" doc:"Name of the sheet."`
	Cell  string `json:"cell" doc:"Name of the cell."`
}

// asFormula checks a formula and takes its = off.
func asFormula(s string) (formula, error) {
	s = strings.TrimPrefix(strings.TrimSpace(s), "=")
	if s == "" {
		return "", input("write for instance SUM(A1:A9)", "a formula is empty")
	}
	return formula(s), checkFormula(s)
}

func writeCell(ctx context.Context, env *node.Env, in writeCellIn) (writeCellOut, error) {
	e, err := in.encoder()
	if err != nil {
		return writeCellOut{}, err
	}
	var v any
	if in.Formula != "" {
		v, err = asFormula(in.Formula)
	} else {
		v, err = e.cell(ctx, in.Value)
	}
	if err != nil {
		return writeCellOut{}, err
	}
	out := writeCellOut{File: in.path()}
	err = in.edit(ctx, env, func(_ context.Context, ed *editor) error {
		sheet, row, column, err := ed.cell(in.Sheet, in.Cell)
		if err != nil {
			return err
		}
		out.Sheet, out.Cell = sheet.Name, book.CellName(row, column)
		return ed.set(sheet.Name, row, column, v)
	})
	if err != nil {
		return writeCellOut{}, err
	}
	return out, nil
}

type writeCellsIn struct {
	changing
	where
	Cells        map[string]any    `json:"cells" doc:"Values by cell: B2: Ada, Sheet2!C3: 5. Names of cells work too; nil empties a cell."`
	FormulaCells map[string]string `json:"formula_cells" doc:"Formulas by cell, in English notation with commas: D4: SUM(D2:D3)."`
	writing
}

type writeCellsOut struct {
	File  string `json:"file" doc:"Path of the file written."`
	Count int    `json:"count" doc:"Number of cells written."`
}

func writeCells(ctx context.Context, env *node.Env, in writeCellsIn) (writeCellsOut, error) {
	e, err := in.encoder()
	if err != nil {
		return writeCellsOut{}, err
	}
	if len(in.Cells)+len(in.FormulaCells) == 0 {
		return writeCellsOut{}, input("give cells, formula_cells or both", "there are no cells to write")
	}
	values := map[string]any{}
	for at, v := range in.Cells {
		if values[at], err = e.cell(ctx, v); err != nil {
			return writeCellsOut{}, fmt.Errorf("cell %s: %w", short(at), err)
		}
	}
	for at, s := range in.FormulaCells {
		if _, twice := values[at]; twice {
			return writeCellsOut{}, input("give one of them", "cell %s has both a value and a formula", short(at))
		}
		if values[at], err = asFormula(s); err != nil {
			return writeCellsOut{}, fmt.Errorf("cell %s: %w", short(at), err)
		}
	}
	out := writeCellsOut{File: in.path(), Count: len(values)}
	err = in.edit(ctx, env, func(_ context.Context, ed *editor) error {
		done := map[string]string{}
		for _, at := range slices.Sorted(maps.Keys(values)) {
			sheet, row, column, err := ed.cell(in.Sheet, at)
			if err != nil {
				return err
			}
			key := sheet.Name + "!" + book.CellName(row, column)
			if other, twice := done[key]; twice {
				return input("give it once", "%s and %s are the same cell", short(other), short(at))
			}
			done[key] = at
			if err := ed.set(sheet.Name, row, column, values[at]); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return writeCellsOut{}, err
	}
	return out, nil
}

type writeRangeIn struct {
	changing
	where
	Start string     `json:"start" default:"A1" doc:"Cell of the top left corner, for instance B7, Sheet2!B7 or the name of a cell."`
	Cells value.Rows `json:"cells" is:"required" doc:"List of rows, each a list of values."`
	writing
}

type writeRangeOut struct {
	File  string `json:"file" doc:"Path of the file written."`
	Sheet string `json:"sheet" doc:"Name of the sheet."`
	Range string `json:"range" doc:"Range that was changed; empty if there was nothing to write."`
	Rows  int    `json:"rows" doc:"Number of rows changed."`
}

func writeRange(ctx context.Context, env *node.Env, in writeRangeIn) (writeRangeOut, error) {
	e, err := in.encoder()
	if err != nil {
		return writeRangeOut{}, err
	}
	out := writeRangeOut{File: in.path()}
	err = in.edit(ctx, env, func(ctx context.Context, ed *editor) error {
		sheet, row, column, err := ed.cell(in.Sheet, in.Start)
		if err != nil {
			return err
		}
		out.Sheet = sheet.Name
		// A list of plain values is one row.
		flat, width := []any{}, 0
		put := func(list []any) error {
			for i, v := range list {
				c, err := e.cell(ctx, v)
				if err == nil {
					err = ed.set(sheet.Name, row+out.Rows, column+i, c)
				}
				if err != nil {
					return fmt.Errorf("row %d of cells: %w", out.Rows+1, err)
				}
			}
			width = max(width, len(list))
			out.Rows++
			return ctx.Err()
		}
		for v, err := range in.Cells.All(ctx) {
			if err != nil {
				return err
			}
			list, ok := v.([]any)
			switch {
			case ok && len(flat) == 0:
				if err := put(list); err != nil {
					return err
				}
			case !ok && out.Rows == 0 && len(flat) < book.MaxColumns:
				flat = append(flat, v)
			default:
				return input("give a list of lists; sheet.append and sheet.write take lists of maps", "row %d of cells is a %s where its neighbours are not", out.Rows+len(flat)+1, value.Kind(v))
			}
		}
		if len(flat) > 0 {
			if err := put(flat); err != nil {
				return err
			}
		}
		if width > 0 {
			out.Range = book.Range{Row1: row, Column1: column, Row2: row + out.Rows - 1, Column2: column + width - 1}.String()
		}
		return nil
	})
	if err != nil {
		return writeRangeOut{}, err
	}
	return out, nil
}

type clearIn struct {
	changing
	where
	At      string `json:"range" is:"required" doc:"Range to empty: A1:D20, A:D, 2:50, Sheet2!B3:C9, or the name of a range or table."`
	Formats bool   `json:"formats" doc:"Take formats away too."`
}

func clearRange(ctx context.Context, env *node.Env, in clearIn) (writeRangeOut, error) {
	out := writeRangeOut{File: in.path()}
	err := in.edit(ctx, env, func(ctx context.Context, ed *editor) error {
		sheet, at, err := ed.place(in.Sheet, in.At)
		if err == nil {
			at, err = ed.bounded(ctx, sheet, at)
		}
		if err != nil {
			return err
		}
		out.Sheet, out.Range, out.Rows = sheet.Name, at.String(), at.Row2-at.Row1+1
		v := view{w: ed.workbook, sheet: sheet, at: at}
		err = v.each(ctx, func(r *book.Row) error {
			for _, c := range r.Cells {
				if err := ed.set(sheet.Name, r.Number, c.Column, nil); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil || !in.Formats {
			return err
		}
		return ed.f.SetCellStyle(sheet.Name, book.CellName(at.Row1, at.Column1), book.CellName(at.Row2, at.Column2), 0)
	})
	if err != nil {
		return writeRangeOut{}, err
	}
	return out, nil
}
