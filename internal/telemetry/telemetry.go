// Package telemetry sends traces and metrics by OpenTelemetry: a span for adding
// a run, for its wait in the queue and for each of its executions, below that one
// for each node execution and each PostgreSQL query, and metrics of runs, nodes,
// checkpoints, jobs and robots.
//
// It is off unless the standard OTEL_* variables ask for it (see
// docs/telemetry.md). When it is off it starts nothing, opens nothing and gives
// out nil tracers. Only what Prometheus asks an orchestrator for (Scraper) is
// always there.
//
// # One run, one trace
//
// A run is added by one process and may be executed several times, by several
// others. The span that adds it is stored with the run; its trace is that of who
// asked for the run, or has an id made from the run's id. The id of an execution's
// span is made from the run's id and the number of the execution. So all that is
// known of a run is one trace, whoever sent it, and an execution can link to the
// one before it, which this process may never have seen.
//
// # What is not sent
//
// Inputs, outputs, questions to people, query parameters and details of
// failures. Messages of failures are sent; the engine has masked secrets in
// them.
package telemetry

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/exaring/otelpgx"
	"github.com/go-logr/logr"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	metricnoop "go.opentelemetry.io/otel/metric/noop"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"
	tracenoop "go.opentelemetry.io/otel/trace/noop"
)

// scope names this instrumentation to the receivers.
const scope = "github.com/aether-rpa/aether"

// Options say what telemetry knows of the world outside.
type Options struct {
	// Lookup finds the OTEL_* variables; nil finds none.
	Lookup func(string) (string, bool)
	// Version of this program, and the name of this machine.
	Version, Host string
	// Log is told when telemetry cannot be sent; nil for nobody.
	Log *slog.Logger
	// Console receives what the console exporters write; nil means nobody
	// does.
	Console io.Writer
}

// Telemetry makes spans and metrics, or nothing at all. It is safe for
// concurrent use.
type Telemetry struct {
	on      bool // traces or metrics
	tracing bool
	traces  trace.TracerProvider
	meters  metric.MeterProvider
	tracer  trace.Tracer
	meter   *meter
	caller  trace.SpanContext // what TRACEPARENT names
	running sync.Map          // run id -> trace.SpanContext of its execution here
	others  others            // traces of runs that are not made from their ids
	figures *figures          // for the readers of metrics; nil if there are none
	closers []func(context.Context) error
	closed  atomic.Bool
}

// Start returns telemetry as the OTEL_* variables ask for it. The error names
// the variable that is wrong. The caller closes it.
func Start(ctx context.Context, o Options) (*Telemetry, error) {
	s, err := readSettings(o.Lookup)
	if err != nil {
		return nil, err
	}
	if !s.traces.on() && !s.metrics.on() {
		return &Telemetry{}, nil
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	// The SDK reports its troubles through these two globals only.
	otel.SetLogger(logr.FromSlogHandler(o.Log.Handler()))
	otel.SetErrorHandler(sendErrors(o.Log))

	t := &Telemetry{on: true, traces: tracenoop.NewTracerProvider(), meters: metricnoop.NewMeterProvider()}
	if s.traceparent != "" {
		if t.caller = parseTraceparent(s.traceparent); !t.caller.IsValid() {
			// The caller's mistake must not keep the flow from running.
			o.Log.Warn("ignoring TRACEPARENT: it is no W3C trace context", "value", clean(s.traceparent))
		}
	}
	if err := t.open(ctx, s, o); err != nil {
		return nil, errors.Join(err, t.Close(ctx))
	}
	t.tracer = t.traces.Tracer(scope, trace.WithInstrumentationVersion(o.Version), trace.WithSchemaURL(semconv.SchemaURL))
	if t.meter, err = newMeter(t.meters.Meter(scope, metric.WithInstrumentationVersion(o.Version), metric.WithSchemaURL(semconv.SchemaURL))); err != nil {
		return nil, errors.Join(fmt.Errorf("making the metrics: %w", err), t.Close(ctx))
	}
	return t, nil
}

// open makes the providers of the signals that are on.
func (t *Telemetry) open(ctx context.Context, s *settings, o Options) error {
	res := describe(s, o)
	if s.traces.on() {
		opts := []sdktrace.TracerProviderOption{sdktrace.WithResource(res), sdktrace.WithIDGenerator(ids{})}
		if s.sampler != nil {
			opts = append(opts, sdktrace.WithSampler(s.sampler))
		}
		exporters, err := traceExporters(ctx, &s.traces, o.Console)
		if err != nil {
			return fmt.Errorf("starting the export of traces: %w", err)
		}
		for _, e := range exporters {
			opts = append(opts, sdktrace.WithBatcher(e))
		}
		p := sdktrace.NewTracerProvider(opts...)
		t.traces, t.tracing = p, true
		t.closers = append(t.closers, p.Shutdown)
	}
	if s.metrics.on() {
		opts := []sdkmetric.Option{sdkmetric.WithResource(res)}
		exporters, err := metricExporters(ctx, &s.metrics, o.Console)
		if err != nil {
			return fmt.Errorf("starting the export of metrics: %w", err)
		}
		t.figures = &figures{began: time.Now()}
		for _, e := range exporters {
			opts = append(opts, sdkmetric.WithReader(sdkmetric.NewPeriodicReader(e, sdkmetric.WithProducer(t.figures))))
		}
		p := sdkmetric.NewMeterProvider(opts...)
		t.meters = p
		t.closers = append(t.closers, p.Shutdown)
	}
	return nil
}

// describe tells the receivers who sends.
func describe(s *settings, o Options) *resource.Resource {
	attrs := []attribute.KeyValue{
		semconv.ServiceName("aether"), semconv.ServiceVersion(o.Version), semconv.HostName(o.Host),
		// Without it, the metrics of two processes on a machine would be one.
		semconv.ServiceInstanceID(uuid.NewString()),
		semconv.TelemetrySDKLanguageGo, semconv.TelemetrySDKName("opentelemetry"), semconv.TelemetrySDKVersion(otel.Version()),
	}
	// Of two attributes with one key the later one counts.
	return resource.NewWithAttributes(semconv.SchemaURL, append(attrs, s.resource...)...)
}

// QueryTracer observes PostgreSQL queries: a span for each query of a traced
// run, and metrics of all. It is a nil interface when telemetry is off.
func (t *Telemetry) QueryTracer() pgx.QueryTracer {
	if !t.on {
		return nil
	}
	return otelpgx.NewTracer(otelpgx.WithTracerProvider(t.traces), otelpgx.WithMeterProvider(t.meters), otelpgx.WithDisableAcquireTracer())
}

// Watch makes metrics of figures from now on, besides those of the runs that this
// process executes; nil ends that. It does nothing when metrics are off.
func (t *Telemetry) Watch(f *Figures) {
	if t.figures != nil {
		t.figures.from.Store(f)
	}
}

// Tracing reports whether spans are made.
func (t *Telemetry) Tracing() bool { return t.tracing }

// Close sends what was not sent yet, as long as ctx lets it, and stops. The
// error says what was lost; no run suffers from it.
func (t *Telemetry) Close(ctx context.Context) error {
	if t.closed.Swap(true) {
		return nil
	}
	var errs []error
	for _, c := range t.closers {
		errs = append(errs, c(ctx))
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("sending the last telemetry: %w", err)
	}
	return nil
}
