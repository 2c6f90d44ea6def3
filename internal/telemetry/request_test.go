package telemetry_test

import (
	"bytes"
	"encoding/hex"
	"testing"
	"time"

	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"

	"github.com/aether-rpa/aether/internal/run"
	"github.com/aether-rpa/aether/internal/telemetry/oteltest"
)

// A request is a span of the caller's trace, and the run that it adds is below it;
// without a caller both have traces of their own, and the run links to the request.
func TestRequestAddsARun(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, caller, above, trace string }{
		{"with a caller", "00-" + callerTrace + "-" + callerSpan + "-01", callerSpan, callerTrace},
		{"without a caller", "", "", ""},
		{"with nonsense", "nonsense", "", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := oteltest.New(t)
			tel := start(t, map[string]string{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": c.URL})
			ctx, own, end := tel.Request(t.Context(), "POST", "/api/v1/runs", tt.caller)
			r := &run.Run{ID: "r", Flow: "f", Status: run.Queued}
			if tt.trace != "" {
				r.Trace = own
			}
			_, added := tel.Added(ctx, "enqueue", r, time.Now())
			added.End(true, nil)
			end(201)
			stop(t, tel)
			req, add := c.One(t, "POST /api/v1/runs"), c.One(t, "enqueue f")
			if got := hex.EncodeToString(req.ParentSpanId); got != tt.above || req.Kind != tracepb.Span_SPAN_KIND_SERVER {
				t.Errorf("the request is %s below %q, want %q", req.Kind, got, tt.above)
			}
			wantAttrs(t, "request", req.Attributes, map[string]any{"http.request.method": "POST", "http.route": "/api/v1/runs", "http.response.status_code": int64(201)})
			if tt.trace != "" {
				if hex.EncodeToString(req.TraceId) != tt.trace || !bytes.Equal(add.ParentSpanId, req.SpanId) || len(add.Links) != 0 {
					t.Errorf("the run is not below the request:\n%s", c)
				}
				return
			}
			if l := add.Links; hex.EncodeToString(add.TraceId) != traceOf("r") || len(l) != 1 || !bytes.Equal(l[0].SpanId, req.SpanId) {
				t.Errorf("the run is in trace %x and links to %v", add.TraceId, l)
			}
		})
	}
}

// What the server could not answer is an error, what it refused is none.
func TestRequestFails(t *testing.T) {
	t.Parallel()
	c := oteltest.New(t)
	tel := start(t, map[string]string{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": c.URL})
	for route, status := range map[string]int{"/broken": 500, "/refused": 404} {
		_, _, end := tel.Request(t.Context(), "GET", route, "")
		end(status)
	}
	stop(t, tel)
	if got := c.One(t, "GET /broken").Status.GetCode(); got != tracepb.Status_STATUS_CODE_ERROR {
		t.Errorf("an answer of 500 has status %s", got)
	}
	if got := c.One(t, "GET /refused").Status.GetCode(); got != tracepb.Status_STATUS_CODE_UNSET {
		t.Errorf("an answer of 404 has status %s", got)
	}
}
