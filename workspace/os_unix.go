//go:build unix

package workspace

import (
	"errors"
	"io/fs"
	"os"
	"syscall"
)

// keepOwner gives f the owner of the file it will replace. It works for root
// only, and for others there is nothing to keep; so errors do not matter.
func keepOwner(f *os.File, old fs.FileInfo) {
	if st, ok := old.Sys().(*syscall.Stat_t); ok {
		_ = f.Chown(int(st.Uid), int(st.Gid))
	}
}

func isCrossDevice(err error) bool { return errors.Is(err, syscall.EXDEV) }
