package remote

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"net/http"
	"time"

	"github.com/aether-rpa/aether/internal/orch"
	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/value"
)

// maxAdd is how much of items may be added in one call: all of them or none
// travel in one request.
const maxAdd = 48 << 20

// items reaches the work items of the orchestrator. It implements node.Items;
// what got no answer is asked again, which every call allows.
type items struct{ task *task }

var _ node.Items = (*items)(nil)

// worked is what the orchestrator answers.
type worked struct {
	Failure *node.Failure
	Added   node.ItemsAdded
	Items   []*node.Item
	Ended   orch.ItemOutcome
}

func (i *items) call(ctx context.Context, what string, in any) (*worked, error) {
	var out worked
	err := persist(ctx, func() error {
		out = worked{}
		ctx, cancel := context.WithTimeout(ctx, claimWait+requestTime)
		defer cancel()
		return i.task.client.call(ctx, http.MethodPost, i.task.path("items/"+what), in, &out)
	})
	switch {
	case lost(err):
		i.task.refused(err)
		return nil, context.Cause(i.task.lease)
	case err != nil:
		return nil, err
	case out.Failure != nil:
		return nil, out.Failure
	}
	for _, it := range out.Items {
		if err := canon(it); err != nil {
			return nil, err
		}
	}
	return &out, nil
}

// canon makes the values of an item canonical, as they are in the database.
func canon(it *node.Item) error {
	content, err := value.Normalize(it.Content)
	if err != nil {
		return fmt.Errorf("reading the work item %d: %w", it.ID, err)
	}
	it.Content, _ = content.(map[string]any)
	for _, v := range []*any{&it.Output, &it.Analytics, &it.Details} {
		if *v, err = value.Normalize(*v); err != nil {
			return fmt.Errorf("reading the work item %d: %w", it.ID, err)
		}
	}
	return nil
}

// plain writes a value with all that it refers to: what the orchestrator keeps
// with an item is the whole.
func plain(ctx context.Context, what string, v any) (json.RawMessage, error) {
	v, err := value.Normalize(v)
	if err == nil {
		v, err = value.LoadAll(ctx, v)
	}
	var b []byte
	if err == nil {
		b, err = value.JSON(v)
	}
	if err != nil {
		return nil, node.Fail(node.KindInput, fmt.Sprintf("the %s of an item cannot be sent: %v", what, err), "")
	}
	return b, nil
}

// row is an item to be added as it is sent.
type row struct {
	Reference string                   `json:"reference,omitempty"`
	Content   json.RawMessage          `json:"content,omitempty"`
	Priority  *int                     `json:"priority,omitempty"`
	Defer     time.Time                `json:"defer,omitzero"`
	Due       time.Time                `json:"due,omitzero"`
	Risk      time.Time                `json:"risk,omitzero"`
	Files     map[string]node.ItemFile `json:"files,omitempty"`
	Bad       string                   `json:"bad,omitempty"`
}

// Add implements node.Items.
func (i *items) Add(ctx context.Context, queue, token string, how node.ItemAdd, list iter.Seq2[node.ItemSpec, error]) (node.ItemsAdded, error) {
	rows, size := []json.RawMessage{}, 0
	for s, err := range list {
		if err != nil {
			return node.ItemsAdded{}, err
		}
		for _, f := range s.Files {
			if err := persist(ctx, func() error { return i.task.put(ctx, f.Digest) }); err != nil {
				return node.ItemsAdded{}, err
			}
		}
		r := row{Reference: s.Reference, Priority: s.Priority, Defer: s.Defer, Due: s.Due, Risk: s.Risk, Files: s.Files}
		if s.Content != nil {
			if r.Content, err = plain(ctx, "content", s.Content); err != nil {
				return node.ItemsAdded{}, err
			}
		}
		if s.Bad != nil {
			r.Bad = s.Bad.Error()
		}
		b, err := json.Marshal(r)
		if err != nil {
			return node.ItemsAdded{}, node.Fail(node.KindInput, "an item cannot be sent: "+err.Error(), "")
		}
		if rows, size = append(rows, b), size+len(b); size > maxAdd {
			return node.ItemsAdded{}, node.Fail(node.KindInput, fmt.Sprintf("a robot without a database adds at most %d MiB of items at once", maxAdd>>20), "add them in parts, or let a robot with a database do it")
		}
	}
	out, err := i.call(ctx, "add", map[string]any{"queue": queue, "token": token, "rows": how.Rows, "items": rows})
	if err != nil {
		return node.ItemsAdded{}, err
	}
	return out.Added, nil
}

// Next implements node.Items.
func (i *items) Next(ctx context.Context, queue, token string, wait time.Duration) (*node.Item, error) {
	for end := time.Now().Add(wait); ; {
		part := max(0, min(claimWait, time.Until(end)))
		out, err := i.call(ctx, "next", map[string]any{"queue": queue, "token": token, "wait_ms": part.Milliseconds()})
		switch {
		case err != nil:
			return nil, err
		case len(out.Items) > 0:
			return out.Items[0], nil
		case part == 0 || !time.Now().Before(end):
			return nil, nil
		}
	}
}

// Keep implements node.Items.
func (i *items) Keep(ctx context.Context, h node.ItemHold, progress *string) error {
	in := map[string]any{"hold": orch.ItemHold(h)}
	if progress != nil {
		in["progress"] = *progress
	}
	_, err := i.call(ctx, "keep", in)
	return err
}

// End implements node.Items. Before an item ends, the orchestrator has what was
// recorded of it: who takes the run over must know that it was this one's.
func (i *items) End(ctx context.Context, h node.ItemHold, e node.ItemEnd) (node.ItemEnded, error) {
	if err := i.task.stream.flush(ctx); err != nil {
		return node.ItemEnded{}, err
	}
	for what, v := range map[string]*any{"output": &e.Output, "analytics": &e.Analytics, "details": &e.Details} {
		if *v == nil {
			continue
		}
		b, err := plain(ctx, what, *v)
		switch {
		case err == nil:
			*v = b
		case what == "details":
			*v = nil // they say more, and need not
		default:
			return node.ItemEnded{}, err
		}
	}
	out, err := i.call(ctx, "end", map[string]any{"hold": orch.ItemHold(h), "end": orch.ItemEnd(e)})
	if err != nil {
		return node.ItemEnded{}, err
	}
	return node.ItemEnded{Status: out.Ended.Status, Retry: out.Ended.Retry}, nil
}

// List implements node.Items.
func (i *items) List(ctx context.Context, f node.ItemFilter) ([]*node.Item, error) {
	out, err := i.call(ctx, "list", orch.ItemFilter(f))
	if err != nil {
		return nil, err
	}
	return out.Items, nil
}
