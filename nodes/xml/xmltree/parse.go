package xmltree

import (
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
)

// Limits of what is read.
const (
	MaxDepth = 400       // elements inside of elements
	MaxNodes = 2_000_000 // nodes and attributes of one tree
	MaxToken = 32 << 20  // bytes of one tag or text in a stream
	maxKept  = 256 << 20 // bytes of text and names in one part of a stream
)

// Error says what is wrong with XML, and where.
type Error struct {
	Line, Column int
	Msg, Hint    string
}

// Error gives one line with the place.
func (e *Error) Error() string {
	return fmt.Sprintf("%s, at line %d, column %d", e.Msg, e.Line, e.Column)
}

// Doc is a document that was read.
type Doc struct {
	Text      string // as read, without a byte order mark
	Top, Root *Node
	// Prefixes holds the first namespace declared for each prefix.
	Prefixes map[string]string
	// Unbound lists prefixes that are used and declared nowhere.
	Unbound []string
}

// Options say how to read.
type Options struct {
	// HTMLEntities reads named characters of HTML, such as &nbsp;.
	HTMLEntities bool
}

// Parse reads a document. The encoding that it declares does not matter, since
// text is UTF-8 always. The error is an *Error or that of ctx.
func Parse(ctx context.Context, text string, o Options) (*Doc, error) {
	text = strings.TrimLeft(strings.TrimPrefix(text, "\ufeff"), " \t\r\n")
	p := newParser(ctx, strings.NewReader(asVersion10(text)), o)
	p.text, p.keep = text, true
	for {
		more, err := p.step(nil)
		if err != nil {
			return nil, err
		}
		if !more {
			break
		}
	}
	return &Doc{Text: text, Top: p.top, Root: p.root, Prefixes: p.prefixes, Unbound: p.unbound}, nil
}

var version11 = regexp.MustCompile(`^<\?xml\s+version\s*=\s*["']1\.1["']`)

// asVersion10 makes a document say that it is XML 1.0, which differs from 1.1
// in characters that nobody uses and is the only version that the scanner
// knows. No byte moves.
func asVersion10(text string) string {
	if m := version11.FindStringIndex(text[:min(len(text), 200)]); m != nil {
		return text[:m[1]-2] + "0" + text[m[1]-1:]
	}
	return text
}

// frame is an element that is open.
type frame struct {
	node     *Node
	declared []string // prefixes to be forgotten at its end
}

type parser struct {
	ctx      context.Context
	dec      *xml.Decoder
	guard    *guard // nil when the text is in memory
	text     string
	top      *Node
	root     *Node
	open     []frame
	spaces   map[string][]string
	prefixes map[string]string
	unbound  []string
	keep     bool  // nodes become part of the tree
	part     *Node // the part of a stream being kept
	nodes    int
	bytes    int
	steps    int
}

func newParser(ctx context.Context, r io.Reader, o Options) *parser {
	p := &parser{ctx: ctx, dec: xml.NewDecoder(r), top: &Node{Kind: Document, Line: 1},
		spaces: map[string][]string{"xml": {"http://www.w3.org/XML/1998/namespace"}}, prefixes: map[string]string{}}
	p.dec.CharsetReader = func(_ string, r io.Reader) (io.Reader, error) { return r, nil }
	if o.HTMLEntities {
		p.dec.Entity = xml.HTMLEntity
	}
	return p
}

func (p *parser) fail(format string, args ...any) error {
	line, col := p.dec.InputPos()
	return &Error{Line: line, Column: col, Msg: fmt.Sprintf(format, args...)}
}

// handler is what a stream is told of.
type handler interface {
	starts(n *Node, open []frame) (keep bool)
	ends(n *Node) error
}

