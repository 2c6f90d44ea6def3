package web_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/aether-rpa/aether/node"
)

func TestDialogs(t *testing.T) {
	e := env(t)
	run(t, e, "web.goto", map[string]any{"url": serve(t, map[string]string{"/": `
		<button onclick="document.title = String(confirm('Delete it?'))">Delete</button><button onclick="document.title = prompt('Name?', 'Bob')">Ask</button><button onclick="setTimeout(() => alert('Later'), 80)">Tell</button>`})})
	if f := fails(t, e, "web.dialogs", map[string]any{"wait": true, "timeout": "2s"}); f.Kind != node.KindTimeout {
		t.Errorf("nothing was shown: %+v", f)
	}
	press := func(what, want string) {
		t.Helper()
		run(t, e, "web.click", map[string]any{"target": "text=" + what})
		if got := inPage(t, e, "document.title"); got != want {
			t.Errorf("%s gave %q, want %q", what, got, want)
		}
	}
	press("Delete", "false")
	if out := run(t, e, "web.dialogs", map[string]any{"answer": "accept"}); out["message"] != "Delete it?" || out["kind"] != "confirm" || out["taken"] != "dismissed" || fmt.Sprint(out["count"]) != "1" {
		t.Errorf("a question was %v", out)
	}
	press("Delete", "true")
	press("Ask", "Bob")
	run(t, e, "web.dialogs", map[string]any{"answer": "accept", "text": "Ada"})
	press("Ask", "Ada")
	run(t, e, "web.dialogs", map[string]any{"answer": "dismiss"})
	press("Ask", "null")
	run(t, e, "web.dialogs", map[string]any{"answer": "default"})
	run(t, e, "web.click", map[string]any{"target": "text=Tell"})
	if out := run(t, e, "web.dialogs", map[string]any{"wait": true}); len(out["dialogs"].([]any)) < 5 {
		t.Errorf("the dialogs are %v", out)
	}
	if f := fails(t, e, "web.dialogs", map[string]any{"answer": "dismiss", "text": "x"}); !strings.Contains(f.Message, "answer: accept") {
		t.Errorf("a text without an answer: %+v", f)
	}
}

func TestCookies(t *testing.T) {
	e := env(t)
	var sent atomic.Value
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/favicon.ico" {
			return // it has cookies of its own path
		}
		sent.Store(r.Header.Get("Cookie"))
		if r.URL.Path == "/" {
			http.SetCookie(w, &http.Cookie{Name: "sid", Value: "s1", HttpOnly: true})
			http.SetCookie(w, &http.Cookie{Name: "lang", Value: "en", MaxAge: 1000})
		}
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprint(w, "<p>page")
	}))
	t.Cleanup(s.Close)
	run(t, e, "web.goto", map[string]any{"url": s.URL})
	if out := run(t, e, "web.cookies_get", nil); fmt.Sprint(out["count"]) != "2" {
		t.Fatalf("the cookies are %v", out)
	}
	out := run(t, e, "web.cookies_get", map[string]any{"name": "sid"})
	if c := out["cookies"].([]any)[0].(map[string]any); out["value"] != "s1" || c["http_only"] != true || c["expires"] != nil || c["domain"] != "127.0.0.1" {
		t.Errorf("the cookie is %v", out)
	}
	run(t, e, "web.cookies_set", map[string]any{"cookies": []any{map[string]any{"name": "lang", "value": "lv", "expires": "2099-01-01T00:00:00Z"}, map[string]any{"name": "key", "secret": "hunter2", "path": "/deep"}}})
	run(t, e, "web.goto", map[string]any{"url": s.URL + "/deep/x"})
	if got := fmt.Sprint(sent.Load()); !strings.Contains(got, "lang=lv") || !strings.Contains(got, "key=hunter2") || !strings.Contains(got, "sid=s1") {
		t.Errorf("the cookies that were sent are %s", got)
	}
	if out := run(t, e, "web.cookies_clear", map[string]any{"name": "lang"}); fmt.Sprint(out["count"]) != "1" {
		t.Errorf("clearing one: %v", out)
	}
	if out := run(t, e, "web.cookies_get", nil); fmt.Sprint(out["count"]) != "2" || strings.Contains(fmt.Sprint(out), "lang") {
		t.Errorf("the others are %v", out)
	}
	if out := run(t, e, "web.cookies_clear", map[string]any{"domain": "example.com"}); fmt.Sprint(out["count"]) != "0" {
		t.Errorf("clearing another domain: %v", out)
	}
	run(t, e, "web.cookies_clear", nil)
	run(t, e, "web.reload", nil)
	if got := fmt.Sprint(sent.Load()); got != "" {
		t.Errorf("after clearing the browser sends %s", got)
	}
	for says, c := range map[string]map[string]any{
		"did not keep": {"name": "a", "value": "b", "domain": "127.0.0.1", "expires": "2001-01-01T00:00:00Z"},
		"expires is":   {"name": "a", "value": "b", "expires": "tomorrow"},
		"refuses":      {"name": "a b;c", "value": "b", "domain": "not a domain"},
	} {
		if f := fails(t, e, "web.cookies_set", map[string]any{"cookies": []any{c}}); f.Kind != node.KindInput || !strings.Contains(f.Message, says) {
			t.Errorf("%s: %+v", says, f)
		}
	}
	run(t, e, "web.goto", map[string]any{"url": "about:blank"})
	if f := fails(t, e, "web.cookies_set", map[string]any{"cookies": []any{map[string]any{"name": "a"}}}); f.Kind != node.KindInput {
		t.Errorf("a cookie for no site: %+v", f)
	}
}

