package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"github.com/dbos-inc/dbos-transact-golang/dbos"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// dbos compares DBOS's own queue: its workflows that do nothing.
func (b *bench) dbos(ctx context.Context) error {
	o, err := b.own(ctx, "bench_own", 70)
	if err != nil {
		return err
	}
	defer o.d.Close()
	target, err := b.server.database(ctx, "bench_dbos")
	if err != nil {
		return err
	}
	n := b.jobs / 20
	t := b.table("DBOS's own queue", compared...)
	work := func(ctx context.Context) (float64, error) { return workflows(ctx, target, n) }
	return b.compare(ctx, t, group{what: "end to end: 16 callers add one job at a time; robots behind a dispatcher, against 256 workflows at a time, polled every 10 ms", cells: []cell{
		{"Aether", o.grouped(16)}, {"DBOS", work}}})
}

// workflows measures n queued workflows, from the first that is added to the
// last end.
func workflows(ctx context.Context, target string, n int) (float64, error) {
	pool, err := pgxpool.New(ctx, target)
	if err != nil {
		return 0, err
	}
	defer pool.Close()
	c, err := dbos.NewContext(ctx, dbos.Config{AppName: "bench", DatabaseURL: target, Logger: quiet(), ApplicationVersion: "1", ExecutorID: "bench"})
	if err != nil {
		return 0, err
	}
	defer func() { _ = dbos.Shutdown(c, 10*time.Second) }()
	var done atomic.Int64
	all := make(chan struct{})
	flow := func(dbos.Context, string) (string, error) { //nolint:unparam // DBOS wants it so
		if done.Add(1) == int64(n) {
			close(all)
		}
		return "", nil
	}
	dbos.RegisterWorkflow(c, flow, dbos.WithWorkflowName("nothing"))
	q, err := dbos.RegisterQueue(c, "bench", dbos.WithWorkerConcurrency(256), dbos.WithQueueBasePollingInterval(10*time.Millisecond))
	if err != nil {
		return 0, err
	}
	if err := dbos.Launch(c); err != nil {
		return 0, err
	}
	start := time.Now()
	err = each(16, func(i int) error {
		for k := i; k < n; k += 16 {
			if _, err := dbos.RunWorkflow(c, flow, string(payload), dbos.WithQueue(q)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	select {
	case <-all:
	case <-ctx.Done():
		return 0, ctx.Err()
	}
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for left := 1; left > 0; <-tick.C {
		if err := pool.QueryRow(ctx, `SELECT count(*) FROM dbos.workflow_status WHERE status <> 'SUCCESS'`).Scan(&left); err != nil {
			return 0, err
		}
	}
	took := time.Since(start)
	_, err = pool.Exec(ctx, `TRUNCATE dbos.workflow_status CASCADE`)
	return float64(n) / took.Seconds(), err
}

// errSkip says why a peer is not measured.
var errSkip = errors.New("left out")

// pgqueuer compares PgQueuer's own benchmark, unmodified, as PyPI has it.
func (b *bench) pgqueuer(ctx context.Context) error {
	p, err := b.installPgQueuer(ctx)
	if errors.Is(err, errSkip) {
		b.note("PgQueuer was not measured: %v.", err)
		return nil
	}
	if err != nil {
		return err
	}
	o, err := b.own(ctx, "bench_own", 70)
	if err != nil {
		return err
	}
	defer o.d.Close()
	t := b.table("PgQueuer "+p.version+", its own benchmark", compared...)
	for _, s := range []struct {
		what                           string
		producers, per, workers, batch int
		aim                            string
	}{{"end to end, its default shape: 1 producer of 10, 5 workers of 10", 1, 10, 5, 10, ""}, {"end to end, 1 producer of 100, 2 workers of 100", 1, 100, 2, 100, "> 18k/s"}} {
		if err := b.compare(ctx, t, group{what: s.what, aim: s.aim, cells: []cell{
			{"Aether", o.through(s.producers, s.per, s.workers, s.batch, one)},
			{"PgQueuer", p.throughput(s.per, s.workers, s.batch)}}}); err != nil {
			return err
		}
	}
	for _, s := range [][2]int{{5, 10}, {2, 100}} {
		n := b.jobs / 2
		if err := b.compare(ctx, t, group{what: fmt.Sprintf("a backlog of %d done by %d workers of %d", n, s[0], s[1]), aim: "≥ 6×", cells: []cell{
			{"Aether", o.claimed(n, n, s[0], s[1], one)}, {"PgQueuer", p.drain(n, s[0], s[1])}}}); err != nil {
			return err
		}
	}
	b.note("PgQueuer's benchmark counts jobs that it has begun; Aether's figures count jobs whose end is durable.")
	return nil
}

type pgqueuer struct {
	b                          *bench
	python, script, version, u string
}

// installPgQueuer puts PgQueuer into a Python environment of its own, with the
// benchmark from its source archive.
func (b *bench) installPgQueuer(ctx context.Context) (*pgqueuer, error) {
	python, err := exec.LookPath("python3")
	if err != nil {
		return nil, fmt.Errorf("%w: there is no python3", errSkip)
	}
	env := filepath.Join(b.dir, "venv")
	p := &pgqueuer{b: b, python: filepath.Join(env, "bin", "python")}
	for _, args := range [][]string{
		{python, "-m", "venv", env},
		{p.python, "-m", "pip", "install", "-q", "pgqueuer", "asyncpg", "uvloop", "tqdm", "typer", "tabulate", "pydantic"},
		{p.python, "-m", "pip", "download", "-q", "--no-deps", "--no-binary", ":all:", "-d", env, "pgqueuer"},
		{"sh", "-c", "tar -xzf " + env + "/pgqueuer-*.tar.gz -C " + env},
	} {
		c, cancel := context.WithTimeout(ctx, 3*time.Minute)
		out, err := exec.CommandContext(c, args[0], args[1:]...).CombinedOutput() //nolint:gosec // the lines above
		cancel()
		if found, _ := filepath.Glob(filepath.Join(env, "pgqueuer-*.tar.gz")); err != nil && len(found) == 0 {
			lines := strings.Split(strings.TrimSpace(string(out)), "\n")
			return nil, fmt.Errorf("%w: %s does not work here (%s)", errSkip, strings.Join(args[:min(4, len(args))], " "), lines[len(lines)-1])
		}
	}
	found, err := filepath.Glob(filepath.Join(env, "pgqueuer-*", "tools", "benchmark.py"))
	if err != nil || len(found) != 1 {
		return nil, fmt.Errorf("%w: its source archive has no benchmark", errSkip)
	}
	p.script = found[0]
	p.version = strings.TrimPrefix(filepath.Base(filepath.Dir(filepath.Dir(p.script))), "pgqueuer-")
	if p.u, err = b.server.database(ctx, "bench_pgqueuer"); err != nil {
		return nil, err
	}
	if out, err := p.run(ctx, "-m", "pgqueuer", "install"); err != nil {
		return nil, fmt.Errorf("installing PgQueuer's tables: %w\n%s", err, out)
	}
	if out, err := p.run(ctx, "-m", "pgqueuer", "autovac"); err != nil {
		b.note("PgQueuer's autovac could not be applied: %s", strings.TrimSpace(string(out)))
	}
	return p, nil
}

func (p *pgqueuer) run(ctx context.Context, args ...string) ([]byte, error) {
	u, err := url.Parse(p.u)
	if err != nil {
		return nil, err
	}
	password, _ := u.User.Password()
	c := exec.CommandContext(ctx, p.python, args...) //nolint:gosec // our own environment
	c.Env = append(os.Environ(), "PGHOST="+u.Hostname(), "PGPORT="+u.Port(), "PGUSER="+u.User.Username(), "PGPASSWORD="+password, "PGDATABASE="+strings.TrimPrefix(u.Path, "/"), "PGSSLMODE=disable")
	return c.CombinedOutput()
}

func (p *pgqueuer) measured(ctx context.Context, args ...string) (float64, error) {
	c, err := pgx.Connect(ctx, p.u)
	if err != nil {
		return 0, err
	}
	_, err = c.Exec(ctx, `TRUNCATE pgqueuer, pgqueuer_log`)
	_ = c.Close(ctx)
	if err != nil {
		return 0, err
	}
	if err := p.b.server.settle(ctx); err != nil {
		return 0, err
	}
	file := filepath.Join(p.b.dir, "pgqueuer.json")
	out, err := p.run(ctx, append([]string{p.script, "-d", "apg", "--output-json", file}, args...)...)
	if err != nil {
		return 0, fmt.Errorf("%w\n%s", err, out)
	}
	b, err := os.ReadFile(file) //nolint:gosec // written just now
	if err != nil {
		return 0, err
	}
	var r struct {
		Rate float64 `json:"rate"`
	}
	return r.Rate, json.Unmarshal(b, &r)
}

func (p *pgqueuer) throughput(per, workers, batch int) func(context.Context) (float64, error) {
	return func(ctx context.Context) (float64, error) {
		return p.measured(ctx, "-s", "throughput", "-t", fmt.Sprint(max(3, p.b.span.Seconds())), "--dequeue", fmt.Sprint(workers), "--dequeue-batch-size", fmt.Sprint(batch), "--enqueue", "1", "--enqueue-batch-size", fmt.Sprint(per))
	}
}

func (p *pgqueuer) drain(n, workers, batch int) func(context.Context) (float64, error) {
	return func(ctx context.Context) (float64, error) {
		return p.measured(ctx, "-s", "drain", "--jobs", fmt.Sprint(n), "--dequeue", fmt.Sprint(workers), "--dequeue-batch-size", fmt.Sprint(batch))
	}
}
