package cdp_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aether-rpa/aether/browser"
	"github.com/aether-rpa/aether/browser/cdp"
	"github.com/aether-rpa/aether/selector"
)

var (
	shared     browser.Browser
	sharedOnce sync.Once
	errShared  error
	profile    string
)

func TestMain(m *testing.M) { os.Exit(withProfile(m)) }

func withProfile(m *testing.M) int {
	var err error
	if profile, err = os.MkdirTemp("", "aether-profile-"); err != nil {
		panic(err)
	}
	defer func() { _ = os.RemoveAll(profile) }()
	code := m.Run()
	if shared != nil {
		_ = shared.Close()
	}
	return code
}

// started returns the browser that the tests of this package share.
func started(t *testing.T) browser.Browser {
	t.Helper()
	if _, err := cdp.Find(); err != nil {
		t.Skip(err)
	}
	sharedOnce.Do(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		shared, errShared = cdp.Driver{}.Launch(ctx, browser.Launch{Profile: profile, Headless: true, NoSandbox: os.Geteuid() == 0, Env: os.Environ()})
	})
	if errShared != nil {
		t.Fatal(errShared)
	}
	return shared
}

func opened(t *testing.T, o browser.Options) (browser.Context, *browser.Page) {
	t.Helper()
	c, err := started(t).Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	tab, err := c.NewTab(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return c, browser.NewPage(tab)
}

// site serves pages by path; a page is HTML, or a handler.
func site(t *testing.T, pages map[string]any) string {
	t.Helper()
	mux := http.NewServeMux()
	for path, p := range pages {
		switch p := p.(type) {
		case string:
			mux.HandleFunc(path, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "text/html; charset=utf-8")
				fmt.Fprint(w, "<!doctype html><meta charset=utf-8><body>"+p)
			})
		case func(http.ResponseWriter, *http.Request):
			mux.HandleFunc(path, p)
		}
	}
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return s.URL
}

func page(t *testing.T, html string) *browser.Page {
	t.Helper()
	_, p := opened(t, browser.Options{})
	visit(t, p, site(t, map[string]any{"/": html})+"/")
	return p
}

func visit(t *testing.T, p *browser.Page, url string) {
	t.Helper()
	if _, err := p.Goto(t.Context(), url, browser.Loaded); err != nil {
		t.Fatal(err)
	}
}

func short(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 1500*time.Millisecond)
	t.Cleanup(cancel)
	return ctx
}

