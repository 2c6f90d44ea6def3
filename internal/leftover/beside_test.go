//go:build unix

package leftover_test

import (
	"net"
	"os"
	"path/filepath"
	"testing"

	"github.com/aether-rpa/aether/internal/leftover"
)

// What a killed browser left in the folder for temporary files goes with its profile; a folder of somebody else that
// the link leads to stays.
func TestBesideProfile(t *testing.T) {
	for _, name := range []string{"of the browser", "of a browser that was ending", "of somebody"} {
		t.Run(name, func(t *testing.T) {
			foreign, ending := name == "of somebody", name == "of a browser that was ending"
			temp, err := os.MkdirTemp("", "s") //nolint:usetesting // the path of a socket has to be short
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = os.RemoveAll(temp) }()
			own := filepath.Join(temp, "org.chromium.Chromium.x")
			profile := t.TempDir()
			if err := os.Mkdir(own, 0o700); err != nil {
				t.Fatal(err)
			}
			l, err := net.Listen("unix", filepath.Join(own, "SingletonSocket"))
			if err != nil {
				t.Fatal(err)
			}
			l.(*net.UnixListener).SetUnlinkOnClose(false) // as when it is killed
			if err := l.Close(); err != nil {
				t.Fatal(err)
			}
			if err := os.Symlink("1234", filepath.Join(own, "SingletonCookie")); err != nil {
				t.Fatal(err)
			}
			if foreign {
				if err := os.WriteFile(filepath.Join(own, "thesis.txt"), nil, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			at := filepath.Join(own, "SingletonSocket")
			err = os.Symlink(at, filepath.Join(profile, "SingletonSocket"))
			if ending { // it takes the link away first
				err = os.WriteFile(filepath.Join(profile, "AetherSocket"), []byte(at), 0o600)
			}
			if err != nil {
				t.Fatal(err)
			}
			leftover.Beside(profile)
			if _, err := os.Stat(own); os.IsNotExist(err) == foreign {
				t.Errorf("the folder: %v", err)
			}
		})
	}
}
