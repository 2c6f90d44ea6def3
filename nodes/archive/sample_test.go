package archive

import (
	"archive/tar"
	"archive/zip"
	"compress/gzip"
	"io"
	"os"
	"strings"
	"testing"
)

// The archives of the examples hold what is written here. UPDATE=1 makes them anew.
func TestSamples(t *testing.T) {
	inside := func(packed string) string {
		r, err := gzip.NewReader(strings.NewReader(packed))
		if err != nil {
			return err.Error()
		}
		b, err := io.ReadAll(r)
		if err != nil {
			return err.Error()
		}
		return string(b)
	}
	for name, s := range map[string]struct{ kept, fresh, file string }{
		"a.zip": {sampleZip, freshZip(), freshZip()}, "a.tar": {sampleTar, freshTar(), freshTar()}, "a.tgz": {inside(sampleTgz), freshTar(), gzipText(freshTar())},
		"hello.gz": {inside(sampleGz), "hello", gzipText("hello")}, "table.csv.gz": {inside(sampleCSV), "a,b\n", gzipText("a,b\n")},
	} {
		if os.Getenv("UPDATE") != "" {
			if err := os.WriteFile("sample/"+name, []byte(s.file), 0o644); err != nil {
				t.Fatal(err)
			}
		} else if s.kept != s.fresh {
			t.Errorf("sample/%s is another: UPDATE=1 go test ./nodes/archive -run TestSamples", name)
		}
	}
}

func freshZip() string {
	var b strings.Builder
	w := zip.NewWriter(&b)
	for _, name := range []string{"dir/a.txt", "b.txt"} {
		if f, err := w.Create(name); err == nil {
			_, _ = io.WriteString(f, name)
		}
	}
	_ = w.Close()
	return b.String()
}

func freshTar() string {
	var b strings.Builder
	w := tar.NewWriter(&b)
	for _, name := range []string{"dir/a.txt", "b.txt"} {
		_ = w.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(len(name))})
		_, _ = io.WriteString(w, name)
	}
	_ = w.Close()
	return b.String()
}

func gzipText(s string) string {
	var b strings.Builder
	w := gzip.NewWriter(&b)
	_, _ = io.WriteString(w, s)
	_ = w.Close()
	return b.String()
}
