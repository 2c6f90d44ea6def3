package conformance

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// leaving is a flow that makes files of its own and then starts a program that
// starts another one, which leaves its group, its parent and its session.
func leaving(sleep string) string {
	return `
outputs: {text: "{{ nodes.look.text }}"}
nodes:
- {id: tmp, type: file.temp_folder}
- {id: fill, type: file.write_text, params: {path: "{{ nodes.tmp.path }}/profile.txt", text: kept}}
- {id: go, type: sys.run, params: {program: sh, timeout: 10m, args: ['-c', 'setsid sh -c "sleep ` + sleep + `; true" & sleep ` + sleep + `; true']}}
- {id: look, type: file.read_text, params: {path: "{{ nodes.tmp.path }}/profile.txt"}}
edges: [tmp -> fill, fill -> go, go -> look]
`
}

// leftFiles lists what is in the folders of the runs of a machine.
func (h *home) leftFiles() []string {
	h.Helper()
	return files(h, filepath.Join(h.data, "work"))
}

// leftBehind returns the events of a run that say what was left of it.
func (h *home) leftBehind(run string) (texts []string) {
	h.Helper()
	for _, e := range decode[struct {
		Events []struct {
			Kind string
			Data map[string]any
		}
	}](h, h.want(0, "runs", "show", run, "--json").out).Events {
		if e.Kind == "left_behind" {
			text, _ := e.Data["text"].(string)
			texts = append(texts, text)
		}
	}
	return texts
}

// A robot is killed while its run has files and programs. The next robot of the
// machine ends the programs and says so; the run goes on with its files, which
// go when it ends.
func TestKilledRobotLeavesNothing(t *testing.T) {
	if _, err := os.Stat("/proc/self/environ"); err != nil {
		t.Skip("programs that left their group are found on Linux only")
	}
	slow(t)
	fleets(t, func(t *testing.T, h *home) {
		for kind, sleep := range map[string]string{"shared": "98771" + h.nonce(), "remote": "98772" + h.nonce()} {
			t.Run(kind, func(t *testing.T) {
				machine := h
				up := func() *proc { return h.robot("shared") }
				if kind == "remote" {
					d := h.desk(t, "desk", h.serve("serve").url)
					machine, up = d.home, d.up
				}
				h.flow(leaving(sleep))
				run, _ := h.add()
				p := up()
				eventually(t, "the programs are there", 30*time.Second, func() bool { return len(started(t, -1, sleep)) >= 4 && len(machine.leftFiles()) == 2 })
				p.kill()
				if len(started(t, -1, sleep)) == 0 {
					t.Error("nothing of it outlived the robot, so this shows nothing")
				}
				next := up()
				next.sees("removed what killed robots left")
				if left := started(t, -1, sleep); len(left) > 0 {
					t.Errorf("programs are left: %v", left)
				}
				if out := next.out.String(); !strings.Contains(out, "program") || !strings.Contains(out, run) {
					t.Errorf("it does not say what it was:\n%s", out)
				}
				// Whether the program acted only a person can say.
				eventually(t, "the run asks", 120*time.Second, func() bool { return h.show(run).Status == "attention" })
				if facts := h.robotFacts(); !strings.Contains(facts["left_behind"], "program") || !strings.Contains(facts["left_behind"], run) {
					t.Errorf("facts: %v", facts)
				}
				if got := h.leftBehind(run); len(got) == 0 || !strings.Contains(got[0], "sleep") && !strings.Contains(got[0], "sh") {
					t.Errorf("the journal says %q", got)
				}
				h.want(0, "runs", "answer", run, "skip")
				h.settled(run, "done")
				if out := h.show(run).Output; out["text"] != "kept" {
					t.Errorf("output: %v", out)
				}
				eventually(t, "the folder is gone", 20*time.Second, func() bool { return len(machine.leftFiles()) == 0 })
				next.signal(os.Interrupt)
				next.wait(30 * time.Second)
			})
		}
	})
}

// A run is cancelled after its robot was killed: nobody goes on with it, and the
// next robot removes its files.
func TestKilledRobotCancelledRun(t *testing.T) {
	fleets(t, func(t *testing.T, h *home) {
		l := newLedger(t)
		h.flow(`
nodes:
- {id: tmp, type: file.temp_file}
- {id: a, type: http.request, params: {url: "` + l.URL + `/a"}}
edges: [tmp -> a]
`)
		l.holding("a")
		run, _ := h.add()
		p := h.robot("one")
		arrives(l, "a", 1)
		other, _ := h.add()
		q := h.robot("two")
		arrives(l, "a", 2)
		p.kill()
		if n := len(h.leftFiles()); n != 4 {
			t.Fatalf("files: %v", h.leftFiles())
		}
		h.want(0, "runs", "cancel", run)
		h.settled(run, "cancelled")
		next := h.start("robot", "--name", "three")
		next.sees("robot three takes up to")
		if out := next.out.String(); len(h.leftFiles()) == 4 || !strings.Contains(out, "removed what killed robots left: 1 folder (1 file, 0 KiB) of run "+run) {
			t.Errorf("left are %v, and it says:\n%s", h.leftFiles(), out)
		}
		// What belongs to a robot that lives is left alone.
		for _, name := range h.leftFiles() {
			if !strings.HasPrefix(name, other) {
				t.Errorf("left: %s", name)
			}
		}
		l.release()
		h.settled(other, "done")
		q.signal(os.Interrupt)
		q.wait(30 * time.Second)
		if left := h.leftFiles(); len(left) > 0 {
			t.Errorf("left: %v", left)
		}
	})
}

// robotFacts returns the facts of the robot that was heard of last.
func (h *home) robotFacts() map[string]string {
	h.Helper()
	var facts map[string]string
	var seen time.Time
	for _, r := range decode[[]struct {
		Facts map[string]string
		Seen  time.Time
	}](h, h.want(0, "robot", "list", "--json").out) {
		if !r.Seen.Before(seen) {
			facts, seen = r.Facts, r.Seen
		}
	}
	return facts
}

// nonce is a number that other tests do not have.
func (h *home) nonce() string { return "." + strings.Map(digit, filepath.Base(filepath.Dir(h.dir))) }

func digit(r rune) rune {
	if r >= '0' && r <= '9' {
		return r
	}
	return -1
}
