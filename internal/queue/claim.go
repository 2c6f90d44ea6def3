package queue

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aether-rpa/aether/internal/db"
)

// Want is what a robot asks for: one job that it can do.
type Want struct {
	Robot  string   // id
	Queue  string   // queue it takes jobs of
	Labels []string // what it has
	Lease  time.Duration
}

// fair takes turns among tenants: every job that a tenant is given moves its
// clock forward by one, and the tenant whose clock is behind goes first. Who
// had nothing to do gets no credit for it: its clock is set to the others'.
type fair struct {
	mu    sync.Mutex
	clock map[string]int64
}

// turns returns how far each tenant is ahead of the one that is furthest behind.
func (f *fair) turns(tenants []string) map[string]int64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	least, known := int64(0), false
	for _, t := range tenants {
		if c, ok := f.clock[t]; ok && (!known || c < least) {
			least, known = c, true
		}
	}
	out := map[string]int64{}
	for _, t := range tenants {
		out[t] = max(0, f.clock[t]-least)
	}
	return out
}

// gave moves the clocks: count has the tenants with ready jobs, and how many of
// these were given. Tenants with nothing ready must not save up turns.
func (f *fair) gave(tenants []string, count map[string]int64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.clock == nil || len(f.clock) > 10_000 {
		f.clock = map[string]int64{}
	}
	front := int64(0)
	for t, n := range count {
		f.clock[t] += n
		front = max(front, f.clock[t])
	}
	for _, t := range tenants {
		if _, ready := count[t]; !ready && f.clock[t] < front {
			f.clock[t] = front
		}
	}
}

// lowWater remembers where the ready jobs of a lane begin: PostgreSQL keeps
// entries of rows that are gone in an index while any transaction is open that
// could see them, and a scan from the start would pass over all of them.
type lowWater struct {
	mu      sync.Mutex
	rank    map[int64]int64
	scanned time.Time // when a claim last began at the start
}

// lowFresh is how long claims may begin at the low water; a job of a lower
// rank that another process added since waits that long at most.
const lowFresh = 50 * time.Millisecond

const fromStart = -1 << 62

func (l *lowWater) from(lanes []int64) []int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	out := make([]int64, len(lanes))
	full := time.Since(l.scanned) > lowFresh
	if full {
		l.scanned = time.Now()
		clear(l.rank)
	}
	for i, id := range lanes {
		out[i] = fromStart
		if r, ok := l.rank[id]; ok && !full {
			out[i] = r
		}
	}
	return out
}

// reset makes the next claim begin at the start.
func (l *lowWater) reset() {
	l.mu.Lock()
	l.scanned = time.Time{}
	l.mu.Unlock()
}

// lower makes sure that the next claim sees a job of a rank.
func (l *lowWater) lower(lane, rank int64) {
	l.mu.Lock()
	if r, ok := l.rank[lane]; ok && rank < r {
		l.rank[lane] = rank
	}
	l.mu.Unlock()
}

func (l *lowWater) took(jobs []*Job, ranks []int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.rank == nil {
		l.rank = map[int64]int64{}
	}
	for i, j := range jobs {
		if r, ok := l.rank[j.lane]; !ok || ranks[i] > r {
			l.rank[j.lane] = ranks[i]
		}
	}
}

// Claim gives waiting robots the jobs that are first in line for them, at most
// one each: the job at i is for wants[i], nil if there is none. Among tenants
// it takes turns; within a tenant the lowest rank goes first.
//
// One call for many robots is far cheaper than one for each: see Dispatcher.
func (q *Queue) Claim(ctx context.Context, wants ...Want) ([]*Job, error) {
	var out []*Job
	err := q.db.Tx(ctx, func(tx *db.Tx) error {
		var err error
		out, err = q.claim(ctx, tx, wants)
		return err
	})
	return out, err
}

