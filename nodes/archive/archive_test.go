package archive

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"crypto/rand"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aether-rpa/aether/node"
)

// zipOf makes an archive; names ending in @ are links.
func zipOf(t *testing.T, pairs ...string) string {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for i := 0; i < len(pairs); i += 2 {
		h := &zip.FileHeader{Name: strings.TrimSuffix(pairs[i], "@"), Method: zip.Deflate}
		if strings.HasSuffix(pairs[i], "@") {
			h.SetMode(fs.ModeSymlink | 0o777)
		}
		f, err := w.CreateHeader(h)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.WriteString(f, pairs[i+1])
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func tarOf(t *testing.T, headers ...tar.Header) string {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, h := range headers {
		if h.Typeflag == 0 {
			h.Typeflag, h.Size = tar.TypeReg, 1
		}
		if err := w.WriteHeader(&h); err != nil {
			t.Fatal(err)
		}
		if h.Size > 0 {
			_, _ = w.Write([]byte("x"))
		}
	}
	_ = w.Close()
	return b.String()
}

var evil = []string{"../x", "a/../../x", "/etc/x", `..\x`, `a\..\..\x`, `C:\x`, "C:x", `\x`, `\\srv\x`, "a/..", ".."}

func TestUnzipStaysInside(t *testing.T) {
	for _, name := range evil {
		env, dir := folder(t, map[string]string{"z": zipOf(t, "good", "g", name, "evil"), "t": tarOf(t, tar.Header{Name: "good"}, tar.Header{Name: name})})
		fails(t, env, "archive.extract", map[string]any{"path": "z", "to": "out"}, node.KindInput, "outside the target folder")
		if got := tree(t, dir); len(got) != 2 {
			t.Errorf("%q: the folder holds %v", name, got)
		}
		fails(t, env, "archive.extract", map[string]any{"path": "t", "to": "out"}, node.KindInput, "outside the target folder")
	}
}

func TestUnpackLinks(t *testing.T) {
	env, dir := folder(t, map[string]string{
		"z": zipOf(t, "l@", "/etc", "l2/", "", "ok", "1"),
		"t": tarOf(t, tar.Header{Name: "l", Typeflag: tar.TypeSymlink, Linkname: "/etc"}, tar.Header{Name: "h", Typeflag: tar.TypeLink, Linkname: "/etc/passwd"}, tar.Header{Name: "dev", Typeflag: tar.TypeChar}, tar.Header{Name: "l/passwd"}, tar.Header{Name: "d", Typeflag: tar.TypeDir}),
	})
	if out := run(t, env, "archive.extract", map[string]any{"path": "z", "to": "a"}); out["files"] != 1 || out["skipped"] != 1 {
		t.Errorf("got %v", out)
	}
	if out := run(t, env, "archive.extract", map[string]any{"path": "t", "to": "b"}); out["files"] != 1 || out["skipped"] != 3 {
		t.Errorf("got %v", out)
	}
	// A link that is there already leads nowhere either.
	if err := os.Symlink("/tmp", filepath.Join(dir, "a", "l")); err != nil {
		t.Skip(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "z2"), []byte(zipOf(t, "l/aether-escape-test", "1")), 0o644); err != nil {
		t.Fatal(err)
	}
	fails(t, env, "archive.extract", map[string]any{"path": "z2", "to": "a"}, node.KindDenied, "outside")
}

func TestUnpackBombs(t *testing.T) {
	zeros := strings.Repeat("\x00", 20<<20)
	env, dir := folder(t, map[string]string{
		"z": zipOf(t, "a", zeros), "g.gz": gzipText(zeros), "many": zipOf(t, "a", "", "b", "", "c", ""),
		"t.tgz": gzipText(tarOf(t, tar.Header{Name: "x"}) + zeros), "small": zipOf(t, "a", strings.Repeat("\x00", 500_000)),
	})
	for _, p := range []map[string]any{{"max_ratio": 100}, {"max_size": 10 << 20}} {
		for typ, path := range map[string]string{"archive.extract": "z", "archive.decompress": "g.gz"} {
			q := map[string]any{"path": path, "to": "out-" + path}
			for k, v := range p {
				q[k] = v
			}
			fails(t, env, typ, q, node.KindInput, "unpacking stopped")
		}
	}
	fails(t, env, "archive.extract", map[string]any{"path": "many", "to": "out", "max_entries": 2}, node.KindInput, "more than 2 entries")
	if got := tree(t, dir); len(got) != 5 {
		t.Errorf("left over: %d files", len(got))
	}
	run(t, env, "archive.extract", map[string]any{"path": "small", "to": "out", "max_ratio": 10})
	run(t, env, "archive.decompress", map[string]any{"path": "g.gz"})
}

func TestDamagedArchives(t *testing.T) {
	data := make([]byte, 100_000)
	_, _ = rand.Read(data)
	good := zipOf(t, "a", string(data))
	flipped := []byte(good)
	flipped[50_000] ^= 1
	locked := []byte(zipOf(t, "a", "x"))
	for i := range locked { // set the flag in both headers
		switch {
		case bytes.HasPrefix(locked[i:], []byte("PK\x03\x04")):
			locked[i+6] |= 1
		case bytes.HasPrefix(locked[i:], []byte("PK\x01\x02")):
			locked[i+8] |= 1
		}
	}
	tgz := gzipText(tarOf(t, tar.Header{Name: "x"}))
	env, dir := folder(t, map[string]string{
		"cut.zip": good[:50_000], "bad.zip": string(flipped), "text.zip": "hello", "empty.zip": "", "locked.zip": string(locked),
		"cut.tgz": tgz[:len(tgz)-20], "text.tar": strings.Repeat("hello", 200), "cut.gz": gzipText(string(data))[:50_000], "text.gz": "hello",
	})
	for name, part := range map[string]string{"cut.zip": "zip archive", "bad.zip": "damaged", "text.zip": "zip archive", "empty.zip": "zip archive", "locked.zip": "encrypted"} {
		fails(t, env, "archive.extract", map[string]any{"path": name, "to": "out"}, node.KindInput, part)
	}
	for name, part := range map[string]string{"text.tar": "tar archive", "cut.tgz": "damaged"} {
		fails(t, env, "archive.extract", map[string]any{"path": name, "to": "out"}, node.KindInput, part)
	}
	fails(t, env, "archive.decompress", map[string]any{"path": "cut.gz", "to": "x"}, node.KindInput, "damaged")
	fails(t, env, "archive.decompress", map[string]any{"path": "text.gz", "to": "x"}, node.KindInput, "gzip")
	fails(t, env, "archive.decompress", map[string]any{"path": "bad.zip"}, node.KindInput, "set to")
	for name := range tree(t, dir) {
		if strings.HasPrefix(name, "out/a") || name == "x" {
			t.Errorf("%s was left", name)
		}
	}
}

func TestPackRoundTrip(t *testing.T) {
	files := map[string]string{"in/a.txt": "A", "in/ü/日.txt": strings.Repeat("x", 300_000), "in/.hidden": "h", "in/empty": "", "single": "S"}
	env, dir := folder(t, files)
	if err := os.MkdirAll(filepath.Join(dir, "in", "nothing"), 0o755); err != nil {
		t.Fatal(err)
	}
	at := time.Date(2024, 5, 6, 7, 8, 10, 0, time.UTC)
	if err := os.Chtimes(filepath.Join(dir, "single"), at, at); err != nil {
		t.Fatal(err)
	}
	for _, kind := range [][2]string{{"zip", "x.zip"}, {"tar", "x.tar"}, {"tar", "x.tar.gz"}} {
		out := run(t, env, "archive."+kind[0], map[string]any{"paths": []any{"in", "single"}, "to": kind[1]})
		if out["files"] != 5 {
			t.Errorf("%s: got %v", kind[1], out)
		}
		to := "out-" + kind[1]
		run(t, env, "archive.extract", map[string]any{"path": kind[1], "to": to})
		wantTree(t, filepath.Join(dir, to), files)
		if info, err := os.Stat(filepath.Join(dir, to, "single")); err != nil || !info.ModTime().Equal(at) {
			t.Errorf("%s: the time is %v, %v", kind[1], info.ModTime(), err)
		}
		if info, err := os.Stat(filepath.Join(dir, to, "in", "nothing")); err != nil || !info.IsDir() {
			t.Errorf("%s: the empty folder is gone: %v", kind[1], err)
		}
		fails(t, env, "archive.extract", map[string]any{"path": kind[1], "to": to, "if_exists": "error"}, node.KindInput, "exists already")
		if out := run(t, env, "archive.extract", map[string]any{"path": kind[1], "to": to, "if_exists": "skip"}); out["skipped"] != 5 || out["files"] != 0 {
			t.Errorf("%s: got %v", kind[1], out)
		}
	}
}

func TestPackIsDeterministic(t *testing.T) {
	env, dir := folder(t, map[string]string{"in/b": "B", "in/a": "A"})
	for typ, name := range map[string]string{"archive.zip": "x.zip", "archive.tar": "x.tgz"} {
		p := map[string]any{"paths": []any{"in"}, "to": name, "deterministic": true}
		run(t, env, typ, p)
		first := tree(t, dir)[name]
		now := time.Now().Add(time.Hour)
		if err := os.Chtimes(filepath.Join(dir, "in/a"), now, now); err != nil {
			t.Fatal(err)
		}
		run(t, env, typ, p)
		if tree(t, dir)[name] != first {
			t.Errorf("%s differs", name)
		}
	}
	fails(t, env, "archive.zip", map[string]any{"paths": []any{"in/a", "in/a"}, "to": "y.zip"}, node.KindInput, "same name")
	fails(t, env, "archive.zip", map[string]any{"paths": []any{}, "to": "y.zip"}, node.KindInput, "nothing to pack")
	fails(t, env, "archive.zip", map[string]any{"paths": []any{"nope"}, "to": "y.zip"}, node.KindNotFound, "nope")
	// An archive inside the folder that it packs does not pack itself.
	run(t, env, "archive.zip", map[string]any{"paths": []any{"in"}, "to": "in/self.zip"})
	if out := run(t, env, "archive.zip", map[string]any{"paths": []any{"in"}, "to": "in/self.zip"}); out["files"] != 2 {
		t.Errorf("got %v", out)
	}
}

func TestGzipRoundTrip(t *testing.T) {
	env, dir := folder(t, map[string]string{"a": strings.Repeat("text ", 100_000)})
	run(t, env, "archive.compress", map[string]any{"path": "a"})
	run(t, env, "archive.decompress", map[string]any{"path": "a.gz", "to": "b"})
	got := tree(t, dir)
	if got["b"] != got["a"] || len(got["a.gz"]) > 10_000 {
		t.Errorf("got %d bytes, packed %d", len(got["b"]), len(got["a.gz"]))
	}
	z, err := gzip.NewReader(strings.NewReader(got["a.gz"]))
	if err != nil || !z.ModTime.IsZero() {
		t.Errorf("the archive holds the time %v, %v", z.ModTime, err)
	}
}

func TestOldZipNames(t *testing.T) {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	f, err := w.CreateHeader(&zip.FileHeader{Name: "Gr\x81\xe1e.txt", NonUTF8: true})
	if err != nil {
		t.Fatal(err)
	}
	_, _ = io.WriteString(f, "x")
	_ = w.Close()
	env, dir := folder(t, map[string]string{"z": b.String()})
	run(t, env, "archive.extract", map[string]any{"path": "z", "to": "o"})
	wantTree(t, filepath.Join(dir, "o"), map[string]string{"Grüße.txt": "x"})
}

func FuzzSafeName(f *testing.F) {
	for _, s := range append([]string{"a", "a/b/", "./a", "a//b", "é"}, evil...) {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, name string) {
		got, err := safeName(name)
		if err == nil && !filepath.IsLocal(filepath.FromSlash(got)) {
			t.Errorf("%q gave %q", name, got)
		}
	})
}
