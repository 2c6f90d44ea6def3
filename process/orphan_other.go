//go:build !linux

package process

import "context"

func runToken(scope, run string) string { return scope + "-" + run }

// KillOrphans kills what an Aether that is no longer running had started, and
// returns it. On Windows there is nothing to do, since a job ends with the
// Aether that made it; on other systems than Linux such processes cannot be
// found.
func KillOrphans(context.Context, string) ([]Orphan, error) { return nil, nil }

// KillRun kills the processes of a run that has ended, and returns them; on this
// system it finds none.
func KillRun(context.Context, string, string) ([]Orphan, error) { return nil, nil }
