package sheet

import (
	"context"
	"errors"
	"io/fs"
	"path/filepath"
	"strings"
	"time"

	"github.com/xuri/excelize/v2"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/nodes/sheet/book"
	"github.com/aether-rpa/aether/vault"
)

// changing is a workbook that a node changes.
type changing struct {
	File     string        `json:"file" is:"required" widget:"file" doc:"Workbook to change (.xlsx, .xlsm, .xltx, .xltm). Convert others with sheet.convert first."`
	Password vault.Secret  `json:"password" doc:"Password of the workbook, if it is encrypted; it stays encrypted."`
	To       string        `json:"to" widget:"file" doc:"File to write; one that is there is replaced. Empty changes the workbook itself."`
	Timeout  time.Duration `json:"timeout" default:"15m" min:"0.001" group:"Limits" is:"advanced" doc:"How long the work may take."`
	MaxSize  int           `json:"max_size" default:"268435456" min:"1" group:"Limits" is:"advanced" doc:"Most bytes that a part of the workbook may have once unpacked. The default is 256 MiB."`
	MaxCells int           `json:"max_cells" default:"6000000" min:"1" group:"Limits" is:"advanced" doc:"Most cells, rows and other parts that the workbook may consist of. To be changed it is held in memory, at some 200 bytes each."`
}

// effect is that of a change which, made twice in place, gives another file.
func (c changing) effect() node.Effect {
	if c.To == "" || c.To == c.File {
		return node.Once
	}
	return node.Idempotent
}

// unless is the effect of making something that, made before, is an error.
func unless(fails bool) node.Effect {
	if fails {
		return node.Once
	}
	return node.Idempotent
}

func (c changing) source() source {
	return source{File: c.File, Password: c.Password, limits: limits{Timeout: c.Timeout, MaxSize: c.MaxSize}}
}

func (c changing) path() string {
	if c.To == "" {
		return c.File
	}
	return c.To
}

// editor changes a workbook.
type editor struct {
	*workbook
	f      *excelize.File
	weight book.Weight
	dates  map[[2]int]int // styles for dates by style and kind
	is1904 bool
	stale  bool // results of formulas are no longer right
}

