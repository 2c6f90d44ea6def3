package casare

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/aether-rpa/aether/flow"
)

// stops marks nodes at which the chains of a scope end.
func (sc *scope) stops(kind stopKind, list ...*step) {
	for _, s := range list {
		if s != nil {
			if _, ok := sc.stop[s]; !ok {
				sc.stop[s] = kind
			}
		}
	}
}

func (c *converter) forLoop(s *step, sc *scope) string {
	id := c.id(s)
	items := c.loopItems(s)
	n := flow.Node{ID: id, Type: "flow.for_each", Title: title(s), Params: map[string]any{"items": items.param()}}
	c.add(s, n)
	c.loopBody(s, id, sc)
	return id
}

// loopItems returns what a for loop goes through.
func (c *converter) loopItems(s *step) val {
	m := &mapping{types: map[string]string{"items": "", "start": "int", "end": "int", "step": "int"}}
	var items val
	mode, _ := s.config["mode"].(string)
	_, wired := c.dataIn[s.id]["items"]
	switch listVar, _ := s.config["list_var"].(string); {
	case mode == "range":
	case wired:
		items = c.arg(s, m, "items")
	case strings.TrimSpace(listVar) != "":
		name := strings.Trim(strings.TrimSpace(listVar), "{}% ")
		if v, ok := c.reference(name, s, false); ok {
			items = v
		}
	case s.config["items"] != nil && s.config["items"] != "":
		items = c.value(s.config["items"], s)
		c.report.adapted(s, "its items stand in the config, which CasareRPA did not read; they are taken as its author meant them")
		if text, ok := items.plain().(string); ok && items.isLit() {
			if v, ok := c.reference(text, s, true); ok {
				items = v
			} else {
				items = items.as("list")
			}
		}
	}
	if !items.isSet {
		return code("range("+c.arg(s, m, "start").expr()+", "+c.arg(s, m, "end").expr()+", "+c.arg(s, m, "step").expr()+")", "list")
	}
	switch items.kindOf() {
	case "list":
		return items
	case "dict":
		return code("values("+items.expr()+")", "list")
	case "string":
		return code("chars("+items.expr()+")", "list")
	}
	x := items.operand()
	return code("type("+x+") == \"map\" ? values("+x+") : type("+x+") == \"string\" ? chars("+x+") : "+x+" ?? []", "list")
}

// loopBody makes the body of a loop and what comes after it.
func (c *converter) loopBody(s *step, id string, sc *scope) {
	in := sc.sub(id)
	in.loop = s
	end := c.pairs.endOf[s]
	in.stops(stopEnd, end, s)
	after := c.after(s)
	afterAll := c.reach(after, func(x *step) bool { return x == s })
	inner := c.reach(c.targets(s, "body"), func(x *step) bool { return x == end || x == s })
	for _, x := range c.w.nodes {
		if inner[x] && afterAll[x] {
			kind := stopBreak
			if end == nil || !slices.Contains(after, x) {
				kind = stopEnd
			}
			in.stops(kind, x)
		}
	}
	head := c.chain(c.targets(s, "body"), in)
	if c.asVars[s] && s.typ == "ForLoopStartNode" {
		v := itemVar(s)
		values := map[string]any{c.varName(v): "{{ loop.item }}", c.varName(v + "_index"): "{{ loop.index }}"}
		if c.isMapLoop(s) {
			values[c.varName(v+"_key")] = "{{ " + c.loopKey(s, id) + " }}"
		}
		first := c.newID(id+"_turn", s)
		c.add(nil, flow.Node{ID: first, Type: "var.set", Title: "Variables of the turn", Params: map[string]any{"values": values}})
		c.wire(first, "next", head)
		head = first
	}
	c.wire(id, "body", head)
	c.wire(id, "done", c.afterEscapes(s, c.chain(after, sc), sc))
}

// loopKey returns the key of the entry that a loop over a dictionary is at.
func (c *converter) loopKey(s *step, id string) string {
	m := &mapping{types: map[string]string{"items": ""}}
	items := c.arg(s, m, "items")
	if !items.isSet {
		if name, _ := s.config["list_var"].(string); name != "" {
			items, _ = c.reference(strings.Trim(name, "{}% "), s, false)
		}
	}
	return "if_error(keys(" + items.expr() + ")[loops." + id + ".index], nil)"
}

