package archive

import (
	"bytes"
	"compress/bzip2"
	"io"
	"strings"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/mholt/archives"
)

// maxWindow bounds the memory that a compressed stream may ask for.
const maxWindow = 512 << 20

// codec is a way to compress one stream of bytes.
type codec struct {
	name   string // as params and outputs have it
	suffix []string
	tar    []string // names of tar archives compressed this way
	magic  string
	open   func(io.Reader) (io.Reader, error)
	create func(w io.Writer, level int) (io.WriteCloser, error)
}

var codecs = []codec{{
	name: "gzip", suffix: []string{".gz"}, tar: []string{".tgz"}, magic: "\x1f\x8b",
	open: func(r io.Reader) (io.Reader, error) { return gzip.NewReader(r) },
	create: func(w io.Writer, level int) (io.WriteCloser, error) {
		z, err := gzip.NewWriterLevel(w, level)
		if err == nil {
			z.ModTime = time.Unix(0, 0) // none; its zero is taken for a time
		}
		return z, err
	},
}, {
	name: "bzip2", suffix: []string{".bz2"}, tar: []string{".tbz2", ".tbz"}, magic: "BZh",
	open: func(r io.Reader) (io.Reader, error) { return bzip2.NewReader(r), nil },
	create: func(w io.Writer, level int) (io.WriteCloser, error) {
		return archives.Bz2{CompressionLevel: max(1, level)}.OpenWriter(w)
	},
}, {
	name: "xz", suffix: []string{".xz"}, tar: []string{".txz"}, magic: "\xfd7zXZ\x00",
	open:   func(r io.Reader) (io.Reader, error) { return archives.Xz{}.OpenReader(r) },
	create: func(w io.Writer, _ int) (io.WriteCloser, error) { return archives.Xz{}.OpenWriter(w) },
}, {
	name: "zstd", suffix: []string{".zst", ".zstd"}, tar: []string{".tzst"}, magic: "\x28\xb5\x2f\xfd",
	open: openZstd,
	create: func(w io.Writer, level int) (io.WriteCloser, error) {
		// The levels of the program go to 22, with 3 in the middle of our range.
		levels := []zstd.EncoderLevel{zstd.SpeedFastest, zstd.SpeedFastest, zstd.SpeedFastest, zstd.SpeedDefault, zstd.SpeedDefault, zstd.SpeedDefault, zstd.SpeedDefault, zstd.SpeedBetterCompression, zstd.SpeedBetterCompression, zstd.SpeedBestCompression}
		return zstd.NewWriter(w, zstd.WithEncoderLevel(levels[min(max(level, 0), 9)]), zstd.WithEncoderConcurrency(1))
	},
}, {
	name: "lz4", suffix: []string{".lz4"}, magic: "\x04\x22\x4d\x18",
	open:   func(r io.Reader) (io.Reader, error) { return archives.Lz4{}.OpenReader(r) },
	create: func(w io.Writer, _ int) (io.WriteCloser, error) { return archives.Lz4{}.OpenWriter(w) },
}}

func openZstd(r io.Reader) (io.Reader, error) {
	// One goroutine of our own: a panic in another could not be caught.
	return zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(maxWindow))
}

// codecNamed returns the codec of that name.
func codecNamed(name string) *codec {
	for i := range codecs {
		if codecs[i].name == name {
			return &codecs[i]
		}
	}
	return nil
}

// codecOf tells the codec by the first bytes of a stream.
func codecOf(head []byte) *codec {
	for i := range codecs {
		if bytes.HasPrefix(head, []byte(codecs[i].magic)) {
			return &codecs[i]
		}
	}
	return nil
}

// cutCodec takes the ending of a compressed file off its name; an ending like
// .tgz becomes .tar.
func cutCodec(name string) (stem string, c *codec) {
	low := strings.ToLower(name)
	for i := range codecs {
		for _, s := range codecs[i].suffix {
			if strings.HasSuffix(low, s) {
				return name[:len(name)-len(s)], &codecs[i]
			}
		}
		for _, s := range codecs[i].tar {
			if strings.HasSuffix(low, s) {
				return name[:len(name)-len(s)] + ".tar", &codecs[i]
			}
		}
	}
	return name, nil
}

// formatOf tells the format that a name asks for: zip, tar, tar.gz and so on,
// or "".
func formatOf(name string) string {
	stem, c := cutCodec(name)
	switch low := strings.ToLower(stem); {
	case c == nil && strings.HasSuffix(low, ".zip"):
		return "zip"
	case c == nil && strings.HasSuffix(low, ".tar"):
		return "tar"
	case c != nil && strings.HasSuffix(low, ".tar"):
		return "tar" + c.suffix[0]
	}
	return ""
}
