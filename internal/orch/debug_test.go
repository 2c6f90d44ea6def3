package orch_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/aether-rpa/aether/internal/engine"
	"github.com/aether-rpa/aether/internal/orch"
	"github.com/aether-rpa/aether/internal/queue"
	"github.com/aether-rpa/aether/internal/run"
)

const lookedInto = `aether: 1
name: tried
vars: {n: 1, word: good}
outputs: {n: '{{ vars.n }}'}
nodes:
- {id: one, type: test.do, params: {value: '{{ vars.n }}'}}
- {id: each, type: flow.for_each, params: {items: [1, 2]}}
- {id: two, type: test.do, params: {value: '{{ vars.n + loop.item }}'}}
- {id: three, type: test.do, params: {value: '{{ vars.word }}'}}
edges: [one -> each, each.body -> two, each.done -> three]
`

// paused gives what is shown of the line at a path.
func (b *bench) paused(id, path string) *engine.Paused {
	b.Helper()
	r, err := b.o.Runs.Get(b.Context(), id)
	if err != nil {
		b.Fatal(err)
	}
	d, err := b.o.Debugging(b.Context(), id)
	if err != nil || len(d.Paused) != 1 || d.Paused[0].Path != path || r.Shown() != "paused" {
		b.Fatalf("the run is %s at %+v, want paused at %s (%v)", r.Shown(), d, path, err)
	}
	return d.Paused[0].Paused
}

func (b *bench) debug(id string, d orch.Debug) {
	b.Helper()
	if _, err := b.o.Debug(b.Context(), id, d); err != nil {
		b.Fatal(err)
	}
}

// A run of the queue with breakpoints is paused, looked into, changed and gone on with; a retry of it keeps what was
// changed in what it does not do again.
func TestDebug(t *testing.T) {
	benches(t, func(b *bench) {
		ctx := b.Context()
		f := b.bundle(lookedInto)
		if err := b.o.Publish(ctx, f); err != nil {
			b.Fatal(err)
		}
		for _, tt := range []struct{ node, when, words string }{{"twoo", "", "did you mean"}, {"", "", "needs a node"}, {"two", "vars.", "condition"}, {"no/two", "", "no/two"}} {
			if _, err := b.o.Submit(ctx, f, "", nil, queue.Job{}, engine.Break{Node: tt.node, When: tt.when}); !errors.Is(err, orch.ErrInput) || !strings.Contains(err.Error(), tt.words) {
				b.Errorf("%+v: %v", tt, err)
			}
		}
		sub, err := b.o.Submit(ctx, f, "", nil, queue.Job{Needs: "linux"}, engine.Break{Node: "two", When: "loop.item == 2"})
		if err != nil {
			b.Fatal(err)
		}
		if j, err := b.o.Queue.Get(ctx, sub.Job); err != nil || j.Needs != "pauses && linux" {
			b.Errorf("the job needs %q, %v", j.Needs, err)
		}
		if got := b.goes(ctx, sub.Run); got != run.Waiting {
			b.Fatalf("the run is %s", got)
		}
		p := b.paused(sub.Run, "each[1]/two")
		if p.Why != "breakpoint" || string(p.Vars["n"].Value) != "1" || string(p.Input["value"].Value) != "3" || !strings.Contains(string(p.Loop.Value), `"item":2`) {
			b.Errorf("it shows %+v", p)
		}
		for words, d := range map[string]orch.Debug{
			"no variable m":             {Command: "continue", Set: map[string]any{"m": 1}},
			"cannot hold a secret":      {Command: "continue", Set: map[string]any{"n": map[string]any{"secret": "x"}}},
			"is no command":             {Command: "jump"},
			"is not paused at each[0]":  {Command: "over", At: "each[0]/two"},
			"say what the run is to do": {},
			"no such node":              {Breaks: &[]engine.Break{{Node: "x"}}},
		} {
			if _, err := b.o.Debug(ctx, sub.Run, d); err == nil || !strings.Contains(err.Error(), words) {
				b.Errorf("%+v: %v, want %q", d, err, words)
			}
		}
		if _, err := b.o.Pause(ctx, sub.Run, ""); !errors.Is(err, orch.ErrState) {
			b.Errorf("pausing a paused run: %v", err)
		}
		if _, err := b.o.Send(ctx, sub.Run, engine.DebugTopic+":x", "", 1); !errors.Is(err, orch.ErrInput) {
			b.Errorf("a message in the place of a command: %v", err)
		}
		b.debug(sub.Run, orch.Debug{Set: map[string]any{"n": 10, "word": "bad"}, By: "eve"})
		b.goes(ctx, sub.Run)
		if p = b.paused(sub.Run, "each[1]/two"); string(p.Input["value"].Value) != "12" {
			b.Errorf("after it was set, it shows %+v", p)
		}
		list, err := b.o.Runs.List(ctx, run.Filter{})
		if err != nil || len(list) != 1 || !list[0].Paused {
			b.Fatalf("the list has %+v, %v", list, err)
		}
		if orch.WithoutValues(list[0]); strings.Contains(string(list[0].Waits), "bad") || !strings.Contains(string(list[0].Waits), "each[1]/two") {
			b.Errorf("in a list it shows %s", list[0].Waits)
		}
		// What it is told meanwhile it does in turn.
		b.debug(sub.Run, orch.Debug{Set: map[string]any{"n": 11}})
		b.debug(sub.Run, orch.Debug{Command: "over", Breaks: &[]engine.Break{}})
		b.debug(sub.Run, orch.Debug{Command: "continue"})
		b.goes(ctx, sub.Run)
		if p = b.paused(sub.Run, "three"); string(p.Vars["n"].Value) != "11" {
			b.Errorf("it shows %+v", p)
		}
		b.debug(sub.Run, orch.Debug{Command: "continue"})
		if got := b.goes(ctx, sub.Run); got != run.Failed {
			b.Fatalf("the run is %s", got)
		}
		if got := strings.Join(b.done, " "); got != "one each[0]/two each[1]/two" {
			b.Errorf("done: %s", got)
		}
		if _, err := b.o.Debug(ctx, sub.Run, orch.Debug{Command: "continue"}); !errors.Is(err, orch.ErrState) {
			b.Errorf("a command to a run that has ended: %v", err)
		}

		// The retry begins behind what was changed, and pauses nowhere.
		again, err := b.o.RetryQueued(ctx, sub.Run, "failed", queue.Job{})
		if err != nil {
			b.Fatal(err)
		}
		if j, err := b.o.Queue.Get(ctx, again.Job); err != nil || j.Needs != "pauses" {
			b.Errorf("the job of the retry needs %q, %v", j.Needs, err)
		}
		if got := b.goes(ctx, again.Run); got != run.Failed {
			b.Fatalf("the retry is %s", got)
		}
		if got := strings.Join(b.done, " "); got != "one each[0]/two each[1]/two" {
			b.Errorf("with the retry, done: %s", got)
		}
		// From before the change it is not there.
		if again, err = b.o.RetryQueued(ctx, sub.Run, "each[1]/two", queue.Job{}); err != nil {
			b.Fatal(err)
		}
		if got := b.goes(ctx, again.Run); got != run.Done {
			b.Fatalf("the retry from before is %s", got)
		}
	})
}

