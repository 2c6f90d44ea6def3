package db

import (
	"context"
	"strings"
	"time"

	"github.com/aether-rpa/aether/node"
)

func init() {
	node.Register(node.Spec[checkIn, checkOut]{
		Type: "db.check_connection", Title: "Check database", Effect: node.Read,
		Doc:      "Connects to a database and tells its version, to find out whether the settings are right. Nodes connect by themselves; it is not needed before them. The file of an SQLite database need not be there yet: the first node that writes makes it.",
		Examples: []node.Example[checkIn, checkOut]{{Title: "Is it there?", DocOnly: "it needs a database", In: checkIn{Connection: connection{Driver: "mysql", Host: "db.example.com", User: "robot"}}}},
		Check:    func(in checkIn) error { return in.Connection.check() },
		Run: func(ctx context.Context, env *node.Env, in checkIn) (checkOut, error) {
			ctx, cancel := limited(ctx, in.Connection.Timeout)
			defer cancel()
			s, err := in.Connection.session(ctx, env, false)
			if in.Connection.absent(err) {
				version, err := sqliteVersion(ctx)
				return checkOut{Connected: true, Version: version}, err
			}
			if err != nil {
				return checkOut{}, err
			}
			defer s.close()
			s.reading = true
			rows, err := s.collect(ctx, statement{sql: map[string]string{
				"sqlite": "select sqlite_version() as v", "postgres": "select version() as v", "mysql": "select version() as v", "sqlserver": "select @@version as v", "oracle": "select banner as v from v$version where rownum = 1",
			}[in.Connection.Driver]})
			if err != nil {
				return checkOut{}, err
			}
			out := checkOut{Connected: true}
			for _, r := range rows {
				for _, v := range r {
					out.Version, _ = v.(string)
				}
			}
			return out, nil
		},
	})
	node.Register(node.Spec[tablesIn, tablesOut]{
		Type: "db.tables", Title: "List tables", Effect: node.Read,
		Doc:      "Lists the tables and views of a database, without those of the system.",
		Examples: []node.Example[tablesIn, tablesOut]{{Title: "All tables", DocOnly: "it needs a database", In: tablesIn{Connection: connection{Driver: "sqlite", File: "stock.db"}}}},
		Check:    func(in tablesIn) error { return in.Connection.check() },
		Run: func(ctx context.Context, env *node.Env, in tablesIn) (tablesOut, error) {
			rows, err := in.Connection.look(ctx, env, map[string]string{
				"sqlite":    "select 'main' as \"schema\", name, type from sqlite_master where type in ('table', 'view') and name not like 'sqlite_%' order by name",
				"postgres":  "select table_schema as schema, table_name as name, case table_type when 'VIEW' then 'view' else 'table' end as type from information_schema.tables where table_schema not in ('pg_catalog', 'information_schema') order by 1, 2",
				"mysql":     "select table_schema as `schema`, table_name as name, case table_type when 'VIEW' then 'view' else 'table' end as type from information_schema.tables where table_schema = database() order by 2",
				"sqlserver": "select table_schema as [schema], table_name as name, case table_type when 'VIEW' then 'view' else 'table' end as type from information_schema.tables order by 1, 2",
				"oracle":    "select owner as \"schema\", object_name as \"name\", lower(object_type) as \"type\" from all_objects where object_type in ('TABLE', 'VIEW') and owner = user order by 2",
			}[in.Connection.Driver], nil)
			return tablesOut{Tables: list(rows), Count: len(rows)}, err
		},
	})
	node.Register(node.Spec[tableIn, existsOut]{
		Type: "db.table_exists", Title: "Does a table exist", Effect: node.Read,
		Doc:      "Tells whether a table or view is there, in the schema given as schema.table or in the usual one. In the file of an SQLite database that is not there yet, no table is.",
		Examples: []node.Example[tableIn, existsOut]{{Title: "Is it there?", DocOnly: "it needs a database", In: tableIn{Connection: connection{Driver: "sqlite", File: "stock.db"}, Table: "part"}}},
		Check:    func(in tableIn) error { return in.Connection.check() },
		Run: func(ctx context.Context, env *node.Env, in tableIn) (existsOut, error) {
			cols, err := in.Connection.columns(ctx, env, in.Table)
			if in.Connection.absent(err) {
				err = nil
			}
			return existsOut{Exists: len(cols) > 0}, err
		},
	})
	node.Register(node.Spec[tableIn, columnsOut]{
		Type: "db.columns", Title: "List columns", Effect: node.Read,
		Doc:      "Lists the columns of a table or view in their order, with type, whether they may be NULL, and whether they belong to the primary key where the database tells it.",
		Examples: []node.Example[tableIn, columnsOut]{{Title: "Columns of a table", DocOnly: "it needs a database", In: tableIn{Connection: connection{Driver: "sqlite", File: "stock.db"}, Table: "part"}}},
		Check:    func(in tableIn) error { return in.Connection.check() },
		Run: func(ctx context.Context, env *node.Env, in tableIn) (columnsOut, error) {
			rows, err := in.Connection.columns(ctx, env, in.Table)
			if err == nil && len(rows) == 0 {
				err = node.Fail(node.KindNotFound, "there is no table "+in.Table, "db.tables lists them")
			}
			if err != nil {
				return columnsOut{}, err
			}
			out := columnsOut{Columns: list(rows), Count: len(rows)}
			for _, r := range rows {
				n, _ := r["name"].(string)
				out.Names = append(out.Names, n)
			}
			return out, nil
		},
	})
}

