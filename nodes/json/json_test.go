package json

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/node/nodetest"
	"github.com/aether-rpa/aether/value"
)

func TestExamples(t *testing.T) { nodetest.Examples(t, "json") }

type m = map[string]any

func l(v ...any) []any { return append([]any{}, v...) }

func js(t *testing.T, s string) any {
	t.Helper()
	v, err := value.Parse([]byte(s))
	if err != nil {
		t.Fatalf("%s: %v", s, err)
	}
	return v
}

var fails = failure{}

// failure is what a row wants that must give an error.
type failure struct{}

func TestTable(t *testing.T) {
	shop := m{"b": l(m{"t": "A", "p": 8}, m{"t": "B", "p": 12.5}, m{"t": "C"}), "x.y": 1}
	for _, tt := range []struct {
		typ  string
		in   m
		out  string
		want any
	}{
		{"json.parse", m{"text": " 12345678901234567 "}, "value", 12345678901234567},
		{"json.parse", m{"text": "1.0"}, "value", 1},
		{"json.parse", m{"text": ""}, "", fails},
		{"json.parse", m{"text": "{}{}"}, "", fails},
		{"json.parse", m{"text": "[1,]"}, "", fails},
		{"json.parse", m{"text": "1e999"}, "", fails},
		{"json.parse", m{"text": strings.Repeat("[", 2000) + strings.Repeat("]", 2000)}, "", fails},
		{"json.parse", m{"text": "\ufeff[1,/*x*/2,] # end", "mode": "lenient"}, "value", l(1, 2)},
		{"json.parse", m{"text": "```json\n{\"a\":1}\n```", "mode": "lenient"}, "value", m{"a": 1}},
		{"json.parse", m{"text": `{'it\'s "x"': +1, b: True, c : None}`, "mode": "lenient"}, "value", m{`it's "x"`: 1, "b": true, "c": nil}},
		{"json.parse", m{"text": `{"url": "http://x//y", "s": "a,]"}`, "mode": "lenient"}, "value", m{"url": "http://x//y", "s": "a,]"}},
		{"json.parse", m{"text": "[,]", "mode": "lenient"}, "value", l()},
		{"json.parse", m{"text": "[1,,2]", "mode": "lenient"}, "", fails},
		{"json.parse", m{"text": "{a b}", "mode": "lenient"}, "", fails},
		{"json.parse_lines", m{"text": "\n \r\n"}, "list", l()},
		{"json.parse_lines", m{"text": "1\n{"}, "", fails},
		{"json.format", m{"value": nil}, "text", "null"},
		{"json.format", m{"value": "<é😀>", "ascii": true}, "text", `"<\u00e9\ud83d\ude00>"`},
		{"json.format", m{"value": "<&>", "html": true}, "text", `"\u003c\u0026\u003e"`},
		{"json.format", m{"value": l(1), "tabs": true}, "text", "[\n\t1\n]"},
		{"json.format", m{"value": l(), "indent": 11}, "", fails},
		{"json.format_lines", m{"list": l()}, "text", ""},
		{"json.query", m{"value": shop, "path": "$.b[*].t"}, "values", l("A", "B", "C")},
		{"json.query", m{"value": shop, "path": "$.b[?(@.p > 8.5)].t"}, "values", l("B")},
		{"json.query", m{"value": shop, "path": "$.b[?(@.t == 'C')]"}, "paths", l("/b/2")},
		{"json.query", m{"value": shop, "path": "$.b[-1].t"}, "first", "C"},
		{"json.query", m{"value": shop, "path": "$.b[0:2].t"}, "values", l("A", "B")},
		{"json.query", m{"value": shop, "path": "$['x.y']"}, "first", 1},
		{"json.query", m{"value": shop, "path": "$.none"}, "found", false},
		{"json.query", m{"value": shop, "path": "$[?"}, "", fails},
		{"json.query", m{"value": shop, "path": ""}, "", fails},
		{"json.query", m{"value": shop, "path": strings.Repeat("$.a", 5000)}, "", fails},
		{"json.query", m{"value": nil, "path": "$"}, "count", 1},
		{"json.query", m{"value": shop, "path": "$.b[1,0].t"}, "values", l("B", "A")},
		{"json.query", m{"value": 5, "path": "$"}, "first", 5},
		{"json.query", m{"value": m{"a": 1, "b": m{"a": 2}}, "path": "$..a"}, "values", l(1, 2)},
		{"json.get", m{"value": shop, "path": "/b/0/t"}, "value", "A"},
		{"json.get", m{"value": shop, "path": "$.b[-1].t"}, "value", "C"},
		{"json.get", m{"value": m{"a/b": m{"c~d": 1}}, "path": "/a~1b/c~0d"}, "value", 1},
		{"json.get", m{"value": 5, "path": ""}, "value", 5},
		{"json.get", m{"value": shop, "path": "/b/9", "default": 0}, "value", 0},
		{"json.get", m{"value": shop, "path": "/b~2"}, "", fails},
		{"json.set", m{"path": "/a/b", "new": 1}, "value", m{"a": m{"b": 1}}},
		{"json.set", m{"value": 5, "path": "", "new": 1}, "value", 1},
		{"json.set", m{"value": m{"a": 1}, "path": "/a/b", "new": 1}, "", fails},
		{"json.set", m{"value": l(1), "path": "/1", "new": 2}, "value", l(1, 2)},
		{"json.set", m{"value": l(1), "path": "/5", "new": 2}, "", fails},
		{"json.delete", m{"value": m{"a": 1}, "paths": l("/a", "/b")}, "deleted", 1},
		{"json.delete", m{"value": m{"a": 1}, "paths": l("")}, "", fails},
		{"json.diff", m{"a": nil, "b": nil}, "equal", true},
		{"json.diff", m{"a": 1, "b": 1.0}, "count", 0},
		{"json.diff", m{"a": m{"a/b": 1}, "b": m{}}, "patch", l(m{"op": "remove", "path": "/a~1b"})},
		{"json.validate", m{"value": 5, "schema": m{"type": "integer", "minimum": 6}}, "valid", false},
		{"json.validate", m{"value": 5, "schema": true}, "valid", true},
		{"json.validate", m{"value": 5, "schema": `{"type": "integer"}`}, "valid", true},
		{"json.validate", m{"value": 5, "schema": `{"type": `}, "", fails},
		{"json.validate", m{"value": 5, "schema": m{"type": 7}}, "", fails},
		{"json.validate", m{"value": 5, "schema": m{"$ref": "file:///etc/passwd"}}, "", fails},
		{"json.validate", m{"value": 5, "schema": m{"$ref": "http://example.com/x.json"}}, "", fails},
		{"json.validate", m{"value": "x", "schema": m{"format": "email"}}, "valid", false},
		{"json.validate", m{"value": "x", "schema": m{"format": "email"}, "formats": false}, "valid", true},
		{"json.validate", m{"value": 5, "schema": m{"type": "string"}, "fail": true}, "", fails},
		{"json.validate", m{"value": m{"a": m{"b": l(1, "x")}, "c": 1}, "schema": m{"required": l("id"), "properties": m{"a": m{"properties": m{"b": m{"items": m{"type": "integer"}}}}, "c": m{"type": "string"}}}}, "errors", l(
			m{"path": "", "rule": "/required", "message": "missing property 'id'"},
			m{"path": "/a/b/1", "rule": "/properties/a/properties/b/items/type", "message": "got string, want integer"},
			m{"path": "/c", "rule": "/properties/c/type", "message": "got number, want string"},
		)},
		{"json.infer_schema", m{"values": l(l(), l(1, nil)), "closed": true}, "schema", m{"$schema": "https://json-schema.org/draft/2020-12/schema", "type": "array", "items": m{"type": l("integer", "null")}}},
	} {
		before := value.Clone(tt.in)
		out, err := nodetest.Run(t, nodetest.Env(t), tt.typ, tt.in)
		if tt.want == fails {
			if err == nil {
				t.Errorf("%s %.200v: no error but %v", tt.typ, tt.in, out)
			} else if f := node.AsFailure(err); f.Kind != node.KindInput && f.Kind != node.KindError {
				t.Errorf("%s %v: kind %s", tt.typ, tt.in, f.Kind)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s %v: %v", tt.typ, tt.in, err)
		} else if !value.Equal(out[tt.out], tt.want) {
			t.Errorf("%s %v: got %v, want %v", tt.typ, tt.in, out[tt.out], tt.want)
		}
		if !value.Equal(before, tt.in) {
			t.Errorf("%s changed its input", tt.typ)
		}
	}
}

func TestParseSaysWhere(t *testing.T) {
	for text, want := range map[string]string{
		"{\n  \"a\": x\n}":  "line 2, column 8",
		"[1 2]":             "line 1, column 4",
		"{\"é\": tru}":      "line 1, column 10",
		"[1,":               "ends in the middle",
		"  ":                "it is empty",
		"{\n\n\"a\":1}\n ]": "more data after the end",
	} {
		_, err := nodetest.Run(t, nodetest.Env(t), "json.parse", m{"text": text})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want %s", text, err, want)
		}
	}
}

