package sheet

import (
	"context"
	"strconv"
	"time"
	"unicode/utf16"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/nodes/date/calendar"
	"github.com/aether-rpa/aether/nodes/sheet/book"
	"github.com/aether-rpa/aether/value"
)

// reading are the params that say what becomes of cells.
type reading struct {
	Values   string `json:"values" default:"typed" enum:"typed,stored,shown,formulas,computed" doc:"What to read of cells. typed: numbers, texts, true and false, dates in ISO 8601; of formulas the result that the file holds, or the computed one if it holds none. stored: the same, but formulas without a result are nil. shown: text as Excel shows it, for instance 1,234.50 €. formulas: the formula, with =, instead of its result. computed: formulas computed anew. The last three are for .xlsx and hold the whole workbook in memory."`
	Errors   string `json:"errors" default:"keep" enum:"keep,null,fail" doc:"What to do with error values such as #N/A or #DIV/0!: keep them as text, make them nil, or fail." is:"advanced"`
	Timezone string `json:"timezone" default:"UTC" doc:"Time zone of dates that have a time; workbooks know none." is:"advanced"`
}

// converter makes values of a flow of cells.
type converter struct {
	reading
	zone       *time.Location
	errors     int
	uncomputed int
}

func (r reading) converter() (*converter, error) {
	zone, err := calendar.Zone(r.Timezone)
	if err != nil {
		return nil, node.Fail(node.KindInput, "timezone: "+err.Error(), "use an IANA name such as Europe/Berlin, or UTC")
	}
	return &converter{reading: r, zone: zone}, nil
}

// value returns the value of a cell as a flow sees it.
func (c *converter) value(ctx context.Context, w *workbook, sheet string, row int, cell book.Cell) (any, error) {
	v := cell.Value
	if c.Values == "stored" {
		if cell.Formula && v == nil {
			c.uncomputed++
		}
	} else if c.Values != "typed" || cell.Formula && v == nil {
		o, err := w.ask(ctx)
		if err != nil {
			return nil, err
		}
		if v, err = o.value(c, sheet, row, cell); err != nil {
			return nil, err
		}
	}
	switch x := v.(type) {
	case book.Error:
		c.errors++
		switch c.Errors {
		case "null":
			return nil, nil
		case "fail":
			return nil, node.Fail(node.KindInput, "the cell "+book.QuoteSheet(sheet)+"!"+book.CellName(row, cell.Column)+" holds the error "+string(x), "correct the workbook, or set errors to keep or null")
		}
		return string(x), nil
	case book.Date:
		if x.Kind == book.Time {
			return calendar.Moment{T: calendar.Wall(x.Wall, c.zone)}.String(), nil
		}
		return x.String(), nil
	}
	return v, nil
}

// writing are the params that say how values become cells.
type writing struct {
	Dates    bool   `json:"dates" default:"true" doc:"Write texts in ISO 8601, such as 2026-03-01 or 2026-03-01T10:00:00Z, as dates that Excel knows. Off, they stay text."`
	Formulas bool   `json:"formulas" doc:"Write texts that begin with = as formulas. Off, they stay text, so that data of strangers cannot bring formulas in."`
	Timezone string `json:"timezone" default:"UTC" doc:"Time zone in which dates with a time are written; workbooks know none." is:"advanced"`
}

// formula is a text to be written as a formula, without the = at its front.
type formula string

// maxText is the most UTF-16 units that a cell holds.
const maxText = 32767

// maxExact is where Excel begins to lose digits: it keeps fifteen.
const maxExact = 1_000_000_000_000_000

// encoder makes cells of the values of a flow.
type encoder struct {
	writing
	zone *time.Location
}

func (w writing) encoder() (*encoder, error) {
	zone, err := calendar.Zone(w.Timezone)
	if err != nil {
		return nil, node.Fail(node.KindInput, "timezone: "+err.Error(), "use an IANA name such as Europe/Berlin, or UTC")
	}
	return &encoder{w, zone}, nil
}

// cell returns nil, bool, int, float64, string, book.Date or formula.
func (e *encoder) cell(ctx context.Context, v any) (any, error) {
	switch x := v.(type) {
	case nil, bool, float64:
		return v, nil
	case int:
		return exact(x), nil
	case string:
		if e.Formulas && len(x) > 1 && x[0] == '=' {
			return formula(x[1:]), checkFormula(x[1:])
		}
		if e.Dates {
			if d, ok := e.date(x); ok {
				return d, nil
			}
		}
		return x, checkText(x)
	case *value.Ref:
		l, err := x.Load(ctx)
		if err != nil {
			return nil, err
		}
		return e.cell(ctx, l)
	}
	b, err := value.JSON(v)
	if err != nil {
		return nil, err
	}
	return string(b), checkText(string(b))
}

// exact writes a number out as text if a cell would round it.
func exact(n int) any {
	if n >= maxExact || n <= -maxExact {
		return strconv.Itoa(n)
	}
	return n
}

func checkText(s string) error {
	if len(s) <= maxText {
		return nil
	}
	n := 0
	for _, r := range s {
		n += utf16.RuneLen(r)
	}
	if n > maxText {
		return input("shorten it, or write it to a file of its own", "a text of %d characters does not fit a cell, which holds %d", n, maxText)
	}
	return nil
}

func checkFormula(s string) error {
	if len(s) > 8192 {
		return input("split it, with parts of it in cells of their own", "a formula of %d characters is longer than the 8192 that there may be", len(s))
	}
	return nil
}

// date recognises what this package writes for dates, and RFC 3339.
func (e *encoder) date(s string) (book.Date, bool) {
	if len(s) < 10 || len(s) > 40 || s[4] != '-' || s[7] != '-' || s[0] < '0' || s[0] > '9' {
		return book.Date{}, false
	}
	if len(s) == 10 {
		t, err := time.Parse("2006-01-02", s)
		return book.Date{Kind: book.Day, Wall: t}, err == nil && t.Year() >= 1900
	}
	t, err := time.Parse(time.RFC3339Nano, s)
	if err == nil {
		t = t.In(e.zone)
	} else if t, err = time.Parse("2006-01-02T15:04:05", s); err != nil {
		return book.Date{}, false
	}
	wall := time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), time.UTC)
	return book.Date{Kind: book.Time, Wall: wall}, wall.Year() >= 1900 && wall.Year() <= 9999
}
