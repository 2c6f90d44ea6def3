package telemetry

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/metric"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"

	"github.com/aether-rpa/aether/internal/engine"
	"github.com/aether-rpa/aether/internal/robot"
	"github.com/aether-rpa/aether/internal/run"
	"github.com/aether-rpa/aether/node"
)

// Outcomes of a try of a node.
const (
	outcomeOK          = "ok"
	outcomeFailed      = "failed"
	outcomeInterrupted = "interrupted" // cut short; it may be tried again
)

// Trace begins the span of an execution of r and returns a context that holds
// it, and a tracer that makes the spans of its nodes. When telemetry is off it
// returns ctx and a nil interface.
func (t *Telemetry) Trace(ctx context.Context, r *run.Run) (context.Context, robot.Tracer) {
	if !t.on {
		return ctx, nil
	}
	attrs := []attribute.KeyValue{
		attribute.String("aether.run.id", clean(r.ID)),
		attribute.String("aether.flow.name", clean(r.Flow)),
		attribute.String("aether.flow.digest", clean(r.Digest)),
		attribute.Int64("aether.run.resumes", r.Resumes),
	}
	if r.RetryOf != "" {
		attrs = append(attrs, attribute.String("aether.run.retry_of", clean(r.RetryOf)))
	}
	id := t.traceOf(r)
	parent := t.claim(ctx, r)
	opts := []trace.SpanStartOption{trace.WithAttributes(attrs...), trace.WithLinks(t.links(r, id)...)}
	span := t.begin(ctx, parent, executionContext(id, r.ID, r.Resumes), "run "+clean(r.Flow), opts...)
	ctx = trace.ContextWithSpan(ctx, span)
	if span.SpanContext().IsValid() {
		t.running.Store(r.ID, span.SpanContext())
	}
	return ctx, &tracer{t: t, ctx: ctx, run: r.ID, flow: clean(r.Flow), span: span, open: map[tryKey]openSpan{}, next: map[tryKey]trace.SpanID{}}
}

// links name what this execution follows: the execution before it, the run it
// retries, and who started this process.
func (t *Telemetry) links(r *run.Run, id trace.TraceID) []trace.Link {
	var out []trace.Link
	add := func(sc trace.SpanContext, why string) {
		out = append(out, trace.Link{SpanContext: sc, Attributes: []attribute.KeyValue{attribute.String("aether.link", why)}})
	}
	if r.Resumes > 0 {
		add(executionContext(id, r.ID, r.Resumes-1), "resumed")
	}
	if r.RetryOf != "" {
		add(retried(r), "retry_of")
	}
	if t.caller.IsValid() && t.caller.TraceID() != id {
		add(t.caller, "caller")
	}
	return out
}

// tracer observes one execution.
type tracer struct {
	t    *Telemetry
	ctx  context.Context
	run  string
	flow string
	span trace.Span

	mu       sync.Mutex
	open     map[tryKey]openSpan
	next     map[tryKey]trace.SpanID // of spans that are about to begin
	replayed int64
	ended    bool
}

type tryKey struct {
	path string
	try  int
}

type openSpan struct {
	ctx   context.Context
	span  trace.Span
	start time.Time
	typ   string
}

// Event implements robot.Tracer.
func (x *tracer) Event(e engine.Event) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.ended {
		return
	}
	switch e.Kind {
	case engine.EventStarted:
		if !e.Replayed {
			x.start(e)
		}
	case engine.EventFinished, engine.EventFailed:
		if e.Replayed {
			x.replayed++
			return
		}
		x.finish(e)
	case engine.EventRetrying:
		// A negative pause was over before this execution began.
		if !e.Replayed && e.Took >= 0 {
			x.note(e, "retrying", attribute.Int("aether.try", e.Try), attribute.Float64("aether.pause", e.Took.Seconds()))
		}
	case engine.EventWaiting:
		if e.Replayed {
			return
		}
		var attrs []attribute.KeyValue
		if e.Took > 0 {
			attrs = append(attrs, attribute.Float64("aether.pause", e.Took.Seconds()))
		}
		x.note(e, "waiting", attrs...)
	}
}

func (x *tracer) start(e engine.Event) {
	attrs := []attribute.KeyValue{
		attribute.String("aether.run.id", clean(x.run)),
		attribute.String("aether.node", clean(e.Node)),
		attribute.String("aether.node.type", clean(e.Type)),
		attribute.String("aether.path", clean(e.Path)),
		attribute.Int("aether.try", e.Try),
		attribute.String("aether.effect", e.Effect.String()),
	}
	if i, ok := iteration(e.Path); ok {
		attrs = append(attrs, attribute.Int("aether.iteration", i))
	}
	k := tryKey{e.Path, e.Try}
	ctx, span := x.t.tracer.Start(x.withID(k), clean(e.Type+" "+e.Node), trace.WithTimestamp(e.At), trace.WithAttributes(attrs...))
	x.open[k] = openSpan{ctx, span, e.At, clean(e.Type)}
	if e.Try > 1 {
		x.t.meter.retries.Add(ctx, 1, metric.WithAttributes(attribute.String("aether.node.type", clean(e.Type))))
	}
}

