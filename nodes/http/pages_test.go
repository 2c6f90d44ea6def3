package httpnode

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/node/nodetest"
	"github.com/aether-rpa/aether/value"
)

// shop hands out the numbers below total in pages, in every way there is.
func shop(total, size int) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		from := 0
		switch {
		case q.Has("page"):
			n, _ := strconv.Atoi(q.Get("page"))
			from = (n - 1) * size
		case q.Has("offset"):
			from, _ = strconv.Atoi(q.Get("offset"))
		case q.Has("cursor"):
			from, _ = strconv.Atoi(strings.TrimPrefix(q.Get("cursor"), "c"))
		}
		items := []int{}
		for i := from; i < min(from+size, total); i++ {
			items = append(items, i)
		}
		body := map[string]any{"data": map[string]any{"list": items}, "next": nil, "cursor": ""}
		if to := from + size; to < total {
			w.Header().Set("Link", fmt.Sprintf(`</first>; rel="first", </list?offset=%d>; title="x, <y>"; rel="last next"`, to))
			body["next"], body["cursor"] = fmt.Sprintf("?offset=%d", to), fmt.Sprintf("c%d", to)
		}
		_ = json.NewEncoder(w).Encode(body)
	}
}

func TestPaginate(t *testing.T) {
	env := nodetest.Env(t)
	for _, mode := range []map[string]any{
		{"mode": "link"}, {"mode": "next_url", "next": "next"}, {"mode": "cursor", "next": "cursor"}, {"mode": "page", "size": 10}, {"mode": "page"},
		{"mode": "offset", "size": 10}, {"mode": "offset"},
	} {
		for _, total := range []int{0, 1, 9, 10, 11, 30, 35} {
			p := map[string]any{"url": serve(t, shop(total, 10)), "items": "data.list"}
			for k, v := range mode {
				p[k] = v
			}
			out := run(t, env, "http.paginate", p)
			items := out["items"].([]any)
			ok := len(items) == total && out["count"] == total && out["complete"] == true
			for i, v := range items {
				ok = ok && v == i
			}
			if !ok {
				t.Errorf("%v with %d items gave %v", mode, total, out)
			}
		}
	}
}

func TestPaginateStreamsLargeLists(t *testing.T) {
	env := nodetest.Env(t)
	raw, err := nodetest.RunRaw(t, env, "http.paginate", map[string]any{"url": serve(t, shop(50_000, 5000)), "items": "data.list", "mode": "link"})
	if err != nil {
		t.Fatal(err)
	}
	if ref, ok := raw["items"].(*value.Ref); !ok || ref.Count != 50_000 {
		t.Errorf("got %T", raw["items"])
	}
}

func TestPaginateLimits(t *testing.T) {
	env := nodetest.Env(t)
	u := serve(t, shop(35, 10))
	for _, tt := range []struct {
		params   map[string]any
		count    int
		complete bool
	}{
		{map[string]any{"max_pages": 2}, 20, false}, {map[string]any{"max_items": 5}, 5, false}, {map[string]any{"max_items": 20}, 20, false},
		{map[string]any{"max_items": 35}, 35, true}, {map[string]any{"max_pages": 4}, 35, true},
	} {
		p := map[string]any{"url": u, "items": "data.list"}
		for k, v := range tt.params {
			p[k] = v
		}
		if out := run(t, env, "http.paginate", p); out["count"] != tt.count || out["complete"] != tt.complete {
			t.Errorf("%v gave %v, %v", tt.params, out["count"], out["complete"])
		}
	}
}

func TestPaginateFindsLoops(t *testing.T) {
	env := nodetest.Env(t)
	same := serve(t, say(`[1,2]`))
	for _, mode := range []string{"page", "offset"} {
		fails(t, env, "http.paginate", map[string]any{"url": same, "mode": mode}, node.KindError, "same page again")
	}
	next := serve(t, say(`{"d": [1], "next": "/x"}`))
	fails(t, env, "http.paginate", map[string]any{"url": next, "mode": "next_url", "items": "d", "next": "next"}, node.KindError, "already")
	fails(t, env, "http.paginate", map[string]any{"url": next, "mode": "cursor", "items": "d", "next": "next"}, node.KindError, "already")
	var n atomic.Int32
	odd := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, `{"d": [1], "next": "/x?n=%d"}`, n.Add(1)%3)
	})
	fails(t, env, "http.paginate", map[string]any{"url": odd, "mode": "next_url", "items": "d", "next": "next"}, node.KindError, "already")
}

