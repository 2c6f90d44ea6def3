package doc

import (
	"archive/zip"
	"bytes"
	"encoding/base64"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/node/nodetest"
	"github.com/aether-rpa/aether/nodes/doc/docx"
	"github.com/aether-rpa/aether/value"
)

func TestExamples(t *testing.T) { nodetest.Examples(t, "doc") }

type params = map[string]any

const dot = "iVBORw0KGgoAAAANSUhEUgAAAAIAAAACCAIAAAD91JpzAAAAFklEQVR4nGP4z8DAAML/GRgYGP7//w8AH/AF/Xd0yW0AAAAASUVORK5CYII="

func write(t testing.TB, env *node.Env, name string, b []byte) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(env.Files.Dirs()[0], name), b, 0o644); err != nil {
		t.Fatal(err)
	}
}

func read(t testing.TB, env *node.Env, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(env.Files.Dirs()[0], name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// folder returns an environment with the fixtures, a picture and the letter.
func folder(t testing.TB) *node.Env {
	t.Helper()
	env := nodetest.Env(t)
	for _, n := range []string{"contract.docx", "tables.docx"} {
		b, err := os.ReadFile(filepath.Join("testdata", n))
		if err != nil {
			t.Fatal(err)
		}
		write(t, env, n, b)
	}
	png, err := base64.StdEncoding.DecodeString(dot)
	if err != nil {
		t.Fatal(err)
	}
	write(t, env, "dot.png", png)
	write(t, env, "letter.docx", []byte(letterDocx))
	return env
}

func do(t testing.TB, env *node.Env, typ string, in params) params {
	t.Helper()
	out, err := nodetest.Run(t, env, typ, in)
	if err != nil {
		t.Fatalf("%s: %v", typ, err)
	}
	return out
}

func fails(t testing.TB, env *node.Env, typ string, in params, kind, part string) {
	t.Helper()
	out, err := nodetest.Run(t, env, typ, in)
	if err == nil {
		t.Fatalf("%s: got %v, want a failure with %q", typ, out, part)
	}
	if f := node.AsFailure(err); f.Kind != kind || !strings.Contains(err.Error(), part) {
		t.Fatalf("%s: got %s: %v, want %s with %q", typ, f.Kind, err, kind, part)
	}
}

func textOf(t testing.TB, env *node.Env, name string) string {
	t.Helper()
	return do(t, env, "doc.read_text", params{"file": name})["text"].(string)
}

// made returns the text of a document with the given body.
func made(t testing.TB, body string) (*node.Env, string) {
	t.Helper()
	env := nodetest.Env(t)
	write(t, env, "d.docx", []byte(sampleDocx(body)))
	return env, "d.docx"
}

func para(runs ...string) string {
	var b strings.Builder
	b.WriteString("<w:p>")
	for _, r := range runs {
		b.WriteString(`<w:r><w:t xml:space="preserve">` + docx.Escape(r) + `</w:t></w:r>`)
	}
	return b.String() + "</w:p>"
}

func TestReadContract(t *testing.T) {
	env := folder(t)
	out := do(t, env, "doc.read_text", params{"file": "contract.docx"})
	for part, want := range map[string]any{
		"headers": []any{"Header for {{company}}"}, "footers": []any{"Page 1, {{company}}"}, "notes": []any{"Note by {{company}}."},
	} {
		if !value.Equal(out[part], want) {
			t.Errorf("%s: got %q, want %q", part, out[part], want)
		}
	}
	got := out["text"].(string)
	for _, want := range []string{"Contract {{number}}\n", "Between {{company}} and {{customer.name}}.\n", "Box for {{company}}", "Name\tQty\tPrice\n"} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is missing in %q", want, got)
		}
	}
	if n := strings.Count(got, "Box for"); n != 1 {
		t.Errorf("the text box was read %d times", n)
	}
	md := do(t, env, "doc.read_text", params{"file": "contract.docx", "format": "markdown"})["text"].(string)
	for _, want := range []string{"# Contract {{number}}\n\n", "- first point\n- second point\n  - deeper\n", "| Name | Qty | Price |\n| --- | --- | --- |\n"} {
		if !strings.Contains(md, want) {
			t.Errorf("%q is missing in %q", want, md)
		}
	}
	info := do(t, env, "doc.info", params{"file": "contract.docx"})
	if info["title"] != "Contract" || info["author"] != "Ada" || info["tables"] != 1 || info["macros"] != false {
		t.Errorf("got %v", info)
	}
}

