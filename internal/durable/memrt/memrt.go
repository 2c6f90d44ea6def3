// Package memrt is a durable.Runtime in memory, for tests and benchmarks: it
// keeps the entries of interrupted runs as long as the process lives.
package memrt

import (
	"context"
	"sync"
	"time"

	"github.com/aether-rpa/aether/internal/durable"
)

// Runtime implements durable.Runtime.
type Runtime struct {
	mu   sync.Mutex
	runs map[string]*run
}

type run struct {
	entries []durable.Entry
	result  []byte
	done    bool
}

// New returns an empty runtime.
func New() *Runtime { return &Runtime{runs: map[string]*run{}} }

// Run implements durable.Runtime.
func (r *Runtime) Run(ctx context.Context, id string, body durable.Body) ([]byte, error) {
	r.mu.Lock()
	x := r.runs[id]
	if x == nil {
		x = &run{}
		r.runs[id] = x
	}
	past := append([]durable.Entry(nil), x.entries...)
	done := x.done
	r.mu.Unlock()
	if done {
		return x.result, nil
	}
	out, err := body(ctx, &log{r, x, past})
	if err != nil {
		return nil, err
	}
	r.mu.Lock()
	x.result, x.done = out, true
	r.mu.Unlock()
	return out, nil
}

// Entries implements durable.Runtime.
func (r *Runtime) Entries(_ context.Context, id string) ([]durable.Entry, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	x := r.runs[id]
	if x == nil {
		return nil, durable.ErrNotFound
	}
	return append([]durable.Entry(nil), x.entries...), nil
}

// Part implements durable.Runtime.
func (r *Runtime) Part(_ context.Context, id string, p durable.Part) ([]durable.Numbered, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	x := r.runs[id]
	if x == nil {
		return nil, nil
	}
	var out []durable.Numbered
	for i := p.From; i < int64(len(x.entries)) && (p.Limit == 0 || len(out) < p.Limit); i++ {
		e := x.entries[i]
		if !p.Takes(e.Name) {
			continue
		}
		if p.Names {
			e.Data = nil
		}
		out = append(out, durable.Numbered{Number: i, Entry: e})
	}
	return out, nil
}

// Delete implements durable.Runtime.
func (r *Runtime) Delete(_ context.Context, ids ...string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, id := range ids {
		delete(r.runs, id)
	}
	return nil
}

// Close implements durable.Runtime.
func (r *Runtime) Close(time.Duration) error { return nil }

type log struct {
	rt   *Runtime
	run  *run
	past []durable.Entry
}

func (l *log) Past() []durable.Entry { return l.past }

// Confirm implements durable.Log: nobody else sees this memory.
func (l *log) Confirm(context.Context) error { return nil }

// Append implements durable.Log.
func (l *log) Append(_ context.Context, entries ...durable.Entry) error {
	return durable.Each(entries, func(batch []durable.Entry) error {
		l.rt.mu.Lock()
		defer l.rt.mu.Unlock()
		for _, e := range batch {
			l.run.entries = append(l.run.entries, durable.Entry{Name: e.Name, Data: append([]byte(nil), e.Data...)})
		}
		return nil
	})
}
