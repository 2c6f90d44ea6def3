package flowctl

import (
	"context"
	"fmt"

	"github.com/aether-rpa/aether/node"
)

func init() {
	node.RegisterControl(node.Control[none, none]{
		Type:  "flow.group",
		Title: "Group",
		Doc:   "Walks the body to its end, then follows done. Use it to give several ways one end, and to fold a part of a flow that belongs together.",
		Ports: []node.Port{{Name: "body", Doc: "Walked to its end.", Scope: true}, done},
		Route: func(context.Context, none) (node.Move, error) { return node.Group{}, nil },
		YAML:  "- {id: prepare, type: flow.group}\n# prepare.body -> read, prepare.done -> send",
	})
	node.RegisterControl(node.Control[missingIn, none]{
		Type:    "flow.missing",
		Title:   "Missing node",
		CanFail: true,
		Doc:     "Stands for a node of another product that the import could not translate, and keeps all that it held. The flow can be read, edited and run; it fails only if this node is reached. Replace it with a node that does the work.",
		Ports:   []node.Port{{Name: "next", Doc: "Where the chain went on."}},
		PortsOf: func(params map[string]any) []node.Port {
			var ports []node.Port
			names, _ := params["ports"].([]any)
			for _, n := range names {
				if s, ok := n.(string); ok && s != "next" && s != "error" {
					ports = append(ports, node.Port{Name: s, Doc: "A port of the node that is missing."})
				}
			}
			return ports
		},
		Route: func(_ context.Context, in missingIn) (node.Move, error) {
			f := node.Failf(node.KindInput, "this node stands for %s of %s, which cannot run here", in.Type, in.Product)
			if in.Reason != "" {
				f.Message = fmt.Sprintf("%s: %s", f.Message, in.Reason)
			}
			f.Hint, f.Permanent = "replace it with a node that does the work, or disable it", true
			return node.Raise{Failure: f}, nil
		},
		YAML: "- {id: scan, type: flow.missing, params: {product: CasareRPA, type: WebcamCaptureNode, reason: no node takes pictures with a camera}}",
	})
}

type missingIn struct {
	Type    string         `json:"type" is:"required,raw" doc:"Type of the node in the product it comes from."`
	Product string         `json:"product" is:"raw" default:"another product" doc:"Product it comes from."`
	Reason  string         `json:"reason" is:"raw" doc:"Why it was not translated."`
	Becomes string         `json:"becomes" is:"raw" doc:"Type it is translated to once Aether has it."`
	Ports   []string       `json:"ports" is:"raw" doc:"Further ports that wires leave from."`
	Data    map[string]any `json:"data" is:"raw" doc:"All that the node held, as it was."`
}
