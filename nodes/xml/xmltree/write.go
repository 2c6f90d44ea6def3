package xmltree

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// Layout says how a tree is written.
type Layout struct {
	Pretty     bool
	Indent     string
	NoComments bool
	NoEmptyTag bool // <a></a> rather than <a/>
}

// Write writes a node and all below. Pretty puts each element on a line of its
// own where that adds no text: elements that hold text are left as they are.
func (l Layout) Write(w io.StringWriter, n *Node) error {
	o := &output{w: w, Layout: l}
	o.node(n, 0)
	return o.err
}

type output struct {
	Layout
	w   io.StringWriter
	err error
}

func (o *output) put(parts ...string) {
	for _, s := range parts {
		if o.err == nil && s != "" {
			_, o.err = o.w.WriteString(s)
		}
	}
}

func (o *output) line(depth int) { o.put("\n", strings.Repeat(o.Indent, depth)) }

func (o *output) node(n *Node, depth int) {
	switch n.Kind {
	case Document:
		first := true
		for c := n.First; c != nil; c = c.Next {
			if c.Kind == Comment && o.NoComments {
				continue
			}
			if !first && (o.Pretty || c.Kind == Doctype || c.Prev != nil && c.Prev.Local == "xml" && c.Prev.Kind == Instruction) {
				o.put("\n")
			}
			o.node(c, 0)
			first = false
		}
	case Element:
		o.element(n, depth)
	case Text:
		if n.CData {
			o.put("<![CDATA[", n.Data, "]]>")
		} else {
			o.put(EscapeText(n.Data))
		}
	case Comment:
		if !o.NoComments {
			o.put("<!--", n.Data, "-->")
		}
	case Instruction:
		o.put("<?", n.Local)
		if n.Data != "" {
			o.put(" ", n.Data)
		}
		o.put("?>")
	case Doctype:
		o.put("<!", n.Data, ">")
	}
}

func (o *output) element(n *Node, depth int) {
	o.put(n.StartTag(false))
	if n.First == nil {
		if o.NoEmptyTag {
			o.put("></", n.Name(), ">")
		} else {
			o.put("/>")
		}
		return
	}
	o.put(">")
	// White space means something where there is other text or xml:space says so.
	pretty := o.Pretty
	for _, a := range n.Attr {
		if a.Prefix == "xml" && a.Local == "space" && a.Value == "preserve" {
			pretty = false
		}
	}
	elements := 0
	for c := n.First; c != nil && pretty; c = c.Next {
		switch {
		case c.Kind == Text && (c.CData || !Blank(c.Data)):
			pretty = false
		case c.Kind != Text && (c.Kind != Comment || !o.NoComments):
			elements++
		}
	}
	was := o.Pretty
	o.Pretty = pretty
	for c := n.First; c != nil; c = c.Next {
		switch {
		case pretty && elements > 0 && (c.Kind == Text || c.Kind == Comment && o.NoComments):
			continue
		case pretty && elements > 0:
			o.line(depth + 1)
		}
		o.node(c, depth+1)
	}
	if pretty && elements > 0 {
		o.line(depth)
	}
	o.Pretty = was
	o.put("</", n.Name(), ">")
}

// StartTag returns the start tag of an element; without closing it lacks the
// end, which is > or />.
func (n *Node) StartTag(closing bool) string {
	var b strings.Builder
	b.WriteString("<" + n.Name())
	for _, a := range n.Attr {
		b.WriteString(" " + a.Name() + `="` + EscapeAttr(a.Value) + `"`)
	}
	if closing {
		b.WriteString(">")
	}
	return b.String()
}

var (
	textEscapes = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", "\r", "&#xD;")
	attrEscapes = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;", "\r", "&#xD;", "\n", "&#xA;", "\t", "&#x9;")
)

// EscapeText writes text so that it can stand between tags.
func EscapeText(s string) string { return textEscapes.Replace(s) }

// EscapeAttr writes text so that it can stand between double quotes.
func EscapeAttr(s string) string { return attrEscapes.Replace(s) }

// EscapeCData writes text as CDATA.
func EscapeCData(s string) string {
	return "<![CDATA[" + strings.ReplaceAll(s, "]]>", "]]]]><![CDATA[>") + "]]>"
}

// CheckText fails for a text with a character that XML cannot hold.
func CheckText(s string) error {
	for i, r := range s {
		if !legal(r) || r == utf8.RuneError && badByte(s, i) {
			return fmt.Errorf("the text has the character U+%04X, which XML cannot hold", badRune(s, i, r))
		}
	}
	return nil
}

func badRune(s string, i int, r rune) rune {
	if r == utf8.RuneError {
		return rune(s[i])
	}
	return r
}

func badByte(s string, i int) bool {
	_, size := utf8.DecodeRuneInString(s[i:])
	return size == 1
}

func legal(r rune) bool {
	return r == '\t' || r == '\n' || r == '\r' || r >= 0x20 && r <= 0xD7FF || r >= 0xE000 && r <= 0xFFFD || r >= 0x10000 && r <= 0x10FFFF
}

// DropIllegal takes out characters that XML cannot hold.
func DropIllegal(s string) string {
	if CheckText(s) == nil {
		return s
	}
	return strings.Map(func(r rune) rune {
		if !legal(r) {
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, ""))
}
