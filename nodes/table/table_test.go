package table

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/node/nodetest"
	"github.com/aether-rpa/aether/table"
	"github.com/aether-rpa/aether/value"
)

type params = map[string]any

// narrow is a test whose nodes have little memory.
type narrow struct {
	testing.TB
	ctx context.Context
}

func (n narrow) Context() context.Context { return n.ctx }

func narrowed(t testing.TB, bytes int64) (testing.TB, *atomic.Int64) {
	n := new(atomic.Int64)
	return narrow{t, table.WithMemory(t.Context(), bytes, n)}, n
}

func run(t testing.TB, env *node.Env, typ string, in params) params {
	t.Helper()
	out, err := nodetest.Run(t, env, typ, in)
	if err != nil {
		t.Fatalf("%s: %v", typ, err)
	}
	return out
}

func js(v any) string {
	n, err := value.Normalize(v)
	if err != nil {
		return err.Error()
	}
	b, err := value.JSON(n)
	if err != nil {
		return err.Error()
	}
	return string(b)
}

func TestEdges(t *testing.T) {
	rows := []any{row{"a": 1, "b": "x"}, row{"a": nil, "b": "y"}, row{"b": "x"}}
	tests := []struct {
		name, typ string
		in        params
		out, want string
	}{
		{"empty sort", "table.sort", params{"rows": []any{}, "by": []any{params{"column": "a"}}}, "rows", `[]`},
		{"nulls last when descending", "table.sort", params{"rows": rows, "by": []any{params{"column": "a", "descending": true}}}, "rows", `[{"a":1,"b":"x"},{"a":null,"b":"y"},{"b":"x"}]`},
		{"swedish", "table.sort", params{"rows": []any{row{"n": "ö"}, row{"n": "z"}, row{"n": "a"}}, "by": []any{params{"column": "n", "language": "sv"}}}, "rows", `[{"n":"a"},{"n":"z"},{"n":"ö"}]`},
		{"german", "table.sort", params{"rows": []any{row{"n": "z"}, row{"n": "Ö"}, row{"n": "o"}}, "by": []any{params{"column": "n", "language": "de"}}}, "rows", `[{"n":"o"},{"n":"Ö"},{"n":"z"}]`},
		{"group of nothing", "table.group", params{"rows": []any{}, "by": []any{"a"}}, "rows", `[]`},
		{"all of nothing", "table.group", params{"rows": []any{}, "aggregates": []any{params{"function": "sum", "column": "a"}, params{"function": "avg", "column": "a"}, params{"function": "list", "column": "a"}}}, "rows", `[{"avg_a":null,"list_a":[],"sum_a":0}]`},
		{"nil and missing are one group", "table.group", params{"rows": rows, "by": []any{"a"}, "aggregates": []any{params{"function": "count"}, params{"function": "count", "column": "a"}}}, "rows", `[{"a":1,"count":1,"count_a":1},{"a":null,"count":2,"count_a":0}]`},
		{"median", "table.group", params{"rows": []any{row{"n": 3}, row{"n": 0.1}, row{"n": 0.2}, row{"n": nil}, row{"n": 9}}, "aggregates": []any{params{"function": "median", "column": "n"}}}, "rows", `[{"median_n":1.6}]`},
		{"join keeps suffixes", "table.join", params{"left": []any{row{"k": 1, "v": 1}}, "right": []any{row{"k": 1, "v": 2}}, "on": []any{"k"}}, "rows", `[{"k":1,"v":1,"v_right":2}]`},
		{"full join takes the key of either side", "table.join", params{"how": "full", "left": []any{row{"k": 1, "l": 1}}, "right": []any{row{"k": 2, "r": 2}}, "on": []any{"k"}}, "rows", `[{"k":1,"l":1,"r":null},{"k":2,"l":null,"r":2}]`},
		{"cross", "table.join", params{"how": "cross", "left": []any{row{"a": 1}, row{"a": 2}}, "right": []any{row{"b": 1}, row{"b": 2}}}, "count", `4`},
		{"nil keys", "table.join", params{"left": []any{row{"k": nil}}, "right": []any{row{"k": nil}}, "on": []any{"k"}}, "count", `0`},
		{"nil keys matched", "table.join", params{"left": []any{row{"k": nil}}, "right": []any{row{"k": nil}}, "on": []any{"k"}, "match_nulls": true}, "count", `1`},
		{"numbers are not texts", "table.join", params{"left": []any{row{"k": 1}}, "right": []any{row{"k": "1"}}, "on": []any{"k"}}, "count", `0`},
		{"swap names", "table.rename_columns", params{"rows": []any{row{"a": 1, "b": 2}}, "names": params{"a": "b", "b": "a"}}, "rows", `[{"a":2,"b":1}]`},
		{"fill up", "table.fill_nulls", params{"rows": []any{row{"a": nil}, row{"a": 1}, row{"a": nil}}, "method": "up", "value": 9}, "rows", `[{"a":1},{"a":1},{"a":9}]`},
		{"tail of a short table", "table.tail", params{"rows": rows, "size": 9}, "count", `3`},
		{"slice outside", "table.slice", params{"rows": rows, "start": -5, "count": 3}, "count", `1`},
		{"slice none", "table.slice", params{"rows": rows, "start": 1, "count": 0}, "count", `0`},
		{"update sees old cells", "table.update_rows", params{"rows": []any{row{"a": 1, "b": 2}}, "set": params{"a": "{{ row.b }}", "b": "{{ row.a }}"}}, "rows", `[{"a":2,"b":1}]`},
		{"dedupe ignoring case", "table.dedupe", params{"rows": []any{row{"m": "A@b.c "}, row{"m": "a@B.c"}}, "ignore_case": true}, "count", `1`},
		{"dedupe none", "table.dedupe", params{"rows": []any{row{"a": 1}, row{"a": 1}, row{"a": 2}}, "keep": "none"}, "rows", `[{"a":2}]`},
		{"pivot to one row", "table.pivot", params{"rows": []any{row{"k": nil}, row{"k": "x"}, row{"k": "x"}}, "columns": "k", "function": "count"}, "rows", `[{"(empty)":1,"x":2}]`},
		{"batches", "table.batch", params{"rows": []any{}, "size": 3}, "count", `0`},
		{"unicode columns", "table.get_column", params{"rows": []any{row{"größe": "µ"}}, "column": "größe"}, "values", `["µ"]`},
		{"explode nothing", "table.explode", params{"rows": []any{row{"a": []any{}}}, "column": "a"}, "rows", `[{"a":null}]`},
		{"validate where sees value", "table.validate", params{"rows": []any{row{"a": 1}}, "rules": []any{params{"column": "a", "where": "{{ value > 1 }}", "message": "too small"}}}, "invalid", `[{"errors":[{"column":"a","message":"too small","rule":"where"}],"index":0,"row":{"a":1}}]`},
		{"cast keeps", "table.cast", params{"rows": []any{row{"a": "x"}}, "types": params{"a": "int"}, "on_error": "keep"}, "rows", `[{"a":"x"}]`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := js(run(t, nodetest.Env(t), tt.typ, tt.in)[tt.out]); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

func TestRefusals(t *testing.T) {
	one := []any{row{"a": 1, "t": "x"}}
	tests := []struct {
		typ string
		in  params
	}{
		{"table.sort", params{"rows": one, "by": []any{}}},
		{"table.sort", params{"rows": one, "by": []any{params{"column": "zz"}}}},
		{"table.sort", params{"rows": one, "by": []any{params{"column": "t", "language": "!!"}}}},
		{"table.sort", params{"rows": []any{1}, "by": []any{params{"column": "t"}}}},
		{"table.filter", params{"rows": []any{"x"}, "where": "{{ true }}"}},
		{"table.filter", params{"rows": one, "where": "{{ row.a }}"}},
		{"table.group", params{"rows": one, "aggregates": []any{params{"function": "sum", "column": "t"}}}},
		{"table.group", params{"rows": one, "aggregates": []any{params{"function": "sum"}}}},
		{"table.group", params{"rows": one, "by": []any{"a"}, "aggregates": []any{params{"function": "count", "as": "a"}}}},
		{"table.join", params{"left": one, "right": one}},
		{"table.join", params{"left": one, "right": one, "on": []any{"a"}, "left_on": []any{"a"}}},
		{"table.join", params{"left": one, "right": one, "on": []any{"a"}, "right_suffix": ""}},
		{"table.join", params{"left": one, "right": one, "on": []any{"a"}, "how": "cross"}},
		{"table.diff", params{"before": []any{row{"a": 1}, row{"a": 1}}, "after": one, "keys": []any{"a"}}},
		{"table.diff", params{"before": one, "after": one, "keys": []any{}}},
		{"table.rename_columns", params{"rows": one, "names": params{"a": "t"}}},
		{"table.select_columns", params{"rows": one, "columns": []any{"nope"}}},
		{"table.select_columns", params{"rows": one, "columns": []any{"a", "a"}}},
		{"table.pivot", params{"rows": one, "index": []any{"a"}, "columns": "t"}},
		{"table.pivot", params{"rows": []any{row{"a": 1, "t": "a"}}, "index": []any{"a"}, "columns": "t", "function": "count"}},
		{"table.cast", params{"rows": []any{row{"a": "x"}}, "types": params{"a": "int"}}},
		{"table.cast", params{"rows": one, "types": params{"a": "colour"}}},
		{"table.split_column", params{"rows": one, "column": "t", "into": []any{}}},
		{"table.split_column", params{"rows": one, "column": "t", "into": []any{"x"}, "pattern": "("}},
		{"table.to_map", params{"rows": []any{row{"k": 1}, row{"k": 1}}, "key": "k"}},
		{"table.create", params{"data": []any{[]any{1}}}},
		{"table.create", params{"data": []any{[]any{1, 2}}, "columns": []any{"a"}}},
		{"table.validate", params{"rows": one, "rules": []any{params{"required": true}}}},
		{"table.explode", params{"rows": []any{row{"a": row{}}}, "column": "a"}},
	}
	for _, tt := range tests {
		_, err := nodetest.Run(t, nodetest.Env(t), tt.typ, tt.in)
		var f *node.Failure
		if !errors.As(err, &f) || f.Kind != node.KindInput {
			t.Errorf("%s %s: error %v, want an input failure", tt.typ, js(tt.in), err)
		}
	}
}

// TestSpillingChangesNothing runs nodes with ample and with little memory.
func TestSpillingChangesNothing(t *testing.T) {
	tight, spilled := narrowed(t, 2000)
	env := nodetest.Env(t)
	dir := t.TempDir()
	env.TempDir = func() (string, error) { return dir, nil }
	rapid.Check(t, func(rt *rapid.T) {
		table := func(label string) []any {
			out := []any{}
			for i := range rapid.IntRange(0, 30).Draw(rt, label) {
				out = append(out, row{"k": rapid.SampledFrom([]any{nil, 1, 2, 3, "1", "b", 1.5}).Draw(rt, "k"), "n": rapid.IntRange(-5, 5).Draw(rt, "n"), "i": i})
			}
			return out
		}
		a, b := table("a"), table("b")
		by := []any{"k"}
		for _, c := range []struct {
			typ string
			in  params
		}{
			{"table.sort", params{"rows": a, "by": []any{params{"column": "k"}, params{"column": "n", "descending": true}}}},
			{"table.group", params{"rows": a, "by": by, "aggregates": []any{params{"function": "sum", "column": "n"}, params{"function": "list", "column": "i"}, params{"function": "last", "column": "i"}}}},
			{"table.dedupe", params{"rows": a, "columns": by, "keep": rapid.SampledFrom([]string{"first", "last", "none", "duplicates"}).Draw(rt, "keep")}},
			{"table.join", params{"left": a, "right": b, "on": by, "how": rapid.SampledFrom([]string{"inner", "left", "right", "full", "semi", "anti"}).Draw(rt, "how")}},
			{"table.diff", params{"before": a, "after": b, "keys": []any{"i"}}},
			{"table.pivot", params{"rows": a, "index": []any{"n"}, "columns": "k", "values": "i", "function": "list"}},
			{"table.validate", params{"rows": a, "rules": []any{params{"column": "k", "unique": true}}}},
		} {
			want, werr := nodetest.Run(t, env, c.typ, c.in)
			got, gerr := nodetest.Run(tight, env, c.typ, c.in)
			if (werr == nil) != (gerr == nil) || !value.Equal(got, want) {
				rt.Fatalf("%s with little memory gave %s, %v\nwith ample %s, %v", c.typ, js(got), gerr, js(want), werr)
			}
		}
	})
	if spilled.Load() == 0 {
		t.Error("nothing was spilled")
	}
}

func TestGroupAgainstModel(t *testing.T) {
	env := nodetest.Env(t)
	rapid.Check(t, func(rt *rapid.T) {
		rows, want := []any{}, []any{}
		sums, at := map[int]int{}, map[int]int{}
		for range rapid.IntRange(0, 40).Draw(rt, "rows") {
			k, cents := rapid.IntRange(0, 4).Draw(rt, "k"), rapid.IntRange(-999, 999).Draw(rt, "cents")
			rows = append(rows, row{"k": k, "amount": float64(cents) / 100})
			if _, ok := at[k]; !ok {
				at[k] = len(want)
				want = append(want, nil)
			}
			sums[k] += cents
			want[at[k]] = row{"k": k, "sum": float64(sums[k]) / 100}
		}
		got := run(t, env, "table.group", params{"rows": rows, "by": []any{"k"}, "aggregates": []any{params{"function": "sum", "column": "amount", "as": "sum"}}})["rows"]
		if js(got) != js(want) {
			rt.Fatalf("got %s, want %s", js(got), js(want))
		}
	})
}

func TestPivotUndoesUnpivot(t *testing.T) {
	env := nodetest.Env(t)
	rapid.Check(t, func(rt *rapid.T) {
		rows := []any{}
		for i := range rapid.IntRange(0, 10).Draw(rt, "rows") {
			rows = append(rows, row{"id": i, "x": rapid.Int().Draw(rt, "x"), "y": rapid.String().Draw(rt, "y")})
		}
		long := run(t, env, "table.unpivot", params{"rows": rows, "keep": []any{"id"}})["rows"]
		wide := run(t, env, "table.pivot", params{"rows": long, "index": []any{"id"}, "columns": "column", "values": "value"})["rows"]
		if !value.Equal(wide, any(rows)) {
			rt.Fatalf("got %s, want %s", js(wide), js(rows))
		}
	})
}

// TestManyRows passes rows through the nodes in 1 MiB each; the test of the
// engine does it with 300000. The rows
// are small: reading them back from the store costs most of the time.
func TestManyRows(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	const count = 100_000
	tight, spilled := narrowed(t, 1<<20)
	env := nodetest.Env(t)
	big, err := env.Rows(t.Context(), func(yield func(any) bool) error {
		for i := range count {
			if !yield(row{"k": i * 7919 % count}) {
				break
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	by := []any{"k"}
	for _, c := range []struct {
		typ  string
		in   params
		want int
	}{
		{"table.sort", params{"rows": big.Value(), "by": []any{params{"column": "k"}}}, count},
		{"table.group", params{"rows": big.Value(), "by": by}, count},
		{"table.dedupe", params{"rows": big.Value(), "columns": by}, count},
		{"table.join", params{"left": big.Value(), "right": big.Value(), "on": by, "how": "semi"}, count},
	} {
		spilled.Store(0)
		stop, peak := watchHeap()
		out, err := nodetest.RunRaw(tight, env, c.typ, c.in)
		stop()
		if err != nil {
			t.Fatalf("%s: %v", c.typ, err)
		}
		if out["count"] != c.want || spilled.Load() == 0 {
			t.Errorf("%s: count %v, %d files", c.typ, out["count"], spilled.Load())
		}
		t.Logf("%s: peak %d MiB, %d files", c.typ, peak.Load()>>20, spilled.Load())
		if peak.Load() > 40<<20 {
			t.Errorf("%s: the heap grew to %d MiB", c.typ, peak.Load()>>20)
		}
	}
}

// watchHeap measures the largest heap until stop is called. It counts garbage
// too, so that bounds must be generous.
func watchHeap() (stop func(), peak *atomic.Uint64) {
	peak = new(atomic.Uint64)
	done := make(chan struct{})
	var wg sync.WaitGroup
	runtime.GC()
	wg.Go(func() {
		// Reading the statistics stops the world: not too often.
		tick := time.NewTicker(5 * time.Millisecond)
		defer tick.Stop()
		var m runtime.MemStats
		for {
			runtime.ReadMemStats(&m)
			peak.Store(max(peak.Load(), m.HeapAlloc))
			select {
			case <-done:
				return
			case <-tick.C:
			}
		}
	})
	return func() { close(done); wg.Wait() }, peak
}

func TestInputsAreNotChanged(t *testing.T) {
	rows := []any{row{"k": 2, "l": []any{1}}, row{"k": 1, "l": nil}}
	before := js(rows)
	env := nodetest.Env(t)
	for typ, in := range map[string]params{
		"table.add_column": {"name": "z", "value": "{{ row.l }}"}, "table.drop_columns": {"columns": []any{"k"}}, "table.fill_nulls": {"value": 5},
		"table.add_index": {}, "table.update_rows": {"set": params{"k": 9}}, "table.cast": {"types": params{"k": "text"}}, "table.merge_columns": {"columns": []any{"k"}, "into": "m"},
		"table.split_column": {"column": "k", "into": []any{"p"}}, "table.sort": {"by": []any{params{"column": "k"}}},
	} {
		in["rows"] = rows
		run(t, env, typ, in)
		if js(rows) != before {
			t.Fatalf("%s changed its input to %s", typ, js(rows))
		}
	}
}

func TestSharedRowsInParallel(t *testing.T) {
	rows := []any{}
	for i := range 200 {
		rows = append(rows, row{"k": i, "deep": row{"x": i}})
	}
	env := nodetest.Env(t)
	d := node.Default.Get("table.append_rows")
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			in := &appendIn{source: source{value.RowsOf(rows)}}
			if _, err := d.Run(t.Context(), env, in); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
}

func TestSampleIsFair(t *testing.T) {
	var rows []any
	for i := range 20 {
		rows = append(rows, row{"i": i})
	}
	env := nodetest.Env(t)
	hits := make([]int, 20)
	for seed := range 200 {
		out := run(t, env, "table.sample", params{"rows": rows, "size": 5, "seed": seed})["rows"].([]any)
		if again := run(t, env, "table.sample", params{"rows": rows, "size": 5, "seed": seed})["rows"]; !value.Equal(any(out), again) {
			t.Fatal("the same seed picked other rows")
		}
		last := -1
		for _, r := range out {
			i := r.(row)["i"].(int)
			if i <= last {
				t.Fatalf("rows out of order: %s", js(out))
			}
			last = i
			hits[i]++
		}
	}
	if low := slices.Min(hits); low < 25 {
		t.Errorf("a row was picked %d times of 50 expected: %s", low, fmt.Sprint(hits))
	}
}
