package queue

import (
	"context"
	"fmt"
	"time"

	"github.com/aether-rpa/aether/internal/db"
)

// Stages are the states of jobs as people look at them: what waits for its first attempt, what a robot has, what waits for
// another attempt, and the dead letters with the poisoned jobs.
var Stages = []string{"waiting", "leased", "retried", "dead"}

// stages are the conditions of the stages.
var stages = map[string]string{
	"waiting": `state IN (0, 2, 3) AND attempt = 0`,
	"leased":  `state = 1`,
	"retried": `state IN (0, 2, 3) AND attempt > 0`,
	"dead":    `state >= 4`,
}

// Stage is how many jobs are in a stage.
type Stage struct {
	Stage string `json:"stage"`
	Count int    `json:"count"`
	// Oldest is when the job was added that is there for longest.
	Oldest time.Time `json:"oldest,omitzero"`
}

// StageCounts counts the jobs of each stage, in the order of Stages.
func (q *Queue) StageCounts(ctx context.Context) ([]Stage, error) {
	rows, err := q.db.Query(ctx, `SELECT CASE WHEN state = 1 THEN 1 WHEN state >= 4 THEN 3 WHEN attempt > 0 THEN 2 ELSE 0 END, count(*), min(created) FROM {s}job GROUP BY 1`)
	if err != nil {
		return nil, fmt.Errorf("counting jobs: %w", err)
	}
	defer rows.Close()
	out := make([]Stage, len(Stages))
	for i, name := range Stages {
		out[i].Stage = name
	}
	for rows.Next() {
		var i, n int
		var oldest int64
		if err := rows.Scan(&i, &n, &oldest); err != nil {
			return nil, fmt.Errorf("counting jobs: %w", err)
		}
		out[i].Count, out[i].Oldest = n, db.Time(oldest)
	}
	return out, rows.Err()
}

// DeadGroup is dead letters of one flow that failed for one reason.
type DeadGroup struct {
	Flow   string    `json:"flow"` // empty if the run is gone
	Reason string    `json:"reason"`
	Count  int       `json:"count"`
	Poison int       `json:"poison"` // of these, those that killed robots
	First  time.Time `json:"first"`  // when the oldest was added
	Last   time.Time `json:"last"`
}

// DeadGroups counts the dead letters by flow and reason, the largest groups first.
func (q *Queue) DeadGroups(ctx context.Context, limit int) ([]DeadGroup, error) {
	rows, err := q.db.Query(ctx, `SELECT COALESCE(r.flow, ''), j.reason, count(*), sum(CASE WHEN j.state = 5 THEN 1 ELSE 0 END), min(j.created), max(j.created)
		FROM {s}job j LEFT JOIN {s}run r ON r.id = j.run WHERE j.state >= 4 GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2 LIMIT $1`, limit)
	if err != nil {
		return nil, fmt.Errorf("grouping dead letters: %w", err)
	}
	defer rows.Close()
	out := []DeadGroup{}
	for rows.Next() {
		var g DeadGroup
		var first, last int64
		if err := rows.Scan(&g.Flow, &g.Reason, &g.Count, &g.Poison, &first, &last); err != nil {
			return nil, fmt.Errorf("grouping dead letters: %w", err)
		}
		g.First, g.Last = db.Time(first), db.Time(last)
		out = append(out, g)
	}
	return out, rows.Err()
}

// maxDead bounds what is done to dead letters in one go.
const maxDead = 10_000

// DeadLike returns the numbers of the dead letters of a flow with a reason, oldest first; either may be empty for any. It
// refuses more than can be dealt with in one go.
func (q *Queue) DeadLike(ctx context.Context, flow, reason string) ([]int64, error) {
	jobs, err := q.Jobs(ctx, Filter{Flow: flow, Reason: reason, Stage: "dead", Limit: maxDead + 1})
	if err != nil {
		return nil, err
	}
	if len(jobs) > maxDead {
		return nil, fmt.Errorf("%w: more than %d dead letters fit; choose a flow or a reason", ErrJob, maxDead)
	}
	out := make([]int64, len(jobs))
	for i, j := range jobs {
		out[i] = j.ID
	}
	return out, nil
}