func text(t *testing.T, p *browser.Page, target string) string {
	t.Helper()
	s, err := p.Text(t.Context(), selector.Must(target))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func kind(t *testing.T, err error) string {
	t.Helper()
	var f *browser.Failure
	if !errors.As(err, &f) {
		t.Fatalf("no failure of a page but %v", err)
	}
	return f.Kind
}

func TestClick(t *testing.T) {
	p := page(t, `<button onclick="n.textContent=Number(n.textContent)+1">Count</button><span id=n>0</span>`)
	for range 3 {
		if _, err := p.Click(t.Context(), selector.Must("text=Count"), browser.Click{}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := p.Click(t.Context(), selector.Must("role=button[name=Count]"), browser.Click{Count: 2}); err != nil {
		t.Fatal(err)
	}
	if got := text(t, p, "#n"); got != "5" {
		t.Errorf("the page counted %s clicks, not 5", got)
	}
}

// A look that was given up goes on in the page for a while. It finds its element just when another is pressed, and must
// not take the watch over that press away, or the press is taken for lost and done again.
func TestClickBesideAnAbandonedLook(t *testing.T) {
	p := page(t, `<button id=a onclick="n.textContent=Number(n.textContent)+1;b.disabled=false">Count</button><button id=b disabled>Later</button><span id=n>0</span>`)
	later, err := json.Marshal(map[string]any{"target": selector.Must("#b"), "action": "click", "wait": 30_000})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Count(t.Context(), selector.Must("#a"), true); err != nil { // the library is in the page
		t.Fatal(err)
	}
	if err := p.Eval(t.Context(), p.Frames()[0].ID, fmt.Sprintf(`(window.given = __aether.ready(%s).then(s => { window.gave = s.kind || 'ready'; }), null)`, later), nil); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if _, err := p.Click(t.Context(), selector.Must("#a"), browser.Click{}); err != nil {
			t.Fatal(err)
		}
	}
	if got := text(t, p, "#n"); got != "3" {
		t.Errorf("the page counted %s clicks, not 3", got)
	}
	var gave string
	if err := p.Eval(t.Context(), p.Frames()[0].ID, "window.given.then(() => window.gave)", &gave); err != nil || gave != browser.NotFound {
		t.Errorf("the look that was given up says %q, %v", gave, err)
	}
}

// What must fail, and as what: a press or a value that did not do what was asked is never a success.
func TestTruth(t *testing.T) {
	for name, c := range map[string]struct {
		html, target, kind string
		act                func(ctx context.Context, p *browser.Page, t selector.Target) error
	}{
		"covered":            {`<button id=b onclick="document.title='hit'">Go</button><div style="position:fixed;inset:0;background:#0008" onclick="document.title='over'">wait</div>`, "#b", browser.Covered, click},
		"disabled":           {`<button id=b disabled>Go</button>`, "#b", browser.Disabled, click},
		"disabled fieldset":  {`<fieldset disabled><input id=b></fieldset>`, "#b", browser.Disabled, fill},
		"read-only":          {`<input id=b readonly>`, "#b", browser.ReadOnly, fill},
		"hidden":             {`<button id=b style="display:none">Go</button>`, "#b", browser.Hidden, click},
		"not there":          {`<button id=a>Go on</button>`, "text=Go away", browser.NotFound, click},
		"two":                {`<button>Go</button><button>Go</button>`, "text=Go", browser.Ambiguous, click},
		"reverted at once":   {`<input id=b oninput="this.value='12'">`, "#b", browser.Reverted, fill},
		"reverted later":     {`<input id=b oninput="setTimeout(() => this.value='')">`, "#b", browser.Reverted, fill},
		"too long":           {`<input id=b maxlength=3>`, "#b", browser.Reverted, fill},
		"moving":             {`<style>@keyframes m{from{margin-left:0}to{margin-left:300px}}#b{animation:m .4s infinite alternate linear}</style><button id=b>Go</button>`, "#b", browser.Moving, click},
		"replaced each time": {`<div id=h></div><script>const f=()=>{h.innerHTML='<button id=b style="position:absolute;left:'+Math.random()*500+'px">Go</button>';requestAnimationFrame(f)};f()</script>`, "#b", "", nil},
		"no field":           {`<p id=b>text</p>`, "#b", browser.WrongKind, fill},
		"bad css":            {`<p>x</p>`, "css=p[", browser.BadQuery, click},
		"a list":             {`<select id=b><option>x</select>`, "#b", browser.WrongKind, fill},
		"no choice": {`<select id=b><option>x</select>`, "#b", browser.NoOption, func(ctx context.Context, p *browser.Page, t selector.Target) error {
			_, err := p.Select(ctx, t, "", "y")
			return err
		}},
		"invalid form": {`<form action=/sent><input required name=a><input type=number value=1.5 name=n><button id=b>Send</button></form>`, "#b", browser.Unchanged, click},
		"stubborn box": {`<input type=checkbox id=b onclick="return false">`, "#b", browser.Unchanged, func(ctx context.Context, p *browser.Page, t selector.Target) error {
			_, err := p.Check(ctx, t, true)
			return err
		}},
	} {
		if c.act == nil {
			continue
		}
		t.Run(name, func(t *testing.T) {
			p := page(t, c.html)
			err := c.act(short(t), p, selector.Must(c.target))
			if err == nil {
				t.Fatalf("it succeeded instead of failing as %s", c.kind)
			}
			if got := kind(t, err); got != c.kind {
				t.Errorf("it failed as %s and not as %s: %v", got, c.kind, err)
			}
			var title string
			if err := p.Eval(t.Context(), p.Frames()[0].ID, "document.title", &title); err != nil || title == "over" || title == "hit" {
				t.Errorf("the page was pressed after all: title %q, %v", title, err)
			}
		})
	}
}

func click(ctx context.Context, p *browser.Page, t selector.Target) error {
	_, err := p.Click(ctx, t, browser.Click{})
	return err
}

func fill(ctx context.Context, p *browser.Page, t selector.Target) error {
	_, err := p.Fill(ctx, t, "hello")
	return err
}

func TestWaits(t *testing.T) {
	p := page(t, `<button id=b disabled onclick="out.textContent='done'">Go</button><div id=over style="position:fixed;inset:0">wait</div><p id=out></p>
		<script>setTimeout(()=>over.remove(),150);setTimeout(()=>b.disabled=false,300)</script>`)
	if _, err := p.Click(t.Context(), selector.Must("#b"), browser.Click{}); err != nil {
		t.Fatal(err)
	}
	if got := text(t, p, "#out"); got != "done" {
		t.Errorf("the button was not pressed: %q", got)
	}
}

func TestFill(t *testing.T) {
	p := page(t, `<label>Name <input></label><input placeholder="E-Mail"><textarea id=t>old</textarea><div id=c contenteditable>old</div><input type=date id=d><input type=number id=n><input type=password id=w>
		<table><tr><td>City</td><td><input id=city></td></tr></table><input id=m oninput="this.value=this.value.replace(/\D/g,'').replace(/(\d\d)(?=\d)/g,'$1-')">`)
	for target, v := range map[string]string{"label=Name": "Änne O'Neil", "placeholder=E-Mail": "a@b.de", "#t": "two\nlines", "#c": "rich", "#d": "2026-02-28", "#n": "12.5", "#w": "secret", "label=City": "Ulm"} {
		if _, err := p.Fill(t.Context(), selector.Must(target), v); err != nil {
			t.Errorf("%s: %v", target, err)
			continue
		}
		want := v
		if target == "#w" { // what a password field holds is not read
			want = ""
			if raw, err := p.Evaluate(t.Context(), selector.Must("#w"), "e => e.value", nil); err != nil || string(raw) != `"secret"` {
				t.Errorf("the password field holds %s: %v", raw, err)
			}
		}
		if got := text(t, p, target); got != want {
			t.Errorf("%s holds %q, not %q", target, got, want)
		}
	}
	d, err := p.Fill(t.Context(), selector.Must("#m"), "123456")
	if err != nil || d.Shaped != "12-34-56" {
		t.Errorf("a field with a mask: %+v, %v", d, err)
	}
	if _, err := p.Fill(t.Context(), selector.Must("#t"), ""); err != nil || text(t, p, "#t") != "" {
		t.Errorf("emptying a field: %v", err)
	}
}

func TestFramesAndShadow(t *testing.T) {
	inner := `<button onclick="top.postMessage('pressed','*')">Inner</button><div id=h></div><script>const r=h.attachShadow({mode:'closed'});r.innerHTML='<input placeholder=secret><button>Deep</button>';r.querySelector('button').onclick=()=>top.postMessage('deep '+r.querySelector('input').value,'*')</script>`
	other := site(t, map[string]any{"/": inner})
	_, p := opened(t, browser.Options{})
	visit(t, p, site(t, map[string]any{
		"/":       `<p style="height:900px">far down</p><iframe src="/middle" style="margin:40px;height:400px"></iframe><p id=out></p><script>addEventListener('message',e=>out.textContent=e.data)</script>`,
		"/middle": `<p style="height:300px">x</p><iframe src="` + strings.Replace(other, "127.0.0.1", "localhost", 1) + `" style="margin:20px;height:200px"></iframe>`,
	})+"/")
	if _, err := p.Click(t.Context(), selector.Must("text=Inner"), browser.Click{}); err != nil {
		t.Fatal(err)
	}
	if _, err := p.WaitText(t.Context(), selector.Must("#out"), "pressed", func(s string) bool { return s == "pressed" }); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Fill(t.Context(), selector.Must("placeholder=secret"), "42"); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Click(t.Context(), selector.Must("text=Deep"), browser.Click{}); err != nil {
		t.Fatal(err)
	}
	if _, err := p.WaitText(t.Context(), selector.Must("#out"), "deep 42", func(s string) bool { return s == "deep 42" }); err != nil {
		t.Fatal(err)
	}
	way := selector.Must("text=Inner")
	way.Frame = []selector.Query{{By: "css", Value: "iframe"}, {By: "css", Value: "iframe"}}
	if _, err := p.Click(t.Context(), way, browser.Click{}); err != nil {
		t.Fatal(err)
	}
}

func TestNavigation(t *testing.T) {
	_, p := opened(t, browser.Options{})
	url := site(t, map[string]any{
		"/":     `<a href="/slow">Slow</a><form action="/form"><input name=q><button>Send</button></form>`,
		"/form": func(w http.ResponseWriter, r *http.Request) { fmt.Fprintf(w, "<p id=out>got %s</p>", r.FormValue("q")) },
		"/slow": func(w http.ResponseWriter, r *http.Request) {
			<-time.After(200 * time.Millisecond)
			fmt.Fprint(w, "<p id=out>slow page</p>")
		},
		"/gone": func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(410); fmt.Fprint(w, "no more") },
		"/none": func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(204) },
		"/loop": func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/loop", http.StatusFound) },
	})
	visit(t, p, url+"/")
	d, err := p.Click(t.Context(), selector.Must("text=Slow"), browser.Click{})
	if err != nil || d.Arrival == nil || d.Arrival.URL != url+"/slow" || d.Arrival.Status != 200 {
		t.Fatalf("the press did not lead to the page: %+v, %v", d.Arrival, err)
	}
	if got := text(t, p, "#out"); got != "slow page" {
		t.Errorf("read %q", got)
	}
	if a, err := p.Step(t.Context(), -1, browser.Loaded); err != nil || a.URL != url+"/" {
		t.Fatalf("back: %+v, %v", a, err)
	}
	if _, err := p.Fill(t.Context(), selector.Must("name=q"), "x y"); err != nil {
		t.Fatal(err)
	}
	if d, err = p.Press(t.Context(), selector.Must("name=q"), browser.Key{Name: "Enter"}); err != nil || d.Arrival == nil {
		t.Fatalf("Enter sent no form: %+v, %v", d.Arrival, err)
	}
	if got := text(t, p, "#out"); got != "got x y" {
		t.Errorf("read %q", got)
	}
	if a, err := p.Refresh(t.Context(), browser.Loaded); err != nil || a.Status != 200 {
		t.Errorf("reload: %+v, %v", a, err)
	}
	if a, err := p.Goto(t.Context(), url+"/gone", browser.Loaded); err != nil || a.Status != 410 {
		t.Errorf("a page that is gone: %+v, %v", a, err)
	}
	for _, bad := range []string{url + "/none", url + "/loop", "http://127.0.0.1:1/", "http://no.such.name.invalid/", "nonsense"} {
		if _, err := p.Goto(t.Context(), bad, browser.Loaded); err == nil {
			t.Errorf("%s was opened", bad)
		} else if kind(t, err) != browser.Navigation {
			t.Errorf("%s: %v", bad, err)
		}
	}
	visit(t, p, url+"/")
}

