// Package variable holds the nodes that set and change variables of a run.
package variable

import (
	"context"
	"fmt"
	"regexp"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/value"
)

var nameRE = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]{0,63}$`)

func checkName(name string) error {
	if name != "" && !nameRE.MatchString(name) {
		return fmt.Errorf("%q cannot be the name of a variable: use letters, digits and _, and begin with a letter", name)
	}
	return nil
}

func init() {
	node.RegisterFamily(node.Family{Name: "var", Title: "Variables", Doc: "Set and change variables, which expressions read as vars.<name>."})
	node.RegisterControl(node.Control[setIn, anyOut]{
		Type:  "var.set",
		Title: "Set variable",
		Doc:   "Sets one variable, or several at once with values. Variables need not be declared, but a first value in the flow's vars shows readers that they exist.",
		Check: func(in setIn) error { return checkName(in.Name) },
		Route: func(_ context.Context, in setIn) (node.Move, error) {
			set := in.Values
			if in.Name != "" {
				set = make(map[string]any, len(in.Values)+1)
				for k, v := range in.Values {
					set[k] = v
				}
				set[in.Name] = in.Value
			}
			for k := range in.Values {
				if err := checkName(k); err != nil {
					return nil, node.Fail(node.KindInput, err.Error(), "")
				}
			}
			return node.Assign{Update: func(func(string) (any, error)) (map[string]any, error) { return set, nil }}, nil
		},
		YAML: "- {id: start, type: var.set, params: {values: {total: 0, page: 1}}}",
	})
	update("var.increment", "Increment variable", "Adds a number to a variable; a variable that is not set counts as 0.", func(old any, in incrementIn) (any, error) {
		switch x := old.(type) {
		case nil:
			return in.By, nil
		case int:
			return float64(x) + in.By, nil
		case float64:
			return x + in.By, nil
		}
		return nil, notA(in.Name, "a number", old)
	}, func(in incrementIn) string { return in.Name }, "- {id: count, type: var.increment, params: {name: total, by: '{{ loop.item.amount }}'}}")
	update("var.append", "Append to variable", "Adds an item to the end of a list in a variable; a variable that is not set counts as an empty list.", func(old any, in appendIn) (any, error) {
		l, ok := old.([]any)
		if old != nil && !ok {
			return nil, notA(in.Name, "a list", old)
		}
		out := make([]any, 0, len(l)+1)
		return append(append(out, l...), in.Item), nil
	}, func(in appendIn) string { return in.Name }, "- {id: keep, type: var.append, params: {name: bad, item: '{{ loop.item }}'}}")
	update("var.put", "Put into variable", "Sets a key of a map in a variable; a variable that is not set counts as an empty map.", func(old any, in putIn) (any, error) {
		m, ok := old.(map[string]any)
		if old != nil && !ok {
			return nil, notA(in.Name, "a map", old)
		}
		out := make(map[string]any, len(m)+1)
		for k, v := range m {
			out[k] = v
		}
		out[in.Key] = in.Value
		return out, nil
	}, func(in putIn) string { return in.Name }, "- {id: index, type: var.put, params: {name: by_id, key: '{{ loop.item.id }}', value: '{{ loop.item }}'}}")
	update("var.delete", "Delete variable", "Clears a variable: expressions then see nil.", func(any, deleteIn) (any, error) { return nil, nil },
		func(in deleteIn) string { return in.Name }, "- {id: forget, type: var.delete, params: {name: page}}")
	update("var.default", "Set variable if empty", "Sets a variable only if it is not set, nil or empty text.", func(old any, in defaultIn) (any, error) {
		if old == nil || old == "" {
			return in.Value, nil
		}
		return old, nil
	}, func(in defaultIn) string { return in.Name }, "- {id: fallback, type: var.default, params: {name: currency, value: EUR}}")
}

// update declares a node that makes a variable's new value from the old one.
func update[In any](typ, title, doc string, change func(old any, in In) (any, error), name func(In) string, yaml string) {
	node.RegisterControl(node.Control[In, valueOut]{
		Type: typ, Title: title, Doc: doc, YAML: yaml,
		Check: func(in In) error { return checkName(name(in)) },
		Route: func(_ context.Context, in In) (node.Move, error) {
			return node.Assign{Update: func(get func(string) (any, error)) (map[string]any, error) {
				old, err := get(name(in))
				if err != nil {
					return nil, err
				}
				v, err := change(old, in)
				return map[string]any{name(in): v}, err
			}}, nil
		},
	})
}

func notA(name, want string, old any) error {
	return node.Fail(node.KindInput, fmt.Sprintf("the variable %s is a %s, not %s", name, value.Kind(old), want), "")
}

type setIn struct {
	Name   string         `json:"name" doc:"Variable to set."`
	Value  any            `json:"value" when:"name" doc:"Its new value."`
	Values map[string]any `json:"values" doc:"Several variables to set, by name. All expressions see the values from before."`
}

type anyOut struct{}

type valueOut struct{}

type incrementIn struct {
	Name string  `json:"name" is:"required" doc:"Variable to change."`
	By   float64 `json:"by" default:"1" doc:"What to add; negative to subtract."`
}

type appendIn struct {
	Name string `json:"name" is:"required" doc:"Variable that holds the list."`
	Item any    `json:"item" doc:"Item to add."`
}

type putIn struct {
	Name  string `json:"name" is:"required" doc:"Variable that holds the map."`
	Key   string `json:"key" is:"required" doc:"Key to set."`
	Value any    `json:"value" doc:"Its new value."`
}

type deleteIn struct {
	Name string `json:"name" is:"required" doc:"Variable to clear."`
}

type defaultIn struct {
	Name  string `json:"name" is:"required" doc:"Variable to set."`
	Value any    `json:"value" doc:"Value to set."`
}
