package db

import (
	"bytes"
	"context"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/node/nodetest"
	"github.com/aether-rpa/aether/value"
	"github.com/aether-rpa/aether/vault"
)

func TestStatementsThatBreakTheRules(t *testing.T) {
	for _, tt := range []struct {
		rule                func(driver, text string) error
		driver, text, wrong string // wrong is empty for what is allowed
	}{
		{single, "sqlite", "select 1; delete from t", "several statements"},
		{single, "sqlite", "select ';' ; -- done ;\n ;", ""},
		{single, "sqlite", "create table a (b); drop table c", "several statements"},
		{single, "sqlite", "create trigger x after insert on t begin delete from a; delete from b; end", ""},
		{single, "oracle", "begin p(:a); commit; end;", ""},
		{single, "mysql", "begin not atomic select 1; select 2; end", ""},
		{single, "sqlserver", "declare @x int = @p1; select @x", ""},
		{single, "postgres", " -- nothing\n", "is empty"},
		{alone, "postgres", "/* x */ BEGIN", "BEGIN has no effect"},
		{alone, "mysql", "start transaction", "START has no effect"},
		{alone, "mysql", "start slave", ""},
		{alone, "mysql", "set autocommit = 0", "SET has no effect"},
		{alone, "mysql", "/*! commit */", "COMMIT has no effect"},
		{alone, "sqlserver", "update t set a = 1 commit", "COMMIT has no effect"},
		{alone, "sqlserver", "if 1 = 1 begin update t set a = 1 end", ""},
		{alone, "sqlite", "insert into t values ('commit')", ""},
		{inTransaction, "postgres", "Commit", "COMMIT cannot stand"},
		{inTransaction, "postgres", "rollback to x", "ROLLBACK cannot stand"},
		{inTransaction, "postgres", "create table x ()", ""},
		{inTransaction, "mysql", "create table x (a int)", "cannot take CREATE back"},
		{inTransaction, "mysql", "create temporary table x (a int)", ""},
		{inTransaction, "oracle", "truncate table x", "cannot take TRUNCATE back"},
		{inTransaction, "oracle", "begin update t set a = 1; commit; end;", "COMMIT cannot stand"},
		{reads, "sqlserver", "select 1", ""},
		{reads, "sqlserver", "with x as (select 1 a) delete from t", "holds DELETE"},
		{reads, "sqlserver", "select * into t2 from t", "holds INTO"},
		{reads, "sqlserver", "select [update] from t", ""},
		{reads, "oracle", "delete from t", "begins with SELECT"},
	} {
		err := tt.rule(tt.driver, tt.text)
		if tt.wrong == "" && err != nil || tt.wrong != "" && (err == nil || !strings.Contains(err.Error(), tt.wrong)) {
			t.Errorf("%s, %q: %v", tt.driver, tt.text, err)
		}
	}
}

// TestSQLiteStaysInItsFile tries to reach another file through a statement.
func TestSQLiteStaysInItsFile(t *testing.T) {
	env := nodetest.Env(t)
	outside := filepath.Join(t.TempDir(), "other.db")
	c := map[string]any{"driver": "sqlite", "file": "a.db"}
	for _, sql := range []string{"attach '" + outside + "' as o", "/* x */ ATTACH DATABASE '" + outside + "' as o", "vacuum main into '" + outside + "'", "pragma temp_store_directory = '/etc'"} {
		for _, typ := range []string{"db.execute", "db.query"} {
			params := map[string]any{"connection": c, "sql": sql}
			if typ == "db.query" {
				params["allow_writes"] = true
			}
			if _, err := nodetest.Run(t, env, typ, params); err == nil || node.AsFailure(err).Kind != node.KindDenied {
				t.Errorf("%s %s: %v", typ, sql, err)
			}
		}
		if _, err := nodetest.Run(t, env, "db.transaction", map[string]any{"connection": c, "statements": []any{map[string]any{"sql": sql}}}); err == nil || node.AsFailure(err).Kind != node.KindDenied {
			t.Errorf("db.transaction %s: %v", sql, err)
		}
	}
	if _, err := os.Stat(outside); err == nil {
		t.Error("there is a file outside of the folders")
	}
	if _, err := nodetest.Run(t, env, "db.execute", map[string]any{"connection": map[string]any{"driver": "sqlite", "file": outside}, "sql": "create table t (a)"}); err == nil || node.AsFailure(err).Kind != node.KindDenied {
		t.Errorf("a file outside: %v", err)
	}
	if _, err := nodetest.Run(t, env, "db.query", map[string]any{"connection": map[string]any{"driver": "sqlite", "file": "typo.db"}, "sql": "select 1"}); err == nil || node.AsFailure(err).Kind != node.KindNotFound {
		t.Errorf("a query of no file: %v", err)
	}
}

