package conformance

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// plan is what `runs retry --dry-run --json` prints.
type plan struct {
	Of, From string
	Same     bool `json:"same_version"`
	Reused   []planEntry
	Again    []planEntry
	Notes    []string
}

type planEntry struct {
	Path, Type, Effect, Why string
	SideEffect              bool `json:"side_effect"`
}

func paths(list []planEntry) string {
	var out []string
	for _, e := range list {
		p := e.Path
		if e.SideEffect {
			p += "*"
		}
		out = append(out, p)
	}
	slices.Sort(out)
	return strings.Join(out, " ")
}

// retryFlow posts a, then e0 e1 e2 in a loop, then z; now is a node without
// side effects.
func retryFlow(l *ledger, name, z string) string {
	return "aether: 1\nname: " + name + "\noutputs: {at: '{{ nodes.now.text }}'}\nnodes:\n- {id: now, type: date.now}\n" + l.post("a", "a") +
		"- {id: each, type: flow.for_each, params: {items: [0, 1, 2]}}\n" + l.post("e", "e{{ loop.item }}") + l.post("z", z) +
		"edges: [now -> a, a -> each, each.body -> e, each.done -> z]\n"
}

// TestRetry makes new runs of a failed one from all places there are. The plan
// must tell what then happens, and the world sees only that.
func TestRetry(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, args    string
		reused, again string // side effects have a *
		world         string // what happens
	}{
		{"from failed", "", "a* each[0]/e* each[1]/e* each[2]/e* now", "z*", "z"},
		{"from failed, named", "--from failed", "a* each[0]/e* each[1]/e* each[2]/e* now", "z*", "z"},
		{"from a node", "--from a", "now", "a* each[0]/e* each[1]/e* each[2]/e* z*", "a e0 e1 e2 z"},
		{"from a turn of a loop", "--from each[1]/e", "a* each[0]/e* now", "each[1]/e* each[2]/e* z*", "e1 e2 z"},
		{"from the loop", "--from each", "a* now", "each[0]/e* each[1]/e* each[2]/e* z*", "e0 e1 e2 z"},
		{"from the start", "--from start", "", "a* each[0]/e* each[1]/e* each[2]/e* now z*", "a e0 e1 e2 z"},
		{"from-start", "--from-start", "", "a* each[0]/e* each[1]/e* each[2]/e* now z*", "a e0 e1 e2 z"},
		{"current version, another end", "--version current", "a* each[0]/e* each[1]/e* each[2]/e* now", "z*", "zz"},
		{"current version from a turn", "--version current --from each[2]/e", "a* each[0]/e* each[1]/e* now", "each[2]/e* z*", "e2 zz"},
		{"current version from the start", "--version current --from start", "", "a* each[0]/e* each[1]/e* each[2]/e* now z*", "a e0 e1 e2 zz"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			h, l := newHome(t), newLedger(t)
			l.failing("z", 1)
			h.write("flow.yaml", retryFlow(l, "old", "z"))
			h.want(1, "run", "flow.yaml", "--id", "r")
			h.write("flow.yaml", retryFlow(l, "old", "zz"))
			before := len(l.noted())
			call := append([]string{"runs", "retry", "r"}, strings.Fields(tt.args)...)

			p := decode[plan](t, h.want(0, append(call, "--dry-run", "--json")...).out)
			if got := paths(p.Reused); got != tt.reused {
				t.Errorf("reused: got %s, want %s", got, tt.reused)
			}
			if got := paths(p.Again); got != tt.again {
				t.Errorf("happens again: got %s, want %s", got, tt.again)
			}
			if text := h.want(0, append(call, "--dry-run")...).out; strings.Count(text, "SIDE EFFECT") != strings.Count(tt.again, "*") {
				t.Errorf("the plan as text does not mark the side effects:\n%s", text)
			}
			if len(l.noted()) != before || len(h.runs()) != 1 {
				t.Error("a dry run did something")
			}

			h.want(0, call...)
			if got := strings.Join(l.noted()[before:], " "); got != tt.world {
				t.Errorf("the world saw %q, want %q", got, tt.world)
			}
			if s := h.show("r.2"); s.Status != "done" || s.RetryOf != "r" {
				t.Errorf("the new run is %+v", s)
			}
			if s := h.show("r"); s.Status != "failed" {
				t.Errorf("the old run is now %s", s.Status)
			}
			h.intact()
		})
	}
}

