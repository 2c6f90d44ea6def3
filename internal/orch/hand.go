package orch

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/aether-rpa/aether/internal/db"
	"github.com/aether-rpa/aether/internal/engine"
	"github.com/aether-rpa/aether/internal/robot"
	"github.com/aether-rpa/aether/internal/run"
	"github.com/aether-rpa/aether/internal/screen"
)

// Driving is how it stands with the browser of a run that a person has taken over.
type Driving struct {
	By    string    `json:"by" doc:"Who has taken over."`
	Since time.Time `json:"since"`
	// Ready says that they drive the browser; else Why says what they wait for.
	Ready bool   `json:"ready" doc:"The browser does what this person does."`
	Why   string `json:"why,omitempty" doc:"Why it does not yet, or what went wrong last."`
	// Away says that nothing was heard of them for a while, so that somebody else may take over.
	Away     bool `json:"away,omitempty" doc:"Nothing was heard of this person for a while: somebody else may take over."`
	Back     bool `json:"back,omitempty" doc:"It is being given back."`
	Gestures int  `json:"gestures" doc:"How much was done so far."`
}

// HandOf tells who has taken over the browser of a run; nil if nobody has.
func (o *Orch) HandOf(ctx context.Context, id string) (*Driving, error) {
	r, err := o.Runs.Get(ctx, id)
	if err != nil || r.Status.Final() {
		return nil, err
	}
	h, err := o.Runs.HandOf(ctx, r.ID)
	if err != nil || h == nil {
		return nil, err
	}
	return shownHand(r, h), nil
}

func shownHand(r *run.Run, h *run.Hand) *Driving {
	out := &Driving{By: h.By, Since: h.Since, Ready: h.Ready, Why: h.Why, Away: h.Away > run.HandAway, Back: h.Back != "" && !parked(r), Gestures: h.Gestures}
	switch {
	case r.Status != run.Running && !parked(r):
		out.Ready, out.Why = false, "The run waits for a robot. It pauses before its first node."
	case r.Interrupted:
		out.Ready, out.Why = false, "The robot that executed the run is gone, and the browser with it. The run stays where it is; a robot takes it up and builds the browser again as it was kept last."
	case parked(r):
		if out.Ready = false; out.Why == "" {
			out.Why = "The run was laid aside while it waits, and its browser was closed. A robot takes the run up and builds the browser again as it was kept last."
		}
	case !h.Ready && h.Why == "":
		out.Why = "The robot that executes the run is asked for its browser."
	}
	return out
}

// parked reports whether no process has the run while it waits.
func parked(r *run.Run) bool { return r.Status == run.Waiting || r.Status == run.Attention }

// TakeOver lets a person drive the browser of a run as soon as all lines of the run wait. One that is under way pauses
// before its next node; one that was laid aside is taken up, and its browser built again.
func (o *Orch) TakeOver(ctx context.Context, id, by string) (*Driving, error) {
	r, err := o.open(ctx, id)
	if err != nil {
		return nil, err
	}
	if _, err := o.handKey(ctx, r); err != nil {
		return nil, err
	}
	ws, err := Waits(r)
	if err != nil {
		return nil, err
	}
	waits := false
	for _, w := range ws {
		waits = waits || w.Ask != nil || w.Paused != nil
	}
	hand, err := run.NewID(o.Now(), o.Random)
	if err != nil {
		return nil, err
	}
	before, err := o.Runs.HandOf(ctx, r.ID)
	if err != nil {
		return nil, err
	}
	if err := o.Runs.TakeHand(ctx, r.ID, hand, by); errors.Is(err, run.ErrHand) {
		return nil, notNow("%s has taken over run %s: wait until it is handed back, or hand it back yourself", before.By, r.ID)
	} else if err != nil {
		return nil, err
	}
	if waits || before != nil {
		// A robot that knows no pauses knows no hands either: it would build the browser as it was before.
		err = o.DB.Tx(ctx, func(tx *db.Tx) error { return o.Queue.Need(ctx, tx, r.ID, DebugLabel) })
	} else {
		err = o.order(ctx, r, engine.Order{Pause: true, By: by})
	}
	if err != nil {
		return nil, err
	}
	if err := o.Queue.Wake(ctx, r.ID); err != nil {
		return nil, err
	}
	return o.HandOf(ctx, r.ID)
}

