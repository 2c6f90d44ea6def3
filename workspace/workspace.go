// Package workspace gives nodes the folders that they may touch, and nothing
// else.
//
// A path is resolved first (relative paths start in the first folder, links
// are followed) and must then lie in an allowed folder. The access itself goes
// through os.Root, so that a link that is put in place between the check and
// the access leads nowhere either. Names are taken literally: %2e%2e is a file
// of that name, and so is a backslash outside Windows.
package workspace

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Roots is a set of folders. The first one is where relative paths start. It
// is immutable and safe for concurrent use.
type Roots struct{ dirs []string }

// New returns the set of the given folders, made absolute and with symbolic
// links resolved. Folders that do not exist yet are allowed; they are made by
// the first write.
func New(dirs ...string) (*Roots, error) {
	r := &Roots{}
	for _, d := range dirs {
		if d == "" || strings.ContainsRune(d, 0) {
			return nil, fmt.Errorf("%q cannot be the name of a folder: correct files.roots", d)
		}
		abs, err := filepath.Abs(d)
		if err != nil {
			return nil, fmt.Errorf("finding the folder %s: %w", d, err)
		}
		r.dirs = append(r.dirs, realPath(abs))
	}
	if len(r.dirs) == 0 {
		return nil, errors.New("no folder is allowed: set files.roots")
	}
	return r, nil
}

// Dirs returns the folders.
func (r *Roots) Dirs() []string { return append([]string(nil), r.dirs...) }

// Within returns a set in which relative paths start in dir. The folders
// allowed stay the same, with dir among them only if it already was inside one.
func (r *Roots) Within(dir string) (*Roots, error) {
	p, err := r.locate(dir, true)
	if err != nil {
		return nil, err
	}
	return &Roots{dirs: append([]string{p.abs}, r.dirs...)}, nil
}

// OutsideError says that a path is not inside any allowed folder.
type OutsideError struct {
	Path string
	Dirs []string
}

// Error implements error.
func (e *OutsideError) Error() string {
	return fmt.Sprintf("%s is outside the folders this flow may use (%s)", e.Path, strings.Join(e.Dirs, ", "))
}

// place is where a path leads: the absolute path, the allowed folder it lies
// in and the path inside that folder.
type place struct{ abs, dir, rel string }

// locate finds the place of a path. With follow, a link at its end is followed
// too; without, the link itself is meant. Of several allowed folders that hold
// the place it takes the outermost, so that links and moves between nested
// folders work.
func (r *Roots) locate(path string, follow bool) (place, error) {
	if path == "" {
		return place{}, errors.New("the path is empty")
	}
	if strings.ContainsRune(path, 0) {
		return place{}, errors.New("the path holds a NUL character")
	}
	abs := path
	if !filepath.IsAbs(abs) {
		abs = filepath.Join(r.dirs[0], path)
	}
	abs = filepath.Clean(abs)
	if up := filepath.Dir(abs); follow || up == abs {
		abs = realPath(abs)
	} else {
		abs = filepath.Join(realPath(up), filepath.Base(abs))
	}
	best := place{}
	for _, d := range r.dirs {
		rel, err := filepath.Rel(d, abs)
		if err == nil && filepath.IsLocal(rel) && (best.dir == "" || len(d) < len(best.dir)) {
			best = place{abs: abs, dir: d, rel: rel}
		}
	}
	if best.dir == "" {
		return place{}, r.outside(path)
	}
	return best, nil
}

func (r *Roots) outside(path string) error { return &OutsideError{Path: path, Dirs: r.Dirs()} }

// realPath resolves symbolic links in the part of the path that exists and
// keeps the rest as it is.
func realPath(abs string) string {
	rest := ""
	for at := abs; ; {
		if real, err := filepath.EvalSymlinks(at); err == nil {
			return filepath.Join(real, rest)
		}
		up := filepath.Dir(at)
		if up == at {
			return abs
		}
		rest = filepath.Join(filepath.Base(at), rest)
		at = up
	}
}

// at opens the allowed folder of a place and calls fn with it.
func (r *Roots) at(path string, p place, fn func(root *os.Root, rel string) error) error {
	root, err := os.OpenRoot(p.dir)
	if err != nil {
		return r.named(err, path)
	}
	defer root.Close()
	return r.named(fn(root, p.rel), path)
}

// with calls fn with the root and the inner path of path, following a link at
// its end.
func (r *Roots) with(path string, fn func(root *os.Root, rel string) error) error {
	p, err := r.locate(path, true)
	if err != nil {
		return err
	}
	return r.at(path, p, fn)
}

// making is with for calls that make something: an allowed folder that does
// not exist yet is made first.
func (r *Roots) making(path string, fn func(root *os.Root, rel string) error) error {
	p, err := r.locate(path, true)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(p.dir, 0o755); err != nil {
		return fmt.Errorf("making the allowed folder %s: %w", p.dir, err)
	}
	return r.at(path, p, fn)
}

// named puts the path as the caller wrote it into an error of os.Root, which
// knows only the inner path.
func (r *Roots) named(err error, path string) error {
	pe, ok := err.(*fs.PathError) //nolint:errorlint // wrapped ones are of the caller's making
	if !ok || pe.Path == path {
		return err
	}
	// The error of os.Root for a path that leaves it has no exported name.
	if pe.Err.Error() == "path escapes from parent" {
		return r.outside(path)
	}
	return &fs.PathError{Op: strings.TrimSuffix(pe.Op, "at"), Path: path, Err: pe.Err}
}

// Abs returns the absolute path of a path that lies inside the set, links
// resolved. Use it to hand a path to another program or to show it, never to
// open a file here.
func (r *Roots) Abs(path string) (string, error) {
	p, err := r.locate(path, true)
	return p.abs, err
}
