package db

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"sync"
	"time"
)

// group is one transaction of SQLite in which several callers of Tx write, one
// after the other, each behind a savepoint of its own. SQLite lets one write at a
// time, and each commit waits for the disk: callers that come at the same time
// wait for it once.
type group struct {
	tx      *sql.Tx
	began   time.Time
	members int
	ended   chan struct{} // closed when err is known
	err     error
}

// Bounds of a group: nobody waits for its commit much longer than for one of its
// own.
const (
	groupMembers = 256
	groupTime    = 20 * time.Millisecond
)

// errGroup says that a transaction was undone because of another caller in its
// group, whose context ended in the middle of a statement.
var errGroup = errors.New("the transaction was undone with another one")

// turns lets one caller at a time write.
type turns struct {
	mu      sync.Mutex
	busy    bool
	waiting []chan *group
}

// enter waits for the turn, and returns the group that is open, or nil.
func (t *turns) enter(ctx context.Context) (*group, error) {
	t.mu.Lock()
	if !t.busy {
		t.busy = true
		t.mu.Unlock()
		return nil, nil
	}
	c := make(chan *group, 1)
	t.waiting = append(t.waiting, c)
	t.mu.Unlock()
	select {
	case g := <-c:
		return g, nil
	case <-ctx.Done():
	}
	t.mu.Lock()
	if i := slices.Index(t.waiting, c); i >= 0 {
		t.waiting = slices.Delete(t.waiting, i, i+1)
		t.mu.Unlock()
		return nil, ctx.Err()
	}
	t.mu.Unlock()
	return <-c, nil // it is this caller's turn, and others may wait for it
}

// pass gives the turn to the next, with the group if it stays open, and reports
// whether there is one; only then the turn is given if the group is open.
func (t *turns) pass(g *group) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.waiting) == 0 {
		t.busy = g != nil
		return false
	}
	t.waiting[0] <- g
	t.waiting = slices.Delete(t.waiting, 0, 1)
	return true
}

// grouped is a transaction on SQLite.
func (d *DB) grouped(ctx context.Context, fn func(*Tx) error) error {
	g, err := d.writing.enter(ctx)
	if err != nil {
		return err
	}
	if g == nil {
		if g, err = d.open(ctx); err != nil {
			d.writing.pass(nil)
			return err
		}
	}
	whole := false
	defer func() {
		if !whole { // also if fn panics
			// What others did is gone too: they do it again.
			_ = g.tx.Rollback()
			g.end(errGroup)
			d.writing.pass(nil)
		}
	}()
	t := &Tx{Tx: g.tx, db: d}
	whole, err = g.join(ctx, t, fn)
	switch {
	case !whole:
		return err
	case g.members < groupMembers && time.Since(g.began) < groupTime && d.writing.pass(g):
	default:
		g.end(g.tx.Commit())
		d.writing.pass(nil)
	}
	<-g.ended
	if g.err != nil {
		return g.err
	}
	if err == nil {
		t.committed(ctx)
	}
	return err
}

// open begins a group. It does not end with the context of the first caller.
func (d *DB) open(ctx context.Context) (*group, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	tx, err := d.SQL.BeginTx(context.WithoutCancel(ctx), nil)
	if err != nil {
		return nil, err
	}
	return &group{tx: tx, began: time.Now(), ended: make(chan struct{})}, nil
}

// join does what a caller wants in the group. If that fails it is undone, and
// nothing else, unless whole is false; the first caller is alone in it yet.
func (g *group) join(ctx context.Context, t *Tx, fn func(*Tx) error) (whole bool, err error) {
	if g.members == 0 {
		g.members++
		err := fn(t)
		return err == nil, err
	}
	if err := ctx.Err(); err != nil {
		return true, err
	}
	g.members++
	after := context.WithoutCancel(ctx)
	if _, err := g.tx.ExecContext(after, `SAVEPOINT member`); err != nil {
		return false, err
	}
	if err = fn(t); err != nil {
		if _, gone := g.tx.ExecContext(after, `ROLLBACK TO member`); gone != nil {
			return false, err // SQLite undid the whole transaction
		}
	}
	if _, gone := g.tx.ExecContext(after, `RELEASE member`); gone != nil {
		return false, errors.Join(err, gone)
	}
	return true, err
}

func (g *group) end(err error) {
	g.err = err
	close(g.ended)
}
