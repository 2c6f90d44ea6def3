package robot

import (
	"context"
	"errors"
	"fmt"

	"github.com/aether-rpa/aether/internal/item"
	"github.com/aether-rpa/aether/internal/run"
)

// desk makes what a run reaches work items through; nil if there are none.
func (r *Robot) desk(ctx context.Context, rn *run.Run) (*item.Desk, error) {
	if r.Items == nil {
		return nil, nil
	}
	line, err := Line(ctx, r.Runs, rn)
	if err != nil {
		return nil, err
	}
	d := &item.Desk{Store: r.Items, Run: rn.ID, Home: line[len(line)-1], Robot: r.Owner}
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

// leaveItems decides about the items that the run has when its execution ends.
func (r *Robot) leaveItems(ctx context.Context, rn *run.Run, d *item.Desk) error {
	if d == nil || !d.Held() {
		return nil
	}
	return LeaveItems(ctx, r.Items, rn)
}

// LeaveItems decides about the items of a run whose execution has ended: one
// that waits keeps them, one that was cut short keeps them until its leases run
// out, any other gives them back. Doing it again is doing it once.
func LeaveItems(ctx context.Context, items *item.Store, rn *run.Run) error {
	switch {
	case rn.Status.Final():
		return items.GiveBack(ctx, rn.ID, rn.Status != run.Cancelled)
	case rn.Status == run.Waiting, rn.Status == run.Attention:
		return items.Park(ctx, rn.ID)
	}
	return nil
}

// Line returns a run and those that it retries, the first one last: a retry
// works on the items that its first run was begun with.
func Line(ctx context.Context, runs *run.Store, rn *run.Run) ([]string, error) {
	line := []string{rn.ID}
	for at := rn; at.RetryOf != ""; {
		up, err := runs.Get(ctx, at.RetryOf)
		if errors.Is(err, run.ErrNotFound) {
			break // forgotten, and its items with it
		}
		if err != nil {
			return nil, fmt.Errorf("looking for the run that %s retries: %w", at.ID, err)
		}
		at, line = up, append(line, up.ID)
	}
	return line, nil
}
