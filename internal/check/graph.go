package check

import (
	"strconv"

	"github.com/aether-rpa/aether/flow"
	"github.com/aether-rpa/aether/node"
)

// maxScopes bounds how deep scopes may be nested in each other.
const maxScopes = 200

// graph is a flow with its wires resolved.
type graph struct {
	f     *flow.Flow
	nodes []*info // in file order
	byID  map[string]*info
	ids   []string
	wires []*wire // those whose ends exist, self-loops left out
	start *info
	// conflicts are wires that lead into a scope to which their end does not
	// belong, one for each node.
	conflicts []conflict
	deep      *info // a node nested deeper than maxScopes
}

// info is what is known of a node.
type info struct {
	n     *flow.Node
	index int
	path  string    // nodes[3]
	def   *node.Def // nil if the type is unknown
	dup   bool      // an earlier node has its id
	out   []*wire
	in    []*wire
	// scope is where the node was first reached; nil if it never is.
	scope     *scope
	ports     map[string]node.Port // filled by port
	portNames []string
	dangling  bool // a wire leads here from a node that does not exist
	group     int  // number of its strongly connected component
}

func (n *info) id() string { return n.n.ID }

// is reports whether the node is of that type.
func (n *info) is(typ string) bool { return n.def != nil && n.def.Type == typ }

// wire is an edge whose ends exist.
type wire struct {
	index    int
	from, to *info
	port     node.Port // only the name is set if the node has no such port
}

// scope is a chain that belongs to a node: the body of a loop, a branch.
type scope struct {
	up     *scope // nil for the flow itself
	owner  *info
	port   string
	branch string // id of the branch's first node, for ports with many wires
	depth  int
}

type conflict struct {
	at   *wire
	want *scope // where the wire leads from
}

func newGraph(f *flow.Flow, reg *node.Registry) *graph {
	g := &graph{f: f, byID: make(map[string]*info, len(f.Nodes))}
	for i := range f.Nodes {
		n := &info{n: &f.Nodes[i], index: i, path: "nodes[" + strconv.Itoa(i) + "]", def: reg.Get(f.Nodes[i].Type)}
		g.nodes = append(g.nodes, n)
		if n.dup = g.byID[n.id()] != nil; !n.dup {
			g.byID[n.id()] = n
			g.ids = append(g.ids, n.id())
		}
	}
	for i, e := range f.Edges {
		from, to := g.byID[e.From], g.byID[e.To]
		if from == nil || to == nil || from == to {
			if to != nil {
				to.dangling = true
			}
			continue
		}
		w := &wire{index: i, from: from, to: to, port: node.Port{Name: e.Port}}
		if p, ok := from.port(e.Port); ok {
			w.port = p
		}
		g.wires = append(g.wires, w)
		from.out, to.in = append(from.out, w), append(to.in, w)
	}
	g.start = g.byID[f.StartNode()]
	g.findGroups()
	g.walk()
	return g
}

// port returns the port of that name.
func (n *info) port(name string) (node.Port, bool) {
	if n.ports == nil {
		all := allPorts(n)
		n.ports = make(map[string]node.Port, len(all))
		for _, p := range all {
			n.ports[p.Name] = p
			n.portNames = append(n.portNames, p.Name)
		}
	}
	p, ok := n.ports[name]
	return p, ok
}

// allPorts returns the ports of a node, nil if its type is unknown. PortsOf
// sees params as a user wrote them; a defect there must not stop the check.
func allPorts(n *info) (ports []node.Port) {
	if n.def == nil {
		return nil
	}
	defer func() {
		if recover() != nil {
			ports = n.def.Ports
		}
	}()
	return n.def.AllPorts(n.n.Params)
}

// ends reports whether nothing runs after a node of this type.
func ends(n *info) bool {
	return n.is("flow.return") || n.is("flow.fail") || n.is("flow.break") || n.is("flow.continue")
}

// walk gives every node the scope in which it is first reached from the start.
func (g *graph) walk() {
	if g.start == nil {
		return
	}
	type chain struct {
		owner *info
		port  string
		first string
	}
	chains := map[chain]*scope{}
	conflicted := map[*info]bool{}
	g.start.scope = &scope{}
	queue := []*info{g.start}
	for len(queue) > 0 {
		n := queue[0]
		queue = queue[1:]
		if ends(n) && !n.n.Disabled {
			continue
		}
		for _, w := range n.out {
			want := n.scope
			if w.port.Scope {
				k := chain{n, w.port.Name, ""}
				if w.port.Many {
					k.first = w.to.id()
				}
				if want = chains[k]; want == nil {
					want = &scope{up: n.scope, owner: n, port: k.port, branch: k.first, depth: n.scope.depth + 1}
					chains[k] = want
				}
			}
			switch {
			case want.depth > maxScopes:
				if g.deep == nil {
					g.deep = w.to
				}
			case w.to.scope == nil:
				w.to.scope = want
				queue = append(queue, w.to)
			case w.to.scope != want && w.to.group != n.group && !conflicted[w.to]:
				conflicted[w.to] = true
				g.conflicts = append(g.conflicts, conflict{w, want})
			}
		}
	}
}

// findGroups numbers the strongly connected components (Tarjan's algorithm,
// without recursion).
func (g *graph) findGroups() {
	type frame struct {
		n    *info
		next int
	}
	num, low := make([]int, len(g.nodes)), make([]int, len(g.nodes))
	on := make([]bool, len(g.nodes))
	var stack []*info
	count, groups := 0, 0
	for _, root := range g.nodes {
		if num[root.index] != 0 {
			continue
		}
		var frames []frame
		enter := func(n *info) {
			count++
			num[n.index], low[n.index], on[n.index] = count, count, true
			stack, frames = append(stack, n), append(frames, frame{n: n})
		}
		enter(root)
		for len(frames) > 0 {
			top := &frames[len(frames)-1]
			n := top.n
			if top.next < len(n.out) {
				to := n.out[top.next].to
				top.next++
				if num[to.index] == 0 {
					enter(to)
				} else if on[to.index] {
					low[n.index] = min(low[n.index], num[to.index])
				}
				continue
			}
			frames = frames[:len(frames)-1]
			if len(frames) > 0 {
				up := frames[len(frames)-1].n
				low[up.index] = min(low[up.index], low[n.index])
			}
			if low[n.index] != num[n.index] {
				continue
			}
			groups++
			for {
				m := stack[len(stack)-1]
				stack = stack[:len(stack)-1]
				on[m.index], m.group = false, groups
				if m == n {
					break
				}
			}
		}
	}
}
