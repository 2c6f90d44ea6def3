package worker

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"time"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/process"
	"github.com/aether-rpa/aether/value"
)

// Config says how to start a worker and what its jobs may use.
type Config struct {
	Path string   // the program whose command runs Main
	Args []string // that command
	Env  []string // its environment; best none

	Memory     int64         // bytes for a job that asks for nothing
	MaxMemory  int64         // the most a job may ask for
	Timeout    time.Duration // for a job that asks for nothing
	MaxTimeout time.Duration // the most a job may ask for
	MaxResult  int64         // bytes of an encoded result
	MaxInput   int64         // bytes of a job's encoded input
	Jobs       int           // how many run at a time; others wait
}

func (c Config) withDefaults() Config {
	set(&c.Memory, 256<<20)
	set(&c.MaxMemory, max(2<<30, c.Memory))
	set(&c.Timeout, 30*time.Second)
	set(&c.MaxTimeout, max(time.Hour, c.Timeout))
	set(&c.MaxResult, 16<<20)
	set(&c.MaxInput, 64<<20)
	set(&c.Jobs, runtime.NumCPU())
	return c
}

func set[T int | int64 | time.Duration](p *T, def T) {
	if *p <= 0 {
		*p = def
	}
}

// idle is what a worker takes before it runs anything, generously.
const idle = 384 << 20

// startup is how long a worker may take to start and to end by itself.
const startup = 3 * time.Second

// Runner implements node.Worker with a process for each job: nothing of one job
// can be seen by the next. It is safe for concurrent use.
type Runner struct {
	config Config
	slots  chan struct{}
}

// NewRunner returns a runner; limits that are not given take their defaults.
func NewRunner(c Config) *Runner {
	c = c.withDefaults()
	return &Runner{config: c, slots: make(chan struct{}, c.Jobs)}
}

// Do implements node.Worker. A failure of the script is a *node.Failure; what
// the script printed is in its details.
func (r *Runner) Do(ctx context.Context, j node.WorkerJob) (any, error) {
	v, _, err := r.DoWithLogs(ctx, j)
	return v, err
}

// DoWithLogs is Do that also returns what the script printed.
func (r *Runner) DoWithLogs(ctx context.Context, j node.WorkerJob) (any, []string, error) {
	h, err := r.limits(j)
	if err != nil {
		return nil, nil, err
	}
	stdin, err := r.request(ctx, h, j)
	if err != nil {
		return nil, nil, err
	}
	select {
	case r.slots <- struct{}{}:
		defer func() { <-r.slots }()
	case <-ctx.Done():
		return nil, nil, context.Cause(ctx)
	}
	return r.run(ctx, h, stdin)
}

func (r *Runner) limits(j node.WorkerJob) (header, error) {
	h := header{Memory: j.Memory, TimeoutMS: int64(j.Timeout / time.Millisecond), MaxResult: r.config.MaxResult}
	set(&h.Memory, r.config.Memory)
	set(&h.TimeoutMS, int64(r.config.Timeout/time.Millisecond))
	if h.Memory > r.config.MaxMemory {
		return h, node.Fail(node.KindInput, fmt.Sprintf("The script asks for %s of memory; it may have %s at most.", bytesText(h.Memory), bytesText(r.config.MaxMemory)), "lower the memory of the node")
	}
	if h.timeout() > r.config.MaxTimeout {
		return h, node.Fail(node.KindInput, fmt.Sprintf("The script asks for %s; it may have %s at most.", h.timeout(), r.config.MaxTimeout), "lower the timeout of the node")
	}
	const least = 8 << 20
	h.Memory = max(h.Memory, least)
	return h, nil
}