func TestPopupDialogDownload(t *testing.T) {
	dir := t.TempDir()
	c, p := opened(t, browser.Options{Downloads: dir})
	visit(t, p, site(t, map[string]any{
		"/":    `<a href="/new" target=_blank>Open</a><button onclick="out.textContent=confirm('Sure?')+' '+prompt('Name?','x')">Ask</button><a href="/file">File</a><p id=out></p>`,
		"/new": `<h1>New</h1>`,
		"/file": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Disposition", "attachment; filename=a.txt")
			fmt.Fprint(w, "content")
		},
	})+"/")
	if _, err := p.Click(t.Context(), selector.Must("text=Open"), browser.Click{}); err != nil {
		t.Fatal(err)
	}
	var second *browser.Page
	for second == nil {
		changed := c.Changed()
		if tabs := c.Tabs(); len(tabs) == 2 {
			second = browser.NewPage(tabs[1])
			break
		}
		select {
		case <-changed:
		case <-time.After(20 * time.Second):
			t.Fatal("no second tab")
		}
	}
	if got := text(t, second, "h1"); got != "New" || second.Opener() != p.ID() {
		t.Errorf("the tab shows %q, opened by %s", got, second.Opener())
	}
	if err := second.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Click(t.Context(), selector.Must("text=Ask"), browser.Click{}); err != nil {
		t.Fatal(err)
	}
	if got := text(t, p, "#out"); got != "false null" {
		t.Errorf("unasked, questions were answered: %s", got)
	}
	p.Answer(browser.DialogPolicy{Accept: true, Text: "Ada"})
	if _, err := p.Click(t.Context(), selector.Must("text=Ask"), browser.Click{}); err != nil {
		t.Fatal(err)
	}
	if got := text(t, p, "#out"); got != "true Ada" || len(p.Dialogs()) != 4 {
		t.Errorf("the page was told %s; %v", got, p.Dialogs())
	}
	if _, err := p.Click(t.Context(), selector.Must("text=File"), browser.Click{}); err != nil {
		t.Fatal(err)
	}
	for {
		changed := c.Changed()
		if d := c.Downloads(); len(d) == 1 && d[0].State == "done" {
			b, err := os.ReadFile(d[0].Path)
			if err != nil || string(b) != "content" || d[0].Name != "a.txt" {
				t.Errorf("%+v holds %q: %v", d[0], b, err)
			}
			break
		}
		select {
		case <-changed:
		case <-time.After(20 * time.Second):
			t.Fatalf("no download: %+v", c.Downloads())
		}
	}
}

