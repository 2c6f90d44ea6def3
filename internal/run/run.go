// Package run keeps what is known of runs outside their records: which flow
// version a run executes, its status, who executes it now, what it waits for,
// what happened in it. People and the UI read it; the engine's records (package
// durable) are the authority for replay.
//
// # Statuses
//
//	queued     a job of the queue will execute it; nobody has begun
//	running    a process executes the run, or did and died (see Run.Interrupted)
//	waiting    parked: for a time or a message
//	attention  parked: a person must decide
//	done       ended with outputs            (final)
//	failed     ended with a failure          (final)
//	cancelled  somebody cancelled it         (final)
//
// Only the process that holds the run's lease, proven by its fence number, may
// change the run. A lease lasts 30 seconds and is renewed by a heartbeat; a
// process that is stopped for longer loses it. The lease of a process that died
// on this machine is free at once.
package run

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/base32"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/aether-rpa/aether/internal/db"
	"github.com/aether-rpa/aether/node"
)

// Status is where a run is in its life.
type Status string

// The statuses of runs.
const (
	Queued    Status = "queued"
	Running   Status = "running"
	Waiting   Status = "waiting"
	Attention Status = "attention"
	Done      Status = "done"
	Failed    Status = "failed"
	Cancelled Status = "cancelled"
)

// Final reports whether the status never changes again.
func (s Status) Final() bool { return s == Done || s == Failed || s == Cancelled }

// Run is one run of a flow.
type Run struct {
	ID       string            `json:"id"`
	Flow     string            `json:"flow"`   // name of the flow
	Digest   string            `json:"digest"` // of the flow version it executes
	Pins     map[string]string `json:"pins,omitempty"`
	Source   string            `json:"source,omitempty"` // file it was started from
	Status   Status            `json:"status"`
	RetryOf  string            `json:"retry_of,omitempty"`
	Seed     *Seed             `json:"seed,omitempty"`
	Input    json.RawMessage   `json:"input"`
	Output   json.RawMessage   `json:"output,omitempty"`
	Failure  *node.Failure     `json:"failure,omitempty"`
	Waits    json.RawMessage   `json:"waits,omitempty"`
	Wake     time.Time         `json:"wake,omitzero"`
	Nodes    int64             `json:"nodes"`    // node executions finished
	Recorded int64             `json:"recorded"` // of these, recorded
	Resumes  int64             `json:"resumes"`  // how often it was taken up again
	Cancel   bool              `json:"cancel,omitempty"`
	Owner    string            `json:"owner,omitempty"` // process that executes it
	Lease    time.Time         `json:"lease,omitzero"`
	Created  time.Time         `json:"created"`
	Started  time.Time         `json:"started,omitzero"`
	Ended    time.Time         `json:"ended,omitzero"`
	// Trace is the W3C traceparent of what the run was started by: its executions
	// belong to that trace. If it is empty, their trace is made from the id.
	Trace string `json:"trace,omitempty"`
	// RetryTrace is Trace of the run that this one retries.
	RetryTrace string `json:"retry_trace,omitempty"`
	// Development says what the run is about if it was made while its flow was
	// written; nil for the flow's own runs.
	Development *Development `json:"development,omitempty"`
	// StartedBy is who asked for the run: an account, a token, or a user of the machine; empty if nobody is known.
	StartedBy string `json:"started_by,omitempty"`
	// Labels are words that it was given when it was asked for, to be found by.
	Labels []string `json:"labels,omitempty"`
	// Interrupted is derived: the status says running, and nobody executes it.
	Interrupted bool `json:"interrupted,omitempty"`
	// Paused is derived: a line of the run is paused, as a person wanted.
	Paused bool `json:"paused,omitempty"`

	fence int64
}

// Seed says which records of an earlier run a run begins with.
type Seed struct {
	Artifact string `json:"artifact"` // digest of the records
	Count    int    `json:"count"`    // how many
	Check    bool   `json:"check"`    // compare inputs before use: the flow version is another
	// Sealed is the run whose key the states of sessions in them are sealed with.
	Sealed string `json:"sealed,omitempty"`
}

// SealedAs returns the id of the run whose key this run's sessions are sealed
// with: a run that goes on from the records of another can open its sessions.
func (r *Run) SealedAs() string {
	if r.Seed != nil && r.Seed.Sealed != "" {
		return r.Seed.Sealed
	}
	return r.ID
}

// Took returns how long the run has taken so far.
func (r *Run) Took(now time.Time) time.Duration {
	switch {
	case r.Started.IsZero():
		return 0
	case !r.Ended.IsZero():
		return r.Ended.Sub(r.Started)
	}
	return now.Sub(r.Started)
}

