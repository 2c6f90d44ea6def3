package db

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/value"
)

func init() {
	node.Register(node.Spec[insertIn, insertOut]{
		Type: "db.insert_rows", Title: "Insert rows", Effect: node.Once,
		EffectOf: func(in insertIn) node.Effect {
			if in.OnConflict == "update" && len(in.Key) > 0 {
				return node.Idempotent
			}
			return node.Once
		},
		Doc: "Adds the rows of a table of any size to a table of a database, in bulk and in one transaction: all of them, or none. With on_conflict update, rows whose key is there already are changed instead (PostgreSQL, MySQL, SQLite). " +
			"PostgreSQL takes the rows by COPY, a stream, as long as no conflicts are to be settled; MySQL, SQLite and SQL Server take many rows in each statement; Oracle takes one at a time.",
		Examples: []node.Example[insertIn, insertOut]{{
			Title: "Load a CSV file", DocOnly: "it needs a database",
			In: insertIn{Connection: connection{Driver: "sqlite", File: "stock.db"}, Table: "part", Rows: value.RowsOf([]any{map[string]any{"number": "A1", "stock": 4}}), OnConflict: "update", Key: []string{"number"}},
		}, {
			Title: "Files into a table", DocOnly: "it needs a database",
			In: insertIn{Connection: connection{Driver: "postgres", Host: "db.example.com", Database: "erp", User: "robot"}, Table: "archive.document", Rows: value.RowsOf([]any{map[string]any{"name": "a.pdf", "content": "JVBERi0="}}), Binary: []string{"content"}},
		}},
		Check: func(in insertIn) error {
			if in.OnConflict != "fail" && (in.Connection.Driver == "sqlserver" || in.Connection.Driver == "oracle") {
				return fmt.Errorf("on_conflict %s is not possible for %s; use db.execute with MERGE", in.OnConflict, in.Connection.Driver)
			}
			if in.OnConflict == "update" && len(in.Key) == 0 && in.Connection.Driver != "mysql" {
				return fmt.Errorf("on_conflict update needs key: the columns that tell rows apart")
			}
			return in.Connection.check()
		},
		Run: insertRows,
	})
}

type insertIn struct {
	Connection connection    `json:"connection" is:"required" doc:"The database."`
	Table      string        `json:"table" is:"required" doc:"Table to add to; schema.table is possible."`
	Rows       value.Rows    `json:"rows" is:"required" doc:"Rows: maps by column name."`
	Columns    []string      `json:"columns" doc:"Columns to fill; those of the first row if not given, and a later row with another one is then an error. A row without one of them gets NULL there."`
	Binary     []string      `json:"binary" doc:"Columns whose values are base64 of binary data, as db.query and file.read_bytes give it."`
	OnConflict string        `json:"on_conflict" default:"fail" enum:"fail,skip,update" doc:"What to do with a row whose key is there already."`
	Key        []string      `json:"key" doc:"Columns that tell rows apart, for update; they need a unique index."`
	BatchSize  int           `json:"batch_size" default:"500" min:"1" max:"5000" is:"advanced" doc:"Rows in one statement at most; fewer if they are large."`
	Timeout    time.Duration `json:"timeout" default:"1h" min:"0" doc:"How long all of it may take. 0 for no limit."`
}

type insertOut struct {
	Count    int      `json:"count" doc:"Rows that were given."`
	Affected int      `json:"affected" doc:"Rows that the database says were changed; MySQL counts a changed row twice."`
	Columns  []string `json:"columns" doc:"Columns that were filled."`
}

// mostBytes is how large one statement may become, about: servers have limits.
const mostBytes = 1 << 20

// loader adds rows to a table.
type loader struct {
	insertIn
	env     *node.Env
	s       *session
	out     insertOut
	pending []any // arguments of the rows to come
	rows    int   // how many
	bytes   int
	most    int // rows in one statement
	told    int // ten thousands of rows that were told
}

func insertRows(ctx context.Context, env *node.Env, in insertIn) (out insertOut, err error) {
	ctx, cancel := limited(ctx, in.Timeout)
	defer cancel()
	l := &loader{insertIn: in, env: env}
	if _, err := quoteName(in.Connection.Driver, in.Table); err != nil {
		return out, err
	}
	err = in.Connection.transact(ctx, env, nil, func(s *session) error {
		l.s = s
		if in.Connection.Driver == "postgres" && in.OnConflict == "fail" {
			return l.copy(ctx)
		}
		for row, err := range l.each(ctx) {
			if err != nil {
				return err
			}
			if err := l.add(ctx, row); err != nil {
				return err
			}
		}
		return l.flush(ctx)
	})
	if err != nil {
		return insertOut{}, err
	}
	return l.out, nil
}

