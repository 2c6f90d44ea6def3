package casare

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/aether-rpa/aether/flow"
	"github.com/aether-rpa/aether/node"
)

// loopName resolves a name that a loop around a node sets.
func (c *converter) loopName(name string) (val, bool) {
	var out val
	found := false
	c.around.loops(func(sc *scope) bool {
		s := sc.loop
		if s.typ != "ForLoopStartNode" || c.asVars[s] {
			return true
		}
		switch v := itemVar(s); name {
		case v:
			out, found = code("loops."+sc.id+".item", c.itemType(s)), true
		case v + "_index":
			out, found = code("loops."+sc.id+".index", "int"), true
		case v + "_key":
			out, found = code(c.loopKey(s, sc.id), ""), true
		}
		return !found
	})
	return out, found
}

// itemType returns the type of what a for loop goes through, if it is known.
func (c *converter) itemType(s *step) string {
	mode, _ := s.config["mode"].(string)
	_, wired := c.dataIn[s.id]["items"]
	listVar, _ := s.config["list_var"].(string)
	if mode == "range" || !wired && listVar == "" && s.config["items"] == nil {
		return "int"
	}
	return ""
}

// controlOutput returns outputs of nodes that steer.
func (c *converter) controlOutput(s *step, portName string, at *step) (val, bool) {
	id := c.id(s)
	if c.absent[s] {
		return val{}, false
	}
	inLoop := func() (out string) {
		c.around.loops(func(sc *scope) bool {
			if sc.loop == s {
				out = "loops." + sc.id
			}
			return out == ""
		})
		return out
	}
	switch s.typ {
	case "ForLoopStartNode", "ParallelForEachNode", "WhileLoopStartNode":
		l := inLoop()
		if c.asVars[s] && l == "" {
			if end := map[string]string{"current_item": "", "current_index": "_index", "current_key": "_key"}; portName != "results" {
				return code("vars."+c.varName(itemVar(s)+end[portName]), ""), true
			}
		}
		switch portName {
		case "current_item":
			if l != "" {
				return code(l+".item", c.itemType(s)), true
			}
			c.readFrom[s] = true
			return code("nodes."+id+".item", ""), true
		case "current_index", "current_iteration":
			switch {
			case l != "":
				return code(l+".index", "int"), true
			case s.typ == "WhileLoopStartNode":
				c.readFrom[s] = true
				return code("nodes."+id+".count", "int"), true
			}
			c.readFrom[s] = true
			return code("nodes."+id+".index", "int"), true
		case "current_key":
			if l != "" {
				return code(c.loopKey(s, strings.TrimPrefix(l, "loops.")), ""), true
			}
		case "results":
			c.readFrom[s] = true
			return code("nodes."+id+".results", "list"), true
		}
	case "CatchNode", "OnErrorNode", "FinallyNode":
		t := s
		if s.typ != "OnErrorNode" {
			if t = c.pairs.startOf[s]; t == nil {
				return val{}, false
			}
		}
		if c.absent[t] {
			return code("nil", ""), true
		}
		c.readFrom[t] = true
		e := "nodes." + c.id(t) + ".error"
		switch portName {
		case "error_message":
			return code("get("+e+`, "message") ?? ""`, "string"), true
		case "error_type":
			return code("get("+e+`, "kind") ?? ""`, "string"), true
		case "error_node":
			return code("get("+e+`, "node") ?? ""`, "string"), true
		case "stack_trace":
			return code("get("+e+`, "path") ?? ""`, "string"), true
		case "had_error":
			return code("nodes."+c.id(t)+".failed == true", "bool"), true
		}
	case "JoinNode":
		if f := c.pairs.startOf[s]; f != nil && portName == "branch_count" {
			if c.absent[f] {
				return code("nil", ""), true
			}
			c.readFrom[f] = true
			return code("nodes."+c.id(f)+".branches", "int"), true
		} else if f != nil {
			d := val{dict: map[string]val{}, isSet: true}
			ports := slices.DeleteFunc(slices.Sorted(maps.Keys(c.exec[f.id])), func(p string) bool { return !strings.HasPrefix(p, "branch_") })
			switch strategy, _ := s.config["merge_strategy"].(string); {
			case strategy == "first" && len(ports) > 0:
				ports = ports[:1]
			case strategy == "last" && len(ports) > 0:
				ports = ports[len(ports)-1:]
			}
			for _, port := range ports {
				d.dict[port] = c.branchResult(f, s, port, at)
			}
			c.report.adapted(s, "its results hold the outputs of the last node of each branch")
			return code(d.expr(), "dict"), true
		}
	case "RetryNode":
		c.readFrom[s] = true
		switch portName {
		case "attempt":
			return code("nodes."+id+".attempts ?? 1", "int"), true
		case "last_error":
			return code("get(nodes."+id+`.error, "message") ?? ""`, "string"), true
		}
	case "SubflowInputNode":
		c.inputs["subflow"] = true
		return code("inputs."+c.varName(subflowPort(s, "input")), ""), true
	}
	return val{}, false
}

