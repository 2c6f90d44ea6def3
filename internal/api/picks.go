package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/aether-rpa/aether/internal/auth"
	"github.com/aether-rpa/aether/internal/lookback"
	"github.com/aether-rpa/aether/internal/recording"
	"github.com/aether-rpa/aether/internal/screen"
	"github.com/aether-rpa/aether/selector"
)

// How long the pages of past runs may be looked at for one element, and by how many queries.
const (
	pastTime   = 2 * time.Minute
	maxQueries = 10
)

// picks registers what picks elements of pages for the flow that somebody writes. Each has one browser for it.
func (s *Server) picks(a huma.API) {
	refused := []int{http.StatusNotFound, http.StatusConflict}
	state := func(ctx context.Context) (*answer[*recording.Pick], error) {
		st, err := s.Picks.State(who(ctx).Name)
		return &answer[*recording.Pick]{st}, err
	}
	handle(s, a, op{right: auth.WriteFlows, method: http.MethodPost, path: "/pick", id: "start-pick", summary: "Open a browser in which an element of a page is picked; the one that was open before is closed", tag: "recording", status: http.StatusCreated, errors: refused},
		func(ctx context.Context, in *struct {
			Body struct {
				URL string `json:"url" minLength:"1" maxLength:"4000" doc:"Address of the page to begin with."`
			}
		}) (*answer[*recording.Pick], error) {
			if s.Picks == nil {
				return nil, &Problem{Kind: kindOf(http.StatusConflict), Message: noBrowsers, status: http.StatusConflict}
			}
			if err := s.Picks.Start(ctx, who(ctx).Name, in.Body.URL); err != nil {
				return nil, err
			}
			return state(ctx)
		})
	handle(s, a, op{right: auth.WriteFlows, method: http.MethodGet, path: "/pick", id: "get-pick", summary: "Tell what was picked, with the ways to find it and the list that it is of", tag: "recording", errors: refused},
		func(ctx context.Context, _ *struct{}) (*answer[*recording.Pick], error) {
			if s.Picks == nil {
				return nil, recording.ErrNone
			}
			return state(ctx)
		})
	handle(s, a, op{right: auth.WriteFlows, method: http.MethodPost, path: "/pick/press", id: "press-picker", summary: "Say what the next click does: pick an element (again), pick a second one like it (like), or work in the page (cancel)", tag: "recording", errors: refused, often: true},
		func(ctx context.Context, in *struct {
			Body struct {
				Button string `json:"button" enum:"again,like,cancel"`
			}
		}) (*answer[*recording.Pick], error) {
			if s.Picks == nil {
				return nil, recording.ErrNone
			}
			if err := s.Picks.Press(ctx, who(ctx).Name, in.Body.Button); err != nil {
				return nil, err
			}
			return state(ctx)
		})
	handle(s, a, op{right: auth.WriteFlows, method: http.MethodDelete, path: "/pick", id: "drop-pick", summary: "Close the browser in which an element is picked", tag: "recording", status: http.StatusNoContent, errors: refused},
		func(ctx context.Context, _ *struct{}) (*struct{}, error) {
			if s.Picks != nil {
				s.Picks.Drop(who(ctx).Name)
			}
			return nil, nil
		})
	handle(s, a, op{right: auth.WriteFlows, method: http.MethodPost, path: "/pick/past", id: "look-at-past-pages", summary: "Look for an element on the pages that past runs kept before a node", tag: "recording", errors: refused, often: true},
		func(ctx context.Context, in *struct {
			Body struct {
				Flow   string `json:"flow" minLength:"1" maxLength:"200"`
				Node   string `json:"node" minLength:"1" maxLength:"64"`
				Target any    `json:"target" doc:"The element, as a flow has it."`
			}
		}) (*answer[*lookback.Past], error) {
			if s.Picks == nil || s.Past == nil {
				return nil, &Problem{Kind: kindOf(http.StatusConflict), Message: noBrowsers, status: http.StatusConflict}
			}
			var t selector.Target
			if err := t.FromValue(in.Body.Target); err != nil || len(t.Queries) > maxQueries {
				return nil, &Problem{Kind: "input", Message: "this is no target that can be looked for", Hint: "give it as a flow has it, with ten queries at most", status: http.StatusUnprocessableEntity}
			}
			ctx, cancel := context.WithTimeout(ctx, pastTime)
			defer cancel()
			past, err := s.Past(ctx, in.Body.Flow, in.Body.Node, t)
			return &answer[*lookback.Past]{past}, err
		})
	works(s, a, "/pick", "pick", "the picker", func(ctx context.Context) (*screen.Screen, error) {
		if s.Picks == nil {
			return nil, recording.ErrNone
		}
		return s.Picks.Screen(who(ctx).Name)
	})
}
