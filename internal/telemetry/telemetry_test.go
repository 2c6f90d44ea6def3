package telemetry_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"go.opentelemetry.io/otel/trace"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"go.uber.org/goleak"
	"google.golang.org/grpc"

	"github.com/aether-rpa/aether/internal/durable"
	"github.com/aether-rpa/aether/internal/engine"
	"github.com/aether-rpa/aether/internal/robot"
	"github.com/aether-rpa/aether/internal/run"
	"github.com/aether-rpa/aether/internal/telemetry"
	"github.com/aether-rpa/aether/internal/telemetry/oteltest"
	"github.com/aether-rpa/aether/node"
)

func lookup(vars map[string]string) func(string) (string, bool) {
	return func(name string) (string, bool) {
		v, ok := vars[name]
		return v, ok
	}
}

func start(t *testing.T, vars map[string]string) *telemetry.Telemetry {
	t.Helper()
	tel, err := telemetry.Start(t.Context(), telemetry.Options{Lookup: lookup(vars), Version: "1.2.3", Host: "box"})
	if err != nil {
		t.Fatal(err)
	}
	return tel
}

func stop(t *testing.T, tel *telemetry.Telemetry) {
	t.Helper()
	if err := tel.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := tel.Close(t.Context()); err != nil {
		t.Fatalf("second Close: %v", err)
	}
}

var t0 = time.Date(2026, 11, 22, 20, 57, 1, 123456789, time.UTC)

func at(ms int) time.Time { return t0.Add(time.Duration(ms) * time.Millisecond) }

// began and ended are the events of a try, as the engine sends them.
func began(path, typ string, try, ms int) engine.Event {
	return engine.Event{Kind: engine.EventStarted, Path: path, Node: path[strings.LastIndexByte(path, '/')+1:], Type: typ, Try: try, At: at(ms), Effect: node.Once}
}

func ended(path, typ string, try, ms int, took time.Duration, f *node.Failure) engine.Event {
	e := began(path, typ, try, ms)
	e.Kind, e.Took, e.Fail, e.At = engine.EventFinished, took, f, at(ms).Truncate(time.Millisecond)
	if f != nil {
		e.Kind = engine.EventFailed
	}
	return e
}

func traceOf(id string) string {
	d := sha256.Sum256([]byte(id))
	return hex.EncodeToString(d[:16])
}

