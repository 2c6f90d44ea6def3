package script

import (
	"context"
	"time"

	"github.com/aether-rpa/aether/node"
)

// needsWorker keeps examples from running without a worker; this package's
// tests run them with one.
const needsWorker = "it needs a worker process"

func init() {
	node.Register(node.Spec[javascriptIn, javascriptOut]{
		Type:  "script.javascript",
		Title: "Run JavaScript",
		Doc: "Runs JavaScript and returns its result: what the code returns, or the value of its last expression; a promise is awaited. " +
			"The values of input are variables of their own and also in the object input. " +
			"The code runs in a process of its own and can only compute: it has no files, network, modules, environment or page. " +
			"It is ECMAScript without a browser: of its surroundings there are console and setTimeout. Dates become ISO text in the result, Map an object, Set a list; undefined and functions are left out. " +
			"What it may use of memory and time is limited; starting the process takes some milliseconds, so put a loop inside the script rather than around it.",
		Effect: node.Read,
		Check: func(in javascriptIn) error {
			_, err := memory(in.Memory)
			return err
		},
		Examples: []node.Example[javascriptIn, javascriptOut]{{
			Title: "Add up the lines of an order", DocOnly: needsWorker,
			In: javascriptIn{
				Code:  "const total = lines.reduce((sum, l) => sum + l.price * l.count, 0)\nconsole.log('lines:', lines.length)\ntotal",
				Input: map[string]any{"lines": []any{map[string]any{"price": 2.5, "count": 4}, map[string]any{"price": 3, "count": 1}}},
			},
			Out: javascriptOut{Result: 13, Logs: []string{"lines: 2"}},
		}, {
			Title: "Return early and await", DocOnly: needsWorker,
			In:  javascriptIn{Code: "if (!input.name) return null\nconst wait = ms => new Promise(done => setTimeout(done, ms))\nawait wait(5)\nreturn {greeting: `Hello ${name}`}", Input: map[string]any{"name": "Ada"}},
			Out: javascriptOut{Result: map[string]any{"greeting": "Hello Ada"}, Logs: []string{}},
		}},
		Run: javascript,
	})
	node.Register(node.Spec[jqIn, jqOut]{
		Type:  "script.jq",
		Title: "Run jq",
		Doc: "Runs a jq program on a value and returns its outputs. " +
			"It is the jq language of jqlang.org: . is the input, and each key of variables is a variable $key. Modules, the environment and further inputs are not available. " +
			"It runs in a process of its own with limited memory and time.",
		Effect: node.Read,
		Check: func(in jqIn) error {
			_, err := memory(in.Memory)
			return err
		},
		Examples: []node.Example[jqIn, jqOut]{{
			Title: "Names of the people above an age", DocOnly: needsWorker,
			In: jqIn{
				Code:      ".[] | select(.age >= $min) | .name",
				Input:     []any{map[string]any{"name": "Ada", "age": 36}, map[string]any{"name": "Bo", "age": 9}, map[string]any{"name": "Cy", "age": 40}},
				Variables: map[string]any{"min": 18},
			},
			Out: jqOut{Result: "Ada", Results: []any{"Ada", "Cy"}},
		}, {
			Title: "The first of endless outputs", DocOnly: needsWorker,
			In:  jqIn{Code: "range(5; infinite)", Output: "first"},
			Out: jqOut{Result: 5, Results: []any{5}},
		}},
		Run: jq,
	})
}

type javascriptIn struct {
	Code    string         `json:"code" is:"required,raw" widget:"code" doc:"The JavaScript code. {{ }} in it is not evaluated: pass values in input."`
	Input   map[string]any `json:"input" doc:"Values that the code sees as variables."`
	Memory  string         `json:"memory" default:"256MiB" is:"advanced" doc:"Memory that the code may use."`
	Timeout time.Duration  `json:"timeout" default:"30s" min:"0.01" doc:"How long the code may run."`
}

type javascriptOut struct {
	Result any      `json:"result" doc:"What the code returned, or the value of its last expression."`
	Logs   []string `json:"logs" doc:"What it wrote with console.log and the like, a line each; at most 1000 lines or 64 KiB."`
}

func javascript(ctx context.Context, env *node.Env, in javascriptIn) (javascriptOut, error) {
	m, err := memory(in.Memory)
	if err != nil {
		return javascriptOut{}, err
	}
	v, logs, err := work(ctx, env, node.WorkerJob{Language: "javascript", Code: in.Code, Input: in.Input, Memory: m, Timeout: in.Timeout})
	if logs == nil {
		logs = []string{}
	}
	return javascriptOut{Result: v, Logs: logs}, err
}

type jqIn struct {
	Code      string         `json:"code" is:"required,raw" widget:"code" doc:"The jq program. {{ }} in it is not evaluated: pass values in input and variables."`
	Input     any            `json:"input" doc:"The value that the program starts from."`
	Variables map[string]any `json:"variables" doc:"Values that the program sees as $key."`
	Output    string         `json:"output" default:"all" enum:"all,first" doc:"all: run to the end. first: stop after the first output."`
	Memory    string         `json:"memory" default:"256MiB" is:"advanced" doc:"Memory that the program may use."`
	Timeout   time.Duration  `json:"timeout" default:"30s" min:"0.01" doc:"How long the program may run."`
}

type jqOut struct {
	Result  any   `json:"result" doc:"The first output, nothing when there is none."`
	Results []any `json:"results" doc:"All outputs, or with the output first that one."`
}

func jq(ctx context.Context, env *node.Env, in jqIn) (out jqOut, err error) {
	m, err := memory(in.Memory)
	if err != nil {
		return out, err
	}
	input := map[string]any{"input": in.Input}
	for k, v := range in.Variables {
		if k == "input" {
			return out, node.Fail(node.KindInput, "A variable cannot be named input.", "choose another name")
		}
		input[k] = v
	}
	job := node.WorkerJob{Language: "jq", Code: in.Code, Input: input, Memory: m, Timeout: in.Timeout}
	if in.Output == "first" {
		job.Language = "jq_first"
		if out.Result, _, err = work(ctx, env, job); err == nil {
			out.Results = []any{}
			if out.Result != nil {
				out.Results = append(out.Results, out.Result)
			}
		}
		return out, err
	}
	v, _, err := work(ctx, env, job)
	if err != nil {
		return out, err
	}
	out.Results, _ = v.([]any)
	if len(out.Results) > 0 {
		out.Result = out.Results[0]
	}
	return out, nil
}
