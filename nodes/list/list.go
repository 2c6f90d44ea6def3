// Package list holds the nodes that work on lists.
package list

import "github.com/aether-rpa/aether/node"

func init() {
	node.RegisterFamily(node.Family{Name: "list", Title: "Lists", Doc: "Build, search, sort and reshape lists."})
}
