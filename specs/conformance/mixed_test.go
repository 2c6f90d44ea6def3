package conformance

import (
	"os"
	"testing"
	"time"
)

// older returns the machine with the program of an older release on it: the
// variable names a build of it, and without one such tests are skipped.
func (h *home) older(t *testing.T) *home {
	t.Helper()
	o := *h
	o.bin = os.Getenv("AETHER_TEST_OLD")
	if o.bin == "" {
		t.Skip("AETHER_TEST_OLD names no older build of the program")
	}
	return &o
}

// A robot without a database and an orchestrator need not be of the same
// release, whichever is the older one: runs are executed, survive the death of
// the robot, and go on with one of the other release.
func TestMixedRemote(t *testing.T) {
	for _, what := range []string{"old robot", "old orchestrator"} {
		t.Run(what, func(t *testing.T) {
			fleets(t, func(t *testing.T, h *home) {
				l, old := newLedger(t), h.older(t)
				server, machine := h, old
				if what == "old orchestrator" {
					server, machine = old, h
				}
				server.flow(gates(l, 3))
				l.holding("gateb")
				s := server.serve("serve")
				one, two := server.desk(t, "one", s.url), server.desk(t, "two", s.url)
				one.bin, two.bin = machine.bin, server.bin
				run, _ := server.add()
				p := one.up()
				arrives(l, "gateb", 1)
				p.kill()
				l.release()
				l.holding("gatec")
				p = one.up() // again, with its own records
				eventually(t, "gatec arrives", 120*time.Second, func() bool { return l.has("gatec") })
				p.kill()
				l.release()
				two.up() // the other release takes over
				eventually(t, "the run is done", 120*time.Second, func() bool { return server.show(run).Status == "done" })
				l.want(t, "a gateb gateb b gatec gatec c")
			})
		})
	}
}

// Programs of two releases share a database: the newer one brings it up to date
// while the older one works, and that one goes on, and ends what it has. An
// older one that starts afterwards says that it must be updated, if it does not
// know the tables.
func TestMixedDatabase(t *testing.T) {
	fleets(t, func(t *testing.T, h *home) {
		l, old := newLedger(t), h.older(t)
		h.flow(gates(l, 2))
		l.holding("gateb")
		s := old.serve("serve")
		run, _ := old.add()
		p := old.robot("old")
		arrives(l, "gateb", 1)
		h.want(0, "runs", "list") // brings the database up to date
		second, _ := h.add()
		l.release()
		h.settled(run, "done")
		h.settled(second, "done")
		l.want(t, "a gateb b a gateb b")
		if got := s.call(200, "GET", "/api/v1/runs/"+second, nil); got["status"] != "done" {
			t.Errorf("the old orchestrator says %v", got)
		}
		// The other way round: the old one adds, the new one does.
		p.signal(os.Interrupt)
		p.wait(30 * time.Second)
		h.robot("new")
		r := old.aether("queue", "add", "flow.yaml")
		switch r.code {
		case 0:
			eventually(t, "the new robot does it", 60*time.Second, func() bool { return len(l.noted()) == 9 })
		default:
			refused(t, r, "newer Aether", "update this program")
		}
	})
}
