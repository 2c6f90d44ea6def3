package orch

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aether-rpa/aether/flow"
	"github.com/aether-rpa/aether/internal/check"
	"github.com/aether-rpa/aether/internal/durable"
	"github.com/aether-rpa/aether/internal/engine"
	"github.com/aether-rpa/aether/internal/queue"
	"github.com/aether-rpa/aether/internal/robot"
	"github.com/aether-rpa/aether/internal/run"
	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/value"
)

// Try says what a development run is about: a node of a flow that somebody is
// writing, on what was recorded before.
type Try struct {
	Flow *Bundle
	Mode string // run.TryNode, run.TryTo or run.TryFrom
	Node string
	// At is the path of the execution that is meant; empty for the first.
	At string
	// Of is the run whose records are used; empty for none.
	Of string
	// Input holds the flow's inputs; nil takes those of Of.
	Input map[string]any
	// Pins are outputs by node: these nodes do not act.
	Pins map[string]map[string]any
	// Breaks are the breakpoints that the run begins with.
	Breaks []engine.Break
	By     string // who asks
}

// TryLabel is the label of robots that know development runs. A robot without it would walk the whole flow, and let nodes
// act whose outputs are pinned.
const TryLabel = "tries"

// needsTries adds to what a run needs of a robot that it knows development runs, if it is one.
func needsTries(r *run.Run, needs string) string {
	if r.Development == nil {
		return needs
	}
	return needsLabel(TryLabel, needs)
}

func needsLabel(label, needs string) string {
	if needs == "" {
		return label
	}
	return label + " && (" + needs + ")"
}

// Try adds a development run, to be executed by this process.
func (o *Orch) Try(ctx context.Context, t Try) (*run.Run, error) {
	began := time.Now()
	r, kept, err := o.tried(ctx, t)
	if err != nil {
		return nil, err
	}
	r.Owner = o.Owner
	span, err := o.addTry(ctx, started, r, kept, t.order(), began)
	if err != nil {
		return nil, err
	}
	span.End(true, nil)
	return r, nil
}

// TryQueued adds a development run and gives it to the robots.
func (o *Orch) TryQueued(ctx context.Context, t Try, j queue.Job) (*Submitted, error) {
	began := time.Now()
	r, kept, err := o.tried(ctx, t)
	if err != nil {
		return nil, err
	}
	r.Status = run.Queued
	span, err := o.addTry(ctx, enqueued, r, kept, t.order(), began)
	if err != nil {
		return nil, err
	}
	j.Run = r.ID
	j.Needs = needsDebug(t.order(), needsTries(r, j.Needs))
	return o.enqueue(ctx, span, &j)
}

// addTry adds the run and keeps what it begins with.
func (o *Orch) addTry(ctx context.Context, what string, r *run.Run, kept []durable.Entry, first engine.Order, began time.Time) (Span, error) {
	ctx, span := o.trace(ctx, what, r, began)
	_, err := o.create(ctx, r, first)
	if err == nil && r.Seed != nil {
		if err = o.Runs.Keep(ctx, r.ID, r.Seed.Artifact); err == nil {
			err = o.keepRefs(ctx, r.ID, kept)
		}
	}
	if err != nil {
		span.End(false, err)
	}
	return span, err
}

