package web_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
)

func TestClickButtonsAndCount(t *testing.T) {
	e := env(t)
	run(t, e, "web.goto", map[string]any{"url": serve(t, map[string]string{"/": `<p id=p>one two three</p><div id=d style="height:40px" onmousedown="d.dataset.n=event.detail" onauxclick="d.dataset.aux=event.button" oncontextmenu="d.dataset.menu=1;return false">x</div>`})})
	run(t, e, "web.click", map[string]any{"target": "#p", "count": 3})
	if got := inPage(t, e, "String(getSelection()).trim()"); got != "one two three" {
		t.Errorf("three clicks marked %q", got)
	}
	run(t, e, "web.click", map[string]any{"target": "#d", "button": "middle"})
	run(t, e, "web.click", map[string]any{"target": "#d", "button": "right"})
	if got := inPage(t, e, "d.dataset.aux + ' ' + d.dataset.menu"); got != "2 1" && got != "1 1" {
		t.Errorf("the page heard of the other buttons %s", got)
	}
	fails(t, e, "web.click", map[string]any{"target": "#d", "count": 4})
	fails(t, e, "web.click", map[string]any{"target": "#d", "button": "fourth"})
}

func TestClipboard(t *testing.T) {
	e := env(t)
	run(t, e, "web.goto", map[string]any{"url": serve(t, map[string]string{"/": `<input id=a value=abcdef><button onclick="const r=document.createRange();r.selectNodeContents(s);getSelection().removeAllRanges();getSelection().addRange(r);document.execCommand('copy')">Copy link</button><span id=s>https://example.com/ü</span>
		<script>window.heard=[];for (const n of ['copy','paste','keydown','input','focusin']) addEventListener(n, ev => { if (ev.isTrusted && armed) heard.push(n + ' ' + ev.target.tagName); }, true);let armed=false</script>`})})
	run(t, e, "web.click", map[string]any{"target": "text=Copy link"})
	if out := run(t, e, "web.clipboard_get", nil); out["text"] != "https://example.com/ü" {
		t.Errorf("after the page has copied: %v", out)
	}
	text := "a\tb\n1\t“2”"
	inPage(t, e, "(a.focus(), a.setSelectionRange(2, 4), armed = true)")
	run(t, e, "web.clipboard_set", map[string]any{"text": text})
	if out := run(t, e, "web.clipboard_get", nil); out["text"] != text {
		t.Errorf("the clipboard holds %q", out["text"])
	}
	if got := inPage(t, e, "document.activeElement.id + a.selectionStart + a.selectionEnd + document.querySelectorAll('html > div').length"); got != "a240" {
		t.Errorf("the focus, what was marked, and what is left in the page: %s", got)
	}
	run(t, e, "web.press", map[string]any{"key": "Control+V"})
	if got := inPage(t, e, "a.value"); !strings.Contains(got, "“2”") || !strings.HasPrefix(got, "ab") {
		t.Errorf("pasted is %q", got)
	}
	fails(t, e, "web.clipboard_set", map[string]any{"text": ""})
}

func TestTree(t *testing.T) {
	e := env(t)
	url := serve(t, map[string]string{
		"/": `<h1>Order</h1><form aria-label=Address><label>Town <input name=t value=Ulm required></label><label>Password <input type=password value=hunter2></label><label><input type=checkbox checked> Gift</label>
			<select aria-label=Size><option>S<option selected>M</select><button disabled>Save</button></form><div aria-hidden=true>decoration</div><p hidden>never</p><iframe title=Inner src=/inner></iframe><div id=host></div>
			<script>host.attachShadow({mode:'closed'}).innerHTML='<button aria-expanded=true>In a shadow</button>'</script>`,
		"/inner": `<a href=/x>Terms &amp; conditions</a>`,
	})
	run(t, e, "web.goto", map[string]any{"url": url})
	run(t, e, "web.fill", map[string]any{"target": "label=Town", "secret": "Geheim"})
	out := run(t, e, "web.tree", nil)
	outline := fmt.Sprint(out["outline"])
	for _, want := range []string{
		`- heading "Order" [level 1]`, `- form "Address"`, `  - textbox "Town" [required, focused]` + "\n", `textbox "Password"` + "\n", `- checkbox "Gift" [checked]`, `- combobox "Size": "M"`, `- button "Save" [disabled]`,
		"- iframe \"Inner\"\n", `- link "Terms & conditions"`, `- button "In a shadow" [expanded]`,
	} {
		if !strings.Contains(outline, want) {
			t.Errorf("there is no %q in\n%s", want, outline)
		}
	}
	for _, not := range []string{"hunter2", "Geheim", "decoration", "never", "handle"} {
		if strings.Contains(fmt.Sprint(out), not) {
			t.Errorf("%q is in\n%v", not, out)
		}
	}
	part := run(t, e, "web.tree", map[string]any{"target": "role=form", "limit": 3})
	if part["cut"] != true || strings.Contains(fmt.Sprint(part["outline"]), "Order") || !strings.HasPrefix(fmt.Sprint(part["outline"]), "- form") {
		t.Errorf("a part with a limit: %v", part)
	}
	fails(t, e, "web.tree", map[string]any{"target": "#nothing", "timeout": "1s"})
}

