package config_test

import (
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/aether-rpa/aether/internal/config"
)

const hard = `p@:/%# w'\"${X}$?&=+é`

func TestDatabaseChoice(t *testing.T) {
	t.Parallel()
	dbos := "name: abc\nsystem_database_url: ${SYS}\ndatabase_url: postgres://u@app/d\n"
	for _, tt := range []struct {
		name      string
		w         world
		host      string // "" is SQLite
		source    string
		sourceHas string
	}{
		{name: "aether first", w: world{env: map[string]string{"AETHER_DATABASE_URL": "postgres://u@a/d", "DBOS_SYSTEM_DATABASE_URL": "postgres://u@b/d", "DBOS_DATABASE_URL": "postgres://u@c/d"}}, host: "a", source: "environment AETHER_DATABASE_URL"},
		{name: "system second", w: world{env: map[string]string{"DBOS_SYSTEM_DATABASE_URL": "postgres://u@b/d", "DBOS_DATABASE_URL": "postgres://u@c/d"}}, host: "b", source: "environment DBOS_SYSTEM_DATABASE_URL"},
		{name: "dbos third", w: world{env: map[string]string{"AETHER_DATABASE_URL": "", "DBOS_DATABASE_URL": "postgres://u@c/d", "SUPABASE_URL": "https://abcdefgh.supabase.co", "SUPABASE_DB_PASSWORD": "x"}}, host: "c", source: "environment DBOS_DATABASE_URL"},
		{name: "environment before .env", w: world{env: map[string]string{"DBOS_DATABASE_URL": "postgres://u@c/d"}, files: map[string]string{".env": "AETHER_DATABASE_URL=postgres://u@a/d"}}, host: "c", source: "environment DBOS_DATABASE_URL"},
		{name: "flag", w: world{env: map[string]string{"AETHER_DATABASE_URL": "postgres://u@a/d"}, flags: map[string]string{"database-url": "postgres://u@f/d"}}, host: "f", source: "flag --database-url"},
		{name: "supabase", w: world{files: map[string]string{".env": "SUPABASE_URL=https://abcdefgh.supabase.co\nSUPABASE_DB_PASSWORD=x\nSUPABASE_KEY=k\n", "aether.yaml": "database: {url: postgres://u@y/d}"}}, host: "db.abcdefgh.supabase.co", sourceHas: ".env line 1 SUPABASE_URL"},
		{name: "supabase pooler", w: world{env: map[string]string{"SUPABASE_URL": "https://abcdefgh.supabase.co", "SUPABASE_DB_PASSWORD": "x", "SUPABASE_POOLER": "aws-1-eu-west-1.pooler.supabase.com"}}, host: "aws-1-eu-west-1.pooler.supabase.com", sourceHas: "SUPABASE_POOLER"},
		{name: "supabase for the web API only", w: world{env: map[string]string{"SUPABASE_URL": "https://abcdefgh.supabase.co"}}, sourceHas: "default (SUPABASE_URL of environment SUPABASE_URL is not used"},
		{name: "yaml before dbos", w: world{files: map[string]string{"aether.yaml": "database:\n  url: postgres://u@y/d", "dbos-config.yaml": dbos}}, host: "y", source: "aether.yaml line 2"},
		{name: "dbos file", w: world{env: map[string]string{"SYS": "postgres://u@sys/d"}, files: map[string]string{"dbos-config.yaml": dbos}}, host: "sys", source: "dbos-config.yaml line 2"},
		{name: "both dbos files", w: world{files: map[string]string{"dbos.yaml": "name: xyz\ndatabase_url: postgres://u@two/d", "dbos-config.yaml": "name: abc\ndatabase_url: postgres://u@one/d"}}, host: "one", source: "dbos-config.yaml line 2"},
		{name: "legacy", w: world{env: map[string]string{"PW": hard}, files: map[string]string{"dbos-config.yaml": "name: abc\nlanguage: python\ndatabase:\n  hostname: old\n  port: 5433\n  username: me\n  password: ${PW}\n  app_db_name: app\n  sys_db_name: sys\n"}}, host: "old", source: "dbos-config.yaml line 9"},
		{name: "legacy with migrate only", w: world{files: map[string]string{"dbos-config.yaml": "name: abc\ndatabase:\n  migrate:\n    - echo hi\n"}}, source: "default"},
		{name: "local mode, remote", w: world{env: map[string]string{"DBOS_LOCAL_MODE": "true", "DBOS_DATABASE_URL": "postgres://u@c/d"}}, sourceHas: "default (local mode passes over the remote database of environment DBOS_DATABASE_URL"},
		{name: "local mode, local", w: world{env: map[string]string{"DBOS_LOCAL_MODE": "true", "AETHER_DATABASE_URL": "postgres://u@c/d", "DBOS_DATABASE_URL": "postgres://u@127.0.0.1:5433/d"}}, host: "127.0.0.1", sourceHas: "environment DBOS_DATABASE_URL (local"},
		{name: "local mode, ipv6", w: world{env: map[string]string{"DBOS_LOCAL_MODE": "1", "DBOS_DATABASE_URL": "postgres://u@[::1]:5433/d"}}, host: "::1", source: "environment DBOS_DATABASE_URL"},
		{name: "local mode, socket", w: world{env: map[string]string{"DBOS_LOCAL_MODE": "1", "DBOS_DATABASE_URL": "host=/var/run/postgresql dbname=d"}}, host: "/var/run/postgresql", source: "environment DBOS_DATABASE_URL"},
		{name: "local mode, one of two hosts", w: world{env: map[string]string{"DBOS_LOCAL_MODE": "1", "DBOS_DATABASE_URL": "postgres://localhost,far/d"}}, sourceHas: "default (local"},
		{name: "local mode, PGHOST", w: world{env: map[string]string{"DBOS_LOCAL_MODE": "1", "PGHOST": "far", "DBOS_DATABASE_URL": "postgres:///d"}}, sourceHas: "default (local"},
		{name: "local mode, template", w: world{env: map[string]string{"DBOS_LOCAL_MODE": "1"}, files: map[string]string{"dbos.yaml": "database_url: ${DBOS_SYSTEM_DATABASE_URL}"}}, source: "default"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c, values := load(t, tt.w)
			got := source(values, "database.url")
			if tt.source != "" && got != tt.source || !strings.Contains(got, tt.sourceHas) {
				t.Errorf("Source = %q, want %q%q", got, tt.source, tt.sourceHas)
			}
			if tt.host == "" {
				if c.Database.Kind != config.KindSQLite {
					t.Errorf("URL = %s, want SQLite", c.Database.URL)
				}
				return
			}
			pc, err := pgconn.ParseConfig(c.Database.URL.Reveal())
			if err != nil {
				t.Fatal(err)
			}
			if pc.Host != tt.host || c.Database.Kind != config.KindPostgres {
				t.Errorf("Host = %q, want %q", pc.Host, tt.host)
			}
			if tt.name == "legacy" && (pc.Password != hard || pc.Port != 5433 || pc.User != "me" || pc.Database != "sys") {
				t.Errorf("got %+v", pc)
			}
		})
	}
}

