package casare

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aether-rpa/aether/flow"
)

// isControl reports whether a node does more than act and go on.
func (c *converter) isControl(s *step) bool {
	if s.disabled {
		return false
	}
	if _, ok := controls[s.typ]; ok {
		return true
	}
	m := rowOf(s)
	return m != nil && len(m.ports) > 0
}

// controls make the nodes that decide, loop, catch and run beside each other.
// Each returns the id of the first node it made.
var controls map[string]func(c *converter, s *step, sc *scope) string

func init() {
	pass := func(c *converter, s *step, sc *scope) string { return c.chain(c.allTargets(s), sc) }
	controls = map[string]func(c *converter, s *step, sc *scope) string{
		"StartNode": pass, "MergeNode": pass, "ForLoopEndNode": pass, "WhileLoopEndNode": pass, "JoinNode": pass, "CatchNode": pass, "FinallyNode": pass, "RetrySuccessNode": pass,
		"EndNode": (*converter).end, "IfNode": (*converter).branch, "SwitchNode": (*converter).switches, "ForLoopStartNode": (*converter).forLoop,
		"WhileLoopStartNode": (*converter).whileLoop, "BreakNode": (*converter).leave, "ContinueNode": (*converter).leave, "TryNode": (*converter).try,
		"OnErrorNode": (*converter).onError, "ForkNode": (*converter).fork, "ParallelForEachNode": (*converter).parallelEach, "RetryNode": (*converter).retry,
		"RetryFailNode": (*converter).fails, "ThrowErrorNode": (*converter).fails, "ErrorRecoveryNode": (*converter).recovery,
	}
}

// step makes one node with all that follows it.
func (c *converter) step(s *step, sc *scope) string {
	around := c.around
	c.around = sc
	defer func() { c.around = around }()
	if s.disabled && (controls[s.typ] != nil || s.kind == nil) {
		return c.disabled(s, sc)
	}
	if isTrigger(s) {
		return c.chain(c.allTargets(s), sc)
	}
	if c.broken[s.id] == "" {
		if make := controls[s.typ]; make != nil {
			return make(c, s, sc)
		}
	}
	first, last := c.plain(s, sc)
	c.ways(s, last, sc)
	return first
}

// id returns the id of the node that a step becomes.
func (c *converter) id(s *step) string {
	if id := c.latest[s]; id != "" {
		return id
	}
	return c.ids[s]
}

// disabled makes a node that is passed by.
func (c *converter) disabled(s *step, sc *scope) string {
	id := c.id(s)
	c.add(s, flow.Node{ID: id, Type: "flow.comment", Title: title(s), Disabled: true, Params: map[string]any{"text": "A disabled " + s.typ + "."}})
	c.report.adapted(s, "it is disabled; control goes on at its port exec_out only")
	c.wire(id, "next", c.chain(c.targets(s, "exec_out"), sc))
	return id
}

// plain makes a node that acts, with the nodes its mapping puts around it, and
// returns the first and the last of them.
func (c *converter) plain(s *step, sc *scope) (first, last string) {
	around := c.around
	c.around = sc
	defer func() { c.around = around }()
	id := c.id(s)
	m := c.rowFor(s)
	switch {
	case c.broken[s.id] != "":
		c.missing(s, id, "", c.broken[s.id], Attention)
		return id, id
	case m == nil && s.kind != nil && noNode[s.kind.Type] != "":
		c.missing(s, id, "", noNode[s.kind.Type], Attention)
		return id, id
	case m == nil && s.kind != nil && becomes(s.kind) != "":
		c.missing(s, id, becomes(s.kind), "it becomes "+becomes(s.kind)+", which this version of Aether does not have yet", Missing)
		return id, id
	case m == nil:
		reason := "no node of Aether does what it did"
		if s.kind == nil {
			reason = "CasareRPA has no node type of this name"
		}
		c.missing(s, id, "", reason, Missing)
		return id, id
	case m.to != "" && c.o.Nodes.Get(m.to) == nil:
		c.missing(s, id, m.to, "it becomes "+m.to+", which this version of Aether does not have yet", Missing)
		return id, id
	case m.to == "":
		c.add(s, flow.Node{ID: id, Type: "flow.comment", Title: title(s), Params: map[string]any{"text": m.note}})
		c.report.say(s, Adapted, m.note)
		return id, id
	}
	put := func(e extra) {
		eid := id + "_" + e.id
		if c.taken[eid] {
			eid = c.newID(eid, s)
		}
		c.taken[eid] = true
		n := flow.Node{ID: eid, Type: e.to, Params: c.params(s, m, e.to, e.in, id), Disabled: s.disabled}
		if first == "" {
			first = eid
		} else {
			c.wire(last, "next", eid)
		}
		last = eid
		c.add(s, n)
	}
	for _, e := range m.pre {
		put(e)
	}
	n := flow.Node{ID: id, Type: m.to, Title: title(s), Params: c.params(s, m, m.to, m.in, id), Disabled: s.disabled}
	c.policies(s, &n)
	if first == "" {
		first = id
	} else {
		c.wire(last, "next", id)
	}
	last = id
	c.add(s, n)
	c.report.became(s, id, m.to)
	for _, e := range m.post {
		put(e)
	}
	for _, as := range slices.Sorted(maps.Keys(c.copies[s])) {
		put(extra{"branch", "var.set", params{"name": c.varName(as), "value": "=vars." + c.varName(c.copies[s][as])}})
	}
	if m.note != "" {
		c.report.adapted(s, "%s", m.note)
	}
	return first, last
}

