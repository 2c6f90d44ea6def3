package mail

import (
	"bytes"
	"encoding/base64"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/ianaindex"
)

// aliases are names that mail programs write and the registries lack.
var aliases = map[string]string{
	"cp932": "shift_jis", "ms932": "shift_jis", "windows-932": "shift_jis", "x-ms-cp932": "shift_jis",
	"cp936": "gb18030", "gb2312": "gb18030", "gb_2312-80": "gb18030", "gbk": "gb18030", "ms936": "gb18030",
	"cp949": "euc-kr", "ms949": "euc-kr", "cp950": "big5", "ms950": "big5",
	"latin1": "windows-1252", "latin-1": "windows-1252", "ansi": "windows-1252", "iso8859-1": "windows-1252",
	"utf8mb4": "utf-8", "utf8": "utf-8", "x-utf_8j": "utf-8", "unicode": "utf-16le",
	"iso-8859-8-i": "iso-8859-8", "koi8r": "koi8-r", "x-mac-roman": "macintosh",
}

// toUTF8 returns text in UTF-8 whatever was declared: a declaration that is
// missing, unknown or wrong is replaced by what the bytes look like. ok is
// false when it had to be.
func toUTF8(b []byte, declared string) (text string, ok bool) {
	name := strings.ToLower(strings.Trim(strings.TrimSpace(declared), `"'`))
	if i := strings.IndexByte(name, '*'); i >= 0 {
		name = name[:i] // RFC 2231 adds the language
	}
	if a := aliases[name]; a != "" {
		name = a
	}
	switch name {
	case "", "us-ascii", "ascii", "utf-8", "default", "7bit", "8bit", "x-unknown", "unknown-8bit":
		b = bytes.TrimPrefix(b, []byte("\xef\xbb\xbf"))
		if utf8.Valid(b) {
			return string(b), true
		}
		return guess(b), false
	case "utf-7", "unicode-1-1-utf-7", "x-unicode-2-0-utf-7":
		return utf7(string(b)), true
	}
	e := encodingOf(name)
	if e == nil {
		return guess(b), false
	}
	out, err := e.NewDecoder().Bytes(b)
	if err != nil {
		return guess(b), false
	}
	s := strings.ToValidUTF8(string(out), "\uFFFD")
	// Letters that the charset lacks, in bytes that are good UTF-8: the
	// declaration is a lie.
	if strings.ContainsRune(s, '\uFFFD') && utf8.Valid(b) && !bytes.Contains(b, []byte("\xef\xbf\xbd")) {
		return string(b), false
	}
	return strings.TrimPrefix(s, "\uFEFF"), true
}

func encodingOf(name string) encoding.Encoding {
	if e, err := htmlindex.Get(name); err == nil {
		return e
	}
	for _, n := range []string{name, "cs" + name} {
		if e, err := ianaindex.MIME.Encoding(n); err == nil && e != nil {
			return e
		}
	}
	return nil
}

func guess(b []byte) string {
	if utf8.Valid(b) {
		return string(b)
	}
	out, err := encodingOf("windows-1252").NewDecoder().Bytes(b)
	if err != nil {
		return strings.ToValidUTF8(string(b), "\uFFFD")
	}
	return string(out)
}

// utf7 decodes RFC 2152, which old Exchange servers still write.
func utf7(s string) string {
	var out strings.Builder
	for {
		i := strings.IndexByte(s, '+')
		if i < 0 {
			out.WriteString(s)
			return strings.ToValidUTF8(out.String(), "\uFFFD")
		}
		out.WriteString(s[:i])
		s = s[i+1:]
		n := 0
		for n < len(s) && (s[n] >= 'A' && s[n] <= 'Z' || s[n] >= 'a' && s[n] <= 'z' || s[n] >= '0' && s[n] <= '9' || s[n] == '+' || s[n] == '/') {
			n++
		}
		run := s[:n]
		s = strings.TrimPrefix(s[n:], "-")
		if run == "" {
			out.WriteByte('+')
			continue
		}
		if len(run)%4 == 1 {
			run = run[:len(run)-1]
		}
		raw, err := base64.RawStdEncoding.DecodeString(run)
		if err != nil {
			out.WriteString("+" + run)
			continue
		}
		units := make([]uint16, 0, len(raw)/2)
		for j := 0; j+1 < len(raw); j += 2 {
			units = append(units, uint16(raw[j])<<8|uint16(raw[j+1]))
		}
		out.WriteString(string(utf16.Decode(units)))
	}
}
