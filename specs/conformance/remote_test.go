package conformance

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// desk is a machine behind a firewall, with a robot.
type desk struct {
	*home
	name, url string
}

func (h *home) desk(t *testing.T, name, url string) *desk {
	t.Helper()
	d := &desk{home: newHome(t), name: name, url: url}
	token := strings.TrimSpace(h.want(0, "server", "token", "create", name, "--role", "robot").out)
	d.write("token.txt", token+"\n")
	return d
}

func (d *desk) up() *proc {
	d.Helper()
	p := d.start("robot", "--name", d.name, "--server", d.url, "--token-file", "token.txt")
	p.sees("robot " + d.name + " takes up to")
	return p
}

// A robot without a database executes a run: the orchestrator has what it did,
// and the robot's disk no secret.
func TestRemoteRobot(t *testing.T) {
	fleets(t, func(t *testing.T, h *home) {
		l := newLedger(t)
		h.env = append(h.env, "AETHER_SECRET_UNUSED=not-for-robots")
		h.write("value.txt", "s3cr3t-value-of-the-store")
		h.want(0, "secret", "key", "new")
		h.want(0, "secret", "set", "PASS", "--file", "value.txt")
		h.flow(`
outputs: {length: "{{ len(nodes.big.text) }}"}
nodes:
- {id: big, type: file.read_text, params: {path: big.txt}}
- {id: one, type: http.request, params: {method: POST, url: "` + l.URL + `/one"}}
- {id: two, type: http.request, params: {method: POST, url: "` + l.URL + `/two", auth: {kind: bearer, token: {secret: PASS}}}}
- {id: say, type: flow.log, params: {message: "said once"}}
edges: [big -> one, one -> two, two -> say]
`)
		s := h.serve("serve")
		d := h.desk(t, "desk", s.url)
		d.write("big.txt", strings.Repeat("0123456789", 20_000)) // more than a record takes
		run, _ := h.add()
		p := d.up()
		h.settled(run, "done")
		l.want(t, "one two")
		l.mu.Lock()
		if got := l.header.Get("Authorization"); got != "Bearer s3cr3t-value-of-the-store" {
			t.Errorf("the last request carries %q", got)
		}
		l.mu.Unlock()
		if out := h.show(run).Output; out["length"] != 200_000.0 {
			t.Errorf("output: %v", out)
		}
		if out := h.want(0, "runs", "show", run).out; !strings.Contains(out, "two") {
			t.Errorf("the journal did not come:\n%s", out)
		}
		if out := h.want(0, "robot", "list").out; !strings.Contains(out, "remote") || !strings.Contains(out, "online") {
			t.Errorf("robots:\n%s", out)
		}
		// Its token is for the work of a robot and nothing else.
		token, err := os.ReadFile(filepath.Join(d.dir, "token.txt"))
		if err != nil {
			t.Fatal(err)
		}
		other := *s
		other.token = strings.TrimSpace(string(token))
		for _, path := range []string{"/api/v1/runs", "/api/v1/runs/" + run, "/api/v1/jobs", "/api/v1/robots", "/api/v1/tokens", "/api/v1/flows", "/api/v1/me"} {
			other.call(403, "GET", path, nil)
		}
		other.call(403, "POST", "/api/v1/runs", map[string]any{"flow": "test"})
		p.signal(os.Interrupt)
		if r := p.wait(30 * time.Second); r.code != 0 || !strings.Contains(r.out, "robot desk is offline") {
			t.Errorf("exit code %d\n%s%s", r.code, r.out, r.err)
		}
		d.holdsNone(t, p, other.token, "s3cr3t-value-of-the-store", "not-for-robots", "postgres://")
		// What it says no to.
		refused(t, d.want(2, "robot", "--server", "http://orchestrator.example:8420", "--token-file", "token.txt"), "https")
		refused(t, d.want(2, "robot", "--server", s.url), "AETHER_ROBOT_TOKEN", "--role robot")
		d.write("bad.txt", "aeth_nonsense")
		refused(t, d.want(2, "robot", "--server", s.url, "--token-file", "bad.txt"), "the token is unknown")
		refused(t, d.want(2, "robot", "--token-file", "token.txt"), "--server")
	})
}

