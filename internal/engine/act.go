package engine

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"reflect"
	"runtime/debug"
	"strconv"
	"time"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/schema"
	"github.com/aether-rpa/aether/session"
	"github.com/aether-rpa/aether/value"
	"github.com/aether-rpa/aether/vault"
)

// act runs a node that acts: once, or more often if it fails and may be tried
// again.
func (b *branch) act(s *step) (*step, signal) {
	in, fail := b.bind(s)
	if fail != nil {
		return b.failed(s, fail)
	}
	effect := s.def.Effect
	if s.def.EffectOf != nil {
		effect = s.def.EffectOf(in)
	}
	if effect == node.Pure {
		return b.actPure(s, in)
	}
	for try := 1; ; try++ {
		rec, sig := b.attempt(s, in, effect, try)
		if sig.kind != sigNone {
			return nil, sig
		}
		if rec.Fail == nil {
			out, err := value.Decode(rec.Out, b.x.host.Store())
			if err != nil {
				return nil, b.x.halt(fmt.Errorf("reading the record of %s: %w", b.path(s), err))
			}
			m, _ := out.(map[string]any)
			b.noteLazies(m)
			b.setOut(s.id, m)
			return s.next, signal{}
		}
		if s.retry == nil || try >= s.retry.MaxAttempts || !retriable(rec.Fail, s.retry.On) {
			next, sig := b.failed(s, rec.Fail)
			sig.lost = rec.Of
			return next, sig
		}
		until := time.UnixMilli(rec.End).Add(pause(s.retry, try))
		b.x.emit(Event{Kind: EventRetrying, Replayed: until.Before(b.x.o.Now()), At: time.UnixMilli(rec.End), Path: b.path(s), Node: s.id, Type: s.def.Type, Try: try + 1, Fail: rec.Fail, Took: until.Sub(b.x.o.Now())})
		if sig := b.waitUntil(s, until, Wait{Kind: "timer", Path: b.path(s)}); sig.kind != sigNone {
			return nil, sig
		}
	}
}

// actPure runs a node whose result is never recorded.
func (b *branch) actPure(s *step, in any) (*step, signal) {
	ctx, cancel := b.nodeContext(s)
	out, err := b.call(ctx, s, b.env, in)
	cancel()
	if err == nil && s.keep {
		var m map[string]any
		if m, err = b.outputs(s, out); err == nil {
			b.setOut(s.id, m)
		}
	}
	b.x.count.Nodes.Add(1)
	if err != nil {
		if b.ctx.Err() != nil {
			return nil, b.stopped()
		}
		return b.failed(s, b.failure(s, err))
	}
	return s.next, signal{}
}

func (b *branch) nodeContext(s *step) (context.Context, context.CancelFunc) {
	if s.node.Timeout == 0 {
		return b.ctx, func() {}
	}
	return context.WithTimeout(b.ctx, s.node.Timeout)
}

