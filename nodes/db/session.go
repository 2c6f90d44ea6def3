package db

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	"github.com/go-sql-driver/mysql"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/aether-rpa/aether/node"
)

// session is a connection that is ours until close, and the transaction on it
// if there is one.
type session struct {
	c     connection
	db    *sql.DB
	conn  *sql.Conn
	tx    *sql.Tx // nil outside of a transaction
	id    int64   // of the connection, for MySQL
	spent bool    // must not be used again
	exact bool    // decimals as text
	close func()
	held  bool // its transaction is that of db.begin, and goes on

	reading bool // nothing is changed, so that a result may be given up
}

// session takes a connection from the pool, or makes one.
func (c connection) session(ctx context.Context, env *node.Env, create bool) (*session, error) {
	if s, err := c.within(env); s != nil || err != nil {
		return s, err
	}
	db, release, err := c.open(env, create)
	if err != nil {
		return nil, err
	}
	s := &session{c: c, db: db}
	if s.conn, err = db.Conn(ctx); err != nil {
		release()
		return nil, c.fail(cause(ctx, err), "connecting")
	}
	s.close = func() {
		if s.spent {
			_ = s.conn.Raw(func(any) error { return driver.ErrBadConn }) // closes it
		}
		_ = s.conn.Close() // goes back to the pool
		release()
	}
	if c.Driver == "mysql" {
		if err := s.conn.QueryRowContext(ctx, "select connection_id()").Scan(&s.id); err != nil {
			s.close()
			return nil, c.fail(cause(ctx, err), "connecting")
		}
	}
	return s, nil
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

// watch ends the statement on the server when ctx ends. The MySQL driver only
// hangs up, and the server would go on; the others do it themselves.
func (s *session) watch(ctx context.Context) (stop func() bool) {
	if s.c.Driver != "mysql" {
		return func() bool { return true }
	}
	return context.AfterFunc(ctx, func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.c.Timeout)
		defer cancel()
		_, _ = s.db.ExecContext(ctx, fmt.Sprintf("kill query %d", s.id)) // a number of ours; it may be over already
	})
}

// exec runs a statement that returns no rows.
func (s *session) exec(ctx context.Context, st statement) (executeOut, error) {
	s.spent = s.spent || spoils(s.c.Driver, st.sql)
	defer s.watch(ctx)()
	var out executeOut
	var err error
	if s.c.Driver == "postgres" {
		out, err = s.execPostgres(ctx, st)
	} else {
		out, err = s.execSQL(ctx, st)
	}
	if err != nil {
		return executeOut{}, s.failed(ctx, err, "the statement failed")
	}
	return out, nil
}

func (s *session) execSQL(ctx context.Context, st statement) (out executeOut, err error) {
	do := s.conn.ExecContext
	if s.tx != nil {
		do = s.tx.ExecContext
	}
	r, err := do(ctx, st.sql, st.args...)
	if err != nil {
		return out, err
	}
	out.Affected = -1
	if n, err := r.RowsAffected(); err == nil {
		out.Affected = int(n)
	}
	if s.c.Driver == "sqlite" || s.c.Driver == "mysql" {
		if n, err := r.LastInsertId(); err == nil {
			out.LastID = int(n)
		}
	}
	return out, nil
}

// cut reports whether an error says that the talk broke off after something
// was sent.
func cut(ctx context.Context, err error) bool {
	if pgconn.SafeToRetry(err) || errors.Is(err, driver.ErrBadConn) {
		return false
	}
	var netErr net.Error
	return ctx.Err() != nil || errors.As(err, &netErr) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed) || errors.Is(err, mysql.ErrInvalidConn)
}

// failed tells what an error means for what was done.
func (s *session) failed(ctx context.Context, err error, doing string) error {
	if err != nil && s.tx == nil && s.c.Driver != "sqlite" && !s.reading && !answered(err) && cut(ctx, err) {
		s.spent = true
		return s.c.unsure(cause(ctx, err), "the statement")
	}
	return s.c.fail(cause(ctx, err), doing)
}

