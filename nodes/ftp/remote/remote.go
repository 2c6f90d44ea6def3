// Package remote is what nodes do with the files of a server, whatever the
// protocol: uploading and downloading, listing, mirroring folders. A family of
// nodes brings a Server that speaks its protocol and embeds the params
// declared here, so that the same verbs have the same params everywhere.
//
// A server is not trusted: names from its listings that could lead out of a
// folder are refused where they would be used as paths, what it says of sizes
// is compared with what arrives, and every amount of data has a limit.
package remote

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"path/filepath"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/workspace"
)

// Kinds of entries.
const (
	File   = "file"
	Folder = "folder"
	Link   = "link"
	Other  = "other" // pipes, sockets and devices
)

// Entry is what a server says of a file or folder.
type Entry struct {
	Name     string
	Path     string // absolute
	Kind     string
	Size     int64     // of a file; -1 when the server does not say
	Modified time.Time // zero when the server does not say
	Exact    bool      // Modified is exact to the second
	// Mode holds the permission bits, nil when the server does not say.
	Mode   *fs.FileMode
	Target string // of a link, if known
}

// IsFolder reports whether the entry is a folder.
func (e Entry) IsFolder() bool { return e.Kind == Folder }

// Server is a connection to a server, used by one goroutine at a time. Paths
// are absolute (see Abs) and errors are failures: KindNotFound for what is not
// there, KindNetwork and KindTimeout when the connection is of no more use,
// CodeUnsupported for what the server cannot do.
type Server interface {
	Reader
	Writer
	Folders
	// Abs returns the absolute form of a path as a user writes it; relative
	// ones begin in the folder that the server starts in.
	Abs(path string) string
}

// Reader looks at things.
type Reader interface {
	// Stat describes what is at path, following links.
	Stat(path string) (Entry, error)
	// List calls fn for each entry of a folder, "." and ".." left out, in any
	// order, until it returns an error. Names are as the server gave them.
	// Unreadable counts what the server said of that could not be understood.
	List(path string, fn func(Entry) error) (unreadable int, err error)
	// Open reads a file from an offset. Close it, and look at the error: some
	// protocols say only there that the file is complete.
	Open(path string, offset int64) (io.ReadCloser, error)
}

// Writer changes files.
type Writer interface {
	Put(path string, r io.Reader, o PutOptions) error
	Remove(path string) error
	// Rename moves a file or folder. It may or may not replace a file.
	Rename(from, to string) error
	SetTime(path string, t time.Time) error
	SetMode(path string, mode fs.FileMode) error
}

// Folders changes folders.
type Folders interface {
	MakeFolder(path string) error
	// RemoveFolder removes an empty folder.
	RemoveFolder(path string) error
}

// PutOptions say where and how Put writes. The zero value writes a new file or
// replaces what a file holds.
type PutOptions struct {
	Offset int64 // continue a file of this size
	Append bool  // write behind what is there
	// Sequential writes leave no holes when they are cut short.
	Sequential bool
}

// CodeUnsupported is the code of failures of things that a server cannot do.
const CodeUnsupported = "unsupported"

// Opener connects. Release gives the connection back; broken ones are closed.
type Opener func(ctx context.Context) (s Server, release func(broken bool), err error)

// Use runs do with a connection. A panic of the protocol's library is a
// failure of the server, whose answer caused it.
func Use[T any](ctx context.Context, open Opener, do func(Server) (T, error)) (out T, err error) {
	s, release, err := open(ctx)
	if err != nil {
		return out, err
	}
	ok := false
	defer func() {
		if p := recover(); p != nil {
			err = node.Failf(node.KindError, "the server's answer could not be understood: %v", p)
			ok = false
		}
		release(!ok)
	}()
	out, err = do(s)
	if ctx.Err() != nil {
		return out, ctx.Err()
	}
	ok = !Lost(err)
	return out, err
}

// Fail returns a failure with its message formatted.
func Fail(kind, hint, format string, args ...any) *node.Failure {
	return node.Fail(kind, fmt.Sprintf(format, args...), hint)
}

func input(hint, format string, args ...any) error {
	return Fail(node.KindInput, hint, format, args...)
}

