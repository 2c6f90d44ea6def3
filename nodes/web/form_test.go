package web_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/aether-rpa/aether/browser"
	"github.com/aether-rpa/aether/browser/cdp"
	"github.com/aether-rpa/aether/selector"
	"github.com/aether-rpa/aether/session"
)

// challenge is a form of seven fields whose labels alone tell them apart, as the RPA challenge has it.
const challenge = `<form id=f action="/sent">` +
	`<div><label>First Name</label><input ng-reflect-name=x1></div><div><label>Last Name</label><input></div><div><label>Company Name</label><input></div>` +
	`<div><label>Role in Company</label><input></div><div><label>Address</label><input></div><div><label>Email</label><input></div><div><label>Phone Number</label><input></div>` +
	`<button>Submit</button></form>`

func sevenFields() map[string]any {
	return map[string]any{
		"label=First Name": "Ada", "label=Last Name": "Lovelace", "label=Company Name": "Engines", "label=Role in Company": "Analyst",
		"label=Address": "St James Square", "label=Email": "ada@example.com", "label=Phone Number": 40716543298,
	}
}

func TestFillForm(t *testing.T) {
	e := env(t)
	url := serve(t, map[string]string{"/": challenge, "/sent": "<h1>Thanks</h1>"})
	run(t, e, "web.goto", map[string]any{"url": url})
	if out := run(t, e, "web.fill_form", map[string]any{"fields": sevenFields()}); fmt.Sprint(out["filled"]) != "7" || out["url"] != "" {
		t.Errorf("seven fields: %v", out)
	}
	if got := inPage(t, e, "[...document.querySelectorAll('input')].map(i => i.value).join('|')"); got != "Ada|Lovelace|Engines|Analyst|St James Square|ada@example.com|40716543298" {
		t.Errorf("the fields hold %s", got)
	}
	out := run(t, e, "web.fill_form", map[string]any{"fields": sevenFields(), "submit": "text=Submit"})
	if !strings.HasPrefix(fmt.Sprint(out["url"]), url+"/sent") || fmt.Sprint(out["status"]) != "200" {
		t.Errorf("submit led to %v", out)
	}
}

func TestFillFormOfAllKinds(t *testing.T) {
	e := env(t)
	url := serve(t, map[string]string{"/": `
		<label>Name <input id=n value=old></label><label>Born <input type=date id=d></label><label>Much <input type=number id=m></label>
		<label>Country <select id=c onchange="fetched(this.value)"><option>–</option><option value=lv>Latvia</option></select></label>
		<label>Town <select id=t><option>–</option></select></label>
		<label>Tags <select id=g multiple><option>a<option>b<option>c</select></label>
		<label><input type=checkbox id=k1> News</label><label><input type=checkbox id=k2 checked> Ads</label>
		<label><input type=radio name=r id=r1> Small</label><label><input type=radio name=r id=r2> Large</label>
		<label>Phone <input id=p onchange="this.value = this.value.replace(/(\d\d)(\d\d)/, '$1-$2')"></label>
		<label>Pass <input type=password id=w></label><div id=rich contenteditable aria-label=Notes style="min-height:20px"></div>
		<script>function fetched(v) { setTimeout(() => { t.innerHTML = '<option>–</option><option>Riga</option>' }, 60) }</script>`})
	run(t, e, "web.goto", map[string]any{"url": url})
	out := run(t, e, "web.fill_form", map[string]any{
		"fields": map[string]any{
			"label=Name": nil, "label=Born": "2026-02-28", "label=Much": 1234.5, "label=Country": "Latvia", "label=Town": "Riga", "label=Tags": []any{"a", "c"},
			"label=News": true, "label=Ads": "no", "label=Large": true, "label=Phone": 1234, "label=Notes": "Good\nday",
		}, "secrets": map[string]any{"label=Pass": "hunter2"},
	})
	if fmt.Sprint(out["filled"]) != "12" || fmt.Sprint(out["shaped"]) != "map[label=Phone:12-34]" {
		t.Errorf("all kinds: %v", out)
	}
	want := `|2026-02-28|1234.5|lv|Riga|a,c|true|false|true|12-34|hunter2|Good`
	got := inPage(t, e, `[n.value, d.value, m.value, c.value, t.value, [...g.selectedOptions].map(o => o.value), k1.checked, k2.checked, r2.checked, p.value, w.value, rich.innerText.split('\n')[0]].join('|')`)
	if got != want {
		t.Errorf("the fields hold %s\nwant            %s", got, want)
	}
}