// tried makes a development run that is not added yet, with the records that it
// begins with.
func (o *Orch) tried(ctx context.Context, t Try) (*run.Run, []durable.Entry, error) {
	if errs := t.Flow.Problems.Errors(); len(errs) > 0 {
		return nil, nil, errs
	}
	f := t.Flow.Flow
	if err := CheckBreaks(f, t.Breaks); err != nil {
		return nil, nil, err
	}
	if f.Node(t.Node) == nil {
		return nil, nil, unfit("the flow has no node %q", t.Node)
	}
	if t.At != "" && lastID(t.At) != t.Node {
		return nil, nil, unfit("%s is not an execution of the node %s", t.At, t.Node)
	}
	if t.Mode == run.TryNode && t.Pins[t.Node] != nil {
		return nil, nil, unfit("the output of %s is pinned, so it would not run: unpin it first", t.Node)
	}
	var old *run.Run
	var entries []durable.Entry
	var err error
	if t.Of != "" {
		if old, entries, err = o.recordsOf(ctx, f.Name, t.Of); err != nil {
			return nil, nil, err
		}
	}
	kept, err := o.keptFor(ctx, t, old, entries)
	if err != nil {
		return nil, nil, err
	}
	pins, err := o.pinEntries(f, t.Pins)
	if err != nil {
		return nil, nil, err
	}
	kept = append(pins, kept...)
	input := t.Input
	if input == nil && old != nil {
		in, err := value.Decode(old.Input, nil)
		if err != nil {
			return nil, nil, fmt.Errorf("reading the input of run %s: %w", old.ID, err)
		}
		input, _ = in.(map[string]any)
		maps.DeleteFunc(input, func(name string, _ any) bool {
			return !slices.ContainsFunc(f.Inputs, func(i flow.Input) bool { return i.Name == name })
		})
	}
	r, err := o.newRun(ctx, t.Flow, "", input)
	if err != nil {
		return nil, nil, err
	}
	r.Owner = ""
	r.Development = &run.Development{Mode: t.Mode, Node: t.Node, At: t.At, By: t.By, Pins: slices.Sorted(maps.Keys(t.Pins))}
	if old != nil {
		r.Development.Of = old.ID
	}
	if len(kept) > 0 {
		d, err := robot.WriteSeed(ctx, o.Artifacts, kept)
		if err != nil {
			return nil, nil, err
		}
		r.Seed = &run.Seed{Artifact: d, Count: len(kept), Check: true}
		if old != nil {
			r.Seed.Sealed = old.SealedAs()
		}
	}
	for digest, f := range t.Flow.flows {
		body, err := f.JSON()
		if err != nil {
			return nil, nil, err
		}
		if err := o.Runs.SaveTried(ctx, digest, string(body)); err != nil {
			return nil, nil, err
		}
	}
	return r, kept, nil
}

// recordsOf returns a run of a flow with what it has recorded by now.
func (o *Orch) recordsOf(ctx context.Context, name, id string) (*run.Run, []durable.Entry, error) {
	r, err := o.Runs.Get(ctx, id)
	if err != nil {
		return nil, nil, err
	}
	if r.Flow != name {
		return nil, nil, unfit("run %s is of the flow %s, not of %s: what it recorded says nothing here", r.ID, r.Flow, name)
	}
	entries, err := o.history(ctx, r)
	return r, entries, err
}

// keptFor chooses the records of a run that a development run begins with.
func (o *Orch) keptFor(ctx context.Context, t Try, old *run.Run, entries []durable.Entry) ([]durable.Entry, error) {
	if old == nil {
		return nil, nil
	}
	// What was pinned then was pinned for that run.
	entries = slices.DeleteFunc(entries, func(e durable.Entry) bool {
		if strings.HasSuffix(e.Name, "!pinned") || t.Pins[base(e.Name)] != nil {
			return true
		}
		var rec engine.Record
		return json.Unmarshal(e.Data, &rec) == nil && rec.Pinned
	})
	if t.Mode == run.TryNode {
		return slices.DeleteFunc(entries, func(e durable.Entry) bool { return t.about(e.Name) }), nil
	}
	body, err := o.Runs.Flow(ctx, old.Digest)
	if err != nil {
		return nil, err
	}
	oldFlow, err := flow.Decode([]byte(body))
	if err != nil {
		return nil, fmt.Errorf("the flow version of run %s cannot be read: %w", old.ID, err)
	}
	c := cutter{entries: entries, scopes: check.Scopes(oldFlow, o.Nodes), old: oldFlow, cur: t.Flow.Flow, plan: &RetryPlan{Same: old.Digest == t.Flow.Digest}}
	from := t.At
	if from == "" {
		from = t.Node
		if i := slices.IndexFunc(entries, func(e durable.Entry) bool { return lastID(base(e.Name)) == t.Node }); i >= 0 {
			from = base(entries[i].Name)
		}
	}
	// Where a node was tried alone, its record stands behind those that follow it.
	later := newLater(oldFlow, from)
	slices.SortStableFunc(c.entries, func(a, b durable.Entry) int { return later.of(a.Name) - later.of(b.Name) })
	if err := c.choose(from, old); err != nil {
		return nil, err
	}
	return c.split(), nil
}

