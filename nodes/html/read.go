package html

import (
	"bytes"
	"context"
	"encoding/base64"
	"io"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/html/charset"
	"golang.org/x/text/encoding/unicode"

	"github.com/aether-rpa/aether/node"
)

func init() {
	node.Register(node.Spec[readIn, decoded]{
		Type: "html.read", Title: "Read HTML file", Effect: node.Read,
		Doc: "Reads an HTML file as text. The encoding is found as browsers do: by the byte order mark, by what the page says, and by looking at the bytes.",
		Examples: []node.Example[readIn, decoded]{{
			Title: "An old page",
			In:    readIn{File: "a.html"},
			Files: map[string]string{"a.html": "<meta charset=iso-8859-1><title>M\xfcller</title>"},
			Out:   decoded{HTML: "<meta charset=iso-8859-1><title>Müller</title>", Encoding: "windows-1252"},
		}},
		Run: func(ctx context.Context, env *node.Env, in readIn) (decoded, error) {
			f, err := env.Files.Open(in.File)
			if err != nil {
				return decoded{}, err
			}
			defer func() { _ = f.Close() }()
			b, err := io.ReadAll(io.LimitReader(stopping{ctx, f}, maxSize+1))
			if err != nil {
				return decoded{}, err
			}
			if len(b) > maxSize {
				return decoded{}, wrong("", "the file %s is larger than %d MB", in.File, maxSize>>20)
			}
			return decode(b, in.Encoding, "")
		},
	})
	node.Register(node.Spec[decodeIn, decoded]{
		Type: "html.decode", Title: "Decode HTML", Effect: node.Pure,
		Doc: "Makes text of the bytes of a page, which travel as base64. The encoding is found as browsers do: by the byte order mark, by the type that the server gave, by what the page says, and by looking at the bytes.",
		Examples: []node.Example[decodeIn, decoded]{{
			Title: "As the server says",
			In:    decodeIn{Base64: base64.StdEncoding.EncodeToString([]byte("<p>\xc4\xa4</p>")), ContentType: "text/html; charset=windows-1251"},
			Out:   decoded{HTML: "<p>Д¤</p>", Encoding: "windows-1251"},
		}},
		Run: func(_ context.Context, _ *node.Env, in decodeIn) (decoded, error) {
			b, err := base64.StdEncoding.DecodeString(strings.TrimSpace(in.Base64))
			if err != nil {
				return decoded{}, wrong("", "the bytes are not base64: %v", err)
			}
			return decode(b, in.Encoding, in.ContentType)
		},
	})
}

type readIn struct {
	File     string `json:"file" is:"required" widget:"file" doc:"Path of the file, of at most 64 MB."`
	Encoding string `json:"encoding" default:"auto" is:"advanced" doc:"Encoding of the file, or auto."`
}

type decodeIn struct {
	Base64      string `json:"base64" is:"required" doc:"Bytes of the page as base64."`
	ContentType string `json:"content_type" doc:"Content-Type that the server gave."`
	Encoding    string `json:"encoding" default:"auto" is:"advanced" doc:"Encoding of the bytes, or auto."`
}

type decoded struct {
	HTML     string `json:"html" doc:"The page as text."`
	Encoding string `json:"encoding" doc:"Encoding given or found."`
}

func decode(b []byte, name, contentType string) (decoded, error) {
	if name != "auto" && name != "" {
		e, canonical := charset.Lookup(name)
		if e == nil {
			return decoded{}, wrong("use auto, utf-8, windows-1252 or another name of the WHATWG list", "there is no encoding %.40q", name)
		}
		out, err := e.NewDecoder().Bytes(b)
		return decoded{HTML: strings.TrimPrefix(string(out), "\ufeff"), Encoding: canonical}, err
	}
	if end, ok := withoutMark(b); ok {
		out, err := unicode.UTF16(end, unicode.IgnoreBOM).NewDecoder().Bytes(b)
		return decoded{HTML: string(out), Encoding: map[bool]string{true: "utf-16be", false: "utf-16le"}[end == unicode.BigEndian]}, err
	}
	e, found, certain := charset.DetermineEncoding(b[:min(len(b), 1024)], contentType)
	// The guess looks at the start alone.
	if !certain && utf8.Valid(b) {
		return decoded{HTML: strings.TrimPrefix(string(b), "\ufeff"), Encoding: "utf-8"}, nil
	}
	if !certain && found == "utf-8" {
		e, found = charset.Lookup("windows-1252")
	}
	out, err := e.NewDecoder().Bytes(b)
	return decoded{HTML: strings.TrimPrefix(strings.ToValidUTF8(string(out), "\uFFFD"), "\ufeff"), Encoding: found}, err
}

// withoutMark recognises UTF-16 without a byte order mark by its zeros.
func withoutMark(b []byte) (unicode.Endianness, bool) {
	head := b[:min(len(b), 400)]
	if len(head) < 4 || bytes.HasPrefix(head, []byte{0xFF, 0xFE}) || bytes.HasPrefix(head, []byte{0xFE, 0xFF}) {
		return unicode.LittleEndian, false
	}
	var zero [2]int
	for i, c := range head {
		if c == 0 {
			zero[i%2]++
		}
	}
	half := len(head) / 2
	switch {
	case zero[1] > half*7/10 && zero[0] == 0:
		return unicode.LittleEndian, true
	case zero[0] > half*7/10 && zero[1] == 0:
		return unicode.BigEndian, true
	}
	return unicode.LittleEndian, false
}
