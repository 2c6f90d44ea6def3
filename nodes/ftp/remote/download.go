package remote

import (
	"bufio"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/aether-rpa/aether/node"
)

// Receiving are the params of writing files of a server to local ones.
type Receiving struct {
	Existing
	PreserveTimes bool `json:"preserve_times" default:"true" is:"advanced" doc:"Give the local file the time of change of the file on the server."`
	Verify        bool `json:"verify" default:"true" is:"advanced" doc:"Compare what arrived with the size that the server gave."`
	Resume        bool `json:"resume" doc:"If the connection is cut, keep what has arrived (in .NAME.….part beside the target) and fetch the rest, in this try and in later ones, as long as the file on the server is the same (size and time of change)."`
	MaxSize       int  `json:"max_size" default:"10737418240" min:"1" doc:"Largest file in bytes."`
}

// Download are the params of fetching a file.
type Download struct {
	From string `json:"from" is:"required" doc:"File on the server."`
	To   string `json:"to" is:"required" widget:"file" doc:"Local file to write, or a folder: an existing one, or with / at its end. Missing folders are made."`
	Receiving
	Text bool `json:"-"` // let the server treat it as text, set by the family
}

// Downloaded are the outputs of fetching a file.
type Downloaded struct {
	Path     string `json:"path" doc:"Absolute path of the local file."`
	Name     string `json:"name" doc:"Its name."`
	Action   string `json:"action" doc:"What was done: created, overwritten or skipped."`
	Size     int    `json:"size" doc:"Size of the local file in bytes."`
	Received int    `json:"received" doc:"How many bytes were fetched; fewer than size when a transfer was continued, 0 when it was skipped."`
	Modified any    `json:"modified" doc:"When the file was last changed on the server, in UTC, or nothing."`
	Verified bool   `json:"verified" doc:"True if the size is the one that the server gave."`
}

// Do fetches the file.
func (d Download) Do(ctx context.Context, env *node.Env, open Opener) (Downloaded, error) {
	for try := 0; ; try++ {
		out, err := Use(ctx, open, func(s Server) (Downloaded, error) {
			e, err := s.Stat(s.Abs(d.From))
			if Unsupported(err) {
				e, err = Entry{Path: s.Abs(d.From), Name: path.Base(s.Abs(d.From)), Kind: File, Size: -1}, nil
			}
			if err != nil {
				return Downloaded{}, err
			}
			to := d.To
			info, err := env.Files.Stat(to)
			if strings.HasSuffix(to, "/") || strings.HasSuffix(to, string(filepath.Separator)) || err == nil && info.IsDir() {
				if err := safeName(e.Name, path.Dir(e.Path)); err != nil {
					return Downloaded{}, err
				}
				to = filepath.Join(to, e.Name)
			}
			return d.receive(ctx, env, s, e, to)
		})
		if !d.Resume || !Lost(err) || ctx.Err() != nil || try >= reconnects {
			return out, err
		}
	}
}

// receive fetches the file e to the local file to.
func (d Download) receive(ctx context.Context, env *node.Env, s Server, e Entry, to string) (out Downloaded, err error) {
	if e.IsFolder() {
		return out, input("fetch folders with download_folder", "%s is a folder on the server", e.Path)
	}
	if e.Kind == Other {
		return out, input("give the path of a file", "%s is a pipe, a socket or a device on the server", e.Path)
	}
	out = Downloaded{Name: filepath.Base(to), Action: created, Modified: stamp(e.Modified)}
	info, err := env.Files.Stat(to)
	there := err == nil && (d.IfExists == ifSkip || d.IfExists == ifError)
	if !e.Exact && !there && (d.PreserveTimes || d.IfExists == ifNewer) {
		// Listings may know no more than the minute.
		exact, err := s.Stat(e.Path)
		if Lost(err) {
			return out, err
		}
		if err == nil && exact.Exact {
			e = exact
			out.Modified = stamp(e.Modified)
		}
	}
	switch {
	case err == nil && info.IsDir():
		return out, input("choose another name", "%s is a folder", to)
	case err == nil:
		if out.Action, err = d.decide(to, e.Modified, info.ModTime(), e.Exact); err != nil {
			return out, err
		}
		if out.Action == skipped {
			out.Size = int(info.Size())
			out.Path, err = env.Files.Abs(to)
			return out, err
		}
	case !errors.Is(err, fs.ErrNotExist):
		return out, local(err, "looking at "+to)
	}
	if e.Size > int64(d.MaxSize) {
		return out, input("raise max_size", "%s has %d bytes, more than the limit of %d", e.Path, e.Size, d.MaxSize)
	}
	t := &receiving{Download: d, ctx: ctx, env: env, s: s, e: e, to: to, out: &out}
	if d.Resume && !d.Text && e.Size >= 0 && e.Exact {
		err = t.viaPart()
	} else {
		err = t.whole()
	}
	if err != nil {
		return out, err
	}
	if d.PreserveTimes && !e.Modified.IsZero() {
		_ = env.Files.Chtimes(to, time.Time{}, e.Modified) // the content is what matters
	}
	out.Path, err = env.Files.Abs(to)
	return out, err
}