// about reports whether a record is of the execution that a node is tried as,
// or of one inside it.
func (t Try) about(name string) bool {
	if t.At == "" {
		for part := range strings.SplitSeq(name, "/") {
			if lastID(base(part)) == t.Node {
				return true
			}
		}
		return false
	}
	rest, ok := strings.CutPrefix(name, t.At)
	return ok && (rest == "" || strings.ContainsAny(rest[:1], "/[#!@"))
}

// maxPin bounds the pinned output of a node.
const maxPin = 4 << 20

// pinEntries makes records of pinned outputs.
func (o *Orch) pinEntries(f *flow.Flow, pins map[string]map[string]any) ([]durable.Entry, error) {
	var out []durable.Entry
	for _, id := range slices.Sorted(maps.Keys(pins)) {
		n := f.Node(id)
		if n == nil {
			return nil, unfit("an output is pinned to the node %q, which the flow does not have", id)
		}
		def := o.Nodes.Get(n.Type)
		if def == nil || !engine.CanPin(def) {
			return nil, unfit("the node %s (%s) decides where the flow goes on: an output cannot be pinned to it", id, n.Type)
		}
		if err := fitsOutput(def, pins[id]); err != nil {
			return nil, unfit("the output pinned to %s: %s", id, err)
		}
		body, err := value.Encode(nil, pins[id])
		if err != nil {
			return nil, unfit("the output pinned to %s: %s", id, err)
		}
		if len(body) > maxPin {
			return nil, unfit("the output pinned to %s has %d bytes; pin at most %d", id, len(body), maxPin)
		}
		data, err := json.Marshal(engine.Record{Out: body, Pinned: true})
		if err != nil {
			return nil, err
		}
		out = append(out, durable.Entry{Name: engine.PinName(id), Data: data})
	}
	return out, nil
}

// fitsOutput refuses names that a node does not give.
func fitsOutput(def *node.Def, out map[string]any) error {
	if def.Out == nil || len(def.Out.Fields) == 0 || def.IsControl() {
		return nil
	}
	var names []string
	for _, f := range def.Out.Fields {
		names = append(names, f.Name)
	}
	for _, k := range slices.Sorted(maps.Keys(out)) {
		if !slices.Contains(names, k) {
			return fmt.Errorf("%s gives no %q; it gives %s", def.Type, k, strings.Join(names, ", "))
		}
	}
	return nil
}

// later tells what a flow comes to after an execution.
type later struct {
	f     *flow.Flow
	path  []string
	reach map[string]map[string]bool // by node id: what its wires lead to
}

func newLater(f *flow.Flow, path string) *later {
	return &later{f, strings.Split(path, "/"), map[string]map[string]bool{}}
}

// of returns 2 for a record of what comes after the execution, 1 for its own, and 0
// for any other.
func (l *later) of(name string) int {
	for i, part := range strings.Split(base(name), "/") {
		if i == len(l.path) {
			return 1
		}
		mine, its := lastID(l.path[i]), lastID(part)
		switch {
		case mine != its && l.from(mine)[its]:
			return 2
		case mine != its:
			return 0
		case i == len(l.path)-1:
			return 1
		}
		if a, b := turn(part), turn(l.path[i]); a != b {
			if a > b {
				return 2
			}
			return 0
		}
	}
	return 0
}

// from returns the nodes that the wires of a node lead to.
func (l *later) from(id string) map[string]bool {
	if seen, ok := l.reach[id]; ok {
		return seen
	}
	seen := map[string]bool{}
	for queue := []string{id}; len(queue) > 0; queue = queue[1:] {
		for _, e := range l.f.Edges {
			if e.From == queue[0] && !seen[e.To] {
				seen[e.To] = true
				queue = append(queue, e.To)
			}
		}
	}
	l.reach[id] = seen
	return seen
}

// turn returns the turn that a part of a path is of: 2 for each[2].
func turn(part string) int {
	_, rest, _ := strings.Cut(part, "[")
	n, _ := strconv.Atoi(strings.TrimSuffix(rest, "]"))
	return n
}
