package web_test

import (
	"fmt"
	"testing"

	"github.com/aether-rpa/aether/browser"
	"github.com/aether-rpa/aether/node"
)

// why is the reason of a failure of a page.
func why(f *node.Failure) string {
	d, _ := f.Details.(map[string]any)
	s, _ := d["reason"].(string)
	return s
}

// at opens a page.
func at(t *testing.T, e *node.Env, html string) string {
	t.Helper()
	url := serve(t, map[string]string{"/": html, "/next": "<h1>Next</h1>"})
	run(t, e, "web.goto", map[string]any{"url": url + "/"})
	return url
}

// must tests that a node fails for a reason.
func must(t *testing.T, e *node.Env, typ, want string, params map[string]any) *node.Failure {
	t.Helper()
	_, given := params["timeout"]
	var f *node.Failure
	for _, timeout := range []string{"300ms", "2s", "10s"} { // a busy machine may not look at the page in time
		if !given {
			params["timeout"] = timeout
		}
		if f = fails(t, e, typ, params); why(f) != browser.Hung {
			break
		}
	}
	if why(f) != want {
		t.Errorf("%s %v: the reason is %q and not %q: %v", typ, params["target"], why(f), want, f)
	}
	return f
}

func TestSelect(t *testing.T) {
	t.Parallel()
	e := env(t)
	url := at(t, e, `<select id=s><option value=a>Apple<option value=b>Ball<option value=c disabled>Cup</select>
		<select id=m multiple><option>Mo<option>Tu<option>We</select><select id=late></select><select id=back onchange="this.selectedIndex=0"><option>x<option>y</select>
		<select id=go onchange="location='/next'"><option>stay<option>go</select><ul id=u><li>a</ul>
		<script>setTimeout(() => late.innerHTML = '<option>One<option>Two', 200)</script>`)
	for _, c := range []struct {
		params     map[string]any
		element    string
		want, show string
	}{
		{map[string]any{"target": "#s", "options": "Ball"}, "s.value", "b", "[b] [Ball]"},
		{map[string]any{"target": "#s", "options": "a"}, "s.value", "a", "[a] [Apple]"},
		{map[string]any{"target": "#s", "options": "Ball", "by": "label"}, "s.value", "b", "[b] [Ball]"},
		{map[string]any{"target": "#s", "options": "a", "by": "value"}, "s.value", "a", "[a] [Apple]"},
		{map[string]any{"target": "#s", "options": "1", "by": "index"}, "s.value", "b", "[b] [Ball]"},
		{map[string]any{"target": "#m", "options": []any{"Mo", "We"}}, "[...m.selectedOptions].map(o => o.text).join()", "Mo,We", "[Mo We] [Mo We]"},
		{map[string]any{"target": "#late", "options": "Two"}, "late.value", "Two", "[Two] [Two]"},
	} {
		out := run(t, e, "web.select", c.params)
		if got := inPage(t, e, c.element); got != c.want || fmt.Sprint(out["values"], " ", out["labels"]) != c.show {
			t.Errorf("%v: the page has %s, the node says %v %v", c.params, got, out["values"], out["labels"])
		}
	}
	must(t, e, "web.select", "no_option", map[string]any{"target": "#s", "options": "Doll"})
	must(t, e, "web.select", "no_option", map[string]any{"target": "#s", "options": "Apple", "by": "value"})
	must(t, e, "web.select", "no_option", map[string]any{"target": "#s", "options": "9", "by": "index"})
	must(t, e, "web.select", "disabled", map[string]any{"target": "#s", "options": "Cup"})
	must(t, e, "web.select", "wrong_kind", map[string]any{"target": "#s", "options": []any{"Apple", "Ball"}})
	must(t, e, "web.select", "wrong_kind", map[string]any{"target": "#u", "options": "a"})
	must(t, e, "web.select", "reverted", map[string]any{"target": "#back", "options": "y"})
	if f := fails(t, e, "web.select", map[string]any{"target": "#s", "options": "first", "by": "index"}); f.Kind != node.KindInput {
		t.Errorf("a place that is no number: %+v", f)
	}
	fails(t, e, "web.select", map[string]any{"target": "#s"})
	if out := run(t, e, "web.select", map[string]any{"target": "#go", "options": "go"}); out["url"] != url+"/next" {
		t.Errorf("a choice led to %v", out["url"])
	}
}

func TestCheck(t *testing.T) {
	t.Parallel()
	e := env(t)
	at(t, e, `<label><input type=checkbox id=c> Terms</label><label><input type=radio name=r id=a checked> A</label><label><input type=radio name=r id=b> B</label>
		<div role=switch aria-checked=false id=w onclick="this.setAttribute('aria-checked', this.getAttribute('aria-checked') !== 'true')">Dark</div>
		<input type=checkbox id=no onclick="return false"><input type=checkbox id=off disabled><p id=p>x</p>`)
	checked := func(id, want string) {
		t.Helper()
		if got := inPage(t, e, id); got != want {
			t.Errorf("%s is %s", id, got)
		}
	}
	run(t, e, "web.check", map[string]any{"target": "label=Terms"})
	checked("c.checked", "true")
	if out := run(t, e, "web.check", map[string]any{"target": "label=Terms"}); out["already"] != true || out["checked"] != true {
		t.Errorf("again: %v", out)
	}
	run(t, e, "web.check", map[string]any{"target": "label=Terms", "checked": false})
	checked("c.checked", "false")
	run(t, e, "web.check", map[string]any{"target": "label=B"})
	checked("b.checked + ' ' + a.checked", "true false")
	run(t, e, "web.check", map[string]any{"target": "#w"})
	checked("w.getAttribute('aria-checked')", "true")
	run(t, e, "web.uncheck", map[string]any{"target": "#w"})
	checked("w.getAttribute('aria-checked')", "false")
	must(t, e, "web.uncheck", "unchanged", map[string]any{"target": "#b"})
	must(t, e, "web.check", "unchanged", map[string]any{"target": "#no"})
	must(t, e, "web.check", "disabled", map[string]any{"target": "#off"})
	must(t, e, "web.check", "wrong_kind", map[string]any{"target": "#p"})
	must(t, e, "web.check", "not_found", map[string]any{"target": "label=Nothing"})
}
