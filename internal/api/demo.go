package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/aether-rpa/aether/internal/auth"
	"github.com/aether-rpa/aether/internal/demo"
	"github.com/aether-rpa/aether/internal/orch"
)

// noDemo is what is missing where the server has no robot of its own.
const noDemo = "this server has no robot of its own, as aether up has"

type demoOut struct {
	*orch.DemoState
	May bool `json:"may" doc:"Whether who asks may run it."`
}

type demoRunIn struct {
	Body struct {
		Release bool `json:"release,omitempty" doc:"Change the pages of the practice site before, as its next release would."`
	}
}

// demo registers what is offered to who has just begun.
func (s *Server) demo(a huma.API) {
	refused := []int{http.StatusConflict}
	handle(s, a, op{right: auth.ReadFlows, method: http.MethodGet, path: "/demo", id: "get-demo", summary: "Tell how far the demo has come, and whether it can be run here", tag: "demo"},
		func(ctx context.Context, _ *struct{}) (*answer[demoOut], error) {
			if s.Demo == nil {
				return &answer[demoOut]{demoOut{DemoState: &orch.DemoState{Flow: demo.Name, Missing: noDemo}}}, nil
			}
			st, err := s.Demo.State(ctx)
			return &answer[demoOut]{demoOut{DemoState: st, May: s.mayDemo(ctx) == nil && who(ctx).Role.May(auth.WriteFlows)}}, err
		})
	handle(s, a, op{right: auth.WriteFlows, method: http.MethodPost, path: "/demo/runs", id: "run-demo", summary: "Run the demo: serve the practice site, push its flow if it is not there, and give a run of it to the robot of this server", tag: "demo", status: http.StatusCreated, errors: refused},
		func(ctx context.Context, in *demoRunIn) (*answer[*orch.Submitted], error) {
			if err := s.mayDemo(ctx); err != nil {
				return nil, err
			}
			out, err := s.Demo.Run(ctx, in.Body.Release)
			return &answer[*orch.Submitted]{out}, err
		})
	handle(s, a, op{right: auth.WriteFlows, method: http.MethodDelete, path: "/demo", id: "remove-demo", summary: "Remove the demo: its runs, its flow with what is known of its elements, and the practice site", tag: "demo", status: http.StatusNoContent, errors: refused},
		func(ctx context.Context, _ *struct{}) (*struct{}, error) {
			if err := s.mayDemo(ctx); err != nil {
				return nil, err
			}
			return nil, s.Demo.Remove(ctx)
		})
}

// mayDemo refuses where there is no demo; on a server that other machines reach it is for admins.
func (s *Server) mayDemo(ctx context.Context) error {
	switch {
	case s.Demo == nil:
		return &Problem{Kind: kindOf(http.StatusConflict), Message: noDemo, Hint: "start it with aether up", status: http.StatusConflict}
	case s.Public && who(ctx).Role != auth.Admin:
		return &Problem{Kind: kindOf(http.StatusForbidden), Message: "this server can be reached from other machines, so only an admin may run the demo", Hint: "ask an admin, or run aether up on your own machine", status: http.StatusForbidden}
	}
	return nil
}
