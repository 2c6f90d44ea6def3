package queue

import (
	"context"
	"fmt"
	"strings"

	"github.com/aether-rpa/aether/internal/db"
	"github.com/aether-rpa/aether/spelling"
)

// Filter selects jobs; zero fields select all.
type Filter struct {
	States []State
	Run    string
	Tenant string
	Flow   string // name of the flow of its run
	Reason string // of the last failure, word for word
	Stage  string // one of Stages
	After  int64  // jobs with a higher number, for the next page
	Limit  int    // default 100
}

// Jobs lists jobs by number.
func (q *Queue) Jobs(ctx context.Context, f Filter) ([]*Job, error) {
	if f.Limit <= 0 {
		f.Limit = 100
	}
	where, args := []string{`id > $1`}, []any{f.After}
	if len(f.States) > 0 {
		var in []string
		for _, s := range f.States {
			in = append(in, fmt.Sprint(int(s)))
		}
		where = append(where, `state IN (`+strings.Join(in, ", ")+`)`)
	}
	if f.Run != "" {
		args = append(args, f.Run)
		where = append(where, fmt.Sprintf(`run = $%d`, len(args)))
	}
	if f.Tenant != "" {
		args = append(args, f.Tenant)
		where = append(where, fmt.Sprintf(`lane IN (SELECT id FROM {s}lane WHERE tenant = $%d)`, len(args)))
	}
	if f.Flow != "" {
		args = append(args, f.Flow)
		where = append(where, fmt.Sprintf(`run IN (SELECT id FROM {s}run WHERE flow = $%d)`, len(args)))
	}
	if f.Reason != "" {
		args = append(args, f.Reason)
		where = append(where, fmt.Sprintf(`reason = $%d`, len(args)))
	}
	if f.Stage != "" {
		condition, ok := stages[f.Stage]
		if !ok {
			return nil, fmt.Errorf("there is no stage %q: use %s", f.Stage, spelling.Or(Stages))
		}
		where = append(where, condition)
	}
	rows, err := q.db.Direct(ctx, `SELECT `+columns+` FROM {s}job WHERE `+strings.Join(where, ` AND `)+fmt.Sprintf(` ORDER BY id LIMIT %d`, f.Limit), args...)
	if err != nil {
		return nil, fmt.Errorf("listing jobs: %w", err)
	}
	defer rows.Close()
	byLane, err := q.lanesByID(ctx)
	if err != nil {
		return nil, err
	}
	jobs, err := scanJobs(rows, byLane)
	if err != nil {
		return nil, fmt.Errorf("listing jobs: %w", err)
	}
	return jobs, nil
}

func (q *Queue) lanesByID(ctx context.Context) (map[int64]*lane, error) {
	q.lanes.forget()
	all, err := q.allLanes(ctx)
	byID := make(map[int64]*lane, len(all))
	for _, ln := range all {
		byID[ln.id] = ln
	}
	return byID, err
}

// Count returns how many jobs are in each state.
func (q *Queue) Count(ctx context.Context) (map[State]int, error) {
	rows, err := q.db.Query(ctx, `SELECT state, count(*) FROM {s}job GROUP BY state`)
	if err != nil {
		return nil, fmt.Errorf("counting jobs: %w", err)
	}
	defer rows.Close()
	out := map[State]int{}
	for rows.Next() {
		var s State
		var n int
		if err := rows.Scan(&s, &n); err != nil {
			return nil, err
		}
		out[s] = n
	}
	return out, rows.Err()
}

// Change says how a dead letter is edited before it is tried again; nil fields
// stay as they are.
type Change struct {
	Priority *int
	Needs    *string
	Payload  *string
	Run      *string // the run that executes it from now on
}