func (c *converter) whileLoop(s *step, sc *scope) string {
	id := c.id(s)
	cond, ok := c.computedAgain(s)
	if !ok {
		cond = c.cond(s, "expression")
	}
	m := &mapping{}
	p := map[string]any{}
	limit := c.arg(s, m, "max_iterations")
	switch {
	case limit.isLit() && (limit.plain() == nil || limit.plain() == 0):
		p["condition"] = cond.param()
	default:
		p["condition"] = code("loop.index < "+limit.operand()+" and "+cond.operand(), "bool").param()
	}
	c.add(s, flow.Node{ID: id, Type: "flow.while", Title: title(s), Params: p})
	c.loopBody(s, id, sc)
	return id
}

// computedAgain returns the condition of a while loop that a wire brings from a
// node which only computes: its author meant it to be computed before every
// turn, while the node itself runs once before the loop.
func (c *converter) computedAgain(s *step) (val, bool) {
	w, wired := c.dataIn[s.id]["condition"]
	if !wired {
		return val{}, false
	}
	from := c.w.byID[w.from]
	m := c.rowFor(from)
	if m == nil || m.to != "map.create" || from.disabled || c.broken[from.id] != "" {
		return val{}, false
	}
	entries, _ := m.in["entries"].(params)
	e, ok := entries[w.port]
	if !ok || m.out[w.port] != "$.map."+w.port {
		return val{}, false
	}
	v, ok := c.fill(e, from, m, c.id(from))
	if !ok || v.isLit() {
		return val{}, false
	}
	c.report.adapted(s, "what %s computes is computed anew before every turn; in CasareRPA it was computed once", from.id)
	if v.kindOf() != "bool" {
		v = code("truthy("+v.expr()+")", "bool")
	}
	return v, true
}

func (c *converter) parallelEach(s *step, sc *scope) string {
	id := c.id(s)
	m := &mapping{types: map[string]string{"items": "list"}}
	p := map[string]any{"items": c.arg(s, m, "items").param(), "concurrency": fit(c.arg(s, m, "batch_size"), field(c.o.Nodes.Get("flow.for_each"), "concurrency")).param()}
	if fast := c.arg(s, m, "fail_fast"); !fast.isLit() || fast.plain() != true {
		p["on_item_error"] = "continue"
	}
	if p["items"] == nil {
		delete(p, "items")
	}
	var last *step
	for x := c.w.byID[s.id]; x != nil; {
		ports := []string{"exec_out"}
		if x == s {
			ports = []string{"body"}
		}
		t := c.targets(x, ports...)
		if x = nil; len(t) == 1 && (last == nil || last != t[0]) && len(c.regions[s]) > 0 && c.regions[s][t[0]] {
			last, x = t[0], t[0]
		}
		if last != nil && c.isControl(last) {
			break
		}
	}
	c.add(s, flow.Node{ID: id, Type: "flow.for_each", Title: title(s), Params: p})
	c.report.adapted(s, "its body runs for several items at a time; in CasareRPA it never ran")
	c.loopBody(s, id, sc)
	if m := (*mapping)(nil); last != nil && !c.isControl(last) && last.kind != nil {
		if m = c.rowFor(last); m != nil {
			for _, o := range last.kind.Out {
				if _, ok := m.out[o[0]]; ok && o[0] != "success" {
					p["collect"] = c.output(last, o[0], s).param()
					break
				}
			}
		}
	}
	return id
}

// common returns the nodes that several chains lead to.
func (c *converter) common(stop func(*step) bool, chains ...[]*step) map[*step]bool {
	count := map[*step]int{}
	for _, list := range chains {
		for s := range c.reach(list, stop) {
			count[s]++
		}
	}
	out := map[*step]bool{}
	for s, n := range count {
		if n > 1 {
			out[s] = true
		}
	}
	return out
}

// entries returns where a region begins, in the order of the file.
func (c *converter) entries(region map[*step]bool, chains ...[]*step) []*step {
	var out []*step
	for _, s := range c.w.nodes {
		if region[s] && (c.enteredFromOutside(s, region) || slices.ContainsFunc(chains, func(l []*step) bool { return slices.Contains(l, s) })) {
			out = append(out, s)
		}
	}
	return out
}

