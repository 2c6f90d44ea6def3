//go:build unix

package main

import (
	"syscall"
	"time"
)

// worked is the processor time that this program has used: other work on the machine does not count.
func worked() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
