package flow

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/aether-rpa/aether/value"
)

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
