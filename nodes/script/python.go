package script

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/nodes/sys/command"
	"github.com/aether-rpa/aether/process"
	"github.com/aether-rpa/aether/value"
)

func init() {
	node.Register(node.Spec[pythonIn, pythonOut]{
		Type:  "script.python",
		Title: "Run Python",
		Doc: "Runs Python 3 code and returns its result. " +
			"The result is what a function main returns, else the variable result, else the JSON that the code printed. " +
			"main is called with the input when it has one parameter, or with those keys of the input that its parameters name. The variable input holds the input in any case. " +
			"The code runs in the Python of this computer, with its packages and with all the rights of Aether; everything it has started is ended with it. " +
			"By default it is never run twice silently: set effect for code that only computes or looks at something.",
		Effect:   node.Once,
		EffectOf: func(in pythonIn) node.Effect { return in.EffectOf() },
		Check:    func(in pythonIn) error { return in.Check() },
		Examples: []node.Example[pythonIn, pythonOut]{{
			Title: "A function with the input's keys as parameters",
			In: pythonIn{
				Code:    "def main(prices, tax=0.2):\n    print(len(prices), 'prices')\n    return {'total': sum(prices) * (1 + tax)}",
				Input:   map[string]any{"prices": []any{10, 20}, "tax": 0.5},
				Options: command.Options{Effect: "read"},
			},
			Check: func(o pythonOut) error {
				if m, _ := o.Result.(map[string]any); m["total"] != 45 || o.Stdout != "2 prices\n" {
					return fmt.Errorf("got %v and %q", o.Result, o.Stdout)
				}
				return nil
			},
		}, {
			Title: "Print the result as JSON",
			In:    pythonIn{Code: "import json\nprint(json.dumps({'n': input['n'] + 1}))", Input: map[string]any{"n": 1}},
			Check: func(o pythonOut) error {
				if m, _ := o.Result.(map[string]any); m["n"] != 2 {
					return fmt.Errorf("got %v", o.Result)
				}
				return nil
			},
		}},
		Run: python,
	})
}

//go:embed bootstrap.py
var bootstrap string

// maxResult bounds what is read of a result.
const maxResult = 64 << 20

type pythonIn struct {
	Code         string `json:"code" is:"required,raw" widget:"code" doc:"The Python code. {{ }} in it is not evaluated: pass values in input."`
	Input        any    `json:"input" doc:"A value that the code sees as the variable input."`
	Interpreter  string `json:"interpreter" is:"advanced" doc:"Python to use: a name in PATH or a full path, for instance that of a virtual environment. Empty looks for python3, python and, on Windows, py."`
	UserPackages bool   `json:"user_packages" is:"advanced" doc:"Also use packages installed with pip install --user."`
	command.Options
}

type pythonOut struct {
	Result    any     `json:"result" doc:"What main returned, or the variable result, or the JSON printed."`
	Stdout    string  `json:"stdout" doc:"What the code printed."`
	Stderr    string  `json:"stderr" doc:"What it printed as errors and messages."`
	Truncated bool    `json:"truncated" doc:"True when it printed more than max_output."`
	Seconds   float64 `json:"seconds" doc:"How long it ran."`
}

func python(ctx context.Context, env *node.Env, in pythonIn) (out pythonOut, err error) {
	path, args, err := in.interpreter(env)
	if err != nil {
		return out, err
	}
	dir, remove, err := folder(env)
	if err != nil {
		return out, err
	}
	defer remove()
	input, err := encode(ctx, in.Input)
	if err != nil {
		return out, err
	}
	for name, text := range map[string][]byte{"script.py": []byte(in.Code), "input.json": input} {
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
			return out, err
		}
	}
	ran, err := command.Run(ctx, env, in.Options, command.Call{
		Path: path, Args: append(args, "-X", "utf8", "-B", "-c", bootstrap, dir), Name: "The Python code",
	})
	if err != nil {
		return out, err
	}
	out = pythonOut{Stdout: ran.Stdout, Stderr: ran.Stderr, Truncated: ran.Truncated, Seconds: ran.Elapsed.Seconds()}
	out.Result, err = in.result(dir, ran)
	return out, err
}

