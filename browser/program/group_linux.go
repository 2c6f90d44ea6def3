package program

import (
	"os/exec"
	"syscall"
)

// ownGroup makes a group of processes of the program's own, which ends with this process even where no pipe tells it.
func ownGroup(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
