package node

import (
	"context"
	"iter"
	"time"
)

// Items is what nodes may do with work items: named queues of work that many
// runs share, one item at a time. Every call that changes something is
// idempotent: by its token, or by the item and its fence. Implementations are
// safe for concurrent use; errors that a flow can deal with are *Failure.
type Items interface {
	// Add puts items into a queue, in the order given. The same token adds
	// nothing the second time and returns what the first time did. The sequence
	// may be walked more than once; its error ends the call.
	Add(ctx context.Context, queue, token string, how ItemAdd, items iter.Seq2[ItemSpec, error]) (ItemsAdded, error)
	// Next takes the item that is first in line and holds it until End, or until
	// the run ends. It returns nil if none came within wait. The same token
	// returns the item it was given before, as long as nobody else has it.
	Next(ctx context.Context, queue, token string, wait time.Duration) (*Item, error)
	// Keep makes sure that the run still has an item, and writes its progress if
	// that is not nil. A *Failure with the code CodeItemLost says that somebody
	// else has it by now, one with CodeItemEnded that this run has ended it.
	Keep(ctx context.Context, h ItemHold, progress *string) error
	// End says what became of an item. Ending it the same way again is no error.
	End(ctx context.Context, h ItemHold, e ItemEnd) (ItemEnded, error)
	// List returns items, in the order in which they were added.
	List(ctx context.Context, f ItemFilter) ([]*Item, error)
}

// CodeItemLost is the code of the failure of a run that has an item no more:
// its lease ran out and another took it, or a person changed it.
const CodeItemLost = "item_lost"

// CodeItemEnded is the code of the failure of a run that has ended an item
// already.
const CodeItemEnded = "item_ended"

// The statuses of a work item.
const (
	ItemNew        = "new"
	ItemInProgress = "in_progress"
	ItemSuccessful = "successful"
	ItemFailed     = "failed"
	ItemRetried    = "retried"   // an application failed; a new item tries it again
	ItemAbandoned  = "abandoned" // too many runs ended without saying what became of it
	ItemDeleted    = "deleted"
)

// ItemSpec is an item to be added.
type ItemSpec struct {
	Reference string // what people call it, such as an invoice number; may be empty
	Content   map[string]any
	Priority  *int      // 0 to 20, higher first; nil is the queue's usual 5
	Defer     time.Time // not before
	Due       time.Time // when it should have ended; zero is what the queue says
	Risk      time.Time // from when on it goes before all others; zero is what the queue says
	Files     map[string]ItemFile
	// Bad says why this row is no item at all; it is reported under its number.
	Bad error
}

// ItemFile is a file that goes with an item.
type ItemFile struct {
	Digest string `json:"digest"` // in the artifact store
	Size   int64  `json:"size"`
}

// ItemAdd says how items are added.
type ItemAdd struct {
	// Rows adds the items that are right and reports the others; otherwise one
	// that is wrong keeps all from being added.
	Rows bool
}

// ItemsAdded says what became of items that were added.
type ItemsAdded struct {
	Added  int            `json:"added"`
	Failed int            `json:"failed"`
	First  int64          `json:"first,omitempty"` // number of the first item added
	Last   int64          `json:"last,omitempty"`
	Errors []ItemAddError `json:"errors,omitempty"` // the first 1000
}

// ItemAddError says why an item was not added.
type ItemAddError struct {
	Row       int    `json:"row"` // from 1
	Reference string `json:"reference,omitempty"`
	Error     string `json:"error"`
	Duplicate bool   `json:"duplicate,omitempty"` // its reference is taken, and references are unique
}

// ItemHold names an item and the right to change it: the fence grows each time
// somebody takes the item.
type ItemHold struct{ ID, Fence int64 }

// ItemEnd is what became of an item.
type ItemEnd struct {
	// Status is ItemSuccessful, ItemFailed, or ItemNew to give it back as if it
	// had not been taken.
	Status string
	// Business says that the item itself is wrong, so that trying again cannot
	// help; otherwise an application failed.
	Business  bool
	Reason    string
	Details   any
	Output    any
	Analytics any
	// Lenient leaves an item that was ended another way as it is.
	Lenient bool
}

