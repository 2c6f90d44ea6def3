package doc

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/nodes/doc/docx"
	"github.com/aether-rpa/aether/value"
)

func init() {
	node.Register(node.Spec[createIn, createOut]{
		Type:   "doc.create",
		Title:  "Create Word document",
		Doc:    "Makes a Word document of headings, paragraphs, lists, tables and pictures. For documents with a design of their own, make a template in Word and use doc.fill_template.",
		Effect: node.Idempotent,
		Examples: []node.Example[createIn, createOut]{{
			Title: "A short report",
			In: createIn{To: "report.docx", Title: "Report", Footer: "Page {page} of {pages}", Blocks: []block{
				{Kind: "heading", Text: "Report"}, {Text: "All is well."},
				{Kind: "table", Header: true, Rows: value.RowsOf([]any{map[string]any{"item": "Tea", "price": 12}})},
			}},
			Check: func(o createOut) error {
				if o.Size == 0 {
					return errors.New("nothing was written")
				}
				return nil
			},
		}},
		Check: func(in createIn) error { return checkBlocks(in.Blocks) },
		Run:   create,
	})
	node.Register(node.Spec[insertIn, insertOut]{
		Type:     "doc.insert",
		Title:    "Insert into Word document",
		Doc:      "Puts headings, paragraphs, lists, tables and pictures into a Word document: at its end or beginning, or before, behind or in place of a paragraph that holds a text or a bookmark.",
		Effect:   node.Once,
		EffectOf: func(in insertIn) node.Effect { return in.effect(in.File) },
		Examples: []node.Example[insertIn, insertOut]{{
			Title: "A line at the end",
			Files: map[string]string{"letter.docx": letterDocx},
			In:    insertIn{source: source{File: "letter.docx"}, Blocks: []block{{Text: "PS: see you soon"}}, target: target{To: "new.docx"}},
			Out:   insertOut{File: "new.docx"},
		}, {
			Title: "Behind a heading",
			Files: map[string]string{"letter.docx": letterDocx},
			In:    insertIn{source: source{File: "letter.docx"}, At: "after", Text: "Offer", Blocks: []block{{Kind: "numbers", Items: []string{"one", "two"}}}, target: target{To: "new.docx"}},
			Out:   insertOut{File: "new.docx"},
		}},
		Check: func(in insertIn) error {
			if (in.At == "before" || in.At == "after" || in.At == "replace") && (in.Text == "") == (in.Bookmark == "") {
				return input("give text or bookmark", "to insert %s a paragraph, exactly one of text and bookmark says which", in.At)
			}
			return checkBlocks(in.Blocks)
		},
		Run: insert,
	})
}

type createIn struct {
	To          string  `json:"to" is:"required" widget:"file" doc:"File to write; one that is there is replaced."`
	Blocks      []block `json:"blocks" is:"required" doc:"What the document is made of, from top to bottom."`
	Title       string  `json:"title" doc:"Title in the properties of the document."`
	Author      string  `json:"author" doc:"Author in the properties of the document."`
	Header      string  `json:"header" doc:"Line at the top of each page. {page} and {pages} stand for the number of the page and of all pages."`
	Footer      string  `json:"footer" doc:"Line at the foot of each page, with the same placeholders."`
	PageSize    string  `json:"page_size" default:"A4" enum:"A3,A4,A5,Letter,Legal" doc:"Size of the pages."`
	Orientation string  `json:"orientation" default:"portrait" enum:"portrait,landscape" doc:"How the pages lie."`
	Margin      float64 `json:"margin" default:"2.5" min:"0" max:"10" doc:"Space at the edges of the pages in centimetres."`
	Font        string  `json:"font" default:"Calibri" doc:"Name of the font. A program that opens the document must have it, else it takes another."`
	FontSize    float64 `json:"font_size" default:"11" min:"4" max:"72" doc:"Size of the letters of the text in points."`
}

type createOut struct {
	File string `json:"file" doc:"Path of the document."`
	Size int    `json:"size" doc:"Its size in bytes."`
}

// twips is how many twentieths of a point make a centimetre.
const twips = 1440 / 2.54

func create(ctx context.Context, env *node.Env, in createIn) (createOut, error) {
	cm := map[string][2]float64{"A3": {29.7, 42}, "A4": {21, 29.7}, "A5": {14.8, 21}, "Letter": {21.59, 27.94}, "Legal": {21.59, 35.56}}[in.PageSize]
	if in.Orientation == "landscape" {
		cm[0], cm[1] = cm[1], cm[0]
	}
	if 2*in.Margin > cm[0]-2 {
		return createOut{}, input("lower margin", "the margins leave no room on the page")
	}
	empty, err := docx.New(int(cm[0]*twips+0.5), int(cm[1]*twips+0.5), int(in.Margin*twips+0.5), in.Font, in.FontSize)
	if err != nil {
		return createOut{}, err
	}
	d, err := docx.Open(bytes.NewReader(empty), int64(len(empty)), docx.Limits{Part: 1 << 30, Total: 1 << 30})
	if err != nil {
		return createOut{}, err
	}
	b := newBuilder(ctx, env, d)
	xml, err := b.xml(in.Blocks)
	if err != nil {
		return createOut{}, err
	}
	nodes, err := d.Body().Fragment(xml)
	if err != nil {
		return createOut{}, err
	}
	d.Body().Insert(0, nodes...)
	d.Touch(d.Main())
	for kind, text := range map[string]string{"header": in.Header, "footer": in.Footer} {
		if text != "" {
			if err := addEdge(d, kind, text); err != nil {
				return createOut{}, err
			}
		}
	}
	if err := setProperties(d, map[string]string{"title": in.Title, "author": in.Author}); err != nil {
		return createOut{}, err
	}
	var out bytes.Buffer
	if err := d.Write(&out); err != nil {
		return createOut{}, err
	}
	err = env.Files.WriteAtomic(in.To, 0o644, func(w io.Writer) error {
		_, err := w.Write(out.Bytes())
		return err
	})
	return createOut{File: in.To, Size: out.Len()}, tell(err, in.To)
}