// A pause that is asked for before a robot has the run is before its first node, and a stop there cancels it.
func TestPauseAndStop(t *testing.T) {
	benches(t, func(b *bench) {
		ctx := b.Context()
		b.write(lookedInto)
		id := b.start()
		if _, err := b.o.Pause(ctx, id, "eve"); err != nil {
			b.Fatal(err)
		}
		b.goes(ctx, id)
		if p := b.paused(id, "one"); p.Why != "pause" {
			b.Errorf("it shows %+v", p)
		}
		b.debug(id, orch.Debug{Command: "stop"})
		if got := b.goes(ctx, id); got != run.Cancelled {
			b.Fatalf("the run is %s", got)
		}
	})
}

// A run that is told to pause while it is under way goes on with robots that know pauses: one of an older release would
// miss what is changed there.
func TestPauseNeeds(t *testing.T) {
	benches(t, func(b *bench) {
		ctx := b.Context()
		f := b.bundle(lookedInto)
		if err := b.o.Publish(ctx, f); err != nil {
			b.Fatal(err)
		}
		sub, err := b.o.Submit(ctx, f, "", nil, queue.Job{Needs: "linux || windows", Tenant: "acme"})
		if err != nil {
			b.Fatal(err)
		}
		old, recent := queue.Want{Robot: "old", Labels: []string{"linux"}}, queue.Want{Robot: "recent", Labels: []string{"linux", orch.DebugLabel}}
		got, err := b.o.Queue.Claim(ctx, old)
		if err != nil || got[0] == nil {
			b.Fatalf("an old robot gets %v, %v", got, err)
		}
		for range 2 {
			if _, err := b.o.Pause(ctx, sub.Run, "eve"); err != nil {
				b.Fatal(err)
			}
		}
		if err := b.o.Queue.Release(ctx, got[0], time.Time{}); err != nil {
			b.Fatalf("who has the job keeps it: %v", err)
		}
		if got, err = b.o.Queue.Claim(ctx, old); err != nil || got[0] != nil {
			b.Errorf("then an old robot gets %v, %v", got, err)
		}
		if got, err = b.o.Queue.Claim(ctx, recent); err != nil || got[0] == nil || got[0].Needs != "pauses && (linux || windows)" || got[0].Tenant != "acme" {
			b.Errorf("a recent one gets %+v, %v", got, err)
		}
	})
}

// A development run has breakpoints, and what is evaluated of it later sees what was set.
func TestTryWithBreakpoints(t *testing.T) {
	benches(t, func(b *bench) {
		ctx := b.Context()
		f := b.bundle(lookedInto)
		sub, err := b.o.TryQueued(ctx, orch.Try{Flow: f, Mode: run.TryFrom, Node: "one", Breaks: []engine.Break{{Node: "one"}}, By: "eve"}, queue.Job{})
		if err != nil {
			b.Fatal(err)
		}
		if j, err := b.o.Queue.Get(ctx, sub.Job); err != nil || j.Needs != "pauses && tries" {
			b.Errorf("the job needs %q, %v", j.Needs, err)
		}
		b.goes(ctx, sub.Run)
		b.paused(sub.Run, "one")
		b.debug(sub.Run, orch.Debug{Command: "continue", Set: map[string]any{"n": 7}})
		if got := b.goes(ctx, sub.Run); got != run.Done {
			b.Fatalf("the run is %s", got)
		}
		r, err := b.o.Runs.Get(ctx, sub.Run)
		if err != nil || string(r.Output) != `{"n":7}` {
			b.Errorf("output %s, %v", r.Output, err)
		}
		e, err := b.o.Evaluate(ctx, orch.Evaluate{Flow: f.Flow, Node: "three", Run: sub.Run, Expressions: []string{"{{ vars.n }}"}})
		if err != nil {
			b.Fatal(err)
		}
		if out, err := json.Marshal(e); err != nil || !strings.Contains(string(out), "7") {
			b.Errorf("it evaluates to %s, %v", out, err)
		}
	})
}
