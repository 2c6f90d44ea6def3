package run

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aether-rpa/aether/internal/db"
)

// Event is one line of the journal of a run: what happened, for people.
type Event struct {
	Run  string          `json:"run"`
	Seq  int64           `json:"seq"` // counts up within the run
	Kind string          `json:"kind"`
	Path string          `json:"path,omitempty"` // node execution
	At   time.Time       `json:"at"`
	Data json.RawMessage `json:"data,omitempty"`
}

// AddEvents appends events to the journal in one transaction. An event whose
// sequence number is taken is left out.
func (s *Store) AddEvents(ctx context.Context, events []Event) error {
	return s.db.Tx(ctx, func(tx *db.Tx) error { return addEventsIn(ctx, tx, events) })
}

func addEventsIn(ctx context.Context, tx *db.Tx, events []Event) error {
	const batch = 100
	var added []written
	for len(events) > 0 {
		n := min(batch, len(events))
		var err error
		if added, err = addEvents(ctx, tx, events[:n], added); err != nil {
			return fmt.Errorf("writing the journal: %w", err)
		}
		events = events[n:]
	}
	return announceEvents(ctx, tx, added)
}

// addEvents appends events with one statement, and to the list those of them
// that were not there.
func addEvents(ctx context.Context, tx *db.Tx, events []Event, added []written) ([]written, error) {
	args := make([]any, 0, len(events)*6)
	var q strings.Builder
	q.WriteString(`INSERT INTO {s}event (run, seq, kind, path, at, data) VALUES `)
	for i, e := range events {
		if i > 0 {
			q.WriteByte(',')
		}
		fmt.Fprintf(&q, "($%d,$%d,$%d,$%d,$%d,$%d)", i*6+1, i*6+2, i*6+3, i*6+4, i*6+5, i*6+6)
		args = append(args, e.Run, e.Seq, db.Text(e.Kind), db.Text(e.Path), e.At.UnixMilli(), string(e.Data))
	}
	q.WriteString(` ON CONFLICT (run, seq) DO NOTHING RETURNING run, seq`)
	rows, err := tx.Query(ctx, q.String(), args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var run string
		var seq int64
		if err := rows.Scan(&run, &seq); err != nil {
			return nil, err
		}
		added = span(added, run, seq)
	}
	return added, rows.Err()
}

// scanEvents reads events whose columns are run, seq, kind, path, at and data, and closes the rows.
func scanEvents(rows *sql.Rows) ([]Event, error) {
	defer rows.Close()
	var out []Event
	for rows.Next() {
		var e Event
		var ms int64
		var data string
		if err := rows.Scan(&e.Run, &e.Seq, &e.Kind, &e.Path, &ms, &data); err != nil {
			return nil, fmt.Errorf("reading the journal: %w", err)
		}
		e.At, e.Data = time.UnixMilli(ms), raw(data)
		out = append(out, e)
	}
	return out, rows.Err()
}

// Events returns at most limit events of a run after a sequence number.
func (s *Store) Events(ctx context.Context, id string, after int64, limit int) ([]Event, error) {
	rows, err := s.db.Query(ctx, fmt.Sprintf(`SELECT run, seq, kind, path, at, data FROM {s}event WHERE run = $1 AND seq > $2 ORDER BY seq LIMIT %d`, limit), id, after)
	if err != nil {
		return nil, fmt.Errorf("reading the journal: %w", err)
	}
	return scanEvents(rows)
}

// LastEvent returns the highest sequence number of a run and when that event
// was; zero if there is none.
func (s *Store) LastEvent(ctx context.Context, id string) (seq int64, at time.Time, err error) {
	var ms int64
	err = s.db.QueryRow(ctx, `SELECT seq, at FROM {s}event WHERE run = $1 ORDER BY seq DESC LIMIT 1`, id).Scan(&seq, &ms)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, time.Time{}, nil
	}
	return seq, time.UnixMilli(ms), err
}

