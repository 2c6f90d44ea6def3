package browsertest

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/aether-rpa/aether/browser"
	"github.com/aether-rpa/aether/selector"
)

func (k Kit) framesAndShadow(t *testing.T) {
	inner := `<button onclick="top.postMessage('pressed','*')">Inner</button><div id=h></div><script>const r=h.attachShadow({mode:'closed'});r.innerHTML='<input placeholder=secret><button>Deep</button>';r.querySelector('button').onclick=()=>top.postMessage('deep '+r.querySelector('input').value,'*')</script>`
	other := Site(t, map[string]any{"/": inner})
	_, p := k.Opened(t, browser.Options{})
	Visit(t, p, Site(t, map[string]any{
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

func (k Kit) navigation(t *testing.T) {
	_, p := k.Opened(t, browser.Options{})
	url := Site(t, map[string]any{
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
	Visit(t, p, url+"/")
	d, err := p.Click(t.Context(), selector.Must("text=Slow"), browser.Click{})
	if err != nil || d.Arrival == nil || d.Arrival.URL != url+"/slow" || d.Arrival.Status != 200 {
		t.Fatalf("the press did not lead to the page: %+v, %v", d.Arrival, err)
	}
	if got := Text(t, p, "#out"); got != "slow page" {
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
	if got := Text(t, p, "#out"); got != "got x y" {
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
		} else if Kind(t, err) != browser.Navigation {
			t.Errorf("%s: %v", bad, err)
		}
	}
	Visit(t, p, url+"/")
}

func (k Kit) popupDialogDownload(t *testing.T) {
	dir := t.TempDir()
	c, p := k.Opened(t, browser.Options{Downloads: dir})
	Visit(t, p, Site(t, map[string]any{
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
	if got := Text(t, second, "h1"); got != "New" || second.Opener() != p.ID() {
		t.Errorf("the tab shows %q, opened by %s", got, second.Opener())
	}
	if err := second.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Click(t.Context(), selector.Must("text=Ask"), browser.Click{}); err != nil {
		t.Fatal(err)
	}
	if got := Text(t, p, "#out"); got != "false null" {
		t.Errorf("unasked, questions were answered: %s", got)
	}
	p.Answer(browser.DialogPolicy{Accept: true, Text: "Ada"})
	if _, err := p.Click(t.Context(), selector.Must("text=Ask"), browser.Click{}); err != nil {
		t.Fatal(err)
	}
	if got := Text(t, p, "#out"); got != "true Ada" || len(p.Dialogs()) != 4 {
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

// A deadline holds, and the failure says why, whatever the page does.
func (k Kit) deadlines(t *testing.T) {
	for name, html := range map[string]string{
		"hung":  `<button onclick="while(true);">Go</button>`,
		"storm": `<button onclick="setInterval(()=>alert(1),0)">Go</button>`,
	} {
		t.Run(name, func(t *testing.T) {
			_, p := k.Opened(t, browser.Options{})
			Visit(t, p, Site(t, map[string]any{"/": html})+"/")
			_, _ = p.Click(k.short(t), selector.Must("text=Go"), browser.Click{})
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
