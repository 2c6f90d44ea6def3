package table

import (
	"context"
	"fmt"
	"html"
	"strings"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/table"
)

func init() {
	node.Register(node.Spec[toMapIn, toMapOut]{
		Type:   "table.to_map",
		Title:  "Convert table to map",
		Doc:    "Makes a map from the values of a key column to the rows, or to one column of them, for quick look-ups in expressions. Keys become texts. The map must fit in memory.",
		Effect: node.Pure,
		Examples: []node.Example[toMapIn, toMapOut]{{
			Title: "Price by article",
			In:    toMapIn{source: of(row{"sku": "A", "price": 1}, row{"sku": "B", "price": 2}), Key: "sku", Value: "price"},
			Out:   toMapOut{Map: row{"A": 1, "B": 2}, Count: 2},
		}, {
			Title: "All rows of each key",
			In:    toMapIn{source: of(row{"k": 1, "v": 1}, row{"k": 1, "v": 2}), Key: "k", Value: "v", Duplicates: "list"},
			Out:   toMapOut{Map: row{"1": []any{1, 2}}, Count: 1},
		}},
		Run: toMap,
	})
	node.Register(node.Spec[toTextIn, toTextOut]{
		Type:   "table.to_text",
		Title:  "Convert table to HTML or Markdown",
		Doc:    "Writes a table as an HTML table, for mails, or as Markdown. Cells are escaped; nil is empty. At most `limit` rows are written.",
		Effect: node.Pure,
		Examples: []node.Example[toTextIn, toTextOut]{{
			Title: "For a mail",
			In:    toTextIn{source: of(row{"a": "1 < 2", "b": nil}), Format: "html", Columns: []string{"b", "a"}},
			Out:   toTextOut{Text: "<table>\n<thead><tr><th>b</th><th>a</th></tr></thead>\n<tbody>\n<tr><td></td><td>1 &lt; 2</td></tr>\n</tbody>\n</table>\n", Written: 1},
		}, {
			Title: "Markdown",
			In:    toTextIn{source: of(row{"a": "x|y"}, row{"a": 2}, row{"a": 3}), Format: "markdown", Limit: 2},
			Out:   toTextOut{Text: "| a |\n| --- |\n| x\\|y |\n| 2 |\n", Written: 2, Left: 1},
		}},
		Run: toText,
	})
}

type toMapIn struct {
	source
	Key        string `json:"key" is:"required" doc:"Column that gives the keys."`
	Value      string `json:"value" doc:"Column that gives the values; whole rows when empty."`
	Duplicates string `json:"duplicates" default:"fail" enum:"fail,first,last,list" doc:"What to do with a key that occurs again: fail, keep the first or last, or make a list for every key."`
}

type toMapOut struct {
	Map   map[string]any `json:"map" doc:"Values by key."`
	Count int            `json:"count" doc:"Number of keys."`
}

func toMap(ctx context.Context, _ *node.Env, in toMapIn) (toMapOut, error) {
	need := []string{in.Key}
	if in.Value != "" {
		need = append(need, in.Value)
	}
	if err := needColumns(ctx, in.Rows, need...); err != nil {
		return toMapOut{}, err
	}
	out := map[string]any{}
	err := each(ctx, in.Rows, func(i int, r row) error {
		k := cellText(r[in.Key])
		var v any = r
		if in.Value != "" {
			v = r[in.Value]
		}
		old, again := out[k]
		switch {
		case in.Duplicates == "list":
			list, _ := old.([]any)
			v = append(list, v)
		case again && in.Duplicates == "fail":
			return node.Fail(node.KindInput, fmt.Sprintf("the row at index %d has the key %s, which occurred before", i, table.Quote(k)), "set duplicates to first, last or list")
		case again && in.Duplicates == "first":
			return nil
		}
		out[k] = v
		return nil
	})
	return toMapOut{Map: out, Count: len(out)}, err
}

type toTextIn struct {
	source
	Format  string   `json:"format" default:"html" enum:"html,markdown" doc:"What to write."`
	Columns []string `json:"columns" doc:"Columns in order; all, sorted by name, when empty."`
	Limit   int      `json:"limit" default:"1000" min:"1" max:"100000" doc:"Most rows to write."`
}

type toTextOut struct {
	Text    string `json:"text" doc:"The table as text."`
	Written int    `json:"written" doc:"Number of rows written."`
	Left    int    `json:"left" doc:"Number of rows left out by the limit."`
}

var markdownEscapes = strings.NewReplacer("|", `\|`, "\\", `\\`, "\r\n", "<br>", "\n", "<br>", "\r", "<br>")

func toText(ctx context.Context, _ *node.Env, in toTextIn) (toTextOut, error) {
	names := in.Columns
	if len(names) == 0 {
		var err error
		if names, err = allColumns(ctx, in.Rows); err != nil {
			return toTextOut{}, err
		}
	}
	var b strings.Builder
	line := func(start, middle, end string, escape func(string) string, cells func(string) string) {
		b.WriteString(start)
		for i, c := range names {
			if i > 0 {
				b.WriteString(middle)
			}
			b.WriteString(escape(cells(c)))
		}
		b.WriteString(end)
	}
	name := func(c string) string { return c }
	isHTML := in.Format == "html"
	if isHTML {
		line("<table>\n<thead><tr><th>", "</th><th>", "</th></tr></thead>\n<tbody>\n", html.EscapeString, name)
	} else {
		line("| ", " | ", " |\n", markdownEscapes.Replace, name)
		line("| ", " | ", " |\n", func(string) string { return "---" }, name)
	}
	out := toTextOut{}
	err := each(ctx, in.Rows, func(_ int, r row) error {
		if out.Written == in.Limit {
			out.Left++
			return nil
		}
		out.Written++
		cell := func(c string) string { return cellText(r[c]) }
		if isHTML {
			line("<tr><td>", "</td><td>", "</td></tr>\n", html.EscapeString, cell)
		} else {
			line("| ", " | ", " |\n", markdownEscapes.Replace, cell)
		}
		return nil
	})
	if isHTML {
		b.WriteString("</tbody>\n</table>\n")
	}
	out.Text = b.String()
	return out, err
}
