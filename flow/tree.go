package flow

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"sort"
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
	maxItems   = 1_000_000
	maxNesting = 200
)

// item is a value with the place where it was written. A map keeps its keys in
// file order.
type item struct {
	pos  Pos
	val  any // scalar, []*item or *table
	keys []string
	kids map[string]*item
	kpos map[string]Pos
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

// decodeText takes a UTF-8 byte order mark away and refuses other encodings.
func decodeText(src []byte) ([]byte, Problems) {
	src = bytes.TrimPrefix(src, []byte("\xef\xbb\xbf"))
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

func parseYAML(src []byte) (*item, Problems) {
	dec := yaml.NewDecoder(bytes.NewReader(src))
	var doc yaml.Node
	if err := dec.Decode(&doc); err != nil {
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
	return fileError(line, 1, "this is not valid YAML: "+msg, "check the indentation, and put text with : or # or {{ in quotes")
}

// yamlConv turns YAML nodes into items, with aliases expanded within bounds.
type yamlConv struct {
	open  map[*yaml.Node]bool
	count int
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
	case depth > maxNesting:
		return c.fail(n, fmt.Sprintf("values are nested deeper than %d levels", maxNesting), "")
	}
	it := &item{pos: Pos{n.Line, n.Column}}
	switch n.Kind {
	case yaml.AliasNode:
		if c.open[n.Alias] {
			return c.fail(n, "the alias *"+n.Value+" contains itself", "write the value out")
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
	it.kids, it.kpos = map[string]*item{}, map[string]Pos{}
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
			c.fail(k, fmt.Sprintf("the key %q is given twice", k.Value), fmt.Sprintf("the first one is on line %d", it.kpos[k.Value].Line))
			return
		}
		it.keys = append(it.keys, k.Value)
		it.kpos[k.Value] = Pos{k.Line, k.Column}
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
			return nil, fmt.Errorf("the number %s is out of range", n.Value)
		}
		return value.Number(f)
	case "!!float":
		f, err := strconv.ParseFloat(strings.ReplaceAll(n.Value, "_", ""), 64)
		if err != nil || math.IsInf(f, 0) || math.IsNaN(f) {
			return nil, fmt.Errorf("%s is not a number that can be stored", n.Value)
		}
		return value.Number(f)
	}
	return nil, fmt.Errorf("the YAML tag %s is not used in flows", n.ShortTag())
}

// leadingZero reports whether YAML 1.1 would read the text as octal: a post
// code or an id, which the author meant as text.
func leadingZero(s string) bool {
	s = strings.TrimLeft(s, "+-")
	return len(s) > 1 && s[0] == '0' && s[1] >= '0' && s[1] <= '9'
}

func parseJSON(src []byte) (*item, Problems) {
	c := &jsonConv{src: src, dec: json.NewDecoder(bytes.NewReader(src))}
	for i, b := range src {
		if b == '\n' {
			c.lines = append(c.lines, i)
		}
	}
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
	lines []int
	dec   *json.Decoder
	count int
}

func (c *jsonConv) place(offset int) Pos {
	offset = max(0, min(offset, len(c.src)))
	n := sort.SearchInts(c.lines, offset)
	start := 0
	if n > 0 {
		start = c.lines[n-1] + 1
	}
	return Pos{n + 1, offset - start + 1}
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
			it.kids, it.kpos = map[string]*item{}, map[string]Pos{}
			for c.dec.More() {
				kp := c.here()
				kt, err := c.dec.Token()
				if err != nil {
					return nil, err
				}
				k := kt.(string)
				if first, dup := it.kpos[k]; dup {
					return nil, fileError(kp.Line, kp.Col, fmt.Sprintf("the key %q is given twice", k), fmt.Sprintf("the first one is on line %d", first.Line))
				}
				e, err := c.next(depth + 1)
				if err != nil {
					return nil, err
				}
				it.keys, it.kids[k], it.kpos[k] = append(it.keys, k), e, kp
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
