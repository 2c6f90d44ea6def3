package conformance

import (
	"sync"
	"testing"
	"time"

	"github.com/aether-rpa/aether/internal/db/dbtest"
)

// Many processes that start at once on an empty PostgreSQL all get to work: one
// of them makes the tables, and none is in the way of another.
func TestFirstStartsAtOnce(t *testing.T) {
	rounds := 4
	if testing.Short() {
		rounds = 1
	}
	dbtest.EmptyPostgres(t) // or skip
	t.Parallel()
	for range rounds {
		target := dbtest.EmptyPostgres(t)
		h := newHome(t)
		h.env = append(h.env, "AETHER_DATABASE_URL="+target.URL)
		h.flow("nodes: [{id: say, type: flow.log, params: {message: hello}}]\n")
		var all sync.WaitGroup
		const many = 8
		results := make([]result, many)
		for i := range many {
			p := h.start("run", "flow.yaml", "--new")
			all.Go(func() { results[i] = p.wait(60 * time.Second) })
		}
		all.Wait()
		for _, r := range results {
			if r.code != 0 {
				t.Errorf("exit code %d\n%s%s", r.code, r.out, r.err)
			}
			plain(t, r)
		}
	}
}
