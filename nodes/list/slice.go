package list

import (
	"context"
	"slices"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/value"
)

func init() {
	node.Register(node.Spec[sliceIn, listOut]{
		Type: "list.slice", Title: "Part of a list", Effect: node.Pure,
		Doc: "Returns the items from one position up to, but not including, another. Positions outside of the list are moved to its ends, so this never fails.",
		Examples: []node.Example[sliceIn, listOut]{
			{Title: "Two in the middle", In: sliceIn{List: []any{1, 2, 3, 4}, From: 1, To: end(3)}, Out: listOut{List: []any{2, 3}}},
			{Title: "The last two, backwards", In: sliceIn{List: []any{1, 2, 3, 4}, From: -2, Reverse: true}, Out: listOut{List: []any{4, 3}}},
		},
		Run: slice,
	})
	node.Register(node.Spec[takeIn, rowsOut]{
		Type: "list.take", Title: "Take from the start or end", Effect: node.Pure,
		Doc: "Returns the first items of a list, or the last ones. A shorter list is returned whole.",
		Examples: []node.Example[takeIn, rowsOut]{
			{Title: "The first two", In: takeIn{List: rows(1, 2, 3), Count: 2}, Out: rowsOut{List: rows(1, 2)}},
			{Title: "The last one", In: takeIn{List: rows(1, 2, 3), Count: 1, From: "end"}, Out: rowsOut{List: rows(3)}},
		},
		Run: func(ctx context.Context, env *node.Env, in takeIn) (rowsOut, error) { return in.part(ctx, env, true) },
	})
	node.Register(node.Spec[takeIn, rowsOut]{
		Type: "list.drop", Title: "Drop from the start or end", Effect: node.Pure,
		Doc:      "Returns a list without its first items, or without its last ones.",
		Examples: []node.Example[takeIn, rowsOut]{{Title: "A heading", In: takeIn{List: rows("name", "Ann", "Bob"), Count: 1}, Out: rowsOut{List: rows("Ann", "Bob")}}},
		Run:      func(ctx context.Context, env *node.Env, in takeIn) (rowsOut, error) { return in.part(ctx, env, false) },
	})
	node.Register(node.Spec[listIn, listOut]{
		Type: "list.reverse", Title: "Reverse list", Effect: node.Pure,
		Doc:      "Returns the items in opposite order.",
		Examples: []node.Example[listIn, listOut]{{Title: "Three items", In: listIn{List: []any{1, 2, 3}}, Out: listOut{List: []any{3, 2, 1}}}},
		Run: func(_ context.Context, _ *node.Env, in listIn) (listOut, error) {
			out := slices.Clone(in.List)
			slices.Reverse(out)
			return listOut{List: out}, nil
		},
	})
}

type listIn struct {
	List []any `json:"list" is:"required" doc:"List to work on."`
}

type sliceIn struct {
	List    []any `json:"list" is:"required" doc:"List to take from."`
	From    int   `json:"from" default:"0" doc:"Position of the first item wanted; negative counts from the end."`
	To      *int  `json:"to" doc:"Position after the last item wanted; negative counts from the end; without it the end of the list."`
	Reverse bool  `json:"reverse" doc:"Return the part in opposite order."`
}

func end(n int) *int { return &n }

func slice(_ context.Context, _ *node.Env, in sliceIn) (listOut, error) {
	n := len(in.List)
	edge := func(i int) int {
		if i < 0 {
			i += n
		}
		return min(max(i, 0), n)
	}
	from, to := edge(in.From), n
	if in.To != nil {
		to = edge(*in.To)
	}
	if from > to {
		return listOut{List: []any{}}, nil
	}
	out := slices.Clone(in.List[from:to])
	if in.Reverse {
		slices.Reverse(out)
	}
	return listOut{List: out}, nil
}

type takeIn struct {
	List  value.Rows `json:"list" is:"required" doc:"List to take from."`
	Count int        `json:"count" is:"required" min:"0" doc:"How many items."`
	From  string     `json:"from" default:"start" enum:"start,end" doc:"Where to count from."`
}

// part keeps the items on one side of a border.
func (in takeIn) part(ctx context.Context, env *node.Env, take bool) (rowsOut, error) {
	border := max(in.Count, 0)
	if in.From == "end" {
		n, err := length(ctx, in.List)
		if err != nil {
			return rowsOut{}, err
		}
		border, take = max(n-border, 0), !take
	}
	out, err := env.Rows(ctx, func(yield func(any) bool) error {
		i := 0
		for v, err := range in.List.All(ctx) {
			if err != nil {
				return err
			}
			if take && i >= border {
				return nil
			}
			if (i < border) == take && !yield(v) {
				return nil
			}
			i++
		}
		return nil
	})
	return rowsOut{List: out}, err
}

// length counts the items of a list that may not know it.
func length(ctx context.Context, l value.Rows) (int, error) {
	if n := l.Len(); n >= 0 {
		return n, nil
	}
	n := 0
	for _, err := range l.All(ctx) {
		if err != nil {
			return 0, err
		}
		n++
	}
	return n, nil
}
