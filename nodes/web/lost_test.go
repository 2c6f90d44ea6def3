package web_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/node/nodetest"
	"github.com/aether-rpa/aether/session"
)

// plainly lets a table record states as they are.
func plainly(b []byte) ([]byte, error) { return b, nil }

// resumed returns the environment of an execution that goes on after one that was killed: what the other had recorded
// is all that it knows.
func resumed(t *testing.T, e *node.Env, states map[string][]byte) *node.Env {
	t.Helper()
	folder := t.TempDir()
	next := *e
	next.Sessions = session.New(session.Config{Providers: map[string]session.Provider{"web": pool}, Folder: func() (string, error) { return folder, nil }, Seal: plainly, Unseal: plainly})
	next.Sessions.Recall(states, 1)
	t.Cleanup(func() { _ = next.Sessions.Close() })
	return &next
}

// A session is built again as it was, or not at all: a page that leads elsewhere now, or that has no place for what was
// entered, fails the next step, and going to a page anew has the cookies.
func TestLostSession(t *testing.T) {
	var mode atomic.Value
	mode.Store("same")
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		c, err := r.Cookie("sid")
		switch {
		case r.URL.Path == "/home":
			if err == nil {
				fmt.Fprintf(w, `<!doctype html><h1>Home of %s</h1>`, c.Value)
				return
			}
			fmt.Fprint(w, `<!doctype html><h1>Who are you?</h1>`)
		case r.URL.Path == "/login":
			fmt.Fprint(w, `<!doctype html><h1>Login</h1>`)
		case mode.Load() == "expired":
			http.Redirect(w, r, "/login", http.StatusSeeOther)
		case mode.Load() == "renamed":
			fmt.Fprint(w, `<!doctype html><h1>Form</h1><label>Town <input name=x></label><label>Name <input name=y></label>`)
		case mode.Load() == "other":
			fmt.Fprint(w, `<!doctype html><h1>Form</h1><label>Street <input name=s></label><label>Town <input name=x></label>`)
		case mode.Load() == "away":
			fmt.Fprint(w, `<!doctype html><h1>Sorry</h1>`)
		default:
			http.SetCookie(w, &http.Cookie{Name: "sid", Value: "ada", Path: "/"})
			fmt.Fprint(w, `<!doctype html><h1>Form</h1><label>Name <input name=a></label><label>Town <input name=b></label>`)
		}
	}))
	defer site.Close()
	first := resumed(t, env(t), nil)
	run(t, first, "web.goto", map[string]any{"url": site.URL})
	run(t, first, "web.fill", map[string]any{"target": "label=Name", "value": "Ada"})
	states, err := first.Sessions.Changed(t.Context())
	if err != nil || len(states) != 1 {
		t.Fatalf("%d states, %v", len(states), err)
	}
	for m, ok := range map[string]bool{"same": true, "renamed": true, "other": false, "away": false, "expired": false} {
		mode.Store(m)
		e := resumed(t, first, states)
		if ok {
			if out := run(t, e, "web.get_value", map[string]any{"target": "label=Name"}); out["value"] != "Ada" {
				t.Errorf("%s: the field holds %v", m, out)
			}
			if out := run(t, e, "web.get_value", map[string]any{"target": "label=Town"}); out["value"] != "" {
				t.Errorf("%s: the other field holds %v", m, out)
			}
			continue
		}
		f := fails(t, e, "web.fill", map[string]any{"target": "label=Town", "value": "Ulm"})
		if f.Kind != node.KindSession {
			t.Errorf("%s: %+v", m, f)
		}
		run(t, e, "web.goto", map[string]any{"url": site.URL + "/home"})
		if got := inPage(t, e, "document.querySelector('h1').textContent"); got != "Home of ada" {
			t.Errorf("%s: gone to a page anew, it says %s", m, got)
		}
	}
}

// Where a page stands that does not answer is not known: the page of the record before it would be the wrong one.
func TestStateOfPageThatHangs(t *testing.T) {
	url := serve(t, map[string]string{"/": `<h1>Desk</h1><label>Name <input></label>`})
	first := resumed(t, env(t), nil)
	run(t, first, "web.goto", map[string]any{"url": url})
	if _, err := first.Sessions.Changed(t.Context()); err != nil {
		t.Fatal(err)
	}
	// What a press has done the page tells with it; of a script it is asked for.
	_, _ = nodetest.Run(t, first, "web.evaluate", map[string]any{"script": "setTimeout(() => { for (;;); })", "timeout": "2s"})
	states, err := first.Sessions.Changed(t.Context())
	if err != nil || len(states) != 1 {
		t.Fatalf("%d states, %v", len(states), err)
	}
	if f := fails(t, resumed(t, first, states), "web.fill", map[string]any{"target": "label=Name", "value": "Ada"}); f.Kind != node.KindSession {
		t.Errorf("it goes on: %+v", f)
	}
}
