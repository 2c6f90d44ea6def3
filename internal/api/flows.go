package api

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/aether-rpa/aether/internal/auth"
	"github.com/aether-rpa/aether/internal/run"
)

// FlowPath names a flow.
type FlowPath struct {
	Name string `path:"name" doc:"Name of the flow."`
}

type flowText struct {
	Digest string          `json:"digest"`
	Name   string          `json:"name"`
	Flow   json.RawMessage `json:"flow" doc:"The flow, as JSON."`
}

type flowETag struct {
	ETag string `header:"ETag" doc:"The draft's version: send it as If-Match to change only that."`
	Body *run.FlowInfo
}

type pushFlowIn struct {
	Match     string `header:"If-Match" doc:"Push only if the draft is this version (an ETag of this API)."`
	NoneMatch string `header:"If-None-Match" enum:"*" doc:"Push only if there is no such flow yet."`
	Body      struct {
		Files map[string]string `json:"files" minProperties:"1" doc:"The flow file and those it calls, by file name."`
		Main  string            `json:"main" doc:"File to begin with."`
	}
}

type promoteIn struct {
	FlowPath
	Match string `header:"If-Match" doc:"Promote only if production is this version."`
	Body  struct {
		Version string `json:"version,omitempty" doc:"Digest, or the beginning of one. Default: the draft."`
	}
}

func (s *Server) flows(a huma.API) {
	handle(s, a, op{right: auth.ReadFlows, method: http.MethodGet, path: "/flows", id: "list-flows", summary: "List flows by name", tag: "flows"},
		func(ctx context.Context, in *struct{ Paging }) (*page[*run.FlowInfo], error) {
			after := ""
			if _, err := decodeCursor(in.Cursor, &after); err != nil {
				return nil, err
			}
			list, err := s.Runs.Flows(ctx, after, in.Limit+1)
			return paged(list, in.Limit, func(f *run.FlowInfo) any { return f.Name }), err
		})
	handle(s, a, op{right: auth.WriteFlows, method: http.MethodPost, path: "/flows", id: "push-flow", summary: "Push a flow: check it, keep its version, make it the draft", tag: "flows", body: 16 << 20,
		errors: []int{http.StatusPreconditionFailed}},
		func(ctx context.Context, in *pushFlowIn) (*flowETag, error) {
			b, err := s.Orch.LoadFiles(in.Body.Files, in.Body.Main)
			if err != nil {
				return nil, err
			}
			if errs := b.Problems.Errors(); len(errs) > 0 {
				return nil, errs
			}
			expect := unquote(in.Match)
			if in.NoneMatch == "*" {
				expect = "new"
			}
			info, err := s.Orch.Push(ctx, b, expect)
			return tagged(info), err
		})
	handle(s, a, op{right: auth.ReadFlows, method: http.MethodGet, path: "/flows/{name}", id: "get-flow", summary: "Get a flow with its labels", tag: "flows", errors: []int{http.StatusNotFound}},
		func(ctx context.Context, in *FlowPath) (*flowETag, error) {
			info, err := s.Runs.FlowInfo(ctx, in.Name)
			return tagged(info), err
		})
	handle(s, a, op{right: auth.ReadFlows, method: http.MethodGet, path: "/flows/{name}/versions", id: "list-flow-versions", summary: "List the versions of a flow, newest first", tag: "flows", errors: []int{http.StatusNotFound}},
		func(ctx context.Context, in *struct {
			FlowPath
			Limit int `query:"limit" default:"50" minimum:"1" maximum:"1000" doc:"How many at most."`
		}) (*page[*run.Version], error) {
			list, err := s.Runs.Versions(ctx, in.Name, in.Limit)
			return paged(list, in.Limit, func(*run.Version) any { return nil }), err
		})
	handle(s, a, op{right: auth.ReadFlows, method: http.MethodGet, path: "/flows/{name}/versions/{version}", id: "get-flow-version", summary: "Get the text of a version: draft, production, or a digest", tag: "flows", errors: []int{http.StatusNotFound}},
		func(ctx context.Context, in *struct {
			FlowPath
			Version string `path:"version" doc:"draft, production, a digest, or the beginning of one."`
		}) (*answer[flowText], error) {
			b, err := s.Orch.Published(ctx, in.Name, in.Version)
			if err != nil {
				return nil, err
			}
			body, err := b.Flow.JSON()
			return &answer[flowText]{flowText{Digest: b.Digest, Name: b.Flow.Name, Flow: json.RawMessage(body)}}, err
		})
	handle(s, a, op{right: auth.PromoteFlows, method: http.MethodPost, path: "/flows/{name}/promote", id: "promote-flow", summary: "Make a version the production version", tag: "flows",
		errors: []int{http.StatusNotFound, http.StatusPreconditionFailed}},
		func(ctx context.Context, in *promoteIn) (*flowETag, error) {
			info, err := s.Orch.Promote(ctx, in.Name, in.Body.Version, unquote(in.Match))
			return tagged(info), err
		})
}

// unquote reads a version out of an ETag.
func unquote(tag string) string {
	return strings.Trim(strings.TrimPrefix(strings.TrimSpace(tag), "W/"), `"`)
}

func tagged(info *run.FlowInfo) *flowETag {
	if info == nil {
		return nil
	}
	return &flowETag{ETag: `"` + info.Draft + `"`, Body: info}
}
