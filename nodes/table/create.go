package table

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/table"
	"github.com/aether-rpa/aether/value"
)

func init() {
	node.Register(node.Spec[createIn, createOut]{
		Type:   "table.create",
		Title:  "Create table",
		Doc:    "Makes a table from a list of lists or a list of maps. Lists take their column names from `columns`, or from the first list when `header` is on; maps get a nil for each column of `columns` that they lack. A list with fewer cells than columns is filled with nil; one with more is an error.",
		Effect: node.Pure,
		Examples: []node.Example[createIn, createOut]{{
			Title: "Lists with a header",
			In:    createIn{Data: value.RowsOf([]any{[]any{"name", "age"}, []any{"Ada", 36}, []any{"Alan"}}), Header: true},
			Out:   createOut{Rows: listed([]row{{"name": "Ada", "age": 36}, {"name": "Alan", "age": nil}}), Columns: []string{"name", "age"}, Count: 2},
		}, {
			Title: "An empty table",
			In:    createIn{Columns: []string{"name"}},
			Out:   createOut{Columns: []string{"name"}},
		}},
		Run: create,
	})
	node.Register(node.Spec[fromColumnsIn, createOut]{
		Type:   "table.from_columns",
		Title:  "Create table from columns",
		Doc:    "Makes a table from one list for each column. Shorter lists are filled with nil up to the longest.",
		Effect: node.Pure,
		Examples: []node.Example[fromColumnsIn, createOut]{{
			Title: "Two columns",
			In:    fromColumnsIn{Columns: map[string][]any{"name": {"Ada", "Alan"}, "age": {36}}},
			Out:   createOut{Rows: listed([]row{{"name": "Ada", "age": 36}, {"name": "Alan", "age": nil}}), Columns: []string{"age", "name"}, Count: 2},
		}},
		Run: fromColumns,
	})
	node.Register(node.Spec[toListsIn, toListsOut]{
		Type:   "table.to_lists",
		Title:  "Convert table to lists",
		Doc:    "Turns each row into a list of cells in the order of `columns`, for spreadsheets and programs that take lists.",
		Effect: node.Pure,
		Examples: []node.Example[toListsIn, toListsOut]{{
			Title: "With a header",
			In:    toListsIn{source: of(row{"a": 1, "b": 2}), Columns: []string{"b", "a"}, Header: true},
			Out:   toListsOut{Lists: value.RowsOf([]any{[]any{"b", "a"}, []any{2, 1}}), Columns: []string{"b", "a"}},
		}},
		Run: toLists,
	})
	node.Register(node.Spec[getColumnIn, getColumnOut]{
		Type:   "table.get_column",
		Title:  "Get column",
		Doc:    "Returns the cells of one column as a list. Rows without the column give nil.",
		Effect: node.Pure,
		Examples: []node.Example[getColumnIn, getColumnOut]{{
			Title: "Each value once",
			In:    getColumnIn{source: of(row{"city": "Ulm"}, row{"city": nil}, row{"city": "Ulm"}), Column: "city", Unique: true, SkipNulls: true},
			Out:   getColumnOut{Values: value.RowsOf([]any{"Ulm"}), Count: 1},
		}},
		Run: getColumn,
	})
}

type createIn struct {
	Data    value.Rows `json:"data" doc:"Rows of the table: lists of cells, or maps."`
	Columns []string   `json:"columns" doc:"Column names in order. Needed for lists unless header is on."`
	Header  bool       `json:"header" doc:"Take the first list as the column names."`
}

type createOut struct {
	Rows    value.Rows `json:"rows" doc:"The table."`
	Columns []string   `json:"columns" doc:"Its column names, in the order given; sorted where none was given."`
	Count   int        `json:"count" doc:"Number of rows."`
}

func create(ctx context.Context, env *node.Env, in createIn) (createOut, error) {
	columns := in.Columns
	if err := unique(columns); err != nil {
		return createOut{}, err
	}
	var seen table.Columns
	header := in.Header
	out, err := collect(ctx, env, func(put func(any) error) error {
		i := 0
		for v, err := range stream(ctx, in.Data) {
			if err != nil {
				return err
			}
			list, isList := v.([]any)
			if header && isList {
				header = false
				if columns == nil {
					if columns, err = headerOf(list); err != nil {
						return err
					}
				}
				continue
			}
			r, err := createRow(v, list, isList, columns, i)
			if err != nil {
				return err
			}
			seen.Add(r)
			if err := put(r); err != nil {
				return err
			}
			i++
		}
		return nil
	})
	for _, n := range seen.Names() {
		if !slices.Contains(columns, n) {
			columns = append(columns[:len(columns):len(columns)], n)
		}
	}
	return createOut{Rows: out.Rows, Columns: columns, Count: out.Count}, err
}

