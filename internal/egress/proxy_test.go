package egress

import (
	"crypto/tls"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

func TestProxyKeepsToThePolicy(t *testing.T) {
	hello := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, "hello "+r.Header.Get("X-Forwarded-For")+r.Header.Get("Proxy-Connection"))
	})
	plain, secure := httptest.NewServer(hello), httptest.NewTLSServer(hello)
	defer plain.Close()
	defer secure.Close()
	get := func(t *testing.T, p Policy, to string) (int, string, error) {
		t.Helper()
		x, err := NewProxy(p)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = x.Close() }()
		via, err := url.Parse(x.URL())
		if err != nil {
			t.Fatal(err)
		}
		c := &http.Client{Transport: &http.Transport{Proxy: http.ProxyURL(via), TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}} //nolint:gosec // the test's own server
		defer c.CloseIdleConnections()
		r, err := c.Get(to)
		if err != nil {
			return 0, "", err
		}
		defer func() { _ = r.Body.Close() }()
		b, err := io.ReadAll(r.Body)
		return r.StatusCode, string(b), err
	}
	for _, to := range []string{plain.URL, secure.URL} {
		if code, text, err := get(t, Policy{AllowPrivate: true}, to); err != nil || code != 200 || text != "hello " {
			t.Errorf("%s: %d %q %v", to, code, text, err)
		}
		code, text, err := get(t, Policy{AllowPrivate: true, Deny: []string{"127.0.0.1"}}, to)
		if err == nil && (code != http.StatusForbidden || !strings.Contains(text, "not allowed")) || err != nil && !strings.Contains(err.Error(), "Forbidden") {
			t.Errorf("%s was not refused: %d %q %v", to, code, text, err)
		}
	}
	if code, _, err := get(t, Policy{AllowPrivate: true}, "http://127.0.0.1:1/"); err != nil || code != http.StatusBadGateway {
		t.Errorf("where nobody listens: %d %v", code, err)
	}
}
