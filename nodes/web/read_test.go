package web_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/node/nodetest"
)

const reading = `<h1>Title</h1><p id=p>two  <b>words</b><span style="display:none">unseen</span></p><input id=i value=4711><input type=password id=pw value=hunter2>
	<select id=s><option value=AT>Austria<option value=DE selected>Germany</select><input type=checkbox id=c checked>
	<a id=a href="/terms?x=1" data-no=7 title=T>Terms</a><ul id=u><li>One<li>Two <b>2</b><li style="display:none">Three</ul><div class=k>x</div><div class=k>y</div><div class=k hidden>z</div>
	<img id=g alt=Dot src="data:image/gif;base64,R0lGODlhAQABAIAAAP///wAAACH5BAEAAAAALAAAAAABAAEAAAICRAEAOw==" width=4 height=4><div id=h></div>
	<script>h.attachShadow({mode:'open'}).innerHTML = '<a href="/deep.pdf">Deep</a>'</script>`

func TestReading(t *testing.T) {
	t.Parallel()
	e := env(t)
	url := at(t, e, reading+`<script>setTimeout(() => { const n = document.createElement('i'); n.id = 'late'; n.textContent = 'here'; document.body.append(n); }, 200)</script>`)
	for _, c := range []struct {
		typ, target, name, out string
		want                   any
	}{
		{"web.get_text", "#p", "", "text", "two words"},
		{"web.get_text", "#s", "", "text", "Germany"},
		{"web.get_text", "#late", "", "text", "here"},
		{"web.get_text", "#pw", "", "text", ""},
		{"web.get_value", "#i", "", "value", "4711"},
		{"web.get_value", "#s", "", "value", "DE"},
		{"web.get_value", "#c", "", "checked", true},
		{"web.get_value", "#i", "", "checked", nil},
		{"web.get_value", "#pw", "", "value", ""},
		{"web.get_attribute", "#a", "href", "value", "/terms?x=1"},
		{"web.get_attribute", "#a", "href", "exists", true},
		{"web.get_attribute", "#a", "rel", "exists", false},
		{"web.get_property", "#a", "href", "value", url + "/terms?x=1"},
		{"web.get_property", "#a", "dataset.no", "value", "7"},
		{"web.get_property", "#s", "options.length", "value", 2},
		{"web.get_property", "#a", "no.such", "value", nil},
		{"web.get_html", "#a", "", "html", `<a id="a" href="/terms?x=1" data-no="7" title="T">Terms</a>`},
		{"web.exists", "#a", "", "exists", true},
		{"web.exists", "#nothing", "", "exists", false},
		{"web.count", ".k", "", "count", 2},
		{"web.count", "css=.k >> nth=2", "", "count", 1},
		{"web.count", "css=.k >> nth=3", "", "count", 0},
	} {
		params := map[string]any{"target": c.target}
		if c.name != "" {
			params["name"] = c.name
		}
		if out := run(t, e, c.typ, params); fmt.Sprint(out[c.out]) != fmt.Sprint(c.want) {
			t.Errorf("%s of %s %s gives %v, not %v", c.typ, c.target, c.name, out[c.out], c.want)
		}
	}
	if out := run(t, e, "web.get_html", map[string]any{"target": "#p", "inner": true}); !strings.HasPrefix(fmt.Sprint(out["html"]), "two  <b>words</b>") {
		t.Errorf("inside: %v", out)
	}
	for typ, key := range map[string]string{"web.get_text": "text", "web.get_html": "html"} {
		if out := run(t, e, typ, nil); !strings.Contains(fmt.Sprint(out[key]), "Title") {
			t.Errorf("%s of the page: %v", typ, out)
		}
	}
	if out := run(t, e, "web.count", map[string]any{"target": ".k", "shown": false}); fmt.Sprint(out["count"]) != "3" {
		t.Errorf("with what is hidden: %v", out)
	}
	if f := fails(t, e, "web.get_property", map[string]any{"target": "#pw", "name": "value"}); f.Kind != node.KindDenied {
		t.Errorf("a password was read: %+v", f)
	}
	must(t, e, "web.get_text", "not_found", map[string]any{"target": "#nothing"})
	must(t, e, "web.get_text", "ambiguous", map[string]any{"target": ".k"})
	must(t, e, "web.count", "bad_query", map[string]any{"target": "css=p["})
	must(t, e, "web.get_property", "script", map[string]any{"target": "#a", "name": "attributes.href.ownerElement.ownerDocument.defaultView"})
}

func TestExistsWaits(t *testing.T) {
	t.Parallel()
	e := env(t)
	at(t, e, `<button id=b onclick="setTimeout(() => this.insertAdjacentHTML('afterend', '<p id=n>now</p>'), 200)">Go</button>`)
	run(t, e, "web.click", map[string]any{"target": "#b"})
	if out := run(t, e, "web.exists", map[string]any{"target": "#n", "wait": "20s"}); out["exists"] != true {
		t.Error("it was not waited for")
	}
	if out := run(t, e, "web.exists", map[string]any{"target": "#m", "wait": "100ms"}); out["exists"] != false {
		t.Error("it exists")
	}
}

