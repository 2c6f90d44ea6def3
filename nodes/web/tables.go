package web

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/aether-rpa/aether/browser"
	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/selector"
	"github.com/aether-rpa/aether/value"
)

func init() {
	node.Register(node.Spec[tableIn, tableOut]{
		Type: "web.get_table", Title: "Get table",
		Doc: "Reads a whole table in one step, an HTML table or a grid with ARIA roles. A cell that spans several rows or columns is there in each of them; of a field in a cell its content is taken; rows that cannot be seen are left out. " +
			"Names that occur twice get a number, columns without a name are called column_1 and so on.",
		Effect: node.Read,
		Examples: []node.Example[tableIn, tableOut]{{
			Title: "Orders as records", In: tableIn{At: At{Target: selector.Must("css=#orders")}},
			Out: tableOut{Used: Used{Element: `<table id="orders">`, Query: "css=#orders"}, Rows: value.RowsOf([]any{map[string]any{"Order": "4711", "Total": "12.50"}}), Columns: []string{"Order", "Total"}, Count: 1}, DocOnly: needsBrowser,
		}, {
			Title: "Cells without names", In: tableIn{At: At{Target: selector.Must("css=table")}, As: "lists", Header: "none"},
			Out: tableOut{Used: Used{Element: "<table>", Query: "css=table"}, Rows: value.RowsOf([]any{[]any{"a", "1"}, []any{"b", "2"}}), Columns: []string{"column_1", "column_2"}, Count: 2}, DocOnly: needsBrowser,
		}},
		Run: func(ctx context.Context, env *node.Env, in tableIn) (tableOut, error) {
			return look(ctx, env, in.healing(), func(ctx context.Context, p *browser.Page) (tableOut, error) { return in.read(ctx, env, p) })
		},
	})
	node.Register(node.Spec[listIn, listOut]{
		Type: "web.get_list", Title: "Get list",
		Doc:    "Reads the texts of a list's items that can be seen: of ul, ol, <select>, or what stands directly in the element. With every it reads the text of each element that matches instead.",
		Effect: node.Read,
		Examples: []node.Example[listIn, listOut]{
			{Title: "The entries of a menu", In: listIn{At: At{Target: selector.Must("css=nav ul")}}, Out: listOut{Items: value.RowsOf([]any{"Home", "Orders"}), Count: 2}, DocOnly: needsBrowser},
			{Title: "Every price on the page", In: listIn{At: At{Target: selector.Must("css=.price")}, Every: true}, Out: listOut{Items: value.RowsOf([]any{"4.50", "9.00"}), Count: 2}, DocOnly: needsBrowser},
		},
		Run: func(ctx context.Context, env *node.Env, in listIn) (listOut, error) {
			return look(ctx, env, in.healing(), func(ctx context.Context, p *browser.Page) (out listOut, err error) {
				var all []any
				if in.Every {
					if err := p.WaitFor(ctx, in.Target, browser.Shown); err != nil {
						return out, err
					}
					l, err := p.Every(ctx, in.Target, []browser.Field{{Read: "text"}}, maxItems)
					if err != nil {
						return out, err
					}
					for _, r := range l.Rows {
						all = append(all, r[0])
					}
				} else if all, _, err = readOf[[]any](ctx, p, in.Target, "list", ""); err != nil {
					return out, err
				}
				out.Count = len(all)
				out.Items, err = keep(ctx, env, all)
				return out, err
			})
		},
	})
	node.Register(node.Spec[linksIn, linksOut]{
		Type: "web.get_links", Title: "Get links",
		Doc:    "Reads the links of an element or of the page: text, absolute url, title, and whether they can be seen (shown).",
		Effect: node.Read,
		Examples: []node.Example[linksIn, linksOut]{{
			Title: "Invoices to download", In: linksIn{URL: "*.pdf"}, Out: linksOut{Links: value.RowsOf([]any{map[string]any{"text": "May", "url": "https://shop.example.com/may.pdf", "title": "", "shown": true}}), Count: 1}, DocOnly: needsBrowser,
		}},
		Run: func(ctx context.Context, env *node.Env, in linksIn) (out linksOut, err error) {
			out.Links, out.Count, err = found(ctx, env, in, "links")
			return out, err
		},
	})
	node.Register(node.Spec[linksIn, imagesOut]{
		Type: "web.get_images", Title: "Get images",
		Doc:    "Reads the pictures of an element or of the page: absolute url, alt, width and height in pixels, whether they were loaded (loaded) and can be seen (shown).",
		Effect: node.Read,
		Examples: []node.Example[linksIn, imagesOut]{{
			Title: "Pictures of a product", In: linksIn{Part: Part{Target: selector.Must("css=.gallery")}}, Out: imagesOut{Images: value.RowsOf([]any{map[string]any{"url": "https://shop.example.com/1.png", "alt": "Front", "width": 800, "height": 600, "loaded": true, "shown": true}}), Count: 1}, DocOnly: needsBrowser,
		}},
		Run: func(ctx context.Context, env *node.Env, in linksIn) (out imagesOut, err error) {
			out.Images, out.Count, err = found(ctx, env, in, "images")
			return out, err
		},
	})
}

