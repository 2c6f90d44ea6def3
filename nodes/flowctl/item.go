package flowctl

import (
	"context"
	"time"

	"github.com/aether-rpa/aether/node"
)

func init() {
	node.RegisterControl(node.Control[eachItemIn, eachItemOut]{
		Type:  "flow.for_each_item",
		Title: "For each work item",
		Doc: "Takes work items from a queue, walks the body once for each and says what became of it, then follows done when none is left. In the body, loop.item is the item: loop.item.content, loop.item.reference, loop.item.id. " +
			"A body that runs to its end, also by flow.continue, flow.break or flow.return, makes its item successful. One that fails with a business failure (flow.fail) makes it failed for good; any other failure is an application failure, and the queue may try the item again as a new one. " +
			"A run that is cut short goes on with the item it had. The body may end its item itself with item.done or item.fail.",
		Ports: []node.Port{body, done},
		Route: func(_ context.Context, in eachItemIn) (node.Move, error) {
			return node.EachItem{Queue: in.Queue, Max: in.MaxItems, Wait: in.Wait, MaxFailures: in.MaxFailures, OnFailure: in.OnFailure, Output: in.Output, Analytics: in.Analytics}, nil
		},
		YAML: "- {id: each, type: flow.for_each_item, params: {queue: invoices, output: '{{ {number: nodes.book.number} }}'}}\n# each.body -> book, each.done -> report",
	})
}

type eachItemIn struct {
	Queue       string        `json:"queue" is:"required" doc:"Queue to take items from."`
	Output      node.Lazy     `json:"output" doc:"Expression evaluated when the body has ended: the output of the item."`
	Analytics   node.Lazy     `json:"analytics" doc:"Expression evaluated when the body has ended: figures of the item, for reports."`
	MaxFailures int           `json:"max_consecutive_failures" default:"0" min:"0" doc:"Fail the loop when so many items in a row failed with an application failure, since then the application is at fault and not the items; 0 means never."`
	OnFailure   string        `json:"on_item_failure" default:"continue" enum:"continue,stop" doc:"What a failed item does to the loop: continue with the next, or stop, which fails the loop."`
	MaxItems    int           `json:"max_items" default:"0" min:"0" doc:"Take at most so many; 0 means as many as there are."`
	Wait        time.Duration `json:"wait" min:"0" doc:"How long to wait for the next item when none is ready. The run holds its robot meanwhile."`
}

type eachItemOut struct {
	Item       map[string]any `json:"item" doc:"In the body: the item of this turn."`
	Index      int            `json:"index" doc:"In the body: number of this turn, from 0."`
	Count      int            `json:"count" doc:"After the loop: how many items were taken."`
	Successful int            `json:"successful" doc:"After the loop: how many succeeded."`
	Failed     int            `json:"failed" doc:"After the loop: how many failed for good."`
	Retried    int            `json:"retried" doc:"After the loop: how many failed and are tried again as new items."`
	Lost       int            `json:"lost" doc:"After the loop: how many another run took meanwhile, because this one was away for longer than its lease."`
	Errors     []any          `json:"errors" doc:"After the loop: the first 1000 failures, each with index, id and reference of the item."`
}
