// Package sys holds the nodes that use the computer itself: its programs,
// processes, environment, and what it can tell of itself.
package sys

import "github.com/aether-rpa/aether/node"

func init() {
	node.RegisterFamily(node.Family{Name: "sys", Title: "System", Doc: "Run programs, watch and end processes, and ask the computer about itself."})
}
