package orch

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/aether-rpa/aether/internal/element"
	"github.com/aether-rpa/aether/internal/robot"
	"github.com/aether-rpa/aether/internal/run"
	"github.com/aether-rpa/aether/selector"
)

// Elements is what the run of a lease may know and tell of the elements of pages, for the robot that has the lease.
type Elements struct {
	o   Remote
	run *run.Run
}

// ElementsOf returns what the run of a lease reaches the elements of pages through, if the caller has that lease.
func (o Remote) ElementsOf(ctx context.Context, c Caller, l Lease) (*Elements, error) {
	r, err := o.Run(ctx, c, l)
	if err != nil {
		return nil, err
	}
	return &Elements{o, r}, nil
}

// flow returns the digest of the flow of the run that has a name; others are none of its business.
func (e *Elements) flow(ctx context.Context, name string) (digest string, err error) {
	if name == e.run.Flow {
		return e.run.Digest, nil
	}
	for _, d := range e.run.Pins {
		body, err := e.o.Runs.Flow(ctx, d)
		if err != nil {
			return "", err
		}
		var f struct{ Name string }
		if err := json.Unmarshal([]byte(body), &f); err != nil {
			return "", fmt.Errorf("the flow version %.12s is damaged in the database: %w", d, err)
		}
		if f.Name == name {
			return d, nil
		}
	}
	return "", unfit("the run %s executes no flow %.80q", e.run.ID, name)
}

// Known is that of element.Store.
func (e *Elements) Known(ctx context.Context, at element.Place) (*element.Known, error) {
	if _, err := e.flow(ctx, at.Flow); err != nil {
		return nil, err
	}
	return e.o.Elements.Known(ctx, at)
}

// Saw is that of element.Store.
func (e *Elements) Saw(ctx context.Context, at element.Place, target string, p selector.Print) error {
	if _, err := e.flow(ctx, at.Flow); err != nil {
		return err
	}
	return e.o.Elements.Saw(ctx, at, target, p)
}

// Report is that of element.Store; its artifacts must be the run's.
func (e *Elements) Report(ctx context.Context, r *element.Report) (id int64, fresh bool, err error) {
	if r.Digest, err = e.flow(ctx, r.Flow); err != nil {
		return 0, false, err
	}
	for _, d := range []string{r.Screenshot, r.Page} {
		if d == "" {
			continue
		}
		uses, err := e.o.Runs.Uses(ctx, e.run.ID, d)
		if err != nil {
			return 0, false, err
		}
		if !uses {
			return 0, false, unfit("the run has no file with the digest %.64q", d)
		}
	}
	r.Run, r.Root, r.Source = e.run.ID, e.run.Flow, robot.SourceOf(e.run, r.Digest)
	return e.o.Elements.Report(ctx, r)
}

// Uses is that of element.Store.
func (e *Elements) Uses(ctx context.Context) ([]element.Use, error) {
	return e.o.Elements.Uses(ctx, e.run.ID)
}

// Settle is that of element.Store.
func (e *Elements) Settle(ctx context.Context, path string, worked bool) error {
	return e.o.Elements.Settle(ctx, e.run.ID, path, worked)
}
