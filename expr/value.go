package expr

import (
	"encoding/json"
	"math"
	"strconv"
)

// exact is the bound below which every integral float64 is exact.
const exact = 1 << 53

// number gives f as the value model wants it: integral numbers are ints.
func number(f float64) any {
	if f > -exact && f < exact && f == math.Trunc(f) {
		return int(f)
	}
	return f
}

// kind names the type of v the way type() does.
func kind(v any) string {
	switch v.(type) {
	case nil:
		return "nil"
	case bool:
		return "bool"
	case int:
		return "int"
	case float64:
		return "float"
	case string:
		return "string"
	case []any:
		return "list"
	case map[string]any:
		return "map"
	}
	return "other"
}

// article names v's kind within a sentence.
func article(v any) string {
	switch v := v.(type) {
	case nil:
		return "nil"
	case bool:
		return strconv.FormatBool(v)
	case int, float64:
		return "a number"
	case string:
		return "text"
	case []any:
		return "a list"
	case map[string]any:
		return "a map"
	}
	return "a value of an unknown kind"
}

// plain converts Go types with an obvious plain form, for roots that were not
// made from JSON.
func plain(v any) (any, error) {
	switch v := v.(type) {
	case nil, bool, int, float64, string, []any, map[string]any:
		return v, nil
	case int8:
		return int(v), nil
	case int16:
		return int(v), nil
	case int32:
		return int(v), nil
	case int64:
		return int(v), nil
	case uint8:
		return int(v), nil
	case uint16:
		return int(v), nil
	case uint32:
		return int(v), nil
	case float32:
		return number(float64(v)), nil
	case json.Number:
		return jsonNumber(string(v))
	case []string:
		return plainList(v), nil
	case []int:
		return plainList(v), nil
	case []float64:
		return plainList(v), nil
	case []map[string]any:
		return plainList(v), nil
	case map[string]string:
		out := make(map[string]any, len(v))
		for k, e := range v {
			out[k] = e
		}
		return out, nil
	}
	return nil, fail("the expression meets a value of a kind it cannot read")
}

func plainList[T any](l []T) []any {
	out := make([]any, len(l))
	for i, e := range l {
		out[i] = e
	}
	return out
}

func jsonNumber(s string) (any, error) {
	if i, err := strconv.Atoi(s); err == nil {
		return i, nil
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil {
		return nil, fail("the number %s is too large", excerpt(s, 40))
	}
	return number(f), nil
}

// toFloat gives the value of a number.
func toFloat(v any) (float64, bool) {
	switch v := v.(type) {
	case int:
		return float64(v), true
	case float64:
		return v, true
	}
	return 0, false
}

// whole gives the value of an integral number.
func whole(v any) (int, bool) {
	switch v := v.(type) {
	case int:
		return v, true
	case float64:
		if v > -exact && v < exact && v == math.Trunc(v) {
			return int(v), true
		}
	}
	return 0, false
}

// keyText gives a scalar as a map key.
func keyText(v any) (string, bool) {
	switch v := v.(type) {
	case string:
		return v, true
	case int:
		return strconv.Itoa(v), true
	case float64:
		return floatText(v), true
	case bool:
		return strconv.FormatBool(v), true
	}
	return "", false
}

// floatText writes f without an exponent unless it is very large or small, as
// JSON and spreadsheets do.
func floatText(f float64) string {
	if a := math.Abs(f); a != 0 && (a < 1e-6 || a >= 1e21) {
		return strconv.FormatFloat(f, 'e', -1, 64)
	}
	return strconv.FormatFloat(f, 'f', -1, 64)
}