// holdsNone looks for words on the machine's disk and in what its robot printed.
func (d *desk) holdsNone(t *testing.T, p *proc, words ...string) {
	t.Helper()
	texts := map[string]string{"stdout": p.out.String(), "stderr": p.err.String()}
	for _, name := range files(t, d.data) {
		b, err := os.ReadFile(filepath.Join(d.data, name))
		if err != nil {
			t.Fatal(err)
		}
		texts[name] = string(b)
	}
	for name, text := range texts {
		for _, w := range words {
			if strings.Contains(text, w) {
				t.Errorf("%s holds %q", name, w)
			}
		}
	}
}

// gates is a flow of n posts with a question to the ledger before each but the
// first.
func gates(l *ledger, n int) string {
	var nodes, edges []string
	last := ""
	add := func(id, method string) {
		nodes = append(nodes, "- {id: "+id+", type: http.request, params: {method: "+method+", url: '"+l.URL+"/"+id+"'}}")
		if last != "" {
			edges = append(edges, last+" -> "+id)
		}
		last = id
	}
	for i := range n {
		c := string(rune('a' + i))
		if i > 0 {
			add("gate"+c, "GET")
		}
		add(c, "POST")
	}
	return "nodes:\n" + strings.Join(nodes, "\n") + "\nedges: [" + strings.Join(edges, ", ") + "]\n"
}

// A robot is killed and started again on its machine: it goes on by its own
// records.
func TestRemoteRestarts(t *testing.T) {
	fleets(t, func(t *testing.T, h *home) {
		l := newLedger(t)
		h.flow(gates(l, 2))
		l.holding("gateb")
		s := h.serve("serve")
		d := h.desk(t, "desk", s.url)
		run, _ := h.add()
		first := d.up()
		arrives(l, "gateb", 1)
		first.kill()
		l.release()
		d.up()
		h.settled(run, "done")
		l.want(t, "a gateb gateb b")
	})
}

// Robots of both kinds die for good in turn, and another goes on from what the
// orchestrator has: nothing recorded happens again.
func TestRemoteTakesOver(t *testing.T) {
	slow(t)
	fleets(t, func(t *testing.T, h *home) {
		l := newLedger(t)
		h.flow(gates(l, 3))
		s := h.serve("serve")
		run, _ := h.add()
		order := ""
		starts := []func() *proc{
			func() *proc { return h.robot("shared") },
			h.desk(t, "one", s.url).up,
		}
		for i, start := range starts {
			c := string(rune('a' + i))
			gate := "gate" + string(rune('b'+i))
			l.holding(gate)
			p := start()
			eventually(t, gate+" arrives", 90*time.Second, func() bool { return l.has(gate) })
			p.kill()
			l.release()
			order += c + " " + gate + " " + gate + " "
		}
		h.robot("last")
		eventually(t, "the run is done", 120*time.Second, func() bool { return h.show(run).Status == "done" })
		l.want(t, order+"c")
		// A retry from a node finds the records of all of them.
		again := decode[struct{ Reused []struct{ Path string } }](t, h.want(0, "runs", "retry", run, "--from", "c", "--dry-run", "--json").out)
		if len(again.Reused) != 4 {
			t.Errorf("reused: %+v", again.Reused)
		}
	})
}

// The network is away for some seconds: what cannot be repeated waits for it,
// and the run goes on.
func TestRemoteNetworkAway(t *testing.T) {
	fleets(t, func(t *testing.T, h *home) {
		l := newLedger(t)
		h.flow(steps(l, 5))
		l.holding("s2")
		s := h.serve("serve")
		w, url := newWire(t, s.url)
		d := h.desk(t, "desk", url)
		run, _ := h.add()
		p := d.up()
		arrives(l, "s2", 1)
		w.set(true)
		l.release()
		eventually(t, "the robot has noticed", 20*time.Second, func() bool { return strings.Contains(p.err.String(), "cannot be reached") })
		if l.has("s3") {
			t.Error("it acted though nobody could know of it")
		}
		w.set(false)
		h.settled(run, "done")
		l.want(t, order(5))
		if strings.Contains(p.out.String(), "lost") {
			t.Errorf("the lease was lost:\n%s", p.out)
		}
	})
}

