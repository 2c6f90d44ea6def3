package engine_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"hash/fnv"
	"maps"
	"sort"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/aether-rpa/aether/flow"
	"github.com/aether-rpa/aether/internal/durable"
	"github.com/aether-rpa/aether/internal/durable/memrt"
	"github.com/aether-rpa/aether/internal/engine"
	"github.com/aether-rpa/aether/node"
)

// The model test compares the engine with a small interpreter of the same
// programs that knows nothing of records, plans and goroutines. Programs are
// random; while the engine runs one, it is crashed at random records and
// started again.
//
// Every case is one program with its faults and crashes; -rapid.checks says how
// many (2,000 in CI, 20,000 nightly: make model).

// stmt is one statement of a random program.
type stmt struct {
	kind   string // act, inc, if, each, try, par, retry, break, continue, fail
	id     string
	effect string
	fails  int // act: how many tries of each execution fail
	tries  int // act, retry: tries in all
	cont   bool
	name   string // inc, if: variable
	by     int
	n      int // each: items; if: bound
	atOnce bool
	all    bool
	a      []stmt // then, body, try
	b      []stmt // else, catch
	c      []stmt // finally
	lines  [][]stmt
}

// gen draws random programs.
type gen struct {
	t    *rapid.T
	next int
}

func (g *gen) id(prefix string) string {
	g.next++
	return fmt.Sprintf("%s%d", prefix, g.next)
}

func (g *gen) block(depth int, inLoop, beside bool) []stmt {
	n := rapid.IntRange(0, 3).Draw(g.t, "len")
	var out []stmt
	for range n {
		out = append(out, g.stmt(depth, inLoop, beside))
	}
	return out
}

func (g *gen) stmt(depth int, inLoop, beside bool) stmt {
	kinds := []string{"act", "act", "act", "inc", "inc"}
	if depth > 0 {
		kinds = append(kinds, "if", "each", "try", "try", "par", "retry")
	}
	if inLoop {
		kinds = append(kinds, "break", "continue")
	}
	kinds = append(kinds, "fail")
	s := stmt{kind: rapid.SampledFrom(kinds).Draw(g.t, "kind")}
	s.id = g.id(s.kind[:1])
	s.name = rapid.SampledFrom([]string{"x", "y"}).Draw(g.t, "var")
	switch s.kind {
	case "act":
		s.effect = rapid.SampledFrom([]string{"read", "idempotent", "once"}).Draw(g.t, "effect")
		s.fails = rapid.SampledFrom([]int{0, 0, 0, 1, 2}).Draw(g.t, "fails")
		s.tries = rapid.IntRange(1, 3).Draw(g.t, "tries")
		s.cont = rapid.Bool().Draw(g.t, "continue")
	case "inc":
		s.by = rapid.IntRange(1, 5).Draw(g.t, "by")
	case "if":
		s.n = rapid.IntRange(0, 10).Draw(g.t, "bound")
		s.a, s.b = g.block(depth-1, inLoop, beside), g.block(depth-1, inLoop, beside)
	case "each":
		s.n = rapid.IntRange(0, 3).Draw(g.t, "items")
		s.atOnce = rapid.Bool().Draw(g.t, "atOnce")
		s.cont = rapid.Bool().Draw(g.t, "continue")
		s.a = g.block(depth-1, !s.atOnce, beside || s.atOnce)
	case "try":
		s.a, s.b, s.c = g.block(depth-1, inLoop, beside), g.block(depth-1, inLoop, beside), g.block(depth-1, false, beside)
	case "par":
		s.all = true
		for range rapid.IntRange(1, 3).Draw(g.t, "branches") {
			s.lines = append(s.lines, append([]stmt{{kind: "inc", id: g.id("i"), name: s.name, by: 1}}, g.block(depth-1, false, true)...))
		}
	case "retry":
		s.tries = rapid.IntRange(1, 3).Draw(g.t, "tries")
		s.a = g.block(depth-1, inLoop, beside)
	}
	return s
}

// program writes statements as a flow.
type program struct {
	nodes, edges []string
}

func (p *program) node(format string, args ...any) {
	p.nodes = append(p.nodes, fmt.Sprintf(format, args...))
}

// chain writes a block that begins at the given ports and returns the ports it
// ends at.
func (p *program) chain(block []stmt, from []string) []string {
	for _, s := range block {
		for _, f := range from {
			p.edges = append(p.edges, f+" -> "+s.id)
		}
		from = p.stmt(s)
	}
	return from
}

