package json

import (
	"context"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/nodes/map/dotted"
)

func init() {
	doc := map[string]any{"items": []any{map[string]any{"id": 1}}}
	node.Register(node.Spec[getIn, getOut]{
		Type: "json.get", Title: "Get value by path", Effect: node.Pure,
		Doc:      "Reads the value at a JSON Pointer or path. A missing value gives the default.",
		Examples: []node.Example[getIn, getOut]{{Title: "By pointer", In: getIn{Value: doc, Path: "/items/0/id"}, Out: getOut{Value: 1, Found: true}}},
		Run: func(_ context.Context, _ *node.Env, in getIn) (getOut, error) {
			steps, err := parsePath(in.Path)
			if err != nil {
				return getOut{}, err
			}
			if v, ok := dotted.Get(in.Value, steps); ok {
				return getOut{Value: v, Found: true}, nil
			}
			return getOut{Value: in.Default}, nil
		},
	})
	node.Register(node.Spec[setIn, valueOut]{
		Type: "json.set", Title: "Set value by path", Effect: node.Pure,
		Doc: "Returns a new value in which the value at a JSON Pointer or path is replaced or added. Missing maps on the way are made; /items/- and the index after the last append to a list.",
		Examples: []node.Example[setIn, valueOut]{
			{Title: "By pointer", In: setIn{Value: doc, Path: "/items/0/name", New: "x"}, Out: valueOut{Value: map[string]any{"items": []any{map[string]any{"id": 1, "name": "x"}}}}},
			{Title: "Append", In: setIn{Value: doc, Path: "/items/-", New: 2}, Out: valueOut{Value: map[string]any{"items": []any{map[string]any{"id": 1}, 2}}}},
		},
		Run: set,
	})
	node.Register(node.Spec[deleteIn, deleteOut]{
		Type: "json.delete", Title: "Delete value by path", Effect: node.Pure,
		Doc:      "Returns a new value without the values at some JSON Pointers or paths. What is not there is no error. Paths are deleted from the last to the first, so that those found by json.query stay right.",
		Examples: []node.Example[deleteIn, deleteOut]{{Title: "Two items", In: deleteIn{Value: []any{"a", "b", "c"}, Paths: []string{"/0", "/1"}}, Out: deleteOut{Value: []any{"c"}, Deleted: 2}}},
		Run:      deletePaths,
	})
}

type valueOut struct {
	Value any `json:"value" doc:"The new value."`
}

type getIn struct {
	Value   any    `json:"value" is:"required" doc:"Value to read from."`
	Path    string `json:"path" is:"required" doc:"JSON Pointer such as /items/0/name, or path such as items[0].name."`
	Default any    `json:"default" doc:"Result when there is no such value."`
}

type getOut struct {
	Value any  `json:"value" doc:"The value, or the default."`
	Found bool `json:"found" doc:"True when there is such a value."`
}

type setIn struct {
	Value any    `json:"value" doc:"Value to start from; nil for a new map."`
	Path  string `json:"path" is:"required" doc:"JSON Pointer such as /items/0/name, or path such as items[0].name."`
	New   any    `json:"new" doc:"Value to set."`
}

func set(_ context.Context, _ *node.Env, in setIn) (valueOut, error) {
	steps, err := parsePath(in.Path)
	if err != nil {
		return valueOut{}, err
	}
	if n := len(steps); n > 0 && steps[n-1].Key == "-" {
		if parent, ok := dotted.Get(in.Value, steps[:n-1]); ok {
			if list, ok := parent.([]any); ok {
				v, err := dotted.Set(in.Value, steps[:n-1], append(list[:len(list):len(list)], in.New))
				return valueOut{Value: v}, err
			}
		}
	}
	v, err := dotted.Set(in.Value, steps, in.New)
	if err != nil {
		return valueOut{}, node.Fail(node.KindInput, err.Error(), "delete the value in the way first, or choose another path")
	}
	return valueOut{Value: v}, nil
}

type deleteIn struct {
	Value any      `json:"value" is:"required" doc:"Value to start from."`
	Paths []string `json:"paths" is:"required" doc:"JSON Pointers or paths to delete."`
}

type deleteOut struct {
	Value   any `json:"value" doc:"The new value."`
	Deleted int `json:"deleted" doc:"How many values were there."`
}

func deletePaths(_ context.Context, _ *node.Env, in deleteIn) (deleteOut, error) {
	out := deleteOut{Value: in.Value}
	for i := len(in.Paths) - 1; i >= 0; i-- {
		steps, err := parsePath(in.Paths[i])
		if err != nil {
			return out, err
		}
		if len(steps) == 0 {
			return out, node.Failf(node.KindInput, "path %d is empty, and the whole value cannot be deleted", i)
		}
		v, found := dotted.Remove(out.Value, steps)
		if out.Value = v; found {
			out.Deleted++
		}
	}
	return out, nil
}
