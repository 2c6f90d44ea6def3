package engine_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aether-rpa/aether/internal/durable"
	"github.com/aether-rpa/aether/internal/durable/memrt"
	"github.com/aether-rpa/aether/internal/engine"
	_ "github.com/aether-rpa/aether/nodes/dialog"
	"github.com/aether-rpa/aether/question"
)

const who = head + "outputs: {w: '{{ nodes.q.value }}', u: '{{ nodes.q.unattended }}', x: '{{ vars.x }}'}\nvars: {x: ''}\nnodes:\n" +
	"- {id: q, type: dialog.input, params: {message: Who?, PARAMS}}\n- {id: a, type: test.act}\n- {id: c, type: var.set, params: {name: x, value: closed}}\n- {id: l, type: var.set, params: {name: x, value: late}}\nEDGES\n"

func asks(params, edges string) string {
	return strings.NewReplacer("PARAMS", params, "EDGES", edges).Replace(who)
}

// says answers every question at once.
func says(a question.Answer, asked *atomic.Int32) func(context.Context, engine.Wait) (question.Answer, error) {
	return func(context.Context, engine.Wait) (question.Answer, error) {
		asked.Add(1)
		return a, nil
	}
}

func told(s string) question.Answer {
	return question.Answer{Button: "ok", Values: map[string]any{"value": s}}
}

// TestAsked asks somebody who is there; the answer is a record and is not asked
// for again.
func TestAsked(t *testing.T) {
	w, rt := newWorld(t), memrt.New()
	w.fails["a"] = 1
	w.kind = "no matter"
	var n atomic.Int32
	src := asks("label: Name", "edges: [q -> a]")
	res, err := w.start(t, rt, src, engine.Options{Ask: says(told("Ann"), &n)})
	if err != nil || res.Failure == nil {
		t.Fatalf("res = %+v, err = %v", res, err)
	}
	res, err = w.start(t, rt, src, engine.Options{})
	if err != nil || n.Load() != 1 {
		t.Fatalf("asked %d times, err = %v, res = %+v", n.Load(), err, res)
	}
}

// TestUnattended says what becomes of a question that nobody can be asked.
func TestUnattended(t *testing.T) {
	for _, tt := range []struct{ params, edges, want string }{
		{"default: Bob", "edges: [q -> a]", "map[u:true w:Bob x:]"},
		{"default: Bob, when_unattended: ask", "edges: [q -> a]", "parked"},
		{"label: x", "edges: [q -> a]", "parked"},
		{"when_unattended: cancel", "edges: [q -> a, q.cancelled -> c]", "map[u:true w:<nil> x:closed]"},
		{"when_unattended: cancel", "edges: [q -> l]", "map[u:true w:<nil> x:late]"},
	} {
		w, rt := newWorld(t), memrt.New()
		src := asks(tt.params, tt.edges)
		res, err := w.start(t, rt, src, engine.Options{})
		var parked *engine.ParkedError
		got := ""
		switch {
		case errors.As(err, &parked):
			got = "parked"
		case err != nil:
			t.Fatal(err)
		default:
			got = fmt.Sprint(res.Output)
		}
		if got != tt.want {
			t.Errorf("%s: got %s, want %s", tt.params, got, tt.want)
		}
		if parked == nil {
			continue
		}
		q := parked.Waits[0].Ask
		if q == nil || q.Message != "Who?" || parked.Waits[0].Topic != "answer:q" {
			t.Errorf("the wait is %+v", parked.Waits[0])
		}
		// An answer that does not fit leaves the question open.
		w.msgs["answer:q"] = []engine.Message{{ID: "1", Data: map[string]any{"button": "what"}}}
		if _, err := w.start(t, rt, src, engine.Options{}); !errors.As(err, &parked) {
			t.Fatalf("err = %v", err)
		}
		w.msgs["answer:q"] = append(w.msgs["answer:q"], engine.Message{ID: "2", Data: told("Eve").Message()})
		res, err = w.start(t, rt, src, engine.Options{})
		if err != nil || res.Output["w"] != "Eve" || res.Output["u"] != false {
			t.Errorf("%s: res = %+v, err = %v", tt.params, res, err)
		}
	}
}

// TestAnswerBeforeDefault: an answer that somebody gave counts more than the
// default.
func TestAnswerBeforeDefault(t *testing.T) {
	w, rt := newWorld(t), memrt.New()
	w.msgs["answer:q"] = []engine.Message{{ID: "1", Data: told("Eve").Message()}}
	res, err := w.start(t, rt, asks("default: Bob", "edges: [q -> a]"), engine.Options{})
	if err != nil || res.Output["w"] != "Eve" {
		t.Fatalf("res = %+v, err = %v", res, err)
	}
}

