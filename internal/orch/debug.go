package orch

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/aether-rpa/aether/flow"
	"github.com/aether-rpa/aether/internal/db"
	"github.com/aether-rpa/aether/internal/engine"
	"github.com/aether-rpa/aether/internal/run"
)

// DebugLabel is the label of robots that stop at breakpoints. One without it would let act what a person wants to stop
// before, and would go on with a run that was paused as if nobody had changed its variables.
const DebugLabel = "pauses"

func needsDebug(first engine.Order, needs string) string {
	if first.Breaks == nil {
		return needs
	}
	return needsLabel(DebugLabel, needs)
}

// CheckBreaks says what is wrong with breakpoints for a run of a flow.
func CheckBreaks(f *flow.Flow, list []engine.Break) error {
	if err := engine.CheckBreaks(list); err != nil {
		return unfit("%s", err)
	}
	for _, br := range list {
		id, rest, _ := strings.Cut(br.Node, "/")
		id = nodeOf(id)
		if f.Node(id) != nil {
			continue
		}
		var ids []string
		for i := range f.Nodes {
			ids = append(ids, f.Nodes[i].ID)
		}
		hint := flow.DidYouMean(id, ids)
		if hint != "" {
			hint = " (" + hint + ")"
		}
		if rest != "" {
			return unfit("the breakpoint %s begins at a node that the flow does not have%s", br.Node, hint)
		}
		return unfit("a breakpoint is set at %q, and the flow has no such node%s", br.Node, hint)
	}
	return nil
}

// breakOrder is the order that sets breakpoints; none if there are none.
func breakOrder(list []engine.Break, by string) engine.Order {
	if len(list) == 0 {
		return engine.Order{}
	}
	return engine.Order{Breaks: &list, By: by}
}

func (t Try) order() engine.Order { return breakOrder(t.Breaks, t.By) }

// create adds a run with the order that it begins with: nobody may execute it before it is there.
func (o *Orch) create(ctx context.Context, r *run.Run, first engine.Order) (fresh bool, err error) {
	err = o.DB.Tx(ctx, func(tx *db.Tx) error {
		fresh, err = o.createIn(ctx, tx, r, first)
		return err
	})
	return fresh, err
}

func (o *Orch) createIn(ctx context.Context, tx *db.Tx, r *run.Run, first engine.Order) (bool, error) {
	fresh, err := o.Runs.CreateIn(ctx, tx, r)
	if err != nil || !fresh || first.Breaks == nil {
		return fresh, err
	}
	data, err := json.Marshal(first)
	if err != nil {
		return false, err
	}
	return true, o.Runs.SendIn(ctx, tx, r.ID, engine.DebugTopic, "first", data, r.Created)
}

// Debug is what a person wants of a run that is looked into; zero fields change nothing.
type Debug struct {
	// At is the path of the paused line that a command is for. Continue and stop are for all of them if it is empty.
	At      string
	Command string
	Set     map[string]any // variables
	Breaks  *[]engine.Break
	By      string
}

// Pause lets a run pause before its next node: the first of its lines that comes to one.
func (o *Orch) Pause(ctx context.Context, id, by string) (*run.Run, error) {
	r, err := o.open(ctx, id)
	if err != nil {
		return nil, err
	}
	if r.Paused {
		return nil, notNow("run %s is paused already", r.ID)
	}
	return r, o.order(ctx, r, engine.Order{Pause: true, By: by})
}

// Debug changes the breakpoints of a run, sets variables of a line that is paused, and lets it go on.
func (o *Orch) Debug(ctx context.Context, id string, d Debug) (*run.Run, error) {
	r, err := o.open(ctx, id)
	if err != nil {
		return nil, err
	}
	if d.Command == "" && len(d.Set) > 0 {
		d.Command = engine.CommandStay
	}
	if d.Command == "" && d.Breaks == nil {
		return nil, unfit("say what the run is to do: a command, breakpoints, or variables to set")
	}
	// All is checked before anything is sent.
	var to []engine.Wait
	if d.Command != "" {
		if to, err = pausedAt(r, d); err != nil {
			return nil, err
		}
	}
	if d.Breaks != nil {
		body, err := o.Runs.Flow(ctx, r.Digest)
		if err != nil {
			return nil, err
		}
		f, err := flow.Decode([]byte(body))
		if err != nil {
			return nil, err
		}
		if err := CheckBreaks(f, *d.Breaks); err != nil {
			return nil, err
		}
		if err := o.order(ctx, r, engine.Order{Breaks: d.Breaks, By: d.By}); err != nil {
			return nil, err
		}
	}
	for _, w := range to {
		// They are taken in turn. A line is paused at a path once, so what comes after it has gone on is for nobody.
		id, err := run.NewID(o.Now(), o.Random)
		if err != nil {
			return nil, err
		}
		if err := o.send(ctx, r.ID, w.Topic, id, engine.Command{Command: d.Command, Set: d.Set, By: d.By}.Message()); err != nil {
			return nil, err
		}
	}
	return r, nil
}

// open returns a run that has not ended.
func (o *Orch) open(ctx context.Context, id string) (*run.Run, error) {
	r, err := o.Runs.Get(ctx, id)
	if err == nil && r.Status.Final() {
		return nil, notNow("run %s has ended: it is %s", r.ID, r.Status)
	}
	return r, err
}

