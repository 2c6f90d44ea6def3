package list

import (
	"context"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/value"
)

func init() {
	node.Register(node.Spec[filterIn, filterOut]{
		Type: "list.filter", Title: "Filter list", Effect: node.Pure,
		Doc: "Keeps the items for which a condition is true. The list may be larger than memory.",
		Examples: []node.Example[filterIn, filterOut]{
			{Title: "Open invoices", In: filterIn{List: rows(map[string]any{"due": 0}, map[string]any{"due": 5}), Where: node.Expr("{{ item.due > 0 }}")}, Out: filterOut{List: rows(map[string]any{"due": 5}), Count: 1}},
			{Title: "Every second item", In: filterIn{List: rows("a", "b", "c"), Where: node.Expr("{{ index % 2 == 0 }}")}, Out: filterOut{List: rows("a", "c"), Count: 2}},
		},
		Run: filter,
	})
	node.Register(node.Spec[partitionIn, partitionOut]{
		Type: "list.partition", Title: "Split by condition", Effect: node.Pure,
		Doc:      "Splits a list into the items for which a condition is true and the others.",
		Examples: []node.Example[partitionIn, partitionOut]{{Title: "Large and small", In: partitionIn{List: []any{1, 9, 3}, Where: node.Expr("{{ item > 2 }}")}, Out: partitionOut{Matching: []any{9, 3}, Others: []any{1}}}},
		Run:      partition,
	})
	node.Register(node.Spec[mapIn, rowsOut]{
		Type: "list.map", Title: "Change every item", Effect: node.Pure,
		Doc: "Builds a list with the result of an expression for every item. The list may be larger than memory.",
		Examples: []node.Example[mapIn, rowsOut]{
			{Title: "Pick a field", In: mapIn{List: rows(map[string]any{"n": 1}, map[string]any{"n": 2}), To: node.Expr("{{ item.n * 10 }}")}, Out: rowsOut{List: rows(10, 20)}},
			{Title: "Leave out nothings", In: mapIn{List: rows(1, -1), To: node.Expr("{{ item > 0 ? item : nil }}"), SkipNil: true}, Out: rowsOut{List: rows(1)}},
		},
		Run: mapItems,
	})
	node.Register(node.Spec[reduceIn, reduceOut]{
		Type: "list.reduce", Title: "Reduce list to one value", Effect: node.Pure,
		Doc:      "Computes one value by applying an expression to every item and the result so far.",
		Examples: []node.Example[reduceIn, reduceOut]{{Title: "A product", In: reduceIn{List: rows(2, 3, 4), Initial: 1, To: node.Expr("{{ acc * item }}")}, Out: reduceOut{Result: 24}}},
		Run:      reduce,
	})
}

type filterIn struct {
	List  value.Rows `json:"list" is:"required" doc:"List to filter."`
	Where node.Lazy  `json:"where" is:"required" locals:"item,index" doc:"Condition, for instance {{ item.total > 100 }}."`
	Limit int        `json:"limit" default:"0" min:"0" doc:"Stop after so many matches; 0 means no limit."`
}

type filterOut struct {
	List  value.Rows `json:"list" doc:"The items kept."`
	Count int        `json:"count" doc:"How many items were kept."`
}

func filter(ctx context.Context, env *node.Env, in filterIn) (filterOut, error) {
	n := 0
	out, err := env.Rows(ctx, func(yield func(any) bool) error {
		i := 0
		for v, err := range in.List.All(ctx) {
			if err != nil {
				return err
			}
			ok, err := in.Where.True(ctx, locals(v, i))
			if err != nil {
				return atItem(i, err)
			}
			if ok {
				if n++; !yield(v) || n == in.Limit {
					return nil
				}
			}
			i++
		}
		return nil
	})
	return filterOut{List: out, Count: n}, err
}

type partitionIn struct {
	List  []any     `json:"list" is:"required" doc:"List to split."`
	Where node.Lazy `json:"where" is:"required" locals:"item,index" doc:"Condition, for instance {{ item.paid }}."`
}

type partitionOut struct {
	Matching []any `json:"matching" doc:"Items for which the condition is true."`
	Others   []any `json:"others" doc:"All other items."`
}

func partition(ctx context.Context, _ *node.Env, in partitionIn) (partitionOut, error) {
	out := partitionOut{Matching: []any{}, Others: []any{}}
	for i, v := range in.List {
		if err := alive(ctx, i); err != nil {
			return out, err
		}
		ok, err := in.Where.True(ctx, locals(v, i))
		if err != nil {
			return out, atItem(i, err)
		}
		if ok {
			out.Matching = append(out.Matching, v)
		} else {
			out.Others = append(out.Others, v)
		}
	}
	return out, nil
}

type mapIn struct {
	List    value.Rows `json:"list" is:"required" doc:"List to work on."`
	To      node.Lazy  `json:"to" is:"required" locals:"item,index" doc:"Expression for the new item, for instance {{ item.price * 1.19 }}."`
	SkipNil bool       `json:"skip_nil" doc:"Leave out results that are nil."`
}

func mapItems(ctx context.Context, env *node.Env, in mapIn) (rowsOut, error) {
	out, err := env.Rows(ctx, func(yield func(any) bool) error {
		i := 0
		for v, err := range in.List.All(ctx) {
			if err != nil {
				return err
			}
			r, err := in.To.Eval(ctx, locals(v, i))
			if err != nil {
				return atItem(i, err)
			}
			if (r != nil || !in.SkipNil) && !yield(r) {
				return nil
			}
			i++
		}
		return nil
	})
	return rowsOut{List: out}, err
}

type reduceIn struct {
	List    value.Rows `json:"list" is:"required" doc:"List to work on."`
	Initial any        `json:"initial" doc:"Result to begin with."`
	To      node.Lazy  `json:"to" is:"required" locals:"acc,item,index" doc:"Expression for the next result, for instance {{ acc + item.total }}; acc is the result so far."`
}

type reduceOut struct {
	Result any `json:"result" doc:"The last result."`
}

func reduce(ctx context.Context, _ *node.Env, in reduceIn) (reduceOut, error) {
	acc, i := in.Initial, 0
	for v, err := range in.List.All(ctx) {
		if err != nil {
			return reduceOut{}, err
		}
		vars := locals(v, i)
		vars["acc"] = acc
		if acc, err = in.To.Eval(ctx, vars); err != nil {
			return reduceOut{}, atItem(i, err)
		}
		i++
	}
	return reduceOut{Result: acc}, nil
}
