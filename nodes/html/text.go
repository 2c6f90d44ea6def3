package html

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"github.com/aether-rpa/aether/node"
)

func init() {
	node.Register(node.Spec[textIn, textOut]{
		Type: "html.to_text", Title: "HTML to text", Effect: node.Pure,
		Doc: "Writes a page or HTML mail as plain text, as a person would read it: paragraphs apart, lists with bullets, tables with tabs between cells. Scripts, styles and hidden parts are left out.",
		Examples: []node.Example[textIn, textOut]{{
			Title: "A mail",
			In:    textIn{source: source{HTML: "<style>p{}</style><p>Dear  <b>Ann</b>,</p><ul><li>one<li>two</ul><table><tr><td>a<td>1<tr><td>b<td>2</table>"}},
			Out:   textOut{Text: "Dear Ann,\n\n- one\n- two\n\na\t1\nb\t2", Links: []string{}},
		}, {
			Title: "With the addresses of links at the end",
			In:    textIn{source: source{HTML: `<h1>News</h1>See <a href="/a">this</a>.`}, Addresses: "end", base: base{BaseURL: "https://x.org/n/"}},
			Out:   textOut{Text: "News\n\nSee this [1].\n\n[1] https://x.org/a", Links: []string{"https://x.org/a"}},
		}},
		Run: toText,
	})
}

type textIn struct {
	source
	Selector  string `json:"selector" doc:"CSS selector or XPath of the part to write, for instance main or article; the whole page when empty."`
	Addresses string `json:"links" default:"none" enum:"none,inline,end" doc:"What to do with the addresses of links: leave them out, write them in brackets behind the text, or list them at the end."`
	Images    bool   `json:"images" doc:"Write the descriptions of images in square brackets."`
	Hidden    bool   `json:"hidden" is:"advanced" doc:"Also write parts that the page hides (hidden, display:none)."`
	base
}

type textOut struct {
	Text  string   `json:"text" doc:"The page as text."`
	Links []string `json:"links" doc:"Addresses that the text names, when links is not none."`
}

func toText(ctx context.Context, _ *node.Env, in textIn) (textOut, error) {
	doc, err := in.parse(ctx)
	if err != nil {
		return textOut{}, err
	}
	resolve, err := in.resolver(doc)
	if err != nil {
		return textOut{}, err
	}
	parts := []*html.Node{doc}
	if in.Selector != "" {
		if parts, err = elements(ctx, doc, in.Selector); err != nil {
			return textOut{}, err
		}
	}
	w := &textWriter{full: true, links: in.Addresses, images: in.Images, hidden: in.Hidden, resolve: resolve, list: []string{}}
	for _, p := range parts {
		w.gap(2)
		w.node(p)
	}
	text := w.done()
	if in.Addresses == "end" && len(w.list) > 0 {
		var b strings.Builder
		for i, a := range w.list {
			fmt.Fprintf(&b, "\n[%d] %s", i+1, a)
		}
		text += "\n" + b.String()
	}
	return textOut{Text: text, Links: w.list}, nil
}

// elements returns what a selector finds, elements only.
func elements(ctx context.Context, doc *html.Node, selector string) ([]*html.Node, error) {
	f, err := compile(selector)
	if err != nil {
		return nil, err
	}
	hits, _, err := f.find(ctx, doc, 0)
	if err != nil {
		return nil, err
	}
	var out []*html.Node
	for _, h := range hits {
		if h.attr == "" && h.n.Type == html.ElementNode {
			out = append(out, h.n)
		}
	}
	return out, nil
}

// visible returns the text of a node as it reads: white space squeezed, and
// lines where blocks and line breaks are.
func visible(n *html.Node) string {
	if n.Type == html.TextNode {
		return squeeze(n.Data)
	}
	w := &textWriter{}
	if n.DataAtom == atom.Title || n.DataAtom == atom.Script || n.DataAtom == atom.Style || n.DataAtom == atom.Textarea {
		return strings.TrimSpace(content(n))
	}
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		w.node(c)
	}
	return w.done()
}

// textWriter writes a tree as text.
type textWriter struct {
	full    bool // bullets, blank lines between paragraphs, quotes
	links   string
	images  bool
	hidden  bool
	resolve func(string) string
	list    []string
	known   map[string]int
	numbers map[*html.Node]int // of the last item of each numbered list

	b      strings.Builder
	space  bool // a blank is due before the next word
	lines  int  // line ends due before the next word
	prefix []string
	bullet string // due at the start of the next line
	pre    bool
	begun  bool
}

