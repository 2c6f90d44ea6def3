package conformance

import (
	"encoding/json"
	"fmt"
	"os"
	"reflect"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestInputs gives inputs in every way there is, right and wrong.
func TestInputs(t *testing.T) {
	t.Parallel()
	h := newHome(t)
	h.flow("inputs:\n  s: string\n  i: int\n  n: number\n  b: bool\n  l: list\n  m: map\n  a: any\n  d: {type: int, default: 7}\n  e: {type: string, enum: [red, blue]}\n  q: {type: string, required: true}\n  long_name: any\n" +
		"outputs: {all: '{{ inputs }}'}\nnodes:\n- {id: a, type: flow.comment}\n")
	h.write("in.json", `{"q": "file", "s": "file", "l": [1, {"x": null}], "n": 2}`)
	h.write("in.yaml", "q: file\nm: {k: [a, b]}\nb: yes\n")
	h.write("broken.json", `{"q": `)
	h.write("unknown.json", `{"q": "x", "strin": 1}`)
	good := []struct{ args, want string }{
		{"-i q=x", `{"a":null,"b":null,"d":7,"e":null,"i":null,"l":null,"long_name":null,"m":null,"n":null,"q":"x","s":null}`},
		{"-i q=12 -i s=true -i i=5 -i n=5 -i b=false -i l=[1,\"x\"] -i m={\"k\":1} -i a=text", `{"a":"text","b":false,"d":7,"e":null,"i":5,"l":[1,"x"],"long_name":null,"m":{"k":1},"n":5,"q":"12","s":"true"}`},
		{"-i q=a=b -i n=1.5 -i a=[1] -i d=1 -i e=red", `{"a":[1],"b":null,"d":1,"e":"red","i":null,"l":null,"long_name":null,"m":null,"n":1.5,"q":"a=b","s":null}`},
		{"--input-file in.json", `{"a":null,"b":null,"d":7,"e":null,"i":null,"l":[1,{"x":null}],"long_name":null,"m":null,"n":2,"q":"file","s":"file"}`},
		{"--input-file in.json -i q=arg", `{"a":null,"b":null,"d":7,"e":null,"i":null,"l":[1,{"x":null}],"long_name":null,"m":null,"n":2,"q":"arg","s":"file"}`},
		{"-i q=", `{"a":null,"b":null,"d":7,"e":null,"i":null,"l":null,"long_name":null,"m":null,"n":null,"q":"","s":null}`},
	}
	for _, tt := range good {
		r := h.want(0, append([]string{"run", "flow.yaml", "--json"}, strings.Fields(tt.args)...)...)
		got, err := json.Marshal(last(t, r.out)["output"].(map[string]any)["all"])
		if err != nil || string(got) != tt.want {
			t.Errorf("%s: got %s, want %s", tt.args, got, tt.want)
		}
	}
	bad := []struct{ args, want string }{
		{"", "q"},
		{"-i q=x -i i=1.5", "i must be"},
		{"-i q=x -i i=one", "not an int"},
		{"-i q=x -i b=1", "b must be of type bool"},
		{"-i q=x -i l={}", "l must be of type list"},
		{"-i q=x -i m=[]", "m must be of type map"},
		{"-i q=x -i e=green", "red"},
		{"-i q=x -i strin=x", "no input strin"},
		{"-i q=x -i long_naem=x", "did you mean long_name?"},
		{"--input-file broken.json", "input file"},
		{"--input-file unknown.json", "no input strin"},
	}
	for _, tt := range bad {
		r := h.aether(append([]string{"run", "flow.yaml"}, strings.Fields(tt.args)...)...)
		if r.code != 2 || !strings.Contains(r.err, tt.want) {
			t.Errorf("%s: exit code %d, want 2 and a message with %q:\n%s", tt.args, r.code, tt.want, r.err)
		}
		plain(t, r)
	}
	if n := len(h.runs()); n != len(good) {
		t.Errorf("there are %d runs, want %d: a refused input must leave none", n, len(good))
	}
}

// TestSameID checks that an id stands for one run: asked for again it gives the
// result, and nothing acts twice.
func TestSameID(t *testing.T) {
	t.Parallel()
	h, l := newHome(t), newLedger(t)
	h.flow("inputs: {n: int}\noutputs: {n: '{{ inputs.n }}', b: '{{ nodes.a.body }}'}\nnodes:\n" + l.post("a", "a"))
	first := h.want(0, "run", "flow.yaml", "--id", "november", "-i", "n=1", "--json")
	again := h.want(0, "run", "flow.yaml", "--id", "november", "-i", "n=1", "--json")
	got, want := last(t, again.out), last(t, first.out)
	delete(got, "ms") // as measured, and as kept in milliseconds
	delete(want, "ms")
	if !reflect.DeepEqual(got, want) {
		t.Errorf("the second time: got %v, want %v", got, want)
	}
	l.want(t, "a")
	r := h.aether("run", "flow.yaml", "--id", "november", "-i", "n=2")
	if r.code != 2 {
		t.Errorf("other inputs under the same id: exit code %d, want 2", r.code)
	}
	refused(t, r, "november", "choose another id")
	h.flow("inputs: {n: int}\nnodes:\n" + l.post("a", "b"))
	if r := h.aether("run", "flow.yaml", "--id", "november", "-i", "n=1"); r.code != 2 {
		t.Errorf("another flow under the same id: exit code %d, want 2", r.code)
	}
	l.want(t, "a")
	if r := h.want(0, "run", "flow.yaml", "-i", "n=1", "-q"); strings.Contains(r.out, "run ") && strings.HasPrefix(r.out, "test") {
		t.Errorf("-q prints more than the result:\n%s", r.out)
	}
}

// TestFailure checks the exit code and what a failed run says.
func TestFailure(t *testing.T) {
	t.Parallel()
	h, l := newHome(t), newLedger(t)
	l.failing("a", 1)
	h.flow("nodes:\n" + l.post("a", "a"))
	r := h.want(1, "run", "flow.yaml", "--id", "f")
	for _, w := range []string{"Failed after", "run f", "418", "aether runs show f", "aether runs retry f"} {
		if !strings.Contains(r.out, w) {
			t.Errorf("the output lacks %q:\n%s", w, r.out)
		}
	}
	if r := h.want(1, "run", "flow.yaml", "--id", "f"); !strings.Contains(r.out, "418") {
		t.Errorf("asked again, the failure is not told:\n%s", r.out)
	}
	l.want(t, "a")
	h.want(0, "run", "flow.yaml", "--id", "g")
}

// TestKill kills the program at three places; the same command goes on and the
// world sees each effect once.
func TestKill(t *testing.T) {
	t.Parallel()
	h, l := newHome(t), newLedger(t)
	h.flow("outputs: {n: '{{ nodes.each.count }}'}\nnodes:\n" + l.post("first", "first") +
		"- {id: each, type: flow.for_each, params: {items: [0, 1, 2]}}\n" + l.post("mid", "in{{ loop.item }}") +
		"- {id: rest, type: flow.wait, params: {for: 700ms}}\n" + l.post("last", "last") + "edges: [first -> each, each.body -> mid, mid -> rest, each.done -> last]\n")
	for i, seen := range []string{"in0", "in1", "in2"} {
		p := h.start("run", "flow.yaml", "--json")
		p.sees(fmt.Sprintf(`"event":"waiting","node":"rest","path":"each[%d]/rest"`, i))
		if !l.has(seen) {
			t.Errorf("%s was not sent", seen)
		}
		p.kill()
		if got := h.runs("--status", "interrupted"); len(got) != 1 {
			t.Fatalf("after the kill there are %d interrupted runs, want 1", len(got))
		}
	}
	r := h.want(0, "run", "flow.yaml")
	if !strings.Contains(r.err, "was interrupted; going on with it") || !strings.Contains(r.out, "n: 3") {
		t.Errorf("the last command said:\n%s%s", r.out, r.err)
	}
	l.want(t, "first in0 in1 in2 last")
	if runs := h.runs(); len(runs) != 1 || runs[0].Status != "done" || runs[0].Resumes != 3 {
		t.Errorf("got %+v, want one run that was taken up again three times", runs)
	}
	h.intact()
}

// TestNew checks that --new leaves an interrupted run alone.
func TestNew(t *testing.T) {
	t.Parallel()
	h, l := newHome(t), newLedger(t)
	h.flow("nodes:\n" + l.post("a", "a") + "- {id: w, type: flow.wait, params: {for: 300ms}}\nedges: [a -> w]\n")
	p := h.start("run", "flow.yaml")
	p.sees("ok       a")
	p.kill()
	h.want(0, "run", "flow.yaml", "--new")
	l.want(t, "a a")
	if n := len(h.runs("--status", "interrupted")); n != 1 {
		t.Errorf("there are %d interrupted runs, want 1", n)
	}
}

// TestInterrupt checks that SIGINT and SIGTERM end the program with 130 and
// that the run goes on later.
func TestInterrupt(t *testing.T) {
	t.Parallel()
	for _, sig := range []os.Signal{os.Interrupt, syscall.SIGTERM} {
		t.Run(sig.String(), func(t *testing.T) {
			t.Parallel()
			h, l := newHome(t), newLedger(t)
			h.flow("nodes:\n" + l.post("a", "a") + "- {id: w, type: flow.wait, params: {for: 1s}}\n" + l.post("b", "b") + "edges: [a -> w, w -> b]\n")
			p := h.start("run", "flow.yaml", "--id", "r")
			p.sees("ok       a")
			p.signal(sig)
			r := p.wait(5 * time.Second)
			if r.code != 130 || !strings.Contains(r.out, "aether runs resume r") || r.err != "" {
				t.Errorf("exit code %d, want 130 and how to go on:\n%s%s", r.code, r.out, r.err)
			}
			h.want(0, "runs", "resume", "r")
			l.want(t, "a b")
		})
	}
}

// interrupted gives a home with a run "r" that was killed while its node
// `send`, which must not be repeated, was acting.
func interrupted(t *testing.T) (*home, *ledger) {
	t.Helper()
	h, l := newHome(t), newLedger(t)
	h.flow("outputs: {s: '{{ nodes.send.status }}'}\nnodes:\n" + l.post("a", "a") + l.post("send", "send") + l.post("b", "b") + "edges: [a -> send, send -> b]\n")
	l.holding("send")
	p := h.start("run", "flow.yaml", "--id", "r")
	eventually(t, "the request is under way", 20*time.Second, func() bool { return l.has("send") })
	p.kill()
	l.release()
	return h, l
}

// TestDecide goes through the three answers to the question whether an
// interrupted node acted.
func TestDecide(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		decide, world, says string
		code                int
	}{
		{"skip", "a send b", "Done", 0},
		{"again", "a send send b", "Done", 0},
		{"fail", "a send", "unknown whether it did", 1},
	} {
		t.Run(tt.decide, func(t *testing.T) {
			t.Parallel()
			h, l := interrupted(t)
			r := h.want(3, "run", "flow.yaml", "--id", "r")
			for _, w := range []string{"waits", "send", "unknown whether it did", "aether runs resume r --at send --decide skip", "again", "fail"} {
				if !strings.Contains(r.out, w) {
					t.Errorf("the output lacks %q:\n%s", w, r.out)
				}
			}
			if s := h.show("r"); s.Status != "attention" || len(s.Waits) != 1 || s.Waits[0]["kind"] != "interrupted" {
				t.Errorf("the run is %+v", s)
			}
			h.want(3, "runs", "resume", "r")
			refused(t, h.want(2, "runs", "resume", "r", "--decide", "maybe"), "skip again fail", "maybe")
			refused(t, h.want(2, "runs", "resume", "r", "--decide", "skip", "--at", "b"), "at b")
			l.want(t, "a send")
			if r := h.want(tt.code, "runs", "resume", "r", "--decide", tt.decide); !strings.Contains(r.out, tt.says) {
				t.Errorf("the output lacks %q:\n%s", tt.says, r.out)
			}
			l.want(t, tt.world)
			refused(t, h.want(2, "runs", "resume", "r", "--decide", "skip"), "does not wait for a decision")
		})
	}
}

