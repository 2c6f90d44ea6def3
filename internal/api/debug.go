package api

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/aether-rpa/aether/internal/auth"
	"github.com/aether-rpa/aether/internal/engine"
	"github.com/aether-rpa/aether/internal/orch"
	"github.com/aether-rpa/aether/internal/run"
)

type debugBody struct {
	Command string          `json:"command,omitempty" enum:"continue,over,into,out,stay,stop" doc:"over: to the next node of the same level; into: to the next node, wherever it is; out: to the node behind the block; stay: only set variables; stop: cancel the run."`
	At      string          `json:"at,omitempty" maxLength:"1000" doc:"Path of the paused line that is meant. Continue and stop are for all of them if it is left out."`
	Set     map[string]any  `json:"set,omitempty" doc:"New values of variables, by name. They count from here on. Needs the right runs.debug."`
	Breaks  *[]engine.Break `json:"breakpoints,omitempty" maxItems:"200" doc:"Breakpoints in the place of those that the run has."`
}

type debugIn struct {
	RunPath
	Body debugBody
}

// note implements noted: what was done, without the values.
func (in *debugIn) note() (about, detail string) {
	b := in.Body
	var parts []string
	if b.Command != "" {
		parts = append(parts, b.Command)
	}
	if b.At != "" {
		parts = append(parts, "at "+b.At)
	}
	if len(b.Set) > 0 {
		parts = append(parts, "set "+strings.Join(slices.Sorted(maps.Keys(b.Set)), ", "))
	}
	if b.Breaks != nil {
		parts = append(parts, fmt.Sprintf("%d breakpoints", len(*b.Breaks)))
	}
	return in.ID, clip(strings.Join(parts, " "))
}

// debugs registers what lets a person look into a run that is paused.
func (s *Server) debugs(a huma.API) {
	states := []int{http.StatusNotFound, http.StatusConflict}
	handle(s, a, op{right: auth.ReadRuns, method: http.MethodGet, path: "/runs/{id}/debug", id: "get-run-debug", summary: "Tell where a run is paused, with its variables there, and its breakpoints", tag: "runs", errors: []int{http.StatusNotFound}},
		func(ctx context.Context, in *RunPath) (*answer[*orch.Debugging], error) {
			out, err := s.Orch.Debugging(ctx, in.ID)
			return &answer[*orch.Debugging]{out}, err
		})
	handle(s, a, op{right: auth.WriteRuns, method: http.MethodPost, path: "/runs/{id}/pause", id: "pause-run", summary: "Let a run pause before its next node", tag: "runs", errors: states},
		func(ctx context.Context, in *RunPath) (*answer[*run.Run], error) {
			r, err := s.Orch.Pause(ctx, in.ID, who(ctx).Name)
			return &answer[*run.Run]{r}, err
		})
	handle(s, a, op{right: auth.WriteRuns, method: http.MethodPost, path: "/runs/{id}/debug", id: "debug-run", summary: "Let a paused run go on, set its variables, or change the breakpoints of a run", tag: "runs", errors: states},
		func(ctx context.Context, in *debugIn) (*answer[*run.Run], error) {
			b := in.Body
			d := orch.Debug{At: b.At, Command: b.Command, Breaks: b.Breaks, By: who(ctx).Name}
			if len(b.Set) > 0 {
				if p := who(ctx); !p.Role.May(auth.DebugRuns) {
					return nil, &Problem{Kind: kindOf(http.StatusForbidden), status: http.StatusForbidden, Hint: "go on without changing anything, or ask a developer",
						Message: fmt.Sprintf("%s is %s, and setting variables of a run needs %s", p.Name, p.Role, auth.Rights[auth.DebugRuns])}
				}
				var err error
				if d.Set, err = plainMap("the variables", b.Set); err != nil {
					return nil, err
				}
			}
			r, err := s.Orch.Debug(ctx, in.ID, d)
			return &answer[*run.Run]{r}, err
		})
}
