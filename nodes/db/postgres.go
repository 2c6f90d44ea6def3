package db

import (
	"context"
	"crypto/tls"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/aether-rpa/aether/node"
)

// ownFiles are settings of an address that name files of this machine. Flows
// reach files only through their folders, and sign in only as what they say.
var ownFiles = []string{"passfile", "servicefile", "service", "sslcert", "sslkey", "sslrootcert", "sslcrl"}

func (c connection) postgres(dial dialer, verify *tls.Config) (*sql.DB, error) {
	bad := errors.New("the url is no address of a PostgreSQL database, such as postgres://user:password@host:5432/database?sslmode=require")
	var u *url.URL
	if c.URL.Empty() {
		mode := map[string]string{"prefer": "prefer", "require": "require", "verify": "verify-full", "none": "disable"}[c.TLS]
		u = &url.URL{Scheme: "postgres", Host: c.addr(), Path: "/" + c.Database, RawQuery: "sslmode=" + mode, User: url.UserPassword(c.User, c.Password.Reveal())}
	} else {
		var err error
		if u, err = url.Parse(c.URL.Reveal()); err != nil || u.Scheme != "postgres" && u.Scheme != "postgresql" || u.Hostname() == "" {
			return nil, bad
		}
	}
	q := u.Query()
	for _, k := range ownFiles {
		if q.Has(k) {
			return nil, node.Fail(node.KindDenied, "the url sets "+k+", which names a file of this machine", "leave it out; give host and ca_file instead of url to check a certificate")
		}
	}
	// Set to nothing, so that the environment and the home folder of this
	// process add nothing.
	for _, k := range []string{"passfile", "sslcert", "sslkey", "sslrootcert"} {
		q.Set(k, "")
	}
	u.RawQuery = q.Encode()
	cfg, err := pgx.ParseConfig(u.String())
	if err != nil {
		return nil, bad
	}
	if _, given := u.User.Password(); !given && q.Get("password") == "" {
		cfg.Password = ""
	}
	if verify != nil {
		cfg.TLSConfig = verify
	}
	cfg.DialFunc, cfg.ConnectTimeout = pgconn.DialFunc(dial), c.Timeout
	cfg.LookupFunc = func(_ context.Context, host string) ([]string, error) { return []string{host}, nil } // dial resolves
	cfg.DefaultQueryExecMode = pgx.QueryExecModeExec                                                       // nothing is kept prepared, see postgresArgs
	cfg.RuntimeParams["datestyle"] = "ISO"
	cfg.RuntimeParams["bytea_output"] = "hex"
	if cfg.RuntimeParams["application_name"] == "" {
		cfg.RuntimeParams["application_name"] = "aether"
	}
	return stdlib.OpenDB(*cfg), nil
}

// raw hands the connection of the driver to fn: what comes from PostgreSQL is
// read as the text the server wrote, which is exact for every type.
func (s *session) raw(fn func(*pgx.Conn) error) error {
	return s.conn.Raw(func(dc any) error {
		conn, ok := dc.(*stdlib.Conn)
		if !ok {
			return errors.New("the PostgreSQL driver has changed")
		}
		return fn(conn.Conn())
	})
}

func (s *session) execPostgres(ctx context.Context, st statement) (out executeOut, err error) {
	err = s.raw(func(conn *pgx.Conn) error {
		args, err := postgresArgs(ctx, conn, st)
		if err != nil {
			return err
		}
		res := conn.PgConn().ExecParams(ctx, st.sql, args, nil, nil, nil).Read()
		out.Affected = int(res.CommandTag.RowsAffected())
		return res.Err
	})
	return out, err
}

func (s *session) queryPostgres(ctx context.Context, st statement, fn func(*cursor) error) error {
	return s.raw(func(conn *pgx.Conn) error {
		args, err := postgresArgs(ctx, conn, st)
		if err != nil {
			return s.failed(ctx, err, "the query failed")
		}
		within, stop := context.WithCancel(ctx)
		defer stop()
		rows := conn.PgConn().ExecParams(within, st.sql, args, nil, nil, nil)
		defer func() { _, _ = rows.Close() }() // what was wrong was told
		cur := s.cursorOfPostgres(conn.TypeMap(), rows)
		err = fn(cur)
		switch {
		case err != nil:
			stop()
			return s.failed(ctx, err, "the query failed")
		case s.leave(cur):
			stop()
			return nil
		}
		_, err = rows.Close()
		return s.failed(ctx, err, "the query failed")
	})
}

