package script

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/nodes/sys/command"
)

func init() {
	node.Register(node.Spec[shellIn, shellOut]{
		Type:  "script.shell",
		Title: "Run shell script",
		Doc: "Runs a script in a shell, with pipes, wildcards and variables, and returns what it printed. " +
			"The script has all the rights that Aether has. Pass data through env or input, never by putting it into the code: text from outside could then run as commands. " +
			"Everything it has started is ended with it. By default it is never run twice silently: set effect for scripts that only look at something.",
		Effect:   node.Once,
		EffectOf: func(in shellIn) node.Effect { return in.EffectOf() },
		Check:    func(in shellIn) error { return in.Check() },
		Examples: []node.Example[shellIn, shellOut]{{
			Title: "Count the lines of some files",
			In: shellIn{Shell: "sh", Code: "cat *.csv | wc -l | tr -d ' '", Options: command.Options{Effect: "read"},
				Output: command.Output{Output: "json"}},
			Files: map[string]string{"a.csv": "1\n2\n", "b.csv": "3\n"},
			Check: func(o shellOut) error {
				if o.Result != 3 {
					return errors.New("expected 3")
				}
				return nil
			},
		}, {
			Title: "Use a value safely",
			In:    shellIn{Shell: "sh", Code: `printf '%s!' "$NAME"; cat`, Options: command.Options{Env: map[string]string{"NAME": "$(rm -rf /)"}}, Input: map[string]any{"a": 1}},
			Check: func(o shellOut) error {
				if o.Result != `$(rm -rf /)!{"a":1}` {
					return errors.New("the value was not passed on as it is")
				}
				return nil
			},
		}},
		Run: shell,
	})
}

type shellIn struct {
	Shell  string `json:"shell" is:"required" enum:"bash,sh,zsh,cmd,powershell,pwsh" doc:"The shell to use. powershell is the one of Windows, pwsh PowerShell 7 on any system."`
	Code   string `json:"code" is:"required,raw" widget:"code" doc:"The script. {{ }} in it is not evaluated: pass values in env or input."`
	Input  any    `json:"input" doc:"A value that the script reads as JSON from its standard input."`
	Strict bool   `json:"strict" default:"true" doc:"Stop at the first command that fails (bash also inside pipes, PowerShell at errors). cmd has no such mode."`
	command.Options
	command.Output
}

type shellOut struct {
	Result    any     `json:"result" doc:"What it printed, as output says."`
	Stdout    string  `json:"stdout" doc:"What it printed."`
	Stderr    string  `json:"stderr" doc:"What it printed as errors and messages."`
	ExitCode  int     `json:"exit_code" doc:"Its exit code."`
	Truncated bool    `json:"truncated" doc:"True when it printed more than max_output."`
	Seconds   float64 `json:"seconds" doc:"How long it ran."`
}

func shell(ctx context.Context, env *node.Env, in shellIn) (out shellOut, err error) {
	dir, remove, err := folder(env)
	if err != nil {
		return out, err
	}
	defer remove()
	name, text, c := in.command()
	file := filepath.Join(dir, name)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		return out, err
	}
	c.Args = append(c.Args, file)
	c.Encoding = in.Encoding
	c.Name = "The " + in.Shell + " script"
	if in.Input != nil {
		b, err := encode(ctx, in.Input)
		if err != nil {
			return out, err
		}
		c.Stdin = bytes.NewReader(b)
	}
	ran, err := command.Run(ctx, env, in.Options, c)
	if err != nil {
		return out, err
	}
	if err := in.Judge(ran); err != nil {
		return out, err
	}
	result, err := in.Parse(ran)
	return shellOut{Result: result, Stdout: ran.Stdout, Stderr: ran.Stderr, ExitCode: ran.ExitCode, Truncated: ran.Truncated, Seconds: ran.Elapsed.Seconds()}, err
}

// command returns the name and text of the script's file and the shell that
// takes it as its last argument.
func (in shellIn) command() (name, text string, c command.Call) {
	strict := func(options ...string) []string {
		if in.Strict {
			return options
		}
		return nil
	}
	text = in.Code
	switch in.Shell {
	case "bash":
		args := append([]string{"--noprofile", "--norc"}, strict("-e", "-o", "pipefail")...)
		return "script.sh", text, command.Call{Path: "bash", Args: args}
	case "zsh":
		return "script.sh", text, command.Call{Path: "zsh", Args: append([]string{"-f"}, strict("-e", "-o", "pipefail")...)}
	case "cmd":
		text = "@echo off\r\nchcp 65001 >nul\r\n" + strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), "\n", "\r\n")
		return "script.cmd", text, command.Call{Path: "cmd.exe", Args: []string{"/d", "/c"}}
	case "powershell", "pwsh":
		head := "$ProgressPreference = 'SilentlyContinue'; [Console]::OutputEncoding = [Text.Encoding]::UTF8; "
		if in.Strict {
			head += "$ErrorActionPreference = 'Stop'; "
		}
		// Without the mark, Windows PowerShell reads the file in an old encoding.
		return "script.ps1", "\ufeff" + head + text,
			command.Call{Path: in.Shell, Args: []string{"-NoProfile", "-NonInteractive", "-ExecutionPolicy", "Bypass", "-File"}}
	}
	return "script.sh", text, command.Call{Path: "sh", Args: strict("-e")}
}

// folder makes a folder for the files of one run of a script.
func folder(env *node.Env) (dir string, remove func(), err error) {
	base, err := env.TempDir()
	if err != nil {
		return "", nil, err
	}
	if dir, err = os.MkdirTemp(base, "script-"); err != nil {
		return "", nil, err
	}
	return dir, func() { _ = os.RemoveAll(dir) }, nil
}
