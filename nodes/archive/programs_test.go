package archive

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aether-rpa/aether/node/nodetest"
)

// TestOtherProgramsReadOurs has the real programs test what we write.
func TestOtherProgramsReadOurs(t *testing.T) {
	files := map[string]string{"in/a.txt": strings.Repeat("text ", 5000), "in/ü/日.txt": "x", "in/empty": ""}
	env, dir := folder(t, files)
	for _, c := range []struct {
		to, password string
		command      []string
	}{
		{"a.zip", "", []string{"unzip", "-q", "a.zip", "-d"}},
		{"b.zip", "", []string{"7z", "x", "-bso0", "b.zip", "-o"}},
		{"c.zip", "secret", []string{"7z", "x", "-bso0", "-psecret", "c.zip", "-o"}},
		{"d.tar", "", []string{"tar", "-xf", "d.tar", "-C"}},
		{"e.tar.gz", "", []string{"tar", "-xzf", "e.tar.gz", "-C"}},
		{"f.tar.bz2", "", []string{"tar", "-xjf", "f.tar.bz2", "-C"}},
		{"g.tar.xz", "", []string{"tar", "-xJf", "g.tar.xz", "-C"}},
		{"h.tar.zst", "", []string{"tar", "--zstd", "-xf", "h.tar.zst", "-C"}},
		{"i.tar.lz4", "", []string{"tar", "-I", "lz4", "-xf", "i.tar.lz4", "-C"}},
	} {
		t.Run(c.to, func(t *testing.T) {
			if _, err := exec.LookPath(c.command[0]); err != nil {
				t.Skip(err)
			}
			if strings.HasSuffix(c.to, "lz4") {
				if _, err := exec.LookPath("lz4"); err != nil {
					t.Skip(err)
				}
			}
			p := map[string]any{"paths": []any{"in"}, "to": c.to}
			if c.password != "" {
				p["password"] = c.password
			}
			run(t, env, "archive.create", p)
			out := filepath.Join(dir, "out-"+c.to)
			if err := os.Mkdir(out, 0o755); err != nil {
				t.Fatal(err)
			}
			args := append([]string{}, c.command[1:]...)
			if args[len(args)-1] == "-o" {
				args[len(args)-1] = "-o" + out
			} else {
				args = append(args, out)
			}
			cmd := exec.CommandContext(t.Context(), c.command[0], args...)
			cmd.Dir = dir
			cmd.Env = append(os.Environ(), "LC_ALL=C.UTF-8")
			if b, err := cmd.CombinedOutput(); err != nil {
				t.Fatalf("%v: %v\n%s", c.command, err, b)
			}
			wantTree(t, out, files)
		})
	}
}

func TestSingleFilesRoundTrip(t *testing.T) {
	content := strings.Repeat("line of text\n", 20_000)
	env, dir := folder(t, map[string]string{"a": content})
	for i, c := range codecs {
		run(t, env, "archive.compress", map[string]any{"path": "a", "format": c.name, "level": 1 + i*2})
		run(t, env, "archive.decompress", map[string]any{"path": "a" + c.suffix[0], "to": "b", "max_ratio": 10_000})
		got := tree(t, dir)
		if got["b"] != content || len(got["a"+c.suffix[0]]) > 20_000 {
			t.Errorf("%s: %d bytes, packed %d", c.name, len(got["b"]), len(got["a"+c.suffix[0]]))
		}
		name := map[string]string{"gzip": "gzip", "bzip2": "bzip2", "xz": "xz", "zstd": "zstd", "lz4": "lz4"}[c.name]
		program, err := exec.LookPath(name)
		if err != nil {
			continue
		}
		cmd := exec.CommandContext(t.Context(), program, "-dc")
		cmd.Stdin = strings.NewReader(got["a"+c.suffix[0]])
		if b, err := cmd.Output(); err != nil || string(b) != content {
			t.Errorf("the program %s: %v", name, err)
		}
	}
}

// FuzzArchive lists, tests and unpacks anything: no panic, and nothing outside
// the target.
func FuzzArchive(f *testing.F) {
	seeds, err := filepath.Glob("testdata/*.*")
	if err != nil {
		f.Fatal(err)
	}
	for _, name := range seeds {
		if filepath.Ext(name) == ".md" {
			continue
		}
		b, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		if len(b) < 6000 {
			f.Add(b)
		}
	}
	f.Add([]byte(rarOf("a", "b", "c/d", "e")))
	f.Add([]byte(sevenZipOf(1, 5, 1, 0x11, 5, 0, 'h', 0, 0, 0, 0, 0)))
	f.Add([]byte(sampleTar))
	f.Fuzz(func(t *testing.T, b []byte) {
		env := nodetest.Env(t)
		dir := env.Files.Dirs()[0]
		if err := os.WriteFile(filepath.Join(dir, "x"), b, 0o644); err != nil {
			t.Fatal(err)
		}
		limits := map[string]any{"path": "x", "password": "secret", "max_size": 1 << 20, "max_entries": 100}
		_, _ = nodetest.Run(t, env, "archive.list", limits)
		tested, err := nodetest.Run(t, env, "archive.test", limits)
		limits["to"] = "out/deep"
		out, failed := nodetest.Run(t, env, "archive.extract", limits)
		if failed == nil && err == nil && tested["valid"] != true && out["skipped"] == 0 {
			t.Errorf("unpacked what is not sound: %v", tested)
		}
		for name, content := range tree(t, dir) {
			if name == "x" && bytes.Equal([]byte(content), b) {
				continue
			}
			if failed != nil || !strings.HasPrefix(name, "out/deep/") || strings.Contains(name, ".tmp") {
				t.Errorf("%q was left: %v", name, failed)
			}
		}
	})
}
