package list

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/nodes/list/order"
	"github.com/aether-rpa/aether/nodes/map/dotted"
	"github.com/aether-rpa/aether/nodes/math/exact"
	"github.com/aether-rpa/aether/table"
)

func init() {
	item := func(n string, v int) map[string]any { return map[string]any{"name": n, "v": v} }
	node.Register(node.Spec[sortIn, listOut]{
		Type: "list.sort", Title: "Sort list", Effect: node.Pure,
		Doc: "Sorts a list by the items themselves, by a field, by several fields, or by an expression. Items that compare equal keep their order. Values of different kinds sort as nil, false, true, numbers, text, lists, maps; the list is held in memory.",
		Examples: []node.Example[sortIn, listOut]{
			{Title: "File names", In: sortIn{List: []any{"file10", "file2", "File1"}, As: "natural", IgnoreCase: true}, Out: listOut{List: []any{"File1", "file2", "file10"}}},
			{Title: "By field, largest first", In: sortIn{List: []any{item("a", 1), item("b", 3)}, selector: selector{Field: "v"}, Direction: "desc"}, Out: listOut{List: []any{item("b", 3), item("a", 1)}}},
			{Title: "By two fields", In: sortIn{List: []any{item("b", 1), item("a", 1), item("c", 2)}, Keys: []sortKey{{Field: "v", Direction: "desc"}, {Field: "name"}}}, Out: listOut{List: []any{item("c", 2), item("a", 1), item("b", 1)}}},
		},
		Run: sortList,
	})
}

type sortIn struct {
	List []any `json:"list" is:"required" doc:"List to sort."`
	selector
	Direction  string    `json:"direction" default:"asc" enum:"asc,desc" doc:"Smallest first, or largest first."`
	As         string    `json:"as" default:"auto" enum:"auto,text,natural,number" doc:"How values compare: auto by their kind, text by code point, natural with numbers inside of text by value (file2 before file10), number by numeric value, also of numeric text."`
	IgnoreCase bool      `json:"ignore_case" doc:"Treat upper and lower case text as equal."`
	Nulls      string    `json:"nulls" default:"last" enum:"first,last" doc:"Where nil and missing fields go, in either direction."`
	Keys       []sortKey `json:"keys" doc:"Several fields to sort by, the most important first, instead of field and by."`
}

type sortKey struct {
	Field      string `json:"field" is:"required" doc:"Field, with a dotted path."`
	Direction  string `json:"direction" default:"asc" enum:"asc,desc" doc:"Smallest first, or largest first."`
	As         string `json:"as" default:"auto" enum:"auto,text,natural,number" doc:"How values compare."`
	IgnoreCase bool   `json:"ignore_case" doc:"Treat upper and lower case text as equal."`
}

// sortable is an item with what it is sorted by.
type sortable struct {
	item any
	keys []any
}

func sortList(ctx context.Context, _ *node.Env, in sortIn) (listOut, error) {
	all, err := in.sortables(ctx)
	if err != nil {
		return listOut{}, err
	}
	keys := in.Keys
	if len(keys) == 0 {
		keys = []sortKey{{Direction: in.Direction, As: in.As, IgnoreCase: in.IgnoreCase}}
	}
	compares := 0
	slices.SortStableFunc(all, func(a, b sortable) int {
		if compares++; compares%4096 == 0 && err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return 0
		}
		for i, k := range keys {
			if c := k.compare(a.keys[i], b.keys[i], in.Nulls); c != 0 {
				return c
			}
		}
		return 0
	})
	out := make([]any, len(all))
	for i, s := range all {
		out[i] = s.item
	}
	return listOut{List: out}, err
}

// sortables picks and converts the keys of every item once.
func (in sortIn) sortables(ctx context.Context) ([]sortable, error) {
	pick, err := in.of()
	if err != nil {
		return nil, err
	}
	paths := make([][]dotted.Step, len(in.Keys))
	for i, k := range in.Keys {
		if paths[i], err = dotted.Parse(k.Field); err != nil {
			return nil, node.Fail(node.KindInput, err.Error(), "")
		}
	}
	single := sortKey{As: in.As, IgnoreCase: in.IgnoreCase}
	all := make([]sortable, len(in.List))
	for i, item := range in.List {
		if err := alive(ctx, i); err != nil {
			return nil, err
		}
		s := sortable{item: item, keys: make([]any, 0, max(1, len(paths)))}
		if len(paths) == 0 {
			v, err := pick(ctx, item, i)
			if err == nil {
				v, err = single.prepare(v, i)
			}
			if err != nil {
				return nil, err
			}
			s.keys = append(s.keys, v)
		}
		for j, p := range paths {
			v, _ := dotted.Get(item, p)
			if v, err = in.Keys[j].prepare(v, i); err != nil {
				return nil, err
			}
			s.keys = append(s.keys, v)
		}
		all[i] = s
	}
	return all, nil
}

// prepare converts a value to what is compared.
func (k sortKey) prepare(v any, i int) (any, error) {
	if v == nil {
		return nil, nil
	}
	switch k.As {
	case "number":
		if v == "" {
			return nil, nil
		}
		d, err := exact.Of(v)
		if err != nil {
			return nil, node.Fail(node.KindInput, fmt.Sprintf("item %d: %v", i, err), "sort as natural or text, or clean the values first")
		}
		if n, err := exact.Number(d); err == nil {
			v = n
		}
	case "text", "natural":
		v = textOf(v)
	}
	if s, ok := v.(string); ok && k.IgnoreCase {
		v = strings.ToLower(s)
	}
	return v, nil
}

func (k sortKey) compare(a, b any, nulls string) int {
	if a == nil || b == nil {
		c := cmp.Compare(table.Compare(a, b), 0)
		if nulls != "first" {
			c = -c
		}
		return c
	}
	c := 0
	x, isText := a.(string)
	y, bothText := b.(string)
	if k.As == "natural" && isText && bothText {
		c = order.Natural(x, y)
	} else {
		c = table.Compare(a, b)
	}
	if k.Direction == "desc" {
		c = -c
	}
	return c
}
