package doc

import (
	"context"
	"errors"
	"os/exec"
	"strings"
	"testing"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/value"
)

// opens has LibreOffice open a document, where it is installed, and returns its
// text as LibreOffice sees it.
func opens(t *testing.T, env *node.Env, name string) string {
	t.Helper()
	if _, err := exec.LookPath("soffice"); err != nil {
		t.Log("not opened: LibreOffice is not installed")
		return ""
	}
	do(t, env, "doc.convert", params{"file": name, "to": "opened.txt"})
	return strings.ReplaceAll(string(read(t, env, "opened.txt")), "\r\n", "\n")
}

func TestCreate(t *testing.T) {
	env := folder(t)
	blocks := []any{
		params{"kind": "heading", "text": "Bericht <1> & 2"},
		params{"kind": "heading", "text": "Teil", "level": 2},
		params{"text": "Zeile 1\nZeile 2\tTab", "bold": true, "italic": true, "color": "#ff0000", "size": 14, "align": "justify"},
		params{"kind": "list", "items": []any{"eins", "\ttiefer", "zwei"}},
		params{"kind": "numbers", "items": []any{"a", "b"}},
		params{"kind": "numbers", "items": []any{"wieder eins"}},
		params{"kind": "table", "rows": []any{params{"x": 1, "y": "zwei\ndrei"}, params{"x": nil, "y": []any{1, 2}}}, "columns": []any{"y", "x"}},
		params{"kind": "image", "file": "dot.png", "width": 3, "alt": `a "dot"`, "align": "center"},
		params{"kind": "page_break"},
		params{"text": "Ende", "style": "Title"},
	}
	do(t, env, "doc.create", params{"to": "o.docx", "blocks": blocks, "title": "Tïtle", "author": "Ada", "header": "Kopf", "footer": "Seite {page} von {pages}", "orientation": "landscape", "page_size": "A5"})
	out := do(t, env, "doc.read_text", params{"file": "o.docx"})
	want := "Bericht <1> & 2\nTeil\nZeile 1\nZeile 2\tTab\neins\ntiefer\nzwei\na\nb\nwieder eins\ny\tx\nzwei\ndrei\t1\n1, 2\t\n\n\n\nEnde"
	if out["text"] != want || !value.Equal(out["headers"], []any{"Kopf"}) || !value.Equal(out["footers"], []any{"Seite 1 von 1"}) {
		t.Errorf("got %q, %v, %v", out["text"], out["headers"], out["footers"])
	}
	info := do(t, env, "doc.info", params{"file": "o.docx"})
	if info["title"] != "Tïtle" || info["author"] != "Ada" || info["images"] != 1 || info["tables"] != 1 {
		t.Errorf("got %v", info)
	}
	if got := opens(t, env, "o.docx"); got != "" && (!strings.Contains(got, "Bericht <1> & 2\n") || !strings.Contains(got, "1. wieder eins")) {
		t.Errorf("LibreOffice sees %q", got)
	}
	fails(t, env, "doc.create", params{"to": "x.docx", "blocks": []any{params{"text": "a", "style": "Nope"}}}, node.KindInput, "no style")
	fails(t, env, "doc.create", params{"to": "x.docx", "blocks": []any{params{"kind": "table", "rows": []any{1}}}}, node.KindInput, "not a map")
	fails(t, env, "doc.create", params{"to": "x.docx", "blocks": []any{params{"kind": "image"}}}, node.KindInput, "without a file")
	fails(t, env, "doc.create", params{"to": "x.docx", "blocks": []any{}}, node.KindInput, "nothing to write")
	fails(t, env, "doc.create", params{"to": "x.docx", "blocks": []any{params{"text": "a", "color": "red"}}}, node.KindInput, "not a colour")
}

