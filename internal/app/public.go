package app

import (
	"net"

	"github.com/aether-rpa/aether/node"
)

// Listens says that the server of this process listens at a URL, which links to its pages begin with unless the
// settings say otherwise.
func (s *System) Listens(url string) { s.listens.Store(&url) }

// publicURL returns the address under which people reach the server.
func (s *System) publicURL() (string, error) {
	if u := s.Config.Server.PublicURL; u != "" {
		return u, nil
	}
	if u := s.listens.Load(); u != nil {
		return *u, nil
	}
	return "", node.Fail(node.KindInput, "links to questions begin with the address of the server, and this process does not know it", "set server.public_url in aether.yaml (AETHER_SERVER_PUBLIC_URL), such as https://aether.example.com")
}

// Reachable returns the host and port that others reach a listener at: one that listens everywhere is reached by the
// name of its machine.
func Reachable(addr, host string) string {
	h, port, err := net.SplitHostPort(addr)
	if err != nil {
		return addr
	}
	if ip := net.ParseIP(h); ip != nil && ip.IsUnspecified() {
		return net.JoinHostPort(host, port)
	}
	return addr
}
