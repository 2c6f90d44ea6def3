package acme_test

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/net/html"

	"github.com/aether-rpa/aether/internal/testsite/acme"
	"github.com/aether-rpa/aether/internal/testsite/ledger"
)

// clock is the time of an office under test.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// visitor is a browser without scripts at an office of its own.
type visitor struct {
	t       *testing.T
	url     string
	client  *http.Client
	handler http.Handler
	ledger  *ledger.Ledger
	clock   *clock
}

// visit opens an office with the settings given.
func visit(t *testing.T, cfg acme.Config) *visitor {
	t.Helper()
	c := &clock{now: time.Date(2026, time.June, 1, 9, 0, 0, 0, time.UTC)}
	cfg.Ledger, cfg.Prefix, cfg.Now = ledger.New(nil), "/acme", c.Now
	handler := acme.New(cfg)
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &visitor{t: t, url: server.URL + "/acme", client: &http.Client{Jar: jar}, handler: handler, ledger: cfg.Ledger, clock: c}
}

// signIn goes through the login of the clerk, who has no code.
func (v *visitor) signIn() *visitor {
	v.t.Helper()
	p := v.post("/login", "user", "clerk", "password", "practice-2")
	if p.path != "/acme/" {
		v.t.Fatalf("signing in led to %s: %s", p.path, p.text("main"))
	}
	return v
}

// page is an answer.
type page struct {
	t      *testing.T
	status int
	path   string // with the query, after redirects
	header http.Header
	body   string
	root   *html.Node
}

func (v *visitor) do(r *http.Request) *page {
	v.t.Helper()
	answer, err := v.client.Do(r)
	if err != nil {
		v.t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		v.t.Fatal(err)
	}
	root, err := html.Parse(strings.NewReader(string(body)))
	if err != nil {
		v.t.Fatal(err)
	}
	return &page{t: v.t, status: answer.StatusCode, path: answer.Request.URL.RequestURI(), header: answer.Header, body: string(body), root: root}
}

func (v *visitor) get(path string) *page {
	v.t.Helper()
	r, err := http.NewRequest(http.MethodGet, v.url+path, nil)
	if err != nil {
		v.t.Fatal(err)
	}
	return v.do(r)
}

// post sends a form of names and values.
func (v *visitor) post(path string, pairs ...string) *page {
	v.t.Helper()
	form := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		form.Add(pairs[i], pairs[i+1])
	}
	r, err := http.NewRequest(http.MethodPost, v.url+path, strings.NewReader(form.Encode()))
	if err != nil {
		v.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return v.do(r)
}

// all returns the elements that match, in the order of the page.
func (p *page) all(match func(*html.Node) bool) []*html.Node {
	var found []*html.Node
	for n := range p.root.Descendants() {
		if n.Type == html.ElementNode && match(n) {
			found = append(found, n)
		}
	}
	return found
}

// part returns the element that plays a part, or nil.
func (p *page) part(name string) *html.Node {
	found := p.all(func(n *html.Node) bool { return attr(n, "data-truth") == name })
	if len(found) == 0 {
		return nil
	}
	return found[0]
}

// text is what stands in a part of the page, or in the elements of a tag.
func (p *page) text(name string) string {
	n := p.part(name)
	if n == nil {
		for _, n = range p.all(func(n *html.Node) bool { return n.Data == name }) {
			break
		}
	}
	return text(n)
}

func text(n *html.Node) string {
	if n == nil {
		return ""
	}
	var b strings.Builder
	for c := range n.Descendants() {
		if c.Type == html.TextNode {
			b.WriteString(c.Data + " ")
		}
	}
	return strings.Join(strings.Fields(b.String()), " ")
}

func attr(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

// want fails unless the ledger has just these effects of a kind, each written as "key name=value name=value" with
// the facts that matter.
func (v *visitor) want(kind string, lines ...string) {
	v.t.Helper()
	got := v.ledger.All(kind)
	if len(got) != len(lines) {
		v.t.Errorf("the ledger has %d %s, want %d: %+v", len(got), kind, len(lines), got)
		return
	}
	for i, line := range lines {
		words := strings.Split(line, "|")
		if got[i].Key != words[0] {
			v.t.Errorf("%s %d is of %q, want %q", kind, i+1, got[i].Key, words[0])
		}
		for _, fact := range words[1:] {
			name, value, _ := strings.Cut(fact, "=")
			if got[i].Facts[name] != value {
				v.t.Errorf("%s %d has %s %q, want %q (of %v)", kind, i+1, name, got[i].Facts[name], value, maps.Clone(got[i].Facts))
			}
		}
	}
}

// code is the TOTP code of a time, made from RFC 6238 and not from the library that checks it.
func code(t *testing.T, at time.Time) string {
	t.Helper()
	key, err := base32.StdEncoding.DecodeString(acme.TOTPSecret)
	if err != nil {
		t.Fatal(err)
	}
	mac := hmac.New(sha1.New, key)
	mac.Write(binary.BigEndian.AppendUint64(nil, uint64(at.Unix()/30)))
	sum := mac.Sum(nil)
	from := sum[len(sum)-1] & 15
	return fmt.Sprintf("%06d", binary.BigEndian.Uint32(sum[from:])&0x7fffffff%1_000_000)
}
