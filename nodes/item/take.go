package item

import (
	"context"
	"errors"
	"time"

	"github.com/aether-rpa/aether/node"
)

// sample is an item as the examples hold it.
var sample = held{Item: map[string]any{"id": 1, "fence": 1, "reference": "R-1"}}

func init() {
	node.Register(node.Spec[nextIn, nextOut]{
		Type: "item.next", Title: "Take work item", Effect: node.Idempotent,
		Doc: "Takes the work item that is first in line, for this run alone until it is ended with item.done or item.fail, or the run ends. After a crash it takes the same one again. To work through a queue, use flow.for_each_item, which also ends the items.",
		Examples: []node.Example[nextIn, nextOut]{
			{Title: "The next invoice", In: nextIn{Queue: "invoices"}, Check: func(o nextOut) error { return want(o.Found && o.Item["reference"] == "R-2") }},
			{Title: "None is left", In: nextIn{Queue: "empty"}, Out: nextOut{}},
		},
		Run: next,
	})
	node.Register(node.Spec[doneIn, endOut]{
		Type: "item.done", Title: "Work item succeeded", Effect: node.Idempotent,
		Doc: "Says that the work on an item has succeeded, and what came out. It fails with the code item_lost if this run has the item no more.",
		Examples: []node.Example[doneIn, endOut]{
			{Title: "Booked", In: doneIn{held: sample, Output: map[string]any{"booking": 17}}, Out: endOut{Status: "successful"}},
			{Title: "With figures for reports", In: doneIn{held: sample, Analytics: map[string]any{"pages": 3}}, Out: endOut{Status: "successful"}},
		},
		Run: func(ctx context.Context, env *node.Env, in doneIn) (endOut, error) {
			return end(ctx, env, in.held, node.ItemEnd{Status: node.ItemSuccessful, Output: in.Output, Analytics: in.Analytics})
		},
	})
	node.Register(node.Spec[failIn, endOut]{
		Type: "item.fail", Title: "Work item failed", Effect: node.Idempotent,
		Doc: "Says that the work on an item has failed. A business failure means that the item itself is wrong: it is never tried again. After an application failure the queue may try it again, as a new item. The run goes on; flow.fail in flow.for_each_item fails the item and goes on with the next.",
		Examples: []node.Example[failIn, endOut]{
			{Title: "The item is wrong", In: failIn{held: sample, Reason: "The VAT id is missing", Class: "business"}, Out: endOut{Status: "failed"}},
			{Title: "The application is down", In: failIn{held: sample, Reason: "The ledger does not answer"}, Out: endOut{Status: "failed"}},
		},
		Run: func(ctx context.Context, env *node.Env, in failIn) (endOut, error) {
			return end(ctx, env, in.held, node.ItemEnd{Status: node.ItemFailed, Business: in.Class == "business", Reason: in.Reason, Details: in.Details, Output: in.Output})
		},
	})
	node.Register(node.Spec[progressIn, none]{
		Type: "item.progress", Title: "Tell progress of work item", Effect: node.Idempotent,
		Doc: "Notes how far the work on an item is, for people who look at it. It fails with the code item_lost if this run has the item no more.",
		Examples: []node.Example[progressIn, none]{
			{Title: "Half done", In: progressIn{held: sample, Text: "2 of 4 pages read"}},
			{Title: "Clear it", In: progressIn{held: sample}},
		},
		Run: func(ctx context.Context, env *node.Env, in progressIn) (none, error) {
			store, err := items(env)
			if err != nil {
				return none{}, err
			}
			hold, err := node.HoldOf(in.Item)
			if err != nil {
				return none{}, err
			}
			text := mask(env, in.Text)
			return none{}, store.Keep(ctx, hold, &text)
		},
	})
}

func want(ok bool) error {
	if !ok {
		return errors.New("another item was taken")
	}
	return nil
}

type none struct{}

type nextIn struct {
	Queue string        `json:"queue" is:"required" doc:"Queue to take from."`
	Wait  time.Duration `json:"wait" min:"0" doc:"How long to wait when none is ready. The run holds its robot meanwhile."`
}

type nextOut struct {
	Found bool           `json:"found" doc:"Whether there was one."`
	Item  map[string]any `json:"item" doc:"The item: id, reference, content, files, priority, due, retry_no and more; nil if there was none."`
}

func next(ctx context.Context, env *node.Env, in nextIn) (nextOut, error) {
	store, err := items(env)
	if err != nil {
		return nextOut{}, err
	}
	got, err := store.Next(ctx, in.Queue, env.Token, in.Wait)
	if err != nil || got == nil {
		return nextOut{}, err
	}
	return nextOut{true, got.Value()}, nil
}

type doneIn struct {
	held
	Output    any `json:"output" doc:"What came out."`
	Analytics any `json:"analytics" doc:"Figures for reports."`
}

type failIn struct {
	held
	Reason  string `json:"reason" is:"required" doc:"Why, one sentence."`
	Class   string `json:"class" default:"application" enum:"business,application" doc:"Whether the item is wrong, or an application."`
	Details any    `json:"details" doc:"Data that goes with the failure."`
	Output  any    `json:"output" doc:"What came out all the same."`
}

type endOut struct {
	Status string `json:"status" doc:"Status it has now: successful, failed, or retried if the queue tries it again."`
	Retry  int    `json:"retry" doc:"Number of the new item that tries it again; 0 if there is none."`
}

type progressIn struct {
	held
	Text string `json:"text" doc:"How far it is."`
}

func end(ctx context.Context, env *node.Env, in held, e node.ItemEnd) (endOut, error) {
	store, err := items(env)
	if err != nil {
		return endOut{}, err
	}
	hold, err := node.HoldOf(in.Item)
	if err != nil {
		return endOut{}, err
	}
	e.Reason, e.Output, e.Analytics, e.Details = mask(env, e.Reason), mask(env, e.Output), mask(env, e.Analytics), mask(env, e.Details)
	got, err := store.End(ctx, hold, e)
	return endOut{got.Status, int(got.Retry)}, err
}
