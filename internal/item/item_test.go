package item_test

import (
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aether-rpa/aether/internal/db"
	"github.com/aether-rpa/aether/internal/db/dbtest"
	"github.com/aether-rpa/aether/internal/item"
	"github.com/aether-rpa/aether/node"
)

// bench is a store on a database of its own, with a queue.
type bench struct {
	*testing.T
	d *db.DB
	s *item.Store
	q *item.Queue
}

func each(t *testing.T, q item.Queue, fn func(b bench)) {
	t.Helper()
	dbtest.Each(t, func(t *testing.T, target dbtest.Target) {
		d := dbtest.Open(t, target)
		b := bench{t, d, item.New(d), nil}
		if q.Name == "" {
			q.Name = "q"
		}
		mine := q
		if err := b.s.AddQueue(t.Context(), &mine, false); err != nil {
			t.Fatal(err)
		}
		b.q = &mine
		fn(b)
	})
}

func seq(specs ...node.ItemSpec) iter.Seq2[node.ItemSpec, error] {
	return func(yield func(node.ItemSpec, error) bool) {
		for _, s := range specs {
			if !yield(s, nil) {
				return
			}
		}
	}
}

func named(refs ...string) iter.Seq2[node.ItemSpec, error] {
	var out []node.ItemSpec
	for _, r := range refs {
		out = append(out, node.ItemSpec{Reference: r, Content: map[string]any{"name": r}})
	}
	return seq(out...)
}

func (b bench) add(items iter.Seq2[node.ItemSpec, error]) node.ItemsAdded {
	b.Helper()
	out, err := b.s.Add(b.Context(), b.q, item.Adding{}, items)
	if err != nil {
		b.Fatal(err)
	}
	return out
}

func (b bench) next(run, token string) *node.Item {
	b.Helper()
	i, err := b.s.Next(b.Context(), b.q, item.Taker{Run: run, Token: token, Robot: "r"})
	if err != nil {
		b.Fatal(err)
	}
	return i
}

func (b bench) end(i *node.Item, e node.ItemEnd) node.ItemEnded {
	b.Helper()
	out, err := b.s.End(b.Context(), i.Hold(), e)
	if err != nil {
		b.Fatal(err)
	}
	return out
}

func (b bench) get(id int64) *node.Item {
	b.Helper()
	i, err := b.s.Get(b.Context(), id)
	if err != nil {
		b.Fatal(err)
	}
	return i
}

func (b bench) sql(query string, args ...any) {
	b.Helper()
	if _, err := b.d.Exec(b.Context(), query, args...); err != nil {
		b.Fatal(err)
	}
}

func (b bench) expire() {
	b.Helper()
	b.sql(`UPDATE {s}item SET lease_until = 1 WHERE state = 1`)
	if err := b.s.Tick(b.Context()); err != nil {
		b.Fatal(err)
	}
}

func isLost(err error) bool {
	var f *node.Failure
	return errors.As(err, &f) && f.Code == node.CodeItemLost
}

var (
	success     = node.ItemEnd{Status: node.ItemSuccessful, Output: map[string]any{"n": 1}}
	business    = node.ItemEnd{Status: node.ItemFailed, Business: true, Reason: "no VAT id"}
	application = node.ItemEnd{Status: node.ItemFailed, Reason: "the page is down"}
)

func TestOrder(t *testing.T) {
	each(t, item.Queue{}, func(b bench) {
		high, soon := 20, time.Now().Add(-time.Minute)
		b.add(seq(node.ItemSpec{Reference: "a"}, node.ItemSpec{Reference: "high", Priority: &high}, node.ItemSpec{Reference: "risk", Risk: soon}, node.ItemSpec{Reference: "later", Defer: time.Now().Add(time.Hour)}, node.ItemSpec{Reference: "b"}))
		var got []string
		for i := b.next("r", ""); i != nil; i = b.next("r", "") {
			got = append(got, i.Reference+"/"+i.SLA)
		}
		if s := strings.Join(got, " "); s != "risk/at_risk high/ a/ b/" {
			b.Errorf("order: %s", s)
		}
		b.sql(`UPDATE {s}item SET ready_at = 1 WHERE state = 2`)
		if i := b.next("r", ""); i == nil || i.Reference != "later" {
			b.Errorf("the deferred item: %+v", i)
		}
	})
}

