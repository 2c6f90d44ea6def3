//go:build unix

package crashtest

// shape is a flow to crash.
type shape struct {
	name  string
	flow  string
	files map[string]string // flows beside it, by file name
	// what the undisturbed run gives; out is compared in JSON
	out  string
	fail string // kind of the failure, if it fails
	// beside says that branches run beside each other: the order of records
	// differs from run to run.
	beside bool
	// racy names records that a run may lack, because time decides.
	racy []string
	// spare names paths that need not act: when time was lost in a crash, or since they race with what ends them.
	spare []string
	// cut says at which points a death makes the run fail as interrupted.
	cut map[string]bool
	// retry is job.Retry: "same", or the name of one of files.
	retry string
	send  map[string]any
	parks int // how often the undisturbed run waits for somebody
	// attended says that questions are answered in the process that executes
	// the run.
	attended bool
	// items are work items that the run is begun with, in its queue items.
	items []any
	// from is the record at which killing begins, for shapes that take long.
	from string
}

const head = "aether: 1\nname: crash\n"

var shapes = []shape{
	// Those that sleep come first: the others fill the time.
	{
		name: "block that times out", racy: []string{"a"}, spare: []string{"a", "h"},
		flow: "start: o\noutputs: {k: '{{ vars.k }}', x: '{{ vars.x }}'}\nvars: {x: 0, k: ''}\nnodes:\n- {id: k, type: var.set, params: {name: k, value: '{{ error.kind }}'}}\n- {id: o, type: flow.try}\n- {id: t, type: flow.try, timeout: 400ms}\n- {id: a, type: crash.act, params: {effect: read}}\n" +
			"- {id: v, type: var.set, params: {name: x, value: 1}}\n- {id: h, type: crash.act, params: {hang: true}}\n- {id: z, type: crash.act, params: {effect: once}}\n- {id: n, type: crash.act}\n" +
			"edges: [o.try -> t, t.try -> a, a -> v, v -> h, t.done -> n, o.catch -> k, k -> z]\n",
		out: `{"k":"timeout","x":0}`,
	},
	{
		name: "block that ended in time", from: "z!intent",
		flow: "outputs: {x: '{{ vars.x }}'}\nvars: {x: 0}\nnodes:\n- {id: t, type: flow.try, timeout: 1500ms}\n- {id: a, type: crash.act}\n" +
			"- {id: v, type: var.set, params: {name: x, value: 1}}\n- {id: w, type: flow.wait, params: {for: 1600ms}}\n- {id: z, type: crash.act, params: {effect: once}}\n" +
			"edges: [t.try -> a, a -> v, t.done -> w, w -> z]\n",
		out: `{"x":1}`,
	},
	{
		name: "retry inside a block that had a limit", retry: "same",
		flow: "outputs: {v: '{{ nodes.z.value }}'}\nnodes:\n- {id: o, type: flow.try}\n- {id: t, type: flow.try, timeout: 2500ms}\n- {id: a, type: crash.act}\n" +
			"- {id: b, type: crash.act, params: {fail: '{{ !(run.id contains \".\") }}'}}\n- {id: i, type: flow.if, params: {condition: '{{ !(run.id contains \".\") }}'}}\n- {id: w, type: flow.wait, params: {for: 2510ms}}\n- {id: z, type: crash.act, params: {value: 3}}\n" +
			"edges: [o.try -> t, t.try -> a, a -> b, o.finally -> i, i.then -> w, o.done -> z]\n",
		out: `{"v":3}`,
	},
	{
		name: "work items", items: []any{map[string]any{"n": 1}, map[string]any{"n": -2}, map[string]any{"n": 3}},
		flow: "outputs: {n: '{{ nodes.e.count }}', ok: '{{ nodes.e.successful }}', bad: '{{ nodes.e.failed }}', lost: '{{ nodes.e.lost }}', s: '{{ vars.s }}'}\nvars: {s: 0}\nnodes:\n" +
			"- {id: e, type: flow.for_each_item, params: {queue: items, output: '{{ nodes.a.value }}'}}\n- {id: a, type: crash.act, params: {value: '{{ loop.item.content.n }}'}}\n" +
			"- {id: i, type: flow.if, params: {condition: '{{ loop.item.content.n < 0 }}'}}\n- {id: f, type: flow.fail, params: {message: negative}}\n- {id: b, type: crash.act, params: {effect: once}}\n" +
			"- {id: k, type: var.increment, params: {name: s, by: '{{ loop.item.content.n }}'}}\n- {id: z, type: crash.act, params: {effect: once}}\n" +
			"edges: [e.body -> a, a -> i, i.then -> f, i.else -> b, b -> k, e.done -> z]\n",
		out: `{"n":3,"ok":2,"bad":1,"lost":0,"s":4}`,
	},
	{
		name: "work items that are tried again", items: []any{map[string]any{"n": 1}, map[string]any{"n": 2}},
		flow: "outputs: {n: '{{ nodes.e.count }}', ok: '{{ nodes.e.successful }}', bad: '{{ nodes.e.failed }}', again: '{{ nodes.e.retried }}', lost: '{{ nodes.e.lost }}'}\nnodes:\n" +
			"- {id: e, type: flow.for_each_item, params: {queue: items}}\n- {id: a, type: crash.act, params: {effect: once, fail: '{{ loop.item.content.n == 2 && loop.item.retry_no == 0 }}'}}\n- {id: z, type: crash.act}\n" +
			"edges: [e.body -> a, e.done -> z]\n",
		out: `{"n":3,"ok":2,"bad":0,"again":1,"lost":0}`,
	},
	{
		name: "work items in a run that is retried", items: []any{map[string]any{"n": 1}, map[string]any{"n": 2}}, retry: "same",
		flow: "outputs: {n: '{{ nodes.e.count }}', ok: '{{ nodes.e.successful }}', lost: '{{ nodes.e.lost }}'}\nnodes:\n" +
			"- {id: e, type: flow.for_each_item, params: {queue: items, max_items: 2}}\n- {id: a, type: crash.act, params: {effect: once}}\n- {id: b, type: crash.act, params: {fail: '{{ !(run.id contains \".\") }}'}}\n- {id: z, type: crash.act}\n" +
			"edges: [e.body -> a, e.done -> b, b -> z]\n",
		out: `{"n":2,"ok":2,"lost":0}`,
	},
	{
		name: "sequence",
		flow: "outputs: {x: '{{ nodes.a.value + nodes.b.value + nodes.d.value }}'}\nnodes:\n" +
			"- {id: a, type: crash.act, params: {value: 1, effect: read}}\n" +
			"- {id: b, type: crash.act, params: {value: '{{ nodes.a.value + 1 }}', file: true}}\n" +
			"- {id: c, type: crash.act, params: {effect: once}}\n" +
			"- {id: d, type: crash.act, params: {value: '{{ nodes.b.value + 1 }}'}}\n" +
			"edges: [a -> b, b -> c, c -> d]\n",
		out: `{"x":6}`,
	},
	{
		name: "if and switch",
		flow: "outputs: {x: '{{ vars.x }}'}\nvars: {x: 0}\nnodes:\n" +
			"- {id: a, type: crash.act, params: {value: 7, effect: read}}\n" +
			"- {id: i, type: flow.if, params: {condition: '{{ nodes.a.value > 5 }}'}}\n" +
			"- {id: b, type: crash.act, params: {value: two}}\n- {id: n, type: crash.act}\n" +
			"- {id: s, type: flow.switch, params: {value: '{{ nodes.b.value }}', cases: [{port: one, equals: one}, {port: two, equals: two}]}}\n" +
			"- {id: c, type: crash.act}\n- {id: d, type: crash.act, params: {effect: once}}\n" +
			"- {id: v, type: var.set, params: {name: x, value: '{{ nodes.a.value * 2 }}'}}\n" +
			"edges: [a -> i, i.then -> b, i.else -> n, b -> s, s.one -> c, s.two -> d, d -> v]\n",
		out: `{"x":14}`,
	},
	{
		name: "nested loops",
		flow: "outputs: {l: '{{ vars.l }}'}\nvars: {l: []}\nnodes:\n" +
			"- {id: o, type: flow.for_each, params: {items: [10, 20]}}\n" +
			"- {id: i, type: flow.repeat, params: {times: 2}}\n" +
			"- {id: a, type: crash.act, params: {value: '{{ loops.o.item + loop.item }}'}}\n" +
			"- {id: k, type: var.append, params: {name: l, item: '{{ nodes.a.value }}'}}\n" +
			"- {id: z, type: crash.act, params: {effect: once}}\n" +
			"edges: [o.body -> i, i.body -> a, a -> k, i.done -> z]\n",
		out: `{"l":[11,12,21,22]}`,
	},
	{
		name: "while",
		flow: "outputs: {n: '{{ vars.n }}', c: '{{ nodes.w.count }}'}\nvars: {n: 1}\nnodes:\n" +
			"- {id: w, type: flow.while, params: {condition: '{{ vars.n < 20 }}'}}\n" +
			"- {id: a, type: crash.act, params: {value: '{{ vars.n * 3 }}', effect: read}}\n" +
			"- {id: v, type: var.set, params: {name: n, value: '{{ nodes.a.value }}'}}\n" +
			"edges: [w.body -> a, a -> v]\n",
		out: `{"n":27,"c":3}`,
	},
	{
		name: "turns at once", beside: true,
		flow: "outputs: {r: '{{ nodes.e.results }}'}\nnodes:\n" +
			"- {id: e, type: flow.for_each, params: {items: [1, 2, 3], concurrency: 3, collect: '{{ nodes.b.value }}'}}\n" +
			"- {id: a, type: crash.act, params: {value: '{{ loop.item * 10 }}', effect: once}}\n" +
			"- {id: b, type: crash.act, params: {value: '{{ loop.item * 10 + 1 }}'}}\n" +
			"edges: [e.body -> a, a -> b]\n",
		out: `{"r":[11,21,31]}`,
	},
	{
		name: "parallel", beside: true,
		flow: "outputs: {x: '{{ vars.x }}', y: '{{ nodes.b.value }}', z: '{{ nodes.z.value }}'}\nvars: {x: 0}\nnodes:\n" +
			"- {id: p, type: flow.parallel}\n- {id: a, type: crash.act, params: {value: 1}}\n- {id: b, type: crash.act, params: {value: 2}}\n- {id: c, type: crash.act, params: {effect: once}}\n" +
			"- {id: v, type: var.set, params: {name: x, value: '{{ nodes.a.value + 4 }}'}}\n- {id: d, type: crash.act}\n" +
			"- {id: z, type: crash.act, params: {value: '{{ vars.x + nodes.b.value }}'}}\n" +
			"edges: [p.branch -> a, p.branch -> b, p.branch -> c, a -> v, v -> d, p.done -> z]\n",
		out: `{"x":5,"y":2,"z":7}`,
	},
	{
		name: "parallel in a loop", beside: true,
		flow: "outputs: {l: '{{ vars.l }}'}\nvars: {l: []}\nnodes:\n" +
			"- {id: e, type: flow.for_each, params: {items: [1, 2]}}\n- {id: p, type: flow.parallel}\n" +
			"- {id: a, type: crash.act, params: {value: '{{ loop.item }}'}}\n- {id: r, type: flow.repeat, params: {times: 2}}\n" +
			"- {id: b, type: crash.act, params: {value: '{{ loops.e.item * 10 + loop.item }}', effect: read}}\n" +
			"- {id: k, type: var.append, params: {name: l, item: '{{ nodes.a.value + nodes.b.value }}'}}\n" +
			"edges: [e.body -> p, p.branch -> a, p.branch -> r, r.body -> b, p.done -> k]\n",
		out: `{"l":[13,24]}`,
	},
	{
		name: "try, catch, finally",
		flow: "outputs: {m: '{{ vars.m }}', f: '{{ nodes.t.failed }}'}\nvars: {m: none}\nnodes:\n" +
			"- {id: t, type: flow.try}\n- {id: a, type: crash.act}\n- {id: b, type: crash.act, params: {fail: true, effect: once}}\n- {id: n, type: crash.act}\n" +
			"- {id: v, type: var.set, params: {name: m, value: '{{ error.kind }} in {{ error.node }}'}}\n- {id: c, type: crash.act, params: {effect: once}}\n" +
			"- {id: f, type: crash.act}\n- {id: z, type: crash.act}\n" +
			"edges: [t.try -> a, a -> b, b -> n, t.catch -> v, v -> c, t.finally -> f, t.done -> z]\n",
		out: `{"m":"network in b","f":true}`,
	},
	{
		name: "failure leaves through finally", fail: "business",
		flow: "nodes:\n- {id: t, type: flow.try}\n- {id: a, type: crash.act}\n- {id: b, type: flow.fail, params: {message: 'no', class: business}}\n- {id: f, type: crash.act, params: {effect: once}}\n- {id: z, type: crash.act}\n" +
			"edges: [t.try -> a, a -> b, t.finally -> f, t.done -> z]\n",
	},
	{
		name: "node retry",
		flow: "outputs: {v: '{{ nodes.b.value }}'}\nnodes:\n" +
			"- {id: a, type: crash.act, params: {fail_tries: 2, effect: once}, retry: {max_attempts: 4, initial: 10ms}}\n" +
			"- {id: b, type: crash.act, params: {value: 5, fail_tries: 1}, retry: {max_attempts: 2, initial: 5ms}}\nedges: [a -> b]\n",
		out: `{"v":5}`,
	},
	{
		name: "retry block",
		flow: "outputs: {n: '{{ nodes.r.attempts }}', v: '{{ nodes.b.value }}'}\nnodes:\n" +
			"- {id: r, type: flow.retry, params: {max_attempts: 4, initial: 10ms}}\n- {id: a, type: crash.act}\n" +
			"- {id: b, type: crash.act, params: {value: 3, fail_in: 'r[0]/'}}\n- {id: c, type: crash.act, params: {fail_in: 'r[1]/', effect: once}}\n- {id: z, type: crash.act}\n" +
			"edges: [r.body -> a, a -> b, b -> c, r.done -> z]\n",
		out: `{"n":3,"v":3}`,
	},
	{
		name: "flows that call flows",
		flow: "outputs: {v: '{{ vars.s }}'}\nvars: {s: 0}\nnodes:\n- {id: e, type: flow.repeat, params: {times: 2}}\n" +
			"- {id: c, type: flow.call, params: {flow: middle.yaml, inputs: {n: '{{ loop.item }}'}}}\n- {id: k, type: var.increment, params: {name: s, by: '{{ nodes.c.r }}'}}\n- {id: z, type: crash.act}\n" +
			"edges: [e.body -> c, c -> k, e.done -> z]\n",
		files: map[string]string{
			"middle.yaml": "aether: 1\nname: middle\ninputs: {n: int}\noutputs: {r: '{{ nodes.i.r + nodes.a.value }}'}\nnodes:\n- {id: a, type: crash.act, params: {value: '{{ inputs.n }}'}}\n- {id: i, type: flow.call, params: {flow: inner.yaml, inputs: {n: '{{ nodes.a.value * 10 }}'}}}\nedges: [a -> i]\n",
			"inner.yaml":  "aether: 1\nname: inner\ninputs: {n: int}\noutputs: {r: '{{ nodes.a.value }}'}\nnodes:\n- {id: a, type: crash.act, params: {value: '{{ inputs.n + 100 }}', effect: read}}\n",
		},
		out: `{"v":233}`,
	},
	{
		name: "short wait",
		flow: "outputs: {v: '{{ nodes.c.value }}'}\nnodes:\n- {id: a, type: crash.act}\n- {id: w, type: flow.wait, params: {for: 30ms}}\n- {id: b, type: crash.act, params: {effect: once}}\n- {id: c, type: crash.act, params: {value: 1}}\nedges: [a -> w, w -> b, b -> c]\n",
		out:  `{"v":1}`,
	},
	{
		name: "message that came before", send: map[string]any{"paid": map[string]any{"x": 7}},
		flow: "outputs: {v: '{{ nodes.m.message.x }}'}\nnodes:\n- {id: a, type: crash.act}\n- {id: m, type: flow.wait_for_message, params: {topic: paid, wait: 1h}}\n- {id: b, type: crash.act, params: {value: '{{ nodes.m.message.x }}'}}\nedges: [a -> m, m -> b]\n",
		out:  `{"v":7}`,
	},
	{
		name: "approval", parks: 1,
		flow: "outputs: {c: '{{ nodes.q.choice }}'}\nnodes:\n- {id: a, type: crash.act}\n- {id: q, type: flow.wait_for_approval, params: {question: Pay?, wait: 1h}}\n- {id: b, type: crash.act, params: {effect: once}}\n- {id: n, type: crash.act}\nedges: [a -> q, q.approve -> b, q.reject -> n]\n",
		out:  `{"c":"approve"}`,
	},
	{
		name: "question that waits", parks: 1,
		flow: "outputs: {c: '{{ nodes.q.confirmed }}'}\nnodes:\n- {id: a, type: crash.act}\n- {id: q, type: dialog.confirm, params: {message: Pay?, wait: 1h}}\n- {id: b, type: crash.act, params: {effect: once}}\n- {id: n, type: crash.act}\nedges: [a -> q, q.yes -> b, q.no -> n]\n",
		out:  `{"c":true}`,
	},
	{
		name: "question on the screen", attended: true,
		flow: "outputs: {v: '{{ nodes.q.value }}', c: '{{ nodes.r.confirmed }}'}\nnodes:\n- {id: a, type: crash.act}\n- {id: q, type: dialog.input, params: {message: Who?, wait: 1h}}\n- {id: b, type: crash.act, params: {effect: once, value: '{{ nodes.q.value }}'}}\n- {id: r, type: dialog.confirm, params: {message: Pay?}}\n- {id: c, type: crash.act}\n- {id: n, type: crash.act}\nedges: [a -> q, q -> b, b -> r, r.yes -> c, r.no -> n]\n",
		out:  `{"v":"yes","c":true}`,
	},
	{
		name: "password on the screen", attended: true,
		flow: "outputs: {u: '{{ nodes.q.confirmed }}'}\nnodes:\n- {id: a, type: crash.act}\n- {id: q, type: dialog.credential, params: {name: bank, ask_username: false}}\n- {id: b, type: crash.act, params: {effect: once}}\n- {id: c, type: crash.act}\nedges: [a -> q, q -> b, b -> c]\n",
		out:  `{"u":true}`,
	},
	{
		name: "question with a default",
		flow: "outputs: {c: '{{ nodes.q.confirmed }}'}\nnodes:\n- {id: a, type: crash.act}\n- {id: q, type: dialog.confirm, params: {message: Pay?, default: false, wait: 1h}}\n- {id: n, type: crash.act}\n- {id: b, type: crash.act, params: {effect: once}}\nedges: [a -> q, q.yes -> n, q.no -> b]\n",
		out:  `{"c":false}`,
	},
	{
		name: "error wire and on_error",
		flow: "outputs: {m: '{{ nodes.b.error.message }}', k: '{{ vars.k }}'}\nvars: {k: ''}\nnodes:\n- {id: a, type: crash.act, params: {fail: true}}\n- {id: n, type: crash.act}\n" +
			"- {id: k, type: var.set, params: {name: k, value: '{{ error.kind }}'}}\n- {id: b, type: crash.act, params: {fail: true, effect: once}, on_error: continue}\n- {id: c, type: crash.act}\n" +
			"edges: [a -> n, a.error -> k, k -> b, b -> c]\n",
		out: `{"m":"the world said no","k":"network"}`,
	},
	{
		name: "break, continue, return",
		flow: "outputs: {n: '{{ vars.n }}'}\nvars: {n: 0}\nnodes:\n- {id: o, type: flow.repeat, params: {times: 3}}\n- {id: i, type: flow.repeat, params: {times: 9}}\n" +
			"- {id: one, type: flow.if, params: {condition: '{{ loop.item == 1 }}'}}\n- {id: c, type: flow.continue}\n- {id: three, type: flow.if, params: {condition: '{{ loop.item == 3 }}'}}\n- {id: b, type: flow.break}\n" +
			"- {id: a, type: crash.act, params: {value: '{{ loops.o.item }}'}}\n- {id: k, type: var.increment, params: {name: n, by: '{{ nodes.a.value }}'}}\n" +
			"- {id: late, type: flow.if, params: {condition: '{{ loop.item == 2 }}'}}\n- {id: x, type: crash.act, params: {effect: once}}\n- {id: r, type: flow.return}\n" +
			"edges: [o.body -> i, i.body -> one, one.then -> c, one.else -> three, three.then -> b, three.else -> a, a -> k, i.done -> late, late.then -> x, x -> r]\n",
		out: `{"n":3}`,
	},
	{
		name: "once, ask",
		flow: "outputs: {ok: '{{ nodes.z.value }}'}\nnodes:\n- {id: a, type: crash.act, params: {effect: once}}\n- {id: e, type: flow.repeat, params: {times: 2}}\n- {id: b, type: crash.act, params: {effect: once}, on_interrupted: ask}\n- {id: z, type: crash.act, params: {value: true}}\nedges: [a -> e, e.body -> b, e.done -> z]\n",
		out:  `{"ok":true}`,
	},
	{
		name: "once, fail", cut: map[string]bool{"after b!intent": true, "before b": true},
		flow: "outputs: {ok: '{{ nodes.z.value }}'}\nnodes:\n- {id: a, type: crash.act}\n- {id: b, type: crash.act, params: {effect: once}, on_interrupted: fail}\n- {id: z, type: crash.act, params: {value: true}}\nedges: [a -> b, b -> z]\n",
		out:  `{"ok":true}`,
	},
	{
		name: "once, retry",
		flow: "settings: {on_interrupted: retry}\noutputs: {ok: '{{ nodes.b.value }}'}\nnodes:\n- {id: a, type: crash.act, params: {effect: once}}\n- {id: b, type: crash.act, params: {effect: once, value: true}}\nedges: [a -> b]\n",
		out:  `{"ok":true}`,
	},
	{
		name: "large values",
		flow: "outputs: {n: '{{ len(nodes.b.value) }}', v: '{{ nodes.b.value }}'}\nvars: {x: ''}\nnodes:\n- {id: a, type: crash.act, params: {size: 70000, effect: read}}\n- {id: v, type: var.set, params: {name: x, value: '{{ nodes.a.value }}'}}\n" +
			"- {id: b, type: crash.act, params: {value: '{{ vars.x + nodes.a.value }}'}}\n- {id: c, type: crash.act, params: {effect: once, value: '{{ nodes.b.value }}'}}\nedges: [a -> v, v -> b, b -> c]\n",
	},
	{
		name: "retry of a failed run", retry: "same",
		flow: "outputs: {v: '{{ nodes.d.value }}'}\nnodes:\n- {id: a, type: crash.act, params: {value: 2}}\n- {id: b, type: crash.act, params: {effect: once}}\n" +
			"- {id: c, type: crash.act, params: {effect: once, fail: '{{ !(run.id contains \".\") }}'}}\n- {id: d, type: crash.act, params: {value: '{{ nodes.a.value * 2 }}'}}\nedges: [a -> b, b -> c, c -> d]\n",
		out: `{"v":4}`,
	},
	{
		name: "retry with another version", retry: "next.yaml",
		flow: retried("1"), files: map[string]string{"next.yaml": head + retried("2")},
		out: `{"v":9}`,
	},
	{
		name: "a branch fails and cuts others", beside: true, racy: []string{"b", "b!intent", "b!decision1", "b!intent2"}, spare: []string{"b"},
		flow: "outputs: {k: '{{ vars.k }}'}\nnodes:\n- {id: t, type: flow.try}\n- {id: k, type: var.set, params: {name: k, value: '{{ error.kind }}'}}\n- {id: p, type: flow.parallel}\n- {id: a, type: crash.act, params: {fail: true}}\n- {id: b, type: crash.act, params: {hang: true, effect: once}}\n- {id: n, type: crash.act}\n- {id: z, type: crash.act}\n" +
			"edges: [t.try -> p, p.branch -> a, p.branch -> b, p.done -> n, t.catch -> k, k -> z]\n",
		out: `{"k":"network"}`,
	},
	{
		name: "a branch fails and another waits", beside: true,
		flow: "outputs: {k: '{{ vars.k }}'}\nnodes:\n- {id: t, type: flow.try}\n- {id: k, type: var.set, params: {name: k, value: '{{ error.kind }}'}}\n- {id: p, type: flow.parallel}\n- {id: a, type: crash.act, params: {fail: true}}\n- {id: m, type: flow.wait_for_message, params: {topic: never}}\n- {id: n, type: crash.act}\n- {id: z, type: crash.act}\n" +
			"edges: [t.try -> p, p.branch -> a, p.branch -> m, p.done -> n, t.catch -> k, k -> z]\n",
		out: `{"k":"network"}`,
	},
	{
		name: "two decisions in two branches", beside: true, parks: 1,
		flow: "outputs: {a: '{{ nodes.q.choice }}', b: '{{ nodes.r.choice }}'}\nnodes:\n- {id: p, type: flow.parallel}\n- {id: q, type: flow.wait_for_approval, params: {question: Pay?}}\n- {id: r, type: flow.wait_for_approval, params: {question: Send?}}\n- {id: a, type: crash.act, params: {effect: once}}\n- {id: b, type: crash.act}\n- {id: z, type: crash.act}\n" +
			"edges: [p.branch -> q, p.branch -> r, q.approve -> a, r.approve -> b, p.done -> z]\n",
		out: `{"a":"approve","b":"approve"}`,
	},
}

// retried is a flow that fails in a run that is not a retry. With another x the
// node b is given something else, and so b and all after it happen again.
func retried(x string) string {
	return "outputs: {v: '{{ nodes.c.value }}'}\nvars: {x: " + x + "}\nnodes:\n" +
		"- {id: a, type: crash.act, params: {value: 1}}\n- {id: b, type: crash.act, params: {effect: once, value: '{{ vars.x }}'}}\n- {id: c, type: crash.act, params: {value: 9}}\n" +
		"- {id: d, type: crash.act, params: {fail: '{{ !(run.id contains \".\") }}'}}\nedges: [a -> b, b -> c, c -> d]\n"
}
