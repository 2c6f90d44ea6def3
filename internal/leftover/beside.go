package leftover

import (
	"io/fs"
	"os"
	"path/filepath"
)

// browserSocket is the link in a browser's profile to the socket that it keeps in the folder for temporary files, where
// paths are short. A browser that is killed leaves the socket behind. socketNote says the same in a file, which is still
// there when the browser was killed while it was ending.
const (
	browserSocket = "SingletonSocket"
	socketNote    = "AetherSocket"
)

// Beside removes what a browser that was killed has left beside its profile: a folder for temporary files of its own,
// with a socket and what says whose it is. What holds anything else stays.
func Beside(profile string) {
	if socket, err := os.Readlink(filepath.Join(profile, browserSocket)); err == nil {
		besideSocket(socket)
	}
	if note, err := os.ReadFile(filepath.Join(profile, socketNote)); err == nil {
		besideSocket(string(note))
	}
}

func besideSocket(socket string) {
	if !filepath.IsAbs(socket) || filepath.Base(socket) != browserSocket {
		return
	}
	if info, err := os.Lstat(socket); err == nil && info.Mode()&fs.ModeSocket == 0 { //nolint:gosec // it is only looked at
		return // it is something else by now
	}
	dir := filepath.Dir(socket)
	for _, path := range []string{socket, filepath.Join(dir, "SingletonCookie"), dir} {
		_ = os.Remove(path) //nolint:gosec // only a socket of that name; a folder that is not empty stays, and what is not there need not go
	}
}
