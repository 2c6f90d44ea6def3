package csv

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"

	"github.com/aether-rpa/aether/node"
)

// sniffSize is how much of a text is looked at to recognise its encoding and
// delimiter.
const sniffSize = 256 << 10

var (
	bomUTF8 = []byte("\xef\xbb\xbf")
	bomLE   = []byte("\xff\xfe")
	bomBE   = []byte("\xfe\xff")
)

// encodingNamed returns the encoding of a name such as utf-16le or
// windows-1252; nil for UTF-8.
func encodingNamed(name string) (encoding.Encoding, error) {
	switch strings.ToLower(strings.TrimSpace(name)) {
	case "", "utf-8", "utf8", "ascii", "us-ascii":
		return nil, nil
	case "utf-16", "utf16":
		return unicode.UTF16(unicode.LittleEndian, unicode.UseBOM), nil
	case "utf-16le":
		return unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM), nil
	case "utf-16be":
		return unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM), nil
	}
	e, err := htmlindex.Get(name)
	if err != nil {
		return nil, node.Fail(node.KindInput, "there is no encoding "+short(name), "use utf-8, utf-16, windows-1252, iso-8859-15, shift_jis or another name of the WHATWG list")
	}
	return e, nil
}

// decoded returns the text in UTF-8 without byte order mark, and the name of
// its encoding. With auto, a text that has no mark and is no UTF-8 is taken as
// windows-1252.
func decoded(r io.Reader, name string) (*bufio.Reader, string, error) {
	b := bufio.NewReaderSize(r, sniffSize)
	head, err := b.Peek(sniffSize)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, "", err
	}
	if name == "auto" {
		name = sniff(head)
	}
	e, err := encodingNamed(name)
	if err != nil {
		return nil, "", err
	}
	if e == nil {
		if bytes.HasPrefix(head, bomUTF8) {
			_, _ = b.Discard(len(bomUTF8))
		}
		return b, name, nil
	}
	out := bufio.NewReaderSize(transform.NewReader(b, e.NewDecoder()), sniffSize)
	// A mark is left by utf-16le and utf-16be.
	if head, _ := out.Peek(len(bomUTF8)); bytes.HasPrefix(head, bomUTF8) {
		_, _ = out.Discard(len(bomUTF8))
	}
	return out, name, nil
}

func sniff(head []byte) string {
	switch {
	case bytes.HasPrefix(head, bomUTF8):
		return "utf-8"
	case bytes.HasPrefix(head, bomLE):
		return "utf-16le"
	case bytes.HasPrefix(head, bomBE):
		return "utf-16be"
	}
	// The sample may end inside of a character.
	if len(head) == sniffSize {
		for i := 0; i < utf8.UTFMax && len(head) > 0 && !utf8.RuneStart(head[len(head)-1]); i++ {
			head = head[:len(head)-1]
		}
		if len(head) > 0 {
			head = head[:len(head)-1]
		}
	}
	if utf8.Valid(head) {
		return "utf-8"
	}
	return "windows-1252"
}

func short(s string) string {
	if len(s) > 40 {
		s = strings.ToValidUTF8(s[:40], "") + "…"
	}
	return `"` + s + `"`
}
