package acme_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"github.com/aether-rpa/aether/internal/testsite/acme"
)

func TestSignInWithCode(t *testing.T) {
	v := visit(t, acme.Config{Seed: 1})
	p := v.get("/vendors?q=gmbh")
	if p.path != "/acme/login?next=%2Fvendors%3Fq%3Dgmbh" {
		t.Fatalf("without a login the vendors lead to %s", p.path)
	}
	next := "/login?" + url.Values{"next": {"/vendors?q=gmbh"}}.Encode()
	p = v.post(next, "user", "robot", "password", "practice-1")
	if p.path != "/acme/login/code" {
		t.Fatalf("after the password comes %s, want the code", p.path)
	}
	if p := v.get("/vendors"); !strings.HasPrefix(p.path, "/acme/login") {
		t.Errorf("without the code the vendors are shown")
	}
	p = v.post("/login/code", "code", code(t, v.clock.Now().Add(-2*time.Minute)))
	if p.status != http.StatusUnauthorized || p.text("code.error") == "" {
		t.Errorf("an old code gives %d %q", p.status, p.text("code.error"))
	}
	p = v.post("/login/code", "code", code(t, v.clock.Now()))
	if p.path != "/acme/vendors?q=gmbh" || p.text("user.name") != "Robin Botley" {
		t.Errorf("the code leads to %s as %q, want back to the vendors", p.path, p.text("user.name"))
	}
	v.want("session.refuse", "robot|why=wrong code")
	v.want("session.begin", "robot")
	v.post("/logout")
	if p := v.get("/vendors"); !strings.HasPrefix(p.path, "/acme/login") {
		t.Errorf("after signing out the vendors are shown")
	}
	v.want("session.leave", "robot")
}

func TestSignInRefused(t *testing.T) {
	for _, tt := range []struct{ name, user, password, want string }{
		{"unknown", "nobody", "practice-1", "User or password is wrong."},
		{"password", "robot", "practice-2", "User or password is wrong."},
		{"empty", "", "", "User or password is wrong."},
		{"locked", "locked", "practice-3", "This account is locked. Ask your administrator."},
	} {
		t.Run(tt.name, func(t *testing.T) {
			v := visit(t, acme.Config{})
			p := v.post("/login", "user", tt.user, "password", tt.password)
			if got := p.text("login.error"); p.status != http.StatusUnauthorized || got != tt.want {
				t.Errorf("got %d %q, want 401 %q", p.status, got, tt.want)
			}
			v.want("session.refuse", tt.user+"|why="+tt.want)
			v.want("session.begin")
		})
	}
}

func TestSignInLeadsNowhereElse(t *testing.T) {
	for _, next := range []string{"//evil.example/", "https://evil.example/", `/\evil.example`, "work"} {
		v := visit(t, acme.Config{})
		v.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
		p := v.post("/login?"+url.Values{"next": {next}}.Encode(), "user", "clerk", "password", "practice-2")
		if got := p.header.Get("Location"); got != "/acme/" {
			t.Errorf("next %q leads to %q", next, got)
		}
	}
}

func TestSessionEnds(t *testing.T) {
	for _, tt := range []struct {
		name string
		cfg  acme.Config
		how  func(v *visitor)
	}{
		{"after requests, by configuration", acme.Config{SessionRequests: 3}, func(v *visitor) { v.get("/work"); v.get("/board") }},
		{"after requests, by query", acme.Config{}, func(v *visitor) { v.get("/work?session_requests=2"); v.get("/board") }},
		{"after requests, by form", acme.Config{}, func(v *visitor) { v.post("/session", "requests", "1") }},
		{"after requests, at the login", acme.Config{}, func(v *visitor) {
			v.post("/login?session_requests=1", "user", "clerk", "password", "practice-2")
		}},
		{"after minutes, by configuration", acme.Config{SessionFor: 5 * time.Minute}, func(v *visitor) { v.clock.pass(5 * time.Minute) }},
		{"after minutes, by query", acme.Config{}, func(v *visitor) { v.get("/work?session_minutes=2"); v.clock.pass(2 * time.Minute) }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			v := visit(t, tt.cfg).signIn()
			tt.how(v)
			p := v.post("/prices/A-101", "field", "price", "value", "1.00")
			if p.text("login.ended") == "" {
				t.Fatalf("the session has not ended: %s, %d", p.path, p.status)
			}
			v.want("price.change")
			v.want("session.end", "clerk")
		})
	}
}

func TestSessionIsRenewedByPages(t *testing.T) {
	v := visit(t, acme.Config{SessionFor: 5 * time.Minute}).signIn()
	for range 5 {
		v.clock.pass(4 * time.Minute)
		if p := v.get("/work"); p.status != http.StatusOK || p.path != "/acme/work" {
			t.Fatalf("got %d at %s", p.status, p.path)
		}
	}
}

func TestEndedSessionLeadsBack(t *testing.T) {
	v := visit(t, acme.Config{}).signIn()
	v.clock.pass(time.Hour)
	r, err := http.NewRequest(http.MethodPost, v.url+"/work/WI-100001", strings.NewReader("status=Open"))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Referer", v.url+"/work/WI-100001?back=%2Fwork")
	p := v.do(r)
	if p.text("login.ended") == "" {
		t.Fatalf("the login does not say that the session has ended: %s", p.path)
	}
	form := p.all(func(n *html.Node) bool { return n.Data == "form" })[0]
	p = v.post(strings.TrimPrefix(attr(form, "action"), "/acme"), "user", "clerk", "password", "practice-2")
	if p.path != "/acme/work/WI-100001?back=%2Fwork" {
		t.Errorf("the login leads back to %s", p.path)
	}
	v.want("workitem.update")
}

func TestEndedSessionTellsScripts(t *testing.T) {
	v := visit(t, acme.Config{})
	r, err := http.NewRequest(http.MethodPost, v.url+"/board/move", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Accept", "application/json")
	if p := v.do(r); p.status != http.StatusUnauthorized || !strings.Contains(p.body, `"login":"/acme/login"`) {
		t.Errorf("got %d %s", p.status, p.body)
	}
}