// TestNobodyNow: who leaves a question open parks the run, default or not.
func TestNobodyNow(t *testing.T) {
	w, rt := newWorld(t), memrt.New()
	src := asks("default: Bob", "edges: [q -> a]")
	var parked *engine.ParkedError
	_, err := w.start(t, rt, src, engine.Options{Ask: func(context.Context, engine.Wait) (question.Answer, error) {
		return question.Answer{}, engine.ErrNobody
	}})
	if !errors.As(err, &parked) {
		t.Fatalf("err = %v", err)
	}
	var n atomic.Int32
	res, err := w.start(t, rt, src, engine.Options{Ask: says(told("Ann"), &n)})
	if err != nil || res.Output["w"] != "Ann" {
		t.Fatalf("res = %+v, err = %v", res, err)
	}
}

// TestAnsweredElsewhere: an answer that comes as a message takes the question
// off the screen, and the process that shows it waits for that.
func TestAnsweredElsewhere(t *testing.T) {
	w, rt := newWorld(t), memrt.New()
	off := make(chan struct{})
	res, err := w.start(t, rt, asks("label: x", "edges: [q -> a]"), engine.Options{Ask: func(ctx context.Context, wait engine.Wait) (question.Answer, error) {
		w.mu.Lock()
		w.msgs[wait.Topic] = []engine.Message{{ID: "1", Data: told("Eve").Message()}}
		w.mu.Unlock()
		<-ctx.Done()
		close(off)
		return question.Answer{}, ctx.Err()
	}})
	if err != nil || res.Output["w"] != "Eve" {
		t.Fatalf("res = %+v, err = %v", res, err)
	}
	select {
	case <-off:
	default:
		t.Error("the question is still on the screen")
	}
}

// TestLate lets the time of a question go by, across a crash: the deadline is
// the one of the first time it was asked.
func TestLate(t *testing.T) {
	for _, tt := range []struct{ params, edges, want string }{
		{"wait: 1h", "edges: [q -> a]", "nobody answered within 1h0m0s"},
		{"wait: 1h, default: Bob", "edges: [q -> a]", "map[u:false w:Bob x:]"},
		{"wait: 1h, default: Bob, on_timeout: fail", "edges: [q -> a]", "nobody answered"},
		{"wait: 1h, default: Bob", "edges: [q -> a, q.timeout -> l]", "map[u:false w:Bob x:late]"},
		{"wait: 1h, on_timeout: cancel", "edges: [q -> a, q.cancelled -> c]", "map[u:false w:<nil> x:closed]"},
	} {
		w, rt := newWorld(t), memrt.New()
		start := time.Now()
		w.now = func() time.Time { return start }
		src := asks(tt.params+", when_unattended: ask", tt.edges)
		var parked *engine.ParkedError
		if _, err := w.start(t, rt, src, engine.Options{}); !errors.As(err, &parked) || !parked.Wake.Equal(start.Add(time.Hour).Truncate(time.Millisecond)) {
			t.Fatalf("err = %v, wake = %v", err, parked.Wake)
		}
		w.now = func() time.Time { return start.Add(59 * time.Minute) }
		if _, err := w.start(t, rt, src, engine.Options{}); !errors.As(err, &parked) {
			t.Fatalf("err = %v", err)
		}
		w.now = func() time.Time { return start.Add(61 * time.Minute) }
		var n atomic.Int32
		res, err := w.start(t, rt, src, engine.Options{Ask: says(told("Ann"), &n)})
		if err != nil || n.Load() != 0 {
			t.Fatalf("asked %d times, err = %v", n.Load(), err)
		}
		got := fmt.Sprint(res.Output)
		if res.Failure != nil {
			got = res.Failure.Message
		}
		if !strings.HasPrefix(got, strings.TrimSuffix(tt.want, " ")) {
			t.Errorf("%s: got %s, want %s", tt.params, got, tt.want)
		}
	}
}

// TestTwoQuestions: branches ask beside each other, and the run does not park
// while one of them is asked.
func TestTwoQuestions(t *testing.T) {
	w, rt := newWorld(t), memrt.New()
	src := head + "outputs: {a: '{{ nodes.a.confirmed }}', b: '{{ nodes.b.button }}'}\nnodes:\n- {id: p, type: flow.parallel}\n- {id: a, type: dialog.confirm}\n- {id: b, type: dialog.message, params: {message: m, buttons: [go, stop]}}\n- {id: yes_, type: test.act}\n- {id: no_, type: test.act}\n- {id: stopped, type: test.act}\nedges: [p.branch -> a, p.branch -> b, a.yes -> yes_, a.no -> no_, b.stop -> stopped]\n"
	both := make(chan struct{})
	var n atomic.Int32
	res, err := w.start(t, rt, src, engine.Options{Ask: func(_ context.Context, wait engine.Wait) (question.Answer, error) {
		if n.Add(1) == 2 {
			close(both)
		}
		<-both
		return question.Answer{Button: map[string]string{"a": "no", "b": "stop"}[wait.Path]}, nil
	}})
	if err != nil || fmt.Sprint(res.Output) != "map[a:false b:stop]" {
		t.Fatalf("res = %+v, err = %v", res, err)
	}
	if got := w.effects(); len(got) != 2 || strings.Join(got, "") == "yes_" {
		t.Errorf("effects = %v", got)
	}
}