func (c *converter) inStops(sc *scope) func(*step) bool {
	return func(s *step) bool {
		for x := sc; x != nil; x = x.up {
			if _, ok := x.stop[s]; ok {
				return true
			}
		}
		return false
	}
}

func without(list []*step, drop ...*step) []*step {
	return slices.DeleteFunc(slices.Clone(list), func(s *step) bool { return slices.Contains(drop, s) })
}

func (c *converter) try(s *step, sc *scope) string {
	id := c.id(s)
	catch, finally := c.pairs.catchOf[s], c.pairs.finalOf[s]
	c.add(s, flow.Node{ID: id, Type: "flow.try", Title: title(s)})
	body := c.targets(s, "try_body")
	var after []*step
	if len(body) == 0 {
		body = c.targets(s, "exec_out")
	} else {
		after = c.targets(s, "exec_out")
	}
	var caught, final []*step
	if catch != nil {
		c.made[catch] = true
		c.report.became(catch, id, "flow.try")
		if caught = c.targets(catch, "catch_body"); len(caught) == 0 {
			caught = c.targets(catch, "exec_out")
		} else {
			after = append(after, c.targets(catch, "exec_out")...)
		}
		c.report.adapted(catch, "it is the port catch of %s", id)
	}
	if finally != nil {
		c.made[finally] = true
		c.report.became(finally, id, "flow.try")
		if final = c.targets(finally, "finally_body"); len(final) == 0 {
			final = c.targets(finally, "exec_out")
		} else {
			after = append(after, c.targets(finally, "exec_out")...)
		}
		c.report.adapted(finally, "it is the port finally of %s", id)
	}
	c.guarded(s, id, sc, without(body, catch, finally), without(caught, catch, finally), without(final, catch, finally), without(after, catch, finally), catch, finally)
	return id
}

func (c *converter) onError(s *step, sc *scope) string {
	id := c.id(s)
	c.add(s, flow.Node{ID: id, Type: "flow.try", Title: title(s)})
	c.report.adapted(s, "it guards its protected_body; in CasareRPA it had no effect")
	c.guarded(s, id, sc, c.targets(s, "protected_body"), c.targets(s, "on_error"), c.targets(s, "finally"), c.targets(s, "exec_out"), nil, nil)
	return id
}

// guarded wires a flow.try.
func (c *converter) guarded(s *step, id string, sc *scope, body, caught, final, after []*step, ends ...*step) {
	stop := c.inStops(sc)
	isEnd := func(x *step) bool { return slices.Contains(ends, x) || stop(x) }
	shared := c.common(isEnd, body, caught, final)
	for x := range c.reach(after, isEnd) {
		shared[x] = true
	}
	for _, e := range c.entries(shared, body, caught, final) {
		if !slices.Contains(after, e) {
			after = append(after, e)
		}
	}
	for _, part := range []struct {
		port string
		list []*step
	}{{"try", body}, {"catch", caught}, {"finally", final}} {
		in := sc.sub(id)
		in.owner = s
		in.stops(stopEnd, ends...)
		for x := range shared {
			in.stops(stopEnd, x)
		}
		head := c.chain(part.list, in)
		if part.port == "catch" {
			head = c.filterErrors(s, id, head)
		}
		if part.port == "catch" && head == "" && len(ends) > 0 && ends[0] != nil {
			note := c.newID(id+"_ignored", s) // an empty catch swallows the failure
			c.add(nil, flow.Node{ID: note, Type: "flow.comment", Params: map[string]any{"text": "The failure is ignored."}})
			head = note
		}
		c.wire(id, part.port, head)
	}
	c.wire(id, "done", c.chain(after, sc))
}

