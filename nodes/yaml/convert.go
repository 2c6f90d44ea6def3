package yaml

import (
	"encoding/base64"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/aether-rpa/aether/value"
)

// rules say how YAML becomes a value.
type rules struct {
	YesNo      bool   `json:"yes_no" doc:"Read yes, no, on and off as true and false, as YAML 1.1 did. They are text otherwise."`
	Octal      string `json:"leading_zeros" default:"text" enum:"text,number" is:"advanced" doc:"What whole numbers with leading zeros are, such as 007: text, because they mostly are codes, or a number, octal where all digits allow it, as YAML 1.1 did. 0o17 is a number always."`
	Duplicates string `json:"duplicates" default:"error" enum:"error,last,first" doc:"What to do with a key that is given twice: fail, or keep the last or first value."`
	Tags       string `json:"tags" default:"error" enum:"error,ignore,keep" doc:"What to do with tags of other programs, such as !Ref: fail, leave the tag out, or make a map of the tag and its value."`
	Merge      bool   `json:"merge_keys" default:"true" is:"advanced" doc:"Follow merge keys (<<), by which a map takes over the keys of others. Off, << is a key like any other."`
}

// converter makes values of YAML nodes, with aliases expanded within bounds.
type converter struct {
	rules
	open  map[*yaml.Node]bool // anchors being expanded
	count int
	text  int
}

func (c *converter) fail(n *yaml.Node, hint, format string, args ...any) error {
	return wrong(hint, "%s, at line %d, column %d", fmt.Sprintf(format, args...), n.Line, n.Column)
}

func (c *converter) value(n *yaml.Node, depth int) (any, error) {
	c.count++
	c.text += len(n.Value)
	switch {
	case c.count > maxItems:
		return nil, c.fail(n, "aliases are counted expanded; write the values out or split the text", "the text holds more than %d values", maxItems)
	case c.text > maxExpand:
		return nil, c.fail(n, "aliases are counted expanded; write the values out or split the text", "the text holds more than %d MB", maxExpand>>20)
	case depth > maxNesting:
		return nil, c.fail(n, "", "values are nested deeper than %d levels", maxNesting)
	}
	switch n.Kind {
	case yaml.AliasNode:
		return c.alias(n, depth)
	case yaml.MappingNode:
		defer c.enter(n)()
		m, err := c.mapping(n, depth)
		if err != nil {
			return nil, err
		}
		return c.tagged(n, m)
	case yaml.SequenceNode:
		defer c.enter(n)()
		list := make([]any, 0, len(n.Content))
		for _, e := range n.Content {
			v, err := c.value(e, depth+1)
			if err != nil {
				return nil, err
			}
			list = append(list, v)
		}
		return c.tagged(n, list)
	case yaml.ScalarNode:
		return c.scalar(n)
	}
	return nil, c.fail(n, "", "this YAML is not understood")
}

// enter notes that a node is being expanded, and returns what ends that.
func (c *converter) enter(n *yaml.Node) func() {
	if n.Anchor == "" {
		return func() {}
	}
	c.open[n] = true
	return func() { delete(c.open, n) }
}

func (c *converter) alias(n *yaml.Node, depth int) (any, error) {
	if n.Alias == nil || c.open[n.Alias] {
		return nil, c.fail(n, "write the value out", "the alias %.60q contains itself", "*"+n.Value)
	}
	return c.value(n.Alias, depth+1)
}

func (c *converter) mapping(n *yaml.Node, depth int) (map[string]any, error) {
	out := make(map[string]any, len(n.Content)/2)
	merged := map[string]bool{} // keys that a merge brought, which own keys replace
	for i := 0; i+1 < len(n.Content); i += 2 {
		k, v := n.Content[i], n.Content[i+1]
		if c.Merge && k.Kind == yaml.ScalarNode && k.Value == "<<" && k.ShortTag() == "!!merge" {
			if err := c.merge(out, merged, v, depth); err != nil {
				return nil, err
			}
			continue
		}
		key, err := c.key(k)
		if err != nil {
			return nil, err
		}
		val, err := c.value(v, depth+1)
		if err != nil {
			return nil, err
		}
		if _, twice := out[key]; twice && !merged[key] {
			switch c.Duplicates {
			case "first":
				continue
			case "last":
			default:
				return nil, c.fail(k, "set duplicates to keep one of them", "the key %.80q is given twice", key)
			}
		}
		delete(merged, key)
		out[key] = val
	}
	return out, nil
}

// key returns the text of a key; those of numbers and booleans are as written.
func (c *converter) key(k *yaml.Node) (string, error) {
	for k.Kind == yaml.AliasNode && k.Alias != nil {
		k = k.Alias
	}
	if k.Kind != yaml.ScalarNode {
		return "", c.fail(k, "write the map another way", "a key is a list or map, which a key of a value cannot be")
	}
	c.text += len(k.Value)
	return k.Value, nil
}

