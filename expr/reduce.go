package expr

func reduceItems(st *state, n *iterNode, l []any) (any, error) {
	s := &st.scopes[n.scope]
	first := 0
	var acc any
	var err error
	switch {
	case n.extra != nil:
		if acc, err = n.extra.eval(st); err != nil {
			return nil, err
		}
	case len(l) == 0:
		return nil, fail("reduce of an empty list needs an initial value").hint("add it as the last argument, such as reduce(list, #acc + #, 0)")
	default:
		if acc, err = st.adopt(l[0]); err != nil {
			return nil, err
		}
		first = 1
	}
	for i := first; i < len(l); i++ {
		s.acc = acc
		old, _ := acc.(string)
		before := st.memory
		if acc, err = n.turn(st, l, i); err != nil {
			return nil, err
		}
		if n.appends && i > first {
			// All that survives such a turn is the new text; counting every
			// text on the way would forbid building one line by line.
			now, _ := acc.(string)
			st.memory = max(0, before-len(old)) + len(now)
		}
	}
	s.acc = nil
	return acc, nil
}

// appendsToAcc reports whether n is #acc + a + b and so on.
func appendsToAcc(n node, acc accNode) bool {
	for {
		add, ok := n.(*addNode)
		if !ok {
			return false
		}
		if a, ok := add.x.(accNode); ok {
			return a == acc
		}
		n = add.x
	}
}
