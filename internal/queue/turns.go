package queue

import (
	"sync"
	"time"
)

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

func (l *lowWater) took(jobs []*Job) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.rank == nil {
		l.rank = map[int64]int64{}
	}
	for _, j := range jobs {
		if r, ok := l.rank[j.lane]; !ok || j.rank > r {
			l.rank[j.lane] = j.rank
		}
	}
}
