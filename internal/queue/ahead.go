package queue

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"
)

// turn says which jobs are next.
type turn struct {
	ids         []int64         // of the jobs, if it was looked which
	lanes, room []int64         // of how many jobs of which lanes
	ready       map[string]bool // tenants with ready jobs
}

// ahead remembers whose turn it is after the next: who looks which jobs of many
// lanes are in turn looks for several claims at once.
type ahead struct {
	mu     sync.Mutex
	lanes  []int64     // among which it was looked
	order  []candidate // the jobs that are next
	ready  map[string]bool
	depth  map[int64]int64 // how many jobs of a lane were in turn
	looked int             // how many jobs were in turn altogether
	most   int             // how many to look for
	until  time.Time
	told   bool      // until was set to earlier than lowFresh after the look
	shared time.Time // until when others are known to claim the same jobs
	gate   chan struct{}
}

const (
	aheadClaims = 16 // claims that are looked ahead, but
	aheadLeast  = 200
	aheadMost   = 3200 // jobs, if one claim is not more
)

// forget makes the next claim look.
func (a *ahead) forget() {
	a.mu.Lock()
	a.order = nil
	a.mu.Unlock()
}

// aheadNews is how long turns are good, counted from the look, when somebody adds
// jobs, and aheadLate how long after that at least.
const (
	aheadNews = 30 * time.Millisecond
	aheadLate = 10 * time.Millisecond
)

// news says that somebody may have added jobs, maybe of a tenant that had none.
func (a *ahead) news() {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.told {
		return
	}
	soon := time.Now().Add(aheadLate)
	if least := a.until.Add(aheadNews - lowFresh); soon.Before(least) {
		soon = least
	}
	if soon.Before(a.until) {
		a.until, a.told = soon, true
	}
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

// aheadShared is for how long claims pass over the jobs that others claim, after
// some were found to.
const aheadShared = time.Second

// collided says that jobs in turn were gone when they were to be claimed.
func (a *ahead) collided() {
	a.mu.Lock()
	a.order, a.shared = nil, time.Now().Add(aheadShared)
	a.mu.Unlock()
}

// next takes the next n turns, if they are known.
func (a *ahead) next(lanes []int64, n int) (turn, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.order) < n || time.Now().After(a.until) || !slices.Equal(a.lanes, lanes) {
		return turn{}, false
	}
	return a.take(n), true
}

func (a *ahead) take(n int) turn {
	n = min(n, len(a.order))
	t := turn{ready: a.ready}
	if time.Now().After(a.shared) {
		t.ids = make([]int64, n)
	}
	place := map[int64]int{}
	for k, c := range a.order[:n] {
		i, ok := place[c.lane]
		if !ok {
			i = len(t.lanes)
			place[c.lane] = i
			t.lanes, t.room = append(t.lanes, c.lane), append(t.room, 0)
		}
		t.room[i]++
		if t.ids != nil {
			t.ids[k] = c.id
		}
	}
	a.order = a.order[n:]
	return t
}

// size is how many jobs to look for when n are wanted: as many as are claimed
// while turns are good, as far as the last time tells.
func (a *ahead) size(n int) int {
	a.mu.Lock()
	defer a.mu.Unlock()
	if left := len(a.order); a.looked > 0 && a.looked >= a.most {
		if left > a.looked/2 {
			a.most /= 2
		} else if left < n {
			a.most *= 2
		}
	}
	a.most = min(max(a.most, aheadLeast), aheadMost)
	return max(n, min(aheadClaims*n, a.most))
}

