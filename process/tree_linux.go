package process

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// killWithin bounds how long killed processes may take to disappear; only one
// stuck in the kernel takes longer.
const killWithin = 5 * time.Second

// tree is a started program and all that descends from it.
type tree struct {
	pid       int // also the id of the group
	start     uint64
	token     string
	exited    chan struct{}
	survivors error
}

// start starts cmd on a thread of its own: Pdeathsig fires when the thread that
// forked ends, so that thread must stay as long as the program.
func start(cmd *exec.Cmd, c Cmd) (*tree, error) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	t := &tree{token: lookup(cmd.Env, Marker), exited: make(chan struct{})}
	started := make(chan error)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		if err == nil {
			t.pid = cmd.Process.Pid
			limit(t.pid, c)
			p, _ := readStat(t.pid)
			t.start = p.start
		}
		started <- err
		if err == nil {
			waitExit(t.pid)
			close(t.exited)
		}
	}()
	return t, <-started
}

// limit sets the limits of a running process. One that is gone already needs
// none.
func limit(pid int, c Cmd) {
	if c.Memory > 0 {
		// Not RLIMIT_AS: runtimes reserve far more addresses than they use.
		n := uint64(c.Memory)
		_ = unix.Prlimit(pid, unix.RLIMIT_DATA, &unix.Rlimit{Cur: n, Max: n}, nil)
	}
	if c.CPU > 0 {
		n := uint64((c.CPU + time.Second - 1) / time.Second)
		_ = unix.Prlimit(pid, unix.RLIMIT_CPU, &unix.Rlimit{Cur: n, Max: n + 1}, nil)
	}
	if c.Memory > 0 || c.CPU > 0 {
		_ = unix.Prlimit(pid, unix.RLIMIT_CORE, &unix.Rlimit{}, nil)
	}
}

// waitExit waits without reaping, so that the id of the process and of its
// group cannot pass to another one before everything was killed.
func waitExit(pid int) {
	for {
		err := unix.Waitid(unix.P_PID, pid, nil, unix.WEXITED|unix.WNOWAIT, nil)
		if !errors.Is(err, unix.EINTR) {
			return
		}
	}
}

func (t *tree) terminate() { _ = unix.Kill(-t.pid, unix.SIGTERM) }

func (t *tree) left() bool { return len(t.members(true)) > 0 }

func (t *tree) memory() (total int64) {
	for _, p := range t.members(false) {
		total += p.resident
	}
	return total
}

// members returns the living processes of the tree: those in the group, those
// whose ancestors are in it, and with strays also those that only carry the
// token.
func (t *tree) members(strays bool) []stat {
	all := listStats(t.start)
	in := map[int]bool{}
	for grown := true; grown; {
		grown = false
		for _, p := range all {
			if !in[p.pid] && (p.pid == t.pid || p.group == t.pid || in[p.parent]) {
				in[p.pid], grown = true, true
			}
		}
	}
	return slices.DeleteFunc(all, func(p stat) bool {
		return p.dead || !in[p.pid] && !(strays && carries(p.pid, t.token))
	})
}

// kill kills the tree and returns an error that names what is left of it.
func (t *tree) kill() error {
	return killAll(func() []stat {
		list := t.members(true)
		if len(list) > 0 {
			_ = unix.Kill(-t.pid, unix.SIGKILL)
		}
		return list
	})
}

// killAll kills what find returns until it twice returns nothing: a process may
// fork between the look and the kill, and shows no environment while it execs.
func killAll(find func() []stat) error {
	deadline := time.Now().Add(killWithin)
	killed, empty := false, 0
	for pause := time.Millisecond; ; pause = min(2*pause, 20*time.Millisecond) {
		list := find()
		if len(list) == 0 {
			if empty++; !killed || empty == 2 {
				return nil
			}
		} else {
			killed, empty = true, 0
		}
		for _, p := range list {
			p.signal(unix.SIGKILL)
		}
		if time.Now().After(deadline) {
			pids := make([]int, len(list))
			for i, p := range list {
				pids[i] = p.pid
			}
			return fmt.Errorf("processes %v could not be killed", pids)
		}
		time.Sleep(pause) //nolint:forbidigo // the kernel gives no signal when a killed process is gone
	}
}

func (t *tree) overLimit(c Cmd, r Result) error {
	if c.CPU > 0 && (r.Signal == "SIGXCPU" || r.Signal == "SIGKILL" && r.CPU >= c.CPU) {
		return &LimitError{What: "cpu", Limit: c.CPU.String()}
	}
	return nil
}

// reap takes the exit status; its error would only repeat it.
func (t *tree) reap(cmd *exec.Cmd) *os.ProcessState {
	_ = cmd.Wait()
	return cmd.ProcessState
}

func (t *tree) close() {}

func signalName(s *os.ProcessState) string {
	if ws, ok := s.Sys().(syscall.WaitStatus); ok && ws.Signaled() {
		return unix.SignalName(ws.Signal())
	}
	return ""
}

func detach(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true} }
