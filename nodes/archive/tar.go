package archive

import (
	"archive/tar"
	"bufio"
	"context"
	"errors"
	"io"
	"strings"

	"github.com/aether-rpa/aether/node"
)

func writeTar(ctx context.Context, env *node.Env, w io.Writer, all []member, in choice, done func(member)) error {
	t := tar.NewWriter(w)
	for _, m := range all {
		if err := tarMember(ctx, env, t, m, in.Deterministic); err != nil {
			return err
		}
		done(m)
	}
	return t.Close()
}

func tarMember(ctx context.Context, env *node.Env, t *tar.Writer, m member, deterministic bool) error {
	h := &tar.Header{Typeflag: tar.TypeReg, Name: m.name, Mode: 0o644, ModTime: fixedTime}
	if !deterministic {
		h.Mode, h.ModTime = int64(m.info.Mode().Perm()), m.info.ModTime()
	}
	if m.info.IsDir() {
		h.Typeflag, h.Name, h.Mode = tar.TypeDir, m.name+"/", h.Mode|0o111
		return t.WriteHeader(h)
	}
	f, err := openFile(ctx, env, m.path)
	if err != nil {
		return err
	}
	defer f.Close()
	h.Size = f.size
	if err := t.WriteHeader(h); err != nil {
		return tell(err, "packing "+m.name)
	}
	// The size is in the header: what is added meanwhile is left out.
	n, err := copyAll(ctx, t, io.LimitReader(f, h.Size))
	if err == nil && n < h.Size {
		err = input("pack it when nobody writes to it", "%s became shorter while it was packed", m.path)
	}
	return tell(err, "packing "+m.name)
}

// looksLikeTar reports whether a block is the header of a tar entry: its check
// sum is right. A tar archive with nothing in it begins with zeros.
func looksLikeTar(block []byte) bool {
	if len(block) < 512 {
		return false
	}
	var sum, want int64
	zero := true
	for i, b := range block[:512] {
		zero = zero && b == 0
		if i >= 148 && i < 156 {
			b = ' '
		}
		sum += int64(b)
	}
	for _, b := range block[148:156] {
		if b >= '0' && b <= '7' {
			want = want<<3 | int64(b-'0')
		}
	}
	return !zero && sum == want
}

// tarEntries calls fn for the entries of a tar archive.
func (s *source) tarEntries(fn func(*entry) error) error {
	t := tar.NewReader(s.stream)
	damaged := func(err error) error {
		return input("check that the file is complete and a tar archive", "%s cannot be read as a tar archive: %v", s.path, err)
	}
	for {
		var h *tar.Header
		err := guard(func() (err error) { h, err = t.Next(); return err })
		if errors.Is(err, io.EOF) {
			// A cut in the padding of the last file looks like an end.
			if br, ok := s.stream.(*bufio.Reader); ok && s.format == "tar" && s.raw.n-int64(br.Buffered()) == s.f.size && s.f.size%512 != 0 {
				return damaged(io.ErrUnexpectedEOF)
			}
			return nil
		}
		if err != nil && !errors.Is(err, tar.ErrInsecurePath) {
			if final(err) {
				return err
			}
			return damaged(err)
		}
		e := &entry{name: s.text(h.Name, "windows-1252"), size: h.Size, packed: -1, mode: h.FileInfo().Mode(), modified: h.ModTime, kind: "other"}
		switch h.Typeflag {
		case tar.TypeDir:
			e.kind = "folder"
			e.name = strings.TrimSuffix(e.name, "/") + "/"
		case tar.TypeReg, tar.TypeGNUSparse:
			e.kind = "file"
			e.name = strings.TrimSuffix(e.name, "/")
		case tar.TypeSymlink, tar.TypeLink:
			e.kind = "link"
		case tar.TypeXGlobalHeader:
			continue
		}
		e.open = func() (io.ReadCloser, error) {
			// A sparse file comes out larger than it lies in the archive.
			r := s.meter.reader(t, e.name, func() int64 { return s.raw.n })
			return io.NopCloser(&checked{r, damaged}), nil
		}
		if err := s.pass(e, fn); err != nil {
			return err
		}
	}
}

// buffered returns a reader whose first bytes can be looked at.
func buffered(r io.Reader) *bufio.Reader { return bufio.NewReaderSize(r, 64<<10) }
