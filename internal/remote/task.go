package remote

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/aether-rpa/aether/internal/durable"
	"github.com/aether-rpa/aether/internal/engine"
	"github.com/aether-rpa/aether/internal/orch"
	"github.com/aether-rpa/aether/internal/queue"
	"github.com/aether-rpa/aether/internal/robot"
	"github.com/aether-rpa/aether/internal/run"
)

// task is a job that the robot has.
type task struct {
	agent  *Agent
	client *Client
	run    string
	given  *orch.Given
	// lease ends when the job may be another robot's: the orchestrator said so,
	// or the lease was not renewed for its time by the clock here.
	lease  context.Context
	end    context.CancelCauseFunc
	expire *time.Timer
	// stop ends the execution with a cause, and leaves the lease.
	stop     context.CancelCauseFunc
	stream   *stream
	files    *files
	uploaded map[string]bool // by the stream, and after it has ended
	told     int64           // number of the last event that was sent
	traced   map[string]bool // artifacts of traces that were sent
	count    engine.Counters
	key      []byte // of the run's sessions, from the orchestrator
	keyless  string // why there is none though the run wants one
	linkKey  []byte // what the run's links to questions are signed with
	public   string // and begin with

	mu    sync.Mutex
	since int64 // when the last message came
	begun bool
	// watched is when the orchestrator said last that somebody watches the run.
	watched time.Time
	// taken is when it said last that somebody has taken over, or wants to.
	taken time.Time
}

func newTask(hard context.Context, a *Agent, g *orch.Given, began time.Time) *task {
	t := &task{agent: a, client: a.Client, run: g.Run, given: g, uploaded: map[string]bool{}, traced: map[string]bool{}}
	t.lease, t.end = context.WithCancelCause(context.WithoutCancel(hard))
	t.expire = time.AfterFunc(queue.LeaseTime-time.Since(began), func() { t.end(run.ErrLeaseLost) })
	t.stop = func(error) {}
	t.stream = newStream(t)
	t.files = &files{Store: a.Robot.Env.Artifacts, task: t}
	return t
}

func (t *task) close() {
	t.expire.Stop()
	t.end(nil)
}

func (t *task) path(what string) string {
	return fmt.Sprintf("/jobs/%d/%s?fence=%d", t.given.Job, what, t.given.Fence)
}

// refused ends the lease, since the orchestrator does not take what is sent.
func (t *task) refused(err error) {
	if !lost(err) {
		t.agent.Log.Warn("the orchestrator does not take what was recorded", "run", t.run, "err", err)
	}
	t.end(run.ErrLeaseLost)
}

// alive is what the orchestrator is told of the task.
func (t *task) alive(ctx context.Context) orch.Alive {
	t.mu.Lock()
	defer t.mu.Unlock()
	out := orch.Alive{Lease: t.given.Lease, Since: t.since}
	if t.begun {
		if r, err := t.agent.Robot.Runs.Get(ctx, t.run); err == nil {
			out.Nodes, out.Recorded, out.Waits = max(r.Nodes, t.count.Nodes.Load()), r.Recorded, r.Waits
			if out.Waits == nil {
				out.Waits = json.RawMessage(`[]`)
			}
		}
	}
	return out
}

// hear does what the orchestrator says of the task.
func (t *task) hear(ctx context.Context, h orch.Heard, began time.Time) {
	if h.Lost {
		t.end(run.ErrLeaseLost)
		return
	}
	t.expire.Reset(queue.LeaseTime - time.Since(began))
	t.mu.Lock()
	if h.Cancel {
		t.stop(engine.ErrCancelled)
	}
	if h.Watched {
		t.watched = time.Now()
	}
	if h.Taken {
		t.taken = time.Now()
	}
	t.mu.Unlock()
	if err := t.deliver(ctx, h.Messages); err != nil {
		t.agent.Log.Warn("keeping a message", "run", t.run, "err", err)
	}
}

// deliver keeps messages here, where the engine looks for them.
func (t *task) deliver(ctx context.Context, list []run.Topical) error {
	for _, m := range list {
		if err := t.agent.Robot.Runs.Send(ctx, t.run, m.Topic, m.ID, m.Data); err != nil {
			return err
		}
		t.mu.Lock()
		t.since = max(t.since, m.At.UnixMilli())
		t.mu.Unlock()
	}
	return nil
}

