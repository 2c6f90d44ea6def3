package orch

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/aether-rpa/aether/internal/engine"
	"github.com/aether-rpa/aether/internal/run"
	"github.com/aether-rpa/aether/question"
	"github.com/aether-rpa/aether/value"
)

// Waits decodes what a parked run waits for.
func Waits(r *run.Run) ([]engine.Wait, error) {
	var ws []engine.Wait
	if len(r.Waits) == 0 {
		return nil, nil
	}
	err := json.Unmarshal(r.Waits, &ws)
	for i := range ws {
		w := &ws[i]
		if w.Ask == nil && len(w.Choices) > 0 { // written by an earlier version
			w.Ask = &question.Question{Kind: question.Approval, Message: w.Question, Details: &question.Details{Data: w.Details}}
			for _, c := range w.Choices {
				w.Ask.Buttons = append(w.Ask.Buttons, question.Button{Name: c})
			}
		}
		if w.Ask != nil && err == nil {
			err = w.Ask.Normalize()
		}
	}
	if err != nil {
		return nil, fmt.Errorf("run %s is damaged in the database: %w", r.ID, err)
	}
	return ws, nil
}

// Answer gives a person's answer to a run that asks: to the question at path,
// which may be empty if there is only one. An answer that does not fit gives a
// *question.Refusal.
func (o *Orch) Answer(ctx context.Context, id, path string, a question.Answer) (*run.Run, error) {
	r, w, err := o.asked(ctx, id, path)
	if err != nil {
		return nil, err
	}
	return r, o.answer(ctx, r, w, a)
}

// AnswerText is Answer with an answer as it is written on a command line; see
// question.Question.Parse.
func (o *Orch) AnswerText(ctx context.Context, id, path, text, comment, by string) (*run.Run, error) {
	r, w, err := o.asked(ctx, id, path)
	if err != nil {
		return nil, err
	}
	a, err := w.Ask.Parse(text)
	if err != nil {
		return nil, err
	}
	if comment != "" {
		a.Comment = comment
	}
	a.By = by
	return r, o.answer(ctx, r, w, a)
}

// asked returns the question at path of a run.
func (o *Orch) asked(ctx context.Context, id, path string) (*run.Run, engine.Wait, error) {
	r, err := o.Runs.Get(ctx, id)
	if err != nil {
		return nil, engine.Wait{}, err
	}
	ws, err := Waits(r)
	if err != nil {
		return nil, engine.Wait{}, err
	}
	ws = slices.DeleteFunc(ws, func(w engine.Wait) bool { return w.Ask == nil || path != "" && w.Path != path })
	switch {
	case len(ws) == 0 && path != "":
		err = notNow("run %s does not wait for a decision at %s (it is %s)", r.ID, path, r.Shown())
	case len(ws) == 0:
		err = notNow("run %s does not wait for a decision (it is %s)", r.ID, r.Shown())
	case len(ws) > 1:
		err = notNow("run %s waits for %d decisions: say which with --at, for instance --at %s", r.ID, len(ws), ws[0].Path)
	}
	if err != nil {
		return nil, engine.Wait{}, err
	}
	return r, ws[0], nil
}

// answer leaves an answer for the run, and wakes it if the question is answered by that.
func (o *Orch) answer(ctx context.Context, r *run.Run, w engine.Wait, a question.Answer) error {
	if len(w.Ask.Secrets()) > 0 && !w.Ask.Closes(a) {
		return unfit("%s asks for a secret, which must not be written down: answer on a terminal, with `aether runs resume %s`", w.Path, r.ID)
	}
	a, err := w.Ask.Accept(a)
	if err != nil {
		return err
	}
	var data any = a.Message()
	if w.Kind == "interrupted" {
		data = a.Button
	}
	b, err := value.JSON(data)
	if err != nil {
		return fmt.Errorf("the answer cannot be sent: %w", err)
	}
	id, decided := "answer", false
	if w.Ask.Several() && a.Button == w.Ask.Buttons[0].Name {
		id = "answer of " + question.Person(a.By)
	}
	err = o.Runs.Answer(ctx, r.ID, w.Topic, id, b, func(sent []run.Message) error {
		given := given(sent)
		if one, ok := w.Ask.Decide(answers(given)); ok {
			if last := sent[len(sent)-1]; a.Via == "" && string(last.Data) == string(b) {
				decided = true // the same once more, as after a crash
				return nil
			}
			by := one.By
			if by == "" {
				by = "somebody"
			}
			return notNow("%s has answered already: %s", by, one.Button)
		}
		if err := w.Ask.Refuses(a, answers(given), r.StartedBy); err != nil {
			return err
		}
		_, decided = w.Ask.Decide(append(answers(given), a))
		return nil
	})
	if err != nil || !decided {
		return err
	}
	return o.Queue.Wake(ctx, r.ID)
}
