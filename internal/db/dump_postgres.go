package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
)

// tablePart is the part of a table in a PostgreSQL dump: its rows as COPY
// writes them.
const tablePart = "database/"

// engineSchema is where the durable engine keeps its tables.
const engineSchema = "dbos"

// forms makes COPY write values in the same way everywhere.
const forms = `SELECT set_config('TimeZone', 'UTC', true), set_config('DateStyle', 'ISO', true), set_config('IntervalStyle', 'postgres', true),
	set_config('extra_float_digits', '1', true), set_config('bytea_output', 'hex', true)`

func (d *DB) dumpPostgres(ctx context.Context, o DumpOptions) (*Dump, error) {
	conn, err := d.SQL.Conn(ctx)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	sqlTx, err := conn.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true})
	if err != nil {
		return nil, fmt.Errorf("beginning to read the database: %w", err)
	}
	defer func() { _ = sqlTx.Rollback() }()
	tx := &Tx{Tx: sqlTx, db: d}
	if _, err := tx.Exec(ctx, forms); err != nil {
		return nil, err
	}
	dump := &Dump{Kind: KindPostgres}
	if err := tx.QueryRow(ctx, `SELECT COALESCE(MAX(version), 0) FROM {s}migration`).Scan(&dump.Schema); err != nil {
		return nil, fmt.Errorf("reading the version of the tables: %w", err)
	}
	if dump.Engine, err = engineVersion(ctx, tx); err != nil {
		return nil, err
	}
	names, err := d.pgTables(ctx, tx, dump.Schema)
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		t, order, err := d.pgTable(ctx, tx, name)
		if err != nil {
			return nil, fmt.Errorf("reading the table %s: %w", name, err)
		}
		if err := o.Put(tablePart+name, func(w io.Writer) error {
			return d.copyOut(ctx, conn, &t, order, w)
		}); err != nil {
			return nil, err
		}
		dump.Tables = append(dump.Tables, t)
	}
	if o.Read != nil {
		return dump, o.Read(ctx, tx)
	}
	return dump, nil
}

// engineVersion returns the version of the durable engine's tables, 0 if it has
// none.
func engineVersion(ctx context.Context, tx *Tx) (v int64, err error) {
	var there bool
	if err := tx.QueryRow(ctx, `SELECT to_regclass('dbos.dbos_migrations') IS NOT NULL`).Scan(&there); err != nil || !there {
		return 0, err
	}
	err = tx.QueryRow(ctx, `SELECT COALESCE(MAX(version), 0) FROM dbos.dbos_migrations`).Scan(&v)
	return v, err
}

// pgTables lists Aether's tables and those of the durable engine, each after
// the tables that it refers to.
func (d *DB) pgTables(ctx context.Context, tx *Tx, schema int) ([]string, error) {
	own, err := ownTables(schema)
	if err != nil {
		return nil, err
	}
	var out []string
	for _, n := range own {
		out = append(out, "aether."+n)
	}
	names, err := Column[string](tx.QueryContext(ctx, `SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
		WHERE n.nspname = $1 AND c.relkind IN ('r', 'p') AND NOT c.relispartition ORDER BY c.relname COLLATE "C"`, engineSchema))
	if err != nil {
		return nil, fmt.Errorf("listing the tables: %w", err)
	}
	refers, err := Column[string](tx.QueryContext(ctx, `SELECT c.relname || ' ' || r.relname FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid JOIN pg_class r ON r.oid = k.confrelid
		JOIN pg_namespace n ON n.oid = c.relnamespace WHERE k.contype = 'f' AND n.nspname = $1 AND c.oid <> r.oid ORDER BY 1`, engineSchema))
	if err != nil {
		return nil, fmt.Errorf("listing what the tables refer to: %w", err)
	}
	var add func(name string, depth int)
	add = func(name string, depth int) {
		if slices.Contains(out, engineSchema+"."+name) || depth > len(names) {
			return
		}
		for _, r := range refers {
			if from, to, _ := strings.Cut(r, " "); from == name {
				add(to, depth+1)
			}
		}
		out = append(out, engineSchema+"."+name)
	}
	for _, n := range names {
		add(n, 0)
	}
	return out, nil
}

// sent returns the name of a table as the database knows it.
func (d *DB) sent(name string) string {
	if own, ok := strings.CutPrefix(name, "aether."); ok {
		return d.prefix + quoteName(own)
	}
	schema, table, _ := strings.Cut(name, ".")
	return quoteName(schema) + "." + quoteName(table)
}

