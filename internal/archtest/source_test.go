package archtest

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

const module = "github.com/aether-rpa/aether/"

// file is one Go file of the repository.
type file struct {
	path  string // from the root, with slashes
	dir   string // its package, as floors names it
	test  bool
	lines int
	ast   *ast.File
}

// pkgs are the packages of the repository by folder, with their files.
type pkgs map[string][]*file

var source = sync.OnceValues(readSource)

// fset has the positions of all files.
var fset = token.NewFileSet()

func packages(t *testing.T) pkgs {
	t.Helper()
	p, err := source()
	if err != nil {
		t.Fatalf("reading the source: %v", err)
	}
	if len(p) < 20 {
		t.Fatalf("found %d packages: the source was not read", len(p))
	}
	return p
}

func readSource() (pkgs, error) {
	const root = "../.."
	out := pkgs{}
	err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, name)
		if err != nil {
			return err
		}
		rel = filepath.ToSlash(rel)
		if d.IsDir() {
			base := d.Name()
			if rel != "." && (base == "testdata" || base == "bin" || base == "dist" || base == "node_modules" || base[0] == '.' || base[0] == '_') {
				return fs.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(rel, ".go") {
			return nil
		}
		src, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		f, err := parser.ParseFile(fset, rel, src, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		dir := path.Dir(rel)
		out[dir] = append(out[dir], &file{path: rel, dir: dir, test: strings.HasSuffix(rel, "_test.go"), lines: strings.Count(string(src), "\n"), ast: f})
		return nil
	})
	return out, err
}

// sorted returns the folders in order.
func (p pkgs) sorted() []string {
	dirs := make([]string, 0, len(p))
	for d := range p {
		dirs = append(dirs, d)
	}
	slices.Sort(dirs)
	return dirs
}

// imports returns what the file imports.
func (f *file) imports() []string {
	out := make([]string, len(f.ast.Imports))
	for i, s := range f.ast.Imports {
		out[i] = strings.Trim(s.Path.Value, `"`)
	}
	return out
}

// under reports whether dir is one of the folders or below one of them.
func under(dir string, folders ...string) bool {
	return slices.ContainsFunc(folders, func(f string) bool { return dir == f || strings.HasPrefix(dir, f+"/") })
}
