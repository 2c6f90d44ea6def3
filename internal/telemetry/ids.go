package telemetry

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"strconv"
	"sync"

	"go.opentelemetry.io/otel/trace"

	"github.com/aether-rpa/aether/internal/run"
)

// traceID returns the id of the trace of a run.
func traceID(run string) trace.TraceID {
	d := sha256.Sum256([]byte(run))
	return trace.TraceID(d[:16])
}

// executionContext names the span of one execution of a run in a trace, whoever
// makes it. The store counts executions, so two never have the same number.
func executionContext(id trace.TraceID, run string, n int64) trace.SpanContext {
	d := sha256.Sum256([]byte(run + "\x00" + strconv.FormatInt(n, 10)))
	return trace.NewSpanContext(trace.SpanContextConfig{TraceID: id, SpanID: trace.SpanID(d[:8]), Remote: true})
}

// traceOf returns the trace that the executions of a run belong to.
func (t *Telemetry) traceOf(r *run.Run) trace.TraceID {
	if sc := parseTraceparent(r.Trace); sc.IsValid() {
		t.others.put(r.ID, sc.TraceID())
		return sc.TraceID()
	}
	return traceID(r.ID)
}

// retried names the first execution of the run that a run retries.
func retried(r *run.Run) trace.SpanContext {
	id := traceID(r.RetryOf)
	if sc := parseTraceparent(r.RetryTrace); sc.IsValid() {
		id = sc.TraceID()
	}
	return executionContext(id, r.RetryOf, 0)
}

// others remembers the traces of the runs that this process saw last, if these
// are not made from the run's id. It is safe for concurrent use.
type others struct {
	mu    sync.Mutex
	known map[string]trace.TraceID
	order []string // of the runs, as a ring
	next  int
}

// maxOthers bounds what is remembered.
const maxOthers = 4096

func (o *others) put(run string, id trace.TraceID) {
	if id == traceID(run) {
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if _, ok := o.known[run]; ok {
		return
	}
	if o.known == nil {
		o.known = map[string]trace.TraceID{}
	}
	if len(o.order) < maxOthers {
		o.order = append(o.order, run)
	} else {
		delete(o.known, o.order[o.next])
		o.order[o.next] = run
		o.next = (o.next + 1) % maxOthers
	}
	o.known[run] = id
}

// get returns the trace of a run, as far as this process knows.
func (o *others) get(run string) trace.TraceID {
	o.mu.Lock()
	defer o.mu.Unlock()
	if id, ok := o.known[run]; ok {
		return id
	}
	return traceID(run)
}

// ids generates the ids of spans: those that the context holds, as for the span
// of an execution, and random ones.
type ids struct{}

type idsKey struct{}

// NewIDs implements sdktrace.IDGenerator.
func (ids) NewIDs(ctx context.Context) (trace.TraceID, trace.SpanID) {
	if sc, ok := ctx.Value(idsKey{}).(trace.SpanContext); ok {
		return sc.TraceID(), ids{}.NewSpanID(ctx, sc.TraceID())
	}
	var t trace.TraceID
	_, _ = rand.Read(t[:]) // never fails
	return t, ids{}.NewSpanID(ctx, t)
}

// NewSpanID implements sdktrace.IDGenerator.
func (ids) NewSpanID(ctx context.Context, _ trace.TraceID) trace.SpanID {
	if sc, ok := ctx.Value(idsKey{}).(trace.SpanContext); ok && sc.HasSpanID() {
		return sc.SpanID()
	}
	var s trace.SpanID
	for !s.IsValid() {
		_, _ = rand.Read(s[:])
	}
	return s
}
