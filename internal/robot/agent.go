package robot

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aether-rpa/aether/internal/engine"
	"github.com/aether-rpa/aether/internal/queue"
	"github.com/aether-rpa/aether/internal/run"
)

// Agent makes a Robot one of a fleet: it registers it, takes jobs from the
// queue, executes their runs, and says how they ended.
type Agent struct {
	Robot *Robot
	Queue *queue.Queue
	// Name is the robot's; no other live robot may have it.
	Name   string
	Labels []string
	Facts  map[string]string // of the machine, for people
	Slots  int               // jobs at a time, 1 or more
	// Gone reports whether the process of an owner is certainly gone.
	Gone func(owner string) bool
	// Times are those of the dispatcher.
	Times queue.DispatcherOptions
	// Observe is told of every job that is taken (before is true) and ended. It
	// may be nil.
	Observe func(j *queue.Job, before bool, how string)
	Log     *slog.Logger

	busy atomic.Int64
	gate gate
}

// agentBeat is how often an agent says that it lives.
const agentBeat = 5 * time.Second

// Serve works until drain is closed and the jobs it has then have ended, or
// until ctx ends: then the jobs are interrupted, and free for other robots at
// once.
func (a *Agent) Serve(ctx context.Context, drain <-chan struct{}) error {
	me := queue.Robot{Name: a.Name, Owner: a.Robot.Owner, Labels: a.Labels, Facts: a.Facts, Slots: a.Slots}
	if err := a.Queue.Register(ctx, me, a.Gone); err != nil {
		return err
	}
	// What ends jobs must work while they are being interrupted.
	after := context.WithoutCancel(ctx)
	stopDispatch, dispatched := a.dispatch(after)
	beatCtx, stopBeat := context.WithCancelCause(after)
	var beats sync.WaitGroup
	taken := make(chan error, 1)
	beats.Go(func() { a.beat(beatCtx, drain, taken) })

	// hard ends when jobs are to be interrupted, soft when none is to be taken.
	hard, interrupt := context.WithCancelCause(context.WithoutCancel(ctx))
	defer interrupt(nil)
	defer context.AfterFunc(ctx, func() { interrupt(engine.ErrInterrupted) })()
	soft, stopTaking := context.WithCancel(ctx)
	defer stopTaking()
	var err error
	var watch, workers sync.WaitGroup
	idle := make(chan struct{})
	watch.Go(func() {
		select {
		case <-drain:
		case <-soft.Done():
		case err = <-taken:
			interrupt(run.ErrLeaseLost)
		case <-idle:
		}
		stopTaking()
	})
	for range a.Slots {
		workers.Go(func() { a.work(soft, hard, dispatched) })
	}
	workers.Wait()
	close(idle)
	watch.Wait()
	stopBeat(nil)
	beats.Wait()
	stopDispatch()
	bye, cancel := context.WithTimeout(after, 10*time.Second)
	defer cancel()
	if err := a.Queue.HandTally(bye); err != nil {
		a.Log.Warn("telling what was counted", "err", err)
	}
	if _, byeErr := a.Queue.Beat(bye, a.Name, a.Robot.Owner, queue.Offline, 0); byeErr != nil && err == nil {
		a.Log.Warn("saying good-bye", "err", byeErr) // it will count as lost
	}
	return err
}

// dispatch starts the dispatcher; stop ends it and waits.
func (a *Agent) dispatch(ctx context.Context) (stop func(), d *queue.Dispatcher) {
	o := a.Times
	o.Log = a.Log
	d = queue.NewDispatcher(a.Queue, o)
	ctx, cancel := context.WithCancel(ctx)
	var wg sync.WaitGroup
	wg.Go(func() { d.Run(ctx) })
	return func() {
		cancel()
		wg.Wait()
	}, d
}

