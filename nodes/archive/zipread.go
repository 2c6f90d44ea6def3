package archive

import (
	"archive/zip"
	"compress/bzip2"
	"compress/flate"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"strings"

	"github.com/mholt/archives"
)

// unpackers are the methods of zip by number.
var unpackers = map[uint16]zip.Decompressor{
	zip.Store:   io.NopCloser,
	zip.Deflate: flate.NewReader,
	12:          func(r io.Reader) io.ReadCloser { return io.NopCloser(bzip2.NewReader(r)) },
	20:          func(r io.Reader) io.ReadCloser { return stream(openZstd(r)) },
	93:          func(r io.Reader) io.ReadCloser { return stream(openZstd(r)) },
	95:          func(r io.Reader) io.ReadCloser { return stream(archives.Xz{}.OpenReader(r)) },
}

func stream(r io.Reader, err error) io.ReadCloser {
	if err != nil {
		return io.NopCloser(failing{err})
	}
	return io.NopCloser(r)
}

// failing is a reader that only fails.
type failing struct{ err error }

// Read implements io.Reader.
func (f failing) Read([]byte) (int, error) { return 0, f.err }

// directory lets a zip's list of entries be read, as far as a budget goes: a
// file of a gigabyte could hold millions of entries and nothing else.
type directory struct {
	f    *file
	left int64 // -1 for no limit
}

var errDirectory = errors.New("the list of entries is too long")

// ReadAt implements io.ReaderAt.
func (d *directory) ReadAt(p []byte, at int64) (int, error) {
	n, err := d.f.ReadAt(p, at)
	if d.left >= 0 {
		if d.left -= int64(n); d.left < 0 {
			return 0, errDirectory
		}
	}
	return n, err
}

// readZip reads the list of entries.
func (s *source) readZip() (*zip.Reader, error) {
	d := &directory{s.f, 1<<20 + 300*int64(s.meter.lim.MaxEntries)}
	z, err := zip.NewReader(d, s.f.size)
	switch {
	case errors.Is(err, errDirectory):
		return nil, input("raise max_entries if the archive can be trusted", "the list of entries in %s is too long for the most of %d", s.path, s.meter.lim.MaxEntries)
	case err != nil && !errors.Is(err, zip.ErrInsecurePath): // such paths are refused one by one
		return nil, err
	}
	d.left = -1
	for m, u := range unpackers {
		if m != zip.Store && m != zip.Deflate {
			z.RegisterDecompressor(m, u)
		}
	}
	return z, nil
}

func (s *source) openZip(name string) error {
	z, err := s.readZip()
	switch {
	case final(err):
		return err
	case err != nil && name == "zip":
		return input("check that the file is complete and a zip archive", "%s cannot be read as a zip archive: %v", s.path, err)
	case err != nil && strings.HasSuffix(s.path, ".001"):
		return input("join the parts to one file first", "%s is one of several parts", s.path)
	case err != nil:
		return input("zip, tar (also compressed), 7z, rar and files packed with gzip, bzip2, xz, zstd or lz4 can be read", "%s is no archive that can be read, not even a zip archive: %v", s.path, err)
	}
	s.format = "zip"
	s.entries = func(fn func(*entry) error) error {
		for _, f := range z.File {
			if err := s.pass(s.zipEntry(f), fn); err != nil {
				return err
			}
		}
		return nil
	}
	return nil
}

