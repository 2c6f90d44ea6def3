package engine_test

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aether-rpa/aether/flow"
	"github.com/aether-rpa/aether/internal/durable"
	"github.com/aether-rpa/aether/internal/durable/memrt"
	"github.com/aether-rpa/aether/internal/engine"
	"github.com/aether-rpa/aether/session"
)

// debugger is a run that is executed again and again, each time until it parks.
type debugger struct {
	t      *testing.T
	w      *world
	rt     durable.Runtime
	src    string
	o      engine.Options
	orders atomic.Int64
	res    *engine.Result
	waits  []engine.Wait
	err    error
}

func debugging(t *testing.T, w *world, src string, breaks ...engine.Break) *debugger {
	t.Helper()
	d := &debugger{t: t, w: w, rt: memrt.New(), src: head + src}
	d.o.Orders = &d.orders
	if breaks != nil {
		if err := engine.CheckBreaks(breaks); err != nil {
			t.Fatal(err)
		}
		list := []any{}
		for _, b := range breaks {
			list = append(list, map[string]any{"node": b.Node, "when": b.When})
		}
		d.order(map[string]any{"breakpoints": list})
	}
	return d
}

func at(nodes ...string) (out []engine.Break) {
	for _, n := range nodes {
		out = append(out, engine.Break{Node: n})
	}
	return out
}

func (d *debugger) order(data map[string]any) {
	d.w.mu.Lock()
	d.w.msgs[engine.DebugTopic] = append(d.w.msgs[engine.DebugTopic], engine.Message{ID: fmt.Sprint("o", d.orders.Load()), Data: data})
	d.w.mu.Unlock()
	d.orders.Add(1)
}

// run executes the run until it parks or ends, and returns where it is paused.
func (d *debugger) run() string {
	d.t.Helper()
	d.res, d.err = d.w.start(d.t, d.rt, d.src, d.o)
	d.waits = nil
	var parked *engine.ParkedError
	if errors.As(d.err, &parked) {
		d.waits = parked.Waits
	}
	var at []string
	for _, w := range d.waits {
		at = append(at, w.Path)
	}
	return strings.Join(at, " ")
}

// say gives a command to every line that is paused and goes on.
func (d *debugger) say(command string, set map[string]any) string {
	d.t.Helper()
	for _, w := range d.waits {
		d.tell(w, command, set)
	}
	return d.run()
}

func (d *debugger) tell(w engine.Wait, command string, set map[string]any) {
	d.w.mu.Lock()
	defer d.w.mu.Unlock()
	d.w.msgs[w.Topic] = append(d.w.msgs[w.Topic], engine.Message{ID: fmt.Sprint(len(d.w.msgs[w.Topic])), Data: engine.Command{Command: command, Set: set}.Message()})
}

func (d *debugger) names() []string {
	list, err := d.rt.Entries(d.t.Context(), "r")
	if err != nil {
		d.t.Fatal(err)
	}
	var out []string
	for _, e := range list {
		if !strings.Contains(e.Name, "!paused") {
			out = append(out, e.Name)
		}
	}
	slices.Sort(out)
	return out
}

