package expr

// equal compares deeply; 1 equals 1.0, values of other differing kinds never do.
func (st *state) equal(a, b any, depth int) (bool, error) {
	switch a := a.(type) {
	case int:
		if b, ok := b.(int); ok {
			return a == b, nil
		}
		f, ok := b.(float64)
		return ok && float64(a) == f, nil
	case float64:
		f, ok := toFloat(b)
		return ok && a == f, nil
	case string:
		b, ok := b.(string)
		if !ok || len(a) != len(b) {
			return false, nil
		}
		return a == b, st.spend(len(a) / 8)
	case bool:
		b, ok := b.(bool)
		return ok && a == b, nil
	case nil:
		return b == nil, nil
	case []any:
		return st.equalList(a, b, depth)
	case map[string]any:
		return st.equalMap(a, b, depth)
	}
	return false, nil
}

func (st *state) equalList(a []any, v any, depth int) (bool, error) {
	b, ok := v.([]any)
	if !ok || len(a) != len(b) {
		return false, nil
	}
	if err := st.descend(len(a), depth); err != nil {
		return false, err
	}
	for i := range a {
		if eq, err := st.equalElems(a[i], b[i], depth); err != nil || !eq {
			return false, err
		}
	}
	return true, nil
}

func (st *state) equalMap(a map[string]any, v any, depth int) (bool, error) {
	b, ok := v.(map[string]any)
	if !ok || len(a) != len(b) {
		return false, nil
	}
	if err := st.descend(len(a), depth); err != nil {
		return false, err
	}
	// Every entry is looked at even after a difference, so that the cost, and
	// with it whether the limit is hit, does not depend on map order.
	result := true
	for k, x := range a {
		y, ok := b[k]
		if !ok {
			result = false
			continue
		}
		eq, err := st.equalElems(x, y, depth)
		if err != nil {
			return false, err
		}
		result = result && eq
	}
	return result, nil
}

func (st *state) equalElems(a, b any, depth int) (bool, error) {
	a, err := st.adopt(a)
	if err != nil {
		return false, err
	}
	if b, err = st.adopt(b); err != nil {
		return false, err
	}
	return st.equal(a, b, depth+1)
}

// rank orders values of different kinds for sorting.
func rank(v any) int {
	switch v.(type) {
	case nil:
		return 0
	case bool:
		return 1
	case int, float64:
		return 2
	case string:
		return 3
	case []any:
		return 4
	}
	return 5
}

// order compares any two values for sorting: nil, booleans, numbers, text,
// then lists and maps, which keep their places among themselves.
func (st *state) order(a, b any) int {
	if ra, rb := rank(a), rank(b); ra != rb {
		return ra - rb
	}
	switch a := a.(type) {
	case bool:
		b := b.(bool)
		if a == b {
			return 0
		}
		if !a {
			return -1
		}
		return 1
	case int:
		if b, ok := b.(int); ok {
			return compare(a, b)
		}
		f, _ := toFloat(b)
		return compare(float64(a), f)
	case float64:
		f, _ := toFloat(b)
		return compare(a, f)
	case string:
		b := b.(string)
		return compare(a, b)
	}
	return 0
}

func compare[T int | float64 | string](a, b T) int {
	if a < b {
		return -1
	}
	if a > b {
		return 1
	}
	return 0
}
