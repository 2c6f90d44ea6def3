package casare

import (
	"fmt"
	"maps"
	"slices"

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
			if c.execIn[s.id] > 0 { // control passes through it
				continue
			}
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
	return !slices.ContainsFunc(c.before[s.id], func(id string) bool { return !c.made[c.w.byID[id]] })
}

// passes reports whether control goes through a node without a trace in the
// flow.
func (c *converter) passes(s *step) bool {
	if isTrigger(s) {
		return true
	}
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
	before := c.lateBefore(s)
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
func (c *converter) lateBefore(s *step) []*step {
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
