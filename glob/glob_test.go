package glob_test

import (
	"regexp"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/aether-rpa/aether/glob"
)

func TestMatchIsARegexp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		pattern := rapid.StringMatching(`[ab.*]{0,8}`).Draw(t, "pattern")
		s := rapid.StringMatching(`[ab.]{0,12}`).Draw(t, "text")
		want := regexp.MustCompile(`^` + strings.ReplaceAll(regexp.QuoteMeta(pattern), `\*`, `.*`) + `$`).MatchString(s)
		if got := glob.Match(pattern, s); got != want {
			t.Fatalf("it is %t", got)
		}
	})
}

func TestMatch(t *testing.T) {
	tests := []struct {
		pattern, text string
		want          bool
	}{
		{"example.com", "example.com", true},
		{"example.com", "xexample.com", false},
		{"*.example.com", "a.example.com", true},
		{"*.example.com", "a.b.example.com", true},
		{"*.example.com", "example.com", false},
		{"*.example.com", "a.example.com.evil.test", false},
		{"*", "anything", true},
		{"a*c*e", "abcde", true},
		{"a*c*e", "abde", false},
		{"aa*aa", "aaa", false},
		{"api-*.test", "api-1.test", true},
	}
	for _, tt := range tests {
		if got := glob.Match(tt.pattern, tt.text); got != tt.want {
			t.Errorf("Match(%q, %q) = %v", tt.pattern, tt.text, got)
		}
	}
}
