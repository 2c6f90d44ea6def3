package xml

import (
	"context"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/nodes/xml/xmltree"
)

func init() {
	node.Register(node.Spec[formatIn, formatOut]{
		Type: "xml.format", Title: "Write XML", Effect: node.Pure,
		Doc: "Writes a value as XML text: the reverse of xml.parse. Maps have no order, so elements come sorted by name; name in `order` those that a schema wants in an order, or use the ordered mapping. A name that XML does not allow is an error.",
		Examples: []node.Example[formatIn, formatOut]{{
			Title: "An order",
			In: formatIn{Value: map[string]any{"order": map[string]any{"@id": 7, "line": []any{"a", map[string]any{"@n": 2, "#text": "b & c"}}, "buyer": "Ann"}},
				writing: writing{Order: []string{"buyer", "line"}}},
			Out: formatOut{Text: "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<order id=\"7\">\n  <buyer>Ann</buyer>\n  <line>a</line>\n  <line n=\"2\">b &amp; c</line>\n</order>"},
		}, {
			Title: "A list under a root of its own",
			In:    formatIn{Value: []any{1, nil, "x"}, writing: writing{Root: "all", Nil: "omit"}},
			Out:   formatOut{Text: "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<all>\n  <item>1</item>\n  <item>x</item>\n</all>"},
		}, {
			Title: "Mixed text, ordered",
			In: formatIn{Value: map[string]any{"name": "p", "children": []any{"Dear ", map[string]any{"name": "b", "children": []any{"Ann"}}, "!"}},
				writing: writing{names: names{Mapping: "ordered"}}},
			Out: formatOut{Text: "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<p>Dear <b>Ann</b>!</p>"},
		}},
		Run: func(_ context.Context, _ *node.Env, in formatIn) (formatOut, error) {
			text, err := in.document(in.Value, in.layout)
			return formatOut{Text: text}, err
		},
	})
}

type formatIn struct {
	Value any `json:"value" doc:"Value to write: a map with one key, the root element, unless root is given."`
	writing
	layout
}

type formatOut struct {
	Text string `json:"text" doc:"XML text."`
}

// writing says how a value becomes XML.
type writing struct {
	names
	Root  string   `json:"root" doc:"Name of a root element to put around the value. Empty takes the only key of the map."`
	Item  string   `json:"item" default:"item" doc:"Name of the elements of a list that has no name of its own."`
	Order []string `json:"order" doc:"Names of elements in the order in which they are written, at all levels; the others follow sorted by name."`
	CData []string `json:"cdata" is:"advanced" doc:"Names of elements whose text is written as CDATA."`
	Nil   string   `json:"nil" default:"empty" enum:"empty,omit" doc:"How nil is written: as an empty element, or not at all."`
	Bad   string   `json:"bad_characters" default:"error" enum:"error,drop" is:"advanced" doc:"What to do with control characters, which XML cannot hold: fail, or leave them out."`
}

// layout says how XML looks.
type layout struct {
	Pretty      bool `json:"pretty" default:"true" doc:"Put elements on lines of their own. Elements with text stay as they are, so that no text changes."`
	Indent      int  `json:"indent" default:"2" min:"0" max:"10" doc:"Blanks for each level."`
	Declaration bool `json:"declaration" default:"true" doc:"Begin with <?xml version=\"1.0\"?>."`
	ExpandEmpty bool `json:"expand_empty" is:"advanced" doc:"Write empty elements as <a></a> rather than <a/>."`
}

func (l layout) tree() xmltree.Layout {
	return xmltree.Layout{Pretty: l.Pretty, Indent: strings.Repeat(" ", l.Indent), NoEmptyTag: l.ExpandEmpty}
}

// document writes a whole document.
func (w writing) document(v any, l layout) (string, error) {
	b := &builder{writing: w, spaces: map[string]string{}}
	top := &xmltree.Node{Kind: xmltree.Document}
	if err := b.root(top, v); err != nil {
		return "", err
	}
	var out strings.Builder
	if l.Declaration {
		out.WriteString(declaration("UTF-8"))
	}
	if err := l.tree().Write(&out, top); err != nil {
		return "", err
	}
	return out.String(), nil
}

func declaration(encoding string) string {
	return `<?xml version="1.0" encoding="` + strings.ToUpper(encoding) + `"?>` + "\n"
}

