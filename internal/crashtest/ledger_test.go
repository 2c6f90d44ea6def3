//go:build unix

package crashtest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
)

// entry is what a node of a victim tells the ledger.
type entry struct {
	Kind   string `json:"kind"` // visit: the node was called; effect: it acted
	Run    string `json:"run"`
	Token  string `json:"token"`
	Path   string `json:"path"`
	Try    int    `json:"try"`
	Effect string `json:"effect"` // class
	Life   int    `json:"life"`   // which process of the run's life, from 1
}

// record returns the name of the record that this execution leaves.
func (e entry) record() string {
	if e.Try > 1 {
		return fmt.Sprintf("%s#%d", e.Path, e.Try)
	}
	return e.Path
}

// ledger is the outside world of one run. It outlives the processes that
// execute the run.
type ledger struct {
	mu      sync.Mutex
	entries []entry
	past    map[int][]string // life -> records that it found
	asked   []string
	decide  func(l *ledger, q asked) string
	// hold blocks the nodes that hold until it is closed; held tells that one
	// does.
	hold chan struct{}
	held chan struct{}
}

func newLedger() *ledger {
	return &ledger{past: map[int][]string{}, hold: make(chan struct{}), held: make(chan struct{}, 100), decide: decideByLooking}
}

// decideByLooking is a person who looks at the other side before answering
// what is to become of an interrupted node.
func decideByLooking(l *ledger, q asked) string {
	switch q.Kind {
	case "approval":
		return "approve"
	case "question":
		return "yes"
	}
	for _, e := range l.entries {
		if e.Kind == "effect" && e.Run == q.Run && e.Path == q.Path {
			return "skip"
		}
	}
	return "again"
}

// all returns what a run told of one kind.
func (l *ledger) all(run, kind string) []entry {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(l.entries), func(e entry) bool { return e.Kind != kind || e.Run != run })
}

// paths returns the paths that acted in a run, each once.
func (l *ledger) paths(run string) []string {
	var out []string
	for _, e := range l.all(run, "effect") {
		out = append(out, e.Path)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// world serves the ledgers of many runs over HTTP.
type world struct {
	*httptest.Server
	mu      sync.Mutex
	ledgers map[string]*ledger
}

func newWorld(t *testing.T) *world {
	w := &world{ledgers: map[string]*ledger{}}
	w.Server = httptest.NewServer(w)
	t.Cleanup(w.Close)
	return w
}

// open makes the ledger of a run.
func (w *world) open(run string) (*ledger, string) {
	l := newLedger()
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ledgers[run] = l
	return l, w.URL + "/" + run
}

type asked struct {
	Run  string `json:"run"`
	Path string `json:"path"`
	Kind string `json:"kind"`
}

type found struct {
	Life  int      `json:"life"`
	Names []string `json:"names"`
}

// ServeHTTP takes POST /RUN/{tell,ask,past,hold}. The answer says that it is
// written down.
func (w *world) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	run, what, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	w.mu.Lock()
	l := w.ledgers[run]
	w.mu.Unlock()
	if l == nil {
		http.NotFound(rw, r)
		return
	}
	dec := json.NewDecoder(r.Body)
	var err error
	switch what {
	case "tell":
		var e entry
		if err = dec.Decode(&e); err == nil {
			l.mu.Lock()
			l.entries = append(l.entries, e)
			l.mu.Unlock()
		}
	case "past":
		var f found
		if err = dec.Decode(&f); err == nil {
			l.mu.Lock()
			l.past[f.Life] = f.Names
			l.mu.Unlock()
		}
	case "ask":
		var q asked
		if err = dec.Decode(&q); err == nil {
			l.mu.Lock()
			l.asked = append(l.asked, q.Kind+" "+q.Path)
			choice := l.decide(l, q)
			l.mu.Unlock()
			_, err = rw.Write([]byte(choice))
		}
	case "hold":
		l.held <- struct{}{}
		select {
		case <-l.hold:
		case <-r.Context().Done():
		}
	}
	if err != nil {
		http.Error(rw, err.Error(), http.StatusBadRequest)
	}
}
