package telemetry_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/otel/trace"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"

	"github.com/aether-rpa/aether/internal/robot"
	"github.com/aether-rpa/aether/internal/run"
	"github.com/aether-rpa/aether/internal/telemetry/oteltest"
)

const (
	callerTrace = "0af7651916cd43dd8448eb211c80319c"
	callerSpan  = "b7ad6b7169203331"
)

// chain returns the names of the spans above a span, from the top, and what the
// top one is below.
func chain(c *oteltest.Collector, s *tracepb.Span) (names []string, above string) {
	spans, above := c.Chain(s)
	for _, x := range spans {
		names = append(names, x.Name)
	}
	return names, above
}

// A run is added in one process, and executed in two others: all is one trace,
// that of the caller if there is one.
func TestOneTraceAcrossTheQueue(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, caller, trace, above string }{
		{"without a caller", "", traceOf("r"), ""},
		{"with a caller", "00-" + callerTrace + "-" + callerSpan + "-01", callerTrace, callerSpan},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := oteltest.New(t)
			vars := map[string]string{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": c.URL}
			r := &run.Run{ID: "r", Flow: "f", Status: run.Queued, Trace: tt.caller}
			tel := start(t, vars)
			ctx, span := tel.Added(t.Context(), "enqueue", r, time.Now())
			if r.Trace = span.Traceparent; run.CleanTrace(r.Trace) != r.Trace || !strings.HasPrefix(r.Trace, "00-"+tt.trace+"-") {
				t.Fatalf("the run's trace is %s", r.Trace)
			}
			if sc := trace.SpanContextFromContext(ctx); !strings.Contains(r.Trace, sc.SpanID().String()) {
				t.Error("what is done to add it is not below its span")
			}
			span.End(true, nil)
			stop(t, tel)

			for i := range 2 {
				tel := start(t, vars)
				ctx := robot.WithClaim(t.Context(), robot.Claim{Robot: fmt.Sprint("desk", i), Job: 7, Attempt: i + 1, Waited: 90 * time.Second})
				rn := *r
				rn.Resumes = int64(i)
				_, x := tel.Trace(ctx, &rn)
				x.Event(began("n", "a.b", 1, 0))
				x.Event(ended("n", "a.b", 1, 10, 10*time.Millisecond, nil))
				var log bytes.Buffer
				slog.New(tel.Handler(slog.NewJSONHandler(&log, nil))).Info("m", "run", "r")
				rn.Status = run.Done
				x.End(&rn, nil)
				// A record after the end still names the caller's trace.
				slog.New(tel.Handler(slog.NewJSONHandler(&log, nil))).Info("m", "run", "r")
				if n := strings.Count(log.String(), `"trace_id":"`+tt.trace+`"`); n != 2 {
					t.Errorf("records name another trace:\n%s", &log)
				}
				stop(t, tel)
			}
			for i, s := range c.Named("a.b n") {
				names, above := chain(c, s)
				if got := strings.Join(names, ", "); got != "enqueue f, claim f, run f, a.b n" || above != tt.above {
					t.Errorf("execution %d is %s below %q, want it below %q\n%s", i, got, above, tt.above, c)
				}
			}
			for _, s := range c.Spans() {
				if got := hex.EncodeToString(s.TraceId); got != tt.trace {
					t.Errorf("%s is in trace %s, want %s", s.Name, got, tt.trace)
				}
			}
			claims, runs := c.Named("claim f"), c.Named("run f")
			if len(claims) != 2 || len(runs) != 2 || len(c.Spans()) != 7 {
				t.Fatalf("spans:\n%s", c)
			}
			if l := runs[1].Links; len(l) != 1 || !bytes.Equal(l[0].SpanId, runs[0].SpanId) || !bytes.Equal(l[0].TraceId, runs[0].TraceId) {
				t.Errorf("the second execution links to %v, want the first", l)
			}
			for i, s := range claims {
				wantAttrs(t, "claim", s.Attributes, map[string]any{"aether.run.id": "r", "aether.robot.name": fmt.Sprint("desk", i), "aether.job.id": int64(7), "aether.job.attempt": int64(i + 1), "aether.job.waited": 90.0})
				if took := time.Duration(s.EndTimeUnixNano - s.StartTimeUnixNano); took != 90*time.Second {
					t.Errorf("the claim takes %s", took)
				}
				if s.Kind != tracepb.Span_SPAN_KIND_CONSUMER {
					t.Errorf("the claim is %s", s.Kind)
				}
			}
			add := c.One(t, "enqueue f")
			wantAttrs(t, "enqueue", add.Attributes, map[string]any{"aether.run.id": "r", "aether.flow.name": "f", "aether.run.added": true})
			if add.Kind != tracepb.Span_SPAN_KIND_PRODUCER {
				t.Errorf("enqueue is %s", add.Kind)
			}
		})
	}
}

