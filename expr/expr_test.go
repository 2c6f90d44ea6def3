package expr_test

import (
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"sync"
	"testing"

	"github.com/aether-rpa/aether/expr"
)

func root() map[string]any {
	return map[string]any{
		"vars": map[string]any{
			"i": 41, "f": 1.5, "s": "héllo", "n": nil, "t": true, "list": []any{3, 1, 2}, "key": "a", "nested": map[string]any{"a": map[string]any{"b": 7}},
			"rows": []any{
				map[string]any{"name": "Ann", "total": 10, "tags": []any{"x", "y"}},
				map[string]any{"name": "Bob", "total": 20.5, "tags": []any{}},
				map[string]any{"name": "Cid", "total": 30, "tags": []any{"y"}},
			},
		},
		"nodes": map[string]any{"read": map[string]any{"rows": []any{1, 2, 3}, "odd name": 5}},
		"loop":  map[string]any{"index": 1, "item": "x"},
	}
}

func eval(text string) (any, error) {
	t, err := expr.Compile(text)
	if err != nil {
		return nil, err
	}
	return t.Eval(root())
}

func TestEval(t *testing.T) {
	t.Parallel()
	tests := []struct {
		text string
		want any
	}{
		{"plain", "plain"}, {"", ""}, {"a }} b", "a }} b"},
		{"{{ vars.i }}", 41}, {"{{vars.i}}", 41}, {" {{vars.i}}", " 41"}, {"{{\n vars.i \n}}", 41},
		{"{{ vars.i }}{{ vars.f }}", "411.5"}, {"n={{ vars.n }}.", "n=."}, {"{{ vars.list }}!", "[3,1,2]!"},
		{"x{{ {b: 1, a: [nil, true]} }}", `x{"a":[null,true],"b":1}`},
		{`{{ "{{" }}`, "{{"}, {`a {{ "}}" }} b`, "a }} b"}, {"{{ `}}` }}", "}}"}, {`{{ {a: {b: 1}} }}`, map[string]any{"a": map[string]any{"b": 1}}},
		{`{{ {a: {b: 1}}}}`, map[string]any{"a": map[string]any{"b": 1}}},
		{`{{ vars.i /* }} " */ + 1 }}`, 42}, {"{{ vars.i // it's }}", 41}, {`{{ "it\"s }}" }}`, `it"s }}`},
		{"{{ 7 / 2 }}", 3.5}, {"{{ 6 / 2 }}", 3}, {"{{ 0.1 + 0.2 }}", 0.30000000000000004}, {"{{ 1.0 }}", 1}, {"{{ 2 ** 10 }}", 1024}, {"{{ 2 ** -1 }}", 0.5},
		{"{{ -7 % 3 }}", -1}, {"{{ 9223372036854775807 + 1 }}", 9223372036854775808.0}, {"{{ 3 * 1.5 }}", 4.5}, {"{{ 4 * 0.5 }}", 2},
		{`{{ "a" + 1 }}`, "a1"}, {`{{ 1 + "a" }}`, "1a"}, {`{{ "a" + 1.5 + true }}`, "a1.5true"},
		{"{{ 1 == 1.0 }}", true}, {`{{ "1" == 1 }}`, false}, {"{{ [1, {a: 2}] == [1, {a: 2.0}] }}", true}, {"{{ vars.n == nil }}", true}, {"{{ null }}", nil},
		{"{{ 1 < 2 < 3 }}", true}, {"{{ 3 > 2 > 2 }}", false}, {`{{ "a" < "b" }}`, true}, {"{{ 1.5 >= 1 }}", true},
		{"{{ vars.t and not false }}", true}, {"{{ false && vars.n.x }}", false}, {"{{ true || vars.n.x }}", true}, {"{{ vars.t ? 1 : 2 }}", 1}, {"{{ if vars.i > 50 { 1 } else { 2 } }}", 2},
		{"{{ vars.missing }}", nil}, {"{{ vars.missing?.a.b }}", nil}, {"{{ vars.n?.a[0].b }}", nil}, {"{{ vars.n?.[0] }}", nil}, {"{{ vars.n ?? 5 }}", 5}, {"{{ vars.n?.x ?? 6 }}", 6},
		{`{{ vars["i"] }}`, 41}, {`{{ nodes.read["odd name"] }}`, 5}, {"{{ vars.nested[vars.key].b }}", 7}, {"{{ vars.list[-1] }}", 2}, {"{{ vars.rows[1].name }}", "Bob"}, {"{{ vars.s[1] }}", "é"}, {"{{ vars.s[-1] }}", "o"},
		{"{{ vars.list[1:] }}", []any{1, 2}}, {"{{ vars.s[:2] }}", "hé"}, {"{{ vars.list[-2:-1] }}", []any{1}}, {"{{ vars.list[5:] }}", []any{}},
		{"{{ 1..3 }}", []any{1, 2, 3}}, {"{{ 3..1 }}", []any{}}, {"{{ 2 in vars.list }}", true}, {`{{ "name" in vars.rows[0] }}`, true}, {`{{ "ell" in "hello" }}`, true}, {"{{ 9 not in vars.list }}", true},
		{`{{ vars.s contains "llo" }}`, true}, {`{{ vars.list contains 3 }}`, true}, {`{{ contains(vars.list, 3) }}`, true}, {`{{ not contains(vars.list, 3) }}`, false}, {`{{ vars.s not contains ("x") }}`, true}, {`{{ vars.list | contains(3) }}`, true},
		{`{{ vars.s startsWith "hé" }}`, true}, {`{{ startsWith(vars.s, "x") }}`, false}, {`{{ "a1" matches "[a-z]\\d" }}`, true}, {"{{ matches(vars.s, `^h`) }}", true}, {`{{ vars.n matches "x" }}`, false},
		{"{{ filter(vars.rows, .total > 10) | map(.name) }}", []any{"Bob", "Cid"}}, {"{{ map(vars.rows, #index) }}", []any{0, 1, 2}}, {"{{ map(vars.rows, {len(.tags)}) }}", []any{2, 0, 1}},
		{"{{ sum(vars.rows, .total) }}", 60.5}, {"{{ sum([1, 2.5, 0.5]) }}", 4}, {"{{ count(vars.rows, .total > 10) }}", 2}, {"{{ count([true, false, true]) }}", 2}, {"{{ count(vars.rows) }}", 3},
		{"{{ find(vars.rows, .total > 10).name }}", "Bob"}, {"{{ findLast(vars.rows, .total > 10).name }}", "Cid"}, {"{{ findIndex(vars.rows, .total > 99) }}", nil},
		{"{{ map(vars.rows, count(.tags, # == 'y')) }}", []any{1, 0, 1}}, {"{{ reduce(vars.list, #acc * #) }}", 6}, {"{{ reduce([], #acc + #, 'z') }}", "z"},
		{"{{ sortBy(vars.rows, .total, 'desc')[0].name }}", "Cid"}, {"{{ groupBy(vars.rows, .total > 15)['true'] | len() }}", 2}, {"{{ all([], false) }}", true}, {"{{ one([1, 1], # == 1) }}", false}, {"{{ any(vars.list, # == 2) }}", true},
		{"{{ let x = vars.i; let y = x + 1; x + y }}", 83}, {"{{ map(1..2, let d = # * 2; d) }}", []any{2, 4}}, {"{{ 1; 2 }}", 2},
		{`{{ {"a b": 1, (vars.key): 2, 3: 4} }}`, map[string]any{"a b": 1, "a": 2, "3": 4}}, {"{{ vars.nested.a.b | string() | pad_start(3, '0') }}", "007"},
		{`{{ from_json('{"a": [1, 2.0, 1e3, 1.5]}').a }}`, []any{1, 2, 1000, 1.5}}, {`{{ get(vars, "nested.a.b") }}`, 7}, {`{{ get(vars, "nested.x.y", "no") }}`, "no"}, {`{{ get(vars.list, -1) }}`, 2},
		{`{{ len(vars.s) }}`, 5}, {`{{ round(2.5) }}`, 3}, {`{{ round(-2.345, 2) }}`, -2.35}, {`{{ round(1.005, 2) }}`, 1.01}, {`{{ round(1234.5, -2) }}`, 1200}, {`{{ format_number(-0.001) }}`, "0.00"},
		{`{{ parse_number("1,234.50") }}`, 1234.5}, {`{{ parse_number("(12)") }}`, -12}, {`{{ parse_number("€ 1.000", ",") }}`, 1000}, {`{{ parse_number("5-") }}`, -5}, {`{{ parse_number("1'000.5") }}`, 1000.5},
		{`{{ split("a,b", ",") }}`, []any{"a", "b"}}, {`{{ type(6 / 2) }}`, "int"}, {"{{ range(3) }}", []any{0, 1, 2}}, {"{{ range(3, 0, -1) }}", []any{3, 2, 1}},
	}
	for _, tt := range tests {
		got, err := eval(tt.text)
		if err != nil {
			t.Errorf("Eval(%s): %v", tt.text, err)
			continue
		}
		if !reflect.DeepEqual(got, tt.want) {
			t.Errorf("Eval(%s) = %#v, want %#v", tt.text, got, tt.want)
		}
	}
}

