package expr

import "slices"

// loop runs one kind of predicate over a list.
type loop func(st *state, n *iterNode, l []any) (any, error)

var predicates = map[string]loop{}

func init() {
	predicates["all"] = quantify(func(_, other int) (bool, bool) { return true, other == 0 })
	predicates["none"] = quantify(func(yes, _ int) (bool, bool) { return true, yes == 0 })
	predicates["any"] = quantify(func(yes, _ int) (bool, bool) { return false, yes == 0 })
	predicates["one"] = quantify(func(yes, _ int) (bool, bool) { return yes == 1, yes < 2 })
	predicates["filter"] = filterItems
	predicates["map"] = mapItems
	predicates["count"] = countItems
	predicates["sum"] = sumItems
	predicates["find"] = search(false, false)
	predicates["findIndex"] = search(false, true)
	predicates["findLast"] = search(true, false)
	predicates["findLastIndex"] = search(true, true)
	predicates["groupBy"] = groupItems
	predicates["sortBy"] = sortItems
	predicates["reduce"] = reduceItems
}

// iterNode is a predicate call; body is evaluated for each item of src.
type iterNode struct {
	name  string
	loop  loop
	src   node
	body  node // nil when left out
	extra node // initial value of reduce, order of sortBy
	scope int
	pos   int
	// appends is set when the body is #acc + something.
	appends bool
}

func (n *iterNode) eval(st *state) (any, error) {
	v, err := n.src.eval(st)
	if err != nil {
		return nil, err
	}
	l, ok := v.([]any)
	if !ok {
		e := fail("%s needs a list, but %s", n.name, is(n.src, v, "the value"))
		switch v.(type) {
		case nil:
			e.Hint = "write (" + label(n.src, "x") + " ?? []) where it may be missing"
		case map[string]any:
			e.Hint = "write entries(...) or values(...) to go through a map"
		}
		return nil, at(e, n.pos)
	}
	out, err := n.loop(st, n, l)
	return out, at(err, n.pos)
}

// turn evaluates the body for item i.
func (n *iterNode) turn(st *state, l []any, i int) (any, error) {
	if err := st.tick(); err != nil {
		return nil, err
	}
	e, err := st.adopt(l[i])
	if err != nil {
		return nil, err
	}
	if n.body == nil {
		return e, nil
	}
	// The slot is written each time: a let in the body cannot be stale, and an
	// inner predicate has a slot of its own.
	s := &st.scopes[n.scope]
	s.item, s.index = e, i
	return n.body.eval(st)
}

func (n *iterNode) test(st *state, l []any, i int) (bool, error) {
	v, err := n.turn(st, l, i)
	if err != nil {
		return false, err
	}
	b, ok := v.(bool)
	if !ok {
		return false, fail("the condition of %s must be true or false, but %s", n.name, is(n.body, v, "it")).hint("compare something, such as #.total > 100")
	}
	return b, nil
}

// quantify counts items that hold and do not; result is asked after each and
// gives the value so far and whether to go on.
func quantify(result func(yes, other int) (value, more bool)) loop {
	return func(st *state, n *iterNode, l []any) (any, error) {
		yes, other := 0, 0
		for i := range l {
			b, err := n.test(st, l, i)
			if err != nil {
				return nil, err
			}
			if b {
				yes++
			} else {
				other++
			}
			if _, more := result(yes, other); !more {
				v, _ := result(yes, other)
				return n.name == "any" || (n.name == "one" && v), nil
			}
		}
		v, _ := result(yes, other)
		return v, nil
	}
}

func filterItems(st *state, n *iterNode, l []any) (any, error) {
	out := []any{}
	for i := range l {
		b, err := n.test(st, l, i)
		if err != nil {
			return nil, err
		}
		if b {
			out = append(out, l[i])
		}
	}
	return out, st.grow(len(out) * slotBytes)
}

func mapItems(st *state, n *iterNode, l []any) (any, error) {
	out, err := st.list(len(l))
	if err != nil {
		return nil, err
	}
	st.built = true
	for i := range l {
		if out[i], err = n.turn(st, l, i); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func countItems(st *state, n *iterNode, l []any) (any, error) {
	if n.body == nil && !slices.ContainsFunc(l, func(v any) bool { _, ok := v.(bool); return ok }) {
		return len(l), nil
	}
	c := 0
	for i := range l {
		b, err := n.test(st, l, i)
		if err != nil {
			return nil, err
		}
		if b {
			c++
		}
	}
	return c, nil
}

func sumItems(st *state, n *iterNode, l []any) (any, error) {
	var sum any = 0
	add := addNode{pair{x: constNode{0}, y: n.body, op: "sum", pos: n.pos}}
	for i := range l {
		v, err := n.turn(st, l, i)
		if err != nil {
			return nil, err
		}
		if _, ok := toFloat(v); !ok {
			return nil, fail("sum needs numbers, but item %d is %s", i, article(v))
		}
		if sum, err = add.add(st, sum, v); err != nil {
			return nil, err
		}
	}
	return sum, nil
}

func search(backwards, wantIndex bool) loop {
	return func(st *state, n *iterNode, l []any) (any, error) {
		for k := range l {
			i := k
			if backwards {
				i = len(l) - 1 - k
			}
			b, err := n.test(st, l, i)
			if err != nil {
				return nil, err
			}
			if b && wantIndex {
				return i, nil
			}
			if b {
				return st.adopt(l[i])
			}
		}
		return nil, nil
	}
}

func groupItems(st *state, n *iterNode, l []any) (any, error) {
	out := map[string]any{}
	for i := range l {
		v, err := n.turn(st, l, i)
		if err != nil {
			return nil, err
		}
		if err := st.addToGroup(out, v, l[i]); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// addToGroup puts e under the text of key; nil goes under the empty text.
func (st *state) addToGroup(groups map[string]any, key, e any) error {
	k, ok := keyText(key)
	if !ok && key != nil {
		return fail("items are grouped by text, numbers or booleans, not by %s", article(key))
	}
	g, _ := groups[k].([]any)
	if g == nil {
		if err := st.grow(entryBytes + len(k)); err != nil {
			return err
		}
	}
	groups[k] = append(g, e)
	return st.grow(2 * slotBytes)
}

func sortItems(st *state, n *iterNode, l []any) (any, error) {
	desc := false
	if n.extra != nil {
		v, err := n.extra.eval(st)
		if err != nil {
			return nil, err
		}
		if desc = v == "desc"; !desc && v != "asc" {
			return nil, fail(`the order must be "asc" or "desc"`)
		}
	}
	keys, err := st.list(len(l))
	if err != nil {
		return nil, err
	}
	for i := range l {
		if keys[i], err = n.turn(st, l, i); err != nil {
			return nil, err
		}
	}
	return st.sorted(l, keys, desc)
}
