package telemetry

import (
	"context"
	"net/http"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"
)

// Request begins the span of an HTTP request to the orchestrator, below the caller
// that a W3C traceparent names, or as the root of a trace of its own. It returns
// the span as such a traceparent; end is told the status of the answer. Of the
// request only its method and its route are sent, which hold nothing that somebody
// wrote: no path, no query, no header. It is api.Server.Trace.
func (t *Telemetry) Request(ctx context.Context, method, route, caller string) (below context.Context, own string, end func(status int)) {
	if sc := parseTraceparent(caller); sc.IsValid() {
		ctx = trace.ContextWithSpanContext(ctx, sc)
	}
	ctx, span := t.tracer.Start(ctx, method+" "+route, trace.WithSpanKind(trace.SpanKindServer), trace.WithAttributes(
		attribute.String(string(semconv.HTTPRequestMethodKey), method), semconv.HTTPRoute(route)))
	return ctx, traceparent(span.SpanContext()), func(status int) {
		span.SetAttributes(semconv.HTTPResponseStatusCode(status))
		if status >= http.StatusInternalServerError {
			span.SetStatus(codes.Error, "")
		}
		span.End()
	}
}
