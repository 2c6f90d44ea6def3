package workspace

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// MkdirAll makes a folder and those above it; one that exists is no error.
func (r *Roots) MkdirAll(path string) error {
	return r.making(path, func(root *os.Root, rel string) error { return root.MkdirAll(rel, 0o755) })
}

// Remove removes a file, a link or an empty folder. A link is removed, not what
// it leads to.
func (r *Roots) Remove(path string) error {
	p, err := r.removable(path)
	if err != nil {
		return err
	}
	return r.at(path, p, func(root *os.Root, rel string) error { return root.Remove(rel) })
}

// RemoveAll removes a folder and all in it; what is not there is no error.
// Links inside are removed, not what they lead to.
func (r *Roots) RemoveAll(path string) error {
	p, err := r.removable(path)
	if err != nil {
		return err
	}
	if _, err := os.Stat(p.dir); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return r.at(path, p, func(root *os.Root, rel string) error { return root.RemoveAll(rel) })
}

// removable locates a path that is to vanish from its place. The allowed
// folders themselves, and folders that hold one, stay.
func (r *Roots) removable(path string) (place, error) {
	p, err := r.locate(path, false)
	if err != nil {
		return place{}, err
	}
	for _, d := range r.dirs {
		rel, err := filepath.Rel(p.abs, d)
		if err == nil && filepath.IsLocal(rel) {
			return place{}, fmt.Errorf("%s is, or holds, a folder that the flow works in (%s), and is not removed: %w", path, d, fs.ErrPermission)
		}
	}
	return p, nil
}

// Rename moves a file or folder, replacing a file at the new place. A link is
// moved, not what it leads to. Where the move cannot be one step (two allowed
// folders, two disks) the error wraps errors.ErrUnsupported and the caller
// copies.
func (r *Roots) Rename(from, to string) error {
	p1, err := r.removable(from)
	if err != nil {
		return err
	}
	p2, err := r.locate(to, false)
	if err != nil {
		return err
	}
	if p1.dir != p2.dir {
		return fmt.Errorf("moving %s to another allowed folder: %w", from, errors.ErrUnsupported)
	}
	return r.at(from, p1, func(root *os.Root, rel string) error {
		err := root.Rename(rel, p2.rel)
		if isCrossDevice(err) {
			return fmt.Errorf("moving %s to another disk: %w", from, errors.ErrUnsupported)
		}
		if err == nil {
			syncDir(root, filepath.Dir(p2.rel))
			return nil
		}
		// A LinkError shows inner paths only.
		var le *os.LinkError
		if errors.As(err, &le) {
			return &fs.PathError{Op: "rename", Path: from, Err: le.Err}
		}
		return err
	})
}

// Chtimes sets the times of access and change; a zero time is left as it is.
func (r *Roots) Chtimes(path string, access, modified time.Time) error {
	return r.with(path, func(root *os.Root, rel string) error { return root.Chtimes(rel, access, modified) })
}

// Chmod sets the rights of a file or folder.
func (r *Roots) Chmod(path string, mode fs.FileMode) error {
	return r.with(path, func(root *os.Root, rel string) error { return root.Chmod(rel, mode) })
}

// syncDir makes a new name in a folder durable. Not every system can, and the
// content is safe without it, so errors are not reported.
func syncDir(root *os.Root, dir string) {
	if d, err := root.Open(dir); err == nil {
		_ = d.Sync()
		_ = d.Close()
	}
}
