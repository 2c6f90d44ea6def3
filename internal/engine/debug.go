package engine

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/aether-rpa/aether/expr"
	"github.com/aether-rpa/aether/value"
)

// DebugTopic is the topic of orders to a run as a whole; see Order. What is said
// to a line that is paused goes to the topic of its wait, which begins with it;
// see Command. No flow waits on such a topic.
const DebugTopic = "!debug"

// WaitPaused is the kind of the wait of a line that is paused.
const WaitPaused = "paused"

// Commands to a line that is paused.
const (
	CommandContinue = "continue" // go on to the next breakpoint
	CommandOver     = "over"     // pause at the next node of the same level, or behind it
	CommandInto     = "into"     // pause at the next node, wherever it is
	CommandOut      = "out"      // pause behind the block
	CommandStay     = "stay"     // only set variables
	CommandStop     = "stop"     // cancel the run
)

// Commands lists what may be said to a line that is paused.
var Commands = []string{CommandContinue, CommandOver, CommandInto, CommandOut, CommandStay, CommandStop}

// What the records of pauses say that are no commands.
const (
	notedOrders = "heard" // breakpoints were changed while the line went on
	notedPause  = "pause" // a person wanted a pause, and it begins here
)

// Break is a breakpoint: a line of the run stops before the node acts.
type Break struct {
	// Node is a node of the run's flow, or a path: of one execution, such as
	// each[2]/fetch, or without turns, each/fetch, of all in such a place. A path
	// may lead into a flow that is called.
	Node string `json:"node" doc:"Id of a node, or the path of its executions: each[2]/fetch, or each/fetch for every turn."`
	// When is an expression; the line stops only where it is true.
	When string `json:"when,omitempty" doc:"Stop only where this expression is true, such as vars.n > 3."`
}

// maxBreaks bounds the breakpoints of a run.
const maxBreaks = 200

// CheckBreaks says what is wrong with breakpoints themselves.
func CheckBreaks(list []Break) error {
	if len(list) > maxBreaks {
		return fmt.Errorf("a run has at most %d breakpoints, not %d", maxBreaks, len(list))
	}
	for _, br := range list {
		if br.Node == "" {
			return errors.New("a breakpoint needs a node")
		}
		if _, err := br.condition(); err != nil {
			return fmt.Errorf("the condition of the breakpoint at %s: %w", br.Node, err)
		}
	}
	return nil
}

// condition compiles When, which may be written with braces or without; nil if there is none.
func (br Break) condition() (*expr.Template, error) {
	switch {
	case strings.TrimSpace(br.When) == "":
		return nil, nil
	case expr.IsTemplate(br.When):
		return expr.Compile(br.When)
	}
	return expr.Compile("{{ " + br.When + " }}")
}

// Order is what a person wants of a run as a whole. Every line of the run takes
// new breakpoints over; the first that comes to a node pauses.
type Order struct {
	Pause  bool     `json:"pause,omitempty"`
	Breaks *[]Break `json:"breakpoints,omitempty"`
	By     string   `json:"by,omitempty"`
}

// Command is what a person says to a line that is paused.
type Command struct {
	Command string `json:"command"`
	// Set are new values of variables by name.
	Set map[string]any `json:"set,omitempty"`
	By  string         `json:"by,omitempty"`
}

// Message is the command as it is sent.
func (c Command) Message() map[string]any {
	m := map[string]any{"command": c.Command}
	if len(c.Set) > 0 {
		m["set"] = c.Set
	}
	if c.By != "" {
		m["by"] = c.By
	}
	return m
}

// commandOf reads a command from a message.
func commandOf(data any) (Command, error) {
	m, _ := data.(map[string]any)
	var c Command
	c.Command, _ = m["command"].(string)
	c.By, _ = m["by"].(string)
	c.Set, _ = m["set"].(map[string]any)
	if !slices.Contains(Commands, c.Command) {
		return c, fmt.Errorf("%q is no command to a paused run: say %s", c.Command, strings.Join(Commands, ", "))
	}
	return c, nil
}

// CheckSet returns the values as they will be, or says why they cannot be: known
// tells whether there is a variable of a name.
func CheckSet(set map[string]any, known func(name string) bool) (map[string]any, error) {
	out := make(map[string]any, len(set))
	for _, name := range sorted(set) {
		if !known(name) {
			return nil, fmt.Errorf("there is no variable %s here", name)
		}
		v, err := value.Normalize(set[name])
		if err != nil {
			return nil, fmt.Errorf("the variable %s: %w", name, err)
		}
		if m, ok := v.(map[string]any); ok && len(m) == 1 && m["secret"] != nil {
			return nil, fmt.Errorf("the variable %s cannot hold a secret: write {secret: NAME} in the param that needs it", name)
		}
		out[name] = v
	}
	return out, nil
}

