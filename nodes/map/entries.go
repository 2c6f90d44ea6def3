package maps

import (
	"context"
	"fmt"
	"strconv"

	"github.com/aether-rpa/aether/node"
)

func init() {
	ab := map[string]any{"b": 2, "a": 1}
	node.Register(node.Spec[mapIn, keysOut]{
		Type: "map.keys", Title: "Keys", Effect: node.Pure,
		Doc:      "Lists the keys of a map in alphabetical order: maps have no order of their own.",
		Examples: []node.Example[mapIn, keysOut]{{Title: "Two keys", In: mapIn{Map: ab}, Out: keysOut{Keys: []string{"a", "b"}, Count: 2}}},
		Run: func(_ context.Context, _ *node.Env, in mapIn) (keysOut, error) {
			return keysOut{Keys: sortedKeys(in.Map), Count: len(in.Map)}, nil
		},
	})
	node.Register(node.Spec[mapIn, valuesOut]{
		Type: "map.values", Title: "Values", Effect: node.Pure,
		Doc:      "Lists the values of a map in the alphabetical order of their keys.",
		Examples: []node.Example[mapIn, valuesOut]{{Title: "Two values", In: mapIn{Map: ab}, Out: valuesOut{Values: []any{1, 2}}}},
		Run: func(_ context.Context, _ *node.Env, in mapIn) (valuesOut, error) {
			out := valuesOut{Values: make([]any, 0, len(in.Map))}
			for _, k := range sortedKeys(in.Map) {
				out.Values = append(out.Values, in.Map[k])
			}
			return out, nil
		},
	})
	node.Register(node.Spec[mapIn, entriesOut]{
		Type: "map.entries", Title: "Entries", Effect: node.Pure,
		Doc:      "Turns a map into a list of key and value, in the alphabetical order of the keys, for instance to loop over it.",
		Examples: []node.Example[mapIn, entriesOut]{{Title: "Two entries", In: mapIn{Map: ab}, Out: entriesOut{Entries: []entry{{Key: "a", Value: 1}, {Key: "b", Value: 2}}}}},
		Run: func(_ context.Context, _ *node.Env, in mapIn) (entriesOut, error) {
			out := entriesOut{Entries: make([]entry, 0, len(in.Map))}
			for _, k := range sortedKeys(in.Map) {
				out.Entries = append(out.Entries, entry{Key: k, Value: in.Map[k]})
			}
			return out, nil
		},
	})
	node.Register(node.Spec[fromEntriesIn, mapOut]{
		Type: "map.from_entries", Title: "Map from entries", Effect: node.Pure,
		Doc: "Builds a map from a list: of key and value, of pairs, or of records of which one field is the key and another, or the whole record, the value.",
		Examples: []node.Example[fromEntriesIn, mapOut]{
			{Title: "Key and value", In: fromEntriesIn{Entries: []any{map[string]any{"key": "a", "value": 1}}}, Out: mapOut{Map: map[string]any{"a": 1}}},
			{Title: "Records by id", In: fromEntriesIn{Entries: []any{map[string]any{"id": 7, "n": "x"}}, Key: "id", Whole: true}, Out: mapOut{Map: map[string]any{"7": map[string]any{"id": 7, "n": "x"}}}},
		},
		Run: fromEntries,
	})
	node.Register(node.Spec[fromListsIn, mapOut]{
		Type: "map.from_lists", Title: "Map from two lists", Effect: node.Pure,
		Doc:      "Builds a map from a list of keys and a list of values, for instance from a heading and a row.",
		Examples: []node.Example[fromListsIn, mapOut]{{Title: "Heading and row", In: fromListsIn{Keys: []any{"id", "name"}, Values: []any{1, "Ann"}}, Out: mapOut{Map: map[string]any{"id": 1, "name": "Ann"}}}},
		Run:      fromLists,
	})
	node.Register(node.Spec[mapIn, lengthOut]{
		Type: "map.length", Title: "Length of map", Effect: node.Pure,
		Doc:      "Tells how many keys a map has.",
		Examples: []node.Example[mapIn, lengthOut]{{Title: "Two keys", In: mapIn{Map: ab}, Out: lengthOut{Length: 2}}, {Title: "Empty", In: mapIn{Map: map[string]any{}}, Out: lengthOut{Empty: true}}},
		Run: func(_ context.Context, _ *node.Env, in mapIn) (lengthOut, error) {
			return lengthOut{Length: len(in.Map), Empty: len(in.Map) == 0}, nil
		},
	})
}