const (
	straight = "vars: {n: 1}\noutputs: {n: '{{ vars.n }}'}\nnodes:\n- {id: a, type: test.act, params: {value: 1}}\n- {id: s, type: var.increment, params: {name: n}}\n- {id: b, type: test.act, params: {value: '{{ vars.n }}'}}\nedges: [a -> s, s -> b]\n"
	looping  = "vars: {n: 0}\noutputs: {n: '{{ vars.n }}'}\nnodes:\n- {id: e, type: flow.repeat, params: {times: 3}}\n- {id: i, type: flow.if, params: {condition: '{{ loop.index == 1 }}'}}\n- {id: a, type: test.act, params: {value: '{{ loop.index }}'}}\n- {id: s, type: var.increment, params: {name: n}}\n- {id: z, type: test.act}\nedges: [e.body -> i, i.then -> a, i.else -> s, a -> s, e.done -> z]\n"
	trying   = "nodes:\n- {id: t, type: flow.try}\n- {id: a, type: test.act}\n- {id: b, type: test.act}\n- {id: c, type: test.act}\n- {id: f, type: test.act}\n- {id: d, type: test.act}\nedges: [t.try -> a, a -> b, t.catch -> c, t.finally -> f, t.done -> d]\n"
	beside   = "vars: {n: 0}\noutputs: {n: '{{ vars.n }}'}\nnodes:\n- {id: p, type: flow.parallel}\n- {id: a, type: test.act}\n- {id: b, type: test.act}\n- {id: c, type: test.act}\n- {id: d, type: test.act}\n- {id: z, type: test.act}\nedges: [p.branch -> a, a -> b, p.branch -> c, c -> d, p.done -> z]\n"
	atOnce   = "nodes:\n- {id: e, type: flow.for_each, params: {items: [1, 2, 3], concurrency: 2}}\n- {id: a, type: test.act}\n- {id: b, type: test.act}\n- {id: z, type: test.act}\nedges: [e.body -> a, a -> b, e.done -> z]\n"
	calling  = "nodes:\n- {id: k, type: flow.call, params: {flow: sub.yaml}}\n- {id: z, type: test.act}\nedges: [k -> z]\n"
	called   = "aether: 1\nname: sub\nvars: {m: 7}\nnodes:\n- {id: x, type: test.act}\n- {id: y, type: test.act}\nedges: [x -> y]\n"
)

