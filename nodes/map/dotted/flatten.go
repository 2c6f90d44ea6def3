package dotted

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
)

// Flatten returns a map of one level: the path of each leaf to the leaf. Empty
// maps and lists are leaves. With lists false, lists are leaves too.
func Flatten(root map[string]any, sep string, lists bool) map[string]any {
	out := map[string]any{}
	walk(out, root, nil, sep, lists)
	return out
}

func walk(out map[string]any, v any, at []Step, sep string, lists bool) {
	switch x := v.(type) {
	case map[string]any:
		if len(x) == 0 && len(at) > 0 {
			break
		}
		for k, e := range x {
			walk(out, e, append(slices.Clip(at), Step{Key: k}), sep, lists)
		}
		return
	case []any:
		if len(x) == 0 || !lists {
			break
		}
		for i, e := range x {
			walk(out, e, append(slices.Clip(at), Step{Key: strconv.Itoa(i), Index: true}), sep, lists)
		}
		return
	}
	out[Format(at, sep)] = v
}

// branch is a container under construction.
type branch struct {
	path  string
	keys  map[string]*branch
	index bool // the keys are indexes of a list
	leaf  any
	full  bool // leaf is set
}

// Unflatten is the inverse of Flatten. Two paths that cannot both be, such as a
// and a.b, and gaps in a list are errors.
func Unflatten(flat map[string]any, sep string) (map[string]any, error) {
	root := &branch{keys: map[string]*branch{}}
	for _, path := range slices.Sorted(maps.Keys(flat)) {
		steps, err := ParseSep(path, sep)
		if err != nil {
			return nil, err
		}
		if len(steps) == 0 {
			return nil, fmt.Errorf("a path is empty")
		}
		if err := root.put(path, steps, flat[path]); err != nil {
			return nil, err
		}
	}
	if root.index {
		return nil, fmt.Errorf("the paths begin with an index, so they describe a list and not a map")
	}
	v, err := root.build()
	if err != nil {
		return nil, err
	}
	return v.(map[string]any), nil
}

func (b *branch) put(path string, steps []Step, v any) error {
	for _, s := range steps {
		if b.full || len(b.keys) > 0 && b.index != s.Index {
			return fmt.Errorf("the paths %s and %s contradict each other", short(b.path), short(path))
		}
		b.index, b.path = s.Index, path
		next := b.keys[s.Key]
		if next == nil {
			next = &branch{path: path, keys: map[string]*branch{}}
			b.keys[s.Key] = next
		}
		b = next
	}
	if b.full || len(b.keys) > 0 {
		return fmt.Errorf("the paths %s and %s contradict each other", short(b.path), short(path))
	}
	b.leaf, b.full, b.path = v, true, path
	return nil
}

func (b *branch) build() (any, error) {
	if b.full {
		return b.leaf, nil
	}
	if !b.index {
		out := make(map[string]any, len(b.keys))
		for k, c := range b.keys {
			v, err := c.build()
			if err != nil {
				return nil, err
			}
			out[k] = v
		}
		return out, nil
	}
	out := make([]any, len(b.keys))
	for i := range out {
		c := b.keys[strconv.Itoa(i)]
		if c == nil {
			return nil, fmt.Errorf("the list at %s has no item %d", short(b.path), i)
		}
		v, err := c.build()
		if err != nil {
			return nil, err
		}
		out[i] = v
	}
	return out, nil
}
