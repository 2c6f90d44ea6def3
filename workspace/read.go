package workspace

import (
	"fmt"
	"io"
	"io/fs"
	"os"
)

// special are the kinds of files that block or have no content of their own.
const special = fs.ModeNamedPipe | fs.ModeSocket | fs.ModeDevice | fs.ModeCharDevice

// Open opens a file or folder for reading; the caller closes it. Pipes,
// sockets and devices are refused: opening one may wait for ever.
func (r *Roots) Open(path string) (f *os.File, err error) {
	err = r.with(path, func(root *os.Root, rel string) error {
		if err := refuseSpecial(root, rel, path); err != nil {
			return err
		}
		f, err = root.Open(rel)
		return err
	})
	return f, err
}

// OpenFile opens a file with flags as os.OpenFile takes them. With os.O_CREATE
// an allowed folder that does not exist yet is made; other folders are not.
func (r *Roots) OpenFile(path string, flag int, perm fs.FileMode) (f *os.File, err error) {
	open := r.with
	if flag&os.O_CREATE != 0 {
		open = r.making
	}
	err = open(path, func(root *os.Root, rel string) error {
		if err := refuseSpecial(root, rel, path); err != nil {
			return err
		}
		f, err = root.OpenFile(rel, flag, perm)
		return err
	})
	return f, err
}

func refuseSpecial(root *os.Root, rel, path string) error {
	info, err := root.Stat(rel)
	if err == nil && info.Mode()&special != 0 {
		return fmt.Errorf("%s is a pipe, a socket or a device, not a file", path)
	}
	return nil // opening says what is wrong
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
	p, err := r.locate(path, false)
	if err != nil {
		return nil, err
	}
	err = r.at(path, p, func(root *os.Root, rel string) error {
		info, err = root.Lstat(rel)
		return err
	})
	return info, err
}

// FS returns the folder at path as a file system for walking and globbing;
// close it when done. It follows only links that stay in that folder.
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
