package engine

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/question"
	"github.com/aether-rpa/aether/session"
)

// What is done about a session that a node needs and that could not be built
// again is in records beside the node's own:
//
//	save!session1  the first loss: whether the way back was walked or a person
//	               asked (enter, ask), the state that was lost, and for a person
//	               what was wrong and the state of what is there instead
//	save@1/login   what nodes on the way back did
//	save!back1     the way led back; the state of the session then
//	save!answer1   what the person decided: retry, continue, fail
//
// A node that is in doubt what to act on, and has not acted, is put to a person in the same way (doubt); what was
// live then stays as it is, and is in the record.
//
// The next loss of the same execution is number 2. What a node announces after
// losses is save!intent@1, so that it is not taken for one that was cut short.
const (
	lostEnter = "enter"
	lostAsk   = "ask"
	lostDoubt = "doubt"
)

// maxWays bounds how often the way back is walked for one node before a person
// is asked.
const maxWays = 3

// way is a block around a branch whose chain enter brings a live thing back.
type way struct {
	up         *way
	s          *step
	m          node.Way
	depth      int  // of called flows, where the block is
	entering   bool // it is its chain enter that is walked, which begins again after a loss
	loop, fail any  // what expressions saw there as loop and error
}

// enterWay walks the chains of a block that can bring back what its body needs.
// What is lost on the way in begins there again: the ways around it first, as
// room@2/walk.
func (b *branch) enterWay(s *step, m node.Way) signal {
	before := b.ways
	defer func() { b.ways = before }()
	w := &way{up: before, s: s, m: m, depth: b.depth, entering: true, loop: b.root["loop"], fail: b.root["error"]}
	key := session.Key(m.Kind, m.Name)
	b.ways = w
	sig := b.chain(s.wire("enter"))
	for round := 2; round <= maxWays && sig.kind == sigFail && sig.lost == key && b.ctx.Err() == nil; round++ {
		b.ways = before
		sig = b.walkWays(b.path(s), round, append(b.waysTo(m.Kind, m.Name), w), b.caught || round < maxWays)
	}
	if sig.kind != sigNone {
		return sig
	}
	within := *w
	within.entering = false
	b.ways = &within
	return b.chain(s.wire("body"))
}

// waysTo returns the blocks that bring back something live, the outermost first.
func (b *branch) waysTo(kind, name string) []*way {
	var out []*way
	for w := b.ways; w != nil; w = w.up {
		if w.m.Kind == kind && w.m.Name == name {
			out = append(out, w)
		}
	}
	slices.Reverse(out)
	return out
}

// catches says, until the returned function is called, that failures of what is
// walked are dealt with by the flow.
func (b *branch) catches(yes bool) func() {
	before := b.caught
	b.caught = before || yes
	return func() { b.caught = before }
}

// fails reports whether the loss of a session fails the node rather than being
// put to a person: the flow deals with failures itself, or says so.
func (b *branch) fails(s *step) bool {
	return b.caught || s.onError != nil || s.node.OnError == "continue" || s.retry != nil && slices.Contains(s.retry.On, node.KindSession) ||
		cmp.Or(s.node.OnInterrupted, b.plan.Flow.Settings.OnInterrupted) == "fail"
}

func lostName(name, what string, g int) string { return name + "!" + what + strconv.Itoa(g) }

// lossOf returns what a node lost, nil if it failed for another reason.
func lossOf(err error) *session.LostError {
	var l *session.LostError
	if errors.As(err, &l) {
		return l
	}
	return nil
}

// losses are the losses of one node execution.
type losses struct {
	b    *branch
	s    *step
	name string // of the record
	n    int    // so many so far
	ways int    // so often the way was walked since a person was asked
}

