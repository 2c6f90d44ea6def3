package web_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/aether-rpa/aether/browser"
	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/session"
)

const changing = `<p id=old>old</p><input id=f disabled><input type=checkbox id=c checked><p id=s>zero</p><button id=b>Go</button><script>
	b.onclick = () => { fetch('/next?n=1').then(() => fetch('/missing')); setTimeout(() => {
		old.remove(); f.disabled = false; c.checked = false; s.textContent = 'count 7'; document.body.insertAdjacentHTML('beforeend', '<p id=late>late</p>');
		window.done = {n: 7}; history.pushState(null, '', '/orders/42?x=1');
	}, 250); };</script>`

func TestWait(t *testing.T) {
	t.Parallel()
	e := env(t)
	url := at(t, e, changing)
	for _, params := range []map[string]any{
		{"target": "#late"},
		{"target": "#old", "state": "hidden"},
		{"target": "#old", "state": "detached"},
		{"target": "#late", "state": "attached"},
		{"target": "#f", "state": "enabled"},
		{"target": "#c", "state": "unchecked"},
		{"text": "count 7"},
		{"target": "#s", "text": `^count \d$`, "match": "regex"},
		{"url": "*/orders/*"},
		{"url": "/orders/42"},
		{"url": `/orders\/\d+/`},
		{"url": url + "/orders/42?x=1"},
		{"response": "/next*"},
		{"response": "*/missing", "status": 404},
		{"function": "() => window.done && window.done.n"},
		{"quiet": "100ms"},
	} {
		run(t, e, "web.goto", map[string]any{"url": url})
		run(t, e, "web.click", map[string]any{"target": "#b"})
		out := run(t, e, "web.wait", params)
		if params["function"] != nil && fmt.Sprint(out["value"]) != "7" {
			t.Errorf("the function gave %v", out["value"])
		}
		if params["response"] == "*/missing" && (out["answer"] != url+"/missing" || fmt.Sprint(out["status"]) != "404") {
			t.Errorf("the answer: %v", out)
		}
	}
	run(t, e, "web.wait", map[string]any{"load": "load"})
	run(t, e, "web.wait", map[string]any{"load": "idle"})
	run(t, e, "web.check", map[string]any{"target": "#c"})
	run(t, e, "web.wait", map[string]any{"target": "#c", "state": "checked"})
}

func TestWaitFails(t *testing.T) {
	t.Parallel()
	e := env(t)
	at(t, e, changing+`<script>setInterval(() => fetch('/next'), 30)</script>`)
	for _, c := range []struct {
		params map[string]any
		says   string
	}{
		{map[string]any{"target": "#late"}, "not shown"},
		{map[string]any{"target": "#old", "state": "hidden"}, "not hidden"},
		{map[string]any{"target": "#f", "state": "enabled"}, "not enabled"},
		{map[string]any{"target": "#s", "text": "seven"}, `"zero"`},
		{map[string]any{"url": "/orders/*"}, "and not /orders/*"},
		{map[string]any{"response": "/next", "status": 500}, "one with status 200"},
		{map[string]any{"response": "/other"}, "no answer came from /other"},
		{map[string]any{"function": "() => window.done"}, "the function gives"},
		{map[string]any{"quiet": "3s"}, "under way"},
	} {
		if f := must(t, e, "web.wait", "waited", c.params); f.Kind != node.KindTimeout || !strings.Contains(f.Message, c.says) {
			t.Errorf("%v: %s %s", c.params, f.Kind, f.Message)
		}
	}
	must(t, e, "web.wait", "bad_query", map[string]any{"target": "css=p["})
	must(t, e, "web.wait", "script", map[string]any{"function": "() => no.such"})
	for _, params := range []map[string]any{{}, {"url": "x", "quiet": "1s"}, {"text": "(", "match": "regex"}, {"url": "/(/"}} {
		fails(t, e, "web.wait", params)
	}
}

// What came before the last action does not count, and what came after it counts also if it was there before the node.
func TestWaitSinceLastAction(t *testing.T) {
	t.Parallel()
	e := env(t)
	at(t, e, `<button id=a onclick="fetch('/next?a')">A</button><button id=b onclick="this.textContent = 'pressed'">B</button>`)
	run(t, e, "web.click", map[string]any{"target": "#a"})
	run(t, e, "web.wait", map[string]any{"response": "/next?a"})
	run(t, e, "web.get_text", map[string]any{"target": "#b"})
	run(t, e, "web.wait", map[string]any{"response": "/next?a"})
	run(t, e, "web.click", map[string]any{"target": "#b"})
	must(t, e, "web.wait", "waited", map[string]any{"response": "/next?a"})
}

func TestWaitNewTab(t *testing.T) {
	t.Parallel()
	e := env(t)
	url := at(t, e, `<button id=b onclick="setTimeout(() => window.open('/next'), 150)">Open</button>`)
	must(t, e, "web.wait_new_tab", "waited", map[string]any{})
	run(t, e, "web.click", map[string]any{"target": "#b"})
	if out := run(t, e, "web.wait_new_tab", nil); out["url"] != url+"/next" {
		t.Errorf("the new tab shows %v", out)
	}
	if out := run(t, e, "web.get_text", map[string]any{"target": "css=h1"}); out["text"] != "Next" {
		t.Errorf("nodes work on another tab: %v", out)
	}
}

