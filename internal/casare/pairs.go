package casare

import (
	"slices"
	"strings"
)

// pairs are the nodes that belong together: CasareRPA writes a loop, a try or
// a fork as several nodes.
type pairs struct {
	endOf    map[*step]*step // loop start -> its end
	startOf  map[*step]*step // loop end, catch, finally, join -> its start
	catchOf  map[*step]*step // try -> its catch
	finalOf  map[*step]*step // try -> its finally
	joinOf   map[*step]*step // fork -> its join
	retryEnd map[*step][]*step
}

func isLoopStart(s *step) bool { return s.typ == "ForLoopStartNode" || s.typ == "WhileLoopStartNode" }

// targets returns the nodes a port leads to.
func (c *converter) targets(s *step, ports ...string) []*step {
	var out []*step
	for _, p := range ports {
		for _, id := range c.exec[s.id][p] {
			if t := c.w.byID[id]; !slices.Contains(out, t) {
				out = append(out, t)
			}
		}
	}
	return out
}

// allTargets returns the nodes that any port leads to, in the order of the
// file.
func (c *converter) allTargets(s *step) []*step {
	var out []*step
	for _, w := range c.w.wires {
		if w.exec && w.from == s.id {
			if t := c.w.byID[w.to]; !slices.Contains(out, t) {
				out = append(out, t)
			}
		}
	}
	return out
}

// reach returns what control can reach from some nodes without passing stops,
// which are not in it.
func (c *converter) reach(from []*step, stop func(*step) bool) map[*step]bool {
	seen := map[*step]bool{}
	var queue []*step
	push := func(s *step) {
		if !seen[s] && (stop == nil || !stop(s)) {
			seen[s] = true
			queue = append(queue, s)
		}
	}
	for _, s := range from {
		push(s)
	}
	for len(queue) > 0 {
		s := queue[0]
		queue = queue[1:]
		for _, p := range c.exec[s.id] {
			for _, id := range p {
				push(c.w.byID[id])
			}
		}
	}
	return seen
}

// ref returns the node that a config names.
func (c *converter) ref(s *step, keys ...string) *step {
	for _, k := range keys {
		if id, ok := s.config[k].(string); ok && id != "" {
			return c.w.byID[id]
		}
	}
	return nil
}

func (c *converter) findPairs() {
	p := pairs{endOf: map[*step]*step{}, startOf: map[*step]*step{}, catchOf: map[*step]*step{}, finalOf: map[*step]*step{}, joinOf: map[*step]*step{}, retryEnd: map[*step][]*step{}}
	c.pairs = p
	link := func(start, end *step, m map[*step]*step) {
		if start != nil && m[start] == nil && p.startOf[end] == nil {
			m[start], p.startOf[end] = end, start
		}
	}
	// What the files say comes first, then what is nearest.
	for _, s := range c.w.nodes {
		switch s.typ {
		case "ForLoopEndNode", "WhileLoopEndNode":
			if start := c.ref(s, "paired_start_id", "paired_loop_start_id"); start != nil && isLoopStart(start) {
				link(start, s, p.endOf)
			}
		case "CatchNode", "FinallyNode":
			m := p.catchOf
			if s.typ == "FinallyNode" {
				m = p.finalOf
			}
			if start := c.ref(s, "paired_try_id"); start != nil && start.typ == "TryNode" {
				link(start, s, m)
			}
		case "TryNode":
			if k := c.ref(s, "paired_catch_id"); k != nil && k.typ == "CatchNode" {
				link(s, k, p.catchOf)
			}
			if k := c.ref(s, "paired_finally_id"); k != nil && k.typ == "FinallyNode" {
				link(s, k, p.finalOf)
			}
		case "JoinNode":
			if start := c.ref(s, "paired_fork_id"); start != nil && start.typ == "ForkNode" {
				link(start, s, p.joinOf)
			}
		}
	}
	for _, want := range []struct {
		start, end string
		m          map[*step]*step
		ports      []string
	}{
		{"ForLoopStartNode", "ForLoopEndNode", p.endOf, []string{"body", "exec_out"}},
		{"WhileLoopStartNode", "WhileLoopEndNode", p.endOf, []string{"body", "exec_out"}},
		{"ForkNode", "JoinNode", p.joinOf, nil},
		{"TryNode", "CatchNode", p.catchOf, nil},
		{"TryNode", "FinallyNode", p.finalOf, nil},
	} {
		// The innermost start that reaches an end is the one that reaches least.
		type candidate struct {
			s     *step
			reach map[*step]bool
		}
		var starts []candidate
		for _, s := range c.w.nodes {
			if s.typ != want.start || want.m[s] != nil {
				continue
			}
			from := c.allTargets(s)
			if want.ports != nil {
				from = c.targets(s, want.ports...)
			}
			starts = append(starts, candidate{s, c.reach(from, nil)})
		}
		slices.SortStableFunc(starts, func(a, b candidate) int { return len(a.reach) - len(b.reach) })
		for _, end := range c.w.nodes {
			if end.typ != want.end || p.startOf[end] != nil {
				continue
			}
			for _, k := range starts {
				if k.reach[end] && want.m[k.s] == nil {
					link(k.s, end, want.m)
					break
				}
			}
		}
		// A catch that no wire reaches belongs to the try before it.
		if want.start == "TryNode" {
			for _, end := range c.w.nodes {
				if end.typ != want.end || p.startOf[end] != nil {
					continue
				}
				for _, k := range starts {
					if want.m[k.s] == nil {
						link(k.s, end, want.m)
						break
					}
				}
			}
		}
	}
	for _, s := range c.w.nodes {
		if s.typ == "RetryNode" {
			for _, e := range c.w.nodes {
				if (e.typ == "RetrySuccessNode" || e.typ == "RetryFailNode") && c.reach(c.targets(s, "retry_body"), nil)[e] {
					p.retryEnd[s] = append(p.retryEnd[s], e)
				}
			}
		}
	}
}

