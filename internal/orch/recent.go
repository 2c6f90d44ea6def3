package orch

import (
	"context"
	"slices"
	"sync"

	"github.com/aether-rpa/aether/internal/durable"
	"github.com/aether-rpa/aether/internal/run"
)

// recent keeps the records of a few runs that have ended, whose records never
// change: whoever writes an expression asks for them several times a second.
type recent struct {
	mu   sync.Mutex
	runs []recentRun // the last one used first
}

type recentRun struct {
	id      string
	entries []durable.Entry
}

// Bounds of what is kept.
const (
	recentRuns  = 4
	recentBytes = 32 << 20 // of one run
)

func (c *recent) get(id string) ([]durable.Entry, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	i := slices.IndexFunc(c.runs, func(r recentRun) bool { return r.id == id })
	if i < 0 {
		return nil, false
	}
	found := c.runs[i]
	c.runs = slices.Insert(slices.Delete(c.runs, i, i+1), 0, found)
	return found.entries, true
}

func (c *recent) put(id string, entries []durable.Entry) {
	size := 0
	for _, e := range entries {
		size += len(e.Name) + len(e.Data)
	}
	if size > recentBytes {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.runs = slices.DeleteFunc(c.runs, func(r recentRun) bool { return r.id == id })
	c.runs = slices.Insert(c.runs, 0, recentRun{id, entries})
	c.runs = c.runs[:min(len(c.runs), recentRuns)]
}

// recentOf is recordsOf for who only reads: the records must not be changed.
func (o *Orch) recentOf(ctx context.Context, name, id string) (*run.Run, []durable.Entry, error) {
	// A run that was forgotten is not found, whatever is kept here.
	r, err := o.Runs.Get(ctx, id)
	if err != nil {
		return nil, nil, err
	}
	if r.Flow == name && r.Status.Final() {
		if entries, ok := o.recent.get(r.ID); ok {
			return r, entries, nil
		}
	}
	r, entries, err := o.recordsOf(ctx, name, r.ID)
	if err == nil && r.Status.Final() {
		o.recent.put(r.ID, entries)
	}
	return r, entries, err
}
