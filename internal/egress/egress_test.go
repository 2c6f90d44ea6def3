package egress_test

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"golang.org/x/net/dns/dnsmessage"

	"github.com/aether-rpa/aether/internal/egress"
)

// serve starts a server that says where it was asked for.
func serve(t *testing.T, h http.HandlerFunc) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s
}

func hello(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "hello") }

func get(t *testing.T, c *http.Client, u string) (string, error) {
	t.Helper()
	res, err := c.Get(u)
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	return string(b), err
}

func wantDenied(t *testing.T, err error, rule string) {
	t.Helper()
	var d *egress.DeniedError
	if !errors.As(err, &d) || !strings.Contains(d.Rule, rule) {
		t.Errorf("got %v, want a DeniedError about %q", err, rule)
	}
	var marked interface{ Denied() bool }
	if !errors.As(err, &marked) || !marked.Denied() {
		t.Errorf("%v is not marked as denied", err)
	}
}

func TestPrivateNeedsLeave(t *testing.T) {
	s := serve(t, hello)
	port := strings.TrimPrefix(s.URL, "http://127.0.0.1:")
	tests := []struct {
		name   string
		policy egress.Policy
		host   string
		rule   string // "" means allowed
	}{
		{"nothing said", egress.Policy{}, "127.0.0.1", "private network"},
		{"all private", egress.Policy{AllowPrivate: true}, "127.0.0.1", ""},
		{"its network", egress.Policy{Allow: []string{"127.0.0.0/8"}}, "127.0.0.1", ""},
		{"its address", egress.Policy{Allow: []string{"127.0.0.1"}}, "127.0.0.1", ""},
		{"its address and port", egress.Policy{Allow: []string{"127.0.0.1:" + port}}, "127.0.0.1", ""},
		{"another port", egress.Policy{Allow: []string{"127.0.0.1:1"}}, "127.0.0.1", "no allow rule"},
		{"its name", egress.Policy{Allow: []string{"localhost"}}, "localhost", ""},
		{"its name in another spelling", egress.Policy{Allow: []string{"LocalHost."}}, "LOCALHOST", ""},
		{"its name by a wildcard", egress.Policy{Allow: []string{"*"}}, "localhost", "private network"},
		{"a wildcard and all private", egress.Policy{Allow: []string{"local*"}, AllowPrivate: true}, "localhost", ""},
		{"another name", egress.Policy{Allow: []string{"example.com"}, AllowPrivate: true}, "localhost", "no allow rule"},
		{"name denied", egress.Policy{Deny: []string{"local*"}, AllowPrivate: true}, "localhost", "deny rule local*"},
		{"network denied", egress.Policy{Deny: []string{"127.0.0.0/8"}, Allow: []string{"localhost"}}, "localhost", "deny rule 127.0.0.0/8"},
		{"mapped network denied", egress.Policy{Deny: []string{"::ffff:127.0.0.0/104"}, AllowPrivate: true}, "localhost", "deny rule"},
		{"name and port denied", egress.Policy{Deny: []string{"localhost:" + port}, AllowPrivate: true}, "localhost", "deny rule"},
		{"name with another port denied", egress.Policy{Deny: []string{"localhost:1"}, AllowPrivate: true}, "localhost", ""},
		{"mapped into IPv6", egress.Policy{Deny: []string{"127.0.0.1"}, AllowPrivate: true}, "[::ffff:127.0.0.1]", "deny rule"},
		{"mapped into IPv6, allowed", egress.Policy{Allow: []string{"127.0.0.1"}}, "[::ffff:127.0.0.1]", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := egress.Client(tt.policy)
			defer c.CloseIdleConnections()
			body, err := get(t, c, "http://"+tt.host+":"+port)
			if tt.rule != "" {
				wantDenied(t, err, tt.rule)
				return
			}
			if err != nil || body != "hello" {
				t.Errorf("got %q, %v", body, err)
			}
		})
	}
}

// Every address here is refused before a packet leaves.
func TestAddressesThatAreNeverAllowed(t *testing.T) {
	c := egress.Client(egress.Policy{AllowPrivate: true})
	for _, host := range []string{
		"169.254.169.254", "169.254.0.1", "[fe80::1]", "[fe80::1%25lo]", "[fd00:ec2::254]", "100.100.100.200", "168.63.129.16",
		"0.0.0.0", "0.1.2.3", "[::]", "224.0.0.1", "255.255.255.255", "240.0.0.1", "[ff02::1]",
		"[::ffff:169.254.169.254]", "[::ffff:0.0.0.0]", "[::169.254.169.254]", "[64:ff9b::169.254.169.254]",
		"[2002:a9fe:a9fe::1]", "[2001:0:4136:e378:8000:63bf:5601:5601]",
	} {
		_, err := get(t, c, "http://"+host+"/latest/meta-data")
		var d *egress.DeniedError
		if !errors.As(err, &d) {
			t.Errorf("%s: got %v", host, err)
		}
	}
	strict := egress.Client(egress.Policy{})
	for _, host := range []string{
		"10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "127.1.2.3", "100.64.0.1", "198.18.0.1", "192.0.0.1", "[::1]", "[fc00::1]", "[fdff::1]",
		"[::ffff:10.0.0.1]", "[64:ff9b::10.0.0.1]", "[2002:0a00:0001::1]",
	} {
		_, err := get(t, strict, "http://"+host)
		wantDenied(t, err, "")
	}
}

