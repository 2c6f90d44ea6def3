package archive

import (
	"archive/tar"
	"bytes"
	"compress/flate"
	"encoding/binary"
	"hash/crc32"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aether-rpa/aether/node"
)

func TestOldNames(t *testing.T) {
	for old, now := range map[string]string{"file.zip": "archive.zip", "file.unzip": "archive.extract", "file.tar": "archive.tar", "file.untar": "archive.extract", "file.gzip": "archive.compress", "file.gunzip": "archive.decompress"} {
		if d := node.Default.Get(old); d == nil || d.Type != now {
			t.Errorf("%s is %v", old, d)
		}
	}
	// The old nodes did not look at names.
	env, dir := folder(t, map[string]string{"a": "A"})
	run(t, env, "file.zip", map[string]any{"paths": []any{"a"}, "to": "x.tar"})
	run(t, env, "file.tar", map[string]any{"paths": []any{"a"}, "to": "backup"})
	run(t, env, "file.gzip", map[string]any{"path": "a", "to": "x.xz"})
	got := tree(t, dir)
	if !strings.HasPrefix(got["x.tar"], "PK") || !looksLikeTar([]byte(got["backup"])) || !strings.HasPrefix(got["x.xz"], "\x1f\x8b") {
		t.Error("the old names do something else")
	}
	fails(t, env, "archive.create", map[string]any{"paths": []any{"a"}, "to": "backup"}, node.KindInput, "does not say")
}

func TestFailureLeavesNothing(t *testing.T) {
	bad := []byte(zipOf(t, "a", "new", "sub/b", "new", "c", strings.Repeat("x", 1000)))
	at := bytes.LastIndex(bad, []byte("PK\x03\x04"))
	bad[at+40] ^= 0xff
	env, dir := folder(t, map[string]string{"z": string(bad), "out/a": "old", "out/keep": "k"})
	fails(t, env, "archive.extract", map[string]any{"path": "z", "to": "out"}, node.KindInput, "damaged")
	fails(t, env, "archive.extract", map[string]any{"path": "z", "to": "new"}, node.KindInput, "damaged")
	wantTree(t, dir, map[string]string{"z": string(bad), "out/a": "old", "out/keep": "k"})
	if entries, err := os.ReadDir(filepath.Join(dir, "out")); err != nil || len(entries) != 2 {
		t.Errorf("the target holds %v, %v", entries, err)
	}
	if _, err := os.Stat(filepath.Join(dir, "new")); err == nil {
		t.Error("the target was made")
	}
}

func TestPlacesThatAreTaken(t *testing.T) {
	env, dir := folder(t, map[string]string{
		"z": zipOf(t, "ok", "1", "d", "2"), "z2": zipOf(t, "ok", "1", "f/x", "2"), "z3": zipOf(t, "ok", "1", "ro", "2"),
		"z4": zipOf(t, "a", "1", "a/b", "2"), "z5": zipOf(t, "a/b", "1", "a", "2"), "out/d/x": "", "out/f": "", "out/ro": "old",
	})
	if err := os.Chmod(filepath.Join(dir, "out/ro"), 0o444); err != nil {
		t.Fatal(err)
	}
	fails(t, env, "archive.extract", map[string]any{"path": "z", "to": "out"}, node.KindInput, "is a folder")
	fails(t, env, "archive.extract", map[string]any{"path": "z2", "to": "out"}, node.KindInput, "is a file")
	fails(t, env, "archive.extract", map[string]any{"path": "z3", "to": "out"}, node.KindDenied, "read-only")
	fails(t, env, "archive.extract", map[string]any{"path": "z4", "to": "new"}, node.KindInput, "a file and a folder")
	fails(t, env, "archive.extract", map[string]any{"path": "z5", "to": "new"}, node.KindInput, "a file and a folder")
	if _, err := os.Stat(filepath.Join(dir, "out/ok")); err == nil {
		t.Error("something was written")
	}
}

func TestReplacedFilesKeepTheirRights(t *testing.T) {
	env, dir := folder(t, map[string]string{"z": zipOf(t, "a", "new"), "out/a": "old"})
	if err := os.Chmod(filepath.Join(dir, "out/a"), 0o600); err != nil {
		t.Fatal(err)
	}
	run(t, env, "archive.extract", map[string]any{"path": "z", "to": "out"})
	if info, err := os.Stat(filepath.Join(dir, "out/a")); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("rights: %v, %v", info.Mode(), err)
	}
	wantTree(t, filepath.Join(dir, "out"), map[string]string{"a": "new"})
}

