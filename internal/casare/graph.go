package casare

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/aether-rpa/aether/flow"
)

// CasareRPA walks its graph breadth first: a queue of nodes, each of which
// runs once (or once a turn of a loop). Aether walks one chain, and nodes own
// scopes. The functions here turn one into the other: chain makes the nodes
// that control passes from some targets on, in a scope, and returns the id of
// the first one.

// scope is a chain that belongs to a node of the flow, or the flow itself.
type scope struct {
	up    *scope
	loop  *step // the loop whose body this is
	id    string
	stop  map[*step]stopKind
	marks map[*step]string // variables that note that a stop was reached
	heads map[*step]string // first node of what was made for a step
	fan   bool             // other chains go on after this one ends
	owner *step            // the try, fork or retry whose scope this is
	// policy is what an ErrorRecoveryNode asked for: continue or retry.
	policy string
	tries  int
}

type stopKind int

const (
	stopEnd   stopKind = iota // the chain ends here, and its owner goes on
	stopBreak                 // leads out of the loop
)

func (sc *scope) sub(id string) *scope {
	return &scope{up: sc, id: id, stop: map[*step]stopKind{}, marks: map[*step]string{}, heads: map[*step]string{}}
}

// loops calls fn for the loops around, the innermost first.
func (sc *scope) loops(fn func(sc *scope) bool) {
	for s := sc; s != nil; s = s.up {
		if s.loop != nil && !fn(s) {
			return
		}
	}
}

// inFan reports whether something goes on when this chain ends.
func (sc *scope) inFan() bool {
	for s := sc; s != nil; s = s.up {
		if s.fan {
			return true
		}
	}
	return false
}

// walk makes all nodes of the flow.
func (c *converter) walk() {
	top := (*scope)(nil).sub("")
	var entries []*step
	var starts []*step
	for _, s := range c.w.nodes {
		if s.typ == "StartNode" {
			starts = append(starts, s)
		}
	}
	switch {
	case len(starts) > 0:
		for _, s := range starts {
			entries = append(entries, c.targets(s, "exec_out")...)
		}
		if len(starts) > 1 {
			c.report.attention(nil, fmt.Sprintf("the workflow has %d StartNodes", len(starts)), "their chains run one after the other")
		}
	default:
		entries = c.autoStart()
	}
	for _, s := range c.w.nodes {
		if isTrigger(s) {
			c.trigger(s)
			for _, t := range c.targets(s, "exec_out") {
				if !slices.Contains(entries, t) {
					entries = append(entries, t)
				}
			}
		}
	}
	c.flow.Start = c.chain(c.withPulled(entries), top)
	c.rest(top)
	if c.flow.Start == "" {
		if len(c.flow.Nodes) > 0 && len(starts) == 0 {
			c.flow.Start = c.flow.Nodes[0].ID
		} else {
			id := c.newID("nothing", nil)
			c.flow.Nodes = slices.Insert(c.flow.Nodes, 0, flow.Node{ID: id, Type: "flow.comment", Params: map[string]any{"text": "Nothing is connected to the start."}})
			c.flow.Start = id
		}
	}
}

// autoStart returns the nodes that CasareRPA begins with when there is no
// StartNode: all that no exec wire leads to.
func (c *converter) autoStart() []*step {
	var out []*step
	for _, s := range c.w.nodes {
		switch {
		case c.execIn[s.id] > 0, isTrigger(s), c.pairs.startOf[s] != nil && s.typ != "JoinNode":
			continue
		case s.typ == "CommentNode" && len(c.exec[s.id]) == 0, s.typ == "SubflowInputNode", s.typ == "SubflowOutputNode", s.typ == "RerouteNode":
			continue
		}
		out = append(out, s)
	}
	return out
}

// loose reports whether control neither comes to a node nor goes on from it.
func (c *converter) loose(s *step) bool { return c.execIn[s.id] == 0 && len(c.exec[s.id]) == 0 }

