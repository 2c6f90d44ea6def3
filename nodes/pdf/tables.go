package pdf

import (
	"context"
	"errors"
	"slices"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/nodes/pdf/pdfium"
	"github.com/aether-rpa/aether/value"
)

func init() {
	node.Register(node.Spec[tablesIn, tablesOut]{
		Type:  "pdf.read_tables",
		Title: "Read tables of PDF",
		Doc: "Finds the tables on the pages of a PDF file and returns their rows. " +
			"A PDF knows no tables, only lines and words at places, so they are guessed: by the lines drawn around cells where there are any, else by words that stand below each other with gaps between the columns. " +
			"Ruled tables come out well, merged cells included (the text is in the first of them). Tables without lines are found if the gaps between columns run through all rows; text in two columns may be taken for one, and cells of several lines may become several rows. " +
			"Set area and method where the guess is wrong, and check the columns before you rely on them. Scans hold no words: see ocr.read_text.",
		Effect: node.Read,
		Examples: []node.Example[tablesIn, tablesOut]{{
			Title: "A page without tables",
			Files: map[string]string{"hello.pdf": helloPDF},
			In:    tablesIn{source: source{File: "hello.pdf"}},
			Out:   tablesOut{Tables: []foundTable{}, PageCount: 1},
		}, {
			Title: "A price list without lines",
			Files: map[string]string{"prices.pdf": pricesPDF},
			In:    tablesIn{source: source{File: "prices.pdf"}},
			Check: func(o tablesOut) error {
				if o.Count != 2 || len(o.Tables) != 1 || !slices.Equal(o.Tables[0].Columns, []string{"Item", "Qty", "Price"}) {
					return errors.New("the table was not found")
				}
				return nil
			},
		}},
		Run: readTables,
	})
}

type tablesIn struct {
	source
	Pages      []string `json:"pages" doc:"Pages to look at: numbers and ranges such as 1-3, 5, 8- (to the end), last, odd, even, !4 (without page 4). Empty is all."`
	Area       *area    `json:"area" doc:"Look only at this part of each page."`
	Method     string   `json:"method" default:"auto" enum:"auto,lines,text" doc:"How to find tables. lines: by the lines around cells. text: by words below each other. auto: by lines, and by words on pages without ruled tables."`
	Header     string   `json:"header" default:"each" enum:"each,first,none" doc:"Where the names of columns are. each: in the first row of each table. first: in the first row of the first table; the others go on with its columns if they have as many, as a table over several pages does, and a repeated header is dropped. none: there are none; columns are named column_1 and so on."`
	MinRows    int      `json:"min_rows" default:"2" min:"1" is:"advanced" doc:"Fewest rows, the header included, that make a table."`
	MinColumns int      `json:"min_columns" default:"2" min:"1" is:"advanced" doc:"Fewest columns that make a table."`
	LineBreak  string   `json:"line_break" default:" " is:"raw,advanced" doc:"What joins the lines of text inside a cell."`
}

type tablesOut struct {
	Rows      value.Rows   `json:"rows" doc:"The rows of all tables, one table after the other."`
	Tables    []foundTable `json:"tables" doc:"Each table: its place, columns and rows."`
	Count     int          `json:"count" doc:"How many rows all tables have, without headers."`
	PageCount int          `json:"page_count" doc:"How many pages the document has."`
}

type foundTable struct {
	Page    int              `json:"page" doc:"Page the table stands on."`
	Number  int              `json:"number" doc:"Number of the table, counted from 1 over all pages."`
	Method  string           `json:"method" doc:"How it was found: lines or text."`
	Columns []string         `json:"columns" doc:"Names of the columns, from left to right."`
	Rows    []map[string]any `json:"rows" doc:"The rows, as maps of text by column."`
	X       float64          `json:"x" doc:"Left edge in points."`
	Y       float64          `json:"y" doc:"Upper edge in points."`
	Width   float64          `json:"width" doc:"Width in points."`
	Height  float64          `json:"height" doc:"Height in points."`
}

// grid is a table as found: rows of cells.
type grid struct {
	method     string
	cells      [][]string
	x, y, w, h float64
}

