package websuite

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aether-rpa/aether/browser"
)

// A page that hangs because of an action: the action has acted, and its deadline holds.
func TestHungByAction(t *testing.T) {
	t.Parallel()
	v := arrive(t, 0, browser.Options{})
	v.visit("/pages/hang?ms=never")
	_, _ = v.p.Click(v.in(2*time.Second), at("role=button[name=Hang]"), browser.Click{})
	v.did("pages.hang", "hang")
	// The page tells of it before it hangs.
	for v.Context().Err() == nil {
		if _, err := v.p.Count(v.in(500*time.Millisecond), at("css=h1"), true); err != nil {
			break
		}
	}
	for name, act := range map[string]func(context.Context) error{
		"click": func(ctx context.Context) error {
			_, err := v.p.Click(ctx, at("role=button[name=Hang]"), browser.Click{})
			return err
		},
		"read": func(ctx context.Context) error { _, err := v.p.Text(ctx, at("css=h1")); return err },
		"shot": func(ctx context.Context) error { _, err := v.p.Picture(ctx, at("css=h1"), browser.Shot{}); return err },
		"keys": func(ctx context.Context) error {
			_, err := v.p.Press(ctx, at("css=h1"), browser.Key{Name: "a"})
			return err
		},
		"count": func(ctx context.Context) error { _, err := v.p.Count(ctx, at("css=h1"), true); return err },
	} {
		f := v.fails(browser.Hung, within(t, time.Second, act))
		if name == "click" && f.Acted {
			t.Error("what could not even look says that it acted")
		}
	}
	v.did("pages.hang", "hang")
	h := hostile(t, browser.Options{}, `<button onclick="while(true);">Go</button>`, nil)
	err := within(t, time.Second, func(ctx context.Context) error {
		_, err := h.p.Click(ctx, at("text=Go"), browser.Click{})
		return err
	})
	if f := h.fails(browser.Hung, err); !f.Acted {
		t.Error("a press that hangs the page says that it did nothing: it would be done again")
	}
}

func TestCrashedByAction(t *testing.T) {
	t.Parallel()
	v := arrive(t, 0, browser.Options{})
	v.visit("/pages/mask")
	_, err := v.p.Goto(v.long(), "chrome://crash", browser.Loaded)
	v.fails("crashed|gone", err)
	err = within(t, 5*time.Second, func(ctx context.Context) error {
		_, err := v.p.Fill(ctx, at("label=Phone number"), "1")
		return err
	})
	v.fails("crashed|gone", err)
	if !errors.Is(err, browser.ErrGone) {
		t.Errorf("%v does not say that the page is gone", err)
	}
}

func TestKilledBrowser(t *testing.T) {
	t.Parallel()
	started(t)
	b, err := launch(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.Close() })
	v := &visitor{T: t}
	v.open(b, browser.Options{})
	_, err = v.p.Goto(v.long(), "data:text/html,<button disabled>Go</button>", browser.Loaded)
	v.must(err)
	done := make(chan error, 1)
	go func() {
		_, err := v.p.Click(context.Background(), at("text=Go"), browser.Click{})
		done <- err
	}()
	v.must(v.p.WaitFor(v.long(), at("text=Go"), browser.Shown))
	_ = b.Close()
	select {
	case err := <-done:
		v.fails("gone|disabled", err)
	case <-time.After(time.Minute):
		t.Fatal("an action outlives its browser")
	}
}

func TestAlertStorm(t *testing.T) {
	t.Parallel()
	v := arrive(t, 0, browser.Options{})
	v.visit("/pages/dialogs?n=200&at=load")
	v.did("pages.dialogs", "storm map[n:200]")
	v.click("role=button[name=Alert]")
	v.did("pages.dialogs", "storm map[n:200]", "alert")
}

