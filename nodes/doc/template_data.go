package doc

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/aether-rpa/aether/value"
)

// scope is the data in sight: that of the innermost repeated part first.
type scope struct {
	up    *scope
	data  any
	index int
	count int
}

// find returns the value of a name such as customer.address.0.
func (s scope) find(name string) (any, bool) {
	switch name {
	case ".":
		return s.data, true
	case "@index":
		return s.index, s.up != nil
	case "@number":
		return s.index + 1, s.up != nil
	case "@first":
		return s.index == 0, s.up != nil
	case "@last":
		return s.index == s.count-1, s.up != nil
	}
	for at := &s; at != nil; at = at.up {
		// A name with dots may be a key as it stands.
		if m, ok := at.data.(map[string]any); ok {
			if v, ok := m[name]; ok {
				return v, true
			}
		}
		first, rest, deep := strings.Cut(name, ".")
		if m, ok := at.data.(map[string]any); ok && deep {
			if v, ok := m[first]; ok {
				return inside(v, rest)
			}
		}
	}
	return nil, false
}

func inside(v any, path string) (any, bool) {
	for path != "" {
		var step string
		step, path, _ = strings.Cut(path, ".")
		switch x := v.(type) {
		case map[string]any:
			e, ok := x[step]
			if !ok {
				return nil, false
			}
			v = e
		case []any:
			i, err := strconv.Atoi(step)
			if err != nil || i < 0 || i >= len(x) {
				return nil, false
			}
			v = x[i]
		default:
			return nil, false
		}
	}
	return v, true
}

// items returns what a section repeats over: the items of a list, a map once
// with its fields in sight, another value once if it counts as true.
func (s scope) items(v any) []scope {
	switch x := v.(type) {
	case []any:
		out := make([]scope, len(x))
		for i, e := range x {
			out[i] = scope{up: &s, data: e, index: i, count: len(x)}
		}
		return out
	case map[string]any:
		if len(x) == 0 {
			return nil
		}
		return []scope{{up: &s, data: x, count: 1}}
	}
	if !truth(v) {
		return nil
	}
	// The section is a condition: names mean what they mean around it.
	return []scope{s}
}

func truth(v any) bool {
	switch x := v.(type) {
	case nil:
		return false
	case bool:
		return x
	case string:
		return x != ""
	case int:
		return x != 0
	case float64:
		return x != 0
	case []any:
		return len(x) > 0
	case map[string]any:
		return len(x) > 0
	}
	return true
}

// picture is what {{%name}} asks for.
type picture struct {
	file, alt     string
	width, height float64 // centimetres
}

func pictureOf(name string, v any) (picture, error) {
	switch x := v.(type) {
	case string:
		return picture{file: x}, nil
	case map[string]any:
		p := picture{}
		p.file, _ = x["file"].(string)
		p.alt, _ = x["alt"].(string)
		for key, to := range map[string]*float64{"width": &p.width, "height": &p.height} {
			switch n := x[key].(type) {
			case nil:
			case int:
				*to = float64(n)
			case float64:
				*to = n
			default:
				return p, input("give a number of centimetres", "the %s of the picture %s is a %s, not a number", key, name, value.Kind(n))
			}
		}
		if p.file != "" {
			return p, nil
		}
	}
	return picture{}, input("give a path, or a map with file, width and alt", "the picture %s is a %s, not a file", name, value.Kind(v))
}

// text writes a value into the document.
func text(name string, v any) (string, error) {
	switch x := v.(type) {
	case map[string]any:
		return "", input("name a field of it, such as {{"+name+".…}}", "%s is a map and cannot stand in a text", name)
	case []any:
		for _, e := range x {
			switch e.(type) {
			case map[string]any, []any:
				return "", input("repeat over it with {{#"+name+"}} … {{/"+name+"}}", "%s is a list of maps and cannot stand in a text", name)
			}
		}
		return show(x), nil
	case *value.Ref:
		return "", input("load a part of it first", "%s is too large to stand in a document", name)
	case float64:
		return strconv.FormatFloat(x, 'f', -1, 64), nil
	}
	if v == nil {
		return "", nil
	}
	return fmt.Sprint(v), nil
}
