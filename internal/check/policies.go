package check

import (
	"errors"
	"slices"
	"strings"

	"github.com/aether-rpa/aether/flow"
	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/schema"
	"github.com/aether-rpa/aether/vault"
)

// literals returns the In struct of a node, if all of its params are plain.
func (c *checker) literals(n *info) (in any, ok bool) {
	v := n.def.In.New()
	for _, f := range n.def.In.Fields {
		x, given := n.n.Params[f.Name]
		if !given {
			continue
		}
		if !f.Raw && f.Kind != schema.Expression && !holds(f, schema.Expression) && holdsTemplate(x) {
			return nil, false
		}
		if err := f.Set(v.Elem(), placeholders(f, x)); err != nil {
			return nil, false
		}
	}
	return v.Interface(), true
}

// placeholders puts a secret where {secret: NAME} stands.
func placeholders(f *schema.Field, v any) any {
	if !holds(f, schema.Secret) {
		return v
	}
	switch x := v.(type) {
	case map[string]any:
		if f.Kind == schema.Secret {
			return vault.New("secret")
		}
		out := make(map[string]any, len(x))
		for k, e := range x {
			out[k] = e
			sub := f.Elem
			if i := slices.IndexFunc(f.Fields, func(s *schema.Field) bool { return s.Name == k }); i >= 0 {
				sub = f.Fields[i]
			}
			if sub != nil {
				out[k] = placeholders(sub, e)
			}
		}
		return out
	case []any:
		if f.Elem == nil {
			return v
		}
		out := make([]any, len(x))
		for i, e := range x {
			out[i] = placeholders(f.Elem, e)
		}
		return out
	}
	return v
}

// together asks the node type whether its params fit together.
func (c *checker) together(n *info) {
	if n.def.Check == nil {
		return
	}
	in, ok := c.literals(n)
	if !ok {
		return
	}
	defer func() { _ = recover() }() // a defect of the type shows when it runs
	err := n.def.Check(in)
	if err == nil {
		return
	}
	msg, hint := err.Error(), ""
	var f *node.Failure
	if errors.As(err, &f) {
		msg, hint = f.Message, f.Hint
	}
	c.on(n, flow.Error, Params, "params", msg, hint)
}

// effect returns what the node does to the world, as far as its params tell.
func (c *checker) effect(n *info) (e node.Effect, sure bool) {
	if n.def.EffectOf == nil {
		return n.def.Effect, true
	}
	in, ok := c.literals(n)
	if !ok {
		return n.def.Effect, false
	}
	defer func() {
		if recover() != nil {
			e, sure = n.def.Effect, false
		}
	}()
	return n.def.EffectOf(in), true
}

// policies checks what is set beside the params.
func (c *checker) policies(n *info) {
	set := n.n
	if set.OnError != "" && n.hasWire("error") {
		c.on(n, flow.Error, ErrorEdge, "on_error", "on_error is "+set.OnError+", and a wire leaves the port error; the wire is followed", "take one of them out")
		c.mend("Take out on_error", flow.Remove, n.path+".on_error", nil)
	}
	if n.def.IsControl() {
		if set.Retry != nil {
			c.on(n, flow.Error, RetryControl, "retry", n.def.Type+" steers and is not tried again itself", "put flow.retry around what is to be tried again")
			c.mend("Take out retry", flow.Remove, n.path+".retry", nil)
		}
		if set.OnInterrupted != "" {
			c.on(n, flow.Warning, NothingInterrupts, "on_interrupted", n.def.Type+" steers, and a crash cannot leave it half done", "take it out")
			c.mend("Take out on_interrupted", flow.Remove, n.path+".on_interrupted", nil)
		}
		return
	}
	effect, sure := c.effect(n)
	if sure && effect == node.Pure && set.OnInterrupted != "" {
		c.on(n, flow.Warning, NothingInterrupts, "on_interrupted", n.def.Type+" only computes, and a crash cannot leave it half done", "take it out")
		c.mend("Take out on_interrupted", flow.Remove, n.path+".on_interrupted", nil)
	}
	if sure && effect == node.Once && set.Retry != nil && set.Retry.MaxAttempts > 1 && !hasKey(set.Params) {
		c.on(n, flow.Warning, RetryOnce, "retry", n.def.Type+" may have acted although it failed, and would then act twice", "retry only if the other side tells repetitions apart, or limit retry.on to kinds of failures that come before it acts")
	}
}

// hasKey reports whether the params hold something by which the other side can
// tell a repetition.
func hasKey(params map[string]any) bool {
	for k, v := range params {
		if strings.Contains(strings.ToLower(k), "idempot") {
			return true
		}
		if m, ok := v.(map[string]any); ok && hasKey(m) {
			return true
		}
	}
	return false
}
