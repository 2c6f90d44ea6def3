package item

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"time"
	"unicode/utf8"

	"github.com/aether-rpa/aether/internal/db"
)

// Span is a length of time that is written as text, such as 1m30s.
type Span time.Duration

// MarshalText implements encoding.TextMarshaler.
func (s Span) MarshalText() ([]byte, error) { return []byte(time.Duration(s).String()), nil }

func (s Span) ms() int64 { return time.Duration(s).Milliseconds() }

func span(ms int64) Span { return Span(time.Duration(ms) * time.Millisecond) }

// Queue is a named queue of work items with its rules.
type Queue struct {
	Name        string `json:"name"`
	Run         string `json:"run,omitempty"` // the run it belongs to; empty for all
	Description string `json:"description,omitempty"`
	// Schema is the JSON Schema of contents, Output that of outputs; nil takes
	// anything.
	Schema json.RawMessage `json:"schema,omitempty"`
	Output json.RawMessage `json:"output_schema,omitempty"`
	// UniqueReference refuses a second item with the same reference, unless the
	// first was deleted. Items without a reference are not compared.
	UniqueReference bool `json:"unique_reference"`
	// MaxRetries is how often an item is tried again after an application
	// failure; a business failure is never tried again.
	MaxRetries   int  `json:"max_retries"`
	RetryBackoff Span `json:"retry_backoff"` // rest before a retry, doubled with each
	Lease        Span `json:"lease"`         // without a heartbeat; default DefaultLease
	AbandonAfter int  `json:"abandon_after"` // deaths; default DefaultAbandonAfter
	// SLA is by when after its adding an item should have ended, Risk from when
	// on it goes before all others. 0 means never.
	SLA     Span      `json:"sla"`
	Risk    Span      `json:"sla_risk"`
	Created time.Time `json:"created"`

	id              int64
	content, output *compiled
}

// ErrInput says that what was asked for cannot be: a wrong setting, a name that
// is not there, a state that does not allow it.
var ErrInput = errors.New("bad input")

// refused is an error that is ErrInput and reads like the sentence alone.
type refused struct{ text string }

func (r *refused) Error() string        { return r.text }
func (r *refused) Is(target error) bool { return target == ErrInput }

func refuse(format string, args ...any) error { return &refused{fmt.Sprintf(format, args...)} }

// maxName bounds the letters of a name. A pattern that counts them would be compiled at every start, to megabytes.
const maxName = 100

var nameRE = regexp.MustCompile(`^[\pL\pN][\pL\pN_. -]*$`)

// check fills in the defaults of a queue and says what is wrong with it.
func (s *Store) check(q *Queue) error {
	if q.Lease == 0 {
		q.Lease = Span(DefaultLease)
	}
	if q.AbandonAfter == 0 {
		q.AbandonAfter = DefaultAbandonAfter
	}
	switch {
	case utf8.RuneCountInString(q.Name) > maxName || !nameRE.MatchString(q.Name):
		return refuse("%q is no name for a queue: use up to 100 letters, digits, spaces and _ . -, beginning with a letter or digit", q.Name)
	case q.MaxRetries < 0 || q.MaxRetries > 100:
		return refuse("the retries of queue %s are %d: they must be from 0 to 100", q.Name, q.MaxRetries)
	case q.RetryBackoff < 0 || q.SLA < 0 || q.Risk < 0:
		return refuse("a length of time of queue %s is negative", q.Name)
	case q.Lease < Span(30*time.Second) || q.Lease > Span(24*time.Hour):
		return refuse("the lease of queue %s is %s: it must be from 30s to 24h (a robot renews it every 10s)", q.Name, time.Duration(q.Lease))
	case q.AbandonAfter < 1 || q.AbandonAfter > 100:
		return refuse("queue %s abandons items after %d deaths: it must be from 1 to 100", q.Name, q.AbandonAfter)
	case q.SLA > 0 && q.Risk > q.SLA:
		return refuse("the risk time of queue %s, %s, is after its SLA, %s", q.Name, time.Duration(q.Risk), time.Duration(q.SLA))
	}
	var err error
	if q.content, err = s.compile(string(q.Schema)); err != nil {
		return refuse("the schema of queue %s cannot be used: %v", q.Name, err)
	}
	if q.output, err = s.compile(string(q.Output)); err != nil {
		return refuse("the output schema of queue %s cannot be used: %v", q.Name, err)
	}
	return nil
}

