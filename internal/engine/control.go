package engine

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aether-rpa/aether/flow"
	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/value"
)

// control asks a node that steers for its move and carries it out.
func (b *branch) control(s *step) (next *step, sig signal) {
	in, fail := b.bind(s)
	if fail != nil {
		return b.failed(s, fail)
	}
	move, err := b.route(s, in)
	if err != nil {
		return b.failed(s, b.failure(s, err))
	}
	b.x.count.Nodes.Add(1)
	if take, ok := move.(node.Take); ok { // the most frequent move, and the cheapest
		if take.Out != nil && s.keep {
			b.setOut(s.id, take.Out)
		}
		return s.wire(take.Port), signal{}
	}
	var port string
	if s.node.Timeout == 0 {
		port, sig = b.carryOut(s, move)
	} else {
		port, sig = b.carryOutInTime(s, move)
	}
	// A block around this node that was given up is not this node's failure to
	// handle.
	if sig.kind == sigFail && b.ctx.Err() == nil {
		return b.failed(s, sig.fail)
	}
	if sig.kind != sigNone {
		return nil, sig
	}
	return s.wire(port), sig
}

func (b *branch) carryOutInTime(s *step, move node.Move) (port string, sig signal) {
	sig = b.withTimeout(b.path(s), s.node.Timeout, "the node", func(c *branch) signal {
		p, sig := c.carryOut(s, move)
		port = p
		return sig
	})
	return port, sig
}

func (b *branch) route(s *step, in any) (m node.Move, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = node.Fail(node.KindPanic, fmt.Sprintf("%s has a defect: %v", s.def.Type, p), "please report it")
		}
	}()
	return s.def.Route(b.ctx, in)
}

// carryOut performs a move and returns the port that is followed after it.
func (b *branch) carryOut(s *step, move node.Move) (port string, sig signal) {
	switch m := move.(type) {
	case node.Assign:
		set, err := m.Update(b.variable)
		if err != nil {
			return "", signal{kind: sigFail, fail: b.failure(s, err)}
		}
		for k, v := range set {
			n, err := value.Normalize(v)
			if err != nil {
				return "", signal{kind: sigFail, fail: b.failure(s, fmt.Errorf("the variable %s: %w", k, err))}
			}
			b.setVar(k, n)
		}
		if s.keep {
			b.setOut(s.id, set)
		}
		return "next", signal{}
	case node.Say:
		b.say(s, m)
		return "next", signal{}
	case node.Each:
		return "done", b.each(s, m)
	case node.While:
		return "done", b.while(s, m)
	case node.Guard:
		return "done", b.guard(s)
	case node.Attempt:
		return "done", b.retry(s, m)
	case node.Fork:
		return "done", b.parallel(s, m)
	case node.Sleep:
		return "next", b.sleep(s, m)
	case node.Await:
		return b.ask(s, m)
	case node.Call:
		return "next", b.callFlow(s, m)
	case node.Return:
		return "", signal{kind: sigReturn, out: m.Outputs}
	case node.Raise:
		f := *m.Failure
		f.Node, f.Path = s.id, b.path(s)
		return "", signal{kind: sigFail, fail: &f}
	case node.Break:
		return "", signal{kind: sigBreak}
	case node.Continue:
		return "", signal{kind: sigContinue}
	}
	return "", signal{kind: sigFail, fail: b.failure(s, node.Failf(node.KindPanic, "%s made a move that the engine does not know: %T", s.def.Type, move))}
}

func (b *branch) variable(name string) (any, error) {
	v := b.vars[name]
	return value.LoadAll(b.ctx, v)
}

func (b *branch) say(s *step, m node.Say) {
	text, _ := b.x.host.Mask(m.Text).(string)
	b.x.emit(Event{Kind: EventLog, Path: b.path(s), Node: s.id, Type: s.def.Type, Text: text, Out: m.Level})
}

// loopView is what expressions see of a turn.
type loopView struct {
	root  map[string]any
	id    string
	saved [2]any
	had   bool
}

