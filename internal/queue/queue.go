// Package queue keeps the jobs that robots do: who may have which, who has it
// now, what becomes of it when its robot dies. It is a table of its own in
// Aether's database, on PostgreSQL and on SQLite.
//
// # States
//
//	from                 by                                         to
//	-                    Add                                        ready, later (not before a time), held (no room in its slot)
//	later                Tick, when its time has come               ready
//	held                 another job of its slot ends               ready or later
//	ready                Claim                                      leased
//	leased               Extend, by the holder of the attempt       leased
//	leased               Finish, by the holder                      gone: done
//	leased               Fail, by the holder, with attempts left    later
//	leased               Fail, by the holder, without               dead
//	leased               Release, by the holder                     ready, or later: the attempt does not count
//	leased               Tick, when the lease has run out           later, dead, or poison
//	ready, later, held   Tick, when the deadline has passed         dead
//	ready, later, held   Cancel                                     gone: cancelled
//	later                Wake, when what its run waits for has come ready
//	leased               Cancel                                     leased, and the holder is told with the next Extend
//	dead, poison         Requeue                                    ready, with all attempts again
//	dead, poison         Drop                                       gone: dropped
//
// A job that is gone has left the table and cannot change any more; what
// happened to it stays in the log. Every change by a holder names the job's
// fence, a number that grows with each lease, so a robot that slept through its
// lease changes nothing (ErrLeaseLost).
//
// All times are the database's: robots' clocks may be wrong.
//
// What a call has changed is durable when it returns, but for claims on
// PostgreSQL: see lazily.
//
// # Order
//
// A job's rank is the time it became ready less five minutes for each step of
// priority; the lowest rank goes first. So a job of priority 20 goes before one
// of priority 0, until that one has waited 100 minutes longer: nothing starves.
// Among tenants the queue takes turns, whatever their ranks: see Claim.
package queue

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/aether-rpa/aether/internal/db"
	"github.com/aether-rpa/aether/internal/tally"
	"github.com/aether-rpa/aether/spelling"
)

// State is where a job is in its life.
type State int

// The states of jobs. The numbers stand in the database.
const (
	Ready  State = 0 // may be claimed
	Leased State = 1 // a robot has it
	Later  State = 2 // ready at a time to come
	Held   State = 3 // waits for room in its slot
	Dead   State = 4 // a dead letter: no attempts left, or past its deadline
	Poison State = 5 // killed too many robots
)

var stateNames = [...]string{"ready", "leased", "later", "held", "dead", "poison"}

// String returns the name of the state.
func (s State) String() string {
	if s < 0 || int(s) >= len(stateNames) {
		return fmt.Sprintf("state %d", int(s))
	}
	return stateNames[s]
}

// MarshalText writes the name of the state.
func (s State) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// ParseState reads the name of a state.
func ParseState(name string) (State, error) {
	for i, n := range stateNames {
		if n == name {
			return State(i), nil
		}
	}
	return 0, fmt.Errorf("there is no job state %q: use %s", name, spelling.Or(stateNames[:]))
}

// Limits and defaults.
const (
	MaxPriority     = 20
	DefaultAttempts = 3
	DefaultBackoff  = 5 * time.Second
	MaxBackoff      = 10 * time.Minute
	LeaseTime       = 30 * time.Second // without a heartbeat
	PoisonAfter     = 3                // distinct robots that died with a job
	maxPayload      = 1 << 20
	rankStep        = 5 * time.Minute // what a step of priority is worth in waiting
)

// Retry says how often a job is tried and how long it rests between.
type Retry struct {
	Attempts   int           `json:"attempts"`    // default DefaultAttempts; at most 100
	Backoff    time.Duration `json:"backoff"`     // rest after the first attempt, doubled after each; default DefaultBackoff
	MaxBackoff time.Duration `json:"max_backoff"` // default MaxBackoff
}

// Full says what Add does with a job whose slot has no room.
type Full string

// What can be done with a job whose slot is full.
const (
	Hold         Full = "queue"         // it waits until there is room
	DropNew      Full = "drop"          // it is not added
	CancelOldest Full = "cancel_oldest" // the oldest of the slot is cancelled, and it waits until that one is gone
)

// Slot limits how many jobs with the same key exist at a time, ready or at
// work; the zero value is no limit.
type Slot struct {
	Key   string `json:"key,omitempty"`
	Limit int    `json:"limit,omitempty"` // default 1
	Full  Full   `json:"full,omitempty"`  // default Hold
}