// pgTable describes a table, and says in which order its rows are read: by its
// key, or by all columns, and texts by their bytes, as no setting changes them.
func (d *DB) pgTable(ctx context.Context, tx *Tx, name string) (t Table, order string, err error) {
	t.Name = name
	rows, err := tx.Query(ctx, `SELECT a.attname, y.typcategory = 'S', COALESCE(a.attnum = ANY(i.indkey), false), COALESCE(pg_get_serial_sequence($1, a.attname), '')
		FROM pg_attribute a JOIN pg_type y ON y.oid = a.atttypid LEFT JOIN pg_index i ON i.indrelid = a.attrelid AND i.indisprimary
		WHERE a.attrelid = $1::regclass AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '' ORDER BY a.attnum`, d.sent(name))
	if err != nil {
		return t, "", err
	}
	defer rows.Close()
	var key, all []string
	sequences := map[string]string{}
	for rows.Next() {
		var column, sequence string
		var text, inKey bool
		if err := rows.Scan(&column, &text, &inKey, &sequence); err != nil {
			return t, "", err
		}
		t.Columns = append(t.Columns, column)
		all = append(all, quoteName(column)+`::text COLLATE "C"`)
		if text {
			key = append(key, map[bool][]string{true: {quoteName(column) + ` COLLATE "C"`}}[inKey]...)
		} else if inKey {
			key = append(key, quoteName(column))
		}
		if sequence != "" {
			sequences[column] = sequence
		}
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return t, "", err
	}
	if len(key) == 0 {
		key = all
	}
	for column, sequence := range sequences {
		var last int64
		if err := tx.QueryRow(ctx, `SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM `+sequence).Scan(&last); err != nil {
			return t, "", err
		}
		if t.Numbers == nil {
			t.Numbers = map[string]int64{}
		}
		t.Numbers[column] = last
	}
	return t, strings.Join(key, ", "), nil
}

// copyOut writes the rows of a table, and their number and hash into t.
func (d *DB) copyOut(ctx context.Context, conn *sql.Conn, t *Table, order string, w io.Writer) error {
	h := newHash()
	err := raw(conn, func(c *pgconn.PgConn) error {
		tag, err := c.CopyTo(ctx, io.MultiWriter(w, h), `COPY (SELECT `+quoteNames(t.Columns)+` FROM `+d.sent(t.Name)+` ORDER BY `+order+`) TO STDOUT`)
		t.Rows = tag.RowsAffected()
		return err
	})
	if err != nil {
		return fmt.Errorf("reading the table %s: %w", t.Name, err)
	}
	t.SHA256 = sum(h)
	return nil
}

// raw gives the connection to PostgreSQL that a transaction is on.
func raw(conn *sql.Conn, fn func(*pgconn.PgConn) error) error {
	return conn.Raw(func(c any) error {
		s, ok := c.(*stdlib.Conn)
		if !ok {
			return errors.New("the connection is not one to PostgreSQL")
		}
		return fn(s.Conn().PgConn())
	})
}

func (d *DB) restorePostgres(ctx context.Context, dump *Dump, o RestoreOptions) error {
	conn, err := d.SQL.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	sqlTx, err := conn.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = sqlTx.Rollback() }()
	if err := d.fillPostgres(ctx, conn, &Tx{Tx: sqlTx, db: d}, dump, o); err != nil {
		return busy(err)
	}
	return sqlTx.Commit()
}

// busy explains a lock that did not come.
func busy(err error) error {
	if pg := (*pgconn.PgError)(nil); errors.As(err, &pg) && pg.Code == "55P03" {
		return fmt.Errorf("somebody uses the database: stop its robots and servers first (%w)", err)
	}
	return err
}

