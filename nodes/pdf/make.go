package pdf

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/signintech/gopdf"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/value"
)

func init() {
	node.Register(node.Spec[makeIn, changedOut]{
		Type:  "pdf.make",
		Title: "Make PDF",
		Doc: "Makes a PDF file of text, headings, lists, tables and pictures, from Markdown or from a list of blocks. " +
			"For a letter or invoice with a design of its own, fill a Word template (doc.fill_template) and convert it (doc.to_pdf). " +
			"The built-in fonts know Latin, Greek and Cyrillic; for other scripts give font_file. Text runs from left to right.",
		Effect: node.Idempotent,
		Examples: []node.Example[makeIn, changedOut]{{
			Title: "From Markdown",
			In:    makeIn{To: "report.pdf", Markdown: "# Report\n\nAll is **well**.\n\n- one\n- two\n\n| Item | Price |\n| --- | ---: |\n| Tea | 12.00 |\n", Footer: "Page {page} of {pages}"},
			Check: wantPages(1),
		}, {
			Title: "From blocks, with a table of rows",
			In: makeIn{To: "list.pdf", Title: "Prices", Blocks: []block{
				{Kind: "heading", Text: "Preise für Łukasz"},
				{Kind: "table", Rows: value.RowsOf([]any{map[string]any{"item": "Tea", "price": 12}}), Columns: []string{"item", "price"}},
				{Kind: "page_break"},
				{Kind: "text", Text: "The end.", Align: "center"},
			}},
			Check: wantPages(2),
		}},
		Check: func(in makeIn) error {
			if in.Markdown == "" && len(in.Blocks) == 0 {
				return input("write markdown, or blocks", "the document would be empty")
			}
			return nil
		},
		Run: makePDF,
	})
}

type makeIn struct {
	To          string  `json:"to" is:"required" widget:"file" doc:"File to write; one that is there is replaced."`
	Markdown    string  `json:"markdown" widget:"multiline" doc:"Text with simple Markdown: # headings, **bold**, *italic*, code, lists with - or 1., tables with |, > quotes, --- lines. Paragraphs are separated by empty lines."`
	Blocks      []block `json:"blocks" doc:"What the document is made of, from top to bottom, after markdown."`
	Title       string  `json:"title" doc:"Title in the properties of the file."`
	Author      string  `json:"author" doc:"Author in the properties of the file."`
	PageSize    string  `json:"page_size" default:"A4" enum:"A3,A4,A5,Letter,Legal" doc:"Size of the pages."`
	Orientation string  `json:"orientation" default:"portrait" enum:"portrait,landscape" doc:"How the pages lie."`
	Margin      float64 `json:"margin" default:"56" min:"0" max:"300" doc:"Space at the edges of the pages in points; 56 is 2 cm."`
	FontSize    float64 `json:"font_size" default:"11" min:"4" max:"72" doc:"Size of the letters of the text in points."`
	FontFile    string  `json:"font_file" widget:"file" doc:"TrueType font to use instead of the built-in ones. Bold and italic are then not told apart."`
	Header      string  `json:"header" doc:"Line at the top of each page. {page} and {pages} stand for the number of the page and of all pages."`
	Footer      string  `json:"footer" doc:"Line at the foot of each page, with the same placeholders."`
}

type block struct {
	Kind    string     `json:"kind" default:"text" enum:"heading,text,list,numbers,table,image,code,line,space,page_break" doc:"What it is: a heading, a paragraph of text, a list with dots or numbers, a table, a picture, code, a line across, empty space, or the end of the page."`
	Text    string     `json:"text" doc:"Text of a heading, paragraph or code."`
	Level   int        `json:"level" default:"1" min:"1" max:"6" doc:"Level of a heading; 1 is the largest."`
	Items   []string   `json:"items" doc:"Items of a list."`
	Rows    value.Rows `json:"rows" doc:"Rows of a table: a list of maps."`
	Columns []string   `json:"columns" doc:"Columns of a table in order. Empty takes those of the first row, sorted."`
	Widths  []float64  `json:"widths" doc:"How wide the columns are in relation to each other. Empty lets the content decide."`
	File    string     `json:"file" widget:"file" doc:"File of a picture: PNG, JPEG, GIF, BMP, TIFF or WebP."`
	Width   float64    `json:"width" min:"0" doc:"Width of a picture in points; 0 takes its own."`
	Height  float64    `json:"height" min:"0" doc:"Height of empty space in points; 0 is a line."`
	Align   string     `json:"align" default:"left" enum:"left,center,right" doc:"Where text or a picture stands."`
	Bold    bool       `json:"bold" doc:"Bold text."`
	Italic  bool       `json:"italic" doc:"Slanted text."`
	Size    float64    `json:"size" min:"0" max:"200" doc:"Size of the letters in points; 0 takes that of the document."`
	Color   string     `json:"color" doc:"Colour of text, as #rrggbb."`

	runs   []run     // text with faces, from Markdown
	items  [][]run   // the same for lists
	cells  [][][]run // the same for tables, the header first
	aligns []string  // of the columns of a table
	indent float64   // of quotes
	levels []int     // nesting of the items of a list
}

