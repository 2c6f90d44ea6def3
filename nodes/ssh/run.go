package ssh

import (
	"context"
	"strings"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/nodes/ssh/connect"
	"github.com/aether-rpa/aether/nodes/sys/command"
)

func init() {
	node.Register(node.Spec[runIn, runOut]{
		Type:  "ssh.run",
		Title: "Run command by SSH",
		Doc: "Runs a command on another computer, waits for its end and returns what it printed. " +
			"The command goes through the shell of the user there: put texts from outside into args, which are quoted for a Unix shell, never into command. " +
			"By default it is never run twice silently: set effect for commands that only look at something. " +
			"When the time is up or the run is cancelled, the connection is cut; whether the command ends with it depends on the server, with pty it does. " +
			"The node ends when nothing holds the output open any more: start what shall go on in the background as nohup program >/dev/null 2>&1 &.",
		Effect:   node.Once,
		EffectOf: func(in runIn) node.Effect { return in.effectOf() },
		Check: func(in runIn) error {
			if strings.ContainsRune(in.Command, 0) {
				return node.Fail(node.KindInput, "the command holds a NUL character", "")
			}
			return in.check()
		},
		Examples: []node.Example[runIn, runOut]{{
			Title: "See how full the disk is",
			In: runIn{Connection: shop(), Command: "df --output=pcent / | tail -1",
				surroundings: surroundings{Effect: "read"}},
			Out:     runOut{Result: " 41%", Stdout: " 41%\n", Seconds: 0.2},
			DocOnly: needsServer,
		}, {
			Title: "Give a text from outside as an argument",
			In: runIn{Connection: shop(), Command: "grep -c --", Args: []string{"it's; rm -rf /", "orders.txt"},
				surroundings: surroundings{Folder: "/data", Effect: "read"}, Output: command.Output{ExitCodes: []int{0, 1}}},
			Out:     runOut{Result: "0", Stdout: "0\n", ExitCode: 1, Seconds: 0.2},
			DocOnly: needsServer,
		}},
		Run: func(ctx context.Context, env *node.Env, in runIn) (runOut, error) {
			line := in.Command
			for _, a := range in.Args {
				if strings.ContainsRune(a, 0) {
					return runOut{}, node.Fail(node.KindInput, "an argument holds a NUL character", "")
				}
				line += " " + quote(a)
			}
			if strings.TrimSpace(line) == "" {
				return runOut{}, node.Fail(node.KindInput, "the command is empty", "write what a person would type")
			}
			c := call{surroundings: in.surroundings, name: "the command", line: line, stdin: in.Stdin, pty: in.PTY, encoding: in.Encoding}
			return c.result(ctx, env, in.Connection, in.Output)
		},
	})
	node.Register(node.Spec[scriptIn, runOut]{
		Type:  "ssh.run_script",
		Title: "Run script by SSH",
		Doc: "Runs a script of many lines on another computer, without making a file there, waits for its end and returns what it printed. " +
			"The script is what the interpreter reads as its input, so it can read no input itself. By default it is never run twice silently.",
		Effect:   node.Once,
		EffectOf: func(in scriptIn) node.Effect { return in.effectOf() },
		Check:    func(in scriptIn) error { return in.check() },
		Examples: []node.Example[scriptIn, runOut]{{
			Title: "Pack a folder and say how large it has become",
			In: scriptIn{Connection: shop(), Script: "set -e\ntar czf backup.tgz \"$1\"\nstat -c %s backup.tgz\n", Args: []string{"orders 2026"},
				surroundings: surroundings{Folder: "/data"}},
			Out:     runOut{Result: "48213", Stdout: "48213\n", Seconds: 1.5},
			DocOnly: needsServer,
		}, {
			Title: "Run a Python script that answers in JSON",
			In: scriptIn{Connection: shop(), Script: "import json, os\nprint(json.dumps({'load': os.getloadavg()[0]}))\n", Interpreter: "python3",
				Output: command.Output{Output: "json"}, surroundings: surroundings{Effect: "read"}},
			Out:     runOut{Result: map[string]any{"load": 0.5}, Stdout: "{\"load\": 0.5}\n", Seconds: 0.3},
			DocOnly: needsServer,
		}},
		Run: runScript,
	})
}

type runIn struct {
	Connection connect.Connection `json:"connection" is:"required" doc:"Server and user."`
	Command    string             `json:"command" is:"required" widget:"code" doc:"Command as a person would type it. The shell of the user on the server reads it."`
	Args       []string           `json:"args" doc:"Arguments to put behind the command, one in each item, quoted so that a Unix shell takes them as they are."`
	Stdin      string             `json:"stdin" widget:"multiline" doc:"Text that the command reads as its input."`
	PTY        bool               `json:"pty" doc:"Give it a terminal, as some programs want (sudo, for instance). What it prints as errors is then in stdout too, and its lines end with CR LF."`
	surroundings
	command.Output
}

type runOut struct {
	Result    any     `json:"result" doc:"What it printed, as output says."`
	Stdout    string  `json:"stdout" doc:"What it printed."`
	Stderr    string  `json:"stderr" doc:"What it printed as errors and messages."`
	ExitCode  int     `json:"exit_code" doc:"Its exit code."`
	Truncated bool    `json:"truncated" doc:"True when it printed more than max_output."`
	Seconds   float64 `json:"seconds" doc:"How long it took."`
}

// result runs the command and makes the outputs of it.
func (c call) result(ctx context.Context, env *node.Env, conn connect.Connection, o command.Output) (runOut, error) {
	ran, err := c.run(ctx, env, conn)
	if err != nil {
		return runOut{}, err
	}
	if err := o.Judge(ran); err != nil {
		return runOut{}, err
	}
	result, err := o.Parse(ran)
	return runOut{Result: result, Stdout: ran.Stdout, Stderr: ran.Stderr, ExitCode: ran.ExitCode, Truncated: ran.Truncated, Seconds: ran.Elapsed.Seconds()}, err
}

type scriptIn struct {
	Connection  connect.Connection `json:"connection" is:"required" doc:"Server and user."`
	Script      string             `json:"script" widget:"code" is:"raw" doc:"Text of the script, taken literally: {{ }} means nothing in it. Hand values over in args or env."`
	File        string             `json:"file" widget:"file" doc:"Local file with the script, in place of script."`
	Args        []string           `json:"args" doc:"Arguments of the script, such as $1 in a shell."`
	Interpreter string             `json:"interpreter" default:"sh" doc:"Program on the server that runs it, such as sh, bash, python3, perl or node."`
	surroundings
	command.Output
}

// mostScript bounds a script.
const mostScript = 4 << 20

func runScript(ctx context.Context, env *node.Env, in scriptIn) (runOut, error) {
	script := in.Script
	switch {
	case (script == "") == (in.File == ""):
		return runOut{}, node.Fail(node.KindInput, "ssh.run_script needs either script or file", "give one of them")
	case in.File != "":
		text, err := readScript(env, in.File)
		if err != nil {
			return runOut{}, err
		}
		script = text
	}
	line, input, err := interpret(in.Interpreter, strings.ReplaceAll(script, "\r\n", "\n"), in.Args)
	if err != nil {
		return runOut{}, err
	}
	c := call{surroundings: in.surroundings, name: "the script", line: line, stdin: input, encoding: in.Encoding}
	return c.result(ctx, env, in.Connection, in.Output)
}
