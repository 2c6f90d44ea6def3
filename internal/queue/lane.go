package queue

import (
	"context"
	"fmt"
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
}

// lanesFresh is how old what is known of lanes may be before a claim looks for
// new ones. A signal of new jobs makes it look at once.
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
	l.mu.Unlock()
}

// all returns every lane, asking the database for those that are new.
func (q *Queue) allLanes(ctx context.Context) ([]*lane, error) {
	l := &q.lanes
	l.mu.Lock()
	defer l.mu.Unlock()
	if time.Since(l.looked) > lanesFresh {
		known := int64(0)
		for id := range l.byID {
			known = max(known, id)
		}
		// A lane of a transaction that committed late may have a lower number, so
		// now and then all are read.
		if len(l.byID) < 100 {
			known = 0
		}
		rows, err := q.db.Query(ctx, `SELECT id, queue, tenant, needs FROM {s}lane WHERE id > $1`, known)
		if err != nil {
			return nil, fmt.Errorf("reading the lanes of the queue: %w", err)
		}
		defer rows.Close()
		for rows.Next() {
			var ln lane
			var needs string
			if err := rows.Scan(&ln.id, &ln.queue, &ln.tenant, &needs); err != nil {
				return nil, fmt.Errorf("reading the lanes of the queue: %w", err)
			}
			if ln.needs, err = ParseNeeds(needs); err != nil {
				return nil, fmt.Errorf("lane %d of the queue is damaged: %w", ln.id, err)
			}
			if l.byID[ln.id] == nil {
				l.add(&ln)
			}
		}
		if err := rows.Err(); err != nil {
			return nil, fmt.Errorf("reading the lanes of the queue: %w", err)
		}
		l.looked = time.Now()
	}
	out := make([]*lane, 0, len(l.byID))
	for _, ln := range l.byID {
		out = append(out, ln)
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
	var id int64
	// The update that changes nothing makes the row come back.
	err := tx.QueryRow(ctx, `INSERT INTO {s}lane (queue, tenant, needs) VALUES ($1, $2, $3)
		ON CONFLICT (queue, tenant, needs) DO UPDATE SET queue = excluded.queue RETURNING id`, j.Queue, j.Tenant, j.Needs).Scan(&id)
	if err != nil {
		return 0, fmt.Errorf("making a lane of the queue: %w", err)
	}
	// Not remembered before it is committed: a claim reads it from the database.
	q.lanes.forget()
	return id, nil
}
