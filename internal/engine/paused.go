package engine

import (
	"encoding/json"
	"slices"
	"unicode/utf8"

	"github.com/aether-rpa/aether/value"
)

// Bounds of what is shown of a paused line.
const (
	maxShown    = 8 << 10  // bytes of one value
	maxAllShown = 96 << 10 // of all
)

// Paused is what is shown of a line that is paused.
type Paused struct {
	Why  string `json:"why" doc:"breakpoint, step, or pause: a person wanted it."`
	Note string `json:"note,omitempty" doc:"What is odd, such as a condition that could not be computed."`
	Told int    `json:"told" doc:"How often it was told something here."`
	Node string `json:"node" doc:"Node that would act next."`
	Type string `json:"type" doc:"Its type."`
	Flow string `json:"flow" doc:"Flow that it is in."`
	// Vars are the variables as they are there, Input what the node would get.
	Vars  map[string]Shown `json:"vars" doc:"Variables, as they are there."`
	Input map[string]Shown `json:"input,omitempty" doc:"What the node would get."`
	Loop  *Shown           `json:"loop,omitempty" doc:"The turn of the innermost loop."`
}

// Shown is a value that is shown to a person. Secrets are masked in it.
type Shown struct {
	Value json.RawMessage `json:"value,omitempty" doc:"The value, or its beginning."`
	Kind  string          `json:"kind,omitempty" doc:"What it is, if it is not shown whole."`
	Cut   bool            `json:"cut,omitempty" doc:"The value is too large to be shown whole."`
	Error string          `json:"error,omitempty" doc:"Why there is no value."`
}

// paused is what is shown of the line that is about to come to a node.
func (b *branch) paused(s *step, why, note string, told int) *Paused {
	p := &Paused{Why: why, Note: note, Told: told, Node: s.id, Type: s.def.Type, Flow: b.plan.Flow.Name, Vars: map[string]Shown{}}
	left := maxAllShown
	for _, name := range sorted(b.vars) {
		p.Vars[name] = b.shown(b.vars[name], &left)
	}
	for _, f := range s.def.In.Fields {
		raw, given := s.node.Params[f.Name]
		if !given {
			continue
		}
		if p.Input == nil {
			p.Input = map[string]Shown{}
		}
		p.Input[f.Name] = b.shown(raw, &left) // what the node evaluates itself stays as it is written
	}
	for i := range s.params {
		name := s.params[i].field.Name
		v, err := b.make(s.params[i].make)
		if err != nil {
			text, _ := b.x.host.Mask(err.Error()).(string)
			p.Input[name] = Shown{Error: text}
			continue
		}
		p.Input[name] = b.shown(v, &left)
	}
	if b.root["loop"] != nil {
		l := b.shown(b.root["loop"], &left)
		p.Loop = &l
	}
	return p
}

// shown prepares a value to be shown, as far as there is room left.
func (b *branch) shown(v any, left *int) Shown {
	if v, err := value.Normalize(v); err == nil && !hasRef(v) {
		masked := b.x.host.Mask(v)
		data, err := value.JSON(masked)
		if err != nil {
			return Shown{Error: err.Error()}
		}
		if len(data) <= maxShown && len(data) <= *left {
			*left -= len(data)
			return Shown{Value: data}
		}
		if text, ok := masked.(string); ok {
			end := min(len(text), 500, *left)
			for end > 0 && end < len(text) && !utf8.RuneStart(text[end]) {
				end--
			}
			if data, err := value.JSON(text[:end]); err == nil {
				*left -= end
				return Shown{Value: data, Kind: value.Kind(v), Cut: true}
			}
		}
	}
	return Shown{Kind: value.Kind(v), Cut: true}
}

// hasRef reports whether a value holds one that is stored elsewhere.
func hasRef(v any) bool {
	switch x := v.(type) {
	case *value.Ref:
		return true
	case []any:
		return slices.ContainsFunc(x, hasRef)
	case map[string]any:
		for _, e := range x {
			if hasRef(e) {
				return true
			}
		}
	}
	return false
}
