package telemetry

import (
	"context"
	"errors"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"

	"github.com/aether-rpa/aether/internal/durable"
)

// meter holds the instruments.
type meter struct {
	runs       metric.Int64Counter
	runTime    metric.Float64Histogram
	nodes      metric.Int64Counter
	nodeTime   metric.Float64Histogram
	retries    metric.Int64Counter
	checkpoint metric.Float64Histogram
}

// Buckets, in seconds: a checkpoint takes milliseconds, a node up to an hour, a
// run with waits up to weeks.
var (
	checkpointBuckets = []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 60}
	nodeBuckets       = []float64{.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600}
	runBuckets        = []float64{.1, .5, 1, 5, 15, 30, 60, 300, 900, 3600, 4 * 3600, 24 * 3600, 7 * 24 * 3600, 30 * 24 * 3600}
)

func newMeter(m metric.Meter) (*meter, error) {
	var errs [6]error
	var i meter
	i.runs, errs[0] = m.Int64Counter("aether.runs", metric.WithUnit("{execution}"),
		metric.WithDescription("Executions of runs that ended, by the status the run has then."))
	i.runTime, errs[1] = m.Float64Histogram("aether.run.duration", metric.WithUnit("s"), metric.WithExplicitBucketBoundaries(runBuckets...),
		metric.WithDescription("Time from the first start of a run to its end, waits included."))
	i.nodes, errs[2] = m.Int64Counter("aether.nodes", metric.WithUnit("{try}"),
		metric.WithDescription("Tries of nodes that look at the world or change it."))
	i.nodeTime, errs[3] = m.Float64Histogram("aether.node.duration", metric.WithUnit("s"), metric.WithExplicitBucketBoundaries(nodeBuckets...),
		metric.WithDescription("Time that a try of a node took."))
	i.retries, errs[4] = m.Int64Counter("aether.node.retries", metric.WithUnit("{try}"),
		metric.WithDescription("Tries after the first."))
	i.checkpoint, errs[5] = m.Float64Histogram("aether.checkpoint.duration", metric.WithUnit("s"), metric.WithExplicitBucketBoundaries(checkpointBuckets...),
		metric.WithDescription("Time to make a record of a run durable."))
	return &i, errors.Join(errs[:]...)
}

// Log returns a log that measures how long Append takes; l itself when
// telemetry is off.
func (t *Telemetry) Log(l durable.Log) durable.Log {
	if !t.on {
		return l
	}
	return &measuredLog{Log: l, duration: t.meter.checkpoint}
}

type measuredLog struct {
	durable.Log
	duration metric.Float64Histogram
}

// Append implements durable.Log.
func (l *measuredLog) Append(ctx context.Context, entries ...durable.Entry) error {
	start := time.Now()
	err := l.Log.Append(ctx, entries...)
	var attrs []attribute.KeyValue
	switch {
	case errors.Is(err, durable.ErrLost):
		attrs = append(attrs, semconv.ErrorTypeKey.String("lost"))
	case err != nil:
		attrs = append(attrs, semconv.ErrorTypeOther)
	}
	l.duration.Record(ctx, time.Since(start).Seconds(), metric.WithAttributes(attrs...))
	return err
}
