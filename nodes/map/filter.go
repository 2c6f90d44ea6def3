package maps

import (
	"context"

	"github.com/aether-rpa/aether/node"
)

func init() {
	node.Register(node.Spec[mapValuesIn, mapOut]{
		Type: "map.map_values", Title: "Change every value", Effect: node.Pure,
		Doc: "Builds a map with the result of an expression for every value, and if wanted for every key. Entries are visited in the alphabetical order of their keys.",
		Examples: []node.Example[mapValuesIn, mapOut]{
			{Title: "Prices with tax", In: mapValuesIn{Map: map[string]any{"a": 10, "b": 20}, To: node.Expr("{{ value * 2 }}")}, Out: mapOut{Map: map[string]any{"a": 20, "b": 40}}},
			{Title: "Keys too", In: mapValuesIn{Map: map[string]any{"a": 1}, Key: node.Expr(`{{ "x_" + key }}`)}, Out: mapOut{Map: map[string]any{"x_a": 1}}},
		},
		Run: mapValues,
	})
	node.Register(node.Spec[filterIn, mapOut]{
		Type: "map.filter", Title: "Filter map", Effect: node.Pure,
		Doc:      "Keeps the entries for which a condition is true.",
		Examples: []node.Example[filterIn, mapOut]{{Title: "By value", In: filterIn{Map: map[string]any{"a": 1, "b": 5}, Where: node.Expr("{{ value > 2 }}")}, Out: mapOut{Map: map[string]any{"b": 5}}}},
		Run:      filter,
	})
}

type mapValuesIn struct {
	Map map[string]any `json:"map" is:"required" doc:"Map to work on."`
	To  node.Lazy      `json:"to" locals:"key,value" doc:"Expression for the new value, for instance {{ trim(value) }}; without it the value stays."`
	Key node.Lazy      `json:"key" locals:"key,value" doc:"Expression for the new key, for instance {{ lower(key) }}; without it the key stays."`
}

func mapValues(ctx context.Context, _ *node.Env, in mapValuesIn) (mapOut, error) {
	out := make(map[string]any, len(in.Map))
	for i, k := range sortedKeys(in.Map) {
		if i%1024 == 0 && ctx.Err() != nil {
			return mapOut{}, ctx.Err()
		}
		locals := map[string]any{"key": k, "value": in.Map[k]}
		v, name := in.Map[k], k
		var err error
		if in.To.Given() {
			if v, err = in.To.Eval(ctx, locals); err != nil {
				return mapOut{}, atKey(k, err)
			}
		}
		if in.Key.Given() {
			x, err := in.Key.Eval(ctx, locals)
			if err != nil {
				return mapOut{}, atKey(k, err)
			}
			var ok bool
			if name, ok = keyText(x); !ok {
				return mapOut{}, atKey(k, node.Failf(node.KindInput, "the new key is no text"))
			}
		}
		if _, twice := out[name]; twice {
			return mapOut{}, atKey(k, node.Failf(node.KindInput, "another entry already has the new key %.60q", name))
		}
		out[name] = v
	}
	return mapOut{Map: out}, nil
}

type filterIn struct {
	Map   map[string]any `json:"map" is:"required" doc:"Map to filter."`
	Where node.Lazy      `json:"where" is:"required" locals:"key,value" doc:"Condition, for instance {{ value != nil }}."`
}

func filter(ctx context.Context, _ *node.Env, in filterIn) (mapOut, error) {
	out := map[string]any{}
	for i, k := range sortedKeys(in.Map) {
		if i%1024 == 0 && ctx.Err() != nil {
			return mapOut{}, ctx.Err()
		}
		ok, err := in.Where.True(ctx, map[string]any{"key": k, "value": in.Map[k]})
		if err != nil {
			return mapOut{}, atKey(k, err)
		}
		if ok {
			out[k] = in.Map[k]
		}
	}
	return mapOut{Map: out}, nil
}
