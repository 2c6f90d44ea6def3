// Package dbtest runs tests on every database that Aether supports.
package dbtest

import (
	"crypto/rand"
	"database/sql"
	"encoding/hex"
	"net/url"
	"os"
	"path/filepath"
	"testing"

	"github.com/aether-rpa/aether/internal/db"
)

// Env names the variable with the URL of a PostgreSQL server on which tests may
// make databases. Tests on PostgreSQL are skipped without it; CI sets it.
const Env = "AETHER_TEST_POSTGRES"

// Template names the variable with a database of that server that has Aether's
// tables and nothing in them. Copying it costs a quarter of what making the
// tables does; without it, whoever opens a database makes them.
const Template = "AETHER_TEST_TEMPLATE"

// Target is a database for a test, of its own and without data.
type Target struct {
	Name string // sqlite or postgres
	URL  string
}

// Each runs a test on a new SQLite file, and on a new PostgreSQL database when
// there is a server.
func Each(t *testing.T, fn func(t *testing.T, target Target)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) { fn(t, SQLite(t)) })
	t.Run("postgres", func(t *testing.T) { fn(t, Postgres(t)) })
}

// EachEmpty is Each with databases that have no tables.
func EachEmpty(t *testing.T, fn func(t *testing.T, target Target)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) { fn(t, SQLite(t)) })
	t.Run("postgres", func(t *testing.T) { fn(t, EmptyPostgres(t)) })
}

// SQLite returns a new SQLite file.
func SQLite(t testing.TB) Target {
	return Target{"sqlite", "sqlite:" + filepath.Join(t.TempDir(), "test.db")}
}

// Postgres makes a database on the server of Env, dropped after the test.
func Postgres(t testing.TB) Target {
	t.Helper()
	return postgres(t, os.Getenv(Template))
}

// EmptyPostgres is Postgres with a database that has no tables.
func EmptyPostgres(t testing.TB) Target {
	t.Helper()
	return postgres(t, "")
}

func postgres(t testing.TB, template string) Target {
	t.Helper()
	server := os.Getenv(Env)
	if server == "" {
		t.Skip(Env + " is not set; scripts/test.sh starts a server")
	}
	b := make([]byte, 6)
	if _, err := rand.Read(b); err != nil {
		t.Fatal(err)
	}
	name := "aether_test_" + hex.EncodeToString(b)
	admin, err := sql.Open("pgx", server)
	if err != nil {
		t.Fatal(err)
	}
	statement := "CREATE DATABASE " + name //nolint:gosec // the names are the tests' own
	if template != "" {
		statement += " TEMPLATE " + template
	}
	if _, err := admin.ExecContext(t.Context(), statement); err != nil { //nolint:gosec // as above
		t.Fatalf("making a database for the test: %v", err)
	}
	t.Cleanup(func() {
		if _, err := admin.Exec("DROP DATABASE IF EXISTS " + name + " WITH (FORCE)"); err != nil {
			t.Logf("dropping %s: %v", name, err)
		}
		_ = admin.Close()
	})
	u, err := url.Parse(server)
	if err != nil {
		t.Fatalf("%s must be a URL: %v", Env, err)
	}
	u.Path = "/" + name
	return Target{"postgres", u.String()}
}

// Open opens the target and closes it after the test.
func Open(t testing.TB, target Target) *db.DB {
	t.Helper()
	d, err := db.Open(t.Context(), target.URL, db.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.Close)
	return d
}
