package casare

import (
	"maps"
	"regexp"
)

var firstWord = regexp.MustCompile(`[A-Za-z]+`)

func init() {
	on := func(m mapping) mapping {
		old := m.prepare
		m.prepare = func(c *converter, s *step, m *mapping) {
			if con, ok := c.database(s); ok {
				m.in = maps.Clone(m.in)
				if m.in == nil {
					m.in = params{}
				}
				m.in["connection"] = con
			} else {
				c.broken[s.id] = "no DatabaseConnectNode leads to it, so it is not known which database it means"
				return
			}
			if old != nil {
				old(c, s, m)
			}
		}
		return m.typed("parameters", "list", "statements", "list", "rows", "list").aka("query", "sql", "parameters", "params")
	}
	nothing := func(from, note string) mapping {
		return mapping{from: from, to: "flow.comment", in: params{"text": note}, out: outs{"connection": "nil", "success": "true"}, note: note}
	}
	open := on(mapping{from: "DatabaseConnectNode", to: "db.check_connection", out: outs{"connection": "nil", "success": "$.connected"}, note: "each db node connects by itself with these settings"})
	query := on(mapping{from: "ExecuteQueryNode", to: "db.query", in: params{"sql": "$query", "params": "$parameters", "allow_writes": true}, out: outs{"results": "$.rows", "row_count": "$.count", "columns": "$.columns"}, prepare: sqlRow})
	execute := on(mapping{from: "ExecuteNonQueryNode", to: "db.execute", in: params{"sql": "$query", "params": "$parameters"}, out: outs{"rows_affected": "$.affected", "last_insert_id": "$.last_id"}, prepare: sqlRow})
	batch := on(mapping{from: "ExecuteBatchNode", to: "db.transaction", in: params{}, out: outs{"results": "map($.results, .affected)", "total_rows_affected": "$.affected", "rows_affected": "$.affected"}, prepare: batchRow})
	one := "the statements after it run each for itself, not in one transaction"
	ends := nothing("CommitTransactionNode", "Every statement is committed by itself.")
	undo := nothing("RollbackTransactionNode", "Every statement is committed by itself.").with(func(m *mapping) {
		m.prepare = func(c *converter, s *step, _ *mapping) {
			c.report.attention(s, "it takes back what was done since the transaction began, which is not possible here", "put the statements into one db.transaction, which takes effect as a whole or not at all")
		}
	})
	begin := nothing("BeginTransactionNode", "Every statement is committed by itself.").with(func(m *mapping) {
		m.prepare = func(c *converter, s *step, _ *mapping) {
			c.report.attention(s, one, "put them into one db.transaction")
		}
	})
	closes := nothing("CloseDatabaseNode", "Connections are closed by themselves.")
	register(
		open, query, execute, batch, begin, ends, undo, closes,
		on(mapping{from: "TableExistsNode", to: "db.table_exists", in: params{"table": "$table_name"}, out: outs{"exists": "$.exists"}}).aka("table_name", "table"),
		on(mapping{from: "GetTableColumnsNode", to: "db.columns", in: params{"table": "$table_name"}, out: outs{"columns": "$.columns", "column_names": "$.names", "count": "$.count", "column_count": "$.count"}}).aka("table_name", "table"),
		open.as("DatabaseSuperNode/Connect"), query.as("DatabaseSuperNode/Query (SELECT)"), execute.as("DatabaseSuperNode/Execute (INSERT/UPDATE/DELETE)"), batch.as("DatabaseSuperNode/Execute Batch"),
		begin.as("DatabaseSuperNode/Begin Transaction"), ends.as("DatabaseSuperNode/Commit"), undo.as("DatabaseSuperNode/Rollback"), closes.as("DatabaseSuperNode/Close Connection"),
	)
}

