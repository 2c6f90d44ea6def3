package run_test

import (
	"testing"
	"time"

	"github.com/aether-rpa/aether/internal/db/dbtest"
	"github.com/aether-rpa/aether/internal/run"
)

// A version that was only tried goes when no run of it is left, and not while one may just be made.
func TestDropTried(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, target dbtest.Target) {
		d := dbtest.Open(t, target)
		s, ctx := run.NewStore(d, nil), t.Context()
		must := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		for _, v := range []string{"left", "used", "pushed", "again"} {
			must(s.SaveTried(ctx, v, `{"name": "a"}`))
		}
		must(s.SaveFlow(ctx, "pushed", "a", `{"name": "a"}`))
		_, err := s.Create(ctx, &run.Run{ID: "run-1", Flow: "a", Digest: "used", Status: run.Done, Development: &run.Development{Mode: run.TryNode, Node: "n"}})
		must(err)
		_, err = d.Exec(ctx, `UPDATE {s}flow_version SET created = 1`)
		must(err)
		must(s.SaveTried(ctx, "again", `{"name": "a"}`))
		must(s.SaveTried(ctx, "pushed", `{"name": "a"}`))
		for i, want := range []int64{1, 0} {
			if n, err := s.DropTried(ctx, time.Now().Add(-time.Hour)); err != nil || n != want {
				t.Errorf("at the time %d %d versions went, want %d: %v", i, n, want, err)
			}
		}
		for v, stays := range map[string]bool{"left": false, "used": true, "pushed": true, "again": true} {
			if _, err := s.Flow(ctx, v); (err == nil) != stays {
				t.Errorf("the version %s: %v", v, err)
			}
		}
	})
}