func (q *Queue) claim(ctx context.Context, tx *db.Tx, wants []Want) ([]*Job, error) {
	out := make([]*Job, len(wants))
	if len(wants) == 0 {
		return out, nil
	}
	all, err := q.allLanes(ctx)
	if err != nil {
		return nil, err
	}
	// How many robots could take a job of a lane, and which.
	fits := map[int64][]int{}
	byLane := map[int64]*lane{}
	for _, ln := range all {
		for i, w := range wants {
			if w.Queue == ln.queue && ln.needs.Fit(w.Labels) {
				fits[ln.id] = append(fits[ln.id], i)
			}
		}
		byLane[ln.id] = ln
	}
	if len(fits) == 0 {
		return out, nil
	}
	picked, err := q.pick(ctx, tx, fits, byLane, len(wants))
	if err != nil || len(picked) == 0 {
		return out, err
	}
	// The job that the fewest robots can do chooses first.
	slices.SortStableFunc(picked, func(a, b candidate) int { return cmp.Compare(len(fits[a.lane]), len(fits[b.lane])) })
	given, who := []candidate{}, []int{}
	for _, c := range picked {
		for _, i := range fits[c.lane] {
			if out[i] == nil {
				out[i] = &Job{}
				given, who = append(given, c), append(who, i)
				break
			}
		}
	}
	return out, q.lease(ctx, tx, given, who, wants, out, byLane)
}

// candidate is a ready job that a claim may take.
type candidate struct{ id, lane, rank, turn int64 }

// pick finds the n ready jobs that go first, with at most as many of a lane as
// robots could take. On PostgreSQL it locks them.
func (q *Queue) pick(ctx context.Context, tx *db.Tx, fits map[int64][]int, byLane map[int64]*lane, n int) ([]candidate, error) {
	laneIDs := slices.Sorted(maps.Keys(fits))
	tenants := make([]string, 0, len(laneIDs))
	for _, id := range laneIDs {
		tenants = append(tenants, byLane[id].tenant)
	}
	ahead := q.fair.turns(tenants)
	from := q.low.from(laneIDs)
	var found []candidate
	var err error
	if tx.Postgres() {
		found, err = pickPostgres(ctx, tx, laneIDs, fits, from, n)
	} else {
		found, err = pickSQLite(ctx, tx, laneIDs, fits, n)
	}
	if err != nil {
		return nil, fmt.Errorf("claiming jobs: %w", err)
	}
	// A job's turn is its place among the jobs of its tenant, behind what the
	// tenant was given before.
	slices.SortFunc(found, func(a, b candidate) int { return cmp.Or(cmp.Compare(a.rank, b.rank), cmp.Compare(a.id, b.id)) })
	place := map[string]int64{}
	for i := range found {
		t := byLane[found[i].lane].tenant
		found[i].turn = ahead[t] + place[t]
		place[t]++
	}
	slices.SortStableFunc(found, func(a, b candidate) int { return cmp.Compare(a.turn, b.turn) })
	count := map[string]int64{}
	for i, c := range found {
		t := byLane[c.lane].tenant
		count[t] += 0
		if i < n {
			count[t]++
		}
	}
	found = found[:min(len(found), n)]
	if len(ahead) > 1 {
		q.fair.gave(tenants, count)
	}
	return found, nil
}

func pickPostgres(ctx context.Context, tx *db.Tx, laneIDs []int64, fits map[int64][]int, from []int64, n int) ([]candidate, error) {
	limits := make([]int64, len(laneIDs))
	for i, id := range laneIDs {
		limits[i] = int64(min(len(fits[id]), n))
	}
	rows, err := tx.Query(ctx, `SELECT j.id, l.id, j.rank FROM unnest($1::bigint[], $2::bigint[], $3::bigint[]) AS l (id, low, room)
		CROSS JOIN LATERAL (SELECT id, rank FROM {s}job WHERE lane = l.id AND state = 0 AND rank >= l.low ORDER BY rank, id LIMIT l.room FOR UPDATE SKIP LOCKED) j`, laneIDs, from, limits)
	if err != nil {
		return nil, err
	}
	return candidates(rows)
}

func pickSQLite(ctx context.Context, tx *db.Tx, laneIDs []int64, fits map[int64][]int, n int) ([]candidate, error) {
	var out []candidate
	for _, id := range laneIDs {
		rows, err := tx.Query(ctx, `SELECT id, lane, rank FROM {s}job WHERE lane = $1 AND state = 0 ORDER BY rank, id LIMIT $2`, id, min(len(fits[id]), n))
		if err != nil {
			return nil, err
		}
		found, err := candidates(rows)
		if err != nil {
			return nil, err
		}
		out = append(out, found...)
	}
	return out, nil
}

