package html

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/text/encoding/unicode"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/node/nodetest"
)

func TestExamples(t *testing.T) { nodetest.Examples(t, "html") }

type params = map[string]any

func run(t *testing.T, typ string, in params) params {
	t.Helper()
	out, err := nodetest.Run(t, nodetest.Env(t), typ, in)
	if err != nil {
		t.Fatalf("%s: %v", typ, err)
	}
	return out
}

func refused(t *testing.T, typ string, in params, part string) {
	t.Helper()
	_, err := nodetest.Run(t, nodetest.Env(t), typ, in)
	if err == nil {
		t.Errorf("%s %.200v: no error, want one that says %q", typ, in, part)
		return
	}
	if f := node.AsFailure(err); f.Kind == node.KindError || f.Kind == node.KindPanic {
		t.Errorf("%s: error %v, want a failure", typ, err)
	} else if !strings.Contains(err.Error(), part) {
		t.Errorf("%s: error %q does not say %q", typ, err, part)
	}
}

func js(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return strings.NewReplacer(`\u003c`, "<", `\u003e`, ">", `\u0026`, "&").Replace(string(b))
}

const doc = `<!doctype html><html lang=de><body>
<div id=a class="x y"><p>One<br>two <b>three</b></p><p hidden>secret</p><script>var x</script></div>
<div class=x data-k=1><a href="/r?a=1&amp;b=2">go</a> <img src=i.png alt=pic></div></body></html>`

func TestQuery(t *testing.T) {
	for _, tt := range []struct {
		selector string
		more     params
		want     string
	}{
		{"p", nil, `["One\ntwo three","secret"]`},
		{"p:first-child", params{"as": "raw_text"}, `["Onetwo three"]`},
		{"div.x", params{"attribute": "id"}, `["a"]`},
		{"div", params{"attribute": "data-k"}, `["1"]`},
		{"div", params{"attribute": "DATA-K"}, `["1"]`},
		{"a", params{"attribute": "href", "base_url": "http://h/p/q"}, `["http://h/r?a=1&b=2"]`},
		{"img", params{"attribute": "src", "base_url": "http://h/p/q"}, `["http://h/p/i.png"]`},
		{"b", params{"as": "html"}, `["<b>three</b>"]`},
		{"#a p:not([hidden])", params{"as": "inner_html"}, `["One<br/>two <b>three</b>"]`},
		{"b", params{"as": "element"}, `[{"attributes":{},"html":"<b>three</b>","tag":"b","text":"three"}]`},
		{`div:has(a)`, params{"attribute": "data-k"}, `["1"]`},
		{`b:contains("hree")`, nil, `["three"]`},
		{"//div[@data-k]/a/text()", nil, `["go"]`},
		{"//div/@class", nil, `["x y","x"]`},
		{"//a/@href", params{"base_url": "http://h"}, `["http://h/r?a=1&b=2"]`},
		{"count(//div)", nil, `[2]`},
		{"xpath=//b", nil, `["three"]`},
		{"css=b", nil, `["three"]`},
		{"(//div)[2]//img", params{"attribute": "alt"}, `["pic"]`},
		{"div", params{"limit": 1, "attribute": "data-k"}, `["1"]`},
		{"zz", nil, `[]`},
	} {
		in := params{"html": doc, "selector": tt.selector}
		for k, v := range tt.more {
			in[k] = v
		}
		if got := js(t, run(t, "html.query", in)["results"]); got != tt.want {
			t.Errorf("%s: got %s, want %s", tt.selector, got, tt.want)
		}
	}
	for _, s := range []string{"div[", "a >", "//a[", "", "::::", ":matches(()", "$x"} {
		refused(t, "html.query", params{"html": doc, "selector": s}, "")
	}
	refused(t, "html.query", params{"html": doc, "selector": "a", "base_url": "http://[::1"}, "base_url")
}

