package doc

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/nodes/doc/docx"
)

type tablesIn struct {
	source
	Header     bool `json:"header" default:"true" doc:"The first row of each table holds the names of its columns. Else columns are named column_1 and so on."`
	FillMerged bool `json:"fill_merged" doc:"Repeat the text of merged cells in each row and column that they cover."`
	Number     int  `json:"number" min:"0" doc:"Read only this table, counted from 1; 0 is all."`
}

type tablesOut struct {
	Rows   []map[string]any `json:"rows" doc:"The rows of all tables read, one table after the other."`
	Tables []docTable       `json:"tables" doc:"Each table with its columns and rows."`
	Count  int              `json:"count" doc:"How many rows there are."`
}

type docTable struct {
	Number  int              `json:"number" doc:"Number of the table in the document, counted from 1."`
	Columns []string         `json:"columns" doc:"Names of the columns from left to right."`
	Rows    []map[string]any `json:"rows" doc:"The rows, as maps of text by column."`
}

func readTables(ctx context.Context, env *node.Env, in tablesIn) (tablesOut, error) {
	out := tablesOut{Rows: []map[string]any{}, Tables: []docTable{}}
	err := in.with(env, func(d *docx.File) error {
		number := 0
		for _, t := range d.Body().All("w:tbl") {
			if err := ctx.Err(); err != nil {
				return err
			}
			if inFallback(t, d.Body()) {
				continue
			}
			if number++; in.Number > 0 && in.Number != number {
				continue
			}
			cells := cellsOf(t, in.FillMerged)
			table := docTable{Number: number, Rows: []map[string]any{}, Columns: []string{}}
			if len(cells) > 0 {
				head := make([]string, len(cells[0]))
				if in.Header {
					head, cells = cells[0], cells[1:]
				}
				table.Columns = columnNames(head)
			}
			for _, c := range cells {
				row := make(map[string]any, len(c))
				for i, text := range c {
					row[table.Columns[i]] = text
				}
				table.Rows = append(table.Rows, row)
			}
			out.Tables = append(out.Tables, table)
			out.Rows = append(out.Rows, table.Rows...)
		}
		if in.Number > number {
			return input("choose another table", "there is no table %d: %s has %d", in.Number, in.File, number)
		}
		return nil
	})
	out.Count = len(out.Rows)
	return out, err
}

// columnNames makes the cells of a header different names.
func columnNames(cells []string) []string {
	used := map[string]bool{}
	out := make([]string, len(cells))
	for i, c := range cells {
		c = strings.Join(strings.Fields(c), " ")
		if c == "" {
			c = fmt.Sprintf("column_%d", i+1)
		}
		name := c
		for n := 2; used[name]; n++ {
			name = fmt.Sprintf("%s_%d", c, n)
		}
		used[name] = true
		out[i] = name
	}
	return out
}

// maxColumns bounds what a cell may claim to span.
const maxColumns = 1000

// cellsOf returns the texts of a table as a full grid.
func cellsOf(t *docx.Node, fill bool) [][]string {
	var out [][]string
	width := 0
	for _, tr := range rowsOf(t) {
		var row []string
		skip := func(name string) {
			if g := tr.Kid("w:trPr").Kid(name); g != nil {
				n, _ := strconv.Atoi(g.Attr("w:val"))
				for range min(max(n, 0), maxColumns-len(row)) {
					row = append(row, "")
				}
			}
		}
		skip("w:gridBefore")
		for _, tc := range kidsOf(tr, "w:tc") {
			text := cellText(tc)
			pr := tc.Kid("w:tcPr")
			if v := pr.Kid("w:vMerge"); v != nil && v.Attr("w:val") != "restart" {
				text = ""
				if fill && len(out) > 0 && len(row) < len(out[len(out)-1]) {
					text = out[len(out)-1][len(row)]
				}
			}
			row = append(row, text)
			if g := pr.Kid("w:gridSpan"); g != nil {
				n, _ := strconv.Atoi(g.Attr("w:val"))
				if !fill {
					text = ""
				}
				for i := 1; i < n && len(row) < maxColumns; i++ {
					row = append(row, text)
				}
			}
			if len(row) >= maxColumns {
				break
			}
		}
		width = max(width, len(row))
		out = append(out, row)
	}
	for i := range out {
		for len(out[i]) < width {
			out[i] = append(out[i], "")
		}
	}
	return out
}

// rowsOf returns the rows of a table, those in content controls too.
func rowsOf(t *docx.Node) []*docx.Node { return kidsOf(t, "w:tr") }

// kidsOf returns children of a name, looking through wrappers such as content
// controls but not into tables.
func kidsOf(n *docx.Node, name string) []*docx.Node {
	var out []*docx.Node
	for _, k := range n.Kids {
		switch k.Name {
		case name:
			out = append(out, k)
		case "w:sdt", "w:sdtContent", "w:customXml", "w:ins", "w:smartTag":
			out = append(out, kidsOf(k, name)...)
		}
	}
	return out
}

// cellText returns the text of a cell, tables inside it left out.
func cellText(tc *docx.Node) string {
	var lines []string
	for _, p := range kidsOf(tc, "w:p") {
		lines = append(lines, docx.ParagraphText(p))
	}
	return strings.TrimSpace(strings.Join(lines, "\n"))
}

func (r *reader) table(t *docx.Node) {
	cells := cellsOf(t, false)
	rows := make([]any, len(cells))
	for i, c := range cells {
		row := make([]any, len(c))
		for k, s := range c {
			row[k] = s
		}
		rows[i] = row
		if !r.markdown {
			r.lines = append(r.lines, strings.Join(c, "\t"))
		}
	}
	r.blocks = append(r.blocks, map[string]any{"kind": "table", "rows": rows})
	if r.markdown && len(cells) > 0 {
		r.lines = append(r.lines, "")
		for i, c := range cells {
			for k := range c {
				c[k] = strings.ReplaceAll(strings.ReplaceAll(c[k], "|", `\|`), "\n", "<br>")
			}
			r.lines = append(r.lines, "| "+strings.Join(c, " | ")+" |")
			if i == 0 {
				r.lines = append(r.lines, "|"+strings.Repeat(" --- |", len(c)))
			}
		}
		r.lines = append(r.lines, "")
	}
	// Tables inside cells have lines of their own.
	for _, tr := range rowsOf(t) {
		for _, tc := range kidsOf(tr, "w:tc") {
			for _, inner := range kidsOf(tc, "w:tbl") {
				r.table(inner)
			}
		}
	}
}