func TestSQLiteFileThatIsNotThereYet(t *testing.T) {
	env := nodetest.Env(t)
	c := map[string]any{"driver": "sqlite", "file": "new.db"}
	out, err := nodetest.Run(t, env, "db.check_connection", map[string]any{"connection": c})
	if err != nil || out["connected"] != true || out["version"] == "" {
		t.Errorf("%v, %v", out, err)
	}
	out, err = nodetest.Run(t, env, "db.table_exists", map[string]any{"connection": c, "table": "t"})
	if err != nil || out["exists"] != false {
		t.Errorf("%v, %v", out, err)
	}
	if _, err := env.Files.Stat("new.db"); err == nil {
		t.Error("a step that only looks has made the file")
	}
}

// TestSQLiteFileIsLetGo replaces the file between two steps.
func TestSQLiteFileIsLetGo(t *testing.T) {
	env := nodetest.Env(t)
	c := connection{Driver: "sqlite", File: "a.db", TLS: "prefer", Timeout: time.Second}
	execute(t, env, c, "create table t (a)", nil)
	execute(t, env, c, "insert into t values (1)", nil)
	if err := env.Files.Rename("a.db", "b.db"); err != nil {
		t.Fatal(err)
	}
	execute(t, env, c, "create table t (a)", nil)
	for file, want := range map[string]int{"a.db": 0, "b.db": 1} {
		c.File = file
		if rows, _ := ask(t, env, c, "select count(*) as n from t", nil); rows[0].(map[string]any)["n"] != want {
			t.Errorf("%s: %v", file, rows)
		}
	}
}

func TestComputedValues(t *testing.T) {
	for kind, c := range servers(t) {
		env := nodetest.Env(t)
		serial := map[string]string{"sqlite": "integer primary key", "postgres": "serial primary key", "mysql": "int auto_increment primary key"}[kind]
		execute(t, env, c, "drop table if exists line", nil)
		execute(t, env, c, "drop table if exists invoice", nil)
		execute(t, env, c, "create table invoice (id "+serial+", customer int)", nil)
		execute(t, env, c, "create table line (invoice int, text varchar(20))", nil)
		first := step{SQL: "insert into invoice (customer) values (:c)", Params: map[string]any{"c": 7}}
		id := "{{ results[0].last_id }}"
		if kind == "postgres" {
			first.SQL, first.Fetch, id = first.SQL+" returning id", true, "{{ results[0].rows[0].id }}"
		}
		in := transactionIn{Connection: c, Isolation: "default", Timeout: time.Minute, Statements: []step{first, {SQL: "insert into line values (:id, :text)", Params: map[string]any{"text": "a"}}}, Computed: map[string]node.Lazy{"id": node.Expr(id)}}
		if err := node.Default.Get("db.transaction").BindLazy(&in, nodetest.Bind); err != nil {
			t.Fatal(err)
		}
		if _, err := transaction(t.Context(), env, in); err != nil {
			t.Errorf("%s: %v", kind, err)
			continue
		}
		if rows, _ := ask(t, env, c, "select customer, text from line join invoice on invoice.id = line.invoice", nil); len(rows) != 1 {
			t.Errorf("%s: %v", kind, rows)
		}
		execute(t, env, c, "drop table line", nil)
		execute(t, env, c, "drop table invoice", nil)
	}
}

// cutter cuts a connection after it has passed on what holds a word.
type cutter struct {
	net.Conn
	word []byte
	cut  atomic.Bool
}

func (c *cutter) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	if err == nil && bytes.Contains(bytes.ToLower(p), c.word) {
		c.cut.Store(true)
	}
	return n, err
}

func (c *cutter) Read(p []byte) (int, error) {
	if c.cut.Load() {
		_ = c.Close()
	}
	return c.Conn.Read(p)
}

