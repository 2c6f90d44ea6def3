package queue

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/aether-rpa/aether/internal/db"
)

// What a claim returns of a job is short, for reading a column costs more than
// finding the row: what follows from the claim is left out, and what most jobs
// have as it was given to them by default comes as nothing.
var (
	usual = fmt.Sprintf(`CASE WHEN deadline = 0 AND max_attempts = %d AND backoff = %d AND backoff_max = %d AND cancel = 0 AND slot = '' AND parent = '' AND killed = '' AND reason = '' THEN '' ELSE `,
		DefaultAttempts, DefaultBackoff.Milliseconds(), MaxBackoff.Milliseconds())
	unusual = `(deadline, max_attempts, backoff, backoff_max, cancel, slot, room, parent, killed, reason)`

	claimedPostgres = `id, lane, ready_at, priority, attempt, fence, claimed, created, rank, run, robot, payload, ` + usual + `json_build_array` + unusual + `::text END`
	// Each column is several calls into SQLite, so the numbers come as one.
	claimedSQLite = `id || ' ' || lane || ' ' || ready_at || ' ' || priority || ' ' || attempt || ' ' || fence || ' ' || claimed || ' ' || created || ' ' || rank, run, robot, payload, ` + usual + `json_array` + unusual + ` END`
)

// claimed are the columns that scanClaimed reads.
func claimed(postgres bool) string {
	if postgres {
		return claimedPostgres
	}
	return claimedSQLite
}

// scanClaimed reads jobs that were leased just now and closes the rows. The end of
// the lease is for the caller to say.
func scanClaimed(rows db.Rows, byLane map[int64]*lane, postgres bool) ([]*Job, error) {
	defer rows.Close()
	var out []*Job
	for rows.Next() {
		j := &Job{State: Leased}
		var after, at, created, priority, attempt int64
		var payload []byte
		var rest, packed string
		var err error
		if postgres {
			err = rows.Scan(&j.ID, &j.lane, &after, &priority, &attempt, &j.fence, &at, &created, &j.rank, &j.Run, &j.Robot, &payload, &rest)
		} else if err = rows.Scan(&packed, &j.Run, &j.Robot, &payload, &rest); err == nil {
			err = unpack(packed, &j.ID, &j.lane, &after, &priority, &attempt, &j.fence, &at, &created, &j.rank)
		}
		if err != nil {
			return nil, err
		}
		j.Priority, j.Attempt = int(priority), int(attempt)
		j.After, j.Claimed, j.Created = db.Time(after), db.Time(at), db.Time(created)
		j.Retry = Retry{DefaultAttempts, DefaultBackoff, MaxBackoff}
		if len(payload) > 0 {
			j.Payload = payload
		}
		if rest != "" {
			if err := j.unusual(rest); err != nil {
				return nil, err
			}
		}
		if ln := byLane[j.lane]; ln != nil {
			j.Queue, j.Tenant, j.Needs = ln.queue, ln.tenant, ln.needs.String()
		}
		out = append(out, j)
	}
	return out, rows.Err()
}

// unpack reads numbers between which there are spaces.
func unpack(text string, into ...*int64) (err error) {
	for _, n := range into {
		var word string
		word, text, _ = strings.Cut(text, " ")
		if *n, err = strconv.ParseInt(word, 10, 64); err != nil {
			return err
		}
	}
	return nil
}

// unusual reads what a claim returns of a job that is not as most are.
func (j *Job) unusual(text string) error {
	var deadline, backoff, backoffMax int64
	var cancel int
	var killed string
	into := []any{&deadline, &j.Retry.Attempts, &backoff, &backoffMax, &cancel, &j.Slot.Key, &j.Slot.Limit, &j.Parent, &killed, &j.Reason}
	if err := json.Unmarshal([]byte(text), &into); err != nil {
		return fmt.Errorf("reading job %d: %w", j.ID, err)
	}
	j.Deadline, j.Cancel = db.Time(deadline), cancel != 0
	j.Retry.Backoff, j.Retry.MaxBackoff = time.Duration(backoff)*time.Millisecond, time.Duration(backoffMax)*time.Millisecond
	if killed != "" {
		j.Killed = strings.Fields(killed)
	}
	return nil
}

// leased is when a lease of a job ends that was claimed just now, in milliseconds.
func (j *Job) leased(lease int64) time.Time {
	return j.Claimed.Add(time.Duration(lease) * time.Millisecond)
}
