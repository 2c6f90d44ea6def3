package workspace

import (
	"errors"
	"io/fs"
	"os"
	"syscall"
)

// errNotSameDevice is ERROR_NOT_SAME_DEVICE.
const errNotSameDevice = syscall.Errno(17)

// keepOwner does nothing: a new file takes its rights from the folder.
func keepOwner(*os.File, fs.FileInfo) {}

func isCrossDevice(err error) bool { return errors.Is(err, errNotSameDevice) }