// attempt gives the record of one try: what was recorded before, or what the
// node does now.
func (b *branch) attempt(s *step, in any, effect node.Effect, try int) (*Record, signal) {
	x := b.x
	path := b.path(s)
	name := path
	if try > 1 {
		name += "#" + strconv.Itoa(try)
	}
	inHash := ""
	r := x.recall(name)
	if r != nil && r.seeded && x.o.CheckSeed {
		inHash = b.inputHash(s)
		if r.In != inHash || r.Def != s.defHash {
			x.seedMu.Lock()
			x.cut = true
			x.seedMu.Unlock()
			r = nil
		}
	}
	gone := losses{b: b, s: s, name: name}
	var fail *node.Failure
	if x.astray.Load() {
		var sig signal
		if fail, sig = gone.replay(); sig.kind != sigNone {
			return nil, sig
		}
	}
	if r != nil {
		if live := x.host.Sessions(); live != nil && len(r.Live) > 0 {
			live.Recall(r.Live, r.End)
		}
		x.count.Nodes.Add(1)
		x.count.Replayed.Add(1)
		b.emitEnd(s, path, try, r, effect, true)
		return r, signal{}
	}
	b.dbg.live = true
	if inHash == "" {
		inHash = b.inputHash(s)
	}
	rec := &Record{Def: s.defHash, In: inHash, Effect: effect.String(), Fail: fail}
	env := x.host.Env(node.RunInfo{ID: x.o.RunID, Flow: b.plan.Flow.Name, Node: s.id, Path: path, Attempt: try, Started: x.o.Started}, token(x.o.RunID, path))
	policy := s.interruptPolicy(effect, b.plan.Flow.Settings.OnInterrupted)
	for from := 1; fail == nil; {
		g := 0
		if policy != "retry" {
			was, n, sig := b.intend(s, name, gone.n, from, policy)
			if was != nil || sig.kind != sigNone {
				return was, sig
			}
			g = n
		}
		announced := func() error { return nil }
		if effect > node.Read || s.def.LooksFirst {
			announced = b.announce(s, env)
		}
		if !s.def.LooksFirst {
			if err := announced(); err != nil {
				return nil, b.unannounced(err)
			}
		}
		sig, err := b.try(s, env, in, effect, rec)
		if refused := announced(); refused != nil { // whatever the node made of that
			return nil, b.unannounced(refused)
		}
		if sig.kind != sigNone {
			return nil, sig
		}
		if err == nil {
			break
		}
		lost := lossOf(err)
		if lost == nil && b.doubts(s, err, rec.Fail, try) {
			if fail, sig = gone.doubt(rec.Fail, env); sig.kind != sigNone {
				return nil, sig
			}
			rec.Fail, from = fail, 1
			continue
		}
		if lost == nil {
			// Its process lives and something else died, such as a browser: as for a
			// crash, somebody has to say whether it did what was asked.
			if g > 0 && policy == "ask" && rec.Fail.Kind == node.KindInterrupted && !b.fails(s) {
				done, sig := b.interrupted(s, name, gone.n, g, rec, env)
				if done || sig.kind != sigNone {
					return rec, sig
				}
				from, rec.Fail = g+1, nil
				continue
			}
			break
		}
		rec.Fail.Details = b.lostFacts(s, lost, nil)
		if fail, sig = gone.lost(lost, b.failure(s, rec.Fail)); sig.kind != sigNone {
			return nil, sig
		}
		rec.Fail, from = fail, 1
		if fail != nil {
			rec.Of = session.Key(lost.Kind, lost.Name)
		}
	}
	b.keepSessions(rec, env)
	rec.End = x.o.Now().UnixMilli()
	if rec.Start == 0 {
		rec.Start = rec.End
	}
	keep := x.record
	if live := x.host.Sessions(); live != nil && live.Any() {
		// Steps in a live session are many and quick, and what they read is of the session. Whatever else a node reads is
		// read once, so it is kept before the next node begins.
		keep = x.recordSoon
	}
	if err := keep(b.ctx, name, rec); err != nil {
		return nil, x.halt(err)
	}
	x.count.Nodes.Add(1)
	x.count.Recorded.Add(1)
	b.emitEnd(s, path, try, rec, effect, false)
	return rec, signal{}
}

// try lets the node act and puts what came of it into its record. The error is
// why it failed.
func (b *branch) try(s *step, env *node.Env, in any, effect node.Effect, rec *Record) (signal, error) {
	x := b.x
	x.emit(Event{Kind: EventStarted, Path: env.Run.Path, Node: s.id, Type: s.def.Type, Try: env.Run.Attempt, Effect: effect})
	rec.Start = x.o.Now().UnixMilli()
	ctx, cancel := b.nodeContext(s)
	out, err := b.call(ctx, s, env, in)
	timedOut := err != nil && ctx.Err() != nil && b.ctx.Err() == nil
	cancel()
	if err != nil && b.ctx.Err() != nil {
		// Cut short from outside: nothing is known of the node, so nothing is
		// recorded.
		return b.stopped(), err
	}
	if err == nil {
		err = b.fill(rec, s, out)
		var store *storeError
		if errors.As(err, &store) {
			// The node has acted; that its outputs found no room is no failure of
			// it. The run stops as it is and can be taken up again.
			return x.halt(err), err
		}
	}
	if err != nil {
		rec.Fail = b.failure(s, err)
		if timedOut && rec.Fail.Kind != node.KindTimeout {
			rec.Fail.Kind = node.KindTimeout
		}
		if timedOut {
			rec.Fail.Message = fmt.Sprintf("it took longer than %s", s.node.Timeout)
		}
	}
	return signal{}, err
}

