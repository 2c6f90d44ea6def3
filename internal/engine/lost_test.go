package engine_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aether-rpa/aether/flow"
	"github.com/aether-rpa/aether/internal/durable"
	"github.com/aether-rpa/aether/internal/durable/memrt"
	"github.com/aether-rpa/aether/internal/engine"
	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/session"
)

// desk is where a live thing of these tests stands. A login that has expired
// leads to the door instead.
type desk struct{ at string }

func (d *desk) State(context.Context) ([]byte, error) { return []byte(d.at), nil }
func (d *desk) Close() error                          { return nil }
func (d *desk) Verify(_ context.Context, state []byte) error {
	if d.at != string(state) {
		return &astray{string(state), d.at}
	}
	return nil
}

type astray struct{ was, is string }

func (e *astray) Error() string { return e.was + " is " + e.is }
func (e *astray) Instead() (state, picture []byte, facts map[string]any) {
	return []byte(e.is), []byte("a picture of the " + e.is), map[string]any{"url": e.was, "got": e.is}
}

// hall opens desks; expired says that what is built again leads to the door.
type hall struct{ expired bool }

func (h *hall) Open(_ context.Context, _ func() (string, error), want any, past []byte) (session.Live, error) {
	if want != nil {
		return &desk{at: "hall"}, nil
	}
	if h.expired && string(past) != "door" {
		return nil, &astray{string(past), "door"}
	}
	return &desk{at: string(past)}, nil
}

type deskIn struct {
	To    string `json:"to" doc:"Where to go; none stays."`
	Fresh bool   `json:"fresh" doc:"Whether to come in anew."`
}

type deskOut struct {
	At string `json:"at" doc:"Where it stands."`
}

// office is a world with desks; each execution of a run has a table of its own.
type office struct {
	*world
	hall hall
	used []string // where once nodes acted: path at desk
	stop string   // where a once node is told that what it used has ended
}

func newOffice(t *testing.T) *office { return &office{world: newWorld(t)} }

