package run

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/aether-rpa/aether/internal/db"
	"github.com/aether-rpa/aether/internal/durable"
)

// Records of a run live in the durable engine of who executes it. Those that
// were made elsewhere, by an engine that this database is not, are kept here:
// they count as the run's own, whoever goes on with it.

// ClaimRemote is Claim for a robot with an engine of its own. Continues says
// that nobody else executed the run since the robot did: what it recorded of it
// is all there is.
func (s *Store) ClaimRemote(ctx context.Context, id, owner string) (r *Run, continues bool, err error) {
	if r, err = s.Claim(ctx, id, owner); err != nil {
		return nil, false, err
	}
	err = s.db.Tx(ctx, func(tx *db.Tx) error {
		var holder string
		var fence int64
		err := tx.QueryRow(ctx, `SELECT holder, fence FROM {s}remote_run WHERE run = $1`, id).Scan(&holder, &fence)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		// Each claim moves the fence by one.
		continues = err == nil && holder == owner && r.fence == fence+1
		_, err = tx.Exec(ctx, `INSERT INTO {s}remote_run (run, holder, fence) VALUES ($1, $2, $3)
			ON CONFLICT (run) DO UPDATE SET holder = excluded.holder, fence = excluded.fence`, id, owner, r.fence)
		return err
	})
	if err != nil {
		return nil, false, fmt.Errorf("taking run %s: %w", id, err)
	}
	return r, continues, nil
}

// Mirror writes a run that another database is the authority for, to be
// executed here.
func (s *Store) Mirror(ctx context.Context, r *Run) error {
	return s.db.Tx(ctx, func(tx *db.Tx) error {
		c := *r
		c.Status = Running
		if _, err := s.CreateIn(ctx, tx, &c); err != nil {
			return err
		}
		// Claim, which comes next, counts one up.
		_, err := tx.Exec(ctx, `UPDATE {s}run SET status = 'running', owner = '', lease_until = 0, waits = '', wake = 0, cancel = 0, started = $1, resumes = $2, recorded = $3 WHERE id = $4`,
			r.Started.UnixMilli(), r.Resumes-1, r.Recorded, r.ID)
		if err != nil {
			return fmt.Errorf("keeping run %s: %w", r.ID, err)
		}
		return nil
	})
}

// AddRecordsIn keeps records that were made elsewhere. One that is there
// already is replaced, so adding them again is adding them once.
func (s *Store) AddRecordsIn(ctx context.Context, tx *db.Tx, run string, list ...durable.Entry) error {
	for _, e := range list {
		if _, err := tx.Exec(ctx, `INSERT INTO {s}record (run, name, data) VALUES ($1, $2, $3) ON CONFLICT (run, name) DO UPDATE SET data = excluded.data`, run, e.Name, string(e.Data)); err != nil {
			return fmt.Errorf("keeping the record %s of run %s: %w", e.Name, run, err)
		}
	}
	return nil
}

// Import keeps records of a run that come from another engine, unless records
// of the same names are kept already.
func (s *Store) Import(ctx context.Context, run string, list []durable.Entry) error {
	return s.db.Tx(ctx, func(tx *db.Tx) error {
		for _, e := range list {
			if _, err := tx.Exec(ctx, `INSERT INTO {s}record (run, name, data) VALUES ($1, $2, $3) ON CONFLICT (run, name) DO NOTHING`, run, e.Name, string(e.Data)); err != nil {
				return fmt.Errorf("keeping the record %s of run %s: %w", e.Name, run, err)
			}
		}
		return nil
	})
}

// Records returns the records of a run that were made elsewhere, after a
// number, and the number of the last one.
func (s *Store) Records(ctx context.Context, run string, after int64, limit int) (list []durable.Entry, last int64, err error) {
	rows, err := s.db.Query(ctx, `SELECT id, name, data FROM {s}record WHERE run = $1 AND id > $2 ORDER BY id LIMIT $3`, run, after, limit)
	if err != nil {
		return nil, 0, fmt.Errorf("reading the records of run %s: %w", run, err)
	}
	defer rows.Close()
	last = after
	for rows.Next() {
		var e durable.Entry
		var data string
		if err := rows.Scan(&last, &e.Name, &data); err != nil {
			return nil, 0, fmt.Errorf("reading the records of run %s: %w", run, err)
		}
		e.Data = []byte(data)
		list = append(list, e)
	}
	return list, last, rows.Err()
}

// AllRecords returns all records of a run that were made elsewhere.
func (s *Store) AllRecords(ctx context.Context, run string) ([]durable.Entry, error) {
	var all []durable.Entry
	for after := int64(0); ; {
		list, last, err := s.Records(ctx, run, after, 1000)
		if err != nil {
			return nil, err
		}
		if all = append(all, list...); len(list) < 1000 {
			return all, nil
		}
		after = last
	}
}

// Uses reports whether a run uses an artifact.
func (s *Store) Uses(ctx context.Context, run, digest string) (bool, error) {
	var n int
	err := s.db.QueryRow(ctx, `SELECT count(*) FROM {s}artifact WHERE run = $1 AND digest = $2`, run, digest).Scan(&n)
	return n > 0, err
}

// Topical is a message with its topic.
type Topical struct {
	Topic string `json:"topic"`
	Message
}

// MessagesSince returns the messages of all topics that came at or after a time
// (unix ms).
func (s *Store) MessagesSince(ctx context.Context, run string, since int64) ([]Topical, error) {
	rows, err := s.db.Query(ctx, `SELECT topic, id, data, at FROM {s}message WHERE run = $1 AND at >= $2 ORDER BY at, id`, run, since)
	if err != nil {
		return nil, fmt.Errorf("reading messages: %w", err)
	}
	defer rows.Close()
	var out []Topical
	for rows.Next() {
		var m Topical
		var data string
		var ms int64
		if err := rows.Scan(&m.Topic, &m.ID, &data, &ms); err != nil {
			return nil, fmt.Errorf("reading messages: %w", err)
		}
		m.Data, m.At = raw(data), db.Time(ms)
		out = append(out, m)
	}
	return out, rows.Err()
}
