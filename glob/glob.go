// Package glob matches texts by patterns in which only * has a meaning.
package glob

import "strings"

// Match reports whether a text matches a pattern, in which * stands for any characters, also none and also dots and
// slashes. It takes time by the product of the lengths at the most, and mostly by their sum.
func Match(pattern, s string) bool {
	parts := strings.Split(pattern, "*")
	if len(parts) == 1 {
		return pattern == s
	}
	if !strings.HasPrefix(s, parts[0]) {
		return false
	}
	s = s[len(parts[0]):]
	for _, p := range parts[1 : len(parts)-1] {
		i := strings.Index(s, p)
		if i < 0 {
			return false
		}
		s = s[i+len(p):]
	}
	return strings.HasSuffix(s, parts[len(parts)-1])
}