// Requeue makes dead letters and poisoned jobs ready, with all attempts again,
// and returns how many of the numbers were such jobs. Nothing is changed if the
// edit is wrong.
func (q *Queue) Requeue(ctx context.Context, edit Change, jobs ...int64) (int, error) {
	done := 0
	byLane, err := q.lanesByID(ctx)
	if err != nil {
		return 0, err
	}
	err = q.db.Tx(ctx, func(tx *db.Tx) error {
		done = 0
		rows, err := tx.Direct(ctx, `SELECT `+columns+` FROM {s}job WHERE state >= 4 AND `+in(tx), list(jobs))
		if err != nil {
			return fmt.Errorf("finding dead letters: %w", err)
		}
		found, err := scanJobs(rows, byLane)
		if err != nil {
			return fmt.Errorf("finding dead letters: %w", err)
		}
		var now int64
		if err := tx.QueryRow(ctx, `SELECT {now}`).Scan(&now); err != nil {
			return err
		}
		for _, j := range found {
			if edit.Priority != nil {
				j.Priority = *edit.Priority
			}
			if edit.Needs != nil {
				j.Needs = *edit.Needs
			}
			if edit.Payload != nil {
				j.Payload = []byte(*edit.Payload)
			}
			if edit.Run != nil {
				j.Run = *edit.Run
			}
			if err := j.check(); err != nil {
				return err
			}
			if j.lane, err = q.laneOf(ctx, tx, j); err != nil {
				return err
			}
			if err := note(ctx, tx, EventRequeued, "", now, `id = $1`, j.ID); err != nil {
				return err
			}
			// A slot may be full by now: the job waits for room like any other.
			state := Ready
			if j.Slot.Key != "" {
				state = Held
			}
			n, err := tx.Exec(ctx, `UPDATE {s}job SET state = $1, lane = $2, priority = $3, ready_at = $4, rank = $5, attempt = 0, killed = '', cancel = 0, deadline = 0, payload = $6, run = $7 WHERE id = $8 AND state >= 4`,
				state, j.lane, j.Priority, now, rank(now, j.Priority), string(j.Payload), j.Run, j.ID)
			if err != nil {
				return fmt.Errorf("requeueing job %d: %w", j.ID, err)
			}
			done += int(n)
			if err := q.admit(ctx, tx, j.Slot.Key); err != nil {
				return err
			}
		}
		return q.notify(ctx, tx)
	})
	return done, err
}

// Drop takes dead letters and poisoned jobs out of the queue for good, and
// returns how many of the numbers were such jobs.
func (q *Queue) Drop(ctx context.Context, jobs ...int64) (int, error) {
	done := 0
	err := q.db.Tx(ctx, func(tx *db.Tx) error {
		var now int64
		if err := tx.QueryRow(ctx, `SELECT {now}`).Scan(&now); err != nil {
			return err
		}
		which := list(jobs)
		if err := note(ctx, tx, EventDropped, "", now, `state >= 4 AND `+in(tx), which); err != nil {
			return err
		}
		n, err := tx.Exec(ctx, `DELETE FROM {s}job WHERE state >= 4 AND `+in(tx), which)
		done = int(n)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("dropping dead letters: %w", err)
	}
	return done, nil
}

// DropRuns deletes the dead letters of runs that are forgotten.
func (q *Queue) DropRuns(ctx context.Context, runs ...string) error {
	return q.db.Tx(ctx, func(tx *db.Tx) error {
		for _, r := range runs {
			if _, err := tx.Exec(ctx, `DELETE FROM {s}job WHERE run = $1 AND state >= 4`, r); err != nil {
				return fmt.Errorf("dropping the dead letters of run %s: %w", r, err)
			}
		}
		return nil
	})
}

// Get returns a job that is in the queue.
func (q *Queue) Get(ctx context.Context, id int64) (*Job, error) {
	jobs, err := q.Jobs(ctx, Filter{After: id - 1, Limit: 1})
	switch {
	case err != nil:
		return nil, err
	case len(jobs) == 0 || jobs[0].ID != id:
		return nil, fmt.Errorf("%w: %d (it may have ended; the log tells by its run)", ErrNotFound, id)
	}
	return jobs[0], nil
}
