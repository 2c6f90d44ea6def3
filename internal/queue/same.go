package queue

import (
	"context"
	"database/sql"
	"fmt"
	"maps"
	"slices"

	"github.com/aether-rpa/aether/internal/db"
)

// querier is a database or a transaction on it.
type querier interface {
	Query(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

var (
	_ querier = (*db.DB)(nil)
	_ querier = (*db.Tx)(nil)
)

// claimFitting claims with one statement on PostgreSQL, for robots of which
// each can do whatever the others can. With several lanes it looks first how
// many jobs of each are in turn, so that only these are locked.
func (q *Queue) claimFitting(ctx context.Context, x querier, wants []Want, f fitting) ([]*Job, error) {
	out := make([]*Job, len(wants))
	if len(f.who) == 0 {
		return out, nil
	}
	ids := slices.Sorted(maps.Keys(f.who))
	from := q.low.from(ids)
	room := []int64{int64(len(wants))}
	count := map[string]int64{} // of the tenants with ready jobs, what they get
	if len(ids) > 1 {
		var err error
		if room, count, err = q.inTurn(ctx, x, ids, from, f, len(wants)); err != nil {
			return nil, fmt.Errorf("claiming jobs: %w", err)
		}
		if slices.Max(room) == 0 {
			return out, nil
		}
	}
	robots := make([]string, len(wants))
	one := true
	for i, w := range wants {
		robots[i] = w.Robot
		one = one && robots[i] == robots[0]
	}
	if one {
		robots = robots[:1]
	}
	// The array is made before the update, which then finds the rows by their
	// numbers whatever the planner thinks of the table.
	rows, err := x.Query(ctx, leased+`robot = CASE WHEN cardinality($4::text[]) = 1 THEN ($4::text[])[1] ELSE ($4::text[])[array_position(p.ids, id)] END, lease_until = {now} + $5
		FROM (SELECT ARRAY(SELECT j.id FROM unnest($1::bigint[], $2::bigint[], $3::bigint[]) AS l (id, low, room)
			CROSS JOIN LATERAL (SELECT id FROM {s}job WHERE lane = l.id AND state = 0 AND rank >= l.low ORDER BY rank, id LIMIT l.room FOR UPDATE SKIP LOCKED) j) AS ids OFFSET 0) p
		WHERE id = ANY(p.ids) AND `+isReady+` RETURNING `+columns, ids, from, room, robots, leaseOf(wants[0]))
	if err != nil {
		return nil, fmt.Errorf("claiming jobs: %w", err)
	}
	jobs, err := scanJobs(rows, f.lane)
	if err != nil {
		return nil, fmt.Errorf("claiming jobs: %w", err)
	}
	at := map[string][]int{}
	for i, w := range wants {
		at[w.Robot] = append(at[w.Robot], i)
	}
	for _, j := range jobs {
		places := at[j.Robot]
		out[places[0]], at[j.Robot] = j, places[1:]
		count[j.Tenant]++
	}
	if len(ids) > 1 {
		q.fair.gave(f.tenants(ids), count)
	}
	q.low.took(jobs)
	return out, nil
}

// tenants returns the tenants of lanes.
func (f fitting) tenants(ids []int64) []string {
	out := make([]string, len(ids))
	for i, id := range ids {
		out[i] = f.lane[id].tenant
	}
	return out
}

// inTurn returns how many jobs of each lane are among the n that go first. It
// locks nothing: what others claim meanwhile is skipped then, and the next of
// the same lane is taken. Ready has the tenants that have ready jobs.
func (q *Queue) inTurn(ctx context.Context, x querier, ids, from []int64, f fitting, n int) (room []int64, ready map[string]int64, err error) {
	tenants := f.tenants(ids)
	turns := q.fair.turns(tenants)
	numbers := map[string]int64{}
	room = make([]int64, len(ids))
	ahead, tenant, depth := make([]int64, len(ids)), make([]int64, len(ids)), make([]int64, len(ids))
	place := map[int64]int{}
	for i, t := range tenants {
		if _, ok := numbers[t]; !ok {
			numbers[t] = int64(len(numbers))
		}
		ahead[i], tenant[i], place[ids[i]] = turns[t], numbers[t], i
	}
	for i := range depth {
		depth[i] = int64(min(n, 2+2*n/len(numbers)))
	}
	for {
		rows, err := x.Query(ctx, `SELECT lane, count(*) FILTER (WHERE place <= $6) FROM (SELECT lane, row_number() OVER (ORDER BY turn, rank, id) AS place
			FROM (SELECT l.id AS lane, j.rank, j.id, l.ahead + row_number() OVER (PARTITION BY l.tenant ORDER BY j.rank, j.id) AS turn
				FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[]) AS l (id, low, ahead, tenant, depth)
				CROSS JOIN LATERAL (SELECT id, rank FROM {s}job WHERE lane = l.id AND state = 0 AND rank >= l.low ORDER BY rank, id LIMIT l.depth) j) t) p GROUP BY lane`,
			ids, from, ahead, tenant, depth, n)
		if err != nil {
			return nil, nil, err
		}
		clear(room)
		ready = map[string]int64{}
		if err := counts(rows, func(lane, n int64) {
			room[place[lane]] = n
			ready[f.lane[lane].tenant] = 0
		}); err != nil {
			return nil, nil, err
		}
		// If all that was looked at of a lane is in turn, more of it may be.
		deeper := false
		for i := range ids {
			if room[i] == depth[i] && depth[i] < int64(n) {
				depth[i], deeper = min(int64(n), 4*depth[i]), true
			}
		}
		if !deeper {
			return room, ready, nil
		}
	}
}

func counts(rows *sql.Rows, each func(lane, n int64)) error {
	defer rows.Close()
	for rows.Next() {
		var lane, n int64
		if err := rows.Scan(&lane, &n); err != nil {
			return err
		}
		each(lane, n)
	}
	return rows.Err()
}