type checkIn struct {
	Connection connection `json:"connection" is:"required" doc:"The database."`
}

type checkOut struct {
	Connected bool   `json:"connected" doc:"True; the node fails otherwise."`
	Version   string `json:"version" doc:"What the server calls itself."`
}

type tablesIn struct {
	Connection connection `json:"connection" is:"required" doc:"The database."`
}

type tablesOut struct {
	Tables []any `json:"tables" doc:"Tables and views: schema, name and type (table or view)."`
	Count  int   `json:"count" doc:"How many there are."`
}

type tableIn struct {
	Connection connection `json:"connection" is:"required" doc:"The database."`
	Table      string     `json:"table" is:"required" doc:"Table; schema.table is possible."`
}

type existsOut struct {
	Exists bool `json:"exists" doc:"Whether it is there."`
}

type columnsOut struct {
	Columns []any    `json:"columns" doc:"Columns: name, type, nullable and primary_key."`
	Names   []string `json:"names" doc:"Their names."`
	Count   int      `json:"count" doc:"How many there are."`
}

// look runs a query of our own.
func (c connection) look(ctx context.Context, env *node.Env, text string, params any) ([]map[string]any, error) {
	ctx, cancel := limited(ctx, time.Minute)
	defer cancel()
	st, err := prepare(c.Driver, text, params)
	if err != nil {
		return nil, err
	}
	s, err := c.session(ctx, env, false)
	if err != nil {
		return nil, err
	}
	defer s.close()
	s.reading = true
	return s.collect(ctx, st)
}

func (c connection) columns(ctx context.Context, env *node.Env, table string) ([]map[string]any, error) {
	schema, name := "", table
	if i := strings.LastIndexByte(table, '.'); i >= 0 {
		schema, name = table[:i], table[i+1:]
	}
	p := map[string]any{"t": name, "s": schema}
	switch c.Driver {
	case "sqlite":
		return c.booleans(c.look(ctx, env, "select name, type, \"notnull\" = 0 as nullable, pk > 0 as primary_key from pragma_table_info(:t)", map[string]any{"t": name}))
	case "oracle":
		return c.booleans(c.look(ctx, env, `select column_name as "name", data_type as "type", case nullable when 'Y' then 1 else 0 end as "nullable", 0 as "primary_key" from all_tab_columns where table_name in (:t, upper(:t)) and owner = coalesce(upper(:s), user) order by column_id`, map[string]any{"t": name, "s": null(schema)}))
	}
	current := map[string]string{"postgres": "current_schema()", "mysql": "database()", "sqlserver": "schema_name()"}[c.Driver]
	where := "c.table_schema = " + current
	if schema != "" {
		where = "c.table_schema = :s"
	} else {
		delete(p, "s")
	}
	return c.booleans(c.look(ctx, env, `select c.column_name as name, c.data_type as type, case c.is_nullable when 'YES' then 1 else 0 end as nullable,
		(select count(*) from information_schema.table_constraints k join information_schema.key_column_usage u on u.constraint_name = k.constraint_name and u.table_schema = k.table_schema and u.table_name = k.table_name
		where k.constraint_type = 'PRIMARY KEY' and k.table_schema = c.table_schema and k.table_name = c.table_name and u.column_name = c.column_name) as primary_key
		from information_schema.columns c where c.table_name = :t and `+where+` order by c.ordinal_position`, p))
}

func null(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// booleans makes true and false of 1 and 0.
func (c connection) booleans(rows []map[string]any, err error) ([]map[string]any, error) {
	for _, r := range rows {
		for _, k := range []string{"nullable", "primary_key"} {
			if n, ok := r[k].(int); ok {
				r[k] = n > 0
			}
		}
	}
	return rows, err
}
