//go:build unix

package leftover

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// tryLock locks a file for as long as it is open, or says that it is locked.
func tryLock(f *os.File) error {
	return unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB) //nolint:gosec // file descriptors fit
}

// removeLock removes a file that is locked here, and unlocks it after that:
// nobody else locks it in between.
func removeLock(f *os.File) error { return errors.Join(os.Remove(f.Name()), f.Close()) }

// isLocked reports whether an error of tryLock says that somebody has the lock.
func isLocked(err error) bool { return errors.Is(err, unix.EWOULDBLOCK) }
