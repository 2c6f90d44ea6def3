package db

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/aether-rpa/aether/node"
)

func init() {
	node.Register(node.Spec[executeIn, executeOut]{
		Type: "db.execute", Title: "Execute statement", Effect: node.Once,
		Doc: "Runs one statement that changes data or tables, and returns how many rows it changed. Use db.query with allow_writes for a statement that returns rows, such as INSERT ... RETURNING.",
		Examples: []node.Example[executeIn, executeOut]{{
			Title: "Mark an invoice as paid", DocOnly: "it needs a database",
			In: executeIn{Connection: connection{Driver: "postgres", Host: "db.example.com", Database: "erp", User: "robot"}, SQL: "update invoice set paid = true where number = :number", Params: map[string]any{"number": "A-17"}},
		}},
		Check: func(in executeIn) error { return in.Connection.check() },
		Run: func(ctx context.Context, env *node.Env, in executeIn) (out executeOut, err error) {
			ctx, cancel := limited(ctx, in.Timeout)
			defer cancel()
			st, err := prepare(in.Connection.Driver, in.SQL, in.Params)
			if err != nil {
				return out, err
			}
			db, release, err := in.Connection.open(env)
			if err != nil {
				return out, err
			}
			defer release()
			return in.Connection.execute(ctx, db, st)
		},
	})
	node.Register(node.Spec[transactionIn, transactionOut]{
		Type: "db.transaction", Title: "Execute several statements", Effect: node.Once,
		Doc: "Runs several statements in one transaction: all of them take effect, or none. A statement may say how many rows it must change; another number undoes everything. " +
			"The transaction ends with the node, so that no lock is held while a flow waits.",
		Examples: []node.Example[transactionIn, transactionOut]{{
			Title: "Move money", DocOnly: "it needs a database",
			In: transactionIn{Connection: connection{Driver: "sqlite", File: "bank.db"}, Statements: []step{
				{SQL: "update account set amount = amount - :n where id = :from and amount >= :n", Params: map[string]any{"n": 10, "from": 1}, Rows: ptr(1)},
				{SQL: "update account set amount = amount + :n where id = :to", Params: map[string]any{"n": 10, "to": 2}, Rows: ptr(1)},
			}},
		}},
		Check: func(in transactionIn) error { return in.Connection.check() },
		Run:   transaction,
	})
	node.Register(node.Spec[batchIn, batchOut]{
		Type: "db.execute_batch", Title: "Execute statement many times", Effect: node.Once,
		Doc: "Runs one statement once for each set of parameters, in one transaction unless on_error is continue: then each set counts for itself, and those that failed are listed. To add rows to a table, db.insert_rows is faster.",
		Examples: []node.Example[batchIn, batchOut]{{
			Title: "Change prices", DocOnly: "it needs a database",
			In: batchIn{Connection: connection{Driver: "sqlite", File: "shop.db"}, SQL: "update part set price = ? where number = ?", Sets: []any{[]any{9.5, "A1"}, []any{12, "B7"}}},
		}},
		Check: func(in batchIn) error { return in.Connection.check() },
		Run:   batch,
	})
}

func ptr[T any](v T) *T { return &v }

type executeIn struct {
	Connection connection    `json:"connection" is:"required" doc:"The database."`
	SQL        string        `json:"sql" is:"required" widget:"code" doc:"The statement, with ? or :name where values belong."`
	Params     any           `json:"params" doc:"Values: a list for ? in their order, or a map for :name."`
	Timeout    time.Duration `json:"timeout" default:"5m" min:"0" doc:"How long it may take; it is cancelled then. 0 for no limit."`
}

type executeOut struct {
	Affected int `json:"affected" doc:"How many rows were changed; -1 if the database does not tell."`
	LastID   int `json:"last_id" doc:"Id of the row added last, where the database gives one (SQLite, MySQL); else 0."`
}

func (c connection) execute(ctx context.Context, s session, st statement) (out executeOut, err error) {
	r, err := s.ExecContext(ctx, st.sql, st.args...)
	if err != nil {
		return out, c.fail(cause(ctx, err), "the statement failed")
	}
	out.Affected = -1
	if n, err := r.RowsAffected(); err == nil {
		out.Affected = int(n)
	}
	if c.Driver == "sqlite" || c.Driver == "mysql" {
		if n, err := r.LastInsertId(); err == nil {
			out.LastID = int(n)
		}
	}
	return out, nil
}

type step struct {
	SQL    string `json:"sql" is:"required" doc:"The statement, with ? or :name where values belong."`
	Params any    `json:"params" doc:"Values: a list for ? in their order, or a map for :name."`
	Rows   *int   `json:"rows" min:"0" doc:"How many rows it must change."`
}

