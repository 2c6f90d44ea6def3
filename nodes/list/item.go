package list

import (
	"context"
	"slices"

	"github.com/aether-rpa/aether/node"
)

func init() {
	node.Register(node.Spec[getIn, getOut]{
		Type: "list.get", Title: "Get item", Effect: node.Pure,
		Doc: "Picks the item at a position. A position outside of the list gives the default if there is one, else an error.",
		Examples: []node.Example[getIn, getOut]{
			{Title: "The last item", In: getIn{List: []any{"a", "b"}, Index: -1}, Out: getOut{Item: "b", Found: true}},
			{Title: "Perhaps missing", In: getIn{List: []any{}, Index: 0, Default: "none"}, Out: getOut{Item: "none"}},
		},
		Run: get,
	})
	node.Register(node.Spec[setIn, listOut]{
		Type: "list.set", Title: "Replace item", Effect: node.Pure,
		Doc:      "Returns a new list with the item at a position replaced.",
		Examples: []node.Example[setIn, listOut]{{Title: "The second", In: setIn{List: []any{1, 2, 3}, Index: 1, Item: "two"}, Out: listOut{List: []any{1, "two", 3}}}},
		Run: func(_ context.Context, _ *node.Env, in setIn) (listOut, error) {
			i, err := position(in.Index, len(in.List))
			if err != nil {
				return listOut{}, err
			}
			out := slices.Clone(in.List)
			out[i] = in.Item
			return listOut{List: out}, nil
		},
	})
	node.Register(node.Spec[endIn, getOut]{
		Type: "list.first", Title: "First item", Effect: node.Pure,
		Doc:      "Picks the first item. An empty list gives the default, which is nil when none is given.",
		Examples: []node.Example[endIn, getOut]{{Title: "Of three", In: endIn{List: []any{3, 1, 2}}, Out: getOut{Item: 3, Found: true}}},
		Run: func(_ context.Context, _ *node.Env, in endIn) (getOut, error) {
			if len(in.List) == 0 {
				return getOut{Item: in.Default}, nil
			}
			return getOut{Item: in.List[0], Found: true}, nil
		},
	})
	node.Register(node.Spec[endIn, getOut]{
		Type: "list.last", Title: "Last item", Effect: node.Pure,
		Doc:      "Picks the last item. An empty list gives the default, which is nil when none is given.",
		Examples: []node.Example[endIn, getOut]{{Title: "Of none", In: endIn{List: []any{}, Default: 0}, Out: getOut{Item: 0}}},
		Run: func(_ context.Context, _ *node.Env, in endIn) (getOut, error) {
			if len(in.List) == 0 {
				return getOut{Item: in.Default}, nil
			}
			return getOut{Item: in.List[len(in.List)-1], Found: true}, nil
		},
	})
}

type getIn struct {
	List    []any `json:"list" is:"required" doc:"List to pick from."`
	Index   int   `json:"index" is:"required" doc:"Position: 0 is the first item, -1 the last."`
	Default any   `json:"default" doc:"Result when there is no such item; nil makes that an error."`
}

type getOut struct {
	Item  any  `json:"item" doc:"The item, or the default."`
	Found bool `json:"found" doc:"True when the list has such an item."`
}

func get(_ context.Context, _ *node.Env, in getIn) (getOut, error) {
	i, err := position(in.Index, len(in.List))
	if err == nil {
		return getOut{Item: in.List[i], Found: true}, nil
	}
	if in.Default != nil {
		return getOut{Item: in.Default}, nil
	}
	return getOut{}, err
}

type setIn struct {
	List  []any `json:"list" is:"required" doc:"List to start from."`
	Index int   `json:"index" is:"required" doc:"Position: 0 is the first item, -1 the last."`
	Item  any   `json:"item" doc:"New item."`
}

type endIn struct {
	List    []any `json:"list" is:"required" doc:"List to pick from."`
	Default any   `json:"default" doc:"Result when the list is empty."`
}