func TestErrors(t *testing.T) {
	t.Parallel()
	tests := []struct {
		text, msg string // msg is part of Error()
		line, col int
	}{
		{"{{ vars.i", "no matching }}", 1, 1},
		{"ab\ncd {{ vars.i", "no matching }}", 2, 4},
		{"{{ }}", "empty", 1, 1},
		{"{{ 'a }}", "quote", 1, 4},
		{"{{ vars.i } }}", "no matching {", 1, 11},
		{"é {{ vrs.i }}", "did you mean vars?", 1, 6},
		{"{{ env.HOME }}", "environment", 1, 4},
		{"{{ $env }}", "environment", 1, 4},
		{"{{ now() }}", "run.started_at", 1, 4},
		{"{{ random() }}", "replay", 1, 4},
		{"{{ uuid() }}", "replay", 1, 4},
		{"{{ uper(vars.s) }}", "did you mean upper?", 1, 4},
		{"{{ upper }}", "is a function", 1, 4},
		{"{{ upper() }}", "1 argument", 1, 4},
		{"{{ vars.s.upper() }}", "no methods", 1, 11},
		{"{{ vars.i = 3 }}", "==", 1, 11},
		{"{{ # }}", "current item", 1, 4},
		{"{{ vars.i + }}", "too early", 1, 12},
		{"{{ $json.a }}", "nodes.<name>", 1, 4},
		{"{{ vars.n.x }}", "vars.n is nil", 1, 11},
		{"{{ vars.missing.x.y }}", "vars.missing is nil", 1, 17},
		{"{{ vars.missing.x }}", "vars.missing is nil", 1, 17},
		{"{{ vars.n + 1 }}", "vars.n is nil", 1, 11},
		{"{{ 1 + vars.rows[0].zip }}", "vars.rows[0].zip is nil", 1, 6},
		{"{{ vars.n[0] }}", "vars.n is nil", 1, 10},
		{"{{ vars.n < 1 }}", "vars.n is nil", 1, 11},
		{"{{ map(vars.rows, #.x.y) }}", "#.x is nil", 1, 23},
		{"{{ vars.i.x }}", "no member x", 1, 11},
		{"{{ vars.list.x }}", "map(list, #.x)", 1, 14},
		{"{{ vars.list[9] }}", "no item 9", 1, 13},
		{"{{ filter(vars.n, true) }}", "vars.n is nil", 1, 4},
		{"{{ vars.s && true }}", "true or false", 1, 11},
		{"{{ 1 / 0 }}", "zero", 1, 6},
		{"{{ vars.s - 1 }}", "two numbers", 1, 11},
		{"{{ [1] + [2] }}", "concat", 1, 8},
		{"{{ upper(vars.n) }}", "vars.n is nil", 1, 4},
		{"{{ 'a' matches '(' }}", "pattern", 1, 8},
		{`{{ int("x") }}`, "not a number", 1, 4},
		{"a\n b {{ 1 +\n  vars.n }}", "vars.n is nil", 2, 9},
	}
	for _, tt := range tests {
		_, err := eval(tt.text)
		var e *expr.Error
		if !errors.As(err, &e) {
			t.Errorf("%q: got %v, want an *Error", tt.text, err)
			continue
		}
		if !strings.Contains(e.Error(), tt.msg) || e.Line != tt.line || e.Col != tt.col {
			t.Errorf("%q: got %d:%d %v, want %d:%d %s", tt.text, e.Line, e.Col, e, tt.line, tt.col, tt.msg)
		}
		checkTidy(t, e)
	}
}

