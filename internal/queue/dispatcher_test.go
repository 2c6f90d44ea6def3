package queue_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/aether-rpa/aether/internal/db"
	"github.com/aether-rpa/aether/internal/db/dbtest"
	"github.com/aether-rpa/aether/internal/queue"
)

// dispatch runs a dispatcher until the test ends.
func dispatch(t *testing.T, q *queue.Queue, o queue.DispatcherOptions) *queue.Dispatcher {
	t.Helper()
	d := queue.NewDispatcher(q, o)
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() { d.Run(ctx) })
	t.Cleanup(func() {
		cancel()
		wg.Wait()
	})
	return d
}

// Several processes with several robots each do every job exactly once, while
// others add them.
func TestManyRobots(t *testing.T) {
	each(t, func(b bench) {
		const processes, robots, producers, each = 3, 8, 4, 150
		ctx, cancel := context.WithTimeout(b.Context(), time.Minute)
		defer cancel()
		var mu sync.Mutex
		did := map[string]int{}
		var work, add sync.WaitGroup
		for p := range processes {
			// A queue of its own, as another process has.
			d := dispatch(b.T, queue.New(b.d), queue.DispatcherOptions{})
			for r := range robots {
				work.Go(func() {
					for {
						l, err := d.Next(ctx, queue.Want{Robot: fmt.Sprintf("p%dr%d", p, r)})
						if err != nil {
							return
						}
						mu.Lock()
						did[l.Job.Run]++
						all := len(did) == producers*each
						mu.Unlock()
						if err := d.Finish(context.WithoutCancel(ctx), l); err != nil {
							b.Errorf("finishing %s: %v", l.Job.Run, err)
						}
						if all {
							cancel()
						}
					}
				})
			}
		}
		for p := range producers {
			add.Go(func() {
				q := queue.New(b.d)
				for i := range each {
					err := b.d.Tx(ctx, func(tx *db.Tx) error {
						_, err := q.Add(ctx, tx, &queue.Job{Run: fmt.Sprintf("job-%d-%d", p, i), Tenant: fmt.Sprint(p), Priority: i % 21})
						return err
					})
					if err != nil && ctx.Err() == nil {
						b.Errorf("adding: %v", err)
					}
				}
			})
		}
		add.Wait()
		work.Wait()
		if len(did) != producers*each {
			b.Fatalf("%d of %d jobs were done", len(did), producers*each)
		}
		for run, n := range did {
			if n != 1 {
				b.Errorf("%s was done %d times", run, n)
			}
		}
		if n, err := b.q.Count(b.Context()); err != nil || len(n) != 0 {
			b.Errorf("left: %v %v", n, err)
		}
	})
}

// A job that is added wakes a robot in another process at once on PostgreSQL:
// the poll of this dispatcher would come in an hour.
func TestSignal(t *testing.T) {
	each(t, func(b bench) {
		d := dispatch(b.T, queue.New(b.d), queue.DispatcherOptions{Poll: time.Hour})
		got := make(chan *queue.Lease, 1)
		go func() {
			l, err := d.Next(b.Context(), queue.Want{Robot: "r"})
			if err == nil {
				got <- l
			}
		}()
		// The listener may begin to listen after the first job: it then looks.
		b.add(&queue.Job{Run: "a"})
		l := <-got
		go func() {
			l, err := d.Next(b.Context(), queue.Want{Robot: "r"})
			if err == nil {
				got <- l
			}
		}()
		b.add(&queue.Job{Run: "b", Tenant: "new"})
		if second := <-got; l.Job.Run != "a" || second.Job.Run != "b" {
			b.Errorf("got %s and %s", l.Job.Run, second.Job.Run)
		}
	})
}

