package file

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"

	"pgregory.net/rapid"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/node/nodetest"
	"github.com/aether-rpa/aether/value"
)

func TestReadTextEncodings(t *testing.T) {
	tests := []struct {
		name, content, encoding string
		want, as                string
		bom                     bool
	}{
		{"empty", "", "auto", "", "utf-8", false},
		{"UTF-8", "ü", "auto", "ü", "utf-8", false},
		{"UTF-8 with mark", "\xef\xbb\xbfü", "auto", "ü", "utf-8", true},
		{"mark only", "\xef\xbb\xbf", "auto", "", "utf-8", true},
		{"UTF-8 with mark, said so", "\xef\xbb\xbfü", "utf-8", "ü", "utf-8", true},
		{"Windows", "\x80 gr\xfc\xdfe", "auto", "€ grüße", "windows-1252", false},
		{"UTF-16 with mark", "\xff\xfeh\x00i\x00", "auto", "hi", "utf-16le", true},
		{"UTF-16 big with mark", "\xfe\xff\x00h\x00i", "auto", "hi", "utf-16be", true},
		{"UTF-16 without mark", "h\x00e\x00l\x00l\x00o\x00", "auto", "hello", "utf-16le", false},
		{"UTF-16 big without mark", "\x00h\x00e\x00l\x00l\x00o", "auto", "hello", "utf-16be", false},
		{"UTF-16 said so", "\xfe\xff\x00h", "utf-16", "h", "utf-16be", true},
		{"UTF-16 said so without mark", "h\x00", "utf-16", "h", "utf-16", false},
		{"UTF-16 surrogates", "\xff\xfe\x3d\xd8\x00\xde", "auto", "😀", "utf-16le", true},
		{"UTF-32", "\xff\xfe\x00\x00h\x00\x00\x00", "auto", "h", "utf-32le", true},
		{"DOS", "\x81", "cp850", "ü", "cp850", false},
		{"Latin 1", "\x80\xa4", "ISO-8859-1", "\u0080¤", "iso-8859-1", false},
		{"Latin 9", "\xa4", "iso-8859-15", "€", "iso-8859-15", false},
		{"Japanese", "\x93\xfa\x96\x7b", "shift_jis", "日本", "shift_jis", false},
		{"a byte that is no UTF-8 far behind", strings.Repeat("a", 200_000) + "\xfc", "auto", strings.Repeat("a", 200_000) + "ü", "windows-1252", false},
		{"a rune across buffers", strings.Repeat("a", 4095) + "ü" + strings.Repeat("b", 61439) + "€", "auto", strings.Repeat("a", 4095) + "ü" + strings.Repeat("b", 61439) + "€", "utf-8", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			env, _ := folder(t, map[string]string{"f": tt.content})
			out := run(t, env, "file.read_text", map[string]any{"path": "f", "encoding": tt.encoding})
			if out["text"] != tt.want || out["encoding"] != tt.as || out["bom"] != tt.bom || out["size"] != len(tt.content) {
				t.Errorf("got %.60q in %v, mark %v, want %.60q in %v", out["text"], out["encoding"], out["bom"], tt.want, tt.as)
			}
		})
	}
}

func TestReadTextRefuses(t *testing.T) {
	env, _ := folder(t, map[string]string{"bad": "ab\xffc", "cp": "\x81", "big": "12345", "mac": "a\rb\r\nc\n"})
	fails(t, env, "file.read_text", map[string]any{"path": "bad", "encoding": "utf-8"}, node.KindInput, "byte 3 (0xFF)")
	fails(t, env, "file.read_lines", map[string]any{"path": "bad", "encoding": "utf-8"}, node.KindInput, "byte 3 (0xFF)")
	fails(t, env, "file.read_text", map[string]any{"path": "cp", "encoding": "windows-1253"}, node.KindInput, "")
	fails(t, env, "file.read_text", map[string]any{"path": "bad", "encoding": "klingon"}, node.KindInput, "not a known encoding")
	fails(t, env, "file.read_text", map[string]any{"path": "big", "max_size": 4}, node.KindInput, "limit of 4")
	fails(t, env, "file.read_bytes", map[string]any{"path": "big", "max_size": 4}, node.KindInput, "limit of 4")
	if out := run(t, env, "file.read_text", map[string]any{"path": "bad", "encoding": "utf-8", "on_invalid": "replace"}); out["text"] != "ab\uFFFDc" {
		t.Errorf("got %q", out["text"])
	}
	if out := run(t, env, "file.read_text", map[string]any{"path": "mac", "newline": "lf"}); out["text"] != "a\nb\nc\n" {
		t.Errorf("got %q", out["text"])
	}
	if out := run(t, env, "file.read_bytes", map[string]any{"path": "big", "offset": 3, "max_size": 4}); out["base64"] != "NDU=" {
		t.Errorf("got %v", out)
	}
	if out := run(t, env, "file.read_bytes", map[string]any{"path": "big", "offset": 99}); out["base64"] != "" {
		t.Errorf("got %v", out)
	}
}

