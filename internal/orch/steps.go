package orch

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/aether-rpa/aether/internal/engine"
	"github.com/aether-rpa/aether/node"
)

// Step is one recorded execution of a node in a run.
type Step struct {
	Path    string          `json:"path"` // of the execution, for instance each[2]/fetch
	Output  json.RawMessage `json:"output,omitempty"`
	Failure *node.Failure   `json:"failure,omitempty"`
	Effect  string          `json:"effect,omitempty"`
	Started time.Time       `json:"started,omitzero"`
	Ended   time.Time       `json:"ended,omitzero"`
}

// Steps lists the recorded executions of a run in the order of their records: those of one node, or all if it is empty;
// limit of them at most, from the one with the number from on, counted from 0. Large values stay references. What only
// computes is not recorded.
func (o *Orch) Steps(ctx context.Context, id, nodeID string, from, limit int) ([]Step, error) {
	r, err := o.Runs.Get(ctx, id)
	if err != nil {
		return nil, err
	}
	entries, err := o.history(ctx, r)
	if err != nil {
		return nil, err
	}
	var out []Step
	for _, e := range entries {
		if len(out) == limit {
			break
		}
		if strings.Contains(e.Name, "!") || nodeID != "" && nodeOf(e.Name) != nodeID {
			continue // notes of the engine on an execution, such as that it is about to act
		}
		if from > 0 {
			from--
			continue
		}
		var rec engine.Record
		if err := json.Unmarshal(e.Data, &rec); err != nil {
			return nil, err
		}
		s := Step{Path: e.Name, Output: rec.Out, Failure: rec.Fail, Effect: rec.Effect}
		if rec.Start > 0 {
			s.Started = time.UnixMilli(rec.Start).UTC()
		}
		if end := max(rec.End, rec.Until); end > 0 {
			s.Ended = time.UnixMilli(end).UTC()
		}
		out = append(out, s)
	}
	return slices.Clip(out), nil
}

// nodeOf is the node that a path ends with.
func nodeOf(path string) string {
	last := path[strings.LastIndexByte(path, '/')+1:]
	if i := strings.IndexAny(last, "[.("); i >= 0 {
		last = last[:i]
	}
	return last
}