// HandBack gives the browser of a run back to its flow, which goes on if it was paused; with stay it remains paused.
// Anybody may do that who may take over: a person who has gone must not keep a run.
func (o *Orch) HandBack(ctx context.Context, id, by string, stay bool) (*Driving, error) {
	r, err := o.open(ctx, id)
	if err != nil {
		return nil, err
	}
	h, err := o.Runs.HandOf(ctx, r.ID)
	if err != nil {
		return nil, err
	}
	if h == nil {
		return nil, notNow("nobody has taken over run %s", r.ID)
	}
	if by == "" {
		by = "somebody"
	}
	if !parked(r) {
		// The robot lets go what is paused, after it has kept what was done.
		return shownHand(r, h), o.Runs.BackHand(ctx, r.ID, by, !stay)
	}
	if err := o.Runs.DropHand(ctx, r.ID); err != nil { // no robot has its browser
		return nil, err
	}
	if ws, err := Paused(r); err != nil || len(ws) == 0 || stay {
		return shownHand(r, h), err
	}
	_, err = o.Debug(ctx, r.ID, Debug{Command: engine.CommandContinue, By: by})
	return shownHand(r, h), err
}

// handKey returns the key that what a person does is sealed with: what they type must not be written down.
func (o *Orch) handKey(ctx context.Context, r *run.Run) ([]byte, error) {
	if o.SessionKey == nil {
		return nil, unfit("nobody can take over here: this process has no secret store, and what is typed must not be written down")
	}
	key, err := o.SessionKey(ctx, r.SealedAs())
	if err != nil {
		return nil, unfit("nobody can take over here, as what is typed could not be sealed: %s", err)
	}
	return key, nil
}

// holdsHand returns the hand of a person who drives the browser of a run.
func (o *Orch) holdsHand(ctx context.Context, r *run.Run, by string) (*run.Hand, error) {
	h, err := o.Runs.HandOf(ctx, r.ID)
	switch {
	case err != nil:
		return nil, err
	case r.Status.Final(), h == nil:
		return nil, notNow("you have not taken over run %s, or it was handed back", r.ID)
	case h.By != by:
		return nil, notNow("%s has taken over run %s", h.By, r.ID)
	}
	return h, nil
}

// WorkInRun does in the browser of a run what the person does who has taken over. It is on its way when this returns.
func (o *Orch) WorkInRun(ctx context.Context, id, by string, in screen.Worked) error {
	if err := in.Check(); err != nil {
		return err
	}
	r, err := o.Runs.Get(ctx, id)
	if err != nil {
		return err
	}
	h, err := o.holdsHand(ctx, r, by)
	if err != nil {
		return err
	}
	key, err := o.handKey(ctx, r)
	if err != nil {
		return err
	}
	data, err := json.Marshal(in)
	if err != nil {
		return err
	}
	sealed, err := robot.SealHand(key, r.ID, data)
	if err != nil {
		return err
	}
	sent, err := o.Runs.SendHand(ctx, r.ID, h.ID, sealed)
	if err == nil && !sent {
		return notNow("the browser of run %s does not take that now: it is not ready, or is being handed back", r.ID)
	}
	return err
}

// SeeHand says that a person is there who has taken over a run, and returns how it stands; nil if they have not.
func (o *Orch) SeeHand(ctx context.Context, id, by string) (*run.Hand, error) {
	h, err := o.Runs.HandOf(ctx, id)
	if err != nil || h == nil || h.By != by {
		return nil, err
	}
	return h, o.Runs.SeeHand(ctx, id, h.ID)
}
