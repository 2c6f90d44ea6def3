package robot

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"sync"
	"time"

	"github.com/aether-rpa/aether/browser"
	"github.com/aether-rpa/aether/internal/engine"
	"github.com/aether-rpa/aether/internal/run"
	"github.com/aether-rpa/aether/internal/screen"
	"github.com/aether-rpa/aether/session"
	"github.com/aether-rpa/aether/value"
)

// look hears whether somebody wants the browser, before the run's flow is walked.
func (p *hand) look(ctx context.Context) {
	if row, err := p.h.robot.Live.Hand(ctx, p.h.run.ID, run.HandSaid{}); err == nil && wants(row) {
		p.want(true)
		if row.Ready { // it was, with a robot that is gone
			_, _ = p.h.robot.Live.Hand(ctx, p.h.run.ID, run.HandSaid{ID: row.ID, Why: whyGone, Gestures: row.Gestures}) // it is told again
		}
	}
}

// wants reports whether a robot is to keep a browser open for a person.
func wants(row *run.Hand) bool { return row != nil && row.Back == "" && row.Away < run.HandKept }

// serve lets the person who has taken over work in the browser, until it is given back, a line goes on, or ctx ends.
func (p *hand) serve(ctx context.Context) {
	live, id := p.h.robot.Live, p.h.run.ID
	defer p.want(false)
	var said run.HandSaid
	unfit := ""
	for ctx.Err() == nil {
		row, err := live.Hand(ctx, id, said)
		switch {
		case err != nil: // it is asked again
		case row == nil:
			return
		case !wants(row):
			if row.Back != "" { // before it was ready
				if row.GoOn {
					p.goOn(ctx, row.Back)
				}
				_, _ = live.Hand(ctx, id, run.HandSaid{ID: row.ID, Over: true, Gestures: row.Gestures}) // what is not told is looked at again
			}
			return
		default:
			p.want(true)
			if said = (run.HandSaid{ID: row.ID, Why: whyBusy, Gestures: row.Gestures}); unfit != "" {
				said.Why = unfit
			} else if p.lend() {
				if unfit = p.drive(ctx, row); unfit == "" {
					return
				}
				p.unlend()
				continue
			}
			p.h.glimpse(ctx)
		}
		select {
		case <-ctx.Done():
		case <-time.After(handWait):
		}
	}
}

// What a person is told while they do not have the browser.
const (
	whyBusy   = "The flow is at work. The browser is yours as soon as all its lines wait: before the next node, or when the one that acts now has ended."
	whyNone   = "No browser is open in this run yet. Hand back and let the flow go on to a node that opens one."
	whyAway   = "The browser was closed, as nobody was there for a while. What was done in it is kept, and the run waits. Take over again and it is built again."
	whyStop   = "The robot that had the browser was stopped. What was done in it is kept, and it is built again as soon as a robot goes on with the run."
	whyBuilt  = "The browser was built again as it was kept last."
	whyGone   = "The robot that had the browser is gone, and the browser with it. It is built again as it was kept last."
	whyDied   = "The browser has ended by itself. Hand back: it is built again as it was kept last when the flow goes on."
	howToLost = ". Hand back: the flow deals with it, or asks what is to be done."
)

// drive does in the browser what the person does, until that is over. It returns why it is not possible, if it is not.
func (p *hand) drive(ctx context.Context, row *run.Hand) (why string) {
	h := p.h
	rebuilt := !h.sessions.Viewable()
	sess, err := session.First[*browser.Session](ctx, h.sessions)
	switch {
	case errors.Is(err, session.ErrNone):
		return whyNone
	case err != nil:
		return "The browser is not open any more, and cannot be built again as it was: " + h.mask.Text(err.Error()) + howToLost
	}
	page, err := sess.Page()
	if err != nil {
		return "The browser has no page: " + h.mask.Text(err.Error()) + howToLost
	}
	p.mu.Lock()
	p.sess = sess
	p.mu.Unlock()
	began := h.robot.Now()
	h.note(EventTakenOver, map[string]any{"by": row.By, "nodes": h.waiting()})
	d := &driving{p: p, scr: screen.New(sess.Context(), screen.Options{Front: page.ID()}), sess: sess, row: row, gestures: row.Gestures}
	if rebuilt {
		d.told = whyBuilt
	}
	back := d.both(ctx)
	if sess.Dead() {
		p.mu.Lock()
		p.sess = nil // nothing of it can be recorded any more
		p.mu.Unlock()
		h.note(EventHandedBack, map[string]any{"by": row.By, "ms": h.robot.Now().Sub(began).Milliseconds(), "gestures": d.gestures - row.Gestures, "closed": true})
		if !p.called() {
			return whyDied
		}
	}
	p.unlend() // who waits for it goes on, and records what was done before anything else
	p.settle(ctx)
	if d.goOn {
		p.goOn(ctx, back)
	}
	data := map[string]any{"by": row.By, "ms": h.robot.Now().Sub(began).Milliseconds(), "gestures": d.gestures - row.Gestures}
	said := run.HandSaid{ID: row.ID, Over: true, Gestures: d.gestures}
	switch {
	case back != "" && back != row.By:
		data["back"] = back
	case back == "" && !p.called():
		data["closed"] = true
		said.Over, said.Why = false, whyAway
		if ctx.Err() != nil {
			said.Why = whyStop
		}
	}
	if !sess.Dead() {
		h.note(EventHandedBack, data)
	}
	end, cancel := context.WithTimeout(context.WithoutCancel(ctx), handEnd)
	defer cancel()
	if _, err := h.robot.Live.Hand(end, h.run.ID, said); err != nil {
		h.robot.Log.Warn("telling that the browser was given back", "run", h.run.ID, "err", err)
	}
	return ""
}

