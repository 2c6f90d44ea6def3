package engine_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aether-rpa/aether/artifact/disk"
	"github.com/aether-rpa/aether/flow"
	"github.com/aether-rpa/aether/internal/durable"
	"github.com/aether-rpa/aether/internal/durable/memrt"
	"github.com/aether-rpa/aether/internal/engine"
	"github.com/aether-rpa/aether/internal/mask"
	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/node/nodetest"
	_ "github.com/aether-rpa/aether/nodes/all"
	"github.com/aether-rpa/aether/session"
	"github.com/aether-rpa/aether/value"
	"github.com/aether-rpa/aether/vault"
)

// world is what the test nodes act on: it counts what was done to it.
type world struct {
	mu     sync.Mutex
	done   []string       // effects in order: "path token"
	fails  map[string]int // node id -> how often it still fails
	kind   string         // of these failures
	block  chan struct{}  // test.block waits for it
	events []engine.Event
	hook   func(engine.Event) // called with each event
	msgs   map[string][]engine.Message
	store  *disk.Store
	mask   mask.Set
	now    func() time.Time
	subs   map[string]*engine.Plan
	secret error // of reading a secret
	items  *nodetest.Items

	sessions *session.Table
}

func newWorld(t testing.TB) *world {
	return &world{fails: map[string]int{}, kind: node.KindNetwork, block: make(chan struct{}), msgs: map[string][]engine.Message{}, store: disk.Open(t.TempDir()), now: time.Now, subs: map[string]*engine.Plan{}}
}

func (w *world) Flow(_ context.Context, digest string) (*engine.Plan, error) {
	if p := w.subs[digest]; p != nil {
		return p, nil
	}
	return nil, fmt.Errorf("no flow %s", digest)
}

func (w *world) Env(info node.RunInfo, token string) *node.Env {
	e := &node.Env{Log: slog.New(slog.NewTextHandler(io.Discard, nil)), Run: info, Token: token, Artifacts: w.store, Now: w.now, Sessions: w.sessions}
	if w.items != nil {
		e.Items = w.items
	}
	return e
}

func (w *world) Secret(_ context.Context, name string) (vault.Secret, error) {
	if w.secret != nil {
		return vault.Secret{}, w.secret
	}
	w.mask.Add("hunter2-" + name)
	return vault.New("hunter2-" + name), nil
}

func (w *world) Messages(_ context.Context, topic string) ([]engine.Message, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]engine.Message(nil), w.msgs[topic]...), nil
}

func (w *world) Store() value.Sink { return w.store }
func (w *world) Emit(e engine.Event) {
	w.mu.Lock()
	w.events = append(w.events, e)
	hook := w.hook
	w.mu.Unlock()
	if hook != nil {
		hook(e)
	}
}
func (w *world) Mask(v any) any           { return w.mask.Value(v) }
func (w *world) Sessions() *session.Table { return w.sessions }

func (w *world) effects() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]string(nil), w.done...)
}

type actIn struct {
	Value  any          `json:"value" doc:"Value to give back."`
	Effect string       `json:"effect" default:"once" doc:"Effect class."`
	Token  vault.Secret `json:"token" doc:"A secret."`
}

type actOut struct {
	Value any    `json:"value" doc:"The value given."`
	Token string `json:"token" doc:"The secret, badly leaked."`
}

