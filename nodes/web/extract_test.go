package web_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
)

// shop serves lists: /paged has a page for each number, /script pages in itself, /endless grows by scrolling.
func shop(t *testing.T) string {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprint(w, "<!doctype html><meta charset=utf-8><body>")
		switch r.URL.Path {
		case "/paged":
			n, _ := strconv.Atoi(r.URL.Query().Get("p"))
			for i := range 2 {
				fmt.Fprintf(w, `<div class=offer data-id=%d><h2>Offer %d-%d</h2><a href="/o/%d"><img src="/i%d.png"></a>%s</div>`, i, n, i, n*2+i, i, map[bool]string{true: "<b class=price>9.50</b>"}[i == 0])
			}
			if n < 2 {
				fmt.Fprintf(w, `<a href="/paged?p=%d">Next</a>`, n+1)
			}
		case "/script":
			fmt.Fprint(w, `<ul id=l></ul><button id=b onclick="p++; setTimeout(show, 30)">Next</button><script>let p = 0; function show() { l.innerHTML = ''; for (let i = 0; i < 3; i++) l.innerHTML += '<li>' + p + '-' + i; b.disabled = p === 2; } setTimeout(show, 30)</script>`)
		case "/stuck":
			fmt.Fprint(w, `<ul><li>a<li>b</ul><button>Next</button>`)
		case "/endless":
			fmt.Fprint(w, `<div id=l></div><script>let n = 0; function more() { for (let i = 0; i < 10 && n < 35; i++) { const d = document.createElement('p'); d.style.height = '200px'; d.textContent = 'row ' + n++; l.append(d); } } more();
				addEventListener('scroll', () => { if (innerHeight + scrollY >= document.body.scrollHeight - 300) setTimeout(more, 40); })</script>`)
		}
	}))
	t.Cleanup(s.Close)
	return s.URL
}

func TestExtract(t *testing.T) {
	e := env(t)
	url := shop(t)
	run(t, e, "web.goto", map[string]any{"url": url + "/paged"})
	out := run(t, e, "web.extract", map[string]any{
		"target": ".offer", "fields": map[string]any{"name": "css=h2", "price": ".price", "link": map[string]any{"query": "css=a", "read": "link"}, "id": map[string]any{"name": "data-id"}, "picture": map[string]any{"read": "image"}, "html": map[string]any{"query": "h2", "read": "html"}},
	})
	rows := fmt.Sprint(out["rows"])
	want := fmt.Sprintf("[map[html:<h2>Offer 0-0</h2> id:0 link:%[1]s/o/0 name:Offer 0-0 picture:%[1]s/i0.png price:9.50] map[html:<h2>Offer 0-1</h2> id:1 link:%[1]s/o/1 name:Offer 0-1 picture:%[1]s/i1.png price:<nil>]]", url)
	if rows != want {
		t.Errorf("the rows are %s\nwant         %s", rows, want)
	}
	for _, c := range []struct {
		path   string
		params map[string]any
		first  string
		count  int
		pages  int
		more   bool
	}{
		{"/paged", map[string]any{"target": ".offer", "fields": map[string]any{"n": "h2"}, "next": "text=Next"}, "map[n:Offer 0-0]", 6, 3, false},
		{"/paged", map[string]any{"target": ".offer", "fields": map[string]any{"n": "h2"}, "next": "text=Next", "max_pages": 2}, "map[n:Offer 0-0]", 4, 2, true},
		{"/paged", map[string]any{"target": ".offer", "fields": map[string]any{"n": "h2"}, "next": "text=Next", "max_rows": 3}, "map[n:Offer 0-0]", 3, 2, true},
		{"/script", map[string]any{"target": "li", "next": "text=Next"}, "map[text:0-0]", 9, 3, false},
		{"/endless", map[string]any{"target": "p", "scroll": true}, "map[text:row 0]", 35, 4, false},
		{"/endless", map[string]any{"target": "p", "scroll": true, "max_rows": 12}, "map[text:row 0]", 12, 2, true},
		{"/endless", map[string]any{"target": "p"}, "map[text:row 0]", 10, 1, false},
		{"/stuck", map[string]any{"target": "li", "next": "text=Next", "stop_on_same": true, "timeout": "2s"}, "map[text:a]", 2, 1, false},
		{"/stuck", map[string]any{"target": "p", "allow_none": true, "timeout": "2s"}, "", 0, 0, false},
	} {
		run(t, e, "web.goto", map[string]any{"url": url + c.path})
		out := run(t, e, "web.extract", c.params)
		rows := out["rows"].([]any)
		if len(rows) != c.count || fmt.Sprint(out["count"]) != fmt.Sprint(c.count) || fmt.Sprint(out["pages"]) != fmt.Sprint(c.pages) || out["more"] != c.more || c.count > 0 && fmt.Sprint(rows[0]) != c.first {
			t.Errorf("%s %v: %v", c.path, c.params, out)
		}
		seen := map[string]bool{}
		for _, r := range rows {
			if seen[fmt.Sprint(r)] {
				t.Errorf("%s: the row %v was read twice", c.path, r)
			}
			seen[fmt.Sprint(r)] = true
		}
	}
}

func TestExtractFails(t *testing.T) {
	e := env(t)
	run(t, e, "web.goto", map[string]any{"url": shop(t) + "/stuck"})
	for name, c := range map[string]struct {
		params       map[string]any
		reason, says string
	}{
		"no rows":                              {map[string]any{"target": "p"}, "not_found", "css=p"},
		"a field that no row has":              {map[string]any{"target": "li", "fields": map[string]any{"price": ".price"}}, "not_found", "price is in none of the 2 rows"},
		"a press of next that changes nothing": {map[string]any{"target": "li", "next": "text=Next"}, "unchanged", "still those"},
		"a wrong selector":                     {map[string]any{"target": "li[["}, "bad_query", "li[["},
		"a wrong selector of a field":          {map[string]any{"target": "li", "fields": map[string]any{"a": "b[["}}, "bad_query", "b[["},
	} {
		c.params["timeout"] = "600ms"
		f := fails(t, e, "web.extract", c.params)
		if d, _ := f.Details.(map[string]any); d["reason"] != c.reason || !strings.Contains(f.Message, c.says) {
			t.Errorf("%s: %+v", name, f)
		}
	}
	for says, fields := range map[string]any{
		"read as one of": map[string]any{"a": map[string]any{"read": "colour"}}, "no \"attr\"": map[string]any{"a": map[string]any{"attr": "x"}},
		"which attribute": map[string]any{"a": map[string]any{"read": "attribute"}}, "true or false": map[string]any{"a": map[string]any{"optional": "x"}},
	} {
		if f := fails(t, e, "web.extract", map[string]any{"target": "li", "fields": fields}); !strings.Contains(f.Message, says) {
			t.Errorf("%s: %+v", says, f)
		}
	}
}
