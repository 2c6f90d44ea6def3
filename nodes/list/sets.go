package list

import (
	"cmp"
	"context"
	"slices"

	"github.com/aether-rpa/aether/node"
)

func init() {
	register := func(typ, title, doc string, run func(ctx context.Context, in setsIn) (listOut, error), examples ...node.Example[setsIn, listOut]) {
		node.Register(node.Spec[setsIn, listOut]{
			Type: typ, Title: title, Effect: node.Pure, Examples: examples,
			Doc: doc + " Items keep the order of the first list; equal items appear once.",
			Run: func(ctx context.Context, _ *node.Env, in setsIn) (listOut, error) { return run(ctx, in) },
		})
	}
	ab := func(a, b []any) setsIn { return setsIn{A: a, B: b} }
	register("list.intersect", "Items in both lists", "Returns the items that both lists hold.", func(ctx context.Context, in setsIn) (listOut, error) {
		return in.pick(ctx, in.A, in.B, true)
	}, node.Example[setsIn, listOut]{Title: "Common numbers", In: ab([]any{1, 2, 2, 3}, []any{3, 2}), Out: listOut{List: []any{2, 3}}})
	register("list.difference", "Items in the first list only", "Returns the items of the first list that the second does not hold.", func(ctx context.Context, in setsIn) (listOut, error) {
		return in.pick(ctx, in.A, in.B, false)
	}, node.Example[setsIn, listOut]{Title: "Not yet done", In: ab([]any{"a", "b", "c"}, []any{"b"}), Out: listOut{List: []any{"a", "c"}}})
	register("list.union", "Items in either list", "Returns the items that the first or the second list holds.", func(ctx context.Context, in setsIn) (listOut, error) {
		return in.pick(ctx, slices.Concat(in.A, in.B), nil, false)
	}, node.Example[setsIn, listOut]{Title: "Two lists of names", In: ab([]any{"Ann", "Bob"}, []any{"Bob", "Cy"}), Out: listOut{List: []any{"Ann", "Bob", "Cy"}}})

	row := func(id int, n string) map[string]any { return map[string]any{"id": id, "name": n} }
	node.Register(node.Spec[compareIn, compareOut]{
		Type: "list.compare", Title: "Compare lists", Effect: node.Pure,
		Doc: "Finds what was added, removed, changed and kept between two lists. With a field, items with the same value in that field are the same item and may have changed; without one, items are compared whole and counted: the second of two equal items needs a second partner.",
		Examples: []node.Example[compareIn, compareOut]{
			{Title: "Whole items", In: compareIn{A: []any{1, 1, 2}, B: []any{1, 3}}, Out: compareOut{Added: []any{3}, Removed: []any{1, 2}, Same: []any{1}}},
			{
				Title: "Records by id", In: compareIn{A: []any{row(1, "Ann"), row(2, "Bob")}, B: []any{row(2, "Rob")}, Field: "id"},
				Out: compareOut{Removed: []any{row(1, "Ann")}, Changed: []change{{Key: 2, Before: row(2, "Bob"), After: row(2, "Rob")}}},
			},
		},
		Run: compare,
	})
}

type setsIn struct {
	A          []any  `json:"a" is:"required" doc:"First list."`
	B          []any  `json:"b" is:"required" doc:"Second list."`
	Field      string `json:"field" doc:"Field to compare by, with a dotted path; empty for whole items."`
	IgnoreCase bool   `json:"ignore_case" doc:"Treat upper and lower case text as equal."`
}

func (in setsIn) keys(ctx context.Context, items []any) ([]string, error) {
	pick, err := selector{Field: in.Field}.of()
	if err != nil {
		return nil, err
	}
	key, out := keyOf(in.IgnoreCase), make([]string, len(items))
	for i, v := range items {
		if err := alive(ctx, i); err != nil {
			return nil, err
		}
		x, _ := pick(ctx, v, i)
		out[i] = key(x)
	}
	return out, nil
}

// pick returns the distinct items of from that are in other, or are not.
func (in setsIn) pick(ctx context.Context, from, other []any, inOther bool) (listOut, error) {
	keys, err := in.keys(ctx, other)
	if err != nil {
		return listOut{}, err
	}
	has := make(map[string]bool, len(keys))
	for _, k := range keys {
		has[k] = true
	}
	if keys, err = in.keys(ctx, from); err != nil {
		return listOut{}, err
	}
	out, seen := listOut{List: []any{}}, map[string]bool{}
	for i, k := range keys {
		if has[k] == inOther && !seen[k] {
			seen[k] = true
			out.List = append(out.List, from[i])
		}
	}
	return out, nil
}

type compareIn struct {
	A          []any  `json:"a" is:"required" doc:"List before."`
	B          []any  `json:"b" is:"required" doc:"List after."`
	Field      string `json:"field" doc:"Field that identifies an item, with a dotted path; empty to compare whole items."`
	IgnoreCase bool   `json:"ignore_case" doc:"Treat upper and lower case as equal when items are matched."`
}

type change struct {
	Key    any `json:"key" doc:"Value of the field that identifies the item."`
	Before any `json:"before" doc:"The item in the first list."`
	After  any `json:"after" doc:"The item in the second list."`
}

type compareOut struct {
	Equal     bool     `json:"equal" doc:"The lists hold the same items, in whatever order."`
	SameOrder bool     `json:"same_order" doc:"The lists are equal item by item."`
	Added     []any    `json:"added" doc:"Items of the second list only."`
	Removed   []any    `json:"removed" doc:"Items of the first list only."`
	Changed   []change `json:"changed" doc:"Items of both lists that differ, when field is set."`
	Same      []any    `json:"same" doc:"Items of both lists that are equal, as in the first list."`
}

func compare(ctx context.Context, _ *node.Env, in compareIn) (compareOut, error) {
	by := setsIn{Field: in.Field, IgnoreCase: in.IgnoreCase}
	keysA, err := by.keys(ctx, in.A)
	if err != nil {
		return compareOut{}, err
	}
	keysB, err := by.keys(ctx, in.B)
	if err != nil {
		return compareOut{}, err
	}
	out := compareOut{Added: []any{}, Removed: []any{}, Changed: []change{}, Same: []any{}}
	waiting := map[string][]int{}
	for i, k := range keysB {
		waiting[k] = append(waiting[k], i)
	}
	whole := keyOf(in.IgnoreCase)
	pick, _ := selector{Field: in.Field}.of()
	taken := make([]bool, len(in.B))
	for i, k := range keysA {
		if len(waiting[k]) == 0 {
			out.Removed = append(out.Removed, in.A[i])
			continue
		}
		j := waiting[k][0]
		waiting[k], taken[j] = waiting[k][1:], true
		if whole(in.A[i]) == whole(in.B[j]) {
			out.Same = append(out.Same, in.A[i])
			continue
		}
		id, _ := pick(ctx, in.A[i], i)
		out.Changed = append(out.Changed, change{Key: id, Before: in.A[i], After: in.B[j]})
	}
	for j, v := range in.B {
		if !taken[j] {
			out.Added = append(out.Added, v)
		}
	}
	out.Equal = len(out.Added)+len(out.Removed)+len(out.Changed) == 0
	out.SameOrder = out.Equal && slices.Equal(keysA, keysB)
	return out, nil
}

func sortCounts(counts []valueCount) {
	slices.SortStableFunc(counts, func(a, b valueCount) int { return cmp.Compare(b.Count, a.Count) })
}
