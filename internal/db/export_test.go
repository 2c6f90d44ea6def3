package db

import (
	"context"
	"strings"
)

// OpenAt opens a database as an older program left it.
func OpenAt(ctx context.Context, target string, version int) (*DB, error) {
	var d *DB
	var err error
	if path, ok := strings.CutPrefix(target, "sqlite:"); ok {
		d, err = openSQLite(path, Options{})
	} else {
		d, err = openPostgres(ctx, target, Options{})
	}
	if err != nil {
		return nil, err
	}
	return d, d.Tx(ctx, func(tx *Tx) error { return d.migrateTo(ctx, tx, version) })
}

// Waiting returns how many callers wait to write on SQLite.
func Waiting(d *DB) int {
	d.writing.mu.Lock()
	defer d.writing.mu.Unlock()
	return len(d.writing.waiting)
}