func TestToText(t *testing.T) {
	for _, tt := range []struct{ html, want string }{
		{"", ""},
		{"plain &amp; text", "plain & text"},
		{"a<br>b<br><br>c", "a\nb\n\nc"},
		{"<h1>T</h1><p>x</p><p>y</p>", "T\n\nx\n\ny"},
		{"<div>a</div><div>b</div>", "a\nb"},
		{"a <b> b </b> c", "a b c"},
		{"a<b>b</b>c", "abc"},
		{"<ul><li>1<ul><li>1a<li>1b</ul><li>2</ul>", "- 1\n  - 1a\n  - 1b\n- 2"},
		{"<ol><li>x<li>y<p>z</ol>", "1. x\n2. y\n\n   z"},
		{"<ol start=9><li>x<li>y<li value=3>z<ol><li>in</ol><li>w</ol>", "9. x\n10. y\n3. z\n   1. in\n4. w"},
		{"<blockquote>q<p>r</blockquote>s", "> q\n>\n> r\n\ns"},
		{"<pre>a\n  b\n</pre>c", "a\n  b\n\nc"},
		{"<table><tr><th>a<th>b<tr><td><td>2</table>", "a\tb\n\t2"},
		{"<table><tr><td>a<br>b<td>c</table>", "a b\tc"},
		{"x<hr>y", "x\n\n---\n\ny"},
		{"<p>a<span style='display: none'>b</span><i hidden>c</i></p><noscript>n</noscript><!-- c --><template>t</template>", "a"},
		{"<dl><dt>k<dd>v</dl>", "k\n  v"},
		{"a\u00a0b", "a b"},
		{"<title>T</title><p>x", "x"},
		{"<li>", ""},
		{"<ul><li><ul><li>x</ul></ul>", "- - x"},
	} {
		if got := run(t, "html.to_text", params{"html": tt.html})["text"]; got != tt.want {
			t.Errorf("%q: got %q, want %q", tt.html, got, tt.want)
		}
	}
	in := params{"html": `<a href="/x">X</a>, <a href="/x">again</a> <a href="https://h/y">https://h/y</a> <a href="#t">up</a> <a href="javascript:1">js</a>`, "base_url": "https://h"}
	for mode, want := range map[string]string{"none": "X, again https://h/y up js", "inline": "X (https://h/x), again (https://h/x) https://h/y up js",
		"end": "X [1], again [1] https://h/y [2] up js\n\n[1] https://h/x\n[2] https://h/y"} {
		in["links"] = mode
		if got := run(t, "html.to_text", in)["text"]; got != want {
			t.Errorf("%s: got %q, want %q", mode, got, want)
		}
	}
	if got := run(t, "html.to_text", params{"html": "<p>a<p class=k>b<img alt=pic><p class=k>c", "selector": ".k", "images": true})["text"]; got != "b[pic]\n\nc" {
		t.Errorf("parts: %q", got)
	}
}

