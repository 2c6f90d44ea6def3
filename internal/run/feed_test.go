package run_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/aether-rpa/aether/internal/db"
	"github.com/aether-rpa/aether/internal/db/dbtest"
	"github.com/aether-rpa/aether/internal/run"
)

// reader reads a feed and keeps what it says.
type reader struct {
	*testing.T
	f    *run.Feed
	seen []string
}

func follow(t *testing.T, s *run.Store, from *run.Mark, filter run.FeedFilter) *reader {
	t.Helper()
	f, lost, err := s.Feed(t.Context(), from, filter)
	if err != nil || lost {
		t.Fatalf("lost %v: %v", lost, err)
	}
	return &reader{T: t, f: f}
}

// look reads what there is at the moment.
func (r *reader) look() {
	r.Helper()
	for more := true; more; {
		var list []run.Marked
		var err error
		if list, more, err = r.f.Next(r.Context()); err != nil {
			r.Fatal(err)
		}
		for _, e := range list {
			r.seen = append(r.seen, fmt.Sprintf("%s/%d", e.Run, e.Seq))
		}
	}
}

// sees waits until the reader has seen so many events.
func (r *reader) sees(n int) {
	r.Helper()
	for end := time.Now().Add(time.Minute); len(r.seen) < n; r.look() {
		if time.Now().After(end) {
			r.Fatalf("after a minute it has seen %d events, want %d: %.300v", len(r.seen), n, r.seen)
		}
	}
}

func (r *reader) want(events ...string) {
	r.Helper()
	r.sees(len(events))
	if r.look(); !slices.Equal(r.seen, events) {
		r.Errorf("it has seen %v, want %v", r.seen, events)
	}
}

func events(id string, from, to int64) (out []run.Event) {
	for seq := from; seq <= to; seq++ {
		out = append(out, run.Event{Run: id, Seq: seq, Kind: map[bool]string{true: "even", false: "odd"}[seq%2 == 0], At: time.Now(), Data: []byte(`{}`)})
	}
	return out
}

