package queue_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aether-rpa/aether/internal/db"
	"github.com/aether-rpa/aether/internal/queue"
)

// Callers that claim and finish at the same time, each for itself, get different
// jobs, and each is told what became of its own.
func TestManyCallers(t *testing.T) {
	each(t, func(b bench) {
		const callers, each = 24, 10
		var jobs []*queue.Job
		for i := range callers * each {
			jobs = append(jobs, &queue.Job{Run: fmt.Sprint("r", i), Needs: []string{"", "a", "b"}[i%3]})
		}
		b.add(jobs...)
		gone, cancel := context.WithCancel(b.Context())
		cancel()
		var mu sync.Mutex
		did := map[string]int{}
		var wg sync.WaitGroup
		for i := range callers {
			wg.Go(func() {
				labels := [][]string{{"a"}, {"a", "b"}, {"b"}}[i%3]
				for {
					// Who has given up takes nothing from the others.
					if got, err := b.q.Claim(gone, queue.Want{Robot: "gone", Labels: labels}); err == nil && got[0] != nil {
						b.Error("a caller that had given up was given a job")
					}
					got, err := b.q.Claim(b.Context(), queue.Want{Robot: fmt.Sprint(i), Labels: labels}, queue.Want{Robot: fmt.Sprint(i), Labels: labels})
					if err != nil {
						b.Error(err)
						return
					}
					n := 0
					for _, j := range got {
						if j == nil {
							continue
						}
						n++
						if j.Robot != fmt.Sprint(i) || j.Needs != "" && j.Needs != labels[0] && j.Needs != labels[len(labels)-1] {
							b.Errorf("robot %d with %v was given the job of %s that needs %q", i, labels, j.Robot, j.Needs)
						}
						mu.Lock()
						did[j.Run]++
						mu.Unlock()
						// One that somebody else holds is lost, and only that.
						lost, err := b.q.Finish(b.Context(), queue.Grant(j.ID, j.Fence()-1), j)
						if err != nil || len(lost) != 1 || lost[0] == j {
							b.Errorf("finishing: %v %v", lost, err)
						}
					}
					if n == 0 {
						return
					}
				}
			})
		}
		wg.Wait()
		if len(did) != len(jobs) {
			b.Errorf("%d of %d jobs were done", len(did), len(jobs))
		}
		for run, n := range did {
			if n != 1 {
				b.Errorf("%s was done %d times", run, n)
			}
		}
	})
}

// A claim that a crash of the server undoes is claimed again under another fence:
// who had it before cannot pass for the holder.
func TestClaimThatTheServerForgot(t *testing.T) {
	each(t, func(b bench) {
		if b.d.Pool == nil {
			b.Skip("SQLite forgets no claim")
		}
		b.add(&queue.Job{Run: "r"})
		first := b.claim(1)[0]
		// As the row was before.
		b.sql(`UPDATE {s}job SET state = 0, attempt = 0, fence = 0, robot = '', lease_until = 0, claimed = 0`)
		// The server needs longer than a millisecond to come back.
		start := b.now()
		for !b.now().After(start) {
		}
		second := b.claim(1)[0]
		if lost, err := b.q.Extend(b.Context(), 0, first); err != nil || len(lost) != 1 {
			b.Errorf("the first holder extended its lease: %v %v", lost, err)
		}
		if lost, err := b.q.Finish(b.Context(), first); err != nil || len(lost) != 1 {
			b.Errorf("the first holder finished: %v %v", lost, err)
		}
		if err := b.q.Fail(b.Context(), first, "x", true); !errors.Is(err, queue.ErrLeaseLost) {
			b.Errorf("the first holder failed it: %v", err)
		}
		if lost, err := b.q.Finish(b.Context(), second); err != nil || len(lost) != 0 {
			b.Errorf("the second holder: %v %v", lost, err)
		}
	})
}

func (b bench) now() time.Time {
	b.Helper()
	now, err := b.q.Now(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	return now
}

// Processes that only add jobs do not wait for each other, though none has read
// the lanes: a transaction that stays open keeps nobody else from adding.
func TestAddersDoNotWait(t *testing.T) {
	each(t, func(b bench) {
		if b.d.Pool == nil {
			b.Skip("SQLite lets one write at a time")
		}
		b.add(&queue.Job{Run: "first"})
		err := b.d.Tx(b.Context(), func(tx *db.Tx) error {
			if _, err := queue.New(b.d).Add(b.Context(), tx, &queue.Job{Run: "a"}); err != nil {
				return err
			}
			ctx, cancel := context.WithTimeout(b.Context(), time.Minute)
			defer cancel()
			return b.d.Tx(ctx, func(other *db.Tx) error {
				_, err := queue.New(b.d).Add(ctx, other, &queue.Job{Run: "b"})
				return err
			})
		})
		if err != nil {
			b.Errorf("adding while another transaction is open: %v", err)
		}
		// A lane whose transaction is undone is not remembered.
		undo := errors.New("undo")
		if err := b.d.Tx(b.Context(), func(tx *db.Tx) error {
			if _, err := b.q.Add(b.Context(), tx, &queue.Job{Run: "c", Tenant: "new"}); err != nil {
				return err
			}
			return undo
		}); !errors.Is(err, undo) {
			b.Fatal(err)
		}
		b.add(&queue.Job{Run: "d", Tenant: "new"})
		jobs, err := queue.New(b.d).Jobs(b.Context(), queue.Filter{Tenant: "new"})
		if err != nil || runs(jobs) != "d" {
			b.Errorf("jobs of the new tenant: %q %v", runs(jobs), err)
		}
	})
}

// One tenant has a long backlog; another adds jobs one at a time, in this process
// or in another. Each of its jobs waits behind a bounded number of the flood's.
func TestFlood(t *testing.T) {
	each(t, func(b bench) {
		const flood, robots, most = 2000, 4, 300
		b.add(&queue.Job{Run: "known", Tenant: "other"})
		if lost, err := b.q.Finish(b.Context(), b.claim(1)...); err != nil || len(lost) > 0 {
			b.Fatal(lost, err)
		}
		var jobs []*queue.Job
		for i := range flood {
			jobs = append(jobs, &queue.Job{Run: fmt.Sprint("flood", i), Tenant: "flood"})
		}
		b.add(jobs...)
		d := dispatch(b.T, b.q, queue.DispatcherOptions{})
		var given atomic.Int64 // of the flood
		took := make(chan int64)
		ctx, stop := context.WithCancel(b.Context())
		var wg sync.WaitGroup
		defer wg.Wait()
		defer stop()
		for i := range robots {
			wg.Go(func() {
				for {
					l, err := d.Next(ctx, queue.Want{Robot: fmt.Sprint(i)})
					if err != nil {
						return
					}
					n := given.Load()
					if l.Job.Tenant == "other" {
						select {
						case took <- n:
						case <-ctx.Done():
						}
					} else {
						given.Add(1)
					}
					if err := d.Finish(context.WithoutCancel(ctx), l); err != nil {
						b.Error(err)
					}
				}
			})
		}
		far := bench{b.T, b.d, queue.New(b.d)}
		for i := range 4 {
			adder := b
			if i%2 == 1 {
				adder = far
			}
			adder.add(&queue.Job{Run: fmt.Sprint("other", i), Tenant: "other"})
			before := given.Load()
			if waited := <-took - before; waited > most {
				b.Errorf("job %d waited behind %d of the flood's, want at most %d", i, waited, most)
			}
		}
	})
}