// withPulled puts loose nodes before the nodes that read them. CasareRPA left
// them out when there is a StartNode, and their readers without a value; their
// authors meant them to be computed.
func (c *converter) withPulled(entries []*step) []*step {
	in := map[*step]bool{}
	for _, e := range entries {
		in[e] = true
	}
	reached := c.reach(entries, nil)
	var pulled []*step
	var pull func(s *step, depth int)
	pull = func(s *step, depth int) {
		if depth > len(c.w.nodes) {
			return
		}
		for _, from := range c.reads(s) {
			if c.loose(from) && !in[from] && from.typ != "StartNode" && !isTrigger(from) && from.typ != "SubflowInputNode" && from.typ != "CommentNode" {
				in[from] = true
				pull(from, depth+1)
				pulled = append(pulled, from)
				c.report.adapted(from, "no exec connection leads to it; it runs before the nodes that read it")
			}
		}
	}
	for _, s := range c.w.nodes {
		if reached[s] {
			pull(s, 0)
		}
	}
	// Those that read what other nodes of the chain make go before their readers
	// (see single); the others come first.
	var first []*step
	for _, p := range pulled {
		late := false
		for _, r := range c.reads(p) {
			late = late || reached[r] && !slices.Contains(entries, p) || c.late[r]
		}
		if late {
			c.late[p] = true
		} else {
			first = append(first, p)
		}
	}
	return append(first, entries...)
}

// reads returns the nodes whose outputs a node reads, by wire or by name.
func (c *converter) reads(s *step) []*step {
	if r, ok := c.readsOf[s]; ok {
		return r
	}
	var out []*step
	add := func(x *step) {
		if x != nil && x != s && !slices.Contains(out, x) {
			out = append(out, x)
		}
	}
	for _, p := range slices.Sorted(maps.Keys(c.dataIn[s.id])) {
		add(c.w.byID[c.dataIn[s.id][p].from])
	}
	c.eachName(s.config, func(name string) { add(c.w.byID[name]) })
	c.readsOf[s] = out
	return out
}

// order sorts targets of one port so that what others read comes first, and
// keeps the order of the file otherwise.
func (c *converter) order(list []*step, stop func(*step) bool) {
	if len(list) < 2 {
		return
	}
	regions := make([]map[*step]bool, len(list))
	owners := map[*step][]int{} // targets that lead to a node
	for i, t := range list {
		regions[i] = c.reach([]*step{t}, stop)
		for s := range regions[i] {
			owners[s] = append(owners[s], i)
		}
	}
	type pair struct{ i, j int }
	first := map[pair]bool{} // i makes what j reads
	for j := range list {
		for s := range regions[j] {
			for _, r := range c.reads(s) {
				if regions[j][r] {
					continue
				}
				for _, i := range owners[r] {
					first[pair{i, j}] = true
				}
			}
		}
	}
	waits := make([]int, len(list))
	then := make([][]int, len(list))
	for p := range first {
		if p.i != p.j && !first[pair{p.j, p.i}] {
			waits[p.j]++
			then[p.i] = append(then[p.i], p.j)
		}
	}
	done := make([]bool, len(list))
	out := make([]*step, 0, len(list))
	for len(out) < len(list) {
		pick := slices.Index(done, false)
		for i := range list {
			if !done[i] && waits[i] == 0 {
				pick = i
				break
			}
		}
		done[pick] = true
		out = append(out, list[pick])
		for _, j := range then[pick] {
			waits[j]--
		}
	}
	copy(list, out)
}

