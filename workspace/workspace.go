// Package workspace gives nodes the folders that they may touch, and nothing
// else. Every path goes through os.Root, so that neither "..", nor an absolute
// path, nor a symbolic link leads outside.
package workspace

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Roots is a set of folders. The first one is where relative paths start. It
// is immutable and safe for concurrent use.
type Roots struct{ dirs []string }

// New returns the set of the given folders, made absolute and with symbolic
// links resolved. Folders that do not exist yet are allowed.
func New(dirs ...string) (*Roots, error) {
	r := &Roots{}
	for _, d := range dirs {
		abs, err := filepath.Abs(d)
		if err != nil {
			return nil, fmt.Errorf("finding the folder %s: %w", d, err)
		}
		if real, err := filepath.EvalSymlinks(abs); err == nil {
			abs = real
		}
		r.dirs = append(r.dirs, abs)
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
	abs, _, _, err := r.locate(dir)
	if err != nil {
		return nil, err
	}
	return &Roots{dirs: append([]string{abs}, r.dirs...)}, nil
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

// locate returns the absolute path, the allowed folder it lies in and the path
// inside that folder.
func (r *Roots) locate(path string) (abs, dir, rel string, err error) {
	if path == "" {
		return "", "", "", errors.New("the path is empty")
	}
	if strings.ContainsRune(path, 0) {
		return "", "", "", errors.New("the path holds a NUL character")
	}
	abs = path
	if !filepath.IsAbs(abs) {
		abs = filepath.Join(r.dirs[0], path)
	}
	abs = filepath.Clean(abs)
	for _, try := range []string{abs, realPrefix(abs)} {
		for _, d := range r.dirs {
			rel, err := filepath.Rel(d, try)
			if err == nil && filepath.IsLocal(rel) {
				return try, d, rel, nil
			}
		}
	}
	return "", "", "", &OutsideError{Path: path, Dirs: r.dirs}
}

// realPrefix resolves symbolic links in the part of the path that exists, so
// that an allowed folder reached through a link (/tmp on a Mac) is recognised.
func realPrefix(abs string) string {
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

// with opens the root that path lies in and calls fn with it.
func (r *Roots) with(path string, fn func(root *os.Root, rel string) error) error {
	_, dir, rel, err := r.locate(path)
	if err != nil {
		return err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	return fn(root, rel)
}

// Abs returns the absolute path of a path that lies inside the set. It does
// not touch the file system beyond resolving links; use it to hand a path to
// another program, never to open a file here.
func (r *Roots) Abs(path string) (string, error) {
	abs, _, _, err := r.locate(path)
	return abs, err
}

// Open opens a file for reading; the caller closes it.
func (r *Roots) Open(path string) (f *os.File, err error) {
	err = r.with(path, func(root *os.Root, rel string) error {
		f, err = root.Open(rel)
		return err
	})
	return f, err
}

// OpenFile opens a file with flags as os.OpenFile takes them.
func (r *Roots) OpenFile(path string, flag int, perm fs.FileMode) (f *os.File, err error) {
	err = r.with(path, func(root *os.Root, rel string) error {
		f, err = root.OpenFile(rel, flag, perm)
		return err
	})
	return f, err
}

// Stat describes what is at path, following links that stay inside.
func (r *Roots) Stat(path string) (info fs.FileInfo, err error) {
	err = r.with(path, func(root *os.Root, rel string) error {
		info, err = root.Stat(rel)
		return err
	})
	return info, err
}

// Lstat describes what is at path without following a link at its end.
func (r *Roots) Lstat(path string) (info fs.FileInfo, err error) {
	err = r.with(path, func(root *os.Root, rel string) error {
		info, err = root.Lstat(rel)
		return err
	})
	return info, err
}

// MkdirAll makes a folder and those above it.
func (r *Roots) MkdirAll(path string) error {
	return r.with(path, func(root *os.Root, rel string) error { return root.MkdirAll(rel, 0o755) })
}

// Remove removes a file or an empty folder.
func (r *Roots) Remove(path string) error {
	return r.with(path, func(root *os.Root, rel string) error {
		if rel == "." {
			return fmt.Errorf("%s is itself an allowed folder and is not removed", path)
		}
		return root.Remove(rel)
	})
}

// RemoveAll removes a folder and all in it; what is not there is no error.
func (r *Roots) RemoveAll(path string) error {
	return r.with(path, func(root *os.Root, rel string) error {
		if rel == "." {
			return fmt.Errorf("%s is itself an allowed folder and is not removed", path)
		}
		return root.RemoveAll(rel)
	})
}

// Rename moves a file or folder. Both must lie in the same allowed folder for
// the move to be one step; otherwise the error wraps errors.ErrUnsupported and
// the caller copies.
func (r *Roots) Rename(from, to string) error {
	_, d1, _, err := r.locate(from)
	if err != nil {
		return err
	}
	_, d2, rel2, err := r.locate(to)
	if err != nil {
		return err
	}
	if d1 != d2 {
		return fmt.Errorf("moving between folders: %w", errors.ErrUnsupported)
	}
	return r.with(from, func(root *os.Root, rel string) error { return root.Rename(rel, rel2) })
}

// FS returns the folder at path as a file system for walking and globbing;
// close it when done.
func (r *Roots) FS(path string) (fsys fs.FS, closer io.Closer, err error) {
	err = r.with(path, func(root *os.Root, rel string) error {
		sub, err := root.OpenRoot(rel)
		if err != nil {
			return err
		}
		fsys, closer = sub.FS(), sub
		return nil
	})
	return fsys, closer, err
}

// WriteAtomic writes a file so that a reader, or a crash, sees the old content
// or the new one, never a part: the content goes to a temporary name beside it,
// is synced, and takes the name in one step. Missing folders are made.
func (r *Roots) WriteAtomic(path string, perm fs.FileMode, write func(io.Writer) error) error {
	return r.with(path, func(root *os.Root, rel string) error {
		if dir := filepath.Dir(rel); dir != "." {
			if err := root.MkdirAll(dir, 0o755); err != nil {
				return err
			}
		}
		if info, err := root.Stat(rel); err == nil {
			if info.IsDir() {
				return fmt.Errorf("%s is a folder", path)
			}
			perm = info.Mode().Perm()
		}
		tmp := rel + ".aether-tmp"
		f, err := root.OpenFile(tmp, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, perm)
		if err != nil {
			return err
		}
		defer func() { _ = root.Remove(tmp) }()
		if err := errors.Join(write(f), f.Sync(), f.Close()); err != nil {
			return err
		}
		return root.Rename(tmp, rel)
	})
}