// receiving is one transfer from the server.
type receiving struct {
	Download
	ctx context.Context
	env *node.Env
	s   Server
	e   Entry
	to  string
	out *Downloaded
}

// whole fetches the file to its place in one step.
func (t *receiving) whole() error {
	err := t.env.Files.WriteAtomic(t.to, 0o644, func(w io.Writer) error {
		var fold *unix
		dst := w
		if t.Text {
			fold = &unix{w: bufio.NewWriterSize(w, 64<<10)}
			dst = fold
		}
		counted := &counter{w: dst}
		err := t.pull(0, counted)
		if err == nil && fold != nil {
			err = fold.flush()
		}
		t.out.Size = int(counted.n)
		if fold != nil {
			t.out.Size = fold.n
		}
		return err
	})
	return local(err, "writing "+t.to)
}

// rewind is how much of a partial file is fetched again: after a crash its end
// may not have reached the disk.
const rewind = 1 << 20

// viaPart fetches the file to a partial file that outlives a failure. Its name
// holds the version of the file on the server, so that another version begins
// anew.
func (t *receiving) viaPart() (err error) {
	id := mark("part", t.e.Path, strconv.FormatInt(t.e.Size, 10), t.e.Modified.UTC().String())
	part := filepath.Join(filepath.Dir(t.to), "."+shorten(filepath.Base(t.to))+"."+id[:8]+".part")
	if err := t.env.Files.MkdirAll(filepath.Dir(t.to)); err != nil {
		return local(err, "writing "+t.to)
	}
	f, err := t.env.Files.OpenFile(part, os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return local(err, "writing "+part)
	}
	open := true
	defer func() {
		if open {
			err = errors.Join(err, f.Close())
		}
	}()
	info, err := f.Stat()
	if err != nil {
		return local(err, "writing "+part)
	}
	offset := max(0, info.Size()-rewind)
	if info.Size() > t.e.Size {
		offset = 0
	}
	if _, err := f.Seek(offset, io.SeekStart); err != nil {
		return local(err, "writing "+part)
	}
	if err := t.pull(offset, f); err != nil {
		return err
	}
	t.out.Size = int(t.e.Size)
	open = false
	if err := errors.Join(f.Truncate(t.e.Size), f.Sync(), f.Close()); err != nil {
		return local(err, "writing "+part)
	}
	return local(t.env.Files.Rename(part, t.to), "writing "+t.to)
}

// shorten keeps the name of a partial file below what file systems allow.
func shorten(name string) string {
	if len(name) > 200 {
		return strings.ToValidUTF8(name[:200], "")
	}
	return name
}

func (t *receiving) pull(offset int64, to io.Writer) error {
	m := &meter{ctx: t.ctx, env: t.env, what: "downloading " + t.e.Name, n: offset, told: offset, total: max(t.e.Size, 0), most: int64(t.MaxSize)}
	complete, err := pull(t.ctx, t.s, t.e, offset, &meteredWriter{w: to, m: m}, t.Verify && !t.Text)
	t.out.Received, t.out.Verified = int(m.n-offset), complete
	return err
}

// pull copies a file from an offset on and reports whether its size is the one
// that the server gave.
func pull(ctx context.Context, s Server, e Entry, offset int64, to *meteredWriter, verify bool) (verified bool, err error) {
	if offset > 0 && offset == e.Size {
		return verify, nil
	}
	r, err := s.Open(e.Path, offset)
	if err != nil {
		return false, err
	}
	_, err = io.Copy(to, r)
	if to.failed != nil {
		// What is left in the connection is of no interest, and may be endless.
		_ = r.Close()
		if ctx.Err() != nil {
			return false, ctx.Err()
		}
		return false, to.failed
	}
	if cerr := r.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		return false, err
	}
	if !verify || e.Size < 0 {
		return false, nil
	}
	if got := to.m.n; got != e.Size {
		return false, Fail(node.KindNetwork, "try again; if it repeats, the file is being written, or the server is faulty (verify: false takes what comes)", "%d bytes of %s arrived, not the %d that the server says it has", got, e.Path, e.Size)
	}
	return true, nil
}

type counter struct {
	w io.Writer
	n int64
}

func (c *counter) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
	c.n += int64(n)
	return n, err
}

// unix writes text with the line ends of the network, CR LF, as LF.
type unix struct {
	w  *bufio.Writer
	cr bool
	n  int
}

func (u *unix) Write(p []byte) (int, error) {
	for _, c := range p {
		if u.cr && c != '\n' {
			u.put('\r')
		}
		if u.cr = c == '\r'; !u.cr {
			u.put(c)
		}
	}
	return len(p), nil // the error comes with flush
}

func (u *unix) put(c byte) {
	_ = u.w.WriteByte(c) // a bufio.Writer keeps its first error for Flush
	u.n++
}

func (u *unix) flush() error {
	if u.cr {
		u.put('\r')
	}
	return u.w.Flush()
}