// ItemEnded is how an item ended.
type ItemEnded struct {
	Status string // ItemRetried if a new item tries it again
	Retry  int64  // number of that one
}

// ItemFilter selects items; zero fields select all.
type ItemFilter struct {
	ID        int64
	Queue     string
	Reference string
	Status    []string
	After     int64 // numbers above
	Limit     int   // default 100, at most 10,000
}

// Item is a work item as it is now.
type Item struct {
	ID        int64               `json:"id"`
	Queue     string              `json:"queue"`
	Reference string              `json:"reference,omitempty"`
	Status    string              `json:"status"`
	Priority  int                 `json:"priority"`
	Content   map[string]any      `json:"content"`
	Files     map[string]ItemFile `json:"files,omitempty"`
	Progress  string              `json:"progress,omitempty"`
	Output    any                 `json:"output,omitempty"`
	Analytics any                 `json:"analytics,omitempty"`

	Kind    string `json:"kind,omitempty"` // of its failure: business or application
	Reason  string `json:"reason,omitempty"`
	Details any    `json:"details,omitempty"`

	RetryOf int64 `json:"retry_of,omitempty"` // the item it tries again
	RetryNo int   `json:"retry_no"`           // 0 for the first
	Retry   int64 `json:"retry,omitempty"`    // the item that tries it again
	Taken   int   `json:"taken"`              // how often it was taken
	Died    int   `json:"died,omitempty"`     // runs that ended without saying what became of it

	Defer   time.Time `json:"defer,omitzero"`
	Due     time.Time `json:"due,omitzero"`
	Risk    time.Time `json:"risk,omitzero"`
	SLA     string    `json:"sla,omitempty"` // at_risk or late, while it has not ended
	Created time.Time `json:"created"`
	Started time.Time `json:"started,omitzero"`
	Ended   time.Time `json:"ended,omitzero"`
	Lease   time.Time `json:"lease,omitzero"`

	Run    string `json:"run,omitempty"` // that has or had it last
	Robot  string `json:"robot,omitempty"`
	Fence  int64  `json:"fence"`
	Review string `json:"review,omitempty"` // in_review, verified or retried
	// Reviewer and Comment are of the last review.
	Reviewer string `json:"reviewer,omitempty"`
	Comment  string `json:"comment,omitempty"`
	Version  int64  `json:"version"` // grows with every change
}

// Hold returns what names the item and the right to change it.
func (i *Item) Hold() ItemHold { return ItemHold{i.ID, i.Fence} }

// Value returns the item as a canonical map, as expressions see it.
func (i *Item) Value() map[string]any {
	files := map[string]any{}
	for name, f := range i.Files {
		files[name] = map[string]any{"digest": f.Digest, "size": int(f.Size)}
	}
	content := i.Content
	if content == nil {
		content = map[string]any{}
	}
	return map[string]any{
		"id": int(i.ID), "fence": int(i.Fence), "queue": i.Queue, "reference": i.Reference, "status": i.Status, "priority": i.Priority,
		"content": content, "files": files, "progress": i.Progress, "output": i.Output, "analytics": i.Analytics,
		"kind": i.Kind, "reason": i.Reason, "details": i.Details, "retry_of": int(i.RetryOf), "retry_no": i.RetryNo, "retry": int(i.Retry), "taken": i.Taken,
		"defer": moment(i.Defer), "due": moment(i.Due), "risk": moment(i.Risk), "created": moment(i.Created), "started": moment(i.Started), "ended": moment(i.Ended),
	}
}

// HoldOf reads what an item's value says of its hold.
func HoldOf(item map[string]any) (ItemHold, error) {
	id, ok1 := item["id"].(int)
	fence, ok2 := item["fence"].(int)
	if !ok1 || !ok2 {
		return ItemHold{}, Fail(KindInput, "the param item is no work item that was taken", "hand over the whole item: '{{ loop.item }}' in flow.for_each_item, or the output item of item.next")
	}
	return ItemHold{int64(id), int64(fence)}, nil
}

func moment(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UTC().Format(time.RFC3339Nano)
}