func TestTables(t *testing.T) {
	for _, tt := range []struct {
		name, html string
		more       params
		columns    string
		rows       string
	}{
		{"head", "<table><thead><tr><td>a<td>b</thead><tbody><tr><td>1<td>2</table>", nil, `["a","b"]`, `[{"a":"1","b":"2"}]`},
		{"no header", "<table><tr><td>1<td>2</table>", nil, `["column_1","column_2"]`, `[{"column_1":"1","column_2":"2"}]`},
		{"first row", "<table><tr><td>a<td>b<tr><td>1</table>", params{"header": "first_row"}, `["a","b"]`, `[{"a":"1","b":null}]`},
		{"none", "<table><tr><th>a<tr><td>1</table>", params{"header": "none"}, `["column_1"]`, `[{"column_1":"a"},{"column_1":"1"}]`},
		{"two header rows", "<table><tr><th rowspan=2>n<th colspan=2>x<tr><th>a<th>b<tr><td>1<td>2<td>3</table>", nil, `["n","x / a","x / b"]`, `[{"n":"1","x / a":"2","x / b":"3"}]`},
		{"row headers", "<table><tr><th><th>b<tr><th>r<td>2</table>", nil, `["column_1","b"]`, `[{"b":"2","column_1":"r"}]`},
		{"twice", "<table><tr><th>a<th>a<th>a_2<tr><td>1<td>2<td>3</table>", nil, `["a","a_2","a_2_2"]`, `[{"a":"1","a_2":"2","a_2_2":"3"}]`},
		{"spans", "<table><tr><td rowspan=3>A<td>1<tr><td rowspan=2 colspan=2>2<tr></table>", nil, `["column_1","column_2","column_3"]`, `[{"column_1":"A","column_2":"1","column_3":null},{"column_1":"A","column_2":"2","column_3":"2"},{"column_1":"A","column_2":"2","column_3":"2"}]`},
		{"spans once", "<table><tr><td rowspan=2>A<td>1<tr><td>2</table>", params{"spans": "once"}, `["column_1","column_2"]`, `[{"column_1":"A","column_2":"1"},{"column_1":"","column_2":"2"}]`},
		{"rowspan 0", "<table><tr><td rowspan=0>A<td>1<tr><td>2<tr><td>3</table>", nil, `["column_1","column_2"]`, `[{"column_1":"A","column_2":"1"},{"column_1":"A","column_2":"2"},{"column_1":"A","column_2":"3"}]`},
		{"span behind a gap", "<table><tr><td>1<td>2<td rowspan=2>3<tr><td>4</table>", nil, `["column_1","column_2","column_3"]`, `[{"column_1":"1","column_2":"2","column_3":"3"},{"column_1":"4","column_2":null,"column_3":"3"}]`},
		{"foot last", "<table><tfoot><tr><td>sum</tfoot><tbody><tr><td>1</table>", nil, `["column_1"]`, `[{"column_1":"1"},{"column_1":"sum"}]`},
		{"empty rows", "<table><tr><td>1<tr><td> <tr></table>", nil, `["column_1"]`, `[{"column_1":"1"}]`},
		{"empty rows kept", "<table><tr><td>1<tr><td> </table>", params{"keep_empty_rows": true}, `["column_1"]`, `[{"column_1":"1"},{"column_1":""}]`},
		{"html cells", "<table><tr><td><b>1</b></table>", params{"cells": "html"}, `["column_1"]`, `[{"column_1":"<b>1</b>"}]`},
		{"skip and limit", "<table><tr><td>1<tr><td>2<tr><td>3</table>", params{"skip_rows": 1, "limit": 1}, `["column_1"]`, `[{"column_1":"2"}]`},
		{"bad spans", "<table><tr><td colspan=-1 rowspan=x>1<td rowspan=99999999999>2</table>", nil, `["column_1","column_2"]`, `[{"column_1":"1","column_2":"2"}]`},
		{"nested", "<table><tr><td>out<table><tr><td>in</table></table>", params{"leaves": true}, `["column_1"]`, `[{"column_1":"in"}]`},
		{"second", "<table><tr><td>1</table><table><tr><td>2</table>", params{"table": -1}, `["column_1"]`, `[{"column_1":"2"}]`},
		{"in a part", "<div class=k><table><tr><td>1</table></div><table><tr><td>2</table>", params{"selector": ".k"}, `["column_1"]`, `[{"column_1":"1"}]`},
		{"none at all", "<p>x", nil, `[]`, `[]`},
		{"links of one column", `<table><tr><th>n<th>n_link<tr><td><a href=x>1</a><td>2</table>`, params{"links": true}, `["n","n_link_","n_link"]`, `[{"n":"1","n_link":"2","n_link_":"x"}]`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			in := params{"html": tt.html}
			for k, v := range tt.more {
				in[k] = v
			}
			out := run(t, "html.tables", in)
			if got := js(t, out["rows"]); got != tt.rows {
				t.Errorf("rows %s\nwant %s", got, tt.rows)
			}
			if got := js(t, out["columns"]); got != tt.columns {
				t.Errorf("columns %s, want %s", got, tt.columns)
			}
		})
	}
	refused(t, "html.tables", params{"html": "<table></table>", "table": 3}, "no table 3")
}

