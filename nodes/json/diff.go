package json

import (
	"context"
	"maps"
	"slices"
	"strconv"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/value"
)

func init() {
	node.Register(node.Spec[diffIn, diffOut]{
		Type: "json.diff", Title: "Compare JSON values", Effect: node.Pure,
		Doc: "Finds the JSON Patch (RFC 6902) that turns one value into another, and a merge patch (RFC 7396) where one exists. Lists are compared from both ends, so that an item inserted or removed is one operation.",
		Examples: []node.Example[diffIn, diffOut]{
			{
				Title: "A changed record", In: diffIn{A: map[string]any{"n": 1, "old": true}, B: map[string]any{"n": 2}},
				Out: diffOut{Patch: []any{map[string]any{"op": "replace", "path": "/n", "value": 2}, map[string]any{"op": "remove", "path": "/old"}}, MergePatch: map[string]any{"n": 2, "old": nil}, Count: 2},
			},
			{
				Title: "An item inserted", In: diffIn{A: []any{1, 3}, B: []any{1, 2, 3}},
				Out: diffOut{Patch: []any{map[string]any{"op": "add", "path": "/1", "value": 2}}, MergePatch: []any{1, 2, 3}, Count: 1},
			},
		},
		Run: func(_ context.Context, _ *node.Env, in diffIn) (diffOut, error) {
			out := diffOut{Patch: []any{}, Equal: value.Equal(in.A, in.B)}
			out.compare("", in.A, in.B)
			out.Count = len(out.Patch)
			out.MergePatch = mergeDiff(in.A, in.B)
			return out, nil
		},
	})
}

type diffIn struct {
	A any `json:"a" doc:"Value before."`
	B any `json:"b" doc:"Value after."`
}

type diffOut struct {
	Equal      bool  `json:"equal" doc:"The values are equal."`
	Patch      []any `json:"patch" doc:"Operations for json.patch."`
	MergePatch any   `json:"merge_patch" doc:"Patch for json.merge_patch; it cannot set anything to nil, so nils in the second value are lost."`
	Count      int   `json:"count" doc:"How many operations there are."`
}

func (d *diffOut) op(op, path string, v any) {
	m := map[string]any{"op": op, "path": path}
	if op != "remove" {
		m["value"] = v
	}
	d.Patch = append(d.Patch, m)
}

func (d *diffOut) compare(at string, a, b any) {
	if value.Equal(a, b) {
		return
	}
	switch x := a.(type) {
	case map[string]any:
		if y, ok := b.(map[string]any); ok {
			d.compareMaps(at, x, y)
			return
		}
	case []any:
		if y, ok := b.([]any); ok {
			d.compareLists(at, x, y)
			return
		}
	}
	d.op("replace", at, b)
}

func (d *diffOut) compareMaps(at string, a, b map[string]any) {
	for _, k := range slices.Sorted(maps.Keys(a)) {
		if y, ok := b[k]; ok {
			d.compare(pointerTo(at, k), a[k], y)
		} else {
			d.op("remove", pointerTo(at, k), nil)
		}
	}
	for _, k := range slices.Sorted(maps.Keys(b)) {
		if _, ok := a[k]; !ok {
			d.op("add", pointerTo(at, k), b[k])
		}
	}
}

// compareLists leaves equal items at both ends alone, compares those between
// one by one, and adds or removes the rest.
func (d *diffOut) compareLists(at string, a, b []any) {
	start, endA, endB := 0, len(a), len(b)
	for start < endA && start < endB && value.Equal(a[start], b[start]) {
		start++
	}
	for endA > start && endB > start && value.Equal(a[endA-1], b[endB-1]) {
		endA, endB = endA-1, endB-1
	}
	both := min(endA, endB)
	for i := start; i < both; i++ {
		d.compare(pointerTo(at, strconv.Itoa(i)), a[i], b[i])
	}
	for i := endA - 1; i >= both; i-- {
		d.op("remove", pointerTo(at, strconv.Itoa(i)), nil)
	}
	for i := both; i < endB; i++ {
		d.op("add", pointerTo(at, strconv.Itoa(i)), b[i])
	}
}

func mergeDiff(a, b any) any {
	x, isMap := a.(map[string]any)
	y, bothMaps := b.(map[string]any)
	if !isMap || !bothMaps {
		return b
	}
	out := map[string]any{}
	for k := range x {
		if _, ok := y[k]; !ok {
			out[k] = nil
		}
	}
	for k, v := range y {
		if old, ok := x[k]; !ok || !value.Equal(old, v) {
			out[k] = mergeDiff(old, v)
		}
	}
	return out
}
