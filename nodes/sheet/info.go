package sheet

import (
	"context"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/nodes/sheet/book"
)

func init() {
	node.Register(node.Spec[infoIn, infoOut]{
		Type:  "sheet.info",
		Title: "Describe workbook",
		Doc: "Lists the sheets of a workbook with the range that each really uses, merged cells, tables and names. " +
			"The used range is that of cells which hold something; formats do not count.",
		Effect: node.Read,
		Examples: []node.Example[infoIn, infoOut]{{
			Title: "A workbook with one sheet",
			Files: map[string]string{"orders.xlsx": ordersXLSX},
			In:    infoIn{source: source{File: "orders.xlsx"}},
			Out: infoOut{Format: "xlsx", Count: 1, Names: []string{"Orders"}, Tables: []namedRange{}, Ranges: []namedRange{},
				Sheets: []sheetInfo{{Name: "Orders", Number: 1, Visible: true, Kind: "worksheet", Range: "A1:D3", FirstRow: 1, LastRow: 3, LastColumn: 4, Cells: 12, Merged: []string{}}}},
		}},
		Run: info,
	})
}

type infoIn struct {
	source
	where
	Measure bool `json:"measure" default:"true" doc:"Go through the cells for the used range and counts. Off, only names are read, which is quick for large workbooks."`
}

type infoOut struct {
	Format    string       `json:"format" doc:"What the file is: xlsx, ods, fods or csv."`
	Count     int          `json:"count" doc:"Number of sheets."`
	Names     []string     `json:"names" doc:"Names of the sheets in their order."`
	Sheets    []sheetInfo  `json:"sheets" doc:"The sheets; only the one that the param sheet names, if it does."`
	Tables    []namedRange `json:"tables" doc:"Tables (list objects) of all sheets."`
	Ranges    []namedRange `json:"ranges" doc:"Names given to ranges and values."`
	Encrypted bool         `json:"encrypted" doc:"Whether the file has a password."`
	Macros    bool         `json:"macros" doc:"Whether the file holds macros."`
	Date1904  bool         `json:"date_1904" doc:"Whether days count from 1904, as old Excel for Mac has it."`
}

type sheetInfo struct {
	Name       string   `json:"name" doc:"Name of the sheet."`
	Number     int      `json:"number" doc:"Number of the sheet, counted from 1."`
	Visible    bool     `json:"visible" doc:"Whether the sheet is shown."`
	Kind       string   `json:"kind" doc:"Worksheet, chartsheet, dialogsheet or macrosheet."`
	Range      string   `json:"range" doc:"Range of the cells that hold something; empty if none does."`
	FirstRow   int      `json:"first_row" doc:"First row that holds something; 0 if none does."`
	LastRow    int      `json:"last_row" doc:"Last row that holds something."`
	LastColumn int      `json:"last_column" doc:"Last column that holds something, as a number."`
	Cells      int      `json:"cells" doc:"Number of cells that hold something."`
	Formulas   int      `json:"formulas" doc:"Number of cells with a formula."`
	Errors     int      `json:"errors" doc:"Number of cells that hold an error value."`
	Merged     []string `json:"merged" doc:"Merged ranges, at most 1000."`
}

type namedRange struct {
	Name  string `json:"name" doc:"The name."`
	Sheet string `json:"sheet" doc:"Sheet of a table; of a name, the only sheet that knows it, or empty."`
	Range string `json:"range" doc:"What the name stands for."`
}

// maxListed bounds lists in outputs.
const maxListed = 1000

func info(ctx context.Context, env *node.Env, in infoIn) (infoOut, error) {
	out := infoOut{Names: []string{}, Sheets: []sheetInfo{}, Tables: []namedRange{}, Ranges: []namedRange{}}
	err := in.with(ctx, env, func(ctx context.Context, w *workbook) error {
		out.Format, out.Encrypted = w.kind, w.encrypted
		if x, ok := w.Workbook.(*book.XLSX); ok {
			out.Macros, out.Date1904 = x.Macros, x.Date1904
		}
		only := ""
		if in.Sheet != "" {
			s, err := w.sheet(in.Sheet)
			if err != nil {
				return err
			}
			only = s.Name
		}
		for i, s := range w.Sheets() {
			out.Names = append(out.Names, s.Name)
			if only != "" && s.Name != only {
				continue
			}
			one := sheetInfo{Name: s.Name, Number: i + 1, Visible: !s.Hidden, Kind: s.Kind, Merged: []string{}}
			if in.Measure {
				if err := one.measure(ctx, w, s); err != nil {
					return err
				}
			}
			out.Sheets = append(out.Sheets, one)
		}
		out.Count = len(out.Names)
		tables, err := w.Tables()
		for _, t := range tables {
			if len(out.Tables) < maxListed {
				out.Tables = append(out.Tables, namedRange{t.Name, t.Sheet, t.Range.String()})
			}
		}
		for _, n := range w.Names() {
			if len(out.Ranges) < maxListed {
				out.Ranges = append(out.Ranges, namedRange{n.Name, n.Sheet, n.Refer})
			}
		}
		return err
	})
	if err != nil {
		return infoOut{}, err
	}
	return out, nil
}

func (o *sheetInfo) measure(ctx context.Context, w *workbook, s book.Sheet) error {
	used := book.Range{Column1: book.MaxColumns}
	v := view{w: w, sheet: s, at: book.Whole}
	err := v.each(ctx, func(r *book.Row) error {
		if used.Row1 == 0 {
			used.Row1 = r.Number
		}
		used.Row2 = r.Number
		used.Column1 = min(used.Column1, r.Cells[0].Column)
		used.Column2 = max(used.Column2, r.Cells[len(r.Cells)-1].Column)
		o.Cells += len(r.Cells)
		for _, c := range r.Cells {
			if c.Formula {
				o.Formulas++
			}
			if _, bad := c.Value.(book.Error); bad {
				o.Errors++
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	if used.Row1 > 0 {
		o.Range, o.FirstRow, o.LastRow, o.LastColumn = used.String(), used.Row1, used.Row2, used.Column2
	}
	merges, err := w.Merges(s)
	for _, m := range merges {
		if len(o.Merged) < maxListed {
			o.Merged = append(o.Merged, m.String())
		}
	}
	return err
}