func TestInsert(t *testing.T) {
	tests := []struct {
		in   params
		want string
	}{
		{params{}, "one\ntwo\nNEW"},
		{params{"at": "start"}, "NEW\none\ntwo"},
		{params{"at": "before", "text": "two"}, "one\nNEW\ntwo"},
		{params{"at": "after", "text": "on"}, "one\nNEW\ntwo"},
		{params{"at": "replace", "text": "one"}, "NEW\ntwo"},
		{params{"at": "after", "bookmark": "here"}, "one\ntwo\nNEW"},
	}
	for _, tt := range tests {
		env, file := made(t, para("one")+`<w:p><w:bookmarkStart w:id="0" w:name="here"/><w:r><w:t>two</w:t></w:r><w:bookmarkEnd w:id="0"/></w:p>`)
		tt.in["file"], tt.in["to"], tt.in["blocks"] = file, "o.docx", []any{params{"text": "NEW"}}
		do(t, env, "doc.insert", tt.in)
		if got := textOf(t, env, "o.docx"); got != tt.want {
			t.Errorf("%v: got %q, want %q", tt.in, got, tt.want)
		}
	}
	env := folder(t)
	blocks := []any{params{"kind": "heading", "text": "Added"}, params{"kind": "list", "items": []any{"p"}}, params{"kind": "numbers", "items": []any{"q"}}, params{"kind": "image", "file": "dot.png"}, params{"kind": "table", "rows": []any{params{"k": "v"}}}}
	do(t, env, "doc.insert", params{"file": "contract.docx", "blocks": blocks, "at": "after", "text": "second point"})
	if got := textOf(t, env, "contract.docx"); !strings.Contains(got, "second point\nAdded\np\nq\n") {
		t.Errorf("got %q", got)
	}
	if got := opens(t, env, "contract.docx"); got != "" && !strings.Contains(got, "1. q") {
		t.Errorf("LibreOffice sees %q", got)
	}
	fails(t, env, "doc.insert", params{"file": "letter.docx", "blocks": blocks, "at": "after", "text": "not there"}, node.KindNotFound, "no paragraph")
	fails(t, env, "doc.insert", params{"file": "letter.docx", "blocks": blocks, "at": "after", "bookmark": "b"}, node.KindNotFound, "no bookmark")
	fails(t, env, "doc.insert", params{"file": "letter.docx", "blocks": blocks, "at": "after"}, node.KindInput, "exactly one")
}

func TestProperties(t *testing.T) {
	env := folder(t)
	for _, f := range []string{"letter.docx", "contract.docx"} {
		do(t, env, "doc.set_properties", params{"file": f, "title": "A & B", "keywords": "x, y"})
		do(t, env, "doc.set_properties", params{"file": f, "title": "C"})
		if got := do(t, env, "doc.info", params{"file": f}); got["title"] != "C" || got["keywords"] != "x, y" {
			t.Errorf("%s: got %v", f, got)
		}
	}
	fails(t, env, "doc.set_properties", params{"file": "letter.docx"}, node.KindInput, "no property")
}

func TestConvert(t *testing.T) {
	env := folder(t)
	fails(t, env, "doc.to_pdf", params{"file": "letter.docx", "program": "no-such-office"}, node.KindNotFound, "apt-get install")
	fails(t, env, "doc.to_pdf", params{"file": "none.docx"}, node.KindNotFound, "does not exist")
	fails(t, env, "doc.convert", params{"file": "letter.docx", "to": "x.exe"}, node.KindInput, "not a format")
	fails(t, env, "doc.convert", params{"file": "letter.docx", "to": "x"}, node.KindInput, "not a format")
	if _, err := exec.LookPath("soffice"); err != nil {
		t.Skip("LibreOffice is not installed")
	}
	out := do(t, env, "doc.to_pdf", params{"file": "letter.docx"})
	if b := read(t, env, "letter.pdf"); !strings.HasPrefix(string(b), "%PDF-") || out["size"] != len(b) || out["file"] != "letter.pdf" {
		t.Errorf("got %v", out)
	}
	write(t, env, "page.html", []byte(`<html><head><meta charset="utf-8"></head><body><h1>Über</h1><p>text</p><img src="http://127.0.0.1:1/x.png"></body></html>`))
	do(t, env, "doc.convert", params{"file": "page.html", "to": "page.docx"})
	if got := textOf(t, env, "page.docx"); !strings.Contains(got, "Über\ntext") {
		t.Errorf("got %q", got)
	}
	do(t, env, "doc.convert", params{"file": "page.docx", "to": "page.odt"})
	do(t, env, "doc.convert", params{"file": "page.odt", "to": "old.doc"})
	fails(t, env, "doc.read_text", params{"file": "old.doc"}, node.KindInput, "old .doc")
	fails(t, env, "doc.read_text", params{"file": "page.odt"}, node.KindInput, "convert it")
	do(t, env, "doc.convert", params{"file": "old.doc", "to": "new.docx"})
	if got := textOf(t, env, "new.docx"); !strings.Contains(got, "Über\ntext") {
		t.Errorf("got %q", got)
	}
}

func TestCancel(t *testing.T) {
	env := folder(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := replaceText(ctx, env, replaceIn{source: source{File: "contract.docx", MaxSize: 1 << 26}, Find: "x", where: where{Body: true}, target: target{To: "o.docx"}})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}