// The order of maps in memory must not show in a result.
func TestQueryIsDeterministic(t *testing.T) {
	doc := m{}
	for i := range 50 {
		doc[fmt.Sprint("k", i)] = m{"id": i, "n": l(m{"id": i + 100})}
	}
	for _, path := range []string{"$..id", "$.*.id", "$[*]..id", "$..[?(@.id > 10)].id"} {
		var first any
		for i := range 5 {
			out, err := nodetest.Run(t, nodetest.Env(t), "json.query", m{"value": value.Clone(doc), "path": path})
			if err != nil {
				t.Fatal(err)
			}
			if i == 0 {
				first = out["values"]
			} else if !value.Equal(first, out["values"]) {
				t.Fatalf("%s gave %v and %v", path, first, out["values"])
			}
		}
	}
}

// The examples of RFC 6902, appendix A, and more.
func TestPatch(t *testing.T) {
	for _, tt := range []struct{ doc, patch, want string }{
		{`{"foo":"bar"}`, `[{"op":"add","path":"/baz","value":"qux"}]`, `{"baz":"qux","foo":"bar"}`},
		{`{"foo":["bar","baz"]}`, `[{"op":"add","path":"/foo/1","value":"qux"}]`, `{"foo":["bar","qux","baz"]}`},
		{`{"baz":"qux","foo":"bar"}`, `[{"op":"remove","path":"/baz"}]`, `{"foo":"bar"}`},
		{`{"foo":["bar","qux","baz"]}`, `[{"op":"remove","path":"/foo/1"}]`, `{"foo":["bar","baz"]}`},
		{`{"baz":"qux","foo":"bar"}`, `[{"op":"replace","path":"/baz","value":"boo"}]`, `{"baz":"boo","foo":"bar"}`},
		{`{"foo":{"bar":"baz","waldo":"fred"},"qux":{"corge":"grault"}}`, `[{"op":"move","from":"/foo/waldo","path":"/qux/thud"}]`, `{"foo":{"bar":"baz"},"qux":{"corge":"grault","thud":"fred"}}`},
		{`{"foo":["all","grass","cows","eat"]}`, `[{"op":"move","from":"/foo/1","path":"/foo/3"}]`, `{"foo":["all","cows","eat","grass"]}`},
		{`{"baz":"qux","foo":["a",2,"c"]}`, `[{"op":"test","path":"/baz","value":"qux"},{"op":"test","path":"/foo/1","value":2}]`, `{"baz":"qux","foo":["a",2,"c"]}`},
		{`{"baz":"qux"}`, `[{"op":"test","path":"/baz","value":"bar"}]`, ``},
		{`{"foo":"bar"}`, `[{"op":"add","path":"/child","value":{"grandchild":{}}}]`, `{"child":{"grandchild":{}},"foo":"bar"}`},
		{`{"foo":"bar"}`, `[{"op":"add","path":"/baz/bat","value":"qux"}]`, ``},
		{`{"/":9,"~1":10}`, `[{"op":"test","path":"/~01","value":10}]`, `{"/":9,"~1":10}`},
		{`{"/":9,"~1":10}`, `[{"op":"test","path":"/~01","value":"10"}]`, ``},
		{`{"foo":["bar"]}`, `[{"op":"add","path":"/foo/-","value":["abc","def"]}]`, `{"foo":["bar",["abc","def"]]}`},
		{`{"foo":1}`, `[{"op":"add","path":"","value":[]}]`, `[]`},
		{`{"foo":null}`, `[{"op":"test","path":"/foo","value":null}]`, `{"foo":null}`},
		{`{"a":{"b":1}}`, `[{"op":"copy","from":"/a","path":"/a/c"}]`, `{"a":{"b":1,"c":{"b":1}}}`},
		{`{"a":{"b":1}}`, `[{"op":"move","from":"/a","path":"/a/b"}]`, ``},
		{`[1]`, `[{"op":"add","path":"/01","value":2}]`, ``},
		{`[1]`, `[{"op":"add","path":"/-1","value":2}]`, ``},
		{`[1]`, `[{"op":"remove","path":"/-"}]`, ``},
		{`[1]`, `[{"op":"remove","path":"/-1"}]`, ``},
		{`[1]`, `[{"op":"add","path":"/2","value":2}]`, ``},
		{`{"a":1}`, `[{"op":"replace","path":"/b","value":2}]`, ``},
		{`{"a":1}`, `[{"op":"remove","path":"b"}]`, ``},
		{`{"a":1}`, `[{"op":"add","path":"/a/b","value":1}]`, ``},
		{`{"":{"":1}}`, `[{"op":"replace","path":"//","value":2}]`, `{"":{"":2}}`},
		{`{"a":1}`, `[{"op":"leap","path":"/a"}]`, ``},
	} {
		out, err := nodetest.Run(t, nodetest.Env(t), "json.patch", m{"value": js(t, tt.doc), "patch": js(t, tt.patch)})
		if tt.want == "" {
			if err == nil {
				t.Errorf("%s %s gave %v", tt.doc, tt.patch, out)
			}
			continue
		}
		if err != nil || !value.Equal(out["value"], js(t, tt.want)) {
			t.Errorf("%s %s: got %v %v, want %s", tt.doc, tt.patch, out, err, tt.want)
		}
	}
}

