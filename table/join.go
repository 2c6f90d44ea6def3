package table

import (
	"context"
)

// Join says how two tables are put together.
type Join struct {
	// LeftKey and RightKey return the key of a row; with ok false the row
	// matches nothing.
	LeftKey, RightKey func(row any) (key string, ok bool, err error)
	// Emit makes a row of a pair. For a row that matches nothing the other side
	// is Missing.
	Emit func(left, right any) (any, error)
	// Left and Right keep the rows of that side that match nothing.
	Left, Right bool
	// Exists gives each left row that matches once, with a Missing right side.
	Exists bool
	// Unmatched gives the left rows that match nothing and no others.
	Unmatched bool
}

type missing struct{}

// Missing stands for the row that is not there.
var Missing any = missing{}

// Join puts the tables together. The result is in the order of the left rows,
// then of the right ones; right rows that match nothing come last. The right
// stream may be iterated twice.
func (s *Space) Join(ctx context.Context, left, right Seq, j Join) Seq {
	return func(yield func(any, error) bool) {
		h := &hashed{index: map[string][]int{}}
		fits, err := h.load(right, j, s.Memory)
		if err != nil {
			yield(nil, err)
			return
		}
		result := last(s.Sort(ctx, s.mergeJoin(ctx, left, right, j), byPlace))
		if fits {
			result = h.join(ctx, left, j)
		}
		for v, err := range result {
			if !yield(v, err) || err != nil {
				return
			}
		}
	}
}

// hashed is the right table in memory.
type hashed struct {
	rows  []any
	used  []bool
	index map[string][]int
}

func (h *hashed) load(right Seq, j Join, limit int64) (fits bool, err error) {
	size := int64(0)
	for row, err := range right {
		if err != nil {
			return false, err
		}
		k, ok, err := j.RightKey(row)
		if err != nil {
			return false, err
		}
		if size += Size(row) + int64(len(k)) + 64; size > limit {
			*h = hashed{}
			return false, nil
		}
		if ok {
			h.index[k] = append(h.index[k], len(h.rows))
		}
		h.rows = append(h.rows, row)
	}
	h.used = make([]bool, len(h.rows))
	return true, nil
}

func (h *hashed) join(ctx context.Context, left Seq, j Join) Seq {
	return func(yield func(any, error) bool) {
		put := func(l, r any) bool {
			v, err := j.Emit(l, r)
			return yield(v, err) && err == nil
		}
		n := 0
		for row, err := range left {
			var k string
			var ok bool
			if err == nil {
				k, ok, err = j.LeftKey(row)
			}
			if err != nil {
				yield(nil, err)
				return
			}
			var hits []int
			if ok {
				hits = h.index[k]
			}
			if j.single(len(hits) > 0) {
				if !put(row, Missing) {
					return
				}
				continue
			}
			if j.Exists || j.Unmatched {
				continue
			}
			for _, i := range hits {
				h.used[i] = true
				if n++; n%1024 == 0 && ctx.Err() != nil {
					yield(nil, ctx.Err())
					return
				}
				if !put(row, h.rows[i]) {
					return
				}
			}
		}
		if !j.Right {
			return
		}
		for i, row := range h.rows {
			if !h.used[i] && !put(Missing, row) {
				return
			}
		}
	}
}

// single reports whether a left row comes out alone.
func (j Join) single(matched bool) bool {
	switch {
	case j.Exists:
		return matched
	case j.Unmatched:
		return !matched
	}
	return !matched && j.Left
}

// mergeJoin sorts both sides by key and walks them together. It yields
// [left place, right place, row].
func (s *Space) mergeJoin(ctx context.Context, left, right Seq, j Join) Seq {
	return func(yield func(any, error) bool) {
		m := &merger{space: s, ctx: ctx, j: j, yield: yield}
		m.l = open(s.Sort(ctx, tagged(ctx, left, keyed(j.LeftKey)), byKey))
		defer m.l.stop()
		m.r = open(s.Sort(ctx, tagged(ctx, right, keyed(j.RightKey)), byKey))
		defer m.r.stop()
		if err := m.run(); err != nil && !m.done {
			yield(nil, err)
		}
	}
}

// keyed marks the keys that match something with a first letter, so that all
// others sort first under the empty key.
func keyed(key func(any) (string, bool, error)) func(any) (string, any, error) {
	return func(row any) (string, any, error) {
		k, ok, err := key(row)
		if !ok {
			return "", row, err
		}
		return "k" + k, row, err
	}
}

type merger struct {
	space *Space
	ctx   context.Context
	j     Join
	l, r  *cursor
	yield func(any, error) bool
	done  bool
	n     int
}

func (m *merger) run() error {
	if err := m.l.step(); err != nil {
		return err
	}
	if err := m.r.step(); err != nil {
		return err
	}
	for (m.l.ok || m.r.ok) && !m.done {
		var err error
		lk, rk := m.l.key(), m.r.key()
		switch {
		case m.l.ok && (!m.r.ok || lk == "" || rk != "" && lk < rk):
			err = m.left(false)
		case m.r.ok && (!m.l.ok || rk == "" || rk < lk):
			if m.j.Right {
				err = m.put(end, m.r.place(), Missing, m.r.kept())
			}
			if err == nil {
				err = m.r.step()
			}
		default:
			err = m.equal(lk)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// left handles a left row without pairs and goes on.
func (m *merger) left(matched bool) error {
	if m.j.single(matched) {
		if err := m.put(m.l.place(), 0, m.l.kept(), Missing); err != nil {
			return err
		}
	}
	return m.l.step()
}

// equal pairs all rows of one key.
func (m *merger) equal(key string) error {
	b := m.space.Buffer()
	defer b.Close()
	for m.r.ok && m.r.key() == key {
		if !m.j.Exists && !m.j.Unmatched {
			if err := b.Add(m.r.row); err != nil {
				return err
			}
		}
		if err := m.r.step(); err != nil {
			return err
		}
	}
	for m.l.ok && m.l.key() == key && !m.done {
		for v, err := range b.All(m.ctx) {
			if err != nil {
				return err
			}
			t := v.([]any)
			if err := m.put(m.l.place(), t[1].(int), m.l.kept(), t[2]); err != nil {
				return err
			}
			if m.done {
				return nil
			}
		}
		if err := m.left(true); err != nil {
			return err
		}
	}
	return nil
}

func (m *merger) put(lAt, rAt int, l, r any) error {
	m.n++
	if err := every(m.ctx, m.n); err != nil {
		return err
	}
	v, err := m.j.Emit(l, r)
	if err != nil {
		return err
	}
	if !m.yield([]any{lAt, rAt, v}, nil) {
		m.done = true
	}
	return nil
}

// key, place and kept read the parts of a tagged row.
func (c *cursor) key() string {
	if !c.ok {
		return ""
	}
	return c.row.([]any)[0].(string)
}
func (c *cursor) place() int { return c.row.([]any)[1].(int) }
func (c *cursor) kept() any  { return c.row.([]any)[2] }
