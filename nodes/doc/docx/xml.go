// Package docx opens, changes and writes Word documents (.docx) without
// understanding all of them: what is not touched is kept byte for byte, parts of
// the zip file as well as elements inside a part.
//
// Documents come from strangers: document type declarations (and with them
// entities) are refused, and sizes, depths and counts are bounded.
package docx

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

const (
	maxDepth = 400
	maxNodes = 3_000_000
)

// Node is an element, or what stands between elements as it was written.
type Node struct {
	Parent *Node
	Kids   []*Node
	// Name is the name of an element with the usual prefix of its namespace,
	// whatever the document calls it: w:p. It is empty for text.
	Name  string
	open  string // start tag as written; of text, the text as written
	close string // end tag as written, "" for <a/>
	text  bool   // character data, rather than comments and the like
	scope *scope
}

// scope holds the namespaces in force in an element.
type scope struct {
	up    *scope
	names map[string]string // prefix to URI
}

func (s *scope) uri(prefix string) string {
	for ; s != nil; s = s.up {
		if u, ok := s.names[prefix]; ok {
			return u
		}
	}
	return ""
}

// spaces are the namespaces that matter here with the prefix used in names.
// Each has two URIs, one for each flavour of the format.
var spaces = map[string]string{
	"http://schemas.openxmlformats.org/wordprocessingml/2006/main":              "w",
	"http://purl.oclc.org/ooxml/wordprocessingml/main":                          "w",
	"http://schemas.openxmlformats.org/officeDocument/2006/relationships":       "r",
	"http://purl.oclc.org/ooxml/officeDocument/relationships":                   "r",
	"http://schemas.openxmlformats.org/package/2006/relationships":              "rel",
	"http://schemas.openxmlformats.org/package/2006/content-types":              "ct",
	"http://schemas.openxmlformats.org/markup-compatibility/2006":               "mc",
	"http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing":    "wp",
	"http://schemas.openxmlformats.org/drawingml/2006/main":                     "a",
	"http://schemas.openxmlformats.org/package/2006/metadata/core-properties":   "cp",
	"http://purl.org/dc/elements/1.1/":                                          "dc",
	"http://purl.org/dc/terms/":                                                 "dcterms",
	"http://schemas.openxmlformats.org/officeDocument/2006/extended-properties": "ep",
	"http://purl.oclc.org/ooxml/officeDocument/extendedProperties":              "ep",
	"http://schemas.openxmlformats.org/officeDocument/2006/custom-properties":   "op",
	"http://schemas.openxmlformats.org/officeDocument/2006/docPropsVTypes":      "vt",
	"http://schemas.microsoft.com/office/word/2010/wordml":                      "w14",
	"http://schemas.openxmlformats.org/officeDocument/2006/math":                "m",
}

// Parse reads a part. The root node it returns has no name; the document's
// element is among its kids.
func Parse(data []byte) (*Node, error) { return parse(string(fromUTF16(data)), nil) }

// fromUTF16 turns the encodings that XML permits beside UTF-8 into it.
func fromUTF16(b []byte) []byte {
	if len(b) < 2 || !(b[0] == 0xFE && b[1] == 0xFF || b[0] == 0xFF && b[1] == 0xFE) {
		return bytes.TrimPrefix(b, []byte("\xef\xbb\xbf"))
	}
	big := b[0] == 0xFE
	out := make([]byte, 0, len(b))
	for i := 2; i+1 < len(b); {
		unit := func(i int) rune {
			if big {
				return rune(b[i])<<8 | rune(b[i+1])
			}
			return rune(b[i+1])<<8 | rune(b[i])
		}
		r := unit(i)
		i += 2
		if r >= 0xD800 && r < 0xDC00 && i+1 < len(b) {
			if low := unit(i); low >= 0xDC00 && low < 0xE000 {
				r = (r-0xD800)<<10 + (low - 0xDC00) + 0x10000
				i += 2
			}
		}
		out = utf8.AppendRune(out, r)
	}
	// The declaration no longer tells the truth.
	if bytes.HasPrefix(out, []byte("<?xml")) {
		if end := bytes.Index(out, []byte("?>")); end > 0 {
			out = append([]byte(`<?xml version="1.0" encoding="UTF-8" standalone="yes"?>`), out[end+2:]...)
		}
	}
	return out
}