// Names that are odd spellings of addresses are not known to Go as addresses;
// a resolver may turn them into one, and then the address dialled is judged.
func TestOddSpellings(t *testing.T) {
	dns := newDNS(t, func(string) []string { return []string{"169.254.169.254"} })
	c := egress.Client(egress.Policy{AllowPrivate: true, Resolver: dns})
	for _, host := range []string{"2852039166", "0xa9fea9fe", "0251.0376.0251.0376", "169.254.43518", "metadata"} {
		_, err := get(t, c, "http://"+host+".test/")
		wantDenied(t, err, "link-local")
	}
	for _, host := range []string{"2852039166", "0xa9fea9fe", "0251.0376.0251.0376"} {
		if _, err := get(t, c, "http://"+host+"/"); err == nil {
			t.Errorf("%s was reached", host)
		}
	}
}

func TestOnlyHTTP(t *testing.T) {
	c := egress.Client(egress.Policy{AllowPrivate: true})
	for _, u := range []string{"ftp://127.0.0.1/", "file:///etc/passwd", "gopher://127.0.0.1/"} {
		_, err := get(t, c, u)
		wantDenied(t, err, "only http and https")
	}
	if _, err := get(t, c, "http:///x"); err == nil {
		t.Error("a URL without a host was accepted")
	}
}

func TestRedirectToADeniedAddress(t *testing.T) {
	inner := serve(t, func(http.ResponseWriter, *http.Request) { t.Error("the denied server was reached") })
	innerPort := inner.URL[strings.LastIndex(inner.URL, ":"):]
	targets := map[string]string{
		"address":  "http://169.254.169.254/",
		"name":     "http://localhost" + innerPort,
		"scheme":   "file:///etc/passwd",
		"username": "http://127.0.0.1@169.254.169.254/",
	}
	outer := serve(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, targets[strings.Trim(r.URL.Path, "/")], http.StatusFound)
	})
	c := egress.Client(egress.Policy{Allow: []string{outer.Listener.Addr().String()}})
	for path := range targets {
		_, err := get(t, c, outer.URL+"/"+path)
		wantDenied(t, err, "")
	}
}

func TestRedirectLimit(t *testing.T) {
	var n atomic.Int32
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		n.Add(1)
		http.Redirect(w, r, "/again", http.StatusFound)
	})
	for _, tt := range []struct{ max, want int }{{0, 11}, {2, 3}} {
		n.Store(0)
		_, err := get(t, egress.Client(egress.Policy{AllowPrivate: true, MaxRedirects: tt.max}), s.URL)
		if err == nil || !strings.Contains(err.Error(), "redirects") || int(n.Load()) != tt.want {
			t.Errorf("limit %d: %d requests, %v", tt.max, n.Load(), err)
		}
	}
	res, err := egress.Client(egress.Policy{AllowPrivate: true, MaxRedirects: -1}).Get(s.URL)
	if err != nil || res.StatusCode != http.StatusFound {
		t.Errorf("got %v, %v", res, err)
	}
}

// The name is allowed and first leads to an allowed address; the next lookup
// leads elsewhere. The second connection must be refused.
func TestRebinding(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Connection", "close")
		_, _ = io.WriteString(w, "hello")
	})
	var bad atomic.Bool
	dns := newDNS(t, func(string) []string {
		if bad.Load() {
			return []string{"169.254.169.254"}
		}
		return []string{"127.0.0.1"}
	})
	port := s.URL[strings.LastIndex(s.URL, ":"):]
	c := egress.Client(egress.Policy{Allow: []string{"rebind.test"}, Resolver: dns})
	if body, err := get(t, c, "http://rebind.test"+port); err != nil || body != "hello" {
		t.Fatalf("got %q, %v", body, err)
	}
	bad.Store(true)
	_, err := get(t, c, "http://rebind.test"+port)
	wantDenied(t, err, "link-local")
}

func TestProxy(t *testing.T) {
	target := serve(t, hello)
	proxy := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if !r.URL.IsAbs() {
			t.Errorf("the proxy was asked for %s", r.URL)
		}
		_, _ = io.WriteString(w, "by proxy: "+r.URL.Host)
	})
	t.Setenv("HTTP_PROXY", "http://127.0.0.1:1")
	if body, err := get(t, egress.Client(egress.Policy{AllowPrivate: true}), target.URL); err != nil || body != "hello" {
		t.Errorf("the environment decided about the proxy: %q, %v", body, err)
	}
	dns := newDNS(t, func(name string) []string {
		switch name {
		case "good.test.":
			return []string{"192.0.2.1"}
		case "bad.test.":
			return []string{"169.254.169.254"}
		}
		return nil
	})
	c := egress.Client(egress.Policy{Proxy: proxy.URL, Resolver: dns})
	if body, err := get(t, c, "http://good.test/"); err != nil || body != "by proxy: good.test" {
		t.Errorf("got %q, %v", body, err)
	}
	for _, u := range []string{"http://bad.test/", "http://169.254.169.254/", target.URL, proxy.URL} {
		_, err := get(t, c, u)
		wantDenied(t, err, "")
	}
	only := egress.Client(egress.Policy{Proxy: proxy.URL, Resolver: dns, Allow: []string{"192.0.2.0/24"}})
	if _, err := get(t, only, "http://good.test/"); err != nil {
		t.Error(err)
	}
	_, err := get(t, only, "http://unknown.test/")
	wantDenied(t, err, "proxy alone")
}

