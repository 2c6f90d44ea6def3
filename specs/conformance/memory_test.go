package conformance

import (
	"fmt"
	"testing"
	"time"
)

// limit is how much memory a run may hold that moves a gigabyte.
const limit = 256 << 20

// TestMemory moves about 1 GB of node data through runs: many large texts, one
// after the other; a table larger than the limit, written and read as CSV.
func TestMemory(t *testing.T) {
	slow(t)
	tests := []struct {
		name, flow, out string
	}{
		{
			// 30 turns of 12 MB each way: made, written to a file, read, measured.
			name: "texts", out: "map[n:30]",
			flow: "outputs: {n: '{{ nodes.e.count }}'}\nnodes:\n- {id: e, type: flow.repeat, params: {times: 30}}\n" +
				"- {id: big, type: text.repeat, params: {text: 'turn {{ loop.item }} of many, ', count: 700000}}\n" +
				"- {id: w, type: file.write_text, params: {path: big.txt, text: '{{ nodes.big.text }}'}}\n- {id: r, type: file.read_text, params: {path: big.txt}}\n" +
				"- {id: len, type: text.length, params: {text: '{{ nodes.r.text }}'}}\n" +
				"- {id: ok, type: flow.assert, params: {condition: '{{ nodes.len.length > 11000000 }}'}}\nedges: [e.body -> big, big -> w, w -> r, r -> len, len -> ok]\n",
		},
		{
			// A list of 400,000 numbers becomes rows of a table, a CSV file of 15
			// MB, rows again, filtered, counted: each stage is stored.
			name: "table", out: "map[n:200000 read:400000]",
			flow: "outputs: {read: '{{ nodes.count.length }}', n: '{{ nodes.f.count }}'}\nnodes:\n- {id: l, type: list.range, params: {from: 0, to: 399999}}\n" +
				"- {id: m, type: list.map, params: {list: '{{ nodes.l.list }}', to: '{{ {\"id\": item, \"name\": \"customer number \" + string(item), \"even\": item % 2 == 0} }}'}}\n" +
				"- {id: w, type: csv.write, params: {rows: '{{ nodes.m.list }}', file: t.csv}}\n- {id: r, type: csv.read, params: {file: t.csv}}\n" +
				"- {id: count, type: list.length, params: {list: '{{ nodes.r.rows }}'}}\n- {id: f, type: table.filter, params: {rows: '{{ nodes.r.rows }}', where: '{{ row.even }}'}}\nedges: [l -> m, m -> w, w -> r, r -> count, count -> f]\n",
		},
		{
			// 100 turns collect texts of 8 MB, of which only references stay.
			name: "kept", out: "map[n:100]",
			flow: "outputs: {n: '{{ len(vars.all) }}'}\nvars: {all: []}\nnodes:\n- {id: e, type: flow.repeat, params: {times: 100}}\n" +
				"- {id: big, type: text.repeat, params: {text: 'turn {{ loop.item }} ', count: 1000000}}\n- {id: keep, type: var.append, params: {name: all, item: '{{ nodes.big.text }}'}}\nedges: [e.body -> big, big -> keep]\n",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h := newHome(t)
			h.measured = true
			h.flow(tt.flow)
			r := h.start("run", "flow.yaml", "--json", "--id", "r").wait(90 * time.Second)
			if r.code != 0 {
				t.Fatalf("exit code %d\n%.3000s%s", r.code, r.out, r.err)
			}
			if got := fmt.Sprint(last(t, r.out)["output"]); got != tt.out {
				t.Errorf("the output is %s, want %s", got, tt.out)
			}
			t.Logf("it held %d MiB at most and took %s", r.peak>>20, r.took)
			if r.peak > limit {
				t.Errorf("it held %d MiB, more than %d", r.peak>>20, limit>>20)
			}
		})
	}
}
