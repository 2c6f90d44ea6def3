package list

import (
	"context"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/table"
	"github.com/aether-rpa/aether/value"
)

func init() {
	node.Register(node.Spec[uniqueIn, uniqueOut]{
		Type: "list.unique", Title: "Remove duplicates", Effect: node.Pure,
		Doc: "Keeps the first of the items that are equal, or equal in a field or expression. Memory grows with the number of different values.",
		Examples: []node.Example[uniqueIn, uniqueOut]{
			{Title: "Values", In: uniqueIn{List: rows(1, "1", 1, 2)}, Out: uniqueOut{List: rows(1, "1", 2), Duplicates: 1}},
			{Title: "By e-mail, any case", In: uniqueIn{List: rows(map[string]any{"mail": "A@x.org"}, map[string]any{"mail": "a@x.org"}), selector: selector{Field: "mail"}, IgnoreCase: true}, Out: uniqueOut{List: rows(map[string]any{"mail": "A@x.org"}), Duplicates: 1}},
		},
		Run: unique,
	})
	node.Register(node.Spec[groupIn, groupOut]{
		Type: "list.group_by", Title: "Group list", Effect: node.Pure,
		Doc: "Puts items with the same value of a field or expression into groups, in the order in which the values first appear. All items are held in memory.",
		Examples: []node.Example[groupIn, groupOut]{{
			Title: "By first letter",
			In:    groupIn{List: []any{"ann", "bob", "al"}, selector: selector{By: node.Expr("{{ item[0:1] }}")}},
			Out: groupOut{
				Groups: []group{{Key: "a", Items: []any{"ann", "al"}, Count: 2}, {Key: "b", Items: []any{"bob"}, Count: 1}},
				Map:    map[string]any{"a": []any{"ann", "al"}, "b": []any{"bob"}},
			},
		}},
		Run: groupBy,
	})
	node.Register(node.Spec[countIn, countOut]{
		Type: "list.count", Title: "Count items", Effect: node.Pure,
		Doc: "Counts the items: all, those for which a condition is true, and how often each value of a field occurs.",
		Examples: []node.Example[countIn, countOut]{
			{Title: "By condition", In: countIn{List: rows(1, 5, 9), Where: node.Expr("{{ item > 3 }}")}, Out: countOut{Count: 2, Values: []valueCount{}}},
			{Title: "By value", In: countIn{List: rows("a", "b", "a"), Each: true}, Out: countOut{Count: 3, Values: []valueCount{{Value: "a", Count: 2}, {Value: "b", Count: 1}}}},
		},
		Run: count,
	})
}

type uniqueIn struct {
	List value.Rows `json:"list" is:"required" doc:"List to clean."`
	selector
	IgnoreCase bool `json:"ignore_case" doc:"Treat upper and lower case text as equal."`
}

type uniqueOut struct {
	List       value.Rows `json:"list" doc:"The items that remain, in their order."`
	Duplicates int        `json:"duplicates" doc:"How many items were left out."`
}

func unique(ctx context.Context, env *node.Env, in uniqueIn) (uniqueOut, error) {
	pick, err := in.of()
	if err != nil {
		return uniqueOut{}, err
	}
	key, seen, dup := keyOf(in.IgnoreCase), map[string]bool{}, 0
	out, err := env.Rows(ctx, func(yield func(any) bool) error {
		i := 0
		for v, err := range in.List.All(ctx) {
			if err != nil {
				return err
			}
			x, err := pick(ctx, v, i)
			if err != nil {
				return err
			}
			i++
			k := key(x)
			if seen[k] {
				dup++
				continue
			}
			if seen[k] = true; !yield(v) {
				return nil
			}
		}
		return nil
	})
	return uniqueOut{List: out, Duplicates: dup}, err
}

type groupIn struct {
	List []any `json:"list" is:"required" doc:"List to group."`
	selector
}

type group struct {
	Key   any   `json:"key" doc:"The value that the items share."`
	Items []any `json:"items" doc:"The items, in their order."`
	Count int   `json:"count" doc:"How many items there are."`
}

type groupOut struct {
	Groups []group        `json:"groups" doc:"The groups, in the order in which their values first appear."`
	Map    map[string]any `json:"map" doc:"The items by the value as text. Values with the same text, such as 1 and \"1\", share an entry."`
}

func groupBy(ctx context.Context, _ *node.Env, in groupIn) (groupOut, error) {
	pick, err := in.of()
	if err != nil {
		return groupOut{}, err
	}
	out := groupOut{Groups: []group{}, Map: map[string]any{}}
	at := map[string]int{}
	for i, v := range in.List {
		if err := alive(ctx, i); err != nil {
			return out, err
		}
		k, err := pick(ctx, v, i)
		if err != nil {
			return out, err
		}
		j, ok := at[table.Key(k)]
		if !ok {
			j = len(out.Groups)
			at[table.Key(k)] = j
			out.Groups = append(out.Groups, group{Key: k})
		}
		g := &out.Groups[j]
		g.Items, g.Count = append(g.Items, v), g.Count+1
	}
	for _, g := range out.Groups {
		name := textOf(g.Key)
		before, _ := out.Map[name].([]any)
		out.Map[name] = append(before[:len(before):len(before)], g.Items...)
	}
	return out, nil
}

type countIn struct {
	List  value.Rows `json:"list" is:"required" doc:"List to count."`
	Where node.Lazy  `json:"where" locals:"item,index" doc:"Count only items for which this is true, for instance {{ item.open }}."`
	Each  bool       `json:"each" doc:"Also count how often each value occurs, the most frequent first."`
	Field string     `json:"field" doc:"Field whose values are counted, with a dotted path; empty for the items themselves." when:"each=true"`
}

type valueCount struct {
	Value any `json:"value" doc:"A value that occurs."`
	Count int `json:"count" doc:"How often it occurs."`
}

type countOut struct {
	Count  int          `json:"count" doc:"How many items there are."`
	Values []valueCount `json:"values" doc:"How often each value occurs, when each is set."`
}

func count(ctx context.Context, _ *node.Env, in countIn) (countOut, error) {
	pick, err := selector{Field: in.Field}.of()
	if err != nil {
		return countOut{}, err
	}
	out, at, i := countOut{Values: []valueCount{}}, map[string]int{}, -1
	for v, err := range in.List.All(ctx) {
		if err != nil {
			return out, err
		}
		i++
		if in.Where.Given() {
			ok, err := in.Where.True(ctx, locals(v, i))
			if err != nil {
				return out, atItem(i, err)
			}
			if !ok {
				continue
			}
		}
		out.Count++
		if !in.Each {
			continue
		}
		x, err := pick(ctx, v, i)
		if err != nil {
			return out, err
		}
		j, ok := at[table.Key(x)]
		if !ok {
			j = len(out.Values)
			at[table.Key(x)] = j
			out.Values = append(out.Values, valueCount{Value: x})
		}
		out.Values[j].Count++
	}
	sortCounts(out.Values)
	return out, nil
}
