package queue

import (
	"context"
	"sync"
	"time"

	"github.com/aether-rpa/aether/internal/tally"
)

// How often the queue is looked at, and how long that is remembered.
const (
	SampleEvery = 15 * time.Second
	sampleKeep  = time.Hour
)

// Sample is what the queue was like at a moment, and how long jobs had waited that robots took since the sample before.
type Sample struct {
	At      time.Time `json:"at"`
	Waiting int       `json:"waiting"`
	Leased  int       `json:"leased"`
	Retried int       `json:"retried"`
	Dead    int       `json:"dead"`
	Claims  int64     `json:"claims"`
	// P50 and P95 are in milliseconds, between the bounds of the counted times; 0 without claims.
	P50 float64 `json:"claim_p50_ms"`
	P95 float64 `json:"claim_p95_ms"`
}

// Watch looks at the queue from time to time and remembers the last hour, in the memory of this process.
type Watch struct {
	queue  *Queue
	counts func(context.Context) (*tally.Counts, error)

	mu   sync.Mutex
	ring []Sample
	last []int64 // claims by bucket
}

// NewWatch returns a watch. Counts are those of the board of this process.
func NewWatch(q *Queue, counts func(context.Context) (*tally.Counts, error)) *Watch {
	return &Watch{queue: q, counts: counts}
}

// Look adds a sample.
func (w *Watch) Look(ctx context.Context) error {
	now, err := w.queue.Now(ctx)
	if err != nil {
		return err
	}
	stages, err := w.queue.StageCounts(ctx)
	if err != nil {
		return err
	}
	counts, err := w.counts(ctx)
	if err != nil {
		return err
	}
	buckets, _ := counts.Times(tally.Claimed)
	w.mu.Lock()
	defer w.mu.Unlock()
	s := Sample{At: now, Waiting: stages[0].Count, Leased: stages[1].Count, Retried: stages[2].Count, Dead: stages[3].Count}
	if w.last != nil {
		fresh := make([]int64, len(buckets))
		for i, n := range buckets {
			fresh[i] = n - w.last[i]
			s.Claims += fresh[i]
		}
		s.P50, s.P95 = quantile(fresh, s.Claims, .5), quantile(fresh, s.Claims, .95)
	}
	w.last = append([]int64(nil), buckets...)
	w.ring = append(w.ring, s)
	if most := int(sampleKeep / SampleEvery); len(w.ring) > most {
		w.ring = append([]Sample(nil), w.ring[len(w.ring)-most:]...)
	}
	return nil
}

// Samples returns what is remembered, oldest first.
func (w *Watch) Samples() []Sample {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]Sample{}, w.ring...)
}

// quantile estimates a quantile of claim times in milliseconds: within a bucket they are taken to be spread evenly.
func quantile(buckets []int64, total int64, q float64) float64 {
	if total == 0 {
		return 0
	}
	bounds := tally.Claimed.Bounds()
	want, seen, from := q*float64(total), 0.0, 0.0
	for i, n := range buckets {
		to := from
		if i < len(bounds) {
			to = bounds[i]
		}
		if n > 0 && seen+float64(n) >= want {
			return 1000 * (from + (to-from)*(want-seen)/float64(n))
		}
		seen, from = seen+float64(n), to
	}
	return 1000 * from
}
