// Package file holds the nodes that work on files and folders. All of them
// stay inside the folders that the flow may use; contents stream, so that the
// size of a file does not matter unless a node says otherwise.
package file

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"syscall"
	"time"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/workspace"
)

func init() {
	node.RegisterFamily(node.Family{Name: "file", Title: "Files and folders", Doc: "Read, write, find, move and watch files and folders."})
}

// tell turns an error of the file system into a failure that a person
// understands. Doing is a gerund with its object: "reading a.txt".
func tell(err error, doing, path string) error {
	var f *node.Failure
	var outside *workspace.OutsideError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &f), errors.As(err, &outside), errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	case errors.Is(err, fs.ErrNotExist):
		return node.Fail(node.KindNotFound, doing+": "+missing(err, path)+" does not exist", "check the path; relative paths start in the flow's working folder")
	case errors.Is(err, fs.ErrPermission):
		return node.Fail(node.KindDenied, doing+": "+err.Error(), "check the rights of the file and of its folder, and that no other program holds it open")
	case errors.Is(err, syscall.ENOSPC):
		return node.Fail(node.KindError, doing+": the disk is full", "free some space; nothing that was there before is lost")
	}
	return node.Fail(node.KindError, doing+": "+err.Error(), "")
}

// missing returns the path that an error speaks of.
func missing(err error, path string) string {
	var pe *fs.PathError
	if errors.As(err, &pe) && pe.Path != "" {
		return pe.Path
	}
	return path
}

// input returns a failure about a param.
func input(hint, format string, args ...any) error {
	return node.Fail(node.KindInput, fmt.Sprintf(format, args...), hint)
}

// reader gives up when ctx ends.
type reader struct {
	ctx context.Context
	r   io.Reader
}

func (r reader) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.r.Read(p)
}

// copyAll copies in large steps and gives up when ctx ends.
func copyAll(ctx context.Context, w io.Writer, r io.Reader) (int64, error) {
	return io.CopyBuffer(struct{ io.Writer }{w}, reader{ctx, r}, make([]byte, 256<<10))
}

// openFile opens a file, and refuses a folder.
func openFile(env *node.Env, path string) (io.ReadSeekCloser, fs.FileInfo, error) {
	f, err := env.Files.Open(path)
	if err != nil {
		return nil, nil, tell(err, "opening "+path, path)
	}
	info, err := f.Stat()
	if err == nil && info.IsDir() {
		err = input("give the path of a file", "%s is a folder", path)
	}
	if err != nil {
		_ = f.Close()
		return nil, nil, tell(err, "opening "+path, path)
	}
	return f, info, nil
}

// stamp writes a time the way values hold it.
func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) }

// splitName cuts the extension, with its dot, off a file name; a leading dot
// belongs to the name.
func splitName(name string) (stem, ext string) {
	i := strings.LastIndexByte(name, '.')
	if i <= 0 || strings.Trim(name[:i], ".") == "" {
		return name, ""
	}
	return name[:i], name[i:]
}

// absolute returns the absolute path for an output; the path was used already,
// so an error cannot happen and would only hide the result.
func absolute(env *node.Env, path string) string {
	if abs, err := env.Files.Abs(path); err == nil {
		return abs
	}
	return path
}
