package conformance

import (
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// line is the network between a robot and its orchestrator. It breaks when the robot reports an element that was found
// again: the orchestrator hears it, and the robot gets no answer. It is mended after some requests have found nobody.
type line struct {
	mu      sync.Mutex
	broken  bool
	refused int
	reports int
	at      func() // is called when it breaks
}

// refusals is how many requests find nobody.
const refusals = 6

// take says what becomes of a request: it is passed on, and whether its answer is.
func (l *line) take(path string) (pass, answer bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	report := strings.HasSuffix(path, "/elements/report")
	switch {
	case l.broken && l.refused < refusals:
		l.refused++
		return false, false
	case report && l.reports == 0:
		l.reports, l.broken = 1, true
		l.at()
		return true, false
	case report:
		l.reports++
	}
	return true, true
}

// A robot without a database finds an element again while its orchestrator cannot be reached. It does not press it before
// the orchestrator has said that the report is kept; the report arrives once, however often it is sent.
func TestHealingAway(t *testing.T) {
	t.Parallel()
	needsBrowser(t)
	var id atomic.Value
	id.Store("send")
	var sent, early atomic.Int64
	l := &line{}
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		if r.URL.Path == "/sent" {
			sent.Add(1)
			l.mu.Lock()
			if l.broken && l.refused < refusals {
				early.Add(1)
			}
			l.mu.Unlock()
		}
		fmt.Fprintf(w, `<!doctype html><title>Orders</title><h1>Order</h1><form action=/sent><label>Article <input name=a value=x></label><button id=%s>Fetch the order</button></form>`, id.Load())
	}))
	defer site.Close()
	l.at = func() { sent.Store(0) }
	h := newHome(t)
	n := &notes{home: h}
	h.want(0, "secret", "key", "new")
	h.flow(`nodes:
  - {id: open, type: web.open, params: {url: "` + site.URL + `"}}
  - {id: send, type: web.click, on_interrupted: retry, params: {target: css=#send, timeout: 60s}}
edges: [open -> send]
`)
	s := h.serve("serve")
	to, err := url.Parse(s.url)
	if err != nil {
		t.Fatal(err)
	}
	proxy := &httputil.ReverseProxy{FlushInterval: -1, ErrorLog: log.New(io.Discard, "", 0), Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(to) }}
	door := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		pass, answer := l.take(r.URL.Path)
		if pass && !answer {
			proxy.ServeHTTP(httptest.NewRecorder(), r)
		}
		if !answer {
			panic(http.ErrAbortHandler)
		}
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(door.Close)
	d := h.desk(t, "desk", door.URL)
	t.Cleanup(d.browserGone)
	d.up()
	first, _ := h.add()
	n.done(first)
	id.Store("x91")
	run, _ := h.add()
	n.done(run)
	eventually(t, "the count of the run", time.Minute, func() bool {
		got := n.heals()
		return len(got) == 1 && got[0].Runs == 1
	})
	if got := n.heals(); got[0].Outcome != "healed" || got[0].Streak != 1 || got[0].Screenshot == "" || got[0].Page == "" {
		t.Errorf("heals: %+v", got)
	}
	eventually(t, "the event", time.Minute, func() bool { return len(n.healEvents(run)) > 0 })
	if got := n.healEvents(run); !slices.Equal(got, []string{"element.healed send"}) {
		t.Errorf("told %v", got)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.reports < 2 || l.refused < refusals || sent.Load() != 1 || early.Load() != 0 {
		t.Errorf("%d reports, %d requests found nobody, pressed %d times, %d of them before the report was kept", l.reports, l.refused, sent.Load(), early.Load())
	}
}