func createRow(v any, list []any, isList bool, columns []string, i int) (row, error) {
	if !isList {
		r, err := asRow(v, i)
		if err != nil {
			return nil, err
		}
		for _, c := range columns {
			if _, ok := r[c]; !ok {
				r[c] = nil
			}
		}
		return r, nil
	}
	if columns == nil {
		return nil, node.Fail(node.KindInput, "the rows are lists and the columns have no names", "set columns, or turn header on")
	}
	if len(list) > len(columns) {
		return nil, node.Failf(node.KindInput, "the row at index %d has %d cells for %d columns", i, len(list), len(columns))
	}
	r := make(row, len(columns))
	for c, name := range columns {
		r[name] = nil
		if c < len(list) {
			r[name] = list[c]
		}
	}
	return r, nil
}

func headerOf(list []any) ([]string, error) {
	names := make([]string, len(list))
	for i, v := range list {
		names[i] = cellText(v)
		if names[i] == "" {
			names[i] = fmt.Sprintf("column_%d", i+1)
		}
	}
	return names, unique(names)
}

func unique(names []string) error {
	seen := map[string]bool{}
	for _, n := range names {
		if seen[n] {
			return node.Fail(node.KindInput, fmt.Sprintf("the column %q is named twice", n), "give each column a name of its own")
		}
		seen[n] = true
	}
	return nil
}

// cellText is the text of a cell; nil is empty.
func cellText(v any) string {
	if v == nil {
		return ""
	}
	var f table.Format
	t, err := f.Convert(v, table.Text)
	if err != nil {
		return ""
	}
	return t.(string)
}

type fromColumnsIn struct {
	Columns map[string][]any `json:"columns" is:"required" doc:"One list of cells for each column, by name."`
}

func fromColumns(ctx context.Context, env *node.Env, in fromColumnsIn) (createOut, error) {
	names := make([]string, 0, len(in.Columns))
	longest := 0
	for n, list := range in.Columns {
		names = append(names, n)
		longest = max(longest, len(list))
	}
	slices.Sort(names)
	out, err := collect(ctx, env, func(put func(any) error) error {
		for i := range longest {
			r := make(row, len(names))
			for _, n := range names {
				r[n] = nil
				if list := in.Columns[n]; i < len(list) {
					r[n] = value.Clone(list[i])
				}
			}
			if err := put(r); err != nil {
				return err
			}
		}
		return nil
	})
	return createOut{Rows: out.Rows, Columns: names, Count: out.Count}, err
}

type toListsIn struct {
	source
	Columns []string `json:"columns" doc:"Columns in order; all columns, sorted by name, when empty."`
	Header  bool     `json:"header" doc:"Begin with a list of the column names."`
}

type toListsOut struct {
	Lists   value.Rows `json:"lists" doc:"One list of cells for each row."`
	Columns []string   `json:"columns" doc:"Columns in the order of the cells."`
}

func toLists(ctx context.Context, env *node.Env, in toListsIn) (toListsOut, error) {
	columns := in.Columns
	if len(columns) == 0 {
		var err error
		if columns, err = allColumns(ctx, in.Rows); err != nil {
			return toListsOut{}, err
		}
	}
	out, err := collect(ctx, env, func(put func(any) error) error {
		if in.Header {
			names := make([]any, len(columns))
			for i, c := range columns {
				names[i] = c
			}
			if err := put(names); err != nil {
				return err
			}
		}
		return each(ctx, in.Rows, func(_ int, r row) error {
			list := make([]any, len(columns))
			for i, c := range columns {
				list[i] = r[c]
			}
			return put(list)
		})
	})
	return toListsOut{Lists: out.Rows, Columns: columns}, err
}

type getColumnIn struct {
	source
	Column    string `json:"column" is:"required" doc:"Name of the column."`
	Unique    bool   `json:"unique" doc:"Return each value once, where it occurs first."`
	SkipNulls bool   `json:"skip_nulls" doc:"Leave out nil."`
}

type getColumnOut struct {
	Values value.Rows `json:"values" doc:"Cells of the column."`
	Count  int        `json:"count" doc:"Number of cells."`
}

func getColumn(ctx context.Context, env *node.Env, in getColumnIn) (getColumnOut, error) {
	if err := needColumns(ctx, in.Rows, in.Column); err != nil {
		return getColumnOut{}, err
	}
	var cells table.Seq = func(yield func(any, error) bool) {
		err := each(ctx, in.Rows, func(_ int, r row) error {
			if v := r[in.Column]; v == nil && in.SkipNulls || yield(v, nil) {
				return nil
			}
			return errStop
		})
		if err != nil && !errors.Is(err, errStop) {
			yield(nil, err)
		}
	}
	if in.Unique {
		cells = space(ctx, env).Dedupe(ctx, cells, func(v any) (string, error) { return table.Key(v), nil }, table.KeepFirst)
	}
	out, err := gather(ctx, env, cells)
	return getColumnOut{Values: out.Rows, Count: out.Count}, err
}
