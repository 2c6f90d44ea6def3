package archive

import (
	"encoding/binary"
	"hash/crc32"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/value"
)

// box is what the archives in testdata hold; see the README there.
func box() map[string]string {
	var b strings.Builder
	for i := range 2000 {
		b.WriteString(strconv.Itoa(i+1) + "\n")
	}
	return map[string]string{"box/hello.txt": "hello\n", "box/Grüße.txt": "Grüße\n", "box/run.sh": "#!/bin/sh\n", "box/sub/numbers.txt": b.String()}
}

func fixture(t testing.TB, name string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestArchivesOfOtherPrograms(t *testing.T) {
	all := box()
	some := map[string]string{"box/hello.txt": all["box/hello.txt"], "box/sub/numbers.txt": all["box/sub/numbers.txt"]}
	numbers := map[string]string{"numbers.txt": all["box/sub/numbers.txt"]}
	for name, c := range map[string]struct {
		format, password string
		want             map[string]string
	}{
		"infozip.zip":              {"zip", "", all},
		"infozip-old-password.zip": {"zip", "secret", some},
		"sevenzip-aes.zip":         {"zip", "secret", some},
		"sevenzip-bzip2.zip":       {"zip", "", map[string]string{"box/sub/numbers.txt": all["box/sub/numbers.txt"]}},
		"sevenzip.7z":              {"7z", "", all},
		"sevenzip-password.7z":     {"7z", "secret", all},
		"sevenzip-hidden.7z":       {"7z", "secret", all},
		"gnu.tar":                  {"tar", "", all},
		"gnu.tar.xz":               {"tar.xz", "", all},
		"gnu.tar.bz2":              {"tar.bz2", "", all},
		"gnu.tar.zst":              {"tar.zst", "", all},
		"pax.tgz":                  {"tar.gz", "", all},
		"numbers.txt.xz":           {"xz", "", numbers},
		"numbers.txt.zst":          {"zstd", "", numbers},
		"numbers.txt.bz2":          {"bzip2", "", numbers},
	} {
		t.Run(name, func(t *testing.T) {
			// The content decides, not the name.
			stored := name
			if !strings.HasPrefix(name, "numbers") {
				stored = "x.bin"
			}
			env, dir := folder(t, map[string]string{stored: fixture(t, name)})
			params := map[string]any{"path": stored, "to": "out"}
			if c.password != "" {
				params["password"] = c.password
			}
			out := run(t, env, "archive.extract", params)
			if out["format"] != c.format || out["files"] != len(c.want) {
				t.Errorf("got %v", out)
			}
			wantTree(t, filepath.Join(dir, "out"), c.want)
			if info, err := os.Stat(filepath.Join(dir, "out/box/run.sh")); c.want["box/run.sh"] != "" && (err != nil || info.Mode().Perm() != 0o755) {
				t.Errorf("rights: %v, %v", info.Mode(), err)
			}
			at := time.Date(2024, 5, 6, 7, 8, 10, 0, time.UTC)
			if info, err := os.Stat(filepath.Join(dir, "out/box/hello.txt")); c.want["box/hello.txt"] != "" && (err != nil || !info.ModTime().Equal(at)) {
				t.Errorf("time: %v, %v", info.ModTime(), err)
			}
			if c.want["box/run.sh"] != "" {
				if out["skipped"] != 1 {
					t.Errorf("the link was not left out: %v", out)
				}
				if info, err := os.Stat(filepath.Join(dir, "out/box/empty")); err != nil || !info.IsDir() {
					t.Errorf("the empty folder: %v", err)
				}
			}
			delete(params, "to")
			if out := run(t, env, "archive.test", params); out["valid"] != true || out["files"] != len(c.want) {
				t.Errorf("test gave %v", out)
			}
			listed := run(t, env, "archive.list", params)
			if listed["files"] != len(c.want) || listed["format"] != c.format {
				t.Errorf("list gave %v", listed)
			}
			for n, content := range c.want {
				params["name"] = n
				if out := run(t, env, "archive.read_file", params); out["text"] != content {
					t.Errorf("read %s: %d bytes", n, out["size"])
				}
			}
			params["name"] = "nope"
			fails(t, env, "archive.read_file", params, node.KindNotFound, "holds no file nope")
		})
	}
}

func TestPasswords(t *testing.T) {
	const planted = "planted-wrong-secret"
	for _, name := range []string{"infozip-old-password.zip", "sevenzip-aes.zip", "sevenzip-password.7z", "sevenzip-hidden.7z"} {
		env, dir := folder(t, map[string]string{"x": fixture(t, name)})
		fails(t, env, "archive.extract", map[string]any{"path": "x", "to": "out"}, node.KindInput, "encrypted")
		f := fails(t, env, "archive.extract", map[string]any{"path": "x", "to": "out", "password": planted}, node.KindDenied, "password")
		if strings.Contains(f.Error(), planted) || strings.Contains(f.Hint, planted) {
			t.Errorf("%s: the password shows: %v", name, f)
		}
		if got := tree(t, dir); len(got) != 1 {
			t.Errorf("%s left %d files", name, len(got))
		}
		if _, err := os.Stat(filepath.Join(dir, "out")); err == nil {
			t.Errorf("%s left the folder", name)
		}
	}
}

func TestLockedZip(t *testing.T) {
	files := map[string]string{"a": strings.Repeat("text ", 10_000), "empty": "", "ü": "x"}
	for _, level := range []int{0, 6} {
		env, dir := folder(t, files)
		p := map[string]any{"paths": []any{"a", "empty", "ü"}, "to": "x.zip", "password": "planted-secret", "level": level}
		run(t, env, "archive.create", p)
		locked := tree(t, dir)["x.zip"]
		if strings.Contains(locked, "planted") || level == 0 && strings.Contains(locked, "text text") {
			t.Error("it is not encrypted")
		}
		run(t, env, "archive.extract", map[string]any{"path": "x.zip", "to": "out", "password": "planted-secret"})
		wantTree(t, filepath.Join(dir, "out"), files)
		at := strings.Index(locked, "PK\x01\x02") / 2
		changed := []byte(locked)
		changed[at] ^= 1
		if err := os.WriteFile(filepath.Join(dir, "x.zip"), changed, 0o644); err != nil {
			t.Fatal(err)
		}
		fails(t, env, "archive.extract", map[string]any{"path": "x.zip", "to": "out2", "password": "planted-secret"}, node.KindInput, "damaged")
		p["to"] = "x.tar"
		fails(t, env, "archive.create", p, node.KindInput, "no password")
	}
}

func TestNameEncodings(t *testing.T) {
	env, dir := folder(t, map[string]string{"j.zip": fixture(t, "shift-jis.zip"), "mac.zip": zipOf(t, "Gru\u0308ße!", "x")})
	run(t, env, "archive.extract", map[string]any{"path": "j.zip", "to": "o", "encoding": "shift_jis"})
	wantTree(t, filepath.Join(dir, "o"), map[string]string{"テスト.txt": "x"})
	run(t, env, "archive.extract", map[string]any{"path": "mac.zip", "to": "m"})
	wantTree(t, filepath.Join(dir, "m"), map[string]string{"Gru\u0308ße!": "x"})
	fails(t, env, "archive.list", map[string]any{"path": "j.zip", "encoding": "nope"}, node.KindInput, "encoding")
}

// rarOf makes a rar archive (version 5) of stored files by its published form.
func rarOf(pairs ...string) string {
	vint := func(n int) (b []byte) {
		for ; n > 0x7f; n >>= 7 {
			b = append(b, byte(n)|0x80)
		}
		return append(b, byte(n))
	}
	out := []byte("Rar!\x1a\x07\x01\x00")
	block := func(fields ...[]byte) {
		var body []byte
		for _, f := range fields {
			body = append(body, f...)
		}
		body = append(vint(len(body)), body...)
		out = binary.LittleEndian.AppendUint32(out, crc32.ChecksumIEEE(body))
		out = append(out, body...)
	}
	block(vint(1), vint(0), vint(0))
	for i := 0; i < len(pairs); i += 2 {
		name, data := pairs[i], pairs[i+1]
		sum := binary.LittleEndian.AppendUint32(nil, crc32.ChecksumIEEE([]byte(data)))
		block(vint(2), vint(2), vint(len(data)), vint(4), vint(len(data)), vint(0o100644), sum, vint(0), vint(1), vint(len(name)), []byte(name))
		out = append(out, data...)
	}
	block(vint(5), vint(0), vint(0))
	return string(out)
}

func TestRar(t *testing.T) {
	good := rarOf("a.txt", "hello", "dir/b.txt", "world")
	env, dir := folder(t, map[string]string{
		"good.rar": good, "evil.rar": rarOf("ok", "1", "../x", "2"),
		"bad.rar": strings.Replace(good, "world", "wORLD", 1), "cut.rar": good[:len(good)-20], "part.bin": good[:30],
	})
	if out := run(t, env, "archive.extract", map[string]any{"path": "good.rar", "to": "out"}); out["format"] != "rar" {
		t.Errorf("got %v", out)
	}
	wantTree(t, filepath.Join(dir, "out"), map[string]string{"a.txt": "hello", "dir/b.txt": "world"})
	fails(t, env, "archive.extract", map[string]any{"path": "evil.rar", "to": "evil"}, node.KindInput, "outside")
	fails(t, env, "archive.extract", map[string]any{"path": "bad.rar", "to": "bad"}, node.KindInput, "checksum")
	fails(t, env, "archive.extract", map[string]any{"path": "cut.rar", "to": "bad"}, node.KindInput, "")
	fails(t, env, "archive.extract", map[string]any{"path": "part.bin", "to": "bad"}, node.KindInput, "")
	if _, err := os.Stat(filepath.Join(dir, "bad")); err == nil {
		t.Error("something was left")
	}
}

func TestListTellsWhatIsUnsafe(t *testing.T) {
	env, _ := folder(t, map[string]string{"z": zipOf(t, "a/b", "1", `..\x`, "2", "l@", "/etc")})
	out := run(t, env, "archive.list", map[string]any{"path": "z"})
	items, ok := out["items"].([]any)
	if !ok || len(items) != 3 {
		t.Fatalf("got %v", out)
	}
	for i, want := range []map[string]any{{"name": "a/b", "unsafe": false, "kind": "file"}, {"name": "../x", "unsafe": true, "kind": "file"}, {"name": "l", "unsafe": false, "kind": "link"}} {
		for k, v := range want {
			if got := items[i].(map[string]any)[k]; !value.Equal(got, v) {
				t.Errorf("%d: %s is %v, want %v", i, k, got, v)
			}
		}
	}
	if out := run(t, env, "archive.test", map[string]any{"path": "z"}); out["valid"] != false || !strings.Contains(out["reason"].(string), "outside") {
		t.Errorf("got %v", out)
	}
}
