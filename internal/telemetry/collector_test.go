package telemetry_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	colmetrics "go.opentelemetry.io/proto/otlp/collector/metrics/v1"
	coltrace "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	metricspb "go.opentelemetry.io/proto/otlp/metrics/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
)

// collector is an OTLP receiver in this process.
type collector struct {
	coltrace.UnimplementedTraceServiceServer
	url string

	mu       sync.Mutex
	spans    []*tracepb.Span
	metrics  []*metricspb.Metric
	resource map[string]any
	paths    []string
	headers  http.Header
	raw      bytes.Buffer
}

func newCollector(t *testing.T) *collector {
	t.Helper()
	c := &collector{}
	s := httptest.NewServer(c)
	t.Cleanup(s.Close)
	c.url = s.URL
	return c
}

func (c *collector) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var body io.Reader = r.Body
	if r.Header.Get("Content-Encoding") == "gzip" {
		body, _ = gzip.NewReader(r.Body)
	}
	b, err := io.ReadAll(body)
	if err == nil {
		err = c.take(r, b)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
	}
}

func (c *collector) take(r *http.Request, b []byte) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.paths, c.headers = append(c.paths, r.URL.Path), r.Header
	c.raw.Write(b)
	if strings.HasSuffix(r.URL.Path, "metrics") {
		var m colmetrics.ExportMetricsServiceRequest
		if err := proto.Unmarshal(b, &m); err != nil {
			return err
		}
		c.takeMetrics(&m)
		return nil
	}
	var m coltrace.ExportTraceServiceRequest
	if err := proto.Unmarshal(b, &m); err != nil {
		return err
	}
	c.takeSpans(&m)
	return nil
}

func (c *collector) takeSpans(m *coltrace.ExportTraceServiceRequest) {
	for _, rs := range m.ResourceSpans {
		c.resource = attrs(rs.Resource.Attributes)
		for _, ss := range rs.ScopeSpans {
			c.spans = append(c.spans, ss.Spans...)
		}
	}
}

func (c *collector) takeMetrics(m *colmetrics.ExportMetricsServiceRequest) {
	for _, rm := range m.ResourceMetrics {
		for _, sm := range rm.ScopeMetrics {
			c.metrics = append(c.metrics, sm.Metrics...)
		}
	}
}

// Export implements the gRPC service for traces.
func (c *collector) Export(_ context.Context, m *coltrace.ExportTraceServiceRequest) (*coltrace.ExportTraceServiceResponse, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.takeSpans(m)
	return &coltrace.ExportTraceServiceResponse{}, nil
}

// named returns the spans of that name, in order.
func (c *collector) named(name string) []*tracepb.Span {
	var out []*tracepb.Span
	for _, s := range c.spans {
		if s.Name == name {
			out = append(out, s)
		}
	}
	slices.SortFunc(out, func(a, b *tracepb.Span) int { return int(a.StartTimeUnixNano) - int(b.StartTimeUnixNano) })
	return out
}

// one returns the only span of that name.
func (c *collector) one(t *testing.T, name string) *tracepb.Span {
	t.Helper()
	list := c.named(name)
	if len(list) != 1 {
		t.Fatalf("%d spans named %q, want 1; all: %v", len(list), name, c.spans)
	}
	return list[0]
}

func attrs(list []*commonpb.KeyValue) map[string]any {
	out := map[string]any{}
	for _, a := range list {
		switch v := a.Value.Value.(type) {
		case *commonpb.AnyValue_StringValue:
			out[a.Key] = v.StringValue
		case *commonpb.AnyValue_IntValue:
			out[a.Key] = v.IntValue
		case *commonpb.AnyValue_DoubleValue:
			out[a.Key] = v.DoubleValue
		case *commonpb.AnyValue_BoolValue:
			out[a.Key] = v.BoolValue
		}
	}
	return out
}

func wantAttrs(t *testing.T, what string, list []*commonpb.KeyValue, want map[string]any) {
	t.Helper()
	got := attrs(list)
	for k, w := range want {
		if got[k] != w {
			t.Errorf("%s: %s = %v, want %v", what, k, got[k], w)
		}
	}
}

// points returns the values of a metric by its attributes, written k=v: sums of
// counters, and counts and sums of histograms.
func (c *collector) points(name string) map[string]string {
	out := map[string]string{}
	key := func(list []*commonpb.KeyValue) string {
		var parts []string
		for k, v := range attrs(list) {
			parts = append(parts, fmt.Sprintf("%s=%v", k, v))
		}
		slices.Sort(parts)
		return strings.Join(parts, " ")
	}
	for _, m := range c.metrics {
		if m.Name != name {
			continue
		}
		for _, p := range m.GetSum().GetDataPoints() {
			out[key(p.Attributes)] = fmt.Sprint(p.GetAsInt())
		}
		for _, p := range m.GetHistogram().GetDataPoints() {
			out[key(p.Attributes)] = fmt.Sprintf("%d %.3g", p.GetCount(), p.GetSum())
		}
	}
	return out
}

// grpcMetrics is the gRPC service for metrics of a collector.
type grpcMetrics struct {
	colmetrics.UnimplementedMetricsServiceServer
	c *collector
}

func (g grpcMetrics) Export(_ context.Context, m *colmetrics.ExportMetricsServiceRequest) (*colmetrics.ExportMetricsServiceResponse, error) {
	g.c.mu.Lock()
	defer g.c.mu.Unlock()
	g.c.takeMetrics(m)
	return &colmetrics.ExportMetricsServiceResponse{}, nil
}
