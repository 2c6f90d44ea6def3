package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/riverqueue/river"

	"github.com/aether-rpa/aether/internal/db"
	"github.com/aether-rpa/aether/internal/queue"
	"github.com/aether-rpa/aether/internal/robot"
)

// latency measures how long a job waits for a robot that has nothing to do.
func (b *bench) latency(ctx context.Context) error {
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
	// Some robots in another process: no signal within this one.
	other, err := db.Open(ctx, o.d.Pool.Config().ConnString(), db.Options{})
	if err != nil {
		return err
	}
	defer other.Close()
	far := &own{b: b, d: other, q: queue.New(other)}
	n := 50 * b.rounds * int(b.span.Seconds())
	var ours, theirs []time.Duration
	// Turns of fifty jobs each.
	for i := 0; i < n; i += 50 {
		a, err := far.waits(ctx, o, 50)
		if err != nil {
			return err
		}
		c, err := r.waits(ctx, 50)
		if err != nil {
			return err
		}
		ours, theirs = append(ours, a...), append(theirs, c...)
	}
	t := b.table("From adding to beginning, 50 jobs a second, another process adds", "Queue", "p50", "p99", "Aim")
	for _, x := range []struct {
		name, aim string
		all       []time.Duration
	}{{"Aether", "p50 ≤ 2 ms, p99 ≤ 10 ms", ours}, {"River, FetchCooldown 1 ms", "", theirs}} {
		slices.Sort(x.all)
		p := func(q float64) string {
			return x.all[int(q*float64(len(x.all)-1))].Round(10 * time.Microsecond).String()
		}
		t.rows = append(t.rows, []string{x.name, p(0.5), p(0.99), x.aim})
		fmt.Fprintln(os.Stderr, "  ", x.name, p(0.5), p(0.99))
	}
	return nil
}

const latencyPause = 20 * time.Millisecond

