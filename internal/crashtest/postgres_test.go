//go:build unix

package crashtest

import (
	"context"
	"net/url"
	"testing"

	"github.com/jackc/pgx/v5"
)

// database makes a database on the server of a URL and returns its URL.
func database(t *testing.T, server, name string) string {
	t.Helper()
	ctx := context.Background()
	do := func(query string) {
		t.Helper()
		conn, err := pgx.Connect(ctx, server)
		if err != nil {
			t.Fatalf("connecting to the PostgreSQL server of the tests: %v", err)
		}
		defer func() { _ = conn.Close(ctx) }()
		if _, err := conn.Exec(ctx, query); err != nil {
			t.Fatalf("%s: %v", query, err)
		}
	}
	quoted := pgx.Identifier{name}.Sanitize()
	do("CREATE DATABASE " + quoted)
	t.Cleanup(func() { do("DROP DATABASE IF EXISTS " + quoted + " WITH (FORCE)") })
	u, err := url.Parse(server)
	if err != nil {
		t.Fatal(err)
	}
	u.Path = "/" + name
	return u.String()
}