// do executes the run, and says how it ended.
func (t *task) do(hard context.Context) (how string, err error) {
	ctx, stop := context.WithCancelCause(hard)
	defer stop(nil)
	t.mu.Lock()
	t.stop = stop
	t.mu.Unlock()
	defer context.AfterFunc(t.lease, func() { stop(context.Cause(t.lease)) })()
	local, err := t.local(ctx)
	if err != nil {
		return "", err
	}
	var b orch.Begun
	if err := persist(t.lease, func() error {
		return t.client.call(t.lease, http.MethodPost, t.path("begin"), map[string]bool{"have": local != nil}, &b)
	}); err != nil {
		return "", err
	}
	if b.Why != "" {
		return b.Why, nil
	}
	t.told, t.key, t.keyless = b.Events, b.SessionKey, b.SessionError
	t.linkKey, t.public = b.LinkKey, b.PublicURL
	var sending sync.WaitGroup
	sendCtx, stopSending := context.WithCancel(t.lease)
	defer sending.Wait()
	defer stopSending()
	sending.Go(func() { t.stream.run(sendCtx) })
	if !b.Continues || local == nil || !local.Status.Final() {
		if err := t.prepare(ctx, &b, local); err != nil {
			return t.give(nil, err)
		}
		t.mu.Lock()
		t.begun = true
		t.mu.Unlock()
		sending.Go(func() { t.tell(sendCtx) })
		claim := robot.Claim{Robot: t.agent.Name, Job: t.given.Job, Attempt: t.given.Attempt, Waited: time.Duration(t.given.Waited) * time.Millisecond}
		local, err = t.robot(ctx).Execute(robot.WithClaim(ctx, claim), t.run, &t.count)
	} else if list, err := t.agent.Robot.Durable.Entries(ctx, t.run); err == nil {
		// It ended here, and the orchestrator could not be told.
		t.stream.add(true, list...)
	}
	if t.lease.Err() != nil {
		return "", context.Cause(t.lease)
	}
	if flushErr := t.stream.flush(t.lease); flushErr != nil {
		return "", flushErr
	}
	stopSending()
	sending.Wait()
	return t.give(local, err)
}

// local returns the run as this machine has it, nil if it has not.
func (t *task) local(ctx context.Context) (*run.Run, error) {
	list, err := t.agent.Robot.Runs.List(ctx, run.Filter{Prefix: t.run, Limit: 1000})
	for _, r := range list {
		if r.ID == t.run {
			return r, nil
		}
	}
	return nil, err
}

// prepare brings everything here that the execution needs.
func (t *task) prepare(ctx context.Context, b *orch.Begun, local *run.Run) error {
	runs := t.agent.Robot.Runs
	if !b.Continues {
		if local != nil {
			if err := t.forget(ctx); err != nil {
				return err
			}
		}
		// Others have gone on with the run: the files here are not theirs.
		if err := t.agent.Robot.Work.Forget(t.run); err != nil {
			return err
		}
		if err := t.fetch(ctx); err != nil {
			return err
		}
	}
	digests := map[string]bool{b.Run.Digest: true}
	for _, d := range b.Run.Pins {
		digests[d] = true
	}
	for d := range digests {
		if _, err := runs.Flow(ctx, d); err == nil {
			continue
		}
		var body struct{ Text string }
		if err := persist(t.lease, func() error { return t.client.call(t.lease, http.MethodGet, t.path("flows/"+d), nil, &body) }); err != nil {
			return err
		}
		if err := runs.SaveFlow(ctx, d, b.Run.Flow, body.Text); err != nil {
			return err
		}
	}
	if err := t.deliver(ctx, b.Messages); err != nil {
		return err
	}
	return runs.Mirror(ctx, b.Run)
}