// AddQueue makes a queue, or changes the rules of one that is there if replace
// is set; items that are in it stay as they are.
func (s *Store) AddQueue(ctx context.Context, q *Queue, replace bool) error {
	if err := s.check(q); err != nil {
		return err
	}
	return s.db.Tx(ctx, func(tx *db.Tx) error {
		fresh, err := s.addQueue(ctx, tx, q)
		if err != nil || fresh {
			return err
		}
		if !replace {
			return refuse("there is a queue %q already (--replace changes its rules)", q.Name)
		}
		var unique int
		if err := tx.QueryRow(ctx, `SELECT unique_reference FROM {s}item_queue WHERE id = $1`, q.id).Scan(&unique); err != nil {
			return err
		}
		if unique != flag(q.UniqueReference) {
			return refuse("whether the references of queue %q are unique cannot be changed: its items were added by the other rule", q.Name)
		}
		_, err = tx.Exec(ctx, `UPDATE {s}item_queue SET description = $1, content_schema = $2, output_schema = $3, max_retries = $4, retry_backoff = $5, lease = $6, abandon_after = $7, sla = $8, sla_risk = $9 WHERE id = $10`,
			q.Description, string(q.Schema), string(q.Output), q.MaxRetries, q.RetryBackoff.ms(), q.Lease.ms(), q.AbandonAfter, q.SLA.ms(), q.Risk.ms(), q.id)
		return err
	})
}

func flag(b bool) int {
	if b {
		return 1
	}
	return 0
}

// addQueue inserts a queue and reports whether it was not there.
func (s *Store) addQueue(ctx context.Context, tx *db.Tx, q *Queue) (bool, error) {
	t, err := now(ctx, tx)
	if err != nil {
		return false, err
	}
	n, err := tx.Exec(ctx, `INSERT INTO {s}item_queue (run, name, description, content_schema, output_schema, unique_reference, max_retries, retry_backoff, lease, abandon_after, sla, sla_risk, created)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) ON CONFLICT (run, name) DO NOTHING`,
		q.Run, q.Name, q.Description, string(q.Schema), string(q.Output), flag(q.UniqueReference), q.MaxRetries, q.RetryBackoff.ms(), q.Lease.ms(), q.AbandonAfter, q.SLA.ms(), q.Risk.ms(), t)
	if err != nil {
		return false, fmt.Errorf("making queue %s: %w", q.Name, err)
	}
	q.Created = db.Time(t)
	return n > 0, tx.QueryRow(ctx, `SELECT id FROM {s}item_queue WHERE run = $1 AND name = $2`, q.Run, q.Name).Scan(&q.id)
}

const queueColumns = `id, run, name, description, content_schema, output_schema, unique_reference, max_retries, retry_backoff, lease, abandon_after, sla, sla_risk, created`

func (s *Store) scanQueue(row interface{ Scan(...any) error }) (*Queue, error) {
	var q Queue
	var content, output string
	var unique int
	var backoff, lease, sla, risk, created int64
	if err := row.Scan(&q.id, &q.Run, &q.Name, &q.Description, &content, &output, &unique, &q.MaxRetries, &backoff, &lease, &q.AbandonAfter, &sla, &risk, &created); err != nil {
		return nil, err
	}
	q.UniqueReference, q.RetryBackoff, q.Lease, q.SLA, q.Risk, q.Created = unique != 0, span(backoff), span(lease), span(sla), span(risk), db.Time(created)
	if content != "" {
		q.Schema = json.RawMessage(content)
	}
	if output != "" {
		q.Output = json.RawMessage(output)
	}
	return &q, s.check(&q)
}

// Queue returns the queue that a run means by a name: its own, or the one that
// is for all. An empty run means the latter.
func (s *Store) Queue(ctx context.Context, run, name string) (*Queue, error) {
	return s.queue(ctx, s.db, `name = $1 AND run IN ('', $2) ORDER BY run DESC LIMIT 1`, name, run)
}

