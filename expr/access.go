package expr

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// pathNode is a chain of constant names from a root.
type pathNode struct {
	keys []string
	at   []int // position of each key
}

func (n *pathNode) extend(key string, pos int) *pathNode {
	end := len(n.keys)
	return &pathNode{append(n.keys[:end:end], key), append(n.at[:end:end], pos)}
}

func (n *pathNode) end() int { return n.at[len(n.at)-1] }

// find walks root. Its nil error is untyped: callers compare with nil.
func (n *pathNode) find(root map[string]any) (any, error) {
	v := root[n.keys[0]]
	for i := 1; i < len(n.keys); i++ {
		m, ok := v.(map[string]any)
		if !ok {
			return nil, n.stuck(i, v)
		}
		v = m[n.keys[i]]
	}
	switch v.(type) {
	case nil, bool, int, float64, string, []any, map[string]any:
		return v, nil
	}
	if _, ok := v.(Lazy); ok {
		return nil, at(notLoaded(strings.Join(n.keys, ".")), n.end())
	}
	v, err := plain(v)
	return v, at(err, n.end())
}

func (n *pathNode) eval(st *state) (any, error) {
	if st.ctx == nil {
		return n.find(st.root)
	}
	v, err := st.adopt(st.root[n.keys[0]])
	for i := 1; i < len(n.keys) && err == nil; i++ {
		m, ok := v.(map[string]any)
		if !ok {
			return nil, n.stuck(i, v)
		}
		v, err = st.adopt(m[n.keys[i]])
	}
	return v, at(err, n.end())
}

func (n *pathNode) stuck(i int, v any) error {
	if _, ok := v.(Lazy); ok {
		return at(notLoaded(strings.Join(n.keys[:i], ".")), n.at[i])
	}
	return at(noMember(excerpt(strings.Join(n.keys[:i], "."), 60), n.keys[i], v), n.at[i])
}

func noMember(what, key string, v any) error {
	key = excerpt(key, 40)
	if v == nil {
		return fail("%s is nil, so %s cannot be read from it", what, key).hint("write ?.%s where the value may be missing", key)
	}
	e := fail("%s is %s and has no member %s", what, article(v), key)
	if _, ok := v.([]any); ok {
		e.Hint = "pick an item first, such as [0], or use map(list, #." + key + ")"
	}
	return e
}

// chainNode is where a ?. that met nil ends.
type chainNode struct{ x node }

func (n chainNode) eval(st *state) (any, error) {
	v, err := n.x.eval(st)
	if err == errChain { //nolint:errorlint // it never leaves this package, nor is it wrapped
		return nil, nil
	}
	return v, err
}

type memberNode struct {
	x        node
	key      string
	optional bool
	pos      int
}

func (n *memberNode) eval(st *state) (any, error) {
	v, err := n.x.eval(st)
	if err != nil {
		return nil, err
	}
	if m, ok := v.(map[string]any); ok {
		v, err = st.adopt(m[n.key])
		return v, at(err, n.pos)
	}
	if v == nil && n.optional {
		return nil, errChain
	}
	if l, ok := v.([]any); ok && isDigits(n.key) {
		i, _ := strconv.Atoi(n.key)
		v, err := item(st, l, i, n.x)
		return v, at(err, n.pos)
	}
	return nil, at(noMember(label(n.x, "the value"), n.key, v), n.pos)
}

func isDigits(s string) bool {
	return s != "" && len(s) < 10 && strings.Trim(s, "0123456789") == ""
}

type indexNode struct {
	x, i     node
	optional bool
	pos      int
}

func (n *indexNode) eval(st *state) (any, error) {
	v, err := n.x.eval(st)
	if err != nil {
		return nil, err
	}
	if v == nil && n.optional {
		return nil, errChain
	}
	k, err := n.i.eval(st)
	if err != nil {
		return nil, err
	}
	v, err = index(st, v, k, n)
	return v, at(err, n.pos)
}

func index(st *state, v, k any, n *indexNode) (any, error) {
	switch v := v.(type) {
	case map[string]any:
		key, ok := keyText(k)
		if !ok {
			return nil, fail("a map is indexed with text, not with %s", describe(n.i, k))
		}
		return st.adopt(v[key])
	case []any:
		i, ok := whole(k)
		if !ok {
			return nil, fail("a list is indexed with a whole number, not with %s", describe(n.i, k))
		}
		return item(st, v, i, n.x)
	case string:
		i, ok := whole(k)
		if !ok {
			return nil, fail("text is indexed with a whole number, not with %s", describe(n.i, k))
		}
		return character(st, v, i, n.x)
	case nil:
		return nil, fail("%s is nil, so nothing can be picked from it", label(n.x, "the value before [")).hint("write ?.[...] where the value may be missing")
	}
	return nil, fail("%s is %s, and nothing can be picked from it", label(n.x, "the value before ["), article(v))
}

func item(st *state, l []any, i int, x node) (any, error) {
	at := i
	if at < 0 {
		at += len(l)
	}
	if at < 0 || at >= len(l) {
		return nil, fail("%s has %d items, so there is no item %d", label(x, "the list"), len(l), i).hint("items count from 0; -1 is the last; get(list, %d, other) gives other instead", i)
	}
	return st.adopt(l[at])
}

func character(st *state, s string, i int, x node) (any, error) {
	if err := st.spend(2 * len(s)); err != nil {
		return nil, err
	}
	if i < 0 {
		i += utf8.RuneCountInString(s)
	}
	for at := 0; i >= 0 && at < len(s); i-- {
		_, n := utf8.DecodeRuneInString(s[at:])
		if i == 0 {
			return s[at : at+n], nil
		}
		at += n
	}
	return nil, fail("%s is shorter than that", label(x, "the text")).hint("characters count from 0; -1 is the last")
}

type sliceNode struct {
	x, from, to node
	pos         int
}

func (n *sliceNode) eval(st *state) (any, error) {
	v, err := n.x.eval(st)
	if err != nil {
		return nil, err
	}
	var runes []rune
	size := 0
	switch v := v.(type) {
	case []any:
		size = len(v)
	case string:
		if err := st.grow(4 * len(v)); err != nil {
			return nil, at(err, n.pos)
		}
		runes = []rune(v)
		size = len(runes)
	default:
		return nil, at(fail("%s is %s, and only lists and text can be sliced", label(n.x, "the value before ["), article(v)), n.pos)
	}
	from, err := n.bound(st, n.from, 0, size)
	if err != nil {
		return nil, err
	}
	to, err := n.bound(st, n.to, size, size)
	if err != nil {
		return nil, err
	}
	from = min(from, to)
	if l, ok := v.([]any); ok {
		return l[from:to:to], nil
	}
	return string(runes[from:to]), nil
}

func (n *sliceNode) bound(st *state, x node, missing, size int) (int, error) {
	if x == nil {
		return missing, nil
	}
	v, err := x.eval(st)
	if err != nil {
		return 0, err
	}
	i, ok := whole(v)
	if !ok {
		return 0, at(fail("a slice needs whole numbers, not %s", describe(x, v)), n.pos)
	}
	if i < 0 {
		i += size
	}
	return min(max(i, 0), size), nil
}
