package web_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"testing"

	"github.com/aether-rpa/aether/browser"
	"github.com/aether-rpa/aether/browser/cdp"
	"github.com/aether-rpa/aether/browser/makes"
	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/node/nodetest"
	_ "github.com/aether-rpa/aether/nodes/web"
	"github.com/aether-rpa/aether/session"
)

// pool is the browser that the tests of this package share.
var pool = &browser.Pool{
	Driver: makes.Driver{}, Settings: browser.Settings{Headless: true, NoSandbox: os.Geteuid() == 0}, Env: os.Environ(),
	Folder: func() (string, func(), error) {
		dir, err := os.MkdirTemp("", "aether-browser-")
		return dir, func() { _ = os.RemoveAll(dir) }, err
	},
	Idle: 1 << 40,
}

func TestMain(m *testing.M) {
	code := m.Run()
	_ = pool.Close()
	os.Exit(code)
}

func TestExamples(t *testing.T) { nodetest.Examples(t, "web") }

// env is an environment with a browser.
func env(t *testing.T) *node.Env {
	t.Helper()
	if _, err := cdp.Find(); err != nil {
		t.Skip(err)
	}
	e := nodetest.Env(t)
	folder := t.TempDir()
	e.Sessions = session.New(session.Config{Providers: map[string]session.Provider{"web": pool}, Folder: func() (string, error) { return folder, nil }})
	t.Cleanup(func() { _ = e.Sessions.Close() })
	return e
}

// serve serves pages by path and returns the address of the site.
func serve(t *testing.T, pages map[string]string) string {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p, ok := pages[r.URL.Path]
		if !ok {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprint(w, "<!doctype html><meta charset=utf-8><body>"+p)
	}))
	t.Cleanup(s.Close)
	return s.URL
}

// run runs a node that must succeed.
func run(t *testing.T, e *node.Env, typ string, params map[string]any) map[string]any {
	t.Helper()
	out, err := nodetest.Run(t, e, typ, params)
	if err != nil {
		t.Fatalf("%s: %v", typ, err)
	}
	return out
}

// fails runs a node that must fail, and returns how.
func fails(t *testing.T, e *node.Env, typ string, params map[string]any) *node.Failure {
	t.Helper()
	out, err := nodetest.Run(t, e, typ, params)
	if err == nil {
		t.Fatalf("%s succeeded: %v", typ, out)
	}
	return node.AsFailure(err)
}

// inPage evaluates an expression in the current page of the session.
func inPage(t *testing.T, e *node.Env, expression string) string {
	t.Helper()
	s, err := session.Get[*browser.Session](context.Background(), e.Sessions, "web", "browser")
	if err != nil {
		t.Fatal(err)
	}
	p, err := s.Page()
	if err != nil {
		t.Fatal(err)
	}
	var out any
	if err := p.Eval(t.Context(), p.Frames()[0].ID, expression, &out); err != nil {
		t.Fatal(err)
	}
	return fmt.Sprint(out)
}

func TestActions(t *testing.T) {
	e := env(t)
	url := serve(t, map[string]string{
		"/":     `<form action="/sent"><label>First name <input name=a></label><input type=password name=p placeholder=Password><button>Send</button></form><div id=d ondblclick="this.textContent='twice'">x</div>`,
		"/sent": `<h1>Thanks</h1>`,
	})
	if out := run(t, e, "web.goto", map[string]any{"url": url}); fmt.Sprint(out["status"]) != "200" {
		t.Errorf("the page answers %v", out)
	}
	run(t, e, "web.fill", map[string]any{"target": "label=First name", "value": "Ada"})
	if out := run(t, e, "web.fill", map[string]any{"target": "placeholder=Password", "secret": "hunter2"}); out["shown"] != "***" {
		t.Errorf("a secret was told: %v", out)
	}
	run(t, e, "web.double_click", map[string]any{"target": "#d"})
	if got := inPage(t, e, "d.textContent"); got != "twice" {
		t.Errorf("a double click did not arrive: %s", got)
	}
	out := run(t, e, "web.click", map[string]any{"target": `role=button[name="Send"]`})
	if out["url"] != url+"/sent?a=Ada&p=hunter2" || fmt.Sprint(out["status"]) != "200" {
		t.Errorf("the form led to %v", out)
	}
	run(t, e, "web.back", nil)
	f := fails(t, e, "web.click", map[string]any{"target": "text=Sent", "timeout": "2s"})
	d, _ := f.Details.(map[string]any)
	if f.Kind != node.KindElement || d["reason"] != "not_found" || d["screenshot"] == nil || f.Hint == "" {
		t.Errorf("what is not there: %+v", f)
	}
	if f := fails(t, e, "web.goto", map[string]any{"url": url + "/nowhere"}); f.Kind != node.KindHTTP || f.Code != "404" {
		t.Errorf("a page that is not there: %+v", f)
	}
	if f := fails(t, e, "web.open", map[string]any{"url": url + "/nowhere"}); f.Kind != node.KindHTTP || f.Code != "404" {
		t.Errorf("opening a page that is not there: %+v", f)
	}
	run(t, e, "web.open", map[string]any{"url": url + "/nowhere", "any_status": true})
	run(t, e, "web.close", nil)
	if f := fails(t, e, "web.click", map[string]any{"target": "#d"}); f.Kind != node.KindSession {
		t.Errorf("after closing: %+v", f)
	}
}
