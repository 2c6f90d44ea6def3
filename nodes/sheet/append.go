package sheet

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/xuri/excelize/v2"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/nodes/sheet/book"
	"github.com/aether-rpa/aether/value"
)

func init() {
	node.Register(node.Spec[appendIn, appendOut]{
		Type:  "sheet.append",
		Title: "Append rows",
		Doc: "Adds rows below the last one of a sheet that holds something, under the columns of its header. New rows take the formats of the row above; an Excel table that ends there grows. " +
			"A file that is missing is begun with a header. Rows are appended once: after a crash in the middle the flow is asked what to do.",
		Effect: node.Once,
		Examples: []node.Example[appendIn, appendOut]{{
			Title: "One more order",
			Files: map[string]string{"orders.xlsx": ordersXLSX},
			In:    appendIn{changing: changing{File: "orders.xlsx"}, Rows: value.RowsOf([]any{map[string]any{"Order": "009", "Date": "2026-02-02", "Amount": 4}})},
			Out:   appendOut{File: "orders.xlsx", Sheet: "Orders", Range: "A4:D4", Count: 1, Columns: []string{"Order", "Customer", "Date", "Amount"}},
		}},
		Run: appendRows,
	})
}

type appendIn struct {
	changing
	where
	Rows       value.Rows `json:"rows" is:"required" doc:"Rows to add: a list of maps."`
	HeaderRow  int        `json:"header_row" min:"0" max:"1048576" doc:"Number of the row with the column names; 0 is the first row that holds something."`
	NewColumns string     `json:"new_columns" default:"fail" enum:"fail,add,ignore" doc:"What to do with columns that the header lacks: fail, add them at its right end, or leave them out."`
	Formats    bool       `json:"copy_formats" default:"true" doc:"Give new rows the formats of the row above."`
	writing
}

type appendOut struct {
	File    string   `json:"file" doc:"Path of the file written."`
	Sheet   string   `json:"sheet" doc:"Name of the sheet."`
	Range   string   `json:"range" doc:"Range of the new rows; empty if there were none."`
	Count   int      `json:"count" doc:"Number of rows added."`
	Columns []string `json:"columns" doc:"Columns of the sheet from left to right."`
	Created bool     `json:"created" doc:"Whether the file was missing and has been made."`
}

func appendRows(ctx context.Context, env *node.Env, in appendIn) (appendOut, error) {
	e, err := in.encoder()
	if err != nil {
		return appendOut{}, err
	}
	columns, err := columnsOf(ctx, in.Rows, nil)
	if err != nil {
		return appendOut{}, err
	}
	if _, err := env.Files.Stat(in.File); errors.Is(err, fs.ErrNotExist) {
		return in.begin(ctx, env)
	}
	out := appendOut{File: in.path()}
	err = in.edit(ctx, env, func(ctx context.Context, ed *editor) error {
		sheet, err := ed.sheet(in.Sheet)
		if err != nil {
			return err
		}
		out.Sheet = sheet.Name
		t, err := ed.table(ctx, sheet, in.HeaderRow)
		if err != nil {
			return err
		}
		if err := t.extend(columns, in.NewColumns); err != nil {
			return err
		}
		first := t.last + 1
		n := 0
		for v, err := range in.Rows.All(ctx) {
			if err != nil {
				return err
			}
			r, err := asRow(v, n)
			if err != nil {
				return err
			}
			if err := t.write(ctx, e, first+n, r, in.Formats); err != nil {
				return fmt.Errorf("the row at index %d: %w", n, err)
			}
			n++
		}
		out.Count, out.Columns = n, t.listed()
		if n == 0 {
			return nil
		}
		out.Range = book.Range{Row1: first, Column1: t.left(), Row2: first + n - 1, Column2: len(t.names)}.String()
		return t.growTables(first-1, first+n-1)
	})
	if err != nil {
		return appendOut{}, err
	}
	return out, nil
}

// begin makes a file that is missing.
func (in appendIn) begin(ctx context.Context, env *node.Env) (appendOut, error) {
	made, err := write(ctx, env, writeIn{File: in.path(), Rows: in.Rows, Sheet: in.Sheet, Existing: "sheet", Header: true, Freeze: true, AutoFit: true, Guard: true,
		Password: in.Password, writing: in.writing, Timeout: in.Timeout, MaxCells: in.MaxCells})
	if err != nil {
		return appendOut{}, err
	}
	return appendOut{File: made.File, Sheet: made.Sheet, Range: made.Range, Count: made.Count, Columns: made.Columns, Created: true}, nil
}

