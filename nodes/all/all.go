// Package all links every node family into the program.
package all

import (
	_ "time/tzdata" // time zones where the system has none

	_ "github.com/aether-rpa/aether/nodes/flowctl"
	_ "github.com/aether-rpa/aether/nodes/list"
	_ "github.com/aether-rpa/aether/nodes/variable"
)
