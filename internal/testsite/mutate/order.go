package mutate

import (
	"slices"
	"strconv"
	"strings"

	"golang.org/x/net/html"
)

// reorder shuffles the children of elements that allow it and the rows of forms.
func (t *tree) reorder(n *html.Node, fixed, inForm bool) {
	fixed = fixed || has(n, fixedAttr)
	inForm = inForm || n.Data == "form"
	children := elements(n)
	switch {
	case fixed:
	case has(n, shuffleAttr):
		t.shuffle(n, children)
	case inForm || n.Data == "nav":
		for _, run := range runs(children) {
			if slices.ContainsFunc(run, func(c *html.Node) bool { return !movable(c, n.Data == "nav") }) {
				continue
			}
			t.shuffle(n, run)
		}
	}
	for _, c := range children {
		t.reorder(c, fixed, inForm)
	}
}

// elements returns the children of a node that are elements.
func elements(n *html.Node) []*html.Node {
	var all []*html.Node
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		if c.Type == html.ElementNode {
			all = append(all, c)
		}
	}
	return all
}

// runs returns the neighbours that have the same tag and class.
func runs(nodes []*html.Node) [][]*html.Node {
	var all [][]*html.Node
	for from := 0; from < len(nodes); {
		to := from + 1
		for to < len(nodes) && nodes[to].Data == nodes[from].Data && attr(nodes[to], "class") == attr(nodes[from], "class") {
			to++
		}
		if to-from > 1 {
			all = append(all, nodes[from:to])
		}
		from = to
	}
	return all
}

// tabular are elements whose order means something.
var tabular = []string{"tr", "td", "th", "li", "option", "optgroup", "dt", "dd", "col", "tbody", "thead", "tfoot", "legend", "summary", "script", "style"}

// movable reports whether an element may change places with its like: a row of a form, or a link of a menu.
func movable(n *html.Node, menu bool) bool {
	if slices.Contains(tabular, n.Data) || has(n, fixedAttr) {
		return false
	}
	if menu {
		// Pages of a list come in order.
		return n.Data == "a" && !has(n, "rel") && strings.Trim(text(n), " 0123456789") != ""
	}
	return n.Data != "input" && n.Data != "button" && n.Data != "label" && find(n, control) != nil
}

// control reports whether an element is one that people fill.
func control(n *html.Node) bool {
	switch n.Data {
	case "select", "textarea":
		return true
	case "input":
		switch attr(n, "type") {
		case "hidden", "submit", "button", "image", "reset":
			return false
		}
		return true
	}
	return false
}

// shuffle puts children into another order: never the one they had.
func (t *tree) shuffle(parent *html.Node, nodes []*html.Node) {
	if len(nodes) < 2 {
		return
	}
	order := slices.Clone(nodes)
	slices.SortStableFunc(order, func(a, b *html.Node) int {
		return strings.Compare(strconv.FormatUint(t.hash("order", t.sigs[a]), 36), strconv.FormatUint(t.hash("order", t.sigs[b]), 36))
	})
	if slices.Equal(order, nodes) {
		order = append(order[1:], order[0])
	}
	// Marks keep the places while the elements are taken out.
	marks := make([]*html.Node, len(nodes))
	for i, n := range nodes {
		marks[i] = &html.Node{Type: html.TextNode}
		parent.InsertBefore(marks[i], n)
		parent.RemoveChild(n)
	}
	for i, n := range order {
		parent.InsertBefore(n, marks[i])
		parent.RemoveChild(marks[i])
	}
}

// Where a wrapper may stand, and what it may hold.
var (
	roomy    = []string{"body", "main", "section", "form", "fieldset", "article", "aside", "div", "li", "td", "header", "footer"}
	wrapped  = []string{"div", "label", "input", "button", "select", "textarea", "a", "p", "section", "article", "h1", "h2", "h3", "span", "ul", "table"}
	wrappers = []string{"div", "div", "section", "span"}
)

// wrap puts elements around a third of the others.
func (t *tree) wrap(n *html.Node) {
	if has(n, fixedAttr) || n.Namespace != "" {
		return
	}
	children := elements(n)
	room := slices.Contains(roomy, n.Data) || strings.Contains(n.Data, "-") && !slices.ContainsFunc(children, func(c *html.Node) bool { return has(c, "slot") || c.Data == "template" })
	if has(n, "contenteditable") || has(n, "role") && attr(n, "role") != "group" && attr(n, "role") != "main" {
		room = false // the children of a listbox are its options
	}
	for _, c := range children {
		if room && slices.Contains(wrapped, c.Data) && !has(c, "slot") && !has(c, "draggable") && !has(c, fixedAttr) &&
			attr(c, "type") != "hidden" && t.choose("wrap", c, 3) == 0 {
			t.enclose(c)
		}
		t.wrap(c)
	}
}

// enclose puts a new element around one. It has no box of its own, so that the page looks as before.
func (t *tree) enclose(n *html.Node) {
	tag := wrappers[t.choose("wrapper", n, uint64(len(wrappers)))]
	if tag == "span" && !slices.Contains([]string{"label", "input", "button", "select", "textarea", "a", "span"}, n.Data) {
		tag = "div"
	}
	w := &html.Node{Type: html.ElementNode, Data: tag, Attr: []html.Attribute{
		{Key: "class", Val: t.class("wrapper " + strconv.FormatUint(t.choose("kind", n, 5), 10))}, {Key: "style", Val: "display:contents"}}}
	n.Parent.InsertBefore(w, n)
	n.Parent.RemoveChild(n)
	w.AppendChild(n)
	t.sigs[w] = t.sigs[n] + "/wrapper"
}

// find returns the first element below n, or n itself, that passes.
func find(n *html.Node, pass func(*html.Node) bool) *html.Node {
	if n.Type == html.ElementNode && pass(n) {
		return n
	}
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		if found := find(c, pass); found != nil {
			return found
		}
	}
	return nil
}

// text returns the text of a node, with space as it stands.
func text(n *html.Node) string {
	if n.Type == html.TextNode {
		return n.Data
	}
	var b strings.Builder
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		b.WriteString(text(c))
	}
	return b.String()
}
