package api

import (
	"context"

	"github.com/aether-rpa/aether/internal/run"
)

// Traced is the part of a request that says which trace its runs belong to.
type Traced struct {
	Traceparent string `header:"traceparent" doc:"W3C trace context of who asks: the runs become part of that trace. What is no trace context is passed over." example:"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"`
}

// caller returns a context that names who asks.
func (t Traced) caller(ctx context.Context) context.Context {
	return run.WithCaller(ctx, t.Traceparent)
}
