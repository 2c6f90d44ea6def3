package run

import (
	"context"
	"database/sql"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/aether-rpa/aether/internal/db"
)

// Who has taken over the browser of a run stands in one row, as what its browser shows does: the person's pages leave
// there what was done, sealed, and the robot takes it out, and says how it stands. The row is there until the browser
// was given back, whoever ends meanwhile.

const (
	// HandAway is how long nothing must have been heard of who has the browser before somebody else may take it.
	HandAway = 30 * time.Second
	// HandKept is how long a robot keeps a browser open for who has it and is not there.
	HandKept = 10 * time.Minute
	// maxHandInput bounds what waits to be done, in requests.
	maxHandInput = 500
)

// ErrHand says that somebody else has the browser of a run.
var ErrHand = errors.New("somebody else has it")

// Hand is how it stands with the browser of a run that a person has taken over.
type Hand struct {
	Run   string        `json:"run"`
	ID    string        `json:"id"` // of this taking over
	By    string        `json:"by"`
	Since time.Time     `json:"since"`
	Away  time.Duration `json:"away"` // since something was heard of the person
	// Ready says that the person drives the browser now; else Why says what it waits for.
	Ready bool   `json:"ready"`
	Why   string `json:"why,omitempty"`
	// Back is who wants it to be given back, "" while nobody does; GoOn says that the run is to go on then.
	Back     string          `json:"back,omitempty"`
	GoOn     bool            `json:"go_on,omitempty"`
	State    json.RawMessage `json:"state,omitempty"` // what there is besides the picture
	Gestures int             `json:"gestures"`
	// Input is what was done and waits, for the robot only.
	Input []HandInput `json:"input,omitempty"`
}

// HandInput is something a person did, sealed with the key of the run's sessions.
type HandInput struct {
	Seq  int64  `json:"seq"`
	Data []byte `json:"data"`
}

// HandSaid is what a robot says of a hand.
type HandSaid struct {
	// ID is the hand that it is about; "" says nothing.
	ID    string          `json:"id,omitempty"`
	Ready bool            `json:"ready,omitempty"`
	Why   string          `json:"why,omitempty"`
	State json.RawMessage `json:"state,omitempty"`
	// Done is the last input that was done, and Gestures how many gestures all of them were.
	Done     int64 `json:"done,omitempty"`
	Gestures int   `json:"gestures,omitempty"`
	// Over says that the robot has the browser again, and all that was done is kept.
	Over bool `json:"over,omitempty"`
}

// TakeHand gives the browser of a run to a person, if nobody else has it who is there. The error wraps ErrHand.
func (s *Store) TakeHand(ctx context.Context, run, id, by string) error {
	n, err := s.db.Exec(ctx, `INSERT INTO {s}hand AS h (run, id, person, since, seen) VALUES ($1, $2, $3, {now}, {now})
		ON CONFLICT (run) DO UPDATE SET id = CASE WHEN h.person = excluded.person THEN h.id ELSE excluded.id END, since = CASE WHEN h.person = excluded.person THEN h.since ELSE excluded.since END,
			ready = CASE WHEN h.person = excluded.person THEN h.ready ELSE 0 END, gestures = CASE WHEN h.person = excluded.person THEN h.gestures ELSE 0 END, person = excluded.person, seen = excluded.seen, back = '', why = ''
		WHERE h.person = excluded.person OR h.seen < {now} - $4`, run, id, db.Text(by), HandAway.Milliseconds())
	if err != nil {
		return fmt.Errorf("taking over run %s: %w", run, err)
	}
	if n == 0 {
		return ErrHand
	}
	return nil
}

// HandOf tells who has the browser of a run; nil if nobody does.
func (s *Store) HandOf(ctx context.Context, run string) (*Hand, error) {
	h := Hand{Run: run}
	var since, away int64
	var ready, goOn int
	var state string
	err := s.db.QueryRow(ctx, `SELECT id, person, since, {now} - seen, ready, back, go_on, why, state, gestures FROM {s}hand WHERE run = $1`, run).Scan(&h.ID, &h.By, &since, &away, &ready, &h.Back, &goOn, &h.Why, &state, &h.Gestures)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("looking who has the browser of run %s: %w", run, err)
	}
	h.Since, h.Away, h.Ready, h.GoOn, h.State = time.UnixMilli(since), max(0, time.Duration(away)*time.Millisecond), ready != 0, goOn != 0, raw(state)
	return &h, nil
}