type keysOut struct {
	Keys  []string `json:"keys" doc:"The keys."`
	Count int      `json:"count" doc:"How many there are."`
}

type valuesOut struct {
	Values []any `json:"values" doc:"The values."`
}

type entry struct {
	Key   string `json:"key" doc:"The key."`
	Value any    `json:"value" doc:"Its value."`
}

type entriesOut struct {
	Entries []entry `json:"entries" doc:"Key and value of each entry."`
}

type fromEntriesIn struct {
	Entries    []any  `json:"entries" is:"required" doc:"List of maps, or of pairs [key, value]."`
	Key        string `json:"key" default:"key" doc:"Field that holds the key."`
	Value      string `json:"value" default:"value" doc:"Field that holds the value."`
	Whole      bool   `json:"whole" doc:"Take the whole record as the value."`
	Duplicates string `json:"duplicates" default:"last" enum:"last,first,list,fail" doc:"What to do with a key that occurs again: keep the last or the first value, collect all values of every key in lists, or fail."`
}

func fromEntries(_ context.Context, _ *node.Env, in fromEntriesIn) (mapOut, error) {
	out := make(map[string]any, len(in.Entries))
	for i, e := range in.Entries {
		var key, v any
		switch x := e.(type) {
		case []any:
			if len(x) != 2 {
				return mapOut{}, node.Failf(node.KindInput, "entry %d is a list of %d items, not a pair", i, len(x))
			}
			key, v = x[0], x[1]
		case map[string]any:
			key, v = x[in.Key], x[in.Value]
		default:
			return mapOut{}, node.Failf(node.KindInput, "entry %d is neither a map nor a pair", i)
		}
		if in.Whole {
			v = e
		}
		k, ok := keyText(key)
		if !ok {
			return mapOut{}, node.Fail(node.KindInput, fmt.Sprintf("entry %d has no key", i), "set key to the field that holds it")
		}
		if err := addEntry(out, k, v, in.Duplicates); err != nil {
			return mapOut{}, err
		}
	}
	return mapOut{Map: out}, nil
}

func addEntry(out map[string]any, k string, v any, duplicates string) error {
	old, again := out[k]
	switch {
	case duplicates == "list":
		list, _ := old.([]any)
		v = append(list, v)
	case again && duplicates == "first":
		return nil
	case again && duplicates == "fail":
		return node.Failf(node.KindInput, "the key %.60q occurs more than once", k)
	}
	out[k] = v
	return nil
}

// keyText writes a scalar as a key.
func keyText(v any) (string, bool) {
	switch x := v.(type) {
	case string:
		return x, true
	case int:
		return strconv.Itoa(x), true
	case float64:
		return strconv.FormatFloat(x, 'f', -1, 64), true
	case bool:
		return strconv.FormatBool(x), true
	}
	return "", false
}

type fromListsIn struct {
	Keys       []any  `json:"keys" is:"required" doc:"List of keys."`
	Values     []any  `json:"values" is:"required" doc:"List of values, in the same order."`
	Length     string `json:"length" default:"equal" enum:"equal,shortest,fill" doc:"What to do when the lists differ in length: fail, stop with the shorter, or give keys without a value nil."`
	Duplicates string `json:"duplicates" default:"last" enum:"last,first,list,fail" doc:"What to do with a key that occurs again; see map.from_entries."`
}

func fromLists(_ context.Context, _ *node.Env, in fromListsIn) (mapOut, error) {
	n := len(in.Keys)
	if n != len(in.Values) {
		switch {
		case in.Length == "equal" || in.Length == "fill" && n < len(in.Values):
			return mapOut{}, node.Failf(node.KindInput, "there are %d keys for %d values", n, len(in.Values))
		case in.Length == "shortest":
			n = min(n, len(in.Values))
		}
	}
	out := make(map[string]any, n)
	for i := range n {
		k, ok := keyText(in.Keys[i])
		if !ok {
			return mapOut{}, node.Failf(node.KindInput, "key %d is no text", i)
		}
		var v any
		if i < len(in.Values) {
			v = in.Values[i]
		}
		if err := addEntry(out, k, v, in.Duplicates); err != nil {
			return mapOut{}, err
		}
	}
	return mapOut{Map: out}, nil
}

type lengthOut struct {
	Length int  `json:"length" doc:"How many keys there are."`
	Empty  bool `json:"empty" doc:"True when there are none."`
}
