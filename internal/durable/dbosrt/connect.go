package dbosrt

import (
	"context"

	"github.com/dbos-inc/dbos-transact-golang/dbos"

	"github.com/aether-rpa/aether/internal/db"
)

// connect makes the context of DBOS, which brings its tables up to date. Two
// processes that did that at once on PostgreSQL would wait for each other: DBOS
// takes no lock, and its indexes are made beside other transactions.
func connect(ctx context.Context, d *db.DB, c dbos.Config) (root dbos.Context, err error) {
	open := func() error {
		root, err = dbos.NewContext(context.WithoutCancel(ctx), c)
		return err
	}
	if d.Pool == nil || !behind(ctx, d) {
		err = open()
	} else {
		err = d.Alone(ctx, db.LockEngine, open)
	}
	return root, err
}

// behind reports whether the tables of DBOS are not what this version of it
// makes, or it cannot be told.
func behind(ctx context.Context, d *db.DB) bool {
	have := 0
	if err := d.Pool.QueryRow(ctx, `SELECT version FROM dbos.dbos_migrations LIMIT 1`).Scan(&have); err != nil {
		return true // mostly because there are none
	}
	_, err := dbos.MigrationStatements("", have+1)
	return err == nil // there is a next one
}
