//go:build !unix

package cdp

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/aether-rpa/aether/browser/program"
)

// connect starts the program with a debugging port of the browser's choice, which it writes into its profile; the
// profile is the program's folder.
func connect(p *program.Program) (chromedp.Transport, func(context.Context) (chromedp.Transport, error), error) {
	p.Cmd.Args = append(p.Cmd.Args, "--remote-debugging-port=0")
	if err := p.Start(); err != nil {
		return nil, nil, err
	}
	return nil, func(ctx context.Context) (chromedp.Transport, error) {
		for {
			b, err := os.ReadFile(filepath.Join(p.Cmd.Dir, "DevToolsActivePort"))
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
