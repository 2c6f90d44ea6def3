package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aether-rpa/aether/internal/db"
	"github.com/aether-rpa/aether/internal/queue"
)

// payload is what every job of every queue carries: about a hundred bytes.
var payload = json.RawMessage(`{"flow":"sha256:0123456789abcdef0123456789abcdef","input":{"invoice":"2026-000123","amount":"129.90"}}`)

// own is Aether's queue in a database of its own.
type own struct {
	b  *bench
	d  *db.DB
	q  *queue.Queue
	id atomic.Int64
}

func (b *bench) own(ctx context.Context, name string, conns int) (*own, error) {
	target, err := b.server.database(ctx, name)
	if err != nil {
		return nil, err
	}
	d, err := db.Open(ctx, target, db.Options{MaxConns: conns})
	if err != nil {
		return nil, err
	}
	return &own{b: b, d: d, q: queue.New(d)}, nil
}

// lanes are the tenants and label sets that jobs have: one, or 50 × 4.
type lanes struct{ tenants, needs []string }

var (
	one  = lanes{[]string{""}, []string{""}}
	many = func() lanes {
		l := lanes{needs: []string{"", "linux", "chromium && linux", "linux || windows"}}
		for i := range 50 {
			l.tenants = append(l.tenants, fmt.Sprint("tenant", i))
		}
		return l
	}()
)

// labels fit every job.
var labels = []string{"linux", "chromium"}

func (o *own) make(n int, l lanes) []*queue.Job {
	out := make([]*queue.Job, n)
	for i := range out {
		k := o.id.Add(1)
		out[i] = &queue.Job{Run: fmt.Sprintf("run-%012d", k), Tenant: l.tenants[int(k)%len(l.tenants)], Needs: l.needs[int(k)/len(l.tenants)%len(l.needs)], Payload: payload}
	}
	return out
}

func (o *own) add(ctx context.Context, n int, l lanes) error {
	jobs := o.make(n, l)
	return o.d.Tx(ctx, func(tx *db.Tx) error {
		_, err := o.q.Add(ctx, tx, jobs...)
		return err
	})
}

// fill adds jobs until there are n, and lets the database settle.
func (o *own) fill(ctx context.Context, n int, l lanes) error {
	var have int
	if err := o.d.QueryRow(ctx, `SELECT count(*) FROM {s}job`).Scan(&have); err != nil {
		return err
	}
	for ; have < n; have += 1000 {
		if err := o.add(ctx, min(1000, n-have), l); err != nil {
			return err
		}
	}
	if o.d.Pool == nil {
		return nil
	}
	if _, err := o.d.Exec(ctx, `ANALYZE {s}job`); err != nil {
		return err
	}
	return o.b.server.settle(ctx)
}

func (o *own) empty(ctx context.Context) error {
	list := []string{"job", "job_key", "job_log"}
	for _, t := range list {
		query := `TRUNCATE {s}` + t
		if o.d.Pool == nil {
			query = `DELETE FROM {s}` + t
		}
		if _, err := o.d.Exec(ctx, query); err != nil {
			return err
		}
	}
	if o.d.Pool == nil {
		return nil
	}
	return o.b.server.settle(ctx)
}

