package file

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/node/nodetest"
	"github.com/aether-rpa/aether/value"
)

func relatives(out map[string]any) []string {
	names := []string{}
	for _, e := range out["items"].([]any) {
		names = append(names, e.(map[string]any)["relative"].(string))
	}
	return names
}

func TestList(t *testing.T) {
	env, dir := folder(t, map[string]string{
		"a.txt": "1", "B.TXT": "22", "c.pdf": "333", ".hidden": "4444", "s/d.txt": "55555", "s/t/e.txt": "666666", "s/.git/f.txt": "7", "[x].txt": "8", "ü 日.txt": "9",
		".aether-0011-0.tmp": "unfinished",
	})
	now := time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)
	env.Now = func() time.Time { return now }
	for i, name := range []string{"a.txt", "B.TXT", "c.pdf", "s/d.txt", "s/t/e.txt", "[x].txt", "ü 日.txt"} {
		at := now.AddDate(0, 0, -i-1)
		if err := os.Chtimes(filepath.Join(dir, name), at, at); err != nil {
			t.Fatal(err)
		}
	}
	tests := []struct {
		name   string
		params map[string]any
		want   []string
	}{
		{"flat", map[string]any{}, []string{"B.TXT", "[x].txt", "a.txt", "c.pdf", "ü 日.txt"}},
		{"all below", map[string]any{"recursive": true}, []string{"B.TXT", "[x].txt", "a.txt", "c.pdf", "s/d.txt", "s/t/e.txt", "ü 日.txt"}},
		{"hidden", map[string]any{"recursive": true, "hidden": true, "pattern": []any{".*", "f*"}}, []string{".hidden", "s/.git/f.txt"}},
		{"two levels", map[string]any{"recursive": true, "depth": 2, "pattern": "*.txt"}, []string{"B.TXT", "[x].txt", "a.txt", "s/d.txt", "ü 日.txt"}},
		{"case matters", map[string]any{"pattern": "*.txt", "case_sensitive": true}, []string{"[x].txt", "a.txt", "ü 日.txt"}},
		{"several patterns", map[string]any{"pattern": []any{"*.pdf", "b.*"}}, []string{"B.TXT", "c.pdf"}},
		{"braces", map[string]any{"pattern": "{a,c}.*"}, []string{"a.txt", "c.pdf"}},
		{"escaped", map[string]any{"pattern": `\[x\].txt`}, []string{"[x].txt"}},
		{"a path with **", map[string]any{"pattern": "s/**/*.txt"}, []string{"s/d.txt", "s/t/e.txt"}},
		{"a path with one star", map[string]any{"pattern": "s/*.txt"}, []string{"s/d.txt"}},
		{"exclude", map[string]any{"recursive": true, "exclude": []any{"t", "*.pdf"}}, []string{"B.TXT", "[x].txt", "a.txt", "s/d.txt", "ü 日.txt"}},
		{"folders", map[string]any{"recursive": true, "kind": "folder"}, []string{"s", "s/t"}},
		{"any", map[string]any{"recursive": true, "kind": "any", "pattern": []any{"s", "t", "d*"}}, []string{"s", "s/d.txt", "s/t"}},
		{"by size", map[string]any{"recursive": true, "sort": "size", "descending": true, "limit": 2}, []string{"s/t/e.txt", "s/d.txt"}},
		{"by time", map[string]any{"sort": "modified", "limit": 2}, []string{"ü 日.txt", "[x].txt"}},
		{"by name", map[string]any{"sort": "name"}, []string{"[x].txt", "a.txt", "B.TXT", "c.pdf", "ü 日.txt"}},
		{"by extension", map[string]any{"sort": "extension", "limit": 2}, []string{"c.pdf", "B.TXT"}},
		{"path backwards", map[string]any{"descending": true, "limit": 1}, []string{"ü 日.txt"}},
		{"sizes", map[string]any{"recursive": true, "min_size": 3, "max_size": 5}, []string{"c.pdf", "s/d.txt"}},
		{"newer", map[string]any{"newer_than": "2d"}, []string{"B.TXT", "a.txt"}},
		{"older", map[string]any{"older_than": "5d"}, []string{"[x].txt", "ü 日.txt"}},
		{"between", map[string]any{"recursive": true, "modified_after": "2026-05-28", "modified_before": "2026-05-30T00:00:00Z"}, []string{"c.pdf", "s/d.txt"}},
		{"nothing", map[string]any{"pattern": "*.zip"}, []string{}},
		{"limit", map[string]any{"limit": 1}, []string{"B.TXT"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := relatives(run(t, env, "file.list", tt.params)); !slices.Equal(got, tt.want) {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
	for _, p := range []string{"[", "{a", ""} {
		fails(t, env, "file.list", map[string]any{"pattern": []any{p}}, node.KindInput, "not a valid pattern")
	}
	fails(t, env, "file.list", map[string]any{"modified_after": "soon"}, node.KindInput, "not a time")
	out := run(t, env, "file.find_newest", map[string]any{"recursive": true})
	if out["file"].(map[string]any)["name"] != "a.txt" {
		t.Errorf("got %v", out)
	}
	out = run(t, env, "file.find_newest", map[string]any{"recursive": true, "oldest": true, "pattern": "*.txt"})
	if out["file"].(map[string]any)["name"] != "ü 日.txt" {
		t.Errorf("got %v", out)
	}
	fails(t, env, "file.find_newest", map[string]any{"pattern": "*.zip", "must_exist": true}, node.KindNotFound, "no file")
}

func TestListLinks(t *testing.T) {
	env, dir := folder(t, map[string]string{"d/x": "X"})
	for to, at := range map[string]string{"..": "d/loop", "x": "d/y", "/etc/passwd": "d/z", "nothing": "d/dead"} {
		if err := os.Symlink(to, filepath.Join(dir, at)); err != nil {
			t.Skip(err)
		}
	}
	if got := relatives(run(t, env, "file.list", map[string]any{"folder": "d", "recursive": true})); !slices.Equal(got, []string{"x", "y"}) {
		t.Errorf("got %q", got)
	}
	if got := relatives(run(t, env, "file.list", map[string]any{"folder": "d", "kind": "any"})); !slices.Equal(got, []string{"dead", "loop", "x", "y", "z"}) {
		t.Errorf("got %q", got)
	}
}

func TestListStreams(t *testing.T) {
	files := map[string]string{}
	for i := range 500 {
		files[fmt.Sprintf("f%04d", i)] = ""
	}
	env, _ := folder(t, files)
	out, err := nodetest.RunRaw(t, env, "file.list", nil)
	if err != nil {
		t.Fatal(err)
	}
	if ref, ok := out["items"].(*value.Ref); !ok || ref.Count != 500 {
		t.Errorf("got %T", out["items"])
	}
}

func TestPaths(t *testing.T) {
	for _, tt := range []struct {
		parts   string
		windows bool
		want    string
	}{
		{"a|b", false, "a/b"}, {"a/|/b", false, "/b"}, {"a||b", false, "a/b"}, {"", false, ""}, {"a|..|..|b", false, "../b"}, {"/|a", false, "/a"},
		{`C:\x|y`, false, "C:/x/y"}, {"C:/x|y", true, `C:\x\y`}, {`C:\|y`, true, `C:\y`}, {`\\srv\share|a`, true, `\\srv\share\a`}, {`a\b|c`, false, `a\b/c`}, {`a\b|c`, true, `a\b\c`}, {"C:", true, "C:"},
	} {
		if got := joinPath(strings.Split(tt.parts, "|"), tt.windows); got != tt.want {
			t.Errorf("%q gave %q, want %q", tt.parts, got, tt.want)
		}
	}
	for in, want := range map[string]partsOut{
		"a.tar.gz": {Name: "a.tar.gz", Stem: "a.tar", Extension: ".gz"}, "/": {Folder: "", Name: ""}, "/a": {Folder: "/", Name: "a", Stem: "a"},
		"a/b/": {Folder: "a", Name: "b", Stem: "b"}, "..": {Name: "..", Stem: ".."}, "x.": {Name: "x.", Stem: "x", Extension: "."},
	} {
		got := splitPath(in)
		if got.Folder != want.Folder || got.Name != want.Name || got.Stem != want.Stem || got.Extension != want.Extension {
			t.Errorf("%q gave %+v", in, got)
		}
	}
	for _, tt := range []struct {
		in   changeIn
		want string
	}{
		{changeIn{Path: "a/b.txt", Stem: "c"}, "a/c.txt"}, {changeIn{Path: `C:\a\b.txt`, Extension: ".pdf"}, `C:\a\b.pdf`}, {changeIn{Path: "/b.txt", Extension: "."}, "/b"},
		{changeIn{Path: "b", Extension: "x"}, "b.x"}, {changeIn{Path: "a/b", Folder: "/"}, "/b"}, {changeIn{Path: "b.txt", Folder: "x/"}, "x/b.txt"},
	} {
		if got, _ := changePath(t.Context(), nil, tt.in); got.Path != tt.want {
			t.Errorf("%+v gave %q, want %q", tt.in, got.Path, tt.want)
		}
	}
}

func FuzzPaths(f *testing.F) {
	for _, s := range []string{"", "/", `\\`, "C:", "a/..", "//x", "C:\\", "a.b/"} {
		f.Add(s, s)
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		for _, windows := range []bool{true, false} {
			once := joinPath([]string{a, b}, windows)
			if again := joinPath([]string{once}, windows); again != once && once != "" {
				t.Errorf("joining %q again gave %q", once, again)
			}
		}
		_ = splitPath(a)
		_, _ = changePath(t.Context(), nil, changeIn{Path: a, Folder: b, Extension: "x"})
	})
}
