package item_test

import (
	"errors"
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"github.com/aether-rpa/aether/internal/db/dbtest"
	"github.com/aether-rpa/aether/internal/item"
	"github.com/aether-rpa/aether/node"
)

// want is what the model says of an item.
type want struct {
	status  string
	fence   int64
	run     string
	retryNo int
	died    int
	retryOf int64
}

// model is a queue as its rules say it should be.
type model struct {
	*rapid.T
	b       bench
	q       *item.Queue
	items   map[int64]*want
	order   []int64 // by rank: all have the same priority, so by when they were added
	holds   []node.ItemHold
	taker   map[node.ItemHold]string
	retries int
	after   int
}

func (m *model) check(err error) {
	m.Helper()
	if err != nil {
		m.Fatal(err)
	}
}

func (m *model) some() int64 {
	if len(m.order) == 0 {
		m.Skip("no items")
	}
	return rapid.SampledFrom(m.order).Draw(m.T, "item")
}

func (m *model) add(*rapid.T) {
	out, err := m.b.s.Add(m.b.Context(), m.q, item.Adding{}, seq(node.ItemSpec{Content: map[string]any{"n": len(m.order)}}))
	m.check(err)
	m.fresh(out.First, &want{status: node.ItemNew})
}

func (m *model) fresh(id int64, w *want) {
	m.items[id] = w
	m.order = append(m.order, id)
}

func (m *model) next(*rapid.T) {
	run := rapid.SampledFrom([]string{"a", "b", "c"}).Draw(m.T, "run")
	got, err := m.b.s.Next(m.b.Context(), m.q, item.Taker{Run: run, Token: fmt.Sprint("t", len(m.holds))})
	m.check(err)
	var first int64
	for _, id := range m.order {
		if m.items[id].status == node.ItemNew {
			first = id
			break
		}
	}
	switch {
	case got == nil && first != 0:
		m.Fatalf("nothing was taken, and %d is new", first)
	case got == nil:
		return
	case got.ID != first:
		m.Fatalf("%d was taken, and %d is first", got.ID, first)
	}
	w := m.items[got.ID]
	w.status, w.run = node.ItemInProgress, run
	w.fence++
	m.holds = append(m.holds, got.Hold())
	m.taker[got.Hold()] = run
}

// hold draws a hold, which may be stale.
func (m *model) hold() (node.ItemHold, *want, bool) {
	if len(m.holds) == 0 {
		m.Skip("nothing was taken")
	}
	h := rapid.SampledFrom(m.holds).Draw(m.T, "hold")
	w := m.items[h.ID]
	return h, w, w.fence == h.Fence && (w.status == node.ItemNew || w.status == node.ItemInProgress)
}

func (m *model) keep(*rapid.T) {
	h, w, good := m.hold()
	err := m.b.s.Keep(m.b.Context(), m.taker[h], h, nil)
	if good != (err == nil) {
		m.Fatalf("keeping %v (%+v): %v", h, w, err)
	}
	if good {
		w.status, w.run = node.ItemInProgress, m.taker[h]
	}
}

func (m *model) end(*rapid.T) {
	h, w, good := m.hold()
	e := rapid.SampledFrom([]node.ItemEnd{success, business, application}).Draw(m.T, "end")
	out, err := m.b.s.End(m.b.Context(), h, e)
	if !good {
		// The same end again is no error; anything else changes nothing, which
		// the comparison of all items shows.
		if err != nil && !isLost(err) && !errors.Is(err, item.ErrInput) {
			m.Fatal(err)
		}
		return
	}
	m.check(err)
	switch {
	case e.Status == node.ItemSuccessful:
		w.status = node.ItemSuccessful
	case !e.Business && w.retryNo < m.retries:
		w.status = node.ItemRetried
		m.fresh(out.Retry, &want{status: node.ItemNew, retryNo: w.retryNo + 1, retryOf: h.ID})
	default:
		w.status = node.ItemFailed
	}
	if out.Status != w.status {
		m.Fatalf("ended as %s, want %s", out.Status, w.status)
	}
}

