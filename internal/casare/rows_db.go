package casare

import (
	"maps"
	"regexp"
	"strings"
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
	// A transaction of CasareRPA belongs to the connection, and so to all nodes
	// that use it.
	transaction := func(from, to, otherwise string) mapping {
		m := mapping{from: from, to: to, out: outs{"connection": "nil", "success": "true"}}
		m.prepare = func(c *converter, s *step, m *mapping) {
			con, ok := c.database(s)
			if name := c.transaction(s); !ok || name == "" {
				m.to, m.in = "flow.comment", params{"text": otherwise}
				if to != "db.rollback" || strings.HasPrefix(s.typ, "Close") || textOf(s, "action", "") == "Close Connection" {
					m.note = otherwise
				} else {
					c.report.attention(s, "no BeginTransactionNode belongs to it, so that every statement before it was committed by itself and there is nothing to take back", "begin a transaction before the statements")
				}
				return
			}
			m.in = params{"connection": con}
			switch {
			case to == "db.begin":
				m.post = c.beginning(s, con, "$.")[1:]
				return
			case to == "db.commit":
				m.in["must_be_open"] = false
			}
			m.post = []extra{{"over", "var.set", params{"name": c.transaction(s), "value": ""}}}
			if c.autoBegins(c.databaseOf(s)) && otherwise != closed {
				m.post = append(m.post, c.beginning(s, con, "$!begin.")...)
			}
		}
		return m
	}
	open := on(mapping{from: "DatabaseConnectNode", to: "db.check_connection", out: outs{"connection": "nil", "success": "$.connected"}, note: "each db node connects by itself with these settings", prepare: connectRow})
	query := on(mapping{from: "ExecuteQueryNode", to: "db.query", in: params{"sql": "$query", "params": "$parameters", "allow_writes": true}, out: outs{"results": "$.rows", "row_count": "$.count", "columns": "$.columns"}, prepare: sqlRow})
	execute := on(mapping{from: "ExecuteNonQueryNode", to: "db.execute", in: params{"sql": "$query", "params": "$parameters"}, out: outs{"rows_affected": "$.affected", "last_insert_id": "$.last_id"}, prepare: sqlRow})
	batch := on(mapping{from: "ExecuteBatchNode", to: "db.transaction", in: params{}, out: outs{"results": "map($.results, .affected)", "total_rows_affected": "$.affected", "rows_affected": "$.affected"}, prepare: batchRow})
	begin := transaction("BeginTransactionNode", "db.begin", "Nothing follows that ends the transaction.")
	ends := transaction("CommitTransactionNode", "db.commit", "Every statement is committed by itself.")
	undo := transaction("RollbackTransactionNode", "db.rollback", "There is no transaction to take back.")
	closes := transaction("CloseDatabaseNode", "db.rollback", closed)
	register(
		open, query, execute, batch, begin, ends, undo, closes,
		on(mapping{from: "TableExistsNode", to: "db.table_exists", in: params{"table": "$table_name"}, out: outs{"exists": "$.exists"}}).aka("table_name", "table"),
		on(mapping{from: "GetTableColumnsNode", to: "db.columns", in: params{"table": "$table_name"}, out: outs{"columns": "$.columns", "column_names": "$.names", "count": "$.count", "column_count": "$.count"}}).aka("table_name", "table"),
		open.as("DatabaseSuperNode/Connect"), query.as("DatabaseSuperNode/Query (SELECT)"), execute.as("DatabaseSuperNode/Execute (INSERT/UPDATE/DELETE)"), batch.as("DatabaseSuperNode/Execute Batch"),
		begin.as("DatabaseSuperNode/Begin Transaction"), ends.as("DatabaseSuperNode/Commit"), undo.as("DatabaseSuperNode/Rollback"), closes.as("DatabaseSuperNode/Close Connection"),
	)
}

// closed is said of nodes that close a connection.
const closed = "Connections are closed by themselves."

// dbAction returns what a database node does to a transaction: Connect, Begin,
// Commit, Rollback, Close, or something else.
func dbAction(s *step) string {
	if s.kind == nil || s.kind.Category != "database" || s.disabled {
		return ""
	}
	what := s.typ
	if s.typ == "DatabaseSuperNode" {
		what = textOf(s, "action", "")
	}
	for _, a := range []string{"Begin", "Commit", "Rollback", "Close"} {
		if strings.HasPrefix(what, a) {
			return a
		}
	}
	if what == "DatabaseConnectNode" || what == "Connect" {
		return "Connect"
	}
	return what
}

// databaseOf returns the node that connects for a database node; the node itself
// if it has settings of its own.
func (c *converter) databaseOf(s *step) *step {
	if dbAction(s) == "Connect" {
		return s
	}
	if from := c.session(s, "DatabaseConnectNode", "connection"); from != nil {
		return from
	}
	return s
}

