package value

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Encode appends the record form of v to dst: compact JSON with sorted keys.
// A *Ref becomes {"$ref": ...}; a user's own key of that shape is escaped with
// one more "$", so that data from outside can never be taken for a reference.
// v must be canonical (see Normalize).
func Encode(dst []byte, v any) ([]byte, error) { return appendValue(dst, v, true, 0) }

// JSON returns v as plain compact JSON with sorted keys, as users expect it:
// nothing is escaped beyond what JSON needs. Refs are written as their record
// form.
func JSON(v any) ([]byte, error) { return appendValue(nil, v, false, 0) }

func appendValue(dst []byte, v any, record bool, depth int) ([]byte, error) {
	if depth > maxDepth {
		return nil, fmt.Errorf("the value is nested deeper than %d levels", maxDepth)
	}
	switch x := v.(type) {
	case nil:
		return append(dst, "null"...), nil
	case bool:
		return strconv.AppendBool(dst, x), nil
	case int:
		return strconv.AppendInt(dst, int64(x), 10), nil
	case float64:
		return appendFloat(dst, x)
	case string:
		return appendString(dst, x), nil
	case []any:
		var err error
		dst = append(dst, '[')
		for i, e := range x {
			if i > 0 {
				dst = append(dst, ',')
			}
			if dst, err = appendValue(dst, e, record, depth+1); err != nil {
				return nil, err
			}
		}
		return append(dst, ']'), nil
	case map[string]any:
		return appendMap(dst, x, record, depth)
	case *Ref:
		b, err := json.Marshal(x)
		return append(dst, b...), err
	}
	n, err := Normalize(v)
	if err != nil {
		return nil, err
	}
	return appendValue(dst, n, record, depth+1)
}

func appendMap(dst []byte, m map[string]any, record bool, depth int) ([]byte, error) {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	var err error
	dst = append(dst, '{')
	for i, k := range keys {
		if i > 0 {
			dst = append(dst, ',')
		}
		name := k
		if record && isRefKey(k) {
			name = "$" + k
		}
		dst = append(appendString(dst, name), ':')
		if dst, err = appendValue(dst, m[k], record, depth+1); err != nil {
			return nil, fmt.Errorf("%s: %w", k, err)
		}
	}
	return append(dst, '}'), nil
}

// isRefKey reports whether k is "$ref" or an escaped form of it.
func isRefKey(k string) bool {
	rest := strings.TrimLeft(k, "$")
	return rest == "ref" && len(k) > len(rest)
}

// appendFloat writes integral floats of 2^53 and more with an exponent, so that
// they are read back as floats.
func appendFloat(dst []byte, f float64) ([]byte, error) {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return nil, fmt.Errorf("%v is not a number that can be stored", f)
	}
	if f == math.Trunc(f) {
		if math.Abs(f) < MaxExact {
			return strconv.AppendInt(dst, int64(f), 10), nil
		}
		return strconv.AppendFloat(dst, f, 'e', -1, 64), nil
	}
	if a := math.Abs(f); a >= 1e-6 && a < 1e21 {
		return strconv.AppendFloat(dst, f, 'f', -1, 64), nil
	}
	return strconv.AppendFloat(dst, f, 'e', -1, 64), nil
}

func appendString(dst []byte, s string) []byte {
	if isPlain(s) {
		dst = append(dst, '"')
		dst = append(dst, s...)
		return append(dst, '"')
	}
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(s); err != nil {
		// A string always encodes; invalid UTF-8 is replaced by the encoder.
		return append(dst, `""`...)
	}
	return append(dst, bytes.TrimRight(buf.Bytes(), "\n")...)
}

func isPlain(s string) bool {
	for i := range len(s) {
		if c := s[i]; c < 0x20 || c == '"' || c == '\\' || c >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// Parse reads one plain JSON document into a canonical value. Duplicate keys
// keep the last one; trailing data is an error.
func Parse(b []byte) (any, error) {
	dec := json.NewDecoder(bytes.NewReader(b))
	v, err := ParseNext(dec)
	if err != nil {
		return nil, err
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("there is more data after the end of the JSON value, at byte %d", dec.InputOffset())
	}
	return v, nil
}

// ParseNext reads the next JSON value of a stream into canonical form. At the
// end of the stream the error is io.EOF.
func ParseNext(dec *json.Decoder) (any, error) {
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil {
		return nil, err
	}
	return normalize(v, 0)
}

// Decode reads the record form written by Encode. References open their
// content through the given opener.
func Decode(b []byte, from Opener) (any, error) {
	v, err := Parse(b)
	if err != nil {
		return nil, err
	}
	return resolve(v, from)
}

func resolve(v any, from Opener) (any, error) {
	switch x := v.(type) {
	case []any:
		for i, e := range x {
			r, err := resolve(e, from)
			if err != nil {
				return nil, err
			}
			x[i] = r
		}
	case map[string]any:
		if d, ok := x["$ref"]; ok {
			return refFrom(x, d, from)
		}
		escaped := false
		for k, e := range x {
			r, err := resolve(e, from)
			if err != nil {
				return nil, err
			}
			x[k] = r
			escaped = escaped || isRefKey(k)
		}
		if !escaped {
			return x, nil
		}
		out := make(map[string]any, len(x))
		for k, e := range x {
			if isRefKey(k) {
				k = k[1:]
			}
			out[k] = e
		}
		return out, nil
	}
	return v, nil
}

// parseNumber reads a JSON number token: an int when it is written as one and
// fits, else a canonical float.
func parseNumber(s string) (any, error) {
	if !strings.ContainsAny(s, ".eE") {
		if i, err := strconv.Atoi(s); err == nil {
			return i, nil
		}
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil {
		return nil, fmt.Errorf("the number %.40s is out of range", s)
	}
	if strings.ContainsAny(s, "eE") && f == math.Trunc(f) && math.Abs(f) >= MaxExact {
		return f, nil
	}
	return Number(f)
}
