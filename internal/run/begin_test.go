package run_test

import (
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/aether-rpa/aether/internal/db/dbtest"
	"github.com/aether-rpa/aether/internal/run"
)

// Between adding a run and claiming it lies a moment in which nobody else may take it for one that was interrupted;
// when its process dies there, it is.
func TestFreshRunHasAnOwner(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, target dbtest.Target) {
		ctx := t.Context()
		alive := owners{"a": run.Live, "b": run.Live}
		s := open(t, target, alive)
		for _, id := range []string{"r", "s"} {
			if fresh, err := s.Create(ctx, &run.Run{ID: id, Flow: "f", Digest: "d", Input: json.RawMessage(`{}`), Created: time.Now(), Status: run.Running, Owner: "a"}); err != nil || !fresh {
				t.Fatalf("creating %s: %v %v", id, fresh, err)
			}
		}
		if r, err := s.Get(ctx, "r"); err != nil || r.Interrupted || !r.Started.IsZero() {
			t.Errorf("the new run is %+v, %v", r, err)
		}
		var busy *run.BusyError
		if _, err := s.Claim(ctx, "r", "b"); !errors.As(err, &busy) || busy.Owner != "a" {
			t.Errorf("another process took a new run: %v", err)
		}
		if r, err := s.Claim(ctx, "r", "a"); err != nil || r.Resumes != 0 {
			t.Errorf("its own process: %+v, %v", r, err)
		}
		alive["a"] = run.Dead
		if r, err := s.Get(ctx, "s"); err != nil || !r.Interrupted {
			t.Errorf("of a process that died at once: %+v, %v", r, err)
		}
		if _, err := s.Claim(ctx, "s", "b"); err != nil {
			t.Error(err)
		}
	})
}
