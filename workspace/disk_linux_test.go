package workspace_test

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/aether-rpa/aether/workspace"
)

// smallDisk mounts a disk of 64 KiB.
func smallDisk(t *testing.T) string {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("only root can mount a small disk")
	}
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=64k"); err != nil {
		t.Skipf("mounting a small disk: %v", err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(dir, syscall.MNT_DETACH) })
	return dir
}

func TestWriteAtomicOnAFullDisk(t *testing.T) {
	dir := smallDisk(t)
	r, err := workspace.New(dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := put(r, "f", "old"); err != nil {
		t.Fatal(err)
	}
	err = r.WriteAtomic("f", 0o644, func(w io.Writer) error {
		_, err := io.Copy(w, bytes.NewReader(make([]byte, 1<<20)))
		return err
	})
	if !errors.Is(err, syscall.ENOSPC) || !strings.Contains(err.Error(), "write f:") {
		t.Errorf("got %v", err)
	}
	if got := names(t, dir); len(got) != 1 || content(t, filepath.Join(dir, "f")) != "old" {
		t.Errorf("the disk holds %v", got)
	}
	if err := put(r, "f", "new"); err != nil {
		t.Errorf("the space was not given back: %v", err)
	}
}

func TestRenameToAnotherDisk(t *testing.T) {
	base := t.TempDir()
	disk := smallDisk(t)
	// The mount is moved below the root, so that one root spans two disks.
	at := filepath.Join(base, "disk")
	if err := os.Mkdir(at, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mount(disk, at, "", syscall.MS_BIND, ""); err != nil {
		t.Skipf("mounting: %v", err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(at, syscall.MNT_DETACH) })
	r, err := workspace.New(base)
	if err != nil {
		t.Fatal(err)
	}
	if err := put(r, "f", "x"); err != nil {
		t.Fatal(err)
	}
	if err := r.Rename("f", "disk/f"); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("got %v", err)
	}
}

func TestPipesAreRefused(t *testing.T) {
	r, in, _ := fixture(t)
	if err := syscall.Mkfifo(filepath.Join(in, "pipe"), 0o644); err != nil {
		t.Skip(err)
	}
	for _, err := range []error{put(r, "pipe", "x"), errOf(r.Open("pipe")), errOf(r.OpenFile("pipe", os.O_WRONLY, 0))} {
		if err == nil || !strings.Contains(err.Error(), "pipe") {
			t.Errorf("got %v", err)
		}
	}
}

func errOf(_ *os.File, err error) error { return err }
