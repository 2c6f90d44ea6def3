// Package value defines the data that moves between nodes: JSON-like trees in
// one canonical in-memory form, so that a value computed now and the same
// value read back from a record after a crash are indistinguishable.
//
// A value is nil, bool, int, float64, string, []any, map[string]any or *Ref.
// The rule that makes the round trip exact: a number that is integral and
// smaller than 2^53 is always an int, whatever computed it.
package value

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"reflect"
	"slices"
	"time"
)

// MaxExact is 2^53, the bound below which float64 holds every integer exactly.
const MaxExact = 1 << 53

// maxDepth bounds nesting, so that a hostile document cannot exhaust the stack.
const maxDepth = 1000

// Normalize returns v in canonical form. v itself is never changed, since it
// may be shared: parts that are canonical already are used as they are, others
// are copied. It returns an error for values that JSON cannot hold (functions, channels, NaN,
// infinities) and for trees nested deeper than 1000 levels.
func Normalize(v any) (any, error) { return normalize(v, 0) }

func normalize(v any, depth int) (any, error) {
	if depth > maxDepth {
		return nil, fmt.Errorf("the value is nested deeper than %d levels", maxDepth)
	}
	switch x := v.(type) {
	case nil, bool, int, string, *Ref:
		return v, nil
	case float64:
		return Number(x)
	case []any:
		out := x
		for i, e := range x {
			n, err := normalize(e, depth+1)
			if err != nil {
				return nil, err
			}
			if same(n, e) {
				continue
			}
			if &out[0] == &x[0] {
				out = slices.Clone(x)
			}
			out[i] = n
		}
		return out, nil
	case map[string]any:
		out, copied := x, false
		for k, e := range x {
			n, err := normalize(e, depth+1)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", k, err)
			}
			if same(n, e) {
				continue
			}
			if !copied {
				out, copied = maps.Clone(x), true
			}
			out[k] = n
		}
		return out, nil
	case time.Time:
		return x.Format(time.RFC3339Nano), nil
	case time.Duration:
		return x.String(), nil
	case json.Number:
		return parseNumber(string(x))
	case []byte:
		return string(x), nil
	case error:
		return x.Error(), nil
	}
	return normalizeReflect(reflect.ValueOf(v), depth)
}

// same reports whether normalizing gave back the very value it was given.
func same(a, b any) bool {
	switch x := a.(type) {
	case []any:
		y, ok := b.([]any)
		return ok && len(x) == len(y) && (len(x) == 0 || &x[0] == &y[0])
	case map[string]any:
		y, ok := b.(map[string]any)
		return ok && reflect.ValueOf(x).UnsafePointer() == reflect.ValueOf(y).UnsafePointer()
	case nil, bool, int, string, float64, *Ref:
		switch b.(type) {
		case nil, bool, int, string, float64, *Ref:
			return a == b
		}
	}
	return false
}

func normalizeReflect(rv reflect.Value, depth int) (any, error) {
	switch rv.Kind() {
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return int(rv.Int()), nil
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		if u := rv.Uint(); u <= math.MaxInt64 {
			return int(u), nil
		}
		return float64(rv.Uint()), nil
	case reflect.Float32:
		return Number(rv.Float())
	case reflect.Float64:
		return Number(rv.Float())
	case reflect.Bool:
		return rv.Bool(), nil
	case reflect.String:
		return rv.String(), nil
	case reflect.Pointer, reflect.Interface:
		if rv.IsNil() {
			return nil, nil
		}
		return normalize(rv.Elem().Interface(), depth+1)
	case reflect.Slice, reflect.Array:
		if rv.Kind() == reflect.Slice && rv.IsNil() {
			return []any{}, nil
		}
		out := make([]any, rv.Len())
		for i := range out {
			n, err := normalize(rv.Index(i).Interface(), depth+1)
			if err != nil {
				return nil, err
			}
			out[i] = n
		}
		return out, nil
	case reflect.Map:
		out := make(map[string]any, rv.Len())
		for it := rv.MapRange(); it.Next(); {
			n, err := normalize(it.Value().Interface(), depth+1)
			if err != nil {
				return nil, err
			}
			out[fmt.Sprint(it.Key().Interface())] = n
		}
		return out, nil
	case reflect.Struct:
		b, err := json.Marshal(rv.Interface())
		if err != nil {
			return nil, err
		}
		return Parse(b)
	}
	return nil, fmt.Errorf("a %s cannot be a flow value", rv.Kind())
}

// Number returns f in canonical form: an int when it is integral and smaller
// than 2^53 in magnitude, else the float64. NaN and infinities are errors.
func Number(f float64) (any, error) {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return nil, fmt.Errorf("%v is not a number that can be stored", f)
	}
	if f == math.Trunc(f) && math.Abs(f) < MaxExact {
		return int(f), nil
	}
	return f, nil
}

// Kind names the type of a canonical value in the words users see: nil,
// bool, int, number, string, list, map or file.
func Kind(v any) string {
	switch v.(type) {
	case nil:
		return "nil"
	case bool:
		return "bool"
	case int:
		return "int"
	case float64:
		return "number"
	case string:
		return "string"
	case []any:
		return "list"
	case map[string]any:
		return "map"
	case *Ref:
		return "large value"
	}
	return fmt.Sprintf("%T", v)
}

// Clone returns a deep copy of a canonical value. Refs are shared: they are
// immutable.
func Clone(v any) any {
	switch x := v.(type) {
	case []any:
		out := make([]any, len(x))
		for i, e := range x {
			out[i] = Clone(e)
		}
		return out
	case map[string]any:
		out := make(map[string]any, len(x))
		for k, e := range x {
			out[k] = Clone(e)
		}
		return out
	}
	return v
}

// Equal reports whether two canonical values are the same tree.
func Equal(a, b any) bool {
	switch x := a.(type) {
	case []any:
		y, ok := b.([]any)
		if !ok || len(x) != len(y) {
			return false
		}
		for i := range x {
			if !Equal(x[i], y[i]) {
				return false
			}
		}
		return true
	case map[string]any:
		y, ok := b.(map[string]any)
		if !ok || len(x) != len(y) {
			return false
		}
		for k, e := range x {
			o, ok := y[k]
			if !ok || !Equal(e, o) {
				return false
			}
		}
		return true
	case *Ref:
		y, ok := b.(*Ref)
		return ok && x.Digest == y.Digest
	case int:
		if y, ok := b.(float64); ok {
			return float64(x) == y
		}
	case float64:
		if y, ok := b.(int); ok {
			return x == float64(y)
		}
	}
	return a == b
}