func (p *program) stmt(s stmt) []string {
	switch s.kind {
	case "act":
		on := ""
		if s.cont {
			on = ", on_error: continue"
		}
		p.node("{id: %s, type: test.act2, params: {effect: %s, fails: %d}, on_interrupted: retry, retry: {max_attempts: %d, initial: 1ms, max: 1ms}%s}", s.id, s.effect, s.fails, s.tries, on)
		return []string{s.id}
	case "inc":
		p.node("{id: %s, type: var.increment, params: {name: %s, by: %d}}", s.id, s.name, s.by)
		return []string{s.id}
	case "fail":
		p.node("{id: %s, type: flow.fail, params: {message: no, class: application}}", s.id)
		return nil
	case "break", "continue":
		p.node("{id: %s, type: flow.%s}", s.id, s.kind)
		return nil
	case "if":
		p.node("{id: %s, type: flow.if, params: {condition: '{{ vars.%s < %d }}'}}", s.id, s.name, s.n)
		ends := p.chain(s.a, []string{s.id + ".then"})
		return append(ends, p.chain(s.b, []string{s.id + ".else"})...)
	case "each":
		items, conc, on := make([]string, s.n), 1, "fail"
		for i := range items {
			items[i] = fmt.Sprint(i)
		}
		if s.atOnce {
			conc = 2
		}
		if s.cont {
			on = "continue"
		}
		p.node("{id: %s, type: flow.for_each, params: {items: [%s], concurrency: %d, on_item_error: %s}}", s.id, strings.Join(items, ", "), conc, on)
		p.chain(s.a, []string{s.id + ".body"})
		return []string{s.id + ".done"}
	case "try":
		p.node("{id: %s, type: flow.try}", s.id)
		p.chain(s.a, []string{s.id + ".try"})
		// A chain of catch that does nothing still catches.
		p.node("{id: %sk, type: flow.comment}", s.id)
		p.edges = append(p.edges, s.id+".catch -> "+s.id+"k")
		p.chain(s.b, []string{s.id + "k"})
		p.chain(s.c, []string{s.id + ".finally"})
		return []string{s.id + ".done"}
	case "par":
		p.node("{id: %s, type: flow.parallel, params: {on_branch_error: wait_all}}", s.id)
		for _, l := range s.lines {
			p.chain(l, []string{s.id + ".branch"})
		}
		return []string{s.id + ".done"}
	case "retry":
		p.node("{id: %s, type: flow.retry, params: {max_attempts: %d, initial: 1ms, max: 1ms}}", s.id, s.tries)
		p.chain(s.a, []string{s.id + ".body"})
		return []string{s.id + ".done"}
	}
	panic(s.kind)
}

// model interprets statements directly.
type model struct {
	vars map[string]int
	done map[string]bool // node executions that acted, by path
	// loose is set when what other branches had done at the moment of a failure
	// is a matter of timing.
	loose bool
}

type modelSig struct {
	kind string // "", fail, break, continue
	at   string
}

func (m *model) block(b []stmt, path string) modelSig {
	for _, s := range b {
		if sig := m.stmt(s, path); sig.kind != "" {
			return sig
		}
	}
	return modelSig{}
}

func (m *model) stmt(s stmt, path string) modelSig {
	at := path + s.id
	switch s.kind {
	case "act":
		m.done[at] = true
		if s.fails >= s.tries && !s.cont {
			return modelSig{"fail", at}
		}
	case "inc":
		m.vars[s.name] += s.by
	case "fail":
		return modelSig{"fail", at}
	case "break", "continue":
		return modelSig{s.kind, ""}
	case "if":
		if m.vars[s.name] < s.n {
			return m.block(s.a, path)
		}
		return m.block(s.b, path)
	case "each":
		return m.each(s, path, at)
	case "try":
		sig := m.block(s.a, path)
		if sig.kind == "fail" {
			sig = m.block(s.b, path)
		}
		if fin := m.block(s.c, path); fin.kind != "" {
			return fin
		}
		return sig
	case "par":
		var fail modelSig
		var views []map[string]int
		for _, l := range s.lines {
			c := &model{vars: maps.Clone(m.vars), done: m.done}
			if sig := c.block(l, path); sig.kind != "" && fail.kind == "" {
				fail = sig
			}
			m.loose = m.loose || c.loose
			views = append(views, c.vars)
		}
		if fail.kind != "" {
			return fail
		}
		m.merge(s.lines, views)
	case "retry":
		for i := 0; ; i++ {
			sig := m.block(s.a, fmt.Sprintf("%s[%d]/", at, i))
			if sig.kind != "fail" || i+1 >= s.tries {
				return sig
			}
		}
	}
	return modelSig{}
}

