package orch

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/aether-rpa/aether/internal/queue"
)

// room is where robots without a database wait for jobs: however many they are,
// one loop asks the database for all of them.
type room struct {
	mu      sync.Mutex
	waiting []*claimant
	fresh   chan struct{} // somebody has come in
	open    bool          // the loop runs
}

// claimant is a robot that waits.
type claimant struct {
	caller Caller
	name   string
	labels []string
	got    chan claimed // holds what it is given
	asked  bool         // by the loop
	gone   bool
}

type claimed struct {
	job *queue.Job
	err error
}

// maxAsk bounds the robots that one query is for.
const maxAsk = 200

// enter lets a robot wait, and starts the loop if it is the first.
func (r *room) enter(o Remote, c *claimant) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.fresh == nil {
		r.fresh = make(chan struct{}, 1)
	}
	r.waiting = append(r.waiting, c)
	select {
	case r.fresh <- struct{}{}:
	default:
	}
	if !r.open {
		r.open = true
		go r.serve(o)
	}
}

// leave takes a robot out. What it was given meanwhile is in its channel.
func (r *room) leave(c *claimant) {
	r.mu.Lock()
	defer r.mu.Unlock()
	c.gone = true
	r.waiting = slices.DeleteFunc(r.waiting, func(x *claimant) bool { return x == c })
	if len(r.waiting) == 0 {
		select {
		case r.fresh <- struct{}{}: // the loop may end
		default:
		}
	}
}

// hand gives a robot what it waits for, and reports whether it still waited.
func (r *room) hand(c *claimant, what claimed) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if c.gone {
		return false
	}
	c.gone = true
	r.waiting = slices.DeleteFunc(r.waiting, func(x *claimant) bool { return x == c })
	c.got <- what
	return true
}

// serve asks for those who wait until nobody does.
func (r *room) serve(o Remote) {
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	news := o.DB.Listen(ctx, queue.Topic)
	every := 500 * time.Millisecond
	if o.DB.Pool != nil {
		every = 2 * time.Second // PostgreSQL tells what is new
	}
	poll := time.NewTicker(every)
	defer poll.Stop()
	for all := true; ; {
		for list := range slices.Chunk(r.list(all), maxAsk) {
			o.claimFor(ctx, r, list)
		}
		if r.close() {
			return
		}
		select {
		case <-news:
			all = true
		case <-poll.C:
			all = true
		case <-r.fresh:
			all = false
		}
	}
}

// list returns those who wait: all, or those whom nobody asked for yet.
func (r *room) list(all bool) (out []*claimant) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, c := range r.waiting {
		if all || !c.asked {
			c.asked = true
			out = append(out, c)
		}
	}
	return out
}

// close reports whether the loop may end.
func (r *room) close() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.open = len(r.waiting) > 0
	return !r.open
}

// claimTime bounds what the database may take for one round.
const claimTime = 30 * time.Second

// claimFor asks once for some robots.
func (o Remote) claimFor(ctx context.Context, r *room, list []*claimant) {
	ctx, cancel := context.WithTimeout(ctx, claimTime)
	defer cancel()
	fail := func(err error) {
		for _, c := range list {
			r.hand(c, claimed{err: err})
		}
	}
	names := make([]string, len(list))
	for i, c := range list {
		names[i] = c.name
	}
	owners, err := o.Queue.OwnersOf(ctx, names)
	if err != nil {
		fail(err)
		return
	}
	var able []*claimant
	var wants []queue.Want
	for _, c := range list {
		is, known := owners[c.name]
		switch {
		case !known:
			r.hand(c, claimed{err: fmt.Errorf("%w: %q", queue.ErrNoRobot, c.name)})
		case is.Owner != c.caller.owner():
			r.hand(c, claimed{err: fmt.Errorf("%w: %s", queue.ErrNameTaken, c.name)})
		case !is.Paused:
			able = append(able, c)
			wants = append(wants, queue.Want{Robot: c.name, Labels: c.labels, Lease: queue.LeaseTime})
		}
	}
	got, err := o.Queue.Claim(ctx, wants...)
	if err != nil {
		list = able
		fail(err)
		return
	}
	for i, j := range got {
		if j == nil || r.hand(able[i], claimed{job: j}) {
			continue
		}
		o.giveBack(ctx, j)
	}
}

// giveBack frees a job whose robot has gone away. If that fails, its lease runs
// out.
func (o Remote) giveBack(ctx context.Context, j *queue.Job) {
	_ = o.Queue.Release(context.WithoutCancel(ctx), j, time.Time{})
}

// Claim waits for a job that the robot can do, at most a time; nil if none came.
func (o Remote) Claim(ctx context.Context, c Caller, name string, labels []string, wait time.Duration) (*Given, error) {
	w := &claimant{caller: c, name: name, labels: labels, got: make(chan claimed, 1)}
	o.room.enter(o, w)
	end := time.NewTimer(wait)
	defer end.Stop()
	var got claimed
	select {
	case got = <-w.got:
	case <-end.C:
	case <-ctx.Done():
	}
	o.room.leave(w)
	select {
	case got = <-w.got: // it came in the last moment
	default:
	}
	switch {
	case got.err != nil:
		return nil, got.err
	case got.job == nil:
		return nil, ctx.Err()
	case ctx.Err() != nil: // the robot has gone away
		o.giveBack(ctx, got.job)
		return nil, ctx.Err()
	}
	o.Queue.TellClaimed(got.job)
	return &Given{Lease: Lease{got.job.ID, got.job.Fence()}, Run: got.job.Run, Attempt: got.job.Attempt, Waited: got.job.Waited().Milliseconds()}, nil
}
