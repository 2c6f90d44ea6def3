package config_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/aether-rpa/aether/internal/config"
)

func TestCheckSQLite(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "new folder", "a%?#.db")
	c, _ := load(t, world{env: map[string]string{"AETHER_DATA_DIR": filepath.Dir(path)}})
	r, err := config.Check(t.Context(), c)
	if err != nil || r.Aether.Exists || r.ServerVersion == "" || r.Latency <= 0 || !r.Ready() {
		t.Errorf("missing file: %+v, %v", r, err)
	}
	if _, err := os.Stat(filepath.Dir(path)); err == nil {
		t.Error("Check made the folder")
	}
	file := filepath.Join(dir, "x.db")
	db, err := sql.Open("sqlite", file)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec(`CREATE TABLE migration (version INTEGER); INSERT INTO migration VALUES (1), (7); CREATE TABLE dbos_migrations (version INTEGER); INSERT INTO dbos_migrations VALUES (42)`); err != nil {
		t.Fatal(err)
	}
	_ = db.Close()
	c, _ = load(t, world{flags: map[string]string{"database-url": "sqlite:" + file}})
	r, err = config.Check(t.Context(), c)
	if err != nil || r.Aether.Version != 7 || r.DBOS.Version != 42 || len(r.Rights) != 2 {
		t.Errorf("existing file: %+v, %v", r, err)
	}
	if out, err := json.Marshal(r); err != nil || !strings.Contains(string(out), `"version":42`) {
		t.Errorf("JSON = %s, %v", out, err)
	}
	if text := strings.Join(r.Lines(), "\n"); !strings.Contains(text, "tables at version 7") {
		t.Errorf("Lines = %s", text)
	}
	junk := filepath.Join(dir, "junk.db")
	if err := os.WriteFile(junk, []byte(strings.Repeat("not a database ", 100)), 0o644); err != nil {
		t.Fatal(err)
	}
	c, _ = load(t, world{flags: map[string]string{"database-url": "sqlite:" + junk}})
	if _, err = config.Check(t.Context(), c); err == nil || !strings.Contains(err.Error(), "some other file") {
		t.Errorf("junk: %v", err)
	}
	if os.Geteuid() == 0 {
		return
	}
	if err := errors.Join(os.Chmod(file, 0o444), os.Chmod(dir, 0o555)); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = os.Chmod(dir, 0o755) }()
	c, _ = load(t, world{flags: map[string]string{"database-url": "sqlite:" + file}})
	if r, err = config.Check(t.Context(), c); !errors.Is(err, config.ErrNotReady) || r.Rights[0].OK || r.Rights[1].OK {
		t.Errorf("read-only: %+v, %v", r, err)
	}
}

// TestCheckUnreachable needs no server: nothing listens on port 1.
func TestCheckUnreachable(t *testing.T) {
	t.Parallel()
	c, _ := load(t, world{flags: map[string]string{"database-url": "postgres://u:Zplanted@127.0.0.1:1/d"}})
	_, err := config.Check(t.Context(), c)
	if err == nil || !strings.Contains(err.Error(), "check host and port") || strings.Contains(err.Error(), "Zplanted") {
		t.Errorf("got %v", err)
	}
}

func TestCheckPostgres(t *testing.T) {
	url := os.Getenv("AETHER_TEST_POSTGRES")
	if url == "" {
		t.Skip("AETHER_TEST_POSTGRES is not set")
	}
	ctx := t.Context()
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		t.Fatal(err)
	}
	exec := func(sql string) {
		t.Helper()
		if _, err := conn.Exec(ctx, sql); err != nil {
			t.Fatal(err)
		}
	}
	const schema = "aether_config_test"
	t.Cleanup(func() {
		ctx := context.Background()
		_, _ = conn.Exec(ctx, `DROP SCHEMA IF EXISTS `+schema+` CASCADE; DROP ROLE IF EXISTS aether_config_weak`)
		_ = conn.Close(ctx)
	})
	exec(`DROP SCHEMA IF EXISTS ` + schema + ` CASCADE; DROP ROLE IF EXISTS aether_config_weak`)
	c, _ := load(t, world{env: map[string]string{"AETHER_DATABASE_SCHEMA": schema}, flags: map[string]string{"database-url": url}})
	r, err := config.Check(ctx, c)
	if err != nil || r.Aether.Exists || r.ServerVersion == "" || r.Latency <= 0 || r.SSLMode == "" {
		t.Fatalf("empty: %+v, %v", r, err)
	}
	exec(`CREATE SCHEMA ` + schema + `; CREATE TABLE ` + schema + `.migration (version int); INSERT INTO ` + schema + `.migration VALUES (3), (5)`)
	if r, err = config.Check(ctx, c); err != nil || !r.Aether.Exists || r.Aether.Version != 5 {
		t.Errorf("migrated: %+v, %v", r, err)
	}
	t.Log(strings.Join(r.Lines(), "\n"))
	pc, err := pgx.ParseConfig(url)
	if err != nil {
		t.Fatal(err)
	}
	exec(`CREATE ROLE aether_config_weak LOGIN PASSWORD 'p@:/%#w'`)
	exec(`ALTER ROLE aether_config_weak SET default_transaction_read_only = on`)
	weak := "host=" + pc.Host + " port=" + itoa(pc.Port) + " dbname=" + pc.Database + " user=aether_config_weak"
	c, _ = load(t, world{env: map[string]string{"AETHER_DATABASE_SCHEMA": schema, "DB_PASSWORD": "p@:/%#w"}, flags: map[string]string{"database-url": weak}})
	r, err = config.Check(ctx, c)
	if !errors.Is(err, config.ErrNotReady) || r.Rights[0].OK || r.Rights[1].OK || !strings.Contains(r.Rights[1].Remedy, "GRANT") {
		t.Errorf("weak role: %+v, %v", r, err)
	}
	t.Log(strings.Join(r.Lines(), "\n"))
	exec(`ALTER ROLE aether_config_weak RESET default_transaction_read_only; GRANT USAGE, CREATE ON SCHEMA ` + schema + ` TO aether_config_weak`)
	if r, err = config.Check(ctx, c); !errors.Is(err, config.ErrNotReady) || !r.Rights[0].OK {
		t.Errorf("no right on the table: %+v, %v", r, err)
	}
	exec(`DROP OWNED BY aether_config_weak`)
	c, _ = load(t, world{flags: map[string]string{"database-url": weak + "x password=Zplanted"}})
	_, err = config.Check(ctx, c)
	if err == nil || strings.Contains(err.Error(), "Zplanted") {
		t.Errorf("unknown user: %v", err)
	}
	t.Log(err)
	c, _ = load(t, world{env: map[string]string{"DB_PASSWORD": "p@:/%#w"}, flags: map[string]string{"database-url": strings.Replace(weak, "dbname="+pc.Database, "dbname=nonesuch", 1)}})
	if _, err = config.Check(ctx, c); err == nil || !strings.Contains(err.Error(), "createdb") {
		t.Errorf("no database: %v", err)
	}
}

func itoa(n uint16) string { out, _ := json.Marshal(n); return string(out) }
