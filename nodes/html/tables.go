package html

import (
	"context"
	"slices"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/value"
)

func init() {
	node.Register(node.Spec[tablesIn, tablesOut]{
		Type: "html.tables", Title: "Tables of HTML", Effect: node.Pure,
		Doc: "Takes the tables out of a page. Headers are found, cells that span several rows or columns are repeated in each, and names that occur twice get a number. `rows` is the table that `table` picks; `tables` tells of all of them. A column that a row lacks is nil.",
		Examples: []node.Example[tablesIn, tablesOut]{{
			Title: "A price list",
			In:    tablesIn{source: source{HTML: "<table id=p><tr><th>Item<th>Price<tr><td>Cup<td>4.50<tr><td>Jug<td>9</table>"}},
			Out: tablesOut{Rows: value.RowsOf([]any{map[string]any{"Item": "Cup", "Price": "4.50"}, map[string]any{"Item": "Jug", "Price": "9"}}),
				Columns: []string{"Item", "Price"}, Count: 2, TableCount: 1,
				Tables: []tableOut{{ID: "p", Columns: []string{"Item", "Price"}, RowCount: 2, Rows: []any{map[string]any{"Item": "Cup", "Price": "4.50"}, map[string]any{"Item": "Jug", "Price": "9"}}}}},
		}, {
			Title: "Spans, and addresses of links",
			In:    tablesIn{source: source{HTML: `<table><tr><td rowspan=2>A<td><a href="/x">x</a><tr><td>y</table>`}, Links: true, base: base{BaseURL: "https://x.org"}},
			Out: tablesOut{Rows: value.RowsOf([]any{map[string]any{"column_1": "A", "column_2": "x", "column_2_link": "https://x.org/x"}, map[string]any{"column_1": "A", "column_2": "y", "column_2_link": nil}}),
				Columns: []string{"column_1", "column_2", "column_2_link"}, Count: 2, TableCount: 1,
				Tables: []tableOut{{Columns: []string{"column_1", "column_2", "column_2_link"}, RowCount: 2, Rows: []any{map[string]any{"column_1": "A", "column_2": "x", "column_2_link": "https://x.org/x"}, map[string]any{"column_1": "A", "column_2": "y", "column_2_link": nil}}}}},
		}},
		Run: tables,
	})
}

type tablesIn struct {
	source
	Selector string `json:"selector" default:"table" doc:"CSS selector or XPath of the tables; what is no table itself stands for the tables in it."`
	Table    int    `json:"table" default:"0" doc:"Which of them the output rows holds, from 0; -1 is the last."`
	Header   string `json:"header" default:"auto" enum:"auto,first_row,none" doc:"Where the names of columns come from: auto takes the head of the table or rows of header cells, and counts columns where there are none; first_row the first row whatever it is."`
	Spans    string `json:"spans" default:"repeat" enum:"repeat,once" doc:"What cells that span several rows or columns give: their text in each of them, or in the first only."`
	Cells    string `json:"cells" default:"text" enum:"text,html" doc:"What to take of each cell."`
	Links    bool   `json:"links" doc:"Add a column named after each column that has links, with _link at its end and the address of the first link of the cell in it."`
	Leaves   bool   `json:"leaves" doc:"Leave out tables that hold other tables, which mostly make the layout of a page or mail."`
	Skip     int    `json:"skip_rows" min:"0" doc:"Rows to leave out below the header."`
	Limit    int    `json:"limit" min:"0" doc:"Most rows of each table; 0 takes all."`
	Blank    bool   `json:"keep_empty_rows" doc:"Also give rows that have no text."`
	base
}

type tableOut struct {
	Index    int      `json:"index" doc:"Number of the table, from 0."`
	ID       string   `json:"id" doc:"Its id attribute."`
	Class    string   `json:"class" doc:"Its class attribute."`
	Caption  string   `json:"caption" doc:"Its caption."`
	Columns  []string `json:"columns" doc:"Names of its columns in order."`
	RowCount int      `json:"row_count" doc:"Number of its rows."`
	Rows     []any    `json:"rows" doc:"Its rows as maps."`
}

type tablesOut struct {
	Rows       value.Rows `json:"rows" doc:"Rows of the table that was picked; empty when there is none."`
	Columns    []string   `json:"columns" doc:"Names of its columns in order."`
	Count      int        `json:"count" doc:"Number of its rows."`
	Tables     []tableOut `json:"tables" doc:"All tables."`
	TableCount int        `json:"table_count" doc:"Number of tables."`
}

