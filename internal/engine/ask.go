package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/question"
	"github.com/aether-rpa/aether/value"
	"github.com/aether-rpa/aether/vault"
)

// ErrNobody is what Options.Ask returns when the person does not want to answer
// now: the question then waits to be answered from elsewhere.
var ErrNobody = errors.New("nobody answers now")

// arrival is what a branch waited for.
type arrival struct {
	ok      bool   // false: the time came first
	message string // id of the message that brought it, "" for an answer given here
	data    any    // of the message
	at      time.Time
	answer  question.Answer
}

// expected says what a branch waits for besides what people are shown of it.
type expected struct {
	until time.Time // at most; zero for ever
	// accept takes a message or refuses it; nil takes all.
	accept func(data any) (question.Answer, error)
	// hold is how long the wait holds this process before it may park.
	hold time.Duration
	// instead is the answer of an unattended run that nobody has answered yet.
	instead *question.Answer
}

// arrive waits for a message on the wait's topic, or for the answer of the
// person who attends the run.
func (b *branch) arrive(s *step, w Wait, e expected) (arrival, signal) {
	x := b.x
	if got, ok, sig := b.look(w, e); ok || sig.kind != sigNone {
		return got, sig
	}
	if !e.until.IsZero() {
		if !x.o.Now().Before(e.until) {
			return arrival{}, signal{}
		}
		w.Until = e.until.UnixMilli()
	}
	if e.instead != nil {
		return arrival{ok: true, answer: *e.instead}, signal{}
	}
	if w.Ask != nil && w.Asked == 0 {
		w.Asked = x.o.Now().UnixMilli()
	}
	if err := x.settle(b.ctx); err != nil { // what somebody outside is told rests on it
		return arrival{}, x.halt(err)
	}
	x.emit(Event{Kind: EventWaiting, Path: w.Path, Node: s.id, Type: s.def.Type, Text: w.Question, Wait: &w})
	hold, had := e.hold, false
	if e.hold <= 0 && x.handed(w) {
		e.hold = handLook
	}
	wt := &waiter{w: w, until: e.until, ctx: b.ctx}
	heard, hush := b.listen(w, e)
	defer hush()
	var held <-chan time.Time
	if e.hold > 0 {
		t := time.NewTimer(e.hold)
		defer t.Stop()
		held = t.C
	}
	wt.quick = heard != nil || held != nil
	unblock := x.block(wt)
	defer unblock()
	tick := time.NewTicker(messagePoll)
	defer tick.Stop()
	for {
		select {
		case <-b.ctx.Done():
			return arrival{}, b.stopped()
		case a, ok := <-heard:
			if ok {
				return arrival{ok: true, at: x.o.Now(), answer: a}, b.takeBack(w)
			}
			if heard = nil; held == nil {
				x.unattended(wt)
			}
		case <-held:
			if held = nil; x.handed(w) {
				held, had = time.After(handLook), true
			} else if had && hold > 0 {
				held, had = time.After(hold), false // who has handed it back may want to step on
			} else if heard == nil {
				if sig := b.keepHand(w.Path, true); sig.kind != sigNone {
					return arrival{}, sig
				}
				x.unattended(wt)
			}
		case <-tick.C:
			got, ok, sig := b.look(w, e)
			if ok {
				sig = b.takeBack(w)
			} else if sig.kind == sigNone {
				sig = b.keepHand(w.Path, false)
			}
			if ok || sig.kind != sigNone {
				return got, sig
			}
			if !e.until.IsZero() && !x.o.Now().Before(e.until) {
				return arrival{}, signal{}
			}
		}
	}
}

