package doc

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/nodes/doc/docx"
	"github.com/aether-rpa/aether/value"
)

// block is something to put into a document.
type block struct {
	Kind    string     `json:"kind" default:"text" enum:"heading,text,list,numbers,table,image,page_break" doc:"What it is: a heading, a paragraph of text, a list with dots or numbers, a table, a picture, or the end of the page."`
	Text    string     `json:"text" doc:"Text of a heading or paragraph; line ends become line breaks."`
	Level   int        `json:"level" default:"1" min:"1" max:"9" doc:"Level of a heading, 1 is the largest."`
	Items   []string   `json:"items" doc:"Items of a list. Tabs before an item put it a level lower."`
	Rows    value.Rows `json:"rows" doc:"Rows of a table: a list of maps."`
	Columns []string   `json:"columns" doc:"Columns of a table in order. Empty takes those of the first row, sorted."`
	Header  bool       `json:"header" default:"true" doc:"Give a table a first row with the names of its columns, repeated on each page."`
	File    string     `json:"file" widget:"file" doc:"File of a picture: PNG, JPEG or GIF."`
	Width   float64    `json:"width" min:"0" doc:"Width of a picture in centimetres; 0 takes its own."`
	Alt     string     `json:"alt" doc:"What a picture shows, for people who do not see it."`
	Style   string     `json:"style" doc:"Name of a style of the document for text, lists or a table, as Word shows it in English or as the document has it."`
	Align   string     `json:"align" default:"left" enum:"left,center,right,justify" doc:"How text stands."`
	Bold    bool       `json:"bold" doc:"Bold text."`
	Italic  bool       `json:"italic" doc:"Slanted text."`
	Size    float64    `json:"size" min:"0" max:"400" doc:"Size of the letters in points; 0 takes that of the style."`
	Color   string     `json:"color" doc:"Colour of the text, as #rrggbb."`
}

var colorRE = regexp.MustCompile(`^#[0-9a-fA-F]{6}$`)

func checkBlocks(blocks []block) error {
	if len(blocks) == 0 {
		return input("write at least one block", "there is nothing to write")
	}
	for i, b := range blocks {
		if b.Color != "" && !colorRE.MatchString(b.Color) {
			return input("write a colour like #ff0000", "%q in block %d is not a colour", b.Color, i)
		}
		if b.Kind == "image" && b.File == "" {
			return input("name the picture in file", "block %d is a picture without a file", i)
		}
	}
	return nil
}

// builder turns blocks into XML for a document.
type builder struct {
	ctx    context.Context
	env    *node.Env
	d      *docx.File
	part   string
	styles map[string]style
	width  int // of the text, in twentieths of a point
}

func newBuilder(ctx context.Context, env *node.Env, d *docx.File) *builder {
	b := &builder{ctx: ctx, env: env, d: d, part: d.Main(), styles: stylesOf(d), width: 9000}
	if s := d.Body().Kid("w:sectPr"); s != nil {
		size, margin := s.Kid("w:pgSz"), s.Kid("w:pgMar")
		if size != nil && margin != nil {
			if w := number(size.Attr("w:w")) - number(margin.Attr("w:left")) - number(margin.Attr("w:right")); w > 500 {
				b.width = w
			}
		}
	}
	return b
}

func number(s string) int {
	n := 0
	if _, err := fmt.Sscanf(s, "%d", &n); err != nil {
		return 0
	}
	return n
}

// styleID finds a style by its English name or its id; "" if there is none.
func (b *builder) styleID(name string) string {
	if name == "" {
		return ""
	}
	if _, ok := b.styles[name]; ok {
		return name
	}
	low := strings.ToLower(name)
	for id, s := range b.styles {
		if s.name == low {
			return id
		}
	}
	return ""
}

// xml writes the blocks.
func (b *builder) xml(blocks []block) (string, error) {
	var out strings.Builder
	for i, bl := range blocks {
		if err := b.ctx.Err(); err != nil {
			return "", err
		}
		s, err := b.block(bl, i)
		if err != nil {
			return "", err
		}
		out.WriteString(s)
	}
	return out.String(), nil
}

func (b *builder) block(bl block, i int) (string, error) {
	id := b.styleID(bl.Style)
	if bl.Style != "" && id == "" {
		return "", input("use a style that the document has", "the document has no style %q (block %d)", bl.Style, i)
	}
	switch bl.Kind {
	case "page_break":
		return `<w:p><w:r><w:br w:type="page"/></w:r></w:p>`, nil
	case "image":
		data, err := readFile(b.env, bl.File, 64<<20)
		if err != nil {
			return "", err
		}
		x, err := b.d.Picture(b.part, data, bl.File, bl.Alt, bl.Width*96/2.54, 0, float64(b.width)/15)
		if err != nil {
			return "", input("use a PNG, JPEG or GIF picture", "block %d: %v", i, err)
		}
		return `<w:p>` + paragraphProperties(id, bl.Align, "") + `<w:r>` + x + `</w:r></w:p>`, nil
	case "table":
		return b.table(bl, id, i)
	case "list", "numbers":
		num, err := b.d.List(bl.Kind == "numbers")
		if err != nil {
			return "", err
		}
		var out strings.Builder
		for _, item := range bl.Items {
			text := strings.TrimLeft(item, "\t")
			level := min(len(item)-len(text), 8)
			more := fmt.Sprintf(`<w:numPr><w:ilvl w:val="%d"/><w:numId w:val="%d"/></w:numPr>`, level, num)
			out.WriteString(`<w:p>` + paragraphProperties(id, bl.Align, more) + textRun(text, bl) + `</w:p>`)
		}
		return out.String(), nil
	case "heading":
		if id == "" {
			if id = b.styleID(fmt.Sprintf("heading %d", bl.Level)); id == "" {
				bl.Bold = true
				if bl.Size == 0 {
					bl.Size = max(20-2*float64(bl.Level), 11)
				}
			}
		}
	}
	return `<w:p>` + paragraphProperties(id, bl.Align, "") + textRun(bl.Text, bl) + `</w:p>`, nil
}

