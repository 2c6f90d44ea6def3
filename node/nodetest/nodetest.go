// Package nodetest runs nodes in tests the way the engine does, against a real
// folder, a real artifact store and a real HTTP client.
package nodetest

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/aether-rpa/aether/artifact/disk"
	"github.com/aether-rpa/aether/expr"
	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/schema"
	"github.com/aether-rpa/aether/value"
	"github.com/aether-rpa/aether/workspace"
)

// Env returns an environment whose files are confined to a new folder, which
// env.Files.Dirs()[0] names.
func Env(t testing.TB) *node.Env {
	t.Helper()
	roots, err := workspace.New(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return &node.Env{
		Log:       slog.New(slog.NewTextHandler(io.Discard, nil)),
		Run:       node.RunInfo{ID: "test-run", Flow: "test", Node: "n", Path: "n", Attempt: 1, Started: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)},
		Token:     "test-token",
		Files:     roots,
		Artifacts: disk.Open(t.TempDir()),
		HTTP:      &http.Client{Timeout: 30 * time.Second},
		Dial:      (&net.Dialer{Timeout: 10 * time.Second}).DialContext,
		Environ:   []string{"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir()},
		TempDir:   func() (string, error) { return t.TempDir(), nil },
		Now:       time.Now,
		Rand:      rand.Reader,
		Progress:  func(string, int, int) {},
		Message:   func(slog.Level, string) {},
		Items:     SampleItems(),
	}
}

// Run runs a node type of the default registry with the given params: literal
// canonical values; expressions only for params that the node evaluates
// itself. It returns the outputs with large values loaded.
func Run(t testing.TB, env *node.Env, typ string, params map[string]any) (map[string]any, error) {
	t.Helper()
	out, err := RunRaw(t, env, typ, params)
	if err != nil {
		return nil, err
	}
	loaded, err := value.LoadAll(t.Context(), out)
	if err != nil {
		t.Fatal(err)
	}
	return loaded.(map[string]any), nil
}

// RunRaw is Run without loading large values.
func RunRaw(t testing.TB, env *node.Env, typ string, params map[string]any) (map[string]any, error) {
	t.Helper()
	d := node.Default.Get(typ)
	if d == nil {
		t.Fatalf("node type %s is not registered", typ)
	}
	in := d.In.New()
	for k, v := range params {
		f := d.In.Field(k)
		if f == nil {
			t.Fatalf("%s has no param %s", typ, k)
		}
		n, err := value.Normalize(v)
		if err != nil {
			t.Fatal(err)
		}
		if err := f.Set(in.Elem(), n); err != nil {
			return nil, node.AsFailure(fmt.Errorf("%w", err))
		}
	}
	return runIn(t, env, d, in.Interface())
}

func runIn(t testing.TB, env *node.Env, d *node.Def, in any) (map[string]any, error) {
	t.Helper()
	if err := d.BindLazy(in, Bind); err != nil {
		return nil, err
	}
	if d.Check != nil {
		if err := d.Check(in); err != nil {
			return nil, err
		}
	}
	out, err := d.Run(t.Context(), env, in)
	if err != nil {
		return nil, err
	}
	return d.Out.Values(reflect.ValueOf(out))
}

// Bind binds expressions to their locals alone.
func Bind(text string, locals []string) (func(context.Context, map[string]any) (any, error), error) {
	tpl, err := expr.CompileWith(text, locals...)
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context, vars map[string]any) (any, error) { return tpl.EvalLazy(ctx, vars) }, nil
}

// Examples runs every example of a family's node types and fails the test for
// a type that has none.
func Examples(t *testing.T, family string) {
	t.Helper()
	found := false
	for _, d := range node.Default.All() {
		if d.Family() != family || d.IsControl() {
			continue
		}
		found = true
		if len(d.Examples) == 0 {
			t.Errorf("%s has no example", d.Type)
		}
		for _, e := range d.Examples {
			t.Run(d.Type+"/"+e.Title, func(t *testing.T) { runExample(t, d, e) })
		}
	}
	if !found {
		t.Errorf("no node type begins with %s.", family)
	}
}

func runExample(t *testing.T, d *node.Def, e node.ExampleDef) {
	if e.DocOnly != "" {
		t.Logf("shown only: %s", e.DocOnly)
		return
	}
	env := Env(t)
	for name, content := range e.Files {
		p := filepath.Join(env.Files.Dirs()[0], filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(p, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if e.Serve != nil {
		env.HTTP = Client(t, e.Serve)
	}
	in := d.In.New()
	fill(in.Elem(), reflect.ValueOf(e.In), d.In)
	if err := d.BindLazy(in.Interface(), Bind); err != nil {
		t.Fatal(err)
	}
	out, err := d.Run(t.Context(), env, in.Interface())
	if err != nil {
		t.Fatalf("%s: %v", d.Type, err)
	}
	if e.Check != nil {
		if err := e.Check(out); err != nil {
			t.Errorf("%s: %v", d.Type, err)
		}
		return
	}
	got, want := values(t, d.Out, out), values(t, d.Out, e.Out)
	if !value.Equal(got, want) {
		g, _ := value.JSON(got)
		w, _ := value.JSON(want)
		t.Errorf("%s gave\n%s\nwant\n%s", d.Type, g, w)
	}
}

// fill lays the non-zero fields of an example over the defaults.
func fill(dst, src reflect.Value, s *schema.Schema) {
	for _, f := range s.Fields {
		if v := f.In(src); !v.IsZero() {
			f.In(dst).Set(v)
		}
	}
}

func values(t *testing.T, s *schema.Schema, v any) map[string]any {
	t.Helper()
	m, err := s.Values(reflect.ValueOf(v))
	if err != nil {
		t.Fatal(err)
	}
	loaded, err := value.LoadAll(t.Context(), maps.Clone(m))
	if err != nil {
		t.Fatal(err)
	}
	return loaded.(map[string]any)
}

// Client returns an HTTP client that reaches h whatever the host of the URL,
// over a real connection on loopback.
func Client(t testing.TB, h http.Handler) *http.Client {
	t.Helper()
	srv := httptest.NewServer(h)
	t.Cleanup(srv.Close)
	addr := strings.TrimPrefix(srv.URL, "http://")
	return &http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, network, addr)
		},
	}}
}
