package table

import (
	"context"
	"fmt"
	"slices"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/table"
)

func init() {
	node.Register(node.Spec[pivotIn, pivotOut]{
		Type:   "table.pivot",
		Title:  "Pivot",
		Doc:    "Turns the values of one column into columns, as a pivot table does. Each combination of the index columns gives a row; the cells are aggregated from the rows that meet there. Rows and columns come in the order in which they first occur. A nil in the column becomes the column `(empty)`.",
		Effect: node.Pure,
		Examples: []node.Example[pivotIn, pivotOut]{{
			Title: "Turnover by region and month",
			In: pivotIn{source: of(row{"region": "N", "month": "Jan", "sum": 5}, row{"region": "N", "month": "Feb", "sum": 7}, row{"region": "S", "month": "Jan", "sum": 1}, row{"region": "N", "month": "Jan", "sum": 2}),
				Index: []string{"region"}, Columns: "month", Values: "sum", Function: "sum", Fill: 0},
			Out: pivotOut{result: give(row{"region": "N", "Jan": 7, "Feb": 7}, row{"region": "S", "Jan": 1, "Feb": 0}), Columns: []string{"region", "Jan", "Feb"}},
		}},
		Run: pivot,
	})
	node.Register(node.Spec[unpivotIn, result]{
		Type:   "table.unpivot",
		Title:  "Unpivot",
		Doc:    "Turns columns into rows: each of them gives a row with its name, its cell and the columns kept.",
		Effect: node.Pure,
		Examples: []node.Example[unpivotIn, result]{{
			Title: "Months into rows",
			In:    unpivotIn{source: of(row{"region": "N", "Jan": 5, "Feb": nil}), Keep: []string{"region"}, SkipNulls: true},
			Out:   give(row{"region": "N", "column": "Jan", "value": 5}),
		}},
		Run: unpivot,
	})
	node.Register(node.Spec[transposeIn, pivotOut]{
		Type:   "table.transpose",
		Title:  "Transpose",
		Doc:    "Swaps rows and columns. The table must fit in memory and have at most 10000 rows, which become columns.",
		Effect: node.Pure,
		Examples: []node.Example[transposeIn, pivotOut]{{
			Title: "Names become columns",
			In:    transposeIn{source: of(row{"name": "Ada", "age": 36, "city": "London"}, row{"name": "Alan", "age": 41}), Header: "name"},
			Out:   pivotOut{result: give(row{"column": "age", "Ada": 36, "Alan": 41}, row{"column": "city", "Ada": "London", "Alan": nil}), Columns: []string{"column", "Ada", "Alan"}},
		}},
		Run: transpose,
	})
}

type pivotIn struct {
	source
	Index      []string `json:"index" doc:"Columns that make a row of the result; empty gives one row."`
	Columns    string   `json:"columns" is:"required" doc:"Column whose values become columns."`
	Values     string   `json:"values" doc:"Column that gives the cells; not needed to count."`
	Function   string   `json:"function" default:"first" enum:"first,last,sum,avg,min,max,count,count_distinct,list,join,median" doc:"How several cells become one."`
	Fill       any      `json:"fill" doc:"Cell where nothing meets."`
	MaxColumns int      `json:"max_columns" default:"1000" min:"1" doc:"Fail when the column has more distinct values than this." is:"advanced"`
}

type pivotOut struct {
	result
	Columns []string `json:"columns" doc:"Columns of the result in order."`
}

func pivot(ctx context.Context, env *node.Env, in pivotIn) (pivotOut, error) {
	need := append(slices.Clone(in.Index), in.Columns)
	if in.Values != "" {
		need = append(need, in.Values)
	} else if in.Function != "count" {
		return pivotOut{}, node.Fail(node.KindInput, "there is no column of values", "set values, or count rows with function count")
	}
	if err := needColumns(ctx, in.Rows, need...); err != nil {
		return pivotOut{}, err
	}
	names, err := in.names(ctx)
	if err != nil {
		return pivotOut{}, err
	}
	key := keyOf(in.Index)
	grouped := space(ctx, env).Group(ctx, stream(ctx, in.Rows), func(v any) (string, any, error) {
		r, err := asRow(v, 0)
		if err != nil {
			return "", nil, err
		}
		cells := []any{pivotName(r[in.Columns]), r[in.Values]}
		for _, c := range in.Index {
			cells = append(cells, r[c])
		}
		return key(r), cells, nil
	}, func() table.Group { return &pivotRow{in: in, names: names, cells: map[string]*accumulator{}} })
	out, err := gather(ctx, env, grouped)
	return pivotOut{result: out, Columns: append(slices.Clone(in.Index), names...)}, err
}

func pivotName(v any) string {
	if s := cellText(v); s != "" {
		return s
	}
	return "(empty)"
}

