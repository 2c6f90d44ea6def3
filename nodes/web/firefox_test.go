package web_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/aether-rpa/aether/browser/bidi"
	"github.com/aether-rpa/aether/node"
)

// A flow says in web.open that it works in Firefox, and all goes on as in Chromium: also building a session again.
func TestFirefox(t *testing.T) {
	if _, err := bidi.Find(); err != nil {
		t.Skip(err)
	}
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/in":
			http.SetCookie(w, &http.Cookie{Name: "sid", Value: "ada"})
			http.Redirect(w, r, "/", http.StatusFound)
		case "/paper":
			w.Header().Set("Content-Disposition", "attachment; filename=paper.txt")
			fmt.Fprint(w, "words")
		default:
			c, err := r.Cookie("sid")
			if err != nil {
				fmt.Fprint(w, `<!doctype html><h1>Who are you?</h1><a href=/in>Log in</a>`)
				return
			}
			fmt.Fprintf(w, `<!doctype html><h1>Desk of %s</h1><label>Note <input></label><a href=/paper>Paper</a><a href=/ target=_blank>Another</a>`, c.Value)
		}
	}))
	defer site.Close()
	first := resumed(t, env(t), nil)
	out := run(t, first, "web.open", map[string]any{"browser": "firefox", "url": site.URL, "timeout": "3m"})
	if !strings.HasPrefix(fmt.Sprint(out["browser"]), "Firefox/") || fmt.Sprint(out["status"]) != "200" {
		t.Fatalf("opened %v", out)
	}
	if out := run(t, first, "web.click", map[string]any{"target": "text=Log in"}); out["url"] != site.URL+"/" {
		t.Errorf("the login led to %v", out)
	}
	if out := run(t, first, "web.click", map[string]any{"target": "text=Another", "new_tab": true}); out["url"] != site.URL+"/" {
		t.Errorf("the tab shows %v", out)
	}
	run(t, first, "web.close_tab", nil)
	out = run(t, first, "web.download", map[string]any{"target": "text=Paper"})
	if out["name"] != "paper.txt" {
		t.Errorf("downloaded %v", out)
	}
	run(t, first, "web.fill", map[string]any{"target": "label=Note", "value": "half of it"})
	f := fails(t, first, "web.emulate", map[string]any{"network": "3g"})
	if f.Kind != node.KindError || !strings.Contains(f.Message, "Firefox cannot emulate a slow network") {
		t.Errorf("what Firefox cannot: %+v", f)
	}
	states, err := first.Sessions.Changed(t.Context())
	if err != nil || len(states) != 1 {
		t.Fatalf("%d states, %v", len(states), err)
	}
	e := resumed(t, first, states)
	if out := run(t, e, "web.get_value", map[string]any{"target": "label=Note"}); out["value"] != "half of it" {
		t.Errorf("the note holds %v", out)
	}
	if out := run(t, e, "web.get_text", map[string]any{"target": "h1"}); out["text"] != "Desk of ada" {
		t.Errorf("the page says %v", out)
	}
	if got := inPage(t, e, "navigator.userAgent"); !strings.Contains(got, "Firefox/") {
		t.Errorf("it was built again in %s", got)
	}
}