func (m *model) each(s stmt, path, at string) modelSig {
	if !s.atOnce {
		for i := range s.n {
			sig := m.block(s.a, fmt.Sprintf("%s[%d]/", at, i))
			switch {
			case sig.kind == "break":
				return modelSig{}
			case sig.kind == "fail" && !s.cont:
				return sig
			}
		}
		return modelSig{}
	}
	var views []map[string]int
	var lines [][]stmt
	var fail modelSig
	for i := range s.n {
		c := &model{vars: maps.Clone(m.vars), done: m.done}
		sig := c.block(s.a, fmt.Sprintf("%s[%d]/", at, i))
		m.loose = m.loose || c.loose
		if sig.kind == "fail" && !s.cont && fail.kind == "" {
			fail = sig
		}
		views, lines = append(views, c.vars), append(lines, s.a)
	}
	if fail.kind != "" {
		m.loose = true
		return fail
	}
	m.merge(lines, views)
	return modelSig{}
}

// merge takes over what branches set, in order. A branch that increments a
// variable sets it, also if only in a nested block; a variable that a branch
// left alone is not touched.
func (m *model) merge(lines [][]stmt, views []map[string]int) {
	before := maps.Clone(m.vars)
	for i := range lines {
		for _, name := range []string{"x", "y"} {
			if views[i][name] != before[name] {
				m.vars[name] = views[i][name]
			}
		}
	}
}

type act2In struct {
	Effect string `json:"effect" doc:"Effect class."`
	Fails  int    `json:"fails" doc:"How many tries fail."`
}

// modelWorld notes what acted, and complains when something acts whose result
// was recorded.
type modelWorld struct {
	*world
	mu2      sync.Mutex
	recorded map[string]bool
	acted    map[string]bool
	wrong    []string

	debug bool            // some nodes have breakpoints, and a person steps on
	told  map[string]bool // paused executions whose command was recorded
}

// Messages gives the order that sets the breakpoints.
func (w *modelWorld) Messages(ctx context.Context, topic string) ([]engine.Message, error) {
	if topic != engine.DebugTopic || !w.debug {
		return w.world.Messages(ctx, topic)
	}
	breaks := []any{map[string]any{"node": "start"}}
	for i := 1; i < 60; i += 3 {
		for _, kind := range "aiet" {
			breaks = append(breaks, map[string]any{"node": fmt.Sprintf("%c%d", kind, i), "when": "vars.x % 2 == 0"})
		}
	}
	return []engine.Message{{ID: "1", Data: map[string]any{"breakpoints": breaks}}}, nil
}

// attend is a person who says the same at the same place.
func (w *modelWorld) attend(_ context.Context, wait engine.Wait) (engine.Command, error) {
	w.mu2.Lock()
	defer w.mu2.Unlock()
	if w.told[wait.Path] {
		w.wrong = append(w.wrong, wait.Path+" was paused again")
	}
	h := fnv.New32a()
	_, _ = h.Write([]byte(wait.Path))
	return engine.Command{Command: []string{"continue", "over", "into", "out"}[h.Sum32()%4]}, nil
}

