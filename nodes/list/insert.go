package list

import (
	"context"
	"slices"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/value"
)

func init() {
	node.Register(node.Spec[appendIn, listOut]{
		Type: "list.prepend", Title: "Add at the start", Effect: node.Pure,
		Doc:      "Returns a new list with an item added at the start.",
		Examples: []node.Example[appendIn, listOut]{{Title: "A heading", In: appendIn{List: []any{2, 3}, Item: 1}, Out: listOut{List: []any{1, 2, 3}}}},
		Run: func(_ context.Context, _ *node.Env, in appendIn) (listOut, error) {
			return listOut{List: slices.Concat([]any{in.Item}, in.List)}, nil
		},
	})
	node.Register(node.Spec[insertIn, listOut]{
		Type: "list.insert", Title: "Insert into list", Effect: node.Pure,
		Doc: "Returns a new list with an item, or several, inserted before a position. The position just past the end appends.",
		Examples: []node.Example[insertIn, listOut]{
			{Title: "In the middle", In: insertIn{List: []any{"a", "c"}, Index: 1, Item: "b"}, Out: listOut{List: []any{"a", "b", "c"}}},
			{Title: "Several, before the last", In: insertIn{List: []any{1, 4}, Index: -1, Items: []any{2, 3}}, Out: listOut{List: []any{1, 2, 3, 4}}},
		},
		Run: insert,
	})
	node.Register(node.Spec[concatIn, rowsOut]{
		Type: "list.concat", Title: "Join lists together", Effect: node.Pure,
		Doc:      "Puts several lists one after the other into one.",
		Examples: []node.Example[concatIn, rowsOut]{{Title: "Three lists", In: concatIn{Lists: []value.Rows{rows(1), rows(), rows(2, 3)}}, Out: rowsOut{List: rows(1, 2, 3)}}},
		Run:      concat,
	})
}

type insertIn struct {
	List  []any `json:"list" is:"required" doc:"List to start from."`
	Index int   `json:"index" default:"0" doc:"Position before which to insert: 0 is the start, negative counts from the end."`
	Item  any   `json:"item" doc:"Item to insert, when items is empty."`
	Items []any `json:"items" doc:"Items to insert, in this order."`
}

func insert(_ context.Context, _ *node.Env, in insertIn) (listOut, error) {
	i := in.Index
	if i != len(in.List) {
		var err error
		if i, err = position(in.Index, len(in.List)); err != nil {
			return listOut{}, err
		}
	}
	items := in.Items
	if len(items) == 0 {
		items = []any{in.Item}
	}
	return listOut{List: slices.Concat(in.List[:i], items, in.List[i:])}, nil
}

type concatIn struct {
	Lists []value.Rows `json:"lists" is:"required" doc:"Lists in the order wanted."`
}

func concat(ctx context.Context, env *node.Env, in concatIn) (rowsOut, error) {
	out, err := env.Rows(ctx, func(yield func(any) bool) error {
		for _, l := range in.Lists {
			for v, err := range l.All(ctx) {
				if err != nil {
					return err
				}
				if !yield(v) {
					return nil
				}
			}
		}
		return nil
	})
	return rowsOut{List: out}, err
}
