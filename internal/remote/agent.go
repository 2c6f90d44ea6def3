package remote

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/aether-rpa/aether/internal/engine"
	"github.com/aether-rpa/aether/internal/orch"
	"github.com/aether-rpa/aether/internal/queue"
	"github.com/aether-rpa/aether/internal/robot"
	"github.com/aether-rpa/aether/internal/run"
	"github.com/aether-rpa/aether/vault"
)

// Agent is a robot of a fleet that reaches the orchestrator by a Client.
type Agent struct {
	Client *Client
	// Robot has the parts of this machine: its run store, durable engine, nodes
	// and files. It executes nothing itself.
	Robot *robot.Robot
	// Env is where secrets of this machine are.
	Env    vault.Reader
	Name   string
	Labels []string
	Facts  map[string]string
	Slots  int
	// Observe is told of every job that is taken (before is true) and ended.
	Observe func(j *queue.Job, before bool, how string)
	Log     *slog.Logger

	mu    sync.Mutex
	tasks map[int64]*task
}

// Times of an agent.
const (
	beatEvery = 3 * time.Second
	beatTime  = 8 * time.Second // how long one may take
	claimWait = 25 * time.Second
)

// me names the robot in a request.
func (a *Agent) me(more map[string]any) map[string]any {
	out := map[string]any{"name": a.Name, "machine": a.Client.machine}
	for k, v := range more {
		out[k] = v
	}
	return out
}

// Serve works until drain is closed and the jobs it has then have ended, or
// until ctx ends: then the jobs are interrupted, and given back.
func (a *Agent) Serve(ctx context.Context, drain <-chan struct{}) error {
	a.tasks = map[int64]*task{}
	soft, stopTaking := context.WithCancel(ctx)
	defer stopTaking()
	go func() {
		select {
		case <-drain:
			stopTaking()
		case <-soft.Done():
		}
	}()
	said := false
	var untrusted *CertificateError
	err := persist(soft, func() error {
		err := a.Client.call(soft, http.MethodPost, "/register", a.me(map[string]any{"labels": a.Labels, "facts": a.Facts, "slots": a.Slots}), nil)
		if errors.As(err, &untrusted) {
			return nil // that does not pass by itself
		}
		if err != nil && refusal(err) == nil && soft.Err() == nil && !said {
			said = true
			a.Log.Warn("the orchestrator cannot be reached; trying again", "err", err)
		}
		return err
	})
	switch r := refusal(err); {
	case untrusted != nil:
		return untrusted
	case r != nil:
		return r
	case err != nil:
		return nil // it was stopped before it began
	}
	hard, interrupt := context.WithCancelCause(context.WithoutCancel(ctx))
	defer interrupt(nil)
	defer context.AfterFunc(ctx, func() { interrupt(engine.ErrInterrupted) })()
	beatCtx, stopBeat := context.WithCancel(context.WithoutCancel(ctx))
	var beats, workers sync.WaitGroup
	var fatal error
	beats.Go(func() {
		if fatal = a.beats(beatCtx, soft); fatal != nil {
			stopTaking()
			interrupt(run.ErrLeaseLost)
		}
	})
	for range a.Slots {
		workers.Go(func() { a.work(soft, hard) })
	}
	workers.Wait()
	stopBeat()
	beats.Wait()
	if fatal != nil {
		return fatal
	}
	bye, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	if _, err := a.beat(bye, queue.Offline); err != nil {
		a.Log.Warn("saying good-bye", "err", err) // it will count as lost
	}
	return nil
}

// beats says that the robot lives until ctx ends. It returns an error if the
// orchestrator does not want the robot any more.
func (a *Agent) beats(ctx, soft context.Context) error {
	tick := time.NewTicker(beatEvery)
	defer tick.Stop()
	state, away := queue.Online, false
	for {
		say := state
		if soft.Err() != nil {
			say = queue.Draining
		}
		paused, err := a.beat(ctx, say)
		r := refusal(err)
		switch {
		case ctx.Err() != nil:
			return nil
		case r != nil && (r.Status == http.StatusConflict || r.Status == http.StatusUnauthorized || r.Status == http.StatusForbidden):
			return fmt.Errorf("this robot stops: %w", r)
		case err != nil && !away:
			away = true
			a.Log.Warn("the orchestrator cannot be reached; going on without it for as long as the leases last", "err", err)
		case err == nil:
			if away {
				a.Log.Warn("the orchestrator can be reached again")
			}
			away = false
			if state = queue.Online; paused {
				state = queue.Paused
			}
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil
		}
	}
}

// beat says once that the robot lives, and hears of its jobs.
func (a *Agent) beat(ctx context.Context, state queue.RobotState) (paused bool, err error) {
	a.mu.Lock()
	held := map[int64]*task{}
	for id, t := range a.tasks {
		held[id] = t
	}
	a.mu.Unlock()
	list := []orch.Alive{}
	for _, t := range held {
		list = append(list, t.alive(ctx))
	}
	began := time.Now()
	ctx, cancel := context.WithTimeout(ctx, beatTime)
	defer cancel()
	var out struct {
		Paused bool
		Jobs   []orch.Heard
	}
	if err := a.Client.call(ctx, http.MethodPost, "/beat", a.me(map[string]any{"state": state, "jobs": list}), &out); err != nil {
		return false, err
	}
	for _, h := range out.Jobs {
		if t := held[h.Job]; t != nil {
			t.hear(ctx, h, began)
		}
	}
	return out.Paused, nil
}

// work takes one job after the other.
func (a *Agent) work(soft, hard context.Context) {
	for soft.Err() == nil {
		began := time.Now()
		var out struct{ Job *orch.Given }
		err := persist(soft, func() error {
			began = time.Now()
			ctx, cancel := context.WithTimeout(soft, claimWait+requestTime)
			defer cancel()
			return a.Client.call(ctx, http.MethodPost, "/claim", a.me(map[string]any{"labels": a.Labels, "wait_ms": claimWait.Milliseconds()}), &out)
		})
		switch {
		case soft.Err() != nil:
			return // a job that was given meanwhile is free when it says good-bye
		case err != nil:
			// Heartbeats hear the same and decide.
			a.Log.Warn("asking for a job", "err", err)
			select {
			case <-time.After(beatEvery):
			case <-soft.Done():
			}
		case out.Job != nil:
			a.do(hard, out.Job, began)
		}
	}
}

// do executes the run of a job and says how it ended.
func (a *Agent) do(hard context.Context, g *orch.Given, began time.Time) {
	j := &queue.Job{ID: g.Job, Run: g.Run, Attempt: g.Attempt}
	if a.Observe != nil {
		a.Observe(j, true, "")
	}
	t := newTask(hard, a, g, began)
	a.mu.Lock()
	a.tasks[g.Job] = t
	a.mu.Unlock()
	how, err := t.do(hard)
	a.mu.Lock()
	delete(a.tasks, g.Job)
	a.mu.Unlock()
	t.close()
	switch {
	case errors.Is(err, run.ErrLeaseLost) || lost(err) || t.lease.Err() != nil && err != nil:
		how = "the lease was lost"
	case err != nil:
		a.Log.Warn("executing a run", "job", g.Job, "run", g.Run, "err", err)
		if how == "" {
			how = "failed"
		}
	}
	if a.Observe != nil {
		a.Observe(j, false, how)
	}
}
