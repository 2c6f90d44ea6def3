package api

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/aether-rpa/aether/internal/auth"
	"github.com/aether-rpa/aether/internal/engine"
	"github.com/aether-rpa/aether/internal/orch"
	"github.com/aether-rpa/aether/internal/queue"
	"github.com/aether-rpa/aether/internal/run"
	"github.com/aether-rpa/aether/value"
)

// RunPath names a run.
type RunPath struct {
	ID string `path:"id" doc:"Id of the run; its beginning is enough if no other run begins so."`
}

// StartRun says which flow is to be run, and how.
type StartRun struct {
	Flow    string         `json:"flow" minLength:"1" doc:"Name of a flow that was pushed."`
	Version string         `json:"version,omitempty" doc:"draft, production or a digest. Default: production if there is one, else the draft."`
	ID      string         `json:"id,omitempty" maxLength:"100" doc:"Id of the run. Starting the same id again starts nothing."`
	Input   map[string]any `json:"input,omitempty" doc:"Values of the flow's inputs."`
	Breaks  []engine.Break `json:"breakpoints,omitempty" maxItems:"200" doc:"Where the run stops before a node acts."`
	Labels  []string       `json:"labels,omitempty" maxItems:"20" doc:"Words to find the run by, such as the customer or the month: up to 60 letters, digits and _ . : / = @ + - each."`
	Job     JobOptions     `json:"job,omitempty"`
}

// JobOptions say how a run is queued.
type JobOptions struct {
	Priority int          `json:"priority,omitempty" minimum:"0" maximum:"20" default:"5" doc:"Higher first. A step is worth five minutes of waiting."`
	Needs    string       `json:"needs,omitempty" maxLength:"500" doc:"What a robot must have, as an expression over labels." example:"linux && chromium"`
	Tenant   string       `json:"tenant,omitempty" maxLength:"100" doc:"Who the job is for. Tenants take turns."`
	After    *time.Time   `json:"after,omitempty" doc:"Not before."`
	Deadline *time.Time   `json:"deadline,omitempty" doc:"A job not begun by then is a dead letter."`
	Attempts int          `json:"attempts,omitempty" minimum:"1" maximum:"100" default:"3" doc:"How many robots may try it."`
	Key      string       `json:"key,omitempty" maxLength:"200" doc:"Idempotency: adding the same key again adds nothing. Idempotency-Key does the same."`
	Slot     *SlotOptions `json:"slot,omitempty"`
}

// SlotOptions limit how many jobs are ready or at work at a time.
type SlotOptions struct {
	Key   string `json:"key" minLength:"1" maxLength:"200" doc:"Name that the jobs share."`
	Limit int    `json:"limit,omitempty" minimum:"1" default:"1" doc:"How many at a time."`
	Full  string `json:"full,omitempty" enum:"queue,drop,cancel_oldest" default:"queue" doc:"What happens to a job when there is no room."`
}

func (o JobOptions) job() queue.Job {
	j := queue.Job{Priority: o.Priority, Needs: o.Needs, Tenant: o.Tenant, Key: o.Key, Retry: queue.Retry{Attempts: o.Attempts}}
	if o.After != nil {
		j.After = *o.After
	}
	if o.Deadline != nil {
		j.Deadline = *o.Deadline
	}
	if o.Slot != nil {
		j.Slot = queue.Slot{Key: o.Slot.Key, Limit: o.Slot.Limit, Full: queue.Full(o.Slot.Full)}
	}
	return j
}

type retryBody struct {
	From string     `json:"from,omitempty" default:"failed" doc:"failed, start, a node, or the path of a node execution such as each[2]/fetch."`
	Job  JobOptions `json:"job,omitempty"`
}

type answerBody struct {
	Answer  string `json:"answer" doc:"A button, the value of the only field, a JSON object with the values by field; or skip, again or fail for an interrupted node."`
	At      string `json:"at,omitempty" doc:"Node execution the answer is for, if the run waits for several."`
	Comment string `json:"comment,omitempty"`
}

type messageBody struct {
	Topic string `json:"topic" minLength:"1"`
	ID    string `json:"id,omitempty" doc:"Sending the same id to a topic twice is once."`
	Data  any    `json:"data,omitempty"`
}

