package httpnode

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/node/nodetest"
)

func TestExamples(t *testing.T) { nodetest.Examples(t, "http") }

func serve(t *testing.T, h http.HandlerFunc) string {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s.URL
}

func say(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, text) }
}

func run(t *testing.T, env *node.Env, typ string, params map[string]any) map[string]any {
	t.Helper()
	out, err := nodetest.Run(t, env, typ, params)
	if err != nil {
		t.Fatalf("%s: %v", typ, err)
	}
	return out
}

// fails runs a node that must fail and checks kind and a part of the text.
func fails(t *testing.T, env *node.Env, typ string, params map[string]any, kind, part string) *node.Failure {
	t.Helper()
	out, err := nodetest.Run(t, env, typ, params)
	if err == nil {
		t.Fatalf("%s gave %v, want a failure of kind %s", typ, out, kind)
	}
	f := node.AsFailure(err)
	if f.Kind != kind || !strings.Contains(f.Error(), part) {
		t.Errorf("%s failed with %s: %v, want %s: %s", typ, f.Kind, f, kind, part)
	}
	return f
}

func put(t *testing.T, env *node.Env, name, content string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(env.Files.Dirs()[0], name), []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

func files(t *testing.T, env *node.Env) (names []string) {
	t.Helper()
	list, err := os.ReadDir(env.Files.Dirs()[0])
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range list {
		names = append(names, e.Name())
	}
	return names
}

func TestEffects(t *testing.T) {
	tests := []struct {
		typ    string
		params map[string]any
		want   node.Effect
	}{
		{"http.request", map[string]any{}, node.Read},
		{"http.request", map[string]any{"method": "HEAD"}, node.Read},
		{"http.request", map[string]any{"method": "OPTIONS"}, node.Read},
		{"http.request", map[string]any{"method": "PUT"}, node.Idempotent},
		{"http.request", map[string]any{"method": "DELETE"}, node.Idempotent},
		{"http.request", map[string]any{"method": "POST"}, node.Once},
		{"http.request", map[string]any{"method": "PATCH"}, node.Once},
		{"http.request", map[string]any{"method": "POST", "idempotency": true}, node.Idempotent},
		{"http.upload", map[string]any{}, node.Idempotent},
		{"http.upload", map[string]any{"method": "POST"}, node.Once},
		{"http.download", map[string]any{}, node.Idempotent},
		{"http.download", map[string]any{"if_exists": "error"}, node.Once},
		{"http.graphql", map[string]any{"document": "{ a }"}, node.Read},
		{"http.graphql", map[string]any{"document": "query M { mutations }"}, node.Read},
		{"http.graphql", map[string]any{"document": "mutation{a}"}, node.Once},
		{"http.graphql", map[string]any{"document": "# x\n mutation M { a }", "idempotency": true}, node.Idempotent},
	}
	for _, tt := range tests {
		d := node.Default.Get(tt.typ)
		in := d.In.New()
		for k, v := range tt.params {
			if err := d.In.Field(k).Set(in.Elem(), v); err != nil {
				t.Fatal(err)
			}
		}
		if got := d.EffectOf(in.Interface()); got != tt.want {
			t.Errorf("%s %v is %v, want %v", tt.typ, tt.params, got, tt.want)
		}
	}
}

func TestStatusBecomesFailure(t *testing.T) {
	env := nodetest.Env(t)
	u := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Reason", "because")
		http.Error(w, strings.Repeat("x", 9000), map[string]int{"/404": 404, "/429": 429, "/500": 500, "/302": 302, "/409": 409}[r.URL.Path])
	})
	for path, permanent := range map[string]bool{"/404": true, "/429": false, "/500": false, "/409": false} {
		f := fails(t, env, "http.request", map[string]any{"url": u + path + "?key=hidden", "retries": 0}, node.KindHTTP, path[1:])
		d, _ := f.Details.(map[string]any)
		body, _ := d["body"].(string)
		if f.Code != path[1:] || f.Permanent != permanent || f.Hint == "" || len(body) > 4096 || len(body) < 4000 || d["headers"].(map[string]any)["x-reason"] != "because" {
			t.Errorf("%s: got code %s, permanent %v, hint %q, body of %d", path, f.Code, f.Permanent, f.Hint, len(body))
		}
		if strings.Contains(f.Error(), "hidden") {
			t.Errorf("the query is shown: %v", f)
		}
	}
	for _, expect := range []string{"404", "4xx", "400-410", "any"} {
		out := run(t, env, "http.request", map[string]any{"url": u + "/404", "expect": []any{"200", expect}})
		if out["status"] != 404 || out["ok"] != false {
			t.Errorf("expect %s gave %v", expect, out["status"])
		}
	}
	fails(t, env, "http.request", map[string]any{"url": u, "expect": []any{"4x"}}, node.KindInput, "not a status")
}

func TestBadAddresses(t *testing.T) {
	env := nodetest.Env(t)
	for _, u := range []string{"", "example.com", "ftp://example.com", "http://", "http://a b/", "http://[::1", "file:///etc/passwd", "http://%zz/", "javascript:alert(1)"} {
		fails(t, env, "http.request", map[string]any{"url": u}, node.KindInput, "URL")
	}
}

type denial struct{}

func (denial) Error() string { return "connecting to 10.0.0.1 is not allowed: private" }
func (denial) Denied() bool  { return true }

type refusing struct{ err error }

func (r refusing) RoundTrip(*http.Request) (*http.Response, error) { return nil, r.err }

func TestKindsOfErrors(t *testing.T) {
	env := nodetest.Env(t)
	env.HTTP = &http.Client{Transport: refusing{denial{}}}
	f := fails(t, env, "http.request", map[string]any{"url": "http://10.0.0.1/?k=hidden"}, node.KindDenied, "not allowed: private")
	if !f.Permanent || strings.Contains(f.Error(), "hidden") {
		t.Errorf("got %+v", f)
	}
	env = nodetest.Env(t)
	fails(t, env, "http.request", map[string]any{"url": "http://127.0.0.1:1/", "retries": 0}, node.KindNetwork, "service runs")
	block := make(chan struct{})
	u := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/body" {
			_, _ = io.WriteString(w, "begin")
			_ = http.NewResponseController(w).Flush()
		}
		select {
		case <-block:
		case <-r.Context().Done():
		}
	})
	defer close(block)
	for _, path := range []string{"/head", "/body"} {
		fails(t, env, "http.request", map[string]any{"url": u + path, "timeout": "50ms"}, node.KindTimeout, "in time")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := request(ctx, env, requestIn{URL: u, Method: "GET", options: options{FollowRedirects: true}, MaxSize: 1000})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}
