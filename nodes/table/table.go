// Package table holds the nodes that work on tables. A table is a list of
// maps, one for each row, that may be larger than memory; rows are maps and
// have no order of columns, so lists of columns come out sorted unless a node
// says otherwise. Package table at the root of the module does the work that
// needs temporary files.
package table

import "github.com/aether-rpa/aether/node"

func init() {
	node.RegisterFamily(node.Family{Name: "table", Title: "Tables", Doc: "Filter, sort, group, join, reshape, compare and check tables of any size."})
}
