package sheet

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/nodes/sheet/book"
	"github.com/aether-rpa/aether/table"
	"github.com/aether-rpa/aether/value"
)

func init() {
	node.Register(node.Spec[readIn, readOut]{
		Type:  "sheet.read",
		Title: "Read sheet",
		Doc: "Reads a sheet, or a range of it, into a table of rows. Works on .xlsx, .ods and .csv files of any size: a million rows take no more memory than a thousand. " +
			"Rows and columns that hold nothing but formats are no rows and columns, whatever the file claims to use. " +
			"Numbers, texts, true and false keep their types, dates become ISO 8601; whole numbers of up to 18 digits stay exact, longer ones are text, and so are codes such as 007 that the workbook keeps as text. " +
			"Of formulas the stored result is read; see values. For CSV files in unusual dialects use csv.read.",
		Effect: node.Read,
		Examples: []node.Example[readIn, readOut]{{
			Title: "The first sheet of a workbook",
			Files: map[string]string{"orders.xlsx": ordersXLSX},
			In:    readIn{source: source{File: "orders.xlsx"}},
			Out: readOut{tableOut: tableOut{Rows: value.RowsOf([]any{
				map[string]any{"Order": "007", "Customer": "Müller", "Date": "2026-01-31", "Amount": 1.5},
				map[string]any{"Order": "008", "Customer": "Meier", "Date": "2026-02-01", "Amount": 2.25}}),
				Columns: []string{"Order", "Customer", "Date", "Amount"}, Types: map[string]string{"Order": "text", "Customer": "text", "Date": "date", "Amount": "number"}, Count: 2},
				Sheet: "Orders", Range: "A1:D3", Format: "xlsx"},
		}, {
			Title: "Two columns of a CSV file, without its title",
			Files: map[string]string{"a.csv": "Report;;\nid;name;sum\n1;Ada;2.5\n"},
			In:    readIn{source: source{File: "a.csv"}, At: "B:C", tableIn: tableIn{SkipRows: 1}},
			Out: readOut{tableOut: tableOut{Rows: value.RowsOf([]any{map[string]any{"name": "Ada", "sum": 2.5}}),
				Columns: []string{"name", "sum"}, Types: map[string]string{"name": "text", "sum": "number"}, Count: 1},
				Sheet: "Sheet1", Range: "B2:C3", Format: "csv"},
		}},
		Check: func(in readIn) error { return in.check() },
		Run:   read,
	})
}

type readIn struct {
	source
	where
	At string `json:"range" doc:"Range to read: A1:D20, A:D, 2:50, Sheet2!B3:C9, or the name of a range or table. Empty is all of the sheet."`
	tableIn
	reading
}

type tableIn struct {
	Header     string   `json:"header" default:"first_row" enum:"first_row,none" doc:"Where column names come from: the first row that holds something, or none, which names them column_1, column_2 and so on. Names given in columns replace either."`
	Columns    []string `json:"columns" doc:"Column names from left to right, instead of those in the sheet."`
	SkipRows   int      `json:"skip_rows" min:"0" doc:"Number of rows to skip before the header, counted from the top of the range."`
	Limit      int      `json:"limit" min:"0" doc:"Most rows to read; 0 reads all."`
	Blank      string   `json:"empty_rows" default:"skip" enum:"skip,keep,stop" doc:"What to do with rows that hold nothing: skip them, keep them as rows of nil, or stop at the first one, as where a table ends and notes follow."`
	Trim       bool     `json:"trim" doc:"Remove blanks around texts. Those around column names always go."`
	FillMerged bool     `json:"fill_merged" doc:"Repeat the value of merged cells in each row and column that they cover; else only the first holds it."`
	SkipHidden bool     `json:"skip_hidden" doc:"Leave out rows that are hidden, for instance by a filter."`
}

