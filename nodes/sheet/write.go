package sheet

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"time"
	"unicode/utf8"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/nodes/sheet/book"
	"github.com/aether-rpa/aether/table"
	"github.com/aether-rpa/aether/value"
	"github.com/aether-rpa/aether/vault"
)

func init() {
	people := value.RowsOf([]any{map[string]any{"name": "Ada", "born": "1815-12-10", "code": "007"}, map[string]any{"name": "=1+1", "born": nil, "code": nil}})
	node.Register(node.Spec[writeIn, writeOut]{
		Type:  "sheet.write",
		Title: "Write sheet",
		Doc: "Writes a table to a sheet of a workbook (.xlsx), or to an .ods or .csv file, in one step: a reader sees the old file or the new one. " +
			"Other sheets of a workbook that is there stay; the sheet itself is replaced. A new file may be larger than memory. " +
			"ISO dates become dates, texts stay texts: one that begins with = is no formula unless formulas is on, whole numbers of more than 15 digits are written as text, for Excel would round them, and fractions keep 15 digits.",
		Effect: node.Once, EffectOf: func(in writeIn) node.Effect { return unless(in.Existing == "fail") },
		Examples: []node.Example[writeIn, writeOut]{{
			Title: "A new workbook",
			In:    writeIn{File: "out/people.xlsx", Rows: people, Sheet: "People", Columns: []string{"name", "born", "code"}},
			Out:   writeOut{File: "out/people.xlsx", Sheet: "People", Range: "A1:C3", Count: 2, Columns: []string{"name", "born", "code"}},
		}, {
			Title: "A second sheet of a workbook",
			Files: map[string]string{"orders.xlsx": ordersXLSX},
			In:    writeIn{File: "orders.xlsx", Rows: people, Sheet: "People"},
			Out:   writeOut{File: "orders.xlsx", Sheet: "People", Range: "A1:C3", Count: 2, Columns: []string{"born", "code", "name"}, Existed: true},
		}},
		Check: func(in writeIn) error {
			if in.Sheet != "" {
				if err := checkName(in.Sheet); err != nil {
					return err
				}
			}
			_, err := formatOf(in.File)
			if err != nil && in.Existing == "file" {
				return err
			}
			return nil
		},
		Run: write,
	})
}

type writeIn struct {
	File     string       `json:"file" is:"required" widget:"file" doc:"File to write: .xlsx, .ods or .csv, by its name. Missing folders are made."`
	Rows     value.Rows   `json:"rows" is:"required" doc:"Table to write: a list of maps."`
	Sheet    string       `json:"sheet" doc:"Name of the sheet; empty is the first sheet of a workbook that is there, or Sheet1."`
	Existing string       `json:"existing" default:"sheet" enum:"sheet,file,fail" doc:"What to do with a file that is there: sheet replaces or adds the sheet and keeps the others, file replaces the whole file, fail fails. An .ods file can only be replaced as a whole."`
	Columns  []string     `json:"columns" doc:"Columns in order; all columns, sorted by name, when empty. The output columns of sheet.read keeps the order of a sheet."`
	Header   bool         `json:"header" default:"true" doc:"Write the column names first, in bold."`
	Freeze   bool         `json:"freeze_header" default:"true" group:"Looks" doc:"Keep the header in sight when the sheet is scrolled (.xlsx)."`
	Filter   bool         `json:"filter" group:"Looks" doc:"Put a filter on the header (.xlsx)."`
	AutoFit  bool         `json:"auto_width" default:"true" group:"Looks" doc:"Make columns as wide as their content, by the first 200 rows (.xlsx)."`
	Guard    bool         `json:"guard_formulas" default:"true" group:"Looks" doc:"In CSV files, put an apostrophe before texts that a spreadsheet program would run as formulas, as csv.write does."`
	Password vault.Secret `json:"password" doc:"Password of the workbook that is there, or to encrypt a new .xlsx file with."`
	writing
	Timeout  time.Duration `json:"timeout" default:"15m" min:"0.001" group:"Limits" is:"advanced" doc:"How long the work may take."`
	MaxCells int           `json:"max_cells" default:"6000000" min:"1" group:"Limits" is:"advanced" doc:"Most cells, rows and other parts that a workbook which is there may consist of; it is held in memory."`
}