// openLoop puts the turn's view under loop and loops.<id>.
func (b *branch) openLoop(id string) *loopView {
	loops, _ := b.root["loops"].(map[string]any)
	l := &loopView{root: b.root, id: id}
	l.saved[0] = b.root["loop"]
	l.saved[1], l.had = loops[id]
	return l
}

func (l *loopView) turn(view map[string]any) {
	l.root["loop"] = view
	l.root["loops"].(map[string]any)[l.id] = view
}

func (l *loopView) close() {
	l.root["loop"] = l.saved[0]
	loops := l.root["loops"].(map[string]any)
	if l.had {
		loops[l.id] = l.saved[1]
	} else {
		delete(loops, l.id)
	}
}

// each walks the body once for each item.
func (b *branch) each(s *step, m node.Each) signal {
	if m.Concurrency > 1 {
		return b.eachAtOnce(s, m)
	}
	view := b.openLoop(s.id)
	defer view.close()
	total := m.Items.Len()
	var results, errs []any
	i := 0
	finish := func() {
		b.setOut(s.id, map[string]any{"results": list(results), "errors": list(errs), "count": i})
	}
	for item, err := range m.Items.All(b.ctx) {
		if err != nil {
			if b.ctx.Err() != nil {
				return b.stopped(s)
			}
			return signal{kind: sigFail, fail: b.failure(s, fmt.Errorf("reading the items: %w", err))}
		}
		b.emitTurn(s, i, total)
		if s.keep {
			b.setOut(s.id, map[string]any{"item": item, "index": i})
		}
		view.turn(map[string]any{"item": item, "index": i, "count": total})
		sig := b.turn(s, i)
		switch sig.kind {
		case sigFail:
			if m.OnError != "continue" || b.ctx.Err() != nil {
				return sig
			}
			errs = append(errs, turnError(i, sig.fail))
			results = append(results, nil)
			i++
			continue
		case sigBreak:
			finish()
			return signal{}
		case sigReturn, sigStop:
			return sig
		}
		if m.Collect.Given() {
			v, err := m.Collect.Eval(b.ctx, nil)
			if err != nil {
				return signal{kind: sigFail, fail: b.failure(s, fmt.Errorf("collecting turn %d: %w", i, err))}
			}
			results = append(results, v)
		}
		i++
	}
	finish()
	return signal{}
}

func list(l []any) []any {
	if l == nil {
		return []any{}
	}
	return l
}

func turnError(i int, f *node.Failure) map[string]any {
	v := f.Value()
	v["index"] = i
	return v
}

func (b *branch) emitTurn(s *step, i, total int) {
	// Telling of every turn of a fast loop would cost more than the turns.
	if total > 0 && total <= 1000 || i%256 == 0 {
		b.x.emit(Event{Kind: EventIteration, Path: b.path(s), Node: s.id, Type: s.def.Type, Done: i, Sum: total})
	}
}

// turn walks the body of a loop with the path of turn i.
func (b *branch) turn(s *step, i int) signal {
	sig := b.body(s, i)
	if sig.kind == sigContinue {
		return signal{}
	}
	return sig
}

// body walks the port body with the path of turn i.
func (b *branch) body(s *step, i int) signal {
	outer := b.at
	b.at = &frame{up: outer, id: s.id, index: i}
	sig := b.chain(s.wire("body"))
	b.at = outer
	return sig
}