// registry has the real control nodes and a node that acts on w.
func (w *world) registry(t testing.TB) *node.Registry {
	def, err := node.DefOf(node.Spec[actIn, actOut]{
		Type: "test.act", Title: "Act", Doc: "Acts on the world of a test.", Effect: node.Once,
		EffectOf: func(in actIn) node.Effect {
			return map[string]node.Effect{"pure": node.Pure, "read": node.Read, "idempotent": node.Idempotent, "once": node.Once}[in.Effect]
		},
		Run: func(ctx context.Context, env *node.Env, in actIn) (actOut, error) {
			w.mu.Lock()
			defer w.mu.Unlock()
			if in.Effect != "pure" {
				w.done = append(w.done, env.Run.Path)
			}
			if w.fails[env.Run.Node] > 0 {
				w.fails[env.Run.Node]--
				return actOut{}, node.Fail(w.kind, "the world said no", "")
			}
			return actOut{Value: in.Value, Token: in.Token.Reveal()}, nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	blocks, err := node.DefOf(node.Spec[struct{}, struct{}]{
		Type: "test.block", Title: "Block", Doc: "Waits until the test lets it go.", Effect: node.Read,
		Run: func(ctx context.Context, _ *node.Env, _ struct{}) (struct{}, error) {
			select {
			case <-ctx.Done():
				return struct{}{}, ctx.Err()
			case <-w.block:
				return struct{}{}, nil
			}
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return node.Default.With(def, blocks)
}

// start runs a flow on a runtime under the id "r".
func (w *world) start(t testing.TB, rt durable.Runtime, src string, o engine.Options) (*engine.Result, error) {
	t.Helper()
	f, err := flow.Decode([]byte(src))
	if err != nil {
		t.Fatalf("the flow of the test:\n%v", err)
	}
	p, err := engine.Compile(f, w.registry(t))
	if err != nil {
		t.Fatal(err)
	}
	o.RunID, o.Now, o.Started = "r", w.now, time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	if o.Input == nil {
		o.Input = map[string]any{}
	}
	var res *engine.Result
	_, err = rt.Run(t.Context(), "r", func(ctx context.Context, log durable.Log) ([]byte, error) {
		var err error
		res, err = engine.Execute(ctx, p, log, w, o, &engine.Counters{})
		return []byte("{}"), err
	})
	return res, err
}

const head = "aether: 1\nname: test\n"

// TestFlows walks small flows and compares their outputs, failures and effects.
func TestFlows(t *testing.T) {
	tests := []struct {
		name, flow string
		fails      map[string]int
		kind       string
		out        map[string]any
		fail       string // part of the failure
		done       string // effects in order, by path
	}{
		{
			name: "sequence with expressions",
			flow: "outputs: {x: '{{ nodes.b.value + 1 }}', s: 'n={{ vars.n }}'}\nvars: {n: 2}\nnodes:\n- {id: a, type: test.act, params: {value: '{{ vars.n * 3 }}'}}\n- {id: b, type: test.act, params: {value: '{{ nodes.a.value * 2 }}'}}\nedges: [a -> b]\n",
			out:  map[string]any{"x": 13, "s": "n=2"}, done: "a b",
		},
		{
			name: "if takes one way and both meet",
			flow: "outputs: {x: '{{ vars.x }}'}\nnodes:\n- {id: i, type: flow.if, params: {condition: '{{ 1 > 2 }}'}}\n- {id: y, type: var.set, params: {name: x, value: yes}}\n- {id: n, type: var.set, params: {name: x, value: 'no'}}\n- {id: z, type: test.act}\nedges: [i.then -> y, i.else -> n, y -> z, n -> z]\n",
			out:  map[string]any{"x": "no"}, done: "z",
		},
		{
			name: "switch by value, condition and default",
			flow: "outputs: {l: '{{ vars.l }}'}\nnodes:\n- {id: e, type: flow.for_each, params: {items: [a, 7, zz]}}\n- id: s\n  type: flow.switch\n  params: {value: '{{ loop.item }}', cases: [{port: one, equals: a}, {port: two, when: '{{ value == 7 }}'}]}\n- {id: a, type: var.append, params: {name: l, item: one}}\n- {id: b, type: var.append, params: {name: l, item: two}}\n- {id: c, type: var.append, params: {name: l, item: rest}}\nedges: [e.body -> s, s.one -> a, s.two -> b, s.default -> c]\n",
			out:  map[string]any{"l": []any{"one", "two", "rest"}},
		},
		{
			name: "nested loops, break, continue, collect",
			flow: "outputs: {r: '{{ nodes.o.results }}', c: '{{ nodes.i.count }}'}\nvars: {n: 0}\nnodes:\n" +
				"- {id: o, type: flow.for_each, params: {items: [10, 20, 30], collect: '{{ vars.n }}'}}\n" +
				"- {id: i, type: flow.repeat, params: {times: 5}}\n" +
				"- {id: odd, type: flow.if, params: {condition: '{{ loop.item == 2 }}'}}\n- {id: c, type: flow.continue}\n" +
				"- {id: big, type: flow.if, params: {condition: '{{ loop.item == 4 }}'}}\n- {id: b, type: flow.break}\n" +
				"- {id: add, type: var.increment, params: {name: n, by: '{{ loops.o.item + loop.item }}'}}\n" +
				"edges: [o.body -> i, i.body -> odd, odd.then -> c, odd.else -> big, big.then -> b, big.else -> add]\n",
			out: map[string]any{"r": []any{24, 68, 132}, "c": 3},
		},
		{
			name: "while counts",
			flow: "outputs: {n: '{{ vars.n }}', c: '{{ nodes.w.count }}'}\nvars: {n: 1}\nnodes:\n- {id: w, type: flow.while, params: {condition: '{{ vars.n < 100 }}'}}\n- {id: d, type: var.set, params: {name: n, value: '{{ vars.n * 2 }}'}}\nedges: [w.body -> d]\n",
			out:  map[string]any{"n": 128, "c": 7},
		},
		{
			name: "while has a limit", fail: "did not end after 3 turns",
			flow: "nodes:\n- {id: w, type: flow.while, params: {condition: '{{ true }}', max: 3}}\n- {id: d, type: flow.comment}\nedges: [w.body -> d]\n",
		},
		{
			name: "a node is tried again", fails: map[string]int{"a": 2}, done: "a a a",
			flow: "nodes:\n- {id: a, type: test.act, retry: {max_attempts: 3, initial: 1ms}}\n",
		},
		{
			name: "business failures are not tried again", fails: map[string]int{"a": 2}, kind: node.KindBusiness, done: "a", fail: "a: the world said no",
			flow: "nodes:\n- {id: a, type: test.act, retry: {max_attempts: 3, initial: 1ms}}\n",
		},
		{
			name: "retry.on decides", fails: map[string]int{"a": 1}, kind: node.KindBusiness, done: "a a",
			flow: "nodes:\n- {id: a, type: test.act, retry: {max_attempts: 3, initial: 1ms, on: [business]}}\n",
		},
		{
			name: "on_error continue shows the error", fails: map[string]int{"a": 1}, done: "a b", out: map[string]any{"m": "the world said no"},
			flow: "outputs: {m: '{{ nodes.a.error.message }}'}\nnodes:\n- {id: a, type: test.act, on_error: continue}\n- {id: b, type: test.act}\nedges: [a -> b]\n",
		},
		{
			name: "an error wire", fails: map[string]int{"a": 1}, done: "a c", out: map[string]any{"k": "network"},
			flow: "outputs: {k: '{{ error.kind }}'}\nnodes:\n- {id: a, type: test.act}\n- {id: b, type: test.act}\n- {id: c, type: test.act}\nedges: [a -> b, a.error -> c]\n",
		},
		{
			name: "retry comes before on_error", fails: map[string]int{"a": 1}, done: "a a b", out: map[string]any{"e": nil},
			flow: "outputs: {e: '{{ nodes.a.error }}'}\nnodes:\n- {id: a, type: test.act, on_error: continue, retry: {max_attempts: 2, initial: 1ms}}\n- {id: b, type: test.act}\nedges: [a -> b]\n",
		},
		{
			name: "try catch finally", fails: map[string]int{"a": 1}, done: "a c f d", out: map[string]any{"m": "the world said no", "after": nil, "was": true},
			flow: "outputs: {m: '{{ vars.m }}', after: '{{ error }}', was: '{{ nodes.t.failed }}'}\nnodes:\n- {id: t, type: flow.try}\n- {id: a, type: test.act}\n- {id: b, type: test.act}\n- {id: s, type: var.set, params: {name: m, value: '{{ error.message }}'}}\n- {id: c, type: test.act}\n- {id: f, type: test.act}\n- {id: d, type: test.act}\nedges: [t.try -> a, a -> b, t.catch -> s, s -> c, t.finally -> f, t.done -> d]\n",
		},
		{
			name: "without catch the failure goes on after finally", fails: map[string]int{"a": 1}, done: "a f", fail: "a: the world said no",
			flow: "nodes:\n- {id: t, type: flow.try}\n- {id: a, type: test.act}\n- {id: f, type: test.act}\n- {id: d, type: test.act}\nedges: [t.try -> a, t.finally -> f, t.done -> d]\n",
		},
		{
			name: "rethrow", fails: map[string]int{"a": 1}, done: "a", fail: "the world said no",
			flow: "nodes:\n- {id: t, type: flow.try}\n- {id: a, type: test.act}\n- {id: r, type: flow.fail, params: {rethrow: true, error: '{{ error }}'}}\nedges: [t.try -> a, t.catch -> r]\n",
		},
		{
			name: "break passes through finally", done: "e[0]/f",
			flow: "nodes:\n- {id: e, type: flow.repeat, params: {times: 3}}\n- {id: t, type: flow.try}\n- {id: b, type: flow.break}\n- {id: f, type: test.act}\nedges: [e.body -> t, t.try -> b, t.finally -> f]\n",
		},
		{
			name: "a retry block walks its body again", fails: map[string]int{"b": 1}, done: "r[0]/a r[0]/b r[1]/a r[1]/b", out: map[string]any{"n": 2},
			flow: "outputs: {n: '{{ nodes.r.attempts }}'}\nnodes:\n- {id: r, type: flow.retry, params: {max_attempts: 3, initial: 1ms}}\n- {id: a, type: test.act}\n- {id: b, type: test.act}\nedges: [r.body -> a, a -> b]\n",
		},
		{
			name: "a retry block inside try inside a loop", fails: map[string]int{"a": 3}, out: map[string]any{"caught": 1, "e": []any{1, 2}},
			flow: "outputs: {caught: '{{ vars.c }}', e: '{{ nodes.e.results }}'}\nvars: {c: 0}\nnodes:\n- {id: e, type: flow.repeat, params: {times: 2, collect: '{{ loop.item }}'}}\n- {id: t, type: flow.try}\n- {id: r, type: flow.retry, params: {max_attempts: 2, initial: 1ms}}\n- {id: a, type: test.act}\n- {id: c, type: var.increment, params: {name: c}}\nedges: [e.body -> t, t.try -> r, r.body -> a, t.catch -> c]\n",
			done: "e[0]/r[0]/a e[0]/r[1]/a e[1]/r[0]/a e[1]/r[1]/a",
		},
		{
			name: "parallel branches merge in file order", out: map[string]any{"x": "second", "a": 1, "b": 2, "n": 2},
			flow: "outputs: {x: '{{ vars.x }}', a: '{{ nodes.a.value }}', b: '{{ nodes.b.value }}', n: '{{ nodes.p.branches }}'}\nvars: {x: none}\nnodes:\n- {id: p, type: flow.parallel}\n- {id: a, type: test.act, params: {value: 1, effect: pure}}\n- {id: xa, type: var.set, params: {name: x, value: first}}\n- {id: b, type: test.act, params: {value: 2, effect: pure}}\n- {id: xb, type: var.set, params: {name: x, value: second}}\nedges: [p.branch -> a, a -> xa, p.branch -> b, b -> xb]\n",
		},
		{
			name: "a failed branch fails the node, and nothing is kept", fails: map[string]int{"a": 1}, out: map[string]any{"x": "before", "f": true},
			flow: "outputs: {x: '{{ vars.x }}', f: '{{ nodes.t.failed }}'}\nvars: {x: before}\nnodes:\n- {id: t, type: flow.try}\n- {id: p, type: flow.parallel, params: {on_branch_error: wait_all}}\n- {id: a, type: test.act}\n- {id: b, type: var.set, params: {name: x, value: lost}}\n- {id: c, type: flow.comment}\nedges: [t.try -> p, p.branch -> a, p.branch -> b, t.catch -> c]\n",
			done: "a",
		},
		{
			name: "fail fast cancels the other branch", fails: map[string]int{"a": 1}, fail: "a: the world said no", done: "a",
			flow: "nodes:\n- {id: p, type: flow.parallel}\n- {id: a, type: test.act}\n- {id: b, type: test.block}\nedges: [p.branch -> a, p.branch -> b]\n",
		},
		{
			name: "turns at the same time keep their order", out: map[string]any{"r": []any{1, 4, 9, 16}, "last": 4},
			flow: "outputs: {r: '{{ nodes.e.results }}', last: '{{ vars.last }}'}\nnodes:\n- {id: e, type: flow.for_each, params: {items: [1, 2, 3, 4], concurrency: 3, collect: '{{ nodes.a.value }}'}}\n- {id: a, type: test.act, params: {value: '{{ loop.item * loop.item }}', effect: pure}}\n- {id: s, type: var.set, params: {name: last, value: '{{ loop.item }}'}}\nedges: [e.body -> a, a -> s]\n",
		},
		{
			name: "a failed turn may be listed", fails: map[string]int{"a": 1}, out: map[string]any{"r": []any{nil, 2}, "e": "the world said no", "i": 0},
			flow: "outputs: {r: '{{ nodes.e.results }}', e: '{{ nodes.e.errors[0].message }}', i: '{{ nodes.e.errors[0].index }}'}\nnodes:\n- {id: e, type: flow.for_each, params: {items: [1, 2], on_item_error: continue, collect: '{{ loop.item }}'}}\n- {id: a, type: test.act}\nedges: [e.body -> a]\n",
			done: "e[0]/a e[1]/a",
		},
		{
			name: "return ends the flow from inside loops", out: map[string]any{"n": 2, "x": "early"}, done: "e[0]/a e[1]/a",
			flow: "outputs: {n: '{{ loops.e == nil ? 2 : 0 }}', x: late}\nnodes:\n- {id: e, type: flow.repeat, params: {times: 9}}\n- {id: a, type: test.act}\n- {id: i, type: flow.if, params: {condition: '{{ loop.index == 1 }}'}}\n- {id: r, type: flow.return, params: {outputs: {x: early}}}\nedges: [e.body -> a, a -> i, i.then -> r]\n",
		},
		{
			name: "a block that times out leaves variables as they were", out: map[string]any{"n": 0, "k": "timeout"},
			flow: "outputs: {n: '{{ vars.n }}', k: '{{ vars.k }}'}\nvars: {n: 0}\nnodes:\n- {id: t, type: flow.try}\n- {id: r, type: flow.repeat, params: {times: 2}, timeout: 30ms}\n- {id: i, type: var.increment, params: {name: n}}\n- {id: b, type: test.block}\n- {id: k, type: var.set, params: {name: k, value: '{{ error.kind }}'}}\nedges: [t.try -> r, r.body -> i, i -> b, t.catch -> k]\n",
		},
		{
			name: "a node that times out", fail: "b: it took longer than 20ms",
			flow: "nodes:\n- {id: b, type: test.block, timeout: 20ms}\n",
		},
		{
			name: "the run times out", fail: "the run took longer than 30ms",
			flow: "settings: {timeout: 30ms}\nnodes:\n- {id: b, type: test.block}\n",
		},
		{
			name: "a disabled node is passed by", done: "b",
			flow: "nodes:\n- {id: a, type: test.act, disabled: true}\n- {id: b, type: test.act}\nedges: [a -> b]\n",
		},
		{
			name: "a wrong param names itself", fail: "a: param times: times must be a whole number, not the text \"many\"",
			flow: "vars: {n: many}\nnodes:\n- {id: a, type: flow.repeat, params: {times: '{{ vars.n }}'}}\n",
		},
		{
			name: "secrets do not stay in outputs", out: map[string]any{"t": "***"}, done: "a",
			flow: "outputs: {t: '{{ nodes.a.token }}'}\nnodes:\n- {id: a, type: test.act, params: {token: {secret: KEY}}}\n",
		},
		{
			name: "assert", fail: "b: two is not three",
			flow: "nodes:\n- {id: a, type: flow.assert, params: {condition: '{{ 2 == 2 }}'}}\n- {id: b, type: flow.assert, params: {condition: '{{ 2 == 3 }}', message: two is not three}}\nedges: [a -> b]\n",
		},
		{
			name: "large values travel as references", out: map[string]any{"n": 200000, "same": true},
			flow: "outputs: {n: '{{ len(nodes.b.value) }}', same: '{{ nodes.a.value == nodes.b.value }}'}\nnodes:\n- {id: a, type: test.act, params: {value: '{{ repeat(\"ab\", 100000) }}'}}\n- {id: b, type: test.act, params: {value: '{{ nodes.a.value }}'}}\nedges: [a -> b]\n",
			done: "a b",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			maps.Copy(w.fails, tt.fails)
			if tt.kind != "" {
				w.kind = tt.kind
			}
			res, err := w.start(t, memrt.New(), head+tt.flow, engine.Options{ParkAfter: -1})
			if err != nil {
				t.Fatalf("the run did not end: %v", err)
			}
			if tt.fail != "" {
				if res.Failure == nil || !strings.Contains(res.Failure.Error(), tt.fail) {
					t.Fatalf("failure = %v, want one with %q", res.Failure, tt.fail)
				}
			} else if res.Failure != nil {
				t.Fatalf("the run failed: %v", res.Failure)
			}
			if tt.out != nil {
				out, err := value.LoadAll(t.Context(), any(res.Output))
				if err != nil {
					t.Fatal(err)
				}
				if !value.Equal(out, tt.out) {
					t.Errorf("outputs = %v, want %v", out, tt.out)
				}
			}
			if got := strings.Join(w.effects(), " "); got != tt.done {
				t.Errorf("effects = %q, want %q", got, tt.done)
			}
		})
	}
}

var errCrash = errors.New("crash")

// TestReplay crashes a run after each record in turn and looks that the rest
// is done once, with the outputs of a run that did not crash.
func TestReplay(t *testing.T) {
	src := head + "outputs: {l: '{{ vars.l }}', r: '{{ nodes.e.results }}'}\nvars: {l: []}\nnodes:\n" +
		"- {id: a, type: test.act, params: {value: 1, effect: read}}\n" +
		"- {id: e, type: flow.for_each, params: {items: [1, 2], collect: '{{ nodes.b.value }}'}}\n" +
		"- {id: b, type: test.act, params: {value: '{{ loop.item * 10 }}'}, on_interrupted: retry}\n" +
		"- {id: k, type: var.append, params: {name: l, item: '{{ nodes.b.value }}'}}\n" +
		"- {id: p, type: flow.parallel}\n- {id: x, type: test.act, params: {effect: idempotent}}\n- {id: y, type: test.act, params: {effect: idempotent}}\n" +
		"- {id: z, type: test.act, params: {effect: read}}\n" +
		"edges: [a -> e, e.body -> b, b -> k, e.done -> p, p.branch -> x, p.branch -> y, p.done -> z]\n"
	clean := newWorld(t)
	want, err := clean.start(t, memrt.New(), src, engine.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for n := 1; n <= 5; n++ {
		w := newWorld(t)
		rt := &crashing{Runtime: memrt.New()}
		rt.left.Store(int64(n))
		if _, err := w.start(t, rt, src, engine.Options{}); err == nil {
			t.Fatalf("crash %d did not come", n)
		}
		rt.left.Store(1 << 30)
		got, err := w.start(t, rt, src, engine.Options{})
		if err != nil {
			t.Fatalf("crash %d: %v", n, err)
		}
		if !value.Equal(any(got.Output), any(want.Output)) {
			t.Errorf("crash %d: outputs = %v, want %v", n, got.Output, want.Output)
		}
		seen := map[string]int{}
		for _, p := range w.effects() {
			seen[p]++
		}
		for p, c := range seen {
			if c > 2 {
				t.Errorf("crash %d: %s was done %d times", n, p, c)
			}
		}
		if len(seen) != 6 {
			t.Errorf("crash %d: effects = %v", n, seen)
		}
	}
}

// crashing lets a number of records through and then refuses all, as a process
// that was killed does.
type crashing struct {
	durable.Runtime
	left atomic.Int64
}

func (c *crashing) Run(ctx context.Context, id string, body durable.Body) ([]byte, error) {
	return c.Runtime.Run(ctx, id, func(ctx context.Context, log durable.Log) ([]byte, error) {
		return body(ctx, &crashLog{log, c})
	})
}

type crashLog struct {
	durable.Log
	c *crashing
}

func (l *crashLog) Append(ctx context.Context, entries ...durable.Entry) error {
	for _, e := range entries {
		if l.c.left.Add(-1) < 0 {
			return errCrash
		}
		if err := l.Log.Append(ctx, e); err != nil {
			return err
		}
	}
	return nil
}

// TestInterrupted crashes between the intent and the result of a once node and
// looks at each policy.
func TestInterrupted(t *testing.T) {
	for _, policy := range []string{"ask", "fail", "retry"} {
		t.Run(policy, func(t *testing.T) {
			w := newWorld(t)
			rt := &crashing{Runtime: memrt.New()}
			rt.left.Store(1)
			if policy == "retry" {
				rt.left.Store(0)
			}
			src := head + "outputs: {v: '{{ nodes.a.value }}'}\nnodes:\n- {id: a, type: test.act, params: {value: 5}, on_interrupted: " + policy + "}\n"
			if _, err := w.start(t, rt, src, engine.Options{}); !errors.Is(err, errCrash) {
				t.Fatalf("err = %v", err)
			}
			rt.left.Store(1 << 30)
			res, err := w.start(t, rt, src, engine.Options{})
			switch policy {
			case "fail":
				if err != nil || res.Failure == nil || res.Failure.Kind != node.KindInterrupted || len(w.effects()) != 1 {
					t.Fatalf("res = %+v, err = %v, effects = %v", res, err, w.effects())
				}
			case "retry":
				if err != nil || res.Failure != nil || len(w.effects()) != 2 {
					t.Fatalf("res = %+v, err = %v, effects = %v", res, err, w.effects())
				}
			case "ask":
				var parked *engine.ParkedError
				if !errors.As(err, &parked) || len(parked.Waits) != 1 || parked.Waits[0].Kind != "interrupted" {
					t.Fatalf("err = %v", err)
				}
				topic := parked.Waits[0].Topic
				w.msgs[topic] = []engine.Message{{ID: "1", Data: "again"}}
				// The second try is cut short too: it must be asked again.
				rt.left.Store(2)
				if _, err := w.start(t, rt, src, engine.Options{}); !errors.Is(err, errCrash) {
					t.Fatalf("err = %v", err)
				}
				rt.left.Store(1 << 30)
				_, err = w.start(t, rt, src, engine.Options{})
				if !errors.As(err, &parked) || parked.Waits[0].Topic == topic {
					t.Fatalf("err = %v", err)
				}
				w.msgs[parked.Waits[0].Topic] = []engine.Message{{ID: "2", Data: "skip"}}
				res, err = w.start(t, rt, src, engine.Options{})
				if err != nil || res.Failure != nil || res.Output["v"] != nil || len(w.effects()) != 2 {
					t.Fatalf("res = %+v, err = %v, effects = %v", res, err, w.effects())
				}
			}
		})
	}
}

// TestWaits parks a run at a message and an approval in two branches and goes
// on when they come.
func TestWaits(t *testing.T) {
	w := newWorld(t)
	rt := memrt.New()
	src := head + "outputs: {m: '{{ nodes.m.message.x }}', c: '{{ nodes.q.choice }}'}\nnodes:\n- {id: p, type: flow.parallel}\n- {id: m, type: flow.wait_for_message, params: {topic: paid}}\n- {id: q, type: flow.wait_for_approval, params: {question: Pay?}}\n- {id: a, type: test.act}\nedges: [p.branch -> m, p.branch -> q, q.approve -> a]\n"
	var parked *engine.ParkedError
	if _, err := w.start(t, rt, src, engine.Options{}); !errors.As(err, &parked) || len(parked.Waits) != 2 {
		t.Fatalf("err = %v", err)
	}
	w.msgs["paid"] = []engine.Message{{ID: "1", Data: map[string]any{"x": 7}}}
	if _, err := w.start(t, rt, src, engine.Options{}); !errors.As(err, &parked) || len(parked.Waits) != 1 {
		t.Fatalf("err = %v", err)
	}
	w.msgs["answer:q"] = []engine.Message{{ID: "1", Data: map[string]any{"choice": "approve"}}}
	res, err := w.start(t, rt, src, engine.Options{})
	if err != nil || res.Output["m"] != 7 || res.Output["c"] != "approve" || len(w.effects()) != 1 {
		t.Fatalf("res = %+v, err = %v, effects = %v", res, err, w.effects())
	}
}
