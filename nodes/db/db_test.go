package db

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/node/nodetest"
	"github.com/aether-rpa/aether/value"
	"github.com/aether-rpa/aether/vault"
)

func TestExamples(t *testing.T) { nodetest.Examples(t, "db") }

// servers returns a connection to each kind of database that is here.
func servers(t *testing.T) map[string]connection {
	t.Helper()
	out := map[string]connection{"sqlite": {Driver: "sqlite", File: "test.db", TLS: "prefer", Timeout: 10 * time.Second}}
	if u := os.Getenv("AETHER_TEST_POSTGRES"); u != "" {
		out["postgres"] = connection{Driver: "postgres", URL: vault.New(u), TLS: "prefer", Timeout: 10 * time.Second}
	}
	c, err := maria()
	if err != nil {
		t.Fatal(err)
	}
	if c.Driver != "" {
		out["mysql"] = c
	}
	return out
}

// maria is the MariaDB server of these tests, started when it is first asked
// for; its driver is empty if there is none.
var maria = sync.OnceValues(func() (connection, error) {
	c, stop, err := mariadb()
	stopMaria = stop
	return c, err
})

func TestMain(m *testing.M) {
	code := m.Run()
	stopMaria()
	os.Exit(code)
}

// stopMaria ends the server if it was started.
var stopMaria = func() {}

// mariadb starts a server of its own.
func mariadb() (c connection, stop func(), err error) {
	none := func() {}
	server, err := exec.LookPath("mariadbd")
	if err != nil {
		server = "/usr/sbin/mariadbd"
	}
	install, err := exec.LookPath("mariadb-install-db")
	if err != nil || !exists(server) {
		fmt.Println("MariaDB is not installed (apt install mariadb-server): it is left out")
		return c, none, nil
	}
	dir, err := os.MkdirTemp("", "aether-mariadb-")
	if err != nil {
		return c, none, err
	}
	user := "--user=" + map[bool]string{true: "root", false: ""}[os.Getuid() == 0]
	if out, err := exec.Command(install, "--no-defaults", "--datadir="+dir, "--auth-root-authentication-method=normal", "--skip-test-db", user).CombinedOutput(); err != nil {
		return c, none, fmt.Errorf("installing MariaDB: %w\n%s", err, out)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return c, none, err
	}
	port := l.Addr().(*net.TCPAddr).Port
	_ = l.Close()
	init := filepath.Join(dir, "init.sql")
	if err := os.WriteFile(init, []byte("create database shop character set utf8mb4;\ncreate user robot@localhost identified by 'pass word';\ngrant all on shop.* to robot@localhost;\n"), 0o600); err != nil {
		return c, none, err
	}
	cmd := exec.Command(server, "--no-defaults", "--datadir="+dir, "--port="+strconv.Itoa(port), "--bind-address=127.0.0.1", "--socket="+filepath.Join(dir, "s"), "--init-file="+init, "--innodb-flush-log-at-trx-commit=0", "--skip-log-bin", user)
	if err := cmd.Start(); err != nil {
		return c, none, err
	}
	stop = func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		_ = os.RemoveAll(dir)
	}
	c = connection{Driver: "mysql", Host: "127.0.0.1", Port: port, Database: "shop", User: "robot", Password: vault.New("pass word"), TLS: "prefer", Timeout: 10 * time.Second}
	// The port opens after the init file was read.
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for range 600 {
		if conn, err := net.Dial("tcp", c.addr()); err == nil {
			_ = conn.Close()
			return c, stop, nil
		}
		<-tick.C
	}
	stop()
	return c, none, errors.New("MariaDB does not answer")
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// execute runs one statement as db.execute does.
func execute(t *testing.T, env *node.Env, c connection, sql string, params any) executeOut {
	t.Helper()
	st, err := prepare(c.Driver, sql, params)
	if err != nil {
		t.Fatal(err)
	}
	s, err := c.session(t.Context(), env, true)
	if err != nil {
		t.Fatal(err)
	}
	defer s.close()
	out, err := s.exec(t.Context(), st)
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return out
}

// ask runs a query as db.query does.
func ask(t *testing.T, env *node.Env, c connection, sql string, params any) ([]any, []string) {
	t.Helper()
	out, err := query(t.Context(), env, queryIn{Connection: c, SQL: sql, Params: params, Decimals: "number", Timeout: time.Minute})
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	var rows []any
	for r, err := range out.Rows.All(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		rows = append(rows, r)
	}
	if len(rows) != out.Count {
		t.Errorf("count %d for %d rows", out.Count, len(rows))
	}
	return rows, out.Columns
}