type tableOut struct {
	Rows       value.Rows        `json:"rows" doc:"Table: one map for each row."`
	Columns    []string          `json:"columns" doc:"Column names from left to right. A column without a name is called column_N and is there only if a row has a value in it."`
	Types      map[string]string `json:"types" doc:"Types by column: text, int, number, bool, date, datetime, any (only nil) or mixed."`
	Count      int               `json:"count" doc:"Number of rows."`
	ErrorCount int               `json:"error_count" doc:"Number of cells that hold an error value such as #N/A."`
	Uncomputed int               `json:"uncomputed" doc:"Number of formulas whose result is neither in the file nor could be computed; they are nil."`
}

type readOut struct {
	tableOut
	Sheet  string `json:"sheet" doc:"Name of the sheet."`
	Range  string `json:"range" doc:"Range that was read, the header included; empty if there was nothing."`
	Format string `json:"format" doc:"What the file is: xlsx, ods, fods or csv."`
}

func (t tableIn) check() error {
	for i, c := range t.Columns {
		if slices.Contains(t.Columns[:i], c) {
			return input("give each column a name of its own", "the column %s is named twice", short(c))
		}
	}
	return nil
}

func read(ctx context.Context, env *node.Env, in readIn) (readOut, error) {
	var out readOut
	c, err := in.converter()
	if err != nil {
		return out, err
	}
	head := in.SkipRows
	if in.Header != "none" {
		head++
	}
	inner, cancel := context.WithTimeout(ctx, in.Timeout)
	defer cancel()
	err = guarded(inner, func() error {
		w, err := in.open(inner, env, head)
		if err != nil {
			return err
		}
		defer w.close()
		sheet, at, err := w.place(in.Sheet, in.At)
		if err != nil {
			return err
		}
		out.Sheet, out.Format = sheet.Name, w.kind
		t := &tabler{tableIn: in.tableIn, w: w, c: c, at: at, sheet: sheet}
		if out.tableOut, err = t.read(inner, env); err != nil {
			return err
		}
		out.Range = t.used()
		return nil
	})
	if err != nil {
		return readOut{}, in.tell(ctx, err)
	}
	return out, nil
}

// tabler makes a table of a range.
type tabler struct {
	tableIn
	w     *workbook
	c     *converter
	sheet book.Sheet
	at    book.Range

	names  []string // by column of the range; "" has no name yet
	taken  map[string]bool
	kinds  []table.Kinds
	width  int // columns that every row has
	headed bool
	first  int // row of the header, or the first row
	last   int
	right  int // last column used, counted in the range
	left   int
}

func (t *tabler) read(ctx context.Context, env *node.Env) (tableOut, error) {
	out := tableOut{Types: map[string]string{}}
	t.at.Row1 = min(t.at.Row1+t.SkipRows, book.MaxRows)
	if t.at.Row1 > t.at.Row2 {
		return out, input("lower skip_rows", "skip_rows is %d, more than the range has rows", t.SkipRows)
	}
	t.taken = map[string]bool{}
	v := view{w: t.w, sheet: t.sheet, at: t.at, fill: t.FillMerged, blank: t.Blank != "skip"}
	var err error
	out.Rows, err = env.Rows(ctx, func(yield func(any) bool) error {
		return v.each(ctx, func(r *book.Row) error {
			if t.SkipHidden && r.Hidden {
				return nil
			}
			if len(r.Cells) == 0 {
				if t.Blank == "stop" && t.headed {
					return book.ErrStop
				}
				if t.Blank == "stop" || !t.headed {
					return nil
				}
			}
			row, err := t.row(ctx, r)
			if err != nil || row == nil {
				return err
			}
			if t.Limit > 0 && out.Count >= t.Limit {
				return book.ErrStop
			}
			t.last = r.Number
			if !yield(row) {
				return node.Failf(node.KindError, "row %d of the sheet could not be stored", r.Number)
			}
			out.Count++
			return nil
		})
	})
	out.Columns = []string{}
	for i, n := range t.names {
		if n != "" {
			out.Columns = append(out.Columns, n)
			out.Types[n] = t.kinds[i].Type()
		}
	}
	out.ErrorCount, out.Uncomputed = t.c.errors, t.c.uncomputed
	return out, err
}