// The table of RFC 7396, appendix A.
func TestMergePatch(t *testing.T) {
	for _, tt := range [][3]string{
		{`{"a":"b"}`, `{"a":"c"}`, `{"a":"c"}`},
		{`{"a":"b"}`, `{"b":"c"}`, `{"a":"b","b":"c"}`},
		{`{"a":"b"}`, `{"a":null}`, `{}`},
		{`{"a":"b","b":"c"}`, `{"a":null}`, `{"b":"c"}`},
		{`{"a":["b"]}`, `{"a":"c"}`, `{"a":"c"}`},
		{`{"a":"c"}`, `{"a":["b"]}`, `{"a":["b"]}`},
		{`{"a":{"b":"c"}}`, `{"a":{"b":"d","c":null}}`, `{"a":{"b":"d"}}`},
		{`{"a":[{"b":"c"}]}`, `{"a":[1]}`, `{"a":[1]}`},
		{`["a","b"]`, `["c","d"]`, `["c","d"]`},
		{`{"a":"b"}`, `["c"]`, `["c"]`},
		{`{"a":"foo"}`, `null`, `null`},
		{`{"e":null}`, `{"a":1}`, `{"e":null,"a":1}`},
		{`[1,2]`, `{"a":"b","c":null}`, `{"a":"b"}`},
		{`{}`, `{"a":{"bb":{"ccc":null}}}`, `{"a":{"bb":{}}}`},
	} {
		if got := mergePatch(js(t, tt[0]), js(t, tt[1])); !value.Equal(got, js(t, tt[2])) {
			t.Errorf("%s with %s: got %v", tt[0], tt[1], got)
		}
	}
}