// edit opens the workbook, has use change it, and writes it in one step. What
// use writes to may be read only if there is no error.
func (c changing) edit(ctx context.Context, env *node.Env, use func(ctx context.Context, ed *editor) error) error {
	s := c.source()
	err := s.with(ctx, env, func(ctx context.Context, w *workbook) error {
		x, ok := w.Workbook.(*book.XLSX)
		if !ok {
			return input("convert it with sheet.convert to .xlsx first; csv.append and csv.write work on CSV files", "%s is %s; only .xlsx workbooks can be changed in place", c.File, w.kind)
		}
		if err := target(x, c.path()); err != nil {
			return err
		}
		f, weight, err := w.whole(x, c.MaxCells)
		if err != nil {
			return err
		}
		defer func() { _ = f.Close() }()
		ed := &editor{workbook: w, f: f, weight: weight, is1904: x.Date1904, dates: map[[2]int]int{}}
		if err := use(ctx, ed); err != nil {
			return err
		}
		if err := ed.refresh(); err != nil {
			return err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		// The kind of workbook is written into the file, by its name.
		if e := strings.ToLower(filepath.Ext(c.path())); strings.HasPrefix(e, ".xl") {
			f.Path = "workbook" + e
		}
		password := vault.Secret{}
		if w.encrypted {
			password = c.Password
		}
		return saveXLSX(env, c.path(), f, password)
	})
	var pe *fs.PathError
	if errors.As(err, &pe) && pe.Path != c.File {
		return node.AsFailure(err)
	}
	return err
}

// target refuses names that Excel would not open the file under.
func target(x *book.XLSX, path string) error {
	e := strings.ToLower(filepath.Ext(path))
	switch e {
	case ".xlsm", ".xltm", ".xlam":
		return nil
	case ".xlsx", ".xltx":
		if x.Macros {
			return input("name it .xlsm", "the workbook has macros, so Excel would not open it as %s", short(filepath.Base(path)))
		}
		return nil
	case ".xls", ".xlsb", ".ods", ".fods", ".csv":
		return input("name it .xlsx, and use sheet.convert for other formats", "a workbook of the new Excel format cannot be written as %s", short(filepath.Base(path)))
	}
	return nil
}

// refresh throws the stored results of formulas away when cells have changed:
// an old result would be wrong and nothing would show it. Excel and LibreOffice
// compute them when they open the file, sheet.read when it reads it.
func (ed *editor) refresh() error {
	if !ed.stale {
		return nil
	}
	if err := ed.f.UpdateLinkedValue(); err != nil {
		return err
	}
	on := true
	return ed.f.SetCalcProps(&excelize.CalcPropsOptions{FullCalcOnLoad: &on})
}

// set writes a value that encoder.cell made; nil empties the cell. Formats
// stay.
func (ed *editor) set(sheet string, row, column int, v any) error {
	if row < 1 || row > book.MaxRows || column < 1 || column > book.MaxColumns {
		return input("split the data over several sheets", "a sheet ends at row %d and column %s; the data goes beyond", book.MaxRows, book.ColumnName(book.MaxColumns))
	}
	at := book.CellName(row, column)
	ed.stale = ed.stale || ed.weight.Formulas > 0
	switch x := v.(type) {
	case nil:
		if err := ed.f.SetCellFormula(sheet, at, ""); err != nil {
			return err
		}
		return ed.f.SetCellValue(sheet, at, nil)
	case string:
		return ed.f.SetCellStr(sheet, at, book.Printable(x))
	case formula:
		ed.stale = true
		if err := ed.f.SetCellValue(sheet, at, nil); err != nil {
			return err
		}
		return ed.f.SetCellFormula(sheet, at, string(x))
	case book.Date:
		return ed.setDate(sheet, at, x)
	case book.Error:
		return ed.f.SetCellStr(sheet, at, string(x))
	}
	return ed.f.SetCellValue(sheet, at, v)
}

func (ed *editor) setDate(sheet, at string, d book.Date) error {
	n, ok := serial(d, ed.is1904)
	if !ok {
		return ed.f.SetCellStr(sheet, at, d.String())
	}
	style, err := ed.f.GetCellStyle(sheet, at)
	if err != nil {
		return err
	}
	if err := ed.f.SetCellFloat(sheet, at, n, -1, 64); err != nil {
		return err
	}
	want, err := ed.dateStyle(style, d.Kind)
	if err != nil || want == style {
		return err
	}
	return ed.f.SetCellStyle(sheet, at, at, want)
}

// dateStyle returns the style with a format for dates, unless it has one.
func (ed *editor) dateStyle(style, kind int) (int, error) {
	key := [2]int{style, kind}
	if id, ok := ed.dates[key]; ok {
		return id, nil
	}
	s, err := ed.f.GetStyle(style)
	if err != nil {
		return 0, err
	}
	code := ""
	if s.CustomNumFmt != nil {
		code = *s.CustomNumFmt
	}
	id := style
	if has := book.FormatKind(s.NumFmt, code); has == book.NoDate || has != kind && kind == book.Time && has == book.Clock {
		format := dateCodes[kind]
		s.NumFmt, s.CustomNumFmt = 0, &format
		if id, err = ed.f.NewStyle(s); err != nil {
			return 0, err
		}
	}
	ed.dates[key] = id
	return id, nil
}

// sheetTaken reports whether a sheet has the name, in any case.
func (ed *editor) sheetTaken(name string) bool {
	for _, s := range ed.f.GetSheetList() {
		if strings.EqualFold(s, name) {
			return true
		}
	}
	return false
}

// maxTouched bounds the cells that one change of a range touches: each becomes
// an object.
const maxTouched = 1_000_000

// bounded shrinks whole columns and rows to what is used and refuses ranges
// that are too large.
func (ed *editor) bounded(ctx context.Context, sheet book.Sheet, at book.Range) (book.Range, error) {
	if at.Open() {
		used := at
		if err := (view{w: ed.workbook, sheet: sheet, at: at}).bounds(ctx, &used); err != nil {
			return at, err
		}
		used.Row2, used.Column2 = max(used.Row2, at.Row1), max(used.Column2, at.Column1)
		if at.Row2 == book.MaxRows {
			at.Row2 = used.Row2
		}
		if at.Column2 == book.MaxColumns {
			at.Column2 = used.Column2
		}
	}
	if at.Cells() > maxTouched {
		return at, input("give a smaller range", "the range %s has %d cells, more than can be changed at a time", at, at.Cells())
	}
	return at, nil
}
