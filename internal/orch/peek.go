package orch

import (
	"maps"
	"slices"
	"unicode/utf8"

	"github.com/aether-rpa/aether/value"
)

// Peek shows a value without ever being large: what is left out is counted.
type Peek struct {
	Type  string `json:"type" doc:"null, bool, int, float, string, list, map."`
	Value any    `json:"value,omitempty" doc:"Of what is neither list nor map; the beginning of a long text."`
	// Count is how many entries a list or map has, and how many characters a text.
	Count  int         `json:"count,omitempty" doc:"Entries of a list or map, characters of a text."`
	Cut    bool        `json:"cut,omitempty" doc:"There is more than is shown."`
	Stored bool        `json:"stored,omitempty" doc:"The value is large and kept as a file of its own."`
	Fields []PeekField `json:"fields,omitempty"`
	Items  []*Peek     `json:"items,omitempty"`
}

// PeekField is an entry of a map.
type PeekField struct {
	Name  string `json:"name"`
	Value *Peek  `json:"value"`
}

// Bounds of what is shown of a value.
const (
	peekText   = 2000
	peekItems  = 50
	peekFields = 200
	peekDepth  = 12
)

// peek shows a value; left bounds how many values are shown in all.
func peek(v any, left *int, depth int) *Peek {
	*left--
	p := &Peek{Type: value.Kind(v)}
	switch x := v.(type) {
	case string:
		p.Count, p.Value = utf8.RuneCountInString(x), x
		if p.Count > peekText {
			p.Cut, p.Value = true, string([]rune(x)[:peekText])
		}
	case []any:
		p.Count = len(x)
		for i, e := range x {
			if i == peekItems || depth > peekDepth || *left <= 0 {
				p.Cut = true
				break
			}
			p.Items = append(p.Items, peek(e, left, depth+1))
		}
	case map[string]any:
		p.Count = len(x)
		for i, k := range slices.Sorted(maps.Keys(x)) {
			if i == peekFields || depth > peekDepth || *left <= 0 {
				p.Cut = true
				break
			}
			p.Fields = append(p.Fields, PeekField{k, peek(x[k], left, depth+1)})
		}
	case *value.Ref:
		p.Type, p.Count, p.Stored, p.Cut = x.Kind, x.Count, true, true
	default:
		p.Value = v
	}
	return p
}

// peekAt shows a value with at most so many parts.
func peekAt(v any, most int) *Peek { return peek(v, &most, 0) }