// look takes the first message on the topic that nobody took.
func (b *branch) look(w Wait, e expected) (arrival, bool, signal) {
	x := b.x
	list, err := x.host.Messages(b.ctx, w.Topic)
	if err != nil && b.ctx.Err() == nil {
		return arrival{}, false, x.halt(fmt.Errorf("looking for messages to %s: %w", w.Path, err))
	}
	if w.Ask != nil && w.Ask.Several() {
		got, ok := agreed(w, e, list)
		return got, ok, signal{}
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	for _, m := range list {
		key := w.Topic + "\x00" + m.ID
		if x.taken[key] {
			continue
		}
		x.taken[key] = true
		got := arrival{ok: true, message: key, data: m.Data, at: m.At}
		if e.accept != nil {
			// What is no answer leaves the question open.
			if got.answer, err = e.accept(m.Data); err != nil {
				continue
			}
		}
		return got, true, signal{}
	}
	return arrival{}, false, signal{}
}

// agreed returns what the answers of several people make together, of those that were sent so far. None is taken one by
// one: what was sent stays, and after a crash they are counted again.
func agreed(w Wait, e expected, list []Message) (arrival, bool) {
	var given []question.Answer
	for _, m := range list {
		a, err := e.accept(m.Data)
		if err != nil {
			continue // what is no answer leaves the question open
		}
		given = append(given, a)
		if one, ok := w.Ask.Decide(given); ok {
			return arrival{ok: true, message: w.Topic + "\x00" + m.ID, data: m.Data, at: m.At, answer: one}, true
		}
	}
	return arrival{}, false
}

// listen asks the person who attends the run, if there is one. The channel
// gives an answer, or is closed if there will be none; hush takes the question
// back and waits until it is off the screen.
func (b *branch) listen(w Wait, e expected) (<-chan question.Answer, func()) {
	ask := b.asking(w, e)
	if ask == nil {
		return nil, func() {}
	}
	ctx, cancel := context.WithCancel(b.ctx)
	if !e.until.IsZero() {
		ctx, cancel = context.WithDeadline(b.ctx, e.until)
	}
	heard := make(chan question.Answer, 1)
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		defer close(heard)
		if a, err := ask(ctx); err == nil {
			heard <- a
		}
	}()
	return heard, func() {
		cancel()
		<-gone
	}
}

// asking returns what puts a wait to the person who attends the run, or nil.
func (b *branch) asking(w Wait, e expected) func(context.Context) (question.Answer, error) {
	o := b.x.o
	switch {
	case w.Paused != nil && o.Attend != nil:
		return func(ctx context.Context) (question.Answer, error) {
			c, err := o.Attend(ctx, w)
			if err != nil {
				return question.Answer{}, err
			}
			return e.accept(c.Message())
		}
	case w.Ask != nil && o.Ask != nil && !w.Ask.Named():
		return func(ctx context.Context) (question.Answer, error) {
			w.Ask = w.Ask.Proposing()
			a, err := o.Ask(ctx, w)
			if err != nil {
				return a, err
			}
			return w.Ask.Accept(a)
		}
	}
	return nil
}

// unattended lets a waiting branch park: nobody is asked any more.
func (x *exec) unattended(w *waiter) {
	x.mu.Lock()
	w.quick = false
	x.parkIfIdle()
	x.mu.Unlock()
}

// await waits for a message or an answer, which is recorded.
func (b *branch) await(s *step, m node.Await) (string, signal) {
	q, err := b.masked(m.Ask)
	if err == nil && q != nil {
		err = q.Check()
	}
	if err != nil {
		f := b.failure(s, err)
		f.Kind, f.Permanent = node.KindInput, true
		return "", signal{kind: sigFail, fail: f}
	}
	path := b.path(s)
	w := Wait{Kind: "message", Path: path, Topic: m.Topic}
	if q != nil {
		w = wait("question", path, "answer:"+path, q)
		if q.Kind == question.Approval {
			w.Kind = q.Kind
		}
	}
	rec := b.x.recall(path)
	if rec == nil {
		var sig signal
		if rec, sig = b.put(s, m, w); sig.kind != sigNone {
			return "", sig
		}
	} else if rec.Secret {
		if sig := b.askSecrets(s, w, rec); sig.kind != sigNone {
			return "", sig
		}
	}
	out, err := value.Decode(rec.Out, b.x.host.Store())
	if err != nil {
		return "", b.x.halt(fmt.Errorf("reading the record of %s: %w", path, err))
	}
	if om, ok := out.(map[string]any); ok {
		b.noteLazies(om)
		b.setOut(s.id, om)
	}
	return b.answered(s, m, q, rec)
}

