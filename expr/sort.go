package expr

import (
	"math/bits"
	"sort"
)

func (a *args) sorted(l, keys []any, orderAt int) any {
	order := a.textOr(orderAt, "asc")
	if order != "asc" && order != "desc" {
		return a.failf(`the order must be "asc" or "desc"`)
	}
	if a.err != nil {
		return nil
	}
	v, err := a.st.sorted(l, keys, order == "desc")
	if err != nil {
		return a.fail(err)
	}
	return v
}

// sorted gives l in the order of keys; equal ones keep their places.
func (st *state) sorted(l, keys []any, desc bool) (any, error) {
	longest := 0
	for _, k := range keys {
		if s, ok := k.(string); ok {
			longest = max(longest, len(s))
		}
	}
	if err := st.spend(len(l) * bits.Len(uint(len(l))) * (30 + longest/8)); err != nil {
		return nil, err
	}
	out, err := st.list(len(l))
	if err != nil {
		return nil, err
	}
	by, err := st.list(len(l))
	if err != nil {
		return nil, err
	}
	copy(out, l)
	copy(by, keys)
	sort.Stable(&byKeys{st, out, by, desc})
	return out, nil
}

type byKeys struct {
	st       *state
	items, k []any
	desc     bool
}

func (s *byKeys) Len() int { return len(s.items) }
func (s *byKeys) Swap(i, j int) {
	s.items[i], s.items[j] = s.items[j], s.items[i]
	s.k[i], s.k[j] = s.k[j], s.k[i]
}

func (s *byKeys) Less(i, j int) bool {
	if s.desc {
		i, j = j, i
	}
	return s.st.order(s.k[i], s.k[j]) < 0
}
