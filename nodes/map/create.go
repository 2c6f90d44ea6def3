package maps

import (
	"context"

	"github.com/aether-rpa/aether/node"
)

func init() {
	node.Register(node.Spec[createIn, mapOut]{
		Type: "map.create", Title: "Make a map", Effect: node.Pure,
		Doc: "Makes a map of named values, for instance a record to send, or several results computed in one place.",
		Examples: []node.Example[createIn, mapOut]{
			{Title: "A record", In: createIn{Entries: map[string]any{"name": "Ann", "age": 41}}, Out: mapOut{Map: map[string]any{"name": "Ann", "age": 41}}},
			{Title: "Nothing", In: createIn{}, Out: mapOut{Map: map[string]any{}}},
		},
		Run: func(_ context.Context, _ *node.Env, in createIn) (mapOut, error) {
			if in.Entries == nil {
				in.Entries = map[string]any{}
			}
			return mapOut{Map: in.Entries}, nil
		},
	})
}

type createIn struct {
	Entries map[string]any `json:"entries" doc:"Values by name; each may be an expression."`
}
