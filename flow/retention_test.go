package flow_test

import (
	"strings"
	"testing"
	"time"

	"github.com/aether-rpa/aether/flow"
)

// A retention of zero is one, and another than none at all.
func TestRetention(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]time.Duration{"30d": 30 * 24 * time.Hour, "0": 0, "0s": 0, "90": 90 * time.Second} {
		f, err := flow.Decode([]byte("aether: 1\nname: x\nsettings: {retention: " + text + "}\nnodes: [{id: a, type: flow.comment}]\n"))
		if err != nil {
			t.Fatal(err)
		}
		if f.Settings.Retention == nil || *f.Settings.Retention != want {
			t.Errorf("%s: %v", text, f.Settings.Retention)
		}
		body, err := f.JSON()
		if err != nil {
			t.Fatal(err)
		}
		again, err := flow.Decode(body)
		if err != nil || again.Digest() != f.Digest() || again.Settings.Retention == nil || *again.Settings.Retention != want {
			t.Errorf("%s is written %s: %v", text, body, err)
		}
	}
	f, err := flow.Decode([]byte("aether: 1\nname: x\nnodes: [{id: a, type: flow.comment}]\n"))
	if err != nil || f.Settings.Retention != nil {
		t.Errorf("without: %v, %v", f.Settings.Retention, err)
	}
	if _, err := flow.Decode([]byte("aether: 1\nname: x\nsettings: {retention: soon}\nnodes: [{id: a, type: flow.comment}]\n")); err == nil || !strings.Contains(err.Error(), `"soon" is not a duration`) {
		t.Errorf("%v", err)
	}
}
