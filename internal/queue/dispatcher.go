package queue

import (
	"context"
	"errors"
	"log/slog"
	"runtime"
	"sync"
	"time"
)

// Dispatcher asks the queue for all robots of a process at once: what they ask
// for and what they have finished while one transaction is under way goes into
// the next. Sixty-four robots behind it claim an order of magnitude more jobs
// than when each asks for itself. It also renews their leases and lets time
// pass (Tick).
type Dispatcher struct {
	queue *Queue
	o     DispatcherOptions

	mu      sync.Mutex
	adds    []*adding
	wants   []*ask
	done    []*ending
	leases  map[int64]*Lease
	stopped bool                   // Run has ended
	kick    map[work]chan struct{} // there is something to do for a loop
}

// DispatcherOptions are the times of a dispatcher; zero ones get defaults.
type DispatcherOptions struct {
	Lease     time.Duration // how long a lease lasts; default LeaseTime
	Heartbeat time.Duration // how often leases are renewed; default a third of Lease
	Poll      time.Duration // how often the queue is looked at without a signal; default 1 s, 250 ms on SQLite
	Tick      time.Duration // how often time passes; default 1 s
	Log       *slog.Logger
}

// Lease is a job that a robot has. Context ends when the lease is lost or
// somebody cancels the job; its cause says which.
type Lease struct {
	Job     *Job
	Context context.Context
	end     context.CancelCauseFunc
	renewed time.Time // on the clock of this process
}

// ErrCancelled is the cause of the end of a Lease's context when somebody
// cancelled the job.
var ErrCancelled = errors.New("the job was cancelled")

type ask struct {
	want Want
	ctx  context.Context
	got  chan *Lease
}

type ending struct {
	lease *Lease
	got   chan error
}

type adding struct {
	jobs []*Job
	got  chan added
}

type added struct {
	all []Added
	err error
}

// errStopped says that the dispatcher ended before it could do what was asked.
var errStopped = errors.New("the dispatcher has stopped")

