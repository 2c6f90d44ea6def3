package engine

import (
	"context"
	"errors"
	"fmt"

	"github.com/aether-rpa/aether/internal/durable"
	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/value"
)

// A development run may be about one node: it ends behind it, or executes it
// alone. What it is given beforehand, and the pinned outputs among that, stands
// in its seed, so that it goes on the same after a crash.

// PinName is the name of the record that pins the output of a node: the node
// does not act, wherever in the run it is reached.
func PinName(nodeID string) string { return nodeID + "!pinned" }

// CanPin says whether the output of a node of a type can be pinned: it must
// have one that does not decide where the flow goes.
func CanPin(def *node.Def) bool {
	return !def.IsControl() || def.Type == "flow.call"
}

// pinned returns the record that pins the output of a node, or nil.
func (x *exec) pinned(b *branch, s *step) *Record {
	if !x.pins || b.depth > 0 || !CanPin(s.def) {
		return nil
	}
	return x.past[PinName(s.id)]
}

// pin gives a node its pinned output, and records that as the execution's own.
func (b *branch) pin(s *step, p *Record) (*step, signal) {
	x := b.x
	path := b.path(s)
	if x.past[path] == nil {
		now := x.o.Now().UnixMilli()
		if err := x.record(b.ctx, path, &Record{Out: p.Out, Def: s.defHash, Effect: node.Pure.String(), Start: now, End: now, Pinned: true}); err != nil {
			return nil, x.halt(err)
		}
		x.count.Recorded.Add(1)
	}
	out, err := value.Decode(p.Out, x.host.Store())
	if err != nil {
		return nil, x.halt(fmt.Errorf("reading the pinned output of %s: %w", path, err))
	}
	m, _ := out.(map[string]any)
	b.noteLazies(m)
	b.setOut(s.id, m)
	x.count.Nodes.Add(1)
	x.emit(Event{Kind: EventFinished, Path: path, Node: s.id, Type: s.def.Type, Try: 1, Effect: node.Pure, Pinned: true, Replayed: x.past[path] != nil})
	return b.after(s), signal{}
}

// errReached ends an execution behind the node that it is about.
var errReached = errors.New("the node that the run is about has ended")

// reach executes the node that the run is about and ends the run.
func (b *branch) reach(s *step) signal {
	_, sig := b.walk(s)
	if sig.kind == sigStop {
		return sig
	}
	res := &Result{Output: map[string]any{}}
	if sig.kind == sigFail {
		res.Failure, res.Output = sig.fail, nil
	}
	x := b.x
	x.mu.Lock()
	if x.end == nil {
		x.end = res
	}
	x.mu.Unlock()
	return x.halt(errReached)
}

// alone executes the one node that the run is about, where the records of its
// seed lead to it.
func (b *branch) alone(ctx context.Context, plan *Plan, seed []durable.Entry, aim Aim) signal {
	s := plan.steps[aim.Node]
	if s == nil {
		return b.x.halt(fmt.Errorf("the flow has no node %s", aim.Node))
	}
	scope, err := Look(ctx, plan, seed, quietHost{b.x.host}, b.x.o, aim)
	if err != nil {
		return b.x.halt(err)
	}
	b.here(scope)
	for _, v := range b.nodes {
		m, _ := v.(map[string]any)
		b.noteLazies(m)
	}
	return b.reach(s)
}

// quietHost tells nobody anything.
type quietHost struct{ Host }

// Emit implements Host.
func (quietHost) Emit(Event) {}
