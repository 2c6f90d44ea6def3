package check

import (
	"github.com/aether-rpa/aether/flow"
	"github.com/aether-rpa/aether/node"
)

// Scope is a chain that belongs to a node: the body of a loop, the catch of a
// try, one branch of a parallel node.
type Scope struct {
	Node   string // id of the node that owns the chain
	Port   string // the port on which it begins
	Branch string // id of its first node, for ports that take many wires
}

// Scopes returns, for each node that is reached from the start, the scopes it
// is in, the outermost first; none for nodes of the flow itself. Two nodes run
// beside each other only if their scopes part at two branches of one node, or
// share a loop whose turns run at the same time. A node that is wrongly in two
// scopes is told in the one that is reached first. Callers must not change the
// slices.
func Scopes(f *flow.Flow, reg *node.Registry) map[string][]Scope {
	g := newGraph(f, reg)
	lists := map[*scope][]Scope{}
	out := make(map[string][]Scope, len(g.nodes))
	for _, n := range g.nodes {
		if n.scope != nil && !n.dup {
			out[n.id()] = n.scope.list(lists)
		}
	}
	return out
}

func (s *scope) list(known map[*scope][]Scope) []Scope {
	if s.up == nil {
		return nil
	}
	if l, ok := known[s]; ok {
		return l
	}
	up := s.up.list(known)
	l := append(up[:len(up):len(up)], Scope{Node: s.owner.id(), Port: s.port, Branch: s.branch})
	known[s] = l
	return l
}

// loop returns the innermost loop around, nil if there is none.
func (s *scope) loop() *info {
	for ; s != nil && s.up != nil; s = s.up {
		if s.isLoop() {
			return s.owner
		}
	}
	return nil
}

// isLoop reports whether the scope is the body of a loop, in which loop is set.
func (s *scope) isLoop() bool { return s.owner != nil && s.port == "body" && isLoop(s.owner) }

func isLoop(n *info) bool {
	return n.is("flow.for_each") || n.is("flow.while") || n.is("flow.repeat") || n.is("flow.for_each_item")
}

// repeats reports whether the chain may be walked several times, one after
// the other and with the same view of outputs.
func (s *scope) repeats() bool {
	return s.isLoop() && !beside(s.owner) || s.owner != nil && s.owner.is("flow.retry")
}

// beside reports whether the turns of a loop certainly run at the same time.
func beside(n *info) bool {
	c, _ := n.n.Params["concurrency"].(int)
	return c > 1
}
