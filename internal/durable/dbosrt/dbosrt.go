// Package dbosrt is the durable.Runtime on DBOS Transact: a run is a DBOS
// workflow with the run's id, and every entry is a DBOS step of it, named like
// the entry. It is the only package that knows DBOS.
//
// DBOS numbers steps in the order they are called and expects a re-execution to
// call them in the same order. The runtime therefore reads all recorded steps
// back, in order, before it hands the log to the body; after that, steps are
// only ever appended. So branches of a run may record in any order, and the
// whole of a run, branches and called flows included, is one workflow.
//
// A run is executed again through a DBOS queue that only this process listens
// to: DBOS's own recovery puts runs on a queue that every process of the
// application polls, once a second, and would let a bystander take them.
//
// A body that returns an error (interrupted, parked) leaves its workflow
// CANCELLED, the one state from which DBOS lets it go on with its steps kept.
package dbosrt

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/dbos-inc/dbos-transact-golang/dbos"
	_ "github.com/dbos-inc/dbos-transact-golang/dbos/driver/sqlite" // the SQLite driver of DBOS
	"github.com/dbos-inc/dbos-transact-golang/dbos/internals"

	"github.com/aether-rpa/aether/internal/db"
	"github.com/aether-rpa/aether/internal/durable"
)

// Protocol is the version of what the engine records. It is DBOS's application
// version: raise it only when runs recorded by older programs can no longer be
// read.
const Protocol = "1"

// queuePrefix begins the name of the queue of each process.
const queuePrefix = "aether-exec-"

// Config says how to open a Runtime.
type Config struct {
	DB      *db.DB
	AppName string
	// Executor names this process; two live processes must differ. It may hold
	// lower-case letters, digits, - and _.
	Executor string
	// Resumes is true when Run will be asked for runs that already began. It
	// costs a row in DBOS's queue table while the process lives.
	Resumes bool
	// Dead reports whether the process of an executor is certainly gone, so that
	// its queue may go, too; nil keeps all queues.
	Dead func(executor string) bool
	Log  *slog.Logger
}

// Runtime implements durable.Runtime.
type Runtime struct {
	cfg  Config
	root dbos.Context

	mu     sync.Mutex
	bodies map[string]*execution
}

// execution is a run that this process executes. The body's own error is kept
// here, since DBOS stores errors as text.
type execution struct {
	body   durable.Body
	ctx    context.Context
	err    error         // set before failed is closed
	failed chan struct{} // closed when the body has failed and its row is settled
	// failing is set before the row is touched: DBOS may tell of the row before
	// failed is closed.
	failing atomic.Bool
}

// Open connects DBOS to the database, bringing its tables up to date, and
// starts it.
func Open(ctx context.Context, cfg Config) (*Runtime, error) {
	c := dbos.Config{
		AppName:            cfg.AppName,
		ApplicationVersion: Protocol,
		ExecutorID:         cfg.Executor,
		Serializer:         plain{},
		Logger:             slog.New(quiet{cfg.Log.Handler()}),
	}
	if cfg.DB.Pool != nil {
		c.SystemDBPool = cfg.DB.Pool
	} else {
		c.SQLiteSystemDB = cfg.DB.SQL
	}
	root, err := connect(ctx, cfg.DB, c)
	if err != nil {
		return nil, fmt.Errorf("opening the durable engine: %w", err)
	}
	r := &Runtime{cfg: cfg, root: root, bodies: map[string]*execution{}}
	// DBOS counts every resume of a run as a recovery attempt; parking and
	// resuming a run many times is normal here.
	dbos.RegisterWorkflow(root, r.workflow, dbos.WithWorkflowName("run"), dbos.WithMaxRecoveryAttempts(1<<30))
	if cfg.Resumes {
		r.sweep()
		if _, err := dbos.RegisterQueue(root, r.queue(), dbos.WithQueueBasePollingInterval(25*time.Millisecond)); err != nil {
			return nil, fmt.Errorf("opening the durable engine: %w", err)
		}
	}
	dbos.ListenQueues(root, r.queue())
	if err := dbos.Launch(root); err != nil {
		return nil, fmt.Errorf("starting the durable engine: %w", err)
	}
	return r, nil
}

