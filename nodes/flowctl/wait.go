package flowctl

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/question"
)

func init() {
	node.RegisterControl(node.Control[waitIn, none]{
		Type:    "flow.wait",
		Title:   "Wait",
		Doc:     "Waits for a duration, or until a point in time. The end is fixed when the node is first reached and survives a crash; a long wait holds no worker.",
		Aliases: []string{"flow.sleep"},
		Check: func(in waitIn) error {
			if (in.For > 0) == (in.Until != "") {
				return errors.New("give either for or until")
			}
			return nil
		},
		Route: func(_ context.Context, in waitIn) (node.Move, error) {
			if in.Until == "" {
				return node.Sleep{For: in.For}, nil
			}
			t, err := time.Parse(time.RFC3339, in.Until)
			if err != nil {
				return nil, node.Fail(node.KindInput, fmt.Sprintf("until is %q, which is no point in time", in.Until), "write it like 2026-11-22T09:00:00+01:00; date.* nodes give that form")
			}
			return node.Sleep{Until: t}, nil
		},
		YAML: "- {id: cool_down, type: flow.wait, params: {for: 10m}}",
	})
	node.RegisterControl(node.Control[messageIn, messageOut]{
		Type:    "flow.wait_for_message",
		Title:   "Wait for message",
		CanFail: true,
		Doc:     "Waits until somebody sends this run a message on a topic (aether runs send). Messages that came before the node was reached count; each is taken once. Waiting holds no worker.",
		Ports:   []node.Port{{Name: "next", Doc: "Followed with the message."}, {Name: "timeout", Doc: "Followed if none came in time; without a wire the node fails."}},
		Route: func(_ context.Context, in messageIn) (node.Move, error) {
			return node.Await{Topic: in.Topic, Timeout: in.Wait}, nil
		},
		YAML: "- {id: payment, type: flow.wait_for_message, params: {topic: paid, wait: 2d}}\n# payment -> ship, payment.timeout -> remind",
	})
	node.RegisterControl(node.Control[approvalIn, approvalOut]{
		Type:    "flow.wait_for_approval",
		Title:   "Wait for approval",
		CanFail: true, Asks: true,
		Doc:   "Asks a person and waits for the answer; the port of the answer is followed. Who runs the flow on a terminal is asked there; otherwise the run needs attention until somebody answers (aether runs resume --answer), and waiting holds no worker. An unattended run never decides by itself; for questions that have a default there are dialog.* nodes. With approvals the first choice counts when so many different people have given it, and every other choice at once; flow.answer_link gives a link for people without an account.",
		Ports: []node.Port{{Name: "timeout", Doc: "Followed if nobody answered in time; without a wire the node fails."}},
		PortsOf: func(params map[string]any) []node.Port {
			choices, given := params["choices"].([]any)
			if !given {
				choices = []any{"approve", "reject"}
			}
			var ports []node.Port
			for _, c := range choices {
				if s, ok := c.(string); ok {
					ports = append(ports, node.Port{Name: s, Doc: "Followed if this is the answer."})
				}
			}
			return ports
		},
		Route: func(_ context.Context, in approvalIn) (node.Move, error) {
			return approval(in), nil
		},
		YAML: "- {id: ask, type: flow.wait_for_approval, params: {question: 'Pay {{ vars.total }} EUR?', wait: 3d, approvals: 2, not_starter: true}}\n# ask.approve -> pay, ask.reject -> note, ask.timeout -> remind",
	})
	node.RegisterControl(node.Control[linkIn, linkOut]{
		Type:  "flow.answer_link",
		Title: "Link to a question",
		Doc: "Makes a link by which somebody without an account sees what another node of this flow asks, and nothing else, and answers it once. Put it into a mail before the node that asks: the run then waits there. " +
			"The link counts as the person it is made for, ends when the question is answered, cancelled or too old, and stands in no record and no log. Write {{ nodes.ID.url }} where it is sent, and do not keep it in variables or files. " +
			"The address it begins with is the setting server.public_url.",
		CanFail: true,
		Check: func(in linkIn) error {
			if len(in.For) > 200 {
				return errors.New("for is longer than 200 characters")
			}
			return nil
		},
		Route: func(_ context.Context, in linkIn) (node.Move, error) {
			if strings.TrimSpace(in.For) == "" || len(in.For) > 200 {
				return nil, node.Fail(node.KindInput, "for is empty or longer than 200 characters, and a link is made for somebody", "give a mail address or a name")
			}
			return node.AnswerLink{Ask: in.Ask, Person: strings.TrimSpace(in.For), Valid: in.Valid}, nil
		},
		YAML: "- {id: link, type: flow.answer_link, params: {ask: pay, for: boss@example.com}}\n- {id: mail, type: mail.send, params: {connection: {host: smtp.example.com}, from: aether@example.com, to: [boss@example.com], subject: Please decide, text: 'Decide here: {{ nodes.link.url }}'}}\n- {id: pay, type: flow.wait_for_approval, params: {question: 'Pay 900 EUR?', wait: 3d}}",
	})
}

