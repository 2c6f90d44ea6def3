package engine

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/value"
)

// maxItemErrors bounds the failures that a loop over items lists.
const maxItemErrors = 1000

// itemLoop is a loop over work items while it runs. What it takes and how an
// item ended are records beside those of the body:
//
//	each[2]!item  the item that turn 2 took, or that none was left
//	each[2]!lost  after a crash the item was somebody else's: the body is not
//	              walked any more
//	each[2]!done  what became of it
//
// Taking is idempotent by a token made of the record's name, ending by the
// item's fence, so a crash between acting and recording does no harm.
type itemLoop struct {
	b   *branch
	s   *step
	m   node.EachItem
	row int // application failures in a row
	sum map[string]int
	err []any
}

// eachItem walks the body once for each item of a queue.
func (b *branch) eachItem(s *step, m node.EachItem) signal {
	view := b.openLoop(s.id)
	defer view.close()
	l := &itemLoop{b: b, s: s, m: m, sum: map[string]int{}}
	i := 0
	finish := func() {
		b.setOut(s.id, map[string]any{"count": i, "successful": l.sum[node.ItemSuccessful], "failed": l.sum[node.ItemFailed], "retried": l.sum[node.ItemRetried],
			"lost": l.sum["lost"], "errors": list(l.err)})
	}
	for ; m.Max == 0 || i < m.Max; i++ {
		if b.ctx.Err() != nil {
			return b.stopped()
		}
		item, sig := l.take(i)
		if sig.kind != sigNone {
			return sig
		}
		if item == nil {
			break
		}
		b.emitTurn(s, i, -1)
		if s.keep || b.x.look != nil {
			b.setOut(s.id, map[string]any{"item": item, "index": i})
		}
		view.turn(map[string]any{"item": item, "index": i, "count": -1})
		sig, leave := l.turn(i, item)
		switch {
		case sig.kind != sigNone:
			return sig
		case leave:
			i++
			finish()
			return signal{}
		}
	}
	finish()
	return signal{}
}

func (l *itemLoop) name(i int, what string) string {
	return fmt.Sprintf("%s[%d]!%s", l.b.path(l.s), i, what)
}

// desk returns what the loop reaches the items through.
func (l *itemLoop) desk(i int) (node.Items, *node.Failure) {
	x := l.b.x
	env := x.host.Env(node.RunInfo{ID: x.o.RunID, Flow: l.b.plan.Flow.Name, Node: l.s.id, Path: fmt.Sprintf("%s[%d]", l.b.path(l.s), i), Attempt: 1, Started: x.o.Started}, token(x.o.RunID, l.name(i, "item")))
	if env.Items == nil {
		return nil, l.b.failure(l.s, node.Fail(node.KindNotFound, "there are no work items here", "run the flow with `aether run` or give it to a robot"))
	}
	return env.Items, nil
}

// recalled returns a record of the loop. A record that came with a retry counts
// only if the loop is the same as then.
func (l *itemLoop) recalled(name string) *Record {
	x := l.b.x
	r := x.recall(name)
	if r != nil && r.seeded && x.o.CheckSeed && r.Def != l.s.defHash {
		x.seedMu.Lock()
		x.cut = true
		x.seedMu.Unlock()
		return nil
	}
	return r
}

// note records what the loop did.
func (l *itemLoop) note(name string, start time.Time, out map[string]any) signal {
	x := l.b.x
	b, err := value.Encode(nil, out)
	if err == nil {
		err = x.record(l.b.ctx, name, &Record{Out: b, Def: l.s.defHash, Start: start.UnixMilli(), End: x.o.Now().UnixMilli()})
	}
	if err != nil {
		return x.halt(err)
	}
	return signal{}
}

// broken decides about an error of the store: what a flow can deal with fails
// the loop, anything else stops the run, which can be taken up again.
func (l *itemLoop) broken(err error) signal {
	if l.b.ctx.Err() != nil {
		return l.b.stopped()
	}
	var f *node.Failure
	if errors.As(err, &f) {
		return signal{kind: sigFail, fail: l.b.failure(l.s, err)}
	}
	return l.b.x.halt(err)
}