// TestCommands goes through flows of every shape by every command.
func TestCommands(t *testing.T) {
	tests := []struct {
		name, flow string
		breaks     []engine.Break
		fails      map[string]int
		// say lists commands, and where the run is paused after each; the first
		// stands for its start.
		say, at []string
		done    string
	}{
		{name: "breakpoint and continue", flow: straight, breaks: at("b"), say: []string{"", "continue"}, at: []string{"b", ""}, done: "a b"},
		{name: "no breakpoint", flow: straight, say: []string{""}, at: []string{""}, done: "a b"},
		{name: "over goes node by node", flow: straight, breaks: at("a"), say: []string{"", "over", "over", "over"}, at: []string{"a", "s", "b", ""}, done: "a b"},
		{name: "every turn", flow: looping, breaks: at("s"), say: []string{"", "continue", "continue", "continue"}, at: []string{"e[0]/s", "e[1]/s", "e[2]/s", ""}, done: "e[1]/a z"},
		{name: "one turn", flow: looping, breaks: at("e[2]/s"), say: []string{"", "continue"}, at: []string{"e[2]/s", ""}, done: "e[1]/a z"},
		{name: "a place in every turn", flow: looping, breaks: at("e/a"), say: []string{"", "continue"}, at: []string{"e[1]/a", ""}, done: "e[1]/a z"},
		{name: "a condition", flow: looping, breaks: []engine.Break{{Node: "s", When: "vars.n >= 1 && loop.index < 2"}}, say: []string{"", "continue"}, at: []string{"e[1]/s", ""}, done: "e[1]/a z"},
		{name: "a condition in braces", flow: looping, breaks: []engine.Break{{Node: "s", When: "{{ vars.n == 2 }}"}}, say: []string{"", "continue"}, at: []string{"e[2]/s", ""}, done: "e[1]/a z"},
		{name: "over a loop", flow: looping, breaks: at("e"), say: []string{"", "over", "over"}, at: []string{"e", "z", ""}, done: "e[1]/a z"},
		{name: "into a loop, over its turns, out of it", flow: looping, breaks: at("e"), say: []string{"", "into", "over", "over", "over", "out", "out"}, at: []string{"e", "e[0]/i", "e[0]/s", "e[1]/i", "e[1]/a", "z", ""}, done: "e[1]/a z"},
		{name: "a breakpoint ends a step", flow: looping, breaks: at("e", "a"), say: []string{"", "over", "over", "out", "over"}, at: []string{"e", "e[1]/a", "e[1]/s", "z", ""}, done: "e[1]/a z"},
		{name: "over a failure into catch", flow: trying, fails: map[string]int{"a": 1}, breaks: at("a"), say: []string{"", "over", "over", "over", "over"}, at: []string{"a", "c", "f", "d", ""}, done: "a c f d"},
		{name: "out of try", flow: trying, fails: map[string]int{"a": 1}, breaks: at("a"), say: []string{"", "out", "over"}, at: []string{"a", "d", ""}, done: "a c f d"},
		{name: "over try", flow: trying, breaks: at("t"), say: []string{"", "over", "over"}, at: []string{"t", "d", ""}, done: "a b f d"},
		{name: "a line by itself", flow: beside, breaks: at("b"), say: []string{"", "continue"}, at: []string{"b", ""}},
		{name: "two lines", flow: beside, breaks: at("b", "d"), say: []string{"", "over", "continue"}, at: []string{"b d", "z", ""}},
		{name: "into a line beside others, out of it", flow: beside, breaks: at("p"), say: []string{"", "into", "over", "over", "over"}, at: []string{"p", "a", "b", "z", ""}},
		{name: "over lines", flow: beside, breaks: at("p"), say: []string{"", "over", "over"}, at: []string{"p", "z", ""}},
		{name: "turns at once", flow: atOnce, breaks: at("b"), say: []string{"", "continue", "continue"}, at: []string{"e[0]/b e[1]/b", "e[2]/b", ""}},
		{name: "into the first of turns at once, and out", flow: atOnce, breaks: at("e"), say: []string{"", "into", "out", "out"}, at: []string{"e", "e[0]/a", "z", ""}},
		{name: "over a call", flow: calling, breaks: at("k"), say: []string{"", "over", "over"}, at: []string{"k", "z", ""}, done: "k/x k/y z"},
		{name: "into a call and out", flow: calling, breaks: at("k"), say: []string{"", "into", "over", "over", "over"}, at: []string{"k", "k/x", "k/y", "z", ""}, done: "k/x k/y z"},
		{name: "a breakpoint in a called flow", flow: calling, breaks: at("k/y"), say: []string{"", "out", "out"}, at: []string{"k/y", "z", ""}, done: "k/x k/y z"},
		{name: "ids of called flows are their own", flow: calling, breaks: at("y"), say: []string{""}, at: []string{""}, done: "k/x k/y z"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			maps.Copy(w.fails, tt.fails)
			d := debugging(t, w, tt.flow, tt.breaks...)
			d.sub()
			for i, command := range tt.say {
				var got string
				if i == 0 {
					got = d.run()
				} else {
					got = d.say(command, nil)
				}
				if got != tt.at[i] {
					t.Fatalf("after %q (%d): paused at %q, want %q (err %v, res %v)", command, i, got, tt.at[i], d.err, d.res)
				}
			}
			if d.err != nil || d.res.Failure != nil {
				t.Fatalf("err = %v, res = %+v", d.err, d.res)
			}
			if got := strings.Join(w.effects(), " "); tt.done != "" && got != tt.done {
				t.Errorf("done: %s, want %s", got, tt.done)
			}
		})
	}
}

// sub makes the flow known that calling calls.
func (d *debugger) sub() {
	f, err := flow.Decode([]byte(called))
	if err != nil {
		d.t.Fatal(err)
	}
	sub, err := engine.Compile(f, d.w.registry(d.t))
	if err != nil {
		d.t.Fatal(err)
	}
	main, err := flow.Decode([]byte(d.src))
	if err != nil {
		d.t.Fatal(err)
	}
	d.w.subs[sub.Digest] = sub
	d.o.Pins = map[string]string{main.Digest() + ":sub.yaml": sub.Digest}
}

