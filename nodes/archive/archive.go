// Package archive holds the nodes that pack and unpack. They write zip and tar
// with the usual compressions, and read 7z and rar too.
//
// An archive is taken for hostile: names that lead outside the target folder
// refuse it whole, links and devices are left out, and what comes out is
// limited in size, number and ratio before it is written. What a node unpacks
// waits in a folder beside its target until all of it was found sound.
package archive

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"syscall"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/workspace"
)

func init() {
	node.RegisterFamily(node.Family{Name: "archive", Title: "Archives", Doc: "Pack and unpack zip, tar, 7z and rar, look into archives, and compress single files."})
}

// input returns a failure about a param or a file that was given.
func input(hint, format string, args ...any) error {
	return node.Fail(node.KindInput, fmt.Sprintf(format, args...), hint)
}

// final reports whether an error already says what a person needs, or is the
// end of the node.
func final(err error) bool {
	var f *node.Failure
	var outside *workspace.OutsideError
	return errors.As(err, &f) || errors.As(err, &outside) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}

// tell turns an error of the file system into a failure that a person
// understands. Doing is a gerund with its object: "packing a.txt".
func tell(err error, doing string) error {
	switch {
	case err == nil:
		return nil
	case final(err):
		return err
	case errors.Is(err, fs.ErrNotExist):
		return node.Fail(node.KindNotFound, doing+": it does not exist: "+err.Error(), "check the path; relative paths start in the flow's working folder")
	case errors.Is(err, fs.ErrPermission):
		return node.Fail(node.KindDenied, doing+": "+err.Error(), "check the rights of the file and of its folder, and that no other program holds it open")
	case errors.Is(err, syscall.ENOSPC):
		return node.Fail(node.KindError, doing+": the disk is full", "free some space; nothing that was there before is lost")
	}
	return node.Fail(node.KindError, doing+": "+err.Error(), "")
}

// file is an opened file whose reads give up when ctx ends, so that a decoder
// in the middle of a long skip stops too.
type file struct {
	ctx  context.Context
	f    *os.File
	size int64
}

// Read implements io.Reader.
func (f *file) Read(p []byte) (int, error) {
	if err := f.ctx.Err(); err != nil {
		return 0, err
	}
	return f.f.Read(p)
}

// ReadAt implements io.ReaderAt.
func (f *file) ReadAt(p []byte, at int64) (int, error) {
	if err := f.ctx.Err(); err != nil {
		return 0, err
	}
	return f.f.ReadAt(p, at)
}

// Close implements io.Closer.
func (f *file) Close() error { return f.f.Close() }

// openFile opens a file for reading, and refuses a folder.
func openFile(ctx context.Context, env *node.Env, path string) (*file, error) {
	f, err := env.Files.Open(path)
	if err != nil {
		return nil, tell(err, "opening "+path)
	}
	info, err := f.Stat()
	if err == nil && info.IsDir() {
		err = input("give the path of a file", "%s is a folder", path)
	}
	if err != nil {
		_ = f.Close()
		return nil, tell(err, "opening "+path)
	}
	return &file{ctx, f, info.Size()}, nil
}

// copyAll copies in large steps and gives up when ctx ends.
func copyAll(ctx context.Context, w io.Writer, r io.Reader) (int64, error) {
	return io.CopyBuffer(struct{ io.Writer }{w}, ended{ctx, r}, make([]byte, 256<<10))
}

// ended is a reader that gives up when ctx ends.
type ended struct {
	ctx context.Context
	r   io.Reader
}

// Read implements io.Reader.
func (e ended) Read(p []byte) (int, error) {
	if err := e.ctx.Err(); err != nil {
		return 0, err
	}
	return e.r.Read(p)
}

// tally counts the bytes that pass, from or to w.
type tally struct {
	w io.Writer
	r io.Reader
	n int64
}

// Write implements io.Writer.
func (t *tally) Write(p []byte) (int, error) {
	n, err := t.w.Write(p)
	t.n += int64(n)
	return n, err
}

// Read implements io.Reader.
func (t *tally) Read(p []byte) (int, error) {
	n, err := t.r.Read(p)
	t.n += int64(n)
	return n, err
}

// absolute returns the absolute path for an output; the path was used already,
// so an error cannot happen and would only hide the result.
func absolute(env *node.Env, path string) string {
	if abs, err := env.Files.Abs(path); err == nil {
		return abs
	}
	return path
}

// writeFile replaces a file in one step and returns its size.
func writeFile(env *node.Env, path string, write func(io.Writer) error) (int, error) {
	var n int64
	err := env.Files.WriteAtomic(path, 0o644, func(w io.Writer) error {
		t := &tally{w: w}
		err := write(t)
		n = t.n
		return err
	})
	return int(n), tell(err, "writing "+path)
}
