package table

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"runtime"
	"slices"
	"sync/atomic"
	"testing"

	"pgregory.net/rapid"

	"github.com/aether-rpa/aether/value"
)

// small returns a space that spills after a few rows, and its counter.
func small(t testing.TB, bytes int64) (*Space, *atomic.Int64) {
	dir := t.TempDir()
	n := new(atomic.Int64)
	ctx := WithMemory(t.Context(), bytes, n)
	t.Cleanup(func() {
		if left, _ := os.ReadDir(dir); len(left) > 0 {
			t.Errorf("%d temporary files were left behind", len(left))
		}
	})
	return Open(ctx, func() (string, error) { return dir, nil }, nil), n
}

func ample() *Space { return &Space{Memory: 1 << 40} }

var cell = rapid.Custom(func(t *rapid.T) any {
	switch rapid.IntRange(0, 6).Draw(t, "kind") {
	case 0:
		return nil
	case 1:
		return rapid.Bool().Draw(t, "bool")
	case 2:
		return float64(rapid.IntRange(-4, 4).Draw(t, "half")) + 0.5
	case 3, 4:
		return rapid.IntRange(-3, 3).Draw(t, "int")
	}
	return rapid.SampledFrom([]string{"", "a", "b", "ä", "10", "9"}).Draw(t, "text")
})

func rowsOf(t *rapid.T, label string) []any {
	n := rapid.IntRange(0, 40).Draw(t, label)
	out := make([]any, n)
	for i := range out {
		out[i] = map[string]any{"k": cell.Draw(t, "k"), "n": i}
	}
	return out
}

func k(row any) any { return row.(map[string]any)["k"] }

func mustCollect(t rapid.TB, rows Seq) []any {
	t.Helper()
	out, err := Collect(rows)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func sameRows(t rapid.TB, got, want []any) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("got %d rows, want %d\n%v\n%v", len(got), len(want), got, want)
	}
	for i := range got {
		if !value.Equal(got[i], want[i]) {
			t.Fatalf("row %d is %v, want %v", i, got[i], want[i])
		}
	}
}

func TestSortIsStableWhateverTheMemory(t *testing.T) {
	s, spilled := small(t, 1500)
	rapid.Check(t, func(rt *rapid.T) {
		rows := rowsOf(rt, "rows")
		want := slices.Clone(rows)
		cmp := func(a, b any) int { return Compare(k(a), k(b)) }
		slices.SortStableFunc(want, cmp)
		sameRows(rt, mustCollect(rt, s.Sort(t.Context(), Of(rows), cmp)), want)
		sameRows(rt, mustCollect(rt, ample().Sort(t.Context(), Of(rows), cmp)), want)
	})
	if spilled.Load() == 0 {
		t.Error("nothing was spilled")
	}
}

func TestSortMergesMoreFilesThanItOpensAtOnce(t *testing.T) {
	s, spilled := small(t, 100)
	var rows []any
	for i := range 500 {
		rows = append(rows, map[string]any{"k": (i * 7) % 10, "n": i})
	}
	cmp := func(a, b any) int { return Compare(k(a), k(b)) }
	want := slices.Clone(rows)
	slices.SortStableFunc(want, cmp)
	sameRows(t, mustCollect(t, s.Sort(t.Context(), Of(rows), cmp)), want)
	if n := spilled.Load(); n < 500 {
		t.Errorf("%d files were made, want one a row", n)
	}
}

func TestDedupeAgainstModel(t *testing.T) {
	s, _ := small(t, 4000)
	key := func(r any) (string, error) { return Key(k(r)), nil }
	rapid.Check(t, func(rt *rapid.T) {
		rows := rowsOf(rt, "rows")
		var first, rest, unique, lastOnes []any
		for i, r := range rows {
			before, after := false, false
			for j, o := range rows {
				if Compare(k(o), k(r)) == 0 {
					before = before || j < i
					after = after || j > i
				}
			}
			if before {
				rest = append(rest, r)
			} else {
				first = append(first, r)
			}
			if !after {
				lastOnes = append(lastOnes, r)
			}
			if !before && !after {
				unique = append(unique, r)
			}
		}
		for keep, want := range map[Keep][]any{KeepFirst: first, KeepLast: lastOnes, KeepUnique: unique, KeepRest: rest} {
			sameRows(rt, mustCollect(rt, s.Dedupe(t.Context(), Of(rows), key, keep)), want)
		}
	})
}