// step reads one token; it reports false at the end.
func (p *parser) step(h handler) (bool, error) {
	if p.steps++; p.steps%1024 == 0 && p.ctx.Err() != nil {
		return false, p.ctx.Err()
	}
	start := int(p.dec.InputOffset())
	if p.guard != nil {
		p.guard.left = MaxToken
	}
	tok, err := p.dec.RawToken()
	end := int(p.dec.InputOffset())
	if errors.Is(err, io.EOF) {
		return false, p.atEnd()
	}
	if err != nil {
		return false, p.explain(err)
	}
	line, _ := p.dec.InputPos()
	switch t := tok.(type) {
	case xml.StartElement:
		return true, p.start(t, h, &Node{Kind: Element, Line: line, Start: start, OpenEnd: end})
	case xml.EndElement:
		return true, p.end(t, h, start, end)
	case xml.CharData:
		if len(p.open) == 0 {
			if !Blank(string(t)) {
				return false, p.fail("text stands outside of the root element")
			}
			return true, nil
		}
		cdata := p.text != "" && strings.HasPrefix(p.text[start:], "<![CDATA[")
		return true, p.leaf(&Node{Kind: Text, CData: cdata, Data: p.kept(t), Line: line, Start: start, End: end})
	case xml.Comment:
		return true, p.leaf(&Node{Kind: Comment, Data: p.kept(t), Line: line, Start: start, End: end})
	case xml.ProcInst:
		if strings.EqualFold(t.Target, "xml") && start > 0 {
			return false, p.fail("an XML declaration stands in the middle of the text")
		}
		return true, p.leaf(&Node{Kind: Instruction, Local: t.Target, Data: p.kept(t.Inst), Line: line, Start: start, End: end})
	case xml.Directive:
		if p.root != nil || len(p.open) > 0 {
			return false, p.fail("a <! declaration stands inside or behind the root element")
		}
		return true, p.leaf(&Node{Kind: Doctype, Data: p.kept(t), Line: line, Start: start, End: end})
	}
	return true, nil
}

// kept copies bytes of the scanner when they are needed.
func (p *parser) kept(b []byte) string {
	if !p.keep {
		return ""
	}
	return string(b)
}

func (p *parser) atEnd() error {
	if n := len(p.open); n > 0 {
		e := p.open[n-1].node
		return p.fail("the text ends inside of the element %.80q that begins in line %d", e.Name(), e.Line)
	}
	if p.root == nil {
		return p.fail("there is no root element")
	}
	return nil
}

var entity = regexp.MustCompile(`invalid character entity (&\S*)`)

func (p *parser) explain(err error) error {
	var g *guardError
	var s *xml.SyntaxError
	if errors.As(err, &g) {
		return p.fail("a tag or text is longer than %d MB", MaxToken>>20)
	}
	if !errors.As(err, &s) {
		if p.ctx.Err() != nil {
			return p.ctx.Err()
		}
		if strings.HasPrefix(err.Error(), "xml: ") {
			return p.fail("%s", strings.TrimPrefix(err.Error(), "xml: "))
		}
		return err
	}
	var out *Error
	if failed := p.fail("%s", s.Msg); !errors.As(failed, &out) {
		return failed
	}
	switch {
	case entity.MatchString(s.Msg):
		out.Msg = fmt.Sprintf("the entity %.60s is not known", entity.FindStringSubmatch(s.Msg)[1])
		out.Hint = "entities of a document type are never read; write a lone & as &amp;, and set html_entities for names such as &nbsp;"
	case s.Msg == "unexpected EOF":
		out.Msg = "the text ends too early"
	case s.Msg == "invalid UTF-8":
		out.Msg, out.Hint = "a byte is no UTF-8", "read the file with its real encoding, often windows-1252"
	case strings.HasPrefix(s.Msg, "illegal character code"):
		out.Hint = "control characters cannot stand in XML; remove them from the text first"
	}
	return out
}

// count fails when a tree, or a part of a stream, becomes too large.
func (p *parser) count(nodes, size int) error {
	if !p.keep {
		return nil
	}
	p.nodes += nodes
	p.bytes += size
	switch {
	case p.nodes > MaxNodes:
		return p.fail("there are more than %d nodes", MaxNodes)
	case p.part != nil && p.bytes > maxKept:
		return p.fail("the element %.80q of line %d is larger than %d MB", p.part.Name(), p.part.Line, maxKept>>20)
	}
	return nil
}

func (p *parser) leaf(n *Node) error {
	if !p.keep {
		return nil
	}
	p.parent().Append(n)
	return p.count(1, len(n.Data))
}

