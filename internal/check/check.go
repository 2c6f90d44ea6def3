// Package check says everything that is wrong with a flow before it runs: all
// problems at once, each with its place in the file, what would be right, and
// the stable name of the rule (see Rules).
//
// It never evaluates an expression and never looks at the world. What can only
// be known when the flow runs is left to the engine; a problem is an error
// only where the flow certainly fails or certainly does what nobody wants, and
// a warning where it probably does.
package check

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/aether-rpa/aether/flow"
	"github.com/aether-rpa/aether/node"
)

// Options say what a check may use.
type Options struct {
	// Lookup returns the flow that a flow.call names, as far as it is needed to
	// know its inputs and outputs. If it is nil, called flows are not looked at.
	Lookup func(ref string) (*flow.Flow, error)
}

// Flow returns all problems of f, in the order of the file; none of them is an
// error if the engine can run the flow. The time it takes grows with the size
// of the flow as n log n.
func Flow(f *flow.Flow, reg *node.Registry, o Options) flow.Problems {
	c := &checker{
		graph: newGraph(f, reg), reg: reg, o: o,
		used: map[string]bool{}, sets: map[string]bool{}, inputs: map[string]*flow.Input{},
		called: map[string]*calledFlow{}, suggest: maxComparisons,
	}
	c.order = newOrder(c.graph)
	c.findErrors()
	c.declarations()
	c.edges()
	c.structure()
	c.outputs()
	for _, n := range c.nodes {
		c.node(n)
	}
	c.unused()
	c.bad.Sort()
	return c.bad
}

type checker struct {
	*graph
	reg   *node.Registry
	o     Options
	order *order
	bad   flow.Problems

	inputs   map[string]*flow.Input
	inNames  []string // names of inputs
	outNames []string // names of outputs
	outputOf map[string]bool
	sets     map[string]bool // variables that are declared or set by some node
	varNames []string        // the keys of sets, sorted
	setsAny  bool            // some node sets a variable whose name is computed
	used     map[string]bool // "inputs.x", "vars.y", or "inputs" for all of them
	types    []string        // names of node types, when they were needed
	called   map[string]*calledFlow
	inError  map[*info]bool // nodes for which error may be set
	suggest  int            // comparisons left for suggestions
	scoped   bool           // every node has one scope and there is no cycle
}

// add adds a problem found at a path of the file.
func (c *checker) add(p flow.Problem, path string) {
	at := c.f.At(path)
	p.Line, p.Col = at.Line, at.Col
	c.bad = append(c.bad, p)
}

// on adds a problem of a node.
func (c *checker) on(n *info, s flow.Severity, rule, field, msg, hint string) {
	path := n.path
	if field != "" {
		path += "." + field
	}
	c.add(flow.Problem{Severity: s, Rule: rule, Node: n.id(), Message: msg, Hint: hint}, path)
}

// mend says what would mend the problem that was added last.
func (c *checker) mend(title string, do flow.Deed, path string, v any) {
	c.bad.Mend(flow.Remedy{Title: title, Do: do, Path: path, Value: v})
}

// maxComparisons bounds the work of finding names that are nearly right in a
// large flow where nothing is.
const maxComparisons = 100_000

// near returns a hint naming the option most like name; list says whether the
// options are listed if there is none.
func (c *checker) near(name string, options []string, list bool) string {
	if len(options) == 0 || c.suggest < len(options) {
		return ""
	}
	c.suggest -= len(options)
	if list {
		return flow.DidYouMean(name, options)
	}
	if best := flow.Nearest(name, options); best != "" {
		return "did you mean " + best + "?"
	}
	return ""
}

// declarations checks the inputs and variables of the flow and notes which
// variables nodes set.
func (c *checker) declarations() {
	for i := range c.f.Inputs {
		in := &c.f.Inputs[i]
		c.inputs[in.Name] = in
		c.inNames = append(c.inNames, in.Name)
		c.input(in)
	}
	for _, v := range c.f.Vars {
		c.sets[v.Name] = true
		if holdsTemplate(v.Value) {
			c.add(flow.Problem{Severity: flow.Warning, Rule: VarTemplate, Message: "the variable " + v.Name + " begins with the text as it stands: expressions are not evaluated here", Hint: "set it with var.set at the start of the flow"}, "vars."+v.Name)
		}
	}
	for _, n := range c.nodes {
		if n.def == nil || n.def.Family() != "var" {
			continue
		}
		if name, given := n.n.Params["name"]; given {
			c.noteSet(name)
		}
		switch values := n.n.Params["values"].(type) {
		case map[string]any:
			for k := range values {
				c.noteSet(k)
			}
		case string:
			c.setsAny = true
		}
	}
	c.varNames = slices.Sorted(maps.Keys(c.sets))
}

