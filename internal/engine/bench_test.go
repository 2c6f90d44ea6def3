package engine_test

import (
	"fmt"
	"testing"
	"time"

	"context"

	"github.com/aether-rpa/aether/flow"
	"github.com/aether-rpa/aether/internal/durable"
	"github.com/aether-rpa/aether/internal/durable/memrt"
	"github.com/aether-rpa/aether/internal/engine"
)

// BenchmarkPure measures nodes that are never recorded: a loop that counts, with
// a condition in it. One op is one node.
func BenchmarkPure(b *testing.B) {
	src := fmt.Sprintf("aether: 1\nname: pure\nvars: {n: 0, odd: 0}\nnodes:\n- {id: r, type: flow.repeat, params: {times: %d}}\n- {id: s, type: var.set, params: {name: n, value: '{{ vars.n + 1 }}'}}\n- {id: i, type: flow.if, params: {condition: '{{ vars.n %% 2 == 1 }}'}}\n- {id: o, type: var.set, params: {name: odd, value: '{{ vars.odd + 1 }}'}}\n- {id: e, type: math.add, params: {a: 1, b: '{{ vars.n }}'}}\nedges: [r.body -> s, s -> i, i.then -> o, i.else -> e]\n", b.N/3+1)
	run(b, src)
}

func run(b *testing.B, src string) {
	w := newWorld(b)
	f, err := flow.Decode([]byte(src))
	if err != nil {
		b.Fatal(err)
	}
	p, err := engine.Compile(f, w.registry(b))
	if err != nil {
		b.Fatal(err)
	}
	var count engine.Counters
	o := engine.Options{RunID: "r", Now: time.Now, Started: time.Now(), Input: map[string]any{}}
	b.ReportAllocs()
	b.ResetTimer()
	_, err = memrt.New().Run(b.Context(), "r", func(ctx context.Context, log durable.Log) ([]byte, error) {
		res, err := engine.Execute(ctx, p, log, w, o, &count)
		if err == nil && res.Failure != nil {
			err = res.Failure
		}
		return nil, err
	})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(count.Nodes.Load())/b.Elapsed().Seconds(), "nodes/s")
}
