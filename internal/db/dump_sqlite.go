package db

import (
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strings"
)

// sqlitePart is the one part of a SQLite dump: a database file.
const sqlitePart = "database/aether.db"

func (d *DB) dumpSQLite(ctx context.Context, o DumpOptions) (*Dump, error) {
	path := filepath.Join(o.Dir, "dump.db")
	// It reads in one transaction, and keeps nobody from writing.
	if _, err := d.SQL.ExecContext(ctx, `VACUUM INTO $1`, path); err != nil {
		return nil, fmt.Errorf("copying the database: %w", err)
	}
	defer func() { _ = os.Remove(path) }()
	copied, err := openCopy(path)
	if err != nil {
		return nil, err
	}
	defer copied.Close()
	dump, err := describeSQLite(ctx, copied.SQL, "main")
	if err != nil {
		return nil, err
	}
	if dump.Schema, err = copied.version(ctx); err != nil {
		return nil, fmt.Errorf("reading the version of the tables: %w", err)
	}
	if o.Read != nil {
		if err := copied.once(ctx, func(tx *Tx) error { return o.Read(ctx, tx) }); err != nil {
			return nil, err
		}
	}
	return dump, o.Put(sqlitePart, func(w io.Writer) error {
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		defer f.Close()
		_, err = io.Copy(w, f)
		return err
	})
}

// openCopy opens a database file that nobody else has open, to read.
func openCopy(path string) (*DB, error) {
	s, err := sql.Open("sqlite", "file:"+(&url.URL{Path: filepath.ToSlash(path)}).EscapedPath()+"?mode=ro&immutable=1")
	if err != nil {
		return nil, fmt.Errorf("opening the copy of the database: %w", err)
	}
	return newDB(s, nil, ""), nil
}

type queryer interface {
	QueryContext(context.Context, string, ...any) (*sql.Rows, error)
	QueryRowContext(context.Context, string, ...any) *sql.Row
}

// describeSQLite lists the tables of a database on a connection, with hashes.
func describeSQLite(ctx context.Context, q queryer, schema string) (*Dump, error) {
	dump := &Dump{Kind: KindSQLite}
	names, err := Column[string](q.QueryContext(ctx, `SELECT name FROM `+schema+`.sqlite_master WHERE type = 'table' AND (name NOT LIKE 'sqlite\_%' ESCAPE '\' OR name = 'sqlite_sequence') ORDER BY name`))
	if err != nil {
		return nil, fmt.Errorf("listing the tables: %w", err)
	}
	for _, name := range names {
		t := Table{Name: name}
		if t.Columns, err = Column[string](q.QueryContext(ctx, `SELECT name FROM pragma_table_info($1, $2) ORDER BY cid`, name, schema)); err != nil {
			return nil, fmt.Errorf("reading the columns of %s: %w", name, err)
		}
		if t.Rows, t.SHA256, err = hashSQLite(ctx, q, schema, t); err != nil {
			return nil, fmt.Errorf("reading the table %s: %w", name, err)
		}
		if name == "dbos_migrations" {
			if err := q.QueryRowContext(ctx, `SELECT COALESCE(MAX(version), 0) FROM `+schema+`.dbos_migrations`).Scan(&dump.Engine); err != nil {
				return nil, err
			}
		}
		dump.Tables = append(dump.Tables, t)
	}
	return dump, nil
}

// hashSQLite hashes the type and the bytes of every value. The rows are sorted
// by all columns: a row's number may change when it is copied.
func hashSQLite(ctx context.Context, q queryer, schema string, t Table) (n int64, digest string, err error) {
	key, err := Column[string](q.QueryContext(ctx, `SELECT name FROM pragma_table_info($1, $2) WHERE pk > 0 ORDER BY pk`, t.Name, schema))
	if err != nil {
		return 0, "", err
	}
	if len(key) == 0 {
		key = t.Columns
	}
	exprs := make([]string, 0, 2*len(t.Columns))
	for _, c := range t.Columns {
		exprs = append(exprs, "typeof("+quoteName(c)+")", "CAST("+quoteName(c)+" AS BLOB)")
	}
	rows, err := q.QueryContext(ctx, `SELECT `+strings.Join(exprs, ", ")+` FROM `+schema+`.`+quoteName(t.Name)+` ORDER BY `+quoteNames(key))
	if err != nil {
		return 0, "", err
	}
	defer rows.Close()
	h := newHash()
	cells := make([]sql.RawBytes, len(exprs))
	into := make([]any, len(exprs))
	for i := range cells {
		into[i] = &cells[i]
	}
	var size [8]byte
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			return 0, "", err
		}
		for _, c := range cells {
			binary.BigEndian.PutUint64(size[:], uint64(len(c)))
			h.Write(size[:])
			h.Write(c)
		}
		n++
	}
	return n, sum(h), rows.Err()
}

