package queue

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
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

// Claim gives waiting robots the jobs that are first in line for them, at most
// one each: the job at i is for wants[i], nil if there is none. Among tenants
// it takes turns; within a tenant the lowest rank goes first.
//
// One call for many robots is far cheaper than one for each: see Dispatcher.
func (q *Queue) Claim(ctx context.Context, wants ...Want) ([]*Job, error) {
	if len(wants) == 0 {
		return nil, nil
	}
	c := &claiming{wants: wants}
	if err := q.claims.do(ctx, c); err != nil {
		return nil, err
	}
	return c.got, c.err
}

// claiming is a call of Claim.
type claiming struct {
	wants []Want
	got   []*Job
	err   error
}

// claimTogether makes one claim of several.
func (q *Queue) claimTogether(ctx context.Context, calls []*claiming) {
	wants := calls[0].wants
	if len(calls) > 1 {
		wants = nil
		for _, c := range calls {
			wants = append(wants, c.wants...)
		}
	}
	got, err := q.claimAll(ctx, wants)
	for _, c := range calls {
		if c.err = err; err == nil {
			c.got, got = got[:len(c.wants):len(c.wants)], got[len(c.wants):]
		}
	}
}

func (q *Queue) claimAll(ctx context.Context, wants []Want) ([]*Job, error) {
	all, err := q.allLanes(ctx)
	if err != nil {
		return nil, err
	}
	var out []*Job
	if q.db.Pool != nil {
		// One statement needs no transaction around it.
		if f := fit(all, wants); len(f.who) == 0 || f.same {
			err = q.db.Again(func() (err error) {
				out, err = q.claimFitting(ctx, wants, f)
				return err
			})
			return out, err
		}
	}
	err = q.db.Tx(ctx, func(tx *db.Tx) error {
		var err error
		out, err = q.claim(ctx, tx, all, wants)
		return err
	})
	return out, err
}

// fitting says which robots could do the jobs of which lanes.
type fitting struct {
	ids  []int64         // of the lanes, in order
	who  map[int64][]int // lane -> places of wants
	lane map[int64]*lane
	same bool // every robot can do the jobs of all these lanes, with one lease
}

func fit(all []*lane, wants []Want) fitting {
	f := fitting{who: map[int64][]int{}, lane: map[int64]*lane{}, same: true}
	// The robots of a process have the same labels as a rule.
	like := true
	for _, w := range wants[1:] {
		like = like && w.Queue == wants[0].Queue && slices.Equal(w.Labels, wants[0].Labels)
		f.same = f.same && w.Lease == wants[0].Lease
	}
	everybody := make([]int, len(wants))
	for i := range everybody {
		everybody[i] = i
	}
	for _, ln := range all {
		f.lane[ln.id] = ln
		if like {
			if w := wants[0]; w.Queue == ln.queue && ln.needs.Fit(w.Labels) {
				f.who[ln.id] = everybody
			}
			continue
		}
		for i, w := range wants {
			if w.Queue == ln.queue && ln.needs.Fit(w.Labels) {
				f.who[ln.id] = append(f.who[ln.id], i)
			}
		}
		f.same = f.same && len(f.who[ln.id])%len(wants) == 0
	}
	f.ids = slices.Sorted(maps.Keys(f.who))
	return f
}

// claim is Claim in a transaction. The lanes were read before it: who waits for
// a second connection while it holds one may wait for ever.
func (q *Queue) claim(ctx context.Context, tx *db.Tx, all []*lane, wants []Want) ([]*Job, error) {
	if len(wants) == 0 {
		return nil, nil
	}
	f := fit(all, wants)
	out := make([]*Job, len(wants))
	if len(f.ids) == 0 {
		return out, nil
	}
	picked, err := q.pick(ctx, tx, f, len(wants))
	if err != nil || len(picked) == 0 {
		return out, err
	}
	// The job that the fewest robots can do chooses first.
	slices.SortStableFunc(picked, func(a, b candidate) int { return cmp.Compare(len(f.who[a.lane]), len(f.who[b.lane])) })
	given, who := []candidate{}, []int{}
	taken := make([]bool, len(wants))
	for _, c := range picked {
		for _, i := range f.who[c.lane] {
			if !taken[i] {
				taken[i] = true
				given, who = append(given, c), append(who, i)
				break
			}
		}
	}
	return out, q.lease(ctx, tx, given, who, wants, out, f.lane)
}

// candidate is a ready job that a claim may take.
type candidate struct{ id, lane, rank, turn int64 }

// pick finds the n ready jobs that go first, with at most as many of a lane as
// robots could take. On PostgreSQL it locks them.
func (q *Queue) pick(ctx context.Context, tx *db.Tx, f fitting, n int) ([]candidate, error) {
	fits, byLane, laneIDs := f.who, f.lane, f.ids
	tenants := f.tenants()
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
	rows, err := tx.Direct(ctx, `SELECT j.id, l.id, j.rank FROM unnest($1::bigint[], $2::bigint[], $3::bigint[]) AS l (id, low, room)
		CROSS JOIN LATERAL (SELECT id, rank FROM {s}job WHERE lane = l.id AND state = 0 AND rank >= l.low ORDER BY rank, id LIMIT l.room FOR UPDATE SKIP LOCKED) j`, laneIDs, from, limits)
	if err != nil {
		return nil, err
	}
	return candidates(rows)
}

