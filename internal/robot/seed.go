package robot

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/aether-rpa/aether/flow"
	"github.com/aether-rpa/aether/internal/durable"
	"github.com/aether-rpa/aether/internal/engine"
	"github.com/aether-rpa/aether/internal/run"
	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/value"
)

type seedLine struct {
	Name string          `json:"name"`
	Data json.RawMessage `json:"data"`
}

// WriteSeed stores records for another run to begin with and returns their
// digest.
func WriteSeed(ctx context.Context, to value.Sink, entries []durable.Entry) (string, error) {
	d, _, err := to.Put(ctx, func(w io.Writer) error {
		enc := json.NewEncoder(w)
		for _, e := range entries {
			if err := enc.Encode(seedLine{e.Name, e.Data}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return "", fmt.Errorf("storing the records: %w", err)
	}
	return d, nil
}

// ReadSeed reads what WriteSeed stored.
func ReadSeed(ctx context.Context, from value.Opener, digest string) ([]durable.Entry, error) {
	var out []durable.Entry
	err := EachSeed(ctx, from, digest, func(e durable.Entry) bool {
		out = append(out, e)
		return true
	})
	return out, err
}

// EachSeed hands out what WriteSeed stored, one after the other, until fn returns
// false.
func EachSeed(ctx context.Context, from value.Opener, digest string, fn func(durable.Entry) bool) error {
	rc, err := from.Open(ctx, digest)
	if err != nil {
		return fmt.Errorf("reading the records this run begins with: %w", err)
	}
	defer rc.Close()
	dec := json.NewDecoder(bufio.NewReader(rc))
	for {
		var l seedLine
		err := dec.Decode(&l)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("reading the records this run begins with: %w", err)
		}
		if !fn(durable.Entry{Name: l.Name, Data: l.Data}) {
			return nil
		}
	}
}

// joined is the log of a run that another engine has executed before: what that
// one recorded counts as the run's own.
type joined struct {
	durable.Log
	elsewhere []durable.Entry
}

// Past implements durable.Log.
func (j joined) Past() []durable.Entry {
	own := j.Log.Past()
	have := make(map[string]bool, len(own))
	for _, e := range own {
		have[e.Name] = true
	}
	all := slices.Clone(own)
	for _, e := range j.elsewhere {
		if !have[e.Name] {
			all = append(all, e)
		}
	}
	return all
}

// LoadPlan reads a flow version from the store and compiles it.
func LoadPlan(ctx context.Context, runs *run.Store, reg *node.Registry, digest string) (*engine.Plan, error) {
	body, err := runs.Flow(ctx, digest)
	if err != nil {
		return nil, err
	}
	f, err := flow.Decode([]byte(body))
	if err != nil {
		return nil, fmt.Errorf("the flow version %.12s cannot be read: %w", digest, err)
	}
	p, err := engine.Compile(f, reg)
	if err != nil {
		return nil, fmt.Errorf("the flow %s cannot run here: %w", f.Name, err)
	}
	return p, nil
}
