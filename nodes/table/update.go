package table

import (
	"context"
	"maps"
	"slices"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/value"
)

func init() {
	node.Register(node.Spec[addIn, result]{
		Type:   "table.add_column",
		Title:  "Add column",
		Doc:    "Adds a column whose cells are computed from each row. A column of that name is replaced. The expression sees `row` and `index`, counted from 0.",
		Effect: node.Pure,
		Examples: []node.Example[addIn, result]{{
			Title: "Gross price",
			In:    addIn{source: of(row{"net": 100}), Name: "gross", Value: node.Expr("{{ row.net + 19 }}")},
			Out:   give(row{"net": 100, "gross": 119}),
		}, {
			Title: "The same text in every row",
			In:    addIn{source: of(row{"id": 1}, row{"id": 2}), Name: "source", Value: node.Lazy{Literal: 7}},
			Out:   give(row{"id": 1, "source": 7}, row{"id": 2, "source": 7}),
		}},
		Run: addColumn,
	})
	node.Register(node.Spec[indexIn, result]{
		Type:   "table.add_index",
		Title:  "Number rows",
		Doc:    "Adds a column that numbers the rows.",
		Effect: node.Pure,
		Examples: []node.Example[indexIn, result]{{
			Title: "From 1",
			In:    indexIn{source: of(row{"name": "Ada"}, row{"name": "Alan"}), Name: "no"},
			Out:   give(row{"no": 1, "name": "Ada"}, row{"no": 2, "name": "Alan"}),
		}},
		Run: addIndex,
	})
	node.Register(node.Spec[updateIn, updateOut]{
		Type:   "table.update_rows",
		Title:  "Update rows",
		Doc:    "Sets columns of the rows for which a condition holds, or of all rows. Each expression sees `row` as it was before the update, and `index`.",
		Effect: node.Pure,
		Examples: []node.Example[updateIn, updateOut]{{
			Title: "Mark large orders",
			In: updateIn{source: of(row{"total": 5, "level": ""}, row{"total": 500, "level": ""}), Where: node.Expr("{{ row.total > 100 }}"),
				Set: map[string]node.Lazy{"level": node.Expr("high"), "total": node.Expr("{{ row.total * 2 }}")}},
			Out: updateOut{result: give(row{"total": 5, "level": ""}, row{"total": 1000, "level": "high"}), Updated: 1},
		}},
		Run: update,
	})
	node.Register(node.Spec[appendIn, result]{
		Type:   "table.append_rows",
		Title:  "Append rows",
		Doc:    "Adds rows, given as maps, behind the last row of a table or before the first. Columns that the new rows lack are not filled; use table.concat for that.",
		Effect: node.Pure,
		Examples: []node.Example[appendIn, result]{{
			Title: "One row",
			In:    appendIn{source: of(row{"id": 1}), Items: listed([]row{{"id": 2}})},
			Out:   give(row{"id": 1}, row{"id": 2}),
		}},
		Run: appendRows,
	})
	node.Register(node.Spec[concatIn, concatOut]{
		Type:   "table.concat",
		Title:  "Concatenate tables",
		Doc:    "Puts tables under each other. The result has the columns of all of them; a row that lacks a column gets nil, unless `fill` is off.",
		Effect: node.Pure,
		Examples: []node.Example[concatIn, concatOut]{{
			Title: "Two months",
			In:    concatIn{Tables: []value.Rows{listed([]row{{"id": 1, "tip": 3}}), listed([]row{{"id": 2}})}, Fill: true},
			Out:   concatOut{result: give(row{"id": 1, "tip": 3}, row{"id": 2, "tip": nil}), Columns: []string{"id", "tip"}},
		}},
		Run: concat,
	})
}

type addIn struct {
	source
	Name  string    `json:"name" is:"required" doc:"Name of the new column."`
	Value node.Lazy `json:"value" locals:"row,index" doc:"Cell, computed for each row; nil when absent."`
}

func addColumn(ctx context.Context, env *node.Env, in addIn) (result, error) {
	return transform(ctx, env, in.Rows, func(i int, r row) (row, error) {
		v, err := in.Value.Eval(ctx, locals(i, r))
		if err != nil {
			return nil, at(i, err)
		}
		r[in.Name] = value.Clone(v)
		return r, nil
	})
}

type indexIn struct {
	source
	Name  string `json:"name" default:"index" doc:"Name of the column."`
	Start int    `json:"start" default:"1" doc:"Number of the first row."`
}

func addIndex(ctx context.Context, env *node.Env, in indexIn) (result, error) {
	return transform(ctx, env, in.Rows, func(i int, r row) (row, error) {
		r[in.Name] = in.Start + i
		return r, nil
	})
}

type updateIn struct {
	source
	Where node.Lazy            `json:"where" locals:"row,index" doc:"Condition that a row must meet to be updated; all rows when absent."`
	Set   map[string]node.Lazy `json:"set" is:"required" locals:"row,index" doc:"New cells by column, each an expression or a value."`
}

type updateOut struct {
	result
	Updated int `json:"updated" doc:"Number of rows updated."`
}

func update(ctx context.Context, env *node.Env, in updateIn) (updateOut, error) {
	names := slices.Sorted(maps.Keys(in.Set))
	updated := 0
	out, err := transform(ctx, env, in.Rows, func(i int, r row) (row, error) {
		vars := locals(i, r)
		if in.Where.Given() {
			ok, err := in.Where.True(ctx, vars)
			if err != nil {
				return nil, at(i, err)
			}
			if !ok {
				return r, nil
			}
		}
		updated++
		after := maps.Clone(r)
		for _, c := range names {
			v, err := in.Set[c].Eval(ctx, vars)
			if err != nil {
				return nil, at(i, err)
			}
			after[c] = value.Clone(v)
		}
		return after, nil
	})
	return updateOut{result: out, Updated: updated}, err
}

type appendIn struct {
	source
	Items value.Rows `json:"items" is:"required" doc:"Rows to add."`
	First bool       `json:"first" doc:"Put them before the first row."`
}

func appendRows(ctx context.Context, env *node.Env, in appendIn) (result, error) {
	tables := []value.Rows{in.Rows, in.Items}
	if in.First {
		slices.Reverse(tables)
	}
	out, err := concat(ctx, env, concatIn{Tables: tables})
	return out.result, err
}

type concatIn struct {
	Tables []value.Rows `json:"tables" is:"required" doc:"Tables in order."`
	Fill   bool         `json:"fill" default:"true" doc:"Give every row all columns, with nil for those it lacks."`
}

type concatOut struct {
	result
	Columns []string `json:"columns" doc:"Columns of all tables, sorted by name; empty when fill is off."`
}

func concat(ctx context.Context, env *node.Env, in concatIn) (concatOut, error) {
	var names []string
	if in.Fill {
		for _, t := range in.Tables {
			c, err := allColumns(ctx, t)
			if err != nil {
				return concatOut{}, err
			}
			names = append(names, c...)
		}
		slices.Sort(names)
		names = slices.Compact(names)
	}
	out, err := collect(ctx, env, func(put func(any) error) error {
		for _, t := range in.Tables {
			err := each(ctx, t, func(_ int, r row) error {
				for _, c := range names {
					if _, ok := r[c]; !ok {
						r[c] = nil
					}
				}
				return put(r)
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
	return concatOut{result: out, Columns: names}, err
}
