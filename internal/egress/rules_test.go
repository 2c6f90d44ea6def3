package egress

import (
	"strings"
	"testing"
)

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
