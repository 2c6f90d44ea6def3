package doc

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"unicode"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/nodes/doc/docx"
)

func init() {
	node.Register(node.Spec[readIn, readOut]{
		Type:  "doc.read_text",
		Title: "Read text of Word document",
		Doc: "Reads the text of a Word document, plain or as Markdown, and what it is made of: headings, paragraphs, lists and tables. " +
			"Deleted text of tracked changes is left out, inserted text is read. Numbers that Word counts itself (1., 2. before list items) are not part of the text.",
		Effect: node.Read,
		Examples: []node.Example[readIn, readOut]{{
			Title: "A letter",
			Files: map[string]string{"letter.docx": letterDocx},
			In:    readIn{source: source{File: "letter.docx"}},
			Out: readOut{
				Text: "Offer\nDear {{name}},\nItem\tPrice\n{{#items}}{{item}}\t{{price}}{{/items}}\nBest regards", WordCount: 9,
				Blocks: []map[string]any{
					{"kind": "heading", "level": 1, "text": "Offer", "style": "Heading1"},
					{"kind": "paragraph", "level": 0, "text": "Dear {{name}},", "style": ""},
					{"kind": "table", "rows": []any{[]any{"Item", "Price"}, []any{"{{#items}}{{item}}", "{{price}}{{/items}}"}}},
					{"kind": "paragraph", "level": 0, "text": "Best regards", "style": ""},
				},
				Headers: []string{}, Footers: []string{}, Notes: []string{},
			},
		}, {
			Title: "As Markdown",
			Files: map[string]string{"letter.docx": letterDocx},
			In:    readIn{source: source{File: "letter.docx"}, Format: "markdown"},
			Check: func(o readOut) error {
				if !strings.HasPrefix(o.Text, "# Offer\n\nDear") {
					return fmt.Errorf("got %q", o.Text)
				}
				return nil
			},
		}},
		Run: readText,
	})
	node.Register(node.Spec[tablesIn, tablesOut]{
		Type:   "doc.read_tables",
		Title:  "Read tables of Word document",
		Doc:    "Reads the tables of a Word document as rows. Cells merged across have their text in the first column, cells merged downwards in the first row, unless fill_merged repeats it. Tables inside tables are read as tables of their own, after the one they are in.",
		Effect: node.Read,
		Examples: []node.Example[tablesIn, tablesOut]{{
			Title: "The only table",
			Files: map[string]string{"letter.docx": letterDocx},
			In:    tablesIn{source: source{File: "letter.docx"}},
			Out: tablesOut{
				Rows:   []map[string]any{{"Item": "{{#items}}{{item}}", "Price": "{{price}}{{/items}}"}},
				Tables: []docTable{{Number: 1, Columns: []string{"Item", "Price"}, Rows: []map[string]any{{"Item": "{{#items}}{{item}}", "Price": "{{price}}{{/items}}"}}}},
				Count:  1,
			},
		}},
		Run: readTables,
	})
}

type readIn struct {
	source
	Format string `json:"format" default:"text" enum:"text,markdown" doc:"How text is written: plain, a line for each paragraph and tabs between cells, or as Markdown with headings, lists and tables."`
}

type readOut struct {
	Text      string           `json:"text" doc:"The text of the body."`
	Blocks    []map[string]any `json:"blocks" doc:"What the body is made of, in order: kind (heading, paragraph, list_item, table), level (of headings from 1, of list items from 0), text, style; rows, a list of lists, for a table."`
	Headers   []string         `json:"headers" doc:"The text of each header."`
	Footers   []string         `json:"footers" doc:"The text of each footer."`
	Notes     []string         `json:"notes" doc:"The text of footnotes and endnotes."`
	WordCount int              `json:"word_count" doc:"How many words text has."`
}

func readText(ctx context.Context, env *node.Env, in readIn) (readOut, error) {
	out := readOut{Headers: []string{}, Footers: []string{}, Notes: []string{}, Blocks: []map[string]any{}}
	err := in.with(env, func(d *docx.File) error {
		r := reader{ctx: ctx, styles: stylesOf(d), markdown: in.Format == "markdown"}
		if err := r.container(d.Body()); err != nil {
			return err
		}
		out.Blocks = append(out.Blocks, r.blocks...)
		out.Text = r.text()
		for _, kind := range []string{"header", "footer", "footnotes", "endnotes"} {
			to := map[string]*[]string{"header": &out.Headers, "footer": &out.Footers}[kind]
			if to == nil {
				to = &out.Notes
			}
			parts, err := d.Related(kind)
			if err != nil {
				return err
			}
			for _, p := range parts {
				t, err := d.Tree(p)
				if err != nil {
					return err
				}
				holders := []*docx.Node{t.Element()}
				if strings.HasSuffix(kind, "notes") {
					holders = append(t.All("w:footnote"), t.All("w:endnote")...)
				}
				for _, h := range holders {
					if h.Attr("w:type") != "" { // the line above notes
						continue
					}
					part := reader{ctx: ctx, styles: r.styles}
					if err := part.container(h); err != nil {
						return err
					}
					if s := strings.TrimSpace(part.text()); s != "" {
						*to = append(*to, s)
					}
				}
			}
		}
		return nil
	})
	out.WordCount = countWords(out.Text)
	return out, err
}

// countWords counts as Word does nearly: what stands between blanks, if it has
// a letter or digit.
func countWords(s string) int {
	n := 0
	for _, f := range strings.Fields(s) {
		if strings.ContainsFunc(f, func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }) {
			n++
		}
	}
	return n
}

