package engine

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/aether-rpa/aether/flow"
	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/value"
)

// maxCalls bounds how deep flows may call each other.
const maxCalls = 50

// callFlow runs another flow inside this run.
func (b *branch) callFlow(s *step, m node.Call) signal {
	if b.depth >= maxCalls {
		return signal{kind: sigFail, fail: b.failure(s, node.Fail(node.KindInput, fmt.Sprintf("flows call each other more than %d deep", maxCalls), "look for a flow that calls itself without an end"))}
	}
	digest, ok := b.x.o.Pins[b.plan.Digest+":"+m.Flow]
	if !ok {
		return signal{kind: sigFail, fail: b.failure(s, node.Fail(node.KindNotFound, fmt.Sprintf("the flow %s was not there when the run started", m.Flow), "write the flow's file name as plain text, relative to this file"))}
	}
	plan, err := b.x.host.Flow(b.ctx, digest)
	if err != nil {
		return b.x.halt(fmt.Errorf("reading the flow %s: %w", m.Flow, err))
	}
	input, err := CheckInput(plan.Flow, m.Input)
	if err != nil {
		return signal{kind: sigFail, fail: b.failure(s, node.Fail(node.KindInput, fmt.Sprintf("calling %s: %v", m.Flow, err), ""))}
	}
	c := b.x.rootBranch(b.ctx, plan, input)
	c.at = &frame{up: b.at, id: s.id, index: -1}
	c.depth = b.depth + 1
	c.caller, c.ways, c.caught = b, b.ways, b.caught
	c.level, c.dbg = b.level, b.dbg
	path := b.path(s)
	res, sig := (*Result)(nil), signal{}
	if limit := plan.Flow.Settings.Timeout; limit > 0 {
		// The called flow has a limit of its own, counted from the call.
		sig = c.withTimeout(path, limit, "the called flow", func(d *branch) signal {
			var inner signal
			cp := *plan.Flow
			cp.Settings.Timeout = 0
			p := *plan
			p.Flow = &cp
			res, inner = d.runFlow(&p)
			return inner
		})
	} else {
		res, sig = c.runFlow(plan)
	}
	switch {
	case sig.kind == sigStop:
		return sig
	case sig.kind == sigFail:
		return sig
	}
	b.noteLazies(res.Output)
	b.setOut(s.id, res.Output)
	return signal{}
}

// CheckInput fits the values given to a flow's declared inputs: defaults are
// filled in, unknown names and wrong types are errors.
func CheckInput(f *flow.Flow, given map[string]any) (map[string]any, error) {
	out := make(map[string]any, len(f.Inputs))
	var errs []error
	var names []string
	for _, in := range f.Inputs {
		names = append(names, in.Name)
		v, ok := given[in.Name]
		if !ok || v == nil {
			v = in.Default
			if in.Required && v == nil {
				errs = append(errs, fmt.Errorf("the input %s is required (%s)", in.Name, in.Type))
				continue
			}
		}
		if in.Secret {
			if m, ok := v.(map[string]any); v != nil && (!ok || len(m) != 1 || m["secret"] == nil) {
				errs = append(errs, fmt.Errorf("the input %s is secret: give the name of a secret as {secret: NAME}, never its value", in.Name))
				continue
			}
		} else if !flow.IsType(v, in.Type) {
			errs = append(errs, fmt.Errorf("the input %s must be of type %s, not %s", in.Name, in.Type, value.Kind(v)))
			continue
		}
		if len(in.Enum) > 0 && v != nil && !slices.ContainsFunc(in.Enum, func(e any) bool { return value.Equal(e, v) }) {
			errs = append(errs, fmt.Errorf("the input %s must be one of %v, not %v", in.Name, in.Enum, v))
			continue
		}
		out[in.Name] = v
	}
	for _, k := range sorted(given) {
		if !slices.Contains(names, k) {
			hint := flow.DidYouMean(k, names)
			if hint != "" {
				hint = " (" + hint + ")"
			}
			errs = append(errs, fmt.Errorf("the flow has no input %s%s", k, hint))
		}
	}
	return out, errors.Join(errs...)
}

func sorted(m map[string]any) []string { return slices.Sorted(maps.Keys(m)) }