func TestPaginateErrors(t *testing.T) {
	env := nodetest.Env(t)
	u := serve(t, say(`{"d": {"x": 1}}`))
	fails(t, env, "http.paginate", map[string]any{"url": u, "items": "missing"}, node.KindInput, `"missing"`)
	fails(t, env, "http.paginate", map[string]any{"url": u, "items": "d"}, node.KindInput, "holds a map")
	fails(t, env, "http.paginate", map[string]any{"url": u, "mode": "cursor"}, node.KindInput, "needs next")
	fails(t, env, "http.paginate", map[string]any{"url": serve(t, say("<html>"))}, node.KindInput, "not valid JSON")
	fails(t, env, "http.paginate", map[string]any{"url": serve(t, say(`{"d":[1],"next":"ftp://x/"}`)), "mode": "next_url", "items": "d", "next": "next"}, node.KindHTTP, "cannot be read")
}

func TestPaginateKeepsCredentialsAtHome(t *testing.T) {
	env := nodetest.Env(t)
	away := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "" || r.Header.Get("X-Own") != "" {
			t.Error("credentials were sent to another host")
		}
		fmt.Fprint(w, `{"d": [2]}`)
	})
	home := serve(t, say(`{"d": [1], "next": "`+away+`/"}`))
	out := run(t, env, "http.paginate", map[string]any{"url": home, "mode": "next_url", "items": "d", "next": "next", "auth": map[string]any{"kind": "bearer", "token": "t"}, "headers": map[string]any{"X-Own": "x"}})
	if out["count"] != 2 {
		t.Errorf("got %v", out)
	}
}

func TestDig(t *testing.T) {
	v := map[string]any{"a": []any{map[string]any{"b.c": 1}}, "n": nil}
	for path, want := range map[string]any{"": v, `a.0.b\.c`: 1, "n": nil} {
		if got, err := dig(v, path); err != nil || !value.Equal(got, want) {
			t.Errorf("%q gave %v, %v", path, got, err)
		}
	}
	for _, path := range []string{"x", "a.1", "a.-1", "a.b", "n.x", "a.0.b"} {
		if got, err := dig(v, path); err == nil {
			t.Errorf("%q gave %v", path, got)
		}
	}
}

func FuzzNextLink(f *testing.F) {
	for _, s := range []string{`<a>; rel=next`, `<a>; rel="prev", <b>; rel="next"`, `<`, `>`, `<a`, `<a>;rel="ne`} {
		f.Add(s)
	}
	f.Fuzz(func(_ *testing.T, s string) { _ = nextLink([]string{s}) })
}

func TestGraphQLErrors(t *testing.T) {
	env := nodetest.Env(t)
	with := func(status int, body string) string {
		return serve(t, func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(status)
			fmt.Fprint(w, body)
		})
	}
	p := func(u string) map[string]any { return map[string]any{"url": u, "document": "{ a }"} }
	f := fails(t, env, "http.graphql", p(with(200, `{"data": null, "errors": [{"message": "no"}, {}]}`)), node.KindHTTP, "no (and 1 more)")
	if f.Code != "graphql" || f.Permanent {
		t.Errorf("got %+v", f)
	}
	if f := fails(t, env, "http.graphql", p(with(400, `{"errors": [{"message": "syntax"}]}`)), node.KindHTTP, "syntax"); !f.Permanent {
		t.Errorf("got %+v", f)
	}
	fails(t, env, "http.graphql", p(with(200, `<html>`)), node.KindHTTP, "not that of a GraphQL")
	fails(t, env, "http.graphql", p(with(400, `<html>`)), node.KindHTTP, "400")
	fails(t, env, "http.graphql", p(with(401, `{}`)), node.KindHTTP, "401")
}

func TestWaitUntil(t *testing.T) {
	env := nodetest.Env(t)
	u := serve(t, say("starting"))
	fails(t, env, "http.wait_until", map[string]any{"url": u, "until": `{{ body == "up" }}`, "interval": "1ms", "max_wait": "300ms"}, node.KindTimeout, "last status 200")
	fails(t, env, "http.wait_until", map[string]any{"url": "http://127.0.0.1:1", "until": `{{ true }}`, "interval": "1ms", "max_wait": "300ms"}, node.KindTimeout, "could not be reached")
	fails(t, env, "http.wait_until", map[string]any{"url": u, "until": `{{ body }}`}, node.KindInput, "not true or false")
	var n atomic.Int32
	down := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		if n.Add(1) < 3 {
			w.WriteHeader(503)
			return
		}
		fmt.Fprint(w, "up")
	})
	if out := run(t, env, "http.wait_until", map[string]any{"url": down, "until": `{{ status == 200 }}`, "interval": "1ms"}); out["polls"] != 3 || out["body"] != "up" {
		t.Errorf("got %v", out)
	}
	fails(t, env, "http.wait_until", map[string]any{"url": u, "until": `{{ false }}`, "expect": []any{"404"}}, node.KindHTTP, "200")
}
