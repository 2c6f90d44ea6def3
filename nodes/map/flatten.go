package maps

import (
	"context"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/nodes/map/dotted"
	"github.com/aether-rpa/aether/value"
)

func init() {
	nested := map[string]any{"id": 1, "address": map[string]any{"city": "Bonn"}, "tags": []any{"a", "b"}}
	node.Register(node.Spec[flattenIn, mapOut]{
		Type: "map.flatten", Title: "Flatten map", Effect: node.Pure,
		Doc: "Turns nested maps and lists into one map of dotted paths, for instance to write a record as a row. map.unflatten is the inverse.",
		Examples: []node.Example[flattenIn, mapOut]{
			{Title: "A record", In: flattenIn{Map: nested}, Out: mapOut{Map: map[string]any{"id": 1, "address.city": "Bonn", "tags[0]": "a", "tags[1]": "b"}}},
			{Title: "Another separator", In: flattenIn{Map: map[string]any{"a": map[string]any{"b": 1}}, Separator: "_"}, Out: mapOut{Map: map[string]any{"a_b": 1}}},
		},
		Run: func(_ context.Context, _ *node.Env, in flattenIn) (mapOut, error) {
			sep, err := separator(in.Separator)
			if err != nil {
				return mapOut{}, err
			}
			return mapOut{Map: dotted.Flatten(in.Map, sep, in.Lists)}, nil
		},
	})
	node.Register(node.Spec[unflattenIn, mapOut]{
		Type: "map.unflatten", Title: "Nest map", Effect: node.Pure,
		Doc:      "Builds nested maps and lists from a map of dotted paths. Paths that contradict each other and gaps in lists are errors.",
		Examples: []node.Example[unflattenIn, mapOut]{{Title: "A record", In: unflattenIn{Map: map[string]any{"id": 1, "address.city": "Bonn", "tags[1]": "b", "tags[0]": "a"}}, Out: mapOut{Map: nested}}},
		Run: func(_ context.Context, _ *node.Env, in unflattenIn) (mapOut, error) {
			sep, err := separator(in.Separator)
			if err != nil {
				return mapOut{}, err
			}
			out, err := dotted.Unflatten(in.Map, sep)
			if err != nil {
				return mapOut{}, node.Fail(node.KindInput, err.Error(), "check the keys; a part that holds the separator is written [\"like.this\"]")
			}
			return mapOut{Map: out}, nil
		},
	})
	node.Register(node.Spec[diffIn, diffOut]{
		Type: "map.diff", Title: "Compare maps", Effect: node.Pure,
		Doc: "Finds what was added, removed and changed between two maps, by dotted path. Lists are compared as a whole unless lists is set.",
		Examples: []node.Example[diffIn, diffOut]{
			{
				Title: "A record that changed", In: diffIn{A: map[string]any{"n": 1, "m": map[string]any{"x": 1}, "k": 0}, B: map[string]any{"n": 2, "m": map[string]any{"x": 1, "y": 2}}},
				Out: diffOut{Added: map[string]any{"m.y": 2}, Removed: map[string]any{"k": 0}, Changed: []change{{Path: "n", Before: 1, After: 2}}},
			},
		},
		Run: diff,
	})
}

func separator(s string) (string, error) {
	if s == "" || len(s) > 10 {
		return "", node.Fail(node.KindInput, "the separator must have 1 to 10 characters", "use a point or an underscore")
	}
	for _, r := range s {
		if r == '[' || r == ']' || r == '"' || r == '\'' {
			return "", node.Fail(node.KindInput, "the separator must not hold brackets or quotes", "use a point or an underscore")
		}
	}
	return s, nil
}

type flattenIn struct {
	Map       map[string]any `json:"map" is:"required" doc:"Nested map."`
	Separator string         `json:"separator" default:"." doc:"Text between the parts of a path."`
	Lists     bool           `json:"lists" default:"true" doc:"Also flatten lists, as name[0]; otherwise they stay whole."`
}

type unflattenIn struct {
	Map       map[string]any `json:"map" is:"required" doc:"Map of values by path."`
	Separator string         `json:"separator" default:"." doc:"Text between the parts of a path."`
}

type diffIn struct {
	A      map[string]any `json:"a" is:"required" doc:"Map before."`
	B      map[string]any `json:"b" is:"required" doc:"Map after."`
	Lists  bool           `json:"lists" doc:"Compare lists item by item."`
	Ignore []string       `json:"ignore" doc:"Dotted paths to leave out, with all that is below them."`
}

type change struct {
	Path   string `json:"path" doc:"Dotted path of the value."`
	Before any    `json:"before" doc:"Value in the first map."`
	After  any    `json:"after" doc:"Value in the second map."`
}

type diffOut struct {
	Equal   bool           `json:"equal" doc:"The maps are equal."`
	Added   map[string]any `json:"added" doc:"Values of the second map only, by path."`
	Removed map[string]any `json:"removed" doc:"Values of the first map only, by path."`
	Changed []change       `json:"changed" doc:"Values that differ, in the order of their paths."`
}

func diff(_ context.Context, _ *node.Env, in diffIn) (diffOut, error) {
	var a, b any = in.A, in.B
	for _, p := range in.Ignore {
		s, err := steps(p)
		if err != nil {
			return diffOut{}, err
		}
		a, _ = dotted.Remove(a, s)
		b, _ = dotted.Remove(b, s)
	}
	out := diffOut{Added: map[string]any{}, Removed: map[string]any{}, Changed: []change{}}
	before := dotted.Flatten(a.(map[string]any), ".", in.Lists)
	after := dotted.Flatten(b.(map[string]any), ".", in.Lists)
	for _, k := range sortedKeys(before) {
		now, ok := after[k]
		switch {
		case !ok:
			out.Removed[k] = before[k]
		case !value.Equal(before[k], now):
			out.Changed = append(out.Changed, change{Path: k, Before: before[k], After: now})
		}
	}
	for k, v := range after {
		if _, ok := before[k]; !ok {
			out.Added[k] = v
		}
	}
	out.Equal = len(out.Added)+len(out.Removed)+len(out.Changed) == 0
	return out, nil
}
