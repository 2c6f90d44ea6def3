// Package db is the one handle to the database: embedded SQLite or PostgreSQL.
// Queries are written once, in the subset that both understand ($1
// placeholders, ON CONFLICT, RETURNING, times as unix milliseconds, JSON as
// text). Marks stand for what differs: {s} for the schema in front of a table's
// name, {now} for the time of the database in unix milliseconds.
package db

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	_ "modernc.org/sqlite" // the SQLite driver
)

// DB is an open database. It is safe for concurrent use.
type DB struct {
	SQL    *sql.DB
	Pool   *pgxpool.Pool // nil for SQLite
	prefix string
	cache  sync.Map // query as written -> query as sent
	ready  prepared

	topics    topics
	announced announcements
	writing   turns // on SQLite
	listening sync.Once
	life      context.Context // ends with Close
	end       context.CancelFunc
}

func newDB(s *sql.DB, pool *pgxpool.Pool, prefix string) *DB {
	d := &DB{SQL: s, Pool: pool, prefix: prefix}
	d.life, d.end = context.WithCancel(context.Background())
	return d
}

// Options say how to open a database.
type Options struct {
	Schema   string // PostgreSQL schema of Aether's tables; default aether
	MaxConns int    // connections at most; default 20 for PostgreSQL, 8 for SQLite
	// Tracer observes PostgreSQL queries; nil for none.
	Tracer pgx.QueryTracer
}

// Open opens sqlite:PATH or a PostgreSQL URL or DSN and brings Aether's tables
// up to date. The file and folder of a new SQLite database are made.
func Open(ctx context.Context, target string, o Options) (*DB, error) {
	var d *DB
	var err error
	if path, ok := strings.CutPrefix(target, "sqlite:"); ok {
		d, err = openSQLite(path, o)
	} else {
		d, err = openPostgres(ctx, target, o)
	}
	if err != nil {
		return nil, err
	}
	if err := d.migrate(ctx); err != nil {
		d.Close()
		return nil, err
	}
	return d, nil
}

func openSQLite(path string, o Options) (*DB, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("making the data folder: %w (set AETHER_DATA_DIR to a folder you may write to)", err)
	}
	// FULL: what is committed survives a power cut too, not only the death of the
	// process.
	q := url.Values{"_txlock": {"immediate"}, "_pragma": {"busy_timeout(10000)", "journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(ON)"}}
	s, err := sql.Open("sqlite", "file:"+(&url.URL{Path: filepath.ToSlash(path)}).EscapedPath()+"?"+q.Encode())
	if err != nil {
		return nil, fmt.Errorf("opening %s: %w", path, err)
	}
	n := o.MaxConns
	if n == 0 {
		n = 8
	}
	s.SetMaxOpenConns(n)
	s.SetMaxIdleConns(n)
	return newDB(s, nil, ""), explain(path, s.PingContext(context.Background()))
}

// explain turns SQLite's terse errors into sentences.
func explain(path string, err error) error {
	if err == nil {
		return nil
	}
	msg := err.Error()
	switch {
	case strings.Contains(msg, "not a database"), strings.Contains(msg, "malformed"):
		return fmt.Errorf("the database %s is damaged or is no SQLite database: %w (move it away to start afresh, or restore a backup)", path, err)
	case strings.Contains(msg, "readonly"), strings.Contains(msg, "unable to open"), errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("the database %s cannot be written: %w (check the rights of the folder, or set AETHER_DATA_DIR to another one)", path, err)
	case strings.Contains(msg, "full"):
		return fmt.Errorf("the disk that holds %s is full: %w (nothing was lost; free some space and run again)", path, err)
	}
	return fmt.Errorf("opening the database %s: %w", path, err)
}

func openPostgres(ctx context.Context, target string, o Options) (*DB, error) {
	cfg, err := pgxpool.ParseConfig(target)
	if err != nil {
		// pgx repeats the URL in its error, with the password in it.
		return nil, errors.New("the database URL cannot be read; write it as postgres://user:password@host:5432/name, with special characters of the password percent-encoded")
	}
	cfg.MaxConns = 20
	if o.MaxConns > 0 {
		cfg.MaxConns = int32(min(o.MaxConns, 1000))
	}
	cfg.ConnConfig.Tracer = o.Tracer
	tellEnds(cfg)
	if cfg.ConnConfig.ConnectTimeout == 0 {
		cfg.ConnConfig.ConnectTimeout = 10 * time.Second
	}
	pool, err := pgxpool.NewWithConfig(ctx, cfg)
	if err != nil {
		return nil, fmt.Errorf("opening the database: %w", err)
	}
	if err := pool.Ping(ctx); err != nil {
		pool.Close()
		return nil, fmt.Errorf("connecting to PostgreSQL at %s: %w (is it running, and may you connect? `aether config check` tells more)", address(cfg), err)
	}
	schema := o.Schema
	if schema == "" {
		schema = "aether"
	}
	return newDB(stdlib.OpenDBFromPool(pool), pool, pgx.Identifier{schema}.Sanitize()+"."), nil
}

