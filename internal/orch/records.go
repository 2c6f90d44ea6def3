package orch

import (
	"context"
	"encoding/json"

	"github.com/aether-rpa/aether/internal/durable"
	"github.com/aether-rpa/aether/internal/robot"
	"github.com/aether-rpa/aether/internal/run"
)

// The records of a run lie in three places: those it began with, those that were
// made by another engine, and those of this one. A record of the same name in a
// later place stands for the earlier one.
const (
	fromSeed = iota
	fromElsewhere
	fromOwn
	noMore
)

// RecordPlace is where a page of the records of a run begins.
type RecordPlace struct {
	In     int   `json:"in"`
	Number int64 `json:"n"`
}

// records reads the records of a run in pieces.
type records struct {
	o   *Orch
	run *run.Run
	// shadow are the names of records that stand in a later place, by place; read
	// when they are first needed.
	shadow map[int]map[string]bool
}

func (o *Orch) records(r *run.Run) *records {
	return &records{o: o, run: r, shadow: map[int]map[string]bool{}}
}

// placed is a record with where the next one may be.
type placed struct {
	durable.Entry
	Next RecordPlace
}

// next returns at most limit records from a place on, which p selects.
func (h *records) next(ctx context.Context, at RecordPlace, p durable.Part, limit int) ([]placed, error) {
	var out []placed
	for ; at.In < noMore && len(out) < limit; at = (RecordPlace{at.In + 1, 0}) {
		hidden, err := h.hidden(ctx, at.In)
		if err != nil {
			return nil, err
		}
		q := p
		q.From, q.Limit = at.Number, limit-len(out)
		if len(hidden) > 0 {
			q.Only = func(name string) bool { return !hidden[name] && (p.Only == nil || p.Only(name)) }
		}
		list, err := h.read(ctx, at.In, q)
		if err != nil {
			return nil, err
		}
		for _, e := range list {
			out = append(out, placed{e.Entry, RecordPlace{at.In, e.Number + 1}})
		}
	}
	return out, nil
}

func (h *records) read(ctx context.Context, in int, p durable.Part) ([]durable.Numbered, error) {
	switch in {
	case fromSeed:
		return h.seed(ctx, p)
	case fromElsewhere:
		return h.o.Runs.Part(ctx, h.run.ID, p)
	}
	return h.o.Durable.Part(ctx, h.run.ID, p)
}

func (h *records) seed(ctx context.Context, p durable.Part) ([]durable.Numbered, error) {
	if h.run.Seed == nil {
		return nil, nil
	}
	var out []durable.Numbered
	n := int64(-1)
	err := robot.EachSeed(ctx, h.o.Artifacts, h.run.Seed.Artifact, func(e durable.Entry) bool {
		if n++; n >= p.From && p.Takes(e.Name) {
			if p.Names {
				e.Data = nil
			}
			out = append(out, durable.Numbered{Number: n, Entry: e})
		}
		return p.Limit == 0 || len(out) < p.Limit
	})
	return out, err
}

// hidden returns the names of records that stand for those of a place.
func (h *records) hidden(ctx context.Context, in int) (map[string]bool, error) {
	if in == fromOwn || in == fromSeed && h.run.Seed == nil {
		return nil, nil
	}
	if in == fromElsewhere {
		if some, err := h.o.Runs.ElsewhereHas(ctx, h.run.ID); err != nil || !some {
			return nil, err
		}
	}
	if names, known := h.shadow[in]; known {
		return names, nil
	}
	names := map[string]bool{}
	for later := in + 1; later < noMore; later++ {
		list, err := h.read(ctx, later, durable.Part{Names: true})
		if err != nil {
			return nil, err
		}
		for _, e := range list {
			names[e.Name] = true
		}
	}
	h.shadow[in] = names
	return names, nil
}

// each hands out all records that p selects, some at a time.
func (h *records) each(ctx context.Context, p durable.Part, fn func(durable.Entry) error) error {
	for at, more := (RecordPlace{}), true; more; {
		list, err := h.next(ctx, at, p, recordStep)
		if err != nil {
			return err
		}
		for _, e := range list {
			if err := fn(e.Entry); err != nil {
				return err
			}
			at = e.Next
		}
		more = len(list) == recordStep
	}
	return nil
}

// recordStep is how many records are held at a time.
const recordStep = 500

// decoded reads what a record holds.
func decoded[T any](e durable.Entry) (T, error) {
	var v T
	err := json.Unmarshal(e.Data, &v)
	return v, err
}