// used names the range that was read.
func (t *tabler) used() string {
	if !t.headed || t.right == 0 {
		return ""
	}
	return book.Range{Row1: t.first, Column1: t.at.Column1 + t.left - 1, Row2: max(t.last, t.first), Column2: t.at.Column1 + t.right - 1}.String()
}

// row makes a row; nil of the header.
func (t *tabler) row(ctx context.Context, r *book.Row) (map[string]any, error) {
	if !t.headed {
		t.headed, t.first = true, r.Number
		if err := t.header(ctx, r); err != nil {
			return nil, err
		}
		if t.Header != "none" {
			return nil, nil
		}
	}
	out := make(map[string]any, t.width)
	for _, n := range t.names[:t.width] {
		if n != "" {
			out[n] = nil
		}
	}
	for _, cell := range r.Cells {
		v, err := t.c.value(ctx, t.w, t.sheet.Name, r.Number, cell)
		if err != nil {
			return nil, err
		}
		if s, ok := v.(string); ok && t.Trim {
			v = strings.TrimSpace(s)
		}
		if v == nil || v == "" {
			continue
		}
		i := t.column(cell.Column)
		t.kinds[i].Add(v)
		out[t.names[i]] = v
	}
	return out, nil
}

// column returns the index of a column in the range, which has a name then.
func (t *tabler) column(number int) int {
	i := number - t.at.Column1
	t.grow(i + 1)
	if t.names[i] == "" {
		name := fmt.Sprintf("column_%d", i+1)
		for t.taken[name] {
			name += "_"
		}
		t.names[i], t.taken[name] = name, true
	}
	t.right = max(t.right, i+1)
	if t.left == 0 || i+1 < t.left {
		t.left = i + 1
	}
	return i
}

func (t *tabler) grow(n int) {
	for len(t.names) < n {
		t.names = append(t.names, "")
		t.kinds = append(t.kinds, table.Kinds{})
	}
}

// header names the columns.
func (t *tabler) header(ctx context.Context, r *book.Row) error {
	names := make([]string, 0, len(r.Cells))
	if t.Header != "none" {
		for _, cell := range r.Cells {
			v, err := t.c.value(ctx, t.w, t.sheet.Name, r.Number, cell)
			if err != nil {
				return err
			}
			i := cell.Column - t.at.Column1
			for len(names) <= i {
				names = append(names, "")
			}
			if v != nil {
				names[i] = strings.Join(strings.Fields(fmt.Sprint(v)), " ")
			}
		}
		names = distinct(names)
	}
	if len(t.Columns) > 0 {
		names = slices.Clone(t.Columns)
	} else if t.Header == "none" {
		for _, cell := range r.Cells {
			t.column(cell.Column)
		}
		t.width = len(t.names)
		return nil
	}
	for i, n := range names {
		if n != "" {
			t.grow(i + 1)
			t.names[i], t.taken[n] = n, true
			t.right = max(t.right, i+1)
			if t.left == 0 {
				t.left = i + 1
			}
		}
	}
	t.width = len(t.names)
	return nil
}

// distinct numbers names that occur again: name, name_2, name_3. Empty ones
// stay empty.
func distinct(names []string) []string {
	taken := map[string]bool{}
	for _, n := range names {
		taken[n] = true
	}
	used := map[string]bool{}
	out := make([]string, len(names))
	for i, n := range names {
		base := n
		for k := 2; n != "" && (used[n] || n != names[i] && taken[n]); k++ {
			n = fmt.Sprintf("%s_%d", base, k)
		}
		used[n] = true
		out[i] = n
	}
	return out
}