// request encodes what the child reads.
func (r *Runner) request(ctx context.Context, h header, j node.WorkerJob) (io.Reader, error) {
	input, err := value.LoadAll(ctx, orEmpty(j.Input))
	if err != nil {
		return nil, fmt.Errorf("loading the input of the script: %w", err)
	}
	body, err := value.JSON(map[string]any{"language": j.Language, "code": j.Code, "input": input})
	if err != nil {
		return nil, node.Failf(node.KindInput, "The input of the script cannot be passed on: %v.", err)
	}
	if int64(len(body)) > r.config.MaxInput {
		return nil, node.Fail(node.KindInput, fmt.Sprintf("The input of the script takes %s, more than the %s it may take.", bytesText(int64(len(body))), bytesText(r.config.MaxInput)), "pass only what the script needs, or work on parts in a loop")
	}
	head, err := json.Marshal(h)
	if err != nil {
		return nil, err
	}
	return io.MultiReader(bytes.NewReader(append(head, '\n')), bytes.NewReader(body)), nil
}

func (r *Runner) run(ctx context.Context, h header, stdin io.Reader) (any, []string, error) {
	inner, cancel := context.WithTimeout(ctx, h.timeout()+startup)
	defer cancel()
	var stdout, stderr bytes.Buffer
	memory := idle + h.Memory*2
	if underRace {
		memory = 0
	}
	res, err := process.Run(inner, process.Cmd{
		Path: r.config.Path, Args: r.config.Args, Env: r.config.Env,
		Stdin: stdin, Stdout: &stdout, Stderr: &stderr,
		// The logs and the failure come on top of the result.
		MaxOutput: h.MaxResult + 16*maxLogBytes,
		Memory:    memory,
		Grace:     time.Millisecond, // it has nothing to clean up
	})
	if ctx.Err() != nil {
		return nil, nil, context.Cause(ctx)
	}
	var limit *process.LimitError
	switch {
	case errors.As(err, &limit):
		return nil, nil, failMemory(h.Memory)
	case inner.Err() != nil && err != nil:
		return nil, nil, failTimeout(h.timeout(), "")
	case err != nil:
		return nil, nil, fmt.Errorf("running a script: %w", err)
	}
	return r.answer(h, res, stdout.Bytes(), stderr.String())
}

// answer reads what the child wrote; a child that wrote nothing is judged by
// how it ended.
func (r *Runner) answer(h header, res process.Result, stdout []byte, stderr string) (any, []string, error) {
	var a struct {
		answer
		Value json.RawMessage `json:"value"`
	}
	if err := json.Unmarshal(stdout, &a); err != nil {
		return nil, nil, crash(h, res, stderr)
	}
	if a.Failure != nil {
		if len(a.Logs) > 0 {
			details, _ := a.Failure.Details.(map[string]any)
			details = orEmpty(details)
			logs := make([]any, len(a.Logs))
			for i, l := range a.Logs {
				logs[i] = l
			}
			details["logs"] = logs
			a.Failure.Details = details
		}
		if d, err := value.Normalize(a.Failure.Details); err == nil {
			a.Failure.Details = d
		}
		return nil, a.Logs, a.Failure
	}
	v, err := value.Parse(a.Value)
	if err != nil {
		return nil, a.Logs, fail(node.KindInput, CodeResult, "The result of the script cannot be used: "+err.Error()+".", "")
	}
	return v, a.Logs, nil
}

func crash(h header, res process.Result, stderr string) *node.Failure {
	switch {
	case res.ExitCode == exitTimeout:
		return failTimeout(h.timeout(), "")
	case res.ExitCode == exitMemory, containsAny(stderr, "out of memory", "cannot allocate", "failed to reserve"):
		return failMemory(h.Memory)
	case containsAny(stderr, "stack overflow", "goroutine stack exceeds"):
		return failRecursion("")
	}
	how := fmt.Sprintf("exit code %d", res.ExitCode)
	if res.Signal != "" {
		how = "signal " + res.Signal
	}
	first, _, _ := strings.Cut(strings.TrimSpace(stderr), "\n")
	if first != "" {
		how += ": " + shorten(first)
	}
	f := fail(node.KindError, CodeCrash, "The process of the script ended without an answer ("+how+").", "if the memory of the machine is short, raise it; otherwise this is a defect worth reporting")
	f.Permanent = false // somebody may have killed it
	return f
}

func containsAny(s string, parts ...string) bool {
	for _, p := range parts {
		if strings.Contains(s, p) {
			return true
		}
	}
	return false
}
