package db

import (
	"context"
	"fmt"
	"time"

	"github.com/aether-rpa/aether/node"
)

func init() {
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
	if err := single(in.Connection.Driver, in.SQL); err != nil {
		return out, err
	}
	if in.OnError == "continue" {
		return in.apart(ctx, env)
	}
	if err := inTransaction(in.Connection.Driver, in.SQL); err != nil {
		return out, err
	}
	err = in.Connection.transact(ctx, env, nil, func(s *session) error {
		for i := range in.Sets {
			if err := in.one(ctx, s, i, &out); err != nil {
				f := *node.AsFailure(err)
				f.Message = fmt.Sprintf("set %d: %s; nothing was changed", i, f.Message)
				return &f
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

func (in batchIn) one(ctx context.Context, s *session, i int, out *batchOut) error {
	st, err := prepare(in.Connection.Driver, in.SQL, in.Sets[i])
	if err != nil {
		return err
	}
	r, err := s.exec(ctx, st)
	if err != nil {
		return err
	}
	out.Affected += max(r.Affected, 0)
	out.Count++
	return nil
}

// apart runs each set for itself. When the connection is lost or the time is
// up, the sets that worked stay, and the step fails for good: going on would
// only list the loss once more for each set that is left.
func (in batchIn) apart(ctx context.Context, env *node.Env) (out batchOut, err error) {
	if err := alone(in.Connection.Driver, in.SQL); err != nil {
		return out, err
	}
	s, err := in.Connection.session(ctx, env, true)
	if err != nil {
		return out, err
	}
	defer s.close()
	for i := range in.Sets {
		err := in.one(ctx, s, i, &out)
		if err == nil {
			continue
		}
		f := node.AsFailure(err)
		if ctx.Err() != nil || f.Kind == node.KindNetwork || f.Kind == node.KindInterrupted {
			stop := node.Fail(node.KindInterrupted, fmt.Sprintf("set %d: %s; of the sets before it %d took effect and stay", i, f.Message, out.Count), "look into the database, and run the rest")
			stop.Permanent = true
			stop.Details = map[string]any{"index": i, "count": out.Count}
			return batchOut{}, stop
		}
		out.Errors = append(out.Errors, batchError{Index: i, Message: f.Message})
	}
	return out, nil
}
