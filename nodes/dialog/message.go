package dialog

import (
	"context"
	"fmt"
	"slices"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/question"
)

func init() {
	node.RegisterControl(node.Control[messageIn, messageOut]{
		Type: "dialog.message", Title: "Show a message", CanFail: true, Asks: true,
		Doc:   "Shows a message and waits until it is acknowledged. Each button is a port; the button named cancel closes the dialog. The default is the default button, so that an unattended run goes on with it.",
		Ports: ports,
		PortsOf: func(params map[string]any) []node.Port {
			buttons, given := params["buttons"].([]any)
			if !given {
				buttons = []any{okButton}
			}
			var own []node.Port
			for _, b := range buttons {
				if s, ok := b.(string); ok && s != cancel && !slices.ContainsFunc(ports, func(p node.Port) bool { return p.Name == s }) {
					own = append(own, node.Port{Name: s, Doc: "Followed if this button was chosen."})
				}
			}
			return own
		},
		Check: func(in messageIn) error {
			if in.DefaultButton != "" && len(in.Buttons) > 0 && !slices.Contains(in.Buttons, in.DefaultButton) {
				return fmt.Errorf("default_button is %q, which is none of the buttons %v", in.DefaultButton, in.Buttons)
			}
			return nil
		},
		Route: func(_ context.Context, in messageIn) (node.Move, error) {
			q := &question.Question{Kind: question.Message, Style: in.Style, Title: in.Title, Message: in.Message}
			for _, b := range in.Buttons {
				label := in.Labels[b]
				if label == "" {
					label = labels[b]
				}
				q.Buttons = append(q.Buttons, question.Button{Name: b, Label: label, Cancels: b == cancel})
			}
			if in.Details != "" {
				q.Details = &question.Details{Text: in.Details}
			}
			q.Default = &question.Answer{Button: in.DefaultButton}
			return in.ask(q, func(r question.Reply) map[string]any {
				return map[string]any{"confirmed": confirms(r) && r.Button != "no"}
			})
		},
		YAML: "- {id: full, type: dialog.message, params: {style: warning, message: 'The disk is nearly full.', buttons: [retry, cancel]}}\n# full.retry -> check, full.cancelled -> stop",
	})
	node.RegisterControl(node.Control[confirmIn, confirmOut]{
		Type: "dialog.confirm", Title: "Ask yes or no", CanFail: true, Asks: true,
		Doc: "Asks a question that is answered with yes or no. Wire yes and no to go two ways, or next and look at `confirmed`. Without a default an unattended run waits for a person.",
		Ports: append([]node.Port{
			{Name: "yes", Doc: "Followed if the answer is yes."},
			{Name: "no", Doc: "Followed if the answer is no."},
		}, ports...),
		Route: func(_ context.Context, in confirmIn) (node.Move, error) {
			q := &question.Question{Kind: question.Confirm, Style: in.Style, Title: in.Title, Message: in.Message,
				Buttons: []question.Button{{Name: "yes", Label: in.YesLabel}, {Name: "no", Label: in.NoLabel}}}
			if in.AllowCancel {
				q.Buttons = append(q.Buttons, question.Button{Name: cancel, Label: in.CancelLabel, Cancels: true})
			}
			if in.Default != nil {
				q.Default = &question.Answer{Button: map[bool]string{true: "yes", false: "no"}[*in.Default]}
			}
			return in.ask(q, func(r question.Reply) map[string]any {
				return map[string]any{"confirmed": r.Button == "yes"}
			})
		},
		YAML: "- {id: sure, type: dialog.confirm, params: {message: 'Delete {{ len(nodes.found.files) }} files?', default: false}}\n# sure.yes -> delete, sure.no -> keep",
	})
	node.RegisterControl(node.Control[previewIn, messageOut]{
		Type: "dialog.preview", Title: "Show a file", CanFail: true, Asks: true,
		Doc:   "Shows a file to be looked at (a picture, a PDF, a text) and waits until it is confirmed or closed. A terminal shows where the file is, and the beginning of a text. The default is to confirm.",
		Ports: ports,
		Route: func(_ context.Context, in previewIn) (node.Move, error) {
			q := in.form(question.Preview)
			q.Details = &question.Details{File: in.File, Page: in.Page}
			q.Default = &question.Answer{Button: okButton}
			return in.ask(q, func(r question.Reply) map[string]any { return map[string]any{"confirmed": confirms(r)} })
		},
		YAML: "- {id: look, type: dialog.preview, params: {file: 'out/invoice.pdf', message: Is this right?}}",
	})
}

// confirms reports whether a reply is an answer that was not a refusal.
func confirms(r question.Reply) bool { return !r.Cancelled && r.Button != "" }

// labels are the words on usual buttons.
var labels = map[string]string{"ok": "OK", "cancel": "Cancel", "yes": "Yes", "no": "No", "retry": "Retry", "abort": "Abort", "ignore": "Ignore", "close": "Close"}

type messageIn struct {
	Title         string            `json:"title" doc:"Heading."`
	Message       string            `json:"message" is:"required" widget:"multiline" doc:"What the person is told."`
	Details       string            `json:"details" widget:"multiline" doc:"More about it, shown below."`
	Style         string            `json:"style" enum:"info,success,warning,error,question" default:"info" doc:"What kind of message it is."`
	Buttons       []string          `json:"buttons" default:"[\"ok\"]" doc:"Names of the buttons, the first is the usual one; each is a port. The one named cancel closes the dialog."`
	Labels        map[string]string `json:"labels" doc:"Words on buttons by name, for instance {yes: Ja}; the names themselves if not given."`
	DefaultButton string            `json:"default_button" doc:"Button that is chosen beforehand, and that an unattended run takes; the first if not given."`
	ending
}

type messageOut struct {
	Confirmed bool `json:"confirmed" doc:"Whether it was answered with another button than no or cancel."`
	replyOut
}

type confirmIn struct {
	Title       string `json:"title" doc:"Heading."`
	Message     string `json:"message" default:"Are you sure?" widget:"multiline" doc:"The question."`
	Style       string `json:"style" enum:"info,success,warning,error,question" default:"question" doc:"What kind of question it is."`
	Default     *bool  `json:"default" doc:"Answer that is chosen beforehand, and that an unattended run takes."`
	YesLabel    string `json:"yes_label" default:"Yes" is:"advanced" doc:"Words on the button yes."`
	NoLabel     string `json:"no_label" default:"No" is:"advanced" doc:"Words on the button no."`
	CancelLabel string `json:"cancel_label" default:"Cancel" is:"advanced" doc:"Words on the button that closes."`
	AllowCancel bool   `json:"allow_cancel" default:"false" doc:"Whether it can be closed without an answer."`
	ending
}

type confirmOut struct {
	Confirmed bool `json:"confirmed" doc:"Whether the answer is yes."`
	replyOut
}

type previewIn struct {
	File string `json:"file" is:"required" widget:"file" doc:"File to show."`
	Page int    `json:"page" min:"0" doc:"Page to begin at, for files that have pages."`
	looks
	ending
}