func pair(l, r any) (any, error) {
	out := []any{nil, nil}
	if l != Missing {
		out[0] = l
	}
	if r != Missing {
		out[1] = r
	}
	return out, nil
}

func TestJoinAgainstModel(t *testing.T) {
	spilling, spilled := small(t, 3000)
	key := func(r any) (string, bool, error) { return Key(k(r)), k(r) != nil, nil }
	rapid.Check(t, func(rt *rapid.T) {
		l, r := rowsOf(rt, "left"), rowsOf(rt, "right")
		j := Join{LeftKey: key, RightKey: key, Emit: pair}
		switch rapid.IntRange(0, 5).Draw(rt, "mode") {
		case 1:
			j.Left = true
		case 2:
			j.Right = true
		case 3:
			j.Left, j.Right = true, true
		case 4:
			j.Exists = true
		case 5:
			j.Unmatched = true
		}
		want := naiveJoin(l, r, j)
		sameRows(rt, mustCollect(rt, ample().Join(t.Context(), Of(l), Of(r), j)), want)
		sameRows(rt, mustCollect(rt, spilling.Join(t.Context(), Of(l), Of(r), j)), want)
	})
	if spilled.Load() == 0 {
		t.Error("nothing was spilled")
	}
}

func naiveJoin(l, r []any, j Join) []any {
	var out []any
	used := make([]bool, len(r))
	for _, a := range l {
		hit := false
		for i, b := range r {
			if k(a) == nil || Compare(k(a), k(b)) != 0 {
				continue
			}
			hit, used[i] = true, true
			if !j.Exists && !j.Unmatched {
				out = append(out, []any{a, b})
			}
		}
		if j.Exists && hit || j.Unmatched && !hit || j.Left && !hit {
			out = append(out, []any{a, nil})
		}
	}
	for i, b := range r {
		if j.Right && !used[i] {
			out = append(out, []any{nil, b})
		}
	}
	return out
}

func TestErrorsAndEarlyStopsLeaveNoFiles(t *testing.T) {
	s, _ := small(t, 3000)
	broken := errors.New("broken")
	rows := func(yield func(any, error) bool) {
		for i := range 100 {
			if !yield(map[string]any{"k": i % 50}, nil) {
				return
			}
		}
		yield(nil, broken)
	}
	key := func(r any) (string, bool, error) { return Key(k(r)), true, nil }
	for name, seq := range map[string]Seq{
		"sort": s.Sort(t.Context(), rows, func(a, b any) int { return Compare(k(a), k(b)) }),
		"join": s.Join(t.Context(), rows, rows, Join{LeftKey: key, RightKey: key, Emit: pair}),
		"dedupe": s.Dedupe(t.Context(), rows, func(r any) (string, error) {
			return Key(k(r)), nil
		}, KeepRest),
	} {
		if _, err := Collect(seq); !errors.Is(err, broken) {
			t.Errorf("%s: error %v, want broken", name, err)
		}
	}
	var list []any
	for i := range 100 {
		list = append(list, map[string]any{"k": i % 50})
	}
	for range s.Join(t.Context(), Of(list), Of(list), Join{LeftKey: key, RightKey: key, Emit: pair}) {
		break
	}
	for range s.Dedupe(t.Context(), Of(list), func(r any) (string, error) { return Key(r), nil }, KeepFirst) {
		break
	}
}

func TestCancelledContextStops(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := Collect(ample().Sort(ctx, Of([]any{1}), Compare))
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want cancelled", err)
	}
}

