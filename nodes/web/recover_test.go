package web_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/node/nodetest"
)

// Whatever a page does, a step ends when its time is over, and the run can go on from there: the next page is shown.
func TestStepsEndAndRunsGoOn(t *testing.T) {
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		page := map[string]string{
			"/hung":  `<button onclick="for (;;);">Go</button>`,
			"/storm": `<button onclick="setInterval(() => alert(1), 0)">Go</button>`,
			"/well":  `<h1>Well</h1>`,
		}[r.URL.Path]
		if r.URL.Path == "/loop" {
			http.Redirect(w, r, "/loop", http.StatusFound)
			return
		}
		fmt.Fprint(w, "<!doctype html>"+page)
	}))
	defer site.Close()
	for name, step := range map[string]struct {
		typ    string
		params map[string]any
	}{
		"hung":      {"web.get_text", map[string]any{"target": "#none"}},
		"storm":     {"web.get_text", map[string]any{"target": "#none"}},
		"redirects": {"web.goto", map[string]any{"url": site.URL + "/loop"}},
		"crash":     {"web.goto", map[string]any{"url": "chrome://crash"}},
	} {
		t.Run(name, func(t *testing.T) {
			e := env(t)
			run(t, e, "web.open", nil)
			switch name {
			case "hung", "storm":
				run(t, e, "web.goto", map[string]any{"url": site.URL + "/" + name, "timeout": "2m"})
				// The press may be known to have arrived before the page hangs, or not.
				_, _ = nodetest.Run(t, e, "web.click", map[string]any{"target": "text=Go", "timeout": "2s"})
			}
			const limit = 2 * time.Second
			step.params["timeout"] = limit.String()
			begun := time.Now()
			f := fails(t, e, step.typ, step.params)
			took := time.Since(begun)
			t.Logf("it failed as %s after %v", f.Kind, took)
			// A machine under load is late; one that waits for the page waits for ever.
			if took > limit+20*time.Second {
				t.Errorf("a step of at most %v took %v", limit, took)
			}
			if f.Kind == node.KindError || f.Kind == node.KindPanic {
				t.Errorf("it failed as %+v", f)
			}
			next := "web.goto"
			if name == "storm" { // whose page answers, between two of its messages, and lets go of its tab late
				next = "web.open"
			}
			run(t, e, next, map[string]any{"url": site.URL + "/well", "timeout": "2m"})
			if out := run(t, e, "web.get_text", map[string]any{"target": "h1"}); out["text"] != "Well" {
				t.Errorf("afterwards the page says %v", out)
			}
		})
	}
}
