package engine

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strconv"
	"strings"
	"sync/atomic"

	"github.com/aether-rpa/aether/flow"
	"github.com/aether-rpa/aether/internal/durable"
	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/value"
)

// Aim names a node of the flow that an execution is about.
type Aim struct {
	Node string // id, in the flow itself and not in one that it calls
	// At is the path of the execution that is meant, such as each[2]/fetch; the
	// first one if it is empty.
	At string
}

func (a *Aim) hit(b *branch, s *step) bool {
	return a != nil && b.depth == 0 && s.id == a.Node && (a.At == "" || a.At == b.path(s))
}

// Scope is what expressions see at a node.
type Scope struct {
	Root map[string]any // by root name: nodes, vars, inputs, ...
	// Reached is false if the records do not lead to the node; Root then is what
	// was known at their end.
	Reached bool
	Path    string // of the execution
	// Out is what a node that only computes gives, which no record holds; nil for
	// others.
	Out map[string]any

	at *frame
}

// errSeen ends a look.
var errSeen = errors.New("the node was reached")

// Look follows the records of a run through a flow to a node and returns what
// expressions see there. Nothing acts and nothing is recorded: nodes whose
// result was recorded give it, pure ones are computed, and the outputs of those
// that have not run are missing. It is the way a replay goes, but over gaps.
func Look(ctx context.Context, plan *Plan, entries []durable.Entry, host Host, o Options, aim Aim) (*Scope, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	x := &exec{host: host, o: o, cancel: cancel, past: map[string]*Record{}, taken: map[string]bool{}, count: &Counters{}, look: &look{aim: aim}}
	for _, e := range entries {
		r, err := parseRecord(e)
		if err != nil {
			return nil, err
		}
		x.past[e.Name] = r
		x.pins = x.pins || strings.HasSuffix(e.Name, "!pinned")
	}
	b := x.rootBranch(ctx, plan, o.Input)
	x.enter()
	_, sig := b.runFlow(plan)
	if s := x.look.found; s != nil {
		return s, nil
	}
	if sig.kind == sigStop {
		return nil, x.stopCause(ctx)
	}
	s := b.scope(joinPath("", aim.Node))
	if aim.At != "" {
		s.Path, s.at = aim.At, framesOf(aim.At)
		b.believe(aim.At, s)
	}
	return s, nil
}

// look is the state of a Look.
type look struct {
	aim   Aim
	found *Scope
	gap   atomic.Bool // a node that acts has no record
}

// scope is what expressions see now.
func (b *branch) scope(path string) *Scope {
	c := b.fork(b.ctx)
	return &Scope{Root: c.root, Path: path, at: b.at}
}

// believe adds what was recorded beside a path that the walk did not come to:
// in the turn of a loop, the outputs of that turn.
func (b *branch) believe(path string, s *Scope) {
	prefix := path[:strings.LastIndexByte(path, '/')+1]
	nodes, _ := s.Root["nodes"].(map[string]any)
	for name, r := range b.x.past {
		rest, ok := strings.CutPrefix(name, prefix)
		if !ok || prefix == "" || rest == "" || strings.ContainsAny(rest, "/!#[") || r.Fail != nil || r.Out == nil {
			continue
		}
		if v, err := value.Decode(r.Out, b.x.host.Store()); err == nil {
			nodes[rest] = v
		}
	}
}

// framesOf turns the path of an execution into the frames around it.
func framesOf(path string) *frame {
	parts := strings.Split(path, "/")
	var at *frame
	for _, p := range parts[:len(parts)-1] {
		id, index := p, -1
		if i := strings.IndexByte(p, '['); i >= 0 && strings.HasSuffix(p, "]") {
			if n, err := strconv.Atoi(p[i+1 : len(p)-1]); err == nil {
				id, index = p[:i], n
			}
		}
		at = &frame{up: at, id: id, index: index}
	}
	return at
}

// see is step for a Look.
func (b *branch) see(s *step) (*step, signal) {
	x := b.x
	if sig := b.seePauses(b.path(s)); sig.kind != sigNone {
		return nil, sig
	}
	if x.look.aim.hit(b, s) {
		found := b.scope(b.path(s))
		found.Reached = true
		if !s.def.IsControl() && x.past[found.Path] == nil && x.pinned(b, s) == nil && !s.node.Disabled {
			b.seePure(s)
			found.Out, _ = b.nodes[s.id].(map[string]any)
		}
		x.mu.Lock()
		if x.look.found == nil {
			x.look.found = found
		}
		x.mu.Unlock()
		return nil, x.halt(errSeen)
	}
	if s.node.Disabled {
		return b.after(s), signal{}
	}
	if r := x.pinned(b, s); r != nil {
		return b.recorded(s, r)
	}
	if s.def.IsControl() {
		return b.seeControl(s)
	}
	path := b.path(s)
	r := x.past[path]
	for try := 2; r != nil && r.Fail != nil; try++ {
		next := x.past[path+"#"+strconv.Itoa(try)]
		if next == nil {
			break
		}
		r = next
	}
	if r != nil {
		if live := x.host.Sessions(); live != nil && len(r.Live) > 0 {
			live.Recall(r.Live, r.End)
		}
		return b.recorded(s, r)
	}
	b.seePure(s)
	return b.after(s), signal{}
}

