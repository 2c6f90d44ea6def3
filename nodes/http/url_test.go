package httpnode

import (
	"net/url"
	"testing"

	"pgregory.net/rapid"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/node/nodetest"
	"github.com/aether-rpa/aether/value"
)

func TestParseURL(t *testing.T) {
	env := nodetest.Env(t)
	out := run(t, env, "http.parse_url", map[string]any{"url": "https://ada:pw@[::1]/?x=%ff&y"})
	want := map[string]any{"scheme": "https", "user": "ada", "host": "::1", "port": 443, "path": "/", "segments": []any{}, "query": map[string]any{"x": "\uFFFD", "y": ""}, "fragment": ""}
	if !value.Equal(out, want) {
		t.Errorf("got %v", out)
	}
	for _, u := range []string{"http://[", "http://x:99999999/", "?a=%zz", "%zz", "http://x:y/"} {
		fails(t, env, "http.parse_url", map[string]any{"url": u}, node.KindInput, "URL")
	}
	for _, s := range []any{"", "..", ".", []any{}, nil} {
		fails(t, env, "http.build_url", map[string]any{"base": "http://x", "segments": []any{s}}, node.KindInput, "segments[0]")
	}
	if out := run(t, env, "http.parse_cookie", map[string]any{"text": ""}); !value.Equal(out["values"], map[string]any{}) {
		t.Errorf("got %v", out)
	}
	fails(t, env, "http.decode_query", map[string]any{"query": "%"}, node.KindInput, "query")
}

// What encode_query writes, decode_query reads.
func TestQueryRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := rapid.MapOf(rapid.String(), rapid.String()).Draw(t, "values")
		in := map[string]any{}
		for k, v := range m {
			in[k] = v
		}
		s, err := encodeQuery(in)
		if err != nil {
			t.Fatal(err)
		}
		q, err := url.ParseQuery(s)
		if err != nil {
			t.Fatal(err)
		}
		if got := formText(q); !value.Equal(got, in) {
			t.Fatalf("%q gave %v, want %v", s, got, in)
		}
	})
}

// A segment comes back as it was, whatever it holds.
func TestSegmentRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		seg := rapid.StringN(1, 20, -1).Filter(func(s string) bool { return s != "." && s != ".." }).Draw(t, "segment")
		out, err := buildURL(t.Context(), nil, buildURLIn{Base: "https://x.test/a%2Fb/", Segments: []any{seg}})
		if err != nil {
			t.Fatal(err)
		}
		parts, err := parseURL(t.Context(), nil, parseURLIn(out))
		if err != nil {
			t.Fatal(err)
		}
		if got := parts.Segments; len(got) != 2 || got[0] != "a/b" || got[1] != seg {
			t.Fatalf("%q gave %q", out.URL, got)
		}
	})
}
