package queue

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/aether-rpa/aether/internal/db"
)

// Added says what became of a job that was added.
type Added struct {
	ID    int64
	Run   string // of the job with the same key, if Fresh is false
	State State
	// Fresh is false if a job with the same key was added before; that one
	// stands, whether it has ended or not.
	Fresh bool
	// Dropped says that the slot was full, and the job was not added.
	Dropped bool
}

// Add adds jobs in the caller's transaction: they are there when it commits,
// together with what else it writes. Nothing is added if one of them is wrong.
func (q *Queue) Add(ctx context.Context, tx *db.Tx, jobs ...*Job) ([]Added, error) {
	if err := check(jobs); err != nil {
		return nil, err
	}
	out := make([]Added, len(jobs))
	var plain []*Job
	var places []int
	var now int64 // asked for if a job has a key or a slot
	lanesSeen := map[[3]string]int64{}
	for i, j := range jobs {
		key := [3]string{j.Queue, j.Tenant, j.Needs}
		id, ok := lanesSeen[key]
		if !ok {
			var err error
			if id, err = q.laneOf(ctx, tx, j); err != nil {
				return nil, err
			}
			lanesSeen[key] = id
		}
		j.lane = id
		if j.Key == "" && j.Slot.Key == "" {
			plain, places = append(plain, j), append(places, i)
			continue
		}
		if now == 0 {
			if err := tx.QueryRow(ctx, `SELECT {now}`).Scan(&now); err != nil {
				return nil, fmt.Errorf("asking the database for the time: %w", err)
			}
		}
		if j.State = Ready; db.Millis(j.After) > now {
			j.State = Later
		}
		a, err := q.addOne(ctx, tx, j, now)
		if err != nil {
			return nil, err
		}
		out[i] = a
	}
	if err := insert(ctx, tx, plain); err != nil {
		return nil, err
	}
	for i, j := range plain {
		out[places[i]] = Added{ID: j.ID, Run: j.Run, State: j.State, Fresh: true}
	}
	for _, j := range jobs {
		q.low.lower(j.lane, j.rank)
	}
	tx.After(func() { q.ahead.added(jobs) })
	return out, tx.Notify(ctx, Topic)
}

// check fills in the defaults of jobs and says what is wrong with the first
// that is: an ErrJob.
func check(jobs []*Job) error {
	for i, j := range jobs {
		if err := j.check(); err != nil {
			if len(jobs) > 1 {
				err = fmt.Errorf("job %d of %d: %w", i+1, len(jobs), err)
			}
			return wrongJob{err}
		}
	}
	return nil
}

// wrongJob is an ErrJob that reads like its cause alone.
type wrongJob struct{ error }

// Is makes errors.Is(err, ErrJob) true.
func (wrongJob) Is(target error) bool { return target == ErrJob }

// Unwrap returns the cause.
func (w wrongJob) Unwrap() error { return w.error }

// notify wakes who claims when the transaction commits.
func (q *Queue) notify(ctx context.Context, tx *db.Tx) error {
	q.low.reset()
	tx.After(q.ahead.forget)
	return tx.Notify(ctx, Topic)
}

// addOne adds a job that has a key or a slot.
func (q *Queue) addOne(ctx context.Context, tx *db.Tx, j *Job, now int64) (Added, error) {
	if j.Key != "" {
		n, err := tx.Exec(ctx, `INSERT INTO {s}job_key (tenant, name, run, job, at) VALUES ($1, $2, $3, 0, $4) ON CONFLICT (tenant, name) DO NOTHING`, j.Tenant, j.Key, j.Run, now)
		if err != nil {
			return Added{}, fmt.Errorf("adding the key of a job: %w", err)
		}
		if n == 0 {
			var a Added
			if err := tx.QueryRow(ctx, `SELECT run, job FROM {s}job_key WHERE tenant = $1 AND name = $2`, j.Tenant, j.Key).Scan(&a.Run, &a.ID); err != nil {
				return Added{}, fmt.Errorf("reading the key of a job: %w", err)
			}
			return a, nil
		}
	}
	if j.Slot.Key != "" {
		drop, err := q.enterSlot(ctx, tx, j, now)
		if err != nil {
			return Added{}, err
		}
		if drop {
			if j.Key != "" { // not added: the key stays free
				if _, err := tx.Exec(ctx, `DELETE FROM {s}job_key WHERE tenant = $1 AND name = $2`, j.Tenant, j.Key); err != nil {
					return Added{}, err
				}
			}
			return Added{Run: j.Run, Dropped: true}, nil
		}
	}
	if err := insert(ctx, tx, []*Job{j}); err != nil {
		return Added{}, err
	}
	if j.Key != "" {
		if _, err := tx.Exec(ctx, `UPDATE {s}job_key SET job = $1 WHERE tenant = $2 AND name = $3`, j.ID, j.Tenant, j.Key); err != nil {
			return Added{}, err
		}
	}
	return Added{ID: j.ID, Run: j.Run, State: j.State, Fresh: true}, nil
}

