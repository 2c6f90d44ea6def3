package flow

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"

	"github.com/aether-rpa/aether/value"
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

// bound refuses YAML that would take the parser long or much memory, before it
// sees it: every value needs a line or a separator of its own, and only the
// comparison of thousands of directives takes longer than the file is long.
func bound(src []byte) Problems {
	line, values := 1, 0
	for i, b := range src {
		switch b {
		case '\n':
			line++
			values++
		case ',', '[', '{':
			values++
		case ' ':
			if i > 0 && (src[i-1] == '-' || src[i-1] == '?') {
				values++
			}
		case '%':
			if i == 0 || src[i-1] == '\n' {
				return fileError(line, 1, "a line begins with %: YAML directives are not used in flows", "remove the line")
			}
		}
		if values > maxItems {
			return fileError(line, 1, fmt.Sprintf("the file holds more than %d lines and values", maxItems), "keep data in files of its own")
		}
	}
	return nil
}

func parseYAML(src []byte) (*item, Problems) {
	if bad := bound(src); bad != nil {
		return nil, bad
	}
	dec := yaml.NewDecoder(bytes.NewReader(src))
	var doc yaml.Node
	if err := dec.Decode(&doc); err != nil {
		if errors.Is(err, io.EOF) {
			return nil, fileError(1, 1, "the file is empty", "a flow begins with `aether: 1`")
		}
		return nil, yamlError(err)
	}
	var more yaml.Node
	if err := dec.Decode(&more); !errors.Is(err, io.EOF) {
		return nil, fileError(more.Line, 1, "the file holds more than one YAML document", "keep one flow in a file")
	}
	if len(doc.Content) != 1 {
		return nil, fileError(1, 1, "the file is empty", "a flow begins with `aether: 1`")
	}
	c := &yamlConv{open: map[*yaml.Node]bool{}}
	it := c.item(doc.Content[0], 0)
	if len(c.bad) > 0 {
		return nil, c.bad
	}
	return it, nil
}

func yamlError(err error) Problems {
	msg := strings.TrimPrefix(err.Error(), "yaml: ")
	line := 0
	if rest, ok := strings.CutPrefix(msg, "line "); ok {
		if num, tail, ok := strings.Cut(rest, ":"); ok {
			if n, err := strconv.Atoi(num); err == nil {
				line, msg = n, strings.TrimSpace(tail)
			}
		}
	}
	if strings.Contains(msg, "exceeded max depth") {
		return fileError(line, 1, fmt.Sprintf("values are nested deeper than %d levels", maxNesting), "")
	}
	return fileError(line, 1, "this is not valid YAML: "+msg, "check the indentation, and put text with : or # or {{ in quotes")
}

// yamlConv turns YAML nodes into items, with aliases expanded within bounds.
type yamlConv struct {
	open  map[*yaml.Node]bool
	count int
	text  int // bytes of text, aliases expanded
	bad   Problems
}

func (c *yamlConv) fail(n *yaml.Node, msg, hint string) *item {
	if len(c.bad) == 0 {
		c.bad = fileError(n.Line, n.Column, msg, hint)
	}
	return &item{pos: Pos{n.Line, n.Column}}
}

func (c *yamlConv) item(n *yaml.Node, depth int) *item {
	c.count++
	switch {
	case len(c.bad) > 0:
		return &item{}
	case c.count > maxItems:
		return c.fail(n, fmt.Sprintf("the file holds more than %d values", maxItems), "YAML aliases are counted expanded; write less, or keep data in a file of its own")
	case c.text > MaxSize:
		return c.fail(n, fmt.Sprintf("the file holds more than %d MiB of text", MaxSize>>20), "YAML aliases are counted expanded; keep data in a file of its own")
	case depth > maxNesting:
		return c.fail(n, fmt.Sprintf("values are nested deeper than %d levels", maxNesting), "")
	}
	it := &item{pos: Pos{n.Line, n.Column}}
	c.text += len(n.Value)
	switch n.Kind {
	case yaml.AliasNode:
		if c.open[n.Alias] {
			return c.fail(n, "the alias "+quote("*"+n.Value)+" contains itself", "write the value out")
		}
		c.open[n.Alias] = true
		x := c.item(n.Alias, depth+1)
		delete(c.open, n.Alias)
		cp := *x
		cp.pos = it.pos
		return &cp
	case yaml.MappingNode:
		c.open[n] = true
		c.mapping(it, n, depth)
		delete(c.open, n)
		return it
	case yaml.SequenceNode:
		c.open[n] = true
		list := make([]*item, len(n.Content))
		for i, e := range n.Content {
			list[i] = c.item(e, depth+1)
		}
		delete(c.open, n)
		it.val = list
		return it
	case yaml.ScalarNode:
		v, err := yamlScalar(n)
		if err != nil {
			return c.fail(n, err.Error(), "put text in quotes")
		}
		it.val = v
		return it
	}
	return c.fail(n, "this YAML is not understood here", "")
}

func (c *yamlConv) mapping(it *item, n *yaml.Node, depth int) {
	it.kids = map[string]*item{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		k := n.Content[i]
		if k.Kind != yaml.ScalarNode {
			c.fail(k, "a key must be text", "")
			return
		}
		if k.ShortTag() == "!!merge" {
			c.fail(k, "YAML merge keys (<<) are not used in flows", "write the values out")
			return
		}
		if _, dup := it.kids[k.Value]; dup {
			c.fail(k, fmt.Sprintf("the key %s is given twice", quote(k.Value)), fmt.Sprintf("the first one is on line %d", it.keyPos(k.Value).Line))
			return
		}
		c.text += len(k.Value)
		it.keys, it.kpos = append(it.keys, k.Value), append(it.kpos, Pos{k.Line, k.Column})
		it.kids[k.Value] = c.item(n.Content[i+1], depth+1)
	}
}

