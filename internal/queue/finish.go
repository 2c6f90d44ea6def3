package queue

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/aether-rpa/aether/internal/db"
)

// Finish takes jobs that their holders have done out of the queue, and returns
// those whose lease was lost: of these nothing is changed.
func (q *Queue) Finish(ctx context.Context, jobs ...*Job) (lost []*Job, err error) {
	if len(jobs) == 0 {
		return nil, nil
	}
	c := &finishing{jobs: jobs}
	if err := q.finishes.do(ctx, c); err != nil {
		return nil, err
	}
	return c.lost, c.err
}

// finishing is a call of Finish.
type finishing struct {
	jobs, lost []*Job
	err        error
}

// finishTogether makes one call of several.
func (q *Queue) finishTogether(ctx context.Context, calls []*finishing) {
	if len(calls) == 1 {
		calls[0].lost, calls[0].err = q.finishAll(ctx, calls[0].jobs)
		return
	}
	var jobs []*Job
	for _, c := range calls {
		jobs = append(jobs, c.jobs...)
	}
	all, err := q.finishAll(ctx, jobs)
	lost := make(map[*Job]bool, len(all))
	for _, j := range all {
		lost[j] = true
	}
	for _, c := range calls {
		c.err = err
		for _, j := range c.jobs {
			if lost[j] {
				c.lost = append(c.lost, j)
			}
		}
	}
}

func (q *Queue) finishAll(ctx context.Context, jobs []*Job) (lost []*Job, err error) {
	slotted := slices.ContainsFunc(jobs, func(j *Job) bool { return j.Slot.Key != "" })
	if q.db.Pool != nil && !slotted {
		// One statement needs no transaction around it.
		err = q.db.Again(func() error {
			lost, _, err = finish(ctx, q.db, true, jobs)
			return err
		})
		return lost, err
	}
	err = q.db.Tx(ctx, func(tx *db.Tx) error {
		lost, err = q.FinishIn(ctx, tx, jobs...)
		return err
	})
	return lost, err
}

// FinishIn is Finish in the caller's transaction, so that what the job did and
// its end are written together.
func (q *Queue) FinishIn(ctx context.Context, tx *db.Tx, jobs ...*Job) (lost []*Job, err error) {
	if len(jobs) == 0 {
		return nil, nil
	}
	if !tx.Postgres() {
		all, err := noteDone(ctx, tx, jobs)
		if err != nil || all {
			return nil, err
		}
	}
	lost, slots, err := finish(ctx, tx, tx.Postgres(), jobs)
	if err != nil {
		return nil, err
	}
	return lost, q.admit(ctx, tx, slots...)
}

// noteDone writes the log of jobs that are done, on SQLite. If their holders all had
// them, and none had a slot, it takes them out too, and says so: nothing else is to
// be found out then.
func noteDone(ctx context.Context, tx *db.Tx, jobs []*Job) (all bool, err error) {
	const many = 256 // leases in a statement
	last := grantsOf(jobs)
	plain := len(last) == len(jobs) && !slices.ContainsFunc(jobs, func(j *Job) bool { return j.Run == "" || j.Slot.Key != "" })
	noted := 0
	for part := range slices.Chunk(last, many) {
		// Padded to one of few lengths, so that the statements are few too.
		size := 1
		for size < len(part) {
			size *= 2
		}
		args := make([]any, 2*size)
		for i := range size {
			args[2*i], args[2*i+1] = 0, 0
			if i < len(part) {
				args[2*i], args[2*i+1] = part[i].id, part[i].fence
			}
		}
		n, err := tx.DirectExec(ctx, `WITH g (i, f) AS (`+values(2, size)+`) INSERT INTO {s}job_log (at, job, run, event, attempt, robot, created, claimed, detail)
			SELECT t.now, id, run, 'done', attempt, robot, created, claimed, '' FROM (SELECT {now} AS now) t CROSS JOIN g CROSS JOIN {s}job ON id = g.i AND fence = g.f AND `+isLeased, args...)
		if err != nil {
			return false, fmt.Errorf("writing the log of the queue: %w", err)
		}
		noted += int(n)
	}
	if !plain || noted != len(jobs) {
		return false, nil
	}
	ids := make([]int64, len(last))
	for i, h := range last {
		ids[i] = h.id
	}
	if _, err := tx.DirectExec(ctx, `DELETE FROM {s}job WHERE id IN (SELECT value FROM json_each($1))`, list(ids)); err != nil {
		return false, fmt.Errorf("finishing %d jobs: %w", len(jobs), err)
	}
	return true, nil
}

// querier is a database or a transaction on it.
type querier interface {
	Direct(ctx context.Context, query string, args ...any) (db.Rows, error)
}