func parse(s string, in *scope) (*Node, error) {
	if !utf8.ValidString(s) {
		return nil, fmt.Errorf("it is not in UTF-8")
	}
	root := &Node{scope: in}
	at := root
	depth, count := 0, 0
	add := func(n *Node) error {
		if count++; count > maxNodes {
			return fmt.Errorf("it has more than %d elements", maxNodes)
		}
		n.Parent = at
		at.Kids = append(at.Kids, n)
		return nil
	}
	for i := 0; i < len(s); {
		if s[i] != '<' {
			end := strings.IndexByte(s[i:], '<')
			if end < 0 {
				end = len(s) - i
			}
			if at == root && in == nil && strings.TrimSpace(s[i:i+end]) != "" {
				return nil, fmt.Errorf("there is text outside of its element")
			}
			if err := add(&Node{open: s[i : i+end], text: true, scope: at.scope}); err != nil {
				return nil, err
			}
			i += end
			continue
		}
		rest := s[i:]
		var end int
		switch {
		case strings.HasPrefix(rest, "<!--"):
			if end = strings.Index(rest[4:], "-->"); end >= 0 {
				end += 7
			}
		case strings.HasPrefix(rest, "<![CDATA["):
			if end = strings.Index(rest, "]]>"); end >= 0 {
				end += 3
			}
		case strings.HasPrefix(rest, "<?"):
			if end = strings.Index(rest, "?>"); end >= 0 {
				end += 2
			}
		case strings.HasPrefix(rest, "<!"):
			return nil, fmt.Errorf("it declares a document type, which a Word document never does")
		default:
			end = tagEnd(rest)
		}
		if end < 0 {
			return nil, fmt.Errorf("a tag is not closed")
		}
		tag := rest[:end]
		i += end
		switch {
		case strings.HasPrefix(tag, "<!["):
			if err := add(&Node{open: tag, text: true, scope: at.scope}); err != nil {
				return nil, err
			}
		case tag[1] == '!' || tag[1] == '?':
			if err := add(&Node{open: tag, scope: at.scope}); err != nil {
				return nil, err
			}
		case tag[1] == '/':
			if at == root || at.rawName() != strings.TrimSpace(tag[2:len(tag)-1]) {
				return nil, fmt.Errorf("the tags do not match at %s", short(tag))
			}
			at.close = tag
			at = at.Parent
			depth--
		default:
			n := &Node{open: tag, scope: at.scope}
			if err := n.declare(); err != nil {
				return nil, err
			}
			if err := add(n); err != nil {
				return nil, err
			}
			if !strings.HasSuffix(tag, "/>") {
				if depth++; depth > maxDepth {
					return nil, fmt.Errorf("its elements are nested deeper than %d levels", maxDepth)
				}
				at = n
			}
		}
	}
	if at != root {
		return nil, fmt.Errorf("the element %s is not closed", short(at.rawName()))
	}
	if in == nil && root.Element() == nil {
		return nil, fmt.Errorf("it is empty")
	}
	return root, nil
}

func short(s string) string {
	if len(s) > 60 {
		return strings.ToValidUTF8(s[:60], "") + "…"
	}
	return s
}

// tagEnd returns the length of the tag that s begins with; > may stand in
// quotes.
func tagEnd(s string) int {
	quote := byte(0)
	for i := 1; i < len(s); i++ {
		switch c := s[i]; {
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '"' || c == '\'':
			quote = c
		case c == '>':
			return i + 1
		case c == '<':
			return -1
		}
	}
	return -1
}

func (n *Node) rawName() string {
	s := strings.TrimLeft(n.open, "<")
	if i := strings.IndexAny(s, " \t\r\n/>"); i >= 0 {
		s = s[:i]
	}
	return s
}

