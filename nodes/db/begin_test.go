package db

import (
	"context"
	"database/sql"
	"strings"
	"testing"
	"time"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/node/nodetest"
)

// count asks how many rows the table part has, in the session of c if it has
// one.
func count(t *testing.T, env *node.Env, c connection) any {
	t.Helper()
	out, err := query(context.Background(), env, queryIn{Connection: c, SQL: "select count(*) as n from deed", Decimals: "number"})
	if err != nil {
		t.Fatal(err)
	}
	for v, err := range out.Rows.All(context.Background()) {
		if m, ok := v.(map[string]any); ok && err == nil {
			return m["n"]
		}
	}
	return nil
}

// A transaction that several nodes are part of is seen by them alone, and takes
// effect as a whole or not at all.
func TestTransactionOverNodes(t *testing.T) {
	for kind, c := range servers(t) {
		t.Run(kind, func(t *testing.T) {
			ctx, env := context.Background(), nodetest.Env(t)
			held := c
			do := func(c connection, text string) error {
				st, err := prepare(c.Driver, text, nil)
				if err != nil {
					return err
				}
				s, err := c.session(ctx, env, true)
				if err != nil {
					return err
				}
				defer s.close()
				_, err = s.exec(ctx, st)
				return err
			}
			for _, text := range []string{"drop table if exists deed", "create table deed (id integer primary key)"} {
				if err := do(c, text); err != nil {
					t.Fatal(err)
				}
			}
			start := func(idle time.Duration) {
				t.Helper()
				out, err := begin(ctx, env, beginIn{Connection: c, Idle: idle})
				if err != nil {
					t.Fatal(err)
				}
				held.Session = out.Session
			}
			end := func(commit bool) {
				t.Helper()
				if ended, err := held.end(env, commit); err != nil || !ended {
					t.Fatalf("ending: %v, %v", ended, err)
				}
			}
			start(time.Minute)
			if err := do(held, "insert into deed values (1)"); err != nil {
				t.Fatal(err)
			}
			if n, out := count(t, env, held), count(t, env, c); n != 1 || out != 0 {
				t.Errorf("inside there are %v rows, outside %v, want 1 and 0", n, out)
			}
			end(false)
			if n := count(t, env, c); n != 0 {
				t.Errorf("%v rows after the rollback", n)
			}
			start(time.Minute)
			if err := do(held, "insert into deed values (1)"); err != nil {
				t.Fatal(err)
			}
			// What fails within is taken back alone.
			_, err := transaction(ctx, env, transactionIn{Connection: held, Isolation: "default", Statements: []step{{SQL: "insert into deed values (2)"}, {SQL: "insert into deed values (1)"}}})
			if err == nil {
				t.Error("the same key twice was no error")
			}
			if n := count(t, env, held); n != 1 {
				t.Errorf("%v rows after a part failed, want 1", n)
			}
			end(true)
			if n := count(t, env, c); n != 1 {
				t.Errorf("%v rows after the commit, want 1", n)
			}
			// One that lies idle is taken back, and a statement after that says so.
			start(time.Minute)
			if err := do(held, "insert into deed values (3)"); err != nil {
				t.Fatal(err)
			}
			holds.Lock()
			h := holds.m[held.holdKey(env)]
			holds.Unlock()
			h.Lock()
			if err := h.end(held.holdKey(env), (*sql.Tx).Rollback); err != nil {
				t.Fatal(err)
			}
			h.Unlock()
			if err := do(held, "insert into deed values (4)"); err == nil || !strings.Contains(err.Error(), "no longer open") {
				t.Errorf("a statement after the transaction was lost: %v", err)
			}
			if _, err := held.end(env, true); err == nil {
				t.Error("a lost transaction was committed")
			}
			if n := count(t, env, c); n != 1 {
				t.Errorf("%v rows in the end, want 1", n)
			}
		})
	}
}
