package cdp_test

import (
	"context"
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/aether-rpa/aether/browser"
	"github.com/aether-rpa/aether/selector"
)

// A dot of one pixel as PNG.
const dot = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="

const snapped = `<link rel=stylesheet href=/style.css><meta http-equiv=refresh content="3600;url=/elsewhere"><meta name=csrf-token content=csrf-value>
<h1 onclick="alert(1)">Order &lt;b&gt;</h1><script>document.title='made by a script'; window.ran = 1</script>
<form action="/send?token=in-the-form&a=1">
<label>Name <input id=name value=old></label><label>Password <input type=password id=pw></label><label>Code <input id=secret></label><label>Note <textarea>old</textarea></label>
<input type=hidden name=csrf value=hidden-value><label><input type=checkbox id=news checked> News</label><select id=size><option>S<option>L</select><input type=submit value="Send it"></form>
<img src=/dot.png alt=dot><a href="javascript:alert(2)">bad</a><a href="https://user:pw-in-url@example.com/?sid=abc123def">far</a>
<div id=host></div><div id=shut></div><style id=made></style><svg viewBox="0 0 1 1"><script>window.ran=2</script><linearGradient id=g></linearGradient></svg>
<iframe src=/inner></iframe>
<script>
host.attachShadow({mode: 'open'}).innerHTML = '<button>In the open root</button><slot></slot>';
shut.attachShadow({mode: 'closed'}).innerHTML = '<button>In the closed root</button>';
made.sheet.insertRule('h1 { color: rgb(1, 2, 3) }');
document.adoptedStyleSheets = [Object.assign(new CSSStyleSheet())]; document.adoptedStyleSheets[0].replaceSync('h1 { letter-spacing: 7px }');
</script>`

func TestSnapshot(t *testing.T) {
	var mu sync.Mutex
	var loaded []string
	url := site(t, map[string]any{
		"/":      snapped,
		"/inner": `<h2>Inner</h2><input value=x id=i><iframe srcdoc="<p>Innermost</p>"></iframe><script>i.value = 'typed in'</script>`,
		"/style.css": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/css")
			fmt.Fprint(w, "h1 { margin-left: 33px }")
		},
		"/dot.png": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "image/png")
			b, _ := base64.StdEncoding.DecodeString(dot)
			_, _ = w.Write(b)
		},
	})
	_, p := opened(t, browser.Options{})
	ctx := short(t)
	if _, err := p.Goto(ctx, url+"/", browser.Loaded); err != nil {
		t.Fatal(err)
	}
	for _, f := range []struct{ target, value string }{{"#name", `Ada "the" <first>`}, {"#pw", "typed-password"}, {"css=textarea", "line\n</textarea><script>"}} {
		if _, err := p.Fill(ctx, selector.Must(f.target), f.value); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := p.FillSecret(ctx, selector.Must("#secret"), "filled-secret"); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Check(ctx, selector.Must("#news"), false); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Select(ctx, selector.Must("#size"), "", "L"); err != nil {
		t.Fatal(err)
	}
	var s *browser.Snapshot
	var err error
	p.OnReady(func(ctx context.Context, m browser.Mark) {
		s, err = p.Snapshot(ctx, m)
	})
	if _, err := p.Click(ctx, selector.Must("text=In the closed root"), browser.Click{}); err != nil {
		t.Fatal(err)
	}
	p.OnReady(nil)
	if err != nil || s == nil {
		t.Fatalf("the page was not taken down: %v", err)
	}
	for _, secret := range []string{"typed-password", "filled-secret", "hidden-value", "csrf-value", "in-the-form", "pw-in-url", "abc123def", "alert(", "window.ran", "<script", "onclick"} {
		if strings.Contains(s.HTML, secret) {
			t.Errorf("the snapshot holds %s", secret)
		}
	}
	if s.Title != "made by a script" || s.Cut || s.Width == 0 || len(s.Files) != 2 {
		t.Errorf("the snapshot: title %q, cut %t, width %d, %d files", s.Title, s.Cut, s.Width, len(s.Files))
	}
	doc := s.HTML
	for digest, f := range s.Files {
		doc = strings.ReplaceAll(doc, "artifact:"+digest, "data:"+f.Type+";base64,"+base64.StdEncoding.EncodeToString(f.Data))
	}
	// The document by itself, in a page that may run scripts and load what it likes, shows the same and does neither.
	copied := site(t, map[string]any{"/": func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/" && r.URL.Path != "/favicon.ico" {
			mu.Lock()
			defer mu.Unlock()
			loaded = append(loaded, r.URL.Path)
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprint(w, doc)
	}})
	_, q := opened(t, browser.Options{})
	if _, err := q.Goto(ctx, copied+"/", browser.Loaded); err != nil {
		t.Fatal(err)
	}
	for _, want := range []struct{ target, what, value string }{
		{"css=h1", "text", `"Order <b>"`}, {"#name", "value", `"Ada \"the\" <first>"`}, {"#pw", "value", `""`}, {"#secret", "value", `""`}, {"css=textarea", "value", `"line\n</textarea><script>"`},
		{"#news", "checked", "false"}, {"#size", "selected", ""}, {"text=In the open root", "text", `"In the open root"`}, {"text=In the closed root", "text", `"In the closed root"`},
		{"css=[data-aether-target]", "text", `"In the closed root"`}, {"text=Innermost", "text", `"Innermost"`}, {"css=input#i", "value", `"typed in"`}, {`role=button[name="Send it"]`, "value", `"Send it"`},
	} {
		got, _, err := q.Read(ctx, selector.Must(want.target), want.what, "")
		if err != nil || want.value != "" && strings.ReplaceAll(strings.ReplaceAll(string(got), `\u003c`, "<"), `\u003e`, ">") != want.value {
			t.Errorf("%s of %s is %s (%v), want %s", want.what, want.target, got, err, want.value)
		}
	}
	var look [4]string
	err = q.Eval(ctx, q.Frames()[0].ID, "(s => [s.color, s.marginLeft, s.letterSpacing, document.querySelector('img').naturalWidth + ' ' + document.querySelector('#size').value + ' ' + document.querySelector('svg').getAttribute('viewBox')])(getComputedStyle(document.querySelector('h1')))", &look)
	if err != nil || look != [4]string{"rgb(1, 2, 3)", "33px", "7px", "1 L 0 0 1 1"} {
		t.Errorf("it looks like %v (%v)", look, err)
	}
	mu.Lock()
	defer mu.Unlock()
	if len(loaded) > 0 {
		t.Errorf("it loaded %v", loaded)
	}
}

