package telemetry

import (
	"context"
	"io"

	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetricgrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetrichttp"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/exporters/stdout/stdoutmetric"
	"go.opentelemetry.io/otel/exporters/stdout/stdouttrace"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

// Exporters take certificates (OTEL_EXPORTER_OTLP_CERTIFICATE and the like)
// from the process environment by themselves; all else they are told.

func traceExporters(ctx context.Context, s *signal, w io.Writer) ([]sdktrace.SpanExporter, error) {
	var out []sdktrace.SpanExporter
	for _, kind := range s.exporters {
		e, err := traceExporter(ctx, kind, s, w)
		if err != nil {
			return nil, err
		}
		out = append(out, e)
	}
	return out, nil
}

func traceExporter(ctx context.Context, kind string, s *signal, w io.Writer) (sdktrace.SpanExporter, error) {
	switch {
	case kind == console:
		return stdouttrace.New(stdouttrace.WithWriter(consoleOr(w)))
	case s.protocol == protoGRPC:
		o := []otlptracegrpc.Option{otlptracegrpc.WithEndpointURL(s.endpoint), otlptracegrpc.WithHeaders(s.headers)}
		if s.timeout > 0 {
			o = append(o, otlptracegrpc.WithTimeout(s.timeout))
		}
		if s.gzip {
			o = append(o, otlptracegrpc.WithCompressor("gzip"))
		}
		return otlptracegrpc.New(ctx, o...)
	}
	o := []otlptracehttp.Option{otlptracehttp.WithEndpointURL(s.endpoint), otlptracehttp.WithHeaders(s.headers)}
	if s.timeout > 0 {
		o = append(o, otlptracehttp.WithTimeout(s.timeout))
	}
	if s.gzip {
		o = append(o, otlptracehttp.WithCompression(otlptracehttp.GzipCompression))
	}
	return otlptracehttp.New(ctx, o...)
}

func metricExporters(ctx context.Context, s *signal, w io.Writer) ([]sdkmetric.Exporter, error) {
	var out []sdkmetric.Exporter
	for _, kind := range s.exporters {
		e, err := metricExporter(ctx, kind, s, w)
		if err != nil {
			return nil, err
		}
		out = append(out, e)
	}
	return out, nil
}

func metricExporter(ctx context.Context, kind string, s *signal, w io.Writer) (sdkmetric.Exporter, error) {
	switch {
	case kind == console:
		return stdoutmetric.New(stdoutmetric.WithWriter(consoleOr(w)))
	case s.protocol == protoGRPC:
		o := []otlpmetricgrpc.Option{otlpmetricgrpc.WithEndpointURL(s.endpoint), otlpmetricgrpc.WithHeaders(s.headers)}
		if s.timeout > 0 {
			o = append(o, otlpmetricgrpc.WithTimeout(s.timeout))
		}
		if s.gzip {
			o = append(o, otlpmetricgrpc.WithCompressor("gzip"))
		}
		return otlpmetricgrpc.New(ctx, o...)
	}
	o := []otlpmetrichttp.Option{otlpmetrichttp.WithEndpointURL(s.endpoint), otlpmetrichttp.WithHeaders(s.headers)}
	if s.timeout > 0 {
		o = append(o, otlpmetrichttp.WithTimeout(s.timeout))
	}
	if s.gzip {
		o = append(o, otlpmetrichttp.WithCompression(otlpmetrichttp.GzipCompression))
	}
	return otlpmetrichttp.New(ctx, o...)
}

func consoleOr(w io.Writer) io.Writer {
	if w != nil {
		return w
	}
	return io.Discard
}