func TestLinksAndMetadata(t *testing.T) {
	const p = `<base href="/b/"><link rel=stylesheet href=s.css><link rel="alternate" type="application/rss+xml" href=f.xml title=F><link rel=icon href=i.ico><link rel=alternate hreflang=fr href=/fr>
<meta charset=UTF-8><meta name=keywords content=a><meta name=keywords content=b><meta name="twitter:title" content=tw>
<a href=x>X</a><a href=x>again</a><a href="https://other.org/"><img alt=pic src=p.png></a><a href="tel:1">t</a><a href>empty</a><a>none</a><a href="#f">f</a><form action=post></form><script src=j.js></script><iframe src=fr></iframe>
<div itemscope itemtype="http://schema.org/Offer"><span itemprop=name>N</span><a itemprop=url href=u>l</a><div itemprop=seller itemscope><meta itemprop=id content=7></div></div>
<script type="application/ld+json">[{"a":"x
y"}, 2]</script><script type="application/ld+json">{broken</script><h2 id=h>H <b>2</b></h2><svg><title>no</title></svg>`
	in := params{"html": p, "base_url": "https://h.org/a"}
	if got, want := js(t, run(t, "html.links", in)["urls"]), `["https://h.org/b/x","https://other.org/","tel:1","https://h.org/b/u"]`; got != want {
		t.Errorf("links %s, want %s", got, want)
	}
	in["kinds"] = []any{"all"}
	in["same_host"] = true
	if got, want := js(t, run(t, "html.links", in)["urls"]), `["https://h.org/b/s.css","https://h.org/b/f.xml","https://h.org/b/i.ico","https://h.org/fr","https://h.org/b/x","https://h.org/b/p.png","https://h.org/b/post","https://h.org/b/j.js","https://h.org/b/fr","https://h.org/b/u"]`; got != want {
		t.Errorf("all %s\nwant %s", got, want)
	}
	refused(t, "html.links", params{"html": p, "kinds": []any{"pony"}}, "no kind")
	m := run(t, "html.metadata", params{"html": p, "base_url": "https://h.org/a"})
	for k, want := range map[string]string{"title": `"H 2"`, "charset": `"utf-8"`, "json_ld": `[{"a":"x y"},2]`, "json_ld_broken": "1", "icons": `["https://h.org/b/i.ico"]`,
		"feeds": `[{"title":"F","type":"application/rss+xml","url":"https://h.org/b/f.xml"}]`, "alternates": `[{"language":"fr","url":"https://h.org/fr"}]`, "headings": `[{"id":"h","level":2,"text":"H 2"}]`,
		"microdata": `[{"id":"","properties":{"name":["N"],"seller":[{"id":"","properties":{"id":["7"]},"type":""}],"url":["https://h.org/b/u"]},"type":"http://schema.org/Offer"}]`} {
		if got := js(t, m[k]); got != want {
			t.Errorf("%s: %s\nwant %s", k, got, want)
		}
	}
	if got := js(t, m["meta"].(params)["keywords"]); got != `["a","b"]` {
		t.Errorf("keywords %s", got)
	}
}

const formPage = `<form id=f method=POST action=/do enctype="multipart/form-data"><input name=t value=1><input name=t value=2><input type=radio name=r value=a checked><input type=radio name=r value=b>
<input type=checkbox name=c value=x><input type=checkbox name=c value=y checked><select name=m multiple><option selected>1<option>2</select><select name=s><option value="">-<option value=k>Kay</select>
<textarea name=ta>
hello</textarea><input type=file name=up><input name=off disabled value=z><fieldset disabled><input name=off2></fieldset><label>Wrapped <input name=w></label><input aria-label=Aria name=al></form><input form=f name=out value=o><form><input name=q></form>`