func TestStorage(t *testing.T) {
	e := env(t)
	url := serve(t, map[string]string{"/": `<script>localStorage.cart = '[7]'; localStorage.lang = 'en'</script>`, "/next": "<p>next"})
	run(t, e, "web.goto", map[string]any{"url": url})
	if out := run(t, e, "web.storage_get", map[string]any{"key": "cart"}); out["value"] != "[7]" || out["found"] != true {
		t.Errorf("the cart is %v", out)
	}
	if out := run(t, e, "web.storage_get", map[string]any{"key": "cart", "store": "session"}); out["found"] != false {
		t.Errorf("the cart of the session is %v", out)
	}
	run(t, e, "web.storage_set", map[string]any{"items": map[string]any{"cart": []any{7, 9}, "n": 2.5, "quote": "a\"b\u2028'"}})
	run(t, e, "web.storage_set", map[string]any{"items": map[string]any{"step": "two"}, "store": "session"})
	run(t, e, "web.goto", map[string]any{"url": url + "/next"})
	if got := inPage(t, e, "localStorage.cart + localStorage.n + sessionStorage.step"); got != "[7,9]2.5two" {
		t.Errorf("the page sees %s", got)
	}
	if out := run(t, e, "web.storage_get", nil); fmt.Sprint(out["count"]) != "4" || out["items"].(map[string]any)["quote"] != "a\"b\u2028'" {
		t.Errorf("all is %v", out)
	}
	if out := run(t, e, "web.storage_clear", map[string]any{"keys": []any{"cart", "nothing"}}); fmt.Sprint(out["count"]) != "1" {
		t.Errorf("clearing the cart: %v", out)
	}
	if out := run(t, e, "web.storage_clear", nil); fmt.Sprint(out["count"]) != "3" || inPage(t, e, "localStorage.length + sessionStorage.length") != "1" {
		t.Errorf("clearing all: %v", out)
	}
	if f := fails(t, e, "web.storage_set", map[string]any{"items": map[string]any{"a": strings.Repeat("x", 6<<20)}}); f.Kind != node.KindInput || !strings.Contains(f.Hint, "5 MB") {
		t.Errorf("too much: %s", f.Message)
	}
	run(t, e, "web.goto", map[string]any{"url": "about:blank"})
	for typ, p := range map[string]map[string]any{"web.storage_get": {}, "web.storage_set": {"items": map[string]any{"a": "b"}}, "web.storage_clear": {}} {
		if f := fails(t, e, typ, p); f.Kind != node.KindInput || !strings.Contains(f.Message, "stores nothing") {
			t.Errorf("%s of a page without a site: %+v", typ, f)
		}
	}
}