// debugNote is what the record of a pause holds besides the choice.
type debugNote struct {
	Set    json.RawMessage `json:"set,omitempty"`    // variables, in the record form of package value
	Breaks *[]Break        `json:"breaks,omitempty"` // the breakpoints from here on
	Orders []string        `json:"orders,omitempty"` // ids of the orders that were heard
	By     string          `json:"by,omitempty"`
	Why    string          `json:"why,omitempty"` // why the line had stopped
	// State is how a block left the line that is not walked again.
	State *debugState `json:"state,omitempty"`
}

// debugState is what a line of the run knows of breakpoints and steps. It depends
// only on the flow, the inputs and the records.
type debugState struct {
	Breaks []Break  `json:"breaks,omitempty"`
	Heard  []string `json:"heard,omitempty"` // ids of orders
	Step   string   `json:"step,omitempty"`  // over, into, out: a step that has not come to its end
	Level  int      `json:"level,omitempty"` // where it began
}

// debugLine is the state of one line of control. A line that forks gives each of
// its lines one of their own.
type debugLine struct {
	debugState
	live  bool // what comes now was not walked before
	conds map[string]*expr.Template
}

func (d *debugLine) active() bool { return len(d.Breaks) > 0 || d.Step != "" }

// split returns the state for a line that d forks. A step goes with the first of
// them, and comes back if that one ends before the step does.
func (d *debugLine) split(first bool) *debugLine {
	c := &debugLine{debugState: d.debugState, live: d.live}
	if first {
		d.Step = ""
	} else {
		c.Step = ""
	}
	return c
}

// merge takes over what lines have come to that d forked.
func (d *debugLine) merge(lines []*branch) {
	for _, l := range lines {
		c := l.dbg
		if len(c.Heard) > len(d.Heard) {
			d.Heard, d.Breaks, d.conds = c.Heard, c.Breaks, nil
		}
		if d.Step == "" {
			d.Step, d.Level = c.Step, c.Level
		}
		d.live = d.live || c.live
	}
}

// closed is what the record of a block that was given up holds of the line.
func (b *branch) closed() *debugNote {
	if !b.x.debug.Load() {
		return nil
	}
	s := b.dbg.debugState
	return &debugNote{State: &s}
}

// restore is the way back from closed.
func (d *debugLine) restore(n *debugNote) {
	if n != nil && n.State != nil {
		d.debugState, d.conds = *n.State, nil
	}
}

// hear takes new breakpoints over.
func (d *debugLine) hear(breaks *[]Break, orders []string) {
	d.Heard = append(slices.Clip(d.Heard), orders...)
	if breaks != nil {
		d.Breaks, d.conds = *breaks, nil
	}
}

// stop says why the line stops at a node; "" if it does not. A condition that
// cannot be computed stops it, and note says so.
func (d *debugLine) stop(b *branch, s *step, path string) (why, note string) {
	switch {
	case d.Step == CommandInto, d.Step == CommandOver && b.level <= d.Level, d.Step == CommandOut && b.level < d.Level:
		return "step", ""
	}
	for _, br := range d.Breaks {
		if !br.at(b, s, path) {
			continue
		}
		ok, err := d.holds(b, br)
		if err != nil {
			return "breakpoint", "its condition could not be computed: " + err.Error()
		}
		if ok {
			return "breakpoint", ""
		}
	}
	return "", ""
}

// at reports whether the breakpoint is about an execution of a node.
func (br Break) at(b *branch, s *step, path string) bool {
	if br.Node == s.id && b.depth == 0 || br.Node == path {
		return true
	}
	return strings.Contains(br.Node, "/") && !strings.Contains(br.Node, "[") && lastID(br.Node) == s.id && br.Node == withoutTurns(path)
}

// withoutTurns gives each/fetch for each[2]/fetch.
func withoutTurns(path string) string {
	parts := strings.Split(path, "/")
	for i, p := range parts {
		parts[i], _, _ = strings.Cut(p, "[")
	}
	return strings.Join(parts, "/")
}

func (d *debugLine) holds(b *branch, br Break) (bool, error) {
	t, known := d.conds[br.When]
	if !known {
		var err error
		if t, err = br.condition(); err != nil {
			return false, err
		}
		if d.conds == nil {
			d.conds = map[string]*expr.Template{}
		}
		d.conds[br.When] = t
	}
	if t == nil {
		return true, nil
	}
	v, err := t.EvalLazy(b.ctx, b.root)
	if err != nil {
		return false, err
	}
	ok, is := v.(bool)
	if !is {
		return false, fmt.Errorf("it gives %s, and not true or false", value.Kind(v))
	}
	return ok, nil
}

// setVars gives variables the values that a record holds.
func (b *branch) setVars(n *debugNote) error {
	if n == nil || n.Set == nil {
		return nil
	}
	v, err := value.Decode(n.Set, b.x.host.Store())
	if err != nil {
		return err
	}
	set, _ := v.(map[string]any)
	b.noteLazies(set)
	for k, v := range maps.All(set) {
		b.setVar(k, v)
	}
	return nil
}