// Shown returns the status as people read it: interrupted and paused runs say so.
func (r *Run) Shown() string {
	switch {
	case r.Interrupted:
		return "interrupted"
	case r.Paused:
		return "paused"
	}
	return string(r.Status)
}

// ErrNotFound is returned for an id that no run has.
var ErrNotFound = errors.New("run not found")

// ErrSeveral is returned for the beginning of an id that several runs have.
var ErrSeveral = errors.New("several runs begin with")

// ErrEnded says that a run cannot be executed any more.
var ErrEnded = errors.New("has ended")

// LeaseTime is how long a lease lasts without a heartbeat.
const LeaseTime = 30 * time.Second

// BusyError says that another process executes the run.
type BusyError struct {
	Run, Owner string
	Until      time.Time
	Now        time.Time
}

// Error implements error.
func (e *BusyError) Error() string {
	return fmt.Sprintf("run %s is being executed by %s; if that process is gone, its lease ends in %s", e.Run, e.Owner, e.Until.Sub(e.Now).Round(time.Second))
}

// Store keeps runs in the database. It is safe for concurrent use.
type Store struct {
	db    *db.DB
	alive func(owner string) Liveness
}

// NewStore returns the store in a database. Alive tells whether the process an
// owner names still lives; nil asks the operating system.
func NewStore(d *db.DB, alive func(owner string) Liveness) *Store {
	if alive == nil {
		alive = Alive
	}
	return &Store{db: d, alive: alive}
}

// NewID returns a run id that sorts by time and can be read out on the phone:
// 261122-205701-k3f9.
func NewID(now time.Time, random io.Reader) (string, error) {
	b := make([]byte, 5)
	if _, err := io.ReadFull(random, b); err != nil {
		return "", fmt.Errorf("making a run id: %w", err)
	}
	return now.UTC().Format("060102-150405-") + strings.ToLower(base32.StdEncoding.EncodeToString(b))[:6], nil
}

const insertRun = `INSERT INTO {s}run (id, flow, digest, pins, source, status, retry_of, seed, input, created, trace, retry_trace, owner, lease_until, development, started_by, labels)
	VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, CASE WHEN $14 = 0 THEN 0 ELSE {now} + $14 END, $15, $16, $17) ON CONFLICT (id) DO NOTHING`

// Create adds a run. It returns false, and changes nothing, if the id is taken.
func (s *Store) Create(ctx context.Context, r *Run) (bool, error) {
	var fresh bool
	err := s.db.Tx(ctx, func(tx *db.Tx) (err error) {
		fresh, err = s.CreateIn(ctx, tx, r)
		return err
	})
	return fresh, err
}

// CreateIn is Create in the caller's transaction. The run's status is Running
// unless it says Queued. One that is about to be executed here has its owner's
// lease from the beginning: until it is claimed nobody else may take it for one
// that was interrupted.
func (s *Store) CreateIn(ctx context.Context, tx *db.Tx, r *Run) (bool, error) {
	pins, err := json.Marshal(r.Pins)
	if err != nil {
		return false, err
	}
	seed, err := textOf(r.Seed)
	if err != nil {
		return false, err
	}
	development, err := textOf(r.Development)
	if err != nil {
		return false, err
	}
	status := Running
	if r.Status == Queued {
		status = Queued
	}
	owner, lease := "", int64(0)
	if status == Running && r.Owner != "" {
		owner, lease = r.Owner, LeaseTime.Milliseconds()
	}
	r.request(ctx)
	labels := ""
	if len(r.Labels) > 0 {
		if labels, err = textOf(&r.Labels); err != nil {
			return false, err
		}
	}
	n, err := tx.Exec(ctx, insertRun, r.ID, r.Flow, r.Digest, string(pins), r.Source, status, r.RetryOf, seed, string(r.Input), r.Created.UnixMilli(), r.Trace, r.RetryTrace, owner, lease, development, r.StartedBy, labels)
	if err == nil && n == 1 {
		err = label(ctx, tx, r)
	}
	if err != nil {
		return false, fmt.Errorf("adding run %s: %w", r.ID, err)
	}
	return n == 1, nil
}

const columns = `id, flow, digest, pins, source, status, retry_of, seed, input, output, failure, waits, wake, nodes, recorded, resumes, cancel, owner, fence, lease_until, created, started, ended, trace, retry_trace, development, started_by, labels`

type scanner interface{ Scan(...any) error }