func pickSQLite(ctx context.Context, tx *db.Tx, laneIDs []int64, fits map[int64][]int, n int) ([]candidate, error) {
	var out []candidate
	for _, id := range laneIDs {
		rows, err := tx.Direct(ctx, `SELECT id, lane, rank FROM {s}job WHERE lane = $1 AND state = 0 ORDER BY rank, id LIMIT $2`, id, min(len(fits[id]), n))
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

func candidates(rows db.Rows) ([]candidate, error) {
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
	place := map[int64]int{}
	for k, c := range given {
		place[c.id] = who[k]
	}
	rows, err := grant(ctx, tx, given, who, wants)
	if err != nil {
		return fmt.Errorf("claiming jobs: %w", err)
	}
	jobs, err := scanClaimed(rows, byLane, tx.Postgres())
	if err != nil {
		return fmt.Errorf("claiming jobs: %w", err)
	}
	for _, j := range jobs {
		i := place[j.ID]
		j.Lease, out[i] = j.leased(leaseOf(wants[i])), j
	}
	q.low.took(jobs)
	return nil
}

// granted begins the statement that leases jobs at a time. The fence grows; on
// PostgreSQL it is also no less than the time in milliseconds: the claim before may
// have been undone by a crash of the server, and its fence must not be given
// again.
func granted(now string) string {
	return `UPDATE {s}job SET state = 1, attempt = attempt + 1, fence = greatest(fence + 1, ` + now + `), woken = 0, claimed = ` + now + `, `
}

const leased = `UPDATE {s}job SET state = 1, attempt = attempt + 1, fence = fence + 1, woken = 0, claimed = {now}, `

func grant(ctx context.Context, tx *db.Tx, given []candidate, who []int, wants []Want) (db.Rows, error) {
	ids, robots, leases := make([]int64, len(given)), make([]string, len(given)), make([]int64, len(given))
	same := true
	for k, c := range given {
		w := wants[who[k]]
		ids[k], robots[k], leases[k] = c.id, w.Robot, leaseOf(w)
		same = same && robots[k] == robots[0] && leases[k] == leases[0]
	}
	switch {
	case tx.Postgres():
		// The transaction does nothing but claim.
		return tx.Direct(ctx, granted(`p.now`)+`robot = g.r, lease_until = p.now + g.l
			FROM (SELECT {now} AS now`+lazily+` OFFSET 0) p, unnest(`+hidden(`$1::bigint[]`)+`, `+hidden(`$2::text[]`)+`, `+hidden(`$3::bigint[]`)+`) g (i, r, l) WHERE id = g.i AND `+isReady+` RETURNING `+claimed(tx.Postgres()), ids, robots, leases)
	case same:
		return tx.Direct(ctx, leased+`robot = $2, lease_until = {now} + $3 WHERE id IN (SELECT value FROM json_each($1)) AND `+isReady+` RETURNING `+claimed(tx.Postgres()), list(ids), robots[0], leases[0])
	}
	b, err := json.Marshal([]any{robots, leases})
	if err != nil {
		return nil, err
	}
	return tx.Direct(ctx, leased+`robot = json_extract($2, '$[0][' || g.k || ']'), lease_until = {now} + json_extract($2, '$[1][' || g.k || ']')
		FROM (SELECT key AS k, value AS i FROM json_each($1)) g WHERE id = g.i AND `+isReady+` RETURNING `+claimed(tx.Postgres()), list(ids), string(b))
}

func leaseOf(w Want) int64 {
	if w.Lease <= 0 {
		return LeaseTime.Milliseconds()
	}
	return w.Lease.Milliseconds()
}

const columns = `id, run, lane, state, ready_at, priority, deadline, attempt, max_attempts, backoff, backoff_max, fence, robot, lease_until, claimed, cancel, slot, room, parent, killed, reason, created, payload, rank`

// scanJobs reads jobs and closes the rows. Lanes may be nil: queue, tenant and
// needs stay empty then.
func scanJobs(rows db.Rows, byLane map[int64]*lane) ([]*Job, error) {
	defer rows.Close()
	var out []*Job
	for rows.Next() {
		var j Job
		var after, deadline, lease, claimed, created, backoff, backoffMax int64
		var cancel int
		var killed, payload string
		if err := rows.Scan(&j.ID, &j.Run, &j.lane, &j.State, &after, &j.Priority, &deadline, &j.Attempt, &j.Retry.Attempts, &backoff, &backoffMax, &j.fence, &j.Robot,
			&lease, &claimed, &cancel, &j.Slot.Key, &j.Slot.Limit, &j.Parent, &killed, &j.Reason, &created, &payload, &j.rank); err != nil {
			return nil, err
		}
		j.After, j.Deadline, j.Lease, j.Claimed, j.Created = db.Time(after), db.Time(deadline), db.Time(lease), db.Time(claimed), db.Time(created)
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