// merge takes over the keys of other maps. Own keys win, and of several maps
// the first.
func (c *converter) merge(out map[string]any, merged map[string]bool, v *yaml.Node, depth int) error {
	if v.Kind == yaml.SequenceNode {
		for _, e := range v.Content {
			if e.Kind == yaml.SequenceNode {
				return c.fail(e, "", "a merge key takes maps only")
			}
			if err := c.merge(out, merged, e, depth); err != nil {
				return err
			}
		}
		return nil
	}
	x, err := c.value(v, depth+1)
	if err != nil {
		return err
	}
	m, ok := x.(map[string]any)
	if !ok {
		return c.fail(v, "", "a merge key takes maps only")
	}
	for k, e := range m {
		if _, there := out[k]; !there {
			out[k], merged[k] = e, true
		}
	}
	return nil
}

var known = []string{"!!map", "!!seq", "!!str", "!!null", "!!bool", "!!int", "!!float", "!!timestamp", "!!merge", "!!binary", "!!omap", "!", ""}

// tagged applies the rule for tags to the value of a node.
func (c *converter) tagged(n *yaml.Node, v any) (any, error) {
	tag := n.ShortTag()
	if slices.Contains(known, tag) {
		return v, nil
	}
	switch c.Tags {
	case "ignore":
		return v, nil
	case "keep":
		return map[string]any{"tag": tag, "value": v}, nil
	}
	return nil, c.fail(n, "set tags to ignore or keep", "the tag %.80q is not known", tag)
}

func (c *converter) scalar(n *yaml.Node) (any, error) {
	tag := n.ShortTag()
	switch tag {
	case "!!null":
		return nil, nil
	case "!!bool":
		return c.boolean(n)
	case "!!int", "!!float":
		return c.number(n, tag)
	case "!!binary":
		s := strings.Map(func(r rune) rune {
			if r == ' ' || r == '\n' || r == '\r' || r == '\t' {
				return -1
			}
			return r
		}, n.Value)
		if _, err := base64.StdEncoding.DecodeString(s); err != nil {
			return nil, c.fail(n, "", "the binary value is not base64")
		}
		return s, nil
	case "!!str", "!!timestamp", "!!merge", "!":
		if c.YesNo && n.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle|yaml.LiteralStyle|yaml.FoldedStyle|yaml.TaggedStyle) == 0 {
			if b, ok := yesNo[strings.ToLower(n.Value)]; ok {
				return b, nil
			}
		}
		return n.Value, nil
	}
	if slices.Contains(known, tag) {
		return n.Value, nil
	}
	// A tag hides what the value is: "!x 5" keeps its text.
	return c.tagged(n, n.Value)
}

var yesNo = map[string]bool{"yes": true, "on": true, "y": true, "no": false, "off": false, "n": false}

func (c *converter) boolean(n *yaml.Node) (any, error) {
	switch strings.ToLower(n.Value) {
	case "true":
		return true, nil
	case "false":
		return false, nil
	}
	if b, ok := yesNo[strings.ToLower(n.Value)]; ok {
		if !c.YesNo && n.Style&yaml.TaggedStyle == 0 {
			return n.Value, nil
		}
		return b, nil
	}
	return nil, c.fail(n, "write true or false", "%.80q is neither true nor false", n.Value)
}

var decimal = regexp.MustCompile(`^[-+]?[0-9][0-9_]*$`)

func (c *converter) number(n *yaml.Node, tag string) (any, error) {
	s := strings.ReplaceAll(n.Value, "_", "")
	if decimal.MatchString(n.Value) {
		digits := strings.TrimLeft(s, "+-")
		if len(digits) > 1 && digits[0] == '0' && n.Style&yaml.TaggedStyle == 0 {
			if c.Octal != "number" {
				return n.Value, nil
			}
		} else if i, err := strconv.Atoi(s); err == nil {
			return i, nil
		} else if f, err := strconv.ParseFloat(s, 64); err == nil {
			return c.stored(n, f)
		}
	}
	if tag == "!!int" || c.Octal == "number" {
		if i, err := strconv.ParseInt(s, 0, 64); err == nil {
			return int(i), nil
		}
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil {
		switch strings.ToLower(strings.TrimLeft(s, "+-")) {
		case ".inf", ".nan":
			return c.stored(n, math.NaN())
		}
		return n.Value, nil // it only looked like a number: 1.2.3, 12:30
	}
	return c.stored(n, f)
}

func (c *converter) stored(n *yaml.Node, f float64) (any, error) {
	v, err := value.Number(f)
	if err != nil {
		return nil, c.fail(n, "put it in quotes to have it as text", "%.80q is a number that cannot be stored", n.Value)
	}
	return v, nil
}
