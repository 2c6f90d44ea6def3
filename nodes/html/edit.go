package html

import (
	"context"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"github.com/aether-rpa/aether/node"
)

func init() {
	node.Register(node.Spec[setIn, setOut]{
		Type: "html.set", Title: "Change HTML", Effect: node.Pure,
		Doc: "Changes all places of a page or template that a CSS selector or an XPath finds: their text, their HTML, an attribute or a class, or removes them. The page is written anew as HTML5, so that quotes and white space in tags may differ.",
		Examples: []node.Example[setIn, setOut]{{
			Title: "Fill in a template",
			In:    setIn{source: source{HTML: `<p>Dear <b class="name">X</b>,</p>`}, Selector: ".name", Content: "Ann & Bo"},
			Out:   setOut{HTML: `<p>Dear <b class="name">Ann &amp; Bo</b>,</p>`, Count: 1},
		}, {
			Title: "Remove parts of a page",
			In:    setIn{source: source{HTML: "<!doctype html><title>t</title><p>x<script>1</script><nav>n</nav>"}, Selector: "script, nav", Target: "remove"},
			Out:   setOut{HTML: "<!DOCTYPE html><html><head><title>t</title></head><body><p>x</p></body></html>", Count: 2},
		}},
		Check: func(in setIn) error {
			if in.Target == "attribute" && in.Attribute == "" || in.Target == "remove_attribute" && in.Attribute == "" {
				return wrong("name it in attribute", "target is %s, but no attribute is named", in.Target)
			}
			return nil
		},
		Run: set,
	})
}

type setIn struct {
	source
	Selector  string `json:"selector" is:"required" doc:"CSS selector, or an XPath, which begins with /, ./ or (."`
	Target    string `json:"target" default:"text" enum:"text,html,element,before,after,first,last,attribute,remove_attribute,add_class,remove_class,remove,unwrap" doc:"What to change: the text or the HTML inside; the whole element; put HTML before or after it, or first or last inside of it; set or remove an attribute; add or remove a class; remove the element; or remove its tags and keep what is inside."`
	Attribute string `json:"attribute" doc:"Name of the attribute to set or remove."`
	Content   any    `json:"content" widget:"code" doc:"Text, HTML, value of the attribute or name of the class."`
	Missing   string `json:"missing" default:"error" enum:"error,ignore" doc:"What to do when nothing is found: fail, or return the page as it is."`
}

type setOut struct {
	HTML  string `json:"html" doc:"The changed page."`
	Count int    `json:"count" doc:"Number of places changed."`
}

var attributeName = regexp.MustCompile(`^[^\s"'<>/=\x00-\x1f\x7f]+$`)

func set(ctx context.Context, _ *node.Env, in setIn) (setOut, error) {
	doc, err := in.parse(ctx)
	if err != nil {
		return setOut{}, err
	}
	found, err := elements(ctx, doc, in.Selector)
	if err != nil {
		return setOut{}, err
	}
	if len(found) == 0 {
		if in.Missing == "ignore" {
			return setOut{HTML: in.HTML}, nil
		}
		return setOut{}, node.Fail(node.KindNotFound, "the selector finds no element", "check it with html.query, or set missing to ignore")
	}
	text, err := plain(in.Content, "content")
	if err != nil {
		return setOut{}, err
	}
	size := 0
	for i, n := range found {
		if i%256 == 0 && ctx.Err() != nil {
			return setOut{}, ctx.Err()
		}
		if size += len(text); size > maxSize {
			return setOut{}, wrong("", "the changed page would be larger than %d MB", maxSize>>20)
		}
		if err := in.change(ctx, n, text); err != nil {
			return setOut{}, err
		}
	}
	out, err := write(in.HTML, doc)
	return setOut{HTML: out, Count: len(found)}, err
}

func (in setIn) change(ctx context.Context, n *html.Node, text string) error {
	switch in.Target {
	case "text":
		clearNode(n)
		n.AppendChild(&html.Node{Type: html.TextNode, Data: text})
	case "attribute":
		if !attributeName.MatchString(in.Attribute) {
			return wrong("", "%.80q is no name of an attribute", in.Attribute)
		}
		setAttr(n, strings.ToLower(in.Attribute), text)
	case "remove_attribute":
		removeAttr(n, strings.ToLower(in.Attribute))
	case "add_class", "remove_class":
		have := strings.Fields(attrOf(n, "class"))
		for _, c := range strings.Fields(text) {
			have = slices.DeleteFunc(have, func(h string) bool { return h == c })
			if in.Target == "add_class" {
				have = append(have, c)
			}
		}
		setAttr(n, "class", strings.Join(have, " "))
		if len(have) == 0 {
			removeAttr(n, "class")
		}
	case "remove", "unwrap":
		if n.Parent == nil {
			return nil
		}
		for in.Target == "unwrap" && n.FirstChild != nil {
			c := n.FirstChild
			n.RemoveChild(c)
			n.Parent.InsertBefore(c, n)
		}
		n.Parent.RemoveChild(n)
	default:
		return in.insert(ctx, n, text)
	}
	return nil
}

// insert puts HTML in, or in the place of, an element.
func (in setIn) insert(ctx context.Context, n *html.Node, text string) error {
	around := n
	if in.Target == "element" || in.Target == "before" || in.Target == "after" {
		around = n.Parent
	}
	if around == nil || around.Type != html.ElementNode {
		return wrong("choose an element inside of the page", "nothing can stand beside or in the place of the whole page")
	}
	nodes, err := fragment(ctx, text, around)
	if err != nil {
		return err
	}
	if in.Target == "html" {
		clearNode(n)
	}
	at, parent := n, n.Parent
	switch in.Target {
	case "after":
		at = n.NextSibling
	case "first":
		at, parent = n.FirstChild, n
	case "last", "html":
		at, parent = nil, n
	}
	for _, c := range nodes {
		parent.InsertBefore(c, at)
	}
	if in.Target == "element" {
		parent.RemoveChild(n)
	}
	return nil
}

func clearNode(n *html.Node) {
	for n.FirstChild != nil {
		n.RemoveChild(n.FirstChild)
	}
}

// fragment reads HTML as it would be read inside of an element.
func fragment(ctx context.Context, text string, around *html.Node) (nodes []*html.Node, err error) {
	if err := bound(ctx, text); err != nil {
		return nil, err
	}
	defer caught("read this HTML", &err)
	return html.ParseFragmentWithOptions(stopping{ctx, strings.NewReader(text)}, &html.Node{Type: html.ElementNode, Data: around.Data, DataAtom: around.DataAtom}, html.ParseOptionEnableScripting(false))
}

var wholePage = regexp.MustCompile(`(?i)<(!doctype|html|head|body)[\s>]`)

// write writes a page: a part of one when it was one.
func write(was string, doc *html.Node) (s string, err error) {
	defer caught("write this HTML", &err)
	if wholePage.MatchString(was) {
		return render(doc, false)
	}
	var b strings.Builder
	for _, a := range []atom.Atom{atom.Head, atom.Body} {
		if n := first(doc, a); n != nil {
			part, err := render(n, true)
			if err != nil {
				return "", err
			}
			b.WriteString(part)
		}
	}
	return b.String(), nil
}