func TestDatabases(t *testing.T) {
	for kind, c := range servers(t) {
		t.Run(kind, func(t *testing.T) {
			ctx, env := context.Background(), nodetest.Env(t)
			run := func(sql string, params any) executeOut {
				t.Helper()
				return execute(t, env, c, sql, params)
			}
			ask := func(sql string, params any) ([]any, []string) {
				t.Helper()
				return ask(t, env, c, sql, params)
			}
			blob, stamp := map[string]string{"sqlite": "blob", "postgres": "bytea", "mysql": "blob"}[kind], map[string]string{"sqlite": "text", "postgres": "timestamptz", "mysql": "datetime"}[kind]
			run("drop table if exists part", nil)
			run("create table part (id integer primary key, name varchar(100), price decimal(10,2), made date, seen "+stamp+", raw "+blob+")", nil)

			evil := `Robert'); drop table part; -- ü€😀`
			if out := run("insert into part (id, name, price) values (:id, :name, :price)", map[string]any{"id": 1, "name": evil, "price": 2.5}); out.Affected != 1 {
				t.Errorf("affected %d", out.Affected)
			}
			rows, cols := ask("select id, name, price from part where name = ? -- is it ?\n and 'a?' = 'a?'", []any{evil})
			want := map[string]any{"id": 1, "name": evil, "price": 2.5}
			if len(rows) != 1 || !reflect.DeepEqual(rows[0], want) || !reflect.DeepEqual(cols, []string{"id", "name", "price"}) {
				t.Errorf("got %v %v", rows, cols)
			}

			// Rows in bulk; the second load changes and adds.
			var list []any
			for i := range 1200 {
				list = append(list, map[string]any{"id": i + 10, "name": fmt.Sprint("n", i), "price": float64(i) / 4})
			}
			in := insertIn{Connection: c, Table: "part", Rows: value.RowsOf(list), OnConflict: "fail", BatchSize: 500, Timeout: time.Minute}
			if out, err := insertRows(ctx, env, in); err != nil || out.Count != 1200 || out.Affected != 1200 {
				t.Fatalf("insert: %+v, %v", out, err)
			}
			if _, err := insertRows(ctx, env, in); err == nil || !strings.Contains(err.Error(), map[bool]string{true: "row 1:", false: "rows 1 to 500:"}[kind == "postgres"]) {
				t.Errorf("rows that are there already: %v", err)
			}
			in.OnConflict, in.Key = "update", []string{"id"}
			in.Rows = value.RowsOf([]any{map[string]any{"id": 10, "name": "changed"}, map[string]any{"id": 5000, "name": "added"}})
			if _, err := insertRows(ctx, env, in); err != nil {
				t.Fatal(err)
			}
			in.OnConflict = "skip"
			in.Rows = value.RowsOf([]any{map[string]any{"id": 10, "name": "not this"}})
			if _, err := insertRows(ctx, env, in); err != nil {
				t.Fatal(err)
			}
			rows, _ = ask("select count(*) as n, max(case when id = 10 then name end) as ten from part", nil)
			if r := rows[0].(map[string]any); r["n"] != 1202 || r["ten"] != "changed" {
				t.Errorf("after loading: %v", r)
			}

			// A transaction is all or nothing.
			two := 2
			_, err := transaction(ctx, env, transactionIn{Connection: c, Isolation: "default", Timeout: time.Minute, Statements: []step{
				{SQL: "delete from part where id < ?", Params: []any{1000}}, {SQL: "update part set price = 0 where id = ?", Params: []any{5000}, Rows: &two},
			}})
			if f := node.AsFailure(err); f == nil || f.Kind != node.KindBusiness || !strings.Contains(f.Message, "statement 2 changed 1 rows") {
				t.Errorf("transaction: %v", err)
			}
			if rows, _ = ask("select count(*) as n from part", nil); rows[0].(map[string]any)["n"] != 1202 {
				t.Errorf("a failed transaction left %v", rows)
			}
			b, err := batch(ctx, env, batchIn{Connection: c, SQL: "insert into part (id, name) values (?, ?)", Sets: []any{[]any{1, "twice"}, []any{6000, "ok"}}, OnError: "continue", Timeout: time.Minute})
			if err != nil || b.Count != 1 || len(b.Errors) != 1 || b.Errors[0].Index != 0 {
				t.Errorf("batch: %+v, %v", b, err)
			}

			// A query cannot write, and says what is wrong without secrets.
			if _, err := query(ctx, env, queryIn{Connection: c, SQL: "delete from part", Decimals: "number"}); err == nil {
				t.Error("a query deleted rows")
			}
			if rows, _ = ask("select count(*) as n from part", nil); rows[0].(map[string]any)["n"] != 1203 {
				t.Errorf("after a query that writes: %v", rows)
			}
			if _, err := query(ctx, env, queryIn{Connection: c, SQL: "selct 1", Decimals: "number"}); err == nil || node.AsFailure(err).Kind != node.KindInput {
				t.Errorf("bad SQL: %v", err)
			}

			// What is there.
			if cols, err := c.columns(ctx, env, "part"); err != nil || len(cols) != 6 || cols[0]["name"] != "id" || cols[0]["primary_key"] != true || cols[1]["nullable"] != true {
				t.Errorf("columns: %v, %v", cols, err)
			}
			if cols, err := c.columns(ctx, env, "nothing'; drop table part; --"); err != nil || len(cols) != 0 {
				t.Errorf("columns of nothing: %v, %v", cols, err)
			}
			run("drop table part", nil)
		})
	}
}

