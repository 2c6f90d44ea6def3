package ftp

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"net"
	"net/textproto"
	"path"
	"strconv"
	"strings"
	"sync"
	"time"

	goftp "github.com/jlaffaye/ftp"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/nodes/ftp/remote"
)

// session is a connection after login. It implements remote.Server for one
// node execution at a time; see bind.
type session struct {
	*settings
	c       *goftp.ServerConn
	control *controlConn
	welcome string
	home    string // where relative paths begin
	mlsd    bool
	plain   bool // LIST -a is not understood
	noSize  bool // SIZE is not understood
	text    bool // send and fetch files as text, for this node
	broken  bool // of no more use

	ctx     context.Context
	env     *node.Env
	limit   time.Duration
	stop    func() bool
	listing *bytes.Buffer // where the next data connection copies to

	mu     sync.Mutex // guards what cut closes
	socket net.Conn   // of commands
	data   net.Conn   // of a file or listing, if one is under way
}

// Abs implements remote.Server.
func (s *session) Abs(p string) string {
	if !strings.HasPrefix(p, "/") {
		p = s.home + "/" + p
	}
	return path.Clean(p)
}

// wire returns a path as the server encodes it.
func (s *session) wire(p string) (string, error) {
	if s.names == nil {
		return p, nil
	}
	out, err := s.names.NewEncoder().String(p)
	if err != nil {
		return "", remote.Fail(node.KindInput, "set connection.encoding to the one that the server uses", "%q cannot be written in %s", p, s.Encoding)
	}
	return out, nil
}

// name returns a name of the server as text.
func (s *session) name(raw string) string {
	if s.names == nil {
		return raw
	}
	out, err := s.names.NewDecoder().String(raw)
	if err != nil {
		return raw
	}
	return out
}

// on runs an operation of the library on a path.
func (s *session) on(doing, p string, op func(wire string) error) error {
	wire, err := s.wire(p)
	if err != nil {
		return err
	}
	return s.fail(doing+" "+p, op(wire))
}

// code returns the server's answer, 0 if an error is none.
func code(err error) int {
	var te *textproto.Error
	if errors.As(err, &te) {
		return te.Code
	}
	return 0
}

// Stat implements remote.Reader. Few servers have a command that describes one
// file; the others are asked for its size, whether it is a folder, and at last
// for a listing.
func (s *session) Stat(p string) (remote.Entry, error) {
	e := remote.Entry{Name: path.Base(p), Path: p, Kind: remote.File, Size: -1}
	wire, err := s.wire(p)
	if err != nil {
		return e, err
	}
	if p == "/" {
		e.Kind = remote.Folder
		return e, nil
	}
	if !s.noSize {
		size, err := s.c.FileSize(wire)
		switch {
		case err == nil && size >= 0:
			e.Size = size
			e.Modified, e.Exact = s.modified(wire)
			return e, nil
		case isNumber(err):
			return e, nil // it says something, but not how many
		case code(err) == 0 && err != nil:
			return e, s.fail("asking for the size of "+p, err)
		case code(err) == 500 || code(err) == 502 || code(err) == 504:
			s.noSize = true
		}
	}
	switch err := s.c.ChangeDir(wire); {
	case err == nil:
		e.Kind = remote.Folder
		home, err := s.wire(s.home)
		if err == nil {
			err = s.c.ChangeDir(home)
		}
		return e, s.fail("returning to "+s.home, err)
	case code(err) == 0:
		return e, s.fail("looking at "+p, err)
	}
	return s.lookUp(p, wire)
}

// isNumber reports whether an error is about a number that is none.
func isNumber(err error) bool {
	var ne *strconv.NumError
	return errors.As(err, &ne)
}

// modified asks for the time of a file.
func (s *session) modified(wire string) (time.Time, bool) {
	if !s.c.IsGetTimeSupported() {
		return time.Time{}, false
	}
	t, err := s.c.GetTime(wire)
	var pe *time.ParseError
	if s.lost(err) && !errors.As(err, &pe) {
		s.broken = true
	}
	return t, err == nil
}