// Send leaves a message for a run. Messages of one topic are taken in the order
// of their ids' arrival; sending an id twice is once.
func (s *Store) Send(ctx context.Context, run, topic, id string, data json.RawMessage) error {
	now, err := s.Now(ctx)
	if err != nil {
		return err
	}
	return send(ctx, s.db, run, topic, id, data, now)
}

// SendIn is Send in the caller's transaction, for a run that was created at that time.
func (s *Store) SendIn(ctx context.Context, tx *db.Tx, run, topic, id string, data json.RawMessage, at time.Time) error {
	return send(ctx, tx, run, topic, id, data, at)
}

func send(ctx context.Context, to interface {
	Exec(ctx context.Context, query string, args ...any) (int64, error)
}, run, topic, id string, data json.RawMessage, at time.Time) error {
	// Each message of a run is later than those before it: what is sent within one millisecond is read in its order, and a
	// robot that asks for what came since the last misses none.
	_, err := to.Exec(ctx, `INSERT INTO {s}message (run, topic, id, data, at)
		SELECT $1, $2, $3, $4, COALESCE(MAX(CASE WHEN at >= $5 THEN at + 1 END), $5) FROM {s}message WHERE run = $1
		ON CONFLICT (run, topic, id) DO NOTHING`,
		run, topic, id, string(data), at.UnixMilli())
	if err != nil {
		return fmt.Errorf("sending to run %s: %w", run, err)
	}
	return nil
}

// Message is something sent to a run.
type Message struct {
	ID   string
	Data json.RawMessage
	At   time.Time
}

// Messages returns the messages of a topic in the order they came.
func (s *Store) Messages(ctx context.Context, run, topic string) ([]Message, error) {
	rows, err := s.db.Query(ctx, `SELECT id, data, at FROM {s}message WHERE run = $1 AND topic = $2 ORDER BY at, id`, run, topic)
	if err != nil {
		return nil, fmt.Errorf("reading messages: %w", err)
	}
	return scanMessages(rows)
}

// Inbox is a topic of a run.
type Inbox struct{ Run, Topic string }

