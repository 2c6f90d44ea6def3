package item

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/aether-rpa/aether/internal/db"
	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/value"
)

// Taker is who takes items.
type Taker struct {
	Run   string
	Robot string
	// Token names the taking: the same one gets the same item again, as long as
	// nobody else took it.
	Token string
}

// tendEvery is how often Next looks for leases that ran out and deferred items
// whose time has come, if it finds items without that.
const tendEvery = time.Second

// Next takes the item of a queue that is first in line, nil if there is none.
func (s *Store) Next(ctx context.Context, q *Queue, t Taker) (*node.Item, error) {
	var out *node.Item
	err := s.db.Tx(ctx, func(tx *db.Tx) error {
		var err error
		if out, err = q.again(ctx, tx, t); err != nil || out != nil {
			return err
		}
		looked, _ := s.tended.Load(q.id)
		if last, ok := looked.(time.Time); !ok || time.Since(last) > tendEvery {
			if err := s.tend(ctx, tx, `queue = $1`, q.id); err != nil {
				return err
			}
			s.tended.Store(q.id, time.Now())
			out, err = q.take(ctx, tx, t)
			return err
		}
		if out, err = q.take(ctx, tx, t); err != nil || out != nil {
			return err
		}
		if err := s.tend(ctx, tx, `queue = $1`, q.id); err != nil {
			return err
		}
		out, err = q.take(ctx, tx, t)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("taking an item of queue %s: %w", q.Name, err)
	}
	return out, nil
}

// again returns the item that a token was given before.
func (q *Queue) again(ctx context.Context, tx *db.Tx, t Taker) (*node.Item, error) {
	if t.Token == "" {
		return nil, nil
	}
	return one(tx.Query(ctx, `UPDATE {s}item SET state = 1, lease_until = {now} + $1, robot = $2, run = $3, version = version + 1
		WHERE token = $4 AND queue = $5 AND state <= 2 RETURNING `+columns, q.Lease.ms(), t.Robot, t.Run, t.Token, q.id))
}

// take gives the first new item of the queue to who asks.
func (q *Queue) take(ctx context.Context, tx *db.Tx, t Taker) (*node.Item, error) {
	lock := ""
	if tx.Postgres() {
		lock = ` FOR UPDATE SKIP LOCKED`
	}
	return one(tx.Query(ctx, `UPDATE {s}item SET state = 1, taken = taken + 1, fence = fence + 1, token = $1, run = $2, robot = $3, progress = '', lease_until = {now} + $4,
		started = CASE WHEN started = 0 THEN {now} ELSE started END, version = version + 1
		WHERE id = (SELECT id FROM {s}item WHERE queue = $5 AND state = 0 ORDER BY rank, id LIMIT 1`+lock+`) RETURNING `+columns, t.Token, t.Run, t.Robot, q.Lease.ms(), q.id))
}

// died is what becomes of items whose run ended, or was not heard of, without
// saying what became of them.
const died = `state = CASE WHEN died + 1 >= r.abandon_after THEN 6 ELSE 0 END, died = died + 1, lease_until = 0,
	ended = CASE WHEN died + 1 >= r.abandon_after THEN {now} ELSE 0 END,
	kind = CASE WHEN died + 1 >= r.abandon_after THEN 'application' ELSE '' END,
	reason = CASE WHEN died + 1 >= r.abandon_after THEN (died + 1) || ' runs ended without saying what became of it, the last one ' || run ELSE reason END, version = version + 1`

const rules = ` FROM (SELECT id AS qid, abandon_after, lease FROM {s}item_queue) r WHERE r.qid = queue AND `

// tend does what time asks for: items whose lease ran out are new again or
// abandoned, deferred ones whose time has come can be taken.
func (s *Store) tend(ctx context.Context, tx *db.Tx, which string, args ...any) error {
	n, err := tx.Exec(ctx, `UPDATE {s}item SET `+died+rules+`state = 1 AND lease_until < {now} AND `+which, args...)
	if err != nil {
		return fmt.Errorf("taking back items whose lease ran out: %w", err)
	}
	m, err := tx.Exec(ctx, `UPDATE {s}item SET state = 0, version = version + 1 WHERE state = 2 AND ready_at <= {now} AND `+which, args...)
	if err != nil {
		return fmt.Errorf("looking for deferred items: %w", err)
	}
	if n+m > 0 {
		return tx.Notify(ctx, Topic)
	}
	return nil
}

// Tick does for all queues what time asks for. Next does it for its own; who
// only looks on calls this.
func (s *Store) Tick(ctx context.Context) error {
	return s.db.Tx(ctx, func(tx *db.Tx) error { return s.tend(ctx, tx, `1 = 1`) })
}

// Keep renews the lease of an item, and writes its progress if that is not nil.
// Who had an item last may keep it as long as nobody took it since.
func (s *Store) Keep(ctx context.Context, run string, h node.ItemHold, progress *string) error {
	text, write := "", 0
	if progress != nil {
		text, write = clip(*progress), 1
	}
	n, err := s.db.Exec(ctx, `UPDATE {s}item SET state = 1, run = $1, lease_until = {now} + r.lease, progress = CASE WHEN CAST($2 AS BIGINT) = 1 THEN $3 ELSE progress END, version = version + 1`+rules+`id = $4 AND fence = $5 AND fence > 0 AND state <= 2`,
		run, write, text, h.ID, h.Fence)
	if err != nil {
		return fmt.Errorf("keeping item %d: %w", h.ID, err)
	}
	if n > 0 {
		return nil
	}
	var state int
	err = s.db.QueryRow(ctx, `SELECT state FROM {s}item WHERE id = $1 AND fence = $2 AND run = $3 AND state IN (3, 4, 5)`, h.ID, h.Fence, run).Scan(&state)
	if errors.Is(err, sql.ErrNoRows) {
		return Lost(h.ID)
	}
	if err != nil {
		return fmt.Errorf("keeping item %d: %w", h.ID, err)
	}
	return &node.Failure{Kind: node.KindInput, Code: node.CodeItemEnded, Permanent: true, Message: fmt.Sprintf("this run has ended the work item %d: it is %s", h.ID, statusOf[state])}
}

// Beat renews the leases of all items that a run has.
func (s *Store) Beat(ctx context.Context, run string) error {
	_, err := s.db.Exec(ctx, `UPDATE {s}item SET lease_until = {now} + r.lease`+rules+`run = $1 AND state = 1`, run)
	return err
}

// LastRun returns the run that had an item last under a fence, "" if there is
// none.
func (s *Store) LastRun(ctx context.Context, h node.ItemHold) (run string, err error) {
	err = s.db.QueryRow(ctx, `SELECT run FROM {s}item WHERE id = $1 AND fence = $2`, h.ID, h.Fence).Scan(&run)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("reading item %d: %w", h.ID, err)
	}
	return run, nil
}

