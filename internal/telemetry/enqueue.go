package telemetry

import (
	"context"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"

	"github.com/aether-rpa/aether/internal/orch"
	"github.com/aether-rpa/aether/internal/robot"
	"github.com/aether-rpa/aether/internal/run"
)

// begin begins a span below another, which may be of another process, with ids of
// its own. Without a parent the span is the root of the trace that the ids name.
func (t *Telemetry) begin(ctx context.Context, parent, own trace.SpanContext, name string, opts ...trace.SpanStartOption) trace.Span {
	if parent.IsValid() {
		ctx = trace.ContextWithSpanContext(ctx, parent)
	} else {
		opts = append(opts, trace.WithNewRoot())
	}
	// The context ends here: the ids must not reach spans that others begin below.
	_, span := t.tracer.Start(context.WithValue(ctx, idsKey{}, own), name, opts...)
	return span
}

// inTrace names no span of a trace: a span that begins with it gets an id by
// chance.
func inTrace(id trace.TraceID) trace.SpanContext {
	return trace.NewSpanContext(trace.SpanContextConfig{TraceID: id})
}

// Added begins the span of adding a run, in the trace that the run names, or in
// one that is made from the run's id. It is orch.Orch.Trace.
func (t *Telemetry) Added(ctx context.Context, what string, r *run.Run, began time.Time) (context.Context, orch.Span) {
	attrs := []attribute.KeyValue{attribute.String("aether.run.id", clean(r.ID)), attribute.String("aether.flow.name", clean(r.Flow))}
	var links []trace.Link
	if r.RetryOf != "" {
		attrs = append(attrs, attribute.String("aether.run.retry_of", clean(r.RetryOf)))
		links = append(links, trace.Link{SpanContext: retried(r), Attributes: []attribute.KeyValue{attribute.String("aether.link", "retry_of")}})
	}
	above := parseTraceparent(r.Trace)
	if sc := trace.SpanContextFromContext(ctx); sc.IsValid() && sc.TraceID() != above.TraceID() {
		links = append(links, trace.Link{SpanContext: sc, Attributes: []attribute.KeyValue{attribute.String("aether.link", "request")}})
	}
	kind := trace.SpanKindInternal
	if r.Status == run.Queued {
		kind = trace.SpanKindProducer
	}
	span := t.begin(ctx, above, inTrace(t.traceOf(r)), what+" "+clean(r.Flow),
		trace.WithTimestamp(began), trace.WithSpanKind(kind), trace.WithAttributes(attrs...), trace.WithLinks(links...))
	out := orch.Span{Traceparent: r.Trace, End: func(added bool, err error) {
		span.SetAttributes(attribute.Bool("aether.run.added", added))
		if err != nil {
			// What came from outside is in the message: it stays here.
			span.SetStatus(codes.Error, "")
			span.SetAttributes(semconv.ErrorTypeOther)
		}
		span.End()
	}}
	if tp := traceparent(span.SpanContext()); tp != "" {
		out.Traceparent = tp
	}
	return trace.ContextWithSpan(ctx, span), out
}

// claim makes the span of the time that a run waited for the robot that has it
// now, and returns what the execution is below: that span, or who started the
// run.
func (t *Telemetry) claim(ctx context.Context, r *run.Run) trace.SpanContext {
	parent := parseTraceparent(r.Trace)
	c, ok := robot.ClaimOf(ctx)
	if !ok {
		return parent
	}
	now := time.Now()
	span := t.begin(ctx, parent, inTrace(t.traceOf(r)), "claim "+clean(r.Flow),
		// The clock of the database may be another; only the length is taken from it.
		trace.WithTimestamp(now.Add(-c.Waited)), trace.WithSpanKind(trace.SpanKindConsumer), trace.WithAttributes(
			attribute.String("aether.run.id", clean(r.ID)),
			attribute.String("aether.robot.name", clean(c.Robot)),
			attribute.Int64("aether.job.id", c.Job),
			attribute.Int("aether.job.attempt", c.Attempt),
			attribute.Float64("aether.job.waited", c.Waited.Seconds()),
		))
	span.End(trace.WithTimestamp(now))
	return span.SpanContext()
}

// parseTraceparent returns the span that a W3C traceparent names; an invalid
// one if it names none.
func parseTraceparent(v string) trace.SpanContext {
	ctx := propagation.TraceContext{}.Extract(context.Background(), propagation.MapCarrier{"traceparent": v})
	return trace.SpanContextFromContext(ctx)
}

// traceparent writes a span as a W3C traceparent; an invalid one is empty.
func traceparent(sc trace.SpanContext) string {
	carrier := propagation.MapCarrier{}
	propagation.TraceContext{}.Inject(trace.ContextWithSpanContext(context.Background(), sc), carrier)
	return carrier["traceparent"]
}