// Fields that change back later than a fill can see hold what the page says when they are read.
func TestRevertsLater(t *testing.T) {
	t.Parallel()
	v := arrive(t, 0, browser.Options{})
	for _, on := range []string{"change", "blur"} {
		v.visit("/pages/reverts?on=" + on)
		v.fill("label=Discount", "25")
		v.press("label=Discount", "Tab")
		if got := v.text("label=Discount"); got != "0" {
			t.Errorf("on %s the field shows %q", on, got)
		}
	}
}

// frameCases are frames of every kind.
var frameCases = map[string]hostileCase{
	"srcdoc":       {html: `<iframe srcdoc="<button onclick=&quot;top.document.title='go'&quot;>Go</button>"></iframe>`, do: pressing("text=Go"), want: "go"},
	"about:blank":  {html: `<iframe id=f></iframe><script>f.contentDocument.body.innerHTML='<button onclick="top.document.title=\'go\'">Go</button>'</script>`, do: pressing("text=Go"), want: "go"},
	"javascript:":  {html: `<iframe src="javascript:'<button onclick=top.document.title=1>Go</button>'"></iframe>`, do: pressing("text=Go"), want: "1"},
	"sandboxed":    {html: `<iframe sandbox="allow-scripts" src="/in"></iframe><script>onmessage=e=>did(e.data)</script>`, more: map[string]string{"/in": `<button onclick="parent.postMessage('go','*')">Go</button>`}, do: pressing("text=Go"), want: "go"},
	"no scripts":   {html: `<iframe sandbox srcdoc="<label>Name <input></label>"></iframe>`, do: filling("label=Name", "Ada"), want: "start"},
	"other origin": {html: `<iframe id=f></iframe><script>f.src=location.href.replace('127.0.0.1','localhost')+'in';onmessage=e=>did(e.data)</script>`, more: map[string]string{"/in": `<script>onclick=e=>{}</script><div style="height:900px"></div><button onclick="parent.postMessage('go','*')">Go</button>`}, do: pressing("text=Go"), want: "go"},
	"scaled": {html: `<iframe style="transform:scale(.4);transform-origin:0 0;width:900px;height:700px" src="/in"></iframe>`, more: map[string]string{"/in": `<div style="height:500px"></div><button onclick="did('wrong')">No</button><button style="margin-left:400px" onclick="did('go')">Go</button>`},
		do: pressing("text=Go"), want: "go"},
	"turned": {html: `<iframe style="transform:rotate(90deg);width:400px;height:400px" src="/in"></iframe>`, more: map[string]string{"/in": `<button style="margin:200px" onclick="did('go')">Go</button><button onclick="did('wrong')">No</button>`},
		do: pressing("text=Go"), want: "go"},
	"zoomed": {html: `<iframe style="zoom:1.5;width:400px;height:300px" src="/in"></iframe>`, more: map[string]string{"/in": `<button style="margin:150px" onclick="did('go')">Go</button><button onclick="did('wrong')">No</button>`},
		do: pressing("text=Go"), want: "go"},
	"with borders": {html: `<iframe style="border:30px solid;padding:25px;width:300px" src="/in"></iframe>`, more: map[string]string{"/in": `<button onclick="did('go')">Go</button><br><button onclick="did('wrong')">No</button>`},
		do: pressing("text=Go"), want: "go"},
	"covered": {html: `<iframe src="/in"></iframe><div style="position:fixed;inset:0" onclick="did('layer')"></div>`, more: map[string]string{"/in": `<button onclick="did('go')">Go</button>`},
		do: pressing("text=Go"), kind: browser.Covered, want: "start"},
	"covered when hovered": {html: `<iframe id=f src="/in" onmouseenter="o.hidden=false"></iframe><div id=o hidden style="position:fixed;inset:0" onclick="did('layer')"></div>`, more: map[string]string{"/in": `<button onclick="did('go')">Go</button>`},
		do: pressing("text=Go"), kind: browser.Covered, want: "start"},
	"another frame above": {html: `<iframe src="/in"></iframe><iframe src="/over" style="position:absolute;left:0;top:0;width:400px;height:200px"></iframe>`,
		more: map[string]string{"/in": `<button onclick="did('go')">Go</button>`, "/over": `<body onmousedown="did('wrong')">`}, do: pressing("text=Go"), kind: "covered|unchanged", want: "start"},
	"not to be seen": {html: `<iframe src="/in" style="display:none"></iframe>`, more: map[string]string{"/in": `<button onclick="did('go')">Go</button>`}, do: pressing("text=Go"), kind: browser.Hidden, want: "start"},
	"invisible":      {html: `<iframe src="/in" style="visibility:hidden"></iframe>`, more: map[string]string{"/in": `<button onclick="did('go')">Go</button>`}, do: pressing("text=Go"), kind: "hidden|covered|unchanged", want: "start"},
	"removed while waited for": {html: `<iframe id=f src="/in"></iframe><script>setTimeout(()=>{f.remove();document.body.insertAdjacentHTML('beforeend','<iframe src=/in2></iframe>')},400)</script>`,
		more: map[string]string{"/in": `<button disabled>Go</button>`, "/in2": `<button onclick="did('go')">Go</button>`}, do: pressing("text=Go"), want: "go"},
	"removed by the press": {html: `<iframe id=f src="/in"></iframe><script>function gone(){f.remove();did('go')}</script>`, more: map[string]string{"/in": `<button onclick="top.gone()">Go</button>`}, do: pressing("text=Go"), want: "go"},
	"two alike":            {html: `<iframe src="/in"></iframe><iframe src="/in"></iframe>`, more: map[string]string{"/in": `<button onclick="did('go')">Go</button>`}, do: pressing("text=Go"), kind: browser.Ambiguous, want: "start"},
	"one of two exact":     {html: `<button onclick="did('wrong')">Go on</button><iframe src="/in"></iframe>`, more: map[string]string{"/in": `<button onclick="did('go')">Go</button>`}, do: pressing("text=Go"), want: "go"},
	"a meta refresh":       {html: `<meta http-equiv=refresh content="1;url=/in"><button disabled>Go</button>`, more: map[string]string{"/in": `<button onclick="did('go')">Go</button>`}, do: pressing("text=Go"), want: "go"},
	"an application that changes the address": {html: `<button onclick="history.pushState(0,'','/a');did('a')">Go</button>`, do: func(ctx context.Context, v *visitor) error {
		if err := pressing("text=Go")(ctx, v); err != nil {
			return err
		}
		_, err := v.p.WaitURL(ctx, "/a", func(u string) bool { return strings.HasSuffix(u, "/a") })
		return err
	}, want: "a"},
	"a new window without opener": {html: `<a href="/in" target=_blank rel=noopener>Go</a>`, more: map[string]string{"/in": `<button onclick="close()">Shut</button>`}, do: func(ctx context.Context, v *visitor) error {
		if err := pressing("text=Go")(ctx, v); err != nil {
			return err
		}
		_, err := v.popup(2).Click(ctx, at("text=Shut"), browser.Click{})
		return err
	}, want: "start"},
	"printing": {html: `<button onclick="print();did('go')">Go</button>`, do: pressing("text=Go"), want: "go"},
	"a service worker": {html: `<script>navigator.serviceWorker.register('/sw.js').then(()=>navigator.serviceWorker.controller||new Promise(f=>navigator.serviceWorker.oncontrollerchange=f)).then(()=>b.disabled=false)</script><button id=b disabled onclick="fetch('/x').then(r=>r.text()).then(did)">Go</button>`,
		more: map[string]string{"/sw.js": `onfetch=e=>{if(e.request.url.endsWith('/x'))e.respondWith(new Response('go'))};onactivate=e=>e.waitUntil(clients.claim());oninstall=()=>skipWaiting()`}, do: func(ctx context.Context, v *visitor) error {
			if err := pressing("text=Go")(ctx, v); err != nil {
				return err
			}
			_, err := v.p.WaitFunction(ctx, "() => document.title === 'go'", nil)
			return err
		}, want: "go"},
	"a link that leads to another that fails": {html: `<a href="/in">Go</a>`, more: map[string]string{"/in": `<script>location='http://127.0.0.1:1/'</script>`}, do: pressing("text=Go"), kind: "|navigation"},
	"a link for another program":              {html: `<a href="mailto:a@b.example" onclick="did('go')">Go</a>`, do: pressing("text=Go"), want: "go"},
	"leaving just before the press":           {html: `<button onmouseenter="location='/in'" onclick="did('go')">Go</button>`, more: map[string]string{"/in": `<button onclick="did('second')">Go</button>`}, do: pressing("text=Go"), want: "go|second|start", kind: "|not_found|covered|navigation"},
}

