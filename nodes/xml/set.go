package xml

import (
	"context"
	"slices"
	"strings"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/nodes/xml/xmltree"
)

func init() {
	node.Register(node.Spec[setIn, edited]{
		Type: "xml.set", Title: "Set in XML", Effect: node.Pure,
		Doc: "Changes all places of a document that an XPath expression finds: the text or content of elements, an attribute, a whole element or its name. The rest of the document stays as it is, byte by byte.",
		Examples: []node.Example[setIn, edited]{{
			Title: "A text",
			In:    setIn{change: change{query: query{source: source{Text: "<a>\n  <b n='1'>old</b> <!-- kept -->\n</a>"}, XPath: "//b"}}, content: content{Content: "new & better"}},
			Out:   edited{Text: "<a>\n  <b n='1'>new &amp; better</b> <!-- kept -->\n</a>", Count: 1},
		}, {
			Title: "An attribute of each element",
			In:    setIn{change: change{query: query{source: source{Text: "<a><b/><b n=\"1\"/></a>"}, XPath: "//b"}}, Target: "attribute", Attribute: "n", content: content{Content: 2}},
			Out:   edited{Text: "<a><b n=\"2\"/><b n=\"2\"/></a>", Count: 2},
		}, {
			Title: "Elements as content",
			In:    setIn{change: change{query: query{source: source{Text: "<a><b/></a>"}, XPath: "//b"}}, content: content{Content: map[string]any{"c": []any{1, 2}}}},
			Out:   edited{Text: "<a><b><c>1</c><c>2</c></b></a>", Count: 1},
		}},
		Check: func(in setIn) error {
			if in.Target == "attribute" && in.Attribute == "" {
				return wrong("name it in attribute", "target is attribute, but no attribute is named")
			}
			return nil
		},
		Run: set,
	})
	node.Register(node.Spec[deleteIn, edited]{
		Type: "xml.delete", Title: "Delete from XML", Effect: node.Pure,
		Doc: "Removes all elements, attributes, texts or comments that an XPath expression finds. An element that has lines of its own goes with its lines. The root element cannot be removed.",
		Examples: []node.Example[deleteIn, edited]{{
			Title: "Elements",
			In:    deleteIn{query: query{source: source{Text: "<a>\n  <b/>\n  <c/>\n</a>"}, XPath: "//b"}},
			Out:   edited{Text: "<a>\n  <c/>\n</a>", Count: 1},
		}, {
			Title: "An attribute",
			In:    deleteIn{query: query{source: source{Text: `<a><b x="1" y="2"/></a>`}, XPath: "//@x"}},
			Out:   edited{Text: `<a><b y="2"/></a>`, Count: 1},
		}},
		Run: drop,
	})
}

type setIn struct {
	change
	Target    string `json:"target" default:"content" enum:"content,attribute,element,name" doc:"What to change of each place found: content, all that is between the tags of an element, or the value of an attribute or text that was found; attribute, one of an element, made if it is not there; element, the whole of it; name, the name of an element."`
	Attribute string `json:"attribute" when:"target=attribute" doc:"Name of the attribute."`
	content
}

func set(ctx context.Context, _ *node.Env, in setIn) (edited, error) {
	d, hits, err := in.places(ctx)
	if err != nil {
		return edited{}, err
	}
	text, err := in.xml()
	if err != nil {
		return edited{}, err
	}
	plain := ""
	if needsText(in, hits) {
		if plain, err = (&builder{}).scalar(in.Content, "content"); err != nil {
			return edited{}, err
		}
	}
	var splices []splice
	for _, h := range hits {
		s, err := in.splice(d, h, text, plain)
		if err != nil {
			return edited{}, err
		}
		splices = append(splices, s...)
	}
	out, err := in.apply(ctx, d, mergeTags(splices))
	out.Count = min(out.Count, len(hits))
	return out, err
}

func needsText(in setIn, hits []hit) bool {
	return in.Target == "attribute" || in.Target == "name" || slices.ContainsFunc(hits, func(h hit) bool { return h.attr >= 0 || h.n.Kind != xmltree.Element })
}

