package conformance

import (
	"strings"
	"testing"
	"time"
)

// A flow is tried about one node: what stands behind it does not happen, what is
// pinned does not either, and a kill in the midst changes nothing.
func TestTry(t *testing.T) {
	t.Parallel()
	h, l := newHome(t), newLedger(t)
	h.write("flow.yaml", retryFlow(l, "tried", "z"))
	h.want(0, "run", "flow.yaml", "--id", "r")
	before := len(l.noted())
	happened := func(what string) string {
		t.Helper()
		out := strings.Join(l.noted()[before:], " ")
		before = len(l.noted())
		h.intact()
		return out
	}
	for _, tt := range []struct{ args, world string }{
		{"--to each[1]/e", "a e0 e1"},
		{"--to e", "a e0"},
		{"--to e --run r", "e0"},
		{"--to z --run r", "z"},
		{"--only e --run r", "e0"},
		{"--only each[2]/e --run r", "e2"},
		{"--from each[1]/e --run r", "e1 e2 z"},
		{"--from a --run r", "a e0 e1 e2 z"},
	} {
		h.want(0, append([]string{"run", "flow.yaml"}, strings.Fields(tt.args)...)...)
		if got := happened(tt.args); got != tt.world {
			t.Errorf("%s: %q happened, want %q", tt.args, got, tt.world)
		}
	}
	h.write("pin.json", `{"status": 200}`)
	h.want(0, "run", "flow.yaml", "--to", "z", "--pin", "a=pin.json", "--pin", "e=pin.json")
	if got := happened("pins"); got != "z" {
		t.Errorf("with pins, %q happened", got)
	}
	if got := len(h.runs()); got != 1 {
		t.Errorf("%d runs are the flow's own, want 1", got)
	}
	if got := len(h.runs("--development")); got != 10 {
		t.Errorf("%d runs are listed with --development, want 10", got)
	}
	// A run of the flow knows nothing of them: it does not go on with one of them either.
	h.want(0, "run", "flow.yaml", "--id", "own")
	if got := happened("a run of its own"); got != "a e0 e1 e2 z" {
		t.Errorf("a run of the flow did %q", got)
	}

	for args, words := range map[string]string{
		"--run r":                       "add --to, --from or --only",
		"--from a":                      "needs --run",
		"--to nothing":                  `no node "nothing"`,
		"--to a --run none":             "run not found",
		"--to a --pin each=pin.json":    "decides where the flow goes",
		"--to a --pin now=pin.json":     `date.now gives no "status"`,
		"--to a --pin now=nowhere.json": "nowhere.json",
		"--to a --id x":                 "takes no --id",
	} {
		refused(t, h.aether(append([]string{"run", "flow.yaml"}, strings.Fields(args)...)...), words)
	}
	if got := happened("refusals"); got != "" {
		t.Errorf("what was refused did %q", got)
	}
}

// Killed between two of its steps, a development run goes on as what it is.
func TestTryKilled(t *testing.T) {
	t.Parallel()
	h, l := newHome(t), newLedger(t)
	h.write("flow.yaml", retryFlow(l, "tried", "z"))
	h.write("pin.json", `{"status": 200}`)
	l.holding("e1")
	p := h.start("run", "flow.yaml", "--to", "each[1]/e", "--pin", "a=pin.json", "--json")
	eventually(t, "the second turn had begun", 20*time.Second, func() bool { return l.has("e1") })
	p.kill()
	l.release()
	list := h.runs("--development")
	if len(list) != 1 || !list[0].Interrupted {
		t.Fatalf("after the kill there are %+v", list)
	}
	h.want(0, "run", "flow.yaml", "--id", "own") // it is not taken for this one
	done := len(l.noted())
	h.want(3, "runs", "resume", list[0].ID, "--no-input")
	h.want(0, "runs", "answer", list[0].ID, "again")
	h.want(0, "runs", "resume", list[0].ID)
	if got := strings.Join(l.noted()[done:], " "); got != "e1" {
		t.Errorf("when it went on, %q happened, want e1", got)
	}
	if r := h.show(list[0].ID); r.Status != "done" {
		t.Errorf("it is %s", r.Status)
	}
	h.intact()
}
