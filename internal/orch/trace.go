package orch

import (
	"context"
	"time"

	"github.com/aether-rpa/aether/internal/run"
)

// The words that the span of a new run begins with: whether robots are to
// execute the run, or who adds it.
const (
	enqueued = "enqueue"
	started  = "start"
)

// Span is the span of adding a run. End says whether the run was added, and what
// went wrong.
type Span struct {
	// Traceparent is what the run's executions belong to; empty if nothing says.
	Traceparent string
	End         func(added bool, err error)
}

// span begins the span of adding a run, which belongs to the trace that r names.
func (o *Orch) span(ctx context.Context, what string, r *run.Run, began time.Time) (context.Context, Span) {
	if o.Trace == nil {
		return ctx, Span{r.Trace, func(bool, error) {}}
	}
	return o.Trace(ctx, what, r, began)
}

// trace begins the span of adding a new run, and says in the run that it belongs
// to it; who asks for the run may have a trace already.
func (o *Orch) trace(ctx context.Context, what string, r *run.Run, began time.Time) (context.Context, Span) {
	r.Trace = run.Caller(ctx)
	ctx, s := o.span(ctx, what, r, began)
	r.Trace = s.Traceparent
	return ctx, s
}