// MessagesOf is Messages of several runs and topics with one query.
func (s *Store) MessagesOf(ctx context.Context, of []Inbox) (map[Inbox][]Message, error) {
	out := map[Inbox][]Message{}
	if len(of) == 0 {
		return out, nil
	}
	pairs := make([][2]string, len(of))
	for i, b := range of {
		pairs[i] = [2]string{b.Run, b.Topic}
	}
	list, err := json.Marshal(pairs)
	if err != nil {
		return nil, err
	}
	from := `json_each($1)`
	if s.db.Pool != nil {
		from = `json_array_elements($1::json) e (value)`
	}
	rows, err := s.db.Query(ctx, `SELECT m.run, m.topic, m.id, m.data, m.at FROM (SELECT value->>0 AS run, value->>1 AS topic FROM `+from+`) w JOIN {s}message m ON m.run = w.run AND m.topic = w.topic ORDER BY m.at, m.id`, string(list))
	if err != nil {
		return nil, fmt.Errorf("reading messages: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var b Inbox
		var m Message
		var data string
		var ms int64
		if err := rows.Scan(&b.Run, &b.Topic, &m.ID, &data, &ms); err != nil {
			return nil, fmt.Errorf("reading messages: %w", err)
		}
		m.Data, m.At = json.RawMessage(data), time.UnixMilli(ms)
		out[b] = append(out[b], m)
	}
	return out, rows.Err()
}

func scanMessages(rows *sql.Rows) ([]Message, error) {
	defer rows.Close()
	var out []Message
	for rows.Next() {
		var m Message
		var data string
		var ms int64
		if err := rows.Scan(&m.ID, &data, &ms); err != nil {
			return nil, fmt.Errorf("reading messages: %w", err)
		}
		m.Data, m.At = json.RawMessage(data), time.UnixMilli(ms)
		out = append(out, m)
	}
	return out, rows.Err()
}

// SaveFlow keeps a flow version; saving it again changes nothing, unless it was
// only tried before.
func (s *Store) SaveFlow(ctx context.Context, digest, name, body string) error {
	_, err := s.db.Exec(ctx, `INSERT INTO {s}flow_version AS v (digest, name, body, created) VALUES ($1, $2, $3, $4)
		ON CONFLICT (digest) DO UPDATE SET name = excluded.name, created = excluded.created WHERE v.name = ''`,
		digest, name, body, time.Now().UnixMilli())
	if err != nil {
		return fmt.Errorf("keeping the flow %s: %w", name, err)
	}
	return nil
}

// Flow returns the text of a flow version.
func (s *Store) Flow(ctx context.Context, digest string) (body string, err error) {
	err = s.db.QueryRow(ctx, `SELECT body FROM {s}flow_version WHERE digest = $1`, digest).Scan(&body)
	if errors.Is(err, sql.ErrNoRows) {
		return "", fmt.Errorf("the flow version %.12s is not in the database", digest)
	}
	return body, err
}

// Keep notes that a run uses an artifact, so that it is not collected.
func (s *Store) Keep(ctx context.Context, run, digest string) error {
	_, err := s.db.Exec(ctx, `INSERT INTO {s}artifact (run, digest) VALUES ($1, $2) ON CONFLICT (run, digest) DO NOTHING`, run, digest)
	return err
}

// Delete forgets ended runs and returns the artifacts that no run uses any
// more. Records in the durable engine are the caller's to delete, before.
func (s *Store) Delete(ctx context.Context, ids ...string) (orphans []string, err error) {
	err = s.db.Tx(ctx, func(tx *db.Tx) error {
		orphans = nil
		if tx.Postgres() {
			// Two that forget runs with a common artifact would each see the run of
			// the other, and neither delete it.
			if err := tx.Lock(ctx, db.LockArtifacts); err != nil {
				return err
			}
		}
		for _, id := range ids {
			mine, err := db.Column[string](tx.QueryContext(ctx, s.db.Q(`SELECT digest FROM {s}artifact WHERE run = $1`), id))
			if err != nil {
				return err
			}
			for _, q := range []string{`DELETE FROM {s}artifact WHERE run = $1`, `DELETE FROM {s}event WHERE run = $1`, `DELETE FROM {s}message WHERE run = $1`, `DELETE FROM {s}live WHERE run = $1`, `DELETE FROM {s}hand WHERE run = $1`, `DELETE FROM {s}hand_input WHERE run = $1`, `DELETE FROM {s}record WHERE run = $1`, `DELETE FROM {s}remote_run WHERE run = $1`, `DELETE FROM {s}run_label WHERE run = $1`, `DELETE FROM {s}run WHERE id = $1`} {
				if _, err := tx.Exec(ctx, q, id); err != nil {
					return err
				}
			}
			for _, d := range mine {
				var n int
				if err := tx.QueryRow(ctx, `SELECT COUNT(*) FROM {s}artifact WHERE digest = $1`, d).Scan(&n); err != nil {
					return err
				}
				if n == 0 {
					orphans = append(orphans, d)
				}
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("deleting runs: %w", err)
	}
	return orphans, nil
}

// FlowsWith returns the text of the flow versions in which a text stands, by
// digest.
func (s *Store) FlowsWith(ctx context.Context, text string) (map[string]string, error) {
	rows, err := s.db.Query(ctx, `SELECT digest, body FROM {s}flow_version WHERE body LIKE $1`, "%"+text+"%")
	if err != nil {
		return nil, fmt.Errorf("reading the flow versions: %w", err)
	}
	defer rows.Close()
	out := map[string]string{}
	for rows.Next() {
		var digest, body string
		if err := rows.Scan(&digest, &body); err != nil {
			return nil, fmt.Errorf("reading the flow versions: %w", err)
		}
		out[digest] = body
	}
	return out, rows.Err()
}
