package queue

import (
	"context"
	"fmt"
	"time"
)

// Stats are figures of the queue and its robots.
type Stats struct {
	Jobs        map[State]int
	OldestReady time.Duration // how long the job has waited that is ready for longest
	Robots      map[RobotState]int
	Slots, Busy int // of online robots
}

// Stats reads the figures.
func (q *Queue) Stats(ctx context.Context) (*Stats, error) {
	jobs, err := q.Count(ctx)
	if err != nil {
		return nil, err
	}
	s := &Stats{Jobs: jobs, Robots: map[RobotState]int{}}
	var waited int64
	if err := q.db.QueryRow(ctx, `SELECT COALESCE(max({now} - ready_at), 0) FROM {s}job WHERE state = 0`).Scan(&waited); err != nil {
		return nil, fmt.Errorf("looking for the oldest job: %w", err)
	}
	s.OldestReady = time.Duration(max(0, waited)) * time.Millisecond
	robots, err := q.Robots(ctx)
	if err != nil {
		return nil, err
	}
	for _, r := range robots {
		s.Robots[r.State]++
		if r.State == Online {
			s.Slots += r.Slots
			s.Busy += r.Busy
		}
	}
	return s, nil
}