// eachAtOnce walks several turns at a time, each in a branch of its own; they
// are joined in the order of the items.
func (b *branch) eachAtOnce(s *step, m node.Each) signal {
	var items []any
	for item, err := range m.Items.All(b.ctx) {
		if err != nil {
			return signal{kind: sigFail, fail: b.failure(s, fmt.Errorf("reading the items: %w", err))}
		}
		items = append(items, item)
	}
	results, errs := make([]any, len(items)), []any{}
	var mu sync.Mutex
	failed := map[int]*node.Failure{}
	lines := make([]line, len(items))
	for i, item := range items {
		lines[i] = func(c *branch) signal {
			view := c.openLoop(s.id)
			b.emitTurn(s, i, len(items))
			c.setOut(s.id, map[string]any{"item": item, "index": i})
			view.turn(map[string]any{"item": item, "index": i, "count": len(items)})
			collect := m.Collect
			if collect.Text != "" {
				eval, err := c.bindLazy(collect.Text, nil)
				if err != nil {
					return signal{kind: sigFail, fail: c.failure(s, err)}
				}
				collect = collect.Bind(eval)
			}
			sig := c.turn(s, i)
			if sig.kind == sigFail && m.OnError == "continue" && c.ctx.Err() == nil {
				mu.Lock()
				failed[i] = sig.fail
				mu.Unlock()
				return signal{}
			}
			if sig.kind == sigNone && collect.Given() {
				v, err := collect.Eval(c.ctx, nil)
				if err != nil {
					return signal{kind: sigFail, fail: c.failure(s, fmt.Errorf("collecting turn %d: %w", i, err))}
				}
				results[i] = v
			}
			return sig
		}
	}
	if sig := b.together(s, lines, m.Concurrency, false); sig.kind != sigNone {
		return sig
	}
	for i := range items {
		if f := failed[i]; f != nil {
			errs = append(errs, turnError(i, f))
		}
	}
	if !m.Collect.Given() {
		results = []any{}
	}
	b.setOut(s.id, map[string]any{"results": results, "errors": errs, "count": len(items)})
	return signal{}
}

// line is the work of one branch.
type line func(*branch) signal

// parallel walks each wire of the port branch at the same time.
func (b *branch) parallel(s *step, m node.Fork) signal {
	var lines []line
	for _, to := range s.wires["branch"] {
		lines = append(lines, func(c *branch) signal { return c.chain(to) })
	}
	limit := m.Limit
	if limit == 0 {
		limit = len(lines)
	}
	if sig := b.together(s, lines, limit, m.WaitAll); sig.kind != sigNone {
		return sig
	}
	b.setOut(s.id, map[string]any{"branches": len(lines)})
	return signal{}
}

// together runs lines in branches of their own, at most limit at a time, and
// joins them in order. The first failure cancels the others, unless all are to
// be waited for; what the branches changed is then dropped.
func (b *branch) together(s *step, lines []line, limit int, waitAll bool) signal {
	x := b.x
	path := b.path(s)
	if r := x.recall(path + "!closed"); r != nil {
		return signal{kind: sigFail, fail: r.Fail}
	}
	ctx, cancel := context.WithCancelCause(b.ctx)
	defer cancel(nil)
	branches, sigs := make([]*branch, len(lines)), make([]signal, len(lines))
	var first *node.Failure
	var mu sync.Mutex
	var wg sync.WaitGroup
	next, workers := 0, min(limit, len(lines))
	work := func() {
		defer wg.Done()
		defer func() {
			mu.Lock()
			workers--
			last := workers == 0
			mu.Unlock()
			// The last one hands its place over to the line that waits for it: a
			// moment in which neither counts would park the run.
			if !last {
				x.leave()
			}
		}()
		for {
			mu.Lock()
			i := next
			next++
			mu.Unlock()
			if i >= len(lines) {
				return
			}
			if ctx.Err() != nil {
				sigs[i] = branches[i].stopped(s)
				continue
			}
			sig := lines[i](branches[i])
			sigs[i] = sig
			if sig.kind == sigFail && !waitAll {
				mu.Lock()
				if first == nil {
					first = sig.fail
				}
				mu.Unlock()
				cancel(&node.Failure{Kind: node.KindCancelled, Message: "another branch failed: " + sig.fail.Error(), Permanent: true})
			}
		}
	}
	for i := range lines {
		branches[i] = b.fork(ctx)
	}
	for range workers {
		x.enter()
		wg.Add(1)
	}
	for range min(limit, len(lines)) {
		go work()
	}
	if len(lines) > 0 {
		// This line waits for the others and is not counted meanwhile.
		x.leave()
		wg.Wait()
	}
	for _, sig := range sigs {
		if sig.kind == sigStop {
			return sig
		}
	}
	if b.ctx.Err() != nil {
		return b.stopped(s)
	}
	if waitAll {
		for _, sig := range sigs {
			if sig.kind == sigFail {
				first = sig.fail
				break
			}
		}
	}
	if first != nil {
		if !waitAll {
			if err := x.record(b.ctx, path+"!closed", &Record{Fail: first, End: x.o.Now().UnixMilli()}); err != nil {
				return x.halt(err)
			}
		}
		return signal{kind: sigFail, fail: first}
	}
	for i, c := range branches {
		b.join(c)
		switch sigs[i].kind {
		case sigReturn, sigBreak, sigContinue:
			return signal{kind: sigFail, fail: b.failure(s, node.Fail(node.KindInput, "a branch that runs beside others cannot leave the loop or the flow", "put break, continue and return after the branches have met"))}
		}
	}
	return signal{}
}