func anyValue() *rapid.Generator[any] {
	leaf := rapid.OneOf(rapid.Just[any](nil), rapid.Map(rapid.Bool(), func(b bool) any { return b }),
		rapid.Map(rapid.IntRange(-3, 3), func(i int) any { return i }),
		rapid.SampledFrom([]any{0.5, "", "a", "é😀\n\"\\", "2026-01-31", "2026-01-31T10:00:00Z", "a@b.example", "https://example.com/x"}))
	key := rapid.SampledFrom([]string{"", "a", "b/c", "~", "é", "0", "-"})
	g := leaf
	for range 2 {
		inner := g
		g = rapid.OneOf(leaf,
			rapid.Map(rapid.SliceOfN(inner, 0, 4), func(l []any) any { return l }),
			rapid.Map(rapid.MapOfN(key, inner, 0, 4), func(m map[string]any) any { return m }))
	}
	return g
}

func TestProperties(t *testing.T) {
	env := nodetest.Env(t)
	run := func(rt *rapid.T, typ string, in m) m {
		rt.Helper()
		out, err := nodetest.Run(t, env, typ, in)
		if err != nil {
			rt.Fatalf("%s %v: %v", typ, in, err)
		}
		return out
	}
	rapid.Check(t, func(rt *rapid.T) {
		a, b := anyValue().Draw(rt, "a"), anyValue().Draw(rt, "b")
		d := run(rt, "json.diff", m{"a": a, "b": b})
		if got := run(rt, "json.patch", m{"value": a, "patch": d["patch"]})["value"]; !value.Equal(got, b) {
			rt.Fatalf("the patch %v gave %v", d["patch"], got)
		}
		if d["equal"] != (len(d["patch"].([]any)) == 0) {
			rt.Fatal("equal and patch disagree")
		}
		text := run(rt, "json.format", m{"value": a, "indent": rapid.IntRange(0, 3).Draw(rt, "indent"), "ascii": rapid.Bool().Draw(rt, "ascii"), "html": true})["text"]
		for _, mode := range []string{"strict", "lenient"} {
			if got := run(rt, "json.parse", m{"text": text, "mode": mode})["value"]; !value.Equal(got, a) {
				rt.Fatalf("%s read %s as %v", mode, text, got)
			}
		}
		schema := run(rt, "json.infer_schema", m{"values": l(a, b), "closed": rapid.Bool().Draw(rt, "closed")})["schema"]
		for _, v := range l(a, b) {
			if out := run(rt, "json.validate", m{"value": v, "schema": schema}); out["valid"] != true {
				rt.Fatalf("%v does not fit %v: %v", v, schema, out["errors"])
			}
		}
	})
}

