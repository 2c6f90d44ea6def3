package item

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/aether-rpa/aether/internal/db"
	"github.com/aether-rpa/aether/node"
)

// maxList bounds one page.
const maxList = 10_000

// Find selects items for people, beyond what flows ask for.
type Find struct {
	node.ItemFilter
	// SLA is late or at_risk: not ended, and past that time.
	SLA string
	// Kind is the kind of failure: business or application.
	Kind string
	// Review is what the last review says.
	Review string
	// Search is text that the reference, the reason or the content holds.
	Search string
	// Newest gives the highest numbers first; After is then the number to stay below.
	Newest bool
}

// List returns items of the queues a run sees (see Queue), by number.
func (s *Store) List(ctx context.Context, run string, f node.ItemFilter) ([]*node.Item, error) {
	return s.Find(ctx, run, Find{ItemFilter: f})
}

// slas are the conditions of Find.SLA.
var slas = map[string]string{
	"late":    `state IN (0, 1, 2) AND due > 0 AND due < {now}`,
	"at_risk": `state IN (0, 1, 2) AND risk > 0 AND risk < {now} AND NOT (due > 0 AND due < {now})`,
}

// Find is List for people.
func (s *Store) Find(ctx context.Context, run string, f Find) ([]*node.Item, error) {
	where, args, order := []string{`id > $1`}, []any{f.After}, `id`
	if f.Newest {
		order = `id DESC`
		if where[0] = `id < $1`; f.After <= 0 {
			args[0] = int64(1) << 62
		}
	}
	arg := func(condition string, v any) {
		args = append(args, v)
		where = append(where, fmt.Sprintf(condition, len(args)))
	}
	if f.ID != 0 {
		arg(`id = $%d`, f.ID)
	}
	if f.Queue != "" {
		q, err := s.Queue(ctx, run, f.Queue)
		if err != nil {
			return nil, err
		}
		arg(`queue = $%d`, q.id)
	} else if f.ID == 0 {
		arg(`queue IN (SELECT id FROM {s}item_queue q WHERE q.run IN ('', $%d))`, run)
	}
	if f.Reference != "" {
		arg(`reference = $%d`, f.Reference)
	}
	if f.SLA != "" {
		condition, ok := slas[f.SLA]
		if !ok {
			return nil, refuse("an item is late or at_risk, not %q", f.SLA)
		}
		where = append(where, condition)
	}
	if f.Kind != "" {
		arg(`kind = $%d`, f.Kind)
	}
	if f.Review != "" {
		arg(`review = $%d`, f.Review)
	}
	if f.Search != "" {
		args = append(args, `%`+strings.NewReplacer(`!`, `!!`, `%`, `!%`, `_`, `!_`).Replace(strings.ToLower(f.Search))+`%`)
		n := len(args)
		where = append(where, fmt.Sprintf(`(lower(reference) LIKE $%d ESCAPE '!' OR lower(reason) LIKE $%d ESCAPE '!' OR lower(content) LIKE $%d ESCAPE '!')`, n, n, n))
	}
	if len(f.Status) > 0 {
		in, err := states(f.Status)
		if err != nil {
			return nil, err
		}
		b, err := json.Marshal(in)
		if err != nil {
			return nil, err
		}
		where = append(where, `state IN (`+strings.Trim(string(b), "[]")+`)`)
	}
	limit := f.Limit
	if limit <= 0 {
		limit = 100
	}
	rows, err := s.db.Query(ctx, `SELECT `+columns+` FROM {s}item WHERE `+strings.Join(where, ` AND `)+fmt.Sprintf(` ORDER BY %s LIMIT %d`, order, min(limit, maxList)), args...)
	if err != nil {
		return nil, fmt.Errorf("listing items: %w", err)
	}
	list, err := scan(rows)
	if err != nil {
		return nil, fmt.Errorf("listing items: %w", err)
	}
	return list, nil
}

// Get returns an item.
func (s *Store) Get(ctx context.Context, id int64) (*node.Item, error) {
	list, err := s.List(ctx, "", node.ItemFilter{ID: id})
	if err == nil && len(list) == 0 {
		err = refuse("there is no work item %d (`aether item list` shows them)", id)
	}
	if err != nil {
		return nil, err
	}
	return list[0], nil
}