// while walks the body as long as the condition holds.
func (b *branch) while(s *step, m node.While) signal {
	view := b.openLoop(s.id)
	defer view.close()
	for i := 0; ; i++ {
		turn := map[string]any{"index": i}
		view.turn(turn)
		if i > 0 || !m.After {
			ok, err := m.Condition.True(b.ctx, nil)
			if err != nil {
				return signal{kind: sigFail, fail: b.failure(s, err)}
			}
			if !ok {
				b.setOut(s.id, map[string]any{"count": i})
				return signal{}
			}
		}
		if b.ctx.Err() != nil {
			return b.stopped(s)
		}
		if m.Max > 0 && i >= m.Max {
			return signal{kind: sigFail, fail: b.failure(s, node.Fail(node.KindInput, fmt.Sprintf("the loop did not end after %d turns", m.Max), "raise max if the loop is right, or look why its condition stays true"))}
		}
		b.emitTurn(s, i, -1)
		switch sig := b.turn(s, i); sig.kind {
		case sigBreak:
			b.setOut(s.id, map[string]any{"count": i + 1})
			return signal{}
		case sigFail, sigReturn, sigStop:
			return sig
		}
	}
}

// guard walks try, catch and finally.
func (b *branch) guard(s *step) signal {
	before := b.root["error"]
	defer func() { b.root["error"] = before }()
	sig := b.chain(s.wire("try"))
	out := map[string]any{"failed": false, "error": nil}
	if sig.kind == sigFail && b.ctx.Err() == nil {
		out["failed"], out["error"] = true, sig.fail.Value()
		if c := s.wire("catch"); c != nil {
			b.root["error"] = sig.fail.Value()
			b.setOut(s.id, maps.Clone(out))
			sig = b.chain(c)
			b.root["error"] = before
		}
	}
	b.setOut(s.id, out)
	if sig.kind == sigStop || b.ctx.Err() != nil {
		return sig
	}
	if c := s.wire("finally"); c != nil {
		if fin := b.chain(c); fin.kind != sigNone {
			return fin
		}
	}
	return sig
}

// retry walks body until it succeeds.
func (b *branch) retry(s *step, m node.Attempt) signal {
	x := b.x
	policy := &flow.Retry{MaxAttempts: m.Max, Initial: m.Initial, Factor: m.Factor, Max: m.Limit, On: m.On}
	for i := 0; ; i++ {
		// A continue in the body is for the loop around.
		sig := b.body(s, i)
		if sig.kind != sigFail || b.ctx.Err() != nil {
			if sig.kind == sigNone {
				b.setOut(s.id, map[string]any{"attempts": i + 1})
			}
			return sig
		}
		if i+1 >= m.Max || !retriable(sig.fail, m.On) {
			return sig
		}
		name := fmt.Sprintf("%s[%d]!until", b.path(s), i)
		until := x.recall(name)
		if until == nil {
			until = &Record{Until: x.o.Now().Add(pause(policy, i+1)).UnixMilli()}
			if err := x.record(b.ctx, name, until); err != nil {
				return x.halt(err)
			}
		}
		x.emit(Event{Kind: EventRetrying, Path: b.path(s), Node: s.id, Type: s.def.Type, Try: i + 2, Fail: sig.fail})
		if sig := b.waitUntil(s, time.UnixMilli(until.Until), Wait{Kind: "timer", Path: b.path(s)}); sig.kind != sigNone {
			return sig
		}
	}
}

