package flowctl

import (
	"context"
	"fmt"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/value"
)

func init() {
	node.RegisterControl(node.Control[ifIn, ifOut]{
		Type:  "flow.if",
		Title: "If",
		Doc:   "Follows then if a condition holds, else otherwise. Both ways may lead to the same node later; a port without a wire ends the chain.",
		Ports: []node.Port{{Name: "then", Doc: "Followed if the condition holds."}, {Name: "else", Doc: "Followed if it does not."}},
		Route: func(_ context.Context, in ifIn) (node.Move, error) {
			port := "else"
			if in.Condition {
				port = "then"
			}
			return node.Take{Port: port, Out: map[string]any{"result": in.Condition}}, nil
		},
		YAML: "- {id: big, type: flow.if, params: {condition: '{{ inputs.amount > 1000 }}'}}\n# big.then -> ask, big.else -> pay",
	})
	node.RegisterControl(node.Control[switchIn, switchOut]{
		Type:  "flow.switch",
		Title: "Switch",
		Doc:   "Follows the port of the first case that fits, or default. A case fits if its value equals the value given, or if its condition (when) holds.",
		Ports: []node.Port{{Name: "default", Doc: "Followed if no case fits."}},
		PortsOf: func(params map[string]any) []node.Port {
			var ports []node.Port
			cases, _ := params["cases"].([]any)
			for _, c := range cases {
				m, _ := c.(map[string]any)
				if name, ok := m["port"].(string); ok {
					ports = append(ports, node.Port{Name: name, Doc: "Followed if this case fits."})
				}
			}
			return ports
		},
		Check: func(in switchIn) error {
			seen := map[string]bool{"default": true}
			for i, c := range in.Cases {
				if seen[c.Port] {
					return fmt.Errorf("cases[%d]: the port %s is used twice", i, c.Port)
				}
				seen[c.Port] = true
			}
			return nil
		},
		Route: func(ctx context.Context, in switchIn) (node.Move, error) {
			for i, c := range in.Cases {
				if c.When.Given() {
					ok, err := c.When.True(ctx, map[string]any{"value": in.Value})
					if err != nil {
						return nil, fmt.Errorf("cases[%d].when: %w", i, err)
					}
					if !ok {
						continue
					}
				} else {
					want, err := c.Equals.Eval(ctx, map[string]any{"value": in.Value})
					if err != nil {
						return nil, fmt.Errorf("cases[%d].equals: %w", i, err)
					}
					if !value.Equal(want, in.Value) {
						continue
					}
				}
				return node.Take{Port: c.Port, Out: map[string]any{"port": c.Port}}, nil
			}
			return node.Take{Port: "default", Out: map[string]any{"port": "default"}}, nil
		},
		YAML: "- id: kind\n  type: flow.switch\n  params:\n    value: '{{ nodes.read.type }}'\n    cases:\n      - {port: invoice, equals: INV}\n      - {port: odd, when: '{{ value startsWith \"X\" }}'}\n# kind.invoice -> book, kind.odd -> ask, kind.default -> skip",
	})
	node.RegisterControl(node.Control[assertIn, none]{
		Type:  "flow.assert",
		Title: "Assert",
		Doc:   "Fails the flow if a condition does not hold, with the kind assert. Use it for what must be true if the flow is right.",
		Route: func(_ context.Context, in assertIn) (node.Move, error) {
			if in.Condition {
				return node.Take{Port: "next"}, nil
			}
			msg := in.Message
			if msg == "" {
				msg = "the assertion does not hold"
			}
			return node.Raise{Failure: &node.Failure{Kind: node.KindAssert, Message: msg, Permanent: true}}, nil
		},
		YAML: "- {id: balanced, type: flow.assert, params: {condition: '{{ nodes.sum.total == inputs.expected }}', message: The totals differ}}",
	})
}

type ifIn struct {
	Condition bool `json:"condition" is:"required" doc:"Condition to test."`
}

type ifOut struct {
	Result bool `json:"result" doc:"Whether the condition held."`
}

type switchIn struct {
	Value any          `json:"value" doc:"Value to compare with the cases."`
	Cases []switchCase `json:"cases" is:"required" locals:"value" doc:"Cases in the order they are tried. Each has a port and either equals or when."`
}

type switchCase struct {
	Port   string    `json:"port" is:"required" doc:"Port that is followed; letters, digits and _."`
	Equals node.Lazy `json:"equals" locals:"value" doc:"Value that fits."`
	When   node.Lazy `json:"when" locals:"value" doc:"Condition that fits; value is the value given."`
}

type switchOut struct {
	Port string `json:"port" doc:"Port that was followed."`
}

type assertIn struct {
	Condition bool   `json:"condition" is:"required" doc:"What must hold."`
	Message   string `json:"message" doc:"What to say if it does not."`
}
