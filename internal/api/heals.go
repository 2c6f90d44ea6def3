package api

import (
	"context"
	"io"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/aether-rpa/aether/internal/auth"
	"github.com/aether-rpa/aether/internal/element"
	"github.com/aether-rpa/aether/internal/orch"
)

// HealPath names a heal.
type HealPath struct {
	ID int64 `path:"id" minimum:"1" doc:"Number of the heal."`
}

type healIn struct {
	HealPath
	Match int64 `header:"If-Match" doc:"Version of the heal that was seen; another one is refused."`
	Body  struct {
		Comment string `json:"comment,omitempty" maxLength:"2000" doc:"Why."`
		Promote bool   `json:"promote,omitempty" doc:"Make the new version of the flow its production version, too."`
	}
}

type rejectIn struct {
	HealPath
	Match int64 `header:"If-Match" doc:"Version of the heal that was seen; another one is refused."`
	Body  struct {
		Comment string `json:"comment,omitempty" maxLength:"2000" doc:"Why."`
	}
}

func (s *Server) heals(a huma.API) {
	handle(s, a, op{right: auth.ReadHeals, method: http.MethodGet, path: "/heals", id: "list-heals", summary: "List elements of pages that their targets did not find, newest first", tag: "heals"},
		func(ctx context.Context, in *struct {
			Paging
			State string `query:"state" enum:"proposed,used,unresolved,approved,rejected,rolled_back" doc:"Only with this state."`
			Flow  string `query:"flow" doc:"Only of this flow."`
			Node  string `query:"node" doc:"Only of this node."`
		}) (*page[*element.Heal], error) {
			f := element.Filter{Flow: in.Flow, Node: in.Node, Limit: in.Limit + 1}
			if in.State != "" {
				f.States = []element.State{element.State(in.State)}
			}
			if _, err := decodeCursor(in.Cursor, &f.Before); err != nil {
				return nil, err
			}
			list, err := s.Orch.Elements.List(ctx, f)
			return paged(list, in.Limit, func(h *element.Heal) any { return h.ID }), err
		})
	handle(s, a, op{right: auth.ReadHeals, method: http.MethodGet, path: "/heals/{id}", id: "get-heal", summary: "Get a heal with its evidence", tag: "heals", errors: []int{http.StatusNotFound}},
		func(ctx context.Context, in *HealPath) (*answer[*element.Heal], error) {
			h, err := s.Orch.Elements.Get(ctx, in.ID)
			return &answer[*element.Heal]{h}, err
		})
	handle(s, a, op{right: auth.ReadHeals, method: http.MethodGet, path: "/heals/{id}/evidence/{what}", id: "get-heal-evidence", summary: "Get the picture of a heal with both places marked, or all elements of the page as they were searched", tag: "heals", errors: []int{http.StatusNotFound}},
		func(ctx context.Context, in *struct {
			HealPath
			What string `path:"what" enum:"screenshot,page"`
		}) (*huma.StreamResponse, error) {
			h, err := s.Orch.Elements.Get(ctx, in.ID)
			if err != nil {
				return nil, err
			}
			digest, kind := h.Screenshot, "application/octet-stream"
			if in.What == "page" {
				digest, kind = h.Page, "application/json"
			}
			if err := refuse(digest == "", "this was not kept of the heal"); err != nil {
				return nil, err
			}
			f, err := s.Orch.Artifacts.Open(ctx, digest)
			if err != nil {
				return nil, err
			}
			return &huma.StreamResponse{Body: func(hc huma.Context) {
				defer f.Close()
				hc.SetHeader("Content-Type", kind)
				if _, err := io.Copy(hc.BodyWriter(), f); err != nil {
					s.Log.Debug("sending the evidence of a heal", "heal", h.ID, "err", err)
				}
			}}, nil
		})
	handle(s, a, op{right: auth.ReadHeals, method: http.MethodGet, path: "/heals/{id}/around", id: "get-heal-around", summary: "Get what is known beside the element of a heal: the flow's other targets, and what people have approved and rejected for it", tag: "heals", errors: []int{http.StatusNotFound}},
		func(ctx context.Context, in *HealPath) (*answer[*element.Around], error) {
			h, err := s.Orch.Elements.Get(ctx, in.ID)
			if err != nil {
				return nil, err
			}
			around, err := s.Orch.Elements.Around(ctx, h)
			return &answer[*element.Around]{around}, err
		})
	handle(s, a, op{right: auth.ReadHeals, method: http.MethodGet, path: "/stability", id: "get-stability", summary: "Get how well the targets of a flow found their elements in its last runs, the least steady first", tag: "heals"},
		func(ctx context.Context, in *struct {
			Flow string `query:"flow" required:"true" minLength:"1" doc:"Name of the flow."`
			Runs int    `query:"runs" minimum:"1" maximum:"1000" default:"50" doc:"How many runs are looked at, the newest."`
		}) (*answer[*element.Stability], error) {
			steady, err := s.Orch.Elements.Stability(ctx, in.Flow, in.Runs)
			return &answer[*element.Stability]{steady}, err
		})
	decided := []int{http.StatusNotFound, http.StatusConflict, http.StatusPreconditionFailed}
	decision := func(ctx context.Context, in *healIn) orch.HealDecision {
		return orch.HealDecision{Promote: in.Body.Promote, Decision: element.Decision{ID: in.ID, Version: in.Match, By: who(ctx).Name, Comment: in.Body.Comment}}
	}
	handle(s, a, op{right: auth.WriteHeals, method: http.MethodPost, path: "/heals/{id}/approve", id: "approve-heal", summary: "Approve a heal: the draft of its flow becomes a version with the repaired target", tag: "heals", errors: decided},
		func(ctx context.Context, in *healIn) (*answer[*element.Heal], error) {
			h, err := s.Orch.ApproveHeal(ctx, decision(ctx, in))
			return &answer[*element.Heal]{h}, err
		})
	handle(s, a, op{right: auth.WriteHeals, method: http.MethodPost, path: "/heals/{id}/rollback", id: "rollback-heal", summary: "Roll an approved heal back: the draft of its flow becomes a version with the old target", tag: "heals", errors: decided},
		func(ctx context.Context, in *healIn) (*answer[*element.Heal], error) {
			h, err := s.Orch.RollbackHeal(ctx, decision(ctx, in))
			return &answer[*element.Heal]{h}, err
		})
	handle(s, a, op{right: auth.WriteHeals, method: http.MethodPost, path: "/heals/{id}/reject", id: "reject-heal", summary: "Reject a heal: what was found is not what is meant, and will not be taken for it again", tag: "heals", errors: decided},
		func(ctx context.Context, in *rejectIn) (*answer[*element.Heal], error) {
			h, err := s.Orch.RejectHeal(ctx, orch.HealDecision{Decision: element.Decision{ID: in.ID, Version: in.Match, By: who(ctx).Name, Comment: in.Body.Comment}})
			return &answer[*element.Heal]{h}, err
		})
}
