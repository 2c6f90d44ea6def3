package api

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/aether-rpa/aether/flow"
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

// DeadLetters says which dead letters: by their numbers, or all of a flow or with a reason.
type DeadLetters struct {
	Jobs   []int64 `json:"jobs,omitempty" maxItems:"10000" doc:"Numbers of the jobs. Left out: all that fit the rest."`
	All    bool    `json:"all,omitempty" doc:"All dead letters, up to 10000."`
	Flow   string  `json:"flow,omitempty" maxLength:"300" doc:"Only those whose run is of this flow."`
	Reason string  `json:"reason,omitempty" maxLength:"4000" doc:"Only those that failed for this reason, word for word."`
}

type requeueIn struct {
	Traced
	Body struct {
		DeadLetters
		Priority *int           `json:"priority,omitempty" minimum:"0" maximum:"20"`
		Needs    *string        `json:"needs,omitempty" maxLength:"500"`
		Input    map[string]any `json:"input,omitempty" doc:"Inputs that take the place of the runs', by name; the others stay. What was recorded is used as far as it does not depend on them."`
	}
}

type dropIn struct{ Body DeadLetters }

// note tells which dead letters and which inputs, not what is in them now.
func (in *requeueIn) note() (about, detail string) {
	if len(in.Body.Input) > 0 {
		detail = "other inputs: " + strings.Join(slices.Sorted(maps.Keys(in.Body.Input)), ", ")
	}
	return in.Body.String(), clip(detail)
}

func (in *dropIn) note() (about, detail string) { return in.Body.String(), "" }

// String says which dead letters for the audit log.
func (d DeadLetters) String() string {
	var parts []string
	for _, id := range d.Jobs {
		parts = append(parts, strconv.FormatInt(id, 10))
	}
	if d.Flow != "" {
		parts = append(parts, "of the flow "+d.Flow)
	}
	if d.Reason != "" {
		parts = append(parts, "that failed with: "+d.Reason)
	}
	if d.All {
		parts = append(parts, "all")
	}
	return clip(strings.Join(parts, " "))
}

// clip keeps a line of the audit log short.
func clip(s string) string {
	const most = 300
	if r := []rune(s); len(r) > most {
		return string(r[:most]) + "…"
	}
	return s
}

// dead returns the numbers of the dead letters.
func (s *Server) dead(ctx context.Context, d DeadLetters) ([]int64, error) {
	several := d.All || d.Flow != "" || d.Reason != ""
	if (len(d.Jobs) > 0) == several {
		return nil, &Problem{Kind: "input", Message: "the request must say which dead letters: either by their numbers, or all, or those of a flow or with a reason", Hint: "give jobs, or one or several of all, flow and reason", status: http.StatusUnprocessableEntity}
	}
	if !several {
		return d.Jobs, nil
	}
	return s.Queue.DeadLike(ctx, d.Flow, d.Reason)
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
			Flow   string `query:"flow" doc:"Only of runs of this flow."`
			Reason string `query:"reason" doc:"Only those that failed for this reason last, word for word."`
			Stage  string `query:"stage" enum:"waiting,leased,retried,dead" doc:"Only those that wait for their first attempt, that a robot has, that wait for another attempt, or that are dead letters or poison."`
		}) (*page[*queue.Job], error) {
			f := queue.Filter{Tenant: in.Tenant, Run: in.Run, Flow: in.Flow, Reason: in.Reason, Stage: in.Stage, Limit: in.Limit + 1}
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
	handle(s, a, op{right: auth.WriteQueue, method: http.MethodPost, path: "/jobs/requeue", id: "requeue-jobs", summary: "Try dead letters again, from the node that failed", tag: "jobs", body: 16 << 20, errors: states},
		func(ctx context.Context, in *requeueIn) (*page[orch.Requeued], error) {
			ids, err := s.dead(ctx, in.Body.DeadLetters)
			if err != nil {
				return nil, err
			}
			edit := orch.Edit{Change: queue.Change{Priority: in.Body.Priority, Needs: in.Body.Needs}}
			if len(in.Body.Input) > 0 {
				v, err := plainValue(in.Body.Input)
				if err != nil {
					return nil, fmt.Errorf("%w: the new inputs: %w", orch.ErrInput, err)
				}
				given, _ := v.(map[string]any)
				edit.Input = func(*flow.Flow) (map[string]any, error) { return given, nil }
			}
			list, err := s.Orch.Requeue(in.caller(ctx), edit, ids...)
			return paged(list, len(list), func(orch.Requeued) any { return nil }), err
		})
	handle(s, a, op{right: auth.WriteQueue, method: http.MethodPost, path: "/jobs/drop", id: "drop-jobs", summary: "Take dead letters out of the queue; their runs stay", tag: "jobs"},
		func(ctx context.Context, in *dropIn) (*answer[countBody], error) {
			ids, err := s.dead(ctx, in.Body)
			if err != nil {
				return nil, err
			}
			n, err := s.Queue.Drop(ctx, ids...)
			return &answer[countBody]{countBody{n}}, err
		})
}
