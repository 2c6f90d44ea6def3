package list

import (
	"context"
	"errors"
	"math"
	"testing"

	"pgregory.net/rapid"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/node/nodetest"
	"github.com/aether-rpa/aether/table"
	"github.com/aether-rpa/aether/value"
)

func TestExamples(t *testing.T) { nodetest.Examples(t, "list") }

type params = map[string]any

// failure is what a row wants that must give an error.
type failure struct{}

func TestTable(t *testing.T) {
	l := func(v ...any) []any { return append([]any{}, v...) }
	m := func(kv ...any) map[string]any {
		out := map[string]any{}
		for i := 0; i < len(kv); i += 2 {
			out[kv[i].(string)] = kv[i+1]
		}
		return out
	}
	fails := failure{}
	for _, tt := range []struct {
		typ  string
		in   params
		out  string
		want any
	}{
		{"list.prepend", params{"list": l(), "item": nil}, "list", l(nil)},
		{"list.insert", params{"list": l(), "index": 0, "item": 1}, "list", l(1)},
		{"list.insert", params{"list": l(1), "index": 1, "item": 2}, "list", l(1, 2)},
		{"list.insert", params{"list": l(1), "index": 2, "item": 2}, "", fails},
		{"list.insert", params{"list": "x"}, "", fails},
		{"list.remove_at", params{"list": l(), "index": 0}, "", fails},
		{"list.remove_at", params{"list": l(1, 2), "index": -3}, "", fails},
		{"list.remove", params{"list": l(1, nil, 2)}, "list", l(1, 2)},
		{"list.remove", params{"list": l(1, 2, 3), "values": l(1, 3)}, "list", l(2)},
		{"list.remove", params{"list": l(1), "where": "{{ item }}"}, "", fails},
		{"list.get", params{"list": l(1), "index": 1}, "", fails},
		{"list.get", params{"list": l(1), "index": 1, "default": 7}, "item", 7},
		{"list.set", params{"list": l(1), "index": -1, "item": "é"}, "list", l("é")},
		{"list.set", params{"list": l(), "index": 0, "item": 1}, "", fails},
		{"list.first", params{"list": l()}, "item", nil},
		{"list.last", params{"list": l(1, nil)}, "found", true},
		{"list.slice", params{"list": l(1, 2, 3), "from": -100, "to": 100}, "list", l(1, 2, 3)},
		{"list.slice", params{"list": l(1, 2, 3), "from": 2, "to": 1}, "list", l()},
		{"list.take", params{"list": l(1, 2), "count": 0}, "list", l()},
		{"list.take", params{"list": l(1, 2), "count": 9, "from": "end"}, "list", l(1, 2)},
		{"list.take", params{"list": l(1, 2), "count": -1}, "", fails},
		{"list.drop", params{"list": l(1, 2, 3), "count": 1, "from": "end"}, "list", l(1, 2)},
		{"list.drop", params{"list": l(1, 2, 3), "count": 5}, "list", l()},
		{"list.find", params{"list": l(nil)}, "found", true},
		{"list.find", params{"list": l(), "value": 1}, "index", -1},
		{"list.find", params{"list": l(1), "where": "{{ item.x }}"}, "", fails},
		{"list.contains", params{"list": l(l(1, m("a", 1))), "value": l(1, m("a", 1.0))}, "contains", true},
		{"list.contains", params{"list": l("1"), "value": 1}, "contains", false},
		{"list.filter", params{"list": l(1, 2, 3), "where": "{{ item > 1 }}", "limit": 1}, "count", 1},
		{"list.filter", params{"list": l(), "where": "{{ item > 1 }}"}, "list", l()},
		{"list.filter", params{"list": l(1), "where": "{{ 1 }}"}, "", fails},
		{"list.map", params{"list": l(), "to": "{{ item }}"}, "list", l()},
		{"list.reduce", params{"list": l(), "initial": "x", "to": "{{ acc }}"}, "result", "x"},
		{"list.sort", params{"list": l("b", 2, nil, true, 1.5, "B", l(1), m("a", 1))}, "list", l(true, 1.5, 2, "B", "b", l(1), m("a", 1), nil)},
		{"list.sort", params{"list": l(2, nil, 1), "direction": "desc", "nulls": "first"}, "list", l(nil, 2, 1)},
		{"list.sort", params{"list": l("10", 9, "", "8.5"), "as": "number"}, "list", l("8.5", 9, "10", "")},
		{"list.sort", params{"list": l("10", "x"), "as": "number"}, "", fails},
		{"list.sort", params{"list": l(10, 9, "x"), "as": "text"}, "list", l(10, 9, "x")},
		{"list.sort", params{"list": l("bb", "a"), "by": "{{ len(item) }}"}, "list", l("a", "bb")},
		{"list.sort", params{"list": l(1, 2), "field": "a..b"}, "", fails},
		{"list.sort", params{"list": l(m("a", 2), m("a", 1)), "keys": l(m("field", "a", "as", "number"))}, "list", l(m("a", 1), m("a", 2))},
		{"list.sort", params{"list": l(m("a", 2)), "keys": l(m("direction", "asc"))}, "", fails},
		{"list.unique", params{"list": l(1, 1.0, l(1), l(1), nil, nil)}, "list", l(1, l(1), nil)},
		{"list.group_by", params{"field": "k", "list": l(m("k", 1), m("k", "1"), m())}, "map", m("1", l(m("k", 1), m("k", "1")), "", l(m()))},
		{"list.count", params{"list": l("x", "y", "x"), "each": true, "where": `{{ item != "x" }}`}, "values", l(m("value", "y", "count", 1))},
		{"list.intersect", params{"a": l(), "b": l(1)}, "list", l()},
		{"list.union", params{"a": l("A"), "b": l("a"), "ignore_case": true}, "list", l("A")},
		{"list.difference", params{"a": l(m("i", 1, "x", 2)), "b": l(m("i", 1)), "field": "i"}, "list", l()},
		{"list.compare", params{"a": l(1, 2), "b": l(2, 1)}, "equal", true},
		{"list.compare", params{"a": l(1, 2), "b": l(2, 1)}, "same_order", false},
		{"list.compare", params{"a": l(), "b": l()}, "same_order", true},
		{"list.chunk", params{"list": l(), "size": 3}, "count", 0},
		{"list.chunk", params{"list": l(1, 2), "size": 0}, "", fails},
		{"list.chunk", params{"list": l(1, 2), "size": 2}, "chunks", l(l(1, 2))},
		{"list.flatten", params{"list": l(l(), l(l(1)))}, "list", l(l(1))},
		{"list.zip", params{"lists": l()}, "list", l()},
		{"list.zip", params{"lists": l(l(1, 2), l(3))}, "list", l(l(1, 3))},
		{"list.zip", params{"lists": l(l(1, 2), l(3)), "length": "equal"}, "", fails},
		{"list.zip", params{"lists": l(l(1)), "keys": l("a", "b")}, "", fails},
		{"list.transpose", params{"list": l()}, "list", l()},
		{"list.sum", params{"list": l()}, "result", 0},
		{"list.sum", params{"list": l("x")}, "", fails},
		{"list.average", params{"list": l(nil)}, "", fails},
		{"list.median", params{"list": l(1, 2)}, "result", 1.5},
		{"list.median", params{"list": l()}, "", fails},
		{"list.max", params{"list": l(1, "a", nil)}, "item", "a"},
		{"list.min", params{"list": l(math.MaxInt64, 1e300)}, "item", math.MaxInt64},
		{"list.join", params{"list": l(), "last": " and "}, "text", ""},
		{"list.join", params{"list": l(nil, l(1), 0.5), "separator": "|"}, "text", "|[1]|0.5"},
		{"list.from_text", params{"text": ""}, "list", l()},
		{"list.from_text", params{"text": " a ", "trim": false}, "list", l(" a ")},
		{"list.from_text", params{"text": "a\rb"}, "list", l("a", "b")},
		{"list.from_json", params{"text": ""}, "list", l()},
		{"list.from_json", params{"text": "[1]\n[2]"}, "list", l(l(1), l(2))},
		{"list.from_json", params{"text": "{\"a\":1}\n{"}, "", fails},
		{"list.from_json", params{"text": "\ufeff[1]"}, "list", l(1)},
		{"list.range", params{"from": 0, "to": 1, "step": "0.25"}, "list", l(0, 0.25, 0.5, 0.75, 1)},
		{"list.range", params{"from": 3, "to": 1}, "list", l(3, 2, 1)},
		{"list.range", params{"from": 1, "to": 3, "step": -1}, "list", l()},
		{"list.range", params{"from": 1, "to": 3, "step": 0}, "", fails},
		{"list.range", params{"from": 1, "to": 1e12}, "", fails},
		{"list.range", params{"from": "x", "to": 1}, "", fails},
	} {
		before := value.Clone(tt.in)
		out, err := nodetest.Run(t, nodetest.Env(t), tt.typ, tt.in)
		if tt.want == fails {
			var f *node.Failure
			if !errors.As(err, &f) {
				t.Errorf("%s %v: error %v, output %v", tt.typ, tt.in, err, out)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s %v: %v", tt.typ, tt.in, err)
		} else if !value.Equal(out[tt.out], tt.want) {
			t.Errorf("%s %v: got %v, want %v", tt.typ, tt.in, out[tt.out], tt.want)
		}
		if !value.Equal(before, tt.in) {
			t.Errorf("%s changed its input", tt.typ)
		}
	}
}

func TestRangeOfTenths(t *testing.T) {
	out, err := nodetest.Run(t, nodetest.Env(t), "list.range", params{"from": 0, "to": 1, "step": 0.1})
	if err != nil || len(out["list"].([]any)) != 11 || out["list"].([]any)[3] != 0.3 {
		t.Errorf("got %v %v", out, err)
	}
}

// A list that travels by reference goes through the streaming nodes and comes
// out as a reference.
func TestLargeLists(t *testing.T) {
	env := nodetest.Env(t)
	out, err := nodetest.RunRaw(t, env, "list.range", params{"from": 1, "to": 50000})
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := out["list"].(*value.Ref); !ok {
		t.Fatalf("got a %s", value.Kind(out["list"]))
	}
	for _, tt := range []struct {
		typ, out string
		in       params
		want     any
	}{
		{"list.length", "length", params{}, 50000},
		{"list.sum", "result", params{}, 1250025000},
		{"list.take", "list", params{"count": 2, "from": "end"}, []any{49999, 50000}},
		{"list.drop", "list", params{"count": 49999}, []any{50000}},
		{"list.max", "index", params{}, 49999},
		{"list.find", "index", params{"value": 40000}, 39999},
		{"list.contains", "contains", params{"value": 50001}, false},
		{"list.chunk", "count", params{"size": 999}, 51},
		{"list.unique", "duplicates", params{}, 0},
		{"list.filter", "count", params{"where": "{{ item % 1000 == 0 }}"}, 50},
	} {
		tt.in["list"] = out["list"]
		got, err := nodetest.Run(t, env, tt.typ, tt.in)
		if err != nil || !value.Equal(got[tt.out], tt.want) {
			t.Errorf("%s: got %v %v", tt.typ, got[tt.out], err)
		}
	}
}

func TestCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	big := make([]any, 5000)
	if _, err := sortList(ctx, nil, sortIn{List: big}); !errors.Is(err, context.Canceled) {
		t.Errorf("sort: %v", err)
	}
	if _, err := find(ctx, nil, findIn{List: value.RowsOf(big), Value: 1}); !errors.Is(err, context.Canceled) {
		t.Errorf("find: %v", err)
	}
}