func yamlScalar(n *yaml.Node) (any, error) {
	switch n.ShortTag() {
	case "!!str", "!!timestamp":
		return n.Value, nil
	case "!!null":
		return nil, nil
	case "!!bool":
		if !strings.EqualFold(n.Value, "true") && !strings.EqualFold(n.Value, "false") {
			return nil, fmt.Errorf("%s is neither true nor false", quote(n.Value))
		}
		return strings.EqualFold(n.Value, "true"), nil
	case "!!int":
		if i, err := strconv.ParseInt(strings.ReplaceAll(n.Value, "_", ""), 0, 64); err == nil && !leadingZero(n.Value) {
			return int(i), nil
		}
		if leadingZero(n.Value) {
			return n.Value, nil
		}
		f, err := strconv.ParseFloat(n.Value, 64)
		if err != nil {
			return nil, fmt.Errorf("%s is not a number that can be stored", quote(n.Value))
		}
		return value.Number(f)
	case "!!float":
		f, err := strconv.ParseFloat(strings.ReplaceAll(n.Value, "_", ""), 64)
		if err != nil || math.IsInf(f, 0) || math.IsNaN(f) {
			return nil, fmt.Errorf("%s is not a number that can be stored", quote(n.Value))
		}
		return value.Number(f)
	}
	return nil, fmt.Errorf("the YAML tag %s is not used in flows", quote(n.ShortTag()))
}

// leadingZero reports whether YAML 1.1 would read the text as octal: a post
// code or an id, which the author meant as text.
func leadingZero(s string) bool {
	s = strings.TrimLeft(s, "+-")
	return len(s) > 1 && s[0] == '0' && s[1] >= '0' && s[1] <= '9'
}

func parseJSON(src []byte) (*item, Problems) {
	c := &jsonConv{src: src, dec: json.NewDecoder(bytes.NewReader(src)), pos: Pos{1, 1}}
	c.dec.UseNumber()
	it, err := c.next(0)
	if err == nil {
		if _, e := c.dec.Token(); !errors.Is(e, io.EOF) {
			err = errors.New("there is more after the end of the flow")
		}
	}
	if err != nil {
		var p Problems
		if errors.As(err, &p) {
			return nil, p
		}
		at := c.place(int(c.dec.InputOffset()))
		var syn *json.SyntaxError
		if errors.As(err, &syn) {
			at = c.place(int(syn.Offset) - 1)
		}
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			err = errors.New("the file ends in the middle of a value")
		}
		return nil, fileError(at.Line, at.Col, "this is not valid JSON: "+err.Error(), "")
	}
	return it, nil
}

type jsonConv struct {
	src   []byte
	dec   *json.Decoder
	count int
	off   int // pos is the place of this offset
	pos   Pos
}

// place returns the line and column of an offset. It counts on from the last
// one asked for: a file may be one long line.
func (c *jsonConv) place(offset int) Pos {
	offset = max(0, min(offset, len(c.src)))
	if offset < c.off {
		c.off, c.pos = 0, Pos{1, 1}
	}
	c.pos = advance(c.pos, c.src[c.off:offset])
	c.off = offset
	return c.pos
}

// advance returns the place after text that begins at p.
func advance(p Pos, text []byte) Pos {
	if n := bytes.Count(text, []byte("\n")); n > 0 {
		p.Line, p.Col = p.Line+n, 1
		text = text[bytes.LastIndexByte(text, '\n')+1:]
	}
	p.Col += utf8.RuneCount(text)
	return p
}

// here returns where the next token starts.
func (c *jsonConv) here() Pos {
	at := int(c.dec.InputOffset())
	for at < len(c.src) && strings.IndexByte(" \t\r\n:,", c.src[at]) >= 0 {
		at++
	}
	return c.place(at)
}

func (c *jsonConv) next(depth int) (*item, error) {
	at := c.here()
	if c.count++; c.count > maxItems {
		return nil, fileError(at.Line, at.Col, fmt.Sprintf("the file holds more than %d values", maxItems), "")
	}
	if depth > maxNesting {
		return nil, fileError(at.Line, at.Col, fmt.Sprintf("values are nested deeper than %d levels", maxNesting), "")
	}
	tok, err := c.dec.Token()
	if err != nil {
		return nil, err
	}
	it := &item{pos: at}
	switch x := tok.(type) {
	case json.Delim:
		if x == '[' {
			list := []*item{}
			for c.dec.More() {
				e, err := c.next(depth + 1)
				if err != nil {
					return nil, err
				}
				list = append(list, e)
			}
			it.val = list
		} else {
			it.kids = map[string]*item{}
			for c.dec.More() {
				kp := c.here()
				kt, err := c.dec.Token()
				if err != nil {
					return nil, err
				}
				k := kt.(string)
				if it.kids[k] != nil {
					return nil, fileError(kp.Line, kp.Col, fmt.Sprintf("the key %s is given twice", quote(k)), fmt.Sprintf("the first one is on line %d", it.keyPos(k).Line))
				}
				e, err := c.next(depth + 1)
				if err != nil {
					return nil, err
				}
				it.keys, it.kpos, it.kids[k] = append(it.keys, k), append(it.kpos, kp), e
			}
		}
		_, err = c.dec.Token()
		return it, err
	case json.Number:
		it.val, err = value.Parse([]byte(x))
		return it, err
	}
	it.val = tok
	return it, nil
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