func (b *branch) emitEnd(s *step, path string, try int, r *Record, effect node.Effect, replayed bool) {
	kind := EventFinished
	if r.Fail != nil {
		kind = EventFailed
	}
	b.x.emit(Event{Kind: kind, Path: path, Node: s.id, Type: s.def.Type, At: time.UnixMilli(r.End), Try: try, Fail: r.Fail, Replayed: replayed, Effect: effect, Took: time.Duration(r.End-r.Start) * time.Millisecond})
}

// sessionTime bounds how long reading the state of live things may hold up a run.
const sessionTime = 5 * time.Second

// keepSessions puts the state of the live things that a node has changed into its record. One that cannot be read,
// as that of a page that has crashed, stays as it was recorded last; the run does not fail for it.
func (b *branch) keepSessions(rec *Record, env *node.Env) {
	if env.Sessions == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(b.ctx), sessionTime)
	defer cancel()
	var err error
	if rec.Live, err = env.Sessions.Changed(ctx); err != nil && env.Log != nil {
		env.Log.Warn("keeping the state of a session", "run", b.x.o.RunID, "err", err)
	}
}

// fill puts the outputs of a node into its record; large ones are stored and
// leave a reference.
func (b *branch) fill(rec *Record, s *step, out any) error {
	m, err := s.def.Out.Values(reflect.ValueOf(out))
	if err != nil {
		return err
	}
	for k, v := range m {
		if m[k], err = value.Spill(b.ctx, b.x.host.Mask(v), b.x.host.Store()); err != nil {
			return &storeError{k, err}
		}
	}
	rec.Out, err = value.Encode(nil, m)
	return err
}

// storeError says that an output could not be stored.
type storeError struct {
	output string
	err    error
}

func (e *storeError) Error() string { return fmt.Sprintf("storing the output %s: %v", e.output, e.err) }
func (e *storeError) Unwrap() error { return e.err }

// outputs returns the outputs of a pure node; large ones leave memory.
func (b *branch) outputs(s *step, out any) (map[string]any, error) {
	m, err := s.def.Out.Values(reflect.ValueOf(out))
	if err != nil {
		return nil, err
	}
	if b.x.look != nil {
		return m, nil
	}
	for k, v := range m {
		switch v.(type) {
		case string, []any, map[string]any:
			if m[k], err = value.Spill(b.ctx, v, b.x.host.Store()); err != nil {
				return nil, fmt.Errorf("storing the output %s: %w", k, err)
			}
		}
	}
	b.noteLazies(m)
	return m, nil
}

func (b *branch) noteLazies(m map[string]any) {
	if b.x.lazies.Load() {
		return
	}
	for _, v := range m {
		if _, ok := v.(*value.Ref); ok {
			b.x.lazies.Store(true)
		}
	}
}

// call runs the node; a panic becomes an error.
func (b *branch) call(ctx context.Context, s *step, env *node.Env, in any) (out any, err error) {
	defer func() {
		if p := recover(); p != nil {
			if env.Log != nil {
				env.Log.Error("node panicked", "run", b.x.o.RunID, "node", s.id, "panic", p, "stack", string(debug.Stack()))
			}
			err = node.Fail(node.KindPanic, fmt.Sprintf("%s has a defect: %v", s.def.Type, p), "please report it; the log has the details")
		}
	}()
	return s.def.Run(ctx, env, in)
}

// failure turns an error of a node into the failure that is recorded.
func (b *branch) failure(s *step, err error) *node.Failure {
	f := node.AsFailure(err)
	if f.Node == "" {
		f.Node, f.Path = s.id, b.path(s)
	}
	if m, ok := b.x.host.Mask(f.Message).(string); ok {
		f.Message = m
	}
	if f.Details != nil {
		d, err := value.Normalize(f.Details)
		if err != nil {
			d = fmt.Sprint(f.Details)
		}
		f.Details = b.x.host.Mask(d)
	}
	return f
}

// failed decides where control goes after a node has failed for good.
func (b *branch) failed(s *step, f *node.Failure) (*step, signal) {
	switch {
	case s.onError != nil:
		b.setOut(s.id, map[string]any{"error": f.Value()})
		b.root["error"] = f.Value()
		return s.onError, signal{}
	case s.node.OnError == "continue":
		b.setOut(s.id, map[string]any{"error": f.Value()})
		return b.after(s), signal{}
	}
	return nil, signal{kind: sigFail, fail: f}
}

