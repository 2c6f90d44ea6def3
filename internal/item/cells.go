package item

import (
	"encoding/json"
	"slices"
	"strconv"
)

// Columns says what the cells of the columns of a CSV file are, by name: the types
// that a JSON schema lets the field have. A column that is not there has text.
type Columns map[string][]string

// ColumnsOf reads the types of the fields from the schema of a queue's contents.
// What the schema says in other ways than by properties and type is left to it.
func ColumnsOf(schema json.RawMessage) Columns {
	var s struct {
		Properties map[string]struct {
			Type any `json:"type"`
		} `json:"properties"`
	}
	if json.Unmarshal(schema, &s) != nil {
		return nil
	}
	out := Columns{}
	for name, p := range s.Properties {
		switch t := p.Type.(type) {
		case string:
			out[name] = []string{t}
		case []any:
			for _, one := range t {
				if text, ok := one.(string); ok {
					out[name] = append(out[name], text)
				}
			}
		}
	}
	return out
}

// cell returns what a cell holds, and whether the item has the field at all: an
// empty cell of a field that cannot be text is none. What does not read as one of
// the types stays text, and the schema refuses it.
func (c Columns) cell(column, text string) (any, bool) {
	types, ok := c[column]
	if !ok || slices.Contains(types, "string") {
		return text, true
	}
	if text == "" {
		return nil, slices.Contains(types, "null")
	}
	number := json.Valid([]byte(text)) // not Inf, 0x1F, 007
	for _, t := range types {
		switch t {
		case "integer", "number":
			if n, err := strconv.Atoi(text); err == nil && number {
				return n, true
			}
			if n, err := strconv.ParseFloat(text, 64); err == nil && number && t == "number" {
				return n, true
			}
		case "boolean":
			if text == "true" || text == "false" {
				return text == "true", true
			}
		}
	}
	return text, true
}
