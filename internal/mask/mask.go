// Package mask takes secrets out of text and values: the one sink that every
// record, event, log line and error of a run passes.
package mask

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"html"
	"net/url"
	"slices"
	"strings"
	"sync"
	"unicode"
	"unicode/utf16"
)

// shown replaces a secret.
const shown = "***"

// minLen is the length below which a secret is not looked for: masking every
// "a" or "1" would destroy the text and tell the secret by its holes.
const minLen = 4

// maxCoded is how many lines of a secret are looked for in other forms than as
// they are: a file of thousands of lines is rather printed than encoded by line.
const maxCoded = 200

// Set knows secrets. The zero Set is ready to use and safe for concurrent use.
type Set struct {
	mu   sync.RWMutex
	seen map[string]bool
	rep  *strings.Replacer
	all  []string
}

// Add makes a secret known, in the forms in which it is likely to turn up:
// plain, escaped for JSON, HTML and URLs, base64 and hex. Each line of a secret
// with several counts as one too: programs print keys line by line.
func (s *Set) Add(secret string) {
	if len(secret) < minLen {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.seen[secret] {
		return
	}
	if s.seen == nil {
		s.seen = map[string]bool{}
	}
	s.seen[secret] = true
	have := make(map[string]bool, len(s.all))
	for _, f := range s.all {
		have[f] = true
	}
	for i, part := range parts(secret) {
		all := []string{part}
		if i < maxCoded {
			all = forms(part)
		}
		for _, f := range all {
			if len(f) >= minLen && !have[f] {
				have[f] = true
				s.all = append(s.all, f)
			}
		}
	}
	// Longer forms first, so that no part of one is left over.
	slices.SortFunc(s.all, func(a, b string) int { return len(b) - len(a) })
	pairs := make([]string, 0, 2*len(s.all))
	for _, f := range s.all {
		pairs = append(pairs, f, shown)
	}
	s.rep = strings.NewReplacer(pairs...)
}

// parts returns a secret, and its lines if it has several that say something:
// brackets and words of JSON tell nothing and are everywhere.
func parts(secret string) []string {
	out := []string{secret}
	if trimmed := strings.TrimSpace(secret); trimmed != secret {
		out = append(out, trimmed) // as $(command) of a shell leaves it
	}
	if !strings.ContainsAny(secret, "\r\n") {
		return out
	}
	for line := range strings.FieldsFuncSeq(secret, func(r rune) bool { return r == '\r' || r == '\n' }) {
		line = strings.TrimSpace(line)
		bare := strings.TrimFunc(line, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
		if len(line) >= minLen && bare != "" && bare != "true" && bare != "false" && bare != "null" {
			out = append(out, line)
		}
	}
	return out
}

func forms(v string) []string {
	b := []byte(v)
	hexed := hex.EncodeToString(b)
	query := url.QueryEscape(v)
	out := []string{v, hexed, strings.ToUpper(hexed), html.EscapeString(v)}
	for _, enc := range []string{query, strings.ReplaceAll(query, "+", "%20"), url.PathEscape(v)} {
		out = append(out, enc, lowerPercent(enc))
	}
	for _, enc := range []*base64.Encoding{base64.StdEncoding, base64.RawStdEncoding, base64.URLEncoding, base64.RawURLEncoding} {
		out = append(out, enc.EncodeToString(b))
	}
	out = append(out, inner(v, base64.StdEncoding)...)
	out = append(out, inner(v, base64.URLEncoding)...)
	out = append(out, wrapped(v, 64)...)
	out = append(out, wrapped(v, 76)...)
	return append(out, inJSON(v)...)
}

// wrapped returns the base64 of v in the lines of a width, as PEM and mail have
// it. What depends on the text behind v is left out.
func wrapped(v string, width int) []string {
	const shortest = 12 // of the last line: a few characters are found anywhere
	text := base64.StdEncoding.EncodeToString([]byte(v[:len(v)/3*3]))
	if len(text) <= width {
		return nil
	}
	var out []string
	for ; len(text) >= shortest; text = text[min(width, len(text)):] {
		out = append(out, text[:min(width, len(text))])
	}
	return out
}

// lowerPercent writes %2f for %2F: both are in use.
func lowerPercent(s string) string {
	b := []byte(s)
	for i := 0; i+2 < len(b); i++ {
		if b[i] == '%' {
			copy(b[i:i+3], strings.ToLower(s[i:i+3]))
		}
	}
	return string(b)
}

// inJSON returns v as encoders of JSON write it: with <, > and & escaped or not,
// and with all that is not ASCII escaped or not.
func inJSON(v string) []string {
	var out []string
	for _, escapeHTML := range []bool{true, false} {
		var b strings.Builder
		enc := json.NewEncoder(&b)
		enc.SetEscapeHTML(escapeHTML)
		if enc.Encode(v) != nil {
			continue
		}
		text := strings.TrimSuffix(strings.TrimPrefix(strings.TrimSuffix(b.String(), "\n"), `"`), `"`)
		var ascii strings.Builder
		for _, r := range text {
			if r < 0x80 {
				ascii.WriteRune(r)
				continue
			}
			for _, unit := range utf16.Encode([]rune{r}) {
				fmt.Fprintf(&ascii, `\u%04x`, unit)
			}
		}
		out = append(out, text, ascii.String(), strings.ReplaceAll(text, "/", `\/`))
	}
	return out
}

// inner returns how v looks inside the base64 of a longer text (user:password in
// an HTTP header): at each of the three alignments, the characters that depend
// on v alone.
func inner(v string, enc *base64.Encoding) []string {
	var out []string
	for skip := range 3 {
		text := enc.WithPadding(base64.NoPadding).EncodeToString([]byte(strings.Repeat("x", skip) + v))
		from, to := (skip*8+5)/6, (skip+len(v))*8/6
		if to-from >= 6 {
			out = append(out, text[from:to])
		}
	}
	return out
}

// Text returns s without known secrets.
func (s *Set) Text(text string) string {
	s.mu.RLock()
	rep := s.rep
	s.mu.RUnlock()
	if rep == nil {
		return text
	}
	return rep.Replace(text)
}

// Value returns a canonical value without known secrets. It copies only what
// changes.
func (s *Set) Value(v any) any {
	s.mu.RLock()
	rep := s.rep
	s.mu.RUnlock()
	if rep == nil {
		return v
	}
	return walk(v, rep)
}

func walk(v any, rep *strings.Replacer) any {
	switch x := v.(type) {
	case string:
		return rep.Replace(x)
	case []any:
		out := make([]any, len(x))
		for i, e := range x {
			out[i] = walk(e, rep)
		}
		return out
	case map[string]any:
		out := make(map[string]any, len(x))
		for k, e := range x {
			out[rep.Replace(k)] = walk(e, rep)
		}
		return out
	}
	return v
}