func (s *Store) queue(ctx context.Context, q querier, condition string, args ...any) (*Queue, error) {
	out, err := s.scanQueue(q.QueryRow(ctx, `SELECT `+queueColumns+` FROM {s}item_queue WHERE `+condition, args...))
	if errors.Is(err, sql.ErrNoRows) {
		return nil, &missing{fmt.Sprint(args[0])}
	}
	if err != nil {
		return nil, fmt.Errorf("reading a queue of work items: %w", err)
	}
	return out, nil
}

// missing says that there is no such queue.
type missing struct{ name string }

func (m *missing) Error() string {
	return fmt.Sprintf("there is no queue of work items %q (`aether item queue list` shows them, `aether item queue add` makes one)", m.name)
}
func (m *missing) Is(target error) bool { return target == ErrInput }

// Queues lists the queues that are for all, by name.
func (s *Store) Queues(ctx context.Context) ([]*Queue, error) { return s.queues(ctx, "") }

// queues lists the queues of a run.
func (s *Store) queues(ctx context.Context, run string) ([]*Queue, error) {
	rows, err := s.db.Query(ctx, `SELECT `+queueColumns+` FROM {s}item_queue WHERE run = $1 ORDER BY name`, run)
	if err != nil {
		return nil, fmt.Errorf("listing the queues of work items: %w", err)
	}
	defer rows.Close()
	var out []*Queue
	for rows.Next() {
		q, err := s.scanQueue(rows)
		if err != nil {
			return nil, fmt.Errorf("listing the queues of work items: %w", err)
		}
		out = append(out, q)
	}
	return out, rows.Err()
}

const deleteBatch = 2000

// DeleteQueue removes a queue with all its items for good. Items that have not
// ended keep it from that unless force is set. It returns the artifacts that
// nothing uses any more.
func (s *Store) DeleteQueue(ctx context.Context, q *Queue, force bool) (orphans []string, err error) {
	if !force {
		var open int
		if err := s.db.QueryRow(ctx, `SELECT count(*) FROM {s}item WHERE queue = $1 AND state <= 2`, q.id).Scan(&open); err != nil {
			return nil, fmt.Errorf("counting the items of queue %s: %w", q.Name, err)
		}
		if open > 0 {
			return nil, refuse("queue %s has %d items that have not ended (--force deletes them too)", q.Name, open)
		}
	}
	// The queue goes first, so that nothing is added or taken any more.
	if _, err := s.db.Exec(ctx, `DELETE FROM {s}item_queue WHERE id = $1`, q.id); err != nil {
		return nil, fmt.Errorf("deleting queue %s: %w", q.Name, err)
	}
	for {
		var n int64
		err := s.db.Tx(ctx, func(tx *db.Tx) error {
			found, err := unused(ctx, tx, `queue = $1`, q.id)
			if err != nil {
				return err
			}
			orphans = append(orphans, found...)
			n, err = tx.Exec(ctx, `DELETE FROM {s}item WHERE id IN (SELECT id FROM {s}item WHERE queue = $1 ORDER BY id LIMIT $2)`, q.id, deleteBatch)
			return err
		})
		if err != nil {
			return orphans, fmt.Errorf("deleting the items of queue %s: %w", q.Name, err)
		}
		if n < deleteBatch {
			return orphans, nil
		}
	}
}

// ForgetRun removes what belongs to runs that are forgotten: their own queues
// with all items, and what is known of their tokens.
func (s *Store) ForgetRun(ctx context.Context, ids ...string) (orphans []string, err error) {
	for _, id := range ids {
		if err := s.GiveBack(ctx, id, false); err != nil {
			return orphans, err
		}
		own, err := s.queues(ctx, id)
		if err != nil {
			return orphans, err
		}
		for _, q := range own {
			more, err := s.DeleteQueue(ctx, q, true)
			orphans = append(orphans, more...)
			if err != nil {
				return orphans, err
			}
		}
		if _, err := s.db.Exec(ctx, `DELETE FROM {s}item_key WHERE run = $1`, id); err != nil {
			return orphans, fmt.Errorf("forgetting the tokens of run %s: %w", id, err)
		}
	}
	return orphans, nil
}