func TestForms(t *testing.T) {
	out := run(t, "html.forms", params{"html": formPage, "base_url": "http://h/p"})
	if out["count"] != 2 {
		t.Fatalf("%v forms", out["count"])
	}
	f := out["forms"].([]any)[0].(params)
	if got, want := js(t, f["data"]), `{"al":"","c":"y","m":"1","out":"o","r":"a","s":"","t":["1","2"],"ta":"hello","w":""}`; got != want {
		t.Errorf("data %s\nwant %s", got, want)
	}
	if f["action"] != "http://h/do" || f["method"] != "POST" || f["enctype"] != "multipart/form-data" {
		t.Errorf("form %v %v %v", f["action"], f["method"], f["enctype"])
	}
	labels := map[string]any{}
	for _, x := range f["fields"].([]any) {
		labels[x.(params)["name"].(string)] = x.(params)["label"]
	}
	if labels["w"] != "Wrapped" || labels["al"] != "Aria" {
		t.Errorf("labels %v", labels)
	}
	filled := run(t, "html.fill_form", params{"html": formPage, "values": params{"r": "b", "c": []any{"x"}, "m": []any{1, 2}, "s": "Kay", "ta": "<new>\nline", "w": 5, "out": nil, "zz": 1}})
	if got, want := js(t, filled["data"]), `{"al":"","c":"x","m":["1","2"],"out":"","r":"b","s":"k","t":["1","2"],"ta":"<new>\nline","w":"5"}`; got != want {
		t.Errorf("filled %s\nwant %s", got, want)
	}
	if got := js(t, filled["missing"]); got != `["zz"]` {
		t.Errorf("missing %s", got)
	}
	again := run(t, "html.forms", params{"html": filled["html"]})
	if got, want := js(t, again["forms"].([]any)[0].(params)["data"]), js(t, filled["data"]); got != want {
		t.Errorf("read back %s\nwant %s", got, want)
	}
	refused(t, "html.fill_form", params{"html": formPage, "values": params{"s": "pony"}}, "no choice")
	refused(t, "html.fill_form", params{"html": formPage, "values": params{}, "index": 5}, "no such form")
	refused(t, "html.fill_form", params{"html": formPage, "values": params{"w": []any{}}}, "no list")
}

func TestSet(t *testing.T) {
	for _, tt := range []struct{ html, selector, target, content, more, want string }{
		{"<b>x</b><b>y</b>", "b", "text", "<1>", "", "<b>&lt;1&gt;</b><b>&lt;1&gt;</b>"},
		{"<b>x</b>", "b", "html", "<i>1</i>2", "", "<b><i>1</i>2</b>"},
		{"<p><b>x</b></p>", "b", "element", "<i>1</i>", "", "<p><i>1</i></p>"},
		{"<p><b>x</b></p>", "//b", "before", "<i></i>", "", "<p><i></i><b>x</b></p>"},
		{"<p><b>x</b></p>", "b", "after", "t", "", "<p><b>x</b>t</p>"},
		{"<b>x</b>", "b", "first", "a", "", "<b>ax</b>"},
		{"<b>x</b>", "b", "last", "z", "", "<b>xz</b>"},
		{"<table><tbody><tr><td>1</td></tr></tbody></table>", "tbody", "last", "<tr><td>2</td></tr>", "", "<table><tbody><tr><td>1</td></tr><tr><td>2</td></tr></tbody></table>"},
		{"<b>x</b>", "b", "attribute", "\"q\"", "title", `<b title="&#34;q&#34;">x</b>`},
		{`<b title="q">x</b>`, "b", "remove_attribute", "", "title", `<b>x</b>`},
		{`<b class="a b">x</b>`, "b", "add_class", "c a", "", `<b class="b c a">x</b>`},
		{`<b class="a">x</b>`, "b", "remove_class", "a", "", `<b>x</b>`},
		{"<p>1<b>x</b>2</p>", "b", "remove", "", "", "<p>12</p>"},
		{"<p>1<b>x<i>y</i></b>2</p>", "b", "unwrap", "", "", "<p>1x<i>y</i>2</p>"},
		{"<div><div>x</div></div>", "div", "remove", "", "", ""},
	} {
		in := params{"html": tt.html, "selector": tt.selector, "target": tt.target, "content": tt.content, "attribute": tt.more}
		if got := run(t, "html.set", in)["html"]; got != tt.want {
			t.Errorf("%s %s: got %s, want %s", tt.target, tt.html, got, tt.want)
		}
	}
	refused(t, "html.set", params{"html": "<b>", "selector": "i"}, "finds no element")
	refused(t, "html.set", params{"html": "<b>", "selector": "b", "target": "attribute"}, "no attribute")
	refused(t, "html.set", params{"html": "<b>", "selector": "b", "target": "attribute", "attribute": "a>b"}, "no name")
	refused(t, "html.set", params{"html": "<b>", "selector": "html", "target": "before", "content": "x"}, "whole page")
}

