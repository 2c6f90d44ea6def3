package queue

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"github.com/aether-rpa/aether/internal/db"
)

// Fence is the number of the lease under which a robot has the job.
func (j *Job) Fence() int64 { return j.fence }

// Grant names a lease, for Extend and the other calls of a holder.
func Grant(id, fence int64) *Job { return &Job{ID: id, fence: fence} }

// Held returns the job that somebody holds under a fence, and ErrLeaseLost if
// nobody does.
func (q *Queue) Held(ctx context.Context, id, fence int64) (*Job, error) {
	rows, err := q.db.Direct(ctx, `SELECT `+columns+` FROM {s}job WHERE id = $1 AND fence = $2 AND state = 1`, id, fence)
	return oneHeld(rows, err, id)
}

// HeldIn is Held, and keeps the lease good until the transaction ends.
func (q *Queue) HeldIn(ctx context.Context, tx *db.Tx, id, fence int64) (*Job, error) {
	rows, err := tx.Direct(ctx, `UPDATE {s}job SET fence = fence WHERE id = $1 AND fence = $2 AND state = 1 RETURNING `+columns, id, fence)
	return oneHeld(rows, err, id)
}

func oneHeld(rows db.Rows, err error, id int64) (*Job, error) {
	if err != nil {
		return nil, fmt.Errorf("reading job %d: %w", id, err)
	}
	jobs, err := scanJobs(rows, nil)
	if err != nil {
		return nil, fmt.Errorf("reading job %d: %w", id, err)
	}
	if len(jobs) == 0 {
		return nil, ErrLeaseLost
	}
	return jobs[0], nil
}

// OwnerOf returns the process that a robot is, and whether it
// is in maintenance.
func (q *Queue) OwnerOf(ctx context.Context, name string) (owner string, paused bool, err error) {
	var p int
	err = q.db.QueryRow(ctx, `SELECT owner, paused FROM {s}robot WHERE name = $1`, name).Scan(&owner, &p)
	if errors.Is(err, sql.ErrNoRows) {
		return "", false, fmt.Errorf("%w: %q", ErrNoRobot, name)
	}
	return owner, p != 0, err
}

// Standing is who a robot is now, and whether it is in maintenance.
type Standing struct {
	Owner  string
	Paused bool
}

// OwnersOf returns the standing of robots by their names. Those that are not
// known are not in it.
func (q *Queue) OwnersOf(ctx context.Context, names []string) (map[string]Standing, error) {
	out := map[string]Standing{}
	if len(names) == 0 {
		return out, nil
	}
	marks, args := make([]string, len(names)), make([]any, len(names))
	for i, n := range names {
		marks[i], args[i] = fmt.Sprintf("$%d", i+1), n
	}
	rows, err := q.db.Query(ctx, `SELECT name, owner, paused FROM {s}robot WHERE name IN (`+strings.Join(marks, ", ")+`)`, args...)
	if err != nil {
		return nil, fmt.Errorf("looking for robots: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var name string
		var s Standing
		var paused int
		if err := rows.Scan(&name, &s.Owner, &paused); err != nil {
			return nil, fmt.Errorf("looking for robots: %w", err)
		}
		s.Paused = paused != 0
		out[name] = s
	}
	return out, rows.Err()
}

// Restarted frees the jobs that a robot had before it was started again.
func (q *Queue) Restarted(ctx context.Context, name, owner string) error {
	return q.db.Tx(ctx, func(tx *db.Tx) error { return bury(ctx, tx, name, owner) })
}