func TestFeed(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, target dbtest.Target) {
		d := dbtest.Open(t, target)
		s := run.NewStore(d, nil)
		ctx := t.Context()
		write := func(list ...run.Event) {
			t.Helper()
			if err := s.AddEvents(ctx, list); err != nil {
				t.Fatal(err)
			}
		}
		for _, id := range []string{"a", "b"} {
			if _, err := s.Create(ctx, &run.Run{ID: id, Flow: "flow-" + id, Input: []byte(`{}`), Created: time.Now()}); err != nil {
				t.Fatal(err)
			}
		}
		early := follow(t, s, nil, run.FeedFilter{})
		write(events("a", 1, 2)...)
		write(append(events("b", 1, 1), events("a", 3, 4)...)...)
		early.want("a/1", "a/2", "b/1", "a/3", "a/4")
		// What is written again is not told again; a part of it that is new is.
		write(events("a", 2, 5)...)
		write(events("a", 1, 5)...)
		early.want("a/1", "a/2", "b/1", "a/3", "a/4", "a/5")
		late := follow(t, s, nil, run.FeedFilter{})
		write(events("b", 2, 4)...)
		late.want("b/2", "b/3", "b/4")
		early.sees(9)

		// From every place, what comes after it comes.
		all := early.seen
		again, places := follow(t, s, &run.Mark{}, run.FeedFilter{}), []run.Mark{}
		list, _, err := again.f.Next(ctx)
		if err != nil || len(list) != len(all) {
			t.Fatalf("from the beginning: %d events, want %d: %v", len(list), len(all), err)
		}
		for i, e := range list {
			m, err := run.ParseMark(e.Mark.String())
			if err != nil || m != e.Mark || slices.Contains(places, m) {
				t.Errorf("the place %s: %v %v", e.Mark, m, err)
			}
			places = append(places, m)
			follow(t, s, &m, run.FeedFilter{}).want(all[i+1:]...)
			if want := "flow-" + e.Run; e.Flow != want {
				t.Errorf("flow %q, want %q", e.Flow, want)
			}
		}
		follow(t, s, &run.Mark{}, run.FeedFilter{Flow: "flow-b"}).want("b/1", "b/2", "b/3", "b/4")
		follow(t, s, &run.Mark{}, run.FeedFilter{Flow: "flow-b", Kinds: []string{"even"}}).want("b/2", "b/4")
		follow(t, s, &run.Mark{}, run.FeedFilter{Kinds: []string{"even", "none"}}).want("a/2", "a/4", "b/2", "b/4")

		// More than is read at a time, in one batch and in many.
		write(events("a", 6, 1800)...)
		for i := int64(5); i < 700; i++ {
			write(events("b", i, i)...)
		}
		early.sees(9 + 1795 + 695)
		end := early.f.Mark()
		if follow(t, s, &end, run.FeedFilter{}).want(); len(early.seen) != 9+1795+695 {
			t.Errorf("it has seen %d events", len(early.seen))
		}

		// Runs that are forgotten are no more in it, and hold nobody up.
		if _, err := s.Delete(ctx, "a"); err != nil {
			t.Fatal(err)
		}
		write(events("c", 1, 1)...)
		early.sees(9 + 1795 + 696)
		follow(t, s, &run.Mark{}, run.FeedFilter{}).sees(700)

		// The order is not kept for ever: who comes with an older place hears so.
		if _, err := d.Exec(ctx, `UPDATE {s}event_batch SET at = at - $1 WHERE n < $2`, 2*run.Kept.Milliseconds(), end.Batch); err != nil {
			t.Fatal(err)
		}
		for i := range int64(2 * run.TrimEvery) {
			write(events("d", i+1, i+1)...)
		}
		var n int64
		if err := d.QueryRow(ctx, `SELECT count(*) FROM {s}event_batch WHERE n < $1`, end.Batch).Scan(&n); err != nil || n != 0 {
			t.Errorf("%d old rows are left: %v", n, err)
		}
		f, lost, err := s.Feed(ctx, &places[0], run.FeedFilter{})
		if err != nil || !lost {
			t.Fatalf("an old place: lost %v, %v", lost, err)
		}
		r := &reader{T: t, f: f}
		if r.sees(1 + 2*run.TrimEvery); r.seen[len(r.seen)-1] != fmt.Sprintf("d/%d", 2*run.TrimEvery) {
			t.Errorf("the last is %s", r.seen[len(r.seen)-1])
		}
		if _, lost, err := s.Feed(ctx, &run.Mark{Batch: 1 << 40, Seq: 1}, run.FeedFilter{}); err != nil || !lost {
			t.Errorf("a place that is yet to come: lost %v, %v", lost, err)
		}
		for _, text := range []string{"", "x", "-1", "1.-1", "1", "1.2.3", "9999999999999999999.1", " 1.1", "1.1\n"} {
			if m, err := run.ParseMark(text); err == nil {
				t.Errorf("%q is the place %v", text, m)
			}
		}
	})
}

var errUndo = errors.New("undo")

// hold begins a transaction that writes events, and returns a function that
// ends it: with a commit or without.
func hold(t *testing.T, d *db.DB, list []run.Event) (end func(commit bool)) {
	t.Helper()
	how, written, done := make(chan bool), make(chan error, 1), make(chan error, 1)
	go func() {
		done <- d.Tx(context.WithoutCancel(t.Context()), func(tx *db.Tx) error {
			err := run.AddEventsIn(t.Context(), tx, list)
			written <- err
			if err != nil {
				return err
			}
			if !<-how {
				return errUndo
			}
			return nil
		})
	}()
	if err := <-written; err != nil {
		t.Fatal(err)
	}
	var over sync.Once
	t.Cleanup(func() { over.Do(func() { how <- false; <-done }) }) // a test that failed before
	return func(commit bool) {
		t.Helper()
		over.Do(func() { how <- commit })
		if err := <-done; (err == nil) != commit {
			t.Fatal(err)
		}
	}
}

