package egress

import (
	"context"
	"errors"
	"net"
	"testing"
)

func TestDialerKeepsToThePolicy(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	addr := l.Addr().String()
	for _, c := range []struct {
		name   string
		policy Policy
		denied bool
	}{
		{"private network allowed", Policy{AllowPrivate: true}, false},
		{"private network refused", Policy{}, true},
		{"denied by name", Policy{AllowPrivate: true, Deny: []string{"127.0.0.1"}}, true},
		{"not among those allowed", Policy{AllowPrivate: true, Allow: []string{"example.com"}}, true},
		{"broken rule", Policy{AllowPrivate: true, Deny: []string{"1.2.3.4/99"}}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			conn, err := Dialer(c.policy)(context.Background(), "tcp", addr)
			var denied *DeniedError
			if got := errors.As(err, &denied); got != c.denied || !c.denied && err != nil {
				t.Fatalf("error %v, want denied %v", err, c.denied)
			}
			if conn != nil {
				_ = conn.Close()
			}
		})
	}
}