func (o *office) node(t *testing.T, typ string, effect node.Effect) *node.Def {
	def, err := node.DefOf(node.Spec[deskIn, deskOut]{
		Type: typ, Title: "Desk", Doc: "Works at a desk.", Effect: effect,
		Run: func(ctx context.Context, env *node.Env, in deskIn) (deskOut, error) {
			var d *desk
			var err error
			if in.Fresh {
				var l session.Live
				if l, err = env.Sessions.Open(ctx, "web", "browser", true); err == nil {
					d, _ = l.(*desk)
				}
			} else {
				d, err = session.Get[*desk](ctx, env.Sessions, "web", "browser")
			}
			if err != nil {
				var lost *session.LostError
				if errors.As(err, &lost) {
					return deskOut{}, fmt.Errorf("%w", &lostHere{node.Fail(node.KindSession, lost.Error(), ""), lost})
				}
				return deskOut{}, err
			}
			if in.To != "" {
				d.at = in.To
			}
			if effect == node.Once {
				o.used = append(o.used, env.Run.Path+" at "+d.at)
				if o.stop == env.Run.Node {
					o.stop = ""
					return deskOut{}, node.Fail(node.KindInterrupted, "it ended meanwhile", "")
				}
			}
			return deskOut{d.at}, nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return def
}

type lostHere struct {
	*node.Failure
	lost *session.LostError
}

func (f *lostHere) Unwrap() []error { return []error{f.Failure, f.lost} }

// live starts or resumes the run in an execution of its own.
func (o *office) live(t *testing.T, rt durable.Runtime, src string) (*engine.Result, error) {
	t.Helper()
	f, err := flow.Decode([]byte(src))
	if err != nil {
		t.Fatal(err)
	}
	p, err := engine.Compile(f, o.registry(t).With(o.node(t, "desk.go", node.Idempotent), o.node(t, "desk.sign", node.Once)))
	if err != nil {
		t.Fatal(err)
	}
	plain := func(b []byte) ([]byte, error) { return b, nil }
	o.sessions = session.New(session.Config{Providers: map[string]session.Provider{"web": &o.hall}, Seal: plain, Unseal: plain})
	var res *engine.Result
	_, err = rt.Run(t.Context(), "r", func(ctx context.Context, log durable.Log) ([]byte, error) {
		var err error
		res, err = engine.Execute(ctx, p, log, o, engine.Options{RunID: "r", Now: o.now, Started: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), Input: map[string]any{}}, &engine.Counters{})
		return []byte("{}"), err
	})
	return res, err
}

// asks returns what the run is parked with.
func (o *office) asks(t *testing.T, err error) engine.Wait {
	t.Helper()
	var parked *engine.ParkedError
	if !errors.As(err, &parked) || len(parked.Waits) != 1 || parked.Waits[0].Ask == nil {
		t.Fatalf("it does not ask: %v", err)
	}
	return parked.Waits[0]
}

func (o *office) answer(w engine.Wait, button string) {
	var data any = map[string]any{"button": button}
	if w.Kind == "interrupted" {
		data = button
	}
	o.msgs[w.Topic] = append(o.msgs[w.Topic], engine.Message{ID: fmt.Sprint(len(o.msgs[w.Topic])), Data: data, At: o.now()})
}

const lostFlow = head + "nodes:\n- {id: first, type: desk.go, params: {fresh: true}}\n- {id: form, type: desk.go, params: {to: form}}\n- {id: stop, type: test.act}\n- {id: sign, type: desk.sign}\n- {id: last, type: desk.sign}\nEDGES\n"

// parked starts a run whose process ends before the node sign, and whose desk
// is lost then.
func (o *office) parked(t *testing.T, rt durable.Runtime, src string) {
	t.Helper()
	crash := &crashing{Runtime: rt}
	crash.left.Store(2)
	if _, err := o.live(t, crash, src); !errors.Is(err, errCrash) {
		t.Fatalf("err = %v", err)
	}
	o.hall.expired = true
}

// A session that cannot be built again parks the run with a picture of what is
// there, and a person says what to do.
func TestLostSessionAsks(t *testing.T) {
	src := strings.Replace(lostFlow, "EDGES", "edges: [first -> form, form -> stop, stop -> sign, sign -> last]", 1)
	src = strings.Replace(src, "type: test.act", "type: test.act, on_interrupted: retry", 1)
	begin := func(t *testing.T) (*office, *memrt.Runtime, engine.Wait) {
		o, rt := newOffice(t), memrt.New()
		o.parked(t, rt, src)
		_, err := o.live(t, rt, src)
		w := o.asks(t, err)
		if w.Kind != "session" || w.Path != "sign" || !slices.Equal(w.Choices, []string{"retry", "continue", "fail"}) || !strings.Contains(w.Question, "form is door") || w.Details["url"] != "form" || w.Details["got"] != "door" {
			t.Errorf("it asks %+v", w)
		}
		r, err := o.store.Open(t.Context(), fmt.Sprint(w.Details["screenshot"]))
		if err != nil {
			t.Fatalf("the picture: %v", err)
		}
		_ = r.Close()
		return o, rt, w
	}
	t.Run("continue", func(t *testing.T) {
		o, rt, w := begin(t)
		// Another process asks the same.
		_, err := o.live(t, rt, src)
		if again := o.asks(t, err); again.Topic != w.Topic || again.Question != w.Question {
			t.Errorf("asked again: %+v", again)
		}
		o.answer(w, "continue")
		if res, err := o.live(t, rt, src); err != nil || res.Failure != nil {
			t.Fatalf("%+v, %v", res, err)
		}
		if got := fmt.Sprint(o.used); got != "[sign at door last at door]" {
			t.Errorf("it signed %s", got)
		}
	})
	t.Run("retry", func(t *testing.T) {
		o, rt, w := begin(t)
		o.answer(w, "retry")
		_, err := o.live(t, rt, src)
		again := o.asks(t, err)
		if again.Topic == w.Topic {
			t.Fatal("the answer counts twice")
		}
		o.hall.expired = false
		o.answer(again, "retry")
		if res, err := o.live(t, rt, src); err != nil || res.Failure != nil {
			t.Fatalf("%+v, %v", res, err)
		}
		if got := fmt.Sprint(o.used); got != "[sign at form last at form]" {
			t.Errorf("it signed %s", got)
		}
	})
	t.Run("fail", func(t *testing.T) {
		o, rt, w := begin(t)
		o.answer(w, "fail")
		res, err := o.live(t, rt, src)
		if err != nil || res.Failure == nil || res.Failure.Kind != node.KindSession || res.Failure.Path != "sign" {
			t.Fatalf("%+v, %v", res, err)
		}
		if len(o.used) > 0 {
			t.Errorf("it signed %s", o.used)
		}
	})
}

// Where the flow deals with failures, or says so, a lost session is one.
func TestLostSessionFails(t *testing.T) {
	plain := "edges: [first -> form, form -> stop, stop -> sign, sign -> last]"
	for name, flow := range map[string]string{
		"error port": strings.Replace(lostFlow, "EDGES", "edges: [first -> form, form -> stop, stop -> sign, sign -> last, sign.error -> c]", 1),
		"continue":   strings.Replace(strings.Replace(lostFlow, "EDGES", plain, 1), "id: sign,", "id: sign, on_error: continue,", 1),
		"policy":     strings.Replace(strings.Replace(lostFlow, "EDGES", plain, 1), "id: sign,", "id: sign, on_interrupted: fail,", 1),
		"try":        strings.Replace(lostFlow, "EDGES", "edges: [first -> form, form -> stop, stop -> t, t.try -> sign, t.catch -> c]", 1),
	} {
		t.Run(name, func(t *testing.T) {
			src := strings.Replace(flow, "type: test.act", "type: test.act, on_interrupted: retry", 1)
			src = strings.Replace(src, "nodes:\n", "nodes:\n- {id: in0, type: flow.comment}\n- {id: t, type: flow.try}\n- {id: c, type: test.act}\n", 1)
			src = strings.Replace(src, "aether: 1\n", "aether: 1\nstart: first\n", 1)
			o, rt := newOffice(t), memrt.New()
			o.parked(t, rt, src)
			res, err := o.live(t, rt, src)
			if name == "continue" {
				// The next node is lost as well, and nothing deals with that.
				if w := o.asks(t, err); w.Path != "last" {
					t.Errorf("it asks %+v", w)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			switch name {
			case "policy":
				if res.Failure == nil || res.Failure.Kind != node.KindSession {
					t.Errorf("%+v", res)
				}
			default:
				if res.Failure != nil || !slices.Contains(o.effects(), "c") {
					t.Errorf("%+v, %v", res, o.effects())
				}
			}
		})
	}
}

const wayFlow = head + `outputs: {at: "{{ vars.at }}", n: "{{ vars.n }}"}
vars: {at: [], n: 0}
nodes:
- {id: building, type: web.enter}
- {id: come, type: desk.go, params: {fresh: true}}
- {id: badge, type: desk.sign, on_interrupted: retry}
- {id: each, type: flow.for_each, params: {items: [one, two]}}
- {id: room, type: web.enter}
- {id: walk, type: desk.go, params: {to: "{{ loop.item }}"}}
- {id: twice, type: flow.repeat, params: {times: 2}}
- {id: look, type: desk.go}
- {id: sign, type: desk.sign}
- {id: keep, type: var.append, params: {name: at, item: "{{ nodes.sign.at }}"}}
edges: [building.enter -> come, come -> badge, building.body -> each, each.body -> room, room.enter -> walk, room.body -> twice, twice.body -> look, look -> sign, sign -> keep]
`

// A flow that says how its pages are reached is brought back there, whatever
// moment the process ends in: on the way in, in the body, and on the way back.
func TestWayBack(t *testing.T) {
	o := newOffice(t)
	want, err := o.live(t, memrt.New(), wayFlow)
	if err != nil || want.Failure != nil {
		t.Fatalf("%+v, %v", want, err)
	}
	signed := slices.DeleteFunc(slices.Clone(o.used), func(s string) bool { return strings.HasPrefix(s, "badge") })
	if len(signed) != 4 {
		t.Fatalf("signed %v", signed)
	}
	for first := 1; ; first++ {
		rt := memrt.New()
		o := newOffice(t)
		o.hall.expired = true
		crash := &crashing{Runtime: rt}
		lives, ended := 0, false
		for left := first; ; left = 3 * lives {
			if lives++; lives > 60 {
				t.Fatalf("first crash at %d: it does not come to an end", first)
			}
			crash.left.Store(int64(left))
			res, err := o.live(t, crash, wayFlow)
			if errors.Is(err, errCrash) {
				continue
			}
			var parked *engine.ParkedError
			if errors.As(err, &parked) {
				w := o.asks(t, err)
				button := "retry"
				if w.Kind == "interrupted" {
					button = "again"
					if slices.ContainsFunc(o.used, func(s string) bool { return strings.HasPrefix(s, w.Path+" ") }) {
						button = "skip"
					}
				}
				o.answer(w, button)
				continue
			}
			if err != nil {
				t.Fatalf("first crash at %d: %v", first, err)
			}
			if res.Failure != nil {
				t.Fatalf("first crash at %d: %v", first, res.Failure)
			}
			ended = lives == 1
			if n, _ := res.Output["at"].([]any); len(n) != 4 {
				t.Errorf("first crash at %d: %v", first, res.Output)
			}
			break
		}
		done := map[string]int{}
		for _, u := range o.used {
			if !strings.Contains(u, "badge") {
				done[u]++
			}
		}
		for _, s := range signed {
			if done[s] != 1 {
				t.Errorf("first crash at %d: %s was done %d times: %v", first, s, done[s], o.used)
			}
		}
		if ended {
			return
		}
	}
}

// A way back that leads elsewhere leaves the decision to a person, and nothing
// is done there meanwhile.
func TestWayBackLeadsElsewhere(t *testing.T) {
	src := head + `nodes:
- {id: w, type: web.enter}
- {id: come, type: desk.go, params: {fresh: true}}
- {id: go, type: desk.go, params: {to: form}}
- {id: stop, type: test.act, on_interrupted: retry}
- {id: sign, type: desk.sign}
edges: [w.enter -> come, w.body -> go, go -> stop, stop -> sign]
`
	o, rt := newOffice(t), memrt.New()
	o.parked(t, rt, src)
	for range 2 {
		_, err := o.live(t, rt, src)
		w := o.asks(t, err)
		if w.Details["got"] != "hall" || w.Details["url"] != "form" || !strings.Contains(w.Question, "way back did not lead there either") || len(o.used) > 0 {
			t.Fatalf("it asks %+v, and signed %v", w, o.used)
		}
	}
	_, err := o.live(t, rt, src)
	o.answer(o.asks(t, err), "continue")
	o.hall.expired = false
	if res, err := o.live(t, rt, src); err != nil || res.Failure != nil || fmt.Sprint(o.used) != "[sign at hall]" {
		t.Errorf("%+v, %v, signed %v", res, err, o.used)
	}
}

// What ended while a node acted on it is asked about as after a crash.
func TestEndedMeanwhile(t *testing.T) {
	for button, used := range map[string]string{"again": "[sign at form sign at form last at form]", "skip": "[sign at form last at form]", "fail": "[sign at form]"} {
		src := strings.Replace(lostFlow, "EDGES", "edges: [first -> form, form -> sign, sign -> last]", 1)
		o, rt := newOffice(t), memrt.New()
		o.stop = "sign"
		_, err := o.live(t, rt, src)
		w := o.asks(t, err)
		if w.Kind != "interrupted" || w.Path != "sign" {
			t.Fatalf("it asks %+v", w)
		}
		o.answer(w, button)
		res, err := o.live(t, rt, src)
		if err != nil || fmt.Sprint(o.used) != used || (res.Failure != nil) != (button == "fail") {
			t.Errorf("%s: %+v, %v, signed %v", button, res, err, o.used)
		}
	}
}
