package flow

import (
	"bytes"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Pos is a place in the file the flow was read from; the zero Pos means
// unknown. Lines and columns count from 1, columns in characters.
type Pos struct{ Line, Col int }

// At returns where the thing at path was written: "nodes[2].params.path",
// "edges[0]", "inputs.folder". If that exact path is unknown the closest one
// above it is returned.
func (f *Flow) At(path string) Pos {
	if f.root == nil {
		return Pos{}
	}
	_, it := f.root.find(path)
	return it.pos
}

// AtKey is At for the key itself rather than its value.
func (f *Flow) AtKey(path, key string) Pos {
	if f.root == nil {
		return Pos{}
	}
	_, it := f.root.find(path)
	return it.keyPos(key)
}

// Inside returns where the byte at offset of the text at path was written: the
// place of a mistake inside an expression. Where the file writes the text in a
// form that cannot be followed (folded lines, an alias) it is the place where
// the text begins.
func (f *Flow) Inside(path string, offset int) Pos {
	if f.root == nil {
		return Pos{}
	}
	it, closest := f.root.find(path)
	if it == nil {
		return closest.pos
	}
	text, ok := it.val.(string)
	if !ok || offset < 0 || offset > len(text) {
		return it.pos
	}
	rest := f.from(it.pos)
	switch {
	case len(rest) == 0:
		return it.pos
	case rest[0] == '|':
		return insideBlock(it.pos, rest, text, offset)
	case rest[0] == '>', rest[0] == '*', rest[0] == '&', rest[0] == '!':
		return it.pos
	case rest[0] == '"' || rest[0] == '\'':
		return insideLine(it.pos, rest, text, offset, rest[0])
	}
	return insideLine(it.pos, rest, text, offset, 0)
}

func lineStarts(src []byte) []int {
	lines := []int{0}
	for i, b := range src {
		if b == '\n' {
			lines = append(lines, i+1)
		}
	}
	return lines
}

// from returns the source from a place on.
func (f *Flow) from(p Pos) []byte {
	if p.Line < 1 || p.Line > len(f.lines) {
		return nil
	}
	rest := f.src[f.lines[p.Line-1]:]
	for range p.Col - 1 {
		if len(rest) == 0 || rest[0] == '\n' {
			return nil
		}
		_, n := utf8.DecodeRune(rest)
		rest = rest[n:]
	}
	return rest
}

// insideBlock follows a literal block: its lines stand in the file as they
// are, behind an indentation.
func insideBlock(at Pos, rest []byte, text string, offset int) Pos {
	line := strings.Count(text[:offset], "\n")
	begin := strings.LastIndexByte(text[:offset], '\n') + 1
	for range line + 1 {
		_, after, ok := bytes.Cut(rest, []byte("\n"))
		if !ok {
			return at
		}
		rest = after
	}
	src, _, _ := bytes.Cut(rest, []byte("\n"))
	want, _, _ := strings.Cut(text[begin:], "\n")
	have := strings.TrimSuffix(string(src), "\r")
	if !strings.HasSuffix(have, want) {
		return at
	}
	indent := utf8.RuneCountInString(have[:len(have)-len(want)])
	return Pos{at.Line + 1 + line, indent + utf8.RuneCountInString(text[begin:offset]) + 1}
}

// insideLine follows plain or quoted text on one line, escapes included.
func insideLine(at Pos, rest []byte, text string, offset int, mark byte) Pos {
	col := at.Col
	if mark != 0 {
		rest, col = rest[1:], col+1
	}
	for i := 0; i < offset; {
		want, size := utf8.DecodeRuneInString(text[i:])
		got, n, runes := unescape(rest, mark)
		if n == 0 || got != want {
			return at
		}
		rest, col, i = rest[n:], col+runes, i+size
	}
	return Pos{at.Line, col}
}

// unescape reads one character of the text out of the source; n is 0 if it
// cannot be told.
func unescape(src []byte, mark byte) (r rune, n, runes int) {
	if len(src) == 0 || src[0] == '\n' {
		return 0, 0, 0
	}
	r, n = utf8.DecodeRune(src)
	switch {
	case mark == '\'' && r == '\'':
		if len(src) > 1 && src[1] == '\'' {
			return r, 2, 2
		}
		return 0, 0, 0
	case mark == '"' && r == '\\':
		return unescapeDouble(src)
	}
	return r, n, 1
}

func unescapeDouble(src []byte) (r rune, n, runes int) {
	if len(src) < 2 {
		return 0, 0, 0
	}
	if i := strings.IndexByte(`"\/nrtbf0`, src[1]); i >= 0 {
		return rune("\"\\/\n\r\t\b\f\x00"[i]), 2, 2
	}
	if size := map[byte]int{'x': 2, 'u': 4, 'U': 8}[src[1]]; size > 0 && len(src) >= 2+size {
		v, err := strconv.ParseUint(string(src[2:2+size]), 16, 32)
		if err != nil || v >= 0xd800 && v < 0xe000 {
			return 0, 0, 0
		}
		return rune(v), 2 + size, 2 + size
	}
	return 0, 0, 0
}
