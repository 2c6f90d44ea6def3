// Package csv holds the nodes that read and write CSV: text tables with cells
// between separators, in the dialects that programs and people make.
//
// The reader never loses data: what does not fit the rules is kept as well as
// it can be and reported as an issue, unless the flow asks for a failure.
package csv

import "github.com/aether-rpa/aether/node"

func init() {
	node.RegisterFamily(node.Family{Name: "csv", Title: "CSV", Doc: "Read and write CSV files and texts of any size, dialect and encoding."})
}
