// Package engine walks a flow. It knows node types only through the registry
// and durability only through a log of records: before it lets a node act it
// looks whether the log already holds the result, and after the node has acted
// it records the result. Everything else (variables, pure nodes, loops, which
// way a condition goes) is computed again on replay and so must be a function
// of the flow, the inputs and the records.
//
// # Names of records
//
// A node execution is named by its path: the iterations it is inside and its
// id, as in each[2]/fetch. Later tries add #2, #3. Beside the results there are
// records of decisions that replay could not repeat:
//
//	each[2]/send!intent    the node is about to act (once nodes)
//	each[2]/send!decision  what a person decided about an interrupted node
//	wait!until             when a sleep ends, a block times out or a retry goes on
//	par!closed             a block was given up (timeout, a branch failed): its
//	                       body is not walked again
//	block!ended            a block with a timeout ended in time
//	ask!asked              when a question with a time limit expires
//	each[2]!item, !done    a work item was taken, and how it ended; see itemLoop
//	save!session1, !back1, a session was lost, and what was done about it; see
//	!answer1, save@1/login losses
//	each[2]/send!paused1   the line was paused before the node, and what a person
//	                       said; see pausing
//
// Records are found by name, so branches may append in any order. While a session
// is live, the result of a node is written together with the next record: in a
// moment, and at the latest before anything changes the world; see writer.
//
// # Failures
//
// A failure of a flow is data (node.Failure) and ends the run normally. An
// error of Execute means that the run did not end: it was interrupted, parked,
// cancelled or lost its owner.
package engine

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aether-rpa/aether/flow"
	"github.com/aether-rpa/aether/internal/durable"
	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/question"
	"github.com/aether-rpa/aether/session"
	"github.com/aether-rpa/aether/value"
	"github.com/aether-rpa/aether/vault"
)

// Reasons why Execute stops without an end. They are causes of the context.
var (
	// ErrCancelled: somebody cancelled the run.
	ErrCancelled = errors.New("the run was cancelled")
	// ErrInterrupted: this process is about to stop; the run goes on later.
	ErrInterrupted = errors.New("the run was interrupted")
)

// ParkedError says that the run waits and holds no worker meanwhile.
type ParkedError struct {
	Wake  time.Time // when to go on at the latest; zero means never by itself
	Waits []Wait    // what it waits for
}

// Error implements error.
func (p *ParkedError) Error() string { return "the run is waiting" }

// Wait is one thing a run waits for.
type Wait struct {
	Path     string         `json:"path"`               // execution that waits
	Kind     string         `json:"kind"`               // timer, message, question, approval, interrupted, session, paused
	Topic    string         `json:"topic,omitempty"`    // message topic to answer on
	Question string         `json:"question,omitempty"` // for a person
	Choices  []string       `json:"choices,omitempty"`  // answers, for a person
	Details  map[string]any `json:"details,omitempty"`
	Until    int64          `json:"until,omitempty"` // unix ms; 0 means for ever
	Asked    int64          `json:"asked,omitempty"` // unix ms; when a person was asked first, crashes included
	// Late is what happens when nobody answered in time: fail, port (the flow goes on at its port timeout), default or
	// cancel. It is empty for a question that waits for ever.
	Late string `json:"late,omitempty"`
	// Ask is all of the question to a person, in one piece.
	Ask *question.Question `json:"ask,omitempty"`
	// Paused is what is shown of a line that is paused.
	Paused *Paused `json:"paused,omitempty"`
}

// Host is what the engine needs of the world around a run.
type Host interface {
	// Flow returns a flow that the run pinned, by the reference as written.
	Flow(ctx context.Context, digest string) (*Plan, error)
	// Env returns the environment for a node execution.
	Env(info node.RunInfo, token string) *node.Env
	// Secret reads a secret; the host also masks it from then on.
	Secret(ctx context.Context, name string) (vault.Secret, error)
	// Messages returns what was sent to this run on a topic, oldest first.
	Messages(ctx context.Context, topic string) ([]Message, error)
	// Store keeps values too large for a record.
	Store() value.Sink
	// Emit tells watchers what happened. It must not block for long.
	Emit(Event)
	// Mask replaces secrets in text and values before they are recorded.
	Mask(v any) any
	// Sessions are the live things of the run; nil if there are none.
	Sessions() *session.Table
}

// Message is what was sent to a waiting run.
type Message struct {
	ID   string
	Data any
	At   time.Time
}

