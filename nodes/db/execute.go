package db

import (
	"context"
	"errors"
	"time"

	"github.com/aether-rpa/aether/node"
)

func init() {
	node.Register(node.Spec[executeIn, executeOut]{
		Type: "db.execute", Title: "Execute statement", Effect: node.Once,
		Doc: "Runs one statement that changes data or tables, and returns how many rows it changed. If the connection breaks or the time is up before the database has answered, nobody knows whether it took effect: the step then fails for good rather than doing it twice. Use db.query with allow_writes for a statement that returns rows, such as INSERT ... RETURNING.",
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
			if err := errors.Join(single(in.Connection.Driver, st.sql), alone(in.Connection.Driver, st.sql)); err != nil {
				return out, err
			}
			s, err := in.Connection.session(ctx, env, true)
			if err != nil {
				return out, err
			}
			defer s.close()
			return s.exec(ctx, st)
		},
	})
}

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