// style is what the document says of a paragraph style.
type style struct {
	name    string // in English, in lower case, whatever Word's language
	based   string
	outline int // level of a heading, or -1
	list    bool
}

func stylesOf(d *docx.File) map[string]style {
	out := map[string]style{}
	parts, err := d.Related("styles")
	if err != nil || len(parts) == 0 {
		return out
	}
	t, err := d.Tree(parts[0])
	if err != nil {
		return out
	}
	for _, s := range t.All("w:style") {
		if k := s.Attr("w:type"); k != "paragraph" && k != "table" && k != "character" && k != "" {
			continue
		}
		st := style{outline: -1}
		if n := s.Kid("w:name"); n != nil {
			st.name = strings.ToLower(n.Attr("w:val"))
		}
		if b := s.Kid("w:basedOn"); b != nil {
			st.based = b.Attr("w:val")
		}
		p := s.Kid("w:pPr")
		if o := p.Kid("w:outlineLvl"); o != nil {
			if n, err := strconv.Atoi(o.Attr("w:val")); err == nil && n >= 0 && n < 9 {
				st.outline = n
			}
		}
		st.list = p.Kid("w:numPr") != nil
		out[s.Attr("w:styleId")] = st
	}
	return out
}

type reader struct {
	ctx      context.Context
	styles   map[string]style
	markdown bool
	blocks   []map[string]any
	lines    []string
	seen     int
}

func (r *reader) text() string {
	if r.markdown {
		return strings.TrimSpace(strings.Join(r.lines, "\n"))
	}
	return strings.Join(r.lines, "\n")
}

// container reads the paragraphs and tables in an element.
func (r *reader) container(n *docx.Node) error {
	for _, k := range n.Kids {
		if r.seen++; r.seen%1024 == 0 && r.ctx.Err() != nil {
			return r.ctx.Err()
		}
		switch k.Name {
		case "w:p":
			r.paragraph(k)
		case "w:tbl":
			r.table(k)
		case "":
		case "w:sectPr", "w:pPr", "mc:Fallback":
		case "w:del", "w:moveFrom":
		default: // content controls, insertions and the like
			if err := r.container(k); err != nil {
				return err
			}
		}
	}
	return nil
}

func (r *reader) paragraph(p *docx.Node) {
	text := strings.TrimRight(docx.ParagraphText(p), " ")
	kind, level, id := r.kind(p)
	if text != "" || kind == "paragraph" && !r.markdown {
		r.line(kind, level, text)
	}
	if text != "" {
		r.blocks = append(r.blocks, map[string]any{"kind": kind, "level": level, "text": text, "style": id})
	}
	// Text boxes are anchored in a paragraph and read after it.
	for _, box := range p.All("w:txbxContent") {
		if inFallback(box, p) || nearestBox(box, p) {
			continue
		}
		_ = r.container(box) // ctx is looked at by the caller
	}
}

// inFallback reports whether a node stands in the second version of something,
// for old programs.
func inFallback(n, until *docx.Node) bool {
	for ; n != nil && n != until; n = n.Parent {
		if n.Name == "mc:Fallback" {
			return true
		}
	}
	return false
}

// nearestBox reports whether a text box stands inside another one below p, and
// so is read with that.
func nearestBox(n, p *docx.Node) bool {
	for n = n.Parent; n != nil && n != p; n = n.Parent {
		if n.Name == "w:txbxContent" {
			return true
		}
	}
	return false
}

func (r *reader) kind(p *docx.Node) (kind string, level int, id string) {
	pr := p.Kid("w:pPr")
	if s := pr.Kid("w:pStyle"); s != nil {
		id = s.Attr("w:val")
	}
	list := false
	for at, n := id, 0; at != "" && n < 20; n++ {
		st, ok := r.styles[at]
		if !ok {
			break
		}
		if h, ok := strings.CutPrefix(st.name, "heading "); ok {
			if l, err := strconv.Atoi(h); err == nil {
				return "heading", l, id
			}
		}
		if st.name == "title" {
			return "heading", 1, id
		}
		if st.outline >= 0 {
			return "heading", st.outline + 1, id
		}
		list = list || st.list || strings.HasPrefix(st.name, "list bullet") || strings.HasPrefix(st.name, "list number")
		at = st.based
	}
	if num := pr.Kid("w:numPr"); num != nil {
		if i := num.Kid("w:numId"); i == nil || i.Attr("w:val") != "0" {
			list = true
		}
		if l := num.Kid("w:ilvl"); l != nil {
			level, _ = strconv.Atoi(l.Attr("w:val"))
			level = min(max(level, 0), 8)
		}
	}
	if list {
		return "list_item", level, id
	}
	return "paragraph", 0, id
}

func (r *reader) line(kind string, level int, text string) {
	if !r.markdown {
		r.lines = append(r.lines, text)
		return
	}
	text = strings.ReplaceAll(text, "\n", "  \n")
	switch kind {
	case "heading":
		r.lines = append(r.lines, "", strings.Repeat("#", min(level, 6))+" "+strings.ReplaceAll(text, "  \n", " "), "")
	case "list_item":
		r.lines = append(r.lines, strings.Repeat("  ", level)+"- "+strings.ReplaceAll(text, "  \n", " "))
	default:
		if n := len(r.lines); n > 0 && r.lines[n-1] != "" {
			r.lines = append(r.lines, "")
		}
		r.lines = append(r.lines, text, "")
	}
}
