package orch

import (
	"context"
	"time"

	"github.com/aether-rpa/aether/internal/run"
)

// GridRun is a run of a flow with how it stood with each node in the end.
type GridRun struct {
	ID      string              `json:"id"`
	Digest  string              `json:"digest"`
	Status  run.Status          `json:"status"`
	Created time.Time           `json:"created"`
	Started time.Time           `json:"started,omitzero"`
	Ended   time.Time           `json:"ended,omitzero"`
	Cells   map[string]GridCell `json:"cells"` // by the node's id
	// Partial says that the run told more than is looked at here: only of its beginning and its end.
	Partial bool `json:"partial,omitempty"`

	last string // node of the last event
}

// GridCell sums up the executions of a node in a run.
type GridCell struct {
	State  string `json:"state"` // running, waiting, done, failed or cancelled
	Count  int    `json:"count"` // executions that ended
	Failed int    `json:"failed,omitempty"`
}

// gridEvents is how many events of the beginning and of the end of each run are looked at.
const gridEvents = 750

// Grid returns the latest runs of a flow, newest first, at most limit.
func (o *Orch) Grid(ctx context.Context, flow string, limit int) ([]GridRun, error) {
	list, err := o.Runs.List(ctx, run.Filter{Flow: flow, Limit: limit})
	if err != nil {
		return nil, err
	}
	ids := make([]string, len(list))
	out := make([]GridRun, len(list))
	at := map[string]*GridRun{}
	for i, r := range list {
		ids[i] = r.ID
		out[i] = GridRun{ID: r.ID, Digest: r.Digest, Status: r.Status, Created: r.Created, Started: r.Started, Ended: r.Ended, Cells: map[string]GridCell{}}
		at[r.ID] = &out[i]
	}
	told, err := o.Runs.Told(ctx, ids, gridEvents, gridEvents)
	if err != nil {
		return nil, err
	}
	counts := map[string]int{}
	for _, t := range told {
		counts[t.Run]++
		if t.Path != "" {
			at[t.Run].tell(t)
		}
	}
	for i, r := range list {
		out[i].Partial = counts[r.ID] >= 2*gridEvents
		out[i].end(r)
	}
	return out, nil
}

func (g *GridRun) tell(t run.Told) {
	id := ownerOf(t.Path)
	inner := id != nodeOf(t.Path) // in a flow that the node calls
	c := g.Cells[id]
	switch t.Kind {
	case "node_started", "node_retrying":
		c.State = "running"
	case "waiting":
		c.State = "waiting"
	case "node_failed":
		c.State = "failed"
		c.Failed++
	default: // node_finished, answered, log
		c.State = "done"
	}
	if !inner && (t.Kind == "node_finished" || t.Kind == "node_failed" || t.Kind == "log") {
		c.Count++
	}
	g.Cells[id] = c
	g.last = id
}

// end settles what was at work when the run ended, and marks the node that it failed at.
func (g *GridRun) end(r *run.Run) {
	if !r.Status.Final() {
		return
	}
	for id, c := range g.Cells {
		switch {
		case c.State == "waiting" && g.last != id, r.Status == run.Done && c.State != "failed":
			c.State = "done" // a wait for a time has no end of its own in the journal
		case c.State == "running" || c.State == "waiting":
			c.State = "cancelled"
		}
		g.Cells[id] = c
	}
	if r.Failure != nil && r.Failure.Path != "" {
		id := ownerOf(r.Failure.Path)
		c := g.Cells[id]
		c.State, c.Failed = "failed", max(c.Failed, 1)
		g.Cells[id] = c
	}
}
