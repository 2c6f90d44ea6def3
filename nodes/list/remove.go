package list

import (
	"context"
	"slices"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/value"
)

func init() {
	node.Register(node.Spec[indexIn, removeAtOut]{
		Type: "list.remove_at", Title: "Remove item by position", Effect: node.Pure,
		Doc:      "Returns a new list without the item at a position, and the item. A position outside of the list is an error.",
		Examples: []node.Example[indexIn, removeAtOut]{{Title: "The last", In: indexIn{List: []any{1, 2, 3}, Index: -1}, Out: removeAtOut{List: []any{1, 2}, Item: 3}}},
		Run: func(_ context.Context, _ *node.Env, in indexIn) (removeAtOut, error) {
			i, err := position(in.Index, len(in.List))
			if err != nil {
				return removeAtOut{}, err
			}
			return removeAtOut{List: slices.Concat(in.List[:i], in.List[i+1:]), Item: in.List[i]}, nil
		},
	})
	node.Register(node.Spec[removeIn, removeOut]{
		Type: "list.remove", Title: "Remove items", Effect: node.Pure,
		Doc: "Returns a new list without the items that equal a value, one of several values, or for which a condition is true.",
		Examples: []node.Example[removeIn, removeOut]{
			{Title: "By value", In: removeIn{List: []any{1, "a", 1, 2}, Value: 1}, Out: removeOut{List: []any{"a", 2}, Removed: 2}},
			{Title: "By condition, the first only", In: removeIn{List: []any{5, 6, 7}, Where: node.Expr("{{ item > 5 }}"), Limit: 1}, Out: removeOut{List: []any{5, 7}, Removed: 1}},
		},
		Run: remove,
	})
}

type indexIn struct {
	List  []any `json:"list" is:"required" doc:"List to look at."`
	Index int   `json:"index" is:"required" doc:"Position: 0 is the first item, -1 the last."`
}

type removeAtOut struct {
	List []any `json:"list" doc:"The list without the item."`
	Item any   `json:"item" doc:"The item removed."`
}

type removeIn struct {
	List   []any     `json:"list" is:"required" doc:"List to start from."`
	Value  any       `json:"value" doc:"Remove items equal to this; used when neither values nor where is given."`
	Values []any     `json:"values" doc:"Remove items equal to one of these."`
	Where  node.Lazy `json:"where" locals:"item,index" doc:"Remove items for which this is true, for instance {{ item.total == 0 }}."`
	Limit  int       `json:"limit" default:"0" min:"0" doc:"Remove at most so many, from the start; 0 means all."`
}

type removeOut struct {
	List    []any `json:"list" doc:"The items that remain."`
	Removed int   `json:"removed" doc:"How many items were removed."`
}

func remove(ctx context.Context, _ *node.Env, in removeIn) (removeOut, error) {
	out := removeOut{List: []any{}}
	values := in.Values
	if len(values) == 0 {
		values = []any{in.Value}
	}
	for i, v := range in.List {
		if err := alive(ctx, i); err != nil {
			return out, err
		}
		drop := false
		if in.Limit == 0 || out.Removed < in.Limit {
			var err error
			if in.Where.Given() {
				drop, err = in.Where.True(ctx, locals(v, i))
			} else {
				drop = slices.ContainsFunc(values, func(x any) bool { return value.Equal(x, v) })
			}
			if err != nil {
				return out, atItem(i, err)
			}
		}
		if drop {
			out.Removed++
			continue
		}
		out.List = append(out.List, v)
	}
	return out, nil
}
