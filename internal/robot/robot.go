// Package robot executes runs in this process: it takes a run's lease, walks
// its flow with the engine on the durable runtime, keeps the lease while the
// flow runs, tells watchers what happens, and writes how it ended.
package robot

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aether-rpa/aether/internal/durable"
	"github.com/aether-rpa/aether/internal/engine"
	"github.com/aether-rpa/aether/internal/item"
	"github.com/aether-rpa/aether/internal/leftover"
	"github.com/aether-rpa/aether/internal/run"
	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/question"
	"github.com/aether-rpa/aether/session"
	"github.com/aether-rpa/aether/value"
	"github.com/aether-rpa/aether/vault"
)

// Robot executes runs. It is safe for concurrent use.
type Robot struct {
	Runs  *run.Store
	Items *item.Store // work items; nil if flows have none
	// Desk is what runs reach work items through that are kept elsewhere, and
	// looked after there; nil if Items has them.
	Desk node.Items
	// Elements keeps what is known of the elements of pages; nil if nothing does.
	Elements Elements
	// Heal is the policy for elements that are not found, where neither flow nor node have one; "" is propose.
	Heal string
	// Adviser is asked which element is meant where what is known does not tell; nil if nobody is.
	Adviser node.Adviser
	Durable durable.Runtime
	Nodes   *node.Registry
	// Env is what every node execution starts from; the robot fills in what
	// differs by run and node.
	Env   node.Env
	Store value.Sink
	Vault vault.Reader
	Log   *slog.Logger
	Owner string // this process, see run.Self
	// Work gives each run that needs one a folder, which is removed when the run
	// ends.
	Work *leftover.Place
	// Sessions make the live things of runs, such as browsers, by kind.
	Sessions map[string]session.Provider
	// SessionKey is the key that their states are sealed with; nil keeps none, and they end with the process.
	SessionKey func(ctx context.Context, run string) ([]byte, error)
	// AnswerLink makes the link of a person to what a run asks on a topic; nil where there are none.
	AnswerLink func(ctx context.Context, run, topic, person string, valid time.Duration) (string, error)
	// ParkAfter is engine.Options.ParkAfter.
	ParkAfter time.Duration
	// Observe is told of all that happens, in order, by one goroutine at a time;
	// it must be quick. It may be nil.
	Observe func(*run.Run, engine.Event)
	// Ask puts a question to the person who attends this process; see
	// engine.Options.Ask. It is nil if nobody does.
	Ask func(context.Context, *run.Run, engine.Wait) (question.Answer, error)
	// Attend is Ask for a run that is paused.
	Attend func(context.Context, *run.Run, engine.Wait) (engine.Command, error)
	// HoldPaused and HoldLive are those of engine.Options.
	HoldPaused, HoldLive time.Duration
	// Trace makes spans for a run; nil for none.
	Trace func(ctx context.Context, r *run.Run) (context.Context, Tracer)
	// WrapLog may put something around the log of a run, to measure it; nil for
	// nothing.
	WrapLog func(durable.Log) durable.Log
	// Live is where runs are watched; nil where nobody can watch.
	Live Live
	// Keep says when the traces of browser work are kept.
	Keep TraceKeep
	Now  func() time.Time

	plans sync.Map // digest -> *engine.Plan
}

// Tracer observes one execution for telemetry.
type Tracer interface {
	Event(engine.Event)
	// Traceparent names the span of a try of a node, which is about to begin, as a W3C
	// traceparent; empty if there is none.
	Traceparent(path string, try int) string
	End(r *run.Run, err error)
}

// heartbeat is how often the lease is renewed, and cancelPoll how often the
// robot looks whether somebody asked to cancel.
const (
	heartbeat  = 10 * time.Second
	cancelPoll = 500 * time.Millisecond
)

