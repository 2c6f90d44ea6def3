package bidi_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aether-rpa/aether/browser"
	"github.com/aether-rpa/aether/internal/browsertest"
	"github.com/aether-rpa/aether/internal/testsite"
	"github.com/aether-rpa/aether/internal/testsite/challenge"
	"github.com/aether-rpa/aether/selector"
)

// TestChallenge wins the challenge by labels alone: seventy of seventy, each round sent once.
func TestChallenge(t *testing.T) {
	p := kit().Tab(t)
	site, err := testsite.New(testsite.Config{Seed: 40})
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(site.Handler())
	defer srv.Close()
	browsertest.Visit(t, p, srv.URL+"/challenge/a/")
	press := func(name string) {
		t.Helper()
		if _, err := p.Click(t.Context(), selector.Must(`role=button[name="`+name+`"]`), browser.Click{}); err != nil {
			t.Fatal(err)
		}
	}
	press("Start")
	for _, person := range challenge.People() {
		for _, f := range challenge.Fields {
			if _, err := p.Fill(t.Context(), selector.Must("label="+f.String()), person[f]); err != nil {
				t.Fatal(err)
			}
		}
		press("Submit")
	}
	done := site.Ledger().All("challenge.done")
	if len(done) != 1 || done[0].Facts["points"] != "70" {
		t.Errorf("the ledger has %v", done)
	}
	if twice := site.Ledger().Twice("challenge.submit"); len(twice) > 0 {
		t.Errorf("sent twice: %v", twice)
	}
}

// TestOptions opens a session as somebody else somewhere else.
func TestOptions(t *testing.T) {
	url := browsertest.Site(t, map[string]any{
		"/{$}": `<h1>Home</h1><p id=where></p>`,
		"/header": func(w http.ResponseWriter, r *http.Request) {
			fmt.Fprintf(w, "%s %s", r.Header.Get("X-Robot"), r.UserAgent())
		},
		"/secret": func(w http.ResponseWriter, r *http.Request) {
			if u, p, _ := r.BasicAuth(); u != "ada" || p != "pw" {
				w.Header().Set("WWW-Authenticate", `Basic realm="office"`)
				w.WriteHeader(http.StatusUnauthorized)
				return
			}
			fmt.Fprint(w, "let in")
		},
		"/pixel": `<p>from the server</p>`, "/ad": `<p>an ad</p>`,
	})
	c, p := kit().Opened(t, browser.Options{
		Width: 900, Height: 500, Locale: "de-DE", Timezone: "Asia/Tokyo", UserAgent: "Robot/1", Headers: map[string]string{"X-Robot": "yes"},
		User: "ada", Password: "pw", Geolocation: &browser.Geolocation{Latitude: 48.4, Longitude: 10},
		Rules: []browser.Rule{{URL: "*/ad", Do: browser.RuleBlock}, {URL: "*/pixel", Do: browser.RuleAnswer, Status: 201, Body: "<p>from the robot</p>", Headers: map[string]string{"Content-Type": "text/html"}}, {URL: "*/header", Do: browser.RuleChange, Headers: map[string]string{"X-Changed": "so"}}},
	})
	browsertest.Visit(t, p, url+"/")
	is := func(expression, want string) {
		t.Helper()
		raw, err := p.EvalPage(t.Context(), p.Frames()[0].ID, "async () => String(await ("+expression+"))", 0, nil)
		if err != nil || string(raw) != `"`+want+`"` {
			t.Errorf("%s is %s and not %s: %v", expression, raw, want, err)
		}
	}
	is("innerWidth + 'x' + innerHeight", "900x500")
	is("navigator.language + ' ' + Intl.DateTimeFormat().resolvedOptions().timeZone", "de-DE Asia/Tokyo")
	is("fetch('/header').then(r => r.text())", "yes Robot/1")
	is("fetch('/header').then(r => r.headers.get('x-changed'))", "so")
	is("fetch('/pixel').then(r => r.text().then(s => r.status + s))", "201<p>from the robot</p>")
	is("fetch('/ad').then(r => 'came', e => 'blocked')", "blocked")
	is("fetch('/secret').then(r => r.text())", "let in")
	is("new Promise(f => navigator.geolocation.getCurrentPosition(p => f(p.coords.latitude), e => f(e.message)))", "48.4")
	if c.Matched() < 3 {
		t.Errorf("rules decided %d requests", c.Matched())
	}
	if err := c.Shape(t.Context(), browser.Options{Width: 700, Height: 400, Network: browser.Network{Offline: true}}); err != nil {
		t.Fatal(err)
	}
	is("innerWidth + ' ' + navigator.onLine", "700 false")
	if err := c.Shape(t.Context(), browser.Options{}); err != nil {
		t.Fatal(err)
	}
	is("fetch('/pixel').then(r => r.status)", "200")
}

