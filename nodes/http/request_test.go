package httpnode

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/node/nodetest"
	"github.com/aether-rpa/aether/value"
)

func TestBodies(t *testing.T) {
	env := nodetest.Env(t)
	put(t, env, "a.bin", "\x00\x01")
	u := serve(t, func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		fmt.Fprintf(w, "%s|%d|%s", r.Header.Get("Content-Type"), r.ContentLength, b)
	})
	tests := []struct {
		name   string
		params map[string]any
		want   string
	}{
		{"nothing", map[string]any{}, "|0|"},
		{"map", map[string]any{"body": map[string]any{"b": 1, "a": "ü"}}, `application/json|16|{"a":"ü","b":1}`},
		{"list", map[string]any{"body": []any{1}}, `application/json|3|[1]`},
		{"text", map[string]any{"body": "hi"}, "text/plain; charset=utf-8|2|hi"},
		{"text as JSON", map[string]any{"body": "hi", "body_kind": "json"}, `application/json|4|"hi"`},
		{"null as JSON", map[string]any{"body_kind": "json"}, `application/json|4|null`},
		{"own type", map[string]any{"body": "<a/>", "content_type": "text/xml"}, "text/xml|4|<a/>"},
		{"form", map[string]any{"body": map[string]any{"a": "x y", "b": []any{1, true}, "c": nil}, "body_kind": "form"}, "application/x-www-form-urlencoded|16|a=x+y&b=1&b=true"},
		{"empty form", map[string]any{"body_kind": "form"}, "application/x-www-form-urlencoded|0|"},
		{"file", map[string]any{"body_file": "a.bin", "content_type": "application/x"}, "application/x|2|\x00\x01"},
		{"base64", map[string]any{"body": "AAE=", "body_kind": "base64"}, "application/octet-stream|2|\x00\x01"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := map[string]any{"url": u, "method": "POST", "parse": "text"}
			for k, v := range tt.params {
				p[k] = v
			}
			if got := run(t, env, "http.request", p)["body"]; got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
	fails(t, env, "http.request", map[string]any{"url": u, "method": "POST", "body": "x", "body_kind": "form"}, node.KindInput, "must be a map")
	fails(t, env, "http.request", map[string]any{"url": u, "method": "POST", "body_file": "missing"}, node.KindNotFound, "missing")
	fails(t, env, "http.request", map[string]any{"url": u, "method": "POST", "body_file": "../x"}, node.KindDenied, "outside")
	fails(t, env, "http.request", map[string]any{"url": u, "method": "POST", "body_kind": "file"}, node.KindInput, "body_file")
	fails(t, env, "http.request", map[string]any{"url": u, "method": "POST", "body": "%%", "body_kind": "base64"}, node.KindInput, "base64")
}

func TestMultipart(t *testing.T) {
	env := nodetest.Env(t)
	put(t, env, "a.txt", "content of a")
	u := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.ContentLength <= 0 {
			t.Error("the length is not announced")
		}
		if err := r.ParseMultipartForm(1 << 20); err != nil {
			http.Error(w, err.Error(), 400)
			return
		}
		h := r.MultipartForm.File["doc"][0]
		f, _ := h.Open()
		b, _ := io.ReadAll(f)
		fmt.Fprintf(w, "%v %s %q %s", r.MultipartForm.Value["tag"], h.Filename, b, h.Header.Get("Content-Type"))
	})
	out := run(t, env, "http.request", map[string]any{"url": u, "method": "POST", "body": map[string]any{"tag": []any{"x", 2}},
		"files": []any{map[string]any{"field": "doc", "path": "a.txt", "name": `we"ird`, "content_type": "text/x"}}})
	if got, want := out["body"], `[x 2] we%22ird "content of a" text/x`; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestParsing(t *testing.T) {
	env := nodetest.Env(t)
	u := serve(t, func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		w.Header()["Content-Type"] = q["type"]
		_, _ = io.WriteString(w, q.Get("body"))
	})
	tests := []struct {
		typ, body, parse string
		want             any
	}{
		{"application/json", `{"a":1.0}`, "auto", map[string]any{"a": 1}},
		{"application/problem+json; charset=utf-8", `[]`, "auto", []any{}},
		{"application/json", `{broken`, "auto", "{broken"},
		{"application/json", ``, "auto", nil},
		{"text/html; charset=iso-8859-1", "gr\xfc\xdfe", "auto", "grüße"},
		{"text/plain", "gr\xfc\xdfe", "auto", "grüße"},
		{"text/plain", "\xef\xbb\xbfhi", "auto", "hi"},
		{"image/png", "\x89PNG", "auto", "iVBORw=="},
		{"", "plain", "auto", "plain"},
		{"", "\xff\x00", "auto", "/wA="},
		{"image/svg+xml", "<svg/>", "auto", "<svg/>"},
		{"text/plain", `[1]`, "json", []any{1}},
		{"text/plain", "", "json", nil},
		{"application/json", `[1]`, "text", "[1]"},
		{"text/plain", "hi", "base64", "aGk="},
		{"text/plain", "hi", "none", nil},
		{"bad/;;type", "hi", "text", "hi"},
	}
	for _, tt := range tests {
		out := run(t, env, "http.request", map[string]any{"url": u, "query": map[string]any{"type": tt.typ, "body": tt.body}, "parse": tt.parse})
		if !value.Equal(out["body"], tt.want) {
			t.Errorf("%s %q as %s gave %#v, want %#v", tt.typ, tt.body, tt.parse, out["body"], tt.want)
		}
	}
	fails(t, env, "http.request", map[string]any{"url": u, "query": map[string]any{"body": "x"}, "parse": "json"}, node.KindInput, "not valid JSON")
}

