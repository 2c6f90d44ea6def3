package xmltree

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/encoding/unicode/utf32"
	"golang.org/x/text/transform"
)

// Charset returns the encoding of a name, nil for UTF-8.
func Charset(name string) (encoding.Encoding, error) {
	switch n := strings.ToLower(strings.TrimSpace(name)); n {
	case "utf-8", "utf8", "us-ascii", "ascii":
		return nil, nil
	case "utf-16", "utf16":
		return unicode.UTF16(unicode.LittleEndian, unicode.UseBOM), nil
	case "utf-16le":
		return unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM), nil
	case "utf-16be":
		return unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM), nil
	case "utf-32", "utf-32be":
		return utf32.UTF32(utf32.BigEndian, utf32.UseBOM), nil
	case "utf-32le":
		return utf32.UTF32(utf32.LittleEndian, utf32.UseBOM), nil
	case "iso-8859-1", "latin1", "latin-1":
		return charmap.ISO8859_1, nil
	default:
		e, err := htmlindex.Get(n)
		if err != nil || e == encoding.Replacement {
			return nil, fmt.Errorf("there is no encoding %.40q", name)
		}
		return e, nil
	}
}

var declared = regexp.MustCompile(`^\s*<\?xml[^>]*?\sencoding\s*=\s*["']([A-Za-z][\w.-]*)["']`)

// Decode returns the text of a file in UTF-8 and the name of its encoding.
// With auto it goes by the byte order mark, by the zeros of UTF-16, by what
// the document declares, and takes UTF-8 when there is none of these.
func Decode(r io.Reader, name string) (io.Reader, string, error) {
	b := bufio.NewReaderSize(r, 64<<10)
	head, err := b.Peek(1024)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, "", err
	}
	if strings.EqualFold(name, "auto") || name == "" {
		name = sniff(head)
	}
	name = strings.ToLower(strings.TrimSpace(name))
	e, err := Charset(name)
	if err != nil {
		return nil, "", err
	}
	if e == nil {
		return b, name, nil // a byte order mark is left to the parser
	}
	return transform.NewReader(b, e.NewDecoder()), name, nil
}

func sniff(head []byte) string {
	switch {
	case bytes.HasPrefix(head, []byte{0xEF, 0xBB, 0xBF}):
		return "utf-8"
	case bytes.HasPrefix(head, []byte{0xFF, 0xFE, 0, 0}):
		return "utf-32le"
	case bytes.HasPrefix(head, []byte{0, 0, 0xFE, 0xFF}):
		return "utf-32be"
	case bytes.HasPrefix(head, []byte{0xFF, 0xFE}), bytes.HasPrefix(head, []byte{'<', 0}):
		return "utf-16le"
	case bytes.HasPrefix(head, []byte{0xFE, 0xFF}), bytes.HasPrefix(head, []byte{0, '<'}):
		return "utf-16be"
	}
	m := declared.FindSubmatch(head)
	if m == nil {
		return "utf-8"
	}
	name := strings.ToLower(string(m[1]))
	// A text that can be read as ASCII is not in what it claims here.
	if strings.HasPrefix(name, "utf-16") || strings.HasPrefix(name, "utf-32") || strings.HasPrefix(name, "ucs-") {
		return "utf-8"
	}
	return name
}

// Encode returns a writer that takes UTF-8 and what must be called at its end.
// Letters that the encoding lacks become character references. UTF-16 and
// UTF-32 get a byte order mark.
func Encode(w io.Writer, name string) (io.Writer, func() error, error) {
	if strings.EqualFold(strings.TrimSpace(name), "utf-16le") || strings.EqualFold(strings.TrimSpace(name), "utf-16be") {
		if _, err := w.Write(map[byte][]byte{'l': {0xFF, 0xFE}, 'b': {0xFE, 0xFF}}[strings.ToLower(strings.TrimSpace(name))[6]]); err != nil {
			return nil, nil, err
		}
	}
	e, err := Charset(name)
	if err != nil {
		return nil, nil, err
	}
	if e == nil {
		return w, func() error { return nil }, nil
	}
	t := transform.NewWriter(w, &referring{enc: e.NewEncoder().Transformer})
	return t, t.Close, nil
}

// referring encodes, and writes a character reference for what cannot be.
type referring struct {
	enc transform.Transformer
}

func (r *referring) Reset() { r.enc.Reset() }

func (r *referring) Transform(dst, src []byte, atEOF bool) (nDst, nSrc int, err error) {
	for {
		var d, s int
		d, s, err = r.enc.Transform(dst[nDst:], src[nSrc:], atEOF)
		nDst, nSrc = nDst+d, nSrc+s
		if err == nil || errors.Is(err, transform.ErrShortDst) || errors.Is(err, transform.ErrShortSrc) || nSrc >= len(src) {
			return nDst, nSrc, err
		}
		c, size := utf8.DecodeRune(src[nSrc:])
		if c == utf8.RuneError && size <= 1 && !atEOF && !utf8.FullRune(src[nSrc:]) {
			return nDst, nSrc, transform.ErrShortSrc
		}
		ref := fmt.Appendf(nil, "&#x%X;", c)
		if len(dst)-nDst < len(ref) {
			return nDst, nSrc, transform.ErrShortDst
		}
		nDst += copy(dst[nDst:], ref)
		nSrc += size
	}
}