func TestTwoExecutionsAreOneTrace(t *testing.T) {
	t.Parallel()
	c := oteltest.New(t)
	vars := map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": c.URL, "OTEL_EXPORTER_OTLP_HEADERS": "authorization=Bearer%20abc", "OTEL_EXPORTER_OTLP_COMPRESSION": "gzip",
		"OTEL_RESOURCE_ATTRIBUTES": "deployment.environment.name=test,host.name=other"}
	id := "261122-205701-k3f9aa"

	// The first robot tries a node twice, sends, and dies in the middle of upload.
	tel := start(t, vars)
	_, x := tel.Trace(t.Context(), &run.Run{ID: id, Flow: "invoices", Digest: "d1", Status: run.Running, RetryOf: "older"})
	refused := &node.Failure{Kind: node.KindHTTP, Message: "the server answered 503\xff", Hint: "hint", Details: "top-secret-details"}
	for _, e := range []engine.Event{
		began("each[2]/fetch", "http.request", 1, 0),
		ended("each[2]/fetch", "http.request", 1, 500, 500*time.Millisecond, refused),
		{Kind: engine.EventRetrying, Path: "each[2]/fetch", Type: "http.request", Try: 2, Fail: refused, At: at(500), Took: time.Second},
		{Kind: engine.EventWaiting, Path: "each[2]/fetch", Type: "http.request", At: at(500), Took: time.Second, Text: "top-secret-question"},
		began("each[2]/fetch", "http.request", 2, 1500),
		// Shorter than a millisecond: its end is cut to before its start.
		ended("each[2]/fetch", "http.request", 2, 1500, 0, nil),
		began("upload", "file.copy", 1, 2000),
	} {
		x.Event(e)
	}
	x.End(&run.Run{ID: id, Flow: "invoices", Status: run.Running, Interrupted: true}, nil)
	x.End(&run.Run{ID: id, Flow: "invoices", Status: run.Done}, nil) // ignored
	stop(t, tel)

	// The second one goes on.
	tel = start(t, vars)
	_, x = tel.Trace(t.Context(), &run.Run{ID: id, Flow: "invoices", Digest: "d1", Status: run.Running, Resumes: 1})
	replayed := ended("each[2]/fetch", "http.request", 2, 1500, 0, nil)
	replayed.Replayed = true
	for _, e := range []engine.Event{
		{Kind: engine.EventRetrying, Path: "each[2]/fetch", Try: 2, Fail: refused, At: at(5000), Took: -4 * time.Second},
		replayed,
		began("upload", "file.copy", 1, 6000),
		ended("upload", "file.copy", 1, 8000, 2*time.Second, nil),
	} {
		x.Event(e)
	}
	failure := &node.Failure{Kind: node.KindBusiness, Message: "no money"}
	x.End(&run.Run{ID: id, Flow: "invoices", Status: run.Failed, Failure: failure, Started: at(0), Ended: at(9000), Nodes: 3, Recorded: 2}, nil)
	stop(t, tel)

	for _, s := range c.Spans() {
		if got := hex.EncodeToString(s.TraceId); got != traceOf(id) {
			t.Errorf("span %s is in trace %s, want %s", s.Name, got, traceOf(id))
		}
	}
	runs := c.Named("run invoices")
	if len(runs) != 2 || len(c.Spans()) != 6 {
		t.Fatalf("got %d spans, %d of them of executions, want 6 and 2: %v", len(c.Spans()), len(runs), c.Spans())
	}
	first, second := runs[0], runs[1]
	if len(first.ParentSpanId) != 0 || len(second.ParentSpanId) != 0 {
		t.Error("executions are roots of the trace")
	}
	wantAttrs(t, "first", first.Attributes, map[string]any{"aether.run.id": id, "aether.flow.name": "invoices", "aether.flow.digest": "d1",
		"aether.run.retry_of": "older", "aether.run.status": "interrupted", "aether.run.resumes": int64(0)})
	wantAttrs(t, "second", second.Attributes, map[string]any{"aether.run.status": "failed", "aether.run.resumes": int64(1), "aether.run.replayed": int64(1),
		"error.type": "business", "aether.run.nodes": int64(3), "aether.run.recorded": int64(2)})
	if second.Status.GetCode() != tracepb.Status_STATUS_CODE_ERROR || second.Status.GetMessage() != "no money" {
		t.Errorf("status of the second = %v", second.Status)
	}
	if l := second.Links; len(l) != 1 || !bytes.Equal(l[0].SpanId, first.SpanId) || !bytes.Equal(l[0].TraceId, first.TraceId) {
		t.Errorf("the second links to %v, want the first", l)
	}
	if l := first.Links; len(l) != 1 || hex.EncodeToString(l[0].TraceId) != traceOf("older") {
		t.Errorf("the first links to %v, want the run it retries", l)
	}
	var events []string
	for _, e := range first.Events {
		events = append(events, fmt.Sprint(e.Name, " ", oteltest.Attrs(e.Attributes)["aether.pause"]))
	}
	if got := strings.Join(events, ", "); got != "retrying 1, waiting 1" {
		t.Errorf("events of the first = %s", got)
	}
	for _, e := range second.Events {
		if e.Name != "exception" {
			t.Errorf("the second has the event %s, which the first had", e.Name)
		}
	}

	fetch := c.Named("http.request fetch")
	if len(fetch) != 2 {
		t.Fatalf("fetch has %d spans, want 2", len(fetch))
	}
	wantAttrs(t, "fetch", fetch[0].Attributes, map[string]any{"aether.node": "fetch", "aether.node.type": "http.request", "aether.path": "each[2]/fetch", "aether.try": int64(1),
		"aether.iteration": int64(2), "aether.effect": "once", "aether.outcome": "failed", "error.type": "http"})
	wantAttrs(t, "fetch again", fetch[1].Attributes, map[string]any{"aether.try": int64(2), "aether.outcome": "ok"})
	if !bytes.Equal(fetch[0].ParentSpanId, first.SpanId) {
		t.Error("fetch is not below the first execution")
	}
	if got, want := fetch[0].StartTimeUnixNano, uint64(at(0).UnixNano()); got != want {
		t.Errorf("fetch starts at %d, want %d", got, want)
	}
	if got, want := fetch[0].EndTimeUnixNano, uint64(at(500).Truncate(time.Millisecond).UnixNano()); got != want {
		t.Errorf("fetch ends at %d, want %d", got, want)
	}
	if fetch[1].EndTimeUnixNano < fetch[1].StartTimeUnixNano {
		t.Error("a short span ends before it starts")
	}
	if got := fetch[0].Status.GetMessage(); got != "the server answered 503\uFFFD" {
		t.Errorf("status of fetch = %q", got)
	}
	if e := fetch[0].Events; len(e) != 1 || e[0].Name != "exception" {
		t.Errorf("events of fetch = %v", e)
	} else {
		wantAttrs(t, "exception", e[0].Attributes, map[string]any{"exception.type": "http", "exception.message": "the server answered 503\uFFFD"})
	}
	upload := c.Named("file.copy upload")
	if len(upload) != 2 {
		t.Fatalf("upload has %d spans, want 2", len(upload))
	}
	wantAttrs(t, "upload of the one that stopped, and again", append(upload[0].Attributes, upload[1].Attributes...), map[string]any{"aether.outcome": "ok"})
	wantAttrs(t, "upload of the one that stopped", upload[0].Attributes, map[string]any{"aether.outcome": "interrupted"})

	paths, header := c.Requests()
	if got := header.Get("Authorization"); got != "Bearer abc" {
		t.Errorf("header Authorization = %q", got)
	}
	if c.Resource()["service.name"] != "aether" || c.Resource()["host.name"] != "other" || c.Resource()["deployment.environment.name"] != "test" || c.Resource()["service.version"] != "1.2.3" {
		t.Errorf("resource = %v", c.Resource())
	}
	if !slices.Contains(paths, "/v1/traces") || !slices.Contains(paths, "/v1/metrics") {
		t.Errorf("paths = %v", paths)
	}
	if c.Holds("top-secret") {
		t.Error("a question or details of a failure were sent")
	}
}