// builder makes a tree of a value.
type builder struct {
	writing
	spaces map[string]string // namespace to the prefix made for it
}

func (b *builder) root(top *xmltree.Node, v any) error {
	var err error
	switch {
	case b.Mapping == "ordered":
		err = b.ordered(top, v, "value", 0)
	case b.Root != "":
		err = b.element(top, b.Root, v, b.Root, 0)
	default:
		m, ok := v.(map[string]any)
		if !ok || len(m) != 1 {
			return wrong("give a map with one key, or name a root element in root", "the value is no map with exactly one key, so it is not clear what the root element is")
		}
		for k, e := range m {
			if _, list := e.([]any); list {
				return wrong("name a root element in root", "the value has a list under its only key %.80q, but a document has one root element", k)
			}
			err = b.element(top, k, e, k, 0)
		}
	}
	if err != nil {
		return err
	}
	if top.First == nil {
		return wrong("", "the value is nil, and nil is left out: there is no root element")
	}
	for space, prefix := range b.spaces {
		top.First.Attr = append(top.First.Attr, xmltree.Attr{Prefix: "xmlns", Local: prefix, Value: space})
	}
	slices.SortStableFunc(top.First.Attr, func(a, c xmltree.Attr) int {
		if a.Declares() && c.Declares() && a.Prefix != "" && c.Prefix != "" {
			return strings.Compare(a.Local, c.Local)
		}
		return 0
	})
	return nil
}

// name reads a name as written, or {namespace}name, which gets a prefix.
func (b *builder) name(name, path string) (prefix, local string, err error) {
	if rest, ok := strings.CutPrefix(name, "{"); ok {
		space, local, ok := strings.Cut(rest, "}")
		if ok && xmltree.IsName(local) && !strings.Contains(local, ":") {
			if space == "" {
				return "", local, nil
			}
			if space == "http://www.w3.org/XML/1998/namespace" {
				return "xml", local, nil
			}
			if err := xmltree.CheckText(space); err != nil {
				return "", "", wrong("", "%.200s: %v", path, err)
			}
			if b.spaces[space] == "" {
				b.spaces[space] = "ns" + strconv.Itoa(len(b.spaces))
			}
			return b.spaces[space], local, nil
		}
	}
	if !xmltree.IsName(name) {
		return "", "", wrong("names begin with a letter or _ and hold letters, digits, . - and _; rename the key, for instance with map.rename_keys", "%.200s: %.80q is no name that XML allows", path, name)
	}
	prefix, local, two := strings.Cut(name, ":")
	if !two {
		return "", prefix, nil
	}
	return prefix, local, nil
}

func (b *builder) newElement(parent *xmltree.Node, name, path string, depth int) (*xmltree.Node, error) {
	if depth >= xmltree.MaxDepth {
		return nil, wrong("", "%.200s: the value is nested deeper than %d levels", path, xmltree.MaxDepth)
	}
	n := &xmltree.Node{Kind: xmltree.Element}
	var err error
	if n.Prefix, n.Local, err = b.name(name, path); err != nil {
		return nil, err
	}
	parent.Append(n)
	return n, nil
}

func (b *builder) element(parent *xmltree.Node, name string, v any, path string, depth int) error {
	if v == nil && b.Nil == "omit" {
		return nil
	}
	n, err := b.newElement(parent, name, path, depth)
	if err != nil {
		return err
	}
	switch x := v.(type) {
	case nil:
		return nil
	case map[string]any:
		return b.fill(n, x, path, depth)
	case []any:
		for i, e := range x {
			if err := b.element(n, b.Item, e, path+"["+strconv.Itoa(i)+"]", depth+1); err != nil {
				return err
			}
		}
		return nil
	}
	return b.text(n, v, path)
}

