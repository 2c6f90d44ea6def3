package db

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
)

// Lock is a number of PostgreSQL's advisory locks, one for each thing that one
// process at a time does in a database. Nobody else in the world keeps a list
// of them, so they are large.
type Lock int64

// The locks.
const (
	LockMigrate   Lock = 7276483201 // bringing our tables up to date
	LockArtifacts Lock = 7276483202 // forgetting what may share an artifact
	LockQueueLog  Lock = 7276483203 // making and dropping parts of the queue's log
	LockEngine    Lock = 7276483204 // bringing the tables of the durable engine up to date
	LockHeals     Lock = 7276483205 // adding to what is known of elements that were found again
)

// Lock waits for an advisory lock and holds it until the transaction ends. It
// does nothing on SQLite, where one transaction at a time writes.
func (t *Tx) Lock(ctx context.Context, l Lock) error {
	if !t.Postgres() {
		return nil
	}
	_, err := t.Exec(ctx, `SELECT pg_advisory_xact_lock(`+strconv.FormatInt(int64(l), 10)+`)`)
	return err
}

// lockPoll is how often Alone looks whether it is its turn.
const lockPoll = 50 * time.Millisecond

// Alone calls do while no other process is in it with the same lock. On SQLite
// it only calls do.
//
// The lock is held by a connection beside the pool, which do may need all of.
// It is asked for again and again: a statement that waits for it would itself
// be waited for by a CREATE INDEX CONCURRENTLY in do.
func (d *DB) Alone(ctx context.Context, l Lock, do func() error) error {
	if d.Pool == nil {
		return do()
	}
	conn, err := pgx.ConnectConfig(ctx, d.Pool.Config().ConnConfig)
	if err != nil {
		return fmt.Errorf("connecting for a lock: %w", err)
	}
	// The lock goes with the connection, also when this process is killed.
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	tick := time.NewTicker(lockPoll)
	defer tick.Stop()
	for {
		var mine bool
		if err := conn.QueryRow(ctx, `SELECT pg_try_advisory_lock($1)`, int64(l)).Scan(&mine); err != nil {
			return fmt.Errorf("asking for a lock: %w", err)
		}
		if mine {
			return do()
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}
