package leftover_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aether-rpa/aether/internal/leftover"
)

// TestMain lets the test binary be a process that has the folder of a run, says
// where, and waits to be killed.
func TestMain(m *testing.M) {
	if root := os.Getenv("TEST_WORK"); root != "" {
		var err error
		held, err = leftover.At(root, "host/1/2").Open(os.Getenv("TEST_RUN"))
		f := held
		if err == nil {
			err = os.MkdirAll(filepath.Join(f.Path, "profile", "cache"), 0o700)
		}
		if err == nil {
			err = os.WriteFile(filepath.Join(f.Path, "profile", "cache", "a"), make([]byte, 3000), 0o400)
		}
		if err == nil {
			err = os.Chmod(filepath.Join(f.Path, "profile", "cache"), 0o500)
		}
		fmt.Println(f.Path, err)
		_, _ = io.Copy(io.Discard, os.Stdin) // until the test ends
		_ = held.Leave()
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// held is the folder of this process.
var held *leftover.Folder

// other starts a process that executes a run and returns the run's folder.
func other(t *testing.T, root, run string) (kill func(), dir string) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "TEST_WORK="+root, "TEST_RUN="+run)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := cmd.StdinPipe(); err != nil { // closed when it is killed
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	kill = sync.OnceFunc(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	t.Cleanup(kill)
	line, err := bufio.NewReader(out).ReadString('\n')
	dir, ok := strings.CutSuffix(strings.TrimSpace(line), " <nil>")
	if err != nil || !ok {
		t.Fatalf("%q, %v", line, err)
	}
	return kill, dir
}

func there(path string) bool {
	_, err := os.Lstat(path)
	return !errors.Is(err, fs.ErrNotExist)
}

func always(string) bool { return true }
func never(string) bool  { return false }

// A sweep removes what a killed process left of a run that has ended, once, and
// nothing of those that live.
func TestSweep(t *testing.T) {
	root := filepath.Join(t.TempDir(), "work")
	p := leftover.At(root, "host/3/4")
	if got, err := p.SweepFolders(t.Context(), always); err != nil || len(got) > 0 {
		t.Fatalf("with no folder: %v, %v", got, err)
	}
	mine, err := p.Open("mine")
	if err != nil {
		t.Fatal(err)
	}
	kill, dead := other(t, root, "run-7")
	_, alive := other(t, root, "run-8")
	if got, err := p.SweepFolders(t.Context(), always); err != nil || len(got) > 0 {
		t.Fatalf("while all live: %v, %v", got, err)
	}
	kill()
	if got, err := p.SweepFolders(t.Context(), never); err != nil || len(got) > 0 || !there(filepath.Join(dead, "profile")) {
		t.Fatalf("while the run goes on: %v, %v", got, err)
	}
	got, err := p.SweepFolders(t.Context(), func(run string) bool { return run == "run-7" })
	if err != nil || len(got) != 1 {
		t.Fatalf("got %v, %v", got, err)
	}
	if want := (leftover.Leak{Run: "run-7", What: "folder", Where: dead, Files: 1, Bytes: 3000, Owner: "host/1/2"}); got[0] != want {
		t.Errorf("found %+v, want %+v", got[0], want)
	}
	if got, want := leftover.Summary(got), "1 folder (1 file, 3 KiB) of run run-7"; got != want {
		t.Errorf("in a line: %q, want %q", got, want)
	}
	if there(dead) || there(dead+".lock") || !there(mine.Path) || !there(alive) {
		t.Errorf("there are: dead %v, mine %v, alive %v", there(dead), there(mine.Path), there(alive))
	}
	if got := p.Found("run-7"); len(got) != 1 {
		t.Errorf("found of the run: %v", got)
	}
	if got := p.Found("run-7"); len(got) != 0 {
		t.Errorf("found again: %v", got)
	}
	if err := mine.Remove(); err != nil || there(mine.Path) || there(mine.Path+".lock") {
		t.Errorf("removing: %v", err)
	}
}

// A run whose process was killed has its files again; one that nobody goes on
// with loses them after a time.
func TestOpenAgain(t *testing.T) {
	root := t.TempDir()
	p := leftover.At(root, "x")
	kill, dir := other(t, root, "r")
	second, err := p.Open("r")
	if err != nil {
		t.Fatal(err)
	}
	if second.Path == dir {
		t.Error("two that live have one folder")
	}
	if err := second.Leave(); err != nil || there(second.Path) || there(second.Path+".lock") {
		t.Fatalf("an empty folder is left, %v", err)
	}
	kill()
	f, err := p.Open("r")
	if err != nil || f.Path != dir || !there(filepath.Join(dir, "profile", "cache", "a")) {
		t.Fatalf("%+v, %v", f, err)
	}
	if err := f.Leave(); err != nil {
		t.Fatal(err)
	}
	for _, age := range []time.Duration{leftover.Kept - time.Hour, leftover.Kept + time.Hour} {
		at := time.Now().Add(-age)
		if err := os.Chtimes(dir+".lock", at, at); err != nil {
			t.Fatal(err)
		}
		if _, err := p.SweepFolders(t.Context(), never); err != nil || there(dir) != (age < leftover.Kept) {
			t.Errorf("after %s: there is %v, %v", age, there(dir), err)
		}
	}
}

// Many sweeps at once, while runs begin and end: nobody loses a folder, and
// each leak is found by one.
func TestSweepsAtOnce(t *testing.T) {
	root := t.TempDir()
	kill, _ := other(t, root, "dead")
	kill()
	var all sync.WaitGroup
	var mu sync.Mutex
	found := 0
	for i := range 8 {
		all.Go(func() {
			p := leftover.At(root, "x")
			for range 20 {
				f, err := p.Open(fmt.Sprint("r", i%4))
				if err != nil {
					t.Error(err)
					return
				}
				list, err := p.SweepFolders(t.Context(), always)
				if err != nil {
					t.Error(err)
				}
				for _, l := range list {
					if l.Run == "dead" {
						mu.Lock()
						found++
						mu.Unlock()
					}
				}
				if !there(f.Path) {
					t.Error("the folder of a live process is gone")
				}
				if err := f.Remove(); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	if found != 1 {
		t.Errorf("found %d times", found)
	}
	if left, _ := os.ReadDir(root); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
}

// What nobody has of a run goes, also where programs of before put it, and
// nothing of a run whose id begins the same.
func TestForget(t *testing.T) {
	root := t.TempDir()
	p := leftover.At(root, "x")
	var paths []string
	for _, run := range []string{"r", "r-2", "r-3.lock", "../../r", strings.Repeat("r", 300)} {
		f, err := p.Open(run)
		if err != nil {
			t.Fatal(err)
		}
		if filepath.Dir(f.Path) != root {
			t.Errorf("the folder of run %.20s is %s", run, f.Path)
		}
		if err := os.WriteFile(filepath.Join(f.Path, "x"), nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := f.Leave(); err != nil {
			t.Fatal(err)
		}
		paths = append(paths, f.Path)
	}
	for _, name := range []string{"r-123", "r-2-456"} {
		if err := os.Mkdir(filepath.Join(root, name), 0o700); err != nil {
			t.Fatal(err)
		}
		paths = append(paths, filepath.Join(root, name))
	}
	if err := p.Forget("r"); err != nil {
		t.Fatal(err)
	}
	for i, path := range paths {
		if gone := i == 0 || filepath.Base(path) == "r-123"; there(path) == gone {
			t.Errorf("%s: there is %v", path, !gone)
		}
	}
}
