package queue

import (
	"context"
	"fmt"
	"strings"

	"github.com/aether-rpa/aether/internal/db"
)

// Need lets only robots with a label have the job of a run from now on, besides what
// it needs already. Who has it keeps it. A run without a job needs nothing.
func (q *Queue) Need(ctx context.Context, tx *db.Tx, run, label string) error {
	jobs, err := needsOf(ctx, tx, run)
	if err != nil {
		return fmt.Errorf("reading what run %s needs: %w", run, err)
	}
	moved := false
	for _, j := range jobs {
		if j.Needs == label || strings.HasPrefix(j.Needs, label+" && ") {
			continue
		}
		moved = true
		if err := q.need(ctx, tx, j, label); err != nil {
			return fmt.Errorf("changing what run %s needs: %w", run, err)
		}
	}
	if !moved {
		return nil
	}
	return q.notify(ctx, tx)
}

func needsOf(ctx context.Context, tx *db.Tx, run string) ([]*Job, error) {
	rows, err := tx.Query(ctx, `SELECT j.id, l.queue, l.tenant, l.needs FROM {s}job j JOIN {s}lane l ON l.id = j.lane WHERE j.run = $1 ORDER BY j.id`, run)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var jobs []*Job
	for rows.Next() {
		var j Job
		if err := rows.Scan(&j.ID, &j.Queue, &j.Tenant, &j.Needs); err != nil {
			return nil, err
		}
		jobs = append(jobs, &j)
	}
	return jobs, rows.Err()
}

func (q *Queue) need(ctx context.Context, tx *db.Tx, j *Job, label string) error {
	text := label
	if j.Needs != "" {
		text += " && (" + j.Needs + ")"
	}
	needs, err := ParseNeeds(text)
	if err != nil {
		return err
	}
	j.Needs = needs.String()
	lane, err := q.laneOf(ctx, tx, j)
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `UPDATE {s}job SET lane = $1 WHERE id = $2`, lane, j.ID)
	return err
}
