package db

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/value"
)

func init() {
	node.Register(node.Spec[queryIn, queryOut]{
		Type: "db.query", Title: "Query database", Effect: node.Once,
		EffectOf: func(in queryIn) node.Effect {
			if in.AllowWrites {
				return node.Once
			}
			return node.Read
		},
		Doc: "Runs a query and returns its rows as a table of any size. The query can only read: PostgreSQL, MySQL and SQLite refuse one that writes, unless allow_writes is set. " +
			"Values go in by params, never by putting text into the statement. Times come as ISO 8601, binary data as base64, JSON columns as values; rows have no order of columns, the output columns has it.",
		Examples: []node.Example[queryIn, queryOut]{{
			Title: "Open invoices of a customer", DocOnly: "it needs a database",
			In: queryIn{Connection: connection{Driver: "postgres", Host: "db.example.com", Database: "erp", User: "robot"}, SQL: "select number, amount from invoice where customer = ? and not paid", Params: []any{17}},
		}},
		Check: func(in queryIn) error { return in.Connection.check() },
		Run:   query,
	})
	node.Register(node.Spec[valueIn, valueOut]{
		Type: "db.query_value", Title: "Query one value", Effect: node.Read,
		Doc: "Runs a query and returns its first row, and the first cell of it, for counts and look-ups. The query can only read, as in db.query.",
		Examples: []node.Example[valueIn, valueOut]{{
			Title: "How many", DocOnly: "it needs a database",
			In: valueIn{Connection: connection{Driver: "sqlite", File: "stock.db"}, SQL: "select count(*) from part where stock < :least", Params: map[string]any{"least": 5}},
		}},
		Check: func(in valueIn) error { return in.Connection.check() },
		Run: func(ctx context.Context, env *node.Env, in valueIn) (out valueOut, err error) {
			ctx, cancel := limited(ctx, in.Timeout)
			defer cancel()
			err = in.Connection.read(ctx, env, in.SQL, in.Params, false, func(rows *sql.Rows, cols []column) error {
				return each(ctx, rows, cols, in.Decimals == "text", func(r map[string]any) bool {
					out.Found, out.Row = true, r
					if len(cols) > 0 {
						out.Value = r[cols[0].name]
					}
					return false
				})
			})
			return out, err
		},
	})
}

type queryIn struct {
	Connection  connection    `json:"connection" is:"required" doc:"The database."`
	SQL         string        `json:"sql" is:"required" widget:"code" doc:"The query, with ? or :name where values belong. Write ?? for the operator ? of PostgreSQL."`
	Params      any           `json:"params" doc:"Values: a list for ? in their order, or a map for :name."`
	Limit       int           `json:"limit" min:"0" doc:"Most rows to return; 0 returns all."`
	Decimals    string        `json:"decimals" default:"number" enum:"number,text" doc:"Decimals as numbers, or exactly as text."`
	Timeout     time.Duration `json:"timeout" default:"5m" min:"0" doc:"How long the statement may take; it is cancelled then. 0 for no limit."`
	AllowWrites bool          `json:"allow_writes" is:"advanced" doc:"Let the statement change data too, for instance with RETURNING. After a crash it is then not repeated silently."`
}

type queryOut struct {
	Rows    value.Rows `json:"rows" doc:"The rows: maps by column name."`
	Columns []string   `json:"columns" doc:"Names of the columns in their order. Equal names get a number."`
	Count   int        `json:"count" doc:"Number of rows."`
}

type valueIn struct {
	Connection connection    `json:"connection" is:"required" doc:"The database."`
	SQL        string        `json:"sql" is:"required" widget:"code" doc:"The query, with ? or :name where values belong."`
	Params     any           `json:"params" doc:"Values: a list for ? in their order, or a map for :name."`
	Decimals   string        `json:"decimals" default:"number" enum:"number,text" doc:"Decimals as numbers, or exactly as text."`
	Timeout    time.Duration `json:"timeout" default:"5m" min:"0" doc:"How long the statement may take."`
}

type valueOut struct {
	Value any            `json:"value" doc:"First cell of the first row; nil if there is none."`
	Row   map[string]any `json:"row" doc:"The first row."`
	Found bool           `json:"found" doc:"Whether there was a row."`
}

func query(ctx context.Context, env *node.Env, in queryIn) (out queryOut, err error) {
	ctx, cancel := limited(ctx, in.Timeout)
	defer cancel()
	err = in.Connection.read(ctx, env, in.SQL, in.Params, in.AllowWrites, func(rows *sql.Rows, cols []column) error {
		out.Columns = names(cols)
		var err error
		out.Rows, err = env.Rows(ctx, func(yield func(any) bool) error {
			return each(ctx, rows, cols, in.Decimals == "text", func(r map[string]any) bool {
				if in.Limit > 0 && out.Count == in.Limit {
					return false
				}
				out.Count++
				return yield(r)
			})
		})
		return err
	})
	return out, err
}

// read runs a query and hands its result to fn. It cannot write, unless told
// so, where the database can hold to that.
func (c connection) read(ctx context.Context, env *node.Env, text string, params any, writes bool, fn func(*sql.Rows, []column) error) error {
	st, err := prepare(c.Driver, text, params)
	if err != nil {
		return err
	}
	db, release, err := c.open(env)
	if err != nil {
		return err
	}
	defer release()
	conn, err := db.Conn(ctx)
	if err != nil {
		return c.fail(cause(ctx, err), "connecting")
	}
	defer func() { _ = conn.Close() }() // goes back to the pool
	var on session = conn
	end := func() error { return nil }
	switch {
	case writes:
	case c.Driver == "sqlite":
		if _, err := conn.ExecContext(ctx, "pragma query_only = 1"); err != nil {
			return c.fail(err, "the query failed")
		}
		defer func() {
			if _, err := conn.ExecContext(context.WithoutCancel(ctx), "pragma query_only = 0"); err != nil {
				_ = conn.Raw(func(any) error { return errors.New("do not use it again") })
			}
		}()
	case c.Driver == "postgres" || c.Driver == "mysql":
		tx, err := conn.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
		if err != nil {
			return c.fail(cause(ctx, err), "connecting")
		}
		on, end = tx, tx.Rollback
	}
	rows, err := on.QueryContext(ctx, st.sql, st.args...)
	if err != nil {
		_ = end() // the query told what is wrong
		return c.fail(cause(ctx, err), "the query failed")
	}
	cols, err := columnsOf(rows)
	if err == nil {
		err = fn(rows, cols)
	}
	err = errors.Join(err, rows.Close())
	if err != nil {
		_ = end()
		return c.fail(cause(ctx, err), "reading the result")
	}
	return c.fail(end(), "ending the query")
}
