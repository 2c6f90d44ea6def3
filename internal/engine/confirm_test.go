package engine_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/aether-rpa/aether/flow"
	"github.com/aether-rpa/aether/internal/durable"
	"github.com/aether-rpa/aether/internal/durable/memrt"
	"github.com/aether-rpa/aether/internal/engine"
	"github.com/aether-rpa/aether/node"
)

// confirming asks a function before the world is changed.
type confirming struct {
	durable.Runtime
	confirm func() error
}

func (c *confirming) Run(ctx context.Context, id string, body durable.Body) ([]byte, error) {
	return c.Runtime.Run(ctx, id, func(ctx context.Context, log durable.Log) ([]byte, error) {
		return body(ctx, &confirmLog{log, c})
	})
}

type confirmLog struct {
	durable.Log
	c *confirming
}

func (l *confirmLog) Confirm(context.Context) error { return l.c.confirm() }

// What changes the world waits until all before it is known elsewhere, whatever
// its policy after a crash; what only reads does not.
func TestConfirm(t *testing.T) {
	w := newWorld(t)
	asked, refuse := []int{}, false
	rt := &confirming{Runtime: memrt.New(), confirm: func() error {
		if refuse {
			return durable.ErrLost
		}
		asked = append(asked, len(w.effects()))
		return nil
	}}
	src := head + `nodes:
- {id: a, type: test.act, params: {effect: read}}
- {id: b, type: test.act, params: {effect: idempotent}}
- {id: c, type: test.act, params: {effect: read}}
- {id: d, type: test.act, params: {effect: pure}}
- {id: e, type: test.act, on_interrupted: retry}
- {id: f, type: test.act, on_interrupted: fail}
edges: [a -> b, b -> c, c -> d, d -> e, e -> f]
`
	if _, err := w.start(t, rt, src, engine.Options{}); err != nil {
		t.Fatal(err)
	}
	if got, want := fmt.Sprint(asked, w.effects()), "[1 3 4] [a b c e f]"; got != want {
		t.Errorf("asked after that many effects, and the effects: %s, want %s", got, want)
	}
	w, refuse = newWorld(t), true
	rt.Runtime = memrt.New()
	if _, err := w.start(t, rt, src, engine.Options{}); !errors.Is(err, durable.ErrLost) {
		t.Errorf("err = %v", err)
	}
	if got := fmt.Sprint(w.effects()); got != "[a]" {
		t.Errorf("effects of a run that another process has: %s", got)
	}
}

// A node that looks first does so while what comes before it is written, and changes nothing until that is kept: its
// intent as well, and not at all if the run is another process's by then.
func TestLooksFirst(t *testing.T) {
	looked, acted := make(chan struct{}), false
	def, err := node.DefOf(node.Spec[struct{}, struct{}]{
		Type: "test.look", Title: "Look", Doc: "Looks, and acts when it may.", Effect: node.Once, LooksFirst: true,
		Run: func(_ context.Context, env *node.Env, _ struct{}) (struct{}, error) {
			close(looked)
			err := env.Announced()
			acted = err == nil
			return struct{}{}, err
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	f, err := flow.Decode([]byte(head + "nodes:\n- {id: a, type: test.look}\n"))
	if err != nil {
		t.Fatal(err)
	}
	p, err := engine.Compile(f, node.Default.With(def))
	if err != nil {
		t.Fatal(err)
	}
	for _, refuse := range []error{nil, durable.ErrLost} {
		w := newWorld(t)
		looked, acted = make(chan struct{}), false
		var kept []string
		rt := &confirming{Runtime: memrt.New(), confirm: func() error { <-looked; return refuse }}
		_, err := rt.Run(t.Context(), "r", func(ctx context.Context, log durable.Log) ([]byte, error) {
			_, err := engine.Execute(ctx, p, log, w, engine.Options{RunID: "r", Now: w.now, Input: map[string]any{}}, &engine.Counters{})
			return []byte("{}"), err
		})
		if !errors.Is(err, refuse) || acted != (refuse == nil) {
			t.Errorf("refused with %v: err = %v, acted = %v", refuse, err, acted)
		}
		list, err := rt.Entries(t.Context(), "r")
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range list {
			kept = append(kept, e.Name)
		}
		want := "[a!intent a]"
		if refuse != nil {
			want = "[a!intent]"
		}
		if got := fmt.Sprint(kept); got != want {
			t.Errorf("refused with %v: recorded is %s, want %s", refuse, got, want)
		}
	}
}