// goOn lets what is paused go on, as soon as the lines of the run wait.
func (p *hand) goOn(ctx context.Context, by string) {
	h := p.h
	for ctx.Err() == nil {
		h.mu.Lock()
		waits := slices.Clone(h.waits)
		h.mu.Unlock()
		for _, w := range waits {
			if w.Paused == nil {
				continue
			}
			data, err := value.JSON(engine.Command{Command: engine.CommandContinue, By: by}.Message())
			if err == nil {
				// A line is paused at a path once: the same again is for nobody.
				err = h.robot.Runs.Send(ctx, h.run.ID, w.Topic, fmt.Sprintf("handed back %d", h.robot.Now().UnixNano()), data)
			}
			if err != nil {
				h.robot.Log.Warn("telling a run to go on", "run", h.run.ID, "err", err)
			}
		}
		if len(waits) > 0 {
			return
		}
		select {
		case <-ctx.Done():
		case <-time.After(handWait):
		}
	}
}

// driving is one time that a person has the browser.
type driving struct {
	p    *hand
	scr  *screen.Screen
	sess *browser.Session
	row  *run.Hand

	mu       sync.Mutex
	state    json.RawMessage // that was not told yet
	gestures int
	goOn     bool   // what is paused is to go on
	told     string // what went wrong last, or what the person should know
}

// both does what the person does and shows what comes of it, until it is over.
func (d *driving) both(ctx context.Context) (back string) {
	defer d.sess.Lend()()
	defer d.scr.Close()
	ctx, stop := context.WithCancel(ctx)
	shown := make(chan struct{})
	go func() {
		defer close(shown)
		d.show(ctx)
	}()
	defer func() {
		stop()
		<-shown
	}()
	return d.work(ctx)
}

// work does what the person does, until it is over; it returns who has given the browser back, "" if nobody did.
func (d *driving) work(ctx context.Context) (back string) {
	h := d.p.h
	done := int64(math.MaxInt64) // what was done for a robot that is gone is for nobody
	for ctx.Err() == nil && !d.p.called() && !d.sess.Dead() {
		var said run.HandSaid
		d.mu.Lock()
		if state := d.state; state != nil || done > 0 {
			said = run.HandSaid{ID: d.row.ID, Ready: true, Why: d.told, State: state, Done: done, Gestures: d.gestures}
			d.state = nil
		}
		d.mu.Unlock()
		row, err := h.robot.Live.Hand(ctx, h.run.ID, said)
		if err == nil {
			if done = 0; row == nil || row.ID != d.row.ID {
				return d.row.By // somebody else has it: what was done is kept, and the next one begins
			}
			if row.Back != "" {
				d.goOn = row.GoOn
				return row.Back
			}
			if !wants(row) {
				return ""
			}
			for _, in := range row.Input {
				if d.p.called() {
					break
				}
				d.told = d.do(ctx, in)
				done = in.Seq
			}
			if len(row.Input) > 0 {
				continue
			}
		}
		select {
		case <-ctx.Done():
		case <-time.After(handPoll):
		}
	}
	return ""
}

// do does what came in one request, and returns what went wrong, as a sentence.
func (d *driving) do(ctx context.Context, in run.HandInput) string {
	h := d.p.h
	var w screen.Worked
	data, err := h.unsealHand(ctx, in.Data)
	if err == nil {
		err = json.Unmarshal(data, &w)
	}
	if err != nil {
		return "What you did could not be read: " + err.Error()
	}
	err = d.scr.Do(ctx, w)
	d.mu.Lock()
	for _, g := range w.Gestures {
		if g.Kind != "move" && g.Kind != "up" && g.Kind != "keyup" {
			d.gestures++
		}
	}
	d.mu.Unlock()
	d.p.mu.Lock()
	d.p.done++
	d.p.mu.Unlock()
	if err != nil {
		return h.mask.Text(err.Error())
	}
	return ""
}

// show shows the browser to the person, and to who watches, until ctx ends.
func (d *driving) show(ctx context.Context) {
	var told string
	var last []byte
	for ctx.Err() == nil {
		began := time.Now()
		short, cancel := context.WithTimeout(ctx, frameTime)
		t, state, err := d.scr.See(short)
		if err == nil {
			for i := range state.Tabs {
				state.Tabs[i].Title = d.p.h.mask.Text(state.Tabs[i].Title)
			}
			if b, err := json.Marshal(state); err == nil && string(b) != told {
				told = string(b)
				d.mu.Lock()
				d.state = b
				d.mu.Unlock()
			}
			pages := d.sess.Pages()
			i := slices.IndexFunc(pages, func(p *browser.Page) bool { return p.ID() == t.ID() })
			if i >= 0 && state.Dialog == nil {
				last = d.p.h.frame(short, last, func() (session.View, error) { return d.sess.ViewOf(short, pages[i]) })
			}
		}
		cancel()
		select {
		case <-ctx.Done():
		case <-time.After(handFrame - time.Since(began)):
		}
	}
}

// waiting names the node executions before which, or in which, lines of the run wait.
func (h *host) waiting() []any {
	h.mu.Lock()
	defer h.mu.Unlock()
	out := []any{}
	for _, w := range h.waits {
		out = append(out, w.Path)
	}
	return out
}