func TestAnswersThatAreTooLarge(t *testing.T) {
	env := nodetest.Env(t)
	var bomb bytes.Buffer
	z := gzip.NewWriter(&bomb)
	for range 64 {
		_, _ = z.Write(make([]byte, 1<<20))
	}
	_ = z.Close()
	u := serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/gzip":
			w.Header().Set("Content-Encoding", "gzip")
			_, _ = w.Write(bomb.Bytes())
		case "/announced":
			w.Header().Set("Content-Length", "9999999999")
			_, _ = w.Write([]byte("x"))
		case "/chunked":
			for {
				if _, err := w.Write(make([]byte, 64<<10)); err != nil {
					return
				}
			}
		}
	})
	for _, path := range []string{"/gzip", "/announced", "/chunked"} {
		fails(t, env, "http.request", map[string]any{"url": u + path, "max_size": 100_000}, node.KindInput, "larger than the limit")
	}
	fails(t, env, "http.download", map[string]any{"url": u + "/gzip", "to": "x", "max_size": 100_000}, node.KindInput, "larger than the limit")
	fails(t, env, "http.download", map[string]any{"url": u + "/chunked", "to": "x", "max_size": 100_000}, node.KindInput, "larger than the limit")
	if got := files(t, env); len(got) != 0 {
		t.Errorf("left over: %v", got)
	}
}

// raw serves fixed bytes and then cuts the connection.
func raw(t *testing.T, answers ...string) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for i := 0; ; i++ {
			c, err := l.Accept()
			if err != nil {
				return
			}
			buf := make([]byte, 4096)
			_, _ = c.Read(buf)
			_, _ = io.WriteString(c, answers[min(i, len(answers)-1)])
			_ = c.Close()
		}
	}()
	return "http://" + l.Addr().String()
}

func TestBrokenServers(t *testing.T) {
	env := nodetest.Env(t)
	for name, answer := range map[string]string{
		"cut body":      "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort",
		"cut chunk":     "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\nshort",
		"nothing":       "",
		"no HTTP":       "SSH-2.0-x\r\n",
		"cut head":      "HTTP/1.1 200 OK\r\nContent-Le",
		"bad length":    "HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n",
		"two lengths":   "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
		"broken gzip":   "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nabcd",
		"huge header":   "HTTP/1.1 200 OK\r\nX: " + strings.Repeat("x", 11<<20) + "\r\n\r\n",
		"bad status":    "HTTP/1.1 abc\r\n\r\n",
		"loop redirect": "HTTP/1.1 302 Found\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n",
	} {
		u := raw(t, answer)
		t.Run(name, func(t *testing.T) {
			fails(t, env, "http.request", map[string]any{"url": u + "/?k=hidden"}, node.KindNetwork, "GET "+u)
			fails(t, env, "http.download", map[string]any{"url": u, "to": "f"}, node.KindNetwork, "GET "+u)
		})
	}
	if got := files(t, env); len(got) != 0 {
		t.Errorf("left over: %v", got)
	}
}

