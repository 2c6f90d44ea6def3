package remote

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/aether-rpa/aether/node"
)

// Sending are the params of writing files to a server.
type Sending struct {
	Existing
	Atomic        bool `json:"atomic" default:"true" doc:"Send the file under a temporary name (.aether-….tmp) beside the target and rename it when it is complete, so that nobody sees a part of it. If the server does not allow that, it is sent under its own name; the output atomic tells."`
	MakeFolders   bool `json:"make_folders" default:"true" doc:"Make folders that are missing on the server."`
	PreserveTimes bool `json:"preserve_times" default:"true" is:"advanced" doc:"Give the file on the server the time of change of the local file, if the server can."`
	Verify        bool `json:"verify" default:"true" is:"advanced" doc:"Compare the size of the file on the server with what was sent. Turn it off for servers that take files away or change them at once."`
	Resume        bool `json:"resume" doc:"If the connection is cut, keep what was sent and send the rest, in this try and in later ones, as long as the local file is the same (size and time of change). It needs atomic."`
}

// Upload are the params of sending a file.
type Upload struct {
	From string `json:"from" is:"required" widget:"file" doc:"Local file to send."`
	To   string `json:"to" is:"required" doc:"Path on the server. A folder that exists, or a path with / at its end, receives the file under its name."`
	Sending
	// Text says that the server treats the file as text, so that sizes differ;
	// Mode are the rights that the file shall have. Families set them.
	Text bool         `json:"-"`
	Mode *fs.FileMode `json:"-"`
}

// Uploaded are the outputs of sending a file.
type Uploaded struct {
	Path     string `json:"path" doc:"Absolute path of the file on the server."`
	Action   string `json:"action" doc:"What was done: created, overwritten or skipped."`
	Size     int    `json:"size" doc:"Size of the local file in bytes."`
	Sent     int    `json:"sent" doc:"How many bytes were sent; fewer than size when a transfer was continued, 0 when it was skipped."`
	Atomic   bool   `json:"atomic" doc:"True if the file appeared under its name in one step."`
	Verified bool   `json:"verified" doc:"True if the server confirmed the size."`
}

// Check tests what tags cannot say.
func (o Sending) Check() error {
	if o.Resume && !o.Atomic {
		return input("set atomic, or do without resume", "resume needs atomic: a file that is sent under its own name cannot be told from an old one")
	}
	return nil
}

// Do sends the file.
func (u Upload) Do(ctx context.Context, env *node.Env, open Opener) (Uploaded, error) {
	if err := u.Check(); err != nil {
		return Uploaded{}, err
	}
	src, err := openLocal(env, u.From)
	if err != nil {
		return Uploaded{}, err
	}
	defer src.Close()
	for try := 0; ; try++ {
		out, err := Use(ctx, open, func(s Server) (Uploaded, error) {
			to := s.Abs(u.To)
			old, err := stat(s, to)
			if err != nil {
				return Uploaded{}, err
			}
			if strings.HasSuffix(u.To, "/") || old != nil && old.IsFolder() {
				to = join(to, filepath.Base(u.From))
				if old, err = stat(s, to); err != nil {
					return Uploaded{}, err
				}
			}
			return u.send(ctx, env, s, src, to, old)
		})
		if !u.Resume || !Lost(err) || ctx.Err() != nil || try >= reconnects {
			return out, err
		}
	}
}

// source is an open local file.
type source struct {
	*os.File
	info fs.FileInfo
	path string
}

func openLocal(env *node.Env, name string) (*source, error) {
	f, err := env.Files.Open(name)
	if err != nil {
		return nil, local(err, "opening "+name)
	}
	info, err := f.Stat()
	if err == nil && info.IsDir() {
		err = input("send folders with upload_folder", "%s is a folder", name)
	}
	if err != nil {
		_ = f.Close()
		return nil, local(err, "opening "+name)
	}
	abs, err := env.Files.Abs(name)
	return &source{f, info, abs}, err
}

