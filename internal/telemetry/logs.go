package telemetry

import (
	"context"
	"log/slog"
	"sync/atomic"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/trace"
)

// runKey is the key that log records of a run carry.
const runKey = "run"

// Handler returns a handler that adds trace_id and span_id to records: of the
// span in the context, or else of the run that the record names by its key run.
// When traces are off it returns h itself.
func (t *Telemetry) Handler(h slog.Handler) slog.Handler {
	if !t.tracing {
		return h
	}
	return &handler{h: h, t: t}
}

type handler struct {
	h       slog.Handler
	t       *Telemetry
	run     string // given by With
	grouped bool   // keys are inside a group: they name nothing known
}

// Enabled implements slog.Handler.
func (h *handler) Enabled(ctx context.Context, l slog.Level) bool { return h.h.Enabled(ctx, l) }

// WithAttrs implements slog.Handler.
func (h *handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	c := *h
	c.h = h.h.WithAttrs(attrs)
	for _, a := range attrs {
		c.note(a)
	}
	return &c
}

// WithGroup implements slog.Handler.
func (h *handler) WithGroup(name string) slog.Handler {
	c := *h
	c.h = h.h.WithGroup(name)
	c.grouped = c.grouped || name != ""
	return &c
}

// note remembers the run if the attribute names one.
func (h *handler) note(a slog.Attr) {
	if a.Key == runKey && !h.grouped && a.Value.Kind() == slog.KindString {
		h.run = a.Value.String()
	}
}

// Handle implements slog.Handler.
func (h *handler) Handle(ctx context.Context, r slog.Record) error {
	sc := trace.SpanContextFromContext(ctx)
	if !sc.IsValid() {
		c := *h
		r.Attrs(func(a slog.Attr) bool {
			c.note(a)
			return true
		})
		if c.run != "" {
			sc = h.t.contextOf(c.run)
		}
	}
	if sc.HasTraceID() {
		r = r.Clone()
		r.AddAttrs(slog.String("trace_id", sc.TraceID().String()))
		if sc.HasSpanID() {
			r.AddAttrs(slog.String("span_id", sc.SpanID().String()))
		}
	}
	return h.h.Handle(ctx, r)
}

// contextOf returns the span of a run that this process executes; of any other
// run, its trace only.
func (t *Telemetry) contextOf(id string) trace.SpanContext {
	if sc, ok := t.running.Load(id); ok {
		return sc.(trace.SpanContext)
	}
	return trace.NewSpanContext(trace.SpanContextConfig{TraceID: t.others.get(id)})
}

// sendErrors tells the log when telemetry cannot be sent: loudly once, since a
// collector that is away fails every few seconds.
func sendErrors(log *slog.Logger) otel.ErrorHandler {
	var told atomic.Bool
	return otel.ErrorHandlerFunc(func(err error) {
		level := slog.LevelDebug
		if !told.Swap(true) {
			level = slog.LevelWarn
		}
		log.Log(context.Background(), level, "telemetry cannot be sent; runs go on without it", "err", err)
	})
}