// replay goes by what was recorded. If the last loss was answered with fail,
// that is the failure.
func (l *losses) replay() (*node.Failure, signal) {
	for {
		rec := l.b.x.recall(lostName(l.name, "session", l.n+1))
		if rec == nil {
			return nil, signal{}
		}
		l.n++
		if live := l.b.x.host.Sessions(); live != nil && rec.Choice == lostDoubt {
			live.Recall(rec.Live, rec.End)
		}
		if fail, sig := l.mend(rec); fail != nil || sig.kind != sigNone {
			return fail, sig
		}
	}
}

// doubt puts it to a person that a node does not know what to act on. Then the node acts again, unless a failure is
// returned.
func (l *losses) doubt(f *node.Failure, env *node.Env) (*node.Failure, signal) {
	x := l.b.x
	rec := &Record{Choice: lostDoubt, Fail: f, Start: x.o.Now().UnixMilli()}
	l.b.keepSessions(rec, env)
	rec.End = x.o.Now().UnixMilli()
	l.n++
	x.astray.Store(true)
	if err := x.record(l.b.ctx, lostName(l.name, "session", l.n), rec); err != nil {
		return nil, x.halt(err)
	}
	return l.mend(rec)
}

// doubts reports whether a try failed since the node is in doubt, and a person is to settle it: the flow does not deal
// with failures, and no other try follows.
func (b *branch) doubts(s *step, err error, f *node.Failure, try int) bool {
	var d *node.DoubtError
	return errors.As(err, &d) && !b.fails(s) && (s.retry == nil || try >= s.retry.MaxAttempts || !retriable(f, s.retry.On))
}

// lost decides what is done about a loss, and does it. Then the node acts
// again, unless a failure is returned.
func (l *losses) lost(e *session.LostError, f *node.Failure) (*node.Failure, signal) {
	ways := l.b.waysTo(e.Kind, e.Name)
	if n := len(ways); n > 0 && ways[n-1].entering {
		return f, signal{} // the block begins again
	}
	if len(ways) == 0 || l.ways >= maxWays {
		return l.ask(e, f)
	}
	rec, sig := l.record(lostEnter, e, f)
	if sig.kind != sigNone {
		return nil, sig
	}
	l.b.x.emit(Event{Kind: EventLog, Path: l.b.path(l.s), Node: l.s.id, Type: l.s.def.Type, Text: f.Message + "; the flow's way back is walked", Out: "warn"})
	return l.mend(rec)
}

// record notes a loss and what is done about it.
func (l *losses) record(choice string, e *session.LostError, f *node.Failure) (*Record, signal) {
	x := l.b.x
	rec := &Record{Choice: choice, Lost: e.Was, Fail: f, Start: x.o.Now().UnixMilli(), Of: session.Key(e.Kind, e.Name)}
	if choice == lostAsk && e.Instead != nil {
		rec.Live = map[string][]byte{rec.Of: e.Instead}
	}
	l.n++
	x.astray.Store(true)
	if err := x.record(l.b.ctx, lostName(l.name, "session", l.n), rec); err != nil {
		return nil, x.halt(err)
	}
	return rec, signal{}
}

// ask puts a loss to a person, or returns its failure where the flow deals with
// failures.
func (l *losses) ask(e *session.LostError, f *node.Failure) (*node.Failure, signal) {
	if l.b.fails(l.s) {
		return f, signal{}
	}
	rec, sig := l.record(lostAsk, e, f)
	if sig.kind != sigNone {
		return nil, sig
	}
	return l.mend(rec)
}