// TestRetryChanged retries with a current version in which a reused node is
// another: it happens again with all that follows.
func TestRetryChanged(t *testing.T) {
	t.Parallel()
	h, l := newHome(t), newLedger(t)
	l.failing("z", 1)
	h.write("flow.yaml", retryFlow(l, "old", "z"))
	h.want(1, "run", "flow.yaml", "--id", "r")
	h.write("flow.yaml", strings.ReplaceAll(retryFlow(l, "old", "z"), "/e{{ loop.item }}", "/new{{ loop.item }}"))
	p := decode[plan](t, h.want(0, "runs", "retry", "r", "--version", "current", "--dry-run", "--json").out)
	if got := paths(p.Again); got != "each[0]/e* each[1]/e* each[2]/e* z*" {
		t.Errorf("happens again: %s", got)
	}
	h.want(0, "runs", "retry", "r", "--version", "current")
	l.want(t, "a e0 e1 e2 z new0 new1 new2 z")
	if err := os.Remove(filepath.Join(h.dir, "flow.yaml")); err != nil {
		t.Fatal(err)
	}
	refused(t, h.want(2, "runs", "retry", "r", "--version", "current"), "flow.yaml")
	h.want(0, "runs", "retry", "r", "--from", "z")
}

// TestRetryOtherInput retries with a current version in which a node before
// gives another value: the reused nodes after it find that their input differs
// and act again, without asking anybody.
func TestRetryOtherInput(t *testing.T) {
	t.Parallel()
	h, l := newHome(t), newLedger(t)
	l.failing("z", 1)
	text := "aether: 1\nname: f\nnodes:\n- {id: v, type: var.set, params: {name: v, value: one}}\n" + l.post("a", "{{ vars.v }}") + l.post("z", "z") + "edges: [v -> a, a -> z]\n"
	h.write("flow.yaml", text)
	h.want(1, "run", "flow.yaml", "--id", "r")
	h.write("flow.yaml", strings.ReplaceAll(text, "one", "two"))
	h.want(0, "runs", "retry", "r", "--version", "current")
	l.want(t, "one z two z")
}

// TestRetryOfRetry retries a retry, and a run that was done, and refuses what
// cannot be.
func TestRetryOfRetry(t *testing.T) {
	t.Parallel()
	h, l := newHome(t), newLedger(t)
	l.failing("z", 2)
	h.write("flow.yaml", retryFlow(l, "f", "z"))
	h.want(1, "run", "flow.yaml", "--id", "r")
	h.want(1, "runs", "retry", "r")
	h.want(0, "runs", "retry", "r.2")
	l.want(t, "a e0 e1 e2 z z z")
	first := h.show("r.3")
	if first.RetryOf != "r.2" || first.Status != "done" {
		t.Errorf("the retry of the retry is %+v", first)
	}
	refused(t, h.want(2, "runs", "retry", "r.3"), "did not fail")
	refused(t, h.want(2, "runs", "retry", "r.3", "--from", "nope"), "no execution nope")
	refused(t, h.want(2, "runs", "retry", "r.3", "--from", "each[9]/nope"), "no execution")
	// A node without side effects is reused with what it gave.
	r := h.want(0, "runs", "retry", "r.3", "--from", "z", "--json")
	if got, want := fmt.Sprint(last(t, r.out)["output"]), fmt.Sprint(first.Output); got != want {
		t.Errorf("the output is %s, want %s as before", got, want)
	}
	l.want(t, "a e0 e1 e2 z z z z")
}