func TestLeaseEndsWithItsContext(t *testing.T) {
	each(t, func(b bench) {
		d := dispatch(b.T, b.q, queue.DispatcherOptions{Heartbeat: 5 * time.Millisecond, Tick: time.Hour})
		a := b.add(&queue.Job{Run: "cancel me"}, &queue.Job{Run: "lose me"}, &queue.Job{Run: "keep me"})
		leases := map[string]*queue.Lease{}
		for range a {
			l, err := d.Next(b.Context(), queue.Want{Robot: "r"})
			if err != nil {
				b.Fatal(err)
			}
			leases[l.Job.Run] = l
		}
		if _, err := b.q.Cancel(b.Context(), a[0].ID, ""); err != nil {
			b.Fatal(err)
		}
		b.sql(`UPDATE {s}job SET fence = fence + 1 WHERE run = 'lose me'`)
		<-leases["cancel me"].Context.Done()
		<-leases["lose me"].Context.Done()
		if err := context.Cause(leases["cancel me"].Context); !errors.Is(err, queue.ErrCancelled) {
			b.Errorf("cancelled: %v", err)
		}
		if err := context.Cause(leases["lose me"].Context); !errors.Is(err, queue.ErrLeaseLost) {
			b.Errorf("lost: %v", err)
		}
		if err := d.Finish(b.Context(), leases["lose me"]); !errors.Is(err, queue.ErrLeaseLost) {
			b.Errorf("finishing a lost one: %v", err)
		}
		if l := leases["keep me"]; l.Context.Err() != nil || d.Finish(b.Context(), l) != nil {
			b.Errorf("the good lease ended: %v", context.Cause(l.Context))
		}
		if err := d.Fail(b.Context(), leases["cancel me"], "stopped", false); err != nil || b.state("cancel me") != "gone" || d.Held() != 0 {
			b.Errorf("cancelled: %v, %s, %d held", err, b.state("cancel me"), d.Held())
		}
	})
}

// A robot that stops waiting loses no job: what a claim under way gave it goes
// back.
func TestNextGivesUp(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, target dbtest.Target) {
		h := dbtest.Open(t, target)
		b := bench{t, h, queue.New(h)}
		d := dispatch(t, b.q, queue.DispatcherOptions{})
		var wg sync.WaitGroup
		var mu sync.Mutex
		var got []*queue.Lease
		for i := range 100 {
			ctx, cancel := context.WithCancel(t.Context())
			wg.Go(func() {
				if l, err := d.Next(ctx, queue.Want{Robot: "r"}); err == nil {
					mu.Lock()
					got = append(got, l)
					mu.Unlock()
				}
			})
			if i%2 == 0 {
				b.add(&queue.Job{Run: fmt.Sprint(i)})
			}
			cancel()
		}
		wg.Wait()
		for _, l := range got {
			if err := d.Finish(t.Context(), l); err != nil {
				t.Error(err)
			}
		}
		// All that was not got can be got, and nothing else is held.
		for range 50 - len(got) {
			l, err := d.Next(t.Context(), queue.Want{Robot: "s"})
			if err != nil {
				t.Fatal(err)
			}
			if err := d.Finish(t.Context(), l); err != nil {
				t.Error(err)
			}
		}
		if n, err := b.q.Count(t.Context()); err != nil || len(n) != 0 {
			t.Errorf("left: %v %v", n, err)
		}
	})
}

// What callers add through a dispatcher is added once, in each caller's order,
// and wrong jobs of one do not touch the others'.
func TestAddTogether(t *testing.T) {
	each(t, func(b bench) {
		d := dispatch(b.T, b.q, queue.DispatcherOptions{Poll: time.Hour})
		var wg sync.WaitGroup
		var mu sync.Mutex
		ids := map[int64]string{}
		for i := range 40 {
			wg.Go(func() {
				if _, err := d.Add(b.Context(), &queue.Job{Run: "wrong", Priority: 99}); err == nil {
					b.Error("a wrong job was added")
				}
				first, second := fmt.Sprint(i, "a"), fmt.Sprint(i, "b")
				// Two callers give each key.
				got, err := d.Add(b.Context(), &queue.Job{Run: first, Key: fmt.Sprint("key", i/2)}, &queue.Job{Run: second})
				if err != nil || len(got) != 2 || got[1].Run != second || !got[1].Fresh {
					b.Errorf("added: %+v %v", got, err)
					return
				}
				mu.Lock()
				ids[got[1].ID] = second
				if got[0].Fresh {
					ids[got[0].ID] = first
				}
				mu.Unlock()
			})
		}
		wg.Wait()
		if len(ids) != 60 {
			b.Errorf("%d jobs were added, want 60", len(ids))
		}
		for range 60 {
			l, err := d.Next(b.Context(), queue.Want{Robot: "r"})
			if err != nil {
				b.Fatal(err)
			}
			if ids[l.Job.ID] != l.Job.Run {
				b.Errorf("job %d is of run %s, and %q was said", l.Job.ID, l.Job.Run, ids[l.Job.ID])
			}
			if err := d.Finish(b.Context(), l); err != nil {
				b.Error(err)
			}
		}
	})
}

