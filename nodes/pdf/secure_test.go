package pdf

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pdfcpu/pdfcpu/pkg/api"
	"github.com/pdfcpu/pdfcpu/pkg/pdfcpu/model"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/node/nodetest"
	"github.com/aether-rpa/aether/value"
)

// bookmarked merges files the way that gives each a bookmark.
func bookmarked(t *testing.T, env *node.Env, names ...string) []byte {
	t.Helper()
	var paths []string
	for _, n := range names {
		paths = append(paths, filepath.Join(env.Files.Dirs()[0], n))
	}
	var b bytes.Buffer
	if err := api.Merge("", paths, &b, model.NewDefaultConfiguration(), false); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestEncryption(t *testing.T) {
	env := nodetest.Env(t)
	book(t, env, "b.pdf", 2)
	for _, strength := range []string{"aes256", "aes128", "rc4_128"} {
		t.Run(strength, func(t *testing.T) {
			do(t, env, "pdf.encrypt", params{"file": "b.pdf", "user_password": "öffne", "owner_password": "besitz", "allow": []any{"print", "copy"}, "strength": strength, "to": "e.pdf"})
			verify(t, env, "e.pdf", "--password=öffne")
			info := do(t, env, "pdf.info", params{"file": "e.pdf"})
			if info["locked"] != true || info["encrypted"] != true || info["page_count"] != 0 {
				t.Errorf("without a password: got %v", info)
			}
			info = do(t, env, "pdf.info", params{"file": "e.pdf", "password": "öffne"})
			if info["locked"] != false || info["encrypted"] != true || info["page_count"] != 2 || !value.Equal(info["permissions"], []any{"print", "copy"}) {
				t.Errorf("with the password: got %v", info)
			}
			fails(t, env, "pdf.read_text", params{"file": "e.pdf"}, node.KindDenied, "needs a password")
			fails(t, env, "pdf.read_text", params{"file": "e.pdf", "password": "wrong-secret"}, node.KindDenied, "does not open")
			fails(t, env, "pdf.split", params{"file": "e.pdf", "folder": "o"}, node.KindDenied, "needs a password")
			fails(t, env, "pdf.merge", params{"files": []any{"b.pdf", "e.pdf"}, "to": "x.pdf"}, node.KindDenied, "e.pdf is encrypted")
			for _, pw := range []string{"öffne", "besitz"} {
				out := do(t, env, "pdf.read_text", params{"file": "e.pdf", "password": pw})
				if out["encrypted"] != true || !strings.Contains(out["text"].(string), "page 2") {
					t.Errorf("got %v", out)
				}
			}
			do(t, env, "pdf.merge", params{"files": []any{"b.pdf"}, "parts": []any{params{"file": "e.pdf", "password": "besitz"}, params{"file": "e.pdf", "password": "besitz", "pages": "2"}}, "to": "m.pdf"})
			verify(t, env, "m.pdf")
			if got := strings.Join(pagesText(t, env, "m.pdf"), " "); got != "1 2 1 2 2" {
				t.Errorf("got %q", got)
			}
			do(t, env, "pdf.set_permissions", params{"file": "e.pdf", "password": "besitz", "user_password": "öffne", "allow": []any{}, "to": "p.pdf"})
			if info := do(t, env, "pdf.info", params{"file": "p.pdf", "password": "öffne"}); !value.Equal(info["permissions"], []any{}) {
				t.Errorf("got %v", info["permissions"])
			}
			do(t, env, "pdf.decrypt", params{"file": "e.pdf", "password": "öffne", "to": "d.pdf"})
			verify(t, env, "d.pdf")
			if info := do(t, env, "pdf.info", params{"file": "d.pdf"}); info["encrypted"] != false || info["page_count"] != 2 {
				t.Errorf("got %v", info)
			}
		})
	}
	fails(t, env, "pdf.decrypt", params{"file": "b.pdf", "to": "x.pdf"}, node.KindInput, "not encrypted")
	fails(t, env, "pdf.encrypt", params{"file": "b.pdf", "to": "x.pdf"}, node.KindInput, "no password")
	// Only permissions: anybody can open it.
	do(t, env, "pdf.encrypt", params{"file": "b.pdf", "owner_password": "besitz", "allow": []any{"print"}, "to": "o.pdf"})
	if got := do(t, env, "pdf.read_text", params{"file": "o.pdf"}); got["encrypted"] != true || got["page_count"] != 2 {
		t.Errorf("got %v", got)
	}
	if info := do(t, env, "pdf.info", params{"file": "o.pdf"}); info["locked"] != false || info["encrypted"] != true {
		t.Errorf("got %v", info)
	}
	// Encrypting once more, in place, with other passwords.
	do(t, env, "pdf.encrypt", params{"file": "o.pdf", "password": "besitz", "user_password": "neu"})
	if info := do(t, env, "pdf.info", params{"file": "o.pdf", "password": "neu"}); info["page_count"] != 2 {
		t.Errorf("got %v", info)
	}
}

func TestForm(t *testing.T) {
	env := folder(t, map[string]string{"form.pdf": formPDF, "hello.pdf": helloPDF})
	do(t, env, "pdf.fill_form", params{"file": "form.pdf", "values": params{"name": "Müller & Söhne", "agree": "yes"}, "to": "f.pdf"})
	verify(t, env, "f.pdf")
	got := do(t, env, "pdf.read_form", params{"file": "f.pdf"})
	if !value.Equal(got["values"], params{"name": "Müller & Söhne", "agree": true}) {
		t.Errorf("got %v", got["values"])
	}
	do(t, env, "pdf.fill_form", params{"file": "f.pdf", "values": params{"agree": false}})
	if got := do(t, env, "pdf.read_form", params{"file": "f.pdf"}); !value.Equal(got["values"], params{"name": "Müller & Söhne", "agree": false}) {
		t.Errorf("got %v", got["values"])
	}
	do(t, env, "pdf.fill_form", params{"file": "form.pdf", "values": params{"name": "Ada", "agree": true}, "finish": "lock", "to": "l.pdf"})
	for _, f := range do(t, env, "pdf.read_form", params{"file": "l.pdf"})["fields"].([]any) {
		if f.(params)["locked"] != true {
			t.Errorf("%v is not locked", f)
		}
	}
	do(t, env, "pdf.fill_form", params{"file": "form.pdf", "values": params{"name": "Ada", "agree": true}, "finish": "flatten", "to": "flat.pdf"})
	verify(t, env, "flat.pdf")
	if got := do(t, env, "pdf.read_form", params{"file": "flat.pdf"}); got["count"] != 0 {
		t.Errorf("got %v, want no fields", got)
	}
	if got := do(t, env, "pdf.read_text", params{"file": "flat.pdf"})["text"].(string); !strings.Contains(got, "Ada") {
		t.Errorf("got %q, want the name on the page", got)
	}
	out := do(t, env, "pdf.fill_form", params{"file": "form.pdf", "values": params{"nobody": 1, "name": 12}, "unknown": "ignore", "to": "i.pdf"})
	if out["filled"] != 1 || !value.Equal(out["unknown"], []any{"nobody"}) {
		t.Errorf("got %v", out)
	}
	fails(t, env, "pdf.fill_form", params{"file": "form.pdf", "values": params{"nobody": 1}, "to": "x.pdf"}, node.KindInput, "the fields are name, agree")
	fails(t, env, "pdf.fill_form", params{"file": "form.pdf", "values": params{"agree": "perhaps"}, "to": "x.pdf"}, node.KindInput, "check box")
	fails(t, env, "pdf.fill_form", params{"file": "form.pdf", "values": params{"name": "日本"}, "to": "x.pdf"}, node.KindInput, "the font has no letter")
	fails(t, env, "pdf.fill_form", params{"file": "hello.pdf", "values": params{"a": 1}, "to": "x.pdf"}, node.KindInput, "no form fields")
	if got := do(t, env, "pdf.read_form", params{"file": "hello.pdf"}); got["count"] != 0 {
		t.Errorf("got %v", got)
	}
}

func TestSecretsStayHidden(t *testing.T) {
	env := folder(t, map[string]string{"hello.pdf": helloPDF})
	do(t, env, "pdf.encrypt", params{"file": "hello.pdf", "user_password": "planted-secret", "to": "e.pdf"})
	for _, typ := range []string{"pdf.read_text", "pdf.read_form", "pdf.read_tables"} {
		_, err := nodetest.Run(t, env, typ, params{"file": "e.pdf", "password": "planted-wrong"})
		if err == nil || strings.Contains(err.Error(), "planted") {
			t.Errorf("%s: got %v", typ, err)
		}
	}
	b, err := os.ReadFile(filepath.Join(env.Files.Dirs()[0], "e.pdf"))
	if err != nil || bytes.Contains(b, []byte("planted")) {
		t.Error("the password is in the file")
	}
}
