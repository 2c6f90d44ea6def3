package mail

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

var wordRE = regexp.MustCompile(`=\?([^?\s]+)\?([bBqQ])\?([^?]*)\?=`)

// decodeWords decodes RFC 2047. Letters split between two words, spaces inside
// words, missing padding and bare 8-bit bytes are forgiven.
func decodeWords(s string) string {
	if !strings.Contains(s, "=?") {
		return plain8bit(s)
	}
	var out strings.Builder
	var pending []byte // bytes of adjacent words of one charset
	charset := ""
	flush := func() {
		if len(pending) > 0 {
			text, _ := toUTF8(pending, charset)
			out.WriteString(text)
			pending = nil
		}
	}
	last, after := 0, false
	for _, m := range wordRE.FindAllStringSubmatchIndex(s, -1) {
		between := s[last:m[0]]
		b, good := wordBytes(s[m[4]:m[5]], s[m[6]:m[7]])
		if !good {
			continue // it stays as it is
		}
		if !after || strings.TrimSpace(between) != "" {
			flush()
			out.WriteString(plain8bit(between))
		}
		cs := strings.ToLower(s[m[2]:m[3]])
		if cs != charset {
			flush()
			charset = cs
		}
		pending = append(pending, b...)
		last, after = m[1], true
	}
	flush()
	out.WriteString(plain8bit(s[last:]))
	return out.String()
}

func wordBytes(kind, text string) ([]byte, bool) {
	if strings.EqualFold(kind, "b") {
		text = strings.TrimRight(strings.Map(func(r rune) rune {
			if r == ' ' || r == '\t' {
				return -1
			}
			return r
		}, text), "=")
		if len(text)%4 == 1 {
			text = text[:len(text)-1]
		}
		b, err := base64.RawStdEncoding.DecodeString(text)
		return b, err == nil
	}
	var b []byte
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '_':
			b = append(b, ' ')
		case c == '=' && i+2 < len(text):
			x, err := hex.DecodeString(text[i+1 : i+3])
			if err != nil {
				b = append(b, c)
				continue
			}
			b = append(b, x...)
			i += 2
		default:
			b = append(b, c)
		}
	}
	return b, true
}

func plain8bit(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	return guess([]byte(s))
}

// field is a header's value with params: Content-Type, Content-Disposition.
type field struct {
	value  string // in lower case
	params map[string]string
}

// parseField reads a value with params as RFC 2045, 2231 and those who read
// neither write them.
func parseField(s string) field {
	head, rest, _ := strings.Cut(s, ";")
	f := field{value: strings.ToLower(strings.TrimSpace(head)), params: map[string]string{}}
	if i := strings.IndexAny(f.value, " \t("); i >= 0 {
		f.value = f.value[:i]
	}
	pieces := map[string][]piece{}
	for len(rest) > 0 {
		var key, val string
		key, val, rest = nextParam(rest)
		if key == "" {
			continue
		}
		name, number, extended := key, 0, false
		if n, ok := strings.CutSuffix(name, "*"); ok {
			name, extended = n, true
		}
		if n, num, ok := strings.Cut(name, "*"); ok {
			i, err := strconv.Atoi(num)
			if err != nil || i < 0 {
				continue
			}
			name, number = n, i
		}
		if name == key {
			if _, dup := f.params[name]; !dup {
				f.params[name] = decodeWords(val)
			}
			continue
		}
		pieces[name] = append(pieces[name], piece{number, val, extended})
	}
	for name, p := range pieces {
		f.params[name] = join2231(p)
	}
	return f
}

// piece is one part of a param that is spread over several.
type piece struct {
	number   int
	text     string
	extended bool
}

// join2231 puts the pieces of an extended param together. The first says the
// charset: utf-8'en'na%C3%AFve.
func join2231(p []piece) string {
	slices.SortStableFunc(p, func(a, b piece) int { return a.number - b.number })
	charset := ""
	var b []byte
	for i, x := range p {
		if !x.extended {
			b = append(b, x.text...)
			continue
		}
		if parts := strings.SplitN(x.text, "'", 3); i == 0 && len(parts) == 3 {
			charset, x.text = parts[0], parts[2]
		}
		b = append(b, percent(x.text)...)
	}
	s, _ := toUTF8(b, charset)
	return decodeWords(s)
}

func percent(s string) []byte {
	var out bytes.Buffer
	for i := 0; i < len(s); i++ {
		if s[i] == '%' && i+2 < len(s) {
			if x, err := hex.DecodeString(s[i+1 : i+3]); err == nil {
				out.Write(x)
				i += 2
				continue
			}
		}
		out.WriteByte(s[i])
	}
	return out.Bytes()
}

// nextParam takes one key=value off s. A value without quotes goes to the next
// semicolon, spaces included.
func nextParam(s string) (key, val, rest string) {
	i := strings.IndexAny(s, "=;")
	if i < 0 {
		return "", "", ""
	}
	if s[i] == ';' {
		return "", "", s[i+1:]
	}
	key = strings.ToLower(strings.TrimSpace(s[:i]))
	s = strings.TrimLeft(s[i+1:], " \t\r\n")
	if !strings.HasPrefix(s, `"`) {
		val, rest, _ = strings.Cut(s, ";")
		return key, strings.TrimSpace(val), rest
	}
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		switch s[i] {
		case '\\':
			// A backslash before a letter is a Windows path, not an escape.
			if i+1 < len(s) && (s[i+1] == '"' || s[i+1] == '\\') {
				i++
			}
			b.WriteByte(s[i])
		case '"':
			_, rest, _ = strings.Cut(s[i+1:], ";")
			return key, b.String(), rest
		default:
			b.WriteByte(s[i])
		}
	}
	return key, b.String(), ""
}