func readTables(ctx context.Context, env *node.Env, in tablesIn) (tablesOut, error) {
	out := tablesOut{Tables: []foundTable{}}
	var columns []string
	rows, err := env.Rows(ctx, func(yield func(any) bool) error {
		return in.read(ctx, env, func(ctx context.Context, d *pdfium.Doc) error {
			pages, err := pageList(in.Pages, d.Pages())
			if err != nil {
				return err
			}
			out.PageCount = d.Pages()
			size := 0
			for i, p := range pages {
				if err := ctx.Err(); err != nil {
					return err
				}
				grids, err := in.onPage(d, p, columns)
				if err != nil {
					return err
				}
				for _, g := range grids {
					t := in.table(g, columns)
					columns = t.Columns
					t.Page, t.Number = p, len(out.Tables)+1
					for _, row := range t.Rows {
						for _, v := range row {
							size += len(v.(string)) + 16
						}
						out.Count++
						if !yield(row) {
							return nil
						}
					}
					if size > in.MaxSize {
						return input("read fewer pages at a time, or raise max_size", "the tables of %s are larger than max_size allows", in.File)
					}
					out.Tables = append(out.Tables, t)
				}
				env.Progress("looking for tables", i+1, len(pages))
			}
			return nil
		})
	})
	out.Rows = rows
	return out, err
}

func (in tablesIn) onPage(d *pdfium.Doc, page int, before []string) ([]grid, error) {
	glyphs, err := d.Glyphs(page)
	if err != nil {
		return nil, err
	}
	words := wordsOf(glyphs, in.Area)
	var out []grid
	if in.Method != "text" {
		lines, err := d.Lines(page)
		if err != nil {
			return nil, err
		}
		out = in.keep(ruled(in.inside(lines), words, in.LineBreak), before)
	}
	if in.Method == "text" || in.Method == "auto" && len(out) == 0 {
		out = in.keep(aligned(words, in.LineBreak), before)
	}
	return out, nil
}

// inside cuts lines to the area.
func (in tablesIn) inside(lines []pdfium.Line) []pdfium.Line {
	a := in.Area
	if a == nil {
		return lines
	}
	var out []pdfium.Line
	for _, l := range lines {
		c := pdfium.Line{X1: max(l.X1, a.X), Y1: max(l.Y1, a.Y), X2: min(l.X2, a.X+a.Width), Y2: min(l.Y2, a.Y+a.Height)}
		if c.X1 <= c.X2 && c.Y1 <= c.Y2 {
			out = append(out, c)
		}
	}
	return out
}

// keep drops what is too small for a table, and rows and columns without text.
// A single row may be the end of a table that began on the page before.
func (in tablesIn) keep(grids []grid, before []string) []grid {
	var out []grid
	for _, g := range grids {
		g.cells = withoutEmpty(g.cells)
		goesOn := in.Header == "first" && len(g.cells) > 0 && len(g.cells[0]) == len(before)
		if (len(g.cells) >= in.MinRows || goesOn) && len(g.cells) > 0 && len(g.cells[0]) >= in.MinColumns {
			out = append(out, g)
		}
	}
	return out
}

func withoutEmpty(cells [][]string) [][]string {
	cells = slices.DeleteFunc(cells, func(row []string) bool {
		return !slices.ContainsFunc(row, func(s string) bool { return s != "" })
	})
	if len(cells) == 0 {
		return nil
	}
	var used []int
	for c := range cells[0] {
		if slices.ContainsFunc(cells, func(row []string) bool { return row[c] != "" }) {
			used = append(used, c)
		}
	}
	for i, row := range cells {
		kept := make([]string, len(used))
		for k, c := range used {
			kept[k] = row[c]
		}
		cells[i] = kept
	}
	return cells
}

// table names the columns; before are those of the table before it.
func (in tablesIn) table(g grid, before []string) foundTable {
	t := foundTable{Method: g.method, Rows: []map[string]any{}, X: g.x, Y: g.y, Width: g.w, Height: g.h}
	body := g.cells
	switch {
	case in.Header == "none":
		t.Columns = columnNames(make([]string, len(body[0])))
	case in.Header == "first" && len(before) == len(body[0]):
		t.Columns = before
		if slices.Equal(columnNames(body[0]), before) {
			body = body[1:]
		}
	default:
		t.Columns, body = columnNames(body[0]), body[1:]
	}
	for _, cells := range body {
		row := make(map[string]any, len(cells))
		for i, c := range cells {
			row[t.Columns[i]] = c
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}