// TestCutWhileItCommits loses the connection when nobody can know whether the
// database has done what it was told.
func TestCutWhileItCommits(t *testing.T) {
	for kind, c := range servers(t) {
		if kind == "sqlite" {
			continue
		}
		env := nodetest.Env(t)
		execute(t, env, c, "drop table if exists cut", nil)
		execute(t, env, c, "create table cut (a int)", nil)
		dial := env.Dial
		for word, run := range map[string]func(*node.Env, connection) error{
			"commit": func(env *node.Env, c connection) error {
				_, err := transaction(t.Context(), env, transactionIn{Connection: c, Isolation: "default", Timeout: time.Minute, Statements: []step{{SQL: "insert into cut values (1)"}}})
				return err
			},
			"values (2)": func(env *node.Env, c connection) error {
				_, err := nodetest.Run(t, env, "db.execute", map[string]any{"connection": settings(c), "sql": "insert into cut values (2)"})
				return err
			},
		} {
			env.Dial = func(ctx context.Context, network, addr string) (net.Conn, error) {
				conn, err := dial(ctx, network, addr)
				return &cutter{Conn: conn, word: []byte(word)}, err
			}
			c := c
			c.Timeout += time.Duration(len(word)) * time.Millisecond // a pool of its own
			err := run(env, c)
			if f := node.AsFailure(err); f == nil || f.Kind != node.KindInterrupted || !f.Permanent || !strings.Contains(f.Message, "whether it took effect is unknown") {
				t.Errorf("%s, cut at %s: %v", kind, word, err)
			}
		}
		env.Dial = dial
		execute(t, env, c, "drop table cut", nil)
	}
}

func settings(c connection) map[string]any {
	m := map[string]any{"driver": c.Driver, "file": c.File, "host": c.Host, "port": c.Port, "database": c.Database, "user": c.User, "tls": c.TLS, "timeout": c.Timeout.String()}
	if !c.Password.Empty() {
		m["password"] = c.Password.Reveal()
	}
	if !c.URL.Empty() {
		m["url"] = c.URL.Reveal()
	}
	return m
}

// TestTimeLimitEndsItOnTheServer looks whether the server still works on a
// statement whose time is up.
func TestTimeLimitEndsItOnTheServer(t *testing.T) {
	for kind, c := range servers(t) {
		slow, list := "select pg_sleep(60), 'slow one'", "select count(*) as n from pg_stat_activity where state = 'active' and query like '%''slow one''%' and pid <> pg_backend_pid()"
		if kind == "mysql" {
			slow, list = "select sleep(60), 'slow one'", "select count(*) as n from information_schema.processlist where info like '%sleep(60)%' and id <> connection_id()"
		}
		if kind == "sqlite" {
			continue // TestQueryIsStreamed has it
		}
		env := nodetest.Env(t)
		_, err := query(t.Context(), env, queryIn{Connection: c, SQL: slow, Decimals: "number", Timeout: 200 * time.Millisecond})
		if f := node.AsFailure(err); f == nil || f.Kind != node.KindTimeout {
			t.Errorf("%s: %v", kind, err)
		}
		n := any(1)
		for i := 0; i < 1000 && n != 0; i++ { // until it has seen that it is to end
			rows, _ := ask(t, env, c, list, nil)
			n = rows[0].(map[string]any)["n"]
		}
		if n != 0 {
			t.Errorf("%s still works on it", kind)
		}
	}
}

// TestResultIsGivenUp reads the first row of very many.
func TestResultIsGivenUp(t *testing.T) {
	for kind, c := range servers(t) {
		many := "with recursive n(i) as (select 1 union all select i + 1 from n where i < 5000000) select i from n"
		switch kind {
		case "postgres":
			many = "select generate_series(1, 1000000000) as i"
		case "mysql":
			many = "select a.seq as i from seq_1_to_100000 a, seq_1_to_100000 b"
		}
		env := nodetest.Env(t)
		execute(t, env, c, "drop table if exists none", nil)
		out, err := query(t.Context(), env, queryIn{Connection: c, SQL: many, Limit: 3, Decimals: "number", Timeout: time.Minute})
		if err != nil || out.Count != 3 {
			t.Errorf("%s: %d rows, %v", kind, out.Count, err)
		}
		if rows, _ := ask(t, env, c, "select 1 as one", nil); len(rows) != 1 {
			t.Errorf("%s: %v", kind, rows)
		}
	}
}

