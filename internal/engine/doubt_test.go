package engine_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/aether-rpa/aether/flow"
	"github.com/aether-rpa/aether/internal/durable"
	"github.com/aether-rpa/aether/internal/durable/memrt"
	"github.com/aether-rpa/aether/internal/engine"
	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/session"
)

type doubtIn struct{}

// doubting is a world with a node that does not know what to act on until a person has said so.
type doubting struct {
	*office
	sure bool
	acts int
}

func (d *doubting) live(t *testing.T, rt durable.Runtime, src string) (*engine.Result, error) {
	t.Helper()
	f, err := flow.Decode([]byte(src))
	if err != nil {
		t.Fatal(err)
	}
	def, err := node.DefOf(node.Spec[doubtIn, deskOut]{
		Type: "desk.press", Title: "Press", Doc: "Presses what is meant.", Effect: node.Once,
		Run: func(ctx context.Context, env *node.Env, _ doubtIn) (deskOut, error) {
			at, err := session.Get[*desk](ctx, env.Sessions, "web", "browser")
			if err != nil {
				return deskOut{}, err
			}
			if !d.sure {
				f := node.Fail(node.KindElement, "the button was not found; probably meant is another", "approve it or reject it")
				f.Details = map[string]any{"meant": "another"}
				return deskOut{}, &node.DoubtError{Failure: f}
			}
			d.acts++
			return deskOut{at.at}, nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	p, err := engine.Compile(f, d.registry(t).With(d.node(t, "desk.go", node.Idempotent), def))
	if err != nil {
		t.Fatal(err)
	}
	plain := func(b []byte) ([]byte, error) { return b, nil }
	d.sessions = session.New(session.Config{Providers: map[string]session.Provider{"web": &d.hall}, Seal: plain, Unseal: plain})
	var res *engine.Result
	_, err = rt.Run(t.Context(), "r", func(ctx context.Context, log durable.Log) ([]byte, error) {
		var err error
		res, err = engine.Execute(ctx, p, log, d, engine.Options{RunID: "r", Now: d.now, Input: map[string]any{}}, &engine.Counters{})
		return []byte("{}"), err
	})
	return res, err
}

const doubtFlow = head + "nodes:\n- {id: first, type: desk.go, params: {fresh: true, to: form}}\n- {id: press, type: desk.press}\nedges: [first -> press]\noutputs: {at: \"{{ nodes.press.at }}\"}\n"

// A node that is in doubt parks the run with what it knows, and does what was asked once a person has settled it: in any
// process, as often as it takes, with the session as it was.
func TestDoubtAsks(t *testing.T) {
	d, rt := &doubting{office: newOffice(t)}, memrt.New()
	_, err := d.live(t, rt, doubtFlow)
	w := d.asks(t, err)
	if w.Kind != "doubt" || w.Path != "press" || !slices.Equal(w.Choices, []string{"again", "fail"}) || !strings.Contains(w.Question, "probably meant is another") || w.Details["meant"] != "another" || w.Ask.Details.Text != "First approve it or reject it." {
		t.Errorf("it asks %+v", w)
	}
	_, err = d.live(t, rt, doubtFlow)
	if again := d.asks(t, err); again.Topic != w.Topic {
		t.Errorf("another process asks at %s, not %s", again.Topic, w.Topic)
	}
	d.answer(w, "again") // nothing was settled, so it asks anew
	_, err = d.live(t, rt, doubtFlow)
	next := d.asks(t, err)
	if next.Topic == w.Topic || next.Path != "press" {
		t.Errorf("it asks again at %s", next.Topic)
	}
	d.sure = true
	d.answer(next, "again")
	res, err := d.live(t, rt, doubtFlow)
	if err != nil || res.Failure != nil || res.Output["at"] != "form" || d.acts != 1 {
		t.Errorf("ended with %+v, %v after %d acts", res, err, d.acts)
	}
}

// A person may let it fail, and a flow that deals with failures is not asked about.
func TestDoubtFails(t *testing.T) {
	d, rt := &doubting{office: newOffice(t)}, memrt.New()
	_, err := d.live(t, rt, doubtFlow)
	d.answer(d.asks(t, err), "fail")
	res, err := d.live(t, rt, doubtFlow)
	if err != nil || res.Failure == nil || res.Failure.Kind != node.KindElement || d.acts != 0 {
		t.Errorf("ended with %+v, %v", res, err)
	}
	for _, how := range []string{"on_error: continue", "on_interrupted: fail"} {
		d, rt := &doubting{office: newOffice(t)}, memrt.New()
		res, err := d.live(t, rt, strings.Replace(doubtFlow, "type: desk.press", "type: desk.press, "+how, 1))
		if err != nil || how == "on_interrupted: fail" && (res.Failure == nil || res.Failure.Node != "press") {
			t.Errorf("%s: ended with %+v, %v", how, res, err)
		}
	}
}
