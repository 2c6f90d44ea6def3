package conformance

import (
	"io"
	"net"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aether-rpa/aether/internal/db/dbtest"
)

// wire passes connections on to a server, and can be cut.
type wire struct {
	net.Listener
	to    string
	mu    sync.Mutex
	cut   bool
	conns map[net.Conn]bool
}

// newWire puts a wire before the server of a URL and returns the URL of it.
func newWire(t *testing.T, target string) (*wire, string) {
	t.Helper()
	u, err := url.Parse(target)
	if err != nil {
		t.Fatal(err)
	}
	if u.Port() == "" {
		t.Skip("the server of the tests is not reached by TCP")
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w := &wire{Listener: l, to: u.Host, conns: map[net.Conn]bool{}}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go w.pass(c)
		}
	}()
	u.Host = l.Addr().String()
	return w, u.String()
}

func (w *wire) pass(c net.Conn) {
	defer c.Close()
	s, err := net.Dial("tcp", w.to)
	if err != nil {
		return
	}
	defer s.Close()
	w.mu.Lock()
	if w.cut {
		w.mu.Unlock()
		return
	}
	w.conns[c] = true
	w.mu.Unlock()
	go func() {
		_, _ = io.Copy(s, c)
		_ = s.Close()
	}()
	_, _ = io.Copy(c, s)
	w.mu.Lock()
	delete(w.conns, c)
	w.mu.Unlock()
}

// set cuts the wire, or mends it.
func (w *wire) set(cut bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.cut = cut
	if cut {
		for c := range w.conns {
			_ = c.Close()
		}
	}
}

// TestDatabaseAway loses PostgreSQL for some seconds in the middle of a run.
func TestDatabaseAway(t *testing.T) {
	slow(t)
	target := dbtest.Postgres(t)
	t.Parallel()
	h, l := newHome(t), newLedger(t)
	w, addr := newWire(t, target.URL)
	h.env = []string{"AETHER_DATABASE_URL=" + addr}
	l.holding("b")
	h.flow("nodes:\n" + l.post("a", "a") + l.post("b", "b") + l.post("c", "c") + "edges: [a -> b, b -> c]\n")
	p := h.start("run", "flow.yaml", "--id", "r")
	p.sees("ok       a")
	eventually(t, "b is under way", 20*time.Second, func() bool { return l.has("b") })
	w.set(true)
	l.release()

	r := h.aether("runs", "list")
	if r.code != 1 || r.took > 30*time.Second {
		t.Errorf("without a database: exit code %d after %s", r.code, r.took)
	}
	refused(t, r, "PostgreSQL at", "is it running")
	if strings.Contains(r.err, target.URL) {
		t.Errorf("the message holds the URL, which may hold a password:\n%s", r.err)
	}
	select {
	case <-p.done:
	case <-time.After(4 * time.Second):
	}
	w.set(false)
	h.recovers(p, l, "a b c")
}
