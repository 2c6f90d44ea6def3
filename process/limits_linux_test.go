package process_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aether-rpa/aether/process"
)

// TestMain lets the test binary be an Aether that is killed.
func TestMain(m *testing.M) {
	if dir := os.Getenv("TEST_AETHER_DIR"); dir != "" {
		_, _ = process.Run(context.Background(), process.Cmd{Path: "sh", Args: []string{"-c", daemon + stubborn + "while :; do sleep 0.1; done"}, Env: append(slices.Clone(env), process.RunMark("limits", "r")), Dir: dir})
		os.Exit(0)
	}
	if dir := os.Getenv("TEST_AETHER_PLAIN"); dir != "" {
		_ = plainly(dir)
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func TestKillNineTakesChildren(t *testing.T) {
	dir := t.TempDir()
	aether := exec.Command(os.Args[0])
	aether.Env = append(os.Environ(), "TEST_AETHER_DIR="+dir)
	if err := aether.Start(); err != nil {
		t.Fatal(err)
	}
	pids := waitFor(t, filepath.Join(dir, "pids"), 4)
	leader := leaderOf(t, pids, aether.Process.Pid)
	if n, err := process.KillOrphans(t.Context(), "limits"); err != nil || len(n) != 0 || !alive(leader) {
		t.Errorf("while Aether lives: killed %+v, %v", n, err)
	}
	if err := aether.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = aether.Wait()
	for end := time.Now().Add(5 * time.Second); alive(leader) && time.Now().Before(end); {
		<-time.After(time.Millisecond)
	}
	if alive(leader) {
		t.Error("the program outlives a killed Aether")
	}
	if n, err := process.KillOrphans(t.Context(), "limits"); err != nil || len(n) < 3 {
		t.Errorf("killed %+v, %v", n, err)
	}
	for _, pid := range pids {
		if alive(pid) {
			t.Errorf("process %d is left", pid)
		}
	}
}

// leaderOf returns the pid whose parent is the given one.
func leaderOf(t *testing.T, pids []int, parent int) int {
	t.Helper()
	for _, pid := range pids {
		b, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/status")
		if err == nil && bytes.Contains(b, []byte("PPid:\t"+strconv.Itoa(parent)+"\n")) {
			return pid
		}
	}
	t.Fatal("the leader is not listed")
	return 0
}

func TestMemoryOfOneProcess(t *testing.T) {
	t.Parallel()
	// tail keeps what has no line end in memory.
	_, e, res, err := shell(t, t.Context(), "head -c 300000000 /dev/zero | tail -n 1 >/dev/null", func(c *process.Cmd) { c.Memory = 32 << 20 })
	var limit *process.LimitError
	if !errors.As(err, &limit) && !strings.Contains(e, "memory") {
		t.Errorf("got %v, %q, %+v", err, e, res)
	}
}

func TestMemoryOfTree(t *testing.T) {
	t.Parallel()
	// Four processes that each stay below the limit.
	one := "(head -c 30000000 /dev/zero; sleep 60) | tail -n 1 >/dev/null & "
	_, _, _, err := shell(t, t.Context(), strings.Repeat(one, 4)+"wait", func(c *process.Cmd) { c.Memory = 80 << 20 })
	var limit *process.LimitError
	if !errors.As(err, &limit) || limit.What != "memory" || limit.Limit != "80 MiB" {
		t.Errorf("got %v", err)
	}
}

func TestCPU(t *testing.T) {
	t.Parallel()
	_, _, res, err := shell(t, t.Context(), "while :; do :; done", func(c *process.Cmd) { c.CPU = 500 * time.Millisecond })
	var limit *process.LimitError
	if !errors.As(err, &limit) || limit.What != "cpu" || res.Elapsed > 20*time.Second {
		t.Errorf("got %v %+v", err, res)
	}
}