// TestHeapStaysBounded sorts, dedupes and joins 300000 rows in 4 MiB.
func TestHeapStaysBounded(t *testing.T) {
	const count = 300_000
	s, spilled := small(t, 4<<20)
	rows := func(yield func(any, error) bool) {
		rnd := rand.New(rand.NewPCG(1, 2))
		for i := range count {
			if !yield(map[string]any{"k": rnd.IntN(count), "n": i, "text": "cell"}, nil) {
				return
			}
		}
	}
	key := func(r any) (string, bool, error) { return Key(k(r)), true, nil }
	ops := map[string]func() Seq{
		"sort": func() Seq { return s.Sort(t.Context(), rows, func(a, b any) int { return Compare(k(a), k(b)) }) },
		"dedupe": func() Seq {
			return s.Dedupe(t.Context(), rows, func(r any) (string, error) { return Key(k(r)), nil }, KeepFirst)
		},
		"join": func() Seq {
			return s.Join(t.Context(), rows, rows, Join{LeftKey: key, RightKey: key, Exists: true, Emit: func(l, _ any) (any, error) { return l, nil }})
		},
	}
	for name, op := range ops {
		spilled.Store(0)
		var peak uint64
		n := 0
		for _, err := range op() {
			if err != nil {
				t.Fatal(err)
			}
			if n++; n%60_000 == 0 {
				var m runtime.MemStats
				runtime.GC()
				runtime.ReadMemStats(&m)
				peak = max(peak, m.HeapAlloc)
			}
		}
		t.Logf("%s: %d rows, peak heap %d MiB, %d files", name, n, peak>>20, spilled.Load())
		if peak > 32<<20 {
			t.Errorf("%s held %d MiB", name, peak>>20)
		}
		if spilled.Load() == 0 {
			t.Errorf("%s did not spill", name)
		}
	}
}

func TestKeyAgreesWithCompare(t *testing.T) {
	nested := rapid.OneOf(cell, rapid.Custom(func(t *rapid.T) any {
		return []any{cell.Draw(t, "a"), map[string]any{"x": cell.Draw(t, "b")}}
	}), rapid.SampledFrom([]any{1 << 53, float64(1 << 53), 1<<53 + 1, 1e300}))
	rapid.Check(t, func(t *rapid.T) {
		a, b := nested.Draw(t, "a"), nested.Draw(t, "b")
		if (Key(a) == Key(b)) != (Compare(a, b) == 0) {
			t.Fatalf("Key and Compare disagree on %v and %v", a, b)
		}
		if Compare(a, b) != -Compare(b, a) {
			t.Fatalf("Compare is not antisymmetric for %v and %v", a, b)
		}
	})
}

func TestCodecRoundTrip(t *testing.T) {
	s, _ := small(t, 1)
	ref := value.NewRef("abc", value.KindLines, 10, 2, nil)
	rows := []any{nil, true, false, 0, -1, 1 << 62, 1.5, "", "äöü", []any{}, map[string]any{}, map[string]any{"a": []any{1, nil}, "": "x"}}
	b := s.Buffer()
	defer b.Close()
	for _, r := range append(slices.Clone(rows), ref) {
		if err := b.Add(r); err != nil {
			t.Fatal(err)
		}
	}
	got := mustCollect(t, b.All(t.Context()))
	sameRows(t, got[:len(rows)], rows)
	if r, ok := got[len(rows)].(*value.Ref); !ok || r.Digest != "abc" || r.Count != 2 {
		t.Errorf("reference came back as %v", got[len(rows)])
	}
}

func TestNatural(t *testing.T) {
	in := []string{"file10", "file9", "file09", "File1", "file", "a1b10", "a1b9", "", "٣"}
	slices.SortFunc(in, Natural)
	want := fmt.Sprint([]string{"", "File1", "a1b9", "a1b10", "file", "file09", "file9", "file10", "٣"})
	if got := fmt.Sprint(in); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestCompareKinds(t *testing.T) {
	want := []any{nil, false, true, -1e300, -5, -4.5, 0, 1, 1.5, math.MaxInt64 - 1, math.MaxInt64, 1e300, "", "a", "b", []any{}, []any{1}, []any{1, 2}, []any{2}, map[string]any{}, map[string]any{"a": 1}}
	for i, a := range want {
		for j, b := range want {
			if got := Compare(a, b); cmp.Compare(got, 0) != cmp.Compare(i, j) {
				t.Errorf("Compare(%v, %v) = %d", a, b, got)
			}
		}
	}
}