func TestAssert(t *testing.T) {
	t.Parallel()
	e := env(t)
	url := at(t, e, `<title>Cart</title><h1 id=h>Total  <b>12.50</b></h1><input id=i value="4711"><input type=checkbox id=c><button id=b disabled>x</button><p class=k>1</p><p class=k>2</p><p class=k style="display:none">3</p><div id=late></div>
		<script>setTimeout(() => late.textContent = 'there', 300)</script>`)
	for _, params := range []map[string]any{
		{"target": "#h", "text": "12.50"},
		{"target": "#h", "text": "Total 12.50", "match": "equals"},
		{"target": "#h", "text": `^Total \d+\.\d\d$`, "match": "regex"},
		{"text": "Total"},
		{"target": "#i", "value": "4711", "shown": true, "enabled": true},
		{"target": "#i", "value": `\d{4}`, "match": "regex"},
		{"target": "#c", "checked": false},
		{"target": "#b", "enabled": false},
		{"target": ".k", "count": 2},
		{"target": "#none", "shown": false, "count": 0},
		{"target": "#late", "text": "there"},
		{"url": url + "/", "title": "Cart"},
	} {
		run(t, e, "web.assert", params)
	}
	for _, c := range []struct {
		params map[string]any
		says   string
	}{
		{map[string]any{"target": "#h", "text": "13"}, `the text of <h1 id="h"> "Total 12.50" is "Total 12.50" and does not contain "13"`},
		{map[string]any{"target": "#h", "text": "Total", "match": "equals"}, `and not "Total"`},
		{map[string]any{"target": "#h", "text": "^x", "match": "regex"}, `does not match "^x"`},
		{map[string]any{"target": "#i", "value": "471"}, `is "4711" and not "471"`},
		{map[string]any{"target": "#c", "checked": true}, `is "not checked" and not "checked"`},
		{map[string]any{"target": "#h", "checked": true}, `nothing that can be checked`},
		{map[string]any{"target": "#b", "enabled": true}, `is "disabled" and not "enabled"`},
		{map[string]any{"target": ".k", "count": 3}, `the number of css=.k is 2 and not 3`},
		{map[string]any{"target": "#h", "shown": false}, `the element of css=#h is "shown" and not "hidden"`},
		{map[string]any{"target": "#none", "text": "x"}, `no element matches css=#none, and the text is to be "x"`},
		{map[string]any{"url": "/other", "message": "the order is lost"}, `the order is lost: the address is "` + url + `/" and not "/other"`},
		{map[string]any{"title": "Basket"}, `the title is "Cart" and does not contain "Basket"`},
	} {
		c.params["timeout"] = "100ms"
		f := fails(t, e, "web.assert", c.params)
		d, _ := f.Details.(map[string]any)
		if f.Kind != node.KindAssert || !strings.Contains(f.Message, c.says) || d["screenshot"] == nil || !f.Permanent {
			t.Errorf("%v: %s %s", c.params, f.Kind, f.Message)
		}
	}
	for _, params := range []map[string]any{{}, {"target": "#h"}, {"shown": true}, {"text": "(", "match": "regex"}} {
		fails(t, e, "web.assert", params)
	}
	must(t, e, "web.assert", "bad_query", map[string]any{"target": "css=p[", "shown": true})
}

// After an interruption a tab that was opened before it, and not waited for yet, is found all the same.
func TestWaitNewTabAfterRebuild(t *testing.T) {
	t.Parallel()
	e := env(t)
	same := func(b []byte) ([]byte, error) { return b, nil }
	folder := t.TempDir()
	table := func() *session.Table {
		s := session.New(session.Config{Providers: map[string]session.Provider{"web": pool}, Folder: func() (string, error) { return folder, nil }, Seal: same, Unseal: same})
		t.Cleanup(func() { _ = s.Close() })
		return s
	}
	e.Sessions = table()
	// A link's tab knows nothing of the page that it was opened from; one that window.open has opened is lost, see
	// TestWhatIsKept.
	url := at(t, e, `<a id=b href="/next" target="_blank">Open</a>`)
	run(t, e, "web.click", map[string]any{"target": "#b"})
	s, err := session.Get[*browser.Session](t.Context(), e.Sessions, "web", "browser")
	if err != nil {
		t.Fatal(err)
	}
	for {
		changed := s.Context().Changed()
		if all := s.Pages(); len(all) == 2 {
			if _, err := all[1].WaitURL(t.Context(), "/next", func(u string) bool { return u == url+"/next" }); err != nil {
				t.Fatal(err)
			}
			break
		}
		select {
		case <-changed:
		case <-t.Context().Done():
			t.Fatal("no tab was opened")
		}
	}
	states, err := e.Sessions.Changed(t.Context())
	if err != nil || len(states) != 1 {
		t.Fatalf("%d states: %v", len(states), err)
	}
	e.Sessions = table()
	e.Sessions.Recall(states, 1)
	if out := run(t, e, "web.wait_new_tab", nil); out["url"] != url+"/next" {
		t.Errorf("the tab was not found: %v", out)
	}
}