func TestSQLitePath(t *testing.T) {
	t.Parallel()
	in := world{}.inputs(t)
	for text, want := range map[string]string{
		"sqlite:x.db":             in.Dir + "/x.db",
		"sqlite:~/x.db":           in.Home + "/x.db",
		"sqlite:/a/b%c d.db":      "/a/b%c d.db",
		"sqlite:///${SUB}/x.db":   "/some where/x.db",
		"sqlite:file:${SUB}/x.db": in.Dir + "/some where/x.db",
		"sqlite::memory:":         ":memory:",
		"sqlite://host/x.db":      "",
		"sqlite:x.db?mode=ro":     "",
	} {
		in.Flags = map[string]string{"database-url": text}
		in.Env = only("SUB", "some where")
		c, _, err := config.Load(in)
		if want == "" {
			if err == nil {
				t.Errorf("%s: no error", text)
			}
			continue
		}
		if err != nil || c.Database.Path() != want || c.Database.Kind != config.KindSQLite {
			t.Errorf("%s: got %v, %v, want %s", text, c, err, want)
		}
	}
}

// only is an environment of one variable.
func only(name, value string) func(string) (string, bool) {
	return func(n string) (string, bool) {
		if n == name {
			return value, true
		}
		return "", false
	}
}

// TestPasswords proves that a password arrives at the driver as it was set, by every way.
func TestPasswords(t *testing.T) {
	t.Parallel()
	quotedEnv := `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(hard) + `"`
	withPW := map[string]string{"DB_PASSWORD": hard}
	for name, w := range map[string]world{
		"reference in yaml":     {env: withPW, files: map[string]string{"aether.yaml": "database:\n  url: postgresql://u:${DB_PASSWORD}@h:5432/d?sslmode=prefer\n"}},
		"reference in variable": {env: map[string]string{"DB_PASSWORD": hard, "AETHER_DATABASE_URL": "postgres://u:${DB_PASSWORD}@h/d"}},
		"reference twice":       {env: map[string]string{"DB_PASSWORD": hard, "MY": "postgres://u:${DB_PASSWORD}@h/d"}, files: map[string]string{"aether.yaml": "database: {url: '${MY}'}"}},
		"query":                 {env: map[string]string{"DB_PASSWORD": hard, "AETHER_DATABASE_URL": "postgres://u@h/d?password=${DB_PASSWORD}"}},
		"keywords":              {env: map[string]string{"DB_PASSWORD": hard, "AETHER_DATABASE_URL": "host=h user=u dbname=d password=${DB_PASSWORD}"}},
		"keywords in quotes":    {env: map[string]string{"DB_PASSWORD": hard, "AETHER_DATABASE_URL": "host=h user=u dbname=d password='${DB_PASSWORD}'"}},
		"filled in":             {env: map[string]string{"DB_PASSWORD": hard, "AETHER_DATABASE_URL": "postgres://u@h/d"}},
		"filled in keywords":    {env: map[string]string{"DB_PASSWORD": hard, "AETHER_DATABASE_URL": "host=h user=u dbname=d"}},
		".env":                  {files: map[string]string{".env": "AETHER_DATABASE_URL=postgres://u:${DB_PASSWORD}@h/d\r\nDB_PASSWORD=" + quotedEnv + " # mine\r\n"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, values := load(t, w)
			pc, err := pgconn.ParseConfig(c.Database.URL.Reveal())
			if err != nil {
				t.Fatal(err)
			}
			if pc.Password != hard || pc.Host != "h" || pc.User != "u" || pc.Database != "d" {
				t.Errorf("got %q at %s", pc.Password, pc.Host)
			}
			if name == "filled in" && source(values, "database.url") != "environment AETHER_DATABASE_URL (password from environment DB_PASSWORD)" {
				t.Errorf("Source = %q", source(values, "database.url"))
			}
		})
	}
}

