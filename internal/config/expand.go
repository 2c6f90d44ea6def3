package config

import (
	"regexp"
	"strings"
)

var referencePattern = regexp.MustCompile(`^\$\{([A-Za-z_][A-Za-z0-9_]*)\}`)

// secretName tells by a variable's name that its value is not to be shown. PWD is the current folder.
var secretName = regexp.MustCompile(`(?i)passw|passphrase|(^|_)pass(_|$)|_pwd|secret|token|_key$|apikey|credential`)

// reference is one ${NAME} in a text.
type reference struct {
	name       string
	start, end int
}

// references finds every ${NAME}. `$${` stands for `${` itself, and is no reference.
func references(text string) ([]reference, error) {
	var refs []reference
	for i := 0; i < len(text); i++ {
		if text[i] != '$' {
			continue
		}
		if strings.HasPrefix(text[i:], "$${") {
			i += 2
			continue
		}
		if !strings.HasPrefix(text[i:], "${") {
			continue
		}
		m := referencePattern.FindStringSubmatch(text[i:])
		if m == nil {
			return nil, bad("has a ${ that does not begin a reference", "Write ${NAME} with letters, digits and underscores, or $${ for the characters ${")
		}
		refs = append(refs, reference{m[1], i, i + len(m[0])})
		i += len(m[0]) - 1
	}
	return refs, nil
}

// expand replaces every ${NAME} in text by the variable, passed through encode if that is not nil.
// A value that was put in is not expanded again: a password may hold ${.
func expand(text string, lookup func(string) (string, bool), encode func(ref reference, value string) string) (string, error) {
	refs, err := references(text)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	last := 0
	for _, ref := range refs {
		value, ok := lookup(ref.name)
		if !ok {
			return "", bad("refers to ${"+ref.name+"}, which is not set", "Set "+ref.name+" in the environment or in .env")
		}
		if encode != nil {
			value = encode(ref, value)
		}
		b.WriteString(strings.ReplaceAll(text[last:ref.start], "$${", "${"))
		b.WriteString(value)
		last = ref.end
	}
	b.WriteString(strings.ReplaceAll(text[last:], "$${", "${"))
	return b.String(), nil
}

// expandURL expands a connection string and encodes each value for its place, so that DB_PASSWORD
// holds the password as it is. A text that is one reference is a connection string in a variable,
// and may itself have references; depth ends a circle.
func expandURL(text string, lookup func(string) (string, bool), depth int) (string, error) {
	refs, err := references(text)
	if err != nil {
		return "", err
	}
	if len(refs) == 1 && refs[0].start == 0 && refs[0].end == len(text) {
		value, ok := lookup(refs[0].name)
		if ok && depth > 0 {
			return expandURL(strings.TrimSpace(value), lookup, depth-1)
		}
	}
	if strings.HasPrefix(text, "sqlite") {
		return expand(text, lookup, nil) // a path, which is not encoded
	}
	scheme, _, isURL := splitScheme(text)
	if !isURL {
		return expand(text, lookup, func(_ reference, value string) string { return escapeKeyword(value) })
	}
	begin := len(scheme) + len("://")
	authority := text[begin:]
	if i := strings.IndexAny(authority, "/?#"); i >= 0 {
		authority = authority[:i]
	}
	end := begin + len(authority)
	userEnd := begin + strings.LastIndex(authority, "@") // below begin if there is no user
	return expand(text, lookup, func(ref reference, value string) string {
		wholeUser := ref.start == begin && ref.end == userEnd // user:password in one variable
		switch {
		case ref.start >= begin && ref.end <= userEnd && !wholeUser:
			return percentEncode(value)
		case ref.start < end: // a host, perhaps with a port
			return value
		case !strings.Contains(text[end:ref.start], "?"):
			return percentEncode(value)
		case strings.LastIndex(text[:ref.start], "=") > strings.LastIndexAny(text[:ref.start], "?&"):
			return percentEncode(value)
		}
		return value
	})
}

// percentEncode encodes all but the characters that are safe in every part of a URL.
func percentEncode(s string) string {
	const hex = "0123456789ABCDEF"
	var b strings.Builder
	for i := range len(s) {
		c := s[i]
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', strings.IndexByte("-._~", c) >= 0:
			b.WriteByte(c)
		default:
			b.WriteByte('%')
			b.WriteByte(hex[c>>4])
			b.WriteByte(hex[c&15])
		}
	}
	return b.String()
}

// escapeKeyword makes a value fit for a key=value connection string, in quotes or not.
func escapeKeyword(s string) string {
	var b strings.Builder
	for i := range len(s) {
		if strings.IndexByte(" \t\n\r\v\f'\\", s[i]) >= 0 {
			b.WriteByte('\\')
		}
		b.WriteByte(s[i])
	}
	return b.String()
}
