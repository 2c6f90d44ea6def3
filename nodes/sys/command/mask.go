package command

import (
	"slices"
	"strings"

	"github.com/aether-rpa/aether/vault"
)

// shortest is the length from which a secret is looked for: hiding every "1"
// would destroy the output and tell the secret by its holes.
const shortest = 4

// masker hides secrets in what a program printed.
type masker struct {
	secrets []string // longest first
	rep     *strings.Replacer
}

func newMasker(secrets map[string]vault.Secret) *masker {
	m := &masker{}
	for _, s := range secrets {
		v := s.Reveal()
		m.add(v)
		// A program may print one line of a key, or add spaces to it.
		for line := range strings.Lines(v) {
			m.add(strings.TrimSpace(line))
		}
	}
	slices.SortFunc(m.secrets, func(a, b string) int { return len(b) - len(a) })
	var pairs []string
	for _, s := range m.secrets {
		pairs = append(pairs, s, "***")
	}
	m.rep = strings.NewReplacer(pairs...)
	return m
}

func (m *masker) add(s string) {
	if len(s) >= shortest && !slices.Contains(m.secrets, s) {
		m.secrets = append(m.secrets, s)
	}
}

// text hides the secrets; cut says that the text was cut off at its end, maybe
// in the middle of one.
func (m *masker) text(s string, cut bool) string {
	if len(m.secrets) == 0 {
		return s
	}
	s = m.rep.Replace(s)
	if !cut {
		return s
	}
	longest := 0
	for _, secret := range m.secrets {
		for n := min(len(secret)-1, len(s)); n > longest; n-- {
			if strings.HasSuffix(s, secret[:n]) {
				longest = n
				break
			}
		}
	}
	if longest > 0 {
		s = s[:len(s)-longest] + "***"
	}
	return s
}

// HideText returns text without the secrets of the program's environment.
func (o Options) HideText(s string) string { return newMasker(o.SecretEnv).text(s, false) }

// Hide returns a canonical value without the secrets of the program's
// environment.
func (o Options) Hide(v any) any {
	m := newMasker(o.SecretEnv)
	if len(m.secrets) == 0 {
		return v
	}
	return m.value(v)
}

func (m *masker) value(v any) any {
	switch x := v.(type) {
	case string:
		return m.text(x, false)
	case []any:
		out := make([]any, len(x))
		for i, e := range x {
			out[i] = m.value(e)
		}
		return out
	case map[string]any:
		out := make(map[string]any, len(x))
		for k, e := range x {
			out[m.text(k, false)] = m.value(e)
		}
		return out
	}
	return v
}
