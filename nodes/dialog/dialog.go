// Package dialog holds the nodes that talk to a person: questions that wait for
// an answer, and notes that do not. A question is data (package question) that
// a terminal and other fronts show; its answer is recorded, so that a crash
// never asks twice what was answered.
//
// Who starts the flow on a terminal is asked there. In an unattended run the
// declared default is taken; without one the run waits as a task for a person
// (aether runs list, aether runs resume RUN --answer).
package dialog

import (
	"time"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/question"
)

func init() {
	node.RegisterFamily(node.Family{Name: "dialog", Title: "Dialogs", Doc: "Ask the person who attends the run, on a terminal or from elsewhere, and tell them things."})
}

// ending are the params of every dialog about when nobody answers.
type ending struct {
	Wait           time.Duration `json:"wait" min:"0" group:"Nobody answers" doc:"How long to wait for an answer at most, counted from when it was first asked, crashes included; for ever if not given."`
	OnTimeout      string        `json:"on_timeout" enum:"default,cancel,fail" default:"default" group:"Nobody answers" doc:"What counts when the time is over. default: the default, and a failure if there is none; cancel: as if it was closed; fail: the node fails. The port timeout is followed if it has a wire."`
	WhenUnattended string        `json:"when_unattended" enum:"default,ask,cancel" default:"default" group:"Nobody answers" doc:"What a run does that nobody attends (no terminal, or --no-input). default: it takes the default, and waits for a person if there is none; ask: it always waits for a person; cancel: as if it was closed."`
}

// looks are the words around a dialog with fields.
type looks struct {
	Title       string `json:"title" doc:"Heading."`
	Message     string `json:"message" widget:"multiline" doc:"What the person is told."`
	OKLabel     string `json:"ok_label" default:"OK" is:"advanced" doc:"Words on the button that answers."`
	CancelLabel string `json:"cancel_label" default:"Cancel" is:"advanced" doc:"Words on the button that closes."`
	AllowCancel bool   `json:"allow_cancel" default:"true" doc:"Whether the dialog can be closed without an answer."`
}

// replyOut are the outputs of every dialog.
type replyOut struct {
	Button     string  `json:"button" doc:"Name of the button that was chosen; cancel if it was closed."`
	Cancelled  bool    `json:"cancelled" doc:"Whether it was closed without an answer."`
	TimedOut   bool    `json:"timed_out" doc:"Whether nobody answered in time."`
	Unattended bool    `json:"unattended" doc:"Whether nobody was asked because nobody attends the run."`
	By         string  `json:"by" doc:"Who answered, as far as it is known."`
	Comment    string  `json:"comment" doc:"Remark that came with the answer (aether runs resume --comment)."`
	AnsweredAt *string `json:"answered_at" doc:"When a person answered, ISO 8601."`
}

// Names of ports and buttons.
const (
	okButton = "ok"
	cancel   = question.CancelButton
)

var ports = []node.Port{
	{Name: "next", Doc: "Followed with the answer, and in every case whose own port has no wire."},
	{Name: "cancelled", Doc: "Followed if it was closed."},
	{Name: "timeout", Doc: "Followed if nobody answered in time."},
}

// form starts a question with fields.
func (l looks) form(kind string, fields ...question.Field) *question.Question {
	q := &question.Question{Kind: kind, Title: l.Title, Message: l.Message, Fields: fields, Buttons: []question.Button{{Name: okButton, Label: l.OKLabel}}}
	if l.AllowCancel {
		q.Buttons = append(q.Buttons, question.Button{Name: cancel, Label: l.CancelLabel, Cancels: true})
	}
	return q
}

// or is the label of a field that has none of its own.
func or(label, usual string) string {
	if label == "" {
		return usual
	}
	return label
}

// declared sets the default: there is one if one of the fields has it.
func declared(q *question.Question) *question.Question {
	for _, f := range q.Fields {
		if f.Default != nil {
			q.Default = &question.Answer{Button: okButton}
		}
	}
	return q
}

// ask makes the move. Own gives the outputs besides those of every dialog.
func (e ending) ask(q *question.Question, own func(question.Reply) map[string]any) (node.Move, error) {
	q.Unattended, q.OnTimeout = e.WhenUnattended, e.OnTimeout
	if err := q.Normalize(); err != nil {
		return nil, node.Fail(node.KindInput, "the dialog holds what cannot be shown: "+err.Error(), "")
	}
	return node.Await{Ask: q, Timeout: e.Wait, Outputs: func(r question.Reply) map[string]any {
		out := own(r)
		out["button"], out["cancelled"], out["timed_out"], out["unattended"] = r.Button, r.Cancelled, r.TimedOut, r.Unattended
		out["by"], out["comment"], out["answered_at"] = r.By, r.Comment, nil
		if !r.At.IsZero() && !r.Unattended {
			out["answered_at"] = r.At.UTC().Format(time.RFC3339Nano)
		}
		return out
	}}, nil
}
