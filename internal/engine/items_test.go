package engine_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/aether-rpa/aether/internal/durable/memrt"
	"github.com/aether-rpa/aether/internal/engine"
	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/node/nodetest"
)

// add puts items with the contents {n: 1} to {n: count} into the queue q.
func (w *world) add(t testing.TB, count int) {
	t.Helper()
	w.items = nodetest.SampleItems()
	_, err := w.items.Add(t.Context(), "q", "t", node.ItemAdd{}, func(yield func(node.ItemSpec, error) bool) {
		for n := range count {
			if !yield(node.ItemSpec{Reference: fmt.Sprint("i", n+1), Content: map[string]any{"n": n + 1}}, nil) {
				return
			}
		}
	})
	if err != nil {
		t.Fatal(err)
	}
}

// ends tells what became of the items of q.
func (w *world) ends(t testing.TB) string {
	t.Helper()
	list, err := w.items.List(t.Context(), node.ItemFilter{Queue: "q"})
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, i := range list {
		text := i.Status
		if i.Kind != "" {
			text += "/" + i.Kind
		}
		if i.Output != nil {
			text += fmt.Sprint("=", i.Output)
		}
		out = append(out, text)
	}
	return strings.Join(out, " ")
}

func TestEachItem(t *testing.T) {
	const counts = "outputs: {n: '{{ nodes.e.count }}', ok: '{{ nodes.e.successful }}', bad: '{{ nodes.e.failed }}'}\n"
	for _, tt := range []struct {
		name, flow string
		fails      map[string]int
		out, fail  string
		ends       string
	}{
		{
			name: "all, with their outputs", out: "map[bad:0 n:3 ok:3]", ends: "successful=2 successful=4 successful=6",
			flow: counts + "nodes:\n- {id: e, type: flow.for_each_item, params: {queue: q, output: '{{ 2 * loop.item.content.n }}'}}\n- {id: a, type: test.act}\nedges: [e.body -> a]\n",
		},
		{
			name: "continue, break", out: "map[bad:0 n:2 ok:2]", ends: "successful successful new",
			flow: counts + "nodes:\n- {id: e, type: flow.for_each_item, params: {queue: q}}\n- {id: i, type: flow.if, params: {condition: '{{ loop.index == 0 }}'}}\n- {id: c, type: flow.continue}\n- {id: b, type: flow.break}\nedges: [e.body -> i, i.then -> c, i.else -> b]\n",
		},
		{
			name: "return", out: "map[x:1]", ends: "successful new new",
			flow: "outputs: {x: int}\nnodes:\n- {id: e, type: flow.for_each_item, params: {queue: q}}\n- {id: r, type: flow.return, params: {outputs: {x: '{{ loop.item.content.n }}'}}}\nedges: [e.body -> r]\n",
		},
		{
			name: "at most", out: "map[bad:0 n:2 ok:2]", ends: "successful successful new",
			flow: counts + "nodes:\n- {id: e, type: flow.for_each_item, params: {queue: q, max_items: 2}}\n- {id: a, type: test.act}\nedges: [e.body -> a]\n",
		},
		{
			name: "failures of both kinds", fails: map[string]int{"a": 1}, out: "map[bad:2 n:3 ok:1]", ends: "failed/application failed/business successful",
			flow: counts + "nodes:\n- {id: e, type: flow.for_each_item, params: {queue: q}}\n- {id: a, type: test.act}\n- {id: i, type: flow.if, params: {condition: '{{ loop.index == 1 }}'}}\n- {id: f, type: flow.fail, params: {message: no}}\nedges: [e.body -> a, a -> i, i.then -> f]\n",
		},
		{
			name: "stop at the first", fails: map[string]int{"a": 9}, fail: "e[0]/a: the world said no", ends: "failed/application new new",
			flow: counts + "nodes:\n- {id: e, type: flow.for_each_item, params: {queue: q, on_item_failure: stop}}\n- {id: a, type: test.act}\nedges: [e.body -> a]\n",
		},
		{
			name: "stop after some in a row", fails: map[string]int{"a": 9}, fail: "e: 2 items in a row failed; the last one, 4, because e[1]/a: the world said no", ends: "failed/application failed/application new",
			flow: counts + "nodes:\n- {id: e, type: flow.for_each_item, params: {queue: q, max_consecutive_failures: 2}}\n- {id: a, type: test.act}\nedges: [e.body -> a]\n",
		},
		{
			name: "an output that cannot be made", out: "map[bad:1 n:1 ok:0]", ends: "failed/application new new",
			flow: counts + "nodes:\n- {id: e, type: flow.for_each_item, params: {queue: q, max_items: 1, output: '{{ 1 / nodes.a.value }}'}}\n- {id: a, type: test.act, params: {value: zero}}\nedges: [e.body -> a]\n",
		},
		{
			name: "the body ends the item itself", out: "map[bad:1 n:1 ok:0]", ends: "failed/business new new",
			flow: counts + "nodes:\n- {id: e, type: flow.for_each_item, params: {queue: q, max_items: 1}}\n- {id: f, type: item.fail, params: {item: '{{ loop.item }}', reason: no, class: business}}\nedges: [e.body -> f]\n",
		},
		{
			name: "a block that is given up gives its item back", out: "map[k:timeout]", ends: "new new new",
			flow: "outputs: {k: '{{ vars.k }}'}\nvars: {k: ''}\nnodes:\n- {id: t, type: flow.try}\n- {id: e, type: flow.for_each_item, params: {queue: q}, timeout: 30ms}\n- {id: b, type: test.block}\n- {id: k, type: var.set, params: {name: k, value: '{{ error.kind }}'}}\nedges: [t.try -> e, e.body -> b, t.catch -> k]\n",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			w.add(t, 3)
			for id, n := range tt.fails {
				w.fails[id] = n
			}
			res, err := w.start(t, memrt.New(), head+tt.flow, engine.Options{})
			if err != nil {
				t.Fatal(err)
			}
			if got := fmt.Sprint(res.Output); tt.out != "" && got != tt.out {
				t.Errorf("it gives %s, want %s (%v)", got, tt.out, res.Failure)
			}
			if (tt.fail != "") != (res.Failure != nil) || res.Failure != nil && !strings.Contains(res.Failure.Error(), tt.fail) {
				t.Errorf("failure: %v, want %q", res.Failure, tt.fail)
			}
			if got := w.ends(t); got != tt.ends {
				t.Errorf("items: %s, want %s", got, tt.ends)
			}
		})
	}
}

func TestNoItems(t *testing.T) {
	w := newWorld(t)
	res, err := w.start(t, memrt.New(), head+"nodes:\n- {id: e, type: flow.for_each_item, params: {queue: q}}\n- {id: a, type: test.act}\nedges: [e.body -> a]\n", engine.Options{})
	if err != nil || res.Failure == nil || !strings.Contains(res.Failure.Error(), "no work items here") {
		t.Errorf("%+v, %v", res, err)
	}
}
