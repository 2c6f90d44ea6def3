package queue

import (
	"context"
	"fmt"
	"strings"

	"github.com/aether-rpa/aether/internal/db"
)

// Unused says which robots work on the database, if any do; who wants to replace
// all tables must stop them first.
func Unused(ctx context.Context, tx *db.Tx) error {
	rows, err := tx.Query(ctx, `SELECT name FROM {s}robot WHERE state <> 'offline' AND seen > {now} - $1 ORDER BY name`, SilentAfter.Milliseconds())
	if err != nil {
		return fmt.Errorf("looking for robots: %w", err)
	}
	defer rows.Close()
	var names []string
	for rows.Next() {
		var n string
		if err := rows.Scan(&n); err != nil {
			return err
		}
		names = append(names, n)
	}
	if len(names) > 0 {
		return fmt.Errorf("robots work on this database: %s; stop them first (one that was killed counts as gone %s after it was last heard of)", strings.Join(names, ", "), SilentAfter)
	}
	return rows.Err()
}

// Free takes all jobs from their robots, as if each had been released, in a
// database that was restored: the robots are not there, and no attempt failed.
func Free(ctx context.Context, tx *db.Tx) error {
	if _, err := tx.Exec(ctx, `UPDATE {s}job SET state = 0, attempt = attempt - 1, fence = fence + 1, lease_until = 0 WHERE state = 1`); err != nil {
		return fmt.Errorf("freeing jobs: %w", err)
	}
	if _, err := tx.Exec(ctx, `UPDATE {s}robot SET state = 'offline', busy = 0`); err != nil {
		return fmt.Errorf("freeing jobs: %w", err)
	}
	return nil
}