// splice returns what changes one place.
func (in setIn) splice(d *xmltree.Doc, h hit, text, plain string) ([]splice, error) {
	switch {
	case h.attr >= 0:
		h.n.Attr[h.attr].Value = plain
		return []splice{retag(d, h.n)}, nil
	case h.n.Kind == xmltree.Comment:
		if strings.Contains(plain, "--") || strings.HasSuffix(plain, "-") {
			return nil, wrong("", "a comment cannot hold two hyphens")
		}
		return []splice{{h.n.Start, h.n.End, "<!--" + plain + "-->"}}, nil
	case h.n.Kind != xmltree.Element:
		return []splice{{h.n.Start, h.n.End, text}}, nil
	}
	switch in.Target {
	case "attribute":
		return in.setAttribute(d, h.n, plain)
	case "element":
		return []splice{{h.n.Start, h.n.End, text}}, nil
	case "name":
		if !xmltree.IsName(plain) {
			return nil, wrong("", "%.80q is no name that XML allows", plain)
		}
		closing := splice{h.n.CloseStart, h.n.End, "</" + plain + ">"}
		closed := selfClosed(d, h.n)
		old := h.n.Name()
		tag := "<" + plain + strings.TrimPrefix(d.Text[h.n.Start:h.n.OpenEnd], "<"+old)
		if closed {
			return []splice{{h.n.Start, h.n.OpenEnd, tag}}, nil
		}
		return []splice{{h.n.Start, h.n.OpenEnd, tag}, closing}, nil
	}
	return []splice{fillElement(d, h.n, text)}, nil
}

func (in setIn) setAttribute(d *xmltree.Doc, n *xmltree.Node, plain string) ([]splice, error) {
	if !xmltree.IsName(in.Attribute) {
		return nil, wrong("", "%.80q is no name that XML allows", in.Attribute)
	}
	for i := range n.Attr {
		if n.Attr[i].Name() == in.Attribute {
			n.Attr[i].Value = plain
			return []splice{retag(d, n)}, nil
		}
	}
	a := xmltree.Attr{Local: in.Attribute, Value: plain}
	if p, l, two := strings.Cut(in.Attribute, ":"); two {
		a.Prefix, a.Local = p, l
	}
	n.Attr = append(n.Attr, a)
	return []splice{retag(d, n)}, nil
}

// mergeTags keeps the last of several changes of the same place: each attribute
// of an element writes its start tag anew, with the changes before.
func mergeTags(splices []splice) []splice {
	last := map[int]int{}
	for i, s := range splices {
		last[s.from] = i
	}
	var out []splice
	for i, s := range splices {
		if last[s.from] == i {
			out = append(out, s)
		}
	}
	return out
}

type deleteIn struct {
	query
	Missing string `json:"missing" default:"ignore" enum:"error,ignore" doc:"What to do when the XPath finds nothing: fail, or return the document as it is."`
}

func drop(ctx context.Context, _ *node.Env, in deleteIn) (edited, error) {
	c := change(in)
	d, hits, err := c.places(ctx)
	if err != nil {
		return edited{}, err
	}
	// Attributes are taken out of the tree by name, for indexes move.
	gone := map[*xmltree.Node][]string{}
	var splices []splice
	for _, h := range hits {
		switch {
		case h.attr >= 0:
			gone[h.n] = append(gone[h.n], h.n.Attr[h.attr].Name())
		case h.n == d.Root:
			return edited{}, wrong("", "the root element cannot be removed: a document has one")
		default:
			splices = append(splices, cut(d.Text, h.n))
		}
	}
	for n, names := range gone {
		n.Attr = slices.DeleteFunc(slices.Clone(n.Attr), func(a xmltree.Attr) bool { return slices.Contains(names, a.Name()) })
		splices = append(splices, retag(d, n))
	}
	out, err := c.apply(ctx, d, splices)
	out.Count = len(hits)
	return out, err
}

// cut removes a node, with its line when nothing else is on it.
func cut(text string, n *xmltree.Node) splice {
	s := splice{from: n.Start, to: n.End}
	if n.Kind == xmltree.Text {
		return s
	}
	rest := strings.TrimLeft(text[n.End:], " \t")
	if m := margin(text, n.Start); m != "" && (strings.HasPrefix(rest, "\n") || strings.HasPrefix(rest, "\r")) {
		s.from -= len(m)
		s.to = len(text) - len(rest)
	}
	return s
}
