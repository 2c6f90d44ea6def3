package sys

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/shirou/gopsutil/v4/process"

	"github.com/aether-rpa/aether/node"
)

func init() {
	node.Register(node.Spec[killIn, killOut]{
		Type:  "sys.kill_process",
		Title: "End process",
		Doc: "Ends processes, by id or by name. They are asked first (on Windows they are not: there a process is ended at once) and killed after the grace. " +
			"Unsaved work in them is lost. Aether itself and the processes it was started by are never ended.",
		Effect: node.Once,
		Check: func(in killIn) error {
			if in.empty() {
				return node.Fail(node.KindInput, "Name the processes to end, by name, pid, user or command.", "")
			}
			return nil
		},
		Examples: []node.Example[killIn, killOut]{{
			Title: "A program that does not run",
			In:    killIn{match: match{Name: "no-such-program"}},
			Out:   killOut{Processes: []any{}},
		}},
		Run: killProcesses,
	})
	node.Register(node.Spec[waitIn, waitOut]{
		Type:  "sys.wait_process",
		Title: "Wait for process",
		Doc: "Waits until a process runs, or until none runs any more. " +
			"The wait is not durable: after a crash it starts anew.",
		Effect: node.Read,
		Check: func(in waitIn) error {
			if in.empty() {
				return node.Fail(node.KindInput, "Name the process to wait for, by name, pid, user or command.", "")
			}
			return nil
		},
		Examples: []node.Example[waitIn, waitOut]{{
			Title: "Until a program has ended",
			In:    waitIn{match: match{Name: "no-such-program"}, Until: "gone"},
			Check: func(o waitOut) error {
				if !o.Done || len(o.Processes) != 0 {
					return errors.New("it should be done")
				}
				return nil
			},
		}},
		Run: waitProcess,
	})
}

type killIn struct {
	match
	All      bool          `json:"all" doc:"End all that match. Without it, more than one is an error, so that a wide pattern does no harm."`
	Children bool          `json:"children" default:"true" doc:"Also end what these processes have started."`
	Force    bool          `json:"force" doc:"Kill at once rather than asking first."`
	Grace    time.Duration `json:"grace" default:"5s" doc:"How long they may take to end when asked."`
	Required bool          `json:"required" doc:"Fail when no process matches."`
}

type killOut struct {
	Processes []any `json:"processes" doc:"The processes that were ended, as sys.list_processes shows them."`
	Count     int   `json:"count" doc:"How many were ended."`
	Killed    int   `json:"killed" doc:"How many of them did not end when asked."`
}

func killProcesses(ctx context.Context, _ *node.Env, in killIn) (out killOut, err error) {
	out.Processes = []any{}
	found, err := in.find(ctx)
	if err != nil {
		return out, err
	}
	found, err = in.choose(ctx, found)
	if err != nil || len(found) == 0 {
		return out, err
	}
	if in.Children {
		found = withChildren(ctx, found)
	}
	for _, p := range found {
		out.Processes = append(out.Processes, describe(ctx, p, false))
	}
	out.Count = len(found)
	left := found
	if !in.Force {
		if left, err = end(ctx, found, in.Grace, (*process.Process).TerminateWithContext); err != nil {
			return out, err
		}
	}
	out.Killed = len(left)
	if left, err = end(ctx, left, 5*time.Second, (*process.Process).KillWithContext); err != nil {
		return out, err
	}
	if len(left) > 0 {
		return out, node.Fail(node.KindError, fmt.Sprintf("%d processes did not end although they were killed, the first has the id %d.", len(left), left[0].Pid), "they may hang in a driver; restart the computer")
	}
	return out, nil
}

// choose applies the rules on how many may be ended, and which never.
func (in killIn) choose(ctx context.Context, found []*process.Process) ([]*process.Process, error) {
	own := ancestors(ctx)
	kept := slices.DeleteFunc(slices.Clone(found), func(p *process.Process) bool { return own[p.Pid] })
	switch {
	case len(kept) == 0 && len(found) > 0:
		return nil, node.Fail(node.KindDenied, "That is the process of Aether itself, or one that started it.", "")
	case len(kept) == 0 && in.Required:
		return nil, node.Failf(node.KindNotFound, "No process matches %s.", in.match)
	case len(kept) > 1 && !in.All:
		return nil, node.Fail(node.KindInput, fmt.Sprintf("%d processes match %s.", len(kept), in.match), "set all, or name one by its pid")
	}
	return kept, nil
}