// Chain returns an item with all that were tried before it and after it,
// oldest first.
func (s *Store) Chain(ctx context.Context, id int64) ([]*node.Item, error) {
	rows, err := s.db.Query(ctx, `WITH RECURSIVE up (at, before) AS (SELECT id, retry_of FROM {s}item WHERE id = $1 UNION SELECT i.id, i.retry_of FROM {s}item i JOIN up ON i.id = up.before),
		down (at, after) AS (SELECT id, retry FROM {s}item WHERE id = $1 UNION SELECT i.id, i.retry FROM {s}item i JOIN down ON i.id = down.after)
		SELECT `+columns+` FROM {s}item WHERE id IN (SELECT at FROM up UNION SELECT at FROM down) ORDER BY id`, id)
	if err != nil {
		return nil, fmt.Errorf("reading the retries of item %d: %w", id, err)
	}
	list, err := scan(rows)
	if err != nil {
		return nil, fmt.Errorf("reading the retries of item %d: %w", id, err)
	}
	return list, nil
}

// Stats tell how a queue is doing.
type Stats struct {
	Queue  string         `json:"queue"`
	Counts map[string]int `json:"counts"` // by status
	// Deferred is how many of the new items wait for a time to come.
	Deferred    int `json:"deferred"`
	Business    int `json:"business"`    // failures
	Application int `json:"application"` // failures, retried ones included
	AtRisk      int `json:"at_risk"`     // not ended, and past their risk time
	Late        int `json:"late"`        // not ended, and past their due date
	// Ended is how many ended in the last hour, Took how long they took on
	// average from being taken first.
	Ended int  `json:"ended_last_hour"`
	Took  Span `json:"average_time"`
	// Oldest is when the new item was added that waits the longest.
	Oldest time.Time `json:"oldest,omitzero"`
}

// Stats counts the items of a queue.
func (s *Store) Stats(ctx context.Context, q *Queue) (*Stats, error) {
	out := &Stats{Queue: q.Name, Counts: map[string]int{}}
	for _, st := range Statuses {
		out.Counts[st] = 0
	}
	rows, err := s.db.Query(ctx, `SELECT state, kind, count(*) FROM {s}item WHERE queue = $1 GROUP BY state, kind`, q.id)
	if err != nil {
		return nil, fmt.Errorf("counting the items of queue %s: %w", q.Name, err)
	}
	defer rows.Close()
	for rows.Next() {
		var state, n int
		var kind string
		if err := rows.Scan(&state, &kind, &n); err != nil {
			return nil, err
		}
		out.Counts[statusOf[state]] += n
		if state == stLater {
			out.Deferred = n
		}
		if state == stFailed || state == stRetried {
			switch kind {
			case "business":
				out.Business += n
			case "application":
				out.Application += n
			}
		}
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	var took, oldest int64
	err = s.db.QueryRow(ctx, `SELECT
		(SELECT count(*) FROM {s}item WHERE queue = $1 AND state IN (0, 1, 2) AND due > 0 AND due < {now}),
		(SELECT count(*) FROM {s}item WHERE queue = $1 AND state IN (0, 1, 2) AND risk > 0 AND risk < {now} AND NOT (due > 0 AND due < {now})),
		(SELECT count(*) FROM {s}item WHERE queue = $1 AND state IN (3, 4, 5) AND ended > {now} - 3600000),
		(SELECT COALESCE(CAST(avg(ended - started) AS BIGINT), 0) FROM {s}item WHERE queue = $1 AND state IN (3, 4, 5) AND started > 0 AND ended > {now} - 3600000),
		(SELECT COALESCE(min(created), 0) FROM {s}item WHERE queue = $1 AND state = 0)`, q.id).Scan(&out.Late, &out.AtRisk, &out.Ended, &took, &oldest)
	if err != nil {
		return nil, fmt.Errorf("counting the items of queue %s: %w", q.Name, err)
	}
	out.Took, out.Oldest = span(took), db.Time(oldest)
	return out, nil
}