func wait(kind, path, topic string, q *question.Question) Wait {
	w := Wait{Kind: kind, Path: path, Topic: topic, Question: q.Headline(), Choices: q.Names(), Ask: q}
	if q.Details != nil {
		w.Details = q.Details.Data
	}
	return w
}

// answered returns the port that follows what was recorded.
func (b *branch) answered(s *step, m node.Await, q *question.Question, rec *Record) (string, signal) {
	ports := []string{"next"}
	if q != nil {
		switch {
		case rec.Choice == "":
		case q.Closes(question.Answer{Button: rec.Choice}):
			ports = []string{"cancelled", "next"}
		default:
			ports = []string{rec.Choice, "next"}
		}
	}
	if rec.Timeout {
		if s.wire("timeout") == nil && rec.Choice == "" {
			f := b.failure(s, node.Fail(node.KindTimeout, fmt.Sprintf("nobody answered within %s", m.Timeout), "wire the port timeout to go on without an answer"))
			return "", signal{kind: sigFail, fail: f}
		}
		ports = append([]string{"timeout"}, ports...)
	}
	for _, p := range ports {
		if s.wire(p) != nil {
			return p, signal{}
		}
	}
	return ports[len(ports)-1], signal{}
}

// put asks, and records the answer.
func (b *branch) put(s *step, m node.Await, w Wait) (*Record, signal) {
	x := b.x
	b.dbg.live = true
	start := x.o.Now()
	var e expected
	if m.Timeout > 0 || w.Ask != nil {
		asked := x.recall(w.Path + "!asked")
		if asked == nil {
			asked = &Record{Start: start.UnixMilli()}
			if m.Timeout > 0 {
				asked.Until = start.Add(m.Timeout).UnixMilli()
			}
			if err := x.record(b.ctx, w.Path+"!asked", asked); err != nil {
				return nil, x.halt(err)
			}
		}
		w.Asked = asked.Start
		if m.Timeout > 0 {
			e.until = time.UnixMilli(asked.Until)
			w.Late = late(s, w.Ask)
		}
	}
	if q := w.Ask; q != nil {
		e.accept = acceptMessage(q)
		if x.o.Ask == nil {
			if a, ok := q.WhenUnattended(func(name string) bool { return b.knows(name) }); ok {
				e.instead = &a
			}
		}
	}
	got, sig := b.arrive(s, w, e)
	if sig.kind != sigNone {
		return nil, sig
	}
	rec := &Record{Start: start.UnixMilli(), End: x.o.Now().UnixMilli(), Def: s.defHash, Timeout: !got.ok, Message: got.message}
	rec.Unattended = got.ok && e.instead != nil && got.message == ""
	out := map[string]any{"message": x.host.Mask(got.data), "received_at": nil}
	if got.ok {
		out["received_at"] = got.at.UTC().Format(time.RFC3339Nano)
	}
	if q := w.Ask; q != nil {
		r := question.Reply{Answer: got.answer, TimedOut: rec.Timeout, Unattended: rec.Unattended, At: got.at}
		if rec.Timeout {
			r.Answer, _ = q.WhenLate()
		}
		rec.Choice, r.Cancelled = r.Button, q.Closes(r.Answer)
		if !r.Cancelled && !rec.Timeout && !rec.Unattended {
			rec.Secret = x.keep(q, r.Values)
		}
		if m.Outputs != nil {
			out, _ = x.host.Mask(m.Outputs(r)).(map[string]any)
		}
		x.emit(Event{Kind: EventAnswered, Path: w.Path, Node: s.id, Type: s.def.Type, Text: how(r), Wait: &w})
	}
	if err := b.recordOut(w.Path, rec, out); err != nil {
		return nil, x.halt(err)
	}
	return rec, signal{}
}

// late says what happens when nobody answers in time.
func late(s *step, q *question.Question) string {
	if s.wire("timeout") != nil {
		return "port"
	}
	if q != nil {
		if _, ok := q.WhenLate(); ok {
			return q.OnTimeout
		}
	}
	return question.Fail
}

