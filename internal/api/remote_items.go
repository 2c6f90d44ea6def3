package api

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/aether-rpa/aether/internal/orch"
	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/value"
)

// ItemRow is an item that a run adds, or why it is none.
type ItemRow struct {
	Reference string                   `json:"reference,omitempty"`
	Content   map[string]any           `json:"content,omitempty"`
	Priority  *int                     `json:"priority,omitempty"`
	Defer     time.Time                `json:"defer,omitzero"`
	Due       time.Time                `json:"due,omitzero"`
	Risk      time.Time                `json:"risk,omitzero"`
	Files     map[string]node.ItemFile `json:"files,omitempty"`
	Bad       string                   `json:"bad,omitempty" doc:"Why this row is no item; it is reported under its number."`
}

// ItemWork is what became of a call for work items. A failure is data: the flow
// deals with it.
type ItemWork struct {
	Failure *node.Failure     `json:"failure,omitempty"`
	Added   *node.ItemsAdded  `json:"added,omitempty"`
	Items   []*node.Item      `json:"items,omitempty"`
	Ended   *orch.ItemOutcome `json:"ended,omitempty"`
}

// itemWork makes an answer; failures are part of it.
func itemWork(out ItemWork, err error) (*answer[ItemWork], error) {
	var f *node.Failure
	if errors.As(err, &f) {
		return &answer[ItemWork]{ItemWork{Failure: f}}, nil
	}
	return &answer[ItemWork]{out}, err
}

// remoteItems registers what the runs of robots do with work items.
func (s *Server) remoteItems(a huma.API, r orch.Remote) {
	work(s, a, op{method: http.MethodPost, path: "/robot/jobs/{id}/items/add", id: "robot-add-items", summary: "Add work items for the run of a job; the same token adds them once", often: true, body: maxRecords},
		func(ctx context.Context, in *struct {
			LeasePath
			Body struct {
				Queue string    `json:"queue" maxLength:"200"`
				Token string    `json:"token" minLength:"1" maxLength:"2000"`
				Rows  bool      `json:"rows,omitempty" doc:"Add the items that are right and report the others."`
				Items []ItemRow `json:"items"`
			}
		}) (*answer[ItemWork], error) {
			d, err := r.Desk(ctx, caller(ctx, in.Machine), in.lease())
			if err != nil {
				return itemWork(ItemWork{}, err)
			}
			list := make([]node.ItemSpec, len(in.Body.Items))
			for i, row := range in.Body.Items {
				list[i] = node.ItemSpec{Reference: row.Reference, Priority: row.Priority, Defer: row.Defer, Due: row.Due, Risk: row.Risk, Files: row.Files}
				if row.Bad != "" {
					list[i].Bad = errors.New(row.Bad)
				}
				v, err := value.Normalize(row.Content)
				if err != nil {
					return itemWork(ItemWork{}, node.Fail(node.KindInput, err.Error(), ""))
				}
				list[i].Content, _ = v.(map[string]any)
			}
			got, err := d.Add(ctx, in.Body.Queue, in.Body.Token, node.ItemAdd{Rows: in.Body.Rows}, list)
			return itemWork(ItemWork{Added: &got}, err)
		})
	work(s, a, op{method: http.MethodPost, path: "/robot/jobs/{id}/items/next", id: "robot-next-item", summary: "Take a work item for the run of a job, waiting up to 25 seconds; the same token gets the same one", often: true},
		func(ctx context.Context, in *struct {
			LeasePath
			Body struct {
				Queue string `json:"queue" maxLength:"200"`
				Token string `json:"token" minLength:"1" maxLength:"2000"`
				Wait  int    `json:"wait_ms" minimum:"0" maximum:"25000"`
			}
		}) (*answer[ItemWork], error) {
			d, err := r.Desk(ctx, caller(ctx, in.Machine), in.lease())
			if err != nil {
				return itemWork(ItemWork{}, err)
			}
			got, err := d.Next(ctx, in.Body.Queue, in.Body.Token, min(maxClaim, time.Duration(in.Body.Wait)*time.Millisecond))
			out := ItemWork{}
			if got != nil {
				out.Items = []*node.Item{got}
			}
			return itemWork(out, err)
		})
	work(s, a, op{method: http.MethodPost, path: "/robot/jobs/{id}/items/keep", id: "robot-keep-item", summary: "Make sure that the run of a job has a work item, and write its progress", often: true},
		func(ctx context.Context, in *struct {
			LeasePath
			Body struct {
				Hold     orch.ItemHold `json:"hold"`
				Progress *string       `json:"progress,omitempty"`
			}
		}) (*answer[ItemWork], error) {
			d, err := r.Desk(ctx, caller(ctx, in.Machine), in.lease())
			if err == nil {
				err = d.Keep(ctx, node.ItemHold(in.Body.Hold), in.Body.Progress)
			}
			return itemWork(ItemWork{}, err)
		})
	work(s, a, op{method: http.MethodPost, path: "/robot/jobs/{id}/items/end", id: "robot-end-item", summary: "Say what became of a work item of the run of a job; saying it again is no error", often: true, body: maxRecords},
		func(ctx context.Context, in *struct {
			LeasePath
			Body struct {
				Hold orch.ItemHold `json:"hold"`
				End  orch.ItemEnd  `json:"end"`
			}
		}) (*answer[ItemWork], error) {
			d, err := r.Desk(ctx, caller(ctx, in.Machine), in.lease())
			if err != nil {
				return itemWork(ItemWork{}, err)
			}
			got, err := d.End(ctx, node.ItemHold(in.Body.Hold), node.ItemEnd(in.Body.End))
			return itemWork(ItemWork{Ended: &orch.ItemOutcome{Status: got.Status, Retry: got.Retry}}, err)
		})
	work(s, a, op{method: http.MethodPost, path: "/robot/jobs/{id}/items/list", id: "robot-list-items", summary: "List work items as the run of a job sees them", often: true},
		func(ctx context.Context, in *struct {
			LeasePath
			Body orch.ItemFilter
		}) (*answer[ItemWork], error) {
			d, err := r.Desk(ctx, caller(ctx, in.Machine), in.lease())
			if err != nil {
				return itemWork(ItemWork{}, err)
			}
			list, err := d.List(ctx, node.ItemFilter(in.Body))
			return itemWork(ItemWork{Items: list}, err)
		})
}
