package process

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"
)

// watchEvery is how often the memory of a tree is looked at.
const watchEvery = 100 * time.Millisecond

// Run starts a program, waits for it and ends everything that it started. A
// program that ran and failed is no error: see Result.ExitCode. The error is a
// *NotFoundError or *StartError when it did not run, a *LimitError when it was
// stopped for going over a limit, and the cause of ctx when that ended.
func Run(ctx context.Context, c Cmd) (Result, error) {
	c = c.withDefaults()
	if ctx.Err() != nil {
		return Result{ExitCode: -1}, context.Cause(ctx)
	}
	cmd, err := c.command(newToken())
	if err != nil {
		return Result{ExitCode: -1}, err
	}
	std, err := newStreams(c, cmd)
	if err != nil {
		return Result{ExitCode: -1}, &StartError{Path: cmd.Path, Err: err}
	}
	began := time.Now()
	t, err := start(cmd, c)
	if err != nil {
		std.abort()
		return Result{ExitCode: -1}, &StartError{Path: cmd.Path, Err: explain(err, c)}
	}
	std.started()
	defer t.close()
	cause := t.follow(ctx, c, std)
	res := t.finish(cmd, std, began)
	if cause == nil {
		cause = t.overLimit(c, res)
	}
	if t.survivors != nil {
		cause = errors.Join(cause, t.survivors)
	}
	return res, cause
}

// command prepares the program. Its own environment is complete: nothing is
// inherited.
func (c Cmd) command(token string) (*exec.Cmd, error) {
	if c.Dir != "" {
		if info, err := os.Stat(c.Dir); err != nil || !info.IsDir() {
			return nil, &StartError{Path: c.Path, Err: fmt.Errorf("the working folder %s: %w", c.Dir, notFolder(err))}
		}
	}
	path, err := Find(c.Path, c.Env, c.Dir)
	if err != nil {
		return nil, err
	}
	if runtime.GOOS == "windows" && isBatch(path) {
		for _, a := range c.Args {
			if strings.ContainsAny(a, "\"%&|<>^!()\r\n") {
				return nil, &StartError{Path: path, Err: errBatch}
			}
		}
	}
	return &exec.Cmd{Path: path, Args: append([]string{path}, c.Args...), Dir: c.Dir, Env: withMarker(c.Env, token)}, nil
}

func notFolder(err error) error {
	if err == nil {
		return errors.New("it is not a folder")
	}
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	return err
}

func isBatch(path string) bool {
	ext := strings.ToLower(filepath.Ext(path))
	return ext == ".bat" || ext == ".cmd"
}

// explain drops the path that the error of os/exec repeats.
func explain(err error, c Cmd) error {
	for _, s := range append([]string{c.Path}, c.Args...) {
		if strings.ContainsRune(s, 0) {
			return errors.New("an argument holds a NUL character")
		}
	}
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	return err
}

// follow waits until the program has ended and its output was read, or ends it
// because ctx or its memory say so; it returns that cause.
func (t *tree) follow(ctx context.Context, c Cmd, std *streams) error {
	var watch <-chan time.Time
	if c.Memory > 0 {
		tick := time.NewTicker(watchEvery)
		defer tick.Stop()
		watch = tick.C
	}
	for {
		select {
		case <-t.exited:
			// Something in the background may still be printing.
			select {
			case <-std.ended:
			case <-time.After(c.Grace):
			case <-ctx.Done():
			}
			return nil
		case <-ctx.Done():
			t.terminate()
			t.await(c.Grace)
			return context.Cause(ctx)
		case <-watch:
			if t.memory() > c.Memory {
				return &LimitError{What: "memory", Limit: bytesText(c.Memory)}
			}
		}
	}
}

// await waits until nothing of the tree is left, at most for the grace.
func (t *tree) await(grace time.Duration) {
	end := time.After(grace)
	for pause := time.Millisecond; ; pause = min(2*pause, 50*time.Millisecond) {
		select {
		case <-end:
			return
		case <-time.After(pause):
			if !t.left() {
				return
			}
		}
	}
}

// finish kills what is left, reads the last output and reaps the program.
func (t *tree) finish(cmd *exec.Cmd, std *streams, began time.Time) Result {
	res := Result{ExitCode: -1}
	t.survivors = t.kill()
	if t.survivors == nil {
		<-t.exited
		if s := t.reap(cmd); s != nil {
			res.ExitCode = s.ExitCode()
			res.Signal = signalName(s)
			res.CPU = s.UserTime() + s.SystemTime()
		}
	} else {
		go t.reap(cmd)
	}
	select {
	case <-std.ended:
	case <-time.After(time.Second):
		// An escaped process holds the output open.
	}
	std.close()
	res.Elapsed = time.Since(began)
	res.DroppedStdout, res.DroppedStderr = std.dropped[0], std.dropped[1]
	return res
}

// Started is a program that runs on its own.
type Started struct {
	PID    int
	Exited <-chan struct{}  // closed when it has ended, as long as Aether runs
	State  *os.ProcessState // how, once Exited is closed
}

// Start starts a program that outlives the run and Aether itself: it gets a
// session of its own, no standard files and no limits, and nobody ends it.
func Start(c Cmd) (*Started, error) {
	cmd, err := c.command("")
	if err != nil {
		return nil, err
	}
	detach(cmd)
	if err := cmd.Start(); err != nil {
		return nil, &StartError{Path: cmd.Path, Err: explain(err, c)}
	}
	done := make(chan struct{})
	s := &Started{PID: cmd.Process.Pid, Exited: done}
	// This goroutine lives as long as the program: it only keeps a zombie from
	// staying.
	go func() {
		_ = cmd.Wait()
		s.State = cmd.ProcessState
		close(done)
	}()
	return s, nil
}
