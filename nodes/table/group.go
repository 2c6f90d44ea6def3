package table

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/table"
	"github.com/aether-rpa/aether/value"
)

func init() {
	node.Register(node.Spec[groupIn, result]{
		Type:   "table.group",
		Title:  "Group and aggregate",
		Doc:    "Brings the rows with equal values in some columns together and computes sums, averages and more of each group. Groups come in the order in which they first occur. Cells that are nil are left out of every aggregate but list and count of rows. Sums are exact decimal sums, so that amounts of money do not drift. Without `by` the whole table is one group, also when it is empty. The lists of one group must fit in memory; all else may be larger.",
		Effect: node.Pure,
		Examples: []node.Example[groupIn, result]{{
			Title: "Turnover by customer",
			In: groupIn{source: of(row{"customer": "A", "total": 0.1}, row{"customer": "B", "total": 5}, row{"customer": "A", "total": 0.2}), By: []string{"customer"},
				Aggregates: []aggregate{{Function: "sum", Column: "total", As: "turnover"}, {Function: "count", As: "orders"}}},
			Out: give(row{"customer": "A", "turnover": 0.3, "orders": 2}, row{"customer": "B", "turnover": 5, "orders": 1}),
		}, {
			Title: "One line for everything",
			In:    groupIn{source: of(row{"tag": "x"}, row{"tag": nil}, row{"tag": "y"}), Aggregates: []aggregate{{Function: "join", Column: "tag", As: "tags", Separator: ", "}}},
			Out:   give(row{"tags": "x, y"}),
		}},
		Check: func(in groupIn) error {
			return columnsOf(in.By, in.Aggregates)
		},
		Run: group,
	})
}

type groupIn struct {
	source
	By         []string    `json:"by" doc:"Columns whose equal values make a group; empty takes the whole table as one group."`
	Aggregates []aggregate `json:"aggregates" doc:"What to compute of each group; empty gives the distinct values of the columns."`
}

type aggregate struct {
	Function  string `json:"function" is:"required" enum:"sum,avg,min,max,count,count_distinct,first,last,list,unique_list,join,median" doc:"What to compute. Count without a column counts rows, with one the cells that are not nil."`
	Column    string `json:"column" doc:"Column to compute it of."`
	As        string `json:"as" doc:"Name of the resulting column; function_column when empty."`
	Separator string `json:"separator" default:", " doc:"Text between the parts of join." when:"function=join"`
}

func (a aggregate) name() string {
	switch {
	case a.As != "":
		return a.As
	case a.Column == "":
		return a.Function
	}
	return a.Function + "_" + a.Column
}

// columnsOf checks that the columns of the result have names, and different ones.
func columnsOf(by []string, aggs []aggregate) error {
	out := slices.Clone(by)
	for _, a := range aggs {
		if a.Column == "" && a.Function != "count" {
			return node.Fail(node.KindInput, "the aggregate "+a.Function+" has no column", "name the column to compute it of")
		}
		out = append(out, a.name())
	}
	return unique(out)
}

func group(ctx context.Context, env *node.Env, in groupIn) (result, error) {
	if err := columnsOf(in.By, in.Aggregates); err != nil {
		return result{}, err
	}
	need := slices.Clone(in.By)
	for _, a := range in.Aggregates {
		if a.Column != "" {
			need = append(need, a.Column)
		}
	}
	if err := needColumns(ctx, in.Rows, need...); err != nil {
		return result{}, err
	}
	key := keyOf(in.By)
	i := -1
	grouped := space(ctx, env).Group(ctx, stream(ctx, in.Rows), func(v any) (string, any, error) {
		i++
		r, err := asRow(v, i)
		if err != nil {
			return "", nil, err
		}
		cells := make([]any, len(need))
		for j, c := range need {
			cells[j] = r[c]
		}
		return key(r), cells, nil
	}, func() table.Group { return newGroup(in) })
	out, err := gather(ctx, env, grouped)
	if err == nil && out.Count == 0 && len(in.By) == 0 && len(in.Aggregates) > 0 {
		return gather(ctx, env, func(yield func(any, error) bool) {
			if err := newGroup(in).Result(func(_ int, r any) error { yield(r, nil); return nil }); err != nil {
				yield(nil, err)
			}
		})
	}
	return out, err
}

