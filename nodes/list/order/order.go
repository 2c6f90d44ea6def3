// Package order compares canonical values: one total order over all kinds, so
// that sorting never fails and never depends on the order of its input.
package order

import (
	"cmp"
	"math"
	"strings"
	"unicode/utf8"

	"github.com/aether-rpa/aether/value"
)

// Compare orders nil before false before true before numbers before text before
// lists before maps. Text is compared by code point, lists item by item, maps
// by their JSON.
func Compare(a, b any) int {
	if c := cmp.Compare(rank(a), rank(b)); c != 0 {
		return c
	}
	switch x := a.(type) {
	case bool:
		return cmp.Compare(bit(x), bit(b.(bool)))
	case int, float64:
		return Numbers(a, b)
	case string:
		return strings.Compare(x, b.(string))
	case []any:
		y := b.([]any)
		for i := range min(len(x), len(y)) {
			if c := Compare(x[i], y[i]); c != 0 {
				return c
			}
		}
		return cmp.Compare(len(x), len(y))
	}
	return strings.Compare(Key(a), Key(b))
}

func bit(b bool) int {
	if b {
		return 1
	}
	return 0
}

func rank(v any) int {
	switch v.(type) {
	case nil:
		return 0
	case bool:
		return 1
	case int, float64:
		return 2
	case string:
		return 3
	case []any:
		return 4
	case map[string]any:
		return 5
	}
	return 6
}

// Numbers compares two numbers exactly, also an int of more than 53 bits with
// a float64. Both must be int or float64.
func Numbers(a, b any) int {
	switch x := a.(type) {
	case int:
		if y, ok := b.(int); ok {
			return cmp.Compare(x, y)
		}
		return -floatInt(b.(float64), x)
	case float64:
		if y, ok := b.(float64); ok {
			return cmp.Compare(x, y)
		}
		return floatInt(x, b.(int))
	}
	return 0
}

func floatInt(f float64, i int) int {
	switch {
	case f >= math.MaxInt64:
		return 1
	case f < math.MinInt64:
		return -1
	}
	whole := math.Trunc(f)
	if c := cmp.Compare(int(whole), i); c != 0 {
		return c
	}
	return cmp.Compare(f, whole)
}

// Key returns a text that is the same for equal values and differs for others.
func Key(v any) string {
	if s, ok := v.(string); ok {
		return `"` + s
	}
	b, err := value.JSON(v)
	if err != nil {
		return value.Kind(v)
	}
	return string(b)
}

// FoldKey is Key with the case of text ignored.
func FoldKey(v any) string {
	if s, ok := v.(string); ok {
		return `"` + strings.ToLower(s)
	}
	return Key(v)
}

// Natural compares text the way people number things: runs of digits by their
// value, so that file2 comes before file10, all else by code point. Texts that
// differ in leading zeros only are ordered by their length.
func Natural(a, b string) int {
	x, y := a, b
	for x != "" && y != "" {
		if isDigit(x[0]) && isDigit(y[0]) {
			dx, restX := digits(x)
			dy, restY := digits(y)
			nx, ny := strings.TrimLeft(dx, "0"), strings.TrimLeft(dy, "0")
			if c := cmp.Compare(len(nx), len(ny)); c != 0 {
				return c
			}
			if c := strings.Compare(nx, ny); c != 0 {
				return c
			}
			x, y = restX, restY
			continue
		}
		rx, n := utf8.DecodeRuneInString(x)
		ry, m := utf8.DecodeRuneInString(y)
		if rx != ry {
			return cmp.Compare(rx, ry)
		}
		x, y = x[n:], y[m:]
	}
	if c := cmp.Compare(len(x), len(y)); c != 0 {
		return c
	}
	if c := cmp.Compare(len(a), len(b)); c != 0 {
		return c
	}
	return strings.Compare(a, b)
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func digits(s string) (run, rest string) {
	i := 0
	for i < len(s) && isDigit(s[i]) {
		i++
	}
	return s[:i], s[i:]
}