// mend does what the record of the loss says, as far as it was not done.
func (l *losses) mend(rec *Record) (*node.Failure, signal) {
	b, x := l.b, l.b.x
	live := x.host.Sessions()
	switch {
	case rec.Choice == lostDoubt:
		return b.askDoubt(l.s, lostName(l.name, "answer", l.n), rec)
	case rec.Choice == lostAsk:
		l.ways = 0
		return b.askLost(l.s, lostName(l.name, "answer", l.n), rec)
	case live == nil:
		return rec.Fail, signal{}
	}
	l.ways++
	kind, of, _ := strings.Cut(rec.Of, "/")
	walked := b.walkWays(l.name, l.n, b.waysTo(kind, of), true)
	if walked.kind == sigStop || b.ctx.Err() != nil {
		return nil, b.stopped()
	}
	if back := x.recall(lostName(l.name, "back", l.n)); back != nil {
		live.Recall(back.Live, back.End)
		return nil, signal{}
	}
	if x.recall(lostName(l.name, "session", l.n+1)) != nil || x.recall(l.name) != nil {
		return nil, signal{} // it did not lead back, and what was done then is recorded
	}
	if walked.lost == rec.Of && l.ways < maxWays {
		again, sig := l.record(lostEnter, &session.LostError{Kind: kind, Name: of, Was: rec.Lost}, rec.Fail)
		if sig.kind != sigNone {
			return nil, sig
		}
		return l.mend(again)
	}
	ctx, cancel := b.nodeContext(l.s)
	err := live.Verify(ctx, kind, of, rec.Lost)
	cancel()
	if err == nil {
		back := &Record{Start: x.o.Now().UnixMilli()}
		b.keepSessions(back, x.host.Env(b.info(l.s), ""))
		back.End = x.o.Now().UnixMilli()
		if err := x.record(b.ctx, lostName(l.name, "back", l.n), back); err != nil {
			return nil, x.halt(err)
		}
		return nil, signal{}
	}
	if b.ctx.Err() != nil {
		return nil, b.stopped()
	}
	e := lossOf(err)
	if e == nil {
		return nil, x.halt(err)
	}
	f := *rec.Fail
	why := e.Err.Error()
	if walked.kind == sigFail {
		why = walked.fail.Error()
	}
	f.Message += "; the flow's way back did not lead there either: " + why
	f.Details = b.lostFacts(l.s, e, rec.Fail.Details)
	return l.ask(e, b.failure(l.s, &f))
}

// walkWays walks the ways back, the outermost first, as if they stood where the
// node or block is that needs them.
func (b *branch) walkWays(name string, g int, ways []*way, caught bool) signal {
	at := &frame{up: b.at, id: name[strings.LastIndexByte(name, '/')+1:] + "@" + strconv.Itoa(g), index: -1}
	for _, w := range ways {
		own := b
		for own.depth > w.depth && own.caller != nil {
			own = own.caller
		}
		c := *own
		c.ctx, c.at, c.ways, c.caught = b.ctx, at, nil, caught
		c.level, c.dbg = b.level, b.dbg
		loop, fail := c.root["loop"], c.root["error"]
		c.root["loop"], c.root["error"] = w.loop, w.fail
		sig := c.chain(w.s.wire("enter"))
		c.root["loop"], c.root["error"] = loop, fail
		switch sig.kind {
		case sigNone:
		case sigFail, sigStop:
			return sig
		default:
			return signal{kind: sigFail, fail: node.Fail(node.KindInput, "the way in at "+w.s.id+" left the loop or the flow", "put break, continue and return behind it")}
		}
	}
	return signal{}
}

