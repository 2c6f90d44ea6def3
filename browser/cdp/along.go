package cdp

import (
	"context"
	"encoding/json"
	"time"

	"github.com/aether-rpa/aether/browser"
)

// patience is how long an evaluation may go on when the browser has taken the input that it waits for. It is over
// soon after, unless the input had no effect that the page could see.
const patience = 15 * time.Millisecond

// Along implements browser.Tab.
func (t *tab) Along(ctx context.Context, in browser.Input, frame, expression, late string, result any) (sent, evaluated error) {
	s, n, err := t.context(ctx, frame, true)
	if err != nil {
		return err, nil
	}
	var events []pending
	for _, e := range in.Mouse {
		events = append(events, t.s.send("Input.dispatchMouseEvent", mouse(e)))
	}
	if len(in.Mouse) == 0 {
		events = append(events, t.s.send("Input.insertText", map[string]any{"text": in.Text}))
	}
	// A browser that was not started here may hold back what runs in the page after input until the next frame.
	together := t.c.b.p != nil
	var look pending
	ask := func() { // a press is a person's doing by itself, and text that is entered is not
		look = s.send("Runtime.evaluate", evaluate{expression, n, true, true, len(in.Mouse) == 0})
	}
	if together {
		ask()
	}
	for _, e := range events {
		if err := e.wait(ctx, nil); err != nil {
			return err, nil
		}
	}
	if !together {
		s.send("Runtime.evaluate", evaluate{late, n, true, false, false})
		ask()
	} else if look.err == nil {
		soon := time.NewTimer(patience)
		select {
		case m := <-look.w.reply:
			look.w.reply <- m
		case <-soon.C:
			s.send("Runtime.evaluate", evaluate{late, n, true, false, false})
		case <-ctx.Done():
		case <-t.Gone():
		}
		soon.Stop()
	}
	return nil, t.answer(ctx, look, result)
}

// answer takes what an evaluation gives.
func (t *tab) answer(ctx context.Context, look pending, result any) error {
	var e evaluated
	if err := look.wait(ctx, &e); err != nil {
		return t.vanished(err)
	}
	raw, err := e.value()
	if err != nil || result == nil || len(raw) == 0 {
		return err
	}
	return json.Unmarshal(raw, result)
}