// Job is one piece of work for a robot.
type Job struct {
	ID       int64           `json:"id"`
	Run      string          `json:"run"` // the run it executes
	Queue    string          `json:"queue,omitempty"`
	Tenant   string          `json:"tenant,omitempty"`
	Needs    string          `json:"needs,omitempty"`   // expression over robot labels, see ParseNeeds
	Priority int             `json:"priority"`          // 0 to MaxPriority, higher first
	After    time.Time       `json:"after,omitzero"`    // not before
	Deadline time.Time       `json:"deadline,omitzero"` // a job not begun by then is dead
	Retry    Retry           `json:"retry"`
	Slot     Slot            `json:"slot,omitzero"`
	Key      string          `json:"key,omitempty"` // idempotency: adding it twice is once, see Add
	Parent   string          `json:"parent,omitempty"`
	Payload  json.RawMessage `json:"payload,omitempty"`

	State   State     `json:"state"`
	Attempt int       `json:"attempt"`
	Robot   string    `json:"robot,omitempty"` // that has or had it last
	Lease   time.Time `json:"lease,omitzero"`
	Killed  []string  `json:"killed,omitempty"` // robots whose lease of it ran out
	Reason  string    `json:"reason,omitempty"` // of the last failure
	Cancel  bool      `json:"cancel,omitempty"` // somebody asked for it
	Created time.Time `json:"created,omitzero"`
	Claimed time.Time `json:"claimed,omitzero"`

	lane, fence, rank int64
}

// Errors that callers test for.
var (
	ErrLeaseLost = errors.New("the lease of the job is lost: it ran out, or somebody cancelled the job")
	ErrNotFound  = errors.New("there is no such job")
	ErrJob       = errors.New("the job cannot be added as it is") // what was asked for is wrong, not the database
)

// Topic is what db.Listen is asked for to hear of new jobs.
const Topic = "job"

// Queue is the queue in a database. It is safe for concurrent use.
type Queue struct {
	// Tally counts what happens to jobs in this process.
	Tally *tally.Tally

	db    *db.DB
	lanes lanes
	fair  fair
	low   lowWater
	ahead ahead

	claims   together[*claiming]
	finishes together[*finishing]
}

// New returns the queue in a database.
func New(d *db.DB) *Queue {
	q := &Queue{Tally: &tally.Tally{}, db: d, ahead: ahead{gate: make(chan struct{}, 1)}}
	limit := 1 // SQLite does one at a time
	if d.Pool != nil {
		limit = 2
	}
	q.claims = together[*claiming]{limit: limit, size: func(c *claiming) int { return len(c.wants) }, run: q.claimTogether}
	q.finishes = together[*finishing]{limit: limit, size: func(c *finishing) int { return len(c.jobs) }, run: q.finishTogether}
	return q
}

// Now returns the time of the database.
func (q *Queue) Now(ctx context.Context) (time.Time, error) {
	var ms int64
	if err := q.db.QueryRow(ctx, `SELECT {now}`).Scan(&ms); err != nil {
		return time.Time{}, fmt.Errorf("asking the database for the time: %w", err)
	}
	return time.UnixMilli(ms), nil
}

// check fills in the defaults of a job and says what is wrong with it.
func (j *Job) check() error {
	switch {
	case j.Run == "":
		return errors.New("the job names no run")
	case j.Priority < 0 || j.Priority > MaxPriority:
		return fmt.Errorf("the job's priority is %d: it must be from 0 to %d, higher first", j.Priority, MaxPriority)
	case j.Retry.Attempts < 0 || j.Retry.Attempts > 100:
		return fmt.Errorf("the job's attempts are %d: they must be from 1 to 100", j.Retry.Attempts)
	case j.Retry.Backoff < 0 || j.Retry.MaxBackoff < 0:
		return errors.New("the job's rest between attempts is negative")
	case len(j.Payload) > maxPayload:
		return fmt.Errorf("the job's payload has %d bytes: at most %d are allowed (put large data into a file or artifact)", len(j.Payload), maxPayload)
	case j.Slot.Limit < 0:
		return fmt.Errorf("the limit of the job's slot is %d: it must be 1 or more", j.Slot.Limit)
	case j.Slot.Full != "" && j.Slot.Full != Hold && j.Slot.Full != DropNew && j.Slot.Full != CancelOldest:
		return fmt.Errorf("a full slot cannot be met with %q: use queue, drop or cancel_oldest", j.Slot.Full)
	}
	needs, err := ParseNeeds(j.Needs)
	if err != nil {
		return err
	}
	j.Needs = needs.String()
	if j.Retry.Attempts == 0 {
		j.Retry.Attempts = DefaultAttempts
	}
	if j.Retry.Backoff == 0 {
		j.Retry.Backoff = DefaultBackoff
	}
	if j.Retry.MaxBackoff == 0 {
		j.Retry.MaxBackoff = max(MaxBackoff, j.Retry.Backoff)
	}
	if j.Slot.Key != "" {
		if j.Slot.Limit == 0 {
			j.Slot.Limit = 1
		}
		if j.Slot.Full == "" {
			j.Slot.Full = Hold
		}
	}
	return nil
}

// rank places a job that becomes ready at a time (unix ms).
func rank(readyAt int64, priority int) int64 {
	return readyAt - int64(priority)*rankStep.Milliseconds()
}
