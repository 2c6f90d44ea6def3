package schema

import (
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aether-rpa/aether/value"
)

// Set converts v, a canonical value, to the field's type and stores it in the
// struct dst. The error is one sentence that names the field.
func (f *Field) Set(dst reflect.Value, v any) error {
	if err := f.assign(dst.FieldByIndex(f.index), v, f.Name); err != nil {
		return err
	}
	return f.Check(v)
}

// Check tests v against the field's choices and limits. Values of a type the
// limits do not apply to are left to Set.
func (f *Field) Check(v any) error {
	if v == nil {
		return nil
	}
	if list, ok := v.([]any); ok && len(f.Enum) > 0 {
		for i, e := range list {
			if s, ok := e.(string); !ok || !slices.Contains(f.Enum, s) {
				return fmt.Errorf("%s[%d] must be one of %s, not %s", f.Name, i, strings.Join(f.Enum, ", "), show(e))
			}
		}
		return nil
	}
	if len(f.Enum) > 0 {
		if s, ok := v.(string); !ok || !slices.Contains(f.Enum, s) {
			return fmt.Errorf("%s must be one of %s, not %s", f.Name, strings.Join(f.Enum, ", "), show(v))
		}
	}
	if f.Min == nil && f.Max == nil {
		return nil
	}
	n, ok := v.(float64)
	switch x := v.(type) {
	case int:
		n, ok = float64(x), true
	case string:
		if f.Kind == Duration {
			d, err := ParseDuration(x)
			n, ok = d.Seconds(), err == nil
		} else if p, err := strconv.ParseFloat(x, 64); err == nil && f.Kind != String {
			n, ok = p, true
		}
	}
	if !ok {
		return nil
	}
	if f.Min != nil && n < *f.Min {
		return fmt.Errorf("%s must be at least %v, not %s", f.Name, *f.Min, show(v))
	}
	if f.Max != nil && n > *f.Max {
		return fmt.Errorf("%s must be at most %v, not %s", f.Name, *f.Max, show(v))
	}
	return nil
}

// ParseDuration reads "1m30s", "500ms", "2d" or a plain number of seconds.
func ParseDuration(s string) (time.Duration, error) {
	s = strings.TrimSpace(s)
	if n, err := strconv.ParseFloat(s, 64); err == nil {
		return seconds(n)
	}
	if days, ok := strings.CutSuffix(s, "d"); ok {
		if n, err := strconv.ParseFloat(days, 64); err == nil {
			return seconds(n * 86400)
		}
	}
	d, err := time.ParseDuration(s)
	if err != nil {
		return 0, fmt.Errorf("%q is not a duration; write it like 30s, 5m, 1h30m or 2d", s)
	}
	return d, nil
}

func seconds(n float64) (time.Duration, error) {
	d := n * float64(time.Second)
	if math.IsNaN(d) || math.Abs(d) > math.MaxInt64 {
		return 0, fmt.Errorf("%v seconds is too long a duration", n)
	}
	return time.Duration(d), nil
}

func (f *Field) assign(dst reflect.Value, v any, name string) error {
	if v == nil {
		dst.SetZero()
		return nil
	}
	if dst.CanAddr() && dst.Addr().Type().Implements(customType) {
		if err := dst.Addr().Interface().(Custom).FromValue(v); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		return nil
	}
	switch p := dst.Addr().Interface().(type) {
	case *any:
		*p = v
		return nil
	case *string:
		s, ok := text(v)
		if !ok {
			return mismatch(name, "text", v)
		}
		*p = s
		return nil
	case *int:
		n, ok := integer(v)
		if !ok {
			return mismatch(name, "a whole number", v)
		}
		*p = n
		return nil
	case *float64:
		n, ok := number(v)
		if !ok {
			return mismatch(name, "a number", v)
		}
		*p = n
		return nil
	case *bool:
		b, ok := boolean(v)
		if !ok {
			return mismatch(name, "true or false", v)
		}
		*p = b
		return nil
	case *time.Duration:
		return assignDuration(p, v, name)
	case *value.Rows:
		switch x := v.(type) {
		case []any:
			*p = value.RowsOf(x)
			return nil
		case *value.Ref:
			*p = value.RowsRef(x)
			return nil
		}
		return mismatch(name, "a list", v)
	case *[]any:
		x, ok := v.([]any)
		if !ok {
			return mismatch(name, "a list", v)
		}
		*p = x
		return nil
	case *map[string]any:
		x, ok := v.(map[string]any)
		if !ok {
			return mismatch(name, "a map", v)
		}
		*p = x
		return nil
	}
	return f.assignReflect(dst, v, name)
}