// The network is away for longer than the lease: another robot goes on, and
// the first stops by its own clock and takes jobs again when it is back.
func TestRemoteNetworkGone(t *testing.T) {
	slow(t)
	fleets(t, func(t *testing.T, h *home) {
		l := newLedger(t)
		h.flow(gates(l, 2))
		l.holding("gateb")
		s := h.serve("serve")
		w, url := newWire(t, s.url)
		one := h.desk(t, "one", url)
		two := h.desk(t, "two", s.url)
		run, _ := h.add()
		p := one.up()
		arrives(l, "gateb", 1)
		w.set(true)
		two.up()
		eventually(t, "the first stops", 60*time.Second, func() bool { return strings.Contains(p.out.String(), "the lease was lost") })
		t.Cleanup(func() {
			if t.Failed() {
				t.Logf("jobs: %+v\nserver: %s%s\none: %s%s", h.jobs(), s.out, s.err, p.out, p.err)
			}
		})
		eventually(t, "the second goes on", 60*time.Second, func() bool {
			// The wire may be cut when the orchestrator knows that a was about to
			// act, and not yet that it did. It then asks, and a person who looks at
			// the ledger says that it did.
			if r := h.show(run); r.Status == "attention" {
				if len(r.Waits) != 1 || r.Waits[0]["path"] != "a" || !l.has("a") {
					t.Fatalf("it asks about something else: %v", r.Waits)
				}
				t.Log("the orchestrator had not heard yet that a was done")
				h.want(0, "runs", "answer", run, "skip")
			}
			return len(l.noted()) == 3
		})
		w.set(false)
		l.release()
		h.settled(run, "done")
		l.want(t, "a gateb gateb b")
		// The first is back.
		eventually(t, "the first is back", 30*time.Second, func() bool {
			return strings.Count(h.want(0, "robot", "list").out, "online") == 2
		})
	})
}

// People answer and cancel runs of such a robot as those of any other.
func TestRemoteAsks(t *testing.T) {
	fleets(t, func(t *testing.T, h *home) {
		l := newLedger(t)
		h.flow(`
nodes:
- {id: a, type: http.request, params: {method: POST, url: "` + l.URL + `/a"}}
- {id: ok, type: flow.wait_for_approval, params: {question: "Pay?"}}
- {id: say, type: flow.log, params: {message: "paid"}}
- {id: b, type: http.request, params: {method: POST, url: "` + l.URL + `/b"}}
- {id: c, type: http.request, params: {url: "` + l.URL + `/c"}}
edges: [a -> ok, ok.approve -> say, say -> b, b -> c]
`)
		s := h.serve("serve")
		d := h.desk(t, "desk", s.url)
		p := d.up()
		run, _ := h.add()
		h.settled(run, "attention")
		l.holding("c")
		h.want(0, "runs", "answer", run, "approve")
		arrives(l, "c", 1)
		h.want(0, "runs", "cancel", run)
		h.settled(run, "cancelled")
		p.sees("cancelled")
		l.want(t, "a b c")
		eventually(t, "the job is gone", 10*time.Second, func() bool { return len(h.jobs()) == 0 })
		// A flow that fails is a dead letter.
		h.flow("nodes:\n- {id: gate, type: file.read_text, params: {path: go.txt}}\n")
		run, _ = h.add()
		h.settled(run, "failed")
		eventually(t, "the job is a dead letter", 10*time.Second, func() bool { j := h.jobs(); return len(j) == 1 && j[0].State == "dead" })
	})
}

// The network is away for longer than the lease, and no other robot is there:
// the first goes on by its own records when it is back.
func TestRemoteNetworkBack(t *testing.T) {
	slow(t)
	fleets(t, func(t *testing.T, h *home) {
		l := newLedger(t)
		h.flow(steps(l, 4))
		l.holding("s2")
		s := h.serve("serve")
		w, url := newWire(t, s.url)
		run, _ := h.add()
		p := h.desk(t, "desk", url).up()
		arrives(l, "s2", 1)
		w.set(true)
		l.release()
		eventually(t, "the robot stops", 60*time.Second, func() bool { return strings.Contains(p.out.String(), "the lease was lost") })
		if l.has("s3") {
			t.Error("it acted though nobody could know of it")
		}
		w.set(false)
		eventually(t, "the run is done", 120*time.Second, func() bool { return h.show(run).Status == "done" })
		l.want(t, order(4))
		if strings.Contains(p.err.String(), "asking for a job") {
			t.Errorf("it could not ask for jobs:\n%s", p.err)
		}
	})
}
