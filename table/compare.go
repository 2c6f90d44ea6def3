package table

import (
	"cmp"
	"math"
	"math/big"
	"slices"
	"strings"

	"github.com/aether-rpa/aether/value"
)

// Compare orders canonical values of any kinds: nil, false, true, numbers by
// size, texts by code point, lists element by element, maps by their sorted
// keys, references by digest. It returns 0 exactly where Key gives equal keys.
func Compare(a, b any) int {
	ra, rb := rank(a), rank(b)
	if ra != rb {
		return cmp.Compare(ra, rb)
	}
	switch x := a.(type) {
	case bool:
		y := b.(bool)
		switch {
		case x == y:
			return 0
		case y:
			return -1
		}
		return 1
	case int, float64:
		return compareNumbers(a, b)
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
	case map[string]any:
		return compareMaps(x, b.(map[string]any))
	case *value.Ref:
		return strings.Compare(x.Digest, b.(*value.Ref).Digest)
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

func compareNumbers(a, b any) int {
	x, xInt := a.(int)
	y, yInt := b.(int)
	switch {
	case xInt && yInt:
		return cmp.Compare(x, y)
	case !xInt && !yInt:
		return cmp.Compare(a.(float64), b.(float64))
	case !xInt:
		return -compareNumbers(b, a)
	}
	f := b.(float64)
	if math.IsNaN(f) {
		return 1
	}
	if c := cmp.Compare(float64(x), f); c != 0 || (x < value.MaxExact && x > -value.MaxExact) {
		return c
	}
	return new(big.Float).SetInt64(int64(x)).Cmp(big.NewFloat(f))
}

func compareMaps(x, y map[string]any) int {
	kx, ky := sortedKeys(x), sortedKeys(y)
	for i := range min(len(kx), len(ky)) {
		if c := strings.Compare(kx[i], ky[i]); c != 0 {
			return c
		}
		if c := Compare(x[kx[i]], y[ky[i]]); c != 0 {
			return c
		}
	}
	return cmp.Compare(len(kx), len(ky))
}

func sortedKeys(m map[string]any) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// Key returns a text that is the same for equal values and different for
// different ones. Numbers of the same size have the same key whatever their
// type; a number and a text never do.
func Key(values ...any) string {
	var buf [64]byte
	dst := buf[:0]
	for _, v := range values {
		dst = appendKey(dst, v)
	}
	return string(dst)
}

func appendKey(dst []byte, v any) []byte {
	switch x := v.(type) {
	case float64:
		// Whole floats of 2^53 and more may be equal to an int.
		if x == math.Trunc(x) && x >= math.MinInt64 && x < math.MaxInt64 {
			v = int(x)
		}
	case []any:
		dst = append(dst, tagList)
		for _, e := range x {
			dst = appendKey(dst, e)
		}
		return append(dst, 0xff)
	case map[string]any:
		dst = append(dst, tagMap)
		for _, k := range sortedKeys(x) {
			dst = appendKey(appendText(append(dst, tagString), k), x[k])
		}
		return append(dst, 0xff)
	case *value.Ref:
		return appendText(append(dst, tagRef), x.Digest)
	}
	// Scalars always encode.
	dst, _ = encode(dst, v)
	return dst
}

// Natural orders texts as people do: runs of digits compare by their number,
// so that file9 comes before file10. Texts that differ only in leading zeros
// are ordered by code point.
func Natural(a, b string) int {
	x, y := a, b
	for x != "" && y != "" {
		dx, dy := digits(x), digits(y)
		if dx > 0 && dy > 0 {
			nx, ny := strings.TrimLeft(x[:dx], "0"), strings.TrimLeft(y[:dy], "0")
			if c := cmp.Compare(len(nx), len(ny)); c != 0 {
				return c
			}
			if c := strings.Compare(nx, ny); c != 0 {
				return c
			}
			x, y = x[dx:], y[dy:]
			continue
		}
		if x[0] != y[0] {
			return cmp.Compare(x[0], y[0])
		}
		x, y = x[1:], y[1:]
	}
	if c := cmp.Compare(len(x), len(y)); c != 0 {
		return c
	}
	return strings.Compare(a, b)
}

func digits(s string) int {
	n := 0
	for n < len(s) && s[n] >= '0' && s[n] <= '9' {
		n++
	}
	return n
}