// rest makes the nodes that control never reaches, so that nothing of the
// workflow is lost.
func (c *converter) rest(top *scope) {
	for _, s := range c.w.nodes {
		if c.made[s] || isTrigger(s) || s.typ == "StartNode" || s.typ == "EndNode" || s.typ == "RerouteNode" || s.typ == "MergeNode" {
			continue
		}
		if s.typ == "CommentNode" || s.typ == "SubflowInputNode" || s.typ == "SubflowOutputNode" || c.pairs.startOf[s] != nil || s.typ == "RetrySuccessNode" {
			continue
		}
		if c.execIn[s.id] > 0 && !c.orphan(s) {
			continue // another of these leads here
		}
		c.report.say(s, Exact, "nothing leads to it, so it never runs, as in CasareRPA")
		c.chain([]*step{s}, top)
	}
	for _, s := range c.w.nodes { // cycles that nothing leads into
		if !c.made[s] && s.typ != "RerouteNode" && !c.passes(s) && s.typ != "CommentNode" && !isTrigger(s) && s.typ != "SubflowInputNode" && s.typ != "SubflowOutputNode" && s.typ != "EndNode" {
			c.report.attention(s, "it is part of a circle of connections that nothing leads into", "it never runs")
			c.chain([]*step{s}, top)
		}
	}
}

// orphan reports whether all that leads to a node is made already or is no
// node of the flow.
func (c *converter) orphan(s *step) bool {
	for _, w := range c.w.wires {
		if w.exec && w.to == s.id && !c.made[c.w.byID[w.from]] {
			return false
		}
	}
	return true
}

// passes reports whether control goes through a node without a trace in the
// flow.
func (c *converter) passes(s *step) bool {
	switch s.typ {
	case "StartNode", "MergeNode", "ForLoopEndNode", "WhileLoopEndNode", "RetrySuccessNode", "JoinNode", "CatchNode", "FinallyNode":
		return true
	}
	return false
}

// chain makes what control passes from some targets on.
func (c *converter) chain(targets []*step, sc *scope) string {
	var list []*step
	for _, t := range targets {
		if !slices.Contains(list, t) {
			list = append(list, t)
		}
	}
	switch len(list) {
	case 0:
		return ""
	case 1:
		return c.single(list[0], sc)
	}
	return c.fan(list, sc)
}

// single makes one target and what follows it, unless it is there already.
func (c *converter) single(s *step, sc *scope) string {
	inner := true
	for x := sc; x != nil; x = x.up {
		if kind, ok := x.stop[s]; ok {
			return c.stopAt(s, x, sc, kind, inner)
		}
		if x == sc {
			if head, ok := x.heads[s]; ok {
				return head
			}
		} else if _, ok := x.heads[s]; ok {
			c.report.attention(s, "a connection leads from the inside of a loop or block back to it", "that connection was left out")
			return ""
		}
		if x.loop != nil {
			inner = false
		}
	}
	if c.depth++; c.depth > maxChain {
		c.depth--
		c.report.attention(s, "blocks are nested too deeply here", "the connection to it was left out")
		return ""
	}
	defer func() { c.depth-- }()
	before := c.lateBefore(s, sc)
	sc.heads[s] = "" // a circle ends here
	twice := c.made[s]
	if twice && !c.passes(s) {
		// The node is reached from two scopes, of which it can be in one only.
		c.latest[s] = c.newID(c.ids[s]+"_copy", s)
		c.report.adapted(s, "it is reached from several loops or blocks, and stands in each of them")
	}
	c.made[s] = true
	head := c.step(s, sc)
	if before != nil && head != "" {
		head = c.prepend(before, head, sc)
	}
	sc.heads[s] = head
	return head
}

// maxChain bounds recursion: chains are made node by node.
const maxChain = 20_000

// lateBefore returns the loose nodes that must be computed right before s.
func (c *converter) lateBefore(s *step, sc *scope) []*step {
	var out []*step
	var visit func(x *step)
	visit = func(x *step) {
		for _, r := range c.reads(x) {
			if c.late[r] && !c.made[r] && !slices.Contains(out, r) {
				visit(r)
				out = append(out, r)
			}
		}
	}
	visit(s)
	return out
}

func (c *converter) prepend(list []*step, head string, sc *scope) string {
	for _, s := range slices.Backward(list) {
		if c.made[s] {
			continue
		}
		c.made[s] = true
		first, last := c.plain(s, sc)
		if first == "" {
			continue
		}
		c.wire(last, "next", head)
		head = first
	}
	return head
}