func TestRetries(t *testing.T) {
	env := nodetest.Env(t)
	var n atomic.Int32
	var header atomic.Value
	header.Store("")
	u := serve(t, func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		if n.Add(1) < 3 {
			w.Header().Set("Retry-After", header.Load().(string))
			w.WriteHeader(map[string]int{"/429": 429, "/503": 503, "/500": 500}[r.URL.Path])
			return
		}
		fmt.Fprintf(w, "done %s", b)
	})
	tests := []struct {
		name, method, path, after string
		params                    map[string]any
		tries                     int // 0: fails
		requests                  int32
	}{
		{"a GET is tried again", "GET", "/429", "0", nil, 3, 3},
		{"by a date that is past", "GET", "/503", "Thu, 01 Jan 2026 00:00:00 GMT", nil, 3, 3},
		{"without Retry-After", "GET", "/503", "", nil, 3, 3},
		{"with nonsense in Retry-After", "GET", "/503", "soon", nil, 3, 3},
		{"not other statuses", "GET", "/500", "0", nil, 0, 1},
		{"a POST is not", "POST", "/429", "0", nil, 0, 1},
		{"a POST is when asked", "POST", "/429", "0", map[string]any{"retries": 2, "body": "x"}, 3, 3},
		{"a POST with a key is", "POST", "/429", "0", map[string]any{"idempotency": true}, 3, 3},
		{"a PUT is", "PUT", "/429", "0", nil, 3, 3},
		{"none when asked", "GET", "/429", "0", map[string]any{"retries": 0}, 0, 1},
		{"too few", "GET", "/429", "0", map[string]any{"retries": 1}, 0, 2},
		{"not after an hour", "GET", "/429", "3600", nil, 0, 1},
		{"not after a date far ahead", "GET", "/429", "Fri, 01 Jan 2100 00:00:00 GMT", nil, 0, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			n.Store(0)
			header.Store(tt.after)
			p := map[string]any{"url": u + tt.path, "method": tt.method, "retry_wait": "1ms"}
			for k, v := range tt.params {
				p[k] = v
			}
			out, err := nodetest.Run(t, env, "http.request", p)
			if (err == nil) != (tt.tries > 0) || err == nil && out["tries"] != tt.tries || n.Load() != tt.requests {
				t.Errorf("got %v, %v after %d requests", out["tries"], err, n.Load())
			}
		})
	}
}

func TestRetryOfRefusedConnection(t *testing.T) {
	env := nodetest.Env(t)
	var dials atomic.Int32
	u := serve(t, say("hi"))
	host := strings.TrimPrefix(u, "http://")
	env.HTTP = &http.Client{Transport: &http.Transport{DialContext: func(_ context.Context, network, _ string) (net.Conn, error) {
		if dials.Add(1) == 1 {
			return net.Dial(network, "127.0.0.1:1")
		}
		return net.Dial(network, host)
	}}}
	out := run(t, env, "http.request", map[string]any{"url": "http://x.test/", "method": "POST", "body": "x", "retries": 1, "retry_wait": "1ms"})
	if out["body"] != "hi" || out["tries"] != 2 {
		t.Errorf("got %v", out)
	}
}

func TestRetryAfter(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	tests := []struct {
		in   string
		want time.Duration
		ok   bool
	}{
		{"120", 2 * time.Minute, true}, {" 0 ", 0, true}, {"-5", 0, true}, {"1.5", 1500 * time.Millisecond, true},
		{"Fri, 02 Jan 2026 03:05:05 GMT", time.Minute, true}, {"Fri, 02 Jan 2026 03:00:00 GMT", 0, true}, {"", 0, false}, {"soon", 0, false},
	}
	for _, tt := range tests {
		if got, ok := retryAfter(tt.in, now); got != tt.want || ok != tt.ok {
			t.Errorf("%q gave %v, %v", tt.in, got, ok)
		}
	}
}