type slowLog struct{ err error }

func (slowLog) Past() []durable.Entry                            { return nil }
func (l slowLog) Append(context.Context, ...durable.Entry) error { return l.err }
func (slowLog) Confirm(context.Context) error                    { return nil }

func TestMetrics(t *testing.T) {
	t.Parallel()
	c := oteltest.New(t)
	tel := start(t, map[string]string{"OTEL_EXPORTER_OTLP_METRICS_ENDPOINT": c.URL + "/in/metrics"})
	ctx, x := tel.Trace(t.Context(), &run.Run{ID: "r", Flow: "f"})
	// Branches run beside each other.
	var all sync.WaitGroup
	for i := range 50 {
		all.Go(func() {
			path := fmt.Sprintf("each[%d]/n", i)
			x.Event(began(path, "a.b", 1, 0))
			x.Event(ended(path, "a.b", 1, 10, 10*time.Millisecond, &node.Failure{Kind: "http", Message: "no"}))
			x.Event(began(path, "a.b", 2, 20))
			x.Event(ended(path, "a.b", 2, 40, 20*time.Millisecond, nil))
		})
	}
	all.Wait()
	x.Event(ended("never", "a.b", 1, 10, time.Second, nil)) // had no start: a record of a decision
	l := tel.Log(slowLog{})
	if err := l.Append(ctx, durable.Entry{Name: "n"}); err != nil {
		t.Fatal(err)
	}
	lost := fmt.Errorf("x: %w", durable.ErrLost)
	if err := tel.Log(slowLog{lost}).Append(ctx, durable.Entry{Name: "n"}); !errors.Is(err, durable.ErrLost) {
		t.Errorf("Append gave %v, want the error of the log", err)
	}
	x.End(&run.Run{ID: "r", Flow: "f", Status: run.Done, Started: at(0), Ended: at(2000)}, nil)
	_, x = tel.Trace(t.Context(), &run.Run{ID: "s", Flow: "f"})
	x.End(&run.Run{ID: "s", Flow: "f", Status: run.Running}, fmt.Errorf("run s: %w", run.ErrLeaseLost))
	_, x = tel.Trace(t.Context(), &run.Run{ID: "u", Flow: "f"})
	x.End(&run.Run{ID: "u", Flow: "f", Status: run.Waiting, Started: at(0)}, nil)
	// Without traces, records get no trace.
	h := slog.DiscardHandler
	if tel.Handler(h) != h {
		t.Error("Handler wraps though traces are off")
	}
	stop(t, tel)

	if paths, _ := c.Requests(); !slices.Equal(paths, []string{"/in/metrics"}) {
		t.Errorf("paths = %v, want metrics only, at the endpoint as it is written", paths)
	}
	for name, want := range map[string]map[string]string{
		"aether.runs":          {"aether.flow.name=f aether.run.status=done": "1", "aether.flow.name=f aether.run.status=lost": "1", "aether.flow.name=f aether.run.status=waiting": "1"},
		"aether.run.duration":  {"aether.flow.name=f aether.run.status=done": "1 2"},
		"aether.nodes":         {"aether.node.type=a.b aether.outcome=failed": "50", "aether.node.type=a.b aether.outcome=ok": "50"},
		"aether.node.duration": {"aether.node.type=a.b aether.outcome=failed": "50 0.5", "aether.node.type=a.b aether.outcome=ok": "50 1"},
		"aether.node.retries":  {"aether.node.type=a.b": "50"},
	} {
		if got := c.Points(name); fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%s = %v, want %v", name, got, want)
		}
	}
	got := c.Points("aether.checkpoint.duration")
	if len(got) != 2 || !strings.HasPrefix(got[""], "1 ") || !strings.HasPrefix(got["error.type=lost"], "1 ") {
		t.Errorf("aether.checkpoint.duration = %v", got)
	}
}

