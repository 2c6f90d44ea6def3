package telemetry_test

import (
	"testing"

	commonpb "go.opentelemetry.io/proto/otlp/common/v1"

	"github.com/aether-rpa/aether/internal/telemetry/oteltest"
)

func wantAttrs(t *testing.T, what string, list []*commonpb.KeyValue, want map[string]any) {
	t.Helper()
	got := oteltest.Attrs(list)
	for k, w := range want {
		if got[k] != w {
			t.Errorf("%s: %s = %v, want %v", what, k, got[k], w)
		}
	}
}
