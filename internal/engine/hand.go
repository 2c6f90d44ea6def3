package engine

import (
	"context"
	"strconv"
	"strings"
	"time"
)

// A person takes over what is live in a run, such as its browser, while every
// line of the run waits, and gives it back. What the person has left is recorded
// beside the node before which the line waits, at a pace while they work and
// once more before the line goes on:
//
//	pay!hand1  the states of what is live, sealed
//
// So whoever goes on with the run builds what the person left.

// Hand is the hand of a person in the live things of a run, as whoever executes
// the run has it. It is safe for concurrent use.
type Hand interface {
	// Wanted reports whether a person wants to have the live things, or has them:
	// a run that waits for a person then stays in this process.
	Wanted() bool
	// Quiet says that all lines of the run wait, so that the person may begin.
	Quiet()
	// Busy says that a line goes on. It waits until nobody has the live things; if
	// ctx is done they are taken away.
	Busy(ctx context.Context)
	// Release takes the live things away: the line that waits was told to go on.
	Release()
	// Due reports whether the states are to be recorded now, as the person has done
	// something since they were: at once if last is set, else at a pace. Kept is
	// called when they were.
	Due(last bool) bool
	Kept()
}

// handLook is how often a wait that is over looks whether a person still has the
// live things.
const handLook = 500 * time.Millisecond

const handMark = "!hand"

func handName(path string, n int) string { return path + handMark + strconv.Itoa(n) }

// noteHands counts a record of what a person left.
func (x *exec) noteHands(name string) {
	i := strings.LastIndex(name, handMark)
	if i < 0 {
		return
	}
	if n, err := strconv.Atoi(name[i+len(handMark):]); err == nil {
		if x.hands == nil {
			x.hands = map[string]int{}
		}
		x.hands[name[:i]] = max(x.hands[name[:i]], n)
	}
}

// replayHands recalls what a person left before a node.
func (b *branch) replayHands(path string) {
	x := b.x
	x.mu.Lock()
	n := x.hands[path]
	x.mu.Unlock()
	live := x.host.Sessions()
	for i := 1; i <= n && live != nil; i++ {
		if rec := x.recall(handName(path, i)); rec != nil {
			live.Recall(rec.Live, rec.End)
		}
	}
}

// handed reports whether a person can take over, and wants to, at a wait.
func (x *exec) handed(w Wait) bool {
	return x.o.Hand != nil && (w.Ask != nil || w.Paused != nil) && x.o.Hand.Wanted()
}

// takeBack ends what a person does in the live things as a line is told to go on.
func (b *branch) takeBack(w Wait) signal {
	if b.x.o.Hand == nil || w.Ask == nil && w.Paused == nil {
		return signal{}
	}
	b.x.o.Hand.Release()
	return b.keepHand(w.Path, true)
}

// keepHand records what a person has left so far, if that is due.
func (b *branch) keepHand(path string, last bool) signal {
	x := b.x
	if x.o.Hand == nil || !x.o.Hand.Due(last) {
		return signal{}
	}
	defer x.o.Hand.Kept()
	rec := &Record{Start: x.o.Now().UnixMilli()}
	b.keepSessions(rec, b.env)
	if len(rec.Live) == 0 {
		return signal{}
	}
	rec.End = x.o.Now().UnixMilli()
	x.mu.Lock()
	if x.hands == nil {
		x.hands = map[string]int{}
	}
	x.hands[path]++
	n := x.hands[path]
	x.mu.Unlock()
	if err := x.record(b.ctx, handName(path, n), rec); err != nil {
		return x.halt(err)
	}
	return signal{}
}
