package dotted_test

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/aether-rpa/aether/nodes/map/dotted"
	"github.com/aether-rpa/aether/value"
)

func tree() *rapid.Generator[any] {
	leaf := rapid.OneOf(rapid.Just[any](nil), rapid.Map(rapid.Int(), func(i int) any { return i }), rapid.Map(rapid.String(), func(s string) any { return s }))
	key := rapid.StringMatching(`[a-c.\[\]"'\\/é-]{0,4}`)
	var node func(depth int) *rapid.Generator[any]
	node = func(depth int) *rapid.Generator[any] {
		if depth == 0 {
			return leaf
		}
		return rapid.OneOf(leaf,
			rapid.Map(rapid.SliceOfN(node(depth-1), 0, 3), func(l []any) any { return l }),
			rapid.Map(rapid.MapOfN(key, node(depth-1), 0, 3), func(m map[string]any) any { return m }))
	}
	return rapid.Map(rapid.MapOfN(key, node(2), 0, 4), func(m map[string]any) any { return m })
}

func TestFlattenRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := tree().Draw(t, "v").(map[string]any)
		sep := rapid.SampledFrom([]string{".", "/", "--", "_"}).Draw(t, "sep")
		flat := dotted.Flatten(v, sep, true)
		back, err := dotted.Unflatten(flat, sep)
		if err != nil {
			t.Fatalf("%v from %v", err, flat)
		}
		if !value.Equal(v, back) {
			t.Fatalf("got %v, want %v, through %v", back, v, flat)
		}
	})
}

func TestSetThenGet(t *testing.T) {
	root := map[string]any{"a": map[string]any{"b": []any{1, 2}}, "n": 1}
	before := value.Clone(root)
	for _, tt := range []struct {
		path string
		err  bool
	}{
		{"a.b[0]", false}, {"a.b.1", false}, {"a.b[2]", false}, {"a.b[-1]", false}, {"x.y.z", false}, {`x["k.l"].m`, false},
		{"new[0].q", false}, {"", false}, {"a.b[9]", true}, {"n.x", true}, {"a.b.x", true}, {"new[3]", true},
	} {
		steps, err := dotted.Parse(tt.path)
		if err != nil {
			t.Fatal(err)
		}
		out, err := dotted.Set(root, steps, "v")
		if (err != nil) != tt.err {
			t.Errorf("%s: error %v", tt.path, err)
		}
		if err != nil {
			continue
		}
		if got, ok := dotted.Get(out, steps); !ok || got != "v" {
			t.Errorf("%s: got %v %v", tt.path, got, ok)
		}
		if !value.Equal(root, before) {
			t.Fatalf("%s changed its argument", tt.path)
		}
	}
}

func TestParseErrors(t *testing.T) {
	for _, p := range []string{".", "a.", "a..b", "a[", "a[x]", `a["x`, `a["x"`, "a[0]b", ".a"} {
		if s, err := dotted.Parse(p); err == nil {
			t.Errorf("%s was read as %v", p, s)
		}
	}
}

func TestRemove(t *testing.T) {
	root := map[string]any{"a": []any{1, map[string]any{"b": 2, "c": 3}}, "d": 1}
	before := value.Clone(root)
	for path, want := range map[string]any{
		"a[0]":   map[string]any{"a": []any{map[string]any{"b": 2, "c": 3}}, "d": 1},
		"a[1].b": map[string]any{"a": []any{1, map[string]any{"c": 3}}, "d": 1},
		"d":      map[string]any{"a": []any{1, map[string]any{"b": 2, "c": 3}}},
		"q.w":    root,
	} {
		steps, _ := dotted.Parse(path)
		got, found := dotted.Remove(root, steps)
		if !value.Equal(got, want) || found != (path != "q.w") {
			t.Errorf("%s: got %v %v", path, got, found)
		}
	}
	if !value.Equal(root, before) {
		t.Error("the argument was changed")
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"a.b[0]", `["x"].y`, "a[", "[-1]"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		steps, err := dotted.Parse(s)
		if err != nil {
			return
		}
		again, err := dotted.Parse(dotted.Format(steps, "."))
		if err != nil || len(again) != len(steps) {
			t.Fatalf("%q: %v, then %v %v", s, steps, again, err)
		}
	})
}
