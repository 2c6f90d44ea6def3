package config

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

const dbosSchema = "dbos"

func checkPostgres(ctx context.Context, d Database, r *Report) error {
	t, err := parseTarget(d.URL.Reveal())
	if err != nil {
		return err
	}
	if r.SSLMode = t.sslmode; r.SSLMode == "" {
		r.SSLMode = "prefer"
	}
	r.Aether.Schema, r.DBOS.Schema = d.Schema, dbosSchema
	cc, err := pgx.ParseConfig(t.text)
	if err != nil {
		// The driver's error may quote the connection string.
		return errors.New("the driver cannot read the connection string; check its host, port and options, and the files that sslcert, sslkey and sslrootcert name")
	}
	// No named statements: a pooler in transaction mode loses them.
	cc.DefaultQueryExecMode = pgx.QueryExecModeExec
	conn, err := pgx.ConnectConfig(ctx, cc)
	if err != nil {
		return connectHint(err, t)
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	if tc, ok := conn.PgConn().Conn().(*tls.Conn); ok {
		r.TLS = tls.VersionName(tc.ConnectionState().Version)
	}
	if err := conn.QueryRow(ctx, `SELECT current_setting('server_version')`).Scan(&r.ServerVersion); err != nil {
		return fmt.Errorf("reading the server version: %w", err)
	}
	if r.Latency, err = median(func() error { return conn.Ping(ctx) }); err != nil {
		return fmt.Errorf("measuring the latency: %w", err)
	}
	r.Warnings = append(r.Warnings, warnings(t, r)...)
	return postgresRights(ctx, conn, r)
}

// postgresRights fills the states of both schemas and the rights in them.
func postgresRights(ctx context.Context, conn *pgx.Conn, r *Report) error {
	var readOnly, mayCreate bool
	var user, database string
	err := conn.QueryRow(ctx, `SELECT current_setting('transaction_read_only') = 'on',
		has_database_privilege(current_database(), 'CREATE'), current_user, current_database()`).
		Scan(&readOnly, &mayCreate, &user, &database)
	if err != nil {
		return fmt.Errorf("reading the rights: %w", err)
	}
	user, database = pgx.Identifier{user}.Sanitize(), pgx.Identifier{database}.Sanitize()
	r.Rights = append(r.Rights, right("write", !readOnly,
		"the server or the user is read-only; connect to the primary server, or ALTER ROLE "+user+" RESET default_transaction_read_only"))
	for _, set := range []struct {
		tables *Tables
		table  string
	}{{&r.Aether, "migration"}, {&r.DBOS, "dbos_migrations"}} {
		schema := pgx.Identifier{set.tables.Schema}.Sanitize()
		var mayUse bool
		err := conn.QueryRow(ctx, `SELECT has_schema_privilege(oid, 'USAGE') AND has_schema_privilege(oid, 'CREATE')
			FROM pg_namespace WHERE nspname = $1`, set.tables.Schema).Scan(&mayUse)
		if errors.Is(err, pgx.ErrNoRows) {
			r.Rights = append(r.Rights, right("create schema "+schema, mayCreate,
				"as an administrator: GRANT CREATE ON DATABASE "+database+" TO "+user))
			continue
		}
		if err != nil {
			return fmt.Errorf("reading the rights in schema %s: %w", schema, err)
		}
		set.tables.Exists = true
		r.Rights = append(r.Rights, right("create tables in schema "+schema, mayUse,
			"as an administrator: GRANT USAGE, CREATE ON SCHEMA "+schema+" TO "+user))
		if mayUse {
			if err := postgresVersion(ctx, conn, set.tables, set.table, user, r); err != nil {
				return err
			}
		}
	}
	return nil
}

// postgresVersion reads the last migration, if the table is there and may be read.
func postgresVersion(ctx context.Context, conn *pgx.Conn, t *Tables, table, user string, r *Report) error {
	name := pgx.Identifier{t.Schema, table}.Sanitize()
	var there bool
	if err := conn.QueryRow(ctx, `SELECT to_regclass($1) IS NOT NULL`, name).Scan(&there); err != nil {
		return fmt.Errorf("looking for table %s: %w", name, err)
	}
	if !there {
		return nil
	}
	err := conn.QueryRow(ctx, `SELECT coalesce(max(version), 0)::bigint FROM `+name).Scan(&t.Version)
	if pe, ok := errors.AsType[*pgconn.PgError](err); ok && pe.Code == "42501" {
		r.Rights = append(r.Rights, right("read table "+name, false,
			"as their owner: GRANT ALL ON ALL TABLES IN SCHEMA "+pgx.Identifier{t.Schema}.Sanitize()+" TO "+user))
		return nil
	}
	if err != nil {
		return fmt.Errorf("reading the version in table %s: %w", name, err)
	}
	return nil
}

func right(name string, ok bool, remedy string) Right {
	if ok {
		remedy = ""
	}
	return Right{Name: name, OK: ok, Remedy: remedy}
}

func warnings(t target, r *Report) []string {
	var list []string
	if r.TLS == "" && !t.local("") {
		list = append(list, "the connection to another machine is not encrypted; add sslmode=require to the URL")
	}
	if slices.Contains(t.ports, "6543") {
		list = append(list, "port 6543 is usually a pooler in transaction mode, which loses the notifications DBOS waits for; use session mode, port 5432")
	}
	return list
}

// connectHint adds what to do. The driver's error names host, user and database, not the password.
func connectHint(err error, t target) error {
	hint := "check host and port, and that the server runs and accepts connections from here"
	pe, isServer := errors.AsType[*pgconn.PgError](err)
	_, isDNS := errors.AsType[*net.DNSError](err)
	supabase := slices.ContainsFunc(t.hosts, func(h string) bool {
		return strings.HasPrefix(h, "db.") && strings.HasSuffix(h, ".supabase.co")
	})
	switch {
	case isServer && (pe.Code == "28P01" || pe.Code == "28000"):
		hint = "check user and password (DB_PASSWORD holds it as it is, not percent-encoded), and pg_hba.conf of the server"
	case isServer && pe.Code == "3D000":
		hint = "create the database first, with: createdb NAME"
	case isServer && pe.Code == "53300":
		hint = "the server has no free connection; lower database.max_conns or raise max_connections of the server"
	case isServer && pe.Code == "42501":
		hint = "as an administrator: GRANT CONNECT ON DATABASE to this user"
	case supabase:
		hint = "Supabase's direct connection needs IPv6; on an IPv4 network set SUPABASE_POOLER to the host of the session pooler, from the dashboard"
	case isDNS:
		hint = "the host name is not known; check its spelling"
	case strings.Contains(err.Error(), "refused TLS"):
		hint = "the server has no TLS; turn it on there, or use sslmode=prefer on a network you trust"
	case errors.Is(err, context.DeadlineExceeded):
		hint = "no answer in time; check host, port and firewall"
	}
	text := err.Error()
	if len(t.password) >= 4 { // a belt: drivers change
		text = strings.ReplaceAll(text, t.password, masked)
	}
	return fmt.Errorf("connecting: %s; %s", strings.Join(strings.Fields(text), " "), hint)
}