// Event is something that happened in a run, for watchers.
type Event struct {
	Kind string // see the constants
	Path string // node execution
	Node string
	Type string
	At   time.Time
	Try  int
	Fail *node.Failure
	Text string
	Done int // of Total, for loops and progress
	Sum  int
	// Replayed is set when the event comes from a record and not from work done
	// now.
	Replayed bool
	Took     time.Duration
	Pinned   bool // the output was pinned, and the node did not act
	Effect   node.Effect
	Out      any
	Wait     *Wait // what is waited for, with EventWaiting and EventAnswered
}

// Kinds of events.
const (
	EventStarted   = "node_started"
	EventFinished  = "node_finished"
	EventFailed    = "node_failed"
	EventRetrying  = "node_retrying"
	EventWaiting   = "waiting"
	EventAnswered  = "answered"
	EventIteration = "iteration"
	EventProgress  = "progress"
	EventLog       = "log"
)

// Options of one execution.
type Options struct {
	RunID   string
	Started time.Time // when the run first began
	Input   map[string]any
	// Pins maps the reference of each called flow, as written, to its digest.
	Pins map[string]string
	// Seed holds records of an earlier run that count as this run's own.
	Seed []durable.Entry
	// CheckSeed compares the input of a seeded node with the recorded one and
	// runs the node again, and all after it, when they differ.
	CheckSeed bool
	// Until ends the run behind a node; nil walks to the end of the flow.
	Until *Aim
	// Alone executes only the node of Until, where the records of Seed lead to it.
	Alone bool
	// ParkAfter is how long a wait may hold this process when nothing else of
	// the run is going on; waits for people and messages park at once when it is
	// 0 or more. A negative value never parks.
	ParkAfter time.Duration
	// Ask puts a question to the person who attends the run and returns when it
	// is answered, when ctx is done, or with ErrNobody. It is nil for a run that
	// nobody attends. It may be called by several branches at a time.
	Ask func(ctx context.Context, w Wait) (question.Answer, error)
	// Attend is Ask for a line that is paused.
	Attend func(ctx context.Context, w Wait) (Command, error)
	// Orders counts the messages on DebugTopic that are known to have been sent;
	// whoever executes the run keeps it up to date. Nil if nobody can send any.
	Orders *atomic.Int64
	// HoldPaused is how long a paused line holds this process before the run may
	// park, and HoldLive is that while the run has a live session: a step then does
	// not have to build it again.
	HoldPaused, HoldLive time.Duration
	// Hand is how a person takes over what is live; nil where nobody can.
	Hand Hand
	Now  func() time.Time
}

// Result is how a run ended.
type Result struct {
	Output  map[string]any `json:"output,omitempty"`
	Failure *node.Failure  `json:"failure,omitempty"`
}

// Counters tell how far a run is; they may be read while it runs.
type Counters struct {
	Nodes    atomic.Int64 // nodes finished, pure ones included
	Recorded atomic.Int64 // of these, nodes whose result was recorded now
	Replayed atomic.Int64 // nodes answered from records
}

// Execute walks the plan from its start to its end, answering from the log's
// records as far as they go. A nil error means that the run has ended.
func Execute(ctx context.Context, plan *Plan, log durable.Log, host Host, o Options, count *Counters) (*Result, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	x := &exec{log: log, host: host, o: o, cancel: cancel, past: map[string]*Record{}, taken: map[string]bool{}, count: count, fresh: len(log.Past()) == 0}
	for i, list := range [][]durable.Entry{o.Seed, log.Past()} {
		for _, e := range list {
			r, err := parseRecord(e)
			if err != nil {
				return nil, err
			}
			r.seeded = i == 0
			r.instead = i == 1 && x.past[e.Name] != nil && !strings.Contains(e.Name, "!")
			x.past[e.Name] = r
			if strings.HasSuffix(e.Name, "!pinned") {
				x.pins = true
			}
			if strings.Contains(e.Name, "!session") {
				x.astray.Store(true)
			}
			if r.Debug != nil {
				x.debug.Store(true)
			}
			x.noteHands(e.Name)
			if r.Message != "" {
				x.taken[r.Message] = true
			}
		}
	}
	x.handsBefore = len(x.hands) > 0
	x.w = newWriter(log, func(err error) { x.halt(err) })
	b := x.rootBranch(ctx, plan, o.Input)
	x.enter()
	var res *Result
	var sig signal
	if o.Alone && o.Until != nil {
		sig = b.alone(ctx, plan, o.Seed, *o.Until)
	} else {
		res, sig = b.runFlow(plan)
	}
	x.leave()
	if err := x.settle(ctx); err != nil {
		x.end, sig = nil, x.halt(err)
	}
	if x.end != nil && errors.Is(x.stopCause(ctx), errReached) {
		return x.end, nil
	}
	if sig.kind == sigStop {
		return nil, x.stopCause(ctx)
	}
	return res, nil
}