// lookUp finds what is neither a file with a size nor a folder that can be
// entered: links that lead nowhere, or anything on a server without SIZE.
func (s *session) lookUp(p, wire string) (remote.Entry, error) {
	missing := remote.Fail(node.KindNotFound, "check the path", "there is no %s on the server", p)
	found := remote.Entry{}
	take := func(e remote.Entry) error {
		if e.Name == path.Base(p) || e.Name == p {
			found = e
			found.Name, found.Path = path.Base(p), p
		}
		return nil
	}
	if !s.noSize && !s.mlsd {
		// Most servers list a file too, which spares the listing of a folder
		// that may be large.
		raw, err := s.raw(wire)
		if err != nil && s.lost(err) {
			return found, s.fail("looking at "+p, err)
		}
		if err == nil {
			_, _ = s.parse(raw, path.Dir(p), take) // take returns no error
		}
		if found.Name == "" {
			return found, missing
		}
		return found, nil
	}
	e, err := s.inFolder(p)
	var f *node.Failure
	if errors.As(err, &f) && f.Kind != node.KindInput && !remote.Lost(err) && !s.broken {
		return e, missing // the folder is not there either, or cannot be seen
	}
	return e, err
}

// inFolder finds an entry in the listing of its folder.
func (s *session) inFolder(p string) (remote.Entry, error) {
	var found *remote.Entry
	_, err := s.List(path.Dir(p), func(e remote.Entry) error {
		if e.Name == path.Base(p) {
			found = &e
		}
		return nil
	})
	if err != nil {
		return remote.Entry{}, err
	}
	if found == nil {
		return remote.Entry{}, remote.Fail(node.KindNotFound, "check the path", "there is no %s on the server", p)
	}
	return *found, nil
}

// List implements remote.Reader.
func (s *session) List(dir string, fn func(remote.Entry) error) (int, error) {
	wire, err := s.wire(dir)
	if err != nil {
		return 0, err
	}
	raw, err := s.lines(dir, wire)
	if err != nil {
		return 0, err
	}
	return s.parse(raw, dir, fn)
}

// parse reads a listing of dir.
func (s *session) parse(raw []byte, dir string, fn func(remote.Entry) error) (int, error) {
	p := parser{now: s.env.Now(), zone: s.zone, mlsd: s.mlsd}
	unreadable := 0
	for line := range bytes.Lines(raw) {
		text := strings.TrimRight(string(line), "\r\n")
		if text == "" {
			continue
		}
		e, ok := p.line(text)
		if !ok {
			unreadable++
			continue
		}
		e.Name, e.Target = s.name(e.Name), s.name(e.Target)
		if e.Name == "." || e.Name == ".." || e.Name == "" {
			continue
		}
		e.Path = strings.TrimSuffix(dir, "/") + "/" + e.Name
		if err := fn(e); err != nil {
			return unreadable, err
		}
	}
	return unreadable, nil
}

// lines returns the listing of a folder as the server sent it. Servers without
// MLSD show hidden files only for LIST -a, which not all understand.
func (s *session) lines(dir, wire string) ([]byte, error) {
	if !s.mlsd && !s.plain && s.Listing != "list" {
		raw, err := s.raw("-a " + wire)
		if err != nil && s.lost(err) {
			return nil, s.fail("listing "+dir, err)
		}
		// One that knows -a shows at least the folder itself.
		if err == nil && (len(bytes.TrimSpace(raw)) > 0 || s.Listing == "list_all") {
			return raw, nil
		}
		again, err := s.raw(wire)
		if err == nil && len(bytes.TrimSpace(again)) > 0 {
			s.plain = true
		}
		return again, s.fail("listing "+dir, err)
	}
	raw, err := s.raw(wire)
	return raw, s.fail("listing "+dir, err)
}

// raw runs a listing for what comes over the data connection; how the library
// reads it does not matter.
func (s *session) raw(arg string) ([]byte, error) {
	s.listing = &bytes.Buffer{}
	defer func() { s.listing = nil }()
	_, err := s.c.List(arg)
	return s.listing.Bytes(), err
}

