package schema

// template is what JSON Schema says of a param that may be an expression.
var template = map[string]any{"type": "string", "pattern": `\{\{`}

// JSON returns the JSON Schema (draft 2020-12) of the params: every field
// takes a value of its kind or a text with {{ }}.
func (s *Schema) JSON() map[string]any {
	props := map[string]any{}
	required := []any{}
	for _, f := range s.Fields {
		props[f.Name] = f.JSON(true)
		if f.Required {
			required = append(required, f.Name)
		}
	}
	out := map[string]any{"type": "object", "properties": props, "additionalProperties": false}
	if len(required) > 0 {
		out["required"] = required
	}
	return out
}

// JSON returns the JSON Schema of one field; withTemplate also allows text
// with {{ }}.
func (f *Field) JSON(withTemplate bool) map[string]any {
	out := f.plainJSON(withTemplate)
	if withTemplate && !f.Raw && f.Kind != Any && f.Kind != Expression && (f.Kind != String || len(f.Enum) > 0) {
		out = map[string]any{"anyOf": []any{out, template}}
	}
	if f.Doc != "" {
		out["description"] = f.Doc
	}
	if f.Default != nil {
		out["default"] = f.Default
	}
	return out
}

func (f *Field) plainJSON(withTemplate bool) map[string]any {
	out := map[string]any{}
	switch f.Kind {
	case String:
		out["type"] = "string"
		if len(f.Enum) > 0 {
			list := make([]any, len(f.Enum))
			for i, e := range f.Enum {
				list[i] = e
			}
			out = map[string]any{"enum": list}
		}
	case Int:
		out["type"] = "integer"
	case Number:
		out["type"] = "number"
	case Bool:
		out["type"] = "boolean"
	case Duration:
		out["type"] = []any{"string", "number"}
	case List, Rows:
		out["type"] = "array"
		if f.Elem != nil {
			out["items"] = f.Elem.JSON(withTemplate)
			delete(out["items"].(map[string]any), "description")
		}
	case Map:
		out["type"] = "object"
		if f.Elem != nil {
			out["additionalProperties"] = f.Elem.JSON(withTemplate)
		}
	case Object:
		s := Schema{Fields: f.Fields}
		for k, v := range s.JSON() {
			out[k] = v
		}
	case Secret:
		out["type"] = "object"
		out["properties"] = map[string]any{"secret": map[string]any{"type": "string"}}
		out["required"] = []any{"secret"}
	case Target:
		text := map[string]any{"type": "string"}
		texts := map[string]any{"anyOf": []any{text, map[string]any{"type": "array", "items": text}}}
		out["anyOf"] = []any{text, map[string]any{"type": "array", "items": text}, map[string]any{
			"type": "object", "required": []any{"queries"}, "additionalProperties": false,
			"properties": map[string]any{"queries": texts, "frame": texts, "within": texts},
		}}
	}
	if f.Kind == Int || f.Kind == Number {
		if f.Min != nil {
			out["minimum"] = *f.Min
		}
		if f.Max != nil {
			out["maximum"] = *f.Max
		}
	}
	return out
}
