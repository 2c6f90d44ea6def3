package cli

import (
	"context"
	"errors"
	"os"
	"time"

	"github.com/aether-rpa/aether/browser"
	"github.com/aether-rpa/aether/browser/bidi"
	"github.com/aether-rpa/aether/browser/makes"
	"github.com/aether-rpa/aether/internal/config"
)

// examineBrowsers starts the browser that flows would work in, and Firefox where it is another one that they may ask for.
func examineBrowsers(ctx context.Context, c config.Browser, env []string) []finding {
	first, brand := examineBrowser(ctx, "browser", c, env)
	out := []finding{first}
	if _, err := bidi.Find(); err == nil && brand != makes.Firefox {
		c.Make, c.Path = makes.Firefox, ""
		second, _ := examineBrowser(ctx, "firefox", c, env)
		second.Text += ", for flows that say browser: firefox in web.open"
		out = append(out, second)
	}
	return out
}

// examineBrowser starts a browser and says which it is. None being there is no fault: many flows need none.
func examineBrowser(ctx context.Context, what string, c config.Browser, env []string) (_ finding, brand string) {
	launch := browser.Launch{Make: c.Make, Path: c.Path, Headless: true, NoSandbox: c.NoSandbox || os.Geteuid() == 0, Env: env}
	if brand = makes.Chromium; (makes.Driver{}).Alone(launch) {
		brand = makes.Firefox
	}
	root := os.Geteuid() == 0
	dir, err := os.MkdirTemp("", "aether-doctor-")
	if err != nil {
		return finding{what, false, err.Error()}, brand
	}
	defer func() { _ = os.RemoveAll(dir) }()
	launch.Profile = dir
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	b, err := makes.Driver{}.Launch(ctx, launch)
	if errors.Is(err, makes.ErrNoBrowser) {
		return finding{what, true, "none: flows that work in a browser need Chromium, Chrome, Edge, Brave or Firefox, or the path of one in browser.path"}, brand
	}
	if err != nil {
		return finding{what, false, err.Error()}, brand
	}
	text := b.Product()
	if err := b.Close(); err != nil {
		return finding{what, false, err.Error()}, brand
	}
	switch {
	case brand == makes.Firefox:
	case root:
		text += ", without its sandbox, since root starts it: run robots as another user where pages are not trusted"
	case c.NoSandbox:
		text += ", without its sandbox, as browser.no_sandbox says"
	}
	return finding{what, true, text}, brand
}

// chromium is the program of browser.path for what only Chromium and its kin can do: "" looks for one.
func chromium(path string) string {
	if bidi.Is(path) {
		return ""
	}
	return path
}
