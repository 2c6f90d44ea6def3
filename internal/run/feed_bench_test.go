package run_test

import (
	"fmt"
	"testing"

	"github.com/aether-rpa/aether/internal/db"
	"github.com/aether-rpa/aether/internal/db/dbtest"
	"github.com/aether-rpa/aether/internal/run"
)

// What the order of all events costs those who write: a batch with it and
// without.
func BenchmarkAddEvents(b *testing.B) {
	for name, target := range map[string]func(testing.TB) dbtest.Target{"sqlite": dbtest.SQLite, "postgres": dbtest.Postgres} {
		for _, size := range []int{1, 10, 100} {
			for _, ordered := range []bool{false, true} {
				b.Run(fmt.Sprintf("%s/%d/ordered=%v", name, size, ordered), func(b *testing.B) {
					d := dbtest.Open(b, target(b))
					seq := int64(0)
					for b.Loop() {
						list := events("run", seq+1, seq+int64(size))
						seq += int64(size)
						err := d.Tx(b.Context(), func(tx *db.Tx) error {
							if ordered {
								return run.AddEventsIn(b.Context(), tx, list)
							}
							return run.AddUnordered(b.Context(), tx, list)
						})
						if err != nil {
							b.Fatal(err)
						}
					}
				})
			}
		}
	}
}