func address(cfg *pgxpool.Config) string {
	return cfg.ConnConfig.Host + ":" + strconv.Itoa(int(cfg.ConnConfig.Port))
}

// Close closes every connection.
func (d *DB) Close() {
	d.end()
	d.announcedAll()
	_ = d.SQL.Close()
	if d.Pool != nil {
		d.Pool.Close()
	}
}

// Q returns a query with its marks replaced.
func (d *DB) Q(query string) string {
	if q, ok := d.cache.Load(query); ok {
		return q.(string)
	}
	now := "CAST(unixepoch('subsec') * 1000 AS INTEGER)"
	if d.Pool != nil {
		now = "(EXTRACT(EPOCH FROM clock_timestamp()) * 1000)::BIGINT"
	}
	q := strings.NewReplacer("{s}", d.prefix, "{now}", now).Replace(query)
	d.cache.Store(query, q)
	return q
}

// Exec runs a statement outside a transaction.
func (d *DB) Exec(ctx context.Context, query string, args ...any) (int64, error) {
	res, err := d.SQL.ExecContext(ctx, d.Q(query), args...)
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}

// Query runs a query; the caller closes the rows.
func (d *DB) Query(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	return d.SQL.QueryContext(ctx, d.Q(query), args...)
}

// QueryRow runs a query for one row.
func (d *DB) QueryRow(ctx context.Context, query string, args ...any) *sql.Row {
	return d.SQL.QueryRowContext(ctx, d.Q(query), args...)
}

// Tx is a transaction.
type Tx struct {
	*sql.Tx
	db    *DB
	notes []string // topics to wake after the commit
	after []func() // to call after the commit
	fresh []string // queries that are worth preparing, see Direct
}

// After calls fn when the transaction has committed.
func (t *Tx) After(fn func()) { t.after = append(t.after, fn) }

// Exec runs a statement.
func (t *Tx) Exec(ctx context.Context, query string, args ...any) (int64, error) {
	res, err := t.ExecContext(ctx, t.db.Q(query), args...)
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}

// Query runs a query; the caller closes the rows.
func (t *Tx) Query(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	return t.QueryContext(ctx, t.db.Q(query), args...)
}

// Postgres reports whether the database is PostgreSQL.
func (t *Tx) Postgres() bool { return t.db.Pool != nil }

// QueryRow runs a query for one row.
func (t *Tx) QueryRow(ctx context.Context, query string, args ...any) *sql.Row {
	return t.QueryRowContext(ctx, t.db.Q(query), args...)
}

// Tx runs fn in a transaction: committed when fn returns nil, rolled back
// otherwise. A conflict with another transaction runs fn again.
func (d *DB) Tx(ctx context.Context, fn func(*Tx) error) error {
	return d.Again(func() error { return d.once(ctx, fn) })
}

// Again runs fn, and again after a conflict with another transaction. What fn
// did is undone then: it is a transaction, or one statement outside of any.
func (d *DB) Again(fn func() error) error {
	for try := 0; ; try++ {
		err := fn()
		if errors.Is(err, errGroup) {
			try-- // somebody else's failure, not its own
			continue
		}
		if err == nil || try == 5 || !conflict(err) {
			return err
		}
	}
}

func (d *DB) once(ctx context.Context, fn func(*Tx) error) error {
	if d.Pool == nil {
		return d.grouped(ctx, fn)
	}
	tx, err := d.SQL.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }()
	t := &Tx{Tx: tx, db: d}
	if err := fn(t); err != nil {
		return err
	}
	if err := tx.Commit(); err != nil {
		return err
	}
	t.committed(ctx)
	return nil
}

