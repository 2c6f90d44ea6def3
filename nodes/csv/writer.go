package csv

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/table"
	"github.com/aether-rpa/aether/value"
)

// layout are the params that writing a file and writing a text share.
type layout struct {
	Columns   []string `json:"columns" doc:"Columns in order; all columns, sorted by name, when empty. The output columns of csv.read keeps the order of a file."`
	Header    bool     `json:"header" default:"true" doc:"Write the column names first."`
	Delimiter string   `json:"delimiter" default:"comma" doc:"Character between cells, or comma, semicolon, tab, pipe, space."`
	Quoting   string   `json:"quoting" default:"minimal" enum:"minimal,text,all" doc:"Which cells to quote: those that need it, all texts, or all."`
	Newline   string   `json:"newline" default:"crlf" enum:"crlf,lf" doc:"Line ends: crlf as RFC 4180 and Excel have them, or lf."`
	Guard     bool     `json:"guard_formulas" default:"true" doc:"Put an apostrophe before texts that begin with = + - @ tab or a line end, so that spreadsheet programs do not run them as formulas. Plain numbers and phone numbers are left alone. Turn it off for files that programs read."`
	Null      string   `json:"null_text" doc:"What to write for nil." is:"advanced"`
	Decimal   string   `json:"decimal" default:"point" enum:"point,comma" doc:"Decimal separator of numbers."`
}

// writer writes records.
type writer struct {
	layout
	w         *bufio.Writer
	delimiter string
	end       string
}

func (l layout) writer(w io.Writer) (*writer, error) {
	d, err := letter("delimiter", l.Delimiter)
	if err != nil {
		return nil, err
	}
	if d == 0 || d == '"' {
		return nil, node.Fail(node.KindInput, "the delimiter must be a character other than the quote", "write for instance ; or tab")
	}
	out := &writer{layout: l, w: bufio.NewWriterSize(w, 64<<10), delimiter: string(d), end: "\r\n"}
	if l.Newline == "lf" {
		out.end = "\n"
	}
	return out, nil
}

// record writes a line of cells.
func (w *writer) record(cells []any) error {
	for i, v := range cells {
		if i > 0 {
			_, _ = w.w.WriteString(w.delimiter)
		}
		s, isText, err := w.text(v)
		if err != nil {
			return err
		}
		if isText && w.Guard && isFormula(s) {
			s = "'" + s
		}
		// A line with nothing on it would be no row at all.
		if w.quoted(s, isText) || s == "" && len(cells) == 1 {
			s = `"` + strings.ReplaceAll(s, `"`, `""`) + `"`
		}
		// A bufio.Writer keeps its first error for Flush and the next write.
		_, _ = w.w.WriteString(s)
	}
	_, err := w.w.WriteString(w.end)
	return err
}

func (w *writer) text(v any) (s string, isText bool, err error) {
	switch x := v.(type) {
	case nil:
		return w.Null, false, nil
	case string:
		return x, true, nil
	case int:
		return strconv.Itoa(x), false, nil
	case float64:
		s = strconv.FormatFloat(x, 'f', -1, 64)
		if w.Decimal == "comma" {
			s = strings.Replace(s, ".", ",", 1)
		}
		return s, false, nil
	case bool:
		return strconv.FormatBool(x), false, nil
	}
	b, err := value.JSON(v)
	return string(b), true, err
}

func (w *writer) quoted(s string, isText bool) bool {
	if w.Quoting == "all" || w.Quoting == "text" && isText {
		return true
	}
	if s == "" {
		return false
	}
	return strings.Contains(s, w.delimiter) || strings.ContainsAny(s, "\"\r\n") || strings.TrimSpace(s) != s ||
		isText && (s == w.Null || strings.HasPrefix(s, "\ufeff"))
}

// isFormula reports whether a spreadsheet program might run the text.
func isFormula(s string) bool {
	r, _ := utf8.DecodeRuneInString(s)
	switch r {
	case '=', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠':
		return s != ""
	case '+', '-':
		_, number := (&table.Format{}).ParseNumber(s)
		comma := table.Format{Decimal: ","}
		_, other := comma.ParseNumber(s)
		return !number && !other && !phoneRE.MatchString(s)
	}
	return false
}

// phoneRE is the shape of a phone number: it computes nothing.
var phoneRE = regexp.MustCompile(`^\+[0-9][0-9 ()./-]{4,24}$`)

// table writes the header and all rows and returns how many there were.
func (w *writer) table(ctx context.Context, rows value.Rows, columns []string, header bool) (int, error) {
	if header {
		names := make([]any, len(columns))
		for i, c := range columns {
			names[i] = c
		}
		if err := w.record(names); err != nil {
			return 0, err
		}
	}
	n := 0
	cells := make([]any, len(columns))
	for v, err := range rows.All(ctx) {
		if err != nil {
			return n, err
		}
		r, err := asRow(v, n)
		if err != nil {
			return n, err
		}
		for i, c := range columns {
			cells[i] = r[c]
			if ref, ok := cells[i].(*value.Ref); ok {
				if cells[i], err = ref.Load(ctx); err != nil {
					return n, err
				}
			}
		}
		if err := w.record(cells); err != nil {
			return n, fmt.Errorf("the row at index %d: %w", n, err)
		}
		n++
	}
	return n, w.w.Flush()
}

func asRow(v any, i int) (map[string]any, error) {
	r, ok := v.(map[string]any)
	if !ok {
		return nil, node.Fail(node.KindInput, fmt.Sprintf("the row at index %d is a %s, not a map of columns", i, value.Kind(v)), "a table is a list of maps; table.create makes one from lists")
	}
	return r, nil
}

// columns returns the columns to write: those given, or all of the table.
func (l layout) columns(ctx context.Context, rows value.Rows) ([]string, error) {
	if len(l.Columns) > 0 {
		return slices.Clone(l.Columns), nil
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