// params computes the params of a new node.
func (c *converter) params(s *step, m *mapping, to string, in params, self string) map[string]any {
	out := map[string]any{}
	d := c.o.Nodes.Get(to)
	for _, k := range slices.Sorted(maps.Keys(in)) {
		v, ok := c.fill(in[k], s, m, self)
		if !ok {
			continue
		}
		f := field(d, k)
		c.secretsFit(s, k, v, f)
		v = fit(v, f)
		if f != nil && f.Kind == "secret" && v.isLit() && v.lit != nil && v.lit != "" {
			c.report.attention(s, k+" stands in the file in plain text", "store it as a secret and write {secret: NAME}")
		}
		out[k] = v.param()
	}
	if len(out) == 0 {
		return nil
	}
	return out
}

// policies takes over how often a node tries again.
func (c *converter) policies(s *step, n *flow.Node) {
	num := func(keys ...string) (float64, bool) {
		for _, k := range keys {
			switch v := literal(s.config[k]).as("float").plain().(type) {
			case int:
				return float64(v), true
			case float64:
				return v, true
			}
		}
		return 0, false
	}
	if tries, ok := num("retry_count"); ok && tries >= 1 && s.kind != nil && s.typ != "RetryNode" {
		if _, declared := s.kind.prop("retry_count"); declared {
			n.Retry = &flow.Retry{MaxAttempts: int(min(tries, 100)) + 1, Initial: time.Second, Factor: 1}
			if ms, ok := num("retry_interval"); ok && ms >= 0 {
				n.Retry.Initial = time.Duration(min(ms, 1e9)) * time.Millisecond
			} else if sec, ok := num("retry_delay"); ok && sec >= 0 {
				n.Retry.Initial = time.Duration(min(sec, 1e6) * float64(time.Second))
			}
		}
	}
	for x := c.around; x != nil; x = x.up {
		switch x.policy {
		case "continue":
			n.OnError = "continue"
		case "retry":
			if n.Retry == nil {
				n.Retry = &flow.Retry{MaxAttempts: x.tries + 1, Initial: time.Second, Factor: 2}
			}
		}
	}
}

// missing makes a node that stands for one that cannot be translated.
func (c *converter) missing(s *step, id, becomes, reason string, status Status) {
	data := map[string]any{}
	if raw, err := canonical(s.raw); err == nil {
		data, _ = raw.(map[string]any)
	}
	p := map[string]any{"product": "CasareRPA", "type": s.typ, "reason": reason, "data": data}
	if s.typ == "" {
		p["type"] = "a node without a type"
	}
	if becomes != "" {
		p["becomes"] = becomes
	}
	var ports []any
	for _, port := range slices.Sorted(maps.Keys(c.exec[s.id])) {
		if port != "exec_out" && port != "error" && port != "exec_error" {
			ports = append(ports, safeName(port))
		}
	}
	if len(ports) > 0 {
		p["ports"] = ports
	}
	c.add(s, flow.Node{ID: id, Type: "flow.missing", Title: title(s), Params: p, Disabled: s.disabled})
	c.report.say(s, status, reason)
}

