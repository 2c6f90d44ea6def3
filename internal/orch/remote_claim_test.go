package orch_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/aether-rpa/aether/internal/db"
	"github.com/aether-rpa/aether/internal/db/dbtest"
	"github.com/aether-rpa/aether/internal/orch"
	"github.com/aether-rpa/aether/internal/queue"
)

// Many robots wait at once: each job goes to one that can do it, those that are
// paused or are somebody else get none, and what is given to one that has gone
// away is free again.
func TestRemoteClaim(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, target dbtest.Target) {
		d := dbtest.Open(t, target)
		q := queue.New(d)
		o := orch.Remote{Orch: &orch.Orch{DB: d, Queue: q}}
		caller := func(i int) orch.Caller { return orch.Caller{Token: "t", Machine: fmt.Sprint(i)} }
		const robots = 12
		for i := range robots {
			if err := o.Register(t.Context(), caller(i), queue.Robot{Name: fmt.Sprint("r", i), Labels: []string{"linux"}, Slots: 1}); err != nil {
				t.Fatal(err)
			}
		}
		if err := q.Pause(t.Context(), "r0", true); err != nil {
			t.Fatal(err)
		}
		if _, err := o.Claim(t.Context(), caller(5), "r6", nil, time.Minute); !errors.Is(err, queue.ErrNameTaken) {
			t.Errorf("another robot's name: %v", err)
		}
		if _, err := o.Claim(t.Context(), caller(5), "nobody", nil, time.Minute); !errors.Is(err, queue.ErrNoRobot) {
			t.Errorf("nobody's name: %v", err)
		}
		if got, err := o.Claim(t.Context(), caller(1), "r1", nil, time.Millisecond); got != nil || err != nil {
			t.Errorf("with no job: %+v, %v", got, err)
		}
		gone, leave := context.WithCancel(t.Context())
		var all sync.WaitGroup
		var mu sync.Mutex
		runs := map[string]int{}
		for i := range robots {
			ctx, wait := t.Context(), time.Minute
			switch {
			case i == 0:
				wait = 3 * time.Second
			case i >= 9:
				ctx = gone
			}
			all.Go(func() {
				got, err := o.Claim(ctx, caller(i), fmt.Sprint("r", i), []string{"linux"}, wait)
				mu.Lock()
				defer mu.Unlock()
				switch {
				case i == 0 && (got != nil || err != nil):
					t.Errorf("the paused one: %+v, %v", got, err)
				case i >= 9 && !errors.Is(err, context.Canceled):
					t.Errorf("one that went away: %+v, %v", got, err)
				case i > 0 && i < 9 && (err != nil || got == nil):
					t.Errorf("robot %d: %+v, %v", i, got, err)
				case got != nil:
					runs[got.Run]++
				}
			})
		}
		leave()
		if err := d.Tx(t.Context(), func(tx *db.Tx) error {
			jobs := []*queue.Job{{Run: "windows", Needs: "windows"}}
			for i := range 8 {
				jobs = append(jobs, &queue.Job{Run: fmt.Sprint("job", i)})
			}
			_, err := q.Add(t.Context(), tx, jobs...)
			return err
		}); err != nil {
			t.Fatal(err)
		}
		all.Wait()
		if len(runs) != 8 || runs["windows"] > 0 {
			t.Errorf("given: %v", runs)
		}
	})
}