type writeOut struct {
	File    string   `json:"file" doc:"Path of the file."`
	Sheet   string   `json:"sheet" doc:"Name of the sheet."`
	Range   string   `json:"range" doc:"Range that was written; empty if there was nothing to write."`
	Count   int      `json:"count" doc:"Number of rows, without the header."`
	Columns []string `json:"columns" doc:"Columns in the order written."`
	Existed bool     `json:"existed" doc:"Whether the file was there before."`
}

func write(ctx context.Context, env *node.Env, in writeIn) (writeOut, error) {
	t := &tableWriter{in: in}
	var err error
	if t.e, err = in.encoder(); err != nil {
		return writeOut{}, err
	}
	if t.columns, err = columnsOf(ctx, in.Rows, in.Columns); err != nil {
		return writeOut{}, err
	}
	out := writeOut{File: in.File, Columns: t.columns}
	_, err = env.Files.Stat(in.File)
	switch {
	case err == nil:
		out.Existed = true
	case !errors.Is(err, fs.ErrNotExist):
		return out, err
	}
	if out.Existed && in.Existing == "fail" {
		return out, input("choose another name, or set existing to sheet or file", "%s is there already", in.File)
	}
	kind, err := formatOf(in.File)
	if out.Existed && in.Existing == "sheet" && (kind == book.KindXLSX || kind == "") {
		return t.replace(ctx, env, out)
	}
	if err != nil {
		return out, err
	}
	if out.Existed && in.Existing == "sheet" && kind == book.KindODS {
		return out, input("set existing to file to replace it as a whole, or work with .xlsx", "%s is there already, and a sheet of an .ods file cannot be replaced alone", in.File)
	}
	if out.Sheet = in.Sheet; out.Sheet == "" {
		out.Sheet = "Sheet1"
	}
	inner, cancel := context.WithTimeout(ctx, in.Timeout)
	defer cancel()
	used, count := book.Range{}, 0
	err = guarded(inner, func() error {
		return writeFile(env, in.File, kind, in.Password, func(s sink) error {
			if c, ok := s.(*csvSink); ok {
				c.guard = in.Guard
			}
			var err error
			used, count, err = t.write(inner, s, out.Sheet)
			return err
		})
	})
	if err != nil {
		return writeOut{}, t.tell(ctx, err)
	}
	out.Count, out.Range = count, rangeName(used)
	return out, nil
}

// rangeName names a range that may be empty.
func rangeName(r book.Range) string {
	if r.Row2 == 0 || r.Column2 == 0 {
		return ""
	}
	return r.String()
}

// tableWriter writes a table as a sheet.
type tableWriter struct {
	in      writeIn
	e       *encoder
	columns []string
}

func (t *tableWriter) tell(ctx context.Context, err error) error {
	var pe *fs.PathError
	if errors.As(err, &pe) && ctx.Err() == nil {
		return err
	}
	return source{File: t.in.File, limits: limits{Timeout: t.in.Timeout}}.tell(ctx, err)
}

// replace writes the sheet of a workbook that is there.
func (t *tableWriter) replace(ctx context.Context, env *node.Env, out writeOut) (writeOut, error) {
	c := changing{File: t.in.File, Password: t.in.Password, Timeout: t.in.Timeout, MaxSize: maxWhole, MaxCells: t.in.MaxCells}
	used, count, name := book.Range{}, 0, t.in.Sheet
	err := c.edit(ctx, env, func(ctx context.Context, ed *editor) error {
		if name == "" {
			s, err := ed.sheet("")
			if err != nil {
				return err
			}
			name = s.Name
		}
		for _, s := range ed.f.GetSheetList() {
			if s != name {
				continue
			}
			tables, err := ed.f.GetTables(s)
			if err != nil {
				return err
			}
			for _, table := range tables {
				if err := ed.f.DeleteTable(table.Name); err != nil {
					return err
				}
			}
		}
		if i, _ := ed.f.GetSheetIndex(name); i < 0 && ed.sheetTaken(name) {
			return input("write it the same way, or choose another name", "there is a sheet whose name differs from %s only in capital letters", short(name))
		}
		ed.stale = ed.weight.Formulas > 0
		if err := ed.refresh(); err != nil {
			return err
		}
		// The streams of the library do not mix with changes.
		ed.stale = false
		var err error
		used, count, err = t.write(ctx, &xlsxSink{f: ed.f, is1904: ed.is1904}, name)
		return err
	})
	if err != nil {
		return writeOut{}, err
	}
	out.Sheet, out.Count, out.Range = name, count, rangeName(used)
	return out, nil
}