// stopAt ends a chain at a node that another scope goes on with.
func (c *converter) stopAt(s *step, at, from *scope, kind stopKind, inner bool) string {
	if mark := at.marks[s]; mark != "" {
		id := c.newID("reached_"+c.ids[s], nil)
		c.add(nil, flow.Node{ID: id, Type: "var.set", Params: map[string]any{"name": mark, "value": true}})
		return id
	}
	switch {
	case kind == stopBreak:
		id := c.newID("leave_loop", nil)
		c.add(nil, flow.Node{ID: id, Type: "flow.break"})
		return id
	case at == from:
		return ""
	}
	// The end of an outer scope, reached from inside a block.
	if at.loop != nil && inner {
		id := c.newID("next_turn", nil)
		c.add(nil, flow.Node{ID: id, Type: "flow.continue"})
		return id
	}
	return ""
}

// fan makes several targets of one port, which CasareRPA runs in turns.
func (c *converter) fan(list []*step, sc *scope) string {
	stop := func(s *step) bool {
		for x := sc; x != nil; x = x.up {
			if _, ok := x.stop[s]; ok {
				return true
			}
		}
		return false
	}
	var live []*step
	for _, t := range list {
		if !stop(t) {
			live = append(live, t)
		}
	}
	switch len(live) {
	case 0:
		return c.single(list[0], sc)
	case 1:
		return c.single(live[0], sc)
	}
	if ids, ok := c.flat(live, stop); ok {
		return c.line(ids, sc)
	}
	c.order(live, stop)
	// What several targets lead to comes once, after them.
	regions := make([]map[*step]bool, len(live))
	count := map[*step]int{}
	for i, t := range live {
		regions[i] = c.reach([]*step{t}, stop)
		for s := range regions[i] {
			count[s]++
		}
	}
	common := map[*step]bool{}
	for s, n := range count {
		if n > 1 {
			common[s] = true
		}
	}
	var after []*step // where the common part begins
	for _, s := range c.w.nodes {
		if common[s] && (slices.Contains(live, s) || c.enteredFromOutside(s, common)) {
			after = append(after, s)
		}
	}
	first, last := "", ""
	link := func(id string) {
		if id == "" {
			return
		}
		if first == "" {
			first = id
		} else {
			c.wire(last, "done", id)
		}
		last = id
	}
	marks := map[*step]string{}
	for _, s := range after {
		sure := false
		for i, t := range live {
			sure = sure || regions[i][s] && c.always(t, s, common, stop, map[*step]bool{})
		}
		if !sure {
			c.markers++
			marks[s] = fmt.Sprintf("_reached_%d", c.markers)
		}
	}
	for _, t := range live {
		if common[t] {
			continue
		}
		id := c.newID("part_"+c.ids[t], nil)
		in := sc.sub(id)
		in.fan = true
		for s := range common {
			in.stop[s] = stopEnd
		}
		for s, m := range marks {
			in.marks[s] = m
		}
		at := len(c.flow.Nodes)
		head := c.chain([]*step{t}, in)
		if head == "" {
			continue
		}
		c.flow.Nodes = slices.Insert(c.flow.Nodes, at, flow.Node{ID: id, Type: "flow.group", Title: title(t)})
		c.wire(id, "body", head)
		link(id)
	}
	rest := c.chainMarked(after, marks, sc)
	if first == "" {
		return rest
	}
	c.wire(last, "done", rest)
	return first
}

// chainMarked makes what several chains lead to; a node that not all of them
// reach runs only if one did.
func (c *converter) chainMarked(after []*step, marks map[*step]string, sc *scope) string {
	if len(after) == 1 && marks[after[0]] != "" {
		id := c.newID("if_reached_"+c.ids[after[0]], nil)
		c.add(nil, flow.Node{ID: id, Type: "flow.if", Params: map[string]any{"condition": "{{ vars." + marks[after[0]] + " == true }}"}})
		c.wire(id, "then", c.chain(after, sc))
		return id
	}
	return c.chain(after, sc)
}

