package conformance

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
)

// ledger is the world outside: a server that notes what was done to it.
type ledger struct {
	*httptest.Server
	t      testing.TB
	mu     sync.Mutex
	order  []string
	fails  map[string]int // how often a name still fails
	hold   map[string]chan struct{}
	header http.Header // of the last request
	echo   bool        // answer with what was sent
}

// newLedger starts a ledger. POST /NAME is noted as NAME.
func newLedger(t testing.TB) *ledger {
	t.Helper()
	l := &ledger{t: t, fails: map[string]int{}, hold: map[string]chan struct{}{}}
	l.Server = httptest.NewServer(http.HandlerFunc(l.serve))
	t.Cleanup(func() {
		l.release()
		l.Close()
	})
	return l
}

func (l *ledger) serve(w http.ResponseWriter, r *http.Request) {
	name := strings.TrimPrefix(r.URL.Path, "/")
	body, _ := io.ReadAll(r.Body)
	l.mu.Lock()
	l.order = append(l.order, name)
	l.header = r.Header.Clone()
	hold, echo := l.hold[name], l.echo
	fail := l.fails[name] > 0
	if fail {
		l.fails[name]--
	}
	l.mu.Unlock()
	if hold != nil {
		select {
		case <-hold:
		case <-r.Context().Done():
			return
		}
	}
	if fail {
		w.WriteHeader(http.StatusTeapot)
	}
	if echo {
		fmt.Fprintf(w, "%s %s %v %s", r.Method, r.URL, r.Header, body)
		return
	}
	fmt.Fprintf(w, "noted %s", name)
}

// holding makes requests for a name wait until release.
func (l *ledger) holding(name string) {
	l.mu.Lock()
	l.hold[name] = make(chan struct{})
	l.mu.Unlock()
}

func (l *ledger) release() {
	l.mu.Lock()
	for name, c := range l.hold {
		close(c)
		delete(l.hold, name)
	}
	l.mu.Unlock()
}

func (l *ledger) failing(name string, times int) {
	l.mu.Lock()
	l.fails[name] = times
	l.mu.Unlock()
}

// noted returns what was done, in order.
func (l *ledger) noted() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.order)
}

func (l *ledger) has(name string) bool { return slices.Contains(l.noted(), name) }

// want compares what was done with names separated by blanks.
func (l *ledger) want(t testing.TB, names string) {
	t.Helper()
	if got := strings.Join(l.noted(), " "); got != names {
		t.Errorf("the world saw %q, want %q", got, names)
	}
}

// post is a node that makes one entry.
func (l *ledger) post(id, name string) string {
	return fmt.Sprintf("- {id: %s, type: http.request, params: {method: POST, url: '%s/%s', retries: 0}}\n", id, l.URL, name)
}
