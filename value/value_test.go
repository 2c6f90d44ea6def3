package value_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/aether-rpa/aether/artifact/disk"
	"github.com/aether-rpa/aether/value"
)

// trees draws values as nodes may give them, not canonical yet.
func trees() *rapid.Generator[any] {
	leaf := rapid.OneOf(
		rapid.Just[any](nil), rapid.Bool().AsAny(), rapid.Int().AsAny(), rapid.Int32().AsAny(),
		rapid.Float64Range(-1e300, 1e300).AsAny(), rapid.SampledFrom([]float64{0, math.Copysign(0, -1), 1, 1e15, 1 << 53, 1<<53 + 2, 1e21, 1e300, 0.1, -2.5}).AsAny(),
		rapid.String().AsAny(), rapid.SampledFrom([]string{"$ref", "", "<a>&", "\u2028", "\x00", "ä\\\""}).AsAny(),
	)
	key := rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{"$ref", "$$ref", "kind", "a"}))
	return rapid.Custom(func(t *rapid.T) any {
		switch rapid.IntRange(0, 4).Draw(t, "shape") {
		case 0:
			return rapid.SliceOfN(leaf, 0, 4).Draw(t, "list")
		case 1:
			return rapid.MapOfN(key, leaf, 0, 4).Draw(t, "map")
		case 2:
			return map[string]any{"deep": []any{rapid.MapOfN(key, leaf, 0, 3).Draw(t, "inner")}}
		}
		return leaf.Draw(t, "leaf")
	})
}

// TestRoundTrip: what was recorded is read back as it was, types included.
func TestRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v, err := value.Normalize(trees().Draw(t, "value"))
		if err != nil {
			t.Fatal(err)
		}
		b, err := value.Encode(nil, v)
		if err != nil {
			t.Fatal(err)
		}
		if !json.Valid(b) {
			t.Fatalf("not JSON: %s", b)
		}
		back, err := value.Decode(b, nil)
		if err != nil {
			t.Fatalf("%v: %s", err, b)
		}
		if got, want := fmt.Sprintf("%#v", back), fmt.Sprintf("%#v", v); got != want && !strings.Contains(want, "\\x") && !strings.ContainsRune(want, '\uFFFD') {
			t.Fatalf("got %s, want %s (%s)", got, want, b)
		}
		again, err := value.Encode(nil, back)
		if err != nil || string(again) != string(b) {
			t.Fatalf("encoding is not stable: %s, then %s", b, again)
		}
	})
}

func TestNormalizeLeavesItsArgumentAlone(t *testing.T) {
	in := map[string]any{"a": []any{1.0, "x"}, "b": float32(2)}
	out, err := value.Normalize(in)
	if err != nil {
		t.Fatal(err)
	}
	if in["a"].([]any)[0] != 1.0 || in["b"] != float32(2) {
		t.Errorf("the argument was changed: %v", in)
	}
	if m := out.(map[string]any); m["a"].([]any)[0] != 1 || m["b"] != 2 {
		t.Errorf("out = %v", out)
	}
}

func TestNormalizeRefuses(t *testing.T) {
	deep := any("x")
	for range 1100 {
		deep = []any{deep}
	}
	for name, v := range map[string]any{"NaN": math.NaN(), "infinity": math.Inf(1), "a function": func() {}, "deep": deep} {
		if _, err := value.Normalize(v); err == nil {
			t.Errorf("%s was taken", name)
		}
	}
}

// TestForgedRef: a user's data that looks like a reference is data.
func TestForgedRef(t *testing.T) {
	in := map[string]any{"$ref": strings.Repeat("a", 64), "kind": "text", "$$ref": 1}
	b, err := value.Encode(nil, in)
	if err != nil {
		t.Fatal(err)
	}
	out, err := value.Decode(b, nil)
	if err != nil || !value.Equal(out, any(in)) {
		t.Fatalf("out = %#v, err = %v", out, err)
	}
}

func TestSpill(t *testing.T) {
	store := disk.Open(t.TempDir())
	ctx := t.Context()
	big := make([]any, 20000)
	for i := range big {
		big[i] = map[string]any{"i": i, "s": "row"}
	}
	for name, v := range map[string]any{"list": big, "text": strings.Repeat("ä", 40000), "map": map[string]any{"rows": big}} {
		r, err := value.Spill(ctx, v, store)
		if err != nil {
			t.Fatal(err)
		}
		if _, ok := r.(*value.Ref); !ok {
			t.Fatalf("%s stayed in memory", name)
		}
		b, err := value.Encode(nil, map[string]any{"x": r})
		if err != nil || len(b) > 300 {
			t.Fatalf("%s: record of %d bytes, err = %v", name, len(b), err)
		}
		back, err := value.Decode(b, store)
		if err != nil {
			t.Fatal(err)
		}
		loaded, err := value.LoadAll(ctx, back)
		if err != nil || !value.Equal(loaded.(map[string]any)["x"], v) {
			t.Errorf("%s came back different (err = %v)", name, err)
		}
	}
	if v, err := value.Spill(ctx, []any{1}, store); err != nil || !value.Equal(v, []any{1}) {
		t.Errorf("small values must stay: %v %v", v, err)
	}
}

func TestBuildRowsKeepsErrors(t *testing.T) {
	store := disk.Open(t.TempDir())
	_, err := value.BuildRows(t.Context(), store, func(yield func(any) bool) error {
		yield(math.NaN())
		return nil
	})
	if err == nil {
		t.Error("a value that cannot be stored went unnoticed")
	}
	_, err = value.BuildRows(t.Context(), failing{store}, func(yield func(any) bool) error {
		for i := 0; i < 500 && yield(strings.Repeat("x", 1000)); i++ {
		}
		return nil
	})
	if err == nil {
		t.Error("a failing store went unnoticed")
	}
}

type failing struct{ *disk.Store }

func (failing) Put(_ context.Context, write func(io.Writer) error) (string, int64, error) {
	if err := write(io.Discard); err != nil {
		return "", 0, err
	}
	return "", 0, fmt.Errorf("disk full")
}
