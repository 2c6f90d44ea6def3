package archive

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"path/filepath"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/htmlindex"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/vault"
)

// readOptions are how to read an archive, as params have them.
type readOptions struct {
	names
	limits
}

// names are what it takes to read what an archive holds.
type names struct {
	Password vault.Secret `json:"password" doc:"Password of an encrypted zip, 7z or rar archive, as a secret."`
	Encoding string       `json:"encoding" default:"auto" is:"advanced" doc:"How names that are not marked as Unicode are written, such as cp437, cp850, shift_jis, gbk or windows-1251. Auto takes UTF-8 if they are that, else cp437 for zip and windows-1252 for tar."`
}

// entry is a file, folder or something else in an archive.
type entry struct {
	name         string // as the archive has it: not to be trusted
	kind         string // file, folder, link or other
	size, packed int64  // -1 for unknown
	mode         fs.FileMode
	modified     time.Time
	encrypted    bool
	// open returns the content with the limits put on it. It may be called
	// until the next entry comes.
	open func() (io.ReadCloser, error)
}

// source is an archive that is read from its start to its end, once.
type source struct {
	ctx      context.Context
	path     string
	format   string // zip, tar, tar.gz, 7z, rar, gzip and so on
	password string
	charset  encoding.Encoding // nil for auto
	f        *file
	raw      *tally // packed bytes read so far
	stream   io.Reader
	meter    *meter
	entries  func(func(*entry) error) error
	codec    *codec
	closers  []io.Closer
}

// openArchive opens an archive of any kind that can be read. What it is, its
// content decides; the name only where the content does not say.
//
// The caller closes it.
func openArchive(ctx context.Context, env *node.Env, path string, o readOptions) (*source, error) {
	f, err := openFile(ctx, env, path)
	if err != nil {
		return nil, err
	}
	s := &source{ctx: ctx, path: path, password: o.Password.Reveal(), f: f, closers: []io.Closer{f}}
	s.meter = &meter{lim: o.limits, archive: func() int64 { return f.size }}
	if s.charset, err = charset(o.Encoding); err == nil {
		err = guard(func() error { return s.find(env) })
	}
	if err == nil {
		return s, nil
	}
	_ = s.Close()
	if !final(err) {
		err = input("check that the file is complete", "%s cannot be read: %v", path, err)
	}
	return nil, err
}

// Close implements io.Closer.
func (s *source) Close() error {
	for _, c := range s.closers {
		_ = c.Close()
	}
	return nil
}

// find looks what kind of archive it is and sets entries.
func (s *source) find(env *node.Env) error {
	s.raw = &tally{r: s.f}
	br := buffered(s.raw)
	head, err := br.Peek(512)
	if err != nil && !errors.Is(err, io.EOF) {
		return tell(err, "reading "+s.path)
	}
	s.stream = br
	name := formatOf(s.path)
	switch {
	case strings.HasPrefix(string(head), "7z\xbc\xaf\x27\x1c"):
		return s.openSevenZip()
	case isRar(head):
		return s.openRar(env)
	case looksLikeTar(head) || name == "tar" && codecOf(head) == nil:
		s.format, s.entries = "tar", s.tarEntries
		return nil
	}
	if c := codecOf(head); c != nil && !strings.HasPrefix(string(head), "PK") {
		return s.openStream(c, br)
	}
	if strings.HasPrefix(name, "tar.") {
		return input("check that the file is complete and a tar archive", "%s cannot be read as a tar archive: it is not compressed in a way that is known", s.path)
	}
	return s.openZip(name)
}

// openStream opens a compressed tar archive, or a single compressed file.
func (s *source) openStream(c *codec, r io.Reader) error {
	z, err := c.open(r)
	damaged := func(err error) error {
		return input("check that the file is complete", "%s is damaged, or not packed with %s: %v", s.path, c.name, err)
	}
	if err != nil {
		if final(err) {
			return err
		}
		return damaged(err)
	}
	// Limits count the whole stream, so that entries left out cost too.
	whole := &meter{lim: s.meter.lim, archive: s.meter.archive}
	br := buffered(whole.reader(&checked{z, damaged}, s.path, func() int64 { return s.raw.n }))
	s.stream, s.codec = br, c
	head, err := br.Peek(512)
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	stem, byName := cutCodec(filepath.Base(s.path))
	if looksLikeTar(head) || strings.HasSuffix(strings.ToLower(stem), ".tar") && byName != nil {
		s.format, s.entries = "tar"+c.suffix[0], s.tarEntries
		return nil
	}
	if byName == nil {
		stem += ".out"
	}
	s.format = c.name
	s.entries = func(fn func(*entry) error) error {
		return s.pass(&entry{name: stem, kind: "file", size: -1, packed: s.f.size, open: func() (io.ReadCloser, error) { return io.NopCloser(br), nil }}, fn)
	}
	return nil
}

// pass counts an entry and hands it on.
func (s *source) pass(e *entry, fn func(*entry) error) error {
	if err := s.ctx.Err(); err != nil {
		return err
	}
	if err := s.meter.entry(); err != nil {
		return err
	}
	return fn(e)
}

// each calls fn for each entry, in the order of the archive.
func (s *source) each(fn func(*entry) error) error {
	// An error of fn is passed on as it is, whatever a decoder makes of it.
	var own error
	err := guard(func() error {
		return s.entries(func(e *entry) error {
			own = fn(e)
			return own
		})
	})
	switch {
	case own != nil:
		return own
	case err == nil || final(err):
		return err
	}
	return input("check that the file is complete", "%s cannot be read: %v", s.path, err)
}

// damaged returns the failure of an entry that cannot be read.
func damaged(name string) func(error) error {
	return func(err error) error {
		return input("check that the archive is complete", "%s in the archive is damaged: %v", name, err)
	}
}

// needsPassword is the failure of an entry that is encrypted.
func needsPassword(name string) error {
	return input("give password, as a secret", "%s in the archive is encrypted", name)
}

// wrongPassword is the failure of a password that does not fit.
func wrongPassword(name string) error {
	return node.Fail(node.KindDenied, "the password does not fit "+name+" in the archive, or it is damaged", "check the secret")
}

// charset returns an encoding by its name, nil for auto.
func charset(name string) (encoding.Encoding, error) {
	switch low := strings.ToLower(strings.TrimSpace(name)); low {
	case "", "auto":
		return nil, nil
	case "cp437":
		return charmap.CodePage437, nil
	case "cp850":
		return charmap.CodePage850, nil
	case "cp852":
		return charmap.CodePage852, nil
	default:
		e, err := htmlindex.Get(low)
		if err != nil || e == encoding.Replacement {
			return nil, input("use a name like cp437, cp850, shift_jis, gbk, windows-1252 or utf-8", "%q is not a known encoding", name)
		}
		return e, nil
	}
}

// text decodes a name that nothing says the encoding of.
func (s *source) text(name, usual string) string {
	e := s.charset
	if e == nil {
		if utf8.ValidString(name) {
			return name
		}
		e, _ = charset(usual) // known
	}
	out, err := e.NewDecoder().String(name)
	if err != nil {
		out = name
	}
	return strings.ToValidUTF8(out, "_")
}
