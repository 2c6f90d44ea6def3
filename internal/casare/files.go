package casare

import (
	"io"
	"os"
	"path/filepath"
	"strings"
)

// IsName reports whether a file may be a workflow of CasareRPA by its name.
func IsName(name string) bool {
	n := strings.ToLower(name)
	return strings.HasSuffix(n, ".json") || strings.HasSuffix(n, ".json.gz") || strings.HasSuffix(n, ".json.zst")
}

// FindFile returns the file, relative to a folder, of the workflow or subflow
// with an id: in the folder itself or in the folders where CasareRPA keeps
// them. It returns "" if there is none.
func FindFile(dir, id string) string {
	for _, sub := range []string{".", "subflows", "workflows", "scenarios"} {
		files, err := os.ReadDir(filepath.Join(dir, sub))
		if err != nil {
			continue
		}
		for _, f := range files {
			name := filepath.ToSlash(filepath.Join(sub, f.Name()))
			if f.IsDir() || !IsName(name) {
				continue
			}
			if strings.SplitN(f.Name(), ".", 2)[0] == id {
				return name
			}
			src, err := readAll(filepath.Join(dir, sub, f.Name()))
			if err != nil || !strings.Contains(string(src), id) {
				continue
			}
			if w, err := read(src); err == nil && w.id == id {
				return name
			}
		}
	}
	return ""
}

func readAll(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, maxSize+1))
}

// OpenFrom returns a function for Options.Open that reads files from a folder.
func OpenFrom(dir string) func(ref string) ([]byte, error) {
	return func(ref string) ([]byte, error) {
		if !filepath.IsAbs(ref) {
			ref = filepath.Join(dir, filepath.FromSlash(ref))
		}
		return readAll(ref)
	}
}
