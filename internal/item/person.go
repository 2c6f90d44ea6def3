package item

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/aether-rpa/aether/internal/db"
	"github.com/aether-rpa/aether/spelling"
)

// Change says how a person edits an item; nil fields stay as they are.
type Change struct {
	// Version is that of the item which the person saw; another one is refused.
	// 0 takes any.
	Version   int64
	Content   map[string]any
	Reference *string
	Priority  *int
	Defer     *time.Time
	Due       *time.Time
	Risk      *time.Time
}

// ErrChanged says that somebody else changed the item since it was read.
var ErrChanged = fmt.Errorf("somebody else changed the item since you read it")

// change does something to an item that a person may change.
func (s *Store) change(ctx context.Context, id, version int64, fn func(tx *db.Tx, r row, q *Queue) error) error {
	return s.db.Tx(ctx, func(tx *db.Tx) error {
		r, err := lock(ctx, tx, id)
		if err != nil {
			return err
		}
		var have int64
		if err := tx.QueryRow(ctx, `SELECT version FROM {s}item WHERE id = $1`, id).Scan(&have); err != nil {
			return err
		}
		if version != 0 && version != have {
			return fmt.Errorf("item %d: %w: it has version %d, not %d", id, ErrChanged, have, version)
		}
		q, err := s.queue(ctx, tx, `id = $1`, r.queue)
		if err != nil {
			return err
		}
		return fn(tx, r, q)
	})
}

// only refuses an item whose state is none of those given.
func only(id int64, r row, what string, states ...int) error {
	if slices.Contains(states, r.state) {
		return nil
	}
	var names []string
	for _, st := range states {
		if !slices.Contains(names, statusOf[st]) {
			names = append(names, statusOf[st])
		}
	}
	return refuse("item %d is %s: only items that are %s can be %s", id, statusOf[r.state], spelling.Or(names), what)
}

// Edit changes an item that is new, or that has failed and may be retried. A
// run that had it before has it no more.
func (s *Store) Edit(ctx context.Context, id int64, c Change) error {
	return s.change(ctx, id, c.Version, func(tx *db.Tx, r row, q *Queue) error {
		if err := only(id, r, "edited", stNew, stLater, stFailed, stAbandoned); err != nil {
			return err
		}
		var deferred int64
		if err := tx.QueryRow(ctx, `SELECT defer FROM {s}item WHERE id = $1`, id).Scan(&deferred); err != nil {
			return err
		}
		if c.Content != nil {
			text, err := q.encode(ctx, c.Content)
			if err != nil {
				return err
			}
			r.content = text
		}
		sole := r.sole
		if c.Reference != nil {
			r.ref = *c.Reference
			if q.UniqueReference {
				sole = r.ref
			}
		}
		if c.Priority != nil {
			r.priority = *c.Priority
		}
		for _, t := range []struct {
			to   *int64
			from *time.Time
		}{{&deferred, c.Defer}, {&r.due, c.Due}, {&r.risk, c.Risk}} {
			if t.from != nil {
				*t.to = db.Millis(*t.from)
			}
		}
		if err := checkShape(r.ref, r.priority); err != nil {
			return err
		}
		if sole != "" && sole != r.sole {
			free, err := q.free(ctx, tx, []*draft{{Sole: sole}})
			if err != nil {
				return err
			}
			if len(free) == 0 {
				return duplicate(sole)
			}
		}
		d := &draft{Priority: r.priority, Defer: deferred, Due: r.due, Risk: r.risk}
		d.place(r.now)
		state := r.state
		if state == stNew || state == stLater {
			state = d.State
		}
		_, err := tx.Exec(ctx, `UPDATE {s}item SET state = $1, content = $2, reference = $3, sole = $4, priority = $5, defer = $6, due = $7, risk = $8, ready_at = $9, rank = $10, fence = fence + 1, token = '', version = version + 1 WHERE id = $11`,
			state, r.content, r.ref, sole, r.priority, d.Defer, d.Due, d.Risk, d.Ready, d.Rank, id)
		if err != nil {
			return fmt.Errorf("editing item %d: %w", id, err)
		}
		return tx.Notify(ctx, Topic)
	})
}

// Retry tries an item again that has failed or was abandoned, as a new item
// with all retries, and returns its number.
func (s *Store) Retry(ctx context.Context, id int64) (next int64, err error) {
	err = s.change(ctx, id, 0, func(tx *db.Tx, r row, q *Queue) error {
		if err := only(id, r, "retried", stFailed, stAbandoned); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `UPDATE {s}item SET state = $1, sole = '', fence = fence + 1, token = '', review = 'retried', version = version + 1 WHERE id = $2`, stRetried, id); err != nil {
			return fmt.Errorf("retrying item %d: %w", id, err)
		}
		next, err = q.retry(ctx, tx, id, r, 0, 0)
		return err
	})
	return next, err
}

// Delete takes an item out: it stays to be seen and keeps no other from having
// its reference.
func (s *Store) Delete(ctx context.Context, id, version int64) error {
	return s.change(ctx, id, version, func(tx *db.Tx, r row, _ *Queue) error {
		if r.state == stDeleted {
			return nil
		}
		if err := only(id, r, "deleted", stNew, stLater, stSuccessful, stFailed, stAbandoned); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `UPDATE {s}item SET state = $1, sole = '', fence = fence + 1, token = '', ended = CASE WHEN ended = 0 THEN {now} ELSE ended END, version = version + 1 WHERE id = $2`, stDeleted, id)
		if err != nil {
			return fmt.Errorf("deleting item %d: %w", id, err)
		}
		return nil
	})
}

// Reviews are what a review can say.
var Reviews = []string{"in_review", "verified", "none"}

// Review writes what a person found about an item that has ended. An empty
// status leaves it as it is.
func (s *Store) Review(ctx context.Context, id, version int64, status, reviewer, comment string) error {
	if status != "" && !slices.Contains(Reviews, status) {
		return refuse("there is no review %q: use %s", status, spelling.Or(Reviews))
	}
	return s.change(ctx, id, version, func(tx *db.Tx, r row, _ *Queue) error {
		if err := only(id, r, "reviewed", stSuccessful, stFailed, stRetried, stAbandoned, stDeleted); err != nil {
			return err
		}
		if status == "none" {
			status = " "
		}
		_, err := tx.Exec(ctx, `UPDATE {s}item SET review = CASE WHEN $1 = '' THEN review ELSE trim($1) END, reviewer = $2, comment = CASE WHEN $3 = '' THEN comment ELSE $3 END, version = version + 1 WHERE id = $4`,
			status, clip(reviewer), clip(comment), id)
		if err != nil {
			return fmt.Errorf("reviewing item %d: %w", id, err)
		}
		return nil
	})
}
