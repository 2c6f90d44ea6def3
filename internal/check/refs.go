package check

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/aether-rpa/aether/expr"
	"github.com/aether-rpa/aether/flow"
)

// place is where a value stands: in a param of a node, or in an output of the
// flow.
type place struct {
	node   *info  // nil for outputs of the flow
	param  string // cases[0].when
	path   string // in the file
	what   string // begins the message where there is no node
	lazy   bool   // evaluated by the node itself
	bound  bool   // only parts that are evaluated by the node may hold expressions
	locals []string
}

func (p place) field(name string) place { return p.down("." + name) }
func (p place) item(i int) place        { return p.down(fmt.Sprintf("[%d]", i)) }

func (p place) down(step string) place {
	p.param += step
	p.path += step
	return p
}

func (c *checker) report(at place, s flow.Severity, rule, msg, hint string) {
	c.reportAt(at, c.f.At(at.path), s, rule, msg, hint)
}

func (c *checker) reportAt(at place, pos flow.Pos, s flow.Severity, rule, msg, hint string) {
	p := flow.Problem{Severity: s, Rule: rule, Param: at.param, Message: at.what + msg, Hint: hint, Line: pos.Line, Col: pos.Col}
	if at.node != nil {
		p.Node = at.node.id()
	} else {
		p.Param = ""
	}
	c.bad = append(c.bad, p)
}

// template checks one text with expressions and returns it compiled, nil if it
// cannot be.
func (c *checker) template(at place, text string) *expr.Template {
	t, err := expr.CompileWith(text, at.locals...)
	if err != nil {
		var e *expr.Error
		if !errors.As(err, &e) {
			e = &expr.Error{Msg: err.Error()}
		}
		c.reportAt(at, c.f.Inside(at.path, e.Offset), flow.Error, BadExpression, fmt.Sprintf("in {{ %s }}: %s", excerpt(e.Text), e.Msg), e.Hint)
		return nil
	}
	seen := map[string]bool{}
	for _, r := range t.Refs() {
		key := strings.Join(r.Path, ".")
		if len(r.Path) == 0 || seen[key] {
			continue
		}
		seen[key] = true
		c.ref(at, text, r)
	}
	return t
}

// templates checks the expressions anywhere in a value.
func (c *checker) templates(at place, v any) {
	switch x := v.(type) {
	case string:
		switch {
		case isTemplate(x) && at.bound:
			c.computed(at, nil, x)
		case isTemplate(x):
			c.template(at, x)
		}
	case []any:
		for i, e := range x {
			c.templates(at.item(i), e)
		}
	case map[string]any:
		for _, k := range slices.Sorted(maps.Keys(x)) {
			c.templates(at.field(k), x[k])
		}
	}
}

// ref checks one path that an expression reads.
func (c *checker) ref(at place, text string, r expr.Ref) {
	bad := func(fault int, s flow.Severity, rule, msg, hint string) {
		c.reportAt(at, c.f.Inside(at.path, offset(text, r, fault)), s, rule, msg, hint)
	}
	name := ""
	if len(r.Path) > 1 {
		name = r.Path[1]
	}
	switch r.Path[0] {
	case "inputs":
		c.used[strings.Join(r.Path[:min(2, len(r.Path))], ".")] = true
		if name != "" && c.inputs[name] == nil {
			hint := c.near(name, c.inNames, true)
			if hint == "" {
				hint = "declare it under inputs"
			}
			bad(1, flow.Error, UnknownInput, "the flow has no input "+excerpt(name), hint)
			if hint == "declare it under inputs" {
				c.bad.Mend(flow.Remedy{Title: "Declare the input " + name, Do: flow.Add, Path: "inputs", Key: name, Value: "any"})
			}
		}
	case "vars":
		c.used[strings.Join(r.Path[:min(2, len(r.Path))], ".")] = true
		if name != "" && !c.sets[name] && !c.setsAny {
			hint := c.near(name, c.varNames, false)
			if hint == "" {
				hint = "set it with var.set, or declare it under vars"
			}
			bad(1, flow.Warning, UnknownVar, "the variable "+excerpt(name)+" is never set, so it is nil", hint)
		}
	case "nodes":
		if name != "" {
			c.nodeRef(at, r.Path, bad)
		}
	case "loop", "loops":
		c.loopRef(at, r.Path, bad)
	case "error":
		if n := at.node; n != nil && !c.inError[n] {
			bad(0, flow.Warning, NoError, "nothing has failed here, so error is nil", "it is set in the chain at catch of flow.try, and after a wire from the port error")
		}
		c.fixedField(r.Path, bad)
	case "run", "flow":
		c.fixedField(r.Path, bad)
	}
}

// offset returns where the member number fault of a path stands in the text.
func offset(text string, r expr.Ref, fault int) int {
	last := len(r.Path) - 1
	if fault >= last {
		return r.Pos.Offset
	}
	written := strings.Join(r.Path[fault:last], ".")
	if head := text[:min(r.Pos.Offset, len(text))]; strings.HasSuffix(head, written+".") {
		return len(head) - len(written) - 1
	}
	return r.Pos.Offset
}

type badFunc func(fault int, s flow.Severity, rule, msg, hint string)