func (in pythonIn) interpreter(env *node.Env) (path string, args []string, err error) {
	args = []string{"-I"}
	if in.UserPackages {
		args = []string{"-E"}
	}
	dir, err := in.Folder(env)
	if err != nil {
		return "", nil, err
	}
	if in.Interpreter != "" {
		p, err := process.Find(in.Interpreter, env.Environ, dir)
		if err != nil {
			return "", nil, command.StartFailure(err)
		}
		return p, args, nil
	}
	names := []string{"python3", "python"}
	if runtime.GOOS == "windows" {
		// python3 may be a stub there that opens the shop.
		names = []string{"py", "python", "python3"}
	}
	for _, n := range names {
		p, err := process.Find(n, env.Environ, dir)
		if err != nil {
			continue
		}
		if n == "py" {
			args = append([]string{"-3"}, args...)
		}
		return p, args, nil
	}
	return "", nil, node.Fail(node.KindNotFound, "No Python was found; looked for "+strings.Join(names, ", ")+" in PATH.", "install Python 3, or name it in interpreter")
}

// pythonAnswer is what the bootstrap leaves.
type pythonAnswer struct {
	Result *string `json:"result"` // JSON text
	Error  *struct {
		Type    string `json:"type"`
		Message string `json:"message"`
		Line    int    `json:"line"`
		Trace   string `json:"trace"`
	} `json:"error"`
}

func (in pythonIn) result(dir string, ran command.Ran) (any, error) {
	answer, err := readAnswer(filepath.Join(dir, "result.json"))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		// The interpreter was ended before the bootstrap could write.
		if err := (command.Output{ExitCodes: []int{0}}).Judge(ran); err != nil {
			return nil, err
		}
		return printed(ran.Stdout), nil
	case err != nil:
		return nil, err
	case answer.Error != nil:
		return nil, in.failure(answer, ran)
	case answer.Result == nil:
		return printed(ran.Stdout), nil
	}
	v, err := value.Parse([]byte(*answer.Result))
	if err != nil {
		return nil, node.Failf(node.KindInput, "The result of the Python code cannot be used: %v.", err)
	}
	return in.Hide(v), nil
}

func readAnswer(path string) (a pythonAnswer, err error) {
	f, err := os.Open(path)
	if err != nil {
		return a, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxResult+1))
	if err != nil {
		return a, err
	}
	if len(b) > maxResult {
		return a, node.Fail(node.KindInput, "The result of the Python code is larger than "+command.SizeText(maxResult)+".", "write large data to a file and return its path")
	}
	if err := json.Unmarshal(b, &a); err != nil {
		return a, node.Failf(node.KindError, "The result of the Python code was damaged: %v.", err)
	}
	return a, nil
}

func (in pythonIn) failure(a pythonAnswer, ran command.Ran) *node.Failure {
	e := a.Error
	msg := e.Type
	if e.Message != "" {
		msg += ": " + e.Message
	}
	if e.Line > 0 {
		msg = fmt.Sprintf("line %d: %s", e.Line, msg)
	}
	f := node.Fail(node.KindError, in.HideText(msg), "")
	f.Code = e.Type
	switch e.Type {
	case "MemoryError":
		f.Code, f.Permanent = "memory", true
		f.Hint = "raise memory, or work on less data at a time"
	case "SyntaxError", "IndentationError", "TabError":
		f.Kind, f.Permanent = node.KindInput, true
	case "ModuleNotFoundError":
		f.Permanent = true
		f.Hint = "install the package for the Python that is used, or name another one in interpreter"
	}
	f.Details = map[string]any{"type": e.Type, "line": e.Line, "trace": in.HideText(e.Trace), "exit_code": ran.ExitCode,
		"stdout": command.Tail(ran.Stdout), "stderr": command.Tail(ran.Stderr)}
	return f
}

// printed returns the JSON that the code printed, whole or in its last line;
// nil when it printed none.
func printed(stdout string) any {
	text := strings.TrimSpace(stdout)
	for _, s := range []string{text, text[strings.LastIndexByte(text, '\n')+1:]} {
		if v, err := value.Parse([]byte(s)); err == nil {
			return v
		}
	}
	return nil
}
