package conformance

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"
)

// clock answers every question with another number, and notes what it is told.
type clock struct {
	*httptest.Server
	mu   sync.Mutex
	n    int
	told []string
	// onTold is called when it is told something, before it answers.
	onTold func()
}

func newClock(t *testing.T) *clock {
	t.Helper()
	c := &clock{}
	c.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		c.mu.Lock()
		if r.Method == http.MethodGet {
			c.n++
			fmt.Fprintf(w, "%d", c.n)
			c.mu.Unlock()
			return
		}
		c.told = append(c.told, string(body)+" "+r.Header.Get("Idempotency-Key"))
		hook := c.onTold
		c.onTold = nil
		c.mu.Unlock()
		if hook != nil {
			hook()
		}
	}))
	t.Cleanup(c.Close)
	return c
}

func (c *clock) heard() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.told)
}

// A step that may be repeated acts on what was read before it. When its robot is
// gone for good in the moment in which it acts, another one repeats it with
// the same reads, and so in the same way.
func TestRemoteReadsAreKnown(t *testing.T) {
	fleets(t, func(t *testing.T, h *home) {
		c := newClock(t)
		h.flow(`
nodes:
- {id: ask, type: http.request, params: {url: "` + c.URL + `/now"}}
- {id: tell, type: http.request, params: {method: POST, url: "` + c.URL + `/tell", body: "it is {{ nodes.ask.body }}", idempotency: true}}
edges: [ask -> tell]
`)
		s := h.serve("serve")
		one, two := h.desk(t, "one", s.url), h.desk(t, "two", s.url)
		run, _ := h.add()
		p := make(chan *proc, 1)
		c.onTold = func() { (<-p).kill() }
		p <- one.up()
		eventually(t, "the first has acted", 30*time.Second, func() bool { return len(c.heard()) == 1 })
		two.up()
		eventually(t, "the run is done", 120*time.Second, func() bool { return h.show(run).Status == "done" })
		if got := c.heard(); len(got) != 2 || got[0] != got[1] || got[0][:7] != "it is 1" {
			t.Errorf("the world was told %q, want the same twice", got)
		}
	})
}