func (d *DB) fillPostgres(ctx context.Context, conn *sql.Conn, tx *Tx, dump *Dump, o RestoreOptions) error {
	if _, err := tx.Exec(ctx, `SET LOCAL lock_timeout = '10s'`); err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, forms); err != nil {
		return err
	}
	v, err := engineVersion(ctx, tx)
	if err != nil {
		return err
	}
	if v != dump.Engine {
		return fmt.Errorf("%w: the durable engine's tables in it have version %d, and this program's have %d: restore it with the Aether that made it, and update then", ErrUnfit, dump.Engine, v)
	}
	if o.Before != nil {
		if err := o.Before(ctx, tx); err != nil {
			return err
		}
	}
	if err := d.emptyPostgres(ctx, tx, dump, o.Force); err != nil {
		return err
	}
	known, err := d.pgTables(ctx, tx, dump.Schema)
	if err != nil {
		return err
	}
	tables := map[string]Table{}
	for _, t := range dump.Tables {
		if !slices.Contains(known, t.Name) {
			return fmt.Errorf("it has a table that is not Aether's: %.80q", t.Name)
		}
		tables[t.Name] = t
	}
	if err := o.Feed(func(part string, content io.Reader) error {
		name := strings.TrimPrefix(part, tablePart)
		t, ok := tables[name]
		if !ok {
			return fmt.Errorf("it has a part that is not known: %.80q", part)
		}
		delete(tables, name)
		return d.copyIn(ctx, conn, t, content)
	}); err != nil {
		return err
	}
	if len(tables) > 0 {
		return fmt.Errorf("it lacks the table %s", slices.Min(slices.Collect(maps.Keys(tables))))
	}
	for _, t := range dump.Tables {
		if err := d.comparePostgres(ctx, conn, tx, t); err != nil {
			return err
		}
	}
	if err := d.migrateTo(ctx, tx, SchemaVersion()); err != nil {
		return err
	}
	if o.After != nil {
		return o.After(ctx, tx)
	}
	return nil
}

// emptyPostgres leaves empty tables as the dump has them.
func (d *DB) emptyPostgres(ctx context.Context, tx *Tx, dump *Dump, force bool) error {
	var have int
	if err := tx.QueryRow(ctx, `SELECT COALESCE(MAX(version), 0) FROM {s}migration`).Scan(&have); err != nil {
		return err
	}
	names, err := d.pgTables(ctx, tx, have)
	if err != nil {
		return err
	}
	dumped := map[string]bool{}
	for _, t := range dump.Tables {
		dumped[t.Name] = true
	}
	var ask [][2]string
	var all, own []string
	for _, n := range names {
		_, bare, _ := strings.Cut(n, ".")
		ask = append(ask, [2]string{bare, d.sent(n)})
		all = append(all, d.sent(n))
		if strings.HasPrefix(n, "aether.") {
			own = append(own, d.sent(n))
		}
	}
	// Before anything is counted, so that nobody adds a row behind the count.
	if _, err := tx.Exec(ctx, `LOCK TABLE `+strings.Join(all, ", ")+` IN ACCESS EXCLUSIVE MODE`); err != nil {
		return err
	}
	if !force {
		if err := filled(ctx, tx, ask); err != nil {
			return err
		}
	}
	if _, err := tx.Exec(ctx, `TRUNCATE `+strings.Join(all, ", ")); err != nil {
		return fmt.Errorf("emptying the database: %w", err)
	}
	if dump.Schema == have {
		return nil // and nobody's rights on the tables change
	}
	if _, err := tx.Exec(ctx, `DROP TABLE `+strings.Join(own, ", ")); err != nil {
		return fmt.Errorf("making the tables as they were: %w", err)
	}
	if err := d.migrateTo(ctx, tx, dump.Schema); err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `DELETE FROM {s}migration`)
	return err
}

func (d *DB) copyIn(ctx context.Context, conn *sql.Conn, t Table, content io.Reader) error {
	err := raw(conn, func(c *pgconn.PgConn) error {
		_, err := c.CopyFrom(ctx, content, `COPY `+d.sent(t.Name)+` (`+quoteNames(t.Columns)+`) FROM STDIN`)
		return err
	})
	if err != nil {
		return fmt.Errorf("filling the table %s: %w", t.Name, err)
	}
	return nil
}

// comparePostgres says how a table is not that of a dump, and lets the columns
// that number themselves go on behind it.
func (d *DB) comparePostgres(ctx context.Context, conn *sql.Conn, tx *Tx, want Table) error {
	have, order, err := d.pgTable(ctx, tx, want.Name)
	if err != nil {
		return fmt.Errorf("comparing the table %s: %w", want.Name, err)
	}
	for column, last := range want.Numbers {
		// Never back: a sequence does not take part in the transaction, and what
		// was there before must not number twice if it stays.
		if last <= have.Numbers[column] {
			continue
		}
		if _, err := tx.Exec(ctx, `SELECT setval(pg_get_serial_sequence($1, $2), $3)`, d.sent(want.Name), column, last); err != nil {
			return fmt.Errorf("numbering the table %s: %w", want.Name, err)
		}
	}
	have.Columns = want.Columns
	if err := d.copyOut(ctx, conn, &have, order, io.Discard); err != nil {
		return err
	}
	return want.differs(have.Rows, have.SHA256)
}
