package main

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivermigrate"
)

// riverQueue is River in a database of its own, with the settings that suit it
// best: fetches as often as it allows, bulk inserts without answers.
type riverQueue struct {
	b    *bench
	pool *pgxpool.Pool
	ins  *river.Client[pgx.Tx]
	work func(sent time.Time) // what a job does
}

type riverArgs struct {
	Data json.RawMessage `json:"data"`
	Sent time.Time       `json:"sent,omitzero"`
}

// Kind implements river.JobArgs.
func (riverArgs) Kind() string { return "bench" }

type riverWorker struct {
	river.WorkerDefaults[riverArgs]
	r *riverQueue
}

// Work implements river.Worker.
func (w *riverWorker) Work(_ context.Context, j *river.Job[riverArgs]) error {
	w.r.work(j.Args.Sent)
	return nil
}

func (b *bench) river(ctx context.Context) (*riverQueue, error) {
	target, err := b.server.database(ctx, "bench_river")
	if err != nil {
		return nil, err
	}
	cfg, err := pgxpool.ParseConfig(target)
	if err != nil {
		return nil, err
	}
	cfg.MaxConns = 70
	pool, err := pgxpool.NewWithConfig(ctx, cfg)
	if err != nil {
		return nil, err
	}
	m, err := rivermigrate.New(riverpgxv5.New(pool), &rivermigrate.Config{Logger: quiet()})
	if err != nil {
		return nil, err
	}
	if _, err := m.Migrate(ctx, rivermigrate.DirectionUp, nil); err != nil {
		return nil, err
	}
	r := &riverQueue{b: b, pool: pool}
	r.ins, err = river.NewClient(riverpgxv5.New(pool), &river.Config{Logger: quiet()})
	return r, err
}

func quiet() *slog.Logger { return slog.New(slog.NewTextHandler(io.Discard, nil)) }

func (r *riverQueue) empty(ctx context.Context) error {
	if _, err := r.pool.Exec(ctx, `TRUNCATE river_job`); err != nil {
		return err
	}
	return r.b.server.settle(ctx)
}

func (r *riverQueue) add(ctx context.Context, n int) error {
	if n == 1 {
		_, err := r.ins.Insert(ctx, riverArgs{Data: payload}, nil)
		return err
	}
	jobs := make([]river.InsertManyParams, n)
	for i := range jobs {
		jobs[i] = river.InsertManyParams{Args: riverArgs{Data: payload}}
	}
	_, err := r.ins.InsertManyFast(ctx, jobs)
	return err
}

func (r *riverQueue) enqueued(n, workers, batch int) func(context.Context) (float64, error) {
	return func(ctx context.Context) (float64, error) {
		if err := r.empty(ctx); err != nil {
			return 0, err
		}
		var left atomic.Int64
		left.Store(int64(n))
		start := time.Now()
		err := each(workers, func(int) error {
			for left.Add(int64(-batch)) >= 0 {
				if err := r.add(ctx, batch); err != nil {
					return err
				}
			}
			return nil
		})
		return float64(n/batch*batch) / time.Since(start).Seconds(), err
	}
}

// client starts a client with workers; stop ends it.
func (r *riverQueue) client(ctx context.Context, workers int) (stop func(), err error) {
	all := river.NewWorkers()
	river.AddWorker(all, &riverWorker{r: r})
	c, err := river.NewClient(riverpgxv5.New(r.pool), &river.Config{
		Logger: quiet(), Workers: all, Queues: map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: workers}},
		FetchCooldown: river.FetchCooldownMin, FetchPollInterval: 100 * time.Millisecond,
	})
	if err != nil {
		return nil, err
	}
	if err := c.Start(ctx); err != nil {
		return nil, err
	}
	return func() {
		end, cancel := context.WithTimeout(context.WithoutCancel(ctx), 30*time.Second)
		defer cancel()
		_ = c.Stop(end) // what it has is truncated with the next round
	}, nil
}

// completed waits until all jobs are finished in the database, not only begun.
func (r *riverQueue) completed(ctx context.Context) error {
	t := time.NewTicker(2 * time.Millisecond)
	defer t.Stop()
	for {
		var left bool
		if err := r.pool.QueryRow(ctx, `SELECT EXISTS (SELECT FROM river_job WHERE state IN ('available', 'running', 'retryable'))`).Scan(&left); err != nil || !left {
			return err
		}
		select {
		case <-t.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// worked measures n jobs of a backlog that a client with workers does.
func (r *riverQueue) worked(n, workers int) func(context.Context) (float64, error) {
	return func(ctx context.Context) (float64, error) {
		if err := r.empty(ctx); err != nil {
			return 0, err
		}
		for i := 0; i < n; i += 1000 {
			if err := r.add(ctx, min(1000, n-i)); err != nil {
				return 0, err
			}
		}
		if _, err := r.pool.Exec(ctx, `ANALYZE river_job`); err != nil {
			return 0, err
		}
		if err := r.b.server.settle(ctx); err != nil {
			return 0, err
		}
		var begun atomic.Int64
		all := make(chan struct{})
		r.work = func(time.Time) {
			if begun.Add(1) == int64(n) {
				close(all)
			}
		}
		var took time.Duration
		stop := func() {}
		err := r.b.uses(func() (_ int64, err error) {
			start := time.Now()
			if stop, err = r.client(ctx, workers); err != nil {
				return 0, err
			}
			select {
			case <-all:
			case <-ctx.Done():
				return 0, ctx.Err()
			}
			err = r.completed(ctx)
			took = time.Since(start)
			return int64(n), err
		})
		stop()
		return float64(n) / took.Seconds(), err
	}
}

// through measures jobs from insertion to completion for a while.
func (r *riverQueue) through(producers, per, workers int) func(context.Context) (float64, error) {
	return func(ctx context.Context) (float64, error) {
		if err := r.empty(ctx); err != nil {
			return 0, err
		}
		r.work = func(time.Time) {}
		stop, err := r.client(ctx, workers)
		if err != nil {
			return 0, err
		}
		until, cancel := context.WithTimeout(ctx, r.b.span)
		defer cancel()
		start := time.Now()
		err = each(producers, func(int) error {
			for until.Err() == nil {
				if err := r.add(ctx, per); err != nil {
					return err
				}
			}
			return nil
		})
		took := time.Since(start)
		var n float64
		if err == nil {
			err = r.pool.QueryRow(ctx, `SELECT count(*) FROM river_job WHERE state = 'completed'`).Scan(&n)
		}
		stop()
		return n / took.Seconds(), err
	}
}
