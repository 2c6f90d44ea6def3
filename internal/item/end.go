package item

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/aether-rpa/aether/internal/db"
	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/value"
)

func validPrefix(s string) string { return strings.ToValidUTF8(s, "") }

// row is what ending an item must know of it.
type row struct {
	queue, fence    int64
	state, retries  int
	kind, ref, sole string
	content, files  string
	priority        int
	due, risk, now  int64
	retry           int64
}

// lock reads an item and keeps it from changing until the transaction ends.
func lock(ctx context.Context, tx *db.Tx, id int64) (row, error) {
	var r row
	q := `SELECT queue, fence, state, retry_no, kind, reference, sole, content, files, priority, due, risk, retry, {now} FROM {s}item WHERE id = $1`
	if tx.Postgres() {
		q += ` FOR UPDATE`
	}
	err := tx.QueryRow(ctx, q, id).Scan(&r.queue, &r.fence, &r.state, &r.retries, &r.kind, &r.ref, &r.sole, &r.content, &r.files, &r.priority, &r.due, &r.risk, &r.retry, &r.now)
	if errors.Is(err, sql.ErrNoRows) {
		return r, refuse("there is no work item %d (`aether item list` shows them)", id)
	}
	if err != nil {
		return r, fmt.Errorf("reading item %d: %w", id, err)
	}
	return r, nil
}

func (r row) ended() node.ItemEnded { return node.ItemEnded{Status: statusOf[r.state], Retry: r.retry} }

// End says what became of an item that a run has. Ending it again in the same
// way is no error and changes nothing.
func (s *Store) End(ctx context.Context, h node.ItemHold, e node.ItemEnd) (node.ItemEnded, error) {
	var out node.ItemEnded
	err := s.db.Tx(ctx, func(tx *db.Tx) error {
		r, err := lock(ctx, tx, h.ID)
		if err != nil {
			return err
		}
		if h.Fence == 0 || r.fence != h.Fence || r.state == stAbandoned || r.state == stDeleted {
			return Lost(h.ID)
		}
		if r.state > stLater {
			out = r.ended()
			return again(h.ID, r, e)
		}
		out, err = s.end(ctx, tx, h, r, e)
		return err
	})
	return out, err
}

// again says whether an item that has ended ended as e says.
func again(id int64, r row, e node.ItemEnd) error {
	same := false
	switch e.Status {
	case node.ItemSuccessful:
		same = r.state == stSuccessful
	case node.ItemFailed:
		same = r.state != stSuccessful && r.kind == kindOf(e)
	}
	if same || e.Lenient {
		return nil
	}
	return refuse("item %d has ended already: it is %s", id, statusOf[r.state])
}

func kindOf(e node.ItemEnd) string {
	if e.Business {
		return "business"
	}
	return "application"
}

