package docx

import (
	"strings"
)

// Span is a piece of a paragraph's text: a text element (w:t), or a special one
// that stands for a character, such as a tab or a line break.
type Span struct {
	Node    *Node
	Text    string
	Special bool
}

// skipped are elements whose text is not part of the paragraph: deleted and
// moved text, field codes, and what holds paragraphs of its own.
var skipped = map[string]bool{
	"w:del": true, "w:moveFrom": true, "w:instrText": true, "w:delText": true, "w:txbxContent": true,
	"w:rPr": true, "w:pPr": true, "w:footnoteReference": true, "w:rt": true,
}

// Spans returns the text of a paragraph (w:p) in pieces, without that of
// paragraphs inside it, as text boxes have them.
func Spans(p *Node) []Span {
	var out []Span
	var walk func(*Node)
	walk = func(n *Node) {
		for _, k := range n.Kids {
			switch {
			case k.Name == "" || skipped[k.Name] || k.Name == "w:p":
			case k.Name == "w:t" || k.Name == "m:t":
				out = append(out, Span{k, k.Text(), false})
			case k.Name == "w:tab" || k.Name == "w:ptab":
				out = append(out, Span{k, "\t", true})
			case k.Name == "w:br" && k.Attr("w:type") != "page" && k.Attr("w:type") != "column", k.Name == "w:cr":
				out = append(out, Span{k, "\n", true})
			case k.Name == "w:noBreakHyphen":
				out = append(out, Span{k, "-", true})
			case k.Name == "w:softHyphen":
			case k.Name == "w:sym":
				out = append(out, Span{k, symbol(k), true})
			default:
				walk(k)
			}
		}
	}
	walk(p)
	return out
}

// symbol returns the character of a w:sym as far as it is one of Unicode;
// symbol fonts keep theirs in a private area.
func symbol(n *Node) string {
	r := entity("#x" + n.Attr("w:char"))
	if r >= "\ue000" && r <= "\uf8ff" || r == "" {
		return "\ufffd"
	}
	return r
}

// Join returns the text of spans.
func Join(spans []Span) string {
	var b strings.Builder
	for _, s := range spans {
		b.WriteString(s.Text)
	}
	return b.String()
}

// Edit replaces the bytes From to To of a paragraph's text. Insert stands for
// pictures by characters that Render knows.
type Edit struct {
	From, To int
	Insert   string
}

// Apply makes edits, which must be in order and not overlap, in a paragraph.
// The new text has the looks of the first letter that it replaces. Objects maps
// characters to XML that is put in their place inside the run.
func Apply(p *Node, spans []Span, edits []Edit, objects map[rune]string) error {
	type insert struct {
		at   int
		text string
	}
	starts := make([]int, len(spans)+1)
	for i, s := range spans {
		starts[i+1] = starts[i] + len(s.Text)
	}
	inserts := make([][]insert, len(spans))
	removed := make([][][2]int, len(spans)) // ranges inside each span
	var homeless strings.Builder            // there is no text element at all
	i := 0
	for _, e := range edits {
		for i+1 < len(spans) && starts[i+1] <= e.From {
			i++
		}
		if home, at := home(spans, i, e.From-starts[min(i, len(spans))]); home < 0 {
			homeless.WriteString(e.Insert)
		} else if e.Insert != "" {
			inserts[home] = append(inserts[home], insert{at, e.Insert})
		}
		for k := i; k < len(spans) && starts[k] < e.To; k++ {
			from, to := max(e.From, starts[k])-starts[k], min(e.To, starts[k+1])-starts[k]
			if from < to {
				removed[k] = append(removed[k], [2]int{from, to})
			}
		}
	}
	for k, s := range spans {
		if len(inserts[k]) == 0 && len(removed[k]) == 0 {
			continue
		}
		if s.Special {
			s.Node.Remove()
			continue
		}
		var b strings.Builder
		pos := 0
		ins, rem := inserts[k], removed[k]
		for len(ins) > 0 || len(rem) > 0 {
			if len(ins) > 0 && (len(rem) == 0 || ins[0].at <= rem[0][0]) {
				if ins[0].at > pos {
					b.WriteString(s.Text[pos:ins[0].at])
					pos = ins[0].at
				}
				b.WriteString(ins[0].text)
				ins = ins[1:]
				continue
			}
			if rem[0][0] > pos {
				b.WriteString(s.Text[pos:rem[0][0]])
			}
			pos = max(pos, rem[0][1])
			rem = rem[1:]
		}
		b.WriteString(s.Text[pos:])
		if err := setText(s.Node, b.String(), objects); err != nil {
			return err
		}
	}
	if homeless.Len() > 0 {
		return appendRun(p, homeless.String(), objects)
	}
	return nil
}

