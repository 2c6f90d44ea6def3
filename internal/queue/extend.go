package queue

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/aether-rpa/aether/internal/db"
)

// Extend renews the leases of jobs that a process holds. The jobs whose lease
// was lost are returned in lost; their robots must stop. Cancel of the others
// is set if somebody asked for it.
func (q *Queue) Extend(ctx context.Context, lease time.Duration, jobs ...*Job) (lost []*Job, err error) {
	if len(jobs) == 0 {
		return nil, nil
	}
	if lease <= 0 {
		lease = LeaseTime
	}
	held, args := holders(jobs, q.db.Pool != nil)
	// The last placeholder of the arguments that holders returns comes before it.
	until := fmt.Sprintf(`{now} + $%d`, len(args)+1)
	rows, err := q.db.Query(ctx, `UPDATE {s}job SET lease_until = `+until+` FROM `+grants(q.db.Pool != nil)+` WHERE id = g.i AND fence = g.f AND `+isLeased+` RETURNING id, fence, cancel, lease_until`, append(args, lease.Milliseconds())...)
	if err != nil {
		return nil, fmt.Errorf("extending the leases of %d jobs: %w", len(jobs), err)
	}
	defer rows.Close()
	for rows.Next() {
		var h holding
		var until int64
		var cancel int
		if err := rows.Scan(&h.id, &h.fence, &cancel, &until); err != nil {
			return nil, err
		}
		held[h].Cancel, held[h].Lease = cancel != 0, db.Time(until)
		delete(held, h)
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	for _, j := range jobs {
		if held[holding{j.ID, j.fence}] != nil {
			lost = append(lost, j)
		}
	}
	return lost, nil
}

// isLeased is true of leased jobs, isReady of ready ones. They are written so
// that PostgreSQL finds jobs by their numbers: its figures of how many jobs are
// in a state are always out of date, and by the index of those in this state it
// would read all of them.
const (
	isLeased = `state + 0 = 1`
	isReady  = `state + 0 = 0`
)

// holding is what a holder names its lease by.
type holding struct{ id, fence int64 }

// holders returns jobs by their leases, and these as arguments of a query that
// reads grants: in the order of their numbers, each number once. Of two leases of
// one job the one that was given last may be good, the other cannot be.
func holders(jobs []*Job, postgres bool) (map[holding]*Job, []any) {
	held := make(map[holding]*Job, len(jobs))
	for _, j := range jobs {
		held[holding{j.ID, j.fence}] = j
	}
	last := grantsOf(jobs)
	ids, fences := make([]int64, len(last)), make([]int64, len(last))
	for i, h := range last {
		ids[i], fences[i] = h.id, h.fence
	}
	if postgres {
		return held, []any{ids, fences}
	}
	pairs := make([][2]int64, len(ids))
	for i := range ids {
		pairs[i] = [2]int64{ids[i], fences[i]}
	}
	b, err := json.Marshal(pairs)
	if err != nil { // numbers always can be written
		b = []byte("[]")
	}
	return held, []any{string(b)}
}

// grantsOf returns the leases of jobs that may be good, in the order of the jobs'
// numbers.
func grantsOf(jobs []*Job) []holding {
	last := make([]holding, len(jobs))
	for i, j := range jobs {
		last[i] = holding{j.ID, j.fence}
	}
	slices.SortFunc(last, func(a, b holding) int { return cmp.Or(cmp.Compare(a.id, b.id), cmp.Compare(b.fence, a.fence)) })
	return slices.CompactFunc(last, func(a, b holding) bool { return a.id == b.id })
}

// grants reads numbers and fences from what holders returns, as g (i, f): the
// first two placeholders on PostgreSQL, the first on SQLite.
func grants(postgres bool) string {
	if postgres {
		return `unnest($1::bigint[], $2::bigint[]) g (i, f)`
	}
	return `(SELECT value->>0 AS i, value->>1 AS f FROM json_each($1)) g`
}