// Execute runs a run to its end, or until it parks, is interrupted (ctx) or
// cancelled, and returns it as it is then. The error is nil whenever the run's
// own status tells what happened.
func (r *Robot) Execute(ctx context.Context, id string, count *engine.Counters) (*run.Run, error) {
	rn, err := r.Runs.Claim(ctx, id, r.Owner)
	if err != nil {
		return nil, err
	}
	seq, last, err := r.Runs.LastEvent(ctx, id)
	if err != nil {
		return nil, err
	}
	var said map[string]bool
	if rn.Resumes > 0 {
		if said, err = r.said(ctx, id); err != nil {
			return nil, err
		}
	}
	// The heartbeat goes by this context, which no trace knows: its queries say
	// nothing of the run.
	beat := ctx
	rn.Waits, rn.Wake = nil, time.Time{} // it waits no more
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var tracer Tracer
	if r.Trace != nil {
		ctx, tracer = r.Trace(ctx, rn)
	}
	h := &host{robot: r, run: rn, ctx: ctx, seq: seq, last: last, said: said, tracer: tracer, environ: slices.Clip(append(slices.Clone(r.Env.Environ), r.Work.Mark(rn.ID)))}
	h.journal = newJournal(r.Runs, r.Log)
	h.sessions = r.sessions(ctx, rn.SealedAs(), h.tempDir)
	if rn.Resumes > 0 {
		// The process that executed the run before may have been killed and have
		// left programs behind. The run goes on with its folder.
		r.sweepPrograms(ctx)
	}
	if h.desk, err = r.desk(ctx, rn); err != nil {
		return nil, err
	}
	if h.elements, err = r.elements(ctx, h, said); err != nil {
		return nil, err
	}
	if err := r.countOrders(ctx, rn, &h.orders); err != nil {
		return nil, err
	}
	stop := r.keepLease(beat, cancel, rn, count, h)
	h.note("run_started", map[string]any{"resumes": rn.Resumes, "owner": r.Owner})
	h.noteLeaks(r.Work.Found(rn.ID))

	if r.Live != nil {
		h.hand = newHand(h)
		if rn.Resumes > 0 {
			h.hand.look(ctx)
		}
	}
	unseen := h.showing(beat)
	res, execErr := r.walk(ctx, rn, h, count)
	unseen()
	h.elements.close()
	h.closeSessions()
	h.endPrograms()
	stop()
	rn.Nodes, rn.Recorded = count.Nodes.Load(), rn.Recorded+count.Recorded.Load()
	err = r.finish(ctx, rn, h, res, execErr)
	h.journal.close()
	h.leaveFolder(err == nil && rn.Status.Final())
	if tracer != nil {
		tracer.End(rn, err)
	}
	return rn, err
}

// walk lets the durable runtime call the engine.
func (r *Robot) walk(ctx context.Context, rn *run.Run, h *host, count *engine.Counters) (*engine.Result, error) {
	plan, err := h.Flow(ctx, rn.Digest)
	if err != nil {
		return nil, err
	}
	h.trace = &recorder{h: h, keep: r.Keep.of(plan)}
	o := engine.Options{RunID: rn.ID, Started: rn.Started, Pins: rn.Pins, ParkAfter: r.ParkAfter, Orders: &h.orders, HoldPaused: r.HoldPaused, HoldLive: r.HoldLive, Now: r.Now}
	if r.Ask != nil {
		o.Ask = h.ask
	}
	if r.Attend != nil {
		o.Attend = func(ctx context.Context, w engine.Wait) (engine.Command, error) { return r.Attend(ctx, rn, w) }
	}
	if h.hand != nil {
		o.Hand = h.hand
	}
	in, err := value.Decode(rn.Input, r.Store)
	if err != nil {
		return nil, fmt.Errorf("reading the input of run %s: %w", rn.ID, err)
	}
	o.Input, _ = in.(map[string]any)
	if d := rn.Development; d != nil && d.Mode != run.TryFrom {
		o.Until, o.Alone = &engine.Aim{Node: d.Node, At: d.At}, d.Mode == run.TryNode
	}
	if rn.Seed != nil {
		if o.Seed, err = ReadSeed(ctx, r.Store, rn.Seed.Artifact); err != nil {
			return nil, err
		}
		o.CheckSeed = rn.Seed.Check
	}
	elsewhere, err := r.Runs.AllRecords(ctx, rn.ID)
	if err != nil {
		return nil, err
	}
	out, err := r.Durable.Run(ctx, rn.ID, func(ctx context.Context, log durable.Log) ([]byte, error) {
		if r.WrapLog != nil {
			log = r.WrapLog(log)
		}
		if len(elsewhere) > 0 {
			log = joined{log, elsewhere}
		}
		res, err := engine.Execute(ctx, plan, log, h, o, count)
		// Once the runtime has the result, the records are not walked again, and
		// what the journal lacks would never be told.
		h.journal.flush()
		if err != nil {
			return nil, err
		}
		return encodeResult(res)
	})
	if err != nil {
		return nil, err
	}
	return decodeResult(out, r.Store)
}

