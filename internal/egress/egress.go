// Package egress builds the HTTP client that nodes use. It keeps to a policy
// of where connections may go: the address is judged when it is dialled, after
// its name was resolved, on every connection and so on every redirect. Names
// that resolve differently the second time, odd spellings of addresses and
// IPv4 hidden in IPv6 therefore gain nothing.
//
// In order:
//
//  1. Only http and https.
//  2. What a Deny rule names is refused.
//  3. When there are Allow rules, what none of them names is refused.
//  4. Link-local addresses (cloud metadata), the unspecified address,
//     multicast and reserved ones are refused unless an Allow rule names the
//     IP or a network that holds it.
//  5. Loopback and private networks are refused unless AllowPrivate is set, or
//     an Allow rule names the IP, its network, or the host without a wildcard.
package egress

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"syscall"
	"time"
)

// Policy says where connections may go. A rule is a host name (`*` stands for
// any characters), an IP, a network in CIDR notation, or one of the first two
// with `:port`.
type Policy struct {
	Allow        []string      // when not empty, only these
	Deny         []string      // never these; stronger than Allow
	AllowPrivate bool          // loopback and private networks too
	MaxRedirects int           // 0 means 10, less than 0 none
	Proxy        string        // URL of an HTTP proxy; empty means none, whatever the environment says
	Resolver     *net.Resolver // nil means that of the system
}

// DeniedError says that the policy forbids a connection.
type DeniedError struct {
	Host string // as the request named it
	IP   string // what it resolved to, if that was the reason
	Rule string // which part of the policy
}

// Error implements error.
func (e *DeniedError) Error() string {
	to := e.Host
	if e.IP != "" && e.IP != e.Host {
		to += " (" + e.IP + ")"
	}
	return fmt.Sprintf("connecting to %s is not allowed: %s", to, e.Rule)
}

// Denied marks the error for packages that must not import this one.
func (e *DeniedError) Denied() bool { return true }

// Check tells whether the rules of the policy are well formed.
func (p Policy) Check() error {
	_, err := compile(p)
	return err
}

// Client returns a client that keeps to the policy. It is safe for concurrent
// use and keeps connections open; make one for the whole program. Rules that
// are not well formed (see Check) refuse everything.
func Client(p Policy) *http.Client {
	rules, err := compile(p)
	if err != nil {
		return &http.Client{Transport: refuseAll{err}}
	}
	most := p.MaxRedirects
	if most == 0 {
		most = 10
	}
	t := &Transport{rules: rules}
	t.base = t.newBase()
	return &http.Client{
		Transport: t,
		CheckRedirect: func(_ *http.Request, via []*http.Request) error {
			if most < 0 {
				return http.ErrUseLastResponse
			}
			if len(via) > most {
				return fmt.Errorf("stopped after %d redirects", most)
			}
			return nil
		},
	}
}

// Dialer returns a function that opens connections to host:port under the
// policy, for protocols other than HTTP. A proxy of the policy is not used.
func Dialer(p Policy) func(ctx context.Context, network, addr string) (net.Conn, error) {
	p.Proxy = ""
	rules, err := compile(p)
	if err != nil {
		return func(_ context.Context, _, addr string) (net.Conn, error) {
			return nil, &DeniedError{Host: addr, Rule: "the egress policy is broken: " + err.Error()}
		}
	}
	t := &Transport{rules: rules}
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		host, port, err := net.SplitHostPort(addr)
		if err != nil {
			return nil, err
		}
		if err := rules.checkName(host, port); err != nil {
			return nil, err
		}
		return t.dial(ctx, network, addr)
	}
}

type refuseAll struct{ err error }

func (r refuseAll) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.Body != nil {
		_ = req.Body.Close()
	}
	return nil, &DeniedError{Host: req.URL.Host, Rule: "the egress policy is broken: " + r.err.Error()}
}

// dialTimeout bounds one connection attempt, all addresses of a name together.
const dialTimeout = 20 * time.Second

func (t *Transport) newBase() *http.Transport {
	b := &http.Transport{
		DialContext:            t.dial,
		ForceAttemptHTTP2:      true,
		MaxIdleConns:           100,
		MaxIdleConnsPerHost:    16,
		IdleConnTimeout:        90 * time.Second,
		TLSHandshakeTimeout:    15 * time.Second,
		ExpectContinueTimeout:  time.Second,
		MaxResponseHeaderBytes: 1 << 20,
	}
	if t.rules.proxy != nil {
		b.Proxy = http.ProxyURL(t.rules.proxy)
	}
	return b
}

func (t *Transport) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, err
	}
	r := t.rules
	d := net.Dialer{Timeout: dialTimeout, KeepAlive: 30 * time.Second, Resolver: r.resolver}
	if r.proxy != nil && addr == proxyAddr(r.proxy) {
		// The administrator named the proxy; what goes through it was checked
		// by RoundTrip.
		return d.DialContext(ctx, network, addr)
	}
	d.ControlContext = func(_ context.Context, _, address string, _ syscall.RawConn) error {
		ap, err := netip.ParseAddrPort(address)
		if err != nil {
			return &DeniedError{Host: host, IP: address, Rule: "the address cannot be read"}
		}
		return r.check(host, port, ap.Addr())
	}
	return d.DialContext(ctx, network, addr)
}

func proxyAddr(u *url.URL) string {
	if u.Port() != "" {
		return net.JoinHostPort(u.Hostname(), u.Port())
	}
	return net.JoinHostPort(u.Hostname(), defaultPort(u.Scheme))
}

func defaultPort(scheme string) string {
	if strings.EqualFold(scheme, "https") {
		return "443"
	}
	return "80"
}

var errNoHost = errors.New("the URL has no host")