func TestReadTables(t *testing.T) {
	env := folder(t)
	out := do(t, env, "doc.read_tables", params{"file": "tables.docx"})
	want := []any{
		params{"Region": "North", "Q1": "1,200", "Q2": "1,350", "Remark": "good growth over several quarters in a row"},
		params{"Region": "South", "Q1": "merged cell", "Q2": "", "Remark": ""},
		params{"Region": "Total", "Q1": "1", "Q2": "2", "Remark": "x"},
		params{"Region": "", "Q1": "3", "Q2": "4", "Remark": "y"},
	}
	if !value.Equal(out["rows"], want) {
		t.Errorf("got %v, want %v", out["rows"], want)
	}
	out = do(t, env, "doc.read_tables", params{"file": "tables.docx", "fill_merged": true, "number": 1})
	rows := out["rows"].([]any)
	if rows[1].(params)["Q2"] != "merged cell" || rows[3].(params)["Region"] != "Total" {
		t.Errorf("got %v", rows)
	}
	if out := do(t, env, "doc.read_tables", params{"file": "tables.docx", "header": false}); out["count"] != 5 || out["rows"].([]any)[0].(params)["column_2"] != "Q1" {
		t.Errorf("got %v", out["rows"])
	}
	fails(t, env, "doc.read_tables", params{"file": "tables.docx", "number": 2}, node.KindInput, "no table 2")
}

func TestFillContract(t *testing.T) {
	env := folder(t)
	data := params{
		"company": "Müller & <Söhne>", "number": 17, "customer": params{"name": "Ada\nLovelace"}, "total": 99.5, "paid": true,
		"signature": params{"file": "dot.png", "width": 2, "alt": "Signature"},
		"items":     []any{params{"name": "Tea", "qty": 2, "price": 12}, params{"name": "Coffee", "qty": 1, "price": 4.5, "last": true}},
	}
	out := do(t, env, "doc.fill_template", params{"file": "contract.docx", "to": "out.docx", "data": data})
	if !value.Equal(out["missing"], []any{"last"}) && !value.Equal(out["missing"], []any{}) {
		t.Errorf("missing: got %v", out["missing"])
	}
	got := do(t, env, "doc.read_text", params{"file": "out.docx"})
	if !value.Equal(got["headers"], []any{"Header for Müller & <Söhne>"}) || !value.Equal(got["notes"], []any{"Note by Müller & <Söhne>."}) {
		t.Errorf("got %v, %v", got["headers"], got["notes"])
	}
	for _, want := range []string{
		"Contract 17\n", "Between Müller & <Söhne> and Ada\nLovelace.", "Box for Müller & <Söhne>\n", "Item 1: Tea,\nItem 2: Coffee\nfirst point",
		"Name\tQty\tPrice\nTea\t2\t12\nCoffee\t1\t4.5\nTotal\t\t99.5\n", "paid",
	} {
		if !strings.Contains(got["text"].(string), want) {
			t.Errorf("%q is missing in %q", want, got["text"])
		}
	}
	if strings.Contains(got["text"].(string), "{{") || strings.Contains(got["text"].(string), "open") {
		t.Errorf("something is left in %q", got["text"])
	}
	if info := do(t, env, "doc.info", params{"file": "out.docx"}); info["images"] != 1 {
		t.Errorf("got %v images", info["images"])
	}
	list := do(t, env, "doc.list_placeholders", params{"file": "contract.docx"})
	for _, want := range []any{"number", "company", "customer.name", "items", "signature", "paid", "total"} {
		if !slices.Contains(list["names"].([]any), want) {
			t.Errorf("%v is not listed in %v", want, list["names"])
		}
	}
	opens(t, env, "out.docx")
}

