package sys

import (
	"cmp"
	"math"
	"strconv"
	"strings"
)

func itoa(n int) string { return strconv.Itoa(n) }

func compareNumbers(a, b any) int { return cmp.Compare(number(a), number(b)) }

func number(v any) float64 {
	switch x := v.(type) {
	case int:
		return float64(x)
	case float64:
		return x
	}
	return 0
}

// percent rounds to a tenth, as people read it.
func percent(f float64) float64 { return math.Round(f*10) / 10 }

// sentence makes one of an error's text.
func sentence(err error) string {
	s := err.Error()
	return strings.ToUpper(s[:1]) + s[1:] + "."
}
