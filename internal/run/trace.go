package run

import (
	"context"
	"regexp"
	"strings"
)

// traceRE is a W3C traceparent: version, trace, span and flags. Later versions
// may add parts behind those of this one.
var traceRE = regexp.MustCompile(`^([0-9a-f]{2})-([0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2})(-.*)?$`)

// CleanTrace returns a W3C traceparent as a run keeps it, and nothing for what is
// none: who sends a wrong one is still to be served.
func CleanTrace(v string) string {
	m := traceRE.FindStringSubmatch(strings.TrimSpace(v))
	if m == nil || m[1] == "ff" || m[1] == "00" && m[3] != "" ||
		strings.HasPrefix(m[2], strings.Repeat("0", 32)) || m[2][33:49] == strings.Repeat("0", 16) {
		return ""
	}
	return "00-" + m[2]
}

type traceKey struct{}

// WithCaller returns a context that names the span of who asks for runs, as a
// W3C traceparent: the runs that are started with it become part of that trace.
// A wrong or empty one takes away what ctx says.
func WithCaller(ctx context.Context, traceparent string) context.Context {
	return context.WithValue(ctx, traceKey{}, CleanTrace(traceparent))
}

// Caller returns the traceparent that WithCaller set; empty if there is none.
func Caller(ctx context.Context) string {
	v, _ := ctx.Value(traceKey{}).(string)
	return v
}
