package robot

import (
	"context"
	"time"

	"github.com/aether-rpa/aether/internal/run"
	"github.com/aether-rpa/aether/internal/tally"
)

// Claim says how a robot of a fleet came by a run, for Robot.Trace.
type Claim struct {
	Robot   string // name
	Job     int64
	Attempt int
	Waited  time.Duration // how long the job was ready before
}

type claimKey struct{}

// WithClaim returns a context for an execution that a job asked for.
func WithClaim(ctx context.Context, c Claim) context.Context {
	return context.WithValue(ctx, claimKey{}, c)
}

// ClaimOf returns what WithClaim set, and whether it did.
func ClaimOf(ctx context.Context) (Claim, bool) {
	c, ok := ctx.Value(claimKey{}).(Claim)
	return c, ok
}

// TellEnd counts a run that has ended, and how long it took.
func TellEnd(t *tally.Tally, r *run.Run) {
	took := r.Took(r.Ended)
	switch r.Status {
	case run.Done:
		t.Took(tally.RunDone, took)
	case run.Failed:
		t.Took(tally.RunFailed, took)
	case run.Cancelled:
		t.Took(tally.RunCancelled, took)
	}
}