// addEdge gives a new document a header or footer.
func addEdge(d *docx.File, kind, text string) error {
	tag := map[string]string{"header": "hdr", "footer": "ftr"}[kind]
	var runs strings.Builder
	for _, part := range splitFields(text) {
		switch part {
		case "{page}":
			runs.WriteString(`<w:fldSimple w:instr=" PAGE "><w:r><w:t>1</w:t></w:r></w:fldSimple>`)
		case "{pages}":
			runs.WriteString(`<w:fldSimple w:instr=" NUMPAGES "><w:r><w:t>1</w:t></w:r></w:fldSimple>`)
		default:
			runs.WriteString("<w:r>" + docx.RunContent(part, nil) + "</w:r>")
		}
	}
	part := "word/" + kind + "1.xml"
	d.Set(part, []byte(`<?xml version="1.0" encoding="UTF-8" standalone="yes"?>`+"\n"+`<w:`+tag+` xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:p><w:pPr><w:jc w:val="center"/></w:pPr>`+runs.String()+`</w:p></w:`+tag+`>`))
	if err := d.Declare(part, "", "application/vnd.openxmlformats-officedocument.wordprocessingml."+kind+"+xml"); err != nil {
		return err
	}
	id, err := d.Link(d.Main(), kind, part)
	if err != nil {
		return err
	}
	section := d.Body().Kid("w:sectPr")
	nodes, err := section.Fragment(`<w:` + kind + `Reference w:type="default" r:id="` + id + `"/>`)
	if err != nil {
		return err
	}
	section.Insert(0, nodes...)
	return nil
}

// splitFields cuts a text at {page} and {pages}.
func splitFields(s string) []string {
	var out []string
	for s != "" {
		at, field := len(s), ""
		for _, f := range []string{"{page}", "{pages}"} {
			if i := strings.Index(s, f); i >= 0 && i < at {
				at, field = i, f
			}
		}
		if at > 0 {
			out = append(out, s[:at])
		}
		if field != "" {
			out = append(out, field)
		}
		s = s[at+len(field):]
	}
	return out
}

type insertIn struct {
	source
	Blocks   []block `json:"blocks" is:"required" doc:"What to insert, in order."`
	At       string  `json:"at" default:"end" enum:"end,start,before,after,replace" doc:"Where: at the end or beginning of the document, or before, behind or in place of a paragraph."`
	Text     string  `json:"text" is:"raw" when:"at=after" doc:"The paragraph is the first one that holds this text."`
	Bookmark string  `json:"bookmark" when:"at=after" doc:"The paragraph is the one with this bookmark."`
	target
}

type insertOut struct {
	File string `json:"file" doc:"Path of the file written."`
}

func insert(ctx context.Context, env *node.Env, in insertIn) (insertOut, error) {
	to, err := in.change(env, in.target, func(d *docx.File) error {
		parent, at, err := in.place(d)
		if err != nil {
			return err
		}
		xml, err := newBuilder(ctx, env, d).xml(in.Blocks)
		if err != nil {
			return err
		}
		nodes, err := parent.Fragment(xml)
		if err != nil {
			return err
		}
		parent.Insert(at, nodes...)
		d.Touch(d.Main())
		return nil
	})
	return insertOut{File: to}, err
}

// place finds where to insert: an element and the position among its kids.
func (in insertIn) place(d *docx.File) (*docx.Node, int, error) {
	body := d.Body()
	switch in.At {
	case "start":
		return body, 0, nil
	case "end":
		if s := body.Kid("w:sectPr"); s != nil {
			return body, s.Index(), nil
		}
		return body, len(body.Kids), nil
	}
	var found *docx.Node
	if in.Bookmark != "" {
		for _, m := range body.All("w:bookmarkStart") {
			if m.Attr("w:name") != in.Bookmark {
				continue
			}
			for found = m; found != nil && found.Name != "w:p"; found = found.Parent {
			}
			if found == nil { // between paragraphs: the next one
				for _, k := range m.Parent.Kids[m.Index():] {
					if k.Name == "w:p" {
						found = k
						break
					}
				}
			}
		}
		if found == nil {
			return nil, 0, node.Fail(node.KindNotFound, in.File+" has no bookmark "+in.Bookmark, "check its name in Word under Insert, Bookmark")
		}
	} else {
		for _, p := range body.All("w:p") {
			if strings.Contains(docx.ParagraphText(p), in.Text) {
				found = p
				break
			}
		}
		if found == nil {
			return nil, 0, node.Fail(node.KindNotFound, "no paragraph of "+in.File+" holds the text "+in.Text, "check the text, letter by letter")
		}
	}
	parent, at := found.Parent, found.Index()
	switch in.At {
	case "after":
		at++
	case "replace":
		if found.Kid("w:pPr").Kid("w:sectPr") != nil {
			return nil, 0, input("insert before it instead", "the paragraph ends a section of the document and cannot be replaced")
		}
		found.Remove()
	}
	return parent, at, nil
}
