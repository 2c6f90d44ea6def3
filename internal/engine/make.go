package engine

import (
	"context"
	"maps"

	"github.com/aether-rpa/aether/expr"
)

// make produces a value from a param as written.
func (b *branch) make(m maker) (any, error) {
	switch {
	case m.tpl != nil:
		if !b.x.lazies.Load() {
			return m.tpl.Eval(b.root)
		}
		if m.path != nil {
			if v, ok := lookup(b.root, m.path); ok {
				return v, nil
			}
		}
		return m.tpl.EvalLazy(b.ctx, b.root)
	case m.isList:
		out := make([]any, len(m.list))
		for i, c := range m.list {
			v, err := b.make(c)
			if err != nil {
				return nil, err
			}
			out[i] = v
		}
		return out, nil
	case m.isMap:
		out := make(map[string]any, len(m.list))
		for i, c := range m.list {
			v, err := b.make(c)
			if err != nil {
				return nil, err
			}
			out[m.keys[i]] = v
		}
		return out, nil
	}
	return m.literal, nil
}

// bindLazy makes the evaluator of an expression that a node evaluates itself.
// It sees what the node sees, and the node's locals above that.
func (b *branch) bindLazy(text string, locals []string) (func(context.Context, map[string]any) (any, error), error) {
	t, err := expr.CompileWith(text, locals...)
	if err != nil {
		return nil, err
	}
	root, lazies := b.root, &b.x.lazies
	return func(ctx context.Context, vars map[string]any) (any, error) {
		scope := root
		if len(vars) > 0 {
			scope = make(map[string]any, len(root)+len(vars))
			maps.Copy(scope, root)
			maps.Copy(scope, vars)
		}
		if lazies.Load() {
			return t.EvalLazy(ctx, scope)
		}
		return t.Eval(scope)
	}, nil
}