// TestApproval answers a question of a flow.
func TestApproval(t *testing.T) {
	t.Parallel()
	h, l := newHome(t), newLedger(t)
	h.flow("outputs: {c: '{{ nodes.ask.choice }}', m: '{{ nodes.ask.comment }}', by: '{{ nodes.ask.by }}'}\nnodes:\n" +
		"- {id: ask, type: flow.wait_for_approval, params: {question: 'Pay {{ 40 + 2 }}?', details: {iban: DE12}}}\n" + l.post("yes_", "yes") + l.post("no_", "no") + "edges: [ask.approve -> yes_, ask.reject -> no_]\n")
	r := h.want(3, "run", "flow.yaml", "--id", "r")
	for _, w := range []string{"Pay 42?", "aether runs resume r --at ask --answer approve", "reject", "DE12"} {
		if !strings.Contains(r.out, w) {
			t.Errorf("the output lacks %q:\n%s", w, r.out)
		}
	}
	if r := h.want(3, "run", "flow.yaml"); !strings.Contains(r.err, "waits for you") {
		t.Errorf("the same command again does not say that the run waits:\n%s%s", r.out, r.err)
	}
	refused(t, h.want(2, "runs", "resume", "r", "--answer", "perhaps"), "approve reject", "perhaps")
	r = h.want(0, "runs", "resume", "r", "--answer", "approve", "--comment", "fine", "--json")
	if got := fmt.Sprint(last(t, r.out)["output"]); got != "map[by:tester c:approve m:fine]" {
		t.Errorf("the output is %s", got)
	}
	l.want(t, "yes")
	if n := len(h.runs()); n != 1 {
		t.Errorf("there are %d runs, want 1", n)
	}
}