func TestRequests(t *testing.T) {
	url := site(t, map[string]any{
		"/":     `<script src=/missing.js></script><h1>Here</h1><script>fetch('http://127.0.0.1:1/').catch(() => {})</script>`,
		"/from": func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/", http.StatusFound) },
		"/missing.js": func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusNotFound)
		},
	})
	_, p := opened(t, browser.Options{})
	if _, err := p.Goto(short(t), url+"/from", browser.Idle); err != nil {
		t.Fatal(err)
	}
	list := p.Requests(0)
	got := map[string]browser.Request{}
	for _, r := range list {
		got[strings.TrimPrefix(r.URL, url)] = r
	}
	if r := got["/from"]; r.Status != 302 || r.Method != "GET" || r.Kind != "document" || r.Open || r.At.IsZero() {
		t.Errorf("the page that redirects: %+v", r)
	}
	if r := got["/"]; r.Status != 200 || r.Type != "text/html" || r.Bytes == 0 || r.Took <= 0 {
		t.Errorf("the page: %+v", r)
	}
	if r := got["/missing.js"]; r.Status != 404 || r.Kind != "script" {
		t.Errorf("what is missing: %+v", r)
	}
	if r := got["http://127.0.0.1:1/"]; r.Error == "" || r.Open || r.Status != 0 {
		t.Errorf("where nothing answers: %+v", r)
	}
	if _, n := p.Numbers(); n != len(list) || len(p.Requests(n)) != 0 || len(p.Requests(n-1)) != 1 {
		t.Errorf("%d requests, the last is number %d", len(list), n)
	}
}

func TestCleanURL(t *testing.T) {
	for in, want := range map[string]string{
		"https://a.example/x?q=1":                        "https://a.example/x?q=1",
		"https://u:p@a.example/x?access_token=abc&q=1":   "https://a.example/x?access_token=***&q=1",
		"https://u:p@a.example":                          "https://a.example",
		"https://a.example/cb#id_token=abc&state=1":      "https://a.example/cb#id_token=***&state=1",
		"https://a.example/x?X-Amz-Signature=ff&Key=a@b": "https://a.example/x?X-Amz-Signature=***&Key=***",
		"data:text/html,secret":                          "data:text/html,…",
		"about:blank":                                    "about:blank",
	} {
		if got := browser.CleanURL(in); got != want {
			t.Errorf("CleanURL(%q) = %q, want %q", in, got, want)
		}
	}
}