func makePDF(ctx context.Context, env *node.Env, in makeIn) (changedOut, error) {
	var font []byte
	if in.FontFile != "" {
		var err error
		if font, err = (source{limits: limits{MaxSize: 64 << 20}}).other(env, in.FontFile); err != nil {
			return changedOut{}, err
		}
	}
	out := changedOut{File: in.To}
	err := env.Files.WriteAtomic(in.To, 0o644, func(w io.Writer) error {
		var b []byte
		err := guarded(ctx, func(*gate) error {
			// The number of pages is known when all is written, so a document
			// whose lines name it is written twice.
			total := 0
			for range 2 {
				p, err := in.compose(ctx, env, font, total)
				if err != nil {
					return err
				}
				if b, err = p.bytes(in.Title, in.Author); err != nil {
					return err
				}
				out.PageCount = p.pages
				if total == p.pages || !strings.Contains(in.Header+in.Footer, "{pages}") {
					break
				}
				total = p.pages
			}
			return nil
		})
		if err != nil {
			var broken *panicError
			if errors.As(err, &broken) {
				return input("use another font or picture", "the document cannot be made: %v", broken.what)
			}
			return err
		}
		out.Size = len(b)
		_, err = w.Write(b)
		return err
	})
	return out, tell(err, in.To)
}

func (in makeIn) compose(ctx context.Context, env *node.Env, font []byte, total int) (*paper, error) {
	size := map[string]*gopdf.Rect{"A3": gopdf.PageSizeA3, "A4": gopdf.PageSizeA4, "A5": gopdf.PageSizeA5, "Letter": gopdf.PageSizeLetter, "Legal": gopdf.PageSizeLegal}[in.PageSize]
	w, h := size.W, size.H
	if in.Orientation == "landscape" {
		w, h = h, w
	}
	if w-2*in.Margin < 50 || h-2*in.Margin < 50 {
		return nil, input("lower margin", "the margins leave no room on the page")
	}
	p, err := newPaper(w, h, in.Margin, in.FontSize, font)
	if err != nil {
		return nil, err
	}
	var edge error
	p.pdf.AddHeader(func() {
		for i, text := range []string{in.Header, in.Footer} {
			if text == "" || edge != nil {
				continue
			}
			y := max(in.Margin/2-lineHeight(9)/2, 2)
			if i == 1 {
				y = h - y - lineHeight(9)
			}
			text = strings.NewReplacer("{page}", fmt.Sprint(p.pages), "{pages}", fmt.Sprint(total)).Replace(text)
			lines, err := p.wrap([]run{{text, faceRegular}}, 9, w-2*in.Margin)
			if err == nil {
				p.color("#606060")
				err = p.line(lines[0], in.Margin, y, w-2*in.Margin, 9, "center")
				p.color("")
			}
			edge = err
		}
		p.face = "" // gopdf may have kept another font for the page
	})
	for i, b := range append(parseMarkdown(in.Markdown), in.Blocks...) {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if err := p.block(ctx, env, b, i); err != nil {
			return nil, err
		}
	}
	return p, edge
}

var headingScale = []float64{2, 1.6, 1.35, 1.2, 1.1, 1}