func lines(t *testing.T, r io.Reader, limit int) []string {
	t.Helper()
	s := lineScanner{r: bufio.NewReaderSize(r, 16), max: limit}
	var out []string
	for {
		l, err := s.next()
		if errors.Is(err, io.EOF) {
			return out
		}
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, l)
	}
}

func TestLines(t *testing.T) {
	for in, want := range map[string]string{
		"": "", "\n": "|", "a": "a|", "a\n": "a|", "a\n\n": "a||", "a\r\nb": "a|b|", "a\rb": "a|b|", "a\r\rb": "a||b|", "a\r\n\r\nb\r": "a||b|", "\r\n": "|", "\n\r": "||",
		"a\u2028b": "a\u2028b|", strings.Repeat("x", 15) + "\r\ny": strings.Repeat("x", 15) + "|y|",
	} {
		for _, r := range []io.Reader{strings.NewReader(in), iotest.OneByteReader(strings.NewReader(in))} {
			got := ""
			for _, l := range lines(t, r, 1000) {
				got += l + "|"
			}
			if got != want {
				t.Errorf("%q gave %q, want %q", in, got, want)
			}
		}
	}
}

func TestReadLinesStreams(t *testing.T) {
	env, _ := folder(t, map[string]string{"big": strings.Repeat("some line of text\n", 100_000), "long": strings.Repeat("x", 2000)})
	out, err := nodetest.RunRaw(t, env, "file.read_lines", map[string]any{"path": "big"})
	if err != nil {
		t.Fatal(err)
	}
	if ref, ok := out["lines"].(*value.Ref); !ok || ref.Count != 100_000 {
		t.Errorf("got %T", out["lines"])
	}
	if out := run(t, env, "file.read_lines", map[string]any{"path": "big", "from": 99_999}); out["count"] != 2 {
		t.Errorf("got %v", out["count"])
	}
	if out := run(t, env, "file.read_lines", map[string]any{"path": "big", "limit": 3}); out["count"] != 3 {
		t.Errorf("got %v", out["count"])
	}
	fails(t, env, "file.read_lines", map[string]any{"path": "long", "max_line": 1000}, node.KindInput, "line 1 is longer")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := readLines(ctx, env, readLinesIn{Path: "big", Encoding: "utf-8", From: 1, MaxLine: 100}); err == nil {
		t.Error("a cancelled context was ignored")
	}
}

func TestWriteText(t *testing.T) {
	env, dir := folder(t, map[string]string{"there": "old"})
	for i, tt := range []struct {
		params map[string]any
		want   string
	}{
		{map[string]any{"text": "a\nb"}, "a\nb"}, {map[string]any{}, ""},
		{map[string]any{"text": "a\r\nb\rc\n", "newline": "crlf"}, "a\r\nb\r\nc\r\n"}, {map[string]any{"text": "a\r\nb", "newline": "lf"}, "a\nb"},
		{map[string]any{"text": "ü", "bom": true}, "\xef\xbb\xbfü"}, {map[string]any{"text": "a", "encoding": "utf-16", "bom": true}, "\xff\xfea\x00"},
		{map[string]any{"text": "a", "encoding": "UTF-16BE"}, "\x00a"}, {map[string]any{"text": "ü€", "encoding": "windows-1252", "bom": true}, "\xfc\x80"},
		{map[string]any{"text": "日x", "encoding": "cp850", "on_invalid": "replace"}, "?x"},
	} {
		tt.params["path"] = "new/f"
		run(t, env, "file.write_text", tt.params)
		if got := tree(t, dir)["new/f"]; got != tt.want {
			t.Errorf("%d: got %q, want %q", i, got, tt.want)
		}
	}
	fails(t, env, "file.write_text", map[string]any{"path": "f", "text": "日", "encoding": "windows-1252"}, node.KindInput, "'日' (U+65E5)")
	fails(t, env, "file.write_text", map[string]any{"path": "f", "text": "a", "encoding": "no"}, node.KindInput, "encoding")
	fails(t, env, "file.write_text", map[string]any{"path": "there", "text": "a", "if_exists": "error"}, node.KindInput, "exists already")
	fails(t, env, "file.write_text", map[string]any{"path": ".", "text": "a"}, node.KindError, "folder")
	fails(t, env, "file.write_bytes", map[string]any{"path": "f", "base64": "%"}, node.KindInput, "base64")
	fails(t, env, "file.write_bytes", map[string]any{"path": "f", "base64": "data:,x"}, node.KindInput, "data URL")
	if out := run(t, env, "file.write_text", map[string]any{"path": "there", "text": "a", "if_exists": "skip"}); out["written"] != false {
		t.Errorf("got %v", out)
	}
	run(t, env, "file.write_lines", map[string]any{"path": "l", "lines": []any{"a\r\nb", 1, nil, map[string]any{"k": true}}, "newline": "crlf"})
	if got := tree(t, dir)["l"]; got != "a b\r\n1\r\nnull\r\n{\"k\":true}\r\n" {
		t.Errorf("got %q", got)
	}
	if got := tree(t, dir)["there"]; got != "old" {
		t.Errorf("got %q", got)
	}
}

