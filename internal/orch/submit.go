package orch

import (
	"context"
	"errors"
	"time"

	"github.com/aether-rpa/aether/internal/db"
	"github.com/aether-rpa/aether/internal/engine"
	"github.com/aether-rpa/aether/internal/queue"
	"github.com/aether-rpa/aether/internal/run"
)

// Submitted is a run that was given to the queue.
type Submitted struct {
	Run   string `json:"run"`
	Job   int64  `json:"job"`
	State string `json:"state,omitempty"`
	// Fresh is false if a job with the same key, or a run with the same id, was
	// there before: Run is that one.
	Fresh bool `json:"fresh"`
	// Dropped says that the job's slot was full and nothing was added.
	Dropped bool `json:"dropped,omitempty"`
}

// Submit gives a run of a published bundle to the queue, for a robot to
// execute. The run and its job are added together, or neither is. An empty id
// makes one; Run of the job is set. The run begins with the breakpoints.
func (o *Orch) Submit(ctx context.Context, b *Bundle, id string, input map[string]any, j queue.Job, breaks ...engine.Break) (*Submitted, error) {
	began := time.Now()
	if err := CheckBreaks(b.Flow, breaks); err != nil {
		return nil, err
	}
	r, err := o.newRun(ctx, b, id, input)
	if err != nil {
		return nil, err
	}
	r.Status = run.Queued
	ctx, span := o.trace(ctx, enqueued, r, began)
	first := breakOrder(breaks, "")
	j.Needs = needsDebug(first, j.Needs)
	out, err := o.submit(ctx, r, j, first)
	span.End(err == nil && out.Fresh, err)
	return out, err
}

// submit adds a run with its job.
func (o *Orch) submit(ctx context.Context, r *run.Run, j queue.Job, first engine.Order) (*Submitted, error) {
	var out *Submitted
	err := o.DB.Tx(ctx, func(tx *db.Tx) error {
		job := j
		job.Run = r.ID
		fresh, err := o.createIn(ctx, tx, r, first)
		if err != nil {
			return err
		}
		if !fresh {
			out = nil
			return errTaken
		}
		added, err := o.Queue.Add(ctx, tx, &job)
		if err != nil {
			return notAdded(err)
		}
		a := added[0]
		out = &Submitted{Run: a.Run, Job: a.ID, Fresh: a.Fresh, Dropped: a.Dropped}
		if !a.Fresh {
			return errNotAdded
		}
		out.State = a.State.String()
		return nil
	})
	switch {
	case errors.Is(err, errTaken):
		if _, err := o.taken(ctx, r); err != nil {
			return nil, err
		}
		return &Submitted{Run: r.ID}, nil
	case errors.Is(err, errNotAdded):
		return out, nil
	case err != nil:
		return nil, err
	}
	return out, nil
}

// They roll a submission back.
var (
	errTaken    = errors.New("the id is taken")
	errNotAdded = errors.New("the job was not added")
)

// CancelRun cancels a run and the job that executes it.
func (o *Orch) CancelRun(ctx context.Context, id string) (*run.Run, error) {
	r, err := o.Runs.Cancel(ctx, id)
	if err != nil {
		return r, err
	}
	// A run that nobody executes cannot give its work items back itself.
	if o.Items != nil && r.Status.Final() {
		if err := o.Items.GiveBack(ctx, r.ID, false); err != nil {
			return r, err
		}
	}
	jobs, err := o.Queue.Jobs(ctx, queue.Filter{Run: r.ID})
	if err != nil {
		return r, err
	}
	for _, j := range jobs {
		if _, err := o.Queue.Cancel(ctx, j.ID, "its run was cancelled"); err != nil && !errors.Is(err, queue.ErrNotFound) {
			return r, err
		}
	}
	return r, nil
}

// CancelJob cancels a job and its run.
func (o *Orch) CancelJob(ctx context.Context, id int64) (*run.Run, error) {
	j, err := o.Queue.Get(ctx, id)
	if err != nil {
		return nil, err
	}
	r, err := o.Runs.Get(ctx, j.Run)
	if err != nil {
		return nil, err
	}
	if r.Status.Final() { // a dead letter: its run has ended
		return r, notNow("job %d is %s and its run %s has ended (`aether queue drop %d` takes the job out)", id, j.State, r.ID, id)
	}
	return o.CancelRun(ctx, r.ID)
}

// RetryQueued retries an ended run, as Retry does with the same flow version,
// and gives the new run to the queue.
func (o *Orch) RetryQueued(ctx context.Context, id, from string, j queue.Job) (*Submitted, error) {
	plan, span, err := o.retry(ctx, id, Retry{From: from, Queued: true})
	if err != nil {
		return nil, err
	}
	j.Run = plan.Run.ID
	if j.Needs, err = o.needsPauses(ctx, plan.Run, needsTries(plan.Run, j.Needs)); err != nil {
		span.End(false, err)
		_, cancelErr := o.Runs.Cancel(ctx, j.Run)
		return nil, errors.Join(err, cancelErr)
	}
	return o.enqueue(ctx, span, &j)
}

// enqueue adds the job of a run that has been added, and ends the span of the submission.
func (o *Orch) enqueue(ctx context.Context, span Span, j *queue.Job) (*Submitted, error) {
	out := &Submitted{Run: j.Run, Fresh: true}
	err := o.DB.Tx(ctx, func(tx *db.Tx) error {
		added, err := o.Queue.Add(ctx, tx, j)
		if err != nil {
			return notAdded(err)
		}
		out.Job, out.State, out.Dropped = added[0].ID, added[0].State.String(), added[0].Dropped
		return nil
	})
	span.End(err == nil && !out.Dropped, err)
	if err == nil && !out.Dropped {
		return out, nil
	}
	// Without a job nobody would execute the run.
	_, cancelErr := o.Runs.Cancel(ctx, j.Run)
	return out, errors.Join(err, cancelErr)
}
