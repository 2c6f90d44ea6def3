package egress

import "testing"

func TestGlob(t *testing.T) {
	tests := []struct {
		pattern, host string
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
		if got := glob(tt.pattern, tt.host); got != tt.want {
			t.Errorf("glob(%q, %q) = %v", tt.pattern, tt.host, got)
		}
	}
}
