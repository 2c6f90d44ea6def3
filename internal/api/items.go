package api

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/aether-rpa/aether/internal/auth"
	"github.com/aether-rpa/aether/internal/item"
	"github.com/aether-rpa/aether/internal/orch"
	"github.com/aether-rpa/aether/node"
)

// QueuePath names a queue of work items.
type QueuePath struct {
	Name string `path:"name" doc:"Name of the queue."`
}

// ItemPath names a work item.
type ItemPath struct {
	ID int64 `path:"id" minimum:"1" doc:"Number of the work item."`
}

// WorkQueue is a queue of work items.
type WorkQueue struct {
	Name            string          `json:"name,omitempty" doc:"Name of the queue."`
	Description     string          `json:"description,omitempty"`
	Schema          json.RawMessage `json:"schema,omitempty" doc:"JSON Schema of the contents."`
	OutputSchema    json.RawMessage `json:"output_schema,omitempty" doc:"JSON Schema of the outputs."`
	UniqueReference bool            `json:"unique_reference,omitempty" doc:"A second item with the same reference is refused."`
	MaxRetries      int             `json:"max_retries,omitempty" minimum:"0" maximum:"100" doc:"How often an item is tried again after an application failure."`
	RetryBackoff    string          `json:"retry_backoff,omitempty" doc:"Rest before a retry, doubled with each." example:"30s"`
	Lease           string          `json:"lease,omitempty" doc:"How long a run keeps an item without a heartbeat; a minute if left out." example:"1m"`
	AbandonAfter    int             `json:"abandon_after,omitempty" minimum:"0" maximum:"100" doc:"After how many deaths of runs an item is given up; 3 if left out."`
	SLA             string          `json:"sla,omitempty" doc:"By when after its adding an item should have ended." example:"24h"`
	Risk            string          `json:"sla_risk,omitempty" doc:"From when on it goes before all others." example:"20h"`
}

// NewItem is a work item to be added.
type NewItem struct {
	Reference string         `json:"reference,omitempty" maxLength:"200"`
	Content   map[string]any `json:"content,omitempty"`
	Priority  *int           `json:"priority,omitempty" minimum:"0" maximum:"20"`
	Defer     time.Time      `json:"defer,omitzero" doc:"Not before."`
	Due       time.Time      `json:"due,omitzero" doc:"When it should have ended."`
	Risk      time.Time      `json:"risk,omitzero" doc:"From when on it goes before all others."`
}

type addItemsIn struct {
	QueuePath
	Body struct {
		Items []NewItem `json:"items" minItems:"1" maxItems:"100000"`
		Rows  bool      `json:"rows,omitempty" doc:"Add the items that are right and report the others; otherwise one that is wrong keeps all from being added."`
	}
}

type editItemIn struct {
	ItemPath
	Match int64 `header:"If-Match" doc:"Version of the item that was seen; another one is refused."`
	Body  struct {
		Content   map[string]any `json:"content,omitempty"`
		Reference *string        `json:"reference,omitempty"`
		Priority  *int           `json:"priority,omitempty" minimum:"0" maximum:"20"`
		Defer     *time.Time     `json:"defer,omitempty"`
		Due       *time.Time     `json:"due,omitempty"`
		Risk      *time.Time     `json:"risk,omitempty"`
	}
}