func TestFillFormFails(t *testing.T) {
	e := env(t)
	url := serve(t, map[string]string{"/": `
		<label>Name <input></label><label>Short <input maxlength=3 oninput="this.value=this.value.slice(0,3)"></label><label>Stiff <input oninput="this.value='no'"></label>
		<label>Fixed <input readonly value=x></label><label><input type=checkbox> News</label>
		<label>Pin <input oninput="this.value=''"></label>
		<label>Country <select><option>Latvia</option></select></label><label>Turn <select onchange="this.selectedIndex=0"><option>a</option><option>b</option></select></label>
		<button disabled>Send</button>`})
	run(t, e, "web.goto", map[string]any{"url": url})
	for name, c := range map[string]struct {
		fields map[string]any
		reason string
		says   string
	}{
		"a field that is not there":        {map[string]any{"label=Name": "a", "label=Nowhere": "b"}, "not_found", "Nowhere"},
		"a value that the page cuts off":   {map[string]any{"label=Short": "abcdef"}, "reverted", "takes 3 characters"},
		"a value that the page rewrites":   {map[string]any{"label=Stiff": "yes"}, "reverted", `"no"`},
		"a field that cannot be written":   {map[string]any{"label=Fixed": "y"}, "read_only", "Fixed"},
		"a check box that shall hold text": {map[string]any{"label=News": "perhaps"}, "wrong_kind", "true or false"},
		"a choice that is not there":       {map[string]any{"label=Country": "Mars"}, "no_option", `"Latvia"`},
		"a choice that the page reverts":   {map[string]any{"label=Turn": "b"}, "reverted", `"a"`},
	} {
		f := fails(t, e, "web.fill_form", map[string]any{"fields": c.fields, "timeout": "4s"})
		d, _ := f.Details.(map[string]any)
		if d["reason"] != c.reason || !strings.Contains(f.Message, c.says) {
			t.Errorf("%s: %+v", name, f)
		}
	}
	f := fails(t, e, "web.fill_form", map[string]any{"secrets": map[string]any{"label=Pin": "hunter2"}, "timeout": "4s"})
	if d, _ := f.Details.(map[string]any); d["reason"] != "reverted" || strings.Contains(fmt.Sprintf("%+v", f), "hunter2") {
		t.Errorf("a secret that the page did not keep: %+v", f)
	}
	f = fails(t, e, "web.fill_form", map[string]any{"fields": map[string]any{"label=Name": "a"}, "submit": "text=Send", "timeout": "2s"})
	if d, _ := f.Details.(map[string]any); d["reason"] != "disabled" {
		t.Errorf("a button that is disabled: %+v", f)
	}
	for says, p := range map[string]map[string]any{
		"no field to fill":    {},
		"and in secrets":      {"fields": map[string]any{"label=Name": "a"}, "secrets": map[string]any{"label=Name": "b"}},
		"found by \"colour\"": {"fields": map[string]any{"colour=red": "a"}},
		"not a map":           {"fields": map[string]any{"label=Name": map[string]any{}}},
	} {
		if f := fails(t, e, "web.fill_form", p); !strings.Contains(f.Message, says) {
			t.Errorf("%s: %+v", says, f)
		}
	}
}

func TestListForms(t *testing.T) {
	e := env(t)
	url := serve(t, map[string]string{"/": `
		<form id=login action=/login method=post><label>User <input name=u required value=ada></label><label>Password <input type=password name=p value=hunter2></label><input type=hidden name=h value=1><button>Sign in</button></form>
		<form><label>User <input name=u2></label><select name=c><option>a<option>b</select></form><label>Search <input placeholder=words></label>`})
	run(t, e, "web.goto", map[string]any{"url": url})
	out := run(t, e, "web.list_forms", nil)
	if fmt.Sprint(out["count"]) != "3" || fmt.Sprint(out["fields"]) != "5" || strings.Contains(fmt.Sprint(out), "hunter2") {
		t.Fatalf("the forms are %v", out)
	}
	login := out["forms"].([]any)[0].(map[string]any)
	if login["target"] != "id=login" || login["method"] != "post" || login["submit"] != `role=button[name="Sign in"]` || login["action"] != url+"/login" {
		t.Errorf("the first form is %v", login)
	}
	// Every target finds its field alone.
	for _, f := range out["forms"].([]any) {
		for _, x := range f.(map[string]any)["fields"].([]any) {
			x := x.(map[string]any)
			if x["type"] == "select" {
				continue
			}
			run(t, e, "web.fill", map[string]any{"target": x["target"], "value": "v", "timeout": "2s"})
		}
	}
	if got := inPage(t, e, "[...document.querySelectorAll('input:not([type=hidden])')].map(i => i.value).join()"); got != "v,v,v,v" {
		t.Errorf("the targets found %s", got)
	}
	if out := run(t, e, "web.list_forms", map[string]any{"target": "#login", "hidden": true}); fmt.Sprint(out["fields"]) != "3" {
		t.Errorf("with what is hidden: %v", out)
	}
	if f := fails(t, e, "web.list_forms", map[string]any{"target": "#nowhere", "timeout": "2s"}); f.Kind != "element" {
		t.Errorf("a part that is not there: %+v", f)
	}
}

// The aim is 20 ms for the form of seven fields.
func BenchmarkFillForm(b *testing.B) {
	if _, err := cdp.Find(); err != nil {
		b.Skip(err)
	}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<!doctype html><body>"+challenge) }))
	defer s.Close()
	folder := b.TempDir()
	table := session.New(session.Config{Providers: map[string]session.Provider{"web": pool}, Folder: func() (string, error) { return folder, nil }})
	defer func() { _ = table.Close() }()
	l, err := table.Open(b.Context(), "web", "browser", browser.Want{})
	if err != nil {
		b.Fatal(err)
	}
	p, err := l.(*browser.Session).NewPage(b.Context())
	if err == nil {
		_, err = p.Goto(b.Context(), s.URL, browser.Loaded)
	}
	if err != nil {
		b.Fatal(err)
	}
	var fields []browser.FormField
	for name, v := range sevenFields() {
		fields = append(fields, browser.FormField{Target: selector.Must(name), Value: fmt.Sprint(v)})
	}
	for b.Loop() {
		if _, err := p.Form(b.Context(), fields); err != nil {
			b.Fatal(err)
		}
	}
}
