package mutate_test

import (
	"bytes"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/antchfx/htmlquery"

	"github.com/aether-rpa/aether/internal/testsite/mutate"
)

const source = `<!doctype html><html lang="en"><head><title>Order</title><style>
#box.card > .row:hover, .row[data-x="a.b#c"] { color: #fff; margin: .5em; background: url(".row") }
@media (min-width: 10.5em) { .row .wide { width: 1.5em } }
</style></head><body>
<nav aria-label="Main"><a href="/a" data-truth="nav.a">Clients</a><a href="/b">Vendors</a><a href="/c">Reports</a></nav>
<main id="box" class="card">
<h1>New order</h1>
<form id="order" method="post" action="/did" class="grid" data-truth="form">
<div class="row"><label for="first">First name</label><input id="first" name="first" data-truth="first"></div>
<div class="row"><label for="last">Last name</label><input id="last" name="last" data-truth="last"></div>
<div class="row"><label for="note">Remark</label><textarea id="note" name="note" data-truth="note"></textarea></div>
<button data-truth="send" data-ref="send">Submit</button>
</form>
<template id="card"><p class="row" data-truth="hidden">in a template</p></template>
<p data-ref="out" data-truth="out"></p>
<svg width="10" height="10"><defs><linearGradient id="g"></linearGradient></defs><path fill="url(#g)" data-truth="drawing"/></svg>
</main>
<script>
'use strict';
const form = document.getElementById('order');
const send = ref("send");
form.elements.first.value = 'x';
form.querySelector('.row #last').classList.add("row", "wide");
ref('out').className = 'row';
</script>
</body></html>`

// served returns the page as it is served, and the middleware that did.
func served(t *testing.T, text string, level int, seed int64) (string, *mutate.Middleware) {
	t.Helper()
	m := mutate.New(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = io.WriteString(w, text)
	}))
	if err := m.Set(level, seed); err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	m.ServeHTTP(w, httptest.NewRequest("GET", "/page", nil))
	if w.Code != http.StatusOK {
		t.Fatalf("level %d answered %d: %s", level, w.Code, w.Body)
	}
	return w.Body.String(), m
}

func TestTruthIsKeptFromThePageAndFound(t *testing.T) {
	want := []string{"drawing", "first", "form", "hidden", "last", "nav.a", "note", "out", "send"}
	tags := map[string][]string{"first": {"input"}, "last": {"input"}, "note": {"textarea"}, "send": {"button", "input"}, "form": {"form"}, "drawing": {"path"}, "nav.a": {"a"}}
	for level := range mutate.MaxLevel + 1 {
		for seed := range int64(5) {
			out, m := served(t, source, level, seed)
			if strings.Contains(out, "data-truth") || strings.Contains(out, "data-ref") || strings.Contains(out, "ref(") {
				t.Errorf("level %d tells the truth:\n%s", level, out)
			}
			doc, err := htmlquery.Parse(strings.NewReader(out))
			if err != nil {
				t.Fatal(err)
			}
			var names []string
			for _, truth := range m.Truth("/page") {
				names = append(names, truth.Name)
				node := doc
				for _, path := range truth.Path {
					found := htmlquery.Find(node, path)
					if len(found) != 1 {
						t.Fatalf("level %d, seed %d: %s finds %d elements for %s in\n%s", level, seed, path, len(found), truth.Name, out)
					}
					node = found[0]
				}
				if tag := tags[truth.Name]; tag != nil && !slices.Contains(tag, node.Data) {
					t.Errorf("level %d, seed %d: %s is <%s>, want %s", level, seed, truth.Name, node.Data, tag)
				}
				if id := htmlquery.SelectAttr(node, "id"); id != truth.ID {
					t.Errorf("level %d: %s has the id %q, truth says %q", level, truth.Name, id, truth.ID)
				}
			}
			slices.Sort(names)
			if !slices.Equal(names, want) {
				t.Errorf("level %d, seed %d: truth of %q, want %q", level, seed, names, want)
			}
		}
	}
}

