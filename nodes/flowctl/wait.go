package flowctl

import (
	"context"
	"errors"
	"fmt"
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
		CanFail: true,
		Doc:     "Asks a person and waits for the answer; the port of the answer is followed. Who runs the flow on a terminal is asked there; otherwise the run needs attention until somebody answers (aether runs resume --answer), and waiting holds no worker. An unattended run never decides by itself; for questions that have a default there are dialog.* nodes.",
		Ports:   []node.Port{{Name: "timeout", Doc: "Followed if nobody answered in time; without a wire the node fails."}},
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
		YAML: "- {id: ask, type: flow.wait_for_approval, params: {question: 'Pay {{ vars.total }} EUR?', wait: 3d}}\n# ask.approve -> pay, ask.reject -> note, ask.timeout -> remind",
	})
}

func approval(in approvalIn) node.Await {
	q := &question.Question{Kind: question.Approval, Style: "question", Message: in.Question}
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
}

type approvalOut struct {
	Choice     string `json:"choice" doc:"The answer."`
	Comment    string `json:"comment" doc:"What the person added."`
	By         string `json:"by" doc:"Who answered, as far as it is known."`
	ReceivedAt string `json:"received_at" doc:"When, ISO 8601."`
}