func approval(in approvalIn) node.Await {
	q := &question.Question{Kind: question.Approval, Style: "question", Message: in.Question, Approvals: in.Approvals, NotStarter: in.NotStarter}
	for _, c := range in.Choices {
		q.Buttons = append(q.Buttons, question.Button{Name: c})
	}
	if len(in.Details) > 0 {
		q.Details = &question.Details{Data: in.Details}
	}
	return node.Await{Ask: q, Timeout: in.Wait, Outputs: func(r question.Reply) map[string]any {
		out := map[string]any{"choice": r.Button, "comment": r.Comment, "by": r.By, "received_at": nil}
		if !r.At.IsZero() {
			out["received_at"] = r.At.UTC().Format(time.RFC3339Nano)
		}
		return out
	}}
}

type waitIn struct {
	For   time.Duration `json:"for" min:"0" doc:"How long to wait, such as 30s, 10m, 2d."`
	Until string        `json:"until" doc:"Point in time to wait for, ISO 8601 with an offset."`
}

type messageIn struct {
	Topic string        `json:"topic" is:"required" doc:"Topic of the message."`
	Wait  time.Duration `json:"wait" min:"0" doc:"How long to wait at most; for ever if not given."`
}

type messageOut struct {
	Message    any    `json:"message" doc:"What was sent."`
	ReceivedAt string `json:"received_at" doc:"When it came, ISO 8601."`
}

type approvalIn struct {
	Question string         `json:"question" is:"required" doc:"What the person is asked."`
	Choices  []string       `json:"choices" default:"[\"approve\",\"reject\"]" doc:"Answers; each is a port of the node."`
	Details  map[string]any `json:"details" doc:"What the person needs to know to decide."`
	Wait     time.Duration  `json:"wait" min:"0" doc:"How long to wait at most; for ever if not given."`

	Approvals  int  `json:"approvals" min:"1" max:"20" default:"1" group:"Several people" doc:"How many different people must give the first choice. Any other choice ends it at once."`
	NotStarter bool `json:"not_starter" group:"Several people" doc:"Whether who started the run may not answer."`
}

type linkIn struct {
	Ask   string        `json:"ask" is:"required" doc:"Id of the node that asks, in the same loop or block as this one."`
	For   string        `json:"for" is:"required" doc:"Who gets the link: a mail address or a name. Answers by it are this person's."`
	Valid time.Duration `json:"valid" min:"0" doc:"How long the link is good, from when the question is asked; as long as the question waits if not given, and 7 days for one that waits for ever."`
}

type linkOut struct {
	URL string `json:"url" doc:"The link. Whoever has it can answer: send it to this person only."`
	For string `json:"for" doc:"Who it is for."`
}

type approvalOut struct {
	Choice     string `json:"choice" doc:"The answer."`
	Comment    string `json:"comment" doc:"What the person added."`
	By         string `json:"by" doc:"Who answered, as far as it is known."`
	ReceivedAt string `json:"received_at" doc:"When, ISO 8601."`
}