// cursorOfPostgres reads a result whose cells are text.
func (s *session) cursorOfPostgres(types *pgtype.Map, rows *pgconn.ResultReader) *cursor {
	fields := rows.FieldDescriptions()
	names := make([]string, len(fields))
	for i, f := range fields {
		names[i] = f.Name
	}
	cur := &cursor{cols: columnsOf(names)}
	for i, f := range fields {
		cur.cols[i].driver = "postgres"
		if t, ok := types.TypeForOID(f.DataTypeOID); ok {
			cur.cols[i].kind = strings.ToUpper(t.Name)
		}
	}
	cells := make([]any, len(fields))
	n := 0
	cur.next = func() ([]any, error) {
		if !rows.NextRow() {
			if _, err := rows.Close(); err != nil {
				return nil, err
			}
			cur.done = true
			return nil, io.EOF
		}
		n++
		for i, b := range rows.Values() {
			if cells[i] = nil; b == nil {
				continue
			}
			v, err := fromPostgres(cur.cols[i].kind, string(b), s.exact)
			if err != nil {
				return nil, node.Failf(node.KindInput, "row %d, column %s: %v", n, cur.cols[i].name, err)
			}
			cells[i] = v
		}
		return cells, nil
	}
	return cur
}

// fromPostgres reads a cell from its text.
func fromPostgres(kind, s string, exact bool) (any, error) {
	if elem, ok := strings.CutPrefix(kind, "_"); ok {
		return fromArray(elem, s, exact)
	}
	switch kind {
	case "BOOL":
		return s == "t", nil
	case "INT2", "INT4", "INT8", "OID":
		n, err := strconv.ParseInt(s, 10, 64)
		return int(n), err
	case "FLOAT4", "FLOAT8":
		f, err := strconv.ParseFloat(s, 64)
		if err != nil {
			return nil, err
		}
		return fromFloat(f)
	case "NUMERIC":
		return fromDecimal(s, exact)
	case "JSON", "JSONB":
		return fromJSON(s), nil
	case "BYTEA":
		b, err := hex.DecodeString(strings.TrimPrefix(s, `\x`))
		return fromBinary(b), err
	case "TIMESTAMP", "TIMESTAMPTZ":
		return isoTime(s), nil
	}
	return s, nil
}

// isoTime turns 2026-01-02 03:04:05+01 into ISO 8601. What has no such form
// stays as it is: infinity, years before Christ.
func isoTime(s string) string {
	day, clock, ok := strings.Cut(s, " ")
	if !ok || strings.Contains(clock, " ") || len(day) < 10 {
		return s
	}
	i := strings.LastIndexAny(clock, "+-")
	switch {
	case i < 0:
	case clock[i:] == "+00":
		clock = clock[:i] + "Z"
	case len(clock)-i == 3:
		clock += ":00"
	}
	return day + "T" + clock
}

// postgresArgs writes arguments as text, which the server reads as the type it
// expects. A list becomes an array where one is expected, and JSON elsewhere.
// Statements are not kept prepared: tables may change between two steps, and
// poolers before a server do not bear it.
func postgresArgs(ctx context.Context, conn *pgx.Conn, st statement) ([][]byte, error) {
	out := make([][]byte, len(st.args))
	var types []uint32
	for i, a := range st.args {
		switch x := textArg(a).(type) {
		case nil:
		case string:
			out[i] = []byte(x)
		case []byte:
			out[i] = fmt.Appendf(nil, `\x%x`, x)
		case jsonArg:
			text := x.text
			if l, ok := x.value.([]any); ok {
				if types == nil {
					d, err := conn.Prepare(ctx, "", st.sql)
					if err != nil {
						return nil, err
					}
					types = d.ParamOIDs
				}
				array, err := isArray(ctx, conn, types[i])
				if err == nil && array {
					text, err = arrayText(l)
				}
				if err != nil {
					return nil, err
				}
			}
			out[i] = []byte(text)
		}
	}
	return out, nil
}

func isArray(ctx context.Context, conn *pgx.Conn, oid uint32) (is bool, err error) {
	if t, ok := conn.TypeMap().TypeForOID(oid); ok {
		_, is = t.Codec.(*pgtype.ArrayCodec)
		return is, nil
	}
	err = conn.QueryRow(ctx, "select typcategory = 'A' from pg_type where oid = $1", oid).Scan(&is)
	return is, err
}

// textArg writes a number or a truth as text.
func textArg(v any) any {
	switch x := v.(type) {
	case int64:
		return strconv.FormatInt(x, 10)
	case float64:
		return strconv.FormatFloat(x, 'g', -1, 64)
	case bool:
		return strconv.FormatBool(x)
	}
	return v
}
