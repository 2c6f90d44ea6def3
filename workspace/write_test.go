package workspace_test

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aether-rpa/aether/workspace"
)

func names(t *testing.T, dir string) []string {
	t.Helper()
	list, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, e := range list {
		out = append(out, e.Name())
	}
	return out
}

func TestWriteAtomicFailureKeepsTheOldFile(t *testing.T) {
	r, in, _ := fixture(t)
	write(t, filepath.Join(in, "f"), "old")
	boom := &fs.PathError{Op: "read", Path: "source", Err: errors.New("boom")}
	err := r.WriteAtomic("f", 0o644, func(w io.Writer) error {
		_, _ = io.WriteString(w, "new")
		return boom
	})
	if !errors.Is(err, boom) || err.Error() != boom.Error() {
		t.Errorf("got %v", err)
	}
	if got := content(t, filepath.Join(in, "f")); got != "old" {
		t.Errorf("got %q", got)
	}
	if got := names(t, in); len(got) != 1 {
		t.Errorf("left over: %v", got)
	}
}

func TestWriteAtomicPanicLeavesNothing(t *testing.T) {
	r, in, _ := fixture(t)
	func() {
		defer func() { _ = recover() }()
		_ = r.WriteAtomic("f", 0o644, func(io.Writer) error { panic("boom") })
	}()
	if got := names(t, in); len(got) != 0 {
		t.Errorf("left over: %v", got)
	}
}

func TestWriteAtomicByManyAtATime(t *testing.T) {
	r, in, _ := fixture(t)
	const writers = 16
	line := func(i int) string { return strings.Repeat(fmt.Sprintf("%02d", i), 20_000) }
	var wg sync.WaitGroup
	errs := make([]error, writers)
	for i := range writers {
		wg.Go(func() {
			errs[i] = put(r, "f", line(i))
			_ = put(r, fmt.Sprintf("other%d", i), "x")
		})
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	got := content(t, filepath.Join(in, "f"))
	whole := false
	for i := range writers {
		whole = whole || got == line(i)
	}
	if !whole {
		t.Error("the file mixes several writers")
	}
	if left := names(t, in); len(left) != writers+1 {
		t.Errorf("left over: %v", left)
	}
}

func TestWriteAtomicKeepsRights(t *testing.T) {
	r, in, _ := fixture(t)
	for _, mode := range []fs.FileMode{0o600, 0o640, 0o755, 0o666} {
		p := filepath.Join(in, "f")
		write(t, p, "x")
		if err := os.Chmod(p, mode); err != nil {
			t.Fatal(err)
		}
		if err := put(r, "f", "y"); err != nil {
			t.Fatal(err)
		}
		info, err := os.Stat(p)
		if err != nil {
			t.Fatal(err)
		}
		if want := mode; os.PathSeparator == '/' && info.Mode().Perm() != want {
			t.Errorf("rights are %v, want %v", info.Mode().Perm(), want)
		}
	}
}

func TestWriteAtomicRefuses(t *testing.T) {
	r, in, _ := fixture(t)
	write(t, filepath.Join(in, "locked"), "x")
	if err := os.Chmod(filepath.Join(in, "locked"), 0o444); err != nil {
		t.Fatal(err)
	}
	if err := put(r, "locked", "y"); !errors.Is(err, fs.ErrPermission) {
		t.Errorf("read-only: got %v", err)
	}
	if err := os.Mkdir(filepath.Join(in, "dir"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, p := range []string{"dir", "."} {
		if err := put(r, p, "y"); err == nil || !strings.Contains(err.Error(), "folder") {
			t.Errorf("%s: got %v", p, err)
		}
	}
	if err := put(r, "locked/x", "y"); err == nil {
		t.Error("a file served as a folder")
	}
	if got := names(t, in); len(got) != 2 {
		t.Errorf("left over: %v", got)
	}
}

func TestWriteAtomicLongName(t *testing.T) {
	r, in, _ := fixture(t)
	name := strings.Repeat("n", 255)
	if err := put(r, name, "x"); err != nil {
		t.Fatal(err)
	}
	if got := names(t, in); len(got) != 1 || got[0] != name {
		t.Errorf("got %v", got)
	}
}

// After a crash the temporary file stays; a later write of the same file takes
// it away, but not one that may still be in use.
func TestWriteAtomicCleansUpAfterACrash(t *testing.T) {
	r, in, _ := fixture(t)
	var temp string
	err := r.WriteAtomic("f", 0o644, func(io.Writer) error {
		temp = names(t, in)[0]
		return nil
	})
	if err != nil || !workspace.IsTemp(temp) {
		t.Fatalf("the temporary name is %q, %v", temp, err)
	}
	write(t, filepath.Join(in, temp), "half")
	if err := put(r, "f", "x"); err != nil {
		t.Fatal(err)
	}
	if got := names(t, in); len(got) != 2 {
		t.Errorf("a fresh temporary file was taken away: %v", got)
	}
	old := time.Now().Add(-25 * time.Hour)
	if err := os.Chtimes(filepath.Join(in, temp), old, old); err != nil {
		t.Fatal(err)
	}
	if err := put(r, "f", "y"); err != nil {
		t.Fatal(err)
	}
	if got := names(t, in); len(got) != 1 || content(t, filepath.Join(in, "f")) != "y" {
		t.Errorf("got %v", got)
	}
}
