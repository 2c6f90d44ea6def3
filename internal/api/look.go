package api

import (
	"context"
	"mime"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/aether-rpa/aether/internal/auth"
	"github.com/aether-rpa/aether/internal/orch"
	"github.com/aether-rpa/aether/internal/trace"
)

// pagePolicy lets a page that was kept show itself in a frame of this server, and do nothing else: its scripts are
// gone, and none would run.
const pagePolicy = "sandbox; " + trace.Policy + "; frame-ancestors 'self'"

// reportPolicy adds to the policy that the document itself has: it may be looked at in place, but is of no origin.
const reportPolicy = "sandbox allow-scripts; frame-ancestors 'none'"

// TraceStep is what was kept of the pages of a node execution.
type TraceStep trace.Step

// TracePath names a node execution of a run.
type TracePath struct {
	RunPath
	Path string `query:"path" required:"true" minLength:"1" maxLength:"1000" doc:"Path of the node execution, such as each[2]/click."`
	Try  int    `query:"try" minimum:"0" doc:"Which try of it; 0 for the last."`
}

// look registers what helps people to understand a run: comparisons, what was kept of pages, the report.
func (s *Server) look(a huma.API) {
	missing := []int{http.StatusNotFound}
	handle(s, a, op{right: auth.ReadRuns, method: http.MethodGet, path: "/runs/{id}/compare", id: "compare-runs", summary: "Compare what a run recorded with another run of its flow, execution by execution", tag: "runs", errors: missing},
		func(ctx context.Context, in *struct {
			RunPath
			With string `query:"with" maxLength:"100" doc:"Id of the other run. Default: the last one before it that was done."`
		}) (*answer[*orch.Comparison], error) {
			c, err := s.Orch.Compare(ctx, in.ID, in.With)
			return &answer[*orch.Comparison]{c}, err
		})
	handle(s, a, op{right: auth.ReadRuns, method: http.MethodGet, path: "/flows/{name}/grid", id: "get-flow-grid", summary: "Tell how it stood with each node in the latest runs of a flow", tag: "flows"},
		func(ctx context.Context, in *struct {
			FlowPath
			Limit int `query:"limit" default:"30" minimum:"1" maximum:"50" doc:"How many runs at most."`
		}) (*page[orch.GridRun], error) {
			list, err := s.Orch.Grid(ctx, in.Name, in.Limit)
			return paged(list, in.Limit, func(orch.GridRun) any { return nil }), err
		})
	handle(s, a, op{right: auth.ReadRuns, method: http.MethodGet, path: "/runs/{id}/traces", id: "list-traces", summary: "List the node executions of a run of whose pages something was kept", tag: "runs", errors: missing},
		func(ctx context.Context, in *RunPath) (*page[orch.TraceEntry], error) {
			list, err := s.Orch.Traces(ctx, in.ID)
			return paged(list, len(list), func(orch.TraceEntry) any { return nil }), err
		})
	handle(s, a, op{right: auth.ReadRuns, method: http.MethodGet, path: "/runs/{id}/trace", id: "get-trace", summary: "Get what was kept of the pages of a node execution: console, requests, which pages and pictures", tag: "runs", errors: missing},
		func(ctx context.Context, in *TracePath) (*answer[*TraceStep], error) {
			t, err := s.Orch.TraceOf(ctx, in.ID, in.Path, in.Try)
			return &answer[*TraceStep]{(*TraceStep)(t)}, err
		})
	handle(s, a, op{right: auth.ReadRuns, method: http.MethodGet, path: "/runs/{id}/trace/{what}", id: "get-trace-page", summary: "Get a page of a node execution, before or after it acted, as HTML that runs nothing; or its picture as JPEG", tag: "runs", errors: missing},
		func(ctx context.Context, in *struct {
			TracePath
			What string `path:"what" enum:"before,after,picture"`
		}) (*huma.StreamResponse, error) {
			t, err := s.Orch.TraceOf(ctx, in.ID, in.Path, in.Try)
			if err != nil {
				return nil, err
			}
			if in.What == "picture" {
				b, err := s.Orch.TraceShot(ctx, t)
				return sent("image/jpeg", "sandbox; default-src 'none'", b), err
			}
			text, err := s.Orch.TracePage(ctx, t, in.What == "before")
			return sent("text/html; charset=utf-8", pagePolicy, []byte(text)), err
		})
	handle(s, a, op{right: auth.ReadRuns, method: http.MethodGet, path: "/runs/{id}/report", id: "get-run-report", summary: "Get all that is known of a run as one document of HTML that needs no network", tag: "runs", errors: missing},
		func(ctx context.Context, in *RunPath) (*huma.StreamResponse, error) {
			r, err := s.Runs.Get(ctx, in.ID)
			if err != nil {
				return nil, err
			}
			return &huma.StreamResponse{Body: func(hc huma.Context) {
				hc.SetHeader("Content-Type", "text/html; charset=utf-8")
				hc.SetHeader("Content-Security-Policy", reportPolicy)
				hc.SetHeader("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": "run-" + r.ID + ".html"}))
				if err := s.Orch.Report(hc.Context(), r.ID, hc.BodyWriter()); err != nil {
					s.Log.Error("writing the report of a run", "run", r.ID, "err", err)
					panic(http.ErrAbortHandler) // the client must not take half a document for a whole one
				}
			}}, nil
		})
}

// sent answers with bytes of a kind under a policy.
func sent(kind, policy string, b []byte) *huma.StreamResponse {
	return &huma.StreamResponse{Body: func(hc huma.Context) {
		hc.SetHeader("Content-Type", kind)
		hc.SetHeader("Content-Security-Policy", policy)
		hc.SetHeader("X-Frame-Options", "SAMEORIGIN")
		_, _ = hc.BodyWriter().Write(b) // who is gone needs no answer
	}}
}