// TestRetryCancelled goes on behind the last record of a cancelled run.
func TestRetryCancelled(t *testing.T) {
	t.Parallel()
	h, l := newHome(t), newLedger(t)
	l.holding("z")
	h.write("flow.yaml", retryFlow(l, "f", "z"))
	p := h.start("run", "flow.yaml", "--id", "r")
	p.sees("each[2]/e")
	eventually(t, "z is under way", 10e9, func() bool { return l.has("z") })
	h.want(0, "runs", "cancel", "r")
	p.wait(5e9)
	l.release()
	before := len(l.noted())
	r := h.aether("runs", "retry", "r")
	if r.code == 3 {
		// Whether z acted is unknown, and a person is asked.
		if !strings.Contains(r.out, "--decide") {
			t.Errorf("it asks for nothing:\n%s", r.out)
		}
		r = h.aether("runs", "resume", "r.2", "--decide", "again")
	}
	if r.code != 0 {
		t.Fatalf("exit code %d\n%s%s", r.code, r.out, r.err)
	}
	if got := strings.Join(l.noted()[before:], " "); got != "z" {
		t.Errorf("the world saw %q, want z", got)
	}
}

// TestPrune checks that forgetting runs takes the artifacts that no other run
// uses, and keeps the others.
func TestPrune(t *testing.T) {
	t.Parallel()
	h := newHome(t)
	// big is 200 kB: it leaves the record. It is the same for equal letters.
	h.flow("inputs: {c: string, own: string}\noutputs: {big: '{{ nodes.keep.text }}', mine: '{{ nodes.mine.text }}'}\nnodes:\n" +
		"- {id: big, type: text.repeat, params: {text: '{{ inputs.c }}', count: 200000}}\n- {id: w, type: file.write_text, params: {path: x.txt, text: '{{ nodes.big.text }}'}}\n- {id: keep, type: file.read_text, params: {path: x.txt}}\n" +
		"- {id: own, type: text.repeat, params: {text: '{{ inputs.own }}', count: 100000}}\n- {id: ow, type: file.write_text, params: {path: y.txt, text: '{{ nodes.own.text }}'}}\n- {id: mine, type: file.read_text, params: {path: y.txt}}\nedges: [big -> w, w -> keep, keep -> own, own -> ow, ow -> mine]\n")
	artifacts := filepath.Join(h.data, "artifacts")
	for i, own := range []string{"1", "2", "3"} {
		h.want(0, "run", "flow.yaml", "--id", fmt.Sprint("r", i), "-i", "c=x", "-i", "own="+own, "-q")
	}
	if n := len(files(t, artifacts)); n != 4 {
		t.Fatalf("there are %d artifacts, want one that is shared and three", n)
	}
	h.want(3, "run", h.ask(), "--id", "open")
	if r := h.want(0, "runs", "prune"); !strings.Contains(r.out, "Forgot 0 runs") {
		t.Errorf("prune forgets by default settings:\n%s", r.out)
	}
	h.env = []string{"AETHER_RETENTION_MAX_RUNS=2"} // the open run and r2
	if r := h.want(0, "runs", "prune"); !strings.Contains(r.out, "Forgot 2 runs") {
		t.Errorf("prune says:\n%s", r.out)
	}
	if left := files(t, artifacts); len(left) != 2 {
		t.Errorf("the artifacts left are %v, want the shared one and that of the last run", left)
	}
	var got []string
	for _, r := range h.runs() {
		got = append(got, r.ID)
	}
	if fmt.Sprint(got) != "[open r2]" {
		t.Errorf("the runs left are %v", got)
	}
	doc := decode[map[string]json.RawMessage](t, h.want(0, "runs", "export", "r2").out)
	if len(doc["records"]) < 10 {
		t.Errorf("the run that is left has no records: %s", doc["records"])
	}
	if r := h.want(0, "runs", "show", "r2"); !strings.Contains(r.out, "done") {
		t.Errorf("the run that is left cannot be shown:\n%s", r.out)
	}
	h.env = []string{"AETHER_RETENTION_MAX_RUNS=1"}
	h.want(0, "runs", "prune")
	if left := files(t, artifacts); len(left) != 0 {
		t.Errorf("artifacts nobody uses are left: %v", left)
	}
	if s := h.show("open"); s.Status != "attention" {
		t.Errorf("the run that has not ended is %s", s.Status)
	}
	h.intact()
}