// Lenient reading never panics, and never changes what strict reading accepts.
func FuzzLenient(f *testing.F) {
	for _, s := range []string{`{"a":[1,2,{"b":"c//d"}]}`, `{a:'b',}`, "// x\n[1,]", "/*", "'", "\"\\", "[1,\"a\t\"]", "```\n1```", "{\"a\":1e5}"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		loose := tolerate(s)
		want, err := value.Parse([]byte(s))
		if err != nil {
			return
		}
		got, err := value.Parse([]byte(loose))
		if err != nil || !value.Equal(got, want) {
			t.Fatalf("%q became %q: %v", s, loose, err)
		}
	})
}

func FuzzQuery(f *testing.F) {
	for _, s := range []string{"$..a", "$.a[?(@.b > 1)]", "$[1:2]", "a.*", "$['x']", "$[?(length(@.a) == 1)]"} {
		f.Add(s)
	}
	doc := m{"a": l(m{"b": 1}, m{"b": "x"}, nil), "x": 1.5}
	f.Fuzz(func(t *testing.T, s string) {
		out, err := query(t.Context(), nil, queryIn{Value: doc, Path: s})
		if err == nil && len(out.Values) != len(out.Paths) {
			t.Fatalf("%d values at %d paths", len(out.Values), len(out.Paths))
		}
	})
}