type transactionIn struct {
	Connection connection    `json:"connection" is:"required" doc:"The database."`
	Statements []step        `json:"statements" is:"required" doc:"Statements in their order."`
	Isolation  string        `json:"isolation" default:"default" enum:"default,read_committed,repeatable_read,serializable" is:"advanced" doc:"What it sees of other transactions at the same time; default is that of the database."`
	Timeout    time.Duration `json:"timeout" default:"5m" min:"0" doc:"How long all of it may take. 0 for no limit."`
}

type transactionOut struct {
	Results  []executeOut `json:"results" doc:"What each statement did."`
	Affected int          `json:"affected" doc:"How many rows were changed in all."`
}

var isolations = map[string]sql.IsolationLevel{"default": sql.LevelDefault, "read_committed": sql.LevelReadCommitted, "repeatable_read": sql.LevelRepeatableRead, "serializable": sql.LevelSerializable}

func transaction(ctx context.Context, env *node.Env, in transactionIn) (out transactionOut, err error) {
	ctx, cancel := limited(ctx, in.Timeout)
	defer cancel()
	err = in.Connection.transact(ctx, env, &sql.TxOptions{Isolation: isolations[in.Isolation]}, func(s session) error {
		for i, p := range in.Statements {
			st, err := prepare(in.Connection.Driver, p.SQL, p.Params)
			if err != nil {
				return numbered(i, err)
			}
			r, err := in.Connection.execute(ctx, s, st)
			if err != nil {
				return numbered(i, err)
			}
			if p.Rows != nil && r.Affected != *p.Rows {
				return node.Fail(node.KindBusiness, fmt.Sprintf("statement %d changed %d rows, and must change %d; nothing was changed", i+1, r.Affected, *p.Rows), "look at its condition and at the data")
			}
			out.Results = append(out.Results, r)
			out.Affected += max(r.Affected, 0)
		}
		return nil
	})
	if err != nil {
		return transactionOut{}, err
	}
	return out, nil
}

// numbered says which of several statements failed.
func numbered(i int, err error) error {
	f := *node.AsFailure(err)
	f.Message = fmt.Sprintf("statement %d: %s", i+1, f.Message)
	return &f
}

type batchIn struct {
	Connection connection    `json:"connection" is:"required" doc:"The database."`
	SQL        string        `json:"sql" is:"required" widget:"code" doc:"The statement, with ? or :name where values belong."`
	Sets       []any         `json:"sets" is:"required" doc:"Parameters for each time: lists for ?, maps for :name."`
	OnError    string        `json:"on_error" default:"stop" enum:"stop,continue" doc:"stop undoes everything; continue keeps what worked and lists what did not."`
	Timeout    time.Duration `json:"timeout" default:"10m" min:"0" doc:"How long all of it may take. 0 for no limit."`
}

type batchOut struct {
	Affected int          `json:"affected" doc:"How many rows were changed in all."`
	Count    int          `json:"count" doc:"How many sets worked."`
	Errors   []batchError `json:"errors" doc:"Sets that failed."`
}

type batchError struct {
	Index   int    `json:"index" doc:"Number of the set, from 0."`
	Message string `json:"message" doc:"Why."`
}

func batch(ctx context.Context, env *node.Env, in batchIn) (out batchOut, err error) {
	ctx, cancel := limited(ctx, in.Timeout)
	defer cancel()
	one := func(s session, i int) error {
		st, err := prepare(in.Connection.Driver, in.SQL, in.Sets[i])
		if err != nil {
			return numbered(i, err)
		}
		r, err := in.Connection.execute(ctx, s, st)
		if err != nil {
			return numbered(i, err)
		}
		out.Affected += max(r.Affected, 0)
		out.Count++
		return nil
	}
	if in.OnError == "continue" {
		db, release, err := in.Connection.open(env)
		if err != nil {
			return out, err
		}
		defer release()
		for i := range in.Sets {
			if err := ctx.Err(); err != nil {
				return out, context.Cause(ctx)
			}
			if err := one(db, i); err != nil {
				out.Errors = append(out.Errors, batchError{Index: i, Message: node.AsFailure(err).Message})
			}
		}
		return out, nil
	}
	err = in.Connection.transact(ctx, env, nil, func(s session) error {
		for i := range in.Sets {
			if err := one(s, i); err != nil {
				return err
			}
			if env.Progress != nil && i%1000 == 999 {
				env.Progress("executing", i+1, len(in.Sets))
			}
		}
		return nil
	})
	if err != nil {
		return batchOut{}, err
	}
	return out, nil
}
