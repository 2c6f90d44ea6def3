package flowctl

import (
	"context"
	"errors"
	"time"

	"github.com/aether-rpa/aether/node"
)

func init() {
	node.RegisterControl(node.Control[none, tryOut]{
		Type:  "flow.try",
		Title: "Try",
		Doc: "Walks try; if a node in it fails for good, catch is walked with the failure in error; finally is walked in any case. Then done is followed. " +
			"Without a wire at catch the failure goes on outwards after finally. break, continue and return pass through finally too.",
		Ports: []node.Port{
			{Name: "try", Doc: "Walked first.", Scope: true},
			{Name: "catch", Doc: "Walked if try failed; error.kind, error.message, error.node, error.code tell why.", Scope: true},
			{Name: "finally", Doc: "Walked at the end in any case.", Scope: true},
			done,
		},
		Route: func(context.Context, none) (node.Move, error) { return node.Guard{}, nil },
		YAML:  "- {id: safe, type: flow.try}\n# safe.try -> send, safe.catch -> note, safe.finally -> close, safe.done -> next_one",
	})
	node.RegisterControl(node.Control[retryIn, retryOut]{
		Type:  "flow.retry",
		Title: "Retry",
		Doc:   "Walks the body until it succeeds, with a durable pause between tries that grows by a factor. What fails for good fails the node. For a single node, its own retry setting is simpler.",
		Ports: []node.Port{body, done},
		Route: func(_ context.Context, in retryIn) (node.Move, error) {
			return node.Attempt{Max: in.MaxAttempts, Initial: in.Initial, Factor: in.Factor, Limit: in.Max, On: in.On}, nil
		},
		YAML: "- {id: again, type: flow.retry, params: {max_attempts: 5, initial: 2s, max: 1m}}\n# again.body -> login, again.done -> work",
	})
	node.RegisterControl(node.Control[failIn, none]{
		Type:  "flow.fail",
		Title: "Fail",
		Doc: "Fails the flow. A business failure says that the data or the world is not as the rules want it: trying again cannot help, and it is never retried. " +
			"An application failure says that something did not work and may work later. With rethrow, the failure that is being caught goes on outwards.",
		Check: func(in failIn) error {
			if in.Message == "" && !in.Rethrow {
				return errors.New("it needs a message, or rethrow")
			}
			return nil
		},
		Route: func(_ context.Context, in failIn) (node.Move, error) {
			f := &node.Failure{Kind: node.KindBusiness, Message: in.Message, Code: in.Code, Details: in.Details, Permanent: true}
			if in.Class == "application" {
				f.Kind, f.Permanent = node.KindError, false
			}
			if in.Rethrow {
				m := in.Error
				f.Kind, _ = m["kind"].(string)
				f.Code, _ = m["code"].(string)
				f.Details = m["details"]
				f.Hint, _ = m["hint"].(string)
				if f.Message == "" {
					f.Message, _ = m["message"].(string)
				}
				if f.Kind == "" {
					return nil, node.Fail(node.KindInput, "there is no failure to throw again", "rethrow belongs into the chain of catch; hand it over with error: '{{ error }}'")
				}
			}
			return node.Raise{Failure: f}, nil
		},
		YAML: "- {id: stop, type: flow.fail, params: {message: 'Invoice {{ loop.item.number }} has no VAT id', class: business, code: NO_VAT}}",
	})
}

type tryOut struct {
	Failed bool           `json:"failed" doc:"Whether try failed."`
	Error  map[string]any `json:"error" doc:"The failure, nil if there was none."`
}

type retryIn struct {
	MaxAttempts int           `json:"max_attempts" default:"3" min:"1" max:"1000" doc:"Tries in all, the first one included."`
	Initial     time.Duration `json:"initial" default:"1s" min:"0" doc:"Pause before the second try."`
	Factor      float64       `json:"factor" default:"2" min:"1" max:"100" doc:"Each pause is this many times the one before."`
	Max         time.Duration `json:"max" default:"5m" min:"0" doc:"Longest pause."`
	On          []string      `json:"on" doc:"Kinds of failures that are tried again, such as timeout or http; all that may pass by themselves if empty."`
}

type retryOut struct {
	Attempts int `json:"attempts" doc:"How many tries it took."`
}

type failIn struct {
	Message string         `json:"message" doc:"What went wrong, one sentence."`
	Class   string         `json:"class" default:"business" enum:"business,application" doc:"Business failures are never retried; application failures may be."`
	Code    string         `json:"code" doc:"Short code for programs to tell failures apart."`
	Details any            `json:"details" doc:"Data that goes with the failure, as error.details."`
	Rethrow bool           `json:"rethrow" doc:"Throw the failure given in error again."`
	Error   map[string]any `json:"error" when:"rethrow=true" doc:"Failure to throw again: '{{ error }}' in a chain of catch."`
}
