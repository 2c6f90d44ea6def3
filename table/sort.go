package table

import (
	"container/heap"
	"context"
	"slices"
)

// fanIn is how many temporary files are merged at a time.
const fanIn = 64

// Sort returns the rows in the order of compare; rows that compare equal keep
// their order.
func (s *Space) Sort(ctx context.Context, rows Seq, compare func(a, b any) int) Seq {
	return func(yield func(any, error) bool) {
		t := &sorter{space: s, ctx: ctx, compare: compare}
		defer t.close()
		if err := t.read(rows); err != nil {
			yield(nil, err)
			return
		}
		if len(t.runs) == 0 {
			for i := range t.batch {
				v := t.batch[i].row
				t.batch[i].row = nil
				if !yield(v, nil) {
					return
				}
			}
			return
		}
		if err := t.reduce(); err != nil {
			yield(nil, err)
			return
		}
		for v, err := range t.merge(t.runs) {
			if !yield(v, err) || err != nil {
				return
			}
		}
	}
}

type sorter struct {
	space   *Space
	ctx     context.Context
	compare func(a, b any) int
	batch   []numbered
	runs    []*run
}

// numbered is a row with its place, which makes an unstable sort stable.
type numbered struct {
	row any
	at  int
}

func (t *sorter) close() {
	for _, r := range t.runs {
		r.close()
	}
}

func (t *sorter) read(rows Seq) error {
	size := int64(0)
	count := 0
	for v, err := range rows {
		if err == nil {
			err = every(t.ctx, count)
		}
		if err != nil {
			return err
		}
		count++
		t.batch = append(t.batch, numbered{v, len(t.batch)})
		if size += Size(v) + 24; size > t.space.Memory {
			if err := t.spill(); err != nil {
				return err
			}
			size = 0
		}
	}
	if len(t.runs) > 0 && len(t.batch) > 0 {
		return t.spill()
	}
	t.order()
	return nil
}

func (t *sorter) order() {
	slices.SortFunc(t.batch, func(a, b numbered) int {
		if c := t.compare(a.row, b.row); c != 0 {
			return c
		}
		return a.at - b.at
	})
}

func (t *sorter) spill() error {
	t.order()
	r, err := t.space.writeRun(func(put func(any) error) error {
		for _, n := range t.batch {
			if err := put(n.row); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	t.runs = append(t.runs, r)
	clear(t.batch)
	t.batch = t.batch[:0]
	return nil
}

// reduce merges neighbouring files until few enough are left to be merged at
// once. Neighbours only: that keeps equal rows in order.
func (t *sorter) reduce() error {
	for len(t.runs) > fanIn {
		var merged []*run
		for group := range slices.Chunk(t.runs, fanIn) {
			r, err := t.space.writeRun(func(put func(any) error) error {
				for v, err := range t.merge(group) {
					if err == nil {
						err = put(v)
					}
					if err != nil {
						return err
					}
				}
				return nil
			})
			if err != nil {
				for _, m := range merged {
					m.close()
				}
				return err
			}
			merged = append(merged, r)
		}
		t.close()
		t.runs = merged
	}
	return nil
}

func (t *sorter) merge(runs []*run) Seq {
	return func(yield func(any, error) bool) {
		h := &mergeHeap{compare: t.compare}
		defer h.stop()
		for i, r := range runs {
			c := open(r.rows(t.ctx))
			h.all = append(h.all, c)
			if err := c.step(); err != nil {
				yield(nil, err)
				return
			}
			if c.ok {
				h.live = append(h.live, source{c, i})
			}
		}
		heap.Init(h)
		for len(h.live) > 0 {
			c := h.live[0].cursor
			if !yield(c.row, nil) {
				return
			}
			if err := c.step(); err != nil {
				yield(nil, err)
				return
			}
			if c.ok {
				heap.Fix(h, 0)
			} else {
				heap.Pop(h)
			}
		}
	}
}

type source struct {
	*cursor
	at int
}

// mergeHeap has the file with the smallest current row on top.
type mergeHeap struct {
	live    []source
	all     []*cursor
	compare func(a, b any) int
}

func (h *mergeHeap) stop() {
	for _, c := range h.all {
		c.stop()
	}
}

func (h *mergeHeap) Len() int { return len(h.live) }
func (h *mergeHeap) Less(i, j int) bool {
	if c := h.compare(h.live[i].row, h.live[j].row); c != 0 {
		return c < 0
	}
	return h.live[i].at < h.live[j].at
}
func (h *mergeHeap) Swap(i, j int) { h.live[i], h.live[j] = h.live[j], h.live[i] }
func (h *mergeHeap) Push(x any)    { h.live = append(h.live, x.(source)) }
func (h *mergeHeap) Pop() any {
	last := h.live[len(h.live)-1]
	h.live = h.live[:len(h.live)-1]
	return last
}
