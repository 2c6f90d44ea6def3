package orch_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/aether-rpa/aether/internal/orch"
	"github.com/aether-rpa/aether/internal/queue"
	"github.com/aether-rpa/aether/internal/run"
	"github.com/aether-rpa/aether/node"
)

type doIn struct {
	Value any `json:"value" doc:"Value to give back."`
}

type doOut struct {
	Value any `json:"value" doc:"The value given."`
}

// bench is where flows are tried: what acts is noted.
type bench struct {
	*shop
	mu   sync.Mutex
	done []string
}

func benches(t *testing.T, fn func(b *bench)) {
	t.Helper()
	shops(t, func(s *shop) {
		b := &bench{shop: s}
		def, err := node.DefOf(node.Spec[doIn, doOut]{Type: "test.do", Title: "Do", Doc: "Does something.", Effect: node.Once,
			Run: func(_ context.Context, env *node.Env, in doIn) (doOut, error) {
				b.mu.Lock()
				defer b.mu.Unlock()
				if in.Value == "bad" {
					return doOut{}, errors.New("it is bad")
				}
				b.done = append(b.done, env.Run.Path)
				return doOut(in), nil
			}})
		if err != nil {
			t.Fatal(err)
		}
		s.o.Nodes = s.o.Nodes.With(def)
		s.robot.Nodes = s.o.Nodes
		fn(b)
	})
}

const triedFlow = `aether: 1
name: tried
inputs:
  who: {type: string, default: Ada}
nodes:
- {id: one, type: test.do, params: {value: 'hello {{ inputs.who }}'}}
- {id: each, type: flow.for_each, params: {items: [1, 2]}}
- {id: two, type: test.do, params: {value: '{{ nodes.one.value }} {{ loop.item }}'}}
- {id: three, type: test.do, params: {value: '{{ nodes.two.value }}!'}}
edges: [one -> each, each.body -> two, each.done -> three]
`

func (b *bench) bundle(text string) *orch.Bundle {
	b.Helper()
	f, err := b.o.LoadFiles(b.Context(), map[string]string{"tried.flow.yaml": text}, "tried.flow.yaml", "")
	if err != nil {
		b.Fatal(err)
	}
	return f
}

// try makes a development run, executes it, and returns what acted in it.
func (b *bench) try(t orch.Try) (*run.Run, string) {
	b.Helper()
	b.done = nil
	sub, err := b.o.TryQueued(b.Context(), t, queue.Job{})
	if err != nil {
		b.Fatal(err)
	}
	if got := b.goes(b.Context(), sub.Run); got != run.Done && got != run.Failed {
		b.Fatalf("the run is %s", got)
	}
	r, err := b.o.Runs.Get(b.Context(), sub.Run)
	if err != nil {
		b.Fatal(err)
	}
	return r, strings.Join(b.done, " ")
}

