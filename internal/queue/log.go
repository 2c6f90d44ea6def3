package queue

import (
	"context"
	"fmt"
	"time"

	"github.com/aether-rpa/aether/internal/db"
)

// Events of the log.
const (
	EventDone      = "done"
	EventFailed    = "failed"    // an attempt failed
	EventExpired   = "expired"   // a lease ran out
	EventDead      = "dead"      // it became a dead letter
	EventPoison    = "poison"    // it killed too many robots
	EventCancelled = "cancelled" // before a robot had it
	EventRequeued  = "requeued"
	EventDropped   = "dropped" // a person took it out of the dead letters
)

// Entry is a line of the log: what happened to a job.
type Entry struct {
	At      time.Time `json:"at"`
	Job     int64     `json:"job"`
	Run     string    `json:"run"`
	Event   string    `json:"event"`
	Attempt int       `json:"attempt"`
	Robot   string    `json:"robot,omitempty"`
	Created time.Time `json:"created"`
	Claimed time.Time `json:"claimed,omitzero"`
	Detail  string    `json:"detail,omitempty"`
}

// note copies what a job is now into the log; condition selects jobs.
func note(ctx context.Context, tx *db.Tx, event, detail string, now int64, condition string, args ...any) error {
	// The placeholders of the condition come first.
	n := len(args)
	_, err := tx.Exec(ctx, fmt.Sprintf(`INSERT INTO {s}job_log (at, job, run, event, attempt, robot, created, claimed, detail)
		SELECT $%d, id, run, $%d, attempt, robot, created, claimed, $%d FROM {s}job WHERE %s`, n+1, n+2, n+3, condition), append(args, now, event, detail)...)
	if err != nil {
		return fmt.Errorf("writing the log of the queue: %w", err)
	}
	return nil
}

// History returns what happened to the job of a run, oldest first.
func (q *Queue) History(ctx context.Context, run string) ([]Entry, error) {
	rows, err := q.db.Query(ctx, `SELECT at, job, run, event, attempt, robot, created, claimed, detail FROM {s}job_log WHERE run = $1 ORDER BY at, job`, run)
	if err != nil {
		return nil, fmt.Errorf("reading the log of the queue: %w", err)
	}
	defer rows.Close()
	var out []Entry
	for rows.Next() {
		var e Entry
		var when, created, claimed int64
		if err := rows.Scan(&when, &e.Job, &e.Run, &e.Event, &e.Attempt, &e.Robot, &created, &claimed, &e.Detail); err != nil {
			return nil, fmt.Errorf("reading the log of the queue: %w", err)
		}
		e.At, e.Created, e.Claimed = db.Time(when), db.Time(created), db.Time(claimed)
		out = append(out, e)
	}
	return out, rows.Err()
}

// Part is how much time a part of the log spans on PostgreSQL.
const part = 24 * time.Hour

// Keep makes the parts of the log that the next days need, and forgets what
// happened before a time, with the keys of jobs added before it: whole parts
// on PostgreSQL, rows in batches on SQLite.
func (q *Queue) Keep(ctx context.Context, before time.Time) error {
	now, err := q.Now(ctx)
	if err != nil {
		return err
	}
	if q.db.Pool == nil {
		return q.forgetRows(ctx, before)
	}
	// Parts are made ahead, so that no row of their time is in the rest yet; what
	// happens before there is one stays in the rest.
	for day := 1; day < 3; day++ {
		from := now.UTC().Truncate(part).Add(time.Duration(day) * part)
		if err := q.alone(ctx, fmt.Sprintf(`CREATE TABLE IF NOT EXISTS {s}job_log_%s PARTITION OF {s}job_log FOR VALUES FROM (%d) TO (%d)`,
			from.Format("20060102"), from.UnixMilli(), from.Add(part).UnixMilli())); err != nil {
			return fmt.Errorf("making a part of the queue's log: %w", err)
		}
	}
	return q.forgetParts(ctx, before)
}

// alone executes a statement that makes or drops a part while no other process
// does: IF EXISTS does not keep two from the same at once.
func (q *Queue) alone(ctx context.Context, stmt string) error {
	return q.db.Tx(ctx, func(tx *db.Tx) error {
		if err := tx.Lock(ctx, db.LockQueueLog); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, stmt)
		return err
	})
}

func (q *Queue) forgetParts(ctx context.Context, before time.Time) error {
	rows, err := q.db.Query(ctx, `SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = '{s}job_log'::regclass`)
	if err != nil {
		return fmt.Errorf("listing the parts of the queue's log: %w", err)
	}
	defer rows.Close()
	var old []string
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return err
		}
		if day, err := time.Parse("job_log_20060102", name); err == nil && !day.Add(part).After(before) {
			old = append(old, name)
		}
	}
	if err := rows.Err(); err != nil {
		return err
	}
	for _, name := range old {
		if err := q.alone(ctx, `DROP TABLE IF EXISTS {s}`+name); err != nil {
			return fmt.Errorf("forgetting a part of the queue's log: %w", err)
		}
	}
	return q.forgetRows(ctx, before)
}

const forgetBatch = 5000

// forgetRows deletes in batches, so that no transaction is long.
func (q *Queue) forgetRows(ctx context.Context, before time.Time) error {
	for _, batch := range []string{
		`DELETE FROM {s}job_key WHERE (tenant, name) IN (SELECT tenant, name FROM {s}job_key WHERE at < $1 LIMIT $2)`,
		map[bool]string{
			true:  `DELETE FROM {s}job_log WHERE rowid IN (SELECT rowid FROM {s}job_log WHERE at < $1 LIMIT $2)`,
			false: `DELETE FROM {s}job_log_rest WHERE ctid IN (SELECT ctid FROM {s}job_log_rest WHERE at < $1 LIMIT $2)`,
		}[q.db.Pool == nil],
	} {
		for {
			n, err := q.db.Exec(ctx, batch, before.UnixMilli(), forgetBatch)
			if err != nil {
				return fmt.Errorf("forgetting the queue's log: %w", err)
			}
			if n < forgetBatch {
				break
			}
		}
	}
	return nil
}
