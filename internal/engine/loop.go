package engine

import (
	"fmt"
	"sync"

	"github.com/aether-rpa/aether/node"
)

// loopView is what expressions see of a turn.
type loopView struct {
	root  map[string]any
	id    string
	saved [2]any
	had   bool
}

// openLoop puts the turn's view under loop and loops.<id>.
func (b *branch) openLoop(id string) *loopView {
	loops, _ := b.root["loops"].(map[string]any)
	l := &loopView{root: b.root, id: id}
	l.saved[0] = b.root["loop"]
	l.saved[1], l.had = loops[id]
	return l
}

func (l *loopView) turn(view map[string]any) {
	l.root["loop"] = view
	l.root["loops"].(map[string]any)[l.id] = view
}

func (l *loopView) close() {
	l.root["loop"] = l.saved[0]
	loops := l.root["loops"].(map[string]any)
	if l.had {
		loops[l.id] = l.saved[1]
	} else {
		delete(loops, l.id)
	}
}

// each walks the body once for each item.
func (b *branch) each(s *step, m node.Each) signal {
	if m.Concurrency > 1 {
		return b.eachAtOnce(s, m)
	}
	view := b.openLoop(s.id)
	defer view.close()
	total := m.Items.Len()
	var results, errs []any
	i := 0
	finish := func() {
		b.setOut(s.id, map[string]any{"results": list(results), "errors": list(errs), "count": i})
	}
	for item, err := range m.Items.All(b.ctx) {
		if err != nil {
			if b.ctx.Err() != nil {
				return b.stopped()
			}
			return signal{kind: sigFail, fail: b.failure(s, fmt.Errorf("reading the items: %w", err))}
		}
		b.emitTurn(s, i, total)
		if s.keep || b.x.look != nil {
			b.setOut(s.id, map[string]any{"item": item, "index": i})
		}
		view.turn(map[string]any{"item": item, "index": i, "count": total})
		sig := b.turn(s, i)
		switch sig.kind {
		case sigFail:
			if m.OnError != "continue" || b.ctx.Err() != nil {
				return sig
			}
			errs = append(errs, turnError(i, sig.fail))
			results = append(results, nil)
			i++
			continue
		case sigBreak:
			finish()
			return signal{}
		case sigReturn, sigStop:
			return sig
		}
		if m.Collect.Given() {
			v, err := m.Collect.Eval(b.ctx, nil)
			if err != nil {
				return signal{kind: sigFail, fail: b.failure(s, fmt.Errorf("collecting turn %d: %w", i, err))}
			}
			results = append(results, v)
		}
		i++
	}
	finish()
	return signal{}
}

func list(l []any) []any {
	if l == nil {
		return []any{}
	}
	return l
}

func turnError(i int, f *node.Failure) map[string]any {
	v := f.Value()
	v["index"] = i
	return v
}

func (b *branch) emitTurn(s *step, i, total int) {
	// Telling of every turn of a fast loop would cost more than the turns.
	if total > 0 && total <= 1000 || i%256 == 0 {
		b.x.emit(Event{Kind: EventIteration, Path: b.path(s), Node: s.id, Type: s.def.Type, Done: i, Sum: total})
	}
}

// turn walks the body of a loop with the path of turn i.
func (b *branch) turn(s *step, i int) signal {
	sig := b.body(s, i)
	if sig.kind == sigContinue {
		return signal{}
	}
	return sig
}

// body walks the port body with the path of turn i.
func (b *branch) body(s *step, i int) signal {
	outer := b.at
	b.at = &frame{up: outer, id: s.id, index: i}
	sig := b.chain(s.wire("body"))
	b.at = outer
	return sig
}

// eachAtOnce walks several turns at a time, each in a branch of its own; they
// are joined in the order of the items.
func (b *branch) eachAtOnce(s *step, m node.Each) signal {
	var items []any
	for item, err := range m.Items.All(b.ctx) {
		if err != nil {
			return signal{kind: sigFail, fail: b.failure(s, fmt.Errorf("reading the items: %w", err))}
		}
		items = append(items, item)
	}
	results, errs := make([]any, len(items)), []any{}
	var mu sync.Mutex
	failed := map[int]*node.Failure{}
	lines := make([]line, len(items))
	for i, item := range items {
		lines[i] = func(c *branch) signal {
			view := c.openLoop(s.id)
			b.emitTurn(s, i, len(items))
			c.setOut(s.id, map[string]any{"item": item, "index": i})
			view.turn(map[string]any{"item": item, "index": i, "count": len(items)})
			collect := m.Collect
			if collect.Text != "" {
				eval, err := c.bindLazy(collect.Text, nil)
				if err != nil {
					return signal{kind: sigFail, fail: c.failure(s, err)}
				}
				collect = collect.Bind(eval)
			}
			sig := c.turn(s, i)
			if sig.kind == sigFail && m.OnError == "continue" && c.ctx.Err() == nil {
				mu.Lock()
				failed[i] = sig.fail
				mu.Unlock()
				return signal{}
			}
			if sig.kind == sigNone && collect.Given() {
				v, err := collect.Eval(c.ctx, nil)
				if err != nil {
					return signal{kind: sigFail, fail: c.failure(s, fmt.Errorf("collecting turn %d: %w", i, err))}
				}
				results[i] = v
			}
			return sig
		}
	}
	if sig := b.together(s, lines, m.Concurrency, false); sig.kind != sigNone {
		return sig
	}
	for i := range items {
		if f := failed[i]; f != nil {
			errs = append(errs, turnError(i, f))
		}
	}
	if !m.Collect.Given() {
		results = []any{}
	}
	b.setOut(s.id, map[string]any{"results": results, "errors": errs, "count": len(items)})
	return signal{}
}

// while walks the body as long as the condition holds.
func (b *branch) while(s *step, m node.While) signal {
	view := b.openLoop(s.id)
	defer view.close()
	for i := 0; ; i++ {
		turn := map[string]any{"index": i}
		view.turn(turn)
		if i > 0 || !m.After {
			ok, err := m.Condition.True(b.ctx, nil)
			if err != nil {
				return signal{kind: sigFail, fail: b.failure(s, err)}
			}
			if !ok {
				b.setOut(s.id, map[string]any{"count": i})
				return signal{}
			}
		}
		if b.ctx.Err() != nil {
			return b.stopped()
		}
		if m.Max > 0 && i >= m.Max {
			return signal{kind: sigFail, fail: b.failure(s, node.Fail(node.KindInput, fmt.Sprintf("the loop did not end after %d turns", m.Max), "raise max if the loop is right, or look why its condition stays true"))}
		}
		b.emitTurn(s, i, -1)
		switch sig := b.turn(s, i); sig.kind {
		case sigNone:
			if b.x.look != nil && b.x.look.gap.Load() {
				return signal{} // nothing more was recorded, and the condition may never change
			}
		case sigBreak:
			b.setOut(s.id, map[string]any{"count": i + 1})
			return signal{}
		case sigFail, sigReturn, sigStop:
			return sig
		}
	}
}