func (b *builder) fill(n *xmltree.Node, m map[string]any, path string, depth int) error {
	for _, k := range b.keys(m) {
		v, at := m[k], path+"."+k
		switch {
		case k == b.TextKey:
			if list, ok := v.([]any); ok {
				for _, e := range list {
					if err := b.text(n, e, at); err != nil {
						return err
					}
				}
				continue
			}
			if err := b.text(n, v, at); err != nil {
				return err
			}
		case b.AttributePrefix != "" && strings.HasPrefix(k, b.AttributePrefix):
			name := strings.TrimPrefix(k, b.AttributePrefix)
			own, nested := v.(map[string]any)
			if name != "attributes" || !nested {
				own = map[string]any{name: v}
			}
			if err := b.attributes(n, own, at); err != nil {
				return err
			}
		default:
			if list, ok := v.([]any); ok {
				for i, e := range list {
					if err := b.element(n, k, e, at+"["+strconv.Itoa(i)+"]", depth+1); err != nil {
						return err
					}
				}
				continue
			}
			if err := b.element(n, k, v, at, depth+1); err != nil {
				return err
			}
		}
	}
	return nil
}

func (b *builder) attributes(n *xmltree.Node, m map[string]any, path string) error {
	for _, k := range slices.Sorted(maps.Keys(m)) {
		if m[k] == nil && b.Nil == "omit" {
			continue
		}
		a := xmltree.Attr{}
		var err error
		if a.Prefix, a.Local, err = b.name(k, path); err != nil {
			return err
		}
		if a.Value, err = b.scalar(m[k], path); err != nil {
			return err
		}
		if slices.ContainsFunc(n.Attr, func(c xmltree.Attr) bool { return c.Name() == a.Name() }) {
			return wrong("", "%.200s: the attribute %.80q is given twice", path, a.Name())
		}
		n.Attr = append(n.Attr, a)
	}
	return nil
}

// keys returns the keys in the order of writing: text first, then attributes
// and elements.
func (b *builder) keys(m map[string]any) []string {
	rank := func(k string) int {
		if k == b.TextKey {
			return -1
		}
		if i := slices.Index(b.Order, k); i >= 0 {
			return i
		}
		return len(b.Order)
	}
	return slices.SortedFunc(maps.Keys(m), func(x, y string) int {
		if d := rank(x) - rank(y); d != 0 {
			return d
		}
		return strings.Compare(x, y)
	})
}

func (b *builder) text(n *xmltree.Node, v any, path string) error {
	s, err := b.scalar(v, path)
	if err != nil {
		return err
	}
	if s == "" {
		return nil
	}
	t := &xmltree.Node{Kind: xmltree.Text, Data: s}
	if slices.Contains(b.CData, n.Name()) && !strings.Contains(s, "]]>") && !strings.Contains(s, "\r") {
		t.CData = true
	}
	n.Append(t)
	return nil
}

func (b *builder) scalar(v any, path string) (string, error) {
	var s string
	switch x := v.(type) {
	case nil:
	case string:
		s = x
	case bool:
		s = strconv.FormatBool(x)
	case int:
		s = strconv.Itoa(x)
	case float64:
		s = strconv.FormatFloat(x, 'f', -1, 64)
		if len(s) > 30 {
			s = strconv.FormatFloat(x, 'g', -1, 64)
		}
	default:
		return "", wrong("attributes and texts are texts, numbers, booleans or nil", "%.200s is a list or map where XML takes text only", path)
	}
	if b.Bad == "drop" {
		return xmltree.DropIllegal(s), nil
	}
	if err := xmltree.CheckText(s); err != nil {
		return "", wrong("set bad_characters to drop to leave it out", "%.200s: %v", path, err)
	}
	return s, nil
}

// ordered writes a map of name, attributes and children.
func (b *builder) ordered(parent *xmltree.Node, v any, path string, depth int) error {
	m, ok := v.(map[string]any)
	name, named := m["name"].(string)
	if !ok || !named {
		return wrong("in the ordered mapping an element is a map of name, attributes and children", "%.200s is no element with a name", path)
	}
	n, err := b.newElement(parent, name, path, depth)
	if err != nil {
		return err
	}
	attributes, isMap := m["attributes"].(map[string]any)
	children, isList := m["children"].([]any)
	if m["attributes"] != nil && !isMap || m["children"] != nil && !isList {
		return wrong("in the ordered mapping attributes is a map and children a list", "%.200s has attributes or children of the wrong type", path)
	}
	if err := b.attributes(n, attributes, path+".attributes"); err != nil {
		return err
	}
	for i, c := range children {
		at := path + ".children[" + strconv.Itoa(i) + "]"
		switch c.(type) {
		case map[string]any:
			err = b.ordered(n, c, at, depth+1)
		case nil:
		default:
			err = b.text(n, c, at)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
