package conformance

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// Old runs go by the settings and by what their flow says, with a command and
// with a server; what has not ended stays.
func TestRetention(t *testing.T) {
	fleets(t, func(t *testing.T, h *home) {
		const body = "nodes:\n- {id: a, type: flow.comment}\n"
		fails := "nodes:\n- {id: f, type: flow.fail, params: {message: no}}\n"
		h.flow("settings: {retention: 1ms}\n" + body)
		h.want(0, "run", "flow.yaml", "--id", "brief")
		h.flow("settings: {retention: 0}\n" + body)
		h.want(0, "run", "flow.yaml", "--id", "ever")
		h.flow("settings: {retention: 1ms}\nnodes:\n- {id: ask, type: flow.wait_for_approval, params: {question: 'ok?'}}\n")
		h.want(3, "run", "flow.yaml", "--id", "asks")
		h.flow(body)
		h.want(0, "run", "flow.yaml", "--id", "plain")
		h.flow(fails)
		h.want(1, "run", "flow.yaml", "--id", "bad")
		left := func() string {
			var ids []string
			for _, r := range h.runs() {
				ids = append(ids, r.ID)
			}
			return fmt.Sprint(ids)
		}
		if r := h.want(0, "runs", "prune"); !strings.Contains(r.out, "Forgot 1 runs") || left() != "[bad plain asks ever]" {
			t.Errorf("%s left are %s", r.out, left())
		}
		// A server does it by itself; failed runs have a time of their own.
		h.env = append(h.env, "AETHER_RETENTION_RUNS=1ms")
		up := h.start("up", "--addr", "127.0.0.1:0")
		up.sees("serving")
		eventually(t, "the server forgets", 30*time.Second, func() bool { return left() == "[bad asks ever]" })
		h.env = append(h.env, "AETHER_RETENTION_FAILED=1ms")
		if r := h.want(0, "runs", "prune"); !strings.Contains(r.out, "Forgot 1 runs") || left() != "[asks ever]" {
			t.Errorf("%s left are %s", r.out, left())
		}
		if s := h.show("asks"); s.Status != "attention" {
			t.Errorf("the run that has not ended is %s", s.Status)
		}
	})
}