// TestSetVariables: what is set counts from there on, and again on replay; what
// may not be set leaves the run paused.
func TestSetVariables(t *testing.T) {
	w := newWorld(t)
	d := debugging(t, w, straight, at("b", "s")...)
	if got := d.run(); got != "s" {
		t.Fatalf("paused at %q", got)
	}
	p := d.waits[0].Paused
	if p == nil || p.Why != "breakpoint" || p.Node != "s" || string(p.Vars["n"].Value) != "1" || string(p.Input["name"].Value) != `"n"` {
		t.Fatalf("it shows %+v", p)
	}
	w.mask.Add("hunter2-x")
	for _, set := range []map[string]any{{"m": 1}, {"n": map[string]any{"secret": "x"}}, {"n": "my hunter2-x"}} {
		if got := d.say("continue", set); got != "s" {
			t.Fatalf("after %v: paused at %q", set, got)
		}
	}
	if got := d.say("again", nil); got != "s" {
		t.Fatalf("after a word that is no command: paused at %q", got)
	}
	if got := d.say("stay", map[string]any{"n": 40}); got != "s" || string(d.waits[0].Paused.Vars["n"].Value) != "40" || d.waits[0].Paused.Why != "breakpoint" {
		t.Fatalf("paused at %q, shows %+v", got, d.waits)
	}
	if got := d.say("over", map[string]any{"n": 41}); got != "b" || string(d.waits[0].Paused.Input["value"].Value) != "42" {
		t.Fatalf("paused at %q, shows %+v", got, d.waits)
	}
	if got := d.say("continue", nil); got != "" || d.err != nil || d.res.Output["n"] != 42 {
		t.Fatalf("paused at %q, err = %v, res = %+v", got, d.err, d.res)
	}
}

// TestStop: a paused run that is told to stop is cancelled, also when it is taken up again.
func TestStop(t *testing.T) {
	d := debugging(t, newWorld(t), straight, at("b")...)
	d.run()
	for range 2 {
		if d.say("stop", nil); !errors.Is(d.err, engine.ErrCancelled) {
			t.Fatalf("err = %v", d.err)
		}
	}
}

// TestPauseNow: a person wants a pause while the run goes on, and one line of it
// takes that.
func TestPauseNow(t *testing.T) {
	w := newWorld(t)
	d := debugging(t, w, looping)
	wanted := false
	w.hook = func(e engine.Event) {
		if e.Kind == engine.EventFinished && !wanted {
			wanted = true
			d.order(map[string]any{"pause": true, "by": "eve"})
		}
	}
	if got := d.run(); got != "e[1]/s" || d.waits[0].Paused.Why != "pause" {
		t.Fatalf("paused at %q, shows %+v", got, d.waits)
	}
	if got := d.run(); got != "e[1]/s" { // as after a crash
		t.Fatalf("paused at %q", got)
	}
	if got := d.say("continue", nil); got != "" || d.err != nil {
		t.Fatalf("paused at %q, err = %v", got, d.err)
	}
}

// TestBreakpointsWhilePaused: they count from the next node on, and a wish to pause
// where the line is paused is fulfilled.
func TestBreakpointsWhilePaused(t *testing.T) {
	d := debugging(t, newWorld(t), looping, at("e[1]/a")...)
	if got := d.run(); got != "e[1]/a" {
		t.Fatalf("paused at %q", got)
	}
	d.order(map[string]any{"breakpoints": []any{map[string]any{"node": "z"}}})
	d.order(map[string]any{"pause": true})
	if got := d.say("continue", nil); got != "z" || d.waits[0].Paused.Why != "breakpoint" {
		t.Fatalf("paused at %q, shows %+v", got, d.waits)
	}
	d.order(map[string]any{"breakpoints": []any{}})
	if got := d.say("continue", nil); got != "" || d.err != nil {
		t.Fatalf("paused at %q, err = %v", got, d.err)
	}
}

