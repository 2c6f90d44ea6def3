package expr_test

import (
	"context"
	"errors"
	"reflect"
	"testing"

	"github.com/aether-rpa/aether/expr"
)

type lazy struct {
	v     any
	err   error
	loads int
}

func (l *lazy) Load(context.Context) (any, error) { l.loads++; return l.v, l.err }

func TestEvalLazy(t *testing.T) {
	t.Parallel()
	inner := func() *lazy { return &lazy{v: map[string]any{"n": 2}} }
	tests := []struct {
		text  string
		want  any
		loads int // of the outer one
	}{
		{"{{ nodes.a.out.rows[1].n }}", 2, 1},
		{"{{ nodes.a.out.rows[1].n + nodes.a.out.x }}", 7, 1},
		{"{{ map(nodes.a.out.rows, .n) }}", []any{1, 2}, 1},
		{"{{ nodes.a.out }}", map[string]any{"x": 5, "rows": []any{map[string]any{"n": 1}, map[string]any{"n": 2}}}, 1},
		{"{{ nodes[loop.name].out.x }}", 5, 1},
		{"{{ to_json(nodes) }}", `{"a":{"out":{"rows":[{"n":1},{"n":2}],"x":5},"small":1}}`, 1},
		{"{{ nodes.a.small }}", 1, 0},
		{"{{ sort_by(nodes.a.out.rows, 'n', 'desc')[0].n }}", 2, 1},
		{"{{ get(nodes, 'a.out.rows[1].n') }}", 2, 1},
		{"{{ len(nodes.a.out.rows) }}", 2, 1},
		{"{{ last(nodes.a.out.rows).n }}", 2, 1},
		{"{{ nodes.a.out.rows == [{n: 1}, {n: 2}] }}", true, 1},
		{"{{ nodes.a.out.rows }}.", `[{"n":1},{"n":2}].`, 1},
		{"{{ [nodes.a] }}", []any{map[string]any{"small": 1, "out": map[string]any{"x": 5, "rows": []any{map[string]any{"n": 1}, map[string]any{"n": 2}}}}}, 1},
		{"{{ filter(nodes.a.out.rows, .n == 2) }}", []any{map[string]any{"n": 2}}, 1},
	}
	for _, tt := range tests {
		out := &lazy{}
		rows := []any{map[string]any{"n": 1}, inner()}
		out.v = &lazy{v: map[string]any{"x": 5, "rows": rows}}
		a := map[string]any{"out": out, "small": 1}
		r := map[string]any{"nodes": map[string]any{"a": a}, "loop": map[string]any{"name": "a"}}
		tmpl, err := expr.Compile(tt.text)
		if err != nil {
			t.Fatal(err)
		}
		got, err := tmpl.EvalLazy(t.Context(), r)
		if err != nil {
			t.Errorf("%s: %v", tt.text, err)
			continue
		}
		if !reflect.DeepEqual(got, tt.want) {
			t.Errorf("%s = %#v, want %#v", tt.text, got, tt.want)
		}
		if out.loads != tt.loads {
			t.Errorf("%s: loaded %d times, want %d", tt.text, out.loads, tt.loads)
		}
		if a["out"] != any(out) {
			t.Errorf("%s: the root was changed", tt.text)
		}
		if _, ok := rows[1].(*lazy); !ok {
			t.Errorf("%s: a loaded value was changed", tt.text)
		}
		if _, err := tmpl.Eval(r); tt.loads > 0 && err == nil && tt.text != "{{ [nodes.a] }}" {
			t.Errorf("%s: Eval read a value that is not loaded", tt.text)
		}
	}
}

func TestLazyError(t *testing.T) {
	t.Parallel()
	gone := errors.New("gone")
	tmpl, _ := expr.Compile("{{ nodes.a.x + 1 }}")
	_, err := tmpl.EvalLazy(t.Context(), map[string]any{"nodes": map[string]any{"a": &lazy{err: gone}}})
	var e *expr.Error
	if !errors.Is(err, gone) || !errors.As(err, &e) {
		t.Errorf("got %v, want an *Error that wraps the cause", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	tmpl, _ = expr.Compile("{{ count(1..100000, # > 0) }}")
	if _, err := tmpl.EvalLazy(ctx, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want a cancelled evaluation", err)
	}
}

func TestPathAndRefs(t *testing.T) {
	t.Parallel()
	type ref struct {
		path    []string
		dynamic bool
		col     int
	}
	tests := []struct {
		text string
		path []string
		refs []ref
	}{
		{"{{ nodes.read.rows }}", []string{"nodes", "read", "rows"}, []ref{{[]string{"nodes", "read", "rows"}, false, 15}}},
		{`{{ vars["a b"].c }}`, []string{"vars", "a b", "c"}, []ref{{[]string{"vars", "a b", "c"}, false, 16}}},
		{"{{ vars.a?.b }}", nil, []ref{{[]string{"vars", "a", "b"}, true, 12}}},
		{" {{ vars.a }}", nil, []ref{{[]string{"vars", "a"}, true, 10}}},
		{"{{ vars.a + vars.b[0].c }}", nil, []ref{{[]string{"vars", "a"}, false, 9}, {[]string{"vars", "b", "0", "c"}, false, 23}}},
		{"{{ vars[loop.key].x + 1 }}", nil, []ref{{[]string{"vars"}, true, 4}, {[]string{"loop", "key"}, false, 14}}},
		{"{{ filter(nodes.a.rows, .n > vars.min) }}", nil, []ref{{[]string{"nodes", "a", "rows"}, true, 19}, {[]string{"vars", "min"}, false, 35}}},
		{"{{ let x = nodes.a; x.out + 1 }}", nil, []ref{{[]string{"nodes", "a", "out"}, false, 23}}},
		{"{{ vars.a == nil ? vars.b : vars.c }}", nil, []ref{{[]string{"vars", "a"}, false, 9}, {[]string{"vars", "b"}, true, 25}, {[]string{"vars", "c"}, true, 34}}},
	}
	for _, tt := range tests {
		tmpl, err := expr.Compile(tt.text)
		if err != nil {
			t.Fatal(err)
		}
		if path, ok := tmpl.Path(); ok != (tt.path != nil) || !reflect.DeepEqual(path, tt.path) {
			t.Errorf("%s: Path = %v, %v", tt.text, path, ok)
		}
		var got []ref
		for _, r := range tmpl.Refs() {
			got = append(got, ref{r.Path, r.Dynamic, r.Pos.Col})
		}
		if !reflect.DeepEqual(got, tt.refs) {
			t.Errorf("%s: Refs = %v, want %v", tt.text, got, tt.refs)
		}
	}
	tmpl, _ := expr.Compile("a\n{{ vars.a }} {{\n vars.b }}")
	refs := tmpl.Refs()
	if refs[0].Pos != (expr.Position{Offset: 10, Line: 2, Col: 9}) || refs[1].Pos != (expr.Position{Offset: 24, Line: 3, Col: 7}) {
		t.Errorf("positions are %v", refs)
	}
	if tmpl.Single() {
		t.Error("mixed text is not single")
	}
}