// sheetTable is a sheet of an editor seen as a table with a header.
type sheetTable struct {
	ed     *editor
	sheet  string
	head   int      // row of the header
	last   int      // last row that holds something, or the header
	names  []string // by column from A; "" has no name
	styles map[int]int
}

// table finds the header and the end of a sheet.
func (ed *editor) table(ctx context.Context, sheet book.Sheet, header int) (*sheetTable, error) {
	t := &sheetTable{ed: ed, sheet: sheet.Name, head: header, styles: map[int]int{}}
	c, err := reading{Values: "typed", Errors: "keep"}.converter()
	if err != nil {
		return nil, err
	}
	v := view{w: ed.workbook, sheet: sheet, at: book.Whole}
	err = v.each(ctx, func(r *book.Row) error {
		if t.head == 0 {
			t.head = r.Number
		}
		if r.Number == t.head {
			names := tabler{w: ed.workbook, c: c, sheet: sheet, at: book.Whole, taken: map[string]bool{}}
			if err := names.header(ctx, r); err != nil {
				return err
			}
			t.names = names.names
		}
		t.last = r.Number
		return nil
	})
	t.head = max(t.head, 1)
	t.last = max(t.last, t.head)
	if err == nil && len(t.names) == 0 && t.last > t.head {
		return nil, input("set header_row to the row with the column names", "row %d of the sheet %s holds no column names", t.head, short(t.sheet))
	}
	return t, err
}

func (t *sheetTable) listed() []string {
	return slices.DeleteFunc(slices.Clone(t.names), func(s string) bool { return s == "" })
}

func (t *sheetTable) left() int {
	return slices.IndexFunc(t.names, func(s string) bool { return s != "" }) + 1
}

// extend deals with columns that the header lacks. An empty sheet gets them
// all.
func (t *sheetTable) extend(columns []string, rule string) error {
	if len(t.names) == 0 {
		rule = "add"
	}
	for _, c := range columns {
		if slices.Contains(t.names, c) {
			continue
		}
		switch rule {
		case "ignore":
			continue
		case "add":
			t.names = append(t.names, c)
			if err := t.ed.set(t.sheet, t.head, len(t.names), c); err != nil {
				return err
			}
		default:
			return input("its columns are "+strings.Join(t.listed(), ", ")+"; set new_columns to add or ignore", "the sheet %s has no column %s", short(t.sheet), short(c))
		}
	}
	return nil
}

// write writes a map as a row, with the formats of the row that was last.
func (t *sheetTable) write(ctx context.Context, e *encoder, row int, r map[string]any, formats bool) error {
	if row%256 == 0 && ctx.Err() != nil {
		return ctx.Err()
	}
	for i, name := range t.names {
		column := i + 1
		if name == "" {
			continue
		}
		v, err := e.cell(ctx, r[name])
		if err != nil {
			return fmt.Errorf("column %s: %w", short(name), err)
		}
		if formats && t.last > t.head {
			if err := t.format(row, column); err != nil {
				return err
			}
		}
		if v == nil {
			continue
		}
		if err := t.ed.set(t.sheet, row, column, v); err != nil {
			return err
		}
	}
	return nil
}

func (t *sheetTable) format(row, column int) error {
	if row > book.MaxRows {
		return nil // set tells
	}
	style, known := t.styles[column]
	if !known {
		var err error
		if style, err = t.ed.f.GetCellStyle(t.sheet, book.CellName(t.last, column)); err != nil {
			return err
		}
		t.styles[column] = style
	}
	if style == 0 {
		return nil
	}
	at := book.CellName(row, column)
	return t.ed.f.SetCellStyle(t.sheet, at, at, style)
}

// growTables makes Excel tables that end at a row end at another.
func (t *sheetTable) growTables(from, to int) error {
	tables, err := t.ed.f.GetTables(t.sheet)
	if err != nil {
		return err
	}
	for _, table := range tables {
		r, err := book.ParseRange(table.Range)
		if err != nil || r.Row2 != from || r.Column1 > len(t.names) {
			continue
		}
		if err := t.ed.f.DeleteTable(table.Name); err != nil {
			return err
		}
		r.Row2 = to
		r.Column2 = max(r.Column2, len(t.names))
		if err := t.ed.f.AddTable(t.sheet, &excelize.Table{Range: r.String(), Name: table.Name, StyleName: table.StyleName, ShowColumnStripes: table.ShowColumnStripes,
			ShowFirstColumn: table.ShowFirstColumn, ShowHeaderRow: table.ShowHeaderRow, ShowLastColumn: table.ShowLastColumn, ShowRowStripes: table.ShowRowStripes}); err != nil {
			return err
		}
	}
	return nil
}
