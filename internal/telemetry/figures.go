package telemetry

import (
	"context"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/instrumentation"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"github.com/aether-rpa/aether/internal/element"
	"github.com/aether-rpa/aether/internal/queue"
	"github.com/aether-rpa/aether/internal/run"
	"github.com/aether-rpa/aether/internal/tally"
)

// Figures are where the metrics of a fleet come from.
type Figures struct {
	// Counts are what was counted.
	Counts func(context.Context) (*tally.Counts, error)
	// Stats are how the queue and the robots are at the moment; nil if the process
	// does not speak for the fleet.
	Stats func(context.Context) (*queue.Stats, error)
}

// figures makes metrics of Figures when a reader asks: nothing is done where the
// things happen that they tell of.
type figures struct {
	from  atomic.Pointer[Figures]
	began time.Time
	runs  bool // with the durations of runs
}

var _ sdkmetric.Producer = (*figures)(nil)

// Produce implements sdkmetric.Producer.
func (f *figures) Produce(ctx context.Context) ([]metricdata.ScopeMetrics, error) {
	from := f.from.Load()
	if from == nil {
		return nil, nil
	}
	c, err := from.Counts(ctx)
	if err != nil {
		return nil, err
	}
	list := f.counts(c)
	if from.Stats != nil {
		s, err := from.Stats(ctx)
		if err != nil {
			return nil, err
		}
		list = append(list, stats(s)...)
	}
	return []metricdata.ScopeMetrics{{Scope: instrumentation.Scope{Name: scope}, Metrics: list}}, nil
}

// Labels of the metrics.
const (
	stateLabel  = attribute.Key("state")
	reasonLabel = attribute.Key("reason")
	statusLabel = attribute.Key("status")
	// Of heals: how a search ended, and what a person decided.
	outcomeLabel  = attribute.Key("outcome")
	decisionLabel = attribute.Key("decision")
)

func (f *figures) counts(c *tally.Counts) []metricdata.Metrics {
	now := time.Now()
	n := func(what tally.Count, attrs ...attribute.KeyValue) metricdata.DataPoint[int64] {
		return metricdata.DataPoint[int64]{Attributes: attribute.NewSet(attrs...), StartTime: f.began, Time: now, Value: c.Of(what)}
	}
	sum := func(name, unit, doc string, points ...metricdata.DataPoint[int64]) metricdata.Metrics {
		return metricdata.Metrics{Name: name, Unit: unit, Description: doc, Data: metricdata.Sum[int64]{DataPoints: points, Temporality: metricdata.CumulativeTemporality, IsMonotonic: true}}
	}
	took := func(what tally.Time, attrs ...attribute.KeyValue) metricdata.HistogramDataPoint[float64] {
		buckets, total := c.Times(what)
		p := metricdata.HistogramDataPoint[float64]{Attributes: attribute.NewSet(attrs...), StartTime: f.began, Time: now, Bounds: what.Bounds(), Sum: total.Seconds()}
		for _, b := range buckets {
			p.BucketCounts = append(p.BucketCounts, uint64(b)) //nolint:gosec // counts are not negative
			p.Count += uint64(b)                               //nolint:gosec // counts are not negative
		}
		return p
	}
	times := func(name, doc string, points ...metricdata.HistogramDataPoint[float64]) metricdata.Metrics {
		return metricdata.Metrics{Name: name, Unit: "s", Description: doc, Data: metricdata.Histogram[float64]{DataPoints: points, Temporality: metricdata.CumulativeTemporality}}
	}
	out := []metricdata.Metrics{
		times("aether.queue.claim.latency", "How long jobs were ready before a robot had them.", took(tally.Claimed)),
		sum("aether.queue.lease.expiries", "{lease}", "Leases of jobs that ran out, or whose robot died.", n(tally.Expired)),
		sum("aether.queue.retries", "{attempt}", "Attempts of jobs that are followed by another, by why.",
			n(tally.RetriedFailed, reasonLabel.String("failed")), n(tally.RetriedExpired, reasonLabel.String("expired"))),
		sum("aether.queue.dead_letters", "{job}", "Jobs that became dead letters, by why.",
			n(tally.DeadFailed, reasonLabel.String("failed")), n(tally.DeadExpired, reasonLabel.String("expired")),
			n(tally.DeadLate, reasonLabel.String("late")), n(tally.DeadPoison, reasonLabel.String("poison"))),
		sum("aether.heals", "{search}", "Searches for elements of pages that their targets did not find, by how they ended.",
			n(tally.HealHealed, outcomeLabel.String(element.Healed)), n(tally.HealAsked, outcomeLabel.String(element.Asked)), n(tally.HealAbstained, outcomeLabel.String(element.Abstained))),
		sum("aether.heal.mismatches", "{search}", "Searches that began because a target found another element than before.", n(tally.HealMismatch)),
		sum("aether.heal.decisions", "{heal}", "Heals that people decided about, by what they decided.",
			n(tally.HealApproved, decisionLabel.String(string(element.Approved))), n(tally.HealRejected, decisionLabel.String(string(element.Rejected))),
			n(tally.HealRolledBack, decisionLabel.String(string(element.RolledBack)))),
	}
	if f.runs {
		out = append(out, times("aether.run.duration", "Time from the first start of a run to its end, waits included, by how it ended.",
			took(tally.RunDone, statusLabel.String(string(run.Done))), took(tally.RunFailed, statusLabel.String(string(run.Failed))), took(tally.RunCancelled, statusLabel.String(string(run.Cancelled)))))
	}
	return out
}

func stats(s *queue.Stats) []metricdata.Metrics {
	now := time.Now()
	one := func(v int, attrs ...attribute.KeyValue) metricdata.DataPoint[int64] {
		return metricdata.DataPoint[int64]{Attributes: attribute.NewSet(attrs...), Time: now, Value: int64(v)}
	}
	level := func(name, unit, doc string, points ...metricdata.DataPoint[int64]) metricdata.Metrics {
		return metricdata.Metrics{Name: name, Unit: unit, Description: doc, Data: metricdata.Gauge[int64]{DataPoints: points}}
	}
	real := func(name, unit, doc string, v float64) metricdata.Metrics {
		return metricdata.Metrics{Name: name, Unit: unit, Description: doc, Data: metricdata.Gauge[float64]{DataPoints: []metricdata.DataPoint[float64]{{Time: now, Value: v}}}}
	}
	var jobs, robots []metricdata.DataPoint[int64]
	for st := queue.Ready; st <= queue.Poison; st++ {
		jobs = append(jobs, one(s.Jobs[st], stateLabel.String(st.String())))
	}
	for _, st := range []queue.RobotState{queue.Online, queue.Paused, queue.Draining, queue.Lost, queue.Offline} {
		robots = append(robots, one(s.Robots[st], stateLabel.String(string(st))))
	}
	used := 0.0
	if s.Slots > 0 {
		used = float64(s.Busy) / float64(s.Slots)
	}
	return []metricdata.Metrics{
		level("aether.queue.jobs", "{job}", "Jobs in the queue by state.", jobs...),
		real("aether.queue.oldest_ready", "s", "How long the job that is ready for longest has waited.", s.OldestReady.Seconds()),
		level("aether.robots", "{robot}", "Robots by state.", robots...),
		level("aether.robot.slots", "{job}", "Jobs that online robots can do at a time.", one(s.Slots)),
		level("aether.robot.busy", "{job}", "Jobs that online robots do now.", one(s.Busy)),
		real("aether.robot.utilization", "1", "Part of the slots of online robots that has a job.", used),
	}
}
