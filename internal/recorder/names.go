package recorder

import (
	"strconv"
	"strings"
	"unicode"
)

// free is a name that is not taken.
func free(name string, taken func(string) bool) string {
	for n, try := 2, name; ; n++ {
		if !taken(try) {
			return try
		}
		try = name + "_" + strconv.Itoa(n)
	}
}

// word makes of a title a name for flows: small letters, digits and _.
func word(title, otherwise string) string {
	var b strings.Builder
	for _, r := range strings.ToLower(title) {
		switch {
		case r >= 'a' && r <= 'z' || r >= '0' && r <= '9':
			b.WriteRune(r)
		case strings.ContainsRune("äàáâãå", r):
			b.WriteRune('a')
		case strings.ContainsRune("éèêë", r):
			b.WriteRune('e')
		case strings.ContainsRune("öòóôõ", r):
			b.WriteRune('o')
		case strings.ContainsRune("üùúû", r):
			b.WriteRune('u')
		case unicode.IsLetter(r) || unicode.IsDigit(r): // of another script: left out
		default:
			b.WriteByte('_')
		}
	}
	parts := strings.FieldsFunc(b.String(), func(r rune) bool { return r == '_' })
	s := ""
	for _, p := range parts {
		if s != "" && len(s)+len(p) > 30 {
			break
		}
		if s != "" {
			s += "_"
		}
		s += p
	}
	if len(s) > 40 {
		s = s[:40]
	}
	if s == "" {
		return otherwise
	}
	if s[0] >= '0' && s[0] <= '9' {
		s = otherwise + "_" + s
	}
	return s
}