// bodyOf returns the nodes of a loop's body.
func (c *converter) bodyOf(s *step) map[*step]bool {
	end := c.pairs.endOf[s]
	body := c.reach(c.targets(s, "body"), func(x *step) bool { return x == end || x == s })
	after := c.reach(c.after(s), func(x *step) bool { return x == s })
	for x := range after {
		delete(body, x)
	}
	return body
}

// after returns the nodes that come after a loop.
func (c *converter) after(s *step) []*step {
	ports := []string{"completed", "done"}
	if len(c.exec[s.id]["body"]) > 0 {
		ports = append(ports, "exec_out")
	}
	out := c.targets(s, ports...)
	if end := c.pairs.endOf[s]; end != nil {
		for _, t := range c.allTargets(end) {
			if t != s && !slices.Contains(out, t) {
				out = append(out, t)
			}
		}
	}
	return out
}

func itemVar(s *step) string {
	if v, ok := s.config["item_var"].(string); ok && v != "" {
		return v
	}
	if v, ok := s.config["item_variable"].(string); ok && v != "" {
		return v
	}
	return "item"
}

// findRegions finds the bodies of loops, and the loops whose turn must be kept
// in variables because nodes elsewhere read it.
func (c *converter) findRegions() {
	names := map[string][]*step{}
	defer c.keepTurns()
	for _, s := range c.w.nodes {
		if isLoopStart(s) || s.typ == "ParallelForEachNode" {
			c.regions[s] = c.bodyOf(s)
		}
		if s.typ == "ForLoopStartNode" {
			v := itemVar(s)
			for _, n := range []string{v, v + "_index", v + "_key"} {
				names[n] = append(names[n], s)
			}
		}
	}
	if len(names) == 0 {
		return
	}
	keep := func(name string, at *step) {
		loops := names[name]
		for _, l := range loops {
			if c.regions[l][at] {
				return
			}
		}
		for _, l := range loops {
			c.asVars[l] = true
		}
	}
	for _, s := range c.w.nodes {
		c.eachName(s.config, func(name string) { keep(name, s) })
	}
	for name, loops := range names {
		if c.set[name] || c.declared[name] != nil {
			for _, l := range loops {
				c.asVars[l] = true
			}
		}
	}
}

// keepTurns makes variables of the turn of loops that are read elsewhere.
func (c *converter) keepTurns() {
	outside := func(l *step, at *step) bool {
		return l != nil && l.typ == "ForLoopStartNode" && l != at && !c.regions[l][at]
	}
	for _, w := range c.w.wires {
		if l := c.w.byID[w.from]; !w.exec && w.port != "results" && outside(l, c.w.byID[w.to]) {
			c.asVars[l] = true
		}
	}
	for _, s := range c.w.nodes {
		c.eachName(s.config, func(name string) {
			if l := c.w.byID[name]; outside(l, s) {
				c.asVars[l] = true
			}
		})
	}
	for _, l := range c.w.nodes {
		if c.asVars[l] {
			v := itemVar(l)
			turn := []string{v, v + "_index"}
			if c.isMapLoop(l) {
				turn = append(turn, v+"_key")
			}
			for _, n := range turn {
				c.turnVars[n] = c.turnVars[n] || !c.set[n]
				c.set[n] = true
				c.noteType(n, "")
			}
		}
	}
}

func (c *converter) isMapLoop(l *step) bool {
	found := false
	for _, s := range c.w.nodes {
		c.eachName(s.config, func(name string) { found = found || name == itemVar(l)+"_key" })
	}
	for _, w := range c.w.wires {
		found = found || w.from == l.id && w.port == "current_key"
	}
	return found
}

// eachName calls fn for every name that the texts of a config may read.
func (c *converter) eachName(v any, fn func(string)) {
	switch x := v.(type) {
	case string:
		for _, m := range reference.FindAllStringSubmatch(x, -1) {
			name, _ := cut(m[1] + m[2] + m[3])
			fn(name)
		}
	case []any:
		for _, e := range x {
			c.eachName(e, fn)
		}
	case map[string]any:
		for k, e := range x {
			c.eachName(e, fn)
			if s, ok := e.(string); ok && (k == "expression" || k == "condition" || k == "message" || k == "template" || k == "list_var" || k == "variable_name") {
				for _, n := range bareName.FindAllString(s, -1) {
					fn(n)
				}
			}
		}
	}
}

func isTrigger(s *step) bool {
	return strings.HasSuffix(s.typ, "TriggerNode") || s.kind != nil && s.kind.Class == "trigger"
}