// each runs fn in parallel and returns the first error.
func each(n int, fn func(i int) error) error {
	var wg sync.WaitGroup
	errs := make([]error, n)
	for i := range n {
		wg.Go(func() { errs[i] = fn(i) })
	}
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// enqueued measures adding n jobs, batch at a time, by some workers.
func (o *own) enqueued(n, workers, batch int, l lanes) func(context.Context) (float64, error) {
	return func(ctx context.Context) (float64, error) {
		if err := o.empty(ctx); err != nil {
			return 0, err
		}
		left := atomic.Int64{}
		left.Store(int64(n))
		start := time.Now()
		err := each(workers, func(int) error {
			for left.Add(int64(-batch)) >= 0 {
				if err := o.add(ctx, batch, l); err != nil {
					return err
				}
			}
			return nil
		})
		return float64(n/batch*batch) / time.Since(start).Seconds(), err
	}
}

func wants(n int, who string) []queue.Want {
	out := make([]queue.Want, n)
	for i := range out {
		out[i] = queue.Want{Robot: who, Labels: labels}
	}
	return out
}

// claimed measures n jobs of a backlog that workers claim and finish, batch at
// a time, each for itself. The backlog is filled up again before each round.
func (o *own) claimed(backlog, n, workers, batch int, l lanes) func(context.Context) (float64, error) {
	return func(ctx context.Context) (float64, error) {
		if err := o.fill(ctx, backlog, l); err != nil {
			return 0, err
		}
		var done int64
		var took time.Duration
		err := o.b.uses(func() (_ int64, err error) {
			start := time.Now()
			done, err = o.work(ctx, n, workers, batch)
			took = time.Since(start)
			return done, err
		})
		return float64(done) / took.Seconds(), err
	}
}

// work claims and finishes jobs until n are done or none is left.
func (o *own) work(ctx context.Context, n, workers, batch int) (int64, error) {
	var done atomic.Int64
	err := each(workers, func(i int) error {
		w := wants(batch, fmt.Sprint("robot", i))
		dry := 0
		for done.Load() < int64(n) && dry < 100 {
			got, err := o.q.Claim(ctx, w...)
			if err != nil {
				return err
			}
			jobs := got[:0]
			for _, j := range got {
				if j != nil {
					jobs = append(jobs, j)
				}
			}
			if len(jobs) == 0 {
				dry++
				continue
			}
			dry = 0
			lost, err := o.q.Finish(ctx, jobs...)
			if err != nil {
				return err
			}
			if len(lost) > 0 {
				return fmt.Errorf("%d leases were lost", len(lost))
			}
			done.Add(int64(len(jobs)))
		}
		return nil
	})
	return done.Load(), err
}

// through measures jobs from being added to being finished for a while:
// producers add per at a time as fast as they can, workers claim and finish.
func (o *own) through(producers, per, workers, batch int, l lanes) func(context.Context) (float64, error) {
	return func(ctx context.Context) (float64, error) {
		if err := o.empty(ctx); err != nil {
			return 0, err
		}
		return o.flow(ctx, o.b.span, producers, per, workers, batch, l)
	}
}

func (o *own) flow(ctx context.Context, span time.Duration, producers, per, workers, batch int, l lanes) (float64, error) {
	until, stop := context.WithTimeout(ctx, span)
	defer stop()
	var done atomic.Int64
	news := o.d.Listen(until, queue.Topic)
	start := time.Now()
	err := each(producers+workers, func(i int) error {
		if i < producers {
			for until.Err() == nil {
				if err := o.add(ctx, per, l); err != nil {
					return err
				}
			}
			return nil
		}
		for until.Err() == nil {
			n, err := o.work(ctx, 1, 1, batch)
			if err != nil {
				return err
			}
			if done.Add(n); n == 0 {
				select {
				case <-news:
				case <-until.Done():
				}
			}
		}
		return nil
	})
	return float64(done.Load()) / time.Since(start).Seconds(), err
}

// dispatched measures n jobs of a backlog that robots with one job at a time do
// through one dispatcher.
func (o *own) dispatched(n, robots int, l lanes) func(context.Context) (float64, error) {
	return func(ctx context.Context) (float64, error) {
		if err := o.fill(ctx, n, l); err != nil {
			return 0, err
		}
		d := queue.NewDispatcher(o.q, queue.DispatcherOptions{})
		run, stop := context.WithCancel(ctx)
		var wg sync.WaitGroup
		wg.Go(func() { d.Run(run) })
		defer wg.Wait()
		defer stop()
		until, enough := context.WithCancel(ctx)
		defer enough()
		var done atomic.Int64
		start := time.Now()
		err := each(robots, func(i int) error {
			for {
				l, err := d.Next(until, queue.Want{Robot: fmt.Sprint("robot", i), Labels: labels})
				if err != nil {
					return nil //nolint:nilerr // all is done
				}
				if err := d.Finish(ctx, l); err != nil {
					return err
				}
				if done.Add(1) == int64(n) {
					enough()
				}
			}
		})
		return float64(done.Load()) / time.Since(start).Seconds(), err
	}
}

func shape(batch, workers int) string { return fmt.Sprintf("batch %d, %d workers", batch, workers) }

func plural(what string, n int) string {
	if n != 1 && !strings.HasSuffix(what, "s") {
		what += "s"
	}
	return fmt.Sprintf("%d %s", n, what)
}
