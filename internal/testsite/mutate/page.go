package mutate

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// Attributes of the source that are never served.
const (
	truthAttr   = "data-truth"
	refAttr     = "data-ref"
	shuffleAttr = "data-shuffle"
	fixedAttr   = "data-fixed"
)

// tree is a page while it is changed.
type tree struct {
	change
	root     *html.Node // the document, or a node that holds the fragment
	fragment bool
	sigs     map[*html.Node]string // where each element stood in the source
	truth    []Truth
	places   map[string]string // of handles, as selectors
	scripts  []*html.Node
	ids      map[string]*html.Node // for the redesign
	external bool                  // the page has scripts that are not in it
	custom   bool                  // the page defines elements of its own
}

// rewritePage changes a page or a fragment, and returns which element of it is which.
func rewritePage(body []byte, c change) ([]byte, []Truth, error) {
	t, err := parse(body)
	if err != nil {
		return nil, nil, err
	}
	t.change = c
	t.look(t.root)
	if c.level >= 3 {
		t.survey(t.root, "")
	}
	if c.level >= 1 {
		t.rename(t.root, false)
	}
	if c.level >= 4 {
		t.reword(t.root)
	}
	if c.level >= 3 {
		t.reorder(t.root, false, false)
		t.wrap(t.root)
	}
	if c.level >= 5 {
		t.redesign()
	}
	t.locate()
	t.strip(t.root)
	for i, s := range t.scripts {
		t.finishScript(s, i)
	}
	var out bytes.Buffer
	for n := t.root.FirstChild; n != nil; n = n.NextSibling {
		if err := html.Render(&out, n); err != nil {
			return nil, nil, fmt.Errorf("writing the changed HTML: %w", err)
		}
	}
	return out.Bytes(), t.truth, nil
}

// parse reads a document, or a fragment if the text does not begin as a document does.
func parse(body []byte) (*tree, error) {
	t := &tree{sigs: map[*html.Node]string{}, places: map[string]string{}}
	head := strings.ToLower(string(bytes.TrimLeft(body[:min(len(body), 256)], " \t\r\n\f\ufeff")))
	if strings.HasPrefix(head, "<!doctype") || strings.HasPrefix(head, "<html") {
		doc, err := html.Parse(bytes.NewReader(body))
		if err != nil {
			return nil, fmt.Errorf("reading the HTML of the page: %w", err)
		}
		t.root = doc
		return t, nil
	}
	// Inside a template a fragment may begin with anything, a row of a table too.
	nodes, err := html.ParseFragment(bytes.NewReader(body), &html.Node{Type: html.ElementNode, Data: "template", DataAtom: atom.Template})
	if err != nil {
		return nil, fmt.Errorf("reading the HTML of the fragment: %w", err)
	}
	t.root, t.fragment = &html.Node{Type: html.DocumentNode}, true
	for _, n := range nodes {
		t.root.AppendChild(n)
	}
	return t, nil
}

// look finds the scripts of the page, and what they say of its elements.
func (t *tree) look(n *html.Node) {
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		if c.Type != html.ElementNode {
			continue
		}
		if c.Data == "script" {
			t.scripts = append(t.scripts, c)
			t.external = t.external || has(c, "src")
			t.custom = t.custom || c.FirstChild != nil && strings.Contains(c.FirstChild.Data, "customElements")
		}
		t.look(c)
	}
}

// survey notes where each element stands, before anything is moved: choices hang on that and on the seed, so that a
// message more on a page does not change all that follows it.
func (t *tree) survey(n *html.Node, at string) {
	counts := map[string]int{}
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		if c.Type != html.ElementNode {
			continue
		}
		own := c.Data + "." + attr(c, "class")
		counts[own]++
		t.sigs[c] = at + "/" + own + strconv.Itoa(counts[own])
		t.survey(c, t.sigs[c])
	}
}

// choose makes a choice for an element: n is how many there are.
func (t *tree) choose(what string, n *html.Node, among uint64) uint64 {
	return t.hash(what, t.sigs[n]) % among
}

// idrefs are the attributes that name ids.
var idrefs = map[string]bool{
	"id": true, "for": true, "form": true, "list": true, "popovertarget": true, "commandfor": true, "headers": true, "itemref": true,
	"aria-activedescendant": true, "aria-labelledby": true, "aria-describedby": true, "aria-controls": true, "aria-owns": true,
	"aria-flowto": true, "aria-details": true, "aria-errormessage": true,
}

// named are the elements whose name is sent with a form.
var named = map[string]bool{"input": true, "select": true, "textarea": true, "button": true, "output": true, "fieldset": true}

// rename changes ids, names and classes, and what refers to them.
func (t *tree) rename(n *html.Node, foreign bool) {
	for i := range n.Attr {
		a := &n.Attr[i]
		switch {
		case a.Key == "class":
			if t.level >= 2 {
				a.Val = t.classes(a.Val)
			}
		case foreign || a.Namespace != "":
		case idrefs[a.Key]:
			a.Val = t.names(a.Val)
		case a.Key == "name" && named[n.Data], a.Key == "ng-reflect-name":
			a.Val = t.name(a.Val)
		case a.Key == "href" && len(a.Val) > 1 && a.Val[0] == '#':
			a.Val = "#" + t.name(a.Val[1:])
		case strings.HasPrefix(a.Key, "on"):
			a.Val = t.script(a.Val)
		}
	}
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		switch {
		case c.Type == html.ElementNode:
			t.rename(c, foreign || c.Namespace != "")
		case c.Type == html.TextNode && n.Data == "style":
			c.Data = t.css(c.Data)
		}
	}
}

// finishScript renames what a script says of the page, and gives it its handles.
func (t *tree) finishScript(s *html.Node, number int) {
	text := s.FirstChild
	if text == nil || has(s, "src") {
		return
	}
	switch attr(s, "type") {
	case "", "module", "text/javascript":
		if t.level >= 1 {
			text.Data = t.script(text.Data)
		}
		text.Data = t.resolve(text.Data, strconv.Itoa(number), t.places)
	}
}

func attr(n *html.Node, key string) string {
	for _, a := range n.Attr {
		if a.Key == key && a.Namespace == "" {
			return a.Val
		}
	}
	return ""
}

func has(n *html.Node, key string) bool {
	for _, a := range n.Attr {
		if a.Key == key && a.Namespace == "" {
			return true
		}
	}
	return false
}

func set(n *html.Node, key, val string) {
	for i, a := range n.Attr {
		if a.Key == key && a.Namespace == "" {
			n.Attr[i].Val = val
			return
		}
	}
	n.Attr = append(n.Attr, html.Attribute{Key: key, Val: val})
}

func drop(n *html.Node, keys ...string) {
	kept := n.Attr[:0]
	for _, a := range n.Attr {
		keep := true
		for _, k := range keys {
			keep = keep && a.Key != k
		}
		if keep {
			kept = append(kept, a)
		}
	}
	n.Attr = kept
}