// declare reads the namespaces that the start tag declares, and names the
// element.
func (n *Node) declare() error {
	raw := n.rawName()
	if raw == "" {
		return fmt.Errorf("a tag has no name")
	}
	if strings.Contains(n.open, "xmlns") {
		names := map[string]string{}
		for k, v := range n.rawAttrs() {
			if k == "xmlns" {
				names[""] = v
			} else if p, ok := strings.CutPrefix(k, "xmlns:"); ok {
				names[p] = v
			}
		}
		n.scope = &scope{up: n.scope, names: names}
	}
	n.Name = n.canonical(raw, true)
	return nil
}

// canonical gives a name the usual prefix of its namespace.
func (n *Node) canonical(raw string, element bool) string {
	prefix, local, ok := strings.Cut(raw, ":")
	if !ok {
		if !element {
			return raw
		}
		prefix, local = "", raw
	}
	if p, ok := spaces[n.scope.uri(prefix)]; ok {
		return p + ":" + local
	}
	return raw
}

// rawAttrs goes through the attributes as they are named in the document.
func (n *Node) rawAttrs() func(yield func(string, string) bool) {
	return func(yield func(string, string) bool) {
		s := n.open[min(len(n.open), 1+len(n.rawName())):]
		for {
			s = strings.TrimLeft(s, " \t\r\n")
			eq := strings.IndexByte(s, '=')
			if eq < 0 {
				return
			}
			key := strings.TrimSpace(s[:eq])
			s = strings.TrimLeft(s[eq+1:], " \t\r\n")
			if s == "" || s[0] != '"' && s[0] != '\'' {
				return
			}
			end := strings.IndexByte(s[1:], s[0])
			if end < 0 {
				return
			}
			if !yield(key, unescape(s[1:1+end])) {
				return
			}
			s = s[end+2:]
		}
	}
}

// Attr returns an attribute by its usual name, w:val, or "".
func (n *Node) Attr(name string) string {
	for k, v := range n.rawAttrs() {
		if k == name || n.canonical(k, false) == name {
			return v
		}
	}
	return ""
}

// dropAttr removes attributes for which drop is true from the start tag.
func (n *Node) dropAttr(drop func(name string) bool) {
	for k := range n.rawAttrs() {
		if !drop(n.canonical(k, false)) {
			continue
		}
		at := strings.Index(n.open, " "+k+"=")
		if at < 0 {
			continue
		}
		value := at + len(k) + 2
		end := strings.IndexByte(n.open[value+1:], n.open[value])
		if end >= 0 {
			n.open = n.open[:at] + n.open[value+end+2:]
		}
	}
}

// Element returns the first element below n.
func (n *Node) Element() *Node {
	for _, k := range n.Kids {
		if k.Name != "" {
			return k
		}
	}
	return nil
}

// Kid returns the first child of that name, or nil; it may be asked of nil.
func (n *Node) Kid(name string) *Node {
	if n != nil {
		for _, k := range n.Kids {
			if k.Name == name {
				return k
			}
		}
	}
	return nil
}

// All returns every element of that name below n, in document order.
func (n *Node) All(name string) []*Node {
	var out []*Node
	var walk func(*Node)
	walk = func(n *Node) {
		for _, k := range n.Kids {
			if k.Name == name {
				out = append(out, k)
			}
			walk(k)
		}
	}
	if n != nil {
		walk(n)
	}
	return out
}

// Text returns the character data below n.
func (n *Node) Text() string {
	var b strings.Builder
	var walk func(*Node)
	walk = func(n *Node) {
		if n.text {
			if c, ok := strings.CutPrefix(n.open, "<![CDATA["); ok {
				b.WriteString(strings.TrimSuffix(c, "]]>"))
			} else {
				b.WriteString(unescape(n.open))
			}
		}
		for _, k := range n.Kids {
			walk(k)
		}
	}
	walk(n)
	return b.String()
}

// Clone returns a deep copy without a parent.
func (n *Node) Clone() *Node {
	c := *n
	c.Parent = nil
	c.Kids = make([]*Node, len(n.Kids))
	for i, k := range n.Kids {
		c.Kids[i] = k.Clone()
		c.Kids[i].Parent = &c
	}
	return &c
}