func TestWrongPasswordIsNotTold(t *testing.T) {
	env := nodetest.Env(t)
	for kind, c := range servers(t) {
		if kind == "sqlite" {
			continue
		}
		c.Password, c.User = vault.New("s3cret-hunter2"), "nobody"
		if u, err := url.Parse(c.URL.Reveal()); kind == "postgres" && err == nil {
			u.User = url.UserPassword("nobody", "s3cret-hunter2")
			u.Path = "/does_not_exist"
			c.URL = vault.New(u.String())
		}
		_, err := c.look(t.Context(), env, "select 1 as one", nil)
		if err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v", kind, err)
		}
	}
}

func TestUnreachable(t *testing.T) {
	env := nodetest.Env(t)
	for _, driver := range []string{"postgres", "mysql", "sqlserver", "oracle"} {
		c := connection{Driver: driver, Host: "127.0.0.1", Port: 1, Database: "x", User: "u", Password: vault.New("hunter2"), TLS: "prefer", Timeout: 2 * time.Second}
		_, err := c.look(t.Context(), env, "select 1 as one", nil)
		if err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v", driver, err)
		}
	}
}

func TestQueryIsStreamed(t *testing.T) {
	ctx, env := context.Background(), nodetest.Env(t)
	c := connection{Driver: "sqlite", File: "big.db", Timeout: 10 * time.Second}
	execute(t, env, c, "create table empty (a)", nil)
	out, err := query(ctx, env, queryIn{Connection: c, SQL: "with recursive n(i) as (select 1 union all select i + 1 from n where i < 200000) select i, 'row ' || i as text from n", Decimals: "number"})
	if err != nil || out.Count != 200000 {
		t.Fatalf("%d rows, %v", out.Count, err)
	}
	stop, cancel := context.WithCancel(ctx)
	cancel()
	if _, err := query(stop, env, queryIn{Connection: c, SQL: "select 1 as one", Decimals: "number"}); err == nil {
		t.Error("a cancelled query gave rows")
	}
	_, err = query(ctx, env, queryIn{Connection: c, Timeout: 50 * time.Millisecond, SQL: "with recursive n(i) as (select 1 union all select i + 1 from n) select count(*) as n from n", Decimals: "number"})
	if f := node.AsFailure(err); f == nil || f.Kind != node.KindTimeout {
		t.Errorf("an endless query gave %v", err)
	}
}

