package xmltree

import "github.com/antchfx/xpath"

// Nav moves over a tree for XPath. Declarations of namespaces are no
// attributes there, and instructions and the document type are left out.
type Nav struct {
	top, at *Node
	attr    int // index of an attribute, -1 for the node itself
	bare    bool
}

// NewNav returns a navigator at a node of the tree below top. With bare no
// name has a namespace.
func NewNav(top, at *Node, bare bool) *Nav { return &Nav{top: top, at: at, attr: -1, bare: bare} }

// Target returns where the navigator is: a node, and the index of its attribute
// or -1.
func (v *Nav) Target() (*Node, int) { return v.at, v.attr }

// NodeType implements xpath.NodeNavigator, as do the methods below.
func (v *Nav) NodeType() xpath.NodeType {
	switch {
	case v.attr >= 0:
		return xpath.AttributeNode
	case v.at.Kind == Element:
		return xpath.ElementNode
	case v.at.Kind == Text:
		return xpath.TextNode
	case v.at.Kind == Comment:
		return xpath.CommentNode
	}
	return xpath.RootNode
}

// LocalName returns the name without prefix.
func (v *Nav) LocalName() string {
	if v.attr >= 0 {
		return v.at.Attr[v.attr].Local
	}
	if v.at.Kind == Element {
		return v.at.Local
	}
	return ""
}

// Prefix returns the prefix as written.
func (v *Nav) Prefix() string {
	switch {
	case v.bare:
		return ""
	case v.attr >= 0:
		return v.at.Attr[v.attr].Prefix
	}
	return v.at.Prefix
}

// NamespaceURL returns the namespace.
func (v *Nav) NamespaceURL() string {
	switch {
	case v.bare:
		return ""
	case v.attr >= 0:
		return v.at.Attr[v.attr].Space
	}
	return v.at.Space
}

// Value returns the text.
func (v *Nav) Value() string {
	if v.attr >= 0 {
		return v.at.Attr[v.attr].Value
	}
	return v.at.Content()
}

// Copy returns a navigator at the same place.
func (v *Nav) Copy() xpath.NodeNavigator {
	c := *v
	return &c
}

// MoveToRoot goes to the document.
func (v *Nav) MoveToRoot() { v.at, v.attr = v.top, -1 }

// MoveToParent goes up.
func (v *Nav) MoveToParent() bool {
	if v.attr >= 0 {
		v.attr = -1
		return true
	}
	if v.at == v.top || v.at.Parent == nil {
		return false
	}
	v.at = v.at.Parent
	return true
}

// MoveToNextAttribute goes to the first or next attribute.
func (v *Nav) MoveToNextAttribute() bool {
	if v.at.Kind != Element {
		return false
	}
	for i := v.attr + 1; i < len(v.at.Attr); i++ {
		if !v.at.Attr[i].Declares() {
			v.attr = i
			return true
		}
	}
	return false
}

func seen(n *Node) bool { return n.Kind != Instruction && n.Kind != Doctype }

// MoveToChild goes to the first child.
func (v *Nav) MoveToChild() bool {
	if v.attr >= 0 {
		return false
	}
	return v.to(v.at.First, false)
}

func (v *Nav) to(n *Node, back bool) bool {
	for n != nil && !seen(n) {
		if back {
			n = n.Prev
		} else {
			n = n.Next
		}
	}
	if n == nil {
		return false
	}
	v.at = n
	return true
}

// MoveToFirst goes to the first sibling.
func (v *Nav) MoveToFirst() bool {
	if v.attr >= 0 || v.at.Parent == nil || v.at == v.top {
		return false
	}
	was := v.at
	v.to(v.at.Parent.First, false)
	return v.at != was
}

// MoveToNext goes to the next sibling.
func (v *Nav) MoveToNext() bool { return v.attr < 0 && v.at != v.top && v.to(v.at.Next, false) }

// MoveToPrevious goes to the sibling before.
func (v *Nav) MoveToPrevious() bool { return v.attr < 0 && v.at != v.top && v.to(v.at.Prev, true) }

// MoveTo goes where another navigator is.
func (v *Nav) MoveTo(o xpath.NodeNavigator) bool {
	w, ok := o.(*Nav)
	if !ok || w.top != v.top {
		return false
	}
	v.at, v.attr = w.at, w.attr
	return true
}
