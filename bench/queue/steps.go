package main

import (
	"context"
	"database/sql"
	"fmt"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/aether-rpa/aether/internal/db"
	"github.com/aether-rpa/aether/internal/queue"
)

// compared heads the tables of pairs.
var compared = []string{"Shape", "Aether", "Against", "Ratio", "Aim"}

// commits measures bare transactions of one inserted row.
func (b *bench) commits(ctx context.Context) error {
	target, err := b.server.database(ctx, "bench_commits")
	if err != nil {
		return err
	}
	d, err := sql.Open("pgx", target)
	if err != nil {
		return err
	}
	defer d.Close()
	d.SetMaxIdleConns(64)
	if _, err := d.ExecContext(ctx, `CREATE TABLE bare (id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, data TEXT)`); err != nil {
		return err
	}
	t := b.table("The limit: commits of one row", "Connections", "Commits")
	for _, conns := range []int{1, 4, 16, 64} {
		m, err := b.measure(ctx, group{what: fmt.Sprint(conns, " connections"), cells: []cell{{"commits", func(ctx context.Context) (float64, error) {
			return bare(ctx, d, conns, b.span)
		}}}})
		if err != nil {
			return err
		}
		t.rows = append(t.rows, []string{fmt.Sprint(conns), rate(m[0])})
	}
	return nil
}

func bare(ctx context.Context, d *sql.DB, conns int, span time.Duration) (float64, error) {
	until, stop := context.WithTimeout(ctx, span)
	defer stop()
	var n atomic.Int64
	start := time.Now()
	err := each(conns, func(int) error {
		c, err := d.Conn(ctx)
		if err != nil {
			return err
		}
		defer c.Close()
		for until.Err() == nil {
			if _, err := c.ExecContext(ctx, `INSERT INTO bare (data) VALUES ($1)`, string(payload)); err != nil {
				return err
			}
			n.Add(1)
		}
		return nil
	})
	return float64(n.Load()) / time.Since(start).Seconds(), err
}

// grid are the combinations of batch and workers.
func (b *bench) grid() (out [][2]int) {
	if !b.full {
		return [][2]int{{1, 1}, {1, 16}, {10, 4}, {100, 1}, {100, 4}, {100, 16}, {1000, 4}}
	}
	for _, batch := range []int{1, 10, 100, 1000} {
		for _, workers := range []int{1, 4, 16, 64} {
			out = append(out, [2]int{batch, workers})
		}
	}
	return out
}

// work is how many jobs a cell does: those that do one at a time do fewer.
func (b *bench) work(batch, workers int) int {
	n := b.jobs
	switch {
	case batch == 1:
		n /= 10
	case batch == 10:
		n /= 2
	}
	return max(n, 2*batch*workers)
}

func (b *bench) enqueue(ctx context.Context) error {
	o, err := b.own(ctx, "bench_own", 70)
	if err != nil {
		return err
	}
	defer o.d.Close()
	r, err := b.river(ctx)
	if err != nil {
		return err
	}
	defer r.pool.Close()
	t := b.table("Enqueue", compared...)
	for _, g := range b.grid() {
		batch, workers := g[0], g[1]
		n := b.work(batch, workers)
		if err := b.compare(ctx, t, group{what: shape(batch, workers), cells: []cell{{"Aether", o.enqueued(n, workers, batch, one)}, {"River", r.enqueued(n, workers, batch)}}}); err != nil {
			return err
		}
	}
	return nil
}

func (b *bench) claim(ctx context.Context) error {
	o, err := b.own(ctx, "bench_own", 70)
	if err != nil {
		return err
	}
	defer o.d.Close()
	r, err := b.river(ctx)
	if err != nil {
		return err
	}
	defer r.pool.Close()
	t := b.table("Claim and finish a backlog", append(slices.Clone(compared), "Processor time of a job: the process + the server")...)
	for _, g := range b.grid() {
		batch, workers := g[0], g[1]
		n := b.work(batch, workers)
		if err := b.compare(ctx, t, group{what: shape(batch, workers), aim: "≥ 4×", cells: []cell{{"Aether", o.claimed(n, n, workers, batch, one)}, {"River", r.worked(n, batch*workers)}}}); err != nil {
			return err
		}
	}
	b.note("River has one client with batch × workers goroutines: it fetches and completes in batches of its own.")
	return nil
}