func (x *tracer) finish(e engine.Event) {
	k := tryKey{e.Path, e.Try}
	o, ok := x.open[k]
	if !ok {
		return
	}
	delete(x.open, k)
	// Ends come from records and are cut to milliseconds.
	end := e.At
	if end.Before(o.start) {
		end = o.start
	}
	outcome := outcomeOK
	if e.Fail != nil || e.Kind == engine.EventFailed {
		outcome = outcomeFailed
		fail(o.span, e.Fail, end)
	}
	attrs := metric.WithAttributes(attribute.String("aether.node.type", o.typ), attribute.String("aether.outcome", outcome))
	x.t.meter.nodes.Add(o.ctx, 1, attrs)
	x.t.meter.nodeTime.Record(o.ctx, e.Took.Seconds(), attrs)
	o.span.SetAttributes(attribute.String("aether.outcome", outcome))
	o.span.End(trace.WithTimestamp(end))
}

// note adds an event to the execution: the span of the node has ended, or there
// is none because the node only directs control.
func (x *tracer) note(e engine.Event, name string, attrs ...attribute.KeyValue) {
	attrs = append(attrs, attribute.String("aether.path", clean(e.Path)), attribute.String("aether.node.type", clean(e.Type)))
	if e.Fail != nil {
		attrs = append(attrs, semconv.ErrorTypeKey.String(clean(e.Fail.Kind)))
	}
	x.span.AddEvent(name, trace.WithTimestamp(e.At), trace.WithAttributes(attrs...))
}

// End implements robot.Tracer.
func (x *tracer) End(r *run.Run, err error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.ended {
		return
	}
	x.ended = true
	x.t.running.Delete(x.run)
	now := time.Now()
	for _, o := range x.open {
		attrs := []attribute.KeyValue{attribute.String("aether.node.type", o.typ), attribute.String("aether.outcome", outcomeInterrupted)}
		x.t.meter.nodes.Add(o.ctx, 1, metric.WithAttributes(attrs...))
		o.span.SetAttributes(attrs[1])
		o.span.End(trace.WithTimestamp(later(o.start, now)))
	}
	clear(x.open)
	status := r.Shown()
	switch {
	case errors.Is(err, run.ErrLeaseLost):
		status = "lost"
	case err != nil && !r.Status.Final():
		status = "interrupted"
	}
	x.span.SetAttributes(
		attribute.String("aether.run.status", status),
		attribute.Int64("aether.run.nodes", r.Nodes),
		attribute.Int64("aether.run.recorded", r.Recorded),
		attribute.Int64("aether.run.replayed", x.replayed),
	)
	switch {
	case err != nil:
		fail(x.span, &node.Failure{Kind: node.KindError, Message: err.Error()}, now)
	case r.Failure != nil:
		fail(x.span, r.Failure, now)
	}
	attrs := metric.WithAttributes(attribute.String("aether.run.status", status), attribute.String("aether.flow.name", x.flow))
	x.t.meter.runs.Add(x.ctx, 1, attrs)
	if r.Status.Final() && err == nil {
		x.t.meter.runTime.Record(x.ctx, max(0, r.Took(now)).Seconds(), attrs)
	}
	x.span.End(trace.WithTimestamp(now))
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// fail gives a span the status error, and an exception event as the semantic
// conventions have it.
func fail(s trace.Span, f *node.Failure, at time.Time) {
	if f == nil {
		s.SetStatus(codes.Error, "")
		return
	}
	kind, message := clean(f.Kind), clean(f.Message)
	s.SetStatus(codes.Error, message)
	s.SetAttributes(semconv.ErrorTypeKey.String(kind))
	s.AddEvent("exception", trace.WithTimestamp(at), trace.WithAttributes(semconv.ExceptionType(kind), semconv.ExceptionMessage(message)))
}

// maxText bounds texts, which may quote what another side answered.
const maxText = 2000

// clean makes a text fit to be sent: one invalid byte would lose the batch.
func clean(s string) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	if len(s) <= maxText {
		return s
	}
	n := maxText
	for !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n] + "…"
}

// iteration returns the index of the innermost iteration that a path is inside:
// 2 for each[7]/row[2]/send.
func iteration(path string) (int, bool) {
	for path != "" {
		i := strings.LastIndexByte(path, '/')
		if i < 0 {
			return 0, false
		}
		path = path[:i]
		open := strings.LastIndexByte(path, '[')
		if open < strings.LastIndexByte(path, '/') || !strings.HasSuffix(path, "]") {
			continue
		}
		if n, err := strconv.Atoi(path[open+1 : len(path)-1]); err == nil {
			return n, true
		}
	}
	return 0, false
}
