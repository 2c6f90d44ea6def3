package db

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/aether-rpa/aether/node"
)

// session is what statements run on: a database or a transaction.
type session interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
}

// limited gives a statement its time limit; drivers cancel on the server.
func limited(ctx context.Context, limit time.Duration) (context.Context, context.CancelFunc) {
	if limit <= 0 {
		return context.WithCancel(ctx)
	}
	return context.WithTimeoutCause(ctx, limit, node.Fail(node.KindTimeout, fmt.Sprintf("the statement took longer than %s", limit), "give it a longer timeout, or look at its plan"))
}

// cause puts the reason of a time limit in the place of an error that only
// says that the context ended.
func cause(ctx context.Context, err error) error {
	if err != nil && ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

// transact runs fn in a transaction: all of it, or nothing.
func (c connection) transact(ctx context.Context, env *node.Env, opt *sql.TxOptions, fn func(session) error) error {
	db, release, err := c.open(env)
	if err != nil {
		return err
	}
	defer release()
	tx, err := db.BeginTx(ctx, opt)
	if err != nil {
		return c.fail(cause(ctx, err), "beginning a transaction")
	}
	if err := fn(tx); err != nil {
		if rb := tx.Rollback(); rb != nil && ctx.Err() == nil && env.Log != nil {
			env.Log.Warn("a transaction could not be rolled back", "error", c.fail(rb, "rolling back"))
		}
		return err
	}
	return c.fail(cause(ctx, tx.Commit()), "committing")
}

// columnsOf returns the columns of a result; equal names get a number.
func columnsOf(rows *sql.Rows) ([]column, error) {
	names, err := rows.Columns()
	if err != nil {
		return nil, err
	}
	types, err := rows.ColumnTypes()
	if err != nil {
		return nil, err
	}
	seen := map[string]int{}
	out := make([]column, len(names))
	for i, n := range names {
		if n == "" {
			n = fmt.Sprintf("column_%d", i+1)
		}
		base := n
		for seen[n] > 0 {
			seen[base]++
			n = fmt.Sprintf("%s_%d", base, seen[base])
		}
		seen[n]++
		out[i] = column{name: n, kind: types[i].DatabaseTypeName()}
	}
	return out, nil
}

// each calls yield with every row as a map until it returns false.
func each(ctx context.Context, rows *sql.Rows, cols []column, exact bool, yield func(map[string]any) bool) error {
	cells := make([]any, len(cols))
	into := make([]any, len(cols))
	for i := range cells {
		into[i] = &cells[i]
	}
	for n := 1; rows.Next(); n++ {
		if err := ctx.Err(); err != nil {
			return context.Cause(ctx)
		}
		clear(cells)
		if err := rows.Scan(into...); err != nil {
			return err
		}
		row := make(map[string]any, len(cols))
		for i, c := range cols {
			v, err := canonical(cells[i], c, exact)
			if err != nil {
				return node.Failf(node.KindInput, "row %d, column %s: %v", n, c.name, err)
			}
			row[c.name] = v
		}
		if !yield(row) {
			return nil
		}
	}
	return cause(ctx, rows.Err())
}

// collect returns all rows of a statement, for results that are small.
func (c connection) collect(ctx context.Context, s session, st statement) ([]map[string]any, error) {
	rows, err := s.QueryContext(ctx, st.sql, st.args...)
	if err != nil {
		return nil, c.fail(cause(ctx, err), "the query failed")
	}
	defer func() { _ = rows.Close() }() // what was wrong is told by Err
	cols, err := columnsOf(rows)
	if err != nil {
		return nil, c.fail(err, "the query failed")
	}
	var out []map[string]any
	err = each(ctx, rows, cols, false, func(r map[string]any) bool {
		out = append(out, r)
		return true
	})
	return out, c.fail(err, "reading the result")
}

func names(cols []column) []string {
	out := make([]string, len(cols))
	for i, c := range cols {
		out[i] = c.name
	}
	return out
}

// list turns maps into a canonical list.
func list(rows []map[string]any) []any {
	out := make([]any, len(rows))
	for i, r := range rows {
		out[i] = r
	}
	return out
}