// fixedField checks a field of a root whose fields are always the same.
func (c *checker) fixedField(path []string, bad badFunc) {
	r := root(path[0])
	if len(path) < 2 || r == nil {
		return
	}
	names := make([]string, len(r.Fields))
	for i, f := range r.Fields {
		if f.Name == path[1] {
			return
		}
		names[i] = f.Name
	}
	bad(1, flow.Error, UnknownField, fmt.Sprintf("%s has no field %s", path[0], excerpt(path[1])), c.near(path[1], names, true))
}

// nodeRef checks nodes.<id>.<output>.
func (c *checker) nodeRef(at place, path []string, bad badFunc) {
	id := path[1]
	n := c.byID[id]
	if n == nil {
		bad(1, flow.Error, UnknownNode, "there is no node "+excerpt(id), c.near(id, c.ids, true))
		return
	}
	switch {
	case at.node == nil:
	case n.n.Disabled:
		bad(1, flow.Warning, NeverBefore, fmt.Sprintf("the node %s is disabled, so its outputs are nil", id), "")
	case !c.mayPrecede(n, at.node, at.lazy):
		bad(1, flow.Warning, NeverBefore, fmt.Sprintf("the node %s can never have run before %s, so its outputs are nil", id, at.node.id()), c.neverHint(n, at.node))
	}
	if n.def == nil || len(path) < 3 {
		return
	}
	if path[2] == "error" && (n.n.OnError == "continue" || n.hasWire("error")) {
		return
	}
	if called := c.callee(n); called != nil {
		if _, ok := called.outputs[path[2]]; !ok && !called.any {
			bad(2, flow.Error, UnknownOutput, fmt.Sprintf("the flow %s that %s calls has no output %s", called.ref, id, excerpt(path[2])), c.near(path[2], called.names, true))
		}
		return
	}
	if len(n.def.Out.Fields) == 0 {
		return
	}
	k, fault := outputKind(n.def.Out.Fields, path[2:])
	if fault < 0 {
		return
	}
	field := path[2+fault]
	switch {
	case k == "" && fault == 0:
		hint := c.near(field, n.def.Out.Names(), true)
		if field == "error" {
			hint = "a node has error only with on_error: continue or a wire from its port error"
		} else if hint == "" {
			hint = "its outputs are " + strings.Join(n.def.Out.Names(), ", ")
		}
		bad(2, flow.Error, UnknownOutput, fmt.Sprintf("%s (%s) has no output %s", id, n.def.Type, excerpt(field)), hint)
	case k == "":
		bad(2+fault, flow.Error, UnknownOutput, fmt.Sprintf("%s has no field %s", strings.Join(path[:2+fault], "."), excerpt(field)), "")
	case simple(k) == "list":
		bad(2+fault, flow.Error, UnknownOutput, fmt.Sprintf("%s is a list and has no field %s", strings.Join(path[:2+fault], "."), excerpt(field)), fmt.Sprintf("pick an item first, such as [0], or use map(list, #.%s)", excerpt(field)))
	default:
		bad(2+fault, flow.Error, UnknownOutput, fmt.Sprintf("%s is %s and has no field %s", strings.Join(path[:2+fault], "."), kindWords(simple(k)), excerpt(field)), "")
	}
}

func (c *checker) neverHint(y, x *info) string {
	inY, inX := apart(y.scope, x.scope)
	switch {
	case y == x:
		return "a node sees its own outputs only in a loop, from the turn before"
	case inY != nil && inX != nil && inY.owner == inX.owner && inX.branch != "":
		return fmt.Sprintf("branches do not see each other; read it after %s.done", inX.owner.id())
	}
	return "look at the wires"
}

func (n *info) hasWire(port string) bool {
	return slices.ContainsFunc(n.out, func(w *wire) bool { return w.port.Name == port })
}

// loopRef checks loop.item and loops.<id>.item.
func (c *checker) loopRef(at place, path []string, bad badFunc) {
	n := at.node
	if n == nil {
		bad(0, flow.Error, NoLoop, path[0]+" is only there inside a loop", "")
		return
	}
	if n.scope == nil {
		return // not wired yet
	}
	// A loop evaluates its own lazy params with the turn in sight.
	self := at.lazy && isLoop(n)
	loop := n.scope.loop()
	if self {
		loop = n
	}
	if loop == nil {
		bad(0, flow.Error, NoLoop, path[0]+" is only there inside a loop", "the chain at the port body of flow.for_each, flow.while or flow.repeat is inside")
		return
	}
	field := 1
	if path[0] == "loops" {
		if len(path) < 2 {
			return
		}
		var around []string
		if self {
			around = append(around, n.id())
		}
		for s := n.scope; s.up != nil; s = s.up {
			if s.isLoop() {
				around = append(around, s.owner.id())
			}
		}
		if !slices.Contains(around, path[1]) {
			bad(1, flow.Error, NoLoop, fmt.Sprintf("%s is not a loop around %s", excerpt(path[1]), n.id()), "the loops around are "+strings.Join(around[:min(len(around), 12)], ", "))
			return
		}
		loop, field = c.byID[path[1]], 2
	}
	if len(path) <= field {
		return
	}
	names := []string{"item", "index", "count"}
	if loop.is("flow.while") {
		names = []string{"index"}
	}
	if !slices.Contains(names, path[field]) {
		bad(field, flow.Error, UnknownField, fmt.Sprintf("the loop %s (%s) has no %s", loop.id(), loop.def.Type, excerpt(path[field])), c.near(path[field], names, true))
	}
}
