package check

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/aether-rpa/aether/expr"
	"github.com/aether-rpa/aether/flow"
	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/schema"
)

// edges checks every wire by itself.
func (c *checker) edges() {
	type from struct{ id, port string }
	seen := make(map[flow.Edge]bool, len(c.f.Edges))
	first := make(map[from]flow.Edge, len(c.f.Edges))
	for i, e := range c.f.Edges {
		path := "edges[" + strconv.Itoa(i) + "]"
		bad := func(s flow.Severity, rule, msg, hint string) {
			c.add(flow.Problem{Severity: s, Rule: rule, Node: e.From, Message: msg, Hint: hint}, path)
		}
		unknown := false
		for _, id := range slices.Compact([]string{e.From, e.To}) {
			if c.byID[id] == nil {
				unknown = true
				c.add(flow.Problem{Severity: flow.Error, Rule: EdgeNode, Message: fmt.Sprintf("the wire %s names a node that does not exist: %s", e, id), Hint: c.near(id, c.ids, true)}, path)
				c.otherEnd(e, id, path)
			}
		}
		if unknown {
			continue
		}
		if e.From == e.To {
			bad(flow.Error, EdgeSelf, fmt.Sprintf("the wire %s leads from the node to itself", e), "use flow.while or flow.repeat to do something again")
			c.mend("Take out the wire", flow.Remove, path, nil)
			continue
		}
		if seen[e] {
			bad(flow.Warning, EdgeTwice, fmt.Sprintf("the wire %s is written twice", e), "take one of them out")
			c.mend("Take out the second one", flow.Remove, path, nil)
			continue
		}
		seen[e] = true
		n := c.byID[e.From]
		if n.def == nil {
			continue
		}
		port, ok := c.port(n, i, e, bad)
		if !ok {
			continue
		}
		k := from{e.From, e.Port}
		if other, taken := first[k]; taken && !port.Many {
			bad(flow.Error, PortTaken, fmt.Sprintf("two wires leave from %s.%s: %s and %s", e.From, e.Port, other, e), "a port takes one wire; use flow.parallel to go two ways at the same time, flow.if or flow.switch to choose one")
			continue
		}
		first[k] = e
		if ends(n) && !n.n.Disabled {
			bad(flow.Warning, AfterEnd, fmt.Sprintf("nothing runs after %s: the wire %s is never followed", n.def.Type, e), "take the wire out")
			c.mend("Take out the wire", flow.Remove, path, nil)
		}
	}
}

// port finds the port a wire leaves from.
func (c *checker) port(n *info, i int, e flow.Edge, bad func(s flow.Severity, rule, msg, hint string)) (node.Port, bool) {
	p, ok := n.port(e.Port)
	if ok {
		return p, true
	}
	names := n.portNames
	listed := strings.Join(names[:min(len(names), 20)], ", ")
	if computedPorts(n) {
		return node.Port{}, true
	}
	hint := ""
	switch {
	case e.Port == "next" && slices.Contains(names, "done"):
		hint = fmt.Sprintf("write %s.done -> %s for what comes after it; its ports are %s", e.From, e.To, listed)
	case e.Port == "next" && len(names) > 0:
		hint = fmt.Sprintf("write the port, as in %s.%s -> %s; its ports are %s", e.From, names[0], e.To, listed)
	case e.Port == "error" && n.def.IsControl():
		hint = "put flow.try around it to catch failures; its ports are " + listed
	default:
		if hint = c.near(e.Port, names, false); hint == "" {
			hint = "its ports are " + listed
		}
	}
	bad(flow.Error, EdgePort, fmt.Sprintf("%s has no port %s", n.def.Type, excerpt(e.Port)), hint)
	right := flow.Nearest(e.Port, names)
	switch {
	case e.Port == "next" && slices.Contains(names, "done"):
		right = "done"
	case right == "" && len(names) > 0 && e.Port == "next":
		right = names[0]
	}
	if right != "" {
		to := flow.Edge{From: e.From, Port: right, To: e.To}
		c.mend("Write "+to.String(), flow.Write, "edges["+strconv.Itoa(i)+"]", to.String())
	}
	return node.Port{}, false
}

// otherEnd says how to mend a wire that names a node which does not exist.
func (c *checker) otherEnd(e flow.Edge, id, path string) {
	near, ok := strings.CutPrefix(c.bad[len(c.bad)-1].Hint, "did you mean ")
	if !ok {
		c.mend("Take out the wire", flow.Remove, path, nil)
		return
	}
	near = strings.TrimSuffix(near, "?")
	if e.From == id {
		e.From = near
	}
	if e.To == id {
		e.To = near
	}
	c.mend("Write "+e.String(), flow.Write, path, e.String())
}

// computedPorts reports whether the node's ports depend on a list that an
// expression gives.
func computedPorts(n *info) bool {
	if n.def.PortsOf == nil {
		return false
	}
	for _, f := range n.def.In.Fields {
		if s, ok := n.n.Params[f.Name].(string); ok && f.Kind == schema.List && expr.IsTemplate(s) {
			return true
		}
	}
	return false
}
