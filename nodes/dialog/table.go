package dialog

import (
	"context"
	"maps"
	"slices"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/question"
	"github.com/aether-rpa/aether/value"
)

func init() {
	node.RegisterControl(node.Control[tableIn, tableOut]{
		Type: "dialog.table", Title: "Show a table", CanFail: true, Asks: true,
		Doc:   "Shows rows of a table, and lets one or several be picked if asked to. Only the first max_rows are shown and can be picked. Without picking, the default is to acknowledge.",
		Ports: ports,
		Route: routeTable,
		YAML:  "- {id: which, type: dialog.table, params: {rows: '{{ nodes.read.rows }}', columns: [name, amount], pick: one}}",
	})
}

func routeTable(ctx context.Context, in tableIn) (node.Move, error) {
	d := &question.Details{Columns: in.Columns}
	for v, err := range in.Rows.All(ctx) {
		if err != nil {
			return nil, err
		}
		d.Total++
		if len(d.Rows) >= in.MaxRows {
			continue
		}
		row, ok := v.(map[string]any)
		if !ok {
			row = map[string]any{"value": v}
		}
		d.Rows = append(d.Rows, row)
	}
	if len(d.Columns) == 0 {
		d.Columns = tableColumns(d.Rows)
	}
	q := in.form(question.Table)
	q.Details = d
	if in.Pick != "none" {
		if len(d.Rows) == 0 {
			return nil, node.Fail(node.KindInput, "there is nothing to pick: the table has no rows", "test the table with flow.if first")
		}
		f := question.Field{Name: "row", Label: "Row", Type: question.Choice, Required: in.Required, Default: in.Default}
		if in.Pick == "many" {
			f.Type = question.Choices
		}
		for i, r := range d.Rows {
			f.Choices = append(f.Choices, question.Option{Value: i, Label: rowLabel(r, d.Columns)})
		}
		q.Fields = []question.Field{f}
		declared(q)
	} else {
		q.Default = &question.Answer{Button: okButton}
	}
	return in.ask(q, func(r question.Reply) map[string]any {
		picked, many := r.Values["row"].([]any)
		if one, ok := r.Values["row"].(int); ok && !many {
			picked = []any{one}
		}
		rows, indexes := []any{}, []any{}
		for _, p := range picked {
			if i, ok := p.(int); ok && i >= 0 && i < len(d.Rows) {
				rows, indexes = append(rows, d.Rows[i]), append(indexes, i)
			}
		}
		out := map[string]any{"row": nil, "index": -1, "rows": rows, "indexes": indexes, "confirmed": confirms(r)}
		if len(rows) > 0 {
			out["row"], out["index"] = rows[0], indexes[0]
		}
		return out
	})
}

func sortedKeys(m map[string]any) []string { return slices.Sorted(maps.Keys(m)) }

type tableIn struct {
	Rows     value.Rows `json:"rows" is:"required" doc:"Rows to show: a list of maps."`
	Columns  []string   `json:"columns" doc:"Columns to show, in this order; all if not given."`
	Pick     string     `json:"pick" enum:"none,one,many" default:"none" doc:"How many rows may be picked."`
	Required bool       `json:"required" default:"true" doc:"Whether a row must be picked, if any can be."`
	Default  any        `json:"default" doc:"Index of the row that is picked beforehand (a list of them with many), and that an unattended run takes."`
	MaxRows  int        `json:"max_rows" default:"200" min:"1" max:"1000" is:"advanced" doc:"How many rows are shown at most."`
	looks
	ending
}

type tableOut struct {
	Row       map[string]any   `json:"row" doc:"The row that was picked, the first of several; nothing if none was."`
	Index     int              `json:"index" doc:"Where it is in the table, counted from 0; -1 if none was picked."`
	Rows      []map[string]any `json:"rows" doc:"All rows that were picked."`
	Indexes   []int            `json:"indexes" doc:"Where they are."`
	Confirmed bool             `json:"confirmed" doc:"Whether it was not closed."`
	replyOut
}
