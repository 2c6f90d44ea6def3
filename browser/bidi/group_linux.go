package bidi

import (
	"os/exec"
	"syscall"
)

// ownGroup makes a group of processes of the browser's own, which ends with this process: no pipe tells it.
func ownGroup(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
