package orch

import (
	"context"
	"fmt"
	"time"

	"github.com/aether-rpa/aether/artifact"
	"github.com/aether-rpa/aether/internal/trace"
)

// TraceEntry says of which execution something of a page was kept.
type TraceEntry struct {
	Path   string    `json:"path"`
	Node   string    `json:"node"`
	Try    int       `json:"try,omitempty"`
	At     time.Time `json:"at"`
	URL    string    `json:"url,omitempty"`
	Failed bool      `json:"failed,omitempty"`
}

// Traces lists the executions of a run of whose pages something was kept.
func (o *Orch) Traces(ctx context.Context, id string) ([]TraceEntry, error) {
	r, err := o.Runs.Get(ctx, id)
	if err != nil {
		return nil, err
	}
	list, err := trace.List(ctx, o.Runs, r.ID)
	if err != nil {
		return nil, err
	}
	out := make([]TraceEntry, len(list))
	for i, e := range list {
		out[i] = TraceEntry{Path: e.Path, Node: e.Node, Try: e.Try, At: e.At, URL: e.URL, Failed: e.Failed}
	}
	return out, nil
}

// TraceOf returns what was kept of the pages of one execution; a try of 0 is the last.
func (o *Orch) TraceOf(ctx context.Context, id, path string, try int) (*trace.Step, error) {
	r, err := o.Runs.Get(ctx, id)
	if err != nil {
		return nil, err
	}
	events, err := o.Runs.EventsAt(ctx, r.ID, trace.Kind, path)
	if err != nil {
		return nil, err
	}
	var found *trace.Entry
	for _, ev := range events {
		e, err := trace.Parse(ev)
		if err != nil {
			return nil, err
		}
		if try == 0 || max(e.Try, 1) == try {
			found = &e // what was done again after a crash counts as it was the last time
		}
	}
	if found == nil {
		return nil, fmt.Errorf("%w: nothing of a page was kept of %s in run %s", artifact.ErrNotFound, path, r.ID)
	}
	return trace.Open(ctx, o.Artifacts, *found)
}

// TracePage returns the page of a traced step, before or after it acted, as a document that needs and runs nothing.
func (o *Orch) TracePage(ctx context.Context, s *trace.Step, before bool) (string, error) {
	p := s.After
	if before {
		p = s.Before
	}
	if p == nil {
		return "", fmt.Errorf("%w: this page was not kept", artifact.ErrNotFound)
	}
	return trace.Document(ctx, o.Artifacts, s, p)
}

// TraceShot returns the picture of a traced step.
func (o *Orch) TraceShot(ctx context.Context, s *trace.Step) ([]byte, error) {
	if s.Shot == nil || s.Shot.JPEG == "" {
		return nil, fmt.Errorf("%w: no picture was kept", artifact.ErrNotFound)
	}
	return trace.Read(ctx, o.Artifacts, s.Shot.JPEG)
}