// SeeHand says that the person is there who has the browser of a run.
func (s *Store) SeeHand(ctx context.Context, run, id string) error {
	_, err := s.db.Exec(ctx, `UPDATE {s}hand SET seen = {now} WHERE run = $1 AND id = $2`, run, id)
	return err
}

// SendHand leaves what a person did, sealed, for the robot; it reports whether the person has the browser still, and
// there is room.
func (s *Store) SendHand(ctx context.Context, run, id string, sealed []byte) (sent bool, err error) {
	err = s.db.Tx(ctx, func(tx *db.Tx) error {
		var seq, waiting int64
		err := tx.QueryRow(ctx, `UPDATE {s}hand SET sent = sent + 1, seen = {now} WHERE run = $1 AND id = $2 AND ready = 1 AND back = '' RETURNING sent`, run, id).Scan(&seq)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := tx.QueryRow(ctx, `SELECT count(*) FROM {s}hand_input WHERE run = $1`, run).Scan(&waiting); err != nil || waiting >= maxHandInput {
			return err
		}
		sent = true
		_, err = tx.Exec(ctx, `INSERT INTO {s}hand_input (run, seq, data) VALUES ($1, $2, $3)`, run, seq, base64.StdEncoding.EncodeToString(sealed))
		return err
	})
	if err != nil {
		return false, fmt.Errorf("sending what was done to run %s: %w", run, err)
	}
	return sent, nil
}

// BackHand says that the browser of a run is to be given back, who wants it, and whether what is paused is to go on.
func (s *Store) BackHand(ctx context.Context, run, by string, goOn bool) error {
	n := 0
	if goOn {
		n = 1
	}
	_, err := s.db.Exec(ctx, `UPDATE {s}hand SET back = $1, go_on = $2 WHERE run = $3`, db.Text(by), n, run)
	return err
}

// DropHand forgets who had the browser of a run: no robot has it.
func (s *Store) DropHand(ctx context.Context, run string) error {
	return s.db.Tx(ctx, func(tx *db.Tx) error { return dropHand(ctx, tx, run) })
}

func dropHand(ctx context.Context, tx *db.Tx, run string) error {
	for _, q := range []string{`DELETE FROM {s}hand_input WHERE run = $1`, `DELETE FROM {s}hand WHERE run = $1`} {
		if _, err := tx.Exec(ctx, q, run); err != nil {
			return err
		}
	}
	return nil
}

// Hand takes what a robot says of who has the browser of a run, and tells it how it stands with what was done since;
// nil if nobody has it.
func (s *Store) Hand(ctx context.Context, run string, said HandSaid) (*Hand, error) {
	if said.ID != "" {
		if err := s.db.Tx(ctx, func(tx *db.Tx) error { return sayHand(ctx, tx, run, said) }); err != nil {
			return nil, fmt.Errorf("telling how it stands with the browser of run %s: %w", run, err)
		}
	}
	h, err := s.HandOf(ctx, run)
	if err != nil || h == nil || !h.Ready {
		return h, err
	}
	h.State = nil // the robot has it
	rows, err := s.db.Query(ctx, `SELECT seq, data FROM {s}hand_input WHERE run = $1 ORDER BY seq LIMIT 50`, run)
	if err != nil {
		return nil, fmt.Errorf("reading what was done to run %s: %w", run, err)
	}
	defer rows.Close()
	for rows.Next() {
		var in HandInput
		var data string
		if err := rows.Scan(&in.Seq, &data); err != nil {
			return nil, err
		}
		if in.Data, err = base64.StdEncoding.DecodeString(data); err != nil {
			return nil, fmt.Errorf("what was done to run %s is damaged: %w", run, err)
		}
		h.Input = append(h.Input, in)
	}
	return h, rows.Err()
}

func sayHand(ctx context.Context, tx *db.Tx, run string, said HandSaid) error {
	ready := 0
	if said.Ready {
		ready = 1
	}
	n, err := tx.Exec(ctx, `UPDATE {s}hand SET ready = $1, why = $2, state = CASE WHEN $3 = '' THEN state ELSE $3 END, gestures = $4 WHERE run = $5 AND id = $6`,
		ready, db.Text(said.Why), db.Text(string(said.State)), said.Gestures, run, said.ID)
	if err != nil || n == 0 {
		return err // somebody else has it by now
	}
	if said.Over {
		return dropHand(ctx, tx, run)
	}
	_, err = tx.Exec(ctx, `DELETE FROM {s}hand_input WHERE run = $1 AND seq <= $2`, run, said.Done)
	return err
}
