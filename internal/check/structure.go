package check

import (
	"fmt"
	"strings"

	"github.com/aether-rpa/aether/flow"
)

// structure checks how the nodes hang together.
func (c *checker) structure() {
	if c.start == nil && len(c.nodes) > 0 {
		c.add(flow.Problem{Severity: flow.Error, Rule: UnknownStart, Message: "the start node " + excerpt(c.f.StartNode()) + " does not exist", Hint: c.near(c.f.StartNode(), c.ids, true)}, "start")
	}
	cycles := c.cycles()
	for _, x := range c.conflicts {
		c.twoScopes(x)
	}
	if c.deep != nil {
		c.on(c.deep, flow.Error, TooDeep, "", fmt.Sprintf("it is nested in more than %d loops, branches and tries", maxScopes), "move a part into a flow of its own and call it with flow.call")
	}
	c.scoped = c.start != nil && !cycles && len(c.conflicts) == 0 && c.deep == nil
	c.unreachable()
	for _, n := range c.nodes {
		if n.dup {
			c.on(n, flow.Error, DuplicateID, "id", "two nodes have the id "+excerpt(n.id()), "")
		}
		c.leaves(n)
		c.emptyScope(n)
	}
}

// cycles tells of wires that lead in a circle.
func (c *checker) cycles() bool {
	size := map[int]int{}
	for _, n := range c.nodes {
		size[n.group]++
	}
	found, told := false, map[int]bool{}
	for _, n := range c.nodes {
		if size[n.group] < 2 || told[n.group] {
			continue
		}
		found, told[n.group] = true, true
		c.cycle(n)
	}
	return found
}

// cycle describes a shortest circle through n.
func (c *checker) cycle(n *info) {
	from := map[*info]*wire{}
	queue := []*info{n}
	for len(queue) > 0 && from[n] == nil {
		at := queue[0]
		queue = queue[1:]
		for _, w := range at.out {
			if w.to.group == n.group && from[w.to] == nil {
				from[w.to] = w
				queue = append(queue, w.to)
			}
		}
	}
	var ids []string
	last := from[n]
	hint := "wires do not lead back; use flow.while, flow.repeat or flow.retry for what is to be done again"
	for w := last; ; w = from[w.from] {
		ids = append(ids, w.to.id())
		if w.port.Scope {
			hint = fmt.Sprintf("the chain at %s.%s goes back to %s by itself when it ends; take out the wire that leads back", w.from.id(), w.port.Name, w.from.id())
		}
		if w.from == n {
			break
		}
	}
	names := make([]string, 0, len(ids)+1)
	for i := len(ids); i >= 0; i-- {
		names = append(names, ids[i%len(ids)])
	}
	if len(names) > 12 {
		names = append(append(names[:6:6], "…"), names[len(names)-4:]...)
	}
	c.add(flow.Problem{Severity: flow.Error, Rule: Cycle, Node: last.from.id(), Message: "the wires lead in a circle: " + strings.Join(names, " -> "), Hint: hint}, fmt.Sprintf("edges[%d]", last.index))
}

// twoScopes tells of a node that is reached from inside a scope and from
// somewhere else.
func (c *checker) twoScopes(x conflict) {
	n := x.at.to
	a, b := apart(n.scope, x.want)
	inner := a
	if a == nil {
		inner = b
	}
	owner := inner.owner.id()
	msg := fmt.Sprintf("%s is reached from inside %s (%s.%s) and from outside it", n.id(), owner, owner, inner.port)
	if a != nil && b != nil {
		msg = fmt.Sprintf("%s is reached from %s and from %s", n.id(), a, b)
	}
	hint := fmt.Sprintf("a chain ends by itself and control goes back to %s; wire %s.done -> %s for what comes after all of it", owner, owner, n.id())
	c.add(flow.Problem{Severity: flow.Error, Rule: TwoScopes, Node: n.id(), Message: msg, Hint: hint}, fmt.Sprintf("edges[%d]", x.at.index))
}

