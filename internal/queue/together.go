package queue

import (
	"context"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
)

// together does in one transaction what several callers in this process ask for
// at the same time. Who finds no transaction under way begins one at once; the
// others wait, and the first of them does it for all. More transactions at a time
// would be slower, for they would pass over each other's rows and each would wait
// for the disk for itself; only who asks for much need not wait while there are
// fewer than limit.
type together[T any] struct {
	limit int
	size  func(T) int
	run   func(context.Context, []T) // says in each what became of it

	mu      sync.Mutex
	busy    int
	waiting []*waiter[T]
}

// large is how much a caller asks for whose transaction is worth having alone.
const large = 50

type waiter[T any] struct {
	ctx  context.Context
	what T
	turn chan bool // true: it is to lead, false: it is done
	err  error     // if nothing was done for it
}

// do does what a caller asks for, and returns an error if ctx ended before it was
// begun.
func (t *together[T]) do(ctx context.Context, what T) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	t.mu.Lock()
	if t.busy == 0 || t.busy < t.limit && t.size(what) >= large {
		t.busy++
		t.mu.Unlock()
		defer t.next()
		t.run(ctx, []T{what})
		return nil
	}
	w := &waiter[T]{ctx: ctx, what: what, turn: make(chan bool, 1)}
	t.waiting = append(t.waiting, w)
	t.mu.Unlock()
	select {
	case lead := <-w.turn:
		if lead {
			t.lead(w)
		}
		return w.err
	case <-ctx.Done():
	}
	t.mu.Lock()
	if i := slices.Index(t.waiting, w); i >= 0 {
		t.waiting = slices.Delete(t.waiting, i, i+1)
		t.mu.Unlock()
		return ctx.Err()
	}
	t.mu.Unlock()
	if <-w.turn { // it was begun, or others may wait for it
		t.lead(w)
	}
	return w.err
}

// lead does what a caller asks for, and those who wait with it.
func (t *together[T]) lead(first *waiter[T]) {
	defer t.next()
	// Callers that one transaction woke ask at the same time: all of them first.
	runtime.Gosched()
	all := append([]*waiter[T]{first}, t.take(t.size(first.what))...)
	defer func() {
		for _, w := range all[1:] {
			w.turn <- false
		}
	}()
	// It goes on while any of them wants it.
	ctx, stop := context.WithCancel(context.WithoutCancel(first.ctx))
	defer stop()
	var want atomic.Int64
	want.Store(1) // until all are counted
	var what []T
	for _, w := range all {
		if w.err = w.ctx.Err(); w.err != nil {
			continue
		}
		want.Add(1)
		what = append(what, w.what)
		defer context.AfterFunc(w.ctx, func() {
			if want.Add(-1) == 0 {
				stop()
			}
		})()
	}
	if want.Add(-1) == 0 {
		stop()
	}
	if len(what) > 0 {
		t.run(ctx, what)
	}
}

// take takes those who wait, as many as fit into a transaction of a size.
func (t *together[T]) take(size int) []*waiter[T] {
	t.mu.Lock()
	defer t.mu.Unlock()
	n := 0
	for ; n < len(t.waiting); n++ {
		if size += t.size(t.waiting[n].what); size > maxBatch {
			break
		}
	}
	all := slices.Clone(t.waiting[:n])
	t.waiting = slices.Delete(t.waiting, 0, n)
	return all
}

// next gives the turn to the first of those who wait.
func (t *together[T]) next() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.waiting) == 0 {
		t.busy--
		return
	}
	t.waiting[0].turn <- true
	t.waiting = slices.Delete(t.waiting, 0, 1)
}