// Who adds to a dispatcher that has ended is told so and does not wait.
func TestAddAfterTheEnd(t *testing.T) {
	each(t, func(b bench) {
		d := queue.NewDispatcher(b.q, queue.DispatcherOptions{})
		ctx, cancel := context.WithCancel(b.Context())
		cancel()
		d.Run(ctx)
		if _, err := d.Add(b.Context(), &queue.Job{Run: "r"}); err == nil {
			b.Error("a dispatcher that has ended added a job")
		}
	})
}

// Robots with many tenants and needs are given jobs in turn by one claim, also
// when one tenant has most of them in a single lane.
func TestTurnsOfManyLanes(t *testing.T) {
	each(t, func(b bench) {
		var jobs []*queue.Job
		for i := range 60 {
			jobs = append(jobs, &queue.Job{Run: fmt.Sprint("flood", i), Tenant: "flood"})
		}
		for i := range 4 {
			jobs = append(jobs, &queue.Job{Run: fmt.Sprint("small", i), Tenant: "small", Needs: []string{"", "a"}[i%2]})
		}
		b.add(jobs...)
		count := map[string]int{}
		for _, j := range b.claim(8, "a") {
			count[j.Tenant]++
		}
		if count["flood"] != 4 || count["small"] != 4 {
			b.Errorf("the first claim gave %v, want four of each", count)
		}
		if got := b.claim(50, "a"); len(got) != 50 || got[49].Tenant != "flood" {
			b.Errorf("the second claim gave %d jobs, want 50", len(got))
		}
		if got := b.claim(50, "a"); len(got) != 6 {
			b.Errorf("the third claim gave %d jobs, want 6", len(got))
		}
	})
}

// Dispatchers that share few connections do not wait for each other.
func TestFewConnections(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, target dbtest.Target) {
		h, err := db.Open(t.Context(), target.URL, db.Options{MaxConns: 2})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(h.Close)
		b := bench{t, h, queue.New(h)}
		b.add(&queue.Job{Run: "a"})
		var work sync.WaitGroup
		for i := range 10 {
			d := dispatch(t, queue.New(h), queue.DispatcherOptions{})
			work.Go(func() {
				for range 10 {
					if _, err := d.Add(t.Context(), &queue.Job{Run: "r"}); err != nil {
						t.Error(err)
						return
					}
					l, err := d.Next(t.Context(), queue.Want{Robot: fmt.Sprint(i)})
					if err == nil {
						err = d.Finish(t.Context(), l)
					}
					if err != nil {
						t.Error(err)
						return
					}
				}
			})
		}
		work.Wait()
	})
}

// A robot may ask for its next job before it says that one is done, and has it when
// that one's end makes room. Who does not want it any more takes nothing away.
func TestAsk(t *testing.T) {
	each(t, func(b bench) {
		ctx := b.Context()
		d := dispatch(b.T, b.q, queue.DispatcherOptions{})
		slot := queue.Slot{Key: "one at a time"}
		b.add(&queue.Job{Run: "a", Slot: slot}, &queue.Job{Run: "b", Slot: slot})
		for _, run := range []string{"a", "b"} {
			gone, leave := context.WithCancel(ctx)
			late := d.Ask(gone, queue.Want{Robot: "late", Queue: "another"})
			l, err := d.Next(ctx, queue.Want{Robot: "r"})
			if err != nil || l.Job.Run != run {
				b.Fatalf("%+v, %v", l, err)
			}
			next := d.Ask(ctx, queue.Want{Robot: "r"})
			if err := d.Finish(ctx, l); err != nil {
				b.Fatal(err)
			}
			b.add(&queue.Job{Run: "next"})
			if l, err = next.Wait(); err != nil {
				b.Fatal(err)
			}
			if l.Job.Run == "b" { // there was room at once
				if err := d.Release(ctx, l, time.Time{}); err != nil {
					b.Fatal(err)
				}
			} else if err := d.Finish(ctx, l); err != nil {
				b.Fatal(err)
			}
			leave()
			if l, err := late.Wait(); !errors.Is(err, context.Canceled) {
				b.Errorf("who has left gets %+v, %v", l, err)
			}
		}
	})
}