func TestDangerousRights(t *testing.T) {
	env, dir := folder(t, map[string]string{"t": tarOf(t, tar.Header{Name: "suid", Mode: 0o6777}, tar.Header{Name: "none", Mode: 0})})
	run(t, env, "archive.extract", map[string]any{"path": "t", "to": "out"})
	for name, want := range map[string]os.FileMode{"suid": 0o755, "none": 0o644} {
		if info, err := os.Stat(filepath.Join(dir, "out", name)); err != nil || info.Mode() != want {
			t.Errorf("%s: %v, %v", name, info.Mode(), err)
		}
	}
}

func TestDuplicates(t *testing.T) {
	env, dir := folder(t, map[string]string{"twice": zipOf(t, "a", "1", "a", "2"), "case": zipOf(t, "A", "1", "a", "2"), "nul": zipOf(t, "a\x00b", "1"), "own": zipOf(t, ".aether-0123.tmp/0", "1", "b", "2")})
	if out := run(t, env, "archive.extract", map[string]any{"path": "twice", "to": "o"}); out["files"] != 1 {
		t.Errorf("got %v", out)
	}
	wantTree(t, filepath.Join(dir, "o"), map[string]string{"a": "2"})
	fails(t, env, "archive.extract", map[string]any{"path": "twice", "to": "p", "duplicates": "error"}, node.KindInput, "twice")
	fails(t, env, "archive.extract", map[string]any{"path": "case", "to": "p", "duplicates": "error"}, node.KindInput, "upper and lower case")
	fails(t, env, "archive.extract", map[string]any{"path": "nul", "to": "p"}, node.KindInput, "outside")
	if out := run(t, env, "archive.extract", map[string]any{"path": "own", "to": "q"}); out["files"] != 1 || out["skipped"] != 1 {
		t.Errorf("got %v", out)
	}
}

// overlapping is a zip whose entries all share the same packed bytes.
func overlapping(t *testing.T, entries, size int) string {
	t.Helper()
	var packed bytes.Buffer
	w, err := flate.NewWriter(&packed, 9)
	if err != nil {
		t.Fatal(err)
	}
	content := make([]byte, size)
	_, _ = w.Write(content)
	_ = w.Close()
	le := binary.LittleEndian
	head := func(sig string, central bool, at uint32) []byte {
		b := []byte(sig)
		if central {
			b = le.AppendUint16(b, 20)
		}
		for _, v := range []uint16{20, 0, 8, 0, 0} {
			b = le.AppendUint16(b, v)
		}
		for _, v := range []uint32{crc32.ChecksumIEEE(content), uint32(packed.Len()), uint32(size)} {
			b = le.AppendUint32(b, v)
		}
		b = le.AppendUint16(le.AppendUint16(b, 4), 0)
		if central {
			b = append(b, make([]byte, 10)...)
			b = le.AppendUint32(b, at)
		}
		return b
	}
	out := append(head("PK\x03\x04", false, 0), "0000"...)
	out = append(out, packed.Bytes()...)
	start := len(out)
	for i := range entries {
		out = append(append(out, head("PK\x01\x02", true, 0)...), string([]byte{byte('a' + i/17576%26), byte('a' + i/676%26), byte('a' + i/26%26), byte('a' + i%26)})...)
	}
	end := []byte("PK\x05\x06\x00\x00\x00\x00")
	end = le.AppendUint16(le.AppendUint16(end, uint16(entries)), uint16(entries))
	end = le.AppendUint32(le.AppendUint32(end, uint32(len(out)-start)), uint32(start))
	return string(append(append(out, end...), 0, 0))
}

func TestOverlappingZip(t *testing.T) {
	bomb := overlapping(t, 200, 900_000) // within the slack one by one
	env, dir := folder(t, map[string]string{"z": bomb})
	fails(t, env, "archive.extract", map[string]any{"path": "z", "to": "out"}, node.KindInput, "times larger")
	fails(t, env, "archive.extract", map[string]any{"path": "z", "to": "out", "max_ratio": 1_000_000, "max_size": 50_000_000}, node.KindInput, "more than 50000000 bytes")
	if got := tree(t, dir); len(got) != 1 {
		t.Errorf("left %d files", len(got))
	}
}

func TestLongDirectory(t *testing.T) {
	env, _ := folder(t, map[string]string{"z": overlapping(t, 30_000, 0)})
	fails(t, env, "archive.list", map[string]any{"path": "z", "max_entries": 100}, node.KindInput, "list of entries")
	fails(t, env, "archive.list", map[string]any{"path": "z", "max_entries": 20_000}, node.KindInput, "more than 20000 entries")
	if out := run(t, env, "archive.list", map[string]any{"path": "z"}); out["count"] != 30_000 {
		t.Errorf("got %v", out["count"])
	}
}

// sevenZipOf is a 7z archive with a header that is not packed.
func sevenZipOf(header ...byte) string {
	le := binary.LittleEndian
	b := []byte("7z\xbc\xaf\x27\x1c\x00\x04\x00\x00\x00\x00")
	b = le.AppendUint64(le.AppendUint64(b, 0), uint64(len(header)))
	b = le.AppendUint32(b, crc32.ChecksumIEEE(header))
	le.PutUint32(b[8:], crc32.ChecksumIEEE(b[12:]))
	return string(append(b, header...))
}