func (s *Server) items(a huma.API) {
	missing := []int{http.StatusNotFound}
	changed := []int{http.StatusNotFound, http.StatusPreconditionFailed}
	handle(s, a, op{right: auth.ReadItems, method: http.MethodGet, path: "/queues", id: "list-queues", summary: "List the queues of work items", tag: "items"},
		func(ctx context.Context, _ *struct{}) (*page[*item.Queue], error) {
			list, err := s.Items.Queues(ctx)
			return paged(list, len(list), func(*item.Queue) any { return nil }), err
		})
	handle(s, a, op{right: auth.WriteQueues, method: http.MethodPut, path: "/queues/{name}", id: "set-queue", summary: "Make a queue of work items, or change its settings", tag: "items", status: http.StatusNoContent},
		func(ctx context.Context, in *struct {
			QueuePath
			Body WorkQueue
		}) (*struct{}, error) {
			q := &item.Queue{Name: in.Name, Description: in.Body.Description, Schema: in.Body.Schema, Output: in.Body.OutputSchema, UniqueReference: in.Body.UniqueReference, MaxRetries: in.Body.MaxRetries, AbandonAfter: in.Body.AbandonAfter}
			for _, d := range []struct {
				text, what string
				into       *item.Span
			}{{in.Body.RetryBackoff, "retry_backoff", &q.RetryBackoff}, {in.Body.Lease, "lease", &q.Lease}, {in.Body.SLA, "sla", &q.SLA}, {in.Body.Risk, "sla_risk", &q.Risk}} {
				if d.text == "" {
					continue
				}
				v, err := time.ParseDuration(d.text)
				if err != nil {
					return nil, fmt.Errorf("%w: %s is a length of time such as 30s or 24h, not %q", orch.ErrInput, d.what, d.text)
				}
				*d.into = item.Span(v)
			}
			return nil, s.Items.AddQueue(ctx, q, true)
		})
	handle(s, a, op{right: auth.ReadItems, method: http.MethodGet, path: "/queues/{name}/stats", id: "queue-stats", summary: "Tell how a queue of work items is doing", tag: "items", errors: missing},
		func(ctx context.Context, in *QueuePath) (*answer[*item.Stats], error) {
			q, err := s.workQueue(ctx, in.Name)
			if err != nil {
				return nil, err
			}
			st, err := s.Items.Stats(ctx, q)
			return &answer[*item.Stats]{st}, err
		})
	handle(s, a, op{right: auth.WriteItems, method: http.MethodPost, path: "/queues/{name}/items", id: "add-items", summary: "Add work items: all or none, or each that is right", tag: "items", body: 64 << 20, errors: missing},
		func(ctx context.Context, in *addItemsIn) (*answer[node.ItemsAdded], error) {
			q, err := s.workQueue(ctx, in.Name)
			if err != nil {
				return nil, err
			}
			added, err := s.Items.Add(ctx, q, item.Adding{ItemAdd: node.ItemAdd{Rows: in.Body.Rows}}, specs(in.Body.Items))
			return &answer[node.ItemsAdded]{added}, err
		})
	handle(s, a, op{right: auth.ReadItems, method: http.MethodGet, path: "/queues/{name}/items", id: "list-items", summary: "List the work items of a queue, in the order in which they were added", tag: "items", errors: missing},
		func(ctx context.Context, in *struct {
			QueuePath
			Paging
			Status    string `query:"status" enum:"new,in_progress,successful,failed,retried,abandoned,deleted" doc:"Only with this status."`
			Reference string `query:"reference" doc:"Only with this reference."`
			SLA       string `query:"sla" enum:"late,at_risk" doc:"Only those that have not ended and are past their due date, or past their risk time."`
			Kind      string `query:"kind" enum:"business,application" doc:"Only with this kind of failure."`
			Review    string `query:"review" enum:"in_review,verified,retried" doc:"Only with this review."`
			Search    string `query:"search" maxLength:"200" doc:"Only those whose reference, reason or content holds this text."`
			Order     string `query:"order" enum:"oldest,newest" default:"oldest" doc:"Which come first."`
		}) (*page[*node.Item], error) {
			if _, err := s.workQueue(ctx, in.Name); err != nil {
				return nil, err
			}
			f := item.Find{ItemFilter: node.ItemFilter{Queue: in.Name, Reference: in.Reference, Limit: in.Limit + 1}, SLA: in.SLA, Kind: in.Kind, Review: in.Review, Search: in.Search, Newest: in.Order == "newest"}
			if in.Status != "" {
				f.Status = []string{in.Status}
			}
			if _, err := decodeCursor(in.Cursor, &f.After); err != nil {
				return nil, err
			}
			// Items whose runs are gone show as what they are by now.
			if err := s.Items.Tick(ctx); err != nil {
				return nil, err
			}
			list, err := s.Items.Find(ctx, "", f)
			return paged(list, in.Limit, func(i *node.Item) any { return i.ID }), err
		})
	handle(s, a, op{right: auth.ReadItems, method: http.MethodGet, path: "/items/{id}", id: "get-item", summary: "Get a work item with those that it retries, and that retry it", tag: "items", errors: missing},
		func(ctx context.Context, in *ItemPath) (*page[*node.Item], error) {
			list, err := s.Items.Chain(ctx, in.ID)
			if err == nil && len(list) == 0 {
				err = noItem(in.ID)
			}
			return paged(list, len(list), func(*node.Item) any { return nil }), err
		})
	handle(s, a, op{right: auth.WriteItems, method: http.MethodPatch, path: "/items/{id}", id: "edit-item", summary: "Edit a work item", tag: "items", status: http.StatusNoContent, errors: changed},
		func(ctx context.Context, in *editItemIn) (*struct{}, error) {
			return nil, s.Items.Edit(ctx, in.ID, item.Change{Version: in.Match, Content: in.Body.Content, Reference: in.Body.Reference, Priority: in.Body.Priority, Defer: in.Body.Defer, Due: in.Body.Due, Risk: in.Body.Risk})
		})
	handle(s, a, op{right: auth.WriteItems, method: http.MethodPost, path: "/items/{id}/retry", id: "retry-item", summary: "Try a work item again, as a new item", tag: "items", errors: missing},
		func(ctx context.Context, in *ItemPath) (*answer[struct {
			Item int64 `json:"item" doc:"Number of the new item."`
		}], error) {
			next, err := s.Items.Retry(ctx, in.ID)
			out := &answer[struct {
				Item int64 `json:"item" doc:"Number of the new item."`
			}]{}
			out.Body.Item = next
			return out, err
		})
	handle(s, a, op{right: auth.WriteItems, method: http.MethodPost, path: "/items/{id}/review", id: "review-item", summary: "Review a work item that has ended", tag: "items", status: http.StatusNoContent, errors: changed},
		func(ctx context.Context, in *struct {
			ItemPath
			Match int64 `header:"If-Match" doc:"Version of the item that was seen."`
			Body  struct {
				Review  string `json:"review" enum:"in_review,verified,none"`
				Comment string `json:"comment,omitempty" maxLength:"2000"`
			}
		}) (*struct{}, error) {
			return nil, s.Items.Review(ctx, in.ID, in.Match, in.Body.Review, who(ctx).Name, in.Body.Comment)
		})
	handle(s, a, op{right: auth.WriteItems, method: http.MethodDelete, path: "/items/{id}", id: "delete-item", summary: "Delete a work item that nobody has", tag: "items", status: http.StatusNoContent, errors: changed},
		func(ctx context.Context, in *struct {
			ItemPath
			Match int64 `header:"If-Match" doc:"Version of the item that was seen."`
		}) (*struct{}, error) {
			return nil, s.Items.Delete(ctx, in.ID, in.Match)
		})
	s.itemsAtOnce(a)
	s.itemFiles(a)
}