// beat says that the robot lives, and hears whether it is paused. It tells
// taken if another process has taken its name.
func (a *Agent) beat(ctx context.Context, drain <-chan struct{}, taken chan<- error) {
	t := time.NewTicker(agentBeat)
	defer t.Stop()
	state := queue.Online
	a.gate.set(true)
	for {
		paused, err := a.Queue.Beat(ctx, a.Name, a.Robot.Owner, state, int(a.busy.Load()))
		switch {
		case errors.Is(err, queue.ErrNameTaken):
			taken <- fmt.Errorf("this robot stops: %w", err)
			return
		case err == nil:
			a.gate.set(!paused)
			if now := map[bool]queue.RobotState{true: queue.Paused, false: queue.Online}[paused]; drain != nil && state != now {
				state = now
				continue // and says so
			}
		case ctx.Err() == nil:
			a.Log.Warn("saying that this robot lives", "err", err)
		}
		// Work items whose run died, and those whose time has come.
		if a.Robot.Items != nil {
			if err := a.Robot.Items.Tick(ctx); err != nil && ctx.Err() == nil {
				a.Log.Warn("tending the work items", "err", err)
			}
		}
		if err := a.Queue.HandTally(ctx); err != nil && ctx.Err() == nil {
			a.Log.Warn("telling what was counted", "err", err)
		}
		// Robots of this machine that were killed.
		if err := a.Queue.Bury(ctx, a.Gone); err != nil && ctx.Err() == nil {
			a.Log.Warn("looking for robots that are gone", "err", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		case <-drain:
			state, drain = queue.Draining, nil
		}
	}
}

// work takes one job after the other.
func (a *Agent) work(soft, hard context.Context, d *queue.Dispatcher) {
	var next *asked // was asked for when the job before ended
	for {
		if next == nil {
			if next = a.ask(soft, d, a.gate.wait); next == nil {
				return
			}
		}
		l, err := next.Wait()
		next.done()
		if next = nil; err != nil {
			continue // paused, or about to stop
		}
		a.busy.Add(1)
		a.do(hard, d, l, func() {
			if next == nil {
				next = a.ask(soft, d, a.gate.pass)
			}
		})
		a.busy.Add(-1)
	}
}

// asked is a job that a robot asked for.
type asked struct {
	queue.Asked
	done func()
}

// ask asks for a job while the gate is open; it returns nil if the robot may not.
func (a *Agent) ask(soft context.Context, d *queue.Dispatcher, enter func(context.Context) (context.Context, func())) *asked {
	if soft.Err() != nil {
		return nil
	}
	open, done := enter(soft)
	if open == nil {
		return nil
	}
	return &asked{d.Ask(open, queue.Want{Robot: a.Name, Labels: a.Labels}), done}
}

// do executes the run of a job and says how it ended. When the job is done, the next
// is asked for in the same breath.
func (a *Agent) do(hard context.Context, d *queue.Dispatcher, l *queue.Lease, next func()) {
	if a.Observe != nil {
		a.Observe(l.Job, true, "")
	}
	ctx, cancel := context.WithCancelCause(hard)
	defer cancel(nil)
	defer context.AfterFunc(l.Context, func() {
		if errors.Is(context.Cause(l.Context), queue.ErrCancelled) {
			cancel(engine.ErrCancelled)
			return
		}
		cancel(run.ErrLeaseLost)
	})()
	var count engine.Counters
	ctx = WithClaim(ctx, Claim{Robot: a.Name, Job: l.Job.ID, Attempt: l.Job.Attempt, Waited: l.Job.Waited()})
	rn, err := a.Robot.Execute(ctx, l.Job.Run, &count)
	if err == nil {
		TellEnd(a.Queue.Tally, rn)
	}
	end, stop := context.WithTimeout(context.WithoutCancel(hard), time.Minute)
	defer stop()
	how := ""
	// The database may be away for a moment; a lost lease is final.
	endErr := persist(end, func() error {
		var err2 error
		how, err2 = a.end(end, d, l, rn, err, next)
		if errors.Is(err2, queue.ErrLeaseLost) {
			how, err2 = "the lease was lost", nil
		}
		return err2
	})
	if endErr != nil {
		a.Log.Warn("saying how a job ended; its lease will run out", "job", l.Job.ID, "run", l.Job.Run, "err", endErr)
	}
	if a.Observe != nil {
		a.Observe(l.Job, false, how)
	}
}

// end tells the queue how a job ended.
func (a *Agent) end(ctx context.Context, d *queue.Dispatcher, l *queue.Lease, rn *run.Run, err error, next func()) (how string, _ error) {
	var busy *run.BusyError
	switch {
	case errors.Is(err, run.ErrLeaseLost), errors.Is(context.Cause(l.Context), queue.ErrLeaseLost):
		return "the lease was lost", nil
	case errors.As(err, &busy):
		// The robot that had it before may still be at it: its lease of the run
		// must end first.
		return "waits for " + busy.Owner, d.Release(ctx, l, busy.Until)
	case errors.Is(err, run.ErrEnded):
		next()
		return "had ended", d.Finish(ctx, l)
	case rn == nil || err != nil && !rn.Interrupted:
		return "failed", d.Fail(ctx, l, err.Error(), false)
	case err != nil:
		// The run was cut short by something outside it, such as the database.
		return "interrupted", d.Fail(ctx, l, err.Error(), false)
	}
	switch {
	case rn.Status == run.Failed:
		return "failed", d.Fail(ctx, l, rn.Failure.Error(), true)
	case rn.Status.Final():
		next()
		return string(rn.Status), d.Finish(ctx, l)
	case rn.Interrupted:
		return "interrupted", d.Release(ctx, l, time.Time{})
	case rn.Wake.IsZero():
		return string(rn.Status), d.Release(ctx, l, queue.Forever)
	}
	return string(rn.Status), d.Release(ctx, l, rn.Wake)
}

// gate is open while the robot may take jobs.
type gate struct {
	mu     sync.Mutex
	open   bool
	change chan struct{} // closed when open changes
}

func (g *gate) set(open bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.change == nil {
		g.change = make(chan struct{})
	}
	if g.open != open {
		g.open = open
		close(g.change)
		g.change = make(chan struct{})
	}
}

// pass is wait for who does not want to wait: it returns nil if the gate is not open.
func (g *gate) pass(ctx context.Context) (open context.Context, done func()) {
	open, _, done = g.enter(ctx)
	return open, done
}

// wait waits until the gate is open and returns a context that ends when it
// closes; nil if ctx ends first. The caller calls done.
func (g *gate) wait(ctx context.Context) (open context.Context, done func()) {
	for {
		open, change, done := g.enter(ctx)
		if open != nil {
			return open, done
		}
		select {
		case <-change:
		case <-ctx.Done():
			return nil, nil
		}
	}
}

// enter returns a context that ends when the gate closes, or nil if it is not open,
// and a channel that is closed when it opens or closes.
func (g *gate) enter(ctx context.Context) (open context.Context, change chan struct{}, done func()) {
	g.mu.Lock()
	if g.change == nil {
		g.change = make(chan struct{})
	}
	is, change := g.open, g.change
	g.mu.Unlock()
	if !is {
		return nil, change, nil
	}
	open, cancel := context.WithCancel(ctx)
	go func() {
		select {
		case <-change:
			cancel()
		case <-open.Done():
		}
	}()
	return open, change, cancel
}
