package db_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aether-rpa/aether/internal/db"
	"github.com/aether-rpa/aether/internal/db/dbtest"
)

// column is one that a row must give a value for.
type column struct {
	name string
	text bool
}

// tables returns the tables of a database and their columns, but for those that
// number themselves.
func tables(t *testing.T, d *db.DB) map[string][]column {
	t.Helper()
	q := `SELECT m.name, c.name, c.type LIKE 'TEXT%' FROM sqlite_master m, pragma_table_info(m.name) c
		WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%' AND NOT (c.pk = 1 AND c.type = 'INTEGER' AND m.sql LIKE '%AUTOINCREMENT%')`
	if d.Pool != nil {
		q = `SELECT c.table_name, c.column_name, c.data_type = 'text' FROM information_schema.columns c JOIN pg_class p ON p.relname = c.table_name AND p.relnamespace = 'aether'::regnamespace
			WHERE c.table_schema = 'aether' AND c.is_identity = 'NO' AND NOT p.relispartition`
	}
	rows, err := d.Query(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	out := map[string][]column{}
	for rows.Next() {
		var table string
		var c column
		if err := rows.Scan(&table, &c.name, &c.text); err != nil {
			t.Fatal(err)
		}
		if table != "migration" {
			out[table] = append(out[table], c)
		}
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return out
}

const filled = 150 // rows of each table

// stuff puts rows into every table there is and returns how many.
func stuff(t *testing.T, d *db.DB) map[string]int {
	t.Helper()
	had := map[string]int{}
	err := d.Tx(t.Context(), func(tx *db.Tx) error {
		for table, columns := range tables(t, d) {
			names, marks := []string{}, []string{}
			for i, c := range columns {
				names, marks = append(names, c.name), append(marks, fmt.Sprintf("$%d", i+1))
			}
			q := fmt.Sprintf(`INSERT INTO {s}%s (%s) VALUES (%s)`, table, strings.Join(names, ", "), strings.Join(marks, ", "))
			for i := range filled {
				args := make([]any, len(columns))
				for k, c := range columns {
					if args[k] = any(i); c.text {
						args[k] = fmt.Sprintf(`"%s %d"`, c.name, i)
					}
				}
				if _, err := tx.Exec(t.Context(), q, args...); err != nil {
					return fmt.Errorf("%s: %w", table, err)
				}
			}
			had[table] = filled
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return had
}

// A database of every schema that was released comes up to date with all of its
// rows, while a program of then reads and writes: that one is not disturbed, and
// goes on afterwards.
func TestMigrateFromEverySchema(t *testing.T) {
	t.Parallel()
	for n := 1; n < db.SchemaVersion(); n++ {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			dbtest.EachEmpty(t, func(t *testing.T, target dbtest.Target) {
				old, err := db.OpenAt(t.Context(), target.URL, n)
				if err != nil {
					t.Fatal(err)
				}
				defer old.Close()
				had := stuff(t, old)
				if len(had) < 5 {
					t.Fatalf("only these tables were found: %v", had)
				}
				ctx, stop := context.WithCancel(t.Context())
				defer stop()
				var all sync.WaitGroup
				wrote, began := 0, make(chan struct{}, 1)
				write := func(ctx context.Context) error {
					return old.Tx(ctx, func(tx *db.Tx) error {
						id := fmt.Sprintf("w%d", wrote)
						if _, err := tx.Exec(ctx, `INSERT INTO {s}event (run, seq, kind, path, at, data) VALUES ($1, 1, 'log', '', 1, '{}')`, id); err != nil {
							return err
						}
						_, err := tx.Exec(ctx, `INSERT INTO {s}run (id, flow, digest, status, input, created) VALUES ($1, 'f', 'd', 'done', '', 1)`, id)
						return err
					})
				}
				all.Go(func() {
					for ctx.Err() == nil {
						// A write is not broken off, so that it is known whether it was done.
						if err := write(t.Context()); err != nil {
							t.Errorf("write %d of the old program: %v", wrote, err)
							return
						}
						wrote++
						var runs int
						if err := old.QueryRow(t.Context(), `SELECT COUNT(*) FROM {s}run WHERE status = 'done'`).Scan(&runs); err != nil || runs < wrote {
							t.Errorf("the old program reads %d runs, %v, and wrote %d", runs, err, wrote)
							return
						}
						select {
						case began <- struct{}{}:
						default:
						}
					}
				})
				select {
				case <-began:
				case <-time.After(time.Minute):
					t.Fatal("the old program does not get to work")
				}
				now, err := db.Open(t.Context(), target.URL, db.Options{})
				if err != nil {
					t.Fatal(err)
				}
				defer now.Close()
				stop()
				all.Wait()
				if err := write(t.Context()); err != nil {
					t.Errorf("after it, the old program writes: %v", err)
				}
				had["run"], had["event"] = had["run"]+wrote+1, had["event"]+wrote+1
				var version int
				if err := now.QueryRow(t.Context(), `SELECT MAX(version) FROM {s}migration`).Scan(&version); err != nil || version != db.SchemaVersion() {
					t.Errorf("the schema is %d, %v", version, err)
				}
				names := []string{}
				for table := range had {
					names = append(names, table)
				}
				slices.Sort(names)
				for _, table := range names {
					if got := count(t, now, "{s}"+table); got != had[table] {
						t.Errorf("%s has %d rows, want %d", table, got, had[table])
					}
				}
			})
		})
	}
}
