package cdp

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/aether-rpa/aether/browser"
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
	for _, n := range names {
		if p, err := exec.LookPath(n); err == nil {
			return p, nil
		}
	}
	for _, p := range places[runtime.GOOS] {
		if s, err := os.Stat(p); err == nil && !s.IsDir() {
			return p, nil
		}
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
	if o.Profile == "" {
		return nil, errors.New("a browser needs a folder for its profile")
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
	cmd := exec.Command(path, append(args, o.Args...)...) //nolint:noctx // it outlives the call; Close ends it
	// What a browser writes outside of its profile, as reports of crashes, goes there too.
	cmd.Env = append(slices.Clone(o.Env), "XDG_CONFIG_HOME="+filepath.Join(profile, "config"), "XDG_CACHE_HOME="+filepath.Join(profile, "cache"))
	cmd.Dir = profile
	out := &tail{}
	cmd.Stdout, cmd.Stderr = out, out
	cmd.WaitDelay = 2 * time.Second
	ownGroup(cmd)
	tr, started, err := connect(ctx, cmd)
	if err != nil {
		return nil, fmt.Errorf("starting the browser %s: %w", path, err)
	}
	p := &process{cmd: cmd, exited: make(chan struct{})}
	go func() {
		_ = cmd.Wait()
		killGroup(cmd) // what the browser started and left
		close(p.exited)
	}()
	if started != nil {
		if tr, err = started(ctx); err != nil {
			p.kill()
			return nil, fmt.Errorf("the browser %s did not start: %w%s", path, err, out.words())
		}
	}
	b := newBrowser(tr, p)
	if err := b.begin(ctx); err != nil {
		_ = tr.Close()
		p.kill()
		if ctx.Err() != nil {
			return nil, fmt.Errorf("the browser %s did not answer in time%s: %w", path, out.words(), ctx.Err())
		}
		return nil, fmt.Errorf("the browser %s did not start%s: %w", path, out.words(), err)
	}
	return b, nil
}

// process is a browser's process with all it started.
type process struct {
	cmd    *exec.Cmd
	exited chan struct{}
}

// kill ends the processes now and returns when they are gone.
func (p *process) kill() {
	killGroup(p.cmd)
	<-p.exited
}

// pipes gives a command the two pipes of --remote-debugging-pipe as its files 3 and 4.
func pipes(cmd *exec.Cmd) (chromedp.Transport, error) {
	theirR, ourW, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	ourR, theirW, err := os.Pipe()
	if err != nil {
		return nil, errors.Join(err, theirR.Close(), ourW.Close())
	}
	cmd.ExtraFiles = []*os.File{theirR, theirW}
	cmd.Args = append(cmd.Args, "--remote-debugging-pipe")
	err = cmd.Start()
	_ = theirR.Close()
	_ = theirW.Close()
	if err != nil {
		return nil, errors.Join(err, ourR.Close(), ourW.Close())
	}
	return newPipe(ourR, ourW), nil
}

// tail keeps the last of what a program writes, for the error of a start that failed.
type tail struct {
	mu   sync.Mutex
	text []byte
}

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.text = append(t.text, p...)
	if len(t.text) > 8192 {
		t.text = t.text[len(t.text)-4096:]
	}
	return len(p), nil
}

// words returns the lines that say why a browser did not start.
func (t *tail) words() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	var keep []string
	for line := range strings.SplitSeq(string(t.text), "\n") {
		if line = strings.TrimSpace(line); line != "" && !strings.Contains(line, "dbus") && len(keep) < 4 {
			keep = append(keep, line)
		}
	}
	s := strings.Join(keep, "; ")
	if strings.Contains(s, "sandbox") {
		s += " (root needs browser.no_sandbox, and some containers do too; see aether doctor)"
	}
	if s == "" {
		return ""
	}
	return " (it says: " + s + ")"
}

var _ io.Writer = (*tail)(nil)
