package orch

import (
	"context"
	"slices"
	"time"

	"github.com/aether-rpa/aether/internal/item"
	"github.com/aether-rpa/aether/internal/robot"
	"github.com/aether-rpa/aether/node"
)

// Desk is what the run of a lease may do with work items, for the robot that
// has the lease.
type Desk struct {
	desk *item.Desk
	o    Remote
	// line is the run and those that it retries: it goes on with their items.
	line []string
}

// Desk returns what the run of a lease reaches work items through, if the
// caller has that lease.
func (o Remote) Desk(ctx context.Context, c Caller, l Lease) (*Desk, error) {
	r, err := o.Run(ctx, c, l)
	if err != nil {
		return nil, err
	}
	if o.Items == nil {
		return nil, node.Fail(node.KindError, "the orchestrator keeps no work items", "")
	}
	line, err := robot.Line(ctx, o.Runs, r)
	if err != nil {
		return nil, err
	}
	return &Desk{&item.Desk{Store: o.Items, Run: r.ID, Home: line[len(line)-1], Robot: c.owner()}, o, line}, nil
}

// owns refuses items with files that are not the run's.
func (d *Desk) owns(ctx context.Context, list []node.ItemSpec) error {
	for _, i := range list {
		for _, f := range i.Files {
			uses, err := d.o.Runs.Uses(ctx, d.desk.Run, f.Digest)
			if err != nil {
				return err
			}
			if !uses {
				return node.Fail(node.KindInput, "the run has no file with the digest "+f.Digest, "")
			}
		}
	}
	return nil
}

// Add adds items as node.Items does; their files must be the run's.
func (d *Desk) Add(ctx context.Context, queue, token string, how node.ItemAdd, list []node.ItemSpec) (node.ItemsAdded, error) {
	if err := d.owns(ctx, list); err != nil {
		return node.ItemsAdded{}, err
	}
	return d.desk.Add(ctx, queue, token, how, func(yield func(node.ItemSpec, error) bool) {
		for _, i := range list {
			if !yield(i, nil) {
				return
			}
		}
	})
}

// Next is that of node.Items.
func (d *Desk) Next(ctx context.Context, queue, token string, wait time.Duration) (*node.Item, error) {
	i, err := d.desk.Next(ctx, queue, token, wait)
	if err != nil || i == nil {
		return nil, err
	}
	return i, d.show(ctx, i)
}

// Keep is that of node.Items.
func (d *Desk) Keep(ctx context.Context, h node.ItemHold, progress *string) error {
	if err := d.has(ctx, h); err != nil {
		return err
	}
	return d.desk.Keep(ctx, h, progress)
}

// End is that of node.Items.
func (d *Desk) End(ctx context.Context, h node.ItemHold, e node.ItemEnd) (node.ItemEnded, error) {
	if err := d.has(ctx, h); err != nil {
		return node.ItemEnded{}, err
	}
	return d.desk.End(ctx, h, e)
}

// List is that of node.Items.
func (d *Desk) List(ctx context.Context, f node.ItemFilter) ([]*node.Item, error) {
	list, err := d.desk.List(ctx, f)
	if err != nil {
		return nil, err
	}
	return list, d.show(ctx, list...)
}

// has refuses an item that is another run's: fences are small numbers, and no
// secret.
func (d *Desk) has(ctx context.Context, h node.ItemHold) error {
	by, err := d.desk.Store.LastRun(ctx, h)
	if err != nil || slices.Contains(d.line, by) {
		return err
	}
	return item.Lost(h.ID)
}

// show lets the run read the files of items that it sees.
func (d *Desk) show(ctx context.Context, list ...*node.Item) error {
	for _, i := range list {
		for _, f := range i.Files {
			if err := d.o.Runs.Keep(ctx, d.desk.Run, f.Digest); err != nil {
				return err
			}
		}
	}
	return nil
}

// ItemHold is node.ItemHold as it is sent.
type ItemHold struct {
	ID    int64 `json:"id"`
	Fence int64 `json:"fence"`
}

// ItemEnd is node.ItemEnd as it is sent.
type ItemEnd struct {
	Status    string `json:"status"`
	Business  bool   `json:"business,omitempty"`
	Reason    string `json:"reason,omitempty"`
	Details   any    `json:"details,omitempty"`
	Output    any    `json:"output,omitempty"`
	Analytics any    `json:"analytics,omitempty"`
	Lenient   bool   `json:"lenient,omitempty"`
}

// ItemOutcome is node.ItemEnded as it is sent.
type ItemOutcome struct {
	Status string `json:"status"`
	Retry  int64  `json:"retry,omitempty"`
}

// ItemFilter is node.ItemFilter as it is sent.
type ItemFilter struct {
	ID        int64    `json:"id,omitempty"`
	Queue     string   `json:"queue,omitempty"`
	Reference string   `json:"reference,omitempty"`
	Status    []string `json:"status,omitempty"`
	After     int64    `json:"after,omitempty"`
	Limit     int      `json:"limit,omitempty"`
}
