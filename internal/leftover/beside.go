package leftover

import (
	"io/fs"
	"os"
	"path/filepath"
)

// browserSocket is the link in a browser's profile to the socket that it keeps in the folder for temporary files, where
// paths are short. A browser that is killed leaves the socket behind.
const browserSocket = "SingletonSocket"

// Beside removes what a browser that was killed has left beside its profile: a folder for temporary files of its own,
// with a socket and what says whose it is. What holds anything else stays.
func Beside(profile string) {
	socket, err := os.Readlink(filepath.Join(profile, browserSocket))
	if err != nil || !filepath.IsAbs(socket) || filepath.Base(socket) != browserSocket {
		return
	}
	if info, err := os.Lstat(socket); err == nil && info.Mode()&fs.ModeSocket == 0 {
		return // it is something else by now
	}
	dir := filepath.Dir(socket)
	for _, path := range []string{socket, filepath.Join(dir, "SingletonCookie"), dir} {
		_ = os.Remove(path) // a folder that is not empty stays, and what is not there need not go
	}
}
