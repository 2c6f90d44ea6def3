package conformance

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
)

// lostSite has a desk behind a login that can be made to expire.
type lostSite struct {
	*httptest.Server
	mu      sync.Mutex
	expired map[string]bool // sessions
	logins  int
	saved   []string
	held    chan struct{}
	hold    chan struct{}
}

func newLostSite(t *testing.T) *lostSite {
	s := &lostSite{expired: map[string]bool{}, held: make(chan struct{}, 8), hold: make(chan struct{})}
	s.Server = httptest.NewServer(http.HandlerFunc(s.serve))
	t.Cleanup(s.Close)
	t.Cleanup(s.CloseClientConnections)
	return s
}

func (s *lostSite) serve(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/rate" {
		s.held <- struct{}{}
		select {
		case <-s.hold:
		case <-r.Context().Done():
		}
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	w.Header().Set("Content-Type", "text/html")
	c, err := r.Cookie("sid")
	switch in := err == nil && !s.expired[c.Value]; {
	case r.URL.Path == "/login" && r.Method == http.MethodPost:
		s.logins++
		http.SetCookie(w, &http.Cookie{Name: "sid", Value: fmt.Sprint("s", s.logins), Path: "/"})
		http.Redirect(w, r, "/home", http.StatusSeeOther)
	case r.URL.Path == "/login":
		fmt.Fprint(w, `<!doctype html><h1>Login</h1><form method=post><button>Log in</button></form>`)
	case !in:
		http.Redirect(w, r, "/login", http.StatusSeeOther)
	case r.Method == http.MethodPost:
		s.saved = append(s.saved, r.FormValue("note"))
		fmt.Fprint(w, `<!doctype html><h1>Saved</h1>`)
	default:
		fmt.Fprintf(w, `<!doctype html><h1>Desk %s</h1><form method=post><label>Note <input name=note></label><button>Save</button></form>`, r.URL.Path)
	}
}

// expire ends the logins of all who are in, or lets them in again.
func (s *lostSite) expire(yes bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := 1; i <= s.logins; i++ {
		s.expired[fmt.Sprint("s", i)] = yes
	}
}

func (s *lostSite) done(t *testing.T, logins int) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if fmt.Sprint(s.saved) != "[hello]" || s.logins != logins {
		t.Errorf("it saved %q and logged in %d times", s.saved, s.logins)
	}
}

// killedAtDesk starts a run, kills its robot when a form is filled in and not saved, and ends its login.
// The flow is that of the guide.
func (h *home) killedAtDesk(s *lostSite, change *strings.Replacer) {
	h.Helper()
	guide, err := os.ReadFile("../../docs/guide/web.md")
	if err != nil {
		h.Fatal(err)
	}
	_, flow, found := strings.Cut(string(guide), "```yaml\naether: 1\nname: note for the desk\n")
	flow, _, ended := strings.Cut(flow, "```")
	if !found || !ended {
		h.Fatal("the guide has no such flow")
	}
	h.flow(change.Replace(flow))
	p := h.start("run", "flow.yaml", "--id", "one", "-i", "site="+s.URL)
	<-s.held
	p.kill()
	h.browserGone()
	close(s.hold)
	s.expire(true)
}

// TestLostSession has the login expire while a run lies still. A flow that says how its page is reached gets there by
// itself and goes on where it was; any other asks, with a picture, and a person decides.
func TestLostSession(t *testing.T) {
	needsBrowser(t)
	t.Run("the flow says the way", func(t *testing.T) {
		h, s := newHome(t), newLostSite(t)
		h.killedAtDesk(s, strings.NewReplacer())
		if r := h.aether("run", "flow.yaml", "--id", "one", "-i", "site="+s.URL, "--json"); r.code != 0 || !strings.Contains(r.out, `"said":"Saved"`) {
			t.Fatalf("exit code %d\n%s%s", r.code, r.out, r.err)
		}
		s.done(t, 2)
	})
	t.Run("a person says", func(t *testing.T) {
		h, s := newHome(t), newLostSite(t)
		h.killedAtDesk(s, strings.NewReplacer("  - {id: desk, type: web.enter}\n", "", "  - desk.enter -> open\n", "", "desk.body -> note", "form -> note"))
		h.want(3, "run", "flow.yaml", "--id", "one", "-i", "site="+s.URL, "--no-input")
		asked := decode[struct {
			Run struct {
				Waits []struct {
					Kind, Path, Question string
					Choices              []string
					Details              map[string]string
				}
			}
		}](h, h.want(0, "runs", "show", "one", "--json").out)
		if len(asked.Run.Waits) != 1 {
			t.Fatalf("it waits for %+v", asked)
		}
		w := asked.Run.Waits[0]
		// Whether the last field was filled in the record may not know.
		if w.Kind != "session" || w.Path != "save" && w.Path != "note" || fmt.Sprint(w.Choices) != "[retry continue fail]" || w.Details["url"] != s.URL+"/desk" || w.Details["got"] != s.URL+"/login" ||
			len(w.Details["screenshot"]) != 64 || !strings.Contains(w.Details["expected"], "Desk /desk") || !strings.Contains(w.Details["found"], "Login") {
			t.Errorf("it asks %+v", w)
		}
		h.want(2, "runs", "answer", "one", "maybe")
		h.want(0, "runs", "answer", "one", "retry")
		h.want(3, "runs", "resume", "one", "--no-input") // it has expired still
		h.want(0, "runs", "answer", "one", "fail")
		h.want(1, "runs", "resume", "one", "--no-input")
		s.expire(false)
		// A run that goes on from the failed step has the session of the one that failed.
		h.want(0, "runs", "retry", "one")
		s.done(t, 1)
	})
}