// names returns the new columns in the order they first occur.
func (in pivotIn) names(ctx context.Context) ([]string, error) {
	var names []string
	seen := map[string]bool{}
	for _, c := range in.Index {
		seen[c] = true
	}
	first := map[string]bool{}
	err := each(ctx, in.Rows, func(i int, r row) error {
		n := pivotName(r[in.Columns])
		switch {
		case first[n]:
			return nil
		case seen[n]:
			return node.Fail(node.KindInput, fmt.Sprintf("the row at index %d makes a column %q, as which the index has one already", i, n), "rename the index column first")
		case len(names) == in.MaxColumns:
			return node.Fail(node.KindInput, fmt.Sprintf("the column %s has more than %d distinct values", in.Columns, in.MaxColumns), "pivot a column with fewer values, or raise max_columns")
		}
		first[n] = true
		names = append(names, n)
		return nil
	})
	return names, err
}

type pivotRow struct {
	in    pivotIn
	names []string
	first int
	keys  []any
	cells map[string]*accumulator
}

func (p *pivotRow) Add(place int, v any) error {
	t := v.([]any)
	if p.keys == nil {
		p.first, p.keys = place, t[2:]
	}
	name := t[0].(string)
	a := p.cells[name]
	if a == nil {
		a = &accumulator{aggregate: aggregate{Function: p.in.Function, Column: p.in.Values, Separator: ", "}}
		p.cells[name] = a
	}
	if p.in.Values == "" {
		a.n++
		return nil
	}
	if err := a.add(t[1]); err != nil {
		return at(place, err)
	}
	return nil
}

func (p *pivotRow) Result(emit func(int, any) error) error {
	r := make(row, len(p.names)+len(p.keys))
	for i, c := range p.in.Index {
		r[c] = p.keys[i]
	}
	for _, n := range p.names {
		r[n] = p.in.Fill
		if a := p.cells[n]; a != nil {
			v, err := a.result()
			if err != nil {
				return node.Failf(node.KindInput, "%s: %v", n, err)
			}
			r[n] = v
		}
	}
	return emit(p.first, r)
}

type unpivotIn struct {
	source
	Keep      []string `json:"keep" doc:"Columns that every new row keeps."`
	Columns   []string `json:"columns" doc:"Columns to turn into rows; all others, sorted by name, when empty."`
	NameTo    string   `json:"name_to" default:"column" doc:"Column that takes the name."`
	ValueTo   string   `json:"value_to" default:"value" doc:"Column that takes the cell."`
	SkipNulls bool     `json:"skip_nulls" doc:"Make no rows for nil."`
}

func unpivot(ctx context.Context, env *node.Env, in unpivotIn) (result, error) {
	if err := unique(append(slices.Clone(in.Keep), in.NameTo, in.ValueTo)); err != nil {
		return result{}, err
	}
	if err := needColumns(ctx, in.Rows, append(slices.Clone(in.Keep), in.Columns...)...); err != nil {
		return result{}, err
	}
	names := in.Columns
	if len(names) == 0 {
		all, err := allColumns(ctx, in.Rows)
		if err != nil {
			return result{}, err
		}
		names = slices.DeleteFunc(all, func(c string) bool { return slices.Contains(in.Keep, c) })
	}
	return collect(ctx, env, func(put func(any) error) error {
		return each(ctx, in.Rows, func(_ int, r row) error {
			for _, n := range names {
				v := r[n]
				if v == nil && in.SkipNulls {
					continue
				}
				out := row{in.NameTo: n, in.ValueTo: v}
				for _, c := range in.Keep {
					out[c] = r[c]
				}
				if err := put(out); err != nil {
					return err
				}
			}
			return nil
		})
	})
}

type transposeIn struct {
	source
	Header string `json:"header" doc:"Column whose cells name the new columns; row_1, row_2 and so on when empty."`
	NameTo string `json:"name_to" default:"column" doc:"Column that takes the names of the old columns."`
}

// maxTransposed bounds the columns that transpose makes.
const maxTransposed = 10_000

func transpose(ctx context.Context, env *node.Env, in transposeIn) (pivotOut, error) {
	if in.Header != "" {
		if err := needColumns(ctx, in.Rows, in.Header); err != nil {
			return pivotOut{}, err
		}
	}
	var rows []row
	var seen table.Columns
	names := []string{in.NameTo}
	err := each(ctx, in.Rows, func(i int, r row) error {
		if i == maxTransposed {
			return node.Fail(node.KindInput, fmt.Sprintf("the table has more than %d rows", maxTransposed), "rows become columns: filter or batch the table first")
		}
		n := fmt.Sprintf("row_%d", i+1)
		if in.Header != "" {
			if n = cellText(r[in.Header]); n == "" {
				return node.Failf(node.KindInput, "the row at index %d has nothing in %s to name a column", i, in.Header)
			}
		}
		names = append(names, n)
		rows = append(rows, r)
		seen.Add(r)
		return nil
	})
	if err == nil {
		err = unique(names)
	}
	if err != nil {
		return pivotOut{}, err
	}
	out, err := collect(ctx, env, func(put func(any) error) error {
		for _, c := range seen.Names() {
			if c == in.Header {
				continue
			}
			t := row{in.NameTo: c}
			for i, r := range rows {
				t[names[i+1]] = r[c]
			}
			if err := put(t); err != nil {
				return err
			}
		}
		return nil
	})
	return pivotOut{result: out, Columns: names}, err
}
