package egress

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"net/netip"
	"time"
)

// Transport is the round tripper that keeps to the policy.
type Transport struct {
	rules *rules
	base  *http.Transport
}

// RoundTrip implements http.RoundTripper. It refuses what the URL alone shows
// to be forbidden, so that the reason is told before anything is resolved; the
// judgement that counts is made when the connection is dialled.
func (t *Transport) RoundTrip(req *http.Request) (*http.Response, error) {
	if err := t.admit(req); err != nil {
		if req.Body != nil {
			_ = req.Body.Close()
		}
		return nil, err
	}
	return t.base.RoundTrip(req)
}

// CloseIdleConnections closes connections that no request uses.
func (t *Transport) CloseIdleConnections() { t.base.CloseIdleConnections() }

// WithTLS returns a round tripper under the same policy with TLS settings of
// its own: another CA, a client certificate. The caller closes its idle
// connections when done with it.
func (t *Transport) WithTLS(c *tls.Config) http.RoundTripper {
	n := &Transport{rules: t.rules}
	n.base = n.newBase()
	n.base.TLSClientConfig = c
	return n
}

func (t *Transport) admit(req *http.Request) error {
	u := req.URL
	if u.Scheme != "http" && u.Scheme != "https" {
		return &DeniedError{Host: u.Host, Rule: "only http and https are, not " + u.Scheme}
	}
	host, port := u.Hostname(), u.Port()
	if host == "" {
		return errNoHost
	}
	if port == "" {
		port = defaultPort(u.Scheme)
	}
	if ip, err := netip.ParseAddr(host); err == nil {
		return t.rules.check(host, port, ip)
	}
	if err := t.rules.checkName(host, port); err != nil {
		return err
	}
	if t.rules.proxy != nil {
		return t.checkBehindProxy(req.Context(), host, port)
	}
	return nil
}

// checkBehindProxy judges a name whose address the proxy will look up. What we
// resolve ourselves must be allowed; a name that only the proxy can resolve is
// judged by the proxy, unless rules name addresses that it cannot be shown to
// keep to.
func (t *Transport) checkBehindProxy(ctx context.Context, host, port string) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	res := t.rules.resolver
	if res == nil {
		res = net.DefaultResolver
	}
	ips, err := res.LookupNetIP(ctx, "ip", host)
	if err != nil {
		if len(t.rules.allow) > 0 && !t.rules.allow.name(host, port) {
			return &DeniedError{Host: host, Rule: "no allow rule names it, and its address is known to the proxy alone"}
		}
		return nil
	}
	for _, ip := range ips {
		if err := t.rules.check(host, port, ip); err != nil {
			return err
		}
	}
	return nil
}