func TestAppend(t *testing.T) {
	env, dir := folder(t, map[string]string{"u16": "\xff\xfea\x00", "win": "\xfc", "crlf": "a\r\n", "empty": ""})
	run(t, env, "file.append_text", map[string]any{"path": "u16", "text": "ü", "fresh_line": true})
	run(t, env, "file.append_text", map[string]any{"path": "win", "text": "é"})
	run(t, env, "file.append_lines", map[string]any{"path": "crlf", "lines": []any{"b"}, "newline": "crlf"})
	run(t, env, "file.append_lines", map[string]any{"path": "empty", "lines": []any{"b", "c"}})
	run(t, env, "file.append_text", map[string]any{"path": "sub/new", "text": "x", "fresh_line": true})
	wantTree(t, dir, map[string]string{"u16": "\xff\xfea\x00\n\x00\xfc\x00", "win": "\xfc\xe9", "crlf": "a\r\nb\r\n", "empty": "b\nc\n", "sub/new": "x"})
	fails(t, env, "file.append_lines", map[string]any{"path": "win", "lines": []any{"ok", "日"}}, node.KindInput, "line 2")
	if got := tree(t, dir)["win"]; got != "\xfc\xe9" {
		t.Errorf("a failed append left %q", got)
	}
	long := make([]any, 20_000)
	for i := range long {
		long[i] = "some text that fills the buffer"
	}
	long[19_999] = "日"
	fails(t, env, "file.append_lines", map[string]any{"path": "win", "lines": long}, node.KindInput, "line 20000")
	if got := tree(t, dir)["win"]; got != "\xfc\xe9" {
		t.Errorf("a failed append left %d bytes", len(got))
	}
}

// What is written is read back, in every encoding that can hold it.
func TestTextRoundTrip(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		enc := rapid.SampledFrom([]string{"utf-8", "utf-16le", "utf-16be", "utf-32le", "gb18030"}).Draw(rt, "encoding")
		bom := rapid.Bool().Draw(rt, "bom") && enc != "gb18030"
		text := rapid.StringOf(rapid.RuneFrom([]rune("ab\n\r\t ü€日😀\u0000"))).Draw(rt, "text")
		e, err := newEncoder(enc, false)
		if err != nil {
			rt.Fatal(err)
		}
		b, err := e.bytes(text)
		if err != nil {
			rt.Fatal(err)
		}
		if bom {
			b = append(bytes.Clone(e.mark()), b...)
		}
		d, err := decode(t.Context(), bytes.NewReader(b), enc, false)
		if err != nil {
			rt.Fatal(err)
		}
		if got, err := io.ReadAll(d); err != nil || string(got) != text || d.BOM != bom {
			rt.Fatalf("got %q, mark %v, %v", got, d.BOM, err)
		}
	})
}

func FuzzDecode(f *testing.F) {
	for _, s := range []string{"", "abc", "\xff\xfe", "\xff\xfe\x00\x00", "\xef\xbb\xbf", "\xef\xbb", "h\x00i\x00", "\xfc", "\xed\xa0\x80"} {
		f.Add([]byte(s), "auto")
	}
	f.Add([]byte("x"), "utf-16")
	f.Fuzz(func(t *testing.T, b []byte, enc string) {
		for _, replace := range []bool{true, false} {
			d, err := decode(t.Context(), bytes.NewReader(b), enc, replace)
			if err != nil {
				continue
			}
			out, err := io.ReadAll(d)
			if err == nil && !bytes.Equal(bytes.ToValidUTF8(out, nil), out) {
				t.Errorf("%q in %q gave %q, which is not text", b, enc, out)
			}
		}
	})
}