// TestCannot asks for what Firefox has no means for.
func TestCannot(t *testing.T) {
	for name, o := range map[string]browser.Options{
		"touch": {Mobile: true}, "colours": {Colors: "dark"}, "slow": {Network: browser.Networks["3g"]},
		"texts": {Rules: []browser.Rule{{Do: browser.RuleChange, Replace: map[string]string{"a": "b"}}}}, "recording": {Listen: &browser.Listen{}},
	} {
		_, err := started(t).Open(t.Context(), o)
		if !errors.Is(err, browser.ErrUnsupported) || !strings.HasPrefix(err.Error(), "Firefox cannot ") {
			t.Errorf("%s: %v", name, err)
		}
	}
	p := kit().Page(t, `<div id=z ondragover="event.preventDefault()">drop here</div>`)
	_, err := p.DropFiles(t.Context(), selector.Must("#z"), "x.txt")
	if !errors.Is(err, browser.ErrUnsupported) || browsertest.Kind(t, err) != browser.Unable {
		t.Errorf("dropping files: %v", err)
	}
}

// TestCookies sets cookies, reads those of a page and clears all.
func TestCookies(t *testing.T) {
	c, p := kit().Opened(t, browser.Options{})
	url := browsertest.Site(t, map[string]any{"/{$}": func(w http.ResponseWriter, r *http.Request) {
		http.SetCookie(w, &http.Cookie{Name: "sid", Value: "s1", HttpOnly: true, SameSite: http.SameSiteLaxMode})
		fmt.Fprintf(w, "<p id=out>%s</p>", r.Header.Get("Cookie"))
	}})
	if err := c.SetCookies(t.Context(), []browser.Cookie{{Name: "a", Value: "1", URL: url, Expires: float64(time.Now().Unix() + 3600)}}); err != nil {
		t.Fatal(err)
	}
	browsertest.Visit(t, p, url+"/")
	if got := browsertest.Text(t, p, "#out"); got != "a=1" {
		t.Errorf("the server was told %q", got)
	}
	all, err := c.Cookies(t.Context())
	i := slices.IndexFunc(all, func(k browser.Cookie) bool { return k.Name == "sid" })
	if err != nil || len(all) != 2 || i < 0 || !all[i].HTTPOnly || all[i].Value != "s1" || all[i].SameSite != "Lax" || all[i].Expires != 0 {
		t.Errorf("the cookies are %+v, %v", all, err)
	}
	if err := c.SetCookies(t.Context(), all); err != nil { // as a session that is built again does
		t.Error(err)
	}
	if err := c.ClearCookies(t.Context()); err != nil {
		t.Fatal(err)
	}
	if all, err = c.Cookies(t.Context()); err != nil || len(all) != 0 {
		t.Errorf("there are %+v, %v", all, err)
	}
}

