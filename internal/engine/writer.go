package engine

import (
	"context"
	"sync"
	"time"

	"github.com/aether-rpa/aether/internal/durable"
)

// linger is how long the result of a node in a live session may wait for company. A crash in that time leaves it as unknown whether the
// node acted as one does that comes a moment earlier, while it acts.
const linger = 5 * time.Millisecond

// writer puts entries into the log in the order they are given. Each entry costs the disk a wait, so the result of a
// node is written together with what comes next, as the intent of the node after it: at the latest before anything
// changes the world, and soon in any case. It is safe for concurrent use.
type writer struct {
	log    durable.Log
	failed func(error) // is told why results that nobody waits for could not be written

	mu      sync.Mutex
	turn    *sync.Cond // on mu: writing has ended
	queue   []durable.Entry
	given   int // entries ever put into queue
	kept    int // of these, the log has
	writing bool
	timer   *time.Timer
	err     error // for ever, from the first that is not written
	news    []news
	telling bool
}

// news is told to watchers when the log has so many entries: what they hear of has happened, whatever dies then.
type news struct {
	after int
	tell  func()
}

func newWriter(log durable.Log, failed func(error)) *writer {
	w := &writer{log: log, failed: failed}
	w.turn = sync.NewCond(&w.mu)
	return w
}

// later takes an entry that is written soon.
func (w *writer) later(ctx context.Context, e durable.Entry) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.err != nil {
		return w.err
	}
	w.queue = append(w.queue, e)
	w.given++
	if len(w.queue) == 1 {
		w.timer = time.AfterFunc(linger, func() {
			if err := w.flush(ctx); err != nil {
				w.failed(err)
			}
		})
	}
	return nil
}

// flush returns when the log has all that was given. Who finds nobody writing writes for all.
func (w *writer) flush(ctx context.Context, more ...durable.Entry) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.queue = append(w.queue, more...)
	w.given += len(more)
	for all := w.given; w.err == nil && w.kept < all; {
		if w.writing {
			w.turn.Wait()
			continue
		}
		batch := w.queue
		w.queue, w.writing = nil, true
		if w.timer != nil {
			w.timer.Stop()
		}
		w.mu.Unlock()
		err := w.log.Append(ctx, batch...)
		w.mu.Lock()
		w.writing = false
		if err != nil {
			w.err = err
		} else {
			w.kept += len(batch)
		}
		w.turn.Broadcast()
	}
	w.spread()
	return w.err
}

// tell calls a function once the log has all that was given so far, in the order of the calls.
func (w *writer) tell(fn func()) {
	w.mu.Lock()
	if len(w.news) == 0 && w.kept == w.given {
		w.mu.Unlock()
		fn()
		return
	}
	w.news = append(w.news, news{w.given, fn})
	w.mu.Unlock()
}

// spread tells what may be told, and returns when it is; w.mu is held. An item stays in the list while it is told, so
// that nothing newer overtakes it.
func (w *writer) spread() {
	for len(w.news) > 0 && w.news[0].after <= w.kept {
		if w.telling {
			w.turn.Wait()
			continue
		}
		w.telling = true
		tell := w.news[0].tell
		w.mu.Unlock()
		tell()
		w.mu.Lock()
		w.news = w.news[1:]
		w.telling = false
		w.turn.Broadcast()
	}
}
