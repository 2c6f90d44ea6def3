package casare

import (
	"slices"

	"github.com/aether-rpa/aether/flow"
)

// leave makes a break or continue.
func (c *converter) leave(s *step, sc *scope) string {
	id, typ := c.id(s), "flow.break"
	if s.typ == "ContinueNode" {
		typ = "flow.continue"
	}
	var inner *step
	sc.loops(func(x *scope) bool { inner = x.loop; return false })
	if inner == nil {
		c.add(s, flow.Node{ID: id, Type: "flow.comment", Title: title(s), Params: map[string]any{"text": "A " + s.typ + " outside of a loop."}})
		c.report.attention(s, "it stands in no loop", "it does nothing")
		c.wire(id, "next", c.chain(c.allTargets(s), sc))
		return id
	}
	if want := c.ref(s, "paired_loop_start_id"); want != nil && want != inner && c.leaveOuter(s, want, typ, sc) {
		return id
	}
	c.add(s, flow.Node{ID: id, Type: typ, Title: title(s)})
	return id
}

// wayOut is a break or continue of an outer loop, seen from an inner one.
type wayOut struct {
	mark string // variable that says that it happened
	to   *step  // the loop it means
	typ  string
}

// leaveOuter makes a break or continue that means an outer loop: it leaves the
// inner ones one by one, and each looks at a variable then. ok is false if
// there is no such loop around.
func (c *converter) leaveOuter(s, want *step, typ string, sc *scope) bool {
	var between []*step
	found := false
	sc.loops(func(x *scope) bool {
		if found = x.loop == want; !found {
			between = append(between, x.loop)
		}
		return !found
	})
	if !found {
		c.report.attention(s, "it means the loop "+want.id+", in which it does not stand", "it leaves the innermost loop")
		return false
	}
	id := c.id(s)
	e := wayOut{"_leave_" + id, want, typ}
	c.add(s, flow.Node{ID: id, Type: "var.set", Title: title(s), Params: map[string]any{"name": e.mark, "value": true}})
	out := c.newID(id+"_inner", s)
	c.add(nil, flow.Node{ID: out, Type: "flow.break"})
	c.wire(id, "next", out)
	c.report.adapted(s, "it means the outer loop %s: it notes that in the variable %s and leaves the inner loops, after which that is looked at", want.id, e.mark)
	for _, loop := range between {
		c.escapes[loop] = append(c.escapes[loop], e)
	}
	return true
}

// afterEscapes makes what comes after a loop out of which outer loops may be
// left.
func (c *converter) afterEscapes(s *step, after string, sc *scope) string {
	var around *step
	sc.loops(func(x *scope) bool { around = x.loop; return false })
	for _, e := range slices.Backward(c.escapes[s]) {
		test, out := c.newID(e.mark+"_asked", nil), c.newID(e.mark+"_done", nil)
		c.add(nil, flow.Node{ID: test, Type: "flow.if", Params: map[string]any{"condition": "{{ vars." + e.mark + " == true }}"}})
		if around == e.to {
			clear := c.newID(e.mark+"_clear", nil)
			c.add(nil, flow.Node{ID: clear, Type: "var.set", Params: map[string]any{"name": e.mark, "value": false}})
			c.add(nil, flow.Node{ID: out, Type: e.typ})
			c.wire(test, "then", clear)
			c.wire(clear, "next", out)
		} else {
			c.add(nil, flow.Node{ID: out, Type: "flow.break"})
			c.wire(test, "then", out)
		}
		c.wire(test, "else", after)
		after = test
	}
	return after
}
