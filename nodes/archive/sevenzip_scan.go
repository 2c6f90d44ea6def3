package archive

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"math/bits"

	"github.com/bodgit/sevenzip"
)

// The library makes room for as many files, folders and coders as a header of
// a few bytes says there are, and derives keys for as long as it says. So the
// header is walked here first, and refused if its numbers are out of bounds.

const (
	maxHeader = 64 << 20
	maxCoders = 32
	maxCycles = 24 // 2^24 rounds of SHA-256: some seconds; 7-Zip takes 2^19
)

var errHeader = errors.New("its header is damaged")

// sevenZipScan walks a header. After an error all reads give zero.
type sevenZipScan struct {
	b    []byte
	err  error
	most uint64 // entries
}

func (s *sevenZipScan) fail() { s.b, s.err = nil, errors.Join(s.err, errHeader) }

func (s *sevenZipScan) take(n uint64) []byte {
	if s.err != nil || n > uint64(len(s.b)) {
		s.fail()
		return nil
	}
	out := s.b[:n]
	s.b = s.b[n:]
	return out
}

func (s *sevenZipScan) id() byte {
	if b := s.take(1); b != nil {
		return b[0]
	}
	return 0
}

// number reads a number whose first byte tells how many follow.
func (s *sevenZipScan) number() uint64 {
	first := s.id()
	n := bits.LeadingZeros8(^first)
	var v uint64
	for i, b := range s.take(uint64(n)) {
		v |= uint64(b) << (8 * i)
	}
	if n < 7 {
		v |= uint64(first&(1<<(7-n)-1)) << (8 * n)
	}
	return v
}

// count reads how many of something there are.
func (s *sevenZipScan) count(most uint64) int {
	n := s.number()
	if n > most {
		s.fail()
		return 0
	}
	return int(n)
}

// entries reads how many files there are, in all or in a block.
func (s *sevenZipScan) entries() int {
	n := s.number()
	if n > s.most {
		if s.err == nil {
			s.err = input("raise max_entries if the archive can be trusted", "the archive holds more than %d entries", s.most)
		}
		s.b = nil
		return 0
	}
	return int(n)
}

func (s *sevenZipScan) expect(id byte) {
	if s.id() != id {
		s.fail()
	}
}

func (s *sevenZipScan) digests(n int) {
	defined := n
	if s.id() == 0 {
		defined = 0
		for _, b := range s.take(uint64(n+7) / 8) {
			defined += bits.OnesCount8(b)
		}
	}
	s.take(4 * uint64(defined))
}

func (s *sevenZipScan) numbers(n int) {
	for range n {
		s.number()
	}
}

// streams walks what says where packed data lies and how it is packed.
func (s *sevenZipScan) streams() {
	id := s.id()
	if id == 0x06 {
		s.number()
		n := s.entries()
		if id = s.id(); id == 0x09 {
			s.numbers(n)
			id = s.id()
		}
		if id == 0x0A {
			s.digests(n)
			id = s.id()
		}
		if id != 0 {
			s.fail()
		}
		id = s.id()
	}
	folders := 0
	if id == 0x07 {
		folders = s.folders()
		id = s.id()
	}
	if id == 0x08 {
		s.substreams(folders)
		id = s.id()
	}
	if id != 0 {
		s.fail()
	}
}

func (s *sevenZipScan) folders() int {
	s.expect(0x0B)
	n := s.entries()
	s.expect(0)
	outs := 0
	for range n {
		if outs += s.folder(); s.err != nil {
			return 0
		}
	}
	s.expect(0x0C)
	s.numbers(outs)
	id := s.id()
	if id == 0x0A {
		s.digests(n)
		id = s.id()
	}
	if id != 0 {
		s.fail()
	}
	return n
}

// folder walks the coders of one block and returns how many outputs they have.
func (s *sevenZipScan) folder() int {
	ins, outs := 0, 0
	for range s.count(maxCoders) {
		flags := s.id()
		method := s.take(uint64(flags & 0xf))
		in, out := 1, 1
		if flags&0x10 != 0 {
			in, out = s.count(maxCoders), s.count(maxCoders)
		}
		ins, outs = ins+in, outs+out
		if flags&0x20 != 0 {
			s.coder(string(method), s.take(s.number()))
		}
	}
	if outs < 1 || ins < outs-1 {
		s.fail()
		return 0
	}
	s.numbers(2 * (outs - 1))
	if packed := ins - (outs - 1); packed != 1 {
		s.numbers(packed)
	}
	return outs
}

