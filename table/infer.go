package table

import (
	"errors"
	"strings"
	"time"

	"github.com/aether-rpa/aether/value"
)

// dateTimes are the forms of ISO 8601 that count as a date and time.
var dateTimes = []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999", "2006-01-02T15:04", "2006-01-02 15:04:05.999999999Z07:00", "2006-01-02 15:04:05.999999999", "2006-01-02 15:04"}

// isoDate reads ISO texts only. A date and time keeps its offset, or has none.
func isoDate(s string, withTime bool) (string, error) {
	if t, err := time.Parse(time.DateOnly, s); err == nil {
		if withTime {
			return t.Format("2006-01-02T15:04:05"), nil
		}
		return s, nil
	}
	for _, layout := range dateTimes {
		t, err := time.Parse(layout, s)
		if err != nil {
			continue
		}
		if !withTime {
			return t.Format(time.DateOnly), nil
		}
		if strings.Contains(layout, "Z07:00") {
			return t.Format(time.RFC3339Nano), nil
		}
		return t.Format("2006-01-02T15:04:05.999999999"), nil
	}
	return "", errors.New(Quote(s) + " is not an ISO 8601 date")
}

// Inference finds the type that all texts of a column have in common. The
// zero Inference is ready to use.
type Inference struct {
	Format *Format // nil is the zero Format
	seen   bool
	not    [6]bool // by the order of candidates
}

// candidates are the types that texts are tested for, the narrowest first.
var candidates = [6]string{Int, Number, Bool, Date, DateTime, Text}

// Add looks at one cell. Nil and blank texts fit every type.
func (n *Inference) Add(s string) {
	s = strings.TrimSpace(s)
	if s == "" || n.not[4] && n.not[3] && n.not[2] && n.not[1] {
		n.seen = n.seen || s != ""
		return
	}
	n.seen = true
	f := n.Format
	if f == nil {
		f = &Format{}
	}
	if !n.not[1] {
		switch v, ok := f.ParseNumber(s); {
		case !ok || !plainNumber(s):
			n.not[0], n.not[1] = true, true
		case !isInt(v) || !wholeText(s):
			n.not[0] = true
		}
	}
	if !n.not[2] {
		l := strings.ToLower(s)
		_, err := f.boolean(s, s, true)
		n.not[2] = err != nil || len(f.True) == 0 && len(f.False) == 0 && l != "true" && l != "false"
	}
	if !n.not[3] {
		_, err := time.Parse(time.DateOnly, s)
		n.not[3] = err != nil
	}
	if !n.not[4] {
		_, err := isoDate(s, true)
		n.not[4] = err != nil
	}
}

func isInt(v any) bool { _, ok := v.(int); return ok }

// wholeText reports whether a number was written without a fraction; 1.0 and
// 2.5 in one column are both numbers.
func wholeText(s string) bool { return !strings.ContainsAny(s, ".,") }

// plainNumber refuses what only looks like a number: leading zeros (postal
// codes), a leading plus (phone numbers), exponents (12E3 is a part number) and
// more digits than a float64 holds exactly (card numbers).
func plainNumber(s string) bool {
	s = strings.TrimLeft(strings.TrimFunc(s, blankOrCurrency), "-−(")
	if s == "" || s[0] == '+' || strings.ContainsAny(s, "eE") {
		return false
	}
	if len(s) > 1 && s[0] == '0' && s[1] >= '0' && s[1] <= '9' {
		return false
	}
	n := 0
	for i := range len(s) {
		if s[i] >= '0' && s[i] <= '9' {
			n++
		}
	}
	return n <= 15
}

// Type returns the narrowest type that fits all texts added; text when there
// were none.
func (n *Inference) Type() string {
	if !n.seen {
		return Text
	}
	for i, t := range candidates {
		if !n.not[i] {
			return t
		}
	}
	return Text
}

// Kinds finds the type of a column of values, texts staying texts but for ISO
// dates. The zero Kinds is ready to use.
type Kinds struct {
	Count, Nulls int
	typ          string
}

// Add looks at one cell.
func (k *Kinds) Add(v any) {
	k.Count++
	if v == nil {
		k.Nulls++
		return
	}
	t := TypeOf(v)
	switch {
	case k.typ == "" || k.typ == t:
		k.typ = t
	case k.typ == Int && t == Number, k.typ == Number && t == Int:
		k.typ = Number
	case isTextual(k.typ) && isTextual(t):
		if k.typ == Text || t == Text {
			k.typ = Text
		} else {
			k.typ = DateTime
		}
	default:
		k.typ = Mixed
	}
}

func isTextual(t string) bool { return t == Text || t == Date || t == DateTime }

// Type returns the type that holds all cells added: mixed when none does, any
// when all were nil.
func (k *Kinds) Type() string {
	if k.typ == "" {
		return Any
	}
	return k.typ
}

// TypeOf returns the column type of one value.
func TypeOf(v any) string {
	switch x := v.(type) {
	case bool:
		return Bool
	case int:
		return Int
	case float64:
		return Number
	case string:
		if len(x) < 10 || len(x) > 40 || x[4] != '-' {
			return Text
		}
		if _, err := time.Parse(time.DateOnly, x); err == nil {
			return Date
		}
		if _, err := isoDate(x, true); err == nil {
			return DateTime
		}
		return Text
	case []any:
		return List
	case map[string]any:
		return Map
	case *value.Ref:
		switch x.Kind {
		case value.KindText:
			return Text
		case value.KindLines:
			return List
		}
	}
	return Any
}