func (w *textWriter) done() string { return strings.TrimRight(w.b.String(), " \t\n") }

// gap asks for line ends before the next word.
func (w *textWriter) gap(n int) {
	if !w.full {
		n = min(n, 1)
	}
	w.lines = max(w.lines, n)
	w.space = false
}

func (w *textWriter) put(s string) {
	if s == "" {
		return
	}
	switch {
	case !w.begun:
		w.b.WriteString(strings.Join(w.prefix, "") + w.bullet)
	case w.lines > 0:
		p := strings.Join(w.prefix, "")
		for i := range w.lines {
			w.b.WriteString("\n")
			if i < w.lines-1 {
				w.b.WriteString(strings.TrimRight(p, " "))
			}
		}
		w.b.WriteString(p + w.bullet)
	case w.space:
		w.b.WriteByte(' ')
	}
	if w.bullet != "" {
		w.prefix[len(w.prefix)-1] = strings.Repeat(" ", len(w.bullet))
		w.bullet = ""
	}
	w.begun, w.space, w.lines = true, false, 0
	w.b.WriteString(s)
}

func (w *textWriter) text(s string) {
	if w.pre {
		for i, line := range strings.Split(s, "\n") {
			if i > 0 {
				w.lines++
			}
			w.put(strings.TrimSuffix(line, "\r"))
		}
		return
	}
	words := strings.Fields(s)
	if len(words) == 0 {
		if s != "" {
			w.space = w.begun && w.lines == 0
		}
		return
	}
	if strings.IndexAny(s[:1], " \t\r\n\f") == 0 || strings.HasPrefix(s, "\u00a0") {
		w.space = true
	}
	w.put(strings.Join(words, " "))
	w.space = strings.TrimRight(s, " \t\r\n\f\u00a0") != s
}

var skipped = map[atom.Atom]bool{atom.Script: true, atom.Style: true, atom.Noscript: true, atom.Template: true, atom.Head: true, atom.Iframe: true,
	atom.Object: true, atom.Svg: true, atom.Math: true, atom.Datalist: true, atom.Audio: true, atom.Video: true, atom.Canvas: true}

// blocks are the elements that begin a line, with the line ends before them.
var blocks = map[atom.Atom]int{atom.P: 2, atom.H1: 2, atom.H2: 2, atom.H3: 2, atom.H4: 2, atom.H5: 2, atom.H6: 2, atom.Ul: 2, atom.Ol: 2, atom.Dl: 2, atom.Table: 2,
	atom.Blockquote: 2, atom.Pre: 2, atom.Fieldset: 2, atom.Figure: 2, atom.Hr: 2, atom.Article: 2, atom.Section: 2,
	atom.Div: 1, atom.Li: 1, atom.Dt: 1, atom.Dd: 1, atom.Tr: 1, atom.Caption: 1, atom.Header: 1, atom.Footer: 1, atom.Main: 1, atom.Nav: 1, atom.Aside: 1, atom.Address: 1,
	atom.Form: 1, atom.Figcaption: 1, atom.Legend: 1, atom.Summary: 1, atom.Details: 1, atom.Center: 1, atom.Option: 1, atom.Body: 1, atom.Thead: 1, atom.Tbody: 1, atom.Tfoot: 1}

func (w *textWriter) node(n *html.Node) {
	switch n.Type {
	case html.TextNode:
		w.text(n.Data)
		return
	case html.ElementNode:
	case html.DocumentNode:
		w.children(n)
		return
	default:
		return
	}
	if skipped[n.DataAtom] || !w.hidden && hides(n) {
		return
	}
	switch n.DataAtom {
	case atom.Br:
		w.lines, w.space = w.lines+1, false
		return
	case atom.Hr:
		w.gap(2)
		if w.full {
			w.put("---")
		}
		w.gap(2)
		return
	case atom.Img:
		if alt := squeeze(attrOf(n, "alt")); w.images && alt != "" {
			w.put("[" + alt + "]")
		}
		return
	case atom.Input, atom.Select, atom.Textarea:
		return
	case atom.Td, atom.Th:
		w.cell(n)
		return
	case atom.A:
		w.link(n)
		return
	}
	w.block(n)
}