// endToEnd measures PgQueuer's two shapes, which the step pgqueuer compares.
func (b *bench) endToEnd(ctx context.Context) error {
	o, err := b.own(ctx, "bench_own", 70)
	if err != nil {
		return err
	}
	defer o.d.Close()
	r, err := b.river(ctx)
	if err != nil {
		return err
	}
	defer r.pool.Close()
	t := b.table("End to end: added, claimed, finished", compared...)
	for _, s := range []struct {
		producers, per, workers, batch int
		aim                            string
	}{{1, 1, 1, 1, ""}, {1, 10, 5, 10, ""}, {1, 100, 2, 100, "> 18k/s"}, {4, 100, 4, 100, ""}} {
		what := fmt.Sprintf("%s of %d, %s of %d", plural("producer", s.producers), s.per, plural("worker", s.workers), s.batch)
		if err := b.compare(ctx, t, group{what: what, aim: s.aim, cells: []cell{
			{"Aether", o.through(s.producers, s.per, s.workers, s.batch, one)}, {"River", r.through(s.producers, s.per, s.workers*s.batch)}}}); err != nil {
			return err
		}
	}
	return nil
}

func (b *bench) dispatcher(ctx context.Context) error {
	o, err := b.own(ctx, "bench_own", 20)
	if err != nil {
		return err
	}
	defer o.d.Close()
	r, err := b.river(ctx)
	if err != nil {
		return err
	}
	defer r.pool.Close()
	t := b.table("Robots with one job at a time behind one dispatcher", compared...)
	for _, robots := range []int{1, 16, 64, 256} {
		aim := ""
		if robots == 64 {
			aim = "≥ 30k/s"
		}
		n := b.jobs
		if robots == 1 {
			n /= 10
		}
		if err := b.compare(ctx, t, group{what: plural("robot", robots), aim: aim, cells: []cell{{"Aether", o.dispatched(n, robots, one)}, {"River", r.worked(n, robots)}}}); err != nil {
			return err
		}
	}
	return nil
}

func (b *bench) fair(ctx context.Context) error {
	o, err := b.own(ctx, "bench_own", 70)
	if err != nil {
		return err
	}
	defer o.d.Close()
	m, err := b.own(ctx, "bench_fair", 70)
	if err != nil {
		return err
	}
	defer m.d.Close()
	t := b.table("Fair: 50 tenants × 4 label sets", "Shape", "Fair", "Against", "Ratio", "Aim")
	for _, g := range [][2]int{{100, 1}, {100, 4}} {
		if err := b.compare(ctx, t, group{what: "claim and finish, " + shape(g[0], g[1]), aim: "≥ 0.9×", cells: []cell{
			{"fair", m.claimed(b.jobs, b.jobs, g[1], g[0], many)}, {"one tenant", o.claimed(b.jobs, b.jobs, g[1], g[0], one)}}}); err != nil {
			return err
		}
	}
	return b.compare(ctx, t, group{what: "64 robots behind a dispatcher", aim: "≥ 0.9×", cells: []cell{
		{"fair", m.dispatched(b.jobs, 64, many)}, {"one tenant", o.dispatched(b.jobs, 64, one)}}})
}

func (b *bench) backlog(ctx context.Context) error {
	small, large := 10_000, 1_000_000
	if b.quick {
		large = 100_000
	}
	s, err := b.own(ctx, "bench_own", 70)
	if err != nil {
		return err
	}
	defer s.d.Close()
	l, err := b.own(ctx, "bench_backlog", 70)
	if err != nil {
		return err
	}
	defer l.d.Close()
	t := b.table("A long backlog", "Shape", fmt.Sprintf("%d jobs", large), "Against", "Ratio", "Aim")
	for _, g := range [][2]int{{1, 16}, {100, 4}} {
		n := min(b.work(g[0], g[1]), small)
		if err := b.compare(ctx, t, group{what: "claim and finish, " + shape(g[0], g[1]), aim: "≥ 0.9×", cells: []cell{
			{"long", l.claimed(large, n, g[1], g[0], one)}, {fmt.Sprintf("%d jobs", small), s.claimed(small, n, g[1], g[0], one)}}}); err != nil {
			return err
		}
	}
	return nil
}

