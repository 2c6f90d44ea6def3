package db

import (
	"errors"

	"github.com/jackc/pgx/v5/pgconn"
)

// LockTimeout reports whether a statement on PostgreSQL failed because it waited
// for a lock longer than its lock_timeout.
func LockTimeout(err error) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && pg.Code == "55P03"
}
