package file

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/node/nodetest"
)

func TestExamples(t *testing.T) { nodetest.Examples(t, "file") }

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
func TestPathsOutsideAndMissing(t *testing.T) {
	env, _ := folder(t, map[string]string{"a": "x"})
	one := map[string]string{
		"file.read_text": "path", "file.read_bytes": "path", "file.read_lines": "path", "file.read_json": "path", "file.read_json_lines": "path",
		"file.read_ini": "path", "file.read_env": "path", "file.read_toml": "path", "file.info": "path",
		"file.folder_size": "path", "file.disk_space": "path", "file.list": "folder", "file.find_newest": "folder",
	}
	for typ, key := range one {
		fails(t, env, typ, map[string]any{key: "../x"}, node.KindDenied, "outside")
		f := fails(t, env, typ, map[string]any{key: "nope/x.gz"}, node.KindNotFound, "nope/x.gz does not exist")
		if f.Hint == "" {
			t.Errorf("%s gives no hint", typ)
		}
	}
	more := map[string]map[string]any{
		"file.write_text": {"path": "../x"}, "file.write_lines": {"path": "../x"}, "file.write_bytes": {"path": "../x", "base64": ""}, "file.write_json": {"path": "../x"},
		"file.write_json_lines": {"path": "../x"}, "file.append_text": {"path": "../x", "text": "x"}, "file.append_lines": {"path": "../x"}, "file.delete": {"path": "../x"},
		"file.delete_folder": {"path": "../x"}, "file.exists": {"path": "../x"}, "file.make_folder": {"path": "../x"}, "file.copy": {"from": "a", "to": "../x"},
		"file.move":      {"from": "a", "to": "../x"},
		"file.wait_for":  {"path": "../x"},
		"file.set_times": {"path": "../x", "modified": "2026-01-01"}, "file.compare": {"first": "a", "second": "../x"}, "file.temp_file": {"folder": "../x"}, "file.rename": {"path": "../x", "name": "y"},
	}
	for typ, p := range more {
		fails(t, env, typ, p, node.KindDenied, "outside")
	}
	for typ, key := range map[string]string{"file.read_text": "path", "file.read_lines": "path"} {
		fails(t, env, typ, map[string]any{key: "."}, node.KindInput, "is a folder")
	}
	fails(t, env, "file.list", map[string]any{"folder": "a"}, node.KindError, "a")
}

func TestEffects(t *testing.T) {
	tests := []struct {
		typ    string
		params map[string]any
		want   node.Effect
	}{
		{"file.write_text", nil, node.Idempotent}, {"file.write_text", map[string]any{"if_exists": "error"}, node.Once},
		{"file.write_json", map[string]any{"if_exists": "skip"}, node.Idempotent},
		{"file.copy", nil, node.Once}, {"file.copy", map[string]any{"if_exists": "rename"}, node.Once}, {"file.copy", map[string]any{"if_exists": "overwrite"}, node.Idempotent},
		{"file.delete", nil, node.Idempotent}, {"file.delete", map[string]any{"must_exist": true}, node.Once},
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
	for typ, want := range map[string]node.Effect{"file.append_text": node.Once, "file.append_lines": node.Once, "file.move": node.Once, "file.rename": node.Once, "file.path_join": node.Pure, "file.list": node.Read, "file.wait_for": node.Read} {
		if got := node.Default.Get(typ).Effect; got != want {
			t.Errorf("%s is %v, want %v", typ, got, want)
		}
	}
}
