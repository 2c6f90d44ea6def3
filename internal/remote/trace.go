package remote

import (
	"context"
	"encoding/json"

	"github.com/aether-rpa/aether/internal/run"
	"github.com/aether-rpa/aether/internal/trace"
)

// sendTrace makes sure that the orchestrator has what an event names: the parts of a trace, and the picture of a
// failure.
func (t *task) sendTrace(ctx context.Context, e run.Event) error {
	for _, digest := range named(e) {
		if t.traced[digest] {
			continue
		}
		if err := t.put(ctx, digest); err != nil {
			return err
		}
		t.traced[digest] = true
	}
	return nil
}

// named are the artifacts that an event of the journal names.
func named(e run.Event) []string {
	if e.Kind == trace.Kind {
		x, err := trace.Parse(e)
		if err != nil {
			return nil
		}
		return x.Digests()
	}
	var d struct {
		Failure struct {
			Details struct {
				Screenshot string `json:"screenshot"`
			} `json:"details"`
		} `json:"failure"`
	}
	if json.Unmarshal(e.Data, &d) != nil || len(d.Failure.Details.Screenshot) != 64 {
		return nil
	}
	return []string{d.Failure.Details.Screenshot}
}