// A flow that is being written is tried about one node, on what was recorded.
func TestTry(t *testing.T) {
	benches(t, func(b *bench) {
		b.write(triedFlow)
		id := b.start()
		if got := b.goes(b.Context(), id); got != run.Done {
			b.Fatalf("the run is %s", got)
		}
		changed := strings.ReplaceAll(triedFlow, "loop.item }}", "loop.item * 10 }}")
		pins := map[string]map[string]any{"one": {"value": "pinned"}}
		for _, tt := range []struct {
			name string
			try  orch.Try
			done string // what acts
			last string // output of the last step that is of the node
		}{
			{"to, from nothing", orch.Try{Mode: run.TryTo, Node: "two"}, "one each[0]/two", "hello Ada 1"},
			{"to, with inputs", orch.Try{Mode: run.TryTo, Node: "one", Input: map[string]any{"who": "Bo"}}, "one", "hello Bo"},
			{"to, on records", orch.Try{Mode: run.TryTo, Node: "three", Of: id}, "three", "hello Ada 2!"},
			{"to, on records of another text", orch.Try{Flow: b.bundle(changed), Mode: run.TryTo, Node: "three", Of: id}, "each[0]/two each[1]/two three", "hello Ada 20!"},
			{"to, pinned", orch.Try{Mode: run.TryTo, Node: "two", Pins: pins}, "each[0]/two", "pinned 1"},
			{"node", orch.Try{Mode: run.TryNode, Node: "three", Of: id}, "three", "hello Ada 2!"},
			{"node in a turn, of another text", orch.Try{Flow: b.bundle(changed), Mode: run.TryNode, Node: "two", At: "each[1]/two", Of: id}, "each[1]/two", "hello Ada 20"},
			{"node on pins", orch.Try{Mode: run.TryNode, Node: "two", At: "each[0]/two", Of: id, Pins: pins}, "each[0]/two", "pinned 1"},
			{"from", orch.Try{Mode: run.TryFrom, Node: "two", Of: id}, "each[0]/two each[1]/two three", "hello Ada 2"},
			{"from a turn", orch.Try{Mode: run.TryFrom, Node: "two", At: "each[1]/two", Of: id}, "each[1]/two three", "hello Ada 2"},
			{"from, with a failure", orch.Try{Mode: run.TryFrom, Node: "three", Of: id, Pins: map[string]map[string]any{"two": {"value": "bad"}}}, "three", "bad!"},
		} {
			if tt.try.Flow == nil {
				tt.try.Flow = b.bundle(triedFlow)
			}
			r, done := b.try(tt.try)
			if done != tt.done {
				b.Errorf("%s: %q acted, want %q (%v)", tt.name, done, tt.done, r.Failure)
			}
			steps, err := b.o.Steps(b.Context(), r.ID, orch.StepFilter{Node: tt.try.Node, Limit: 100})
			if err != nil || len(steps) == 0 {
				b.Fatalf("%s: %v %v", tt.name, steps, err)
			}
			if got := string(steps[len(steps)-1].Output); got != `{"value":"`+tt.last+`"}` {
				b.Errorf("%s: the node gave %s, want %s", tt.name, got, tt.last)
			}
			if d := r.Development; d == nil || d.Node != tt.try.Node || d.Mode != tt.try.Mode || d.Of != tt.try.Of {
				b.Errorf("%s: it is marked %+v", tt.name, d)
			}
		}
		// A node that was tried alone was recorded last; it is before what follows it all the same.
		alone, _ := b.try(orch.Try{Flow: b.bundle(triedFlow), Mode: run.TryNode, Node: "one", Of: id})
		if _, done := b.try(orch.Try{Flow: b.bundle(triedFlow), Mode: run.TryFrom, Node: "one", Of: alone.ID}); done != "one each[0]/two each[1]/two three" {
			b.Errorf("from what was tried alone, %q acted", done)
		}
		if _, done := b.try(orch.Try{Flow: b.bundle(triedFlow), Mode: run.TryFrom, Node: "two", At: "each[1]/two", Of: alone.ID}); done != "each[1]/two three" {
			b.Errorf("from a turn on the records of what was tried alone, %q acted", done)
		}
		for which, want := range map[string]int{"": 15, run.WithoutDevelopment: 1, run.OnlyDevelopment: 14} {
			list, err := b.o.Runs.List(b.Context(), run.Filter{Flow: "tried", Development: which})
			if err != nil || len(list) != want {
				b.Errorf("%d runs are listed with %q, want %d (%v)", len(list), which, want, err)
			}
		}
		if list, err := b.o.Runs.Versions(b.Context(), "tried", 10); err != nil || len(list) != 1 {
			b.Errorf("what was only tried is among the versions: %v %v", list, err)
		}
		if _, err := b.o.Push(b.Context(), b.bundle(changed), orch.Author{}, ""); err != nil {
			b.Fatal(err)
		}
		if list, err := b.o.Runs.Versions(b.Context(), "tried", 10); err != nil || len(list) != 2 {
			b.Errorf("a version that was tried and then pushed is not among them: %v %v", list, err)
		}
	})
}

// Pins hold for the run they were given for, and for those that retry it.
func TestPinsStayInDevelopment(t *testing.T) {
	benches(t, func(b *bench) {
		flow := b.bundle(triedFlow)
		pins := map[string]map[string]any{"one": {"value": "pinned"}}
		r, _ := b.try(orch.Try{Flow: flow, Mode: run.TryFrom, Node: "one", Pins: pins})
		plan, err := b.o.Retry(b.Context(), r.ID, orch.Retry{From: "start"})
		if err != nil {
			b.Fatal(err)
		}
		if plan.Run.Development == nil {
			b.Error("the retry of a development run is one of the flow's own")
		}
		b.done = nil
		b.goes(b.Context(), plan.Run.ID)
		if slices.Contains(b.done, "one") {
			b.Error("the retry of a development run forgot its pins")
		}
		if again, done := b.try(orch.Try{Flow: flow, Mode: run.TryTo, Node: "two", Of: r.ID}); done != "one each[0]/two" {
			b.Errorf("on the records of a run with pins, %q acted (%v)", done, again.Failure)
		}
		own, _, err := b.o.Start(b.Context(), flow, "", nil)
		if err != nil {
			b.Fatal(err)
		}
		b.done = nil
		b.goes(b.Context(), own.ID)
		if !slices.Contains(b.done, "one") {
			b.Error("a run of the flow used a pin")
		}
	})
}

