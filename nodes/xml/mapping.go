package xml

import (
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/aether-rpa/aether/nodes/xml/xmltree"
)

// names are the params that reading and writing values share.
type names struct {
	Mapping         string `json:"mapping" default:"compact" enum:"compact,ordered" doc:"Shape of the value. Compact: an element is a map of its attributes (@id), its elements by name (lists where one repeats) and its text (#text); an element with text alone is that text, an empty one an empty text. Compact loses comments and the order of elements with different names. Ordered: an element is a map of name, attributes and children, which is a list of texts and elements in their order."`
	AttributePrefix string `json:"attribute_prefix" default:"@" doc:"What the keys of attributes begin with in the compact mapping."`
	TextKey         string `json:"text_key" default:"#text" doc:"Key of the text of an element that also has attributes or elements, in the compact mapping."`
}

// shape says how a tree becomes a value.
type shape struct {
	names
	Attributes string   `json:"attributes" default:"prefix" enum:"prefix,nested,drop" doc:"Where attributes go in the compact mapping: keys with a prefix, a map of their own under the prefix and the word attributes (@attributes), or nowhere."`
	Namespaces string   `json:"namespaces" default:"keep" enum:"keep,strip,uri" doc:"How names are given: keep as written with their prefix, and declarations (xmlns) as attributes; strip without prefix; uri as {namespace}name. Declarations are left out of the last two."`
	ForceList  []string `json:"force_list" doc:"Names of elements that are lists in the compact mapping even where they occur once, so that the value has the same shape always; * for all."`
	Trim       bool     `json:"trim" default:"true" doc:"Remove white space at the ends of texts. In the ordered mapping only texts that are nothing else are removed, for the others may belong to a sentence."`
	Types      bool     `json:"types" doc:"Make numbers, true and false of texts that look like them. Codes such as 007 stay text."`
}

// value returns the value of a document or element, under its name when the
// mapping is compact.
func (s shape) value(n *xmltree.Node) any {
	if s.Mapping == "ordered" {
		return s.ordered(n)
	}
	return map[string]any{s.name(n): s.compact(n)}
}

func (s shape) name(n *xmltree.Node) string {
	switch s.Namespaces {
	case "strip":
		return n.Local
	case "uri":
		return n.Clark()
	}
	return n.Name()
}

func (s shape) attrName(a xmltree.Attr) string {
	switch s.Namespaces {
	case "strip":
		return a.Local
	case "uri":
		return a.Clark()
	}
	return a.Name()
}

func (s shape) attrs(n *xmltree.Node, add func(name string, v any)) {
	for _, a := range n.Attr {
		if a.Declares() && s.Namespaces != "keep" && s.Namespaces != "" {
			continue
		}
		add(s.attrName(a), s.scalar(a.Value))
	}
}

func (s shape) ordered(n *xmltree.Node) any {
	attributes := map[string]any{}
	s.attrs(n, func(name string, v any) { attributes[name] = v })
	children := []any{}
	for c := n.First; c != nil; c = c.Next {
		switch c.Kind {
		case xmltree.Element:
			children = append(children, s.ordered(c))
		case xmltree.Text:
			if c.Data == "" { // <![CDATA[]]>
				continue
			}
			if last := len(children) - 1; last >= 0 {
				if t, ok := children[last].(string); ok { // CDATA beside text
					children[last] = t + c.Data
					continue
				}
			}
			children = append(children, c.Data)
		}
	}
	if s.Trim {
		children = slices.DeleteFunc(children, func(v any) bool {
			t, ok := v.(string)
			return ok && xmltree.Blank(t)
		})
	}
	if s.Types && len(children) == 1 {
		if t, ok := children[0].(string); ok {
			children[0] = s.scalar(t)
		}
	}
	return map[string]any{"name": s.name(n), "attributes": attributes, "children": children}
}

func (s shape) compact(n *xmltree.Node) any {
	out := map[string]any{}
	switch s.Attributes {
	case "drop":
	case "nested":
		own := map[string]any{}
		s.attrs(n, func(name string, v any) { own[name] = v })
		if len(own) > 0 {
			out[s.AttributePrefix+"attributes"] = own
		}
	default:
		s.attrs(n, func(name string, v any) { s.add(out, s.AttributePrefix+name, v, false) })
	}
	elements := false
	for c := n.First; c != nil; c = c.Next {
		if c.Kind == xmltree.Element {
			elements = true
			name := s.name(c)
			s.add(out, name, s.compact(c), true)
		}
	}
	text := n.Lead()
	if elements {
		text = directText(n)
		if xmltree.Blank(text) {
			text = ""
		}
	}
	if s.Trim {
		text = strings.TrimSpace(text)
	}
	switch {
	case len(out) == 0:
		return s.scalar(text)
	case text != "":
		s.add(out, s.TextKey, s.scalar(text), false)
	}
	return out
}

// directText returns the text right below, without that of elements.
func directText(n *xmltree.Node) string {
	var b strings.Builder
	for c := n.First; c != nil; c = c.Next {
		if c.Kind == xmltree.Text {
			b.WriteString(c.Data)
		}
	}
	return b.String()
}

// add sets a key, or makes a list of it. No value that is added is a list.
func (s shape) add(out map[string]any, key string, v any, element bool) {
	old, there := out[key]
	list, isList := old.([]any)
	switch {
	case isList:
		out[key] = append(list, v)
	case there:
		out[key] = []any{old, v}
	case element && (slices.Contains(s.ForceList, key) || slices.Contains(s.ForceList, "*")):
		out[key] = []any{v}
	default:
		out[key] = v
	}
}

var (
	wholeNumber = regexp.MustCompile(`^-?(0|[1-9]\d{0,17})$`)
	fraction    = regexp.MustCompile(`^-?(0|[1-9]\d{0,14})\.\d{1,15}$`)
)

// scalar makes a number or boolean of a text, if that is asked for.
func (s shape) scalar(text string) any {
	if !s.Types {
		return text
	}
	t := strings.TrimSpace(text)
	switch {
	case t == "true":
		return true
	case t == "false":
		return false
	case wholeNumber.MatchString(t) && t != "-0":
		if i, err := strconv.Atoi(t); err == nil {
			return i
		}
	case fraction.MatchString(t):
		if f, err := strconv.ParseFloat(t, 64); err == nil {
			if f == math.Trunc(f) {
				return int(f)
			}
			return f
		}
	}
	return text
}
