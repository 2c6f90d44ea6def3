package sftp

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"net"
	"os"
	"path"
	"strings"
	"sync/atomic"
	"time"

	gosftp "github.com/pkg/sftp"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/nodes/ftp/remote"
	"github.com/aether-rpa/aether/nodes/ssh/connect"
)

var errTooMuch = errors.New("the server says more than can be meant")

// session is a connection with the file transfer begun. It implements
// remote.Server for one node execution at a time.
type session struct {
	client      *connect.Client
	c           *gosftp.Client
	heard       *limited
	addr        string
	home        string
	posixRename bool
	fsync       bool
	broken      bool // of no more use
	silent      atomic.Bool

	ctx   context.Context
	limit time.Duration
}

// close ends the connection. The socket goes first: the library waits for the
// server to hang up, which a faulty one may not do.
func (s *session) close() {
	s.client.Cut()
	if s.c != nil {
		_ = s.c.Close() // it is closed already, below
	}
}

// Abs implements remote.Server.
func (s *session) Abs(p string) string {
	if !strings.HasPrefix(p, "/") {
		p = s.home + "/" + p
	}
	return path.Clean("/" + p)
}

// do runs an operation of the library.
func (s *session) do(doing string, op func() error) error {
	defer s.watch()()
	return s.fail(doing, op())
}

// fail turns an error into a failure; doing says what was tried.
func (s *session) fail(doing string, err error) error {
	var status *gosftp.StatusError
	var f *node.Failure
	var ne net.Error
	switch {
	case err == nil:
		return nil
	case s.ctx.Err() != nil:
		s.broken = true
		return s.ctx.Err()
	case s.silent.Load():
		s.broken = true
		return remote.Fail(node.KindTimeout, "raise timeout if the server is slow", "%s: the server was silent for longer than %s", doing, s.limit)
	case errors.As(err, &f):
		return f
	case errors.Is(err, os.ErrNotExist):
		return remote.Fail(node.KindNotFound, "check the path", "%s: the server says that it is not there", doing)
	case errors.Is(err, os.ErrPermission):
		return remote.Fail(node.KindDenied, "check the rights of the user", "%s: the server does not permit it", doing)
	case errors.Is(err, os.ErrExist):
		return remote.Fail(node.KindError, "", "%s: it is there already", doing)
	case errors.As(err, &status):
		return answered(doing, status)
	}
	s.broken = true
	switch {
	case errors.Is(err, errTooMuch):
		return remote.Fail(node.KindError, "list a smaller folder; the server may be faulty or hostile", "%s: %v", doing, err)
	case s.heard != nil && s.heard.over():
		return remote.Fail(node.KindError, "list a smaller folder; the server may be faulty or hostile", "%s: %v", doing, errTooMuch)
	case errors.As(err, &ne) && ne.Timeout():
		return remote.Fail(node.KindTimeout, "raise timeout if the server is slow", "%s: %v", doing, err)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, gosftp.ErrSSHFxConnectionLost), errors.Is(err, net.ErrClosed):
		return remote.Fail(node.KindNetwork, "try again; if it repeats, look at the server's log", "%s: the connection was cut", doing)
	}
	return remote.Fail(node.KindNetwork, "try again; if it repeats, look at the server's log", "%s: %s", doing, remote.Said(err.Error()))
}

// over reports whether more came than was allowed.
func (l *limited) over() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.at > 0 && l.n > l.at
}

// answered is the failure for an answer of the server that is a no.
func answered(doing string, status *gosftp.StatusError) error {
	said := remote.Said(status.Error())
	f := remote.Fail(node.KindError, "look at the server's log", "%s: the server says %s", doing, said)
	switch status.FxCode() {
	case gosftp.ErrSSHFxOpUnsupported:
		f.Code, f.Hint = remote.CodeUnsupported, "the server cannot do this"
	case gosftp.ErrSSHFxNoConnection, gosftp.ErrSSHFxConnectionLost:
		f.Kind = node.KindNetwork
	}
	return f
}

func entry(info fs.FileInfo, p string) remote.Entry {
	e := remote.Entry{Name: info.Name(), Path: p, Kind: remote.Other, Size: max(info.Size(), -1), Modified: info.ModTime(), Exact: true}
	mode := info.Mode()
	perm := mode & (fs.ModePerm | fs.ModeSetuid | fs.ModeSetgid | fs.ModeSticky)
	e.Mode = &perm
	if e.Modified.Unix() <= 0 {
		e.Modified, e.Exact = time.Time{}, false
	}
	switch {
	case mode.IsRegular():
		e.Kind = remote.File
	case mode.IsDir():
		e.Kind = remote.Folder
	case mode&fs.ModeSymlink != 0:
		e.Kind = remote.Link
	}
	return e
}

// Stat implements remote.Reader.
func (s *session) Stat(p string) (e remote.Entry, err error) {
	err = s.do("looking at "+p, func() error {
		info, err := s.c.Stat(p)
		if err == nil {
			e = entry(info, p)
			e.Name = path.Base(p)
		}
		return err
	})
	return e, err
}

// lstat is Stat without following a link.
func (s *session) lstat(p string) (e remote.Entry, err error) {
	err = s.do("looking at "+p, func() error {
		info, err := s.c.Lstat(p)
		if err != nil {
			return err
		}
		e = entry(info, p)
		e.Name = path.Base(p)
		if e.Kind == remote.Link {
			e.Target, err = s.c.ReadLink(p)
		}
		return err
	})
	return e, err
}