// TestMessage sends a message to a parked run; the same message id is once.
func TestMessage(t *testing.T) {
	t.Parallel()
	h := newHome(t)
	h.flow("outputs: {a: '{{ nodes.one.message }}', b: '{{ nodes.two.message }}'}\nnodes:\n- {id: one, type: flow.wait_for_message, params: {topic: bank}}\n- {id: two, type: flow.wait_for_message, params: {topic: bank}}\nedges: [one -> two]\n")
	if r := h.want(3, "run", "flow.yaml", "--id", "r"); !strings.Contains(r.out, "aether runs send r bank") {
		t.Errorf("the output does not say how to send:\n%s", r.out)
	}
	for range 2 {
		h.want(0, "runs", "send", "r", "bank", `{"paid": 3}`, "--message-id", "m1")
	}
	h.want(3, "runs", "resume", "r")
	h.want(0, "runs", "send", "r", "bank", "plain text")
	r := h.want(0, "runs", "resume", "r", "--json")
	if got := fmt.Sprint(last(t, r.out)["output"]); got != "map[a:map[paid:3] b:plain text]" {
		t.Errorf("the output is %s", got)
	}
	refused(t, h.want(2, "runs", "send", "r", "bank", "late"), "has ended")
}

// TestWait checks that --wait stays and takes messages that other processes
// send meanwhile.
func TestWait(t *testing.T) {
	t.Parallel()
	h := newHome(t)
	h.flow("outputs: {m: '{{ nodes.m.message }}'}\nnodes:\n- {id: m, type: flow.wait_for_message, params: {topic: bank}}\n")
	p := h.start("run", "flow.yaml", "--id", "r", "--wait", "--json")
	p.sees(`"event":"waiting","node":"m"`)
	h.want(0, "runs", "send", "r", "bank", "7")
	r := p.wait(10 * time.Second)
	if got := fmt.Sprint(last(t, r.out)["output"]); r.code != 0 || got != "map[m:7]" {
		t.Errorf("exit code %d, output %s", r.code, got)
	}
}