// snapshot measures with another session's snapshot open, which keeps
// PostgreSQL from removing what is finished.
func (b *bench) snapshot(ctx context.Context) error {
	o, err := b.own(ctx, "bench_own", 70)
	if err != nil {
		return err
	}
	defer o.d.Close()
	h, err := b.own(ctx, "bench_held", 70)
	if err != nil {
		return err
	}
	defer h.d.Close()
	target := h.d.Pool.Config().ConnString()
	c, err := pgx.Connect(ctx, target)
	if err != nil {
		return err
	}
	defer func() { _ = c.Close(ctx) }()
	tx, err := c.BeginTx(ctx, pgx.TxOptions{IsoLevel: pgx.RepeatableRead})
	if err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, `SELECT count(*) FROM aether.job`); err != nil {
		return err
	}
	flow := func(o *own) func(context.Context) (float64, error) {
		return func(ctx context.Context) (float64, error) { return o.flow(ctx, b.span, 1, 100, 4, 20, one) }
	}
	t := b.table("A snapshot held open by another session, from the first round to the last", "Shape", "Held", "Against", "Ratio", "Aim")
	err = b.compare(ctx, t, group{what: "end to end, 1 producer of 100, 4 workers of 20", aim: "≥ 0.8×", cells: []cell{{"held", flow(h)}, {"no snapshot", flow(o)}}})
	_ = tx.Rollback(ctx)
	return err
}

func (b *bench) sqlite(ctx context.Context) error {
	t := b.table("SQLite, synchronous=FULL", "Shape", "Rate", "Against", "Ratio", "Aim")
	d, err := db.Open(ctx, "sqlite:"+filepath.Join(b.dir, "queue.db"), db.Options{})
	if err != nil {
		return err
	}
	defer d.Close()
	o := &own{b: b, d: d, q: queue.New(d)}
	for _, g := range [][2]int{{1, 1}, {1, 16}, {100, 1}, {1000, 1}} {
		n := b.work(g[0], g[1])
		if err := b.compare(ctx, t, group{what: "enqueue, " + shape(g[0], g[1]), cells: []cell{{"Aether", o.enqueued(n, g[1], g[0], one)}}}); err != nil {
			return err
		}
		if err := b.compare(ctx, t, group{what: "claim and finish, " + shape(g[0], g[1]), cells: []cell{{"Aether", o.claimed(n, n, g[1], g[0], one)}}}); err != nil {
			return err
		}
	}
	for _, callers := range []int{1, 16, 256} {
		aim := ""
		if callers == 256 {
			aim = "≥ 60k/s"
		}
		if err := b.compare(ctx, t, group{what: fmt.Sprintf("end to end with group commit, %s and as many robots", plural("caller", callers)), aim: aim, cells: []cell{{"Aether", o.grouped(callers)}}}); err != nil {
			return err
		}
	}
	return nil
}

// grouped measures callers that each add one job and wait until it is durable,
// and as many robots that do them, all behind one dispatcher. As an agent does, a
// robot asks for its next job when it says that one is done.
func (o *own) grouped(callers int) func(context.Context) (float64, error) {
	return func(ctx context.Context) (float64, error) {
		if err := o.empty(ctx); err != nil {
			return 0, err
		}
		d := queue.NewDispatcher(o.q, queue.DispatcherOptions{})
		run, stop := context.WithCancel(ctx)
		var wg sync.WaitGroup
		wg.Go(func() { d.Run(run) })
		defer wg.Wait()
		defer stop()
		until, cancel := context.WithTimeout(ctx, o.b.span)
		defer cancel()
		var done atomic.Int64
		var took time.Duration
		work := func(i int) error {
			next := queue.Asked{}
			ask := func() { next = d.Ask(until, queue.Want{Robot: "robot", Labels: labels}) }
			if i%2 == 1 {
				ask()
			}
			for until.Err() == nil {
				if i%2 == 0 {
					if _, err := d.Add(ctx, o.make(1, one)...); err != nil {
						return err
					}
					continue
				}
				l, err := next.Wait()
				if err != nil {
					return nil //nolint:nilerr // the time is over
				}
				ask()
				if err := d.Finish(ctx, l); err != nil {
					return err
				}
				done.Add(1)
			}
			return nil
		}
		err := o.b.uses(func() (int64, error) {
			start := time.Now()
			err := each(2*callers, work)
			took = time.Since(start)
			return done.Load(), err
		})
		return float64(done.Load()) / took.Seconds(), err
	}
}