// Index returns the position of n among the kids of its parent.
func (n *Node) Index() int { return slices.Index(n.Parent.Kids, n) }

// Insert puts nodes among the kids of n, at a position.
func (n *Node) Insert(at int, nodes ...*Node) {
	if n.close == "" && n.Name != "" && len(nodes) > 0 { // <a/> becomes <a></a>
		n.open = strings.TrimRight(strings.TrimSuffix(n.open, "/>"), " ") + ">"
		n.close = "</" + n.rawName() + ">"
	}
	for _, k := range nodes {
		k.Parent = n
	}
	n.Kids = slices.Insert(n.Kids, at, nodes...)
}

// Append puts nodes behind the kids of n.
func (n *Node) Append(nodes ...*Node) { n.Insert(len(n.Kids), nodes...) }

// Replace puts nodes in the place of n.
func (n *Node) Replace(nodes ...*Node) {
	p, at := n.Parent, n.Index()
	p.Kids = slices.Delete(p.Kids, at, at+1)
	p.Insert(at, nodes...)
}

// Remove takes n out of its parent.
func (n *Node) Remove() { n.Replace() }

// Fragment parses XML that is to be put into n. It may use the usual prefixes.
func (n *Node) Fragment(xml string) ([]*Node, error) {
	root, err := parse(n.adapt(xml), n.scope)
	if err != nil {
		return nil, fmt.Errorf("making a part of the document: %w", err)
	}
	for _, k := range root.Kids {
		k.Parent = nil
	}
	return root.Kids, nil
}

// adapt renames the prefix w where the document calls it otherwise.
func (n *Node) adapt(xml string) string {
	if spaces[n.scope.uri("w")] == "w" {
		return xml
	}
	for s := n.scope; s != nil; s = s.up {
		for p, u := range s.names {
			if spaces[u] == "w" && p != "" {
				return strings.NewReplacer("<w:", "<"+p+":", "</w:", "</"+p+":", " w:", " "+p+":").Replace(xml)
			}
		}
	}
	return xml
}

// Bytes returns the node and all below it as XML.
func (n *Node) Bytes() []byte {
	var b bytes.Buffer
	n.write(&b)
	return b.Bytes()
}

func (n *Node) write(b *bytes.Buffer) {
	b.WriteString(n.open)
	for _, k := range n.Kids {
		k.write(b)
	}
	b.WriteString(n.close)
}

// unescape replaces the entities that XML knows by itself, and characters given
// by number.
func unescape(s string) string {
	if strings.IndexByte(s, '&') < 0 {
		return s
	}
	var b strings.Builder
	for {
		i := strings.IndexByte(s, '&')
		if i < 0 {
			b.WriteString(s)
			return b.String()
		}
		b.WriteString(s[:i])
		s = s[i:]
		end := strings.IndexByte(s, ';')
		if end < 0 || end > 12 {
			b.WriteByte('&')
			s = s[1:]
			continue
		}
		r := entity(s[1:end])
		if r == "" {
			r = s[:end+1]
		}
		b.WriteString(r)
		s = s[end+1:]
	}
}

func entity(name string) string {
	switch name {
	case "lt":
		return "<"
	case "gt":
		return ">"
	case "amp":
		return "&"
	case "quot":
		return `"`
	case "apos":
		return "'"
	}
	digits, ok := strings.CutPrefix(name, "#")
	if !ok {
		return ""
	}
	base := 10
	if h := strings.TrimLeft(digits, "xX"); h != digits {
		digits, base = h, 16
	}
	n, err := strconv.ParseUint(digits, base, 21)
	if err != nil || n == 0 || !utf8.ValidRune(rune(n)) {
		return ""
	}
	return string(rune(n))
}

var escaper = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;")

// Escape makes text fit for XML; what XML cannot hold at all is left out.
func Escape(s string) string {
	return escaper.Replace(strings.Map(func(r rune) rune {
		if r < ' ' && r != '\t' && r != '\n' && r != '\r' || r == 0xFFFE || r == 0xFFFF || r >= 0xD800 && r < 0xE000 {
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, "\ufffd")))
}
