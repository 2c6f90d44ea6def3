//go:build !unix

package cdp

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/chromedp/chromedp"
)

// connect starts the command with a debugging port of the browser's choice, which it writes into its profile; the
// profile is the command's folder.
func connect(_ context.Context, cmd *exec.Cmd) (chromedp.Transport, func(context.Context) (chromedp.Transport, error), error) {
	cmd.Args = append(cmd.Args, "--remote-debugging-port=0")
	if err := cmd.Start(); err != nil {
		return nil, nil, err
	}
	return nil, func(ctx context.Context) (chromedp.Transport, error) {
		for {
			b, err := os.ReadFile(filepath.Join(cmd.Dir, "DevToolsActivePort"))
			if port, path, ok := strings.Cut(strings.TrimSpace(string(b)), "\n"); err == nil && ok {
				return dial(ctx, fmt.Sprintf("ws://127.0.0.1:%s%s", port, strings.TrimSpace(path)))
			}
			select {
			case <-ctx.Done():
				return nil, ctx.Err()
			case <-time.After(20 * time.Millisecond):
			}
		}
	}, nil
}

func ownGroup(*exec.Cmd) {}

func killGroup(cmd *exec.Cmd) {
	if cmd.Process != nil {
		_ = cmd.Process.Kill()
	}
}
