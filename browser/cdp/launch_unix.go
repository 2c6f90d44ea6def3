//go:build unix

package cdp

import (
	"context"
	"os/exec"
	"syscall"

	"github.com/chromedp/chromedp"
)

// connect starts the command and returns the way to it.
func connect(_ context.Context, cmd *exec.Cmd) (chromedp.Transport, func(context.Context) (chromedp.Transport, error), error) {
	tr, err := pipes(cmd)
	return tr, nil, err
}

func ownGroup(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

func killGroup(cmd *exec.Cmd) {
	if cmd.Process != nil {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
	}
}