func candidates(rows *sql.Rows) ([]candidate, error) {
	defer rows.Close()
	var out []candidate
	for rows.Next() {
		var c candidate
		if err := rows.Scan(&c.id, &c.lane, &c.rank); err != nil {
			return nil, err
		}
		out = append(out, c)
	}
	return out, rows.Err()
}

// lease gives picked jobs to their robots.
func (q *Queue) lease(ctx context.Context, tx *db.Tx, given []candidate, who []int, wants []Want, out []*Job, byLane map[int64]*lane) error {
	type grant struct {
		ID    int64  `json:"i"`
		Robot string `json:"r"`
		Lease int64  `json:"l"`
	}
	grants := make([]grant, len(given))
	place := map[int64]int{}
	ranks := map[int64]int64{}
	for k, c := range given {
		w := wants[who[k]]
		if w.Lease <= 0 {
			w.Lease = LeaseTime
		}
		grants[k] = grant{c.id, w.Robot, w.Lease.Milliseconds()}
		place[c.id], ranks[c.id] = who[k], c.rank
	}
	b, err := json.Marshal(grants)
	if err != nil {
		return err
	}
	from := `(SELECT value->>'i' AS i, value->>'r' AS r, value->>'l' AS l FROM json_each($1)) g`
	if tx.Postgres() {
		from = `(SELECT (value->>'i')::bigint AS i, value->>'r' AS r, (value->>'l')::bigint AS l FROM json_array_elements($1::json)) g`
	}
	rows, err := tx.Query(ctx, `UPDATE {s}job SET state = 1, attempt = attempt + 1, fence = fence + 1, robot = g.r, woken = 0, claimed = {now}, lease_until = {now} + g.l
		FROM `+from+` WHERE id = g.i AND state = 0 RETURNING `+columns, string(b))
	if err != nil {
		return fmt.Errorf("claiming jobs: %w", err)
	}
	jobs, err := scanJobs(rows, byLane)
	if err != nil {
		return fmt.Errorf("claiming jobs: %w", err)
	}
	for i := range out {
		out[i] = nil
	}
	low := make([]int64, len(jobs))
	for i, j := range jobs {
		out[place[j.ID]], low[i] = j, ranks[j.ID]
	}
	q.low.took(jobs, low)
	return nil
}

const columns = `id, run, lane, state, ready_at, priority, deadline, attempt, max_attempts, backoff, backoff_max, fence, robot, lease_until, claimed, cancel, slot, room, parent, killed, reason, created, payload`

// scanJobs reads jobs and closes the rows. Lanes may be nil: queue, tenant and
// needs stay empty then.
func scanJobs(rows *sql.Rows, byLane map[int64]*lane) ([]*Job, error) {
	defer rows.Close()
	var out []*Job
	for rows.Next() {
		var j Job
		var after, deadline, lease, claimed, created, backoff, backoffMax int64
		var cancel int
		var killed, payload string
		if err := rows.Scan(&j.ID, &j.Run, &j.lane, &j.State, &after, &j.Priority, &deadline, &j.Attempt, &j.Retry.Attempts, &backoff, &backoffMax, &j.fence, &j.Robot,
			&lease, &claimed, &cancel, &j.Slot.Key, &j.Slot.Limit, &j.Parent, &killed, &j.Reason, &created, &payload); err != nil {
			return nil, err
		}
		j.After, j.Deadline, j.Lease, j.Claimed, j.Created = at(after), at(deadline), at(lease), at(claimed), at(created)
		j.Retry.Backoff, j.Retry.MaxBackoff = time.Duration(backoff)*time.Millisecond, time.Duration(backoffMax)*time.Millisecond
		j.Cancel = cancel != 0
		if killed != "" {
			j.Killed = strings.Fields(killed)
		}
		if payload != "" {
			j.Payload = json.RawMessage(payload)
		}
		if ln := byLane[j.lane]; ln != nil {
			j.Queue, j.Tenant, j.Needs = ln.queue, ln.tenant, ln.needs.String()
		}
		out = append(out, &j)
	}
	return out, rows.Err()
}