func TestAddressesWithSecrets(t *testing.T) {
	env := nodetest.Env(t)
	for driver, addr := range map[string]string{
		"postgres":  "postgres://robot:hunter%20two@127.0.0.1:1/x",
		"mysql":     "robot:hunter two@tcp(127.0.0.1:1)/x",
		"sqlserver": "sqlserver://robot:hunter%20two@127.0.0.1:1?database=x",
		"oracle":    "oracle://robot:hunter%20two@127.0.0.1:1/x",
	} {
		for _, u := range []string{addr, strings.Replace(addr, "://", ":/", 1), addr + "?%zz=hunter", "hunter two" + addr, strings.Replace(addr, ":1", ":99999999", 1)} {
			c := connection{Driver: driver, URL: vault.New(u), TLS: "prefer", Timeout: time.Second}
			_, err := c.look(t.Context(), env, "select 1 as one", nil)
			if err == nil || strings.Contains(err.Error(), "hunter") {
				t.Errorf("%s: %v", driver, err)
			}
		}
	}
	for _, u := range []string{"postgres://h/x?sslrootcert=/etc/passwd", "postgres://h/x?passfile=/root/.pgpass", "postgres:///x?host=/var/run", "host=/tmp user=x"} {
		c := connection{Driver: "postgres", URL: vault.New(u), TLS: "prefer", Timeout: time.Second}
		if _, err := c.look(t.Context(), env, "select 1 as one", nil); err == nil || node.AsFailure(err).Kind == node.KindNetwork {
			t.Errorf("%s: %v", u, err)
		}
	}
}

func TestAddressesWithFiles(t *testing.T) {
	env := nodetest.Env(t)
	for driver, u := range map[string]string{"sqlserver": "sqlserver://u@127.0.0.1:1?database=x&Certificate=%2Fetc%2Fhosts", "oracle": "oracle://u@127.0.0.1:1/x?TRACE+FILE=/tmp/x"} {
		c := connection{Driver: driver, URL: vault.New(u), TLS: "prefer", Timeout: time.Second}
		if _, err := c.look(t.Context(), env, "select 1 as one", nil); err == nil || node.AsFailure(err).Kind != node.KindDenied {
			t.Errorf("%s: %v", u, err)
		}
	}
}

func TestDeniedAddress(t *testing.T) {
	env := nodetest.Env(t)
	env.Dial = func(context.Context, string, string) (net.Conn, error) { return nil, refusal{} }
	for _, driver := range []string{"postgres", "mysql", "sqlserver", "oracle"} {
		c := connection{Driver: driver, Host: "db.example.com", Database: "x", User: "u", TLS: "none", Timeout: 3 * time.Second}
		if _, err := c.look(t.Context(), env, "select 1 as one", nil); err == nil || !strings.Contains(err.Error(), "not allowed here") {
			t.Errorf("%s: %v", driver, err)
		}
	}
}

type refusal struct{}

func (refusal) Error() string { return "this address is not allowed here" }
func (refusal) Denied() bool  { return true }

func TestBulkThatIsCancelled(t *testing.T) {
	for kind, c := range servers(t) {
		env := nodetest.Env(t)
		execute(t, env, c, "drop table if exists bulk2", nil)
		execute(t, env, c, "create table bulk2 (a int)", nil)
		rows := make([]any, 20000)
		for i := range rows {
			rows[i] = map[string]any{"a": i}
		}
		ctx, cancel := context.WithCancel(t.Context())
		env.Progress = func(string, int, int) { cancel() }
		if _, err := insertRows(ctx, env, insertIn{Connection: c, Table: "bulk2", Rows: value.RowsOf(rows), OnConflict: "fail", BatchSize: 1000, Timeout: time.Minute}); err == nil {
			t.Errorf("%s: it went on", kind)
		}
		cancel()
		if got, _ := ask(t, env, c, "select count(*) as n from bulk2", nil); got[0].(map[string]any)["n"] != 0 {
			t.Errorf("%s: it left %v", kind, got)
		}
		execute(t, env, c, "drop table bulk2", nil)
	}
}