func TestRedirects(t *testing.T) {
	env := nodetest.Env(t)
	see := func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		fmt.Fprintf(w, "%s auth=%s key=%s extra=%s cookie=%s referer=%s accept=%s body=%s", r.Method, r.Header.Get("Authorization"), r.Header.Get("X-Key"),
			r.Header.Get("X-Extra"), r.Header.Get("Cookie"), r.Header.Get("Referer"), r.Header.Get("Accept"), b)
	}
	other := serve(t, see)
	u := serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/away":
			http.Redirect(w, r, other+"/x", http.StatusFound)
		case "/near":
			http.Redirect(w, r, "/here", http.StatusTemporaryRedirect)
		case "/loop":
			http.Redirect(w, r, "/loop", http.StatusFound)
		default:
			see(w, r)
		}
	})
	p := map[string]any{"url": u + "/away?secret=q", "headers": map[string]any{"X-Extra": "e", "Accept": "text/x", "Cookie": "c=1"}, "auth": map[string]any{"kind": "header", "name": "X-Key", "token": "k"}}
	out := run(t, env, "http.request", p)
	if got, want := out["body"], "GET auth= key= extra= cookie= referer= accept=text/x body="; got != want {
		t.Errorf("another host got %q, want %q", got, want)
	}
	if out["url"] != other+"/x" {
		t.Errorf("the final address is %v", out["url"])
	}
	p["auth"] = map[string]any{"kind": "bearer", "token": "t"}
	if got := run(t, env, "http.request", p)["body"].(string); !strings.HasPrefix(got, "GET auth= ") {
		t.Errorf("another host got %q", got)
	}
	p["url"], p["method"], p["body"] = u+"/near", "POST", "data"
	if got := run(t, env, "http.request", p)["body"].(string); !strings.HasPrefix(got, "POST auth=Bearer t ") || !strings.HasSuffix(got, "body=data") {
		t.Errorf("the same host got %q", got)
	}
	out = run(t, env, "http.request", map[string]any{"url": u + "/away", "follow_redirects": false, "expect": []any{"3xx"}})
	if out["status"] != 302 || out["headers"].(map[string]any)["location"] != other+"/x" {
		t.Errorf("got %v", out)
	}
	fails(t, env, "http.request", map[string]any{"url": u + "/away", "follow_redirects": false}, node.KindHTTP, "302")
	fails(t, env, "http.request", map[string]any{"url": u + "/loop"}, node.KindNetwork, "redirects")
}

func TestSameOrigin(t *testing.T) {
	tests := []struct {
		a, b string
		want bool
	}{
		{"http://a/", "http://a:80/x", true}, {"https://A/", "https://a:443", true}, {"http://a/", "https://a/", true},
		{"https://a/", "http://a/", false}, {"http://a/", "http://b/", false}, {"http://a/", "http://x.a/", false}, {"http://a:1/", "http://a:2/", false}, {"http://a:1/", "https://a:2/", false},
	}
	for _, tt := range tests {
		a, _ := url.Parse(tt.a)
		b, _ := url.Parse(tt.b)
		if got := sameOrigin(a, b); got != tt.want {
			t.Errorf("%s -> %s gave %v", tt.a, tt.b, got)
		}
	}
}

