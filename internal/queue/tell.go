package queue

import (
	"context"
	"time"

	"github.com/aether-rpa/aether/internal/tally"
)

// HandTally gives what was counted in this process to the orchestrators, which
// show it.
func (q *Queue) HandTally(ctx context.Context) error { return q.Tally.Hand(ctx, q.db) }

// Board returns what an orchestrator shows of the counts.
func (q *Queue) Board() *tally.Board { return tally.NewBoard(q.db, q.Tally) }

// Waited is how long a job that somebody holds was ready before.
func (j *Job) Waited() time.Duration { return max(0, j.Claimed.Sub(j.After)) }

// TellClaimed counts that a robot has a job.
func (q *Queue) TellClaimed(j *Job) { q.Tally.Took(tally.Claimed, j.Waited()) }

// tellFailed counts what became of a job whose attempt failed. One that was
// cancelled meanwhile is gone, and still says that it is leased.
func (q *Queue) tellFailed(j *Job) {
	switch j.State {
	case Later:
		q.Tally.Add(tally.RetriedFailed, 1)
	case Dead:
		q.Tally.Add(tally.DeadFailed, 1)
	case Poison:
		q.Tally.Add(tally.DeadPoison, 1)
	}
}

func (q *Queue) tellExpired(jobs []*Job) {
	q.Tally.Add(tally.Expired, len(jobs))
	for _, j := range jobs {
		switch j.State {
		case Later:
			q.Tally.Add(tally.RetriedExpired, 1)
		case Dead:
			q.Tally.Add(tally.DeadExpired, 1)
		case Poison:
			q.Tally.Add(tally.DeadPoison, 1)
		}
	}
}

func (q *Queue) tellLate(jobs []*Job) { q.Tally.Add(tally.DeadLate, len(jobs)) }