// take returns the item of a turn, nil if none is left.
func (l *itemLoop) take(i int) (map[string]any, signal) {
	b, x := l.b, l.b.x
	name := l.name(i, "item")
	if r := l.recalled(name); r != nil {
		out, err := value.Decode(r.Out, x.host.Store())
		if err != nil {
			return nil, x.halt(fmt.Errorf("reading the record %s: %w", name, err))
		}
		b.noteLazies(map[string]any{"": out})
		m, _ := out.(map[string]any)
		item, _ := m["item"].(map[string]any)
		b.noteLazies(item)
		return item, signal{}
	}
	if x.look != nil {
		return nil, signal{}
	}
	desk, fail := l.desk(i)
	if fail != nil {
		return nil, signal{kind: sigFail, fail: fail}
	}
	start := x.o.Now()
	if l.m.Wait > 0 {
		// It holds this process while it waits: the next item may come any moment.
		defer x.block(&waiter{w: Wait{Kind: "item", Path: b.path(l.s)}, quick: true, ctx: b.ctx})()
	}
	if err := x.settle(b.ctx); err != nil {
		return nil, x.halt(err)
	}
	got, err := desk.Next(b.ctx, l.m.Queue, token(x.o.RunID, name), l.m.Wait)
	if err != nil {
		return nil, l.broken(err)
	}
	if got == nil {
		return nil, l.note(name, start, map[string]any{"item": nil})
	}
	item, _ := x.host.Mask(got.Value()).(map[string]any)
	for k, v := range item {
		if item[k], err = value.Spill(b.ctx, v, x.host.Store()); err != nil {
			return nil, x.halt(fmt.Errorf("storing item %d: %w", got.ID, err))
		}
	}
	b.noteLazies(item)
	return item, l.note(name, start, map[string]any{"item": item})
}

// turn walks the body for an item and says what became of it. It reports
// whether the loop is left.
func (l *itemLoop) turn(i int, item map[string]any) (sig signal, leave bool) {
	b, x := l.b, l.b.x
	hold, err := node.HoldOf(item)
	if err != nil {
		return x.halt(fmt.Errorf("reading the record %s: %w", l.name(i, "item"), err)), false
	}
	if sig, ok := l.still(i, hold); sig.kind != sigNone || !ok {
		if sig.kind == sigNone {
			l.sum["lost"]++
		}
		return sig, false
	}
	sig = b.turn(l.s, i)
	if sig.kind == sigStop {
		return sig, false
	}
	if b.ctx.Err() != nil {
		// A block around the loop was given up: the item goes back.
		l.back(i, hold)
		return sig, false
	}
	end := node.ItemEnd{Status: node.ItemSuccessful, Lenient: true}
	if sig.kind != sigFail {
		var f *node.Failure
		if end.Output, f = l.eval("output", l.m.Output); f == nil {
			end.Analytics, f = l.eval("analytics", l.m.Analytics)
		}
		if f != nil {
			sig = signal{kind: sigFail, fail: f}
		}
	}
	if sig.kind == sigFail {
		end = l.failure(sig.fail)
	}
	status, fresh, bad := l.end(i, item, hold, end)
	if bad.kind != sigNone {
		return bad, false
	}
	l.sum[status]++
	switch sig.kind {
	case sigReturn:
		return sig, false
	case sigBreak:
		return signal{}, true
	case sigFail:
		return l.failed(i, item, sig.fail, fresh), false
	}
	l.row = 0
	return signal{}, false
}

// still makes sure, after a crash, that the run still has the item whose turn
// was cut short.
func (l *itemLoop) still(i int, hold node.ItemHold) (signal, bool) {
	x := l.b.x
	if x.look != nil || l.recalled(l.name(i, "done")) != nil || x.past[l.name(i, "item")] == nil {
		return signal{}, true
	}
	if l.recalled(l.name(i, "lost")) != nil {
		return signal{}, false
	}
	desk, fail := l.desk(i)
	if fail != nil {
		return signal{kind: sigFail, fail: fail}, false
	}
	start := x.o.Now()
	err := desk.Keep(l.b.ctx, hold, nil)
	var f *node.Failure
	switch {
	case err == nil, errors.As(err, &f) && f.Code == node.CodeItemEnded:
		// The crash may have come between the end of the item and its record.
		return signal{}, true
	case errors.As(err, &f) && f.Code == node.CodeItemLost:
		return l.note(l.name(i, "lost"), start, map[string]any{}), false
	}
	return l.broken(err), false
}

// back gives the item of a turn back that will not be walked to its end.
func (l *itemLoop) back(i int, hold node.ItemHold) {
	desk, fail := l.desk(i)
	if fail != nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(l.b.ctx), 10*time.Second)
	defer cancel()
	// What fails here the end of the run mends.
	_, _ = desk.End(ctx, hold, node.ItemEnd{Status: node.ItemNew, Lenient: true})
}

