package json

import (
	"encoding/json"
	"strings"
	"unicode"
	"unicode/utf8"
)

// tolerate rewrites JSON as people write it to JSON as the standard wants it.
// What it does not understand it copies, for the parser to complain about.
func tolerate(text string) string {
	text = strings.TrimPrefix(text, "\ufeff")
	if t := strings.TrimSpace(text); strings.HasPrefix(t, "```") {
		if _, body, ok := strings.Cut(t, "\n"); ok {
			text = strings.TrimSuffix(strings.TrimSpace(body), "```")
		}
	}
	t := &tolerant{in: text}
	for t.pos < len(t.in) {
		t.next()
	}
	return t.out.String()
}

type tolerant struct {
	in    string
	pos   int
	out   strings.Builder
	comma bool // a comma was read and is only written if a value follows
}

// next copies one token.
func (t *tolerant) next() {
	rest := t.in[t.pos:]
	switch c := rest[0]; {
	case strings.HasPrefix(rest, "//"), c == '#':
		t.skip(strings.IndexByte(rest, '\n'), 0)
	case strings.HasPrefix(rest, "/*"):
		t.skip(strings.Index(rest, "*/"), 2)
	case c == ',':
		t.flush()
		t.comma = true
		t.pos++
	case c == '}' || c == ']':
		t.comma = false
		t.copy()
	case c == '"' || c == '\'':
		t.flush()
		t.quoted(c)
	case c <= ' ':
		t.copy()
	default:
		t.flush()
		t.word(rest)
	}
}

func (t *tolerant) flush() {
	if t.comma {
		t.out.WriteByte(',')
		t.comma = false
	}
}

func (t *tolerant) copy() {
	t.out.WriteByte(t.in[t.pos])
	t.pos++
}

// skip jumps over a comment that ends at a place relative to pos, keeping line
// ends so that errors name the right line.
func (t *tolerant) skip(end, after int) {
	if end < 0 {
		end, after = len(t.in)-t.pos, 0
	}
	to := t.pos + end + after
	t.out.WriteByte(' ')
	t.out.WriteString(strings.Repeat("\n", strings.Count(t.in[t.pos:to], "\n")))
	t.pos = to
}

// quoted copies a string; one in single quotes gets double ones.
func (t *tolerant) quoted(quote byte) {
	t.out.WriteByte('"')
	t.pos++
	for t.pos < len(t.in) {
		c := t.in[t.pos]
		switch {
		case c == quote:
			t.out.WriteByte('"')
			t.pos++
			return
		case c == '\\' && t.pos+1 < len(t.in):
			if t.in[t.pos+1] == '\'' {
				t.pos++
			} else {
				t.out.WriteByte(c)
				t.pos++
			}
			t.copy()
		case c == '"':
			t.out.WriteString(`\"`)
			t.pos++
		case c == '\n':
			t.out.WriteString(`\n`)
			t.pos++
		case c == '\t':
			t.out.WriteString(`\t`)
			t.pos++
		default:
			t.copy()
		}
	}
}

// word copies a number or a literal, and quotes a key that is a bare name.
func (t *tolerant) word(rest string) {
	n := 0
	for n < len(rest) {
		r, size := utf8.DecodeRuneInString(rest[n:])
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("_$-+.", r) {
			break
		}
		n += size
	}
	if n == 0 {
		t.copy()
		return
	}
	word := rest[:n]
	if strings.HasPrefix(strings.TrimLeft(rest[n:], " \t\r\n"), ":") {
		b, _ := json.Marshal(word)
		t.out.Write(b)
		t.pos += n
		return
	}
	switch word {
	case "None", "undefined", "NULL":
		t.out.WriteString("null")
	case "True", "TRUE":
		t.out.WriteString("true")
	case "False", "FALSE":
		t.out.WriteString("false")
	default:
		t.out.WriteString(strings.TrimPrefix(word, "+"))
	}
	t.pos += n
}