func TestSupabaseURL(t *testing.T) {
	t.Parallel()
	const pw = `p@:/%#`
	for _, tt := range []struct{ project, pooler, want string }{
		{"https://abcdefghijklmnopqrst.supabase.co", "", "postgresql://postgres:p%40%3A%2F%25%23@db.abcdefghijklmnopqrst.supabase.co:5432/postgres?sslmode=require"},
		{"https://abcdefghijklmnopqrst.supabase.co/rest/v1/", "", "postgresql://postgres:p%40%3A%2F%25%23@db.abcdefghijklmnopqrst.supabase.co:5432/postgres?sslmode=require"},
		{"abcdefghijklmnopqrst", "aws-0-eu-central-1.pooler.supabase.com", "postgresql://postgres.abcdefghijklmnopqrst:p%40%3A%2F%25%23@aws-0-eu-central-1.pooler.supabase.com:5432/postgres?sslmode=require"},
		{"https://abcdefghijklmnopqrst.supabase.co", "postgresql://postgres.abcdefghijklmnopqrst:[YOUR-PASSWORD]@aws-0-x.pooler.supabase.com:6543/postgres", "postgresql://postgres.abcdefghijklmnopqrst:p%40%3A%2F%25%23@aws-0-x.pooler.supabase.com:6543/postgres?sslmode=require"},
		{"https://example.com", "", ""},
		{"https://abcdefghijklmnopqrst.supabase.co", "eu-central-1", ""},
		{"https://abcdefghijklmnopqrst.supabase.co", "aws-0-x.pooler.supabase.com:port", ""},
	} {
		got, err := config.SupabaseURL(tt.project, pw, tt.pooler)
		if got != tt.want || (err != nil) != (tt.want == "") {
			t.Errorf("SupabaseURL(%q, pw, %q) = %q, %v, want %q", tt.project, tt.pooler, got, err, tt.want)
		}
	}
	if _, err := config.SupabaseURL("https://abcdefghijklmnopqrst.supabase.co", "", ""); err == nil || !strings.Contains(err.Error(), "SUPABASE_DB_PASSWORD") {
		t.Errorf("no password: %v", err)
	}
}
