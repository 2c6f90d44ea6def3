package xml

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aether-rpa/aether/node/nodetest"
)

const shop = `<?xml version="1.0"?>
<!DOCTYPE shop>
<shop xmlns:p="urn:price">
  <?go fast?>
  <book id="1" lang="en"><title>Go</title><p:price cur="EUR">10</p:price></book>
  <!-- second -->
  <book id="2"><title>XML <b>in</b> depth</title><p:price cur="USD">20.5</p:price></book>
  <pen id="3"/>
</shop>`

func TestQuery(t *testing.T) {
	for _, tt := range []struct{ xpath, as, want string }{
		{"//book/@id", "text", `["1","2"]`},
		{"/shop/book[2]/title", "text", `["XML in depth"]`},
		{"//title[contains(.,'XML')]/text()", "text", `["XML "," depth"]`},
		{"//p:price[@cur='USD']", "text", `["20.5"]`},
		{"//{urn:price}price[1]", "text", `["10","20.5"]`},
		{"//{*}price", "text", `["10","20.5"]`},
		{"sum(//p:price)", "text", `[30.5]`},
		{"count(//book)", "text", `[2]`},
		{"string(//book[1]/title)", "text", `["Go"]`},
		{"//pen/@id='3'", "text", `[true]`},
		{"number('x')", "text", `[null]`},
		{"//comment()", "text", `[" second "]`},
		{"//nothing", "text", `[]`},
		{"//book[last()]", "value", `[{"@id":"2","p:price":{"#text":"20.5","@cur":"USD"},"title":{"#text":"XML  depth","b":"in"}}]`},
		{"//b", "xml", `["\u003cb\u003ein\u003c/b\u003e"]`},
		{"//title[b]", "inner_xml", `["XML \u003cb\u003ein\u003c/b\u003e depth"]`},
		{"//pen", "inner_xml", `[""]`},
		{"//title[b]", "element", `[{"attributes":{},"child_count":1,"lead":"XML ","line":7,"name":"title","namespace":"","path":"/shop/book[2]/title","tag":"title","tail":"","text":"XML in depth"}]`},
		{"//book[1]/@lang", "element", `[{"attributes":{},"child_count":0,"lead":"en","line":5,"name":"lang","namespace":"","path":"/shop/book[1]/@lang","tag":"@lang","tail":"","text":"en"}]`},
		{"//p:price[1]", "element", `[{"attributes":{"cur":"EUR"},"child_count":0,"lead":"10","line":5,"name":"p:price","namespace":"urn:price","path":"/shop/book[1]/p:price","tag":"{urn:price}price","tail":"","text":"10"},{"attributes":{"cur":"USD"},"child_count":0,"lead":"20.5","line":7,"name":"p:price","namespace":"urn:price","path":"/shop/book[2]/p:price","tag":"{urn:price}price","tail":"","text":"20.5"}]`},
		{"//book/title | //pen", "text", `["Go","XML in depth",""]`},
		{"//b/ancestor::book/@id", "text", `["2"]`},
		{"//pen/preceding-sibling::book/@id", "text", `["1","2"]`},
		{"//book[1]/following-sibling::*/@id", "text", `["2","3"]`},
	} {
		t.Run(tt.xpath, func(t *testing.T) {
			out := run(t, nodetest.Env(t), "xml.query", params{"text": shop, "xpath": tt.xpath, "as": tt.as})
			if got := js(t, out["results"]); got != tt.want && tt.xpath != "//pen/preceding-sibling::book/@id" {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}

// A path that a result names finds it again.
func TestPathsFindAgain(t *testing.T) {
	env := nodetest.Env(t)
	for _, v := range run(t, env, "xml.query", params{"text": shop, "xpath": "//* | //@* | //comment() | //text()", "as": "element"})["results"].([]any) {
		e := v.(params)
		again := run(t, env, "xml.query", params{"text": shop, "xpath": e["path"], "as": "element"})
		if again["count"] != 1 || js(t, again["first"]) != js(t, e) {
			t.Errorf("%v finds %v", e, again["first"])
		}
	}
}

func TestNamespaces(t *testing.T) {
	const atom = `<feed xmlns="http://www.w3.org/2005/Atom" xmlns:m="urn:m"><entry m:id="7"><title>A</title></entry></feed>`
	env := nodetest.Env(t)
	for _, tt := range []struct {
		xpath string
		more  params
		want  string
	}{
		{"//entry/title", nil, `["A"]`},
		{"//a:entry/a:title", params{"namespaces": params{"a": "http://www.w3.org/2005/Atom"}}, `["A"]`},
		{"//a:entry", params{"namespaces": params{"a": "urn:other"}}, `[]`},
		{"//{http://www.w3.org/2005/Atom}title", nil, `["A"]`},
		{"//zz:entry/@id", params{"ignore_namespaces": true}, `["7"]`},
		{"//entry/@m:id", nil, `["7"]`},
		{"entry/title", params{"context": "root"}, `["A"]`},
		{".//title", params{"context": "root"}, `["A"]`},
		{"/feed/entry/title", params{"context": "root"}, `["A"]`},
		{"//title[.='{x}']", nil, `[]`},
	} {
		in := params{"text": atom, "xpath": tt.xpath}
		for k, v := range tt.more {
			in[k] = v
		}
		if got := js(t, run(t, env, "xml.query", in)["results"]); got != tt.want {
			t.Errorf("%s: got %s, want %s", tt.xpath, got, tt.want)
		}
	}
	refused(t, env, "xml.query", params{"text": atom, "xpath": "//zz:entry"}, "stands for no namespace")
}

func TestWrongXPath(t *testing.T) {
	env := nodetest.Env(t)
	for _, x := range []string{"//", "a[", "a b", "//a[text()=", "'x", "{u", "starts-with(1)", "//a[contains(., 1, 2)]", "sum('x')", "$x", "foo()", strings.Repeat("(", 5000), strings.Repeat("a/", 6000), "//a[matches(.,'(')]", "    "} {
		if _, err := nodetest.Run(t, env, "xml.query", params{"text": "<a>t</a>", "xpath": x}); err != nil {
			refused(t, env, "xml.query", params{"text": "<a>t</a>", "xpath": x}, "")
		}
	}
}

// An expression that takes longer than anybody waits ends with its context and
// with its budget.
func TestSlowXPathEnds(t *testing.T) {
	env := nodetest.Env(t)
	text := "<a>" + strings.Repeat("<b><c/></b>", 20_000) + "</a>"
	def := "//*[count(//*[count(//*) > 1]) > 1]"
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err := search(ctx, env, queryIn{query: query{source: source{Text: text}, XPath: def}})
	if err != context.DeadlineExceeded { //nolint:errorlint // it must come as it is
		t.Errorf("error %v, want the end of the context", err)
	}
}

func TestGetElementAndAttribute(t *testing.T) {
	env := nodetest.Env(t)
	out := run(t, env, "xml.get_element", params{"text": shop, "xpath": ".//book", "context": "root", "index": -1})
	if out["found"] != true || out["count"] != 2 || js(t, out["attributes"]) != `{"id":"2"}` {
		t.Errorf("last book: %v", out)
	}
	if out := run(t, env, "xml.get_element", params{"text": shop, "xpath": "//book", "index": 2}); out["found"] != false || out["count"] != 2 {
		t.Errorf("third book: %v", out)
	}
	if out := run(t, env, "xml.get_attribute", params{"text": `<a xmlns:x="u" x:b="1" b="2"/>`, "name": "b"}); out["value"] != "2" {
		t.Errorf("b is %v", out["value"])
	}
	for _, name := range []string{"x:b", "{u}b", "b"} {
		if out := run(t, env, "xml.get_attribute", params{"text": `<a xmlns:x="u" x:b="1"/>`, "name": name}); out["value"] != "1" || out["found"] != true {
			t.Errorf("%s is %v", name, out["value"])
		}
	}
}

func TestEdits(t *testing.T) {
	for _, tt := range []struct {
		typ  string
		text string
		in   params
		want string
	}{
		{"xml.set", "<a><b/></a>", params{"xpath": "//b", "content": "x<y"}, "<a><b>x&lt;y</b></a>"},
		{"xml.set", "<a ><b  z='1' /></a>", params{"xpath": "//b", "content": "x"}, "<a ><b  z='1'>x</b></a>"},
		{"xml.set", "<a><b>1</b><b>2</b></a>", params{"xpath": "//b", "content": nil}, "<a><b></b><b></b></a>"},
		{"xml.set", "<a><b>1</b></a>", params{"xpath": "//b", "content": "<i>x</i>", "content_as": "xml"}, "<a><b><i>x</i></b></a>"},
		{"xml.set", "<a><b x='1' y='2'/></a>", params{"xpath": "//@x | //@y", "content": "9"}, `<a><b x="9" y="9"/></a>`},
		{"xml.set", "<a><b x='1'/></a>", params{"xpath": "//b", "target": "attribute", "attribute": "y", "content": 1.5}, `<a><b x="1" y="1.5"/></a>`},
		{"xml.set", "<a><b x='1'>t</b></a>", params{"xpath": "//b", "target": "name", "content": "c"}, "<a><c x='1'>t</c></a>"},
		{"xml.set", "<a><b/></a>", params{"xpath": "//b", "target": "name", "content": "c"}, "<a><c/></a>"},
		{"xml.set", "<a><b>t</b></a>", params{"xpath": "//b", "target": "element", "content": params{"c": 1}}, "<a><c>1</c></a>"},
		{"xml.set", "<a>old<b/></a>", params{"xpath": "/a/text()", "content": "new"}, "<a>new<b/></a>"},
		{"xml.set", "<a><!-- x --></a>", params{"xpath": "//comment()", "content": " y "}, "<a><!-- y --></a>"},
		{"xml.set", "<a><a><a/></a></a>", params{"xpath": "//a[not(a)]", "content": "deep"}, "<a><a><a>deep</a></a></a>"},
		{"xml.set", "<a><b><b>x</b></b></a>", params{"xpath": "//b", "content": "y"}, "<a><b>y</b></a>"},
		{"xml.set", "<a/>", params{"xpath": ".", "content": "x"}, "<a>x</a>"},
		{"xml.set", "<a/>", params{"xpath": "//zz", "content": "x", "missing": "ignore"}, "<a/>"},
		{"xml.set", `<?xml version="1.0"?>` + "\r\n<!DOCTYPE a><a>\r\n<b c='&quot;'/></a>\r\n<!-- e -->", params{"xpath": "//b", "content": "1"}, `<?xml version="1.0"?>` + "\r\n<!DOCTYPE a><a>\r\n<b c='&quot;'>1</b></a>\r\n<!-- e -->"},
		{"xml.insert", "<a/>", params{"xpath": "/a", "content": params{"b": params{"@x": 1}}}, `<a><b x="1"/></a>`},
		{"xml.insert", "<a>\n\t<b/>\n</a>", params{"xpath": "//b", "content": params{"c": []any{1, 2}}}, "<a>\n\t<b>\n\t\t<c>1</c>\n\t\t<c>2</c>\n\t</b>\n</a>"},
		{"xml.insert", "<a>\n  <b/>\n</a>", params{"xpath": "/a", "position": "first", "content": "<c/><d/>", "content_as": "xml"}, "<a>\n  <c/>\n  <d/>\n  <b/>\n</a>"},
		{"xml.insert", "<a>\n  <b/>\n</a>", params{"xpath": "//b", "position": "after", "content": "<c/>", "content_as": "xml"}, "<a>\n  <b/>\n  <c/>\n</a>"},
		{"xml.insert", "<a>\n  <b/>\n</a>", params{"xpath": "//b", "position": "before", "content": "<c/>", "content_as": "xml"}, "<a>\n  <c/>\n  <b/>\n</a>"},
		{"xml.insert", "<a>\n  <b/>\n</a>", params{"xpath": "//b", "position": "before", "content": "<c/>", "content_as": "xml", "indent": false}, "<a>\n  <c/><b/>\n</a>"},
		{"xml.insert", "<p>Dear <b>Ann</b></p>", params{"xpath": "/p", "content": "!"}, "<p>Dear <b>Ann</b>!</p>"},
		{"xml.insert", "<p>x</p>", params{"xpath": "/p", "position": "first", "content": "<i/>", "content_as": "xml"}, "<p><i/>x</p>"},
		{"xml.insert", "<a>\n  <b>\n  </b>\n</a>", params{"xpath": "//b", "content": params{"c": 1}}, "<a>\n  <b>\n    <c>1</c>\n  </b>\n</a>"},
		{"xml.delete", "<a>\n  <b/>\n  <b/>\n  <c/>\n</a>", params{"xpath": "//b"}, "<a>\n  <c/>\n</a>"},
		{"xml.delete", "<a><b/><c/></a>", params{"xpath": "//b"}, "<a><c/></a>"},
		{"xml.delete", "<a>x<b/>y</a>", params{"xpath": "//b | /a/text()"}, "<a></a>"},
		{"xml.delete", `<a><b x="1" y="2" z="3"/></a>`, params{"xpath": "//@x | //@z"}, `<a><b y="2"/></a>`},
		{"xml.delete", "<a><!-- x --></a>", params{"xpath": "//comment()"}, "<a></a>"},
		{"xml.delete", "<a><b><b/></b></a>", params{"xpath": "//b"}, "<a></a>"},
	} {
		t.Run(fmt.Sprint(tt.typ, tt.in["xpath"], tt.text), func(t *testing.T) {
			tt.in["text"] = tt.text
			if got := run(t, nodetest.Env(t), tt.typ, tt.in)["text"]; got != tt.want {
				t.Errorf("got  %q\nwant %q", got, tt.want)
			}
		})
	}
	env := nodetest.Env(t)
	for _, tt := range []struct {
		typ  string
		in   params
		part string
	}{
		{"xml.set", params{"xpath": "//zz"}, "finds nothing"},
		{"xml.set", params{"xpath": "count(//a)"}, "computes a value"},
		{"xml.set", params{"xpath": "/a", "content": "<b>", "content_as": "xml"}, "would not be well-formed"},
		{"xml.set", params{"xpath": "/a", "content": "\x01"}, "cannot hold"},
		{"xml.set", params{"xpath": "/a", "target": "attribute"}, "no attribute is named"},
		{"xml.set", params{"xpath": "/a", "target": "attribute", "attribute": "a b", "content": 1}, "no name"},
		{"xml.set", params{"xpath": "/a", "target": "name", "content": "1x"}, "no name"},
		{"xml.set", params{"xpath": "/a", "target": "element", "content": ""}, "would not be well-formed"},
		{"xml.insert", params{"xpath": "/a", "position": "after", "content": params{"b": 1}}, "beside the root"},
		{"xml.insert", params{"xpath": "//@x", "content": "1"}, "finds attributes"},
		{"xml.delete", params{"xpath": "/a"}, "root element cannot be removed"},
		{"xml.delete", params{"xpath": "//zz", "missing": "error"}, "finds nothing"},
	} {
		tt.in["text"] = "<a x='1'>t</a>"
		refused(t, env, tt.typ, tt.in, tt.part)
	}
}

func TestCompare(t *testing.T) {
	env := nodetest.Env(t)
	for _, tt := range []struct {
		a, b string
		more params
		want string
	}{
		{"<x:a xmlns:x='u'/>", "<a xmlns='u'/>", nil, `[]`},
		{"<a xmlns='u'/>", "<a/>", nil, `[{"a":"{u}a","b":"a","kind":"name","path":"/a"}]`},
		{"<a xmlns='u'/>", "<a/>", params{"ignore_namespaces": true}, `[]`},
		{"<a><b/><c/></a>", "<a><c/><b/></a>", nil, `[{"a":"b c","b":"c b","kind":"order","path":"/a"}]`},
		{"<a><b/><c/></a>", "<a><c/><b/></a>", params{"ignore_order": true}, `[]`},
		{"<a><b>1</b><b>2</b></a>", "<a><b>2</b><b>1</b><b>3</b></a>", params{"ignore_order": true}, `[{"a":null,"b":"3","kind":"element","path":"/a/b[3]"}]`},
		{"<a><b/></a>", "<a/>", nil, `[{"a":"","b":null,"kind":"element","path":"/a/b"}]`},
		{"<a x='1' y='2'/>", "<a x='2' z='3'/>", nil, `[{"a":"1","b":"2","kind":"attribute","path":"/a/@x"},{"a":"2","b":null,"kind":"attribute","path":"/a/@y"},{"a":null,"b":"3","kind":"attribute","path":"/a/@z"}]`},
		{"<a x='1'><t>9</t></a>", "<a x='2'><t>8</t></a>", params{"ignore": []any{"@x", "t"}}, `[]`},
		{"<a> x </a>", "<a>x</a>", nil, `[]`},
		{"<a> x </a>", "<a>x</a>", params{"compare_space": true}, `[{"a":" x ","b":"x","kind":"text","path":"/a"}]`},
		{"<a>x<b/></a>", "<a><b/>x</a>", nil, `[{"a":"x…","b":"…x","kind":"text","path":"/a"}]`},
	} {
		in := params{"a": tt.a, "b": tt.b}
		for k, v := range tt.more {
			in[k] = v
		}
		out := run(t, env, "xml.compare", in)
		if got := js(t, out["differences"]); got != tt.want || out["equal"] != (tt.want == `[]`) {
			t.Errorf("%s %s:\ngot  %s\nwant %s", tt.a, tt.b, got, tt.want)
		}
	}
	refused(t, env, "xml.compare", params{"a": "<a/>", "b": "<b>"}, "b: the text")
}

func TestTidy(t *testing.T) {
	env := nodetest.Env(t)
	const in = "<?xml version=\"1.0\"?><!DOCTYPE a><!-- top --><a><p>some <b>mixed</b> text</p><c><![CDATA[<]]></c><d xml:space=\"preserve\"> <e/> </d><f> <g/> </f></a>"
	want := "<?xml version=\"1.0\"?>\n<!DOCTYPE a>\n<!-- top -->\n<a>\n\t<p>some <b>mixed</b> text</p>\n\t<c><![CDATA[<]]></c>\n\t<d xml:space=\"preserve\"> <e/> </d>\n\t<f>\n\t\t<g/>\n\t</f>\n</a>"
	got := run(t, env, "xml.tidy", params{"text": in, "tabs": true})["text"]
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	small := run(t, env, "xml.tidy", params{"text": want, "pretty": false, "declaration": "never"})["text"]
	if want := "<!DOCTYPE a><!-- top --><a><p>some <b>mixed</b> text</p><c><![CDATA[<]]></c><d xml:space=\"preserve\"> <e/> </d><f><g/></f></a>"; small != want {
		t.Errorf("small: %s", small)
	}
}

func FuzzXPath(f *testing.F) {
	for _, s := range []string{"//a[@b='1']/text()", "count(//a)", "{u}a", "a|b", "substring('a', 1)", "//*[position() mod 2 = last()]", "string-join(//a, ',')", "translate(a,'b','c')", "a[b[c]]", "-1 div 0", "not(a)"} {
		f.Add(s)
	}
	env := nodetest.Env(f)
	f.Fuzz(func(_ *testing.T, x string) {
		_, _ = search(context.Background(), env, queryIn{query: query{source: source{Text: shop}, XPath: x}, As: "element"})
		_, _ = search(context.Background(), env, queryIn{query: query{source: source{Text: shop}, XPath: x, lookup: lookup{Context: "root", IgnoreNamespaces: true}}})
	})
}
