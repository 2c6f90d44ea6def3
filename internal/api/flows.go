package api

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/aether-rpa/aether/internal/auth"
	"github.com/aether-rpa/aether/internal/orch"
	"github.com/aether-rpa/aether/internal/run"
)

// FlowPath names a flow.
type FlowPath struct {
	Name string `path:"name" doc:"Name of the flow."`
}

type flowText struct {
	Digest  string          `json:"digest"`
	Name    string          `json:"name"`
	Flow    json.RawMessage `json:"flow" doc:"The flow, as JSON."`
	Text    string          `json:"text" doc:"The flow as its author wrote it, comments included; YAML made from it where that is not kept."`
	File    string          `json:"file" doc:"Name of the file that was pushed."`
	Author  string          `json:"author,omitempty" doc:"Who pushed it last."`
	Message string          `json:"message,omitempty" doc:"What they said about it."`
	Tag     string          `json:"tag" doc:"What to send as If-Match to push over this version only while it is the draft."`
}

// textOf is a version with its text.
func (s *Server) textOf(ctx context.Context, b *orch.Bundle, p *run.Push) (*answer[flowText], error) {
	body, err := b.Flow.JSON()
	if err != nil {
		return nil, err
	}
	out := flowText{Digest: b.Digest, Name: b.Flow.Name, Flow: body, Tag: b.Digest}
	if p == nil || p.Text == "" {
		if out.Text, out.File, p, err = s.Orch.Text(ctx, b); err != nil {
			return nil, err
		}
	} else {
		out.Text, out.File = p.Text, p.File
	}
	if p != nil {
		out.Author, out.Message = p.Author, p.Message
		out.Tag += "." + strconv.FormatInt(p.ID, 10)
	}
	return &answer[flowText]{out}, nil
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
		// What an editor in the browser knows beside.
		Base    string `json:"base,omitempty" doc:"Digest of the version that the main file was made from: what that called and is not among the files is called as before."`
		Message string `json:"message,omitempty" maxLength:"2000" doc:"What is different in this version, for people."`
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
			b, err := s.Orch.LoadFiles(ctx, in.Body.Files, in.Body.Main, in.Body.Base)
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
			info, err := s.Orch.Push(ctx, b, orch.Author{Name: who(ctx).Name, Message: in.Body.Message}, expect)
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
			return s.textOf(ctx, b, nil)
		})
	handle(s, a, op{right: auth.ReadFlows, method: http.MethodGet, path: "/flows/{name}/pushes", id: "list-flow-pushes", summary: "List who pushed which version of a flow, newest first", tag: "flows", errors: []int{http.StatusNotFound}},
		func(ctx context.Context, in *struct {
			FlowPath
			Paging
		}) (*page[*run.Push], error) {
			below := int64(0)
			if _, err := decodeCursor(in.Cursor, &below); err != nil {
				return nil, err
			}
			if _, err := s.Runs.FlowInfo(ctx, in.Name); err != nil {
				return nil, err
			}
			list, err := s.Runs.Pushes(ctx, in.Name, below, in.Limit+1)
			return paged(list, in.Limit, func(p *run.Push) any { return p.ID }), err
		})
	handle(s, a, op{right: auth.ReadFlows, method: http.MethodGet, path: "/flows/{name}/pushes/{number}", id: "get-flow-push", summary: "Get the text of a flow as it was pushed", tag: "flows", errors: []int{http.StatusNotFound}},
		func(ctx context.Context, in *struct {
			FlowPath
			Number int64 `path:"number" minimum:"1" doc:"Number of the push."`
		}) (*answer[flowText], error) {
			p, err := s.Runs.PushNumber(ctx, in.Name, in.Number)
			if err != nil {
				return nil, err
			}
			if p == nil {
				return nil, fmt.Errorf("%w: the flow %s has no push %d", run.ErrNoFlow, in.Name, in.Number)
			}
			b, err := s.Orch.Published(ctx, in.Name, p.Digest)
			if err != nil {
				return nil, err
			}
			return s.textOf(ctx, b, p)
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
