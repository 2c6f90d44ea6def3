package web_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/aether-rpa/aether/browser"
	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/session"
)

func TestTabs(t *testing.T) {
	e := env(t)
	url := serve(t, map[string]string{
		"/": `<title>Shop</title><button onclick="setTimeout(() => window.open('/help'), 50)">Help</button>`, "/help": `<title>Help desk</title>`, "/cart": `<title>Cart</title>`,
	})
	run(t, e, "web.new_tab", map[string]any{"url": url}) // opens a browser
	run(t, e, "web.click", map[string]any{"target": "text=Help"})
	if out := run(t, e, "web.switch_tab", map[string]any{"title": "help"}); out["url"] != url+"/help" || fmt.Sprint(out["index"]) != "2" || out["title"] != "Help desk" {
		t.Errorf("the popup is %v", out)
	}
	if out := run(t, e, "web.new_tab", map[string]any{"url": url + "/cart"}); fmt.Sprint(out["index"]) != "3" || fmt.Sprint(out["status"]) != "200" {
		t.Errorf("a new tab is %v", out)
	}
	out := run(t, e, "web.tabs", nil)
	if fmt.Sprint(out["count"]) != "3" || fmt.Sprint(out["current"]) != "3" || !strings.Contains(fmt.Sprint(out["tabs"]), "map[current:false index:2 title:Help desk url:"+url+"/help]") {
		t.Errorf("the tabs are %v", out)
	}
	for _, c := range []struct {
		want   string
		params map[string]any
	}{{"Shop", map[string]any{"index": 1}}, {"Cart", map[string]any{"index": -1}}, {"Help desk", map[string]any{"url": "*/help"}}} {
		if out := run(t, e, "web.switch_tab", c.params); out["title"] != c.want || inPage(t, e, "document.title") != c.want {
			t.Errorf("%v leads to %v", c.params, out)
		}
	}
	if out := run(t, e, "web.close_tab", map[string]any{"title": "Cart"}); out["title"] != "Help desk" {
		t.Errorf("closing another tab leads to %v", out)
	}
	if out := run(t, e, "web.close_tab", nil); out["title"] != "Shop" || fmt.Sprint(out["index"]) != "1" {
		t.Errorf("closing a popup leads to %v", out)
	}
	if out := run(t, e, "web.close_tab", nil); fmt.Sprint(out["index"]) != "0" {
		t.Errorf("closing the last tab leads to %v", out)
	}
	if f := fails(t, e, "web.tabs", nil); f.Kind != node.KindSession {
		t.Errorf("without a tab: %+v", f)
	}
}

func TestTabsFail(t *testing.T) {
	e := env(t)
	url := serve(t, map[string]string{"/": `<title>Shop</title>`})
	run(t, e, "web.goto", map[string]any{"url": url})
	run(t, e, "web.new_tab", map[string]any{"url": url})
	for _, typ := range []string{"web.switch_tab", "web.close_tab"} {
		f := fails(t, e, typ, map[string]any{"title": "Nowhere", "timeout": "2s"})
		if f.Kind != node.KindTimeout || !strings.Contains(f.Message, `1: "Shop"`) {
			t.Errorf("%s to a tab that is not there: %+v", typ, f)
		}
		f = fails(t, e, typ, map[string]any{"title": "Shop", "timeout": "2s"})
		if d, _ := f.Details.(map[string]any); d["reason"] != browser.Ambiguous {
			t.Errorf("%s to one of two: %+v", typ, f)
		}
		if f := fails(t, e, typ, map[string]any{"title": "Shop", "index": 1}); !strings.Contains(f.Message, "one of index") {
			t.Errorf("%s by two ways: %+v", typ, f)
		}
	}
	if f := fails(t, e, "web.switch_tab", nil); f.Kind != node.KindInput {
		t.Errorf("to nothing: %+v", f)
	}
	if f := fails(t, e, "web.new_tab", map[string]any{"url": url + "/nowhere"}); f.Kind != node.KindHTTP {
		t.Errorf("a new tab with a page that is not there: %+v", f)
	}
}