// enterSlot decides what becomes of a job whose slot may be full: it sets the
// job's state, or says that it is to be dropped.
func (q *Queue) enterSlot(ctx context.Context, tx *db.Tx, j *Job, now int64) (drop bool, err error) {
	if err := lockSlot(ctx, tx, j.Slot.Key); err != nil {
		return false, err
	}
	var busy int
	if err := tx.QueryRow(ctx, `SELECT count(*) FROM {s}job WHERE slot = $1 AND state <= 3 AND cancel = 0`, j.Slot.Key).Scan(&busy); err != nil {
		return false, fmt.Errorf("counting the jobs of slot %s: %w", j.Slot.Key, err)
	}
	if busy >= j.Slot.Limit {
		switch j.Slot.Full {
		case DropNew:
			return true, nil
		case CancelOldest:
			old, err := db.Column[int64](tx.Query(ctx, `SELECT id FROM {s}job WHERE slot = $1 AND state <= 3 AND cancel = 0 ORDER BY id LIMIT $2`, j.Slot.Key, busy-j.Slot.Limit+1))
			if err != nil {
				return false, fmt.Errorf("finding the oldest job of slot %s: %w", j.Slot.Key, err)
			}
			for _, id := range old {
				if _, err := q.cancelIn(ctx, tx, id, "a newer job of slot "+j.Slot.Key+" took its place", now); err != nil {
					return false, err
				}
			}
		}
	}
	if j.State == Ready {
		var active int
		if err := tx.QueryRow(ctx, `SELECT count(*) FROM {s}job WHERE slot = $1 AND state <= 1`, j.Slot.Key).Scan(&active); err != nil {
			return false, fmt.Errorf("counting the jobs of slot %s: %w", j.Slot.Key, err)
		}
		if active >= j.Slot.Limit {
			j.State = Held
		}
	}
	return false, nil
}

// lockSlot makes transactions on a slot go one after the other. On SQLite all
// that write do.
func lockSlot(ctx context.Context, tx *db.Tx, slot string) error {
	if !tx.Postgres() {
		return nil
	}
	_, err := tx.Exec(ctx, `SELECT pg_advisory_xact_lock(7276, hashtext($1))`, slot)
	return err
}

// admit lets jobs that wait for room in a slot become ready while there is any.
func (q *Queue) admit(ctx context.Context, tx *db.Tx, slots ...string) error {
	done := map[string]bool{"": true}
	for _, slot := range slots {
		if done[slot] {
			continue
		}
		done[slot] = true
		if err := lockSlot(ctx, tx, slot); err != nil {
			return err
		}
		var active, room int
		err := tx.QueryRow(ctx, `SELECT room FROM {s}job WHERE slot = $1 AND state = 3 ORDER BY rank, id LIMIT 1`, slot).Scan(&room)
		if errors.Is(err, sql.ErrNoRows) {
			continue
		}
		if err == nil {
			err = tx.QueryRow(ctx, `SELECT count(*) FROM {s}job WHERE slot = $1 AND state <= 1`, slot).Scan(&active)
		}
		if err == nil && room > active {
			_, err = tx.Exec(ctx, `UPDATE {s}job SET state = 0, ready_at = {now} WHERE id IN (SELECT id FROM {s}job WHERE slot = $1 AND state = 3 ORDER BY rank, id LIMIT $2)`, slot, room-active)
		}
		if err == nil {
			err = q.notify(ctx, tx)
		}
		if err != nil {
			return fmt.Errorf("letting jobs into slot %s: %w", slot, err)
		}
	}
	return nil
}

// list writes numbers as JSON, which both databases can read a list from.
func list(ids []int64) string {
	b, err := json.Marshal(ids)
	if err != nil || ids == nil {
		return "[]"
	}
	return string(b)
}

// in returns the condition that a number is in the JSON list of the first placeholder.
func in(tx *db.Tx) string {
	if tx.Postgres() {
		return `id = ANY(ARRAY(SELECT value::bigint FROM json_array_elements_text($1::json)))`
	}
	return `id IN (SELECT value FROM json_each($1))`
}

func joined(names []string) string { return strings.Join(names, " ") }
