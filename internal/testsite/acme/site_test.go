package acme_test

import (
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"github.com/aether-rpa/aether/internal/testsite/acme"
)

// walk visits every page that is linked or framed, from the front page on, and returns them by path.
func (v *visitor) walk() map[string]*page {
	v.t.Helper()
	seen := map[string]*page{}
	queue := []string{"/acme/", "/acme/login", "/acme/work/WI-100001/print", "/acme/lookup/vendors", "/acme/lab/windows/choose", "/acme/lab/parts/1"}
	for len(queue) > 0 {
		at := queue[0]
		queue = queue[1:]
		name, _, _ := strings.Cut(at, "?")
		if seen[name] != nil || strings.HasPrefix(name, "/acme/lab/redirects/endless") || len(seen) > 400 {
			continue
		}
		p := v.get(strings.TrimPrefix(at, "/acme"))
		seen[name] = p
		if !strings.HasPrefix(p.header.Get("Content-Type"), "text/html") {
			continue
		}
		base, err := url.Parse(at)
		if err != nil {
			v.t.Fatal(err)
		}
		for _, n := range p.all(func(n *html.Node) bool {
			return n.Data == "a" || n.Data == "iframe" || n.Data == "script" || n.Data == "link"
		}) {
			for _, link := range []string{attr(n, "href"), attr(n, "src")} {
				if link == "" || strings.HasPrefix(link, "data:") {
					continue
				}
				to, err := base.Parse(link)
				if err != nil {
					v.t.Errorf("%s links to %q: %v", at, link, err)
					continue
				}
				queue = append(queue, to.RequestURI())
			}
		}
	}
	return seen
}

var (
	outsideRE = regexp.MustCompile(`(?i)(https?:)?//[a-z0-9]+\.[a-z]`)
	handleRE  = regexp.MustCompile(`getElementById\('([^']+)'\)`)
)

func TestEveryPage(t *testing.T) {
	v := visit(t, acme.Config{Seed: 4}).signIn()
	pages := v.walk()
	if len(pages) < 100 {
		t.Fatalf("%d pages were found", len(pages))
	}
	for path, p := range pages {
		switch {
		case path == "/acme/lab/basic" && p.status == http.StatusUnauthorized, path == "/acme/lab/flaky" && p.status == http.StatusInternalServerError:
		case p.status != http.StatusOK:
			t.Errorf("%s gives %d", path, p.status)
		}
		if found := outsideRE.FindString(p.body); found != "" {
			t.Errorf("%s names another host: %s", path, found)
		}
		if strings.HasPrefix(p.header.Get("Content-Type"), "text/html") {
			checkPage(t, path, p, pages)
		}
	}
}

// checkPage sees to what scripts, labels and the mutation switch rely on: ids and parts are unique, labels and
// descriptions name elements that are there, and so do the page's scripts.
func checkPage(t *testing.T, path string, p *page, pages map[string]*page) {
	t.Helper()
	var ids, parts []string
	for _, n := range p.all(func(*html.Node) bool { return true }) {
		if id := attr(n, "id"); id != "" {
			ids = append(ids, id)
		}
		if part := attr(n, "data-truth"); part != "" {
			parts = append(parts, part)
		}
	}
	for name, list := range map[string][]string{"id": ids, "data-truth": parts} {
		slices.Sort(list)
		if n := len(slices.Compact(slices.Clone(list))); n != len(list) {
			t.Errorf("%s has a %s twice: %v", path, name, list)
		}
	}
	for _, n := range p.all(func(*html.Node) bool { return true }) {
		for _, ref := range []string{attr(n, "for"), attr(n, "aria-describedby"), attr(n, "aria-controls")} {
			if ref != "" && !slices.Contains(ids, ref) {
				t.Errorf("%s refers to %q, which is not there", path, ref)
			}
		}
		if src := attr(n, "src"); n.Data == "script" {
			script := pages[src]
			if script == nil || script.status != http.StatusOK {
				t.Errorf("%s has the script %q, which is not there", path, src)
				continue
			}
			for _, m := range handleRE.FindAllStringSubmatch(script.body, -1) {
				// One script serves two pages and looks first.
				if !slices.Contains(ids, m[1]) && !strings.HasSuffix(src, "/windows.js") {
					t.Errorf("%s: %s looks for %q, which is not there", path, src, m[1])
				}
			}
		}
	}
}

func TestWithoutLoginOnlyTheLabOpens(t *testing.T) {
	signed := visit(t, acme.Config{Seed: 4}).signIn()
	v := visit(t, acme.Config{Seed: 4})
	for path := range signed.walk() {
		p := v.get(strings.TrimPrefix(path, "/acme"))
		open := strings.HasPrefix(path, "/acme/lab") || strings.HasPrefix(path, "/acme/static/") || strings.HasPrefix(path, "/acme/login")
		if login := strings.HasPrefix(p.path, "/acme/login"); login == open && path != "/acme/login" {
			t.Errorf("without a login, %s leads to %s", path, p.path)
		}
	}
}

func TestPrefix(t *testing.T) {
	v := visit(t, acme.Config{})
	for path, want := range map[string]int{"": http.StatusOK, "/nothing": http.StatusNotFound, "x": http.StatusNotFound, "/lab/do/x": http.StatusNotFound} {
		if p := v.get(path); p.status != want {
			t.Errorf("/acme%s gives %d, want %d", path, p.status, want)
		}
	}
}
