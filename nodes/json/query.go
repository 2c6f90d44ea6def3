package json

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"

	"github.com/ohler55/ojg/jp"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/nodes/map/dotted"
)

func init() {
	shop := map[string]any{"books": []any{
		map[string]any{"title": "A", "price": 8},
		map[string]any{"title": "B", "price": 12.5},
	}}
	node.Register(node.Spec[queryIn, queryOut]{
		Type: "json.query", Title: "Query with JSONPath", Effect: node.Pure,
		Doc: "Finds values by JSONPath, such as $.books[?(@.price < 10)].title or $..id. Nothing found is no error. With *, .. and filters the values come in the order of the document, keys in alphabetical order. At most 100,000 values are found.",
		Examples: []node.Example[queryIn, queryOut]{
			{Title: "A filter", In: queryIn{Value: shop, Path: "$.books[?(@.price < 10)].title"}, Out: queryOut{Values: []any{"A"}, First: "A", Count: 1, Found: true, Paths: []string{"/books/0/title"}}},
			{Title: "At any depth", In: queryIn{Value: shop, Path: "$..price"}, Out: queryOut{Values: []any{8, 12.5}, First: 8, Count: 2, Found: true, Paths: []string{"/books/0/price", "/books/1/price"}}},
		},
		Run: query,
	})
}

type queryIn struct {
	Value any    `json:"value" is:"required" doc:"Value to search."`
	Path  string `json:"path" is:"required" doc:"JSONPath."`
}

type queryOut struct {
	Values []any    `json:"values" doc:"The values found."`
	First  any      `json:"first" doc:"The first of them, or nil."`
	Count  int      `json:"count" doc:"How many were found."`
	Found  bool     `json:"found" doc:"True when there is at least one."`
	Paths  []string `json:"paths" doc:"Where each value is, as a JSON Pointer for json.set and json.delete."`
}

const (
	maxFound = 100_000
	maxPath  = 4096
)

func query(_ context.Context, _ *node.Env, in queryIn) (out queryOut, err error) {
	if len(in.Path) > maxPath {
		return out, node.Failf(node.KindInput, "the JSONPath is longer than %d bytes", maxPath)
	}
	// The library panics on some scripts; a flow must only see a failure.
	defer func() {
		if r := recover(); r != nil {
			out, err = queryOut{}, node.Fail(node.KindInput, fmt.Sprintf("the JSONPath could not be evaluated: %v", r), "simplify the filter")
		}
	}()
	x, err := jp.ParseString(in.Path)
	if err != nil {
		return out, node.Fail(node.KindInput, fmt.Sprintf("%.80q is not a JSONPath: %v", in.Path, err), "write something like $.items[?(@.total > 5)].name")
	}
	if len(x) == 0 {
		return out, node.Fail(node.KindInput, "the JSONPath is empty", "write $ for the whole value")
	}
	found := x.Locate(in.Value, maxFound+1)
	if _, root := x[0].(jp.Root); root && len(x) == 1 {
		found = []jp.Expr{x} // the library finds nothing in scalars
	}
	if len(found) > maxFound {
		return out, node.Failf(node.KindInput, "the JSONPath finds more than %d values", maxFound)
	}
	if slices.ContainsFunc(x, unordered) {
		slices.SortFunc(found, documentOrder)
	}
	out = queryOut{Values: []any{}, Paths: []string{}, Count: len(found), Found: len(found) > 0}
	for _, at := range found {
		pointer, steps := "", []dotted.Step{}
		for _, f := range at {
			switch k := f.(type) {
			case jp.Child:
				pointer, steps = pointerTo(pointer, string(k)), append(steps, dotted.Step{Key: string(k)})
			case jp.Nth:
				pointer, steps = pointerTo(pointer, strconv.Itoa(int(k))), append(steps, dotted.Step{Key: strconv.Itoa(int(k)), Index: true})
			}
		}
		v, _ := dotted.Get(in.Value, steps)
		out.Values, out.Paths = append(out.Values, v), append(out.Paths, pointer)
	}
	if out.Found {
		out.First = out.Values[0]
	}
	return out, nil
}

// unordered reports whether the library walks maps in no order for a part of a
// path, which a pure node must not show.
func unordered(f jp.Frag) bool {
	switch f.(type) {
	case jp.Descent, jp.Wildcard, *jp.Filter:
		return true
	}
	return false
}

func documentOrder(a, b jp.Expr) int {
	return slices.CompareFunc(a, b, func(f, g jp.Frag) int {
		switch x := f.(type) {
		case jp.Nth:
			if y, ok := g.(jp.Nth); ok {
				return cmp.Compare(x, y)
			}
		case jp.Child:
			if y, ok := g.(jp.Child); ok {
				return cmp.Compare(x, y)
			}
		}
		return 0
	})
}
