package flow

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// MaxSize is the largest flow file that is read, in bytes. A flow is written
// by hand or by a canvas; what is larger is data and belongs in a file of its
// own.
const MaxSize = 16 << 20

// maxItems bounds how many values a file may hold, aliases expanded, and
// maxNesting how deep they may be.
const (
	maxItems   = 500_000
	maxNesting = 200
)

// item is a value with the place where it was written. A map keeps its keys in
// file order.
type item struct {
	pos  Pos
	val  any // scalar or []*item
	keys []string
	kpos []Pos // of keys
	kids map[string]*item
}

// keyPos returns where a key of the map was written.
func (it *item) keyPos(key string) Pos {
	if i := slices.Index(it.keys, key); i >= 0 {
		return it.kpos[i]
	}
	return it.pos
}

// find returns the item at path and the closest one above it that is there.
func (it *item) find(path string) (exact, closest *item) {
	for path != "" {
		next, rest := it.child(path)
		if next == nil {
			return nil, it
		}
		it, path = next, rest
	}
	return it, it
}

// child takes the first step of path: an index, or a key, which may itself
// hold dots and brackets.
func (it *item) child(path string) (next *item, rest string) {
	if list, ok := it.val.([]*item); ok {
		num, rest, ok := strings.Cut(strings.TrimPrefix(path, "["), "]")
		i, err := strconv.Atoi(num)
		if !ok || err != nil || i < 0 || i >= len(list) {
			return nil, ""
		}
		return list[i], strings.TrimPrefix(rest, ".")
	}
	for end := 0; end <= len(path); end++ {
		if end < len(path) && path[end] != '.' && path[end] != '[' {
			continue
		}
		if next = it.kids[path[:end]]; next != nil {
			return next, strings.TrimPrefix(path[end:], ".")
		}
	}
	return nil, ""
}

func (it *item) isMap() bool { return it.kids != nil }

// plain returns the canonical value without positions.
func (it *item) plain() any {
	if it.isMap() {
		m := make(map[string]any, len(it.keys))
		for _, k := range it.keys {
			m[k] = it.kids[k].plain()
		}
		return m
	}
	if list, ok := it.val.([]*item); ok {
		out := make([]any, len(list))
		for i, e := range list {
			out[i] = e.plain()
		}
		return out
	}
	return it.val
}

// fileError is a problem of the file as such.
func fileError(line, col int, msg, hint string) Problems {
	return Problems{{Severity: Error, Rule: "file", Line: line, Col: col, Message: msg, Hint: hint}}
}

// parse reads YAML or JSON into items.
func parse(src []byte) (*item, Problems) {
	if len(src) > MaxSize {
		return nil, fileError(0, 0, fmt.Sprintf("the file has %d MiB; a flow may have %d MiB", len(src)>>20, MaxSize>>20), "keep data in files of its own and read them with file.read_text or csv.read")
	}
	src, bad := decodeText(src)
	if bad != nil {
		return nil, bad
	}
	trimmed := bytes.TrimSpace(src)
	if len(trimmed) == 0 {
		return nil, fileError(1, 1, "the file is empty", "a flow begins with `aether: 1`")
	}
	if trimmed[0] == '{' {
		return parseJSON(src)
	}
	return parseYAML(src)
}

func trimBOM(src []byte) []byte { return bytes.TrimPrefix(src, []byte("\xef\xbb\xbf")) }

// decodeText takes a UTF-8 byte order mark away and refuses other encodings.
func decodeText(src []byte) ([]byte, Problems) {
	src = trimBOM(src)
	if bytes.HasPrefix(src, []byte("\xff\xfe")) || bytes.HasPrefix(src, []byte("\xfe\xff")) {
		return nil, fileError(1, 1, "the file is UTF-16", "save it as UTF-8")
	}
	if !utf8.Valid(src) {
		at := 0
		for at < len(src) {
			r, n := utf8.DecodeRune(src[at:])
			if r == utf8.RuneError && n <= 1 {
				break
			}
			at += n
		}
		line := 1 + bytes.Count(src[:at], []byte("\n"))
		return nil, fileError(line, 1, fmt.Sprintf("the file is not UTF-8: byte %#02x", src[at]), "save it as UTF-8")
	}
	if i := bytes.IndexByte(src, 0); i >= 0 {
		return nil, fileError(1+bytes.Count(src[:i], []byte("\n")), 1, "the file holds a NUL character", "it is no text file, or is damaged")
	}
	return src, nil
}

// ParseValue reads a YAML or JSON document as a canonical value, with the
// bounds of a flow file.
func ParseValue(src []byte) (any, error) {
	it, bad := parse(src)
	if bad != nil {
		return nil, bad
	}
	return it.plain(), nil
}
