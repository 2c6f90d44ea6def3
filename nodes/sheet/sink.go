package sheet

import (
	"archive/zip"
	"bufio"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/xuri/excelize/v2"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/nodes/sheet/book"
	"github.com/aether-rpa/aether/table"
	"github.com/aether-rpa/aether/vault"
)

// sink takes sheets one after the other and their rows from top to bottom.
// Cells are what encoder.cell returns, and book.Error.
type sink interface {
	begin(s sheetSpec) error
	row(number int, cells []any, head bool) error
	// end ends the sheet; used is the range of its rows.
	end(used book.Range) error
}

// sheetSpec is how a sheet begins.
type sheetSpec struct {
	name   string
	hidden bool
	widths []float64 // of columns, in characters
	freeze bool      // keep the first row in sight
	filter bool      // put a filter on the first row
}

// formatOf tells by its name what kind of file to write.
func formatOf(path string) (string, error) {
	switch ext := strings.ToLower(filepath.Ext(path)); ext {
	case ".xlsx":
		return book.KindXLSX, nil
	case ".ods":
		return book.KindODS, nil
	case ".csv", ".tsv":
		return book.KindCSV, nil
	case ".xls", ".xlsb":
		return "", input("write .xlsx, which every Excel since 2007 opens", "files of the kind %s cannot be written", ext)
	case ".xlsm":
		return "", input("write .xlsx, or change a .xlsm file that is there", "a new workbook cannot have macros (.xlsm)")
	default:
		return "", input("name it .xlsx, .ods or .csv", "it cannot be told from the name %s what kind of file to write", short(filepath.Base(path)))
	}
}

// checkName tells whether a sheet may have the name.
func checkName(name string) error {
	n := 0
	for _, r := range name {
		n += max(1, utf16.RuneLen(r))
	}
	switch {
	case strings.TrimSpace(name) == "":
		return input("give it a name", "the name of a sheet is empty")
	case n > 31:
		return input("shorten it", "the name %s has %d characters; a sheet's name may have 31", short(name), n)
	case strings.ContainsAny(name, `:\/?*[]`):
		return input("leave them out", `the name %s has one of the characters : \ / ? * [ ] in it, which a sheet's name must not have`, short(name))
	case strings.HasPrefix(name, "'") || strings.HasSuffix(name, "'"):
		return input("leave it out", "the name %s begins or ends with an apostrophe, which a sheet's name must not", short(name))
	case strings.EqualFold(name, "history"):
		return input("choose another name", "Excel keeps the name %s for itself", short(name))
	case !utf8.ValidString(name) || book.Printable(name) != name || strings.ContainsAny(name, "\t\r\n"):
		return input("leave them out", "the name %s has characters that cannot be printed", short(name))
	}
	return nil
}

// writeFile writes a new file of the kind, in one step.
func writeFile(env *node.Env, path, kind string, password vault.Secret, fill func(sink) error) error {
	if kind != book.KindXLSX && !password.Empty() {
		return input("write .xlsx, or leave the password out", "only .xlsx files can be encrypted")
	}
	switch kind {
	case book.KindODS:
		return env.Files.WriteAtomic(path, 0o644, func(w io.Writer) error {
			o, err := book.NewODSWriter(w)
			if err != nil {
				return err
			}
			if err := fill(&odsSink{w: o}); err != nil {
				return err
			}
			return o.Close()
		})
	case book.KindCSV:
		return env.Files.WriteAtomic(path, 0o644, func(w io.Writer) error {
			c := &csvSink{w: bufio.NewWriterSize(w, 64<<10), delimiter: ","}
			if strings.HasSuffix(strings.ToLower(path), ".tsv") {
				c.delimiter = "\t"
			}
			if err := fill(c); err != nil {
				return err
			}
			return c.w.Flush()
		})
	}
	temp, err := env.TempDir()
	if err != nil {
		return err
	}
	f := excelize.NewFile(excelize.Options{TmpDir: temp})
	defer func() { _ = f.Close() }()
	x := &xlsxSink{f: f, fresh: true}
	if err := fill(x); err != nil {
		return err
	}
	return saveXLSX(env, path, f, password)
}

// saveXLSX writes a workbook in one step. Without a password it goes from the
// library to the file and is not held in memory as a whole.
func saveXLSX(env *node.Env, path string, f *excelize.File, password vault.Secret) error {
	return env.Files.WriteAtomic(path, 0o644, func(w io.Writer) error {
		if !password.Empty() {
			_, err := f.WriteTo(w, excelize.Options{Password: password.Reveal()})
			return err
		}
		var z *zip.Writer
		f.SetZipWriter(func(io.Writer) excelize.ZipWriter {
			z = zip.NewWriter(w)
			return z
		})
		_, err := f.WriteTo(io.Discard)
		return err
	})
}

// xlsxSink writes sheets of a workbook as streams.
type xlsxSink struct {
	f      *excelize.File
	fresh  bool // the first sheet of a new file is still to be named
	s      *excelize.StreamWriter
	name   string
	filter bool
	is1904 bool
	styles map[string]int
	cells  []any
}

func (x *xlsxSink) begin(s sheetSpec) error {
	if err := checkName(s.name); err != nil {
		return err
	}
	var err error
	if x.fresh {
		x.fresh = false
		err = x.f.SetSheetName("Sheet1", s.name)
	} else if i, _ := x.f.GetSheetIndex(s.name); i < 0 {
		_, err = x.f.NewSheet(s.name)
	}
	if err != nil {
		return err
	}
	if s.hidden {
		if err := x.f.SetSheetVisible(s.name, false); err != nil {
			return err
		}
	}
	if x.s, err = x.f.NewStreamWriter(s.name); err != nil {
		return err
	}
	x.name, x.filter = s.name, s.filter
	if s.freeze {
		if err := x.s.SetPanes(&excelize.Panes{Freeze: true, YSplit: 1, TopLeftCell: "A2", ActivePane: "bottomLeft"}); err != nil {
			return err
		}
	}
	for i, w := range s.widths {
		if w > 0 {
			if err := x.s.SetColWidth(i+1, i+1, w); err != nil {
				return err
			}
		}
	}
	return nil
}