func (c *checker) noteSet(name any) {
	s, _ := name.(string)
	if isTemplate(s) {
		c.setsAny = true
		return
	}
	c.sets[s] = true
	c.used["vars."+s] = true
}

func (c *checker) input(in *flow.Input) {
	path := "inputs." + in.Name
	if in.Required && in.Default != nil {
		c.add(flow.Problem{Severity: flow.Warning, Rule: RequiredDefault, Message: "the input " + in.Name + " is required and has a default; the default is used when it is not given", Hint: "leave one of them out"}, path+".required")
		c.mend("Take out required", flow.Remove, path+".required", nil)
	}
	if holdsTemplate(in.Default) {
		c.add(flow.Problem{Severity: flow.Warning, Rule: VarTemplate, Message: "the default of the input " + in.Name + " is the text as it stands: expressions are not evaluated here"}, path+".default")
	}
	fits := in.Default == nil
	for i, e := range in.Enum {
		fits = fits || equal(e, in.Default)
		if !flow.IsType(e, in.Type) {
			c.add(flow.Problem{Severity: flow.Error, Rule: InputEnum, Message: fmt.Sprintf("the input %s takes %s, and one of its choices is %s", in.Name, typeWords(in.Type), show(e))}, path+".enum["+strconv.Itoa(i)+"]")
		}
	}
	if len(in.Enum) > 0 && !fits {
		c.add(flow.Problem{Severity: flow.Error, Rule: InputEnum, Message: fmt.Sprintf("the default of the input %s is %s, which is none of its choices", in.Name, show(in.Default)), Hint: "it can be " + showAll(in.Enum)}, path+".default")
	}
}

// unused tells of declared names that no expression reads.
func (c *checker) unused() {
	for _, in := range c.f.Inputs {
		if !c.used["inputs"] && !c.used["inputs."+in.Name] {
			c.add(flow.Problem{Severity: flow.Warning, Rule: UnusedInput, Message: "the input " + in.Name + " is never read", Hint: "read it as {{ inputs." + in.Name + " }}, or take it out"}, "inputs."+in.Name)
			c.mend("Take out the input "+in.Name, flow.Remove, "inputs."+in.Name, nil)
		}
	}
	for _, v := range c.f.Vars {
		if !c.used["vars"] && !c.used["vars."+v.Name] {
			c.add(flow.Problem{Severity: flow.Warning, Rule: UnusedVar, Message: "the variable " + v.Name + " is neither read nor set", Hint: "read it as {{ vars." + v.Name + " }}, or take it out"}, "vars."+v.Name)
			c.mend("Take out the variable "+v.Name, flow.Remove, "vars."+v.Name, nil)
		}
	}
}

// outputs checks what the flow gives back.
func (c *checker) outputs() {
	c.outputOf = make(map[string]bool, len(c.f.Outputs))
	for _, o := range c.f.Outputs {
		c.outputOf[o.Name] = true
		c.outNames = append(c.outNames, o.Name)
		path := "outputs." + o.Name
		if c.f.At(path+".value") != c.f.At(path) {
			path += ".value"
		}
		at := place{path: path, what: "the output " + o.Name + ": "}
		if s, ok := o.Value.(string); ok && isTemplate(s) {
			if t := c.template(at, s); t != nil {
				if k := c.kindOf(t); wrongType(k, o.Type) {
					c.report(at, flow.Error, TypeMismatch, fmt.Sprintf("%s is %s, and the flow promises %s", s, kindWords(k), typeWords(o.Type)), "")
				}
			}
			continue
		}
		c.templates(at, o.Value)
		if !holdsTemplate(o.Value) && !flow.IsType(o.Value, o.Type) {
			c.report(at, flow.Error, TypeMismatch, fmt.Sprintf("it is %s, and the flow promises %s", show(o.Value), typeWords(o.Type)), "")
		}
	}
}

// excerpt cuts what a user wrote so that it fits into a sentence.
func excerpt(s string) string {
	if len(s) > 60 {
		s = strings.ToValidUTF8(s[:60], "") + "…"
	}
	return strings.Join(strings.Fields(s), " ")
}