// committed does what was to be done after the commit.
func (t *Tx) committed(ctx context.Context) {
	for _, fn := range t.after {
		fn()
	}
	t.db.prepare(ctx, t.fresh)
	t.db.announce(t.notes)
}

func conflict(err error) bool {
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		return pg.Code == "40001" || pg.Code == "40P01"
	}
	return strings.Contains(err.Error(), "SQLITE_BUSY")
}

//go:embed migrations/*.sql
var migrations embed.FS

// SchemaVersion is the number of the newest migration this program knows.
func SchemaVersion() int {
	names, err := migrationNames()
	if err != nil || len(names) == 0 {
		return 0
	}
	n, _ := strconv.Atoi(names[len(names)-1][:3])
	return n
}

func migrationNames() ([]string, error) {
	entries, err := migrations.ReadDir("migrations")
	names := make([]string, len(entries))
	for i, e := range entries {
		names[i] = e.Name()
	}
	slices.Sort(names)
	return names, err
}

// migrate applies the migrations that the database lacks, each in a
// transaction, one process at a time.
func (d *DB) migrate(ctx context.Context) error {
	if v, err := d.version(ctx); err == nil && v >= SchemaVersion() {
		if v > SchemaVersion() {
			return fmt.Errorf("the database was made by a newer Aether (schema %d, this one knows %d): update this program", v, SchemaVersion())
		}
		return nil
	}
	return d.Tx(ctx, func(tx *Tx) error { return d.migrateTo(ctx, tx, SchemaVersion()) })
}

// migrateTo applies the migrations that the database lacks, up to one.
func (d *DB) migrateTo(ctx context.Context, tx *Tx, last int) error {
	names, err := migrationNames()
	if err != nil {
		return err
	}
	if d.Pool != nil {
		if err := tx.Lock(ctx, LockMigrate); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `CREATE SCHEMA IF NOT EXISTS `+strings.TrimSuffix(d.prefix, ".")); err != nil {
			return fmt.Errorf("making the schema %s: %w (the database user needs the right to create it)", strings.TrimSuffix(d.prefix, "."), err)
		}
	}
	if _, err := tx.Exec(ctx, `CREATE TABLE IF NOT EXISTS {s}migration (version INTEGER PRIMARY KEY)`); err != nil {
		return err
	}
	var have int
	if err := tx.QueryRow(ctx, `SELECT COALESCE(MAX(version), 0) FROM {s}migration`).Scan(&have); err != nil {
		return err
	}
	for _, name := range names {
		n, err := strconv.Atoi(name[:3])
		if err != nil {
			return fmt.Errorf("the migration %s has no number: %w", name, err)
		}
		if n <= have || n > last {
			continue
		}
		if err := d.apply(ctx, tx, name); err != nil {
			return fmt.Errorf("bringing the database up to date (%s): %w", name, err)
		}
		if _, err := tx.Exec(ctx, `INSERT INTO {s}migration (version) VALUES ($1)`, n); err != nil {
			return err
		}
	}
	return nil
}

// apply executes the statements of a migration.
func (d *DB) apply(ctx context.Context, tx *Tx, name string) error {
	text, err := migrations.ReadFile("migrations/" + name)
	if err != nil {
		return err
	}
	for _, stmt := range strings.Split(string(text), ";\n") {
		stmt, only := strings.CutPrefix(strings.TrimSpace(stmt), "--postgres\n")
		if stmt == "" || only && d.Pool == nil {
			continue
		}
		if _, err := tx.Exec(ctx, d.dialect().Replace(stmt)); err != nil {
			return err
		}
	}
	return nil
}

// dialect fills in the marks that only migrations use: {serial} for a primary
// key that numbers itself and gives no number twice, {hot} for a table whose
// rows change often, {by_time} for one that is cut into parts by its column at.
// A statement that begins with the line --postgres is for PostgreSQL alone.
func (d *DB) dialect() *strings.Replacer {
	if d.Pool == nil {
		return strings.NewReplacer("{serial}", "INTEGER PRIMARY KEY AUTOINCREMENT", " {hot}", "", " {by_time}", "")
	}
	return strings.NewReplacer(
		"{serial}", "BIGINT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY",
		"{hot}", "WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 0)",
		"{by_time}", "PARTITION BY RANGE (at)")
}

func (d *DB) version(ctx context.Context) (v int, err error) {
	err = d.QueryRow(ctx, `SELECT COALESCE(MAX(version), 0) FROM {s}migration`).Scan(&v)
	return v, err
}
