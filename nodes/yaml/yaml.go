// Package yaml holds the nodes that read and write YAML. Documents become
// plain values: dates stay text, anchors are written out, merge keys are
// followed, and tags that would make objects of a program are refused. What
// aliases multiply to is counted, so that a small text cannot fill the memory.
package yaml

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"

	"github.com/aether-rpa/aether/node"
)

func init() {
	node.RegisterFamily(node.Family{Name: "yaml", Title: "YAML", Doc: "Read and write YAML files and texts."})
}

const (
	maxSize    = 64 << 20  // bytes of a text
	maxItems   = 2_000_000 // values of a text, those of aliases counted each time
	maxExpand  = 256 << 20 // bytes of text, those of aliases counted each time
	maxNesting = 400
)

// wrong returns a failure about a param.
func wrong(hint, format string, args ...any) error {
	f := node.Failf(node.KindInput, format, args...)
	f.Hint = hint
	return f
}

// readFile returns the text of a file in UTF-8 and its encoding. YAML is
// UTF-8, UTF-16 or UTF-32; others must be named.
func readFile(ctx context.Context, env *node.Env, path, encoding string) (string, string, error) {
	f, err := env.Files.Open(path)
	if err != nil {
		return "", "", err
	}
	defer func() { _ = f.Close() }()
	b := bufio.NewReader(f)
	if encoding == "auto" {
		head, err := b.Peek(4)
		if err != nil && !errors.Is(err, io.EOF) {
			return "", "", err
		}
		encoding = sniff(head)
	}
	var r io.Reader = b
	switch name := strings.ToLower(strings.TrimSpace(encoding)); name {
	case "utf-8", "utf8":
	case "utf-16", "utf-16le":
		r = transform.NewReader(b, unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewDecoder())
	case "utf-16be":
		r = transform.NewReader(b, unicode.UTF16(unicode.BigEndian, unicode.UseBOM).NewDecoder())
	default:
		e, err := htmlindex.Get(name)
		if err != nil {
			return "", "", wrong("use auto, utf-8, utf-16, windows-1252 or another name of the WHATWG list", "there is no encoding %.40q", encoding)
		}
		r = transform.NewReader(b, e.NewDecoder())
	}
	var out strings.Builder
	n, err := io.Copy(&out, io.LimitReader(stopping{ctx, r}, maxSize+1))
	if err != nil {
		return "", "", err
	}
	if n > maxSize {
		return "", "", wrong("split the file", "the file %s has more than %d MB of text", path, maxSize>>20)
	}
	return out.String(), encoding, nil
}

func sniff(head []byte) string {
	switch {
	case bytes.HasPrefix(head, []byte{0xFF, 0xFE}), len(head) >= 4 && head[0] != 0 && head[1] == 0 && head[3] == 0:
		return "utf-16le"
	case bytes.HasPrefix(head, []byte{0xFE, 0xFF}), len(head) >= 4 && head[0] == 0 && head[1] != 0 && head[2] == 0:
		return "utf-16be"
	}
	return "utf-8"
}

// stopping gives up when ctx ends.
type stopping struct {
	ctx context.Context
	r   io.Reader
}

func (s stopping) Read(p []byte) (int, error) {
	if err := s.ctx.Err(); err != nil {
		return 0, err
	}
	return s.r.Read(p)
}

// bound refuses text that would take the parser long or much memory, before it
// sees it: every value needs a line or a separator of its own, and directives
// are compared with each other.
func bound(text string) error {
	if len(text) > maxSize {
		return wrong("split it", "the text is larger than %d MB", maxSize>>20)
	}
	if !utf8.ValidString(text) {
		return wrong("read the file with its real encoding, often windows-1252", "the text is not valid UTF-8")
	}
	line, values, directives := 1, 0, 0
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '\n':
			line++
			values++
		case ',', '[', '{':
			values++
		case ' ':
			if i > 0 && (text[i-1] == '-' || text[i-1] == '?') {
				values++
			}
		case '%':
			if i == 0 || text[i-1] == '\n' {
				directives++
			}
		}
		if values > maxItems {
			return wrong("split the text", "the text holds more than %d lines and values, at line %d", maxItems, line)
		}
		if directives > 100 {
			return wrong("", "more than 100 lines begin with %%, at line %d", line)
		}
	}
	return nil
}
