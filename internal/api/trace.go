package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/aether-rpa/aether/internal/run"
)

// Traced is the part of a request that says which trace its runs belong to.
type Traced struct {
	Traceparent string `header:"traceparent" doc:"W3C trace context of who asks: the runs become part of that trace. What is no trace context is passed over." example:"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"`
}

// caller returns a context that names who asks: the span of the request, if it is
// of the trace of who sent it. Else the runs get traces of their own.
func (t Traced) caller(ctx context.Context) context.Context {
	sent := run.CleanTrace(t.Traceparent)
	if own, ok := ctx.Value(spanKey{}).(string); ok && sent != "" {
		sent = own
	}
	return run.WithCaller(ctx, sent)
}

type spanKey struct{}

// traced makes the span of each request of an operation.
func (s *Server) traced(o op) func(huma.Context, func(huma.Context)) {
	return func(ctx huma.Context, next func(huma.Context)) {
		if s.Trace == nil {
			next(ctx)
			return
		}
		below, own, end := s.Trace(ctx.Context(), o.method, Prefix+o.path, run.CleanTrace(ctx.Header("traceparent")))
		status := http.StatusInternalServerError // if it panics
		defer func() { end(status) }()
		if own != "" {
			below = context.WithValue(below, spanKey{}, own)
		}
		next(huma.WithContext(ctx, below))
		status = ctx.Status()
	}
}
