package sys

import (
	"context"
	"errors"
	"strings"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/nodes/sys/command"
)

func init() {
	node.Register(node.Spec[runIn, runOut]{
		Type:  "sys.run",
		Title: "Run program",
		Doc: "Runs a program, waits for its end and returns what it printed. " +
			"The arguments are passed as they are, without a shell: quotes, wildcards, pipes and variables in them mean nothing (use script.shell for those), so text from outside cannot turn into commands. " +
			"Everything the program has started is ended with it; use sys.start for a program that shall go on. " +
			"By default it is never run twice silently: set effect for programs that only look at something.",
		Effect:   node.Once,
		EffectOf: func(in runIn) node.Effect { return in.EffectOf() },
		Check: func(in runIn) error {
			if strings.TrimSpace(in.Program) != in.Program || in.Program == "" {
				return node.Fail(node.KindInput, "program must be the name or path of a program.", "put its arguments into args, one in each item")
			}
			return in.Check()
		},
		Examples: []node.Example[runIn, runOut]{{
			Title: "Read the JSON that a program prints",
			In: runIn{Program: "echo", Args: []string{`{"branch": "main", "ahead": 2}`},
				Options: command.Options{Effect: "read"}, Output: command.Output{Output: "json"}},
			Check: func(o runOut) error {
				if m, _ := o.Result.(map[string]any); m["ahead"] != 2 || o.ExitCode != 0 {
					return errors.New("the JSON was not read")
				}
				return nil
			},
		}, {
			Title: "Use an exit code as an answer",
			In:    runIn{Program: "sh", Args: []string{"-c", "exit 1"}, Output: command.Output{ExitCodes: []int{0, 1}}},
			Check: func(o runOut) error {
				if o.ExitCode != 1 {
					return errors.New("the exit code was lost")
				}
				return nil
			},
		}},
		Run: runProgram,
	})
}

type runIn struct {
	Program string   `json:"program" is:"required" doc:"Name of a program in PATH, or its full path."`
	Args    []string `json:"args" doc:"Arguments, one in each item."`
	Stdin   string   `json:"stdin" widget:"multiline" doc:"Text that the program reads as its input."`
	command.Options
	command.Output
}

type runOut struct {
	Result    any     `json:"result" doc:"What it printed, as output says."`
	Stdout    string  `json:"stdout" doc:"What it printed."`
	Stderr    string  `json:"stderr" doc:"What it printed as errors and messages."`
	ExitCode  int     `json:"exit_code" doc:"Its exit code."`
	Truncated bool    `json:"truncated" doc:"True when it printed more than max_output."`
	Seconds   float64 `json:"seconds" doc:"How long it ran."`
}

func runProgram(ctx context.Context, env *node.Env, in runIn) (runOut, error) {
	ran, err := command.Run(ctx, env, in.Options, command.Call{
		Path: in.Program, Args: in.Args, Stdin: strings.NewReader(in.Stdin), Encoding: in.Encoding,
	})
	if err != nil {
		return runOut{}, err
	}
	if err := in.Judge(ran); err != nil {
		return runOut{}, err
	}
	result, err := in.Parse(ran)
	return runOut{Result: result, Stdout: ran.Stdout, Stderr: ran.Stderr, ExitCode: ran.ExitCode, Truncated: ran.Truncated, Seconds: ran.Elapsed.Seconds()}, err
}
