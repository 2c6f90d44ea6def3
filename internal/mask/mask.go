// Package mask takes secrets out of text and values: the one sink that every
// record, event, log line and error of a run passes.
package mask

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"net/url"
	"slices"
	"strings"
	"sync"
)

// shown replaces a secret.
const shown = "***"

// minLen is the length below which a secret is not looked for: masking every
// "a" or "1" would destroy the text and tell the secret by its holes.
const minLen = 4

// Set knows secrets. The zero Set is ready to use and safe for concurrent use.
type Set struct {
	mu   sync.RWMutex
	seen map[string]bool
	rep  *strings.Replacer
	all  []string
}

// Add makes a secret known, in the forms in which it is likely to turn up:
// plain, JSON-escaped, percent-encoded, base64 and hex.
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
	for _, f := range forms(secret) {
		if !slices.Contains(s.all, f) {
			s.all = append(s.all, f)
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

func forms(v string) []string {
	out := []string{v, url.QueryEscape(v), url.PathEscape(v), hex.EncodeToString([]byte(v)), base64.StdEncoding.EncodeToString([]byte(v)), base64.RawURLEncoding.EncodeToString([]byte(v))}
	out = append(out, inner(v, base64.StdEncoding)...)
	out = append(out, inner(v, base64.URLEncoding)...)
	if b, err := json.Marshal(v); err == nil {
		out = append(out, strings.Trim(string(b), `"`))
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