// A transaction that is committed after others with higher numbers loses no
// event, one that is undone holds nobody up, and neither does one that writes
// something else.
func TestFeedWaitsForOpenTransactions(t *testing.T) {
	d := dbtest.Open(t, dbtest.Postgres(t))
	s := run.NewStore(d, nil)
	write := func(list ...run.Event) {
		t.Helper()
		if err := s.AddEvents(t.Context(), list); err != nil {
			t.Fatal(err)
		}
	}
	first := follow(t, s, nil, run.FeedFilter{})
	end := hold(t, d, events("slow", 1, 2))
	write(events("fast", 1, 1)...)
	second := follow(t, s, nil, run.FeedFilter{})
	write(events("fast", 2, 2)...)
	for range 20 {
		if first.look(); len(first.seen) > 0 {
			t.Fatalf("it went past a transaction that is under way: %v", first.seen)
		}
		second.look()
	}
	end(true)
	first.want("slow/1", "slow/2", "fast/1", "fast/2")
	// Who began while the transaction was under way gets what it wrote, and not
	// again what was there.
	second.want("slow/1", "slow/2", "fast/2")

	// Others may take their time, with whatever they write.
	other, err := d.SQL.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = other.Rollback() }()
	if _, err := other.ExecContext(t.Context(), `CREATE TABLE elsewhere (n INTEGER)`); err != nil {
		t.Fatal(err)
	}
	undone := hold(t, d, events("undone", 1, 1))
	write(events("fast", 3, 3)...)
	first.look()
	undone(false)
	write(events("fast", 4, 4)...)
	first.want("slow/1", "slow/2", "fast/1", "fast/2", "fast/3", "fast/4")
	m := first.f.Mark()
	follow(t, s, &m, run.FeedFilter{}).want()

	write(events("fast", 5, 5)...)
	first.want("slow/1", "slow/2", "fast/1", "fast/2", "fast/3", "fast/4", "fast/5")
}

// Many write at once, some of them in vain; readers that read meanwhile, and are
// cut off now and then, get each event once and those of a run in order.
func TestFeedWhileOthersWrite(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, target dbtest.Target) {
		d := dbtest.Open(t, target)
		s := run.NewStore(d, nil)
		const writers, turns = 6, 60
		var wg sync.WaitGroup
		for w := range writers {
			id := fmt.Sprintf("run%d", w)
			wg.Go(func() {
				for i := range int64(turns) {
					if i%7 == 3 {
						_ = d.Tx(t.Context(), func(tx *db.Tx) error {
							return errors.Join(run.AddEventsIn(t.Context(), tx, events(id, 2*i+1, 2*i+2)), errUndo)
						})
					}
					if err := s.AddEvents(t.Context(), events(id, 2*i+1, 2*i+2)); err != nil {
						t.Error(err)
					}
				}
			})
		}
		r := follow(t, s, &run.Mark{}, run.FeedFilter{})
		last := map[string]int64{}
		n := 0
		for end := time.Now().Add(2 * time.Minute); n < writers*turns*2 && time.Now().Before(end); {
			list, _, err := r.f.Next(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range list {
				if n++; e.Seq != last[e.Run]+1 {
					t.Fatalf("event %d of %s comes after %d", e.Seq, e.Run, last[e.Run])
				}
				last[e.Run] = e.Seq
				if n%50 == 0 { // the rest of the list is lost with the connection
					m := e.Mark
					r = follow(t, s, &m, run.FeedFilter{})
					break
				}
			}
		}
		wg.Wait()
		if r.look(); n != writers*turns*2 || len(r.seen) != 0 {
			t.Errorf("%d events, want %d, and then %v", n, writers*turns*2, r.seen)
		}
	})
}