// checkTidy fails on error text that shows the insides of Go.
func checkTidy(t *testing.T, err error) {
	t.Helper()
	s := err.Error()
	for _, bad := range []string{"\n", "interface", "reflect", "runtime", "goroutine", "panic", "strconv", "map[", "[]any", "float64", "%!"} {
		if strings.Contains(s, bad) {
			t.Errorf("error shows %q: %s", bad, s)
		}
	}
}

func TestFunctionExamples(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, f := range expr.Functions() {
		if seen[f.Name] {
			t.Errorf("%s is listed twice", f.Name)
		}
		seen[f.Name] = true
		if f.Doc == "" || !strings.HasSuffix(f.Doc, ".") || f.Category == "" || !strings.HasPrefix(f.Signature, f.Name+"(") {
			t.Errorf("%s is not fully described", f.Name)
		}
		got, err := eval("{{ " + f.Example + " }}")
		if err != nil {
			t.Errorf("%s: %v", f.Name, err)
			continue
		}
		var want any
		if err := json.Unmarshal([]byte(f.Result), &want); err != nil {
			t.Errorf("%s: result %s: %v", f.Name, f.Result, err)
			continue
		}
		b, _ := json.Marshal(got)
		var norm any
		_ = json.Unmarshal(b, &norm)
		if !reflect.DeepEqual(norm, want) {
			t.Errorf("%s = %s, want %s", f.Example, b, f.Result)
		}
	}
}

func TestConcurrent(t *testing.T) {
	t.Parallel()
	tmpl, err := expr.Compile("{{ map(filter(vars.rows, .total > 10), let n = .name; upper(n) + string(vars.i)) }}")
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			r := root()
			for range 200 {
				got, err := tmpl.Eval(r)
				if err != nil || !reflect.DeepEqual(got, []any{"BOB41", "CID41"}) {
					t.Errorf("got %v, %v", got, err)
					return
				}
				if _, err := expr.Compile("{{ vars.i + 1 }}"); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
}

func TestResultsDoNotAliasState(t *testing.T) {
	t.Parallel()
	tmpl, _ := expr.Compile("{{ concat(vars.list, [vars.i]) }}")
	a, _ := tmpl.Eval(root())
	r := root()
	r["vars"].(map[string]any)["i"] = 99
	if _, err := tmpl.Eval(r); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(a, []any{3, 1, 2, 41}) {
		t.Errorf("a later evaluation changed a result: %v", a)
	}
	list, _ := eval("{{ append(vars.list[:1], 5) }}")
	if !reflect.DeepEqual(list, []any{3, 5}) {
		t.Errorf("got %v", list)
	}
}