func title(s *step) string {
	if s.name != "" && s.name != s.id {
		return s.name
	}
	return ""
}

func (c *converter) enteredFromOutside(s *step, inside map[*step]bool) bool {
	for _, w := range c.w.wires {
		if w.exec && w.to == s.id && !inside[c.w.byID[w.from]] {
			return true
		}
	}
	return false
}

// always reports whether control that starts at a certainly comes to b. known
// holds what was found out before.
func (c *converter) always(a, b *step, common map[*step]bool, stop func(*step) bool, known map[*step]bool) bool {
	if a == b {
		return true
	}
	if r, ok := known[a]; ok {
		return r
	}
	known[a] = false
	if common[a] || stop(a) {
		return false
	}
	via := func(list []*step) bool {
		return slices.ContainsFunc(list, func(t *step) bool { return c.always(t, b, common, stop, known) })
	}
	ways := c.exec[a.id]
	var need []string
	switch {
	case isLoopStart(a): // what comes after it is what counts
		known[a] = via(c.after(a))
		return known[a]
	case a.typ == "IfNode":
		need = []string{"true", "false"}
	case a.typ == "SwitchNode":
		need = append(slices.Collect(maps.Keys(ways)), "default")
	case a.typ == "ValidateNode":
		need = []string{"valid", "invalid"}
	}
	sure := len(need) > 0
	for _, p := range need {
		sure = sure && via(c.targets(a, p))
	}
	if len(need) == 0 {
		for _, p := range slices.Sorted(maps.Keys(ways)) {
			sure = sure || !strings.Contains(p, "error") && via(c.targets(a, p))
		}
	}
	known[a] = sure
	return sure
}

// flat returns the nodes behind several targets in the order in which they can
// run one after the other, if no node among them decides, loops or ends.
func (c *converter) flat(list []*step, stop func(*step) bool) ([]*step, bool) {
	region := c.reach(list, stop)
	in := map[*step]int{}
	then := map[*step][]*step{}
	for _, s := range slices.SortedFunc(maps.Keys(region), func(a, b *step) int { return cmp.Compare(a.index, b.index) }) {
		if c.made[s] || c.isControl(s) {
			return nil, false
		}
		for p, ids := range c.exec[s.id] {
			if p != "exec_out" || slices.ContainsFunc(ids, func(id string) bool { return stop(c.w.byID[id]) }) {
				return nil, false
			}
		}
		for _, t := range c.targets(s, "exec_out") {
			in[t]++
			then[s] = append(then[s], t)
		}
		for _, r := range c.reads(s) {
			if region[r] && !slices.Contains(then[r], s) && !c.comesAfter(s, r, region) {
				in[s]++
				then[r] = append(then[r], s)
			}
		}
	}
	var ready, out []*step
	for _, t := range list {
		if in[t] == 0 {
			ready = append(ready, t)
		}
	}
	for len(ready) > 0 {
		s := ready[0]
		ready = ready[1:]
		out = append(out, s)
		for _, t := range then[s] {
			if in[t]--; in[t] == 0 {
				ready = append(ready, t)
			}
		}
	}
	return out, len(out) == len(region)
}

// comesAfter reports whether b is reached from a, so that waiting for b would
// be a circle.
func (c *converter) comesAfter(a, b *step, region map[*step]bool) bool {
	return c.reach([]*step{a}, func(s *step) bool { return !region[s] })[b]
}

// line makes simple nodes one after the other.
func (c *converter) line(list []*step, sc *scope) string {
	first, last := "", ""
	for _, s := range list {
		before := c.lateBefore(s, sc)
		c.made[s] = true
		a, b := c.plain(s, sc)
		if a != "" && before != nil {
			a = c.prepend(before, a, sc)
		}
		sc.heads[s] = a
		if a == "" {
			continue
		}
		if first == "" {
			first = a
		} else {
			c.wire(last, "next", a)
		}
		last = b
	}
	return first
}
