package dbosrt

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/dbos-inc/dbos-transact-golang/dbos"
	"github.com/dbos-inc/dbos-transact-golang/dbos/internals"

	"github.com/aether-rpa/aether/internal/db"
	"github.com/aether-rpa/aether/internal/durable"
)

// fence is the execution's claim to the run: DBOS gives each execution a token and
// counts its steps. With both, entries are written as DBOS writes steps, several in
// one transaction and with one look at whose the run is, where a step of DBOS takes
// two transactions of its own.
type fence struct {
	owner string // the token, read when the execution began; "" is unknown
	sure  bool   // DBOS has written a step for this execution, so the token is its own
	last  int    // number of the latest step
}

// Append implements durable.Log.
func (l *log) Append(_ context.Context, entries ...durable.Entry) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return durable.Each(entries, func(batch []durable.Entry) error {
		if !l.fence.sure && len(batch) > 0 {
			if err := l.step(batch[0]); err != nil {
				return fmt.Errorf("recording %s: %w", batch[0].Name, mapError(err))
			}
			batch = batch[1:]
		}
		if len(batch) == 0 {
			return nil
		}
		err := internals.Retry(l.wf, func() error { return l.insert(batch) })
		if err != nil {
			return fmt.Errorf("recording %s: %w", batch[0].Name, mapError(err))
		}
		l.fence.last += len(batch)
		return nil
	})
}

// step appends an entry as a step of DBOS, which knows for certain whether the run
// is this execution's. If it is now, it was when the token was read.
func (l *log) step(e durable.Entry) error {
	made, number := false, 0
	_, err := dbos.RunAsStep(l.wf, func(ctx context.Context) (string, error) {
		made = true
		if c, ok := ctx.(dbos.Context); ok {
			var err error
			number, err = dbos.GetStepID(c)
			return string(e.Data), err
		}
		return string(e.Data), errors.New("a step of DBOS has no number")
	}, dbos.WithStepName(e.Name))
	if err == nil && !made {
		// DBOS found the step recorded and gave its result, without a look at who
		// owns the run: it was another execution that got there first.
		err = durable.ErrLost
	}
	if err == nil {
		l.fence.last, l.fence.sure = number, l.fence.owner != ""
	}
	return err
}

// own writes a step if the run is the execution's and was not set aside. On
// PostgreSQL it locks the run's row, so that nobody takes the run meanwhile.
func own(postgres bool) string {
	schema, lock := "", ""
	if postgres {
		schema, lock = "dbos.", " FOR NO KEY UPDATE"
	}
	return `INSERT INTO ` + schema + `operation_outputs (workflow_uuid, function_id, output, function_name, started_at_epoch_ms, completed_at_epoch_ms, serialization, application_name)
SELECT workflow_uuid, CAST($2 AS INTEGER), CAST($3 AS TEXT), CAST($4 AS TEXT), CAST($5 AS BIGINT), CAST($5 AS BIGINT), CAST($6 AS TEXT), CAST($7 AS TEXT)
FROM ` + schema + `workflow_status WHERE workflow_uuid = $1 AND owner_xid = $8 AND status <> 'CANCELLED'` + lock + `
ON CONFLICT (workflow_uuid, function_id) DO NOTHING RETURNING function_id`
}

// kept reads what is recorded as a step.
func kept(postgres bool) string {
	schema := ""
	if postgres {
		schema = "dbos."
	}
	return `SELECT function_name, output FROM ` + schema + `operation_outputs WHERE workflow_uuid = $1 AND function_id = $2`
}

var (
	ownSQL  = map[bool]string{false: own(false), true: own(true)}
	keptSQL = map[bool]string{false: kept(false), true: kept(true)}
)

// insert writes the entries in one transaction.
func (l *log) insert(batch []durable.Entry) error {
	ctx := context.WithoutCancel(l.wf)
	var app any
	if l.rt.cfg.AppName != "" {
		app = l.rt.cfg.AppName
	}
	return l.rt.cfg.DB.Tx(ctx, func(tx *db.Tx) error {
		for i, e := range batch {
			number := l.fence.last + 1 + i
			n, err := count(tx.Direct(ctx, ownSQL[tx.Postgres()], l.id, number, string(e.Data), e.Name, time.Now().UnixMilli(), plain{}.Name(), app, l.fence.owner))
			if err != nil {
				return err
			}
			if n == 1 {
				continue
			}
			// If the answer to a commit got lost, it is there already.
			var name, data string
			if err := tx.QueryRow(ctx, keptSQL[tx.Postgres()], l.id, number).Scan(&name, &data); err != nil || name != e.Name || data != string(e.Data) {
				return durable.ErrLost
			}
		}
		return nil
	})
}

func count(rows db.Rows, err error) (n int, _ error) {
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	for rows.Next() {
		n++
	}
	return n, rows.Err()
}