func TestTryRefuses(t *testing.T) {
	benches(t, func(b *bench) {
		flow := b.bundle(triedFlow)
		for want, try := range map[string]orch.Try{
			`no node "nothing"`:            {Mode: run.TryTo, Node: "nothing"},
			"not an execution of the node": {Mode: run.TryNode, Node: "two", At: "each[0]/three"},
			"decides where the flow goes":  {Mode: run.TryTo, Node: "two", Pins: map[string]map[string]any{"each": {}}},
			`the node "gone", which`:       {Mode: run.TryTo, Node: "two", Pins: map[string]map[string]any{"gone": {}}},
			`test.do gives no "vale"`:      {Mode: run.TryTo, Node: "two", Pins: map[string]map[string]any{"one": {"vale": 1}}},
			"unpin it first":               {Mode: run.TryNode, Node: "one", Pins: map[string]map[string]any{"one": {"value": 1}}},
			"run not found":                {Mode: run.TryTo, Node: "two", Of: "none"},
			"has no input whom":            {Mode: run.TryTo, Node: "two", Input: map[string]any{"whom": "x"}},
		} {
			try.Flow = flow
			if _, err := b.o.TryQueued(b.Context(), try, queue.Job{}); err == nil || !strings.Contains(err.Error(), want) {
				b.Errorf("%+v: %v, want %s", try, err, want)
			}
		}
	})
}

// Values are what the node would get, and say why where they are not known.
func TestEvaluate(t *testing.T) {
	benches(t, func(b *bench) {
		b.write(triedFlow)
		id := b.start()
		b.goes(b.Context(), id)
		flow := b.bundle(triedFlow).Flow
		for _, tt := range []struct {
			name string
			q    orch.Evaluate
			want string
		}{
			{"param", orch.Evaluate{Node: "two", Run: id}, "hello Ada 1"},
			{"turn", orch.Evaluate{Node: "two", Run: id, At: "each[1]/two"}, "hello Ada 2"},
			{"override", orch.Evaluate{Node: "two", Run: id, Params: map[string]any{"value": []any{map[string]any{"a": "{{ loop.index + 5 }}"}}}}, "a=5"},
			{"pin", orch.Evaluate{Node: "two", Run: id, Pins: map[string]map[string]any{"one": {"value": "x"}}}, "x 1"},
			{"nothing has run", orch.Evaluate{Node: "two"}, "nodes.one has not run yet"},
			{"not yet", orch.Evaluate{Node: "two", Run: id, Params: map[string]any{"value": "{{ nodes.three.value }}"}}, "nodes.three has not run yet"},
			{"misspelt", orch.Evaluate{Node: "two", Run: id, Params: map[string]any{"value": "{{ nodes.onee.value }}"}}, "no node onee (did you mean one?)"},
			{"wrong", orch.Evaluate{Node: "two", Run: id, Params: map[string]any{"value": "{{ 1 + }}"}}, "expression {{ 1 + }}"},
			{"too much", orch.Evaluate{Node: "two", Run: id, Params: map[string]any{"value": "{{ 1..100000 | map(1..100000) }}"}}, "MiB of data"},
		} {
			tt.q.Flow = flow
			got, err := b.o.Evaluate(b.Context(), tt.q)
			if err != nil {
				b.Fatalf("%s: %v", tt.name, err)
			}
			if text := said(got.Params["value"]); !strings.Contains(text, tt.want) {
				b.Errorf("%s: %q, want %q", tt.name, text, tt.want)
			}
			if tt.q.Run != "" && (!got.Reached || strings.Join(got.Paths, " ") != "each[0]/two each[1]/two") {
				b.Errorf("%s: it looked at %+v", tt.name, got)
			}
		}
		got, err := b.o.Evaluate(b.Context(), orch.Evaluate{Flow: flow, Node: "three", Run: id, Expressions: []string{"{{ inputs.who }}", "{{ error }}"}})
		if err != nil || said(got.Expressions[0]) != "Ada" || got.Output == nil || len(got.Paths) > 0 {
			b.Errorf("%+v %v", got, err)
		}
		if len(b.done) != 4 {
			b.Errorf("evaluating acted: %v", b.done)
		}
	})
}

func said(a *orch.Answer) string {
	switch {
	case a == nil:
		return "nothing"
	case a.Problem != "":
		return a.Problem
	}
	return show(a.Value)
}

func show(p *orch.Peek) string {
	var out []string
	for _, f := range p.Fields {
		out = append(out, f.Name+"="+show(f.Value))
	}
	for _, i := range p.Items {
		out = append(out, show(i))
	}
	if p.Fields != nil || p.Items != nil {
		return strings.Join(out, ",")
	}
	s, _ := p.Value.(string)
	if n, ok := p.Value.(int); ok {
		return string(rune('0' + n))
	}
	return s
}
