// Package xmltree reads XML into a tree that knows where each node stands in
// the text, so that edits can leave the rest of a document as it was.
//
// Nothing outside of the document is ever read: a document type declaration is
// kept and not followed, and entities other than the five of XML (or, where
// asked for, the named characters of HTML) are errors. So neither external
// entities nor entities that multiply can do harm.
package xmltree

import (
	"strings"
	"unicode/utf8"
)

// Kind says what a node is.
type Kind uint8

// The kinds of nodes.
const (
	Document Kind = iota
	Element
	Text
	Comment
	Instruction
	Doctype
)

// Attr is an attribute, or a declaration of a namespace.
type Attr struct {
	Prefix, Local, Space, Value string
}

// Name returns the name as written.
func (a Attr) Name() string { return joined(a.Prefix, a.Local) }

// Declares reports whether the attribute is xmlns or xmlns:prefix.
func (a Attr) Declares() bool { return a.Prefix == "xmlns" || a.Prefix == "" && a.Local == "xmlns" }

// Clark returns the name as {namespace}local.
func (a Attr) Clark() string { return clark(a.Space, a.Local) }

// Node is a part of a document.
type Node struct {
	Kind                            Kind
	CData                           bool // a Text that is written as CDATA
	Parent, First, Last, Next, Prev *Node
	Prefix, Local, Space            string // of elements; Local is the target of an instruction
	Attr                            []Attr
	Data                            string // of all but elements
	Line                            int
	// Start and End are where the node stands in the text; OpenEnd is the end
	// of an element's start tag and CloseStart the start of its end tag.
	Start, OpenEnd, CloseStart, End int
}

// Name returns the name of an element as written.
func (n *Node) Name() string { return joined(n.Prefix, n.Local) }

// Clark returns the name of an element as {namespace}local.
func (n *Node) Clark() string { return clark(n.Space, n.Local) }

// Children counts the elements right below.
func (n *Node) Children() int {
	count := 0
	for c := n.First; c != nil; c = c.Next {
		if c.Kind == Element {
			count++
		}
	}
	return count
}

// Content returns all text of a node, comments and instructions left out.
func (n *Node) Content() string {
	switch n.Kind {
	case Element, Document:
		if c := n.First; c != nil && c.Next == nil && c.Kind == Text {
			return c.Data
		}
		var b strings.Builder
		n.content(&b)
		return b.String()
	case Instruction, Doctype:
		return ""
	}
	return n.Data
}

func (n *Node) content(b *strings.Builder) {
	for c := n.First; c != nil; c = c.Next {
		switch c.Kind {
		case Text:
			b.WriteString(c.Data)
		case Element:
			c.content(b)
		}
	}
}

// Lead returns the text before the first element right below.
func (n *Node) Lead() string { return run(n.First) }

// Tail returns the text behind an element, up to the next element.
func (n *Node) Tail() string { return run(n.Next) }

func run(c *Node) string {
	var b strings.Builder
	for ; c != nil && c.Kind != Element; c = c.Next {
		if c.Kind == Text {
			b.WriteString(c.Data)
		}
	}
	return b.String()
}

// Blank reports whether a text has nothing but white space as XML knows it.
func Blank(s string) bool { return strings.Trim(s, " \t\r\n") == "" }

// Append puts a child behind the others.
func (n *Node) Append(c *Node) {
	c.Parent, c.Prev = n, n.Last
	if n.Last == nil {
		n.First = c
	} else {
		n.Last.Next = c
	}
	n.Last = c
}

func joined(prefix, local string) string {
	if prefix == "" {
		return local
	}
	return prefix + ":" + local
}

func clark(space, local string) string {
	if space == "" {
		return local
	}
	return "{" + space + "}" + local
}

// IsName reports whether s can be the name of an element or attribute, with at
// most one prefix.
func IsName(s string) bool {
	if !utf8.ValidString(s) || s == "" {
		return false
	}
	prefix, local, two := strings.Cut(s, ":")
	if !two {
		return isNCName(prefix)
	}
	return isNCName(prefix) && isNCName(local)
}

func isNCName(s string) bool {
	for i, r := range s {
		switch {
		case r == '_', r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z':
		case r >= 0xC0 && r != 0xD7 && r != 0xF7 && r < 0x2000 && r != 0x37E && (i > 0 || r < 0x300 || r > 0x36F):
		case r == 0x200C, r == 0x200D, r >= 0x2070 && r <= 0x218F, r >= 0x2C00 && r <= 0x2FEF, r >= 0x3001 && r <= 0xD7FF,
			r >= 0xF900 && r <= 0xFDCF, r >= 0xFDF0 && r <= 0xFFFD, r >= 0x10000 && r <= 0xEFFFF:
		case i > 0 && (r >= '0' && r <= '9' || r == '-' || r == '.' || r == 0xB7 || r == 0x203F || r == 0x2040):
		default:
			return false
		}
	}
	return s != ""
}
