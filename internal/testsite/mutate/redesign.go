package mutate

import (
	"strconv"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// roles are elements that a redesigned page builds from others, with the role that says what they are.
var roles = map[string]string{
	"nav": "navigation", "main": "main", "header": "", "footer": "", "section": "", "article": "article", "aside": "complementary", "p": "",
	"h1": "heading", "h2": "heading", "h3": "heading", "h4": "heading", "ul": "list", "ol": "list", "li": "listitem",
}

// redesign builds the page from other elements, and gives it another layout.
func (t *tree) redesign() {
	t.ids = map[string]*html.Node{}
	find(t.root, func(n *html.Node) bool {
		if id := attr(n, "id"); id != "" && t.ids[id] == nil {
			t.ids[id] = n
		}
		return false
	})
	t.retag(t.root)
	head := find(t.root, func(n *html.Node) bool { return n.Data == "head" })
	if head == nil || t.fragment {
		return
	}
	style := &html.Node{Type: html.ElementNode, Data: "style", DataAtom: atom.Style}
	style.AppendChild(&html.Node{Type: html.TextNode, Data: t.dress()})
	head.AppendChild(style)
}

func (t *tree) retag(n *html.Node) {
	if has(n, fixedAttr) || n.Namespace != "" || has(n, "contenteditable") {
		return
	}
	t.behind(n)
	for _, c := range elements(n) {
		t.retag(c)
		if !has(c, fixedAttr) {
			t.rebuild(c)
		}
	}
}

// rebuild makes an element of another one that does the same.
func (t *tree) rebuild(n *html.Node) {
	role, known := roles[n.Data]
	switch {
	case known:
		if n.Data == "li" && (n.Parent == nil || attr(n.Parent, "role") == "listbox" || attr(n.Parent, "role") == "menu") {
			return
		}
		if role != "" && !has(n, "role") {
			set(n, "role", role)
			if role == "heading" {
				set(n, "aria-level", n.Data[1:])
			}
		}
		become(n, "div")
	case strings.Contains(n.Data, "-") && !t.custom && !t.external:
		become(n, "div")
	case n.Data == "button":
		t.toInput(n)
	case n.Data == "input" && (attr(n, "type") == "submit" || attr(n, "type") == "button") && !has(n, "name") && !has(n, "id"):
		label := attr(n, "value")
		if label == "" {
			return
		}
		drop(n, "value")
		become(n, "button")
		n.AppendChild(&html.Node{Type: html.TextNode, Data: label})
	case n.Data == "label":
		t.unlabel(n)
	}
}

// toInput makes an input of a button that holds nothing but text and that no script can expect to be one.
func (t *tree) toInput(n *html.Node) {
	only := n.FirstChild
	if only == nil || only != n.LastChild || only.Type != html.TextNode || has(n, "id") || has(n, "name") || has(n, refAttr) || has(n, "value") {
		return
	}
	if kind := attr(n, "type"); kind != "" && kind != "submit" && kind != "button" {
		return
	} else if kind == "" {
		set(n, "type", "submit")
	}
	set(n, "value", strings.TrimSpace(only.Data))
	n.RemoveChild(only)
	become(n, "input")
}

// unlabel names a field by aria-labelledby in place of a label, for half of the fields that have an id.
func (t *tree) unlabel(n *html.Node) {
	id := attr(n, "for")
	if id == "" || has(n, "id") || t.choose("unlabel", n, 2) != 0 {
		return
	}
	target := t.ids[id]
	if target == nil || has(target, "aria-labelledby") || !control(target) {
		return
	}
	own := t.name("label of " + id)
	set(n, "id", own)
	set(target, "aria-labelledby", own)
	drop(n, "for")
	become(n, "span")
}

// behind puts the labels of a parent behind their fields.
func (t *tree) behind(n *html.Node) {
	if t.choose("behind", n, 2) != 0 {
		return
	}
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		if c.Type != html.ElementNode || c.Data != "label" || find(c, control) != nil {
			continue
		}
		next := c.NextSibling
		for next != nil && next.Type == html.TextNode && strings.TrimSpace(next.Data) == "" {
			next = next.NextSibling
		}
		if next == nil || next.Type != html.ElementNode || !control(next) {
			continue
		}
		n.RemoveChild(c)
		n.InsertBefore(c, next.NextSibling)
	}
}

func become(n *html.Node, tag string) { n.Data, n.DataAtom = tag, atom.Lookup([]byte(tag)) }

// dress is a style sheet over the page's own one.
func (t *tree) dress() string {
	h := t.hash("look")
	pick := func(among ...string) string {
		s := among[h%uint64(len(among))]
		h = mix(h + 1)
		return s
	}
	columns := strconv.Itoa(1 + int(h%2))
	return "body{font-family:" + pick("Georgia,serif", "ui-monospace,monospace", "Verdana,sans-serif") + ";letter-spacing:" + pick("0", ".01em", ".02em") + "}" +
		"form{display:grid;grid-template-columns:repeat(" + columns + ",minmax(0,1fr));gap:" + pick("6px", "14px", "20px") + "}" +
		"input,select,textarea,button{border-radius:" + pick("0", "4px", "999px") + "}" +
		"[role=heading]{font-weight:700;font-size:" + pick("1.1em", "1.5em", "2em") + ";margin:.6em 0}" +
		"[role=main]{max-width:" + pick("60rem", "90rem", "72rem") + "}"
}
