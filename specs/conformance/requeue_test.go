package conformance

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// A dead letter is tried again with another input: what does not depend on it is not done again, what does is; and `queue
// why` tells in the meantime why nobody takes it.
func TestFleetRequeueWithInput(t *testing.T) {
	fleets(t, func(t *testing.T, h *home) {
		l := newLedger(t)
		h.flow(`
inputs:
  file: {type: string, required: true}
  n: {type: int, default: 1}
nodes:
- {id: once, type: http.request, params: {method: POST, url: "` + l.URL + `/once"}}
- {id: named, type: http.request, params: {method: POST, url: "` + l.URL + `/n{{ inputs.n }}"}}
- {id: gate, type: file.read_text, params: {path: "{{ inputs.file }}"}}
- {id: end, type: http.request, params: {method: POST, url: "` + l.URL + `/end"}}
edges: [once -> named, named -> gate, gate -> end]
`)
		h.write("here.txt", "go")
		run, job := h.add("-i", "file=missing.txt", "--needs", "gpu")
		if why := h.want(0, "queue", "why", fmt.Sprint(job)).out; !strings.Contains(why, "No robot has ever registered") {
			t.Errorf("why: %s", why)
		}
		h.robot("r", "--label", "gpu")
		h.settled(run, "failed")
		eventually(t, "the job is a dead letter", 10*time.Second, func() bool { j := h.jobs(); return len(j) == 1 && j[0].State == "dead" })
		if groups := h.want(0, "queue", "dead").out; !strings.Contains(groups, "missing.txt") {
			t.Errorf("dead: %s", groups)
		}
		id := fmt.Sprint(job)
		refused(t, h.want(2, "queue", "requeue", id, "--input", "fiel=here.txt"), "file")
		refused(t, h.want(2, "queue", "requeue", id, "--input", "n=many"), "many")
		refused(t, h.want(2, "queue", "requeue", id, "--all"), "--all")
		again := decode[[]struct{ Run, From string }](t, h.want(0, "queue", "requeue", "--flow", "test", "--input", "file=here.txt", "--input", "n=2", "--json").out)
		if len(again) != 1 || again[0].From != run {
			t.Fatalf("requeued: %+v", again)
		}
		h.settled(again[0].Run, "done")
		l.want(t, "once n1 n2 end")
	})
}