// TestPauseOfAnOldRun: a run that goes on from records pauses where something new
// would happen.
func TestPauseOfAnOldRun(t *testing.T) {
	w := newWorld(t)
	mem := &crashing{Runtime: memrt.New()}
	d := debugging(t, w, straight)
	d.rt = mem
	mem.left.Store(2)
	if d.run(); !errors.Is(d.err, errCrash) {
		t.Fatalf("err = %v", d.err)
	}
	mem.left.Store(1 << 40)
	d.order(map[string]any{"pause": true})
	if got := d.run(); got != "b" {
		t.Fatalf("paused at %q, err %v", got, d.err)
	}
	if got := d.say("continue", nil); got != "" || d.err != nil || d.res.Output["n"] != 2 {
		t.Fatalf("paused at %q, err = %v, res = %+v", got, d.err, d.res)
	}
}

// TestHeld: a paused run that is held goes on in the same execution.
func TestHeld(t *testing.T) {
	w := newWorld(t)
	d := debugging(t, w, straight, at("a")...)
	d.o.HoldPaused = time.Hour
	var seen []string
	w.hook = func(e engine.Event) {
		if e.Kind == engine.EventWaiting {
			seen = append(seen, e.Path)
			d.tell(*e.Wait, "over", nil)
		}
	}
	if got := d.run(); got != "" || d.err != nil || strings.Join(seen, " ") != "a s b" {
		t.Fatalf("paused at %q, err = %v; seen %v", got, d.err, seen)
	}
}

// TestHeldForASession: a run with something live is held for as long as that may
// stay, so that the next step does not build it again.
func TestHeldForASession(t *testing.T) {
	plain := func(b []byte) ([]byte, error) { return b, nil }
	for _, live := range []bool{false, true} {
		w := newWorld(t)
		w.sessions = session.New(session.Config{Providers: map[string]session.Provider{"web": &hall{}}, Seal: plain, Unseal: plain})
		d := debugging(t, w, straight, at("b")...)
		d.o.HoldLive = time.Hour
		w.hook = func(e engine.Event) {
			switch {
			case e.Kind == engine.EventFinished && live:
				if _, err := w.sessions.Open(t.Context(), "web", "browser", true); err != nil {
					t.Error(err)
				}
			case e.Kind == engine.EventWaiting && live:
				d.tell(*e.Wait, "continue", nil)
			}
		}
		if got, want := d.run(), map[bool]string{false: "b", true: ""}[live]; got != want || live && d.err != nil {
			t.Errorf("live %v: paused at %q, want %q; err = %v", live, got, want, d.err)
		}
	}
}

// TestOrderBeforeCommand: breakpoints that were sent before a command count, though
// nobody has told this process of them yet.
func TestOrderBeforeCommand(t *testing.T) {
	w := newWorld(t)
	d := debugging(t, w, straight, at("a")...)
	d.o.HoldPaused = time.Hour
	var seen []string
	w.hook = func(e engine.Event) {
		if e.Kind == engine.EventWaiting {
			if seen = append(seen, e.Path); len(seen) == 1 {
				d.order(map[string]any{"breakpoints": []any{map[string]any{"node": "b"}}})
				d.orders.Add(-1)
			}
			d.tell(*e.Wait, "continue", nil)
		}
	}
	if got := d.run(); got != "" || d.err != nil || strings.Join(seen, " ") != "a b" {
		t.Fatalf("paused at %q, err = %v; seen %v", got, d.err, seen)
	}
}

// TestOddCondition: a condition that cannot be computed pauses and says why.
func TestOddCondition(t *testing.T) {
	d := debugging(t, newWorld(t), straight, engine.Break{Node: "b", When: "vars.n + 1"})
	if got := d.run(); got != "b" || !strings.Contains(d.waits[0].Paused.Note, "it gives int") {
		t.Fatalf("paused at %q, shows %+v", got, d.waits)
	}
	if err := engine.CheckBreaks([]engine.Break{{Node: "b", When: "vars.n +"}}); err == nil {
		t.Error("a condition that cannot be read is taken")
	}
}

