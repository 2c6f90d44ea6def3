package db_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aether-rpa/aether/internal/db"
	"github.com/aether-rpa/aether/internal/db/dbtest"
	"github.com/aether-rpa/aether/internal/durable"
	"github.com/aether-rpa/aether/internal/durable/dbosrt"
)

// picture is a dump with its parts in memory.
type picture struct {
	*db.Dump
	names   []string
	content map[string][]byte
}

func dump(t *testing.T, d *db.DB) picture {
	t.Helper()
	p := picture{content: map[string][]byte{}}
	var err error
	p.Dump, err = d.Dump(t.Context(), db.DumpOptions{Dir: t.TempDir(), Put: func(name string, write func(io.Writer) error) error {
		var b bytes.Buffer
		err := write(&b)
		p.names, p.content[name] = append(p.names, name), b.Bytes()
		return err
	}})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func (p picture) restore(t *testing.T, d *db.DB, force bool, after func(context.Context, *db.Tx) error) error {
	t.Helper()
	return d.Restore(t.Context(), p.Dump, db.RestoreOptions{Dir: t.TempDir(), Force: force, After: after, Feed: func(load func(string, io.Reader) error) error {
		for _, n := range p.names {
			if err := load(n, bytes.NewReader(p.content[n])); err != nil {
				return err
			}
		}
		return nil
	}})
}

// engine makes the durable engine's tables, and runs with records.
func engine(t *testing.T, target dbtest.Target, runs ...string) {
	t.Helper()
	d := dbtest.Open(t, target) // which the engine closes
	rt, err := dbosrt.Open(t.Context(), dbosrt.Config{DB: d, AppName: "aether", Executor: "test", Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range runs {
		if _, err := rt.Run(t.Context(), id, func(ctx context.Context, l durable.Log) ([]byte, error) {
			return []byte(`"result"`), errors.Join(l.Append(ctx, durable.Entry{Name: "a", Data: []byte("\"a\\\\b\\tc\x01 ü \U0001F600\"")}), l.Append(ctx, durable.Entry{Name: "b", Data: []byte(`{"n":[1,2.5,null]}`)}))
		}); err != nil {
			t.Fatal(err)
		}
	}
	if err := rt.Close(10 * time.Second); err != nil {
		t.Log(err)
	}
}

func exec(t *testing.T, d *db.DB, query string, args ...any) {
	t.Helper()
	if _, err := d.Exec(t.Context(), query, args...); err != nil {
		t.Fatal(err)
	}
}

func count(t *testing.T, d *db.DB, table string) (n int) {
	t.Helper()
	if err := d.QueryRow(t.Context(), `SELECT COUNT(*) FROM `+table).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func fill(t *testing.T, d *db.DB) {
	t.Helper()
	for i, text := range []string{"plain", "tab\tnew\nline\r \\N back\\slash", "ünïcödé 漢字 \U0001F600", "'quotes\" $1 {s}", ""} {
		exec(t, d, `INSERT INTO {s}run (id, flow, digest, status, input, created) VALUES ($1, $2, 'd', 'done', $3, $4)`, fmt.Sprint(i, text), text, `{"x":"`+text+`"}`, i)
		exec(t, d, `INSERT INTO {s}event (run, seq, kind, at, data) VALUES ($1, 1, 'log', 1, $2)`, fmt.Sprint(i, text), strings.Repeat(text, 1000))
		exec(t, d, `INSERT INTO {s}job_log (at, job, run, event, attempt, robot, created, claimed, detail) VALUES ($1, 1, 'r', 'done', 1, '', 1, 1, $2)`, i%2, text)
		exec(t, d, `INSERT INTO {s}lane (queue, tenant, needs) VALUES ($1, $2, '')`, text, fmt.Sprint(i))
	}
	exec(t, d, `DELETE FROM {s}lane WHERE tenant = '4'`)
}

// What is restored is the same in every table, numbers go on where they were,
// and the durable engine reads its records.
func TestDumpRestore(t *testing.T) {
	t.Parallel()
	dbtest.EachEmpty(t, func(t *testing.T, target dbtest.Target) {
		from := dbtest.Open(t, target)
		fill(t, from)
		engine(t, target, "r1", "r2")
		p := dump(t, from)
		if n := len(p.Tables); n < 20 {
			t.Errorf("the dump has %d tables", n)
		}
		if again := dump(t, from); !reflect.DeepEqual(again.Dump, p.Dump) {
			t.Error("two dumps of one database differ")
		}

		other := dbtest.SQLite(t)
		if target.Name == "postgres" {
			other = dbtest.EmptyPostgres(t)
		}
		to := dbtest.Open(t, other)
		engine(t, other)
		if err := p.restore(t, to, false, nil); err != nil {
			t.Fatal(err)
		}
		if got := dump(t, to); !reflect.DeepEqual(got.Dump, p.Dump) {
			t.Errorf("restored:\n%+v\nwas:\n%+v", got.Dump, p.Dump)
		}
		var id int
		if err := to.QueryRow(t.Context(), `INSERT INTO {s}lane (queue, tenant, needs) VALUES ('new', '', '') RETURNING id`).Scan(&id); err != nil || id != 6 {
			t.Errorf("the next number is %d, %v; 5 was given and deleted", id, err)
		}
		rt, err := dbosrt.Open(t.Context(), dbosrt.Config{DB: dbtest.Open(t, other), AppName: "aether", Executor: "reader", Log: slog.New(slog.DiscardHandler)})
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = rt.Close(10 * time.Second) }()
		if list, err := rt.Entries(t.Context(), "r2"); err != nil || len(list) != 2 || list[1].Name != "b" {
			t.Errorf("the records of r2 are %v, %v", list, err)
		}
	})
}

// A dump is one moment, however much is written meanwhile: what one transaction
// wrote is in it together, or not at all.
func TestDumpIsOneMoment(t *testing.T) {
	t.Parallel()
	dbtest.EachEmpty(t, func(t *testing.T, target dbtest.Target) {
		d := dbtest.Open(t, target)
		stop, wrote := make(chan struct{}), make(chan struct{}, 1)
		var wg sync.WaitGroup
		for w := range 2 {
			wg.Go(func() {
				for i := 0; ; i++ {
					select {
					case <-stop:
						return
					default:
					}
					id := fmt.Sprint(w, "-", i)
					if err := d.Tx(t.Context(), func(tx *db.Tx) error {
						_, err := tx.Exec(t.Context(), `INSERT INTO {s}artifact (run, digest) VALUES ($1, '')`, id)
						_, err2 := tx.Exec(t.Context(), `INSERT INTO {s}message (run, topic, id, data, at) VALUES ($1, '', '', '', 0)`, id)
						return errors.Join(err, err2)
					}); err != nil {
						t.Error(err)
						return
					}
					select {
					case wrote <- struct{}{}:
					default:
					}
				}
			})
		}
		last := int64(-1)
		for range 8 {
			<-wrote
			rows := map[string]int64{}
			for _, x := range dump(t, d).Tables {
				rows[strings.TrimPrefix(x.Name, "aether.")] = x.Rows
			}
			if rows["artifact"] != rows["message"] || rows["artifact"] < last {
				t.Errorf("%d and %d rows, %d before", rows["artifact"], rows["message"], last)
			}
			last = rows["artifact"]
		}
		close(stop)
		wg.Wait()
		if last == 0 {
			t.Error("nothing was written")
		}
	})
}

// Whatever is refused changes nothing.
func TestRestoreRefuses(t *testing.T) {
	t.Parallel()
	dbtest.EachEmpty(t, func(t *testing.T, target dbtest.Target) {
		d := dbtest.Open(t, target)
		fill(t, d)
		engine(t, target, "r1")
		p := dump(t, d)
		exec(t, d, `DELETE FROM {s}event`)
		unchanged := dump(t, d).Dump
		refuse := func(what string, p picture, force bool, after func(context.Context, *db.Tx) error, want string) {
			t.Helper()
			err := p.restore(t, d, force, after)
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %v, want %q", what, err, want)
			}
			if now := dump(t, d).Dump; !reflect.DeepEqual(now.Tables, unchanged.Tables) {
				t.Errorf("%s: the database changed", what)
			}
		}
		refuse("not empty", p, false, nil, "not empty")
		with := func(change func(*db.Dump)) picture {
			c := *p.Dump
			c.Tables = append([]db.Table{}, c.Tables...)
			change(&c)
			return picture{&c, p.names, p.content}
		}
		refuse("newer", with(func(d *db.Dump) { d.Schema = 999 }), true, nil, "newer Aether")
		refuse("unknown kind", with(func(d *db.Dump) { d.Kind = "oracle" }), true, nil, "does not know")
		refuse("rows", with(func(d *db.Dump) { d.Tables[1].Rows++ }), true, nil, "is not what it was")
		refuse("hash", with(func(d *db.Dump) { d.Tables[len(d.Tables)-1].SHA256 = "00" }), true, nil, "is not what it was")
		refuse("after", p, true, func(context.Context, *db.Tx) error { return errors.New("no") }, "no")
		refuse("missing table", with(func(d *db.Dump) { d.Tables = d.Tables[:len(d.Tables)-1] }), true, nil, "")
		damaged := with(func(*db.Dump) {})
		damaged.content = map[string][]byte{}
		for n, b := range p.content {
			damaged.content[n] = b[:len(b)/2]
		}
		refuse("damaged", damaged, true, nil, "")
		if target.Name == "postgres" {
			refuse("engine", with(func(d *db.Dump) { d.Engine++ }), true, nil, "with the Aether that made it")
			refuse("foreign table", with(func(d *db.Dump) { d.Tables[0].Name = "pg_catalog.pg_authid" }), true, nil, "not Aether's")
		}
		if err := p.restore(t, d, true, nil); err != nil || count(t, d, "{s}event") != 5 {
			t.Errorf("forced: %v", err)
		}
	})
}

// A backup of an older program is brought up to date.
func TestRestoreOlder(t *testing.T) {
	t.Parallel()
	dbtest.EachEmpty(t, func(t *testing.T, target dbtest.Target) {
		old, err := db.OpenAt(t.Context(), target.URL, 4)
		if err != nil {
			t.Fatal(err)
		}
		fill(t, old)
		exec(t, old, `INSERT INTO {s}flow_version (digest, name, body, created) VALUES ('d', 'n', 'b', 1)`)
		p := dump(t, old)
		old.Close()
		if p.Schema != 4 {
			t.Fatalf("the dump is of schema %d", p.Schema)
		}
		other := dbtest.SQLite(t)
		if target.Name == "postgres" {
			other = dbtest.EmptyPostgres(t)
		}
		to := dbtest.Open(t, other)
		if err := p.restore(t, to, false, nil); err != nil {
			t.Fatal(err)
		}
		if now := dump(t, to); now.Schema != db.SchemaVersion() {
			t.Errorf("the schema is %d", now.Schema)
		}
		var pins string
		if err := to.QueryRow(t.Context(), `SELECT pins FROM {s}flow_version WHERE digest = 'd'`).Scan(&pins); err != nil || pins != "{}" {
			t.Errorf("pins %q, %v", pins, err)
		}
		if count(t, to, "{s}run") != 5 || count(t, to, "{s}token") != 0 {
			t.Error("rows are missing")
		}
	})
}

// Every table of the schema is in the dump, whatever migration made it.
func TestDumpIsWhole(t *testing.T) {
	t.Parallel()
	d := dbtest.Open(t, dbtest.EmptyPostgres(t))
	have := map[string]bool{}
	for _, x := range dump(t, d).Tables {
		have[x.Name] = true
	}
	rows, err := d.Query(t.Context(), `SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = 'aether' AND c.relkind IN ('r', 'p') AND NOT c.relispartition`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var n string
		if err := rows.Scan(&n); err != nil {
			t.Fatal(err)
		}
		if !have["aether."+n] {
			t.Errorf("the table %s is not in the dump", n)
		}
	}
}