// fetch gets what others recorded of the run, and its journal.
func (t *task) fetch(ctx context.Context) error {
	for after := int64(0); ; {
		var page struct {
			Records []record
			Last    int64
		}
		if err := persist(t.lease, func() error {
			return t.client.call(t.lease, http.MethodGet, fmt.Sprintf("%s&after=%d", t.path("records"), after), nil, &page)
		}); err != nil {
			return err
		}
		if len(page.Records) == 0 {
			break
		}
		list := make([]durable.Entry, len(page.Records))
		for i, r := range page.Records {
			list[i] = durable.Entry{Name: r.Name, Data: r.Data}
		}
		if err := t.agent.Robot.Runs.Import(ctx, t.run, list); err != nil {
			return err
		}
		after = page.Last
	}
	for after := int64(0); ; {
		var page struct{ Items []run.Event }
		if err := persist(t.lease, func() error {
			return t.client.call(t.lease, http.MethodGet, fmt.Sprintf("%s&after=%d", t.path("events"), after), nil, &page)
		}); err != nil {
			return err
		}
		if len(page.Items) == 0 {
			return nil
		}
		if err := t.agent.Robot.Runs.AddEvents(ctx, page.Items); err != nil {
			return err
		}
		after = page.Items[len(page.Items)-1].Seq
	}
}

// sessionKey returns the key of the run's sessions, which the orchestrator gave with the job.
func (t *task) sessionKey(context.Context, string) ([]byte, error) {
	if t.keyless != "" {
		return nil, errors.New(t.keyless)
	}
	if len(t.key) == 0 {
		return nil, errors.New("the orchestrator gave none")
	}
	return t.key, nil
}

// robot returns the executor of this task.
func (t *task) robot(exec context.Context) *robot.Robot {
	r := t.agent.Robot
	env := r.Env
	env.Artifacts = t.files
	return &robot.Robot{
		Runs: r.Runs, Durable: r.Durable, Nodes: r.Nodes, Env: env, Desk: &items{t}, Elements: &elements{t, exec}, Heal: r.Heal, Adviser: r.Adviser, Store: t.files, Vault: &secrets{t.agent.Env, t}, Log: r.Log,
		Owner: r.Owner, Work: r.Work, Sessions: r.Sessions, SessionKey: t.sessionKey, AnswerLink: t.answerLink, ParkAfter: r.ParkAfter, HoldPaused: r.HoldPaused, HoldLive: r.HoldLive, Live: &live{t}, Keep: r.Keep, Trace: r.Trace, Now: r.Now,
		WrapLog: func(l durable.Log) durable.Log {
			if r.WrapLog != nil {
				l = r.WrapLog(l)
			}
			// The orchestrator may have it already; adding it again is adding it once.
			t.stream.add(false, l.Past()...)
			return &log{Log: l, task: t, exec: exec, intent: map[string]bool{}}
		},
	}
}

// give says how the execution ended and gives the job back.
func (t *task) give(r *run.Run, err error) (how string, _ error) {
	if t.lease.Err() != nil || errors.Is(err, run.ErrLeaseLost) {
		return "", run.ErrLeaseLost
	}
	body := map[string]any{}
	if r != nil && (err == nil || r.Interrupted || r.Status.Final()) {
		body["run"] = r
	}
	if err != nil {
		body["error"] = err.Error()
	}
	var out struct{ Text string }
	endErr := persist(t.lease, func() error {
		if r != nil {
			if err := t.sent(t.lease, string(r.Output)); err != nil {
				return err
			}
			if err := t.tellOnce(t.lease); err != nil {
				return err
			}
		}
		return t.client.call(t.lease, http.MethodPost, t.path("end"), body, &out)
	})
	if endErr != nil {
		return "", endErr
	}
	if r != nil && r.Status.Final() {
		if err := t.forget(t.lease); err != nil {
			t.agent.Log.Warn("forgetting a run that has ended", "run", t.run, "err", err)
		}
	}
	return out.Text, err
}

// forget deletes what is here of the run.
func (t *task) forget(ctx context.Context) error {
	r := t.agent.Robot
	if err := r.Durable.Delete(ctx, t.run); err != nil {
		return err
	}
	orphans, err := r.Runs.Delete(ctx, t.run)
	for _, d := range orphans {
		err = errors.Join(err, r.Env.Artifacts.Delete(ctx, d))
	}
	return err
}