func kindOf(err error) string {
	var f *node.Failure
	if errors.As(err, &f) {
		return f.Kind
	}
	return ""
}

// NotFound reports whether an error says that something is not there.
func NotFound(err error) bool { return kindOf(err) == node.KindNotFound }

// Lost reports whether an error means that the connection is of no more use.
func Lost(err error) bool {
	k := kindOf(err)
	return k == node.KindNetwork || k == node.KindTimeout || k == node.KindCancelled
}

// Unsupported reports whether an error says that the server cannot do it.
func Unsupported(err error) bool {
	var f *node.Failure
	return errors.As(err, &f) && f.Code == CodeUnsupported
}

// refused reports whether the server has said no, over a connection that works.
func refused(err error) bool {
	return err != nil && !Lost(err) && kindOf(err) != "" && kindOf(err) != node.KindInput
}

// Denied turns an error of dialling into a failure.
func Denied(err error, addr string) error {
	var denied interface{ Denied() bool }
	if errors.As(err, &denied) && denied.Denied() {
		return node.Fail(node.KindDenied, err.Error(), "ask the administrator to allow the address in the egress policy if flows may use it")
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return Fail(node.KindNetwork, "check host and port, and that the server runs", "connecting to %s: %v", addr, err)
}

// Said shortens what a server said to something that can be shown.
func Said(text string) string {
	text = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r == utf8.RuneError {
			return ' '
		}
		return r
	}, text)
	text = strings.TrimSpace(text)
	if len(text) > 300 {
		text = strings.ToValidUTF8(text[:300], "") + "…"
	}
	return text
}

// safeName refuses names from a listing that are no plain names: joined to a
// folder, they would lead somewhere else.
func safeName(name, folder string) error {
	if name == "" || name == "." || name == ".." || strings.ContainsAny(name, "/\x00\r\n") || !filepath.IsLocal(name) ||
		!filepath.IsLocal(strings.ReplaceAll(name, `\`, "/")) || strings.ContainsRune(name, filepath.Separator) {
		return Fail(node.KindDenied, "the server is faulty or hostile; nothing is done with such names", "the server lists the name %q in %s, which is not a plain file name", Said(name), folder)
	}
	return nil
}

// join puts a plain name behind a folder. It does not clean: names were
// checked.
func join(folder, name string) string {
	if strings.HasSuffix(folder, "/") {
		return folder + name
	}
	return folder + "/" + name
}

// stat is Stat for what may not be there.
func stat(s Server, p string) (*Entry, error) {
	e, err := s.Stat(p)
	if NotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return &e, nil
}

// makeAll makes a folder and those above it, and reports whether it was not
// there before.
func makeAll(s Server, dir string) (bool, error) {
	if dir == "/" || dir == "." || dir == "" {
		return false, nil
	}
	e, err := stat(s, dir)
	if err != nil {
		return false, err
	}
	if e != nil {
		if e.Kind == Folder || e.Kind == Link {
			return false, nil
		}
		return false, input("choose another folder", "%s is there and is not a folder", dir)
	}
	if up := path.Dir(dir); up != dir {
		if _, err := makeAll(s, up); err != nil {
			return false, err
		}
	}
	if err := s.MakeFolder(dir); err != nil {
		// Somebody else may have made it in the meantime.
		if e, serr := stat(s, dir); refused(err) && serr == nil && e != nil && e.IsFolder() {
			return false, nil
		}
		return false, err
	}
	return true, nil
}

// notRoot refuses to remove what no flow means to remove.
func notRoot(p string) error {
	if p == "/" || p == "." || p == "" {
		return input("give the path of something below it", "the root folder of the server is not removed")
	}
	return nil
}

// stamp writes a time the way values hold it, nil for an unknown one.
func stamp(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UTC().Format(time.RFC3339Nano)
}

// local turns errors about local files into failures with the path.
func local(err error, doing string) error {
	var f *node.Failure
	var outside *workspace.OutsideError
	if err == nil || errors.As(err, &f) || errors.As(err, &outside) {
		return err
	}
	return fmt.Errorf("%s: %w", doing, err)
}
