package queue

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/aether-rpa/aether/internal/db"
)

// lane is a queue, tenant and needs that jobs have in common. Jobs of a lane
// differ only in rank, so the index on (lane, rank) answers every claim.
type lane struct {
	id            int64
	queue, tenant string
	needs         Needs
}

// lanes remembers the lanes of the database, of which there are few.
type lanes struct {
	mu     sync.Mutex
	byID   map[int64]*lane
	byKey  map[[3]string]*lane
	looked time.Time // when the database was last asked for new ones
	looks  int       // how often it was
	forgot int       // how often forget was called
}

// laneTopic is what db.Listen is asked for to hear of new lanes, which are few:
// a signal of new jobs need not make who claims look for them.
const laneTopic = "lane"

// lanesFresh is how old what is known of lanes may be before a claim looks for
// new ones. A signal of a new lane makes it look at once.
const lanesFresh = 250 * time.Millisecond

func (l *lanes) add(ln *lane) {
	if l.byID == nil {
		l.byID, l.byKey = map[int64]*lane{}, map[[3]string]*lane{}
	}
	l.byID[ln.id] = ln
	l.byKey[[3]string{ln.queue, ln.tenant, ln.needs.String()}] = ln
}

// forget makes the next claim look for new lanes.
func (l *lanes) forget() {
	l.mu.Lock()
	l.looked = time.Time{}
	l.forgot++
	l.mu.Unlock()
}

// allLanes returns every lane, asking the database for those that are new. It
// holds no lock while it waits for a connection: who has one may wait for the lock.
func (q *Queue) allLanes(ctx context.Context) ([]*lane, error) {
	l := &q.lanes
	l.mu.Lock()
	known, fresh, forgot := int64(0), time.Since(l.looked) <= lanesFresh, l.forgot
	// A lane of a transaction that committed late may have a lower number, so
	// now and then all are read.
	if len(l.byID) >= 100 && l.looks%4 > 0 {
		known = slices.Max(slices.Collect(maps.Keys(l.byID)))
	}
	l.mu.Unlock()
	var found []*lane
	began := time.Now()
	if !fresh {
		var err error
		if found, err = q.lanesAfter(ctx, known); err != nil {
			return nil, err
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, ln := range found {
		if l.byID[ln.id] == nil {
			l.add(ln)
		}
	}
	if !fresh {
		l.looks++
		if forgot == l.forgot {
			l.looked = began
		}
	}
	return slices.Collect(maps.Values(l.byID)), nil
}

func (q *Queue) lanesAfter(ctx context.Context, known int64) ([]*lane, error) {
	rows, err := q.db.Query(ctx, `SELECT id, queue, tenant, needs FROM {s}lane WHERE id > $1`, known)
	if err != nil {
		return nil, fmt.Errorf("reading the lanes of the queue: %w", err)
	}
	defer rows.Close()
	var out []*lane
	for rows.Next() {
		var ln lane
		var needs string
		if err := rows.Scan(&ln.id, &ln.queue, &ln.tenant, &needs); err != nil {
			return nil, fmt.Errorf("reading the lanes of the queue: %w", err)
		}
		if ln.needs, err = ParseNeeds(needs); err != nil {
			return nil, fmt.Errorf("lane %d of the queue is damaged: %w", ln.id, err)
		}
		out = append(out, &ln)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("reading the lanes of the queue: %w", err)
	}
	return out, nil
}

// laneOf returns the lane of a job, and makes it if the job is its first.
func (q *Queue) laneOf(ctx context.Context, tx *db.Tx, j *Job) (int64, error) {
	key := [3]string{j.Queue, j.Tenant, j.Needs}
	q.lanes.mu.Lock()
	ln := q.lanes.byKey[key]
	q.lanes.mu.Unlock()
	if ln != nil {
		return ln.id, nil
	}
	// As a rule it is there: looking for it locks nothing that others wait for.
	made := &lane{queue: j.Queue, tenant: j.Tenant}
	err := tx.QueryRow(ctx, `SELECT id FROM {s}lane WHERE queue = $1 AND tenant = $2 AND needs = $3`, j.Queue, j.Tenant, j.Needs).Scan(&made.id)
	if errors.Is(err, sql.ErrNoRows) {
		// The update that changes nothing makes the row come back.
		err = tx.QueryRow(ctx, `INSERT INTO {s}lane (queue, tenant, needs) VALUES ($1, $2, $3)
			ON CONFLICT (queue, tenant, needs) DO UPDATE SET queue = excluded.queue RETURNING id`, j.Queue, j.Tenant, j.Needs).Scan(&made.id)
		if err == nil {
			err = tx.Notify(ctx, laneTopic)
		}
	}
	if err == nil {
		made.needs, err = ParseNeeds(j.Needs)
	}
	if err != nil {
		return 0, fmt.Errorf("making a lane of the queue: %w", err)
	}
	// Remembered when it is committed.
	tx.After(func() {
		q.lanes.mu.Lock()
		defer q.lanes.mu.Unlock()
		if q.lanes.byID[made.id] == nil {
			q.lanes.add(made)
		}
	})
	return made.id, nil
}
