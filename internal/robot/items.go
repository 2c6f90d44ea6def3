package robot

import (
	"context"
	"fmt"

	"github.com/aether-rpa/aether/internal/item"
	"github.com/aether-rpa/aether/internal/run"
)

// desk makes what a run reaches work items through; nil if there are none.
func (r *Robot) desk(ctx context.Context, rn *run.Run) (*item.Desk, error) {
	if r.Items == nil {
		return nil, nil
	}
	d := &item.Desk{Store: r.Items, Run: rn.ID, Home: rn.ID, Robot: r.Owner}
	// A retry works on the items that its first run was begun with.
	for at := rn; at.RetryOf != ""; {
		up, err := r.Runs.Get(ctx, at.RetryOf)
		if err != nil {
			break // forgotten, and its items with it
		}
		at, d.Home = up, up.ID
	}
	if rn.Resumes > 0 || rn.Seed != nil {
		d.Resumed()
		// What an earlier execution had while it waited.
		if err := r.Items.Beat(ctx, rn.ID); err != nil {
			return nil, fmt.Errorf("keeping the work items of run %s: %w", rn.ID, err)
		}
	}
	return d, nil
}

// beatItems renews the leases of the items that the run has.
func (r *Robot) beatItems(ctx context.Context, rn *run.Run, d *item.Desk) error {
	if d == nil || !d.Held() {
		return nil
	}
	return r.Items.Beat(ctx, rn.ID)
}

// leaveItems decides about the items that the run has when its execution ends:
// one that waits keeps them, one that was cut short keeps them until its leases
// run out, any other gives them back.
func (r *Robot) leaveItems(ctx context.Context, rn *run.Run, d *item.Desk) error {
	switch {
	case d == nil || !d.Held():
		return nil
	case rn.Status.Final():
		return r.Items.GiveBack(ctx, rn.ID, rn.Status != run.Cancelled)
	case rn.Status == run.Waiting, rn.Status == run.Attention:
		return r.Items.Park(ctx, rn.ID)
	}
	return nil
}