// ways wires what follows a node that acts.
func (c *converter) ways(s *step, last string, sc *scope) {
	m := c.rowFor(s)
	lost := m == nil || c.broken[s.id] != "" || m.to != "" && c.o.Nodes.Get(m.to) == nil
	next := []string{"exec_out"}
	ports := map[string]string{}
	if m != nil && !lost {
		ports = m.ports
	}
	at := func(to string) (id, port string) {
		if x, p, ok := strings.Cut(to, "."); ok {
			return c.id(s) + "_" + x, p
		}
		return c.id(s), to
	}
	var other []string
	for _, p := range slices.Sorted(maps.Keys(c.exec[s.id])) {
		if p == "exec_out" {
			continue
		}
		_, mapped := ports[p]
		switch {
		case mapped, p == "error", p == "exec_error", lost:
			other = append(other, p)
		case p == "success" || p == "completed" || strings.HasPrefix(p, "exec_"):
			next = append(next, p)
		default:
			c.report.attention(s, "it has a connection at the port "+p+", which has no equivalent", "that connection was left out")
		}
	}
	if to, mapped := ports["exec_out"]; mapped {
		id, port := at(to)
		c.wire(id, port, c.chain(c.targets(s, next...), sc))
	} else {
		c.wire(last, "next", c.chain(c.targets(s, next...), sc))
	}
	for _, p := range other {
		id, port := c.id(s), safeName(p)
		if p == "error" || p == "exec_error" {
			port = "error"
		}
		if to, mapped := ports[p]; mapped {
			id, port = at(to)
		}
		if !c.wired(id, port) {
			c.wire(id, port, c.chain(c.targets(s, p), sc))
		}
	}
}

func (c *converter) wired(id, port string) bool {
	return slices.ContainsFunc(c.flow.Edges, func(e flow.Edge) bool { return e.From == id && e.Port == port })
}

func (c *converter) end(s *step, sc *scope) string {
	inLoop := sc.up != nil
	if sc.inFan() || !inLoop {
		return c.chain(c.allTargets(s), sc)
	}
	id := c.id(s)
	c.add(s, flow.Node{ID: id, Type: "flow.return"})
	return id
}

// cond returns the condition of a node: the value of its port condition by its
// truth, or an expression.
func (c *converter) cond(s *step, keys ...string) val {
	const portName = "condition"
	if w, ok := c.dataIn[s.id][portName]; ok {
		v := c.output(c.w.byID[w.from], w.port, s)
		if v.typ == "bool" {
			return v
		}
		return code("truthy("+v.expr()+")", "bool")
	}
	for _, k := range append(keys, portName) {
		switch v := s.config[k].(type) {
		case string:
			if strings.TrimSpace(v) != "" {
				if k == portName {
					c.report.adapted(s, "its %s stands in the config, which CasareRPA did not read; it is taken as its author meant it", k)
				}
				return c.condition(v, s)
			}
		case bool:
			return literal(v)
		case int:
			return literal(v != 0)
		}
	}
	return literal(false)
}

func (c *converter) branch(s *step, sc *scope) string {
	id := c.id(s)
	c.add(s, flow.Node{ID: id, Type: "flow.if", Title: title(s), Params: map[string]any{"condition": c.cond(s, "expression").param()}})
	c.wire(id, "then", c.chain(c.targets(s, "true", "then"), sc))
	c.wire(id, "else", c.chain(c.targets(s, "false", "else"), sc))
	if rest := c.targets(s, "exec_out"); len(rest) > 0 {
		c.report.attention(s, "it has a connection at exec_out, which CasareRPA never followed", "that connection was left out")
	}
	return id
}