// finish writes how the execution ended.
func (r *Robot) finish(ctx context.Context, rn *run.Run, h *host, res *engine.Result, execErr error) error {
	var parked *engine.ParkedError
	kind := "run_finished"
	data := map[string]any{}
	switch {
	case execErr == nil && res.Failure != nil:
		rn.Status, rn.Failure = run.Failed, res.Failure
		data["failure"] = res.Failure.Value()
	case execErr == nil:
		b, err := value.Encode(nil, res.Output)
		if err != nil {
			return fmt.Errorf("encoding the outputs of run %s: %w", rn.ID, err)
		}
		rn.Status, rn.Output = run.Done, b
	case errors.As(execErr, &parked):
		kind = "run_parked"
		rn.Status, rn.Wake = run.Waiting, parked.Wake
		for _, w := range parked.Waits {
			if w.Ask != nil {
				rn.Status = run.Attention
			}
			rn.Paused = rn.Paused || w.Paused != nil
		}
		b, err := json.Marshal(parked.Waits)
		if err != nil {
			return err
		}
		rn.Waits = b
		execErr = nil
	case errors.Is(execErr, engine.ErrCancelled):
		rn.Status = run.Cancelled
		execErr = nil
	case errors.Is(execErr, run.ErrLeaseLost), errors.Is(execErr, durable.ErrLost):
		return fmt.Errorf("run %s: %w", rn.ID, run.ErrLeaseLost)
	default:
		// Interrupted, or the database failed: the run stays as it is, free to be
		// taken up again.
		kind = "run_interrupted"
		rn.Status, rn.Interrupted = run.Running, true
		if errors.Is(execErr, engine.ErrInterrupted) || errors.Is(execErr, context.Canceled) {
			execErr = nil
		} else {
			data["error"] = execErr.Error()
		}
	}
	if rn.Status == run.Failed {
		h.trace.failed(ctx)
	}
	data["status"] = rn.Shown()
	h.note(kind, data)
	endCtx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
	defer cancel()
	// Before the end of the run is written: a crash in between does it again.
	itemErr := persist(endCtx, func() error { return r.leaveItems(endCtx, rn, h.desk) })
	var lost error
	err := persist(endCtx, func() error {
		err := r.Runs.End(endCtx, rn)
		if errors.Is(err, run.ErrLeaseLost) {
			lost = err // somebody else's by now, who will write its end
			return nil
		}
		return err
	})
	return errors.Join(execErr, itemErr, err, lost)
}

// persist tries a write again while the database is away, until ctx is done.
func persist(ctx context.Context, write func() error) error {
	for wait := 100 * time.Millisecond; ; wait = min(2*wait, 2*time.Second) {
		err := write()
		if err == nil {
			return nil
		}
		t := time.NewTimer(wait)
		select {
		case <-t.C:
		case <-ctx.Done():
			t.Stop()
			return err
		}
	}
}

