package sheet

import (
	"context"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/nodes/sheet/book"
)

func init() {
	node.Register(node.Spec[rowIn, rowOut]{
		Type:   "sheet.read_row",
		Title:  "Read row",
		Doc:    "Reads one row of a sheet, as a list of its cells and as a map by the column names of a header row.",
		Effect: node.Read,
		Examples: []node.Example[rowIn, rowOut]{{
			Title: "The second order",
			Files: map[string]string{"orders.xlsx": ordersXLSX},
			In:    rowIn{source: source{File: "orders.xlsx"}, Row: 3},
			Out: rowOut{Cells: []any{"008", "Meier", "2026-02-01", 2.25}, Found: true, Sheet: "Orders",
				Values: map[string]any{"Order": "008", "Customer": "Meier", "Date": "2026-02-01", "Amount": 2.25}},
		}},
		Run: readRow,
	})
}

type rowIn struct {
	source
	where
	Row       int `json:"row" is:"required" min:"1" max:"1048576" doc:"Number of the row, as the sheet shows it."`
	HeaderRow int `json:"header_row" default:"1" min:"0" max:"1048576" doc:"Number of the row with the column names; 0 if there is none, which leaves values empty."`
	reading
}

type rowOut struct {
	Values map[string]any `json:"values" doc:"Values by column name; nil of cells that hold nothing."`
	Cells  []any          `json:"cells" doc:"Values from column A to the last that holds something."`
	Found  bool           `json:"found" doc:"Whether the row holds anything."`
	Sheet  string         `json:"sheet" doc:"Name of the sheet."`
}

func readRow(ctx context.Context, env *node.Env, in rowIn) (rowOut, error) {
	out := rowOut{Values: map[string]any{}, Cells: []any{}}
	c, err := in.converter()
	if err != nil {
		return out, err
	}
	if in.Row == in.HeaderRow {
		return out, input("set header_row to 0", "row and header_row are the same")
	}
	err = in.with(ctx, env, func(ctx context.Context, w *workbook) error {
		sheet, err := w.sheet(in.Sheet)
		if err != nil {
			return err
		}
		out.Sheet = sheet.Name
		var names []string
		top := in.Row
		if in.HeaderRow > 0 {
			top = min(top, in.HeaderRow)
		}
		v := view{w: w, sheet: sheet, at: book.Range{Row1: top, Column1: 1, Row2: max(in.Row, in.HeaderRow), Column2: book.MaxColumns}}
		err = v.each(ctx, func(r *book.Row) error {
			switch r.Number {
			case in.HeaderRow:
				t := tabler{w: w, c: c, sheet: sheet, at: book.Whole, taken: map[string]bool{}}
				err := t.header(ctx, r)
				names = t.names
				return err
			case in.Row:
				out.Found = true
				for _, cell := range r.Cells {
					v, err := c.value(ctx, w, sheet.Name, r.Number, cell)
					if err != nil {
						return err
					}
					for len(out.Cells) < cell.Column {
						out.Cells = append(out.Cells, nil)
					}
					out.Cells[cell.Column-1] = v
				}
			}
			return nil
		})
		for i, n := range names {
			if n != "" {
				out.Values[n] = nil
				if i < len(out.Cells) {
					out.Values[n] = out.Cells[i]
				}
			}
		}
		return err
	})
	if err != nil {
		return rowOut{}, err
	}
	return out, nil
}
