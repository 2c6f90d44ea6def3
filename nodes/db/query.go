package db

import (
	"context"
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
		Doc: "Runs a query and returns its rows as a table of any size, read as they come. The query can only read, unless allow_writes is set: PostgreSQL, MySQL, SQLite and Oracle refuse one that writes, SQL Server gets only statements that begin with SELECT or WITH, and what they change is taken back. " +
			"Values go in by params, never by putting text into the statement; a list in `in (:ids)` becomes one value for each of its items. " +
			"Times come as ISO 8601, with a zone only where the column has one; binary data as base64; JSON and the arrays of PostgreSQL as values; whole numbers of 64 bits exactly. Rows have no order of columns, the output columns has it.\n\n" +
			"MySQL: times are in the time zone of the session, an empty date is 0000-00-00. SQLite: a column declared DATE, DATETIME or TIMESTAMP comes as RFC 3339, one without a zone as UTC.",
		Examples: []node.Example[queryIn, queryOut]{{
			Title: "Open invoices of a customer", DocOnly: "it needs a database",
			In: queryIn{Connection: connection{Driver: "postgres", Host: "db.example.com", Database: "erp", User: "robot"}, SQL: "select number, amount from invoice where customer = ? and not paid", Params: []any{17}},
		}, {
			Title: "Several at once", DocOnly: "it needs a database",
			In: queryIn{Connection: connection{Driver: "mysql", Host: "db.example.com", Database: "shop", User: "robot"}, SQL: "select number, stock from part where number in (:numbers)", Params: map[string]any{"numbers": []any{"A1", "B7"}}},
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
			st, err := prepare(in.Connection.Driver, in.SQL, in.Params)
			if err != nil {
				return out, err
			}
			err = in.Connection.read(ctx, env, st.sql, false, func(s *session) error {
				s.exact = in.Decimals == "text"
				return s.query(ctx, st, func(cur *cursor) error {
					return cur.each(ctx, func(r map[string]any) bool {
						out.Found, out.Row = true, r
						if len(cur.cols) > 0 {
							out.Value = r[cur.cols[0].name]
						}
						return false
					})
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
	Decimals    string        `json:"decimals" default:"number" enum:"number,text" doc:"Decimals as numbers where a number holds them exactly, which is up to 15 digits, and else as text; or always as text."`
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
	Decimals   string        `json:"decimals" default:"number" enum:"number,text" doc:"As in db.query."`
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
	st, err := prepare(in.Connection.Driver, in.SQL, in.Params)
	if err != nil {
		return out, err
	}
	err = in.Connection.read(ctx, env, st.sql, in.AllowWrites, func(s *session) error {
		s.exact = in.Decimals == "text"
		return s.query(ctx, st, func(cur *cursor) error {
			out.Columns = cur.names()
			var err error
			out.Rows, err = env.Rows(ctx, func(yield func(any) bool) error {
				return cur.each(ctx, func(r map[string]any) bool {
					if in.Limit > 0 && out.Count == in.Limit {
						return false
					}
					out.Count++
					if env.Progress != nil && out.Count%10000 == 0 {
						env.Progress("reading rows", out.Count, 0)
					}
					return yield(r)
				})
			})
			return err
		})
	})
	return out, err
}