func (p *paper) block(ctx context.Context, env *node.Env, b block, n int) error {
	size := b.Size
	if size == 0 {
		size = p.size
	}
	if err := checkColor(b.Color); err != nil {
		return err
	}
	x, width := p.margin+b.indent, p.w-2*p.margin-b.indent
	switch b.Kind {
	case "page_break":
		if p.pages == 0 { // an empty first page
			if err := p.newPage(); err != nil {
				return err
			}
		}
		return p.newPage()
	case "space":
		if b.Height == 0 {
			b.Height = lineHeight(size)
		}
		p.y += b.Height
		return p.room(0)
	case "line":
		if err := p.room(size); err != nil {
			return err
		}
		p.pdf.SetLineWidth(0.5)
		p.pdf.Line(p.margin, p.y+size/2, p.w-p.margin, p.y+size/2)
		p.y += size
		return nil
	case "image":
		data, size, err := (source{limits: limits{MaxSize: 64 << 20}}).pictureFile(env, b.File)
		if err != nil {
			return err
		}
		return p.picture(data, size, b.File, b.Width, b.Align)
	case "table":
		return p.table(ctx, b, size, n)
	case "list", "numbers":
		return p.list(b, x, width, size)
	}
	runs := b.runs
	if runs == nil {
		runs = []run{{b.Text, faceOf(b.Bold, b.Italic)}}
	}
	switch b.Kind {
	case "heading":
		size *= headingScale[min(max(b.Level, 1), 6)-1]
		for i := range runs {
			runs[i].face = faceBold
		}
		if p.pages > 0 && p.y > p.margin {
			p.y += size * 0.5
		}
		// A heading does not stay alone at the foot of a page.
		if err := p.room(lineHeight(size) + 2*lineHeight(p.size)); err != nil {
			return err
		}
	case "code":
		size *= 0.9
		for i := range runs {
			runs[i].face = faceMono
		}
	}
	lines, err := p.wrap(runs, size, width)
	if err != nil {
		return err
	}
	p.color(b.Color)
	if err := p.write(lines, x, width, size, b.Align); err != nil {
		return err
	}
	p.color("")
	p.y += size * 0.5
	return nil
}

func faceOf(bold, italic bool) string {
	switch {
	case bold && italic:
		return faceBoth
	case bold:
		return faceBold
	case italic:
		return faceItalic
	}
	return faceRegular
}

func (p *paper) list(b block, x, width, size float64) error {
	items := b.items
	for _, s := range b.Items {
		items = append(items, []run{{s, faceRegular}})
	}
	counts := map[int]int{}
	for i, item := range items {
		level := 0
		if i < len(b.levels) {
			level = min(b.levels[i], 5)
		}
		counts[level]++
		for l := range counts {
			if l > level {
				delete(counts, l)
			}
		}
		mark := "•"
		if b.Kind == "numbers" {
			mark = fmt.Sprintf("%d.", counts[level])
		}
		indent := size * 1.8
		left := x + indent*float64(level)
		lines, err := p.wrap(item, size, width-indent*float64(level+1))
		if err != nil {
			return err
		}
		if err := p.room(lineHeight(size)); err != nil {
			return err
		}
		if err := p.line(laidLine{runs: []run{{mark, faceRegular}}}, left, p.y, indent, size, "left"); err != nil {
			return err
		}
		if err := p.write(lines, left+indent, width-indent*float64(level+1), size, "left"); err != nil {
			return err
		}
	}
	p.y += size * 0.5
	return nil
}

// tableCells returns the cells of a table as runs, the header first.
func (b block) tableCells(ctx context.Context, n int) ([][][]run, error) {
	if b.cells != nil {
		return b.cells, nil
	}
	columns := b.Columns
	var out [][][]run
	i := 0
	for v, err := range b.Rows.All(ctx) {
		if err != nil {
			return nil, err
		}
		row, ok := v.(map[string]any)
		if !ok {
			return nil, input("give a list of maps", "row %d of the table in block %d is a %s, not a map", i, n, value.Kind(v))
		}
		if i++; i > 100_000 {
			return nil, input("write the table to a CSV or Excel file instead", "the table in block %d has more than 100000 rows", n)
		}
		if columns == nil {
			columns = sortedKeys(row)
		}
		cells := make([][]run, len(columns))
		for c, name := range columns {
			cells[c] = []run{{cellText(row[name]), faceRegular}}
		}
		out = append(out, cells)
	}
	head := make([][]run, len(columns))
	for c, name := range columns {
		head[c] = []run{{name, faceBold}}
	}
	return slices.Insert(out, 0, head), nil
}

func cellText(v any) string {
	switch x := v.(type) {
	case nil:
		return ""
	case string:
		return x
	case []any, map[string]any:
		b, err := value.JSON(x)
		if err != nil {
			return ""
		}
		return string(b)
	}
	return fmt.Sprint(v)
}