// List implements remote.Reader. The library reduces names to their last part,
// so that hostile ones lead nowhere.
func (s *session) List(dir string, fn func(remote.Entry) error) (int, error) {
	var list []fs.FileInfo
	s.heard.allow(mostListing)
	err := s.do("listing "+dir, func() (err error) {
		list, err = s.c.ReadDirContext(s.ctx, dir)
		return err
	})
	s.heard.allow(0)
	if err != nil {
		return 0, err
	}
	for _, info := range list {
		p := strings.TrimSuffix(dir, "/") + "/" + info.Name()
		e := entry(info, p)
		if e.Kind == remote.Link {
			// What it leads to is worth knowing, but not worth failing for.
			_ = s.do("reading the link "+p, func() (err error) {
				e.Target, err = s.c.ReadLink(p)
				return err
			})
			if s.broken {
				return 0, remote.Fail(node.KindNetwork, "try again", "reading the link %s: the connection was cut", p)
			}
		}
		if err := fn(e); err != nil {
			return 0, err
		}
	}
	return 0, nil
}

// Open implements remote.Reader.
func (s *session) Open(p string, offset int64) (io.ReadCloser, error) {
	var f *gosftp.File
	err := s.do("fetching "+p, func() (err error) {
		if f, err = s.c.Open(p); err == nil && offset > 0 {
			_, err = f.Seek(offset, io.SeekStart)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return &download{f: f, s: s, path: p}, nil
}

// download reads a file, many parts at a time.
type download struct {
	f    *gosftp.File
	s    *session
	path string
}

func (d *download) Read(p []byte) (n int, err error) {
	end := false
	err = d.s.do("fetching "+d.path, func() error {
		m, err := d.f.Read(p)
		n = m
		if end = errors.Is(err, io.EOF); end {
			return nil
		}
		return err
	})
	if end && err == nil {
		err = io.EOF
	}
	return n, err
}

// WriteTo lets io.Copy fetch the parts in parallel. The error of w itself is
// passed on as it is.
func (d *download) WriteTo(w io.Writer) (int64, error) {
	dst := &local{w: w}
	var n int64
	err := d.s.do("fetching "+d.path, func() (err error) {
		n, err = d.f.WriteTo(dst)
		if dst.failed != nil {
			return nil
		}
		return err
	})
	if dst.failed != nil {
		return n, dst.failed
	}
	return n, err
}

// local remembers an error of writing here, which is none of the server.
type local struct {
	w      io.Writer
	failed error
}

func (l *local) Write(p []byte) (int, error) {
	n, err := l.w.Write(p)
	if err != nil && l.failed == nil {
		l.failed = err
	}
	return n, err
}

func (d *download) Close() error { return d.s.do("fetching "+d.path, d.f.Close) }

// parallel is how many parts of a file are on their way at a time.
const parallel = 64

// Put implements remote.Writer.
func (s *session) Put(p string, r io.Reader, o remote.PutOptions) error {
	flags := os.O_WRONLY | os.O_CREATE
	switch {
	case o.Append:
		flags |= os.O_APPEND
	case o.Offset == 0:
		flags |= os.O_TRUNC
	}
	src := &counted{r: r}
	return s.do("sending "+p, func() error {
		f, err := s.c.OpenFile(p, flags)
		if err != nil {
			return err
		}
		at := o.Offset
		if o.Append {
			// Not every server obeys the flag.
			info, err := f.Stat()
			if err != nil {
				return errors.Join(err, f.Close())
			}
			at = info.Size()
		}
		if at > 0 {
			if _, err := f.Seek(at, io.SeekStart); err != nil {
				return errors.Join(err, f.Close())
			}
		}
		if o.Offset > 0 || o.Append || o.Sequential {
			_, err = f.ReadFrom(src)
		} else {
			_, err = f.ReadFromWithConcurrency(src, parallel)
		}
		if src.failed != nil {
			err = nil // an error here, which the caller knows
		}
		if err == nil && s.fsync && src.failed == nil {
			err = f.Sync()
		}
		if cerr := f.Close(); err == nil {
			err = cerr
		}
		return err
	})
}

// counted remembers an error of reading here.
type counted struct {
	r      io.Reader
	failed error
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		c.failed = err
	}
	return n, err
}

// Remove implements remote.Writer.
func (s *session) Remove(p string) error {
	return s.do("deleting "+p, func() error {
		// The library would remove a folder too.
		info, err := s.c.Lstat(p)
		if err != nil {
			return err
		}
		if info.IsDir() {
			return remote.Fail(node.KindInput, "remove folders with sftp.remove_folder", "%s is a folder on the server", p)
		}
		return s.c.Remove(p)
	})
}

// Rename implements remote.Writer.
func (s *session) Rename(from, to string) error {
	return s.do("renaming "+from+" to "+to, func() error {
		if s.posixRename {
			return s.c.PosixRename(from, to)
		}
		return s.c.Rename(from, to)
	})
}

// SetTime implements remote.Writer.
func (s *session) SetTime(p string, t time.Time) error {
	return s.do("setting the time of "+p, func() error { return s.c.Chtimes(p, t, t) })
}

// SetMode implements remote.Writer.
func (s *session) SetMode(p string, mode fs.FileMode) error {
	return s.do("setting the rights of "+p, func() error { return s.c.Chmod(p, mode) })
}

// MakeFolder implements remote.Folders.
func (s *session) MakeFolder(p string) error {
	return s.do("making the folder "+p, func() error { return s.c.Mkdir(p) })
}

// RemoveFolder implements remote.Folders.
func (s *session) RemoveFolder(p string) error {
	return s.do("removing the folder "+p, func() error { return s.c.RemoveDirectory(p) })
}
