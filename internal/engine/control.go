package engine

import (
	"fmt"
	"maps"
	"slices"
	"strings"
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
	if s.onError != nil || s.node.OnError == "continue" {
		defer b.catches(true)()
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
		if s.keep || b.x.look != nil {
			b.setOut(s.id, set)
		}
		return "next", signal{}
	case node.Say:
		b.say(s, m)
		return "next", signal{}
	case node.Each:
		defer b.catches(m.OnError == "continue")()
		return "done", b.each(s, m)
	case node.While:
		return "done", b.while(s, m)
	case node.EachItem:
		defer b.catches(m.OnFailure != "stop")()
		return "done", b.eachItem(s, m)
	case node.Guard:
		return "done", b.guard(s)
	case node.Group:
		return "done", b.chain(s.wire("body"))
	case node.Way:
		return "done", b.enterWay(s, m)
	case node.Attempt:
		defer b.catches(slices.Contains(m.On, node.KindSession))()
		return "done", b.retry(s, m)
	case node.Fork:
		return "done", b.parallel(s, m)
	case node.Sleep:
		return "next", b.sleep(s, m)
	case node.Await:
		return b.await(s, m)
	case node.AnswerLink:
		return "next", b.answerLink(s, m)
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
	// Large values inside the variable stay references: adding to a list must not
	// read all that is in it.
	if r, ok := b.vars[name].(*value.Ref); ok {
		return r.Load(b.ctx)
	}
	return b.vars[name], nil
}

func (b *branch) say(s *step, m node.Say) {
	text, _ := b.x.host.Mask(m.Text).(string)
	b.x.emit(Event{Kind: EventLog, Path: b.path(s), Node: s.id, Type: s.def.Type, Text: text, Out: m.Level})
}

// guard walks try, catch and finally.
func (b *branch) guard(s *step) signal {
	before := b.root["error"]
	defer func() { b.root["error"] = before }()
	release := b.catches(s.wire("catch") != nil)
	sig := b.chain(s.wire("try"))
	release()
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
		b.dbg.live = true
		r = &Record{Until: until.UnixMilli(), Start: x.o.Now().UnixMilli(), Def: s.defHash, Out: []byte("{}")}
		if err := x.record(b.ctx, path, r); err != nil {
			return x.halt(err)
		}
	}
	return b.waitUntil(s, time.UnixMilli(r.Until), Wait{Kind: "timer", Path: path})
}

func sortWaits(w []Wait) {
	slices.SortFunc(w, func(a, b Wait) int { return strings.Compare(a.Path, b.Path) })
}