// NewDispatcher returns a dispatcher; Run starts it.
func NewDispatcher(q *Queue, o DispatcherOptions) *Dispatcher {
	if o.Lease <= 0 {
		o.Lease = LeaseTime
	}
	if o.Heartbeat <= 0 {
		o.Heartbeat = o.Lease / 3
	}
	if o.Poll <= 0 {
		o.Poll = time.Second
		if q.db.Pool == nil {
			o.Poll = 250 * time.Millisecond // signals of other processes do not come
		}
	}
	if o.Tick <= 0 {
		o.Tick = time.Second
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	d := &Dispatcher{queue: q, o: o, leases: map[int64]*Lease{}, kick: map[work]chan struct{}{}}
	for _, w := range d.loops() {
		d.kick[w] = make(chan struct{}, 1)
	}
	return d
}

// Next waits for a job that a robot can do, until ctx ends.
func (d *Dispatcher) Next(ctx context.Context, w Want) (*Lease, error) {
	return d.Ask(ctx, w).Wait()
}

// Asked is a place in the line of those who wait for a job.
type Asked struct {
	of *Dispatcher
	a  *ask
}

// Ask is the first half of Next: it takes a place in the line, until ctx ends. A
// robot that asks just before it says that its job is done has both in one
// transaction on SQLite. Wait must follow, for the robot may be given a job.
func (d *Dispatcher) Ask(ctx context.Context, w Want) Asked {
	w.Lease = d.o.Lease
	a := &ask{want: w, ctx: ctx, got: make(chan *Lease, 1)}
	d.mu.Lock()
	d.wants = append(d.wants, a)
	d.mu.Unlock()
	if d.queue.db.Pool != nil {
		d.poke(claims) // which wait for nothing else there
	}
	return Asked{d, a}
}

// Wait is the second half of Next.
func (w Asked) Wait() (*Lease, error) {
	d, a := w.of, w.a
	select {
	case l := <-a.got:
		return l, nil
	default:
	}
	d.poke(claims)
	select {
	case l := <-a.got:
		return l, nil
	case <-a.ctx.Done():
	}
	d.mu.Lock()
	for i, other := range d.wants {
		if other == a {
			d.wants = append(d.wants[:i:i], d.wants[i+1:]...)
			break
		}
	}
	d.mu.Unlock()
	// A claim that was under way may have given it a job.
	select {
	case l := <-a.got:
		return l, nil
	default:
		return nil, a.ctx.Err()
	}
}

// Add adds jobs as Queue.Add does, and waits until they are durable. What many
// callers add at the same time is committed together, which on SQLite is the
// only way to add many jobs one by one. When ctx ends before that, the jobs may
// have been added or not: give them a Key to add them again.
func (d *Dispatcher) Add(ctx context.Context, jobs ...*Job) ([]Added, error) {
	if err := check(jobs); err != nil {
		return nil, err // not for the others to suffer from
	}
	a := &adding{jobs, make(chan added, 1)}
	d.mu.Lock()
	if d.stopped {
		d.mu.Unlock()
		return nil, errStopped
	}
	d.adds = append(d.adds, a)
	d.mu.Unlock()
	d.poke(adds)
	select {
	case got := <-a.got:
		return got.all, got.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Finish says that a job is done, and waits until that is durable. It gives
// ErrLeaseLost if the robot's lease is no longer good.
func (d *Dispatcher) Finish(ctx context.Context, l *Lease) error {
	e := &ending{l, make(chan error, 1)}
	d.mu.Lock()
	d.done = append(d.done, e)
	d.mu.Unlock()
	d.poke(ends)
	select {
	case err := <-e.got:
		d.forget(l)
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Fail is Queue.Fail for a lease.
func (d *Dispatcher) Fail(ctx context.Context, l *Lease, reason string, final bool) error {
	return d.give(l, func(j *Job) error { return d.queue.Fail(ctx, j, reason, final) })
}

// Release is Queue.Release for a lease.
func (d *Dispatcher) Release(ctx context.Context, l *Lease, until time.Time) error {
	return d.give(l, func(j *Job) error { return d.queue.Release(ctx, j, until) })
}

// give ends a lease. What is said of the job is written into a copy: its lease
// may be renewed at the same time.
func (d *Dispatcher) give(l *Lease, end func(*Job) error) error {
	j := *l.Job
	err := end(&j)
	d.mu.Lock()
	*l.Job = j
	d.mu.Unlock()
	d.forget(l)
	return err
}

// forget stops renewing a lease.
func (d *Dispatcher) forget(l *Lease) {
	d.mu.Lock()
	delete(d.leases, l.Job.ID)
	d.mu.Unlock()
	l.end(nil)
}

// Held returns how many leases the process has.
func (d *Dispatcher) Held() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.leases)
}

// news are the signals that a loop of claims gets.
type news struct{ jobs, lanes <-chan struct{} }

// hear makes the next claim look for what somebody may have added.
func (d *Dispatcher) hear(n news) {
	select {
	case <-n.lanes:
		d.queue.lanes.forget()
	default:
	}
	select {
	case <-n.jobs:
		d.queue.ahead.news()
	default:
	}
}

// poke wakes the loop that does a work.
func (d *Dispatcher) poke(w work) {
	for all, kick := range d.kick {
		if all&w != 0 {
			select {
			case kick <- struct{}{}:
			default:
			}
		}
	}
}

// Run works until ctx ends. Leases that are out then are not renewed any more:
// end the robots first.
func (d *Dispatcher) Run(ctx context.Context) {
	defer d.stop()
	tick, beat := time.NewTicker(d.o.Tick), time.NewTicker(d.o.Heartbeat)
	defer tick.Stop()
	defer beat.Stop()
	// Heartbeats and ticks must not wait for a slow claim.
	var side sync.WaitGroup
	defer side.Wait()
	side.Go(func() {
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
				if _, err := d.queue.Tick(ctx); err != nil && ctx.Err() == nil {
					d.o.Log.Warn("tending the queue", "err", err)
				}
			case <-beat.C:
				d.extend(ctx)
			}
		}
	})
	for _, w := range d.loops() {
		side.Go(func() { d.loop(ctx, w) })
	}
}

// loop does one work until ctx ends.
func (d *Dispatcher) loop(ctx context.Context, w work) {
	poll := time.NewTicker(d.o.Poll)
	defer poll.Stop()
	var n news
	if w&claims != 0 {
		n = news{d.queue.db.Listen(ctx, Topic), d.queue.db.Listen(ctx, laneTopic)}
	}
	for {
		// Robots that one transaction woke ask at the same time: all of them first,
		// then the next transaction.
		runtime.Gosched()
		d.serve(ctx, w, n)
		select {
		case <-ctx.Done():
			return
		case <-n.jobs:
			d.queue.ahead.news()
		case <-n.lanes:
			d.queue.lanes.forget()
		case <-d.kick[w]:
		case <-poll.C:
		}
	}
}

// extend renews all leases, and ends those that are lost or cancelled.
func (d *Dispatcher) extend(ctx context.Context) {
	d.mu.Lock()
	held := make([]*Lease, 0, len(d.leases))
	jobs := make([]*Job, 0, len(d.leases))
	byID := make(map[int64]*Lease, len(d.leases))
	for _, l := range d.leases {
		c := *l.Job // the robot reads its own
		held, jobs, byID[c.ID] = append(held, l), append(jobs, &c), l
	}
	d.mu.Unlock()
	began := time.Now()
	lost, err := d.queue.Extend(ctx, d.o.Lease, jobs...)
	if err != nil {
		if ctx.Err() == nil {
			d.o.Log.Warn("renewing leases", "err", err)
		}
		// Whose lease has run out by the clock here may have lost its job to
		// another robot by now.
		for _, l := range held {
			if time.Since(l.renewed) > d.o.Lease {
				l.end(ErrLeaseLost)
			}
		}
		return
	}
	gone := map[int64]bool{}
	for _, j := range lost {
		gone[j.ID] = true
		byID[j.ID].end(ErrLeaseLost)
	}
	for _, j := range jobs {
		switch l := byID[j.ID]; {
		case gone[j.ID]:
		case j.Cancel:
			l.end(ErrCancelled)
			fallthrough
		default:
			l.renewed = began
		}
	}
}
