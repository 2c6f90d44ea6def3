package orch_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aether-rpa/aether/internal/item"
	"github.com/aether-rpa/aether/internal/orch"
	"github.com/aether-rpa/aether/internal/run"
	"github.com/aether-rpa/aether/node"
)

// tray is a queue of work items in an archive.
type tray struct {
	*archive
	q *item.Queue
}

func (a *archive) tray(q *item.Queue) *tray {
	a.Helper()
	if err := a.o.Items.AddQueue(a.Context(), q, false); err != nil {
		a.Fatal(err)
	}
	return &tray{a, q}
}

// add puts an item into the queue, with a file if that is not empty.
func (y *tray) add(ref, file string) int64 {
	y.Helper()
	spec := node.ItemSpec{Reference: ref, Content: map[string]any{"n": 1}}
	if file != "" {
		spec.Files = map[string]node.ItemFile{"f": {Digest: y.put(file), Size: int64(10 * len(file))}}
	}
	got, err := y.o.Items.Add(y.Context(), y.q, item.Adding{}, func(yield func(node.ItemSpec, error) bool) { yield(spec, nil) })
	if err != nil || got.Added != 1 {
		y.Fatalf("adding %s: %+v, %v", ref, got, err)
	}
	return got.First
}

// work takes the next item and ends it.
func (y *tray) work(by string, e node.ItemEnd) int64 {
	y.Helper()
	i, err := y.o.Items.Next(y.Context(), y.q, item.Taker{Run: by, Robot: "r"})
	if err != nil || i == nil {
		y.Fatalf("taking: %v, %v", i, err)
	}
	if _, err := y.o.Items.End(y.Context(), i.Hold(), e); err != nil {
		y.Fatal(err)
	}
	return i.ID
}

func (y *tray) age(by time.Duration, ids ...int64) {
	for _, id := range ids {
		y.exec(`UPDATE {s}item SET ended = ended - $1 WHERE id = $2`, by.Milliseconds(), id)
	}
}

func (y *tray) refs() string {
	y.Helper()
	list, err := y.o.Items.List(y.Context(), "", node.ItemFilter{Queue: y.q.Name, Limit: 10_000})
	if err != nil {
		y.Fatal(err)
	}
	var out []string
	for _, i := range list {
		out = append(out, i.Reference)
	}
	return strings.Join(out, " ")
}

func TestRetainItems(t *testing.T) {
	archives(t, func(a *archive) {
		ctx := a.Context()
		y := a.tray(&item.Queue{Name: "q", MaxRetries: 1, UniqueReference: true})
		good, bad := node.ItemEnd{Status: node.ItemSuccessful}, node.ItemEnd{Status: node.ItemFailed, Reason: "down"}
		a.run("ended", "x", run.Done, 40*day)
		a.run("waits", "x", run.Waiting, 40*day)
		y.add("old", "old's own")
		y.age(100*day, y.work("ended", good))
		y.add("shares", "of two")
		y.age(100*day, y.work("forgotten", good))
		y.add("young", "of two")
		y.age(80*day, y.work("ended", good))
		y.add("held", "held's own")
		y.age(100*day, y.work("waits", good))
		// A chain whose last is old, and one whose last is not, and one that goes on.
		y.add("chain", "")
		first := y.work("ended", bad)
		y.age(100*day, first, y.work("ended", bad))
		y.add("half", "half's own")
		y.age(100*day, y.work("ended", bad))
		y.age(80*day, y.work("ended", bad))
		y.add("open", "")
		y.age(100*day, y.work("ended", bad))
		// A queue of one run goes with that.
		own := a.tray(&item.Queue{Name: "own", Run: "ended"})
		own.add("private", "")
		own.age(100*day, own.work("ended", good))

		if n, err := a.o.RetainItems(ctx, orch.Retention{}); err != nil || n != 0 {
			t.Errorf("zero keeps for ever, but %d went, %v", n, err)
		}
		// What was stored just now may be somebody's who has not said so yet.
		a.o.Now = func() time.Time { return time.Now().Add(2 * time.Hour) }
		keep := orch.Retention{Items: 90 * day}
		if n, err := a.o.RetainItems(ctx, keep); err != nil || n != 4 {
			t.Errorf("%d went, %v", n, err)
		}
		if got, want := y.refs(), "young held half half open open"; got != want {
			t.Errorf("left are %s, want %s", got, want)
		}
		if a.count("item") != 7 {
			t.Errorf("%d items are left, and that of the private queue is to be one of 7", a.count("item"))
		}
		if a.has(a.digest("old's own")) || !a.has(a.digest("of two")) || !a.has(a.digest("held's own")) || !a.has(a.digest("half's own")) {
			t.Error("the wrong files are gone")
		}
		// A reference that is gone is free, one that stays is not.
		y.add("old", "")
		if got, err := a.o.Items.Add(ctx, y.q, item.Adding{}, func(yield func(node.ItemSpec, error) bool) {
			yield(node.ItemSpec{Reference: "young", Content: map[string]any{}}, nil)
		}); err != nil || got.Added != 0 {
			t.Errorf("a taken reference: %+v, %v", got, err)
		}
		// What held one back has ended.
		a.exec(`UPDATE {s}run SET status = 'done' WHERE id = 'waits'`)
		if n, err := a.o.RetainItems(ctx, keep); err != nil || n != 1 || a.has(a.digest("held's own")) {
			t.Errorf("%d went, %v", n, err)
		}
	})
}

// More than one batch goes, though what stays is between.
func TestRetainManyItems(t *testing.T) {
	archives(t, func(a *archive) {
		y := a.tray(&item.Queue{Name: "q"})
		_, err := a.o.Items.Add(a.Context(), y.q, item.Adding{}, func(yield func(node.ItemSpec, error) bool) {
			for n := range 1300 {
				if !yield(node.ItemSpec{Reference: fmt.Sprint(n), Content: map[string]any{}}, nil) {
					return
				}
			}
		})
		if err != nil {
			t.Fatal(err)
		}
		a.exec(`UPDATE {s}item SET state = 3, ended = CASE WHEN id % 100 = 0 THEN {now} ELSE 1000 END`)
		if n, err := a.o.RetainItems(a.Context(), orch.Retention{Items: day}); err != nil || n != 1287 || a.count("item") != 13 {
			t.Errorf("%d went, %v, and %d are left", n, err, a.count("item"))
		}
	})
}