func (d *DB) restoreSQLite(ctx context.Context, dump *Dump, o RestoreOptions) (err error) {
	path := filepath.Join(o.Dir, "restore.db")
	defer func() { _ = os.Remove(path) }()
	if err := o.Feed(func(part string, content io.Reader) error {
		if part != sqlitePart {
			return fmt.Errorf("it has a part that is not known: %.80q", part)
		}
		return save(path, content)
	}); err != nil {
		return err
	}
	conn, err := d.SQL.Conn(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	// Tables are dropped and filled in any order; this cannot be said in a
	// transaction.
	if _, err := conn.ExecContext(ctx, `PRAGMA foreign_keys = OFF`); err != nil {
		return err
	}
	if _, err := conn.ExecContext(ctx, `ATTACH DATABASE $1 AS old`, path); err != nil {
		return fmt.Errorf("opening the database in the backup: %w", err)
	}
	defer func() {
		after := context.WithoutCancel(ctx)
		_, err1 := conn.ExecContext(after, `DETACH DATABASE old`)
		_, err2 := conn.ExecContext(after, `PRAGMA foreign_keys = ON`)
		err = errors.Join(err, err1, err2)
	}()
	sqlTx, err := conn.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("waiting for others to leave the database: %w", err)
	}
	defer func() { _ = sqlTx.Rollback() }()
	if err := d.fillSQLite(ctx, &Tx{Tx: sqlTx, db: d}, dump, o); err != nil {
		return err
	}
	return sqlTx.Commit()
}

func save(path string, content io.Reader) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("unpacking the database: %w", err)
	}
	_, err = io.Copy(f, content)
	return errors.Join(err, f.Close())
}

// fillSQLite replaces the tables by those of the attached database.
func (d *DB) fillSQLite(ctx context.Context, tx *Tx, dump *Dump, o RestoreOptions) error {
	if o.Before != nil {
		if err := o.Before(ctx, tx); err != nil {
			return err
		}
	}
	names, err := Column[string](tx.QueryContext(ctx, `SELECT name FROM main.sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\_%' ESCAPE '\'`))
	if err != nil {
		return err
	}
	if !o.Force {
		ask := make([][2]string, len(names))
		for i, n := range names {
			ask[i] = [2]string{n, "main." + quoteName(n)}
		}
		if err := filled(ctx, tx, ask); err != nil {
			return err
		}
	}
	for _, n := range names {
		if _, err := tx.ExecContext(ctx, `DROP TABLE main.`+quoteName(n)); err != nil {
			return fmt.Errorf("emptying the database: %w", err)
		}
	}
	if err := compareSQLite(ctx, tx, "old", dump); err != nil {
		return err
	}
	if err := copySQLite(ctx, tx, dump); err != nil {
		return err
	}
	if err := compareSQLite(ctx, tx, "main", dump); err != nil {
		return err
	}
	if err := d.migrateTo(ctx, tx, SchemaVersion()); err != nil {
		return err
	}
	if o.After != nil {
		return o.After(ctx, tx)
	}
	return nil
}

func copySQLite(ctx context.Context, tx *Tx, dump *Dump) error {
	for _, kind := range []string{"table", "index"} {
		stmts, err := Column[string](tx.QueryContext(ctx, `SELECT sql FROM old.sqlite_master WHERE type = $1 AND sql IS NOT NULL AND name NOT LIKE 'sqlite\_%' ESCAPE '\' ORDER BY rowid`, kind))
		if err != nil {
			return err
		}
		for _, s := range stmts {
			if up := strings.ToUpper(s); !strings.HasPrefix(up, "CREATE TABLE") && !strings.HasPrefix(up, "CREATE INDEX") && !strings.HasPrefix(up, "CREATE UNIQUE INDEX") {
				return fmt.Errorf("the backup holds what is neither table nor index: %.60q", s)
			}
			if _, err := tx.ExecContext(ctx, s); err != nil {
				return fmt.Errorf("making a %s of the backup: %w", kind, err)
			}
		}
		if kind == "index" {
			break
		}
		// The tables are filled before they get indexes, which is faster.
		for _, t := range dump.Tables {
			if t.Name == "sqlite_sequence" {
				continue
			}
			cols := quoteNames(t.Columns)
			if _, err := tx.ExecContext(ctx, `INSERT INTO main.`+quoteName(t.Name)+` (`+cols+`) SELECT `+cols+` FROM old.`+quoteName(t.Name)); err != nil {
				return fmt.Errorf("filling the table %s: %w", t.Name, err)
			}
		}
	}
	for _, t := range dump.Tables {
		if t.Name != "sqlite_sequence" {
			continue
		}
		if _, err := tx.ExecContext(ctx, `DELETE FROM main.sqlite_sequence`); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `INSERT INTO main.sqlite_sequence (name, seq) SELECT name, seq FROM old.sqlite_sequence`); err != nil {
			return err
		}
	}
	return nil
}

// compareSQLite says how the tables of a database are not those of a dump.
func compareSQLite(ctx context.Context, q queryer, schema string, dump *Dump) error {
	now, err := describeSQLite(ctx, q, schema)
	if err != nil {
		return fmt.Errorf("comparing what was restored: %w", err)
	}
	if len(now.Tables) != len(dump.Tables) {
		return fmt.Errorf("the backup should have %d tables and has %d", len(dump.Tables), len(now.Tables))
	}
	for i, t := range dump.Tables {
		if now.Tables[i].Name != t.Name {
			return fmt.Errorf("the backup lacks the table %s", t.Name)
		}
		if err := t.differs(now.Tables[i].Rows, now.Tables[i].SHA256); err != nil {
			return err
		}
	}
	return nil
}
