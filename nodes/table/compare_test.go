package table

import (
	"testing"

	"github.com/aether-rpa/aether/node/nodetest"
	"github.com/aether-rpa/aether/value"
)

func TestCompareTables(t *testing.T) {
	env := nodetest.Env(t)
	run := func(in map[string]any) map[string]any {
		t.Helper()
		out, err := nodetest.Run(t, env, "table.compare", in)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	left := []any{row{"id": "A", "x": 1}, row{"id": "a", "x": 2}, row{"id": nil, "x": 3}}
	right := []any{row{"id": "a", "x": 1, "y": "Q"}, row{"id": nil, "x": 3}, row{"id": "b"}}
	out := run(map[string]any{"left": left, "right": right, "keys": []any{"id"}})
	if out["pair_count"] != 2 || out["changed_count"] != 1 || !value.Equal(out["only_left"], left[:1]) || !value.Equal(out["only_right"], right[2:]) {
		t.Errorf("with case: %v", out)
	}
	out = run(map[string]any{"left": left, "right": right, "keys": []any{"id"}, "ignore_case": true})
	if first := out["pairs"].([]any)[0].(row); !value.Equal(first["left"], left[0]) || !value.Equal(first["columns"], []any{"y"}) || !value.Equal(first["key"], row{"id": "A"}) {
		t.Errorf("without case: %v", out)
	}
	out = run(map[string]any{"left": left, "right": right, "keys": []any{"id"}, "keys_only": true})
	if out["changed_count"] != 0 || out["same"] != false || out["left_count"] != 3 || out["right_count"] != 3 {
		t.Errorf("keys only: %v", out)
	}
	out = run(map[string]any{"left": left, "right": left})
	if out["same"] != true || out["pair_count"] != 3 {
		t.Errorf("the same: %v", out)
	}
	out = run(map[string]any{"left": left, "right": right, "ignore": []any{"id", "y"}})
	if out["changed_count"] != 2 {
		t.Errorf("by place: %v", out)
	}
	out = run(map[string]any{"left": []any{}, "right": []any{}})
	if out["same"] != true {
		t.Errorf("empty: %v", out)
	}
	for _, in := range []map[string]any{{"left": left, "right": right, "keys": []any{"zz"}}, {"left": []any{1}, "right": right}} {
		if _, err := nodetest.Run(t, env, "table.compare", in); err == nil {
			t.Errorf("%v was taken", in)
		}
	}
}

func TestValidateRecordFields(t *testing.T) {
	env := nodetest.Env(t)
	out, err := nodetest.Run(t, env, "table.validate_record", map[string]any{"record": row{"a": "", "b": "x", "c": nil, "d": 5}, "required": []any{"a", "d"}, "min_score": 0.5,
		"rules": []any{row{"column": "b", "type": "number"}, row{"column": "c", "type": "number"}, row{"column": "d", "min": 1, "max": 9}, row{"where": "{{ row.d > 7 }}", "message": "d is small"}}})
	if err != nil {
		t.Fatal(err)
	}
	if want := (row{"a": "missing", "b": "invalid", "c": "valid", "d": "valid"}); !value.Equal(out["fields"], want) || out["score"] != 0.5 || out["needs_review"] != true || len(out["errors"].([]any)) != 3 {
		t.Errorf("got %v", out)
	}
	if _, err := nodetest.Run(t, env, "table.validate_record", map[string]any{"record": row{}, "rules": []any{row{"column": "a", "pattern": "("}}}); err == nil {
		t.Error("a wrong pattern was taken")
	}
}

func TestMatchSimilarRows(t *testing.T) {
	env := nodetest.Env(t)
	out, err := nodetest.Run(t, env, "table.match_similar", map[string]any{"rows": []any{row{"a": "Müller"}, row{"a": nil}, row{"a": "zzz"}, row{"a": "Maier"}}, "with": []any{row{"a": "Mueller"}, row{"a": "Muller"}, row{"a": ""}, row{"a": "Maier"}},
		"column": "a", "ignore_accents": true, "match_column": "m", "score_column": "s"})
	if err != nil {
		t.Fatal(err)
	}
	want := []any{row{"a": "Müller", "m": row{"a": "Muller"}, "s": 1}, row{"a": nil, "m": nil, "s": 0}, row{"a": "zzz", "m": nil, "s": 0}, row{"a": "Maier", "m": row{"a": "Maier"}, "s": 1}}
	if !value.Equal(out["rows"], want) || out["matched"] != 2 || out["count"] != 4 {
		t.Errorf("got %v", out)
	}
	if _, err := nodetest.Run(t, env, "table.match_similar", map[string]any{"rows": []any{row{"a": 1}}, "with": []any{row{"b": 1}}, "column": "a"}); err == nil {
		t.Error("a column that is not there was taken")
	}
}