// send puts a file to its place; old is what is there now.
func (u Upload) send(ctx context.Context, env *node.Env, s Server, src *source, to string, old *Entry) (Uploaded, error) {
	out := Uploaded{Path: to, Action: created, Size: int(src.info.Size())}
	if old != nil {
		if old.IsFolder() {
			return out, input("choose another name", "%s is a folder on the server", to)
		}
		var err error
		if out.Action, err = u.decide(to, src.info.ModTime(), old.Modified, old.Exact); err != nil || out.Action == skipped {
			return out, err
		}
	} else if u.MakeFolders {
		if _, err := makeAll(s, path.Dir(to)); err != nil {
			return out, err
		}
	}
	t := &sending{Upload: u, ctx: ctx, env: env, s: s, src: src, to: to, old: old, out: &out}
	if u.Atomic {
		done, err := t.viaTemp()
		if err != nil || done {
			return out, err
		}
	}
	if err := t.put(to, 0); err != nil {
		return out, err
	}
	if err := t.confirm(to); err != nil {
		return out, err
	}
	t.dress(to)
	return out, nil
}

// sending is one transfer to the server.
type sending struct {
	Upload
	ctx context.Context
	env *node.Env
	s   Server
	src *source
	to  string
	old *Entry
	out *Uploaded
}

// tempName is beside the target and, for transfers that may be resumed, the
// same only for the same version of the local file; else the same for all
// tries of one node execution, so that a later one overwrites what a crash
// left.
func (t *sending) tempName() string {
	id := mark(t.env.Token, t.src.path, t.to)
	if t.Resume {
		id = mark("resume", t.src.path, t.to, strconv.FormatInt(t.src.info.Size(), 10), t.src.info.ModTime().String())
	}
	return join(path.Dir(t.to), ".aether-"+id+".tmp")
}

// viaTemp sends under a temporary name and renames. It reports false where the
// server does not allow that and nothing is done.
func (t *sending) viaTemp() (done bool, err error) {
	tmp := t.tempName()
	offset := int64(0)
	if t.Resume {
		part, err := stat(t.s, tmp)
		if err != nil && !Unsupported(err) {
			return false, err
		}
		if part != nil && part.Kind == File && part.Size > 0 && part.Size <= t.src.info.Size() {
			offset = part.Size
		}
	}
	if err := t.put(tmp, offset); err != nil {
		if refused(err) && t.out.Sent == 0 {
			return false, nil // the server may not like the name
		}
		if !t.Resume && !Lost(err) && t.ctx.Err() == nil {
			_ = t.s.Remove(tmp) // the transfer's own error says more
		}
		return false, err
	}
	if err := t.confirm(tmp); err != nil {
		_ = t.s.Remove(tmp)
		return false, err
	}
	t.dress(tmp)
	err = replace(t.s, tmp, t.to, t.old != nil)
	if refused(err) {
		_ = t.s.Remove(tmp)
		t.out.Sent = 0
		return false, nil
	}
	t.out.Atomic = err == nil
	return err == nil, err
}

// replace renames a file onto another. Where the server does not replace, the
// old one is removed first.
func replace(s Server, from, to string, exists bool) error {
	err := s.Rename(from, to)
	if !refused(err) || !exists {
		return err
	}
	if rerr := s.Remove(to); rerr != nil {
		return errors.Join(err, rerr)
	}
	return s.Rename(from, to)
}

func (t *sending) put(to string, offset int64) error {
	if _, err := t.src.Seek(offset, io.SeekStart); err != nil {
		return local(err, "reading "+t.From)
	}
	m := &meter{ctx: t.ctx, env: t.env, what: "uploading " + filepath.Base(t.src.path), n: offset, told: offset, total: t.src.info.Size()}
	r := &localReader{r: io.LimitReader(t.src, t.src.info.Size()-offset)}
	err := t.s.Put(to, metered{r, m}, PutOptions{Offset: offset, Sequential: t.Resume})
	t.out.Sent = int(m.n - offset)
	switch {
	case t.ctx.Err() != nil:
		return t.ctx.Err()
	case r.failed != nil:
		return local(r.failed, "reading "+t.From)
	case err != nil:
		return err
	case m.n != t.src.info.Size():
		return Fail(node.KindError, "send it when nobody writes to it", "%s became shorter while it was sent", t.From)
	}
	return nil
}

