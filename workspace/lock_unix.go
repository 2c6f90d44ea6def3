//go:build unix

package workspace

import (
	"os"

	"golang.org/x/sys/unix"
)

// lock marks a temporary file as being written. The mark goes with the process,
// however it ends. It reports whether nobody else had marked the file.
func lock(f *os.File) bool {
	return unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB) == nil //nolint:gosec // file descriptors fit
}

// canLock says that a file without a mark is one that nobody writes.
const canLock = true