var (
	_ querier = (*db.DB)(nil)
	_ querier = (*db.Tx)(nil)
)

// finish deletes jobs, on PostgreSQL with their lines in the log, and returns
// those whose lease was lost, and the slots of the others.
func finish(ctx context.Context, x querier, postgres bool, jobs []*Job) (lost []*Job, slots []string, err error) {
	held, args := holders(jobs, postgres)
	query := `DELETE FROM {s}job WHERE id IN (SELECT i FROM ` + grants(false) + `) AND (id, fence) IN (SELECT i, f FROM ` + grants(false) + `) AND ` + isLeased + ` RETURNING id, fence, slot`
	if postgres {
		// A join with the two lists would compare each job with each lease.
		query = `WITH gone AS (DELETE FROM {s}job WHERE id = ANY(` + hidden(`$1::bigint[]`) + `::bigint[]) AND fence = ($2::bigint[])[width_bucket(id, $1::bigint[])] AND ` + isLeased + ` RETURNING id, fence, run, attempt, robot, created, claimed, slot),
			noted AS (INSERT INTO {s}job_log (at, job, run, event, attempt, robot, created, claimed, detail) SELECT (SELECT {now}), id, run, 'done', attempt, robot, created, claimed, '' FROM gone)
			SELECT id, fence, slot FROM gone`
	}
	rows, err := x.Direct(ctx, query, args...)
	if err != nil {
		return nil, nil, fmt.Errorf("finishing %d jobs: %w", len(jobs), err)
	}
	defer rows.Close()
	for rows.Next() {
		var h holding
		var slot string
		if err := rows.Scan(&h.id, &h.fence, &slot); err != nil {
			return nil, nil, err
		}
		if slot != "" {
			slots = append(slots, slot)
		}
		delete(held, h)
	}
	if err := rows.Err(); err != nil {
		return nil, nil, fmt.Errorf("finishing %d jobs: %w", len(jobs), err)
	}
	for _, j := range jobs {
		if held[holding{j.ID, j.fence}] != nil {
			lost = append(lost, j)
		}
	}
	return lost, slots, nil
}

// Fail says that the attempt failed, for a reason that people read. The job is
// tried again after a rest if attempts are left and final is false, else it is
// a dead letter; a job that somebody cancelled is gone. The state it has then
// is set in j.
func (q *Queue) Fail(ctx context.Context, j *Job, reason string, final bool) error {
	err := q.db.Tx(ctx, func(tx *db.Tx) error {
		j.State = Leased
		if err := hold(ctx, tx, j); err != nil {
			return err
		}
		var now int64
		if err := tx.QueryRow(ctx, `SELECT {now}`).Scan(&now); err != nil {
			return err
		}
		return q.fail(ctx, tx, j, EventFailed, reason, final, now)
	})
	if err == nil {
		q.tellFailed(j)
	}
	return err
}

// hold makes sure that the holder's lease is good, and keeps it so until the
// transaction ends.
func hold(ctx context.Context, tx *db.Tx, j *Job) error {
	var cancel int
	err := tx.QueryRow(ctx, `UPDATE {s}job SET fence = fence WHERE id = $1 AND fence = $2 AND `+isLeased+` RETURNING cancel`, j.ID, j.fence).Scan(&cancel)
	if errors.Is(err, sql.ErrNoRows) {
		return ErrLeaseLost
	}
	j.Cancel = cancel != 0
	return err
}

// fail ends an attempt of a job that the transaction has locked.
func (q *Queue) fail(ctx context.Context, tx *db.Tx, j *Job, event, reason string, final bool, now int64) error {
	reason = clip(reason)
	if j.Cancel {
		if err := note(ctx, tx, EventCancelled, reason, now, `id = $1`, j.ID); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `DELETE FROM {s}job WHERE id = $1`, j.ID); err != nil {
			return fmt.Errorf("cancelling job %d: %w", j.ID, err)
		}
		return q.admit(ctx, tx, j.Slot.Key)
	}
	switch {
	case len(j.Killed) >= PoisonAfter:
		j.State = Poison
	case final || j.Attempt >= j.Retry.Attempts:
		j.State = Dead
	default:
		j.State = Later
	}
	if err := note(ctx, tx, event, reason, now, `id = $1`, j.ID); err != nil {
		return err
	}
	ready := now + rest(j).Milliseconds()
	// The rank stays that of its first time: a job that was tried is not pushed
	// behind those that came later.
	if _, err := tx.Exec(ctx, `UPDATE {s}job SET state = $1, ready_at = $2, lease_until = 0, reason = $3, killed = $4 WHERE id = $5`, j.State, ready, reason, joined(j.Killed), j.ID); err != nil {
		return fmt.Errorf("failing job %d: %w", j.ID, err)
	}
	switch j.State {
	case Dead:
		if err := note(ctx, tx, EventDead, reason, now, `id = $1`, j.ID); err != nil {
			return err
		}
	case Poison:
		if err := note(ctx, tx, EventPoison, fmt.Sprintf("%d robots died with it: %s", len(j.Killed), strings.Join(j.Killed, ", ")), now, `id = $1`, j.ID); err != nil {
			return err
		}
	}
	j.Reason = reason
	return q.admit(ctx, tx, j.Slot.Key)
}

