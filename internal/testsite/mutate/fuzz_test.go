package mutate_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/antchfx/htmlquery"
	"golang.org/x/net/html"

	"github.com/aether-rpa/aether/internal/testsite/mutate"
)

// Whatever is served: no panic, the same bytes twice, no truth in the page, and each truth where it is said to be.
func FuzzPage(f *testing.F) {
	f.Add(source, 5, int64(1))
	f.Add("<!doctype html><form><div class=a><input name=x data-truth=t></div><div class=a><select id=y data-truth=u></select></div></form>", 3, int64(2))
	f.Add("<!doctype html><table><td><p data-truth=q>a<b>c</p>d", 4, int64(3))
	f.Add("<tr data-truth=a><td>", 5, int64(4))
	f.Add("<style>.a{.b{}}#c,</style><script>ref('x');x.closest('.a #b')</script>", 2, int64(5))
	f.Add("<!doctype html><template><div data-truth=in><template><i data-truth=deep></i></template></div></template>", 5, int64(6))
	f.Fuzz(func(t *testing.T, text string, level int, seed int64) {
		if level < 0 || level > mutate.MaxLevel {
			return
		}
		m := mutate.New(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			_, _ = io.WriteString(w, text)
		}))
		if err := m.Set(level, seed); err != nil {
			t.Fatal(err)
		}
		get := func() (int, string) {
			w := httptest.NewRecorder()
			m.ServeHTTP(w, httptest.NewRequest("GET", "/p", nil))
			return w.Code, w.Body.String()
		}
		code, out := get()
		if code != http.StatusOK {
			// What cannot be written as HTML is refused in a sentence, not served half changed.
			if !strings.HasPrefix(out, "changing the page: ") {
				t.Fatalf("answered %d: %s", code, out)
			}
			return
		}
		if _, again := get(); again != out {
			t.Fatalf("the second time it is another page:\n%s\n%s", out, again)
		}
		// Some broken pages read differently when they are written and read again, in browsers too; what is
		// promised holds for those that do not.
		doc, stable := reread(out)
		if source, ok := reread(text); !stable || !ok || !isDocument(text) || !same(source, doc, level) {
			return
		}
		walk(doc, func(n *html.Node) {
			for _, a := range n.Attr {
				if a.Key == "data-truth" || a.Key == "data-ref" {
					t.Fatalf("<%s> tells the truth in %q", n.Data, out)
				}
			}
		})
		for _, truth := range m.Truth("/p") {
			node := doc
			for _, path := range truth.Path {
				found, err := htmlquery.QueryAll(node, path)
				if err != nil || len(found) != 1 {
					t.Fatalf("%s of %s finds %d elements in %q: %v", path, truth.Name, len(found), out, err)
				}
				node = found[0]
			}
		}
	})
}

// same tells, at level 0, whether the page has as many elements as its source: reading it did not move any.
func same(a, b *html.Node, level int) bool {
	var n, m int
	walk(a, func(*html.Node) { n++ })
	walk(b, func(*html.Node) { m++ })
	return level >= 3 || n == m
}

func isDocument(text string) bool {
	return strings.HasPrefix(strings.ToLower(text), "<!doctype html>")
}

func reread(text string) (*html.Node, bool) {
	doc, err := html.Parse(strings.NewReader(text))
	if err != nil {
		return nil, false
	}
	var a, b strings.Builder
	if html.Render(&a, doc) != nil {
		return nil, false
	}
	again, err := html.Parse(strings.NewReader(a.String()))
	if err != nil || html.Render(&b, again) != nil {
		return nil, false
	}
	return doc, a.String() == b.String()
}

func walk(n *html.Node, f func(*html.Node)) {
	if n.Type == html.ElementNode {
		f(n)
	}
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		walk(c, f)
	}
}

func FuzzNames(f *testing.F) {
	f.Add("first_name", int64(1))
	f.Add("", int64(0))
	f.Add("kaaaa", int64(9))
	f.Fuzz(func(t *testing.T, name string, seed int64) {
		if strings.ContainsAny(name, "\"'<>&\x00\r\n") || !strings.Contains(`<input name="`+name+`">`, name) {
			return
		}
		var got []string
		m := mutate.New(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			got = nil
			for k := range r.URL.Query() {
				got = append(got, k)
			}
			w.Header().Set("Content-Type", "text/html")
			_, _ = io.WriteString(w, `<input name="`+name+`">`)
		}))
		if err := m.Set(1, seed); err != nil {
			t.Fatal(err)
		}
		w := httptest.NewRecorder()
		m.ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
		_, coded, _ := strings.Cut(w.Body.String(), `name="`)
		coded, _, _ = strings.Cut(coded, `"`)
		if name != "" && name != "_charset_" && coded == name {
			t.Fatalf("%q is served as it is", name)
		}
		r := httptest.NewRequest("GET", "/", nil)
		q := r.URL.Query()
		q.Set(coded, "x")
		r.URL.RawQuery = q.Encode()
		m.ServeHTTP(httptest.NewRecorder(), r)
		if len(got) != 1 || got[0] != name {
			t.Fatalf("%q was served as %q and arrives as %q", name, coded, got)
		}
	})
}
