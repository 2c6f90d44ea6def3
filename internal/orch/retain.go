package orch

import (
	"context"
	"errors"
	"time"

	"github.com/aether-rpa/aether/flow"
	"github.com/aether-rpa/aether/internal/run"
)

// Retention says how long after their end runs are kept. A flow's own setting
// wins over Runs and Failed.
type Retention struct {
	Runs, Failed time.Duration // zero for ever
	MaxRuns      int           // at most so many of all runs; zero for any number
	Items        time.Duration // work items; zero for ever
}

// retainBatch is how many runs are forgotten at a time: no transaction is long.
const retainBatch = 200

// leastLog is how long the log of the queue is kept at least: keys of jobs are
// in it, and must outlast whoever adds a job again because no answer came.
const leastLog = 7 * 24 * time.Hour

// triedTime is how long a version that was only tried stays at least: a run of it may just be made.
const triedTime = time.Hour

// Retain forgets the runs that have ended and whose time is over, with all that
// is theirs, and the queue's log that is older than any run may get. It returns
// how many runs went. Several processes may do it at once; runs that have not
// ended are never touched.
func (o *Orch) Retain(ctx context.Context, keep Retention) (int, error) {
	now, err := o.Runs.Now(ctx)
	if err != nil {
		return 0, err
	}
	own, err := o.ownRetention(ctx)
	if err != nil {
		return 0, err
	}
	gone := 0
	forget := func(f run.Filter, spare func(*run.Run) bool) error {
		n, err := o.forgetAll(ctx, f, spare)
		gone += n
		return err
	}
	hasOwn := func(r *run.Run) bool { _, has := own[r.Digest]; return has }
	for status, age := range map[run.Status]time.Duration{run.Done: keep.Runs, run.Cancelled: keep.Runs, run.Failed: keep.Failed} {
		if age == 0 {
			continue
		}
		if err := forget(run.Filter{Status: status, Ended: now.Add(-age)}, hasOwn); err != nil {
			return gone, err
		}
	}
	for digest, v := range own {
		if v.age == 0 {
			continue
		}
		if err := forget(run.Filter{Flow: v.flow, Digest: digest, Ended: now.Add(-v.age)}, func(*run.Run) bool { return false }); err != nil {
			return gone, err
		}
	}
	n, err := o.forgetBeyond(ctx, keep.MaxRuns)
	gone += n
	if err != nil {
		return gone, err
	}
	if _, err := o.Runs.DropTried(ctx, now.Add(-triedTime)); err != nil {
		return gone, err
	}
	return gone, o.Queue.Keep(ctx, logBefore(now, keep, own))
}

// logBefore returns what of the queue's log may go: what is older than the
// longest retention. The zero time is nothing.
func logBefore(now time.Time, keep Retention, own map[string]version) time.Time {
	ages := []time.Duration{keep.Runs, keep.Failed}
	for _, v := range own {
		ages = append(ages, v.age)
	}
	longest := leastLog
	for _, a := range ages {
		if a == 0 {
			return time.UnixMilli(0)
		}
		longest = max(longest, a)
	}
	return now.Add(-longest)
}

// version is a flow version with a retention of its own.
type version struct {
	flow string
	age  time.Duration
}

// ownRetention returns the retention of the flow versions that set it, by
// digest.
func (o *Orch) ownRetention(ctx context.Context) (map[string]version, error) {
	// Most flows set none: their text is not read.
	list, err := o.Runs.FlowsWith(ctx, `"retention"`)
	if err != nil {
		return nil, err
	}
	out := map[string]version{}
	for digest, body := range list {
		f, err := flow.Decode([]byte(body))
		if err != nil {
			// What it says is not known, so its runs stay.
			out[digest] = version{}
			continue
		}
		if f.Settings.Retention != nil {
			out[digest] = version{f.Name, *f.Settings.Retention}
		}
	}
	return out, nil
}

// forgetAll forgets the ended runs that a filter selects, oldest first, but for
// those to spare.
func (o *Orch) forgetAll(ctx context.Context, f run.Filter, spare func(*run.Run) bool) (int, error) {
	gone := 0
	f.Limit, f.Oldest = retainBatch, true
	for {
		list, err := o.Runs.List(ctx, f)
		if err != nil || len(list) == 0 {
			return gone, err
		}
		n, err := o.forgetSome(ctx, list, spare)
		gone += n
		if err != nil {
			return gone, err
		}
		last := list[len(list)-1]
		f.Beyond = &run.Place{Created: last.Created, ID: last.ID}
	}
}

func (o *Orch) forgetSome(ctx context.Context, list []*run.Run, spare func(*run.Run) bool) (int, error) {
	var drop []*run.Run
	for _, r := range list {
		if r.Status.Final() && !spare(r) {
			drop = append(drop, r)
		}
	}
	if len(drop) == 0 {
		return 0, nil
	}
	return len(drop), o.Forget(ctx, drop...)
}

// forgetBeyond forgets the ended runs that come after the newest keep.
func (o *Orch) forgetBeyond(ctx context.Context, keep int) (int, error) {
	if keep == 0 {
		return 0, nil
	}
	list, err := o.Runs.List(ctx, run.Filter{Limit: 1, Offset: keep - 1})
	gone := 0
	for err == nil && len(list) > 0 {
		last := list[len(list)-1]
		if list, err = o.Runs.List(ctx, run.Filter{Limit: retainBatch, Beyond: &run.Place{Created: last.Created, ID: last.ID}}); err != nil {
			break
		}
		var n int
		n, err = o.forgetSome(ctx, list, func(*run.Run) bool { return false })
		gone += n
	}
	return gone, err
}

// RetainItems removes the work items that have ended and whose time is over,
// with the files that nothing uses any more. It returns how many went.
func (o *Orch) RetainItems(ctx context.Context, keep Retention) (int, error) {
	if o.Items == nil || keep.Items == 0 {
		return 0, nil
	}
	now, err := o.Runs.Now(ctx)
	if err != nil {
		return 0, err
	}
	gone, orphans, err := o.Items.Retain(ctx, now.Add(-keep.Items))
	// What was removed refers to nothing any more, whatever came after.
	return gone, errors.Join(err, o.dropArtifacts(ctx, orphans, nil))
}

// dropArtifacts deletes artifacts that no run uses any more since some were
// forgotten. A live run may be about to say that it uses one: it has stored it
// just now, after those runs had ended.
func (o *Orch) dropArtifacts(ctx context.Context, digests []string, of []*run.Run) error {
	const justNow = time.Hour
	var ended time.Time
	for _, r := range of {
		if r.Ended.After(ended) {
			ended = r.Ended
		}
	}
	store, dated := o.Artifacts.(interface {
		Stored(digest string) (time.Time, error)
	})
	for _, d := range digests {
		if dated {
			if at, err := store.Stored(d); err == nil && at.After(ended) && o.Now().Sub(at) < justNow {
				continue
			}
		}
		if err := o.Artifacts.Delete(ctx, d); err != nil {
			return err
		}
	}
	return nil
}
