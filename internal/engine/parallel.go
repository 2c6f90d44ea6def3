package engine

import (
	"context"
	"sync"

	"github.com/aether-rpa/aether/node"
)

// line is the work of one branch.
type line func(*branch) signal

// parallel walks each wire of the port branch at the same time.
func (b *branch) parallel(s *step, m node.Fork) signal {
	var lines []line
	for _, to := range s.wires["branch"] {
		lines = append(lines, func(c *branch) signal { return c.chain(to) })
	}
	limit := m.Limit
	if limit == 0 {
		limit = len(lines)
	}
	if sig := b.together(s, lines, limit, m.WaitAll); sig.kind != sigNone {
		return sig
	}
	b.setOut(s.id, map[string]any{"branches": len(lines)})
	return signal{}
}

// together runs lines in branches of their own, at most limit at a time, and
// joins them in order. The first failure cancels the others, unless all are to
// be waited for; what the branches changed is then dropped.
func (b *branch) together(s *step, lines []line, limit int, waitAll bool) signal {
	x := b.x
	path := b.path(s)
	if r := x.recall(path + "!closed"); r != nil {
		b.dbg.restore(r.Debug)
		return signal{kind: sigFail, fail: r.Fail}
	}
	ctx, cancel := context.WithCancelCause(b.ctx)
	defer cancel(nil)
	branches, sigs := make([]*branch, len(lines)), make([]signal, len(lines))
	var first *node.Failure
	var mu sync.Mutex
	var wg sync.WaitGroup
	next, workers := 0, min(limit, len(lines))
	work := func() {
		defer wg.Done()
		defer func() {
			mu.Lock()
			workers--
			last := workers == 0
			mu.Unlock()
			// The last one hands its place over to the line that waits for it: a
			// moment in which neither counts would park the run.
			if !last {
				x.leave()
			}
		}()
		for {
			mu.Lock()
			i := next
			next++
			mu.Unlock()
			if i >= len(lines) {
				return
			}
			if ctx.Err() != nil {
				sigs[i] = branches[i].stopped()
				continue
			}
			sig := lines[i](branches[i])
			sigs[i] = sig
			if sig.kind == sigFail && !waitAll {
				mu.Lock()
				if first == nil {
					first = sig.fail
				}
				mu.Unlock()
				cancel(&node.Failure{Kind: node.KindCancelled, Message: "another branch failed: " + sig.fail.Error(), Permanent: true})
			}
		}
	}
	for i := range lines {
		branches[i] = b.fork(ctx)
		branches[i].dbg = b.dbg.split(i == 0)
	}
	for range workers {
		x.enter()
		wg.Add(1)
	}
	for range min(limit, len(lines)) {
		go work()
	}
	if len(lines) > 0 {
		// This line waits for the others and is not counted meanwhile.
		x.leave()
		wg.Wait()
	}
	b.dbg.merge(branches)
	for _, sig := range sigs {
		if sig.kind == sigStop {
			return sig
		}
	}
	if b.ctx.Err() != nil {
		return b.stopped()
	}
	if waitAll {
		for _, sig := range sigs {
			if sig.kind == sigFail {
				first = sig.fail
				break
			}
		}
	}
	if first != nil {
		if !waitAll {
			if err := x.record(b.ctx, path+"!closed", &Record{Fail: first, End: x.o.Now().UnixMilli(), Debug: b.closed()}); err != nil {
				return x.halt(err)
			}
		}
		return signal{kind: sigFail, fail: first}
	}
	for i, c := range branches {
		b.join(c)
		switch sigs[i].kind {
		case sigReturn, sigBreak, sigContinue:
			return signal{kind: sigFail, fail: b.failure(s, node.Fail(node.KindInput, "a branch that runs beside others cannot leave the loop or the flow", "put break, continue and return after the branches have met"))}
		}
	}
	return signal{}
}