func (s *Server) runs(a huma.API) {
	missing := []int{http.StatusNotFound}
	states := []int{http.StatusNotFound, http.StatusConflict}
	handle(s, a, op{right: auth.ReadRuns, method: http.MethodGet, path: "/runs", id: "list-runs", summary: "List runs, newest first", tag: "runs"},
		func(ctx context.Context, in *struct {
			Paging
			Flow        string    `query:"flow" doc:"Only of the flow with this name."`
			Status      string    `query:"status" enum:"queued,running,waiting,attention,done,failed,cancelled" doc:"Only with this status."`
			Development string    `query:"development" enum:"without,only,all" default:"without" doc:"Whether development runs, made while a flow was written, are among them."`
			Labels      []string  `query:"label,explode" maxItems:"20" doc:"Only those with all of these labels."`
			Since       time.Time `query:"since" doc:"Only those that were added then or later."`
			Before      time.Time `query:"before" doc:"Only those that were added earlier."`
			Error       string    `query:"error" maxLength:"200" doc:"Only those that failed, with this text in what is said of it. A page may hold fewer than there are, even none, and still name a next one: it ends when enough was looked at."`
		}) (*page[*run.Run], error) {
			f := run.Filter{Flow: in.Flow, Status: run.Status(in.Status), Labels: in.Labels, Since: in.Since, Before: in.Before, Limit: in.Limit + 1}
			if in.Development != "all" {
				f.Development = in.Development
			}
			var at run.Place
			if ok, err := decodeCursor(in.Cursor, &at); err != nil {
				return nil, err
			} else if ok {
				f.Beyond = &at
			}
			if in.Error != "" {
				f.Limit = in.Limit
				list, next, err := s.Runs.Search(ctx, f, in.Error)
				p := paged(list, in.Limit, func(*run.Run) any { return nil })
				if next != nil {
					p.Body.Next = encodeCursor(next)
				}
				return p, err
			}
			list, err := s.Runs.List(ctx, f)
			for _, r := range list {
				orch.WithoutValues(r)
			}
			return paged(list, in.Limit, func(r *run.Run) any { return run.Place{Created: r.Created, ID: r.ID} }), err
		})
	handle(s, a, op{right: auth.WriteRuns, method: http.MethodPost, path: "/runs", id: "start-run", summary: "Give a run of a flow to the robots", tag: "runs", status: http.StatusCreated, body: 16 << 20, errors: states},
		func(ctx context.Context, in *struct {
			Traced
			Key  string `header:"Idempotency-Key" maxLength:"200" doc:"Sending the same key again starts nothing and answers with the run of the first time."`
			Body StartRun
		}) (*answer[*orch.Submitted], error) {
			b, err := s.Orch.Published(ctx, in.Body.Flow, in.Body.Version)
			if err != nil {
				return nil, err
			}
			input := map[string]any{}
			for k, v := range in.Body.Input {
				if input[k], err = plainValue(v); err != nil {
					return nil, fmt.Errorf("%w: the input %s: %w", orch.ErrInput, k, err)
				}
			}
			j := in.Body.Job.job()
			if j.Key == "" && in.Key != "" {
				j.Key = "request of " + who(ctx).Name + ": " + in.Key
			}
			labels, err := run.CheckLabels(in.Body.Labels)
			if err != nil {
				return nil, fmt.Errorf("%w: %w", orch.ErrInput, err)
			}
			ctx = run.Requested(ctx, run.Request{By: who(ctx).Name, Labels: labels})
			out, err := s.Orch.Submit(in.caller(ctx), b, in.Body.ID, input, j, in.Body.Breaks...)
			return &answer[*orch.Submitted]{out}, err
		})
	handle(s, a, op{right: auth.ReadRuns, method: http.MethodGet, path: "/runs/{id}", id: "get-run", summary: "Get a run", tag: "runs", errors: missing},
		func(ctx context.Context, in *RunPath) (*answer[*run.Run], error) {
			r, err := s.Runs.Get(ctx, in.ID)
			return &answer[*run.Run]{r}, err
		})
	handle(s, a, op{right: auth.ReadRuns, method: http.MethodGet, path: "/runs/{id}/journal", id: "list-run-events", summary: "List what happened in a run, oldest first", tag: "runs", errors: missing},
		func(ctx context.Context, in *struct {
			RunPath
			Paging
		}) (*page[run.Event], error) {
			r, err := s.Runs.Get(ctx, in.ID)
			if err != nil {
				return nil, err
			}
			after := int64(0)
			if _, err := decodeCursor(in.Cursor, &after); err != nil {
				return nil, err
			}
			list, err := s.Runs.Events(ctx, r.ID, after, in.Limit+1)
			return paged(list, in.Limit, func(e run.Event) any { return e.Seq }), err
		})
	handle(s, a, op{right: auth.WriteRuns, method: http.MethodPost, path: "/runs/{id}/cancel", id: "cancel-run", summary: "Cancel a run, wherever it is executed", tag: "runs", errors: states},
		func(ctx context.Context, in *RunPath) (*answer[*run.Run], error) {
			r, err := s.Orch.CancelRun(ctx, in.ID)
			return &answer[*run.Run]{r}, err
		})
	handle(s, a, op{right: auth.WriteRuns, method: http.MethodPost, path: "/runs/{id}/retry", id: "retry-run", summary: "Run an ended run again, with what was recorded before the point it starts from", tag: "runs", status: http.StatusCreated, errors: states},
		func(ctx context.Context, in *struct {
			RunPath
			Traced
			Body retryBody
		}) (*answer[*orch.Submitted], error) {
			out, err := s.Orch.RetryQueued(in.caller(ctx), in.ID, in.Body.From, in.Body.Job.job())
			return &answer[*orch.Submitted]{out}, err
		})
	handle(s, a, op{right: auth.ReadRuns, method: http.MethodGet, path: "/runs/{id}/retry", id: "plan-retry", summary: "Tell what running an ended run again would use as it was recorded, and what it would do again", tag: "runs", errors: states},
		func(ctx context.Context, in *struct {
			RunPath
			From string `query:"from" default:"failed" doc:"failed, start, a node, or the path of a node execution such as each[2]/fetch."`
		}) (*answer[*orch.RetryPlan], error) {
			p, err := s.Orch.Retry(ctx, in.ID, orch.Retry{From: in.From, DryRun: true})
			return &answer[*orch.RetryPlan]{p}, err
		})
	handle(s, a, op{right: auth.ReadRuns, method: http.MethodGet, path: "/runs/{id}/steps", id: "list-steps", summary: "List the recorded node executions of a run with their outputs", tag: "runs", errors: missing},
		func(ctx context.Context, in *struct {
			RunPath
			Paging
			Node  string `query:"node" doc:"Only of the node with this id."`
			Path  string `query:"path" maxLength:"1000" doc:"Only this execution, such as each[2]/fetch, with all its tries."`
			Under string `query:"under" maxLength:"1000" doc:"Only executions whose paths begin so, such as each[2]/."`
			Brief bool   `query:"brief" doc:"Leave the outputs out."`
		}) (*page[orch.Step], error) {
			f := orch.StepFilter{Node: in.Node, Path: in.Path, Under: in.Under, Brief: in.Brief, Limit: in.Limit + 1}
			if _, err := decodeCursor(in.Cursor, &f.From); err != nil {
				return nil, err
			}
			list, err := s.Orch.Steps(ctx, in.ID, f)
			return paged(list, in.Limit, func(s orch.Step) any { return s.Next() }), err
		})
	handle(s, a, op{right: auth.WriteRuns, method: http.MethodPost, path: "/runs/{id}/answer", id: "answer-run", summary: "Answer what a run asks", tag: "runs", errors: states},
		func(ctx context.Context, in *struct {
			RunPath
			Body answerBody
		}) (*answer[*run.Run], error) {
			r, err := s.Orch.AnswerText(ctx, in.ID, in.Body.At, in.Body.Answer, in.Body.Comment, who(ctx).Name)
			return &answer[*run.Run]{r}, err
		})
	handle(s, a, op{right: auth.WriteRuns, method: http.MethodPost, path: "/runs/{id}/messages", id: "send-message", summary: "Send a message that a run waits for", tag: "runs", errors: states},
		func(ctx context.Context, in *struct {
			RunPath
			Body messageBody
		}) (*answer[*run.Run], error) {
			data, err := plainValue(in.Body.Data)
			if err != nil {
				return nil, fmt.Errorf("%w: %w", orch.ErrInput, err)
			}
			r, err := s.Orch.Send(ctx, in.ID, in.Body.Topic, in.Body.ID, data)
			return &answer[*run.Run]{r}, err
		})
}

// plainValue turns what encoding/json made into a value of flows.
func plainValue(v any) (any, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	return value.Parse(b)
}
