package table

import (
	"context"
	"errors"
	"slices"

	"github.com/aether-rpa/aether/node"
)

func init() {
	node.Register(node.Spec[filterIn, filterOut]{
		Type:   "table.filter",
		Title:  "Filter rows",
		Doc:    "Keeps the rows for which a condition holds. The condition sees `row`, a map of the row's cells, and `index`, counted from 0. Rows that lack a column have nil there, which compares with == and != but not with < and >.",
		Effect: node.Pure,
		Examples: []node.Example[filterIn, filterOut]{{
			Title: "Large orders",
			In:    filterIn{source: of(row{"id": 1, "total": 90}, row{"id": 2, "total": 250}), Where: node.Expr("{{ row.total > 100 }}")},
			Out:   filterOut{result: give(row{"id": 2, "total": 250}), Removed: 1},
		}, {
			Title: "Delete every second row",
			In:    filterIn{source: of(row{"id": 1}, row{"id": 2}, row{"id": 3}), Where: node.Expr("{{ index % 2 == 1 }}"), Negate: true},
			Out:   filterOut{result: give(row{"id": 1}, row{"id": 3}), Removed: 1},
		}},
		Run: filter,
	})
	node.Register(node.Spec[findIn, findOut]{
		Type:   "table.find_row",
		Title:  "Find row",
		Doc:    "Returns the first row for which a condition holds, and its index. When there is none `found` is false, `row` is nil and `index` is -1.",
		Effect: node.Pure,
		Examples: []node.Example[findIn, findOut]{{
			Title: "By name",
			In:    findIn{source: of(row{"name": "Ada"}, row{"name": "Alan"}), Where: node.Expr("{{ row.name == \"Alan\" }}")},
			Out:   findOut{Found: true, Row: row{"name": "Alan"}, Index: 1},
		}, {
			Title: "None",
			In:    findIn{source: of(row{"name": "Ada"}), Where: node.Expr("{{ false }}")},
			Out:   findOut{Index: -1},
		}},
		Run: findRow,
	})
	node.Register(node.Spec[countIn, countOut]{
		Type:   "table.count",
		Title:  "Count rows",
		Doc:    "Counts the rows of a table, or those for which a condition holds.",
		Effect: node.Pure,
		Examples: []node.Example[countIn, countOut]{{
			Title: "Open invoices",
			In:    countIn{source: of(row{"open": true}, row{"open": false}), Where: node.Expr("{{ row.open }}")},
			Out:   countOut{Count: 1},
		}, {
			Title: "An empty table",
			Out:   countOut{Empty: true},
		}},
		Run: count,
	})
	node.Register(node.Spec[lookupIn, lookupOut]{
		Type:   "table.lookup",
		Title:  "Look up a value",
		Doc:    "Finds the first row whose column has a value and returns another column of it, as VLOOKUP does. Numbers and texts differ: 1 does not find \"1\". To look up many values use table.join or table.to_map.",
		Effect: node.Pure,
		Examples: []node.Example[lookupIn, lookupOut]{{
			Title: "Price of an article",
			In:    lookupIn{source: of(row{"sku": "A1", "price": 9.5}, row{"sku": "B2", "price": 3}), Column: "sku", Equals: "B2", Return: "price"},
			Out:   lookupOut{Found: true, Value: 3, Row: row{"sku": "B2", "price": 3}},
		}, {
			Title: "Not there",
			In:    lookupIn{source: of(row{"sku": "A1", "price": 9.5}), Column: "sku", Equals: "X", Return: "price", Default: 0},
			Out:   lookupOut{Value: 0},
		}},
		Run: lookup,
	})
}

type filterIn struct {
	source
	Where  node.Lazy `json:"where" is:"required" locals:"row,index" doc:"Condition that a row must meet, for instance {{ row.total > 100 }}."`
	Negate bool      `json:"negate" doc:"Keep the rows for which the condition does not hold: delete those that meet it."`
}