// A taking is named by its token: after a crash it gives the same item.
func TestToken(t *testing.T) {
	each(t, item.Queue{}, func(b bench) {
		b.add(named("a", "b", "c"))
		first, again, other := b.next("r1", "t1"), b.next("r1", "t1"), b.next("r1", "t2")
		if first.ID != again.ID || first.Fence != again.Fence || again.Taken != 1 || other.ID == first.ID {
			b.Fatalf("%+v %+v %+v", first, again, other)
		}
		// The lease ran out and nobody took it: it is still the same.
		b.expire()
		if i := b.next("r1", "t1"); i.ID != first.ID || i.Fence != first.Fence || i.Died != 1 {
			b.Fatalf("after its lease: %+v", i)
		}
		// Somebody took it: the token gives another.
		b.expire()
		took := b.next("r2", "t3")
		if took.ID != first.ID || took.Fence == first.Fence {
			b.Fatalf("took %+v", took)
		}
		if i := b.next("r1", "t1"); i.ID == first.ID {
			b.Fatal("two have the same item")
		}
	})
}

func TestFence(t *testing.T) {
	each(t, item.Queue{}, func(b bench) {
		ctx := b.Context()
		b.add(named("a"))
		i := b.next("r1", "")
		text := "half"
		if err := b.s.Keep(ctx, "r1", i.Hold(), &text); err != nil || b.get(i.ID).Progress != "half" {
			b.Fatal(err)
		}
		// It goes on with what it has as long as nobody else took it.
		b.expire()
		if got := b.get(i.ID); got.Status != node.ItemNew || got.Died != 1 {
			b.Fatalf("%+v", got)
		}
		if err := b.s.Keep(ctx, "r1", i.Hold(), nil); err != nil || b.get(i.ID).Status != node.ItemInProgress {
			b.Fatal(err)
		}
		b.expire()
		j := b.next("r2", "")
		if err := b.s.Keep(ctx, "r1", i.Hold(), nil); !isLost(err) {
			b.Errorf("the zombie kept it: %v", err)
		}
		if _, err := b.s.End(ctx, i.Hold(), success); !isLost(err) {
			b.Errorf("the zombie ended it: %v", err)
		}
		b.end(j, success)
		if out := b.end(j, success); out.Status != node.ItemSuccessful {
			b.Errorf("ended twice: %+v", out)
		}
		if _, err := b.s.End(ctx, j.Hold(), business); !errors.Is(err, item.ErrInput) {
			b.Errorf("ended another way: %v", err)
		}
		lenient := business
		lenient.Lenient = true
		if out := b.end(j, lenient); out.Status != node.ItemSuccessful {
			b.Errorf("lenient: %+v", out)
		}
		got := b.get(j.ID)
		if got.Output.(map[string]any)["n"] != 1 || got.Ended.IsZero() {
			b.Errorf("%+v", got)
		}
	})
}

func TestRetries(t *testing.T) {
	each(t, item.Queue{MaxRetries: 2, UniqueReference: true}, func(b bench) {
		b.add(named("a"))
		first := b.next("r", "t")
		out := b.end(first, application)
		if out.Status != node.ItemRetried || out.Retry == 0 || b.end(first, application) != out {
			b.Fatalf("%+v", out)
		}
		second := b.next("r", "t2")
		if second.ID != out.Retry || second.RetryOf != first.ID || second.RetryNo != 1 || second.Reference != "a" || second.Content["name"] != "a" {
			b.Fatalf("%+v", second)
		}
		b.end(second, application)
		third := b.next("r", "t3")
		if third.RetryNo != 2 {
			b.Fatalf("%+v", third)
		}
		if out := b.end(third, application); out.Status != node.ItemFailed || b.get(third.ID).Kind != "application" {
			b.Fatalf("%+v", out)
		}
		// A person tries it again, with all retries.
		id, err := b.s.Retry(b.Context(), third.ID)
		if err != nil || b.get(id).RetryNo != 0 || b.get(third.ID).Review != "retried" {
			b.Fatal(err)
		}
		if out := b.end(b.next("r", "t4"), business); out.Status != node.ItemFailed {
			b.Errorf("a business failure was retried: %+v", out)
		}
		chain, err := b.s.Chain(b.Context(), second.ID)
		if err != nil || len(chain) != 4 || chain[0].ID != first.ID {
			b.Errorf("chain of %d: %v", len(chain), err)
		}
		if got := b.add(named("a", "b")); got.Failed != 1 || got.Added != 0 {
			b.Errorf("a taken reference: %+v", got)
		}
		if err := b.s.Delete(b.Context(), id, 0); err != nil {
			b.Fatal(err)
		}
		if got := b.add(named("a")); got.Added != 1 {
			b.Errorf("the reference of a deleted item: %+v", got)
		}
	})
}

