package list

import (
	"context"

	"github.com/aether-rpa/aether/node"
)

func init() {
	node.Register(node.Spec[appendIn, appendOut]{
		Type:   "list.append",
		Title:  "Append to list",
		Doc:    "Returns a new list with an item added at the end. The list given is not changed.",
		Effect: node.Pure,
		Examples: []node.Example[appendIn, appendOut]{{
			Title: "Add a number",
			In:    appendIn{List: []any{1, 2}, Item: 3},
			Out:   appendOut{List: []any{1, 2, 3}},
		}},
		Run: appendItem,
	})
}

type appendIn struct {
	List []any `json:"list" is:"required" doc:"List to start from."`
	Item any   `json:"item" doc:"Item to add."`
}

type appendOut struct {
	List []any `json:"list" doc:"The longer list."`
}

func appendItem(_ context.Context, _ *node.Env, in appendIn) (appendOut, error) {
	out := make([]any, 0, len(in.List)+1)
	return appendOut{List: append(append(out, in.List...), in.Item)}, nil
}
