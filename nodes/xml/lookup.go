package xml

import (
	"context"
	"errors"
	"strings"

	"github.com/aether-rpa/aether/nodes/xml/xmltree"
	"github.com/aether-rpa/aether/nodes/xml/xpathrun"
)

// names of XPath, and where it starts.
type lookup struct {
	Namespaces       map[string]string `json:"namespaces" doc:"Namespaces by the prefixes that the XPath uses. Prefixes that the document declares are known anyway. A name without prefix finds elements written without one, whatever their namespace."`
	IgnoreNamespaces bool              `json:"ignore_namespaces" doc:"Compare local names only: item also finds x:item."`
	Context          string            `json:"context" default:"document" enum:"document,root" is:"advanced" doc:"Where relative paths start: at the document, so that the first step is the root element, or at the root element."`
}

// query is what most nodes that search take.
type query struct {
	source
	XPath string `json:"xpath" is:"required" doc:"XPath 1.0 expression, such as //item[@id='7']/name. {namespace}name and {*}name are understood as well."`
	lookup
}

// hit is a place in a document: a node, and the index of its attribute or -1.
type hit struct {
	n    *xmltree.Node
	attr int
}

// element returns the element that a hit is, with the root for the document.
func (h hit) element(d *xmltree.Doc) *xmltree.Node {
	switch {
	case h.attr >= 0:
		return nil
	case h.n.Kind == xmltree.Document:
		return d.Root
	case h.n.Kind == xmltree.Element:
		return h.n
	}
	return nil
}

// text returns the text of what was found.
func (h hit) text() string {
	if h.attr >= 0 {
		return h.n.Attr[h.attr].Value
	}
	return h.n.Content()
}

// found is the result of a search.
type found struct {
	hits   []hit
	scalar bool
	value  any
}

func (l lookup) find(ctx context.Context, d *xmltree.Doc, path string, limit int) (found, error) {
	spaces := map[string]string{"xml": "http://www.w3.org/XML/1998/namespace"}
	for p, s := range d.Prefixes {
		if p != "" {
			spaces[p] = s
		}
	}
	for p, s := range l.Namespaces {
		spaces[p] = s
	}
	x, err := xpathrun.Compile(path, xpathrun.Names{Spaces: spaces, Ignore: l.IgnoreNamespaces})
	if err != nil {
		hint := "check the expression; XPath 1.0 is understood"
		if strings.Contains(err.Error(), "stands for no namespace") {
			hint = "name its namespace in namespaces, or set ignore_namespaces"
		}
		return found{}, wrong(hint, "%v", err)
	}
	at := d.Top
	if l.Context == "root" {
		at = d.Root
	}
	r, err := x.Run(ctx, xmltree.NewNav(d.Top, at, l.IgnoreNamespaces), limit)
	if err != nil {
		if errors.Is(err, ctx.Err()) && ctx.Err() != nil {
			return found{}, err
		}
		return found{}, wrong("", "%v", err)
	}
	out := found{scalar: r.Scalar, value: r.Value}
	for _, n := range r.Nodes {
		node, attr := n.(*xmltree.Nav).Target()
		out.hits = append(out.hits, hit{node, attr})
	}
	return out, nil
}

// paths names elements by where they are.
type paths struct{ place map[*xmltree.Node]string }

// of returns a path such as /orders/order[2]/name that finds the node again.
func (p *paths) of(h hit) string {
	if h.attr >= 0 {
		return p.node(h.n) + "/@" + h.n.Attr[h.attr].Name()
	}
	return p.node(h.n)
}

func (p *paths) node(n *xmltree.Node) string {
	if n.Parent == nil || n.Kind == xmltree.Document {
		return "/"
	}
	if p.place == nil {
		p.place = map[*xmltree.Node]string{}
	}
	up := ""
	if n.Parent.Kind != xmltree.Document {
		up = p.node(n.Parent)
	}
	if _, known := p.place[n]; !known {
		total, count := map[string]int{}, map[string]int{}
		for c := n.Parent.First; c != nil; c = c.Next {
			total[step(c)]++
		}
		for c := n.Parent.First; c != nil; c = c.Next {
			s := step(c)
			count[s]++
			if total[s] > 1 {
				p.place[c] = s + "[" + itoa(count[s]) + "]"
			} else {
				p.place[c] = s
			}
		}
	}
	return up + "/" + p.place[n]
}

func step(n *xmltree.Node) string {
	switch n.Kind {
	case xmltree.Element:
		return n.Name()
	case xmltree.Comment:
		return "comment()"
	case xmltree.Text:
		return "text()"
	}
	return "" // XPath does not see it
}

// record describes an element, attribute or other node as a map.
func (h hit) record(d *xmltree.Doc, p *paths) map[string]any {
	if h.attr >= 0 {
		a := h.n.Attr[h.attr]
		return map[string]any{"tag": "@" + a.Clark(), "name": a.Name(), "namespace": a.Space, "text": a.Value, "lead": a.Value, "tail": "",
			"attributes": map[string]any{}, "child_count": 0, "line": h.n.Line, "path": p.of(h)}
	}
	n := h.element(d)
	if n == nil {
		t := h.text()
		return map[string]any{"tag": "", "name": "", "namespace": "", "text": t, "lead": t, "tail": "", "attributes": map[string]any{}, "child_count": 0, "line": h.n.Line, "path": p.of(h)}
	}
	return map[string]any{"tag": n.Clark(), "name": n.Name(), "namespace": n.Space, "text": n.Content(), "lead": n.Lead(), "tail": n.Tail(),
		"attributes": attributes(n), "child_count": n.Children(), "line": n.Line, "path": p.node(n)}
}

func attributes(n *xmltree.Node) map[string]any {
	out := map[string]any{}
	for _, a := range n.Attr {
		if !a.Declares() {
			out[a.Name()] = a.Value
		}
	}
	return out
}

// xml returns the hit as it stands in the document, with the declarations of
// namespaces that it needs to stand alone left to the reader.
func (h hit) xml(d *xmltree.Doc, inner bool) string {
	n := h.element(d)
	switch {
	case n == nil && h.attr >= 0:
		return h.text()
	case n == nil:
		return d.Text[h.n.Start:h.n.End]
	case inner && n.CloseStart >= n.OpenEnd:
		return d.Text[n.OpenEnd:n.CloseStart]
	}
	return d.Text[n.Start:n.End]
}
