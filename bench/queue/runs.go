package main

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"time"

	"github.com/aether-rpa/aether/internal/db"
	runs "github.com/aether-rpa/aether/internal/run"
)

// runs measures pages of the list of finished runs, fifty runs each.
func (b *bench) runs(ctx context.Context) error {
	n := 1_000_000
	if b.quick {
		n /= 10
	}
	t := b.table(fmt.Sprintf("The list of %d finished runs, a page of 50", n), "Page", "Database", "p50", "p95", "Aim")
	target, err := b.server.database(ctx, "bench_runs")
	if err != nil {
		return err
	}
	for _, x := range [][2]string{{"PostgreSQL", target}, {"SQLite", "sqlite:" + filepath.Join(b.dir, "runs.db")}} {
		d, err := db.Open(ctx, x[1], db.Options{})
		if err != nil {
			return err
		}
		err = b.pages(ctx, t, x[0], d, n)
		d.Close()
		if err != nil {
			return fmt.Errorf("%s: %w", x[0], err)
		}
	}
	return nil
}

func (b *bench) pages(ctx context.Context, t *table, name string, d *db.DB, n int) error {
	for _, q := range []string{
		fmt.Sprintf(`WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d)
			INSERT INTO {s}run (id, flow, digest, status, input, output, created, started, ended)
			SELECT 'run-' || (100000000 + i), 'flow' || (i %% 40), 'd', CASE WHEN i %% 50 = 0 THEN 'failed' ELSE 'done' END, '%s', '%s', 1700000000000 + i * 20, i, i + 5 FROM n`, n, payload, payload),
		`ANALYZE {s}run`,
	} {
		if _, err := d.Exec(ctx, q); err != nil {
			return err
		}
	}
	s := runs.NewStore(d, func(string) runs.Liveness { return runs.Unknown })
	middle := n / 2
	deep := &runs.Place{Created: time.UnixMilli(1700000000000 + int64(middle)*20), ID: fmt.Sprint("run-", 100000000+middle)}
	for _, p := range []struct {
		what string
		f    runs.Filter
	}{
		{"first", runs.Filter{}},
		{"in the middle", runs.Filter{Beyond: deep}},
		{"failed", runs.Filter{Status: runs.Failed}},
		{"of one flow, in the middle", runs.Filter{Flow: "flow7", Beyond: deep}},
		{"failed of one flow", runs.Filter{Flow: "flow0", Status: runs.Failed}},
		{"by the beginning of an id", runs.Filter{Prefix: fmt.Sprint("run-", 100000000+middle)[:11]}},
	} {
		var all []time.Duration
		for range 40 * b.rounds {
			start := time.Now()
			list, err := s.List(ctx, p.f)
			if err != nil {
				return err
			}
			if len(list) == 0 {
				return fmt.Errorf("the page %q is empty", p.what)
			}
			all = append(all, time.Since(start))
		}
		slices.Sort(all)
		t.rows = append(t.rows, []string{p.what, name, short(all[len(all)/2]), short(all[len(all)*95/100]), "p95 < 100 ms"})
	}
	return nil
}

func short(d time.Duration) string { return fmt.Sprintf("%.2f ms", float64(d.Microseconds())/1000) }