// Whoever added the run did not send traces: what it says of the caller counts,
// or the run's id.
func TestAddedWithoutTelemetry(t *testing.T) {
	t.Parallel()
	c := oteltest.New(t)
	tel := start(t, map[string]string{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": c.URL})
	for _, r := range []*run.Run{{ID: "a", Flow: "a"}, {ID: "b", Flow: "b", Trace: "00-" + callerTrace + "-" + callerSpan + "-01"}, {ID: "d", Flow: "d", Trace: "damaged"}} {
		_, x := tel.Trace(robot.WithClaim(t.Context(), robot.Claim{}), r)
		x.End(&run.Run{ID: r.ID, Status: run.Done}, nil)
	}
	stop(t, tel)
	for name, want := range map[string]string{"a": traceOf("a"), "b": callerTrace, "d": traceOf("d")} {
		claim, exec := c.One(t, "claim "+name), c.One(t, "run "+name)
		if hex.EncodeToString(claim.TraceId) != want || hex.EncodeToString(exec.TraceId) != want || !bytes.Equal(exec.ParentSpanId, claim.SpanId) {
			t.Errorf("run %s is not in trace %s:\n%s", name, want, c)
		}
	}
}

// A caller whose trace is not sampled makes a run that is not, on any robot.
func TestCallerIsNotSampled(t *testing.T) {
	t.Parallel()
	c := oteltest.New(t)
	vars := map[string]string{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": c.URL}
	tel := start(t, vars)
	r := &run.Run{ID: "r", Flow: "f", Status: run.Queued, Trace: "00-" + callerTrace + "-" + callerSpan + "-00"}
	_, span := tel.Added(t.Context(), "enqueue", r, time.Now())
	if r.Trace = span.Traceparent; !strings.HasPrefix(r.Trace, "00-"+callerTrace) || !strings.HasSuffix(r.Trace, "-00") {
		t.Errorf("the run's trace is %s", r.Trace)
	}
	span.End(true, nil)
	_, x := tel.Trace(robot.WithClaim(t.Context(), robot.Claim{}), r)
	x.Event(began("n", "a.b", 1, 0))
	x.Event(ended("n", "a.b", 1, 10, 10*time.Millisecond, nil))
	x.End(&run.Run{ID: "r", Status: run.Done}, nil)
	stop(t, tel)
	if n := len(c.Spans()); n > 0 {
		t.Errorf("%d spans were sent:\n%s", n, c)
	}
}

// A retry is a trace of its own that links to the stored trace of the run it
// retries.
func TestRetryLinks(t *testing.T) {
	t.Parallel()
	c := oteltest.New(t)
	tel := start(t, map[string]string{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": c.URL})
	old := &run.Run{ID: "r", Flow: "f", Trace: "00-" + callerTrace + "-" + callerSpan + "-01"}
	_, x := tel.Trace(t.Context(), old)
	x.End(&run.Run{ID: "r", Status: run.Failed}, nil)
	next := &run.Run{ID: "r.2", Flow: "f", RetryOf: "r", RetryTrace: old.Trace, Status: run.Queued}
	_, span := tel.Added(t.Context(), "enqueue", next, time.Now())
	span.End(false, fmt.Errorf("password top-secret refused"))
	next.Trace = span.Traceparent
	_, x = tel.Trace(t.Context(), next)
	x.End(&run.Run{ID: "r.2", Status: run.Done}, nil)
	stop(t, tel)
	runs, add := c.Named("run f"), c.One(t, "enqueue f")
	for _, s := range []*tracepb.Span{add, runs[1]} {
		if hex.EncodeToString(s.TraceId) != traceOf("r.2") {
			t.Errorf("%s is in trace %x", s.Name, s.TraceId)
		}
		if l := s.Links; len(l) != 1 || !bytes.Equal(l[0].TraceId, runs[0].TraceId) || !bytes.Equal(l[0].SpanId, runs[0].SpanId) || oteltest.Attrs(l[0].Attributes)["aether.link"] != "retry_of" {
			t.Errorf("%s links to %v, want the run that failed", s.Name, l)
		}
	}
	wantAttrs(t, "enqueue", add.Attributes, map[string]any{"aether.run.added": false, "aether.run.retry_of": "r", "error.type": "_OTHER"})
	if c.Holds("top-secret") {
		t.Error("the message of an error was sent")
	}
}

// The traces of the last thousands of runs are remembered, and no more.
func TestRemembersTraces(t *testing.T) {
	t.Parallel()
	tel := start(t, map[string]string{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://127.0.0.1:1", "OTEL_TRACES_SAMPLER": "always_off"})
	const runs = 10_000
	name := func(i int) (id, trace string) { return fmt.Sprint("r", i), fmt.Sprintf("%032x", i+1) }
	for i := range runs {
		id, tr := name(i)
		tel.Trace(t.Context(), &run.Run{ID: id, Flow: "f", Trace: "00-" + tr + "-" + callerSpan + "-01"})
		_, x := tel.Trace(t.Context(), &run.Run{ID: id, Flow: "f", Trace: "00-" + tr + "-" + callerSpan + "-01"})
		x.End(&run.Run{ID: id, Status: run.Done}, nil)
	}
	var log bytes.Buffer
	h := slog.New(tel.Handler(slog.NewJSONHandler(&log, nil)))
	known := 0
	for i := range runs {
		log.Reset()
		id, tr := name(i)
		h.Info("m", "run", id)
		var got struct {
			Trace string `json:"trace_id"`
		}
		if err := json.Unmarshal(log.Bytes(), &got); err != nil {
			t.Fatal(err)
		}
		switch got.Trace {
		case tr:
			known++
		case traceOf(id):
			if known > 0 {
				t.Fatalf("run %d is forgotten before older ones", i)
			}
		default:
			t.Fatalf("run %d has trace %s", i, got.Trace)
		}
	}
	if known != 4096 {
		t.Errorf("%d runs are remembered", known)
	}
	stop(t, tel)
}

// What a program that a node starts is told to be below is the span of that node.
func TestTraceparentOfNodes(t *testing.T) {
	t.Parallel()
	c := oteltest.New(t)
	tel := start(t, map[string]string{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": c.URL})
	_, x := tel.Trace(t.Context(), &run.Run{ID: "r", Flow: "f"})
	told := x.Traceparent("n", 1)
	if again := x.Traceparent("n", 1); again != told {
		t.Errorf("the same try is told %s and %s", told, again)
	}
	for i := range 5000 { // which never begin
		x.Traceparent(fmt.Sprintf("loop[%d]", i), 1)
	}
	told = x.Traceparent("n", 1)
	x.Event(began("n", "a.b", 1, 0))
	x.Event(ended("n", "a.b", 1, 10, 10*time.Millisecond, nil))
	whole := x.Traceparent("", 0)
	x.End(&run.Run{ID: "r", Status: run.Done}, nil)
	stop(t, tel)
	for name, got := range map[string]string{"a.b n": told, "run f": whole} {
		if want := "00-" + traceOf("r") + "-" + hex.EncodeToString(c.One(t, name).SpanId) + "-01"; got != want {
			t.Errorf("%s is told as %s, want %s", name, got, want)
		}
	}
}

// Without spans there is nothing that programs could be told.
func TestTraceparentWithoutSpans(t *testing.T) {
	t.Parallel()
	c := oteltest.New(t)
	tel := start(t, map[string]string{"OTEL_EXPORTER_OTLP_METRICS_ENDPOINT": c.URL + "/v1/metrics"})
	_, x := tel.Trace(t.Context(), &run.Run{ID: "r", Flow: "f"})
	if got := x.Traceparent("n", 1) + x.Traceparent("", 0); got != "" {
		t.Errorf("programs are told %s", got)
	}
	x.End(&run.Run{ID: "r", Status: run.Done}, nil)
	stop(t, tel)
}
