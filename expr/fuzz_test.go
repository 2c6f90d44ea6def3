package expr_test

import (
	"encoding/json"
	"errors"
	"math"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/aether-rpa/aether/expr"
)

// isPlain reports whether v is of the value model, with integral floats as ints.
func isPlain(v any) bool {
	switch v := v.(type) {
	case nil, bool, int, string:
		return true
	case float64:
		return !math.IsNaN(v) && !math.IsInf(v, 0) && (v != math.Trunc(v) || math.Abs(v) >= 1<<53)
	case []any:
		for _, e := range v {
			if !isPlain(e) {
				return false
			}
		}
		return true
	case map[string]any:
		for _, e := range v {
			if !isPlain(e) {
				return false
			}
		}
		return true
	}
	return false
}

// checkText compiles and evaluates text and checks what must hold of any.
func checkText(t interface{ Fatalf(string, ...any) }, text string) {
	tmpl, err := expr.Compile(text)
	if err == nil {
		r := root()
		var v any
		v, err = tmpl.Eval(r)
		if err == nil && !isPlain(v) {
			t.Fatalf("%q gave %#v, which is not a plain value", text, v)
		}
		if err == nil && !tmpl.Single() {
			if _, ok := v.(string); !ok {
				t.Fatalf("mixed text %q gave %#v", text, v)
			}
		}
		if !reflect.DeepEqual(r, root()) {
			t.Fatalf("%q changed the root", text)
		}
	}
	if err == nil {
		return
	}
	var e *expr.Error
	if !errors.As(err, &e) {
		t.Fatalf("%q: %v is not an *Error", text, err)
	}
	if e.Offset < 0 || e.Offset > len(text) || e.Line < 1 || e.Col < 1 || strings.Contains(e.Error(), "\n") {
		t.Fatalf("%q: bad position or text in %#v", text, e)
	}
	if strings.Contains(e.Msg, "could not be handled") {
		t.Fatalf("%q: something panicked", text)
	}
}

var seeds = []string{
	"", "a", "{{", "}}", "{{}}", "{{ vars.i }}", "x {{ vars.s }} y", `{{ "{{" }}`, "{{ {a: {b: 1}} }}", "{{ `}}` }}", `{{ 'a\'}}' }}`, "{{ vars.rows[0].name ?? 'x' }}",
	"{{ filter(vars.rows, .total > 10) | map(.name) | join(', ') }}", "{{ reduce(1..10, #acc + #, 0) }}", "{{ let x = 1; x + 1 }}", "{{ if true { 1 } else { 2 } }}", "{{ vars.n?.a[0].b }}",
	"{{ sortBy(vars.rows, .total, 'desc')[0:1] }}", "{{ contains(vars.list, 1) && not contains('a', 'b') }}", "{{ 1 < 2 < 3 }}", "{{ 'a' matches 'b{3}' }}", "{{ -vars.f ** 2 % 3 }}", "{{ # }}", "{{ b'x' }}", "{{ 1e400 }}", "{{ 0x1F + 0b11 }}",
}

func FuzzCompile(f *testing.F) {
	for _, s := range seeds {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) { checkText(t, text) })
}

// FuzzEval fuzzes the inside of the braces, where most texts are not empty of
// meaning, beginning with the example of every function.
func FuzzEval(f *testing.F) {
	for _, fn := range expr.Functions() {
		f.Add(fn.Example)
	}
	for _, s := range seeds {
		f.Add(strings.Trim(s, "{} "))
	}
	f.Fuzz(func(t *testing.T, src string) { checkText(t, "{{ "+src+" }}") })
}

// value draws any value of the model as an expression that gives it.
func value(depth int) *rapid.Generator[any] {
	scalars := []*rapid.Generator[any]{
		rapid.Just[any](nil), rapid.Bool().AsAny(), rapid.IntRange(-1e6, 1e6).AsAny(), rapid.StringMatching(`[a-zé{}" ]{0,6}`).AsAny(),
		rapid.Map(rapid.IntRange(-1000, 1000), func(i int) any { return float64(i) + 0.5 }),
	}
	if depth == 0 {
		return rapid.OneOf(scalars...)
	}
	inner := value(depth - 1)
	return rapid.OneOf(append(scalars,
		rapid.Map(rapid.SliceOfN(inner, 0, 4), func(l []any) any { return append([]any{}, l...) }),
		rapid.Map(rapid.MapOfN(rapid.StringMatching(`[a-z]{1,3}`), inner, 0, 4), func(m map[string]any) any { return m }))...)
}

func TestRandomCalls(t *testing.T) {
	t.Parallel()
	var names []string
	for _, f := range expr.Functions() {
		names = append(names, f.Name)
	}
	operators := []string{"+", "-", "*", "/", "%", "**", "==", "<", ">=", "in", "contains", "matches", "startsWith", "and", "or", "??", ".."}
	rapid.Check(t, func(t *rapid.T) {
		literal := func(name string) string {
			b, _ := json.Marshal(value(2).Draw(t, name))
			return string(b)
		}
		var args []string
		for range rapid.IntRange(0, 4).Draw(t, "n") {
			args = append(args, literal("arg"))
		}
		call := rapid.SampledFrom(names).Draw(t, "f") + "(" + strings.Join(args, ", ") + ")"
		checkText(t, "{{ "+call+" }}")
		checkText(t, "{{ "+literal("a")+" "+rapid.SampledFrom(operators).Draw(t, "op")+" "+literal("b")+" }}")
		checkText(t, "x{{ "+call+" }}")
	})
}

func TestLiteralsRoundTrip(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		v := value(3).Draw(t, "v")
		b, err := json.Marshal(v)
		if err != nil {
			t.Skip()
		}
		tmpl, err := expr.Compile("{{ " + string(b) + " }}")
		if err != nil {
			t.Fatalf("%s: %v", b, err)
		}
		if got, err := tmpl.Eval(nil); err != nil || !reflect.DeepEqual(got, v) {
			t.Fatalf("%s gave %#v, %v", b, got, err)
		}
		for _, text := range []string{"{{ from_json(to_json(vars.v)) }}", "{{ vars.v }}", "{{ [vars.v][0] }}"} {
			tmpl, err := expr.Compile(text)
			if err != nil {
				t.Fatal(err)
			}
			if got, err := tmpl.Eval(map[string]any{"vars": map[string]any{"v": v}}); err != nil || !reflect.DeepEqual(got, v) {
				t.Fatalf("%s gave %#v, %v, want %#v", text, got, err, v)
			}
		}
	})
}

func TestMixedTextKeepsLiterals(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		lit := rapid.StringMatching(`[^{]{0,20}`)
		a, b := lit.Draw(t, "a"), lit.Draw(t, "b")
		s := rapid.String().Draw(t, "s")
		tmpl, err := expr.Compile(a + "{{ vars.s }}" + b)
		if err != nil {
			t.Fatal(err)
		}
		got, err := tmpl.Eval(map[string]any{"vars": map[string]any{"s": s}})
		if err != nil || got != a+s+b {
			t.Fatalf("got %q, %v, want %q", got, err, a+s+b)
		}
	})
}