// localReader remembers an error of reading the local file, to be told from
// errors of the network.
type localReader struct {
	r      io.Reader
	failed error
}

func (l *localReader) Read(p []byte) (int, error) {
	n, err := l.r.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		l.failed = err
	}
	return n, err
}

// confirm compares the size on the server with that of the local file.
func (t *sending) confirm(at string) error {
	if !t.Verify || t.Text {
		return nil
	}
	e, err := t.s.Stat(at)
	switch {
	case Unsupported(err):
		return nil
	case NotFound(err):
		return Fail(node.KindError, "if the server takes files away at once, set verify to false", "the server accepted %s, but it is not there", at)
	case err != nil:
		return err
	case e.Size < 0:
		return nil
	case e.Size != t.src.info.Size():
		return Fail(node.KindError, "try again; if it repeats, look at the server's disk and log", "the server has %d bytes of %s, not %d", e.Size, t.to, t.src.info.Size())
	}
	t.out.Verified = true
	return nil
}

// dress gives the file its time and rights. Many servers cannot, and the file
// is what matters.
func (t *sending) dress(at string) {
	mode := t.Mode
	if mode == nil && t.old != nil {
		mode = t.old.Mode
	}
	if mode != nil {
		_ = t.s.SetMode(at, *mode)
	}
	if t.PreserveTimes {
		_ = t.s.SetTime(at, t.src.info.ModTime())
	}
}

// UploadText are the params of writing a text to a file on the server.
type UploadText struct {
	Path     string `json:"path" is:"required" doc:"File on the server."`
	Text     string `json:"text" is:"required" widget:"multiline" doc:"Text to write."`
	Encoding string `json:"encoding" default:"utf-8" doc:"How to encode characters, such as utf-8, windows-1252 or shift_jis."`
	Sending
	Mode *fs.FileMode `json:"-"`
}

// Do writes the text, by way of a temporary local file so that it is sent like
// any other.
func (u UploadText) Do(ctx context.Context, env *node.Env, open Opener) (Uploaded, error) {
	if err := u.Check(); err != nil {
		return Uploaded{}, err
	}
	if strings.HasSuffix(u.Path, "/") {
		return Uploaded{}, input("give the path of a file", "%s is a folder", u.Path)
	}
	data, err := encodeText(u.Text, u.Encoding)
	if err != nil {
		return Uploaded{}, err
	}
	dir, err := env.TempDir()
	if err != nil {
		return Uploaded{}, fmt.Errorf("finding the folder for temporary files: %w", err)
	}
	f, err := os.CreateTemp(dir, "text-*")
	if err != nil {
		return Uploaded{}, fmt.Errorf("making a temporary file: %w", err)
	}
	defer func() {
		_ = f.Close()
		_ = os.Remove(f.Name())
	}()
	if _, err := f.Write(data); err != nil {
		return Uploaded{}, fmt.Errorf("writing a temporary file: %w", err)
	}
	info, err := f.Stat()
	if err != nil {
		return Uploaded{}, fmt.Errorf("writing a temporary file: %w", err)
	}
	up := Upload{From: "the text", Sending: u.Sending, Mode: u.Mode}
	up.PreserveTimes, up.Resume = false, false
	return Use(ctx, open, func(s Server) (Uploaded, error) {
		to := s.Abs(u.Path)
		old, err := stat(s, to)
		if err != nil {
			return Uploaded{}, err
		}
		return up.send(ctx, env, s, &source{f, info, path.Base(to)}, to, old)
	})
}
