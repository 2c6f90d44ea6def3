package dialog

import (
	"fmt"
	"maps"
	"slices"

	"github.com/aether-rpa/aether/question"
)

// fromSchema makes fields of the properties of a JSON schema, the needed ones first, each part by name.
func fromSchema(schema map[string]any) ([]question.Field, error) {
	if len(schema) == 0 {
		return nil, nil
	}
	if t, ok := schema["type"].(string); ok && t != "object" {
		return nil, fmt.Errorf("its type is %s, and a form fills in an object", t)
	}
	props, _ := schema["properties"].(map[string]any)
	if len(props) == 0 {
		return nil, fmt.Errorf("it has no properties")
	}
	needed, _ := schema["required"].([]any)
	names := slices.Sorted(maps.Keys(props))
	slices.SortStableFunc(names, func(a, b string) int {
		return rank(slices.Contains(needed, any(a))) - rank(slices.Contains(needed, any(b)))
	})
	out := make([]question.Field, 0, len(names))
	for _, name := range names {
		p, _ := props[name].(map[string]any)
		f, err := property(name, p)
		if err != nil {
			return nil, err
		}
		f.Required = slices.Contains(needed, any(name)) && f.Type != question.Bool
		out = append(out, f)
	}
	return out, nil
}

func rank(needed bool) int {
	if needed {
		return 0
	}
	return 1
}

// property makes the field of one property.
func property(name string, p map[string]any) (question.Field, error) {
	text := func(key string) string {
		s, _ := p[key].(string)
		return s
	}
	f := question.Field{Name: name, Label: text("title"), Help: text("description"), Type: question.Text, Default: p["default"], Pattern: text("pattern")}
	if choices, ok := p["enum"].([]any); ok {
		f.Type, f.Choices = question.Choice, question.Options(choices)
		return f, nil
	}
	switch t := text("type"); t {
	case "string", "":
		f.Min, f.Max = p["minLength"], p["maxLength"]
		switch text("format") {
		case "date":
			f.Type = question.Date
		case "time":
			f.Type = question.Clock
		case "date-time":
			f.Type = question.DateTime
		}
		if f.Type != question.Text {
			f.Min, f.Max = nil, nil
		}
	case "number", "integer":
		f.Type, f.Min, f.Max = t, p["minimum"], p["maximum"]
	case "boolean":
		f.Type = question.Bool
	case "array":
		items, _ := p["items"].(map[string]any)
		choices, _ := items["enum"].([]any)
		if len(choices) == 0 {
			return f, fmt.Errorf("the property %s is a list without an enum of its items", name)
		}
		f.Type, f.Choices, f.Min, f.Max = question.Choices, question.Options(choices), p["minItems"], p["maxItems"]
	default:
		return f, fmt.Errorf("the property %s is of type %s", name, t)
	}
	return f, nil
}

// propose fills in what is proposed.
func propose(fields []question.Field, values map[string]any) error {
	for _, name := range slices.Sorted(maps.Keys(values)) {
		i := slices.IndexFunc(fields, func(f question.Field) bool { return f.Name == name })
		if i < 0 {
			return fmt.Errorf("a value is proposed for %s, which is no field of the form", name)
		}
		fields[i].Proposed = values[name]
	}
	return nil
}
