package queue

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/aether-rpa/aether/internal/db"
)

// turn says how many jobs of which lanes are next.
type turn struct {
	lanes, room []int64
	ready       map[string]bool // tenants with ready jobs
}

// ahead remembers whose turn it is after the next: who looks how many jobs of each
// of many lanes are in turn looks for several claims at once.
type ahead struct {
	mu    sync.Mutex
	ids   []int64 // the lanes among which it was looked
	order []int64 // the lanes of the jobs that are next
	ready map[string]bool
	depth map[int64]int64 // how many jobs of a lane were in turn
	until time.Time
}

const (
	aheadClaims = 16 // claims that are looked ahead, but
	aheadLeast  = 200
	aheadMost   = 1600 // jobs, if one claim is not more
)

// forget makes the next claim look.
func (a *ahead) forget() {
	a.mu.Lock()
	a.order = nil
	a.mu.Unlock()
}

// aheadNews is how long turns are good after somebody has added jobs.
const aheadNews = 10 * time.Millisecond

// news says that somebody may have added jobs, maybe of a tenant that had none.
func (a *ahead) news() {
	a.mu.Lock()
	if soon := time.Now().Add(aheadNews); soon.Before(a.until) {
		a.until = soon
	}
	a.mu.Unlock()
}

// added says that jobs were added. One of no priority comes after all others of its
// tenant, so the turns stay right unless the tenant had none.
func (a *ahead) added(jobs []*Job) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, j := range jobs {
		if len(a.order) > 0 && (j.Priority > 0 || !a.ready[j.Tenant]) {
			a.order = nil
		}
	}
}

// next takes the next n turns, if they are known.
func (a *ahead) next(ids []int64, n int) (turn, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.order) < n || time.Now().After(a.until) || !slices.Equal(a.ids, ids) {
		return turn{}, false
	}
	return a.take(n), true
}

func (a *ahead) take(n int) turn {
	n = min(n, len(a.order))
	t := turn{ready: a.ready}
	place := map[int64]int{}
	for _, id := range a.order[:n] {
		i, ok := place[id]
		if !ok {
			i = len(t.lanes)
			place[id] = i
			t.lanes, t.room = append(t.lanes, id), append(t.room, 0)
		}
		t.room[i]++
	}
	a.order = a.order[n:]
	return t
}

// turnsOf returns the next n turns, and whether they were known from before.
func (q *Queue) turnsOf(ctx context.Context, f fitting, n int) (turn, bool, error) {
	if len(f.ids) == 0 {
		return turn{}, false, nil
	}
	if t, ok := q.ahead.next(f.ids, n); ok {
		return t, true, nil
	}
	order, ready, depth, err := q.inTurn(ctx, f, max(n, min(max(aheadClaims*n, aheadLeast), aheadMost)))
	if err != nil {
		return turn{}, false, err
	}
	a := &q.ahead
	a.mu.Lock()
	defer a.mu.Unlock()
	a.ids, a.order, a.ready, a.depth, a.until = f.ids, order, ready, depth, time.Now().Add(lowFresh)
	return a.take(n), false, nil
}

// tenants returns the tenants of lanes.
func (f fitting) tenants() []string {
	out := make([]string, len(f.ids))
	for i, id := range f.ids {
		out[i] = f.lane[id].tenant
	}
	return out
}

// inTurn returns the lanes of the n jobs that go first. It locks nothing: what
// others claim meanwhile is skipped then, and the next of the same lane is taken.
// Ready has the tenants that have ready jobs, depth how many of a lane are in turn.
func (q *Queue) inTurn(ctx context.Context, f fitting, n int) (order []int64, ready map[string]bool, depth map[int64]int64, err error) {
	tenants := f.tenants()
	turns := q.fair.turns(tenants)
	numbers := map[string]int64{}
	ahead, tenant, look := make([]int64, len(f.ids)), make([]int64, len(f.ids)), make([]int64, len(f.ids))
	q.ahead.mu.Lock()
	for i, t := range tenants {
		if _, ok := numbers[t]; !ok {
			numbers[t] = int64(len(numbers))
		}
		ahead[i], tenant[i] = turns[t], numbers[t]
		look[i] = min(int64(n), max(int64(2+3*n/(2*len(f.ids))), q.ahead.depth[f.ids[i]]*5/4+2))
	}
	q.ahead.mu.Unlock()
	from := q.low.from(f.ids)
	for {
		rows, err := q.db.Direct(ctx, `SELECT lane, COALESCE(array_agg(place) FILTER (WHERE place <= $6), '{}') FROM (SELECT lane, row_number() OVER (ORDER BY turn, rank, id) AS place
			FROM (SELECT l.id AS lane, j.rank, j.id, l.ahead + row_number() OVER (PARTITION BY l.tenant ORDER BY j.rank, j.id) AS turn
				FROM unnest(`+hidden(`$1::bigint[]`)+`, `+hidden(`$2::bigint[]`)+`, `+hidden(`$3::bigint[]`)+`, `+hidden(`$4::bigint[]`)+`, `+hidden(`$5::bigint[]`)+`) AS l (id, low, ahead, tenant, depth)
				CROSS JOIN LATERAL (SELECT id, rank FROM {s}job WHERE lane = l.id AND state = 0 AND rank >= l.low ORDER BY rank, id LIMIT l.depth) j) t) p GROUP BY lane`,
			f.ids, from, ahead, tenant, look, n)
		if err != nil {
			return nil, nil, nil, err
		}
		order, ready, depth = make([]int64, n), map[string]bool{}, map[int64]int64{}
		found := 0
		if err := places(rows, func(lane int64, at []int64) {
			ready[f.lane[lane].tenant] = true
			depth[lane] = int64(len(at))
			for _, place := range at {
				order[place-1] = lane
				found++
			}
		}); err != nil {
			return nil, nil, nil, err
		}
		// If all that was looked at of a lane is in turn, more of it may be.
		deeper := false
		for i, id := range f.ids {
			if depth[id] == look[i] && look[i] < int64(n) {
				look[i], deeper = min(int64(n), 4*look[i]), true
			}
		}
		if !deeper {
			return order[:found], ready, depth, nil
		}
	}
}

func places(rows db.Rows, each func(lane int64, at []int64)) error {
	defer rows.Close()
	for rows.Next() {
		var lane int64
		var at []int64
		if err := rows.Scan(&lane, &at); err != nil {
			return err
		}
		each(lane, at)
	}
	return rows.Err()
}