func (m *model) back(*rapid.T) {
	h, w, good := m.hold()
	_, err := m.b.s.End(m.b.Context(), h, node.ItemEnd{Status: node.ItemNew, Lenient: true})
	if good {
		m.check(err)
		w.status = node.ItemNew
	}
}

func (m *model) die(w *want) {
	if w.died++; w.status == node.ItemInProgress {
		w.status = node.ItemNew
		if w.died >= m.after {
			w.status = node.ItemAbandoned
		}
	}
}

func (m *model) expire(*rapid.T) {
	m.b.expire()
	for _, w := range m.items {
		if w.status == node.ItemInProgress {
			m.die(w)
		}
	}
}

func (m *model) runEnds(*rapid.T) {
	run := rapid.SampledFrom([]string{"a", "b", "c"}).Draw(m.T, "run")
	counted := rapid.Bool().Draw(m.T, "counted")
	m.check(m.b.s.GiveBack(m.b.Context(), run, counted))
	for _, w := range m.items {
		switch {
		case w.status != node.ItemInProgress || w.run != run:
		case counted:
			m.die(w)
		default:
			w.status = node.ItemNew
		}
	}
}

func (m *model) retry(*rapid.T) {
	id := m.some()
	w := m.items[id]
	next, err := m.b.s.Retry(m.b.Context(), id)
	if good := w.status == node.ItemFailed || w.status == node.ItemAbandoned; good != (err == nil) {
		m.Fatalf("retrying %d, which is %s: %v", id, w.status, err)
	}
	if err == nil {
		w.status = node.ItemRetried
		w.fence++
		m.fresh(next, &want{status: node.ItemNew, retryOf: id})
	}
}

func (m *model) remove(*rapid.T) {
	id := m.some()
	w := m.items[id]
	err := m.b.s.Delete(m.b.Context(), id, 0)
	if good := w.status != node.ItemInProgress && w.status != node.ItemRetried; good != (err == nil) {
		m.Fatalf("deleting %d, which is %s: %v", id, w.status, err)
	}
	if err == nil && w.status != node.ItemDeleted {
		w.status = node.ItemDeleted
		w.fence++
	}
}

// same compares all items with the model.
func (m *model) same(*rapid.T) {
	list, err := m.b.s.List(m.b.Context(), "", node.ItemFilter{Queue: m.q.Name, Limit: 1000})
	m.check(err)
	if len(list) != len(m.items) {
		m.Fatalf("there are %d items, want %d", len(list), len(m.items))
	}
	for _, i := range list {
		w := m.items[i.ID]
		got := want{i.Status, i.Fence, w.run, i.RetryNo, i.Died, i.RetryOf}
		if got != *w || w.status == node.ItemInProgress && i.Run != w.run {
			m.Fatalf("item %d is %+v of run %s, want %+v", i.ID, got, i.Run, *w)
		}
		if i.Status == node.ItemRetried && m.items[i.Retry] == nil {
			m.Fatalf("item %d was retried as %d, which is not there", i.ID, i.Retry)
		}
	}
}

// TestModel does random things to a queue and compares it with the rules.
func TestModel(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, target dbtest.Target) {
		d := dbtest.Open(t, target)
		b := bench{T: t, d: d, s: item.New(d)}
		n := 0
		rapid.Check(t, func(rt *rapid.T) {
			n++
			m := &model{T: rt, b: b, items: map[int64]*want{}, taker: map[node.ItemHold]string{}}
			m.retries, m.after = rapid.IntRange(0, 2).Draw(rt, "retries"), rapid.IntRange(1, 3).Draw(rt, "abandon after")
			m.q = &item.Queue{Name: fmt.Sprint("q", n), MaxRetries: m.retries, AbandonAfter: m.after}
			m.check(b.s.AddQueue(t.Context(), m.q, false))
			rt.Repeat(map[string]func(*rapid.T){
				"add": m.add, "next": m.next, "keep": m.keep, "end": m.end, "back": m.back, "expire": m.expire, "run ends": m.runEnds, "retry": m.retry, "delete": m.remove, "": m.same,
			})
			// Nothing of this queue may be in the way of the next.
			_, err := b.s.DeleteQueue(t.Context(), m.q, true)
			m.check(err)
		})
	})
}
