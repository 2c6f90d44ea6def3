package engine

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aether-rpa/aether/node"
)

// messagePoll is how often a waiting branch looks for its message while other
// branches keep the run going.
const messagePoll = 200 * time.Millisecond

// waiter is a branch that waits.
type waiter struct {
	w     Wait
	until time.Time // zero: for ever
	quick bool      // will go on soon: the process stays
	ctx   context.Context
}

// enter counts a branch that is not waiting. When the last one begins to wait,
// the run is parked.
func (x *exec) enter() {
	x.mu.Lock()
	x.running++
	x.mu.Unlock()
}

// leave is the end of a branch, or of the line that now waits for its branches.
func (x *exec) leave() {
	x.mu.Lock()
	x.running--
	x.idle()
	x.mu.Unlock()
}

// idle does what there is to do when every line waits. The caller holds the lock.
func (x *exec) idle() {
	if x.running == 0 && len(x.waits) > 0 && x.o.Hand != nil {
		x.o.Hand.Quiet()
	}
	x.parkIfIdle()
}

// block marks the branch as waiting; the returned function ends that.
func (x *exec) block(w *waiter) func() {
	x.mu.Lock()
	if x.waits == nil {
		x.waits = map[*waiter]struct{}{}
	}
	x.waits[w] = struct{}{}
	x.running--
	x.idle()
	x.mu.Unlock()
	return func() {
		x.mu.Lock()
		delete(x.waits, w)
		x.running++
		x.mu.Unlock()
		if x.o.Hand != nil {
			x.o.Hand.Busy(w.ctx)
		}
	}
}

// parkIfIdle parks the run when every branch waits and none will go on soon.
// The caller holds the lock.
func (x *exec) parkIfIdle() {
	if x.running > 0 || x.o.ParkAfter < 0 || len(x.waits) == 0 {
		return
	}
	p := &ParkedError{}
	for w := range x.waits {
		// One whose block was given up is about to go on, too.
		if w.quick || w.ctx.Err() != nil {
			return
		}
		p.Waits = append(p.Waits, w.w)
		until := w.until
		if limit, ok := w.ctx.Deadline(); ok && (until.IsZero() || limit.Before(until)) {
			until = limit
		}
		if !until.IsZero() && (p.Wake.IsZero() || until.Before(p.Wake)) {
			p.Wake = until
		}
	}
	sortWaits(p.Waits)
	if x.stop == nil {
		x.stop = p
	}
	x.cancel(p)
}

// waitUntil sleeps until a time that a record fixes.
func (b *branch) waitUntil(s *step, until time.Time, w Wait) signal {
	d := until.Sub(b.x.o.Now())
	if d <= 0 || b.x.look != nil {
		return signal{}
	}
	w.Until = until.UnixMilli()
	b.x.emit(Event{Kind: EventWaiting, Path: w.Path, Node: s.id, Type: s.def.Type, Took: d})
	unblock := b.x.block(&waiter{w: w, until: until, quick: b.x.o.ParkAfter <= 0 || d <= b.x.o.ParkAfter, ctx: b.ctx})
	defer unblock()
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return signal{}
	case <-b.ctx.Done():
		return b.stopped()
	}
}

// withTimeout runs body with a limit of time for all of it. The limit is
// counted from when the block was first entered, crashes and waits included.
// A block that is given up leaves variables and outputs as they were before it.
func (b *branch) withTimeout(path string, limit time.Duration, what string, body func(*branch) signal) signal {
	if limit == 0 || b.x.look != nil {
		return body(b)
	}
	x := b.x
	if r := x.recall(path + "!closed"); r != nil {
		b.dbg.restore(r.Debug)
		return signal{kind: sigFail, fail: r.Fail}
	}
	if x.recall(path+"!ended") != nil {
		// It ended in time; only its replay may take place after the limit.
		return body(b)
	}
	until := x.recall(path + "!until")
	if until == nil || until.seeded {
		// A run that was made by a retry inside the block has all of the time.
		until = &Record{Until: x.o.Now().Add(limit).UnixMilli()}
		if err := x.record(b.ctx, path+"!until", until); err != nil {
			return x.halt(err)
		}
	}
	f := &node.Failure{Kind: node.KindTimeout, Node: lastID(path), Path: path, Message: fmt.Sprintf("%s took longer than %s", what, limit)}
	ctx, cancel := context.WithDeadlineCause(b.ctx, time.UnixMilli(until.Until), f)
	defer cancel()
	c := b.fork(ctx)
	sig := body(c)
	if errors.Is(context.Cause(ctx), error(f)) && b.ctx.Err() == nil && (sig.kind == sigFail && sig.fail == f || sig.kind == sigStop) {
		if err := x.record(b.ctx, path+"!closed", &Record{Fail: f, End: x.o.Now().UnixMilli(), Debug: b.closed()}); err != nil {
			return x.halt(err)
		}
		return signal{kind: sigFail, fail: f}
	}
	if sig.kind != sigStop && b.ctx.Err() == nil {
		if err := x.record(b.ctx, path+"!ended", &Record{End: x.o.Now().UnixMilli()}); err != nil {
			return x.halt(err)
		}
	}
	b.join(c)
	return sig
}
