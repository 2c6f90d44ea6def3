package list

import (
	"context"
	"strings"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/table"
	"github.com/aether-rpa/aether/value"
)

func init() {
	node.Register(node.Spec[findIn, findOut]{
		Type: "list.find", Title: "Find item", Effect: node.Pure,
		Doc: "Finds the first item that equals a value or for which a condition is true. Nothing found is no error: look at found.",
		Examples: []node.Example[findIn, findOut]{
			{Title: "A customer", In: findIn{List: rows(map[string]any{"id": 1}, map[string]any{"id": 2}), Where: node.Expr("{{ item.id == 2 }}")}, Out: findOut{Item: map[string]any{"id": 2}, Index: 1, Found: true}},
			{Title: "The last match", In: findIn{List: rows(1, 2, 3), Where: node.Expr("{{ item < 3 }}"), Last: true}, Out: findOut{Item: 2, Index: 1, Found: true}},
		},
		Run: find,
	})
	node.Register(node.Spec[findIn, indexOut]{
		Type: "list.find_index", Title: "Find position", Effect: node.Pure,
		Doc: "Finds the position of the first item that equals a value or for which a condition is true; -1 when there is none.",
		Examples: []node.Example[findIn, indexOut]{
			{Title: "By value", In: findIn{List: rows("a", "b"), Value: "b"}, Out: indexOut{Index: 1, Found: true}},
			{Title: "Not there", In: findIn{List: rows("a"), Value: "A"}, Out: indexOut{Index: -1}},
		},
		Run: func(ctx context.Context, env *node.Env, in findIn) (indexOut, error) {
			f, err := find(ctx, env, in)
			return indexOut{Index: f.Index, Found: f.Found}, err
		},
	})
	node.Register(node.Spec[containsIn, containsOut]{
		Type: "list.contains", Title: "Contains item", Effect: node.Pure,
		Doc: "Tells whether a list holds a value, or several.",
		Examples: []node.Example[containsIn, containsOut]{
			{Title: "One value", In: containsIn{List: rows(1, 2), Value: 2.0}, Out: containsOut{Contains: true}},
			{Title: "All of several, any case", In: containsIn{List: rows("Ann", "Bob"), Values: []any{"ann", "BOB", "Cy"}, IgnoreCase: true}, Out: containsOut{Missing: []any{"Cy"}}},
		},
		Run: contains,
	})
}

type findIn struct {
	List  value.Rows `json:"list" is:"required" doc:"List to search."`
	Value any        `json:"value" doc:"Value to find, when where is not given."`
	Where node.Lazy  `json:"where" locals:"item,index" doc:"Condition, for instance {{ item.id == 7 }}."`
	Last  bool       `json:"last" doc:"Find the last match rather than the first."`
}

type findOut struct {
	Item  any  `json:"item" doc:"The item found, or nil."`
	Index int  `json:"index" doc:"Its position, or -1."`
	Found bool `json:"found" doc:"True when there is one."`
}

type indexOut struct {
	Index int  `json:"index" doc:"The position, or -1."`
	Found bool `json:"found" doc:"True when there is such an item."`
}

func find(ctx context.Context, _ *node.Env, in findIn) (findOut, error) {
	out, i := findOut{Index: -1}, 0
	for v, err := range in.List.All(ctx) {
		if err != nil {
			return out, err
		}
		ok := false
		if in.Where.Given() {
			if ok, err = in.Where.True(ctx, locals(v, i)); err != nil {
				return out, atItem(i, err)
			}
		} else {
			ok = value.Equal(v, in.Value)
		}
		if ok {
			if out = (findOut{Item: v, Index: i, Found: true}); !in.Last {
				return out, nil
			}
		}
		i++
	}
	return out, nil
}

type containsIn struct {
	List       value.Rows `json:"list" is:"required" doc:"List to search."`
	Value      any        `json:"value" doc:"Value to find, when values is empty."`
	Values     []any      `json:"values" doc:"Several values, all of which must be there."`
	IgnoreCase bool       `json:"ignore_case" doc:"Treat upper and lower case text as equal."`
}

type containsOut struct {
	Contains bool  `json:"contains" doc:"True when everything asked for is in the list."`
	Missing  []any `json:"missing" doc:"Those of the values that are not in the list."`
}

func contains(ctx context.Context, _ *node.Env, in containsIn) (containsOut, error) {
	key := keyOf(in.IgnoreCase)
	want := in.Values
	if len(want) == 0 {
		want = []any{in.Value}
	}
	left := map[string]bool{}
	for _, v := range want {
		left[key(v)] = true
	}
	for v, err := range in.List.All(ctx) {
		if err != nil {
			return containsOut{}, err
		}
		if delete(left, key(v)); len(left) == 0 {
			break
		}
	}
	out := containsOut{Contains: len(left) == 0, Missing: []any{}}
	for _, v := range in.Values {
		if left[key(v)] {
			out.Missing = append(out.Missing, v)
		}
	}
	return out, nil
}

func keyOf(ignoreCase bool) func(any) string {
	return func(v any) string {
		if s, ok := v.(string); ok && ignoreCase {
			v = strings.ToLower(s)
		}
		return table.Key(v)
	}
}