func TestPlaceholders(t *testing.T) {
	m := map[string]any{"a": 1, "b": "x"}
	for _, c := range []struct {
		driver, in string
		params     any
		out        string
		args       []any
	}{
		{"postgres", "select ? + ?", []any{1, 2}, "select $1 + $2", []any{int64(1), int64(2)}},
		{"postgres", "select :a::text, ':a', \":b\", :b, :a -- :x", m, "select $1::text, ':a', \":b\", $2, $1 -- :x", []any{int64(1), "x"}},
		{"postgres", "select $2, $1, $2", []any{1, 2}, "select $1, $2, $1", []any{int64(2), int64(1)}},
		{"postgres", "select $$ ? :a $$, $q$ ? $q$, e'\\'?', /* ? /* ? */ ? */ ?", []any{1}, "select $$ ? :a $$, $q$ ? $q$, e'\\'?', /* ? /* ? */ ? */ $1", []any{int64(1)}},
		{"postgres", "select a ?? 'k', b ?| c, like'it''s ?' from t where x = ?", []any{1}, "select a ? 'k', b ?| c, like'it''s ?' from t where x = $1", []any{int64(1)}},
		{"mysql", "select `?`, '\\'?', # ?\n ?", []any{nil}, "select `?`, '\\'?', # ?\n ?", []any{nil}},
		{"mysql", "select :a, :a", m, "select ?, ?", []any{int64(1), int64(1)}},
		{"sqlserver", "select [?], @p1, ?", []any{true}, "", nil},
		{"sqlserver", "select [?], :b", m, "select [?], @p1", []any{"x"}},
		{"oracle", "select :a, :b from dual", m, "select :1, :2 from dual", []any{int64(1), "x"}},
		{"sqlite", "select ?", []any{[]any{1, "a"}}, "select ?", []any{`[1,"a"]`}},
		{"sqlite", "select [?] from t where a in (?) or b = ?", []any{[]any{1, 2, 3}, "x"}, "select [?] from t where a in (?, ?, ?) or b = ?", []any{int64(1), int64(2), int64(3), "x"}},
		{"postgres", "select :l, 1 where a NOT IN ( :l ) or b in (:l) or main(:l)", map[string]any{"l": []any{"u", nil}}, "select $1, 1 where a NOT IN ( $2, $3 ) or b in ($2, $3) or main($1)", []any{jsonArg{[]any{"u", nil}, `["u",null]`}, "u", nil}},
		{"postgres", "select e'a''\\'?', ?, \"v$1\", v$1", []any{1}, "select e'a''\\'?', $1, \"v$1\", v$1", []any{int64(1)}},
		{"mysql", "select 5--?, @p1 /*! + ? */ -- ?", []any{1, 2}, "select 5--?, @p1 /*! + ? */ -- ?", []any{int64(1), int64(2)}},
		{"oracle", "select q'[it's ?]', :1, :2 from v$x", []any{1, 2}, "select q'[it's ?]', :1, :2 from v$x", []any{int64(1), int64(2)}},
		{"sqlserver", "select [a]]?], $1, /* /* ? */ ? */ @p1", []any{1}, "select [a]]?], $1, /* /* ? */ ? */ @p1", []any{int64(1)}},
		{"sqlite", "insert into t values (?)", []any{map[string]any{"base64": "AP8="}}, "insert into t values (?)", []any{[]byte{0, 255}}},
		{"sqlite", "select '12:30', ?", []any{1}, "select '12:30', ?", []any{int64(1)}},
	} {
		got, err := prepare(c.driver, c.in, c.params)
		if c.out == "" {
			if err != nil {
				t.Errorf("%s %s: %v", c.driver, c.in, err)
			}
			continue
		}
		if err != nil || got.sql != c.out || !reflect.DeepEqual(got.args, c.args) {
			t.Errorf("%s %s\n gave %s %v, %v", c.driver, c.in, got.sql, got.args, err)
		}
	}
	for _, c := range []struct {
		in     string
		params any
		why    string
	}{
		{"select ?", []any{}, "0 values"}, {"select ?", []any{1, 2}, "number 2 nowhere"}, {"select :a", []any{1}, "params is no map"}, {"select :c", m, "no value for :c"}, {"select ?", m, "params is a map"}, {"select 1 where 1 in (?)", []any{[]any{}}, "list for IN is empty"}, {"select ?", []any{map[string]any{"base64": "?"}}, "no base64"}, {"select 1", "x", "neither a list nor a map"},
	} {
		if _, err := prepare("sqlite", c.in, c.params); err == nil || !strings.Contains(err.Error(), c.why) {
			t.Errorf("%s with %v: %v", c.in, c.params, err)
		}
	}
}

func FuzzPlaceholders(f *testing.F) {
	f.Add("select '?', :a, $1, $$x$$ -- ?\n/* ? */ [x] `y` ??", "a")
	f.Fuzz(func(t *testing.T, text, arg string) {
		for _, driver := range []string{"sqlite", "postgres", "mysql", "sqlserver", "oracle"} {
			st, err := prepare(driver, text, []any{arg})
			if err == nil && arg != "" && len(arg) > 3 && !strings.Contains(text, arg) && strings.Contains(st.sql, arg) {
				t.Errorf("the value stands in the statement: %s", st.sql)
			}
			_, _ = prepare(driver, text, map[string]any{"a": arg, "l": []any{arg, 1}})
			for _, rule := range []func(driver, text string) error{single, alone, inTransaction, reads} {
				_ = rule(driver, text) // no text may bring it down
			}
			spoils(driver, text)
		}
	})
}

func TestNames(t *testing.T) {
	for _, c := range [][3]string{{"postgres", `a"b.c`, `"a""b"."c"`}, {"mysql", "a`b", "`a``b`"}, {"sqlserver", "a]b", "[a]]b]"}, {"sqlite", "part", `"part"`}} {
		if got, err := quoteName(c[0], c[1]); err != nil || got != c[2] {
			t.Errorf("%v gave %s, %v", c, got, err)
		}
	}
	for _, bad := range []string{"", "a.", "a\x00", strings.Repeat("x", 200)} {
		if _, err := quoteName("sqlite", bad); err == nil {
			t.Errorf("%q is a name", bad)
		}
	}
}
