package cdp

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/chromedp/chromedp"

	"github.com/aether-rpa/aether/browser"
	"github.com/aether-rpa/aether/browser/program"
)

// names are the programs to look for on the PATH, the most usual first.
var names = []string{"google-chrome-stable", "google-chrome", "chromium", "chromium-browser", "chrome", "microsoft-edge-stable", "microsoft-edge", "brave-browser", "brave"}

// places are where the programs are without being on the PATH.
var places = map[string][]string{
	"darwin": {
		"/Applications/Google Chrome.app/Contents/MacOS/Google Chrome", "/Applications/Chromium.app/Contents/MacOS/Chromium",
		"/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge", "/Applications/Brave Browser.app/Contents/MacOS/Brave Browser",
	},
	"windows": {
		`C:\Program Files\Google\Chrome\Application\chrome.exe`, `C:\Program Files (x86)\Google\Chrome\Application\chrome.exe`,
		`C:\Program Files (x86)\Microsoft\Edge\Application\msedge.exe`, `C:\Program Files\Microsoft\Edge\Application\msedge.exe`,
		`C:\Program Files\BraveSoftware\Brave-Browser\Application\brave.exe`,
	},
	"linux": {"/opt/google/chrome/chrome", "/opt/microsoft/msedge/msedge", "/opt/brave.com/brave/brave", "/snap/bin/chromium"},
}

// ErrNoBrowser says that no browser was found on this machine.
var ErrNoBrowser = errors.New("no browser was found: install Chromium, Chrome, Edge or Brave, or name one with browser.path")

// Find returns the path of a browser that is installed on this machine.
func Find() (string, error) {
	if p := program.Find(names, places); p != "" {
		return p, nil
	}
	return "", ErrNoBrowser
}

// flags keep a browser that works for a robot from doing anything of its own: no first-run pages, no background
// traffic, no throttling of pages out of sight, and no waiting for a frame to be drawn before what a page does after a
// press goes on.
var flags = []string{
	"--no-first-run", "--no-default-browser-check", "--no-startup-window", "--disable-background-networking", "--disable-background-timer-throttling",
	"--disable-backgrounding-occluded-windows", "--disable-breakpad", "--disable-client-side-phishing-detection", "--disable-default-apps",
	"--disable-dev-shm-usage", "--disable-extensions", "--disable-hang-monitor", "--disable-ipc-flooding-protection", "--disable-popup-blocking",
	"--disable-prompt-on-repost", "--disable-renderer-backgrounding", "--disable-sync", "--disable-component-update", "--disable-field-trial-config",
	"--disable-features=Translate,MediaRouter,OptimizationHints,AutofillServerCommunication,PasswordLeakDetection,HttpsUpgrades,PaintHolding,BackForwardCache,DeferRendererTasksAfterInput",
	"--force-color-profile=srgb", "--metrics-recording-only", "--password-store=basic", "--use-mock-keychain", "--no-service-autorun",
	"--disable-search-engine-choice-screen", "--enable-automation",
}

// Driver drives Chromium and its kin.
type Driver struct{}

var _ browser.Driver = Driver{}

// Launch implements browser.Driver. The browser is spoken to through a pipe where the system has one to give, so that
// no port is open and the browser ends when this process does.
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
	args := append([]string{"--user-data-dir=" + profile}, flags...)
	if o.Headless {
		args = append(args, "--headless=new", "--hide-scrollbars", "--mute-audio")
	}
	if o.NoSandbox {
		args = append(args, "--no-sandbox", "--disable-setuid-sandbox")
	}
	if len(o.Refuse) > 0 { // to the browser there are no such hosts
		args = append(args, "--host-resolver-rules=MAP "+strings.Join(o.Refuse, " ~NOTFOUND, MAP ")+" ~NOTFOUND")
	}
	p, err := program.New(path, o.Profile, append(args, o.Args...), o.Env)
	if err != nil {
		return nil, err
	}
	tr, started, err := connect(p)
	if err != nil {
		return nil, fmt.Errorf("starting the browser %s: %w", path, err)
	}
	if started != nil {
		if tr, err = started(ctx); err != nil {
			p.Kill()
			return nil, fmt.Errorf("the browser %s did not start: %w%s", path, err, said(p))
		}
	}
	b := newBrowser(tr, p)
	if err := b.begin(ctx); err != nil {
		_ = tr.Close()
		p.Kill()
		if ctx.Err() != nil {
			return nil, fmt.Errorf("the browser %s did not answer in time%s: %w", path, said(p), ctx.Err())
		}
		return nil, fmt.Errorf("the browser %s did not start%s: %w", path, said(p), err)
	}
	noteSocket(profile)
	return b, nil
}

// noteSocket keeps in the profile where the browser has its socket. Its own link to that goes first when it ends, so
// that a browser which is killed while it ends would leave a socket that nobody finds; see package leftover.
func noteSocket(profile string) {
	if at, err := os.Readlink(filepath.Join(profile, "SingletonSocket")); err == nil {
		_ = os.WriteFile(filepath.Join(profile, "AetherSocket"), []byte(at), 0o600) // without it, only that is not found
	}
}

// said is what a browser that did not start wrote about it.
func said(p *program.Program) string {
	s := p.Said()
	if strings.Contains(s, "sandbox") {
		s += " (root needs browser.no_sandbox, and some containers do too; see aether doctor)"
	}
	if s == "" {
		return ""
	}
	return " (it says: " + s + ")"
}

// pipes starts a program with the two pipes of --remote-debugging-pipe as its files 3 and 4.
func pipes(p *program.Program) (chromedp.Transport, error) {
	theirR, ourW, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	ourR, theirW, err := os.Pipe()
	if err != nil {
		return nil, errors.Join(err, theirR.Close(), ourW.Close())
	}
	p.Cmd.ExtraFiles = []*os.File{theirR, theirW}
	p.Cmd.Args = append(p.Cmd.Args, "--remote-debugging-pipe")
	err = p.Start()
	_ = theirR.Close()
	_ = theirW.Close()
	if err != nil {
		return nil, errors.Join(err, ourR.Close(), ourW.Close())
	}
	return newPipe(ourR, ourW), nil
}
