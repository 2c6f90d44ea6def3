package maps

import (
	"context"
	"slices"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/value"
)

func init() {
	node.Register(node.Spec[mergeIn, mapOut]{
		Type: "map.merge", Title: "Merge maps", Effect: node.Pure,
		Doc: "Puts several maps together into one. When keys occur again the later value wins, unless conflict says otherwise.",
		Examples: []node.Example[mergeIn, mapOut]{
			{Title: "Defaults and settings", In: mergeIn{Maps: []map[string]any{{"a": 1, "b": 1}, {"b": 2}}}, Out: mapOut{Map: map[string]any{"a": 1, "b": 2}}},
			{
				Title: "Nested maps and lists", In: mergeIn{Maps: []map[string]any{{"m": map[string]any{"x": 1}, "l": []any{1}}, {"m": map[string]any{"y": 2}, "l": []any{2}}}, Deep: true, Lists: "append"},
				Out: mapOut{Map: map[string]any{"m": map[string]any{"x": 1, "y": 2}, "l": []any{1, 2}}},
			},
		},
		Run: merge,
	})
	node.Register(node.Spec[pickIn, mapOut]{
		Type: "map.pick", Title: "Keep some keys", Effect: node.Pure,
		Doc:      "Returns a new map with only the given keys. Keys that are not there are left out, or filled with nil.",
		Examples: []node.Example[pickIn, mapOut]{{Title: "Two keys", In: pickIn{Map: map[string]any{"a": 1, "b": 2, "c": 3}, Keys: []string{"a", "c", "x"}}, Out: mapOut{Map: map[string]any{"a": 1, "c": 3}}}},
		Run: func(_ context.Context, _ *node.Env, in pickIn) (mapOut, error) {
			out := make(map[string]any, len(in.Keys))
			for _, k := range in.Keys {
				if v, ok := in.Map[k]; ok || in.Fill {
					out[k] = v
				}
			}
			return mapOut{Map: out}, nil
		},
	})
	node.Register(node.Spec[omitIn, mapOut]{
		Type: "map.omit", Title: "Leave out some keys", Effect: node.Pure,
		Doc: "Returns a new map without the given keys, and without empty values if asked for. Remove nested values with map.remove.",
		Examples: []node.Example[omitIn, mapOut]{
			{Title: "One key", In: omitIn{Map: map[string]any{"a": 1, "b": 2}, Keys: []string{"b"}}, Out: mapOut{Map: map[string]any{"a": 1}}},
			{Title: "Empty values", In: omitIn{Map: map[string]any{"a": 0, "b": "", "c": nil, "d": []any{}}, Empty: true}, Out: mapOut{Map: map[string]any{"a": 0}}},
		},
		Run: omit,
	})
	node.Register(node.Spec[invertIn, mapOut]{
		Type: "map.invert", Title: "Swap keys and values", Effect: node.Pure,
		Doc:      "Returns a new map from values to keys. Values must be text, numbers or true and false; of keys with the same value the last in alphabetical order stays.",
		Examples: []node.Example[invertIn, mapOut]{{Title: "Codes", In: invertIn{Map: map[string]any{"Germany": "DE", "France": "FR"}}, Out: mapOut{Map: map[string]any{"DE": "Germany", "FR": "France"}}}},
		Run: func(_ context.Context, _ *node.Env, in invertIn) (mapOut, error) {
			out := make(map[string]any, len(in.Map))
			for _, k := range sortedKeys(in.Map) {
				name, ok := keyText(in.Map[k])
				if !ok {
					return mapOut{}, atKey(k, node.Failf(node.KindInput, "a %s cannot become a key", value.Kind(in.Map[k])))
				}
				if err := addEntry(out, name, k, in.Duplicates); err != nil {
					return mapOut{}, err
				}
			}
			return mapOut{Map: out}, nil
		},
	})
}

type mergeIn struct {
	Maps     []map[string]any `json:"maps" is:"required" doc:"Maps to merge, in order."`
	Deep     bool             `json:"deep" doc:"Also merge maps inside of maps, rather than replace them."`
	Lists    string           `json:"lists" default:"replace" enum:"replace,append,union" doc:"What to do with two lists at the same key: take one, put one after the other, or do that without duplicates."`
	Conflict string           `json:"conflict" default:"last" enum:"last,first,fail" doc:"Which of two different values at the same key stays."`
	SkipNil  bool             `json:"skip_nil" doc:"Do not let nil replace a value."`
}

func merge(_ context.Context, _ *node.Env, in mergeIn) (mapOut, error) {
	out := map[string]any{}
	for _, m := range in.Maps {
		next, err := in.merge(out, m)
		if err != nil {
			return mapOut{}, err
		}
		out = next
	}
	return mapOut{Map: out}, nil
}

func (in mergeIn) merge(a, b map[string]any) (map[string]any, error) {
	out := make(map[string]any, len(a)+len(b))
	for k, v := range a {
		out[k] = v
	}
	for _, k := range sortedKeys(b) {
		old, ok := out[k]
		if !ok {
			out[k] = b[k]
			continue
		}
		v, err := in.one(old, b[k])
		if err != nil {
			return nil, atKey(k, err)
		}
		out[k] = v
	}
	return out, nil
}

func (in mergeIn) one(a, b any) (any, error) {
	if in.SkipNil && b == nil {
		return a, nil
	}
	if in.SkipNil && a == nil {
		return b, nil
	}
	x, isMap := a.(map[string]any)
	y, bothMaps := b.(map[string]any)
	if in.Deep && isMap && bothMaps {
		return in.merge(x, y)
	}
	p, isList := a.([]any)
	q, bothLists := b.([]any)
	if isList && bothLists && in.Lists != "replace" && in.Lists != "" {
		out := slices.Clone(p)
		for _, v := range q {
			if in.Lists == "append" || !slices.ContainsFunc(out, func(o any) bool { return value.Equal(o, v) }) {
				out = append(out, v)
			}
		}
		return out, nil
	}
	switch {
	case value.Equal(a, b), in.Conflict == "first":
		return a, nil
	case in.Conflict == "fail":
		return nil, node.Fail(node.KindInput, "two maps hold different values", "choose which value stays with conflict")
	}
	return b, nil
}

type pickIn struct {
	Map  map[string]any `json:"map" is:"required" doc:"Map to take from."`
	Keys []string       `json:"keys" is:"required" doc:"Keys to keep."`
	Fill bool           `json:"fill" doc:"Give keys that are not there the value nil."`
}

type omitIn struct {
	Map   map[string]any `json:"map" is:"required" doc:"Map to take from."`
	Keys  []string       `json:"keys" doc:"Keys to leave out."`
	Empty bool           `json:"empty" doc:"Also leave out nil, empty text, empty lists and empty maps."`
}

func omit(_ context.Context, _ *node.Env, in omitIn) (mapOut, error) {
	out := make(map[string]any, len(in.Map))
	for k, v := range in.Map {
		if !slices.Contains(in.Keys, k) && (!in.Empty || !isEmpty(v)) {
			out[k] = v
		}
	}
	return mapOut{Map: out}, nil
}

func isEmpty(v any) bool {
	switch x := v.(type) {
	case nil:
		return true
	case string:
		return x == ""
	case []any:
		return len(x) == 0
	case map[string]any:
		return len(x) == 0
	}
	return false
}

type invertIn struct {
	Map        map[string]any `json:"map" is:"required" doc:"Map to swap."`
	Duplicates string         `json:"duplicates" default:"last" enum:"last,first,list,fail" doc:"What to do with a value that occurs again; see map.from_entries."`
}
