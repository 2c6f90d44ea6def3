//go:build unix && !linux

package process

import (
	"crypto/rand"
	"errors"
	"os"
	"os/exec"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// tree is a started program and its group.
type tree struct {
	pid       int
	exited    chan struct{}
	survivors error
}

func start(cmd *exec.Cmd, _ Cmd) (*tree, error) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	t := &tree{pid: cmd.Process.Pid, exited: make(chan struct{})}
	go func() {
		_ = cmd.Wait()
		close(t.exited)
	}()
	return t, nil
}

func (t *tree) terminate() { _ = unix.Kill(-t.pid, unix.SIGTERM) }

// left reports whether the group has a member; its id cannot be used again
// while it has.
func (t *tree) left() bool { return unix.Kill(-t.pid, 0) == nil }

func (t *tree) memory() int64 { return 0 }

func (t *tree) kill() error {
	for end := time.Now().Add(5 * time.Second); t.left(); {
		_ = unix.Kill(-t.pid, unix.SIGKILL)
		if time.Now().After(end) {
			return errors.New("a process of the program's group could not be killed")
		}
		time.Sleep(5 * time.Millisecond)
	}
	return nil
}

func (t *tree) overLimit(Cmd, Result) error { return nil }

func (t *tree) reap(cmd *exec.Cmd) *os.ProcessState { return cmd.ProcessState }

func (t *tree) close() {}

func newToken() string { return rand.Text() }

func signalName(s *os.ProcessState) string {
	if ws, ok := s.Sys().(syscall.WaitStatus); ok && ws.Signaled() {
		return unix.SignalName(ws.Signal())
	}
	return ""
}

func detach(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true} }