func (p *parser) parent() *Node {
	if len(p.open) == 0 {
		return p.top
	}
	return p.open[len(p.open)-1].node
}

func (p *parser) start(t xml.StartElement, h handler, n *Node) error {
	n.Prefix, n.Local = t.Name.Space, t.Name.Local
	switch {
	case !isNCName(n.Local) || n.Prefix != "" && !isNCName(n.Prefix):
		return p.fail("%.80q is no name of an element", n.Name())
	case len(p.open) == 0 && p.root != nil:
		return p.fail("a second root element %.80q begins", n.Name())
	case len(p.open) >= MaxDepth:
		return p.fail("elements are nested deeper than %d levels", MaxDepth)
	}
	f := frame{node: n}
	n.Attr = make([]Attr, len(t.Attr))
	var seen map[string]bool
	if len(t.Attr) > 8 {
		seen = make(map[string]bool, len(t.Attr))
	}
	for i, a := range t.Attr {
		at := Attr{Prefix: a.Name.Space, Local: a.Name.Local, Value: a.Value}
		if !isNCName(at.Local) || at.Prefix != "" && !isNCName(at.Prefix) {
			return p.fail("%.80q is no name of an attribute", at.Name())
		}
		if seen[at.Name()] || seen == nil && slices.ContainsFunc(n.Attr[:i], func(b Attr) bool { return b.Prefix == at.Prefix && b.Local == at.Local }) {
			return p.fail("the attribute %.80q is given twice", at.Name())
		}
		if seen != nil {
			seen[at.Name()] = true
		}
		if at.Declares() {
			prefix := at.Local
			if at.Prefix == "" {
				prefix = ""
			}
			p.declare(&f, prefix, at.Value)
		}
		n.Attr[i] = at
	}
	n.Space = p.space(n.Prefix, true)
	for i := range n.Attr {
		if a := &n.Attr[i]; a.Prefix != "" && !a.Declares() {
			a.Space = p.space(a.Prefix, false)
		}
	}
	if h != nil && !p.keep && h.starts(n, p.open) {
		p.keep, p.part = true, n
	}
	if p.keep {
		if n != p.part {
			p.parent().Append(n)
		}
		size := 0
		for _, a := range n.Attr {
			size += len(a.Value) + len(a.Local)
		}
		if err := p.count(1+len(n.Attr), size); err != nil {
			return err
		}
	}
	if len(p.open) == 0 {
		p.root = n
	}
	p.open = append(p.open, f)
	return nil
}

func (p *parser) declare(f *frame, prefix, space string) {
	p.spaces[prefix] = append(p.spaces[prefix], space)
	f.declared = append(f.declared, prefix)
	if _, known := p.prefixes[prefix]; !known && len(p.prefixes) < 10_000 {
		p.prefixes[prefix] = space
	}
}

func (p *parser) space(prefix string, element bool) string {
	if prefix == "" && !element {
		return ""
	}
	if s := p.spaces[prefix]; len(s) > 0 {
		return s[len(s)-1]
	}
	if prefix != "" && len(p.unbound) < 100 && !slices.Contains(p.unbound, prefix) {
		p.unbound = append(p.unbound, prefix)
	}
	return ""
}

func (p *parser) end(t xml.EndElement, h handler, start, end int) error {
	if len(p.open) == 0 {
		return p.fail("the end tag </%.80s> closes nothing", joined(t.Name.Space, t.Name.Local))
	}
	f := p.open[len(p.open)-1]
	n := f.node
	if n.Prefix != t.Name.Space || n.Local != t.Name.Local {
		return p.fail("the end tag </%.80s> stands where </%.80s> of line %d is due", joined(t.Name.Space, t.Name.Local), n.Name(), n.Line)
	}
	n.CloseStart, n.End = start, end
	for _, prefix := range f.declared {
		s := p.spaces[prefix]
		p.spaces[prefix] = s[:len(s)-1]
	}
	p.open = p.open[:len(p.open)-1]
	if h != nil && n == p.part {
		p.keep, p.part, p.nodes, p.bytes = false, nil, 0, 0
		return h.ends(n)
	}
	return nil
}