func (s *Store) end(ctx context.Context, tx *db.Tx, h node.ItemHold, r row, e node.ItemEnd) (node.ItemEnded, error) {
	if e.Status == node.ItemNew {
		_, err := tx.Exec(ctx, `UPDATE {s}item SET state = 0, taken = taken - 1, lease_until = 0, version = version + 1 WHERE id = $1 AND fence = $2 AND state = 1`, h.ID, h.Fence)
		if err != nil {
			return node.ItemEnded{}, fmt.Errorf("giving back item %d: %w", h.ID, err)
		}
		return node.ItemEnded{Status: node.ItemNew}, tx.Notify(ctx, Topic)
	}
	q, err := s.queue(ctx, tx, `id = $1`, r.queue)
	if err != nil {
		return node.ItemEnded{}, err
	}
	output, err := jsonOf("output", e.Output)
	if err != nil {
		return node.ItemEnded{}, err
	}
	analytics, err := jsonOf("analytics", e.Analytics)
	if err != nil {
		return node.ItemEnded{}, err
	}
	details, err := jsonOf("details of the failure", e.Details)
	if err != nil {
		details = ""
	}
	state, kind := stSuccessful, ""
	switch {
	case e.Status == node.ItemSuccessful:
		if output != "" {
			err = q.output.check("output", []byte(output))
		} else if q.output != nil {
			err = q.output.check("output", []byte("null"))
		}
		if err != nil {
			return node.ItemEnded{}, err
		}
	case e.Status != node.ItemFailed:
		return node.ItemEnded{}, refuse("an item cannot be ended as %q: use %s, %s or %s", e.Status, node.ItemSuccessful, node.ItemFailed, node.ItemNew)
	default:
		state, kind = stFailed, kindOf(e)
		if !e.Business && r.retries < q.MaxRetries {
			state = stRetried
		}
	}
	n, err := tx.Exec(ctx, `UPDATE {s}item SET state = $1, kind = $2, reason = $3, details = $4, output = $5, analytics = $6, ended = $7, lease_until = 0, sole = $8, version = version + 1
		WHERE id = $9 AND fence = $10 AND state = $11`, state, kind, clip(e.Reason), details, output, analytics, r.now, soleOf(r, state), h.ID, h.Fence, r.state)
	if err != nil {
		return node.ItemEnded{}, fmt.Errorf("ending item %d: %w", h.ID, err)
	}
	if n == 0 {
		return node.ItemEnded{}, Lost(h.ID)
	}
	out := node.ItemEnded{Status: statusOf[state]}
	if state == stRetried {
		rest := q.RetryBackoff.ms() << min(r.retries, 20)
		out.Retry, err = q.retry(ctx, tx, h.ID, r, r.retries+1, rest)
	}
	return out, err
}

// soleOf is the reference that the item keeps others from having: a retry takes
// it over.
func soleOf(r row, state int) string {
	if state == stRetried || state == stDeleted {
		return ""
	}
	return r.sole
}

// retry adds the item that tries another one again, which is retried by now.
func (q *Queue) retry(ctx context.Context, tx *db.Tx, id int64, r row, no int, rest int64) (int64, error) {
	d := &draft{Row: 1, Ref: r.ref, Sole: r.sole, Priority: r.priority, Due: r.due, Risk: r.risk, Content: r.content, Files: r.files}
	if rest > 0 {
		d.Defer = r.now + rest
	}
	if r.files != "" {
		if err := json.Unmarshal([]byte(r.files), &d.files); err != nil {
			return 0, fmt.Errorf("item %d is damaged in the database: %w", id, err)
		}
	}
	next, ok, err := q.insertOne(ctx, tx, d)
	if err != nil {
		return 0, err
	}
	if !ok {
		return 0, duplicate(r.sole)
	}
	if _, err := tx.Exec(ctx, `UPDATE {s}item SET retry_of = $1, retry_no = $2 WHERE id = $3`, id, no, next); err != nil {
		return 0, fmt.Errorf("retrying item %d: %w", id, err)
	}
	if _, err := tx.Exec(ctx, `UPDATE {s}item SET retry = $1 WHERE id = $2`, next, id); err != nil {
		return 0, fmt.Errorf("retrying item %d: %w", id, err)
	}
	return next, tx.Notify(ctx, Topic)
}

// jsonOf writes an output as JSON; nil is nothing.
func jsonOf(what string, v any) (string, error) {
	if v == nil {
		return "", nil
	}
	v, err := value.Normalize(v)
	if err == nil {
		v, err = value.LoadAll(context.Background(), v)
	}
	if err != nil {
		return "", refuse("the %s cannot be kept: %v", what, err)
	}
	b, err := value.JSON(v)
	switch {
	case err != nil:
		return "", refuse("the %s cannot be kept: %v", what, err)
	case len(b) > MaxContent:
		return "", refuse("the %s has %d bytes: at most %d are allowed (attach a file instead)", what, len(b), MaxContent)
	case hasNUL(v):
		return "", refuse("the %s holds the character NUL, which databases refuse", what)
	}
	return string(b), nil
}
