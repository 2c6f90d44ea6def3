package web

import (
	"context"

	"github.com/aether-rpa/aether/browser"
	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/selector"
)

func init() {
	node.Register(node.Spec[evalIn, evalOut]{
		Type: "web.evaluate", Title: "Run JavaScript in page",
		Doc: "Runs JavaScript in the page and returns what it gives: an expression, a function like (args, element) => …, or several statements with a return. It sees args and, where a target is given, its element; what it awaits is awaited, and so is a page that it leads to. " +
			"An error of the script is a failure with its message and line. Set effect to read for a script that only looks: the run then goes on by itself when it is interrupted in just that moment.",
		Effect: node.Once,
		EffectOf: func(in evalIn) node.Effect {
			switch in.Effect {
			case "read":
				return node.Read
			case "repeatable":
				return node.Idempotent
			}
			return node.Once
		},
		Examples: []node.Example[evalIn, evalOut]{
			{Title: "Add up what a page shows", In: evalIn{Script: "[...document.querySelectorAll('.price')].reduce((sum, e) => sum + Number(e.textContent), 0)", Effect: "read"}, Out: evalOut{Result: 42.5}, DocOnly: needsBrowser},
			{Title: "Work on an element with a value of the flow", In: evalIn{Script: "(args, element) => element.scrollTo(0, args.y)", Args: map[string]any{"y": 400}, Target: selector.Must("css=.list")}, DocOnly: needsBrowser},
		},
		Run: func(ctx context.Context, env *node.Env, in evalIn) (evalOut, error) {
			run := func(ctx context.Context, p *browser.Page) (evalOut, error) {
				r, err := p.Script(ctx, in.Target, in.Script, in.Args)
				if err != nil {
					return evalOut{}, err
				}
				out := evalOut{}
				if r.Arrival != nil {
					out.URL, out.Status = r.Arrival.URL, r.Arrival.Status
				}
				out.Result, err = jsonOf(r.Value)
				return out, err
			}
			if in.Effect == "read" {
				return look(ctx, env, in.In, run)
			}
			return do(ctx, env, in.In, in.Effect == "repeatable", func(ctx context.Context, _ *browser.Session, p *browser.Page) (evalOut, error) { return run(ctx, p) })
		},
	})
}

type evalIn struct {
	In
	Script string          `json:"script" is:"required,raw" widget:"code" doc:"The script. It is taken literally: values of the flow go in by args."`
	Args   any             `json:"args" doc:"What the script sees as args: a value, a list or a map."`
	Target selector.Target `json:"target" widget:"selector" doc:"Element that the script sees as element."`
	Effect string          `json:"effect" default:"once" enum:"once,repeatable,read" is:"advanced" doc:"What the script does: something that must happen once, something that does no harm twice, or only reading."`
}

type evalOut struct {
	Result any    `json:"result" doc:"What the script gave, null if nothing."`
	URL    string `json:"url" doc:"Address of the page that it led to, none if the page stayed."`
	Status int    `json:"status" doc:"HTTP status of that page."`
}