// each yields the rows and settles the columns with the first of them.
func (l *loader) each(ctx context.Context) func(yield func([]any, error) bool) {
	return func(yield func([]any, error) bool) {
		l.out.Columns = l.Columns
		var known map[string]bool // columns, if the first row gave them
		var cells []any
		for v, err := range l.Rows.All(ctx) {
			if err != nil {
				yield(nil, cause(ctx, err))
				return
			}
			row, ok := v.(map[string]any)
			if !ok {
				yield(nil, node.Failf(node.KindInput, "row %d is a %s and no map by column name", l.out.Count+1, value.Kind(v)))
				return
			}
			if len(l.out.Columns) == 0 {
				if l.out.Columns = slices.Sorted(maps.Keys(row)); len(l.out.Columns) == 0 {
					yield(nil, node.Fail(node.KindInput, "the first row has no columns", "give columns"))
					return
				}
				known = map[string]bool{}
				for _, n := range l.out.Columns {
					known[n] = true
				}
			}
			l.out.Count++
			if cells, err = l.cells(row, known, cells[:0]); err != nil {
				yield(nil, err)
				return
			}
			if !yield(cells, nil) {
				return
			}
		}
	}
}

// cells returns the arguments of one row.
func (l *loader) cells(row map[string]any, known map[string]bool, into []any) ([]any, error) {
	if known != nil {
		for n := range row {
			if !known[n] {
				return nil, node.Fail(node.KindInput, fmt.Sprintf("row %d has the column %.60q, which the first row has not", l.out.Count, n), "give columns: what is not named there is left out")
			}
		}
	}
	for _, n := range l.out.Columns {
		arg, err := argument(row[n])
		if text, ok := arg.(string); ok && err == nil && slices.Contains(l.Binary, n) {
			arg, err = binary(text)
		}
		if err != nil {
			return nil, node.Fail(node.KindInput, fmt.Sprintf("row %d, column %s: %v", l.out.Count, n, err), "look at the value")
		}
		into = append(into, arg)
	}
	return into, nil
}

// add keeps a row until there are enough for a statement.
func (l *loader) add(ctx context.Context, cells []any) error {
	if l.most == 0 {
		driver := l.Connection.Driver
		l.most = max(1, min(l.BatchSize, mostArgs[driver]/len(cells)))
		switch driver {
		case "oracle":
			l.most = 1 // it has no VALUES of several rows
		case "sqlserver":
			l.most = min(l.most, 1000)
		}
	}
	l.pending = append(l.pending, cells...)
	l.rows++
	for _, a := range cells {
		switch x := a.(type) {
		case string:
			l.bytes += len(x)
		case []byte:
			l.bytes += len(x)
		case jsonArg:
			l.bytes += len(x.text)
		}
		l.bytes += 8
	}
	if l.rows < l.most && l.bytes < mostBytes {
		return nil
	}
	return l.flush(ctx)
}

func (l *loader) flush(ctx context.Context) error {
	if l.rows == 0 {
		return nil
	}
	text, err := l.statement()
	if err != nil {
		return err
	}
	st := statement{text, l.pending}
	if l.Connection.Driver != "postgres" {
		st.args = plain(st.args)
	}
	r, err := l.s.exec(ctx, st)
	if err != nil {
		f := *node.AsFailure(err)
		f.Message = fmt.Sprintf("rows %d to %d: %s; nothing was added", l.out.Count-l.rows+1, l.out.Count, f.Message)
		return &f
	}
	l.out.Affected += max(r.Affected, 0)
	l.pending, l.rows, l.bytes = l.pending[:0], 0, 0
	l.progress()
	return nil
}

// progress tells how far it is, once in ten thousand rows.
func (l *loader) progress() {
	if l.env.Progress != nil && l.out.Count/10000 > l.told {
		l.told = l.out.Count / 10000
		l.env.Progress("inserting", l.out.Count, l.Rows.Len())
	}
}