// keepLease renews the lease until stop is called, and cancels the execution
// when the lease is lost or somebody asks for it.
func (r *Robot) keepLease(ctx context.Context, cancel context.CancelCauseFunc, rn *run.Run, count *engine.Counters, h *host) (stop func()) {
	ctx, end := context.WithCancel(context.WithoutCancel(ctx))
	done := make(chan struct{})
	go func() {
		defer close(done)
		poll, beat := time.NewTicker(cancelPoll), time.NewTicker(heartbeat)
		defer poll.Stop()
		defer beat.Stop()
		for {
			var asked bool
			var err error
			select {
			case <-ctx.Done():
				return
			case <-poll.C:
				var orders int64
				if asked, orders, err = r.Runs.Asked(ctx, rn, engine.DebugTopic); err == nil {
					h.orders.Store(orders)
				}
			case <-beat.C:
				asked, err = r.Runs.Beat(ctx, rn, count.Nodes.Load(), rn.Recorded+count.Recorded.Load())
				if err == nil {
					err = r.beatItems(ctx, rn, h.desk)
				}
			}
			switch {
			case errors.Is(err, run.ErrLeaseLost):
				cancel(run.ErrLeaseLost)
				return
			case err != nil:
				// The database is away; the lease is long enough for a short absence,
				// and records are fenced by the durable runtime.
				r.Log.Debug("renewing the lease", "run", rn.ID, "err", err)
			case asked:
				cancel(engine.ErrCancelled)
				return
			}
		}
	}()
	return func() {
		end()
		<-done
	}
}

// Plan returns the compiled flow version of a digest.
func (r *Robot) Plan(ctx context.Context, digest string) (*engine.Plan, error) {
	if p, ok := r.plans.Load(digest); ok {
		return p.(*engine.Plan), nil
	}
	p, err := LoadPlan(ctx, r.Runs, r.Nodes, digest)
	if err != nil {
		return nil, err
	}
	r.plans.Store(digest, p)
	return p, nil
}

// host implements engine.Host for one execution.
type host struct {
	robot   *Robot
	run     *run.Run
	ctx     context.Context
	journal *journal
	desk    *item.Desk // nil if there are no work items
	tracer  Tracer
	trace   *recorder
	mask    maskSet
	last    time.Time // when the last event of an earlier execution was
	said    map[string]bool
	waits   []engine.Wait // open questions and pauses of this execution
	orders  atomic.Int64  // so many were sent to the run
	environ []string      // of the programs it starts

	sessions *session.Table
	hand     *hand     // nil where nobody can take over
	elements *elements // nil if nothing is known of any

	mu   sync.Mutex
	seq  int64
	temp *leftover.Folder // nil before it is needed
}

// Flow implements engine.Host.
func (h *host) Flow(ctx context.Context, digest string) (*engine.Plan, error) {
	p, err := h.robot.Plan(ctx, digest)
	if err == nil {
		h.elements.flow(p)
	}
	return p, err
}

// Env implements engine.Host.
func (h *host) Env(info node.RunInfo, token string) *node.Env {
	e := h.robot.Env
	e.Run, e.Token, e.Artifacts, e.TempDir = info, token, &keeper{h}, h.tempDir
	e.Environ, e.Sessions, e.Trace = h.environOf(info), h.sessions, h.trace.env(info)
	e.Log = h.robot.Log.With("run", info.ID, "node", info.Node)
	e.Now, e.Mask = h.robot.Now, h.Mask
	switch {
	case h.desk != nil:
		e.Items = h.desk
	case h.robot.Desk != nil:
		e.Items = h.robot.Desk
	}
	if h.elements != nil {
		e.Elements = h.elements.of(info)
	}
	e.Progress = func(msg string, done, total int) {
		h.Emit(engine.Event{Kind: engine.EventProgress, Path: info.Path, Node: info.Node, At: h.robot.Now(), Text: h.mask.Text(msg), Done: done, Sum: total})
	}
	e.Message = func(level slog.Level, text string) {
		h.Emit(engine.Event{Kind: engine.EventLog, Path: info.Path, Node: info.Node, At: h.robot.Now(), Text: h.mask.Text(text), Out: level.String()})
	}
	return &e
}

// Secret implements engine.Host.
func (h *host) Secret(ctx context.Context, name string) (vault.Secret, error) {
	s, err := h.robot.Vault.Get(ctx, name)
	if err == nil {
		h.mask.Add(s.Reveal())
	}
	return s, err
}