func TestLevels(t *testing.T) {
	at := make([]string, mutate.MaxLevel+1)
	for level := range at {
		at[level], _ = served(t, source, level, 7)
	}
	has := func(level int, text string, want bool) {
		t.Helper()
		if got := strings.Contains(at[level], text); got != want {
			t.Errorf("level %d has %s: %v, want %v in\n%s", level, text, got, want, at[level])
		}
	}
	has(0, `id="first"`, true)
	has(1, `id="first"`, false)
	has(1, `name="first"`, false)
	has(1, `getElementById('order')`, false)
	has(1, `.elements.first`, false)
	has(1, `id="g"`, true) // of a drawing
	has(1, `class="row"`, true)
	has(2, `class="row"`, false)
	has(2, `'row'`, false)
	has(2, `.row:hover`, false)
	has(2, `color: #fff; margin: .5em; background: url(".row")`, true)
	has(2, `[data-x="a.b#c"]`, true)
	has(2, `width: 1.5em`, true)
	has(2, "display:contents", false)
	has(3, "display:contents", true)
	has(3, "First name", true)
	has(4, "First name", false)
	has(4, ">Submit<", false)
	has(4, "<nav", true)
	has(5, "<nav", false)
	has(5, `role="navigation"`, true)
	first, last := strings.Index(at[2], "First name"), strings.Index(at[2], "Last name")
	if first > last {
		t.Error("level 2 has another order")
	}
	moved := false
	for seed := range int64(4) {
		out, _ := served(t, source, 3, seed)
		moved = moved || strings.Index(out, "First name") > strings.Index(out, "Last name")
	}
	if !moved {
		t.Error("level 3 leaves the rows of the form in order, whatever the seed")
	}
}

func TestSameSeedSamePage(t *testing.T) {
	for level := range mutate.MaxLevel + 1 {
		a, _ := served(t, source, level, 3)
		b, _ := served(t, source, level, 3)
		if a != b {
			t.Errorf("level %d is not reproducible", level)
		}
		if c, _ := served(t, source, level, 4); level > 0 && a == c {
			t.Errorf("level %d is the same for another seed", level)
		}
	}
}

// One element more must not change what is chosen for the others.
func TestAMessageMoreChangesNothingElse(t *testing.T) {
	with := strings.Replace(source, "<script>", `<div class="toast">Saved</div><script>`, 1)
	for level := range 4 {
		a, _ := served(t, source, level, 3)
		b, _ := served(t, with, level, 3)
		for _, part := range strings.Split(a, "<form")[1:] {
			part, _, _ = strings.Cut(part, "</form>")
			if !strings.Contains(b, part) {
				t.Errorf("level %d: the form changes with a toast", level)
			}
		}
	}
}

func TestFragment(t *testing.T) {
	out, m := served(t, `<tr data-truth="row"><td>1</td></tr><tr><td data-truth="cell">2</td></tr>`, 2, 1)
	if want := `<tr><td>1</td></tr><tr><td>2</td></tr>`; out != want {
		t.Errorf("got %s, want %s", out, want)
	}
	got := fmt.Sprint(m.Truth("/page"))
	if want := `[{row [./tr[1]] } {cell [./tr[2]/td[1]] }]`; got != want {
		t.Errorf("truth %s, want %s", got, want)
	}
}