func TestSortIsStableAndSorted(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		keys := rapid.SliceOf(rapid.OneOf(
			rapid.Map(rapid.IntRange(0, 3), func(i int) any { return i }),
			rapid.Map(rapid.StringMatching("[aA1]{0,2}"), func(s string) any { return s }),
			rapid.Just[any](nil))).Draw(t, "keys")
		items := make([]any, len(keys))
		for i, k := range keys {
			items[i] = map[string]any{"k": k, "i": i}
		}
		out, err := sortList(context.Background(), nil, sortIn{List: items, selector: selector{Field: "k"}, Nulls: "last"})
		if err != nil || len(out.List) != len(items) {
			t.Fatal(err)
		}
		for i := 1; i < len(out.List); i++ {
			a, b := out.List[i-1].(map[string]any), out.List[i].(map[string]any)
			c := table.Compare(a["k"], b["k"])
			if a["k"] == nil {
				c = -c
				if b["k"] != nil {
					t.Fatal("nil is not last")
				}
			}
			if b["k"] != nil && c > 0 || c == 0 && a["i"].(int) > b["i"].(int) {
				t.Fatalf("%v before %v", a, b)
			}
		}
	})
}

// Applying what compare found to the first list gives the second.
func TestCompareExplainsTheDifference(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		gen := rapid.SliceOf(rapid.Map(rapid.IntRange(0, 5), func(i int) any { return i }))
		a, b := gen.Draw(t, "a"), gen.Draw(t, "b")
		out, err := compare(context.Background(), nil, compareIn{A: a, B: b})
		if err != nil {
			t.Fatal(err)
		}
		count := map[any]int{}
		for _, v := range a {
			count[v]++
		}
		for _, v := range out.Removed {
			count[v]--
		}
		for _, v := range out.Added {
			count[v]++
		}
		for _, v := range b {
			count[v]--
		}
		for v, n := range count {
			if n != 0 {
				t.Fatalf("%v is off by %d", v, n)
			}
		}
		if len(out.Same)+len(out.Removed) != len(a) {
			t.Fatalf("%d same and %d removed of %d", len(out.Same), len(out.Removed), len(a))
		}
	})
}