// query runs a statement that returns rows and hands them to fn.
func (s *session) query(ctx context.Context, st statement, fn func(*cursor) error) error {
	s.spent = s.spent || spoils(s.c.Driver, st.sql)
	if s.c.Driver == "postgres" {
		return s.queryPostgres(ctx, st, fn)
	}
	do := s.conn.QueryContext
	if s.tx != nil {
		do = s.tx.QueryContext
	}
	within, stop := context.WithCancel(ctx)
	defer stop()
	defer s.watch(within)()
	rows, err := do(within, st.sql, st.args...)
	if err != nil {
		return s.failed(ctx, err, "the query failed")
	}
	defer func() { _ = rows.Close() }() // what was wrong is told by Err
	cur, err := s.cursorOf(rows)
	if err == nil {
		err = fn(cur)
	}
	if err == nil && s.leave(cur) {
		stop() // the rest is not wanted
		return nil
	}
	return s.failed(ctx, err, "the query failed")
}

// leave reports whether a result is to be given up in the middle. Drivers read
// a result to its end when it is closed, which may be far. A few rows are
// cheaper to read than a connection is to make again.
func (s *session) leave(cur *cursor) bool {
	for range 100 {
		if cur.done || !s.reading {
			return false
		}
		if _, err := cur.next(); err != nil {
			return false
		}
	}
	s.spent = true
	return true
}

// transact runs fn in a transaction: all of it, or nothing.
func (c connection) transact(ctx context.Context, env *node.Env, opt *sql.TxOptions, fn func(*session) error) error {
	s, err := c.session(ctx, env, true)
	if err != nil {
		return err
	}
	defer s.close()
	if s.held {
		return s.part(ctx, fn)
	}
	// The time limit holds for the statements. It must not cut the end of the
	// transaction short: nobody would know whether it took effect.
	txCtx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	if s.tx, err = s.conn.BeginTx(txCtx, opt); err != nil {
		return c.fail(cause(ctx, err), "beginning a transaction")
	}
	err = fn(s)
	if err == nil {
		err = cause(ctx, ctx.Err())
	}
	if err != nil {
		s.rollback(ctx, env)
		return err
	}
	defer time.AfterFunc(max(c.Timeout, 10*time.Second), cancel).Stop()
	if err := s.tx.Commit(); err != nil {
		s.spent = true
		if answered(err) {
			return c.fail(err, "committing")
		}
		return c.unsure(err, "the transaction")
	}
	return nil
}

// rollback takes back what was done. If that fails the connection is closed,
// on which the database takes it back.
func (s *session) rollback(ctx context.Context, env *node.Env) {
	if err := s.tx.Rollback(); err != nil {
		left := s.spent
		s.spent = true
		if !left && ctx.Err() == nil && env.Log != nil {
			env.Log.Warn("a transaction could not be rolled back, its connection is closed", "err", s.c.hide(err.Error()))
		}
	}
}

// read runs fn on a connection that can only read, unless told otherwise.
func (c connection) read(ctx context.Context, env *node.Env, text string, writes bool, fn func(*session) error) error {
	if err := single(c.Driver, text); err != nil {
		return err
	}
	if writes {
		if err := alone(c.Driver, text); err != nil {
			return err
		}
	} else if c.Driver == "sqlserver" || c.Driver == "oracle" {
		if err := reads(c.Driver, text); err != nil {
			return err
		}
	}
	s, err := c.session(ctx, env, writes)
	if err != nil {
		return err
	}
	defer s.close()
	switch {
	case writes, s.held:
		return fn(s)
	case c.Driver == "sqlite":
		s.reading = true
		if _, err := s.conn.ExecContext(ctx, "pragma query_only = 1"); err != nil {
			return c.fail(cause(ctx, err), "the query failed")
		}
		s.spent = true
		return fn(s)
	}
	s.reading = true
	// What a query wrote in spite of all is taken back at its end.
	if s.tx, err = s.conn.BeginTx(context.WithoutCancel(ctx), &sql.TxOptions{ReadOnly: c.Driver == "postgres" || c.Driver == "mysql"}); err != nil {
		return c.fail(cause(ctx, err), "connecting")
	}
	defer s.rollback(ctx, env)
	if c.Driver == "oracle" {
		if _, err := s.tx.ExecContext(ctx, "SET TRANSACTION READ ONLY"); err != nil {
			return c.fail(cause(ctx, err), "the query failed")
		}
	}
	return fn(s)
}