func tables(ctx context.Context, env *node.Env, in tablesIn) (tablesOut, error) {
	out := tablesOut{Columns: []string{}, Tables: []tableOut{}}
	doc, err := in.parse(ctx)
	if err != nil {
		return out, err
	}
	found, err := in.find(ctx, doc)
	if err != nil {
		return out, err
	}
	resolve, err := in.resolver(doc)
	if err != nil {
		return out, err
	}
	budget, text := maxCells, maxTableText
	for i, t := range found {
		one, err := in.table(ctx, t, resolve, &budget, &text)
		if err != nil {
			return out, err
		}
		one.Index = i
		out.Tables = append(out.Tables, one)
	}
	out.TableCount = len(out.Tables)
	at := in.Table
	if at < 0 {
		at += len(out.Tables)
	}
	if at < 0 || at >= len(out.Tables) {
		if in.Table != 0 {
			return out, wrong("look at tables, or correct the selector", "the page has %d tables, so there is no table %d", len(out.Tables), in.Table)
		}
		return out, nil
	}
	picked := out.Tables[at]
	out.Columns, out.Count = picked.Columns, picked.RowCount
	out.Rows, err = env.Rows(ctx, func(yield func(any) bool) error {
		for _, r := range picked.Rows {
			if !yield(r) {
				return node.Failf(node.KindError, "a row could not be stored")
			}
		}
		return nil
	})
	return out, err
}

func (in tablesIn) find(ctx context.Context, doc *html.Node) ([]*html.Node, error) {
	hits, err := elements(ctx, doc, in.Selector)
	if err != nil {
		return nil, err
	}
	var out []*html.Node
	seen := map[*html.Node]bool{}
	add := func(t *html.Node) {
		if seen[t] || in.Leaves && holdsTable(t) {
			return
		}
		seen[t] = true
		out = append(out, t)
	}
	for _, h := range hits {
		if h.DataAtom == atom.Table {
			add(h)
			continue
		}
		walk(h, func(n *html.Node) bool {
			if n.DataAtom == atom.Table {
				add(n)
			}
			return true
		})
	}
	return out, nil
}

func holdsTable(t *html.Node) bool {
	for c := t.FirstChild; c != nil; c = c.NextSibling {
		if first(c, atom.Table) != nil {
			return true
		}
	}
	return false
}

// table reads one table.
func (in tablesIn) table(ctx context.Context, t *html.Node, resolve func(string) string, budget, text *int) (tableOut, error) {
	out := tableOut{ID: attrOf(t, "id"), Class: attrOf(t, "class"), Rows: []any{}}
	for c := t.FirstChild; c != nil; c = c.NextSibling {
		if c.DataAtom == atom.Caption {
			out.Caption = squeeze(visible(c))
		}
	}
	g, err := layOut(t, budget)
	if err != nil {
		return out, err
	}
	heads := g.headers(in.Header)
	names := g.columns(heads)
	body := g.rows[heads:]
	body = body[min(in.Skip, len(body)):]
	linked := make([]string, len(names))
	if in.Links {
		for _, r := range body {
			for i, c := range r {
				if linked[i] == "" && c.first && first(c.n, atom.A) != nil {
					linked[i] = names[i] + "_link"
				}
			}
		}
	}
	out.Columns = []string{}
	for i, n := range names {
		out.Columns = append(out.Columns, n)
		if linked[i] == "" {
			continue
		}
		for slices.Contains(names, linked[i]) {
			linked[i] += "_"
		}
		out.Columns = append(out.Columns, linked[i])
	}
	x := &texts{known: map[*html.Node]string{}, left: *text}
	defer func() { *text = x.left }()
	for i, r := range body {
		if i%256 == 0 && ctx.Err() != nil {
			return out, ctx.Err()
		}
		row, blank, err := in.row(r, names, linked, x, resolve)
		if err != nil {
			return out, err
		}
		if blank && !in.Blank {
			continue
		}
		out.Rows = append(out.Rows, row)
		if in.Limit > 0 && len(out.Rows) == in.Limit {
			break
		}
	}
	out.RowCount = len(out.Rows)
	return out, nil
}

// maxTableText bounds what cells that span, and tables in tables, multiply to.
const maxTableText = 128 << 20

// texts remembers the text of cells, which may stand in many places.
type texts struct {
	known map[*html.Node]string
	left  int
}

func (x *texts) of(n *html.Node, markup bool) (string, error) {
	text, known := x.known[n]
	if !known {
		text = visible(n)
		if markup {
			var err error
			if text, err = render(n, true); err != nil {
				return "", err
			}
		}
		x.known[n] = text
	}
	if x.left -= len(text); x.left < 0 {
		return "", wrong("set spans to once, or leaves", "the tables have more than %d MB of text, spans counted", maxTableText>>20)
	}
	return text, nil
}

func (in tablesIn) row(cells []cell, names []string, linked []string, x *texts, resolve func(string) string) (map[string]any, bool, error) {
	row := make(map[string]any, len(names))
	blank := true
	for i, name := range names {
		row[name] = nil
		if linked[i] != "" {
			row[linked[i]] = nil
		}
		if i >= len(cells) || cells[i].n == nil {
			continue
		}
		c := cells[i]
		if in.Spans == "once" && !c.first {
			row[name] = ""
			continue
		}
		text, err := x.of(c.n, in.Cells == "html")
		if err != nil {
			return nil, false, err
		}
		row[name] = text
		blank = blank && strings.TrimSpace(text) == ""
		if linked[i] != "" {
			if a := first(c.n, atom.A); a != nil {
				if href, ok := attr(a, "href"); ok {
					row[linked[i]] = resolve(href)
				}
			}
		}
	}
	return row, blank, nil
}
