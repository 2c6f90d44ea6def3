package robot

import (
	"slices"
	"strings"

	"github.com/aether-rpa/aether/node"
)

// environOf is the environment of the programs that a node starts. If the run is
// traced it names the span of the node, as it would a caller: what these programs
// trace is part of the run's trace then.
func (h *host) environOf(info node.RunInfo) []string {
	if h.tracer == nil {
		return h.environ
	}
	parent := h.tracer.Traceparent(info.Path, info.Attempt)
	if parent == "" {
		return h.environ
	}
	// What started this process is not what starts them.
	out := slices.DeleteFunc(slices.Clone(h.environ), func(kv string) bool {
		name, _, _ := strings.Cut(kv, "=")
		return name == "TRACEPARENT" || name == "TRACESTATE"
	})
	return slices.Clip(append(out, "TRACEPARENT="+parent))
}