// order sends what concerns the run as a whole.
func (o *Orch) order(ctx context.Context, r *run.Run, order engine.Order) error {
	id, err := run.NewID(o.Now(), o.Random)
	if err != nil {
		return err
	}
	data, err := json.Marshal(order)
	if err != nil {
		return err
	}
	now, err := o.Runs.Now(ctx)
	if err != nil {
		return err
	}
	// It wakes nobody: a run that waits hears it when it goes on. Only one that is to pause can be changed, so all that
	// go on with it know how from here on.
	return o.DB.Tx(ctx, func(tx *db.Tx) error {
		if err := o.Runs.SendIn(ctx, tx, r.ID, engine.DebugTopic, id, data, now); err != nil {
			return err
		}
		return o.Queue.Need(ctx, tx, r.ID, DebugLabel)
	})
}

// needsPauses is needsDebug for a retry, which begins with what a run was that may have been changed.
func (o *Orch) needsPauses(ctx context.Context, r *run.Run, needs string) (string, error) {
	seen := map[string]bool{}
	for id := r.RetryOf; id != "" && !seen[id]; {
		seen[id] = true
		sent, err := o.Runs.Messages(ctx, id, engine.DebugTopic)
		if err != nil {
			return "", err
		}
		if len(sent) > 0 {
			return needsLabel(DebugLabel, needs), nil
		}
		before, err := o.Runs.Get(ctx, id)
		if errors.Is(err, run.ErrNotFound) {
			break
		}
		if err != nil {
			return "", err
		}
		id = before.RetryOf
	}
	return needs, nil
}

// pausedAt returns the waits that a command is for, if they can take it.
func pausedAt(r *run.Run, d Debug) ([]engine.Wait, error) {
	if !slices.Contains(engine.Commands, d.Command) {
		return nil, unfit("%.40q is no command: say %s", d.Command, strings.Join(engine.Commands, ", "))
	}
	all, err := Paused(r)
	if err != nil {
		return nil, err
	}
	to := slices.DeleteFunc(slices.Clone(all), func(w engine.Wait) bool { return d.At != "" && w.Path != d.At })
	switch {
	case len(all) == 0:
		return nil, notNow("run %s is not paused (it is %s)", r.ID, r.Shown())
	case len(to) == 0:
		return nil, notNow("run %s is not paused at %s; it is at %s", r.ID, d.At, all[0].Path)
	case len(to) > 1 && (d.Command != engine.CommandContinue && d.Command != engine.CommandStop || len(d.Set) > 0):
		return nil, unfit("run %s is paused at %d places: say at which, for instance at %s", r.ID, len(to), to[0].Path)
	}
	for _, w := range to {
		known := func(name string) bool { _, ok := w.Paused.Vars[name]; return ok }
		if _, err := engine.CheckSet(d.Set, known); err != nil {
			if names := slices.Sorted(maps.Keys(w.Paused.Vars)); len(names) > 0 && len(names) <= 30 {
				return nil, unfit("%s: %s; there are %s", w.Path, err, strings.Join(names, ", "))
			}
			return nil, unfit("%s: %s", w.Path, err)
		}
	}
	return to, nil
}

// Paused returns the lines of a run that are paused.
func Paused(r *run.Run) ([]engine.Wait, error) {
	ws, err := Waits(r)
	return slices.DeleteFunc(ws, func(w engine.Wait) bool { return w.Paused == nil }), err
}

// Debugging is what is shown of a run that is looked into.
type Debugging struct {
	Paused []PausedLine   `json:"paused" doc:"Lines of the run that are paused."`
	Breaks []engine.Break `json:"breakpoints" doc:"Breakpoints as they were set last."`
}

// PausedLine is a line of a run that is paused.
type PausedLine struct {
	Path string `json:"path" doc:"Node execution that is about to begin."`
	*engine.Paused
}

// Debugging tells where a run is paused, with its variables there, and its breakpoints.
func (o *Orch) Debugging(ctx context.Context, id string) (*Debugging, error) {
	r, err := o.Runs.Get(ctx, id)
	if err != nil {
		return nil, err
	}
	ws, err := Paused(r)
	if err != nil {
		return nil, err
	}
	out := &Debugging{Paused: []PausedLine{}, Breaks: []engine.Break{}}
	for _, w := range ws {
		out.Paused = append(out.Paused, PausedLine{w.Path, w.Paused})
	}
	list, err := o.Runs.Messages(ctx, r.ID, engine.DebugTopic)
	if err != nil {
		return nil, err
	}
	for _, m := range list {
		var order engine.Order
		if json.Unmarshal(m.Data, &order) != nil {
			continue
		}
		if order.Breaks != nil {
			out.Breaks = *order.Breaks
		}
	}
	return out, nil
}

// WithoutValues leaves out of a run what its paused lines show: for lists of many.
func WithoutValues(r *run.Run) {
	ws, err := Waits(r)
	if err != nil || !r.Paused {
		return
	}
	for i := range ws {
		if p := ws[i].Paused; p != nil {
			ws[i].Paused = &engine.Paused{Why: p.Why, Told: p.Told, Node: p.Node, Type: p.Type, Flow: p.Flow, Vars: map[string]engine.Shown{}}
		}
	}
	if data, err := json.Marshal(ws); err == nil {
		r.Waits = data
	}
}