// String names the scope in a sentence.
func (s *scope) String() string {
	switch {
	case s.up == nil:
		return "the flow itself"
	case s.branch != "":
		return fmt.Sprintf("the branch %s.%s -> %s", s.owner.id(), s.port, s.branch)
	}
	return fmt.Sprintf("the chain %s.%s", s.owner.id(), s.port)
}

// unreachable tells of nodes to which no way leads, one problem for each chain.
func (c *checker) unreachable() {
	if c.start == nil || c.deep != nil {
		return
	}
	told := map[*info]bool{}
	tell := func(n *info) {
		if told[n] || n.scope != nil || n.dup {
			return
		}
		after, queue := 0, []*info{n}
		told[n] = true
		for len(queue) > 0 {
			at := queue[0]
			queue = queue[1:]
			for _, w := range at.out {
				if !told[w.to] && w.to.scope == nil {
					told[w.to] = true
					after++
					queue = append(queue, w.to)
				}
			}
		}
		if n.dangling || len(n.in) > 0 && n.in[0].from.scope != nil {
			return // told at the wire: it comes from nowhere, or from where all ends
		}
		msg := "no wire leads here from the start, so it never runs"
		switch {
		case after == 1:
			msg += ", nor does the node after it"
		case after > 1:
			msg += fmt.Sprintf(", nor do the %d nodes after it", after)
		}
		c.on(n, flow.Warning, Unreachable, "", msg, "wire it, or take it out")
	}
	for _, n := range c.nodes {
		if len(n.in) == 0 {
			tell(n)
		}
	}
	for _, n := range c.nodes { // after a node that ends, or in a circle
		tell(n)
	}
}

// leaves checks nodes that leave the chain they are in.
func (c *checker) leaves(n *info) {
	if n.scope == nil || n.n.Disabled {
		return
	}
	ret, brk, cont := n.is("flow.return"), n.is("flow.break"), n.is("flow.continue")
	if !ret && !brk && !cont {
		return
	}
	for s := n.scope; s.up != nil; s = s.up {
		switch {
		case s.branch != "":
			c.on(n, flow.Error, LeavesBranch, "", fmt.Sprintf("%s cannot leave a branch of %s, which runs beside others", n.def.Type, s.owner.id()), fmt.Sprintf("set a variable here and decide after %s.done", s.owner.id()))
			return
		case s.isLoop() && beside(s.owner) && !cont:
			c.on(n, flow.Error, LeavesBranch, "", fmt.Sprintf("%s cannot leave a turn of %s, whose turns run at the same time", n.def.Type, s.owner.id()), fmt.Sprintf("set concurrency of %s to 1, or use flow.continue", s.owner.id()))
			return
		case s.isLoop() && !ret:
			return
		}
	}
	if !ret {
		c.on(n, flow.Error, NotInLoop, "", n.def.Type+" stands outside of any loop", "it belongs into the chain at the port body of flow.for_each, flow.while or flow.repeat")
	}
}

// emptyScope tells of nodes that own chains and have none.
func (c *checker) emptyScope(n *info) {
	if n.def == nil || n.n.Disabled || !n.def.IsControl() {
		return
	}
	wired := map[string]bool{}
	for _, w := range n.out {
		wired[w.port.Name] = true
	}
	for _, p := range n.def.Ports {
		if !p.Scope || wired[p.Name] || p.Name == "catch" || p.Name == "finally" {
			continue
		}
		if _, collects := n.n.Params["collect"]; collects {
			continue
		}
		c.on(n, flow.Warning, EmptyScope, "", fmt.Sprintf("nothing is wired to its port %s, so it does nothing", p.Name), fmt.Sprintf("write %s.%s -> and the first node to walk", n.id(), p.Name))
	}
	if n.is("flow.try") && wired["try"] && !wired["catch"] && !wired["finally"] {
		c.on(n, flow.Warning, EmptyScope, "", "neither catch nor finally is wired, so it changes nothing", fmt.Sprintf("write %s.catch -> and the node that deals with the failure", n.id()))
	}
}