// branchResult returns the outputs of the last node of a branch.
func (c *converter) branchResult(fork, join *step, port string, at *step) val {
	var last *step
	seen := map[*step]bool{}
	for list := c.targets(fork, port); len(list) > 0 && list[0] != join && !seen[list[0]]; list = c.targets(last, "exec_out") {
		last = list[0]
		seen[last] = true
	}
	d := val{dict: map[string]val{}, isSet: true}
	if last == nil || last.kind == nil {
		return d
	}
	m := c.rowFor(last)
	for _, o := range last.kind.Out {
		if m != nil && m.out[o[0]] != "" {
			d.dict[o[0]] = c.output(last, o[0], at)
		}
	}
	return d
}

func subflowPort(s *step, otherwise string) string {
	if n, ok := s.config["port_name"].(string); ok && n != "" {
		return n
	}
	return otherwise
}

// declareResults makes outputs of what nodes compute and nothing reads, by the
// ids of the nodes, under which CasareRPA kept it.
func (c *converter) declareResults() {
	taken := map[string]bool{}
	for _, o := range c.flow.Outputs {
		taken[o.Name] = true
	}
	for _, s := range c.w.nodes {
		id := c.ids[s]
		m := rowOf(s)
		if m == nil || c.readFrom[s] || taken[id] || !c.emitted[id] || s.disabled || c.isControl(s) || c.broken[s.id] != "" || slices.ContainsFunc(c.w.wires, func(w wire) bool { return !w.exec && w.from == s.id }) {
			continue
		}
		m = c.rowFor(s)
		if d := c.o.Nodes.Get(m.to); d == nil || d.Effect != node.Pure || d.IsControl() || len(m.out) == 0 {
			continue
		}
		result := map[string]any{}
		plain := m.to == "map.create"
		for _, p := range s.kind.Out {
			if text, ok := m.out[p[0]]; ok {
				plain = plain && text == "$.map."+p[0]
				if v := c.output(s, p[0], s); v.secret == "" {
					result[p[0]] = "{{ if_error(" + v.expr() + ", nil) }}"
				}
			}
		}
		if len(result) == 0 {
			continue
		}
		taken[id] = true
		o := flow.Output{Name: id, Value: result}
		if plain {
			o.Value = "{{ nodes." + id + "?.map }}"
		}
		c.flow.Outputs = append(c.flow.Outputs, o)
	}
}