func TestTLSAndHTTP2(t *testing.T) {
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, r.Proto)
	}))
	s.EnableHTTP2 = true
	s.StartTLS()
	t.Cleanup(s.Close)
	pool := x509.NewCertPool()
	pool.AddCert(s.Certificate())
	c := egress.Client(egress.Policy{AllowPrivate: true})
	if _, err := get(t, c, s.URL); err == nil {
		t.Error("an unknown certificate was trusted")
	}
	tr := c.Transport.(*egress.Transport).WithTLS(&tls.Config{RootCAs: pool})
	if body, err := get(t, &http.Client{Transport: tr}, s.URL); err != nil || body != "HTTP/2.0" {
		t.Errorf("got %q, %v", body, err)
	}
	denied := egress.Client(egress.Policy{}).Transport.(*egress.Transport).WithTLS(&tls.Config{RootCAs: pool})
	_, err := get(t, &http.Client{Transport: denied}, s.URL)
	wantDenied(t, err, "private")
}

func TestBadRules(t *testing.T) {
	for _, p := range []egress.Policy{
		{Allow: []string{""}}, {Allow: []string{"http://example.com"}}, {Deny: []string{"10.0.0.0/99"}}, {Deny: []string{"host:99999"}},
		{Allow: []string{"a b"}}, {Deny: []string{"::ffff:0.0.0.0/8"}}, {Proxy: "socks5://x"}, {Proxy: "://"},
	} {
		if p.Check() == nil {
			t.Errorf("%+v was accepted", p)
		}
		if _, err := get(t, egress.Client(p), "http://127.0.0.1:1"); err == nil {
			t.Errorf("%+v allowed something", p)
		} else {
			wantDenied(t, err, "broken")
		}
	}
	if err := (egress.Policy{Allow: []string{"*.example.com", "example.com:443", "10.0.0.0/8", "::1", "[::1]:80", "1.2.3.4:80"}, Proxy: "http://p:1"}).Check(); err != nil {
		t.Error(err)
	}
}

func TestDeniedErrorIsASentence(t *testing.T) {
	_, err := get(t, egress.Client(egress.Policy{}), "http://127.0.0.1:1/")
	var u *url.Error
	if !errors.As(err, &u) {
		t.Fatal(err)
	}
	want := "connecting to 127.0.0.1 is not allowed: it is in a private network"
	if !strings.HasPrefix(u.Err.Error(), want) {
		t.Errorf("got %q", u.Err)
	}
}

// newDNS starts a name server on loopback that answers A questions, and
// returns a resolver that asks it.
func newDNS(t *testing.T, answer func(name string) []string) *net.Resolver {
	t.Helper()
	pc, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = pc.Close() })
	go func() {
		buf := make([]byte, 1500)
		for {
			n, from, err := pc.ReadFrom(buf)
			if err != nil {
				return
			}
			if reply := dnsReply(buf[:n], answer); reply != nil {
				_, _ = pc.WriteTo(reply, from)
			}
		}
	}()
	addr := pc.LocalAddr().String()
	return &net.Resolver{PreferGo: true, Dial: dialFixed(addr)}
}

func dnsReply(question []byte, answer func(string) []string) []byte {
	var m dnsmessage.Message
	if m.Unpack(question) != nil || len(m.Questions) != 1 {
		return nil
	}
	q := m.Questions[0]
	m.Response, m.Authoritative, m.Additionals = true, true, nil
	ips := answer(q.Name.String())
	if ips == nil {
		m.RCode = dnsmessage.RCodeNameError
	}
	for _, ip := range ips {
		if q.Type == dnsmessage.TypeA {
			m.Answers = append(m.Answers, dnsmessage.Resource{
				Header: dnsmessage.ResourceHeader{Name: q.Name, Class: q.Class, TTL: 0},
				Body:   &dnsmessage.AResource{A: [4]byte(net.ParseIP(ip).To4())},
			})
		}
	}
	b, err := m.Pack()
	if err != nil {
		return nil
	}
	return b
}

// A server that answers and closes must not confuse the pool.
func TestConnectionClosedByServer(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = http.ReadRequest(bufio.NewReader(c))
			_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
			_ = c.Close()
		}
	}()
	c := egress.Client(egress.Policy{AllowPrivate: true})
	for range 3 {
		if body, err := get(t, c, "http://"+l.Addr().String()); err != nil || body != "ok" {
			t.Errorf("got %q, %v", body, err)
		}
	}
}
