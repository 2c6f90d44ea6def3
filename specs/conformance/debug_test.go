package conformance

import (
	"strings"
	"testing"
	"time"
)

// debugged is what `runs debug --json` tells.
type debugged struct {
	Paused []struct {
		Path string
		Vars map[string]struct{ Value any }
	}
}

// pausedAt waits until a run is paused somewhere.
func (h *home) pausedAt(run, path string) (vars map[string]struct{ Value any }) {
	h.Helper()
	eventually(h, "run "+run+" is paused at "+path, 60*time.Second, func() bool {
		d := decode[debugged](h, h.want(0, "runs", "debug", run, "--json").out)
		if len(d.Paused) != 1 || d.Paused[0].Path != path {
			return false
		}
		vars = d.Paused[0].Vars
		return true
	})
	return vars
}

func twoPosts(l *ledger) string {
	return `
vars: {n: 1}
outputs: {n: "{{ vars.n }}"}
nodes:
- {id: a, type: http.request, params: {method: POST, url: "` + l.URL + `/a"}}
- {id: add, type: var.increment, params: {name: n}}
- {id: b, type: http.request, params: {method: POST, url: "` + l.URL + `/b{{ vars.n }}"}}
edges: [a -> add, add -> b]
`
}

// A robot is killed while its run is paused: another has it paused at the same
// place with the same variables, and goes on when it is told to.
func TestPausedRunSurvives(t *testing.T) {
	fleets(t, func(t *testing.T, h *home) {
		l := newLedger(t)
		h.flow(twoPosts(l))
		refused(t, h.want(2, "queue", "add", "flow.yaml", "--break", "c"), "no such node")
		run, _ := h.add("--break", "add")
		first := h.robot("first")
		h.pausedAt(run, "add")
		h.want(0, "runs", "debug", run, "--set", "n=40")
		eventually(t, "n is set", 30*time.Second, func() bool { return h.pausedAt(run, "add")["n"].Value == 40.0 })
		first.kill()
		h.robot("second")
		h.want(0, "runs", "debug", run, "--over")
		if vars := h.pausedAt(run, "b"); vars["n"].Value != 41.0 {
			t.Errorf("the variables are %v", vars)
		}
		if out := h.want(0, "runs", "list").out; !strings.Contains(out, "paused") {
			t.Errorf("the list says\n%s", out)
		}
		h.want(0, "runs", "debug", run, "--continue")
		h.settled(run, "done")
		l.want(t, "a b41")
	})
}

// A robot without a database is paused as any other, while it executes a run and
// before: it hears of that from the orchestrator.
func TestPausedRemote(t *testing.T) {
	fleets(t, func(t *testing.T, h *home) {
		l := newLedger(t)
		h.flow(twoPosts(l))
		s := h.serve("serve")
		d := h.desk(t, "desk", s.url)
		run, _ := h.add("--break", "b when vars.n == 2")
		p := d.up()
		h.pausedAt(run, "b")
		p.kill()
		h.want(0, "runs", "debug", run, "--continue", "--set", "n=7")
		d.up()
		h.settled(run, "done")
		l.want(t, "a b7")

		// One that goes on without an end is paused where it is, and stopped there.
		h.flow(`
vars: {n: 1}
nodes:
- {id: w, type: flow.while, params: {condition: "{{ vars.n > 0 }}"}}
- {id: nap, type: flow.wait, params: {for: 20ms}}
- {id: add, type: var.increment, params: {name: n}}
edges: [w.body -> nap, nap -> add]
`)
		run, _ = h.add()
		h.settled(run, "running")
		h.want(0, "runs", "pause", run)
		var at string
		eventually(t, "the run is paused", 60*time.Second, func() bool {
			d := decode[debugged](h, h.want(0, "runs", "debug", run, "--json").out)
			if len(d.Paused) == 1 {
				at = d.Paused[0].Path
			}
			return at != ""
		})
		h.want(0, "runs", "debug", run, "--over")
		eventually(t, "it is one node further", 60*time.Second, func() bool {
			d := decode[debugged](h, h.want(0, "runs", "debug", run, "--json").out)
			return len(d.Paused) == 1 && d.Paused[0].Path != at
		})
		h.want(0, "runs", "debug", run, "--stop")
		h.settled(run, "cancelled")
	})
}