// Park keeps the items of a run that waits, for as long as it waits.
func (s *Store) Park(ctx context.Context, run string) error {
	_, err := s.db.Exec(ctx, `UPDATE {s}item SET lease_until = $1 WHERE run = $2 AND state = 1`, forever, run)
	return err
}

// GiveBack makes the items new that a run has when it ends. Each such end is a
// death for the item if counted.
func (s *Store) GiveBack(ctx context.Context, run string, counted bool) error {
	set := `state = 0, lease_until = 0, version = version + 1 WHERE `
	if counted {
		set = died + rules
	}
	return s.db.Tx(ctx, func(tx *db.Tx) error {
		n, err := tx.Exec(ctx, `UPDATE {s}item SET `+set+`run = $1 AND state = 1`, run)
		if err != nil {
			return fmt.Errorf("giving back the items of run %s: %w", run, err)
		}
		if n == 0 {
			return nil
		}
		return tx.Notify(ctx, Topic)
	})
}

const columns = `id, (SELECT name FROM {s}item_queue q WHERE q.id = queue), state, reference, priority, defer, due, risk, content, files, progress, output, analytics, kind, reason, details,
	retry_of, retry_no, retry, taken, died, fence, run, robot, lease_until, created, started, ended, review, reviewer, comment, version, {now}`

// one reads at most one item and closes the rows.
func one(rows *sql.Rows, err error) (*node.Item, error) {
	if err != nil {
		return nil, err
	}
	list, err := scan(rows)
	if err != nil || len(list) == 0 {
		return nil, err
	}
	return list[0], nil
}

// scan reads items and closes the rows.
func scan(rows *sql.Rows) ([]*node.Item, error) {
	defer rows.Close()
	var out []*node.Item
	for rows.Next() {
		var i node.Item
		var queue sql.NullString
		var state int
		var deferred, due, risk, lease, created, started, ended, now int64
		var content, files, output, analytics, details string
		if err := rows.Scan(&i.ID, &queue, &state, &i.Reference, &i.Priority, &deferred, &due, &risk, &content, &files, &i.Progress, &output, &analytics, &i.Kind, &i.Reason, &details,
			&i.RetryOf, &i.RetryNo, &i.Retry, &i.Taken, &i.Died, &i.Fence, &i.Run, &i.Robot, &lease, &created, &started, &ended, &i.Review, &i.Reviewer, &i.Comment, &i.Version, &now); err != nil {
			return nil, err
		}
		i.Queue, i.Status = queue.String, statusOf[state]
		i.Defer, i.Due, i.Risk, i.Created, i.Started, i.Ended = db.Time(deferred), db.Time(due), db.Time(risk), db.Time(created), db.Time(started), db.Time(ended)
		if state == stProgress && lease != forever {
			i.Lease = db.Time(lease)
		}
		if state <= stLater {
			switch {
			case due > 0 && now > due:
				i.SLA = "late"
			case risk > 0 && now > risk:
				i.SLA = "at_risk"
			}
		}
		if err := errors.Join(into(content, &i.Content), into(output, &i.Output), into(analytics, &i.Analytics), into(details, &i.Details)); err != nil {
			return nil, fmt.Errorf("item %d is damaged in the database: %w", i.ID, err)
		}
		if files != "" {
			if err := json.Unmarshal([]byte(files), &i.Files); err != nil {
				return nil, fmt.Errorf("item %d is damaged in the database: %w", i.ID, err)
			}
		}
		out = append(out, &i)
	}
	return out, rows.Err()
}

// into reads JSON into a canonical value.
func into[T any](text string, to *T) error {
	if text == "" {
		return nil
	}
	v, err := value.Parse([]byte(text))
	if err != nil {
		return err
	}
	if t, ok := v.(T); ok {
		*to = t
	}
	return nil
}

const maxText = 2000

// clip bounds what is kept of a text.
func clip(s string) string {
	s = db.Text(s)
	if len(s) <= maxText {
		return s
	}
	return validPrefix(s[:maxText]) + "…"
}

// Renew gives the items that runs have their whole lease again, in a database
// that was restored: what passed since the backup was not the runs' time.
func Renew(ctx context.Context, tx *db.Tx) error {
	if _, err := tx.Exec(ctx, `UPDATE {s}item SET lease_until = {now} + r.lease`+rules+`state = 1 AND lease_until < {now} + r.lease`); err != nil {
		return fmt.Errorf("renewing the leases of items: %w", err)
	}
	return nil
}