// home finds the text element that takes what is inserted at an offset in span
// i: itself, or the nearest one before or behind a special one.
func home(spans []Span, i, at int) (span, offset int) {
	if i < len(spans) && !spans[i].Special {
		return i, min(max(at, 0), len(spans[i].Text))
	}
	for k := min(i, len(spans)) - 1; k >= 0; k-- {
		if !spans[k].Special {
			return k, len(spans[k].Text)
		}
	}
	for k := i + 1; k < len(spans); k++ {
		if !spans[k].Special {
			return k, 0
		}
	}
	return -1, 0
}

// setText gives a w:t other text; line ends and tabs become elements beside it.
func setText(t *Node, text string, objects map[rune]string) error {
	nodes, err := t.Parent.Fragment(RunContent(text, objects))
	if err != nil {
		return err
	}
	if t.Name == "m:t" || len(nodes) == 0 { // formulas know no breaks
		t.Kids = nil
		if t.close == "" {
			return nil
		}
		t.Append(&Node{open: Escape(strings.Map(func(r rune) rune {
			if _, ok := objects[r]; ok {
				return -1
			}
			return r
		}, text)), text: true, scope: t.scope})
		return nil
	}
	t.Replace(nodes...)
	return nil
}

// RunContent writes text as what stands inside a run (w:r).
func RunContent(text string, objects map[rune]string) string {
	var b strings.Builder
	var plain strings.Builder
	flush := func() {
		if plain.Len() > 0 {
			b.WriteString(`<w:t xml:space="preserve">` + Escape(plain.String()) + `</w:t>`)
			plain.Reset()
		}
	}
	for _, r := range strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), "\r", "\n") {
		x, object := objects[r]
		switch {
		case object:
			flush()
			b.WriteString(x)
		case r == '\n':
			flush()
			b.WriteString("<w:br/>")
		case r == '\t':
			flush()
			b.WriteString("<w:tab/>")
		default:
			plain.WriteRune(r)
		}
	}
	flush()
	return b.String()
}

func appendRun(p *Node, text string, objects map[rune]string) error {
	nodes, err := p.Fragment("<w:r>" + RunContent(text, objects) + "</w:r>")
	if err != nil {
		return err
	}
	p.Append(nodes...)
	return nil
}

// ParagraphText returns the text of a paragraph.
func ParagraphText(p *Node) string { return Join(Spans(p)) }

// WithoutIDs removes the ids that must not occur twice from copied elements.
func WithoutIDs(n *Node) {
	if n.Name == "w:p" || n.Name == "w:tr" {
		n.dropAttr(func(name string) bool { return name == "w14:paraId" || name == "w14:textId" })
	}
	for _, k := range n.Kids {
		WithoutIDs(k)
	}
}

// Shell returns an element like n without kids, whose parent is that of n but
// does not know it, to work on nodes before they are put into n.
func Shell(n *Node) *Node {
	c := *n
	c.Kids = nil
	return &c
}

// Count returns how many nodes n and all below it are.
func (n *Node) Count() int {
	c := 1
	for _, k := range n.Kids {
		c += k.Count()
	}
	return c
}
