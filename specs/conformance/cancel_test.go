package conformance

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aether-rpa/aether/process"
)

// started lists the living processes that the aether with that id started, by
// the mark it puts into their environment, and those whose command line holds
// the word.
func started(t testing.TB, aether int, word string) []string {
	t.Helper()
	procs, err := filepath.Glob("/proc/[0-9]*")
	if err != nil || len(procs) == 0 {
		t.Skip("there is no /proc to find processes in")
	}
	var out []string
	for _, p := range procs {
		stat, _ := os.ReadFile(filepath.Join(p, "stat"))
		if i := bytes.LastIndexByte(stat, ')'); i < 0 || len(stat) < i+3 || stat[i+2] == 'Z' {
			continue
		}
		env, _ := os.ReadFile(filepath.Join(p, "environ"))
		line, _ := os.ReadFile(filepath.Join(p, "cmdline"))
		_, mark, marked := strings.Cut(string(env), process.Marker+"=")
		ours := marked && strings.Contains("-"+strings.SplitN(mark, "\x00", 2)[0], "-"+strconv.Itoa(aether)+"-")
		if ours || word != "" && bytes.Contains(line, []byte(word)) {
			out = append(out, p+" "+strings.ReplaceAll(string(line), "\x00", " "))
		}
	}
	return out
}

// busy are flows that stop at something that takes for ever, and what tells
// that they are there. URL stands for the ledger.
var busy = []struct {
	name, flow, event string
	child             string // part of the command line of a process it starts
	held              bool   // the ledger sees a request for hang
}{
	{name: "http", held: true, flow: "nodes:\n- {id: a, type: http.request, params: {url: 'URL/hang', timeout: 10m}}\n"},
	{name: "download", held: true, flow: "nodes:\n- {id: a, type: http.download, params: {url: 'URL/hang', to: got.bin, timeout: 10m}}\n"},
	{name: "grandchildren", child: "sleep 98761", flow: "nodes:\n- id: a\n  type: sys.run\n  params:\n    program: sh\n    timeout: 10m\n    args: ['-c', 'trap \"\" TERM INT HUP; (trap \"\" TERM INT HUP; setsid sh -c \"trap \\\"\\\" TERM INT HUP; sleep 98761; sleep 98761\") & (sleep 98761; sleep 98761) & while :; do sleep 98761; done']\n"},
	{name: "shell", child: "sleep 98762", flow: "nodes:\n- {id: a, type: script.shell, params: {shell: sh, code: 'trap \"\" TERM; nohup sleep 98762 & wait; sleep 98762', timeout: 10m}}\n"},
	{name: "javascript", child: "script-worker", flow: "nodes:\n- {id: a, type: script.javascript, params: {code: 'while (true) {}', timeout: 10m}}\n"},
	{name: "wait", event: `"event":"waiting"`, flow: "nodes:\n- {id: a, type: flow.wait, params: {for: 1h}}\n"},
	{name: "file", event: `"event":"node_started"`, flow: "nodes:\n- {id: a, type: file.wait_for, params: {path: never.txt, timeout: 1h}}\n"},
	{name: "endless loop", event: `"event":"iteration"`, flow: "vars: {n: 0}\nnodes:\n- {id: a, type: flow.while, params: {condition: '{{ true }}', max: 1000000}}\n- {id: b, type: var.increment, params: {name: n}}\nedges: [a.body -> b]\n"},
	{name: "parallel", held: true, child: "sleep 98763", event: `"event":"waiting"`, flow: "nodes:\n- {id: p, type: flow.parallel}\n- {id: a, type: http.request, params: {url: 'URL/hang', timeout: 10m}}\n- {id: b, type: flow.wait, params: {for: 1h}}\n- {id: c, type: sys.run, params: {program: sleep, args: ['98763']}}\nedges: [p.branch -> a, p.branch -> b, p.branch -> c]\n"},
	{name: "turns at once", child: "sleep 98764", flow: "nodes:\n- {id: e, type: flow.repeat, params: {times: 4, concurrency: 4}}\n- {id: a, type: sys.run, params: {program: sleep, args: ['98764']}}\nedges: [e.body -> a]\n"},
	{name: "called flow", child: "sleep 98765", flow: "nodes:\n- {id: a, type: flow.call, params: {flow: sub.yaml}}\n"},
	{name: "retry", event: `"event":"node_retrying"`, flow: "nodes:\n- {id: a, type: http.request, params: {url: 'http://127.0.0.1:1/', retries: 0}, retry: {max_attempts: 100, initial: 1h, max: 1h}}\n"},
}