// sleep waits until a time that is fixed when the node is first reached.
func (b *branch) sleep(s *step, m node.Sleep) signal {
	x := b.x
	path := b.path(s)
	r := x.recall(path)
	if r == nil {
		until := m.Until
		if until.IsZero() {
			until = x.o.Now().Add(m.For)
		}
		r = &Record{Until: until.UnixMilli(), Start: x.o.Now().UnixMilli(), Def: s.defHash, Out: []byte("{}")}
		if err := x.record(b.ctx, path, r); err != nil {
			return x.halt(err)
		}
	}
	return b.waitUntil(s, time.UnixMilli(r.Until), Wait{Kind: "timer", Path: path})
}

// ask waits for a message or an answer, which is recorded.
func (b *branch) ask(s *step, m node.Await) (string, signal) {
	x := b.x
	path := b.path(s)
	rec := x.recall(path)
	if rec == nil {
		var until time.Time
		if m.Timeout > 0 {
			asked := x.recall(path + "!asked")
			if asked == nil {
				asked = &Record{Until: x.o.Now().Add(m.Timeout).UnixMilli()}
				if err := x.record(b.ctx, path+"!asked", asked); err != nil {
					return "", x.halt(err)
				}
			}
			until = time.UnixMilli(asked.Until)
		}
		w := Wait{Kind: "message", Path: path, Topic: m.Topic, Question: m.Question, Choices: m.Choices, Details: m.Details}
		if m.Question != "" {
			w.Kind, w.Topic = "approval", "answer:"+path
		}
		start := x.o.Now()
		msg, ok, sig := b.await(s, w, until)
		if sig.kind != sigNone {
			return "", sig
		}
		rec = &Record{Start: start.UnixMilli(), End: x.o.Now().UnixMilli(), Def: s.defHash, Timeout: !ok, Message: msg.ID}
		out := map[string]any{"message": x.host.Mask(msg.Data), "received_at": nil}
		if ok {
			out["received_at"] = msg.At.UTC().Format(time.RFC3339Nano)
		}
		if ans, isMap := msg.Data.(map[string]any); isMap && m.Question != "" {
			rec.Choice, _ = ans["choice"].(string)
			out = map[string]any{"choice": rec.Choice, "comment": ans["comment"], "by": ans["by"], "received_at": out["received_at"]}
		}
		for k, v := range out {
			sp, err := value.Spill(b.ctx, v, x.host.Store())
			if err != nil {
				return "", x.halt(fmt.Errorf("storing a message: %w", err))
			}
			out[k] = sp
		}
		var err error
		if rec.Out, err = value.Encode(nil, out); err != nil {
			return "", x.halt(err)
		}
		if err := x.record(b.ctx, path, rec); err != nil {
			return "", x.halt(err)
		}
	}
	out, err := value.Decode(rec.Out, x.host.Store())
	if err != nil {
		return "", x.halt(fmt.Errorf("reading the record of %s: %w", path, err))
	}
	if om, ok := out.(map[string]any); ok {
		b.noteLazies(om)
		b.setOut(s.id, om)
	}
	switch {
	case rec.Timeout && s.wire("timeout") != nil:
		return "timeout", signal{}
	case rec.Timeout:
		return "", signal{kind: sigFail, fail: b.failure(s, node.Fail(node.KindTimeout, fmt.Sprintf("nobody answered within %s", m.Timeout), "wire the port timeout to go on without an answer"))}
	case len(m.Choices) > 0 && slices.Contains(m.Choices, rec.Choice):
		return rec.Choice, signal{}
	}
	return "next", signal{}
}

// maxCalls bounds how deep flows may call each other.
const maxCalls = 50