func TestQuerySpans(t *testing.T) {
	t.Parallel()
	c := oteltest.New(t)
	tel := start(t, map[string]string{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": c.URL, "TRACEPARENT": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"})
	q := tel.QueryTracer()
	query := func(ctx context.Context) {
		ctx = q.TraceQueryStart(ctx, nil, pgx.TraceQueryStartData{SQL: "SELECT a FROM b WHERE c = $1", Args: []any{"top-secret"}})
		q.TraceQueryEnd(ctx, nil, pgx.TraceQueryEndData{})
	}
	query(t.Context()) // belongs to no run: no span
	ctx, x := tel.Trace(t.Context(), &run.Run{ID: "r", Flow: "f"})
	query(ctx)
	x.End(&run.Run{ID: "r", Flow: "f", Status: run.Done}, nil)
	stop(t, tel)
	if len(c.Spans()) != 2 {
		t.Fatalf("got %d spans, want a run and a query: %v", len(c.Spans()), c.Spans())
	}
	r, s := c.One(t, "run f"), c.One(t, "SELECT")
	if !bytes.Equal(s.ParentSpanId, r.SpanId) {
		t.Error("the query is not below the run")
	}
	wantAttrs(t, "query", s.Attributes, map[string]any{"db.system.name": "postgresql", "db.query.text": "SELECT a FROM b WHERE c = $1"})
	if c.Holds("top-secret") {
		t.Error("a parameter of a query was sent")
	}
	if l := r.Links; len(l) != 1 || hex.EncodeToString(l[0].TraceId) != "0af7651916cd43dd8448eb211c80319c" {
		t.Errorf("links = %v, want TRACEPARENT", l)
	}
	if paths, _ := c.Requests(); !slices.Equal(paths, []string{"/"}) {
		t.Errorf("paths = %v, want traces only, at the endpoint as it is written", paths)
	}
}

func TestGRPC(t *testing.T) {
	t.Parallel()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := &oteltest.Collector{}
	s := grpc.NewServer()
	c.Register(s)
	go func() { _ = s.Serve(l) }()
	t.Cleanup(s.Stop)
	tel := start(t, map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://" + l.Addr().String(), "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc", "OTEL_EXPORTER_OTLP_COMPRESSION": "gzip", "OTEL_EXPORTER_OTLP_TIMEOUT": "9000", "OTEL_SERVICE_NAME": "bot"})
	_, x := tel.Trace(t.Context(), &run.Run{ID: "r", Flow: "f"})
	x.End(&run.Run{ID: "r", Flow: "f", Status: run.Failed, Failure: &node.Failure{Kind: "error", Message: "x" + strings.Repeat("é", 5000)}}, nil)
	stop(t, tel)
	if got, want := c.One(t, "run f").Status.GetMessage(), "x"+strings.Repeat("é", 999)+"…"; got != want {
		t.Errorf("a long message is sent as %d bytes, want %d", len(got), len(want))
	}
	if got := c.Points("aether.runs"); got["aether.flow.name=f aether.run.status=failed"] != "1" {
		t.Errorf("aether.runs = %v", got)
	}
	if c.Resource()["service.name"] != "bot" {
		t.Errorf("resource = %v", c.Resource())
	}
}

func TestConsole(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	tel, err := telemetry.Start(t.Context(), telemetry.Options{Lookup: lookup(map[string]string{"OTEL_TRACES_EXPORTER": "console", "OTEL_METRICS_EXPORTER": "console"}), Console: &out})
	if err != nil {
		t.Fatal(err)
	}
	_, x := tel.Trace(t.Context(), &run.Run{ID: "r", Flow: "f"})
	x.End(&run.Run{ID: "r", Flow: "f", Status: run.Done}, nil)
	stop(t, tel)
	for _, want := range []string{`"run f"`, `"aether.runs"`} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the console lacks %s:\n%s", want, out.String())
		}
	}
}