// TestCancel stops runs at whatever they do, from another process and by
// SIGINT, and checks that nothing is left.
func TestCancel(t *testing.T) {
	slow(t)
	t.Parallel()
	for _, tt := range busy {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			h, l := newHome(t), newLedger(t)
			l.holding("hang")
			h.write("sub.yaml", "aether: 1\nname: sub\nnodes:\n- {id: a, type: sys.run, params: {program: sleep, args: ['98765']}}\n")
			h.flow(strings.ReplaceAll(tt.flow, "URL", l.URL))
			for _, how := range []string{"signal", "cancel"} {
				requests := len(l.noted())
				p := h.start("run", "flow.yaml", "--id", how, "--json")
				if tt.event != "" {
					p.sees(tt.event)
				}
				eventually(t, "it is busy", 20*time.Second, func() bool {
					select {
					case <-p.done:
						t.Fatalf("the run ended:\n%s%s", p.out, p.err)
					default:
					}
					return (!tt.held || len(l.noted()) > requests) && (tt.child == "" || len(started(t, p.cmd.Process.Pid, "")) > 0)
				})
				began := time.Now()
				code, status := 130, "running"
				if how == "signal" {
					p.signal(os.Interrupt)
				} else {
					code, status = 1, "cancelled"
					if r := h.want(0, "runs", "cancel", how); !strings.Contains(r.out, "is cancelled") {
						t.Errorf("runs cancel says:\n%s", r.out)
					}
				}
				r := p.wait(20 * time.Second)
				if took := time.Since(began); took > 5*time.Second {
					t.Errorf("by %s it took %s to stop", how, took)
				}
				if r.code != code {
					t.Errorf("by %s: exit code %d, want %d\n%s%s", how, r.code, code, r.out, r.err)
				}
				plain(t, r)
				if s := h.show(how); s.Status != status || s.Owner != "" {
					t.Errorf("by %s: the run is %s and its owner %q, want %s and no lease", how, s.Status, s.Owner, status)
				}
				if left := started(t, p.cmd.Process.Pid, ""); len(left) > 0 {
					t.Errorf("by %s: processes are left: %v", how, left)
				}
				if left := files(t, filepath.Join(h.data, "work")); len(left) > 0 {
					t.Errorf("by %s: files are left in the work folder: %v", how, left)
				}
				if left, _ := filepath.Glob(filepath.Join(h.data, "work", "*")); len(left) > 0 {
					t.Errorf("by %s: folders are left: %v", how, left)
				}
			}
			// The interrupted run has no process: it is cancelled at once.
			h.want(0, "runs", "cancel", "signal")
			if s := h.show("signal"); s.Status != "cancelled" {
				t.Errorf("the interrupted run is %s", s.Status)
			}
			refused(t, h.want(2, "runs", "cancel", "signal"), "has ended")
			if r := h.want(1, "runs", "resume", "signal"); !strings.Contains(r.err, "aether runs retry signal") {
				t.Errorf("resuming a cancelled run says:\n%s", r.err)
			}
			h.intact()
			if tt.child != "" && strings.HasPrefix(tt.child, "sleep") {
				if left := started(t, -1, strings.ReplaceAll(tt.child, " ", "\x00")); len(left) > 0 {
					t.Errorf("processes are left: %v", left)
				}
			}
		})
	}
}

// TestCancelParked cancels a run that waits for a person.
func TestCancelParked(t *testing.T) {
	t.Parallel()
	h := newHome(t)
	h.flow("nodes:\n- {id: ask, type: flow.wait_for_approval, params: {question: 'ok?'}}\n")
	h.want(3, "run", "flow.yaml", "--id", "r")
	h.want(0, "runs", "cancel", "r")
	if s := h.show("r"); s.Status != "cancelled" || len(s.Waits) > 0 {
		t.Errorf("the run is %+v", s)
	}
	h.want(2, "runs", "resume", "r", "--answer", "approve")
}

// TestKilledTree kills the program while a node runs a program: nothing that it
// started lives on, and the next start tidies the work folder.
func TestKilledTree(t *testing.T) {
	slow(t)
	t.Parallel()
	h := newHome(t)
	h.flow("nodes:\n- {id: a, type: sys.run, params: {program: sh, args: ['-c', 'trap \"\" TERM; sleep 98766 & sleep 98766; sleep 98766'], effect: read}, on_interrupted: retry}\n")
	p := h.start("run", "flow.yaml", "--id", "r")
	eventually(t, "the program runs", 20*time.Second, func() bool { return len(started(t, p.cmd.Process.Pid, "")) >= 3 })
	pid := p.cmd.Process.Pid
	p.kill()
	q := h.start("run", "flow.yaml", "--id", "r")
	eventually(t, "the next aether runs it again", 20*time.Second, func() bool { return len(started(t, q.cmd.Process.Pid, "")) >= 3 })
	eventually(t, "what the killed one started is gone", 5*time.Second, func() bool { return len(started(t, pid, "")) == 0 })
	q.signal(os.Interrupt)
	if r := q.wait(5 * time.Second); r.code != 130 {
		t.Errorf("exit code %d, want 130", r.code)
	}
	if left := started(t, -1, "sleep\x0098766"); len(left) > 0 {
		t.Errorf("processes are left: %v", left)
	}
}
