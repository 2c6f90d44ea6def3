package egress

import (
	"fmt"
	"net/netip"
)

func nets(list ...string) []netip.Prefix {
	out := make([]netip.Prefix, len(list))
	for i, s := range list {
		out[i] = netip.MustParsePrefix(s)
	}
	return out
}

var (
	metadata  = nets("169.254.0.0/16", "fe80::/10", "fd00:ec2::254/128", "fd20:ce::254/128", "100.100.100.200/32", "192.0.0.192/32", "168.63.129.16/32")
	unusable  = nets("0.0.0.0/8", "::/128", "224.0.0.0/4", "240.0.0.0/4", "ff00::/8")
	private   = nets("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "127.0.0.0/8", "::1/128", "fc00::/7", "fec0::/10", "100.64.0.0/10", "192.0.0.0/24", "198.18.0.0/15")
	nat64     = nets("64:ff9b::/96", "64:ff9b:1::/48")
	sixToFour = netip.MustParsePrefix("2002::/16")
	teredo    = netip.MustParsePrefix("2001::/32")
	compat    = netip.MustParsePrefix("::/96")
)

func in(list []netip.Prefix, ip netip.Addr) bool {
	for _, p := range list {
		if p.Contains(ip) {
			return true
		}
	}
	return false
}

// specialUse says why an address is no place for a request, or "".
func specialUse(ip netip.Addr) string {
	switch {
	case in(metadata, ip):
		return "it is a link-local or cloud metadata address"
	case in(unusable, ip):
		return "it is an unspecified, multicast or reserved address"
	}
	return ""
}

func isPrivate(ip netip.Addr) bool { return in(private, ip) }

// embedded returns the IPv4 address that an IPv6 address of a transition
// mechanism leads to.
func embedded(ip netip.Addr) (netip.Addr, bool) {
	if !ip.Is6() {
		return netip.Addr{}, false
	}
	b := ip.As16()
	switch {
	case in(nat64, ip), compat.Contains(ip) && !ip.IsUnspecified() && !ip.IsLoopback():
		return netip.AddrFrom4([4]byte(b[12:16])), true
	case sixToFour.Contains(ip):
		return netip.AddrFrom4([4]byte(b[2:6])), true
	case teredo.Contains(ip):
		return netip.AddrFrom4([4]byte{b[12] ^ 0xff, b[13] ^ 0xff, b[14] ^ 0xff, b[15] ^ 0xff}), true
	}
	return netip.Addr{}, false
}

// MetadataHosts are the link-local and cloud metadata addresses as a browser's host rules name them, with * for any
// characters, and the names under which clouds offer them. Link-local IPv6 is left out: a page cannot name its zone.
func MetadataHosts() []string {
	hosts := []string{"metadata.google.internal"}
	for _, n := range metadata {
		switch {
		case n.IsSingleIP():
			hosts = append(hosts, n.Addr().String())
		case n.Addr().Is4() && n.Bits() == 16:
			b := n.Addr().As4()
			hosts = append(hosts, fmt.Sprintf("%d.%d.*", b[0], b[1]))
		}
	}
	return hosts
}
