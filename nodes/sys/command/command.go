// Package command is what the nodes that run a program have in common: their
// params, the environment and limits of the program, what it printed, and
// failures that say what to do.
package command

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/process"
	"github.com/aether-rpa/aether/vault"
)

// Options are the params of a program's surroundings. Embed it in a node's In.
type Options struct {
	Cwd       string                  `json:"cwd" widget:"folder" doc:"Folder to work in, inside the folders the flow may use. Empty is the first of them."`
	Env       map[string]string       `json:"env" doc:"Environment variables to add or replace."`
	SecretEnv map[string]vault.Secret `json:"secret_env" doc:"Environment variables with secrets. Their values are shown as *** in the outputs, errors and logs."`
	Timeout   time.Duration           `json:"timeout" default:"5m" min:"0.001" doc:"How long it may run; then it and everything it started is ended."`
	Memory    string                  `json:"memory" is:"advanced" doc:"Memory that it and everything it started may use, for instance 512MiB. Empty is no limit. Works on Linux and Windows."`
	MaxOutput string                  `json:"max_output" default:"10MiB" is:"advanced" doc:"How much of each of its two output streams is kept; the rest is dropped."`
	Effect    string                  `json:"effect" default:"once" enum:"read,idempotent,once" doc:"What it does to the world, which decides what happens if Aether stops while it runs. read: it only looks, and is run again. idempotent: it may be run again. once: it is not run again without being told to."`
}

// EffectOf returns the effect class that the params name.
func (o Options) EffectOf() node.Effect {
	switch o.Effect {
	case "read":
		return node.Read
	case "idempotent":
		return node.Idempotent
	}
	return node.Once
}

// Check tests what tags cannot say.
func (o Options) Check() error {
	if _, err := o.limits(); err != nil {
		return err
	}
	for _, k := range slices.Sorted(maps.Keys(o.Env)) {
		if err := checkName(k); err != nil {
			return err
		}
		if _, both := o.SecretEnv[k]; both {
			return node.Fail(node.KindInput, "The variable "+k+" is in both env and secret_env.", "keep one of them")
		}
	}
	for _, k := range slices.Sorted(maps.Keys(o.SecretEnv)) {
		if err := checkName(k); err != nil {
			return err
		}
	}
	return nil
}

func checkName(k string) error {
	if k == "" || strings.ContainsAny(k, "=\x00") {
		return node.Failf(node.KindInput, "%q cannot be the name of an environment variable.", k)
	}
	return nil
}

func (o Options) limits() (l struct{ memory, output int64 }, err error) {
	if l.memory, err = ParseSize(o.Memory); err != nil {
		return l, node.Fail(node.KindInput, "memory: "+err.Error(), "")
	}
	if l.output, err = ParseSize(o.MaxOutput); err != nil {
		return l, node.Fail(node.KindInput, "max_output: "+err.Error(), "")
	}
	return l, nil
}

// Call is the program itself.
type Call struct {
	Path  string
	Args  []string
	Stdin io.Reader
	Env   []string // put after the node's environment, before that of Options
	// Name is how messages call it; the base of Path if empty.
	Name string
	// Encoding of what it prints; "" is UTF-8.
	Encoding string
}

// Ran is a program that ended by itself. Its texts hold no secrets.
type Ran struct {
	Stdout, Stderr string
	Truncated      bool // some output was dropped
	ExitCode       int
	Signal         string
	Elapsed        time.Duration
	Name           string
}

