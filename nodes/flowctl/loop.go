package flowctl

import (
	"context"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/value"
)

var body = node.Port{Name: "body", Doc: "Walked to its end in each turn.", Scope: true}

func init() {
	node.RegisterControl(node.Control[eachIn, eachOut]{
		Type:  "flow.for_each",
		Title: "For each",
		Doc: "Walks the body once for each item, then follows done. In the body, loop.item and loop.index (from 0) are the innermost loop's, and loops.<id>.item any loop's around. " +
			"With concurrency above 1 the turns run at the same time, each with its own view of variables; what they set is merged in the order of the items.",
		Ports: []node.Port{body, done},
		Route: func(_ context.Context, in eachIn) (node.Move, error) {
			return node.Each{Items: in.Items, Concurrency: in.Concurrency, Collect: in.Collect, OnError: in.OnItemError}, nil
		},
		YAML: "- {id: each, type: flow.for_each, params: {items: '{{ nodes.read.rows }}', collect: '{{ nodes.check.result }}'}}\n# each.body -> check, each.done -> report",
	})
	node.RegisterControl(node.Control[whileIn, countOut]{
		Type:  "flow.while",
		Title: "While",
		Doc:   "Walks the body as long as a condition holds, then follows done. loop.index counts the turns from 0.",
		Ports: []node.Port{body, done},
		Route: func(_ context.Context, in whileIn) (node.Move, error) {
			return node.While{Condition: in.Condition, After: in.Test == "after", Max: in.Max}, nil
		},
		YAML: "- {id: more, type: flow.while, params: {condition: '{{ vars.page != nil }}', max: 1000}}\n# more.body -> fetch, more.done -> save",
	})
	node.RegisterControl(node.Control[repeatIn, eachOut]{
		Type:  "flow.repeat",
		Title: "Repeat",
		Doc:   "Walks the body a number of times, then follows done. loop.index counts from 0, loop.item from 1.",
		Ports: []node.Port{body, done},
		Route: func(_ context.Context, in repeatIn) (node.Move, error) {
			return node.Each{Items: value.RowsUpTo(in.Times), Concurrency: in.Concurrency, Collect: in.Collect, OnError: "fail"}, nil
		},
		YAML: "- {id: thrice, type: flow.repeat, params: {times: 3}}\n# thrice.body -> ring, thrice.done -> leave",
	})
	node.RegisterControl(node.Control[none, none]{
		Type:  "flow.break",
		Title: "Break",
		Doc:   "Leaves the innermost loop; control goes on at the loop's done.",
		Route: func(context.Context, none) (node.Move, error) { return node.Break{}, nil },
		YAML:  "- {id: enough, type: flow.break}",
	})
	node.RegisterControl(node.Control[none, none]{
		Type:  "flow.continue",
		Title: "Continue",
		Doc:   "Goes on with the next turn of the innermost loop.",
		Route: func(context.Context, none) (node.Move, error) { return node.Continue{}, nil },
		YAML:  "- {id: skip, type: flow.continue}",
	})
}

type eachIn struct {
	Items       value.Rows `json:"items" is:"required" doc:"List to walk; it may be larger than memory."`
	Concurrency int        `json:"concurrency" default:"1" min:"1" max:"1000" doc:"How many turns run at the same time."`
	Collect     node.Lazy  `json:"collect" doc:"Expression evaluated at the end of each turn; the values become the output results."`
	OnItemError string     `json:"on_item_error" default:"fail" enum:"fail,continue" doc:"What a failed turn does: fail the loop, or be listed in the output errors."`
}

type eachOut struct {
	Item    any   `json:"item" doc:"In the body: the item of this turn."`
	Index   int   `json:"index" doc:"In the body: number of this turn, from 0."`
	Results []any `json:"results" doc:"After the loop: what collect gave, by turn; nil for failed turns."`
	Errors  []any `json:"errors" doc:"After the loop: failures of turns, each with its index."`
	Count   int   `json:"count" doc:"After the loop: how many turns there were."`
}

type whileIn struct {
	Condition node.Lazy `json:"condition" is:"required" doc:"Condition tested for each turn."`
	Test      string    `json:"test" default:"before" enum:"before,after" doc:"Whether the condition is tested before the body or after it."`
	Max       int       `json:"max" default:"1000000" min:"1" doc:"Fail after so many turns, so that no loop is endless by mistake."`
}

type countOut struct {
	Count int `json:"count" doc:"After the loop: how many turns there were."`
}

type repeatIn struct {
	Times       int       `json:"times" is:"required" min:"0" max:"10000000" doc:"How many turns."`
	Concurrency int       `json:"concurrency" default:"1" min:"1" max:"1000" doc:"How many turns run at the same time."`
	Collect     node.Lazy `json:"collect" doc:"Expression evaluated at the end of each turn; the values become the output results."`
}