func TestSanitize(t *testing.T) {
	for _, bad := range []string{`<script>alert(1)</script>`, `<img src=x onerror=alert(1)>`, `<a href="jav&#x09;ascript:alert(1)">x</a>`, `<svg onload=alert(1)>`, `<iframe srcdoc="<script>alert(1)</script>">`,
		`<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>`, `<div style="background:url(javascript:alert(1))">`, `<noscript><p title="</noscript><img src=x onerror=alert(1)>">`, `<form action=//evil><button>`, `<base href=//evil>`, `<meta http-equiv=refresh content="0;url=//evil">`, `<a href="data:text/html,<script>alert(1)</script>">x</a>`, `<object data=x>`, `<xmp><script>alert(1)</script>`} {
		for _, policy := range []string{"text", "basic", "content", "none"} {
			got := strings.ToLower(run(t, "html.sanitize", params{"html": bad, "policy": policy, "schemes": []any{"http", "https", "javascript", "data"}, "allow_attributes": []any{"title"}})["html"].(string))
			for _, part := range []string{"<script", "onerror=", "onload=", "javascript:", "<iframe", "<form", "<base", "<meta", "data:text", "<object", "srcdoc", "<style"} {
				if strings.Contains(got, part) && strings.Contains(got, "<") {
					t.Errorf("%s %s: left %s", policy, bad, got)
				}
			}
		}
	}
	for _, in := range []params{{"allow_elements": []any{"script"}}, {"allow_attributes": []any{"onclick"}}, {"allow_attributes": []any{"style"}}} {
		in["html"] = ""
		refused(t, "html.sanitize", in, "can do harm")
	}
	got := run(t, "html.sanitize", params{"html": `<p class=a style="color:red;position:fixed">x</p><u>y</u><a href=r target=_top>z</a>`, "policy": "basic", "allow_attributes": []any{"class"}, "allow_styles": []any{"color"}, "follow": true})["html"]
	if want := `<p class="a" style="color: red">x</p><u>y</u><a href="r">z</a>`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestMarkdownParts(t *testing.T) {
	got := run(t, "html.to_markdown", params{"html": "<nav>n</nav><p>a *b* <s>c</s> <img src=i alt=p> <a href=/x>l</a></p><pre><code class=language-go>x := 1</code></pre><script>s</script>", "remove": []any{"nav"}, "no_images": true, "no_links": true})["markdown"]
	if want := "a \\*b* ~~c~~ l\n\n```go\nx := 1\n```"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestExtract(t *testing.T) {
	const p = `<div class=i><b>A</b><u>1,5</u><a href=1></a><a href=2></a></div><div class=i><u>x</u></div>`
	in := params{"html": p, "items": ".i", "fields": params{"b": params{"selector": "b", "required": true}, "n": params{"selector": "u", "type": "number"}, "links": params{"selector": "a", "attribute": "href", "list": true}, "has": params{"selector": "a", "as": "exists"}, "count": params{"selector": "a", "as": "count"}, "x": "./u", "self": ""}, "decimal": "comma"}
	if got, want := js(t, run(t, "html.extract", in)["records"]), `[{"b":"A","count":2,"has":true,"links":["1","2"],"n":1.5,"self":"A1,5","x":"1,5"},{"b":null,"count":0,"has":false,"links":[],"n":null,"self":"x","x":"x"}]`; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	in["incomplete"] = "skip"
	if out := run(t, "html.extract", in); out["count"] != 1 || out["skipped"] != 1 {
		t.Errorf("skipped: %v", out)
	}
	in["incomplete"] = "error"
	refused(t, "html.extract", in, "record 1 has no b")
	deep := params{"a": "b"}
	for range 30 {
		deep = params{"a": params{"fields": deep}}
	}
	for _, f := range []params{{"a": 1}, {"a": "b["}, {"a": params{"selector": 1}}, {"a": params{"pony": 1}}, {"a": params{"as": "pony"}}, {"a": params{"pattern": "("}}, {"a": params{"fields": 1}}, deep} {
		refused(t, "html.extract", params{"html": p, "fields": f}, "fields")
	}
}

func TestDecode(t *testing.T) {
	le, err := unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM).NewEncoder().String("<p>Müller</p>")
	if err != nil {
		t.Fatal(err)
	}
	be, err := unicode.UTF16(unicode.BigEndian, unicode.UseBOM).NewEncoder().String("<p>Müller</p>")
	if err != nil {
		t.Fatal(err)
	}
	late := strings.Repeat("<!-- filler -->", 200)
	for _, tt := range []struct{ name, bytes, contentType, want string }{
		{"utf-8", "<p>Müller</p>", "", "utf-8"}, {"mark", "\ufeff<p>Müller</p>", "", "utf-8"}, {"late utf-8", late + "<p>Müller</p>", "", "utf-8"},
		{"late windows", late + "<p>M\xfcller</p>", "", "windows-1252"}, {"windows", "<p>M\xfcller</p>", "", "windows-1252"}, {"utf-16 le", le, "", "utf-16le"}, {"utf-16 be", be, "", "utf-16be"},
		{"meta", `<meta http-equiv=Content-Type content="text/html; charset=iso-8859-15"><p>M` + "\xfcller</p>", "", "iso-8859-15"},
		{"header wins", "<meta charset=utf-8><p>M\xfcller</p>", "text/html;charset=ISO-8859-1", "windows-1252"},
	} {
		env := nodetest.Env(t)
		if err := os.WriteFile(filepath.Join(env.Files.Dirs()[0], "a.html"), []byte(tt.bytes), 0o600); err != nil {
			t.Fatal(err)
		}
		if tt.contentType == "" {
			out, err := nodetest.Run(t, env, "html.read", params{"file": "a.html"})
			if err != nil || out["encoding"] != tt.want || !strings.Contains(out["html"].(string), "Müller") {
				t.Errorf("%s: read %v %.60v, error %v", tt.name, out["encoding"], out["html"], err)
			}
		}
		out := run(t, "html.decode", params{"base64": base64.StdEncoding.EncodeToString([]byte(tt.bytes)), "content_type": tt.contentType})
		if out["encoding"] != tt.want || !strings.Contains(out["html"].(string), "Müller") {
			t.Errorf("%s: decoded %v %.60v", tt.name, out["encoding"], out["html"])
		}
	}
	refused(t, "html.decode", params{"base64": "%"}, "base64")
	refused(t, "html.decode", params{"base64": "", "encoding": "klingon"}, "no encoding")
}

func TestHostile(t *testing.T) {
	many := func(format string, n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, format, i)
		}
		return b.String()
	}
	for _, tt := range []struct{ name, html, part string }{
		{"deep", strings.Repeat("<div>", 10_000), "deeper than 512 levels"},
		{"unclosed formatting", many("<font size=%d>", 300) + strings.Repeat("<p>x", 100_000), "formatting"},
		{"bodies", many("<body a%d=1>", 50_000), "<body>"},
		{"many tags", strings.Repeat("<b></b>", 1_000_001), "more than 2000000"},
		{"many attributes", "<a " + many("a%d ", 50_000) + ">", ""},
		{"comments", strings.Repeat("<!--", 100_000), ""},
		{"NUL and bad bytes", "<p>\x00\xff\xfe</p>", ""},
		{"open tag", "<p class=\"" + strings.Repeat("x", 1_000_000), ""},
		{"tables", strings.Repeat("<table>", 5_000), ""},
		{"select", strings.Repeat("<select><option>", 5_000), ""},
		{"foster", "<table>" + strings.Repeat("x<b>", 300), ""},
		{"long list", "<ol>" + strings.Repeat("<li>x", 50_000), ""},
		{"long table", "<table>" + strings.Repeat("<tr><td>x", 50_000), ""},
		{"svg", strings.Repeat("<svg><foreignObject>", 300), "deeper than 512"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for typ, in := range map[string]params{"html.to_text": {}, "html.tables": {}, "html.query": {"selector": "p"}, "html.metadata": {}, "html.to_markdown": {}, "html.sanitize": {}} {
				in["html"] = tt.html
				_, err := nodetest.Run(t, nodetest.Env(t), typ, in)
				if err != nil && node.AsFailure(err).Kind != node.KindInput || err == nil && tt.part != "" && typ != "html.sanitize" || err != nil && !strings.Contains(err.Error(), tt.part) {
					t.Errorf("%s: error %.200v, want %q", typ, err, tt.part)
				}
			}
		})
	}
	refused(t, "html.to_markdown", params{"html": strings.Repeat("<blockquote>", 300) + strings.Repeat("x<br>", 100_000)}, "nests quotes")
	refused(t, "html.tables", params{"html": "<table>" + strings.Repeat("<tr><td colspan=1000 rowspan=65000>x</td></tr>", 3000) + "</table>"}, "more than 2000000 cells")
	refused(t, "html.tables", params{"html": "<table>" + strings.Repeat("<tr><td colspan=1000>"+strings.Repeat("x", 1000)+"</td></tr>", 300) + "</table>"}, "MB of text")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := parse(ctx, strings.Repeat("<p>x", 10_000)); err != context.Canceled { //nolint:errorlint // it must come as it is
		t.Errorf("cancelled: error %v", err)
	}
}