func (w *textWriter) children(n *html.Node) {
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		w.node(c)
	}
}

func (w *textWriter) block(n *html.Node) {
	lines := blocks[n.DataAtom]
	if (n.DataAtom == atom.Ul || n.DataAtom == atom.Ol) && within(n, atom.Li) {
		lines = 1
	}
	if lines > 0 {
		w.gap(lines)
	}
	was := w.pre
	w.pre = was || n.DataAtom == atom.Pre
	depth := len(w.prefix)
	if w.full {
		switch n.DataAtom {
		case atom.Blockquote:
			w.prefix = append(w.prefix, "> ")
		case atom.Dd:
			w.prefix = append(w.prefix, "  ")
		case atom.Li:
			// An outer bullet that has no text of its own stays on this line.
			outer := w.bullet
			w.prefix = append(w.prefix, "")
			w.bullet = outer + w.mark(n)
		}
	}
	w.children(n)
	w.prefix = w.prefix[:min(depth, len(w.prefix))]
	if w.full && n.DataAtom == atom.Li {
		w.bullet = ""
	}
	w.pre = was
	if lines > 0 {
		w.gap(lines)
	}
}

// mark returns the dot or the number of an item. It counts as it goes: looking
// back at the items before would take very long in a long list.
func (w *textWriter) mark(li *html.Node) string {
	if li.Parent == nil || li.Parent.DataAtom != atom.Ol {
		return "- "
	}
	if w.numbers == nil {
		w.numbers = map[*html.Node]int{}
	}
	n, begun := w.numbers[li.Parent]
	if start, err := strconv.Atoi(attrOf(li.Parent, "start")); err == nil && !begun {
		n = start - 1
	}
	n++
	if value, err := strconv.Atoi(attrOf(li, "value")); err == nil {
		n = value
	}
	w.numbers[li.Parent] = n
	return strconv.Itoa(n) + ". "
}

func (w *textWriter) cell(n *html.Node) {
	for s := n.PrevSibling; s != nil; s = s.PrevSibling {
		if s.DataAtom != atom.Td && s.DataAtom != atom.Th {
			continue
		}
		if w.begun && w.lines == 0 {
			w.space = false
			w.b.WriteByte('\t')
		} else {
			w.put("\t")
		}
		break
	}
	// What stands on several lines in a cell is put on one.
	c := &textWriter{links: w.links, images: w.images, hidden: w.hidden, resolve: w.resolve, list: w.list, known: w.known}
	c.children(n)
	w.list, w.known = c.list, c.known
	if nested := first(n, atom.Table); nested != nil || !w.full {
		for i, line := range strings.Split(c.done(), "\n") {
			if i > 0 {
				w.gap(1)
			}
			w.put(line)
		}
		return
	}
	w.put(strings.ReplaceAll(c.done(), "\n", " "))
}

func (w *textWriter) link(n *html.Node) {
	w.children(n)
	href := strings.TrimSpace(attrOf(n, "href"))
	if href == "" || w.links == "" || w.links == "none" || strings.HasPrefix(href, "#") || strings.HasPrefix(strings.ToLower(href), "javascript:") {
		return
	}
	href = w.resolve(href)
	if w.known == nil {
		w.known = map[string]int{}
	}
	if w.known[href] == 0 {
		w.list = append(w.list, href)
		w.known[href] = len(w.list)
	}
	if w.links == "inline" && squeeze(content(n)) == href {
		return
	}
	due := w.space
	w.space = w.begun && w.lines == 0
	if w.links == "inline" {
		w.put("(" + href + ")")
	} else {
		w.put(fmt.Sprintf("[%d]", w.known[href]))
	}
	w.space = due
}

func within(n *html.Node, a atom.Atom) bool {
	for p := n.Parent; p != nil; p = p.Parent {
		if p.DataAtom == a {
			return true
		}
	}
	return false
}

// hides reports whether an element says itself that it is not shown.
func hides(n *html.Node) bool {
	if _, ok := attr(n, "hidden"); ok {
		return true
	}
	style := strings.ToLower(strings.Join(strings.Fields(attrOf(n, "style")), ""))
	return strings.Contains(style, "display:none") || strings.Contains(style, "visibility:hidden") || strings.Contains(style, "mso-hide:all")
}