// workQueue finds a queue that is for all.
func (s *Server) workQueue(ctx context.Context, name string) (*item.Queue, error) {
	list, err := s.Items.Queues(ctx)
	if err != nil {
		return nil, err
	}
	for _, q := range list {
		if q.Name == name {
			return s.Items.Queue(ctx, "", name)
		}
	}
	return nil, &Problem{Kind: "not_found", Message: fmt.Sprintf("there is no queue of work items %q", name), Hint: "PUT " + Prefix + "/queues/{name} makes one", status: http.StatusNotFound}
}

func noItem(id int64) error {
	return &Problem{Kind: "not_found", Message: fmt.Sprintf("there is no work item %d", id), status: http.StatusNotFound}
}

// specs gives items one by one, with their contents as values of flows.
func specs(items []NewItem) iter.Seq2[node.ItemSpec, error] {
	return func(yield func(node.ItemSpec, error) bool) {
		for _, i := range items {
			sp := node.ItemSpec{Reference: i.Reference, Priority: i.Priority, Defer: i.Defer, Due: i.Due, Risk: i.Risk}
			v, err := plainValue(i.Content)
			if m, ok := v.(map[string]any); ok {
				sp.Content = m
			}
			sp.Bad = err
			if !yield(sp, nil) {
				return
			}
		}
	}
}