// sweep deletes the queues of processes that were killed. Runs that are still in
// one are moved by whoever goes on with them.
func (r *Runtime) sweep() {
	if r.cfg.Dead == nil {
		return
	}
	queues, err := dbos.ListQueues(r.root)
	if err != nil {
		r.cfg.Log.Debug("looking for queues of dead processes", "err", err)
	}
	for _, q := range queues {
		executor, ours := strings.CutPrefix(q.GetName(), queuePrefix)
		if !ours || !r.cfg.Dead(executor) {
			continue
		}
		if err := dbos.DeleteQueue(r.root, q.GetName()); err != nil {
			r.cfg.Log.Debug("deleting the queue of a dead process", "queue", q.GetName(), "err", err)
		}
	}
}

func (r *Runtime) queue() string { return queuePrefix + r.cfg.Executor }

// Run implements durable.Runtime.
func (r *Runtime) Run(ctx context.Context, id string, body durable.Body) ([]byte, error) {
	ex := &execution{body: body, ctx: ctx, failed: make(chan struct{})}
	r.mu.Lock()
	if r.bodies[id] != nil {
		r.mu.Unlock()
		return nil, fmt.Errorf("run %s is already executed by this process", id)
	}
	r.bodies[id] = ex
	r.mu.Unlock()
	defer func() {
		r.mu.Lock()
		delete(r.bodies, id)
		r.mu.Unlock()
	}()
	h, err := r.start(id)
	if err != nil {
		return nil, fmt.Errorf("starting run %s: %w", id, err)
	}
	type result struct {
		out string
		err error
	}
	end := make(chan result, 1)
	go func() {
		out, err := h.GetResult(dbos.WithHandlePollingInterval(5 * time.Millisecond))
		end <- result{out, err}
	}()
	// A body that failed leaves no result: DBOS would go on waiting for the one
	// that a later execution writes.
	select {
	case <-ex.failed:
		return nil, ex.err
	case r := <-end:
		if ex.failing.Load() {
			<-ex.failed
			return nil, ex.err
		}
		if r.err != nil {
			return nil, mapError(r.err)
		}
		return []byte(r.out), nil
	}
}

func (r *Runtime) start(id string) (dbos.WorkflowHandle[string], error) {
	list, err := dbos.ListWorkflows(r.root, dbos.WithFilterWorkflowIDs(id), dbos.WithFilterLoadInput(false), dbos.WithFilterLoadOutput(false))
	if err != nil {
		return nil, err
	}
	if len(list) == 0 {
		return dbos.RunWorkflow(r.root, r.workflow, "", dbos.WithWorkflowID(id))
	}
	switch list[0].Status {
	case dbos.WorkflowStatusSuccess, dbos.WorkflowStatusError:
		return dbos.RetrieveWorkflow[string](r.root, id)
	}
	if !r.cfg.Resumes {
		return nil, errors.New("the durable engine was not opened for resuming")
	}
	return dbos.ResumeWorkflow[string](r.root, id, dbos.WithResumeQueue(r.queue()))
}

// workflow is the one DBOS workflow: it gives the body of the run its log.
func (r *Runtime) workflow(wf dbos.Context, _ string) (string, error) {
	id, err := dbos.GetWorkflowID(wf)
	if err != nil {
		return "", err
	}
	r.mu.Lock()
	ex := r.bodies[id]
	r.mu.Unlock()
	if ex == nil {
		return "", fmt.Errorf("run %s was started outside Aether", id)
	}
	owner := r.owner(id)
	out, err := func() ([]byte, error) {
		l := &log{rt: r, wf: wf, id: id, fence: fence{owner: owner}}
		if err := l.replay(id); err != nil {
			return nil, err
		}
		return ex.body(ex.ctx, l)
	}()
	if err != nil {
		ex.err = err
		ex.failing.Store(true)
		// The row must not say ERROR, from which there is no way on. If somebody
		// else owns the run by now, it is not ours to touch.
		if !errors.Is(err, durable.ErrLost) && owner != "" && r.owner(id) == owner {
			if cerr := dbos.CancelWorkflow(r.root, id); cerr != nil {
				ex.err = errors.Join(err, fmt.Errorf("setting run %s aside: %w", id, cerr))
			}
		}
		close(ex.failed)
		return "", err
	}
	return string(out), nil
}

