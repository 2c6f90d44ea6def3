package web

import (
	"context"
	"errors"
	"time"

	"github.com/aether-rpa/aether/browser"
	"github.com/aether-rpa/aether/node"
)

func init() {
	node.Register(node.Spec[dialogsIn, dialogsOut]{
		Type: "web.dialogs", Title: "Handle dialogs",
		Doc: "Says how the messages that pages show with alert, confirm and prompt are answered from now on, and tells which the page has shown so far. They are answered at once, so that no page stands still. " +
			"Until told otherwise, alerts are accepted and questions dismissed: nothing is agreed to that the flow did not agree to. Use it before the action that brings a question up, and again after it to read what was shown.",
		Effect: node.Idempotent,
		Examples: []node.Example[dialogsIn, dialogsOut]{
			{Title: "Agree to the questions that follow", In: dialogsIn{Answer: "accept"}, Out: dialogsOut{Dialogs: []any{}}, DocOnly: needsBrowser},
			{
				Title: "Read the question that was shown", In: dialogsIn{Wait: true},
				Out: dialogsOut{Dialogs: []any{map[string]any{"kind": "confirm", "message": "Delete it?", "default": "", "answer": "accepted", "at": "2026-01-02T03:04:05Z"}}, Count: 1, Message: "Delete it?", Kind: "confirm", Taken: "accepted"}, DocOnly: needsBrowser,
			},
		},
		Check: func(in dialogsIn) error {
			if in.Text != "" && in.Answer != "accept" && in.Answer != "" {
				return errors.New("text answers a prompt, which needs answer: accept")
			}
			return nil
		},
		Run: func(ctx context.Context, env *node.Env, in dialogsIn) (dialogsOut, error) {
			return do(ctx, env, in.In, true, func(ctx context.Context, s *browser.Session, p *browser.Page) (dialogsOut, error) {
				switch in.Answer {
				case "accept":
					s.Answer(browser.DialogPolicy{Accept: true, Text: in.Text})
				case "dismiss":
					s.Answer(browser.DialogPolicy{Dismiss: true})
				case "default":
					s.Answer(browser.DialogPolicy{})
				}
				list := p.Dialogs()
				for in.Wait && len(list) == 0 {
					select {
					case <-time.After(20 * time.Millisecond):
						list = p.Dialogs()
					case <-p.Gone():
						return dialogsOut{}, &browser.Failure{Kind: browser.Gone, Action: "wait"}
					case <-ctx.Done():
						return dialogsOut{}, &browser.Failure{Kind: browser.Waited, Action: "wait", Detail: "the page has shown no message"}
					}
				}
				out := dialogsOut{Dialogs: []any{}, Count: len(list)}
				for _, d := range list {
					out.Dialogs = append(out.Dialogs, map[string]any{"kind": d.Kind, "message": d.Message, "default": d.Default, "answer": d.Answer, "at": d.At.UTC().Format(time.RFC3339)})
					out.Message, out.Kind, out.Taken = d.Message, d.Kind, d.Answer
				}
				return out, nil
			})
		},
	})
}

type dialogsIn struct {
	In
	Answer string `json:"answer" enum:",accept,dismiss,default" doc:"How dialogs are answered from now on: accept all, dismiss all, or default (accept alerts, dismiss questions). Not given leaves it as it is."`
	Text   string `json:"text" doc:"What to enter where a page asks for text; none takes what it proposes."`
	Wait   bool   `json:"wait" doc:"Whether to wait until the page has shown one."`
}

type dialogsOut struct {
	Dialogs []any  `json:"dialogs" doc:"What the page has shown so far, oldest first: kind (alert, confirm, prompt, beforeunload), message, default, answer (accepted or dismissed) and at."`
	Count   int    `json:"count" doc:"How many there were."`
	Message string `json:"message" doc:"Message of the newest one."`
	Kind    string `json:"kind" doc:"Kind of the newest one."`
	Taken   string `json:"taken" doc:"How the newest one was answered: accepted or dismissed."`
}