// exec is one execution of a run.
type exec struct {
	log    durable.Log
	w      *writer
	host   Host
	o      Options
	cancel context.CancelCauseFunc
	past   map[string]*Record // by name; read-only after start
	count  *Counters
	seedMu sync.Mutex
	cut    bool  // a seeded record was refused: ignore the other seeds
	pins   bool  // outputs of some nodes are pinned
	look   *look // set for a Look, which writes nothing

	mu      sync.Mutex
	running int // branches that are not waiting
	waits   map[*waiter]struct{}
	taken   map[string]bool         // ids of messages that were taken
	given   map[string]vault.Secret // what people have told this execution, by name
	hands   map[string]int          // records of what people left, by path
	lazies  atomic.Bool             // some value is a *value.Ref
	astray  atomic.Bool             // a session was lost; see losses
	debug   atomic.Bool             // some line was paused, or has breakpoints
	fresh   bool                    // nothing was recorded before this execution
	// handsBefore says that a person has left something before this execution.
	handsBefore bool
	ordered     int64 // so many orders are in orders; fewer to look again
	orders      []givenOrder
	stop        error   // an error of the log: the run cannot go on
	end         *Result // how a run ends that is about one node
}

func (x *exec) stopCause(ctx context.Context) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.stop != nil {
		return x.stop
	}
	if err := context.Cause(ctx); err != nil {
		return err
	}
	return ErrInterrupted
}

// halt stops the whole run because of err.
func (x *exec) halt(err error) signal {
	x.mu.Lock()
	if x.stop == nil {
		x.stop = err
	}
	x.mu.Unlock()
	x.cancel(err)
	return signal{kind: sigStop}
}

// signal is how a chain ended.
type signal struct {
	kind int
	fail *node.Failure
	lost string // the live thing that was lost, if that is the failure
	out  map[string]any
}

// Kinds of signals.
const (
	sigNone     = iota // the chain ran to its end
	sigFail            // a node failed
	sigBreak           // leave the innermost loop
	sigContinue        // next turn of the innermost loop
	sigReturn          // end the flow with outputs
	sigStop            // the execution stops without an end
)

// frame is a place in the path of executions: an iteration of a loop, or a
// called flow.
type frame struct {
	up    *frame
	id    string
	index int // -1: no index
}

func (f *frame) path() string {
	if f == nil {
		return ""
	}
	s := f.id
	if f.index >= 0 {
		s = f.id + "[" + strconv.Itoa(f.index) + "]"
	}
	return joinPath(f.up.path(), s)
}

// branch is one line of control: the main one, a branch of a parallel node, an
// iteration that runs beside others. It has its own view of variables and
// outputs, which it gives back when it is joined.
type branch struct {
	x     *exec
	plan  *Plan
	ctx   context.Context
	at    *frame
	root  map[string]any // what expressions see
	vars  map[string]any
	nodes map[string]any
	wrote *writes // nil for the main line
	env   *node.Env
	depth int // of called flows
	level int // of chains inside each other
	dbg   *debugLine

	caller *branch // that called the flow; nil for the run's own
	ways   *way    // what brings lost sessions back, the innermost first
	caught bool    // the flow deals with failures of what is walked
}

// writes remembers what a branch changed, to be merged at the join.
type writes struct{ vars, nodes map[string]struct{} }

func (x *exec) rootBranch(ctx context.Context, plan *Plan, input map[string]any) *branch {
	b := &branch{x: x, plan: plan, ctx: ctx, vars: maps.Clone(plan.vars), nodes: map[string]any{}, dbg: &debugLine{live: x.fresh}}
	b.root = map[string]any{
		"vars": b.vars, "nodes": b.nodes, "inputs": input, "loop": nil, "loops": map[string]any{}, "error": nil,
		"run":  map[string]any{"id": x.o.RunID, "started_at": x.o.Started.UTC().Format(time.RFC3339Nano), "flow": plan.Flow.Name},
		"flow": map[string]any{"name": plan.Flow.Name, "digest": plan.Digest},
	}
	b.env = x.host.Env(node.RunInfo{ID: x.o.RunID, Flow: plan.Flow.Name, Started: x.o.Started}, "")
	return b
}

