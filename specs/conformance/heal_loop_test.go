package conformance

import (
	"fmt"
	"math/rand/v2"
	"net/http/httptest"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aether-rpa/aether/internal/testsite"
)

// TestHealingLedger runs the flow of the guide again and again, each time against another release of the page, in one
// process with several slots. Whatever healing makes of a release, the site's ledger has each note that a run says it
// saved, once, and of no run anything else than its own note. AETHER_TEST_HEALING_RUNS says how many runs; 1,000 take an
// hour on two busy cores.
func TestHealingLedger(t *testing.T) {
	runs, _ := strconv.Atoi(os.Getenv("AETHER_TEST_HEALING_RUNS"))
	if runs < 1 {
		t.Skip("AETHER_TEST_HEALING_RUNS is not set")
	}
	needsBrowser(t)
	const workers = 6
	h := newHome(t)
	t.Cleanup(h.browserGone)
	n := &notes{home: h}
	// What is not sure fails at once rather than waiting for a person.
	h.write("notes.flow.yaml", strings.Replace(strings.ReplaceAll(n.flowText(), "timeout: 60s", "timeout: 12s"), "nodes:\n", "settings: {heal: run}\nnodes:\n", 1))
	h.want(0, "flow", "push", "notes.flow.yaml")
	s := h.serve("up", "--slots", fmt.Sprint(workers))
	var mu sync.Mutex
	ended, made := map[string]int{}, 0
	var all sync.WaitGroup
	next := make(chan int)
	for w := range workers {
		site, err := testsite.New(testsite.Config{Seed: 7})
		if err != nil {
			t.Fatal(err)
		}
		srv := httptest.NewServer(site.Handler())
		t.Cleanup(srv.Close)
		r := rand.New(rand.NewPCG(uint64(w), 7))
		had := 0
		one := func(i, level int, seed int64) {
			if err := site.Mutate(level, seed); err != nil {
				t.Error(err)
				return
			}
			key := fmt.Sprintf("note-%d-%d", w, i)
			out := s.call(201, "POST", "/api/v1/runs", map[string]any{"flow": "notes", "input": map[string]any{"site": srv.URL, "key": key}})
			status := ""
			for end := time.Now().Add(5 * time.Minute); status != "done" && status != "failed" && time.Now().Before(end); {
				<-time.After(200 * time.Millisecond)
				status = fmt.Sprint(s.call(200, "GET", "/api/v1/runs/"+fmt.Sprint(out["run"]), nil)["status"])
			}
			mu.Lock()
			defer mu.Unlock()
			ended[fmt.Sprintf("level %d %s", level, status)]++
			list := site.Ledger().All("")
			made++
			fresh := list[had:]
			had = len(list)
			switch {
			case len(fresh) > 1 || status == "done" && len(fresh) == 0:
				t.Errorf("run %v at level %d, seed %d, which is %s, saved %d notes", out["run"], level, seed, status, len(fresh))
			case len(fresh) == 1 && (fresh[0].Kind != "note.save" || fresh[0].Key != key || fresh[0].Facts["text"] != "about "+key):
				t.Errorf("run %v at level %d, seed %d, told the site %s %s %v, not %s", out["run"], level, seed, fresh[0].Kind, fresh[0].Key, fresh[0].Facts, key)
			case len(fresh) == 1 && status == "failed":
				ended["failed after it had saved its note"]++
			}
		}
		if w == 0 {
			one(-1, 0, 7) // so that the elements are known
		}
		all.Go(func() {
			for i := range next {
				one(i, r.IntN(testsite.MaxLevel+1), r.Int64N(1000))
			}
		})
	}
	for i := range runs {
		next <- i
	}
	close(next)
	all.Wait()
	t.Logf("%d runs: %v", made, ended)
}