func (c *converter) switches(s *step, sc *scope) string {
	id := c.id(s)
	var v val
	if w, ok := c.dataIn[s.id]["value"]; ok {
		v = c.output(c.w.byID[w.from], w.port, s)
	} else {
		for _, k := range []string{"expression", "value", "switch_value"} {
			text, ok := s.config[k].(string)
			if !ok || strings.TrimSpace(text) == "" {
				if x := s.config[k]; x != nil && !ok {
					v = literal(x)
					break
				}
				continue
			}
			if v = c.text(text, s); v.code == "" && k == "expression" {
				if t, err := c.python(text, s); err == nil {
					v = code(t.code, t.typ)
				}
			}
			if k != "expression" {
				c.report.adapted(s, "its %s stands in the config, which CasareRPA did not read; it is taken as its author meant it", k)
			}
			break
		}
	}
	var names []string
	switch cases := s.config["cases"].(type) {
	case []any:
		for _, e := range cases {
			if m, ok := e.(map[string]any); ok {
				e = m["value"]
			}
			names = append(names, fmt.Sprint(e))
		}
	case string:
		list, _ := convert(cases, "list")
		if l, ok := list.([]any); ok {
			for _, e := range l {
				names = append(names, fmt.Sprint(e))
			}
		}
	case map[string]any:
		names = slices.Sorted(maps.Keys(cases))
	}
	// Ports may be named by the number of the case; they all are if one is.
	numbered, all := false, true
	for p := range c.exec[s.id] {
		if name, ok := strings.CutPrefix(p, "case_"); ok {
			numbered = numbered || isIndex(name, len(names)) && !slices.Contains(names, name)
			all = all && isIndex(name, len(names))
		}
	}
	numbered = numbered && all
	first := 0
	if numberedFromOne(c.exec[s.id], names) {
		numbered, first = true, 1
	}
	for _, p := range slices.Sorted(maps.Keys(c.exec[s.id])) { // ports whose case was not listed
		if name, ok := strings.CutPrefix(p, "case_"); ok && !slices.Contains(names, name) && !isIndex(name, len(names)+first) {
			names = append(names, name)
		}
	}
	used := map[string]bool{"default": true}
	var list []any
	ports := map[string]string{} // old -> new
	for i, name := range names {
		port := "case_" + strings.Trim(notID.ReplaceAllString(name, "_"), "_")
		if port == "case_" {
			port = fmt.Sprintf("case_%d", i+1)
		}
		port = port[:min(len(port), 50)]
		for used[port] {
			port += "_"
		}
		used[port] = true
		equals := name
		if name == "True" || name == "False" {
			equals = strings.ToLower(name)
		}
		list = append(list, map[string]any{"port": port, "equals": escape(equals)})
		if !numbered {
			ports["case_"+name] = port
		}
		if p := fmt.Sprintf("case_%d", i+first); (numbered || len(c.exec[s.id]["case_"+name]) == 0) && len(c.exec[s.id][p]) > 0 && ports[p] == "" {
			ports[p] = port
			c.report.adapted(s, "the port %s means the case number %d", p, i)
		}
	}
	p := map[string]any{"value": v.as("string").param(), "cases": list}
	if list == nil {
		p["cases"] = []any{}
	}
	c.add(s, flow.Node{ID: id, Type: "flow.switch", Title: title(s), Params: p})
	for _, old := range slices.Sorted(maps.Keys(c.exec[s.id])) {
		switch to := ports[old]; {
		case to != "" && !c.wired(id, to):
			c.wire(id, to, c.chain(c.targets(s, old), sc))
		case old == "default" || old == "exec_default":
			c.wire(id, "default", c.chain(c.targets(s, old), sc))
		}
	}
	if len(c.exec[s.id]["default"]) == 0 {
		c.wire(id, "default", c.chain(c.targets(s, "exec_out"), sc))
	}
	return id
}

// numberedFromOne reports whether the ports of a switch count its cases from
// one: the last has the number of the cases, and there is no zero.
func numberedFromOne(ports map[string][]string, names []string) bool {
	if len(names) == 0 || ports["case_0"] != nil || ports["case_"+strconv.Itoa(len(names))] == nil {
		return false
	}
	for p := range ports {
		if n, ok := strings.CutPrefix(p, "case_"); ok && (slices.Contains(names, n) || !isIndex(n, len(names)+1)) {
			return false
		}
	}
	return true
}

func isIndex(s string, n int) bool {
	for i := range n {
		if s == fmt.Sprint(i) {
			return true
		}
	}
	return false
}

// fails makes a node that always fails.
func (c *converter) fails(s *step, sc *scope) string {
	id := c.id(s)
	m := &mapping{}
	msg := c.arg(s, m, "error_message")
	if !msg.isSet || msg.isLit() && msg.plain() == "" {
		msg = literal("Custom error")
	}
	n := flow.Node{ID: id, Type: "flow.fail", Title: title(s), Params: map[string]any{"message": msg.as("string").param(), "class": "application"}}
	for x := sc; x != nil; x = x.up {
		if x.policy != "continue" {
			continue
		}
		// What ErrorRecovery passes over goes on with the next node.
		try, note := c.newID(id+"_passed_over", s), c.newID(id+"_failed", s)
		c.add(nil, flow.Node{ID: try, Type: "flow.try"})
		c.add(s, n)
		c.add(nil, flow.Node{ID: note, Type: "flow.log", Params: map[string]any{"level": "error", "message": "{{ error.message }}"}})
		c.wire(try, "try", id)
		c.wire(try, "catch", note)
		c.wire(try, "done", c.chain(c.targets(s, "exec_out"), sc))
		return try
	}
	c.add(s, n)
	return id
}
