package orch

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/aether-rpa/aether/internal/run"
)

// Export is a run as one document: enough to understand it elsewhere.
type Export struct {
	Format  string          `json:"format"` // aether-run/1
	Run     *run.Run        `json:"run"`
	Flow    json.RawMessage `json:"flow"`
	Called  map[string]any  `json:"called,omitempty"` // flows it pinned, by digest
	Records []ExportRecord  `json:"records"`
	Events  []run.Event     `json:"events"`
}

// ExportRecord is one record of the durable log.
type ExportRecord struct {
	Name string          `json:"name"`
	Data json.RawMessage `json:"data"`
}

// Export collects all that is known of a run. Large values stay references.
func (o *Orch) Export(ctx context.Context, id string) (*Export, error) {
	r, err := o.Runs.Get(ctx, id)
	if err != nil {
		return nil, err
	}
	body, err := o.Runs.Flow(ctx, r.Digest)
	if err != nil {
		return nil, err
	}
	e := &Export{Format: "aether-run/1", Run: r, Flow: json.RawMessage(body), Called: map[string]any{}, Records: []ExportRecord{}, Events: []run.Event{}}
	for ref, digest := range r.Pins {
		sub, err := o.Runs.Flow(ctx, digest)
		if err != nil {
			return nil, fmt.Errorf("reading the called flow %s: %w", ref, err)
		}
		e.Called[digest] = json.RawMessage(sub)
	}
	entries, err := o.history(ctx, r)
	if err != nil {
		return nil, err
	}
	for _, en := range entries {
		e.Records = append(e.Records, ExportRecord{en.Name, en.Data})
	}
	for after := int64(0); ; {
		page, err := o.Runs.Events(ctx, r.ID, after, 1000)
		if err != nil {
			return nil, err
		}
		if len(page) == 0 {
			return e, nil
		}
		e.Events = append(e.Events, page...)
		after = page[len(page)-1].Seq
	}
}