// bind makes the In struct of a node from its params.
func (b *branch) bind(s *step) (any, *node.Failure) {
	p := reflect.New(s.proto.Type())
	v := p.Elem()
	v.Set(s.proto)
	for i := range s.params {
		pm := &s.params[i]
		x, err := b.make(pm.make)
		if err == nil {
			err = b.assign(v, s, pm.field, x)
		}
		if err != nil {
			return nil, b.inputFailure(s, pm.field.Name, err)
		}
	}
	in := p.Interface()
	if s.lazy {
		if err := s.def.BindLazy(in, b.bindLazy); err != nil {
			return nil, b.inputFailure(s, "", err)
		}
	}
	if s.def.Check != nil {
		if err := s.def.Check(in); err != nil {
			return nil, b.inputFailure(s, "", err)
		}
	}
	return in, nil
}

func (b *branch) assign(dst reflect.Value, s *step, f *schema.Field, x any) error {
	if hasSecret(f) {
		var err error
		if x, err = b.secrets(f, x); err != nil {
			return err
		}
	}
	if b.x.lazies.Load() && f.Kind != schema.Rows && !(s.def.IsControl() && f.Kind == schema.Any) {
		var err error
		if x, err = value.LoadAll(b.ctx, x); err != nil {
			return fmt.Errorf("reading a large value: %w", err)
		}
	}
	if x == nil && f.Required {
		return fmt.Errorf("%s is required, and its expression gave nothing", f.Name)
	}
	if x == nil && f.Default != nil {
		x = f.Default
	}
	return f.Set(dst, x)
}

// secrets replaces {secret: NAME} by the secret, wherever the field holds one.
func (b *branch) secrets(f *schema.Field, v any) (any, error) {
	switch x := v.(type) {
	case map[string]any:
		if f.Kind == schema.Secret {
			name, ok := x["secret"].(string)
			if !ok || len(x) != 1 {
				return nil, errors.New("write a secret as {secret: NAME}")
			}
			if s, ok := b.x.told(name); ok {
				return s, nil
			}
			s, err := b.x.host.Secret(b.ctx, name)
			if err != nil {
				return nil, fmt.Errorf("the secret %s: %w", name, err)
			}
			return s, nil
		}
		out := make(map[string]any, len(x))
		for k, e := range x {
			sub := f.Elem
			for _, c := range f.Fields {
				if c.Name == k {
					sub = c
				}
			}
			if sub == nil || !hasSecret(sub) {
				out[k] = e
				continue
			}
			r, err := b.secrets(sub, e)
			if err != nil {
				return nil, err
			}
			out[k] = r
		}
		return out, nil
	case []any:
		if f.Elem == nil {
			return v, nil
		}
		out := make([]any, len(x))
		for i, e := range x {
			r, err := b.secrets(f.Elem, e)
			if err != nil {
				return nil, err
			}
			out[i] = r
		}
		return out, nil
	case string:
		if f.Kind == schema.Secret {
			return vault.New(x), nil
		}
	}
	return v, nil
}

func (b *branch) inputFailure(s *step, param string, err error) *node.Failure {
	f := node.AsFailure(err)
	c := *f
	if c.Kind == node.KindError {
		c.Kind, c.Permanent = node.KindInput, true
	}
	c.Node, c.Path = s.id, b.path(s)
	if param != "" {
		c.Message = "param " + param + ": " + c.Message
	}
	if m, ok := b.x.host.Mask(c.Message).(string); ok {
		c.Message = m
	}
	return &c
}

// inputHash identifies what the node is given, without its secrets: their
// hashes could be guessed.
func (b *branch) inputHash(s *step) string {
	h := sha256.New()
	for i := range s.params {
		if hasSecret(s.params[i].field) {
			continue
		}
		v, err := b.make(s.params[i].make)
		if err != nil {
			return ""
		}
		enc, err := value.Encode(nil, v)
		if err != nil {
			return ""
		}
		h.Write([]byte(s.params[i].field.Name))
		h.Write(enc)
	}
	return hex.EncodeToString(h.Sum(nil)[:8])
}

// token identifies a node execution to the outside world, in the form of a
// UUID (version 8, RFC 9562).
func token(run, path string) string {
	d := sha256.Sum256([]byte(run + "\x00" + path))
	d[6], d[8] = d[6]&0x0f|0x80, d[8]&0x3f|0x80
	s := hex.EncodeToString(d[:16])
	return s[:8] + "-" + s[8:12] + "-" + s[12:16] + "-" + s[16:20] + "-" + s[20:]
}
