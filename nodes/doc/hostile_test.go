package doc

import (
	"archive/zip"
	"bytes"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/node/nodetest"
	"github.com/aether-rpa/aether/nodes/doc/docx"
)

// rebuilt returns the sample with parts replaced or added.
func rebuilt(t testing.TB, parts map[string]string) []byte {
	t.Helper()
	z, err := zip.NewReader(strings.NewReader(letterDocx), int64(len(letterDocx)))
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, f := range z.File {
		if _, replaced := parts[f.Name]; !replaced {
			if err := w.Copy(f); err != nil {
				t.Fatal(err)
			}
		}
	}
	for name, content := range parts {
		pw, err := w.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = pw.Write([]byte(content))
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

const wordSpace = `xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"`

func documentXML(body string) string {
	return `<w:document ` + wordSpace + `><w:body>` + body + `</w:body></w:document>`
}

func TestHostileDocuments(t *testing.T) {
	laughs := `<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>` + documentXML("<w:p><w:r><w:t>&b;</w:t></w:r></w:p>")
	external := `<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>` + documentXML("<w:p><w:r><w:t>&e;</w:t></w:r></w:p>")
	good := []byte(letterDocx)
	tests := []struct {
		name, want string
		b          []byte
	}{
		{"empty", "not a Word document", nil},
		{"text", "not a Word document", []byte("hello")},
		{"cut", "not a Word document", good[:len(good)/2]},
		{"zip of nothing", "not a Word document", zipOf(t)},
		{"old doc", "old .doc", []byte("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1and more")},
		{"spreadsheet", "not a Word document", rebuilt(t, map[string]string{"word/document.xml": `<x:workbook xmlns:x="y"/>`})},
		{"entities", "document type", rebuilt(t, map[string]string{"word/document.xml": laughs})},
		{"external entity", "document type", rebuilt(t, map[string]string{"word/document.xml": external})},
		{"bomb", "max_size", rebuilt(t, map[string]string{"word/document.xml": documentXML(strings.Repeat(" ", 64<<20))})},
		{"deep", "nested deeper", rebuilt(t, map[string]string{"word/document.xml": documentXML(strings.Repeat("<w:p>", 5000) + strings.Repeat("</w:p>", 5000))})},
		{"not closed", "not closed", rebuilt(t, map[string]string{"word/document.xml": `<w:document ` + wordSpace + `><w:body>`})},
		{"crossed", "do not match", rebuilt(t, map[string]string{"word/document.xml": documentXML("<w:p><w:r></w:p></w:r>")})},
		{"not utf-8", "UTF-8", rebuilt(t, map[string]string{"word/document.xml": documentXML("<w:p>\xff</w:p>")})},
		{"twice", "twice", rebuilt(t, map[string]string{"WORD/document.XML": "<a/>"})},
		{"no body", "not a Word document", rebuilt(t, map[string]string{"word/document.xml": `<w:document ` + wordSpace + `/>`})},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			env := nodetest.Env(t)
			write(t, env, "h.docx", tt.b)
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			for _, typ := range []string{"doc.read_text", "doc.read_tables", "doc.info", "doc.list_placeholders"} {
				fails(t, env, typ, params{"file": "h.docx", "max_size": 8 << 20}, node.KindInput, tt.want)
			}
			fails(t, env, "doc.fill_template", params{"file": "h.docx", "to": "o.docx", "data": params{}, "max_size": 8 << 20}, node.KindInput, tt.want)
			runtime.ReadMemStats(&after)
			if grown := after.TotalAlloc - before.TotalAlloc; grown > 1<<30 {
				t.Errorf("it took %d MiB", grown>>20)
			}
			if _, err := env.Files.Stat("o.docx"); err == nil {
				t.Error("a failed node left a file")
			}
		})
	}
}

func zipOf(t testing.TB) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := zip.NewWriter(&b).Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestOddDocuments(t *testing.T) {
	utf16 := func(s string) string {
		b := []byte{0xFF, 0xFE}
		for _, r := range s {
			b = append(b, byte(r), byte(r>>8))
		}
		return string(b)
	}
	body := `<w:p><w:r><w:t>Gr\u00fc\u00dfe {{a}}</w:t></w:r></w:p>`
	body = strings.NewReplacer(`\u00fc`, "ü", `\u00df`, "ß").Replace(body)
	tests := map[string]string{
		"byte order mark": "\xef\xbb\xbf" + documentXML(body),
		"utf-16":          utf16(`<?xml version="1.0" encoding="UTF-16"?>` + documentXML(body)),
		"other prefix":    strings.ReplaceAll(strings.ReplaceAll(documentXML(body), "w:", "ns0:"), "xmlns:w=", "xmlns:ns0="),
		"strict":          strings.ReplaceAll(documentXML(body), "http://schemas.openxmlformats.org/wordprocessingml/2006/main", "http://purl.oclc.org/ooxml/wordprocessingml/main"),
		"cdata":           documentXML(`<w:p><w:r><w:t><![CDATA[Grüße {{a}}]]></w:t></w:r></w:p>`),
		"references":      documentXML(`<w:p><w:r><w:t>Gr&#252;&#xDF;e &#123;{a}}</w:t></w:r></w:p>`),
		"comments":        documentXML(`<!-- <w:p> -->` + body + `<?pi x?>`),
		"no section":      documentXML(body),
	}
	for name, xml := range tests {
		t.Run(name, func(t *testing.T) {
			env := nodetest.Env(t)
			write(t, env, "h.docx", rebuilt(t, map[string]string{"word/document.xml": xml}))
			do(t, env, "doc.fill_template", params{"file": "h.docx", "to": "o.docx", "data": params{"a": "<1>\n2"}})
			do(t, env, "doc.insert", params{"file": "o.docx", "blocks": []any{params{"text": "end", "bold": true}}})
			if got := textOf(t, env, "o.docx"); got != "Grüße <1>\n2\nend" {
				t.Errorf("got %q", got)
			}
		})
	}
}