// oneGroup takes the cells of one group's rows: keys, then one cell for each
// aggregate that has a column.
type oneGroup struct {
	in    groupIn
	first int
	keys  []any
	parts []*accumulator
	empty bool
}

func newGroup(in groupIn) *oneGroup {
	g := &oneGroup{in: in, empty: true}
	for _, a := range in.Aggregates {
		g.parts = append(g.parts, &accumulator{aggregate: a})
	}
	return g
}

func (g *oneGroup) Add(place int, v any) error {
	cells := v.([]any)
	if g.empty {
		g.first, g.keys, g.empty = place, cells[:len(g.in.By)], false
	}
	cells = cells[len(g.in.By):]
	for _, p := range g.parts {
		if p.Column == "" {
			p.n++
			continue
		}
		if err := p.add(cells[0]); err != nil {
			return at(place, err)
		}
		cells = cells[1:]
	}
	return nil
}

func (g *oneGroup) Result(emit func(int, any) error) error {
	r := make(row, len(g.in.By)+len(g.parts))
	for i, c := range g.in.By {
		r[c] = g.keys[i]
	}
	for _, p := range g.parts {
		v, err := p.result()
		if err != nil {
			return node.Failf(node.KindInput, "%s: %v", p.name(), err)
		}
		r[p.name()] = v
	}
	return emit(g.first, r)
}

// accumulator computes one aggregate.
type accumulator struct {
	aggregate
	n    int
	sum  table.Sum
	v    any
	list []any
	seen map[string]bool
}

func (a *accumulator) add(v any) error {
	if a.Function == "list" {
		a.list = append(a.list, v)
		return nil
	}
	if v == nil {
		return nil
	}
	a.n++
	switch a.Function {
	case "sum", "avg", "median":
		if a.Function == "median" {
			a.list = append(a.list, v)
		}
		if err := a.sum.Add(v); err != nil {
			return node.Fail(node.KindInput, fmt.Sprintf("the column %s holds %s, which is no number", a.Column, shown(v)), "convert the column with table.cast first")
		}
	case "min", "max":
		c := table.Compare(v, a.v)
		if a.n == 1 || a.Function == "min" && c < 0 || a.Function == "max" && c > 0 {
			a.v = v
		}
	case "first":
		if a.n == 1 {
			a.v = v
		}
	case "last":
		a.v = v
	case "join":
		a.list = append(a.list, v)
	case "count_distinct", "unique_list":
		if a.seen == nil {
			a.seen = map[string]bool{}
		}
		k := table.Key(v)
		if a.Function == "unique_list" && !a.seen[k] {
			a.list = append(a.list, v)
		}
		a.seen[k] = true
	}
	return nil
}

func shown(v any) string {
	if s, ok := v.(string); ok {
		return "the text " + table.Quote(s)
	}
	return "a " + value.Kind(v)
}

func (a *accumulator) result() (any, error) {
	switch a.Function {
	case "count":
		return a.n, nil
	case "count_distinct":
		return len(a.seen), nil
	case "sum":
		return a.sum.Value()
	case "avg":
		if a.n == 0 {
			return nil, nil
		}
		return a.sum.Mean(a.n)
	case "median":
		return median(a.list)
	case "list", "unique_list":
		if a.list == nil {
			return []any{}, nil
		}
		return a.list, nil
	case "join":
		parts := make([]string, len(a.list))
		for i, v := range a.list {
			parts[i] = cellText(v)
		}
		return strings.Join(parts, a.Separator), nil
	}
	return a.v, nil
}

func median(list []any) (any, error) {
	if len(list) == 0 {
		return nil, nil
	}
	list = slices.Clone(list)
	slices.SortFunc(list, table.Compare)
	mid := len(list) / 2
	if len(list)%2 == 1 {
		return list[mid], nil
	}
	var s table.Sum
	for _, v := range list[mid-1 : mid+1] {
		if err := s.Add(v); err != nil {
			return nil, err
		}
	}
	return s.Mean(2)
}
