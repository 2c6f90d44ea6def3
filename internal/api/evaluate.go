package api

import (
	"context"
	"fmt"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/aether-rpa/aether/flow"
	"github.com/aether-rpa/aether/internal/auth"
	"github.com/aether-rpa/aether/internal/engine"
	"github.com/aether-rpa/aether/internal/orch"
	"github.com/aether-rpa/aether/internal/queue"
)

type evaluateBody struct {
	Text        string                    `json:"text" minLength:"1" doc:"The flow as it is being written, YAML or JSON."`
	Node        string                    `json:"node" minLength:"1" doc:"Id of the node whose surroundings are used."`
	Run         string                    `json:"run,omitempty" doc:"Run of the flow whose records are used."`
	At          string                    `json:"at,omitempty" maxLength:"1000" doc:"Path of the execution that is meant, such as each[2]/fetch. Default: the first."`
	Params      map[string]any            `json:"params,omitempty" doc:"Params in the place of those of the node."`
	Expressions []string                  `json:"expressions,omitempty" maxItems:"500" doc:"More texts with {{ }} to evaluate."`
	Pins        map[string]map[string]any `json:"pins,omitempty" doc:"Outputs by node, in the place of recorded ones."`
}

type tryBody struct {
	Files  map[string]string         `json:"files" doc:"The flow as it is being written, and the flows it calls, by file name."`
	Main   string                    `json:"main" minLength:"1" doc:"The file to begin with."`
	Base   string                    `json:"base,omitempty" doc:"Digest of the version it was made from: what that called is called as before."`
	Mode   string                    `json:"mode" enum:"node,to,from" doc:"node: this node alone, on recorded data; to: run to this node and end behind it; from: from this node to the end, on recorded data."`
	Node   string                    `json:"node" minLength:"1" doc:"Id of the node."`
	At     string                    `json:"at,omitempty" maxLength:"1000" doc:"Path of the execution that is meant, such as each[2]/fetch. Default: the first."`
	Run    string                    `json:"run,omitempty" doc:"Run of the flow whose records are used."`
	Input  map[string]any            `json:"input,omitempty" doc:"Values of the flow's inputs. Default: those of the run."`
	Pins   map[string]map[string]any `json:"pins,omitempty" doc:"Outputs by node: these nodes do not act. They hold for this run only."`
	Breaks []engine.Break            `json:"breakpoints,omitempty" maxItems:"200" doc:"Where the run stops before a node acts."`
	Needs  string                    `json:"needs,omitempty" maxLength:"500" doc:"What a robot must have, as an expression over labels."`
}

func (s *Server) tries(a huma.API) {
	missing := []int{http.StatusNotFound}
	handle(s, a, op{right: auth.WriteFlows, method: http.MethodPost, path: "/expressions/evaluate", id: "evaluate-expressions", summary: "Tell what the expressions of a node give on recorded data; nothing is executed but them", tag: "flows", body: 16 << 20, errors: missing, often: true},
		func(ctx context.Context, in *struct{ Body evaluateBody }) (*answer[*orch.Evaluated], error) {
			b := in.Body
			f, err := flow.Decode([]byte(b.Text))
			if err != nil {
				return nil, err
			}
			q := orch.Evaluate{Flow: f, Node: b.Node, Run: b.Run, At: b.At, Expressions: b.Expressions}
			if b.Params != nil {
				if q.Params, err = plainMap("the params", b.Params); err != nil {
					return nil, err
				}
			}
			if q.Pins, err = plainPins(b.Pins); err != nil {
				return nil, err
			}
			out, err := s.Orch.Evaluate(ctx, q)
			return &answer[*orch.Evaluated]{out}, err
		})
	handle(s, a, op{right: auth.WriteFlows, method: http.MethodPost, path: "/flows/{name}/try", id: "try-flow", summary: "Start a development run of a flow that is being written, about one node", tag: "flows", status: http.StatusCreated, body: 16 << 20, errors: missing},
		func(ctx context.Context, in *struct {
			FlowPath
			Traced
			Body tryBody
		}) (*answer[*orch.Submitted], error) {
			b := in.Body
			bundle, err := s.Orch.LoadFiles(ctx, b.Files, b.Main, b.Base)
			if err != nil {
				return nil, err
			}
			if errs := bundle.Problems.Errors(); len(errs) > 0 {
				return nil, errs
			}
			if bundle.Flow.Name != in.Name {
				return nil, fmt.Errorf("%w: the file is of the flow %s, not of %s", orch.ErrInput, bundle.Flow.Name, in.Name)
			}
			t := orch.Try{Flow: bundle, Mode: b.Mode, Node: b.Node, At: b.At, Of: b.Run, Breaks: b.Breaks, By: who(ctx).Name}
			if b.Input != nil {
				if t.Input, err = plainMap("the inputs", b.Input); err != nil {
					return nil, err
				}
			}
			if t.Pins, err = plainPins(b.Pins); err != nil {
				return nil, err
			}
			// Somebody waits for it, before what nobody watches.
			out, err := s.Orch.TryQueued(in.caller(ctx), t, queue.Job{Priority: 20, Needs: b.Needs, Retry: queue.Retry{Attempts: 3}})
			return &answer[*orch.Submitted]{out}, err
		})
}

// plainMap turns what encoding/json made into values of flows.
func plainMap(what string, m map[string]any) (map[string]any, error) {
	v, err := plainValue(m)
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w", orch.ErrInput, what, err)
	}
	out, _ := v.(map[string]any)
	return out, nil
}

func plainPins(pins map[string]map[string]any) (map[string]map[string]any, error) {
	out := make(map[string]map[string]any, len(pins))
	for id, m := range pins {
		var err error
		if out[id], err = plainMap("the output pinned to "+id, m); err != nil {
			return nil, err
		}
	}
	return out, nil
}