// Messages implements engine.Host.
func (h *host) Messages(ctx context.Context, topic string) ([]engine.Message, error) {
	list, err := h.robot.Runs.Messages(ctx, h.run.ID, topic)
	if err != nil {
		return nil, err
	}
	out := make([]engine.Message, len(list))
	for i, m := range list {
		v, err := value.Parse(m.Data)
		if err != nil {
			return nil, fmt.Errorf("the message %s is damaged: %w", m.ID, err)
		}
		out[i] = engine.Message{ID: m.ID, Data: v, At: m.At}
	}
	return out, nil
}

// Store implements engine.Host.
func (h *host) Store() value.Sink { return &keeper{h} }

// Sessions implements engine.Host.
func (h *host) Sessions() *session.Table { return h.sessions }

// Mask implements engine.Host.
func (h *host) Mask(v any) any { return h.mask.Value(v) }

// said returns what earlier executions of a run have told watchers: a node
// that logs is not recorded and would say it again on replay.
func (r *Robot) said(ctx context.Context, id string) (map[string]bool, error) {
	out := map[string]bool{}
	for after := int64(0); ; {
		page, err := r.Runs.Events(ctx, id, after, 1000)
		if err != nil || len(page) == 0 {
			return out, err
		}
		for _, e := range page {
			after = e.Seq
			var d struct {
				Text string `json:"text"`
			}
			if e.Kind == engine.EventLog && json.Unmarshal(e.Data, &d) == nil {
				out[e.Path+"\x00"+d.Text] = true
			}
			if key := toldOf(e); key != "" {
				out[key] = true
			}
		}
	}
}

// Emit implements engine.Host.
func (h *host) Emit(e engine.Event) {
	if e.Kind == engine.EventLog && h.said[e.Path+"\x00"+e.Text] {
		return
	}
	if e.Kind == engine.EventFinished || e.Kind == engine.EventFailed {
		h.elements.ended(e.Path, e.Kind == engine.EventFinished)
	}
	if h.tracer != nil {
		h.tracer.Event(e)
	}
	if e.Wait != nil && (e.Wait.Ask != nil || e.Wait.Paused != nil) {
		h.publishWait(*e.Wait, e.Kind == engine.EventWaiting)
	}
	if h.robot.Observe != nil {
		h.mu.Lock()
		h.robot.Observe(h.run, e)
		h.mu.Unlock()
	}
	// What an earlier execution did is in the journal already, but for what it
	// could not write before it died.
	if e.Kind == engine.EventIteration || e.Replayed && !e.At.After(h.last) {
		return
	}
	data := map[string]any{"node": e.Node, "type": e.Type}
	if e.Pinned {
		data["pinned"] = true
	}
	if e.Try > 1 {
		data["try"] = e.Try
	}
	if e.Wait != nil && e.Wait.Paused != nil {
		data["paused"] = true // the node has not begun
	}
	if e.Fail != nil {
		data["failure"] = e.Fail.Value()
	}
	if e.Text != "" {
		data["text"] = e.Text
	}
	if e.Kind == engine.EventLog {
		data["level"] = e.Out
	}
	if e.Kind == engine.EventFinished || e.Kind == engine.EventFailed {
		data["ms"], data["effect"] = e.Took.Milliseconds(), e.Effect.String()
	}
	if e.Kind == engine.EventWaiting && e.Took > 0 {
		data["ms"] = e.Took.Milliseconds() // how long it waits
	}
	h.noteAt(e.Kind, e.Path, e.At, data)
}

func (h *host) note(kind string, data map[string]any) {
	h.noteAt(kind, "", h.robot.Now(), data)
}

func (h *host) noteAt(kind, path string, at time.Time, data map[string]any) {
	b, err := value.JSON(data)
	if err != nil {
		b = []byte(`{}`)
	}
	h.mu.Lock()
	h.seq++
	e := run.Event{Run: h.run.ID, Seq: h.seq, Kind: kind, Path: path, At: at, Data: b}
	h.mu.Unlock()
	h.journal.add(e)
}
