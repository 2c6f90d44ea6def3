package engine

import (
	"encoding/json"
	"strconv"
	"sync"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/question"
)

// intend records that the node is about to act, after so many losses of a
// session. If that was recorded before and no result followed, a crash came
// between: policy decides, and a person if it says ask. A record is returned if
// the node must not act now, and otherwise the number of the intent.
func (b *branch) intend(s *step, name string, losses, from int, policy string) (*Record, int, signal) {
	x := b.x
	for g := from; ; g++ {
		intent := markName(name, "intent", g, losses)
		was := x.recall(intent)
		if was == nil {
			keep := x.record
			if s.def.LooksFirst && x.look == nil {
				keep = x.recordSoon // announce has it written
			}
			if err := keep(b.ctx, intent, &Record{Start: x.o.Now().UnixMilli(), Def: s.defHash}); err != nil {
				return nil, 0, x.halt(err)
			}
			return nil, g, signal{}
		}
		interrupted := &Record{Start: was.Start, Def: s.defHash, Fail: &node.Failure{
			Kind: node.KindInterrupted, Node: s.id, Path: b.path(s), Permanent: true,
			Message: "a crash came while " + s.def.Type + " was acting, and it is unknown whether it did",
			Hint:    "look at the other side; set on_interrupted to retry if repeating it does no harm",
		}}
		choice := "fail"
		if policy == "ask" {
			c, sig := b.decide(s, name, losses, g, interrupted.Fail)
			if sig.kind != sigNone {
				return nil, 0, sig
			}
			choice = c
		}
		switch choice {
		case "again":
			continue
		case "skip":
			interrupted.Fail, interrupted.Out = nil, json.RawMessage(`{}`)
		}
		interrupted.End = x.o.Now().UnixMilli()
		if err := x.record(b.ctx, name, interrupted); err != nil {
			return nil, 0, x.halt(err)
		}
		return interrupted, 0, signal{}
	}
}

// announce makes durable what has to be so before a node acts, its intent above all, and returns what waits for that. A
// node that looks first does so meanwhile.
func (b *branch) announce(s *step, env *node.Env) func() error {
	if !s.def.LooksFirst {
		return sync.OnceValue(func() error { return b.x.confirm(b.ctx) })
	}
	said := make(chan error, 1)
	go func() { said <- b.x.confirm(b.ctx) }()
	env.Announced = sync.OnceValue(func() error { return <-said })
	return env.Announced
}

// unannounced ends a run whose node may not act, since what has to be recorded before could not be.
func (b *branch) unannounced(err error) signal {
	if b.ctx.Err() != nil {
		return b.stopped()
	}
	return b.x.halt(err)
}

// markName is the name of a record about intent g of an execution. The first
// has no number; after a session was lost the node announces itself anew.
func markName(name, what string, g, losses int) string {
	name += "!" + what
	if g > 1 || what == "decision" {
		name += strconv.Itoa(g)
	}
	if losses > 0 {
		name += "@" + strconv.Itoa(losses)
	}
	return name
}

// interrupted deals with a node that was cut short while its process lived: it
// reports whether the execution ends with the record, as a person says.
func (b *branch) interrupted(s *step, name string, losses, g int, rec *Record, env *node.Env) (bool, signal) {
	x := b.x
	choice, sig := b.decide(s, name, losses, g, rec.Fail)
	if sig.kind != sigNone || choice == "again" {
		return false, sig
	}
	if choice == "skip" {
		rec.Fail, rec.Out = nil, json.RawMessage(`{}`)
	}
	b.keepSessions(rec, env)
	rec.End = x.o.Now().UnixMilli()
	if err := x.record(b.ctx, name, rec); err != nil {
		return false, x.halt(err)
	}
	return true, signal{}
}

// decide gives a person's decision about intent g of an execution.
func (b *branch) decide(s *step, name string, losses, g int, f *node.Failure) (string, signal) {
	decision := markName(name, "decision", g, losses)
	if r := b.x.recall(decision); r != nil {
		return r.Choice, signal{}
	}
	return b.askInterrupted(s, decision, f)
}

// askInterrupted waits for a person's decision about an interrupted node and
// records it.
func (b *branch) askInterrupted(s *step, decision string, f *node.Failure) (string, signal) {
	q := &question.Question{Kind: question.Decision, Style: "warning", Message: f.Message + ". What now?", Buttons: []question.Button{{Name: "skip"}, {Name: "again"}, {Name: "fail"}}}
	w := wait("interrupted", b.path(s), "decide:"+decision, q)
	got, sig := b.arrive(s, w, expected{accept: func(data any) (question.Answer, error) {
		choice, _ := data.(string)
		return q.Accept(question.Answer{Button: choice})
	}})
	if sig.kind != sigNone {
		return "", sig
	}
	choice := got.answer.Button
	b.x.emit(Event{Kind: EventAnswered, Path: b.path(s), Node: s.id, Type: s.def.Type, Text: choice, Wait: &w})
	if err := b.x.record(b.ctx, decision, &Record{Choice: choice, Message: got.message, End: b.x.o.Now().UnixMilli()}); err != nil {
		return "", b.x.halt(err)
	}
	return choice, signal{}
}
