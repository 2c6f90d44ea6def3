package conformance

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/aether-rpa/aether/internal/db/dbtest"
)

// fleets runs a test with a home on SQLite, and with one on PostgreSQL.
func fleets(t *testing.T, fn func(t *testing.T, h *home)) {
	t.Helper()
	t.Parallel()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		fn(t, newHome(t))
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		target := dbtest.Postgres(t)
		h := newHome(t)
		h.env = append(h.env, "AETHER_DATABASE_URL="+target.URL)
		fn(t, h)
	})
}

// jobInfo is a job in `queue list --json`.
type jobInfo struct {
	ID                 int64
	Run, State, Reason string
	Attempt, Priority  int
	Robot              string
}

func (h *home) jobs() []jobInfo {
	h.Helper()
	return decode[[]jobInfo](h, h.want(0, "queue", "list", "--json").out)
}

func (h *home) add(args ...string) (run string, job int64) {
	h.Helper()
	out := decode[struct {
		Run string
		Job int64
	}](h, h.want(0, append([]string{"queue", "add", "flow.yaml", "--json"}, args...)...).out)
	return out.Run, out.Job
}

func (h *home) robot(name string, args ...string) *proc {
	h.Helper()
	p := h.start(append([]string{"robot", "--name", name}, args...)...)
	p.sees("robot " + name + " takes up to")
	return p
}

// settled waits until a run has a status.
func (h *home) settled(run, status string) {
	h.Helper()
	eventually(h, "run "+run+" is "+status, 60*time.Second, func() bool { return h.show(run).Status == status })
}

// steps is a flow that posts 1 to n to a ledger, one after the other.
func steps(l *ledger, n int) string {
	return fmt.Sprintf(`
nodes:
- {id: each, type: flow.for_each, params: {items: "{{ range(1, %d) }}"}}
- {id: post, type: http.request, params: {method: POST, url: "%s/s{{ loops.each.item }}"}}
edges: [each.body -> post]
`, n+1, l.URL)
}

// arrives waits until the ledger has a name n times.
func arrives(l *ledger, name string, n int) {
	l.t.Helper()
	eventually(l.t, name+" arrives", 30*time.Second, func() bool {
		got := 0
		for _, have := range l.noted() {
			if have == name {
				got++
			}
		}
		return got >= n
	})
}

func order(n int) string {
	var out []string
	for i := 1; i <= n; i++ {
		out = append(out, "s"+strconv.Itoa(i))
	}
	return strings.Join(out, " ")
}

// A robot is killed between two steps: another goes on with the run, and
// nothing is done twice.
func TestFleetTakesOver(t *testing.T) {
	fleets(t, func(t *testing.T, h *home) {
		l := newLedger(t)
		h.flow(`
nodes:
- {id: a, type: http.request, params: {method: POST, url: "` + l.URL + `/a"}}
- {id: ask, type: http.request, params: {url: "` + l.URL + `/gate"}}
- {id: b, type: http.request, params: {method: POST, url: "` + l.URL + `/b"}}
edges: [a -> ask, ask -> b]
`)
		l.holding("gate")
		run, _ := h.add()
		first := h.robot("one")
		arrives(l, "gate", 1)
		first.kill()
		l.release()
		second := h.robot("two")
		h.settled(run, "done")
		l.want(t, "a gate gate b") // looking twice is no harm
		if r := h.show(run); r.Resumes != 1 {
			t.Errorf("taken up %d times", r.Resumes)
		}
		second.signal(os.Interrupt)
		if r := second.wait(20 * time.Second); r.code != 0 || !strings.Contains(r.out, "robot two is offline") {
			t.Errorf("exit code %d\n%s%s", r.code, r.out, r.err)
		}
		if jobs := h.jobs(); len(jobs) != 0 {
			t.Errorf("left in the queue: %+v", jobs)
		}
	})
}

// A robot is stopped for longer than its lease and comes back to life: what it
// writes then is refused.
func TestFleetZombie(t *testing.T) {
	slow(t)
	fleets(t, func(t *testing.T, h *home) {
		l := newLedger(t)
		h.flow(steps(l, 6))
		l.holding("s3")
		run, _ := h.add()
		zombie := h.robot("zombie")
		arrives(l, "s3", 1)
		h.stop(zombie)
		// Its lease lasts half a minute; then another robot asks what to do about
		// the step of which nobody knows whether it was done.
		h.robot("other")
		eventually(t, "the run asks", 90*time.Second, func() bool { return h.show(run).Status == "attention" })
		l.release()
		zombie.signal(syscall.SIGCONT)
		zombie.sees("the lease was lost")
		h.want(0, "runs", "answer", run, "skip")
		h.settled(run, "done")
		l.want(t, order(6))
	})
}

