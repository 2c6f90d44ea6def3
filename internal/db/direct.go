package db

import (
	"context"
	"database/sql"
	"sync"
)

// Rows are what a query gave.
type Rows interface {
	Next() bool
	Scan(into ...any) error
	Err() error
	Close()
}

// Direct runs one statement outside a transaction, on PostgreSQL without the
// way through database/sql, which costs more than the statement itself where
// there are many rows of many columns. The caller closes the rows.
func (d *DB) Direct(ctx context.Context, query string, args ...any) (Rows, error) {
	if d.Pool != nil {
		return d.Pool.Query(ctx, d.Q(query), args...) //nolint:sqlclosecheck // the caller closes them
	}
	rows, err := d.Query(ctx, query, args...) //nolint:rowserrcheck // the caller checks it
	if err != nil {
		return nil, err
	}
	return closing{rows}, nil
}

type closing struct{ *sql.Rows }

// Close implements Rows.
func (c closing) Close() { _ = c.Rows.Close() }

// Direct is DB.Direct in a transaction. On SQLite the statement is prepared once
// and kept, for there reading it takes as long as executing it; so its text must be
// one of few.
func (t *Tx) Direct(ctx context.Context, query string, args ...any) (Rows, error) {
	var rows *sql.Rows
	var err error
	if s := t.prepared(query); s != nil {
		rows, err = t.StmtContext(ctx, s).QueryContext(ctx, args...) //nolint:rowserrcheck,sqlclosecheck // the caller checks it; the transaction closes its statements
	} else {
		rows, err = t.Query(ctx, query, args...) //nolint:rowserrcheck // the caller checks it
	}
	if err != nil {
		return nil, err
	}
	return closing{rows}, nil
}

// DirectExec is Exec by the way of Direct.
func (t *Tx) DirectExec(ctx context.Context, query string, args ...any) (int64, error) {
	res, err := t.direct(ctx, query, args)
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}

// DirectInsert is DirectExec on SQLite of a statement that inserts rows, and returns
// the number of the last one.
func (t *Tx) DirectInsert(ctx context.Context, query string, args ...any) (int64, error) {
	res, err := t.direct(ctx, query, args)
	if err != nil {
		return 0, err
	}
	return res.LastInsertId()
}

func (t *Tx) direct(ctx context.Context, query string, args []any) (sql.Result, error) {
	if s := t.prepared(query); s != nil {
		return t.StmtContext(ctx, s).ExecContext(ctx, args...) //nolint:sqlclosecheck // the transaction closes it
	}
	return t.ExecContext(ctx, t.db.Q(query), args...)
}

// prepared are the statements that SQLite has read already.
type prepared struct {
	mu  sync.Mutex
	all map[string]*sql.Stmt
}

// maxPrepared bounds how many statements are kept.
const maxPrepared = 300

func (t *Tx) prepared(query string) *sql.Stmt {
	if t.Postgres() {
		return nil // pgx keeps them itself
	}
	q := t.db.Q(query)
	t.db.ready.mu.Lock()
	s := t.db.ready.all[q]
	t.db.ready.mu.Unlock()
	if s == nil {
		t.fresh = append(t.fresh, q)
	}
	return s
}

// prepare prepares statements for the transactions to come. It needs a connection
// of its own, so a transaction that has one must have ended.
func (d *DB) prepare(ctx context.Context, queries []string) {
	for _, q := range queries {
		d.ready.mu.Lock()
		_, have := d.ready.all[q]
		full := len(d.ready.all) >= maxPrepared
		d.ready.mu.Unlock()
		if have || full {
			continue
		}
		s, err := d.SQL.PrepareContext(ctx, q)
		if err != nil {
			return // it works without
		}
		if !d.ready.keep(q, s) {
			_ = s.Close() //nolint:sqlclosecheck // else it is kept
		}
	}
}

// keep reports whether the statement is the first of its text.
func (p *prepared) keep(query string, s *sql.Stmt) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.all == nil {
		p.all = map[string]*sql.Stmt{}
	}
	if p.all[query] != nil {
		return false
	}
	p.all[query] = s
	return true
}