func TestIntercept(t *testing.T) {
	e := env(t)
	var pictures, api atomic.Int64
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/i.png":
			pictures.Add(1)
		case "/api":
			api.Add(1)
			w.Header().Set("X-Was", "server")
			fmt.Fprint(w, `{"price": 10, "name": "Lämp"}`)
		default:
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			fmt.Fprint(w, `<img src=/i.png onerror="document.body.dataset.blocked=1"><p>Hello</p>`)
		}
	}))
	t.Cleanup(s.Close)
	ask := func() string {
		t.Helper()
		out := run(t, e, "web.evaluate", map[string]any{"script": "fetch('/api').then(async r => r.status + ' ' + r.headers.get('X-Was') + ' ' + await r.text()).catch(e => 'failed')"})
		return fmt.Sprint(out["result"])
	}
	run(t, e, "web.intercept", map[string]any{"block": []any{"images", "analytics", "*/ads/*"}}) // before any page
	run(t, e, "web.goto", map[string]any{"url": s.URL})
	if got := inPage(t, e, "document.body.dataset.blocked"); got != "1" || pictures.Load() != 0 {
		t.Errorf("pictures are loaded %d times: %s", pictures.Load(), got)
	}
	for _, c := range []struct {
		rule map[string]any
		want string
		hits int64
	}{
		{map[string]any{"url": "*/api", "do": "answer", "json": map[string]any{"price": 1}}, `200 null {"price":1}`, 0},
		{map[string]any{"url": "*/api", "do": "answer", "status": 503, "body": "down", "headers": map[string]any{"X-Was": "made"}}, "503 made down", 0},
		{map[string]any{"types": []any{"xhr"}}, "failed", 0},
		{map[string]any{"url": "*/api", "do": "change", "replace": map[string]any{"10": "99"}, "headers": map[string]any{"x-was": "changed"}}, `200 changed {"price": 99, "name": "Lämp"}`, 1},
		{map[string]any{"url": "*/api", "do": "change", "status": 404}, `404 server {"price": 10, "name": "Lämp"}`, 2},
		{map[string]any{"url": "*/api", "method": "POST"}, `200 server {"price": 10, "name": "Lämp"}`, 3},
	} {
		run(t, e, "web.intercept", map[string]any{"rules": []any{c.rule}})
		if got := ask(); got != c.want || api.Load() != c.hits {
			t.Errorf("%v gives %s after %d requests", c.rule, got, api.Load())
		}
	}
	run(t, e, "web.intercept", map[string]any{"block": []any{"*/api"}, "rules": []any{map[string]any{"url": "*/api", "do": "pass"}}})
	if got := ask(); !strings.HasPrefix(got, "200 server") {
		t.Errorf("what may pass gives %s", got)
	}
	run(t, e, "web.intercept", map[string]any{"block": []any{"*/api"}})
	ask()
	run(t, e, "web.new_tab", map[string]any{"url": s.URL})
	if got := ask(); got != "failed" {
		t.Errorf("in a new tab the service gives %s", got)
	}
	if out := run(t, e, "web.intercept", nil); fmt.Sprint(out["rules"]) != "0" || fmt.Sprint(out["matched"]) != "2" {
		t.Errorf("the end of the rules: %v", out)
	}
	if got := ask(); !strings.HasPrefix(got, "200 server") {
		t.Errorf("without rules the service gives %s", got)
	}
	for says, p := range map[string]map[string]any{
		"no \"colours\" to block": {"block": []any{"colours"}}, "load no \"cats\"": {"rules": []any{map[string]any{"types": []any{"cats"}}}},
		"do is block": {"rules": []any{map[string]any{"body": "x"}}}, "do: change": {"rules": []any{map[string]any{"do": "answer", "replace": map[string]any{"a": "b"}}}},
		"what to change": {"rules": []any{map[string]any{"do": "change"}}}, "not both": {"rules": []any{map[string]any{"do": "answer", "body": "x", "json": 1}}},
	} {
		if f := fails(t, e, "web.intercept", p); !strings.Contains(f.Message, says) {
			t.Errorf("%s: %+v", says, f)
		}
	}
}

func TestAuth(t *testing.T) {
	e := env(t)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if u, p, ok := r.BasicAuth(); !ok || u != "ada" || p != "hunter2" {
			w.Header().Set("WWW-Authenticate", `Basic realm="shop"`)
			http.Error(w, "who are you?", http.StatusUnauthorized)
			return
		}
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprint(w, "<h1>Hello Ada</h1>")
	}))
	t.Cleanup(s.Close)
	if f := fails(t, e, "web.goto", map[string]any{"url": s.URL}); f.Kind != node.KindNetwork || !strings.Contains(f.Message, "refuses the user name") {
		t.Errorf("without a password: %+v", f)
	}
	run(t, e, "web.auth", map[string]any{"user": "ada", "password": "wrong"})
	if f := fails(t, e, "web.goto", map[string]any{"url": s.URL}); f.Kind != node.KindNetwork || !strings.Contains(f.Message, "refuses the user name") {
		t.Errorf("with a wrong password: %+v", f)
	}
	run(t, e, "web.auth", map[string]any{"user": "ada", "password": "hunter2"})
	run(t, e, "web.goto", map[string]any{"url": s.URL})
	if got := inPage(t, e, "document.body.innerText"); got != "Hello Ada" {
		t.Errorf("the page shows %s", got)
	}
	if out := run(t, e, "web.auth", nil); out["active"] != false {
		t.Errorf("the end: %v", out)
	}
}

