package cli

import (
	"context"
	"errors"
	"os"
	"time"

	"github.com/aether-rpa/aether/browser"
	"github.com/aether-rpa/aether/browser/cdp"
	"github.com/aether-rpa/aether/internal/config"
)

// examineBrowser starts the browser that flows would work in. None being there is no fault: many flows need none.
func examineBrowser(ctx context.Context, c config.Browser, env []string) finding {
	const what = "browser"
	root := os.Geteuid() == 0
	dir, err := os.MkdirTemp("", "aether-doctor-")
	if err != nil {
		return finding{what, false, err.Error()}
	}
	defer func() { _ = os.RemoveAll(dir) }()
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	b, err := cdp.Driver{}.Launch(ctx, browser.Launch{Path: c.Path, Profile: dir, Headless: true, NoSandbox: c.NoSandbox || root, Env: env})
	if errors.Is(err, cdp.ErrNoBrowser) {
		return finding{what, true, "none: flows that work in a browser need Chromium, Chrome, Edge or Brave, or the path of one in browser.path"}
	}
	if err != nil {
		return finding{what, false, err.Error()}
	}
	text := b.Product()
	if err := b.Close(); err != nil {
		return finding{what, false, err.Error()}
	}
	switch {
	case root:
		text += ", without its sandbox, since root starts it: run robots as another user where pages are not trusted"
	case c.NoSandbox:
		text += ", without its sandbox, as browser.no_sandbox says"
	}
	return finding{what, true, text}
}