// Open implements remote.Reader.
func (s *session) Open(p string, offset int64) (io.ReadCloser, error) {
	wire, err := s.wire(p)
	if err != nil {
		return nil, err
	}
	if s.text {
		if err := s.c.Type(goftp.TransferTypeASCII); err != nil {
			return nil, s.fail("switching to text", err)
		}
	}
	r, err := s.c.RetrFrom(wire, uint64(offset))
	if err != nil {
		err = s.fail("fetching "+p, err)
		return nil, errors.Join(err, s.binary())
	}
	return &download{r: r, s: s, path: p}, nil
}

// download reads a file; its end is known to be the end only when Close says
// so.
type download struct {
	r    *goftp.Response
	s    *session
	path string
	end  bool
}

func (d *download) Read(b []byte) (int, error) {
	n, err := d.r.Read(b)
	if errors.Is(err, io.EOF) {
		d.end = true
		return n, io.EOF
	}
	if err != nil {
		err = d.s.fail("fetching "+d.path, err)
	}
	return n, err
}

func (d *download) Close() error {
	if !d.end {
		// The server would have to be heard out.
		d.s.broken = true
		d.s.cut()
		return nil
	}
	if err := d.s.fail("fetching "+d.path, d.r.Close()); err != nil {
		return err
	}
	return d.s.binary()
}

// Put implements remote.Writer.
func (s *session) Put(p string, r io.Reader, o remote.PutOptions) error {
	if s.text {
		if err := s.c.Type(goftp.TransferTypeASCII); err != nil {
			return s.fail("switching to text", err)
		}
		r = &network{r: r}
	}
	err := s.on("sending", p, func(wire string) error {
		if o.Append {
			return s.c.Append(wire, r)
		}
		return s.c.StorFrom(wire, r, uint64(o.Offset))
	})
	if terr := s.binary(); err == nil {
		err = terr
	}
	return err
}

// binary leaves the text mode.
func (s *session) binary() error {
	if !s.text || s.broken {
		return nil
	}
	return s.fail("switching to binary", s.c.Type(goftp.TransferTypeBinary))
}

// network reads text with the line ends of the network, CR LF.
type network struct {
	r    io.Reader
	last byte
	in   []byte
	buf  [16 << 10]byte
	err  error
}

func (t *network) Read(p []byte) (int, error) {
	n := 0
	for n == 0 && len(p) > 1 {
		if len(t.in) == 0 {
			if t.err != nil {
				return 0, t.err
			}
			m, err := t.r.Read(t.buf[:])
			t.in, t.err = t.buf[:m], err
			continue
		}
		for len(t.in) > 0 && n+2 <= len(p) {
			c := t.in[0]
			if c == '\n' && t.last != '\r' {
				p[n] = '\r'
				n++
			}
			p[n], t.last = c, c
			n++
			t.in = t.in[1:]
		}
	}
	return n, nil
}

// Remove implements remote.Writer.
func (s *session) Remove(p string) error { return s.on("deleting", p, s.c.Delete) }

// Rename implements remote.Writer.
func (s *session) Rename(from, to string) error {
	target, err := s.wire(to)
	if err != nil {
		return err
	}
	return s.on("renaming to "+to+" from", from, func(wire string) error { return s.c.Rename(wire, target) })
}

// SetTime implements remote.Writer.
func (s *session) SetTime(p string, t time.Time) error {
	if !s.c.IsSetTimeSupported() {
		return unsupported("the server cannot set the time of " + p)
	}
	return s.on("setting the time of", p, func(wire string) error { return s.c.SetTime(wire, t) })
}

// SetMode implements remote.Writer; FTP has no such command.
func (s *session) SetMode(p string, _ fs.FileMode) error {
	return unsupported("FTP cannot set the rights of " + p)
}

func unsupported(msg string) error {
	f := node.Fail(node.KindError, msg, "")
	f.Code = remote.CodeUnsupported
	return f
}

// MakeFolder implements remote.Folders.
func (s *session) MakeFolder(p string) error { return s.on("making the folder", p, s.c.MakeDir) }

// RemoveFolder implements remote.Folders.
func (s *session) RemoveFolder(p string) error { return s.on("removing the folder", p, s.c.RemoveDir) }
