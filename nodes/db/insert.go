package db

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
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
		Doc: "Adds the rows of a table of any size to a table of a database, many at a time and in one transaction: all of them, or none. With on_conflict update, rows whose key is there already are changed instead (PostgreSQL, MySQL, SQLite).",
		Examples: []node.Example[insertIn, insertOut]{{
			Title: "Load a CSV file", DocOnly: "it needs a database",
			In: insertIn{Connection: connection{Driver: "sqlite", File: "stock.db"}, Table: "part", Rows: value.RowsOf([]any{map[string]any{"number": "A1", "stock": 4}}), OnConflict: "update", Key: []string{"number"}},
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
	Columns    []string      `json:"columns" doc:"Columns to fill; those of the first row if not given. A row without one of them gets NULL there."`
	OnConflict string        `json:"on_conflict" default:"fail" enum:"fail,skip,update" doc:"What to do with a row whose key is there already."`
	Key        []string      `json:"key" doc:"Columns that tell rows apart, for update; they need a unique index."`
	BatchSize  int           `json:"batch_size" default:"500" min:"1" max:"5000" is:"advanced" doc:"Rows in one statement at most."`
	Timeout    time.Duration `json:"timeout" default:"1h" min:"0" doc:"How long all of it may take. 0 for no limit."`
}

type insertOut struct {
	Count    int      `json:"count" doc:"Rows that were given."`
	Affected int      `json:"affected" doc:"Rows that the database says were changed; MySQL counts a changed row twice."`
	Columns  []string `json:"columns" doc:"Columns that were filled."`
}

// mostArgs is how many values one statement may have.
var mostArgs = map[string]int{"postgres": 65000, "mysql": 65000, "sqlite": 30000, "sqlserver": 2000, "oracle": 30000}

func insertRows(ctx context.Context, env *node.Env, in insertIn) (out insertOut, err error) {
	ctx, cancel := limited(ctx, in.Timeout)
	defer cancel()
	c := in.Connection
	table, err := quoteName(c.Driver, in.Table)
	if err != nil {
		return out, err
	}
	out.Columns = in.Columns
	err = c.transact(ctx, env, nil, func(s session) error {
		var pending []map[string]any
		size := in.BatchSize
		if c.Driver == "oracle" {
			size = 1 // it has no VALUES of several rows
		}
		flush := func() error {
			if len(pending) == 0 {
				return nil
			}
			st, err := insertStatement(c.Driver, table, out.Columns, pending, in)
			if err != nil {
				return err
			}
			r, err := c.execute(ctx, s, st)
			if err != nil {
				f := *node.AsFailure(err)
				f.Message = fmt.Sprintf("rows %d to %d: %s; nothing was added", out.Count-len(pending)+1, out.Count, f.Message)
				return &f
			}
			out.Affected += max(r.Affected, 0)
			pending = pending[:0]
			if env.Progress != nil {
				env.Progress("inserting", out.Count, in.Rows.Len())
			}
			return nil
		}
		for v, err := range in.Rows.All(ctx) {
			if err != nil {
				return err
			}
			row, ok := v.(map[string]any)
			if !ok {
				return node.Failf(node.KindInput, "row %d is a %s and no map by column name", out.Count+1, value.Kind(v))
			}
			if len(out.Columns) == 0 {
				if out.Columns = slices.Sorted(maps.Keys(row)); len(out.Columns) == 0 {
					return node.Fail(node.KindInput, "the first row has no columns", "give columns")
				}
			}
			out.Count++
			pending = append(pending, row)
			if len(pending) >= min(size, max(1, mostArgs[c.Driver]/len(out.Columns))) {
				if err := flush(); err != nil {
					return err
				}
			}
		}
		return flush()
	})
	if err != nil {
		return insertOut{}, err
	}
	return out, nil
}

func insertStatement(driver, table string, columns []string, rows []map[string]any, in insertIn) (statement, error) {
	st := statement{}
	b := &strings.Builder{}
	quoted := make([]string, len(columns))
	for i, n := range columns {
		q, err := quoteName(driver, n)
		if err != nil {
			return st, err
		}
		quoted[i] = q
	}
	verb := "INSERT INTO "
	if in.OnConflict == "skip" && driver == "mysql" {
		verb = "INSERT IGNORE INTO "
	}
	b.WriteString(verb + table + " (" + strings.Join(quoted, ", ") + ") VALUES ")
	for i, row := range rows {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteByte('(')
		for j, n := range columns {
			if j > 0 {
				b.WriteString(", ")
			}
			arg, err := argument(row[n])
			if err != nil {
				return st, fmt.Errorf("column %s: %w", n, err)
			}
			st.args = append(st.args, arg)
			b.WriteString(mark(driver, len(st.args)))
		}
		b.WriteByte(')')
	}
	key := make([]string, len(in.Key))
	for i, n := range in.Key {
		q, err := quoteName(driver, n)
		if err != nil {
			return st, err
		}
		key[i] = q
	}
	switch {
	case in.OnConflict == "skip" && driver != "mysql":
		b.WriteString(" ON CONFLICT")
		if len(key) > 0 {
			b.WriteString(" (" + strings.Join(key, ", ") + ")")
		}
		b.WriteString(" DO NOTHING")
	case in.OnConflict == "update":
		var set []string
		for i, q := range quoted {
			if slices.Contains(in.Key, columns[i]) {
				continue
			}
			if driver == "mysql" {
				set = append(set, q+" = VALUES("+q+")")
			} else {
				set = append(set, q+" = excluded."+q)
			}
		}
		switch {
		case driver == "mysql" && len(set) > 0:
			b.WriteString(" ON DUPLICATE KEY UPDATE " + strings.Join(set, ", "))
		case driver == "mysql":
			b.WriteString(" ON DUPLICATE KEY UPDATE " + quoted[0] + " = " + quoted[0])
		case len(set) == 0:
			b.WriteString(" ON CONFLICT (" + strings.Join(key, ", ") + ") DO NOTHING")
		default:
			b.WriteString(" ON CONFLICT (" + strings.Join(key, ", ") + ") DO UPDATE SET " + strings.Join(set, ", "))
		}
	}
	st.sql = b.String()
	return st, nil
}