// TestWaitAnswer answers a question while a process stays for it.
func TestWaitAnswer(t *testing.T) {
	t.Parallel()
	h := newHome(t)
	h.flow("outputs: {c: '{{ nodes.ask.choice }}'}\nnodes:\n- {id: ask, type: flow.wait_for_approval, params: {question: 'ok?'}}\n")
	p := h.start("run", "flow.yaml", "--id", "r", "--wait", "--json")
	p.sees(`"event":"waiting","node":"ask"`)
	if r := h.aether("runs", "resume", "r", "--answer", "reject"); r.code > 1 {
		t.Errorf("exit code %d\n%s", r.code, r.err)
	}
	r := p.wait(10 * time.Second)
	if got := fmt.Sprint(last(t, r.out)["output"]); r.code != 0 || got != "map[c:reject]" {
		t.Errorf("exit code %d, output %s", r.code, got)
	}
}

// TestSecondProcess checks that a run has one executor at a time.
func TestSecondProcess(t *testing.T) {
	t.Parallel()
	h, l := newHome(t), newLedger(t)
	h.flow("nodes:\n" + l.post("a", "a") + "- {id: w, type: flow.wait, params: {for: 6s}}\n" + l.post("b", "b") + "edges: [a -> w, w -> b]\n")
	p := h.start("run", "flow.yaml", "--id", "r")
	p.sees("ok       a")
	for _, args := range [][]string{{"run", "flow.yaml", "--id", "r"}, {"runs", "resume", "r"}} {
		r := h.want(1, args...)
		refused(t, r, "run r is being executed by")
	}
	refused(t, h.want(2, "runs", "retry", "r"), "has not ended")
	if r := p.wait(time.Minute); r.code != 0 {
		t.Errorf("the first process: exit code %d\n%s", r.code, r.err)
	}
	l.want(t, "a b")
	h.intact()
}
