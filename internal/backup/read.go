package backup

import (
	"archive/tar"
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"

	"github.com/klauspost/compress/zstd"
)

// Errors that callers test for; each wraps ErrFile.
var (
	ErrFile    = errors.New("the backup cannot be used")
	ErrForeign = fmt.Errorf("%w: the file is no backup of Aether", ErrFile)
	ErrDamaged = fmt.Errorf("%w: the file is damaged or cut short (copy it anew from where it was made, or use an older one)", ErrFile)
)

// Verify reads a backup, compares every part with the manifest, and returns
// that. It needs no database.
func Verify(path string) (*Manifest, error) {
	return read(path, func(string, io.Reader) error { return nil })
}

// maxManifest is the longest header or manifest that is read.
const maxManifest = 256 << 20

// read gives the parts between header and manifest to fn, and then compares all
// with the manifest. So fn is given what may be damaged.
func read(path string, fn func(part string, content io.Reader) error) (*Manifest, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("opening the backup: %w", err)
	}
	defer f.Close()
	if info, err := f.Stat(); err == nil && info.IsDir() {
		return nil, fmt.Errorf("%w: %s is a folder", ErrForeign, path)
	}
	buf := bufio.NewReaderSize(f, 1<<20)
	if magic, err := buf.Peek(4); err != nil || !bytes.Equal(magic, []byte{0x28, 0xb5, 0x2f, 0xfd}) {
		return nil, fmt.Errorf("%w: %s", ErrForeign, filepath.Base(path))
	}
	z, err := zstd.NewReader(buf, zstd.WithDecoderMaxWindow(64<<20))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	defer z.Close()
	p := &parts{tar: tar.NewReader(z)}
	header, err := readHeader(p)
	if err != nil {
		return nil, err
	}
	var got Manifest
	names := sha256.New()
	for {
		name, err := p.next()
		if err != nil {
			return nil, err
		}
		if name == manifestPart {
			break
		}
		if err := fn(name, p); err != nil {
			return nil, err
		}
		part, err := p.rest()
		if err != nil {
			return nil, err
		}
		digest, isArtifact := strings.CutPrefix(name, artifactPart)
		if !isArtifact {
			got.Parts = append(got.Parts, part)
			continue
		}
		if part.SHA256 != digest {
			return nil, fmt.Errorf("%w: the artifact %.64s has another content", ErrDamaged, digest)
		}
		got.Artifacts.Count++
		got.Artifacts.Bytes += part.Bytes
		names.Write([]byte(digest))
	}
	m, err := readManifest(p)
	if err != nil {
		return nil, err
	}
	// To the end of the file, where the check sum of all is.
	if n, err := io.Copy(io.Discard, z); err != nil || n > 0 {
		return nil, fmt.Errorf("%w: something follows its end", ErrDamaged)
	}
	got.Artifacts.SHA256 = hex.EncodeToString(names.Sum(nil))
	got.Artifacts.Missing = m.Artifacts.Missing
	switch {
	case m.Header != header:
		return nil, fmt.Errorf("%w: its first and its last part say different things", ErrDamaged)
	case !slices.Equal(got.Parts, m.Parts):
		return nil, fmt.Errorf("%w: the tables are not those of the manifest", ErrDamaged)
	case !reflect.DeepEqual(got.Artifacts, m.Artifacts):
		return nil, fmt.Errorf("%w: the artifacts are not those of the manifest", ErrDamaged)
	}
	return m, nil
}

func readHeader(p *parts) (Header, error) {
	var h Header
	name, err := p.next()
	if err != nil || name != headerPart {
		if errors.Is(err, ErrDamaged) && !errors.Is(err, tar.ErrHeader) {
			return h, err
		}
		return h, ErrForeign
	}
	b, err := io.ReadAll(io.LimitReader(p, maxManifest))
	if err != nil {
		return h, err
	}
	if json.Unmarshal(b, &h) != nil || h.Format < 1 {
		return h, ErrForeign
	}
	if h.Format > Format {
		return h, fmt.Errorf("%w: it was made by a newer Aether (%s, format %d, this one knows %d): update this program", ErrFile, h.Program, h.Format, Format)
	}
	_, err = p.rest()
	return h, err
}

func readManifest(p *parts) (*Manifest, error) {
	b, err := io.ReadAll(io.LimitReader(p, maxManifest))
	if err != nil {
		return nil, err
	}
	if _, err := p.rest(); err != nil {
		return nil, err
	}
	if _, err := p.next(); !errors.Is(err, errEnd) {
		return nil, fmt.Errorf("%w: something follows the manifest", ErrDamaged)
	}
	var m Manifest
	if err := json.Unmarshal(b, &m); err != nil {
		return nil, fmt.Errorf("%w: its manifest cannot be read", ErrDamaged)
	}
	return &m, nil
}

// errEnd is where an archive ends. A backup ends with its manifest, not before.
var errEnd = fmt.Errorf("%w: it has no manifest", ErrDamaged)

// parts reads the parts of an archive, each put together from its entries.
type parts struct {
	tar   *tar.Reader
	name  string
	n     int         // entries of the part that were opened
	ahead *tar.Header // an entry that is not of the part
	end   error       // why there is no further entry
	hash  hash.Hash
	bytes int64
}

// next opens the next part; the one before must be read to its end.
func (p *parts) next() (string, error) {
	if p.ahead == nil && p.end == nil {
		p.peek()
	}
	if p.end != nil {
		return "", p.end
	}
	p.name, p.n, p.ahead = p.ahead.Name, 1, nil
	p.hash, p.bytes = sha256.New(), 0
	return p.name, nil
}

// peek reads the header of the next entry.
func (p *parts) peek() {
	h, err := p.tar.Next()
	switch {
	case errors.Is(err, io.EOF):
		p.end = errEnd
	case err != nil:
		p.end = fmt.Errorf("%w: %w", ErrDamaged, err)
	case h.Typeflag != tar.TypeReg:
		p.end = fmt.Errorf("%w: it has an entry that is no file", ErrDamaged)
	default:
		p.ahead = h
	}
}

// Read implements io.Reader for the part.
func (p *parts) Read(b []byte) (int, error) {
	for {
		if p.ahead != nil || p.end != nil {
			return 0, io.EOF
		}
		n, err := p.tar.Read(b)
		p.hash.Write(b[:n])
		p.bytes += int64(n)
		switch {
		case err == nil || n > 0 && errors.Is(err, io.EOF):
			return n, nil
		case !errors.Is(err, io.EOF):
			return n, fmt.Errorf("%w: %w", ErrDamaged, err)
		}
		p.peek()
		if p.ahead != nil && p.ahead.Name == fmt.Sprintf("%s#%d", p.name, p.n) {
			p.n++
			p.ahead = nil
		}
	}
}

// rest reads what is left of the part and returns what it was.
func (p *parts) rest() (Part, error) {
	if _, err := io.Copy(io.Discard, p); err != nil {
		return Part{}, err
	}
	return Part{Name: p.name, Bytes: p.bytes, SHA256: hex.EncodeToString(p.hash.Sum(nil))}, nil
}