// TestFilesAndPictures gives files by a chooser, saves what a page would show, and takes pictures of it.
func TestFilesAndPictures(t *testing.T) {
	dir := t.TempDir()
	c, p := kit().Opened(t, browser.Options{Downloads: dir, Width: 800, Height: 600})
	url := browsertest.Site(t, map[string]any{
		"/{$}": `<input type=file id=f style="display:none"><button onclick="f.click()">Choose</button><p style="height:2000px">long</p><p id=end>end</p>`,
		"/plain.txt": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/plain")
			fmt.Fprint(w, "plain")
		},
	})
	browsertest.Visit(t, p, url+"/")
	file := filepath.Join(dir, "up.txt")
	if err := os.WriteFile(file, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if g, err := p.UploadBy(t.Context(), selector.Must("text=Choose"), file); err != nil || fmt.Sprint(g.Names) != "[up.txt]" {
		t.Errorf("upload: %v, %v", g.Names, err)
	}
	for _, s := range []browser.Shot{{}, {Full: true}, {JPEG: 50}} {
		if b, err := p.Picture(t.Context(), selector.Target{}, s); err != nil || len(b) < 100 {
			t.Errorf("%+v: %d bytes, %v", s, len(b), err)
		}
	}
	if b, err := p.Picture(t.Context(), selector.Must("#end"), browser.Shot{}); err != nil || !strings.HasPrefix(string(b), "\x89PNG") {
		t.Errorf("picture of what is far down: %v", err)
	}
	if b, err := p.PDF(t.Context(), browser.PDF{Background: true, Landscape: true, Width: 8.27, Height: 11.7, Margin: 0.4, Ranges: "1"}); err != nil || !strings.HasPrefix(string(b), "%PDF") {
		t.Errorf("PDF: %v", err)
	}
	tab, err := c.NewTab(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := tab.SaveDocuments(t.Context()); err != nil {
		t.Fatal(err)
	}
	if a, err := browser.NewPage(tab).Goto(t.Context(), url+"/plain.txt", browser.Loaded); err != nil && !errors.Is(err, browser.ErrNoPage) {
		t.Errorf("saving a document: %+v, %v", a, err)
	}
	for {
		changed := c.Changed()
		if d := c.Downloads(); len(d) == 1 && d[0].State == "done" {
			if b, err := os.ReadFile(d[0].Path); err != nil || string(b) != "plain" || d[0].Name != "plain.txt" || d[0].Received != 5 {
				t.Errorf("%+v holds %q: %v", d[0], b, err)
			}
			return
		}
		select {
		case <-changed:
		case <-time.After(20 * time.Second):
			t.Fatalf("no download: %+v", c.Downloads())
		}
	}
}

// TestWatched reads what a page has written and loaded.
func TestWatched(t *testing.T) {
	_, p := kit().Opened(t, browser.Options{})
	url := browsertest.Site(t, map[string]any{
		"/{$}":  `<h1>Home</h1><script>console.warn('look', {a: 1}); setTimeout(() => { throw new Error('lost') }); fetch('/data').then(() => document.title = 'loaded')</script>`,
		"/data": `<p>data</p>`,
	})
	if a, err := p.Goto(t.Context(), url+"/", browser.Idle); err != nil || a.Status != 200 {
		t.Fatalf("%+v, %v", a, err)
	}
	var said []string
	for _, m := range p.Console() {
		said = append(said, fmt.Sprintf("%s %s %t", m.Level, m.Text, m.Uncaught))
	}
	if !slices.Contains(said, "warning look {a: 1} false") || !slices.ContainsFunc(said, func(s string) bool { return strings.HasPrefix(s, "error Error: lost true") }) {
		t.Errorf("the page wrote %q", said)
	}
	i := slices.IndexFunc(p.Requests(0), func(r browser.Request) bool { return r.URL == url+"/data" })
	if i < 0 {
		t.Fatalf("the page loaded %+v", p.Requests(0))
	}
	if r := p.Requests(0)[i]; r.Kind != "xhr" || r.Status != 200 || r.Open || r.Bytes == 0 {
		t.Errorf("the request is %+v", r)
	}
	if list, at, err := p.Visits(t.Context()); err != nil || at != 0 && at != 1 || list[at].URL != url+"/" {
		t.Errorf("the visits are %+v at %d, %v", list, at, err)
	}
}

// TestKeys types and uses keys that are held.
func TestKeys(t *testing.T) {
	p := kit().Page(t, `<input id=i onkeydown="keys.textContent+=event.key+' '"><p id=keys></p><button id=b onclick="keys.textContent=event.shiftKey+' '+event.ctrlKey">Held</button>`)
	if _, err := p.Type(t.Context(), selector.Must("#i"), "Hé1 !", 0, false); err != nil {
		t.Fatal(err)
	}
	all, err := browser.ParseKey("Control+A")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Press(t.Context(), selector.Must("#i"), all, browser.Key{Name: "x"}, browser.Key{Name: "ArrowLeft"}, browser.Key{Name: "y"}); err != nil {
		t.Fatal(err)
	}
	if got := browsertest.Text(t, p, "#i"); got != "yx" {
		t.Errorf("the field holds %q; keys: %s", got, browsertest.Text(t, p, "#keys"))
	}
	if _, err := p.Click(t.Context(), selector.Must("#b"), browser.Click{Mods: 8}); err != nil {
		t.Fatal(err)
	}
	if got := browsertest.Text(t, p, "#keys"); got != "true false" {
		t.Errorf("the press had shift and control %s", got)
	}
}
