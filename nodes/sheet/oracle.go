package sheet

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strconv"
	"strings"

	"github.com/xuri/excelize/v2"

	"github.com/aether-rpa/aether/nodes/sheet/book"
)

// What the whole of a workbook may cost in memory, and formulas in time.
const (
	maxWhole    = 1 << 30 // bytes of one part
	maxUnits    = 6_000_000
	maxFormulas = 20_000    // a chain of formulas is as deep as it is long
	maxInRange  = 5_000_000 // cells
)

// oracle knows what the streaming reader does not: formulas, results, and how
// Excel shows a value. It holds the whole workbook.
type oracle struct {
	f        *excelize.File
	from1904 bool
	hard     error // why formulas cannot be computed
}

// ask opens the workbook as a whole when that is first needed.
func (w *workbook) ask(ctx context.Context) (*oracle, error) {
	if w.oracle != nil {
		return w.oracle, ctx.Err()
	}
	x, ok := w.Workbook.(*book.XLSX)
	if !ok {
		return nil, input("set values to typed, or convert the file with sheet.convert", "formulas and formats can be read from .xlsx files only, and %s is %s", w.source.File, w.kind)
	}
	f, weight, err := w.whole(x, maxUnits)
	if err != nil {
		return nil, err
	}
	w.oracle = &oracle{f: f, from1904: x.Date1904}
	const hint = "open the workbook in Excel or LibreOffice and save it, which stores the results, or set values to stored"
	switch {
	case weight.Formulas > maxFormulas:
		w.oracle.hard = input(hint, "%s has %d formulas, more than the %d that are computed", w.source.File, weight.Formulas, maxFormulas)
	case weight.Largest > maxInRange:
		w.oracle.hard = input(hint, "%s has a formula over %d cells, too many to compute", w.source.File, weight.Largest)
	case weight.Grows != "":
		w.oracle.hard = input(hint, "%s has a formula with %s, whose result may be too large to compute", w.source.File, weight.Grows)
	}
	return w.oracle, nil
}

// whole opens the workbook in excelize, after a look at what that will cost.
func (w *workbook) whole(x *book.XLSX, units int) (*excelize.File, book.Weight, error) {
	weight, err := x.Weigh(units)
	if err != nil {
		return nil, weight, err
	}
	size := min(int64(w.source.MaxSize), maxWhole)
	raw, err := io.ReadAll(io.NewSectionReader(w.data, 0, w.size))
	if err != nil {
		return nil, weight, err
	}
	f, err := excelize.OpenReader(bytes.NewReader(raw), excelize.Options{UnzipSizeLimit: size, UnzipXMLSizeLimit: size})
	return f, weight, err
}

// value reads a cell as the reading asks.
func (o *oracle) value(c *converter, sheet string, row int, cell book.Cell) (any, error) {
	name := book.CellName(row, cell.Column)
	switch {
	case c.Values == "shown":
		return o.f.GetCellValue(sheet, name)
	case !cell.Formula:
		return cell.Value, nil
	case c.Values == "formulas":
		text, err := o.f.GetCellFormula(sheet, name)
		if err != nil || text == "" {
			return cell.Value, err
		}
		return "=" + strings.TrimPrefix(text, "="), nil
	}
	return o.compute(c, sheet, name, cell)
}

func (o *oracle) compute(c *converter, sheet, name string, cell book.Cell) (any, error) {
	if o.hard != nil {
		return nil, o.hard
	}
	// The library computes array formulas as if they were plain ones.
	if cell.Array {
		c.uncomputed++
		return cell.Value, nil
	}
	text, err := o.f.CalcCellValue(sheet, name, excelize.Options{RawCellValue: true})
	if err != nil {
		if e := strings.TrimSpace(err.Error()); strings.HasPrefix(e, "#") {
			return book.Error(e), nil
		}
		var missing excelize.ErrSheetNotExist
		if errors.As(err, &missing) {
			return book.Error("#REF!"), nil
		}
		// A function that the library does not know: the file's own result is
		// better than none.
		c.uncomputed++
		return cell.Value, nil
	}
	switch {
	case text == "":
		return nil, nil
	case text == "+INF", text == "-INF", text == "NAN":
		return book.Error("#NUM!"), nil
	case text == "TRUE" || text == "FALSE":
		return text == "TRUE", nil
	case strings.HasPrefix(text, "#") && strings.HasSuffix(text, "!"), text == "#N/A", text == "#NAME?":
		return book.Error(text), nil
	}
	// A text that only looks like a number would not be written this way.
	if n, ok := book.Number(text); ok {
		f, isFloat := n.(float64)
		if i, ok := n.(int); ok && strconv.Itoa(i) == text {
			f, isFloat = float64(i), true
		}
		if isFloat {
			if cell.Dated != book.NoDate {
				if d, ok := book.DateOf(f, cell.Dated, o.from1904); ok {
					return d, nil
				}
			}
			return n, nil
		}
	}
	return text, nil
}