func TestRequests(t *testing.T) {
	e := env(t)
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/":
			w.Header().Set("Content-Type", "text/html")
			w.Header().Set("Set-Cookie", "session=hunter2")
			fmt.Fprint(w, `<script>fetch('/data?b=2&a=1', {headers: {Authorization: 'Bearer hunter2'}}).then(() => fetch('/gone')).then(() => { document.title = 'ready'; })</script>`)
		case "/data":
			fmt.Fprint(w, "{}")
		default:
			http.NotFound(w, r)
		}
	}))
	t.Cleanup(site.Close)
	run(t, e, "web.goto", map[string]any{"url": site.URL})
	run(t, e, "web.wait", map[string]any{"function": "() => document.title === 'ready'"})
	all := run(t, e, "web.requests", nil)
	bad := run(t, e, "web.requests", map[string]any{"failed": true, "kinds": []any{"xhr"}})
	if list, _ := bad["requests"].([]any); len(list) != 1 || !strings.HasSuffix(fmt.Sprint(list[0].(map[string]any)["url"]), "/gone") {
		t.Errorf("what failed: %v", bad)
	}
	if later := run(t, e, "web.requests", map[string]any{"after": all["next"]}); fmt.Sprint(later["count"]) != "0" {
		t.Errorf("nothing has come since, and there is %v", later)
	}
	fails(t, e, "web.requests", map[string]any{"kinds": []any{"fetched"}})
	out := run(t, e, "web.har", map[string]any{"to": "site.har"})
	b, err := os.ReadFile(fmt.Sprint(out["file"]))
	if err != nil {
		t.Fatal(err)
	}
	var h struct {
		Log struct {
			Version string
			Pages   []struct{ ID string }
			Entries []struct {
				PageRef, StartedDateTime string
				Request                  struct {
					URL         string
					QueryString []struct{ Name, Value string }
				}
				Response struct{ Status int }
			}
		}
	}
	if err := json.Unmarshal(b, &h); err != nil || h.Log.Version != "1.2" || len(h.Log.Pages) != 1 || len(h.Log.Entries) < 3 || fmt.Sprint(out["count"]) != fmt.Sprint(len(h.Log.Entries)) {
		t.Fatalf("the file is not what it should be: %v, %v\n%s", err, out, b)
	}
	entries := h.Log.Entries[:0]
	for _, got := range h.Log.Entries { // the browser asks for a picture of the site by itself, sooner or later
		if !strings.HasSuffix(got.Request.URL, "/favicon.ico") {
			entries = append(entries, got)
		}
	}
	for i, want := range []struct {
		path   string
		status int
	}{{"/", 200}, {"/data?b=2&a=1", 200}, {"/gone", 404}} {
		if got := entries[i]; got.Request.URL != site.URL+want.path || got.Response.Status != want.status || got.PageRef != h.Log.Pages[0].ID {
			t.Errorf("entry %d is %+v", i, got)
		}
	}
	if q := entries[1].Request.QueryString; len(q) != 2 || q[0].Name != "a" || q[1].Value != "2" {
		t.Errorf("the parts of the address are %v", q)
	}
	if strings.Contains(string(b), "hunter2") {
		t.Error("a cookie or a key is in the file")
	}
}
