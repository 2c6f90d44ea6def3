package orch

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/aether-rpa/aether/flow"
	"github.com/aether-rpa/aether/internal/engine"
	"github.com/aether-rpa/aether/internal/queue"
	"github.com/aether-rpa/aether/internal/run"
	"github.com/aether-rpa/aether/value"
)

// Requeued is a dead letter that is tried again.
type Requeued struct {
	Job int64  `json:"job"`
	Run string `json:"run"`
	// From is the run that had ended; a new run goes on from the node that
	// failed in it. It is empty if the run goes on itself.
	From string `json:"from,omitempty"`
}

// Edit says how dead letters are changed before they are tried again.
type Edit struct {
	queue.Change
	// Input gives the inputs that take the place of those of a run, by name; the others stay. Nil changes none.
	Input func(*flow.Flow) (map[string]any, error)
}

// Requeue tries dead letters again: a run that has ended is retried from the
// node that failed, with all that was recorded before it; one that has not
// goes on. With other inputs a run that has not ended is cancelled and retried:
// its records are used as far as the inputs of their nodes are still the same.
//
// All jobs and inputs are looked at before the first is changed. The inputs of a
// run that is done are never edited, as all that it was asked for has happened.
func (o *Orch) Requeue(ctx context.Context, edit Edit, jobs ...int64) ([]Requeued, error) {
	again := make([]deadRun, 0, len(jobs))
	for _, id := range slices.Compact(slices.Sorted(slices.Values(jobs))) {
		d, err := o.deadRun(ctx, edit, id)
		if err != nil {
			return nil, err
		}
		again = append(again, d)
	}
	var out []Requeued
	for _, d := range again {
		q, err := o.requeue(ctx, edit.Change, d)
		if err != nil {
			return out, err
		}
		out = append(out, q)
	}
	return out, nil
}

// deadRun is a dead letter with its run, and the inputs it is to have.
type deadRun struct {
	job   int64
	run   *run.Run
	input json.RawMessage // nil for the same
}

func (o *Orch) deadRun(ctx context.Context, edit Edit, id int64) (d deadRun, err error) {
	j, err := o.Queue.Get(ctx, id)
	if err != nil {
		return d, err
	}
	if j.State != queue.Dead && j.State != queue.Poison {
		return d, notNow("job %d is %s: only dead letters are requeued", id, j.State)
	}
	d.job = id
	if d.run, err = o.Runs.Get(ctx, j.Run); err != nil || edit.Input == nil {
		return d, err
	}
	switch r := d.run; {
	case r.Status == run.Done:
		return d, notNow("the run %s of job %d is done: what it did with its inputs has happened, so they are not edited; start a new run instead", r.ID, id)
	case r.Status == run.Running && !r.Interrupted:
		return d, notNow("the run %s of job %d is still executed by a robot: wait until it has stopped, or cancel it", r.ID, id)
	}
	d.input, err = o.editedInput(ctx, d.run, edit.Input)
	return d, err
}

// editedInput puts other inputs in the place of a run's, and checks them all.
func (o *Orch) editedInput(ctx context.Context, r *run.Run, edit func(*flow.Flow) (map[string]any, error)) (json.RawMessage, error) {
	body, err := o.Runs.Flow(ctx, r.Digest)
	if err != nil {
		return nil, err
	}
	f, err := flow.Decode([]byte(body))
	if err != nil {
		return nil, fmt.Errorf("the flow version of run %s cannot be read: %w", r.ID, err)
	}
	given, err := edit(f)
	if err != nil {
		return nil, unfit("%s", err)
	}
	v, err := value.Decode(r.Input, nil)
	if err != nil {
		return nil, fmt.Errorf("reading the input of run %s: %w", r.ID, err)
	}
	old, _ := v.(map[string]any)
	all := map[string]any{}
	maps.Copy(all, old)
	maps.Copy(all, given)
	fit, err := engine.CheckInput(f, all)
	if err != nil {
		return nil, unfit("the new inputs do not fit the flow of run %s: %s", r.ID, err)
	}
	return value.Encode(nil, fit)
}

// requeue tries one dead letter again.
func (o *Orch) requeue(ctx context.Context, edit queue.Change, d deadRun) (q Requeued, err error) {
	id, r := d.job, d.run
	q = Requeued{Job: id, Run: r.ID}
	var span Span
	from := "failed"
	if r.Status.Final() && r.Status != run.Failed {
		from = "start"
	}
	if d.input != nil && !r.Status.Final() {
		// Its place is taken by the run with the new inputs.
		if r, err = o.CancelRun(ctx, r.ID); err != nil {
			return q, err
		}
		if !r.Status.Final() {
			return q, notNow("a robot has just taken up the run %s of job %d again: wait until it has stopped", r.ID, id)
		}
	}
	if r.Status.Final() {
		var plan *RetryPlan
		if plan, span, err = o.retry(ctx, r.ID, Retry{From: from, Input: d.input, Queued: true}); err != nil {
			return q, err
		}
		q.Run, q.From = plan.Run.ID, r.ID
		edit.Run = &q.Run
	} else {
		ctx, span = o.span(ctx, enqueued, r, time.Now())
	}
	defer func() { span.End(err == nil, err) }()
	n, err := o.Queue.Requeue(ctx, edit, id)
	if err == nil && n == 0 {
		err = notNow("job %d was requeued or dropped by somebody else in the meantime", id)
	}
	return q, err
}
