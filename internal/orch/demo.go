package orch

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aether-rpa/aether/internal/demo"
	"github.com/aether-rpa/aether/internal/queue"
	"github.com/aether-rpa/aether/internal/run"
)

// Demo lets who has just begun see a robot work: a flow on the practice site, which this process serves to the robot of
// this process. All of it can be removed again.
type Demo struct {
	Orch *Orch
	Site *demo.Site
	// Needs is what only the robot of this process has: another one might be on another machine, where the site is not.
	Needs string
	// Missing says what the machine lacks, nil if nothing.
	Missing func() error
	// Reach says whether flows may reach an address; nil for yes.
	Reach func(ctx context.Context, addr string) error
}

// DemoState is how far somebody has come with the demo.
type DemoState struct {
	Flow    string         `json:"flow" doc:"Name of the flow."`
	Fresh   bool           `json:"fresh" doc:"Whether the installation is empty: there is no flow and no run."`
	Ready   bool           `json:"ready" doc:"Whether the flow was pushed."`
	Missing string         `json:"missing,omitempty" doc:"Why it cannot be run here; absent if it can."`
	Site    demo.SiteState `json:"site"`
	// Runs are the latest runs of the flow.
	Runs []*run.Run `json:"runs" doc:"Its runs, newest first, ten at most."`
}

// demoRuns is how many runs a DemoState has.
const demoRuns = 10

// State returns how far the demo has come.
func (d *Demo) State(ctx context.Context) (*DemoState, error) {
	o := d.Orch
	out := &DemoState{Flow: demo.Name, Site: d.Site.State(), Runs: []*run.Run{}}
	if err := d.Missing(); err != nil {
		out.Missing = err.Error()
	}
	flows, err := o.Runs.Flows(ctx, "", 1)
	if err != nil {
		return nil, err
	}
	if len(flows) == 0 {
		any, err := o.Runs.List(ctx, run.Filter{Limit: 1})
		out.Fresh = len(any) == 0
		return out, err
	}
	switch out.Ready, err = d.pushed(ctx); {
	case errors.Is(err, ErrState):
		out.Missing = err.Error()
		return out, nil
	case err != nil || !out.Ready:
		return out, err
	}
	list, err := o.Runs.List(ctx, run.Filter{Flow: demo.Name, Limit: demoRuns})
	if len(list) > 0 {
		out.Runs = list
	}
	return out, err
}

// pushed reports whether the flow is there. Another flow of its name is not touched.
func (d *Demo) pushed(ctx context.Context) (bool, error) {
	b, err := d.Orch.Published(ctx, demo.Name, run.Draft)
	if errors.Is(err, run.ErrNoFlow) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if b.Flow.Description != demo.Description {
		return false, notNow("there is a flow named %s already, which is another one", demo.Name)
	}
	return true, nil
}

// Run opens the practice site, as its next release if that is asked for, pushes the flow if it is not there, and gives a
// run of it to the robot of this process.
func (d *Demo) Run(ctx context.Context, release bool) (*Submitted, error) {
	if err := d.Missing(); err != nil {
		return nil, notNow("%s", err)
	}
	there, err := d.pushed(ctx)
	if err != nil {
		return nil, err
	}
	site, err := d.Site.Open(ctx)
	if err != nil {
		return nil, err
	}
	if d.Reach != nil {
		if err := d.Reach(ctx, strings.TrimPrefix(site.URL, "http://")); err != nil {
			d.Site.Close()
			return nil, notNow("the flows of this machine may not reach the practice site: %s (see http.allow_private and http.allow in the settings)", err)
		}
	}
	if release {
		if site, err = d.Site.Release(); err != nil {
			return nil, err
		}
	}
	if !there {
		if err := d.push(ctx); err != nil {
			return nil, err
		}
	}
	b, err := d.Orch.Published(ctx, demo.Name, run.Draft)
	if err != nil {
		return nil, err
	}
	return d.Orch.Submit(ctx, b, "", map[string]any{demo.Input: site.URL}, queue.Job{Needs: d.Needs})
}

func (d *Demo) push(ctx context.Context) error {
	b, err := d.Orch.LoadFiles(ctx, map[string]string{demo.File: demo.Flow}, demo.File, "")
	if err != nil {
		return err
	}
	if errs := b.Problems.Errors(); len(errs) > 0 {
		return fmt.Errorf("the flow of the demo: %w", errs)
	}
	if _, err := d.Orch.Push(ctx, b, Author{Message: "The demo"}, "new"); err != nil && !errors.Is(err, run.ErrChanged) { // somebody else has just done so
		return err
	}
	return nil
}

// Remove ends the demo and removes all of it: its runs, which are cancelled before, its flow with what is known of its
// elements, and the practice site.
func (d *Demo) Remove(ctx context.Context) error {
	o := d.Orch
	if there, err := d.pushed(ctx); err != nil || !there {
		d.Site.Close()
		return err
	}
	if err := d.cancel(ctx); err != nil {
		return err
	}
	if _, err := o.forgetAll(ctx, run.Filter{Flow: demo.Name}, func(*run.Run) bool { return false }); err != nil {
		return err
	}
	orphans, err := o.Elements.ForgetFlow(ctx, demo.Name)
	if err != nil {
		return err
	}
	// All its runs have ended, so none of them is about to use what was stored just now.
	if err := o.dropArtifacts(ctx, orphans, []*run.Run{{Ended: o.Now()}}); err != nil {
		return err
	}
	if err := o.Runs.DropFlow(ctx, demo.Name); err != nil {
		return err
	}
	d.Site.Close()
	return nil
}

// How long Remove waits for runs to end, and how often it looks.
const (
	demoEnds = 20 * time.Second
	demoPoll = 100 * time.Millisecond
)

// cancel cancels the runs that have not ended and waits until they have.
func (d *Demo) cancel(ctx context.Context) error {
	ctx, stop := context.WithTimeout(ctx, demoEnds)
	defer stop()
	asked := map[string]bool{}
	tick := time.NewTicker(demoPoll)
	defer tick.Stop()
	for {
		live, err := d.live(ctx)
		if err != nil || len(live) == 0 {
			return err
		}
		for _, r := range live {
			if asked[r.ID] {
				continue
			}
			asked[r.ID] = true
			if _, err := d.Orch.CancelRun(ctx, r.ID); err != nil && !errors.Is(err, run.ErrEnded) && !errors.Is(err, run.ErrNotFound) {
				return err
			}
		}
		select {
		case <-ctx.Done():
			return notNow("run %s was cancelled and has not ended yet: try again in a moment", live[0].ID)
		case <-tick.C:
		}
	}
}

// live returns the runs of the demo that have not ended.
func (d *Demo) live(ctx context.Context) ([]*run.Run, error) {
	var out []*run.Run
	for _, status := range []run.Status{run.Queued, run.Running, run.Waiting, run.Attention} {
		list, err := d.Orch.Runs.List(ctx, run.Filter{Flow: demo.Name, Status: status})
		if err != nil {
			return nil, err
		}
		out = append(out, list...)
	}
	return out, nil
}
