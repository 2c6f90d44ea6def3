package conformance

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"

	"github.com/aether-rpa/aether/internal/telemetry/oteltest"
)

const (
	callerTrace = "0af7651916cd43dd8448eb211c80319c"
	callerSpan  = "b7ad6b7169203331"
	traceparent = "00-" + callerTrace + "-" + callerSpan + "-01"
)

// traced makes programs of this home send their traces to a collector.
func (h *home) traced(c *oteltest.Collector) {
	h.env = append(h.env, "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT="+c.URL+"/v1/traces", "OTEL_BSP_SCHEDULE_DELAY=100")
}

// startTraced starts a run over HTTP, with the trace of who asks.
func (s *served) startTraced(body map[string]any) (run string) {
	s.t.Helper()
	b, err := json.Marshal(body)
	if err != nil {
		s.t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(s.t.Context(), http.MethodPost, s.url+"/api/v1/runs", bytes.NewReader(b))
	if err != nil {
		s.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+s.token)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("traceparent", traceparent)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer res.Body.Close()
	var out struct{ Run string }
	if err := json.NewDecoder(res.Body).Decode(&out); err != nil || res.StatusCode != 201 {
		s.t.Fatalf("starting a run: %s %v", res.Status, err)
	}
	return out.Run
}

// traceIDOf returns the trace that is made from a run's id.
func traceIDOf(run string) string {
	d := sha256.Sum256([]byte(run))
	return hex.EncodeToString(d[:16])
}

// spanOf waits for the span of a name that tells of a run.
func spanOf(t *testing.T, c *oteltest.Collector, name, run string) *tracepb.Span {
	t.Helper()
	var got *tracepb.Span
	eventually(t, "the span "+name+" of run "+run+" is sent", 30*time.Second, func() bool {
		for _, s := range c.Named(name) {
			if oteltest.Attrs(s.Attributes)["aether.run.id"] == run {
				got = s
			}
		}
		return got != nil
	})
	return got
}

// wantChain looks at the spans from who added a run to a node of it: the first is
// of another process than the others. It returns how many seconds the job waited.
func wantChain(t *testing.T, c *oteltest.Collector, run, trace, above string) (waited float64) {
	t.Helper()
	return wantChainBelow(t, c, run, trace, above, "")
}

// wantChainBelow is wantChain below the span of a request, if it names one.
func wantChainBelow(t *testing.T, c *oteltest.Collector, run, trace, above, request string) (waited float64) {
	t.Helper()
	spanOf(t, c, "run test", run) // ends after its nodes
	spanOf(t, c, "enqueue test", run)
	node := spanOf(t, c, "http.request post", run)
	if request != "" {
		eventually(t, "the span of the request is sent", 30*time.Second, func() bool { return len(c.Named(request)) > 0 })
	}
	spans, over := c.Chain(node)
	if request != "" && len(spans) > 1 {
		if spans[0].Name != request || c.Sender(spans[0]) != c.Sender(spans[1]) {
			t.Errorf("the top span is %s, want %s of the process that added the run", spans[0].Name, request)
		}
		spans = spans[1:]
	}
	var names []string
	for i, s := range spans {
		names = append(names, s.Name)
		if got := hex.EncodeToString(s.TraceId); got != trace {
			t.Errorf("%s of run %s is in trace %s, want %s", s.Name, run, got, trace)
		}
		if i > 0 && c.Sender(s) == c.Sender(spans[0]) {
			t.Errorf("%s was sent by the process that added the run", s.Name)
		}
		if i > 1 && c.Sender(s) != c.Sender(spans[1]) {
			t.Errorf("%s and %s were sent by two processes", s.Name, spans[1].Name)
		}
	}
	if got := strings.Join(names, ", "); got != "enqueue test, claim test, run test, http.request post" || over != above {
		t.Fatalf("run %s is %s below %q, want it below %q\n%s", run, got, over, above, c)
	}
	waited, ok := oteltest.Attrs(spans[1].Attributes)["aether.job.waited"].(float64)
	if !ok || waited < 0 || waited > 3600 {
		t.Errorf("the job waited %v s", waited)
	}
	return waited
}

// A run is one trace: from the request, over the orchestrator that adds it, to
// the nodes that a robot executes in another process, with a database or without.
func TestOneTraceAcrossProcesses(t *testing.T) {
	fleets(t, func(t *testing.T, h *home) {
		l, c := newLedger(t), oteltest.New(t)
		h.traced(c)
		h.flow("nodes:\n- {id: post, type: http.request, params: {method: POST, url: '" + l.URL + "/x'}}\n")
		h.want(0, "flow", "push", "flow.yaml")
		s := h.serve("serve")
		d := h.desk(t, "desk", s.url)
		d.traced(c)
		kinds := []string{"!remote", "remote"}
		waiting := map[string]string{}
		for _, needs := range kinds {
			waiting[needs] = s.startTraced(map[string]any{"flow": "test", "job": map[string]any{"needs": needs}})
		}
		h.robot("shared")
		d.up()
		for _, needs := range kinds {
			run := waiting[needs]
			h.settled(run, "done")
			if w := wantChainBelow(t, c, run, callerTrace, callerSpan, "POST /api/v1/runs"); w <= 0 {
				t.Errorf("the job waited %v s for a robot that was not there", w)
			}
			// Nobody calls: the trace is made from the run's id.
			run, _ = h.add("--needs", needs)
			h.settled(run, "done")
			wantChain(t, c, run, traceIDOf(run), "")
		}
		h.env = append(h.env, "TRACEPARENT="+traceparent)
		run, _ := h.add()
		h.settled(run, "done")
		wantChain(t, c, run, callerTrace, callerSpan)
		if got := h.show(run).Trace; !strings.HasPrefix(got, "00-"+callerTrace+"-") {
			t.Errorf("the run says that its trace is %q", got)
		}
	})
}

// Programs that a flow starts are told the span of their node, and not what started
// Aether.
func TestTraceparentOfPrograms(t *testing.T) {
	h, c := newHome(t), oteltest.New(t)
	h.traced(c)
	h.env = append(h.env, "TRACEPARENT="+traceparent, "TRACESTATE=a=b")
	h.flow("nodes:\n- {id: say, type: sys.run, params: {program: sh, args: [-c, 'echo $TRACEPARENT$TRACESTATE']}}\noutputs: {said: '{{ nodes.say.stdout }}'}\n")
	out := h.want(0, "run", "flow.yaml", "--json").out
	s := c.One(t, "sys.run say")
	if want := "00-" + callerTrace + "-" + hex.EncodeToString(s.SpanId) + "-01"; !strings.Contains(out, want) {
		t.Errorf("the program is told otherwise than %s:\n%s", want, out)
	}
}

// What fails and is requeued is a trace of its own, which links to the run that
// failed; the run of a robot that was killed goes on in the same trace.
func TestTraceGoesOn(t *testing.T) {
	fleets(t, func(t *testing.T, h *home) {
		l, c := newLedger(t), oteltest.New(t)
		h.traced(c)
		h.flow("nodes:\n- {id: gate, type: file.read_text, params: {path: go.txt}}\n- {id: post, type: http.request, params: {url: '" + l.URL + "/x'}}\nedges: [gate -> post]\n")
		h.env = append(h.env, "TRACEPARENT="+traceparent)
		failed, job := h.add()
		h.env = h.env[:len(h.env)-1]
		first := h.robot("first")
		h.settled(failed, "failed")
		old := spanOf(t, c, "run test", failed)
		h.write("go.txt", "go")
		l.holding("x")
		eventually(t, "the job is a dead letter", 30*time.Second, func() bool { j := h.jobs(); return len(j) == 1 && j[0].State == "dead" })
		run := decode[[]struct{ Run string }](t, h.want(0, "queue", "requeue", fmt.Sprint(job), "--json").out)[0].Run
		for _, name := range []string{"enqueue test", "claim test"} {
			s := spanOf(t, c, name, run)
			if hex.EncodeToString(s.TraceId) != traceIDOf(run) {
				t.Errorf("%s of the retry is in trace %x", name, s.TraceId)
			}
			if name == "enqueue test" && (len(s.Links) != 1 || !bytes.Equal(s.Links[0].TraceId, old.TraceId) || !bytes.Equal(s.Links[0].SpanId, old.SpanId)) {
				t.Errorf("the retry links to %v, want the run that failed, in the trace of its caller", s.Links)
			}
		}
		arrives(l, "x", 1)
		first.kill()
		l.release()
		h.robot("second")
		h.settled(run, "done")
		wantChain(t, c, run, traceIDOf(run), "")
		if n := len(c.Named("claim test")); n != 3 {
			t.Errorf("%d claims, want one for each robot that had a run\n%s", n, c)
		}
	})
}

// metrics reads /metrics as Prometheus does; of histograms the counts.
func (s *served) metrics() map[string]float64 {
	s.t.Helper()
	req, err := http.NewRequestWithContext(s.t.Context(), http.MethodGet, s.url+"/metrics", nil)
	if err != nil {
		s.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+s.token)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer res.Body.Close()
	parser := expfmt.NewTextParser(model.LegacyValidation)
	got, err := parser.TextToMetricFamilies(res.Body)
	if err != nil || res.StatusCode != 200 {
		s.t.Fatalf("reading the metrics: %s %v", res.Status, err)
	}
	out := map[string]float64{}
	for name, f := range got {
		for _, m := range f.Metric {
			for _, l := range m.Label {
				name = f.GetName() + " " + l.GetValue()
			}
			switch f.GetType() {
			case dto.MetricType_GAUGE:
				out[name] = m.Gauge.GetValue()
			case dto.MetricType_COUNTER:
				out[name] = m.Counter.GetValue()
			case dto.MetricType_HISTOGRAM:
				out[name] = float64(m.Histogram.GetSampleCount())
			}
		}
	}
	return out
}

// What robots of both kinds do is in the counts of one of two orchestrators,
// once, also when one of these stops in between.
func TestMetricsOfAFleet(t *testing.T) {
	fleets(t, func(t *testing.T, h *home) {
		l := newLedger(t)
		token := strings.TrimSpace(h.want(0, "server", "token", "create", "prometheus", "--role", "viewer").out)
		one, two := h.serve("serve"), h.serve("serve")
		one.token, two.token = token, token
		gone := map[string]float64{} // of orchestrators that have stopped
		counts := func(name string, want float64) {
			t.Helper()
			got := 0.0
			defer func() {
				if t.Failed() {
					t.Logf("%s is %v, want %v\none: %v\ntwo: %v", name, got, want, one.metrics(), two.metrics())
				}
			}()
			eventually(t, fmt.Sprintf("%s is %v", name, want), 60*time.Second, func() bool {
				got = gone[name] + one.metrics()[name] + two.metrics()[name]
				return got == want
			})
		}
		h.flow("nodes:\n- {id: post, type: http.request, params: {method: POST, url: '" + l.URL + "/x'}}\n")
		h.robot("shared")
		d := h.desk(t, "desk", one.url)
		d.up()
		run, _ := h.add("--needs", "!remote")
		h.settled(run, "done")
		run, _ = h.add("--needs", "remote")
		h.settled(run, "done")
		counts("aether_queue_claim_latency_seconds", 2)
		counts("aether_run_duration_seconds done", 2)
		if m := two.metrics(); m["aether_robots online"] != 2 || m["aether_robot_slots"] != 2 {
			t.Errorf("robots: %v", m)
		}
		h.flow("nodes:\n- {id: gate, type: file.read_text, params: {path: none.txt}}\n")
		for _, needs := range []string{"!remote", "remote"} {
			run, _ = h.add("--needs", needs)
			h.settled(run, "failed")
		}
		counts("aether_queue_dead_letters_total failed", 2)
		counts("aether_run_duration_seconds failed", 2)
		// A robot is killed, and its lease ends early, since it was on this machine.
		l.holding("gate")
		h.flow("nodes:\n- {id: ask, type: http.request, params: {url: '" + l.URL + "/gate'}}\n")
		run, _ = h.add("--needs", "victim")
		victim := h.robot("victim", "--label", "victim")
		arrives(l, "gate", 1)
		counts("aether_queue_claim_latency_seconds", 5)
		victim.kill()
		counts("aether_queue_lease_expiries_total", 1)
		counts("aether_queue_retries_total expired", 1)
		l.release()
		for k, v := range one.metrics() {
			if !strings.HasPrefix(k, "aether_robot") && !strings.HasPrefix(k, "aether_queue_jobs") && k != "aether_queue_oldest_ready_seconds" {
				gone[k] = v
			}
		}
		// What the remote robot does now, nobody asks that one for.
		last, _ := h.add("--needs", "remote")
		h.settled(last, "done")
		one.signal(syscall.SIGTERM)
		one.wait(30 * time.Second)
		one = h.serve("serve")
		one.token = token
		heir := h.robot("heir", "--label", "victim")
		h.settled(run, "done")
		heir.signal(syscall.SIGTERM)
		heir.wait(30 * time.Second)
		// A robot that ends tells at once what it has counted.
		if got := gone["aether_run_duration_seconds done"] + one.metrics()["aether_run_duration_seconds done"] + two.metrics()["aether_run_duration_seconds done"]; got != 4 {
			t.Errorf("%v runs are counted, want 4", got)
		}
		counts("aether_queue_claim_latency_seconds", 7)
		counts("aether_queue_lease_expiries_total", 1)
		counts("aether_queue_dead_letters_total failed", 2)
		if m := one.metrics(); m["aether_queue_jobs dead"] != 2 || m["aether_queue_jobs ready"] != 0 {
			t.Errorf("jobs: %v", m)
		}
	})
}