func TestFrame(t *testing.T) {
	e := env(t)
	url := serve(t, map[string]string{
		"/": `<p id=p>outer</p><iframe id=a src=/a></iframe><iframe name=b src=/b></iframe>`, "/a": `<p id=p>in a</p><iframe id=c src=/c></iframe>`, "/b": `<p id=p>in b</p>`, "/c": `<p id=p>in c</p>`,
	})
	run(t, e, "web.goto", map[string]any{"url": url})
	read := func() any {
		return run(t, e, "web.evaluate", map[string]any{"script": "element.textContent", "target": "#p"})["result"]
	}
	for _, c := range []struct {
		frame any
		url   string
		want  string
	}{
		{"#a", "/a", "in a"}, {"name=b", "/b", "in b"}, {nil, "/", "outer"}, {map[string]any{"queries": "#c", "frame": "#a"}, "/c", "in c"}, {nil, "/", "outer"},
	} {
		out := run(t, e, "web.frame", map[string]any{"frame": c.frame})
		if got := read(); out["url"] != url+c.url || got != c.want {
			t.Errorf("in the frame %v: %v, %v", c.frame, out, got)
		}
		if got := run(t, e, "web.evaluate", map[string]any{"script": "document.querySelector('p').textContent"})["result"]; got != c.want {
			t.Errorf("a script without a target in %v sees %v", c.frame, got)
		}
	}
	if f := fails(t, e, "web.frame", map[string]any{"frame": "#nowhere", "timeout": "2s"}); f.Kind != node.KindElement || read() != "outer" {
		t.Errorf("a frame that is not there: %+v", f)
	}
	if f := fails(t, e, "web.frame", map[string]any{"frame": "#p", "timeout": "2s"}); f.Kind != node.KindElement {
		t.Errorf("an element that is no frame: %+v", f)
	}
}

// A session that is built again works in the same frame, with the same rules, dialogs and surroundings.
func TestStateOfSession(t *testing.T) {
	e := env(t)
	url := serve(t, map[string]string{"/": `<h1>Shop</h1><iframe id=a src=/a></iframe><img src=/i.png>`, "/a": `<p id=p>in a</p>`, "/i.png": "x"})
	run(t, e, "web.goto", map[string]any{"url": url})
	run(t, e, "web.frame", map[string]any{"frame": "#a"})
	run(t, e, "web.intercept", map[string]any{"rules": []any{map[string]any{"url": "*/api", "do": "answer", "body": "made up"}}})
	run(t, e, "web.dialogs", map[string]any{"answer": "accept"})
	run(t, e, "web.emulate", map[string]any{"colors": "dark", "timezone": "Asia/Tokyo"})
	s, err := session.Get[*browser.Session](context.Background(), e.Sessions, "web", "browser")
	if err != nil {
		t.Fatal(err)
	}
	s.Touch()
	state, err := s.State(t.Context())
	if err != nil || state == nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	again := session.New(session.Config{
		Providers: map[string]session.Provider{"web": pool}, Folder: func() (string, error) { return folder, nil },
		Seal: func(b []byte) ([]byte, error) { return b, nil }, Unseal: func(b []byte) ([]byte, error) { return b, nil },
	})
	t.Cleanup(func() { _ = again.Close() })
	again.Recall(map[string][]byte{"web/browser": state}, 1)
	e.Sessions = again
	if got := run(t, e, "web.evaluate", map[string]any{"script": "element.textContent + ' ' + new Date(0).getHours() + matchMedia('(prefers-color-scheme: dark)').matches + confirm('sure?')", "target": "#p", "timeout": "20s"})["result"]; !strings.HasPrefix(fmt.Sprint(got), "in a 9truetrue") {
		t.Errorf("the session that was built again sees %v", got)
	}
	if got := run(t, e, "web.evaluate", map[string]any{"script": "fetch('/api').then(r => r.text())"})["result"]; got != "made up" {
		t.Errorf("a rule of the session that was built again gives %v", got)
	}
}
