package sheet

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/nodes/sheet/book"
	"github.com/aether-rpa/aether/vault"
)

func init() {
	node.Register(node.Spec[convertIn, convertOut]{
		Type:  "sheet.convert",
		Title: "Convert spreadsheet",
		Doc: "Converts between .xlsx, .ods and .csv, by the name of the file to write, row by row for files of any size. Values keep their types: numbers, texts, true and false, dates. " +
			"Of formulas the results are written; formats, charts, pictures and macros are lost. " +
			"A CSV file holds one sheet; texts that a spreadsheet program would run as formulas get an apostrophe there, as csv.write does it. To keep looks, run LibreOffice on the file with sys.run.",
		Effect: node.Idempotent,
		Examples: []node.Example[convertIn, convertOut]{{
			Title: "A workbook as CSV",
			Files: map[string]string{"orders.xlsx": ordersXLSX},
			In:    convertIn{source: source{File: "orders.xlsx"}, To: "orders.csv"},
			Out:   convertOut{File: "orders.csv", Sheets: []string{"Orders"}, Rows: 3},
		}, {
			Title: "CSV as OpenDocument",
			Files: map[string]string{"a.csv": "id;name\n1;Ada\n"},
			In:    convertIn{source: source{File: "a.csv"}, To: "a.ods"},
			Out:   convertOut{File: "a.ods", Sheets: []string{"a"}, Rows: 2},
		}},
		Check: func(in convertIn) error {
			_, err := formatOf(in.To)
			return err
		},
		Run: convert,
	})
}

type convertIn struct {
	source
	To       string       `json:"to" is:"required" widget:"file" doc:"File to write: .xlsx, .ods, .csv or .tsv. One that is there is replaced."`
	Sheet    string       `json:"sheet" doc:"Name or number of the only sheet to convert. Empty converts all sheets; to CSV, the first that is not hidden."`
	Guard    bool         `json:"guard_formulas" default:"true" doc:"In CSV files, put an apostrophe before texts that begin with = + - @ tab or a line end, so that spreadsheet programs do not run them. Plain numbers and phone numbers are left alone."`
	Header   bool         `json:"header" default:"true" doc:"The first row of a CSV file that is read holds titles, which stay text."`
	Encrypt  vault.Secret `json:"new_password" doc:"Password to encrypt the new file with (.xlsx only)."`
	Computed bool         `json:"compute" doc:"Compute formulas anew (.xlsx only) instead of writing the results that the file holds. Formulas without a result are always computed."`
}

type convertOut struct {
	File   string   `json:"file" doc:"Path of the file written."`
	Sheets []string `json:"sheets" doc:"Names of the sheets written."`
	Rows   int      `json:"rows" doc:"Number of rows that hold something, of all sheets."`
}

func convert(ctx context.Context, env *node.Env, in convertIn) (convertOut, error) {
	out := convertOut{File: in.To, Sheets: []string{}}
	to, err := formatOf(in.To)
	if err != nil {
		return out, err
	}
	inner, cancel := context.WithTimeout(ctx, in.Timeout)
	defer cancel()
	head := 0
	if in.Header {
		head = 1
	}
	err = guarded(inner, func() error {
		w, err := in.open(inner, env, head)
		if err != nil {
			return err
		}
		defer w.close()
		sheets := w.Sheets()
		if in.Sheet != "" || to == book.KindCSV {
			one, err := w.sheet(in.Sheet)
			if err != nil {
				return err
			}
			sheets = []book.Sheet{one}
		}
		if w.kind == book.KindCSV {
			sheets[0].Name = nameFor(in.File)
		}
		return writeFile(env, in.To, to, in.Encrypt, func(s sink) error {
			if c, ok := s.(*csvSink); ok {
				c.guard = in.Guard
			}
			for _, sheet := range sheets {
				if sheet.Kind != "worksheet" {
					continue
				}
				n, err := in.copy(inner, w, s, sheet)
				if err != nil {
					return err
				}
				out.Sheets = append(out.Sheets, sheet.Name)
				out.Rows += n
			}
			if len(out.Sheets) == 0 {
				return input("check the workbook", "%s has no worksheet", in.File)
			}
			return nil
		})
	})
	if err != nil {
		return convertOut{}, in.tell(ctx, err)
	}
	return out, nil
}

// nameFor makes a name for a sheet of that of a file.
func nameFor(path string) string {
	base := filepath.Base(filepath.ToSlash(path))
	name := strings.TrimSuffix(base, filepath.Ext(base))
	if len(name) > 31 {
		name = strings.ToValidUTF8(name[:31], "")
	}
	if checkName(name) != nil {
		return "Sheet1"
	}
	return name
}

// copy writes a sheet and returns the number of its rows.
func (in convertIn) copy(ctx context.Context, w *workbook, s sink, sheet book.Sheet) (int, error) {
	if err := s.begin(sheetSpec{name: sheet.Name, hidden: sheet.Hidden}); err != nil {
		return 0, err
	}
	n := 0
	var cells []any
	c := &converter{reading: reading{Values: "typed"}}
	if in.Computed {
		c.Values = "computed"
	}
	v := view{w: w, sheet: sheet, at: book.Whole}
	err := v.each(ctx, func(r *book.Row) error {
		cells = cells[:0]
		for _, cell := range r.Cells {
			for len(cells) < cell.Column {
				cells = append(cells, nil)
			}
			x := cell.Value
			if cell.Formula && (x == nil || in.Computed) {
				o, err := w.ask(ctx)
				if err != nil {
					return err
				}
				if x, err = o.value(c, sheet.Name, r.Number, cell); err != nil {
					return err
				}
			}
			if t, ok := x.(string); ok {
				if err := checkText(t); err != nil {
					return fmt.Errorf("cell %s: %w", book.CellName(r.Number, cell.Column), err)
				}
			}
			if i, ok := x.(int); ok {
				x = exact(i)
			}
			cells[cell.Column-1] = x
		}
		n++
		return s.row(r.Number, cells, false)
	})
	if err != nil {
		return n, err
	}
	return n, s.end(book.Range{})
}