// TestPausesChangeNothing pauses at every node of a flow and goes on: it records
// the same executions and ends the same way as when it never paused.
func TestPausesChangeNothing(t *testing.T) {
	for name, src := range map[string]string{"straight": straight, "looping": looping, "trying": trying, "beside": beside, "atOnce": atOnce, "calling": calling} {
		for _, fails := range []int{0, 1} {
			if fails > 0 && name != "trying" {
				continue // what other lines do meanwhile is a matter of timing
			}
			t.Run(fmt.Sprint(name, fails), func(t *testing.T) {
				plain := debugging(t, newWorld(t), src)
				plain.w.fails["b"] = fails
				plain.sub()
				if got := plain.run(); got != "" || plain.err != nil {
					t.Fatalf("paused at %q, err = %v", got, plain.err)
				}
				for _, command := range []string{"continue", "into", "over"} {
					d := debugging(t, newWorld(t), src, everywhere(t, plain.src)...)
					d.w.fails["b"] = fails
					d.sub()
					n := 0
					for got := d.run(); got != ""; got = d.say(command, nil) {
						if n++; n > 100 {
							t.Fatalf("it does not end; paused at %q", got)
						}
					}
					if d.err != nil || n < 2 {
						t.Fatalf("paused %d times, err = %v", n, d.err)
					}
					if got, want := d.names(), plain.names(); !slices.Equal(got, want) {
						t.Errorf("%s: recorded %v\nwant %v", command, got, want)
					}
					if got, want := fmt.Sprint(d.res), fmt.Sprint(plain.res); got != want {
						t.Errorf("%s: ended with %v, want %v", command, got, want)
					}
				}
			})
		}
	}
}

func everywhere(t *testing.T, src string) (out []engine.Break) {
	f, err := flow.Decode([]byte(src))
	if err != nil {
		t.Fatal(err)
	}
	for i := range f.Nodes {
		out = append(out, engine.Break{Node: f.Nodes[i].ID})
	}
	return out
}

// TestPausesSurvive kills a run that is stepped through at each of its records in
// turn: it pauses where it would have, and ends the same.
func TestPausesSurvive(t *testing.T) {
	// The breakpoint and its step lead through a block that is given up.
	src := "vars: {n: 0}\noutputs: {n: '{{ vars.n }}'}\nnodes:\n- {id: t, type: flow.try}\n- {id: p, type: flow.parallel}\n- {id: a, type: test.act}\n- {id: b, type: test.act}\n" +
		"- {id: s, type: var.increment, params: {name: n}}\n- {id: c, type: test.act, params: {value: '{{ vars.n }}'}}\n- {id: z, type: test.act}\n" +
		"edges: [t.try -> p, p.branch -> a, a -> b, t.catch -> s, s -> c, t.done -> z]\n"
	var want []string
	for crash := int64(1 << 40); crash >= 0; crash-- {
		w := newWorld(t)
		w.fails["b"] = 1000
		mem := &crashing{Runtime: memrt.New()}
		mem.left.Store(crash)
		d := debugging(t, w, strings.ReplaceAll(src, "test.act", "test.act, on_interrupted: retry"), at("p")...)
		d.rt = mem
		var got []string
		last := ""
		for where := d.run(); ; where = d.run() {
			if errors.Is(d.err, errCrash) {
				mem.left.Store(1 << 40)
				continue
			}
			if where == "" {
				break
			}
			if where != last {
				got, last = append(got, where), where
			}
			d.tell(d.waits[0], map[string]string{"p": "into", "a": "into", "b": "into"}[where]+map[string]string{"s": "over", "c": "over", "z": "over"}[where], map[string]any{"n": len(got)})
		}
		if d.err != nil || d.res.Failure != nil {
			t.Fatalf("killed after %d: err = %v, res = %+v", crash, d.err, d.res)
		}
		got = append(got, fmt.Sprint(d.res.Output))
		if want == nil {
			if want = got; strings.Join(got, " ") != "p a b s c z map[n:6]" {
				t.Fatalf("paused at %v", got)
			}
			list, err := d.rt.Entries(t.Context(), "r")
			if err != nil {
				t.Fatal(err)
			}
			crash = int64(len(list))
		}
		if !slices.Equal(got, want) {
			t.Errorf("killed after %d records: paused at %v, want %v", crash, got, want)
		}
	}
}
