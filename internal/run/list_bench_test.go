package run_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/aether-rpa/aether/internal/db"
	"github.com/aether-rpa/aether/internal/db/dbtest"
	"github.com/aether-rpa/aether/internal/run"
)

// million adds a million runs of a hundred flows, of which one in twenty failed.
func million(ctx context.Context, d *db.DB) error {
	from := `(WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000000) SELECT i FROM n) g`
	if d.Pool != nil {
		from = `(SELECT i FROM generate_series(1, 1000000) i) g`
	}
	_, err := d.Exec(ctx, `INSERT INTO {s}run (id, flow, digest, status, created, started, ended, input, output, failure)
		SELECT 'run-' || i, 'flow-' || (i % 100), 'd', CASE WHEN i % 20 = 0 THEN 'failed' ELSE 'done' END, 1700000000000 + i * 1000, 1700000000000 + i * 1000, 1700000000500 + i * 1000,
		'{"order":"4711"}', '{"ok":true}', CASE WHEN i % 20 = 0 THEN '{"kind":"network","message":"the server of shop ' || (i % 1000) || ' cannot be reached","node":"get"}' ELSE '' END FROM `+from)
	return err
}

// BenchmarkListOfAMillion lists runs among a million as the pages do.
func BenchmarkListOfAMillion(b *testing.B) {
	for name, target := range map[string]func(testing.TB) dbtest.Target{"sqlite": dbtest.SQLite, "postgres": dbtest.Postgres} {
		b.Run(name, func(b *testing.B) {
			d := dbtest.Open(b, target(b))
			if err := million(b.Context(), d); err != nil {
				b.Fatal(err)
			}
			if _, err := d.Exec(b.Context(), `ANALYZE`); err != nil {
				b.Fatal(err)
			}
			s := run.NewStore(d, nil)
			deep := &run.Place{Created: time.UnixMilli(1700000000000 + 500_000_000), ID: "run-500000"}
			for _, c := range []struct {
				name, text string
				f          run.Filter
			}{
				{"all", "", run.Filter{}},
				{"deep", "", run.Filter{Beyond: deep}},
				{"flow", "", run.Filter{Flow: "flow-7", Beyond: deep}},
				{"failed", "", run.Filter{Status: run.Failed, Beyond: deep}},
				{"flow and status", "", run.Filter{Flow: "flow-40", Status: run.Failed}},
				{"time", "", run.Filter{Since: time.UnixMilli(1700000000000), Before: time.UnixMilli(1700000000000 + 300_000_000)}},
				{"none of a status", "", run.Filter{Status: run.Attention}},
				{"error", "shop 480 ", run.Filter{}},
				{"error of a flow that is rare", "no such text", run.Filter{Flow: "flow-40"}},
			} {
				b.Run(c.name, func(b *testing.B) {
					var took []time.Duration
					for b.Loop() {
						began := time.Now()
						var err error
						f := c.f
						f.Limit = 51
						if c.text != "" {
							_, _, err = s.Search(b.Context(), f, c.text)
						} else {
							_, err = s.List(b.Context(), f)
						}
						if err != nil {
							b.Fatal(err)
						}
						took = append(took, time.Since(began))
					}
					slices.Sort(took)
					b.ReportMetric(float64(took[len(took)*95/100].Microseconds())/1000, "p95-ms")
				})
			}
		})
	}
}
