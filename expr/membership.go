package expr

import (
	"math"
	"strings"
)

type rangeNode struct{ pair }

func (n *rangeNode) eval(st *state) (any, error) {
	a, b, err := n.both(st)
	if err != nil {
		return nil, err
	}
	from, ok1 := whole(a)
	to, ok2 := whole(b)
	if !ok1 || !ok2 {
		return nil, n.mismatch(a, b, "two whole numbers", func(v any) bool { _, ok := whole(v); return ok })
	}
	v, err := numbers(st, from, to, 1)
	return v, at(err, n.pos)
}

// numbers lists from, from+step and so on up to to, inclusive.
func numbers(st *state, from, to, step int) (any, error) {
	if step > 0 && from > to || step < 0 && from < to {
		return []any{}, nil
	}
	span := math.Abs(float64(to) - float64(from))
	if span/math.Abs(float64(step)) >= maxRange {
		return nil, fail("a range has at most %d items", maxRange)
	}
	size := int(uint(max(from, to)-min(from, to))/uint(abs(step))) + 1
	// Numbers above 255 take eight bytes of their own.
	if err := st.grow(8 * size); err != nil {
		return nil, err
	}
	out, err := st.list(size)
	if err != nil {
		return nil, err
	}
	for i := range out {
		out[i] = from + i*step
	}
	return out, nil
}

func abs(i int) int {
	if i < 0 {
		return -i
	}
	return i
}

// textNode is in, contains, startsWith and endsWith.
type textNode struct{ pair }

func (n *textNode) eval(st *state) (any, error) {
	a, b, err := n.both(st)
	if err != nil {
		return nil, err
	}
	if n.op == "in" {
		a, b = b, a
	}
	if n.op == "in" || n.op == "contains" {
		v, err := holds(st, a, b)
		return v, at(err, n.pos)
	}
	if a == nil || b == nil {
		return false, nil
	}
	s, ok1 := a.(string)
	t, ok2 := b.(string)
	if !ok1 || !ok2 {
		return nil, n.mismatch(a, b, "two texts", func(v any) bool { return rank(v) == 3 })
	}
	if n.op == "startsWith" {
		return strings.HasPrefix(s, t), at(st.spend(len(t)/8), n.pos)
	}
	return strings.HasSuffix(s, t), at(st.spend(len(t)/8), n.pos)
}

// holds reports whether a list has an item, a map a key, or a text a part.
func holds(st *state, in, v any) (bool, error) {
	switch in := in.(type) {
	case nil:
		return false, nil
	case string:
		t, ok := v.(string)
		if !ok {
			if v == nil {
				return false, nil
			}
			return false, fail("a text can only contain text, not %s", article(v))
		}
		return strings.Contains(in, t), st.spend(len(in))
	case map[string]any:
		k, ok := keyText(v)
		_, found := in[k]
		return ok && found, nil
	case []any:
		i, err := position(st, in, v)
		return i >= 0, err
	}
	return false, fail("%s cannot contain anything", article(in))
}

func position(st *state, l []any, v any) (int, error) {
	for i, e := range l {
		if err := st.spend(15); err != nil {
			return -1, err
		}
		eq, err := st.equalElems(e, v, 0)
		if err != nil {
			return -1, err
		}
		if eq {
			return i, nil
		}
	}
	return -1, nil
}
