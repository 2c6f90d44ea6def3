package queue

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/aether-rpa/aether/internal/db"
)

// The database decides what depends on its time: whether a job is ready, its
// rank and when it was made. A job that is held waits for room, not for time.
var (
	insertJob   = `INSERT INTO {s}job (run, lane, state, ready_at, rank, priority, deadline, max_attempts, backoff, backoff_max, slot, room, parent, created, payload) `
	insertState = `CASE WHEN state = 3 THEN 3 WHEN after > now THEN 2 ELSE 0 END`
	insertReady = `CASE WHEN after > now THEN after ELSE now END`
	insertFrom  = `SELECT run, lane, ` + insertState + `, ` + insertReady + `, ` + insertReady + ` - priority * ` + strconv.FormatInt(rankStep.Milliseconds(), 10) + `, priority, deadline, attempts, backoff, backoff_max, slot, room, parent, now, payload FROM `
)

// insertMany is how many jobs a statement on SQLite writes at most, which bounds its
// parameters.
const insertMany = 50

// insert writes jobs and sets their numbers, states, ranks and times.
func insert(ctx context.Context, tx *db.Tx, jobs []*Job) error {
	for len(jobs) > 0 {
		part := jobs
		write := insertUnnest
		if !tx.Postgres() {
			part, write = jobs[:min(len(jobs), insertMany)], insertValues
		}
		rows, err := write(ctx, tx, part)
		if err == nil {
			err = inserted(rows, part)
		}
		if err != nil {
			return fmt.Errorf("adding %d jobs: %w", len(jobs), err)
		}
		jobs = jobs[len(part):]
	}
	return nil
}

// inserted reads what became of jobs and closes the rows. Both databases return
// inserted rows in the order they were inserted.
func inserted(rows db.Rows, jobs []*Job) error {
	defer rows.Close()
	n := 0
	for ; rows.Next(); n++ {
		if n == len(jobs) {
			break
		}
		j := jobs[n]
		var now int64
		if err := rows.Scan(&j.ID, &now); err != nil {
			return err
		}
		// As the statement has decided.
		after := db.Millis(j.After)
		if j.State != Held {
			j.State = Ready
			if after > now {
				j.State = Later
			}
		}
		j.rank, j.Created = rank(max(after, now), j.Priority), db.Time(now)
	}
	if err := rows.Err(); err != nil {
		return err
	}
	if n != len(jobs) {
		return errors.New("the database has not said what became of each")
	}
	return nil
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

// insertValues writes some jobs with one statement on SQLite.
func insertValues(ctx context.Context, tx *db.Tx, jobs []*Job) (db.Rows, error) {
	args := make([]any, 0, 13*len(jobs))
	for _, j := range jobs {
		args = append(args, j.Run, j.lane, j.State, db.Millis(j.After), j.Priority, db.Millis(j.Deadline), j.Retry.Attempts,
			j.Retry.Backoff.Milliseconds(), j.Retry.MaxBackoff.Milliseconds(), j.Slot.Key, j.Slot.Limit, j.Parent, string(j.Payload))
	}
	// WHERE true tells SQLite that what follows the rows is no condition of a join.
	return tx.Direct(ctx, `WITH n (`+insertColumns+`) AS (`+values(13, len(jobs))+`) `+
		insertJob+insertFrom+`n, (SELECT {now} AS now) t WHERE true RETURNING id, created`, args...)
}

// values returns rows of placeholders.
func values(columns, rows int) string {
	row := `(` + strings.Repeat(`?, `, columns-1) + `?)`
	return `VALUES ` + strings.Repeat(row+`, `, rows-1) + row
}