// seePauses gives variables the values that were set while the line was paused there.
func (b *branch) seePauses(path string) signal {
	for n := 1; ; n++ {
		rec := b.x.past[pausedName(path, n)]
		if rec == nil {
			return signal{}
		}
		if err := b.setVars(rec.Debug); err != nil {
			return b.x.halt(fmt.Errorf("reading the record %s: %w", pausedName(path, n), err))
		}
	}
}

// recorded goes on from a node with what was recorded of it.
func (b *branch) recorded(s *step, r *Record) (*step, signal) {
	if r.Fail != nil {
		return b.failed(s, r.Fail)
	}
	out, err := value.Decode(r.Out, b.x.host.Store())
	if err != nil {
		return nil, b.x.halt(fmt.Errorf("reading the record of %s: %w", b.path(s), err))
	}
	m, _ := out.(map[string]any)
	b.noteLazies(m)
	b.setOut(s.id, m)
	return b.after(s), signal{}
}

// seePure computes a node if it is one that only computes and all it needs is known.
func (b *branch) seePure(s *step) {
	delete(b.nodes, s.id) // that of an earlier turn
	if s.def.Effect != node.Pure && s.def.EffectOf == nil {
		b.x.look.gap.Store(true)
		return
	}
	in, fail := b.bind(s)
	if fail == nil && (s.def.EffectOf == nil || s.def.EffectOf(in) == node.Pure) {
		ctx, cancel := b.nodeContext(s)
		defer cancel()
		out, err := b.call(ctx, s, b.env, in)
		if err == nil {
			var m map[string]any
			if m, err = b.outputs(s, out); err == nil {
				b.setOut(s.id, m)
				return
			}
		}
	}
	b.x.look.gap.Store(true)
}

// seeControl follows a node that steers as far as the records tell where to.
func (b *branch) seeControl(s *step) (*step, signal) {
	in, fail := b.bind(s)
	if fail != nil {
		return nil, signal{} // where it would lead is not known
	}
	move, err := b.route(s, in)
	if err != nil {
		return b.failed(s, b.failure(s, err))
	}
	switch m := move.(type) {
	case node.Take:
		if m.Out != nil {
			b.setOut(s.id, m.Out)
		}
		return s.wire(m.Port), signal{}
	case node.Say, node.Sleep:
		return s.wire("next"), signal{}
	case node.Await:
		if r := b.x.past[b.path(s)]; r == nil || r.Secret {
			b.x.look.gap.Store(true)
			return b.after(s), signal{}
		}
	case node.Way:
		if sig := b.chain(s.wire("enter")); sig.kind != sigNone {
			return nil, sig
		}
		if sig := b.chain(s.wire("body")); sig.kind != sigNone {
			return nil, sig
		}
		return s.wire("done"), signal{}
	}
	port, sig := b.carryOut(s, move)
	if sig.kind == sigFail && b.ctx.Err() == nil {
		return b.failed(s, sig.fail)
	}
	if sig.kind != sigNone {
		return nil, sig
	}
	return s.wire(port), sig
}

// here makes the branch stand where a Look has come to.
func (b *branch) here(s *Scope) {
	b.at = s.at
	b.root = maps.Clone(s.Root)
	b.vars, _ = b.root["vars"].(map[string]any)
	b.nodes, _ = b.root["nodes"].(map[string]any)
}

// CompileLoose is Compile for a flow that is being written: a node that is not
// right stands for itself in the wires and computes nothing.
func CompileLoose(f *flow.Flow, reg *node.Registry) (*Plan, error) {
	p := &Plan{Flow: f, Digest: f.Digest(), steps: make(map[string]*step, len(f.Nodes)), vars: map[string]any{}}
	for i := range f.Nodes {
		s, err := p.compileNode(&f.Nodes[i], reg)
		if err != nil {
			blank := f.Nodes[i]
			blank.Params = nil
			if s, err = p.compileNode(&blank, reg); err != nil {
				blank.Type = "flow.comment"
				if s, err = p.compileNode(&blank, reg); err != nil {
					return nil, err
				}
			}
		}
		s.index, s.keep = i, true
		p.steps[s.id] = s
	}
	for _, e := range f.Edges {
		if from, to := p.steps[e.From], p.steps[e.To]; from != nil && to != nil {
			from.wires[e.Port] = append(from.wires[e.Port], to)
		}
	}
	for _, s := range p.steps {
		s.next, s.onError = s.wire("next"), s.wire("error")
	}
	if p.start = p.steps[f.StartNode()]; p.start == nil {
		return nil, fmt.Errorf("the start node %q is not there", f.StartNode())
	}
	for _, v := range f.Vars {
		p.vars[v.Name] = v.Value
	}
	return p, nil
}
