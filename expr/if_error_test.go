package expr

import (
	"strings"
	"testing"
)

func TestIfError(t *testing.T) {
	root := map[string]any{"vars": map[string]any{"n": nil, "s": "abc", "l": []any{1, 2}}}
	for text, want := range map[string]any{
		`{{ if_error(vars.n > 5, false) }}`:                          false,
		`{{ if_error(1 + 1, 0) }}`:                                   2,
		`{{ if_error(int(vars.s), if_error(int("x"), -1)) }}`:        -1,
		`{{ sum(map(vars.l, if_error(# + vars.n, # * 10))) }}`:       30,
		`{{ if_error(filter(vars.l, # > vars.s), [])}}`:              "[]",
		`{{ truthy("") or truthy(0) or truthy([]) or truthy({}) }}`:  false,
		`{{ truthy("false") and truthy(-1) and truthy([nil]) }}`:     true,
		`{{ read_value(" [1, 2] ")[1] + read_value("1.5") }}`:        3.5,
		`{{ read_value("[1,") }}`:                                    "[1,",
		`{{ read_value("None") == nil and read_value("") == "" }}`:   true,
		`{{ if_error(vars.missing.deeper, "no such thing there") }}`: "no such thing there",
	} {
		tpl, err := Compile(text)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		got, err := tpl.Eval(root)
		if l, ok := got.([]any); ok && len(l) == 0 {
			got = "[]"
		}
		if err != nil || got != want {
			t.Errorf("%s = %v, %v; want %v", text, got, err, want)
		}
	}
	// A limit that was reached is not swallowed.
	tpl, err := Compile(`{{ if_error(count(1..1000000, any(1..1000000, # < 0)), 7) }}`)
	if err != nil {
		t.Fatal(err)
	}
	if v, err := tpl.Eval(root); err == nil || !strings.Contains(err.Error(), "more than") {
		t.Errorf("a limit gave %v, %v", v, err)
	}
}