// A time that is taken away does not come back from the rules of the queue.
func TestEditTimes(t *testing.T) {
	each(t, item.Queue{SLA: item.Span(time.Hour), Risk: item.Span(time.Minute)}, func(b bench) {
		i := b.get(b.add(named("a")).First)
		if i.Due.Sub(i.Created) != time.Hour || i.Risk.Sub(i.Created) != time.Minute {
			b.Fatalf("%+v", i)
		}
		var never time.Time
		soon := time.Now().Add(time.Hour)
		if err := b.s.Edit(b.Context(), i.ID, item.Change{Due: &never, Risk: &never, Defer: &soon}); err != nil {
			b.Fatal(err)
		}
		if got := b.get(i.ID); !got.Due.IsZero() || !got.Risk.IsZero() || got.Defer.IsZero() || b.next("r", "") != nil {
			b.Errorf("%+v", got)
		}
	})
}

func TestBackoff(t *testing.T) {
	each(t, item.Queue{MaxRetries: 1, RetryBackoff: item.Span(time.Hour)}, func(b bench) {
		b.add(named("a"))
		out := b.end(b.next("r", ""), application)
		if i := b.next("r", ""); i != nil || time.Until(b.get(out.Retry).Defer) < 50*time.Minute {
			b.Errorf("it did not rest: %+v", i)
		}
	})
}

func TestAbandoned(t *testing.T) {
	each(t, item.Queue{AbandonAfter: 2}, func(b bench) {
		ctx := b.Context()
		b.add(named("a"))
		b.next("r1", "")
		if err := b.s.GiveBack(ctx, "r1", false); err != nil {
			b.Fatal(err)
		}
		i := b.next("r2", "")
		if err := b.s.GiveBack(ctx, "r2", true); err != nil || b.get(i.ID).Died != 1 {
			b.Fatal(err)
		}
		i = b.next("r3", "")
		// A run that waits for a person keeps it however long it takes.
		if err := b.s.Park(ctx, "r3"); err != nil {
			b.Fatal(err)
		}
		if err := b.s.Tick(ctx); err != nil || b.get(i.ID).Status != node.ItemInProgress {
			b.Fatal(err)
		}
		if err := b.s.Beat(ctx, "r3"); err != nil || b.get(i.ID).Lease.IsZero() {
			b.Fatal(err)
		}
		b.expire()
		got := b.get(i.ID)
		if got.Status != node.ItemAbandoned || !strings.Contains(got.Reason, "2 runs ended") {
			b.Fatalf("%+v", got)
		}
		if _, err := b.s.End(ctx, i.Hold(), success); !isLost(err) {
			b.Errorf("an abandoned item was ended: %v", err)
		}
		if _, err := b.s.Retry(ctx, i.ID); err != nil {
			b.Fatal(err)
		}
	})
}