// Off means off: this test runs alone, before the parallel ones.
func TestOff(t *testing.T) {
	for name, vars := range map[string]map[string]string{
		"unset":    nil,
		"empty":    {"OTEL_EXPORTER_OTLP_ENDPOINT": "", "OTEL_TRACES_EXPORTER": " "},
		"other":    {"OTEL_SERVICE_NAME": "x", "OTEL_EXPORTER_OTLP_HEADERS": "broken", "TRACEPARENT": "x"},
		"none":     {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://localhost:1", "OTEL_TRACES_EXPORTER": "none", "OTEL_METRICS_EXPORTER": "none"},
		"disabled": {"OTEL_SDK_DISABLED": "TRUE", "OTEL_EXPORTER_OTLP_ENDPOINT": "nonsense"},
	} {
		t.Run(name, func(t *testing.T) {
			tel := start(t, vars)
			goleak.VerifyNone(t, goleak.IgnoreCurrent(), goleak.IgnoreAnyFunction("testing.tRunner"))
			if q := tel.QueryTracer(); q != nil {
				t.Errorf("QueryTracer = %T, want nil", q)
			}
			ctx, x := tel.Trace(t.Context(), &run.Run{ID: "r"})
			if ctx != t.Context() || x != nil {
				t.Errorf("Trace = %v, %T, want the context and nil", ctx, x)
			}
			h, l := slog.DiscardHandler, durable.Log(slowLog{})
			if tel.Handler(h) != h || tel.Log(l) != l {
				t.Error("Handler or Log wraps")
			}
			if n := testing.AllocsPerRun(100, func() { tel.Trace(ctx, nil); tel.Log(l); tel.QueryTracer() }); n != 0 {
				t.Errorf("%v allocations", n)
			}
			stop(t, tel)
		})
	}
}

func TestCloseLeavesNothing(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	c := &oteltest.Collector{}
	s := httptest.NewServer(c)
	defer s.Close() // and with it the connections that the exporters keep
	tel := start(t, map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": s.URL})
	_, x := tel.Trace(t.Context(), &run.Run{ID: "r", Flow: "f"})
	x.End(&run.Run{ID: "r", Flow: "f", Status: run.Done}, nil)
	stop(t, tel)
	c.One(t, "run f")
}

func TestWrongVariables(t *testing.T) {
	t.Parallel()
	on := "OTEL_EXPORTER_OTLP_ENDPOINT"
	for name, values := range map[string][]string{
		"OTEL_SDK_DISABLED":                 {"yes"},
		"OTEL_TRACES_EXPORTER":              {"zipkin", "otlp,jaeger"},
		"OTEL_METRICS_EXPORTER":             {"prometheus"},
		on:                                  {"localhost:4318", "127.0.0.1:4318", "ftp://x", "http://", "http://top-secret@%zz"},
		"OTEL_EXPORTER_OTLP_PROTOCOL":       {"http/json", "http"},
		"OTEL_EXPORTER_OTLP_TRACES_TIMEOUT": {"10s", "-1", "0"},
		"OTEL_EXPORTER_OTLP_COMPRESSION":    {"zstd"},
		"OTEL_EXPORTER_OTLP_HEADERS":        {"top-secret", "a=%zztop-secret", "=top-secret", "a=b%0d%0atop-secret", "a: top-secret=="},
		"OTEL_RESOURCE_ATTRIBUTES":          {"production"},
		"OTEL_TRACES_SAMPLER":               {"half", "parentbased_", "jaeger_remote"},
		"OTEL_BSP_MAX_QUEUE_SIZE":           {"many", "-1"},
	} {
		for _, v := range values {
			vars := map[string]string{on: "http://localhost:1"}
			vars[name] = v
			_, err := telemetry.Start(t.Context(), telemetry.Options{Lookup: lookup(vars)})
			if err == nil || !strings.Contains(err.Error(), name+" is wrong") || strings.Contains(err.Error(), "top-secret") {
				t.Errorf("%s=%s: got %v, want an error that names the variable and tells no secret", name, v, err)
			}
		}
	}
	for _, arg := range []string{"2", "-0.1", "x", "NaN"} {
		_, err := telemetry.Start(t.Context(), telemetry.Options{Lookup: lookup(map[string]string{on: "http://localhost:1", "OTEL_TRACES_SAMPLER": "traceidratio", "OTEL_TRACES_SAMPLER_ARG": arg})})
		if err == nil || !strings.Contains(err.Error(), "OTEL_TRACES_SAMPLER_ARG is wrong") {
			t.Errorf("ratio %s: got %v", arg, err)
		}
	}
}

func TestSampler(t *testing.T) {
	t.Parallel()
	c := oteltest.New(t)
	tel := start(t, map[string]string{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": c.URL, "OTEL_TRACES_SAMPLER": "parentbased_traceidratio", "OTEL_TRACES_SAMPLER_ARG": "0.5"})
	sampled := map[string]bool{}
	for i := range 40 {
		id := fmt.Sprint("run-", i/2) // each run is executed twice
		ctx, x := tel.Trace(t.Context(), &run.Run{ID: id, Flow: "f", Resumes: int64(i % 2)})
		got := trace.SpanContextFromContext(ctx).IsSampled()
		if i%2 == 1 && sampled[id] != got {
			t.Errorf("only one of the executions of %s is sampled", id)
		}
		sampled[id] = got
		x.End(&run.Run{ID: id, Status: run.Done}, nil)
	}
	stop(t, tel)
	if n := len(c.Spans()); n == 0 || n == 40 {
		t.Errorf("%d of 40 executions were sampled", n)
	}
}

func TestLogCorrelation(t *testing.T) {
	t.Parallel()
	c := oteltest.New(t)
	tel := start(t, map[string]string{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": c.URL})
	var out bytes.Buffer
	log := slog.New(tel.Handler(slog.NewJSONHandler(&out, nil)))
	ctx, x := tel.Trace(t.Context(), &run.Run{ID: "r", Flow: "f"})
	span := trace.SpanContextFromContext(ctx).SpanID().String()
	for _, tt := range []struct {
		name        string
		do          func()
		trace, span any
	}{
		{"context", func() { log.InfoContext(ctx, "m") }, traceOf("r"), span},
		{"run executed here", func() { log.Info("m", "run", "r") }, traceOf("r"), span},
		{"run given before", func() { log.With("run", "r", "node", "n").Info("m") }, traceOf("r"), span},
		{"run elsewhere", func() { log.Info("m", "run", "other") }, traceOf("other"), nil},
		{"no run", func() { log.Info("m", "job", "r") }, nil, nil},
		{"run inside a group", func() { log.WithGroup("g").Info("m", "run", "r") }, nil, nil},
		{"run is a number", func() { log.Info("m", "run", 7) }, nil, nil},
	} {
		out.Reset()
		tt.do()
		var got map[string]any
		if err := json.Unmarshal(out.Bytes(), &got); err != nil {
			t.Fatal(err)
		}
		if got["trace_id"] != tt.trace || got["span_id"] != tt.span {
			t.Errorf("%s: got %s, want trace %v span %v", tt.name, out.String(), tt.trace, tt.span)
		}
	}
	x.End(&run.Run{ID: "r", Flow: "f", Status: run.Done}, nil)
	out.Reset()
	log.Info("m", "run", "r")
	if s := out.String(); !strings.Contains(s, traceOf("r")) || strings.Contains(s, span) {
		t.Errorf("after the end: %s", s)
	}
	stop(t, tel)
}

// A collector that is away costs a run nothing but a line in the log.
func TestNoCollector(t *testing.T) {
	t.Parallel()
	tel := start(t, map[string]string{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://127.0.0.1:1/v1/traces"})
	var x robot.Tracer
	_, x = tel.Trace(t.Context(), &run.Run{ID: "r", Flow: "f"})
	x.End(&run.Run{ID: "r", Flow: "f", Status: run.Done}, nil)
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
	defer cancel()
	if err := tel.Close(ctx); err != nil && !strings.Contains(err.Error(), "sending the last telemetry") {
		t.Errorf("Close: %v", err)
	}
}