func (f *Field) assignReflect(dst reflect.Value, v any, name string) error {
	switch dst.Kind() {
	case reflect.String:
		s, ok := text(v)
		if !ok {
			return mismatch(name, "text", v)
		}
		dst.SetString(s)
	case reflect.Int64:
		n, ok := integer(v)
		if !ok {
			return mismatch(name, "a whole number", v)
		}
		dst.SetInt(int64(n))
	case reflect.Pointer:
		dst.Set(reflect.New(dst.Type().Elem()))
		return f.assign(dst.Elem(), v, name)
	case reflect.Slice:
		list, ok := v.([]any)
		if !ok {
			if _, isText := text(v); !isText || dst.Type().Elem().Kind() != reflect.String {
				return mismatch(name, "a list", v)
			}
			list = []any{v}
		}
		out := reflect.MakeSlice(dst.Type(), len(list), len(list))
		for i, e := range list {
			if err := f.Elem.assign(out.Index(i), e, fmt.Sprintf("%s[%d]", name, i)); err != nil {
				return err
			}
		}
		dst.Set(out)
	case reflect.Map:
		m, ok := v.(map[string]any)
		if !ok {
			return mismatch(name, "a map", v)
		}
		out := reflect.MakeMapWithSize(dst.Type(), len(m))
		for k, e := range m {
			slot := reflect.New(dst.Type().Elem()).Elem()
			if err := f.Elem.assign(slot, e, name+"."+k); err != nil {
				return err
			}
			out.SetMapIndex(reflect.ValueOf(k), slot)
		}
		dst.Set(out)
	case reflect.Struct:
		m, ok := v.(map[string]any)
		if !ok {
			return mismatch(name, "a map", v)
		}
		return assignStruct(dst, m, name)
	default:
		return fmt.Errorf("%s has a type that cannot be set", name)
	}
	return nil
}

func assignStruct(dst reflect.Value, m map[string]any, name string) error {
	s, err := Of(dst.Type())
	if err != nil {
		return err
	}
	dst.Set(s.zero)
	for k, v := range m {
		f := s.byName[k]
		if f == nil {
			return fmt.Errorf("%s has no field %q; it has %s", name, k, strings.Join(s.Names(), ", "))
		}
		if err := f.Set(dst, v); err != nil {
			return fmt.Errorf("%s.%w", name, err)
		}
	}
	for _, f := range s.Fields {
		if _, given := m[f.Name]; f.Required && !given {
			return fmt.Errorf("%s needs %s", name, f.Name)
		}
	}
	return nil
}

func assignDuration(p *time.Duration, v any, name string) (err error) {
	switch x := v.(type) {
	case string:
		*p, err = ParseDuration(x)
	case int:
		*p, err = seconds(float64(x))
	case float64:
		*p, err = seconds(x)
	default:
		return mismatch(name, "a duration", v)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

func mismatch(name, want string, v any) error {
	return fmt.Errorf("%s must be %s, not %s", name, want, show(v))
}

// show prints a value for an error: its kind, and its text when it is short.
func show(v any) string {
	switch x := v.(type) {
	case string:
		if len(x) > 40 {
			return fmt.Sprintf("the text %q…", x[:40])
		}
		return fmt.Sprintf("the text %q", x)
	case bool, int, float64:
		return fmt.Sprintf("%v", x)
	case nil:
		return "nothing"
	}
	return "a " + value.Kind(v)
}

// text converts scalars to text as users expect to read them.
func text(v any) (string, bool) {
	switch x := v.(type) {
	case string:
		return x, true
	case int:
		return strconv.Itoa(x), true
	case bool:
		return strconv.FormatBool(x), true
	case float64:
		return strconv.FormatFloat(x, 'f', -1, 64), true
	}
	return "", false
}

func integer(v any) (int, bool) {
	switch x := v.(type) {
	case int:
		return x, true
	case float64:
		return int(x), x == math.Trunc(x) && math.Abs(x) < value.MaxExact
	case string:
		n, err := strconv.Atoi(strings.TrimSpace(x))
		return n, err == nil
	}
	return 0, false
}

func number(v any) (float64, bool) {
	switch x := v.(type) {
	case int:
		return float64(x), true
	case float64:
		return x, true
	case string:
		n, err := strconv.ParseFloat(strings.TrimSpace(x), 64)
		return n, err == nil && !math.IsInf(n, 0) && !math.IsNaN(n)
	}
	return 0, false
}

func boolean(v any) (bool, bool) {
	switch x := v.(type) {
	case bool:
		return x, true
	case string:
		switch strings.ToLower(strings.TrimSpace(x)) {
		case "true", "yes", "on", "1":
			return true, true
		case "false", "no", "off", "0", "":
			return false, true
		}
	case int:
		return x != 0, x == 0 || x == 1
	}
	return false, false
}
