package flow

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
)

func (d *decoder) nodes(it *item, path string) {
	list, ok := it.val.([]*item)
	if !ok {
		d.fail(it.pos, "shape", "nodes must be a list, not "+describe(it), "write `- id: ...` for each node")
		return
	}
	if len(list) == 0 {
		d.fail(it.pos, "missing-key", "the flow has no nodes", "")
	}
	first := map[string]Pos{}
	for i, e := range list {
		n := Node{}
		d.node = ""
		if e.isMap() && e.kids["id"] != nil {
			d.node, _ = e.kids["id"].val.(string)
		}
		p := path + "[" + strconv.Itoa(i) + "]"
		if !d.object(e, "a node", p, map[string]func(*item, string){
			"id": d.text(&n.ID), "type": d.text(&n.Type), "title": d.text(&n.Title), "disabled": d.flag(&n.Disabled),
			"timeout": d.duration(&n.Timeout), "retry": d.retry(&n.Retry),
			"on_error": d.choice(&n.OnError, ErrorPolicies), "on_interrupted": d.choice(&n.OnInterrupted, InterruptPolicies),
			"params": func(it *item, _ string) {
				if it.val == nil && !it.isMap() {
					return
				}
				if !it.isMap() {
					d.fail(it.pos, "shape", "params must be a map, not "+describe(it), "")
					return
				}
				n.Params = it.plain().(map[string]any)
			},
		}) {
			continue
		}
		switch at := d.flow.At(p + ".id"); {
		case e.kids["id"] == nil:
			d.fail(e.pos, "missing-key", "the node has no id", "give it a short name such as `id: read_invoices`")
		case !idRE.MatchString(n.ID):
			d.fail(at, "name", fmt.Sprintf("%s cannot be the id of a node", quote(n.ID)), "use letters, digits and _, begin with a letter, at most 64 characters")
		case slices.Contains(Reserved, n.ID):
			d.fail(at, "name", fmt.Sprintf("%q is a word of the expression language and cannot be the id of a node", n.ID), "")
		case first[n.ID] != Pos{}:
			d.fail(at, "duplicate-id", fmt.Sprintf("two nodes have the id %s", n.ID), fmt.Sprintf("the first one is on line %d", first[n.ID].Line))
		default:
			first[n.ID] = at
		}
		if e.kids["type"] == nil {
			d.fail(e.pos, "missing-key", "the node has no type", "`aether node list` shows all types")
		}
		d.flow.Nodes = append(d.flow.Nodes, n)
	}
	d.node = ""
}

var edgeRE = regexp.MustCompile(`^\s*([A-Za-z_][A-Za-z0-9_]*)(?:\.([A-Za-z_][A-Za-z0-9_\-]*))?\s*->\s*([A-Za-z_][A-Za-z0-9_]*)\s*$`)

func (d *decoder) edges(it *item, _ string) {
	if it.val == nil && !it.isMap() {
		return
	}
	list, ok := it.val.([]*item)
	if !ok {
		d.fail(it.pos, "shape", "edges must be a list, not "+describe(it), "write lines such as `- read -> check` or `- check.then -> send`")
		return
	}
	for _, e := range list {
		s, _ := e.val.(string)
		m := edgeRE.FindStringSubmatch(s)
		if m == nil {
			d.fail(e.pos, "edge", "an edge is written `from -> to` or `from.port -> to`, not "+describe(e), "")
			continue
		}
		port := m[2]
		if port == "" {
			port = "next"
		}
		d.flow.Edges = append(d.flow.Edges, Edge{From: m[1], Port: port, To: m[3]})
	}
}
