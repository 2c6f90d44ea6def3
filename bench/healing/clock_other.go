//go:build !unix

package main

import "time"

var began = time.Now()

// worked is the time since the program began, where the processor time cannot be asked for.
func worked() time.Duration { return time.Since(began) }