// Formats of dates as cells show them.
var dateCodes = map[int]string{book.Day: "yyyy-mm-dd", book.Time: "yyyy-mm-dd hh:mm:ss", book.Clock: "hh:mm:ss", book.Duration: "[h]:mm:ss"}

func (x *xlsxSink) style(code string, bold bool) (int, error) {
	key := code + strconv.FormatBool(bold)
	if id, ok := x.styles[key]; ok {
		return id, nil
	}
	s := &excelize.Style{}
	if code != "" {
		s.CustomNumFmt = &code
	}
	if bold {
		s.Font = &excelize.Font{Bold: true}
	}
	id, err := x.f.NewStyle(s)
	if x.styles == nil {
		x.styles = map[string]int{}
	}
	x.styles[key] = id
	return id, err
}

func (x *xlsxSink) row(number int, cells []any, head bool) error {
	x.cells = x.cells[:0]
	bold := 0
	if head {
		var err error
		if bold, err = x.style("", true); err != nil {
			return err
		}
	}
	for _, v := range cells {
		c := excelize.Cell{StyleID: bold}
		switch d := v.(type) {
		case nil:
			x.cells = append(x.cells, nil)
			continue
		case string:
			c.Value = book.Printable(d)
		case formula:
			c.Formula = string(d)
		case book.Error:
			c.Value = string(d)
		case book.Date:
			n, ok := serial(d, x.is1904)
			if !ok {
				c.Value = d.String()
				break
			}
			var err error
			if c.StyleID, err = x.style(dateCodes[d.Kind], head); err != nil {
				return err
			}
			c.Value = n
		default:
			c.Value = v
		}
		x.cells = append(x.cells, c)
	}
	return x.s.SetRow("A"+strconv.Itoa(number), x.cells)
}

// serial returns the number that stands for a date or time.
func serial(d book.Date, is1904 bool) (float64, bool) {
	if d.Kind == book.Clock || d.Kind == book.Duration {
		return d.Length.Seconds() / 86400, true
	}
	return book.Serial(d.Wall, is1904)
}

func (x *xlsxSink) end(used book.Range) error {
	if x.filter && used.Row2 >= used.Row1 && used.Row1 > 0 {
		if err := x.f.AutoFilter(x.name, used.String(), nil); err != nil {
			return err
		}
	}
	return x.s.Flush()
}

// odsSink writes sheets of an ods file.
type odsSink struct{ w *book.ODSWriter }

func (o *odsSink) begin(s sheetSpec) error {
	if err := checkName(s.name); err != nil {
		return err
	}
	return o.w.Sheet(s.name, s.hidden)
}

func (o *odsSink) row(number int, cells []any, head bool) error {
	for _, v := range cells {
		if _, ok := v.(formula); ok {
			return input("write .xlsx, or turn formulas off", "formulas cannot be written to .ods files")
		}
	}
	return o.w.Row(number, cells, head)
}

func (o *odsSink) end(book.Range) error { return nil }

// csvSink writes one sheet as CSV.
type csvSink struct {
	w         *bufio.Writer
	delimiter string
	guard     bool
	begun     bool
	rows      int
	width     int
}

func (c *csvSink) begin(sheetSpec) error {
	if c.begun {
		return errors.New("a CSV file holds one sheet")
	}
	c.begun = true
	return nil
}

func (c *csvSink) row(number int, cells []any, _ bool) error {
	for c.rows++; c.rows < number; c.rows++ {
		// An empty line would be no row to most readers.
		_, _ = c.w.WriteString(strings.Repeat(c.delimiter, max(0, c.width-1)) + "\r\n")
	}
	c.width = max(c.width, len(cells))
	for i, v := range cells {
		if i > 0 {
			_, _ = c.w.WriteString(c.delimiter)
		}
		s, text := csvText(v)
		if text && c.guard && isFormula(s) {
			s = "'" + s
		}
		if strings.Contains(s, c.delimiter) || strings.ContainsAny(s, "\"\r\n") || strings.TrimSpace(s) != s || s == "" && len(cells) == 1 {
			s = `"` + strings.ReplaceAll(s, `"`, `""`) + `"`
		}
		_, _ = c.w.WriteString(s)
	}
	_, err := c.w.WriteString("\r\n")
	return err
}

func (c *csvSink) end(book.Range) error { return nil }

func csvText(v any) (s string, text bool) {
	switch x := v.(type) {
	case nil:
		return "", false
	case string:
		return x, true
	case formula:
		return "=" + string(x), true
	case int:
		return strconv.Itoa(x), false
	case float64:
		return strconv.FormatFloat(x, 'f', -1, 64), false
	case bool:
		return strconv.FormatBool(x), false
	}
	// Dates, and errors such as #N/A.
	return fmt.Sprint(v), false
}

// isFormula reports whether a spreadsheet program might run the text; the rule
// is that of csv.write.
func isFormula(s string) bool {
	r, _ := utf8.DecodeRuneInString(s)
	switch r {
	case '=', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠':
		return s != ""
	case '+', '-':
		_, number := (&table.Format{}).ParseNumber(s)
		_, comma := (&table.Format{Decimal: ","}).ParseNumber(s)
		return !number && !comma && !phoneRE.MatchString(s)
	}
	return false
}

var phoneRE = regexp.MustCompile(`^\+[0-9][0-9 ()./-]{4,24}$`)
