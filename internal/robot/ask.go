package robot

import (
	"context"
	"encoding/json"
	"slices"

	"github.com/aether-rpa/aether/internal/engine"
	"github.com/aether-rpa/aether/question"
)

// ask puts a question to the person who attends this process. Secrets in the
// answer are masked from then on.
func (h *host) ask(ctx context.Context, w engine.Wait) (question.Answer, error) {
	a, err := h.robot.Ask(ctx, h.run, w)
	if err != nil {
		return a, err
	}
	for _, f := range w.Ask.Secrets() {
		if s, ok := a.Values[f.Name].(string); ok {
			h.mask.Add(s)
		}
	}
	return a, nil
}

// publishWait lets other processes see, and answer, what a run asks while this
// process stays with it.
func (h *host) publishWait(w engine.Wait, open bool) {
	h.mu.Lock()
	h.waits = slices.DeleteFunc(h.waits, func(o engine.Wait) bool { return o.Topic == w.Topic })
	if open {
		h.waits = append(h.waits, w)
	}
	b, err := json.Marshal(h.waits)
	h.mu.Unlock()
	if err == nil {
		err = h.robot.Runs.SetWaits(context.WithoutCancel(h.ctx), h.run, b)
	}
	if err != nil {
		h.robot.Log.Debug("telling what the run waits for", "run", h.run.ID, "err", err)
	}
}