// TestCredential: a password reaches the node that needs it and no record; a
// later process asks for it again.
func TestCredential(t *testing.T) {
	w, mem := newWorld(t), memrt.New()
	rt := &spy{Runtime: mem}
	src := head + "outputs: {u: '{{ nodes.login.username }}', t: '{{ nodes.a.token }}', l: '{{ nodes.login }}'}\nnodes:\n- {id: login, type: dialog.credential, params: {name: bank}}\n- {id: a, type: test.act, params: {token: {secret: bank}}}\n- {id: stop, type: dialog.confirm}\n- {id: b, type: test.act, params: {token: {secret: bank}}}\nedges: [login -> a, a -> stop, stop -> b]\n"
	const password = "correct horse"
	w.secret = errors.New("no such secret")
	var shown []engine.Wait
	ask := func(_ context.Context, wait engine.Wait) (question.Answer, error) {
		shown = append(shown, wait)
		if wait.Path == "stop" {
			return question.Answer{}, engine.ErrNobody
		}
		a := question.Answer{Button: "ok", Values: map[string]any{"password": password}}
		if wait.Ask.Field("username") != nil {
			a.Values["username"] = "ann"
		}
		w.mask.Add(password) // as the robot does
		return a, nil
	}
	var parked *engine.ParkedError
	if _, err := w.start(t, rt, src, engine.Options{}); !errors.As(err, &parked) || parked.Waits[0].Path != "login" {
		t.Fatalf("unattended: err = %v", err)
	}
	w.msgs["answer:login"] = []engine.Message{{ID: "1", Data: map[string]any{"button": "ok", "values": map[string]any{"username": "x", "password": "y"}}}}
	if _, err := w.start(t, rt, src, engine.Options{}); !errors.As(err, &parked) || parked.Waits[0].Path != "login" {
		t.Fatalf("a secret came as a message: err = %v", err)
	}
	if _, err := w.start(t, rt, src, engine.Options{Ask: ask}); !errors.As(err, &parked) || parked.Waits[0].Path != "stop" {
		t.Fatalf("err = %v", err)
	}
	// Another process: nobody is there, so it waits for the password again.
	w.msgs["answer:stop"] = []engine.Message{{ID: "1", Data: map[string]any{"button": "yes"}}}
	if _, err := w.start(t, rt, src, engine.Options{}); !errors.As(err, &parked) || parked.Waits[0].Path != "login" {
		t.Fatalf("without the password: err = %v, waits = %+v", err, parked)
	}
	res, err := w.start(t, rt, src, engine.Options{Ask: ask})
	if err != nil || res.Failure != nil || res.Output["u"] != "ann" || res.Output["t"] != "***" {
		t.Fatalf("res = %+v, err = %v", res, err)
	}
	last := shown[len(shown)-1].Ask
	if last.Field("username") != nil || last.Field("password") == nil || !strings.Contains(last.Message, "ann") {
		t.Errorf("asked again with %+v", last)
	}
	if got := w.effects(); len(got) != 2 {
		t.Errorf("effects = %v", got)
	}
	all, err := json.Marshal([]any{rt.entries, w.events, res.Output})
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(all), password) {
		t.Errorf("the password was written down:\n%s", all)
	}
	if !strings.Contains(string(all), `"secret":true`) && !strings.Contains(fmt.Sprintf("%s", rt.entries), `"secret":true`) {
		t.Error("no record says that a secret was given")
	}
}

// TestCredentialFromOutside: an unattended run uses a secret that is set.
func TestCredentialFromOutside(t *testing.T) {
	w := newWorld(t)
	src := head + "outputs: {t: '{{ nodes.a.value }}', u: '{{ nodes.login.username }}'}\nnodes:\n- {id: login, type: dialog.credential, params: {name: bank, username: ann}}\n- {id: a, type: test.act, params: {value: 1, token: {secret: bank}}}\nedges: [login -> a]\n"
	res, err := w.start(t, memrt.New(), src, engine.Options{})
	if err != nil || fmt.Sprint(res.Output) != "map[t:1 u:ann]" {
		t.Fatalf("res = %+v, err = %v", res, err)
	}
}

// spy keeps what is appended to logs.
type spy struct {
	durable.Runtime
	entries []string
}

func (s *spy) Run(ctx context.Context, id string, f durable.Body) ([]byte, error) {
	return s.Runtime.Run(ctx, id, func(ctx context.Context, log durable.Log) ([]byte, error) {
		return f(ctx, &spyLog{log, s})
	})
}

type spyLog struct {
	durable.Log
	s *spy
}

func (l *spyLog) Append(ctx context.Context, entries ...durable.Entry) error {
	for _, e := range entries {
		l.s.entries = append(l.s.entries, e.Name+" "+string(e.Data))
	}
	return l.Log.Append(ctx, entries...)
}
