package maps

import (
	"context"
	"slices"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/nodes/map/dotted"
)

func init() {
	customer := map[string]any{"name": "Ann", "tags": []any{"a", "b"}, "address": map[string]any{"city": "Bonn"}}
	node.Register(node.Spec[getIn, getOut]{
		Type: "map.get", Title: "Get value", Effect: node.Pure,
		Doc: "Reads the value at a key or dotted path. A missing value gives the default, or an error when required is set.",
		Examples: []node.Example[getIn, getOut]{
			{Title: "Nested", In: getIn{Map: customer, Path: "address.city"}, Out: getOut{Value: "Bonn", Found: true}},
			{Title: "An item of a list", In: getIn{Map: customer, Path: "tags[-1]"}, Out: getOut{Value: "b", Found: true}},
			{Title: "Missing", In: getIn{Map: customer, Path: "phone", Default: "none"}, Out: getOut{Value: "none"}},
		},
		Run: get,
	})
	node.Register(node.Spec[hasIn, hasOut]{
		Type: "map.has", Title: "Has key", Effect: node.Pure,
		Doc: "Tells whether a map has a key, or all of several. A key whose value is nil counts as there.",
		Examples: []node.Example[hasIn, hasOut]{
			{Title: "One key", In: hasIn{Map: customer, Path: "address.city"}, Out: hasOut{Has: true}},
			{Title: "Several", In: hasIn{Map: customer, Paths: []string{"name", "phone"}}, Out: hasOut{Missing: []string{"phone"}}},
		},
		Run: has,
	})
	node.Register(node.Spec[setIn, mapOut]{
		Type: "map.set", Title: "Set value", Effect: node.Pure,
		Doc: "Returns a new map with a value set at a key or dotted path, or with several set. Missing maps on the way are made.",
		Examples: []node.Example[setIn, mapOut]{
			{Title: "Nested", In: setIn{Map: map[string]any{"a": 1}, Path: "b.c", Value: 2}, Out: mapOut{Map: map[string]any{"a": 1, "b": map[string]any{"c": 2}}}},
			{Title: "Several", In: setIn{Map: map[string]any{}, Values: map[string]any{"x": 1, "list[0]": "first"}}, Out: mapOut{Map: map[string]any{"x": 1, "list": []any{"first"}}}},
		},
		Run: set,
	})
	node.Register(node.Spec[removeIn, removeOut]{
		Type: "map.remove", Title: "Remove keys", Effect: node.Pure,
		Doc:      "Returns a new map without the values at some keys or dotted paths. Keys that are not there are no error.",
		Examples: []node.Example[removeIn, removeOut]{{Title: "Nested", In: removeIn{Map: customer, Paths: []string{"address.city", "tags", "phone"}}, Out: removeOut{Map: map[string]any{"name": "Ann", "address": map[string]any{}}, Removed: 2}}},
		Run:      remove,
	})
	node.Register(node.Spec[renameIn, renameOut]{
		Type: "map.rename", Title: "Rename keys", Effect: node.Pure,
		Doc:      "Returns a new map with some keys renamed. All renames happen at once, so two keys can be swapped; a name that another key already has is an error unless overwrite is set.",
		Examples: []node.Example[renameIn, renameOut]{{Title: "Column names", In: renameIn{Map: map[string]any{"Cust. No": 7, "b": 1}, Names: map[string]string{"Cust. No": "id", "c": "d"}}, Out: renameOut{Map: map[string]any{"id": 7, "b": 1}, Missing: []string{"c"}}}},
		Run:      rename,
	})
}

type getIn struct {
	Map      map[string]any `json:"map" is:"required" doc:"Map to read from."`
	Path     string         `json:"path" is:"required" doc:"Key, or dotted path such as customer.name or items[0]."`
	Default  any            `json:"default" doc:"Result when there is no such value."`
	Required bool           `json:"required" doc:"Fail when there is no such value, rather than give the default."`
}

type getOut struct {
	Value any  `json:"value" doc:"The value, or the default."`
	Found bool `json:"found" doc:"True when there is such a value."`
}

func get(_ context.Context, _ *node.Env, in getIn) (getOut, error) {
	s, err := steps(in.Path)
	if err != nil {
		return getOut{}, err
	}
	if v, ok := dotted.Get(in.Map, s); ok {
		return getOut{Value: v, Found: true}, nil
	}
	if in.Required {
		return getOut{}, node.Failf(node.KindNotFound, "the map has no value at %s", in.Path)
	}
	return getOut{Value: in.Default}, nil
}

