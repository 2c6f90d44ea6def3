package cdp_test

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/aether-rpa/aether/browser"
	"github.com/aether-rpa/aether/selector"
)

// lender gives the browser of this package's tests to a pool, which may not end it.
type lender struct {
	browser.Driver
	b browser.Browser
}

func (l lender) Launch(context.Context, browser.Launch) (browser.Browser, error) {
	return lent{l.b}, nil
}

type lent struct{ browser.Browser }

func (lent) Close() error { return nil }

// What a session records after an action is what the page is then: its fields, and the cookies that came meanwhile,
// whoever set them.
func TestStateAfterActions(t *testing.T) {
	t.Parallel()
	url := site(t, map[string]any{
		"/": `<h1>Desk</h1><label>Name <input id=f></label><label>Town <input id=g></label><button id=b onclick="document.cookie='seen=1'">See</button>
			<button id=h onclick="fetch('/set').then(() => { done.textContent = 'set' })">Set</button><button id=n>Nothing</button><p id=done></p>`,
		"/set": func(w http.ResponseWriter, _ *http.Request) {
			http.SetCookie(w, &http.Cookie{Name: "sid", Value: "secret", HttpOnly: true})
		},
	})
	pool := &browser.Pool{Driver: lender{b: started(t)}, Folder: func() (string, func(), error) { return t.TempDir(), func() {}, nil }, Env: os.Environ()}
	l, err := pool.Open(t.Context(), nil, browser.Want{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	s := l.(*browser.Session)
	t.Cleanup(func() { _ = s.Close() })
	p, err := s.NewPage(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	visit(t, p, url+"/")
	state := func(what string, want ...string) {
		t.Helper()
		told, err := s.State(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, w := range want {
			if !strings.Contains(string(told), w) {
				t.Errorf("%s: the state lacks %s: %s", what, w, told)
			}
		}
		s.Touch() // it is asked for anew
		asked, err := s.State(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(told, asked) {
			t.Errorf("%s: the action told\n%s, and the page is\n%s", what, told, asked)
		}
		if !json.Valid(told) || strings.Contains(string(told), `"cookie":"`) {
			t.Errorf("%s: %s", what, told)
		}
	}
	press := func(id string) {
		t.Helper()
		s.Act()
		if _, err := p.Click(t.Context(), selector.Must("css=#"+id), browser.Click{}); err != nil {
			t.Fatal(err)
		}
	}
	s.Act()
	state("at first", `"tabs"`)
	s.Act()
	if _, err := p.Fill(t.Context(), selector.Must("css=#f"), "Ada"); err != nil {
		t.Fatal(err)
	}
	state("filled", `"value":"Ada"`)
	press("b")
	state("a script set a cookie", `"name":"seen"`)
	press("h")
	if _, err := p.WaitText(t.Context(), selector.Must("css=#done"), "set", func(s string) bool { return s == "set" }); err != nil {
		t.Fatal(err)
	}
	press("n")
	state("an answer set a cookie", `"name":"sid"`, `"name":"seen"`, `"value":"Ada"`)
	s.Act()
	if err := s.Context().ClearCookies(t.Context()); err != nil {
		t.Fatal(err)
	}
	told, err := s.State(t.Context())
	if err != nil || strings.Contains(string(told), `"name":"sid"`) {
		t.Errorf("after the cookies were cleared: %s, %v", told, err)
	}
	s.Act()
	if _, err := p.Form(t.Context(), []browser.FormField{{Target: selector.Must("label=Name"), Value: "Bob"}, {Target: selector.Must("label=Town"), Value: "Bonn"}}); err != nil {
		t.Fatal(err)
	}
	state("the form", `"value":"Bob"`, `"value":"Bonn"`)
}