func TestEmulate(t *testing.T) {
	e := env(t)
	url := serve(t, map[string]string{"/": `<p>Hello</p>`})
	run(t, e, "web.goto", map[string]any{"url": url})
	out := run(t, e, "web.emulate", map[string]any{"width": 800, "height": 600, "scale": 2, "locale": "de-DE", "timezone": "Asia/Tokyo", "colors": "dark", "latitude": 56.9, "longitude": 24.1})
	if fmt.Sprint(out) != "map[colors:dark height:600 locale:de-DE online:true timezone:Asia/Tokyo width:800]" {
		t.Errorf("the page sees %v", out)
	}
	run(t, e, "web.new_tab", map[string]any{"url": url})
	if got := inPage(t, e, "[innerWidth, devicePixelRatio, (1234.5).toLocaleString(), new Date(0).getHours(), matchMedia('(prefers-color-scheme: dark)').matches].join()"); got != "800,2,1.234,5,9,true" {
		t.Errorf("a new tab sees %s", got)
	}
	if got := run(t, e, "web.evaluate", map[string]any{"script": "new Promise((f, r) => navigator.geolocation.getCurrentPosition(p => f([p.coords.latitude, p.coords.longitude]), e => f(e.message)))"}); fmt.Sprint(got["result"]) != "[56.9 24.1]" {
		t.Errorf("the place is %v", got)
	}
	if out := run(t, e, "web.emulate", map[string]any{"network": "offline"}); out["online"] != false || out["colors"] != "dark" {
		t.Errorf("offline: %v", out)
	}
	if f := fails(t, e, "web.reload", map[string]any{"timeout": "5s"}); f.Kind != node.KindNetwork {
		t.Errorf("a page without a network: %+v", f)
	}
	run(t, e, "web.emulate", map[string]any{"network": "slow_3g"})
	run(t, e, "web.goto", map[string]any{"url": url})
	if out := run(t, e, "web.emulate", map[string]any{"reset": true, "network": "normal"}); out["online"] != true || out["colors"] != "light" || out["timezone"] == "Asia/Tokyo" || out["locale"] == "de-DE" {
		t.Errorf("after a reset: %v", out)
	}
	if f := fails(t, e, "web.emulate", map[string]any{"timezone": "Moon/Crater"}); f.Kind != node.KindInput || !strings.Contains(f.Message, "refuses") {
		t.Errorf("a zone that is not there: %+v", f)
	}
	if out := run(t, e, "web.emulate", nil); out["timezone"] == "Moon/Crater" {
		t.Errorf("what was refused is kept: %v", out)
	}
	for says, p := range map[string]map[string]any{"width and height": {"width": 5}, "latitude and longitude": {"latitude": 5}} {
		if f := fails(t, e, "web.emulate", p); !strings.Contains(f.Message, says) {
			t.Errorf("%s: %+v", says, f)
		}
	}
}

func TestConsole(t *testing.T) {
	e := env(t)
	run(t, e, "web.goto", map[string]any{"url": serve(t, map[string]string{"/": "<script>console.log('hello', 7, {a: 1});\nconsole.warn('careful');\nnope()</script><button onclick=\"console.error('pressed')\">Go</button>"})})
	out := run(t, e, "web.console", nil)
	list := out["messages"].([]any)
	if len(list) != 3 || fmt.Sprint(out["errors"]) != "1" {
		t.Fatalf("the console has %v", out)
	}
	for i, want := range []string{"info hello 7 {a: 1} 1", "warning careful 2", "error ReferenceError: nope is not defined 3"} {
		m := list[i].(map[string]any)
		if got := fmt.Sprint(m["level"], " ", m["text"], " ", m["line"]); got != want {
			t.Errorf("message %d is %q, want %q", i, got, want)
		}
	}
	run(t, e, "web.click", map[string]any{"target": "text=Go"})
	later := run(t, e, "web.console", map[string]any{"after": out["next"], "levels": []any{"error"}})
	if fmt.Sprint(later["count"]) != "1" || !strings.Contains(fmt.Sprint(later["messages"]), "pressed") {
		t.Errorf("what came later is %v", later)
	}
	if none := run(t, e, "web.console", map[string]any{"after": later["next"]}); fmt.Sprint(none["count"]) != "0" || none["next"] != later["next"] {
		t.Errorf("nothing more is %v", none)
	}
}
