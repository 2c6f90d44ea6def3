package archive

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/node/nodetest"
)

func TestExamples(t *testing.T) { nodetest.Examples(t, "archive") }

// folder is an environment with files in it.
func folder(t *testing.T, files map[string]string) (*node.Env, string) {
	t.Helper()
	env := nodetest.Env(t)
	dir := env.Files.Dirs()[0]
	for name, content := range files {
		p := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(p, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return env, dir
}

func run(t *testing.T, env *node.Env, typ string, params map[string]any) map[string]any {
	t.Helper()
	out, err := nodetest.Run(t, env, typ, params)
	if err != nil {
		t.Fatalf("%s %v: %v", typ, params, err)
	}
	return out
}

// fails runs a node that must fail and checks kind and a part of the text.
func fails(t *testing.T, env *node.Env, typ string, params map[string]any, kind, part string) *node.Failure {
	t.Helper()
	out, err := nodetest.Run(t, env, typ, params)
	if err == nil {
		t.Errorf("%s %v gave %v, want a failure of kind %s", typ, params, out, kind)
		return &node.Failure{}
	}
	f := node.AsFailure(err)
	if f.Kind != kind || !strings.Contains(f.Error(), part) {
		t.Errorf("%s %v failed with %s: %v, want %s: %s", typ, params, f.Kind, f, kind, part)
	}
	return f
}

// tree lists all files below dir with their content.
func tree(t *testing.T, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	err := filepath.WalkDir(dir, func(p string, d os.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		b, err := os.ReadFile(p)
		rel, _ := filepath.Rel(dir, p)
		out[filepath.ToSlash(rel)] = string(b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func wantTree(t *testing.T, dir string, want map[string]string) {
	t.Helper()
	got := tree(t, dir)
	for name, content := range want {
		if c, ok := got[name]; !ok || c != content {
			t.Errorf("%s holds %q (there: %v), want %q", name, c, ok, content)
		}
	}
	for name := range got {
		if _, ok := want[name]; !ok {
			t.Errorf("%s should not be there", name)
		}
	}
}

// Every node that takes a path refuses one outside, and says what is missing.
