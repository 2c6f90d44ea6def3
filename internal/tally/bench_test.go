package tally_test

import (
	"testing"
	"time"

	"github.com/aether-rpa/aether/internal/tally"
)

// What a claim pays for being counted.
func BenchmarkTook(b *testing.B) {
	var y tally.Tally
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			y.Took(tally.Claimed, 3*time.Millisecond)
		}
	})
}
