package engine

import (
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/question"
	"github.com/aether-rpa/aether/value"
)

// A run is paused before a node acts: at a breakpoint, behind a step, or since a
// person wants it. The line that came there waits, like one that asks a question;
// other lines go on until they come to a breakpoint of their own. What a person
// says is recorded beside the node, one record for each time:
//
//	each[2]/fetch!paused1  heard: the breakpoints are others from here on; pause:
//	                       a person wanted a pause, which begins here; else the
//	                       command, with the variables that were set
//
// So a replay sets the same variables, and passes where the run has passed.

func pausedName(path string, n int) string { return path + "!paused" + strconv.Itoa(n) }

// pausing stops the line before a node, if it is to stop there, until it is to
// go on.
func (b *branch) pausing(s *step) signal {
	x := b.x
	if x.handsBefore {
		b.replayHands(b.path(s))
	}
	if !x.debug.Load() && (x.o.Orders == nil || x.o.Orders.Load() == 0) || s.node.Disabled {
		return signal{}
	}
	path := b.path(s)
	n, told, why, passed, sig := b.replayPause(path)
	if passed || sig.kind != sigNone {
		return sig
	}
	note := ""
	if why == "" {
		orders := b.pending()
		if len(orders) == 0 && !b.dbg.active() || b.acted(s, path) {
			return signal{}
		}
		if len(orders) > 0 && (b.dbg.live || b.acts(s)) {
			var noted bool
			if why, noted, sig = b.heed(pausedName(path, n), orders); sig.kind != sigNone {
				return sig
			}
			if noted {
				n++
			}
		}
		if why == "" {
			if why, note = b.dbg.stop(b, s, path); why == "" {
				return signal{}
			}
		}
	}
	b.dbg.Step = ""
	for ; ; n++ {
		cmd, sig := b.pause(s, pausedName(path, n), b.paused(s, why, note, told))
		if sig.kind != sigNone || cmd != CommandStay {
			return sig
		}
		told++
	}
}

// replayPause does what was recorded of pauses before a node: it returns the
// number of the next record, how often the line was told something here, why it
// has stopped, and whether it has gone on since.
func (b *branch) replayPause(path string) (n, told int, why string, passed bool, sig signal) {
	x := b.x
	for n = 1; ; n++ {
		rec := x.recall(pausedName(path, n))
		if rec == nil {
			return n, told, why, passed, signal{}
		}
		if err := b.setVars(rec.Debug); err != nil {
			return n, told, "", false, x.halt(fmt.Errorf("reading the record %s: %w", pausedName(path, n), err))
		}
		// Of a run that is retried only the values count: its breakpoints are its own.
		if rec.seeded {
			continue
		}
		switch rec.Choice {
		case notedOrders, notedPause:
			b.dbg.hear(rec.Debug.Breaks, rec.Debug.Orders)
			if rec.Choice == notedPause {
				why = "pause"
			}
			continue
		case CommandStay:
			told++
			if why = "pause"; rec.Debug != nil && rec.Debug.Why != "" {
				why = rec.Debug.Why
			}
			continue
		}
		passed = true
		if sig := b.obey(rec.Choice); sig.kind != sigNone {
			return n, told, "", true, sig
		}
	}
}

// obey does what a command says.
func (b *branch) obey(command string) signal {
	b.dbg.Step, b.dbg.Level = "", 0
	switch command {
	case CommandStop:
		return b.x.halt(ErrCancelled)
	case CommandOver, CommandInto, CommandOut:
		b.dbg.Step, b.dbg.Level = command, b.level
	}
	return signal{}
}

// acted reports whether the result of a node is known already, so that it will not act.
func (b *branch) acted(s *step, path string) bool {
	if s.def.IsControl() {
		return false
	}
	r := b.x.recall(path)
	if r == nil || !r.seeded || !b.x.o.CheckSeed {
		return r != nil
	}
	return r.Def == s.defHash && r.In == b.inputHash(s)
}

// acts reports whether a node acts, so that the absence of its record tells that
// the line was never here.
func (b *branch) acts(s *step) bool {
	switch {
	case s.def.IsControl():
		return false
	case s.def.EffectOf == nil:
		return s.def.Effect != node.Pure
	}
	in, fail := b.bind(s)
	return fail == nil && s.def.EffectOf(in) != node.Pure
}

// given is an order with its id.
type givenOrder struct {
	Order
	id string
}

