package telemetry

import (
	"context"

	"go.opentelemetry.io/otel/trace"
)

// maxNext bounds how many spans are about to begin; some never do.
const maxNext = 1000

// Traceparent implements robot.Tracer. The span of a try begins a moment later and
// gets the id that was told here; what belongs to no try is told the span of the
// execution.
func (x *tracer) Traceparent(path string, try int) string {
	sc := x.span.SpanContext()
	if !sc.IsValid() {
		return ""
	}
	if path == "" {
		return traceparent(sc)
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	k := tryKey{path, try}
	id, ok := x.next[k]
	if !ok {
		if len(x.next) >= maxNext {
			clear(x.next)
		}
		id = ids{}.NewSpanID(x.ctx, sc.TraceID())
		x.next[k] = id
	}
	return traceparent(sc.WithSpanID(id))
}

// withID returns the context for a span of a try that begins now.
func (x *tracer) withID(k tryKey) context.Context {
	id, ok := x.next[k]
	if !ok {
		return x.ctx
	}
	delete(x.next, k)
	return context.WithValue(x.ctx, idsKey{}, trace.NewSpanContext(trace.SpanContextConfig{SpanID: id}))
}
