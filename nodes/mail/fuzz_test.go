package mail

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/aether-rpa/aether/value"
)

func FuzzParse(f *testing.F) {
	files, err := filepath.Glob("testdata/*.eml")
	if err != nil || len(files) == 0 {
		f.Fatal(files, err)
	}
	for _, name := range files {
		b, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(b))
	}
	f.Add(sampleMail)
	f.Fuzz(func(t *testing.T, raw string) {
		for _, keep := range []bool{false, true} {
			p := newParser(t.Context(), 1<<16)
			if keep {
				p.save = func(_ *attachment, r io.Reader) error {
					_, err := io.Copy(io.Discard, r)
					return err
				}
			}
			m, err := p.parse(strings.NewReader(raw))
			if err != nil {
				t.Fatalf("it failed: %v", err)
			}
			v, err := toMap(*m)
			if err != nil {
				t.Fatal(err)
			}
			b, err := value.JSON(v)
			if err != nil || !utf8.Valid(b) {
				t.Fatalf("not a value: %v", err)
			}
			if !utf8.ValidString(m.Text + m.HTML + m.Subject + m.From.Name) {
				t.Fatal("not UTF-8")
			}
			for _, a := range m.Attachments {
				if a.Name == "" || strings.ContainsAny(a.Name, "/\\\x00\n") || a.Name == ".." {
					t.Fatalf("file name %q", a.Name)
				}
			}
		}
	})
}

func FuzzCriteria(f *testing.F) {
	for _, s := range []string{`UNSEEN FROM "bank"`, `OR (A) NOT B`, `UID 1:*,3 SINCE 1-May-2026`, `((((`, `HEADER X "a\"b"`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if c, err := parseCriteria(s); (c == nil) == (err == nil) {
			t.Fatalf("%v %v", c, err)
		}
	})
}

func FuzzHeaders(f *testing.F) {
	for _, s := range []string{`"a" <b@c>, d (e)`, "=?utf-8?Q?=C3?=", `a; b*0*=utf-8''%c3; b*1="x"`, "Mon, 4 May 2026 11:30:00 +0200", "+AOQ-", "<p>a<a href=https://x>b</a>"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for _, a := range parseAddresses(s) {
			if !utf8.ValidString(a.Name + a.Address) {
				t.Fatalf("%q", a)
			}
		}
		for _, v := range []string{decodeWords(s), utf7(s), htmlText(strings.ToValidUTF8(s, "")), cleanName(s)} {
			if !utf8.ValidString(v) {
				t.Fatalf("%q", v)
			}
		}
		for _, v := range parseField(s).params {
			if !utf8.ValidString(v) {
				t.Fatalf("%q", v)
			}
		}
		parseDate(s)
		if _, err := recipients("to", []string{s}); err == nil {
			for _, a := range []string{encodeAddresses([]address{{s, "a@example.com"}}), encodeText(s)} {
				if oneLine("x", s) == nil && strings.ContainsAny(a, "\r\n") {
					t.Fatalf("%q", a)
				}
			}
		}
	})
}