// ancestors returns the ids of Aether and of all that it descends from.
func ancestors(ctx context.Context) map[int32]bool {
	out := map[int32]bool{0: true, 1: true, 4: true} // 4 is System on Windows
	for pid := int32(os.Getpid()); pid > 1; {
		out[pid] = true
		p, err := process.NewProcessWithContext(ctx, pid)
		if err != nil {
			break
		}
		if pid, err = p.PpidWithContext(ctx); err != nil || out[pid] {
			break
		}
	}
	return out
}

// withChildren adds all descendants, the children before their parents' end
// hides them.
func withChildren(ctx context.Context, list []*process.Process) []*process.Process {
	own := ancestors(ctx)
	seen := map[int32]bool{}
	var out []*process.Process
	for queue := slices.Clone(list); len(queue) > 0; queue = queue[1:] {
		p := queue[0]
		if seen[p.Pid] || own[p.Pid] {
			continue
		}
		seen[p.Pid] = true
		out = append(out, p)
		if kids, err := p.ChildrenWithContext(ctx); err == nil {
			queue = append(queue, kids...)
		}
	}
	return out
}

// end does something to all processes and returns those that live on after the
// grace.
func end(ctx context.Context, list []*process.Process, grace time.Duration, do func(*process.Process, context.Context) error) ([]*process.Process, error) {
	for _, p := range list {
		if err := do(p, ctx); err != nil && !ended(ctx, p) {
			if errors.Is(err, os.ErrPermission) {
				return nil, node.Fail(node.KindDenied, fmt.Sprintf("Aether may not end the process %d.", p.Pid), "it belongs to another user; run Aether with more rights, or leave it")
			}
			return nil, fmt.Errorf("ending the process %d: %w", p.Pid, err)
		}
	}
	left := slices.Clone(list)
	_, err := poll(ctx, grace, 20*time.Millisecond, func() (bool, error) {
		left = slices.DeleteFunc(left, func(p *process.Process) bool { return ended(ctx, p) })
		return len(left) == 0, nil
	})
	return left, err
}

// poll calls done until it says true, and reports whether it did in time.
func poll(ctx context.Context, timeout, every time.Duration, done func() (bool, error)) (bool, error) {
	deadline := time.NewTimer(timeout)
	defer deadline.Stop()
	tick := time.NewTicker(max(every, time.Millisecond))
	defer tick.Stop()
	for {
		if ok, err := done(); ok || err != nil {
			return ok, err
		}
		select {
		case <-tick.C:
		case <-deadline.C:
			return done()
		case <-ctx.Done():
			return false, context.Cause(ctx)
		}
	}
}

type waitIn struct {
	match
	Until         string        `json:"until" default:"running" enum:"running,gone" doc:"running: until one matches. gone: until none matches."`
	Timeout       time.Duration `json:"timeout" default:"1m" doc:"How long to wait at most."`
	Interval      time.Duration `json:"interval" default:"500ms" min:"0.01" is:"advanced" doc:"How often to look."`
	FailOnTimeout bool          `json:"fail_on_timeout" default:"true" doc:"Fail when the time is over; otherwise done is false."`
}

type waitOut struct {
	Done      bool    `json:"done" doc:"Whether what was waited for has happened."`
	Processes []any   `json:"processes" doc:"The processes that match now."`
	Seconds   float64 `json:"seconds" doc:"How long it took."`
}

func waitProcess(ctx context.Context, env *node.Env, in waitIn) (out waitOut, err error) {
	began := env.Now()
	var found []*process.Process
	out.Done, err = poll(ctx, in.Timeout, in.Interval, func() (bool, error) {
		var err error
		found, err = in.find(ctx)
		return err == nil && (len(found) > 0) == (in.Until == "running"), err
	})
	if err != nil {
		return out, err
	}
	out.Seconds = env.Now().Sub(began).Seconds()
	out.Processes = []any{}
	for _, p := range found {
		out.Processes = append(out.Processes, describe(ctx, p, false))
	}
	if !out.Done && in.FailOnTimeout {
		if in.Until == "gone" {
			return out, node.Failf(node.KindTimeout, "A process with %s still runs after %s.", in.match, in.Timeout)
		}
		return out, node.Failf(node.KindTimeout, "No process with %s has started within %s.", in.match, in.Timeout)
	}
	return out, nil
}
