package flowctl

import (
	"context"

	"github.com/aether-rpa/aether/node"
)

func init() {
	node.RegisterControl(node.Control[parallelIn, parallelOut]{
		Type:  "flow.parallel",
		Title: "Parallel",
		Doc: "Walks every wire of the port branch at the same time, then follows done. Each branch has its own view of variables and outputs; what the branches set is merged in the order of the wires in the file. " +
			"If a branch fails the node fails, and nothing of what the branches set is kept.",
		Ports: []node.Port{{Name: "branch", Doc: "Each wire is a branch, walked to its end.", Scope: true, Many: true}, done},
		Route: func(_ context.Context, in parallelIn) (node.Move, error) {
			return node.Fork{WaitAll: in.OnBranchError == "wait_all", Limit: in.Limit}, nil
		},
		YAML: "- {id: both, type: flow.parallel}\n# both.branch -> mail, both.branch -> archive, both.done -> report",
	})
	node.RegisterControl(node.Control[callIn, callOut]{
		Type:    "flow.call",
		Title:   "Call flow",
		CanFail: true,
		Doc: "Runs another flow as a part of this run and gives its outputs. The file is named relative to the calling flow and pinned when the run starts: a later edit does not change the run. " +
			"Its outputs are fields of this node's output, by name.",
		Route: func(_ context.Context, in callIn) (node.Move, error) {
			return node.Call{Flow: in.Flow, Input: in.Inputs}, nil
		},
		YAML: "- {id: rate, type: flow.call, params: {flow: get-rate.flow.yaml, inputs: {currency: '{{ vars.currency }}'}}}\n# nodes.rate.value is the called flow's output value",
	})
	node.RegisterControl(node.Control[returnIn, none]{
		Type:  "flow.return",
		Title: "Return",
		Doc:   "Ends the flow successfully, also from inside loops. Outputs given here take the place of the declared expressions.",
		Route: func(_ context.Context, in returnIn) (node.Move, error) { return node.Return{Outputs: in.Outputs}, nil },
		YAML:  "- {id: nothing_to_do, type: flow.return, params: {outputs: {count: 0}}}",
	})
	node.RegisterControl(node.Control[commentIn, none]{
		Type:  "flow.comment",
		Title: "Comment",
		Doc:   "Does nothing. It holds a remark for readers of the flow.",
		Route: func(context.Context, commentIn) (node.Move, error) { return node.Take{Port: "next"}, nil },
		YAML:  "- {id: part_two, type: flow.comment, params: {text: From here on the amounts are in EUR.}}",
	})
	node.RegisterControl(node.Control[logIn, none]{
		Type:  "flow.log",
		Title: "Log",
		Doc:   "Tells the person who watches the run something, and the log.",
		Route: func(_ context.Context, in logIn) (node.Move, error) {
			return node.Say{Level: in.Level, Text: in.Message}, nil
		},
		YAML: "- {id: tell, type: flow.log, params: {message: 'Read {{ len(nodes.read.rows) }} rows'}}",
	})
}

type parallelIn struct {
	OnBranchError string `json:"on_branch_error" default:"fail_fast" enum:"fail_fast,wait_all" doc:"Whether the first failed branch cancels the others, or they all end first."`
	Limit         int    `json:"limit" default:"0" min:"0" max:"1000" doc:"Branches at a time; 0 for all."`
}

type parallelOut struct {
	Branches int `json:"branches" doc:"How many branches there were."`
}

type callIn struct {
	Flow   string         `json:"flow" is:"required,raw" widget:"flow" doc:"File of the flow to run, relative to this one; plain text, no expression."`
	Inputs map[string]any `json:"inputs" doc:"Values for the flow's inputs, by name."`
}

type callOut struct{}

type returnIn struct {
	Outputs map[string]any `json:"outputs" doc:"Outputs of the flow, by name."`
}

type commentIn struct {
	Text string `json:"text" is:"raw" widget:"multiline" doc:"The remark."`
}

type logIn struct {
	Message string `json:"message" is:"required" doc:"What to say."`
	Level   string `json:"level" default:"info" enum:"debug,info,warn,error" doc:"How important it is."`
}