func TestPeople(t *testing.T) {
	each(t, item.Queue{Schema: []byte(`{"type":"object","required":["name"],"properties":{"name":{"type":"string"}}}`)}, func(b bench) {
		ctx := b.Context()
		b.add(named("a"))
		i := b.get(b.add(named("b")).First)
		ten := 10
		if err := b.s.Edit(ctx, i.ID, item.Change{Version: i.Version, Priority: &ten, Content: map[string]any{"name": "x"}}); err != nil {
			b.Fatal(err)
		}
		if err := b.s.Edit(ctx, i.ID, item.Change{Version: i.Version, Priority: &ten}); !errors.Is(err, item.ErrChanged) {
			b.Errorf("an old version was taken: %v", err)
		}
		if err := b.s.Edit(ctx, i.ID, item.Change{Content: map[string]any{"name": 5}}); !errors.Is(err, item.ErrInput) || !strings.Contains(err.Error(), "name: got number, want string") {
			b.Errorf("a wrong content was taken: %v", err)
		}
		got := b.next("r", "")
		if got.ID != i.ID || got.Content["name"] != "x" {
			b.Fatalf("%+v", got)
		}
		if err := b.s.Edit(ctx, i.ID, item.Change{Priority: &ten}); !errors.Is(err, item.ErrInput) {
			b.Errorf("an item at work was edited: %v", err)
		}
		if err := b.s.Delete(ctx, i.ID, 0); !errors.Is(err, item.ErrInput) {
			b.Errorf("an item at work was deleted: %v", err)
		}
		b.end(got, business)
		if err := b.s.Review(ctx, i.ID, 0, "verified", "ada", "right so"); err != nil {
			b.Fatal(err)
		}
		if err := b.s.Review(ctx, i.ID, 0, "fine", "ada", ""); !errors.Is(err, item.ErrInput) {
			b.Errorf("a wrong review was taken: %v", err)
		}
		if got := b.get(i.ID); got.Review != "verified" || got.Reviewer != "ada" || got.Comment != "right so" || got.Kind != "business" {
			b.Errorf("%+v", got)
		}
		// What a person changes, a run that had it before has no more.
		other := b.next("r", "")
		b.expire()
		if err := b.s.Edit(ctx, other.ID, item.Change{Priority: &ten}); err != nil {
			b.Fatal(err)
		}
		if err := b.s.Keep(ctx, "r", other.Hold(), nil); !isLost(err) {
			b.Errorf("kept an item that was edited: %v", err)
		}
		st, err := b.s.Stats(ctx, b.q)
		if err != nil || st.Counts[node.ItemNew] != 1 || st.Business != 1 || st.Ended != 1 {
			b.Errorf("%+v, %v", st, err)
		}
		if _, err := b.s.DeleteQueue(ctx, b.q, false); !errors.Is(err, item.ErrInput) {
			b.Errorf("a queue with open items was deleted: %v", err)
		}
		if _, err := b.s.DeleteQueue(ctx, b.q, true); err != nil {
			b.Fatal(err)
		}
		if _, err := b.s.Queue(ctx, "", "q"); !errors.Is(err, item.ErrInput) {
			b.Errorf("the queue is there: %v", err)
		}
	})
}

// Many take at the same time: each item is had by one, and all are done.
func TestManyTakers(t *testing.T) {
	each(t, item.Queue{}, func(b bench) {
		const items, takers = 200, 8
		b.add(func(yield func(node.ItemSpec, error) bool) {
			for n := range items {
				if !yield(node.ItemSpec{Reference: fmt.Sprint(n)}, nil) {
					return
				}
			}
		})
		var mu sync.Mutex
		var got []int64
		var wg sync.WaitGroup
		for n := range takers {
			wg.Go(func() {
				s := item.New(b.d)
				for k := 0; ; k++ {
					i, err := s.Next(b.Context(), b.q, item.Taker{Run: fmt.Sprint("r", n), Token: fmt.Sprint("t", n, "-", k)})
					if err == nil && i == nil {
						return
					}
					if err == nil {
						_, err = s.End(b.Context(), i.Hold(), success)
					}
					if err != nil {
						b.Error(err)
						return
					}
					mu.Lock()
					got = append(got, i.ID)
					mu.Unlock()
				}
			})
		}
		wg.Wait()
		slices.Sort(got)
		if len(got) != items || len(slices.Compact(got)) != items {
			b.Errorf("%d items were done", len(got))
		}
	})
}