func TestControls(t *testing.T) {
	p := page(t, `<select id=s><option value=1>One<option value=2>Two</select><label><input type=checkbox style="opacity:0;position:absolute;width:0;height:0"> Custom</label>
		<label><input type=radio name=r> A</label><label><input type=radio name=r> B</label><input type=file id=f multiple><div draggable=true id=a style="width:80px;height:40px;background:red">drag</div>
		<div id=z style="width:200px;height:100px;background:#ddd" ondragover="event.preventDefault()" ondrop="event.preventDefault();this.textContent='dropped '+event.dataTransfer.getData('text')">zone</div>
		<script>a.ondragstart=e=>e.dataTransfer.setData('text','box')</script><div id=hov onmouseenter="this.textContent='over'" style="width:50px;height:20px">x</div>`)
	c, err := p.Select(t.Context(), selector.Must("#s"), "", "Two")
	if err != nil || fmt.Sprint(c.Values) != "[2]" || text(t, p, "#s") != "Two" {
		t.Errorf("select: %+v, %v", c, err)
	}
	for _, target := range []string{"label=Custom", "label=B"} {
		if _, err := p.Check(t.Context(), selector.Must(target), true); err != nil {
			t.Errorf("%s: %v", target, err)
		}
		if d, err := p.Check(t.Context(), selector.Must(target), true); err != nil || !d.Already {
			t.Errorf("%s again: %+v %v", target, d, err)
		}
	}
	file := t.TempDir() + "/up.txt"
	if err := os.WriteFile(file, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if g, _, err := p.Upload(t.Context(), selector.Must("#f"), file); err != nil || fmt.Sprint(g.Names) != "[up.txt]" {
		t.Errorf("upload: %v, %v", g.Names, err)
	}
	if raw, err := p.Evaluate(t.Context(), selector.Must("#f"), "(e, x) => e.files[0].name + x", "!"); err != nil || string(raw) != `"up.txt!"` {
		t.Errorf("the field holds %s: %v", raw, err)
	}
	if _, err := p.Drag(t.Context(), selector.Must("#a"), selector.Must("#z")); err != nil {
		t.Error(err)
	}
	if got := text(t, p, "#z"); got != "dropped box" {
		t.Errorf("the zone says %q", got)
	}
	if _, err := p.Hover(t.Context(), selector.Must("#hov"), nil); err != nil || text(t, p, "#hov") != "over" {
		t.Errorf("hover: %v", err)
	}
	if b, err := p.Picture(t.Context(), selector.Must("#z"), browser.Shot{}); err != nil || !strings.HasPrefix(string(b), "\x89PNG") {
		t.Errorf("picture: %v", err)
	}
}

// A deadline holds, and the failure says why, whatever the page does.
func TestDeadlines(t *testing.T) {
	for name, html := range map[string]string{
		"hung":  `<button onclick="while(true);">Go</button>`,
		"storm": `<button onclick="setInterval(()=>alert(1),0)">Go</button>`,
	} {
		t.Run(name, func(t *testing.T) {
			_, p := opened(t, browser.Options{})
			visit(t, p, site(t, map[string]any{"/": html})+"/")
			_, _ = p.Click(short(t), selector.Must("text=Go"), browser.Click{})
			begin := time.Now()
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			if _, err := p.Text(ctx, selector.Must("#none")); err == nil {
				t.Error("it read what is not there")
			}
			t.Logf("a deadline of 1 s ended after %v", time.Since(begin))
		})
	}
}

func TestCrash(t *testing.T) {
	c, p := opened(t, browser.Options{})
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	_, err := p.Goto(ctx, "chrome://crash", browser.Loaded)
	if err == nil || kind(t, err) != browser.Crashed && kind(t, err) != browser.Gone {
		t.Errorf("a crashed page: %v", err)
	}
	tab, err := c.NewTab(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := browser.NewPage(tab).Goto(ctx, site(t, map[string]any{"/": "<p>well</p>"})+"/", browser.Loaded); err != nil {
		t.Errorf("the session did not go on after a crash: %v", err)
	}
}

func BenchmarkClickRead(b *testing.B) {
	if _, err := cdp.Find(); err != nil {
		b.Skip(err)
	}
	br, err := cdp.Driver{}.Launch(b.Context(), browser.Launch{Profile: b.TempDir(), Headless: true, NoSandbox: os.Geteuid() == 0, Env: os.Environ()})
	if err != nil {
		b.Fatal(err)
	}
	defer br.Close()
	c, err := br.Open(b.Context(), browser.Options{})
	if err != nil {
		b.Fatal(err)
	}
	tab, err := c.NewTab(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, `<!doctype html><button id=b onclick="n.textContent=Number(n.textContent)+1">Count</button><span id=n>0</span>`)
	}))
	defer s.Close()
	p := browser.NewPage(tab)
	if _, err := p.Goto(b.Context(), s.URL, browser.Loaded); err != nil {
		b.Fatal(err)
	}
	btn, out := selector.Must("#b"), selector.Must("#n")
	b.ResetTimer()
	for i := range b.N {
		if _, err := p.Click(b.Context(), btn, browser.Click{}); err != nil {
			b.Fatal(err)
		}
		if got, err := p.Text(b.Context(), out); err != nil || got != fmt.Sprint(i+1) {
			b.Fatalf("%s after %d clicks: %v", got, i+1, err)
		}
	}
}
