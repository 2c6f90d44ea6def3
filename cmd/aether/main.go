// Command aether runs flows. Copy this file to build a program with your own
// nodes: import their packages beside the ones below.
package main

import (
	"os"

	"github.com/aether-rpa/aether/internal/cli"
	_ "github.com/aether-rpa/aether/nodes/all"
)

func main() { os.Exit(cli.Main()) }