// sampleRows are looked at for the width of columns.
const sampleRows = 200

// write writes the header and all rows.
func (t *tableWriter) write(ctx context.Context, s sink, name string) (used book.Range, count int, err error) {
	spec := sheetSpec{name: name, freeze: t.in.Freeze && t.in.Header, filter: t.in.Filter && t.in.Header && len(t.columns) > 0}
	if len(t.columns) > book.MaxColumns {
		return used, 0, input("leave columns out", "the table has %d columns; a sheet holds %d", len(t.columns), book.MaxColumns)
	}
	if t.in.AutoFit {
		if spec.widths, err = t.widths(ctx); err != nil {
			return used, 0, err
		}
	}
	if err := s.begin(spec); err != nil {
		return used, 0, err
	}
	row := 0
	cells := make([]any, len(t.columns))
	if t.in.Header && len(t.columns) > 0 {
		row++
		for i, c := range t.columns {
			if err := checkText(c); err != nil {
				return used, 0, err
			}
			cells[i] = c
		}
		if err := s.row(row, cells, true); err != nil {
			return used, 0, err
		}
	}
	for v, err := range t.in.Rows.All(ctx) {
		if err != nil {
			return used, count, err
		}
		r, err := asRow(v, count)
		if err != nil {
			return used, count, err
		}
		for i, c := range t.columns {
			if cells[i], err = t.e.cell(ctx, r[c]); err != nil {
				return used, count, fmt.Errorf("the row at index %d, column %s: %w", count, short(c), err)
			}
		}
		if row++; row > book.MaxRows {
			return used, count, input("split the table over several sheets, or write CSV with csv.write", "the table has more than the %d rows that a sheet holds", book.MaxRows)
		}
		if err := s.row(row, cells, false); err != nil {
			return used, count, err
		}
		if count++; count%1024 == 0 && ctx.Err() != nil {
			return used, count, ctx.Err()
		}
	}
	if row > 0 && len(t.columns) > 0 {
		used = book.Range{Row1: 1, Column1: 1, Row2: row, Column2: len(t.columns)}
	}
	return used, count, s.end(used)
}

// widths returns how wide columns should be, in characters.
func (t *tableWriter) widths(ctx context.Context) ([]float64, error) {
	out := make([]float64, len(t.columns))
	for i, c := range t.columns {
		out[i] = width(c)
	}
	n := 0
	for v, err := range t.in.Rows.All(ctx) {
		if err != nil {
			return nil, err
		}
		if n++; n > sampleRows {
			break
		}
		r, _ := v.(map[string]any)
		for i, c := range t.columns {
			out[i] = max(out[i], width(r[c]))
		}
	}
	return out, nil
}

// width is how many characters a value takes, with room at the sides, between
// what looks right for next to nothing and for whole paragraphs.
func width(v any) float64 {
	n := 0
	switch x := v.(type) {
	case nil:
		return 0
	case string:
		n = utf8.RuneCountInString(x)
	default:
		n = len(fmt.Sprint(v))
	}
	return min(max(float64(n)*1.1+2, 6), 60)
}

func asRow(v any, i int) (map[string]any, error) {
	r, ok := v.(map[string]any)
	if !ok {
		return nil, node.Fail(node.KindInput, fmt.Sprintf("the row at index %d is a %s, not a map of columns", i, value.Kind(v)), "a table is a list of maps; table.create makes one from lists, and sheet.write_range writes lists")
	}
	return r, nil
}

// columnsOf returns the columns to write: those given, or all of the table.
func columnsOf(ctx context.Context, rows value.Rows, given []string) ([]string, error) {
	if len(given) > 0 {
		return slices.Clone(given), nil
	}
	var c table.Columns
	n := 0
	for v, err := range rows.All(ctx) {
		if err != nil {
			return nil, err
		}
		r, err := asRow(v, n)
		if err != nil {
			return nil, err
		}
		c.Add(r)
		n++
	}
	return c.Names(), nil
}
