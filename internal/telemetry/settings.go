package telemetry

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.opentelemetry.io/otel/attribute"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
)

// Values of the variables.
const (
	otlp    = "otlp"
	console = "console"
	none    = "none"

	protoHTTP = "http/protobuf"
	protoGRPC = "grpc"
)

// settings are what the OTEL_* variables say. The SDK reads many of them too,
// but from the process environment only, and it passes over wrong values; those
// that people set are read here, so that .env counts and mistakes are told.
type settings struct {
	traces, metrics signal
	sampler         sdktrace.Sampler // nil: the SDK's default
	resource        []attribute.KeyValue
	traceparent     string
}

// signal says where one kind of telemetry goes.
type signal struct {
	exporters []string // otlp, console
	protocol  string
	endpoint  string // complete URL
	headers   map[string]string
	timeout   time.Duration // 0: the SDK's default
	gzip      bool
}

func (s *signal) on() bool { return len(s.exporters) > 0 }

// lookup finds a variable; one that is empty counts as unset, as the
// specification says.
type lookup func(string) (string, bool)

func (l lookup) get(name string) string {
	if l == nil {
		return ""
	}
	v, _ := l(name)
	return strings.TrimSpace(v)
}

// first returns the first of the variables that is set, and its name.
func (l lookup) first(names ...string) (name, v string) {
	for _, name := range names {
		if v := l.get(name); v != "" {
			return name, v
		}
	}
	return "", ""
}

// wrong is the error for a variable with a value that cannot be.
func wrong(name, problem, want string) error {
	return fmt.Errorf("the variable %s is wrong: %s; %s", name, problem, want)
}

func readSettings(env lookup) (*settings, error) {
	s := &settings{traceparent: env.get("TRACEPARENT")}
	switch v := strings.ToLower(env.get("OTEL_SDK_DISABLED")); v {
	case "true":
		return s, nil
	case "", "false":
	default:
		return nil, wrong("OTEL_SDK_DISABLED", strconv.Quote(v)+" is neither true nor false", "set it to true to turn telemetry off")
	}
	if err := env.readSignal("TRACES", &s.traces); err != nil {
		return nil, err
	}
	if err := env.readSignal("METRICS", &s.metrics); err != nil {
		return nil, err
	}
	if !s.traces.on() && !s.metrics.on() {
		return s, nil
	}
	var err error
	if s.sampler, err = env.readSampler(); err != nil {
		return nil, err
	}
	if s.resource, err = env.readResource(); err != nil {
		return nil, err
	}
	return s, env.checkNumbers()
}

// readSignal reads the variables of TRACES or METRICS.
func (l lookup) readSignal(name string, s *signal) error {
	special, general := "OTEL_EXPORTER_OTLP_"+name+"_", "OTEL_EXPORTER_OTLP_"
	at, endpoint := l.first(special+"ENDPOINT", general+"ENDPOINT")
	exporter := "OTEL_" + name + "_EXPORTER"
	list := l.get(exporter)
	if list == "" && endpoint != "" {
		list = otlp
	}
	for e := range strings.SplitSeq(list, ",") {
		switch e = strings.TrimSpace(e); e {
		case otlp, console:
			if !slices.Contains(s.exporters, e) {
				s.exporters = append(s.exporters, e)
			}
		case "", none:
		default:
			return wrong(exporter, "there is no exporter "+strconv.Quote(e), "use otlp, console or none")
		}
	}
	if !slices.Contains(s.exporters, otlp) {
		return nil
	}
	s.protocol = protoHTTP
	if n, v := l.first(special+"PROTOCOL", general+"PROTOCOL"); v != "" {
		if v != protoHTTP && v != protoGRPC {
			return wrong(n, "there is no protocol "+strconv.Quote(v), "use http/protobuf or grpc")
		}
		s.protocol = v
	}
	if endpoint == "" {
		at, endpoint = general+"ENDPOINT", "http://localhost:4318"
		if s.protocol == protoGRPC {
			endpoint = "http://localhost:4317"
		}
	}
	u, err := url.Parse(endpoint)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		// The value is not repeated: it may hold a password.
		return wrong(at, "it is not the URL of a collector", "write it as http://localhost:4318 (4317 for grpc), or with https")
	}
	if at == general+"ENDPOINT" && s.protocol == protoHTTP {
		// A general endpoint is a base; a special one is used as it is.
		u = u.JoinPath("v1", strings.ToLower(name))
	}
	if u.Path == "" {
		u.Path = "/"
	}
	s.endpoint = u.String()
	switch n, v := l.first(special+"COMPRESSION", general+"COMPRESSION"); v {
	case "", none:
	case "gzip":
		s.gzip = true
	default:
		return wrong(n, "there is no compression "+strconv.Quote(v), "use gzip or none")
	}
	if n, v := l.first(special+"TIMEOUT", general+"TIMEOUT"); v != "" {
		ms, err := strconv.Atoi(v)
		if err != nil || ms < 1 {
			return wrong(n, strconv.Quote(v)+" is not a number above 0", "write milliseconds, for instance 10000")
		}
		s.timeout = time.Duration(ms) * time.Millisecond
	}
	s.headers = map[string]string{}
	for _, n := range []string{general + "HEADERS", special + "HEADERS"} {
		err := pairs(l.get(n), func(k, v string) { s.headers[k] = v })
		if err != nil {
			return wrong(n, err.Error(), "write name=value,name=value, with special characters of a value percent-encoded")
		}
	}
	return nil
}