// errorKinds are the kinds of failures by the exceptions of Python.
var errorKinds = map[string][]string{
	"TimeoutError": {"timeout"}, "PlaywrightTimeoutError": {"timeout"}, "ConnectionError": {"network", "http"}, "ConnectionRefusedError": {"network"}, "NetworkError": {"network", "http"},
	"FileNotFoundError": {"not_found"}, "KeyError": {"not_found", "input"}, "IndexError": {"not_found", "input"}, "ElementNotFoundError": {"not_found"},
	"PermissionError": {"denied"}, "ValueError": {"input", "error"}, "TypeError": {"input"}, "ZeroDivisionError": {"input"}, "AssertionError": {"assert"},
	"RuntimeError": {"error", "business"}, "OSError": {"not_found", "denied", "network", "error"}, "IOError": {"not_found", "denied", "error"}, "HTTPError": {"http"}, "JSONDecodeError": {"input"},
}

// filterErrors lets only some failures into a catch, if it names their types.
func (c *converter) filterErrors(s *step, id, head string) string {
	catch := c.pairs.catchOf[s]
	if catch == nil {
		return head
	}
	types, _ := catch.config["error_types"].(string)
	var kinds []any
	for _, t := range strings.FieldsFunc(types, func(r rune) bool { return r == ',' || r == ' ' || r == ';' }) {
		if t == "Exception" || t == "*" || t == "BaseException" {
			return head
		}
		known := errorKinds[t]
		if known == nil {
			known = []string{strings.ToLower(t)}
		}
		for _, k := range known {
			if !slices.Contains(kinds, any(k)) {
				kinds = append(kinds, k)
			}
		}
	}
	if len(kinds) == 0 {
		return head
	}
	c.report.attention(catch, "it catches only "+types, fmt.Sprintf("here these are failures of the kinds %v; look whether they are the ones that were meant", kinds))
	test, again := c.newID(id+"_which", s), c.newID(id+"_again", s)
	c.add(nil, flow.Node{ID: test, Type: "flow.if", Params: map[string]any{"condition": "{{ error.kind in " + literal(kinds).expr() + " }}"}})
	c.add(nil, flow.Node{ID: again, Type: "flow.fail", Params: map[string]any{"rethrow": true, "error": "{{ error }}"}})
	c.wire(test, "then", head)
	c.wire(test, "else", again)
	return test
}

func (c *converter) fork(s *step, sc *scope) string {
	id := c.id(s)
	join := c.pairs.joinOf[s]
	p := map[string]any{}
	if fast, _ := s.config["fail_fast"].(bool); !fast {
		p["on_branch_error"] = "wait_all"
	}
	c.add(s, flow.Node{ID: id, Type: "flow.parallel", Title: title(s), Params: p})
	c.report.adapted(s, "its branches run at the same time, each with its own view of variables, and what they set is merged; in CasareRPA they never ran")
	var branches [][]*step
	for _, port := range slices.SortedFunc(maps.Keys(c.exec[s.id]), func(a, b string) int {
		if len(a) != len(b) {
			return len(a) - len(b)
		}
		return strings.Compare(a, b)
	}) {
		if strings.HasPrefix(port, "branch_") {
			branches = append(branches, c.targets(s, port))
		}
	}
	after := c.targets(s, "exec_out")
	if join != nil {
		c.made[join] = true
		c.report.became(join, id, "flow.parallel")
		c.report.adapted(join, "it is the port done of %s", id)
		after = append(after, c.allTargets(join)...)
	}
	stop := c.inStops(sc)
	isEnd := func(x *step) bool { return x == join || stop(x) }
	shared := c.common(isEnd, branches...)
	for _, e := range c.entries(shared, branches...) {
		if !slices.Contains(after, e) {
			after = append(after, e)
		}
	}
	for _, b := range branches {
		in := sc.sub(id)
		in.owner, in.fan = s, true
		in.stops(stopEnd, join)
		for x := range shared {
			in.stops(stopEnd, x)
		}
		head := c.chain(b, in)
		if p["on_branch_error"] != nil && head != "" && c.mayFail(b, func(x *step) bool { return isEnd(x) || shared[x] }) {
			// A branch that fails does not end the others, and the join goes on.
			try, note := c.newID(id+"_branch", s), c.newID(id+"_failed", s)
			c.add(nil, flow.Node{ID: try, Type: "flow.try"})
			c.add(nil, flow.Node{ID: note, Type: "flow.log", Params: map[string]any{"level": "error", "message": "A branch failed: {{ error.message }}"}})
			c.wire(try, "try", head)
			c.wire(try, "catch", note)
			head = try
		}
		c.wire(id, "branch", head)
	}
	c.wire(id, "done", c.chain(without(after, join), sc))
	return id
}

