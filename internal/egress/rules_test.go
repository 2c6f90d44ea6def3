package egress

import (
	"strings"
	"testing"
)

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

// Every range of cloud metadata is a host rule for browsers, or is named here as one that they cannot reach.
func TestMetadataHosts(t *testing.T) {
	hosts := strings.Join(MetadataHosts(), " ")
	for _, n := range metadata {
		want := n.Addr().String()
		if !n.IsSingleIP() {
			want = strings.TrimSuffix(want, ".0.0") + ".*"
		}
		if n.String() != "fe80::/10" && !strings.Contains(hosts, want) {
			t.Errorf("%s is in none of %s", n, hosts)
		}
	}
}
