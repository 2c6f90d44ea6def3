package expr

func groupBy(a *args) any {
	l := a.list(0)
	keys := a.keys(l)
	if a.err != nil {
		return nil
	}
	out := map[string]any{}
	for i, e := range l {
		if err := a.st.addToGroup(out, keys[i], e); err != nil {
			return a.fail(err)
		}
	}
	return out
}

func keyBy(a *args) any {
	l := a.list(0)
	keys := a.keys(l)
	if !a.room(entryBytes * len(keys)) {
		return nil
	}
	out := make(map[string]any)
	for i, v := range keys {
		k, ok := keyText(v)
		if !ok && v != nil {
			return a.failf("a map key must be text or a number, but item %d has %s", i, article(v))
		}
		out[k] = l[i]
	}
	return out
}

func chunk(a *args) any {
	l, size := a.list(0), a.int(1)
	if size < 1 {
		return a.failf("chunk needs a size of 1 or more")
	}
	out := []any{}
	if !a.room((len(l)/size + 1) * 3 * slotBytes) {
		return nil
	}
	for len(l) > 0 {
		n := min(size, len(l))
		out = append(out, l[:n:n])
		l = l[n:]
	}
	return out
}

func flatten(a *args) any {
	l, depth := a.list(0), a.intOr(1, maxValueDepth)
	a.st.built = true
	out, err := a.st.flatten([]any{}, l, depth, 0)
	if err != nil {
		return a.fail(err)
	}
	return out
}

func (st *state) flatten(out, l []any, left, depth int) ([]any, error) {
	if err := st.descend(len(l), depth); err != nil {
		return nil, err
	}
	for _, e := range l {
		if inner, ok := e.([]any); ok && left > 0 {
			var err error
			if out, err = st.flatten(out, inner, left-1, depth+1); err != nil {
				return nil, err
			}
			continue
		}
		if err := st.grow(2 * slotBytes); err != nil {
			return nil, err
		}
		out = append(out, e)
	}
	return out, nil
}

func concat(a *args) any {
	n := 0
	for i := range a.v {
		n += len(a.list(i))
	}
	out := a.fresh(n)[:0]
	a.st.built = true
	if a.err != nil {
		return nil
	}
	for i := range a.v {
		out = append(out, a.list(i)...)
	}
	return out
}

func zip(a *args) any {
	n := len(a.list(0))
	for i := range a.v {
		n = min(n, len(a.list(i)))
	}
	out := a.fresh(n)
	a.st.built = true
	for k := range out {
		row := a.fresh(len(a.v))
		for i := range row {
			row[i] = a.list(i)[k]
		}
		out[k] = row
		if a.err != nil {
			return nil
		}
	}
	return out
}

func rangeList(a *args) any {
	from, to, step := 0, a.int(0), a.intOr(2, 1)
	if len(a.v) > 1 {
		from, to = to, a.int(1)
	}
	if step == 0 {
		return a.failf("range needs a step other than 0")
	}
	if a.err != nil || step > 0 && from >= to || step < 0 && from <= to {
		return []any{}
	}
	if step > 0 {
		to--
	} else {
		to++
	}
	v, err := numbers(a.st, from, to, step)
	if err != nil {
		return a.fail(err)
	}
	return v
}

func join(a *args) any {
	l, sep := a.list(0), a.textOr(1, "")
	if !a.product(len(l), len(sep)) {
		return nil
	}
	var out []byte
	for i, e := range l {
		if i > 0 {
			out = append(out, sep...)
		}
		before := len(out)
		var err error
		if out, err = a.st.appendText(out, e); err != nil {
			return a.fail(err)
		}
		if !a.room(len(out) - before) {
			return nil
		}
	}
	return string(out)
}