// mayFail reports whether a chain does more than set variables and log.
func (c *converter) mayFail(from []*step, stop func(*step) bool) bool {
	for s := range c.reach(from, stop) {
		switch s.typ {
		case "SetVariableNode", "GetVariableNode", "LogNode", "CommentNode", "MergeNode", "EndNode", "WaitNode":
		default:
			return true
		}
	}
	return false
}

// allKinds makes flow.retry try again whatever the failure, as CasareRPA's
// RetryNode was meant to.
var allKinds = []any{"input", "not_found", "timeout", "denied", "network", "http", "business", "assert", "error"}

func (c *converter) retry(s *step, sc *scope) string {
	id := c.id(s)
	m := &mapping{alias: map[string]string{"max_attempts": "max_retries retry_count", "initial_delay": "delay retry_delay"}}
	p := map[string]any{"on": allKinds}
	reg := c.o.Nodes.Get("flow.retry")
	for name, from := range map[string]string{"max_attempts": "max_attempts", "initial": "initial_delay", "factor": "backoff_multiplier"} {
		if v := c.arg(s, m, from); v.isSet {
			p[name] = fit(v, field(reg, name)).param()
		}
	}
	c.add(s, flow.Node{ID: id, Type: "flow.retry", Title: title(s), Params: p})
	c.report.adapted(s, "its body is tried again after a failure; in CasareRPA it never was")
	body := c.targets(s, "retry_body", "body")
	after := c.targets(s, "success", "completed")
	if len(body) == 0 {
		body = c.targets(s, "exec_out")
	} else {
		after = append(after, c.targets(s, "exec_out")...)
	}
	failed := c.targets(s, "failed")
	var ends []*step
	for _, e := range c.pairs.retryEnd[s] {
		if e.typ == "RetrySuccessNode" {
			c.made[e] = true
			ends = append(ends, e)
			c.report.became(e, id, "flow.retry")
			for _, t := range c.allTargets(e) {
				if !slices.Contains(after, t) && t != s {
					after = append(after, t)
				}
			}
		}
	}
	in := sc.sub(id)
	in.owner = s
	in.stops(stopEnd, append(ends, s)...)
	for x := range c.reach(after, c.inStops(sc)) {
		in.stops(stopEnd, x)
	}
	c.wire(id, "body", c.chain(body, in))
	c.wire(id, "done", c.chain(after, sc))
	c.wire(id, "error", c.chain(failed, sc))
	return id
}

// recovery makes an ErrorRecoveryNode, which sets what happens to failures of
// the nodes after it.
func (c *converter) recovery(s *step, sc *scope) string {
	id := c.id(s)
	strategy, _ := s.config["strategy"].(string)
	tries, _ := s.config["max_retries"].(int)
	if tries <= 0 {
		tries = 3
	}
	note := func(text string) {
		c.add(s, flow.Node{ID: id, Type: "flow.comment", Title: title(s), Params: map[string]any{"text": text}})
	}
	if strategy != "" && strategy != "stop" {
		c.report.adapted(s, "in CasareRPA it had no effect; here failures after it are treated as it says (%s)", strategy)
	}
	switch strategy {
	case "continue":
		note("Failures of the nodes after this are passed over.")
		sc.policy = "continue"
	case "retry":
		note("Nodes after this are tried again.")
		sc.policy, sc.tries = "retry", tries
	case "restart":
		c.add(s, flow.Node{ID: id, Type: "flow.retry", Title: title(s), Params: map[string]any{"max_attempts": min(tries+1, 1000), "on": allKinds}})
		in := sc.sub(id)
		in.owner = s
		c.wire(id, "body", c.chain(c.targets(s, "exec_out"), in))
		return id
	case "fallback":
		c.add(s, flow.Node{ID: id, Type: "flow.try", Title: title(s)})
		c.guarded(s, id, sc, c.targets(s, "exec_out"), c.targets(s, "fallback"), nil, nil)
		return id
	default:
		note("A failure stops the flow.")
	}
	c.wire(id, "next", c.chain(c.targets(s, "exec_out"), sc))
	return id
}