// owner returns the token of the execution that owns the workflow now, "" if
// none does. It waits while the database is away: who does not know whose the
// row is would leave it as failed, and there is no way on from that.
func (r *Runtime) owner(id string) string {
	rt, err := internals.RuntimeOf(r.root)
	if err != nil {
		return ""
	}
	for {
		ctx, cancel := context.WithTimeout(r.root, 5*time.Second)
		token, err := rt.SystemDB().GetWorkflowOwner(ctx, id)
		cancel()
		switch {
		case err == nil && token == nil:
			return ""
		case err == nil:
			return *token
		}
		select {
		case <-r.root.Done():
			return ""
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// Entries implements durable.Runtime.
func (r *Runtime) Entries(_ context.Context, id string) ([]durable.Entry, error) {
	steps, err := dbos.GetWorkflowSteps(r.root, id, dbos.WithStepsLoadOutput(true))
	if err != nil {
		if errors.Is(err, dbos.ErrNonExistentWorkflow) {
			return nil, fmt.Errorf("%w: %s", durable.ErrNotFound, id)
		}
		return nil, fmt.Errorf("reading the records of run %s: %w", id, err)
	}
	out := make([]durable.Entry, 0, len(steps))
	for _, s := range steps {
		text, ok := s.Output.(string)
		if !ok {
			return nil, fmt.Errorf("the record %s of run %s is damaged", s.StepName, id)
		}
		out = append(out, durable.Entry{Name: s.StepName, Data: []byte(text)})
	}
	return out, nil
}

// Delete implements durable.Runtime.
func (r *Runtime) Delete(_ context.Context, ids ...string) error {
	if err := dbos.DeleteWorkflows(r.root, ids); err != nil {
		return fmt.Errorf("deleting runs: %w", err)
	}
	return nil
}

// Close implements durable.Runtime.
func (r *Runtime) Close(timeout time.Duration) error {
	if r.cfg.Resumes {
		if err := dbos.DeleteQueue(r.root, r.queue()); err != nil {
			r.cfg.Log.Debug("deleting the queue of this process", "err", err)
		}
	}
	return dbos.Shutdown(r.root, timeout)
}

// log appends to one workflow. DBOS contexts are not for several goroutines
// (the step counter is a plain int), so the lock is held for each step.
type log struct {
	rt    *Runtime
	id    string
	mu    sync.Mutex
	wf    dbos.Context
	past  []durable.Entry
	fence fence
}

// replay reads the recorded steps back through DBOS, which moves its step
// counter behind them.
func (l *log) replay(id string) error {
	steps, err := dbos.GetWorkflowSteps(l.rt.root, id, dbos.WithStepsLoadOutput(false))
	if err != nil {
		return fmt.Errorf("reading the records of run %s: %w", id, err)
	}
	l.past = make([]durable.Entry, 0, len(steps))
	for _, s := range steps {
		data, err := dbos.RunAsStep(l.wf, func(context.Context) (string, error) {
			return "", fmt.Errorf("the record %s of run %s is missing", s.StepName, id)
		}, dbos.WithStepName(s.StepName))
		if err != nil {
			return fmt.Errorf("reading the record %s: %w", s.StepName, mapError(err))
		}
		l.past = append(l.past, durable.Entry{Name: s.StepName, Data: []byte(data)})
	}
	return nil
}

// Past implements durable.Log.
func (l *log) Past() []durable.Entry { return l.past }

// Confirm implements durable.Log: what is in the database is known to all who
// share it.
func (l *log) Confirm(context.Context) error { return nil }

// mapError names the errors that say somebody else now owns the run.
func mapError(err error) error {
	if errors.Is(err, dbos.ErrWorkflowCancelled) || errors.Is(err, dbos.ErrConflictingWorkflowID) {
		return fmt.Errorf("%w: %w", durable.ErrLost, err)
	}
	return err
}

// plain stores entries as the text they are.
type plain struct{}

// Name implements dbos.Serializer.
func (plain) Name() string { return "aether" }

// Encode implements dbos.Serializer.
func (plain) Encode(v any) (*string, error) {
	s, ok := v.(string)
	if v != nil && !ok {
		return nil, fmt.Errorf("a record must be text, not %T", v)
	}
	return &s, nil
}

// Decode implements dbos.Serializer.
func (plain) Decode(s *string) (any, error) {
	if s == nil {
		return "", nil
	}
	return *s, nil
}

// quiet passes DBOS's log lines on one level lower: it warns of things that are
// normal here, such as a run being set aside.
type quiet struct{ h slog.Handler }

func (q quiet) Enabled(ctx context.Context, l slog.Level) bool { return q.h.Enabled(ctx, lower(l)) }
func (q quiet) Handle(ctx context.Context, r slog.Record) error {
	r.Level = lower(r.Level)
	return q.h.Handle(ctx, r)
}
func (q quiet) WithAttrs(a []slog.Attr) slog.Handler { return quiet{q.h.WithAttrs(a)} }
func (q quiet) WithGroup(n string) slog.Handler      { return quiet{q.h.WithGroup(n)} }

func lower(slog.Level) slog.Level { return slog.LevelDebug }