// waits adds jobs with from, one at a time, that robots of o do.
func (o *own) waits(ctx context.Context, from *own, n int) ([]time.Duration, error) {
	d := queue.NewDispatcher(o.q, queue.DispatcherOptions{})
	run, stop := context.WithCancel(ctx)
	var wg sync.WaitGroup
	wg.Go(func() { d.Run(run) })
	defer wg.Wait()
	defer stop()
	began := make(chan time.Time, 1)
	for range 4 {
		wg.Go(func() {
			for {
				l, err := d.Next(run, queue.Want{Robot: "robot", Labels: labels})
				if err != nil {
					return
				}
				began <- time.Now()
				if d.Finish(run, l) != nil {
					return
				}
			}
		})
	}
	var out []time.Duration
	for i := range n + 1 {
		start := time.Now()
		if err := from.add(ctx, 1, one); err != nil {
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

func (r *riverQueue) waits(ctx context.Context, n int) ([]time.Duration, error) {
	if err := r.empty(ctx); err != nil {
		return nil, err
	}
	began := make(chan time.Time, 1)
	r.work = func(time.Time) { began <- time.Now() }
	stop, err := r.client(ctx, 4)
	if err != nil {
		return nil, err
	}
	defer stop()
	var out []time.Duration
	for i := range n + 1 {
		start := time.Now()
		if _, err := r.ins.Insert(ctx, riverArgs{Data: payload}, &river.InsertOpts{}); err != nil {
			return nil, err
		}
		if took := (<-began).Sub(start); i > 0 {
			out = append(out, took)
		}
		if err := pause(ctx, latencyPause); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// idle measures what robots cost that have nothing to do.
func (b *bench) idle(ctx context.Context) error {
	span := 4 * b.span
	t := b.table("Robots with nothing to do: processor time, in percent of one core", "Robots", "Their processes", "The database server", "Aim")
	for _, s := range []struct {
		what          string
		agents, slots int
		sqlite        bool
		aim           string
	}{
		{"100 robots of one job in one process each, PostgreSQL", 100, 1, false, "≤ 5 % for both"},
		{"1 process with 100 jobs at a time, PostgreSQL", 1, 100, false, "≤ 5 % for both"},
		{"1 process with 100 jobs at a time, SQLite", 1, 100, true, "≤ 5 %"},
	} {
		var d *db.DB
		var err error
		if s.sqlite {
			d, err = db.Open(ctx, "sqlite:"+filepath.Join(b.dir, "idle.db"), db.Options{})
		} else {
			o, err2 := b.own(ctx, "bench_idle", 20)
			if err = err2; err == nil {
				d = o.d
			}
		}
		if err != nil {
			return err
		}
		// There have been jobs: robots know what to look for.
		o := &own{b: b, d: d, q: queue.New(d)}
		if err := o.add(ctx, 4, lanes{many.tenants[:1], many.needs}); err != nil {
			return err
		}
		if n, err := o.work(ctx, 4, 1, 4); err != nil || n != 4 {
			return fmt.Errorf("%d of 4 jobs were done: %w", n, err)
		}
		mine, servers, err := b.idleCost(ctx, d, s.agents, s.slots, span)
		d.Close()
		if err != nil {
			return err
		}
		server := "unknown: it was running before"
		switch {
		case s.sqlite:
			server = "none"
		case b.server.pid != 0:
			server = fmt.Sprintf("%.1f %%", 100*servers.Seconds()/span.Seconds())
		}
		t.rows = append(t.rows, []string{s.what, fmt.Sprintf("%.1f %%", 100*mine.Seconds()/span.Seconds()), server, s.aim})
		fmt.Fprintln(os.Stderr, "  ", s.what, mine, servers)
	}
	b.note("The hundred robots of one job are a hundred agents with a dispatcher each, in this process: the start of programs is not in the figure.")
	return nil
}

func (b *bench) idleCost(ctx context.Context, d *db.DB, agents, slots int, span time.Duration) (mine, server time.Duration, err error) {
	run, stop := context.WithCancel(ctx)
	var wg sync.WaitGroup
	errs := make(chan error, agents)
	for i := range agents {
		wg.Go(func() {
			a := &robot.Agent{
				Robot: &robot.Robot{Owner: fmt.Sprint("bench-", i)}, Queue: queue.New(d), Name: fmt.Sprint("robot", i), Labels: labels, Slots: slots,
				Gone: func(string) bool { return false }, Log: slog.New(slog.DiscardHandler),
			}
			errs <- a.Serve(run, nil)
		})
	}
	defer wg.Wait()
	defer stop()
	if err := pause(ctx, 2*time.Second); err != nil { // until all have registered
		return 0, 0, err
	}
	select {
	case err := <-errs:
		return 0, 0, fmt.Errorf("a robot stopped: %w", err)
	default:
	}
	before, serverBefore := cpu(), cpuBelow(b.server.pid)
	if err := pause(ctx, span); err != nil {
		return 0, 0, err
	}
	return cpu() - before, cpuBelow(b.server.pid) - serverBefore, nil
}

// cpu is the processor time of this process.
func cpu() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// cpuBelow is the processor time of a process and those that it started; 0
// where the system has no /proc.
func cpuBelow(pid int) time.Duration {
	if pid == 0 {
		return 0
	}
	var sum time.Duration
	all, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, name := range all {
		b, err := os.ReadFile(name) //nolint:gosec // of the kernel
		if err != nil {
			continue // it has ended
		}
		_, rest, ok := strings.Cut(string(b), ") ")
		f := strings.Fields(rest)
		if !ok || len(f) < 13 {
			continue
		}
		own := filepath.Base(filepath.Dir(name)) == strconv.Itoa(pid)
		if parent, _ := strconv.Atoi(f[1]); parent != pid && !own {
			continue
		}
		user, _ := strconv.ParseInt(f[11], 10, 64)
		sys, _ := strconv.ParseInt(f[12], 10, 64)
		sum += time.Duration(user+sys) * 10 * time.Millisecond // a tick is 10 ms on Linux
	}
	return sum
}