func TestTemplate(t *testing.T) {
	row := func(cells ...string) string {
		s := "<w:tr>"
		for _, c := range cells {
			s += "<w:tc>" + para(c) + "</w:tc>"
		}
		return s + "</w:tr>"
	}
	table := func(rows ...string) string { return "<w:tbl><w:tblPr/>" + strings.Join(rows, "") + "</w:tbl>" }
	list := []any{params{"a": 1}, params{"a": 2}}
	tests := []struct {
		name, body string
		data       params
		want       string // text, or "!" and a part of the failure
	}{
		{"split", para("x {", "{", "a", "}", "} y"), params{"a": "v"}, "x v y"},
		{"spaces", para("{{ a }}{{\u00a0a\u00a0}}"), params{"a": "v"}, "vv"},
		{"adjacent", para("{{a}}{{b}}{{a}}"), params{"a": 1, "b": true}, "1true1"},
		{"no tags", para("plain { } }}"), params{}, "plain { } }}"},
		{"unclosed", para("{{a"), params{"a": 1}, "{{a"},
		{"opened twice", para("{{ {{a}}"), params{"a": 1}, "{{ 1"},
		{"nil", para("[{{a}}]"), params{"a": nil}, "[]"},
		{"numbers", para("{{a}} {{b}}"), params{"a": 1.5, "b": 1e20}, "1.5 100000000000000000000"},
		{"list", para("{{a}}"), params{"a": []any{1, "x"}}, "1, x"},
		{"map fails", para("{{a}}"), params{"a": params{}}, "!a is a map"},
		{"list of maps fails", para("{{a}}"), params{"a": list}, "!list of maps"},
		{"missing fails", para("{{b}}"), params{"a": 1}, "!asks for b"},
		{"path", para("{{a.b.1.c}}"), params{"a": params{"b": []any{0, params{"c": "deep"}}}}, "deep"},
		{"key with dot", para("{{a.b}}"), params{"a.b": "flat"}, "flat"},
		{"xml in data", para("{{a}}"), params{"a": "<w:t>&amp;</w:t>\x00\x07"}, "<w:t>&amp;</w:t>"},
		{"placeholder in data", para("{{a}}"), params{"a": "{{b}}"}, "{{b}}"},
		{"breaks", para("{{a}}"), params{"a": "1\n2\t3\r\n4"}, "1\n2\t3\n4"},
		{"inline once", para("a{{#x}} {{v}}", "{{/x}} b"), params{"x": true, "v": "V"}, "a V b"},
		{"inline none", para("a{{#x}} {{v}}", "{{/x}} b"), params{"x": false}, "a b"},
		{"inline loop", para("{{#x}}{{a}};", "{{/x}}"), params{"x": list}, "1;2;"},
		{"inline nested", para("{{#x}}{{a}}{{^@last}}, {{/@last}}{{/x}}"), params{"x": list}, "1, 2"},
		{"scalars", para("{{#x}}<{{.}}>{{/x}}"), params{"x": []any{"a", "b"}}, "<a><b>"},
		{"outer in sight", para("{{#x}}{{a}}{{o}} {{/x}}"), params{"x": list, "o": "!"}, "1! 2!"},
		{"inverse of missing", para("{{^x}}none{{/x}}"), params{}, "none"},
		{"unopened", para("{{/x}}"), params{}, "!closes x"},
		{"unclosed section", para("{{#x}}"), params{"x": true}, "!opens x"},
		{"block", para("{{#x}}") + para("P{{a}}") + para("{{/x}}") + para("end"), params{"x": list}, "P1\nP2\nend"},
		{"block nested", para("{{#x}}") + para("{{#y}}") + para("{{a}}{{b}}") + para("{{/y}}") + para("{{/x}}"), params{"x": []any{params{"a": 1, "y": []any{params{"b": "p"}, params{"b": "q"}}}}}, "1p\n1q"},
		{"block of the same name nested", para("{{#x}}") + para("{{a}}") + para("{{#x}}") + para("in") + para("{{/x}}") + para("{{/x}}"), params{"x": params{"a": 1, "x": true}}, "1\nin"},
		{"block empty", para("a") + para("{{#x}}") + para("P") + para("{{/x}}"), params{"x": []any{}}, "a"},
		{"block with table", para("{{#x}}") + table(row("{{a}}")) + para("{{/x}}") + para("e"), params{"x": list}, "1\n2\ne"},
		{"comment", para("{{! a note }}") + para("a{{!b}}c"), params{}, "ac"},
		{"rows", table(row("h"), row("{{#x}}{{a}}{{/x}}"), row("f")), params{"x": []any{params{"a": 1}}}, "h\n1\nf"},
		{"rows repeat", table(row("{{#x}}{{a}}", "b{{/x}}")), params{"x": list}, "1\tb\n2\tb"},
		{"rows of two", table(row("{{#x}}{{a}}"), row("-{{/x}}"), row("f")), params{"x": list}, "1\n-\n2\n-\nf"},
		{"rows nested", table(row("{{#x}}{{a}}"), row("{{#y}}{{b}}", "c{{/y}}"), row("{{/x}}.")), params{"x": []any{params{"a": 1, "y": []any{params{"b": 2}, params{"b": 3}}}}}, "1\t\n2\tc\n3\tc\n.\t"},
		{"rows none", table(row("h"), row("{{#x}}{{a}}", "{{/x}}")), params{"x": []any{}}, "h"},
		{"no row left", table(row("{{#x}}{{a}}", "{{/x}}")) + para("e"), params{"x": []any{}}, "\ne"},
		{"row condition", table(row("{{#paid}}yes", "x{{/paid}}"), row("{{^paid}}no", "y{{/paid}}")), params{"paid": false}, "no\ty"},
		{"row unclosed", table(row("{{#x}}a", "b")), params{"x": true}, "!does not close it"},
		{"block in a cell", table("<w:tr><w:tc>" + para("{{#x}}") + para("{{a}}") + para("{{/x}}") + "</w:tc></w:tr>"), params{"x": list}, "1\n2"},
		{"block in a cell empty", table("<w:tr><w:tc>" + para("{{#x}}") + para("{{a}}") + para("{{/x}}") + "</w:tc><w:tc>" + para("z") + "</w:tc></w:tr>"), params{"x": nil}, "\tz"},
		{"content control", "<w:sdt><w:sdtContent>" + para("{{a}}") + "</w:sdtContent></w:sdt>", params{"a": "in"}, "in"},
		{"hyperlink", `<w:p><w:hyperlink><w:r><w:t>{{</w:t></w:r></w:hyperlink><w:r><w:t>a}}</w:t></w:r></w:p>`, params{"a": "in"}, "in"},
		{"deleted text", `<w:p><w:r><w:t>{{</w:t></w:r><w:del><w:r><w:delText>zzz</w:delText></w:r></w:del><w:ins><w:r><w:t>a}}</w:t></w:r></w:ins></w:p>`, params{"a": "in"}, "in"},
		{"over a tab", `<w:p><w:r><w:t>{{a</w:t><w:tab/><w:t>}} z</w:t></w:r></w:p>`, params{"a": "in"}, "in z"},
		{"picture missing", para("{{%p}}"), params{"p": "none.png"}, "!none.png does not exist"},
		{"picture outside", para("{{%p}}"), params{"p": "/etc/passwd"}, "!outside"},
		{"picture no picture", para("{{%p}}"), params{"p": "d.docx"}, "!not a PNG"},
		{"picture empty", para("a{{%p}}"), params{"p": ""}, "a"},
		{"picture of a number", para("{{%p}}"), params{"p": 1}, "!not a file"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			env, file := made(t, tt.body)
			in := params{"file": file, "to": "o.docx", "data": tt.data}
			if bad, ok := strings.CutPrefix(tt.want, "!"); ok {
				_, err := nodetest.Run(t, env, "doc.fill_template", in)
				if err == nil || !strings.Contains(err.Error(), bad) {
					t.Fatalf("got %v, want a failure with %q", err, bad)
				}
				return
			}
			do(t, env, "doc.fill_template", in)
			if got := textOf(t, env, "o.docx"); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestTemplateMissing(t *testing.T) {
	env, file := made(t, para("{{a}}|{{#b}}x{{/b}}|{{c.d}}"))
	out := do(t, env, "doc.fill_template", params{"file": file, "to": "o.docx", "data": params{}, "missing": "empty"})
	if got := textOf(t, env, "o.docx"); got != "||" || !value.Equal(out["missing"], []any{"a", "b", "c.d"}) {
		t.Errorf("got %q, %v", got, out["missing"])
	}
	do(t, env, "doc.fill_template", params{"file": file, "to": "o.docx", "data": params{}, "missing": "keep"})
	if got := textOf(t, env, "o.docx"); got != "{{a}}|{{#b}}x{{/b}}|{{c.d}}" {
		t.Errorf("got %q", got)
	}
	env, file = made(t, para("[[a]] {{b}} «a»"))
	do(t, env, "doc.fill_template", params{"file": file, "to": "o.docx", "data": params{"a": 1}, "delimiters": "[[ ]]"})
	if got := textOf(t, env, "o.docx"); got != "1 {{b}} «a»" {
		t.Errorf("got %q", got)
	}
	fails(t, env, "doc.fill_template", params{"file": file, "to": "o.docx", "data": params{}, "delimiters": "[["}, node.KindInput, "two delimiters")
}

// A placeholder is found however Word has cut it into runs, and only the text
// changes.
func TestTemplateHoweverCut(t *testing.T) {
	env := nodetest.Env(t)
	rapid.Check(t, func(rt *rapid.T) {
		parts := rapid.SliceOfN(rapid.SampledFrom([]string{"{{a}}", "{{b}}", "x", " ", "ü", "{", "}", "{{#t}}y{{/t}}", "<&>"}), 1, 12).Draw(rt, "parts")
		whole := strings.Join(parts, "")
		letters := []rune(whole)
		var runs []string
		for len(letters) > 0 {
			n := rapid.IntRange(1, len(letters)).Draw(rt, "cut")
			runs = append(runs, string(letters[:n]))
			letters = letters[n:]
		}
		// What one run gives is the measure for any other cut.
		write(t, env, "one.docx", []byte(sampleDocx(para(whole))))
		write(t, env, "many.docx", []byte(sampleDocx(para(runs...))))
		var got [2]string
		for i, n := range []string{"one.docx", "many.docx"} {
			if _, err := nodetest.Run(t, env, "doc.fill_template", params{"file": n, "to": "o.docx", "data": params{"a": "1", "b": "zwei", "t": true}, "missing": "keep"}); err != nil {
				got[i] = err.Error()
				continue
			}
			got[i] = textOf(t, env, "o.docx")
		}
		if strings.ReplaceAll(got[0], "one.docx", "") != strings.ReplaceAll(got[1], "many.docx", "") {
			rt.Fatalf("%q cut into %q: got %q, want %q", whole, runs, got[1], got[0])
		}
	})
}

func TestReplace(t *testing.T) {
	tests := []struct {
		name, body string
		in         params
		want       string
		count      int
	}{
		{"in pieces", para("Hel", "lo W", "orld"), params{"find": "lo wor", "replace": "X"}, "HelXld", 1},
		{"case", para("a A"), params{"find": "A", "replace": "b", "match_case": true}, "a b", 1},
		{"first", para("a a") + para("a"), params{"find": "a", "replace": "b", "first_only": true}, "b a\na", 1},
		{"all", para("a a") + para("a"), params{"find": "a", "replace": "bb"}, "bb bb\nbb", 3},
		{"word", para("cat cats concat cat."), params{"find": "cat", "replace": "dog", "whole_word": true}, "dog cats concat dog.", 2},
		{"word with umlaut", para("über übergabe"), params{"find": "über", "replace": "x", "whole_word": true}, "x übergabe", 1},
		{"nothing", para("abc"), params{"find": "x", "replace": "y"}, "abc", 0},
		{"remove", para("a", "b", "c"), params{"find": "abc"}, "", 1},
		{"hard blank", para("5\u00a0EUR"), params{"find": "5 EUR", "replace": "6"}, "6", 1},
		{"special letters", para("a.c abc (x)"), params{"find": "a.c", "replace": "$1"}, "$1 abc (x)", 1},
		{"regex", para("No. 12", "34"), params{"find": `No\. (\d+)`, "replace": "#$1", "regex": true}, "#1234", 1},
		{"several", para("a b"), params{"replacements": []any{params{"find": "a", "replace": "b"}, params{"find": "b", "replace": "c"}}}, "c c", 3},
		{"line", para("a"), params{"find": "a", "replace": "1\n2"}, "1\n2", 1},
		{"over a break", `<w:p><w:r><w:t>a</w:t><w:br/><w:t>b</w:t></w:r></w:p>`, params{"find": "a\nb", "replace": "c"}, "c", 1},
		{"only a tab", `<w:p><w:r><w:t>a</w:t><w:tab/></w:r></w:p>`, params{"find": "\t", "replace": ";"}, "a;", 1},
		{"tab alone", `<w:p><w:r><w:tab/></w:r></w:p>`, params{"find": "\t", "replace": ";"}, ";", 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			env, file := made(t, tt.body)
			tt.in["file"], tt.in["to"] = file, "o.docx"
			out := do(t, env, "doc.replace_text", tt.in)
			if got := textOf(t, env, "o.docx"); got != tt.want || out["count"] != tt.count {
				t.Errorf("got %q, %v times, want %q, %d times", got, out["count"], tt.want, tt.count)
			}
		})
	}
	env := folder(t)
	out := do(t, env, "doc.replace_text", params{"file": "contract.docx", "find": "{{company}}", "replace": "ACME"})
	if out["count"] != 5 { // text, box, header, footer, footnote
		t.Errorf("got %v places, want 5", out["count"])
	}
	fails(t, env, "doc.replace_text", params{"file": "contract.docx", "find": "(", "regex": true}, node.KindInput, "not a regular expression")
	fails(t, env, "doc.replace_text", params{"file": "contract.docx"}, node.KindInput, "nothing to find")
}

// entries returns the parts of a zip file as they are stored, packed.
func entries(t *testing.T, b []byte) map[string][]byte {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	out := map[string][]byte{}
	for _, f := range z.File {
		r, err := f.OpenRaw()
		if err != nil {
			t.Fatal(err)
		}
		if out[f.Name], err = io.ReadAll(r); err != nil {
			t.Fatal(err)
		}
	}
	return out
}

func TestUntouchedPartsStay(t *testing.T) {
	env := folder(t)
	do(t, env, "doc.replace_text", params{"file": "contract.docx", "find": "first point", "replace": "1st", "to": "o.docx"})
	before, after := entries(t, read(t, env, "contract.docx")), entries(t, read(t, env, "o.docx"))
	if len(before) != len(after) {
		t.Errorf("got %d parts, want %d", len(after), len(before))
	}
	for name, b := range before {
		if name != "word/document.xml" && !bytes.Equal(b, after[name]) {
			t.Errorf("%s was changed", name)
		}
	}
	// Inside the part, only the text differs.
	part := func(file string) string {
		b := read(t, env, file)
		d, err := docx.Open(bytes.NewReader(b), int64(len(b)), docx.Limits{Part: 1 << 26, Total: 1 << 26})
		if err != nil {
			t.Fatal(err)
		}
		p, err := d.Part("word/document.xml")
		if err != nil {
			t.Fatal(err)
		}
		return string(p)
	}
	want := strings.Replace(part("contract.docx"), "<w:t>first point</w:t>", `<w:t xml:space="preserve">1st</w:t>`, 1)
	if got := part("o.docx"); got != want {
		t.Error("more than the text was changed")
	}
}
