package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/aether-rpa/aether/internal/auth"
	"github.com/aether-rpa/aether/internal/orch"
	"github.com/aether-rpa/aether/internal/queue"
	"github.com/aether-rpa/aether/internal/run"
)

type jobPath struct {
	ID int64 `path:"id" minimum:"1" doc:"Number of the job."`
}

type whyBody struct {
	Sentences []string `json:"sentences" doc:"First about the job, then one for each robot."`
}

type requeueBody struct {
	Jobs     []int64 `json:"jobs" minItems:"1" maxItems:"10000"`
	Priority *int    `json:"priority,omitempty" minimum:"0" maximum:"20"`
	Needs    *string `json:"needs,omitempty" maxLength:"500"`
}

type countBody struct {
	Count int `json:"count"`
}

func (s *Server) jobs(a huma.API) {
	missing := []int{http.StatusNotFound}
	states := []int{http.StatusNotFound, http.StatusConflict}
	handle(s, a, op{right: auth.ReadQueue, method: http.MethodGet, path: "/jobs", id: "list-jobs", summary: "List the jobs in the queue, oldest first", tag: "jobs"},
		func(ctx context.Context, in *struct {
			Paging
			State  string `query:"state" enum:"ready,leased,later,held,dead,poison" doc:"Only in this state; dead are the dead letters."`
			Tenant string `query:"tenant" doc:"Only of this tenant."`
			Run    string `query:"run" doc:"Only of this run."`
		}) (*page[*queue.Job], error) {
			f := queue.Filter{Tenant: in.Tenant, Run: in.Run, Limit: in.Limit + 1}
			if in.State != "" {
				st, err := queue.ParseState(in.State)
				if err != nil {
					return nil, err
				}
				f.States = []queue.State{st}
			}
			if _, err := decodeCursor(in.Cursor, &f.After); err != nil {
				return nil, err
			}
			list, err := s.Queue.Jobs(ctx, f)
			return paged(list, in.Limit, func(j *queue.Job) any { return j.ID }), err
		})
	handle(s, a, op{right: auth.ReadQueue, method: http.MethodGet, path: "/jobs/{id}", id: "get-job", summary: "Get a job that is in the queue", tag: "jobs", errors: missing},
		func(ctx context.Context, in *jobPath) (*answer[*queue.Job], error) {
			j, err := s.Queue.Get(ctx, in.ID)
			return &answer[*queue.Job]{j}, err
		})
	handle(s, a, op{right: auth.ReadQueue, method: http.MethodGet, path: "/jobs/{id}/why", id: "why-job", summary: "Tell why no robot takes a job, in a sentence for each robot", tag: "jobs", errors: missing},
		func(ctx context.Context, in *jobPath) (*answer[whyBody], error) {
			why, err := s.Queue.Why(ctx, in.ID)
			return &answer[whyBody]{whyBody{why}}, err
		})
	handle(s, a, op{right: auth.ReadQueue, method: http.MethodGet, path: "/runs/{id}/jobs", id: "job-history", summary: "List what happened to the job of a run", tag: "jobs", errors: missing},
		func(ctx context.Context, in *RunPath) (*page[queue.Entry], error) {
			r, err := s.Runs.Get(ctx, in.ID)
			if err != nil {
				return nil, err
			}
			list, err := s.Queue.History(ctx, r.ID)
			return paged(list, len(list), func(queue.Entry) any { return nil }), err
		})
	handle(s, a, op{right: auth.WriteQueue, method: http.MethodPost, path: "/jobs/{id}/cancel", id: "cancel-job", summary: "Cancel a job and its run", tag: "jobs", errors: states},
		func(ctx context.Context, in *jobPath) (*answer[*run.Run], error) {
			r, err := s.Orch.CancelJob(ctx, in.ID)
			return &answer[*run.Run]{r}, err
		})
	handle(s, a, op{right: auth.WriteQueue, method: http.MethodPost, path: "/jobs/requeue", id: "requeue-jobs", summary: "Try dead letters again, from the node that failed", tag: "jobs", errors: states},
		func(ctx context.Context, in *struct {
			Traced
			Body requeueBody
		}) (*page[orch.Requeued], error) {
			list, err := s.Orch.Requeue(in.caller(ctx), queue.Change{Priority: in.Body.Priority, Needs: in.Body.Needs}, in.Body.Jobs...)
			return paged(list, len(list), func(orch.Requeued) any { return nil }), err
		})
	handle(s, a, op{right: auth.WriteQueue, method: http.MethodPost, path: "/jobs/drop", id: "drop-jobs", summary: "Take dead letters out of the queue; their runs stay", tag: "jobs"},
		func(ctx context.Context, in *struct {
			Body struct {
				Jobs []int64 `json:"jobs" minItems:"1" maxItems:"10000"`
			}
		}) (*answer[countBody], error) {
			n, err := s.Queue.Drop(ctx, in.Body.Jobs...)
			return &answer[countBody]{countBody{n}}, err
		})
}
