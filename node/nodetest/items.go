package nodetest

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"sync"
	"time"

	"github.com/aether-rpa/aether/node"
)

// Items keeps work items in memory, for tests of nodes: every queue is there,
// nothing is refused but a row that is no item, and nothing is retried. It is
// safe for concurrent use.
type Items struct {
	mu     sync.Mutex
	list   []*node.Item
	tokens map[string]int64
	added  map[string]node.ItemsAdded
}

// SampleItems returns the items that Env has: in the queue invoices item 1,
// which is in progress with fence 1, and item 2, which is new.
func SampleItems() *Items {
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	mk := func(id int64, ref, status string, fence int64) *node.Item {
		return &node.Item{ID: id, Queue: "invoices", Reference: ref, Status: status, Priority: 5, Fence: fence, Taken: int(fence), Content: map[string]any{"number": ref}, Created: at}
	}
	return &Items{list: []*node.Item{mk(1, "R-1", node.ItemInProgress, 1), mk(2, "R-2", node.ItemNew, 0)}, tokens: map[string]int64{}, added: map[string]node.ItemsAdded{}}
}

// Add implements node.Items.
func (s *Items) Add(_ context.Context, queue, token string, how node.ItemAdd, items iter.Seq2[node.ItemSpec, error]) (node.ItemsAdded, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if out, ok := s.added[token]; ok {
		return out, nil
	}
	var out node.ItemsAdded
	var fresh []*node.Item
	row := 0
	for spec, err := range items {
		if err != nil {
			return out, err
		}
		row++
		if spec.Bad != nil {
			out.Failed++
			out.Errors = append(out.Errors, node.ItemAddError{Row: row, Reference: spec.Reference, Error: spec.Bad.Error()})
			continue
		}
		i := &node.Item{ID: int64(len(s.list)+len(fresh)) + 1, Queue: queue, Reference: spec.Reference, Status: node.ItemNew, Priority: 5, Content: spec.Content, Files: spec.Files}
		if spec.Priority != nil {
			i.Priority = *spec.Priority
		}
		fresh = append(fresh, i)
	}
	if out.Failed > 0 && !how.Rows {
		return out, nil
	}
	if out.Added = len(fresh); out.Added > 0 {
		out.First, out.Last = fresh[0].ID, fresh[len(fresh)-1].ID
	}
	s.list = append(s.list, fresh...)
	s.added[token] = out
	return out, nil
}

// Next implements node.Items; it never waits.
func (s *Items) Next(_ context.Context, queue, token string, _ time.Duration) (*node.Item, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, i := range s.list {
		if i.Queue == queue && (i.Status == node.ItemNew || i.Status == node.ItemInProgress && s.tokens[token] == i.ID) {
			if i.Status == node.ItemNew {
				i.Status, s.tokens[token] = node.ItemInProgress, i.ID
				i.Fence++
				i.Taken++
			}
			c := *i
			return &c, nil
		}
	}
	return nil, nil
}

func (s *Items) held(h node.ItemHold) (*node.Item, error) {
	for _, i := range s.list {
		if i.ID == h.ID && i.Fence == h.Fence && h.Fence > 0 {
			return i, nil
		}
	}
	return nil, &node.Failure{Kind: node.KindError, Code: node.CodeItemLost, Permanent: true, Message: fmt.Sprintf("this run has the work item %d no more", h.ID)}
}

// Keep implements node.Items.
func (s *Items) Keep(_ context.Context, h node.ItemHold, progress *string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	i, err := s.held(h)
	if err == nil && progress != nil {
		i.Progress = *progress
	}
	return err
}

// End implements node.Items.
func (s *Items) End(_ context.Context, h node.ItemHold, e node.ItemEnd) (node.ItemEnded, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	i, err := s.held(h)
	if err != nil {
		return node.ItemEnded{}, err
	}
	if i.Status == node.ItemInProgress {
		i.Status, i.Output, i.Analytics, i.Reason, i.Details = e.Status, e.Output, e.Analytics, e.Reason, e.Details
		if i.Kind = ""; e.Status == node.ItemFailed {
			i.Kind = map[bool]string{true: "business", false: "application"}[e.Business]
		}
	}
	return node.ItemEnded{Status: i.Status}, nil
}

// List implements node.Items.
func (s *Items) List(_ context.Context, f node.ItemFilter) ([]*node.Item, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []*node.Item
	for _, i := range s.list {
		if i.ID > f.After && (f.ID == 0 || i.ID == f.ID) && (f.Queue == "" || i.Queue == f.Queue) && (f.Reference == "" || i.Reference == f.Reference) &&
			(len(f.Status) == 0 || slices.Contains(f.Status, i.Status)) && (f.Limit == 0 || len(out) < f.Limit) {
			c := *i
			out = append(out, &c)
		}
	}
	return out, nil
}
