package archive

import (
	"errors"
	"io"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"github.com/nwaples/rardecode/v2"

	"github.com/aether-rpa/aether/node"
)

// volumes is the folder of a rar archive: it adds up what the volumes that are
// opened hold, and its files give up when the node ends.
type volumes struct {
	fs.FS
	s    *source
	size int64
}

// Open implements fs.FS.
func (v *volumes) Open(name string) (fs.File, error) {
	f, err := v.FS.Open(name)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = &fs.PathError{Op: "open", Path: name, Err: fs.ErrInvalid}
	}
	if err == nil {
		err = signed(f)
	}
	if err != nil {
		_ = f.Close()
		return nil, err
	}
	v.size += info.Size()
	return &volume{f, v.s, info.Size()}, nil
}

// rarSignatures are how the two versions of the format begin.
var rarSignatures = []string{"Rar!\x1a\x07\x00", "Rar!\x1a\x07\x01\x00"}

func isRar(head []byte) bool {
	return slices.ContainsFunc(rarSignatures, func(s string) bool { return strings.HasPrefix(string(head), s) })
}

// signed looks at the beginning of a volume. The library would look for a
// signature further on, and never ends on some half ones.
func signed(f fs.File) error {
	head := make([]byte, 8)
	if _, err := io.ReadFull(f, head); err != nil || !isRar(head) {
		return rardecode.ErrNoSig
	}
	s, ok := f.(io.Seeker)
	if !ok {
		return errors.ErrUnsupported
	}
	_, err := s.Seek(0, io.SeekStart)
	return err
}

type volume struct {
	fs.File
	s    *source
	size int64
}

// Read implements io.Reader.
func (v *volume) Read(p []byte) (int, error) {
	if err := v.s.ctx.Err(); err != nil {
		return 0, err
	}
	return v.File.Read(p)
}

// Seek implements io.Seeker. It goes forward only, and not past the end: with
// a hostile size the library would read the same blocks for ever.
func (v *volume) Seek(offset int64, whence int) (int64, error) {
	f, ok := v.File.(io.Seeker)
	if !ok || whence == io.SeekEnd {
		return 0, errors.ErrUnsupported
	}
	at, err := f.Seek(0, io.SeekCurrent)
	if err != nil {
		return 0, err
	}
	if whence == io.SeekCurrent {
		offset += at
	}
	if offset < at || offset > v.size {
		return 0, io.ErrUnexpectedEOF
	}
	return f.Seek(offset, io.SeekStart)
}

// openRar opens a rar archive and the volumes that follow it in its folder.
func (s *source) openRar(env *node.Env) error {
	abs := absolute(env, s.path)
	fsys, closer, err := env.Files.FS(filepath.Dir(abs))
	if err != nil {
		return tell(err, "opening the folder of "+s.path)
	}
	s.closers = append(s.closers, closer)
	v := &volumes{FS: fsys, s: s}
	opts := []rardecode.Option{rardecode.FileSystem(v), rardecode.MaxDictionarySize(maxWindow)}
	if s.password != "" {
		opts = append(opts, rardecode.Password(s.password))
	}
	r, err := rardecode.OpenReader(filepath.Base(abs), opts...)
	if err != nil {
		return s.rarError(s.path)(err)
	}
	s.closers = append(s.closers, r)
	s.meter.archive = func() int64 { return v.size }
	s.format = "rar"
	s.entries = func(fn func(*entry) error) error {
		for {
			h, err := r.Next()
			if errors.Is(err, io.EOF) {
				return nil
			}
			if err != nil {
				return s.rarError(s.path)(err)
			}
			if err := s.rarEntry(h, r, v, fn); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *source) rarEntry(h *rardecode.FileHeader, r io.Reader, v *volumes, fn func(*entry) error) error {
	e := &entry{name: h.Name, kind: "file", size: h.UnPackedSize, packed: h.PackedSize, mode: h.Mode(), modified: h.ModificationTime, encrypted: h.Encrypted || h.HeaderEncrypted}
	switch {
	case h.UnKnownSize:
		e.size = -1
	case h.IsDir:
		e.kind, e.name = "folder", e.name+"/"
	}
	if e.mode&fs.ModeSymlink != 0 {
		e.kind = "link"
	}
	content := s.meter.reader(&checked{r, s.rarError(e.name)}, e.name, func() int64 { return v.size })
	e.open = func() (io.ReadCloser, error) {
		if h.Encrypted && s.password == "" {
			return nil, needsPassword(e.name)
		}
		return io.NopCloser(content), nil
	}
	if err := s.pass(e, fn); err != nil {
		return err
	}
	if h.Solid && e.kind == "file" && (s.password != "" || !h.Encrypted) {
		// The next entry needs this one unpacked: what was left of it counts.
		_, err := io.Copy(io.Discard, content)
		return err
	}
	return nil
}

func (s *source) rarError(name string) func(error) error {
	return func(err error) error {
		switch {
		case final(err):
			return err
		case errors.Is(err, rardecode.ErrArchiveEncrypted), errors.Is(err, rardecode.ErrArchivedFileEncrypted):
			return needsPassword(name)
		case errors.Is(err, rardecode.ErrBadPassword):
			return wrongPassword(name)
		case errors.Is(err, rardecode.ErrMultiVolume), errors.Is(err, fs.ErrNotExist):
			return input("put all its volumes into one folder", "%s goes on in another volume, which is not there", name)
		case s.password != "" && errors.Is(err, rardecode.ErrBadFileChecksum):
			return wrongPassword(name)
		}
		return input("check that the file is complete", "%s cannot be read as a rar archive: %v", name, err)
	}
}
