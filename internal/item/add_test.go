package item_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/aether-rpa/aether/internal/item"
	"github.com/aether-rpa/aether/node"
)

func lines(text string) item.Source {
	return func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(text)), nil }
}

func TestPartly(t *testing.T) {
	each(t, item.Queue{UniqueReference: true, Schema: []byte(`{"required":["name"]}`)}, func(b bench) {
		ctx := b.Context()
		bad := -1
		specs := []node.ItemSpec{
			{Reference: "a", Content: map[string]any{"name": 1}}, {Reference: "b"}, {Reference: "a", Content: map[string]any{"name": 2}},
			{Content: map[string]any{"name": 3}, Priority: &bad}, {Bad: errors.New("no item")}, {Reference: "c", Content: map[string]any{"name": "x\x00"}}, {Reference: "d", Content: map[string]any{"name": 4}},
		}
		none, err := b.s.Add(ctx, b.q, item.Adding{Token: "all"}, seq(specs...))
		if err != nil || none.Added != 0 || none.Failed != 5 {
			b.Fatalf("all or nothing: %+v, %v", none, err)
		}
		// What was refused is not remembered: corrected, the same token adds.
		got, err := b.s.Add(ctx, b.q, item.Adding{ItemAdd: node.ItemAdd{Rows: true}, Token: "t"}, seq(specs...))
		if err != nil || got.Added != 2 || got.Failed != 5 {
			b.Fatalf("row by row: %+v, %v", got, err)
		}
		var rows []string
		for _, e := range got.Errors {
			rows = append(rows, fmt.Sprint(e.Row, e.Duplicate))
		}
		if s := strings.Join(rows, " "); s != "2 false 3 true 4 false 5 false 6 false" {
			b.Errorf("errors: %s", s)
		}
		again, err := b.s.Add(ctx, b.q, item.Adding{ItemAdd: node.ItemAdd{Rows: true}, Token: "t"}, seq(specs...))
		if err != nil || again.Added != 2 || again.Failed != 5 {
			b.Errorf("again: %+v, %v", again, err)
		}
		if list, err := b.s.List(ctx, "", node.ItemFilter{Queue: "q"}); err != nil || len(list) != 2 {
			b.Errorf("there are %d items, %v", len(list), err)
		}
	})
}

// Adding row by row is cut short between two batches: the same token goes on
// where it was.
func TestPartlyGoesOn(t *testing.T) {
	each(t, item.Queue{}, func(b bench) {
		ctx := b.Context()
		const n = 1800
		broken := errors.New("the file went away")
		cut := func(at int) iter.Seq2[node.ItemSpec, error] {
			return func(yield func(node.ItemSpec, error) bool) {
				for i := range n {
					if i == at {
						yield(node.ItemSpec{}, broken)
						return
					}
					if !yield(node.ItemSpec{Reference: fmt.Sprint(i)}, nil) {
						return
					}
				}
			}
		}
		how := item.Adding{ItemAdd: node.ItemAdd{Rows: true}, Token: "t", Run: "r"}
		if got, err := b.s.Add(ctx, b.q, how, cut(1234)); !errors.Is(err, broken) || got.Added != 1234 {
			b.Fatalf("cut short: %+v, %v", got, err)
		}
		if got, err := b.s.Add(ctx, b.q, how, cut(n)); err != nil || got.Added != n {
			b.Fatalf("went on: %+v, %v", got, err)
		}
		// All or nothing: nothing, then all, then nothing more.
		how = item.Adding{Token: "u"}
		if _, err := b.s.Add(ctx, b.q, how, cut(1234)); !errors.Is(err, broken) {
			b.Fatal(err)
		}
		for range 2 {
			if got, err := b.s.Add(ctx, b.q, how, cut(n)); err != nil || got.Added != n {
				b.Fatalf("all: %+v, %v", got, err)
			}
		}
		var count int
		if err := b.d.QueryRow(ctx, `SELECT count(DISTINCT reference) + count(*) FROM {s}item`).Scan(&count); err != nil || count != 3*n {
			b.Errorf("%d, %v", count, err)
		}
	})
}