// paragraphProperties writes the properties in the order that Word demands.
func paragraphProperties(style, align, numbering string) string {
	s := ""
	if style != "" {
		s += `<w:pStyle w:val="` + docx.Escape(style) + `"/>`
	}
	s += numbering
	if align == "justify" {
		align = "both"
	}
	if align != "" && align != "left" {
		s += `<w:jc w:val="` + align + `"/>`
	}
	if s == "" {
		return ""
	}
	return "<w:pPr>" + s + "</w:pPr>"
}

func textRun(text string, bl block) string {
	if text == "" {
		return ""
	}
	p := ""
	if bl.Bold {
		p += "<w:b/>"
	}
	if bl.Italic {
		p += "<w:i/>"
	}
	if bl.Color != "" {
		p += `<w:color w:val="` + strings.ToUpper(bl.Color[1:]) + `"/>`
	}
	if bl.Size > 0 {
		half := int(bl.Size*2 + 0.5)
		p += fmt.Sprintf(`<w:sz w:val="%d"/><w:szCs w:val="%d"/>`, half, half)
	}
	if p != "" {
		p = "<w:rPr>" + p + "</w:rPr>"
	}
	return "<w:r>" + p + docx.RunContent(text, nil) + "</w:r>"
}

// maxTableRows bounds a table: Word itself becomes unusable long before.
const maxTableRows = 50_000

func (b *builder) table(bl block, style string, n int) (string, error) {
	columns := bl.Columns
	var rows []map[string]any
	i := 0
	for v, err := range bl.Rows.All(b.ctx) {
		if err != nil {
			return "", err
		}
		row, ok := v.(map[string]any)
		if !ok {
			return "", input("give a list of maps", "row %d of the table in block %d is a %s, not a map", i, n, value.Kind(v))
		}
		if i++; i > maxTableRows {
			return "", input("write the table to an Excel or CSV file instead", "the table in block %d has more than %d rows", n, maxTableRows)
		}
		rows = append(rows, row)
	}
	if len(columns) == 0 && len(rows) > 0 {
		for k := range rows[0] {
			columns = append(columns, k)
		}
		slices.Sort(columns)
	}
	if len(columns) == 0 {
		return "", nil
	}
	if len(columns) > 63 {
		return "", input("choose fewer columns", "the table in block %d has %d columns and Word knows 63 at most", n, len(columns))
	}
	var out strings.Builder
	out.WriteString("<w:tbl><w:tblPr>")
	if style != "" {
		out.WriteString(`<w:tblStyle w:val="` + docx.Escape(style) + `"/>`)
	}
	out.WriteString(`<w:tblW w:w="5000" w:type="pct"/>`)
	if style == "" {
		out.WriteString("<w:tblBorders>")
		for _, side := range []string{"top", "left", "bottom", "right", "insideH", "insideV"} {
			out.WriteString(`<w:` + side + ` w:val="single" w:sz="4" w:space="0" w:color="auto"/>`)
		}
		out.WriteString("</w:tblBorders>")
	}
	out.WriteString("</w:tblPr><w:tblGrid>")
	each := b.width / len(columns)
	for range columns {
		fmt.Fprintf(&out, `<w:gridCol w:w="%d"/>`, each)
	}
	out.WriteString("</w:tblGrid>")
	line := func(head bool, cell func(c string) string) {
		out.WriteString("<w:tr>")
		if head {
			out.WriteString("<w:trPr><w:tblHeader/></w:trPr>")
		}
		for _, c := range columns {
			look := bl
			look.Bold = look.Bold || head
			fmt.Fprintf(&out, `<w:tc><w:tcPr><w:tcW w:w="%d" w:type="dxa"/></w:tcPr><w:p>%s</w:p></w:tc>`, each, textRun(cell(c), look))
		}
		out.WriteString("</w:tr>")
	}
	if bl.Header {
		line(true, func(c string) string { return c })
	}
	for _, row := range rows {
		line(false, func(c string) string { return show(row[c]) })
	}
	// Two tables one after the other would become one, and a cell or body may
	// not end with a table.
	out.WriteString("</w:tbl><w:p/>")
	return out.String(), nil
}

// show writes a value as text.
func show(v any) string {
	switch x := v.(type) {
	case nil:
		return ""
	case string:
		return x
	case []any:
		parts := make([]string, len(x))
		for i, e := range x {
			parts[i] = show(e)
		}
		return strings.Join(parts, ", ")
	case map[string]any:
		b, err := value.JSON(x)
		if err != nil {
			return ""
		}
		return string(b)
	}
	return fmt.Sprint(v)
}