func TestFramesAndPages(t *testing.T) {
	for name, c := range frameCases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v := hostile(t, browser.Options{}, c.html, c.more)
			c.hold(v)
		})
	}
}

// Downloads and pages without an answer, reached by a press.
func TestPressedAnswers(t *testing.T) {
	t.Parallel()
	b := started(t)
	mux := http.NewServeMux()
	mux.HandleFunc("/{$}", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprint(w, `<title>start</title><a href=/none>None</a> <a href=/file>File</a> <a href=/cut>Cut</a> <a href=/loop>Loop</a> <a href=/bad>Bad</a>`)
	})
	mux.HandleFunc("/none", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	mux.HandleFunc("/bad", func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusInternalServerError)
		fmt.Fprint(w, "something went wrong")
	})
	mux.HandleFunc("/loop", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/loop", http.StatusFound) })
	mux.HandleFunc("/file", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Disposition", "attachment; filename=a.txt")
		fmt.Fprint(w, "content")
	})
	mux.HandleFunc("/cut", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	srv := httptest.NewServer(mux)
	t.Cleanup(srv.Close)
	v := &visitor{T: t, url: srv.URL}
	v.open(b, browser.Options{Downloads: t.TempDir()})
	for link, want := range map[string]string{"None": browser.Navigation, "Cut": browser.Navigation, "Loop": browser.Navigation, "File": "", "Bad": "500"} {
		v.visit("/")
		d, err := v.p.Click(v.long(), at("text="+link), browser.Click{})
		switch {
		case want == browser.Navigation:
			if f := v.fails(want, err); !f.Acted {
				t.Errorf("%s: it says that it did nothing", link)
			}
		case err != nil:
			t.Errorf("%s: %v", link, err)
		case want == "500" && (d.Arrival == nil || d.Arrival.Status != 500):
			t.Errorf("%s: it led to %+v", link, d.Arrival)
		}
		if link == "File" {
			v.downloaded(1)
		}
	}
}