// Run runs a program and returns what it printed, whatever its exit code.
func Run(ctx context.Context, env *node.Env, o Options, c Call) (Ran, error) {
	ran := Ran{Name: c.Name, ExitCode: -1}
	if ran.Name == "" {
		ran.Name = filepath.Base(c.Path)
	}
	if err := o.Check(); err != nil {
		return ran, err
	}
	limits, err := o.limits()
	if err != nil {
		return ran, err
	}
	dir, err := o.Folder(env)
	if err != nil {
		return ran, err
	}
	inner, cancel := context.WithTimeout(ctx, o.Timeout)
	defer cancel()
	var stdout, stderr bytes.Buffer
	res, err := process.Run(inner, process.Cmd{
		Path: c.Path, Args: c.Args, Dir: dir, Env: o.Environ(env, c.Env...),
		Stdin: c.Stdin, Stdout: &stdout, Stderr: &stderr, MaxOutput: limits.output, Memory: limits.memory,
	})
	m := newMasker(o.SecretEnv)
	ran.Stdout = m.text(decode(stdout.Bytes(), c.Encoding), res.DroppedStdout > 0)
	ran.Stderr = m.text(decode(stderr.Bytes(), c.Encoding), res.DroppedStderr > 0)
	ran.Truncated = res.DroppedStdout+res.DroppedStderr > 0
	ran.ExitCode, ran.Signal, ran.Elapsed = res.ExitCode, res.Signal, res.Elapsed
	if err == nil {
		return ran, nil
	}
	if ctx.Err() != nil {
		return ran, context.Cause(ctx)
	}
	return ran, ran.failure(err, o.Timeout)
}

// Folder returns the absolute folder to work in.
func (o Options) Folder(env *node.Env) (string, error) {
	cwd := o.Cwd
	if cwd == "" {
		cwd = "."
	}
	return env.Files.Abs(cwd)
}

// Environ returns the whole environment of the program.
func (o Options) Environ(env *node.Env, more ...string) []string {
	out := append(slices.Clone(env.Environ), more...)
	for _, k := range slices.Sorted(maps.Keys(o.Env)) {
		out = append(out, k+"="+o.Env[k])
	}
	for _, k := range slices.Sorted(maps.Keys(o.SecretEnv)) {
		out = append(out, k+"="+o.SecretEnv[k].Reveal())
	}
	return out
}

func (r Ran) failure(err error, timeout time.Duration) *node.Failure {
	var limit *process.LimitError
	var f *node.Failure
	switch {
	case errors.As(err, &limit):
		f = node.Fail(node.KindError, fmt.Sprintf("%s was ended: %v.", r.Name, limit), "raise the limit, or let it work on less data")
		f.Code, f.Permanent = limit.What, true
	case errors.Is(err, context.DeadlineExceeded):
		f = node.Fail(node.KindTimeout, fmt.Sprintf("%s did not end within %s.", r.Name, timeout), "raise timeout, or see in the details what it printed last")
	default:
		return StartFailure(err)
	}
	f.Details = r.details()
	return f
}

// StartFailure turns the error of a program that did not start into a failure.
func StartFailure(err error) *node.Failure {
	var missing *process.NotFoundError
	switch {
	case errors.As(err, &missing):
		return node.Fail(node.KindNotFound, sentence(err), "install it, or give its full path")
	case errors.Is(err, fs.ErrPermission):
		return node.Fail(node.KindDenied, sentence(err), "make the file executable for the user Aether runs as")
	case errors.Is(err, fs.ErrNotExist):
		return node.Fail(node.KindNotFound, sentence(err), "make the folder first, or correct cwd")
	}
	return node.Fail(node.KindError, sentence(err), "")
}

func sentence(err error) string {
	s := err.Error()
	return strings.ToUpper(s[:1]) + s[1:] + "."
}

// kept is how much of each stream a failure carries.
const kept = 4 << 10

func (r Ran) details() map[string]any {
	return map[string]any{"exit_code": r.ExitCode, "signal": r.Signal, "stdout": Tail(r.Stdout), "stderr": Tail(r.Stderr)}
}

// Tail returns the end of what a program printed, as failures carry it.
func Tail(s string) string {
	if len(s) <= kept {
		return s
	}
	return "…" + strings.ToValidUTF8(s[len(s)-kept:], "")
}
