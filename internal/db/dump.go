package db

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"regexp"
	"slices"
	"strings"
)

// The kinds of databases, as a Dump names them.
const (
	KindSQLite   = "sqlite"
	KindPostgres = "postgres"
)

// Dump describes a consistent picture of all tables: Aether's and those of the
// durable engine. Its content is in parts, which whoever makes it keeps.
type Dump struct {
	Kind   string  `json:"kind"`   // KindSQLite or KindPostgres
	Schema int     `json:"schema"` // version of Aether's tables
	Engine int64   `json:"engine"` // version of the durable engine's tables
	Tables []Table `json:"tables"`
}

// Table is a table in a Dump.
type Table struct {
	// Name begins with aether. or dbos. on PostgreSQL, whatever the schema of
	// Aether's tables is called there.
	Name    string   `json:"name"`
	Columns []string `json:"columns"`
	Rows    int64    `json:"rows"`
	// SHA256 is of the rows in an order that only they decide.
	SHA256 string `json:"sha256"`
	// Numbers says for columns that number themselves what the last number was.
	Numbers map[string]int64 `json:"numbers,omitempty"`
}

// DumpOptions say what Dump does with what it finds.
type DumpOptions struct {
	// Dir is a folder with room for a copy of a SQLite database, which nobody
	// else may read.
	Dir string
	// Put keeps a part; write gives its content.
	Put func(part string, write func(io.Writer) error) error
	// Read may look at the picture; it may be nil.
	Read func(context.Context, *Tx) error
}

// Dump makes a picture of the database while others work on it. It is one
// moment: no transaction is in it by half.
func (d *DB) Dump(ctx context.Context, o DumpOptions) (*Dump, error) {
	if d.Pool == nil {
		return d.dumpSQLite(ctx, o)
	}
	return d.dumpPostgres(ctx, o)
}

// ErrNotEmpty says that a database holds something that Restore would delete.
var ErrNotEmpty = errors.New("the database is not empty")

// ErrUnfit says that a Dump cannot be restored into a database.
var ErrUnfit = errors.New("the backup does not fit this database")

// RestoreOptions say how to restore a Dump.
type RestoreOptions struct {
	Dir   string // as in DumpOptions
	Force bool   // delete what is there
	// Feed brings all parts, in the order in which Dump put them.
	Feed func(load func(part string, content io.Reader) error) error
	// Before may refuse, and After change what was restored, in the transaction
	// that restores. After sees tables that are up to date.
	Before, After func(context.Context, *Tx) error
}

// Restore makes the database what it was when the Dump was made, in one
// transaction: whatever fails, or whoever dies, it is as it was before. All
// rows are counted and compared with the Dump before the transaction ends.
func (d *DB) Restore(ctx context.Context, dump *Dump, o RestoreOptions) error {
	if err := d.accepts(dump); err != nil {
		return err
	}
	if d.Pool == nil {
		return d.restoreSQLite(ctx, dump, o)
	}
	return d.restorePostgres(ctx, dump, o)
}

// accepts says whether a dump can be restored here.
func (d *DB) accepts(dump *Dump) error {
	kind, name := KindSQLite, map[string]string{KindSQLite: "SQLite", KindPostgres: "PostgreSQL"}
	if d.Pool != nil {
		kind = KindPostgres
	}
	switch {
	case name[dump.Kind] == "":
		return fmt.Errorf("%w: it is of a database that this program does not know: %.40q", ErrUnfit, dump.Kind)
	case dump.Kind != kind:
		return fmt.Errorf("%w: it is of a %s database, and this one is %s: the durable engine keeps its records differently in each; set database.url to a %s database", ErrUnfit, name[dump.Kind], name[kind], name[dump.Kind])
	case dump.Schema > SchemaVersion():
		return fmt.Errorf("%w: it was made by a newer Aether (schema %d, this one knows %d): update this program", ErrUnfit, dump.Schema, SchemaVersion())
	case dump.Schema < 1:
		return fmt.Errorf("%w: it names no version of its tables", ErrUnfit)
	}
	return nil
}

// created finds the tables that migrations make.
var created = regexp.MustCompile(`(?m)^CREATE TABLE \{s\}(\w+) \(`)

// ownTables returns the names of Aether's tables as a migration leaves them.
func ownTables(last int) ([]string, error) {
	files, err := migrationNames()
	if err != nil {
		return nil, err
	}
	out := []string{"migration"}
	for _, f := range files[:min(last, len(files))] {
		text, err := migrations.ReadFile("migrations/" + f)
		if err != nil {
			return nil, err
		}
		for _, m := range created.FindAllStringSubmatch(string(text), -1) {
			out = append(out, m[1])
		}
	}
	slices.Sort(out)
	return out, nil
}

// bookkeeping are tables that hold rows in a database nothing was done with.
func bookkeeping(table string) bool {
	return slices.Contains([]string{"migration", "dbos_migrations", "application_versions", "queues", "event_dispatch_kv"}, table)
}

// filled counts the rows of tables, given as the names to show and to ask for,
// and returns ErrNotEmpty if there are any.
func filled(ctx context.Context, tx *Tx, tables [][2]string) error {
	var found []string
	for _, t := range tables {
		if bookkeeping(t[0]) {
			continue
		}
		var n int64
		if err := tx.QueryRow(ctx, `SELECT COUNT(*) FROM `+t[1]).Scan(&n); err != nil {
			return fmt.Errorf("looking whether the database is empty: %w", err)
		}
		if n > 0 {
			found = append(found, fmt.Sprintf("%s %d", t[0], n))
		}
	}
	if len(found) == 0 {
		return nil
	}
	return fmt.Errorf("%w: it has rows in these tables: %s", ErrNotEmpty, strings.Join(found, ", "))
}

// differs says how a table is not what the dump says, or "".
func (t Table) differs(rows int64, sum string) error {
	if rows == t.Rows && sum == t.SHA256 {
		return nil
	}
	return fmt.Errorf("the table %s is not what it was when the backup was made: it has %d rows and the hash %.12s, and should have %d and %.12s", t.Name, rows, sum, t.Rows, t.SHA256)
}

func sum(h hash.Hash) string { return hex.EncodeToString(h.Sum(nil)) }

func newHash() hash.Hash { return sha256.New() }

func quoteName(s string) string { return `"` + strings.ReplaceAll(s, `"`, `""`) + `"` }

func quoteNames(list []string) string {
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = quoteName(s)
	}
	return strings.Join(out, ", ")
}