// transaction names the variable that holds the open transaction which a
// database node is part of; "" if its connection never has one.
func (c *converter) transaction(s *step) string {
	if c.o.Nodes.Get("db.begin") == nil {
		return ""
	}
	at := c.databaseOf(s)
	if c.autoBegins(at) {
		return "transaction_" + c.ids[at]
	}
	for _, x := range c.w.nodes {
		if dbAction(x) != "Begin" {
			continue
		}
		switch with := c.databaseOf(x); {
		case with == at && dbAction(at) == "Connect":
			return "transaction_" + c.ids[at]
		case dbAction(at) != "Connect" && dbAction(with) != "Connect": // super nodes with settings of their own
			return "transaction"
		}
	}
	return ""
}

// autoBegins reports whether a connection has a transaction at any time: its
// auto_commit is off, and nodes commit or take back.
func (c *converter) autoBegins(at *step) bool {
	if v := c.arg(at, &mapping{}, "auto_commit"); at.typ != "DatabaseConnectNode" || !v.isLit() || v.plain() != false || c.o.Nodes.Get("db.begin") == nil {
		return false
	}
	ends := false
	for _, x := range c.w.nodes {
		switch dbAction(x) {
		case "Begin":
			if c.databaseOf(x) == at {
				return false
			}
		case "Commit", "Rollback":
			ends = ends || c.databaseOf(x) == at
		}
	}
	return ends
}

// beginning are the nodes that begin a transaction and keep it for those that
// follow.
func (c *converter) beginning(s *step, con val, from string) []extra {
	con.dict = maps.Clone(con.dict)
	delete(con.dict, "session")
	return []extra{{"begin", "db.begin", params{"connection": con}}, {"open", "var.set", params{"name": c.transaction(s), "value": "=" + from + "session"}}}
}

// connectRow prepares what must be there before the first statement.
func connectRow(c *converter, s *step, m *mapping) {
	con, ok := m.in["connection"].(val)
	if ok && con.dict["file"].plain() == memoryFile {
		m.pre = []extra{{"empty", "file.delete", params{"path": memoryFile}}}
	}
	if ok && con.dict["driver"].plain() == "sqlite" { // connecting makes the file
		m.to, m.in["sql"] = "db.execute", "PRAGMA user_version"
		m.out["success"] = "true"
	}
	if c.autoBegins(s) {
		m.post = c.beginning(s, con, "$!begin.")
	}
}

// memoryFile takes the place of an SQLite database in memory.
const memoryFile = "memory.db"

// database returns the connection of a database node: that of the node it
// comes from, or its own settings (super nodes have them).
func (c *converter) database(s *step) (val, bool) {
	at := c.databaseOf(s)
	if at == s && s.typ != "DatabaseConnectNode" && s.typ != "DatabaseSuperNode" {
		return val{}, false
	}
	m := &mapping{alias: map[string]string{"database": "file_path db_path database_path path", "use_ssl": "ssl"}}
	address, _ := c.arg(at, m, "connection_string").plain().(string)
	scheme, _, _ := strings.Cut(address, "://")
	kind := strings.ToLower(textOf(at, "db_type", "sqlite"))
	if _, given := at.config["db_type"]; !given && scheme != address {
		kind = strings.ToLower(scheme)
	}
	driver := map[string]string{"sqlite": "sqlite", "sqlite3": "sqlite", "postgresql": "postgres", "postgres": "postgres", "mysql": "mysql", "mariadb": "mysql"}[kind]
	p := params{"driver": driver}
	switch cs := c.arg(at, m, "connection_string"); {
	case driver == "sqlite":
		file := c.arg(at, m, "database")
		p["file"] = "$database"
		if !file.isSet || file.isLit() && file.plain() == "" {
			file = cs
			p["file"] = "$connection_string"
			if scheme != address { // sqlite:///file, sqlite:////folder/file
				file = literal(strings.TrimPrefix(strings.TrimPrefix(address, scheme+"://"), "/"))
				p["file"] = file
			}
		}
		if !file.isSet || file.isLit() && (file.plain() == ":memory:" || file.plain() == "") {
			p["file"] = memoryFile
			c.report.adapted(at, "it works on a database in memory; the file %s takes its place, which is emptied when the flow connects", memoryFile)
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
	if t := c.arg(at, m, "timeout"); !t.isLit() || t.plain() != 30 && t.plain() != 30.0 {
		p["timeout"] = "$timeout"
	}
	if name := c.transaction(s); name != "" && dbAction(s) != "Begin" && dbAction(s) != "Connect" {
		p["session"] = code("vars."+name+` ?? ""`, "string")
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
	if len(v.list) == 0 {
		m.to, m.in = "flow.comment", params{"text": "There are no statements."}
		m.out["results"], m.out["total_rows_affected"], m.out["rows_affected"] = "[]", "0", "0"
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
