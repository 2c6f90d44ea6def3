package maps_test

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/node/nodetest"
	_ "github.com/aether-rpa/aether/nodes/map"
	"github.com/aether-rpa/aether/value"
)

func TestExamples(t *testing.T) { nodetest.Examples(t, "map") }

type m = map[string]any

// failure is what a row wants that must give an error.
type failure struct{}

func TestTable(t *testing.T) {
	fails := failure{}
	l := func(v ...any) []any { return append([]any{}, v...) }
	for _, tt := range []struct {
		typ  string
		in   m
		out  string
		want any
	}{
		{"map.get", m{"map": m{"a": nil}, "path": "a", "default": 1}, "value", nil},
		{"map.get", m{"map": m{}, "path": "a", "required": true}, "", fails},
		{"map.get", m{"map": m{"a.b": 1}, "path": `["a.b"]`}, "value", 1},
		{"map.get", m{"map": m{"a": "text"}, "path": "a.b"}, "found", false},
		{"map.get", m{"map": m{}, "path": ""}, "", fails},
		{"map.get", m{"map": m{}, "path": "a["}, "", fails},
		{"map.get", m{"map": l(), "path": "a"}, "", fails},
		{"map.has", m{"map": m{"a": nil}, "path": "a"}, "has", true},
		{"map.has", m{"map": m{}, "path": ""}, "", fails},
		{"map.set", m{"path": "a", "value": 1}, "map", m{"a": 1}},
		{"map.set", m{"map": m{"a": 1}, "path": "a.b", "value": 1}, "", fails},
		{"map.set", m{"path": "[0]", "value": 1}, "", fails},
		{"map.set", m{"map": m{"a": l(1)}, "values": m{"a[1]": 2, "a[0]": 0}}, "map", m{"a": l(0, 2)}},
		{"map.remove", m{"map": m{"a": l(1, 2)}, "paths": l("a[0]", "b")}, "map", m{"a": l(2)}},
		{"map.rename", m{"map": m{"a": 1, "b": 2}, "names": m{"a": "b", "b": "a"}}, "map", m{"a": 2, "b": 1}},
		{"map.rename", m{"map": m{"a": 1, "b": 2}, "names": m{"a": "b"}}, "", fails},
		{"map.rename", m{"map": m{"a": 1, "b": 2}, "names": m{"a": "b"}, "overwrite": true}, "map", m{"b": 1}},
		{"map.rename", m{"map": m{"a": 1, "b": 2}, "names": m{"a": "c", "b": "c"}}, "", fails},
		{"map.keys", m{"map": m{}}, "keys", l()},
		{"map.from_entries", m{"entries": l(l("a", 1), l("a", 2))}, "map", m{"a": 2}},
		{"map.from_entries", m{"entries": l(l("a", 1), l("a", 2)), "duplicates": "first"}, "map", m{"a": 1}},
		{"map.from_entries", m{"entries": l(l("a", 1), l("a", 2), l("b", 3)), "duplicates": "list"}, "map", m{"a": l(1, 2), "b": l(3)}},
		{"map.from_entries", m{"entries": l(l("a", 1), l("a", 2)), "duplicates": "fail"}, "", fails},
		{"map.from_entries", m{"entries": l(l("a"))}, "", fails},
		{"map.from_entries", m{"entries": l(1)}, "", fails},
		{"map.from_entries", m{"entries": l(m{"value": 1})}, "", fails},
		{"map.from_entries", m{"entries": l(l(1.5, true))}, "map", m{"1.5": true}},
		{"map.from_lists", m{"keys": l("a"), "values": l()}, "", fails},
		{"map.from_lists", m{"keys": l("a", "b"), "values": l(1), "length": "fill"}, "map", m{"a": 1, "b": nil}},
		{"map.from_lists", m{"keys": l("a", "b"), "values": l(1), "length": "shortest"}, "map", m{"a": 1}},
		{"map.from_lists", m{"keys": l("a"), "values": l(1, 2), "length": "fill"}, "", fails},
		{"map.from_lists", m{"keys": l(nil), "values": l(1)}, "", fails},
		{"map.merge", m{"maps": l()}, "map", m{}},
		{"map.merge", m{"maps": l(m{"a": m{"x": 1}}, m{"a": m{"y": 1}})}, "map", m{"a": m{"y": 1}}},
		{"map.merge", m{"maps": l(m{"a": 1}, m{"a": 2}), "conflict": "first"}, "map", m{"a": 1}},
		{"map.merge", m{"maps": l(m{"a": 1}, m{"a": 1.0}), "conflict": "fail"}, "map", m{"a": 1}},
		{"map.merge", m{"maps": l(m{"a": m{"b": 1}}, m{"a": m{"b": 2}}), "conflict": "fail", "deep": true}, "", fails},
		{"map.merge", m{"maps": l(m{"a": 1}, m{"a": nil}), "skip_nil": true}, "map", m{"a": 1}},
		{"map.merge", m{"maps": l(m{"a": l(1, 2)}, m{"a": l(2, 3)}), "lists": "union"}, "map", m{"a": l(1, 2, 3)}},
		{"map.pick", m{"map": m{"a": 1}, "keys": l("a", "b"), "fill": true}, "map", m{"a": 1, "b": nil}},
		{"map.omit", m{"map": m{"a": 1}}, "map", m{"a": 1}},
		{"map.invert", m{"map": m{"a": l()}}, "", fails},
		{"map.invert", m{"map": m{"a": 1, "b": 1}, "duplicates": "list"}, "map", m{"1": l("a", "b")}},
		{"map.map_values", m{"map": m{"a": 1, "b": 2}, "key": `{{ "same" }}`}, "", fails},
		{"map.map_values", m{"map": m{"a": 1}, "key": `{{ nil }}`}, "", fails},
		{"map.map_values", m{"map": m{"a": 1}, "to": `{{ value.x }}`}, "", fails},
		{"map.filter", m{"map": m{"ab": 1, "b": 2}, "where": `{{ len(key) == 1 }}`}, "map", m{"b": 2}},
		{"map.filter", m{"map": m{"a": 1}, "where": `{{ value }}`}, "", fails},
		{"map.flatten", m{"map": m{"a": m{}, "b": l(), "c.d": nil}}, "map", m{"a": m{}, "b": l(), `["c.d"]`: nil}},
		{"map.flatten", m{"map": m{"a": l(1)}, "lists": false}, "map", m{"a": l(1)}},
		{"map.flatten", m{"map": m{"a": 1}, "separator": "["}, "", fails},
		{"map.unflatten", m{"map": m{"a": 1, "a.b": 2}}, "", fails},
		{"map.unflatten", m{"map": m{"a[1]": 1}}, "", fails},
		{"map.unflatten", m{"map": m{"": 1}}, "", fails},
		{"map.unflatten", m{"map": m{"a[0]": 1, "a.b": 2}}, "", fails},
		{"map.diff", m{"a": m{"x": l(1)}, "b": m{"x": l(1)}}, "equal", true},
		{"map.diff", m{"a": m{"x": l(1)}, "b": m{"x": l(1, 2)}, "lists": true}, "added", m{"x[1]": 2}},
		{"map.diff", m{"a": m{"x": 1, "t": m{"at": 1}}, "b": m{"x": 1, "t": m{"at": 2}}, "ignore": l("t.at")}, "equal", true},
		{"map.diff", m{"a": m{"x": nil}, "b": m{}}, "removed", m{"x": nil}},
	} {
		before := value.Clone(tt.in)
		out, err := nodetest.Run(t, nodetest.Env(t), tt.typ, tt.in)
		if tt.want == fails {
			if err == nil {
				t.Errorf("%s %v: no error but %v", tt.typ, tt.in, out)
			} else if f := node.AsFailure(err); f.Message == "" {
				t.Errorf("%s %v: an empty message", tt.typ, tt.in)
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

// Entries and back, and merge with itself, give the same map.
func TestInverses(t *testing.T) {
	env := nodetest.Env(t)
	rapid.Check(t, func(rt *rapid.T) {
		in := m{}
		for k, v := range rapid.MapOf(rapid.String(), rapid.Int()).Draw(rt, "map") {
			in[k] = v
		}
		entries, err := nodetest.Run(t, env, "map.entries", m{"map": in})
		if err != nil {
			rt.Fatal(err)
		}
		back, err := nodetest.Run(t, env, "map.from_entries", m{"entries": entries["entries"]})
		if err != nil || !value.Equal(back["map"], in) {
			rt.Fatalf("got %v %v", back, err)
		}
		diff, err := nodetest.Run(t, env, "map.diff", m{"a": in, "b": back["map"]})
		if err != nil || diff["equal"] != true {
			rt.Fatalf("got %v %v", diff, err)
		}
	})
}
