package workspace

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

const (
	tempPrefix = ".aether-"
	tempSuffix = ".tmp"
	// tempSlots bounds how many writers of one file work at a time.
	tempSlots = 1000
	// staleAfter is how long a temporary file must have been left alone to be
	// taken for what a crash left behind.
	staleAfter = 24 * time.Hour
	// orphanAfter is the same for a file that no process holds; it only covers
	// the moment between making the file and marking it.
	orphanAfter = time.Second
)

// IsTemp reports whether a name is that of a temporary file of WriteAtomic,
// which listings leave out.
func IsTemp(name string) bool {
	return strings.HasPrefix(name, tempPrefix) && strings.HasSuffix(name, tempSuffix)
}

// WriteAtomic writes a file so that a reader, or a crash, sees the old content
// or the new one, never a part: the content goes to a temporary name beside it,
// is synced, and takes the name in one step. Missing folders are made. An
// existing file keeps its rights and owner; a read-only one is refused. If
// write fails, or the disk is full, the old file is untouched and the
// temporary one is gone. Of several writers at a time the last one wins whole.
func (r *Roots) WriteAtomic(path string, perm fs.FileMode, write func(io.Writer) error) error {
	// What write itself returns may name other files and is passed on as it is.
	var failed error
	err := r.making(path, func(root *os.Root, rel string) error {
		dir := filepath.Dir(rel)
		if rel == "." {
			return fmt.Errorf("%s is a folder", path)
		}
		if dir != "." {
			if err := root.MkdirAll(dir, 0o755); err != nil {
				return err
			}
		}
		old, err := root.Stat(rel)
		if err != nil {
			old = nil
		}
		if err := replaceable(old, path); err != nil {
			return err
		}
		f, tmp, err := openTemp(root, dir, filepath.Base(rel), perm)
		if err != nil {
			return err
		}
		done := false
		defer func() {
			_ = f.Close() // closed already unless write failed
			if !done {    // else the name may already be that of another writer
				_ = root.Remove(tmp)
			}
		}()
		if old != nil {
			keepOwner(f, old)
			if err := f.Chmod(old.Mode().Perm()); err != nil && !errors.Is(err, errors.ErrUnsupported) {
				return err
			}
		}
		if failed = write(&output{f, path}); failed != nil {
			return nil
		}
		if err := errors.Join(f.Sync(), f.Close()); err != nil {
			return writeError(err, path)
		}
		if err := root.Rename(tmp, rel); err != nil {
			return writeError(err, path)
		}
		done = true
		syncDir(root, dir)
		return nil
	})
	if failed != nil {
		return failed
	}
	return err
}

// output is the temporary file with errors that name the final one.
type output struct {
	f    *os.File
	path string
}

func (o *output) Write(p []byte) (int, error) {
	n, err := o.f.Write(p)
	if err != nil {
		err = writeError(err, o.path)
	}
	return n, err
}

func writeError(err error, path string) error {
	var pe *fs.PathError
	var le *os.LinkError
	switch {
	case errors.As(err, &pe):
		err = pe.Err
	case errors.As(err, &le):
		err = le.Err
	}
	return &fs.PathError{Op: "write", Path: path, Err: err}
}

func replaceable(old fs.FileInfo, path string) error {
	switch {
	case old == nil:
		return nil
	case old.IsDir():
		return fmt.Errorf("%s is a folder", path)
	case old.Mode()&special != 0:
		return fmt.Errorf("%s is a pipe, a socket or a device, not a file", path)
	case old.Mode().Perm()&0o200 == 0:
		return &fs.PathError{Op: "write", Path: path, Err: fmt.Errorf("the file is read-only: %w", fs.ErrPermission)}
	}
	return nil
}

// openTemp makes a temporary file in dir for the file base. Its name has a
// fixed length, whatever the length of base, and a slot number by which
// parallel writers differ; what a crash left in a slot is taken away when no
// process holds it, or when it is a day older than the file just made (no clock
// is asked).
func openTemp(root *os.Root, dir, base string, perm fs.FileMode) (*os.File, string, error) {
	sum := sha256.Sum256([]byte(base))
	var taken []string
	for slot := range tempSlots {
		tmp := filepath.Join(dir, fmt.Sprintf("%s%s-%d%s", tempPrefix, hex.EncodeToString(sum[:8]), slot, tempSuffix))
		f, err := root.OpenFile(tmp, os.O_CREATE|os.O_EXCL|os.O_WRONLY, perm)
		if errors.Is(err, fs.ErrExist) {
			taken = append(taken, tmp)
			continue
		}
		if err != nil {
			return nil, "", err
		}
		lock(f)
		if info, err := f.Stat(); err == nil {
			for _, t := range taken {
				removeStale(root, t, info.ModTime())
			}
		}
		return f, tmp, nil
	}
	return nil, "", fmt.Errorf("%s has %d unfinished writes beside it", base, tempSlots)
}

func removeStale(root *os.Root, name string, now time.Time) {
	info, err := root.Lstat(name)
	if err != nil || !info.Mode().IsRegular() {
		return
	}
	age := now.Sub(info.ModTime())
	if age > staleAfter || canLock && age > orphanAfter && unheld(root, name) {
		_ = root.Remove(name)
	}
}

// unheld reports whether the process that was writing a temporary file is gone.
func unheld(root *os.Root, name string) bool {
	f, err := root.Open(name)
	if err != nil {
		return false
	}
	defer f.Close()
	return lock(f)
}