// TestMutated damages the text of a document and the file around it: every node
// must end with a result or a failure.
func TestMutated(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	env := folder(t)
	xml := documentXML(strings.Repeat(`<w:tbl><w:tr><w:tc><w:tcPr><w:gridSpan w:val="2"/><w:vMerge/></w:tcPr><w:p><w:r><w:t>{{#x}}{{a}}</w:t></w:r></w:p></w:tc><w:tc><w:p><w:pPr><w:numPr><w:ilvl w:val="1"/></w:numPr></w:pPr><w:r><w:tab/><w:t>b{{/x}}</w:t></w:r></w:p></w:tc></w:tr></w:tbl><w:p/>`, 2))
	ok := 0
	for i := range 300 {
		b := []byte(xml)
		for range 1 + r.IntN(3) {
			at := r.IntN(len(b))
			switch r.IntN(4) {
			case 0:
				b[at] = byte(r.Uint32())
			case 1:
				b = slices.Delete(b, at, min(at+r.IntN(20), len(b)))
			case 2:
				b = slices.Insert(b, at, []byte(`<>/"&9`[r.IntN(6):])...)
			case 3:
				b = bytes.Replace(b, []byte(`"2"`), []byte(`"999999999999"`), 1)
			}
		}
		file := rebuilt(t, map[string]string{"word/document.xml": string(b)})
		if i%5 == 0 {
			at := r.IntN(len(file))
			file[at] ^= 0xFF
		}
		write(t, env, "m.docx", file)
		for typ, in := range map[string]params{
			"doc.read_text": {}, "doc.read_tables": {"fill_merged": true}, "doc.info": {},
			"doc.fill_template": {"to": "o.docx", "data": params{"x": []any{params{"a": 1}, params{"a": 2}}}, "missing": "empty"},
			"doc.replace_text":  {"to": "o.docx", "find": "b", "replace": "c"},
			"doc.insert":        {"to": "o.docx", "blocks": []any{params{"text": "x"}}},
		} {
			in["file"] = "m.docx"
			_, err := nodetest.Run(t, env, typ, in)
			if err == nil {
				ok++
			} else if f := node.AsFailure(err); f.Kind != node.KindInput || strings.Contains(f.Message, "runtime error") {
				t.Errorf("%s, copy %d: got %s: %v", typ, i, f.Kind, f)
			}
		}
	}
	if ok == 0 || ok == 300*6 {
		t.Errorf("%d of %d runs succeeded: the damage tests nothing", ok, 300*6)
	}
}

func TestLoopsAreBounded(t *testing.T) {
	env, file := made(t, para("{{#a}}")+para("{{#b}}")+para("{{#c}}")+para("x")+para("{{/c}}")+para("{{/b}}")+para("{{/a}}"))
	list := make([]any, 300)
	for i := range list {
		list[i] = i
	}
	fails(t, env, "doc.fill_template", params{"file": file, "to": "o.docx", "data": params{"a": list, "b": list, "c": list}}, node.KindInput, "more than")
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(documentXML(`<w:p><w:r><w:t xml:space="preserve">a &amp; b</w:t><w:br/></w:r></w:p><!-- c --><?pi?>`)))
	f.Add([]byte("\xff\xfe<\x00a\x00/\x00>\x00"))
	f.Fuzz(func(t *testing.T, b []byte) {
		n, err := docx.Parse(b)
		if err != nil {
			return
		}
		again, err := docx.Parse(n.Bytes())
		if err != nil || !bytes.Equal(again.Bytes(), n.Bytes()) {
			t.Errorf("%q is not read as it was written: %v", n.Bytes(), err)
		}
		for _, p := range n.All("w:p") {
			spans := docx.Spans(p)
			text := docx.Join(spans)
			if err := docx.Apply(p, spans, []docx.Edit{{From: 0, To: len(text), Insert: "new"}}, nil); err != nil {
				continue
			}
			if got := docx.ParagraphText(p); got != "new" {
				t.Errorf("%q became %q", text, got)
			}
		}
	})
}

func FuzzTemplate(f *testing.F) {
	f.Add("{{#x}}{{a}}{{/x}}", "{{%p}}{{! c }}")
	f.Add("{{#x}}", "{{/x}}{{^y}}z{{/y}}")
	env := nodetest.Env(f)
	dir := f.TempDir()
	env.TempDir = func() (string, error) { return dir, nil }
	f.Fuzz(func(t *testing.T, a, b string) {
		write(t, env, "t.docx", []byte(sampleDocx(para(a)+"<w:tbl><w:tr><w:tc>"+para(b)+"</w:tc><w:tc>"+para(a)+"</w:tc></w:tr></w:tbl>"+para(b, a))))
		_, err := nodetest.Run(t, env, "doc.fill_template", params{"file": "t.docx", "to": "o.docx", "data": params{"x": []any{params{"a": 1}, 2}, "p": "none.png"}, "missing": "empty"})
		if err != nil && strings.Contains(err.Error(), "runtime error") {
			t.Error(err)
		}
		if err == nil {
			textOf(t, env, "o.docx")
		}
	})
}
