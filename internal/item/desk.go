package item

import (
	"context"
	"errors"
	"iter"
	"sync/atomic"
	"time"

	"github.com/aether-rpa/aether/node"
)

// Desk is what a run may do with work items: it implements node.Items.
type Desk struct {
	Store *Store
	Run   string
	// Home is the run whose own queues it sees: itself, or the first of those
	// that it retries.
	Home  string
	Robot string

	held atomic.Bool // it may have items
}

var _ node.Items = (*Desk)(nil)

// Resumed says that an earlier execution of the run may have left it items.
func (d *Desk) Resumed() { d.held.Store(true) }

// Held reports whether the run may have items, whose leases need renewing.
func (d *Desk) Held() bool { return d.held.Load() }

// Add implements node.Items.
func (d *Desk) Add(ctx context.Context, queue, token string, how node.ItemAdd, items iter.Seq2[node.ItemSpec, error]) (node.ItemsAdded, error) {
	q, err := d.Store.Queue(ctx, d.Home, queue)
	if err != nil {
		return node.ItemsAdded{}, failure(err)
	}
	out, err := d.Store.Add(ctx, q, Adding{ItemAdd: how, Token: token, Run: d.Run}, items)
	return out, failure(err)
}

// pollEvery is how often a run that waits for an item looks itself: other
// processes on the same SQLite file do not tell it, nor does time.
const pollEvery = 500 * time.Millisecond

// Next implements node.Items.
func (d *Desk) Next(ctx context.Context, queue, token string, wait time.Duration) (*node.Item, error) {
	q, err := d.Store.Queue(ctx, d.Home, queue)
	if err != nil {
		return nil, failure(err)
	}
	var signal <-chan struct{}
	if wait > 0 {
		listen, stop := context.WithCancel(ctx)
		defer stop()
		signal = d.Store.db.Listen(listen, Topic)
	}
	limit := time.NewTimer(wait)
	defer limit.Stop()
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	d.held.Store(true)
	for {
		got, err := d.Store.Next(ctx, q, Taker{Run: d.Run, Robot: d.Robot, Token: token})
		if err != nil || got != nil || wait <= 0 {
			return got, failure(err)
		}
		select {
		case <-signal:
		case <-tick.C:
		case <-limit.C:
			wait = 0 // once more
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// Keep implements node.Items.
func (d *Desk) Keep(ctx context.Context, h node.ItemHold, progress *string) error {
	d.held.Store(true)
	return failure(d.Store.Keep(ctx, d.Run, h, progress))
}

// End implements node.Items.
func (d *Desk) End(ctx context.Context, h node.ItemHold, e node.ItemEnd) (node.ItemEnded, error) {
	out, err := d.Store.End(ctx, h, e)
	return out, failure(err)
}

// List implements node.Items.
func (d *Desk) List(ctx context.Context, f node.ItemFilter) ([]*node.Item, error) {
	if err := d.Store.Tick(ctx); err != nil {
		return nil, err
	}
	out, err := d.Store.List(ctx, d.Home, f)
	return out, failure(err)
}

// failure makes what a flow can deal with a failure.
func failure(err error) error {
	var f *node.Failure
	var no *missing
	switch {
	case err == nil, errors.As(err, &f):
		return err
	case errors.As(err, &no):
		f := node.Fail(node.KindNotFound, "there is no queue of work items "+quote(no.name), "`aether item queue add` makes one; `aether run --items` brings its own, under the name that --items-queue gives")
		f.Permanent = true
		return f
	case errors.Is(err, ErrInput):
		return node.Fail(node.KindInput, err.Error(), "")
	}
	return err
}