// maxItems bounds how many elements web.get_list reads.
const maxItems = 100_000

type tableIn struct {
	At
	As     string `json:"as" default:"records" enum:"records,lists" doc:"What each row is: a map by the names of columns, or a list of cells."`
	Header string `json:"header" default:"auto" enum:"auto,first_row,none" doc:"Where the names of columns come from: auto takes the head of the table or a first row of header cells, and counts columns where there is none; first_row the first row whatever it is."`
}

type tableOut struct {
	Used
	Rows    value.Rows `json:"rows" doc:"The rows."`
	Columns []string   `json:"columns" doc:"Names of the columns in order."`
	Count   int        `json:"count" doc:"How many rows there are."`
}

type listIn struct {
	At
	Every bool `json:"every" doc:"Whether the target means the items themselves, all that match, and not the list that holds them."`
}

type listOut struct {
	Items value.Rows `json:"items" doc:"The texts."`
	Count int        `json:"count" doc:"How many there are."`
}

type linksIn struct {
	Part
	URL string `json:"url" doc:"Only those with such an address: * stands for any characters, what begins with / is compared with the path alone, and between slashes stands a regular expression."`
}

type linksOut struct {
	Links value.Rows `json:"links" doc:"The links: text, url, title, shown."`
	Count int        `json:"count" doc:"How many there are."`
}

type imagesOut struct {
	Images value.Rows `json:"images" doc:"The pictures: url, alt, width, height, loaded, shown."`
	Count  int        `json:"count" doc:"How many there are."`
}

func keep(ctx context.Context, env *node.Env, all []any) (value.Rows, error) {
	return env.Rows(ctx, func(yield func(any) bool) error {
		for _, v := range all {
			if !yield(v) {
				return node.Failf(node.KindError, "what was read could not be stored")
			}
		}
		return nil
	})
}

func (in tableIn) read(ctx context.Context, env *node.Env, p *browser.Page) (out tableOut, err error) {
	t, u, err := readOf[struct {
		Head int        `json:"head"`
		Rows [][]string `json:"rows"`
	}](ctx, p, in.Target, "table", "")
	if err != nil {
		return out, err
	}
	head := t.Head
	switch in.Header {
	case "none":
		head = 0
	case "first_row":
		head = min(1, len(t.Rows))
	}
	width := 0
	for _, r := range t.Rows {
		width = max(width, len(r))
	}
	var names []string
	if head > 0 {
		names = t.Rows[head-1]
	}
	out = tableOut{Used: u, Columns: columns(names, width), Count: len(t.Rows) - head}
	out.Rows, err = env.Rows(ctx, func(yield func(any) bool) error {
		for _, r := range t.Rows[head:] {
			if !yield(in.row(r, out.Columns)) {
				return node.Failf(node.KindError, "a row could not be stored")
			}
		}
		return nil
	})
	return out, err
}

func (in tableIn) row(cells, names []string) any {
	if in.As == "lists" {
		l := make([]any, len(cells))
		for i, c := range cells {
			l[i] = c
		}
		return l
	}
	m := make(map[string]any, len(names))
	for i, n := range names {
		m[n] = nil
		if i < len(cells) {
			m[n] = cells[i]
		}
	}
	return m
}

// columns are the names of columns: each once, and none without one.
func columns(head []string, width int) []string {
	out := make([]string, width)
	seen := map[string]bool{}
	for i := range out {
		name := fmt.Sprintf("column_%d", i+1)
		if i < len(head) && head[i] != "" {
			name = head[i]
		}
		free := name
		for n := 2; seen[free]; n++ {
			free = fmt.Sprintf("%s_%d", name, n)
		}
		seen[free] = true
		out[i] = free
	}
	return out
}

// found reads what has an address, and keeps what is wanted.
func found(ctx context.Context, env *node.Env, in linksIn, what string) (value.Rows, int, error) {
	wanted := func(string) bool { return true }
	if in.URL != "" {
		var err error
		if wanted, err = matchURL(in.URL); err != nil {
			return value.Rows{}, 0, err
		}
	}
	var all []any
	_, err := look(ctx, env, in.In, func(ctx context.Context, p *browser.Page) (nothing, error) {
		all = nil // of a page that has gone meanwhile
		raw, _, err := readOf[json.RawMessage](ctx, p, in.target(), what, "")
		if err != nil {
			return nothing{}, err
		}
		v, err := value.Parse(raw)
		list, _ := v.([]any)
		for _, e := range list {
			m, _ := e.(map[string]any)
			if url, _ := m["url"].(string); wanted(url) {
				all = append(all, m)
			}
		}
		return nothing{}, err
	})
	if err != nil {
		return value.Rows{}, 0, err
	}
	rows, err := keep(ctx, env, all)
	return rows, len(all), err
}
