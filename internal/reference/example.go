package reference

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/aether-rpa/aether/flow"
	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/schema"
	"github.com/aether-rpa/aether/value"
)

// maxResult bounds how much of an example's result is shown, in bytes.
const maxResult = 1500

// exampleNode returns the node of an example as it stands in a flow.
func exampleNode(d *node.Def, e node.ExampleDef) (flow.Node, error) {
	params, err := exampleValues(d.In.Fields, d.In, reflect.ValueOf(e.In))
	if err != nil {
		return flow.Node{}, fmt.Errorf("example %q of %s: %w", e.Title, d.Type, err)
	}
	return flow.Node{ID: exampleID(d), Type: d.Type, Params: params}, nil
}

// exampleID is the verb of the type, where that may be an id.
func exampleID(d *node.Def) string {
	_, verb, _ := strings.Cut(d.Type, ".")
	if slices.Contains(flow.Reserved, verb) {
		return verb + "_it"
	}
	return verb
}

// exampleValues returns the fields of a struct that say something: those that
// are neither empty nor what they would be anyway.
func exampleValues(fields []*schema.Field, s *schema.Schema, v reflect.Value) (map[string]any, error) {
	all, err := s.Values(v)
	if err != nil {
		return nil, err
	}
	out := map[string]any{}
	for _, f := range fields {
		x, there := all[f.Name]
		if !there || !f.Required && (f.In(v).IsZero() || value.Equal(x, f.Default)) {
			continue
		}
		x = pretty(f, x)
		if x == nil && f.Required {
			switch f.Kind {
			case schema.Map, schema.Object:
				x = map[string]any{}
			}
		}
		out[f.Name] = x
	}
	return out, nil
}

// pretty writes a value the way a person would: secrets by name, durations
// short, objects without what they would hold anyway.
func pretty(f *schema.Field, v any) any {
	switch x := v.(type) {
	case string:
		switch f.Kind {
		case schema.Secret:
			return map[string]any{"secret": strings.ToUpper(f.Name)}
		case schema.Duration:
			return duration(x)
		}
	case map[string]any:
		out := make(map[string]any, len(x))
		for k, e := range x {
			sub := f.Elem
			if i := slices.IndexFunc(f.Fields, func(s *schema.Field) bool { return s.Name == k }); i >= 0 {
				sub = f.Fields[i]
				if !sub.Required && (empty(e) || value.Equal(e, sub.Default)) {
					continue
				}
			}
			if sub != nil {
				e = pretty(sub, e)
			}
			out[k] = e
		}
		return out
	case []any:
		if f.Elem == nil {
			return v
		}
		out := make([]any, len(x))
		for i, e := range x {
			out[i] = pretty(f.Elem, e)
		}
		return out
	}
	return v
}

func empty(v any) bool {
	switch x := v.(type) {
	case nil:
		return true
	case bool:
		return !x
	case int:
		return x == 0
	case float64:
		return x == 0
	case string:
		return x == "" || x == "0s"
	case []any:
		return len(x) == 0
	case map[string]any:
		return len(x) == 0
	}
	return false
}

// exampleYAML returns the node of an example and what it gives, "" if that is
// not the same each time.
func exampleYAML(d *node.Def, e node.ExampleDef) (in, out string, err error) {
	n, err := exampleNode(d, e)
	if err != nil {
		return "", "", err
	}
	b, err := n.YAML()
	if err != nil {
		return "", "", fmt.Errorf("example %q of %s: %w", e.Title, d.Type, err)
	}
	in = string(b)
	v := reflect.ValueOf(e.Out)
	if len(d.Out.Fields) == 0 || v.IsZero() && (e.Check != nil || e.DocOnly != "") {
		return in, "", nil
	}
	m, err := d.Out.Values(v)
	if err != nil {
		return "", "", fmt.Errorf("result of example %q of %s: %w", e.Title, d.Type, err)
	}
	if b, err = flow.ValueYAML(m); err != nil {
		return "", "", fmt.Errorf("result of example %q of %s: %w", e.Title, d.Type, err)
	}
	if out = string(b); len(out) > maxResult {
		cut := strings.LastIndexByte(out[:maxResult], '\n')
		out = strings.ToValidUTF8(out[:max(cut, 0)], "") + "\n# and so on\n"
	}
	return in, out, nil
}