func TestJSONFiles(t *testing.T) {
	env, dir := folder(t, map[string]string{"bad.json": "{\n \"a\": 1,\n}", "empty.json": " ", "two.json": "1 2", "bom.json": "\xef\xbb\xbf{}", "u16.json": "\xff\xfe[\x001\x00]\x00", "bad.jsonl": "1\n\n{"})
	fails(t, env, "file.read_json", map[string]any{"path": "bad.json"}, node.KindInput, "line 3")
	fails(t, env, "file.read_json", map[string]any{"path": "empty.json"}, node.KindInput, "is empty")
	fails(t, env, "file.read_json", map[string]any{"path": "two.json"}, node.KindInput, "not valid JSON")
	fails(t, env, "file.read_json_lines", map[string]any{"path": "bad.jsonl"}, node.KindInput, "line 3")
	for _, p := range []string{"bom.json", "u16.json"} {
		run(t, env, "file.read_json", map[string]any{"path": p})
	}
	v := map[string]any{"b": []any{1, 2.5, "ü<>&", nil}, "a": map[string]any{}}
	run(t, env, "file.write_json", map[string]any{"path": "v.json", "value": v})
	if got := run(t, env, "file.read_json", map[string]any{"path": "v.json"})["value"]; !value.Equal(got, v) {
		t.Errorf("got %v", got)
	}
	if b, _ := os.ReadFile(filepath.Join(dir, "v.json")); !strings.Contains(string(b), "ü<>&") {
		t.Errorf("got %s", b)
	}
	run(t, env, "file.write_json_lines", map[string]any{"path": "v.jsonl", "rows": []any{v, "x\ny", 1}})
	if got := run(t, env, "file.read_json_lines", map[string]any{"path": "v.jsonl"})["rows"]; !value.Equal(got, []any{v, "x\ny", 1}) {
		t.Errorf("got %v", got)
	}
	if got := run(t, env, "file.read_json_lines", map[string]any{"path": "v.jsonl", "limit": 1}); got["count"] != 1 {
		t.Errorf("got %v", got)
	}
}

func TestSettings(t *testing.T) {
	t.Setenv("HOME_OF_TEST", "leak")
	env, _ := folder(t, map[string]string{
		"a.ini": "\xef\xbb\xbf[a]\r\nk = v ; note\nurl=http://x/#y\nflag\n[b]\n[a]\nk2='q ; x'\nk=w\n", "bad.ini": "[x\n", "bad2.ini": "=x\n",
		"a.env": "A=${HOME_OF_TEST}x\nB=1\n", "bad.env": "planted secret\n", "a.toml": "a = 1.0\nt = 2026-01-31T08:00:00+01:00\n[[l]]\nx = 08:30:00\n", "bad.toml": "a = \nb = 1",
	})
	ini := run(t, env, "file.read_ini", map[string]any{"path": "a.ini"})["value"]
	if want := map[string]any{"a": map[string]any{"k": "w", "k2": "q ; x", "url": "http://x/#y", "flag": ""}, "b": map[string]any{}}; !value.Equal(ini, want) {
		t.Errorf("got %v", ini)
	}
	if got := run(t, env, "file.read_env", map[string]any{"path": "a.env"})["value"]; !value.Equal(got, map[string]any{"A": "x", "B": "1"}) {
		t.Errorf("got %v", got)
	}
	toml := run(t, env, "file.read_toml", map[string]any{"path": "a.toml"})["value"]
	if want := map[string]any{"a": 1, "t": "2026-01-31T08:00:00+01:00", "l": []any{map[string]any{"x": "08:30:00"}}}; !value.Equal(toml, want) {
		t.Errorf("got %v", toml)
	}
	fails(t, env, "file.read_ini", map[string]any{"path": "bad.ini"}, node.KindInput, "line 1")
	fails(t, env, "file.read_ini", map[string]any{"path": "bad2.ini"}, node.KindInput, "no name")
	fails(t, env, "file.read_toml", map[string]any{"path": "bad.toml"}, node.KindInput, "line 1")
	if f := fails(t, env, "file.read_env", map[string]any{"path": "bad.env"}, node.KindInput, ".env"); strings.Contains(f.Error(), "planted") {
		t.Errorf("the failure shows the content: %v", f)
	}
}
