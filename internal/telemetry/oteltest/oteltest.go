// Package oteltest is a receiver of OpenTelemetry in the process of a test: it
// keeps the spans and metrics that programs send to it over OTLP.
package oteltest

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/hex"
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
	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"
)

// Collector keeps what is sent to it. It is safe for concurrent use.
type Collector struct {
	// URL is where it listens, for http/protobuf.
	URL string

	mu       sync.Mutex
	spans    []*tracepb.Span
	senders  map[*tracepb.Span]string
	metrics  []*metricspb.Metric
	resource map[string]any
	paths    []string
	header   http.Header
	raw      bytes.Buffer
}

// New returns a collector that listens until the test ends.
func New(t testing.TB) *Collector {
	t.Helper()
	c := &Collector{}
	s := httptest.NewServer(c)
	t.Cleanup(s.Close)
	c.URL = s.URL
	return c
}

// Register makes it answer over gRPC as well.
func (c *Collector) Register(s *grpc.Server) {
	coltrace.RegisterTraceServiceServer(s, grpcTraces{c: c})
	colmetrics.RegisterMetricsServiceServer(s, grpcMetrics{c: c})
}

// ServeHTTP implements http.Handler.
func (c *Collector) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.Reader(r.Body), error(nil)
	if r.Header.Get("Content-Encoding") == "gzip" {
		body, err = gzip.NewReader(r.Body)
	}
	var b []byte
	if err == nil {
		b, err = io.ReadAll(body)
	}
	if err == nil {
		err = c.take(r, b)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
	}
}

func (c *Collector) take(r *http.Request, b []byte) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.paths, c.header = append(c.paths, r.URL.Path), r.Header
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

func (c *Collector) takeSpans(m *coltrace.ExportTraceServiceRequest) {
	for _, rs := range m.ResourceSpans {
		c.resource = Attrs(rs.Resource.Attributes)
		for _, ss := range rs.ScopeSpans {
			c.spans = append(c.spans, ss.Spans...)
			for _, s := range ss.Spans {
				if c.senders == nil {
					c.senders = map[*tracepb.Span]string{}
				}
				c.senders[s], _ = c.resource["service.instance.id"].(string)
			}
		}
	}
}

func (c *Collector) takeMetrics(m *colmetrics.ExportMetricsServiceRequest) {
	for _, rm := range m.ResourceMetrics {
		for _, sm := range rm.ScopeMetrics {
			c.metrics = append(c.metrics, sm.Metrics...)
		}
	}
}

// Spans returns all spans so far, in the order in which they began.
func (c *Collector) Spans() []*tracepb.Span {
	c.mu.Lock()
	defer c.mu.Unlock()
	out := slices.Clone(c.spans)
	slices.SortStableFunc(out, func(a, b *tracepb.Span) int { return int(int64(a.StartTimeUnixNano) - int64(b.StartTimeUnixNano)) }) //nolint:gosec // times of now
	return out
}

// Named returns the spans of a name, in order.
func (c *Collector) Named(name string) []*tracepb.Span {
	return slices.DeleteFunc(c.Spans(), func(s *tracepb.Span) bool { return s.Name != name })
}

// One returns the only span of a name.
func (c *Collector) One(t testing.TB, name string) *tracepb.Span {
	t.Helper()
	list := c.Named(name)
	if len(list) != 1 {
		t.Fatalf("%d spans named %q, want 1; all:\n%s", len(list), name, c)
	}
	return list[0]
}

// Sender returns the id of the process that sent a span.
func (c *Collector) Sender(s *tracepb.Span) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.senders[s]
}

// Chain returns the spans from the topmost to s, each below the one before it, and
// the id of what the topmost is below, empty if it is a root.
func (c *Collector) Chain(s *tracepb.Span) (spans []*tracepb.Span, above string) {
	byID := map[string]*tracepb.Span{}
	for _, x := range c.Spans() {
		byID[string(x.TraceId)+string(x.SpanId)] = x
	}
	for ; ; s = byID[string(s.TraceId)+string(s.ParentSpanId)] {
		spans = append([]*tracepb.Span{s}, spans...)
		if byID[string(s.TraceId)+string(s.ParentSpanId)] == nil {
			return spans, hex.EncodeToString(s.ParentSpanId)
		}
	}
}

// String lists the spans, a line each.
func (c *Collector) String() string {
	var b strings.Builder
	for _, s := range c.Spans() {
		fmt.Fprintf(&b, "%s %s below %s: %s\n", hex.EncodeToString(s.TraceId), hex.EncodeToString(s.SpanId), hex.EncodeToString(s.ParentSpanId), s.Name)
	}
	return b.String()
}

// Resource returns the attributes of who sent last.
func (c *Collector) Resource() map[string]any {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.resource
}

// Requests returns the paths that were asked for, and the headers of the last
// request.
func (c *Collector) Requests() ([]string, http.Header) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.paths), c.header
}

// Holds reports whether a text is in what was sent over HTTP.
func (c *Collector) Holds(text string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return bytes.Contains(c.raw.Bytes(), []byte(text))
}

// Points returns the values of a metric by its attributes, written k=v, as they
// were sent last: sums and gauges, and counts and sums of histograms.
func (c *Collector) Points(name string) map[string]string {
	c.mu.Lock()
	defer c.mu.Unlock()
	out := map[string]string{}
	for _, m := range c.metrics {
		if m.Name != name {
			continue
		}
		for _, p := range append(m.GetSum().GetDataPoints(), m.GetGauge().GetDataPoints()...) {
			v := fmt.Sprint(p.GetAsInt())
			if _, ok := p.Value.(*metricspb.NumberDataPoint_AsDouble); ok {
				v = fmt.Sprintf("%.3g", p.GetAsDouble())
			}
			out[key(p.Attributes)] = v
		}
		for _, p := range m.GetHistogram().GetDataPoints() {
			out[key(p.Attributes)] = fmt.Sprintf("%d %.3g", p.GetCount(), p.GetSum())
		}
	}
	return out
}

func key(list []*commonpb.KeyValue) string {
	var parts []string
	for k, v := range Attrs(list) {
		parts = append(parts, fmt.Sprintf("%s=%v", k, v))
	}
	slices.Sort(parts)
	return strings.Join(parts, " ")
}

// Attrs returns attributes by their names.
func Attrs(list []*commonpb.KeyValue) map[string]any {
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

// grpcTraces and grpcMetrics are the gRPC services of a collector.
type grpcTraces struct {
	coltrace.UnimplementedTraceServiceServer
	c *Collector
}

// Export implements the service.
func (g grpcTraces) Export(_ context.Context, m *coltrace.ExportTraceServiceRequest) (*coltrace.ExportTraceServiceResponse, error) {
	g.c.mu.Lock()
	defer g.c.mu.Unlock()
	g.c.takeSpans(m)
	return &coltrace.ExportTraceServiceResponse{}, nil
}

type grpcMetrics struct {
	colmetrics.UnimplementedMetricsServiceServer
	c *Collector
}

// Export implements the service.
func (g grpcMetrics) Export(_ context.Context, m *colmetrics.ExportMetricsServiceRequest) (*colmetrics.ExportMetricsServiceResponse, error) {
	g.c.mu.Lock()
	defer g.c.mu.Unlock()
	g.c.takeMetrics(m)
	return &colmetrics.ExportMetricsServiceResponse{}, nil
}
