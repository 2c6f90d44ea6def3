package bidi

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/aether-rpa/aether/browser"
	"github.com/aether-rpa/aether/browser/program"
)

// names are the programs to look for on the PATH.
var names = []string{"firefox", "firefox-esr"}

// places are where the programs are without being on the PATH.
var places = map[string][]string{
	"darwin":  {"/Applications/Firefox.app/Contents/MacOS/firefox"},
	"windows": {`C:\Program Files\Mozilla Firefox\firefox.exe`, `C:\Program Files (x86)\Mozilla Firefox\firefox.exe`},
	"linux":   {"/opt/firefox/firefox", "/usr/lib/firefox-esr/firefox-esr", "/usr/lib/firefox/firefox", "/snap/bin/firefox"},
}

// ErrNoBrowser says that Firefox was not found on this machine.
var ErrNoBrowser = errors.New("no Firefox was found: install it, or name its program with browser.path")

// ErrBusy says that another program works with a Firefox.
var ErrBusy = errors.New("another program works with the Firefox, which serves one at a time")

// Find returns the path of a Firefox that is installed on this machine.
func Find() (string, error) {
	if p := program.Find(names, places); p != "" {
		return p, nil
	}
	return "", ErrNoBrowser
}

// Is reports whether a program is Firefox, by its name.
func Is(path string) bool {
	return strings.Contains(strings.ToLower(filepath.Base(path)), "firefox")
}

// Driver drives Firefox.
type Driver struct{}

var _ browser.Driver = Driver{}

// Launch implements browser.Driver. Firefox has no pipe to be spoken to, so it opens a port on this machine's own
// address; it serves one session, and that is this one.
func (Driver) Launch(ctx context.Context, o browser.Launch) (browser.Browser, error) {
	path := o.Path
	if path == "" {
		var err error
		if path, err = Find(); err != nil {
			return nil, err
		}
	}
	profile, err := filepath.Abs(o.Profile)
	if err != nil {
		return nil, err
	}
	args := []string{"--no-remote", "--profile", profile, "--remote-debugging-port", "0"}
	if o.Headless {
		args = append(args, "--headless")
	}
	p, err := program.New(path, o.Profile, append(append(args, o.Args...), "about:blank"), append(slices.Clone(o.Env), "MOZ_CRASHREPORTER_DISABLE=1"))
	if err != nil {
		return nil, err
	}
	if err := os.WriteFile(filepath.Join(profile, "user.js"), []byte(preferences(o)), 0o600); err != nil {
		return nil, fmt.Errorf("writing the preferences of Firefox: %w", err)
	}
	if err := p.Start(); err != nil {
		return nil, fmt.Errorf("starting the browser %s: %w", path, err)
	}
	b, err := join(ctx, p)
	if err != nil {
		p.Kill()
		said := p.Said()
		if said != "" {
			said = " (it says: " + said + ")"
		}
		if ctx.Err() != nil {
			return nil, fmt.Errorf("the browser %s did not answer in time%s: %w", path, said, ctx.Err())
		}
		return nil, fmt.Errorf("the browser %s did not start%s: %w", path, said, err)
	}
	b.windows = o.Headless
	return b, nil
}

// listening is the line by which Firefox says where it can be spoken to.
var listening = regexp.MustCompile(`WebDriver BiDi listening on (ws://\S+)`)

// join waits for the browser's port and begins the session.
func join(ctx context.Context, p *program.Program) (*instance, error) {
	at, err := p.Await(ctx, listening)
	if err != nil {
		return nil, err
	}
	c, err := dial(ctx, at+"/session")
	if err != nil {
		return nil, err
	}
	b := newBrowser(c, p)
	b.at = at
	if err := b.begin(ctx); err != nil {
		c.close()
		return nil, err
	}
	return b, nil
}

// Attach implements browser.Driver: url is like http://127.0.0.1:9222 or ws://127.0.0.1:9222.
func (Driver) Attach(ctx context.Context, url string) (browser.Browser, error) {
	ws := strings.TrimSuffix(strings.TrimSuffix(url, "/"), "/session")
	for old, scheme := range map[string]string{"http://": "ws://", "https://": "wss://"} {
		if rest, ok := strings.CutPrefix(ws, old); ok {
			ws = scheme + rest
		}
	}
	c, err := dial(ctx, ws+"/session")
	if err != nil {
		return nil, fmt.Errorf("no Firefox answers at %s; start it with --remote-debugging-port=9222: %w", url, err)
	}
	b := newBrowser(c, nil)
	if err := b.begin(ctx); err != nil {
		c.close()
		if isRefused(err, "session not created") {
			return nil, fmt.Errorf("%w at %s: %w", ErrBusy, url, err)
		}
		return nil, fmt.Errorf("attaching to the Firefox at %s: %w", url, err)
	}
	return b, nil
}
