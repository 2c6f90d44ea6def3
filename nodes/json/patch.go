package json

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/nodes/map/dotted"
	"github.com/aether-rpa/aether/value"
)

func init() {
	node.Register(node.Spec[patchIn, valueOut]{
		Type: "json.patch", Title: "Apply JSON Patch", Effect: node.Pure,
		Doc: "Applies a JSON Patch (RFC 6902): a list of operations add, remove, replace, move, copy and test. When one operation fails the node fails, and nothing is changed.",
		Examples: []node.Example[patchIn, valueOut]{
			{
				Title: "Replace and add", In: patchIn{Value: map[string]any{"a": 1, "l": []any{1, 3}}, Patch: []operation{{Op: "replace", Path: "/a", Value: 2}, {Op: "add", Path: "/l/1", Value: 2}}},
				Out: valueOut{Value: map[string]any{"a": 2, "l": []any{1, 2, 3}}},
			},
			{Title: "Move", In: patchIn{Value: map[string]any{"old": 1}, Patch: []operation{{Op: "test", Path: "/old", Value: 1}, {Op: "move", From: "/old", Path: "/new"}}}, Out: valueOut{Value: map[string]any{"new": 1}}},
		},
		Run: patch,
	})
	node.Register(node.Spec[mergePatchIn, valueOut]{
		Type: "json.merge_patch", Title: "Apply merge patch", Effect: node.Pure,
		Doc:      "Applies a JSON Merge Patch (RFC 7396): maps are merged, nil removes a key, all else replaces. A value cannot be set to nil with it.",
		Examples: []node.Example[mergePatchIn, valueOut]{{Title: "Change and remove", In: mergePatchIn{Value: map[string]any{"a": 1, "b": map[string]any{"x": 1, "y": 2}}, Patch: map[string]any{"a": nil, "b": map[string]any{"y": 3}}}, Out: valueOut{Value: map[string]any{"b": map[string]any{"x": 1, "y": 3}}}}},
		Run: func(_ context.Context, _ *node.Env, in mergePatchIn) (valueOut, error) {
			return valueOut{Value: mergePatch(in.Value, in.Patch)}, nil
		},
	})
}

type operation struct {
	Op    string `json:"op" is:"required" enum:"add,remove,replace,move,copy,test" doc:"What to do."`
	Path  string `json:"path" is:"required" doc:"JSON Pointer to the place."`
	From  string `json:"from" doc:"JSON Pointer to the source, for move and copy."`
	Value any    `json:"value" doc:"Value, for add, replace and test."`
}

type patchIn struct {
	Value any         `json:"value" is:"required" doc:"Value to start from."`
	Patch []operation `json:"patch" is:"required" doc:"Operations, applied in order."`
}

func patch(_ context.Context, _ *node.Env, in patchIn) (valueOut, error) {
	v := in.Value
	for i, op := range in.Patch {
		next, err := op.apply(v)
		if err != nil {
			return valueOut{}, node.Fail(node.KindInput, fmt.Sprintf("operation %d (%s %s): %v", i, op.Op, op.Path, err), "check the path against the value; json.diff makes patches that fit")
		}
		v = next
	}
	return valueOut{Value: v}, nil
}

func (op operation) apply(v any) (any, error) {
	path, err := parsePointer(op.Path)
	if err != nil {
		return nil, err
	}
	switch op.Op {
	case "add":
		return add(v, path, op.Value)
	case "remove":
		return removeAt(v, path)
	case "replace":
		if _, err := lookup(v, path); err != nil {
			return nil, err
		}
		return dotted.Set(v, path, op.Value)
	case "test":
		got, err := lookup(v, path)
		if err != nil {
			return nil, err
		}
		if !value.Equal(got, op.Value) {
			return nil, fmt.Errorf("the value there is a different one")
		}
		return v, nil
	}
	from, err := parsePointer(op.From)
	if err != nil {
		return nil, err
	}
	x, err := lookup(v, from)
	if err != nil {
		return nil, err
	}
	if op.Op == "copy" {
		return add(v, path, x)
	}
	if strings.HasPrefix(op.Path, op.From+"/") {
		return nil, fmt.Errorf("a value cannot be moved into itself")
	}
	if v, err = removeAt(v, from); err != nil {
		return nil, err
	}
	return add(v, path, x)
}

// lookup returns the value at a pointer; unlike dotted.Get it knows no negative
// indexes.
func lookup(v any, path []dotted.Step) (any, error) {
	for i, s := range path {
		ok := false
		switch x := v.(type) {
		case map[string]any:
			v, ok = x[s.Key]
		case []any:
			var j int
			if j, ok = arrayIndex(s.Key, len(x)); ok {
				v = x[j]
			}
		}
		if !ok {
			return nil, fmt.Errorf("there is nothing at %s", pointerOf(path[:i+1]))
		}
	}
	return v, nil
}

func pointerOf(path []dotted.Step) string {
	p := ""
	for _, s := range path {
		p = pointerTo(p, s.Key)
	}
	return p
}

func add(v any, path []dotted.Step, x any) (any, error) {
	if len(path) == 0 {
		return x, nil
	}
	parent, last := path[:len(path)-1], path[len(path)-1].Key
	p, err := lookup(v, parent)
	if err != nil {
		return nil, err
	}
	switch c := p.(type) {
	case map[string]any:
		return dotted.Set(v, path, x)
	case []any:
		i := len(c)
		if last != "-" {
			var ok bool
			if i, ok = arrayIndex(last, len(c)+1); !ok {
				return nil, fmt.Errorf("%q is not an index of a list of %d items", last, len(c))
			}
		}
		return dotted.Set(v, parent, slices.Concat(c[:i], []any{x}, c[i:]))
	}
	return nil, fmt.Errorf("the value at %s is neither a map nor a list", pointerOf(parent))
}

func removeAt(v any, path []dotted.Step) (any, error) {
	if _, err := lookup(v, path); err != nil {
		return nil, err
	}
	out, _ := dotted.Remove(v, path)
	return out, nil
}

type mergePatchIn struct {
	Value any `json:"value" doc:"Value to start from."`
	Patch any `json:"patch" doc:"Merge patch."`
}

func mergePatch(v, patch any) any {
	p, ok := patch.(map[string]any)
	if !ok {
		return patch
	}
	old, _ := v.(map[string]any)
	out := maps.Clone(old)
	if out == nil {
		out = map[string]any{}
	}
	for k, x := range p {
		if x == nil {
			delete(out, k)
		} else {
			out[k] = mergePatch(out[k], x)
		}
	}
	return out
}