// eval makes the output of an item.
func (l *itemLoop) eval(what string, e node.Lazy) (any, *node.Failure) {
	if !e.Given() {
		return nil, nil
	}
	v, err := e.Eval(l.b.ctx, nil)
	if err == nil {
		v, err = value.LoadAll(l.b.ctx, v)
	}
	if err != nil {
		return nil, l.b.failure(l.s, fmt.Errorf("the %s of the item: %w", what, err))
	}
	return l.b.x.host.Mask(v), nil
}

// failure is the end of an item whose body failed.
func (l *itemLoop) failure(f *node.Failure) node.ItemEnd {
	mask := l.b.x.host.Mask
	reason, _ := mask(f.Message).(string)
	return node.ItemEnd{Status: node.ItemFailed, Business: f.Kind == node.KindBusiness, Reason: reason, Details: mask(f.Value()), Lenient: true}
}

// end says what became of an item and returns the status it has then. Fresh is
// false for what came with the records of a run that this one retries.
func (l *itemLoop) end(i int, item map[string]any, hold node.ItemHold, e node.ItemEnd) (status string, fresh bool, sig signal) {
	name := l.name(i, "done")
	if r := l.recalled(name); r != nil {
		out, err := value.Decode(r.Out, nil)
		m, _ := out.(map[string]any)
		status, ok := m["status"].(string)
		if err != nil || !ok {
			return "", false, l.b.x.halt(fmt.Errorf("the record %s is damaged", name))
		}
		return status, !r.seeded, signal{}
	}
	if l.b.x.look != nil {
		return e.Status, false, signal{}
	}
	desk, fail := l.desk(i)
	if fail != nil {
		return "", false, signal{kind: sigFail, fail: fail}
	}
	start := l.b.x.o.Now()
	if err := l.b.x.settle(l.b.ctx); err != nil {
		return "", false, l.b.x.halt(err)
	}
	got, err := desk.End(l.b.ctx, hold, e)
	var f *node.Failure
	if errors.As(err, &f) && f.Code != node.CodeItemLost && e.Status == node.ItemSuccessful {
		// The queue refuses the output: that is the flow's failure, like any other
		// of the body.
		f = l.b.failure(l.s, err)
		e = l.failure(f)
		got, err = desk.End(l.b.ctx, hold, e)
	}
	if errors.As(err, &f) && f.Code == node.CodeItemLost {
		got, err = node.ItemEnded{Status: "lost"}, nil
	}
	if err != nil {
		return "", false, l.broken(err)
	}
	l.tell(i, item, e, got)
	return got.Status, true, l.note(name, start, map[string]any{"status": got.Status, "retry": int(got.Retry)})
}

// tell tells watchers of an item that did not succeed.
func (l *itemLoop) tell(i int, item map[string]any, e node.ItemEnd, got node.ItemEnded) {
	text := fmt.Sprintf("item %v", item["id"])
	if ref, _ := item["reference"].(string); ref != "" {
		text += " (" + ref + ")"
	}
	switch got.Status {
	case node.ItemFailed:
		text += " failed: " + e.Reason
	case node.ItemRetried:
		text += fmt.Sprintf(" failed and is tried again as item %d: %s", got.Retry, e.Reason)
	case "lost":
		text += " was lost: another run took it, or a person changed it"
	default:
		return
	}
	l.b.x.emit(Event{Kind: EventLog, Path: fmt.Sprintf("%s[%d]", l.b.path(l.s), i), Node: l.s.id, Type: l.s.def.Type, Text: text, Out: "warn"})
}

// failed counts a failed item and decides whether the loop goes on.
func (l *itemLoop) failed(i int, item map[string]any, f *node.Failure, fresh bool) signal {
	if len(l.err) < maxItemErrors {
		v := turnError(i, f)
		v["id"], v["reference"] = item["id"], item["reference"]
		l.err = append(l.err, v)
	}
	switch {
	case l.m.OnFailure == "stop" && fresh:
		return signal{kind: sigFail, fail: f}
	case f.Kind == node.KindBusiness, !fresh:
		// Who retries a run that stopped here wants it to go on.
		l.row = 0
		return signal{}
	}
	if l.row++; l.m.MaxFailures > 0 && l.row >= l.m.MaxFailures {
		return signal{kind: sigFail, fail: &node.Failure{Kind: f.Kind, Code: f.Code, Node: l.s.id, Path: l.b.path(l.s), Details: f.Details,
			Message: fmt.Sprintf("%d items in a row failed; the last one, %v, because %s", l.row, item["id"], f.Error()),
			Hint:    "the application may be down: mend it and retry the run; max_consecutive_failures says after how many to stop"}}
	}
	return signal{}
}