// A robot that is asked to stop ends what it has and takes nothing new.
func TestFleetDrain(t *testing.T) {
	fleets(t, func(t *testing.T, h *home) {
		l := newLedger(t)
		h.flow(steps(l, 3))
		l.holding("s2")
		run, _ := h.add()
		r := h.robot("r")
		arrives(l, "s2", 1)
		later, _ := h.add()
		r.signal(syscall.SIGTERM)
		r.sees("stopping")
		l.release()
		if end := r.wait(30 * time.Second); end.code != 0 {
			t.Errorf("exit code %d\n%s%s", end.code, end.out, end.err)
		}
		l.want(t, order(3))
		if s := h.show(run).Status; s != "done" {
			t.Errorf("it did not end its run: %s", s)
		}
		if s := h.show(later).Status; s != "queued" {
			t.Errorf("it took another: %s", s)
		}
		// A second robot interrupts its job when asked twice; it is free at once.
		l.holding("s2")
		two := h.robot("two")
		arrives(l, "s2", 2)
		two.signal(syscall.SIGTERM)
		two.sees("stopping")
		two.signal(syscall.SIGTERM)
		if end := two.wait(30 * time.Second); end.code != 0 || !strings.Contains(end.out, "interrupted") {
			t.Errorf("exit code %d\n%s%s", end.code, end.out, end.err)
		}
		if jobs := h.jobs(); len(jobs) != 1 || jobs[0].State != "ready" || jobs[0].Attempt != 0 {
			t.Errorf("jobs: %+v", jobs)
		}
	})
}

// A flow that fails is a dead letter; requeued, its run is retried from the
// node that failed.
func TestFleetDeadLetter(t *testing.T) {
	fleets(t, func(t *testing.T, h *home) {
		l := newLedger(t)
		h.flow(`
nodes:
- {id: once, type: http.request, params: {method: POST, url: "` + l.URL + `/once"}}
- {id: gate, type: file.read_text, params: {path: go.txt}}
- {id: end, type: http.request, params: {method: POST, url: "` + l.URL + `/end"}}
edges: [once -> gate, gate -> end]
`)
		run, job := h.add("--key", "only one")
		if again, _ := h.add("--key", "only one"); again != run {
			t.Errorf("the key was taken twice: %s", again)
		}
		h.robot("r")
		h.settled(run, "failed")
		eventually(t, "the job is a dead letter", 10*time.Second, func() bool { j := h.jobs(); return len(j) == 1 && j[0].State == "dead" })
		if j := h.jobs()[0]; !strings.Contains(j.Reason, "go.txt") {
			t.Errorf("the reason is %q", j.Reason)
		}
		refused(t, h.want(2, "queue", "requeue", "999"), "999")
		h.write("go.txt", "go")
		again := decode[[]struct{ Run, From string }](t, h.want(0, "queue", "requeue", fmt.Sprint(job), "--priority", "20", "--json").out)
		if len(again) != 1 || again[0].From != run {
			t.Fatalf("requeued: %+v", again)
		}
		h.settled(again[0].Run, "done")
		l.want(t, "once end")
	})
}

// A run that asks gives its robot back, and goes on on any robot once it has
// its answer. Jobs can be cancelled, robots paused.
func TestFleetWaitsAndControls(t *testing.T) {
	fleets(t, func(t *testing.T, h *home) {
		h.flow(`
nodes:
- {id: ok, type: flow.wait_for_approval, params: {question: "Pay?"}}
- {id: say, type: flow.log, params: {message: "paid"}}
edges: [ok.approve -> say]
`)
		h.robot("r")
		run, job := h.add()
		h.settled(run, "attention")
		eventually(t, "the job waits", 10*time.Second, func() bool { j := h.jobs(); return len(j) == 1 && j[0].State == "later" })
		if out := h.want(0, "queue", "show", fmt.Sprint(job)).out; !strings.Contains(out, "waits for an answer") {
			t.Errorf("show says:\n%s", out)
		}
		h.want(0, "robot", "pause", "r")
		eventually(t, "the robot is paused", 20*time.Second, func() bool { return strings.Contains(h.want(0, "robot", "list", "--json").out, `"state": "paused"`) })
		second, job2 := h.add("--needs", "gpu")
		if out := h.want(0, "queue", "show", fmt.Sprint(job2)).out; !strings.Contains(out, "does not have what it needs (gpu)") {
			t.Errorf("show says:\n%s", out)
		}
		h.want(0, "queue", "cancel", fmt.Sprint(job2))
		if s := h.show(second).Status; s != "cancelled" {
			t.Errorf("the cancelled job's run is %s", s)
		}
		// The answer makes it ready, but for the pause.
		h.want(0, "runs", "answer", run, "approve")
		if j := h.jobs(); len(j) != 1 || j[0].State != "ready" {
			t.Errorf("answered: %+v", j)
		}
		h.want(0, "robot", "resume", "r")
		h.settled(run, "done")
		refused(t, h.want(2, "robot", "--name", "r"), "another robot has this name")
		refused(t, h.want(2, "queue", "add", "flow.yaml", "--needs", "a b"), "a b")
		refused(t, h.want(2, "queue", "add", "flow.yaml", "--priority", "21"), "21", "0 to 20")
		refused(t, h.want(2, "queue", "show", "x"), "queue list")
		refused(t, h.want(2, "queue", "add", "flow.yaml", "--after", "yesterday"), "--after")
	})
}
