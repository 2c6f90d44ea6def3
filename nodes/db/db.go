// Package db works with databases: PostgreSQL, MySQL and MariaDB, SQLite, SQL
// Server and Oracle.
//
// Values go to a database as parameters, never as part of a statement. A
// statement names them with ? in order or with :name, whatever the database;
// they are translated to what its driver wants.
package db

import "github.com/aether-rpa/aether/node"

func init() {
	node.RegisterFamily(node.Family{Name: "db", Title: "Databases", Doc: "Query and change databases: PostgreSQL, MySQL and MariaDB, SQLite, SQL Server and Oracle."})
}