// turnsOf returns the next n turns, and whether they were known from before.
func (q *Queue) turnsOf(ctx context.Context, f fitting, n int) (turn, bool, error) {
	if len(f.ids) == 0 {
		return turn{}, false, nil
	}
	a := &q.ahead
	if t, ok := a.next(f.ids, n); ok {
		return t, true, nil
	}
	// One looks for all that claim at the same time.
	select {
	case a.gate <- struct{}{}:
		defer func() { <-a.gate }()
	case <-ctx.Done():
		return turn{}, false, ctx.Err()
	}
	if t, ok := a.next(f.ids, n); ok {
		return t, true, nil
	}
	order, ready, depth, err := q.inTurn(ctx, f, a.size(n))
	if err != nil {
		return turn{}, false, err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.lanes, a.order, a.ready, a.depth, a.looked, a.until, a.told = f.ids, order, ready, depth, len(order), time.Now().Add(lowFresh), false
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

// inTurn returns the n jobs that go first. It locks nothing. Ready has the tenants
// that have ready jobs, depth how many of a lane are in turn.
func (q *Queue) inTurn(ctx context.Context, f fitting, n int) (order []candidate, ready map[string]bool, depth map[int64]int64, err error) {
	tenants := f.tenants()
	turns := q.fair.turns(tenants)
	look := make([]int64, len(f.ids))
	q.ahead.mu.Lock()
	for i := range look {
		look[i] = int64(2 + 3*n/(2*len(f.ids)))
		if before := q.ahead.depth[f.ids[i]]; before > 0 && q.ahead.looked > 0 {
			look[i] = before*int64(n)/int64(q.ahead.looked)*9/8 + 2
		}
		look[i] = min(look[i], int64(n))
	}
	q.ahead.mu.Unlock()
	from := q.low.from(f.ids)
	for {
		found, err := q.firsts(ctx, f, from, look, n)
		if err != nil {
			return nil, nil, nil, err
		}
		order = inOrder(found, f, turns, n)
		ready, depth = map[string]bool{}, map[int64]int64{}
		for _, c := range found {
			ready[f.lane[c.lane].tenant] = true
		}
		for _, c := range order {
			depth[c.lane]++
		}
		// If all that was looked at of a lane is in turn, more of it may be.
		deeper := false
		for i, id := range f.ids {
			if depth[id] == look[i] && look[i] < int64(n) {
				look[i], deeper = min(int64(n), 4*look[i]), true
			}
		}
		if !deeper {
			return order, ready, depth, nil
		}
	}
}

// inOrder returns the n jobs that go first among some, of which those of a lane are
// in order: a job's turn is its place among the jobs of its tenant, behind what the
// tenant was given before.
func inOrder(found []candidate, f fitting, turns map[string]int64, n int) []candidate {
	of := map[string][]candidate{}
	for _, c := range found {
		t := f.lane[c.lane].tenant
		of[t] = append(of[t], c)
	}
	order := make([]candidate, 0, len(found))
	first := func(a, b candidate) int { return cmp.Or(cmp.Compare(a.rank, b.rank), cmp.Compare(a.id, b.id)) }
	for t, list := range of {
		slices.SortFunc(list, first)
		for i := range list {
			list[i].turn = turns[t] + int64(i)
		}
		order = append(order, list...)
	}
	slices.SortFunc(order, func(a, b candidate) int { return cmp.Or(cmp.Compare(a.turn, b.turn), first(a, b)) })
	return order[:min(n, len(order))]
}

// firsts returns the first jobs of lanes from a rank on, as many of each as look
// says. The database only collects them: it sorts much slower.
func (q *Queue) firsts(ctx context.Context, f fitting, from, look []int64, n int) ([]candidate, error) {
	rows, err := q.db.Direct(ctx, `SELECT l.id, j.ids, j.ranks FROM unnest(`+hidden(`$1::bigint[]`)+`, `+hidden(`$2::bigint[]`)+`, `+hidden(`$3::bigint[]`)+`) AS l (id, low, depth)
		CROSS JOIN LATERAL (SELECT array_agg(id) AS ids, array_agg(rank) AS ranks FROM (SELECT id, rank FROM {s}job WHERE lane = l.id AND state = 0 AND rank >= l.low ORDER BY rank, id LIMIT l.depth) i) j
		WHERE j.ids IS NOT NULL`, f.ids, from, look)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	out := make([]candidate, 0, 2*n)
	var ids, ranks []int64
	for rows.Next() {
		var lane int64
		if err := rows.Scan(&lane, &ids, &ranks); err != nil {
			return nil, err
		}
		for i, id := range ids {
			out = append(out, candidate{id: id, lane: lane, rank: ranks[i]})
		}
	}
	return out, rows.Err()
}
