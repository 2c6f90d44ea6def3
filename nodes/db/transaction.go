package db

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/value"
)

func init() {
	node.Register(node.Spec[transactionIn, transactionOut]{
		Type: "db.transaction", Title: "Transaction", Effect: node.Once,
		Doc: "Runs several statements in one transaction: all of them take effect, or none. A statement may say how many rows it must change; another number undoes everything. " +
			"A later statement can use what an earlier one returned or changed, through computed. The transaction begins and ends with the step, so that no lock is held while a flow waits.\n\n" +
			"If the program is killed in the middle, the database takes back what was done. If the connection breaks while the database commits, nobody knows whether it took effect: the step then fails for good rather than doing it twice. " +
			"MySQL and Oracle commit by themselves at statements such as CREATE TABLE, which are therefore refused here; tables of MySQL's old engine MyISAM know no transactions.",
		Examples: []node.Example[transactionIn, transactionOut]{{
			Title: "Move money", DocOnly: "it needs a database",
			In: transactionIn{Connection: connection{Driver: "sqlite", File: "bank.db"}, Statements: []step{
				{SQL: "update account set amount = amount - :n where id = :from and amount >= :n", Params: map[string]any{"n": 10, "from": 1}, Rows: ptr(1)},
				{SQL: "update account set amount = amount + :n where id = :to", Params: map[string]any{"n": 10, "to": 2}, Rows: ptr(1)},
			}},
		}, {
			Title: "An invoice and its lines", DocOnly: "it needs a database",
			In: transactionIn{Connection: connection{Driver: "postgres", Host: "db.example.com", Database: "erp", User: "robot"}, Statements: []step{
				{SQL: "insert into invoice (customer) values (:customer) returning id", Params: map[string]any{"customer": 17}, Fetch: true},
				{SQL: "insert into line (invoice, text) values (:invoice, :text)", Params: map[string]any{"text": "Repair"}},
			}, Computed: map[string]node.Lazy{"invoice": node.Expr("{{ results[0].rows[0].id }}")}},
		}},
		Check: func(in transactionIn) error { return in.check() },
		Run:   transaction,
	})
}

func ptr[T any](v T) *T { return &v }

type step struct {
	SQL    string `json:"sql" is:"required" doc:"The statement, with ? or :name where values belong."`
	Params any    `json:"params" doc:"Values: a list for ? in their order, or a map for :name."`
	Rows   *int   `json:"rows" min:"0" doc:"How many rows it must change, or return with fetch."`
	Fetch  bool   `json:"fetch" is:"advanced" doc:"The statement returns rows, as SELECT and INSERT ... RETURNING do, and the result shall hold them: 10,000 at most."`
}

type transactionIn struct {
	Connection connection           `json:"connection" is:"required" doc:"The database."`
	Statements []step               `json:"statements" is:"required" doc:"Statements in their order."`
	Computed   map[string]node.Lazy `json:"computed" is:"advanced" locals:"results" doc:"Values for :name that only the transaction knows, as expressions that see the results of the statements before, for instance {{ results[0].last_id }} or {{ results[0].rows[0].id }}. A name is computed anew for each statement that has it."`
	Isolation  string               `json:"isolation" default:"default" enum:"default,read_committed,repeatable_read,serializable" is:"advanced" doc:"What it sees of other transactions at the same time; default is that of the database."`
	Timeout    time.Duration        `json:"timeout" default:"5m" min:"0" doc:"How long the statements may take together. 0 for no limit."`
}

type transactionOut struct {
	Results  []result `json:"results" doc:"What each statement did."`
	Affected int      `json:"affected" doc:"How many rows were changed in all."`
}

type result struct {
	Affected int   `json:"affected" doc:"How many rows were changed; -1 if the database does not tell, 0 with fetch."`
	LastID   int   `json:"last_id" doc:"Id of the row added last, where the database gives one (SQLite, MySQL); else 0."`
	Rows     []any `json:"rows" doc:"Rows that the statement returned, with fetch."`
}

func (in transactionIn) check() error {
	if len(in.Statements) == 0 {
		return node.Fail(node.KindInput, "there are no statements", "give at least one")
	}
	return in.Connection.check()
}

var isolations = map[string]sql.IsolationLevel{"default": sql.LevelDefault, "read_committed": sql.LevelReadCommitted, "repeatable_read": sql.LevelRepeatableRead, "serializable": sql.LevelSerializable}

func transaction(ctx context.Context, env *node.Env, in transactionIn) (out transactionOut, err error) {
	ctx, cancel := limited(ctx, in.Timeout)
	defer cancel()
	for i, st := range in.Statements { // before anything is done
		if err := single(in.Connection.Driver, st.SQL); err != nil {
			return out, numbered(i, err)
		}
		if err := inTransaction(in.Connection.Driver, st.SQL); err != nil {
			return out, numbered(i, err)
		}
	}
	err = in.Connection.transact(ctx, env, &sql.TxOptions{Isolation: isolations[in.Isolation]}, func(s *session) error {
		results := []any{}
		for i, st := range in.Statements {
			r, err := in.run(ctx, s, st, results)
			if err != nil {
				return numbered(i, err)
			}
			n, did := r.Affected, "changed"
			if st.Fetch {
				n, did = len(r.Rows), "returned"
			}
			if st.Rows != nil && n != *st.Rows {
				return node.Fail(node.KindBusiness, fmt.Sprintf("statement %d %s %d rows, and must be %d; nothing was changed", i+1, did, n, *st.Rows), "look at its condition and at the data")
			}
			out.Results = append(out.Results, r)
			out.Affected += max(r.Affected, 0)
			results = append(results, map[string]any{"affected": r.Affected, "last_id": r.LastID, "rows": r.Rows})
		}
		return nil
	})
	if err != nil {
		return transactionOut{}, err
	}
	return out, nil
}

// run runs one statement; results are those of the statements before it.
func (in transactionIn) run(ctx context.Context, s *session, st step, results []any) (result, error) {
	p, err := prepareWith(s.c.Driver, st.SQL, st.Params, func(name string) (any, bool, error) {
		l, ok := in.Computed[name]
		if !ok {
			return nil, false, nil
		}
		v, err := l.Eval(ctx, map[string]any{"results": results})
		if err == nil {
			v, err = value.Normalize(v)
		}
		if err != nil {
			return nil, false, fmt.Errorf("computing :%s: %w", name, err)
		}
		return v, true, nil
	})
	if err != nil {
		return result{}, err
	}
	if st.Fetch {
		rows, err := s.collect(ctx, p)
		return result{Rows: list(rows)}, err
	}
	r, err := s.exec(ctx, p)
	return result{Affected: r.Affected, LastID: r.LastID, Rows: []any{}}, err
}

// numbered says which of several statements failed.
func numbered(i int, err error) error {
	f := *node.AsFailure(err)
	f.Message = fmt.Sprintf("statement %d: %s", i+1, f.Message)
	return &f
}
