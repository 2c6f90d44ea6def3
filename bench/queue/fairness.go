package main

import (
	"context"
	"fmt"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/aether-rpa/aether/internal/db"
	"github.com/aether-rpa/aether/internal/queue"
)

// fairness measures how long the jobs of a tenant wait that adds some now and
// then, while another tenant has a long backlog, beside the same without it.
func (b *bench) fairness(ctx context.Context) error {
	o, err := b.own(ctx, "bench_own", 20)
	if err != nil {
		return err
	}
	defer o.d.Close()
	other, err := db.Open(ctx, o.d.Pool.Config().ConnString(), db.Options{})
	if err != nil {
		return err
	}
	defer other.Close()
	far := &own{b: b, d: other, q: queue.New(other)}
	n := 20 * b.rounds * int(b.span.Seconds())
	var flooded, alone []time.Duration
	// Turns of twenty jobs each.
	for i := 0; i < n; i += 20 {
		if err := o.fill(ctx, b.jobs, lanes{[]string{"flood"}, one.needs}); err != nil {
			return err
		}
		w, err := o.waitsOf(ctx, far, "other", 20)
		if err != nil {
			return err
		}
		if err := o.empty(ctx); err != nil {
			return err
		}
		a, err := o.waitsOf(ctx, far, "other", 20)
		if err != nil {
			return err
		}
		flooded, alone = append(flooded, w...), append(alone, a...)
	}
	t := b.table("Fairness: the wait of a tenant that adds single jobs from another process, 16 robots", "Beside it", "p50", "p95", "Aim")
	for _, x := range []struct {
		name string
		all  []time.Duration
	}{{fmt.Sprintf("another tenant with a backlog of %d jobs", b.jobs), flooded}, {"nobody", alone}} {
		slices.Sort(x.all)
		p := func(q float64) string {
			return x.all[int(q*float64(len(x.all)-1))].Round(10 * time.Microsecond).String()
		}
		t.rows = append(t.rows, []string{x.name, p(0.5), p(0.95), "p95 bounded"})
		fmt.Fprintln(os.Stderr, "  ", x.name, p(0.5), p(0.95))
	}
	return nil
}

// waitsOf adds jobs of a tenant with from, one at a time, and tells how long each
// waited for one of sixteen robots of o, that do all jobs.
func (o *own) waitsOf(ctx context.Context, from *own, tenant string, n int) ([]time.Duration, error) {
	d := queue.NewDispatcher(o.q, queue.DispatcherOptions{})
	run, stop := context.WithCancel(ctx)
	var wg sync.WaitGroup
	wg.Go(func() { d.Run(run) })
	defer wg.Wait()
	defer stop()
	began := make(chan time.Time, 1)
	for range 16 {
		wg.Go(func() {
			for {
				l, err := d.Next(run, queue.Want{Robot: "robot", Labels: labels})
				if err != nil {
					return
				}
				if l.Job.Tenant == tenant {
					began <- time.Now()
				}
				if d.Finish(run, l) != nil {
					return
				}
			}
		})
	}
	var out []time.Duration
	for i := range n + 1 {
		start := time.Now()
		if err := from.add(ctx, 1, lanes{[]string{tenant}, one.needs}); err != nil {
			return nil, err
		}
		if took := (<-began).Sub(start); i > 0 { // the first waits for the listener
			out = append(out, took)
		}
		if err := pause(ctx, latencyPause); err != nil {
			return nil, err
		}
	}
	return out, nil
}
