package queue

import (
	"context"
	"fmt"

	"github.com/aether-rpa/aether/internal/db"
)

// lazily makes a statement outside a transaction, or a transaction, return before
// its commit is on the disk. Only claims may do that. A claim that a crash of the
// server undoes is a job that is ready again, no more: the robot that had it holds a
// fence that no later lease gets (see granted), so whatever it says of the job is
// refused. Nor had it begun: before a run's first node its robot commits that the
// run is its own, and waits for that; PostgreSQL's log is written in order, so the
// claim is on the disk by then too. A robot that begins after the crash has the
// run's own lease, which keeps any other from the run, until it hears with its next
// heartbeat that the job's is lost.
const lazily = `, set_config('synchronous_commit', 'off', true) AS lazy`

// hidden is a list whose length the planner does not see. It would plan
// the statement anew for each list, and that takes longer than executing it.
func hidden(list string) string { return `(SELECT ` + list + `)` }

// claimFitting claims with one statement on PostgreSQL, for robots of which each
// can do whatever the others can. With several lanes it knows before how many jobs
// of each are in turn, so that only these are locked.
func (q *Queue) claimFitting(ctx context.Context, wants []Want, f fitting) ([]*Job, error) {
	out := make([]*Job, len(wants))
	t, known := turn{lanes: f.ids, room: []int64{int64(len(wants))}}, false
	if len(f.ids) != 1 {
		var err error
		if t, known, err = q.turnsOf(ctx, f, len(wants)); err != nil {
			return nil, fmt.Errorf("claiming jobs: %w", err)
		}
	}
	if len(t.lanes) == 0 {
		return out, nil
	}
	jobs, err := q.claimOf(ctx, wants, f, t)
	if err != nil {
		return nil, fmt.Errorf("claiming jobs: %w", err)
	}
	if len(jobs) < len(t.ids) {
		q.ahead.collided()
	}
	at := map[string][]int{}
	for i, w := range wants {
		at[w.Robot] = append(at[w.Robot], i)
	}
	count := map[string]int64{}
	for _, j := range jobs {
		places := at[j.Robot]
		out[places[0]], at[j.Robot] = j, places[1:]
		count[j.Tenant]++
	}
	if len(f.ids) > 1 {
		for tenant := range t.ready {
			count[tenant] += 0
		}
		q.fair.gave(f.tenants(), count)
	}
	if known && len(jobs) < len(wants) || len(jobs) < len(t.ids) {
		// Others have taken some of what was in turn: what else is there?
		q.ahead.forget()
		q.fill(ctx, wants, f, out)
	}
	return out, nil
}

// fill claims jobs for those robots that have none. If that does not work, the
// others keep theirs.
func (q *Queue) fill(ctx context.Context, wants []Want, f fitting, out []*Job) {
	var rest []Want
	var places []int
	for i, j := range out {
		if j == nil {
			rest, places = append(rest, wants[i]), append(places, i)
		}
	}
	more, err := q.claimFitting(ctx, rest, f)
	if err != nil {
		return
	}
	for i, j := range more {
		out[places[i]] = j
	}
}

// claimOf claims jobs in turn, or of lanes as many of each as there is room.
func (q *Queue) claimOf(ctx context.Context, wants []Want, f fitting, t turn) ([]*Job, error) {
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
	query, args := claimLanes, []any{robots, leaseOf(wants[0]), t.lanes, q.low.from(t.lanes), t.room}
	if t.ids != nil {
		query, args = claimIDs, []any{robots, leaseOf(wants[0]), t.ids}
	}
	rows, err := q.db.Direct(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	jobs, err := scanClaimed(rows, f.lane, true)
	if db.LockTimeout(err) {
		err = nil // somebody else has one of them
	}
	for _, j := range jobs {
		j.Lease = j.leased(leaseOf(wants[0]))
	}
	q.low.took(jobs)
	return jobs, err
}

var (
	claimOf = granted(`p.now`) + `robot = CASE WHEN cardinality($1::text[]) = 1 THEN ($1::text[])[1] ELSE ($1::text[])[array_position(p.ids, id)] END, lease_until = p.now + $2
		FROM (SELECT {now} AS now` + lazily + `, `
	claimLanes = claimOf + `ARRAY(SELECT j.id FROM unnest(` + hidden(`$3::bigint[]`) + `, ` + hidden(`$4::bigint[]`) + `, ` + hidden(`$5::bigint[]`) + `) AS l (id, low, room)
			CROSS JOIN LATERAL (SELECT id FROM {s}job WHERE lane = l.id AND state = 0 AND rank >= l.low ORDER BY rank, id LIMIT l.room FOR UPDATE SKIP LOCKED) j) AS ids OFFSET 0) p
		WHERE id = ANY(p.ids) AND ` + isReady + ` RETURNING ` + claimed(true)
	// Jobs that are known need not be locked before: the update does that, and waits
	// for who has locked one, but not for long.
	claimIDs = claimOf + hidden(`$3::bigint[]`) + ` AS ids, set_config('lock_timeout', '20ms', true) AS soon OFFSET 0) p
		WHERE id = ANY(p.ids) AND ` + isReady + ` RETURNING ` + claimed(true)
)