// askLost asks a person what is to be done about a loss.
func (b *branch) askLost(s *step, name string, rec *Record) (*node.Failure, signal) {
	x := b.x
	was := x.recall(name)
	if was == nil {
		q := &question.Question{Kind: question.Decision, Style: "warning", Message: rec.Fail.Message + ". What now?"}
		q.Buttons = append(q.Buttons, question.Button{Name: "retry", Label: "Build it again"})
		if len(rec.Live) > 0 {
			q.Buttons = append(q.Buttons, question.Button{Name: "continue", Label: "Go on with the page that is there"})
		}
		q.Buttons = append(q.Buttons, question.Button{Name: "fail", Label: "Fail"})
		if m, ok := rec.Fail.Details.(map[string]any); ok {
			q.Details = &question.Details{Data: m}
		}
		w := wait("session", b.path(s), "session:"+name, q)
		w.Asked = rec.Start
		got, sig := b.arrive(s, w, expected{accept: acceptMessage(q)})
		if sig.kind != sigNone {
			return nil, sig
		}
		was = &Record{Choice: got.answer.Button, Message: got.message, End: x.o.Now().UnixMilli()}
		x.emit(Event{Kind: EventAnswered, Path: b.path(s), Node: s.id, Type: s.def.Type, Text: how(question.Reply{Answer: got.answer}), Wait: &w})
		if err := x.record(b.ctx, name, was); err != nil {
			return nil, x.halt(err)
		}
	}
	live := x.host.Sessions()
	switch {
	case was.Choice == "fail":
		return rec.Fail, signal{}
	case live == nil:
	case was.Choice == "continue":
		live.Recall(rec.Live, was.End)
	case rec.Lost != nil:
		live.Recall(map[string][]byte{rec.Of: rec.Lost}, was.End)
	}
	return nil, signal{}
}

// askDoubt asks a person whether a node that is in doubt is to look again or to fail.
func (b *branch) askDoubt(s *step, name string, rec *Record) (*node.Failure, signal) {
	x := b.x
	was := x.recall(name)
	if was == nil {
		q := &question.Question{Kind: question.Decision, Style: "warning", Message: rec.Fail.Message + ". What now?",
			Buttons: []question.Button{{Name: "again", Label: "Look again"}, {Name: "fail", Label: "Fail"}}}
		q.Details = &question.Details{}
		if rec.Fail.Hint != "" {
			q.Details.Text = "First " + rec.Fail.Hint + "."
		}
		if m, ok := rec.Fail.Details.(map[string]any); ok {
			q.Details.Data = m
		}
		w := wait("doubt", b.path(s), "doubt:"+name, q)
		w.Asked = rec.Start
		got, sig := b.arrive(s, w, expected{accept: acceptMessage(q)})
		if sig.kind != sigNone {
			return nil, sig
		}
		was = &Record{Choice: got.answer.Button, Message: got.message, End: x.o.Now().UnixMilli()}
		x.emit(Event{Kind: EventAnswered, Path: b.path(s), Node: s.id, Type: s.def.Type, Text: how(question.Reply{Answer: got.answer}), Wait: &w})
		if err := x.record(b.ctx, name, was); err != nil {
			return nil, x.halt(err)
		}
	}
	if was.Choice == "fail" {
		return rec.Fail, signal{}
	}
	return nil, signal{}
}

// info says for whom something is done that is no try of a node.
func (b *branch) info(s *step) node.RunInfo {
	return node.RunInfo{ID: b.x.o.RunID, Flow: b.plan.Flow.Name, Node: s.id, Path: b.path(s), Attempt: 1, Started: b.x.o.Started}
}

// lostFacts are the details of a failure that a lost session is: what was
// expected and what is there, with a picture that is kept with the run. What
// is not known of this loss is taken from an earlier one.
func (b *branch) lostFacts(s *step, l *session.LostError, before any) map[string]any {
	out := map[string]any{}
	if m, ok := before.(map[string]any); ok {
		for k, v := range m {
			out[k] = v
		}
	}
	for k, v := range l.Facts {
		out[k] = v
	}
	env := b.x.host.Env(b.info(s), "")
	if len(l.Picture) == 0 || env.Artifacts == nil {
		return out
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(b.ctx), 10*time.Second)
	defer cancel()
	digest, _, err := env.Artifacts.Put(ctx, func(w io.Writer) error {
		_, err := w.Write(l.Picture)
		return err
	})
	if err != nil {
		if env.Log != nil {
			env.Log.Warn("keeping the picture of a page", "run", b.x.o.RunID, "err", fmt.Errorf("%s: %w", b.path(s), err))
		}
		return out
	}
	out["screenshot"] = digest
	return out
}