// coder judges what a coder asks for.
func (s *sevenZipScan) coder(method string, props []byte) {
	size := uint64(0)
	switch {
	case method == "\x21" && len(props) == 1:
		size = uint64(2|props[0]&1) << (min(props[0], 60)/2 + 11)
	case method == "\x03\x01\x01" && len(props) == 5:
		size = uint64(binary.LittleEndian.Uint32(props[1:]))
	case method == "\x06\xf1\x07\x01" && len(props) > 0:
		if n := props[0] & 0x3f; n > maxCycles && n != 0x3f && s.err == nil {
			s.err = input("have it packed again by a common program", "the archive wants 2^%d rounds for its password, more than the limit of 2^%d", n, maxCycles)
		}
	}
	if size > maxWindow && s.err == nil {
		s.err = input("have it packed with a smaller dictionary", "the archive needs a dictionary of %d bytes, more than the limit of %d", size, maxWindow)
	}
}

func (s *sevenZipScan) substreams(folders int) {
	counts := make([]int, folders)
	files := 0
	id := s.id()
	given := id == 0x0D
	for i := range counts {
		if counts[i] = 1; given {
			counts[i] = s.entries()
		}
		if files += counts[i]; uint64(files) > s.most+uint64(folders) {
			s.fail()
			return
		}
	}
	if given {
		id = s.id()
	}
	if id == 0x09 {
		for _, n := range counts {
			s.numbers(max(0, n-1))
		}
		id = s.id()
	}
	if id == 0x0A {
		s.digests(files)
		id = s.id()
	}
	if id != 0 {
		s.fail()
	}
}

// header walks a header up to the number of files; nothing after that asks for
// more room than so many files take.
func (s *sevenZipScan) header() {
	id := s.id()
	if id == 0x04 {
		s.streams()
		id = s.id()
	}
	if id == 0x05 {
		s.entries()
	}
}

// scanSevenZip refuses a 7z archive whose header is out of bounds.
func (s *source) scanSevenZip() error {
	start := make([]byte, 32)
	if _, err := s.f.ReadAt(start, 0); err != nil {
		return errHeader
	}
	offset, size := binary.LittleEndian.Uint64(start[12:]), binary.LittleEndian.Uint64(start[20:])
	if offset > uint64(s.f.size) || size > maxHeader || 32+offset+size > uint64(s.f.size) {
		return errors.New("it is cut short")
	}
	b := make([]byte, size)
	if _, err := s.f.ReadAt(b, int64(32+offset)); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if crc32.ChecksumIEEE(start[12:]) != binary.LittleEndian.Uint32(start[8:]) || crc32.ChecksumIEEE(b) != binary.LittleEndian.Uint32(start[28:]) {
		return errHeader
	}
	scan := &sevenZipScan{b: b, most: uint64(s.meter.lim.MaxEntries)}
	switch scan.id() {
	case 0x01:
	case 0x17:
		inner, err := s.packedHeader(b[1:])
		if err != nil {
			return err
		}
		scan.b = inner
		scan.expect(0x01)
	default:
		return errHeader
	}
	scan.header()
	return scan.err
}

// packedHeader unpacks a header that is packed, or encrypted, itself. It makes
// an archive of the same data whose only file is that header, and has the
// library read it.
func (s *source) packedHeader(streams []byte) ([]byte, error) {
	scan := &sevenZipScan{b: streams, most: maxCoders}
	if scan.streams(); scan.err != nil {
		return nil, scan.err
	}
	header := append([]byte{0x01, 0x04}, streams...)
	header = append(header, 0x05, 1, 0x11, 5, 0, 'h', 0, 0, 0, 0, 0)
	start := []byte("7z\xbc\xaf\x27\x1c\x00\x04\x00\x00\x00\x00")
	start = binary.LittleEndian.AppendUint64(start, uint64(s.f.size-32))
	start = binary.LittleEndian.AppendUint64(start, uint64(len(header)))
	start = binary.LittleEndian.AppendUint32(start, crc32.ChecksumIEEE(header))
	binary.LittleEndian.PutUint32(start[8:], crc32.ChecksumIEEE(start[12:]))
	z, err := sevenzip.NewReaderWithPassword(readers{bytes.NewReader(start), io.NewSectionReader(s.f, 32, s.f.size-32), bytes.NewReader(header)}, s.f.size+int64(len(header)), s.password)
	if err != nil || len(z.File) != 1 {
		return nil, errors.Join(errHeader, err)
	}
	if z.File[0].UncompressedSize > maxHeader {
		return nil, errHeader
	}
	r, err := z.File[0].Open()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return io.ReadAll(io.LimitReader(r, maxHeader))
}

// readers are one after the other.
type readers []interface {
	io.ReaderAt
	Size() int64
}

// ReadAt implements io.ReaderAt.
func (rs readers) ReadAt(b []byte, at int64) (n int, err error) {
	for _, r := range rs {
		if at >= r.Size() {
			at -= r.Size()
			continue
		}
		m, err := r.ReadAt(b[n:], at)
		n, at = n+m, 0
		if n == len(b) {
			return n, nil
		}
		if err != nil && !errors.Is(err, io.EOF) {
			return n, err
		}
	}
	return n, io.EOF
}