// declareSubflow writes the inputs and outputs of a workflow that others call.
func (c *converter) declareSubflow() {
	input := func(name string, o *object) {
		n := c.varName(name)
		if slices.ContainsFunc(c.flow.Inputs, func(i flow.Input) bool { return i.Name == n }) {
			return
		}
		in := flow.Input{Name: n, Type: "any", Doc: o.text("description")}
		if d, err := canonical(plain(o.get("default_value"))); err == nil {
			in.Default = d
		}
		c.flow.Inputs = append(c.flow.Inputs, in)
	}
	for _, o := range c.w.inputs {
		input(o.text("name"), o)
	}
	for _, s := range c.w.nodes {
		switch s.typ {
		case "SubflowInputNode":
			input(subflowPort(s, "input"), nil)
			c.report.became(s, "", "an input")
		case "SubflowOutputNode":
			v := c.arg(s, &mapping{}, "value")
			name := c.varName(subflowPort(s, "output"))
			c.flow.Outputs = slices.DeleteFunc(c.flow.Outputs, func(o flow.Output) bool { return o.Name == name })
			c.flow.Outputs = append(c.flow.Outputs, flow.Output{Name: name, Value: v.param()})
			c.report.became(s, "", "an output")
		}
	}
	for _, o := range c.w.outputs {
		name := c.varName(o.text("name"))
		s := c.w.byID[o.text("internal_node_id")]
		if s == nil || slices.ContainsFunc(c.flow.Outputs, func(x flow.Output) bool { return x.Name == name }) {
			continue
		}
		c.flow.Outputs = append(c.flow.Outputs, flow.Output{Name: name, Value: c.output(s, o.text("internal_port_name"), s).param()})
	}
}

// trigger keeps a trigger of the workflow.
func (c *converter) trigger(s *step) {
	c.made[s] = true
	name := triggerTypes[s.typ]
	if name == "" {
		c.report.say(s, Missing, "CasareRPA has no trigger of this name")
		return
	}
	params, err := canonical(s.config)
	if err != nil {
		params = map[string]any{}
	}
	p, _ := params.(map[string]any)
	c.flow.Triggers = append(c.flow.Triggers, flow.Trigger{ID: c.id(s), Type: name, Params: triggerParams(s.typ, p), Disabled: s.disabled})
	c.report.became(s, c.id(s), name)
	c.report.adapted(s, "it is kept as the trigger %s of the flow, which starts runs once this version of Aether has triggers; until then start the flow by hand", name)
}

// layout keeps where the nodes stood, the frames and the remarks.
func (c *converter) layout() {
	nodes, notes := map[string]any{}, []any{}
	for _, s := range c.w.nodes {
		if s.typ == "CommentNode" && !c.made[s] {
			text, _ := s.config["comment"].(string)
			notes = append(notes, map[string]any{"text": text, "x": whole(s.x), "y": whole(s.y)})
			c.report.became(s, "", "a note of the canvas")
			continue
		}
		if id := c.ids[s]; s.placed && c.emitted[id] {
			nodes[id] = map[string]any{"x": whole(s.x), "y": whole(s.y)}
		}
	}
	view := map[string]any{}
	if len(nodes) > 0 {
		view["nodes"] = nodes
	}
	if len(notes) > 0 {
		view["notes"] = notes
	}
	var frames []any
	for _, f := range c.w.frames {
		n, err := canonical(f)
		m, ok := n.(map[string]any)
		if err != nil || !ok {
			continue
		}
		out := map[string]any{"title": fmt.Sprint(m["title"])}
		for _, k := range []string{"color", "position", "size"} {
			if m[k] != nil {
				out[k] = m[k]
			}
		}
		var inside []any
		if ids, ok := m["node_ids"].([]any); ok {
			for _, x := range ids {
				if s := c.w.byID[fmt.Sprint(x)]; s != nil {
					inside = append(inside, c.ids[s])
				}
			}
		}
		if inside != nil {
			out["nodes"] = inside
		}
		frames = append(frames, out)
	}
	if frames != nil {
		view["frames"] = frames
	}
	if len(view) > 0 {
		if v, err := canonical(view); err == nil {
			c.flow.View, _ = v.(map[string]any)
		}
	}
}

// whole rounds a position to the pixel.
func whole(f float64) int {
	if f > 1e9 || f < -1e9 || f != f {
		return 0
	}
	return int(f)
}