func (s *Store) scan(row scanner, now time.Time) (*Run, error) {
	var r Run
	var pins, seed, input, output, failure, waits, development, labels string
	var wake, lease, created, started, ended int64
	var cancel int
	if err := row.Scan(&r.ID, &r.Flow, &r.Digest, &pins, &r.Source, &r.Status, &r.RetryOf, &seed, &input, &output, &failure, &waits, &wake,
		&r.Nodes, &r.Recorded, &r.Resumes, &cancel, &r.Owner, &r.fence, &lease, &created, &started, &ended, &r.Trace, &r.RetryTrace, &development, &r.StartedBy, &labels); err != nil {
		return nil, err
	}
	r.Cancel = cancel != 0
	r.Input, r.Output, r.Waits = raw(input), raw(output), raw(waits)
	r.Wake, r.Lease, r.Created, r.Started, r.Ended = db.Time(wake), db.Time(lease), db.Time(created), db.Time(started), db.Time(ended)
	for _, f := range []struct {
		text string
		into any
	}{{pins, &r.Pins}, {seed, &r.Seed}, {failure, &r.Failure}, {development, &r.Development}, {labels, &r.Labels}} {
		if f.text == "" {
			continue
		}
		if err := json.Unmarshal([]byte(f.text), f.into); err != nil {
			return nil, fmt.Errorf("run %s is damaged in the database: %w", r.ID, err)
		}
	}
	r.Interrupted = r.Status == Running && s.free(&r, now)
	r.Paused = !r.Status.Final() && strings.Contains(waits, `"kind":"paused"`)
	return &r, nil
}

func raw(s string) json.RawMessage {
	if s == "" {
		return nil
	}
	return json.RawMessage(s)
}

// free reports whether nobody holds the run's lease.
func (s *Store) free(r *Run, now time.Time) bool {
	return r.Owner == "" || now.After(r.Lease) || s.alive(r.Owner) == Dead
}

// Get returns a run. A prefix of the id is enough if only one run has it.
func (s *Store) Get(ctx context.Context, id string) (*Run, error) {
	now, err := s.Now(ctx)
	if err != nil {
		return nil, err
	}
	r, err := s.scan(s.db.QueryRow(ctx, `SELECT `+columns+` FROM {s}run WHERE id = $1`, id), now)
	if err == nil {
		return r, nil
	}
	if !errors.Is(err, sql.ErrNoRows) {
		return nil, fmt.Errorf("reading run %s: %w", id, err)
	}
	list, err := s.List(ctx, Filter{Prefix: id, Limit: 2})
	if err != nil {
		return nil, err
	}
	switch {
	case id == "" || len(list) == 0:
		return nil, fmt.Errorf("%w: %q (`aether runs list` shows them)", ErrNotFound, id)
	case len(list) > 1:
		return nil, fmt.Errorf("%w %q: write more of the id", ErrSeveral, id)
	}
	return list[0], nil
}

// Now returns the time of the database, which all processes share.
func (s *Store) Now(ctx context.Context) (time.Time, error) {
	if s.db.Pool == nil {
		return time.Now(), nil
	}
	var ms int64
	if err := s.db.QueryRow(ctx, `SELECT (EXTRACT(EPOCH FROM clock_timestamp()) * 1000)::BIGINT`).Scan(&ms); err != nil {
		return time.Time{}, fmt.Errorf("asking the database for the time: %w", err)
	}
	return time.UnixMilli(ms), nil
}

// Claim takes the lease of a run for owner, a process name made by Self. Runs
// that have ended cannot be claimed; a live process that holds the lease gives
// a *BusyError.
func (s *Store) Claim(ctx context.Context, id, owner string) (*Run, error) {
	var out *Run
	err := s.db.Tx(ctx, func(tx *db.Tx) error {
		now, err := s.Now(ctx)
		if err != nil {
			return err
		}
		q := `SELECT ` + columns + ` FROM {s}run WHERE id = $1`
		if s.db.Pool != nil {
			q += ` FOR UPDATE`
		}
		r, err := s.scan(tx.QueryRow(ctx, q, id), now)
		switch {
		case errors.Is(err, sql.ErrNoRows):
			return fmt.Errorf("%w: %s", ErrNotFound, id)
		case err != nil:
			return fmt.Errorf("reading run %s: %w", id, err)
		case r.Status.Final():
			return fmt.Errorf("run %s %w: it is %s", id, ErrEnded, r.Status)
		case r.Status == Running && r.Owner != owner && !s.free(r, now):
			return &BusyError{Run: id, Owner: r.Owner, Until: r.Lease, Now: now}
		}
		if !r.Started.IsZero() {
			r.Resumes++
		} else {
			r.Started = now
		}
		r.fence++
		r.Owner, r.Lease, r.Status, r.Interrupted = owner, now.Add(LeaseTime), Running, false
		r.Waits, r.Wake, r.Paused = nil, time.Time{}, false
		_, err = tx.Exec(ctx, `UPDATE {s}run SET status = $1, owner = $2, fence = $3, lease_until = $4, started = $5, resumes = $6, waits = '', wake = 0 WHERE id = $7`,
			Running, owner, r.fence, r.Lease.UnixMilli(), r.Started.UnixMilli(), r.Resumes, id)
		out = r
		return err
	})
	return out, err
}