// ask writes a flow that waits for a person and returns its file.
func (h *home) ask() string {
	h.Helper()
	return h.write("ask.yaml", "aether: 1\nname: ask\nnodes:\n- {id: ask, type: flow.wait_for_approval, params: {question: 'ok?'}}\n")
}

// TestListAndWatch looks at runs from outside.
func TestListAndWatch(t *testing.T) {
	t.Parallel()
	h, l := newHome(t), newLedger(t)
	l.holding("slow")
	if r := h.want(0, "runs", "list"); !strings.Contains(r.out, "aether run FLOW") {
		t.Errorf("an empty list says:\n%s", r.out)
	}
	h.flow("outputs: {x: '{{ nodes.a.status }}'}\nnodes:\n" + l.post("a", "slow"))
	p := h.start("run", "flow.yaml", "--id", "abc-1")
	eventually(t, "the node acts", 20e9, func() bool { return l.has("slow") })
	w, j := h.start("runs", "watch", "abc-1"), h.start("runs", "watch", "abc-1", "--json")
	w.sees("started  a")
	j.sees("node_started")
	if r := h.want(0, "runs", "list", "--status", "running"); !strings.Contains(r.out, "abc-1") {
		t.Errorf("the list of running runs lacks it:\n%s", r.out)
	}
	l.release()
	for _, q := range []*proc{p, w, j} {
		if r := q.wait(10e9); r.code != 0 {
			t.Errorf("%v: exit code %d\n%s", q.cmd.Args[1:], r.code, r.err)
		}
	}
	if m := last(t, j.out.String()); m["status"] != "done" {
		t.Errorf("watch --json ends with %v", m)
	}
	if !strings.Contains(w.out.String(), "Done in") {
		t.Errorf("watch ends with\n%s", w.out)
	}
	h.want(0, "run", h.write("other.yaml", "aether: 1\nname: other\nnodes:\n- {id: a, type: flow.comment}\n"), "--id", "abc-2")
	for args, want := range map[string]string{
		"": "abc-2 abc-1", "--flow test": "abc-1", "--flow none": "", "--status done": "abc-2 abc-1", "--status failed": "", "--limit 1": "abc-2", "--limit 1 --offset 1": "abc-1",
	} {
		var got []string
		for _, r := range h.runs(strings.Fields(args)...) {
			got = append(got, r.ID)
		}
		if s := strings.Join(got, " "); s != want {
			t.Errorf("runs list %s: got %q, want %q", args, s, want)
		}
	}
	refused(t, h.aether("runs", "show", "abc"), "several runs begin with")
	if r := h.want(0, "runs", "show", "abc-1"); !strings.Contains(r.out, "http.request") || !strings.Contains(r.out, "x: 200") {
		t.Errorf("runs show:\n%s", r.out)
	}
	h.want(0, "runs", "export", "abc-1", "-o", "out.json")
	b, err := os.ReadFile(filepath.Join(h.dir, "out.json"))
	if err != nil || !json.Valid(b) {
		t.Errorf("the export is no JSON: %v", err)
	}
	if doc := decode[map[string]any](t, string(b)); doc["format"] != "aether-run/1" {
		t.Errorf("the export has the format %v", doc["format"])
	}
}
