package orch

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/aether-rpa/aether/flow"
	"github.com/aether-rpa/aether/internal/casare"
	"github.com/aether-rpa/aether/internal/element"
	"github.com/aether-rpa/aether/internal/run"
	"github.com/aether-rpa/aether/schema"
	"github.com/aether-rpa/aether/selector"
)

// repair replaces one target of a node by another.
type repair struct {
	orch     *Orch
	heal     *element.Heal
	from, to any
	by       string // who decided it
}

func readable(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// file replaces the target in a flow file, which keeps all else as it is written.
func (r *repair) file(path string) error {
	src, err := ReadFlowFile(path)
	if err != nil {
		return err
	}
	if casare.Is(src) {
		return notNow("%s is a workflow of CasareRPA: make a flow of it with `aether import`, and put the target %s into that", path, r.text(r.to))
	}
	f, err := flow.Decode(src)
	if err != nil {
		return fmt.Errorf("reading %s: %w", path, err)
	}
	changes, err := r.changes(f)
	if err != nil || len(changes) == 0 {
		return err
	}
	out, err := flow.Edit(src, changes...)
	if errors.Is(err, flow.ErrNoEdit) {
		return notNow("%s of %s: write the target of node %s as %s yourself", err, path, r.heal.Node, r.text(r.to))
	}
	if err != nil {
		return err
	}
	return replace(path, src, out)
}

// replace writes a file in one step if it still has the content that was read.
func replace(path string, was, content []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".aether-*")
	if err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	defer func() { _ = os.Remove(f.Name()) }()
	_, werr := f.Write(content)
	if err := errors.Join(werr, f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	info, err := os.Stat(path)
	if err == nil {
		err = os.Chmod(f.Name(), info.Mode().Perm())
	}
	if err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	now, err := ReadFlowFile(path)
	if err != nil {
		return err
	}
	if !bytes.Equal(now, was) {
		return fmt.Errorf("%w: %s was written meanwhile; look at it, and try again", run.ErrChanged, path)
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	return nil
}

func (r *repair) text(v any) string {
	t, err := element.TargetOf(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	return t.String()
}

// changes returns what to write anew in a flow; nothing if it has the other target already.
func (r *repair) changes(f *flow.Flow) ([]flow.Change, error) {
	from, err := element.TargetOf(r.from)
	if err != nil {
		return nil, err
	}
	to, err := element.TargetOf(r.to)
	if err != nil {
		return nil, err
	}
	at := slices.IndexFunc(f.Nodes, func(n flow.Node) bool { return n.ID == r.heal.Node })
	if at < 0 {
		return nil, fmt.Errorf("%w: the flow %s has no node %s any more", run.ErrChanged, f.Name, r.heal.Node)
	}
	n := f.Nodes[at]
	old := finder{text: from.String(), with: r.to, key: keyOf(to)}
	now := finder{text: to.String()}
	for _, name := range slices.Sorted(maps.Keys(n.Params)) {
		if r.mayBeTarget(n.Type, name) {
			path := []any{"nodes", at, "params", name}
			old.look(n.Params[name], path)
			now.look(n.Params[name], path)
		}
	}
	switch {
	case len(old.found) > 0:
		return old.found, nil
	case old.noKey:
		return nil, notNow("the target %s is a key of a map, and %s cannot be one: write it yourself", from, to)
	case len(now.found) > 0 || now.noKey:
		return nil, nil
	}
	return nil, fmt.Errorf("%w: node %s of the flow %s does not name its element as %s any more; if that is computed, write %s yourself", run.ErrChanged, n.ID, f.Name, from, to)
}

// mayBeTarget reports whether a param of a node type may hold targets.
func (r *repair) mayBeTarget(typ, param string) bool {
	d := r.orch.Nodes.Get(typ)
	if d == nil {
		return true
	}
	for _, f := range d.In.Fields {
		if f.Name == param {
			return f.Kind == schema.Target || f.Kind == schema.Map || f.Kind == schema.Object || f.Kind == schema.List || f.Kind == schema.Any
		}
	}
	return true
}

// keyOf returns how a target is written as the key of a map, "" if it cannot be.
func keyOf(t selector.Target) string {
	if len(t.Frame) > 0 || len(t.Within) > 0 || len(t.Queries) == 0 {
		return ""
	}
	return t.Queries[0].String()
}

// finder looks for a target in the params of a node.
type finder struct {
	text  string // the target
	with  any    // what replaces it
	key   string // what replaces it where it is a key
	found []flow.Change
	noKey bool // it is a key and has no replacement that can be one
}

func (s *finder) look(v any, path []any) {
	var t selector.Target
	if t.FromValue(v) == nil && t.Given() && t.String() == s.text {
		s.found = append(s.found, flow.Change{Path: slices.Clone(path), Value: s.with})
		return
	}
	switch x := v.(type) {
	case []any:
		for i, e := range x {
			s.look(e, append(path, i))
		}
	case map[string]any:
		for _, k := range slices.Sorted(maps.Keys(x)) {
			if t, err := selector.Of(k); err == nil && t.String() == s.text {
				if s.key == "" {
					s.noKey = true
					continue
				}
				s.found = append(s.found, flow.Change{Path: append(slices.Clone(path), k), Key: s.key})
				continue
			}
			s.look(x[k], append(path, k))
		}
	}
}
