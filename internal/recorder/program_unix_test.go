//go:build unix

package recorder_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/aether-rpa/aether/browser"
	"github.com/aether-rpa/aether/browser/cdp"
)

// noise keeps what a program says.
type noise struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (n *noise) Write(p []byte) (int, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.b.Write(p)
}

func (n *noise) String() string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.b.String()
}

// TestProgram records with the program, which is killed or told to end: what was done until then is in the file.
func TestProgram(t *testing.T) {
	path, err := cdp.Find()
	if err != nil {
		t.Skip(err)
	}
	url := serve(t, map[string]string{"/": `<title>Desk</title><label>Name <input name=n></label><button>One</button><button>Two</button>`})
	for _, sig := range []syscall.Signal{syscall.SIGKILL, syscall.SIGTERM} {
		t.Run(sig.String(), func(t *testing.T) {
			dir, err := os.MkdirTemp("", "aether-record-test-") //nolint:usetesting // a browser whose program is killed writes on for a moment
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { eventually(t, func() string { return dir }, func() bool { return os.RemoveAll(dir) == nil }) })
			// The browser opens a port besides, over which the person works in it.
			script := filepath.Join(dir, "browser.sh")
			if err := os.WriteFile(script, []byte("#!/bin/sh\nfor a in \"$@\"; do case $a in --user-data-dir=*) echo \"${a#*=}\" > "+dir+"/profile;; esac; done\nexec "+path+" --remote-debugging-port=0 \"$@\"\n"), 0o700); err != nil { //nolint:gosec // it is run
				t.Fatal(err)
			}
			exe, err := os.Executable()
			if err != nil {
				t.Fatal(err)
			}
			file := filepath.Join(dir, "desk.flow.yaml")
			said := &noise{}
			cmd := exec.CommandContext(t.Context(), exe, "record", url, "-o", file, "--headless", "--browser", script)
			cmd.Env = append(os.Environ(), "AETHER_TEST_AS_PROGRAM=1", "AETHER_DATA_DIR="+filepath.Join(dir, "data"), "TMPDIR="+dir)
			cmd.Stdout, cmd.Stderr = said, said
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			ended := make(chan error, 1)
			go func() { ended <- cmd.Wait() }()
			t.Cleanup(func() { _ = cmd.Process.Kill() })
			eventually(t, said.String, func() bool { return strings.Contains(said.String(), "Recording into") })
			var port string
			eventually(t, said.String, func() bool {
				profile, err := os.ReadFile(filepath.Join(dir, "profile"))
				if err != nil {
					return false
				}
				b, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(profile)), "DevToolsActivePort"))
				port, _, _ = strings.Cut(string(b), "\n")
				return err == nil && port != ""
			})
			written := func(part string) func() bool {
				return func() bool {
					b, err := os.ReadFile(file)
					return err == nil && strings.Contains(string(b), part)
				}
			}
			b, err := cdp.Driver{}.Attach(t.Context(), "http://127.0.0.1:"+port)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = b.Close() }()
			p := &person{T: t}
			c, err := b.Shared(t.Context(), browser.Options{})
			p.must(err)
			for _, tab := range c.Tabs() {
				if strings.HasPrefix(tab.Frames()[0].URL, url) {
					p.tab = tab
				}
			}
			if p.tab == nil {
				t.Fatal("the person does not find the page")
			}
			p.click("label=Name")
			p.keys("Ada")
			p.click("role=button[name=One]")
			eventually(t, said.String, written("title: Click One"))
			p.click("role=button[name=Two]")
			if sig == syscall.SIGKILL {
				eventually(t, said.String, written("title: Click Two"))
			}
			p.must(cmd.Process.Signal(sig))
			if err := <-ended; sig != syscall.SIGKILL && err != nil {
				t.Errorf("the program ended with %v: %s", err, said)
			}
			text, err := os.ReadFile(file)
			p.must(err)
			good(t, text)
			for _, part := range []string{"value: Ada", "title: Click One", "title: Click Two"} {
				if !strings.Contains(string(text), part) {
					t.Errorf("the file has no %q:\n%s", part, text)
				}
			}
			if sig != syscall.SIGKILL && !strings.Contains(said.String(), "4 steps are in") {
				t.Errorf("the program says %s", said)
			}
			work := filepath.Join(dir, "data", "work")
			if left, _ := filepath.Glob(filepath.Join(work, "*")); sig == syscall.SIGKILL && len(left) == 0 || sig != syscall.SIGKILL && len(left) > 0 {
				t.Errorf("in its work folder are %v", left)
			}
			if sig != syscall.SIGKILL {
				return
			}
			// The next recording takes away what was left, also where it itself comes to nothing.
			again := exec.CommandContext(t.Context(), exe, "record", url, "-o", filepath.Join(dir, "other.flow.yaml"), "--headless", "--browser", "/bin/false")
			again.Env = cmd.Env
			if out, err := again.CombinedOutput(); err == nil {
				t.Errorf("it recorded without a browser: %s", out)
			}
			if left, _ := filepath.Glob(filepath.Join(work, "*")); len(left) > 0 {
				t.Errorf("after the next recording there are %v", left)
			}
		})
	}
}

// eventually waits until something is so.
func eventually(t *testing.T, said func() string, so func() bool) {
	t.Helper()
	for until := time.Now().Add(patience); !so(); {
		if time.Now().After(until) {
			t.Fatalf("it does not come to pass; the program says %s", said())
		}
		<-time.After(30 * time.Millisecond)
	}
}
