package xml

import (
	"context"
	"strings"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/nodes/xml/xmltree"
)

func init() {
	node.Register(node.Spec[insertIn, edited]{
		Type: "xml.insert", Title: "Insert into XML", Effect: node.Pure,
		Doc: "Puts elements or text into a document: at the end or start of the elements that an XPath expression finds, or beside them. Where the document is indented, elements get a line of their own. The rest stays as it is, byte by byte.",
		Examples: []node.Example[insertIn, edited]{{
			Title: "At the end, as a value",
			In: insertIn{change: change{query: query{source: source{Text: "<list>\n  <item>a</item>\n</list>"}, XPath: "/list"}},
				content: content{Content: map[string]any{"item": "b"}}},
			Out: edited{Text: "<list>\n  <item>a</item>\n  <item>b</item>\n</list>", Count: 1},
		}, {
			Title: "Before an element, as XML",
			In: insertIn{change: change{query: query{source: source{Text: "<a><b/></a>"}, XPath: "//b"}}, Position: "before",
				content: content{Content: "<c/>", ContentAs: "xml"}},
			Out: edited{Text: "<a><c/><b/></a>", Count: 1},
		}},
		Run: insert,
	})
}

type insertIn struct {
	change
	Position string `json:"position" default:"last" enum:"last,first,before,after" doc:"Where to put it: as the last or first thing in each element found, or before or after it."`
	content
	Indent bool `json:"indent" default:"true" doc:"Put elements on a line of their own where the document is indented."`
}

func insert(ctx context.Context, _ *node.Env, in insertIn) (edited, error) {
	d, hits, err := in.places(ctx)
	if err != nil {
		return edited{}, err
	}
	text, err := in.xml()
	if err != nil {
		return edited{}, err
	}
	if text == "" {
		return edited{Text: d.Text}, nil
	}
	pieces := []string{text}
	if in.Indent {
		pieces = pieceOf(ctx, text)
	}
	var splices []splice
	for _, h := range hits {
		switch {
		case h.attr >= 0:
			return edited{}, wrong("find elements", "the XPath expression finds attributes, where nothing can be inserted")
		case h.n == d.Root && (in.Position == "before" || in.Position == "after"):
			return edited{}, wrong("", "nothing can stand beside the root element")
		case h.n.Kind != xmltree.Element && in.Position != "before" && in.Position != "after":
			return edited{}, wrong("use the position before or after", "the XPath expression finds texts or comments, which hold nothing")
		}
		splices = append(splices, in.splice(d, h.n, pieces))
	}
	return in.apply(ctx, d, splices)
}

// pieceOf cuts XML into its elements, so that each gets a line; text is one
// piece with what surrounds it.
func pieceOf(ctx context.Context, text string) []string {
	d, err := xmltree.Parse(ctx, "<x>"+text+"</x>", xmltree.Options{HTMLEntities: true})
	if err != nil {
		return []string{text}
	}
	var out []string
	for c := d.Root.First; c != nil; c = c.Next {
		if c.Kind == xmltree.Text {
			if xmltree.Blank(c.Data) {
				continue
			}
			return []string{text}
		}
		out = append(out, d.Text[c.Start:c.End])
	}
	return out
}

func (in insertIn) splice(d *xmltree.Doc, n *xmltree.Node, pieces []string) splice {
	flat := strings.Join(pieces, "")
	if !in.Indent || strings.TrimLeft(flat, " \t\r\n") == "" || !strings.HasPrefix(strings.TrimLeft(flat, " \t\r\n"), "<") {
		return in.bare(d, n, flat)
	}
	switch in.Position {
	case "before":
		if m := margin(d.Text, n.Start); m != "" {
			return splice{n.Start, n.Start, strings.Join(pieces, m) + m}
		}
	case "after":
		if m := margin(d.Text, n.Start); m != "" {
			return splice{n.End, n.End, m + strings.Join(pieces, m)}
		}
	default:
		return in.inside(d, n, pieces, flat)
	}
	return in.bare(d, n, flat)
}

// inside indents like the elements that are there, or one step more than the
// element itself.
func (in insertIn) inside(d *xmltree.Doc, n *xmltree.Node, pieces []string, flat string) splice {
	if first := n.First; first != nil && !xmltree.Blank(directText(n)) {
		return in.bare(d, n, flat)
	}
	var edge *xmltree.Node
	for c := n.First; c != nil; c = c.Next {
		if c.Kind != xmltree.Text {
			edge = c
			if in.Position == "first" {
				break
			}
		}
	}
	if edge == nil {
		m := margin(d.Text, n.Start)
		if m == "" {
			return in.bare(d, n, flat)
		}
		step := "  "
		if strings.Contains(m, "\t") {
			step = "\t"
		}
		return fillElement(d, n, m+step+strings.Join(pieces, m+step)+m)
	}
	m := margin(d.Text, edge.Start)
	switch {
	case m == "":
		return in.bare(d, n, flat)
	case in.Position == "first":
		return splice{edge.Start, edge.Start, strings.Join(pieces, m) + m}
	}
	return splice{edge.End, edge.End, m + strings.Join(pieces, m)}
}

func (in insertIn) bare(d *xmltree.Doc, n *xmltree.Node, text string) splice {
	switch in.Position {
	case "before":
		return splice{n.Start, n.Start, text}
	case "after":
		return splice{n.End, n.End, text}
	}
	if selfClosed(d, n) {
		return fillElement(d, n, text)
	}
	if in.Position == "first" {
		return splice{n.OpenEnd, n.OpenEnd, text}
	}
	return splice{n.CloseStart, n.CloseStart, text}
}
