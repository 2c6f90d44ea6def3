package html

import (
	"context"
	"errors"
	"net/url"
	"strings"

	"github.com/andybalholm/cascadia"
	"github.com/antchfx/htmlquery"
	"github.com/antchfx/xpath"
	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"github.com/aether-rpa/aether/nodes/xml/xpathrun"
)

// hit is something found: a node, or the value of one of its attributes.
type hit struct {
	n    *html.Node
	attr string // name of the attribute; empty for the node
	val  string
}

// finder is a compiled selector.
type finder struct {
	css   cascadia.SelectorGroup
	xpath *xpathrun.Expr
}

// compile reads a selector: XPath when it begins with / or ( or ./ or is a
// function that only XPath has, CSS otherwise.
func compile(selector string) (f *finder, err error) {
	s := strings.TrimSpace(selector)
	if s == "" {
		return nil, wrong("write a CSS selector such as div.price > b, or an XPath such as //div[@class='price']", "the selector is empty")
	}
	if len(s) > 10_000 {
		return nil, wrong("", "the selector has more than 10000 characters")
	}
	if isXPath(s) {
		x, err := xpathrun.Compile(strings.TrimPrefix(s, "xpath="), xpathrun.Names{})
		if err != nil {
			return nil, wrong("check the expression; XPath 1.0 is understood", "%v", err)
		}
		return &finder{xpath: x}, nil
	}
	defer caught("read this selector", &err)
	g, err := cascadia.ParseGroup(strings.TrimPrefix(s, "css="))
	if err != nil {
		return nil, wrong("write a CSS selector such as div.price > b; an XPath begins with /, ./ or (", "the selector %.100q is no CSS selector: %v", s, err)
	}
	return &finder{css: g}, nil
}

func isXPath(s string) bool {
	if strings.HasPrefix(s, "css=") {
		return false
	}
	for _, p := range []string{"/", "(", "./", "..", "xpath=", "count(", "string(", "normalize-space(", "concat(", "sum(", "boolean(", "number(", "@", "ancestor::", "descendant::", "following", "preceding", "self::", "parent::", "child::"} {
		if strings.HasPrefix(s, p) {
			return true
		}
	}
	return s == "."
}

// find returns what a selector finds below n, in the order of the document; at
// most limit places, unless that is 0. Scalar is the result of an XPath that
// computes.
func (f *finder) find(ctx context.Context, n *html.Node, limit int) (hits []hit, scalar any, err error) {
	if f.xpath != nil {
		return f.byXPath(ctx, n, limit)
	}
	defer caught("use this selector", &err)
	count := 0
	var visit func(e *html.Node) bool
	visit = func(e *html.Node) bool {
		if count++; count%256 == 0 && ctx.Err() != nil {
			return false
		}
		if e != n && e.Type == html.ElementNode {
			for _, s := range f.css {
				if s.Match(e) {
					hits = append(hits, hit{n: e})
					break
				}
			}
			if limit > 0 && len(hits) >= limit {
				return false
			}
		}
		for c := e.FirstChild; c != nil; c = c.NextSibling {
			if !visit(c) {
				return false
			}
		}
		return true
	}
	visit(n)
	return hits, nil, ctx.Err()
}

func (f *finder) byXPath(ctx context.Context, n *html.Node, limit int) ([]hit, any, error) {
	r, err := f.xpath.Run(ctx, place(n), limit)
	if err != nil {
		if ctx.Err() != nil && errors.Is(err, ctx.Err()) {
			return nil, nil, err
		}
		return nil, nil, wrong("", "%v", err)
	}
	if r.Scalar {
		return nil, r.Value, nil
	}
	var hits []hit
	for _, nav := range r.Nodes {
		h := nav.(*htmlquery.NodeNavigator)
		if h.NodeType() == xpath.AttributeNode {
			hits = append(hits, hit{h.Current(), h.LocalName(), h.Value()})
		} else {
			hits = append(hits, hit{n: h.Current()})
		}
	}
	return hits, nil, nil
}

// place returns a navigator at n in its whole document.
func place(n *html.Node) *htmlquery.NodeNavigator {
	top := n
	for top.Parent != nil {
		top = top.Parent
	}
	nav := htmlquery.CreateXPathNavigator(top)
	if n != top {
		// The library has no way to start inside of a document but to move
		// where another navigator with the same root is.
		walkTo(nav, n)
	}
	return nav
}

// walkTo moves from the root to a node, child by child.
func walkTo(nav *htmlquery.NodeNavigator, n *html.Node) {
	var steps []int
	for e := n; e.Parent != nil; e = e.Parent {
		i := 0
		for s := e.PrevSibling; s != nil; s = s.PrevSibling {
			i++
		}
		steps = append(steps, i)
	}
	for i := len(steps) - 1; i >= 0; i-- {
		nav.MoveToChild()
		for range steps[i] {
			nav.MoveToNext()
		}
	}
}

// base is what relative addresses are resolved against.
type base struct {
	BaseURL string `json:"base_url" doc:"Address of the page, to make relative addresses absolute. A <base> in the page is heeded."`
}

// resolver returns a function that makes addresses absolute.
func (b base) resolver(doc *html.Node) (func(string) string, error) {
	root, err := url.Parse(strings.TrimSpace(b.BaseURL))
	if err != nil {
		return nil, wrong("write an address such as https://example.org/page", "base_url is no address")
	}
	if e := first(doc, atom.Base); e != nil {
		if u, err := root.Parse(strings.TrimSpace(attrOf(e, "href"))); err == nil {
			root = u
		}
	}
	return func(s string) string {
		s = strings.TrimSpace(s)
		if root.String() == "" {
			return s
		}
		u, err := root.Parse(s)
		if err != nil {
			return s
		}
		return u.String()
	}, nil
}

// addresses are the attributes that hold an address.
var addresses = map[string]bool{"href": true, "src": true, "action": true, "formaction": true, "poster": true, "cite": true, "data": true, "longdesc": true, "background": true}