func TestSevenZipBombs(t *testing.T) {
	huge := []byte{0xff, 0, 0, 0, 0, 0, 1, 0, 0} // 2^40
	many := append([]byte{1, 5}, huge...)
	folders := append([]byte{1, 4, 6, 0, 1, 9, 0, 0, 7, 0x0b}, huge...)
	coders := append([]byte{1, 4, 6, 0, 1, 9, 0, 0, 7, 0x0b, 1, 0}, huge...)
	coder := func(method string, props ...byte) []byte {
		b := []byte{1, 4, 6, 0, 1, 9, 0, 0, 7, 0x0b, 1, 0, 1, 0x20 | byte(len(method))}
		b = append(append(append(b, method...), byte(len(props))), props...)
		return append(b, 0x0c, 1, 0, 0, 0)
	}
	for name, c := range map[string]struct {
		header []byte
		want   string
	}{
		"files":      {many, "more than 100000 entries"},
		"folders":    {folders, "more than 100000 entries"},
		"coders":     {coders, "header"},
		"dictionary": {coder("\x21", 40), "dictionary"},
		"lzma":       {coder("\x03\x01\x01", 93, 0xff, 0xff, 0xff, 0xff), "dictionary"},
		"rounds":     {coder("\x06\xf1\x07\x01", 0x7e, 0), "rounds"},
		"empty":      {nil, "7z"},
		"wrong":      {[]byte{9}, "7z"},
	} {
		env, _ := folder(t, map[string]string{"z": sevenZipOf(c.header...)})
		f := fails(t, env, "archive.list", map[string]any{"path": "z", "password": "x"}, node.KindInput, c.want)
		if t.Failed() {
			t.Fatalf("%s: %v", name, f)
		}
	}
}

func TestDamagedSevenZip(t *testing.T) {
	good := []byte(fixture(t, "sevenzip.7z"))
	for at := 32; at < len(good); at += 7 {
		bad := bytes.Clone(good)
		bad[at] ^= 0x55
		env, dir := folder(t, map[string]string{"z": string(bad)})
		// Bits in the packed data are found by the check sums.
		if out := run(t, env, "archive.test", map[string]any{"path": "z"}); out["valid"] == true {
			t.Errorf("a change at %d was not found", at)
		}
		fails(t, env, "archive.extract", map[string]any{"path": "z", "to": "out"}, node.KindInput, "")
		if got := tree(t, dir); len(got) != 1 {
			t.Errorf("left %d files", len(got))
		}
	}
}

func TestAdd(t *testing.T) {
	env, dir := folder(t, map[string]string{"a.zip": fixture(t, "infozip.zip"), "box/hello.txt": "new\n", "box/more": "more", "x.tar": fixture(t, "gnu.tar")})
	before := tree(t, dir)["a.zip"]
	p := map[string]any{"paths": []any{"box"}, "to": "a.zip"}
	out := run(t, env, "archive.add", p)
	if out["added"] != 1 || out["replaced"] != 1 || out["files"] != 6 {
		t.Errorf("got %v", out)
	}
	want := box()
	want["box/hello.txt"], want["box/more"] = "new\n", "more"
	run(t, env, "archive.extract", map[string]any{"path": "a.zip", "to": "out"})
	wantTree(t, filepath.Join(dir, "out"), want)
	// Once more is the same.
	if out := run(t, env, "archive.add", p); out["added"] != 0 || out["replaced"] != 2 {
		t.Errorf("got %v", out)
	}
	p["if_exists"] = "error"
	fails(t, env, "archive.add", p, node.KindInput, "in the archive already")
	p["if_exists"] = "skip"
	if out := run(t, env, "archive.add", p); out["skipped"] != 2 || out["added"] != 0 {
		t.Errorf("got %v", out)
	}
	p["to"] = "x.tar"
	fails(t, env, "archive.add", p, node.KindInput, "zip archives only")
	p["folder"] = "../up"
	fails(t, env, "archive.add", p, node.KindInput, "folder in an archive")
	cut := before[:len(before)-10]
	if err := os.WriteFile(filepath.Join(dir, "a.zip"), []byte(cut), 0o644); err != nil {
		t.Fatal(err)
	}
	fails(t, env, "archive.add", map[string]any{"paths": []any{"box"}, "to": "a.zip"}, node.KindInput, "")
	if tree(t, dir)["a.zip"] != cut {
		t.Error("a damaged archive was changed")
	}
	if out := run(t, env, "archive.add", map[string]any{"paths": []any{"box/more"}, "to": "fresh.zip"}); out["added"] != 1 {
		t.Errorf("got %v", out)
	}
}
