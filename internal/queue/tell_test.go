package queue_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/aether-rpa/aether/internal/queue"
	"github.com/aether-rpa/aether/internal/tally"
)

// tallied returns what was counted, in words.
func (b bench) tallied() string {
	c := b.q.Tally.Counts()
	out := ""
	for _, x := range []struct {
		name string
		n    tally.Count
	}{{"expired", tally.Expired}, {"retried after failing", tally.RetriedFailed}, {"retried after expiring", tally.RetriedExpired},
		{"dead by failing", tally.DeadFailed}, {"dead by expiring", tally.DeadExpired}, {"dead by deadline", tally.DeadLate}, {"poison", tally.DeadPoison}} {
		if n := c.Of(x.n); n > 0 {
			out += fmt.Sprintf("%s %d, ", x.name, n)
		}
	}
	return out
}

func TestTally(t *testing.T) {
	each(t, func(b bench) {
		ctx := b.Context()
		want := func(after, want string) {
			b.Helper()
			if got := b.tallied(); got != want {
				b.Errorf("after %s: %q, want %q", after, got, want)
			}
		}
		due := func(run string) { b.sql(`UPDATE {s}job SET state = 0 WHERE run = $1`, run) }
		b.add(&queue.Job{Run: "a", Retry: queue.Retry{Attempts: 2}})
		want("adding", "")
		j := b.claim(1)[0]
		if err := b.q.Fail(ctx, j, "no", false); err != nil {
			b.Fatal(err)
		}
		want("a failed attempt", "retried after failing 1, ")
		due("a")
		j = b.claim(1)[0]
		if err := b.q.Fail(ctx, j, "no", false); err != nil {
			b.Fatal(err)
		}
		want("the last one", "retried after failing 1, dead by failing 1, ")
		if err := b.q.Fail(ctx, j, "no", false); err == nil {
			b.Error("a dead letter failed again")
		}
		b.add(&queue.Job{Run: "c"})
		j = b.claim(1)[0]
		if _, err := b.q.Cancel(ctx, j.ID, "enough"); err != nil {
			b.Fatal(err)
		}
		if err := b.q.Fail(ctx, j, "no", false); err != nil {
			b.Fatal(err)
		}
		want("failing what was cancelled, and was lost", "retried after failing 1, dead by failing 1, ")
		b.q.Tally = &tally.Tally{}

		b.add(&queue.Job{Run: "e", Retry: queue.Retry{Attempts: 2}})
		b.claim(1)
		b.expire("e")
		b.tick()
		want("a lease that ran out", "expired 1, retried after expiring 1, ")
		due("e")
		b.claim(1)
		b.expire("e")
		b.tick()
		b.tick()
		want("the last one", "expired 2, retried after expiring 1, dead by expiring 1, ")
		b.q.Tally = &tally.Tally{}

		b.add(&queue.Job{Run: "p", Retry: queue.Retry{Attempts: 9}})
		for i := range queue.PoisonAfter {
			if got, err := b.q.Claim(ctx, queue.Want{Robot: fmt.Sprint("victim", i)}); err != nil || got[0] == nil {
				b.Fatal(got, err)
			}
			b.expire("p")
			b.tick()
			due("p")
		}
		want("robots that died", "expired 3, retried after expiring 2, poison 1, ")
		b.q.Tally = &tally.Tally{}

		b.sql(`DELETE FROM {s}job`)
		b.add(&queue.Job{Run: "d", Deadline: time.Now().Add(time.Hour)})
		b.sql(`UPDATE {s}job SET deadline = 1 WHERE run = 'd'`)
		b.tick()
		want("a deadline", "dead by deadline 1, ")
	})
}

// A dispatcher counts how long jobs waited, once for each that a robot got.
func TestTallyOfClaims(t *testing.T) {
	each(t, func(b bench) {
		ctx, cancel := context.WithCancel(b.Context())
		defer cancel()
		b.add(&queue.Job{Run: "a"}, &queue.Job{Run: "b"})
		b.sql(`UPDATE {s}job SET ready_at = ready_at - 40000`)
		d := queue.NewDispatcher(b.q, queue.DispatcherOptions{})
		var wg sync.WaitGroup
		defer wg.Wait()
		defer cancel()
		wg.Go(func() { d.Run(ctx) })
		next := func() *queue.Lease {
			b.Helper()
			l, err := d.Next(ctx, queue.Want{Robot: "r"})
			if err != nil {
				b.Fatal(err)
			}
			return l
		}
		one, two := next(), next()
		if w := two.Job.Waited(); w < 40*time.Second || w > 5*time.Minute {
			b.Errorf("waited %s, want the 40 s that it was ready", w)
		}
		if err := d.Finish(ctx, one); err != nil {
			b.Fatal(err)
		}
		// Given back, it waits anew: what a robot did with it is no waiting.
		if err := d.Release(ctx, two, time.Time{}); err != nil {
			b.Fatal(err)
		}
		if w := next().Job.Waited(); w >= 40*time.Second {
			b.Errorf("waited %s since it was given back", w)
		}
		buckets, sum := b.q.Tally.Counts().Times(tally.Claimed)
		n := int64(0)
		for _, x := range buckets {
			n += x
		}
		if n != 3 || sum < 80*time.Second {
			b.Errorf("%d claims of %s together, want 3 of 80 s and more", n, sum)
		}
	})
}

// A job that waits for room in its slot is ready when it has it.
func TestWaitedForRoom(t *testing.T) {
	each(t, func(b bench) {
		slot := queue.Slot{Key: "s", Limit: 1}
		b.add(&queue.Job{Run: "a", Slot: slot}, &queue.Job{Run: "b", Slot: slot})
		b.sql(`UPDATE {s}job SET ready_at = ready_at - 3600000`)
		a := b.claim(2)
		if len(a) != 1 || a[0].Waited() < time.Hour {
			b.Fatalf("claimed %v", runs(a))
		}
		if _, err := b.q.Finish(b.Context(), a...); err != nil {
			b.Fatal(err)
		}
		if c := b.claim(1); len(c) != 1 || c[0].Waited() >= time.Hour {
			b.Errorf("claimed %v, which counts the time without room as waiting for a robot", runs(c))
		}
	})
}
