package queue

import (
	"context"
	"time"

	"github.com/aether-rpa/aether/internal/db"
)

// maxBatch bounds one transaction.
const maxBatch = 1000

// stop turns away who would wait forever.
func (d *Dispatcher) stop() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.stopped = true
	for _, a := range d.adds {
		a.got <- added{nil, errStopped}
	}
	d.adds = nil
}

// batch is what goes into one transaction.
type batch struct {
	adds []*adding
	done []*ending
	asks []*ask
}

// work is what a loop of a dispatcher does.
type work int

const (
	adds   work = 1 << iota // what callers add
	ends                    // what robots have finished
	claims                  // what robots ask for
)

// loops says what is done one after the other. SQLite lets one write at a time,
// so all goes into one transaction there. On PostgreSQL robots that ask need not
// wait until what others finished is on the disk.
func (d *Dispatcher) loops() []work {
	if d.queue.db.Pool == nil {
		return []work{adds | ends | claims}
	}
	return []work{adds, ends, claims}
}

// take takes what waits, as much as fits into a transaction.
func (d *Dispatcher) take(w work) batch {
	d.mu.Lock()
	defer d.mu.Unlock()
	var b batch
	if w&adds != 0 {
		jobs := 0
		for jobs < maxBatch && len(b.adds) < len(d.adds) {
			jobs += len(d.adds[len(b.adds)].jobs)
			b.adds = d.adds[:len(b.adds)+1]
		}
		d.adds = d.adds[len(b.adds):]
	}
	if w&ends != 0 {
		b.done = d.done[:min(len(d.done), maxBatch)]
		d.done = d.done[len(b.done):]
	}
	if w&claims != 0 {
		b.asks = d.wants[:min(len(d.wants), maxBatch)]
		d.wants = d.wants[len(b.asks):]
	}
	return b
}

// back lets wait again what could not be done.
func (d *Dispatcher) back(b batch) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.done, d.wants = append(b.done, d.done...), append(b.asks, d.wants...)
}

// serve does what robots wait for, until nothing more can be done. They may be so
// many that this never ends.
func (d *Dispatcher) serve(ctx context.Context, w work, n news) {
	for ctx.Err() == nil {
		d.hear(n)
		b := d.take(w)
		if len(b.done) == 0 && len(b.asks) == 0 && len(b.adds) == 0 {
			return
		}
		r, err := d.transact(ctx, b)
		if err != nil {
			// The database is away or busy. What robots ended is tried again, for
			// that must not be lost; what they wait for can wait. Who adds is told.
			if ctx.Err() == nil {
				d.o.Log.Warn("claiming jobs", "err", err)
			}
			for _, a := range b.adds {
				a.got <- added{nil, err}
			}
			d.back(b)
			return
		}
		for i, a := range b.adds {
			a.got <- added{r.added[i], nil}
		}
		for _, e := range b.done {
			if r.lost[e.lease.Job.ID] {
				e.got <- ErrLeaseLost
				continue
			}
			e.got <- nil
		}
		if d.hand(ctx, b.asks, r.got) == 0 && len(b.done) < maxBatch && len(b.adds) == 0 {
			return // nothing is ready for those who wait
		}
	}
}

// result is what became of a batch.
type result struct {
	added [][]Added
	lost  map[int64]bool
	got   []*Job
}

func (d *Dispatcher) transact(ctx context.Context, b batch) (r result, err error) {
	jobs := make([]*Job, len(b.done))
	for i, e := range b.done {
		jobs[i] = e.lease.Job
	}
	wants := make([]Want, len(b.asks))
	for i, a := range b.asks {
		wants[i] = a.want
	}
	if len(jobs) == 0 && len(b.adds) == 0 {
		r.got, err = d.queue.Claim(ctx, wants...)
		return r, err
	}
	if len(wants) == 0 && len(b.adds) == 0 {
		late, err := d.queue.Finish(ctx, jobs...)
		for _, j := range late {
			if r.lost == nil {
				r.lost = map[int64]bool{}
			}
			r.lost[j.ID] = true
		}
		return r, err
	}
	all, err := d.queue.allLanes(ctx)
	if err != nil {
		return r, err
	}
	var fresh []*Job
	for _, a := range b.adds {
		fresh = append(fresh, a.jobs...)
	}
	err = d.queue.db.Tx(ctx, func(tx *db.Tx) error {
		r = result{lost: map[int64]bool{}}
		if len(fresh) > 0 {
			all, err := d.queue.Add(ctx, tx, fresh...)
			if err != nil {
				return err
			}
			for _, a := range b.adds {
				r.added = append(r.added, all[:len(a.jobs):len(a.jobs)])
				all = all[len(a.jobs):]
			}
		}
		late, err := d.queue.FinishIn(ctx, tx, jobs...)
		if err != nil {
			return err
		}
		for _, j := range late {
			r.lost[j.ID] = true
		}
		r.got, err = d.queue.claim(ctx, tx, all, wants)
		return err
	})
	return r, err
}

// hand gives claimed jobs to those who asked, and lets the others wait on.
func (d *Dispatcher) hand(ctx context.Context, asks []*ask, got []*Job) int {
	given := 0
	var waiting []*ask
	var back []*Job
	d.mu.Lock()
	for i, j := range got {
		switch {
		case j == nil:
			if asks[i].ctx.Err() == nil {
				waiting = append(waiting, asks[i])
			}
		case asks[i].ctx.Err() != nil:
			back = append(back, j)
		default:
			l := &Lease{Job: j, renewed: time.Now()}
			l.Context, l.end = context.WithCancelCause(context.WithoutCancel(ctx))
			d.leases[j.ID] = l
			d.queue.TellClaimed(j)
			asks[i].got <- l
			given++
		}
	}
	d.wants = append(waiting, d.wants...)
	d.mu.Unlock()
	for _, j := range back {
		if err := d.queue.Release(ctx, j, time.Time{}); err != nil {
			d.o.Log.Warn("giving a job back", "job", j.ID, "err", err) // its lease runs out
		}
	}
	return given
}
