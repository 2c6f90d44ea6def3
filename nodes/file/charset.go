package file

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/encoding/unicode/utf32"
	"golang.org/x/text/transform"
)

// charsets are those whose name the index of the web does not know, or knows
// as something else.
var charsets = map[string]encoding.Encoding{
	"utf-16":     unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM),
	"utf-16le":   unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM),
	"utf-16be":   unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM),
	"utf-32":     utf32.UTF32(utf32.LittleEndian, utf32.IgnoreBOM),
	"utf-32le":   utf32.UTF32(utf32.LittleEndian, utf32.IgnoreBOM),
	"utf-32be":   utf32.UTF32(utf32.BigEndian, utf32.IgnoreBOM),
	"iso-8859-1": charmap.ISO8859_1, "latin1": charmap.ISO8859_1, "latin-1": charmap.ISO8859_1,
	"cp437": charmap.CodePage437, "cp850": charmap.CodePage850, "cp852": charmap.CodePage852, "cp858": charmap.CodePage858,
	"cp865": charmap.CodePage865, "cp1140": charmap.CodePage1140, "cp037": charmap.CodePage037,
	"cp1250": charmap.Windows1250, "cp1251": charmap.Windows1251, "cp1252": charmap.Windows1252, "ansi": charmap.Windows1252,
}

// boms in the order in which they must be tried.
var boms = []struct {
	name string
	mark []byte
}{
	{"utf-8", []byte{0xEF, 0xBB, 0xBF}},
	{"utf-32le", []byte{0xFF, 0xFE, 0, 0}},
	{"utf-32be", []byte{0, 0, 0xFE, 0xFF}},
	{"utf-16le", []byte{0xFF, 0xFE}},
	{"utf-16be", []byte{0xFE, 0xFF}},
}

func charset(name string) (encoding.Encoding, error) {
	if e := charsets[name]; e != nil {
		return e, nil
	}
	e, err := htmlindex.Get(name)
	if err != nil || e == encoding.Replacement {
		return nil, input("use a name like utf-8, utf-16le, windows-1252, iso-8859-15, cp850, shift_jis or gbk", "%q is not a known encoding", name)
	}
	return e, nil
}

// text is decoded content.
type text struct {
	io.Reader
	Encoding string // lower-case name, "auto" resolved
	BOM      bool
}

// decode returns the text of a file. Encoding "auto" takes the byte order mark,
// else UTF-8 if the whole file is, else UTF-16 if it looks like it, else
// windows-1252, which any byte can be read as. With replace, bytes that are no
// text become U+FFFD; without, reading them fails.
func decode(ctx context.Context, f io.ReadSeeker, name string, replace bool) (*text, error) {
	t := &text{Encoding: strings.ToLower(strings.TrimSpace(name))}
	head := make([]byte, 4096)
	n, err := io.ReadFull(f, head)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, err
	}
	head = head[:n]
	marked, skip := bomOf(head, t.Encoding)
	switch {
	case t.Encoding != "auto" && t.Encoding != "":
		if marked != "" {
			t.Encoding = marked
		}
	case marked != "":
		t.Encoding = marked
	default:
		if t.Encoding, err = detect(ctx, f, head); err != nil {
			return nil, err
		}
	}
	t.BOM = skip > 0
	if _, err := f.Seek(int64(skip), io.SeekStart); err != nil {
		return nil, err
	}
	enc, err := charset(t.Encoding)
	if err != nil {
		return nil, err
	}
	src := bufio.NewReaderSize(reader{ctx, f}, 64<<10)
	switch {
	case isUTF8(enc) && !replace:
		t.Reader = transform.NewReader(src, &strictUTF8{at: int64(skip)})
	case replace:
		t.Reader = transform.NewReader(src, enc.NewDecoder())
	default:
		t.Reader = transform.NewReader(src, transform.Chain(enc.NewDecoder(), &noReplacement{name: t.Encoding}))
	}
	return t, nil
}

func isUTF8(e encoding.Encoding) bool { return e == unicode.UTF8 || e == encoding.Nop }

// bomOf returns the mark that a file begins with, and its size. For an encoding
// that is given only its own marks count: that of UTF-32 begins like that of
// UTF-16.
func bomOf(head []byte, enc string) (name string, size int) {
	for _, b := range boms {
		own := enc == "auto" || enc == "" || enc == b.name || enc == strings.TrimRight(b.name, "lbe")
		if own && bytes.HasPrefix(head, b.mark) {
			return b.name, len(b.mark)
		}
	}
	return "", 0
}

