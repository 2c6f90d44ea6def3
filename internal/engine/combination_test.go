package engine_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/aether-rpa/aether/internal/durable/memrt"
	"github.com/aether-rpa/aether/internal/engine"
	"github.com/aether-rpa/aether/node"
)

// TestCombinations walks every combination of retry × on_error × timeout × try ×
// loop × parallel around one node that never succeeds, and compares what
// happened with the rules of docs/guide/writing-flows.md:
//
//  1. a failed node is first tried again, as often as its retry says;
//  2. what still fails is swallowed by on_error: continue;
//  3. else it goes to the nearest try around, whose catch is walked;
//  4. else it ends the loop, then the parallel node, then the run;
//  5. what other branches set is kept only if no branch failed.
func TestCombinations(t *testing.T) {
	for bits := range 64 {
		retry, cont, timeout, try, loop, parallel := bits&1 > 0, bits&2 > 0, bits&4 > 0, bits&8 > 0, bits&16 > 0, bits&32 > 0
		name := fmt.Sprintf("retry=%v continue=%v timeout=%v try=%v loop=%v parallel=%v", retry, cont, timeout, try, loop, parallel)
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			typ, opts := "test.act", ""
			if timeout {
				typ, opts = "test.block", opts+", timeout: 5ms"
			}
			if retry {
				opts += ", retry: {max_attempts: 3, initial: 1ms, max: 1ms}"
			}
			if cont {
				opts += ", on_error: continue"
			}
			nodes := []string{
				"{id: a, type: " + typ + opts + "}",
				"{id: after, type: var.increment, params: {name: after}}",
			}
			edges := []string{"a -> after"}
			entry := "a"
			if try {
				nodes = append(nodes, "{id: t, type: flow.try}", "{id: c, type: var.append, params: {name: caught, item: '{{ error.kind }}'}}")
				edges = append(edges, "t.try -> "+entry, "t.catch -> c")
				entry = "t"
			}
			if loop {
				nodes = append(nodes, "{id: l, type: flow.for_each, params: {items: [1, 2]}}")
				edges = append(edges, "l.body -> "+entry)
				entry = "l"
			}
			if parallel {
				nodes = append(nodes, "{id: p, type: flow.parallel, params: {on_branch_error: wait_all}}", "{id: other, type: var.set, params: {name: other, value: 1}}")
				edges = append(edges, "p.branch -> "+entry, "p.branch -> other")
				entry = "p"
			}
			src := head + "start: " + entry + "\nvars: {after: 0, caught: [], other: 0}\noutputs: {after: '{{ vars.after }}', caught: '{{ vars.caught }}', other: '{{ vars.other }}'}\nnodes:\n- " +
				strings.Join(nodes, "\n- ") + "\nedges:\n- " + strings.Join(edges, "\n- ") + "\n"

			w := newWorld(t)
			w.fails["a"] = 1 << 30
			res, err := w.start(t, memrt.New(), src, engine.Options{ParkAfter: -1})
			if err != nil {
				t.Fatalf("the run did not end: %v\n%s", err, src)
			}

			kind, turns, tries := node.KindNetwork, 1, 1
			if timeout {
				kind = node.KindTimeout
			}
			if retry {
				tries = 3
			}
			fails := !cont && !try
			if loop && !fails {
				turns = 2
			}
			started := 0
			for _, e := range w.events {
				if e.Kind == engine.EventStarted && e.Node == "a" {
					started++
				}
			}
			if started != turns*tries {
				t.Errorf("the node was tried %d times, want %d in each of %d turns\n%s", started, tries, turns, src)
			}
			if fails {
				if res.Failure == nil || res.Failure.Kind != kind || res.Failure.Node != "a" {
					t.Errorf("failure = %v, want one of kind %s at a\n%s", res.Failure, kind, src)
				}
				return
			}
			if res.Failure != nil {
				t.Fatalf("the run failed: %v\n%s", res.Failure, src)
			}
			caught, after := []any{}, 0
			for range turns {
				if cont {
					after++
				} else {
					caught = append(caught, kind)
				}
			}
			other := 0
			if parallel {
				other = 1
			}
			want := fmt.Sprint(map[string]any{"after": after, "caught": caught, "other": other})
			if got := fmt.Sprint(res.Output); got != want {
				t.Errorf("outputs = %s, want %s\n%s", got, want, src)
			}
		})
	}
}
