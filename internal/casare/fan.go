package casare

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/aether-rpa/aether/flow"
)

// fan makes several targets of one port, which CasareRPA runs in turns.
func (c *converter) fan(list []*step, sc *scope) string {
	stop := func(s *step) bool {
		for x := sc; x != nil; x = x.up {
			if _, ok := x.stop[s]; ok {
				return true
			}
		}
		return false
	}
	var live []*step
	for _, t := range list {
		if !stop(t) {
			live = append(live, t)
		}
	}
	switch len(live) {
	case 0:
		return c.single(list[0], sc)
	case 1:
		return c.single(live[0], sc)
	}
	if ids, ok := c.flat(live, stop); ok {
		return c.line(ids, sc)
	}
	c.order(live, stop)
	// What several targets lead to comes once, after them.
	regions := make([]map[*step]bool, len(live))
	count := map[*step]int{}
	for i, t := range live {
		regions[i] = c.reach([]*step{t}, stop)
		for s := range regions[i] {
			count[s]++
		}
	}
	common := map[*step]bool{}
	for s, n := range count {
		if n > 1 {
			common[s] = true
		}
	}
	var after []*step // where the common part begins
	for _, s := range c.w.nodes {
		if common[s] && (slices.Contains(live, s) || c.enteredFromOutside(s, common)) {
			after = append(after, s)
		}
	}
	first, last := "", ""
	link := func(id string) {
		if id == "" {
			return
		}
		if first == "" {
			first = id
		} else {
			c.wire(last, "done", id)
		}
		last = id
	}
	marks := map[*step]string{}
	for _, s := range after {
		sure := false
		for i, t := range live {
			sure = sure || regions[i][s] && c.always(t, s, common, stop, map[*step]bool{})
		}
		if !sure {
			c.markers++
			marks[s] = fmt.Sprintf("_reached_%d", c.markers)
		}
	}
	for _, t := range live {
		if common[t] {
			continue
		}
		id := c.newID("part_"+c.ids[t], nil)
		in := sc.sub(id)
		in.fan = true
		for s := range common {
			in.stop[s] = stopEnd
		}
		for s, m := range marks {
			in.marks[s] = m
		}
		at := len(c.flow.Nodes)
		head := c.chain([]*step{t}, in)
		if head == "" {
			continue
		}
		c.flow.Nodes = slices.Insert(c.flow.Nodes, at, flow.Node{ID: id, Type: "flow.group", Title: title(t)})
		c.wire(id, "body", head)
		link(id)
	}
	rest := c.chainMarked(after, marks, sc)
	if first == "" {
		return rest
	}
	c.wire(last, "done", rest)
	return first
}

// chainMarked makes what several chains lead to; a node that not all of them
// reach runs only if one did.
func (c *converter) chainMarked(after []*step, marks map[*step]string, sc *scope) string {
	if len(after) == 1 && marks[after[0]] != "" {
		id := c.newID("if_reached_"+c.ids[after[0]], nil)
		c.add(nil, flow.Node{ID: id, Type: "flow.if", Params: map[string]any{"condition": "{{ vars." + marks[after[0]] + " == true }}"}})
		c.wire(id, "then", c.chain(after, sc))
		return id
	}
	return c.chain(after, sc)
}

func title(s *step) string {
	if s.name != "" && s.name != s.id {
		return s.name
	}
	return ""
}

func (c *converter) enteredFromOutside(s *step, inside map[*step]bool) bool {
	return slices.ContainsFunc(c.before[s.id], func(id string) bool { return !inside[c.w.byID[id]] })
}

// always reports whether control that starts at a certainly comes to b. known
// holds what was found out before.
func (c *converter) always(a, b *step, common map[*step]bool, stop func(*step) bool, known map[*step]bool) bool {
	if a == b {
		return true
	}
	if r, ok := known[a]; ok {
		return r
	}
	known[a] = false
	if common[a] || stop(a) {
		return false
	}
	via := func(list []*step) bool {
		return slices.ContainsFunc(list, func(t *step) bool { return c.always(t, b, common, stop, known) })
	}
	ways := c.exec[a.id]
	var need []string
	switch {
	case isLoopStart(a): // what comes after it is what counts
		known[a] = via(c.after(a))
		return known[a]
	case a.typ == "IfNode":
		need = []string{"true", "false"}
	case a.typ == "SwitchNode":
		need = append(slices.Collect(maps.Keys(ways)), "default")
	case a.typ == "ValidateNode":
		need = []string{"valid", "invalid"}
	}
	sure := len(need) > 0
	for _, p := range need {
		sure = sure && via(c.targets(a, p))
	}
	if len(need) == 0 {
		for _, p := range slices.Sorted(maps.Keys(ways)) {
			sure = sure || !strings.Contains(p, "error") && via(c.targets(a, p))
		}
	}
	known[a] = sure
	return sure
}

// flat returns the nodes behind several targets in the order in which they can
// run one after the other, if no node among them decides, loops or ends.
func (c *converter) flat(list []*step, stop func(*step) bool) ([]*step, bool) {
	region := c.reach(list, stop)
	in := map[*step]int{}
	then := map[*step][]*step{}
	for _, s := range slices.SortedFunc(maps.Keys(region), func(a, b *step) int { return cmp.Compare(a.index, b.index) }) {
		if c.made[s] || c.isControl(s) {
			return nil, false
		}
		for p, ids := range c.exec[s.id] {
			if p != "exec_out" || slices.ContainsFunc(ids, func(id string) bool { return stop(c.w.byID[id]) }) {
				return nil, false
			}
		}
		for _, t := range c.targets(s, "exec_out") {
			in[t]++
			then[s] = append(then[s], t)
		}
		for _, r := range c.reads(s) {
			if region[r] && !slices.Contains(then[r], s) && !c.comesAfter(s, r, region) {
				in[s]++
				then[r] = append(then[r], s)
			}
		}
	}
	var ready, out []*step
	for _, t := range list {
		if in[t] == 0 {
			ready = append(ready, t)
		}
	}
	for len(ready) > 0 {
		s := ready[0]
		ready = ready[1:]
		out = append(out, s)
		for _, t := range then[s] {
			if in[t]--; in[t] == 0 {
				ready = append(ready, t)
			}
		}
	}
	return out, len(out) == len(region)
}

// comesAfter reports whether b is reached from a, so that waiting for b would
// be a circle.
func (c *converter) comesAfter(a, b *step, region map[*step]bool) bool {
	return c.reach([]*step{a}, func(s *step) bool { return !region[s] })[b]
}

// line makes simple nodes one after the other.
func (c *converter) line(list []*step, sc *scope) string {
	first, last := "", ""
	for _, s := range list {
		before := c.lateBefore(s)
		c.made[s] = true
		a, b := c.plain(s, sc)
		if a != "" && before != nil {
			a = c.prepend(before, a, sc)
		}
		sc.heads[s] = a
		if a == "" {
			continue
		}
		if first == "" {
			first = a
		} else {
			c.wire(last, "next", a)
		}
		last = b
	}
	return first
}
