package check_test

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/aether-rpa/aether/flow"
	"github.com/aether-rpa/aether/internal/check"
)

func decode(t testing.TB, src string) *flow.Flow {
	t.Helper()
	f, err := flow.Decode([]byte(src))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestScopes(t *testing.T) {
	f := decode(t, `aether: 1
name: test
nodes:
  - {id: first, type: flow.comment}
  - {id: each, type: flow.for_each, params: {items: []}}
  - {id: both, type: flow.parallel}
  - {id: l, type: flow.comment}
  - {id: r, type: flow.try}
  - {id: t, type: flow.comment}
  - {id: k, type: flow.comment}
  - {id: after, type: flow.comment}
  - {id: last, type: flow.comment}
  - {id: lone, type: flow.comment}
edges:
  - first -> each
  - each.body -> both
  - both.branch -> l
  - both.branch -> r
  - r.try -> t
  - r.catch -> k
  - both.done -> after
  - each.done -> last
`)
	got := check.Scopes(f, registry(t))
	each := check.Scope{Node: "each", Port: "body"}
	right := check.Scope{Node: "both", Port: "branch", Branch: "r"}
	want := map[string][]check.Scope{
		"first": nil, "each": nil, "last": nil,
		"both": {each}, "after": {each},
		"l": {each, {Node: "both", Port: "branch", Branch: "l"}},
		"r": {each, right},
		"t": {each, right, {Node: "r", Port: "try"}},
		"k": {each, right, {Node: "r", Port: "catch"}},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %v\nwant %v", got, want)
	}
}

// nested returns loops in loops.
func nested(n int) *flow.Flow {
	f := &flow.Flow{Name: "deep"}
	for i := range n {
		f.Nodes = append(f.Nodes, flow.Node{ID: fmt.Sprintf("n%d", i), Type: "flow.for_each", Params: map[string]any{"items": []any{}, "collect": "{{ loop.item }}"}})
		if i > 0 {
			f.Edges = append(f.Edges, flow.Edge{From: fmt.Sprintf("n%d", i-1), Port: "body", To: fmt.Sprintf("n%d", i)})
		}
	}
	return f
}

func TestTooDeep(t *testing.T) {
	reg := registry(t)
	if bad := check.Flow(nested(150), reg, check.Options{}); len(bad) > 0 {
		t.Errorf("150 levels: %v", bad)
	}
	bad := check.Flow(nested(1000), reg, check.Options{})
	if len(bad) != 1 || bad[0].Rule != check.TooDeep {
		t.Errorf("1000 levels: got %v, want one %s", bad, check.TooDeep)
	}
	if got := len(check.Scopes(nested(1000), reg)["n150"]); got != 150 {
		t.Errorf("n150 is in %d scopes, want 150", got)
	}
}

// A flow that was made by a program may hold what a file cannot.
func TestDuplicateID(t *testing.T) {
	f := &flow.Flow{Name: "x", Nodes: []flow.Node{{ID: "a", Type: "flow.comment"}, {ID: "a", Type: "flow.comment"}}}
	bad := check.Flow(f, registry(t), check.Options{})
	if len(bad) != 1 || bad[0].Rule != check.DuplicateID {
		t.Errorf("got %v, want one %s", bad, check.DuplicateID)
	}
	if bad := check.Flow(&flow.Flow{}, registry(t), check.Options{}); len(bad) != 0 {
		t.Errorf("an empty flow: got %v", bad)
	}
}

func TestCallItself(t *testing.T) {
	f := decode(t, "aether: 1\nname: x\ninputs: {n: int}\nnodes: [{id: a, type: flow.call, params: {flow: x.yaml, inputs: {n: '{{ inputs.n - 1 }}'}}}]\n")
	bad := check.Flow(f, registry(t), check.Options{Lookup: func(string) (*flow.Flow, error) { return f, nil }})
	if len(bad) != 0 {
		t.Errorf("got %v", bad)
	}
}

// large returns a flow of about n nodes: chains, loops, branches, and
// expressions that read what came before.
func large(n int, broken bool) *flow.Flow {
	f := &flow.Flow{Name: "large", Vars: []flow.Var{{Name: "total", Value: 0}}}
	last := ""
	add := func(port, id, typ string, params map[string]any) {
		f.Nodes = append(f.Nodes, flow.Node{ID: id, Type: typ, Params: params})
		if last != "" {
			f.Edges = append(f.Edges, flow.Edge{From: last, Port: port, To: id})
		}
		last = id
	}
	for i := 0; len(f.Nodes) < n; i++ {
		id := func(s string) string { return fmt.Sprintf("%s%d", s, i) }
		before, far := fmt.Sprintf("r%d", max(i-1, 0)), fmt.Sprintf("r%d", i/2)
		if broken {
			far = fmt.Sprintf("nobody%d", i)
		}
		add(map[bool]string{true: "done", false: "next"}[i > 0], id("r"), "test.read", map[string]any{"path": fmt.Sprintf("{{ vars.total }}%d", i)})
		add("next", id("e"), "flow.for_each", map[string]any{"items": "{{ nodes." + before + ".rows }}"})
		add("body", id("t"), "var.increment", map[string]any{"name": "total", "by": fmt.Sprintf("{{ loop.index + nodes.%s.size + %d }}", far, i)})
		add("next", id("s"), "test.send", map[string]any{"to": "{{ nodes." + far + ".text }}" + id("")})
		last = id("e")
	}
	return f
}

func TestLarge(t *testing.T) {
	reg := registry(t)
	for _, p := range check.Flow(large(10_000, false), reg, check.Options{}) {
		if p.Rule != check.NeverBefore { // the first loop reads before there is anything
			t.Fatal(p)
		}
	}
	if bad := check.Flow(large(10_000, true), reg, check.Options{}); len(bad) < 5000 {
		t.Errorf("got %d problems", len(bad))
	}
}

func BenchmarkFlow(b *testing.B) {
	reg := registry(b)
	for _, n := range []int{100, 1000, 10_000} {
		for _, broken := range []bool{false, true} {
			f := large(n, broken)
			b.Run(fmt.Sprintf("nodes=%d,broken=%t", n, broken), func(b *testing.B) {
				for b.Loop() {
					check.Flow(f, reg, check.Options{})
				}
			})
		}
	}
	// Diamonds: from every node many ways lead to every later one.
	f := &flow.Flow{Name: "diamonds"}
	for i := range 10_000 {
		f.Nodes = append(f.Nodes, flow.Node{ID: fmt.Sprintf("n%d", i), Type: "flow.if", Params: map[string]any{"condition": fmt.Sprintf("{{ nodes.n%d.result or nodes.n%d.result }}", i*7919%10_000, i/2)}})
		f.Edges = append(f.Edges, flow.Edge{From: fmt.Sprintf("n%d", i), Port: "then", To: fmt.Sprintf("n%d", min(9999, i+1))}, flow.Edge{From: fmt.Sprintf("n%d", i), Port: "else", To: fmt.Sprintf("n%d", min(9999, i+2))})
	}
	f.Edges = f.Edges[:2*9999-1]
	b.Run("diamonds", func(b *testing.B) {
		for b.Loop() {
			check.Flow(f, reg, check.Options{})
		}
	})
}

func FuzzFlow(f *testing.F) {
	files, _ := filepath.Glob("testdata/*.txtar")
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		for name, part := range split(string(text)) {
			if strings.HasSuffix(name, ".yaml") || strings.HasSuffix(name, ".json") {
				f.Add(part)
			}
		}
	}
	reg := registry(f)
	f.Fuzz(func(t *testing.T, src []byte) {
		fl, err := flow.Decode(src)
		if err != nil {
			return
		}
		bad := check.Flow(fl, reg, check.Options{Lookup: func(string) (*flow.Flow, error) { return fl, nil }})
		for _, p := range bad {
			if p.Message == "" || p.Rule == "" || p.Severity == "" || p.Line == 0 {
				t.Errorf("incomplete problem %+v", p)
			}
		}
		scopes := check.Scopes(fl, reg)
		for id := range scopes {
			if fl.Node(id) == nil {
				t.Errorf("scope of %q, which is no node", id)
			}
		}
	})
}