// how tells watchers how a question ended. What was filled in is not told.
func how(r question.Reply) string {
	by := r.By
	switch {
	case r.TimedOut:
		by = "nobody answered in time"
	case r.Unattended:
		by = "taken because nobody attends the run"
	case by != "" && r.Via == question.ViaLink:
		by = "by " + by + " (by link)"
	case by != "":
		by = "by " + by
	}
	if r.Button == "" || by == "" {
		return r.Button + by
	}
	return r.Button + ", " + by
}

func (b *branch) recordOut(path string, rec *Record, out map[string]any) error {
	for k, v := range out {
		n, err := value.Normalize(v)
		if err == nil {
			n, err = value.Spill(b.ctx, n, b.x.host.Store())
		}
		if err != nil {
			return fmt.Errorf("storing what %s was told: %w", path, err)
		}
		out[k] = n
	}
	var err error
	if rec.Out, err = value.Encode(nil, out); err != nil {
		return err
	}
	return b.x.record(b.ctx, path, rec)
}

func acceptMessage(q *question.Question) func(any) (question.Answer, error) {
	return func(data any) (question.Answer, error) {
		a, err := question.FromMessage(data)
		if err != nil {
			return a, err
		}
		if b, ok := q.Button(a.Button); len(q.Secrets()) > 0 && !(ok && b.Cancels) {
			return a, errors.New("secrets do not travel as messages")
		}
		return q.Accept(a)
	}
}

// masked returns the question without the secrets that are known: it is kept
// and shown.
func (b *branch) masked(q *question.Question) (*question.Question, error) {
	if q == nil {
		return nil, nil
	}
	data, err := json.Marshal(q)
	if err != nil {
		return nil, fmt.Errorf("the question cannot be written down: %w", err)
	}
	v, err := value.Parse(data)
	if err != nil {
		return nil, fmt.Errorf("the question cannot be written down: %w", err)
	}
	if data, err = value.JSON(b.x.host.Mask(v)); err != nil {
		return nil, err
	}
	var out question.Question
	if err := json.Unmarshal(data, &out); err != nil {
		return nil, err
	}
	return &out, out.Normalize()
}

// keep takes the answers to secret fields out of the values: the run knows them
// by name, for as long as this process executes it. It reports whether there
// were any.
func (x *exec) keep(q *question.Question, values map[string]any) bool {
	fields := q.Secrets()
	x.mu.Lock()
	defer x.mu.Unlock()
	for _, f := range fields {
		if x.given == nil {
			x.given = map[string]vault.Secret{}
		}
		text, _ := values[f.Name].(string)
		x.given[f.Keep] = vault.New(text)
		delete(values, f.Name)
	}
	return len(fields) > 0
}

// told returns a secret that a person has told this execution.
func (x *exec) told(name string) (vault.Secret, bool) {
	x.mu.Lock()
	defer x.mu.Unlock()
	s, ok := x.given[name]
	return s, ok
}

// knows reports whether a secret can be read without asking anybody.
func (b *branch) knows(name string) bool {
	if _, ok := b.x.told(name); ok {
		return true
	}
	_, err := b.x.host.Secret(b.ctx, name)
	return err == nil
}

// askSecrets asks again for secrets that the record only says were given.
func (b *branch) askSecrets(s *step, w Wait, rec *Record) signal {
	missing := false
	for _, f := range w.Ask.Secrets() {
		missing = missing || !b.knows(f.Keep)
	}
	if !missing {
		return signal{}
	}
	known, err := value.Decode(rec.Out, b.x.host.Store())
	if err != nil {
		return b.x.halt(fmt.Errorf("reading the record of %s: %w", w.Path, err))
	}
	m, _ := known.(map[string]any)
	w = wait(w.Kind, w.Path, w.Topic, w.Ask.OnlySecrets(m))
	got, sig := b.arrive(s, w, expected{accept: acceptMessage(w.Ask)})
	if sig.kind == sigNone {
		b.x.keep(w.Ask, got.answer.Values)
		b.x.emit(Event{Kind: EventAnswered, Path: w.Path, Node: s.id, Type: s.def.Type, Text: how(question.Reply{Answer: got.answer}), Wait: &w})
	}
	return sig
}