type hasIn struct {
	Map   map[string]any `json:"map" is:"required" doc:"Map to look at."`
	Path  string         `json:"path" doc:"Key or dotted path, when paths is empty."`
	Paths []string       `json:"paths" doc:"Several keys or dotted paths, all of which must be there."`
}

type hasOut struct {
	Has     bool     `json:"has" doc:"True when everything asked for is there."`
	Missing []string `json:"missing" doc:"Those that are not there."`
}

func has(_ context.Context, _ *node.Env, in hasIn) (hasOut, error) {
	paths := in.Paths
	if len(paths) == 0 {
		paths = []string{in.Path}
	}
	out := hasOut{Missing: []string{}}
	for _, p := range paths {
		s, err := steps(p)
		if err != nil {
			return out, err
		}
		if _, ok := dotted.Get(in.Map, s); !ok {
			out.Missing = append(out.Missing, p)
		}
	}
	out.Has = len(out.Missing) == 0
	return out, nil
}

type setIn struct {
	Map    map[string]any `json:"map" doc:"Map to start from; empty for a new one."`
	Path   string         `json:"path" doc:"Key or dotted path, when values is empty."`
	Value  any            `json:"value" doc:"Value to set at path."`
	Values map[string]any `json:"values" doc:"Several values by key or dotted path, set in the order of their paths."`
}

func set(_ context.Context, _ *node.Env, in setIn) (mapOut, error) {
	values := in.Values
	if len(values) == 0 {
		values = map[string]any{in.Path: in.Value}
	}
	var root any = map[string]any{}
	if in.Map != nil {
		root = in.Map
	}
	for _, path := range sortedKeys(values) {
		s, err := steps(path)
		if err != nil {
			return mapOut{}, err
		}
		if s[0].Index {
			return mapOut{}, node.Failf(node.KindInput, "the path %s begins with an index, but a map has keys", path)
		}
		if root, err = dotted.Set(root, s, values[path]); err != nil {
			return mapOut{}, node.Fail(node.KindInput, err.Error(), "remove the value in the way first, or choose another path")
		}
	}
	return mapOut{Map: root.(map[string]any)}, nil
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

type removeIn struct {
	Map   map[string]any `json:"map" is:"required" doc:"Map to start from."`
	Paths []string       `json:"paths" is:"required" doc:"Keys or dotted paths to remove, one after the other; after removing an item of a list the later ones move up."`
}

type removeOut struct {
	Map     map[string]any `json:"map" doc:"The map without these values."`
	Removed int            `json:"removed" doc:"How many were there."`
}

func remove(_ context.Context, _ *node.Env, in removeIn) (removeOut, error) {
	var root any = in.Map
	out := removeOut{}
	for _, p := range in.Paths {
		s, err := steps(p)
		if err != nil {
			return out, err
		}
		next, found := dotted.Remove(root, s)
		if found {
			out.Removed++
		}
		root = next
	}
	out.Map = root.(map[string]any)
	return out, nil
}

type renameIn struct {
	Map       map[string]any    `json:"map" is:"required" doc:"Map to start from."`
	Names     map[string]string `json:"names" is:"required" doc:"New name of a key by its present name."`
	Overwrite bool              `json:"overwrite" doc:"Let a renamed key replace another one of the same name."`
}

type renameOut struct {
	Map     map[string]any `json:"map" doc:"The map with the new names."`
	Missing []string       `json:"missing" doc:"Names that the map did not have."`
}

func rename(_ context.Context, _ *node.Env, in renameIn) (renameOut, error) {
	out := renameOut{Map: make(map[string]any, len(in.Map)), Missing: []string{}}
	for k, v := range in.Map {
		if _, moves := in.Names[k]; !moves {
			out.Map[k] = v
		}
	}
	taken := map[string]string{}
	for _, old := range sortedKeys(in.Names) {
		v, ok := in.Map[old]
		if !ok {
			out.Missing = append(out.Missing, old)
			continue
		}
		name := in.Names[old]
		other, twice := taken[name]
		if twice {
			return out, node.Failf(node.KindInput, "%.60q and %.60q would both be named %.60q", other, old, name)
		}
		if _, clash := out.Map[name]; clash && !in.Overwrite {
			return out, node.Fail(node.KindInput, "the map already has a key "+name, "rename or remove that key too, or set overwrite")
		}
		taken[name], out.Map[name] = old, v
	}
	return out, nil
}
