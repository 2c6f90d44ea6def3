package run_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/aether-rpa/aether/internal/db"
	"github.com/aether-rpa/aether/internal/db/dbtest"
	"github.com/aether-rpa/aether/internal/run"
)

// What the order of all events costs those who write: a batch without it and a
// batch with it in turn, so that a busy machine slows both. The medians are
// reported.
func BenchmarkAddEvents(b *testing.B) {
	for name, target := range map[string]func(testing.TB) dbtest.Target{"sqlite": dbtest.SQLite, "postgres": dbtest.Postgres} {
		for _, size := range []int64{1, 10, 100} {
			b.Run(fmt.Sprintf("%s/%d", name, size), func(b *testing.B) {
				d := dbtest.Open(b, target(b))
				ways := []func(tx *db.Tx, list []run.Event) error{
					func(tx *db.Tx, list []run.Event) error { return run.AddUnordered(b.Context(), tx, list) },
					func(tx *db.Tx, list []run.Event) error { return run.AddEventsIn(b.Context(), tx, list) },
				}
				var took [2][]time.Duration
				for seq := int64(0); b.Loop(); seq += size {
					for i, write := range ways {
						list := events(fmt.Sprint("run", i), seq+1, seq+size)
						begun := time.Now()
						if err := d.Tx(b.Context(), func(tx *db.Tx) error { return write(tx, list) }); err != nil {
							b.Fatal(err)
						}
						took[i] = append(took[i], time.Since(begun))
					}
				}
				var median [2]float64
				for i, all := range took {
					slices.Sort(all)
					median[i] = float64(all[len(all)/2].Microseconds())
				}
				b.ReportMetric(median[0], "µs/without")
				b.ReportMetric(median[1], "µs/with")
			})
		}
	}
}
