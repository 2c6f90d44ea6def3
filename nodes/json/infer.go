package json

import (
	"context"
	"maps"
	"regexp"
	"slices"
	"time"

	"github.com/aether-rpa/aether/node"
)

func init() {
	node.Register(node.Spec[inferIn, inferOut]{
		Type: "json.infer_schema", Title: "Infer JSON Schema", Effect: node.Pure,
		Doc: "Derives a JSON Schema from example values: types, which keys are always there, and formats of text. The schema accepts all examples; it is a start to be edited.",
		Examples: []node.Example[inferIn, inferOut]{
			{
				Title: "Two records", In: inferIn{Values: []any{map[string]any{"id": 1, "at": "2026-01-31"}, map[string]any{"id": 1.5}}},
				Out: inferOut{Schema: map[string]any{
					"$schema": "https://json-schema.org/draft/2020-12/schema", "type": "object", "required": []any{"id"},
					"properties": map[string]any{"id": map[string]any{"type": "number"}, "at": map[string]any{"type": "string", "format": "date"}},
				}},
			},
			{Title: "Nothing known", In: inferIn{Values: []any{}}, Out: inferOut{Schema: map[string]any{"$schema": "https://json-schema.org/draft/2020-12/schema"}}},
		},
		Run: func(_ context.Context, _ *node.Env, in inferIn) (inferOut, error) {
			s := &shape{}
			for _, v := range in.Values {
				s.see(v, in.Formats)
			}
			out := s.schema(in.Closed)
			out["$schema"] = "https://json-schema.org/draft/2020-12/schema"
			return inferOut{Schema: out}, nil
		},
	})
}

type inferIn struct {
	Values  []any `json:"values" is:"required" doc:"Example values."`
	Formats bool  `json:"formats" default:"true" doc:"Note formats (date, date-time, email, uri, uuid) when all texts at a place have one."`
	Closed  bool  `json:"closed" doc:"Forbid keys that no example has."`
}

type inferOut struct {
	Schema map[string]any `json:"schema" doc:"The JSON Schema."`
}

// shape is what has been seen at one place.
type shape struct {
	types  map[string]bool
	maps   int // how many maps
	keys   map[string]*shape
	counts map[string]int // in how many maps a key was
	items  *shape
	format string // of all texts so far, "" for none
	texts  int
}

func (s *shape) see(v any, formats bool) {
	if s.types == nil {
		s.types = map[string]bool{}
	}
	switch x := v.(type) {
	case nil:
		s.types["null"] = true
	case bool:
		s.types["boolean"] = true
	case int:
		s.types["integer"] = true
	case float64:
		s.types["number"] = true
	case string:
		s.types["string"] = true
		f := ""
		if formats {
			f = formatOf(x)
		}
		if s.texts++; s.texts == 1 {
			s.format = f
		} else if s.format != f {
			s.format = ""
		}
	case []any:
		s.types["array"] = true
		if s.items == nil {
			s.items = &shape{}
		}
		for _, e := range x {
			s.items.see(e, formats)
		}
	case map[string]any:
		s.types["object"] = true
		if s.keys == nil {
			s.keys, s.counts = map[string]*shape{}, map[string]int{}
		}
		s.maps++
		for k, e := range x {
			if s.keys[k] == nil {
				s.keys[k] = &shape{}
			}
			s.counts[k]++
			s.keys[k].see(e, formats)
		}
	}
}

func (s *shape) schema(closed bool) map[string]any {
	out := map[string]any{}
	types := maps.Clone(s.types)
	if types["number"] {
		delete(types, "integer")
	}
	names := slices.Sorted(maps.Keys(types))
	switch len(names) {
	case 0:
		return out
	case 1:
		out["type"] = names[0]
	default:
		list := make([]any, len(names))
		for i, n := range names {
			list[i] = n
		}
		out["type"] = list
	}
	if s.format != "" {
		out["format"] = s.format
	}
	if s.items != nil {
		if items := s.items.schema(closed); len(items) > 0 {
			out["items"] = items
		}
	}
	if s.keys == nil {
		return out
	}
	props, required := map[string]any{}, []any{}
	for _, k := range slices.Sorted(maps.Keys(s.keys)) {
		props[k] = s.keys[k].schema(closed)
		if s.counts[k] == s.maps {
			required = append(required, k)
		}
	}
	out["properties"] = props
	if len(required) > 0 {
		out["required"] = required
	}
	if closed {
		out["additionalProperties"] = false
	}
	return out
}

var (
	emailRE = regexp.MustCompile(`^[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+$`)
	uuidRE  = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)
	uriRE   = regexp.MustCompile(`^https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?(/[A-Za-z0-9._~/-]*)?$`)
)

// formatOf recognises the formats of JSON Schema that are beyond doubt.
func formatOf(s string) string {
	if len(s) > 1000 {
		return ""
	}
	if _, err := time.Parse(time.DateOnly, s); err == nil {
		return "date"
	}
	if _, err := time.Parse(time.RFC3339, s); err == nil {
		return "date-time"
	}
	switch {
	case uuidRE.MatchString(s):
		return "uuid"
	case uriRE.MatchString(s):
		return "uri"
	case emailRE.MatchString(s):
		return "email"
	}
	return ""
}
