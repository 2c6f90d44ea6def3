package process_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/aether-rpa/aether/process"
)

// plainly starts a program as any package may, with the mark of a run: one part
// of it is in a session of its own, and a part of that without environment.
func plainly(dir string) error {
	cmd := exec.Command("sh", "-c", `setsid sh -c 'env -i sleep 1000 & echo $! >>pids; echo $$ >>pids; wait' & sleep 1000 & echo $! >>pids; wait`)
	cmd.Dir, cmd.Env = dir, append(slices.Clone(env), process.RunMark("test", "run-1-x"))
	return cmd.Run()
}

// What an Aether that was killed had started is found by the mark of the run,
// also by those who did not start it with this package; what somebody else
// started is left alone.
func TestOrphansOfRun(t *testing.T) {
	dir := t.TempDir()
	aether := exec.Command(os.Args[0])
	aether.Env = append(os.Environ(), "TEST_AETHER_PLAIN="+dir)
	if err := aether.Start(); err != nil {
		t.Fatal(err)
	}
	pids := waitFor(t, filepath.Join(dir, "pids"), 3)
	// It is in the group of this test, as the programs are.
	other := exec.Command("sleep", "1000")
	if err := other.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = other.Process.Kill()
		_ = other.Wait()
	})
	if got, err := process.KillOrphans(t.Context(), "test"); err != nil || len(got) > 0 {
		t.Errorf("while Aether lives: %+v, %v", got, err)
	}
	if got, err := process.KillRun(t.Context(), "test", "run-1-x"); err != nil || len(got) > 0 {
		t.Errorf("the run of another Aether: %+v, %v", got, err)
	}
	if got, err := process.KillOrphans(t.Context(), "other"); err != nil || slices.ContainsFunc(got, func(o process.Orphan) bool { return slices.Contains(pids, o.PID) }) {
		t.Errorf("of another scope: %+v, %v", got, err)
	}
	if err := aether.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = aether.Wait()
	got, err := process.KillOrphans(t.Context(), "test")
	if err != nil {
		t.Fatal(err)
	}
	for _, pid := range pids {
		if alive(pid) || !slices.ContainsFunc(got, func(o process.Orphan) bool {
			return o.PID == pid && o.Run == "run-1-x" && (o.Name == "sleep" || o.Name == "sh")
		}) {
			t.Errorf("process %d: alive is %v, found %+v", pid, alive(pid), got)
		}
	}
	if !alive(other.Process.Pid) {
		t.Error("a process of somebody else was killed")
	}
}

// A run that has ended leaves nothing; another run of the same Aether goes on.
func TestKillRun(t *testing.T) {
	start := func(run string) *exec.Cmd {
		cmd := exec.Command("sleep", "1000")
		cmd.Env = []string{process.RunMark("test", run)}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = cmd.Process.Kill() })
		return cmd
	}
	one, two := start("one"), start("one-2")
	got, err := process.KillRun(t.Context(), "test", "one")
	if err != nil || len(got) != 1 || got[0].PID != one.Process.Pid || got[0].Run != "one" {
		t.Errorf("got %+v, %v", got, err)
	}
	_ = one.Wait()
	if !alive(two.Process.Pid) {
		t.Error("the other run's process is gone, too")
	}
	_ = two.Process.Kill()
	_ = two.Wait()
}

// A program that is to live on is nobody's.
func TestStartIsNoRuns(t *testing.T) {
	dir := t.TempDir()
	s, err := process.Start(process.Cmd{Path: "sh", Args: []string{"-c", `echo $$ >pids; echo "${AETHER_RUN-none}" >mark; sleep 1000`}, Dir: dir, Env: append(slices.Clone(env), process.RunMark("test", "r"))})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		p, _ := os.FindProcess(s.PID)
		_ = p.Kill()
	})
	waitFor(t, filepath.Join(dir, "pids"), 1)
	for end := time.Now().Add(20 * time.Second); ; {
		b, _ := os.ReadFile(filepath.Join(dir, "mark"))
		if string(b) == "none\n" {
			break
		}
		if time.Now().After(end) {
			t.Fatalf("the mark is %q", b)
		}
		<-time.After(5 * time.Millisecond)
	}
	if got, err := process.KillRun(t.Context(), "test", "r"); err != nil || len(got) > 0 || !alive(s.PID) {
		t.Errorf("killed %+v, %v", got, err)
	}
}