// callFlow runs another flow inside this run.
func (b *branch) callFlow(s *step, m node.Call) signal {
	if b.depth >= maxCalls {
		return signal{kind: sigFail, fail: b.failure(s, node.Fail(node.KindInput, fmt.Sprintf("flows call each other more than %d deep", maxCalls), "look for a flow that calls itself without an end"))}
	}
	digest, ok := b.x.o.Pins[b.plan.Digest+":"+m.Flow]
	if !ok {
		return signal{kind: sigFail, fail: b.failure(s, node.Fail(node.KindNotFound, fmt.Sprintf("the flow %s was not there when the run started", m.Flow), "write the flow's file name as plain text, relative to this file"))}
	}
	plan, err := b.x.host.Flow(b.ctx, digest)
	if err != nil {
		return b.x.halt(fmt.Errorf("reading the flow %s: %w", m.Flow, err))
	}
	input, err := CheckInput(plan.Flow, m.Input)
	if err != nil {
		return signal{kind: sigFail, fail: b.failure(s, node.Fail(node.KindInput, fmt.Sprintf("calling %s: %v", m.Flow, err), ""))}
	}
	c := b.x.rootBranch(b.ctx, plan, input)
	c.at = &frame{up: b.at, id: s.id, index: -1}
	c.depth = b.depth + 1
	path := b.path(s)
	res, sig := (*Result)(nil), signal{}
	if limit := plan.Flow.Settings.Timeout; limit > 0 {
		// The called flow has a limit of its own, counted from the call.
		sig = c.withTimeout(path, limit, "the called flow", func(d *branch) signal {
			var inner signal
			cp := *plan.Flow
			cp.Settings.Timeout = 0
			p := *plan
			p.Flow = &cp
			res, inner = d.runFlow(&p)
			return inner
		})
	} else {
		res, sig = c.runFlow(plan)
	}
	switch {
	case sig.kind == sigStop:
		return sig
	case sig.kind == sigFail:
		return sig
	}
	b.noteLazies(res.Output)
	b.setOut(s.id, res.Output)
	return signal{}
}

// CheckInput fits the values given to a flow's declared inputs: defaults are
// filled in, unknown names and wrong types are errors.
func CheckInput(f *flow.Flow, given map[string]any) (map[string]any, error) {
	out := make(map[string]any, len(f.Inputs))
	var errs []error
	var names []string
	for _, in := range f.Inputs {
		names = append(names, in.Name)
		v, ok := given[in.Name]
		if !ok || v == nil {
			v = in.Default
			if in.Required && v == nil {
				errs = append(errs, fmt.Errorf("the input %s is required (%s)", in.Name, in.Type))
				continue
			}
		}
		if in.Secret {
			if m, ok := v.(map[string]any); v != nil && (!ok || len(m) != 1 || m["secret"] == nil) {
				errs = append(errs, fmt.Errorf("the input %s is secret: give the name of a secret as {secret: NAME}, never its value", in.Name))
				continue
			}
		} else if !flow.IsType(v, in.Type) {
			errs = append(errs, fmt.Errorf("the input %s must be a %s, not a %s", in.Name, in.Type, value.Kind(v)))
			continue
		}
		if len(in.Enum) > 0 && v != nil && !slices.ContainsFunc(in.Enum, func(e any) bool { return value.Equal(e, v) }) {
			errs = append(errs, fmt.Errorf("the input %s must be one of %v, not %v", in.Name, in.Enum, v))
			continue
		}
		out[in.Name] = v
	}
	for _, k := range sorted(given) {
		if !slices.Contains(names, k) {
			hint := flow.DidYouMean(k, names)
			if hint != "" {
				hint = " (" + hint + ")"
			}
			errs = append(errs, fmt.Errorf("the flow has no input %s%s", k, hint))
		}
	}
	return out, errors.Join(errs...)
}

func sorted(m map[string]any) []string { return slices.Sorted(maps.Keys(m)) }

func sortWaits(w []Wait) {
	slices.SortFunc(w, func(a, b Wait) int { return strings.Compare(a.Path, b.Path) })
}