func detect(ctx context.Context, f io.ReadSeeker, head []byte) (string, error) {
	if name := looksUTF16(head); name != "" {
		return name, nil
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return "", err
	}
	_, err := io.Copy(io.Discard, transform.NewReader(reader{ctx, f}, &strictUTF8{}))
	if _, invalid := err.(*invalidText); invalid { //nolint:errorlint // made a line above
		return "windows-1252", nil
	}
	return "utf-8", err
}

// looksUTF16 recognises text in European languages, where every other byte is
// zero.
func looksUTF16(head []byte) string {
	var zero [2]int
	for i, c := range head {
		if c == 0 {
			zero[i%2]++
		}
	}
	half := len(head) / 2
	switch {
	case half == 0:
		return ""
	case zero[1] > half*7/10 && zero[0] <= half/20:
		return "utf-16le"
	case zero[0] > half*7/10 && zero[1] <= half/20:
		return "utf-16be"
	}
	return ""
}

type invalidText struct{ msg string }

func (e *invalidText) Error() string { return e.msg }

// strictUTF8 passes valid UTF-8 on and fails at the first byte that is not.
type strictUTF8 struct{ at int64 }

func (s *strictUTF8) Reset() {}

func (s *strictUTF8) Transform(dst, src []byte, atEOF bool) (nDst, nSrc int, err error) {
	for nSrc < len(src) {
		c := src[nSrc]
		size := 1
		if c >= utf8.RuneSelf {
			var r rune
			r, size = utf8.DecodeRune(src[nSrc:])
			if r == utf8.RuneError && size == 1 {
				if !atEOF && !utf8.FullRune(src[nSrc:]) {
					err = transform.ErrShortSrc
				} else {
					err = &invalidText{fmt.Sprintf("byte %d (0x%02X) is not valid UTF-8", s.at+int64(nSrc)+1, c)}
				}
				break
			}
		}
		if nDst+size > len(dst) {
			err = transform.ErrShortDst
			break
		}
		nDst += copy(dst[nDst:], src[nSrc:nSrc+size])
		nSrc += size
	}
	s.at += int64(nSrc)
	return nDst, nSrc, err
}

// noReplacement fails at U+FFFD, by which decoders mark what they cannot read.
type noReplacement struct{ name string }

func (*noReplacement) Reset() {}

func (n *noReplacement) Transform(dst, src []byte, atEOF bool) (nDst, nSrc int, err error) {
	i := bytes.Index(src, []byte("\uFFFD"))
	if i == 0 {
		return 0, 0, &invalidText{"some bytes are no text in " + n.name}
	}
	end := len(src)
	switch {
	case i > 0:
		end = i
	case !atEOF && end >= 1 && src[end-1] == 0xEF:
		end--
	case !atEOF && end >= 2 && src[end-2] == 0xEF && src[end-1] == 0xBF:
		end -= 2
	}
	c := copy(dst, src[:end])
	switch {
	case c < end:
		err = transform.ErrShortDst
	case c < len(src) && i < 0:
		err = transform.ErrShortSrc
	case i > 0:
		err = &invalidText{"some bytes are no text in " + n.name}
	}
	return c, c, err
}

// explain gives an error of reading text its hint.
func explain(err error, path string) error {
	if e, ok := err.(*invalidText); ok { //nolint:errorlint // readers return it as it is
		return input("set encoding to the one the file is in, for instance windows-1252, or on_invalid to replace", "reading %s: %s", path, e.msg)
	}
	return tell(err, "reading "+path, path)
}

// encoder writes text in an encoding.
type encoder struct {
	enc     encoding.Encoding
	name    string
	replace bool
}

func newEncoder(name string, replace bool) (*encoder, error) {
	name = strings.ToLower(strings.TrimSpace(name))
	enc, err := charset(name)
	return &encoder{enc, name, replace}, err
}

// mark returns the byte order mark, empty for encodings that have none.
func (e *encoder) mark() []byte {
	for _, b := range boms {
		if b.name == e.name || b.name == e.name+"le" {
			return b.mark
		}
	}
	return nil
}

func (e *encoder) bytes(s string) ([]byte, error) {
	if isUTF8(e.enc) {
		return []byte(strings.ToValidUTF8(s, "\uFFFD")), nil
	}
	b, err := e.enc.NewEncoder().Bytes([]byte(s))
	if err == nil {
		return b, nil
	}
	fits := map[rune]bool{}
	var out strings.Builder
	for _, r := range s {
		ok, known := fits[r]
		if !known {
			_, err := e.enc.NewEncoder().String(string(r))
			ok = err == nil
			fits[r] = ok
		}
		switch {
		case ok:
			out.WriteRune(r)
		case e.replace:
			out.WriteByte('?')
		default:
			return nil, input("use utf-8, or set on_invalid to replace", "the character %q (%U) cannot be written in %s", r, r, e.name)
		}
	}
	return e.enc.NewEncoder().Bytes([]byte(out.String()))
}
