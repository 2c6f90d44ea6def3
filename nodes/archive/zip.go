package archive

import (
	"archive/zip"
	"compress/flate"
	"context"
	"errors"
	"io"
	"io/fs"
	"time"
	"unicode/utf8"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/vault"
)

// fixedTime is the earliest that a zip can hold.
var fixedTime = time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)

// deflater registers deflate with the level asked for.
func deflater(z *zip.Writer, level int) {
	z.RegisterCompressor(zip.Deflate, func(w io.Writer) (io.WriteCloser, error) { return flate.NewWriter(w, level) })
}

func writeZip(ctx context.Context, env *node.Env, w io.Writer, all []member, in createIn, done func(member)) error {
	z := zip.NewWriter(w)
	deflater(z, in.Level)
	for _, m := range all {
		if err := zipMember(ctx, env, z, m, in.choice, in.Password); err != nil {
			return err
		}
		done(m)
	}
	if err := z.SetComment(in.Comment); err != nil {
		return input("shorten it to 65535 bytes", "the comment is too long")
	}
	return z.Close()
}

func zipMember(ctx context.Context, env *node.Env, z *zip.Writer, m member, in choice, password vault.Secret) error {
	if err := longName(m.name); err != nil {
		return err
	}
	h := &zip.FileHeader{Name: m.name, Method: zip.Deflate, Modified: fixedTime}
	if !in.Deterministic {
		h.Modified = m.info.ModTime().UTC().Truncate(time.Second)
		h.SetMode(m.info.Mode().Perm() | m.info.Mode()&fs.ModeDir)
	}
	if in.Level == 0 {
		h.Method = zip.Store
	}
	if m.info.IsDir() {
		h.Name, h.Method = m.name+"/", zip.Store
		_, err := z.CreateHeader(h)
		return err
	}
	f, err := openFile(ctx, env, m.path)
	if err != nil {
		return err
	}
	defer f.Close()
	if !password.Empty() {
		return tell(lockedMember(ctx, env, z, h, f, in.Level, password), "packing "+m.name)
	}
	w, err := z.CreateHeader(h)
	if err != nil {
		return err
	}
	_, err = copyAll(ctx, w, f)
	return tell(err, "packing "+m.name)
}

// lockedMember writes an entry encrypted as WinZip does (AE-2).
func lockedMember(ctx context.Context, env *node.Env, z *zip.Writer, h *zip.FileHeader, r io.Reader, level int, password vault.Secret) error {
	h.Extra = append(h.Extra, 1, 0x99, 7, 0, 2, 0, 'A', 'E', 3, byte(h.Method), 0)
	h.Flags |= 0x1 | 0x8
	if !utf8.ValidString(h.Name) {
		return input("rename it", "the name %q is not UTF-8", h.Name)
	}
	h.Flags |= 0x800
	h.ModifiedDate = uint16(h.Modified.Day() + int(h.Modified.Month())<<5 + max(h.Modified.Year()-1980, 0)<<9) //nolint:staticcheck // raw entries are written from these fields
	h.ModifiedTime = uint16(h.Modified.Second()/2 + h.Modified.Minute()<<5 + h.Modified.Hour()<<11)            //nolint:staticcheck // as above
	h.CreatorVersion = h.CreatorVersion&0xff00 | 51
	h.ReaderVersion = 51
	packed := h.Method == zip.Deflate
	h.Method = methodAES
	w, err := z.CreateRaw(h)
	if err != nil {
		return err
	}
	out := &tally{w: w}
	lock, err := newLock(out, password.Reveal(), env.Rand)
	if err != nil {
		return err
	}
	to, closing := io.Writer(lock), lock.Close
	if packed {
		c, err := flate.NewWriter(lock, level)
		if err != nil {
			return err
		}
		to, closing = c, func() error { return errors.Join(c.Close(), lock.Close()) }
	}
	n, err := copyAll(ctx, to, r)
	if err := errors.Join(err, closing()); err != nil {
		return err
	}
	// The header in the directory, and the one after the data, are written from
	// these. AE-2 leaves the check sum out: it would tell of the content.
	h.UncompressedSize64, h.CompressedSize64 = uint64(n), uint64(out.n)
	h.UncompressedSize, h.CompressedSize = uint32(min(n, 1<<32-1)), uint32(min(out.n, 1<<32-1)) //nolint:staticcheck // as above
	return nil
}