// rest is how long a job waits after its attempt.
func rest(j *Job) time.Duration {
	d := float64(j.Retry.Backoff) * math.Pow(2, float64(max(0, j.Attempt-1)))
	return time.Duration(min(d, float64(j.Retry.MaxBackoff)))
}

// maxReason bounds what is kept of a reason.
const maxReason = 2000

func clip(s string) string {
	s = db.Text(s)
	if len(s) <= maxReason {
		return s
	}
	return strings.ToValidUTF8(s[:maxReason], "") + "…"
}

// Forever is a time for Release: the job waits until Wake.
var Forever = time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC)

// Release gives a job back as if it had not been claimed: the attempt does not
// count. It is ready at once, or at a time to come; if Wake was called since
// it was claimed, at once.
func (q *Queue) Release(ctx context.Context, j *Job, until time.Time) error {
	return q.db.Tx(ctx, func(tx *db.Tx) error {
		if err := hold(ctx, tx, j); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `UPDATE {s}job SET state = CASE WHEN CAST($1 AS BIGINT) > 0 AND woken = 0 THEN 2 ELSE 0 END, attempt = attempt - 1, lease_until = 0,
			ready_at = CASE WHEN CAST($1 AS BIGINT) > 0 AND woken = 0 THEN CAST($1 AS BIGINT) ELSE {now} END WHERE id = $2`, db.Millis(until), j.ID); err != nil {
			return fmt.Errorf("releasing job %d: %w", j.ID, err)
		}
		if err := q.admit(ctx, tx, j.Slot.Key); err != nil {
			return err
		}
		return q.notify(ctx, tx)
	})
}

// Wake makes the job of a run ready that was released until later, since what
// the run waits for has come. A job that is at work is ready as soon as it is
// released.
func (q *Queue) Wake(ctx context.Context, run string) error {
	return q.db.Tx(ctx, func(tx *db.Tx) error {
		n, err := tx.Exec(ctx, `UPDATE {s}job SET woken = 1, ready_at = CASE WHEN state = 2 THEN {now} ELSE ready_at END WHERE run = $1 AND state IN (1, 2)`, run)
		if err != nil || n == 0 {
			return err
		}
		// A job with a slot gets in by Tick, which looks for room.
		if _, err := tx.Exec(ctx, `UPDATE {s}job SET state = 0 WHERE run = $1 AND state = 2 AND slot = ''`, run); err != nil {
			return err
		}
		return q.notify(ctx, tx)
	})
}

// Cancel takes a job out that no robot has, or asks the robot that has it to
// stop: its lease then says so. It returns whether the job is gone.
func (q *Queue) Cancel(ctx context.Context, id int64, reason string) (gone bool, err error) {
	err = q.db.Tx(ctx, func(tx *db.Tx) error {
		var now int64
		if err := tx.QueryRow(ctx, `SELECT {now}`).Scan(&now); err != nil {
			return err
		}
		gone, err = q.cancelIn(ctx, tx, id, reason, now)
		return err
	})
	return gone, err
}

func (q *Queue) cancelIn(ctx context.Context, tx *db.Tx, id int64, reason string, now int64) (gone bool, err error) {
	var state State
	var slot string
	err = tx.QueryRow(ctx, `UPDATE {s}job SET cancel = 1 WHERE id = $1 AND state <= 3 RETURNING state, slot`, id).Scan(&state, &slot)
	if errors.Is(err, sql.ErrNoRows) {
		return false, fmt.Errorf("%w that waits or is at work: %d", ErrNotFound, id)
	}
	if err != nil || state == Leased {
		return false, err
	}
	if err := note(ctx, tx, EventCancelled, clip(reason), now, `id = $1`, id); err != nil {
		return false, err
	}
	if _, err := tx.Exec(ctx, `DELETE FROM {s}job WHERE id = $1`, id); err != nil {
		return false, fmt.Errorf("cancelling job %d: %w", id, err)
	}
	return true, q.admit(ctx, tx, slot)
}

// died adds a robot to those that a job has killed.
func (j *Job) died(robot string) {
	if robot != "" && !slices.Contains(j.Killed, robot) {
		j.Killed = append(j.Killed, robot)
	}
}
