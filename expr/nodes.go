package expr

// constNode is a literal.
type constNode struct{ v any }

func (n constNode) eval(*state) (any, error) { return n.v, nil }

// varNode reads what a let has set.
type varNode struct {
	slot int
	name string
}

func (n *varNode) eval(st *state) (any, error) { return st.vars[n.slot], nil }

type letNode struct {
	slot     int
	value, x node
}

func (n *letNode) eval(st *state) (any, error) {
	v, err := n.value.eval(st)
	if err != nil {
		return nil, err
	}
	st.vars[n.slot] = v
	return n.x.eval(st)
}

// itemNode, loopIndexNode and accNode read the scope of that number.
type (
	itemNode      int
	loopIndexNode int
	accNode       int
)

func (n itemNode) eval(st *state) (any, error)      { return st.scopes[n].item, nil }
func (n loopIndexNode) eval(st *state) (any, error) { return st.scopes[n].index, nil }
func (n accNode) eval(st *state) (any, error)       { return st.scopes[n].acc, nil }

func itemSlot(scope int) accNode { return accNode(scope) }

type condNode struct {
	cond, yes, no node
	pos           int
}

func (n *condNode) eval(st *state) (any, error) {
	v, err := n.cond.eval(st)
	if err != nil {
		return nil, err
	}
	b, ok := v.(bool)
	if !ok {
		return nil, at(wantBool(n.cond, v), n.pos)
	}
	if b {
		return n.yes.eval(st)
	}
	return n.no.eval(st)
}

// seqNode evaluates all and gives the last.
type seqNode struct{ all []node }

func (n seqNode) eval(st *state) (v any, err error) {
	for _, x := range n.all {
		if v, err = x.eval(st); err != nil {
			return nil, err
		}
	}
	return v, nil
}

type listNode struct {
	all []node
	pos int
}

func (n *listNode) eval(st *state) (any, error) {
	out, err := st.list(len(n.all))
	if err != nil {
		return nil, at(err, n.pos)
	}
	st.built = true
	for i, x := range n.all {
		if out[i], err = x.eval(st); err != nil {
			return nil, err
		}
	}
	return out, nil
}

type mapNode struct {
	keys, values []node
	pos          int
}

func (n *mapNode) eval(st *state) (any, error) {
	if err := st.grow(len(n.keys) * entryBytes); err != nil {
		return nil, at(err, n.pos)
	}
	st.built = true
	out := make(map[string]any, len(n.keys))
	for i := range n.keys {
		k, err := n.keys[i].eval(st)
		if err != nil {
			return nil, err
		}
		key, ok := keyText(k)
		if !ok {
			return nil, at(fail("a map key must be text or a number, not %s", describe(n.keys[i], k)), n.pos)
		}
		if out[key], err = n.values[i].eval(st); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// callNode calls a function of the table.
type callNode struct {
	f    *Function
	args []node
	pos  int
	re   *pattern // compiled already when the pattern is constant
}

func (n *callNode) eval(st *state) (any, error) {
	base := len(st.args)
	defer func() { st.args = st.args[:base] }()
	for _, x := range n.args {
		v, err := x.eval(st)
		if err != nil {
			return nil, err
		}
		if st.ctx != nil && !n.f.shallow {
			if v, err = st.deep(v, 0); err != nil {
				return nil, at(err, n.pos)
			}
		}
		st.args = append(st.args, v)
	}
	if err := st.spend(20); err != nil {
		return nil, at(err, n.pos)
	}
	a := &st.call
	*a = args{st: st, node: n, v: st.args[base:]}
	v := n.f.call(a)
	if a.err != nil {
		return nil, at(a.err, n.pos)
	}
	v, err := st.adopt(v)
	return v, at(err, n.pos)
}
