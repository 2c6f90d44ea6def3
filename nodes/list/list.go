// Package list holds the nodes that work on lists. Nodes that look at one item
// after the other take lists larger than memory; those that need all items at
// once (sort, reverse, insert) hold the list in memory and say so by their
// param type. No node changes the list it is given.
package list

import (
	"context"
	"fmt"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/nodes/map/dotted"
	"github.com/aether-rpa/aether/value"
)

func init() {
	node.RegisterFamily(node.Family{Name: "list", Title: "Lists", Doc: "Build, search, sort and reshape lists."})
}

// listOut is the output of nodes that give one list in memory.
type listOut struct {
	List []any `json:"list" doc:"The new list."`
}

// rowsOut is the output of nodes that give a list of any size.
type rowsOut struct {
	List value.Rows `json:"list" doc:"The new list."`
}

func rows(items ...any) value.Rows { return value.RowsOf(items) }

// position resolves an index that may be negative, counted from the end.
func position(index, n int) (int, error) {
	i := index
	if i < 0 {
		i += n
	}
	if i < 0 || i >= n {
		return 0, node.Fail(node.KindInput, fmt.Sprintf("the list has %d items, so there is no item %d", n, index), "items count from 0; -1 is the last")
	}
	return i, nil
}

// atItem says at which item a failure happened. A failed expression counts as
// wrong input: trying again cannot help.
func atItem(i int, err error) error {
	f := node.AsFailure(err)
	c := *f
	c.Message = fmt.Sprintf("item %d: %s", i, f.Message)
	if c.Kind == node.KindError {
		c.Kind, c.Permanent = node.KindInput, true
	}
	return &c
}

func locals(item any, index int) map[string]any {
	return map[string]any{"item": item, "index": index}
}

// selector picks the part of an item that a node looks at: by an expression,
// by a field, or the item itself.
type selector struct {
	Field string    `json:"field" doc:"Field of each item to look at, with a dotted path such as customer.name; empty for the item itself."`
	By    node.Lazy `json:"by" locals:"item,index" doc:"Expression to look at instead of a field, for instance {{ lower(item.name) }}."`
}

// of returns a function that picks from an item.
func (s selector) of() (func(ctx context.Context, item any, index int) (any, error), error) {
	if s.By.Given() {
		return func(ctx context.Context, item any, index int) (any, error) {
			v, err := s.By.Eval(ctx, locals(item, index))
			if err != nil {
				return nil, atItem(index, err)
			}
			return v, nil
		}, nil
	}
	steps, err := dotted.Parse(s.Field)
	if err != nil {
		return nil, node.Fail(node.KindInput, err.Error(), `write a path such as customer.name, items[0] or ["odd.name"]`)
	}
	return func(_ context.Context, item any, _ int) (any, error) {
		v, _ := dotted.Get(item, steps)
		return v, nil
	}, nil
}

// alive fails when ctx has ended; it looks at every 1024th item only.
func alive(ctx context.Context, i int) error {
	if i%1024 != 0 {
		return nil
	}
	return ctx.Err()
}