// A hundred thousand items come in without being in memory together.
func TestManyItems(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes some seconds")
	}
	each(t, item.Queue{UniqueReference: true}, func(b bench) {
		path := filepath.Join(b.TempDir(), "items.csv")
		f, err := os.Create(path)
		if err != nil {
			b.Fatal(err)
		}
		const n = 100_000
		fmt.Fprintln(f, "number,text")
		for i := range n {
			fmt.Fprintf(f, "N-%d,%s\n", i, strings.Repeat("x", 200))
		}
		if err := f.Close(); err != nil {
			b.Fatal(err)
		}
		var before, after runtime.MemStats
		most := uint64(0)
		runtime.GC()
		runtime.ReadMemStats(&before)
		i := 0
		rows := item.ReadCSV(func() (io.ReadCloser, error) { return os.Open(path) }, item.CSV{Reference: "number"})
		got, err := b.s.Add(b.Context(), b.q, item.Adding{}, func(yield func(node.ItemSpec, error) bool) {
			for spec, err := range rows {
				if i++; i%10_000 == 0 {
					runtime.GC()
					runtime.ReadMemStats(&after)
					most = max(most, after.HeapAlloc)
				}
				if !yield(spec, err) {
					return
				}
			}
		})
		if err != nil || got.Added != n {
			b.Fatalf("%+v, %v", got, err)
		}
		if grown := int64(most) - int64(before.HeapAlloc); grown > 32<<20 { //nolint:gosec // sizes of memory fit
			b.Errorf("memory grew by %d MiB", grown>>20)
		}
	})
}

func TestRead(t *testing.T) {
	for _, tt := range []struct {
		name string
		seq  iter.Seq2[node.ItemSpec, error]
		want string
	}{
		{"list", item.ReadJSON(lines("\xef\xbb\xbf [{\"a\":1}, {\"reference\":7,\"content\":{\"b\":2},\"priority\":3,\"due\":\"2026-12-01\"}]\n")), "/a=1 7/b=2@3@2026-12-01"},
		{"lines", item.ReadJSON(lines("{\"a\":1}\n\n{\"content\":{}}\n")), "/a=1 /"},
		{"nothing", item.ReadJSON(lines("  ")), ""},
		{"empty list", item.ReadJSON(lines("[]")), ""},
		{"no object", item.ReadJSON(lines("[5]")), "bad: it is int, not an object"},
		{"unknown field", item.ReadJSON(lines(`{"content":{},"prio":1}`)), `bad: it has a content and the field "prio"`},
		{"bad time", item.ReadJSON(lines(`{"content":{},"due":"soon"}`)), `bad: its due is "soon"`},
		{"cut", item.ReadJSON(lines(`[{"a":1}`)), "/a=1 error: the list of items has no end"},
		{"behind", item.ReadJSON(lines(`[] x`)), "error: there is something behind"},
		{"no JSON", item.ReadJSON(lines(`{"a":`)), "error: item 1 is no JSON"},
		{"csv", item.ReadCSV(lines("a;b\n1;\"x;y\"\n\n2;\n"), item.CSV{Reference: "a"}), "1/a=1,b=x;y 2/a=2,b="},
		{"csv by schema", item.ReadCSV(lines("a,b\n7,true\n-1.5,x\n,\n007,false\n"), item.CSV{Columns: item.ColumnsOf(json.RawMessage(`{"properties":{"a":{"type":["number","null"]},"b":{"type":"boolean"}}}`))}),
			"/a=7,b=true /a=-1.5,b=x /a=<nil> /a=007,b=false"},
		{"short row", item.ReadCSV(lines("a,b\n1\n2,3\n"), item.CSV{}), "bad: line 2 has 1 cells for 2 columns /a=2,b=3"},
		{"no header", item.ReadCSV(lines(""), item.CSV{}), "error: the file of items has no header"},
		{"no column", item.ReadCSV(lines("a,b\n"), item.CSV{Reference: "c"}), `error: the file has no column "c"`},
		{"twice", item.ReadCSV(lines("a,a\n"), item.CSV{}), `error: two columns`},
	} {
		var got []string
		for spec, err := range tt.seq {
			switch {
			case err != nil:
				got = append(got, "error: "+err.Error())
			case spec.Bad != nil:
				got = append(got, "bad: "+spec.Bad.Error())
			default:
				var cells []string
				for _, k := range []string{"a", "b"} {
					if v, ok := spec.Content[k]; ok {
						cells = append(cells, fmt.Sprint(k, "=", v))
					}
				}
				text := spec.Reference + "/" + strings.Join(cells, ",")
				if spec.Priority != nil {
					text += fmt.Sprint("@", *spec.Priority)
				}
				if !spec.Due.IsZero() {
					text += "@" + spec.Due.Format("2006-01-02")
				}
				got = append(got, text)
			}
		}
		s := strings.Join(got, " ")
		if s != tt.want && (!strings.Contains(tt.want, ": ") || !strings.HasPrefix(s, tt.want)) {
			t.Errorf("%s: got %s, want %s", tt.name, s, tt.want)
		}
	}
}