// starved reports whether a page got no time to show why it cannot be used, as on a machine under load.
func (c hostileCase) starved(err error) bool {
	var f *browser.Failure
	return c.kind != "" && errors.As(err, &f) && (f.Kind == browser.Hung || f.Kind == browser.NotFound) && !slices.Contains(strings.Split(c.kind, "|"), f.Kind)
}

// hold does what the case says and holds what comes of it against what should.
func (c hostileCase) hold(v *visitor) {
	v.Helper()
	err := within(v.T, patience(c.kind), func(ctx context.Context) error { return c.do(ctx, v) })
	if c.starved(err) {
		v = hostile(v.T, browser.Options{}, c.html, c.more)
		err = within(v.T, 10*patience(c.kind), func(ctx context.Context) error { return c.do(ctx, v) })
	}
	switch {
	case err == nil && c.kind != "" && !strings.HasPrefix(c.kind, "|"):
		v.Errorf("it succeeded and did not fail as %s", c.kind)
	case err != nil && c.kind == "":
		v.Error(err)
	case err != nil:
		v.fails(strings.Trim(c.kind, "|"), err)
	}
	if c.want == "" {
		return
	}
	if got := v.title(); !strings.Contains("|"+c.want+"|", "|"+got+"|") {
		v.Errorf("the page has seen %q and not %q", got, c.want)
	}
}