// Fields arrive under the names that the handler knows, whichever way the form is sent.
func TestFormsArriveAsWritten(t *testing.T) {
	got := url.Values{}
	var file string
	m := mutate.New(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet && r.URL.RawQuery == "" {
			w.Header().Set("Content-Type", "text/html")
			_, _ = io.WriteString(w, `<form><input name="full name"><input name="q"><input type="file" name="datei"></form>`)
			return
		}
		_ = r.ParseMultipartForm(1 << 20)
		if err := r.ParseForm(); err != nil {
			t.Error(err)
		}
		got = r.Form
		if r.MultipartForm != nil && len(r.MultipartForm.File["datei"]) == 1 {
			f, err := r.MultipartForm.File["datei"][0].Open()
			if err != nil {
				t.Error(err)
				return
			}
			b, _ := io.ReadAll(f)
			file = r.MultipartForm.File["datei"][0].Filename + "=" + string(b)
		}
	}))
	if err := m.Set(1, 42); err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	m.ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
	doc, err := htmlquery.Parse(w.Body)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, n := range htmlquery.Find(doc, "//input") {
		names = append(names, htmlquery.SelectAttr(n, "name"))
	}
	values := url.Values{names[0]: {"Ada & Co"}, names[1]: {"1", "2"}, "plain": {"x"}, "kaaaaaaaa": {"like ours"}}
	want := url.Values{"full name": {"Ada & Co"}, "q": {"1", "2"}, "plain": {"x"}, "kaaaaaaaa": {"like ours"}}.Encode()

	m.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/?"+values.Encode(), nil))
	if got.Encode() != want {
		t.Errorf("in the query: got %s, want %s", got.Encode(), want)
	}
	r := httptest.NewRequest("POST", "/", strings.NewReader(values.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	m.ServeHTTP(httptest.NewRecorder(), r)
	if got.Encode() != want {
		t.Errorf("in the body: got %s, want %s", got.Encode(), want)
	}

	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	for name, all := range values {
		for _, v := range all {
			_ = form.WriteField(name, v)
		}
	}
	part, _ := form.CreateFormFile(names[2], "ä \"b\".txt")
	_, _ = part.Write(bytes.Repeat([]byte("0123456789"), 10000))
	_ = form.Close()
	r = httptest.NewRequest("POST", "/", &body)
	r.Header.Set("Content-Type", form.FormDataContentType())
	m.ServeHTTP(httptest.NewRecorder(), r)
	if got.Encode() != want {
		t.Errorf("in parts: got %s, want %s", got.Encode(), want)
	}
	if wantFile := "ä \"b\".txt=" + strings.Repeat("0123456789", 10000); file != wantFile {
		t.Errorf("the file arrives with %d bytes as %.20s, want %d", len(file), file, len(wantFile))
	}
}

func TestWhatIsNoPageIsLeftAlone(t *testing.T) {
	for name, h := range map[string]http.HandlerFunc{
		"json": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			_, _ = io.WriteString(w, `{"a":"<p data-truth=x>"}`)
		},
		"attachment": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html")
			w.Header().Set("Content-Disposition", "attachment")
			_, _ = io.WriteString(w, "<p>  as is")
		},
		"flushed": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html")
			_, _ = io.WriteString(w, "<p>  as")
			_ = http.NewResponseController(w).Flush()
			_, _ = io.WriteString(w, " is")
		},
		"empty":   func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) },
		"nothing": func(http.ResponseWriter, *http.Request) {},
		"huge": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html")
			for range 40 {
				_, _ = w.Write(bytes.Repeat([]byte("<p>  "), 100000))
			}
		},
	} {
		plain, changed := httptest.NewRecorder(), httptest.NewRecorder()
		h(plain, httptest.NewRequest("GET", "/", nil))
		m := mutate.New(h)
		if err := m.Set(5, 1); err != nil {
			t.Fatal(err)
		}
		m.ServeHTTP(changed, httptest.NewRequest("GET", "/", nil))
		if plain.Code != changed.Code || !bytes.Equal(plain.Body.Bytes(), changed.Body.Bytes()) {
			t.Errorf("%s: %d %.60q became %d %.60q", name, plain.Code, plain.Body, changed.Code, changed.Body)
		}
	}
}

func TestLevelIsRefused(t *testing.T) {
	m := mutate.New(http.NotFoundHandler())
	for _, level := range []int{-1, 6} {
		if err := m.Set(level, 0); err == nil {
			t.Errorf("level %d is taken", level)
		}
	}
}
