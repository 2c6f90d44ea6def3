package queue_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/aether-rpa/aether/internal/db"
	"github.com/aether-rpa/aether/internal/queue"
)

// taken notes jobs that were claimed, and fails if one of them was before.
type taken map[int64]bool

func (have taken) add(b bench, want int, jobs []*queue.Job) {
	b.Helper()
	if len(jobs) != want {
		b.Errorf("a claim gave %d jobs, want %d", len(jobs), want)
	}
	for _, j := range jobs {
		if have[j.ID] {
			b.Errorf("job %d was given twice", j.ID)
		}
		have[j.ID] = true
	}
}

// tenants adds jobs of two tenants in turn.
func (b bench) tenants(n int) {
	var jobs []*queue.Job
	for i := range n {
		jobs = append(jobs, &queue.Job{Run: fmt.Sprint("run", i), Tenant: []string{"a", "b"}[i%2]})
	}
	b.add(jobs...)
}

// Who knows from before which jobs are next, and finds that another process has
// claimed them meanwhile, gets those behind them.
func TestOthersClaimWhatIsNext(t *testing.T) {
	each(t, func(b bench) {
		b.tenants(40)
		other := bench{b.T, b.d, queue.New(b.d)}
		have := taken{}
		for range 4 {
			have.add(b, 5, b.claim(5))
			have.add(b, 5, other.claim(5))
		}
		if got := b.claim(5); len(got) != 0 {
			b.Errorf("%d jobs more were given", len(got))
		}
	})
}

// A transaction that holds jobs, maybe of a process that was stopped in the middle of
// it, does not keep others from claiming the rest.
func TestClaimDoesNotWaitForLocks(t *testing.T) {
	each(t, func(b bench) {
		if b.d.Pool == nil {
			b.Skip("SQLite lets one transaction at a time write")
		}
		b.tenants(20)
		have := taken{}
		have.add(b, 4, b.claim(4))
		ctx, stop := context.WithTimeout(b.Context(), time.Minute)
		defer stop()
		undo := errors.New("undo it")
		err := b.d.Tx(ctx, func(tx *db.Tx) error {
			if n, err := tx.Exec(ctx, `UPDATE {s}job SET woken = 0 WHERE id IN (SELECT id FROM {s}job WHERE state = 0 ORDER BY id LIMIT 4)`); err != nil || n != 4 {
				return fmt.Errorf("locking %d jobs: %w", n, err)
			}
			wants := make([]queue.Want, 4)
			for range 3 {
				got, err := b.q.Claim(ctx, wants...)
				if err != nil {
					return err
				}
				var jobs []*queue.Job
				for _, j := range got {
					if j != nil {
						jobs = append(jobs, j)
					}
				}
				have.add(b, 4, jobs)
			}
			return undo
		})
		if !errors.Is(err, undo) {
			b.Fatal(err)
		}
		have.add(b, 4, b.claim(5))
	})
}
