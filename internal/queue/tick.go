package queue

import (
	"context"
	"errors"
	"fmt"

	"github.com/aether-rpa/aether/internal/db"
)

// Ticked is what a Tick did.
type Ticked struct {
	Expired int // leases that had run out
	Ready   int // jobs whose time had come
	Late    int // jobs past their deadline
}

// tickBatch bounds a transaction of Tick.
const tickBatch = 500

// Tick does what time asks for: leases that ran out end their attempts, jobs
// whose time has come get ready, jobs past their deadline become dead letters.
// Any process may call it at any time, several at once too.
func (q *Queue) Tick(ctx context.Context) (Ticked, error) {
	var sum Ticked
	// As a rule there is nothing to do, and many processes find that out.
	var expired, ripe, late bool
	if err := q.db.QueryRow(ctx, `SELECT EXISTS (SELECT 1 FROM {s}job WHERE state = 1 AND lease_until < t.now), EXISTS (SELECT 1 FROM {s}job WHERE state = 2 AND ready_at <= t.now),
		EXISTS (SELECT 1 FROM {s}job WHERE deadline > 0 AND state IN (0, 2, 3) AND deadline < t.now) FROM (SELECT {now} AS now) t`).Scan(&expired, &ripe, &late); err != nil {
		return sum, fmt.Errorf("tending the queue: %w", err)
	}
	for _, step := range []struct {
		due   bool
		count *int
		do    func(context.Context, *db.Tx) ([]*Job, error)
		tell  func([]*Job)
	}{{expired, &sum.Expired, q.expire, q.tellExpired}, {ripe, &sum.Ready, q.ripen, func([]*Job) {}}, {late, &sum.Late, q.late, q.tellLate}} {
		for step.due {
			var jobs []*Job
			err := q.db.Tx(ctx, func(tx *db.Tx) (err error) {
				jobs, err = step.do(ctx, tx)
				return err
			})
			if err != nil {
				return sum, fmt.Errorf("tending the queue: %w", err)
			}
			*step.count += len(jobs)
			step.tell(jobs)
			if len(jobs) < tickBatch {
				break
			}
		}
	}
	return sum, nil
}

// due returns jobs that a condition selects, locked on PostgreSQL, and the time.
func due(ctx context.Context, tx *db.Tx, condition string) ([]*Job, int64, error) {
	var now int64
	if err := tx.QueryRow(ctx, `SELECT {now}`).Scan(&now); err != nil {
		return nil, 0, err
	}
	lock := ""
	if tx.Postgres() {
		lock = ` FOR UPDATE SKIP LOCKED`
	}
	rows, err := tx.Direct(ctx, `SELECT `+columns+` FROM {s}job WHERE `+condition+` LIMIT $2`+lock, now, tickBatch)
	if err != nil {
		return nil, 0, err
	}
	jobs, err := scanJobs(rows, nil)
	return jobs, now, err
}

// expire ends the attempts of robots that were not heard of.
func (q *Queue) expire(ctx context.Context, tx *db.Tx) ([]*Job, error) {
	jobs, now, err := due(ctx, tx, `state = 1 AND lease_until < $1 ORDER BY lease_until`)
	if err != nil {
		return nil, err
	}
	for _, j := range jobs {
		j.died(j.Robot)
		if err := q.fail(ctx, tx, j, EventExpired, "robot "+j.Robot+" was not heard of for the time of its lease", false, now); err != nil {
			return nil, err
		}
	}
	return jobs, nil
}

// ripen makes jobs ready whose time has come, if their slot has room.
func (q *Queue) ripen(ctx context.Context, tx *db.Tx) ([]*Job, error) {
	jobs, _, err := due(ctx, tx, `state = 2 AND ready_at <= $1 ORDER BY ready_at`)
	if err != nil || len(jobs) == 0 {
		return nil, err
	}
	var plain, slotted []int64
	var slots []string
	for _, j := range jobs {
		if j.Slot.Key == "" {
			plain = append(plain, j.ID)
			continue
		}
		slotted, slots = append(slotted, j.ID), append(slots, j.Slot.Key)
	}
	_, err = tx.Exec(ctx, `UPDATE {s}job SET state = 0 WHERE state = 2 AND `+in(tx), list(plain))
	_, err2 := tx.Exec(ctx, `UPDATE {s}job SET state = 3 WHERE state = 2 AND `+in(tx), list(slotted))
	if err := errors.Join(err, err2); err != nil {
		return nil, err
	}
	if err := q.admit(ctx, tx, slots...); err != nil {
		return nil, err
	}
	return jobs, q.notify(ctx, tx)
}

// late makes jobs dead letters that no robot began in time.
func (q *Queue) late(ctx context.Context, tx *db.Tx) ([]*Job, error) {
	jobs, now, err := due(ctx, tx, `deadline > 0 AND state IN (0, 2, 3) AND deadline < $1 ORDER BY deadline`)
	if err != nil {
		return nil, err
	}
	for _, j := range jobs {
		reason := "no robot began it before its deadline, " + j.Deadline.UTC().Format("2006-01-02 15:04:05 MST")
		if _, err := tx.Exec(ctx, `UPDATE {s}job SET state = 4, reason = $1 WHERE id = $2`, reason, j.ID); err != nil {
			return nil, err
		}
		if err := note(ctx, tx, EventDead, reason, now, `id = $1`, j.ID); err != nil {
			return nil, err
		}
		if err := q.admit(ctx, tx, j.Slot.Key); err != nil {
			return nil, err
		}
	}
	return jobs, nil
}
