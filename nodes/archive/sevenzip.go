package archive

import (
	"errors"
	"io"
	"io/fs"

	"github.com/bodgit/sevenzip"
)

func init() {
	// The library's own reader of this method takes any window.
	sevenzip.RegisterDecompressor([]byte{0x04, 0xf7, 0x11, 0x01}, func(_ []byte, _ uint64, in []io.ReadCloser) (io.ReadCloser, error) {
		if len(in) != 1 {
			return nil, errors.New("a coder has no input")
		}
		r, err := openZstd(in[0])
		return struct {
			io.Reader
			io.Closer
		}{r, in[0]}, err
	})
}

func (s *source) openSevenZip() error {
	if err := s.scanSevenZip(); err != nil {
		return s.sevenZipError(s.path)(err)
	}
	z, err := sevenzip.NewReaderWithPassword(s.f, s.f.size, s.password)
	if err != nil {
		return s.sevenZipError(s.path)(err)
	}
	// A file in the middle of a block is reached by unpacking what is before
	// it, past all limits: so the sizes are judged as they are declared.
	var total int64
	for _, f := range z.File {
		if f.UncompressedSize > 1<<62 {
			return damaged(f.Name)(errors.New("it has no possible size"))
		}
		total += int64(f.UncompressedSize)
		if total < 0 || f.Stream < 0 {
			return damaged(f.Name)(errors.New("it has no possible size"))
		}
	}
	s.format = "7z"
	s.entries = func(fn func(*entry) error) error {
		for _, f := range z.File {
			if err := s.pass(s.sevenZipEntry(f, total), fn); err != nil {
				return err
			}
		}
		return nil
	}
	return nil
}

func (s *source) sevenZipEntry(f *sevenzip.File, total int64) *entry {
	mode := f.Mode()
	e := &entry{name: f.Name, kind: "file", size: int64(f.UncompressedSize), packed: -1, mode: mode, modified: f.Modified}
	switch {
	case mode.IsDir():
		e.kind, e.mode = "folder", fs.ModeDir|0o755
	case mode&fs.ModeSymlink != 0:
		e.kind = "link"
	case !mode.IsRegular():
		e.kind = "other"
	}
	explain := s.sevenZipError(e.name)
	e.open = func() (io.ReadCloser, error) {
		if err := s.meter.declared(total, e.name); err != nil {
			return nil, err
		}
		var r io.ReadCloser
		err := guard(func() (err error) { r, err = f.Open(); return err })
		if err != nil {
			return nil, explain(err)
		}
		// The library compares no check sums.
		sum := &summed{r: r, raw: failing{io.EOF}, left: e.size, sum: f.CRC32, check: f.CRC32 != 0}
		return struct {
			io.Reader
			io.Closer
		}{s.meter.reader(&checked{sum, explain}, e.name, func() int64 { return s.f.size }), closing(func() error { return guard(r.Close) })}, nil
	}
	return e
}

// closing is a function as an io.Closer.
type closing func() error

// Close implements io.Closer.
func (c closing) Close() error { return c() }

func (s *source) sevenZipError(name string) func(error) error {
	return func(err error) error {
		var re *sevenzip.ReadError
		locked := errors.As(err, &re) && re.Encrypted
		switch {
		case final(err):
			return err
		case locked && s.password == "":
			return needsPassword(name)
		case locked:
			return wrongPassword(name)
		}
		return input("check that the file is complete", "%s cannot be read as a 7z archive: %v", name, err)
	}
}
