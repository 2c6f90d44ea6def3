package item_test

import (
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/aether-rpa/aether/internal/db/dbtest"
	"github.com/aether-rpa/aether/internal/item"
	"github.com/aether-rpa/aether/node"
)

// BenchmarkItem takes and ends items, and adds them in one go.
func BenchmarkItem(b *testing.B) {
	for _, target := range []func(testing.TB) dbtest.Target{dbtest.SQLite, dbtest.Postgres} {
		tg := target(b)
		b.Run(tg.Name, func(b *testing.B) {
			s := item.New(dbtest.Open(b, tg))
			n := 0
			queue := func(b *testing.B) *item.Queue {
				n++
				q := &item.Queue{Name: fmt.Sprint("q", n)}
				if err := s.AddQueue(b.Context(), q, false); err != nil {
					b.Fatal(err)
				}
				return q
			}
			fill := func(b *testing.B, q *item.Queue, count int) {
				_, err := s.Add(b.Context(), q, item.Adding{}, func(yield func(node.ItemSpec, error) bool) {
					for i := range count {
						if !yield(node.ItemSpec{Reference: fmt.Sprint(i), Content: map[string]any{"n": i, "text": "some words of an invoice"}}, nil) {
							return
						}
					}
				})
				if err != nil {
					b.Fatal(err)
				}
			}
			b.Run("add", func(b *testing.B) {
				q := queue(b)
				b.ResetTimer()
				fill(b, q, b.N)
			})
			for _, takers := range []int{1, 8} {
				b.Run(fmt.Sprint("take and end by ", takers), func(b *testing.B) {
					q := queue(b)
					fill(b, q, b.N)
					var token atomic.Int64
					b.SetParallelism(takers)
					b.ResetTimer()
					b.RunParallel(func(pb *testing.PB) {
						for pb.Next() {
							i, err := s.Next(b.Context(), q, item.Taker{Run: "r", Token: fmt.Sprint(q.Name, token.Add(1))})
							if err == nil && i != nil {
								_, err = s.End(b.Context(), i.Hold(), node.ItemEnd{Status: node.ItemSuccessful})
							}
							if err != nil {
								b.Error(err)
								return
							}
						}
					})
				})
			}
		})
	}
}