// pairs reads a=b,c=d with percent-encoded values. Its errors do not repeat the
// text, which may be secret.
func pairs(text string, add func(k, v string)) error {
	if text == "" {
		return nil
	}
	for i, p := range strings.Split(text, ",") {
		if p = strings.TrimSpace(p); p == "" {
			continue
		}
		k, v, ok := strings.Cut(p, "=")
		if k = strings.TrimSpace(k); !ok || k == "" || strings.ContainsAny(k, " \t\r\n:\"") {
			return fmt.Errorf("part %d is not name=value", i+1)
		}
		v, err := url.PathUnescape(strings.TrimSpace(v))
		if err != nil || strings.ContainsAny(v, "\r\n\x00") {
			return fmt.Errorf("the value of %s is wrongly percent-encoded", k)
		}
		add(k, v)
	}
	return nil
}

func (l lookup) readResource() ([]attribute.KeyValue, error) {
	const name = "OTEL_RESOURCE_ATTRIBUTES"
	var attrs []attribute.KeyValue
	if err := pairs(l.get(name), func(k, v string) { attrs = append(attrs, attribute.String(k, clean(v))) }); err != nil {
		return nil, wrong(name, err.Error(), "write name=value,name=value, for instance deployment.environment.name=production")
	}
	if v := l.get("OTEL_SERVICE_NAME"); v != "" {
		attrs = append(attrs, semconv.ServiceName(clean(v)))
	}
	return attrs, nil
}

func (l lookup) readSampler() (sdktrace.Sampler, error) {
	const name, argName = "OTEL_TRACES_SAMPLER", "OTEL_TRACES_SAMPLER_ARG"
	kind := strings.ToLower(l.get(name))
	kind, parented := strings.CutPrefix(kind, "parentbased_")
	var s sdktrace.Sampler
	switch kind {
	case "":
		if !parented {
			return nil, nil
		}
	case "always_on":
		s = sdktrace.AlwaysSample()
	case "always_off":
		s = sdktrace.NeverSample()
	case "traceidratio":
		ratio := 1.0
		if v := l.get(argName); v != "" {
			var err error
			if ratio, err = strconv.ParseFloat(v, 64); err != nil || !(ratio >= 0 && ratio <= 1) {
				return nil, wrong(argName, strconv.Quote(v)+" is not a number from 0 to 1", "0.1 keeps the traces of one run in ten")
			}
		}
		s = sdktrace.TraceIDRatioBased(ratio)
	}
	if s == nil {
		return nil, wrong(name, "there is no sampler "+strconv.Quote(l.get(name)), "use always_on, always_off or traceidratio, also with parentbased_ before it")
	}
	if parented {
		s = sdktrace.ParentBased(s)
	}
	return s, nil
}

// numbers are variables that the SDK reads from the process environment. It
// would pass over a wrong one.
var numbers = []string{
	"OTEL_BSP_SCHEDULE_DELAY", "OTEL_BSP_EXPORT_TIMEOUT", "OTEL_BSP_MAX_QUEUE_SIZE", "OTEL_BSP_MAX_EXPORT_BATCH_SIZE",
	"OTEL_METRIC_EXPORT_INTERVAL", "OTEL_METRIC_EXPORT_TIMEOUT",
	"OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT", "OTEL_ATTRIBUTE_COUNT_LIMIT",
	"OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT", "OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", "OTEL_SPAN_EVENT_COUNT_LIMIT", "OTEL_SPAN_LINK_COUNT_LIMIT",
}

func (l lookup) checkNumbers() error {
	for _, n := range numbers {
		v := l.get(n)
		if v == "" {
			continue
		}
		if _, err := strconv.ParseUint(v, 10, 31); err != nil {
			return wrong(n, strconv.Quote(v)+" is not a whole number", "leave it unset for the usual value")
		}
	}
	return nil
}
