// Package flowctl holds the nodes that steer a flow: conditions, loops, error
// handling, parallel branches, waits, calls. They only say what is to be done;
// the engine does it.
package flowctl

import "github.com/aether-rpa/aether/node"

func init() {
	node.RegisterFamily(node.Family{Name: "flow", Title: "Flow control", Doc: "Decide, loop, catch errors, run branches at the same time, wait, and call other flows."})
}

// none is for nodes without params or outputs.
type none struct{}

// done is the port of nodes that own a chain.
var done = node.Port{Name: "done", Doc: "Followed when all of it has ended."}