func (w *modelWorld) reg(t testing.TB) *node.Registry {
	def, err := node.DefOf(node.Spec[act2In, struct{}]{
		Type: "test.act2", Title: "Act", Doc: "Acts on the world of a test.", Effect: node.Once,
		EffectOf: func(in act2In) node.Effect {
			return map[string]node.Effect{"read": node.Read, "idempotent": node.Idempotent, "once": node.Once}[in.Effect]
		},
		Run: func(_ context.Context, env *node.Env, in act2In) (struct{}, error) {
			w.mu2.Lock()
			defer w.mu2.Unlock()
			name := env.Run.Path
			w.acted[name] = true
			if env.Run.Attempt > 1 {
				name = fmt.Sprintf("%s#%d", name, env.Run.Attempt)
			}
			if w.recorded[name] {
				w.wrong = append(w.wrong, name)
			}
			if env.Run.Attempt <= in.Fails {
				return struct{}{}, node.Fail(node.KindNetwork, "not yet", "")
			}
			return struct{}{}, nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return node.Default.With(def)
}

// noting remembers what became durable.
type noting struct {
	durable.Log
	w *modelWorld
}

func (n *noting) Append(ctx context.Context, entries ...durable.Entry) error {
	err := n.Log.Append(ctx, entries...)
	if err == nil {
		n.w.mu2.Lock()
		for _, e := range entries {
			n.w.recorded[e.Name] = true
			if path, _, ok := strings.Cut(e.Name, "!paused"); ok && !strings.Contains(string(e.Data), `"heard"`) {
				n.w.told[path] = true
			}
		}
		n.w.mu2.Unlock()
	}
	return err
}

func TestModel(t *testing.T) {
	if f := flag.Lookup("rapid.checks"); f != nil && f.Value.String() == "100" {
		if err := f.Value.Set("2000"); err != nil {
			t.Fatal(err)
		}
	}
	base := newWorld(t)
	rapid.Check(t, func(rt *rapid.T) {
		g := &gen{t: rt}
		block := append([]stmt{{kind: "inc", id: "start", name: "x", by: 0}}, g.block(3, false, false)...)
		p := &program{}
		p.chain(block, nil)
		src := head + "vars: {x: 0, y: 0}\noutputs: {x: '{{ vars.x }}', y: '{{ vars.y }}'}\nnodes:\n- " + strings.Join(p.nodes, "\n- ") + "\n"
		if len(p.edges) > 0 {
			src += "edges:\n- " + strings.Join(p.edges, "\n- ") + "\n"
		}
		m := &model{vars: map[string]int{"x": 0, "y": 0}, done: map[string]bool{}}
		want := m.block(block, "")

		w := &modelWorld{world: base, recorded: map[string]bool{}, acted: map[string]bool{}, told: map[string]bool{}, debug: rapid.Bool().Draw(rt, "debug")}
		f, err := flow.Decode([]byte(src))
		if err != nil {
			rt.Fatalf("%v\n%s", err, src)
		}
		plan, err := engine.Compile(f, w.reg(t))
		if err != nil {
			rt.Fatalf("%v\n%s", err, src)
		}
		crashes := rapid.SliceOfN(rapid.IntRange(0, 12), 0, 5).Draw(rt, "crashes")
		mem := &crashing{Runtime: memrt.New()}
		var res *engine.Result
		for n := 0; ; n++ {
			mem.left.Store(1 << 40)
			if n < len(crashes) {
				mem.left.Store(int64(crashes[n]))
			}
			_, err := mem.Run(t.Context(), "r", func(ctx context.Context, log durable.Log) ([]byte, error) {
				var err error
				o := engine.Options{RunID: "r", Now: time.Now, Started: time.Unix(0, 0), Input: map[string]any{}, ParkAfter: -1, Attend: w.attend, Orders: &atomic.Int64{}}
				if w.debug {
					o.Orders.Store(1)
				}
				res, err = engine.Execute(ctx, plan, &noting{log, w}, w, o, &engine.Counters{})
				return nil, err
			})
			if err == nil {
				break
			}
			if !errors.Is(err, errCrash) || n >= len(crashes) {
				rt.Fatalf("the run did not end: %v\n%s", err, src)
			}
		}
		if len(w.wrong) > 0 {
			rt.Fatalf("recorded executions acted again: %v\n%s", w.wrong, src)
		}
		if want.kind == "fail" {
			if res.Failure == nil || !m.loose && res.Failure.Path != want.at {
				rt.Fatalf("failure = %v, want one at %s\n%s", res.Failure, want.at, src)
			}
		} else if res.Failure != nil {
			rt.Fatalf("the run failed: %v\n%s", res.Failure, src)
		} else if got := fmt.Sprint(res.Output); got != fmt.Sprint(map[string]any{"x": m.vars["x"], "y": m.vars["y"]}) {
			rt.Fatalf("outputs = %v, want %v\n%s", got, m.vars, src)
		}
		if got, want := keys(w.acted), keys(m.done); !m.loose && got != want {
			rt.Fatalf("acted = %s\nwant    %s\n%s", got, want, src)
		}
	})
}

func keys(m map[string]bool) string {
	var out []string
	for k := range m {
		out = append(out, k)
	}
	sort.Strings(out)
	return strings.Join(out, " ")
}