// fork returns a branch beside b that sees what b sees now.
func (b *branch) fork(ctx context.Context) *branch {
	c := *b
	c.ctx = ctx
	c.vars, c.nodes, c.root = maps.Clone(b.vars), maps.Clone(b.nodes), maps.Clone(b.root)
	c.root["vars"], c.root["nodes"] = c.vars, c.nodes
	if loops, ok := b.root["loops"].(map[string]any); ok {
		c.root["loops"] = maps.Clone(loops)
	}
	c.wrote = &writes{map[string]struct{}{}, map[string]struct{}{}}
	return &c
}

// join takes over what a branch changed.
func (b *branch) join(c *branch) {
	for k := range c.wrote.vars {
		b.setVar(k, c.vars[k])
	}
	for k := range c.wrote.nodes {
		b.setOut(k, c.nodes[k])
	}
}

func (b *branch) setVar(name string, v any) {
	b.vars[name] = v
	if b.wrote != nil {
		b.wrote.vars[name] = struct{}{}
	}
}

func (b *branch) setOut(id string, out any) {
	b.nodes[id] = out
	if b.wrote != nil {
		b.wrote.nodes[id] = struct{}{}
	}
}

func (b *branch) path(s *step) string { return joinPath(b.at.path(), s.id) }

// runFlow walks the whole plan and evaluates its outputs.
func (b *branch) runFlow(plan *Plan) (*Result, signal) {
	sig := b.withTimeout("", plan.Flow.Settings.Timeout, "the run", func(c *branch) signal { return c.chain(plan.start) })
	switch sig.kind {
	case sigStop:
		return nil, sig
	case sigFail:
		return &Result{Failure: sig.fail}, sig
	}
	out := sig.out
	if out == nil {
		out = map[string]any{}
	}
	for _, o := range plan.outputs {
		if _, given := out[o.name]; given {
			continue
		}
		v, err := b.make(o.make)
		if err == nil && !flow.IsType(v, o.typ) {
			err = node.Failf(node.KindInput, "the output %s is of type %s, and the flow promises %s", o.name, value.Kind(v), o.typ)
		}
		if err != nil {
			f := node.AsFailure(fmt.Errorf("output %s: %w", o.name, err))
			f.Kind = node.KindInput
			f.Message, _ = b.x.host.Mask(f.Message).(string)
			return &Result{Failure: f}, signal{kind: sigFail, fail: f}
		}
		out[o.name] = v
	}
	spilled := make(map[string]any, len(out))
	for k, v := range out {
		s, err := value.Spill(b.ctx, b.x.host.Mask(v), b.x.host.Store())
		if err != nil {
			return nil, b.x.halt(fmt.Errorf("storing the output %s: %w", k, err))
		}
		spilled[k] = s
	}
	return &Result{Output: spilled}, signal{out: out}
}

// chain walks from a node along the wires until none goes on.
func (b *branch) chain(s *step) signal {
	b.level++
	defer func() { b.level-- }()
	for s != nil {
		if b.ctx.Err() != nil {
			return b.stopped()
		}
		next, sig := b.step(s)
		if sig.kind != sigNone {
			return sig
		}
		s = next
	}
	return signal{}
}

// stopped tells why the context of the branch is done: the execution stops, or
// a block around it was given up.
func (b *branch) stopped() signal {
	var f *node.Failure
	if errors.As(context.Cause(b.ctx), &f) {
		return signal{kind: sigFail, fail: f}
	}
	return signal{kind: sigStop}
}

func (b *branch) step(s *step) (*step, signal) {
	if b.x.look != nil {
		return b.see(s)
	}
	if sig := b.pausing(s); sig.kind != sigNone {
		return nil, sig
	}
	if b.x.o.Until.hit(b, s) {
		return nil, b.reach(s)
	}
	return b.walk(s)
}

func (b *branch) walk(s *step) (*step, signal) {
	if p := b.x.pinned(b, s); p != nil && !s.node.Disabled {
		return b.pin(s, p)
	}
	if s.node.Disabled {
		return b.after(s), signal{}
	}
	if s.def.IsControl() {
		return b.control(s)
	}
	return b.act(s)
}

// after returns the node that follows a disabled one: on next, or done for
// nodes that have no next.
func (b *branch) after(s *step) *step {
	if s.next != nil {
		return s.next
	}
	return s.wire("done")
}

func (x *exec) emit(e Event) {
	if e.At.IsZero() {
		e.At = x.o.Now()
	}
	if x.look != nil {
		return
	}
	if x.w == nil {
		x.host.Emit(e)
		return
	}
	x.w.tell(func() { x.host.Emit(e) })
}