func TestCookies(t *testing.T) {
	env := nodetest.Env(t)
	u := serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/login":
			http.SetCookie(w, &http.Cookie{Name: "session", Value: "s1", Path: "/", HttpOnly: true})
			http.SetCookie(w, &http.Cookie{Name: "gone", MaxAge: -1})
			http.SetCookie(w, &http.Cookie{Name: "foreign", Value: "x", Domain: "evil.test"})
			http.Redirect(w, r, "/home", http.StatusFound)
		default:
			http.SetCookie(w, &http.Cookie{Name: "long", Value: "l", MaxAge: 3600})
			_, _ = io.WriteString(w, r.Header.Get("Cookie"))
		}
	})
	out := run(t, env, "http.request", map[string]any{"url": u + "/login", "cookies": map[string]any{"lang": "de", "gone": "x"}})
	if got := out["body"]; got != "gone=x; lang=de; session=s1" && got != "lang=de; session=s1" && got != "lang=de; gone=x; session=s1" {
		t.Errorf("the service saw %q", got)
	}
	names := map[string]bool{}
	for _, c := range out["cookies"].([]any) {
		names[c.(map[string]any)["name"].(string)] = true
	}
	if !names["session"] || !names["long"] || !names["lang"] || names["foreign"] {
		t.Errorf("got %v", out["cookies"])
	}
	again := run(t, env, "http.request", map[string]any{"url": u + "/", "cookies": out["cookies"]})
	if got := again["body"].(string); !strings.Contains(got, "session=s1") || !strings.Contains(got, "long=l") {
		t.Errorf("the service saw %q", got)
	}
	fails(t, env, "http.request", map[string]any{"url": u, "cookies": "a=b"}, node.KindInput, "cookies")
}

func TestHeaders(t *testing.T) {
	env := nodetest.Env(t)
	u := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Add("X-Two", "a")
		w.Header().Add("X-Two", "b")
		fmt.Fprint(w, r.Host, " ", r.Header.Get("X-A"))
	})
	out := run(t, env, "http.request", map[string]any{"url": u, "headers": map[string]any{"Host": "other.test", "X-A": "ü"}})
	if out["body"] != "other.test ü" || out["headers"].(map[string]any)["x-two"] != "a, b" {
		t.Errorf("got %v", out)
	}
	for k, v := range map[string]any{"X A": "x", "X-A": "a\r\nX-B: c", "Content-Length": "5", "": "x"} {
		fails(t, env, "http.request", map[string]any{"url": u, "headers": map[string]any{k: v}}, node.KindInput, "header")
	}
}

func TestTLS(t *testing.T) {
	env := nodetest.Env(t)
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "%s %d", r.Proto, len(r.TLS.PeerCertificates))
	}))
	s.EnableHTTP2 = true
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.TLS = &tls.Config{ClientAuth: tls.RequestClientCert}
	s.StartTLS()
	t.Cleanup(s.Close)
	put(t, env, "ca.pem", string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw})))
	key, err := x509.MarshalPKCS8PrivateKey(s.TLS.Certificates[0].PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	put(t, env, "key.pem", string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key})))
	put(t, env, "none.pem", "nothing")
	f := fails(t, env, "http.request", map[string]any{"url": s.URL}, node.KindNetwork, "certificate")
	if !strings.Contains(f.Hint, "ca_file") {
		t.Errorf("the hint is %q", f.Hint)
	}
	for name, o := range map[string]map[string]any{
		"ca":       {"ca_file": "ca.pem"},
		"insecure": {"insecure": true},
	} {
		if got := run(t, env, "http.request", map[string]any{"url": s.URL, "tls": o})["body"]; got != "HTTP/2.0 0" {
			t.Errorf("%s: got %v", name, got)
		}
	}
	if got := run(t, env, "http.request", map[string]any{"url": s.URL, "tls": map[string]any{"ca_file": "ca.pem", "cert_file": "ca.pem", "key_file": "key.pem"}})["body"]; got != "HTTP/2.0 1" {
		t.Errorf("client certificate: got %v", got)
	}
	fails(t, env, "http.request", map[string]any{"url": s.URL, "tls": map[string]any{"ca_file": "none.pem"}}, node.KindInput, "no certificate")
	fails(t, env, "http.request", map[string]any{"url": s.URL, "tls": map[string]any{"cert_file": "ca.pem"}}, node.KindInput, "key")
	fails(t, env, "http.request", map[string]any{"url": s.URL, "tls": map[string]any{"ca_file": "ca.pem", "server_name": "other.test"}}, node.KindNetwork, "certificate")
}
