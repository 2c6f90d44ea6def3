package table

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/aether-rpa/aether/value"
)

// Types of columns.
const (
	Text     = "text"
	Int      = "int"
	Number   = "number"
	Bool     = "bool"
	Date     = "date"     // YYYY-MM-DD
	DateTime = "datetime" // RFC 3339
	List     = "list"
	Map      = "map"
	Any      = "any"
	Mixed    = "mixed" // what Kinds says of a column with several types
)

// Types lists the types that cells can be converted to.
var Types = []string{Text, Int, Number, Bool, Date, DateTime, Any}

// Format says how texts stand for values. The zero Format reads what programs
// write: a decimal point, true and false, ISO dates.
type Format struct {
	Decimal   string // decimal separator; "" means a point
	Thousands string // separator between groups of three digits; "" allows none
	True      []string
	False     []string // words for true and false, in lower case; both empty take the usual English ones
	// ReadDate turns a text into an ISO date, or an ISO date and time when
	// withTime is set. Nil accepts ISO dates only.
	ReadDate func(text string, withTime bool) (string, error)
}

// Convert returns the cell as the type asks. Nil stays nil, and blank text
// becomes nil for every type but text. The error is one sentence.
func (f *Format) Convert(v any, typ string) (any, error) {
	if v == nil {
		return nil, nil
	}
	s, isText := v.(string)
	if isText {
		if s = strings.TrimSpace(s); s == "" && typ != Text && typ != Any {
			return nil, nil
		}
	}
	switch typ {
	case Any:
		return v, nil
	case Text:
		return asText(v)
	case Int, Number:
		return f.number(v, s, isText, typ)
	case Bool:
		return f.boolean(v, s, isText)
	case Date, DateTime:
		if !isText {
			return nil, cannot(v, "a date")
		}
		if f.ReadDate == nil {
			return isoDate(s, typ == DateTime)
		}
		return f.ReadDate(s, typ == DateTime)
	}
	return nil, fmt.Errorf("there is no column type %q; there are %s", typ, strings.Join(Types, ", "))
}

func cannot(v any, what string) error {
	if s, ok := v.(string); ok {
		return fmt.Errorf("%s is not %s", Quote(s), what)
	}
	if b, err := value.JSON(v); err == nil && len(b) <= 40 {
		return fmt.Errorf("%s is not %s", b, what)
	}
	return fmt.Errorf("a %s is not %s", value.Kind(v), what)
}

// Quote quotes a text for an error message, cut to 40 bytes.
func Quote(s string) string {
	if len(s) > 40 {
		cut := 40
		for cut > 0 && !utf8.RuneStart(s[cut]) {
			cut--
		}
		return strconv.Quote(s[:cut]) + "…"
	}
	return strconv.Quote(s)
}

func asText(v any) (any, error) {
	switch x := v.(type) {
	case string:
		return x, nil
	case int:
		return strconv.Itoa(x), nil
	case float64:
		return strconv.FormatFloat(x, 'f', -1, 64), nil
	case bool:
		return strconv.FormatBool(x), nil
	}
	b, err := value.JSON(v)
	return string(b), err
}

func (f *Format) number(v any, s string, isText bool, typ string) (any, error) {
	what := "a number"
	if typ == Int {
		what = "a whole number"
	}
	if isText {
		n, ok := f.ParseNumber(s)
		if !ok {
			return nil, cannot(v, what)
		}
		v = n
	}
	switch x := v.(type) {
	case int:
		return x, nil
	case bool:
		if x {
			return 1, nil
		}
		return 0, nil
	case float64:
		if typ == Number {
			return x, nil
		}
		if x == math.Trunc(x) && x >= math.MinInt64 && x < math.MaxInt64 {
			return int(x), nil
		}
	}
	return nil, cannot(v, what)
}

// ParseNumber reads a number in the format's notation. Spaces around it, one
// currency sign, a minus behind and brackets for negative numbers are
// understood; digits must be grouped in threes where they are grouped at all.
func (f *Format) ParseNumber(s string) (any, bool) {
	s = strings.TrimFunc(s, blankOrCurrency)
	negative := false
	switch {
	case len(s) > 2 && s[0] == '(' && s[len(s)-1] == ')':
		negative, s = true, s[1:len(s)-1]
	case strings.HasPrefix(s, "-"), strings.HasPrefix(s, "−"):
		negative = true
		_, n := utf8.DecodeRuneInString(s)
		s = s[n:]
	case strings.HasPrefix(s, "+"):
		s = s[1:]
	case len(s) > 1 && strings.HasSuffix(s, "-"):
		negative, s = true, s[:len(s)-1]
	}
	s = strings.TrimFunc(s, blankOrCurrency)
	decimal := f.Decimal
	if decimal == "" {
		decimal = "."
	}
	whole, frac, hasFrac := strings.Cut(s, decimal)
	exp := ""
	last := &whole
	if hasFrac {
		last = &frac
	}
	if i := strings.IndexAny(*last, "eE"); i >= 0 {
		exp, *last = (*last)[i:], (*last)[:i]
	}
	whole, ok := f.ungroup(whole)
	if !ok || !allDigits(whole) || !allDigits(frac) || whole == "" && frac == "" {
		return nil, false
	}
	if whole == "" {
		whole = "0"
	}
	if negative {
		whole = "-" + whole
	}
	if !hasFrac && exp == "" {
		if n, err := strconv.Atoi(whole); err == nil {
			return n, true
		}
	}
	n, err := strconv.ParseFloat(whole+"."+frac+exp, 64)
	if err != nil {
		return nil, false
	}
	v, err := value.Number(n)
	return v, err == nil
}

func blankOrCurrency(r rune) bool { return unicode.IsSpace(r) || unicode.Is(unicode.Sc, r) }

// ungroup removes the thousands separators of a whole number. A space stands
// for the narrow and the fixed space too.
func (f *Format) ungroup(s string) (string, bool) {
	if f.Thousands == "" {
		return s, true
	}
	if strings.TrimSpace(f.Thousands) == "" {
		s = strings.Map(func(r rune) rune {
			if unicode.IsSpace(r) {
				return ' '
			}
			return r
		}, s)
	}
	sep := f.Thousands
	if strings.TrimSpace(sep) == "" {
		sep = " "
	}
	parts := strings.Split(s, sep)
	for i, p := range parts {
		if len(parts) > 1 && (i == 0 && (p == "" || len(p) > 3) || i > 0 && len(p) != 3) {
			return "", false
		}
	}
	return strings.Join(parts, ""), true
}

func allDigits(s string) bool { return digits(s) == len(s) }

func (f *Format) boolean(v any, s string, isText bool) (any, error) {
	switch x := v.(type) {
	case bool:
		return x, nil
	case int:
		if x == 0 || x == 1 {
			return x == 1, nil
		}
	}
	if isText {
		yes, no := f.True, f.False
		if len(yes) == 0 && len(no) == 0 {
			yes, no = []string{"true", "yes", "y", "on", "1"}, []string{"false", "no", "n", "off", "0"}
		}
		l := strings.ToLower(s)
		if slices.Contains(yes, l) {
			return true, nil
		}
		if slices.Contains(no, l) {
			return false, nil
		}
	}
	return nil, cannot(v, "true or false")
}