// ErrLeaseLost means that another process has taken the run over.
var ErrLeaseLost = errors.New("another process has taken the run over")

// Beat renews the lease and tells whether somebody asked to cancel the run.
func (s *Store) Beat(ctx context.Context, r *Run, nodes, recorded int64) (cancel bool, err error) {
	now, err := s.Now(ctx)
	if err != nil {
		return false, err
	}
	var c int
	err = s.db.QueryRow(ctx, `UPDATE {s}run SET lease_until = $1, nodes = $2, recorded = $3 WHERE id = $4 AND fence = $5 AND status = 'running' RETURNING cancel`,
		now.Add(LeaseTime).UnixMilli(), nodes, recorded, r.ID, r.fence).Scan(&c)
	if errors.Is(err, sql.ErrNoRows) {
		return false, ErrLeaseLost
	}
	return c != 0, err
}

// SetWaits writes what a run that goes on being executed waits for, so that
// others can answer.
func (s *Store) SetWaits(ctx context.Context, r *Run, waits json.RawMessage) error {
	_, err := s.db.Exec(ctx, `UPDATE {s}run SET waits = $1 WHERE id = $2 AND fence = $3 AND status = 'running'`, string(waits), r.ID, r.fence)
	return err
}

// End writes how the execution ended and gives the lease back: with a final
// status, or parked, or (status running) interrupted.
func (s *Store) End(ctx context.Context, r *Run) error {
	failure := ""
	if r.Failure != nil {
		b, err := json.Marshal(r.Failure)
		if err != nil {
			return err
		}
		failure = string(b)
	}
	ended := int64(0)
	if r.Status.Final() {
		now, err := s.Now(ctx)
		if err != nil {
			return err
		}
		r.Ended, ended = now, now.UnixMilli()
	}
	wake := int64(0)
	if !r.Wake.IsZero() {
		wake = r.Wake.UnixMilli()
	}
	n, err := s.db.Exec(ctx, `UPDATE {s}run SET status = $1, output = $2, failure = $3, waits = $4, wake = $5, nodes = $6, recorded = $7, ended = $8, owner = '', lease_until = 0
		WHERE id = $9 AND fence = $10 AND status = 'running'`,
		r.Status, string(r.Output), failure, string(r.Waits), wake, r.Nodes, r.Recorded, ended, r.ID, r.fence)
	if err != nil {
		return fmt.Errorf("writing the end of run %s: %w", r.ID, err)
	}
	if n == 0 {
		return fmt.Errorf("writing the end of run %s: %w", r.ID, ErrLeaseLost)
	}
	return nil
}

// Cancel asks the process that executes the run to cancel it; a run that nobody
// executes is cancelled at once. It returns the run as it is then.
func (s *Store) Cancel(ctx context.Context, id string) (*Run, error) {
	r, err := s.Get(ctx, id)
	if err != nil {
		return nil, err
	}
	if r.Status.Final() {
		return r, fmt.Errorf("run %s %w: it is %s", r.ID, ErrEnded, r.Status)
	}
	if r.Status == Running && !r.Interrupted {
		_, err = s.db.Exec(ctx, `UPDATE {s}run SET cancel = 1 WHERE id = $1`, r.ID)
		return r, err
	}
	now, err := s.Now(ctx)
	if err != nil {
		return nil, err
	}
	n, err := s.db.Exec(ctx, `UPDATE {s}run SET status = 'cancelled', cancel = 1, owner = '', waits = '', wake = 0, fence = fence + 1, ended = $1 WHERE id = $2 AND fence = $3`,
		now.UnixMilli(), r.ID, r.fence)
	if err == nil && n == 0 {
		// Somebody took it up in between: ask that process.
		_, err = s.db.Exec(ctx, `UPDATE {s}run SET cancel = 1 WHERE id = $1`, r.ID)
	}
	if err != nil {
		return nil, fmt.Errorf("cancelling run %s: %w", r.ID, err)
	}
	return s.Get(ctx, r.ID)
}

// Random is the source of ids.
var Random io.Reader = rand.Reader

// Free ends the leases of all runs, in a database that was restored: the
// processes that had them are not there, and their last writes do not count.
func Free(ctx context.Context, tx *db.Tx) error {
	if _, err := tx.Exec(ctx, `UPDATE {s}run SET owner = '', lease_until = 0, fence = fence + 1 WHERE status = 'running'`); err != nil {
		return fmt.Errorf("freeing runs: %w", err)
	}
	return nil
}
