package remote

import (
	"context"
	"net/http"
	"time"

	"github.com/aether-rpa/aether/internal/element"
	"github.com/aether-rpa/aether/internal/robot"
	"github.com/aether-rpa/aether/selector"
)

// elements reaches what the orchestrator knows of the elements of pages. It implements robot.Elements; what got no
// answer is asked again, which every call allows.
type elements struct {
	task *task
	exec context.Context // of the execution; it ends with the lease
}

var _ robot.Elements = (*elements)(nil)

func (e *elements) call(ctx context.Context, what string, in, out any) error {
	err := persist(ctx, func() error {
		ctx, cancel := context.WithTimeout(ctx, requestTime)
		defer cancel()
		return e.task.client.call(ctx, http.MethodPost, e.task.path("elements/"+what), in, out)
	})
	if lost(err) {
		e.task.refused(err)
		return context.Cause(e.task.lease)
	}
	return err
}

// knownWait is how long a node waits for what is known of its elements: it can do without.
const knownWait = 5 * time.Second

// Known implements robot.Elements.
func (e *elements) Known(ctx context.Context, at element.Place) (*element.Known, error) {
	ctx, cancel := context.WithTimeout(ctx, knownWait)
	defer cancel()
	var k element.Known
	err := e.call(ctx, "known", at, &k)
	return &k, err
}

// Saw implements robot.Elements.
func (e *elements) Saw(ctx context.Context, at element.Place, target string, p selector.Print) error {
	type saw struct {
		element.Place
		Target string         `json:"target"`
		Print  selector.Print `json:"print"`
	}
	blind := p
	blind.Look = ""
	return e.tell(ctx, "saw", saw{at, target, p}, saw{at, target, blind}, p.Look != "", nil)
}

// tell is call for what holds prints. An orchestrator of the release before refuses pictures in them as something it
// does not know: it is told the same without.
func (e *elements) tell(ctx context.Context, what string, in, blind any, pictured bool, out any) error {
	c := e.task.client
	if !pictured {
		return e.call(ctx, what, in, out)
	}
	if !c.blind.Load() {
		err := e.call(ctx, what, in, out)
		if no := refusal(err); no == nil || no.Status != http.StatusUnprocessableEntity {
			return err
		}
	}
	err := e.call(ctx, what, blind, out)
	if err == nil {
		c.blind.Store(true)
	}
	return err
}

// Report implements robot.Elements. The orchestrator has the artifacts before. While it cannot be reached the node waits,
// for as long as the run is this robot's: what acts on an element that was found again must be known.
func (e *elements) Report(_ context.Context, r *element.Report) (id int64, fresh bool, err error) {
	ctx := e.exec
	for _, digest := range []string{r.Screenshot, r.Page} {
		if digest == "" {
			continue
		}
		if err := persist(ctx, func() error { return e.task.put(ctx, digest) }); err != nil {
			return 0, false, err
		}
	}
	var out struct {
		Heal  int64
		Fresh bool
	}
	blind := *r
	blind.Before.Look = ""
	pictured := r.Before.Look != ""
	if f := r.Found; f != nil && f.Look != "" {
		found := *f
		found.Look = ""
		blind.Found, pictured = &found, true
	}
	err = e.tell(ctx, "report", r, &blind, pictured, &out)
	return out.Heal, out.Fresh, err
}

// Uses implements robot.Elements.
func (e *elements) Uses(ctx context.Context, _ string) ([]element.Use, error) {
	var out struct{ Uses []element.Use }
	err := e.call(ctx, "uses", struct{}{}, &out)
	return out.Uses, err
}

// Settle implements robot.Elements.
func (e *elements) Settle(ctx context.Context, _, path string, worked bool) error {
	return e.call(ctx, "settle", map[string]any{"path": path, "worked": worked}, nil)
}