// pending returns the orders that the line has not heard.
func (b *branch) pending() []givenOrder {
	x := b.x
	if x.o.Orders == nil {
		return nil
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	if sent := x.o.Orders.Load(); sent > x.ordered {
		list, err := x.host.Messages(b.ctx, DebugTopic)
		if err != nil {
			return nil // once more before the next node
		}
		x.ordered, x.orders = max(sent, int64(len(list))), x.orders[:0:0]
		for _, m := range list {
			o := givenOrder{id: m.ID}
			if data, err := value.JSON(m.Data); err == nil && json.Unmarshal(data, &o.Order) == nil {
				x.orders = append(x.orders, o)
			}
		}
	}
	var out []givenOrder
	for _, o := range x.orders {
		if !b.dbg.knows(o.id) && (o.Breaks != nil || !x.taken[DebugTopic+"\x00"+o.id]) {
			out = append(out, o)
		}
	}
	return out
}

func (d *debugLine) knows(order string) bool {
	for _, id := range d.Heard {
		if id == order {
			return true
		}
	}
	return false
}

// heed takes orders over, and records that. A wish to pause is for one line: the
// first that comes to a node.
func (b *branch) heed(name string, orders []givenOrder) (why string, noted bool, sig signal) {
	x := b.x
	rec := &Record{Choice: notedOrders, Debug: &debugNote{}}
	x.mu.Lock()
	for _, o := range orders {
		key := DebugTopic + "\x00" + o.id
		if o.Pause && x.taken[key] && o.Breaks == nil {
			continue
		}
		if o.Pause && !x.taken[key] {
			x.taken[key] = true
			rec.Choice, rec.Message, why = notedPause, key, "pause"
		}
		if o.Breaks != nil {
			rec.Debug.Breaks = o.Breaks
		}
		if o.By != "" {
			rec.Debug.By = o.By
		}
		rec.Debug.Orders = append(rec.Debug.Orders, o.id)
	}
	x.mu.Unlock()
	if len(rec.Debug.Orders) == 0 {
		return "", false, signal{}
	}
	rec.End = x.o.Now().UnixMilli()
	if err := x.record(b.ctx, name, rec); err != nil {
		return "", false, x.halt(err)
	}
	b.dbg.live = true
	x.debug.Store(true)
	b.dbg.hear(rec.Debug.Breaks, rec.Debug.Orders)
	return why, true, signal{}
}

// pause waits before a node for a command, records it and does what it says.
func (b *branch) pause(s *step, name string, shown *Paused) (string, signal) {
	x := b.x
	var cmd Command
	e := expected{hold: x.o.HoldPaused, accept: func(data any) (question.Answer, error) {
		c, err := b.accept(data)
		if err == nil {
			cmd = c
		}
		return question.Answer{}, err
	}}
	if live := x.host.Sessions(); live != nil && live.Any() {
		e.hold = x.o.HoldLive
	}
	path := b.path(s)
	w := Wait{Kind: WaitPaused, Path: path, Topic: DebugTopic + ":" + path, Paused: shown}
	start := x.o.Now()
	got, sig := b.arrive(s, w, e)
	if sig.kind != sigNone {
		return "", sig
	}
	// An order that was sent before the command counts before it is obeyed.
	x.mu.Lock()
	x.ordered = -1
	x.mu.Unlock()
	rec := &Record{Choice: cmd.Command, Message: got.message, Start: start.UnixMilli(), End: x.o.Now().UnixMilli(), Debug: &debugNote{By: cmd.By, Why: shown.Why}}
	if len(cmd.Set) > 0 {
		for k, v := range cmd.Set {
			spilled, err := value.Spill(b.ctx, v, x.host.Store())
			if err != nil {
				return "", x.halt(fmt.Errorf("storing the variable %s: %w", k, err))
			}
			cmd.Set[k] = spilled
		}
		var err error
		if rec.Debug.Set, err = value.Encode(nil, cmd.Set); err != nil {
			return "", x.halt(err)
		}
	}
	if err := x.record(b.ctx, name, rec); err != nil {
		return "", x.halt(err)
	}
	b.dbg.live = true
	x.debug.Store(true)
	text := cmd.Command
	if cmd.By != "" {
		text += ", by " + cmd.By
	}
	x.emit(Event{Kind: EventAnswered, Path: w.Path, Node: s.id, Type: s.def.Type, Text: text, Wait: &w})
	if err := b.setVars(rec.Debug); err != nil {
		return "", x.halt(err)
	}
	if cmd.Command == CommandStay {
		return CommandStay, signal{}
	}
	return cmd.Command, b.obey(cmd.Command)
}

// accept reads a command and holds its values to what may be set here.
func (b *branch) accept(data any) (Command, error) {
	c, err := commandOf(data)
	if err != nil {
		return c, err
	}
	c.Set, err = CheckSet(c.Set, func(name string) bool { _, ok := b.vars[name]; return ok })
	if err == nil {
		for name, v := range c.Set {
			if !value.Equal(v, b.x.host.Mask(v)) {
				err = fmt.Errorf("the variable %s would hold a secret: it would be written down", name)
			}
		}
	}
	if err != nil {
		b.x.emit(Event{Kind: EventLog, Text: "a command was refused: " + err.Error(), Out: "warn"})
	}
	return c, err
}
