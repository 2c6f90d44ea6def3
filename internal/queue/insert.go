package queue

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/aether-rpa/aether/internal/db"
)

var (
	insertJob   = `INSERT INTO {s}job (run, lane, state, ready_at, rank, priority, deadline, max_attempts, backoff, backoff_max, slot, room, parent, created, payload) `
	insertState = `CASE WHEN state = 3 THEN 3 WHEN after > now THEN 2 ELSE 0 END`
	insertReady = `CASE WHEN after > now THEN after ELSE now END`
	insertFrom  = `SELECT run, lane, ` + insertState + `, ` + insertReady + `, ` + insertReady + ` - priority * ` + strconv.FormatInt(rankStep.Milliseconds(), 10) + `, priority, deadline, attempts, backoff, backoff_max, slot, room, parent, now, payload FROM `
)

// insert writes jobs and sets their numbers, states, ranks and times. What depends
// on the time is decided by the database's.
func insert(ctx context.Context, tx *db.Tx, jobs []*Job) error {
	if len(jobs) == 0 {
		return nil
	}
	if !tx.Postgres() {
		return insertSQLite(ctx, tx, jobs)
	}
	rows, err := insertUnnest(ctx, tx, jobs)
	if err == nil {
		err = inserted(rows, jobs)
	}
	if err != nil {
		return fmt.Errorf("adding %d jobs: %w", len(jobs), err)
	}
	return nil
}

// inserted reads what became of jobs and closes the rows, which are returned in the
// order in which they were inserted.
func inserted(rows db.Rows, jobs []*Job) error {
	defer rows.Close()
	n := 0
	for ; rows.Next(); n++ {
		if n == len(jobs) {
			break
		}
		var now int64
		if err := rows.Scan(&jobs[n].ID, &now); err != nil {
			return err
		}
		jobs[n].addedAt(now)
	}
	if err := rows.Err(); err != nil {
		return err
	}
	if n != len(jobs) {
		return errors.New("the database has not said what became of each")
	}
	return nil
}

// addedAt sets what a job is that was added at a time. A job that is held waits for
// room, not for time.
func (j *Job) addedAt(now int64) (readyAt int64) {
	readyAt = max(db.Millis(j.After), now)
	switch {
	case j.State == Held:
	case readyAt > now:
		j.State = Later
	default:
		j.State = Ready
	}
	j.rank, j.Created = rank(readyAt, j.Priority), db.Time(now)
	return readyAt
}

const insertColumns = `run, lane, state, after, priority, deadline, attempts, backoff, backoff_max, slot, room, parent, payload`

// insertUnnest writes any number of jobs with one statement on PostgreSQL.
func insertUnnest(ctx context.Context, tx *db.Tx, jobs []*Job) (db.Rows, error) {
	n := len(jobs)
	texts, ints := make([][]string, 4), make([][]int64, 9)
	for i := range texts {
		texts[i] = make([]string, n)
	}
	for i := range ints {
		ints[i] = make([]int64, n)
	}
	for i, j := range jobs {
		for k, v := range [...]string{j.Run, j.Slot.Key, j.Parent, string(j.Payload)} {
			texts[k][i] = v
		}
		for k, v := range [...]int64{j.lane, int64(j.State), db.Millis(j.After), int64(j.Priority), db.Millis(j.Deadline), int64(j.Retry.Attempts), j.Retry.Backoff.Milliseconds(), j.Retry.MaxBackoff.Milliseconds(), int64(j.Slot.Limit)} {
			ints[k][i] = v
		}
	}
	return tx.Direct(ctx, insertJob+insertFrom+`(SELECT {now} AS now) t,
		unnest((SELECT $1::text[]), (SELECT $2::bigint[]), (SELECT $3::bigint[]), (SELECT $4::bigint[]), (SELECT $5::bigint[]), (SELECT $6::bigint[]), (SELECT $7::bigint[]), (SELECT $8::bigint[]), (SELECT $9::bigint[]), (SELECT $10::text[]), (SELECT $11::bigint[]), (SELECT $12::text[]), (SELECT $13::text[]))
		WITH ORDINALITY AS n (`+insertColumns+`, place) ORDER BY place RETURNING id, created`,
		texts[0], ints[0], ints[1], ints[2], ints[3], ints[4], ints[5], ints[6], ints[7], texts[1], ints[8], texts[2], texts[3])
}

// insertSQLite writes jobs with a statement for many of them. SQLite copies rows
// that are to be returned or that a query makes; plain values go straight into the
// table, and their numbers follow on each other.
func insertSQLite(ctx context.Context, tx *db.Tx, jobs []*Job) error {
	const many = 50 // SQLite bounds the parameters of a statement
	var now int64
	err := tx.QueryRow(ctx, `SELECT {now}`).Scan(&now)
	for part := range slices.Chunk(jobs, many) {
		if err != nil {
			break
		}
		args := make([]any, 0, 15*len(part))
		for _, j := range part {
			readyAt := j.addedAt(now)
			args = append(args, j.Run, j.lane, int64(j.State), readyAt, j.rank, j.Priority, db.Millis(j.Deadline), j.Retry.Attempts,
				j.Retry.Backoff.Milliseconds(), j.Retry.MaxBackoff.Milliseconds(), j.Slot.Key, j.Slot.Limit, j.Parent, now, string(j.Payload))
		}
		var last int64
		last, err = tx.DirectInsert(ctx, insertJob+values(15, len(part)), args...)
		for i, j := range part {
			j.ID = last - int64(len(part)-1-i)
		}
	}
	if err != nil {
		return fmt.Errorf("adding %d jobs: %w", len(jobs), err)
	}
	return nil
}

// values returns rows of placeholders.
func values(columns, rows int) string {
	row := `(` + strings.Repeat(`?, `, columns-1) + `?)`
	return `VALUES ` + strings.Repeat(row+`, `, rows-1) + row
}
