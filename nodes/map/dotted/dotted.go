// Package dotted reads and changes nested values by a path such as
// customer.address.city or items[0]["unit.price"]. Values are never changed in
// place: a change copies the containers along the path and shares the rest.
package dotted

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

// maxSteps bounds how deep a path may reach; values themselves end at 1000.
const maxSteps = 500

// Step is one part of a path: a key of a map, or an index of a list. A key
// that is a number also indexes a list.
type Step struct {
	Key   string
	Index bool // written in brackets: a missing container becomes a list
}

// Parse reads a path with parts between dots; see ParseSep.
func Parse(path string) ([]Step, error) { return ParseSep(path, ".") }

// ParseSep reads a path whose parts are separated by sep. [0] is an index and
// ["any key"] a key that may hold anything. The empty path has no steps.
func ParseSep(path, sep string) ([]Step, error) {
	var steps []Step
	rest := path
	for rest != "" {
		if len(steps) >= maxSteps {
			return nil, fmt.Errorf("the path has more than %d parts", maxSteps)
		}
		if rest[0] == '[' {
			step, n, err := bracket(rest)
			if err != nil {
				return nil, fmt.Errorf("the path %s: %w", short(path), err)
			}
			steps, rest = append(steps, step), rest[n:]
		} else {
			n := nameLen(rest, sep)
			if n == 0 {
				return nil, fmt.Errorf("the path %s has an empty part", short(path))
			}
			steps, rest = append(steps, Step{Key: rest[:n]}), rest[n:]
		}
		if rest == "" || rest[0] == '[' {
			continue
		}
		after, ok := strings.CutPrefix(rest, sep)
		if !ok || after == "" {
			return nil, fmt.Errorf("the path %s has an empty or broken part at %s", short(path), short(rest))
		}
		rest = after
	}
	return steps, nil
}

func nameLen(s, sep string) int {
	n := len(s)
	if i := strings.Index(s, sep); i >= 0 {
		n = i
	}
	if i := strings.IndexByte(s, '['); i >= 0 && i < n {
		n = i
	}
	return n
}

func bracket(s string) (Step, int, error) {
	if len(s) > 1 && (s[1] == '"' || s[1] == '\'') {
		return quoted(s)
	}
	end := strings.IndexByte(s, ']')
	if end < 0 {
		return Step{}, 0, fmt.Errorf("a [ is not closed")
	}
	in := strings.TrimSpace(s[1:end])
	if _, err := strconv.Atoi(in); err != nil {
		return Step{}, 0, fmt.Errorf("[%s] is no index; write a number or a quoted key", in)
	}
	return Step{Key: in, Index: true}, end + 1, nil
}

func quoted(s string) (Step, int, error) {
	q := s[1]
	var b strings.Builder
	for i := 2; i < len(s); i++ {
		switch c := s[i]; {
		case c == '\\' && i+1 < len(s):
			i++
			b.WriteByte(s[i])
		case c == q:
			if i+1 >= len(s) || s[i+1] != ']' {
				return Step{}, 0, fmt.Errorf("a quoted key must end with a quote and ]")
			}
			return Step{Key: b.String()}, i + 2, nil
		default:
			b.WriteByte(c)
		}
	}
	return Step{}, 0, fmt.Errorf("a quoted key is not closed")
}

// Format writes steps as a path that ParseSep reads back.
func Format(steps []Step, sep string) string {
	var b strings.Builder
	for i, s := range steps {
		switch {
		case s.Index:
			b.WriteString("[" + s.Key + "]")
		case s.Key == "" || strings.ContainsAny(s.Key, `[`) || overlaps(s.Key, sep):
			b.WriteString(`["` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s.Key) + `"]`)
		default:
			if i > 0 {
				b.WriteString(sep)
			}
			b.WriteString(s.Key)
		}
	}
	return b.String()
}

// overlaps reports whether a key could be confused with the separator, also
// where the two meet: the key a- before the separator --.
func overlaps(key, sep string) bool {
	return strings.Contains(key, sep) || sep != "" && key != "" && (strings.Contains(key, sep[:1]) || strings.Contains(key, sep[len(sep)-1:]))
}

// Get returns the value at the path and whether it is there. Negative indexes
// count from the end of a list.
func Get(root any, steps []Step) (any, bool) {
	for _, s := range steps {
		switch x := root.(type) {
		case map[string]any:
			v, ok := x[s.Key]
			if !ok {
				return nil, false
			}
			root = v
		case []any:
			i, ok := position(s, len(x))
			if !ok {
				return nil, false
			}
			root = x[i]
		default:
			return nil, false
		}
	}
	return root, true
}

func position(s Step, n int) (int, bool) {
	i, err := strconv.Atoi(s.Key)
	if err != nil {
		return 0, false
	}
	if i < 0 {
		i += n
	}
	return i, i >= 0 && i < n
}

// Set returns root with v at the path. Missing maps are made, and missing lists
// for parts in brackets; the index just past the end of a list appends.
func Set(root any, steps []Step, v any) (any, error) {
	if len(steps) == 0 {
		return v, nil
	}
	s := steps[0]
	if root == nil {
		root = map[string]any{}
		if s.Index {
			root = []any{}
		}
	}
	switch x := root.(type) {
	case map[string]any:
		child, err := Set(x[s.Key], steps[1:], v)
		if err != nil {
			return nil, err
		}
		out := make(map[string]any, len(x)+1)
		for k, e := range x {
			out[k] = e
		}
		out[s.Key] = child
		return out, nil
	case []any:
		return setItem(x, steps, v)
	}
	b, _ := json.Marshal(root)
	return nil, fmt.Errorf("%s cannot be set because the value there is %s, neither a map nor a list", Format(steps, "."), short(string(b)))
}

func setItem(x []any, steps []Step, v any) (any, error) {
	s := steps[0]
	i, ok := position(s, len(x))
	if !ok {
		if s.Key != strconv.Itoa(len(x)) {
			return nil, fmt.Errorf("%s is not an index of a list of %d items", short(s.Key), len(x))
		}
		i = len(x)
	}
	var old any
	if i < len(x) {
		old = x[i]
	}
	child, err := Set(old, steps[1:], v)
	if err != nil {
		return nil, err
	}
	out := make([]any, len(x), len(x)+1)
	copy(out, x)
	if i == len(out) {
		return append(out, child), nil
	}
	out[i] = child
	return out, nil
}

// Remove returns root without the value at the path, and whether it was there.
// The items of a list after the removed one move up.
func Remove(root any, steps []Step) (any, bool) {
	if len(steps) == 0 {
		return nil, root != nil
	}
	if _, ok := Get(root, steps); !ok {
		return root, false
	}
	s, last := steps[0], len(steps) == 1
	switch x := root.(type) {
	case map[string]any:
		out := make(map[string]any, len(x))
		for k, e := range x {
			if k != s.Key {
				out[k] = e
			} else if !last {
				out[k], _ = Remove(e, steps[1:])
			}
		}
		return out, true
	case []any:
		i, _ := position(s, len(x))
		out := make([]any, 0, len(x))
		out = append(out, x[:i]...)
		if !last {
			child, _ := Remove(x[i], steps[1:])
			out = append(out, child)
		}
		return append(out, x[i+1:]...), true
	}
	return root, false
}

func short(s string) string {
	if r := []rune(s); len(r) > 60 {
		s = string(r[:60]) + "…"
	}
	return strconv.Quote(s)
}