// database returns the connection of a database node: that of the node it
// comes from, or its own settings (super nodes have them).
func (c *converter) database(s *step) (val, bool) {
	at := s
	if s.typ != "DatabaseConnectNode" && textOf(s, "action", "") != "Connect" {
		if from := c.session(s, "DatabaseConnectNode", "connection"); from != nil {
			at = from
		} else if s.typ != "DatabaseSuperNode" {
			return val{}, false
		}
	}
	m := &mapping{alias: map[string]string{"database": "file_path db_path database_path path", "use_ssl": "ssl"}}
	driver := map[string]string{"sqlite": "sqlite", "postgresql": "postgres", "postgres": "postgres", "mysql": "mysql", "mariadb": "mysql"}[textOf(at, "db_type", "sqlite")]
	p := params{"driver": driver}
	switch cs := c.arg(at, m, "connection_string"); {
	case driver == "sqlite":
		p["file"] = "$database"
		if v := c.arg(at, m, "database"); !v.isSet || v.isLit() && v.plain() == "" {
			p["file"] = "$connection_string"
		}
		if v := c.arg(at, m, "database"); v.isLit() && v.plain() == ":memory:" {
			p["file"] = "memory.db"
			c.report.attention(at, "it works on a database in memory, which is gone after each node", "a file memory.db takes its place; delete it at the end if it shall not stay")
		}
	case cs.isSet && !(cs.isLit() && cs.plain() == ""):
		p["url"] = "$connection_string"
	default:
		p["host"], p["database"] = "$host", "$database"
		if n := c.arg(at, m, "port"); !n.isLit() || n.plain() != 5432 || driver == "postgres" {
			p["port"] = "$port"
		}
		if u := c.arg(at, m, "username"); u.isSet && u.plain() != "" {
			p["user"] = "$username"
		}
		if w := c.arg(at, m, "password"); w.isSet && w.plain() != "" {
			p["password"] = "$password"
			if w.isLit() && w.secret == "" {
				c.report.attention(at, "its password stands in the file in plain text", "store it as a secret and write {secret: NAME}")
			}
		} else if n := textOf(at, "credential_name", ""); n != "" {
			p["password"] = val{secret: c.secret(n+"_password", at), isSet: true}
		}
		if c.arg(at, m, "use_ssl").plain() == true {
			p["tls"] = "require"
		}
	}
	v, ok := c.fill(p, at, m, c.id(at))
	return v, ok
}

// sqlRow leaves params out that are empty, and warns of values put into SQL as
// text.
func sqlRow(c *converter, s *step, m *mapping) {
	if p := c.arg(s, m, "parameters"); !p.isSet || p.isLit() && (p.plain() == nil || p.kindOf() == "list" && len(p.list) == 0) {
		delete(m.in, "params")
	}
	if q := c.arg(s, m, "query"); q.parts != nil {
		c.report.attention(s, "values are put into its SQL as text, which lets whoever gives them change the statement", "write ? in their place and give them in params")
	}
	if q, ok := c.arg(s, m, "query").plain().(string); ok && m.to == "db.query" && reads(q) {
		delete(m.in, "allow_writes")
	}
}

// batchRow makes a transaction of a list of statements.
func batchRow(c *converter, s *step, m *mapping) {
	v := c.arg(s, m, "statements")
	if v.list == nil {
		m.in["statements"] = code(`map(`+v.operand()+`, type(#) == "map" ? {sql: get(#, "sql") ?? get(#, "query"), params: get(#, "params") ?? get(#, "parameters")} : {sql: #})`, "list")
		return
	}
	out := val{list: []val{}, isSet: true}
	for _, e := range v.list {
		st := map[string]val{}
		switch {
		case e.dict != nil:
			for new, old := range map[string][]string{"sql": {"sql", "query", "statement"}, "params": {"params", "parameters"}} {
				for _, k := range old {
					if x, ok := e.dict[k]; ok {
						st[new] = x
					}
				}
			}
		case len(e.list) > 0:
			st["sql"] = e.list[0]
			if len(e.list) > 1 {
				st["params"] = e.list[1]
			}
		default:
			st["sql"] = e
		}
		out.list = append(out.list, val{dict: st, isSet: true})
	}
	m.in["statements"] = out
	if c.arg(s, m, "stop_on_error").plain() == false {
		c.report.attention(s, "it goes on after a statement that failed", "db.transaction takes all back then")
	}
}

// reads reports whether a statement only looks.
func reads(sql string) bool {
	word := firstWord.FindString(sql)
	for _, w := range []string{"select", "SELECT", "Select", "show", "SHOW", "values", "explain"} {
		if word == w {
			return true
		}
	}
	return false
}
