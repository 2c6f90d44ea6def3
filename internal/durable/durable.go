// Package durable is the door to the durable engine: an append-only log for
// each run that survives the death of the process. The engine above sees a list
// of entries that were recorded before and a way to add one; what holds them is
// decided below (dbosrt: DBOS Transact on SQLite or PostgreSQL; memrt: memory).
//
// Entries are read back in the order they were appended, whatever goroutine
// appended them. The engine finds an entry by its name and not by its place, so
// parallel branches may append in any order.
package durable

import (
	"context"
	"errors"
	"time"
)

// Entry is one record of a run. Name is unique within the run and says what
// was recorded (the path of a node execution); Data is the caller's.
type Entry struct {
	Name string
	Data []byte
}

// Log is the record of one run, open for the one execution that owns the run.
// Append may be called by several goroutines.
type Log interface {
	// Past returns the entries that were recorded before this execution began.
	Past() []Entry
	// Append makes entries durable before it returns, all or none of them where it
	// can. It waits while the database is away. An error wrapping ErrLost means that
	// this execution no longer owns the run and must stop at once.
	Append(ctx context.Context, entries ...Entry) error
	// Confirm is called before a node changes the world. It waits until whoever
	// goes on with the run, should this machine be gone for good, has all that
	// was appended: else that one could read something else and change the world
	// in another way. It may give up waiting after some seconds; an error stops
	// the run. Where Append makes an entry known to all it does nothing.
	Confirm(ctx context.Context) error
}

// Body executes a run. What it returns ends the run for good, except an error:
// the run then stays as it is, to be executed again with its entries as Past.
type Body func(ctx context.Context, log Log) ([]byte, error)

// Errors that callers test.
var (
	// ErrLost means that another execution owns the run.
	ErrLost = errors.New("this process no longer owns the run")
	// ErrNotFound means that no run of that id was ever started.
	ErrNotFound = errors.New("run not found")
)

// Runtime executes bodies durably. Implementations are safe for concurrent use.
type Runtime interface {
	// Run executes the run with that id in this process and waits for it: a new
	// run, or one that was interrupted or parked and now goes on with its
	// entries. A run that has ended is not executed again: its result is
	// returned. The caller makes sure that no other process executes the id.
	Run(ctx context.Context, id string, body Body) ([]byte, error)
	// Entries returns what was recorded for a run, in order.
	Entries(ctx context.Context, id string) ([]Entry, error)
	// Part returns some of what was recorded for a run, in order; nothing for a
	// run that was never started.
	Part(ctx context.Context, id string, p Part) ([]Numbered, error)
	// Delete forgets runs and their entries.
	Delete(ctx context.Context, ids ...string) error
	// Close waits for running bodies, at most the given time, and lets go of
	// the database.
	Close(timeout time.Duration) error
}

// Failpoint is called, when it is set, before and after each entry is made durable
// ("before" or "after", and the entry's name). Crash tests kill the process in
// it.
var Failpoint func(when, name string)

// Each hands entries to write: all at once, or one by one with Failpoint around
// each, so that a test may die between any two. What a crash may leave otherwise is
// among that.
func Each(entries []Entry, write func([]Entry) error) error {
	if Failpoint == nil {
		return write(entries)
	}
	for i, e := range entries {
		Failpoint("before", e.Name)
		if err := write(entries[i : i+1]); err != nil {
			return err
		}
		Failpoint("after", e.Name)
	}
	return nil
}