// A secret that was filled in is not to be read again.
func TestSecretsAreNotRead(t *testing.T) {
	t.Parallel()
	e := env(t)
	at(t, e, `<input id=i>`)
	run(t, e, "web.fill", map[string]any{"target": "#i", "secret": "hunter2"})
	for _, typ := range []string{"web.get_text", "web.get_value", "web.get_html"} {
		if out := run(t, e, typ, map[string]any{"target": "#i"}); strings.Contains(fmt.Sprint(out), "hunter2") {
			t.Errorf("%s tells the secret: %v", typ, out)
		}
	}
	if f := fails(t, e, "web.get_property", map[string]any{"target": "#i", "name": "value"}); f.Kind != node.KindDenied {
		t.Errorf("the secret was read: %+v", f)
	}
}

func TestLists(t *testing.T) {
	t.Parallel()
	e := env(t)
	url := at(t, e, reading)
	for _, c := range []struct {
		typ, key string
		params   map[string]any
		want     string
	}{
		{"web.get_list", "items", map[string]any{"target": "#u"}, "[One Two 2]"},
		{"web.get_list", "items", map[string]any{"target": "#s"}, "[Austria Germany]"},
		{"web.get_list", "items", map[string]any{"target": ".k", "every": true}, "[x y]"},
		{"web.get_links", "links", map[string]any{"url": "/terms*"}, "[map[shown:true text:Terms title:T url:" + url + "/terms?x=1]]"},
		{"web.get_links", "links", map[string]any{"url": "*.pdf"}, "[map[shown:true text:Deep title: url:" + url + "/deep.pdf]]"},
		{"web.get_links", "links", map[string]any{"url": `/\/(terms|deep)\b/`, "target": "#a"}, "[map[shown:true text:Terms title:T url:" + url + "/terms?x=1]]"},
		{"web.get_images", "images", map[string]any{"url": "data:*"}, "[map[alt:Dot height:1 loaded:true shown:true url:data:image/gif;base64,R0lGODlhAQABAIAAAP///wAAACH5BAEAAAAALAAAAAABAAEAAAICRAEAOw== width:1]]"},
	} {
		if out := run(t, e, c.typ, c.params); fmt.Sprint(out[c.key]) != c.want {
			t.Errorf("%s %v gives %v", c.typ, c.params, out[c.key])
		}
	}
	if f := fails(t, e, "web.get_links", map[string]any{"url": "/(/"}); f.Kind != node.KindInput {
		t.Errorf("a wrong expression: %+v", f)
	}
	must(t, e, "web.get_list", "not_found", map[string]any{"target": "#nothing"})
	must(t, e, "web.get_list", "waited", map[string]any{"target": ".nothing", "every": true})
}

func TestTables(t *testing.T) {
	t.Parallel()
	e := env(t)
	at(t, e, `<table id=a><thead><tr><th rowspan=2>Item<th colspan=2>Price<tr><th>Net<th>Net</thead><tbody><tr><td rowspan=2>Cup<td>1<td>2<tr><td>3<td><input value=4><tr style="display:none"><td>x<td>x<td>x<tr><td colspan=2>All<td><br></table>
		<table id=b><tr><td>k<td>v<tr><td>1</table><div role=grid id=g><div role=row><span role=columnheader>N</span></div><div role=row><span role=gridcell>5</span></div></div><table id=n></table><p id=p>x</p>`)
	for _, c := range []struct {
		params        map[string]any
		columns, rows string
	}{
		{map[string]any{"target": "#a"}, "[Item Net Net_2]", "[map[Item:Cup Net:1 Net_2:2] map[Item:Cup Net:3 Net_2:4] map[Item:All Net:All Net_2:]]"},
		{map[string]any{"target": "#a", "as": "lists", "header": "first_row"}, "[Item Price Price_2]", "[[Item Net Net] [Cup 1 2] [Cup 3 4] [All All ]]"},
		{map[string]any{"target": "#b"}, "[column_1 column_2]", "[map[column_1:k column_2:v] map[column_1:1 column_2:<nil>]]"},
		{map[string]any{"target": "#b", "header": "first_row"}, "[k v]", "[map[k:1 v:<nil>]]"},
		{map[string]any{"target": "#g"}, "[N]", "[map[N:5]]"},
		{map[string]any{"target": "#n"}, "[]", "[]"},
	} {
		out := run(t, e, "web.get_table", c.params)
		if fmt.Sprint(out["columns"]) != c.columns || fmt.Sprint(out["rows"]) != c.rows {
			t.Errorf("%v: %v %v", c.params, out["columns"], out["rows"])
		}
	}
	must(t, e, "web.get_table", "wrong_kind", map[string]any{"target": "#p"})
	must(t, e, "web.get_table", "not_found", map[string]any{"target": "#nothing"})
}

func TestLargeTable(t *testing.T) {
	t.Parallel()
	e := env(t)
	at(t, e, `<table id=t><tr><th>Number<th>Name<th>Sum</table><script>const s = []; for (let i = 1; i <= 10000; i++) s.push('<tr><td>'+i+'<td><a href=#>Name '+i+'</a><td>'+i*2); t.tBodies[0].insertAdjacentHTML('beforeend', s.join(''))</script>`)
	out, err := nodetest.RunRaw(t, e, "web.get_table", map[string]any{"target": "#t"})
	if err != nil || fmt.Sprint(out["count"]) != "10000" {
		t.Fatalf("%v rows: %v", out["count"], err)
	}
	rows := run(t, e, "web.get_table", map[string]any{"target": "#t"})["rows"].([]any)
	if len(rows) != 10000 || fmt.Sprint(rows[9999]) != "map[Name:Name 10000 Number:10000 Sum:20000]" {
		t.Errorf("%d rows, the last %v", len(rows), rows[len(rows)-1])
	}
}
