package xml

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/node/nodetest"
	"github.com/aether-rpa/aether/value"
)

func TestExamples(t *testing.T) { nodetest.Examples(t, "xml") }

type params = map[string]any

func run(t *testing.T, env *node.Env, typ string, in params) params {
	t.Helper()
	out, err := nodetest.Run(t, env, typ, in)
	if err != nil {
		t.Fatalf("%s: %v", typ, err)
	}
	return out
}

func refused(t *testing.T, env *node.Env, typ string, in params, part string) {
	t.Helper()
	_, err := nodetest.Run(t, env, typ, in)
	if err == nil {
		t.Errorf("%s %.200v: no error, want one that says %q", typ, in, part)
		return
	}
	if f := node.AsFailure(err); f.Kind == node.KindError || f.Kind == node.KindPanic {
		t.Errorf("%s %.80v: error %v, want a failure", typ, in, err)
		return
	}
	if !strings.Contains(err.Error(), part) {
		t.Errorf("%s: error %q does not say %q", typ, err, part)
	}
}

func js(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestParse(t *testing.T) {
	for _, tt := range []struct{ name, text, more, want string }{
		{"text", "<a> x </a>", `{}`, `{"a":"x"}`},
		{"text kept", "<a> x </a>", `{"trim":false}`, `{"a":" x "}`},
		{"empty", "<a/>", `{}`, `{"a":""}`},
		{"attribute and text", `<a b="1">x</a>`, `{}`, `{"a":{"#text":"x","@b":"1"}}`},
		{"other keys", `<a b="1">x</a>`, `{"text_key":"$","attribute_prefix":"_"}`, `{"a":{"$":"x","_b":"1"}}`},
		{"nested attributes", `<a b="1" c="2"><d/></a>`, `{"attributes":"nested"}`, `{"a":{"@attributes":{"b":"1","c":"2"},"d":""}}`},
		{"no attributes", `<a b="1">x</a>`, `{"attributes":"drop"}`, `{"a":"x"}`},
		{"lists", `<a><b>1</b><c/><b>2</b><b>3</b></a>`, `{}`, `{"a":{"b":["1","2","3"],"c":""}}`},
		{"forced list", `<a><b>1</b><c/></a>`, `{"force_list":["b"]}`, `{"a":{"b":["1"],"c":""}}`},
		{"all lists", `<a><b>1</b></a>`, `{"force_list":["*"]}`, `{"a":{"b":["1"]}}`},
		{"mixed", `<a>x<b/>y</a>`, `{}`, `{"a":{"#text":"xy","b":""}}`},
		{"cdata and entities", `<a>1 &lt; <![CDATA[2 & 3]]>&#33;</a>`, `{}`, `{"a":"1 \u003c 2 \u0026 3!"}`},
		{"comment inside", `<a>1<!-- x -->2</a>`, `{}`, `{"a":"12"}`},
		{"namespaces kept", `<x:a xmlns:x="u" x:b="1"/>`, `{}`, `{"x:a":{"@x:b":"1","@xmlns:x":"u"}}`},
		{"namespaces stripped", `<x:a xmlns:x="u" x:b="1"><x:c/></x:a>`, `{"namespaces":"strip"}`, `{"a":{"@b":"1","c":""}}`},
		{"namespaces as uri", `<a xmlns="u" b="1"><c xmlns=""/></a>`, `{"namespaces":"uri"}`, `{"{u}a":{"@b":"1","c":""}}`},
		{"types", `<a i="007"><n>12</n><f>1.50</f><t>true</t><e/><z>1e5</z></a>`, `{"types":true}`, `{"a":{"@i":"007","e":"","f":1.5,"n":12,"t":true,"z":"1e5"}}`},
		{"declared encoding of text", `<?xml version="1.0" encoding="UTF-16"?><a>é</a>`, `{}`, `{"a":"é"}`},
		{"version 1.1", `<?xml version="1.1"?><a/>`, `{}`, `{"a":""}`},
		{"white space and mark before", "\ufeff\n <?xml version=\"1.0\"?>\n<a/>\n", `{}`, `{"a":""}`},
		{"doctype", `<!DOCTYPE a [<!ENTITY x "y">]><a/>`, `{}`, `{"a":""}`},
		{"html entities", `<a>1&nbsp;2&eacute;</a>`, `{"html_entities":true}`, "{\"a\":\"1\u00a02é\"}"},
		{"ordered", `<a x="1"> <b>1</b>t<b/></a>`, `{"mapping":"ordered"}`, `{"attributes":{"x":"1"},"children":[{"attributes":{},"children":["1"],"name":"b"},"t",{"attributes":{},"children":[],"name":"b"}],"name":"a"}`},
		{"names in other scripts", `<größe für="ü"/>`, `{}`, `{"größe":{"@für":"ü"}}`},
		{"undeclared prefix", `<s:a><s:b/></s:a>`, `{}`, `{"s:a":{"s:b":""}}`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			in := params{}
			if err := json.Unmarshal([]byte(tt.more), &in); err != nil {
				t.Fatal(err)
			}
			in["text"] = tt.text
			if got := js(t, run(t, nodetest.Env(t), "xml.parse", in)["value"]); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

// hostile are texts that must be refused, quickly and with a clear reason.
var hostile = []struct{ name, text, part string }{
	{"empty", "", "no root element"},
	{"only text", "hello", "outside of the root"},
	{"two roots", "<a/><b/>", "second root"},
	{"truncated", "<a><b>x", "ends inside of the element"},
	{"truncated tag", "<a><b x=", "too early"},
	{"crossed", "<a><b></a></b>", "stands where"},
	{"stray end", "</a>", "closes nothing"},
	{"attribute twice", `<a x="1" x="2"/>`, "twice"},
	{"attribute twice of many", `<a a="" b="" c="" d="" e="" f="" g="" h="" i="" a=""/>`, "twice"},
	{"colons", `<a:b:c/>`, ""},
	{"billion laughs", `<!DOCTYPE l [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]><l>&c;</l>`, "entity &c; is not known"},
	{"quadratic entity", `<!DOCTYPE l [<!ENTITY a "` + strings.Repeat("x", 1000) + `">]><l>` + strings.Repeat("&a;", 1000) + `</l>`, "entity &a; is not known"},
	{"external entity", `<!DOCTYPE l [<!ENTITY x SYSTEM "file:///etc/passwd">]><l>&x;</l>`, "entity &x; is not known"},
	{"parameter entity", `<!DOCTYPE l [<!ENTITY % x SYSTEM "http://127.0.0.1:1/x"> %x;]><l>&y;</l>`, "entity &y; is not known"},
	{"deep", strings.Repeat("<a>", 100_000), "deeper than 400"},
	{"invalid UTF-8", "<a>\xff\xfe</a>", "no UTF-8"},
	{"NUL", "<a>\x00</a>", "illegal character"},
	{"control character", "<a>\x01</a>", "illegal character"},
	{"declaration inside", "<a><?xml version='1.0'?></a>", "declaration"},
	{"doctype inside", "<a><!DOCTYPE b></a>", "declaration"},
	{"unquoted", "<a x=1/>", ""},
	{"ampersand", "<a>A & B</a>", "not known"},
	{"html", "<ul><li>1<li>2</ul>", "stands where"},
}

func TestHostile(t *testing.T) {
	for _, tt := range hostile {
		t.Run(tt.name, func(t *testing.T) {
			env := nodetest.Env(t)
			if tt.text != "" {
				refused(t, env, "xml.parse", params{"text": tt.text}, tt.part)
			}
			put(t, env, "a.xml", tt.text)
			refused(t, env, "xml.read", params{"file": "a.xml"}, tt.part)
			refused(t, env, "xml.rows", params{"file": "a.xml", "element": "zz"}, tt.part)
			out := run(t, env, "xml.validate", params{"text": tt.text})
			if out["valid"] != false || !strings.Contains(out["message"].(string), tt.part) || out["line"] == 0 {
				t.Errorf("validate gave %v", out)
			}
		})
	}
}

func TestManyAttributesAndNodes(t *testing.T) {
	env := nodetest.Env(t)
	var b strings.Builder
	b.WriteString("<a")
	for i := range 100_000 {
		fmt.Fprintf(&b, ` xmlns:p%d="u%d"`, i, i)
	}
	b.WriteString(">" + strings.Repeat("<p9999:b/>", 20_000) + "</a>")
	if out := run(t, env, "xml.query", params{"text": b.String(), "xpath": "count(//p9999:b)"}); out["first"] != 20_000 {
		t.Errorf("found %v", out["first"])
	}
	refused(t, env, "xml.parse", params{"text": "<a>" + strings.Repeat("<b/>", 2_000_001) + "</a>"}, "more than 2000000 nodes")
}

func put(t *testing.T, env *node.Env, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(env.Files.Dirs()[0], name), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func get(t *testing.T, env *node.Env, name string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(env.Files.Dirs()[0], name))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestFormat(t *testing.T) {
	flat := params{"pretty": false, "declaration": false}
	for _, tt := range []struct {
		name string
		v    any
		more params
		want string
	}{
		{"scalars", params{"a": params{"b": true, "c": 1.5, "d": nil, "e": "<&>\""}}, nil, `<a><b>true</b><c>1.5</c><d/><e>&lt;&amp;&gt;"</e></a>`},
		{"attributes", params{"a": params{"@x": "\"\n", "@y": 1, "#text": "t"}}, nil, `<a x="&quot;&#xA;" y="1">t</a>`},
		{"nested attributes", params{"a": params{"@attributes": params{"x": 1}}}, nil, `<a x="1"/>`},
		{"nil left out", params{"a": params{"b": nil, "@c": nil, "d": []any{nil, 1}}}, params{"nil": "omit"}, `<a><d>1</d></a>`},
		{"root around", params{"b": 1, "c": 2}, params{"root": "r"}, `<r><b>1</b><c>2</c></r>`},
		{"root around a scalar", 5, params{"root": "r"}, `<r>5</r>`},
		{"lists in lists", params{"a": []any{[]any{1, 2}}}, params{"root": "r"}, `<r><a><item>1</item><item>2</item></a></r>`},
		{"order", params{"a": params{"z": 1, "b": 2, "c": 3}}, params{"order": []any{"z", "c"}}, `<a><z>1</z><c>3</c><b>2</b></a>`},
		{"cdata", params{"a": "1 < 2"}, params{"cdata": []any{"a"}}, `<a><![CDATA[1 < 2]]></a>`},
		{"cdata that cannot be", params{"a": "]]>"}, params{"cdata": []any{"a"}}, `<a>]]&gt;</a>`},
		{"expanded", params{"a": ""}, params{"expand_empty": true}, `<a></a>`},
		{"uri names", params{"{u}a": params{"@{v}x": 1, "{u}b": ""}}, nil, `<ns0:a ns1:x="1" xmlns:ns0="u" xmlns:ns1="v"><ns0:b/></ns0:a>`},
		{"control characters dropped", params{"a": "x\x00\x01y"}, params{"bad_characters": "drop"}, `<a>xy</a>`},
		{"carriage return", params{"a": "x\r\ny"}, nil, "<a>x&#xD;\ny</a>"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			in := params{"value": tt.v}
			for _, m := range []params{flat, tt.more} {
				for k, v := range m {
					in[k] = v
				}
			}
			if got := run(t, nodetest.Env(t), "xml.format", in)["text"]; got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
	env := nodetest.Env(t)
	for part, v := range map[string]any{
		"exactly one key": params{"a": 1, "b": 2}, "one root element": params{"a": []any{1, 2}}, "no name that XML allows": params{"a b": 1},
		"cannot hold": params{"a": "\x01"}, "takes text only": params{"a": params{"@x": []any{}}},
	} {
		refused(t, env, "xml.format", params{"value": v}, part)
	}
	refused(t, env, "xml.format", params{"value": params{"nome": 1}, "mapping": "ordered"}, "no element with a name")
}

// tree generates values of the compact mapping as xml.parse gives them.
func tree() *rapid.Generator[any] {
	text := rapid.StringMatching(`[a-zäß<>&"' \t\n\r]{0,6}`).Filter(func(s string) bool { return true })
	name := rapid.StringMatching(`[a-cé_][a-c0-9.-]{0,2}`)
	var element func(depth int) *rapid.Generator[any]
	element = func(depth int) *rapid.Generator[any] {
		return rapid.Custom(func(t *rapid.T) any {
			if depth == 0 || rapid.Bool().Draw(t, "leaf") {
				return text.Draw(t, "text")
			}
			m := map[string]any{}
			for k, v := range rapid.MapOfN(name, text, 0, 2).Draw(t, "attributes") {
				m["@"+k] = v
			}
			elements := rapid.MapOfN(name, rapid.SliceOfN(element(depth-1), 1, 3), 0, 3).Draw(t, "elements")
			for k, list := range elements {
				if len(list) == 1 {
					m[k] = list[0]
				} else {
					m[k] = list
				}
			}
			if s := text.Draw(t, "own"); s != "" && (len(elements) == 0 || strings.TrimSpace(s) != "") {
				m["#text"] = s
			}
			if len(m) == 0 || len(m) == 1 && m["#text"] != nil {
				return "plain"
			}
			return m
		})
	}
	return element(3)
}

func TestRoundTrip(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		want := map[string]any{"root": tree().Draw(r, "tree")}
		w := writing{names: simple.names, Item: "item", Bad: "error", Nil: "empty"}
		text, err := w.document(want, layout{Pretty: rapid.Bool().Draw(r, "pretty"), Indent: 2, Declaration: true})
		if err != nil {
			r.Fatal(err)
		}
		d, err := source{Text: text}.parse(context.Background())
		if err != nil {
			r.Fatalf("%v in %s", err, text)
		}
		if got := (shape{names: simple.names}).value(d.Root); !value.Equal(got, want) {
			r.Fatalf("%s\ngave %#v\nwant %#v", text, got, want)
		}
	})
}

func TestRoundTripOrdered(t *testing.T) {
	var element func(depth int) *rapid.Generator[any]
	element = func(depth int) *rapid.Generator[any] {
		return rapid.Custom(func(t *rapid.T) any {
			attributes := map[string]any{}
			for k, v := range rapid.MapOfN(rapid.StringMatching(`[a-c]{1,2}`), rapid.StringMatching(`[a-z<&" \n\t]{0,4}`), 0, 2).Draw(t, "attributes") {
				attributes[k] = v
			}
			children := []any{}
			for range rapid.IntRange(0, 3).Draw(t, "children") {
				if depth == 0 || rapid.Bool().Draw(t, "text") {
					s := rapid.StringMatching(`[ a-z<>&\n]{1,5}`).Draw(t, "s")
					if n := len(children); n > 0 {
						if before, ok := children[n-1].(string); ok {
							children[n-1] = before + s
							continue
						}
					}
					children = append(children, s)
				} else {
					children = append(children, element(depth-1).Draw(t, "child"))
				}
			}
			return map[string]any{"name": rapid.StringMatching(`[a-c]{1,3}`).Draw(t, "name"), "attributes": attributes, "children": children}
		})
	}
	n := names{Mapping: "ordered", AttributePrefix: "@", TextKey: "#text"}
	rapid.Check(t, func(r *rapid.T) {
		want := element(3).Draw(r, "element")
		text, err := writing{names: n}.document(want, layout{})
		if err != nil {
			r.Fatal(err)
		}
		d, err := source{Text: text}.parse(context.Background())
		if err != nil {
			r.Fatalf("%v in %s", err, text)
		}
		if got := (shape{names: n}).value(d.Root); !value.Equal(got, want) {
			r.Fatalf("%s\ngave %#v\nwant %#v", text, got, want)
		}
	})
}

func FuzzParse(f *testing.F) {
	for _, tt := range hostile {
		if len(tt.text) < 2000 {
			f.Add(tt.text)
		}
	}
	f.Add(`<?xml version="1.0"?><!-- c --><x:a xmlns:x="u" b='&quot;'><![CDATA[x]]>t<c/></x:a>`)
	f.Fuzz(func(t *testing.T, text string) {
		ctx := context.Background()
		d, err := source{Text: text, HTMLEntities: true}.parse(ctx)
		if err != nil {
			return
		}
		v := (shape{names: names{Mapping: "ordered"}}).value(d.Root)
		again, err := writing{names: names{Mapping: "ordered"}}.document(v, layout{})
		if err != nil {
			t.Fatalf("%q was read, but its value is not written: %v", text, err)
		}
		e, err := source{Text: again}.parse(ctx)
		if err != nil {
			t.Fatalf("%q became %q: %v", text, again, err)
		}
		if w := (shape{names: names{Mapping: "ordered"}}).value(e.Root); !value.Equal(v, w) {
			t.Fatalf("%q became %q: %v, %v", text, again, v, w)
		}
		var b strings.Builder
		if err := (layout{Pretty: true, Indent: 1}).tree().Write(&b, d.Top); err != nil {
			t.Fatal(err)
		}
		if _, err := (source{Text: b.String()}).parse(ctx); err != nil {
			t.Fatalf("%q was laid out as %q: %v", text, b.String(), err)
		}
		_ = simple.compact(d.Root)
	})
}