func (s *source) zipEntry(f *zip.File) *entry {
	e := &entry{name: s.zipName(f), kind: "file", size: int64(f.UncompressedSize64), packed: int64(f.CompressedSize64), mode: f.Mode(), modified: f.Modified, encrypted: f.Flags&1 != 0}
	switch {
	case strings.HasSuffix(e.name, "/") || strings.HasSuffix(e.name, `\`):
		e.kind = "folder"
	case e.mode&fs.ModeSymlink != 0:
		e.kind = "link"
	case !e.mode.IsRegular():
		e.kind = "other"
	}
	e.open = func() (io.ReadCloser, error) {
		explain := func(err error) error {
			switch {
			case errors.Is(err, errPassword):
				return wrongPassword(e.name)
			case errors.Is(err, zip.ErrAlgorithm):
				err = fmt.Errorf("it is packed with a method (%d) that cannot be read", f.Method)
			}
			if e.encrypted && f.Method != methodAES { // one wrong password in 256 looks right
				return wrongPassword(e.name)
			}
			return damaged(e.name)(err)
		}
		r, err := s.zipContent(f)
		if err != nil {
			if final(err) {
				return nil, err
			}
			return nil, explain(err)
		}
		// Packed bytes are taken as the list of entries has them: the data lies
		// within the file, or opening fails.
		limited := s.meter.reader(&checked{r, explain}, e.name, func() int64 { return min(int64(f.CompressedSize64), s.f.size) })
		return struct {
			io.Reader
			io.Closer
		}{limited, r}, nil
	}
	return e
}

// zipContent opens an entry, decrypted.
func (s *source) zipContent(f *zip.File) (io.ReadCloser, error) {
	if f.Flags&1 == 0 {
		return f.Open()
	}
	if s.password == "" {
		return nil, needsPassword(f.Name)
	}
	raw, err := f.OpenRaw()
	if err != nil {
		return nil, err
	}
	method, sum := f.Method, true
	if f.Method == methodAES {
		version, strength, m, err := aesExtra(f.Extra)
		if err != nil {
			return nil, err
		}
		method, sum = m, version == 1
		if raw, err = newUnlock(raw, int64(f.CompressedSize64), strength, s.password); err != nil {
			return nil, err
		}
	} else {
		check := byte(f.CRC32 >> 24)
		if f.Flags&8 != 0 {
			check = byte(f.ModifiedTime >> 8)
		}
		if raw, err = newOldCipher(raw, s.password, check); err != nil {
			return nil, err
		}
	}
	u := unpackers[method]
	if u == nil {
		return nil, fmt.Errorf("it is packed with a method (%d) that cannot be read", method)
	}
	r := u(raw)
	return struct {
		io.Reader
		io.Closer
	}{&summed{r: r, raw: raw, left: int64(f.UncompressedSize64), sum: f.CRC32, check: sum}, r}, nil
}

// summed compares size and check sum at the end, and reads the packed data to
// its end, where the HMAC is.
type summed struct {
	r, raw io.Reader
	left   int64
	crc    uint32
	sum    uint32
	check  bool
}

// Read implements io.Reader.
func (s *summed) Read(p []byte) (int, error) {
	n, err := s.r.Read(p)
	s.left -= int64(n)
	s.crc = crc32.Update(s.crc, crc32.IEEETable, p[:n])
	if err != io.EOF {
		return n, err
	}
	if _, err := io.Copy(io.Discard, s.raw); err != nil {
		return n, err
	}
	if s.left != 0 || s.check && s.crc != s.sum {
		return n, zip.ErrChecksum
	}
	return n, io.EOF
}

// extraOf returns an extra field of an entry.
func extraOf(extra []byte, id uint16) []byte {
	for len(extra) >= 4 {
		tag, n := binary.LittleEndian.Uint16(extra), int(binary.LittleEndian.Uint16(extra[2:]))
		if n > len(extra)-4 {
			return nil
		}
		if tag == id {
			return extra[4 : 4+n]
		}
		extra = extra[4+n:]
	}
	return nil
}

func aesExtra(extra []byte) (version uint16, strength byte, method uint16, err error) {
	b := extraOf(extra, 0x9901)
	if len(b) < 7 || string(b[2:4]) != "AE" {
		return 0, 0, 0, errors.New("it is encrypted in an unknown way")
	}
	return binary.LittleEndian.Uint16(b), b[4], binary.LittleEndian.Uint16(b[5:]), nil
}

// zipName returns the name of an entry: marked as UTF-8, given again as UTF-8
// (as Info-ZIP does), or else from an old program.
func (s *source) zipName(f *zip.File) string {
	if !f.NonUTF8 {
		return f.Name
	}
	if b := extraOf(f.Extra, 0x7075); len(b) > 5 && b[0] == 1 && binary.LittleEndian.Uint32(b[1:]) == crc32.ChecksumIEEE([]byte(f.Name)) {
		return strings.ToValidUTF8(string(b[5:]), "_")
	}
	return s.text(f.Name, "cp437")
}
