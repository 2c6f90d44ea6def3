package xml

import (
	"context"
	"slices"
	"strings"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/nodes/xml/xmltree"
)

// An edit replaces parts of the text and leaves the rest of the document as it
// is, byte by byte: its layout, its comments, the way it quotes.

// splice replaces the text between two places.
type splice struct {
	from, to int
	text     string
}

// edited is what the nodes that change a document return.
type edited struct {
	Text  string `json:"text" doc:"The changed document. What was not changed is as it was, byte by byte."`
	Count int    `json:"count" doc:"Number of places changed."`
}

// change is what the nodes that change a document take.
type change struct {
	query
	Missing string `json:"missing" default:"error" enum:"error,ignore" doc:"What to do when the XPath finds nothing: fail, or return the document as it is."`
}

// places finds what to change.
func (c change) places(ctx context.Context) (*xmltree.Doc, []hit, error) {
	d, err := c.parse(ctx)
	if err != nil {
		return nil, nil, err
	}
	f, err := c.find(ctx, d, c.XPath, 0)
	if err != nil {
		return nil, nil, err
	}
	if f.scalar {
		return nil, nil, wrong("use an expression that finds elements or attributes", "the XPath expression computes a value and finds no place in the document")
	}
	if len(f.hits) == 0 && c.Missing != "ignore" {
		return nil, nil, node.Fail(node.KindNotFound, "the XPath expression finds nothing", "check it with xml.query, or set missing to ignore")
	}
	for i, h := range f.hits {
		if h.attr < 0 && h.n.Kind == xmltree.Document {
			f.hits[i].n = d.Root
		}
	}
	return d, f.hits, nil
}

// apply makes the changes. Changes inside of a part that is replaced are
// dropped with it. The result is checked, so that no node returns what cannot
// be read again.
func (c change) apply(ctx context.Context, d *xmltree.Doc, splices []splice) (edited, error) {
	slices.SortStableFunc(splices, func(a, b splice) int {
		if a.from != b.from {
			return a.from - b.from
		}
		return b.to - a.to
	})
	var out strings.Builder
	at, count := 0, 0
	for _, s := range splices {
		if s.from < at {
			continue
		}
		out.WriteString(d.Text[at:s.from])
		out.WriteString(s.text)
		at = s.to
		count++
	}
	out.WriteString(d.Text[at:])
	text := out.String()
	if count > 0 {
		if _, err := (source{Text: text, HTMLEntities: c.HTMLEntities}).parse(ctx); err != nil {
			f := *node.AsFailure(err)
			f.Message = "the changed document would not be well-formed: " + strings.TrimPrefix(f.Message, "the text is not well-formed XML: ")
			f.Hint = "check the content; set content_as to text if it is no XML"
			return edited{}, &f
		}
	}
	return edited{Text: text, Count: count}, nil
}

// content is what is put into a document.
type content struct {
	Content   any    `json:"content" widget:"code" doc:"What to put there: text, XML, or a value whose keys are elements as in xml.format."`
	ContentAs string `json:"content_as" default:"auto" enum:"auto,text,xml,value" doc:"What the content is. Auto takes maps and lists as values and all else as text."`
}

// xml returns the content as XML.
func (c content) xml() (string, error) {
	kind := c.ContentAs
	if kind == "auto" || kind == "" {
		kind = "text"
		switch c.Content.(type) {
		case map[string]any, []any:
			kind = "value"
		}
	}
	b := &builder{writing: writing{names: simple.names, Item: "item"}, spaces: map[string]string{}}
	if kind != "value" {
		s, err := b.scalar(c.Content, "content")
		if err != nil || kind == "xml" {
			return s, err
		}
		return xmltree.EscapeText(s), nil
	}
	n := &xmltree.Node{Kind: xmltree.Element, Local: "x"}
	var err error
	switch x := c.Content.(type) {
	case map[string]any:
		err = b.fill(n, x, "content", 0)
	case []any:
		for i, e := range x {
			m, ok := e.(map[string]any)
			if !ok {
				return "", wrong("give a list of maps, whose keys are elements", "content[%d] is no map", i)
			}
			if err = b.fill(n, m, "content["+itoa(i)+"]", 0); err != nil {
				break
			}
		}
	default:
		err = wrong("give a map or a list of maps", "the content is no value with elements")
	}
	if err != nil {
		return "", err
	}
	if len(n.Attr) > 0 || len(b.spaces) > 0 {
		return "", wrong("set attributes with xml.set; use prefixes that the document declares", "the content has attributes or namespaces outside of an element")
	}
	var s strings.Builder
	for c := n.First; c != nil; c = c.Next {
		if err := (xmltree.Layout{}).Write(&s, c); err != nil {
			return "", err
		}
	}
	return s.String(), nil
}

// fillElement puts XML between the tags of an element.
func fillElement(d *xmltree.Doc, n *xmltree.Node, inner string) splice {
	if !selfClosed(d, n) {
		return splice{n.OpenEnd, n.CloseStart, inner}
	}
	if inner == "" {
		return splice{n.Start, n.OpenEnd, d.Text[n.Start:n.OpenEnd]}
	}
	tag := strings.TrimRight(strings.TrimSuffix(d.Text[n.Start:n.OpenEnd], "/>"), " \t\r\n")
	return splice{n.Start, n.OpenEnd, tag + ">" + inner + "</" + n.Name() + ">"}
}

func selfClosed(d *xmltree.Doc, n *xmltree.Node) bool {
	return n.End == n.OpenEnd && strings.HasSuffix(d.Text[n.Start:n.OpenEnd], "/>")
}

// retag writes the start tag of an element anew.
func retag(d *xmltree.Doc, n *xmltree.Node) splice {
	end := ">"
	if selfClosed(d, n) {
		end = "/>"
	}
	return splice{n.Start, n.OpenEnd, n.StartTag(false) + end}
}

// margin returns the line end and blanks before a place, or nothing when it
// does not begin a line.
func margin(text string, at int) string {
	i := at
	for i > 0 && (text[i-1] == ' ' || text[i-1] == '\t') {
		i--
	}
	if i == 0 || text[i-1] != '\n' {
		return ""
	}
	i--
	if i > 0 && text[i-1] == '\r' {
		i--
	}
	return text[i:at]
}