type filterOut struct {
	result
	Removed int `json:"removed" doc:"Number of rows left out."`
}

func filter(ctx context.Context, env *node.Env, in filterIn) (filterOut, error) {
	removed := 0
	out, err := transform(ctx, env, in.Rows, func(i int, r row) (row, error) {
		ok, err := in.Where.True(ctx, locals(i, r))
		if err != nil {
			return nil, at(i, err)
		}
		if ok == in.Negate {
			removed++
			return nil, nil
		}
		return r, nil
	})
	return filterOut{result: out, Removed: removed}, err
}

type findIn struct {
	source
	Where node.Lazy `json:"where" is:"required" locals:"row,index" doc:"Condition that the row must meet."`
}

type findOut struct {
	Found bool           `json:"found" doc:"Whether a row meets the condition."`
	Row   map[string]any `json:"row" doc:"The row, or nil."`
	Index int            `json:"index" doc:"Its index, counted from 0, or -1."`
}

func findRow(ctx context.Context, _ *node.Env, in findIn) (findOut, error) {
	out := findOut{Index: -1}
	err := each(ctx, in.Rows, func(i int, r row) error {
		ok, err := in.Where.True(ctx, locals(i, r))
		if err != nil {
			return at(i, err)
		}
		if ok {
			out = findOut{Found: true, Row: r, Index: i}
			return errStop
		}
		return nil
	})
	return out, unlessStopped(err)
}

func unlessStopped(err error) error {
	if errors.Is(err, errStop) {
		return nil
	}
	return err
}

type countIn struct {
	source
	Where node.Lazy `json:"where" locals:"row,index" doc:"Condition that a row must meet to be counted; all rows when absent."`
}

type countOut struct {
	Count int  `json:"count" doc:"Number of rows."`
	Empty bool `json:"empty" doc:"Whether there are none."`
}

func count(ctx context.Context, _ *node.Env, in countIn) (countOut, error) {
	n := in.Rows.Len()
	if n < 0 || in.Where.Given() {
		n = 0
		err := each(ctx, in.Rows, func(i int, r row) error {
			ok := true
			if in.Where.Given() {
				var err error
				if ok, err = in.Where.True(ctx, locals(i, r)); err != nil {
					return at(i, err)
				}
			}
			if ok {
				n++
			}
			return nil
		})
		if err != nil {
			return countOut{}, err
		}
	}
	return countOut{Count: n, Empty: n == 0}, nil
}

type lookupIn struct {
	source
	Column  string `json:"column" is:"required" doc:"Column to search."`
	Equals  any    `json:"equals" doc:"Value to find in it."`
	Return  string `json:"return" doc:"Column whose cell is returned as value; without it only the row is returned."`
	Default any    `json:"default" doc:"Value to return when nothing is found."`
}

type lookupOut struct {
	Found bool           `json:"found" doc:"Whether a row was found."`
	Value any            `json:"value" doc:"Cell of the column asked for, or the default."`
	Row   map[string]any `json:"row" doc:"The whole row, or nil."`
}

func lookup(ctx context.Context, _ *node.Env, in lookupIn) (lookupOut, error) {
	columns := []string{in.Column}
	if in.Return != "" {
		columns = append(columns, in.Return)
	}
	if err := needColumns(ctx, in.Rows, columns...); err != nil {
		return lookupOut{}, err
	}
	key := keyOf([]string{in.Column})
	want := key(row{in.Column: in.Equals})
	out := lookupOut{Value: in.Default}
	err := each(ctx, in.Rows, func(_ int, r row) error {
		if key(r) != want {
			return nil
		}
		out = lookupOut{Found: true, Row: r}
		if in.Return != "" {
			out.Value = r[in.Return]
		}
		return errStop
	})
	return out, unlessStopped(err)
}

// has reports whether a list of columns has a name; an empty list has all.
func has(columns []string, name string) bool {
	return len(columns) == 0 || slices.Contains(columns, name)
}
