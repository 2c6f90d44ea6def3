package check

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/aether-rpa/aether/flow"
)

// calledFlow is what is known of a flow that flow.call names.
type calledFlow struct {
	ref     string
	f       *flow.Flow
	err     error
	outputs map[string]string // type by name, "" for any
	names   []string          // of outputs, sorted
	any     bool              // it gives outputs whose names are computed
}

// callee returns the flow that a node calls, nil if it calls none or that flow
// cannot be looked at.
func (c *checker) callee(n *info) *calledFlow {
	if !n.is("flow.call") || c.o.Lookup == nil {
		return nil
	}
	ref, _ := n.n.Params["flow"].(string)
	if ref == "" || isTemplate(ref) {
		return nil
	}
	if called := c.lookup(ref); called.err == nil {
		return called
	}
	return nil
}

func (c *checker) lookup(ref string) *calledFlow {
	if called := c.called[ref]; called != nil {
		return called
	}
	called := &calledFlow{ref: ref, outputs: map[string]string{}}
	c.called[ref] = called
	if called.f, called.err = c.o.Lookup(ref); called.err == nil && called.f == nil {
		called.err = errors.New("it is not there")
	}
	if called.err != nil {
		return called
	}
	for _, o := range called.f.Outputs {
		called.outputs[o.Name] = promised(o)
	}
	defer func() { called.names = slices.Sorted(maps.Keys(called.outputs)) }()
	for _, n := range called.f.Nodes {
		if n.Type != "flow.return" {
			continue
		}
		switch out := n.Params["outputs"].(type) {
		case map[string]any:
			for k := range out {
				// flow.return is not held to the declared type.
				called.outputs[k] = ""
			}
		case string:
			called.any = true
		}
	}
	return called
}

// call checks what a flow is called with.
func (c *checker) call(n *info) {
	ref, _ := n.n.Params["flow"].(string)
	at := place{node: n, param: "flow", path: n.path + ".params.flow"}
	switch {
	case ref == "":
		return
	case isTemplate(ref):
		c.report(at, flow.Error, NoTemplate, "the flow to call is named in plain text, so that it can be pinned when the run starts", "use flow.switch to choose between several flow.call nodes")
		return
	case c.o.Lookup == nil:
		return
	}
	called := c.lookup(ref)
	if called.err != nil {
		msg, hint := called.err.Error(), ""
		var bad flow.Problems
		if errors.As(called.err, &bad) && len(bad) > 0 {
			msg, hint = bad[0].Message, fmt.Sprintf("line %d of that file", bad[0].Line)
		}
		c.report(at, flow.Error, CallFlow, fmt.Sprintf("the flow %s cannot be read: %s", excerpt(ref), msg), hint)
		return
	}
	at = place{node: n, param: "inputs", path: n.path + ".params.inputs"}
	given, ok := n.n.Params["inputs"].(map[string]any)
	if !ok && n.n.Params["inputs"] != nil {
		return // computed
	}
	names, known := make([]string, len(called.f.Inputs)), make(map[string]bool, len(called.f.Inputs))
	for i, in := range called.f.Inputs {
		names[i], known[in.Name] = in.Name, true
		v, ok := given[in.Name]
		switch {
		case (!ok || v == nil) && in.Required && in.Default == nil:
			c.report(at, flow.Error, CallInput, fmt.Sprintf("the flow %s needs the input %s (%s)", excerpt(ref), in.Name, in.Type), in.Doc)
		case ok:
			c.callInput(at.field(in.Name), &in, v)
		}
	}
	for _, k := range slices.Sorted(maps.Keys(given)) {
		if !known[k] {
			c.reportAt(at.field(excerpt(k)), c.f.AtKey(at.path, k), flow.Error, CallInput, fmt.Sprintf("the flow %s has no input %s", excerpt(ref), excerpt(k)), c.near(k, names, true))
		}
	}
}

func (c *checker) callInput(at place, in *flow.Input, v any) {
	if s, ok := v.(string); ok && isTemplate(s) {
		if t := c.quiet(s); t != "" && wrongType(t, in.Type) {
			c.report(at, flow.Error, CallInput, fmt.Sprintf("%s is %s, and the input %s takes %s", excerpt(s), kindWords(t), in.Name, typeWords(in.Type)), "")
		}
		return
	}
	if holdsTemplate(v) {
		return
	}
	if !flow.IsType(v, in.Type) {
		c.report(at, flow.Error, CallInput, fmt.Sprintf("the input %s takes %s, not %s", in.Name, typeWords(in.Type), show(v)), "")
		return
	}
	if len(in.Enum) > 0 && v != nil && !slices.ContainsFunc(in.Enum, func(e any) bool { return equal(e, v) }) {
		c.report(at, flow.Error, CallInput, fmt.Sprintf("the input %s cannot be %s", in.Name, show(v)), "it can be "+showAll(in.Enum))
	}
}

// returns checks the outputs that flow.return gives against those declared.
func (c *checker) returns(n *info) {
	given, _ := n.n.Params["outputs"].(map[string]any)
	if len(c.f.Outputs) == 0 {
		return
	}
	path := n.path + ".params.outputs"
	for _, k := range slices.Sorted(maps.Keys(given)) {
		if !c.outputOf[k] {
			c.reportAt(place{node: n, param: "outputs." + excerpt(k)}, c.f.AtKey(path, k), flow.Warning, ReturnOutput, fmt.Sprintf("the flow declares no output %s", excerpt(k)), c.near(k, c.outNames, true))
		}
	}
}