// A run has its own queue, which others do not see, and loses it when it is
// forgotten.
func TestOwnQueue(t *testing.T) {
	each(t, item.Queue{}, func(b bench) {
		ctx := b.Context()
		b.add(named("for all"))
		own := &item.Queue{Name: "q", Run: "r1"}
		for range 2 {
			if got, err := b.s.Load(ctx, own, "d1", named("mine")); err != nil || got.Added != 1 {
				b.Fatalf("%+v, %v", got, err)
			}
		}
		if _, err := b.s.Load(ctx, own, "d2", named("mine")); !errors.Is(err, item.ErrOther) {
			b.Errorf("other items: %v", err)
		}
		if got, err := b.s.Load(ctx, &item.Queue{Name: "q", Run: "r3"}, "d", seq(node.ItemSpec{Bad: errors.New("no")})); err != nil || got.Failed != 1 {
			b.Errorf("bad items: %+v, %v", got, err)
		}
		for run, ref := range map[string]string{"r1": "mine", "r2": "for all"} {
			d := &item.Desk{Store: b.s, Run: run, Home: run}
			got, err := d.Next(ctx, "q", "t"+run, 0)
			if err != nil || got == nil || got.Reference != ref {
				b.Errorf("%s got %+v, %v", run, got, err)
			}
		}
		if list, err := b.s.List(ctx, "", node.ItemFilter{}); err != nil || len(list) != 1 {
			b.Errorf("others see %d items, %v", len(list), err)
		}
		if _, err := b.s.ForgetRun(ctx, "r1"); err != nil {
			b.Fatal(err)
		}
		var n int
		if err := b.d.QueryRow(ctx, `SELECT count(*) FROM {s}item`).Scan(&n); err != nil || n != 1 {
			b.Errorf("%d items are left, %v", n, err)
		}
		_, err := (&item.Desk{Store: b.s, Run: "r9", Home: "r9"}).Next(ctx, "nope", "t", 0)
		var f *node.Failure
		if !errors.As(err, &f) || f.Kind != node.KindNotFound {
			b.Errorf("no queue: %v", err)
		}
	})
}

// The files of an item stay as long as it is there.
func TestFiles(t *testing.T) {
	each(t, item.Queue{MaxRetries: 1}, func(b bench) {
		ctx := b.Context()
		digest := strings.Repeat("ab", 32)
		b.add(seq(node.ItemSpec{Files: map[string]node.ItemFile{"scan": {Digest: digest, Size: 3}}}))
		i := b.next("r", "")
		if i.Files["scan"].Digest != digest {
			b.Fatalf("%+v", i)
		}
		if next := b.get(b.end(i, application).Retry); next.Files["scan"].Digest != digest {
			b.Errorf("the retry has %+v", next.Files)
		}
		var uses int
		if err := b.d.QueryRow(ctx, `SELECT count(*) FROM {s}artifact WHERE digest = $1`, digest).Scan(&uses); err != nil || uses != 2 {
			b.Errorf("%d use it, %v", uses, err)
		}
		orphans, err := b.s.DeleteQueue(ctx, b.q, true)
		if err != nil || len(orphans) != 1 || orphans[0] != digest {
			b.Errorf("orphans %v, %v", orphans, err)
		}
	})
}