func FuzzHTML(f *testing.F) {
	for _, s := range []string{doc, formPage, "<table><tr><td rowspan=0 colspan=3>a<tr><td rowspan=9>b</table>", "<ul><li><ol><li>x</ol></ul>", "<pre>\n a</pre><blockquote><li>q", "<div itemscope itemprop=a><script type=application/ld+json>{", "<select><optgroup><option>1<td>", "<svg><title><p>x</svg><math><mi>"} {
		f.Add(s, "td, li > a")
	}
	f.Add("<a href=x>", "//a/@href")
	env := nodetest.Env(f)
	f.Fuzz(func(t *testing.T, text, selector string) { exercise(t, env, text, selector) })
}

// exercise runs every node on a text; none may panic or call a page an error
// of ours.
func exercise(t *testing.T, env *node.Env, text, selector string) {
	ctx := context.Background()
	if _, err := toText(ctx, env, textIn{source: source{text}, Addresses: "end", Images: true}); err != nil && node.AsFailure(err).Kind != node.KindInput {
		t.Fatal(err)
	}
	_, _ = tables(ctx, env, tablesIn{source: source{text}, Selector: "table", Links: true})
	_, _ = metadata(ctx, env, metadataIn{source: source{text}})
	_, _ = links(ctx, env, linksIn{source: source{text}, Kinds: []string{"all"}})
	_, _ = markdown(ctx, env, markdownIn{source: source{text}})
	_, _ = sanitize(ctx, env, sanitizeIn{source: source{text}})
	_, _ = fill(ctx, env, fillIn{formsIn: formsIn{source: source{text}, Selector: "form"}, Values: map[string]any{"q": "1", "t": true}})
	_, _ = search(ctx, env, queryIn{source: source{text}, Selector: selector, As: "element"})
	_, _ = extract(ctx, env, extractIn{source: source{text}, Items: selector, Fields: map[string]any{"a": selector}})
	for _, target := range []string{"html", "element", "before", "first", "unwrap", "remove"} {
		_, _ = set(ctx, env, setIn{source: source{text}, Selector: selector, Target: target, Content: "<td><p>x"})
	}
}
