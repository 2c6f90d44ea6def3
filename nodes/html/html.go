// Package html holds the nodes that read web pages and HTML mail: search them,
// take tables, links, forms and records out of them, turn them into text or
// Markdown, clean and change them. HTML is read as browsers do, so that nothing
// is too broken to be read; what would take very long or very much memory is
// refused. Nothing that a page refers to is ever fetched, and no script runs.
package html

import (
	"context"
	"fmt"
	"io"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"github.com/aether-rpa/aether/node"
)

func init() {
	node.RegisterFamily(node.Family{Name: "html", Title: "HTML", Doc: "Search, read, clean, convert and change web pages and HTML mail."})
}

const (
	maxSize   = 64 << 20
	maxTokens = 2_000_000
	// maxRestored bounds what unclosed formatting multiplies to: the parser
	// opens <b> and the like anew in every block.
	maxRestored = 3_000_000
	maxBodies   = 1000
)

// source is the page that most nodes take.
type source struct {
	HTML string `json:"html" is:"required" widget:"code" doc:"HTML text: a page or a part of one."`
}

func (s source) parse(ctx context.Context) (*html.Node, error) { return parse(ctx, s.HTML) }

// wrong returns a failure about a param.
func wrong(hint, format string, args ...any) error {
	f := node.Failf(node.KindInput, format, args...)
	f.Hint = hint
	return f
}

func parse(ctx context.Context, text string) (doc *html.Node, err error) {
	if err := bound(ctx, text); err != nil {
		return nil, err
	}
	defer caught("read this HTML", &err)
	doc, err = html.ParseWithOptions(stopping{ctx, strings.NewReader(text)}, html.ParseOptionEnableScripting(false))
	if err != nil && ctx.Err() == nil {
		return nil, wrong("", "the HTML cannot be read: %s", plainly(err.Error()))
	}
	return doc, err
}

// caught makes a failure of a panic in a library.
func caught(doing string, err *error) {
	if p := recover(); p != nil {
		*err = wrong("", "the library cannot %s: %.200s", doing, plainly(fmt.Sprint(p)))
	}
}

// plainly puts a message of the library in words that users know.
func plainly(msg string) string {
	if strings.Contains(msg, "open stack of elements") {
		return "elements are nested deeper than 512 levels"
	}
	return strings.TrimPrefix(msg, "html: ")
}

// formatting are the elements that the parser opens anew.
var formatting = map[atom.Atom]bool{atom.A: true, atom.B: true, atom.Big: true, atom.Code: true, atom.Em: true, atom.Font: true, atom.I: true,
	atom.Nobr: true, atom.S: true, atom.Small: true, atom.Strike: true, atom.Strong: true, atom.Tt: true, atom.U: true}

// bound refuses HTML that would take the parser very long or very much memory.
func bound(ctx context.Context, text string) error {
	if len(text) > maxSize {
		return wrong("split it", "the HTML is larger than %d MB", maxSize>>20)
	}
	z := html.NewTokenizer(strings.NewReader(text))
	z.SetMaxBuf(maxSize)
	tokens, restored, bodies, open := 0, 0, 0, 0
	for {
		kind := z.Next()
		if kind == html.ErrorToken {
			return nil // the end; the parser forgives all else
		}
		if tokens++; tokens%4096 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		if kind == html.StartTagToken || kind == html.EndTagToken || kind == html.SelfClosingTagToken {
			name, more := z.TagName()
			a := atom.Lookup(name)
			switch {
			case formatting[a] && kind == html.StartTagToken:
				open++
			case formatting[a] && kind == html.EndTagToken:
				open = max(0, open-1)
			case kind != html.EndTagToken:
				restored += min(open, 512)
			}
			if (a == atom.Body || a == atom.Html) && kind != html.EndTagToken {
				bodies++
			}
			for more {
				_, _, more = z.TagAttr()
				tokens++
			}
		}
		switch {
		case tokens > maxTokens:
			return wrong("split it", "the HTML has more than %d tags, texts and attributes", maxTokens)
		case restored > maxRestored:
			return wrong("clean the page first", "the HTML has thousands of formatting tags that are not closed")
		case bodies > maxBodies:
			return wrong("split it", "the HTML has more than %d <html> and <body> tags", maxBodies)
		}
	}
}

// stopping gives up when ctx ends.
type stopping struct {
	ctx context.Context
	r   io.Reader
}

func (s stopping) Read(p []byte) (int, error) {
	if err := s.ctx.Err(); err != nil {
		return 0, err
	}
	return s.r.Read(p)
}

// attr returns an attribute of an element.
func attr(n *html.Node, name string) (string, bool) {
	for _, a := range n.Attr {
		if a.Key == name && a.Namespace == "" || a.Namespace != "" && a.Namespace+":"+a.Key == name {
			return a.Val, true
		}
	}
	return "", false
}

func attrOf(n *html.Node, name string) string {
	v, _ := attr(n, name)
	return v
}

func attrs(n *html.Node) map[string]any {
	out := make(map[string]any, len(n.Attr))
	for _, a := range n.Attr {
		key := a.Key
		if a.Namespace != "" {
			key = a.Namespace + ":" + a.Key
		}
		out[key] = a.Val
	}
	return out
}

// walk goes through a tree in the order of the document; do returns false to
// leave out what is below.
func walk(n *html.Node, do func(*html.Node) bool) {
	if !do(n) {
		return
	}
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		walk(c, do)
	}
}

// first returns the first element of a kind, or nil.
func first(n *html.Node, a atom.Atom) *html.Node {
	var found *html.Node
	walk(n, func(e *html.Node) bool {
		if found == nil && e.Type == html.ElementNode && e.DataAtom == a {
			found = e
		}
		return found == nil
	})
	return found
}

// content returns all text below, as it is.
func content(n *html.Node) string {
	var b strings.Builder
	walk(n, func(e *html.Node) bool {
		if e.Type == html.TextNode {
			b.WriteString(e.Data)
		}
		return true
	})
	return b.String()
}

// render writes a node, or what is inside of it.
func render(n *html.Node, inner bool) (string, error) {
	var b strings.Builder
	if !inner {
		err := html.Render(&b, n)
		return b.String(), err
	}
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		if err := html.Render(&b, c); err != nil {
			return "", err
		}
	}
	return b.String(), nil
}

// squeeze makes every run of white space a blank, and none at the ends.
func squeeze(s string) string { return strings.Join(strings.Fields(s), " ") }
